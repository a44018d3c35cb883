"""Documents that no XML parser should take, and the few odd ones that it should."""

from __future__ import annotations

from accepted import signed_assertion
from case import case
from document import (
    audience_restriction,
    conditions,
    confirmation,
    evil_assertion,
    response,
    status,
    subject,
)
from names import (
    SP,
)

PROFILE = "profile"
XML = "parser differentials"
BOMBS = "entity bombs and DOCTYPE"
ENCRYPTED = "encrypted assertions"
URN = "urn:oasis:names:tc:SAML:2.0:"


def good(**parts) -> str:
    return response(signed_assertion(parts=parts))


def confirmed(data: str, method: str = URN + "cm:bearer") -> str:
    return good(subject_element=subject(confirmations=confirmation(method, data)))


def conditioned(inner: str | None = None, **instants) -> str:
    return good(conditions_element=conditions(inner, **instants))


def inside(text: str) -> str:
    """A good Response with ``text`` as a value's neighbour outside the signed part: in StatusMessage."""
    return response(
        signed_assertion(),
        status_element=status(message=f"<samlp:StatusMessage>{text}</samlp:StatusMessage>"),
    )


for number, name, title, code, make in [
    (
        500,
        "processing-instruction-in-name-id",
        "a processing instruction in NameID",
        "xml.processing_instruction",
        lambda: response(signed_assertion().replace("u-4711", "u-<?x y?>4711")),
    ),
    (
        501,
        "processing-instruction-outside",
        "a processing instruction before the root",
        "xml.processing_instruction",
        lambda: "<?x y?>" + response(signed_assertion()),
    ),
    (
        502,
        "latin-1-declared",
        "ISO-8859-1 is declared",
        "xml.encoding",
        lambda: '<?xml version="1.0" encoding="ISO-8859-1"?>' + response(signed_assertion()),
    ),
    (
        503,
        "latin-1",
        "an ISO-8859-1 document",
        "xml.encoding",
        lambda: ('<?xml version="1.0" encoding="ISO-8859-1"?>' + response(signed_assertion())).encode(
            "latin-1"
        ),
    ),
    (
        504,
        "utf-16",
        "a UTF-16 document",
        "xml.encoding",
        lambda: ('<?xml version="1.0" encoding="UTF-16"?>' + response(signed_assertion())).encode("utf-16"),
    ),
    (
        505,
        "utf-16-no-mark",
        "a UTF-16 document without a byte order mark",
        "xml.encoding",
        lambda: response(signed_assertion()).encode("utf-16-le"),
    ),
    (
        506,
        "utf-7-declared",
        "UTF-7 is declared",
        "xml.encoding",
        lambda: '<?xml version="1.0" encoding="UTF-7"?>' + response(signed_assertion()),
    ),
    (507, "nul", "a NUL character", "xml.malformed", lambda: inside("a\0b")),
    (508, "control-character", "a control character", "xml.malformed", lambda: inside("a\x01b")),
    (509, "nul-reference", "a reference to NUL", "xml.malformed", lambda: inside("a&#0;b")),
    (
        510,
        "control-reference",
        "a reference to a control character",
        "xml.malformed",
        lambda: inside("a&#8;b"),
    ),
    (
        511,
        "surrogate-reference",
        "references to surrogates",
        "xml.malformed",
        lambda: inside("&#xD83D;&#xDE00;"),
    ),
    (
        512,
        "surrogates-in-utf-8",
        "surrogates in UTF-8 (CESU-8)",
        "xml.encoding",
        lambda: inside("MARK").encode().replace(b"MARK", b"\xed\xa0\xbd\xed\xb8\x80"),
    ),
    (
        513,
        "overlong",
        "an overlong form in UTF-8",
        "xml.encoding",
        lambda: inside("MARK").encode().replace(b"MARK", b"\xc0\xbc"),
    ),
    (
        514,
        "invalid-utf-8",
        "a stray continuation byte",
        "xml.encoding",
        lambda: inside("MARK").encode().replace(b"MARK", b"\x80"),
    ),
    (515, "noncharacter", "U+FFFE", "xml.malformed", lambda: inside("a\ufffeb")),
    (
        516,
        "bare-ampersand",
        "a bare ampersand outside the signed part",
        "xml.malformed",
        lambda: inside("a & b"),
    ),
    (517, "unknown-entity", "an undeclared entity", "xml.malformed", lambda: inside("a&nbsp;b")),
    (
        518,
        "reference-without-semicolon",
        "a reference without its semicolon",
        "xml.malformed",
        lambda: inside("a&amp b"),
    ),
    (519, "cdata-end-in-text", "]]> in text", "xml.malformed", lambda: inside("a]]>b")),
    (
        520,
        "less-than-in-attribute",
        "< in an attribute",
        "xml.malformed",
        lambda: response(signed_assertion(), extra=' Consent="a<b"'),
    ),
    (521, "double-hyphen-in-comment", "-- in a comment", "xml.malformed", lambda: inside("<!-- a -- b -->")),
    (
        522,
        "comment-ends-in-hyphen",
        "a comment that ends in --->",
        "xml.malformed",
        lambda: inside("<!-- a --->"),
    ),
    (
        523,
        "duplicate-attribute",
        "an attribute twice",
        "xml.malformed",
        lambda: response(signed_assertion(), extra=' Version="2.0"'),
    ),
    (
        524,
        "duplicate-expanded-attribute",
        "one attribute by two prefixes",
        "xml.malformed",
        lambda: inside('<x xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2"/>'),
    ),
    (525, "unbound-prefix", "an unbound prefix", "xml.malformed", lambda: inside("<x:y/>")),
    (
        526,
        "unbound-attribute-prefix",
        "an unbound prefix of an attribute",
        "xml.malformed",
        lambda: inside('<y x:z="1"/>'),
    ),
    (
        527,
        "xml-prefix-rebound",
        "the prefix xml bound to something else",
        "xml.malformed",
        lambda: inside('<y xmlns:xml="urn:example:x"/>'),
    ),
    (
        528,
        "xml-namespace-other-prefix",
        "another prefix bound to the xml namespace",
        "xml.malformed",
        lambda: inside('<y xmlns:x="http://www.w3.org/XML/1998/namespace"/>'),
    ),
    (
        529,
        "xmlns-prefix-declared",
        "the prefix xmlns declared",
        "xml.malformed",
        lambda: inside('<y xmlns:xmlns="urn:example:x"/>'),
    ),
    (
        530,
        "prefix-undeclared",
        "a prefix undeclared, as in Namespaces 1.1",
        "xml.malformed",
        lambda: inside('<y xmlns:x=""/>'),
    ),
    (531, "mismatched-tag", "an end tag of another name", "xml.malformed", lambda: inside("<a></b>")),
    (532, "unclosed", "the end is cut off", "xml.malformed", lambda: response(signed_assertion())[:-1]),
    (
        533,
        "second-root",
        "a second root",
        "xml.malformed",
        lambda: response(signed_assertion()) + evil_assertion(),
    ),
    (
        534,
        "text-after-root",
        "text after the root",
        "xml.malformed",
        lambda: response(signed_assertion()) + "x",
    ),
    (
        535,
        "text-before-root",
        "text before the root",
        "xml.malformed",
        lambda: "x" + response(signed_assertion()),
    ),
    (
        536,
        "space-before-declaration",
        "white space before the XML declaration",
        "xml.malformed",
        lambda: ' <?xml version="1.0"?>' + response(signed_assertion()),
    ),
    (
        537,
        "xml-1.1",
        "XML 1.1",
        "xml.malformed",
        lambda: '<?xml version="1.1"?>' + response(signed_assertion()),
    ),
    (
        538,
        "two-declarations",
        "a second XML declaration",
        "xml.malformed",
        lambda: '<?xml version="1.0"?><?xml version="1.0"?>' + response(signed_assertion()),
    ),
    (
        539,
        "no-space-between-attributes",
        "no white space between attributes",
        "xml.malformed",
        lambda: inside('<y a="1"b="2"/>'),
    ),
    (540, "unquoted-attribute", "an attribute without quotes", "xml.malformed", lambda: inside("<y a=1/>")),
    (
        541,
        "attribute-without-value",
        "an attribute without a value",
        "xml.malformed",
        lambda: inside("<y a/>"),
    ),
    (
        542,
        "name-starts-with-digit",
        "a name that starts with a digit",
        "xml.malformed",
        lambda: inside("<1/>"),
    ),
    (543, "two-colons", "two colons in a name", "xml.malformed", lambda: inside('<a:b:c xmlns:a="urn:x"/>')),
    (
        544,
        "attribute-in-end-tag",
        "an attribute in an end tag",
        "xml.malformed",
        lambda: inside('<y></y a="1">'),
    ),
    (545, "empty-document", "an empty element as the document", "saml.not_a_response", lambda: "<a/>"),
    (546, "only-white-space", "a document of white space", "xml.malformed", lambda: " \n"),
    (
        547,
        "byte-order-mark-twice",
        "two byte order marks",
        "xml.malformed",
        lambda: "\ufeff\ufeff" + response(signed_assertion()),
    ),
    (
        548,
        "cdata-outside-root",
        "CDATA after the root",
        "xml.malformed",
        lambda: response(signed_assertion()) + "<![CDATA[ ]]>",
    ),
    (
        549,
        "unclosed-cdata",
        "CDATA that is not closed",
        "xml.malformed",
        lambda: response(
            signed_assertion(), status_element=status(message="<samlp:StatusMessage><![CDATA[x")
        ),
    ),
    (
        550,
        "unclosed-comment",
        "a comment that is not closed",
        "xml.malformed",
        lambda: response(signed_assertion()) + "<!-- ",
    ),
    (
        551,
        "html-entity-in-attribute",
        "an undeclared entity in an attribute",
        "xml.malformed",
        lambda: response(signed_assertion(), extra=' Consent="&eacute;"'),
    ),
    (
        552,
        "next-line-as-white-space",
        "U+0085 between attributes",
        "xml.malformed",
        lambda: inside('<y a="1"\u0085b="2"/>'),
    ),
    (553, "comment-in-tag", "a comment inside a tag", "xml.malformed", lambda: inside('<y <!-- --> a="1"/>')),
    (
        554,
        "upper-case-declaration",
        "<?XML",
        "xml.processing_instruction",
        lambda: '<?XML version="1.0"?>' + response(signed_assertion()),
    ),
    (
        555,
        "declaration-without-version",
        "an XML declaration without a version",
        "xml.malformed",
        lambda: '<?xml encoding="UTF-8"?>' + response(signed_assertion()),
    ),
]:
    case(number, name, XML, title, code)(make)

