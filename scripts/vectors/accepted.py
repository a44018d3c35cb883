"""What must be accepted: every algorithm, every place of a signature, every lawful way to write a Response."""

from __future__ import annotations

import base64
import re

import sign
from case import case
from document import (
    assertion,
    attribute,
    attribute_statement,
    audience_restriction,
    authn_statement,
    conditions,
    confirmation,
    confirmation_data,
    evil_assertion,
    issuer,
    name_id,
    prefix_list,
    reference,
    response,
    signature,
    subject,
    transform,
)
from keys import certificate_base64
from names import (
    ACS,
    ASSERTION_ID,
    C14N,
    C14N11,
    C14N11_COMMENTS,
    C14N_COMMENTS,
    DS,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ECDSA_SHA512,
    ENVELOPED,
    EXC,
    EXC_COMMENTS,
    GROUPS,
    IDP,
    MD,
    PSS_SHA256,
    PSS_SHA384,
    PSS_SHA512,
    RESPONSE_ID,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
    SAML,
    SAMLP,
    SHA256,
    SHA384,
    SHA512,
    SP,
)

TYPED = ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def signed_assertion(key: str = "idp", signer=sign.xmlsec1, *, parts: dict | None = None, **info) -> str:
    """An assertion signed on its own; it can be put anywhere, since the canonicalisation is exclusive."""
    return signer(assertion(signature=signature(**info), **(parts or {})), key)


def signed_in_place(
    key: str = "idp", signer=sign.xmlsec1, *, around: dict | None = None, parts: dict | None = None, **info
) -> str:
    """A Response whose assertion is signed where it stands: for inclusive canonicalisation."""
    return signer(response(assertion(signature=signature(**info), **(parts or {})), **(around or {})), key)


def signed_response(
    key: str = "idp", signer=sign.xmlsec1, *, content: str | None = None, around: dict | None = None, **info
) -> str:
    whole = signature(signed_info_of_response(**info))
    return signer(
        response(assertion() if content is None else content, signature=whole, **(around or {})), key
    )


def signed_info_of_response(**info) -> str:
    from document import signed_info

    transforms = info.pop("transforms", None)
    digest = info.pop("digest", SHA256)
    return signed_info(reference(f"#{RESPONSE_ID}", transforms, digest), **info)


def both_signed(key: str = "idp", **info) -> str:
    return signed_response(key, content=signed_assertion(key), **info)


# ------------------------------------------------------------------------------------------------ algorithms

for number, name, key, method, digest, signer in [
    (1, "rsa-sha256", "idp", RSA_SHA256, SHA256, sign.xmlsec1),
    (2, "rsa-sha384", "idp", RSA_SHA384, SHA384, sign.xmlsec1),
    (3, "rsa-sha512", "idp", RSA_SHA512, SHA512, sign.xmlsec1),
    (4, "rsa-sha256-digest-sha512", "idp", RSA_SHA256, SHA512, sign.xmlsec1),
    (5, "rsa-sha512-digest-sha256", "idp", RSA_SHA512, SHA256, sign.xmlsec1),
    (6, "rsa3072-sha256", "idp-rsa3072", RSA_SHA256, SHA256, sign.xmlsec1),
    (7, "rsa4096-sha384", "idp-rsa4096", RSA_SHA384, SHA384, sign.xmlsec1),
    (8, "pss-sha256", "idp", PSS_SHA256, SHA256, sign.openssl),
    (9, "pss-sha384", "idp", PSS_SHA384, SHA384, sign.openssl),
    (10, "pss-sha512", "idp", PSS_SHA512, SHA512, sign.openssl),
    (11, "ecdsa-p256-sha256", "idp-p256", ECDSA_SHA256, SHA256, sign.xmlsec1),
    (12, "ecdsa-p384-sha384", "idp-p384", ECDSA_SHA384, SHA384, sign.xmlsec1),
    (13, "ecdsa-p521-sha512", "idp-p521", ECDSA_SHA512, SHA512, sign.xmlsec1),
    (14, "ecdsa-p256-sha384", "idp-p256", ECDSA_SHA384, SHA256, sign.xmlsec1),
    (15, "ecdsa-p384-sha256", "idp-p384", ECDSA_SHA256, SHA256, sign.xmlsec1),
    (16, "ecdsa-p521-sha256", "idp-p521", ECDSA_SHA256, SHA256, sign.xmlsec1),
    (17, "ecdsa-p521-sha384", "idp-p521", ECDSA_SHA384, SHA384, sign.xmlsec1),
    (18, "ecdsa-p384-sha512", "idp-p384", ECDSA_SHA512, SHA512, sign.xmlsec1),
    (19, "ecdsa-p256-sha512", "idp-p256", ECDSA_SHA512, SHA512, sign.xmlsec1),
]:
    case(
        number,
        name,
        "algorithms",
        f"the assertion is signed with {method.rsplit('#', 1)[-1]} and digested with {digest.rsplit('#', 1)[-1]}",
        idp={"keys": [key]},
        signed_by="xmlsec1" if signer is sign.xmlsec1 else sign.OPENSSL,
    )(
        lambda key=key, method=method, digest=digest, signer=signer: response(
            signer(assertion(signature=signature(signed_info_with(method, digest))), key)
        )
    )


