//! What a reader finds in an assertion: the part of it that memberof's callers decide on.

use std::fmt;

/// NameID and attributes; attributes of one name are one, in the order first seen, values in document order.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Values {
    pub name_id: Option<String>,
    pub attributes: Vec<(String, Vec<Option<String>>)>,
}

#[derive(Default)]
pub struct ValuesBuilder(Values);

impl ValuesBuilder {
    pub fn name_id(&mut self, value: String) {
        self.0.name_id = Some(value);
    }

    pub fn attribute(&mut self, name: &str) {
        if !self.0.attributes.iter().any(|(known, _)| known == name) {
            self.0.attributes.push((name.to_owned(), Vec::new()));
        }
    }

    pub fn value(&mut self, name: &str, value: Option<String>) {
        self.attribute(name);
        if let Some((_, values)) = self.0.attributes.iter_mut().find(|(known, _)| known == name) {
            values.push(value);
        }
    }

    pub fn finish(self) -> Values {
        self.0
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NameID {:?}", self.name_id)?;
        for (name, values) in &self.attributes {
            write!(out, ", {name:?} = ")?;
            match values.len() {
                0..=8 => write!(out, "{values:?}")?,
                count => write!(out, "{count} values")?,
            }
        }
        Ok(())
    }
}
