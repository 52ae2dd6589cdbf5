// SPDX-License-Identifier: Apache-2.0
//! What a changed row means for rows that were fetched before: nothing, or that they are to be fetched again.
//!
//! A slice is found by going along ids, from the entities of the request: a row that it did not hold before can only join
//! it by an id that the slice names already, or by being one that concerns everybody because it cannot be read. So the
//! triggers log, with each changed row, the ids by which slices enter its table ([`columns`]), before the change and after
//! it; and a slice is remembered with the ids that it names ([`Footprint`]). Ids are compared without their types, and by a
//! hash: that can only fetch more than is needed.

use super::answer;
use super::fragment::{self, cell};
use super::plan::{self, SlicePlan};
use super::statement::session;
use crate::facts::Ask;
use crate::mapping::{Mapping, Meaning, Table, Target};
use crate::rows::{Reading, Rows, Value, read_id};
use std::collections::BTreeMap;
use xxhash_rust::xxh64::xxh64;

/// The most changes that are told one by one. Behind more of them, everything is fetched again.
pub const MOST_CHANGES: usize = 1_000;

/// How much of a token's hash is logged: enough to know whose session changed, useless for signing in.
const HASH_PREFIX: usize = 8;

/// What happened since a revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The last of them; 0 before the first.
    pub revision: u64,
    /// The number of the active bundle; 0 where none was published.
    pub bundle: u64,
    /// In their order.
    pub list: Vec<Change>,
    /// Whether `list` is all of them.
    pub complete: bool,
    /// Whether each table that decides something has the triggers that log its changes. Without them nothing that was
    /// fetched may be remembered.
    pub logged: bool,
}

/// A changed row.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub revision: u64,
    pub table: String,
    /// The values of the table's [`columns`]; `None` where the log does not say, or not readably.
    pub about: Option<Vec<Value>>,
}

/// The columns of a table whose values say whom a row concerns.
pub fn columns<'t>(table: &'t Table) -> Vec<&'t str> {
    let mut all: Vec<&'t str> = Vec::new();
    let mut add = |names: Vec<&'t str>| {
        for name in names {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    };
    add(table.entity().map(|entity| entity.id.as_str()).into_iter().collect());
    match &table.meaning {
        Meaning::Entity(_) | Meaning::Permission(_) | Meaning::Ignored { .. } => {}
        Meaning::RolePermission(m) => add(vec![&m.role, &m.permission]),
        Meaning::RoleAssignment(m) => add(vec![&m.principal]),
        Meaning::DirectPermission(m) => {
            add(vec![&m.principal, &m.permission]);
            add(m.scope.iter().flat_map(plan::target_columns).collect());
        }
        Meaning::GroupMembership(m) => add(vec![&m.principal]),
        Meaning::Acl(m) => {
            add(plan::target_columns(&m.subject));
            add(plan::target_columns(&m.object));
        }
        Meaning::Link(m) => add(vec![&m.child]),
        Meaning::LoginSession(m) => add(vec![&m.token_hash]),
    }
    all
}

/// SQL for the values of [`columns`] of the row `alias`, as a JSON array: what a trigger logs.
pub fn about_json(alias: &str, table: &Table) -> String {
    let secret = session(table).map(|session| session.token_hash.as_str());
    let cells: Vec<String> = columns(table)
        .into_iter()
        .map(|name| match Some(name) == secret {
            true => format!("substr(CAST({} AS TEXT),1,{HASH_PREFIX})", fragment::column(alias, name)),
            false => cell(alias, table, name),
        })
        .collect();
    super::statement::unambiguous(&format!("json_array({})", cells.join(",")))
}

/// The name of the trigger that logs one kind of change to a table.
pub fn trigger(table: &Table, suffix: &str) -> String {
    format!("palisade_log_{}_{suffix}", table.name)
}

/// Whether changes to the rows of a table are logged: those that decide something and can be told apart.
pub fn is_logged(table: &Table) -> bool {
    !matches!(table.meaning, Meaning::Ignored { .. }) && !table.key.is_empty()
}

/// The triggers without which changes would go unseen.
pub(super) fn triggers(mapping: &Mapping) -> Vec<String> {
    let tables = mapping.tables.iter().filter(|table| is_logged(table));
    tables.flat_map(|table| ["insert", "update", "delete"].map(|suffix| trigger(table, suffix))).collect()
}

/// The logged values, read back.
pub(super) fn read_about(table: &Table, json: Option<&str>) -> Option<Vec<Value>> {
    answer::row(json?, columns(table).len()).ok()
}

/// A row's values as the log would have them.
pub(super) fn about(table: &Table, value: impl Fn(&str) -> Value) -> Vec<Value> {
    let secret = session(table).map(|session| session.token_hash.as_str());
    let prefix = |value| match value {
        Value::Text(text) => Value::Text(text.chars().take(HASH_PREFIX).collect()),
        other => other,
    };
    columns(table)
        .into_iter()
        .map(|name| if Some(name) == secret { prefix(value(name)) } else { value(name) })
        .collect()
}

