//! Why an audit cannot be done at all. What is odd about single rows is a finding instead.

use crate::reconcile::ReconcileError;
use thiserror::Error;

/// An audit that was not done. Messages name columns and tables, never users.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AuditError {
    /// Tables that are not what the audit reads; all faults.
    #[error("the tables have {} faults: {}", .problems.len(), .problems.join("; "))]
    Schema {
        /// One sentence each.
        problems: Vec<String>,
    },
    /// A producer of a table failed.
    #[error("the {table} table cannot be read: {detail}")]
    Source {
        /// Which one.
        table: &'static str,
        /// What its producer says.
        detail: String,
    },
    /// The caller asked to stop.
    #[error("the audit was stopped by the caller")]
    Stopped,
    /// More distinct texts than an audit can hold, or more rows of one table in one thread.
    #[error("a table has more than 4 billion {what}; audit part by part")]
    TooLarge {
        /// Of what.
        what: &'static str,
    },
    /// Groups that are one group under the policy's identity, and the like.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
}

impl AuditError {
    /// A stable code, `floor.fact`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Schema { .. } => "audit.schema",
            Self::Source { .. } => "audit.source",
            Self::Stopped => "audit.stopped",
            Self::TooLarge { .. } => "audit.too_large",
            Self::Reconcile(error) => error.code(),
        }
    }
}
