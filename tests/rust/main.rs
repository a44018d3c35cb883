//! Tests of the core, one module a floor, and the rules of the house.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod architecture;
mod claim;
mod codes;
mod documentation;
mod fuzz_corpus;
mod glimpse;
mod huge;
mod metadata;
mod protocol;
mod reconcile;
mod request;
mod saml;
mod signed_by_others;
mod vectors;
mod xml;
mod xmlenc;
