// SPDX-License-Identifier: Apache-2.0
//! Where lines of the decision log are kept. What they say, and how one vouches for the one before it, is not known here.

use super::driver::Texts;
use super::{Driver, MemoryStore, SqlStore, StoreError, answer};
use serde_json::json;

/// How many of the last entries are looked through for the heads of chains.
pub const LAST_ENTRIES: usize = 100;

/// The beginning of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChain {
    /// An id that no other chain has.
    pub chain: String,
    pub started_at: String,
    /// A JSON text.
    pub genesis: String,
    pub hash: String,
}

/// One line of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub chain: String,
    /// From 1, without gaps.
    pub seq: u64,
    pub line: String,
    /// The hash of the entry before it, or of the chain.
    pub previous: String,
    pub hash: String,
}

/// The last entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHead {
    pub chain: String,
    pub seq: u64,
    pub hash: String,
}

/// Keeps the decision log.
///
/// # Errors
/// As for [`Store`](super::Store). Nothing that decides hangs on these.
#[allow(async_fn_in_trait, reason = "as for Store")]
pub trait LogStore {
    /// Keeps lines, and the beginning of their chain where it is new: all or nothing. What is there already stays as it is,
    /// so that an attempt whose end nobody heard of can be made again.
    async fn append_log(&self, begun: Option<&LogChain>, entries: &[LogEntry]) -> Result<(), StoreError>;

    /// The heads of the chains that the last [`LAST_ENTRIES`] entries are of, the last one first.
    async fn log_heads(&self) -> Result<Vec<LogHead>, StoreError>;

    /// At most `most` entries behind number `after`, with their numbers, in the order in which they came; 0 is before all.
    async fn log(&self, after: u64, most: usize) -> Result<Vec<(u64, LogEntry)>, StoreError>;

    /// At most `most` chains whose ids come behind `after`, in the order of their ids; `""` is before all.
    async fn log_chains(&self, after: &str, most: usize) -> Result<Vec<LogChain>, StoreError>;
}

const APPEND_CHAIN: &str = "INSERT INTO palisade_chain (chain, started_at, genesis, hash) VALUES (?1, ?2, ?3, ?4) \
                            ON CONFLICT DO NOTHING";
// `WHERE true` lets SQLite tell this conflict clause from a join's.
const APPEND: &str = "INSERT INTO palisade_decision (chain, seq, line, previous, hash) \
                      SELECT value ->> 0, CAST(value ->> 1 AS INTEGER), value ->> 2, value ->> 3, value ->> 4 \
                      FROM json_each(?1) WHERE true ORDER BY key ON CONFLICT DO NOTHING";
const HEADS: &str = "SELECT chain AS c0, CAST(seq AS TEXT) AS c1, hash AS c2 FROM palisade_decision \
                     ORDER BY entry DESC LIMIT CAST(?1 AS INTEGER)";
const LOG: &str = "SELECT CAST(entry AS TEXT) AS c0, chain AS c1, CAST(seq AS TEXT) AS c2, line AS c3, previous AS c4, \
                   hash AS c5 FROM palisade_decision WHERE entry > CAST(?1 AS INTEGER) ORDER BY entry \
                   LIMIT CAST(?2 AS INTEGER)";
const CHAINS: &str = "SELECT chain AS c0, started_at AS c1, genesis AS c2, hash AS c3 FROM palisade_chain \
                      WHERE chain > ?1 ORDER BY chain LIMIT CAST(?2 AS INTEGER)";

impl<D: Driver> LogStore for SqlStore<D> {
    async fn append_log(&self, begun: Option<&LogChain>, entries: &[LogEntry]) -> Result<(), StoreError> {
        let rows: Vec<_> =
            entries.iter().map(|e| json!([e.chain, e.seq.to_string(), e.line, e.previous, e.hash])).collect();
        let rows = json!(rows).to_string();
        let chain = begun.map(|begun| [&*begun.chain, &*begun.started_at, &*begun.genesis, &*begun.hash]);
        let mut statements: Vec<(&str, &[&str])> = Vec::new();
        if let Some(chain) = &chain {
            statements.push((APPEND_CHAIN, chain));
        }
        let rows = [rows.as_str()];
        statements.push((APPEND, &rows));
        self.driver.batch(&statements).await?;
        Ok(())
    }

