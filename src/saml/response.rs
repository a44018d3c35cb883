//! A Response from form value to verified assertion: the whole story, top-down.

use super::assertion::{AssertionParts, VerifiedAssertion};
use super::check::{self, Expected};
use super::decrypt;
use super::error::ResponseError;
use super::names::{ASSERTION, PROTOCOL};
use super::provider::{Exchange, ServiceProvider};
use crate::dsig::{DS, SignedElement, signature_of, verify};
use crate::xml::{Canonicalization, Document, Element, XmlError, decode_base64};

impl ServiceProvider {
    /// Verify the form value `SAMLResponse` of an HTTP-POST (SAML Bindings 3.5) and read its assertion.
    ///
    /// Everything in the returned assertion was read from bytes that the identity provider signed. The clock is
    /// `exchange.now`; nothing is recorded: the caller keeps the assertion's ID from being used twice.
    pub fn verify(
        &self,
        saml_response: &[u8],
        exchange: &Exchange<'_>,
    ) -> Result<VerifiedAssertion, ResponseError> {
        // Base64 takes a third more, and its lines a few per cent of that.
        let allowed = self.limits.max_bytes.saturating_add(self.limits.max_bytes / 2).saturating_add(64);
        if saml_response.len() > allowed {
            let (found, allowed) = (saml_response.len() / 4 * 3, self.limits.max_bytes);
            return Err(XmlError::TooLarge { found, allowed }.into());
        }
        let (signed, expected) =
            self.open(&decode_base64(saml_response).ok_or(ResponseError::Base64)?, exchange)?;
        self.read(signed, &expected, exchange)
    }

    /// Verify a Response that is base64 no longer.
    pub fn verify_xml(
        &self,
        xml: &[u8],
        exchange: &Exchange<'_>,
    ) -> Result<VerifiedAssertion, ResponseError> {
        let (signed, expected) = self.open(xml, exchange)?;
        self.read(signed, &expected, exchange)
    }

    /// From the message to what was signed of it, and what the Response has settled. The table of the message is gone when
    /// this returns: nothing can read it, and its memory is free again.
    fn open(
        &self,
        xml: &[u8],
        exchange: &Exchange<'_>,
    ) -> Result<(Document<'static>, Expected), ResponseError> {
        if exchange.unsolicited && !self.allow_unsolicited {
            return Err(ResponseError::UnsolicitedRefused);
        }
        let document = Document::parse(xml, &self.limits)?;
        let envelope = Envelope::of(document.root())?;
        // A refusal needs no signature: it grants nothing.
        check::status(envelope.status)?;
        let assertion = envelope.only_assertion()?;
        check_layout(envelope.element, assertion)?;

        let signed_response = self.verify_own_signature(envelope.element)?;
        if assertion.local_name() != "Assertion" {
            let expected = self.check_head(&envelope, signed_response.as_ref(), exchange)?;
            return Ok((self.open_assertion(assertion, signed_response.as_ref())?, expected));
        }
        let signed_assertion = self.verify_own_signature(assertion)?;
        let expected = self.check_head(&envelope, signed_response.as_ref(), exchange)?;
        // Of two signatures, both have been checked by now, and the inner bytes are read.
        let signed = signed_assertion.or(signed_response).ok_or(ResponseError::Unsigned)?;
        Ok((signed.into_document(), expected))
    }

    /// The element as signed by itself, or None if it has no signature of its own. A bad signature is an error, never
    /// the same as none.
    fn verify_own_signature(&self, element: Element<'_>) -> Result<Option<SignedElement>, ResponseError> {
        match signature_of(element)? {
            None => Ok(None),
            Some(signature) => Ok(Some(verify(element, signature, &self.identity_provider.signing_keys)?)),
        }
    }

