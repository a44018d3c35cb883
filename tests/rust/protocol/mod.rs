//! The apply protocol over all interleavings of three logins and one administrator, and what its parts are for.

mod explore;
mod model;
mod scenarios;
mod traces;
mod world;

use explore::explore;
use model::Part;
use scenarios::scenarios;

#[test]
fn the_laws_hold_over_all_interleavings_and_everybody_gets_through() {
    for scenario in scenarios() {
        let found = explore(&scenario, None, false);
        assert_eq!((&found.broken, &found.stuck), (&None, &None), "{}", scenario.name);
        assert!(found.states > 1_000, "{}: {} states", scenario.name, found.states);
    }
}

#[test]
fn without_any_one_part_of_the_protocol_a_law_breaks() {
    for part in Part::ALL {
        let breaks = scenarios().iter().any(|scenario| explore(scenario, Some(part), true).broken.is_some());
        assert!(breaks, "without {} every law still holds", part.name());
    }
}

#[test]
fn without_the_users_lock_two_claims_mix() {
    let (law, _) = explore(&scenarios()[0], Some(Part::Mark), true).broken.unwrap();
    assert_eq!(law, "whatever ran at once, it is as if each had run alone");
}

#[test]
fn without_the_order_check_an_older_assertion_wins() {
    let (law, _) = explore(&scenarios()[0], Some(Part::Order), true).broken.unwrap();
    assert_eq!(law, "an older assertion changes nothing");
}

#[test]
fn the_traces_that_stores_replay_are_those_of_the_model() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/protocol/traces.json");
    let made = traces::traces();
    if std::env::var_os("MEMBEROF_WRITE_TRACES").is_some() {
        std::fs::write(file, &made).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(kept == made, "the model moved: MEMBEROF_WRITE_TRACES=1 cargo test traces writes {file} anew");
}
