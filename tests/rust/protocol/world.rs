//! A tenant as a plain value, and what logins and an administrator make of it.

use memberof::claim::{ClaimStatus, GroupClaim};
use memberof::reconcile::{Action, Circumstances, GroupKind, Membership, SyncPolicy, UserState, reconcile};
use std::collections::{BTreeMap, BTreeSet};

pub type Name = &'static str;

/// Groups, memberships, and the order of each user's newest assertion.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct World {
    pub groups: BTreeMap<Name, GroupKind>,
    pub members: BTreeSet<(Name, Name)>,
    pub marks: BTreeMap<Name, u8>,
    /// Memberships that changed since the beginning: the undo of an event is refused where one of its own did.
    pub touched: BTreeSet<(Name, Name)>,
}

/// A login with a complete claim; of two assertions of a user, the one of the greater order is the newer.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    pub user: Name,
    pub groups: &'static [Name],
    pub order: u8,
}

/// What the administrator does.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Rename(Name, Name),
    Delete(Name),
    Kind(Name, GroupKind),
    Attach(Name, Name),
    Detach(Name, Name),
    /// Undo the login that brought a user all her external groups; she was the first to come.
    UndoFirstLogin(Name),
}

/// A row that is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Row {
    Create(Name),
    Kind(Name, GroupKind),
    Attach(Name, Name),
    Detach(Name, Name),
    Rename(Name, Name),
    Delete(Name),
}

impl World {
    pub fn groups_of(&self, user: Name) -> BTreeSet<Name> {
        self.members.iter().filter(|(member, _)| *member == user).map(|(_, group)| *group).collect()
    }

    pub fn external_groups_of(&self, user: Name) -> BTreeSet<Name> {
        let is_external = |group: &Name| self.groups.get(group) == Some(&GroupKind::External);
        self.groups_of(user).into_iter().filter(is_external).collect()
    }

    pub fn members_of(&self, group: Name) -> impl Iterator<Item = Name> {
        self.members.iter().filter(move |(_, of)| *of == group).map(|(user, _)| *user)
    }

    pub fn is_older(&self, login: &Login) -> bool {
        self.marks.get(login.user).is_some_and(|newest| login.order < *newest)
    }

    /// Whether every row meets the state that it is written for.
    pub fn fits(&self, rows: &[Row]) -> bool {
        let mut after = self.clone();
        rows.iter().all(|row| {
            let fits = match *row {
                Row::Create(name) => !after.groups.contains_key(name),
                Row::Kind(name, kind) => after.groups.get(name).is_some_and(|now| *now != kind),
                Row::Attach(user, name) => {
                    after.groups.contains_key(name) && !after.members.contains(&(user, name))
                }
                Row::Detach(user, name) => after.members.contains(&(user, name)),
                Row::Rename(old, new) => after.groups.contains_key(old) && !after.groups.contains_key(new),
                Row::Delete(name) => after.groups.contains_key(name) && after.members_of(name).count() == 0,
            };
            after.write(std::slice::from_ref(row));
            fits
        })
    }

    /// Write rows as a database without constraints would.
    pub fn write(&mut self, rows: &[Row]) {
        for row in rows {
            match *row {
                Row::Create(name) => {
                    self.groups.insert(name, GroupKind::External);
                }
                Row::Kind(name, kind) => {
                    self.groups.insert(name, kind);
                }
                Row::Attach(user, name) => {
                    self.members.insert((user, name));
                    self.touched.insert((user, name));
                }
                Row::Detach(user, name) => {
                    self.members.remove(&(user, name));
                    self.touched.insert((user, name));
                }
                Row::Rename(old, new) => {
                    if let Some(kind) = self.groups.remove(old) {
                        self.groups.insert(new, kind);
                    }
                    let moved: Vec<Name> = self.members_of(old).collect();
                    for user in moved {
                        self.members.remove(&(user, old));
                        self.members.insert((user, new));
                    }
                }
                Row::Delete(name) => {
                    self.groups.remove(name);
                }
            }
        }
    }

    /// The plan of a login by the core's own rules, as rows.
    pub fn plan(&self, login: &Login, guarded: &[Name], sole: &BTreeSet<Name>) -> Vec<Row> {
        let policy = SyncPolicy {
            last_member_of: guarded.iter().map(|name| (*name).to_owned()).collect(),
            ..SyncPolicy::default()
        };
        let known = |name: &str| {
            let mut all = self.groups.keys().chain(login.groups);
            *all.find(|known| **known == name).unwrap()
        };
        let plan = reconcile(&claim(login.groups), &self.state(login.user, sole), &policy, &seen()).unwrap();
        let row = |action, name: &str| match action {
            Action::Create => Row::Create(known(name)),
            Action::Adopt => Row::Kind(known(name), GroupKind::External),
            Action::Attach => Row::Attach(login.user, known(name)),
            Action::Detach => Row::Detach(login.user, known(name)),
        };
        plan.changes().iter().map(|change| row(change.action, &change.group)).collect()
    }

    /// Guarded groups whose only member this user is.
    pub fn sole(&self, user: Name, guarded: &[Name]) -> BTreeSet<Name> {
        let alone = |name: &&Name| self.members_of(name).eq([user]);
        guarded.iter().filter(alone).copied().collect()
    }

    /// What an administrator's deed writes; nothing where it is refused.
    pub fn deed(&self, deed: Deed, before: &World) -> Vec<Row> {
        let leave = |name: Name| self.members_of(name).map(move |user| Row::Detach(user, name));
        let rows: Vec<Row> = match deed {
            Deed::Rename(old, new) => vec![Row::Rename(old, new)],
            Deed::Delete(name) => leave(name).chain([Row::Delete(name)]).collect(),
            Deed::Kind(name, kind) => vec![Row::Kind(name, kind)],
            Deed::Attach(user, name) => vec![Row::Attach(user, name)],
            Deed::Detach(user, name) => vec![Row::Detach(user, name)],
            Deed::UndoFirstLogin(user) => return self.undo_first_login(user, before),
        };
        if self.fits(&rows) { rows } else { Vec::new() }
    }

    fn undo_first_login(&self, user: Name, before: &World) -> Vec<Row> {
        let hers = before.external_groups_of(user);
        if hers.iter().any(|name| self.touched.contains(&(user, name))) {
            return Vec::new();
        }
        let is_empty = |name: &&Name| self.members_of(name).all(|member| member == user);
        let gone: Vec<Name> = hers.iter().filter(is_empty).copied().collect();
        let leave = hers.iter().map(|name| Row::Detach(user, name));
        leave.chain(gone.into_iter().map(Row::Delete)).collect()
    }

    fn state(&self, user: Name, sole: &BTreeSet<Name>) -> UserState {
        let owned = |name: Name| name.to_owned();
        UserState::new(
            Some(user.to_owned()),
            self.groups.iter().map(|(name, kind)| (owned(name), *kind)),
            self.groups_of(user).into_iter().map(|group| Membership { group: owned(group), origin: None }),
            sole.iter().copied().map(owned),
            [],
        )
        .unwrap()
    }
}

fn claim(groups: &[Name]) -> GroupClaim {
    GroupClaim {
        status: if groups.is_empty() { ClaimStatus::Empty } else { ClaimStatus::Present },
        groups: groups.iter().map(|name| (*name).to_owned()).collect(),
        attribute: Some("memberOf".into()),
        absence_proved: true,
        ..GroupClaim::default()
    }
}

fn seen() -> Circumstances {
    Circumstances { attribute_seen: true, ..Circumstances::default() }
}
