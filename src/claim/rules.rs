//! Rules between the wire and the application: which names count, and what they are called here.

use super::name::{Identity, composed, fault, identifier, key};
use super::pattern::{Pattern, PatternKind};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Rules over the names of a claim, in this order:
///
/// 1. `rename`: a name in the map becomes what stands there, one group or several, and is thereby included.
/// 2. The guard against GUIDs and SIDs judges the rest.
/// 3. `include`: of the rest, a name that no pattern matches is dropped (`rule.not_included`).
/// 4. `exclude`: a name that a pattern matches is dropped (`rule.excluded`), whether as received or as renamed.
/// 5. `strip_prefix`: of the names that were not renamed, the longest of these prefixes is cut off.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct GroupRules {
    rename: BTreeMap<String, Vec<String>>,
    include: Option<Vec<Pattern>>,
    exclude: Vec<Pattern>,
    strip_prefix: Vec<String>,
    identity: Identity,
}

/// What the rules make of a name.
pub(crate) enum Ruled {
    /// It stays what it is.
    Same,
    /// It is these groups.
    Renamed(Vec<Result<String, &'static str>>),
    /// It is no group, and why.
    Dropped(&'static str),
}

const NOT_INCLUDED: &str = "rule.not_included";
const EXCLUDED: &str = "rule.excluded";
const EMPTY_NAME: &str = "rule.empty_name";

impl GroupRules {
    /// Reads rules from JSON-like data with the keys `rename`, `include`, `exclude`, `strip_prefix` and `ignore_case`.
    /// Every mistake is one sentence.
    pub fn from_value(value: &Value) -> Result<Self, Vec<String>> {
        let Value::Object(map) = value else { return Err(vec!["rules must be a table".to_owned()]) };
        let mut problems = Vec::new();
        for name in map.keys() {
            if !["rename", "include", "exclude", "strip_prefix", "ignore_case"].contains(&name.as_str()) {
                problems.push(format!(
                    "rules know no \"{name}\", expected rename, include, exclude, strip_prefix or ignore_case"
                ));
            }
        }
        let identity = match map.get("ignore_case") {
            None | Some(Value::Null | Value::Bool(false)) => Identity::Exact,
            Some(Value::Bool(true)) => Identity::Fold,
            Some(_) => {
                problems.push("ignore_case must be true or false".to_owned());
                Identity::Exact
            }
        };
        let given = |name: &str| map.get(name).filter(|value| !value.is_null());
        let include = given("include").map(|value| patterns("include", value, identity, &mut problems));
        if include.as_ref().is_some_and(Vec::is_empty) && problems.is_empty() {
            problems.push(
                "include is empty, which would drop every group; leave it out to include all".to_owned(),
            );
        }
        let exclude = given("exclude")
            .map(|value| patterns("exclude", value, identity, &mut problems))
            .unwrap_or_default();
        let strip_prefix =
            given("strip_prefix").map(|value| prefixes(value, &mut problems)).unwrap_or_default();
        let rename = given("rename").map(|value| renames(value, identity, &mut problems)).unwrap_or_default();
        if problems.is_empty() {
            Ok(Self { rename, include, exclude, strip_prefix, identity })
        } else {
            Err(problems)
        }
    }

    /// The same as JSON-like data; [`Self::from_value`] reads it again.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        let of = |patterns: &[Pattern]| patterns.iter().map(pattern_value).collect::<Vec<_>>();
        if !self.rename.is_empty() {
            let one = |groups: &Vec<String>| {
                if let [group] = groups.as_slice() { json!(group) } else { json!(groups) }
            };
            map.insert(
                "rename".to_owned(),
                self.rename.iter().map(|(name, groups)| (name.clone(), one(groups))).collect(),
            );
        }
        if let Some(include) = &self.include {
            map.insert("include".to_owned(), json!(of(include)));
        }
        if !self.exclude.is_empty() {
            map.insert("exclude".to_owned(), json!(of(&self.exclude)));
        }
        if !self.strip_prefix.is_empty() {
            map.insert("strip_prefix".to_owned(), json!(self.strip_prefix));
        }
        if self.identity == Identity::Fold {
            map.insert("ignore_case".to_owned(), json!(true));
        }
        Value::Object(map)
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rename.is_empty()
            && self.include.is_none()
            && self.exclude.is_empty()
            && self.strip_prefix.is_empty()
    }

    /// Whether the map speaks of GUIDs or SIDs: then those that it leaves out are read, and meant to be no groups.
    pub(crate) fn maps_identifiers(&self) -> bool {
        self.rename.keys().any(|name| identifier(name).is_some())
    }

    /// Whether the map has this name.
    pub(crate) fn renames(&self, name: &str) -> bool {
        !self.rename.is_empty() && self.rename.contains_key(key(name, self.identity).as_ref())
    }

    /// Applies the rules to a name in NFC.
    pub(crate) fn apply(&self, name: &str) -> Ruled {
        let name_key = key(name, self.identity);
        let excluded =
            |name: &str, name_key: &str| self.exclude.iter().any(|one| one.matches(name, name_key));
        if let Some(groups) = self.rename.get(name_key.as_ref()) {
            if excluded(name, &name_key) {
                return Ruled::Dropped(EXCLUDED);
            }
            let judge = |group: &String| {
                if excluded(group, &key(group, self.identity)) { Err(EXCLUDED) } else { Ok(group.clone()) }
            };
            return Ruled::Renamed(groups.iter().map(judge).collect());
        }
        let included = |patterns: &Vec<Pattern>| patterns.iter().any(|one| one.matches(name, &name_key));
        if !self.include.as_ref().is_none_or(included) {
            return Ruled::Dropped(NOT_INCLUDED);
        }
        if excluded(name, &name_key) {
            return Ruled::Dropped(EXCLUDED);
        }
        let Some(stripped) = self.strip(name) else { return Ruled::Same };
        let stripped_key = key(&stripped, self.identity);
        if fault(&stripped, usize::MAX).is_some() {
            Ruled::Dropped(EMPTY_NAME)
        } else if excluded(&stripped, &stripped_key) {
            Ruled::Dropped(EXCLUDED)
        } else {
            Ruled::Renamed(vec![Ok(stripped.into_owned())])
        }
    }

    /// The name without the longest prefix that fits. A rest that begins with a combining mark is composed again.
    fn strip<'n>(&self, name: &'n str) -> Option<Cow<'n, str>> {
        let fits = |prefix: &String| match self.identity {
            Identity::Exact => name.strip_prefix(prefix.as_str()),
            // Folding may change lengths, so prefixes are compared character by character.
            Identity::Fold => {
                let cut =
                    name.char_indices().nth(prefix.chars().count()).map_or(name.len(), |(index, _)| index);
                let (head, rest) = name.split_at_checked(cut)?;
                (key(head, Identity::Fold) == key(prefix, Identity::Fold)).then_some(rest)
            }
        };
        let mut cut: Vec<&String> = self.strip_prefix.iter().collect();
        cut.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        cut.into_iter().find_map(fits).map(composed)
    }
}

