// SPDX-License-Identifier: Apache-2.0
//! The store on a database that speaks SQL.

use super::answer;
use super::driver::{Driver, Texts};
use super::plan::{Side, SlicePlan};
use super::statement::{self, HEAD, MOST_ENTITIES, Part, Statement};
use super::touch::{self, Change, Changes, MOST_CHANGES};
use super::{ApiKey, Ask, Got, Ids, Slice, Store, StoreError, Want};
use crate::mapping::ColumnKind;
use crate::rows::{Rows, TableRows, Value, read_id};
use std::sync::Arc;

const REVISION: &str = include_str!("sql/revision.sql");
const ACTIVE_NUMBER: &str = include_str!("sql/active_number.sql");
const ACTIVE_BUNDLE: &str = include_str!("sql/active_bundle.sql");
const API_KEY: &str = include_str!("sql/api_key.sql");

/// A store behind a driver.
pub struct SqlStore<D> {
    pub driver: D,
}

impl<D: Driver> SqlStore<D> {
    pub fn new(driver: D) -> SqlStore<D> {
        SqlStore { driver }
    }
}

impl<D: Driver> Store for SqlStore<D> {
    async fn fetch(&self, plan: &SlicePlan, want: &Want<'_>) -> Result<Got, StoreError> {
        let news = want.news.map(|since| News::since(plan, since));
        let login = want.login.and_then(|hash| Some((statement::login(plan)?, hash)));
        // Where no table has logins, nobody asks by one: no statement takes its hash.
        let by = login.as_ref().map(|(_, hash)| *hash);
        let asked = want.slice.map(|ask| Asked::of(plan, ask, by)).transpose()?;
        let mut statements: Vec<(&str, Vec<&str>)> = Vec::new();
        if let Some(news) = &news {
            statements.push((&news.sql, vec![&news.since, &news.triggers]));
        }
        if let Some((statement, hash)) = &login {
            statements.push((&statement.sql, vec![hash]));
        }
        if let Some(asked) = &asked {
            statements.push((&asked.statement.sql, asked.params()));
        }
        let statements: Vec<(&str, &[&str])> = statements.iter().map(|(sql, params)| (*sql, &params[..])).collect();
        let results = match &statements[..] {
            [] => Vec::new(),
            [(sql, params)] if news.is_none() => vec![self.driver.query(sql, params).await?],
            statements => self.driver.batch(statements).await?,
        };
        if results.len() != statements.len() {
            return Err(StoreError::damaged("a batch came back with another number of results"));
        }
        let mut results = results.into_iter();
        let mut next = || results.next().unwrap_or_default();
        let mut got = Got::default();
        if let Some(news) = &news {
            got.news = Some(news.read(plan, next())?);
        }
        if let Some((statement, hash)) = &login {
            got.login = Some(read_login(plan, statement, hash, next())?);
        } else if want.login.is_some() {
            got.login = Some(Slice::default());
        }
        if let (Some(asked), Some(ask)) = (&asked, want.slice) {
            got.slice = Some(asked.read(ask, next())?);
        }
        Ok(got)
    }

    async fn ids(&self, plan: &SlicePlan, type_name: &str, most: usize) -> Result<Ids, StoreError> {
        let Some((table, entity)) = plan.mapping.entity(type_name) else { return Ok(Ids::default()) };
        let row = one_row(self.driver.query(&statement::ids(table, &entity.id, most + 1), &[]).await?)?;
        let [revision, bundle, Some(json)] = &row[..] else {
            return Err(StoreError::damaged("ids came back with another number of columns"));
        };
        let rows = answer::rows(json, 1)?;
        let kind = table.column(&entity.id).map_or(ColumnKind::Text, |column| column.kind);
        Ok(Ids {
            ids: readable(&rows, kind, type_name, most)?,
            revision: answer::count(revision.as_deref(), "the revision")?,
            bundle: active_number(bundle.as_deref())?,
        })
    }

    async fn api_key(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let rows = self.driver.query(API_KEY, &[key_hash]).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let [Some(json)] = &row[..] else { return Err(StoreError::damaged("an API key came back without its JSON")) };
        let [id, hash, name, principal, may, expires, revoked] = <[Value; 7]>::try_from(answer::row(json, 7)?)
            .map_err(|_| StoreError::damaged("an API key came back with another number of columns"))?;
        // What is no text names nothing and may do nothing. JSON has no bytes: the statement writes a word for those of a
        // time, which is no time either.
        let text = |value: Value| match value {
            Value::Text(text) => text,
            _ => String::new(),
        };
        let key_hash = text(hash);
        let principal = (principal != Value::Null).then(|| text(principal));
        let revoked = revoked != Value::Integer(0);
        Ok(Some(ApiKey { id: text(id), key_hash, name: text(name), principal, may: text(may), expires, revoked }))
    }

