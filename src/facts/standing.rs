// SPDX-License-Identifier: Apache-2.0
//! Whether a row counts: its `live` conditions and its expiry, read on the safe side.

use crate::mapping::{ColumnKind, Live, Table, Test};
use crate::report::Finding;
use crate::rows::{Millis, Reading, TableRows, Value, normal_uuid, read_bool, read_id, read_time, show};
use std::collections::HashMap;

/// Whether a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Counts,
    /// It cannot be told: a value that decides it is unreadable. Its permits are dropped, its forbids are kept.
    Doubtful,
    /// Dead or expired: it conveys nothing.
    Void,
}

/// What is gathered while rows are read.
pub struct Notes {
    pub at: Millis,
    /// The earliest instant after `at` at which some row that counts expires.
    pub until: Option<Millis>,
    pub findings: Vec<Finding>,
}

/// How many unreadable rows are reported one by one; a broken import would otherwise drown its own first line.
const MOST_FINDINGS: usize = 200;

impl Notes {
    pub fn new(at: Millis) -> Notes {
        Notes { at, until: None, findings: Vec::new() }
    }

    /// Reports a value that cannot be read.
    pub fn unreadable(&mut self, source: &str, column: &str, value: &Value, expected: &str, outcome: &str) {
        if self.findings.len() < MOST_FINDINGS {
            let message = format!("`{source}`: `{column}` holds {}, which is not {expected}; {outcome}", show(value));
            self.findings
                .push(Finding::warning("row/unreadable", message).help(format!("correct `{column}` in that row")));
        }
    }
}

/// The rows of one table, by column name.
pub struct View<'a> {
    pub table: &'a Table,
    pub rows: &'a TableRows,
    positions: HashMap<&'a str, usize>,
}

impl<'a> View<'a> {
    pub fn new(table: &'a Table, rows: &'a TableRows) -> View<'a> {
        let positions = rows.columns.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        View { table, rows, positions }
    }

    /// The value of `column`; `None` where the column was not asked for.
    pub fn get(&self, row: usize, column: &str) -> Option<&'a Value> {
        self.positions.get(column).and_then(|at| self.rows.rows[row].get(*at))
    }

    /// The value of a column that every slice asks for; an absent one reads as NULL, which conveys nothing.
    pub fn value(&self, row: usize, column: &str) -> &'a Value {
        self.get(row, column).unwrap_or(&Value::Null)
    }

    pub fn kind(&self, column: &str) -> ColumnKind {
        self.table.column(column).map_or(ColumnKind::Text, |column| column.kind)
    }

    pub fn id(&self, row: usize, column: &str) -> Reading<String> {
        read_id(self.value(row, column), self.kind(column))
    }

    /// `TABLE/KEY`: how decisions name this row.
    pub fn source(&self, row: usize) -> String {
        format!("{}/{}", self.table.name, key_text(self.table, |column| self.value(row, column)))
    }

    /// Whether the row's `live` conditions hold.
    pub fn live(&self, row: usize, conditions: &[Live], notes: &mut Notes) -> Standing {
        let mut standing = Standing::Counts;
        for live in conditions {
            let value = self.value(row, &live.column);
            let (this, expected) = match &live.test {
                Test::IsTrue => (holds(read_bool(value), |b| *b), "a boolean (0 or 1)"),
                Test::IsFalse => (holds(read_bool(value), |b| !*b), "a boolean (0 or 1)"),
                Test::EqualsText(wanted) => (holds(read_text(value), |text| text == wanted), "text"),
                Test::EqualsLong(wanted) => (holds(read_long(value), |number| number == wanted), "a whole number"),
                Test::IsNull => (if *value == Value::Null { Standing::Counts } else { Standing::Void }, ""),
                Test::IsNotNull => (if *value == Value::Null { Standing::Void } else { Standing::Counts }, ""),
            };
            if this == Standing::Doubtful {
                let outcome = "the row is not live; what it forbids stays";
                notes.unreadable(&self.source(row), &live.column, value, expected, outcome);
            }
            standing = standing.max(this);
        }
        standing
    }

    /// Whether the row counts: live, and not expired. A row whose `expires` ≤ instant conveys nothing.
    pub fn standing(&self, row: usize, live: &[Live], expires: Option<&str>, notes: &mut Notes) -> Standing {
        let standing = self.live(row, live, notes);
        let Some(column) = expires else { return standing };
        if standing == Standing::Void {
            return standing;
        }
        let value = self.value(row, column);
        match read_time(value) {
            Reading::Null => standing,
            Reading::Is(expires) if expires <= notes.at => Standing::Void,
            Reading::Is(expires) => {
                notes.until = Some(notes.until.map_or(expires, |until| until.min(expires)));
                standing
            }
            Reading::Unreadable => {
                let expected = "a time (RFC 3339, `YYYY-MM-DD HH:MM:SS`, or Unix seconds)";
                let outcome = "the row permits nothing; what it forbids stays";
                notes.unreadable(&self.source(row), column, value, expected, outcome);
                Standing::Doubtful
            }
        }
    }
}

/// How decisions spell a row's key, behind the name of its table: the id, or, where the key has several columns, their ids
/// with commas between them and `%` and `,` escaped.
pub fn key_text<'v>(table: &Table, value: impl Fn(&str) -> &'v Value) -> String {
    let composite = table.key.len() > 1;
    let mut key = String::new();
    for (at, column) in table.key.iter().enumerate() {
        if at > 0 {
            key.push(',');
        }
        let value = value(column);
        let kind = table.column(column).map_or(ColumnKind::Text, |column| column.kind);
        let text = match read_id(value, kind) {
            Reading::Is(text) => text,
            Reading::Null => String::new(),
            Reading::Unreadable => show(value),
        };
        if composite {
            key.push_str(&text.replace('%', "%25").replace(',', "%2C"));
        } else {
            key.push_str(&text);
        }
    }
    key
}

/// The parts of a key as [`key_text`] spells it, each an id; `None` where it has another number of parts than the key.
pub fn key_parts(table: &Table, text: &str) -> Option<Vec<String>> {
    let parts: Vec<String> = match table.key.len() {
        1 => vec![text.to_string()],
        _ => text.split(',').map(|part| part.replace("%2C", ",").replace("%25", "%")).collect(),
    };
    let normal = |(column, part): (&String, String)| match table.column(column).map(|column| column.kind) {
        Some(ColumnKind::Uuid) => normal_uuid(&part),
        _ => part,
    };
    (parts.len() == table.key.len()).then(|| table.key.iter().zip(parts).map(normal).collect())
}

fn holds<T>(reading: Reading<T>, test: impl Fn(&T) -> bool) -> Standing {
    match reading {
        // NULL in a `live` column is not live.
        Reading::Null => Standing::Void,
        Reading::Is(value) if test(&value) => Standing::Counts,
        Reading::Is(_) => Standing::Void,
        Reading::Unreadable => Standing::Doubtful,
    }
}

pub fn read_text(value: &Value) -> Reading<String> {
    match value {
        Value::Null => Reading::Null,
        Value::Text(text) => Reading::Is(text.clone()),
        Value::Integer(number) => Reading::Is(number.to_string()),
        Value::Real(_) | Value::Blob(_) => Reading::Unreadable,
    }
}

pub fn read_long(value: &Value) -> Reading<i64> {
    match value {
        Value::Null => Reading::Null,
        Value::Integer(number) => Reading::Is(*number),
        _ => Reading::Unreadable,
    }
}
