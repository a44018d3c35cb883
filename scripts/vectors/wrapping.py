"""Signature wrapping, exclusion, hidden content, golden signatures, ID pollution: good signatures, wrong documents."""

from __future__ import annotations

import re

import encrypt
import sign
from accepted import both_signed, info, key_info, signed_assertion, signed_response
from case import case
from document import (
    assertion,
    attribute_statement,
    authn_statement,
    evil_assertion,
    issuer,
    name_id,
    reference,
    response,
    signature,
    signed_info,
    status,
    subject,
)
from names import (
    ACS,
    ASSERTION_ID,
    DS,
    EVIL_ID,
    EXC,
    IDP,
    ISSUED,
    MD,
    REQUEST,
    RESPONSE_ID,
    RSA_SHA256,
    SAML,
    SAMLP,
)

WRAPPING = "signature wrapping"
EXCLUSION = "signature exclusion"
HIDDEN = "content hidden in the signature"
GOLDEN = "golden signatures"
POLLUTION = "ID pollution"


def signature_of(text: str) -> str:
    """The first signature in the text, as it stands."""
    return re.search(r"<ds:Signature .*?</ds:Signature>", text, re.S)[0]


def without_signature(text: str) -> str:
    return text.replace(signature_of(text), "", 1)


def in_object(text: str, hidden: str) -> str:
    return text.replace("</ds:Signature>", f"<ds:Object>{hidden}</ds:Object></ds:Signature>", 1)


# ------------------------------------------------------------ the eight classic ones, Response signed (1, 2), assertion signed (3 to 8)

for number, name, same in [(100, "new-id", False), (101, "same-id", True)]:

    @case(
        number,
        f"xsw1-{name}",
        WRAPPING,
        "XSW1: the signed Response is moved into an Object of its own signature, in a forged Response",
        "xml.duplicate_id" if same else "saml.assertion_misplaced",
    )
    def _(same=same):
        whole = signed_response()
        moved = without_signature(whole)
        return response(
            evil_assertion(),
            id=RESPONSE_ID if same else "_response-evil",
            signature=in_object(signature_of(whole), moved),
        )

    @case(
        number + 2,
        f"xsw2-{name}",
        WRAPPING,
        "XSW2: the signed Response stands before its detached signature, in a forged Response",
        "xml.duplicate_id" if same else "saml.unexpected_content",
    )
    def _(same=same):
        whole = signed_response()
        return response(
            evil_assertion(),
            id=RESPONSE_ID if same else "_response-evil",
            signature=without_signature(whole) + signature_of(whole),
        )

    @case(
        number + 4,
        f"xsw3-{name}",
        WRAPPING,
        "XSW3: a forged assertion before the signed one",
        "xml.duplicate_id" if same else "saml.assertion_count",
    )
    def _(same=same):
        return response(evil_assertion(ASSERTION_ID if same else EVIL_ID) + signed_assertion())

    @case(
        number + 6,
        f"xsw4-{name}",
        WRAPPING,
        "XSW4: the signed assertion inside a forged one",
        "xml.duplicate_id" if same else "saml.assertion_misplaced",
    )
    def _(same=same):
        return response(evil_assertion(ASSERTION_ID if same else EVIL_ID, tail=signed_assertion()))

    @case(
        number + 8,
        f"xsw5-{name}",
        WRAPPING,
        "XSW5: the signature stays in the forged assertion, the signed one without it at the end",
        "xml.duplicate_id" if same else "saml.assertion_count",
    )
    def _(same=same):
        whole = signed_assertion()
        return response(
            evil_assertion(ASSERTION_ID if same else EVIL_ID, signature=signature_of(whole))
            + without_signature(whole)
        )

    @case(
        number + 10,
        f"xsw6-{name}",
        WRAPPING,
        "XSW6: the signed assertion after SignatureValue of the signature that the forged one bears",
        "xml.duplicate_id" if same else "saml.assertion_misplaced",
    )
    def _(same=same):
        whole = signed_assertion()
        inside = signature_of(whole).replace("</ds:Signature>", without_signature(whole) + "</ds:Signature>")
        return response(evil_assertion(ASSERTION_ID if same else EVIL_ID, signature=inside))

    @case(
        number + 12,
        f"xsw7-{name}",
        WRAPPING,
        "XSW7: a forged assertion in Extensions",
        "xml.duplicate_id" if same else "saml.assertion_misplaced",
    )
    def _(same=same):
        hidden = evil_assertion(ASSERTION_ID if same else EVIL_ID)
        return response(signed_assertion(), extensions=f"<samlp:Extensions>{hidden}</samlp:Extensions>")

    @case(
        number + 14,
        f"xsw8-{name}",
        WRAPPING,
        "XSW8: the signed assertion in an Object of the signature that the forged one bears",
        "xml.duplicate_id" if same else "saml.assertion_misplaced",
    )
    def _(same=same):
        whole = signed_assertion()
        return response(
            evil_assertion(
                ASSERTION_ID if same else EVIL_ID,
                signature=in_object(signature_of(whole), without_signature(whole)),
            )
        )


