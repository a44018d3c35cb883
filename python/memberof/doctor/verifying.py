"""Whether a message verifies against what the caller trusts, as of its own time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from memberof._memberof import IdentityProvider, ServiceProvider
from memberof.doctor.diagnosis import Verification
from memberof.errors import ConfigurationError, VerificationError
from memberof.saml import UNSOLICITED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from memberof import Limits, VerifiedAssertion
    from memberof.doctor.glimpse import Glimpse
    from memberof.doctor.source import Message

Trusted: TypeAlias = IdentityProvider | ServiceProvider

NO_METADATA = Verification(
    verified=False,
    code="doctor.no_metadata",
    message="anybody may have written this: no metadata of the identity provider was given to verify it against",
    hint="give the identity provider's metadata",
)
MAPPING = Verification(
    verified=False,
    code="doctor.mapping",
    message="these attributes come from another library: whether it verified them is not known here",
)
# Of messages that can't be verified at all: what the verifier would say of each.
_NOT_POSTED = Verification(
    verified=False,
    code="doctor.redirect_binding",
    message="it was sent by the HTTP-Redirect binding, and Responses are taken by HTTP-POST only (SAML Profiles 4.1.2)",
    hint="set the binding of the assertion consumer service to HTTP-POST at the identity provider",
)
_NO_RESPONSE = Verification(
    verified=False,
    code="doctor.assertion_only",
    message="it is an Assertion without its Response, which nobody can sign in with",
    hint="copy the whole form value SAMLResponse",
)

_HIDDEN_AUDIENCE = Verification(
    verified=False,
    code="doctor.entity_id",
    message="its Assertion is encrypted, so for whom it is can't be taken from it",
    hint="say entity_id of the service provider",
)


def verify(
    message: Message,
    seen: Glimpse,
    trusted: Trusted | None,
    *,
    entity_id: str | None,
    acs_url: str | None,
    decryption_key: str | Sequence[str] | None,
    limits: Limits | None,
    now: datetime | None,
) -> tuple[Verification, VerifiedAssertion | None]:
    """Verify a message as of ``now``, else of its own IssueInstant.

    What the caller doesn't say of the service provider is taken from the message, and named as unchecked.
    """
    if seen.is_assertion:
        return _NO_RESPONSE, None
    if message.deflated:
        return _NOT_POSTED, None
    if trusted is None:
        return NO_METADATA, None
    unchecked = []
    if isinstance(trusted, ServiceProvider):
        provider = trusted
    else:
        if entity_id is None and seen.hides_assertion:
            return _HIDDEN_AUDIENCE, None
        if entity_id is None:
            unchecked.append("the audience")
        if acs_url is None:
            unchecked.append("the address it was sent to")
        try:
            provider = ServiceProvider(
                entity_id=entity_id or next(iter(seen.audiences), "") or "urn:unknown",
                acs_url=acs_url or seen.destination or next(iter(seen.recipients), ""),
                identity_provider=trusted,
                decryption_key=decryption_key,
                limits=limits,
                allow_unsolicited=True,
            )
        except ConfigurationError as error:
            if acs_url is not None or entity_id == "":
                raise
            return Verification(
                verified=False,
                code=error.code,
                message=f"the address in the message is of no use: {error.message}",
                hint="say acs_url",
            ), None
    unchecked.append("which request it answers")
    if now is None:
        unchecked.append("the time now")
    unchecked.append("whether it was used before")
    request_id = seen.in_response_to or UNSOLICITED
    try:
        assertion = provider.verify(message.form_value, request_id=request_id, now=now or seen.issue_instant)
    except VerificationError as error:
        return Verification(verified=False, code=error.code, message=error.message, hint=error.hint), None
    return Verification(
        verified=True,
        message=f'signed by "{provider.identity_provider.entity_id}", and all that was checked is right',
        unchecked=tuple(unchecked),
    ), assertion
