//! A group's name as a key: the same one on the wire, in the state, in the store and in audits.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How names are compared. `Fold` also ignores case.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// Compare normalised names character by character.
    #[default]
    Exact,
    /// Compare normalised, case-folded names.
    Fold,
}

/// The comparison key of a group name: NFC, and case-folded under [`Identity::Fold`].
#[must_use]
pub fn key(name: &str, identity: Identity) -> Cow<'_, str> {
    match identity {
        Identity::Exact if is_nfc(name) => Cow::Borrowed(name),
        Identity::Exact => Cow::Owned(name.nfc().collect()),
        Identity::Fold => Cow::Owned(name.nfc().flat_map(char::to_lowercase).nfc().collect()),
    }
}
