//! What somebody should look at: odd names, odd rows, and changes that hit many. Made when asked for.

use super::intern::{NONE, at, place};
use super::report::{Columns, Report, ReportTable};
use super::values::extract;
use super::{AuditError, nested};
use crate::claim::{Identity, confusable_names, key};
use crate::reconcile::Action;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use unicode_normalization::UnicodeNormalization;

/// From so many groups on, an attribute grows unwieldy (rule R13).
const MANY_GROUPS: usize = 100;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Severity {
    Error,
    Warning,
    Info,
}

/// One thing to look at, with the users and groups behind it.
pub(super) struct Finding {
    code: &'static str,
    severity: Severity,
    tenant: u32,
    user: u32,
    group: Option<String>,
    message: String,
    count: u64,
    /// Pairs of user and group, NONE where it is about one of them.
    rows: Vec<[u32; 2]>,
}

impl Report {
    /// What was found, errors first: (tenant,) code, severity, group, user, message, count.
    pub fn findings(&self) -> Result<ReportTable, AuditError> {
        let mut columns =
            Columns::new(self.tenants, &["code", "severity", "group", "user", "message"], &["count"]);
        for finding in self.found() {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "info",
            };
            let user = (finding.user != NONE).then(|| self.world.user_name(finding.user));
            let texts =
                [Some(finding.code), Some(severity), finding.group.as_deref(), user, Some(&finding.message)];
            columns.push(self.world.tenant_name(finding.tenant), &texts, &[finding.count])?;
        }
        columns.finish()
    }

    /// The rows behind the findings of one code: (tenant,) user, group.
    pub fn evidence(&self, code: &str) -> Result<ReportTable, AuditError> {
        let mut columns = Columns::new(self.tenants, &["user", "group"], &[]);
        for finding in self.found().iter().filter(|finding| finding.code == code) {
            for [user, group] in &finding.rows {
                let tenant = if *user == NONE { finding.tenant } else { self.world.users.tenant(*user) };
                let texts = [
                    (*user != NONE).then(|| self.world.user_name(*user)),
                    (*group != NONE).then(|| self.world.group_name(*group)),
                ];
                columns.push(self.world.tenant_name(tenant), &texts, &[])?;
            }
        }
        columns.finish()
    }

    fn found(&self) -> &[Finding] {
        self.found.get_or_init(|| {
            let mut found = Found { report: self, findings: Vec::new() };
            found.odd_rows();
            found.kinds();
            found.names();
            found.malformed();
            found.refused();
            found.users();
            found.groups();
            found.adoptions();
            found.nested();
            found.findings.sort_by_key(|finding| finding.severity);
            found.findings
        })
    }
}

