//! Interleavings for the real stores to replay: `tests/data/protocol/traces.json`.
//!
//! A trace says who takes each step. Beside it stands what the model makes of each order of commits, so that a store
//! whose locks let them through in another order is held to the right outcome too.

use super::explore::explore;
use super::model::{ADMINISTRATOR, Apply, Part, orders};
use super::scenarios::{Scenario, scenarios};
use super::world::{Deed, Login, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TRACES: usize = 1_000;

/// The file's text.
pub fn traces() -> String {
    let scenarios = scenarios();
    let described: Vec<Value> = scenarios.iter().map(describe).collect();
    let mut broken = Vec::new();
    for (place, scenario) in scenarios.iter().enumerate() {
        for part in Part::ALL {
            if let Some((law, steps)) = explore(scenario, Some(part), true).broken {
                let steps = digits(&steps);
                broken.push(json!({"scenario": place, "without": part.name(), "law": law, "steps": steps}));
            }
        }
    }
    let mut random = 20_261_124;
    let sampled = (0..TRACES).map(|number| {
        let place = number % scenarios.len();
        let (steps, order) = walk(&scenarios[place], &mut random);
        json!({"scenario": place, "steps": digits(&steps), "order": digits(&order)})
    });
    lines(&[("scenarios", described), ("counterexamples", broken), ("traces", sampled.collect())])
}

/// A walk from the beginning to the end, and the order of commits.
fn walk(scenario: &Scenario, random: &mut u64) -> (Vec<usize>, Vec<usize>) {
    let model = Apply::new(scenario, None, true);
    let mut state = model.beginning();
    let mut steps = Vec::new();
    loop {
        let mut next = model.next(&state);
        if next.is_empty() {
            return (steps, state.serial);
        }
        let (who, then) = next.swap_remove(below(next.len(), random));
        steps.push(who);
        state = then;
    }
}

/// A number below `end`, by a step of `SplitMix64`.
fn below(end: usize, random: &mut u64) -> usize {
    *random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *random;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
}

fn describe(scenario: &Scenario) -> Value {
    let outcomes: BTreeMap<String, Value> = orders(&[0, 1, 2, ADMINISTRATOR])
        .into_iter()
        .map(|order| (digits(&order), outcome(&scenario.alone(&order))))
        .collect();
    let logins: Vec<Value> = scenario
        .logins
        .iter()
        .map(|Login { user, groups, order }| json!({"user": user, "groups": groups, "order": order}))
        .collect();
    json!({
        "name": scenario.name,
        "before": outcome(&scenario.before),
        "logins": logins,
        "deed": deed(scenario.deed),
        "guarded": scenario.guarded,
        "outcomes": outcomes,
    })
}

fn outcome(world: &World) -> Value {
    let members: Vec<Value> = world.members.iter().map(|(user, group)| json!([user, group])).collect();
    json!({"groups": world.groups, "members": members, "marks": world.marks})
}

fn deed(deed: Deed) -> Value {
    match deed {
        Deed::Rename(old, new) => json!(["rename_group", old, new]),
        Deed::Delete(name) => json!(["delete_group", name]),
        Deed::Kind(name, kind) => json!(["set_kind", name, kind]),
        Deed::Attach(user, name) => json!(["attach", user, name]),
        Deed::Detach(user, name) => json!(["detach", user, name]),
        Deed::UndoFirstLogin(user) => json!(["undo_first_login", user]),
    }
}

fn digits(steps: &[usize]) -> String {
    steps.iter().map(ToString::to_string).collect()
}

/// JSON with an item a line, so that a change of the model is a readable one here.
fn lines(parts: &[(&str, Vec<Value>)]) -> String {
    let part = |(name, items): &(&str, Vec<Value>)| {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        format!("\"{name}\": [\n{}\n]", items.join(",\n"))
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("{{\n{}\n}}\n", parts.join(",\n"))
}
