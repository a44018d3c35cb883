//! Which column is which, every fault of every table at once.

use super::AuditError;
use super::text::is_text;
use arrow_schema::Fields;

/// The tables of an audit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Table {
    Current,
    Claims,
    Groups,
    Users,
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Claims => "claims",
            Self::Groups => "groups",
            Self::Users => "users",
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Current => &["user", "group", "kind"],
            Self::Claims => &["user", "value"],
            Self::Groups => &["group", "kind"],
            Self::Users => &["user"],
        }
    }

    fn optional(self) -> &'static [&'static str] {
        match self {
            Self::Current => &["tenant", "origin"],
            Self::Claims => &["tenant", "status"],
            Self::Groups | Self::Users => &["tenant"],
        }
    }
}

/// Where the columns of a table stand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    pub(super) tenant: Option<usize>,
    pub(super) user: Option<usize>,
    /// A group's name, or the raw value of a claim.
    pub(super) text: Option<usize>,
    /// Of a group.
    pub(super) kind: Option<usize>,
    /// Of a claim.
    pub(super) status: Option<usize>,
    pub(super) origin: Option<usize>,
}

/// Finds the columns of all tables.
pub(super) fn layouts(tables: &[(Table, &Fields)]) -> Result<Vec<Layout>, AuditError> {
    let mut problems = Vec::new();
    let layouts: Vec<Layout> =
        tables.iter().map(|(table, fields)| layout(*table, fields, &mut problems)).collect();
    let with = |has: bool| {
        let named = tables.iter().zip(&layouts).filter(|(_, layout)| layout.tenant.is_some() == has);
        named.map(|((table, _), _)| table.name()).collect::<Vec<_>>()
    };
    let (with, without) = (with(true), with(false));
    if !with.is_empty() && !without.is_empty() && problems.is_empty() {
        problems.push(format!(
            "{} has a column \"tenant\" and {} has none, expected it in every table or in none",
            with.join(", "),
            without.join(", ")
        ));
    }
    if problems.is_empty() { Ok(layouts) } else { Err(AuditError::Schema { problems }) }
}

fn layout(table: Table, fields: &Fields, problems: &mut Vec<String>) -> Layout {
    let mut found = |wanted: &str| {
        let mut places = fields.iter().enumerate().filter(|(_, field)| field.name() == wanted);
        let (place, field) = places.next()?;
        if places.next().is_some() {
            problems.push(format!("{} has more than one column \"{wanted}\"", table.name()));
        }
        if !is_text(field.data_type()) {
            problems.push(format!(
                "{}.{wanted} is of type {}, expected texts (Utf8, LargeUtf8, Utf8View, or a dictionary of one)",
                table.name(),
                field.data_type()
            ));
        }
        Some(place)
    };
    let known = |name: &str| table.required().contains(&name) || table.optional().contains(&name);
    let mut read = |name: &str| if known(name) { found(name) } else { None };
    let layout = Layout {
        tenant: read("tenant"),
        user: read("user"),
        text: read(if table == Table::Claims { "value" } else { "group" }),
        kind: read("kind"),
        status: read("status"),
        origin: read("origin"),
    };
    let missing = table.required().iter().filter(|name| !fields.iter().any(|field| field.name() == *name));
    let there: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    for name in missing {
        problems.push(format!(
            "{} has no column \"{name}\", it has {}",
            table.name(),
            if there.is_empty() { "none".to_owned() } else { there.join(", ") }
        ));
    }
    layout
}
