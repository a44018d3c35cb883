//! A plan: what one login does, as data.

use super::ReconcileError;
use super::fingerprint::Fingerprint;
use crate::claim::ClaimStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

/// What a change does. The order is the order in which changes stand.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make an external group.
    Create,
    /// Make an internal group external.
    Adopt,
    /// Put the user into a group.
    Attach,
    /// Take the user out of a group.
    Detach,
}

/// Why a change is made, or why it is held.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The identity provider sent it.
    Received,
    /// The identity provider sent others, not this one.
    NotReceived,
    /// The identity provider said: no groups.
    ClaimEmpty,
    /// There was no attribute, which means no groups under the policy.
    ClaimAbsent,
    /// Held: a value could not be read under the format.
    ClaimMalformed,
    /// Held: the identity provider left the groups out.
    ClaimOverage,
    /// Held: there was no attribute, and the policy keeps.
    AbsentKept,
    /// Held: there was no attribute, and it was never seen from this identity provider.
    AbsentNotSeen,
    /// Held: there was no attribute, but the SAML library may have dropped it.
    AbsentUnproved,
    /// Held: there was no attribute, and the last claim was near the identity provider's limit.
    AbsentNearLimit,
    /// Held: the group is internal, and the policy does not adopt.
    InternalRefused,
    /// Held: the internal group has members who never logged in from this identity provider.
    InternalHasStrangers,
    /// Held: the policy creates no groups.
    CreateMissingOff,
    /// Held: the login would create more groups than `max_creates`.
    MaxCreates,
    /// Held: the claim has more groups than `max_groups`.
    MaxGroups,
    /// Held: the group is protected.
    Protected,
    /// Held: she is the group's last member.
    LastMember,
    /// Held: the mode is `attach_only`.
    AttachOnly,
    /// Held: the caller holds detachments.
    DetachmentsHeld,
    /// Held: the circuit breaker has tripped.
    BreakerTripped,
    /// Held: changes of this identity provider were undone, and an administrator has not released it since.
    HeldAfterUndo,
    /// Held: the login would take all her external groups, and an administrator has to confirm it.
    AwaitsConfirmation,
}

impl Reason {
    /// All of them, in order.
    pub const ALL: [Self; 22] = [
        Self::Received,
        Self::NotReceived,
        Self::ClaimEmpty,
        Self::ClaimAbsent,
        Self::ClaimMalformed,
        Self::ClaimOverage,
        Self::AbsentKept,
        Self::AbsentNotSeen,
        Self::AbsentUnproved,
        Self::AbsentNearLimit,
        Self::InternalRefused,
        Self::InternalHasStrangers,
        Self::CreateMissingOff,
        Self::MaxCreates,
        Self::MaxGroups,
        Self::Protected,
        Self::LastMember,
        Self::AttachOnly,
        Self::DetachmentsHeld,
        Self::BreakerTripped,
        Self::HeldAfterUndo,
        Self::AwaitsConfirmation,
    ];

    /// The stable word of it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::NotReceived => "not_received",
            Self::ClaimEmpty => "claim_empty",
            Self::ClaimAbsent => "claim_absent",
            Self::ClaimMalformed => "claim_malformed",
            Self::ClaimOverage => "claim_overage",
            Self::AbsentKept => "absent_kept",
            Self::AbsentNotSeen => "absent_not_seen",
            Self::AbsentUnproved => "absent_unproved",
            Self::AbsentNearLimit => "absent_near_limit",
            Self::InternalRefused => "internal_refused",
            Self::InternalHasStrangers => "internal_has_strangers",
            Self::CreateMissingOff => "create_missing_off",
            Self::MaxCreates => "max_creates",
            Self::MaxGroups => "max_groups",
            Self::Protected => "protected",
            Self::LastMember => "last_member",
            Self::AttachOnly => "attach_only",
            Self::DetachmentsHeld => "detachments_held",
            Self::BreakerTripped => "breaker_tripped",
            Self::HeldAfterUndo => "held_after_undo",
            Self::AwaitsConfirmation => "awaits_confirmation",
        }
    }

    /// Whether a caller may hold detachments for this reason.
    #[must_use]
    pub fn may_hold_detachments(self) -> bool {
        matches!(
            self,
            Self::AttachOnly
                | Self::DetachmentsHeld
                | Self::BreakerTripped
                | Self::HeldAfterUndo
                | Self::AwaitsConfirmation
        )
    }
}

impl Action {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Adopt, Self::Attach, Self::Detach];

    /// The stable word of it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Attach => "attach",
            Self::Detach => "detach",
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// Name of the group: as it stands in the application, or as received where it is new.
    pub group: String,
    /// Why, or why not.
    pub reason: Reason,
}