struct Found<'r> {
    report: &'r Report,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        message: String,
        count: usize,
        rows: Vec<[u32; 2]>,
    ) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.findings.push(Finding {
            code,
            severity,
            tenant: 0,
            user: NONE,
            group: None,
            message,
            count,
            rows,
        });
    }

    fn about_group(
        &mut self,
        code: &'static str,
        severity: Severity,
        group: u32,
        message: String,
        rows: Vec<[u32; 2]>,
    ) {
        let world = &self.report.world;
        let name = world.group(group).map_or(NONE, |group| group.name);
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let (tenant, group) = (world.names.tenant(name), Some(world.group_name(group).to_owned()));
        self.findings.push(Finding { code, severity, tenant, user: NONE, group, message, count, rows });
    }

    /// Rows that could not be taken as they are. What they are about is not in the result, so they have none behind them.
    fn odd_rows(&mut self) {
        let (odd, totals) = (self.report.world.odd, self.report.totals);
        let rows = [
            ("null_user", Severity::Error, odd.null_users, "rows have no user and are not compared"),
            (
                "null_group",
                Severity::Error,
                odd.null_groups,
                "rows of current or groups have no group and are not compared",
            ),
            (
                "not_utf8",
                Severity::Error,
                self.report.world.not_utf8,
                "names of users or groups are no UTF-8, and their rows are not compared",
            ),
            (
                "null_kind",
                Severity::Error,
                odd.null_kinds,
                "rows say nothing of the group's kind; a group that no row calls external counts as internal",
            ),
            (
                "contradiction",
                Severity::Warning,
                odd.contradictions,
                "rows of claims have the status \"absent\" or \"empty\" and a value; the value counts",
            ),
            (
                "duplicate_membership",
                Severity::Warning,
                totals.duplicate_memberships,
                "rows of current repeat a membership; the first counts",
            ),
            (
                "duplicate_value",
                Severity::Info,
                totals.duplicate_values,
                "values repeat a group that the user received already",
            ),
        ];
        for (code, severity, count, text) in rows {
            if count > 0 {
                self.add(
                    code,
                    severity,
                    format!("{count} {text}"),
                    usize::try_from(count).unwrap_or(0),
                    Vec::new(),
                );
            }
        }
    }

    fn kinds(&mut self) {
        let world = &self.report.world;
        let both = super::scan::INTERNAL | super::scan::EXTERNAL;
        let mixed = (0..).zip(&world.groups).filter(|(_, group)| group.said & both == both);
        for group in mixed.map(|(number, _)| number).collect::<Vec<u32>>() {
            self.about_group(
                "mixed_kinds",
                Severity::Error,
                group,
                "rows call the group internal and external; it counts as internal, so nobody is detached from it".into(),
                vec![[NONE, group]],
            );
        }
    }

    /// Names that are easily taken for one another, existing and received ones together.
    fn names(&mut self) {
        let world = &self.report.world;
        let mut by_tenant: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for name in world.names.ids() {
            by_tenant.entry(world.names.tenant(name)).or_default().push(name);
        }
        let exact = |name: &str| key(name, Identity::Exact).into_owned();
        let fold = |name: &str| key(name, Identity::Fold).into_owned();
        let width = |name: &str| key(&name.nfkc().collect::<String>(), Identity::Fold).into_owned();
        let text = |name: &u32| world.names.str(*name).unwrap_or_default();
        for names in by_tenant.into_values() {
            let mut alike =
                |code, message: &str, same: &dyn Fn(&str) -> String, apart: &dyn Fn(&str) -> String| {
                    let mut sets: BTreeMap<String, Vec<u32>> = BTreeMap::new();
                    for name in &names {
                        sets.entry(same(text(name))).or_default().push(*name);
                    }
                    for set in sets.into_values() {
                        let different: BTreeSet<String> = set.iter().map(|name| apart(text(name))).collect();
                        if different.len() > 1 {
                            self.look_alike(code, message, &set);
                        }
                    }
                };
            alike(
                "differs_by_normal_form",
                "only by their Unicode normal form, and are one group",
                &exact,
                &str::to_owned,
            );
            alike("differs_by_case", "only by case", &fold, &exact);
            alike("differs_by_width", "only by the width or the style of characters", &width, &fold);
            let numbers: BTreeMap<&str, u32> = names.iter().map(|name| (text(name), *name)).collect();
            for set in confusable_names(names.iter().map(text)) {
                let set: Vec<u32> = set.iter().filter_map(|name| numbers.get(name).copied()).collect();
                self.look_alike("confusable", "by characters that look alike", &set);
            }
        }
    }

    fn look_alike(&mut self, code: &'static str, how: &str, names: &[u32]) {
        let world = &self.report.world;
        let texts: Vec<String> =
            names.iter().filter_map(|name| world.names.str(*name)).map(|name| format!("{name:?}")).collect();
        let message = format!("names differ {how}: {}", texts.join(", "));
        let rows = names.iter().map(|name| [NONE, at(&world.group_of, *name)]).collect();
        let first = names.first().map_or(NONE, |name| at(&world.group_of, *name));
        self.about_group(code, Severity::Warning, first, message, rows);
    }

    /// Values that no group can be read from, by what is wrong with them: the format doctor.
    fn malformed(&mut self) {
        let report = self.report;
        let mut faults: Vec<BTreeMap<u32, (String, String)>> = Vec::new();
        for part in &report.world.parts {
            let unread = part.values.others.iter().filter(|(_, value)| value.malformed > 0);
            faults.push(unread.map(|(id, _)| (*id, report.fault(part.scan.values.str(*id)))).collect());
        }
        let mut found: BTreeMap<(String, String), (usize, BTreeSet<u32>)> = BTreeMap::new();
        for user in report.world.users.ids() {
            for (part, faults) in
                report.world.parts.iter().zip(&faults).filter(|(_, faults)| !faults.is_empty())
            {
                let values = part.scan.claims.of(at(&part.users, user));
                for fault in values.iter().filter_map(|value| faults.get(value)) {
                    let (count, users) = found.entry(fault.clone()).or_default();
                    *count += 1;
                    users.insert(user);
                }
            }
        }
        for ((code, message), (count, users)) in found {
            let text = format!("{count} values of {} users cannot be read: {message} [{code}]", users.len());
            let rows = users.into_iter().map(|user| [user, NONE]).collect();
            self.add("malformed", Severity::Error, text, count, rows);
        }
    }

    fn refused(&mut self) {
        let mut by_code: BTreeMap<&str, Vec<[u32; 2]>> = BTreeMap::new();
        for (user, code) in &self.report.plans.refused {
            by_code.entry(code).or_default().push([*user, NONE]);
        }
        for (code, rows) in by_code {
            let text = format!("the policy refuses {} logins [{code}]", rows.len());
            self.add("refused", Severity::Error, text, rows.len(), rows);
        }
    }

    fn users(&mut self) {
        let world = &self.report.world;
        let (mut unseen, mut many) = (Vec::new(), Vec::new());
        for user in world.users.ids() {
            if !world.logs_in(user) {
                unseen.push([user, NONE]);
            } else if world.claims(user).count() > MANY_GROUPS {
                let received = self.report.received(user).len();
                if received > MANY_GROUPS {
                    many.push((user, received));
                }
            }
        }
        if !unseen.is_empty() {
            let text = format!(
                "{} users have memberships and no row of claims, so nothing of theirs changes",
                unseen.len()
            );
            self.add("never_seen", Severity::Info, text, unseen.len(), unseen);
        }
        for (user, count) in many {
            self.findings.push(Finding {
                code: "many_groups",
                severity: Severity::Warning,
                tenant: world.users.tenant(user),
                user,
                group: None,
                message: format!("the user received {count} groups, identity providers and browsers fail on more than {MANY_GROUPS}"),
                count: u64::try_from(count).unwrap_or(u64::MAX),
                rows: vec![[user, NONE]],
            });
        }
    }

    fn groups(&mut self) {
        let report = self.report;
        let facts = (0_u32..).zip(report.facts.iter().zip(&report.turnover));
        let (mut only, mut emptied) = (BTreeSet::new(), BTreeSet::new());
        for (group, (facts, turnover)) in facts {
            if facts.members == 1 {
                only.insert(group);
            }
            if facts.members > 0 && turnover.detached == facts.members && turnover.attached == 0 {
                emptied.insert(group);
            }
        }
        let mut members: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for user in report.world.users.ids() {
            for group in
                report.world.memberships(user).filter(|group| only.contains(group) || emptied.contains(group))
            {
                members.entry(group).or_default().insert(user);
            }
        }
        for (group, users) in members {
            let rows: Vec<[u32; 2]> = users.into_iter().map(|user| [user, group]).collect();
            if emptied.contains(&group) {
                let text = format!("all {} members would be detached", rows.len());
                self.about_group("emptied", Severity::Warning, group, text, rows.clone());
            }
            if only.contains(&group) {
                self.about_group(
                    "only_member",
                    Severity::Info,
                    group,
                    "the group has one member".into(),
                    rows,
                );
            }
        }
    }

    /// Internal groups that logins would make external, and the members who do not receive them: they lose them next.
    fn adoptions(&mut self) {
        let report = self.report;
        let adopted = report.plans.changes.iter().filter(|row| row.action == Action::Adopt);
        let mut hit: BTreeMap<u32, BTreeSet<u32>> = adopted.map(|row| (row.group, BTreeSet::new())).collect();
        if hit.is_empty() {
            return;
        }
        for user in report.world.users.ids() {
            let mut received = None;
            for group in report.world.memberships(user) {
                if let Some(users) = hit.get_mut(&group)
                    && !received.get_or_insert_with(|| report.received(user)).contains(&group)
                {
                    users.insert(user);
                }
            }
        }
        for (group, users) in hit {
            let text = format!(
                "logins would make the internal group external, and {} members do not receive it",
                users.len()
            );
            let rows = users.into_iter().map(|user| [user, group]).collect();
            self.about_group("adoption", Severity::Warning, group, text, rows);
        }
    }

    fn nested(&mut self) {
        let report = self.report;
        for (group, other) in nested::subsets(&report.world) {
            let text = format!("every member is also in {:?}", report.world.group_name(other));
            self.about_group("nested", Severity::Info, group, text, vec![[NONE, group], [NONE, other]]);
        }
    }
}

impl Report {
    /// The groups that a user received.
    fn received(&self, user: u32) -> HashSet<u32> {
        let world = &self.world;
        let groups = world.claims(user).flat_map(|(part, value)| {
            let single = part.value_groups.get(place(value)).copied().filter(|group| *group != NONE);
            let others =
                part.values.others.get(&value).map(|value| value.names.as_slice()).unwrap_or_default();
            single.into_iter().chain(others.iter().map(|name| at(&world.group_of, at(&part.names, *name))))
        });
        groups.collect()
    }

    /// The code and the message of what is wrong with a value.
    fn fault(&self, text: Option<&str>) -> (String, String) {
        let claim = text.map(|text| extract(&self.settings.extractor, &[Some(text)]));
        let warning = claim.and_then(|claim| claim.warnings.into_iter().next());
        warning.map_or_else(
            || ("claim.not_utf8".to_owned(), "the value is no UTF-8".to_owned()),
            |warning| (warning.code, warning.message),
        )
    }
}