    async fn everything(&self, plan: &SlicePlan) -> Result<Slice, StoreError> {
        let tables: Vec<_> = plan.mapping.tables.iter().filter(|table| statement::is_meaningful(table)).collect();
        let columns: Vec<Vec<String>> = tables.iter().map(|table| plan.all_columns(table)).collect();
        let selects: Vec<String> =
            tables.iter().zip(&columns).map(|(table, columns)| statement::everything(table, columns)).collect();
        let mut statements: Vec<(&str, &[&str])> = vec![(REVISION, &[]), (ACTIVE_NUMBER, &[])];
        statements.extend(selects.iter().map(|sql| (sql.as_str(), &[] as &[&str])));
        let mut results = self.driver.batch(&statements).await?.into_iter();
        let mut next = || results.next().ok_or_else(|| StoreError::damaged("a batch came back with fewer results"));
        let revision = answer::count(one_value(next()?)?.as_deref(), "the revision")?;
        let bundle = active_number(first(next()?).as_deref())?;
        let mut rows = Rows::new();
        for (table, columns) in tables.into_iter().zip(columns) {
            let mut of_table = Vec::new();
            for row in next()? {
                let [Some(json)] = &row[..] else {
                    return Err(StoreError::damaged("a row came back without its JSON"));
                };
                of_table.push(answer::row(json, columns.len())?);
            }
            rows.insert(table.name.clone(), TableRows { columns, rows: of_table });
        }
        Ok(Slice { rows, revision, bundle })
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        answer::count(one_value(self.driver.query(REVISION, &[]).await?)?.as_deref(), "the revision")
    }

    async fn active_bundle(&self) -> Result<Option<(u64, String)>, StoreError> {
        let rows = self.driver.query(ACTIVE_BUNDLE, &[]).await?;
        match &rows[..] {
            [] => Ok(None),
            [row] => match &row[..] {
                [number, Some(bundle), Some(digest)] => {
                    let number = active_number(number.as_deref())?;
                    super::ledger::whole(number, digest, bundle)?;
                    Ok(Some((number, bundle.clone())))
                }
                _ => Err(StoreError::damaged("`palisade_active` names a bundle that `palisade_bundle` does not hold")),
            },
            _ => Err(StoreError::damaged("`palisade_active` has more than one row")),
        }
    }
}

/// The question of a slice, in text.
struct Asked {
    statement: Arc<Statement>,
    seeds: String,
    actions: String,
    login: Option<String>,
}

impl Asked {
    /// `login`: the hash of the token whose principal asks, in place of the one that `ask` names.
    fn of(plan: &SlicePlan, ask: &Ask, login: Option<&str>) -> Result<Asked, StoreError> {
        let mut seeds = plan.seeds(ask);
        if login.is_some() {
            seeds.remove(&(Side::Who, ask.principal.clone()));
        }
        let seeds: Vec<(u8, String, String)> =
            seeds.into_iter().map(|(side, uid)| (side as u8, uid.kind, uid.id)).collect();
        // An action that cannot be read is '' to the statement; what such a permission forbids is always kept.
        let mut actions: Vec<&str> = ask.actions.iter().flatten().map(String::as_str).collect();
        actions.push("");
        Ok(Asked {
            statement: plan.statement(ask, login.is_some())?,
            login: login.map(str::to_string),
            seeds: serde_json::json!(seeds).to_string(),
            actions: serde_json::json!(actions).to_string(),
        })
    }

    fn params(&self) -> Vec<&str> {
        let mut params = vec![self.seeds.as_str()];
        params.extend(self.statement.takes_actions.then_some(self.actions.as_str()));
        params.extend(self.login.as_deref());
        params
    }

    fn read(&self, ask: &Ask, result: Texts) -> Result<Slice, StoreError> {
        let head = one_row(result)?;
        if head.len() != HEAD + self.statement.columns.len() {
            return Err(StoreError::damaged("a slice came back with another number of columns"));
        }
        let reached = answer::count(head[2].as_deref(), "the number of entities")?;
        if reached > MOST_ENTITIES as u64 {
            return Err(StoreError::too_much(format!(
                "{} and {} reach more than {MOST_ENTITIES} entities",
                ask.principal, ask.resource
            )));
        }
        Ok(Slice {
            rows: read_parts(&self.statement, &head[HEAD..])?,
            revision: answer::count(head[0].as_deref(), "the revision")?,
            bundle: active_number(head[1].as_deref())?,
        })
    }
}

/// The question of what happened, in text.
struct News {
    sql: String,
    /// `None` where nothing is known yet.
    after: Option<u64>,
    since: String,
    triggers: String,
    wanted: u64,
}

