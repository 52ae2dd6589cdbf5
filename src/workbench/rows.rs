// SPDX-License-Identifier: Apache-2.0
//! Rows as a page holds them, read. Nothing that is wrong with a cell ends the reading: a value that no database holds stands
//! as one that cannot be read, so that its row keeps what it forbids and loses what it permits.

use super::shapes::{RowPlace, Shown};
use crate::report::Finding;
use crate::rows::{TableRows, Value};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// Rows by table; none empties it.
pub type Given = BTreeMap<String, Option<Table>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// What no reader understands: what stands for a value that no database holds.
const UNREADABLE: Value = Value::Blob(Vec::new());

impl Table {
    /// The rows, each with as many values as there are columns, and what was wrong with them.
    pub fn read(self, name: &str) -> (TableRows, Vec<Shown>) {
        let Table { columns, rows } = self;
        let mut findings = Vec::new();
        let mut say = |row: usize, column: Option<&str>, message: String, help: &str| {
            let finding = Finding::error("row/value", message).help(help);
            let place = RowPlace { column: column.map(str::to_string), ..RowPlace::of(name, row) };
            findings.push(Shown::about(finding, place));
        };
        let mut read = Vec::with_capacity(rows.len());
        for (at, cells) in rows.into_iter().enumerate() {
            if cells.len() != columns.len() {
                let message = format!(
                    "`{name}`, row {}: {} values for {} columns; those that are missing cannot be read",
                    at + 1,
                    cells.len(),
                    columns.len()
                );
                say(at, None, message, "give the row one value for each column, in their order");
            }
            let mut values: Vec<Value> = Vec::with_capacity(columns.len());
            for (cell, column) in cells.into_iter().zip(&columns) {
                values.push(match cell {
                    Cell::Value(value) => value,
                    Cell::Odd(what) => {
                        let message = format!(
                            "`{name}`, row {}: `{column}` is {what}, which no database holds: it cannot be read",
                            at + 1
                        );
                        say(at, Some(column), message, "write text, a number of at most 64 bits, or NULL");
                        UNREADABLE
                    }
                });
            }
            values.resize(columns.len(), UNREADABLE);
            read.push(values);
        }
        (TableRows { columns, rows: read }, findings)
    }
}

/// One value as JSON has it.
enum Cell {
    Value(Value),
    /// What it is, in words.
    Odd(&'static str),
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a row")
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Integer(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        // Larger than an integer of SQLite: it would be kept as another number.
        Ok(i64::try_from(value).map_or(Cell::Odd(TOO_LARGE), |value| Cell::Value(Value::Integer(value))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Real(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Text(value.to_string())))
    }

    fn visit_string<E>(self, value: String) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Cell, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Odd("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Cell, A::Error> {
        let mut cell = None;
        let mut count = 0;
        while let Some(name) = fields.next_key::<String>()? {
            count += 1;
            let value = fields.next_value::<Marked>()?;
            cell = match (name.as_str(), value) {
                ("integer", Marked::Text(digits)) => Some(match digits.parse() {
                    Ok(number) => Cell::Value(Value::Integer(number)),
                    Err(_) => Cell::Odd(TOO_LARGE),
                }),
                ("blob", Marked::Text(hex)) => bytes(&hex).map(|bytes| Cell::Value(Value::Blob(bytes))),
                _ => None,
            };
        }
        Ok(cell.filter(|_| count == 1).unwrap_or(Cell::Odd("an object")))
    }
}

const TOO_LARGE: &str = "a number beyond 64 bits";

/// A text, or whatever else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Marked {
    Text(String),
    Other(IgnoredAny),
}

/// Bytes from hexadecimal digits.
pub fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
