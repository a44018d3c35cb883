"""Every refusal of memberof is one of these exceptions.

A ``code`` is stable (``floor.fact``, such as ``saml.audience_mismatch``) and documented; the message says the fact,
what was expected and what was found, and never holds assertion content beyond attribute names and entity IDs.
``hint`` says what an operator can change, and where.
"""

from __future__ import annotations


class MemberOfError(Exception):
    """Base of all exceptions of memberof.

    Args:
        message: The fact, what was expected and what was found.
        code: Stable code, ``floor.fact``.
        hint: What an operator can change, or None.

    """

    default_code = "memberof.error"

    def __init__(self, message: str, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, code or self.default_code, hint)
        self.message = message
        self.code: str = code or self.default_code
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.message} [{self.code}]"
        return f"{text}\nhint: {self.hint}" if self.hint else text


class ConfigurationError(MemberOfError, ValueError):
    """What was configured cannot work; raised before anything is read or written.

    Args:
        problems: Every mistake found, each one sentence; all are reported at once.

    """

    default_code = "config.invalid"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        hint: str | None = None,
        problems: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code, hint)
        self.args: tuple[object, ...] = (message, code or self.default_code, hint, tuple(problems))
        self.problems: tuple[str, ...] = tuple(problems) or (message,)


class SourceConflictError(ConfigurationError):
    """A second source of groups for a tenant (rule R11)."""

    default_code = "sync.source_conflict"


class VerificationError(MemberOfError):
    """A SAML message is refused. Show users ``public_message`` only."""

    default_code = "saml.refused"
    public_message = "Sign-in refused"


class ClaimError(MemberOfError):
    """The group attribute is such that the configuration refuses the login."""

    default_code = "claim.refused"


class DistinguishedNameError(ClaimError, ValueError):
    """A text is not a distinguished name (RFC 4514, with the reading rules of RFC 2253 section 4)."""

    default_code = "claim.dn_invalid"


class ListSyntaxError(ClaimError, ValueError):
    """A delimited list of names cannot be read: a quotation mark is never closed."""

    default_code = "claim.list_open_quote"


class DiagnosisError(MemberOfError):
    """What was handed to ``diagnose`` holds no SAML Response; the message says what it is instead."""

    default_code = "doctor.unreadable"


class PlanError(MemberOfError):
    """A plan cannot be made, read or applied."""

    default_code = "plan.refused"


class StoreError(MemberOfError):
    """A membership store failed; the login changed nothing."""

    default_code = "store.failed"


class AuditError(MemberOfError, ValueError):
    """What an audit was given cannot be read; the message says the file, the place, and what was expected."""

    default_code = "audit.unreadable"


class SchemaError(MemberOfError, TypeError):
    """A table handed to an audit has the wrong columns; ``problems`` lists all of them."""

    default_code = "audit.schema"

    def __init__(
        self,
        message: str,
        code: str | None = None,
        hint: str | None = None,
        problems: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code, hint)
        self.args: tuple[object, ...] = (message, code or self.default_code, hint, tuple(problems))
        self.problems: tuple[str, ...] = tuple(problems) or (message,)