impl News {
    fn since(plan: &SlicePlan, after: Option<u64>) -> News {
        let triggers = touch::triggers(&plan.mapping);
        News {
            sql: statement::changes(),
            after,
            since: after.map_or(i64::MAX.to_string(), |after| after.to_string()),
            wanted: triggers.len() as u64,
            triggers: serde_json::json!(triggers).to_string(),
        }
    }

    fn read(&self, plan: &SlicePlan, result: Texts) -> Result<Changes, StoreError> {
        let row = one_row(result)?;
        let [revision, bundle, triggers, oldest, Some(list)] = &row[..] else {
            return Err(StoreError::damaged("the changes came back with another number of columns"));
        };
        let revision = answer::count(revision.as_deref(), "the revision")?;
        let oldest = answer::count(oldest.as_deref(), "the oldest change")?;
        let told: Vec<(u64, String, Option<String>)> =
            serde_json::from_str(list).map_err(|error| StoreError::damaged(format!("the change log: {error}")))?;
        // What was pruned cannot be told, and a revision that fell is of another database.
        let known = self.after.is_none_or(|after| after == revision || (after < revision && oldest <= after + 1));
        let list = told.into_iter().map(|(revision, table, about)| {
            let about = plan.mapping.table(&table).and_then(|table| touch::read_about(table, about.as_deref()));
            Change { revision, table, about }
        });
        let list: Vec<Change> = list.collect();
        Ok(Changes {
            revision,
            bundle: active_number(bundle.as_deref())?,
            complete: known && list.len() <= MOST_CHANGES,
            list,
            logged: answer::count(triggers.as_deref(), "the number of triggers")? == self.wanted,
        })
    }
}

fn read_login(plan: &SlicePlan, statement: &Statement, hash: &str, result: Texts) -> Result<Slice, StoreError> {
    let row = one_row(result)?;
    let [revision, bundle, parts @ ..] = &row[..] else {
        return Err(StoreError::damaged("a login came back with another number of columns"));
    };
    let mut rows = read_parts(statement, parts)?;
    keep_exact(plan, &mut rows, hash);
    Ok(Slice {
        rows,
        revision: answer::count(revision.as_deref(), "the revision")?,
        bundle: active_number(bundle.as_deref())?,
    })
}

/// The ids in the one column of `rows`.
pub(super) fn readable(
    rows: &[Vec<Value>],
    kind: ColumnKind,
    type_name: &str,
    most: usize,
) -> Result<Vec<String>, StoreError> {
    if rows.len() > most {
        return Err(StoreError::too_much(format!("there are more than {most} entities of the type {type_name}")));
    }
    Ok(rows.iter().filter_map(|row| read_id(row.first()?, kind).known()).collect())
}

fn read_parts(statement: &Statement, columns: &[Option<String>]) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    let mut add = |part: &Part, json: &str| -> Result<(), StoreError> {
        let more = answer::rows(json, part.columns.len())?;
        let table = rows
            .entry(part.table.clone())
            .or_insert_with(|| TableRows { columns: part.columns.clone(), rows: Vec::new() });
        table.rows.extend(more);
        Ok(())
    };
    for (parts, json) in statement.columns.iter().zip(columns) {
        let json = json.as_deref().ok_or_else(|| StoreError::damaged("a part of a slice came back as NULL"))?;
        match &parts[..] {
            [part] if statement.columns.iter().all(|parts| parts.len() == 1) => add(part, json)?,
            parts => {
                let groups = answer::groups(json)?;
                if groups.len() != parts.len() {
                    return Err(StoreError::damaged("a part of a slice is missing"));
                }
                for (part, json) in parts.iter().zip(groups) {
                    add(part, json.get())?;
                }
            }
        }
    }
    Ok(rows)
}

/// Keeps the rows whose hash is this one, byte for byte: the column's collation may have been more generous.
pub(super) fn keep_exact(plan: &SlicePlan, rows: &mut Rows, token_hash: &str) {
    rows.retain(|name, table| {
        let column = plan.mapping.table(name).and_then(statement::session).map(|session| &session.token_hash);
        let at = table.columns.iter().position(|name| Some(name) == column);
        table.rows.retain(|row| matches!(at.and_then(|at| row.get(at)), Some(Value::Text(held)) if held == token_hash));
        !table.rows.is_empty()
    });
}

fn active_number(text: Option<&str>) -> Result<u64, StoreError> {
    text.map_or(Ok(0), |text| answer::count(Some(text), "the number of the active bundle"))
}

fn one_row(mut rows: Texts) -> Result<Vec<Option<String>>, StoreError> {
    match (rows.pop(), rows.pop()) {
        (Some(row), None) => Ok(row),
        _ => Err(StoreError::damaged("a statement that makes one row made none or several")),
    }
}

fn one_value(rows: Texts) -> Result<Option<String>, StoreError> {
    Ok(one_row(rows)?.into_iter().next().flatten())
}

fn first(rows: Texts) -> Option<String> {
    rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten()
}
