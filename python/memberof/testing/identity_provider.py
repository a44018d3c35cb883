"""``TestIdp``: an identity provider in the test's own process, with real keys and real signatures."""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lxml import etree

from memberof.testing.catalogue import persona as find_persona
from memberof.testing.dictionaries import as_pysaml2, as_python3_saml
from memberof.testing.encryption import encrypt_assertion
from memberof.testing.keys import SigningKey, shared_key
from memberof.testing.response import PROTOCOL, Login, find_assertion, write_response
from memberof.testing.signature import DS, SignatureStyle, sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from memberof.testing.live import LiveIdp
    from memberof.testing.persona import NoGroups, Persona, Signed

SP_ENTITY_ID = "https://sp.example.test/metadata"
ACS_URL = "https://sp.example.test/saml/acs"

_METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"


class TestIdp:
    """An identity provider that signs SAML Responses as a real product sends them.

    For tests and demonstrations only: whoever holds it can sign in as anybody. Needs ``pip install memberof[test]``.

    Args:
        persona: Name of a persona (``memberof.testing.personas()`` lists them), or one of your own.
        entity_id: The issuer, instead of the persona's.
        sso_url: The sign-in page, instead of the persona's.
        key: The signing key; None takes this process's shared key for ``algorithm`` (made once, at first use).
        algorithm: ``rsa-sha256`` … ``rsa-pss-sha512`` … ``ecdsa-sha512``; None is the persona's.
        sp_entity_id: The service provider that Responses are for, unless ``response`` says otherwise.
        acs_url: Where they are posted to, unless ``response`` says otherwise.
        sp_certificate: PEM certificate of the service provider; products that encrypt by default then do.

    Example:
        >>> idp = TestIdp("adfs")
        >>> form = {"SAMLResponse": idp.response(user="alice", groups=["Sales, EMEA"])}

    """

    __test__ = False  # not a test class, whatever its name makes pytest think

    def __init__(
        self,
        persona: str | Persona = "generic",
        *,
        entity_id: str | None = None,
        sso_url: str | None = None,
        key: SigningKey | None = None,
        algorithm: str | None = None,
        sp_entity_id: str = SP_ENTITY_ID,
        acs_url: str = ACS_URL,
        sp_certificate: str | None = None,
    ) -> None:
        found = find_persona(persona) if isinstance(persona, str) else persona
        self.persona: Persona = replace(
            found,
            entity_id=entity_id or found.entity_id,
            sso_url=sso_url or found.sso_url,
            algorithm=algorithm or found.algorithm,
        )
        self.key: SigningKey = key or shared_key(self.persona.algorithm)
        self.sp_entity_id = sp_entity_id
        self.acs_url = acs_url
        self.sp_certificate = sp_certificate
        self._published = [self.key]

    def __repr__(self) -> str:
        return f"TestIdp({self.persona.name!r}, entity_id={self.entity_id!r})"

    @property
    def entity_id(self) -> str:
        """The issuer of its Responses."""
        return self.persona.entity_id

    @property
    def sso_url(self) -> str:
        """Where a browser is sent to sign in."""
        return self.persona.sso_url

    @property
    def certificate_pem(self) -> str:
        """The certificate of the key that signs now, PEM."""
        return self.key.certificate_pem

    @property
    def certificates_pem(self) -> tuple[str, ...]:
        """All certificates that its metadata publishes, PEM, oldest first."""
        return tuple(key.certificate_pem for key in self._published)

    @property
    def metadata_xml(self) -> str:
        """Its metadata, XML text."""
        return _metadata(self.persona, self._published)

    def publish_key(self, key: SigningKey | None = None) -> SigningKey:
        """Begin a roll-over: publish a further key and go on signing with the old one.

        Args:
            key: The new key; None makes one.

        """
        new = key or SigningKey.generate(self.persona.algorithm)
        self._published.append(new)
        return new

    def use_key(self, key: SigningKey, *, retire_others: bool = False) -> None:
        """Sign with a key from now on; ``retire_others`` ends a roll-over."""
        if key not in self._published:
            self._published.append(key)
        self.key = key
        if retire_others:
            self._published = [key]

    def response(
        self,
        user: str = "alice",
        groups: Iterable[str] = (),
        *,
        values: Iterable[str | None] | None = None,
        attributes: Mapping[str, str | Iterable[str]] | None = None,
        sp_entity_id: str | None = None,
        acs_url: str | None = None,
        request_id: str | None = None,
        now: datetime | None = None,
        sign: Signed | None = None,
        algorithm: str | None = None,
        canonicalization: str = "exclusive",
        encrypt_to: str | bytes | None = None,
        encryption: str = "aes256-gcm",
        key_transport: str = "rsa-oaep-mgf1p",
        no_groups: NoGroups | None = None,
        overage: bool = False,
        name_id: str | None = None,
        name_id_format: str | None = None,
        issuer: str | None = None,
        audience: Iterable[str] | None = None,
        recipient: str | None = None,
        destination: str | None = None,
        session_lifetime: timedelta | None = None,
        response_id: str | None = None,
        assertion_id: str | None = None,
    ) -> str:
        """Write, sign and encode one Response.

        Args:
            user: Who signs in; the NameID is made of it unless ``name_id`` is given.
            groups: Names of her groups; written as this product writes them (as DNs, as one list, …).
            values: The exact texts of the group values instead of ``groups``; None is ``xsi:nil``.
            attributes: Further attributes, name to value or values.
            sp_entity_id: The audience.
            acs_url: Destination and recipient.
            request_id: ID of the AuthnRequest that is answered; None for an unsolicited Response.
            now: Time of issue (aware); None is the clock.
            sign: ``"assertion"``, ``"response"``, ``"both"`` or ``"nothing"``; None is the persona's habit.
            algorithm: Signature algorithm; None is the persona's.
            canonicalization: ``exclusive``, ``exclusive-comments``, ``inclusive`` or ``inclusive11``.
            encrypt_to: PEM certificate to encrypt the assertion to; None encrypts only where the product does so
                by default and ``sp_certificate`` is known.
            encryption: ``aes128-gcm``, ``aes192-gcm``, ``aes256-gcm``, or the same with ``-cbc``.
            key_transport: ``rsa-oaep-mgf1p`` (SHA-1), ``rsa-oaep-sha256``, ``-sha384`` or ``-sha512``.
            no_groups: What is sent without groups; None is the persona's habit.
            overage: Send the overage link in place of the groups.
            name_id: The NameID.
            name_id_format: Its format URI.
            issuer: Another issuer than ``entity_id``.
            audience: Other audiences than ``sp_entity_id``; empty for no restriction.
            recipient: Another recipient than ``acs_url``.
            destination: Another destination than ``acs_url``; empty for none.
            session_lifetime: SessionNotOnOrAfter, from ``now``.
            response_id: ID of the Response.
            assertion_id: ID of the Assertion.

        Returns:
            The form value ``SAMLResponse`` (base64, padded, one line).

        Raises:
            ValueError: An algorithm is unknown or does not fit the key, ``now`` is naive, or a text has a
                character that XML cannot carry.

        """
        fields = {
            "session_lifetime": session_lifetime,
            "response_id": response_id,
            "assertion_id": assertion_id,
        }
        login = Login(
            user=user,
            groups=tuple(groups),
            values=None if values is None else tuple(values),
            attributes={name: _tuple(value) for name, value in (attributes or {}).items()},
            sp_entity_id=sp_entity_id or self.sp_entity_id,
            acs_url=acs_url or self.acs_url,
            request_id=request_id,
            now=_aware(now),
            no_groups=no_groups,
            overage=overage,
            name_id=name_id,
            name_id_format=name_id_format,
            issuer=issuer,
            audience=None if audience is None else tuple(audience),
            recipient=recipient,
            destination=destination,
            **{name: value for name, value in fields.items() if value is not None},  # type: ignore[arg-type]
        )
        tree = write_response(self.persona, login)
        self.sign(
            tree,
            sign or self.persona.sign,
            algorithm=algorithm,
            canonicalization=canonicalization,
            encrypt_to=encrypt_to or (self.sp_certificate if self.persona.encrypt else None),
            encryption=encryption,
            key_transport=key_transport,
        )
        return encode(tree)

    def forge(
        self,
        kind: str,
        *,
        evil_user: str = "attacker",
        evil_groups: Iterable[str] = ("Administrators",),
        **options: Any,
    ) -> str:
        """Make a Response that must be refused; ``memberof.testing.forgeries()`` lists the kinds.

        Args:
            kind: What is wrong with it: ``"xsw3"``, ``"expired"``, ``"wrong-audience"``, ``"comment-in-value"``, …
            evil_user: Who the attacker wants to be.
            evil_groups: The groups that the attacker wants.
            options: Those of :meth:`response`, for its genuine parts.

        Returns:
            The form value ``SAMLResponse``.

        Raises:
            LookupError: No forgery has that name.

        """
        from memberof.testing.forge import forge

        return forge(self, kind, evil_user, evil_groups, options)

    def serve(
        self,
        *,
        port: int = 0,
        people: Mapping[str, Iterable[str]] | None = None,
        **response_options: Any,
    ) -> LiveIdp:
        """Start it as a web server on 127.0.0.1: metadata, sign-in by redirect and POST, a page to edit groups.

        Args:
            port: 0 takes a free one.
            people: User to groups; None is alice and bob without groups.
            response_options: Options of :meth:`response` for every Response.

        Returns:
            A context manager that stops it; ``url``, ``metadata_url``, ``set_groups(user, groups)``.

        """
        from memberof.testing.live import LiveIdp

        return LiveIdp(self, port=port, people=people, response_options=response_options)

    def as_python3_saml(self, *, allow_repeated: bool = False, **options: Any) -> dict[str, list[str]]:
        """Return what python3-saml's ``get_attributes()`` returns for a Response.

        Args:
            allow_repeated: Its setting ``allowRepeatAttributeName``.
            options: Those of :meth:`response`: ``groups=``, ``no_groups=``, …

        Raises:
            ValueError: An attribute is repeated and that is not allowed; python3-saml refuses the login then.

        """
        return as_python3_saml(self._plain(options), allow_repeated=allow_repeated)

    def as_pysaml2(self, *, allow_unknown_attributes: bool = False, **options: Any) -> dict[str, list[str]]:
        """Return what pysaml2's ``ava`` holds for a Response.

        Args:
            allow_unknown_attributes: Its setting of that name, off unless set: then ``memberOf`` is left out.
            options: Those of :meth:`response`.

        """
        return as_pysaml2(self._plain(options), allow_unknown_attributes=allow_unknown_attributes)

    def _plain(self, options: Mapping[str, Any]) -> etree._Element:
        plain = copy.copy(self)
        plain.sp_certificate = None
        return etree.fromstring(base64.b64decode(plain.response(**{**options, "sign": "nothing"})))

    def sign(
        self,
        response: etree._Element,
        what: Signed,
        *,
        algorithm: str | None = None,
        canonicalization: str = "exclusive",
        encrypt_to: str | bytes | None = None,
        encryption: str = "aes256-gcm",
        key_transport: str = "rsa-oaep-mgf1p",
    ) -> None:
        """Sign a Response in place: the Assertion, then its encryption if a certificate is given, then the Response."""
        used = algorithm or self.persona.algorithm
        key = self.key if algorithm is None else self._key_for(algorithm)
        style = SignatureStyle(
            prefix=self.persona.signature_prefix,
            key_info_unprefixed=self.persona.key_info_unprefixed,
            prefix_list=self.persona.prefix_list if canonicalization.startswith("exclusive") else None,
            canonicalization=canonicalization,
        )
        if what in ("assertion", "both"):
            sign(find_assertion(response), key, used, style)
        if encrypt_to is not None:
            encrypt_assertion(find_assertion(response), encrypt_to, encryption, key_transport)
        if what in ("response", "both"):
            sign(response, key, used, style)

    def _key_for(self, algorithm: str) -> SigningKey:
        kinds = [a.partition("-sha")[0].removesuffix("-pss") for a in (algorithm, self.persona.algorithm)]
        same = kinds[0] == kinds[1] and (kinds[0] != "ecdsa" or algorithm == self.persona.algorithm)
        if same:
            return self.key
        key = shared_key(algorithm)
        if key not in self._published:
            self._published.append(key)
        return key


