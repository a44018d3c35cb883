//! A column of texts of any Arrow type, taken as bytes: a producer may have put anything into it.

use super::intern::{Interner, NONE, at};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, GenericBinaryArray, LargeBinaryArray, OffsetSizeTrait,
    downcast_integer_array,
};
use arrow_schema::DataType;

/// A column as it came, chunk by chunk.
pub(super) enum Texts {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Dictionary { keys: ArrayRef, values: ArrayRef },
}

/// The numbers that the entries of the last dictionary have: chunks share one, and an entry that no row names is none.
#[derive(Default)]
pub(super) struct Seen {
    dictionary: Option<ArrayRef>,
    ids: Vec<u32>,
}

/// An entry of the dictionary that no row has named yet.
const UNREAD: u32 = NONE - 1;

/// Whether a column of this type can be read.
pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => {
            matches!(**values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        }
        _ => false,
    }
}

impl Texts {
    /// The column; None if it holds no texts.
    pub(super) fn of(column: &dyn Array) -> Option<Self> {
        match column.data_type() {
            DataType::Utf8 => Some(Self::Small(column.as_string::<i32>().clone().into())),
            DataType::LargeUtf8 => Some(Self::Large(column.as_string::<i64>().clone().into())),
            DataType::Utf8View => Some(Self::View(column.as_string_view().clone().to_binary_view())),
            DataType::Dictionary(_, _) => {
                let dictionary = column.as_any_dictionary_opt()?;
                let keys = dictionary.keys().slice(0, column.len());
                Some(Self::Dictionary { keys, values: dictionary.values().clone() })
            }
            _ => None,
        }
    }

    /// Adds the number of every row to `ids`, NONE for a null.
    pub(super) fn intern(&self, seen: &mut Seen, ids: &mut Vec<u32>, interner: &mut Interner) {
        match self {
            Self::Small(array) if array.null_count() == 0 => interner.intern_all(rows(array), ids),
            Self::Large(array) if array.null_count() == 0 => interner.intern_all(rows(array), ids),
            _ => self.number(seen, ids, |text| interner.intern(text)),
        }
    }

    /// The same with numbers of the caller's own. Of a dictionary each entry is asked for once.
    pub(super) fn number(&self, seen: &mut Seen, ids: &mut Vec<u32>, mut number: impl FnMut(&[u8]) -> u32) {
        match self {
            Self::Small(array) => each(array, ids, number),
            Self::Large(array) => each(array, ids, number),
            Self::View(array) => ids.extend(array.iter().map(|row| row.map_or(NONE, &mut number))),
            Self::Dictionary { keys, values } => {
                let same =
                    seen.dictionary.as_ref().is_some_and(|last| last.to_data().ptr_eq(&values.to_data()));
                if !same {
                    seen.dictionary = Some(values.clone());
                    seen.ids = vec![UNREAD; values.len()];
                }
                let Some(entries) = Self::of(values) else { return };
                let keys = keys.as_ref();
                downcast_integer_array!(
                    keys => ids.extend(keys.iter().map(|key| {
                        let Some(key) = key.and_then(entry) else { return NONE };
                        let known = at(&seen.ids, key);
                        if known != UNREAD {
                            return known;
                        }
                        let found = entries.row(key).map_or(NONE, &mut number);
                        if let Some(slot) = seen.ids.get_mut(super::intern::place(key)) {
                            *slot = found;
                        }
                        found
                    })),
                    _ => {}
                );
            }
        }
    }

    /// One text; None for a null, and for a row of a dictionary (which holds none of its own).
    fn row(&self, row: u32) -> Option<&[u8]> {
        let row = super::intern::place(row);
        match self {
            Self::Small(array) => (row < array.len() && array.is_valid(row)).then(|| array.value(row)),
            Self::Large(array) => (row < array.len() && array.is_valid(row)).then(|| array.value(row)),
            Self::View(array) => (row < array.len() && array.is_valid(row)).then(|| array.value(row)),
            Self::Dictionary { .. } => None,
        }
    }
}

/// A key of a dictionary, of whatever integer type.
fn entry<K>(key: K) -> Option<u32>
where
    u32: TryFrom<K>,
{
    u32::try_from(key).ok()
}

fn rows<O: OffsetSizeTrait>(array: &GenericBinaryArray<O>) -> impl Iterator<Item = &[u8]> {
    let values = array.value_data();
    array.value_offsets().windows(2).map(|ends| match ends {
        [from, to] => values.get(from.as_usize()..to.as_usize()).unwrap_or_default(),
        _ => &[],
    })
}

fn each<O: OffsetSizeTrait>(
    array: &GenericBinaryArray<O>,
    ids: &mut Vec<u32>,
    mut number: impl FnMut(&[u8]) -> u32,
) {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => ids.extend(rows(array).map(number)),
        Some(nulls) => {
            ids.extend(rows(array).zip(nulls).map(|(text, valid)| if valid { number(text) } else { NONE }));
        }
    }
}