fn pattern_value(pattern: &Pattern) -> Value {
    let kind =
        PatternKind::ALL.iter().find(|(_, kind)| *kind == pattern.kind()).map_or("exact", |(name, _)| name);
    if pattern.kind() == PatternKind::Exact { json!(pattern.text()) } else { json!({ kind: pattern.text() }) }
}

/// One pattern or a list: a text is an exact name, a table of one key says the kind.
fn patterns(what: &str, value: &Value, identity: Identity, problems: &mut Vec<String>) -> Vec<Pattern> {
    let all = if let Value::Array(all) = value { all.as_slice() } else { std::slice::from_ref(value) };
    let mut found = Vec::new();
    for one in all {
        let read = match one {
            Value::String(text) => Some((PatternKind::Exact, text)),
            Value::Object(map) => match map.iter().collect::<Vec<_>>().as_slice() {
                [(kind, Value::String(text))] => {
                    PatternKind::ALL.iter().find(|(name, _)| name == kind).map(|(_, kind)| (*kind, text))
                }
                _ => None,
            },
            _ => None,
        };
        let pattern =
            match read {
                Some((kind, text)) => Pattern::new(kind, &composed(text), identity),
                None => Err("a pattern must be a name, or a table with one of exact, prefix, glob and regex"
                    .to_owned()),
            };
        match pattern {
            Ok(pattern) => found.push(pattern),
            Err(problem) => problems.push(format!("{what}: {problem}")),
        }
    }
    found
}

fn prefixes(value: &Value, problems: &mut Vec<String>) -> Vec<String> {
    let all = if let Value::Array(all) = value { all.as_slice() } else { std::slice::from_ref(value) };
    let mut found = Vec::new();
    for one in all {
        match one {
            Value::String(text) if !text.is_empty() => found.push(composed(text).into_owned()),
            _ => problems.push("strip_prefix must be a text that is not empty, or a list of such".to_owned()),
        }
    }
    found
}

fn renames(value: &Value, identity: Identity, problems: &mut Vec<String>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let Value::Object(map) = value else {
        problems.push("rename must be a table from received names to groups".to_owned());
        return found;
    };
    for (name, groups) in map {
        let all = if let Value::Array(all) = groups { all.as_slice() } else { std::slice::from_ref(groups) };
        let mut targets: Vec<String> = Vec::new();
        for one in all {
            match one.as_str().map(composed) {
                Some(group) if fault(&group, usize::MAX).is_none() => {
                    if !targets.contains(&group.as_ref().to_owned()) {
                        targets.push(group.into_owned());
                    }
                }
                _ => problems
                    .push(format!("rename: \"{name}\" must become a group name or a list of group names")),
            }
        }
        if all.is_empty() {
            problems.push(format!("rename: \"{name}\" becomes nothing; use exclude to drop it"));
        }
        let name_key = key(&composed(name), identity).into_owned();
        if found.insert(name_key, targets).is_some() {
            problems
                .push(format!("rename: \"{name}\" stands there twice, if case and normal form don't count"));
        }
    }
    found
}
