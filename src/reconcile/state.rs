//! What the application knows of one user before a login.

use super::ReconcileError;
use crate::claim::{Identity, key};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Who decides about a group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// The application.
    Internal,
    /// The identity provider.
    External,
}

/// A membership of the user, and where it came from.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Membership {
    /// Name of the group, as the state's groups spell it.
    pub group: String,
    /// Entity ID of the identity provider that attached her, or None for a manual membership.
    pub origin: Option<String>,
}

/// One user's groups, and what is known of the groups that a claim names.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserState {
    user: Option<String>,
    groups: BTreeMap<String, GroupKind>,
    memberships: BTreeMap<String, Option<String>>,
    sole_member_of: BTreeSet<String>,
    all_members_external: BTreeSet<String>,
}

impl UserState {
    /// Make a state. `groups` holds at least the user's groups and every received name that exists.
    ///
    /// # Errors
    /// A membership, or a name of the other two lists, that `groups` does not have.
    pub fn new(
        user: Option<String>,
        groups: impl IntoIterator<Item = (String, GroupKind)>,
        memberships: impl IntoIterator<Item = Membership>,
        sole_member_of: impl IntoIterator<Item = String>,
        all_members_external: impl IntoIterator<Item = String>,
    ) -> Result<Self, ReconcileError> {
        let groups: BTreeMap<_, _> = groups.into_iter().collect();
        let memberships: BTreeMap<_, _> =
            memberships.into_iter().map(|membership| (membership.group, membership.origin)).collect();
        let sole_member_of: BTreeSet<_> = sole_member_of.into_iter().collect();
        let all_members_external: BTreeSet<_> = all_members_external.into_iter().collect();
        all_known("memberships", memberships.keys(), &groups)?;
        all_known("sole_member_of", sole_member_of.iter(), &groups)?;
        all_known("all_members_external", all_members_external.iter(), &groups)?;
        Ok(Self { user, groups, memberships, sole_member_of, all_members_external })
    }

    /// The application's ID of the user, where it was given.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Groups by name.
    #[must_use]
    pub fn groups(&self) -> &BTreeMap<String, GroupKind> {
        &self.groups
    }

    /// The user's groups by name, each with its origin: an entity ID, or None for a manual membership.
    #[must_use]
    pub fn memberships(&self) -> &BTreeMap<String, Option<String>> {
        &self.memberships
    }

    /// Groups whose only member she is.
    #[must_use]
    pub fn sole_member_of(&self) -> &BTreeSet<String> {
        &self.sole_member_of
    }

    /// Groups all of whose members have logged in from the identity provider.
    #[must_use]
    pub fn all_members_external(&self) -> &BTreeSet<String> {
        &self.all_members_external
    }

    /// The names of the groups by key.
    pub(super) fn by_key(
        &self,
        identity: Identity,
    ) -> Result<BTreeMap<Cow<'_, str>, (&str, GroupKind)>, ReconcileError> {
        let by_key: BTreeMap<_, _> =
            self.groups.iter().map(|(name, kind)| (key(name, identity), (name.as_str(), *kind))).collect();
        match self.groups.len() - by_key.len() {
            0 => Ok(by_key),
            count => Err(ReconcileError::GroupKeyCollision { count }),
        }
    }
}

fn all_known<'a>(
    field: &'static str,
    names: impl Iterator<Item = &'a String>,
    groups: &BTreeMap<String, GroupKind>,
) -> Result<(), ReconcileError> {
    match names.filter(|name| !groups.contains_key(*name)).count() {
        0 => Ok(()),
        count => Err(ReconcileError::UnknownGroup { field, count }),
    }
}