@case(116, "forged-after-signed", WRAPPING, "a forged assertion after the signed one", "saml.assertion_count")
def _():
    return response(signed_assertion() + evil_assertion())


@case(
    117,
    "signed-in-extensions",
    WRAPPING,
    "the signed assertion in Extensions, a forged one in its place",
    "saml.assertion_misplaced",
)
def _():
    return response(evil_assertion(), extensions=f"<samlp:Extensions>{signed_assertion()}</samlp:Extensions>")


@case(
    118,
    "signed-in-status-detail",
    WRAPPING,
    "the signed assertion in StatusDetail, a forged one in its place",
    "saml.assertion_misplaced",
)
def _():
    detail = status(message=f"<samlp:StatusDetail>{signed_assertion()}</samlp:StatusDetail>")
    return response(evil_assertion(), status_element=detail)


@case(
    119, "signed-in-advice", WRAPPING, "the signed assertion in the Advice of a forged one", "saml.unsigned"
)
def _():
    return response(evil_assertion(advice=f"<saml:Advice>{signed_assertion()}</saml:Advice>"))


@case(
    120,
    "signed-in-advice-signature-up",
    WRAPPING,
    "its signature beside it moved up into the forged assertion",
    "dsig.reference_uri",
)
def _():
    whole = signed_assertion()
    return response(
        evil_assertion(
            advice=f"<saml:Advice>{without_signature(whole)}</saml:Advice>", signature=signature_of(whole)
        )
    )


@case(
    121,
    "signed-in-attribute-value",
    WRAPPING,
    "the signed assertion inside an AttributeValue of a forged one",
    "saml.assertion_misplaced",
)
def _():
    value = f'<saml:Attribute Name="x"><saml:AttributeValue>{signed_assertion()}</saml:AttributeValue></saml:Attribute>'
    forged = assertion(
        id=EVIL_ID,
        subject_element=subject(name_id("u-admin")),
        statements=authn_statement() + attribute_statement(value),
    )
    return response(forged)


@case(
    122,
    "response-in-response",
    WRAPPING,
    "the whole signed Response inside a forged one",
    "saml.unexpected_content",
)
def _():
    return response(evil_assertion() + signed_response(), id="_response-evil")


@case(
    123,
    "response-signature-refers-to-assertion",
    WRAPPING,
    "the signature stands in the Response and refers to the assertion",
    "dsig.reference_uri",
)
def _():
    whole = response(assertion(), signature=signature())
    return sign.xmlsec1(whole)


@case(
    124,
    "assertion-signature-refers-to-response",
    WRAPPING,
    "the signature stands in the assertion and refers to the Response",
    "dsig.reference_uri",
)
def _():
    return sign.xmlsec1(response(assertion(signature=signature(signed_info(reference(f"#{RESPONSE_ID}"))))))


@case(
    125, "subject-swapped", WRAPPING, "the Subject of a signed assertion is another's", "dsig.digest_mismatch"
)
def _():
    return response(signed_assertion().replace("u-4711", "u-admin"))


