//! A group's name, and its key: the same one on the wire, in the state, in the store and in audits.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

const CASES: CaseMapperBorrowed<'static> = CaseMapper::new();
/// Texts of smaller characters, Latin ones, are in NFC.
const FIRST_COMBINING_MARK: char = '\u{300}';

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

/// The comparison key of a group name: NFC, and under [`Identity::Fold`] Unicode full case folding between two
/// normalisations (Unicode 3.13 D145, composed). A key is its own key.
#[must_use]
pub fn key(name: &str, identity: Identity) -> Cow<'_, str> {
    match identity {
        Identity::Exact => composed(name),
        Identity::Fold if name.is_ascii() => {
            if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                Cow::Owned(name.to_ascii_lowercase())
            } else {
                Cow::Borrowed(name)
            }
        }
        Identity::Fold if name.chars().all(|char| char < FIRST_COMBINING_MARK) => {
            // Nothing here decomposes to a mark that folds to a letter, so folding needs no normalisation before it.
            let folded = CASES.fold_string(name);
            if folded.chars().all(|char| char < FIRST_COMBINING_MARK) {
                folded
            } else {
                Cow::Owned(folded.nfc().collect())
            }
        }
        Identity::Fold => {
            // D145 normalises on both sides, so that combining marks that fold to letters (U+0345) end in one order.
            let decomposed: String = name.nfd().collect();
            Cow::Owned(CASES.fold_string(&decomposed).nfc().collect())
        }
    }
}

/// A name in NFC.
pub(crate) fn composed(name: &str) -> Cow<'_, str> {
    if name.is_ascii() || is_nfc(name) { Cow::Borrowed(name) } else { Cow::Owned(name.nfc().collect()) }
}

/// Why a text that could be read names no group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NameFault {
    Empty,
    ConflictObject,
    DeletedObject,
    ControlCharacter,
    TooLong,
}

impl NameFault {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Empty => "claim.empty_name",
            Self::ConflictObject => "claim.conflict_object",
            Self::DeletedObject => "claim.deleted_object",
            Self::ControlCharacter => "claim.control_character",
            Self::TooLong => "claim.name_too_long",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Empty => {
                "a value names no group: its name is empty or white space; remove it at the identity provider"
            }
            Self::ConflictObject => {
                "a value is a replication-conflict object (CNF:) of Active Directory and is skipped; resolve the conflict in the directory"
            }
            Self::DeletedObject => {
                "a value is a deleted object (DEL:) of Active Directory and is skipped; remove the stale membership in the directory"
            }
            Self::ControlCharacter => {
                "a name holds a control character (line break, tab or the like) and is skipped; rename the group at the identity provider"
            }
            Self::TooLong => {
                "a name is longer than max_name_length and is skipped; shorten it at the identity provider or rename it by a rule"
            }
        }
    }
}

/// Judges a name that was read, in NFC.
pub(crate) fn fault(name: &str, max_length: usize) -> Option<NameFault> {
    // One pass decides for nearly every name: printable ASCII that starts with something visible.
    let plain = name.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
    if plain && name.len() <= max_length && name.bytes().any(|byte| byte != b' ') {
        return None;
    }
    if name.chars().all(char::is_whitespace) {
        return Some(NameFault::Empty);
    }
    // MS-ADTS 3.1.1.5.1.6 and dsparse.h: the mangled RDN is the old one, a line feed, "CNF:" or "DEL:" and a GUID.
    if name.contains("\nCNF:") {
        return Some(NameFault::ConflictObject);
    }
    if name.contains("\nDEL:") {
        return Some(NameFault::DeletedObject);
    }
    if name.contains(char::is_control) {
        return Some(NameFault::ControlCharacter);
    }
    (name.chars().nth(max_length).is_some()).then_some(NameFault::TooLong)
}

/// A machine's identifier in the place of a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Identifier {
    Guid,
    Sid,
}

/// Whether a name is a GUID (also in braces) or a security identifier (MS-DTYP 2.4.2.1).
pub(crate) fn identifier(name: &str) -> Option<Identifier> {
    if let Some(rest) = name.strip_prefix("S-1-").or_else(|| name.strip_prefix("s-1-")) {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        return rest.split('-').all(number).then_some(Identifier::Sid);
    }
    let guid = name.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(name);
    let shape = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (guid.len() == 36 && guid.bytes().enumerate().all(shape)).then_some(Identifier::Guid)
}
