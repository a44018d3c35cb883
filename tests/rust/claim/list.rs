//! Lists of names in one value.

use memberof::claim::{ListError, split_list};
use proptest::prelude::*;

fn split(text: &str, delimiter: &str) -> Vec<String> {
    split_list(text, delimiter).unwrap()
}

#[test]
fn items_are_trimmed_empty_ones_dropped_and_repeats_folded() {
    for (text, delimiter, names) in [
        ("admins,developers,qa-team", ",", vec!["admins", "developers", "qa-team"]),
        ("admins, developers , qa team", ",", vec!["admins", "developers", "qa team"]),
        ("admins,,developers,", ",", vec!["admins", "developers"]),
        ("b,a,b, a ", ",", vec!["b", "a"]),
        ("a,A", ",", vec!["a", "A"]),
        ("", ",", vec![]),
        (" , ,\t,\r\n", ",", vec![]),
        ("a\r\nb\n c \n", "\n", vec!["a", "b", "c"]),
        ("a,b,,,c,,,,d", ",,,", vec!["a,b", "c", ",d"]),
        ("a; b", ";", vec!["a", "b"]),
        ("a  b", " ", vec!["a", "b"]),
        ("a\tb\t", "\t", vec!["a", "b"]),
        ("\u{a0}a\u{a0}, \u{2003}b", ",", vec!["\u{a0}a\u{a0}", "\u{2003}b"]),
        ("ä→ö→ü", "→", vec!["ä", "ö", "ü"]),
    ] {
        assert_eq!(split(text, delimiter), names, "{text:?}");
    }
}

#[test]
fn quotation_marks_open_an_item_and_are_data_elsewhere() {
    for (text, names) in [
        (r#""Group1","Group2""#, vec!["Group1", "Group2"]),
        (r#" "Sales, EMEA" , b"#, vec!["Sales, EMEA", "b"]),
        (r#""say ""hi""",b"#, vec![r#"say "hi""#, "b"]),
        (r#"5" disk,b"#, vec![r#"5" disk"#, "b"]),
        (r#""","#, vec![]),
        (r#"" kept ",b"#, vec![" kept ", "b"]),
        (r#""a"b,c"#, vec!["ab", "c"]),
        (r#""a" b" ,c"#, vec![r#"a b""#, "c"]),
        ("\"a\nb\",c", vec!["a\nb", "c"]),
    ] {
        assert_eq!(split(text, ","), names, "{text}");
    }
}

#[test]
fn a_backslash_escapes_the_delimiter_a_quote_and_itself_only() {
    for (text, delimiter, names) in [
        (r"Sales\, EMEA,b", ",", vec!["Sales, EMEA", "b"]),
        (r"a\\,b", ",", vec![r"a\", "b"]),
        (r#"\"a\",b"#, ",", vec![r#""a""#, "b"]),
        (r"DOMAIN\name,C:\dir", ",", vec![r"DOMAIN\name", r"C:\dir"]),
        (r"a\;b;c\,d", ";", vec!["a;b", r"c\,d"]),
        (r"a\,,,b", ",,,", vec!["a,,,b"]),
        (r"a\,b,,,c", ",,,", vec![r"a\,b", "c"]),
        (r#""a\"b",c"#, ",", vec![r#"a"b"#, "c"]),
        (r"a\", ",", vec![r"a\"]),
    ] {
        assert_eq!(split(text, delimiter), names, "{text}");
    }
}

#[test]
fn an_open_quote_is_an_error_that_says_where() {
    for (text, offset) in [("\"a", 0), ("ä, \"b,c", 3), ("\"\"\"", 0), (r#""a\""#, 0)] {
        let error = split_list(text, ",").unwrap_err();
        assert_eq!(
            (error, error.code()),
            (ListError::OpenQuote { offset }, "claim.list_open_quote"),
            "{text}"
        );
    }
}

#[test]
fn a_delimiter_that_is_also_a_quote_is_refused() {
    for delimiter in ["", "\"", "\\", ",\""] {
        let error = split_list("a", delimiter).unwrap_err();
        assert_eq!((error, error.code()), (ListError::Delimiter, "claim.list_delimiter"));
    }
}

proptest! {
    #[test]
    fn names_written_in_quotes_are_read_again(names in proptest::collection::vec("[^\\\\]{1,8}", 0..6)) {
        let written: Vec<String> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
        let mut wanted: Vec<String> = Vec::new();
        for name in names {
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        prop_assert_eq!(split(&written.join(" , "), ","), wanted);
    }

    #[test]
    fn no_item_is_empty_or_twice(text in "[ab,\"\\\\ \\n]{0,20}") {
        if let Ok(names) = split_list(&text, ",") {
            prop_assert!(names.iter().all(|name| !name.is_empty()));
            let mut unique = names.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), names.len());
        }
    }
}
