"""``diagnose``: from what somebody has in hand to what it says, what is wrong with it, and how to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memberof._memberof import (
    GroupExtractor,
    IdentityProvider,
    Limits,
    ServiceProvider,
    VerifiedAssertion,
    confusable_names,
)
from memberof.doctor.advice import advise
from memberof.doctor.carrier import Carrier, candidates_of, carrier_of
from memberof.doctor.configuration import Configuration, configure
from memberof.doctor.diagnosis import Diagnosis, Seen, SeenAttribute, Verification
from memberof.doctor.findings import of_claim, of_message
from memberof.doctor.glimpse import Glimpse, glimpse, with_signed
from memberof.doctor.product import Facts
from memberof.doctor.products import of_preset, recognise
from memberof.doctor.shape import Shape, shape_of
from memberof.doctor.source import Message, find_message
from memberof.doctor.verifying import MAPPING, verify
from memberof.errors import ConfigurationError, DiagnosisError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from memberof import Preset
    from memberof.doctor.product import Product
    from memberof.doctor.source import Source
    from memberof.doctor.verifying import Trusted

Values = dict[str, tuple[str | None, ...]]


def diagnose(
    response_or_attributes: Source | VerifiedAssertion | Mapping[str, Any],
    *,
    metadata: str | bytes | None = None,
    identity_provider: IdentityProvider | None = None,
    service_provider: ServiceProvider | None = None,
    entity_id: str | None = None,
    acs_url: str | None = None,
    decryption_key: str | Sequence[str] | None = None,
    attribute: str | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    preset: str | None = None,
    library: str | None = None,
    index: int | None = None,
    now: datetime | None = None,
    limits: Limits | None = None,
    show_values: bool = False,
) -> Diagnosis:
    """Say what a SAML Response holds, which attribute carries groups in which format, and what is wrong.

    For people who set a sign-in up or look for a mistake. It changes nothing and signs nobody in: the answer is no
    ``VerifiedAssertion`` and no ``GroupClaim``, and says whether it was verified. It is looked at as of its own
    IssueInstant, so old Responses can be looked at too. Neither the NameID nor values of attributes that carry no groups
    are kept unless ``show_values`` is set.

    Args:
        response_or_attributes: What there is: the form value ``SAMLResponse`` (base64, also URL-encoded), a form body, the
            XML, the page that posts it, a HAR file, an export of SAML-tracer, a ``curl`` line from the developer tools; as
            text, bytes or the ``Path`` of a file. Or the attributes that another library hands over, as a mapping or its
            JSON; or a ``VerifiedAssertion``.
        metadata: Metadata of the identity provider, XML: the Response is verified against it.
        identity_provider: The same, as an ``IdentityProvider``.
        service_provider: A ``ServiceProvider``, which knows its identity provider.
        entity_id: Our entity ID. None takes the audience of the Response, which then isn't checked.
        acs_url: Our address. None takes that of the Response, which then isn't checked.
        decryption_key: PEM, or several, for encrypted assertions.
        attribute: Name of the attribute that carries the groups; None looks for it.
        format: Format of its values; None looks at them.
        delimiter: Delimiter of the format.
        preset: Preset of the identity provider; None looks for it.
        library: For a mapping, which library hands it over, as ``GroupExtractor`` takes it.
        index: Which Response, counted from 1, where there are several; None for the last.
        now: The time to verify at, an aware datetime, instead of the IssueInstant.
        limits: Bounds on the message.
        show_values: Keep and show the values of all attributes.

    Raises:
        DiagnosisError: There is no SAML Response in it. The code says what it is instead: ``doctor.html_page``,
            ``doctor.not_base64``, ``doctor.request``, ``xml.doctype`` and so on.
        ConfigurationError: Arguments that contradict each other, or metadata that can't be used.

    """
    asked = _Asked(attribute, format, delimiter, preset, library, show_values)
    trusted = _trusted(metadata, identity_provider, service_provider)
    if isinstance(response_or_attributes, VerifiedAssertion):
        return _of_assertion(response_or_attributes, asked)
    if isinstance(response_or_attributes, Mapping):
        return _of_mapping(response_or_attributes, "the mapping", asked)
    bounds = limits or Limits()
    message = find_message(response_or_attributes, index=index, max_bytes=bounds.max_bytes)
    if not isinstance(message, Message):
        return _of_mapping(message, "the JSON", asked)
    seen = _look(message, bounds)
    verification, assertion = verify(
        message,
        seen,
        trusted,
        entity_id=entity_id,
        acs_url=acs_url,
        decryption_key=decryption_key,
        limits=limits,
        now=now,
    )
    if assertion is not None:
        seen = with_signed(seen, assertion)
        values: Values = dict(assertion.attributes)
    else:
        values = {each.name: tuple(each.values) for each in seen.attributes}
    return _examine(_around(message.where, seen), verification, seen, values, assertion, asked)


class _Asked:
    """What the caller said of the groups."""

    def __init__(
        self,
        attribute: str | None,
        format: str | None,
        delimiter: str | None,
        preset: str | None,
        library: str | None,
        show_values: bool,
    ) -> None:
        if delimiter is not None and format is None:
            raise ConfigurationError("delimiter is given without format, which it belongs to")
        presets = {each.name: each for each in GroupExtractor.presets()}
        if preset is not None and preset not in presets:
            raise ConfigurationError(f'preset is "{preset}", expected one of {", ".join(presets)}')
        self.presets = presets
        self.attribute = attribute
        self.preset = presets[preset] if preset is not None else None
        self.library = library
        self.show_values = show_values
        self.shape = Shape(format=format, delimiter=delimiter) if format is not None else None
        if self.shape is not None:
            configure(attribute, self.shape, self.preset, given=True).extractor(
                library
            )  # says what contradicts


def _trusted(
    metadata: str | bytes | None,
    identity_provider: IdentityProvider | None,
    service_provider: ServiceProvider | None,
) -> Trusted | None:
    given = [each for each in (metadata, identity_provider, service_provider) if each is not None]
    if len(given) > 1:
        raise ConfigurationError("metadata, identity_provider and service_provider: give one of them")
    if metadata is not None:
        return IdentityProvider.from_metadata(metadata)
    return identity_provider or service_provider


# Root elements that people send in place of a Response, by their local names.
_OTHERS = {
    "AuthnRequest": (
        "doctor.request",
        "this is a SAMLRequest: what the application sent, not what was answered",
    ),
    "LogoutResponse": (
        "doctor.logout",
        "this is a LogoutResponse: it ends a session, and holds no attributes",
    ),
    "LogoutRequest": ("doctor.logout", "this is a LogoutRequest: it ends a session, and holds no attributes"),
    "ArtifactResponse": ("doctor.artifact", "this is an ArtifactResponse, and artifacts are not taken"),
    "EntityDescriptor": ("doctor.metadata", "this is metadata, not a Response"),
    "EntitiesDescriptor": ("doctor.metadata", "this is metadata, not a Response"),
    "RequestSecurityTokenResponse": (
        "doctor.ws_federation",
        "this is an answer of WS-Federation, not of SAML 2.0",
    ),
    "RequestSecurityTokenResponseCollection": (
        "doctor.ws_federation",
        "this is an answer of WS-Federation, not of SAML 2.0",
    ),
    "Envelope": ("doctor.soap", "this is a SOAP message, and Responses come by HTTP-POST"),
    "html": ("doctor.html_page", "this is a page, not a SAML Response"),
}


def _look(message: Message, limits: Limits) -> Glimpse:
    try:
        seen = glimpse(message.xml, limits)
    except VerificationError as error:
        hint = error.hint
        if error.code == "xml.too_large":
            hint = "raise max_bytes of Limits to look at it; a sign-in with it is refused"
        raise DiagnosisError(error.message, error.code, hint) from None
    if seen.is_response or seen.is_assertion:
        return seen
    code, text = _OTHERS.get(seen.name, ("doctor.not_saml", "this is XML, but no Response of SAML 2.0"))
    if seen.name in ("Response", "Assertion"):
        code, text = "doctor.not_saml", f"this is a {seen.name}, but not of SAML 2.0"
    raise DiagnosisError(text, code, "copy SAMLResponse from the POST that comes right after the sign-in")


def _around(where: str, seen: Glimpse) -> Seen:
    return Seen(
        kind="response" if seen.is_response else "assertion",
        where=where,
        issuer=seen.issuer,
        issued_at=seen.issue_instant,
        not_on_or_after=seen.not_on_or_after,
        destination=seen.destination,
        audiences=tuple(seen.audiences),
        signed=tuple((element, _last(algorithm)) for element, algorithm in seen.signatures),
        encrypted=tuple((element, _last(algorithm)) for element, algorithm in seen.encrypted),
        status=seen.status,
        name_id_format=seen.name_id_format,
    )


def _last(uri: str) -> str:
    return uri.rpartition("#")[2]


def _of_assertion(assertion: VerifiedAssertion, asked: _Asked) -> Diagnosis:
    seen = glimpse(assertion)
    around = replace(_around("the assertion", seen), kind="attributes", issuer=assertion.issuer)
    verification = Verification(verified=True, message=f'signed by "{assertion.issuer}", verified before')
    return _examine(around, verification, seen, dict(assertion.attributes), assertion, asked)


def _of_mapping(attributes: Mapping[str, Any], where: str, asked: _Asked) -> Diagnosis:
    values: Values = {}
    for name, value in attributes.items():
        # As GroupExtractor.extract reads them.
        items = (value,) if value is None or isinstance(value, str) else value
        if isinstance(items, Mapping) or not all(item is None or isinstance(item, str) for item in items):
            raise TypeError(
                f'the value of attribute "{name}" must be a str, None, or an iterable of str and None'
            )
        values[name] = tuple(items)
    around = Seen(kind="attributes", where=where)
    return _examine(around, MAPPING, None, values, None, asked)


def _examine(
    around: Seen,
    verification: Verification,
    seen: Glimpse | None,
    values: Values,
    assertion: VerifiedAssertion | None,
    asked: _Asked,
) -> Diagnosis:
    likely = recognise(Facts(names=tuple(values), seen=seen))
    product = likely.product if likely else None
    if asked.preset is not None:
        product = of_preset(asked.preset.name)
    diagnosis = Diagnosis(
        verification=verification,
        seen=around,
        attributes=_attributes(values, seen, asked),
        product=likely.product.title if likely else None,
        because=likely.because if likely else (),
        findings=of_message(seen, verification),
        page=product.page if product else None,
    )
    refused = seen is not None and seen.is_response and seen.status not in (None, "Success")
    hidden = seen is not None and seen.hides_assertion and assertion is None
    if refused or hidden:
        return _sorted(replace(diagnosis, advice=advise(diagnosis, product)))
    diagnosis = _read(diagnosis, values, product, assertion, asked)
    return _sorted(replace(diagnosis, advice=advise(diagnosis, product)))


def _sorted(diagnosis: Diagnosis) -> Diagnosis:
    return replace(diagnosis, findings=(*diagnosis.problems, *diagnosis.warnings))


def _read(
    diagnosis: Diagnosis,
    values: Values,
    product: Product | None,
    assertion: VerifiedAssertion | None,
    asked: _Asked,
) -> Diagnosis:
    names = tuple(values)
    found = carrier_of(names, product, asked.preset)
    # The one that was asked for is read, there or not; where it isn't, the one that was found is named.
    carrier = found if asked.attribute is None else Carrier(name=asked.attribute, found_by="given")
    present = carrier is not None and carrier.name in values
    elsewhere = found if carrier is not None and not present else None
    candidates = () if found or present else candidates_of(values)
    carried = values[carrier.name] if carrier is not None and present else ()
    shape = asked.shape or shape_of(carried, _known(asked, product, None))
    preset = _known(asked, product, shape)
    # The format is judged again under the preset that it chose (AD FS has one for names and one for DNs).
    seen_shape = shape_of(carried, preset)
    shape = asked.shape or seen_shape
    given = asked.attribute is not None
    configuration = configure(carrier.name if carrier else None, shape, preset, given=given)
    claim = _extractor(configuration, carrier, preset, asked).extract(assertion or values)
    if elsewhere is not None:
        named = asked.shape or shape_of(values[elsewhere.name], preset)
        configuration = configure(elsewhere.name, named, preset, given=False)
    elif candidates and candidates[0].why == "values":
        # Roles are no groups, so nothing suggests to read them as such.
        named = asked.shape or candidates[0].shape
        configuration = configure(candidates[0].name, named, preset, given=False)
    look_alike = confusable_names(claim.groups)
    findings = of_claim(
        claim,
        look_alike=len(look_alike),
        missing=asked.attribute if not present else None,
        elsewhere=elsewhere.name if elsewhere else None,
        candidates=candidates,
        shape=shape,
        seen_shape=seen_shape,
    )
    return replace(
        diagnosis,
        attribute=carrier.name if carrier and present else None,
        found_by=carrier.found_by if carrier and present else None,
        candidates=candidates,
        status=claim.status,
        format=shape.format if shape else None,
        delimiter=shape.delimiter if shape else None,
        groups=claim.groups,
        look_alike=look_alike,
        malformed=len(claim.malformed),
        dropped=tuple(Counter(dropped.reason for dropped in claim.dropped).items()),
        received=claim.received,
        duplicates=claim.duplicates,
        preset=preset.name if preset else None,
        findings=(*diagnosis.findings, *findings),
        configuration=f"import memberof\n\n{configuration.code(asked.library)}",
    )


def _extractor(
    configuration: Configuration, carrier: Carrier | None, preset: Preset | None, asked: _Asked
) -> GroupExtractor:
    if carrier is None and preset is None:
        # Nothing to read: the names of all products give the hints that there are.
        format = asked.shape.format if asked.shape else "array"
        return GroupExtractor.preset("generic", format=format, library=asked.library)
    return configuration.extractor(asked.library)


def _known(asked: _Asked, product: Product | None, shape: Shape | None) -> Preset | None:
    if asked.preset is not None or product is None:
        return asked.preset
    name = product.preset(shape.format if shape else None)
    return asked.presets[name] if name else None


def _attributes(values: Values, seen: Glimpse | None, asked: _Asked) -> tuple[SeenAttribute, ...]:
    around = {each.name: each for each in seen.attributes} if seen else {}
    found = []
    for name, given in values.items():
        attribute = SeenAttribute(
            name=name, count=len(given), values=tuple(given) if asked.show_values else None
        )
        if name in around:
            one = around[name]
            attribute = replace(
                attribute,
                friendly_name=one.friendly_name,
                name_format=one.name_format,
                types=tuple(one.types),
                elements=one.elements,
            )
        found.append(attribute)
    return tuple(found)
