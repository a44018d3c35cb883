//! The Python module: frozen classes over the core, one error crossing. The only folder that names pyo3.

mod arrow;
mod assertion;
mod attributes;
mod audit;
mod claim;
mod column;
mod convert;
mod credentials;
mod errors;
mod extractor;
mod glimpse;
mod html;
mod identity_provider;
mod instant;
mod limits;
mod metadata;
mod names;
mod policy;
mod preset;
mod reconcile;
mod request;
mod rules;
mod service_provider;
mod words;

use pyo3::prelude::*;

/// The compiled core of memberof. Import from `memberof`, not from here.
#[pymodule]
mod _memberof {
    #[pymodule_export]
    use super::arrow::PyArrowTable;
    #[pymodule_export]
    use super::assertion::PyVerifiedAssertion;
    #[pymodule_export]
    use super::audit::{AuditResult, audit_compare};
    #[pymodule_export]
    use super::claim::{PyClaimWarning, PyDropped, PyGroupClaim};
    #[pymodule_export]
    use super::column::{common_names, extract_column};
    #[pymodule_export]
    use super::extractor::PyGroupExtractor;
    #[pymodule_export]
    use super::glimpse::peek;
    #[pymodule_export]
    use super::identity_provider::PyIdentityProvider;
    #[pymodule_export]
    use super::limits::PyLimits;
    #[pymodule_export]
    use super::names::{PyDistinguishedName, confusable_names, parse_dn, split_list};
    #[pymodule_export]
    use super::policy::SyncPolicy;
    #[pymodule_export]
    use super::preset::PyPreset;
    #[pymodule_export]
    use super::reconcile::{Change, Plan, PlanWarning, UserState, group_key, reconcile};
    #[pymodule_export]
    use super::request::{LoginForm, LoginRequest};
    #[pymodule_export]
    use super::rules::PyGroupRules;
    #[pymodule_export]
    use super::service_provider::PyServiceProvider;
}
