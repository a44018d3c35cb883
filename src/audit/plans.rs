//! Users' plans, made by the code of a login: [`reconcile`] on the groups that matter, or on everything.

use super::diff::{Differences, Facts, Touch, Touched};
use super::intern::{NONE, at, place};
use super::scan::{ABSENT, OVERAGE};
use super::values::extract;
use super::world::World;
use crate::claim::{ClaimStatus, GroupClaim, GroupExtractor};
use crate::reconcile::{
    Action, Change, Circumstances, DetachScope, GroupKind, Membership, Plan, Reason, ReconcileError,
    SyncPolicy, UserState, reconcile,
};
use std::collections::HashMap;

/// What plans depend on, besides a user's rows.
pub(super) struct Planner<'w> {
    pub(super) world: &'w World,
    pub(super) extractor: &'w GroupExtractor,
    pub(super) policy: &'w SyncPolicy,
    pub(super) hold_detachments: Option<Reason>,
    pub(super) facts: &'w [Facts],
    /// Tenants for which the attribute was sent.
    pub(super) seen: &'w [bool],
}

/// One change of one user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) user: u32,
    pub(super) group: u32,
    /// The group's name as the change spells it.
    pub(super) name: u32,
    pub(super) action: Action,
    pub(super) reason: Reason,
}

