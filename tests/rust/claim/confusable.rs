//! Names that look alike (UTS 39).

use memberof::claim::{Identity, confusable_names, key};
use proptest::prelude::*;

#[test]
fn names_that_look_alike_are_found_together() {
    for (names, groups) in [
        // Cyrillic а, е; Greek omicron; capital I and small l; digit one
        (vec!["admins", "аdmins", "sales"], vec![vec!["admins", "аdmins"]]),
        (vec!["Admins", "аdmins"], vec![vec!["Admins", "аdmins"]]),
        (vec!["IT", "sales", "lT", "1T"], vec![vec!["IT", "lT", "1T"]]),
        (vec!["root", "rοοt", "dev", "dеv"], vec![vec!["root", "rοοt"], vec!["dev", "dеv"]]),
        // default ignorable: zero-width space and joiner, soft hyphen; no-break space; rn and m
        (
            vec!["admins", "ad\u{200b}mins", "ad\u{ad}mins"],
            vec![vec!["admins", "ad\u{200b}mins", "ad\u{ad}mins"]],
        ),
        (vec!["a b", "a\u{a0}b"], vec![vec!["a b", "a\u{a0}b"]]),
        (vec!["modern", "modem"], vec![vec!["modern", "modem"]]),
        // through a third that looks like both
        (vec!["IT", "it", "lt"], vec![]),
        (vec!["IT", "it", "lT", "ìt"], vec![vec!["IT", "it", "lT"]]),
        // one name twice, and in two normal forms; case alone
        (vec!["Größe", "Gro\u{308}ße", "Größe"], vec![]),
        (vec!["Admins", "admins", "ADMINS"], vec![]),
        (vec!["sales", "Sales2", ""], vec![]),
        (vec![], vec![]),
    ] {
        assert_eq!(confusable_names(names.iter().copied()), groups, "{names:?}");
    }
}

proptest! {
    #[test]
    fn each_name_stands_once_and_order_decides_only_the_order(
        mut names in proptest::collection::vec("[aаIl1oοO0\u{200b}]{0,3}", 0..12),
    ) {
        let groups = confusable_names(names.iter().map(String::as_str));
        let mut seen = std::collections::HashSet::new();
        for group in &groups {
            prop_assert!(group.len() > 1);
            for name in group {
                prop_assert!(seen.insert(key(name, Identity::Exact)), "{name:?} twice");
            }
        }
        let sorted = |groups: Vec<Vec<&str>>| {
            let mut sorted: Vec<Vec<String>> = groups.into_iter().map(|group| {
                let mut group: Vec<String> = group.into_iter().map(str::to_owned).collect();
                group.sort();
                group
            }).collect();
            sorted.sort();
            sorted
        };
        let before = sorted(groups);
        names.reverse();
        prop_assert_eq!(sorted(confusable_names(names.iter().map(String::as_str))), before);
    }
}