def signed_info_with(method: str, digest: str, **parts) -> str:
    from document import signed_info

    return signed_info(reference(digest=digest), method=method, **parts)


def info(transforms: str | None = None, uri: str = f"#{ASSERTION_ID}", digest: str = SHA256, **parts) -> str:
    from document import signed_info

    return signed_info(reference(uri, transforms, digest), **parts)


def with_transform(algorithm: str, inner: str = "") -> str:
    return transform(ENVELOPED) + transform(algorithm, inner)


for number, name, title, algorithm in [
    (
        20,
        "inclusive-c14n",
        "inclusive canonical XML 1.0: the namespaces of the Response are in the digest",
        C14N,
    ),
    (
        21,
        "inclusive-c14n-comments",
        "inclusive canonical XML 1.0 with comments: none in the digest, since a bare name drops them",
        C14N_COMMENTS,
    ),
    (22, "inclusive-c14n11", "inclusive canonical XML 1.1", C14N11),
    (23, "inclusive-c14n11-comments", "inclusive canonical XML 1.1 with comments", C14N11_COMMENTS),
    (
        24,
        "exclusive-c14n-comments",
        "exclusive canonical XML with comments, one of them inside the assertion",
        EXC_COMMENTS,
    ),
]:
    case(number, name, "algorithms", title)(
        lambda algorithm=algorithm: signed_in_place(
            around={
                "namespaces": f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" xmlns:unused="urn:example:unused" xml:lang="en"'
            },
            parts={"namespaces": "", "advice": "<!-- a comment between elements -->"},
            info=info(with_transform(algorithm), canonicalization=algorithm),
        )
    )


@case(
    25,
    "exclusive-transform-inclusive-signed-info",
    "algorithms",
    "SignedInfo is canonicalised inclusively, the assertion exclusively",
)
def _():
    return signed_in_place(info=info(canonicalization=C14N))


