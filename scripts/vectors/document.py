"""The text of a SAML Response, part by part; every part can be replaced."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from names import (
    ACS,
    ASSERTION_ID,
    BEARER,
    DS,
    ENVELOPED,
    EVIL_GROUPS,
    EVIL_ID,
    EVIL_USER,
    EXC,
    GROUPS,
    IDP,
    ISSUED,
    PERSISTENT,
    REQUEST,
    RESPONSE_ID,
    RSA_SHA256,
    SAML,
    SAMLP,
    SHA256,
    SP,
    SUCCESS,
    USER,
)


def attribute(name: str, values: list[str], extra: str = "") -> str:
    inner = "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
    return f"<saml:Attribute Name={quoteattr(name)}{extra}>{inner}</saml:Attribute>"


def confirmation_data(
    recipient: str | None = ACS,
    in_response_to: str | None = REQUEST,
    not_on_or_after: str | None = "2026-11-24T12:05:00Z",
    extra: str = "",
) -> str:
    parts = [
        f" InResponseTo={quoteattr(in_response_to)}" if in_response_to is not None else "",
        f" NotOnOrAfter={quoteattr(not_on_or_after)}" if not_on_or_after is not None else "",
        f" Recipient={quoteattr(recipient)}" if recipient is not None else "",
    ]
    return f"<saml:SubjectConfirmationData{''.join(parts)}{extra}/>"


def confirmation(method: str = BEARER, data: str | None = None) -> str:
    inner = confirmation_data() if data is None else data
    return f'<saml:SubjectConfirmation Method="{method}">{inner}</saml:SubjectConfirmation>'


def name_id(user: str = USER, attributes: str = f' Format="{PERSISTENT}"') -> str:
    return f"<saml:NameID{attributes}>{user}</saml:NameID>"


def subject(identifier: str | None = None, confirmations: str | None = None) -> str:
    inner = name_id() if identifier is None else identifier
    return f"<saml:Subject>{inner}{confirmation() if confirmations is None else confirmations}</saml:Subject>"


def audience_restriction(*audiences: str) -> str:
    inner = "".join(f"<saml:Audience>{audience}</saml:Audience>" for audience in audiences)
    return f"<saml:AudienceRestriction>{inner}</saml:AudienceRestriction>"


def conditions(
    inner: str | None = None,
    not_before: str | None = "2026-11-24T11:59:00Z",
    not_on_or_after: str | None = "2026-11-24T12:05:00Z",
) -> str:
    parts = [
        f' NotBefore="{not_before}"' if not_before is not None else "",
        f' NotOnOrAfter="{not_on_or_after}"' if not_on_or_after is not None else "",
    ]
    return f"<saml:Conditions{''.join(parts)}>{audience_restriction(SP) if inner is None else inner}</saml:Conditions>"


def authn_statement(extra: str = ' SessionIndex="_session-1"') -> str:
    return (
        f'<saml:AuthnStatement AuthnInstant="{ISSUED}"{extra}><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
    )


def attribute_statement(*attributes: str) -> str:
    inner = "".join(attributes) or attribute("memberOf", GROUPS)
    return f"<saml:AttributeStatement>{inner}</saml:AttributeStatement>"


def issuer(value: str = IDP, attributes: str = "") -> str:
    return f"<saml:Issuer{attributes}>{value}</saml:Issuer>"


def assertion(
    *,
    id: str | None = ASSERTION_ID,
    version: str = ' Version="2.0"',
    issued: str | None = ISSUED,
    namespaces: str = f' xmlns:saml="{SAML}"',
    extra: str = "",
    issuer_element: str | None = None,
    signature: str = "",
    subject_element: str | None = None,
    conditions_element: str | None = None,
    advice: str = "",
    statements: str | None = None,
    tail: str = "",
) -> str:
    identity = f' ID="{id}"' if id is not None else ""
    instant = f' IssueInstant="{issued}"' if issued is not None else ""
    return (
        f"<saml:Assertion{namespaces}{identity}{instant}{version}{extra}>"
        f"{issuer() if issuer_element is None else issuer_element}{signature}"
        f"{subject() if subject_element is None else subject_element}"
        f"{conditions() if conditions_element is None else conditions_element}{advice}"
        f"{authn_statement() + attribute_statement() if statements is None else statements}{tail}</saml:Assertion>"
    )


def evil_assertion(id: str = EVIL_ID, **parts: str) -> str:
    """What an attacker wants to be read: well-formed, in time, for us, and signed by nobody."""
    return assertion(
        id=id,
        subject_element=subject(name_id(EVIL_USER)),
        statements=authn_statement() + attribute_statement(attribute("memberOf", EVIL_GROUPS)),
        **parts,
    )


def status(*codes: str, message: str = "") -> str:
    nested = ""
    for code in reversed(codes or (SUCCESS,)):
        nested = (
            f'<samlp:StatusCode Value="{code}">{nested}</samlp:StatusCode>'
            if nested
            else f'<samlp:StatusCode Value="{code}"/>'
        )
    return f"<samlp:Status>{nested}{message}</samlp:Status>"


def response(
    content: str = "",
    *,
    id: str | None = RESPONSE_ID,
    version: str = ' Version="2.0"',
    issued: str | None = ISSUED,
    destination: str | None = ACS,
    in_response_to: str | None = REQUEST,
    namespaces: str = f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"',
    extra: str = "",
    issuer_element: str | None = None,
    signature: str = "",
    extensions: str = "",
    status_element: str | None = None,
) -> str:
    parts = [
        f' ID="{id}"' if id is not None else "",
        f' InResponseTo="{in_response_to}"' if in_response_to is not None else "",
        f' IssueInstant="{issued}"' if issued is not None else "",
        version,
        f' Destination="{destination}"' if destination is not None else "",
    ]
    return (
        f"<samlp:Response{namespaces}{''.join(parts)}{extra}>"
        f"{issuer() if issuer_element is None else issuer_element}{signature}{extensions}"
        f"{status() if status_element is None else status_element}{content}</samlp:Response>"
    )


def transform(algorithm: str, inner: str = "") -> str:
    body = f">{inner}</ds:Transform>" if inner else "/>"
    return f'<ds:Transform Algorithm="{algorithm}"{body}'


def prefix_list(prefixes: str) -> str:
    return f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>'


def reference(
    uri: str | None = f"#{ASSERTION_ID}",
    transforms: str | None = None,
    digest: str = SHA256,
    digest_value: str = "",
    extra: str = "",
) -> str:
    where = f' URI="{uri}"' if uri is not None else ""
    steps = transform(ENVELOPED) + transform(EXC) if transforms is None else transforms
    wrapped = f"<ds:Transforms>{steps}</ds:Transforms>" if steps else ""
    return (
        f'<ds:Reference{where}{extra}>{wrapped}<ds:DigestMethod Algorithm="{digest}"/>'
        f"<ds:DigestValue>{digest_value}</ds:DigestValue></ds:Reference>"
    )


def signed_info(
    *references: str,
    canonicalization: str = EXC,
    method: str = RSA_SHA256,
    inner: str = "",
    method_inner: str = "",
) -> str:
    body = f">{inner}</ds:CanonicalizationMethod>" if inner else "/>"
    method_body = f">{method_inner}</ds:SignatureMethod>" if method_inner else "/>"
    return (
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{canonicalization}"{body}'
        f'<ds:SignatureMethod Algorithm="{method}"{method_body}{"".join(references) or reference()}</ds:SignedInfo>'
    )


def signature(
    info: str | None = None,
    *,
    value: str = "<ds:SignatureValue></ds:SignatureValue>",
    tail: str = "",
    namespaces: str = f' xmlns:ds="{DS}"',
    **info_parts: str,
) -> str:
    return f"<ds:Signature{namespaces}>{signed_info(**info_parts) if info is None else info}{value}{tail}</ds:Signature>"
