//! Lists of names in one value: RFC 4180 quotation marks, backslash escapes, any delimiter.

use super::parts::is_blank;

/// Why a text is no list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A quotation mark that is never closed; `offset` in characters from 0.
    #[error("a quotation mark is never closed, opened at character {offset}")]
    OpenQuote {
        /// Where it stands.
        offset: usize,
    },
    /// The delimiter is empty or holds a quotation mark or a backslash.
    #[error("the delimiter must have a character, and no quotation mark or backslash")]
    Delimiter,
}

impl ListError {
    /// A stable code, such as `claim.list_open_quote`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OpenQuote { .. } => "claim.list_open_quote",
            Self::Delimiter => "claim.list_delimiter",
        }
    }
}

/// Splits a list of names: items trimmed of XML white space, empty ones dropped, exact repeats folded.
///
/// A `"` opens quoting only as the first non-blank character of an item, elsewhere it is data; `""` inside is one
/// quote, and white space inside is kept. Behind the closing quote the item goes on unquoted. A backslash escapes
/// the delimiter, a quote or a backslash, in quotes too, and is data before anything else.
pub fn split_list(text: &str, delimiter: &str) -> Result<Vec<String>, ListError> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for item in items(text, delimiter)? {
        if seen.insert(item.name.clone()) {
            names.push(item.name);
        }
    }
    Ok(names)
}

/// One item of a list that is not empty.
#[derive(Debug)]
pub(crate) struct Item<'t> {
    /// The item as it stands between the delimiters.
    pub(crate) raw: &'t str,
    /// What it says.
    pub(crate) name: String,
}

/// The items of a list that are not empty, with repeats.
pub(crate) fn items<'t>(text: &'t str, delimiter: &str) -> Result<Vec<Item<'t>>, ListError> {
    if !is_delimiter(delimiter) {
        return Err(ListError::Delimiter);
    }
    let mut items = Vec::new();
    let mut at = 0;
    loop {
        let (item, end) = item(text, at, delimiter)?;
        if !item.name.is_empty() {
            items.push(item);
        }
        match end {
            Some(end) => at = end + delimiter.len(),
            None => return Ok(items),
        }
    }
}

pub(crate) fn is_delimiter(delimiter: &str) -> bool {
    !delimiter.is_empty() && !delimiter.contains(['"', '\\'])
}

/// The item that starts at `start`, and where the delimiter behind it stands.
fn item<'t>(text: &'t str, start: usize, delimiter: &str) -> Result<(Item<'t>, Option<usize>), ListError> {
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    let mut name = String::new();
    let mut kept = 0; // length up to the last character that trimming must leave
    let mut at = start;
    while !rest(at).starts_with(delimiter) && rest(at).bytes().next().is_some_and(is_blank) {
        at += 1;
    }
    let opened = at;
    let mut quoted = rest(at).starts_with('"') && !delimiter.starts_with('"');
    if quoted {
        at += 1;
    }
    loop {
        let here = rest(at);
        let Some(char) = here.chars().next() else {
            if quoted {
                return Err(ListError::OpenQuote {
                    offset: text.get(..opened).unwrap_or_default().chars().count(),
                });
            }
            name.truncate(kept);
            return Ok((Item { raw: rest(start), name }, None));
        };
        if let Some(escaped) = here.strip_prefix('\\').and_then(|behind| escapable(behind, delimiter)) {
            name.push_str(escaped);
            kept = name.len();
            at += 1 + escaped.len();
        } else if quoted && here.starts_with("\"\"") {
            name.push('"');
            kept = name.len();
            at += 2;
        } else if quoted && char == '"' {
            quoted = false;
            kept = name.len();
            at += 1;
        } else if !quoted && here.starts_with(delimiter) {
            name.truncate(kept);
            return Ok((Item { raw: text.get(start..at).unwrap_or_default(), name }, Some(at)));
        } else {
            name.push(char);
            at += char.len_utf8();
            if quoted || !u8::try_from(char).is_ok_and(is_blank) {
                kept = name.len();
            }
        }
    }
}

/// What a backslash before `text` escapes, if anything.
fn escapable<'d>(text: &str, delimiter: &'d str) -> Option<&'d str> {
    match text.chars().next()? {
        '"' => Some("\""),
        '\\' => Some("\\"),
        _ => text.starts_with(delimiter).then_some(delimiter),
    }
}
