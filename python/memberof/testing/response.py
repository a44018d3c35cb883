"""Write one SAML Response as a persona's product does: the tree, before base64."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lxml import etree

from memberof.testing.persona import (
    NAME_ID_EMAIL,
    NAME_ID_TRANSIENT,
    NoGroups,
    Persona,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

# entra-docs reference-saml-tokens; ansible/awx issue 4177 has the value. The host is that of the retired API.
OVERAGE_NAME = "http://schemas.microsoft.com/claims/groups.link"
_OVERAGE_VALUE = (
    "https://graph.windows.net/7b1f7b2e-5d0c-4f3a-9a57-0c8d3f9e6a11/users/"
    "c5e0c9e4-5d34-4c53-9f0f-2a4f4a8a4f10/getMemberObjects"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What one Response says.

    Args:
        user: The user's name; the NameID is made of it unless ``name_id`` is given.
        groups: Names of the groups; written as the persona writes them.
        values: The exact texts of the group values instead; a None is written as ``xsi:nil``.
        attributes: Further attributes, name to values.
        sp_entity_id: The audience.
        acs_url: Destination and recipient.
        request_id: InResponseTo; None for an unsolicited Response.
        now: Time of issue, aware.
        no_groups: What is sent without groups, instead of the persona's habit.
        overage: Send the overage link whatever the number of groups.
        name_id: The NameID.
        name_id_format: Its format, instead of the persona's.
        issuer: The issuer, instead of the persona's.
        audience: The audiences, instead of ``sp_entity_id``; empty for no AudienceRestriction.
        recipient: The recipient, instead of ``acs_url``.
        destination: The destination, instead of ``acs_url``; empty for none.
        session_lifetime: SessionNotOnOrAfter from now, instead of the persona's.
        session_index: SessionIndex.
        response_id: ID of the Response.
        assertion_id: ID of the Assertion.
        status: Top status code.

    """

    user: str = "alice"
    groups: tuple[str, ...] = ()
    values: tuple[str | None, ...] | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sp_entity_id: str
    acs_url: str
    request_id: str | None = None
    now: datetime
    no_groups: NoGroups | None = None
    overage: bool = False
    name_id: str | None = None
    name_id_format: str | None = None
    issuer: str | None = None
    audience: tuple[str, ...] | None = None
    recipient: str | None = None
    destination: str | None = None
    session_lifetime: timedelta | None = None
    session_index: str | None = None
    response_id: str = field(default_factory=lambda: new_id())
    assertion_id: str = field(default_factory=lambda: new_id())
    status: str = SUCCESS


def new_id() -> str:
    """An XML ID of 160 random bits (SAML Core 1.3.4 asks for at least 128)."""
    return f"_{secrets.token_hex(20)}"


def write_response(persona: Persona, login: Login) -> etree._Element:
    """Write the Response of a login, not signed yet."""
    return _Writer(persona, login).response()


def find_assertion(response: etree._Element) -> etree._Element:
    """The Assertion of a Response."""
    assertion = response.find(f"{{{ASSERTION}}}Assertion")
    if assertion is None:
        raise ValueError("this response has no assertion")
    return assertion


