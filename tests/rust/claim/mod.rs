//! The claim floor: distinguished names, lists, names, extraction.

mod dn;
mod extractor;
mod list;
mod name;
