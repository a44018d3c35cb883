//! Texts as numbers: each distinct text has one, from 0 in the order first seen.

use super::AuditError;
use ahash::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// No text: a null, or none found. Numbers stay below it and below the marks beside it.
pub(super) const NONE: u32 = u32::MAX;
const MOST: u32 = u32::MAX - 16;

/// The texts seen so far. Names come from outside, so the hash is keyed.
pub(super) struct Interner {
    hasher: RandomState,
    table: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    full: bool,
}

impl Interner {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            table: HashTable::new(),
            bytes: Vec::new(),
            ends: Vec::new(),
            full: false,
        }
    }

    /// The number of a text.
    pub(super) fn intern(&mut self, text: &[u8]) -> u32 {
        let hash = hash(&self.hasher, text);
        if let Some(found) = self.table.find(hash, |id| self.get(*id) == text) {
            return *found;
        }
        let Some(id) = u32::try_from(self.ends.len()).ok().filter(|id| *id < MOST) else {
            self.full = true;
            return NONE;
        };
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        let (hasher, bytes, ends) = (&self.hasher, &self.bytes, &self.ends);
        self.table.insert_unique(hash, id, |other| self::hash(hasher, slice(bytes, ends, *other)));
        id
    }

    /// The number of a text that may not be there.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        self.table.find(hash(&self.hasher, text), |id| self.get(*id) == text).copied()
    }

    /// A text by its number; empty for a number that was not given out.
    pub(super) fn get(&self, id: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, id)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All numbers, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.ends.len()).unwrap_or(MOST)
    }

    /// Refuses what was cut off.
    pub(super) fn check(&self, what: &'static str) -> Result<(), AuditError> {
        if self.full { Err(AuditError::TooLarge { what }) } else { Ok(()) }
    }
}

fn hash(hasher: &RandomState, text: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text);
    state.finish()
}

fn slice<'b>(bytes: &'b [u8], ends: &[usize], id: u32) -> &'b [u8] {
    let place = place(id);
    let start = place.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    let end = ends.get(place).copied().unwrap_or(start);
    bytes.get(start..end).unwrap_or_default()
}

/// A number as a place in a list.
pub(super) fn place(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// What stands in a list at a number; NONE beyond its end.
pub(super) fn at(list: &[u32], id: u32) -> u32 {
    list.get(place(id)).copied().unwrap_or(NONE)
}