@case(126, "groups-added", WRAPPING, "a value is added to a signed assertion", "dsig.digest_mismatch")
def _():
    return response(
        signed_assertion().replace(
            "</saml:Attribute>",
            "<saml:AttributeValue>Domain Admins</saml:AttributeValue></saml:Attribute>",
            1,
        )
    )


@case(
    127,
    "statement-from-another-assertion",
    WRAPPING,
    "the AttributeStatement of another signed assertion",
    "dsig.digest_mismatch",
)
def _():
    other = re.search(r"<saml:AttributeStatement>.*</saml:AttributeStatement>", evil_assertion())[0]
    return response(
        re.sub(r"<saml:AttributeStatement>.*</saml:AttributeStatement>", other, signed_assertion())
    )


@case(
    128,
    "signature-of-another-assertion",
    WRAPPING,
    "the signature of another assertion with the same ID",
    "dsig.digest_mismatch",
)
def _():
    return response(evil_assertion(ASSERTION_ID, signature=signature_of(signed_assertion())))


@case(
    129,
    "response-signed-assertion-swapped",
    WRAPPING,
    "the assertion in a signed Response is replaced",
    "dsig.digest_mismatch",
)
def _():
    whole = signed_response()
    return whole.replace(assertion(), evil_assertion())


@case(
    130,
    "both-signed-response-broken",
    WRAPPING,
    "both signed, the Response's digest fails, the assertion's holds",
    "dsig.digest_mismatch",
)
def _():
    return both_signed().replace(
        f'InResponseTo="{REQUEST}" IssueInstant', f'InResponseTo="{REQUEST}" Consent="urn:x" IssueInstant', 1
    )


@case(
    131,
    "both-signed-assertion-broken",
    WRAPPING,
    "the Response's signature holds over an assertion whose own signature fails",
    "dsig.digest_mismatch",
)
def _():
    inner = signed_assertion().replace("u-4711", "u-4712")
    return signed_response(content=inner)


@case(
    132,
    "encrypted-beside-plain",
    WRAPPING,
    "a forged plain assertion before the encrypted signed one",
    "saml.assertion_count",
    sp={"decryption_keys": ["sp"]},
)
def _():
    return response(evil_assertion() + encrypt.encrypted_data(signed_assertion(), seed="132"))


@case(
    133,
    "encrypted-forged-beside-plain",
    WRAPPING,
    "a forged encrypted assertion after the signed plain one",
    "saml.assertion_count",
    sp={"decryption_keys": ["sp"]},
)
def _():
    return response(signed_assertion() + encrypt.encrypted_data(evil_assertion(), seed="133"))


@case(
    134,
    "two-encrypted",
    WRAPPING,
    "two encrypted assertions, the second signed",
    "saml.assertion_count",
    sp={"decryption_keys": ["sp"]},
)
def _():
    return response(
        encrypt.encrypted_data(evil_assertion(), seed="134a").replace("_encrypted-data", "_encrypted-data-2")
        + encrypt.encrypted_data(signed_assertion(), seed="134b")
    )


@case(
    135,
    "encrypted-plain-inside-refers-out",
    WRAPPING,
    "the encrypted forged assertion bears a signature over a plain one in Extensions",
    "saml.assertion_misplaced",
    sp={"decryption_keys": ["sp"]},
)
def _():
    whole = signed_assertion()
    hidden = encrypt.encrypted_data(evil_assertion(signature=signature_of(whole)), seed="135")
    return response(hidden, extensions=f"<samlp:Extensions>{without_signature(whole)}</samlp:Extensions>")


@case(
    136,
    "encrypted-wrapped-inside",
    WRAPPING,
    "inside the encryption: a forged assertion that holds the signed one",
    "xmlenc.failed",
    sp={"decryption_keys": ["sp"]},
)
def _():
    return response(encrypt.encrypted_data(evil_assertion(tail=signed_assertion()), seed="136"))


@case(
    137,
    "encrypted-xsw8-inside",
    WRAPPING,
    "inside the encryption: XSW8",
    "xmlenc.failed",
    sp={"decryption_keys": ["sp"]},
)
def _():
    whole = signed_assertion()
    forged = evil_assertion(signature=in_object(signature_of(whole), without_signature(whole)))
    return response(encrypt.encrypted_data(forged, seed="137"))


