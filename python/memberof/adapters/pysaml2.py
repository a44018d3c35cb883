"""pysaml2: ``login_of(response).into(sync, user)`` after ``client.parse_authn_request_response(…)``.

With its defaults pysaml2 leaves out every attribute that none of its attribute maps knows; ``memberOf`` and Entra's
``groups.link`` are unknown to them. Set ``allow_unknown_attributes`` in its configuration and give the extractor
``library="pysaml2-allow-unknown"``. Without it, give ``library="pysaml2"``: then a missing attribute proves nothing, and
all detachments are held.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memberof.adapters.login import LibraryLogin, proves_absence
from memberof.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from saml2.response import AuthnResponse

    from memberof._memberof import GroupExtractor

__all__ = ["login_of", "problems"]


def login_of(response: AuthnResponse) -> LibraryLogin:
    """Return the login that pysaml2 has verified.

    Raises:
        VerificationError: ``saml.not_verified``: there is no assertion.

    """
    assertion = response.assertion
    if assertion is None:
        raise VerificationError("pysaml2 has verified no assertion", "saml.not_verified")
    end = response.session_not_on_or_after
    return LibraryLogin(
        attributes=response.ava,
        issuer=response.issuer(),
        assertion_id=assertion.id,
        issued_at=_instant(assertion.issue_instant),
        session_not_on_or_after=datetime.fromtimestamp(end, UTC) if end and end > 0 else None,
    )


def problems(configuration: Mapping[str, Any], extractor: GroupExtractor) -> Iterator[tuple[str, str]]:
    """Yield what is wrong between pysaml2's configuration and an extractor: a sentence, and what to do.

    To be called at start-up: once nobody has groups any more it is too late.
    """
    service = configuration.get("service", {}).get("sp", {})
    allows = bool(configuration.get("allow_unknown_attributes", service.get("allow_unknown_attributes")))
    proves = proves_absence(extractor)
    if proves and not allows:
        yield (
            "pysaml2 leaves out attributes that its maps don't know, and the extractor takes a missing one for proved",
            'set "allow_unknown_attributes": True in its configuration and library="pysaml2-allow-unknown" here',
        )
    elif not proves:
        yield (
            "a missing attribute proves nothing with pysaml2's defaults: detachments are held whenever it is missing",
            'set "allow_unknown_attributes": True in its configuration and library="pysaml2-allow-unknown" here',
        )


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
