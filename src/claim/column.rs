//! Common names of a whole column, and the groups of a whole column of values.

use super::common_name::{Head, first_common_name, is_plain_rest};
use super::extractor::{AttributeView, GroupExtractor, Library};
use super::parts::Parts;
use arrow_array::builder::{ArrayBuilder, GenericStringBuilder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, GenericBinaryArray, LargeBinaryArray, OffsetSizeTrait,
    StringArray,
};
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

/// The CN in the first RDN of each distinguished name (rule R2), as [`super::first_common_name`] reads it: LargeUtf8
/// for a column of LargeUtf8, otherwise Utf8.
///
/// A null row is null in both results; a name without that CN has the error `claim.no_common_name`, bytes that are no
/// UTF-8 `claim.not_utf8`, and what is no distinguished name the code of the parser.
pub fn common_names(column: &dyn Array) -> Result<ReadColumn, ColumnError> {
    let texts = Texts::of(column)?;
    if *column.data_type() == DataType::LargeUtf8 {
        read_names::<i64>(&texts, column.len())
    } else {
        read_names::<i32>(&texts, column.len())
    }
}

fn read_names<O: OffsetSizeTrait>(texts: &Texts, rows: usize) -> Result<ReadColumn, ColumnError> {
    let mut names = Names::<O>::new(rows);
    let mut rests = ValidRests::new();
    let mut space = String::new();
    texts.for_each(|row| match row {
        Row::Null => names.push_null(),
        Row::NotUtf8 => names.push_error(NOT_UTF8),
        Row::Text(text) => {
            match Head::cut(text).filter(|head| head.rest.is_none_or(|rest| rests.is_valid(rest))) {
                Some(head) => names.push(head.name(&mut space)),
                None => names.read(text),
            }
        }
    });
    names.finish()
}

