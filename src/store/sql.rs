// SPDX-License-Identifier: Apache-2.0
//! The store on a database that speaks SQL.

use super::answer;
use super::driver::{Driver, Texts};
use super::plan::SlicePlan;
use super::statement::{self, HEAD, MOST_ENTITIES, Part, Statement};
use super::{Ask, Ids, Slice, Store, StoreError};
use crate::mapping::ColumnKind;
use crate::rows::{Rows, TableRows, Value, read_id};

const REVISION: &str = include_str!("sql/revision.sql");
const ACTIVE_NUMBER: &str = include_str!("sql/active_number.sql");
const ACTIVE_BUNDLE: &str = include_str!("sql/active_bundle.sql");

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
    async fn slice(&self, plan: &SlicePlan, ask: &Ask) -> Result<Slice, StoreError> {
        let statement = plan.statement(ask)?;
        let seeds: Vec<(u8, String, String)> =
            plan.seeds(ask).into_iter().map(|(side, uid)| (side as u8, uid.kind, uid.id)).collect();
        let seeds = serde_json::json!(seeds).to_string();
        // An action that cannot be read is '' to the statement; what such a permission forbids is always kept.
        let mut actions: Vec<&str> = ask.actions.iter().flatten().map(String::as_str).collect();
        actions.push("");
        let actions = serde_json::json!(actions).to_string();
        let params = [seeds.as_str(), &actions];
        let params = if statement.takes_actions { &params[..] } else { &params[..1] };
        let head = one_row(self.driver.query(&statement.sql, params).await?)?;
        if head.len() != HEAD + statement.columns.len() {
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
            rows: read_parts(&statement, &head[HEAD..])?,
            revision: answer::count(head[0].as_deref(), "the revision")?,
            bundle: active_number(head[1].as_deref())?,
        })
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

    async fn login(&self, plan: &SlicePlan, token_hash: &str) -> Result<Rows, StoreError> {
        let Some(statement) = statement::login(plan) else { return Ok(Rows::new()) };
        let row = one_row(self.driver.query(&statement.sql, &[token_hash]).await?)?;
        let mut rows = read_parts(&statement, &row)?;
        keep_exact(plan, &mut rows, token_hash);
        Ok(rows)
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
