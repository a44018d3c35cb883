//! Raw values, each distinct one read once: the groups that it names, and what else it means for a claim.

use super::intern::NONE;
use super::names::Names;
use crate::claim::{AttributeView, ClaimStatus, GroupClaim, GroupExtractor, Library};
use std::borrow::Cow;
use std::collections::HashMap;

/// What the distinct values of one thread mean.
pub(super) struct Values {
    /// The names that they hold, numbered.
    pub(super) names: Names,
    /// The one name of a value, or NONE where there is more to say.
    pub(super) single: Vec<u32>,
    /// The rest.
    pub(super) others: HashMap<u32, Value>,
}

/// What a value means that is not simply one name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Value {
    pub(super) names: Vec<u32>,
    pub(super) malformed: usize,
    pub(super) status: ClaimStatus,
    /// What it means depends on the other values of the user: identifiers are malformed alone and skipped beside names.
    pub(super) depends: bool,
}

impl Values {
    /// Reads the distinct values.
    pub(super) fn read(values: &Names, tenants: bool, extractor: &GroupExtractor) -> Self {
        let mut read = Self {
            names: Names::new(tenants),
            single: Vec::with_capacity(values.len()),
            others: HashMap::new(),
        };
        for id in values.ids() {
            let (tenant, text) = (values.tenant(id), values.str(id));
            let claim = text.map(|text| extract(extractor, &[Some(text)]));
            let single = match claim {
                Some(GroupClaim { status: ClaimStatus::Present, groups, malformed, dropped, .. })
                    if groups.len() == 1 && malformed.is_empty() && dropped.is_empty() =>
                {
                    groups.first().map_or(NONE, |name| read.names.intern(tenant, name.as_bytes()))
                }
                Some(claim) => read.other(id, tenant, &claim),
                None => {
                    // Bytes that are no UTF-8 can't be read under any format.
                    let value = Value { malformed: 1, status: ClaimStatus::Present, ..Value::default() };
                    read.others.insert(id, value);
                    NONE
                }
            };
            read.single.push(single);
        }
        read
    }

    fn other(&mut self, id: u32, tenant: u32, claim: &GroupClaim) -> u32 {
        let identifiers =
            |code: &str| ["claim.only_guids", "claim.only_sids", "claim.identifier"].contains(&code);
        let value = Value {
            names: claim.groups.iter().map(|name| self.names.intern(tenant, name.as_bytes())).collect(),
            malformed: claim.malformed.len(),
            status: claim.status,
            depends: claim.warnings.iter().any(|warning| identifiers(&warning.code)),
        };
        self.others.insert(id, value);
        NONE
    }
}

/// Reads the values of one user as a login would.
pub(super) fn extract(extractor: &GroupExtractor, values: &[Option<&str>]) -> GroupClaim {
    let name = extractor.settings().attributes.first().map(String::as_str).unwrap_or_default();
    let values = values.iter().map(|value| value.map(Cow::Borrowed)).collect();
    let view = AttributeView { name: Cow::Borrowed(name), friendly_name: None, values };
    extractor.extract(&[view], Library::MemberOf)
}