/// The groups of each row, read as one attribute value by `extractor`: a list of texts. The error is the first thing
/// that was wrong with a row; a null row is null in both results.
pub fn extract_column(column: &dyn Array, extractor: &GroupExtractor) -> Result<ReadColumn, ColumnError> {
    let texts = Texts::of(column)?;
    let name = extractor.settings().attributes.first().map(String::as_str).unwrap_or_default();
    let mut lists = ListBuilder::new(StringBuilder::new());
    let mut errors = StringBuilder::new();
    texts.for_each(|row| {
        let text = match row {
            Row::Text(text) => text,
            Row::Null => {
                lists.append_null();
                return errors.append_null();
            }
            Row::NotUtf8 => {
                lists.append(true);
                return errors.append_value(NOT_UTF8);
            }
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

#[derive(Clone, Copy)]
enum Row<'c> {
    Null,
    Text(&'c str),
    NotUtf8,
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

    fn for_each<'c>(&'c self, mut take: impl FnMut(Row<'c>)) {
        match self {
            Self::Small(array) => each_row(array, take),
            Self::Large(array) => each_row(array, take),
            Self::View(array) => array.iter().for_each(|row| take(row.map_or(Row::Null, Row::of))),
            Self::Dictionary { keys, values } => {
                let mut entries = Vec::new();
                values.entries(&mut entries);
                for key in keys {
                    take(key.and_then(|key| entries.get(key).copied()).unwrap_or(Row::Null));
                }
            }
        }
    }

    /// The rows of a dictionary's values, which are no dictionary themselves.
    fn entries<'c>(&'c self, entries: &mut Vec<Row<'c>>) {
        match self {
            Self::Small(array) => each_row(array, |row| entries.push(row)),
            Self::Large(array) => each_row(array, |row| entries.push(row)),
            Self::View(array) => entries.extend(array.iter().map(|row| row.map_or(Row::Null, Row::of))),
            Self::Dictionary { .. } => {}
        }
    }
}

impl<'c> Row<'c> {
    fn of(bytes: &'c [u8]) -> Self {
        std::str::from_utf8(bytes).map_or(Self::NotUtf8, Self::Text)
    }
}

/// Rows that are judged together: UTF-8 is checked faster over many bytes.
const BLOCK: usize = 256;

fn each_row<'c, O: OffsetSizeTrait>(array: &'c GenericBinaryArray<O>, mut take: impl FnMut(Row<'c>)) {
    let (offsets, values) = (array.value_offsets(), array.value_data());
    let is_null = |row: usize| array.nulls().is_some_and(|nulls| nulls.is_null(row));
    for start in (0..array.len()).step_by(BLOCK) {
        let offsets = offsets.get(start..=(start + BLOCK).min(array.len())).unwrap_or_default();
        let [first, .., last] = offsets else { return };
        let place = |offset: &O| offset.as_usize().saturating_sub(first.as_usize());
        let block = values.get(first.as_usize()..last.as_usize()).unwrap_or_default();
        // A row that begins or ends inside a character is no UTF-8 of its own, and no place to cut.
        let text = simdutf8::basic::from_utf8(block);
        for (row, ends) in offsets.windows(2).enumerate() {
            let [from, to] = ends else { return };
            let range = place(from)..place(to);
            take(match text {
                _ if is_null(start + row) => Row::Null,
                Ok(text) => text.get(range).map_or(Row::NotUtf8, Row::Text),
                Err(_) => block.get(range).map_or(Row::NotUtf8, Row::of),
            });
        }
    }
}

/// What stood behind first RDNs and was found to be a name: directories have few containers, so most rows end as one
/// did before. An entry is compared byte by byte; the hash only says where to look.
struct ValidRests<'c> {
    found: Vec<&'c str>,
}

impl<'c> ValidRests<'c> {
    const SIZE: usize = 1 << 12;

    fn new() -> Self {
        Self { found: vec![""; Self::SIZE] }
    }

    fn is_valid(&mut self, rest: &'c str) -> bool {
        let Some(known) = self.found.get_mut(place(rest.as_bytes())) else { return false };
        if *known == rest && !rest.is_empty() {
            return true;
        }
        let parts = || Parts::new(rest).try_fold(0_usize, |count, part| part.map(|_| count + 1));
        let valid = is_plain_rest(rest) || parts().is_ok_and(|count| count > 0);
        if valid {
            *known = rest;
        }
        valid
    }
}

/// A cheap hash of a container, 12 bits.
fn place(rest: &[u8]) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15; // 2^64 by the golden ratio
    let (words, _) = rest.as_chunks::<8>();
    let mix =
        |mixed: u64, word: &[u8; 8]| (mixed.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(ODD);
    let mixed = words.iter().chain(rest.last_chunk()).fold(u64::try_from(rest.len()).unwrap_or(0), mix);
    usize::try_from(mixed >> 52).unwrap_or(0)
}

/// The two results of [`common_names`], while they grow.
struct Names<O: OffsetSizeTrait> {
    found: GenericStringBuilder<O>,
    errors: Vec<(usize, &'static str)>,
    too_large: bool,
}

impl<O: OffsetSizeTrait> Names<O> {
    fn new(rows: usize) -> Self {
        Self {
            found: GenericStringBuilder::with_capacity(rows, rows * 16),
            errors: Vec::new(),
            too_large: false,
        }
    }

    fn push(&mut self, name: &str) {
        // The builder panics where offsets overflow: names of a view or a dictionary may repeat.
        if self.found.values_slice().len() + name.len() > O::MAX_OFFSET {
            self.too_large = true;
            return;
        }
        self.found.append_value(name);
    }

    fn push_null(&mut self) {
        self.found.append_null();
    }

    fn push_error(&mut self, code: &'static str) {
        self.errors.push((self.found.len(), code));
        self.push_null();
    }

    fn read(&mut self, text: &str) {
        match first_common_name(text) {
            Ok(Some(name)) => self.push(&name),
            Ok(None) => self.push_error(NO_COMMON_NAME),
            Err(error) => self.push_error(error.code()),
        }
    }

    fn finish(mut self) -> Result<ReadColumn, ColumnError> {
        if self.too_large {
            return Err(ColumnError::TooLarge);
        }
        let rows = self.found.len();
        let errors: ArrayRef = if self.errors.is_empty() {
            Arc::new(StringArray::new_null(rows))
        } else {
            let mut builder = StringBuilder::with_capacity(rows, self.errors.len() * 24);
            let mut next = 0;
            for (row, code) in &self.errors {
                builder.append_nulls(row - next);
                builder.append_value(code);
                next = row + 1;
            }
            builder.append_nulls(rows - next);
            Arc::new(builder.finish())
        };
        Ok(ReadColumn { values: Arc::new(self.found.finish()), errors })
    }
}
