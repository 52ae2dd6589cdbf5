// SPDX-License-Identifier: Apache-2.0
//! The few questions asked of the database: exactly the rows that one request needs, by one statement.
//!
//! A [`SlicePlan`] is made once for a bundle; every [`Store`] answers by it. [`SqlStore`] asks a database through a
//! [`Driver`] (D1 at the edge, SQLite natively, with the same SQL); [`MemoryStore`] answers from rows at hand, without SQL.
//!
//! What a slice leaves out decides nothing: [`crate::facts::build`] on a slice and on all rows come to the same decision
//! for the request that was asked about. What it holds beyond that is harmless, so selection may be generous and never
//! clever: `facts` compares ids exactly.
//!
//! Nothing here knows what a row means for a decision, reads a clock, or caches an answer.

mod answer;
mod driver;
mod fragment;
mod index;
mod ledger;
mod log;
mod memory;
mod plan;
mod sql;
mod statement;
mod touch;

#[cfg(feature = "edge")]
mod d1;
#[cfg(feature = "cli")]
mod sqlite;

#[cfg(feature = "edge")]
pub use d1::D1;
pub use driver::{Driver, DriverError, Failure, Texts};
pub use fragment::{identifier, literal};
pub use index::{Index, indexes};
pub use ledger::{
    Audited, Change, Entry, Held, Ledger, MAX_BUNDLE_BYTES, NewBundle, Publication, RowKey, Write, Written,
};
pub use log::{LAST_ENTRIES, LogChain, LogEntry, LogHead, LogStore, MemoryLog};
pub use memory::MemoryStore;
pub use plan::SlicePlan;
pub use sql::SqlStore;
#[cfg(feature = "cli")]
pub use sqlite::Sqlite;
pub use touch::{Changes, Footprint, MOST_CHANGES, about_json, concerns_login, is_logged, trigger};

pub use crate::facts::Ask;

use crate::rows::{Rows, Value};

/// The DDL of Palisade's own tables: where their migrations have got to.
pub const OWN_TABLES: &str = concat!(
    include_str!("migrations/0001_palisade.sql"),
    "\n",
    include_str!("migrations/0002_admin.sql"),
    "\n",
    include_str!("migrations/0003_keys.sql"),
    "\n",
    include_str!("migrations/0004_log.sql")
);

/// Rows, and the state of the database that they were read in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    /// Each row once, in no particular order.
    pub rows: Rows,
    /// Grows with each change to any authorization table; 0 before the first.
    pub revision: u64,
    /// The number of the active bundle; 0 where none was published.
    pub bundle: u64,
}

/// The ids of the entities of a type, and the state of the database that they were read in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ids {
    /// As rows are read: those that cannot be read are not among them. In no particular order.
    pub ids: Vec<String>,
    pub revision: u64,
    /// As in [`Slice::bundle`].
    pub bundle: u64,
}

/// What a request wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Want<'a> {
    /// What happened since a revision, or what the revision is where none is given. With it, everything is read from the
    /// database itself; without, a copy may answer that is as fresh as the last such answer.
    pub news: Option<Option<u64>>,
    /// The rows of login-session tables that hold exactly this token hash; a table without one has no entry.
    pub login: Option<&'a str>,
    /// The rows that a question needs. Together with a login, the question is whose that login is: its principal is not
    /// looked at.
    pub slice: Option<&'a Ask>,
}

/// What was wanted, and nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Got {
    pub news: Option<Changes>,
    pub login: Option<Slice>,
    pub slice: Option<Slice>,
}

/// The key of another service, as its row has it. Nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    pub id: String,
    /// SHA-256 of the key, in lower-case hexadecimal.
    pub key_hash: String,
    /// What people call the service.
    pub name: String,
    /// The entity literal of whom it stands for.
    pub principal: Option<String>,
    /// What it may do beside that: a JSON list of texts.
    pub may: String,
    /// When it ends, as times are read; NULL where it does not.
    pub expires: Value,
    /// Whether somebody put anything into `revoked_at`.
    pub revoked: bool,
}

