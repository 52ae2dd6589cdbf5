// SPDX-License-Identifier: Apache-2.0
//! The rows that decide: listed, read, written, one at a time and never behind somebody's back.
//!
//! A write names the state that it was made from (`If-Match`, RFC 9110 13.1.1) and is checked against the model: an unknown
//! column, a value of another kind, a reference to nobody is refused with the column and the fix. Secrets are neither shown
//! nor written; they do not even leave the database.

use super::publish::{Comparison, MAX_COMPARED_ROWS, too_many_rows};
use super::{Author, Members, answer, bad, conflict, failed, is_dry_run, limit, ok, parameter, with, wrong};
use crate::facts::{key_parts, key_text};
use crate::gateway::Gateway;
use crate::gateway::active::Active;
use crate::gateway::answer::Refusal;
use crate::gateway::identity::sha256_hex;
use crate::gateway::origin::Host;
use crate::gateway::path::Target as Path;
use crate::gateway::routes::MAX_ID_BYTES;
use crate::mapping::{Column, ColumnKind, Mapping, Meaning, Table, Target};
use crate::name::nearest;
use crate::rows::{Reading, Rows, TableRows, Value, format_time, normal_uuid, read_id, read_time};
use crate::store::{Held, Ledger, RowKey, Store, Write, Written};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{self, HeaderMap, HeaderName};
use http::{Response, StatusCode};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// The state of the rows after a write, as in the log.
const REVISION: HeaderName = HeaderName::from_static("palisade-revision");

/// Whole numbers beyond this are no longer whole in JavaScript: they cross as text.
const MAX_JAVASCRIPT: u64 = 1 << 53;

/// New values of some columns, as the database takes them.
type Values<'a> = Vec<(&'a str, Json)>;

impl<S: Store + Ledger, H: Host> Gateway<S, H> {
    /// `GET /.palisade/api/tables`
    pub(super) async fn tables(&self) -> Result<Response<Vec<u8>>, Refusal> {
        let active = self.in_force().await?;
        let tables: Vec<Json> = active.mapping().tables.iter().filter(|table| is_shown(table)).map(described).collect();
        Ok(ok(&json!({ "tables": tables, "bundle": active.number })))
    }

