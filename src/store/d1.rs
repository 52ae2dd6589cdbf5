// SPDX-License-Identifier: Apache-2.0
//! The seam on D1.

use super::driver::{Driver, DriverError, Failure, Texts};
use js_sys::{Array, JsString};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use wasm_bindgen::{JsCast, JsValue};
use worker::{D1Database, D1PreparedStatement, D1Result};

/// A D1 database.
pub struct D1 {
    database: D1Database,
}

impl D1 {
    pub fn new(database: D1Database) -> D1 {
        D1 { database }
    }

    fn prepare(&self, sql: &str, params: &[&str]) -> Result<D1PreparedStatement, DriverError> {
        let statement = self.database.prepare(sql);
        if params.is_empty() {
            return Ok(statement);
        }
        let values: Vec<JsValue> = params.iter().map(|text| JsValue::from_str(text)).collect();
        statement.bind(&values).map_err(explain)
    }
}

impl Driver for D1 {
    async fn query(&self, sql: &str, params: &[&str]) -> Result<Texts, DriverError> {
        // `raw` keeps columns in order; objects would lose two of one name.
        let rows = self.prepare(sql, params)?.raw_js_value().await.map_err(explain)?;
        rows.into_iter().map(|row| texts(row.unchecked_into::<Array>().iter())).collect()
    }

    async fn batch(&self, statements: &[(&str, &[&str])]) -> Result<Vec<Texts>, DriverError> {
        let prepared = statements.iter().map(|(sql, params)| self.prepare(sql, params)).collect::<Result<_, _>>()?;
        let results = self.database.batch(prepared).await.map_err(explain)?;
        results.iter().map(objects).collect()
    }
}

/// The rows of one result of a batch, which D1 gives as objects in the order of the columns.
fn objects(result: &D1Result) -> Result<Texts, DriverError> {
    if let Some(error) = result.error() {
        return Err(explain(worker::Error::RustError(error)));
    }
    let rows = result.results::<Object>().map_err(|error| refused(error.to_string()))?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The values of a row, without their names.
struct Object(Vec<Option<String>>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a row of text columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut values = Vec::new();
                while let Some((_, value)) = map.next_entry::<String, Option<String>>()? {
                    values.push(value);
                }
                Ok(Object(values))
            }
        }
        deserializer.deserialize_map(Values)
    }
}

fn texts(values: impl Iterator<Item = JsValue>) -> Result<Vec<Option<String>>, DriverError> {
    values
        .map(|value| match value.dyn_into::<JsString>() {
            Ok(text) => Ok(Some(String::from(text))),
            Err(value) if value.is_null() || value.is_undefined() => Ok(None),
            Err(_) => Err(refused("a column of the result is not text".to_string())),
        })
        .collect()
}

fn refused(why: String) -> DriverError {
    DriverError { failure: Failure::Refused, cause: why.into() }
}

/// D1 tells its failures apart by their text only. What SQLite itself said ends in its code; anything else is the way to
/// it: network, overload, a restart.
fn explain(error: worker::Error) -> DriverError {
    let message = error.to_string();
    let has = |signs: &[&str]| signs.iter().any(|sign| message.contains(sign));
    let failure = if has(&["SQLITE_TOOBIG", "SQLITE_NOMEM", "SQLITE_FULL", "too long", "too big"]) {
        Failure::TooMuch
    } else if has(&["SQLITE_CORRUPT", "SQLITE_NOTADB"]) {
        Failure::Damaged
    } else if has(&["SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_INTERRUPT"]) {
        Failure::Unreachable
    } else if has(&["SQLITE_", "no such table", "no such column", "D1_TYPE_ERROR"]) {
        Failure::Refused
    } else {
        Failure::Unreachable
    };
    DriverError { failure, cause: Box::new(error) }
}
