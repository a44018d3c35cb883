//! `memberof.ServiceProvider`.

use super::assertion::PyVerifiedAssertion;
use super::credentials::{Credentials, OneOrMany};
use super::errors::{ConfigurationError, VerificationError, configuration_error};
use super::identity_provider::PyIdentityProvider;
use super::instant::{datetime, instant_or_now, utc_time};
use super::limits::PyLimits;
use super::request::{Asked, MetadataAsked, Parties, login_request, metadata};
use crate::saml::{Exchange, ServiceProvider, VerifiedAssertion};
use crate::time::UtcTime;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString};

/// Minutes of difference are a broken clock, not a skew.
const MAX_CLOCK_SKEW_SECONDS: i64 = 3_600;

/// This application as a SAML service provider: who it is, whom it trusts, where Responses arrive.
///
/// Args:
///     entity_id: Our entity ID: the audience of assertions for us.
///     acs_url: The URL to which Responses are posted, exactly as the identity provider knows it; or several.
///     identity_provider: Whom we trust (one: rule R11).
///     decryption_key: Private key that opens what is encrypted for us, PEM (PKCS#8, RSA); several during a rollover.
///     signing_key: Private key that signs login requests and metadata, PEM (PKCS#8, RSA or EC). With it, every login request is
///         signed.
///     certificate: Certificates of these keys, PEM; which is of which key is told from the keys. Metadata need them.
///     clock_skew: Seconds by which the two clocks may differ, 0 to 3600.
///     limits: Bounds on a message.
///     allow_unsolicited: Whether ``UNSOLICITED`` may be passed as ``request_id``.
///
/// Raises:
///     ConfigurationError: With all ``problems`` at once.
#[pyclass(frozen, name = "ServiceProvider", module = "memberof")]
pub(crate) struct PyServiceProvider {
    inner: ServiceProvider,
    identity_provider: Py<PyIdentityProvider>,
    credentials: Credentials,
}

