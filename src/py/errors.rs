//! The one place where an error of the core becomes a Python exception.

use pyo3::import_exception;

import_exception!(memberof.errors, ConfigurationError);
import_exception!(memberof.errors, VerificationError);
import_exception!(memberof.errors, ClaimError);
import_exception!(memberof.errors, PlanError);
import_exception!(memberof.errors, SchemaError);
