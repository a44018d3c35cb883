"""What a posted Response means for the browser that posted it: sign in, begin again, or refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from memberof.errors import VerificationError
from memberof.web.pending import Cookie, PendingRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

__all__ = [
    "MAX_FORM_BYTES",
    "RESTART_COOKIE",
    "UNSOLICITED",
    "Answered",
    "BeginAgain",
    "Refused",
    "Verified",
    "Verifier",
    "answer",
    "restart_cookie",
]

#: The code of a Response without InResponseTo: nobody asked; a tile in the identity provider's portal was clicked.
UNSOLICITED = "saml.in_response_to_missing"

#: Base64 of the largest Response that the verifier reads (memberof.Limits), as a form encodes it, and a little for the
#: form around it: what is larger can be refused unread.
MAX_FORM_BYTES = 1_048_576 * 4 // 3 * 5 // 4 + 65_536

#: Set when an unsolicited Response is discarded; while it lasts, another one is refused instead of looping.
RESTART_COOKIE = "memberof-restarted"
_RESTART_LIFETIME = timedelta(minutes=1)


class Answered(Protocol):
    """The part of a verified assertion that is read here."""

    @property
    def in_response_to(self) -> str | None:
        """ID of the request that it answers."""
        ...


A = TypeVar("A", bound=Answered)
A_co = TypeVar("A_co", bound=Answered, covariant=True)


class Verifier(Protocol[A_co]):
    """The part of a service provider that is used here."""

    def verify(self, saml_response: str, *, request_id: Collection[str], now: datetime | None = None) -> A_co:
        """Return the verified assertion, or raise :class:`memberof.VerificationError`."""
        ...


@dataclass(frozen=True, slots=True)
class Verified(Generic[A]):
    """A Response to a request that this browser began. The request must now be consumed, once."""

    assertion: A
    request: PendingRequest


@dataclass(frozen=True, slots=True)
class BeginAgain:
    """Nobody asked for this Response: drop it, and begin a login of our own with the same provider.

    Who is signed in at the identity provider comes back at once, and now with a Response that was asked for.
    """


@dataclass(frozen=True, slots=True)
class Refused:
    """Refuse; ``code`` and ``message`` are for the log, the user sees neither."""

    code: str
    message: str
    hint: str | None = None


def answer(
    verifier: Verifier[A],
    saml_response: str | None,
    *,
    pending: Sequence[PendingRequest],
    now: datetime,
    relay_state: str | None = None,
    known_relay_states: Collection[str] = (),
    restarted: bool = False,
) -> Verified[A] | BeginAgain | Refused:
    """Judge a posted Response.

    Args:
        verifier: The service provider, made for this one identity provider.
        saml_response: The form field, or None where it is missing.
        pending: The open requests of this browser, with this provider (:func:`memberof.web.pending.bound_requests`).
        now: Time of receipt, aware.
        relay_state: The form field; only compared, never followed.
        known_relay_states: Tokens of the requests that this browser began lately: an identity provider that sends one
            back without InResponseTo answers every request like that, and asking again would loop.
        restarted: The browser holds the cookie of :func:`restart_cookie`.

    """
    if not saml_response:
        return Refused("saml.missing", "the form has no field SAMLResponse")
    try:
        assertion = verifier.verify(saml_response, request_id=[request.id for request in pending], now=now)
    except VerificationError as error:
        if error.code != UNSOLICITED:
            return Refused(error.code, error.message, error.hint)
        if restarted or (relay_state and relay_state in known_relay_states):
            return Refused(
                "saml.unsolicited_again",
                "the identity provider answers our request as if nobody had asked (no InResponseTo)",
                "the identity provider must copy the request's ID into InResponseTo (SAML Profiles 4.1.4.2)",
            )
        return BeginAgain()
    for request in pending:
        if request.id == assertion.in_response_to:
            return Verified(assertion, request)
    # The verifier has just said that it answers one of them; never trust that twice.
    return Refused("saml.in_response_to_mismatch", "the Response answers no request of this browser")


def restart_cookie() -> Cookie:
    """Return the cookie that keeps a discarded Response from starting a loop."""
    return Cookie(name=RESTART_COOKIE, value="1", max_age=int(_RESTART_LIFETIME.total_seconds()))
