//! Responses: captured ones are accepted with their exact values, changed ones are refused with their exact codes.

use crate::vectors::{Case, all_values, case, cases, values};
use memberof::saml::VerifiedAssertion;
use proptest::prelude::*;

fn accepted_cases() -> Vec<Case> {
    cases().into_iter().filter(|case| case.is("expect", "accept")).collect()
}

fn code(case: &Case, xml: &str) -> &'static str {
    case.verify_xml(xml).map_or_else(|error| error.code(), |_| "accepted")
}

/// Everything that a caller can read.
fn reading(assertion: &VerifiedAssertion) -> String {
    format!(
        "{:?}",
        (
            assertion.id(),
            assertion.issuer(),
            name_id(assertion),
            assertion.issue_instant(),
            assertion.not_on_or_after(),
            (assertion.session_index(), assertion.session_not_on_or_after(), assertion.in_response_to()),
            (assertion.authn_instant(), assertion.authn_context(), assertion.one_time_use()),
            all_values(assertion),
        )
    )
}

fn name_id(assertion: &VerifiedAssertion) -> Option<[Option<&str>; 4]> {
    let name = assertion.name_id()?;
    let parts = [&name.format, &name.name_qualifier, &name.sp_name_qualifier].map(Option::as_deref);
    Some([Some(&name.value), parts[0], parts[1], parts[2]])
}

#[test]
fn every_captured_response_gives_its_exact_values() {
    let cases = accepted_cases();
    assert_eq!(cases.len(), 99);
    for case in cases {
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
        assert_eq!(assertion.issue_instant().plus_seconds(1), case.now(), "{}", case.id());
    }
}

#[test]
fn sha1_is_refused_with_its_code() {
    assert_eq!(case("simplesamlphp/sha1-dn3").verify().unwrap_err().code(), "dsig.algorithm_weak");
}

/// The document without the elements whose local name is Signature, whatever their prefix.
fn without_signatures(xml: &str) -> String {
    let mut xml = xml.to_owned();
    while let Some(end) = xml.find("Signature>") {
        let close = xml[..end].rfind("</").unwrap();
        let open = format!("<{}Signature", &xml[close + 2..end]);
        let start = xml
            .match_indices(&open)
            .map(|(at, _)| at)
            .find(|at| xml[at + open.len()..].starts_with([' ', '>', '\n']));
        xml.replace_range(start.unwrap()..end + "Signature>".len(), "");
    }
    xml
}

#[test]
fn without_its_signatures_every_captured_response_is_refused() {
    // What is signed inside an encryption stays signed.
    for case in accepted_cases().iter().filter(|case| !case.is_encrypted()) {
        let xml = without_signatures(&case.xml());
        assert_eq!(code(case, &xml), "saml.unsigned", "{}", case.id());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_changed_byte_is_refused_or_changes_nothing_that_is_read(
        case in prop::sample::select(accepted_cases()), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut xml = case.xml().into_bytes();
        let at = at.index(xml.len());
        xml[at] = byte;
        let ids = case.request_ids();
        if let Ok(changed) = case.provider.verify_xml(&xml, &case.exchange(&ids)) {
            prop_assert_eq!(reading(&changed), reading(&case.verify().unwrap()));
        }
    }
}

#[test]
fn threads_share_one_provider_and_read_the_same() {
    let cases = accepted_cases();
    let alone: Vec<String> = cases.iter().map(|case| reading(&case.verify().unwrap())).collect();
    std::thread::scope(|scope| {
        for start in 0..8 {
            let (cases, alone) = (&cases, &alone);
            scope.spawn(move || {
                for index in (0..cases.len()).map(|step| (start * 9 + step) % cases.len()) {
                    assert_eq!(
                        reading(&cases[index].verify().unwrap()),
                        alone[index],
                        "{}",
                        cases[index].id()
                    );
                }
            });
        }
    });
}
