// SPDX-License-Identifier: Apache-2.0
//! What administrators write: bundles, rows, and the audit of both. Each change is one batch that looks once more at what
//! it rests on, writes its entry in the audit, and does all of it or nothing.
//!
//! Names of tables and columns come from the mapping alone. Values go in as one JSON text, so that whole numbers stay
//! exact.

use super::driver::{Driver, DriverError, Failure, Texts};
use super::fragment::{column, folded, id, identifier, key, kind, number};
use super::sql::SqlStore;
use super::statement::{row, unambiguous};
use super::{StoreError, answer, memory::MemoryStore};
use crate::mapping::{ColumnKind, Mapping, Meaning, Table};
use crate::rows::Value;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// The largest text of a bundle, in bytes. A row of D1 holds 2,000,000, and this one has more than the bundle in it.
pub const MAX_BUNDLE_BYTES: usize = 1_900_000;

/// One published bundle, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Publication {
    pub number: u64,
    /// SHA-256 of the text, in lower-case hexadecimal.
    pub digest: String,
    /// A Cedar entity literal, `bootstrap`, or empty for what came by `publish.sql`.
    pub author: String,
    pub note: String,
    pub published_at: String,
    /// Whether it is in force.
    pub active: bool,
}

/// A bundle to be published.
#[derive(Clone, Debug)]
pub struct NewBundle<'a> {
    pub text: &'a str,
    pub digest: &'a str,
    pub note: &'a str,
    /// The number of the bundle that was in force when the author looked; 0 for none.
    pub base: u64,
    /// Whether it comes into force at once.
    pub activate: bool,
}

/// What the audit says of a change. `before` and `after` are JSON without secrets.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub who: String,
    pub what: &'static str,
    pub target: String,
    pub before: Json,
    pub after: Json,
    /// The id of the request. No two changes share one.
    pub decision: String,
}

/// An entry of the audit as it was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audited {
    pub number: u64,
    pub at: String,
    pub who: String,
    pub what: String,
    pub target: String,
    pub before: Json,
    pub after: Json,
    pub revision: Option<u64>,
    pub decision: String,
}

/// One entry of the change log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub revision: u64,
    pub table: String,
    /// The row's key columns, a JSON array.
    pub key: Json,
    pub at: String,
}

/// A row as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The very text that the database made of the columns that were asked for. A write names it, to change that state of
    /// the row and no other.
    pub text: String,
    pub values: Vec<Value>,
    /// Where a list goes on behind this row; a JSON array of the key columns.
    pub cursor: String,
}

/// A row, by the parts of its key as decisions spell them ([`crate::facts::key_text`]).
#[derive(Clone, Debug)]
pub struct RowKey<'a> {
    pub table: &'a Table,
    pub parts: Vec<String>,
}