#[pymethods]
impl PyServiceProvider {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "each is a keyword of its own in Python")]
    #[pyo3(signature = (*, entity_id, acs_url, identity_provider, decryption_key=None, signing_key=None, certificate=None, clock_skew=60, limits=None, allow_unsolicited=false))]
    fn new(
        entity_id: String,
        acs_url: &Bound<'_, PyAny>,
        identity_provider: Bound<'_, PyIdentityProvider>,
        decryption_key: Option<OneOrMany>,
        signing_key: Option<&str>,
        certificate: Option<OneOrMany>,
        clock_skew: i64,
        limits: Option<PyLimits>,
        allow_unsolicited: bool,
    ) -> PyResult<Self> {
        let acs_urls = match acs_url.extract::<String>() {
            Ok(url) => vec![url],
            Err(_) => acs_url.try_iter()?.map(|url| url?.extract()).collect::<PyResult<Vec<String>>>()?,
        };
        let mut problems = Vec::new();
        if entity_id.is_empty() {
            problems.push("entity_id is empty".to_owned());
        }
        if acs_urls.is_empty() {
            problems.push("acs_url is empty, expected at least one URL".to_owned());
        }
        for url in acs_urls.iter().filter(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            problems.push(format!("acs_url {url:?} does not begin with https:// or http://"));
        }
        if !(0..=MAX_CLOCK_SKEW_SECONDS).contains(&clock_skew) {
            problems
                .push(format!("clock_skew is {clock_skew}, expected 0 to {MAX_CLOCK_SKEW_SECONDS} seconds"));
        }
        if !problems.is_empty() {
            return Err(configuration_error("the service provider cannot be used", problems));
        }
        let credentials = Credentials::read(decryption_key, signing_key, certificate)?;
        let inner = ServiceProvider {
            entity_id,
            acs_urls,
            identity_provider: identity_provider.get().inner.clone(),
            clock_skew_seconds: clock_skew,
            allow_unsolicited,
            decryption_keys: credentials.decryption.clone(),
            limits: limits.map(|limits| limits.inner).unwrap_or_default(),
        };
        Ok(Self { inner, identity_provider: identity_provider.unbind(), credentials })
    }

    /// Verify the form value ``SAMLResponse`` and read its assertion.
    ///
    /// The signature is checked before anything is read; then issuer, status, destination, audience, the windows of time,
    /// the bearer confirmation and InResponseTo (SAML Profiles 4.1.4.3). The GIL is released meanwhile.
    ///
    /// Args:
    ///     saml_response: The form value as it was posted: base64, strict; white space in it is ignored.
    ///     request_id: The ID of the pending request, or a collection of IDs; or ``memberof.UNSOLICITED``, alone or among them.
    ///     now: The time, an aware datetime; None reads the clock.
    ///     replay_cache: Asked last, after all checks; None leaves replay to the caller (``GroupSync.login`` records it).
    ///         An assertion that says OneTimeUse (SAML Core 2.5.1.5) is marked ``one_time_use``: without a cache and without
    ///         ``GroupSync`` the caller must see to it that it is used once.
    ///
    /// Returns:
    ///     The assertion.
    ///
    /// Raises:
    ///     VerificationError: Refused, with a stable ``code``. Show users ``public_message`` only.
    ///     ConfigurationError: ``now`` has no time zone.
    #[pyo3(signature = (saml_response, *, request_id, now=None, replay_cache=None))]
    fn verify(
        &self,
        py: Python<'_>,
        saml_response: &Bound<'_, PyAny>,
        request_id: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        replay_cache: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyVerifiedAssertion> {
        let form = form_value(saml_response)?;
        let now = instant_or_now(now)?;
        let pending = Pending::of(request_id)?;
        let ids: Vec<&str> = pending.ids.iter().map(String::as_str).collect();
        let exchange = Exchange { now, request_ids: &ids, unsolicited: pending.unsolicited };
        let assertion = py.detach(|| self.inner.verify(form, &exchange))?;
        if let Some(cache) = replay_cache {
            self.record(py, cache, &assertion, now)?;
        }
        Ok(PyVerifiedAssertion::new(assertion))
    }

    /// Make a login request (SAML Core 3.4.1), with an ID of 160 random bits.
    ///
    /// Keep its ``id`` in the user's session and pass it to :meth:`verify`: that binds the Response to this browser. With a
    /// ``signing_key`` the request is signed.
    ///
    /// Args:
    ///     relay_state: What comes back beside the Response, at most 80 bytes in UTF-8 (SAML Bindings 3.4.3): a key of what the
    ///         session knows, not an address.
    ///     binding: ``"redirect"`` (HTTP-Redirect) or ``"post"`` (HTTP-POST).
    ///     acs_url: Where the Response shall be posted: one of ours, None for the first.
    ///     force_authn: Ask for a fresh authentication.
    ///     is_passive: Ask that the identity provider show nothing to the user.
    ///     name_id_format: The NameID format to ask for, a URI, or None for what is set at the identity provider.
    ///     requested_authn_context: Authentication context class, or several in order of preference; None for any.
    ///     authn_context_comparison: ``"exact"``, ``"minimum"``, ``"maximum"`` or ``"better"``.
    ///     now: The time, an aware datetime; None reads the clock.
    ///
    /// Returns:
    ///     A ``LoginRequest`` with ``id`` and ``redirect_url``; for ``"post"`` a ``LoginForm`` with ``id``, ``action``, ``fields``
    ///     and ``html``.
    ///
    /// Raises:
    ///     ConfigurationError: No location for the binding, a relay state that is too long, or an argument that is none of the
    ///         above.
    #[expect(clippy::too_many_arguments, reason = "each is a keyword of its own in Python")]
    #[pyo3(signature = (relay_state=None, *, binding="redirect", acs_url=None, force_authn=false, is_passive=false,
        name_id_format=None, requested_authn_context=None, authn_context_comparison="exact", now=None))]
    fn login_request<'py>(
        &self,
        py: Python<'py>,
        relay_state: Option<String>,
        binding: &str,
        acs_url: Option<String>,
        force_authn: bool,
        is_passive: bool,
        name_id_format: Option<String>,
        requested_authn_context: Option<OneOrMany>,
        authn_context_comparison: &str,
        now: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let asked = Asked {
            relay_state,
            binding: binding.to_owned(),
            acs_url,
            force_authn,
            is_passive,
            name_id_format,
            requested_authn_context,
            authn_context_comparison: authn_context_comparison.to_owned(),
            now,
        };
        login_request(py, &self.parties(), asked)
    }

    /// Write this service provider's metadata (SAML Metadata 2.4.4), to hand to the identity provider.
    ///
    /// All ACS URLs, the first as the default; the certificates of the signing and decryption keys; no SingleLogoutService, for
    /// single logout is not offered.
    ///
    /// Args:
    ///     sign: Sign the document with ``signing_key``.
    ///     want_assertions_signed: Ask for a signature on the assertion itself, not on the Response only.
    ///     name_id_formats: NameID formats in order of preference; None for persistent names.
    ///     valid_until: Until when they may be used, an aware datetime; None for no end.
    ///
    /// Returns:
    ///     An EntityDescriptor, XML text.
    ///
    /// Raises:
    ///     ConfigurationError: A key has no certificate, or there is no key to sign with.
    #[pyo3(signature = (*, sign=false, want_assertions_signed=true, name_id_formats=None, valid_until=None))]
    fn metadata(
        &self,
        sign: bool,
        want_assertions_signed: bool,
        name_id_formats: Option<OneOrMany>,
        valid_until: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        // R14: a name that changes with every sign-in is refused, so ask for one that stays.
        let persistent = || vec!["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()];
        let asked = MetadataAsked {
            sign,
            want_assertions_signed,
            name_id_formats: name_id_formats.map_or_else(persistent, OneOrMany::into_vec),
            valid_until: valid_until.map(|value| utc_time(value, "valid_until")).transpose()?,
        };
        metadata(&self.parties(), &asked)
    }

    /// Our entity ID.
    #[getter]
    fn entity_id(&self) -> &str {
        &self.inner.entity_id
    }

    /// The URLs to which Responses are posted.
    #[getter]
    fn acs_urls(&self) -> Vec<&str> {
        self.inner.acs_urls.iter().map(String::as_str).collect()
    }

    /// Whom we trust.
    #[getter]
    fn identity_provider(&self, py: Python<'_>) -> Py<PyIdentityProvider> {
        self.identity_provider.clone_ref(py)
    }

    fn __repr__(&self) -> String {
        let ServiceProvider { entity_id, acs_urls, identity_provider, .. } = &self.inner;
        format!("<ServiceProvider {entity_id:?} at {acs_urls:?}, trusts {:?}>", identity_provider.entity_id)
    }
}

