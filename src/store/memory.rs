// SPDX-License-Identifier: Apache-2.0
//! The store without a database: rows at hand, and the same choice of them without SQL. For the browser and the page.

use super::log::MemoryLog;
use super::plan::{self, Edge, Side, SlicePlan};
use super::statement;
use super::touch::{self, Change, Changes, MOST_CHANGES};
use super::{ApiKey, Ask, Got, Ids, Slice, Store, StoreError, Want, sql};
use crate::mapping::{ColumnKind, Entity, Meaning, Pattern, Piece, Table, Target};
use crate::name::Uid;
use crate::rows::{Reading, Rows, TableRows, Value, read_bool, read_id};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Rows in memory.
#[derive(Default)]
pub struct MemoryStore {
    rows: Rows,
    /// What [`MemoryStore::replace`] did: the rows that were or became others, each with its revision, table and columns.
    changed: Vec<(u64, String, Vec<String>, Vec<Value>)>,
    active: Option<(u64, String)>,
    keys: Vec<ApiKey>,
    indexes: RefCell<Indexes>,
    log: RefCell<MemoryLog>,
}

/// Made when first asked for; good for one plan, since a plan says how a column is read.
#[derive(Default)]
struct Indexes {
    plan: u64,
    found: HashMap<(String, Over), Rc<Found>>,
}

/// What an index of a table is over.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Over {
    /// The ids in a column.
    Ids(String),
    /// The actions of a table of permissions.
    Actions,
    /// Whether a row forbids and does not say readably whom or what.
    Damage,
}

/// Rows by id or action; those that cannot be read are under "". Damaged ones are under [`DAMAGED`].
type Found = HashMap<String, Vec<usize>>;

const DAMAGED: &str = "damaged";

impl MemoryStore {
    pub fn new(rows: Rows) -> MemoryStore {
        MemoryStore { rows, ..MemoryStore::default() }
    }

    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Replaces all rows of one table. The revision grows by each row that was or became another one.
    pub fn replace(&mut self, table: impl Into<String>, rows: TableRows) {
        let table = table.into();
        self.indexes.borrow_mut().found.retain(|(name, _), _| *name != table);
        let before = self.rows.insert(table.clone(), rows.clone()).unwrap_or_default();
        let kept = |row: &Vec<Value>, others: &TableRows, own: &TableRows| {
            own.columns == others.columns && others.rows.contains(row)
        };
        let gone = before.rows.iter().filter(|row| !kept(row, &rows, &before)).map(|row| (&before.columns, row));
        let come = rows.rows.iter().filter(|row| !kept(row, &before, &rows)).map(|row| (&rows.columns, row));
        for (columns, row) in gone.chain(come) {
            let revision = self.revision() + 1;
            self.changed.push((revision, table.clone(), columns.clone(), row.clone()));
        }
    }

    /// As [`MemoryStore::replace`], where nobody asks what changed: the revision stays as it is.
    pub fn put(&mut self, table: impl Into<String>, rows: TableRows) {
        let table = table.into();
        self.indexes.borrow_mut().found.retain(|(name, _), _| *name != table);
        self.rows.insert(table, rows);
    }

    /// As [`MemoryStore::put`], for a table that is no more.
    pub fn take(&mut self, table: &str) -> Option<TableRows> {
        self.indexes.borrow_mut().found.retain(|(name, _), _| name != table);
        self.rows.remove(table)
    }

    fn revision(&self) -> u64 {
        self.changed.last().map_or(0, |(revision, ..)| *revision)
    }

    fn rows_of(&self, plan: &SlicePlan, ask: &Ask) -> Result<Slice, StoreError> {
        let mut indexes = self.indexes.borrow_mut();
        if indexes.plan != plan.number {
            *indexes = Indexes { plan: plan.number, found: HashMap::new() };
        }
        drop(indexes);
        let mut choice = Choice { store: self, plan, reach: BTreeSet::new(), rows: BTreeMap::new() };
        choice.reach(ask)?;
        choice.choose(ask)?;
        let mut rows = Rows::new();
        for (at, chosen) in choice.rows {
            let table = &plan.mapping.tables[at];
            rows.insert(table.name.clone(), self.pick(table, plan.columns(table), chosen)?);
        }
        Ok(Slice { rows, revision: self.revision(), bundle: self.active_number() })
    }

