//! What an administrator decides about synchronisation.

use super::ReconcileError;
use crate::claim::Identity;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a missing attribute means.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnAbsent {
    /// No groups, if this identity provider has sent the attribute before for any user; else hold.
    #[default]
    DetachIfSeen,
    /// No groups.
    Detach,
    /// Nothing: hold.
    Keep,
    /// Refuse the login.
    Refuse,
}

/// What a value that cannot be read under the format means.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMalformed {
    /// Attach what can be read, hold every detachment.
    #[default]
    Hold,
    /// As if the value had not been sent.
    Ignore,
    /// Refuse the login.
    Refuse,
}

/// What it means that the identity provider left the groups out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverage {
    /// Hold everything.
    #[default]
    Hold,
    /// Refuse the login.
    Refuse,
}

/// What happens to an internal group of a received name (rule R7).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInternalMatch {
    /// It becomes external.
    #[default]
    Adopt,
    /// It stays internal; the claim's word on it is held, with a warning.
    Refuse,
    /// The same without a warning.
    Ignore,
    /// Adopt it if every member has logged in from this identity provider, else refuse.
    IfAllMembersExternal,
}

/// Which memberships a login may take.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DetachScope {
    /// Every membership of an external group (rule R8).
    #[default]
    ExternalGroups,
    /// Only those that the identity provider itself has made.
    OwnMemberships,
}

/// Decisions about synchronisation; the default is the rules R1 to R10.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncPolicy {
    /// What a missing attribute means.
    pub on_absent: OnAbsent,
    /// What an unreadable value means.
    pub on_malformed: OnMalformed,
    /// What left-out groups mean.
    pub on_overage: OnOverage,
    /// What happens to an internal group of a received name.
    pub on_internal_match: OnInternalMatch,
    /// How names are compared.
    pub identity: Identity,
    /// Which memberships a login may take.
    pub detach_scope: DetachScope,
    /// Whether a received name that no group has becomes a group (rule R6).
    pub create_missing: bool,
    /// How many groups one login may create; with more, it creates none. None: no bound.
    pub max_creates: Option<usize>,
    /// How many groups a claim may hold; with more, everything is held. None: no bound.
    pub max_groups: Option<usize>,
    /// Groups that a login never creates, adopts, attaches or detaches.
    pub protected: BTreeSet<String>,
    /// Groups that never lose their last member.
    pub last_member_of: BTreeSet<String>,
    /// A user in none of these is refused; empty: nobody is.
    pub required_groups: BTreeSet<String>,
}

impl Default for SyncPolicy {
    fn default() -> Self {
        Self {
            on_absent: OnAbsent::default(),
            on_malformed: OnMalformed::default(),
            on_overage: OnOverage::default(),
            on_internal_match: OnInternalMatch::default(),
            identity: Identity::default(),
            detach_scope: DetachScope::default(),
            create_missing: true,
            max_creates: None,
            max_groups: None,
            protected: BTreeSet::new(),
            last_member_of: BTreeSet::new(),
            required_groups: BTreeSet::new(),
        }
    }
}

impl SyncPolicy {
    /// The policy for a first roll-out: adopt nothing, detach only what the identity provider has attached, keep on
    /// absence.
    #[must_use]
    pub fn cautious() -> Self {
        Self {
            on_absent: OnAbsent::Keep,
            on_internal_match: OnInternalMatch::Refuse,
            detach_scope: DetachScope::OwnMemberships,
            ..Self::default()
        }
    }

    /// Read a policy from JSON data; what is not there has its default.
    ///
    /// # Errors
    /// Every unknown name and every value that does not fit, all at once.
    pub fn from_value(value: &Value) -> Result<Self, ReconcileError> {
        let Some(fields) = value.as_object() else {
            return Err(ReconcileError::Policy { problems: vec!["a policy is a table of options".into()] });
        };
        let mut reader = Reader { fields, known: Vec::new(), problems: Vec::new() };
        let default = Self::default();
        let policy = Self {
            on_absent: reader.read(
                "on_absent",
                "\"detach_if_seen\", \"detach\", \"keep\" or \"refuse\"",
                default.on_absent,
            ),
            on_malformed: reader.read(
                "on_malformed",
                "\"hold\", \"ignore\" or \"refuse\"",
                default.on_malformed,
            ),
            on_overage: reader.read("on_overage", "\"hold\" or \"refuse\"", default.on_overage),
            on_internal_match: reader.read(
                "on_internal_match",
                "\"adopt\", \"refuse\", \"ignore\" or \"if_all_members_external\"",
                default.on_internal_match,
            ),
            identity: reader.read("identity", "\"exact\" or \"fold\"", default.identity),
            detach_scope: reader.read(
                "detach_scope",
                "\"external_groups\" or \"own_memberships\"",
                default.detach_scope,
            ),
            create_missing: reader.read("create_missing", "true or false", default.create_missing),
            max_creates: reader.read("max_creates", "a number from 0, or nothing", default.max_creates),
            max_groups: reader.read("max_groups", "a number from 0, or nothing", default.max_groups),
            protected: reader.read("protected", "a list of names", default.protected),
            last_member_of: reader.read("last_member_of", "a list of names", default.last_member_of),
            required_groups: reader.read("required_groups", "a list of names", default.required_groups),
        };
        reader.finish().map(|()| policy)
    }
}

struct Reader<'a> {
    fields: &'a Map<String, Value>,
    known: Vec<&'static str>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn read<T: DeserializeOwned>(&mut self, name: &'static str, expected: &str, default: T) -> T {
        self.known.push(name);
        let Some(value) = self.fields.get(name) else { return default };
        T::deserialize(value).unwrap_or_else(|_| {
            self.problems.push(format!("{name} is {expected}, found {}", shown(value)));
            default
        })
    }

    fn finish(mut self) -> Result<(), ReconcileError> {
        for name in self.fields.keys().filter(|name| !self.known.contains(&name.as_str())) {
            let near = self.known.iter().find(|known| close(known, name));
            let hint = near.map_or_else(String::new, |near| format!(", did you mean {near}?"));
            self.problems.push(format!("there is no option {name:?}{hint}"));
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ReconcileError::Policy { problems: self.problems })
        }
    }
}

/// A found value, short: what an administrator wrote in a settings file, no assertion content.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}

fn close(known: &str, found: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '_'], "");
    let (known, found) = (plain(known), plain(found));
    known == found || known.starts_with(&found) || found.starts_with(&known)
}
