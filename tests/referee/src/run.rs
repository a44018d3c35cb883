//! The three corpora, in chunks that are spread over threads and written down as they end.

use crate::judge::{self, Ready};
use crate::law::{Law, Tally, fingerprint};
use crate::random::Random;
use crate::referees::{NAMES, Opinion};
use crate::{canonical, corpus, libxml2, mutate};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;

pub struct Plan {
    pub cases: u64,
    pub seed: u64,
    pub jobs: u64,
    /// Where to keep the state of a run that can be taken up again, and what it belongs to.
    pub resumable: Option<String>,
}

const CHUNK: u64 = 20_000;

/// Every vector and every captured Response, as it was sent.
pub fn vectors() -> Tally {
    let mut law = Law::new();
    for sample in corpus::samples() {
        let ready = Ready::new(sample);
        let name = ready.sample.name.clone();
        let ours = ready.our_opinion();
        law.count(if matches!(ours, Opinion::Accepts(_)) { "accepted by us" } else { "refused by us" });
        let mut abstained = 0;
        for (referee, theirs) in ready.opinions() {
            abstained += usize::from(matches!(theirs, Opinion::Abstains(_)));
            law.judge(&name, &ours, referee, &theirs);
        }
        let inside = ready
            .sample
            .xml
            .as_ref()
            .is_some_and(|xml| xml.contains("EncryptedID") || xml.contains("EncryptedAttribute"));
        if matches!(ours, Opinion::Accepts(_)) && abstained == NAMES.len() && !inside {
            law.violate(format!("{name}: we accept, and no referee can judge it"));
        }
    }
    law.finish_with_table()
}

/// What everybody says of every vector and captured Response, a line each.
pub fn print_opinions() {
    let short = |opinion: &Opinion| format!("{opinion:?}").chars().take(160).collect::<String>();
    for sample in corpus::samples() {
        let ready = Ready::new(sample);
        println!("{} ours {}", ready.sample.name, short(&ready.our_opinion()));
        for (referee, theirs) in ready.opinions() {
            println!("{} {referee} {}", ready.sample.name, short(&theirs));
        }
    }
}

/// Random XML through three canonicalisers.
pub fn canonicalisation(plan: &Plan) -> Tally {
    let judge = |law: &mut Law, number: u64| {
        let case = canonical::case(&mut Random::new(plan.seed, number));
        match canonical::judge(&case) {
            canonical::Outcome::Agree => law.count("all three agree"),
            canonical::Outcome::Known(why) => law.count(&format!("known: {why}")),
            canonical::Outcome::WeRefuse(code) => {
                law.violate(format!("case {number}: we refuse with {code}\n{}", case.xml))
            }
            canonical::Outcome::Differ(what) => {
                law.violate(format!("case {number}: {:?}\n{}\n{what}", case.canonicalization, case.xml));
            }
        }
    };
    in_chunks("canonicalisation", plan, &judge)
}

/// All unencrypted Responses that we accept.
fn seeds() -> Vec<Ready> {
    corpus::samples()
        .into_iter()
        .filter(|sample| sample.xml.as_ref().is_some_and(|xml| xml.len() < 24_000))
        .map(Ready::new)
        .filter(|ready| !ready.is_encrypted() && matches!(ready.our_opinion(), Opinion::Accepts(_)))
        .collect()
}

/// Which seed the case of that number is of, and the mutant.
fn mutant<'s>(seeds: &'s [Ready], plan: &Plan, number: u64) -> (&'s Ready, Vec<u8>) {
    let mut random = Random::new(plan.seed, number);
    let seed = &seeds[random.below(seeds.len())];
    let other = &seeds[random.below(seeds.len())];
    let text = |ready: &'s Ready| ready.sample.xml.as_deref().unwrap_or_default();
    (seed, mutate::mutant(&mut random, text(seed), text(other)))
}

/// Write the mutant of that number to standard output.
pub fn print_mutant(plan: &Plan, number: u64) {
    let seeds = seeds();
    let (seed, mutant) = mutant(&seeds, plan, number);
    eprintln!("{}", seed.sample.name);
    println!("{}", String::from_utf8_lossy(&mutant));
}

/// Mutants of all unencrypted Responses that we accept.
pub fn mutations(plan: &Plan) -> Tally {
    let seeds = seeds();
    let signed: BTreeSet<String> = seeds
        .iter()
        .filter_map(|ready| match ready.our_opinion() {
            Opinion::Accepts(values) => Some(fingerprint(&values)),
            _ => None,
        })
        .collect();
    let judge = |law: &mut Law, number: u64| {
        let (seed, mutant) = mutant(&seeds, plan, number);
        let Ok(ours) = &seed.ours else { return };
        let opinion = ours.opinion_on_xml(&mutant);
        let name = || format!("case {number} of {}", seed.sample.name);
        law.count(if matches!(opinion, Opinion::Accepts(_)) { "accepted by us" } else { "refused by us" });
        law.judge_values(&name(), &opinion, &signed);
        let Ok(text) = std::str::from_utf8(&mutant) else { return law.count("not UTF-8: no referee asked") };
        for referee in NAMES {
            let theirs = judge::judge(referee, text.strip_prefix('\u{feff}').unwrap_or(text), &seed.keys);
            law.judge(&name(), &opinion, referee, &theirs);
        }
    };
    in_chunks("mutations", plan, &judge)
}

fn in_chunks(corpus: &'static str, plan: &Plan, judge: &(dyn Fn(&mut Law, u64) + Sync)) -> Tally {
    let state = plan.resumable.as_ref().map(|tag| state_file(corpus, plan, tag));
    let (mut next, mut total) = state.as_ref().and_then(read_state).unwrap_or_default();
    while next < plan.cases {
        let end = (next + CHUNK).min(plan.cases);
        let tallies: Vec<Tally> = thread::scope(|scope| {
            let workers: Vec<_> = (0..plan.jobs)
                .map(|worker| {
                    scope.spawn(move || {
                        libxml2::silence();
                        let mut law = Law::new();
                        let mut number = next + worker;
                        while number < end {
                            judge(&mut law, number);
                            number += plan.jobs;
                        }
                        law.finish()
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker ends")).collect()
        });
        for tally in tallies {
            total.add(tally);
        }
        next = end;
        eprintln!("{corpus}: {next} of {} cases, {} violations", plan.cases, total.count("violations"));
        if let Some(path) = &state {
            fs::write(path, serde_json::to_vec(&(next, &total)).expect("JSON"))
                .expect("the state is written");
        }
    }
    total
}

fn state_file(corpus: &str, plan: &Plan, tag: &str) -> PathBuf {
    let folder = corpus::root().join("target/referee");
    fs::create_dir_all(&folder).expect("target/referee");
    folder.join(format!("{corpus}-{tag}-{}-{}.json", plan.seed, plan.cases))
}

fn read_state(path: &PathBuf) -> Option<(u64, Tally)> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
