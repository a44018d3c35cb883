//! Patterns over group names: exact, prefix, glob, regular expression.

use super::name::{Identity, key};
use regex::{Regex, RegexBuilder};

/// A pattern as it is written, and how it matches. A glob or a regular expression matches whole names; both take time
/// linear in the name, whatever the pattern (the `regex` crate).
#[derive(Clone, Debug)]
pub struct Pattern {
    kind: PatternKind,
    text: String,
    matcher: Matcher,
}

/// The kinds of patterns.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PatternKind {
    /// This name.
    Exact,
    /// Names that begin so.
    Prefix,
    /// `*` any characters, `?` one, `[a-c]` and `[!a-c]` one of a set, `\` before one of these.
    Glob,
    /// A regular expression of the Rust `regex` crate, over the whole name.
    Regex,
}

#[derive(Clone, Debug)]
enum Matcher {
    Exact(String),
    Prefix(String),
    Regex(Regex),
}

impl PatternKind {
    /// The kinds by the name that configuration uses.
    pub const ALL: [(&'static str, Self); 4] =
        [("exact", Self::Exact), ("prefix", Self::Prefix), ("glob", Self::Glob), ("regex", Self::Regex)];
}

impl Pattern {
    /// Compiles a pattern; the error is one sentence.
    pub fn new(kind: PatternKind, text: &str, identity: Identity) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a pattern is empty".to_owned());
        }
        let matcher = match kind {
            PatternKind::Exact => Matcher::Exact(key(text, identity).into_owned()),
            PatternKind::Prefix => Matcher::Prefix(key(text, identity).into_owned()),
            PatternKind::Glob => Matcher::Regex(compile(&glob(text)?, identity)?),
            PatternKind::Regex => Matcher::Regex(compile(text, identity)?),
        };
        Ok(Self { kind, text: text.to_owned(), matcher })
    }

    /// The kind of pattern.
    #[must_use]
    pub fn kind(&self) -> PatternKind {
        self.kind
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a name in NFC matches; `name_key` is its key under the identity that the pattern was made with.
    pub(crate) fn matches(&self, name: &str, name_key: &str) -> bool {
        match &self.matcher {
            Matcher::Exact(text) => name_key == text,
            Matcher::Prefix(text) => name_key.starts_with(text.as_str()),
            Matcher::Regex(regex) => regex.is_match(name),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.text) == (other.kind, &other.text)
    }
}

impl Eq for Pattern {}

impl std::hash::Hash for Pattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.kind, &self.text).hash(state);
    }
}

fn compile(pattern: &str, identity: Identity) -> Result<Regex, String> {
    // Judged on its own first, so that `a)(b` can't be two halves of the anchored one.
    let build = |pattern: &str| {
        let mut builder = RegexBuilder::new(pattern);
        builder.case_insensitive(identity == Identity::Fold).size_limit(1 << 20).build()
    };
    let anchored = build(pattern).and_then(|_| build(&format!(r"\A(?:{pattern})\z")));
    anchored.map_err(|error| {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("the regular expression \"{pattern}\" can't be used: {last}")
    })
}

fn glob(pattern: &str) -> Result<String, String> {
    let broken =
        || format!("the glob \"{pattern}\" has a \"[\" that is never closed, or a backslash at its end");
    let mut regex = String::from("(?s:");
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '\\' => regex.push_str(&regex::escape(&chars.next().ok_or_else(broken)?.to_string())),
            '[' => {
                regex.push('[');
                if chars.next_if_eq(&'!').is_some() {
                    regex.push('^');
                }
                let mut first = true;
                loop {
                    match chars.next().ok_or_else(broken)? {
                        ']' if !first => break,
                        '-' => regex.push('-'),
                        one => regex.push_str(&format_one(one)),
                    }
                    first = false;
                }
                regex.push(']');
            }
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push(')');
    Ok(regex)
}

/// One character inside a class.
fn format_one(char: char) -> String {
    if char.is_alphanumeric() { char.to_string() } else { format!("\\x{{{:x}}}", u32::from(char)) }
}
