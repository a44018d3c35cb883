"""What fetched metadata may change: whoever can answer at its address must not become the identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Known", "Refresh", "RefreshVerdict", "judge_refresh"]


class Refresh(StrEnum):
    """What to do with fetched metadata."""

    UNCHANGED = "unchanged"
    APPLY = "apply"
    CONFIRM = "confirm"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What of metadata is compared.

    Attributes:
        entity_id: Of the identity provider.
        sso_url: Where users are sent to sign in.
        certificates: SHA-256 fingerprints of its signing certificates' keys, or anything that tells them apart.

    """

    entity_id: str
    sso_url: str
    certificates: frozenset[str]


@dataclass(frozen=True, slots=True)
class RefreshVerdict:
    """The verdict and, in a sentence each, why."""

    action: Refresh
    reasons: tuple[str, ...] = ()


def judge_refresh(current: Known, fetched: Known, *, signed: bool) -> RefreshVerdict:
    """Compare fetched metadata with what is trusted now.

    Args:
        current: What is in force.
        fetched: What the address gave.
        signed: Whether the fetched document bears a valid signature by a key that an administrator trusted for it.

    Returns:
        ``refuse`` where the entity ID differs (it is pinned) or no key is left; ``confirm`` where a key or the sign-in
        address is new and nothing but the connection vouches for it; ``apply`` otherwise.

    """
    if fetched.entity_id != current.entity_id:
        return RefreshVerdict(
            Refresh.REFUSE,
            (f'entity ID is "{fetched.entity_id}", pinned to "{current.entity_id}"',),
        )
    if not fetched.certificates:
        return RefreshVerdict(Refresh.REFUSE, ("it names no signing certificate",))
    reasons = tuple(_differences(current, fetched))
    if not reasons:
        return RefreshVerdict(Refresh.UNCHANGED)
    grows = bool(fetched.certificates - current.certificates) or fetched.sso_url != current.sso_url
    return RefreshVerdict(Refresh.CONFIRM if grows and not signed else Refresh.APPLY, reasons)


def _differences(current: Known, fetched: Known) -> Iterable[str]:
    new = len(fetched.certificates - current.certificates)
    gone = len(current.certificates - fetched.certificates)
    if new:
        yield f"{new} signing certificate{'s' if new > 1 else ''} new"
    if gone:
        yield f"{gone} signing certificate{'s' if gone > 1 else ''} gone"
    if fetched.sso_url != current.sso_url:
        yield f'sign-in address is "{fetched.sso_url}", was "{current.sso_url}"'
