//! Reading the tables: several threads take pieces of rows, and each turns texts into numbers of its own.

use super::intern::{Interner, NONE, place};
use super::names::{NO_TENANT, Names};
use super::rows::Rows;
use super::schema::{Layout, Table};
use super::text::{Seen, Texts};
use super::{AuditError, Batches, Stop};
use arrow_array::{Array, ArrayRef};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Rows that are read at a time: the numbers of a piece fit the cache, and a caller is asked often whether to go on.
const PIECE: usize = 1 << 16;

/// In place of a value: the attribute was missing, or the groups were left out. A null value is [`NONE`].
pub(super) const ABSENT: u32 = NONE - 2;
pub(super) const OVERAGE: u32 = NONE - 3;

/// Bits of what the rows say about a group's kind.
pub(super) const INTERNAL: u8 = 1;
pub(super) const EXTERNAL: u8 = 2;
pub(super) const NO_KIND: u8 = 4;

/// What one thread has read.
pub(super) struct Scan {
    pub(super) tenants: Interner,
    pub(super) users: Names,
    pub(super) groups: Names,
    pub(super) kinds: Vec<u8>,
    pub(super) values: Names,
    pub(super) origins: Interner,
    pub(super) current: Rows,
    /// Beside `current`: the origin of each membership, where the table says so.
    pub(super) current_origins: Rows,
    pub(super) claims: Rows,
    /// Users that the `users` table names.
    pub(super) named: Vec<u32>,
    pub(super) odd: Odd,
}

/// Rows that could not be taken as they are, counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Odd {
    pub(super) current_rows: u64,
    pub(super) claims_rows: u64,
    pub(super) null_users: u64,
    pub(super) null_groups: u64,
    pub(super) null_kinds: u64,
    pub(super) unknown_kinds: u64,
    pub(super) unknown_statuses: u64,
    /// A status that the value beside it contradicts.
    pub(super) contradictions: u64,
}

/// Reads all tables with so many threads; `stop` is asked between pieces, on the calling thread.
pub(super) fn scan(
    tables: Vec<(Table, Layout, Box<dyn Batches>)>,
    tenants: bool,
    threads: usize,
    stop: &mut Stop<'_>,
) -> Result<Vec<Scan>, AuditError> {
    let sources: Vec<Mutex<Source>> =
        tables.into_iter().map(|table| Mutex::new(Source::new(table))).collect();
    let (rows, halt) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = |home: usize, stop: Option<&mut Stop<'_>>| {
        let done = Worker::new(tenants).run(&sources, home, &rows, &halt, stop);
        if done.is_err() {
            halt.store(true, Ordering::Relaxed);
        }
        done
    };
    let results = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|home| scope.spawn(move || work(home, None))).collect();
        let mut results = vec![work(0, Some(stop))];
        results.extend(others.into_iter().map(|other| {
            other.join().unwrap_or(Err(AuditError::Source { table: "", detail: "a thread failed".into() }))
        }));
        results
    });
    // The thread that failed says why; the others only say that they were stopped.
    let failure = |result: &Result<Scan, AuditError>| {
        result.as_ref().err().filter(|error| **error != AuditError::Stopped).cloned()
    };
    match results.iter().find_map(failure) {
        Some(error) => Err(error),
        None => results.into_iter().collect(),
    }
}

/// A table that several threads take pieces from.
struct Source {
    table: Table,
    layout: Layout,
    batches: Option<Box<dyn Batches>>,
    pending: Vec<ArrayRef>,
    next: usize,
}

impl Source {
    fn new((table, layout, batches): (Table, Layout, Box<dyn Batches>)) -> Self {
        Self { table, layout, batches: Some(batches), pending: Vec::new(), next: 0 }
    }

    /// The columns of the next rows; None at the end.
    fn piece(&mut self) -> Result<Option<Vec<ArrayRef>>, AuditError> {
        loop {
            let rows = self.pending.first().map_or(0, Array::len);
            if self.next < rows {
                let (start, length) = (self.next, (rows - self.next).min(PIECE));
                self.next += length;
                return Ok(Some(self.pending.iter().map(|column| column.slice(start, length)).collect()));
            }
            self.pending.clear();
            self.next = 0;
            let Some(batches) = &mut self.batches else { return Ok(None) };
            let failed = |detail| AuditError::Source { table: self.table.name(), detail };
            match batches.next().map_err(failed)? {
                Some(columns) => self.pending = columns,
                None => self.batches = None,
            }
        }
    }
}

/// A thread's scan, and what it needs on the way.
struct Worker {
    scan: Scan,
    seen: [[Seen; 6]; 4],
}

