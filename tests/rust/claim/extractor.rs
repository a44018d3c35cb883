//! What becomes of every value.

use super::dn::near_dn;
use memberof::claim::{
    AttributeView, ClaimStatus, Format, GroupClaim, GroupExtractor, GroupRules, Library, MAX_NAME_LENGTH,
    Naming, Reader, Settings,
};
use proptest::prelude::*;
use std::borrow::Cow;

fn settings(format: Format) -> Settings {
    Settings {
        attributes: vec!["memberOf".to_owned()],
        aliases: Vec::new(),
        reader: Reader { format, delimiter: None, naming: Naming::Default },
        limit: None,
        overage: false,
        max_name_length: MAX_NAME_LENGTH,
        rules: GroupRules::default(),
    }
}

fn extractor(format: Format) -> GroupExtractor {
    GroupExtractor::new(settings(format)).unwrap()
}

fn attribute<'a>(name: &'a str, values: &[&'a str]) -> AttributeView<'a> {
    let values = values.iter().map(|value| Some(Cow::Borrowed(*value))).collect();
    AttributeView { name: Cow::Borrowed(name), friendly_name: None, values }
}

fn extract(format: Format, values: &[&str]) -> GroupClaim {
    extractor(format).extract(&[attribute("memberOf", values)], Library::MemberOf)
}

fn codes(claim: &GroupClaim) -> Vec<&str> {
    claim.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

fn reasons(claim: &GroupClaim) -> Vec<&str> {
    claim.dropped.iter().map(|dropped| dropped.reason.as_str()).collect()
}

fn accounted(claim: &GroupClaim) -> usize {
    claim.groups.len() + claim.duplicates + claim.dropped.len() + claim.malformed.len()
}

#[test]
fn the_four_statuses_are_kept_apart() {
    let extractor = extractor(Format::Array);
    let status = |attributes: &[AttributeView<'_>]| {
        let claim = extractor.extract(attributes, Library::MemberOf);
        assert_eq!(accounted(&claim), claim.received);
        (claim.status, claim.complete())
    };
    let nil = AttributeView { values: vec![None], ..attribute("memberOf", &[]) };
    assert_eq!(status(&[]), (ClaimStatus::Absent, false));
    assert_eq!(status(&[attribute("mail", &["a@b"])]), (ClaimStatus::Absent, false));
    assert_eq!(status(&[attribute("memberOf", &[])]), (ClaimStatus::Empty, true));
    assert_eq!(status(&[attribute("memberOf", &[""])]), (ClaimStatus::Empty, true));
    assert_eq!(status(&[attribute("memberOf", &[" \t\r\n", ""])]), (ClaimStatus::Empty, true));
    assert_eq!(status(&[nil]), (ClaimStatus::Empty, true));
    assert_eq!(status(&[attribute("memberOf", &["a", ""])]), (ClaimStatus::Present, true));
    assert_eq!(status(&[attribute("memberOf", &["\u{a0}"])]), (ClaimStatus::Present, true));
    let link = attribute(" http://schemas.microsoft.com/claims/groups.link", &[]);
    assert_eq!(status(&[attribute("memberOf", &["a"]), link]), (ClaimStatus::Overage, false));
}

#[test]
fn blanks_beside_names_are_dropped_and_accounted_for() {
    let claim = extract(Format::Array, &["a", "", " b ", "a"]);
    assert_eq!(claim.groups, ["a", "b"]);
    assert_eq!((reasons(&claim), claim.duplicates, claim.received), (vec!["claim.empty_value"], 1, 4));
}

#[test]
fn a_dn_under_another_format_is_malformed_and_never_a_group() {
    let dn = "CN=Sales,OU=Groups,DC=corp";
    for format in [Format::Array, Format::Csv, Format::Json, Format::Path, Format::Domain] {
        let claim = extract(format, &[dn]);
        assert_eq!((claim.groups.len(), claim.malformed.as_slice()), (0, [dn.to_owned()].as_slice()));
        assert_eq!(codes(&claim), ["claim.looks_like_dn"]);
        assert!(!claim.complete());
    }
    assert_eq!(codes(&extract(Format::Csv, &["staff,CN=Sales,OU=Groups"])), ["claim.looks_like_dn"]);
    assert_eq!(codes(&extract(Format::Csv, &[r"staff,CN=Sales\, EMEA,OU=Groups"])), ["claim.looks_like_dn"]);
    let quoted = extract(Format::Csv, &[r#""CN=a,DC=x","CN=b,DC=x",plain"#]);
    assert_eq!((quoted.groups.as_slice(), quoted.malformed.len()), (["plain".to_owned()].as_slice(), 2));
    assert_eq!(
        extract(Format::Array, &["CN=not,really,a,dn?", "a=b"]).groups,
        ["CN=not,really,a,dn?", "a=b"]
    );
}

#[test]
fn a_json_array_under_another_format_is_malformed() {
    for format in [Format::Array, Format::Csv] {
        let claim = extract(format, &[r#"["Group1","Group2"]"#]);
        assert_eq!((claim.groups.len(), codes(&claim)), (0, vec!["claim.looks_like_json"]));
    }
    assert_eq!(extract(Format::Array, &["[Group1]"]).groups, ["[Group1]"]);
}

#[test]
fn under_ldap_what_gives_no_common_name_is_malformed_so_that_nothing_is_detached() {
    for (value, code) in [
        ("plain-name-not-a-dn", "claim.not_a_dn"),
        ("a,b,c", "claim.not_a_dn"),
        ("OU=NotFirst,CN=Second,DC=corp", "claim.no_common_name"),
        ("UID=jane,OU=People", "claim.no_common_name"),
        ("CN=#04024869,OU=x", "claim.no_common_name"),
        ("CN=a,DC=x;CN=b,DC=y", "claim.joined_dns"),
        ("CN=a;CN=b", "claim.joined_dns"),
        ("CN=a%2COU=x%2CDC=y,CN=b%2COU=x%2CDC=y", "claim.joined_dns"),
        ("cn=a%2cou=x,CN=b\\20", "claim.joined_dns"),
        ("CN=Group1.OU=Groups.O=acme", "claim.dotted_dn"),
    ] {
        let claim = extract(Format::Ldap, &[value, "CN=ok,OU=x"]);
        assert_eq!(claim.groups, ["ok"], "{value}");
        assert_eq!((claim.malformed.as_slice(), codes(&claim)), ([value.to_owned()].as_slice(), vec![code]));
        assert_eq!(claim.warnings[0].value_index, Some(0));
        assert!(!claim.complete());
    }
    assert_eq!(
        extract(Format::Ldap, &["CN=a;OU=b;DC=c", "CN=v1.2,OU=x", "CN=solo"]).groups,
        ["a", "v1.2", "solo"]
    );
}

#[test]
fn joined_dns_are_cut_outside_escapes_and_never_inside_one() {
    let mut settings = settings(Format::Ldap);
    settings.reader.delimiter = Some(";".to_owned());
    let extractor = GroupExtractor::new(settings).unwrap();
    let groups = |value: &str| {
        let claim = extractor.extract(&[attribute("memberOf", &[value])], Library::MemberOf);
        assert_eq!(accounted(&claim), claim.received);
        (claim.groups, claim.malformed.len())
    };
    assert_eq!(groups("CN=a,DC=x;CN=b,DC=y;"), (vec!["a".to_owned(), "b".to_owned()], 0));
    assert_eq!(groups(r#"CN=a\;1,DC=x; CN="b;2",DC=y"#), (vec!["a;1".to_owned(), "b;2".to_owned()], 0));
    assert_eq!(groups("CN=only,DC=x"), (vec!["only".to_owned()], 0));
    assert_eq!(groups("CN=a;CN=Users;DC=x"), (Vec::new(), 1));
    assert_eq!(groups("CN=a;CN=Users,DC=x"), (Vec::new(), 1));
}

#[test]
fn objects_that_are_no_groups_are_skipped_and_do_not_hold_the_rest() {
    let long = "x".repeat(MAX_NAME_LENGTH + 1);
    let values = [
        r"CN=TBI\0ACNF:6f2a,OU=x".to_owned(),
        r"CN=Old\0ADEL:6f2a,CN=Deleted Objects".to_owned(),
        r"CN=a\09b,OU=x".to_owned(),
        "CN=,OU=x".to_owned(),
        format!("CN={long},OU=x"),
        "CN=ok,OU=x".to_owned(),
    ];
    let claim = extract(Format::Ldap, &values.each_ref().map(String::as_str));
    let wanted = [
        "claim.conflict_object",
        "claim.deleted_object",
        "claim.control_character",
        "claim.empty_name",
        "claim.name_too_long",
    ];
    assert_eq!(claim.groups, ["ok"]);
    assert_eq!((reasons(&claim), codes(&claim)), (wanted.to_vec(), wanted.to_vec()));
    assert!(claim.complete());
    assert_eq!(extract(Format::Array, &[&long[1..]]).groups.len(), 1);
}

#[test]
fn identifiers_alone_cannot_be_read_and_beside_names_they_are_skipped() {
    let guid = "5581e43f-6096-41d4-8ffa-04e560bab39d";
    let sid = "S-1-5-21-1004336348-1177238915-682003330-512";
    for (value, code) in [(guid, "claim.only_guids"), (sid, "claim.only_sids")] {
        let claim = extract(Format::Array, &[value, value]);
        assert_eq!((claim.groups.len(), claim.malformed.len(), codes(&claim)), (0, 2, vec![code]));
        assert!(!claim.complete());
    }
    let claim = extract(Format::Array, &[guid, "Sales", sid]);
    assert_eq!(
        (claim.groups.as_slice(), codes(&claim)),
        (["Sales".to_owned()].as_slice(), vec!["claim.identifier"])
    );
    assert!(claim.complete());
}

#[test]
fn near_repeats_are_warned_of() {
    let claim = extract(Format::Array, &["admins", "Admins", "Größe", "Gro\u{308}ße", "GRÖSSE"]);
    assert_eq!(claim.groups, ["admins", "Admins", "Größe", "GRÖSSE"]);
    assert_eq!(
        codes(&claim),
        ["claim.differs_by_case", "claim.differs_by_normal_form", "claim.differs_by_case"]
    );
    let claim = extract(Format::Ldap, &["CN=a,OU=x", "CN=a,OU=y", "cn=a,ou=X"]);
    assert_eq!((claim.groups.len(), claim.duplicates), (1, 2));
    assert_eq!(codes(&claim), ["claim.ambiguous_common_name"]);
}

#[test]
fn configured_names_are_merged_in_order_and_aliases_only_stand_in() {
    let mut settings = settings(Format::Array);
    settings.attributes = vec!["b".to_owned(), "a".to_owned()];
    settings.aliases = vec!["c".to_owned(), "d".to_owned()];
    let extractor = GroupExtractor::new(settings).unwrap();
    let groups = |attributes: &[AttributeView<'_>]| {
        let claim = extractor.extract(attributes, Library::MemberOf);
        (claim.attribute.unwrap_or_default(), claim.groups)
    };
    let all =
        [attribute("a", &["1"]), attribute("c", &["9"]), attribute("b", &["2"]), attribute("a", &["3"])];
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(groups(&all), ("b".to_owned(), strings(&["2", "1", "3"])));
    assert_eq!(groups(&[attribute("d", &["4"]), attribute("c", &["5"])]), ("c".to_owned(), strings(&["5"])));
    assert_eq!(groups(&[attribute("B", &["4"])]), (String::new(), Vec::new()));
}

#[test]
fn a_friendly_name_never_matches_but_is_hinted_at() {
    let hidden =
        AttributeView { friendly_name: Some(Cow::Borrowed("memberOf")), ..attribute("urn:x", &["a"]) };
    let claim = extractor(Format::Array).extract(&[hidden, attribute("memberof", &["b"])], Library::MemberOf);
    assert_eq!(claim.status, ClaimStatus::Absent);
    assert_eq!(codes(&claim), ["claim.friendly_name_only", "claim.attribute_case"]);
}

#[test]
fn overage_is_told_by_name_anywhere_and_by_value_where_no_user_can_forge_it() {
    let link = "https://graph.windows.net/t/users/u/getMemberObjects";
    let mut settings = settings(Format::Array);
    let status = |settings: &Settings, attributes: &[AttributeView<'_>]| {
        let claim = GroupExtractor::new(settings.clone()).unwrap().extract(attributes, Library::MemberOf);
        assert_eq!((claim.groups.len(), accounted(&claim)), (0, claim.received));
        claim.status
    };
    assert_eq!(status(&settings, &[attribute("memberOf", &[link])]), ClaimStatus::Overage);
    assert_eq!(status(&settings, &[attribute("website", &[link])]), ClaimStatus::Absent);
    settings.overage = true;
    assert_eq!(status(&settings, &[attribute("other.link", &[link])]), ClaimStatus::Overage);
    let present = [attribute("memberOf", &["a"]), attribute("website", &[link])];
    let claim = GroupExtractor::new(settings).unwrap().extract(&present, Library::MemberOf);
    assert_eq!(claim.groups, ["a"]);
}

#[test]
fn limits_are_warned_of_when_reached() {
    let names: Vec<String> = (0..101).map(|number| format!("group-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut settings = settings(Format::Array);
    settings.limit = Some(75);
    let extractor = GroupExtractor::new(settings).unwrap();
    let of = |count: usize| extractor.extract(&[attribute("memberOf", &names[..count])], Library::MemberOf);
    assert!(codes(&of(74)).is_empty());
    assert_eq!(codes(&of(75)), ["claim.limit_reached"]);
    assert_eq!(codes(&of(101)), ["claim.limit_reached", "claim.many_groups"]);
    assert!(codes(&extract(Format::Array, &names[..100])).is_empty());
}

#[test]
fn other_libraries_blur_and_the_claim_says_so() {
    let extractor = extractor(Format::Array);
    let claim = extractor.extract(&[], Library::Pysaml2);
    assert_eq!((claim.absence_proved, codes(&claim)), (false, vec!["claim.absence_unproved"]));
    let claim = extractor.extract(&[attribute("memberOf", &[])], Library::Python3Saml);
    assert_eq!((claim.absence_proved, codes(&claim)), (true, vec!["claim.empty_blurred"]));
}

#[test]
fn the_further_formats_read_and_refuse() {
    use ClaimStatus::{Empty, Present};
    let read = |format, naming, value: &str| {
        let mut settings = settings(format);
        settings.reader.naming = naming;
        let claim = GroupExtractor::new(settings)
            .unwrap()
            .extract(&[attribute("memberOf", &[value])], Library::MemberOf);
        assert_eq!(accounted(&claim), claim.received, "{value}");
        (claim.status, claim.groups.join("|"), claim.malformed.len())
    };
    let present = |groups: &str, malformed| (Present, groups.to_owned(), malformed);
    for (value, wanted) in [
        (r#"["a"," b ",1,"",null]"#, present("a|b", 2)),
        ("[]", (Empty, String::new(), 0)),
        ("null", (Empty, String::new(), 0)),
        (r#""a""#, present("", 1)),
        (r#"{"a":1}"#, present("", 1)),
        (r#"["a""#, present("", 1)),
        (r#"["CN=a,DC=x"]"#, present("", 1)),
    ] {
        assert_eq!(read(Format::Json, Naming::Default, value), wanted, "{value}");
    }
    for (naming, value, wanted) in [
        (Naming::Default, "/top/sub", present("/top/sub", 0)),
        (Naming::Leaf, "/top/sub", present("sub", 0)),
        (Naming::Top, "/top/sub", present("top", 0)),
        (Naming::Leaf, "/top/a~/b", present("a/b", 0)),
        (Naming::Leaf, "sub", present("", 1)),
        (Naming::Leaf, "/top//sub", present("", 1)),
        (Naming::Leaf, "/", present("", 1)),
    ] {
        assert_eq!(read(Format::Path, naming, value), wanted, "{value}");
    }
    for (naming, value, wanted) in [
        (Naming::Default, r"CORP\Sales", present(r"CORP\Sales", 0)),
        (Naming::Name, r"corp.example\Sales", present("Sales", 0)),
        (Naming::Name, "Sales", present("", 1)),
        (Naming::Name, r"\Sales", present("", 1)),
        (Naming::Name, r"a\b\c", present("", 1)),
    ] {
        assert_eq!(read(Format::Domain, naming, value), wanted, "{value}");
    }
    let dn = r"CN=Team/1,OU=Sales\, all,OU=EMEA,DC=corp";
    for (naming, wanted) in [
        (Naming::Dn, r"CN=Team/1,OU=Sales\, all,OU=EMEA,DC=corp"),
        (Naming::OuPath, r"EMEA/Sales, all/Team\/1"),
        (Naming::Type("cn".to_owned()), "Team/1"),
    ] {
        assert_eq!(read(Format::Ldap, naming, dn), present(wanted, 0));
    }
    assert_eq!(read(Format::Ldap, Naming::Type("ou".to_owned()), dn), present("", 1));
    assert_eq!(read(Format::Ldap, Naming::Type("ou".to_owned()), "OU=Sales,DC=x"), present("Sales", 0));
}

#[test]
fn settings_that_contradict_are_refused_all_at_once() {
    let mut settings = settings(Format::Array);
    settings.attributes.clear();
    settings.reader = Reader { format: Format::Array, delimiter: Some(",".to_owned()), naming: Naming::Leaf };
    settings.limit = Some(0);
    settings.max_name_length = 0;
    assert_eq!(GroupExtractor::new(settings).unwrap_err().len(), 5);
}

fn any_values() -> impl Strategy<Value = Vec<Option<String>>> {
    let value = prop_oneof![
        near_dn(),
        "[a-cA-C]{0,2}",
        "[ab,;\"\\\\ \\n/]{0,10}",
        Just(r#"["a","b",null]"#.to_owned()),
        Just("5581e43f-6096-41d4-8ffa-04e560bab39d".to_owned()),
        Just(r"D\n".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(proptest::option::weighted(0.9, value), 0..8)
}

fn any_reader() -> impl Strategy<Value = Reader> {
    let delimiters = |of: &'static [&'static str]| proptest::option::of(proptest::sample::select(of));
    let of = |format, naming: Vec<Naming>, delimiters: BoxedStrategy<Option<&'static str>>| {
        (proptest::sample::select(naming), delimiters).prop_map(move |(naming, delimiter)| Reader {
            format,
            delimiter: delimiter.map(str::to_owned),
            naming,
        })
    };
    let ldap = vec![Naming::Default, Naming::Dn, Naming::OuPath, Naming::Type("uid".to_owned())];
    prop_oneof![
        of(Format::Ldap, ldap, delimiters(&[";", "|", "\n"]).boxed()),
        of(Format::Array, vec![Naming::Default], Just(None).boxed()),
        of(Format::Csv, vec![Naming::Default], delimiters(&[",", ";", ",,,", "\n"]).boxed()),
        of(Format::Json, vec![Naming::Default], Just(None).boxed()),
        of(Format::Path, vec![Naming::Default, Naming::Leaf, Naming::Top], Just(None).boxed()),
        of(Format::Domain, vec![Naming::Default, Naming::Name], Just(None).boxed()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_value_is_a_group_a_repeat_dropped_or_malformed(values in any_values(), reader in any_reader()) {
        let count = values.len();
        let one_each = matches!(reader.format, Format::Array | Format::Path | Format::Domain)
            || (reader.format == Format::Ldap && reader.delimiter.is_none());
        let extractor = GroupExtractor::new(Settings { reader, ..settings(Format::Array) }).unwrap();
        let values = values.into_iter().map(|value| value.map(Cow::Owned)).collect();
        let claim = extractor.extract(&[AttributeView { values, ..attribute("memberOf", &[]) }], Library::MemberOf);
        prop_assert_eq!(accounted(&claim), claim.received);
        prop_assert!(claim.received >= count);
        if one_each {
            prop_assert_eq!(claim.received, count);
        }
        let mut unique = claim.groups.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), claim.groups.len());
        prop_assert!(claim.groups.iter().all(|name| !name.chars().any(char::is_control) && !name.is_empty()));
    }

    #[test]
    fn rules_account_for_every_name(names in proptest::collection::vec("[abA]{0,2}|5581e43f-6096-41d4-8ffa-04e560bab39d", 0..8), choice in 0..6_usize) {
        let rules = [
            serde_json::json!({"rename": {"a": ["x", "y"], "b": "x"}, "exclude": "y"}),
            serde_json::json!({"include": [{"prefix": "a"}], "strip_prefix": "a"}),
            serde_json::json!({"include": {"glob": "[ab]*"}, "exclude": {"regex": "a+"}, "ignore_case": true}),
            serde_json::json!({"rename": {"5581e43f-6096-41d4-8ffa-04e560bab39d": "Sales"}}),
            serde_json::json!({"strip_prefix": ["a", "ab"], "exclude": "b"}),
            serde_json::json!({}),
        ];
        let rules = GroupRules::from_value(&rules[choice]).unwrap();
        let extractor = GroupExtractor::new(Settings { rules, ..settings(Format::Array) }).unwrap();
        let values: Vec<&str> = names.iter().map(String::as_str).collect();
        let claim = extractor.extract(&[attribute("memberOf", &values)], Library::MemberOf);
        prop_assert_eq!(accounted(&claim), claim.received + claim.fanned_out);
        prop_assert_eq!(claim.received, names.len());
    }

    #[test]
    fn no_dn_ever_becomes_several_groups(
        rdns in proptest::collection::vec(prop_oneof![
            3 => "(CN|OU|DC|cn|uid|2\\.5\\.4\\.3)=[a-c]{1,2}(\\\\[,;+ ][a-c])?(\\\\(3B|2c|0A)[a-c])?",
            1 => "(CN|OU)=\"[a-c]{0,2}[,;\n=+|/][a-c]{0,2}\"",
            1 => "CN=[a-c](=|/|\n|\\\\\\\\)[a-c]",
            1 => "CN=[a-c]\\+(UID|OU)=[a-c]",
        ], 1..5),
        separator in prop_oneof![Just(","), Just(", "), Just(";"), Just(" ;\n"), Just(",\n")],
        reader in any_reader(),
    ) {
        let dn = rdns.join(separator);
        let extractor = GroupExtractor::new(Settings { reader, ..settings(Format::Array) }).unwrap();
        let claim = extractor.extract(&[attribute("memberOf", &[dn.as_str()])], Library::MemberOf);
        prop_assert!(claim.groups.len() <= 1, "{} gave {:?}", dn, claim.groups);
        if extractor.settings().reader.format != Format::Ldap && rdns.len() > 1 {
            prop_assert!(claim.groups.is_empty(), "{} gave {:?}", dn, claim.groups);
        }
    }

    #[test]
    fn the_order_of_values_changes_only_the_order_of_groups(mut values in any_values(), reader in any_reader()) {
        let extractor = GroupExtractor::new(Settings { reader, ..settings(Format::Array) }).unwrap();
        let extract = |values: &[Option<String>]| {
            let values = values.iter().map(|value| value.as_deref().map(Cow::Borrowed)).collect();
            let mut claim =
                extractor.extract(&[AttributeView { values, ..attribute("memberOf", &[]) }], Library::MemberOf);
            claim.groups.sort();
            claim.malformed.sort();
            claim.dropped.sort();
            (claim.status, claim.groups, claim.malformed, claim.dropped)
        };
        let before = extract(&values);
        values.reverse();
        prop_assert_eq!(extract(&values), before);
    }
}
