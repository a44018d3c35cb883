//! claim × state → [`Plan`]: what a login does to a user's groups, as data, with a reason for every line.
//!
//! [`reconcile()`] is the rules R1 to R10 and the policies on top of them. It is pure: the same inputs give the same
//! plan, change for change. Applying a plan reads only the plan; a guard judges the very list that is applied.

mod error;
mod explain;
mod fingerprint;
mod plan;
mod policy;
mod rules;
mod state;

pub use error::ReconcileError;
pub use plan::{Action, Change, Plan, PlanWarning, Reason};
pub use policy::{DetachScope, OnAbsent, OnInternalMatch, OnMalformed, OnOverage, SyncPolicy};
pub use rules::{Circumstances, reconcile};
pub use state::{GroupKind, Membership, UserState};
