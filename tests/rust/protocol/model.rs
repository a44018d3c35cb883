//! The apply protocol of the stores as a state machine: three logins and an administrator, a lock at a time.
//!
//! It is PostgreSQL's protocol, the finer one: SQLite lets one transaction in at a time. A login passes the tenant's
//! gate, locks its user's mark, reads a snapshot that may be older than its locks, decides, locks what the plan
//! touches, compares, writes, commits; and begins anew where it met another state. See `memberof.stores`.

use super::scenarios::Scenario;
use super::world::{Name, Row, World};
use memberof::reconcile::GroupKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The administrator's place behind the logins.
pub const ADMINISTRATOR: usize = 3;

/// A part of the protocol; without any one of these it is wrong, and the way to it is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// Logins and an administrator's writes keep apart.
    Gate,
    /// The user's mark is locked, and a snapshot older than that lock is thrown away.
    Mark,
    /// An older assertion changes nothing.
    Order,
    /// What the plan touches is locked and compared with what it was made on.
    Comparison,
    /// Who leaves a guarded group looks again, with all who write kept out, whether she is the last.
    SecondLook,
}

impl Part {
    pub const ALL: [Self; 5] = [Self::Gate, Self::Mark, Self::Order, Self::Comparison, Self::SecondLook];

    pub fn name(self) -> &'static str {
        match self {
            Self::Gate => "the gate",
            Self::Mark => "the user's lock",
            Self::Order => "the order check",
            Self::Comparison => "the comparison",
            Self::SecondLook => "the second look at last members",
        }
    }
}

pub struct Apply {
    scenario: Scenario,
    without: Option<Part>,
    /// A statement takes all the locks that it can get at once; else they are taken one by one.
    whole_statements: bool,
    /// What comes of every order of some of the four, each alone.
    alone: HashMap<Vec<usize>, World>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct State {
    pub world: World,
    /// Grows with every write to a user's mark.
    versions: BTreeMap<Name, u8>,
    at: [Place; 4],
    /// How many had committed when each began.
    began: [Option<usize>; 4],
    /// Who committed, in order.
    pub serial: Vec<usize>,
    /// The first law that a commit broke.
    pub broken: Option<&'static str>,
}

/// How far a transaction is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Place {
    Outside,
    AtGate(Box<Seen>),
    AtMark(Box<Seen>),
    /// To be begun anew.
    Again,
    AgainAtMark,
    /// She leaves a guarded group, and looks again, with all who write kept out, whether she is its last member.
    Leaving(Box<Seen>),
    Locking(Box<Work>),
    Locked(Box<Work>),
    Written(Box<Work>),
    Queued,
    Shut,
    Done,
}

/// What an opening read.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Seen {
    world: World,
    version: u8,
}

/// What is to be written, made on which kinds of groups, under which locks.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct Work {
    rows: Vec<Row>,
    kinds: BTreeMap<Name, GroupKind>,
    locks: Vec<Lock>,
    taken: usize,
    is_older: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Lock {
    Settings { shut: bool },
    NewGroup(Name),
    Group { name: Name, shut: bool },
}

const SETTINGS_SHUT: Lock = Lock::Settings { shut: true };

impl Lock {
    fn excludes(self, other: Lock) -> bool {
        match (self, other) {
            (Lock::Settings { shut: one }, Lock::Settings { shut: two }) => one || two,
            (Lock::NewGroup(one), Lock::NewGroup(two)) => one == two,
            (Lock::Group { name, shut }, Lock::Group { name: of, shut: also }) => {
                name == of && (shut || also)
            }
            _ => false,
        }
    }
}

impl Apply {
    pub fn new(scenario: &Scenario, without: Option<Part>, whole_statements: bool) -> Self {
        let all = orders(&[0, 1, 2, ADMINISTRATOR]);
        let some = all.iter().flat_map(|order| (0..=order.len()).map(|end| order[..end].to_vec()));
        let alone = some.map(|order| (order.clone(), scenario.alone(&order))).collect();
        Self { scenario: scenario.clone(), without, whole_statements, alone }
    }

    /// The state before anybody's first step.
    pub fn beginning(&self) -> State {
        let at = [Place::Outside, Place::Outside, Place::Outside, Place::Outside];
        let world = self.scenario.before.clone();
        State { world, versions: BTreeMap::new(), at, began: [None; 4], serial: Vec::new(), broken: None }
    }

    /// Every next step: who takes it, and the state after it.
    pub fn next(&self, state: &State) -> Vec<(usize, State)> {
        let free = (0..=ADMINISTRATOR).filter(|who| self.is_free(state, *who));
        free.map(|who| {
            let mut after = state.clone();
            after.began[who].get_or_insert(state.serial.len());
            after.at[who] = self.step(&mut after, who);
            (who, after)
        })
        .collect()
    }

    fn has(&self, part: Part) -> bool {
        self.without != Some(part)
    }

