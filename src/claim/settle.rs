//! The names that were read → the groups of the claim: identifiers refused, rules applied, repeats folded.

use super::dn::DistinguishedName;
use super::extractor::Settings;
use super::format::{Format, Naming};
use super::name::{self, Identifier, Identity};
use super::rules::Ruled;
use super::{GroupClaim, Renamed};
use hashbrown::HashTable;
use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// From so many groups on, an attribute grows unwieldy (rule R13).
const MANY_GROUPS: usize = 100;

/// Settles what becomes of every name.
pub(crate) fn settle(settings: &Settings, claim: &mut GroupClaim, mut names: Vec<Candidate<'_>>) {
    warn_of_size(settings, claim, &names);
    refuse_identifiers(settings, claim, &mut names);
    if !settings.rules.is_empty() {
        names = apply_rules(settings, claim, names);
    }
    collect(settings, claim, names);
}

/// A name that was read, and where it came from.
pub(crate) struct Candidate<'v> {
    pub(crate) index: usize,
    pub(crate) raw: Cow<'v, str>,
    pub(crate) written: Cow<'v, str>,
    /// Its name here, where that isn't `written`: in NFC, or by a rule.
    pub(crate) normal: Option<String>,
    pub(crate) renamed: bool,
}

impl Candidate<'_> {
    fn name(&self) -> &str {
        self.normal.as_deref().unwrap_or(&self.written)
    }

    fn into_name(self) -> String {
        self.normal.unwrap_or_else(|| self.written.into_owned())
    }
}

/// Names in the order first seen, repeats counted, near repeats warned of.
fn collect(settings: &Settings, claim: &mut GroupClaim, names: Vec<Candidate<'_>>) {
    let hasher = RandomState::new();
    let mut firsts: Vec<Candidate<'_>> = Vec::with_capacity(names.len());
    let mut seen: HashTable<usize> = HashTable::with_capacity(names.len());
    for candidate in names {
        let hash = folded_hash(&hasher, candidate.name());
        let first = |place: &usize| firsts.get(*place);
        let exact = |place: &usize| first(place).is_some_and(|one| one.name() == candidate.name());
        if let Some(place) = seen.find(hash, exact) {
            claim.duplicates += 1;
            if let Some(first) = first(place) {
                warn_of_repeat(settings, claim, first, &candidate);
            }
            continue;
        }
        let folded =
            |place: &usize| first(place).is_some_and(|one| same_folded(one.name(), candidate.name()));
        if seen.find(hash, folded).is_some() {
            claim.warn(
                "claim.differs_by_case",
                "two names differ only by case; they are two groups under identity=\"exact\" and one under \"fold\"; rename one at the identity provider".to_owned(),
                Some(candidate.index),
            );
        }
        let place = firsts.len();
        seen.insert_unique(hash, place, |other| {
            firsts.get(*other).map_or(0, |one| folded_hash(&hasher, one.name()))
        });
        firsts.push(candidate);
    }
    claim.groups = firsts.into_iter().map(Candidate::into_name).collect();
}

fn warn_of_repeat(settings: &Settings, claim: &mut GroupClaim, first: &Candidate<'_>, again: &Candidate<'_>) {
    if first.raw == again.raw || first.renamed || again.renamed {
        return;
    }
    let reader = &settings.reader;
    match (reader.format, &reader.naming) {
        (Format::Ldap, Naming::Default | Naming::Type(_)) if !same_dn(&first.raw, &again.raw) => claim.warn(
            "claim.ambiguous_common_name",
            "two distinguished names give one group name, so two groups of the directory are one here; rename one, or set naming=\"dn\" or \"ou_path\"".to_owned(),
            Some(again.index),
        ),
        (Format::Path, Naming::Leaf | Naming::Top) | (Format::Domain, Naming::Name) => claim.warn(
            "claim.ambiguous_name",
            "two values give one group name, so two groups of the identity provider are one here; keep the whole value, or rename one".to_owned(),
            Some(again.index),
        ),
        _ if first.written != again.written => claim.warn(
            "claim.differs_by_normal_form",
            "two names differ only by their Unicode normal form and are one group; write both in one form at the identity provider".to_owned(),
            Some(again.index),
        ),
        _ => {}
    }
}

