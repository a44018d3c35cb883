//! Why a value can't be read under the format, and which format would fit.

/// Why a value can't be read under the format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unreadable {
    LooksLikeDn { joined: bool },
    LooksLikeJson,
    NotADn,
    NoNameInDn,
    JoinedDns,
    DottedDn,
    OpenQuote,
    NotJson,
    NotAPath,
    NoDomain,
}

impl Unreadable {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::LooksLikeDn { .. } => "claim.looks_like_dn",
            Self::LooksLikeJson => "claim.looks_like_json",
            Self::NotADn => "claim.not_a_dn",
            Self::NoNameInDn => "claim.no_common_name",
            Self::JoinedDns => "claim.joined_dns",
            Self::DottedDn => "claim.dotted_dn",
            Self::OpenQuote => "claim.list_open_quote",
            Self::NotJson => "claim.not_json",
            Self::NotAPath => "claim.not_a_path",
            Self::NoDomain => "claim.no_domain",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::LooksLikeDn { joined: false } => {
                "a value is a distinguished name and makes no group under this format; set format=\"ldap\", or send names at the identity provider"
            }
            Self::LooksLikeDn { joined: true } => {
                "a value joins distinguished names by \";\"; set format=\"ldap\" with delimiter=\";\", or send one value each at the identity provider"
            }
            Self::LooksLikeJson => {
                "a value is a JSON array and makes no group under this format; set format=\"json\""
            }
            Self::NotADn => {
                "a value is no distinguished name; set format=\"array\" if the values are names, or format=\"csv\" for a delimited list"
            }
            Self::NoNameInDn => {
                "the first RDN of a distinguished name has not the type that names the group, and none further right is searched for; send groups whose name begins with it, or set naming"
            }
            Self::JoinedDns => {
                "a value seems to join several distinguished names; send one value each at the identity provider, or set delimiter=\";\" if that joins them"
            }
            Self::DottedDn => {
                "a value is an eDirectory name with dots (CN=a.OU=b), which can't be told from one long CN; send LDAP names with commas"
            }
            Self::OpenQuote => "a list has a quotation mark that is never closed",
            Self::NotJson => {
                "a value is no JSON array of texts; set format=\"array\" if the values are names, or format=\"csv\" for a delimited list"
            }
            Self::NotAPath => {
                "a value is no path that begins with \"/\"; set format=\"array\", or switch the full group path on at the identity provider"
            }
            Self::NoDomain => {
                "a value has no domain before its name (DOMAIN\\name); set format=\"array\" if the values are plain names"
            }
        }
    }
}
