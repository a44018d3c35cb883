//! Texts as numbers: each distinct text has one, from 0 in the order first seen.

use super::AuditError;
use ahash::RandomState;
use std::hash::{BuildHasher, Hasher};

/// No text: a null, or none found. Numbers stay below it and below the marks beside it.
pub(super) const NONE: u32 = u32::MAX;
const MOST: u32 = u32::MAX - 16;

/// The texts seen so far. Names come from outside, so the hash is keyed.
///
/// Most of an audit's time is spent here, waiting for memory. So tables are small (8 bytes a slot, 16 bytes a text of up
/// to 16), and rows are looked up in blocks, step by step, so that the waits of a block overlap.
pub(super) struct Interner {
    hasher: RandomState,
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    full: bool,
}

/// Where a text may be: its number, and some bits that nearly always tell it from others.
#[derive(Clone, Copy)]
struct Slot {
    id: u32,
    mark: u32,
}

/// The first and the last eight bytes: with the length a whole text of up to [`SHORT`] bytes. Of a longer one its hash
/// stands in place of the first.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
struct Entry {
    first: u64,
    last: u64,
}

/// A text and what it is looked up by.
#[derive(Clone, Copy, Default)]
struct Wanted<'t> {
    text: &'t [u8],
    entry: Entry,
    hash: u64,
    mark: u32,
}

const SHORT: usize = 16;
const BLOCK: usize = 64;
const EMPTY: Slot = Slot { id: NONE, mark: 0 };

impl Interner {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            slots: vec![EMPTY; 16],
            entries: Vec::new(),
            bytes: Vec::new(),
            ends: Vec::new(),
            full: false,
        }
    }

    /// The number of a text.
    pub(super) fn intern(&mut self, text: &[u8]) -> u32 {
        let wanted = self.wanted(text);
        self.intern_wanted(&wanted)
    }

    /// Adds the number of each text to `ids`.
    pub(super) fn intern_all<'t>(&mut self, mut texts: impl Iterator<Item = &'t [u8]>, ids: &mut Vec<u32>) {
        let mut block = [Wanted::default(); BLOCK];
        loop {
            let mut taken = 0;
            for (place, text) in block.iter_mut().zip(&mut texts) {
                *place = self.wanted(text);
                taken += 1;
            }
            let block = block.get(..taken).unwrap_or_default();
            let mut slots = [EMPTY; BLOCK];
            for (slot, wanted) in slots.iter_mut().zip(block) {
                *slot = self.slots.get(self.home(wanted.hash)).copied().unwrap_or(EMPTY);
            }
            for (slot, wanted) in slots.iter().zip(block) {
                let found = slot.mark == wanted.mark && self.is(slot.id, wanted);
                ids.push(if found { slot.id } else { self.intern_wanted(wanted) });
            }
            if taken < BLOCK {
                return;
            }
        }
    }

    /// The number of a text that may not be there.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        self.probe(&self.wanted(text)).ok()
    }

    /// A text by its number; empty for a number that was not given out.
    pub(super) fn get(&self, id: u32) -> &[u8] {
        let place = place(id);
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(place).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
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

    fn intern_wanted(&mut self, wanted: &Wanted<'_>) -> u32 {
        match self.probe(wanted) {
            Ok(id) => id,
            Err(place) => self.insert(place, wanted),
        }
    }

    /// The text's number, or the place where it would stand.
    fn probe(&self, wanted: &Wanted<'_>) -> Result<u32, usize> {
        let mut place = self.home(wanted.hash);
        loop {
            let Some(slot) = self.slots.get(place).filter(|slot| slot.id != NONE) else { return Err(place) };
            if slot.mark == wanted.mark && self.is(slot.id, wanted) {
                return Ok(slot.id);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Where a text is looked for first. The size is a power of two.
    fn home(&self, hash: u64) -> usize {
        usize::try_from(hash).unwrap_or(0) & (self.slots.len() - 1)
    }

    /// Whether the number, found by its mark, is the text's.
    fn is(&self, id: u32, wanted: &Wanted<'_>) -> bool {
        self.entries.get(place(id)) == Some(&wanted.entry)
            && (wanted.text.len() <= SHORT || same(self.get(id), wanted.text))
    }

    fn insert(&mut self, place: usize, wanted: &Wanted<'_>) -> u32 {
        let Some(id) = u32::try_from(self.ends.len()).ok().filter(|id| *id < MOST) else {
            self.full = true;
            return NONE;
        };
        self.bytes.extend_from_slice(wanted.text);
        self.ends.push(self.bytes.len());
        self.entries.push(wanted.entry);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Slot { id, mark: wanted.mark };
        }
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        self.slots = vec![EMPTY; self.slots.len() * 2];
        for id in self.ids() {
            let wanted = self.wanted(self.get(id));
            let (mark, mut place) = (wanted.mark, self.home(wanted.hash));
            while self.slots.get(place).is_some_and(|taken| taken.id != NONE) {
                place = (place + 1) & (self.slots.len() - 1);
            }
            if let Some(free) = self.slots.get_mut(place) {
                *free = Slot { id, mark };
            }
        }
    }

    fn wanted<'t>(&self, text: &'t [u8]) -> Wanted<'t> {
        let mut state = self.hasher.build_hasher();
        state.write(text);
        let hash = state.finish();
        let word = |chunk: &[u8; 8]| u64::from_le_bytes(*chunk);
        let entry = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(_), Some(last)) if text.len() > SHORT => Entry { first: hash, last: word(last) },
            (Some(first), Some(last)) => Entry { first: word(first), last: word(last) },
            _ => {
                let mut first = [0; 8];
                first.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
                Entry { first: word(&first), last: 0 }
            }
        };
        // The length is part of what tells short texts apart, so it is in the mark exactly; the hash's upper bits beside.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX).min(0xFF);
        let mark = u32::try_from(hash >> 40).unwrap_or(0) << 8 | length;
        Wanted { text, entry, hash, mark }
    }
}

/// Equality without a call for what most names are.
fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() || one.len() > 2 * SHORT {
        return one == other;
    }
    one.first_chunk::<SHORT>() == other.first_chunk() && one.last_chunk::<SHORT>() == other.last_chunk()
}

/// A number as a place in a list.
pub(super) fn place(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// What stands in a list at a number; NONE beyond its end.
pub(super) fn at(list: &[u32], id: u32) -> u32 {
    list.get(place(id)).copied().unwrap_or(NONE)
}
