//! Common names of a whole column, and the groups of a whole column of values.

use super::common_name::{first_common_name, is_plain_rest, plain_head};
use super::extractor::{AttributeView, GroupExtractor, Library};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, StringArray,
};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;
use std::borrow::Cow;
use std::sync::Arc;

/// Why a column can't be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// It holds no texts.
    #[error(
        "the column is of type {found}, expected texts (Utf8, LargeUtf8, Utf8View, or a dictionary of one)"
    )]
    NoText {
        /// What it holds.
        found: String,
    },
    /// The names of one chunk are more than an array holds.
    #[error("a chunk of the column holds more names than an array can; pass smaller chunks")]
    TooLarge,
}

/// The results of a column, row by row.
#[derive(Clone, Debug)]
pub struct ReadColumn {
    /// What was read: texts, or lists of texts. Null where nothing was.
    pub values: ArrayRef,
    /// The stable code of what was wrong. Null where nothing was, also for a null row.
    pub errors: ArrayRef,
}

/// The CN in the first RDN of each distinguished name (rule R2), as [`first_common_name`] reads it: LargeUtf8 for a
/// column of LargeUtf8, otherwise Utf8.
///
/// A null row is null in both results; a name without that CN has the error `claim.no_common_name`, bytes that are no
/// UTF-8 `claim.not_utf8`, and what is no distinguished name the code of the parser.
pub fn common_names(column: &dyn Array) -> Result<ReadColumn, ColumnError> {
    let texts = Texts::of(column)?;
    let mut names = Names::new(column.len());
    let mut rests = PlainRests::new();
    texts.for_each(|row| match row {
        None => names.push_null(),
        Some(row) => match plain_name(row, &mut rests) {
            Some(name) => names.push(name),
            None => names.read(row),
        },
    });
    names.finish(*column.data_type() == DataType::LargeUtf8)
}

/// The groups of each row, read as one attribute value by `extractor`: a list of texts. The error is the first thing
/// that was wrong with a row; a null row is null in both results.
pub fn extract_column(column: &dyn Array, extractor: &GroupExtractor) -> Result<ReadColumn, ColumnError> {
    let texts = Texts::of(column)?;
    let name = extractor.settings().attributes.first().map(String::as_str).unwrap_or_default();
    let mut lists = ListBuilder::new(StringBuilder::new());
    let mut errors = StringBuilder::new();
    texts.for_each(|row| {
        let Some(row) = row else {
            lists.append_null();
            errors.append_null();
            return;
        };
        let Ok(text) = std::str::from_utf8(row) else {
            lists.append(true);
            errors.append_value(NOT_UTF8);
            return;
        };
        let values = vec![Some(Cow::Borrowed(text))];
        let view = AttributeView { name: Cow::Borrowed(name), friendly_name: None, values };
        let claim = extractor.extract(&[view], Library::MemberOf);
        for group in &claim.groups {
            lists.values().append_value(group);
        }
        lists.append(true);
        let wrong =
            (!claim.malformed.is_empty()).then(|| claim.warnings.first().map(|one| one.code.as_str()));
        errors
            .append_option(wrong.flatten().or_else(|| claim.dropped.first().map(|one| one.reason.as_str())));
    });
    Ok(ReadColumn { values: Arc::new(lists.finish()), errors: Arc::new(errors.finish()) })
}

const NOT_UTF8: &str = "claim.not_utf8";
const NO_COMMON_NAME: &str = "claim.no_common_name";

/// A column of texts, taken as bytes: a producer may have put anything into it.
enum Texts {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Dictionary { keys: Vec<Option<usize>>, values: Box<Texts> },
}

impl Texts {
    fn of(column: &dyn Array) -> Result<Self, ColumnError> {
        let no_text = || ColumnError::NoText { found: column.data_type().to_string() };
        match column.data_type() {
            DataType::Utf8 => Ok(Self::Small(column.as_string::<i32>().clone().into())),
            DataType::LargeUtf8 => Ok(Self::Large(column.as_string::<i64>().clone().into())),
            DataType::Utf8View => Ok(Self::View(column.as_string_view().clone().to_binary_view())),
            DataType::Dictionary(_, _) => {
                let dictionary = column.as_any_dictionary_opt().ok_or_else(no_text)?;
                let values = Self::of(dictionary.values()).map_err(|_| no_text())?;
                if dictionary.values().is_empty() {
                    // Then every key is null, and `normalized_keys` panics.
                    return Ok(Self::Dictionary { keys: vec![None; column.len()], values: Box::new(values) });
                }
                let nulls = dictionary.keys().nulls();
                let places = dictionary.normalized_keys().into_iter().enumerate();
                let keys =
                    places.map(|(row, key)| nulls.is_none_or(|nulls| nulls.is_valid(row)).then_some(key));
                Ok(Self::Dictionary { keys: keys.collect(), values: Box::new(values) })
            }
            _ => Err(no_text()),
        }
    }

