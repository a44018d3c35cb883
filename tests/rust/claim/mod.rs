//! The claim floor: distinguished names, lists, names, extraction.

mod column;
mod confusable;
mod dn;
mod extractor;
mod list;
mod name;
