"""A refused sign-in: the cause goes to the log under a reference, and the user sees the reference alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

    from memberof.subjects import Subject
    from memberof.web.answer import Refused

__all__ = ["Refusal", "log_refusal", "warn_of_address"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refused user sees: nothing but a reference to the line in the log."""

    reference: str
    code: str


def log_refusal(log: logging.Logger, refused: Refused, *, provider: str | None) -> Refusal:
    """Log why somebody is refused, and return what she may see."""
    reference = secrets.token_hex(4)
    log.warning(
        "sign-in refused: %s (%s) provider=%s reference=%s%s",
        refused.message,
        refused.code,
        provider or "-",
        reference,
        f" hint: {refused.hint}" if refused.hint else "",
    )
    return Refusal(reference, refused.code)


def warn_of_address(log: logging.Logger, subject: Subject, *, provider: str) -> None:
    """Say in the log that an e-mail address identifies the user."""
    if subject.warnings:
        log.warning(
            "an e-mail address identifies users (saml.email_subject) provider=%s hint: addresses are given to new "
            "people; let the identity provider send a persistent NameID, or name an immutable attribute",
            provider,
        )
