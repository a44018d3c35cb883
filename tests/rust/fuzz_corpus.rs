//! The laws of `fuzz/` on stable: the committed corpus, replayed, and random changes of it.

#[path = "../../fuzz/laws.rs"]
mod laws;

use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn the_laws_hold_for_the_corpus() {
    for (name, law) in laws::LAWS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in &inputs {
            law(input);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_laws_hold_for_changes_of_the_corpus(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        for (name, law) in laws::LAWS {
            let inputs = corpus(name);
            let mut input = inputs[pick.index(inputs.len())].clone();
            for (at, byte, kind) in &changes {
                let at = at.index(input.len() + 1);
                match kind {
                    0 => input.insert(at, *byte),
                    1 if at < input.len() => input[at] = *byte,
                    _ => input.truncate(at.max(input.len() / 2)),
                }
            }
            law(&input);
        }
    }

    #[test]
    fn the_laws_hold_for_any_bytes(input in prop::collection::vec(any::<u8>(), 0..200)) {
        for (_, law) in laws::LAWS {
            law(&input);
        }
    }
}
