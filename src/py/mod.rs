//! The Python module: frozen classes over the core, one error crossing. The only folder that names pyo3.

mod errors;

use pyo3::prelude::*;

/// The compiled core of memberof. Import from `memberof`, not from here.
#[pymodule]
mod _memberof {}
