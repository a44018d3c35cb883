//! Three logins and an administrator's deed each, and the laws that every commit must keep.

use super::model::ADMINISTRATOR;
use super::world::{Deed, Login, Name, World};
use memberof::reconcile::GroupKind::{External, Internal};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub before: World,
    pub logins: [Login; 3],
    pub deed: Deed,
    /// Groups that keep their last member.
    pub guarded: &'static [Name],
}

const fn login(user: Name, groups: &'static [Name], order: u8) -> Login {
    Login { user, groups, order }
}

const LOGINS: [(Name, [Login; 3], &[Name]); 4] = [
    (
        "overlapping new groups",
        [
            login("ada", &["Old", "New"], 1),
            login("ada", &["New", "Newer"], 2),
            login("bob", &["Old", "New"], 3),
        ],
        &[],
    ),
    ("one user", [login("ada", &["New"], 2), login("ada", &["Old"], 3), login("ada", &[], 1)], &[]),
    (
        "adoption",
        [login("ada", &["New", "Staff"], 1), login("bob", &["Staff"], 2), login("ada", &["New"], 3)],
        &[],
    ),
    (
        "last members",
        [login("ada", &[], 1), login("bob", &["Old"], 2), login("ada", &["Old"], 3)],
        &["Admins"],
    ),
];

const DEEDS: [(Name, Deed); 6] = [
    ("a rename to a received name", Deed::Rename("Old", "New")),
    ("a deletion", Deed::Delete("Old")),
    ("a group made internal", Deed::Kind("Old", Internal)),
    ("a member put in", Deed::Attach("ada", "Staff")),
    ("a member taken out", Deed::Detach("bob", "Old")),
    ("an undo", Deed::UndoFirstLogin("ada")),
];

/// Every set of logins with every deed.
pub fn scenarios() -> Vec<Scenario> {
    let before = World {
        groups: [("Admins", External), ("Board", Internal), ("Old", External), ("Staff", Internal)].into(),
        members: [
            ("ada", "Admins"),
            ("ada", "Board"),
            ("ada", "Old"),
            ("bob", "Admins"),
            ("bob", "Old"),
            ("eve", "Staff"),
        ]
        .into(),
        marks: [("ada", 0), ("bob", 0)].into(),
        touched: BTreeSet::new(),
    };
    let mut all = Vec::new();
    for (who, logins, guarded) in LOGINS {
        for (what, deed) in DEEDS {
            let name = format!("{who} and {what}");
            all.push(Scenario { name, before: before.clone(), logins, deed, guarded });
        }
    }
    all
}

impl Scenario {
    /// The world after these, one after the other, each alone.
    pub fn alone(&self, order: &[usize]) -> World {
        let mut world = self.before.clone();
        for who in order {
            if *who == ADMINISTRATOR {
                let rows = world.deed(self.deed, &self.before);
                world.write(&rows);
                continue;
            }
            let login = &self.logins[*who];
            if !world.is_older(login) {
                let sole = world.sole(login.user, self.guarded);
                let rows = world.plan(login, self.guarded, &sole);
                world.write(&rows);
                world.marks.insert(login.user, login.order);
            }
        }
        world
    }

    /// The law that a commit broke.
    pub fn broken(&self, who: usize, before: &World, after: &World) -> Option<&'static str> {
        let is_whole = |(_, group): &(Name, Name)| after.groups.contains_key(group);
        let mut laws = vec![("every membership has its group", after.members.iter().all(is_whole))];
        if let Some(login) = self.logins.get(who) {
            let others = |world: &World| -> BTreeSet<_> {
                world.members.iter().filter(|(user, _)| *user != login.user).copied().collect()
            };
            let internal = |world: &World| -> BTreeSet<_> {
                let stays = |(_, name): &&(Name, Name)| {
                    before.groups.get(name) == Some(&Internal) && !login.groups.contains(name)
                };
                world.members.iter().filter(stays).copied().collect()
            };
            let newest = !before.is_older(login);
            let keeps =
                |name: &Name| before.members_of(name).count() == 0 || after.members_of(name).count() > 0;
            laws.extend([
                ("no login takes the last member of a guarded group", self.guarded.iter().all(keeps)),
                ("no other user's membership changes in a login", others(before) == others(after)),
                ("internal memberships never change", internal(before) == internal(after)),
                ("an older assertion changes nothing", newest || before == after),
            ]);
        }
        laws.into_iter().find(|(_, holds)| !holds).map(|(law, _)| law)
    }
}