def encode(response: etree._Element) -> str:
    """The form value of a Response: UTF-8, base64."""
    return base64.b64encode(etree.tostring(response, encoding="UTF-8", xml_declaration=False)).decode("ascii")


def _metadata(persona: Persona, keys: list[SigningKey]) -> str:
    root = etree.Element(
        f"{{{_METADATA}}}EntityDescriptor", nsmap={"md": _METADATA, "ds": DS}, entityID=persona.entity_id
    )
    role = etree.SubElement(
        root,
        f"{{{_METADATA}}}IDPSSODescriptor",
        WantAuthnRequestsSigned="false",
        protocolSupportEnumeration=PROTOCOL,
    )
    for key in keys:
        descriptor = etree.SubElement(role, f"{{{_METADATA}}}KeyDescriptor", use="signing")
        data = etree.SubElement(etree.SubElement(descriptor, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
        lines = key.certificate_pem.strip().splitlines()[1:-1]
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = "".join(lines)
    etree.SubElement(role, f"{{{_METADATA}}}NameIDFormat").text = persona.name_id_format
    for binding in ("HTTP-Redirect", "HTTP-POST"):
        etree.SubElement(
            role,
            f"{{{_METADATA}}}SingleSignOnService",
            Binding=f"urn:oasis:names:tc:SAML:2.0:bindings:{binding}",
            Location=persona.sso_url,
        )
    return etree.tostring(root, encoding="unicode")


def _aware(now: datetime | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    if now.tzinfo is None:
        raise ValueError("now has no time zone, expected an aware datetime")
    return now


def _tuple(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