class _Writer:
    def __init__(self, persona: Persona, login: Login) -> None:
        self.persona = persona
        self.login = login

    def response(self) -> etree._Element:
        persona, login = self.persona, self.login
        nsmap: dict[str | None, str] = {persona.protocol_prefix: PROTOCOL}
        if persona.assertion_declared_on == "root":
            nsmap[persona.assertion_prefix] = ASSERTION
        if persona.types_declared_on == "response" and persona.value_type:
            nsmap |= {"xs": XS, "xsi": XSI}
        response = etree.Element(_p("Response"), nsmap=nsmap)
        values = {
            "ID": login.response_id,
            "Version": "2.0",
            "IssueInstant": self.instant(timedelta(0)),
            "Destination": login.acs_url if login.destination is None else login.destination,
            "Consent": persona.consent,
            "InResponseTo": login.request_id,
        }
        for name in persona.attribute_order:
            if values[name]:
                response.set(name, str(values[name]))
        self.issuer(response)
        status = etree.SubElement(response, _p("Status"))
        etree.SubElement(status, _p("StatusCode"), Value=login.status)
        if login.status == SUCCESS:
            self.assertion(response)
        return response

    def assertion(self, response: etree._Element) -> None:
        persona, login = self.persona, self.login
        nsmap: dict[str | None, str] = {persona.assertion_prefix: ASSERTION}
        if persona.types_declared_on == "assertion" and persona.value_type:
            nsmap |= {"xs": XS, "xsi": XSI}
        assertion = etree.SubElement(
            response,
            _a("Assertion"),
            {"ID": login.assertion_id, "IssueInstant": self.instant(timedelta(0)), "Version": "2.0"},
            nsmap=nsmap,
        )
        self.issuer(assertion)
        self.subject(assertion)
        self.conditions(assertion)
        statements = [self.authn_statement, self.attribute_statement]
        for write in reversed(statements) if persona.attributes_first else statements:
            write(assertion)

    def issuer(self, parent: etree._Element) -> None:
        issuer = etree.SubElement(parent, _a("Issuer"), nsmap={self.persona.assertion_prefix: ASSERTION})
        if self.persona.issuer_format:
            issuer.set("Format", ENTITY)
        issuer.text = self.login.issuer or self.persona.entity_id

    def subject(self, assertion: etree._Element) -> None:
        login = self.login
        subject = etree.SubElement(assertion, _a("Subject"))
        name_format = login.name_id_format or self.persona.name_id_format
        name_id = etree.SubElement(subject, _a("NameID"), Format=name_format)
        name_id.text = login.name_id or self.name_id(name_format)
        confirmation = etree.SubElement(subject, _a("SubjectConfirmation"), Method=BEARER)
        data = {
            "InResponseTo": login.request_id,
            "NotOnOrAfter": self.instant(self.persona.subject_lifetime),
            "Recipient": login.acs_url if login.recipient is None else login.recipient,
        }
        etree.SubElement(
            confirmation, _a("SubjectConfirmationData"), {name: text for name, text in data.items() if text}
        )

    def name_id(self, name_format: str) -> str:
        if name_format == NAME_ID_TRANSIENT:
            return new_id()
        return _mail(self.login.user) if name_format == NAME_ID_EMAIL else self.login.user

    def conditions(self, assertion: etree._Element) -> None:
        persona, login = self.persona, self.login
        conditions = etree.SubElement(
            assertion,
            _a("Conditions"),
            NotBefore=self.instant(persona.not_before),
            NotOnOrAfter=self.instant(persona.not_on_or_after),
        )
        audiences = (login.sp_entity_id,) if login.audience is None else login.audience
        if audiences:
            restriction = etree.SubElement(conditions, _a("AudienceRestriction"))
            for audience in audiences:
                etree.SubElement(restriction, _a("Audience")).text = audience

    def authn_statement(self, assertion: etree._Element) -> None:
        persona, login = self.persona, self.login
        statement = etree.SubElement(
            assertion,
            _a("AuthnStatement"),
            AuthnInstant=self.instant(timedelta(0)),
            SessionIndex=login.session_index or login.assertion_id,
        )
        lifetime = login.session_lifetime or persona.session_lifetime
        if lifetime is not None:
            statement.set("SessionNotOnOrAfter", self.instant(lifetime))
        context = etree.SubElement(statement, _a("AuthnContext"))
        etree.SubElement(context, _a("AuthnContextClassRef")).text = persona.authn_context

    def attribute_statement(self, assertion: etree._Element) -> None:
        statement = etree.Element(_a("AttributeStatement"), nsmap={self.persona.assertion_prefix: ASSERTION})
        if self.no_groups() != "no_statement" or self.has_groups():
            for other in self.persona.others:
                self.attribute(statement, other.name, (self.fact(other.holds),), other.friendly_name)
            for name, values in self.login.attributes.items():
                self.attribute(statement, name, values, None)
            self.group_attributes(statement)
        # an AttributeStatement holds at least one Attribute (SAML Core 2.7.3)
        if len(statement):
            assertion.append(statement)

    def group_attributes(self, statement: etree._Element) -> None:
        persona, login = self.persona, self.login
        name, friendly = persona.group_attribute, persona.friendly_name
        too_many = persona.limit is not None and len(login.groups) > persona.limit
        if login.overage or (too_many and persona.over_limit == "link"):
            self.attribute(statement, OVERAGE_NAME, (_OVERAGE_VALUE,), None)
            return
        groups = login.groups[: persona.limit] if persona.over_limit == "cut" else login.groups
        values = persona.wire_values(groups) if login.values is None else login.values
        if values and persona.layout == "attributes":
            for value in values:
                self.attribute(statement, name, (value,), friendly)
        elif values:
            self.attribute(statement, name, values, friendly)
        elif self.no_groups() in ("no_values", "empty_value", "nil"):
            forms: dict[str, tuple[str | None, ...]] = {"no_values": (), "empty_value": ("",), "nil": (None,)}
            self.attribute(statement, name, forms[self.no_groups()], friendly)

    def attribute(
        self, statement: etree._Element, name: str, values: tuple[str | None, ...], friendly_name: str | None
    ) -> None:
        persona = self.persona
        attribute = etree.SubElement(statement, _a("Attribute"), Name=name)
        if friendly_name is not None:
            attribute.set("FriendlyName", friendly_name)
        if persona.name_format is not None:
            attribute.set("NameFormat", persona.name_format)
        for value in values:
            nsmap: dict[str | None, str] | None = None
            if persona.value_type and persona.types_declared_on == "value":
                nsmap = {"xs": XS, "xsi": XSI}
            elif value is None:
                nsmap = {"xsi": XSI}
            element = etree.SubElement(attribute, _a("AttributeValue"), nsmap=nsmap)
            if value is None:
                element.set(f"{{{XSI}}}nil", "true")
            else:
                if persona.value_type:
                    element.set(f"{{{XSI}}}type", persona.value_type)
                element.text = value

    def has_groups(self) -> bool:
        return bool(self.login.overage or self.login.groups or self.login.values)

    def no_groups(self) -> NoGroups:
        return self.login.no_groups or self.persona.no_groups

    def fact(self, holds: str) -> str:
        user = self.login.user
        return {"mail": _mail(user), "user": user, "display": user.split("@")[0].title()}[holds]

    def instant(self, offset: timedelta) -> str:
        moment = (self.login.now + offset).astimezone(UTC)
        if self.persona.milliseconds:
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _mail(user: str) -> str:
    return user if "@" in user else f"{user}@example.test"


def _p(name: str) -> str:
    return f"{{{PROTOCOL}}}{name}"


def _a(name: str) -> str:
    return f"{{{ASSERTION}}}{name}"