    fn rows_of_login(&self, plan: &SlicePlan, token_hash: &str) -> Result<Slice, StoreError> {
        let mut rows = Rows::new();
        for table in &plan.mapping.tables {
            let Some(session) = statement::session(table) else { continue };
            let all = 0..self.table(table)?.rows.len();
            rows.insert(table.name.clone(), self.pick(table, plan::login_columns(table, session), all)?);
        }
        sql::keep_exact(plan, &mut rows, token_hash);
        Ok(Slice { rows, revision: self.revision(), bundle: self.active_number() })
    }

    fn changes(&self, plan: &SlicePlan, since: Option<u64>) -> Changes {
        let revision = self.revision();
        let since = since.unwrap_or(revision);
        let after = self.changed.iter().filter(|(revision, ..)| *revision > since);
        let list: Vec<Change> = after
            .map(|(revision, name, columns, row)| {
                let value = |column: &str| {
                    let at = columns.iter().position(|own| own == column);
                    at.and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null)
                };
                let about = plan.mapping.table(name).map(|table| touch::about(table, value));
                Change { revision: *revision, table: name.clone(), about }
            })
            .collect();
        let complete = since <= revision && list.len() <= MOST_CHANGES;
        Changes { revision, bundle: self.active_number(), list, complete, logged: true }
    }

    /// Makes a bundle the active one.
    pub fn activate(&mut self, number: u64, bundle: impl Into<String>) {
        self.active = Some((number, bundle.into()));
    }

    /// The decision log as it stands.
    pub fn decision_log(&self) -> &RefCell<MemoryLog> {
        &self.log
    }

    /// Takes in an API key, in place of the one with its id. The revision grows.
    pub fn put_key(&mut self, key: ApiKey) {
        self.keys.retain(|own| own.id != key.id);
        self.keys.push(key);
        // As its triggers do, which say of nobody that it concerns them.
        let revision = self.revision() + 1;
        self.changed.push((revision, "palisade_api_key".to_string(), Vec::new(), Vec::new()));
    }

    fn active_number(&self) -> u64 {
        self.active.as_ref().map_or(0, |(number, _)| *number)
    }

    fn table(&self, table: &Table) -> Result<&TableRows, StoreError> {
        self.rows.get(&table.name).ok_or_else(|| StoreError::missing(format!("table `{}`", table.name)))
    }

    /// Some columns of some rows.
    fn pick(
        &self,
        table: &Table,
        columns: Vec<String>,
        chosen: impl IntoIterator<Item = usize>,
    ) -> Result<TableRows, StoreError> {
        let all = self.table(table)?;
        let places = columns.iter().map(|name| place(table, all, name)).collect::<Result<Vec<usize>, _>>()?;
        let cell = |row: usize, at: usize| all.rows[row].get(at).cloned().unwrap_or(Value::Null);
        let rows = chosen.into_iter().map(|row| places.iter().map(|at| cell(row, *at)).collect()).collect();
        Ok(TableRows { columns, rows })
    }

    fn value(&self, table: &Table, row: usize, column: &str) -> Result<&Value, StoreError> {
        let all = self.table(table)?;
        Ok(all.rows[row].get(place(table, all, column)?).unwrap_or(&Value::Null))
    }

    /// The id in a column, as `facts` reads it; `None` where it cannot.
    fn id(&self, table: &Table, row: usize, column: &str) -> Result<Option<String>, StoreError> {
        Ok(read_id(self.value(table, row, column)?, kind(table, column)).known())
    }

    fn rows_by_id(&self, table: &Table, column: &str) -> Result<Rc<Found>, StoreError> {
        self.index(table, Over::Ids(column.to_string()), |row| Ok(self.id(table, row, column)?.unwrap_or_default()))
    }

    fn rows_by_action(&self, table: &Table, pattern: &Pattern) -> Result<Rc<Found>, StoreError> {
        self.index(table, Over::Actions, |row| {
            let mut text = String::new();
            for piece in &pattern.0 {
                match piece {
                    Piece::Literal(literal) => text.push_str(literal),
                    Piece::Column(column) => match self.value(table, row, column)? {
                        Value::Text(part) if !part.is_empty() => text.push_str(part),
                        Value::Integer(part) => text.push_str(&part.to_string()),
                        _ => return Ok(String::new()),
                    },
                }
            }
            Ok(text)
        })
    }

    fn index(
        &self,
        table: &Table,
        over: Over,
        text: impl Fn(usize) -> Result<String, StoreError>,
    ) -> Result<Rc<Found>, StoreError> {
        let key = (table.name.clone(), over);
        if let Some(found) = self.indexes.borrow().found.get(&key) {
            return Ok(found.clone());
        }
        let mut found = Found::new();
        for row in 0..self.table(table)?.rows.len() {
            found.entry(text(row)?).or_default().push(row);
        }
        let found = Rc::new(found);
        self.indexes.borrow_mut().found.insert(key, found.clone());
        Ok(found)
    }

    /// The rows that forbid and do not say readably whom or what. `granted` says which rows may forbid; without it none do.
    fn damaged(
        &self,
        table: &Table,
        granted: &Option<String>,
        is_readable: impl Fn(usize) -> Result<bool, StoreError>,
    ) -> Result<Vec<usize>, StoreError> {
        let Some(granted) = granted else { return Ok(Vec::new()) };
        let found = self.index(table, Over::Damage, |row| {
            let damaged = !is_readable(row)? && self.may_forbid(table, row, granted)?;
            Ok(if damaged { DAMAGED.to_string() } else { String::new() })
        })?;
        Ok(found.get(DAMAGED).cloned().unwrap_or_default())
    }

    fn is_unscoped(&self, table: &Table, row: usize, scope: &Target) -> Result<bool, StoreError> {
        for column in plan::target_columns(scope) {
            if *self.value(table, row, column)? != Value::Null {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_readable(&self, table: &Table, row: usize, target: &Target) -> Result<bool, StoreError> {
        if let Target::Typed { type_column, types, .. } = target {
            let name = match self.value(table, row, type_column)? {
                Value::Text(name) => name.to_ascii_lowercase(),
                Value::Integer(name) => name.to_string(),
                _ => return Ok(false),
            };
            if !types.contains_key(&name) {
                return Ok(false);
            }
        }
        Ok(self.id(table, row, target.id_column())?.is_some())
    }

    fn may_forbid(&self, table: &Table, row: usize, granted: &str) -> Result<bool, StoreError> {
        Ok(read_bool(self.value(table, row, granted)?) != Reading::Is(true))
    }
}

impl Store for MemoryStore {
    async fn fetch(&self, plan: &SlicePlan, want: &Want<'_>) -> Result<Got, StoreError> {
        let login = want.login.map(|hash| self.rows_of_login(plan, hash)).transpose()?;
        let slice = match (want.slice, &login) {
            (None, _) => None,
            (Some(ask), None) => Some(self.rows_of(plan, ask)?),
            (Some(ask), Some(login)) => {
                let mut ask = ask.clone();
                let principals = principals(plan, &login.rows);
                ask.principal = principals.first().cloned().unwrap_or_else(|| Uid::new("", ""));
                // Of more than one, nobody is signed in.
                Some(self.rows_of(plan, &ask)?)
            }
        };
        Ok(Got { news: want.news.map(|since| self.changes(plan, since)), login, slice })
    }

    async fn ids(&self, plan: &SlicePlan, type_name: &str, most: usize) -> Result<Ids, StoreError> {
        let Some((table, entity)) = plan.mapping.entity(type_name) else { return Ok(Ids::default()) };
        let all = 0..self.table(table)?.rows.len();
        let ids = self.pick(table, vec![entity.id.clone()], all)?;
        let ids = sql::readable(&ids.rows, kind(table, &entity.id), type_name, most)?;
        Ok(Ids { ids, revision: self.revision(), bundle: self.active_number() })
    }

    async fn api_key(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.keys.iter().find(|key| key.key_hash == key_hash).cloned())
    }

    async fn everything(&self, plan: &SlicePlan) -> Result<Slice, StoreError> {
        let mut rows = Rows::new();
        for table in plan.mapping.tables.iter().filter(|table| statement::is_meaningful(table)) {
            let all = 0..self.table(table)?.rows.len();
            rows.insert(table.name.clone(), self.pick(table, plan.all_columns(table), all)?);
        }
        Ok(Slice { rows, revision: self.revision(), bundle: self.active_number() })
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(MemoryStore::revision(self))
    }

    async fn active_bundle(&self) -> Result<Option<(u64, String)>, StoreError> {
        Ok(self.active.clone())
    }
}

/// Whose the rows of a login are.
fn principals(plan: &SlicePlan, rows: &Rows) -> Vec<Uid> {
    let mut all = Vec::new();
    for (name, rows) in rows {
        let Some(table) = plan.mapping.table(name) else { continue };
        let Some(column) = statement::session(table).map(|session| &session.principal) else { continue };
        let at = rows.columns.iter().position(|own| own == column);
        let ids = rows.rows.iter().filter_map(|row| read_id(row.get(at?)?, kind(table, column)).known());
        all.extend(ids.filter_map(|id| Some(Uid::new(plan.target_type(table, column)?, id))));
    }
    all
}

fn place(table: &Table, rows: &TableRows, column: &str) -> Result<usize, StoreError> {
    let found = rows.columns.iter().position(|name| name == column);
    found.ok_or_else(|| StoreError::missing(format!("column `{column}` in table `{}`", table.name)))
}

fn kind(table: &Table, column: &str) -> ColumnKind {
    table.column(column).map_or(ColumnKind::Text, |column| column.kind)
}

/// The rows of one slice, as they are found.
struct Choice<'a> {
    store: &'a MemoryStore,
    plan: &'a SlicePlan,
    reach: BTreeSet<(Side, Uid)>,
    /// By the table's place in the mapping.
    rows: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Choice<'a> {
    /// Finds every entity whose row may matter.
    fn reach(&mut self, ask: &Ask) -> Result<(), StoreError> {
        let mut next: Vec<(Side, Uid)> =
            self.plan.seeds(ask).into_iter().filter(|(_, uid)| !uid.id.is_empty()).collect();
        while let Some((side, uid)) = next.pop() {
            if !self.reach.insert((side, uid.clone())) {
                continue;
            }
            if self.reach.len() > statement::MOST_ENTITIES {
                return Err(StoreError::too_much(format!(
                    "{} and {} reach more than {} entities",
                    ask.principal,
                    ask.resource,
                    statement::MOST_ENTITIES
                )));
            }
            for edge in self.plan.edges.iter().filter(|edge| edge.from == uid.kind) {
                self.follow(edge, side, &uid.id, &mut next)?;
            }
        }
        Ok(())
    }

    fn follow(&self, edge: &Edge, side: Side, id: &str, next: &mut Vec<(Side, Uid)>) -> Result<(), StoreError> {
        let table = &self.plan.mapping.tables[edge.table];
        let by_id = self.store.rows_by_id(table, &edge.key)?;
        for row in by_id.get(id).into_iter().flatten() {
            if let Some(scope) = &edge.unscoped
                && !self.store.is_unscoped(table, *row, scope)?
            {
                continue;
            }
            for step in &edge.to {
                if let Some(id) = self.store.id(table, *row, &step.column)? {
                    let side = if step.parent { side } else { Side::Also };
                    next.push((side, Uid::new(&step.to, id)));
                }
            }
        }
        Ok(())
    }

    /// Ids of some types, from one side or from all.
    fn ids(&self, side: Option<Side>, types: &[&str]) -> BTreeSet<&str> {
        let wanted =
            |(from, uid): &&(Side, Uid)| side.is_none_or(|side| side == *from) && types.contains(&uid.kind.as_str());
        self.reach.iter().filter(wanted).map(|(_, uid)| uid.id.as_str()).collect()
    }

    fn by_ids<'i>(
        &self,
        table: &Table,
        column: &str,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Result<Vec<usize>, StoreError> {
        let by_id = self.store.rows_by_id(table, column)?;
        Ok(ids
            .into_iter()
            .filter(|id| !id.is_empty())
            .flat_map(|id| by_id.get(id).cloned().unwrap_or_default())
            .collect())
    }

    fn choose(&mut self, ask: &Ask) -> Result<(), StoreError> {
        let plan = self.plan;
        let tables = || plan.mapping.tables.iter().enumerate();
        // Roles, from which permissions follow: those of the principal, and those held within a scope.
        let mut roles: BTreeSet<Uid> =
            self.reach.iter().filter(|(side, _)| *side == Side::Who).map(|(_, uid)| uid.clone()).collect();
        let mut held = BTreeSet::new();
        for (at, table) in tables() {
            match &table.meaning {
                Meaning::RoleAssignment(meaning) => {
                    held.append(&mut self.choose_assignments(at, table, meaning)?);
                }
                Meaning::GroupMembership(meaning) => self.choose_below(at, table, &meaning.principal)?,
                Meaning::Link(meaning) => self.choose_below(at, table, &meaning.child)?,
                _ => {}
            }
        }
        roles.extend(held.iter().cloned());
        let permissions = self.permissions(ask)?;
        for (at, table) in tables() {
            match &table.meaning {
                Meaning::RolePermission(meaning) => {
                    self.choose_role_permissions(at, table, meaning, &roles, &permissions)?;
                }
                Meaning::DirectPermission(meaning) => self.choose_direct(at, table, meaning, &permissions)?,
                Meaning::Acl(meaning) => self.choose_acl(at, table, meaning)?,
                _ => {}
            }
        }
        self.choose_permissions(permissions)?;
        for (at, table) in tables() {
            let Some(Entity { type_name, id, .. }) = table.entity() else { continue };
            let mut ids = self.ids(None, &[type_name]);
            ids.extend(held.iter().filter(|role| role.kind == *type_name).map(|role| role.id.as_str()));
            let chosen = self.by_ids(table, id, ids)?;
            self.add(at, chosen);
        }
        Ok(())
    }

    fn add(&mut self, at: usize, rows: impl IntoIterator<Item = usize>) {
        self.rows.entry(at).or_default().extend(rows);
    }

    fn choose_below(&mut self, at: usize, table: &Table, child: &str) -> Result<(), StoreError> {
        if let Some(name) = self.plan.target_type(table, child) {
            let chosen = self.by_ids(table, child, self.ids(None, &[name]))?;
            self.add(at, chosen);
        }
        Ok(())
    }

    /// Also returns the roles that are held within a scope that matters.
    fn choose_assignments(
        &mut self,
        at: usize,
        table: &Table,
        meaning: &crate::mapping::RoleAssignment,
    ) -> Result<BTreeSet<Uid>, StoreError> {
        let mut held = BTreeSet::new();
        let (store, plan) = (self.store, self.plan);
        let (Some(principal), Some(role)) =
            (plan.target_type(table, &meaning.principal), plan.target_type(table, &meaning.role))
        else {
            return Ok(held);
        };
        let Some(scope) = &meaning.scope else {
            self.choose_below(at, table, &meaning.principal)?;
            return Ok(held);
        };
        let mut chosen = Vec::new();
        for row in self.by_ids(table, &meaning.principal, self.ids(None, &[principal]))? {
            if store.is_unscoped(table, row, scope)? {
                chosen.push(row);
            }
        }
        let here = self.ids(Some(Side::What), &scope.type_names());
        let mut scoped = Vec::new();
        for row in self.by_ids(table, &meaning.principal, self.ids(Some(Side::Who), &[principal]))? {
            if store.is_unscoped(table, row, scope)? {
                continue;
            }
            let within = store.id(table, row, scope.id_column())?.is_some_and(|id| here.contains(id.as_str()));
            if within || (plan.roles_deny && !store.is_readable(table, row, scope)?) {
                scoped.push(row);
            }
        }
        if plan.roles_deny {
            for row in store.rows_by_id(table, &meaning.principal)?.get("").into_iter().flatten() {
                if !store.is_unscoped(table, *row, scope)? {
                    scoped.push(*row);
                }
            }
        }
        for row in &scoped {
            held.extend(store.id(table, *row, &meaning.role)?.map(|id| Uid::new(role, id)));
        }
        self.add(at, chosen.into_iter().chain(scoped));
        Ok(held)
    }

    /// The rows of the permissions that matter; `None` where every one may.
    fn permissions(&self, ask: &Ask) -> Result<Option<BTreeSet<usize>>, StoreError> {
        let (Some(actions), Some((table, meaning))) = (&ask.actions, self.plan.mapping.permission()) else {
            return Ok(None);
        };
        let by_action = self.store.rows_by_action(table, &meaning.action)?;
        let wanted = actions.iter().map(String::as_str).chain([""]);
        Ok(Some(wanted.flat_map(|action| by_action.get(action).cloned().unwrap_or_default()).collect()))
    }

    /// Whether the permission that a row points to is among those that matter.
    fn is_permitted(
        &self,
        table: &Table,
        row: usize,
        column: &str,
        permissions: &Option<BTreeSet<usize>>,
    ) -> Result<bool, StoreError> {
        let (Some((target, _)), Some(wanted)) = (self.plan.mapping.permission(), permissions) else { return Ok(true) };
        let Some(id) = self.store.id(table, row, column)? else { return Ok(false) };
        Ok(self.by_ids(target, &target.key[0], [id.as_str()])?.iter().any(|row| wanted.contains(row)))
    }

    fn conveys(&self) -> bool {
        self.plan.mapping.permission().is_some_and(|(table, _)| table.key.len() == 1)
    }

    fn choose_role_permissions(
        &mut self,
        at: usize,
        table: &Table,
        meaning: &crate::mapping::RolePermission,
        roles: &BTreeSet<Uid>,
        permissions: &Option<BTreeSet<usize>>,
    ) -> Result<(), StoreError> {
        let Some(role) = self.plan.target_type(table, &meaning.role) else { return Ok(()) };
        let mut chosen = Vec::new();
        if self.conveys() {
            let ids = roles.iter().filter(|uid| uid.kind == role).map(|uid| uid.id.as_str());
            for row in self.by_ids(table, &meaning.role, ids)? {
                if self.is_permitted(table, row, &meaning.permission, permissions)? {
                    chosen.push(row);
                }
            }
        }
        chosen.extend(self.store.damaged(table, &meaning.granted, |row| {
            Ok(self.store.id(table, row, &meaning.role)?.is_some()
                && self.store.id(table, row, &meaning.permission)?.is_some())
        })?);
        self.add(at, chosen);
        Ok(())
    }

    fn choose_direct(
        &mut self,
        at: usize,
        table: &Table,
        meaning: &crate::mapping::DirectPermission,
        permissions: &Option<BTreeSet<usize>>,
    ) -> Result<(), StoreError> {
        let Some(principal) = self.plan.target_type(table, &meaning.principal) else { return Ok(()) };
        let mut chosen = Vec::new();
        if self.conveys() {
            let types = meaning.scope.as_ref().map(Target::type_names).unwrap_or_default();
            let here = self.ids(Some(Side::What), &types);
            for row in self.by_ids(table, &meaning.principal, self.ids(Some(Side::Who), &[principal]))? {
                let holds = match &meaning.scope {
                    None => true,
                    Some(scope) => {
                        let id = self.store.id(table, row, scope.id_column())?;
                        self.store.is_unscoped(table, row, scope)? || id.is_some_and(|id| here.contains(id.as_str()))
                    }
                };
                if holds && self.is_permitted(table, row, &meaning.permission, permissions)? {
                    chosen.push(row);
                }
            }
        }
        chosen.extend(self.store.damaged(table, &meaning.granted, |row| {
            Ok(self.store.id(table, row, &meaning.principal)?.is_some()
                && self.store.id(table, row, &meaning.permission)?.is_some()
                && match &meaning.scope {
                    None => true,
                    Some(scope) => {
                        self.store.is_unscoped(table, row, scope)? || self.store.is_readable(table, row, scope)?
                    }
                })
        })?);
        self.add(at, chosen);
        Ok(())
    }

    fn choose_acl(&mut self, at: usize, table: &Table, meaning: &crate::mapping::Acl) -> Result<(), StoreError> {
        let subjects = self.ids(Some(Side::Who), &meaning.subject.type_names());
        let objects = self.ids(Some(Side::What), &meaning.object.type_names());
        let mut chosen = Vec::new();
        for row in self.by_ids(table, meaning.subject.id_column(), subjects)? {
            let object = self.store.id(table, row, meaning.object.id_column())?;
            if object.is_some_and(|id| objects.contains(id.as_str())) {
                chosen.push(row);
            }
        }
        chosen.extend(self.store.damaged(table, &meaning.granted, |row| {
            Ok(self.store.is_readable(table, row, &meaning.subject)?
                && self.store.is_readable(table, row, &meaning.object)?)
        })?);
        self.add(at, chosen);
        Ok(())
    }

    /// The permissions themselves: by action, or those that the chosen rows point to.
    fn choose_permissions(&mut self, permissions: Option<BTreeSet<usize>>) -> Result<(), StoreError> {
        let plan = self.plan;
        let Some((at, table)) =
            plan.mapping.tables.iter().enumerate().find(|(_, table)| matches!(table.meaning, Meaning::Permission(_)))
        else {
            return Ok(());
        };
        if let Some(chosen) = permissions {
            self.add(at, chosen);
            return Ok(());
        }
        if !self.conveys() {
            return Ok(());
        }
        let mut ids = BTreeSet::new();
        for (from, rows) in &self.rows {
            let pointing = &plan.mapping.tables[*from];
            let column = match &pointing.meaning {
                Meaning::RolePermission(meaning) => &meaning.permission,
                Meaning::DirectPermission(meaning) => &meaning.permission,
                _ => continue,
            };
            for row in rows {
                ids.extend(self.store.id(pointing, *row, column)?);
            }
        }
        let chosen = self.by_ids(table, &table.key[0], ids.iter().map(String::as_str))?;
        self.add(at, chosen);
        Ok(())
    }
}
