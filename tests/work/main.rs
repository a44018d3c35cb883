//! What verification costs, counted and not timed: bytes in use at one time, and allocations, by an allocator that counts.
//!
//! A test target of its own, since an allocator is one for the whole program. It counts by thread, so tests may run side by side.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod counting;
mod response;

use counting::Work;
use memberof::limits::Limits;
use memberof::xml::{Canonicalization, Document};
use response::{form, provider, verified};

/// The document, and everything that is laid down beside it until the verified assertion stands.
fn work_of(groups: usize) -> (usize, Work) {
    let (xml, form) = form(groups);
    let provider = provider();
    verified(&provider, &form); // what is made once is made now
    let (work, assertion) = counting::count(|| verified(&provider, &form));
    assert_eq!(assertion.attributes().next().unwrap().values().len(), groups);
    (xml.len(), work)
}

#[test]
fn verification_takes_less_than_four_times_the_document() {
    for groups in [20, 100, 1_000, 4_000] {
        let (bytes, work) = work_of(groups);
        assert!(work.peak_bytes < 4 * bytes, "{groups} groups: {work:?} for {bytes} bytes");
    }
}

#[test]
fn no_value_costs_an_allocation() {
    let (few, many) = (work_of(100).1, work_of(1_000).1);
    // Tables that grow by doubling: some more steps for ten times as many values.
    assert!(many.allocations < few.allocations + 40, "{few:?}, then {many:?}");
}

#[test]
fn twice_the_groups_are_not_more_than_twice_the_bytes() {
    for groups in [250, 500, 1_000, 2_000] {
        let ((bytes, once), (_, twice)) = (work_of(groups), work_of(groups * 2));
        assert!(twice.total_bytes <= 2 * once.total_bytes + 2 * bytes, "{groups}: {once:?}, then {twice:?}");
    }
}

/// Shapes that a careless reader would be slow or greedy with, each as large as `count` says.
fn hostile(count: usize) -> [(&'static str, String); 7] {
    let many = |piece: &dyn Fn(usize) -> String| (0..count).map(piece).collect::<String>();
    let prefixes = (0..60).fold(String::new(), |out, n| out + &format!(" xmlns:a{n}='urn:x:{n}'"));
    [
        ("elements", format!("<a>{}</a>", "<b/>".repeat(count))),
        ("comments", format!("<a>{}</a>", "<!---->".repeat(count))),
        ("prefixes", format!("<a{prefixes}>{}</a>", "<a0:b/>".repeat(count))),
        ("declarations", format!("<a>{}</a>", many(&|n| format!("<p:b xmlns:p='urn:{n}'/>")))),
        ("references", format!("<a>{}</a>", "&amp;\r".repeat(count))),
        ("brackets", format!("<a>{}</a>", "]]&gt;>".repeat(count))),
        ("identifiers", format!("<a>{}</a>", many(&|n| format!("<b ID='{n}'/>")))),
    ]
}

#[test]
fn hostile_shapes_twice_as_large_take_twice_as_much() {
    let canonical = |xml: &str| {
        let (work, ()) = counting::count(|| {
            let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
            document.root().canonicalize(&Canonicalization::EXCLUSIVE, &[]).unwrap();
        });
        work
    };
    for ((name, once), (_, twice)) in hostile(8_000).iter().zip(hostile(16_000).iter()) {
        let (once, twice) = (canonical(once), canonical(twice));
        let allowed = 2 * once.total_bytes + 200_000;
        assert!(twice.total_bytes <= allowed, "{name}: {once:?}, then {twice:?}");
        assert!(twice.allocations <= 2 * once.allocations + 40, "{name}: {once:?}, then {twice:?}");
    }
}