case(
    560,
    "unicode-space-in-audience",
    XML,
    "an em space around the audience is not white space",
    "saml.audience_mismatch",
)(lambda: conditioned(audience_restriction("\u2003" + SP + "\u2003")))
case(
    561, "text-between-elements", XML, "text between the children of the assertion", "saml.unexpected_content"
)(lambda: good(advice="x"))

for number, name, title, dtd in [
    (570, "doctype", "a plain DOCTYPE", "<!DOCTYPE samlp:Response>"),
    (
        571,
        "doctype-external",
        "a DOCTYPE with a system identifier",
        '<!DOCTYPE samlp:Response SYSTEM "http://127.0.0.1:9/x.dtd">',
    ),
    (572, "internal-entity", "an internal entity", '<!DOCTYPE samlp:Response [<!ENTITY x "u-admin">]>'),
    (
        573,
        "external-entity",
        "an external entity",
        '<!DOCTYPE samlp:Response [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    ),
    (
        574,
        "parameter-entity",
        "an external parameter entity",
        '<!DOCTYPE samlp:Response [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ),
    (
        575,
        "billion-laughs",
        "a billion laughs",
        "<!DOCTYPE samlp:Response [<!ENTITY a0 'ha'>"
        + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
        + "<!ENTITY x '&a9;'>]>",
    ),
    (
        576,
        "default-attribute",
        "a DTD with a default attribute",
        '<!DOCTYPE samlp:Response [<!ATTLIST saml:NameID x CDATA "y">]>',
    ),
    (577, "doctype-lower-case", "doctype in lower case", "<!doctype samlp:Response>"),
]:
    use = "&x;" if "ENTITY x" in dtd else ""
    case(number, name, BOMBS, title, "xml.doctype")(
        lambda dtd=dtd, use=use: dtd + response(signed_assertion().replace("u-4711", f"u-4711{use}"))
    )
case(578, "doctype-inside", BOMBS, "a DOCTYPE inside the root", "xml.doctype")(lambda: inside("<!DOCTYPE x>"))
case(579, "doctype-after-comment", BOMBS, "a DOCTYPE after a comment", "xml.doctype")(
    lambda: "<!-- -->\n<!DOCTYPE x>" + response(signed_assertion())
)