/// The plans of a range of users.
#[derive(Default)]
pub(super) struct Plans {
    pub(super) changes: Vec<Row>,
    pub(super) held: Vec<Row>,
    /// Users whose logins are refused, each with the code.
    pub(super) refused: Vec<(u32, &'static str)>,
    pub(super) keep: u64,
    /// Users whose claims hold values that could not be read, each with how many.
    pub(super) malformed: Vec<(u32, usize)>,
    /// Users by what they sent.
    pub(super) statuses: [u64; 4],
}

impl Plans {
    /// Takes in the plans of more users.
    pub(super) fn add(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.held.extend(other.held);
        self.refused.extend(other.refused);
        self.keep += other.keep;
        self.malformed.extend(other.malformed);
        self.statuses.iter_mut().zip(other.statuses).for_each(|(sum, one)| *sum += one);
    }
}

impl Planner<'_> {
    /// Plans for users whose differences were found.
    pub(super) fn plans(&self, differences: &Differences) -> Result<Plans, ReconcileError> {
        let mut plans = Plans::default();
        for touched in &differences.touched {
            let touches = differences.touches.get(touched.touches.clone()).unwrap_or_default();
            let status = match touched.status {
                ClaimStatus::Present => 0,
                ClaimStatus::Empty => 1,
                ClaimStatus::Absent => 2,
                ClaimStatus::Overage => 3,
            };
            plans.statuses.iter_mut().skip(status).take(1).for_each(|count| *count += 1);
            let many = self.policy.max_groups.is_some_and(|most| touched.received > most);
            let sent = matches!(touched.status, ClaimStatus::Present | ClaimStatus::Empty);
            let required = !self.policy.required_groups.is_empty();
            if touches.is_empty() && touched.malformed == 0 && sent && !touched.whole && !required {
                plans.keep += u64::from(touched.keep);
                continue;
            }
            let plan = if touched.whole || many || required {
                self.plan(touched.user)
            } else {
                self.part_of_plan(touched, touches)
            };
            let plan = match plan {
                Ok(plan) => plan,
                Err(error) if is_refusal(&error) => {
                    plans.refused.push((touched.user, error.code()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            plans.keep += u64::from(touched.keep);
            if plan.malformed() > 0 {
                plans.malformed.push((touched.user, plan.malformed()));
            }
            let row = |change: &Change| self.row(touched.user, change);
            plans.changes.extend(plan.changes().iter().map(row));
            plans.held.extend(plan.held().iter().map(row));
        }
        Ok(plans)
    }

    /// The plan of one user, whole: what a login would do.
    pub(super) fn plan(&self, user: u32) -> Result<Plan, ReconcileError> {
        let claim = self.claim(user);
        let state = self.state(user, &claim)?;
        reconcile(&claim, &state, self.policy, &self.circumstances(user))
    }

    /// The plan as far as it is about groups that change.
    fn part_of_plan(&self, one: &Touched, touches: &[Touch]) -> Result<Plan, ReconcileError> {
        let received = touches.iter().filter(|touch| touch.received);
        let claim = GroupClaim {
            status: one.status,
            groups: received.map(|touch| self.spelling(one.user, touch.group).to_owned()).collect(),
            malformed: vec![String::new(); one.malformed],
            absence_proved: true,
            ..GroupClaim::default()
        };
        let origins = match self.policy.detach_scope {
            DetachScope::OwnMemberships => self.origins(one.user),
            DetachScope::ExternalGroups => HashMap::new(),
        };
        let state = self.state_of(one.user, touches, &origins)?;
        reconcile(&claim, &state, self.policy, &self.circumstances(one.user))
    }

    fn circumstances(&self, user: u32) -> Circumstances {
        let tenant = place(self.world.users.tenant(user));
        Circumstances {
            attribute_seen: self.seen.get(tenant).copied().unwrap_or(false),
            hold_detachments: self.hold_detachments,
            last_received: None,
        }
    }

    /// What a user's rows of claims say together, read as one attribute.
    fn claim(&self, user: u32) -> GroupClaim {
        let (mut values, mut overage, mut missing) = (Vec::new(), false, true);
        let mut unreadable = 0;
        for (part, value) in self.world.claims(user) {
            missing &= value == ABSENT;
            match value {
                ABSENT => {}
                OVERAGE => overage = true,
                NONE => values.push(None),
                value => match part.scan.values.str(value) {
                    Some(text) => values.push(Some(text)),
                    None => unreadable += 1,
                },
            }
        }
        if overage || missing {
            let status = if overage { ClaimStatus::Overage } else { ClaimStatus::Absent };
            let limit = self.extractor.settings().limit;
            return GroupClaim { status, limit, absence_proved: true, ..GroupClaim::default() };
        }
        let mut claim = extract(self.extractor, &values);
        if unreadable > 0 && claim.status != ClaimStatus::Overage {
            claim.status = ClaimStatus::Present;
            claim.malformed.extend((0..unreadable).map(|_| String::new()));
        }
        claim
    }

    /// A user's groups, and the groups that the claim names.
    fn state(&self, user: u32, claim: &GroupClaim) -> Result<UserState, ReconcileError> {
        let tenant = self.world.users.tenant(user);
        let mut touches: HashMap<u32, Touch> = HashMap::new();
        for group in self.world.memberships(user) {
            touches.insert(group, Touch { group, member: true, received: false });
        }
        for name in &claim.groups {
            let name = self.world.names.find(tenant, name.as_bytes());
            let group = name.map_or(NONE, |name| at(&self.world.group_of, name));
            let touch = touches.entry(group).or_insert(Touch { group, member: false, received: true });
            touch.received = true;
        }
        self.state_of(user, &touches.into_values().collect::<Vec<_>>(), &self.origins(user))
    }

    fn state_of(
        &self,
        user: u32,
        touches: &[Touch],
        origins: &HashMap<u32, Option<&str>>,
    ) -> Result<UserState, ReconcileError> {
        let existing = touches.iter().filter_map(|touch| {
            let kind = self.world.group(touch.group)?.kind?;
            let facts = self.facts.get(place(touch.group)).copied().unwrap_or_default();
            Some((touch, self.world.group_name(touch.group).to_owned(), kind, facts))
        });
        let names = existing.clone();
        let members = existing.clone().filter(|(touch, ..)| touch.member);
        let sole = members.clone().filter(|(.., facts)| facts.members == 1);
        let external = existing.filter(|(touch, _, kind, facts)| {
            touch.received && *kind == GroupKind::Internal && facts.strangers == 0
        });
        UserState::new(
            Some(self.world.user_name(user).to_owned()),
            names.map(|(_, name, kind, _)| (name, kind)),
            members.map(|(touch, group, ..)| Membership {
                group,
                origin: origins.get(&touch.group).copied().flatten().map(str::to_owned),
            }),
            sole.map(|(_, name, ..)| name),
            external.map(|(_, name, ..)| name),
        )
    }

    /// Where her memberships came from; of rows that disagree the first counts.
    fn origins(&self, user: u32) -> HashMap<u32, Option<&str>> {
        let mut origins = HashMap::new();
        for (group, origin) in self.world.origins(user) {
            origins.entry(group).or_insert(origin);
        }
        origins
    }

    /// A group's name, or of a new one the least of the spellings that she received.
    fn spelling(&self, user: u32, group: u32) -> &str {
        let world = self.world;
        if group < world.first_new {
            return world.group_name(group);
        }
        let names = world.claims(user).flat_map(|(part, value)| {
            let others = part.values.others.get(&value).map(|value| value.names.as_slice());
            let single = part.values.single.get(place(value)).filter(|single| **single != NONE);
            others.unwrap_or_default().iter().chain(single).map(|name| at(&part.names, *name))
        });
        let own = names.filter(|name| at(&world.group_of, *name) == group);
        own.filter_map(|name| world.names.str(name)).min().unwrap_or_else(|| world.group_name(group))
    }

    fn row(&self, user: u32, change: &Change) -> Row {
        let tenant = self.world.users.tenant(user);
        let name = self.world.names.find(tenant, change.group.as_bytes()).unwrap_or(NONE);
        Row {
            user,
            group: at(&self.world.group_of, name),
            name,
            action: change.action,
            reason: change.reason,
        }
    }
}

/// Whether it is the claim that is refused: that is about one user, all else about everybody.
fn is_refusal(error: &ReconcileError) -> bool {
    matches!(
        error,
        ReconcileError::Absent
            | ReconcileError::Overage
            | ReconcileError::Malformed { .. }
            | ReconcileError::RequiredGroup { .. }
    )
}
