"""The main job on real captured Responses: verify, extract, plan, apply; a transcript in words."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import memberof
from memberof.records import Group, Membership, Writes
from memberof.stores import SqlStore

if TYPE_CHECKING:
    from memberof.store import StoreUnit

_VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "idp"
_WIDTH = 78


@dataclass(frozen=True, slots=True)
class Step:
    """One captured Response, and what it shows."""

    case: str
    about: str


@dataclass(frozen=True, slots=True)
class Story:
    """One identity provider, in a tenant of its own: who signs in, and with what."""

    tenant: str
    format: str
    user: str
    steps: tuple[Step, ...]
    internal: dict[str, tuple[str, ...]]


# The captured users are called after their groups ("csv3@…", "csv1@…"); here the application knows them as one
# account, so that one person's groups change from one sign-in to the next.
STORIES = (
    Story(
        "SimpleSAMLphp",
        "ldap",
        "alice",
        (
            Step(
                "simplesamlphp/both-dn3",
                "First sign-in. The values are LDAP names; the first CN is the group.",
            ),
            Step("simplesamlphp/assertion-dn3", "She signs in again, with the same groups."),
        ),
        {},
    ),
    Story(
        "BoxyHQ SAML",
        "array",
        "bob",
        (
            Step("npm-boxyhq-saml20/both-groups1", "First sign-in. Each value is a name."),
            Step(
                "npm-boxyhq-saml20/both-groups3",
                'The identity provider now sends "developers" too, and a group of that name is here, internal.',
            ),
        ),
        {"developers": ("bob", "dora"), "book club": ("bob",)},
    ),
    Story(
        "djangosaml2idp",
        "csv",
        "carol",
        (
            Step("djangosaml2idp2/both-csv3", "First sign-in. One value is a comma-separated list."),
            Step("djangosaml2idp2/both-csv1", "Two groups were taken away at the identity provider."),
        ),
        {"book club": ("carol",)},
    ),
)


def print_transcript(database: Path, out: TextIO) -> None:
    """Run the stories into a fresh SQLite file and write the transcript.

    Args:
        database: The file; made anew.
        out: Where the transcript goes.

    Raises:
        FileNotFoundError: The captured Responses are not there: this runs from a checkout of the source.

    """
    cases = json.loads((_VECTORS / "cases.json").read_text())
    transcript = _Transcript(cases, f"sqlite:///{database}", out)
    transcript.heading("memberof: captured sign-ins of three identity providers")
    for story in STORIES:
        transcript.tell(story)
    transcript.refusals()


class _Transcript:
    def __init__(self, cases: dict[str, Any], database_url: str, out: TextIO) -> None:
        self.cases = {case["id"]: case for case in cases["cases"]}
        self.sp_entity_id, self.acs_url = cases["sp_entity_id"], cases["acs_url"]
        self.database_url = database_url
        self.out = out

    def tell(self, story: Story) -> None:
        store = SqlStore(self.database_url, tenant=story.tenant)
        first = self.cases[story.steps[0].case]
        self.heading(f"{story.tenant} {first['version']}, format {story.format}")
        if story.internal:
            store.run(lambda unit: _create_internal(unit, story.internal, _instant(first)))
            names = "; ".join(
                f'"{name}" with {" and ".join(users)}' for name, users in story.internal.items()
            )
            self.line(f"An administrator has made internal groups: {names}.")
        extractor = memberof.GroupExtractor(attribute="memberOf", format=story.format)
        sync = memberof.GroupSync(extractor, store, source=first["idp_entity_id"], mode="on")
        for step in story.steps:
            self.step(story, step, sync)
        self.groups(store)

    def step(self, story: Story, step: Step, sync: memberof.GroupSync) -> None:
        case = self.cases[step.case]
        now = _instant(case) + timedelta(seconds=1)
        self.line()
        self.line(f"> {step.about}")
        assertion = self.verify(case, now)
        signed = " and ".join(case["signed"])
        self.line(
            f"  verified   {case['bytes']:,} bytes, signed {signed}, {case['signature_algorithms'][0].rpartition('#')[2]}"
        )
        outcome = sync.login(story.user, assertion, now=now)
        claim, plan = outcome.claim, outcome.plan
        assert claim is not None and plan is not None  # noqa: PT018, S101 - the mode is "on"
        values = assertion.attributes.get(claim.attribute or "", ())
        self.line(f"  extracted  {claim.status}: {', '.join(claim.groups)}")
        self.line(f"             from {values[0]}{f' and {len(values) - 1} more' if len(values) > 1 else ''}")
        if not plan:
            self.line("  planned    nothing: the groups already are those")
        for change in plan.changes:
            self.line(f"  planned    {change.action:<7} {change.group:<12} ({change.reason})")
        self.line(
            f"  applied    {'yes' if outcome.applied else 'no'}, session until {outcome.session_expires_at:%d %b %H:%M} UTC"
        )

    def groups(self, store: SqlStore) -> None:
        def read(unit: StoreUnit) -> list[tuple[Group, list[str]]]:
            members = unit.memberships()
            return [(group, [m.user for m in members if m.group == group.name]) for group in unit.groups()]

        self.line()
        self.line("  Groups now:")
        for group, users in store.run(read):
            self.line(f"    {group.name:<12} {group.kind:<9} {', '.join(users) or 'nobody'}")

    def refusals(self) -> None:
        self.heading("What is refused")
        case = self.cases["simplesamlphp/both-dn3"]
        now = _instant(case) + timedelta(seconds=1)
        genuine = (_VECTORS / case["file"]).read_text()
        changed = base64.b64encode(base64.b64decode(genuine).replace(b"CN=Group3", b"CN=Admins")).decode()
        tries = {
            "one group renamed after signing": (changed, now),
            "the same Response, a day later": (genuine, now + timedelta(days=1)),
            "the SHA-1 signature of an old set-up": (
                (_VECTORS / "simplesamlphp/sha1-dn3.b64").read_text(),
                None,
            ),
        }
        for about, (response, at) in tries.items():
            used = case if at else self.cases["simplesamlphp/sha1-dn3"]
            try:
                self.verify(used, at or _instant(used) + timedelta(seconds=1), response)
            except memberof.VerificationError as error:
                self.line(f"  {about}: {error.code}")
            else:
                raise RuntimeError(f"accepted, expected a refusal: {about}")
        self.line()

    def verify(
        self, case: dict[str, Any], now: datetime, response: str | None = None
    ) -> memberof.VerifiedAssertion:
        certificate = (_VECTORS / case["idp_cert"]).read_text()
        provider = memberof.ServiceProvider(
            entity_id=self.sp_entity_id,
            acs_url=self.acs_url,
            identity_provider=memberof.IdentityProvider(
                entity_id=case["idp_entity_id"],
                certificates=[certificate],
                sso_url="https://idp.example.test/sso",
            ),
        )
        text = (_VECTORS / case["file"]).read_text() if response is None else response
        return provider.verify(text, request_id=case["request_id"], now=now)

    def heading(self, text: str) -> None:
        self.line()
        self.line(text)
        self.line("=" * min(len(text), _WIDTH))

    def line(self, text: str = "") -> None:
        self.out.write(text + "\n")


def _instant(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case["issue_instant"])


def _create_internal(unit: StoreUnit, groups: dict[str, tuple[str, ...]], now: datetime) -> None:
    unit.write(
        Writes(
            create=tuple(
                Group(name=name, key=memberof.group_key(name), kind=memberof.GroupKind.INTERNAL)
                for name in groups
            ),
            attach=tuple(
                Membership(user=user, group=name, since=now)
                for name, users in groups.items()
                for user in users
            ),
        )
    )
