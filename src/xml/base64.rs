//! Strict base64, as SAML and XML Signature use it.

use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use std::borrow::Cow;

/// Decode base64 (RFC 4648 section 4): the standard alphabet, padded, unused bits zero. XML white space (space, tab, CR,
/// LF) may stand anywhere, since XML Schema's `base64Binary` and form values are folded into lines; all else is refused.
#[must_use]
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    Simd::standard(PAD).decode(without_space(text)).ok()
}

/// The bytes without XML white space, copied only if there is any.
fn without_space(text: &[u8]) -> Cow<'_, [u8]> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    // Not a search: without branches the loop becomes vector code.
    let mut any = false;
    for byte in text {
        any |= is_space(*byte);
    }
    if any {
        Cow::Owned(text.iter().copied().filter(|byte| !is_space(*byte)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    #[test]
    fn only_the_strict_form_is_read() {
        for (text, expected) in [
            ("", &b""[..]),
            ("TQ==", b"M"),
            ("TWE=", b"Ma"),
            ("TWFu", b"Man"),
            (" T\tW\r\nF u\n", b"Man"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(decode_base64(text.as_bytes()).as_deref(), Some(expected), "{text:?}");
        }
        for text in [
            "T",
            "TQ",
            "TQ=",
            "TWE",
            "TR==",
            "TWF=",
            "TQ==TQ==",
            "=TQ=",
            "TQ===",
            "====",
            "TWFu=",
            "-_-_",
            "TWF!",
            "TWFu\0",
            "TWFu\u{A0}",
            "TWFu\u{B}",
            "T%51",
            "TWFu\u{2028}",
        ] {
            assert_eq!(decode_base64(text.as_bytes()), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_whatever_its_length(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(decode_base64(STANDARD.encode(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn the_vector_code_and_the_plain_code_agree(text in "[A-Za-z0-9+/=_. -]{0,120}") {
            let plain: String = text.split(' ').collect();
            prop_assert_eq!(decode_base64(text.as_bytes()), STANDARD.decode(plain).ok());
        }
    }
}