impl PyServiceProvider {
    fn parties(&self) -> Parties<'_> {
        Parties {
            entity_id: &self.inner.entity_id,
            acs_urls: &self.inner.acs_urls,
            credentials: &self.credentials,
            single_sign_on: &self.identity_provider.get().single_sign_on,
        }
    }

    /// Profiles 4.1.4.5: a bearer assertion counts once, for as long as it could be accepted.
    fn record(
        &self,
        py: Python<'_>,
        cache: &Bound<'_, PyAny>,
        assertion: &VerifiedAssertion,
        now: UtcTime,
    ) -> PyResult<()> {
        let expires_at = assertion.not_on_or_after().plus_seconds(self.inner.clock_skew_seconds);
        let times = PyDict::new(py);
        times.set_item("expires_at", datetime(py, expires_at)?)?;
        times.set_item("now", datetime(py, now)?)?;
        let first =
            cache.call_method("record", (assertion.issuer(), assertion.id()), Some(&times))?.is_truthy()?;
        if first {
            return Ok(());
        }
        Err(VerificationError::new_err((
            "the assertion was used before",
            "saml.replayed",
            "the browser may have posted the same form twice: start the sign-in again",
        )))
    }
}

/// The bytes of a `str` or `bytes`, lent.
fn form_value<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes());
    }
    if let Ok(text) = value.cast::<PyString>() {
        // A text with half a surrogate pair is no UTF-8, and no base64 either.
        return Ok(text.to_str().map_or(&b"\xFF"[..], str::as_bytes));
    }
    let found = value.get_type().name()?;
    Err(PyTypeError::new_err(format!("saml_response is {found}, expected str or bytes")))
}

/// What the caller waits for.
struct Pending {
    ids: Vec<String>,
    unsolicited: bool,
}

impl Pending {
    fn of(request_id: &Bound<'_, PyAny>) -> PyResult<Self> {
        static UNSOLICITED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = request_id.py();
        let unsolicited = UNSOLICITED.get_or_try_init(py, || {
            Ok::<_, PyErr>(py.import("memberof.saml")?.getattr("UNSOLICITED")?.unbind())
        })?;
        let mut pending = Self { ids: Vec::new(), unsolicited: false };
        let mut add = |item: &Bound<'_, PyAny>| {
            if item.is(unsolicited) {
                pending.unsolicited = true;
                return Ok(());
            }
            match item.extract::<String>() {
                Ok(id) if !id.is_empty() => pending.ids.push(id),
                _ => {
                    return Err(ConfigurationError::new_err((
                        "request_id holds something else than IDs of requests and memberof.UNSOLICITED",
                        "config.request_id",
                        "pass the id of login_request(), kept in the session, or several of them",
                    )));
                }
            }
            Ok(())
        };
        if request_id.is_instance_of::<PyString>() || request_id.is(unsolicited) {
            add(request_id)?;
        } else {
            let items = request_id.try_iter().or_else(|_| {
                // None or a number: let the message above say what is wrong.
                add(request_id).and_then(|()| request_id.try_iter())
            })?;
            for item in items {
                add(&item?)?;
            }
        }
        Ok(pending)
    }
}