    /// Whether `who` can take a step: is not done, and waits for no lock.
    fn is_free(&self, state: &State, who: usize) -> bool {
        match &state.at[who] {
            Place::Done => false,
            Place::Outside | Place::Shut | Place::Locked(_) | Place::Written(_) => true,
            Place::AtGate(_) | Place::Again => !self.is_shut(state),
            Place::AtMark(_) | Place::AgainAtMark => !self.is_marked(state, who),
            Place::Leaving(_) => can_lock(state, who, SETTINGS_SHUT),
            Place::Locking(work) => can_lock(state, who, work.locks[work.taken]),
            Place::Queued => !self.is_busy(state),
        }
    }

    fn step(&self, state: &mut State, who: usize) -> Place {
        match state.at[who].clone() {
            Place::Outside if who == ADMINISTRATOR => {
                if self.is_busy(state) {
                    Place::Queued
                } else {
                    Place::Shut
                }
            }
            Place::Queued => Place::Shut,
            Place::Shut => {
                let rows = state.world.deed(self.scenario.deed, &self.scenario.before);
                Place::Written(Box::new(Work { rows, ..Work::default() }))
            }
            Place::Outside => {
                let seen = Box::new(self.look(state, who));
                if self.is_shut(state) { Place::AtGate(seen) } else { self.at_mark(state, who, seen) }
            }
            Place::AtGate(seen) => self.at_mark(state, who, seen),
            Place::AtMark(seen) => self.under_mark(state, who, seen),
            Place::Again if self.is_marked(state, who) => Place::AgainAtMark,
            Place::Again | Place::AgainAtMark => self.opened(who, Box::new(self.look(state, who))),
            Place::Leaving(seen) => self.look_again(state, who, *seen),
            Place::Locking(work) => self.lock(state, who, *work),
            Place::Locked(work) => {
                let stands = !self.has(Part::Comparison) || state.world.fits(&work.rows);
                if stands { Place::Written(work) } else { Place::Again }
            }
            Place::Written(work) => {
                self.commit(state, who, &work);
                Place::Done
            }
            Place::Done => Place::Done,
        }
    }

    fn look(&self, state: &State, who: usize) -> Seen {
        let version = self.version(state, who);
        Seen { world: state.world.clone(), version }
    }

    fn at_mark(&self, state: &State, who: usize, seen: Box<Seen>) -> Place {
        if self.is_marked(state, who) { Place::AtMark(seen) } else { self.under_mark(state, who, seen) }
    }

    fn under_mark(&self, state: &State, who: usize, seen: Box<Seen>) -> Place {
        let moved = self.has(Part::Mark) && seen.version != self.version(state, who);
        if moved { Place::Again } else { self.opened(who, seen) }
    }

    fn opened(&self, who: usize, seen: Box<Seen>) -> Place {
        let login = &self.scenario.logins[who];
        let leaves =
            |name: &Name| !login.groups.contains(name) && seen.world.members.contains(&(login.user, name));
        if self.has(Part::SecondLook) && self.scenario.guarded.iter().any(leaves) {
            return Place::Leaving(seen);
        }
        let sole = seen.world.sole(login.user, self.scenario.guarded);
        self.decide(who, seen.world, &sole, Vec::new())
    }

    /// Nobody else writes now: who is the last member shows, and whether the rest is still as it was read.
    fn look_again(&self, state: &State, who: usize, seen: Seen) -> Place {
        let login = &self.scenario.logins[who];
        let hers = seen.world.groups_of(login.user);
        let moved = |name: &Name| seen.world.groups.get(name) != state.world.groups.get(name);
        if hers != state.world.groups_of(login.user) || hers.iter().chain(login.groups).any(moved) {
            return Place::Again;
        }
        let sole = state.world.sole(login.user, self.scenario.guarded);
        self.decide(who, seen.world, &sole, vec![SETTINGS_SHUT])
    }

    fn decide(&self, who: usize, seen: World, sole: &BTreeSet<Name>, held: Vec<Lock>) -> Place {
        let login = &self.scenario.logins[who];
        if self.has(Part::Order) && seen.is_older(login) {
            return Place::Written(Box::new(Work { is_older: true, locks: held, ..Work::default() }));
        }
        let rows = seen.plan(login, self.scenario.guarded, sole);
        let taken = held.len();
        let locks = if rows.is_empty() || !self.has(Part::Comparison) { held } else { locks_of(&rows, held) };
        let work = Box::new(Work { rows, kinds: seen.groups, locks, taken, is_older: false });
        if work.rows.is_empty() {
            return Place::Written(work);
        }
        if work.taken == work.locks.len() { Place::Locked(work) } else { Place::Locking(work) }
    }

