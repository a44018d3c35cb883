"""The store on the ORM beside the one in memory: the same logins and operations end in the same rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

import memberof
from memberof.memory import InMemoryStore

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NAMES = ["Sales", "Editors", "Staff", "Ärzte", 'O\'Brien, "x"']


def seen(store: Any) -> tuple[Any, ...]:
    memberships = [(m.user, m.group, m.source, m.event_id is None) for m in store.memberships()]
    events = [
        (e.kind, e.user, e.status, [(c.action, c.group, c.reason, c.user) for c in e.changes])
        for e in store.history(limit=None)
    ]
    return [(g.name, g.key, g.kind) for g in store.groups()], memberships, events


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tenant", ["", "one"])
def test_both_stores_end_in_the_same_rows(seed: int, tenant: str) -> None:
    from memberof.django.store import DjangoStore

    draw = random.Random(seed)
    users = [str(get_user_model().objects.create(username=f"u{n}").pk) for n in range(4)]
    stores = [InMemoryStore(tenant), DjangoStore(tenant)]
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
    policy = memberof.SyncPolicy(last_member_of=["Staff"])
    syncs = [memberof.GroupSync(extractor, store, policy=policy, source="idp") for store in stores]
    events = 0
    for step in range(30):
        now = START + timedelta(minutes=step)
        user, name, groups = draw.choice(users), draw.choice(NAMES), draw.sample(NAMES, draw.randint(0, 4))
        what = draw.choice(["login"] * 5 + ["attach", "set_kind", "undo", "older"])
        results = []
        for store, sync in zip(stores, syncs, strict=True):
            try:
                if what in ("login", "older"):
                    issued = now - timedelta(minutes=7 if what == "older" else 0)
                    outcome = sync.login(
                        user,
                        {"memberOf": groups},
                        issuer="idp",
                        issued_at=issued,
                        assertion_id=f"a{step}",
                        now=now,
                    )
                    results.append(
                        (outcome.applied, outcome.older, outcome.plan.to_dict() if outcome.plan else None)
                    )
                elif what == "attach":
                    results.append(store.attach(user, name, now=now) is None)
                elif what == "set_kind":
                    results.append(store.set_kind(name, "internal", now=now) is None)
                else:
                    newest = store.history(limit=1)
                    results.append(bool(newest and store.undo(newest[0].id, force=True, now=now)))
            except memberof.MemberOfError as error:
                results.append(error.code)
        assert results[0] == results[1], (step, what)
        assert seen(stores[0]) == seen(stores[1]), (step, what)
        events = len(stores[0].history(limit=None))
    assert events > 5


def test_a_used_assertion_is_refused(make_provider: Any) -> None:
    from memberof.django.store import DjangoStore

    user = str(get_user_model().objects.create(username="alice").pk)
    extractor = memberof.GroupExtractor(attribute="memberOf", format="array")
    sync = memberof.GroupSync(extractor, DjangoStore(), source="idp")
    facts: dict[str, Any] = {"issuer": "idp", "issued_at": START, "assertion_id": "a", "now": START}
    sync.login(user, {"memberOf": ["Sales"]}, **facts)
    with pytest.raises(memberof.VerificationError) as caught:
        sync.login(user, {"memberOf": []}, **facts)
    assert caught.value.code == "saml.replayed"
