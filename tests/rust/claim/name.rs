//! Keys of names.

use icu_casemap::CaseMapper;
use memberof::claim::{Identity, key};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

#[test]
fn exact_keys_differ_by_case_but_not_by_normal_form() {
    assert_eq!(key("Größe", Identity::Exact), key("Gro\u{308}ße", Identity::Exact));
    assert_ne!(key("admins", Identity::Exact), key("Admins", Identity::Exact));
    assert_ne!(key(" a", Identity::Exact), key("a", Identity::Exact));
}

#[test]
fn folded_keys_take_unicode_full_case_folding() {
    for (one, other) in [
        ("ADMINS", "admins"),
        ("STRASSE", "straße"),
        ("STRAẞE", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁles", "FILES"),
        ("Ünı\u{308}", "ünı\u{308}"),
        ("\u{1f88}", "\u{1f00}\u{3b9}"), // Greek with iota subscript
        ("\u{212a}", "k"),               // Kelvin
        ("ꭰ", "Ꭰ"),                      // Cherokee folds to upper case
    ] {
        assert_eq!(key(one, Identity::Fold), key(other, Identity::Fold), "{one}");
    }
    // Not Turkish: a dotless i stays one, whatever the locale.
    assert_ne!(key("ı", Identity::Fold), key("I", Identity::Fold));
}

/// Unicode 3.13 D145, in NFC.
fn folded_by_the_definition(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    CaseMapper::new().fold_string(&decomposed).nfc().collect()
}

#[test]
fn every_characters_folded_key_is_that_of_the_definition() {
    for char in '\0'..=char::MAX {
        let name = String::from(char);
        assert_eq!(key(&name, Identity::Fold), folded_by_the_definition(&name), "U+{:04X}", u32::from(char));
    }
}

#[test]
fn every_characters_key_is_its_own_key() {
    for char in '\0'..=char::MAX {
        let once = key(char.encode_utf8(&mut [0; 4]), Identity::Fold).into_owned();
        assert_eq!(key(&once, Identity::Fold), once, "U+{:04X}", u32::from(char));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_key_is_its_own_key(name in any::<String>(), marks in "[a-zA-Zα-ωΑ-Ω\u{300}-\u{345}\u{1f80}-\u{1fff}]{0,6}") {
        for text in [&name, &marks, &format!("{name}{marks}")] {
            for identity in [Identity::Exact, Identity::Fold] {
                let once = key(text, identity).into_owned();
                let twice = key(&once, identity).into_owned();
                prop_assert_eq!(twice, once);
            }
        }
    }

    #[test]
    fn folded_latin_keys_are_those_of_the_definition(name in "[\u{20}-\u{2ff}]{0,8}") {
        prop_assert_eq!(key(&name, Identity::Fold), folded_by_the_definition(&name));
    }

    #[test]
    fn equal_exact_keys_have_equal_folded_keys(name in "[a-zA-Zäöüß\u{300}-\u{345}]{0,8}") {
        let exact = key(&name, Identity::Exact).into_owned();
        prop_assert_eq!(key(&exact, Identity::Fold), key(&name, Identity::Fold));
    }
}
