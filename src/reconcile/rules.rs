//! The rules R1 to R10, and the policies and guards upon them.

use super::explain::count;
use super::fingerprint::of_received;
use super::plan::Body;
use super::{
    Action, Change, DetachScope, GroupKind, OnAbsent, OnInternalMatch, OnMalformed, OnOverage, Plan,
    PlanWarning, Reason, ReconcileError, SyncPolicy, UserState,
};
use crate::claim::{ClaimStatus, GroupClaim, key};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What else a plan depends on, besides claim, state and policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Circumstances {
    /// Whether this identity provider has sent the attribute before, for any user.
    pub attribute_seen: bool,
    /// Hold every detachment, for this reason.
    pub hold_detachments: Option<Reason>,
    /// How many groups the user's last PRESENT claim held, where known.
    pub last_received: Option<usize>,
}

/// Work out what a claim does to a user's groups.
///
/// # Errors
/// A claim that the policy refuses, or a state with two groups of one key.
pub fn reconcile(
    claim: &GroupClaim,
    state: &UserState,
    policy: &SyncPolicy,
    circumstances: &Circumstances,
) -> Result<Plan, ReconcileError> {
    let reading = read(claim, policy, circumstances)?;
    let groups = state.by_key(policy.identity)?;
    let mut received: BTreeMap<Cow<'_, str>, &str> = BTreeMap::new();
    for name in &claim.groups {
        // Of several spellings of one group the least is taken, so that the order of values is irrelevant.
        let spelling = received.entry(key(name, policy.identity)).or_insert(name);
        *spelling = (*spelling).min(name);
    }
    let state_fingerprint = of_received(state, |name| received.contains_key(&key(name, policy.identity)));
    let mut draft = Draft {
        policy,
        state,
        protected: keys_of(&policy.protected, policy),
        last_member_of: keys_of(&policy.last_member_of, policy),
        groups,
        received,
        changes: Vec::new(),
        held: Vec::new(),
        keep: BTreeSet::new(),
        warnings: Vec::new(),
    };
    let everything = reading.hold_everything.or_else(|| draft.too_many_groups());
    draft.take_received(everything);
    draft.leave_others(everything, reading.hold_detachments.or(circumstances.hold_detachments), reading.left);
    draft.require_group(claim)?;
    Ok(Plan::new(Body {
        user: state.user().map(str::to_owned),
        status: reading.status,
        received: claim.groups.iter().cloned().collect(),
        malformed: claim.malformed.len(),
        changes: draft.changes,
        held: draft.held,
        keep: draft.keep,
        warnings: draft.warnings,
        state_fingerprint,
    }))
}

/// How the claim is taken.
struct Reading {
    status: ClaimStatus,
    /// Nothing moves, for this reason.
    hold_everything: Option<Reason>,
    /// Nobody is detached, for this reason.
    hold_detachments: Option<Reason>,
    /// Why a group that was not received is left.
    left: Reason,
}

fn read(
    claim: &GroupClaim,
    policy: &SyncPolicy,
    circumstances: &Circumstances,
) -> Result<Reading, ReconcileError> {
    let reading = |hold_everything, hold_detachments, left| Reading {
        status: claim.status,
        hold_everything,
        hold_detachments,
        left,
    };
    let overage = |reason| match policy.on_overage {
        OnOverage::Hold => {
            Ok(Reading { status: ClaimStatus::Overage, ..reading(Some(reason), None, Reason::NotReceived) })
        }
        OnOverage::Refuse => Err(ReconcileError::Overage),
    };
    let malformed = match (claim.malformed.len(), policy.on_malformed) {
        (0, _) | (_, OnMalformed::Ignore) => None,
        (_, OnMalformed::Hold) => Some(Reason::ClaimMalformed),
        (count, OnMalformed::Refuse) => return Err(ReconcileError::Malformed { count }),
    };
    match claim.status {
        ClaimStatus::Present => Ok(reading(None, malformed, Reason::NotReceived)),
        ClaimStatus::Empty => Ok(reading(None, malformed, Reason::ClaimEmpty)),
        ClaimStatus::Overage => overage(Reason::ClaimOverage),
        ClaimStatus::Absent if near_limit(claim, circumstances) => overage(Reason::AbsentNearLimit),
        ClaimStatus::Absent => {
            let hold = match policy.on_absent {
                OnAbsent::Refuse => return Err(ReconcileError::Absent),
                OnAbsent::Keep => Some(Reason::AbsentKept),
                _ if !claim.absence_proved => Some(Reason::AbsentUnproved),
                OnAbsent::DetachIfSeen if !circumstances.attribute_seen => Some(Reason::AbsentNotSeen),
                OnAbsent::DetachIfSeen | OnAbsent::Detach => malformed,
            };
            Ok(reading(None, hold, Reason::ClaimAbsent))
        }
    }
}

/// Whether the identity provider may have left the groups out because she reached its limit: at three quarters of it
/// a few nested groups more are enough.
fn near_limit(claim: &GroupClaim, circumstances: &Circumstances) -> bool {
    match (claim.limit, circumstances.last_received) {
        (Some(limit), Some(last)) => last.saturating_mul(4) >= limit.saturating_mul(3),
        _ => false,
    }
}

fn keys_of(names: &BTreeSet<String>, policy: &SyncPolicy) -> BTreeSet<String> {
    names.iter().map(|name| key(name, policy.identity).into_owned()).collect()
}

struct Draft<'a> {
    policy: &'a SyncPolicy,
    state: &'a UserState,
    protected: BTreeSet<String>,
    last_member_of: BTreeSet<String>,
    groups: BTreeMap<Cow<'a, str>, (&'a str, GroupKind)>,
    received: BTreeMap<Cow<'a, str>, &'a str>,
    changes: Vec<Change>,
    held: Vec<Change>,
    keep: BTreeSet<String>,
    warnings: Vec<PlanWarning>,
}

