//! One suite for every store, laws for random rows, and the plans of the statements.

mod cost;
mod ddl;
mod laws;
mod models;
mod suite;

use palisade::bundle::Bundle;
use palisade::compile::schema_sql;
use palisade::store::{SqlStore, Sqlite};
use rusqlite::Connection;
use rusqlite::limits::Limit;

/// SQLite in memory, held to the limits of D1.
pub fn connection() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 127),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COLUMN, 100),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
        (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
    ] {
        connection.set_limit(limit, value).unwrap();
    }
    connection
}

/// A database with the model's own schema, and rows put into it by SQL.
pub fn database(bundle: &Bundle, rows: &str) -> Connection {
    let connection = connection();
    // Rows of the tests may point to nothing: those of users sometimes do.
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    // The limit is on a statement; `execute_batch` hands all of them over at once.
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 10_000_000).unwrap();
    connection.execute_batch(&schema_sql(&bundle.mapping, &bundle.name)).unwrap();
    connection.execute_batch(rows).unwrap();
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000).unwrap();
    connection
}

pub fn sqlite(connection: Connection) -> SqlStore<Sqlite> {
    SqlStore::new(Sqlite::new(connection))
}
