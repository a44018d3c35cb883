"""The law of audits: the report's rows of a user are what ``reconcile`` says about that user alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import memberof
from memberof import audit

if TYPE_CHECKING:
    from collections.abc import Callable

USERS = ["ada", "bob", "cyd", "Ada", "dée"]
NAMES = ["Sales", "sales", "Staff", "Größe", "GRÖSSE", "Gro\u0308ße", "Old", "R&D", "x,y", "Über"]
APART = ["Sales", "Staff", "Größe", "Old", "R&D", "x,y", "Über"]  # no two are one group, however compared
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
SID = "S-1-5-21-1-2-3-500"
LINK = "https://graph.windows.net/x/users/y/getMemberObjects"
RAW = {
    "array": [*NAMES, "", " Sales ", "CN=Sales,DC=x", '["a"]', GUID, SID, LINK, "a\x07b", "   "],
    "ldap": [*(f"CN={name.replace(',', chr(92) + ',')},OU=x,DC=y" for name in NAMES), "CN=Sales,DC=z", "Sales", "OU=q,DC=y", f"CN={GUID},DC=y", ""],
    "csv": ["Sales,Staff", "Old", "sales, R&D ,Sales", '"x,y",Über', '"open', ",", "", f"{GUID},Staff", GUID, "CN=a,DC=b"],
    "json": ['["Sales","Staff"]', "[]", "null", '["Old", 3]', "nonsense", f'["{GUID}"]', '["Größe"]', ""],
    "path": ["/Sales", "/Staff/Sub", "Sales", "/Old", "//", ""],
    "domain": ["X\\Sales", "X\\Old", "Sales", "Y\\Staff", ""],
}  # fmt: skip
RULES = [
    None,
    memberof.GroupRules(exclude=["Old"]),
    memberof.GroupRules(include=[{"prefix": "S"}, "Old"], ignore_case=True),
    memberof.GroupRules(rename={"Staff": ["Sales", "New"], "R&D": "Old"}),
    memberof.GroupRules(rename={GUID: "Sales"}),
    memberof.GroupRules(strip_prefix=["S"]),
]
POLICIES: dict[str, list[Any]] = {
    "on_absent": ["detach_if_seen", "detach", "keep", "refuse"],
    "on_malformed": ["hold", "ignore", "refuse"],
    "on_overage": ["hold", "refuse"],
    "on_internal_match": ["adopt", "refuse", "ignore", "if_all_members_external"],
    "identity": ["exact", "exact", "fold"],
    "detach_scope": ["external_groups", "own_memberships"],
    "create_missing": [True, True, False],
    "max_creates": [None, None, 0, 1, 2],
    "max_groups": [None, None, None, 0, 1, 3],
    "protected": [[], [], ["Sales"], ["STAFF", "New"]],
    "last_member_of": [[], [], ["Old", "Sales"], NAMES],
    "required_groups": [[], [], [], ["Staff"], ["sales", "Old"]],
}
HOLDS: list[Any] = [None, None, True, False, "attach_only", "breaker_tripped"]


@dataclass
class Case:
    """Tables as rows, and settings."""

    format: str
    rules: memberof.GroupRules | None
    policy: memberof.SyncPolicy
    hold: Any
    tenants: list[str]
    kinds: dict[tuple[str, str], str]
    memberships: dict[tuple[str, str], dict[str, str | None]]  # (tenant, user) → group → origin
    claims: list[tuple[str, str, str | None, str | None]]  # tenant, user, value, status
    statuses: bool
    named: set[tuple[str, str]] = field(default_factory=set)

    def run(self, threads: int = 2, batches: int = 1) -> audit.AuditReport:
        current = [
            (tenant, user, group, self.kinds[tenant, group], origin)
            for (tenant, user), groups in self.memberships.items()
            for group, origin in groups.items()
        ]
        groups = [(tenant, group, kind) for (tenant, group), kind in self.kinds.items()]
        return audit.compare(
            self.table(current, ["tenant", "user", "group", "kind", "origin"], batches),
            self.table(self.claims, ["tenant", "user", "value", "status"], batches),
            groups=self.table(groups, ["tenant", "group", "kind"], 1),
            users=self.table(sorted(self.named), ["tenant", "user"], 1),
            format=self.format,
            rules=self.rules,
            policy=self.policy,
            hold_detachments=self.hold,
            threads=threads,
        )

    def table(self, rows: Any, names: list[str], batches: int) -> pa.Table:
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        table = pa.table(
            {name: pa.array(column, pa.utf8()) for name, column in zip(names, columns, strict=True)}
        )
        if self.tenants == [""]:
            table = table.drop_columns("tenant")
        if not self.statuses and "status" in table.column_names:
            table = table.drop_columns("status")
        size = max(1, -(-table.num_rows // batches))
        return pa.Table.from_batches(table.to_batches(max_chunksize=size), table.schema)

    def people(self) -> list[tuple[str, str]]:
        found = [*self.memberships, *((tenant, user) for tenant, user, _, _ in self.claims), *self.named]
        return sorted(set(found))

    def logs_in(self, person: tuple[str, str]) -> bool:
        return person in self.named or any((tenant, user) == person for tenant, user, _, _ in self.claims)

    def claim(self, person: tuple[str, str]) -> memberof.GroupClaim:
        rows = [(value, status) for tenant, user, value, status in self.claims if (tenant, user) == person]
        extractor = memberof.GroupExtractor(format=self.format, rules=self.rules)
        statuses = [status if self.statuses else None for _, status in rows]
        if "overage" in statuses:
            return extractor.extract({"http://schemas.microsoft.com/claims/groups.link": "x"})
        absent = [
            value is None and status == "absent" for (value, _), status in zip(rows, statuses, strict=True)
        ]
        if all(absent):
            return extractor.extract({})
        return extractor.extract(
            {"memberOf": [value for (value, _), gone in zip(rows, absent, strict=True) if not gone]}
        )

    def state(self, person: tuple[str, str]) -> memberof.UserState:
        tenant, user = person
        mine = self.memberships.get(person, {})
        members = {
            group: [who for who, groups in self.memberships.items() if who[0] == tenant and group in groups]
            for owner, group in self.kinds
            if owner == tenant
        }
        return memberof.UserState(
            {group: self.kinds[tenant, group] for group in members},
            list(mine),
            dict(mine),
            [group for group, who in members.items() if who == [person]],
            all_members_external=[
                group for group, who in members.items() if all(self.logs_in(one) for one in who)
            ],
            user=user,
        )

    def seen(self, tenant: str) -> bool:
        people = {(where, user) for where, user, _, _ in self.claims if where == tenant}
        return any(self.claim(person).status != "absent" for person in people)

    def plan(self, person: tuple[str, str]) -> memberof.Plan:
        return memberof.reconcile(
            self.claim(person),
            self.state(person),
            policy=self.policy,
            attribute_seen=self.seen(person[0]),
            hold_detachments=self.hold,
        )

    def collides(self) -> bool:
        keys = [(tenant, memberof.group_key(group, self.policy.identity)) for tenant, group in self.kinds]
        return len(set(keys)) < len(keys)


def case(draw: random.Random) -> Case:
    """Build a small case; several faults and surprises are likely in each."""
    tenants = draw.choice([[""], [""], ["", "x"], ["a", "b"]])
    how = draw.choice(list(RAW))
    policy = memberof.SyncPolicy(**{name: draw.choice(choices) for name, choices in POLICIES.items()})
    kinds = {
        (tenant, name): draw.choice(["internal", "external", "external"])
        for tenant in tenants
        for name in draw.sample(NAMES if draw.random() < 0.2 else APART, draw.randint(0, 6))
    }
    memberships: dict[tuple[str, str], dict[str, str | None]] = {}
    for tenant in tenants:
        groups = [name for where, name in kinds if where == tenant]
        for user in USERS:
            mine = draw.sample(groups, draw.randint(0, len(groups)))
            if mine and draw.random() < 0.8:
                memberships[tenant, user] = {group: draw.choice([None, "idp", "other"]) for group in mine}
    statuses = draw.random() < 0.3
    claims: list[tuple[str, str, str | None, str | None]] = []
    pool = draw.sample(RAW[how], draw.randint(1, len(RAW[how])))
    for tenant in tenants:
        for user in draw.sample([*USERS, "new"], draw.randint(0, 6)):
            kind = draw.random()
            if statuses and kind < 0.3:
                claims.append((tenant, user, None, draw.choice(["absent", "empty", "overage", "present"])))
            elif kind < 0.4:
                claims.append((tenant, user, None, None))
            else:
                claims += [(tenant, user, draw.choice(pool), None) for _ in range(draw.randint(1, 6))]
    draw.shuffle(claims)
    named = {(tenant, user) for tenant in tenants for user in [*USERS, "named"] if draw.random() < 0.2}
    return Case(
        how,
        draw.choice(RULES),
        policy,
        draw.choice(HOLDS),
        tenants,
        kinds,
        memberships,
        claims,
        statuses,
        named,
    )


def check(one: Case, threads: int = 2, batches: int = 1) -> None:
    if one.collides():
        with pytest.raises(memberof.ConfigurationError) as refused:
            one.run(threads, batches)
        assert refused.value.code == "config.group_key_collision"
        return
    report = one.run(threads, batches)
    wanted: list[tuple[str, ...]] = []
    held: list[tuple[str, ...]] = []
    keep = refused = malformed = 0
    for person in one.people():
        tenant, user = person
        if not one.logs_in(person):
            with pytest.raises(KeyError):
                report.plan(user, tenant)
            continue
        plan, code = plan_or_code(one.plan, person)
        assert plan_or_code(report.plan, user, tenant)[1] == code
        if plan is None:
            refused += 1
            continue
        head = () if one.tenants == [""] else (tenant,)
        wanted += [(*head, user, c.group, str(c.action), str(c.reason)) for c in plan.changes]
        held += [(*head, user, c.group, str(c.action), str(c.reason)) for c in plan.held_changes]
        whole = report.plan(user, tenant)
        assert (whole.changes, whole.held_changes, whole.keep) == (plan.changes, plan.held_changes, plan.keep)
        assert (whole.received, whole.status, whole.user) == (plan.received, plan.status, user)
        keep += len(plan.keep)
        malformed += plan.to_dict()["malformed"]
    assert rows(report.changes) == wanted
    assert rows(report.held) == held
    assert rows(report) == wanted
    assert (report.summary["keep"], report.summary["refused"]) == (keep, refused)
    assert report.summary["malformed"] == malformed


def plan_or_code(make: Callable[..., memberof.Plan], *who: Any) -> tuple[memberof.Plan | None, str | None]:
    try:
        return make(*who), None
    except memberof.ClaimError as refused:
        return None, refused.code


def rows(table: Any) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in pa.table(table).to_pylist()]


@pytest.mark.parametrize("block", range(10))
def test_a_thousand_random_cases_say_what_reconcile_says(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        draw = random.Random(seed)
        check(case(draw), threads=draw.choice([1, 2, 3]), batches=draw.choice([1, 2, 5]))


@given(st.randoms(use_true_random=False))
def test_the_rows_of_a_user_are_what_reconcile_says_about_her_alone(draw: random.Random) -> None:
    check(case(draw))
