//! The import rules of the floors, read from the source.

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first. A floor may name itself and what stands before it.
const FLOORS: [&str; 10] =
    ["limits", "time", "xml", "dsig", "xmlenc", "saml", "claim", "reconcile", "audit", "py"];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file without its comments, line by line.
fn code_lines(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().enumerate().map(|(index, line)| (index + 1, code(line))).collect()
}

fn floor_of(path: &Path) -> Option<String> {
    let first = path.strip_prefix(source()).unwrap().components().next()?;
    let name = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
    FLOORS.contains(&name.as_str()).then_some(name)
}

#[test]
fn a_floor_imports_only_what_lies_below_it() {
    let mut faults = Vec::new();
    for path in rust_files(&source()) {
        let Some(own) = floor_of(&path) else { continue };
        let rank = FLOORS.iter().position(|floor| *floor == own).unwrap();
        for (number, code) in code_lines(&path) {
            for above in &FLOORS[rank + 1..] {
                if code.contains(&format!("crate::{above}")) {
                    faults.push(format!("{}:{number} names {above}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn claim_knows_only_the_verified_assertion_of_saml_and_reconcile_nothing_of_xml() {
    let mut faults = Vec::new();
    for path in rust_files(&source()) {
        let own = floor_of(&path);
        for (number, code) in code_lines(&path) {
            let words = || code.split("crate::").skip(1);
            let bad = match own.as_deref() {
                Some("claim") => words().any(|rest| {
                    (rest.starts_with("saml")
                        && rest.trim_end_matches(';').trim() != "saml::VerifiedAssertion")
                        || ["xml", "dsig", "xmlenc"].iter().any(|floor| rest.starts_with(floor))
                }),
                Some("reconcile") => {
                    words().any(|rest| !rest.starts_with("claim") && !rest.starts_with("reconcile"))
                }
                _ => false,
            };
            if bad {
                faults.push(format!("{}:{number} {}", path.display(), code.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_the_crossing_of_the_doctor_looks_at_what_is_not_verified() {
    let mut faults = Vec::new();
    for path in rust_files(&source()) {
        let own = ["saml/glimpse.rs", "saml/mod.rs", "py/glimpse.rs"].iter().any(|own| path.ends_with(own));
        for (number, code) in code_lines(&path) {
            if code.contains("Glimpse") && !own {
                faults.push(format!("{}:{number} {}", path.display(), code.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_py_names_pyo3_and_only_its_arrow_file_is_unsafe() {
    let mut faults = Vec::new();
    for path in rust_files(&source()) {
        let in_py = floor_of(&path).as_deref() == Some("py");
        let is_arrow = path.ends_with("py/arrow.rs");
        for (number, code) in code_lines(&path) {
            let names_unsafe = code.contains("unsafe ") || code.contains("allow(unsafe_code)");
            if (code.contains("pyo3") && !in_py)
                || (names_unsafe && !is_arrow && !path.ends_with("py/mod.rs"))
            {
                faults.push(format!("{}:{number} {}", path.display(), code.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn below_py_nothing_reads_the_world() {
    const WORLD: [&str; 11] = [
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::env",
        "File::open",
        "println!",
        "eprintln!",
        "SystemRandom",
        "thread_rng",
        "log::",
    ];
    let mut faults = Vec::new();
    for path in rust_files(&source()) {
        if floor_of(&path).as_deref() == Some("py") {
            continue;
        }
        let mut in_tests = false;
        for (number, code) in code_lines(&path) {
            in_tests |= code.contains("#[cfg(test)]");
            if !in_tests && WORLD.iter().any(|word| code.contains(word)) {
                faults.push(format!("{}:{number} {}", path.display(), code.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