    /// `GET /.palisade/api/tables/T/rows`
    pub(super) async fn rows(&self, name: &str, target: &Path) -> Result<Response<Vec<u8>>, Refusal> {
        let active = self.in_force().await?;
        let table = table(active.mapping(), name)?;
        let limit = limit(target)?;
        let after = parameter(target, "after")?.map(|cursor| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(&cursor).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.filter(|text| matches!(serde_json::from_str(text), Ok(Json::Array(_))))
                .ok_or_else(|| bad("`after` is no cursor: take it from `next` of the page before"))
        });
        let after = after.transpose()?;
        let columns = shown(table);
        // Before the rows: what changes in between makes a page that is newer than it says, and never older.
        let revision = self.store.revision().await.map_err(failed)?;
        let held = self.store.rows(table, &columns, after.as_deref(), limit).await.map_err(failed)?;
        let next = held.last().filter(|_| held.len() == limit).map(|last| BASE64_URL_SAFE_NO_PAD.encode(&last.cursor));
        let rows: Vec<Json> = held.iter().map(|held| row_json(table, &columns, held)).collect();
        Ok(ok(&json!({
            "table": table.name, "rows": rows, "hidden": hidden(table), "next": next, "revision": revision,
        })))
    }

    /// `GET /.palisade/api/tables/T/rows/KEY`
    pub(super) async fn row(&self, name: &str, key: &str) -> Result<Response<Vec<u8>>, Refusal> {
        let active = self.in_force().await?;
        let table = table(active.mapping(), name)?;
        let revision = self.store.revision().await.map_err(failed)?;
        let held = self.held(&row_key(table, key)?).await?;
        Ok(row_answer(StatusCode::OK, table, &held, revision))
    }

    /// `POST /.palisade/api/tables/T/rows`
    pub(super) async fn create_row(
        &self,
        author: &Author,
        name: &str,
        target: &Path,
        body: Option<Json>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let active = self.in_force().await?;
        let table = writable(table(active.mapping(), name)?)?;
        let values = read_values(table, &fields(body)?)?;
        for column in &table.columns {
            let given = values.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value);
            let is_key = table.key.contains(&column.name);
            if given.is_some_and(|value| !value.is_null()) || (!is_key && given.is_none() && column.default.is_some()) {
                continue;
            }
            if is_key || !column.nullable {
                let why = match is_secret(table, column) {
                    true => "is a secret that every row must have: rows of this table are made by your application",
                    false => "is missing, and every row must have it",
                };
                return Err(wrong("bad-row", format!("`{}` {why}", column.name)));
            }
        }
        let all: BTreeMap<&str, Value> = values.iter().map(|(name, value)| (*name, value_of(value))).collect();
        self.check_references(active.mapping(), table, &values, &all).await?;
        let key = key_text(table, |name| all.get(name).unwrap_or(&Value::Null));
        let edit = Edit::Create(&values);
        if is_dry_run(target)? {
            return self.tried(&active, table, &key, &edit).await;
        }
        let after = object(table, |name| all.get(name));
        let entry = author.entry("create", format!("{}/{key}", table.name), Json::Null, after);
        let write = Write::Create { table, values: values.clone() };
        match self.store.write(&write, &entry).await.map_err(failed)? {
            Written::Done(revision) => {
                let held = self.held(&row_key(table, &key)?).await?;
                let place = format!("{}tables/{}/row?key={}", super::API_PREFIX, escaped(&table.name), escaped(&key));
                Ok(with(row_answer(StatusCode::CREATED, table, &held, revision), header::LOCATION, &place))
            }
            Written::Stale => Err(stale()),
            Written::Constraint(cause) => Err(refused_by_database(&cause)),
        }
    }

    /// `PATCH /.palisade/api/tables/T/rows/KEY`
    pub(super) async fn change_row(
        &self,
        author: &Author,
        (name, key): (&str, &str),
        target: &Path,
        headers: &HeaderMap,
        body: Option<Json>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let active = self.in_force().await?;
        let table = writable(table(active.mapping(), name)?)?;
        let values = read_values(table, &fields(body)?)?;
        if let Some((name, _)) = values.iter().find(|(name, _)| table.key.iter().any(|key| key == name)) {
            let detail = format!("`{name}` is the row's key and stays: delete the row and create another");
            return Err(wrong("bad-row", detail));
        }
        if values.is_empty() {
            return Err(wrong("bad-row", "`values` names no column to change"));
        }
        let key = row_key(table, key)?;
        let held = self.matched(&key, headers).await?;
        let columns = shown(table);
        let before: BTreeMap<&str, Value> = columns.iter().copied().zip(held.values.iter().cloned()).collect();
        let mut all = before.clone();
        all.extend(values.iter().map(|(name, value)| (*name, value_of(value))));
        self.check_references(active.mapping(), table, &values, &all).await?;
        let spelt = key_text(table, |name| before.get(name).unwrap_or(&Value::Null));
        if is_dry_run(target)? {
            return self.tried(&active, table, &spelt, &Edit::Change(&values)).await;
        }
        let (was, is) = (object(table, |name| before.get(name)), object(table, |name| all.get(name)));
        let entry = author.entry("change", format!("{}/{spelt}", table.name), was, is);
        let write = Write::Change { key: key.clone(), columns: &columns, held: &held.text, values };
        match self.store.write(&write, &entry).await.map_err(failed)? {
            Written::Done(revision) => Ok(row_answer(StatusCode::OK, table, &self.held(&key).await?, revision)),
            Written::Stale => Err(stale()),
            Written::Constraint(cause) => Err(refused_by_database(&cause)),
        }
    }

    /// `DELETE /.palisade/api/tables/T/rows/KEY`
    pub(super) async fn delete_row(
        &self,
        author: &Author,
        (name, key): (&str, &str),
        target: &Path,
        headers: &HeaderMap,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let active = self.in_force().await?;
        let table = writable(table(active.mapping(), name)?)?;
        let key = row_key(table, key)?;
        let held = self.matched(&key, headers).await?;
        let columns = shown(table);
        let before: BTreeMap<&str, Value> = columns.iter().copied().zip(held.values.iter().cloned()).collect();
        let spelt = key_text(table, |name| before.get(name).unwrap_or(&Value::Null));
        if is_dry_run(target)? {
            return self.tried(&active, table, &spelt, &Edit::Delete).await;
        }
        let was = object(table, |name| before.get(name));
        let entry = author.entry("delete", format!("{}/{spelt}", table.name), was, Json::Null);
        let write = Write::Delete { key, columns: &columns, held: &held.text };
        match self.store.write(&write, &entry).await.map_err(failed)? {
            Written::Done(revision) => {
                let answered = ok(&json!({ "table": table.name, "key": spelt, "deleted": true, "revision": revision }));
                Ok(with(answered, REVISION, &revision.to_string()))
            }
            Written::Stale => Err(stale()),
            Written::Constraint(cause) => Err(refused_by_database(&cause)),
        }
    }

    /// The one row with this key.
    async fn held(&self, key: &RowKey<'_>) -> Result<Held, Refusal> {
        let mut found = self.store.row(key, &shown(key.table)).await.map_err(failed)?;
        match (found.pop(), found.pop()) {
            (Some(held), None) => Ok(held),
            (None, _) => Err(Refusal::new(StatusCode::NOT_FOUND, "no-row", "there is no such row")),
            (Some(_), Some(_)) => {
                let detail = "two rows are spelt with this key, as a number and as text: change them by SQL";
                Err(conflict("two-rows", detail))
            }
        }
    }

    /// The one row with this key, if it still is what the request was made from.
    async fn matched(&self, key: &RowKey<'_>, headers: &HeaderMap) -> Result<Held, Refusal> {
        let needed = || {
            let detail = "say which state of the row this is for: `If-Match` with the `ETag` that you read";
            Refusal::new(StatusCode::PRECONDITION_REQUIRED, "if-match-missing", detail)
        };
        let mut tags = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            tags.extend(value.to_str().unwrap_or_default().split(',').map(str::trim));
        }
        if tags.is_empty() || tags.contains(&"*") {
            return Err(needed());
        }
        let held = self.held(key).await?;
        match tags.contains(&etag(&held).as_str()) {
            true => Ok(held),
            false => Err(stale()),
        }
    }

    /// Refuses references to rows that are not there, and names of types that mean nothing.
    async fn check_references(
        &self,
        mapping: &Mapping,
        table: &Table,
        values: &Values<'_>,
        all: &BTreeMap<&str, Value>,
    ) -> Result<(), Refusal> {
        let id_of = |name: &str| match read_id(all.get(name)?, kind_of(table, name)) {
            Reading::Is(id) => Some(id),
            _ => None,
        };
        let touched = |name: &str| values.iter().any(|(own, _)| *own == name);
        let mut wanted: Vec<(&Table, &str, String)> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for column in table.columns.iter().filter(|column| touched(&column.name)) {
            let to = column.references.as_deref().and_then(|name| mapping.table(name));
            if let (Some(to), Some(id)) = (to, id_of(&column.name))
                && let [key] = &to.key[..]
            {
                wanted.push((to, key, id));
                names.push(&column.name);
            }
        }
        for (target, optional) in targets(&table.meaning) {
            match target {
                Target::Fixed { column, type_name } => {
                    let is_foreign = table.column(column).is_some_and(|column| column.references.is_some());
                    if let (false, true, Some(id), Some((to, entity))) =
                        (is_foreign, touched(column), id_of(column), mapping.entity(type_name))
                    {
                        wanted.push((to, &entity.id, id));
                        names.push(column);
                    }
                }
                Target::Typed { type_column, id_column, types } => {
                    if !touched(type_column) && !touched(id_column) {
                        continue;
                    }
                    let (kind, id) = (id_of(type_column), id_of(id_column));
                    let kind = match kind {
                        None if id.is_none() && optional => continue,
                        None => {
                            let detail = format!("`{type_column}` is empty: it says of which type `{id_column}` is");
                            return Err(wrong("bad-row", detail));
                        }
                        Some(kind) => types.get(&kind.to_ascii_lowercase()).ok_or_else(|| {
                            let known: Vec<&str> = types.keys().map(String::as_str).collect();
                            let detail = format!("`{type_column}` names no type; it takes {}", known.join(", "));
                            wrong("bad-row", detail)
                        })?,
                    };
                    let Some(id) = id else {
                        let detail = format!("`{id_column}` is empty: it says which {kind} is meant");
                        return Err(wrong("bad-row", detail));
                    };
                    if let Some((to, entity)) = mapping.entity(kind) {
                        wanted.push((to, &entity.id, id));
                        names.push(id_column);
                    }
                }
            }
        }
        let there = self.store.exist(&wanted).await.map_err(failed)?;
        match there.iter().position(|there| !there) {
            None => Ok(()),
            Some(at) => {
                let (to, _, id) = &wanted[at];
                let detail =
                    format!("`{}` names a row that is not there: `{}/{id}`; create that one first", names[at], to.name);
                Err(wrong("bad-row", detail))
            }
        }
    }

    /// What a write would change about decisions. Writes nothing.
    async fn tried(
        &self,
        active: &Active,
        table: &Table,
        key: &str,
        edit: &Edit<'_>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let rows = self.store.count(active.mapping(), MAX_COMPARED_ROWS).await.map_err(failed)?;
        let comparison = if rows > MAX_COMPARED_ROWS {
            too_many_rows()
        } else {
            let before = self.store.everything(&active.plan).await.map_err(failed)?.rows;
            let mut after = before.clone();
            edit.apply(table, key, &mut after, self.host.now());
            match after.contains_key(&table.name) {
                true => self.compared((active, &before), (active, &after)),
                false => {
                    Comparison::NotMade("rows of this table decide who somebody is, not what they may do".to_string())
                }
            }
        };
        let mut answered = json!({ "table": table.name, "key": key, "dry_run": true });
        comparison.add_to(&mut answered);
        Ok(ok(&answered))
    }
}

