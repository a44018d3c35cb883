"""Move signed and forged elements about, as signature wrapping does. Every function returns the root that is sent.

Numbers as in Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), and SAML Raider.
``genuine`` is the signed element in its Response, ``evil`` its twin with the attacker's values and no Signature.
"""

from __future__ import annotations

import copy

from lxml import etree

from memberof.testing.response import ASSERTION, PROTOCOL, new_id
from memberof.testing.signature import DS

_FAILED = "urn:oasis:names:tc:SAML:2.0:status:Requester"


def xsw1(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Response; its Signature is the genuine one, which holds the genuine Response."""
    signature = _take_signature(genuine)
    evil.set("ID", new_id())
    signature.append(genuine)
    evil.insert(1, signature)
    return evil


def xsw2(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Response; the genuine Response stands beside its Signature."""
    signature = _take_signature(genuine)
    evil.set("ID", new_id())
    evil.insert(1, genuine)
    evil.insert(2, signature)
    return evil


def xsw3(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion before the genuine one."""
    evil.set("ID", new_id())
    genuine.addprevious(evil)
    return _root(evil)


def xsw4(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion around the genuine one."""
    evil.set("ID", new_id())
    genuine.addprevious(evil)
    evil.append(genuine)
    return _root(evil)


def xsw5(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion with the genuine Signature; the genuine Assertion behind it, without."""
    signature = _take_signature(genuine)
    evil.set("ID", new_id())
    evil.insert(1, signature)
    genuine.addprevious(evil)
    return _root(evil)


def xsw6(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion with the genuine Signature, which holds the genuine Assertion."""
    signature = _take_signature(genuine)
    evil.set("ID", new_id())
    genuine.addprevious(evil)
    evil.insert(1, signature)
    signature.append(genuine)
    return _root(evil)


def xsw7(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion in Extensions, before the genuine one."""
    evil.set("ID", new_id())
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions", nsmap={"samlp": PROTOCOL})
    extensions.append(evil)
    genuine.addprevious(extensions)
    return _root(genuine)


def xsw8(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion with the genuine Signature, which holds the genuine Assertion in an Object."""
    signature = _take_signature(genuine)
    evil.set("ID", new_id())
    genuine.addprevious(evil)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(genuine)
    return _root(evil)


def second_after(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion after the genuine one."""
    evil.set("ID", new_id())
    genuine.addnext(evil)
    return _root(genuine)


def same_id(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion of the same ID before the genuine one."""
    genuine.addprevious(evil)
    return _root(genuine)


def in_key_info(genuine: etree._Element, evil: etree._Element) -> etree._Element:
    """Evil Assertion inside the KeyInfo of the genuine Signature."""
    evil.set("ID", new_id())
    key_info = genuine.find(f"{{{DS}}}Signature/{{{DS}}}KeyInfo")
    if key_info is None:
        raise ValueError("the signature has no KeyInfo")
    key_info.append(evil)
    return _root(genuine)


def signature_of_another_document(
    response: etree._Element, signature: etree._Element, document: etree._Element
) -> etree._Element:
    """Evil Assertion with a genuine Signature of another document, which goes along in an Object."""
    carried = copy.deepcopy(document)
    for inner in carried.findall(f"{{{DS}}}Signature"):
        carried.remove(inner)
    moved = copy.deepcopy(signature)
    etree.SubElement(moved, f"{{{DS}}}Object").append(carried)
    assertion = response.find(f"{{{ASSERTION}}}Assertion")
    if assertion is None:
        raise ValueError("this response has no assertion")
    assertion.insert(1, moved)
    return response


def second_audience(response: etree._Element) -> None:
    """Add an AudienceRestriction for others; several are all to be met (SAML Core 2.5.1.4)."""
    conditions = _one(response, "Conditions")
    restriction = etree.SubElement(conditions, f"{{{ASSERTION}}}AudienceRestriction")
    etree.SubElement(restriction, f"{{{ASSERTION}}}Audience").text = "https://other.example.test/metadata"


def failed_status(response: etree._Element) -> None:
    """Say that the request failed."""
    code = response.find(f"{{{PROTOCOL}}}Status/{{{PROTOCOL}}}StatusCode")
    if code is None:
        raise ValueError("this response has no status")
    code.set("Value", _FAILED)


def holder_of_key(response: etree._Element) -> None:
    """Confirm the subject by a key."""
    _one(response, "SubjectConfirmation").set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")


def no_confirmation(response: etree._Element) -> None:
    """Confirm the subject by nothing."""
    confirmation = _one(response, "SubjectConfirmation")
    parent = confirmation.getparent()
    if parent is not None:
        parent.remove(confirmation)


def unknown_condition(response: etree._Element) -> None:
    """Add a condition that no reader knows: the assertion is then not to be relied on (SAML Core 2.5.1)."""
    condition = etree.SubElement(_one(response, "Conditions"), f"{{{ASSERTION}}}Condition")
    condition.set("{http://www.w3.org/2001/XMLSchema-instance}type", "test:OnlyOnMondays")


def _one(response: etree._Element, name: str) -> etree._Element:
    return next(response.iter(f"{{{ASSERTION}}}{name}"))


def _take_signature(genuine: etree._Element) -> etree._Element:
    signature = genuine.find(f"{{{DS}}}Signature")
    if signature is None:
        raise ValueError("the element is not signed")
    genuine.remove(signature)
    return signature


def _root(element: etree._Element) -> etree._Element:
    return element.getroottree().getroot()
