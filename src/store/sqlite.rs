// SPDX-License-Identifier: Apache-2.0
//! The seam on native SQLite.

use super::driver::{Driver, DriverError, Failure, Texts};
use rusqlite::{Connection, ErrorCode, params_from_iter, types::ValueRef};

/// A SQLite database.
pub struct Sqlite {
    pub connection: Connection,
}

impl Sqlite {
    pub fn new(connection: Connection) -> Sqlite {
        // One statement for each set of entity types that requests name; a pack has dozens of them at most.
        connection.set_prepared_statement_cache_capacity(128);
        Sqlite { connection }
    }

    fn run(&self, sql: &str, params: &[&str]) -> Result<Texts, rusqlite::Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(params))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let mut texts = Vec::with_capacity(width);
            for at in 0..width {
                texts.push(match row.get_ref(at)? {
                    ValueRef::Null => None,
                    ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                    other => {
                        let name = statement_column(row, at);
                        return Err(rusqlite::Error::InvalidColumnType(at, name, other.data_type()));
                    }
                });
            }
            all.push(texts);
        }
        Ok(all)
    }
}

fn statement_column(row: &rusqlite::Row<'_>, at: usize) -> String {
    row.as_ref().column_name(at).unwrap_or_default().to_string()
}

impl Driver for Sqlite {
    async fn query(&self, sql: &str, params: &[&str]) -> Result<Texts, DriverError> {
        self.run(sql, params).map_err(explain)
    }

    async fn batch(&self, statements: &[(&str, &[&str])]) -> Result<Vec<Texts>, DriverError> {
        let transaction = self.connection.unchecked_transaction().map_err(explain)?;
        let results =
            statements.iter().map(|(sql, params)| self.run(sql, params)).collect::<Result<_, _>>().map_err(explain)?;
        transaction.commit().map_err(explain)?;
        Ok(results)
    }
}

fn explain(error: rusqlite::Error) -> DriverError {
    let failure = match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed,
        ) => Failure::Unreachable,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure::Damaged,
        Some(ErrorCode::TooBig | ErrorCode::OutOfMemory) => Failure::TooMuch,
        _ => Failure::Refused,
    };
    DriverError { failure, cause: Box::new(error) }
}
