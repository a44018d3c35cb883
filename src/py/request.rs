//! Login requests and our metadata, in Python.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::credentials::{Credentials, OneOrMany};
use super::errors::ConfigurationError;
use super::instant::instant_or_now;
use crate::saml::{AuthnRequest, Endpoint, ServiceMetadata};

pub(super) const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
pub(super) const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// A login request that travels by redirect (HTTP-Redirect): send the browser to `redirect_url`, and keep `id` in the session.
#[pyclass(frozen, module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct LoginRequest {
    id: String,
    redirect_url: String,
    relay_state: Option<String>,
}

#[pymethods]
impl LoginRequest {
    /// The request's ID: pass it to `verify(request_id=…)` when the Response comes.
    #[getter]
    fn id(&self) -> &str {
        &self.id
    }

    /// Where to send the browser.
    #[getter]
    fn redirect_url(&self) -> &str {
        &self.redirect_url
    }

    /// What the identity provider sends back beside the Response, or None.
    #[getter]
    fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    #[new]
    #[pyo3(signature = (*, id, redirect_url, relay_state = None))]
    fn new(id: String, redirect_url: String, relay_state: Option<String>) -> Self {
        Self { id, redirect_url, relay_state }
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<((), Bound<'py, PyDict>)> {
        let kwargs = PyDict::new(py);
        kwargs.set_item("id", &self.id)?;
        kwargs.set_item("redirect_url", &self.redirect_url)?;
        kwargs.set_item("relay_state", &self.relay_state)?;
        Ok(((), kwargs))
    }

    fn __repr__(&self) -> String {
        format!(
            "LoginRequest(id={:?}, redirect_url={:?}, relay_state={})",
            self.id,
            self.redirect_url,
            none_or(self.relay_state.as_ref())
        )
    }
}

/// A login request that travels in a form (HTTP-POST): answer with `html`, or with a page of your own that posts `fields` to
/// `action`, and keep `id` in the session.
#[pyclass(frozen, module = "memberof", eq, hash)]
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct LoginForm {
    id: String,
    action: String,
    fields: BTreeMap<String, String>,
}

#[pymethods]
impl LoginForm {
    /// The request's ID: pass it to `verify(request_id=…)` when the Response comes.
    #[getter]
    fn id(&self) -> &str {
        &self.id
    }

    /// Where the form is posted.
    #[getter]
    fn action(&self) -> &str {
        &self.action
    }

    /// The hidden fields: SAMLRequest and, where there is one, RelayState.
    #[getter]
    fn fields(&self) -> BTreeMap<String, String> {
        self.fields.clone()
    }

    /// A page that posts the form by itself; where scripts are forbidden it shows a button.
    #[getter]
    fn html(&self) -> String {
        let mut inputs = String::new();
        for (name, value) in &self.fields {
            let _ = write!(inputs, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value));
        }
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head><body>\
             <form method=\"post\" action=\"{}\">{inputs}<button type=\"submit\">Continue to sign in</button></form>\
             <script>document.forms[0].submit()</script></body></html>\n",
            escape(&self.action)
        )
    }

    #[new]
    #[pyo3(signature = (*, id, action, fields))]
    fn new(id: String, action: String, fields: BTreeMap<String, String>) -> Self {
        Self { id, action, fields }
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<((), Bound<'py, PyDict>)> {
        let kwargs = PyDict::new(py);
        kwargs.set_item("id", &self.id)?;
        kwargs.set_item("action", &self.action)?;
        kwargs.set_item("fields", self.fields.clone())?;
        Ok(((), kwargs))
    }

    fn __repr__(&self) -> String {
        let fields: Vec<String> =
            self.fields.iter().map(|(name, value)| format!("{name:?}: {value:?}")).collect();
        format!("LoginForm(id={:?}, action={:?}, fields={{{}}})", self.id, self.action, fields.join(", "))
    }
}

/// Who sends the request, and to whom.
pub(super) struct Parties<'a> {
    pub(super) entity_id: &'a str,
    pub(super) acs_urls: &'a [String],
    pub(super) credentials: &'a Credentials,
    pub(super) single_sign_on: &'a [Endpoint],
}

/// What `login_request` was asked for.
pub(super) struct Asked<'py> {
    pub(super) relay_state: Option<String>,
    pub(super) binding: String,
    pub(super) acs_url: Option<String>,
    pub(super) force_authn: bool,
    pub(super) is_passive: bool,
    pub(super) name_id_format: Option<String>,
    pub(super) requested_authn_context: Option<OneOrMany>,
    pub(super) authn_context_comparison: String,
    pub(super) now: Option<Bound<'py, PyAny>>,
}