impl Worker {
    fn new(tenants: bool) -> Self {
        let mut names = Interner::new();
        names.intern(b""); // NO_TENANT
        Self {
            scan: Scan {
                tenants: names,
                users: Names::new(tenants),
                groups: Names::new(tenants),
                kinds: Vec::new(),
                values: Names::new(tenants),
                origins: Interner::new(),
                current: Rows::default(),
                current_origins: Rows::default(),
                claims: Rows::default(),
                named: Vec::new(),
                odd: Odd::default(),
            },
            seen: Default::default(),
        }
    }

    fn run(
        mut self,
        sources: &[Mutex<Source>],
        home: usize,
        rows: &AtomicU64,
        halt: &AtomicBool,
        mut stop: Option<&mut Stop<'_>>,
    ) -> Result<Scan, AuditError> {
        // Each begins at another table, so that two producers work at a time, and then helps with the others.
        let (before, after) = sources.split_at(home % sources.len().max(1));
        for source in after.iter().chain(before) {
            loop {
                if halt.load(Ordering::Relaxed) {
                    return Err(AuditError::Stopped);
                }
                let (piece, table, layout) = {
                    let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                    (source.piece()?, source.table, source.layout)
                };
                let Some(columns) = piece else { break };
                let taken = columns.first().map_or(0, Array::len);
                self.take(table, layout, &columns);
                let taken = u64::try_from(taken).unwrap_or(0);
                let all = rows.fetch_add(taken, Ordering::Relaxed) + taken;
                if let Some(stop) = &mut stop
                    && stop(all).is_break()
                {
                    halt.store(true, Ordering::Relaxed);
                }
            }
        }
        self.finish()
    }

    fn finish(self) -> Result<Scan, AuditError> {
        let mut scan = self.scan;
        scan.users.check("users")?;
        scan.groups.check("groups")?;
        scan.values.check("values")?;
        let users = scan.users.len();
        scan.current.sort(users)?;
        scan.current_origins.sort(users)?;
        scan.claims.sort(users)?;
        Ok(scan)
    }

    fn take(&mut self, table: Table, layout: Layout, columns: &[ArrayRef]) {
        let [current, claims, groups, users] = &mut self.seen;
        let [tenant, user, text, kind, status, origin] = match table {
            Table::Current => current,
            Table::Claims => claims,
            Table::Groups => groups,
            Table::Users => users,
        };
        let scan = &mut self.scan;
        let rows = columns.first().map_or(0, Array::len);
        let mut tenants = interned(columns, layout.tenant, tenant, &mut scan.tenants);
        tenants.iter_mut().filter(|tenant| **tenant == NONE).for_each(|tenant| *tenant = NO_TENANT);
        let mut users = interned(columns, layout.user, user, &mut scan.users.texts);
        scan.users.scope(&tenants, &mut users);
        let mut kind_of = |layout: Layout| numbers(columns, layout.kind, kind, kind_code);
        match table {
            Table::Users => {
                scan.odd.null_users += count(&users);
                scan.named.extend(users.into_iter().filter(|user| *user != NONE));
            }
            Table::Groups => {
                let mut groups = interned(columns, layout.text, text, &mut scan.groups.texts);
                scan.groups.scope(&tenants, &mut groups);
                scan.note_kinds(&groups, &kind_of(layout));
                scan.odd.null_groups += count(&groups);
            }
            Table::Current => {
                let mut groups = interned(columns, layout.text, text, &mut scan.groups.texts);
                scan.groups.scope(&tenants, &mut groups);
                scan.note_kinds(&groups, &kind_of(layout));
                scan.odd.current_rows += u64::try_from(rows).unwrap_or(0);
                scan.odd.null_users += count(&users);
                scan.odd.null_groups += count(&groups);
                if layout.origin.is_some() {
                    let origins = interned(columns, layout.origin, origin, &mut scan.origins);
                    let triples = users.iter().zip(&groups).zip(origins);
                    let known = triples.filter(|((user, group), _)| **user != NONE && **group != NONE);
                    scan.current_origins.add(known.map(|((user, _), origin)| [*user, origin]).collect());
                }
                let pairs = users.into_iter().zip(groups);
                let known = pairs.filter(|(user, group)| *user != NONE && *group != NONE);
                scan.current.add(known.map(|(user, group)| [user, group]).collect());
            }
            Table::Claims => {
                let mut values = interned(columns, layout.text, text, &mut scan.values.texts);
                scan.values.scope(&tenants, &mut values);
                if layout.status.is_some() {
                    let statuses = numbers(columns, layout.status, status, status_code);
                    for (value, status) in values.iter_mut().zip(statuses) {
                        scan.odd.settle(value, status);
                    }
                }
                scan.odd.claims_rows += u64::try_from(rows).unwrap_or(0);
                scan.odd.null_users += count(&users);
                let pairs = users.into_iter().zip(values);
                scan.claims.add(
                    pairs.filter(|(user, _)| *user != NONE).map(|(user, value)| [user, value]).collect(),
                );
            }
        }
    }
}

