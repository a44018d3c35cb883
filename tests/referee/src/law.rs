//! The law: what we accept, each referee that implements it accepts, with the same values. What they accept and we refuse
//! stands in `explained.toml`, by our code, and an entry that no longer occurs is a fault too.

use crate::referees::Opinion;
use crate::values::Values;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Table {
    refusal: Vec<Explained>,
}

/// Why we refuse what a referee accepts.
#[derive(Deserialize)]
struct Explained {
    code: String,
    /// Of whom that is true; each must be so in some vector.
    referees: Vec<String>,
    /// Read by people.
    #[allow(dead_code)]
    why: String,
}

/// What a run saw.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct Tally {
    pub counts: BTreeMap<String, u64>,
    pub violations: Vec<String>,
    occurred: BTreeSet<(String, String)>,
}

/// As many violations are kept as anybody reads.
const KEPT: usize = 40;

impl Tally {
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    pub fn add(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_insert(0) += count;
        }
        self.violations.extend(other.violations);
        self.violations.truncate(KEPT);
        self.occurred.extend(other.occurred);
    }
}

pub struct Law {
    explained: Vec<Explained>,
    tally: Tally,
}

impl Law {
    pub fn new() -> Self {
        let table: Table = toml::from_str(include_str!("../explained.toml")).expect("explained.toml");
        Self { explained: table.refusal, tally: Tally::default() }
    }

    pub fn count(&mut self, what: &str) {
        match self.tally.counts.get_mut(what) {
            Some(count) => *count += 1,
            None => {
                self.tally.counts.insert(what.to_owned(), 1);
            }
        }
    }

    pub fn violate(&mut self, what: String) {
        self.count("violations");
        if self.tally.violations.len() < KEPT {
            self.tally.violations.push(what);
        }
    }

    /// Hold one Response against the law.
    pub fn judge(&mut self, name: &str, ours: &Opinion, referee: &str, theirs: &Opinion) {
        match (ours, theirs) {
            (Opinion::Accepts(our), Opinion::Accepts(their)) if our == their => {
                self.count(&format!("{referee} agrees"))
            }
            (Opinion::Accepts(our), Opinion::Accepts(their)) => {
                self.violate(format!(
                    "{name}: {referee} reads other values\n  ours   {our:?}\n  theirs {their:?}"
                ));
            }
            (Opinion::Accepts(_), Opinion::Refuses(why)) => {
                self.violate(format!("{name}: we accept, {referee} refuses: {why}"))
            }
            (Opinion::Accepts(_), Opinion::Abstains(why)) => {
                self.count(&format!("{referee} abstains: {why}"))
            }
            (Opinion::Refuses(_), Opinion::Refuses(_)) => self.count(&format!("{referee} refuses too")),
            (Opinion::Refuses(_), Opinion::Abstains(_)) => {
                self.count(&format!("{referee} abstains from what we refuse"))
            }
            (Opinion::Refuses(code), Opinion::Accepts(_)) => {
                let is_known = |entry: &Explained| {
                    entry.code == *code && entry.referees.iter().any(|known| known == referee)
                };
                if self.explained.iter().any(is_known) {
                    self.tally.occurred.insert((code.clone(), referee.to_owned()));
                    self.count(&format!("{referee} accepts, we refuse: explained"));
                } else {
                    self.violate(format!(
                        "{name}: we refuse with {code}, {referee} accepts, and nothing explains it"
                    ));
                }
            }
            (Opinion::Abstains(_), _) => {}
        }
    }

    /// What we accept must be what somebody signed.
    pub fn judge_values(&mut self, name: &str, ours: &Opinion, signed: &BTreeSet<String>) {
        if let Opinion::Accepts(values) = ours
            && !signed.contains(&fingerprint(values))
        {
            self.violate(format!("{name}: accepted with values that nobody signed: {values:?}"));
        }
    }

    /// What was seen.
    pub fn finish(self) -> Tally {
        self.tally
    }

    /// What was seen in all vectors; entries of the table that did not occur are faults.
    pub fn finish_with_table(self) -> Tally {
        let mut tally = self.tally;
        for entry in &self.explained {
            for referee in &entry.referees {
                if !tally.occurred.contains(&(entry.code.clone(), referee.clone())) {
                    *tally.counts.entry("violations".to_owned()).or_insert(0) += 1;
                    tally.violations.push(format!(
                        "{} ({referee}) no longer occurs: take it out of explained.toml",
                        entry.code
                    ));
                }
            }
        }
        tally
    }
}

pub fn fingerprint(values: &Values) -> String {
    format!("{:?}|{:?}", values.name_id, values.attributes)
}
