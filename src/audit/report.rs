//! What an audit found.

use super::diff::{Facts, Totals};
use super::findings::Finding;
use super::intern::place;
use super::plans::{Planner, Plans, Row};
use super::world::World;
use super::{AuditError, Settings};
use crate::reconcile::{Action, GroupKind, Plan, ReconcileError};
use arrow_array::builder::{StringBuilder, UInt64Builder};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use std::sync::{Arc, OnceLock};

/// Rows of one batch of a result.
const BATCH: usize = 1 << 16;

/// What would change if everybody logged in now, each by herself, on the state as it is.
pub struct Report {
    pub(super) world: World,
    pub(super) settings: Settings,
    pub(super) tenants: bool,
    pub(super) facts: Vec<Facts>,
    pub(super) seen: Vec<bool>,
    pub(super) totals: Totals,
    pub(super) plans: Plans,
    pub(super) turnover: Vec<Turnover>,
    /// Made when first asked for: some of it takes longer than the comparison.
    pub(super) found: OnceLock<Vec<Finding>>,
}

/// What happens to one group, over all users.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turnover {
    pub(super) attached: u32,
    pub(super) detached: u32,
    pub(super) created: bool,
    pub(super) adopted: bool,
}

/// A table of the report.
pub struct ReportTable {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

impl Report {
    /// The changes, user by user, each user's in the order of a plan: (tenant,) user, group, action, reason.
    pub fn changes(&self) -> Result<ReportTable, AuditError> {
        self.rows(&self.plans.changes)
    }

    /// What guards and policy hold back, in the same form; the reason says why.
    pub fn held(&self) -> Result<ReportTable, AuditError> {
        self.rows(&self.plans.held)
    }

    /// Each group, existing ones and new ones, by tenant and name: what would be done to it ("create", "adopt" or null),
    /// and its members before and after.
    pub fn groups(&self) -> Result<ReportTable, AuditError> {
        let mut order: Vec<usize> = (0..self.world.groups.len()).collect();
        let label = |number: &usize| {
            let group = self.world.groups.get(*number);
            group.map(|group| (self.tenant_of_name(group.name), self.world.names.str(group.name)))
        };
        let turnover = |number: &usize| self.turnover.get(*number).copied().unwrap_or_default();
        order.retain(|number| {
            let exists = self.world.groups.get(*number).is_some_and(|group| group.kind.is_some());
            exists || turnover(number).created
        });
        order.sort_by_key(label);
        let mut columns =
            Columns::new(self.tenants, &["group", "action"], &["members_before", "members_after"]);
        for number in &order {
            let Some((tenant, Some(name))) = label(number) else { continue };
            let change = turnover(number);
            let before = self.facts.get(*number).map_or(0, |facts| facts.members);
            let after = (before + change.attached).saturating_sub(change.detached);
            let action = match (change.created, change.adopted) {
                (true, _) => Some(Action::Create.word()),
                (_, true) => Some(Action::Adopt.word()),
                _ => None,
            };
            columns.push(tenant, &[Some(name), action], &[u64::from(before), u64::from(after)])?;
        }
        columns.finish()
    }

    /// Counts, by name, in the order in which they are shown.
    #[must_use]
    pub fn summary(&self) -> Vec<(&'static str, u64)> {
        let of = |action| self.plans.changes.iter().filter(|row| row.action == action).count();
        let groups = |of: fn(&Turnover) -> bool| self.turnover.iter().filter(|turnover| of(turnover)).count();
        let kind = |kind| self.world.groups.iter().filter(|group| group.kind == Some(kind)).count();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let [present, empty, absent, overage] = self.plans.statuses;
        vec![
            ("users", self.totals.users),
            ("logins", self.totals.logins),
            ("never_seen", self.totals.users - self.totals.logins),
            ("refused", count(self.plans.refused.len())),
            ("present", present),
            ("empty", empty),
            ("absent", absent),
            ("overage", overage),
            ("groups", count(kind(GroupKind::Internal) + kind(GroupKind::External))),
            ("internal", count(kind(GroupKind::Internal))),
            ("external", count(kind(GroupKind::External))),
            ("memberships", self.totals.memberships),
            ("keep", self.plans.keep),
            ("attach", count(of(Action::Attach))),
            ("detach", count(of(Action::Detach))),
            ("create", count(groups(|turnover| turnover.created))),
            ("adopt", count(groups(|turnover| turnover.adopted))),
            ("held", count(self.plans.held.len())),
            ("malformed", count(self.plans.malformed.iter().map(|(_, values)| values).sum())),
            ("current_rows", self.world.odd.current_rows),
            ("claims_rows", self.world.odd.claims_rows),
        ]
    }