@case(
    26,
    "prefix-list",
    "algorithms",
    "a PrefixList names the prefix that only an xsi:type value uses",
    attributes={"memberOf": ["CN=Staff"]},
)
def _():
    typed = attribute_statement(
        '<saml:Attribute Name="memberOf"><saml:AttributeValue xsi:type="xs:string">CN=Staff</saml:AttributeValue></saml:Attribute>'
    )
    return signed_in_place(
        around={"namespaces": f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{TYPED}'},
        parts={"namespaces": "", "statements": authn_statement() + typed},
        info=info(with_transform(EXC, prefix_list("xs"))),
    )


@case(
    27,
    "prefix-list-default",
    "algorithms",
    "a PrefixList names #default, and the Response declares a default namespace",
)
def _():
    return signed_in_place(
        around={
            "namespaces": f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" xmlns="urn:example:default"{TYPED}'
        },
        parts={"namespaces": ""},
        info=info(with_transform(EXC, prefix_list("#default xsi"))),
    )


@case(
    28,
    "prefix-list-default-undeclared",
    "algorithms",
    "a PrefixList names #default and a prefix that nothing declares",
)
def _():
    return signed_in_place(info=info(with_transform(EXC, prefix_list("#default nowhere"))))


@case(
    29, "prefix-list-in-canonicalization-method", "algorithms", "CanonicalizationMethod carries a PrefixList"
)
def _():
    return signed_in_place(
        around={"namespaces": f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{TYPED}'},
        info=info(inner=prefix_list("xs saml")),
    )


@case(
    30,
    "comment-in-signed-info",
    "comments in DigestValue, several SignedInfo",
    "a comment in SignedInfo that exclusive canonical XML leaves out",
    "dsig.structure",
)
def _():
    return signed_in_place(info=info().replace("<ds:SignatureMethod", "<!-- method --><ds:SignatureMethod"))


@case(
    31,
    "comment-in-signed-info-kept",
    "comments in DigestValue, several SignedInfo",
    "a comment in SignedInfo that the WithComments method keeps",
    "dsig.structure",
)
def _():
    return signed_in_place(
        info=info(canonicalization=EXC_COMMENTS).replace(
            "<ds:SignatureMethod", "<!-- method --><ds:SignatureMethod"
        )
    )


@case(
    32,
    "inclusive-xml-attributes",
    "algorithms",
    "inclusive canonical XML 1.0 takes xml:lang and xml:space from the Response into the assertion",
)
def _():
    return signed_in_place(
        around={"extra": ' xml:lang="de" xml:space="preserve"'},
        info=info(with_transform(C14N)),
    )


@case(
    33,
    "inclusive11-xml-attributes",
    "algorithms",
    "inclusive canonical XML 1.1 takes xml:lang from the Response",
)
def _():
    return signed_in_place(
        around={"extra": ' xml:lang="de" xml:space="preserve"'},
        info=info(with_transform(C14N11), canonicalization=C14N11),
    )


# ------------------------------------------------------------------------------------------------ places

case(40, "response-signed", "places", "the Response is signed")(lambda: signed_response())
case(41, "both-signed", "places", "the assertion and the Response are signed")(lambda: both_signed())
case(42, "response-signed-inclusive", "places", "the Response is signed with inclusive canonical XML")(
    lambda: signed_response(transforms=with_transform(C14N), canonicalization=C14N)
)
case(43, "response-signed-pss", "places", "the Response is signed with RSA-PSS", signed_by=sign.OPENSSL)(
    lambda: signed_response(signer=sign.openssl, method=PSS_SHA256)
)
case(
    44,
    "both-signed-different-keys",
    "places",
    "Response and assertion are signed by two keys of the identity provider",
    idp={"keys": ["idp-p256", "idp"]},
)(lambda: signed_response("idp-p256", content=signed_assertion(), method=ECDSA_SHA256))
case(45, "key-rollover", "places", "the second configured key signed", idp={"keys": ["idp", "idp-next"]})(
    lambda: response(signed_assertion("idp-next"))
)
case(
    46,
    "key-rollover-mixed-kinds",
    "places",
    "an EC key stands before the RSA key that signed",
    idp={"keys": ["idp-p256", "idp"]},
)(lambda: response(signed_assertion()))
case(
    47, "key-info-certificate", "places", "KeyInfo holds the identity provider's certificate: it is not read"
)(lambda: response(signed_assertion(tail=key_info("idp"))))
case(
    48,
    "key-info-foreign-certificate",
    "places",
    "KeyInfo holds a foreign certificate, the configured key signed: KeyInfo is not read",
)(lambda: response(signed_assertion(tail=key_info("attacker"))))


def key_info(name: str) -> str:
    return f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate_base64(name)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"


# ------------------------------------------------------------------------------------------------ ways to write it


@case(50, "byte-order-mark", "writing", "a UTF-8 byte order mark and an XML declaration")
def _():
    return "\ufeff" + '<?xml version="1.0" encoding="UTF-8"?>\n' + response(signed_assertion())


@case(
    51,
    "xml-declaration-single-quotes",
    "writing",
    "an XML declaration in single quotes, with standalone and lower-case utf-8",
)
def _():
    return "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n" + response(signed_assertion()) + "\n"


@case(
    52,
    "default-namespaces",
    "writing",
    "no prefix anywhere: default namespaces for protocol, assertion and signature",
)
def _():
    whole = response(
        assertion(signature=signature()),
        namespaces=f' xmlns:samlp="{SAMLP}"',
        issuer_element=issuer(attributes=f' xmlns:saml="{SAML}"'),
    )
    return sign.xmlsec1(
        re.sub(r"(</?|xmlns):?(samlp|saml|ds)(?=[:=])", r"\1", whole).replace("<:", "<").replace("</:", "</")
    )


@case(53, "unusual-prefixes", "writing", "prefixes that other vocabularies are known by")
def _():
    whole = assertion(signature=signature())
    whole = whole.replace("saml:", "xs:").replace("xmlns:saml=", "xmlns:xs=")
    return response(sign.xmlsec1(whole), namespaces=f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"')


@case(
    54,
    "pretty-printed",
    "writing",
    "indented after the fashion of a pretty printer, signed so",
    name_id="u-4711",
)
def _():
    whole = (
        response(assertion(signature=signature()))
        .replace("><", ">\n  <")
        .replace("<ds:DigestValue>\n  <", "<ds:DigestValue><")
        .replace("<ds:SignatureValue>\n  <", "<ds:SignatureValue><")
    )
    return sign.xmlsec1(whole)


@case(55, "carriage-returns", "writing", "CR LF at line ends reads as LF", attributes={"memberOf": ["a\nb"]})
def _():
    parts = {"statements": authn_statement() + attribute_statement(attribute("memberOf", ["a\r\nb"]))}
    return response(signed_assertion(parts=parts)).replace("<samlp:Status>", "\r\n<samlp:Status>\r")


@case(
    56,
    "escaped-carriage-return",
    "writing",
    "a character reference to CR stays a CR",
    attributes={"memberOf": ["a\rb", "tab\tnew\nline"]},
)
def _():
    values = '<saml:Attribute Name="memberOf"><saml:AttributeValue>a&#xD;b</saml:AttributeValue><saml:AttributeValue>tab&#9;new&#10;line</saml:AttributeValue></saml:Attribute>'
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    57,
    "attribute-value-normalisation",
    "writing",
    "white space in attribute values is normalised, references in them are not",
    attributes={"a b c\td": ["x"]},
)
def _():
    values = (
        '<saml:Attribute Name="a\tb\nc&#9;d"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>'
    )
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    58,
    "references-and-quotes",
    "writing",
    "the five entities and character references",
    attributes={"memberOf": ["<&>'\"", "é 😀", "]]>"]},
)
def _():
    values = (
        '<saml:Attribute Name="memberOf"><saml:AttributeValue>&lt;&amp;&gt;&apos;&quot;</saml:AttributeValue>'
        "<saml:AttributeValue>&#xE9; &#128512;</saml:AttributeValue><saml:AttributeValue>]]&gt;</saml:AttributeValue></saml:Attribute>"
    )
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    59,
    "cdata-value",
    "writing",
    "CDATA in a value is read whole with what stands around it",
    attributes={"memberOf": ["CN=Sales & <Marketing>,DC=corp", "x"]},
)
def _():
    values = (
        '<saml:Attribute Name="memberOf"><saml:AttributeValue>CN=Sales <![CDATA[& <Marketing>]]>,DC=corp</saml:AttributeValue>'
        "<saml:AttributeValue><![CDATA[x]]></saml:AttributeValue></saml:Attribute>"
    )
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    60,
    "comment-in-value",
    "parser differentials",
    "a comment inside a value: the whole text is read, on both sides of it",
    attributes={"memberOf": ["CN=APP-SAP-Admins,DC=corp"]},
)
def _():
    values = '<saml:Attribute Name="memberOf"><saml:AttributeValue>CN=APP-SAP<!-- -->-Admins,DC=corp</saml:AttributeValue></saml:Attribute>'
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    61,
    "comment-in-name-id",
    "parser differentials",
    "a comment inside NameID: the whole text is read",
    name_id="u-admin@corp.example.attacker.example",
)
def _():
    return response(
        signed_assertion(
            parts={"subject_element": subject(name_id("u-admin@corp.example<!-- -->.attacker.example"))}
        )
    )


