//! What can be wrong with a claim, a state, a policy or a serialised plan.

use thiserror::Error;

/// A reconciliation that cannot or must not be done. Messages hold counts, never names of groups.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ReconcileError {
    /// Two existing groups are the same group under the policy's identity.
    #[error("{count} existing groups share a key with another group, every group needs its own")]
    GroupKeyCollision {
        /// How many groups share their key with one before them.
        count: usize,
    },
    /// The state has a membership, an origin or the like of a group that it does not list.
    #[error("{field} names {count} groups that the state's groups do not list")]
    UnknownGroup {
        /// The field of the state.
        field: &'static str,
        /// How many.
        count: usize,
    },
    /// A policy with mistakes; all of them.
    #[error("the policy has {} mistakes: {}", .problems.len(), .problems.join("; "))]
    Policy {
        /// One sentence each.
        problems: Vec<String>,
    },
    /// The attribute is missing and the policy refuses that.
    #[error("the group attribute is missing and on_absent is \"refuse\"")]
    Absent,
    /// The identity provider left the groups out and the policy refuses that.
    #[error("the identity provider left the groups out (overage) and on_overage is \"refuse\"")]
    Overage,
    /// Values could not be read and the policy refuses that.
    #[error("{count} values of the group attribute cannot be read and on_malformed is \"refuse\"")]
    Malformed {
        /// How many.
        count: usize,
    },
    /// The user is in none of the groups of which one is required.
    #[error("none of the {count} required_groups is among the user's groups")]
    RequiredGroup {
        /// How many groups would have been enough.
        count: usize,
    },
    /// A serialised plan is no plan.
    #[error("this is no plan: {detail}")]
    PlanSyntax {
        /// What is wrong with it.
        detail: String,
    },
    /// A serialised plan is not the one that was made.
    #[error("the plan's content does not match its fingerprint")]
    PlanFingerprint,
}

impl ReconcileError {
    /// A stable code, `floor.fact`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::GroupKeyCollision { .. } => "config.group_key_collision",
            Self::UnknownGroup { .. } => "config.state_unknown_group",
            Self::Policy { .. } => "config.policy",
            Self::Absent => "claim.absent",
            Self::Overage => "claim.overage",
            Self::Malformed { .. } => "claim.malformed",
            Self::RequiredGroup { .. } => "claim.required_group",
            Self::PlanSyntax { .. } => "plan.syntax",
            Self::PlanFingerprint => "plan.fingerprint",
        }
    }

    /// What an operator can change, and where.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::GroupKeyCollision { .. } => {
                Some("rename one of each pair, or compare names exactly: SyncPolicy(identity=\"exact\")")
            }
            Self::Absent => {
                Some("check the attribute's name at both ends, or choose another on_absent in SyncPolicy")
            }
            Self::Overage => Some(
                "let the identity provider send only groups assigned to this application, or give SyncPolicy(on_overage=…) a function that fetches them",
            ),
            Self::Malformed { .. } => {
                Some("check the format of the group attribute: claim.warnings says which one would fit")
            }
            Self::RequiredGroup { .. } => {
                Some("add the user to one of the required groups at the identity provider")
            }
            Self::PlanFingerprint => Some("plans are not edited: change the policy and plan again"),
            Self::UnknownGroup { .. } | Self::Policy { .. } | Self::PlanSyntax { .. } => None,
        }
    }
}
