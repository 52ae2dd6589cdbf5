// SPDX-License-Identifier: Apache-2.0
//! SQLite databases, opened and filled.

use super::Failure;
use crate::store::{SqlStore, Sqlite};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// A script, with the name by which the user knows it.
pub type Script = (String, String);

/// Opens a database to read it.
pub fn open(path: &Path) -> Result<SqlStore<Sqlite>, Failure> {
    if !path.exists() {
        let help = "make it first: `palisade load PACK --db FILE`";
        return Err(Failure::Message(format!("`{}` does not exist; {help}", path.display())));
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let connection = connection.map_err(|error| Failure::Message(format!("`{}`: {error}", path.display())))?;
    Ok(SqlStore::new(Sqlite::new(connection)))
}

/// Creates or opens a database and runs scripts: all of them, or none.
pub fn load(path: &Path, scripts: &[Script]) -> Result<SqlStore<Sqlite>, Failure> {
    let connection = Connection::open(path);
    let connection = connection.map_err(|error| Failure::Message(format!("`{}`: {error}", path.display())))?;
    fill(connection, scripts)
}

/// A database in memory, with these scripts run.
pub fn in_memory(scripts: &[Script]) -> Result<SqlStore<Sqlite>, Failure> {
    fill(Connection::open_in_memory().map_err(|error| Failure::Message(error.to_string()))?, scripts)
}

fn fill(connection: Connection, scripts: &[Script]) -> Result<SqlStore<Sqlite>, Failure> {
    let say = |error: rusqlite::Error| Failure::Message(error.to_string());
    // Rows come as they are: one that refers to nothing conveys nothing, and is no reason to refuse the others. A row
    // that replaces another by a unique column must be logged as a deletion of that one, too.
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = ON;").map_err(say)?;
    let transaction = connection.unchecked_transaction().map_err(say)?;
    for (name, sql) in scripts {
        run(&transaction, sql).map_err(|why| Failure::Message(format!("{name}: {why}; nothing was loaded")))?;
    }
    transaction.commit().map_err(say)?;
    Ok(SqlStore::new(Sqlite::new(connection)))
}

/// Runs every statement of a script; on failure says which line the statement begins at.
fn run(connection: &Connection, sql: &str) -> Result<(), String> {
    let mut rest = sql;
    let begun = |rest: &str| {
        let trimmed = rest.trim_start();
        let line = sql[..sql.len() - trimmed.len()].matches('\n').count() + 1;
        let text: String =
            trimmed.lines().find(|l| !l.trim_start().starts_with("--")).unwrap_or("").chars().take(60).collect();
        format!("line {line} (`{}`)", text.trim())
    };
    while !rest.trim().is_empty() {
        let end = statement_end(rest);
        let (statement, more) = rest.split_at(end);
        connection.execute_batch(statement).map_err(|error| format!("{}: {error}", begun(rest)))?;
        rest = more;
    }
    Ok(())
}

/// Where the first statement of a script ends, as SQLite itself sees it (a trigger has semicolons within).
fn statement_end(sql: &str) -> usize {
    for (at, _) in sql.match_indices(';') {
        let Ok(text) = std::ffi::CString::new(&sql[..=at]) else { return sql.len() };
        // SAFETY: `text` is a C string that lives through the call, which only reads it.
        if unsafe { rusqlite::ffi::sqlite3_complete(text.as_ptr()) } == 1 {
            return at + 1;
        }
    }
    sql.len()
}

/// Runs `work` while the rows of `sql` are there, and takes them away again.
pub fn with_rows<T>(
    store: &SqlStore<Sqlite>,
    sql: &str,
    work: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    let connection = &store.driver.connection;
    let transaction = connection.unchecked_transaction().map_err(|error| error.to_string())?;
    run(&transaction, sql).map_err(|why| format!("its `rows`: {why}"))?;
    let result = work();
    transaction.rollback().map_err(|error| error.to_string())?;
    result
}
