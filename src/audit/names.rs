//! Texts that belong to a tenant each: two customers may use one name for two groups.

use super::AuditError;
use super::intern::{Interner, NONE, at, place};
use ahash::RandomState;
use std::collections::HashMap;

/// The number of the tenant that everything belongs to where none is given.
pub(super) const NO_TENANT: u32 = 0;

/// Numbers for pairs of tenant and text. Without tenants they are the numbers of the texts.
pub(super) struct Names {
    pub(super) texts: Interner,
    pairs: Option<Pairs>,
}

#[derive(Default)]
struct Pairs {
    numbers: HashMap<(u32, u32), u32, RandomState>,
    tenants: Vec<u32>,
    texts: Vec<u32>,
}

impl Names {
    pub(super) fn new(tenants: bool) -> Self {
        Self { texts: Interner::new(), pairs: tenants.then(Pairs::default) }
    }

    /// Replaces numbers of texts by numbers of names, row by row.
    pub(super) fn scope(&mut self, tenants: &[u32], ids: &mut [u32]) {
        if self.pairs.is_some() {
            for (id, tenant) in ids.iter_mut().zip(tenants) {
                *id = self.of_text(*tenant, *id);
            }
        }
    }

    /// The number of a name.
    pub(super) fn intern(&mut self, tenant: u32, text: &[u8]) -> u32 {
        let text = self.texts.intern(text);
        self.of_text(tenant, text)
    }

    fn of_text(&mut self, tenant: u32, text: u32) -> u32 {
        let Some(pairs) = self.pairs.as_mut().filter(|_| text != NONE) else { return text };
        let next = u32::try_from(pairs.texts.len()).unwrap_or(NONE);
        let id = *pairs.numbers.entry((tenant, text)).or_insert(next);
        if id == next {
            pairs.tenants.push(tenant);
            pairs.texts.push(text);
        }
        id
    }

    /// The number of a name that may not be there.
    pub(super) fn find(&self, tenant: u32, text: &[u8]) -> Option<u32> {
        let text = self.texts.find(text)?;
        match &self.pairs {
            None => (tenant == NO_TENANT).then_some(text),
            Some(pairs) => pairs.numbers.get(&(tenant, text)).copied(),
        }
    }

    /// A name's text.
    pub(super) fn text(&self, id: u32) -> &[u8] {
        match &self.pairs {
            None => self.texts.get(id),
            Some(pairs) => self.texts.get(at(&pairs.texts, id)),
        }
    }

    /// A name's text, where it is UTF-8.
    pub(super) fn str(&self, id: u32) -> Option<&str> {
        std::str::from_utf8(self.text(id)).ok()
    }

    /// A name's tenant.
    pub(super) fn tenant(&self, id: u32) -> u32 {
        self.pairs
            .as_ref()
            .map_or(NO_TENANT, |pairs| pairs.tenants.get(place(id)).copied().unwrap_or(NO_TENANT))
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.as_ref().map_or(self.texts.len(), |pairs| pairs.texts.len())
    }

    /// All numbers, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.len()).unwrap_or(NONE)
    }

    pub(super) fn check(&self, what: &'static str) -> Result<(), AuditError> {
        self.texts.check(what)
    }
}