    /// The plan of one user, as a login would make it; None for one who does not log in in this audit.
    #[must_use]
    pub fn plan(&self, tenant: &str, user: &str) -> Option<Result<Plan, ReconcileError>> {
        let tenant = self.world.tenants.find(tenant.as_bytes())?;
        let user = self.world.users.find(tenant, user.as_bytes())?;
        self.world.logs_in(user).then(|| self.planner().plan(user))
    }

    /// Plans users on the tables of this report.
    pub(super) fn planner(&self) -> Planner<'_> {
        Planner {
            world: &self.world,
            extractor: &self.settings.extractor,
            policy: &self.settings.policy,
            hold_detachments: self.settings.hold_detachments,
            facts: &self.facts,
            seen: &self.seen,
        }
    }

    fn tenant_of_name(&self, name: u32) -> &str {
        self.world.tenant_name(self.world.names.tenant(name))
    }

    fn rows(&self, rows: &[Row]) -> Result<ReportTable, AuditError> {
        let mut columns = Columns::new(self.tenants, &["user", "group", "action", "reason"], &[]);
        for row in rows {
            let tenant = self.world.tenant_name(self.world.users.tenant(row.user));
            let (user, group) = (self.world.user_name(row.user), self.world.names.str(row.name));
            let texts = [Some(user), group, Some(row.action.word()), Some(row.reason.word())];
            columns.push(tenant, &texts, &[])?;
        }
        columns.finish()
    }

    /// Counts what the changes do to each group, and puts them in order.
    pub(super) fn settle(&mut self) {
        let world = &self.world;
        let user = |row: &Row| (world.tenant_name(world.users.tenant(row.user)), world.user_name(row.user));
        // Stable: each user's rows are in the order of her plan.
        self.plans.changes.sort_by_cached_key(|row| user(row));
        self.plans.held.sort_by_cached_key(|row| user(row));
        self.turnover = vec![Turnover::default(); world.groups.len()];
        for row in &self.plans.changes {
            let Some(turnover) = self.turnover.get_mut(place(row.group)) else { continue };
            match row.action {
                Action::Create => turnover.created = true,
                Action::Adopt => turnover.adopted = true,
                Action::Attach => turnover.attached += 1,
                Action::Detach => turnover.detached += 1,
            }
        }
    }
}

/// A table that grows row by row: texts, then counts; a tenant before them where there are tenants.
pub(super) struct Columns {
    schema: SchemaRef,
    tenant: Option<StringBuilder>,
    texts: Vec<StringBuilder>,
    counts: Vec<UInt64Builder>,
    rows: usize,
    batches: Vec<RecordBatch>,
}

impl Columns {
    pub(super) fn new(tenants: bool, texts: &[&str], counts: &[&str]) -> Self {
        let tenant = tenants.then(|| Field::new("tenant", DataType::Utf8, false));
        let of_text = texts.iter().map(|name| Field::new(*name, DataType::Utf8, true));
        let of_count = counts.iter().map(|name| Field::new(*name, DataType::UInt64, false));
        Self {
            schema: Arc::new(Schema::new(
                tenant.into_iter().chain(of_text).chain(of_count).collect::<Vec<_>>(),
            )),
            tenant: tenants.then(StringBuilder::new),
            texts: texts.iter().map(|_| StringBuilder::new()).collect(),
            counts: counts.iter().map(|_| UInt64Builder::new()).collect(),
            rows: 0,
            batches: Vec::new(),
        }
    }

    pub(super) fn push(
        &mut self,
        tenant: &str,
        texts: &[Option<&str>],
        counts: &[u64],
    ) -> Result<(), AuditError> {
        if let Some(builder) = &mut self.tenant {
            builder.append_value(tenant);
        }
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append_option(*text);
        }
        for (builder, count) in self.counts.iter_mut().zip(counts) {
            builder.append_value(*count);
        }
        self.rows += 1;
        if self.rows == BATCH { self.cut() } else { Ok(()) }
    }

    fn cut(&mut self) -> Result<(), AuditError> {
        let tenant = self.tenant.iter_mut().map(|builder| array(builder.finish()));
        let texts = self.texts.iter_mut().map(|builder| array(builder.finish()));
        let counts = self.counts.iter_mut().map(|builder| array(builder.finish()));
        let columns = tenant.chain(texts).chain(counts).collect();
        self.batches
            .push(RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| built(&error))?);
        self.rows = 0;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<ReportTable, AuditError> {
        if self.rows > 0 {
            self.cut()?;
        }
        Ok(ReportTable { schema: self.schema, batches: self.batches })
    }
}

fn array(column: impl Array + 'static) -> ArrayRef {
    Arc::new(column)
}

fn built(error: &ArrowError) -> AuditError {
    AuditError::Source { table: "result", detail: error.to_string() }
}