    /// The Assertion inside an EncryptedAssertion, as what was signed inside, outside or both.
    ///
    /// Under a signature of the Response, the ciphertext is taken from the signed bytes, and what it holds counts as signed. A
    /// signature inside counts with or without it, and one that fails refuses.
    fn open_assertion(
        &self,
        encrypted: Element<'_>,
        signed_response: Option<&SignedElement>,
    ) -> Result<Document<'static>, ResponseError> {
        const NAME: &str = "EncryptedAssertion";
        let wrapper = match signed_response {
            None => encrypted,
            Some(signed) => signed.root().child(ASSERTION, NAME).ok_or(ResponseError::AssertionMissing)?,
        };
        decrypt::open(self, wrapper, NAME, |assertion| {
            if !assertion.is(ASSERTION, "Assertion") {
                return Err(ResponseError::AssertionMissing);
            }
            check_layout(assertion, assertion)?;
            match self.verify_own_signature(assertion)? {
                Some(signed) => Ok(signed.into_document()),
                None if signed_response.is_some() => {
                    Ok(assertion.canonicalize(&Canonicalization::EXCLUSIVE, &[])?)
                }
                None => Err(ResponseError::Unsigned),
            }
        })
    }

    /// Check what the Response says beside its assertion: in its signed bytes if it is signed. If it isn't, it can only
    /// refuse, and nothing of it is handed out.
    fn check_head(
        &self,
        envelope: &Envelope<'_>,
        signed: Option<&SignedElement>,
        exchange: &Exchange<'_>,
    ) -> Result<Expected, ResponseError> {
        if let Some(signed) = signed {
            return check::response(self, exchange, &Envelope::of(signed.root())?, true);
        }
        let head = envelope.element.canonicalize(&Canonicalization::EXCLUSIVE, &envelope.assertions)?;
        check::response(self, exchange, &Envelope::of(head.root())?, false)
    }

    /// Read the assertion that a verified document is, or holds.
    fn read(
        &self,
        document: Document<'static>,
        expected: &Expected,
        exchange: &Exchange<'_>,
    ) -> Result<VerifiedAssertion, ResponseError> {
        let root = document.root();
        let inside = root.child(ASSERTION, "Assertion");
        let element = if root.is(ASSERTION, "Assertion") { Some(root) } else { inside };
        let parts = AssertionParts::of(element.ok_or(ResponseError::AssertionMissing)?)?;
        let mut verified = check::assertion(self, exchange, expected, &parts)?;
        verified.keep(document);
        Ok(verified)
    }
}

/// The children of a Response (SAML Core 3.2.2 and 3.3.3), each as often as it may stand.
pub(super) struct Envelope<'d> {
    pub(super) element: Element<'d>,
    pub(super) issuer: Option<Element<'d>>,
    pub(super) status: Element<'d>,
    /// Assertion and EncryptedAssertion.
    pub(super) assertions: Vec<Element<'d>>,
}

impl<'d> Envelope<'d> {
    fn of(element: Element<'d>) -> Result<Self, ResponseError> {
        if !element.is(PROTOCOL, "Response") {
            return Err(ResponseError::NotAResponse);
        }
        let fault = ResponseError::Unexpected { element: "Response" };
        if !element.has_element_content() {
            return Err(fault);
        }
        let (mut issuer, mut extensions, mut status) = (None, None, None);
        let mut assertions = Vec::new();
        for child in element.children() {
            let once = match (child.namespace(), child.local_name()) {
                (ASSERTION, "Issuer") => &mut issuer,
                (PROTOCOL, "Extensions") => &mut extensions,
                (PROTOCOL, "Status") => &mut status,
                (ASSERTION, "Assertion" | "EncryptedAssertion") => {
                    assertions.push(child);
                    continue;
                }
                (DS, "Signature") => continue,
                _ => return Err(fault),
            };
            if once.replace(child).is_some() {
                return Err(fault);
            }
        }
        let status = status.ok_or(fault)?;
        Ok(Self { element, issuer, status, assertions })
    }

    /// NOTE: SAML Core 3.3.3 allows several assertions. No identity provider is known to send more than one, and which one
    /// counts is what signature wrapping plays on.
    fn only_assertion(&self) -> Result<Element<'d>, ResponseError> {
        match &self.assertions[..] {
            [] => Err(ResponseError::AssertionMissing),
            [only] => Ok(*only),
            several => Err(ResponseError::AssertionCount { found: several.len() }),
        }
    }
}

/// No assertion and no signature may hide anywhere, whether or not somebody would read it there. An assertion's Advice
/// may hold others (SAML Core 2.6.1), which are never read.
fn check_layout<'d>(message: Element<'d>, assertion: Element<'d>) -> Result<(), ResponseError> {
    let advice = |element: Element<'d>| {
        let above = std::iter::successors(element.parent(), |element| element.parent());
        let mut advices = above.filter(|element| element.is(ASSERTION, "Advice"));
        advices.any(|advice| advice.parent().is_some_and(|parent| parent.is_same(assertion)))
    };
    for element in message.descendants() {
        match element.local_name() {
            "Assertion" | "EncryptedAssertion"
                if element.namespace() == ASSERTION && !element.is_same(assertion) && !advice(element) =>
            {
                return Err(ResponseError::AssertionMisplaced);
            }
            "Signature" if element.namespace() == DS => {
                let direct = |parent: Element<'d>| parent.is_same(message) || parent.is_same(assertion);
                if !element.parent().is_some_and(direct) && !advice(element) {
                    return Err(ResponseError::SignatureMisplaced);
                }
            }
            _ => {}
        }
    }
    Ok(())
}