/// Make a [`LoginRequest`] or a [`LoginForm`].
pub(super) fn login_request(py: Python<'_>, parties: &Parties<'_>, asked: Asked<'_>) -> PyResult<Py<PyAny>> {
    let binding_uri = match asked.binding.as_str() {
        "redirect" => HTTP_REDIRECT,
        "post" => HTTP_POST,
        other => {
            return Err(configuration(
                &format!("binding is {other:?}, expected \"redirect\" or \"post\""),
                "config.binding",
                None,
            ));
        }
    };
    let comparison = ["exact", "minimum", "maximum", "better"]
        .into_iter()
        .find(|known| *known == asked.authn_context_comparison)
        .ok_or_else(|| configuration(
            &format!("authn_context_comparison is {:?}, expected \"exact\", \"minimum\", \"maximum\" or \"better\"", asked.authn_context_comparison),
            "config.authn_context_comparison",
            None,
        ))?;
    let location = location(parties.single_sign_on, binding_uri, &asked.binding)?;
    let request = AuthnRequest {
        id: new_id()?,
        issue_instant: Some(instant_or_now(asked.now.as_ref())?),
        issuer: parties.entity_id.to_owned(),
        destination: location.to_owned(),
        acs_url: acs_url(parties.acs_urls, asked.acs_url)?,
        force_authn: asked.force_authn,
        is_passive: asked.is_passive,
        name_id_format: asked.name_id_format,
        authn_context: asked.requested_authn_context.map(OneOrMany::into_vec).unwrap_or_default(),
        authn_context_comparison: comparison,
    };
    let key = parties.credentials.signing.as_ref();
    let relay_state = asked.relay_state;
    if binding_uri == HTTP_REDIRECT {
        let redirect_url = request.redirect_url(relay_state.as_deref(), key)?;
        return LoginRequest { id: request.id, redirect_url, relay_state }.into_py_any(py);
    }
    let signing = key.map(|key| (key, parties.credentials.signing_certificate()));
    let value = request.form_value(relay_state.as_deref(), signing)?;
    let mut fields = BTreeMap::from([("SAMLRequest".to_owned(), value)]);
    fields.extend(relay_state.map(|relay_state| ("RelayState".to_owned(), relay_state)));
    LoginForm { id: request.id, action: request.destination, fields }.into_py_any(py)
}

/// What `metadata` was asked for.
pub(super) struct MetadataAsked {
    pub(super) sign: bool,
    pub(super) want_assertions_signed: bool,
    pub(super) name_id_formats: Vec<String>,
    pub(super) valid_until: Option<crate::time::UtcTime>,
}

/// This service provider's metadata, XML text.
pub(super) fn metadata(parties: &Parties<'_>, asked: &MetadataAsked) -> PyResult<String> {
    let credentials = parties.credentials;
    let signing = credentials.signing_certificate();
    let encryption = credentials.encryption_certificates();
    let missing = |key: &str| {
        let message = format!("{key} has no certificate, expected one: metadata carry keys as certificates");
        configuration(
            &message,
            "config.certificate_missing",
            Some("pass certificate= with the certificates of both keys"),
        )
    };
    if credentials.signing.is_some() && signing.is_none() {
        return Err(missing("signing_key"));
    }
    if !credentials.decryption.is_empty() && encryption.is_empty() {
        return Err(missing("decryption_key"));
    }
    let metadata = ServiceMetadata {
        entity_id: parties.entity_id,
        acs_urls: parties.acs_urls,
        signing: signing.into_iter().collect(),
        encryption,
        requests_signed: credentials.signing.is_some(),
        want_assertions_signed: asked.want_assertions_signed,
        name_id_formats: &asked.name_id_formats,
        valid_until: asked.valid_until,
    };
    if !asked.sign {
        return Ok(metadata.to_xml()?);
    }
    let key = credentials.signing.as_ref().ok_or_else(|| {
        configuration(
            "there is no key to sign metadata with",
            "config.signing_key_missing",
            Some("pass signing_key= and certificate= to ServiceProvider"),
        )
    })?;
    metadata.to_signed_xml(&new_id()?, key, signing).map_err(PyErr::from)
}

/// `_` and 160 random bits (SAML Core 1.3.4 asks for 128 at least).
fn new_id() -> PyResult<String> {
    let mut random = [0_u8; 20];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| configuration("the system has no randomness", "config.randomness", None))?;
    let mut id = String::from("_");
    for byte in random {
        let _ = write!(id, "{byte:02x}");
    }
    Ok(id)
}

fn location<'e>(endpoints: &'e [Endpoint], binding_uri: &str, binding: &str) -> PyResult<&'e str> {
    let found = endpoints.iter().find(|endpoint| endpoint.binding == binding_uri);
    found.map(|endpoint| endpoint.location.as_str()).ok_or_else(|| {
        let offered: Vec<&str> =
            endpoints.iter().filter_map(|endpoint| endpoint.binding.rsplit(':').next()).collect();
        let message = format!(
            "identity provider has no single sign-on location for binding {binding:?}, it offers {offered:?}"
        );
        configuration(
            &message,
            "config.no_sso_location",
            Some("choose another binding=, or give IdentityProvider an sso_url="),
        )
    })
}

fn acs_url(configured: &[String], asked: Option<String>) -> PyResult<String> {
    match asked {
        Some(url) if configured.contains(&url) => Ok(url),
        Some(url) => Err(configuration(
            &format!("acs_url is {url:?}, expected one of {configured:?}"),
            "config.unknown_acs_url",
            None,
        )),
        None => configured
            .first()
            .cloned()
            .ok_or_else(|| configuration("there is no ACS URL", "config.acs_url", None)),
    }
}

fn configuration(message: &str, code: &str, hint: Option<&str>) -> PyErr {
    ConfigurationError::new_err((message.to_owned(), code.to_owned(), hint.map(str::to_owned)))
}

fn none_or(value: Option<&String>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("{value:?}"))
}

/// Text inside an HTML attribute in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
