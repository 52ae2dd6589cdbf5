// SPDX-License-Identifier: Apache-2.0
//! The seam on D1.

use super::driver::{Driver, DriverError, Failure, Texts};
use futures_util::future::{Either, select};
use js_sys::{Array, Function, JsString, Promise, Reflect};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::{D1Database, D1DatabaseSession, D1PreparedStatement, D1Result, D1SessionBookmark};

/// A D1 database.
pub struct D1 {
    database: D1Database,
    /// Where copies of the database may answer: the state that they must have reached, as the database itself last named it.
    bookmark: Option<RefCell<Option<D1SessionBookmark>>>,
}

impl D1 {
    /// A database that is always asked itself.
    pub fn new(database: D1Database) -> D1 {
        D1 { database, bookmark: None }
    }

    /// A database of which copies near the caller may answer single statements, as fresh as the last batch: batches always
    /// go to the database itself. D1 calls this its Sessions API.
    pub fn with_replicas(database: D1Database) -> D1 {
        D1 { database, bookmark: Some(RefCell::default()) }
    }

    /// A session, where copies may answer: `None` goes to the database itself.
    fn session(&self, bookmark: Option<&str>) -> Result<Option<D1DatabaseSession>, DriverError> {
        if self.bookmark.is_none() {
            return Ok(None);
        }
        self.database.with_session(Some(bookmark.unwrap_or("first-primary"))).map(Some).map_err(explain)
    }
}

/// How long the database may take. Whoever waits is told that it does not answer, and what is known may serve.
const TIMEOUT: Duration = Duration::from_secs(5);

async fn elapsed(time: Duration) {
    // Where the platform has no such timer, it is waited for without an end.
    let scheduler = Reflect::get(&js_sys::global(), &JsValue::from_str("scheduler")).unwrap_or(JsValue::UNDEFINED);
    let wait =
        Reflect::get(&scheduler, &JsValue::from_str("wait")).ok().and_then(|wait| wait.dyn_into::<Function>().ok());
    let promise = wait.and_then(|wait| wait.call1(&scheduler, &JsValue::from(time.as_millis() as f64)).ok());
    match promise.and_then(|promise| promise.dyn_into::<Promise>().ok()) {
        Some(promise) => drop(JsFuture::from(promise).await),
        None => std::future::pending().await,
    }
}

/// The answer to a question, if it comes in time.
async fn in_time<T>(answer: impl Future<Output = worker::Result<T>>) -> Result<T, DriverError> {
    match select(pin!(answer), pin!(elapsed(TIMEOUT))).await {
        Either::Left((answer, _)) => answer.map_err(explain),
        Either::Right(_) => {
            let cause = format!("no answer within {} seconds", TIMEOUT.as_secs());
            Err(DriverError { failure: Failure::Unreachable, cause: cause.into() })
        }
    }
}

fn bind(statement: D1PreparedStatement, params: &[&str]) -> Result<D1PreparedStatement, DriverError> {
    if params.is_empty() {
        return Ok(statement);
    }
    let values: Vec<JsValue> = params.iter().map(|text| JsValue::from_str(text)).collect();
    statement.bind(&values).map_err(explain)
}

impl Driver for D1 {
    async fn query(&self, sql: &str, params: &[&str]) -> Result<Texts, DriverError> {
        let bookmark = self.bookmark.as_ref().and_then(|bookmark| bookmark.borrow().clone());
        let statement = match self.session(bookmark.as_deref())? {
            Some(session) => session.prepare(sql),
            None => self.database.prepare(sql),
        };
        // `raw` keeps columns in order; objects would lose two of one name.
        let rows = in_time(bind(statement, params)?.raw_js_value()).await?;
        rows.into_iter().map(|row| texts(row.unchecked_into::<Array>().iter())).collect()
    }

    async fn batch(&self, statements: &[(&str, &[&str])]) -> Result<Vec<Texts>, DriverError> {
        let results = match self.session(None)? {
            Some(session) => {
                let prepared = statements.iter().map(|(sql, params)| bind(session.prepare(*sql), params));
                let results = in_time(session.batch(prepared.collect::<Result<_, _>>()?)).await?;
                if let (Some(own), Ok(Some(bookmark))) = (&self.bookmark, session.get_bookmark()) {
                    // Bookmarks sort by age, and batches overtake each other.
                    let mut own = own.borrow_mut();
                    *own = own.take().max(Some(bookmark));
                }
                results
            }
            None => {
                let prepared = statements.iter().map(|(sql, params)| bind(self.database.prepare(*sql), params));
                in_time(self.database.batch(prepared.collect::<Result<_, _>>()?)).await?
            }
        };
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