/// Something an administrator should know of a plan. The message holds counts, no names.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanWarning {
    /// Stable code, such as `plan.internal_refused`.
    pub code: String,
    /// One sentence.
    pub message: String,
}

/// What one login does to one user's groups. Made by [`super::reconcile()`], or read back by [`Plan::from_json`].
#[derive(Clone, Debug)]
pub struct Plan {
    body: Body,
    /// Of the body, made when first asked for: a login that changes nothing never asks.
    fingerprint: OnceLock<String>,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl Eq for Plan {}

impl Hash for Plan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.body.hash(state);
    }
}

#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub(super) user: Option<String>,
    pub(super) status: ClaimStatus,
    pub(super) received: BTreeSet<String>,
    pub(super) malformed: usize,
    pub(super) changes: Vec<Change>,
    pub(super) held: Vec<Change>,
    pub(super) keep: BTreeSet<String>,
    pub(super) warnings: Vec<PlanWarning>,
    pub(super) state_fingerprint: String,
}

impl Plan {
    pub(super) fn new(mut body: Body) -> Self {
        body.changes.sort();
        body.changes.dedup();
        body.held.sort();
        body.held.dedup();
        Self { body, fingerprint: OnceLock::new() }
    }

    /// The changes, by action, then name.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.body.changes
    }

    /// The changes that a guard stopped, by action, then name, each with the reason for which it is held.
    #[must_use]
    pub fn held(&self) -> &[Change] {
        &self.body.held
    }

    /// Names of the groups that one action is about, sorted.
    pub fn names(&self, action: Action) -> impl Iterator<Item = &str> {
        self.body.changes.iter().filter(move |change| change.action == action).map(|c| c.group.as_str())
    }

    /// Received groups that she has, sorted.
    #[must_use]
    pub fn keep(&self) -> &BTreeSet<String> {
        &self.body.keep
    }

    /// The names that the claim holds, sorted: with these the state is read again before it is applied.
    #[must_use]
    pub fn received(&self) -> &BTreeSet<String> {
        &self.body.received
    }

    /// How the claim was taken: `overage` also where an absent claim counts as one.
    #[must_use]
    pub fn status(&self) -> ClaimStatus {
        self.body.status
    }

    /// How many values could not be read.
    #[must_use]
    pub fn malformed(&self) -> usize {
        self.body.malformed
    }

    /// The user that the state was about, where it was given.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.body.user.as_deref()
    }

    /// What an administrator should know.
    #[must_use]
    pub fn warnings(&self) -> &[PlanWarning] {
        &self.body.warnings
    }

    /// Whether there is nothing to create, adopt, attach or detach.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.changes.is_empty()
    }

    /// SHA-256 (hexadecimal) of the part of the state that the plan depends on.
    #[must_use]
    pub fn state_fingerprint(&self) -> &str {
        &self.body.state_fingerprint
    }

    /// SHA-256 (hexadecimal) of the whole plan. It finds accidents, it is no signature.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| fingerprint_of(&self.body))
    }

    /// The plan as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut value = serde_json::to_value(&self.body).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert(FINGERPRINT.into(), self.fingerprint().into());
        }
        value.to_string()
    }

    /// Read a plan back.
    ///
    /// # Errors
    /// [`ReconcileError::PlanSyntax`] for anything but a plan, [`ReconcileError::PlanFingerprint`] for one that was
    /// edited.
    pub fn from_json(text: &str) -> Result<Self, ReconcileError> {
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| syntax(&error))?;
        let Some(Value::String(fingerprint)) = fields.remove(FINGERPRINT) else {
            return Err(ReconcileError::PlanSyntax { detail: "its fingerprint is missing".into() });
        };
        let plan = Self::new(Body::deserialize(Value::Object(fields)).map_err(|error| syntax(&error))?);
        if plan.fingerprint() == fingerprint { Ok(plan) } else { Err(ReconcileError::PlanFingerprint) }
    }
}

const FINGERPRINT: &str = "fingerprint";

/// serde quotes found values; only its words about fields are passed on.
fn syntax(error: &serde_json::Error) -> ReconcileError {
    let text = error.to_string();
    let told = text.starts_with("missing field") || text.starts_with("unknown field");
    let detail = if told { text } else { "it is not JSON, or a field holds another kind of value".into() };
    ReconcileError::PlanSyntax { detail }
}

fn fingerprint_of(body: &Body) -> String {
    let mut print = Fingerprint::new("memberof plan 1");
    print.field(&serde_json::to_vec(body).unwrap_or_default());
    print.finish()
}
