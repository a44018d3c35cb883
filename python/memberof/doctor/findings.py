"""What is wrong with a message and with the groups in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from memberof.doctor.diagnosis import Finding
from memberof.enums import ClaimStatus
from memberof.subjects import EMAIL, TRANSIENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from memberof import GroupClaim
    from memberof.doctor.carrier import Candidate
    from memberof.doctor.diagnosis import Level, Verification
    from memberof.doctor.glimpse import Glimpse
    from memberof.doctor.shape import Shape

# Nobody asked for verification, and nothing is wrong with the message by that.
_NOT_ASKED = ("doctor.no_metadata", "doctor.mapping")
# Claim warnings that mean lost groups: left out, skipped or unreadable. All others are worth a look.
_LOSSES = frozenset(
    f"claim.{fact}"
    for fact in (
        "conflict_object",
        "control_character",
        "deleted_object",
        "dotted_dn",
        "identifier",
        "joined_dns",
        "limit_reached",
        "list_open_quote",
        "looks_like_dn",
        "looks_like_json",
        "name_too_long",
        "no_common_name",
        "no_domain",
        "not_a_dn",
        "not_a_path",
        "not_json",
        "only_guids",
        "only_sids",
        "overage",
    )
)


def of_message(seen: Glimpse | None, verification: Verification) -> tuple[Finding, ...]:
    """What stands around the attributes."""
    findings = []
    if not verification.verified and verification.code not in _NOT_ASKED:
        findings.append(
            Finding(
                code=verification.code or "",
                message=f"not verified: {verification.message}",
                level="problem",
                hint=verification.hint,
            )
        )
    if seen is not None:
        findings += _of_glimpse(seen, {finding.code for finding in findings}, verified=verification.verified)
    return tuple(findings)


def _of_glimpse(seen: Glimpse, known: set[str], *, verified: bool) -> Iterator[Finding]:
    if seen.is_response and seen.status not in (None, "Success") and "saml.status" not in known:
        yield Finding(
            code="saml.status",
            message=f"the identity provider refused the sign-in: its status is {seen.status}",
            level="problem",
            hint="look into the identity provider's log",
        )
        return
    if seen.hides_assertion and not verified:
        # The code of the refusal says it better where a key was given.
        yield Finding(
            code="doctor.encrypted",
            message="the Assertion is encrypted for the service provider: its attributes can't be seen",
            level="problem",
            hint="give metadata, entity_id and decryption_key, or look at a sign-in that isn't encrypted",
        )
    elif not seen.signatures and not verified and not known & {"saml.unsigned", "doctor.assertion_only"}:
        yield Finding(
            code="saml.unsigned",
            message="neither the Response nor its Assertion is signed: a sign-in with it is refused",
            level="problem",
            hint="set the identity provider to sign assertions or responses",
        )
    weak = any(algorithm.endswith("sha1") for _, algorithm in seen.signatures)
    if weak and not verified and not any(code.startswith("dsig.") for code in known):
        yield Finding(
            code="dsig.algorithm_weak",
            message="it is signed with SHA-1: a sign-in with it is refused",
            level="problem",
            hint="set the signature algorithm to RSA-SHA256 at the identity provider",
        )
    if seen.name_id_format == TRANSIENT:
        yield Finding(
            code="saml.no_stable_subject",
            message="the NameID is transient: it names nobody twice, so sign-ins are refused",
            level="problem",
            hint="set the NameID format to persistent at the identity provider, or name an immutable attribute",
        )
    elif seen.assertions == 1 and not seen.has_name_id and not seen.hides_assertion:
        yield Finding(
            code="saml.no_stable_subject",
            message="there is no NameID: without an immutable attribute sign-ins are refused",
            level="problem",
            hint="let the identity provider send a persistent NameID, or name an immutable attribute",
        )
    elif seen.name_id_format == EMAIL:
        yield Finding(
            code="saml.email_subject",
            message="the NameID is an e-mail address, and addresses are given to other people one day",
            level="warning",
            hint="send a persistent NameID, or name an immutable attribute",
        )


def of_claim(
    claim: GroupClaim,
    *,
    look_alike: int,
    missing: str | None,
    elsewhere: str | None,
    candidates: Sequence[Candidate],
    shape: Shape | None,
    seen_shape: Shape | None,
) -> tuple[Finding, ...]:
    """What is wrong with the groups. Warnings of one code about many values are one finding.

    Args:
        claim: What was read.
        look_alike: How many sets of names can't be told apart by eye.
        missing: Name of the attribute that was asked for, if it is not there.
        elsewhere: Name of the attribute that carries groups in its place.
        candidates: Attributes that may carry groups, where none is known to.
        shape: The shape that was read.
        seen_shape: The shape that the values show.

    """
    counts = Counter(warning.code for warning in claim.warnings)
    messages = {warning.code: warning.message for warning in reversed(claim.warnings)}
    findings = []
    if claim.status == ClaimStatus.ABSENT:
        findings.append(_nothing(missing, elsewhere, candidates))
    for code, count in counts.items():
        level: Level = "problem" if code in _LOSSES else "warning"
        findings.append(Finding(code=code, message=messages[code], level=level, count=count))
    if look_alike:
        findings.append(
            Finding(
                code="doctor.look_alike",
                message="names of groups can't be told apart by eye, so people will take one for the other",
                level="warning",
                hint="rename them at the identity provider, if nobody made them so on purpose",
                count=look_alike,
            )
        )
    if shape is not None and seen_shape is not None and not claim.malformed:
        findings += _of_shape(shape, seen_shape)
    return tuple(findings)


def _of_shape(shape: Shape, seen: Shape) -> Iterator[Finding]:
    if (shape.format, shape.delimiter or ",") == (seen.format, seen.delimiter or ","):
        if not seen.sure:
            yield Finding(
                code="doctor.list_or_name",
                message="the one value has a comma: it is a list of names, or one name with a comma in it",
                level="warning",
                hint='look at a user of several groups; for one name set format="array"',
            )
    elif seen.format != "array":
        delimiter = f" and delimiter={seen.delimiter!a}" if seen.delimiter not in (None, ",") else ""
        yield Finding(
            code="doctor.other_format",
            message=f'the values look like format="{seen.format}"{delimiter}, and were read as "{shape.format}"',
            level="warning",
            hint="compare the groups above with those of the user; leave the format out to see the other reading",
        )


def _nothing(missing: str | None, elsewhere: str | None, candidates: Sequence[Candidate]) -> Finding:
    hint = "look at a user who is in groups"
    if missing is not None:
        text = f'there is no attribute "{missing}"'
        if elsewhere is not None:
            hint = f'look again with attribute="{elsewhere}", which seems to carry groups'
    else:
        text = (
            "no attribute carries groups: this user has none, or the identity provider doesn't send them yet"
        )
    if candidates:
        name = candidates[0].name
        if candidates[0].why == "values":
            also = f'the values of "{name}" look like groups of a directory'
            hint = f'if they are groups, look again with attribute="{name}"'
        else:
            also = f'"{name}" carries roles, which are not groups'
            hint = f'if roles are what you want, look again with attribute="{name}"'
        text = f"{text}; {also}" if missing is not None else f"no attribute is known to carry groups; {also}"
    return Finding(code="doctor.no_group_attribute", message=text, level="problem", hint=hint)
