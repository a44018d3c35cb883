//! Attribute values → [`GroupClaim`]: what the identity provider said of one user's groups, and how sure that is.

mod name;

pub use name::{Identity, key};

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

/// What the identity provider said of one user's groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
}

impl GroupClaim {
    /// Whether every value could be read: PRESENT or EMPTY, and nothing malformed.
    #[must_use]
    pub fn complete(&self) -> bool {
        matches!(self.status, ClaimStatus::Present | ClaimStatus::Empty) && self.malformed.is_empty()
    }
}
