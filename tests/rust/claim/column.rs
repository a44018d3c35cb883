//! Whole columns answer as single names do.

use super::dn::near_dn;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, Int32Array, LargeStringArray, StringArray, StringViewArray};
use memberof::claim::{ColumnError, DistinguishedName, common_names};
use proptest::prelude::*;

fn answers(column: &dyn Array) -> Vec<(Option<String>, Option<String>)> {
    let read = common_names(column).unwrap();
    let names: Vec<Option<String>> = match read.values.as_string_opt::<i32>() {
        Some(names) => names.iter().map(|name| name.map(str::to_owned)).collect(),
        None => read.values.as_string::<i64>().iter().map(|name| name.map(str::to_owned)).collect(),
    };
    let errors = read.errors.as_string::<i32>().iter().map(|error| error.map(str::to_owned));
    names.into_iter().zip(errors).collect()
}

fn one_by_one(texts: &[Option<String>]) -> Vec<(Option<String>, Option<String>)> {
    let answer = |text: &Option<String>| match text.as_deref().map(DistinguishedName::parse) {
        None => (None, None),
        Some(Err(error)) => (None, Some(error.code().to_owned())),
        Some(Ok(dn)) => match dn.common_name() {
            Some(name) => (Some(name.to_owned()), None),
            None => (None, Some("claim.no_common_name".to_owned())),
        },
    };
    texts.iter().map(answer).collect()
}

#[test]
fn a_column_of_no_texts_is_refused() {
    let error = common_names(&Int32Array::from(vec![1])).unwrap_err();
    assert_eq!(error, ColumnError::NoText { found: "Int32".to_owned() });
}

const ENDS: [&str; 8] = [
    "OU=Groups,DC=corp",
    "OU=Groups,DC=corp ",
    "OU=Größe,DC=corp",
    "OU=Groups,",
    r"OU=Sales\, EMEA,DC=corp",
    r"OU=\C3,DC=corp",
    " ",
    "OU=a+UID=b;DC=corp",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn columns_of_every_text_type_answer_as_the_parser(
        rows in proptest::collection::vec(proptest::option::weighted(0.9, prop_oneof![
            near_dn(),
            // few containers, so that most rows end as an earlier one did
            ("[a-zöß ,\\\\]{0,6}", 0..ENDS.len()).prop_map(|(name, end)| format!("CN={name},{}", ENDS[end])),
            ("(\\\\[,+ #=\\\\\"]|\\\\2[Cc0]|\\\\0a|\\\\(c3\\\\b6|00|7F|80)|[a-zö ]){0,20}", 0..ENDS.len())
                .prop_map(|(name, end)| format!("cn={name},{}", ENDS[end])),
        ]), 0..24),
        keys in proptest::collection::vec(proptest::option::of(0..24_usize), 0..24),
    ) {
        let wanted = one_by_one(&rows);
        prop_assert_eq!(&answers(&StringArray::from(rows.clone())), &wanted);
        prop_assert_eq!(&answers(&LargeStringArray::from(rows.clone())), &wanted);
        prop_assert_eq!(&answers(&StringViewArray::from(rows.clone())), &wanted);
        let keys: Vec<Option<usize>> = keys.into_iter().map(|key| key.filter(|key| *key < rows.len())).collect();
        let places: Int32Array = keys.iter().map(|key| key.map(|key| i32::try_from(key).unwrap())).collect();
        let dictionary = DictionaryArray::<Int32Type>::new(places, std::sync::Arc::new(StringArray::from(rows)));
        let wanted: Vec<_> = keys.iter().map(|key| key.map_or((None, None), |key| wanted[key].clone())).collect();
        prop_assert_eq!(answers(&dictionary), wanted);
    }
}
