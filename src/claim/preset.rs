//! What is known of each identity provider, as data. A statement without a source in its comment isn't made.

use super::format::Format;

/// How one identity provider sends groups.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name to ask for.
    pub name: &'static str,
    /// The product.
    pub title: &'static str,
    /// The attribute names that are merged.
    pub attributes: &'static [&'static str],
    /// Other names of the same attribute, tried in order where none of `attributes` is there.
    pub aliases: &'static [&'static str],
    /// The format of the values; None where it must be said.
    pub format: Option<Format>,
    /// The delimiter of the format.
    pub delimiter: Option<&'static str>,
    /// How many groups it sends at most.
    pub limit: Option<usize>,
    /// Whether an overage link may stand under any attribute name.
    pub overage: Overage,
    /// What it sends for a user without groups.
    pub without_groups: &'static str,
    /// What an administrator should know.
    pub note: &'static str,
}

/// Where an overage link is looked for. Its usual name, and the group attribute itself, are looked at always.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Overage {
    /// Nowhere else.
    ByName,
    /// Also in the values of every other attribute, when the group attribute isn't there.
    ByValue,
}

const MEMBER_OF: &str = "memberOf";
// OID of Active Directory's memberOf: MS-ADA2 "Attribute memberOf"; Keycloak forum topic 12266 shows it on the wire.
const MEMBER_OF_OID: &str = "urn:oid:1.2.840.113556.1.2.102";
// Internet2 MACE-Dir eduMember.
const IS_MEMBER_OF_OID: &str = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1";
const IS_MEMBER_OF_MACE: &str = "urn:mace:dir:attribute-def:isMemberOf";
// AD FS claim type "Group"; lower case only in pysaml2's adfs_v20 map.
const CLAIMS_GROUP: &str = "http://schemas.xmlsoap.org/claims/Group";
const CLAIMS_GROUP_LOWER: &str = "http://schemas.xmlsoap.org/claims/group";
// entra-docs, how-to-connect-fed-group-claims.
const ENTRA_GROUPS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";

const ABSENT: &str = "no attribute";
const UNKNOWN: &str = "not known";

const NOTHING_SPECIAL: Preset = Preset {
    name: "",
    title: "",
    attributes: &[MEMBER_OF],
    aliases: &[],
    format: Some(Format::Array),
    delimiter: None,
    limit: None,
    overage: Overage::ByName,
    without_groups: UNKNOWN,
    note: "",
};

