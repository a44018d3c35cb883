//! SHA-256 over a sequence of fields, each with its length, so that no two sequences read alike.

use super::UserState;
use crate::claim::{Identity, key};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) struct Fingerprint(Vec<u8>);

impl Fingerprint {
    pub(super) fn new(purpose: &str) -> Self {
        let mut print = Self(Vec::with_capacity(8 * 1024));
        print.field(purpose.as_bytes());
        print
    }

    pub(super) fn field(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn finish(self) -> String {
        digest(&SHA256, &self.0).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl UserState {
    /// SHA-256 (hexadecimal) of what a plan depends on: the user's memberships and the groups of received names.
    ///
    /// Other groups of the state do not enter, so a state that was read with fewer names has the same one.
    #[must_use]
    pub fn fingerprint<'a>(&self, received: impl IntoIterator<Item = &'a str>, identity: Identity) -> String {
        let keys: BTreeSet<_> = received.into_iter().map(|name| key(name, identity)).collect();
        of_received(self, |name| keys.contains(&key(name, identity)))
    }
}

/// The same, where it is known which names were received.
pub(super) fn of_received(state: &UserState, is_received: impl Fn(&str) -> bool) -> String {
    let mut print = Fingerprint::new("memberof state 1");
    for (name, kind) in state.groups() {
        let membership = state.memberships().get(name);
        if membership.is_none() && !is_received(name) {
            continue;
        }
        print.field(name.as_bytes());
        let sole = state.sole_member_of().contains(name);
        let external = state.all_members_external().contains(name);
        print.field(&[
            u8::from(*kind == super::GroupKind::External),
            u8::from(membership.is_some()),
            u8::from(sole),
            u8::from(external),
        ]);
        print.field(membership.and_then(Option::as_deref).map_or(&[][..], str::as_bytes));
    }
    print.finish()
}