impl Scan {
    fn note_kinds(&mut self, groups: &[u32], kinds: &[u32]) {
        self.kinds.resize(self.groups.len(), 0);
        for (group, kind) in groups.iter().zip(kinds) {
            let Some(known) = self.kinds.get_mut(place(*group)) else { continue };
            match u8::try_from(*kind) {
                Ok(UNKNOWN_KIND) => self.odd.unknown_kinds += 1,
                Ok(kind) => *known |= kind,
                Err(_) => {
                    self.odd.null_kinds += 1;
                    *known |= NO_KIND;
                }
            }
        }
    }
}

/// The number of every row's text; empty for a column that is not there.
fn interned(
    columns: &[ArrayRef],
    place: Option<usize>,
    seen: &mut Seen,
    interner: &mut Interner,
) -> Vec<u32> {
    of_rows(columns, place, |texts, ids| texts.intern(seen, ids, interner))
}

/// The same for words, by a code for each.
fn numbers(
    columns: &[ArrayRef],
    place: Option<usize>,
    seen: &mut Seen,
    number: impl FnMut(&[u8]) -> u32,
) -> Vec<u32> {
    of_rows(columns, place, |texts, ids| texts.number(seen, ids, number))
}

fn of_rows(columns: &[ArrayRef], place: Option<usize>, fill: impl FnOnce(&Texts, &mut Vec<u32>)) -> Vec<u32> {
    let Some(column) = place.and_then(|place| columns.get(place)) else { return Vec::new() };
    let mut ids = Vec::with_capacity(column.len());
    if let Some(texts) = Texts::of(column) {
        fill(&texts, &mut ids);
    }
    ids
}

fn count(ids: &[u32]) -> u64 {
    u64::try_from(ids.iter().filter(|id| **id == NONE).count()).unwrap_or(0)
}

const UNKNOWN_KIND: u8 = 8;
const INTERNAL_WORD: u64 = u64::from_le_bytes(*b"internal");
const EXTERNAL_WORD: u64 = u64::from_le_bytes(*b"external");

fn kind_code(text: &[u8]) -> u32 {
    // As a number: a comparison of slices is a call.
    u32::from(match <[u8; 8]>::try_from(text).map(u64::from_le_bytes) {
        Ok(INTERNAL_WORD) => INTERNAL,
        Ok(EXTERNAL_WORD) => EXTERNAL,
        _ => UNKNOWN_KIND,
    })
}

const PRESENT_CODE: u32 = 0;
const EMPTY_CODE: u32 = 1;
const ABSENT_CODE: u32 = 2;
const OVERAGE_CODE: u32 = 3;
const UNKNOWN_STATUS: u32 = 4;

fn status_code(text: &[u8]) -> u32 {
    match text {
        b"present" => PRESENT_CODE,
        b"empty" => EMPTY_CODE,
        b"absent" => ABSENT_CODE,
        b"overage" => OVERAGE_CODE,
        _ => UNKNOWN_STATUS,
    }
}

impl Odd {
    /// Puts what the status says in place of the value. A value that is there stays: then the attribute was, too.
    fn settle(&mut self, value: &mut u32, status: u32) {
        match (status, *value) {
            (OVERAGE_CODE, _) => *value = OVERAGE,
            (ABSENT_CODE, NONE) => *value = ABSENT,
            (ABSENT_CODE | EMPTY_CODE, value) if value != NONE => self.contradictions += 1,
            (UNKNOWN_STATUS, _) => self.unknown_statuses += 1,
            _ => {}
        }
    }

    /// The sum of two.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            current_rows: self.current_rows + other.current_rows,
            claims_rows: self.claims_rows + other.claims_rows,
            null_users: self.null_users + other.null_users,
            null_groups: self.null_groups + other.null_groups,
            null_kinds: self.null_kinds + other.null_kinds,
            unknown_kinds: self.unknown_kinds + other.unknown_kinds,
            unknown_statuses: self.unknown_statuses + other.unknown_statuses,
            contradictions: self.contradictions + other.contradictions,
        }
    }
}