    fn lock(&self, state: &State, who: usize, mut work: Work) -> Place {
        work.taken += 1;
        while self.whole_statements
            && work.taken < work.locks.len()
            && can_lock(state, who, work.locks[work.taken])
        {
            work.taken += 1;
        }
        if work.taken < work.locks.len() {
            return Place::Locking(Box::new(work));
        }
        let now = &state.world.groups;
        let stands = work.locks.iter().all(|lock| match lock {
            Lock::Settings { .. } => true,
            Lock::NewGroup(name) => !now.contains_key(name),
            Lock::Group { name, .. } => now.contains_key(name) && now.get(name) == work.kinds.get(name),
        });
        if stands { Place::Locked(Box::new(work)) } else { Place::Again }
    }

    fn commit(&self, state: &mut State, who: usize, work: &Work) {
        let before = state.world.clone();
        state.world.write(&work.rows);
        state.serial.push(who);
        if let Some(login) = self.scenario.logins.get(who)
            && !work.is_older
        {
            state.world.marks.insert(login.user, login.order);
            *state.versions.entry(login.user).or_default() += 1;
        }
        for row in work.rows.iter().filter(|_| who == ADMINISTRATOR) {
            if let Row::Attach(user, _) | Row::Detach(user, _) = row {
                *state.versions.entry(user).or_default() += 1;
            }
        }
        let law = self.scenario.broken(who, &before, &state.world).or_else(|| {
            let alone = self.is_as_if_alone(state);
            (!alone).then_some("whatever ran at once, it is as if each had run alone")
        });
        state.broken = state.broken.or(law);
    }

    /// Whether some order explains the state: one in which whoever had committed before another began comes before it.
    fn is_as_if_alone(&self, state: &State) -> bool {
        let keeps_time = |order: &Vec<usize>| {
            order.iter().enumerate().all(|(place, who)| {
                let earlier = &state.serial[..state.began[*who].unwrap_or_default()];
                earlier.iter().all(|first| order[..place].contains(first))
            })
        };
        let explains = |order: &Vec<usize>| keeps_time(order) && self.alone[order] == state.world;
        explains(&state.serial) || orders(&state.serial).iter().any(explains)
    }

    /// Whether an administrator's writes keep logins out.
    fn is_shut(&self, state: &State) -> bool {
        let inside = !matches!(state.at[ADMINISTRATOR], Place::Outside | Place::Done);
        self.has(Part::Gate) && inside
    }

    /// Whether logins keep an administrator's writes out.
    fn is_busy(&self, state: &State) -> bool {
        let outside =
            |place: &Place| matches!(place, Place::Outside | Place::AtGate(_) | Place::Again | Place::Done);
        self.has(Part::Gate) && !state.at[..ADMINISTRATOR].iter().all(outside)
    }

    /// Whether another login of the user holds her mark.
    fn is_marked(&self, state: &State, who: usize) -> bool {
        let user = self.scenario.logins[who].user;
        let others = (0..ADMINISTRATOR).filter(|other| *other != who);
        self.has(Part::Mark)
            && others.filter(|other| self.scenario.logins[*other].user == user).any(|other| {
                matches!(
                    state.at[other],
                    Place::Leaving(_) | Place::Locking(_) | Place::Locked(_) | Place::Written(_)
                )
            })
    }

    fn version(&self, state: &State, who: usize) -> u8 {
        state.versions.get(self.scenario.logins[who].user).copied().unwrap_or_default()
    }
}

fn can_lock(state: &State, who: usize, wanted: Lock) -> bool {
    let held = |place: &Place| -> Vec<Lock> {
        match place {
            Place::Locking(work) => work.locks[..work.taken].to_vec(),
            Place::Locked(work) | Place::Written(work) => work.locks.clone(),
            _ => Vec::new(),
        }
    };
    let others = state.at.iter().enumerate().filter(|(other, _)| *other != who);
    !others.flat_map(|(_, place)| held(place)).any(|lock| lock.excludes(wanted))
}

/// Settings, new groups by name, old groups by name: the order of locks behind the gate and the mark.
fn locks_of(rows: &[Row], held: Vec<Lock>) -> Vec<Lock> {
    let created: BTreeSet<Name> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Create(name) => Some(*name),
            _ => None,
        })
        .collect();
    let shut = rows.iter().any(|row| matches!(row, Row::Kind(..)));
    let touched: BTreeSet<Name> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Kind(name, _) | Row::Attach(_, name) | Row::Detach(_, name) => Some(*name),
            _ => None,
        })
        .filter(|name| !created.contains(name))
        .collect();
    let mut locks = if held.is_empty() { vec![Lock::Settings { shut: false }] } else { held };
    locks.extend(created.into_iter().map(Lock::NewGroup));
    locks.extend(touched.into_iter().map(|name| Lock::Group { name, shut }));
    locks
}

/// Every order of these.
pub fn orders(all: &[usize]) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in all {
        let longer = |order: &Vec<usize>| -> Vec<Vec<usize>> {
            let left = all.iter().filter(|who| !order.contains(who));
            left.map(|who| [order.as_slice(), &[*who]].concat()).collect()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}
