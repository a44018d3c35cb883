//! The result of a run, for people, and its place in `docs/verification.md`.

use crate::corpus::root;
use crate::law::Tally;
use crate::referees::GAPS;
use crate::run::Plan;
use std::fmt::Write;
use std::fs;
use std::process::Command;

const BEGIN: &str = "<!-- referee: written by make referee, not by hand -->";
const END: &str = "<!-- referee: end -->";

/// The commit that is judged; with a mark if the sources differ from it.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root()).args(arguments).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]);
    let changed =
        !git(&["status", "--porcelain", "--", "src", "tests/referee", "tests/vectors", "Cargo.lock"])
            .is_empty();
    if changed { format!("{commit}-changed") } else { commit }
}

/// What a run found.
pub fn text(plan: &Plan, results: &[(&str, Tally)]) -> String {
    let mut out = String::new();
    for (name, tally) in results {
        let _ = writeln!(out, "{name} (seed {})", plan.seed);
        for (what, count) in &tally.counts {
            let _ = writeln!(out, "  {count:>9}  {what}");
        }
        for violation in &tally.violations {
            let _ = writeln!(out, "  VIOLATION {violation}");
        }
    }
    out
}

/// Put the result into `docs/verification.md`.
pub fn write(plan: &Plan, results: &[(&str, Tally)]) {
    let path = root().join("docs/verification.md");
    let old = fs::read_to_string(&path).unwrap_or_else(|_| format!("# Verification\n\n{BEGIN}\n{END}\n"));
    let section = section(plan, results);
    let new = match (old.find(BEGIN), old.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{section}{}", &old[..begin], &old[end + END.len()..])
        }
        _ => format!("{}\n{section}\n", old.trim_end()),
    };
    fs::write(&path, new).expect("docs/verification.md is written");
}

fn section(plan: &Plan, results: &[(&str, Tally)]) -> String {
    let violations: u64 = results.iter().map(|(_, tally)| tally.count("violations")).sum();
    let mut out = format!("{BEGIN}\n### The referees' last long run\n\n");
    let _ = writeln!(
        out,
        "Commit `{}`, seed {}, {} cases of each random corpus: **{violations} unexplained differences**. The same seed gives the same\ncases on every machine; `make referee` repeats the run and rewrites this section.\n",
        commit(),
        plan.seed,
        plan.cases
    );
    for (name, tally) in results {
        let _ = writeln!(out, "| {name} | cases |\n|---|---:|");
        for (what, count) in &tally.counts {
            let _ = writeln!(out, "| {what} | {count} |");
        }
        if tally.count("violations") == 0 {
            let _ = writeln!(out, "| unexplained differences | 0 |");
        }
        out.push('\n');
    }
    out.push_str("What a referee does not judge:\n\n| referee | what | source |\n|---|---|---|\n");
    for gap in &GAPS {
        let _ = writeln!(out, "| {} | {} | {} |", gap.referee, gap.what, gap.source);
    }
    out.push_str(END);
    out
}
