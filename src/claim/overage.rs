//! How an identity provider says that it left the groups out.

use super::format::trim;

/// Entra's attribute in place of the groups (entra-docs, reference-saml-tokens; ansible/awx 4177). The sample in the
/// documentation has a blank before the name (copied in keycloak 16689), so blanks don't count.
pub(crate) fn is_marker(name: &str) -> bool {
    let name = trim(name);
    name.eq_ignore_ascii_case("http://schemas.microsoft.com/claims/groups.link")
}

/// Its value: a link of the Azure AD Graph or of the Microsoft Graph where all groups could be asked for.
pub(crate) fn is_link(value: &str) -> bool {
    let value = trim(value);
    let (Some(scheme), Some(path)) = (value.get(..8), value.split(['?', '#']).next()) else { return false };
    scheme.eq_ignore_ascii_case("https://")
        && ["/getMemberObjects", "/getMemberGroups"].iter().any(|end| {
            let start = path.len().checked_sub(end.len());
            start.and_then(|start| path.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        })
}