/// GUIDs and SIDs are never groups, unless a rename rule says which. Where nothing else came and no rule speaks of
/// such identifiers, the attribute is set wrongly and nothing could be read; beside names (Entra sends IDs for
/// groups it has no name for) they are skipped.
fn refuse_identifiers(settings: &Settings, claim: &mut GroupClaim, names: &mut Vec<Candidate<'_>>) {
    let rules = &settings.rules;
    let kind = |one: &Candidate<'_>| name::identifier(one.name()).filter(|_| !rules.renames(one.name()));
    let Some(first) = names.iter().find_map(|one| kind(one).map(|kind| (one.index, kind))) else {
        return;
    };
    let only = !rules.maps_identifiers() && names.iter().all(|one| kind(one).is_some());
    let (code, text) = match (only, first.1) {
        (true, Identifier::Guid) => (
            "claim.only_guids",
            "all values are object IDs, which make no groups; choose a source attribute with names at the identity provider (Entra: sAMAccountName, or cloud-only group display names), or map the IDs by a rename rule",
        ),
        (true, Identifier::Sid) => (
            "claim.only_sids",
            "all values are security identifiers, which make no groups; send names at the identity provider (AD FS: Token-Groups - Unqualified Names), or map the IDs by a rename rule",
        ),
        (false, _) => (
            "claim.identifier",
            "some values are object IDs or security identifiers, which make no groups and are skipped; send names, or map the IDs by a rename rule",
        ),
    };
    claim.warn(code, text.to_owned(), Some(first.0));
    names.retain_mut(|one| {
        if kind(one).is_none() {
            return true;
        }
        let raw = std::mem::take(&mut one.raw).into_owned();
        if only {
            claim.malformed.push(raw);
        } else {
            claim.drop_value(raw, code);
        }
        false
    });
}

fn apply_rules<'v>(
    settings: &Settings,
    claim: &mut GroupClaim,
    names: Vec<Candidate<'v>>,
) -> Vec<Candidate<'v>> {
    let mut kept = Vec::with_capacity(names.len());
    for candidate in names {
        let groups = match settings.rules.apply(candidate.name()) {
            Ruled::Same => {
                kept.push(candidate);
                continue;
            }
            Ruled::Dropped(reason) => {
                claim.drop_value(candidate.into_name(), reason);
                continue;
            }
            Ruled::Renamed(groups) => groups,
        };
        claim.fanned_out += groups.len().saturating_sub(1);
        for group in groups {
            match group {
                Ok(group) => {
                    claim.renamed.push(Renamed { name: candidate.name().to_owned(), group: group.clone() });
                    kept.push(Candidate {
                        index: candidate.index,
                        raw: candidate.raw.clone(),
                        written: candidate.written.clone(),
                        normal: Some(group),
                        renamed: true,
                    });
                }
                Err(reason) => claim.drop_value(candidate.name().to_owned(), reason),
            }
        }
    }
    kept
}

fn warn_of_size(settings: &Settings, claim: &mut GroupClaim, names: &[Candidate<'_>]) {
    if names.len() <= MANY_GROUPS && settings.limit.is_none_or(|limit| names.len() < limit) {
        return;
    }
    let count = names.iter().map(Candidate::name).collect::<HashSet<_>>().len();
    if let Some(limit) = settings.limit
        && count >= limit
    {
        claim.warn(
            "claim.limit_reached",
            format!("{count} groups reach the identity provider's limit of {limit}, so some may be missing; send only the groups that this application needs"),
            None,
        );
    }
    if count > MANY_GROUPS {
        claim.warn(
            "claim.many_groups",
            format!("{count} groups in one login; identity providers and browsers fail on large ones, so send only the groups that this application needs"),
            None,
        );
    }
}

fn same_dn(one: &str, other: &str) -> bool {
    // Directories compare names without regard to case (caseIgnoreMatch).
    let folded = |text: &str| {
        let dn = DistinguishedName::parse(text).ok()?;
        DistinguishedName::parse(&name::key(&dn.normalized().to_string(), Identity::Fold)).ok()
    };
    folded(one) == folded(other)
}

fn folded_hash(hasher: &RandomState, name: &str) -> u64 {
    hasher.hash_one(name::key(name, Identity::Fold))
}

fn same_folded(one: &str, other: &str) -> bool {
    name::key(one, Identity::Fold) == name::key(other, Identity::Fold)
}
