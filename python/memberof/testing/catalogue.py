"""The personas: identity-provider products as they are on the wire, each with the source of its facts.

Marks in ``sources``: [D] documentation of the vendor or project, [S] its source code, [F] a fixture or a Response
published by others, [I] an issue or thread, [INF] our inference, [MEM] general knowledge that nothing confirms yet.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from datetime import timedelta

from memberof.testing.persona import (
    BASIC,
    NAME_ID_EMAIL,
    NAME_ID_PERSISTENT,
    NAME_ID_TRANSIENT,
    NAME_ID_UNSPECIFIED,
    UNSPECIFIED,
    URI,
    OtherAttribute,
    Persona,
)

_MICROSOFT_OTHERS = (
    OtherAttribute(name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", holds="mail"),
    OtherAttribute(name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", holds="display"),
)
_OID_OTHERS = (
    OtherAttribute(name="urn:oid:0.9.2342.19200300.100.1.3", holds="mail", friendly_name="mail"),
    OtherAttribute(name="urn:oid:2.16.840.1.113730.3.1.241", holds="display", friendly_name="displayName"),
    # eduPersonPrincipalName: what stays the same while the NameID is transient
    OtherAttribute(
        name="urn:oid:1.3.6.1.4.1.5923.1.1.1.6", holds="mail", friendly_name="eduPersonPrincipalName"
    ),
)
_PLAIN_OTHERS = (
    OtherAttribute(name="uid", holds="user"),
    OtherAttribute(name="mail", holds="mail"),
    OtherAttribute(name="displayName", holds="display"),
)
_DESTINATION_FIRST = ("Destination", "ID", "InResponseTo", "IssueInstant", "Version")

_ADFS = Persona(
    name="adfs",
    product="Microsoft AD FS (Is-Member-Of-DL)",
    preset="adfs",
    entity_id="http://adfs.corp.example/adfs/services/trust",
    sso_url="https://adfs.corp.example/adfs/ls/",
    value_form="dn",
    no_groups="absent",
    attributes_first=True,
    assertion_prefix=None,
    key_info_unprefixed=True,
    consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified",
    milliseconds=True,
    not_before=timedelta(0),
    not_on_or_after=timedelta(hours=1),
    name_id_format=NAME_ID_UNSPECIFIED,
    authn_context="urn:federation:authentication:windows",
    others=_MICROSOFT_OTHERS,
    sources=(
        "[F] gitlabhq/gitlabhq spec/fixtures/authentication/adfs_saml_response.xml: names, prefixes, order, times",
        "[D] Microsoft Learn, Set-AdfsRelyingPartyTrust: TokenLifetime 60 min, NotBeforeSkew 0",
        "[MEM] SamlResponseSignature is AssertionOnly unless set",
        "[INF] a user without a matching claim gets no attribute; [I] netbox-plugin-auth-saml2 PR 40 agrees",
    ),
)

_ENTRA = Persona(
    name="entra",
    product="Microsoft Entra ID (names of groups assigned to the application)",
    preset="entra",
    entity_id="https://sts.windows.net/7b1f7b2e-5d0c-4f3a-9a57-0c8d3f9e6a11/",
    sso_url="https://login.microsoftonline.com/7b1f7b2e-5d0c-4f3a-9a57-0c8d3f9e6a11/saml2",
    group_attribute="http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    no_groups="absent",
    limit=150,
    over_limit="link",
    attributes_first=True,
    assertion_prefix=None,
    signature_prefix=None,
    attribute_order=_DESTINATION_FIRST,
    milliseconds=True,
    not_before=timedelta(minutes=-5),
    not_on_or_after=timedelta(minutes=65),
    name_id_format=NAME_ID_PERSISTENT,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    others=(
        OtherAttribute(name="http://schemas.microsoft.com/identity/claims/objectidentifier", holds="user"),
        *_MICROSOFT_OTHERS,
    ),
    sources=(
        "[F] ansible/awx issue 4177: order, prefixes, groups.link in place of the groups",
        "[D] entra-docs how-to-connect-fed-group-claims: 150 groups in SAML, names of groups",
        "[D] entra-docs single-sign-on-saml-protocol: Conditions span 70 minutes",
        "[INF] absent for a user without groups; [I] netbox-plugin-auth-saml2 PR 40",
    ),
)

_KEYCLOAK = Persona(
    name="keycloak",
    product="Keycloak (Group list mapper, full path off)",
    preset="keycloak",
    entity_id="https://sso.corp.example/realms/corp",
    sso_url="https://sso.corp.example/realms/corp/protocol/saml",
    name_format=BASIC,
    friendly_name=None,
    value_type="xs:string",
    no_groups="absent",
    assertion_declared_on="root",
    signature_prefix="dsig",
    attribute_order=_DESTINATION_FIRST,
    sign="response",
    milliseconds=True,
    not_before=timedelta(seconds=-2),
    not_on_or_after=timedelta(seconds=58),
    subject_lifetime=timedelta(seconds=298),
    session_lifetime=timedelta(hours=10),
    name_id_format=NAME_ID_UNSPECIFIED,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    others=(OtherAttribute(name="email", holds="mail"),),
    sources=(
        "[S] GroupMembershipMapper, AttributeStatementHelper, BaseWriter: names, formats, xs:string declared on each value",
        "[S] SAML2LoginResponseBuilder, SamlProtocol: the Response is signed, SessionNotOnOrAfter is sent",
        "[F] tests/vectors/idp/keycloak, version 26.7.3: prefixes, order, and the times, which count from 2 s before",
    ),
)

_PINGFEDERATE = Persona(
    name="pingfederate",
    product="PingFederate (one comma-separated value)",
    preset="pingfederate",
    entity_id="https://ping.corp.example",
    sso_url="https://ping.corp.example/idp/SSO.saml2",
    name_format=UNSPECIFIED,
    value_type="xs:string",
    layout="joined",
    no_groups="absent",
    sign="response",
    milliseconds=True,
    name_id_format=NAME_ID_EMAIL,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    attribute_order=("Version", "ID", "IssueInstant", "InResponseTo", "Destination"),
    others=(OtherAttribute(name="email", holds="mail"),),
    sources=(
        "[F] russellhaering/gosaml2 providertests/testdata/pingfed/pfed11_*: one value red,green,blue, Response signed, ±5 min",
        "[I] cloudfoundry/uaa issue 353: prefixes",
        "unknown: what it sends for a user without groups; absent is assumed",
    ),
)

_SIMPLESAMLPHP = Persona(
    name="simplesamlphp",
    product="SimpleSAMLphp (DNs from LDAP)",
    preset="simplesamlphp",
    entity_id="https://ssp.corp.example/idp",
    sso_url="https://ssp.corp.example/saml2/idp/SSOService.php",
    name_format=BASIC,
    value_type="xs:string",
    types_declared_on="assertion",
    value_form="dn",
    no_groups="no_values",
    assertion_declared_on="root",
    sign="both",
    not_before=timedelta(seconds=-30),
    session_lifetime=timedelta(hours=8),
    name_id_format=NAME_ID_EMAIL,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    others=_PLAIN_OTHERS,
    sources=(
        "[F] tests/vectors/idp/simplesamlphp and openldap, version 1.19.7",
        "[S] SAML2\\Assertion, saml20-idp-hosted",
    ),
)

_SHIBBOLETH = Persona(
    name="shibboleth",
    product="Shibboleth IdP 4",
    preset="shibboleth",
    entity_id="https://idp.campus.example/idp/shibboleth",
    sso_url="https://idp.campus.example/idp/profile/SAML2/Redirect/SSO",
    group_attribute="urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    name_format=URI,
    friendly_name="isMemberOf",
    no_groups="absent",
    protocol_prefix="saml2p",
    assertion_prefix="saml2",
    attribute_order=_DESTINATION_FIRST,
    sign="response",
    encrypt=True,
    milliseconds=True,
    not_before=timedelta(0),
    name_id_format=NAME_ID_TRANSIENT,
    others=_OID_OTHERS,
    sources=(
        "[S] java-identity-provider 4: signResponses true, signAssertions false, encryptAssertions true, PT5M, encodeType false",
        "[F] crewjam/saml samltest.id fixture: transient NameID",
        "[S] attributes without values are removed in the resolver",
    ),
)

_GOOGLE = Persona(
    name="google",
    product="Google Workspace",
    preset="google",
    entity_id="https://accounts.google.com/o/saml2?idpid=C00000000",
    sso_url="https://accounts.google.com/o/saml2/idp?idpid=C00000000",
    value_type="xs:anyType",
    no_groups="absent",
    limit=75,
    over_limit="cut",
    attributes_first=True,
    protocol_prefix="saml2p",
    assertion_prefix="saml2",
    attribute_order=_DESTINATION_FIRST,
    milliseconds=True,
    name_id_format=NAME_ID_EMAIL,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    sources=(
        "[F] crewjam/saml TestSPCanHandlePlaintextResponse: anyType, no NameFormat, order",
        "[D] Workspace Admin Help, About group membership mapping: at most 75 groups; signed response off by default",
        "[I] chef/automate issue 4075: no groups, no attribute",
    ),
)

_OKTA = Persona(
    name="okta",
    product="Okta",
    preset="okta",
    entity_id="http://www.okta.com/exk1fcia6d6EMsf331d8",
    sso_url="https://corp.okta.example/app/corp_app/exk1fcia6d6EMsf331d8/sso/saml",
    name_format=UNSPECIFIED,
    value_type="xs:string",
    no_groups="absent",
    protocol_prefix="saml2p",
    assertion_prefix="saml2",
    attribute_order=_DESTINATION_FIRST,
    prefix_list="xs",
    issuer_format=True,
    sign="both",
    milliseconds=True,
    name_id_format=NAME_ID_UNSPECIFIED,
    sources=(
        "[F] dexidp/dex connector/saml/testdata/okta-resp.xml: prefixes, order, both signed, ±5 min",
        "[MEM] the transform lists the xs prefix when there are typed values",
    ),
)

_ONELOGIN = Persona(
    name="onelogin",
    product="OneLogin (memberOf not multi-value)",
    preset="onelogin",
    entity_id="https://app.onelogin.com/saml/metadata/503983",
    sso_url="https://corp.onelogin.example/trust/saml2/http-redirect/sso/503983",
    name_format=BASIC,
    value_type="xs:string",
    types_declared_on="assertion",
    layout="joined",
    delimiter=";",
    no_groups="empty_value",
    assertion_declared_on="root",
    not_before=timedelta(minutes=-3),
    not_on_or_after=timedelta(minutes=3),
    subject_lifetime=timedelta(minutes=3),
    session_lifetime=timedelta(hours=24),
    name_id_format=NAME_ID_EMAIL,
    sources=(
        "[F] crewjam/saml TestSPCanHandleOneloginResponse: one empty value, ±3 min, +24 h",
        "[D] Cameyo guide: one semicolon-delimited string unless the parameter is multi-value",
    ),
)

_LEMONLDAP = Persona(
    name="lemonldap",
    product="LemonLDAP::NG",
    preset="lemonldap",
    entity_id="https://auth.corp.example/saml/metadata",
    sso_url="https://auth.corp.example/saml/singleSignOn",
    name_format=BASIC,
    friendly_name="memberOf",
    no_groups="no_values",
    assertion_declared_on="root",
    signature_prefix=None,
    attribute_order=("ID", "InResponseTo", "Version", "IssueInstant", "Destination"),
    sign="both",
    not_before=timedelta(seconds=-60),
    not_on_or_after=timedelta(seconds=86_460),
    subject_lifetime=timedelta(seconds=72_000),
    session_lifetime=timedelta(seconds=72_000),
    name_id_format=NAME_ID_EMAIL,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    sources=(
        "[F] tests/vectors/idp/lemonldap, version 2.16.1",
        "[S] lemonldap-ng 2.16.1: names, zero values",
    ),
)

_AUTH0 = Persona(
    name="auth0",
    product="Auth0 (SAML2 add-on)",
    preset="auth0",
    entity_id="urn:corp.auth0.example",
    sso_url="https://corp.auth0.example/samlp/AbCdEf",
    group_attribute="http://schemas.xmlsoap.org/claims/Group",
    name_format=URI,
    value_type="xs:string",
    no_groups="absent",
    attribute_order=_DESTINATION_FIRST,
    signature_prefix=None,
    milliseconds=True,
    not_before=timedelta(0),
    not_on_or_after=timedelta(hours=1),
    subject_lifetime=timedelta(hours=1),
    name_id_format=NAME_ID_UNSPECIFIED,
    authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    others=_MICROSOFT_OTHERS,
    sources=(
        "[S] auth0/node-samlp, auth0/node-saml: names, formats, absent for an empty array",
        "[I] nextcloud/server issue 7860: prefixes",
        'NOTE: its default is rsa-sha1, which is refused; this is it with signatureAlgorithm "rsa-sha256" set',
    ),
)

_AUTHENTIK = Persona(
    name="authentik",
    product="authentik",
    preset="authentik",
    entity_id="authentik",
    sso_url="https://authentik.corp.example/application/saml/app/sso/binding/redirect/",
    group_attribute="http://schemas.xmlsoap.org/claims/Group",
    no_groups="no_values",
    assertion_declared_on="root",
    session_lifetime=timedelta(days=60),
    name_id_format=NAME_ID_EMAIL,
    others=(
        OtherAttribute(
            name="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", holds="mail"
        ),
    ),
    sources=("[S] authentik providers/saml: no NameFormat, no xsi:type, zero values, SessionNotOnOrAfter",),
)

_WSO2 = Persona(
    name="wso2",
    product="WSO2 Identity Server",
    preset="wso2",
    entity_id="is.corp.example",
    sso_url="https://is.corp.example/samlsso",
    group_attribute="http://wso2.org/claims/groups",
    preset_options={"attribute": "http://wso2.org/claims/groups"},
    name_format=BASIC,
    value_type="xs:string",
    no_groups="absent",
    protocol_prefix="saml2p",
    assertion_prefix="saml2",
    sign="both",
    milliseconds=True,
    not_before=timedelta(0),
    name_id_format=NAME_ID_EMAIL,
    sources=("[S] IdentityCoreConstants: split at ',,,', blank values left out, basic, xs:string",),
)


def _variant(base: Persona, **changes: object) -> Persona:
    return replace(base, **changes)  # type: ignore[arg-type]


def _administered(name: str, product: str, host: str, *sources: str, **changes: object) -> Persona:
    """A product whose wire is what its administrator types, as far as anything is known about it."""
    base = Persona(
        name=name,
        product=product,
        preset=name,
        entity_id=f"https://{host}/saml/metadata",
        sso_url=f"https://{host}/saml/sso",
        name_format=UNSPECIFIED,
        value_type="xs:string",
        sources=sources,
    )
    return _variant(base, **changes)


_PERSONAS = {
    persona.name: persona
    for persona in (
        _ADFS,
        _variant(
            _ADFS,
            name="adfs-names",
            product="Microsoft AD FS (Token-Groups, unqualified names)",
            preset="adfs-names",
            value_form="name",
            group_attribute="http://schemas.xmlsoap.org/claims/Group",
        ),
        _ENTRA,
        _variant(
            _ENTRA, name="entra-guid", product="Microsoft Entra ID (default: object ids)", value_form="guid"
        ),
        _KEYCLOAK,
        _variant(
            _KEYCLOAK,
            name="keycloak-path",
            product="Keycloak (full group path on)",
            value_form="path",
            preset_options={"format": "path", "naming": "leaf"},
        ),
        _variant(
            _KEYCLOAK,
            name="keycloak-roles",
            product="Keycloak (client scope role_list: one Attribute per role)",
            group_attribute="Role",
            preset_options={"attribute": "Role"},
            layout="attributes",
        ),
        _OKTA,
        _GOOGLE,
        _ONELOGIN,
        _variant(
            _ONELOGIN,
            name="onelogin-dn",
            product="OneLogin (Active Directory connector)",
            value_form="dn",
            preset_options={"format": "ldap", "delimiter": ";"},
        ),
        _PINGFEDERATE,
        _administered(
            "pingone",
            "PingOne",
            "auth.pingone.example",
            "[D] attribute mappings user.memberOfGroupNames and user.memberOfGroupIDs",
        ),
        _SHIBBOLETH,
        _SIMPLESAMLPHP,
        _LEMONLDAP,
        _AUTH0,
        _AUTHENTIK,
        _administered(
            "jumpcloud", "JumpCloud", "sso.jumpcloud.example", "[D] Include group attribute, name typed"
        ),
        _WSO2,
        _administered(
            "aws", "AWS IAM Identity Center", "portal.sso.aws.example", "gap: ${user:groups} unconfirmed"
        ),
        _administered(
            "fortiauthenticator",
            "FortiAuthenticator",
            "fac.corp.example",
            "[D] groups from SAML group membership, or DNs of the LDAP memberOf",
            group_attribute="groups",
            value_form="dn",
        ),
        _administered(
            "generic",
            "a generic identity provider",
            "idp.example.test",
            "none: SAML Core only",
            preset_options={"format": "array"},
        ),
    )
}


def personas() -> tuple[Persona, ...]:
    """All personas, in the order of the documentation."""
    return tuple(_PERSONAS.values())


def persona(name: str) -> Persona:
    """The persona of that name.

    Raises:
        LookupError: No persona has that name; the message names those near to it.

    """
    try:
        return _PERSONAS[name]
    except KeyError:
        near = difflib.get_close_matches(name, _PERSONAS, n=3) or sorted(_PERSONAS)
        raise LookupError(f'no persona is called "{name}"; did you mean {", ".join(near)}?') from None