    fn for_each<'c>(&'c self, mut take: impl FnMut(Option<&'c [u8]>)) {
        match self {
            Self::Small(array) => array.iter().for_each(take),
            Self::Large(array) => array.iter().for_each(take),
            Self::View(array) => array.iter().for_each(take),
            Self::Dictionary { keys, values } => {
                let mut entries: Vec<Option<&'c [u8]>> = Vec::new();
                values.for_each_entry(&mut entries);
                for key in keys {
                    take(key.and_then(|key| entries.get(key).copied().flatten()));
                }
            }
        }
    }

    /// The entries of a dictionary, which is no dictionary itself.
    fn for_each_entry<'c>(&'c self, entries: &mut Vec<Option<&'c [u8]>>) {
        match self {
            Self::Small(array) => entries.extend(array.iter()),
            Self::Large(array) => entries.extend(array.iter()),
            Self::View(array) => entries.extend(array.iter()),
            Self::Dictionary { .. } => {}
        }
    }
}

/// The name of a plain row, of valid UTF-8; None: ask the parser.
fn plain_name<'c>(row: &'c [u8], rests: &mut PlainRests<'c>) -> Option<&'c [u8]> {
    let (name, rest) = plain_head(row)?;
    let valid = name.is_ascii() || std::str::from_utf8(name).is_ok();
    (valid && rest.is_none_or(|rest| rests.is_plain(rest))).then_some(name)
}

/// What stood behind first RDNs and was found plain: directories have few containers, so most rows end as one did
/// before. An entry is compared byte by byte; the hash only says where to look.
struct PlainRests<'c> {
    found: Vec<&'c [u8]>,
}

impl<'c> PlainRests<'c> {
    const SIZE: usize = 1024;

    fn new() -> Self {
        Self { found: vec![&[]; Self::SIZE] }
    }

    fn is_plain(&mut self, rest: &'c [u8]) -> bool {
        let Some(known) = self.found.get_mut(place(rest) % Self::SIZE) else { return false };
        if *known == rest && !rest.is_empty() {
            return true;
        }
        let plain = is_plain_rest(rest) && (rest.is_ascii() || std::str::from_utf8(rest).is_ok());
        if plain {
            *known = rest;
        }
        plain
    }
}

/// A cheap hash of a container: its length, its beginning, its middle and its end.
fn place(rest: &[u8]) -> usize {
    let word = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let middle = rest.split_at_checked(rest.len() / 2).and_then(|(_, half)| half.first_chunk());
    let mixed =
        word(rest.first_chunk()) ^ word(rest.last_chunk()).rotate_left(21) ^ word(middle).rotate_left(42);
    let mixed = (mixed ^ u64::try_from(rest.len()).unwrap_or(0)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(mixed >> 48).unwrap_or(0)
}

/// The two results of [`common_names`], while they grow. Bytes are copied once and judged once at the end.
struct Names {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    valid: NullBufferBuilder,
    errors: Vec<(usize, &'static str)>,
}

impl Names {
    fn new(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self {
            bytes: Vec::with_capacity(rows * 12),
            ends,
            valid: NullBufferBuilder::new(rows),
            errors: Vec::new(),
        }
    }

    fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
        self.valid.append_non_null();
    }

    fn push_null(&mut self) {
        self.ends.push(self.bytes.len());
        self.valid.append_null();
    }

    fn read(&mut self, row: &[u8]) {
        let error = match std::str::from_utf8(row).map(first_common_name) {
            Ok(Ok(Some(name))) => return self.push(name.as_bytes()),
            Ok(Ok(None)) => NO_COMMON_NAME,
            Ok(Err(error)) => error.code(),
            Err(_) => NOT_UTF8,
        };
        self.errors.push((self.ends.len() - 1, error));
        self.push_null();
    }

    fn finish(mut self, large: bool) -> Result<ReadColumn, ColumnError> {
        let rows = self.ends.len() - 1;
        let nulls = self.valid.finish();
        let too_large = |_| ColumnError::TooLarge;
        let bytes = Buffer::from_vec(self.bytes);
        let values: ArrayRef = if large {
            let ends = self.ends.iter().map(|end| i64::try_from(*end)).collect::<Result<Vec<_>, _>>();
            let offsets = OffsetBuffer::new(ScalarBuffer::from(ends.map_err(too_large)?));
            Arc::new(LargeStringArray::try_new(offsets, bytes, nulls).map_err(|_| ColumnError::TooLarge)?)
        } else {
            let ends = self.ends.iter().map(|end| i32::try_from(*end)).collect::<Result<Vec<_>, _>>();
            let offsets = OffsetBuffer::new(ScalarBuffer::from(ends.map_err(too_large)?));
            Arc::new(StringArray::try_new(offsets, bytes, nulls).map_err(|_| ColumnError::TooLarge)?)
        };
        let errors: ArrayRef = if self.errors.is_empty() {
            Arc::new(StringArray::new_null(rows))
        } else {
            let mut builder = StringBuilder::with_capacity(rows, self.errors.len() * 24);
            let mut next = 0;
            for (row, code) in &self.errors {
                (next..*row).for_each(|_| builder.append_null());
                builder.append_value(code);
                next = row + 1;
            }
            (next..rows).for_each(|_| builder.append_null());
            Arc::new(builder.finish())
        };
        Ok(ReadColumn { values, errors })
    }
}