/// A write, applied to rows in memory.
enum Edit<'a> {
    Create(&'a Values<'a>),
    Change(&'a Values<'a>),
    Delete,
}

impl Edit<'_> {
    fn apply(&self, table: &Table, key: &str, rows: &mut Rows, now: i64) {
        let Some(of_table) = rows.get_mut(&table.name) else { return };
        let TableRows { columns, rows } = of_table;
        let is_it = |row: &Vec<Value>| {
            let value = |name: &str| columns.iter().position(|own| own == name).and_then(|at| row.get(at));
            key_text(table, |name| value(name).unwrap_or(&Value::Null)) == key
        };
        match self {
            Edit::Delete => rows.retain(|row| !is_it(row)),
            Edit::Change(values) => {
                for row in rows.iter_mut().filter(|row| is_it(row)) {
                    for (name, value) in values.iter() {
                        if let Some(at) = columns.iter().position(|own| own == name) {
                            row[at] = value_of(value);
                        }
                    }
                }
            }
            Edit::Create(values) => {
                let value = |name: &String| match values.iter().find(|(own, _)| own == name) {
                    Some((_, value)) => value_of(value),
                    None => table.column(name).map_or(Value::Null, |column| default_of(column, now)),
                };
                rows.push(columns.iter().map(value).collect());
            }
        }
    }
}