@case(
    138,
    "encrypted-same-id-inside",
    WRAPPING,
    "inside the encryption: the signed assertion's ID and signature, another's content",
    "xmlenc.failed",
    sp={"decryption_keys": ["sp"]},
)
def _():
    return response(
        encrypt.encrypted_data(
            evil_assertion(ASSERTION_ID, signature=signature_of(signed_assertion())), seed="138"
        )
    )


@case(
    139,
    "encrypted-swapped-under-response-signature",
    WRAPPING,
    "the encrypted assertion under a Response signature is replaced",
    "dsig.digest_mismatch",
    sp={"decryption_keys": ["sp"]},
)
def _():
    whole = signed_response(content=encrypt.encrypted_data(assertion(), seed="139"))
    good = re.search(r"<saml:EncryptedAssertion.*</saml:EncryptedAssertion>", whole)[0]
    return whole.replace(good, encrypt.encrypted_data(evil_assertion(), seed="139x"))


@case(
    140,
    "response-id-equals-inner-id",
    WRAPPING,
    "inside the encryption: an assertion with the Response's ID, which the Response's signature refers to",
    "dsig.digest_mismatch",
    sp={"decryption_keys": ["sp"]},
)
def _():
    whole = signed_response()
    hidden = encrypt.encrypted_data(evil_assertion(RESPONSE_ID), seed="140")
    return whole.replace(assertion(), hidden)


# ------------------------------------------------------------ exclusion

case(150, "no-signature", EXCLUSION, "nothing is signed", "saml.unsigned")(lambda: response(assertion()))
case(151, "empty-signature", EXCLUSION, "an empty Signature element", "dsig.structure")(
    lambda: response(assertion(signature=f'<ds:Signature xmlns:ds="{DS}"/>'))
)


@case(
    152,
    "no-reference",
    EXCLUSION,
    "a good signature over a SignedInfo without a Reference",
    "dsig.reference_count",
)
def _():
    bare = f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/><ds:SignatureMethod Algorithm="{RSA_SHA256}"/></ds:SignedInfo>'
    return response(sign.openssl(assertion(signature=signature(bare)), digests=[]))


@case(153, "empty-signature-value", EXCLUSION, "an empty SignatureValue", "dsig.base64")
def _():
    return response(re.sub(r"(<ds:SignatureValue>)[^<]+", r"\1", signed_assertion()))


@case(154, "no-signature-value", EXCLUSION, "no SignatureValue", "dsig.structure")
def _():
    return response(re.sub(r"<ds:SignatureValue>.*?</ds:SignatureValue>", "", signed_assertion()))


@case(155, "signature-in-status", EXCLUSION, "the signature stands in Status", "saml.signature_misplaced")
def _():
    whole = signed_response()
    mark = signature_of(whole)
    return whole.replace(mark, "").replace("</samlp:Status>", mark + "</samlp:Status>")


@case(
    156,
    "signature-in-subject",
    EXCLUSION,
    "the assertion's signature stands in its Subject",
    "saml.signature_misplaced",
)
def _():
    whole = signed_assertion()
    mark = signature_of(whole)
    return response(whole.replace(mark, "").replace("</saml:Subject>", mark + "</saml:Subject>"))


@case(
    157,
    "signature-in-other-namespace",
    EXCLUSION,
    "the signature is in a namespace of its own",
    "saml.unsigned",
)
def _():
    return response(signed_assertion().replace(f'xmlns:ds="{DS}"', 'xmlns:ds="urn:example:dsig"'))


@case(158, "two-signatures", EXCLUSION, "two good signatures on one assertion", "dsig.repeated")
def _():
    whole = signed_assertion()
    return response(whole.replace(signature_of(whole), signature_of(whole) * 2))


@case(
    159,
    "signature-only-inside-advice",
    EXCLUSION,
    "an unsigned assertion beside a signed Response's remains: the Response's signature cut away",
    "saml.unsigned",
)
def _():
    return without_signature(signed_response())