@case(
    62,
    "comment-added-after-signing",
    "parser differentials",
    "an attacker adds a comment inside NameID: the digest holds, and the whole text is read",
    name_id="u-admin@corp.example.attacker.example",
)
def _():
    whole = signed_assertion(
        parts={"subject_element": subject(name_id("u-admin@corp.example.attacker.example"))}
    )
    return response(whole.replace("u-admin@corp.example", "u-admin@corp.example<!---->"))


@case(
    63,
    "comment-in-audience",
    "parser differentials",
    "a comment inside Audience and Issuer: the whole text is compared",
)
def _():
    parts = {
        "conditions_element": conditions(audience_restriction(SP[:12] + "<!---->" + SP[12:])),
        "issuer_element": issuer(IDP[:9] + "<!-- x -->" + IDP[9:]),
    }
    return response(signed_assertion(parts=parts))


@case(
    64,
    "empty-values",
    "writing",
    "an empty value, a white-space value and an attribute without values",
    attributes={"memberOf": ["", " ", "x"], "none": []},
)
def _():
    values = attribute("memberOf", ["", " ", "x"]) + '<saml:Attribute Name="none"/>'
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(65, "nil-value", "writing", "xsi:nil marks a value as nil", attributes={"memberOf": [None, "x"]})
def _():
    values = f'<saml:Attribute{TYPED} Name="memberOf"><saml:AttributeValue xsi:nil="true"/><saml:AttributeValue xsi:type="xs:string">x</saml:AttributeValue></saml:Attribute>'
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    66,
    "attribute-in-pieces",
    "writing",
    "one name in two Attribute elements and two statements: merged in document order",
    attributes={"memberOf": ["a", "b", "c", "b"], "mail": ["m"]},
)
def _():
    first = attribute_statement(
        attribute("memberOf", ["a"]), attribute("mail", ["m"]), attribute("memberOf", ["b"])
    )
    second = attribute_statement(attribute("memberOf", ["c", "b"]))
    return response(signed_assertion(parts={"statements": first + authn_statement() + second}))


