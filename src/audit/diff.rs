//! Each user's difference: the groups that a login would look at twice. All others are kept or left without a word.

use super::intern::{NONE, at, place};
use super::scan::{ABSENT, OVERAGE};
use super::world::World;
use crate::claim::ClaimStatus;
use std::ops::Range;

/// A user who is not simply left as she is.
pub(super) struct Touched {
    pub(super) user: u32,
    pub(super) status: ClaimStatus,
    pub(super) malformed: usize,
    /// Her claim has to be read as a whole.
    pub(super) whole: bool,
    /// How many groups she received, and how many of them she has.
    pub(super) received: usize,
    pub(super) keep: u32,
    /// Where her groups stand in the list.
    pub(super) touches: Range<usize>,
}

/// A group that a user's plan may have something to say about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Touch {
    pub(super) group: u32,
    pub(super) member: bool,
    pub(super) received: bool,
}

/// What was found for a range of users.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) touched: Vec<Touched>,
    pub(super) touches: Vec<Touch>,
    pub(super) facts: Vec<Facts>,
    /// Tenants for which the attribute was sent.
    pub(super) seen: Vec<bool>,
    pub(super) totals: Totals,
}

/// What is known of a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    mark: u32,
    /// How many members it has.
    pub(super) members: u32,
    /// How many of them never log in in this audit.
    pub(super) strangers: u32,
}

/// Counts over all users.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Totals {
    pub(super) users: u64,
    pub(super) logins: u64,
    pub(super) memberships: u64,
    pub(super) duplicate_memberships: u64,
    pub(super) duplicate_values: u64,
}

impl Totals {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            users: self.users + other.users,
            logins: self.logins + other.logins,
            memberships: self.memberships + other.memberships,
            duplicate_memberships: self.duplicate_memberships + other.duplicate_memberships,
            duplicate_values: self.duplicate_values + other.duplicate_values,
        }
    }
}

/// Compares what the users have with what they received.
pub(super) fn differences(world: &World, users: Range<u32>) -> Differences {
    let mut diff = Diff {
        world,
        epoch: 0,
        found: Differences {
            facts: vec![Facts::default(); world.groups.len()],
            seen: vec![false; world.tenants.len()],
            ..Differences::default()
        },
    };
    for user in users {
        diff.user(user);
    }
    diff.found
}

/// Marks of a group, above the epoch of the user: she has it, it was also received, it is dealt with.
const HELD: u32 = 1;
const BOTH: u32 = 2;
const DONE: u32 = 3;
const EPOCH: u32 = 4;

struct Diff<'w> {
    world: &'w World,
    epoch: u32,
    found: Differences,
}

/// What a user's rows of claims say together.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that may each be there or not")]
struct Claim {
    /// Whether there is a row that says more than "absent".
    sent: bool,
    present: bool,
    overage: bool,
    whole: bool,
    malformed: usize,
    received: usize,
    common: u32,
}

impl Diff<'_> {
    fn user(&mut self, user: u32) {
        let (world, start) = (self.world, self.found.touches.len());
        self.next_epoch();
        let known = world.logs_in(user);
        let held = self.hold(user, known);
        self.found.totals.users += 1;
        if !known {
            return;
        }
        self.found.totals.logins += 1;
        let mut claim = Claim::default();
        for part in &world.parts {
            for value in part.scan.claims.of(at(&part.users, user)) {
                let group = at(&part.value_groups, *value);
                if group != NONE {
                    (claim.sent, claim.present) = (true, true);
                    self.receive(group, &mut claim);
                } else if *value == NONE {
                    claim.sent = true;
                } else if *value == OVERAGE {
                    (claim.sent, claim.overage) = (true, true);
                } else if *value != ABSENT {
                    claim.sent = true;
                    let Some(value) = part.values.others.get(value) else { continue };
                    claim.present |= value.status == ClaimStatus::Present;
                    claim.overage |= value.status == ClaimStatus::Overage;
                    claim.malformed += value.malformed;
                    claim.whole |= value.depends;
                    for name in &value.names {
                        self.receive(at(&world.group_of, at(&part.names, *name)), &mut claim);
                    }
                }
            }
        }
        if claim.overage {
            self.found.touches.truncate(start);
            (claim.common, claim.malformed, claim.received) = (0, 0, 0);
        }
        if claim.common != held {
            self.leave(user, claim.overage);
        }
        let status = match (claim.overage, claim.present, claim.sent) {
            (true, _, _) => ClaimStatus::Overage,
            (_, true, _) => ClaimStatus::Present,
            (_, _, true) => ClaimStatus::Empty,
            _ => ClaimStatus::Absent,
        };
        if claim.sent
            && let Some(seen) = self.found.seen.get_mut(place(world.users.tenant(user)))
        {
            *seen = true;
        }
        let end = self.found.touches.len();
        self.found.touched.push(Touched {
            user,
            status,
            malformed: claim.malformed,
            whole: claim.whole,
            received: claim.received,
            keep: claim.common,
            touches: start..end,
        });
    }

    /// Marks what she has, and counts the members of groups.
    fn hold(&mut self, user: u32, known: bool) -> u32 {
        let (world, mut held) = (self.world, 0);
        for part in &world.parts {
            for group in part.scan.current.of(at(&part.users, user)) {
                let Some(facts) = self.found.facts.get_mut(place(at(&part.groups, *group))) else { continue };
                if facts.mark == self.epoch + HELD {
                    self.found.totals.duplicate_memberships += 1;
                    continue;
                }
                facts.mark = self.epoch + HELD;
                facts.members += 1;
                facts.strangers += u32::from(!known);
                held += 1;
            }
        }
        self.found.totals.memberships += u64::from(held);
        held
    }

    fn receive(&mut self, group: u32, claim: &mut Claim) {
        let Some(facts) = self.found.facts.get_mut(place(group)) else { return };
        let mark = facts.mark.saturating_sub(self.epoch);
        let member = mark == HELD;
        if mark > HELD {
            self.found.totals.duplicate_values += 1;
            return;
        }
        facts.mark = self.epoch + if member { BOTH } else { DONE };
        claim.received += 1;
        claim.common += u32::from(member);
        if !member || group < self.world.first_external {
            self.found.touches.push(Touch { group, member, received: true });
        }
    }

    /// External groups that she has and did not receive; where the groups were left out, what came beside counts for
    /// nothing.
    fn leave(&mut self, user: u32, overage: bool) {
        let world = self.world;
        for part in &world.parts {
            for group in part.scan.current.of(at(&part.users, user)) {
                let group = at(&part.groups, *group);
                let Some(facts) = self.found.facts.get_mut(place(group)) else { continue };
                let held = facts.mark == self.epoch + HELD || (overage && facts.mark == self.epoch + BOTH);
                if held && group >= world.first_external {
                    facts.mark = self.epoch + DONE;
                    self.found.touches.push(Touch { group, member: true, received: false });
                }
            }
        }
    }

    fn next_epoch(&mut self) {
        if self.epoch > u32::MAX - 2 * EPOCH {
            // After a billion users marks begin anew.
            self.found.facts.iter_mut().for_each(|facts| facts.mark = 0);
            self.epoch = 0;
        }
        self.epoch += EPOCH;
    }
}
