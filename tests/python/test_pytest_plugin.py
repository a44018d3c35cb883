"""The pytest plugin, as a user's own project has it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "pytest.md"


def outcomes(pytester: pytest.Pytester, text: str, **expected: int) -> pytest.RunResult:
    pytester.makepyfile(text)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    result.assert_outcomes(**expected)
    return result


def test_three_lines_to_a_passing_and_a_failing_test(pytester: pytest.Pytester) -> None:
    outcomes(
        pytester,
        """
        def test_sales_may_sign_in(saml_sp, saml_response):
            assertion = saml_sp.verify(saml_response(user="alice", groups=["Sales"]), request_id=memberof.UNSOLICITED)
            assert assertion.attributes["memberOf"] == ("Sales",)

        def test_sales_is_everybody(saml_sp, saml_response):
            assertion = saml_sp.verify(saml_response(groups=["Ops"]), request_id=memberof.UNSOLICITED)
            assert assertion.attributes["memberOf"] == ("Sales",)

        import memberof
        """,
        passed=1,
        failed=1,
    )


def test_the_marker_runs_a_test_with_each_identity_provider(pytester: pytest.Pytester) -> None:
    outcomes(
        pytester,
        """
        import memberof, pytest

        @pytest.mark.idp("adfs", "keycloak", "pingfederate", "shibboleth", "wso2")
        def test_groups_come_in(saml_idp, saml_sp, group_sync, membership_store):
            response = saml_idp.response(user="alice", groups=["Sales, EMEA", "Ops"])
            assertion = saml_sp.verify(response, request_id=memberof.UNSOLICITED)
            outcome = group_sync.login("alice", assertion)
            assert outcome.plan.attach == ("Ops", "Sales, EMEA")
            assert outcome.applied
        """,
        passed=5,
    )


def test_options_of_the_marker_reach_the_identity_provider(pytester: pytest.Pytester) -> None:
    outcomes(
        pytester,
        """
        import pytest

        @pytest.mark.idp("adfs", entity_id="urn:own", algorithm="ecdsa-sha256")
        def test_it(saml_idp):
            assert saml_idp.entity_id == "urn:own"
            assert saml_idp.persona.algorithm == "ecdsa-sha256"
            other = saml_idp("okta")
            assert other.persona.name == "okta"
        """,
        passed=1,
    )


def test_the_time_of_saml_stands_still(pytester: pytest.Pytester) -> None:
    outcomes(
        pytester,
        """
        from datetime import timedelta
        import memberof, pytest

        @pytest.mark.idp("adfs")
        def test_it(saml_sp, saml_response, freeze_saml_time, group_sync):
            freeze_saml_time("2020-02-29T12:00:00Z")
            response = saml_response(groups=["A"])
            assertion = saml_sp.verify(response, request_id=memberof.UNSOLICITED)
            assert assertion.issue_instant.isoformat() == "2020-02-29T12:00:00+00:00"
            outcome = group_sync.login("alice", assertion)
            assert outcome.session_expires_at.isoformat() == "2020-03-01T12:00:00+00:00"
            freeze_saml_time.move(timedelta(hours=2))
            with pytest.raises(memberof.VerificationError) as error:
                saml_sp.verify(response, request_id=memberof.UNSOLICITED)
            assert error.value.code == "saml.expired"

        def test_the_clock_runs_again(saml_sp, saml_response):
            assert saml_sp.verify(saml_response(), request_id=memberof.UNSOLICITED).issue_instant.year > 2024
        """,
        passed=2,
    )


def test_a_forgery_is_at_hand(pytester: pytest.Pytester) -> None:
    outcomes(
        pytester,
        """
        import memberof, pytest

        @pytest.mark.parametrize("kind", ["xsw3", "expired", "unsigned"])
        def test_it(saml_idp, saml_sp, kind):
            with pytest.raises(memberof.VerificationError):
                saml_sp.verify(saml_idp.forge(kind), request_id=memberof.UNSOLICITED)
        """,
        passed=3,
    )


def test_a_live_identity_provider_stops_with_the_test(pytester: pytest.Pytester) -> None:
    outcomes(
        pytester,
        """
        import urllib.error, urllib.request, pytest
        urls = []

        def test_it_runs(saml_idp):
            live = saml_idp("keycloak").serve(people={"alice": ["Staff"]})
            urls.append(live.metadata_url)
            assert b"IDPSSODescriptor" in urllib.request.urlopen(live.metadata_url, timeout=5).read()

        def test_it_is_gone():
            with pytest.raises(urllib.error.URLError):
                urllib.request.urlopen(urls[0], timeout=5)
        """,
        passed=2,
    )


def test_the_tutorial_does_what_it_says(pytester: pytest.Pytester) -> None:
    files = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    first, second, third = files
    result = outcomes(pytester, first, passed=1, failed=1)
    result.stdout.fnmatch_lines(["E *('Ops',) == ('Sales',)", "FAILED *::test_everybody_is_in_sales*"])
    outcomes(pytester, second, passed=4)
    outcomes(pytester, third, passed=3)


def test_the_fixtures_are_listed_with_what_they_are_for(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures", "-q")
    for name in (
        "saml_idp",
        "saml_response",
        "saml_sp",
        "membership_store",
        "group_sync",
        "freeze_saml_time",
    ):
        result.stdout.fnmatch_lines([f"{name} -- *memberof/pytest_plugin.py:*"])
    result = pytester.runpytest_subprocess("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.idp(*personas, *"])


def test_the_plugin_loads_nothing_but_itself_at_start_up() -> None:
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import memberof.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) <= {
        "memberof",
        "memberof._memberof",
        "memberof.enums",
        "memberof.errors",
        "memberof.pytest_plugin",
        "memberof.saml",
    }