impl Draft<'_> {
    fn too_many_groups(&mut self) -> Option<Reason> {
        let limit = self.policy.max_groups?;
        let groups = self.received.len();
        (groups > limit).then(|| {
            self.warn(
                "plan.max_groups",
                format!(
                    "the claim has {}, max_groups is {limit}: nothing is changed",
                    count(groups, "group")
                ),
            );
            Reason::MaxGroups
        })
    }

    /// R5, R6, R7 and the first half of R8: each received group is found, made or adopted, and the user is in it.
    fn take_received(&mut self, everything: Option<Reason>) {
        let too_many = self.too_many_creates();
        let mut refused = 0;
        for (group_key, received) in std::mem::take(&mut self.received) {
            let found = self.groups.get(&group_key).copied();
            let name = found.map_or(received, |(name, _)| name);
            let member = self.state.memberships().contains_key(name);
            if member {
                self.keep.insert(name.to_owned());
            }
            let protected = self.protected.contains(&*group_key).then_some(Reason::Protected);
            let (action, hold) = match found {
                None => (Some(Action::Create), too_many),
                Some((_, GroupKind::Internal)) => (Some(Action::Adopt), self.refusal_to_adopt(name)),
                Some((_, GroupKind::External)) => (None, None),
            };
            let hold = protected.or(everything).or(hold);
            let is_refusal = matches!(hold, Some(Reason::InternalRefused | Reason::InternalHasStrangers));
            refused += usize::from(is_refusal && self.policy.on_internal_match != OnInternalMatch::Ignore);
            let attach = (!member).then_some(Action::Attach);
            for action in action.into_iter().chain(attach) {
                self.put(action, name, Reason::Received, hold);
            }
        }
        if refused > 0 {
            self.warn(
                "plan.internal_refused",
                match refused {
                    1 => "1 received group is internal here and on_internal_match does not adopt it".to_owned(),
                    _ => format!(
                        "{refused} received groups are internal here and on_internal_match does not adopt them"
                    ),
                },
            );
        }
    }

    /// R6 bounded: a login that would create more than `max_creates` groups creates none of them.
    fn too_many_creates(&mut self) -> Option<Reason> {
        if !self.policy.create_missing {
            return Some(Reason::CreateMissingOff);
        }
        let limit = self.policy.max_creates?;
        let new = |group_key: &&Cow<'_, str>| {
            !self.groups.contains_key(*group_key) && !self.protected.contains(&***group_key)
        };
        let groups = self.received.keys().filter(new).count();
        (groups > limit).then(|| {
            let groups = count(groups, "group");
            self.warn(
                "plan.max_creates",
                format!("the login would create {groups}, max_creates is {limit}: none is created"),
            );
            Reason::MaxCreates
        })
    }

    /// R7 bounded.
    fn refusal_to_adopt(&self, name: &str) -> Option<Reason> {
        match self.policy.on_internal_match {
            OnInternalMatch::Adopt => None,
            OnInternalMatch::Refuse | OnInternalMatch::Ignore => Some(Reason::InternalRefused),
            OnInternalMatch::IfAllMembersExternal => {
                (!self.state.all_members_external().contains(name)).then_some(Reason::InternalHasStrangers)
            }
        }
    }

    /// The second half of R8, and R9: every other external group is left, internal ones stay.
    fn leave_others(&mut self, everything: Option<Reason>, detachments: Option<Reason>, left: Reason) {
        let groups = std::mem::take(&mut self.groups);
        for (group_key, (name, kind)) in groups {
            let Some(origin) = self.state.memberships().get(name) else { continue };
            let ours = match self.policy.detach_scope {
                DetachScope::ExternalGroups => true,
                DetachScope::OwnMemberships => origin.is_some(),
            };
            if kind == GroupKind::Internal || !ours || self.keep.contains(name) {
                continue;
            }
            let last =
                self.last_member_of.contains(&*group_key) && self.state.sole_member_of().contains(name);
            let hold = self
                .protected
                .contains(&*group_key)
                .then_some(Reason::Protected)
                .or(last.then_some(Reason::LastMember))
                .or(everything)
                .or(detachments);
            self.put(Action::Detach, name, left, hold);
        }
    }

    /// A gate: the identity provider's word where it is whole, else the groups that she ends in.
    fn require_group(&self, claim: &GroupClaim) -> Result<(), ReconcileError> {
        if self.policy.required_groups.is_empty() {
            return Ok(());
        }
        let required = keys_of(&self.policy.required_groups, self.policy);
        let is_required = |name: &str| required.contains(key(name, self.policy.identity).as_ref());
        let mut internal = self
            .state
            .memberships()
            .keys()
            .filter(|name| self.state.groups().get(*name) == Some(&GroupKind::Internal));
        let internal = internal.any(|name| is_required(name));
        let by_claim = claim.groups.iter().any(|name| is_required(name));
        let left = |name: &str| {
            self.changes.iter().any(|change| change.action == Action::Detach && change.group == name)
        };
        let stays = self.state.memberships().keys().any(|name| is_required(name) && !left(name));
        if internal || by_claim || (stays && !claim.complete()) {
            return Ok(());
        }
        Err(ReconcileError::RequiredGroup { count: required.len() })
    }

    fn put(&mut self, action: Action, group: &str, reason: Reason, hold: Option<Reason>) {
        let list = if hold.is_some() { &mut self.held } else { &mut self.changes };
        list.push(Change { action, group: group.to_owned(), reason: hold.unwrap_or(reason) });
    }

    fn warn(&mut self, code: &str, message: String) {
        self.warnings.push(PlanWarning { code: code.to_owned(), message });
    }
}