@case(67, "advice-assertion", "places", "an Assertion in the Advice of the signed assertion is never read")
def _():
    inner = evil_assertion(namespaces="")
    return response(signed_assertion(parts={"advice": f"<saml:Advice>{inner}</saml:Advice>"}))


@case(68, "several-audiences", "profile", "we are one of several audiences, in each of two restrictions")
def _():
    both = audience_restriction("https://other.example", SP) + audience_restriction(
        SP, "https://third.example"
    )
    return response(signed_assertion(parts={"conditions_element": conditions(both)}))


@case(
    69,
    "second-confirmation-holds",
    "profile",
    "the first bearer confirmation is for another recipient, the second is ours",
)
def _():
    both = confirmation(data=confirmation_data("https://other.example/acs")) + confirmation()
    return response(signed_assertion(parts={"subject_element": subject(confirmations=both)}))


@case(
    70, "holder-of-key-beside-bearer", "profile", "a holder-of-key confirmation stands beside the bearer one"
)
def _():
    both = (
        confirmation("urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", "<saml:SubjectConfirmationData/>")
        + confirmation()
    )
    return response(signed_assertion(parts={"subject_element": subject(confirmations=both)}))


@case(
    71,
    "unsolicited-allowed",
    "profile",
    "an unsolicited Response, allowed",
    request_id=None,
    sp={"allow_unsolicited": True},
)
def _():
    parts = {
        "subject_element": subject(confirmations=confirmation(data=confirmation_data(in_response_to=None)))
    }
    return response(signed_assertion(parts=parts), in_response_to=None)


@case(72, "one-time-use-and-proxy-restriction", "profile", "OneTimeUse and ProxyRestriction are understood")
def _():
    inner = audience_restriction(SP) + '<saml:OneTimeUse/><saml:ProxyRestriction Count="0"/>'
    return response(signed_assertion(parts={"conditions_element": conditions(inner)}))


case(
    73,
    "not-before-within-skew",
    "profile",
    "NotBefore is 60 s ahead and the skew is 60 s",
    now="2026-11-24T11:58:00Z",
)(lambda: response(signed_assertion(parts={"issued": "2026-11-24T11:58:30Z"}), issued="2026-11-24T11:58:30Z"))
case(
    74,
    "not-on-or-after-within-skew",
    "profile",
    "the last instant within NotOnOrAfter plus the skew",
    now="2026-11-24T12:05:59Z",
)(lambda: response(signed_assertion()))


@case(75, "fractions-and-offsets", "profile", "instants with fractions of a second")
def _():
    whole = assertion(
        issued="2026-11-24T11:59:58.123456Z",
        conditions_element=conditions(not_before="2026-11-24T11:59:00.5Z"),
        signature=signature(),
    )
    return response(sign.xmlsec1(whole), issued="2026-11-24T11:59:58.9999999Z")


@case(76, "no-destination", "profile", "no Destination, and only the assertion is signed")
def _():
    return response(signed_assertion(), destination=None)


@case(
    77,
    "second-acs-url",
    "profile",
    "the second of two configured ACS URLs",
    sp={"acs_url": [ACS, "https://sp.example/acs/2"]},
)
def _():
    parts = {
        "subject_element": subject(
            confirmations=confirmation(data=confirmation_data("https://sp.example/acs/2"))
        )
    }
    return response(signed_assertion(parts=parts), destination="https://sp.example/acs/2")


@case(78, "no-response-issuer", "profile", "an unsigned Response without an Issuer")
def _():
    return response(signed_assertion(), issuer_element="")