@case(
    160, "signature-value-before-signed-info", EXCLUSION, "SignatureValue before SignedInfo", "dsig.structure"
)
def _():
    whole = signed_assertion()
    value = re.search(r"<ds:SignatureValue>.*?</ds:SignatureValue>", whole)[0]
    return response(whole.replace(value, "").replace("<ds:SignedInfo>", value + "<ds:SignedInfo>"))


@case(
    161,
    "encrypted-unsigned",
    EXCLUSION,
    "an encrypted assertion that nothing signed",
    "xmlenc.failed",
    sp={"decryption_keys": ["sp"]},
)
def _():
    return response(encrypt.encrypted_data(assertion(), seed="161"))


@case(
    162,
    "signature-at-the-end",
    "places",
    "the assertion's signature is its last child, not after Issuer: still its own",
)
def _():
    whole = signed_assertion()
    mark = signature_of(whole)
    return response(whole.replace(mark, "").replace("</saml:Assertion>", mark + "</saml:Assertion>"))


# ------------------------------------------------------------ hidden content

case(170, "object", HIDDEN, "an Object with an assertion in the signature", "saml.assertion_misplaced")(
    lambda: response(in_object(signed_assertion(), evil_assertion()))
)
case(171, "empty-object", HIDDEN, "an empty Object in the signature", "dsig.structure")(
    lambda: response(in_object(signed_assertion(), ""))
)
case(172, "assertion-in-key-info", HIDDEN, "an assertion in KeyInfo", "saml.assertion_misplaced")(
    lambda: response(
        signed_assertion().replace(
            "</ds:Signature>", f"<ds:KeyInfo>{evil_assertion()}</ds:KeyInfo></ds:Signature>"
        )
    )
)
case(173, "foreign-element-in-signature", HIDDEN, "a foreign element after SignatureValue", "dsig.structure")(
    lambda: response(
        signed_assertion().replace("</ds:Signature>", '<x:y xmlns:x="urn:example:x"/></ds:Signature>')
    )
)
case(174, "text-in-signature", HIDDEN, "text between the parts of the signature", "dsig.structure")(
    lambda: response(signed_assertion().replace("<ds:SignatureValue>", "text<ds:SignatureValue>"))
)
case(175, "second-key-info", HIDDEN, "two KeyInfo elements", "dsig.structure")(
    lambda: response(signed_assertion(signer=sign.openssl, tail=key_info("idp") + key_info("attacker")))
)


@case(
    176,
    "manifest",
    HIDDEN,
    "the reference goes to a Manifest in an Object, which lists the assertion",
    "dsig.structure",
)
def _():
    inner = (
        f'<ds:Object><ds:Manifest Id="_manifest">{reference(digest_value="AAAA")}</ds:Manifest></ds:Object>'
    )
    made = signature(
        signed_info(reference("#_manifest", "").replace("<ds:DigestMethod", "<ds:DigestMethod")), tail=inner
    )
    return response(
        assertion(
            signature=made.replace("<ds:DigestValue></", "<ds:DigestValue>AAAA</").replace(
                "<ds:SignatureValue></", "<ds:SignatureValue>AAAA</"
            )
        )
    )


@case(177, "assertion-in-signed-info", HIDDEN, "an assertion inside SignedInfo", "saml.assertion_misplaced")
def _():
    made = signature(info(inner=evil_assertion()))
    return response(sign.openssl(assertion(signature=made)))


@case(178, "element-in-signature-value", HIDDEN, "an element inside SignatureValue", "dsig.base64")
def _():
    return response(
        re.sub(r"(<ds:SignatureValue>)([^<]{20})", r'\1\2<x:y xmlns:x="urn:example:x"/>', signed_assertion())
    )


# ------------------------------------------------------------ golden signatures


def signed_metadata() -> str:
    made = signature(signed_info(reference("#_metadata")))
    return sign.openssl(
        f'<md:EntityDescriptor xmlns:md="{MD}" ID="_metadata" entityID="{IDP}">{made}'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}"><md:SingleSignOnService '
        f'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


