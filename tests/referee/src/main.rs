//! memberof's referees: second and third opinions on every Response that it accepts (`docs/verification.md`).
//!
//! `memberof-referee short` is what `make test-referee` runs; `memberof-referee long` goes through a million cases of
//! each random corpus, can be cut and taken up again, and writes its result into `docs/verification.md`.

mod canonical;
mod corpus;
mod decrypt;
mod document;
mod judge;
mod law;
mod libxml2;
mod mutate;
mod ours;
mod random;
mod referees;
mod report;
mod run;
mod values;

use run::Plan;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, otherwise: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(otherwise, |value| value.parse().expect("a number"))
    };
    let jobs = option("--jobs", 2);
    let plan = match arguments.first().map(String::as_str) {
        Some("short") => {
            Plan { cases: option("--cases", 15_000), seed: option("--seed", 1), jobs, resumable: None }
        }
        Some("long") => {
            let tag = report::commit();
            Plan {
                cases: option("--cases", 1_000_000),
                seed: option("--seed", 2026),
                jobs,
                resumable: Some(tag),
            }
        }
        Some("mutant") => {
            let plan = Plan { cases: 1, seed: option("--seed", 1), jobs, resumable: None };
            run::print_mutant(&plan, option("mutant", 0));
            return ExitCode::SUCCESS;
        }
        Some("opinions") => {
            libxml2::silence();
            run::print_opinions();
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!(
                "usage: memberof-referee opinions|mutant N|short|long [--cases N] [--seed N] [--jobs N]"
            );
            return ExitCode::FAILURE;
        }
    };
    libxml2::silence();
    let results = [
        ("tests/vectors", run::vectors()),
        ("canonicalisation of random XML", run::canonicalisation(&plan)),
        ("mutations of signed Responses", run::mutations(&plan)),
    ];
    print!("{}", report::text(&plan, &results));
    if plan.resumable.is_some() {
        report::write(&plan, &results);
    }
    if results.iter().all(|(_, tally)| tally.count("violations") == 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
