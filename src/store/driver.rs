// SPDX-License-Identifier: Apache-2.0
//! The seam: run statements, with text going in and text coming out.
//!
//! Only text crosses, and NULL coming back. JavaScript would round integers beyond 2^53 and bind every number as REAL
//! (which `CAST(?1 AS TEXT)` then spells `5.0`), so numbers travel inside JSON text, written and read on this side.

/// The rows of one result, each a list of columns; `None` is NULL.
pub type Texts = Vec<Vec<Option<String>>>;

/// A database that runs SQL.
#[allow(
    async_fn_in_trait,
    reason = "no driver crosses threads: a Worker has one, and natively the future is blocked on"
)]
pub trait Driver {
    /// Runs one statement. Every column of its result is TEXT or NULL. Text that is not UTF-8 comes back with U+FFFD in
    /// place of each part that is none, as JavaScript would give it.
    async fn query(&self, sql: &str, params: &[&str]) -> Result<Texts, DriverError>;

    /// Runs all statements as one: the others see all of them or none, and so do the statements themselves.
    async fn batch(&self, statements: &[(&str, &[&str])]) -> Result<Vec<Texts>, DriverError>;
}

/// Why a driver could not run a statement.
#[derive(Debug)]
pub struct DriverError {
    pub failure: Failure,
    pub cause: Box<dyn std::error::Error>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or a passing one: busy, overloaded, disconnected.
    Unreachable,
    /// The statement cannot be run on this database.
    Refused,
    /// The file is no database or is broken.
    Damaged,
    /// The statement or its result is larger than the database allows.
    TooMuch,
}

impl DriverError {
    /// What the database says is missing, in the words of SQLite, which D1 passes on.
    pub(super) fn missing(&self) -> Option<String> {
        let message = self.cause.to_string();
        for (sign, kind) in [("no such table: ", "table"), ("no such column: ", "column")] {
            if let Some((_, rest)) = message.split_once(sign) {
                // D1 appends `: SQLITE_ERROR`; SQLite appends ` at offset 7`, ` in SELECT …` and the like at times.
                let ends = [": SQLITE", " at offset ", " in "];
                let name = ends.iter().fold(rest, |name, end| name.split(end).next().unwrap_or(name));
                // Columns carry the alias that statements give their table.
                let name = name.strip_prefix("x.").unwrap_or(name);
                return Some(format!("{kind} `{name}`"));
            }
        }
        None
    }
}

impl std::fmt::Display for DriverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.cause)
    }
}

impl std::error::Error for DriverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause.as_ref())
    }
}