/// What the database puts into a column that a new row leaves out, as far as the schema says so readably.
fn default_of(column: &Column, now: i64) -> Value {
    let Some(written) = column.default.as_deref().map(str::trim) else { return Value::Null };
    match written.to_ascii_lowercase().as_str() {
        "true" => return Value::Integer(1),
        "false" => return Value::Integer(0),
        "now()" | "current_timestamp" | "current_timestamp()" | "getdate()" | "sysdate" => {
            return Value::Text(format_time(now));
        }
        _ => {}
    }
    if let Ok(number) = written.parse::<i64>() {
        return Value::Integer(number);
    }
    let text = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    text.map_or(Value::Null, |text| Value::Text(text.replace("''", "'")))
}

/// Tables without a meaning are nobody's business here.
fn is_shown(table: &Table) -> bool {
    !matches!(table.meaning, Meaning::Ignored { .. })
}

fn table<'m>(mapping: &'m Mapping, name: &str) -> Result<&'m Table, Refusal> {
    let tables = || mapping.tables.iter().filter(|table| is_shown(table));
    tables().find(|table| table.name == name).ok_or_else(|| {
        let near = nearest(name, tables().map(|table| table.name.as_str()));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Refusal::new(StatusCode::NOT_FOUND, "no-table", format!("the model has no such table{near}"))
    })
}