/// The ids that a slice names, hashed.
#[derive(Clone, Debug, Default)]
pub struct Footprint(Vec<u64>);

impl Footprint {
    /// Of what was asked for and what came.
    pub fn of(plan: &SlicePlan, ask: &Ask, rows: &Rows) -> Footprint {
        let mut ids: Vec<u64> = plan.seeds(ask).iter().map(|(_, uid)| hashed(&uid.id)).collect();
        for (name, rows) in rows {
            let Some(table) = plan.mapping.table(name) else { continue };
            let kinds: Vec<_> = rows.columns.iter().map(|name| fragment::kind(table, name)).collect();
            for row in &rows.rows {
                ids.extend(row.iter().zip(&kinds).filter_map(|(value, kind)| match read_id(value, *kind) {
                    Reading::Is(id) => Some(hashed(&id)),
                    _ => None,
                }));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Footprint(ids)
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn names(&self, id: &str) -> bool {
        self.0.binary_search(&hashed(id)).is_ok()
    }

    /// Whether a changed row may be one of the slice, or have become one.
    pub fn is_touched(&self, plan: &SlicePlan, change: &Change) -> bool {
        let Some(table) = plan.mapping.table(&change.table) else { return true };
        // A trigger of an older model, to which the table meant something.
        if matches!(table.meaning, Meaning::Ignored { .. }) {
            return false;
        }
        let Some(about) = &change.about else { return true };
        let values: BTreeMap<&str, &Value> = columns(table).into_iter().zip(about).collect();
        let row = Changed { table, values };
        let entered_by: Vec<&str> = match &table.meaning {
            // A permission is found by the action that it spells, which no id says.
            Meaning::Permission(_) | Meaning::Ignored { .. } => return true,
            Meaning::Entity(entity) => vec![&entity.id],
            Meaning::RolePermission(m) => {
                if row.id(&m.permission).is_none() {
                    return true;
                }
                vec![&m.role]
            }
            Meaning::RoleAssignment(m) => vec![&m.principal],
            Meaning::DirectPermission(m) => {
                let astray = m.scope.as_ref().is_some_and(|scope| !row.is_empty(scope) && !row.is_readable(scope));
                if astray || row.id(&m.permission).is_none() {
                    return true;
                }
                vec![&m.principal]
            }
            Meaning::GroupMembership(m) => vec![&m.principal],
            Meaning::Acl(m) => {
                if !row.is_readable(&m.subject) || !row.is_readable(&m.object) {
                    return true;
                }
                vec![m.subject.id_column(), m.object.id_column()]
            }
            Meaning::Link(m) => vec![&m.child],
            // As an entity, where it is one; who is signed in by it is another question, [`concerns_login`].
            Meaning::LoginSession(_) => match table.entity() {
                Some(entity) => vec![&entity.id],
                None => return false,
            },
        };
        // What cannot be read may concern everybody.
        entered_by.into_iter().all(|column| row.id(column).is_none_or(|id| self.names(&id)))
    }
}

/// Whether a changed row may be of the login session whose token has this hash.
pub fn concerns_login(plan: &SlicePlan, change: &Change, token_hash: &str) -> bool {
    let Some(table) = plan.mapping.table(&change.table) else { return true };
    let Some(session) = session(table) else { return false };
    let Some(about) = &change.about else { return true };
    match columns(table).iter().position(|name| *name == session.token_hash).and_then(|at| about.get(at)) {
        Some(Value::Text(prefix)) => token_hash.starts_with(prefix.as_str()),
        // No hash at all: nobody signs in by it, nor did.
        Some(Value::Null) => false,
        _ => true,
    }
}

struct Changed<'a> {
    table: &'a Table,
    values: BTreeMap<&'a str, &'a Value>,
}

impl Changed<'_> {
    fn id(&self, column: &str) -> Option<String> {
        read_id(self.values.get(column)?, fragment::kind(self.table, column)).known()
    }

    fn is_empty(&self, target: &Target) -> bool {
        plan::target_columns(target).into_iter().all(|column| self.values.get(column) == Some(&&Value::Null))
    }

    fn is_readable(&self, target: &Target) -> bool {
        let named = match target {
            Target::Fixed { .. } => true,
            Target::Typed { type_column, types, .. } => match self.values.get(type_column.as_str()) {
                Some(Value::Text(name)) => types.contains_key(&name.to_ascii_lowercase()),
                Some(Value::Integer(name)) => types.contains_key(&name.to_string()),
                _ => false,
            },
        };
        named && self.id(target.id_column()).is_some()
    }
}

fn hashed(id: &str) -> u64 {
    xxh64(id.as_bytes(), 0)
}