/// The questions. One suite of cases holds for every implementation (`tests/store`).
///
/// # Errors
/// Every method fails rather than answer with fewer rows than there are; [`StoreError`] says what to do about it.
#[allow(
    async_fn_in_trait,
    reason = "no store crosses threads: a Worker has one, and natively the future is blocked on"
)]
pub trait Store: LogStore {
    /// Whatever of `want` is wanted, read as one: one statement, or one batch of them.
    async fn fetch(&self, plan: &SlicePlan, want: &Want<'_>) -> Result<Got, StoreError>;

    /// The rows that `ask` needs.
    async fn slice(&self, plan: &SlicePlan, ask: &Ask) -> Result<Slice, StoreError> {
        let got = self.fetch(plan, &Want { slice: Some(ask), ..Want::default() }).await?;
        got.slice.ok_or_else(|| StoreError::damaged("a slice that was asked for did not come"))
    }

    /// The rows of login-session tables that hold exactly this token hash; a table without one has no entry.
    async fn login(&self, plan: &SlicePlan, token_hash: &str) -> Result<Slice, StoreError> {
        let got = self.fetch(plan, &Want { login: Some(token_hash), ..Want::default() }).await?;
        got.login.ok_or_else(|| StoreError::damaged("a login that was asked for did not come"))
    }

    /// The ids of all entities of a type that rows of the model stand for; none of a type that the model does not have. One
    /// statement. More than `most` are an error, [`StoreError::TooMuch`].
    async fn ids(&self, plan: &SlicePlan, type_name: &str, most: usize) -> Result<Ids, StoreError>;

    /// The API key with exactly this hash. One statement.
    async fn api_key(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError>;

    /// All rows of all tables with a meaning and all columns that may become attributes: for exports and tests. Token
    /// hashes are not among them unless they are a table's only key.
    async fn everything(&self, plan: &SlicePlan) -> Result<Slice, StoreError>;

    /// The number of the last change to any authorization table.
    async fn revision(&self) -> Result<u64, StoreError>;

    /// The active bundle's number and text; `None` where none was published.
    async fn active_bundle(&self) -> Result<Option<(u64, String)>, StoreError>;
}

/// Why a store gave no answer. None of these is ever a reason to allow.
#[derive(Debug)]
pub enum StoreError {
    /// The database did not answer; a moment later it may. Slices that are still fresh enough may serve.
    Unreachable(DriverError),
    /// A table or column that the model names, or one of Palisade's own, is not there.
    Missing { what: String, cause: Option<DriverError> },
    /// The database holds something that Palisade did not write, or a result that is not what was asked for.
    Damaged { what: String, cause: Option<DriverError> },
    /// The request, or the model, needs more than a limit of the database allows.
    TooMuch { what: String, cause: Option<DriverError> },
    /// The database refused a statement.
    Refused(DriverError),
}

impl StoreError {
    fn damaged(what: impl Into<String>) -> StoreError {
        StoreError::Damaged { what: what.into(), cause: None }
    }

    fn too_much(what: impl Into<String>) -> StoreError {
        StoreError::TooMuch { what: what.into(), cause: None }
    }

    fn missing(what: impl Into<String>) -> StoreError {
        StoreError::Missing { what: what.into(), cause: None }
    }

    /// Whether the same question may be answered a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Unreachable(_))
    }
}

impl From<DriverError> for StoreError {
    fn from(error: DriverError) -> StoreError {
        match error.failure {
            Failure::Unreachable => StoreError::Unreachable(error),
            Failure::Refused => match error.missing() {
                Some(what) => StoreError::Missing { what, cause: Some(error) },
                None => StoreError::Refused(error),
            },
            Failure::Damaged => StoreError::Damaged { what: "the database file".to_string(), cause: Some(error) },
            Failure::TooMuch => {
                StoreError::TooMuch { what: "the statement or its result".to_string(), cause: Some(error) }
            }
        }
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreError::Unreachable(cause) => write!(f, "the database does not answer: {cause}"),
            StoreError::Missing { what, .. } => {
                write!(f, "the database has no {what}: run the pack's `schema.sql` (`palisade compile PACK` writes it)")
            }
            StoreError::Damaged { what, cause: None } => write!(f, "the database is damaged: {what}"),
            StoreError::Damaged { what, cause: Some(cause) } => write!(f, "{what} is damaged: {cause}"),
            StoreError::TooMuch { what, cause: None } => write!(f, "{what}"),
            StoreError::TooMuch { what, cause: Some(cause) } => write!(f, "{what} exceeds a limit: {cause}"),
            StoreError::Refused(cause) => write!(f, "the database refused a statement: {cause}"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Unreachable(cause) | StoreError::Refused(cause) => Some(cause),
            StoreError::Missing { cause, .. }
            | StoreError::Damaged { cause, .. }
            | StoreError::TooMuch { cause, .. } => cause.as_ref().map(|cause| cause as _),
        }
    }
}