/// Why rows of a table cannot be written here; `None` where they can.
fn read_only(table: &Table) -> Option<&'static str> {
    let is_hidden = |name: &String| table.column(name).is_none_or(|column| is_secret(table, column));
    if !table.keyed {
        Some("the table has no primary key, so that no row of it can be named")
    } else if table.key.iter().any(is_hidden) {
        Some("its primary key is a secret")
    } else if table.key.iter().any(|name| kind_of(table, name) == ColumnKind::Blob) {
        Some("its primary key is of bytes")
    } else {
        None
    }
}

fn writable(table: &Table) -> Result<&Table, Refusal> {
    match read_only(table) {
        None => Ok(table),
        Some(why) => Err(wrong("read-only-table", format!("rows of `{}` are changed by SQL: {why}", table.name))),
    }
}

fn row_key<'t>(table: &'t Table, key: &str) -> Result<RowKey<'t>, Refusal> {
    let table = writable(table)?;
    let parts = key_parts(table, key).ok_or_else(|| {
        bad(format!(
            "the key has {} columns: write their ids with commas between them, in the order {}",
            table.key.len(),
            table.key.join(",")
        ))
    })?;
    Ok(RowKey { table, parts })
}

/// The hash of a token is one whatever its column is called.
fn is_secret(table: &Table, column: &Column) -> bool {
    let is_token = matches!(&table.meaning, Meaning::LoginSession(session) if session.token_hash == column.name);
    column.secret || is_token
}

fn shown(table: &Table) -> Vec<&str> {
    table.columns.iter().filter(|column| !is_secret(table, column)).map(|column| column.name.as_str()).collect()
}

fn hidden(table: &Table) -> Vec<&str> {
    table.columns.iter().filter(|column| is_secret(table, column)).map(|column| column.name.as_str()).collect()
}

fn kind_of(table: &Table, name: &str) -> ColumnKind {
    table.column(name).map_or(ColumnKind::Text, |column| column.kind)
}

/// A table as administrators see it.
fn described(table: &Table) -> Json {
    let meaning = table.meaning.kind();
    let columns: Vec<Json> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "kind": column.kind,
                "nullable": column.nullable,
                "unique": column.unique,
                "references": column.references,
                "hidden": is_secret(table, column),
            })
        })
        .collect();
    json!({
        "name": table.name,
        "meaning": meaning,
        "type": table.entity().map(|entity| &entity.type_name),
        "key": table.key,
        "columns": columns,
        "read_only": read_only(table),
    })
}