def signed_message(name: str, inner: str, id: str = RESPONSE_ID) -> str:
    made = signature(signed_info(reference(f"#{id}")))
    return sign.openssl(
        f'<samlp:{name} xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{id}" InResponseTo="{REQUEST}" Version="2.0" '
        f'IssueInstant="{ISSUED}" Destination="{ACS}">{issuer()}{made}{inner}</samlp:{name}>'
    )


case(
    180,
    "metadata-as-response",
    GOLDEN,
    "the identity provider's signed metadata, posted as a Response",
    "saml.not_a_response",
    signed_by=sign.OPENSSL,
)(signed_metadata)
case(
    181,
    "logout-response",
    GOLDEN,
    "a signed LogoutResponse with an assertion in Extensions",
    "saml.not_a_response",
    signed_by=sign.OPENSSL,
)(lambda: signed_message("LogoutResponse", f"<samlp:Extensions>{assertion()}</samlp:Extensions>{status()}"))
case(182, "logout-request", GOLDEN, "a signed LogoutRequest", "saml.not_a_response", signed_by=sign.OPENSSL)(
    lambda: signed_message("LogoutRequest", name_id())
)
case(
    183,
    "artifact-response",
    GOLDEN,
    "a signed ArtifactResponse that holds a Response",
    "saml.not_a_response",
    signed_by=sign.OPENSSL,
)(lambda: signed_message("ArtifactResponse", status() + response(assertion(), id="_inner")))
case(184, "authn-request", GOLDEN, "a signed AuthnRequest", "saml.not_a_response", signed_by=sign.OPENSSL)(
    lambda: signed_message("AuthnRequest", "").replace(f' InResponseTo="{REQUEST}"', "")
)
case(185, "bare-assertion", GOLDEN, "the signed assertion without a Response", "saml.not_a_response")(
    lambda: signed_assertion()
)


@case(
    186,
    "metadata-in-extensions",
    GOLDEN,
    "signed metadata in Extensions, an unsigned assertion beside it",
    "saml.signature_misplaced",
)
def _():
    return response(assertion(), extensions=f"<samlp:Extensions>{signed_metadata()}</samlp:Extensions>")


@case(
    187,
    "metadata-signature-reused",
    GOLDEN,
    "the metadata's signature, in a Response with the metadata's ID",
    "dsig.digest_mismatch",
)
def _():
    return response(assertion(), id="_metadata", signature=signature_of(signed_metadata()))


@case(
    188,
    "error-response-with-assertion",
    GOLDEN,
    "an assertion added to a signed error Response",
    "dsig.digest_mismatch",
)
def _():
    refused = signed_response(
        content="", around={"status_element": status("urn:oasis:names:tc:SAML:2.0:status:Responder")}
    )
    return refused.replace("</samlp:Response>", evil_assertion() + "</samlp:Response>").replace(
        "status:Responder", "status:Success"
    )


@case(
    189,
    "error-response-unchanged",
    GOLDEN,
    "a signed error Response with an unsigned assertion, status untouched",
    "saml.status",
)
def _():
    refused = signed_response(
        content="", around={"status_element": status("urn:oasis:names:tc:SAML:2.0:status:Responder")}
    )
    return refused.replace("</samlp:Response>", evil_assertion() + "</samlp:Response>")


@case(190, "response-of-saml-1", GOLDEN, "a SAML 1.1 Response", "saml.not_a_response")
def _():
    return response(
        signed_assertion(),
        namespaces=f' xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" xmlns:saml="{SAML}"',
    )


# ------------------------------------------------------------ IDs