/// What is done to a row.
#[derive(Clone, Debug)]
pub enum Write<'a> {
    /// A new row of these columns and values.
    Create { table: &'a Table, values: Vec<(&'a str, Json)> },
    /// New values for some columns, if `columns` still are what `held` says.
    Change { key: RowKey<'a>, columns: &'a [&'a str], held: &'a str, values: Vec<(&'a str, Json)> },
    /// The row goes, under the same condition.
    Delete { key: RowKey<'a>, columns: &'a [&'a str], held: &'a str },
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Done: the number of the bundle, or the revision of the rows after the change.
    Done(u64),
    /// What it rests on has changed meanwhile; nothing was written.
    Stale,
    /// The database's own rules refuse it, in its words; nothing was written.
    Constraint(String),
}

/// Writes, and what administrators read.
///
/// # Errors
/// As for [`super::Store`]. A store without writing answers every method with [`StoreError::Refused`].
#[allow(async_fn_in_trait, reason = "as for Store")]
pub trait Ledger {
    /// Keeps a bundle, and brings it into force where that is asked for; [`Written::Stale`] where another one than `base`
    /// is in force by now. `entry.target` is completed by the bundle's number.
    async fn publish(&self, _bundle: &NewBundle<'_>, _entry: &Entry) -> Result<Written, StoreError> {
        Err(read_only())
    }

    /// Brings a bundle that was published before into force, in the place of `base`.
    async fn put_in_force(&self, _number: u64, _base: u64, _entry: &Entry) -> Result<Written, StoreError> {
        Err(read_only())
    }

    /// Publications with numbers below `before` (all where it is 0), the newest first.
    async fn publications(&self, _before: u64, _limit: usize) -> Result<Vec<Publication>, StoreError> {
        Err(read_only())
    }

    /// The number of the bundle in force, whatever its text is worth; 0 where there is none.
    async fn number_in_force(&self) -> Result<u64, StoreError> {
        Err(read_only())
    }

    /// One publication and its text, checked against its digest.
    async fn publication(&self, _number: u64) -> Result<Option<(Publication, String)>, StoreError> {
        Err(read_only())
    }

    /// Fails with [`StoreError::Missing`] where the database lacks a table or column of the mapping.
    async fn has_all(&self, _mapping: &Mapping) -> Result<(), StoreError> {
        Err(read_only())
    }

    /// How many rows the tables with a meaning have together; any number above `most` stands for "more".
    async fn count(&self, _mapping: &Mapping, _most: usize) -> Result<usize, StoreError> {
        Err(read_only())
    }

    /// At most `most` ids of a table's entities, drawn evenly from the order in which its rows were made.
    async fn sample(&self, _table: &Table, _id: &str, _most: usize) -> Result<Vec<String>, StoreError> {
        Err(read_only())
    }

    /// Rows of a table in the order of its key, behind `after` (a [`Held::cursor`]).
    async fn rows(
        &self,
        _table: &Table,
        _columns: &[&str],
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<Held>, StoreError> {
        Err(read_only())
    }

    /// The rows with this key: one, none, or several where the database holds ids of different types.
    async fn row(&self, _key: &RowKey<'_>, _columns: &[&str]) -> Result<Vec<Held>, StoreError> {
        Err(read_only())
    }

    /// Whether the rows are there that these columns' values name, each as a table, a column and an id.
    async fn exist(&self, _wanted: &[(&Table, &str, String)]) -> Result<Vec<bool>, StoreError> {
        Err(read_only())
    }

    /// Writes a row and its entry.
    async fn write(&self, _write: &Write<'_>, _entry: &Entry) -> Result<Written, StoreError> {
        Err(read_only())
    }

    /// Entries behind number `after`, the oldest first.
    async fn audit(&self, _after: u64, _limit: usize) -> Result<Vec<Audited>, StoreError> {
        Err(read_only())
    }

    /// Changes behind revision `after`, the oldest first.
    async fn changes(&self, _after: u64, _limit: usize) -> Result<Vec<Change>, StoreError> {
        Err(read_only())
    }
}

fn read_only() -> StoreError {
    StoreError::Refused(DriverError { failure: Failure::Refused, cause: "this store is read only".into() })
}

impl Ledger for MemoryStore {}

/// Whether the bundle in force is the one of parameter `?at`.
fn based_on(at: usize) -> String {
    format!("coalesce((SELECT number FROM palisade_active),0)=CAST(?{at} AS INTEGER)")
}

/// An entry, from the JSON in `?1`, if `condition` holds.
fn audit_if(target: &str, condition: &str) -> String {
    format!(
        "INSERT INTO palisade_audit (who,what,target,\"before\",\"after\",decision) \
         SELECT ?1->>'$.who',?1->>'$.what',{target},?1->>'$.before',?1->>'$.after',?1->>'$.decision' WHERE {condition}"
    )
}

/// The number behind the slash of the target of an entry.
const NUMBER_OF_ENTRY: &str = "SELECT substr(target,8) AS c0 FROM palisade_audit WHERE decision=?1";

const PUBLICATION: &str = "CAST(number AS TEXT) AS c0,CAST(digest AS TEXT) AS c1,CAST(author AS TEXT) AS c2,\
     CAST(note AS TEXT) AS c3,CAST(published_at AS TEXT) AS c4,\
     CAST(number=coalesce((SELECT number FROM palisade_active),0) AS TEXT) AS c5";

impl<D: Driver> Ledger for SqlStore<D> {
    async fn publish(&self, bundle: &NewBundle<'_>, entry: &Entry) -> Result<Written, StoreError> {
        let about = json!({ "digest": bundle.digest, "author": entry.who, "note": bundle.note }).to_string();
        let (entry_json, base) = (json!(entry).to_string(), bundle.base.to_string());
        let insert = format!(
            "INSERT INTO palisade_bundle (digest,bundle,author,note) \
             SELECT ?1->>'$.digest',?2,?1->>'$.author',?1->>'$.note' WHERE {}",
            based_on(3)
        );
        let audit = audit_if("'bundle/'||(SELECT max(number) FROM palisade_bundle)", &based_on(2));
        let activate = format!(
            "INSERT INTO palisade_active (one,number) SELECT 1,(SELECT max(number) FROM palisade_bundle) WHERE {} \
             ON CONFLICT (one) DO UPDATE SET number=excluded.number",
            based_on(1)
        );
        let (insert_params, audit_params) = ([about.as_str(), bundle.text, &base], [entry_json.as_str(), &base]);
        let (activate_params, number_params) = ([base.as_str()], [entry.decision.as_str()]);
        let mut statements: Vec<(&str, &[&str])> = vec![(&insert, &insert_params), (&audit, &audit_params)];
        if bundle.activate {
            statements.push((&activate, &activate_params));
        }
        statements.push((NUMBER_OF_ENTRY, &number_params));
        done(self.driver.batch(&statements).await)
    }

    async fn put_in_force(&self, number: u64, base: u64, entry: &Entry) -> Result<Written, StoreError> {
        let (entry_json, number, base) = (json!(entry).to_string(), number.to_string(), base.to_string());
        let known = "EXISTS (SELECT 1 FROM palisade_bundle WHERE number=CAST(?2 AS INTEGER))";
        let audit = audit_if("'bundle/'||?2", &format!("{known} AND {}", based_on(3)));
        let known = known.replace("?2", "?1");
        let activate = format!(
            "INSERT INTO palisade_active (one,number) SELECT 1,CAST(?1 AS INTEGER) WHERE {known} AND {} \
             ON CONFLICT (one) DO UPDATE SET number=excluded.number",
            based_on(2)
        );
        let audit_params = [entry_json.as_str(), &number, &base];
        let (activate_params, number_params) = ([number.as_str(), &base], [entry.decision.as_str()]);
        let statements: [(&str, &[&str]); 3] =
            [(&audit, &audit_params), (&activate, &activate_params), (NUMBER_OF_ENTRY, &number_params)];
        done(self.driver.batch(&statements).await)
    }

    async fn publications(&self, before: u64, limit: usize) -> Result<Vec<Publication>, StoreError> {
        let sql = format!(
            "SELECT {PUBLICATION} FROM palisade_bundle \
             WHERE CAST(?1 AS INTEGER)=0 OR number<CAST(?1 AS INTEGER) ORDER BY number DESC LIMIT CAST(?2 AS INTEGER)"
        );
        let rows = self.driver.query(&sql, &[&before.to_string(), &limit.to_string()]).await?;
        rows.iter().map(|row| publication(row)).collect()
    }

    async fn number_in_force(&self) -> Result<u64, StoreError> {
        let rows = self.driver.query(include_str!("sql/active_number.sql"), &[]).await?;
        rows.first().map_or(Ok(0), |row| answer::count(row[0].as_deref(), "the number of the active bundle"))
    }

    async fn publication(&self, number: u64) -> Result<Option<(Publication, String)>, StoreError> {
        let sql = format!("SELECT {PUBLICATION},bundle AS c6 FROM palisade_bundle WHERE number=CAST(?1 AS INTEGER)");
        let rows = self.driver.query(&sql, &[&number.to_string()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (about, text) = (publication(row)?, text(row, 6)?);
        whole(number, &about.digest, &text)?;
        Ok(Some((about, text)))
    }

    async fn has_all(&self, mapping: &Mapping) -> Result<(), StoreError> {
        /// Of one SELECT: D1 allows 100.
        const MOST_COLUMNS: usize = 90;
        let mut selects = Vec::new();
        for table in mapping.tables.iter().filter(|table| !matches!(table.meaning, Meaning::Ignored { .. })) {
            for columns in table.columns.chunks(MOST_COLUMNS) {
                // With an alias; without one SQLite would take a name that it does not know for a text.
                let columns: Vec<String> = columns.iter().map(|own| column("x", &own.name)).collect();
                selects.push(format!("SELECT {} FROM {} x WHERE 0", columns.join(","), identifier(&table.name)));
            }
        }
        let statements: Vec<(&str, &[&str])> = selects.iter().map(|sql| (sql.as_str(), &[] as &[&str])).collect();
        self.driver.batch(&statements).await?;
        Ok(())
    }

    async fn count(&self, mapping: &Mapping, most: usize) -> Result<usize, StoreError> {
        let tables = mapping.tables.iter().filter(|table| super::statement::is_meaningful(table));
        let limit = (most + 1).to_string();
        let selects: Vec<String> = tables
            .map(|table| {
                let name = identifier(&table.name);
                format!("SELECT CAST(count(*) AS TEXT) AS c0 FROM (SELECT 1 FROM {name} LIMIT CAST(?1 AS INTEGER))")
            })
            .collect();
        let params = [limit.as_str()];
        let statements: Vec<(&str, &[&str])> = selects.iter().map(|sql| (sql.as_str(), &params[..])).collect();
        let mut all = 0;
        for rows in self.driver.batch(&statements).await? {
            let count = rows.first().and_then(|row| row.first()).cloned().flatten();
            all += answer::count(count.as_deref(), "the number of rows")? as usize;
        }
        Ok(all)
    }

    async fn sample(&self, table: &Table, name: &str, most: usize) -> Result<Vec<String>, StoreError> {
        // Points between the first and the last row, and of each the first row that is not before it: look-ups, no scan.
        let sql = format!(
            "WITH RECURSIVE palisade_point(i) AS \
             (SELECT 0 UNION ALL SELECT i+1 FROM palisade_point WHERE i+1<CAST(?1 AS INTEGER)),\n\
             palisade_ends(a,b) AS (SELECT min(rowid),max(rowid) FROM {table})\n\
             SELECT DISTINCT {id} AS c0 FROM palisade_point JOIN palisade_ends \
             JOIN {table} x ON x.rowid=(SELECT y.rowid FROM {table} y WHERE y.rowid>=a+(b-a)/CAST(?1 AS INTEGER)*i \
             ORDER BY y.rowid LIMIT 1)",
            table = identifier(&table.name),
            id = id("x", table, name),
        );
        let rows = self.driver.query(&sql, &[&most.to_string()]).await?;
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).filter(|id| !id.is_empty()).collect())
    }

    async fn rows(
        &self,
        table: &Table,
        columns: &[&str],
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Held>, StoreError> {
        let keys = order(table);
        let behind = match after {
            None => "?1=''".to_string(),
            Some(_) => {
                let values: Vec<String> = (0..keys.len()).map(|at| format!("json_extract(?1,'$[{at}]')")).collect();
                format!("({})>({})", keys.join(","), values.join(","))
            }
        };
        let sql = format!(
            "SELECT {} FROM {} x WHERE {behind} ORDER BY {} LIMIT CAST(?2 AS INTEGER)",
            held_columns(table, columns),
            identifier(&table.name),
            keys.join(",")
        );
        let rows = self.driver.query(&sql, &[after.unwrap_or_default(), &limit.to_string()]).await?;
        held(rows, columns.len())
    }

    async fn row(&self, key: &RowKey<'_>, columns: &[&str]) -> Result<Vec<Held>, StoreError> {
        let sql = format!(
            "SELECT {} FROM {} x WHERE {} LIMIT 2",
            held_columns(key.table, columns),
            identifier(&key.table.name),
            has_key(key.table, 1)
        );
        held(self.driver.query(&sql, &[&json!(key.parts).to_string()]).await?, columns.len())
    }

    async fn exist(&self, wanted: &[(&Table, &str, String)]) -> Result<Vec<bool>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let selects: Vec<(String, String)> = wanted
            .iter()
            .map(|(table, name, id)| {
                let sql = format!(
                    "SELECT CAST(EXISTS (SELECT 1 FROM {} x WHERE {}) AS TEXT) AS c0",
                    identifier(&table.name),
                    has_id(table, name, "(?1->>0)")
                );
                (sql, json!([id]).to_string())
            })
            .collect();
        let params: Vec<[&str; 1]> = selects.iter().map(|(_, id)| [id.as_str()]).collect();
        let statements: Vec<(&str, &[&str])> =
            selects.iter().zip(&params).map(|((sql, _), params)| (sql.as_str(), &params[..])).collect();
        let results = self.driver.batch(&statements).await?;
        Ok(results.iter().map(|rows| matches!(&rows[..], [row] if row[0].as_deref() == Some("1"))).collect())
    }

    async fn write(&self, write: &Write<'_>, entry: &Entry) -> Result<Written, StoreError> {
        let entry_json = json!(entry).to_string();
        let (audit, audit_more, sql, params) = match write {
            Write::Create { table, values } => {
                let (columns, taken): (Vec<String>, Vec<String>) = values
                    .iter()
                    .enumerate()
                    .map(|(at, (name, _))| (identifier(name), format!("json_extract(?1,'$[{at}]')")))
                    .unzip();
                let sql = format!(
                    "INSERT INTO {} ({}) VALUES ({})",
                    identifier(&table.name),
                    columns.join(","),
                    taken.join(",")
                );
                (audit_if("?1->>'$.target'", "1"), Vec::new(), sql, vec![values_json(values)])
            }
            Write::Change { key, columns, held, values } => {
                let sets: Vec<String> = values
                    .iter()
                    .enumerate()
                    .map(|(at, (name, _))| format!("{}=json_extract(?3,'$[{at}]')", identifier(name)))
                    .collect();
                let table = identifier(&key.table.name);
                let same = still(key.table, columns, 1);
                let sql = format!("UPDATE {table} AS x SET {} WHERE {same}", sets.join(","));
                let named = vec![json!(key.parts).to_string(), held.to_string()];
                let mut params = named.clone();
                params.push(values_json(values));
                (audit_still(key.table, columns), named, sql, params)
            }
            Write::Delete { key, columns, held } => {
                let table = identifier(&key.table.name);
                let sql = format!("DELETE FROM {table} AS x WHERE {}", still(key.table, columns, 1));
                let named = vec![json!(key.parts).to_string(), held.to_string()];
                (audit_still(key.table, columns), named.clone(), sql, named)
            }
        };
        let mut audit_params = vec![entry_json.as_str()];
        audit_params.extend(audit_more.iter().map(String::as_str));
        let params: Vec<&str> = params.iter().map(String::as_str).collect();
        let decision = [entry.decision.as_str()];
        // The triggers have numbered the change by then.
        let revise = "UPDATE palisade_audit SET revision=(SELECT coalesce(max(revision),0) FROM palisade_change) \
                      WHERE decision=?1";
        let revision = "SELECT CAST(revision AS TEXT) AS c0 FROM palisade_audit WHERE decision=?1";
        let statements: [(&str, &[&str]); 4] =
            [(&audit, &audit_params), (&sql, &params), (revise, &decision), (revision, &decision)];
        done(self.driver.batch(&statements).await)
    }

    async fn audit(&self, after: u64, limit: usize) -> Result<Vec<Audited>, StoreError> {
        let sql = "SELECT CAST(number AS TEXT) AS c0,at AS c1,who AS c2,what AS c3,target AS c4,\"before\" AS c5,\
                   \"after\" AS c6,CAST(revision AS TEXT) AS c7,decision AS c8 FROM palisade_audit \
                   WHERE number>CAST(?1 AS INTEGER) ORDER BY number LIMIT CAST(?2 AS INTEGER)";
        let rows = self.driver.query(sql, &[&after.to_string(), &limit.to_string()]).await?;
        rows.iter()
            .map(|row| {
                Ok(Audited {
                    number: answer::count(row[0].as_deref(), "the number of an entry")?,
                    at: text(row, 1)?,
                    who: text(row, 2)?,
                    what: text(row, 3)?,
                    target: text(row, 4)?,
                    before: json_of(row[5].as_deref())?,
                    after: json_of(row[6].as_deref())?,
                    revision: row[7].as_deref().map(|text| answer::count(Some(text), "a revision")).transpose()?,
                    decision: text(row, 8)?,
                })
            })
            .collect()
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let sql = "SELECT CAST(revision AS TEXT) AS c0,table_name AS c1,key AS c2,at AS c3 FROM palisade_change \
                   WHERE revision>CAST(?1 AS INTEGER) ORDER BY revision LIMIT CAST(?2 AS INTEGER)";
        let rows = self.driver.query(sql, &[&after.to_string(), &limit.to_string()]).await?;
        rows.iter()
            .map(|row| {
                Ok(Change {
                    revision: answer::count(row[0].as_deref(), "a revision")?,
                    table: text(row, 1)?,
                    key: json_of(row[2].as_deref())?,
                    at: text(row, 3)?,
                })
            })
            .collect()
    }
}

/// Fails where a bundle is not what was published: a part of it is missing, or somebody changed it.
pub(super) fn whole(number: u64, digest: &str, text: &str) -> Result<(), StoreError> {
    match crate::bundle::digest(text).eq_ignore_ascii_case(digest) {
        true => Ok(()),
        false => Err(StoreError::damaged(format!(
            "bundle {number} does not have the digest that it was published with: publish it again"
        ))),
    }
}

/// What came of a batch whose last statement finds a number where the change was made.
fn done(results: Result<Vec<Texts>, DriverError>) -> Result<Written, StoreError> {
    let results = match results {
        Ok(results) => results,
        Err(error) => {
            let message = error.to_string();
            return match message.contains("constraint failed") || message.contains("SQLITE_CONSTRAINT") {
                true => Ok(Written::Constraint(message)),
                false => Err(error.into()),
            };
        }
    };
    match results.last().and_then(|rows| rows.first()).and_then(|row| row.first()) {
        Some(number) => Ok(Written::Done(answer::count(number.as_deref(), "the number of a change")?)),
        None => Ok(Written::Stale),
    }
}

/// What rows are listed by. Those of a table without a primary key may have the rest of their values in common.
fn order(table: &Table) -> Vec<String> {
    match table.keyed {
        true => table.key.iter().map(|name| column("x", name)).collect(),
        false => vec!["x.rowid".to_string()],
    }
}

/// The row, and where a list goes on behind it.
fn held_columns(table: &Table, columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
    let keys: Vec<String> = order(table)
        .iter()
        .map(|value| format!("CASE typeof({value}) WHEN 'blob' THEN hex({value}) ELSE {value} END"))
        .collect();
    format!("{} AS c0,json_array({}) AS c1", unambiguous(&row(table, &names)), keys.join(","))
}

fn held(rows: Texts, width: usize) -> Result<Vec<Held>, StoreError> {
    rows.into_iter()
        .map(|columns| {
            let (text, cursor) = (text(&columns, 0)?, text(&columns, 1)?);
            Ok(Held { values: answer::row(&text, width)?, text, cursor })
        })
        .collect()
}

/// Whether a column holds the id that `value` spells, found by the column's index and then compared exactly.
fn has_id(table: &Table, name: &str, value: &str) -> String {
    let found = match kind(table, name) {
        ColumnKind::Uuid => format!("{}={}", key("x", table, name), folded(value)),
        _ => format!("{} IN ({value},{})", key("x", table, name), number(value)),
    };
    format!("{found} AND {}={value}", id("x", table, name))
}

/// Whether a row has the key of parameter `?at`, a JSON array of texts.
fn has_key(table: &Table, at: usize) -> String {
    let all = table.key.iter().enumerate().map(|(part, name)| has_id(table, name, &format!("(?{at}->>{part})")));
    all.collect::<Vec<_>>().join(" AND ")
}

/// Whether a row has the key of `?at` and still is what the parameter behind it says.
fn still(table: &Table, columns: &[&str], at: usize) -> String {
    let names: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
    format!("{} AND {}=?{}", has_key(table, at), unambiguous(&row(table, &names)), at + 1)
}

fn audit_still(table: &Table, columns: &[&str]) -> String {
    let there = format!("EXISTS (SELECT 1 FROM {} x WHERE {})", identifier(&table.name), still(table, columns, 2));
    audit_if("?1->>'$.target'", &there)
}

fn values_json(values: &[(&str, Json)]) -> String {
    values.iter().map(|(_, value)| value.clone()).collect::<Json>().to_string()
}

fn publication(row: &[Option<String>]) -> Result<Publication, StoreError> {
    Ok(Publication {
        number: answer::count(row[0].as_deref(), "the number of a bundle")?,
        digest: text(row, 1)?,
        author: text(row, 2)?,
        note: text(row, 3)?,
        published_at: text(row, 4)?,
        active: row[5].as_deref() == Some("1"),
    })
}

fn text(row: &[Option<String>], at: usize) -> Result<String, StoreError> {
    row.get(at).cloned().flatten().ok_or_else(|| StoreError::damaged("one of Palisade's own tables holds a NULL"))
}

fn json_of(text: Option<&str>) -> Result<Json, StoreError> {
    match text {
        None => Ok(Json::Null),
        Some(text) => serde_json::from_str(text).map_err(|error| StoreError::damaged(error.to_string())),
    }
}