/// References of a row beside its foreign keys, and whether they may be left empty.
fn targets(meaning: &Meaning) -> Vec<(&Target, bool)> {
    match meaning {
        Meaning::RoleAssignment(meaning) => meaning.scope.iter().map(|scope| (scope, true)).collect(),
        Meaning::DirectPermission(meaning) => meaning.scope.iter().map(|scope| (scope, true)).collect(),
        Meaning::Acl(meaning) => vec![(&meaning.subject, false), (&meaning.object, false)],
        _ => Vec::new(),
    }
}

fn etag(held: &Held) -> String {
    format!("\"{}\"", &sha256_hex(held.text.as_bytes())[..32])
}

fn row_json(table: &Table, columns: &[&str], held: &Held) -> Json {
    let value = |name: &str| columns.iter().position(|own| *own == name).and_then(|at| held.values.get(at));
    let values: Map<String, Json> = table
        .columns
        .iter()
        .map(|column| {
            (column.name.clone(), value(&column.name).map_or(Json::Null, |value| shown_value(value, column.kind)))
        })
        .collect();
    let key = read_only(table).is_none().then(|| key_text(table, |name| value(name).unwrap_or(&Value::Null)));
    json!({ "key": key, "etag": etag(held), "values": values })
}

fn row_answer(status: StatusCode, table: &Table, held: &Held, revision: u64) -> Response<Vec<u8>> {
    let mut body = row_json(table, &shown(table), held);
    body["table"] = json!(table.name);
    body["hidden"] = json!(hidden(table));
    body["revision"] = json!(revision);
    let answered = with(answer(status, &body), header::ETAG, &etag(held));
    with(answered, REVISION, &revision.to_string())
}

/// The columns that may be seen, as JSON.
fn object<'v>(table: &Table, value: impl Fn(&str) -> Option<&'v Value>) -> Json {
    let shown = table.columns.iter().filter(|column| !is_secret(table, column));
    let fields = shown.filter_map(|column| Some((column.name.clone(), shown_value(value(&column.name)?, column.kind))));
    Json::Object(fields.collect())
}

/// A value as JSON that JavaScript reads without loss.
fn shown_value(value: &Value, kind: ColumnKind) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(0) if kind == ColumnKind::Bool => Json::Bool(false),
        Value::Integer(1) if kind == ColumnKind::Bool => Json::Bool(true),
        Value::Integer(number) if number.unsigned_abs() <= MAX_JAVASCRIPT => json!(number),
        Value::Integer(number) => json!(number.to_string()),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => json!({ "blob": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
    }
}

/// A value that is written, as the rows in memory have it.
fn value_of(value: &Json) -> Value {
    match value {
        Json::Bool(flag) => Value::Integer(i64::from(*flag)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, Some(number)) => Value::Real(number),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::Text(text.clone()),
        _ => Value::Null,
    }
}

fn fields(body: Option<Json>) -> Result<Map<String, Json>, Refusal> {
    let mut members = Members::read(body, &["values"])?;
    match members.0.remove("values") {
        Some(Json::Object(fields)) => Ok(fields),
        _ => Err(bad("`values` is missing: an object of columns and their values")),
    }
}

