"""The conformance kit on every store, and the kit on stores with faults, which it must find."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import memberof
from memberof.testing import store_checks, store_conformance

if TYPE_CHECKING:
    from collections.abc import Callable

    from memberof.store import Decision, LoginAttempt, LoginOpening, LoginReceipt
    from memberof.testing.conformance import Check


@pytest.mark.parametrize("check", store_checks(), ids=str)
def test_a_store_conforms(check: Check, new_store: Callable[[], Any]) -> None:
    check(new_store().for_tenant)


class Faulty(memberof.InMemoryStore):
    """A store whose opening is bent before it is decided on."""

    bend: Callable[[LoginOpening], LoginOpening]

    @classmethod
    def factory(cls, bend: Callable[[LoginOpening], LoginOpening]) -> Callable[[str], Faulty]:
        root = memberof.InMemoryStore()

        def of(tenant: str) -> Faulty:
            made = cls(tenant)
            made._tenants, made._lock, made.bend = root._tenants, root._lock, bend
            return made

        return of

    def login(
        self, attempt: LoginAttempt, decide: Callable[[LoginOpening], Decision[Any]]
    ) -> LoginReceipt[Any]:
        return super().login(attempt, lambda opening: decide(self.bend(opening)))


FAULTS: dict[str, tuple[Callable[[LoginOpening], LoginOpening], str]] = {
    "forgets the order": (
        lambda opening: replace(opening, older=False),
        "an_older_assertion_changes_nothing_at_all",
    ),
    "forgets used assertions": (
        lambda opening: replace(opening, replayed=False),
        "a_used_assertion_is_refused_and_changes_nothing",
    ),
    "forgets last members": (
        lambda opening: replace(opening, sole_member_of=()),
        "one_of_two_who_leave_at_once_stays_the_last_member",
    ),
    "tells of no reach": (
        lambda opening: replace(opening, reach={}),
        "three_hundred_random_steps_are_those_of_the_store_in_memory",
    ),
    "forgets the mark": (
        lambda opening: replace(opening, before=None),
        "three_hundred_random_steps_are_those_of_the_store_in_memory",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_kit_finds_a_store_that(fault: str) -> None:
    bend, check = FAULTS[fault]
    with pytest.raises(AssertionError, match=check):
        store_conformance(Faulty.factory(bend))


def test_the_kit_finds_a_store_whose_tenants_meet() -> None:
    store = memberof.InMemoryStore()
    with pytest.raises(AssertionError, match="tenants_share_nothing"):
        store_conformance(lambda _: store)