/// All presets, in the order of the documentation.
///
/// The role attributes (`…/claims/role`, Keycloak's `Role`) are no aliases: roles are not groups unless an
/// administrator says so with `attribute=`.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "adfs",
        title: "Microsoft AD FS, Is-Member-Of-DL",
        // Wire: gitlabhq adfs_saml_response.xml, gosaml2 adfs_response.b64. LDAP attribute Is-Member-Of-DL → DNs:
        // Microsoft "Create a Rule to Send LDAP Attributes as Claims". memberOf is direct membership only (MS-ADA2).
        aliases: &[CLAIMS_GROUP, CLAIMS_GROUP_LOWER],
        format: Some(Format::Ldap),
        without_groups: ABSENT, // netbox-plugin-auth-saml2 PR 40; inferred for AD FS
        note: "direct memberships only; the primary group (Domain Users) is never in it",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "adfs-names",
        title: "Microsoft AD FS, Token-Groups",
        // Token-Groups - Unqualified Names → sAMAccountName. Qualified ones: format="domain".
        aliases: &[CLAIMS_GROUP, CLAIMS_GROUP_LOWER],
        without_groups: ABSENT,
        note: "nested security groups; \"Domain Users\" is nearly always there; qualified names need format=\"domain\"",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "entra",
        title: "Microsoft Entra ID (Azure AD)",
        attributes: &[ENTRA_GROUPS],
        aliases: &[MEMBER_OF],
        limit: Some(150),          // entra-docs: 150 groups in SAML, nested ones counted
        overage: Overage::ByValue, // ansible/awx 4177; whether a customised name renames the link isn't known
        without_groups: ABSENT,    // netbox-plugin-auth-saml2 PR 40
        note: "sends object IDs unless the source attribute is changed; if the claim's name is customised with a filter, say attribute=\"memberOf\": where no group matches, Entra sends the unfiltered original claim instead",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "keycloak",
        title: "Keycloak, Group list mapper",
        // GroupMembershipMapper: default name "member", one Attribute or one per group. On the wire, 26.7.3:
        // tests/vectors/idp/keycloak.
        aliases: &["member", MEMBER_OF_OID],
        without_groups: "no attribute, or no AttributeStatement", // AttributeStatementHelper: made inside the loop
        note: "switch the full group path off, or set format=\"path\"; parents of a group are not sent",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "okta",
        title: "Okta",
        // dexidp/dex okta-resp.xml: one AttributeValue each. Names are the administrator's choice.
        aliases: &["groups", "Groups"],
        without_groups: "no attribute, or no AttributeStatement", // teleport 1554, 3013; inferred for a narrow filter
        note: "array profile attributes may come as one comma-separated value: format=\"csv\"",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "google",
        title: "Google Workspace",
        aliases: &["groups"],
        limit: Some(75), // Google "About group membership mapping": at most 75 group names
        without_groups: ABSENT, // chef/automate 4075
        note: "sends only groups picked in the console; a renamed group must be picked again",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "onelogin",
        title: "OneLogin",
        aliases: &["group"], // gosaml2 providertests onelogin/olgn09
        format: Some(Format::Csv),
        delimiter: Some(";"), // Cameyo guide: transform "Semicolon Delimited input"
        without_groups: "one empty value", // crewjam/saml TestSPCanHandleOneloginResponse; ruby-saml test_sign.xml
        note: "with the AD connector the values are distinguished names: format=\"ldap\", delimiter=\";\"",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "pingfederate",
        title: "PingFederate",
        aliases: &["group"], // gosaml2 pingfed/pfed11: one value "red,green,blue"
        format: Some(Format::Csv),
        delimiter: Some(","),
        note: "memberOf of an LDAP store gives distinguished names: format=\"ldap\"",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "pingone",
        title: "PingOne",
        // Attribute mapping "Group Names" (user.memberOfGroupNames).
        note: "map Group Names, not Group IDs; custom attributes hold 16 KB in sum",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "shibboleth",
        title: "Shibboleth IdP",
        attributes: &[IS_MEMBER_OF_OID],
        aliases: &[IS_MEMBER_OF_MACE, MEMBER_OF_OID, MEMBER_OF],
        without_groups: "no attribute, or no AttributeStatement", // java-identity-provider 4: skipped in resolver and encoder
        note: "memberOf of an LDAP connector gives distinguished names: format=\"ldap\"; entitlements are no groups",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "simplesamlphp",
        title: "SimpleSAMLphp",
        // ldap:AttributeAddUsersGroups fills "groups" with DNs, nested; plain LDAP memberOf: DNs, direct. On the wire,
        // 1.19.7: tests/vectors/idp/simplesamlphp, and openldap for a directory behind it.
        aliases: &["groups", MEMBER_OF_OID],
        format: Some(Format::Ldap),
        without_groups: "no attribute, an attribute without values, or nil", // source: AttributeAddUsersGroups; empty array; null
        note: "core:GenerateGroups makes plain names: format=\"array\"",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "lemonldap",
        title: "LemonLDAP::NG",
        aliases: &["groups"],
        without_groups: "an attribute without values", // 2.16.1: tests/vectors/idp/lemonldap/groups0
        note: "a group name that holds \"; \" arrives as two groups",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "auth0",
        title: "Auth0",
        attributes: &[CLAIMS_GROUP], // auth0/node-samlp, default mapping of the SAML add-on
        aliases: &[MEMBER_OF],
        without_groups: "no attribute, or one empty value", // node-saml: empty or undefined is left out, null is empty
        note: "signs with RSA-SHA1 unless told otherwise",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "authentik",
        title: "authentik",
        attributes: &[CLAIMS_GROUP], // authentik source, default property mapping
        aliases: &[MEMBER_OF],
        without_groups: "an attribute without values", // authentik source
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "jumpcloud",
        title: "JumpCloud",
        // "Include group attribute" and a typed name (JumpCloud documentation).
        aliases: &["groups"],
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "wso2",
        title: "WSO2 Identity Server",
        format: Some(Format::Csv),
        delimiter: Some(",,,"), // IdentityCoreConstants: default multi-attribute separator
        without_groups: "no attribute, or no AttributeStatement", // source: blank is left out
        note: "the claim's URI is the attribute's name: say attribute=; a name may hold single commas",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "aws",
        title: "AWS IAM Identity Center",
        // AWS documentation: attribute mapping table. Whether ${user:groups} sends IDs isn't confirmed.
        note: "the attribute mapping may send group IDs: map them to names by a rule",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "fortiauthenticator",
        title: "FortiAuthenticator",
        // Fortinet documentation: "groups" from "SAML group membership", or LDAP memberOf.
        attributes: &["groups"],
        aliases: &[MEMBER_OF],
        format: Some(Format::Ldap),
        note: "\"SAML group membership\" sends plain names: format=\"array\"",
        ..NOTHING_SPECIAL
    },
    Preset {
        name: "generic",
        title: "any other; say the format",
        aliases: &[
            MEMBER_OF_OID,
            IS_MEMBER_OF_OID,
            CLAIMS_GROUP,
            CLAIMS_GROUP_LOWER,
            ENTRA_GROUPS,
            "groups",
            "Groups",
        ],
        format: None,
        overage: Overage::ByValue,
        ..NOTHING_SPECIAL
    },
];

/// The preset of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// Whether an attribute of this name usually carries groups at some identity provider: for hints, never for matching.
pub(crate) fn is_well_known(name: &str) -> bool {
    PRESETS.iter().any(|preset| preset.attributes.contains(&name) || preset.aliases.contains(&name))
}