case(
    200,
    "id-in-assertion-namespace",
    POLLUTION,
    "saml:ID on a forged assertion, as the reference names it",
    "xml.duplicate_id",
)(lambda: response(evil_assertion(extra=f' saml:ID="{ASSERTION_ID}"') + signed_assertion()))
case(201, "xml-id", POLLUTION, "xml:id on the Response has the assertion's ID", "xml.duplicate_id")(
    lambda: response(signed_assertion(), extra=f' xml:id="{ASSERTION_ID}"')
)
case(202, "only-xml-id", POLLUTION, "the signed assertion has xml:id and no ID", "dsig.element_id")(
    lambda: response(
        assertion(id=None, extra=f' xml:id="{ASSERTION_ID}"', signature=signature_of(signed_assertion()))
    )
)
case(
    203,
    "lower-case-id",
    POLLUTION,
    "another element with id and Id of the assertion's value",
    "xml.duplicate_id",
)(
    lambda: response(
        signed_assertion(),
        extensions=f'<samlp:Extensions><x xmlns="urn:example:x" Id="{ASSERTION_ID}" id="{ASSERTION_ID}"/></samlp:Extensions>',
    )
)
case(
    204, "response-and-assertion-one-id", POLLUTION, "Response and assertion have one ID", "xml.duplicate_id"
)(lambda: response(signed_assertion(), id=ASSERTION_ID))
case(205, "duplicate-id-elsewhere", POLLUTION, "two elements in Extensions have one ID", "xml.duplicate_id")(
    lambda: response(
        signed_assertion(),
        extensions='<samlp:Extensions><x xmlns="urn:example:x" ID="a"/><x xmlns="urn:example:x" ID="a"/></samlp:Extensions>',
    )
)
case(206, "empty-uri", POLLUTION, "the reference's URI is empty: the whole document", "dsig.reference_uri")(
    lambda: sign.xmlsec1(response(assertion(), signature=signature(signed_info(reference("")))))
)
case(207, "xpointer-id", POLLUTION, "the URI is an XPointer to the ID", "dsig.reference_uri")(
    lambda: sign.xmlsec1(
        response(assertion(signature=signature(info(uri=f"#xpointer(id('{ASSERTION_ID}'))"))))
    )
)
case(208, "xpointer-root", POLLUTION, "the URI is an XPointer to the root", "dsig.reference_uri")(
    lambda: sign.xmlsec1(response(assertion(signature=signature(info(uri="#xpointer(/)")))))
)
case(209, "no-uri", POLLUTION, "the Reference has no URI", "dsig.reference_uri")(
    lambda: response(signed_assertion().replace(f' URI="#{ASSERTION_ID}"', ""))
)
case(210, "percent-encoded-uri", POLLUTION, "the URI is percent-encoded", "dsig.reference_uri")(
    lambda: response(
        sign.openssl(assertion(signature=signature(info(uri="#_assertion%2D9a31"))), digests=["AAAA"])
    )
)
case(211, "empty-id", POLLUTION, "the ID is empty and the URI is #", "dsig.element_id")(
    lambda: response(sign.openssl(assertion(id="", signature=signature(info(uri="#"))), digests=["AAAA"]))
)
case(212, "no-id", POLLUTION, "the signed assertion has no ID, the URI is #", "dsig.element_id")(
    lambda: response(sign.openssl(assertion(id=None, signature=signature(info(uri="#"))), digests=["AAAA"]))
)
case(213, "id-with-space", POLLUTION, "the ID has a space at its end, the URI has none", "dsig.element_id")(
    lambda: response(signed_assertion().replace(f' ID="{ASSERTION_ID}"', f' ID="{ASSERTION_ID} "'))
)
case(
    214, "id-starts-with-a-digit", "places", "the ID starts with a digit, as some identity providers write it"
)(lambda: response(sign.openssl(assertion(id="9a31", signature=signature(info(uri="#9a31"))))))
case(
    216,
    "id-with-colon",
    POLLUTION,
    "a colon in the ID, which XPointer and QNames have a use for",
    "dsig.element_id",
    signed_by=sign.OPENSSL,
)(lambda: response(sign.openssl(assertion(id="_a:31", signature=signature(info(uri="#_a:31"))))))
case(215, "id-declared-by-dtd", POLLUTION, "a DTD declares another attribute as ID", "xml.doctype")(
    lambda: (
        f'<!DOCTYPE samlp:Response [<!ATTLIST saml:Assertion Name ID #IMPLIED>]>{response(evil_assertion(extra=f""" Name="{ASSERTION_ID}" """) + signed_assertion())}'
    )
)
