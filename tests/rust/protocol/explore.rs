//! Every interleaving, shortest first.

use super::model::{Apply, Part};
use super::scenarios::Scenario;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What was found on the way through all states.
#[derive(Debug, Default)]
pub struct Found {
    pub states: usize,
    /// The first law that breaks, and who steps, in order, until it does; nothing further is looked at.
    pub broken: Option<(&'static str, Vec<usize>)>,
    /// A way to a state in which somebody waits for ever.
    pub stuck: Option<Vec<usize>>,
}

/// Take every step that anybody can take, from every state that such steps lead to.
pub fn explore(scenario: &Scenario, without: Option<Part>, whole_statements: bool) -> Found {
    let model = Apply::new(scenario, without, whole_statements);
    let mut found = Found::default();
    // Who stepped into a state, and from which; the states themselves are kept as hashes.
    let mut ways: Vec<(usize, usize)> = vec![(0, 0)];
    let mut seen = HashSet::from([hash(&model.beginning())]);
    let mut ahead = VecDeque::from([(0, model.beginning())]);
    while let Some((place, state)) = ahead.pop_front() {
        found.states += 1;
        if let Some(law) = state.broken {
            found.broken = Some((law, way(&ways, place)));
            return found;
        }
        let next = model.next(&state);
        if next.is_empty() && state.serial.len() < 4 {
            found.stuck.get_or_insert_with(|| way(&ways, place));
        }
        for (who, after) in next {
            if seen.insert(hash(&after)) {
                ways.push((place, who));
                ahead.push_back((ways.len() - 1, after));
            }
        }
    }
    found
}

fn way(ways: &[(usize, usize)], mut place: usize) -> Vec<usize> {
    let mut steps = Vec::new();
    while place > 0 {
        let (from, who) = ways[place];
        steps.push(who);
        place = from;
    }
    steps.reverse();
    steps
}

fn hash(state: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}
