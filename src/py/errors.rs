//! The one place where an error of the core becomes a Python exception.

use crate::claim::{DnError, ListError};
use crate::saml::ResponseError;
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

impl From<ResponseError> for PyErr {
    fn from(error: ResponseError) -> Self {
        VerificationError::new_err((error.to_string(), error.code(), error.hint()))
    }
}
