"""Replay caches: once, until expiry, and never less."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memberof

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_an_assertion_is_recorded_once_for_each_issuer() -> None:
    cache = memberof.InMemoryReplayCache()
    assert cache.record("idp", "_1", expires_at=LATER, now=NOW)
    assert not cache.record("idp", "_1", expires_at=LATER, now=NOW)
    assert cache.record("other", "_1", expires_at=LATER, now=NOW)
    assert cache.record("idp", "_2", expires_at=LATER, now=NOW)
    assert len(cache) == 3


def test_issuer_and_id_are_kept_apart() -> None:
    cache = memberof.InMemoryReplayCache()
    assert cache.record("idp", "_1", expires_at=LATER, now=NOW)
    assert cache.record("idp_", "1", expires_at=LATER, now=NOW)
    assert cache.record("", "idp_1", expires_at=LATER, now=NOW)


def test_it_remembers_until_expiry_and_not_longer() -> None:
    cache = memberof.InMemoryReplayCache()
    assert cache.record("idp", "_1", expires_at=LATER, now=NOW)
    assert not cache.record("idp", "_1", expires_at=LATER, now=LATER - timedelta(microseconds=1))
    assert cache.record("idp", "_2", expires_at=LATER + timedelta(hours=1), now=LATER)
    assert len(cache) == 1


def test_a_full_cache_refuses_and_forgets_nothing() -> None:
    cache = memberof.InMemoryReplayCache(max_entries=2)
    assert cache.record("idp", "_1", expires_at=LATER, now=NOW)
    assert cache.record("idp", "_2", expires_at=LATER + timedelta(minutes=1), now=NOW)
    with pytest.raises(memberof.VerificationError) as caught:
        cache.record("idp", "_3", expires_at=LATER, now=NOW)
    assert caught.value.code == "saml.replay_cache_full"
    assert not cache.record("idp", "_1", expires_at=LATER, now=NOW)
    assert cache.record("idp", "_3", expires_at=LATER + timedelta(minutes=1), now=LATER)


def test_a_cache_without_room_is_a_configuration_error() -> None:
    with pytest.raises(memberof.ConfigurationError):
        memberof.InMemoryReplayCache(max_entries=0)


def test_it_is_a_replay_cache_and_prints_as_its_constructor() -> None:
    cache = memberof.InMemoryReplayCache(max_entries=5)
    assert isinstance(cache, memberof.ReplayCache)
    assert repr(cache) == "InMemoryReplayCache(max_entries=5)"


def test_of_many_threads_one_wins() -> None:
    cache = memberof.InMemoryReplayCache()
    start = threading.Barrier(8)
    won: list[int] = []

    def use() -> None:
        start.wait()
        won.extend(
            number for number in range(200) if cache.record("idp", f"_{number}", expires_at=LATER, now=NOW)
        )

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(200))


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 20), st.integers(0, 60)),
        max_size=60,
    )
)
def test_whatever_comes_an_unexpired_assertion_is_never_accepted_again(
    uses: list[tuple[int, int, int]],
) -> None:
    cache = memberof.InMemoryReplayCache(max_entries=4)
    known: dict[str, datetime] = {}
    now = NOW
    for number, seconds_on, lifetime in uses:
        now += timedelta(seconds=seconds_on)
        expires_at = now + timedelta(seconds=lifetime)
        name = f"_{number}"
        unexpired = {key: end for key, end in known.items() if end > now}
        if name in unexpired:
            assert not cache.record("idp", name, expires_at=expires_at, now=now)
        elif len(unexpired) >= 4:
            with pytest.raises(memberof.VerificationError):
                cache.record("idp", name, expires_at=expires_at, now=now)
        else:
            assert cache.record("idp", name, expires_at=expires_at, now=now)
            known[name] = expires_at