@case(79, "issuer-format-entity", "profile", "Issuer says its Format")
def _():
    kind = ' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"'
    return response(
        signed_assertion(parts={"issuer_element": issuer(attributes=kind)}),
        issuer_element=issuer(attributes=kind),
    )


@case(80, "no-name-id", "profile", "a Subject without an identifier", name_id=None)
def _():
    return response(signed_assertion(parts={"subject_element": subject("")}))


@case(81, "extensions", "writing", "unknown elements in Extensions of the Response")
def _():
    return response(
        signed_assertion(),
        extensions='<samlp:Extensions><x:y xmlns:x="urn:example:x">z</x:y></samlp:Extensions>',
    )


@case(82, "status-message", "writing", "StatusMessage and StatusDetail beside Success")
def _():
    from document import status

    return response(
        signed_assertion(),
        status_element=status(
            message="<samlp:StatusMessage>fine</samlp:StatusMessage><samlp:StatusDetail><x xmlns='urn:example:x'/></samlp:StatusDetail>"
        ),
    )


@case(
    83,
    "large-groups",
    "writing",
    "a thousand groups",
    attributes={"memberOf": [f"CN=Group {n},OU=Groups,DC=corp,DC=example" for n in range(1000)]},
)
def _():
    values = attribute("memberOf", [f"CN=Group {n},OU=Groups,DC=corp,DC=example" for n in range(1000)])
    return response(signed_assertion(parts={"statements": authn_statement() + attribute_statement(values)}))


@case(
    84,
    "xml-value",
    "writing",
    "a value that is an element (eduPersonTargetedID): its text is read",
    attributes={"urn:oid:1.3.6.1.4.1.5923.1.1.1.10": ["opaque"], "memberOf": GROUPS},
)
def _():
    value = f'<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10"><saml:AttributeValue>{name_id("opaque")}</saml:AttributeValue></saml:Attribute>'
    return response(
        signed_assertion(
            parts={
                "statements": authn_statement() + attribute_statement(value, attribute("memberOf", GROUPS))
            }
        )
    )


@case(85, "unused-metadata-namespace", "writing", "namespaces declared on the Response and never used")
def _():
    return response(
        signed_assertion(),
        namespaces=f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" xmlns:md="{MD}" xmlns:ds="{DS}"',
    )


@case(86, "line-broken-signature-values", "base64", "DigestValue and SignatureValue broken into lines")
def _():
    whole = signed_assertion()
    value = re.search(r"<ds:SignatureValue>(.+?)<", whole)[1]
    broken = "\n" + "\n".join(value[i : i + 64] for i in range(0, len(value), 64)) + "\n"
    return response(whole.replace(value, broken))


@case(87, "white-space-in-form", "base64", "the form value is broken into lines", form="b64")
def _():
    return base64.encodebytes(response(signed_assertion()).encode()).replace(b"\n", b"\r\n")


@case(
    88,
    "prefix-list-default-inside",
    "algorithms",
    "a PrefixList names #default, and elements inside take the default namespace away and set it anew",
    attributes={"memberOf": ["CN=Staff", "CN=Züge"]},
)
def _():
    value = (
        '<saml:Attribute Name="memberOf"><saml:AttributeValue><x xmlns="">CN=</x><x>Staff</x></saml:AttributeValue>'
        '<saml:AttributeValue><x xmlns="urn:example:other"><x>CN=</x><x xmlns="urn:example:default">Züge</x></x>'
        "</saml:AttributeValue></saml:Attribute>"
    )
    return signed_in_place(
        around={"namespaces": f' xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" xmlns="urn:example:default"'},
        parts={"namespaces": "", "statements": authn_statement() + attribute_statement(value)},
        info=info(with_transform(EXC, prefix_list("#default"))),
    )


@case(
    89,
    "same-tags-in-other-scopes",
    "writing",
    "start tags spelled alike whose prefixes mean something else in each attribute",
    attributes={"memberOf": ["CN=Staff", "CN=Züge", "CN=Bahnen"]},
)
def _():
    values = "".join(
        f'<saml:Attribute Name="memberOf"{declared}><saml:AttributeValue t:x="y"><t:v>{name}</t:v></saml:AttributeValue></saml:Attribute>'
        for declared, name in [("", "CN=Staff"), (' xmlns:t="urn:example:2"', "CN=Züge"), ("", "CN=Bahnen")]
    )
    return response(
        signed_assertion(
            parts={
                "namespaces": f' xmlns:saml="{SAML}" xmlns:t="urn:example:1"',
                "statements": authn_statement() + attribute_statement(values),
            }
        )
    )