    async fn log_heads(&self) -> Result<Vec<LogHead>, StoreError> {
        let last = self.driver.query(HEADS, &[&LAST_ENTRIES.to_string()]).await?;
        let last = columns(last, |[chain, seq, hash]| {
            Ok(LogHead { chain, seq: answer::count(Some(&seq), "`seq` of `palisade_decision`")?, hash })
        })?;
        Ok(newest(last))
    }

    async fn log(&self, after: u64, most: usize) -> Result<Vec<(u64, LogEntry)>, StoreError> {
        let rows = self.driver.query(LOG, &[&after.to_string(), &most.to_string()]).await?;
        columns(rows, |[entry, chain, seq, line, previous, hash]| {
            let seq = answer::count(Some(&seq), "`seq` of `palisade_decision`")?;
            let entry = answer::count(Some(&entry), "`entry` of `palisade_decision`")?;
            Ok((entry, LogEntry { chain, seq, line, previous, hash }))
        })
    }

    async fn log_chains(&self, after: &str, most: usize) -> Result<Vec<LogChain>, StoreError> {
        let rows = self.driver.query(CHAINS, &[after, &most.to_string()]).await?;
        columns(rows, |[chain, started_at, genesis, hash]| Ok(LogChain { chain, started_at, genesis, hash }))
    }
}

/// Of entries, the last one first, those that are the last of their chains.
fn newest(last: Vec<LogHead>) -> Vec<LogHead> {
    let mut heads: Vec<LogHead> = Vec::new();
    for head in last {
        match heads.iter_mut().find(|known| known.chain == head.chain) {
            // An attempt that was made again may have come in another order.
            Some(known) if known.seq < head.seq => *known = head,
            Some(_) => {}
            None => heads.push(head),
        }
    }
    heads
}

fn columns<const N: usize, T>(
    rows: Texts,
    read: impl Fn([String; N]) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let wrong = || StoreError::damaged("the decision log came back in another shape");
    let row = |row: Vec<Option<String>>| row.into_iter().collect::<Option<Vec<String>>>()?.try_into().ok();
    rows.into_iter().map(|texts| read(row(texts).ok_or_else(wrong)?)).collect()
}

/// The log of a [`MemoryStore`].
#[derive(Default)]
pub struct MemoryLog {
    pub chains: Vec<LogChain>,
    pub entries: Vec<LogEntry>,
}

impl LogStore for MemoryStore {
    async fn append_log(&self, begun: Option<&LogChain>, entries: &[LogEntry]) -> Result<(), StoreError> {
        let mut log = self.decision_log().borrow_mut();
        if let Some(begun) = begun
            && !log.chains.iter().any(|known| known.chain == begun.chain)
        {
            log.chains.push(begun.clone());
        }
        for entry in entries {
            if !log.entries.iter().any(|known| (&known.chain, known.seq) == (&entry.chain, entry.seq)) {
                log.entries.push(entry.clone());
            }
        }
        Ok(())
    }

    async fn log_heads(&self) -> Result<Vec<LogHead>, StoreError> {
        let log = self.decision_log().borrow();
        let last = log.entries.iter().rev().take(LAST_ENTRIES);
        Ok(newest(last.map(|e| LogHead { chain: e.chain.clone(), seq: e.seq, hash: e.hash.clone() }).collect()))
    }

    async fn log(&self, after: u64, most: usize) -> Result<Vec<(u64, LogEntry)>, StoreError> {
        let log = self.decision_log().borrow();
        let numbered = (1u64..).zip(log.entries.iter().cloned());
        Ok(numbered.skip_while(|(number, _)| *number <= after).take(most).collect())
    }

    async fn log_chains(&self, after: &str, most: usize) -> Result<Vec<LogChain>, StoreError> {
        let mut chains = self.decision_log().borrow().chains.clone();
        chains.sort_by(|a, b| a.chain.cmp(&b.chain));
        Ok(chains.into_iter().filter(|chain| chain.chain.as_str() > after).take(most).collect())
    }
}