/// Values for some columns, each checked against its column.
fn read_values<'t>(table: &'t Table, fields: &Map<String, Json>) -> Result<Values<'t>, Refusal> {
    let mut values = Vec::new();
    for (name, given) in fields {
        let column = table.column(name).ok_or_else(|| {
            let near = nearest(name, table.columns.iter().map(|column| column.name.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            wrong("bad-row", format!("`{}` has no column `{name}`{near}", table.name))
        })?;
        if is_secret(table, column) {
            let detail = format!("`{name}` is a secret, and is written by your application alone");
            return Err(wrong("bad-row", detail));
        }
        let value = read_value(table, column, given).map_err(|why| wrong("bad-row", format!("`{name}` {why}")))?;
        values.push((column.name.as_str(), value));
    }
    Ok(values)
}

fn read_value(table: &Table, column: &Column, given: &Json) -> Result<Json, String> {
    let is_key = table.key.contains(&column.name);
    if given.is_null() {
        return match column.nullable && !is_key {
            true => Ok(Json::Null),
            false => Err("may not be null".to_string()),
        };
    }
    if let Json::String(text) = given {
        if text.contains('\0') {
            return Err("has a NUL in it, at which databases cut".to_string());
        }
        if is_key && (text.is_empty() || text.len() > MAX_ID_BYTES || text.chars().any(char::is_control)) {
            return Err(format!("can be no id: an id has 1 to {MAX_ID_BYTES} bytes and no control characters"));
        }
    }
    let read = match (column.kind, given) {
        (ColumnKind::Bool, Json::Bool(flag)) => Some(json!(i64::from(*flag))),
        (ColumnKind::Bool, Json::Number(number)) => number.as_i64().filter(|n| matches!(n, 0 | 1)).map(Json::from),
        (ColumnKind::Long, Json::Number(number)) => number.as_i64().map(Json::from),
        (ColumnKind::Long, Json::String(text)) => {
            text.parse::<i64>().ok().filter(|number| number.to_string() == *text).map(Json::from)
        }
        (ColumnKind::Decimal, Json::Number(_)) => Some(given.clone()),
        (ColumnKind::Decimal, Json::String(text)) => {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
            (plain && text.parse::<f64>().is_ok()).then(|| given.clone())
        }
        (ColumnKind::Text, Json::String(_)) => Some(given.clone()),
        (ColumnKind::Uuid, Json::String(text)) => {
            let plain = normal_uuid(text).replace('-', "");
            let is_uuid = plain.len() == 32 && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_uuid.then(|| given.clone())
        }
        (ColumnKind::Time, Json::String(_) | Json::Number(_)) => {
            read_time(&value_of(given)).known().map(|_| given.clone())
        }
        _ => None,
    };
    let value = read.ok_or_else(|| {
        let expected = match column.kind {
            ColumnKind::Bool => "true or false",
            ColumnKind::Long => "a whole number of 64 bits, or its text",
            ColumnKind::Decimal => "a number, or its text",
            ColumnKind::Text => "a text",
            ColumnKind::Uuid => "a UUID",
            ColumnKind::Time => "a time: `2026-01-31T09:00:00Z`, or whole Unix seconds",
            ColumnKind::Blob => "a value that can be written here: bytes are written by your application",
        };
        format!("is not {expected}")
    })?;
    named_type(table, column, &value)?;
    Ok(value)
}

/// A column that names a resource type holds one that the model knows.
fn named_type(table: &Table, column: &Column, value: &Json) -> Result<(), String> {
    let Meaning::Permission(permission) = &table.meaning else { return Ok(()) };
    let Some(kinds) = permission.resource.as_ref().filter(|kinds| kinds.column == column.name) else { return Ok(()) };
    let text = value.as_str().unwrap_or_default().to_ascii_lowercase();
    if kinds.otherwise_any || kinds.types.contains_key(&text) {
        return Ok(());
    }
    let known: Vec<&str> = kinds.types.keys().map(String::as_str).collect();
    Err(format!(
        "names no type of the model, so that the permission would convey nothing; it takes {}",
        known.join(", ")
    ))
}

/// 412: the row is not what the request was made from (RFC 9110 15.5.13).
fn stale() -> Refusal {
    let detail = "the row has changed since you read it; nothing was written: read it again";
    Refusal::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
}

/// The database's own rules. Its words name tables and columns, and no values.
fn refused_by_database(cause: &str) -> Refusal {
    let what = cause.split("D1_ERROR: ").last().unwrap_or(cause).split(": SQLITE").next().unwrap_or(cause);
    conflict("constraint", format!("the database refuses this: {what}; nothing was written")).because(cause)
}

/// Text in a URL's path or query.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
