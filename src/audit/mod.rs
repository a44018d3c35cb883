//! Many users at once, over Arrow tables: what would change if everybody logged in now.
//!
//! "Everybody at once, on one state" is what an audit means: each user is planned on the state that the tables say,
//! whatever the plans of the others would do to it. So two users who receive the same new group both have a `create`,
//! and a group's last two members may both be detached although `last_member_of` would keep the second.
//!
//! There is one set of rules. The kernel turns texts into numbers, sorts rows by user, and finds for each user the
//! groups that a login would look at twice: received and not had, had and not received, internal. Only these are handed
//! to [`reconcile`](crate::reconcile::reconcile()), with the claim's status; all others are kept, or left without a word,
//! by every policy. Where a plan depends on all of a claim (`max_groups`, `required_groups`, identifiers in place of
//! names) the whole claim is read by the extractor, as in a login.

mod diff;
mod error;
mod findings;
mod intern;
mod names;
mod nested;
mod plans;
mod report;
mod rows;
mod scan;
mod schema;
mod text;
mod values;
mod world;

pub use error::AuditError;
pub use report::{Report, ReportTable};

use crate::claim::GroupExtractor;
use crate::reconcile::{Reason, SyncPolicy};
use arrow_array::ArrayRef;
use arrow_schema::Fields;
use diff::{Differences, Facts, differences};
use plans::Plans;
use schema::{Layout, Table};
use std::ops::ControlFlow;
use std::sync::OnceLock;
use values::Values;
use world::World;

/// A table that comes batch by batch.
pub trait Batches: Send {
    /// Its columns.
    fn fields(&self) -> &Fields;
    /// The next columns, all of one length; None at the end.
    fn next(&mut self) -> Result<Option<Vec<ArrayRef>>, String>;
}

/// Asked between pieces of work with the number of rows that were read: whether to stop.
pub type Stop<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// The tables of an audit.
pub struct Tables {
    /// Memberships: `user`, `group`, `kind`, perhaps `tenant` and `origin`.
    pub current: Box<dyn Batches>,
    /// What the identity provider sent: `user`, `value`, perhaps `tenant` and `status`.
    pub claims: Box<dyn Batches>,
    /// Groups, members or not: `group`, `kind`, perhaps `tenant`.
    pub groups: Option<Box<dyn Batches>>,
    /// Users who count as logging in although no claim is theirs: `user`, perhaps `tenant`.
    pub users: Option<Box<dyn Batches>>,
}

/// How claims are read and what is made of them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Reads the values.
    pub extractor: GroupExtractor,
    /// What an administrator decided.
    pub policy: SyncPolicy,
    /// Hold every detachment, for this reason.
    pub hold_detachments: Option<Reason>,
    /// How many threads work.
    pub threads: usize,
}

/// Compares what users have with what they received.
///
/// # Errors
/// Tables with wrong columns (every fault of all of them at once), a producer that fails, two groups of one key, or a
/// caller that stops.
pub fn compare(tables: Tables, settings: Settings, stop: &mut Stop<'_>) -> Result<Report, AuditError> {
    let Tables { current, claims, groups, users } = tables;
    let mut given = vec![(Table::Current, current), (Table::Claims, claims)];
    given.extend(groups.map(|batches| (Table::Groups, batches)));
    given.extend(users.map(|batches| (Table::Users, batches)));
    let fields: Vec<_> = given.iter().map(|(table, batches)| (*table, batches.fields())).collect();
    let layouts = schema::layouts(&fields)?;
    let tenants = layouts.iter().any(|layout: &Layout| layout.tenant.is_some());
    let threads = settings.threads.max(1);
    let given = given.into_iter().zip(layouts).map(|((table, batches), layout)| (table, layout, batches));
    let scans = scan::scan(given.collect(), tenants, threads, stop)?;
    let read = |scan: scan::Scan| {
        let values = Values::read(&scan.values, tenants, &settings.extractor);
        (scan, values)
    };
    let scans = each(scans, read);
    let world = World::new(scans, tenants, settings.policy.identity)?;
    plan(world, settings, tenants, threads)
}

fn plan(world: World, settings: Settings, tenants: bool, threads: usize) -> Result<Report, AuditError> {
    let mut parts = each(shares(world.users.len(), threads), |users| differences(&world, users));
    let mut facts = vec![Facts::default(); world.groups.len()];
    let mut seen = vec![false; world.tenants.len()];
    let mut totals = diff::Totals::default();
    for part in &mut parts {
        for (sum, one) in facts.iter_mut().zip(std::mem::take(&mut part.facts)) {
            sum.members += one.members;
            sum.strangers += one.strangers;
        }
        seen.iter_mut().zip(&part.seen).for_each(|(any, one)| *any |= one);
        totals = totals.and(part.totals);
    }
    let mut report = Report {
        world,
        settings,
        tenants,
        facts,
        seen,
        totals,
        plans: Plans::default(),
        turnover: Vec::new(),
        found: OnceLock::new(),
    };
    let planner = report.planner();
    let made = each(parts, |part: Differences| planner.plans(&part));
    for part in made {
        report.plans.add(part?);
    }
    report.settle();
    Ok(report)
}

/// Does a job for each item, each on its own thread but for the first.
fn each<T: Send, R: Send>(items: Vec<T>, job: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut items = items.into_iter();
    let Some(first) = items.next() else { return Vec::new() };
    let job = &job;
    std::thread::scope(|scope| {
        let others: Vec<_> = items.map(|item| scope.spawn(move || job(item))).collect();
        let mut results = vec![job(first)];
        for other in others {
            match other.join() {
                Ok(result) => results.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

/// Cuts users into so many ranges.
fn shares(users: usize, threads: usize) -> Vec<std::ops::Range<u32>> {
    let end = u32::try_from(users).unwrap_or(u32::MAX);
    let size = end.div_ceil(u32::try_from(threads).unwrap_or(1)).max(1);
    (0..end).step_by(intern::place(size)).map(|start| start..start.saturating_add(size).min(end)).collect()
}
