//! What all threads have read, put together: one number for each user and each group.

use super::AuditError;
use super::intern::{Interner, NONE, at, place};
use super::names::Names;
use super::scan::{EXTERNAL, INTERNAL, Odd, Scan};
use super::values::Values;
use crate::claim::{Identity, key};
use crate::reconcile::{GroupKind, ReconcileError};

/// A group, existing or only received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Its name as it stands in the application, or the least of the received spellings.
    pub(super) name: u32,
    /// None: it does not exist.
    pub(super) kind: Option<GroupKind>,
    /// Bits of what rows say of its kind.
    pub(super) said: u8,
}

/// Everything that was read. Groups are numbered by kind: internal ones, external ones, new ones.
pub(super) struct World {
    pub(super) tenants: Interner,
    pub(super) users: Names,
    pub(super) names: Names,
    /// The group of each name.
    pub(super) group_of: Vec<u32>,
    pub(super) groups: Vec<Group>,
    /// The first number that is no internal group's, and the first that is no existing group's.
    pub(super) first_external: u32,
    pub(super) first_new: u32,
    pub(super) parts: Vec<Part>,
    /// Whether the `users` table names a user.
    pub(super) named: Vec<bool>,
    pub(super) odd: Odd,
    /// Rows and texts are of users or groups that are no UTF-8.
    pub(super) not_utf8: u64,
}

/// One thread's rows, and its numbers against those of all.
pub(super) struct Part {
    pub(super) scan: Scan,
    pub(super) values: Values,
    /// The thread's number of each user, NONE for one that it has not met.
    pub(super) users: Vec<u32>,
    /// The group of each of its group numbers.
    pub(super) groups: Vec<u32>,
    /// The group of each of its values, NONE where there is more to say.
    pub(super) value_groups: Vec<u32>,
    /// The name of each of the names in its values.
    pub(super) names: Vec<u32>,
}

impl World {
    /// Puts the threads' scans together.
    pub(super) fn new(
        scans: Vec<(Scan, Values)>,
        tenants: bool,
        identity: Identity,
    ) -> Result<Self, AuditError> {
        let mut world = Self {
            tenants: Interner::new(),
            users: Names::new(tenants),
            names: Names::new(tenants),
            group_of: Vec::new(),
            groups: Vec::new(),
            first_external: 0,
            first_new: 0,
            parts: Vec::new(),
            named: Vec::new(),
            odd: Odd::default(),
            not_utf8: 0,
        };
        let mut collector = Collector { keys: Names::new(tenants), identity, colliding: 0 };
        for (scan, values) in scans {
            world.add(scan, values, &mut collector);
        }
        world.refuse()?;
        if collector.colliding > 0 {
            return Err(ReconcileError::GroupKeyCollision { count: collector.colliding }.into());
        }
        world.receive(&mut collector);
        world.users.check("users")?;
        world.names.check("groups")?;
        world.renumber();
        Ok(world)
    }

    /// Faults that only rows show.
    fn refuse(&self) -> Result<(), AuditError> {
        let mut problems = Vec::new();
        if self.odd.unknown_kinds > 0 {
            problems.push(format!(
                "kind is neither \"internal\" nor \"external\" in {} rows of current or groups",
                self.odd.unknown_kinds
            ));
        }
        if self.odd.unknown_statuses > 0 {
            problems.push(format!(
                "claims.status is none of \"present\", \"empty\", \"absent\" and \"overage\" in {} rows",
                self.odd.unknown_statuses
            ));
        }
        if problems.is_empty() { Ok(()) } else { Err(AuditError::Schema { problems }) }
    }

    /// Takes in one thread's users and existing groups.
    fn add(&mut self, scan: Scan, values: Values, collector: &mut Collector) {
        let tenants: Vec<u32> =
            scan.tenants.ids().map(|id| self.tenants.intern(scan.tenants.get(id))).collect();
        let mut users = Vec::new();
        for local in scan.users.ids() {
            if scan.users.str(local).is_none() {
                self.not_utf8 += 1;
                continue;
            }
            let user = self.users.intern(at(&tenants, scan.users.tenant(local)), scan.users.text(local));
            if users.len() <= place(user) {
                users.resize(place(user) + 1, NONE);
            }
            if let Some(slot) = users.get_mut(place(user)) {
                *slot = local;
            }
        }
        self.named.resize(self.users.len(), false);
        for user in &scan.named {
            let tenant = at(&tenants, scan.users.tenant(*user));
            if let Some(user) = self.users.find(tenant, scan.users.text(*user))
                && let Some(named) = self.named.get_mut(place(user))
            {
                *named = true;
            }
        }
        let mut groups = Vec::with_capacity(scan.groups.len());
        for local in scan.groups.ids() {
            let Some(name) = scan.groups.str(local) else {
                self.not_utf8 += 1;
                groups.push(NONE);
                continue;
            };
            let said = scan.kinds.get(place(local)).copied().unwrap_or(0);
            groups.push(self.exists(at(&tenants, scan.groups.tenant(local)), name, said, collector));
        }
        self.odd = self.odd.and(scan.odd);
        let names = values.names.ids().map(|local| {
            let tenant = at(&tenants, values.names.tenant(local));
            self.names.intern(tenant, values.names.text(local))
        });
        let names = names.collect();
        self.parts.push(Part { scan, values, users, groups, value_groups: Vec::new(), names });
    }

