"""Which product a message comes from, by what it looks like. A clue without a source in its comment isn't used.

Marks: [D] documentation of the vendor, [S] its source code, [F] a published or captured Response, [I] an issue.
"""

from __future__ import annotations

from datetime import timedelta

from memberof.doctor.product import Facts, Likely, Product

BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

#: So many points name a product. An issuer of the vendor's own form gives twice as many, a habit of the wire 1 to 3.
ENOUGH = 5
_ISSUER = 10


def recognise(facts: Facts) -> Likely | None:
    """Return the product with the most clues; None if that is too few, or if two have as many."""
    scores = []
    for product in PRODUCTS:
        seen = [(points, what) for points, what, fits in product.clues if fits(facts)]
        scores.append((sum(points for points, _ in seen), product, tuple(what for _, what in seen)))
    scores.sort(key=lambda score: -score[0])
    (best, product, because), (second, _, _) = scores[:2]
    return Likely(product=product, because=because) if best >= ENOUGH and best > second else None


def of_preset(preset: str) -> Product | None:
    """The product that a preset is of."""
    return next((product for product in PRODUCTS if preset in product.presets.values()), None)


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


_MICROSOFT = "http://schemas.microsoft.com/"

PRODUCTS: tuple[Product, ...] = (
    Product(
        name="adfs",
        title="Microsoft AD FS",
        presets={"ldap": "adfs", "": "adfs-names"},
        page="docs/idp/adfs.md",
        send="Relying Party Trusts → the trust → Edit Claim Issuance Policy → Add Rule → Send LDAP Attributes as Claims: "
        "Is-Member-Of-DL (or Token-Groups - Unqualified Names), outgoing claim type memberOf",
        clues=(
            (_ISSUER, "issuer ends in /adfs/services/trust", lambda f: f.issuer(r"/adfs/services/trust$")),
            # [F] gitlabhq adfs_saml_response.xml
            (
                5,
                "signed in by Windows",
                lambda f: bool(f.seen and f.seen.authn_context == "urn:federation:authentication:windows"),
            ),
            (
                2,
                "Consent is unspecified",
                lambda f: bool(f.seen and (f.seen.consent or "").endswith("consent:unspecified")),
            ),
            (
                1,
                "attributes before the authentication",
                lambda f: bool(f.seen and f.seen.attributes_first and f.formats() == {None}),
            ),
            # [D] Set-AdfsRelyingPartyTrust: TokenLifetime 60 minutes, NotBeforeSkew 0
            (1, "valid for 60 minutes", lambda f: f.lasts(timedelta(0), _minutes(60))),
        ),
    ),
    Product(
        name="entra",
        title="Microsoft Entra ID",
        presets={"": "entra"},
        page="docs/idp/entra.md",
        send="Enterprise applications → the application → Single sign-on → Attributes & Claims → Add a group claim → "
        "Groups assigned to the application, source attribute sAMAccountName or cloud-only display names",
        clues=(
            # [D] entra-docs single-sign-on-saml-protocol
            (_ISSUER, "issuer is of sts.windows.net", lambda f: f.issuer(r"^https://sts\.windows\.net/")),
            (
                _ISSUER,
                "issuer is of login.microsoftonline.com",
                lambda f: f.issuer(r"^https://login\.microsoftonline\.(com|us)/"),
            ),
            # [D] entra-docs reference-saml-tokens
            (
                5,
                "has an object or tenant identifier",
                lambda f: f.named(
                    _MICROSOFT + "identity/claims/objectidentifier",
                    _MICROSOFT + "identity/claims/tenantid",
                ),
            ),
            (5, "sends groups.link", lambda f: f.named(_MICROSOFT + "claims/groups.link")),
            (
                3,
                "Entra's name for groups",
                lambda f: f.named(_MICROSOFT + "ws/2008/06/identity/claims/groups"),
            ),
        ),
    ),
    Product(
        name="keycloak",
        title="Keycloak",
        presets={"": "keycloak"},
        page="docs/idp/keycloak.md",
        send="Clients → the client → Client scopes → <client>-dedicated → Add mapper → By configuration → Group list: "
        "group attribute name memberOf, Single Group Attribute on, Full group path off",
        clues=(
            (_ISSUER, "issuer is a realm", lambda f: f.issuer(r"/realms/[^/]+$")),
            # [I] keycloak 22962, 32885
            (3, "prefix dsig", lambda f: bool(f.seen and f.seen.signature_prefix == "dsig")),
            # [S] RoleListMapper
            (2, "an attribute Role", lambda f: "Role" in f.names and f.formats() <= {BASIC}),
            (1, "only the Response is signed", lambda f: f.signed("Response")),
        ),
    ),
    Product(
        name="okta",
        title="Okta",
        presets={"": "okta"},
        page="docs/idp/okta.md",
        send="Applications → the application → Sign On → Edit → Group Attribute Statements: name memberOf, filter "
        "Starts with or Matches regex",
        clues=(
            # [F] dexidp/dex okta-resp.xml
            (
                _ISSUER,
                "issuer is of Okta",
                lambda f: f.issuer(r"^https?://[^/]*\bokta(preview|-emea)?\.com/"),
            ),
            (1, "prefixes saml2p, saml2, ds", lambda f: f.prefixes("saml2p", "saml2", "ds")),
            (1, "Response and Assertion are signed", lambda f: f.signed("Response", "Assertion")),
            (1, "valid from 5 minutes before to 5 after", lambda f: f.lasts(_minutes(-5), _minutes(5))),
            (
                1,
                "the Issuer says that it is an entity",
                lambda f: bool(f.seen and f.seen.issuer_format == ENTITY),
            ),
        ),
    ),
    Product(
        name="google",
        title="Google Workspace",
        presets={"": "google"},
        page="docs/idp/google.md",
        send="Admin console → Apps → Web and mobile apps → the application → SAML attribute mapping → Group membership: "
        "choose the groups, App attribute memberOf",
        clues=(
            # [F] crewjam/saml TestSPCanHandlePlaintextResponse
            (
                _ISSUER,
                "issuer is of accounts.google.com",
                lambda f: f.issuer(r"^https://accounts\.google\.com/"),
            ),
            (3, "values of type anyType", lambda f: "xs:anyType" in f.types() and f.formats() == {None}),
            (1, "prefixes saml2p, saml2, ds", lambda f: f.prefixes("saml2p", "saml2", "ds")),
            (
                1,
                "attributes before the authentication",
                lambda f: bool(f.seen and f.seen.attributes_first),
            ),
        ),
    ),
    Product(
        name="onelogin",
        title="OneLogin",
        presets={"": "onelogin"},
        page="docs/idp/onelogin.md",
        send="Applications → the application → Parameters → +: field name memberOf, Include in SAML assertion and "
        "Multi-value parameter ticked → value MemberOf, transform Semicolon Delimited input",
        clues=(
            # [F] crewjam/saml TestSPCanHandleOneloginResponse
            (_ISSUER, "issuer is of onelogin.com", lambda f: f.issuer(r"^https://[^/]*\bonelogin\.com/")),
            (3, "valid from 3 minutes before to 3 after", lambda f: f.lasts(_minutes(-3), _minutes(3))),
            (1, "a session of 24 hours", lambda f: f.session(timedelta(hours=24))),
        ),
    ),
    Product(
        name="pingone",
        title="PingOne",
        presets={"": "pingone"},
        page="docs/idp/ping.md",
        send="Applications → the application → Attribute Mappings → Add memberOf → Group Names",
        clues=((_ISSUER, "issuer is of PingOne", lambda f: f.issuer(r"//[^/]*\bpingone\.")),),
    ),
    Product(
        name="pingfederate",
        title="PingFederate",
        presets={"": "pingfederate"},
        page="docs/idp/ping.md",
        send="SP connection → Attribute Contract: extend with memberOf → Attribute Contract Fulfillment: LDAP store, "
        "memberOf (tick Nested Groups if wanted)",
        # Its entity ID is the administrator's, and its habits ([F] gosaml2 pingfed/pfed11) are those of others too.
    ),
    Product(
        name="shibboleth",
        title="Shibboleth IdP",
        presets={"": "shibboleth"},
        page="docs/idp/shibboleth.md",
        send="attribute-resolver.xml: an AttributeDefinition memberOf with a SAML2String encoder; attribute-filter.xml: a "
        "PermitValueRule for it",
        clues=(
            # [F] crewjam/saml samltest.id; the installer's default entity ID
            (_ISSUER, "issuer ends in /idp/shibboleth", lambda f: f.issuer(r"/idp/shibboleth$")),
            (1, "prefixes saml2p, saml2", lambda f: f.prefixes("saml2p", "saml2", "ds")),
            # [S] java-identity-provider 4: the default registry
            (
                3,
                "OIDs with FriendlyNames",
                lambda f: bool(
                    f.seen
                    and f.named("urn:oid:")
                    and f.formats() == {URI}
                    and all(attribute.friendly_name for attribute in f.seen.attributes)
                ),
            ),
            # [S] signResponses true, signAssertions false, encryptAssertions true
            (1, "only the Response is signed", lambda f: f.signed("Response")),
            (
                1,
                "the Assertion is encrypted",
                lambda f: bool(f.seen and f.seen.hides_assertion and f.seen.protocol_prefix == "saml2p"),
            ),
        ),
    ),
    Product(
        name="simplesamlphp",
        title="SimpleSAMLphp",
        presets={"": "simplesamlphp"},
        page="docs/idp/simplesamlphp.md",
        send="saml20-sp-remote: 'attributes' => ['memberOf']; an authproc filter core:AttributeMap renames 'groups' to "
        "'memberOf'",
        clues=(
            # The default entity ID of the hosted IdP
            (
                _ISSUER,
                "issuer ends in /saml2/idp/metadata.php",
                lambda f: f.issuer(r"/saml2/idp/metadata\.php$"),
            ),
            # [F] tests/vectors/idp/simplesamlphp, 1.19.7
            (
                2,
                "types declared on the Assertion",
                lambda f: bool(
                    f.seen
                    and f.seen.types_declared_on == "Assertion"
                    and f.prefixes("samlp", "saml", f.seen.signature_prefix)
                ),
            ),
            # [S] saml20-idp-hosted: NotBefore -30 s, assertion.lifetime 300 s; session.duration 8 h
            (
                3,
                "valid from 30 seconds before to 5 minutes after",
                lambda f: f.lasts(timedelta(seconds=-30), _minutes(5)),
            ),
            (2, "a session of 8 hours", lambda f: f.session(timedelta(hours=8))),
        ),
    ),
    Product(
        name="lemonldap",
        title="LemonLDAP::NG",
        presets={"": "lemonldap"},
        page="docs/idp/lemonldap.md",
        send="SAML service providers → the SP → Exported attributes: key groups, name memberOf, mandatory off",
        clues=(
            # [F] tests/vectors/idp/lemonldap, 2.16.1: Conditions of a day with a tolerance of a minute on both sides
            (3, "valid for a day and two minutes", lambda f: f.lasts(_minutes(-1), _minutes(24 * 60 + 1))),
            (2, "prefixes samlp, saml, none for Signature", lambda f: f.prefixes("samlp", "saml", "")),
            (2, "a session of 20 hours", lambda f: f.session(timedelta(hours=20))),
            (
                1,
                "FriendlyNames equal Names",
                lambda f: bool(
                    f.seen
                    and f.seen.attributes
                    and all(attribute.friendly_name == attribute.name for attribute in f.seen.attributes)
                ),
            ),
        ),
    ),
    Product(
        name="auth0",
        title="Auth0",
        presets={"": "auth0"},
        page="docs/idp/auth0.md",
        send='Applications → the application → Addons → SAML2 Web App → mappings: "groups": '
        '"http://schemas.xmlsoap.org/claims/Group"',
        clues=(
            # [S] auth0/node-samlp
            (_ISSUER, "issuer is of Auth0", lambda f: f.issuer(r"^(urn:|https://)[^/]*\bauth0\.")),
            (5, "Auth0's own claims", lambda f: f.named("http://schemas.auth0.com/")),
        ),
    ),
    Product(
        name="authentik",
        title="authentik",
        presets={"": "authentik"},
        page="docs/idp/authentik.md",
        send="Applications → Providers → the SAML provider → Property mappings: authentik default SAML Mapping: Groups",
        clues=(
            (_ISSUER, "issuer is authentik", lambda f: f.issuer(r"^authentik$|//authentik\.")),
            (5, "authentik's own claims", lambda f: f.named("http://schemas.goauthentik.io/")),
        ),
    ),
    Product(
        name="jumpcloud",
        title="JumpCloud",
        presets={"": "jumpcloud"},
        page="docs/idp/jumpcloud.md",
        send="SSO Applications → the application → SSO → Include group attribute: memberOf",
        clues=((_ISSUER, "issuer names JumpCloud", lambda f: f.issuer(r"jumpcloud")),),
    ),
    Product(
        name="wso2",
        title="WSO2 Identity Server",
        presets={"": "wso2"},
        page="docs/idp/wso2.md",
        send="the application → User Attributes: request http://wso2.org/claims/groups",
        # [S] the dialect of its local claims
        clues=((5, "claims of WSO2", lambda f: f.named("http://wso2.org/claims/")),),
    ),
    Product(
        name="aws",
        title="AWS IAM Identity Center",
        presets={"": "aws"},
        page="docs/idp/aws.md",
        send="the application → Actions → Edit attribute mappings",
        clues=((_ISSUER, "issuer is of AWS", lambda f: f.issuer(r"//[^/]*\.(amazonaws|aws\.amazon)\.com/")),),
    ),
    Product(
        name="pysaml2",
        title="an identity provider built on pysaml2 (such as djangosaml2idp)",
        # [F] tests/vectors/idp/djangosaml2idp2: ElementTree numbers the prefixes
        clues=((5, "prefixes ns0, ns1", lambda f: f.prefixes("ns0", "ns1", "ns2")),),
    ),
    Product(
        name="boxyhq-saml20",
        title="an identity provider built on @boxyhq/saml20 (such as Mock SAML)",
        # [F] tests/vectors/idp/npm-boxyhq-saml20
        clues=(
            (2, "prefixes samlp, saml, none for Signature", lambda f: f.prefixes("samlp", "saml", "")),
            (
                2,
                "types declared on the Response",
                lambda f: bool(f.seen and f.seen.types_declared_on == "Response"),
            ),
            (
                1,
                "the Issuer says that it is an entity",
                lambda f: bool(f.seen and f.seen.issuer_format == ENTITY),
            ),
            (1, "valid from 5 minutes before to 10 after", lambda f: f.lasts(_minutes(-5), _minutes(10))),
        ),
    ),
)
