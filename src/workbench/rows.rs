// SPDX-License-Identifier: Apache-2.0
//! Rows as a page writes them.

use crate::mapping::{Mapping, Meaning};
use crate::name::nearest;
use crate::rows::{Rows, TableRows, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Json>>,
}

/// Reads rows by table. Every table of the model is there afterwards.
///
/// # Errors
/// Names the table, the row (from 1) and the column.
pub fn read(mapping: &Mapping, json: &str) -> Result<Rows, String> {
    let given: BTreeMap<String, Table> = serde_json::from_str(json).map_err(|error| format!("the rows: {error}"))?;
    let mut rows = Rows::new();
    for (name, table) in given {
        let Some(described) = mapping.table(&name) else {
            let near = nearest(&name, mapping.tables.iter().map(|table| table.name.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("the schema has no table `{name}`{near}"));
        };
        if let Some(column) = table.columns.iter().find(|column| described.column(column).is_none()) {
            return Err(format!("the table `{name}` has no column `{column}`"));
        }
        let mut of_table = Vec::with_capacity(table.rows.len());
        for (at, cells) in table.rows.into_iter().enumerate() {
            if cells.len() != table.columns.len() {
                let (found, wanted) = (cells.len(), table.columns.len());
                return Err(format!("`{name}`, row {}: {found} values for {wanted} columns", at + 1));
            }
            let cells = cells.iter().zip(&table.columns).map(|(cell, column)| {
                value(cell)
                    .ok_or_else(|| format!("`{name}`, row {}: `{column}` is {cell}, which no database holds", at + 1))
            });
            of_table.push(cells.collect::<Result<Vec<Value>, _>>()?);
        }
        rows.insert(name, TableRows { columns: table.columns, rows: of_table });
    }
    for table in mapping.tables.iter().filter(|table| !matches!(table.meaning, Meaning::Ignored { .. })) {
        let columns = || table.columns.iter().map(|column| column.name.clone()).collect();
        rows.entry(table.name.clone()).or_insert_with(|| TableRows { columns: columns(), rows: Vec::new() });
    }
    Ok(rows)
}

fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Integer((*value).into()),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            // Larger than an integer of SQLite: it would be kept as another number.
            None if number.is_u64() => return None,
            None => Value::Real(number.as_f64()?),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(fields) => {
            let hex = fields.get("blob").filter(|_| fields.len() == 1)?.as_str()?;
            let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
            let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
            Value::Blob(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        Json::Array(_) => return None,
    })
}
