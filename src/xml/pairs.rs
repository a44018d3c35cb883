//! The `name="value"` pairs of a tag or declaration.

use super::chars::{is_space, qualified_name_len};
use super::error::XmlError;
use super::parse::malformed;
use memchr::memchr;

/// The `name="value"` pairs of a tag or declaration, by position.
pub(super) struct Pairs<'x> {
    pub(super) text: &'x str,
    pub(super) position: usize,
    pub(super) end: usize,
}

pub(super) struct Pair {
    pub(super) name: (usize, usize),
    pub(super) value: (usize, usize),
}

impl Pairs<'_> {
    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.position..self.end).unwrap_or_default()
    }

    fn skip_space(&mut self) -> usize {
        let blanks = self.rest().iter().take_while(|byte| is_space(**byte)).count();
        self.position += blanks;
        blanks
    }

    /// XML 1.0, productions 40, 41 and 25: white space, a name, `=`, a quoted value.
    pub(super) fn next_pair(&mut self) -> Result<Option<Pair>, XmlError> {
        let blanks = self.skip_space();
        if self.position >= self.end {
            return Ok(None);
        }
        let name_start = self.position;
        let fault = malformed("an attribute that is misspelt", name_start);
        let name_len = qualified_name_len(self.rest());
        if blanks == 0 || name_len == 0 {
            return Err(fault);
        }
        self.position += name_len;
        let name = (name_start, self.position);
        self.skip_space();
        if self.rest().first() != Some(&b'=') {
            return Err(fault);
        }
        self.position += 1;
        self.skip_space();
        let Some((quote @ (b'"' | b'\''), inside)) = self.rest().split_first() else { return Err(fault) };
        let Some(length) = memchr(*quote, inside) else { return Err(fault) };
        let value_start = self.position + 1;
        self.position = value_start + length + 1;
        Ok(Some(Pair { name, value: (value_start, value_start + length) }))
    }
}
