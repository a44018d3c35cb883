//! Responses: captured ones are accepted with their exact values, changed ones are refused with their exact codes.

use crate::vectors::{case, cases, values};

#[test]
fn every_captured_response_gives_its_exact_values() {
    let mut accepted = 0;
    for case in cases() {
        if case.is_encrypted() || !case.is("expect", "accept") {
            continue;
        }
        let assertion =
            case.verify().unwrap_or_else(|error| panic!("{}: {error} [{}]", case.id(), error.code()));
        let name = case.facts["attribute_name"].as_str().unwrap();
        let (mut found, mut expected) = (values(&assertion, name), case.wire_values());
        if case.facts["order_significant"] == false {
            if let Some(values) = &mut found {
                values.sort();
            }
            if let Some(values) = &mut expected {
                values.sort();
            }
        }
        assert!(found == expected, "{}: other values than on the wire", case.id());
        assert_eq!(assertion.name_id().unwrap().value, case.facts["name_id"], "{}", case.id());
        assert_eq!(assertion.issuer(), case.facts["idp_entity_id"]);
        accepted += 1;
    }
    assert_eq!(accepted, 67);
}

#[test]
fn sha1_is_refused_with_its_code() {
    for case in cases().iter().filter(|case| case.id().contains("sha1")) {
        assert_eq!(case.verify().unwrap_err().code(), "dsig.algorithm_weak");
    }
    case("simplesamlphp/sha1-dn3");
}
