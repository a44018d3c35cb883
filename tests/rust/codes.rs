//! Every code that the verifier, the extractor and the rules can give is given by a vector or a named test, or it stands
//! here with the reason why not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folders whose codes a caller of verification, metadata, requests, extraction or reconciliation can meet.
const FLOORS: [&str; 6] = ["src/xml", "src/dsig", "src/xmlenc", "src/saml", "src/claim", "src/reconcile"];
const PYTHON: [&str; 10] = [
    "src/py/credentials.rs",
    "src/py/errors.rs",
    "src/py/identity_provider.rs",
    "src/py/instant.rs",
    "src/py/limits.rs",
    "src/py/metadata.rs",
    "src/py/policy.rs",
    "src/py/reconcile.rs",
    "src/py/request.rs",
    "src/py/service_provider.rs",
];

/// Codes that no input brings about.
const UNREACHABLE: [(&str, &str); 3] = [
    ("request.signing_failed", "a key that was read can sign; only a failing library or no memory is left"),
    ("config.randomness", "the operating system gives no random bytes"),
    ("config.acs_url", "ServiceProvider refuses an empty acs_url when it is made"),
];

pub fn files(at: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    if at.is_dir() {
        for entry in fs::read_dir(at).unwrap() {
            files(&entry.unwrap().path(), ending, found);
        }
    } else if at.extension().is_some_and(|extension| extension == ending) {
        found.push(at.to_owned());
    }
}

/// What stands in quotation marks and has the form of a code: `floor.fact`.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).filter(|quoted| {
        let word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        quoted.split_once('.').is_some_and(|(floor, fact)| floor != "memberof" && word(floor) && word(fact))
    })
}

fn code_and_tests(text: &str) -> (&str, &str) {
    text.split_once("#[cfg(test)]").unwrap_or((text, ""))
}

#[test]
fn every_code_has_a_vector_or_a_named_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut sources, mut tests) = (Vec::new(), Vec::new());
    for place in FLOORS.iter().chain(&PYTHON) {
        files(&root.join(place), "rs", &mut sources);
    }
    files(&root.join("tests/rust"), "rs", &mut tests);
    files(&root.join("tests/python"), "py", &mut tests);
    files(&root.join("tests/vectors"), "toml", &mut tests);
    files(&root.join("tests/data"), "toml", &mut tests);
    // Lists of codes are no tests of them.
    tests.retain(|path| !path.ends_with("codes.rs") && !path.ends_with("signed_by_others.rs"));
    let mut tested = String::new();
    for path in &tests {
        tested += &fs::read_to_string(path).unwrap();
    }
    let mut given: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        let (code, own_tests) = code_and_tests(&text);
        tested += own_tests;
        given.extend(codes(code).map(|code| (code.to_owned(), path.clone())));
    }
    assert!(given.len() > 90, "{} codes", given.len());
    let is_tested = |code: &str| tested.contains(&format!("\"{code}\""));
    for (code, reason) in UNREACHABLE {
        assert!(given.remove(code).is_some(), "{code} is no code any more ({reason})");
        assert!(!is_tested(code), "{code} has a test: take it out of the list");
    }
    let missing: Vec<_> = given.iter().filter(|(code, _)| !is_tested(code)).collect();
    assert!(missing.is_empty(), "no test of {missing:#?}");
}

#[test]
fn every_code_of_a_claim_is_explained_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/reference/claim-codes.md")).unwrap();
    let explained: BTreeSet<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.starts_with("claim.") || code.starts_with("rule."))
        .filter(|code| !["claim.warnings", "claim.dropped", "claim.malformed"].contains(code))
        .collect();
    let mut sources = Vec::new();
    files(&root.join("src/claim"), "rs", &mut sources);
    let texts: Vec<String> = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let given: BTreeSet<&str> = texts.iter().flat_map(|text| codes(text)).collect();
    assert_eq!(explained, given);
}
