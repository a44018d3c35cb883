//! The one place where an error of the core becomes a Python exception.

use crate::audit::AuditError;
use crate::claim::{DnError, ListError};
use crate::reconcile::ReconcileError;
use crate::saml::{MetadataError, RequestError, ResponseError};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::{PyErr, import_exception};

import_exception!(memberof.errors, ConfigurationError);
import_exception!(memberof.errors, VerificationError);
import_exception!(memberof.errors, ClaimError);
import_exception!(memberof.errors, PlanError);
import_exception!(memberof.errors, SchemaError);
import_exception!(memberof.errors, DistinguishedNameError);
import_exception!(memberof.errors, ListSyntaxError);

/// Every problem of a configuration at once.
pub(super) fn configuration_error(message: &str, problems: Vec<String>) -> PyErr {
    let message = match problems.as_slice() {
        [one] => one.clone(),
        _ => format!("{message}: {}", problems.join("; ")),
    };
    ConfigurationError::new_err((message, None::<&str>, None::<&str>, problems))
}

impl From<DnError> for PyErr {
    fn from(error: DnError) -> Self {
        DistinguishedNameError::new_err((format!("no distinguished name: {error}"), error.code()))
    }
}

impl From<ListError> for PyErr {
    fn from(error: ListError) -> Self {
        match error {
            ListError::OpenQuote { .. } => ListSyntaxError::new_err((error.to_string(), error.code())),
            ListError::Delimiter => ConfigurationError::new_err((error.to_string(), error.code())),
        }
    }
}

impl From<MetadataError> for PyErr {
    fn from(error: MetadataError) -> Self {
        let arguments = (error.to_string(), error.code(), error.hint());
        match error {
            // Not genuine: what a message is refused for, and not a mistake of whoever configured it.
            MetadataError::Unsigned | MetadataError::Signature(_) => VerificationError::new_err(arguments),
            MetadataError::Xml(_)
            | MetadataError::NotMetadata
            | MetadataError::NoIdentityProvider
            | MetadataError::Several { .. }
            | MetadataError::Unknown { .. }
            | MetadataError::Ambiguous { .. }
            | MetadataError::Expired { .. }
            | MetadataError::Malformed { .. }
            | MetadataError::Key { .. }
            | MetadataError::NoSigningKey { .. } => ConfigurationError::new_err(arguments),
        }
    }
}

impl From<RequestError> for PyErr {
    fn from(error: RequestError) -> Self {
        ConfigurationError::new_err((error.to_string(), error.code(), error.hint()))
    }
}

impl From<ResponseError> for PyErr {
    fn from(error: ResponseError) -> Self {
        VerificationError::new_err((error.to_string(), error.code(), error.hint()))
    }
}

impl From<AuditError> for PyErr {
    fn from(error: AuditError) -> Self {
        let (message, code) = (error.to_string(), error.code());
        match error {
            AuditError::Schema { problems } => SchemaError::new_err((message, code, None::<&str>, problems)),
            AuditError::Source { .. } | AuditError::TooLarge { .. } => SchemaError::new_err((message, code)),
            // The caller's own exception stands in its place.
            AuditError::Stopped => PyKeyboardInterrupt::new_err(message),
            AuditError::Reconcile(error) => error.into(),
        }
    }
}

impl From<ReconcileError> for PyErr {
    fn from(error: ReconcileError) -> Self {
        let (message, code, hint) = (error.to_string(), error.code(), error.hint());
        match error {
            ReconcileError::Policy { problems } => {
                ConfigurationError::new_err((message, code, hint, problems))
            }
            ReconcileError::GroupKeyCollision { .. } | ReconcileError::UnknownGroup { .. } => {
                ConfigurationError::new_err((message, code, hint))
            }
            ReconcileError::Absent
            | ReconcileError::Overage
            | ReconcileError::Malformed { .. }
            | ReconcileError::RequiredGroup { .. } => ClaimError::new_err((message, code, hint)),
            ReconcileError::PlanSyntax { .. } | ReconcileError::PlanFingerprint => {
                PlanError::new_err((message, code, hint))
            }
        }
    }
}