    fn exists(&mut self, tenant: u32, name: &str, said: u8, collector: &mut Collector) -> u32 {
        let number = collector.keys.intern(tenant, key(name, collector.identity).as_bytes());
        let name = self.names.intern(tenant, name.as_bytes());
        match self.groups.get_mut(place(number)) {
            Some(group) => {
                collector.colliding += usize::from(group.name != name);
                group.said |= said;
            }
            None => self.groups.push(Group { name, kind: None, said }),
        }
        number
    }

    /// Finds the group of every name: of received ones, too, which may be new groups.
    fn receive(&mut self, collector: &mut Collector) {
        let existing = self.groups.len();
        for name in self.names.ids() {
            let text = self.names.str(name).unwrap_or_default();
            let number =
                collector.keys.intern(self.names.tenant(name), key(text, collector.identity).as_bytes());
            self.group_of.push(number);
            match self.groups.get_mut(place(number)) {
                None => self.groups.push(Group { name, kind: None, said: 0 }),
                Some(group) if place(number) >= existing => {
                    if self.names.text(name) < self.names.text(group.name) {
                        group.name = name;
                    }
                }
                Some(_) => {}
            }
        }
        for group in self.groups.iter_mut().take(existing) {
            // NOTE: rows that disagree make the group internal: then no login takes anybody out of it.
            let external = group.said & (EXTERNAL | INTERNAL) == EXTERNAL;
            group.kind = Some(if external { GroupKind::External } else { GroupKind::Internal });
        }
    }

    /// Numbers groups by kind, and resolves the threads' numbers.
    fn renumber(&mut self) {
        let rank = |group: &Group| match group.kind {
            Some(GroupKind::Internal) => 0,
            Some(GroupKind::External) => 1,
            None => 2,
        };
        let mut order: Vec<u32> = (0..u32::try_from(self.groups.len()).unwrap_or(NONE)).collect();
        order.sort_by_key(|number| self.groups.get(place(*number)).map(rank));
        let mut now = vec![NONE; order.len()];
        for (number, before) in (0..).zip(&order) {
            if let Some(slot) = now.get_mut(place(*before)) {
                *slot = number;
            }
        }
        self.groups = order.iter().filter_map(|before| self.groups.get(place(*before)).copied()).collect();
        let below = |rank_limit| self.groups.iter().filter(|group| rank(group) < rank_limit).count();
        self.first_external = u32::try_from(below(1)).unwrap_or(NONE);
        self.first_new = u32::try_from(below(2)).unwrap_or(NONE);
        self.group_of.iter_mut().for_each(|group| *group = at(&now, *group));
        for part in &mut self.parts {
            part.groups.iter_mut().for_each(|group| *group = at(&now, *group));
            let group = |name: &u32| at(&self.group_of, at(&part.names, *name));
            part.value_groups = part.values.single.iter().map(group).collect();
            part.users.resize(self.users.len(), NONE);
        }
        self.named.resize(self.users.len(), false);
    }

    pub(super) fn group(&self, group: u32) -> Option<&Group> {
        self.groups.get(place(group))
    }

    /// A group's name.
    pub(super) fn group_name(&self, group: u32) -> &str {
        self.group(group).and_then(|group| self.names.str(group.name)).unwrap_or_default()
    }

    /// A user's name.
    pub(super) fn user_name(&self, user: u32) -> &str {
        self.users.str(user).unwrap_or_default()
    }

    pub(super) fn tenant_name(&self, tenant: u32) -> &str {
        std::str::from_utf8(self.tenants.get(tenant)).unwrap_or_default()
    }

    /// A user's memberships, group by group, as the rows have them: a group that stands there twice comes twice.
    pub(super) fn memberships(&self, user: u32) -> impl Iterator<Item = u32> {
        self.parts.iter().flat_map(move |part| {
            let rows = part.scan.current.of(at(&part.users, user));
            rows.iter().map(|group| at(&part.groups, *group)).filter(|group| *group != NONE)
        })
    }

    /// The same with the origin of each, where the table says it.
    pub(super) fn origins(&self, user: u32) -> impl Iterator<Item = (u32, Option<&str>)> {
        self.parts.iter().flat_map(move |part| {
            let local = at(&part.users, user);
            let origins = part.scan.current_origins.of(local).iter().copied().chain(std::iter::repeat(NONE));
            part.scan.current.of(local).iter().zip(origins).filter_map(|(group, origin)| {
                let origin = (origin != NONE).then(|| part.scan.origins.get(origin));
                let group = at(&part.groups, *group);
                (group != NONE).then_some((group, origin.and_then(|text| std::str::from_utf8(text).ok())))
            })
        })
    }

    /// A user's claims, each with the part that it is of: the number of a value, or one of the marks of `scan`.
    pub(super) fn claims(&self, user: u32) -> impl Iterator<Item = (&Part, u32)> {
        self.parts.iter().flat_map(move |part| {
            part.scan.claims.of(at(&part.users, user)).iter().map(move |value| (part, *value))
        })
    }

    /// Whether she logs in in this audit: a row of claims is about her, or she is named.
    pub(super) fn logs_in(&self, user: u32) -> bool {
        self.named.get(place(user)).copied().unwrap_or(false) || self.claims(user).next().is_some()
    }
}

struct Collector {
    keys: Names,
    identity: Identity,
    colliding: usize,
}
