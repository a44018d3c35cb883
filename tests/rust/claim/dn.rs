//! RFC 4514, and the reading rules of RFC 2253 section 4.

use memberof::claim::{DistinguishedName, DnFault, DnValue, TypeAndValue, first_common_name};
use proptest::prelude::*;

fn parse(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn common_name(text: &str) -> Option<String> {
    parse(text).common_name().map(str::to_owned)
}

#[test]
fn the_first_rdns_cn_is_the_name_and_none_further_right() {
    for (text, name) in [
        ("CN=Group1,CN=Users,DC=corp", Some("Group1")),
        ("cn=lower,ou=Groups", Some("lower")),
        ("OU=NotFirst,CN=Second,DC=corp", None),
        ("OU=NoCnAtAll,DC=corp", None),
        ("CN=,OU=EmptyCn", Some("")),
        ("2.5.4.3=OidForm,OU=x", Some("OidForm")),
        ("OID.2.5.4.3=Old,OU=x", Some("Old")),
        ("commonName=Long,OU=x", Some("Long")),
        ("CN=Multi+UID=m1,OU=x", Some("Multi")),
        ("UID=m2+CN=MultiSecond,OU=x", Some("MultiSecond")),
        ("CN=one+CN=two,OU=x", Some("one")),
        ("CN=equals=sign", Some("equals=sign")),
        ("", None),
        (" \t\r\n", None),
    ] {
        assert_eq!(common_name(text).as_deref(), name, "{text}");
        assert_eq!(first_common_name(text).unwrap().as_deref(), name, "{text}");
    }
    assert_eq!(parse("").rdns().len(), 0);
}

#[test]
fn escapes_of_every_directory_are_read_to_one_name() {
    // Active Directory writes the character, Samba and OpenLDAP the hex pair.
    for (one, other, name) in [
        (r"CN=Sales\, EMEA,OU=x", r"cn=Sales\2C EMEA,ou=x", "Sales, EMEA"),
        (r"CN=a\+b,OU=x", r"cn=a\2Bb,ou=x", "a+b"),
        (r#"CN=a\"b,OU=x"#, r"cn=a\22b,ou=x", "a\"b"),
        (r"CN=a\\b,OU=x", r"cn=a\5cb,ou=x", r"a\b"),
        (r"CN=\<a\>,OU=x", r"cn=\3Ca\3E,ou=x", "<a>"),
        (r"CN=a\;b,OU=x", r"cn=a\3Bb,ou=x", "a;b"),
        (r"CN=a\=b,OU=x", r"cn=a\3Db,ou=x", "a=b"),
        (r"CN=\#a\#b,OU=x", r"cn=\23a#b,ou=x", "#a#b"),
        (r"CN=\ lead and trail\ ,OU=x", r"cn=\20lead and trail\20,ou=x", " lead and trail "),
        ("CN=a\\0Db,OU=x", "cn=a\rb,ou=x", "a\rb"),
        ("CN=Größe,OU=x", r"cn=Gr\C3\B6\c3\9fe,ou=x", "Größe"),
    ] {
        assert_eq!(common_name(one).unwrap(), name, "{one}");
        assert_eq!(common_name(other).unwrap(), name, "{other}");
        assert_eq!(first_common_name(other).unwrap().unwrap(), name, "{other}");
        let written = |text| parse(text).normalized().to_string();
        assert_eq!(written(one).to_lowercase(), written(other).to_lowercase());
    }
}

#[test]
fn older_writers_are_read_as_rfc_2253_section_4_asks() {
    let plain = parse("CN=Spaced,OU=Groups,DC=corp");
    for text in [
        "CN = Spaced , OU = Groups , DC=corp",
        "CN=Spaced;OU=Groups;DC=corp",
        "  CN=Spaced,\r\n OU=\"Groups\" ,DC=\"corp\"  ",
        "oid.2.5.4.3=Spaced,OID.2.5.4.11=Groups,0.9.2342.19200300.100.1.25=corp",
    ] {
        assert_eq!(parse(text), plain, "{text}");
    }
    assert_eq!(
        common_name(r#"CN="Quoted, Old; <Style> + \"x\" \2C",OU=x"#).unwrap(),
        "Quoted, Old; <Style> + \"x\" ,"
    );
    assert_eq!(common_name("CN=\" kept \",OU=x").unwrap(), " kept ");
}

#[test]
fn no_break_space_is_data_and_only_unescaped_xml_white_space_is_trimmed() {
    assert_eq!(common_name("CN=\u{a0}x\u{a0},OU=y").unwrap(), "\u{a0}x\u{a0}");
    assert_eq!(common_name("CN= x \\ \t,OU=y").unwrap(), "x  ");
    assert_eq!(common_name("CN=in  ner,OU=y").unwrap(), "in  ner");
}

#[test]
fn a_hex_value_is_text_only_if_it_is_a_directory_string() {
    for (text, name) in [
        ("CN=#0C0548656C6C6F", Some("Hello")),
        ("CN=#130548656C6C6f,OU=x", Some("Hello")),
        ("CN=#1E0400480069", Some("Hi")),
        ("CN=#1C08000000480001F680", Some("H🚀")),
        ("CN=#0C81024869", Some("Hi")),
        ("CN=#0C8200024869", Some("Hi")),
        ("CN=#0C820002486900", None), // trailing byte
        ("CN=#0C02C328", None),       // not UTF-8
        ("CN=#1E02D800", None),       // a surrogate
        ("CN=#1E03004800", None),     // half a character
        ("CN=#1401E9", None),         // T.61 or Latin-1
        ("CN=#04024869", None),       // OCTET STRING
        ("CN=#0C80", None),
        ("CN=#0C", None),
        ("CN=#0C850000000000", None),
        ("CN=#0C8500000000024869", None),
    ] {
        assert_eq!(common_name(text).as_deref(), name, "{text}");
        assert_eq!(first_common_name(text).unwrap().as_deref(), name, "{text}");
    }
    let opaque = parse("CN=#04024869+CN=second");
    assert_eq!(opaque.rdns()[0][0].value, DnValue::Ber(vec![4, 2, 0x48, 0x69]));
    assert_eq!(opaque.common_name(), None);
    assert_eq!(opaque.to_string(), "CN=#04024869+CN=second");
}

#[test]
fn what_is_no_name_says_what_and_where() {
    use DnFault::{AttributeType, Escape, Hex, MissingEquals, OpenQuote, Unescaped, Utf8};
    for (text, fault, offset, code) in [
        ("plain-name", MissingEquals, 10, "claim.dn_missing_equals"),
        ("CN", MissingEquals, 2, "claim.dn_missing_equals"),
        ("=x", AttributeType, 0, "claim.dn_attribute_type"),
        ("CN=a,", AttributeType, 5, "claim.dn_attribute_type"),
        ("CN=a,,OU=b", AttributeType, 5, "claim.dn_attribute_type"),
        (",", AttributeType, 0, "claim.dn_attribute_type"),
        ("1CN=x", AttributeType, 0, "claim.dn_attribute_type"),
        ("2.5.04.3=x", AttributeType, 0, "claim.dn_attribute_type"),
        ("2=x", AttributeType, 0, "claim.dn_attribute_type"),
        ("OID.CN=x", AttributeType, 0, "claim.dn_attribute_type"),
        ("C.N=x", AttributeType, 0, "claim.dn_attribute_type"),
        ("CN;lang-de=x", MissingEquals, 2, "claim.dn_missing_equals"),
        ("Größe=x", MissingEquals, 2, "claim.dn_missing_equals"),
        (r"CN=a\x", Escape, 4, "claim.dn_escape"),
        (r"CN=ö\", Escape, 4, "claim.dn_escape"),
        (r"CN=a\2", Escape, 4, "claim.dn_escape"),
        (r"CN=a\/b", Escape, 4, "claim.dn_escape"),
        (r"CN=\C3,OU=x", Utf8, 3, "claim.dn_utf8"),
        ("CN=#", Hex, 3, "claim.dn_hex"),
        ("CN=#0", Hex, 3, "claim.dn_hex"),
        ("CN=#zz", Hex, 3, "claim.dn_hex"),
        ("CN=#0C00x", Unescaped, 8, "claim.dn_unescaped"),
        ("CN=\"a", OpenQuote, 3, "claim.dn_open_quote"),
        ("CN=\"a\"b", Unescaped, 6, "claim.dn_unescaped"),
        ("CN=a\"b", Unescaped, 4, "claim.dn_unescaped"),
        ("CN=a<b", Unescaped, 4, "claim.dn_unescaped"),
        ("CN=a\0", Unescaped, 4, "claim.dn_unescaped"),
    ] {
        let error = DistinguishedName::parse(text).unwrap_err();
        assert_eq!((error.fault, error.offset, error.code()), (fault, offset, code), "{text}");
        assert_eq!(first_common_name(text).unwrap_err(), error, "{text}");
    }
}

fn any_dn() -> impl Strategy<Value = DistinguishedName> {
    let kind = prop_oneof!["[A-Za-z][A-Za-z0-9-]{0,6}", "(0|[1-9][0-9]{0,3})(\\.(0|[1-9][0-9]{0,3})){1,4}"];
    let text = prop_oneof![".{0,8}", "[ ,+\"\\\\<>;=#a\\x00\\n\\t]{0,8}"].prop_map(DnValue::Text);
    // A BER value that is no DirectoryString, so that it stays one.
    let ber = proptest::collection::vec(any::<u8>(), 0..6).prop_map(|mut bytes| {
        bytes.insert(0, 4);
        DnValue::Ber(bytes)
    });
    let value = prop_oneof![9 => text, 1 => ber];
    let part = (kind, value).prop_map(|(attribute_type, value)| TypeAndValue { attribute_type, value });
    let rdn = proptest::collection::vec(part, 1..4);
    proptest::collection::vec(rdn, 0..5).prop_map(DistinguishedName::from_rdns)
}

/// Texts near to names: made of their pieces.
pub(super) fn near_dn() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "(CN|cn|OU|DC|uid|2\\.5\\.4\\.3|OID\\.2\\.5\\.4\\.3|commonName)=[a-zA-Z0-9 ._-]{0,8}",
        2 => "[,;+=]",
        4 => Just(",".to_owned()),
        1 => "[ \\t\\r\\n]",
        1 => "\\\\[,+\"\\\\<>;=# a-f0-9]{1,2}",
        1 => "\"[^\"]{0,4}\"",
        1 => "#([0-9a-f]{2}){0,4}",
        1 => Just("#0c026869".to_owned()),
        1 => ".{0,3}",
    ];
    proptest::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_name_written_and_read_again_is_the_same(dn in any_dn()) {
        let written = dn.to_string();
        let read = DistinguishedName::parse(&written).unwrap();
        prop_assert_eq!(read.rdns(), dn.rdns());
        prop_assert_eq!(read.to_string(), written);
    }

    #[test]
    fn what_is_read_can_be_written_and_read_again(text in near_dn()) {
        if let Ok(dn) = DistinguishedName::parse(&text) {
            let again = DistinguishedName::parse(&dn.to_string()).unwrap();
            prop_assert_eq!(again.rdns(), dn.rdns());
            prop_assert_eq!(dn.normalized().normalized().to_string(), dn.normalized().to_string());
            prop_assert_eq!(dn.normalized(), dn);
        }
    }

    #[test]
    fn the_fast_reader_answers_as_the_parser(text in near_dn()) {
        let slow = DistinguishedName::parse(&text).map(|dn| dn.common_name().map(str::to_owned));
        let fast = first_common_name(&text).map(|name| name.map(std::borrow::Cow::into_owned));
        prop_assert_eq!(fast, slow);
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in any::<String>()) {
        let _ = DistinguishedName::parse(&text);
    }
}
