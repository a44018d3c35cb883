//! Attribute values → [`GroupClaim`]: what the identity provider said of one user's groups, and how sure that is.

mod ber;
mod column;
mod common_name;
mod confusable;
mod dn;
mod extractor;
mod format;
mod list;
mod name;
mod overage;
mod parts;
mod pattern;
mod preset;
mod rules;
mod settle;
mod unreadable;

pub use column::{ColumnError, ReadColumn, common_names, extract_column};
pub use common_name::first_common_name;
pub use confusable::confusable_names;
pub use dn::{DistinguishedName, DnError, DnFault, DnValue, TypeAndValue};
pub use extractor::{AttributeView, GroupExtractor, Library, MAX_NAME_LENGTH, Settings};
pub use format::{Format, Naming, Reader};
pub use list::{ListError, split_list};
pub use name::{Identity, key};
pub use pattern::{Pattern, PatternKind};
pub use preset::{Overage, PRESETS, Preset, preset};
pub use rules::GroupRules;

use serde::{Deserialize, Serialize};

/// How the identity provider spoke of groups in this login; the four are never blurred.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimStatus {
    /// The attribute is there and has a value.
    Present,
    /// The attribute is there and says "none": no value, or only empty, white-space or nil values.
    Empty,
    /// There is no such attribute.
    #[default]
    Absent,
    /// The identity provider says that it left the groups out (Entra's `groups.link`).
    Overage,
}

/// Something an administrator should know about a claim. The code is stable; the message holds no values.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ClaimWarning {
    /// Stable code, such as `claim.looks_like_dn`.
    pub code: String,
    /// One sentence: the fact, and what to change where.
    pub message: String,
    /// Which value of the attribute it is about, counted from 0 in the order of the claim's values.
    pub value_index: Option<usize>,
}

/// A name or value that is deliberately not a group of the claim, and why. It counts as read.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Dropped {
    /// The value as received, or the name read from it.
    pub value: String,
    /// Stable reason, such as `rule.exclude` or `claim.control_character`.
    pub reason: String,
}

/// A name that a rule gave another name.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Renamed {
    /// The name as received.
    pub name: String,
    /// The group that it is here.
    pub group: String,
}

/// What the identity provider said of one user's groups.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct GroupClaim {
    /// How it spoke of groups.
    pub status: ClaimStatus,
    /// Names: NFC, trimmed, unique, in the order first seen.
    pub groups: Vec<String>,
    /// Values that could not be read under the format, in order. Any makes the claim incomplete.
    pub malformed: Vec<String>,
    /// Values that were skipped or dropped by rules, in order. They do not make the claim incomplete.
    pub dropped: Vec<Dropped>,
    /// The wire name of the attribute that matched (the first, if several did).
    pub attribute: Option<String>,
    /// The identity provider's own limit on groups, where it has one (Entra 150, Google 75).
    pub limit: Option<usize>,
    /// Whether absence means that the identity provider did not send the attribute. False where the values
    /// came through a SAML library that drops attributes (pysaml2's defaults): then ABSENT is held.
    pub absence_proved: bool,
    /// What an administrator should know, in the order found.
    pub warnings: Vec<ClaimWarning>,
    /// How many values there were, items of lists counted one by one; blank items of a list not at all.
    pub received: usize,
    /// How many values repeated a group.
    pub duplicates: usize,
    /// How many groups rules made beyond one a name. `received` + `fanned_out` is groups + `duplicates` + dropped +
    /// malformed.
    pub fanned_out: usize,
    /// Names that rules renamed, in order.
    pub renamed: Vec<Renamed>,
}

/// Sizes only: a claim holds what the identity provider said about a person.
impl std::fmt::Debug for GroupClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupClaim")
            .field("status", &self.status)
            .field("groups", &self.groups.len())
            .field("malformed", &self.malformed.len())
            .field("dropped", &self.dropped.len())
            .field("attribute", &self.attribute)
            .field("warnings", &self.warnings.iter().map(|warning| &warning.code).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl GroupClaim {
    fn warn(&mut self, code: &str, message: String, value_index: Option<usize>) {
        self.warnings.push(ClaimWarning { code: code.to_owned(), message, value_index });
    }

    fn drop_value(&mut self, value: String, reason: &str) {
        self.dropped.push(Dropped { value, reason: reason.to_owned() });
    }

    /// Whether every value could be read: PRESENT or EMPTY, and nothing malformed.
    #[must_use]
    pub fn complete(&self) -> bool {
        matches!(self.status, ClaimStatus::Present | ClaimStatus::Empty) && self.malformed.is_empty()
    }
}
