// SPDX-License-Identifier: Apache-2.0
//! What the slices of one bundle need, found out once: columns, edges between entity types, and the statements.

use super::Ask;
use super::statement::{self, Statement};
use super::{StoreError, fragment};
use crate::bundle::Bundle;
use crate::mapping::{Entity, Mapping, Meaning, Pattern, Piece, Table, Target};
use crate::name::Uid;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How slices of one bundle are taken. Made once, asked often.
pub struct SlicePlan {
    /// No two plans of a process share it.
    pub(super) number: u64,
    pub(super) mapping: Mapping,
    pub(super) mentioned: BTreeSet<String>,
    pub(super) edges: Vec<Edge>,
    /// Some role may deny, so a role that is held within an unreadable scope must be known.
    pub(super) roles_deny: bool,
    statements: Mutex<HashMap<Shape, Arc<Statement>>>,
}

/// What a statement depends on beside the bundle: what kinds of things are asked about, never which ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    /// Entity types of the model among the seeds, by what the seed is.
    pub who: BTreeSet<String>,
    pub what: BTreeSet<String>,
    pub also: BTreeSet<String>,
    /// Whether actions are named.
    pub actions: bool,
    /// Whether whoever a login is of asks: its token's hash is the last parameter.
    pub login: bool,
}

/// Where an entity is reached from. The numbers stand in the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// The principal and what it lies in.
    Who = 1,
    /// The resource and what it lies in.
    What = 2,
    /// What else policies may look at.
    Also = 3,
}

/// Rows of a table that lead from one entity to others.
pub(super) struct Edge {
    /// The table's place in the mapping.
    pub table: usize,
    /// The type of the entity that the rows belong to, and the column that holds its id.
    pub from: String,
    pub key: String,
    /// Only rows that leave this scope empty count.
    pub unscoped: Option<Target>,
    pub to: Vec<Step>,
}

pub(super) struct Step {
    pub column: String,
    pub to: String,
    /// Whether the entity lies in the other one; otherwise policies may only look at it.
    pub parent: bool,
}

impl SlicePlan {
    pub fn new(bundle: &Bundle) -> SlicePlan {
        let mapping = bundle.mapping.clone();
        let edges = edges(&mapping, &bundle.mentioned);
        let roles_deny = mapping
            .tables
            .iter()
            .any(|table| matches!(&table.meaning, Meaning::RolePermission(meaning) if meaning.granted.is_some()));
        static NEXT: AtomicU64 = AtomicU64::new(1);
        SlicePlan {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            mentioned: bundle.mentioned.clone(),
            edges,
            roles_deny,
            mapping,
            statements: Mutex::default(),
        }
    }

    /// The SQL of the slice for requests like this one, for people and tests.
    pub fn sql(&self, ask: &Ask) -> Result<String, StoreError> {
        Ok(self.statement(ask, false)?.sql.clone())
    }

    pub(super) fn statement(&self, ask: &Ask, login: bool) -> Result<Arc<Statement>, StoreError> {
        // Types come from requests: those that the model does not know have no rows and must not fill the memory.
        const MOST: usize = 256;
        let shape = self.shape(ask, login);
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = statements.get(&shape) {
            return Ok(statement.clone());
        }
        let statement = Arc::new(statement::slice(self, &shape)?);
        if statements.len() >= MOST {
            statements.clear();
        }
        statements.insert(shape, statement.clone());
        Ok(statement)
    }

    fn shape(&self, ask: &Ask, login: bool) -> Shape {
        let mut shape = Shape { actions: ask.actions.is_some(), login, ..Shape::default() };
        if login {
            let sessions = self.mapping.tables.iter().filter_map(|table| Some((table, statement::session(table)?)));
            let types = sessions.filter_map(|(table, session)| self.target_type(table, &session.principal));
            shape.who.extend(types.map(str::to_string));
        }
        for (side, uid) in self.seeds(ask) {
            let types = match side {
                Side::Who => &mut shape.who,
                Side::What => &mut shape.what,
                Side::Also => &mut shape.also,
            };
            if !types.contains(&uid.kind)
                && (self.mapping.entity(&uid.kind).is_some() || self.mapping.externals.contains_key(&uid.kind))
            {
                types.insert(uid.kind);
            }
        }
        shape
    }

    /// Where the search for rows begins: the entities of the request, and what externals say that they lie in.
    pub(super) fn seeds(&self, ask: &Ask) -> BTreeSet<(Side, Uid)> {
        let mut parents: BTreeMap<&Uid, Vec<&Uid>> = BTreeMap::new();
        for external in &ask.externals {
            if self.mapping.externals.contains_key(&external.uid.kind) {
                parents.entry(&external.uid).or_default().extend(&external.parents);
            }
        }
        let mut seeds = BTreeSet::new();
        let mut next = vec![(Side::Who, &ask.principal), (Side::What, &ask.resource)];
        next.extend(ask.others.iter().map(|uid| (Side::Who, uid)));
        next.extend(ask.further.iter().map(|uid| (Side::What, uid)));
        next.extend(ask.context.iter().map(|uid| (Side::Also, uid)));
        next.extend(parents.keys().map(|uid| (Side::Also, *uid)));
        while let Some((side, uid)) = next.pop() {
            if seeds.insert((side, uid.clone())) {
                next.extend(parents.get(uid).into_iter().flatten().map(|parent| (side, *parent)));
            }
        }
        seeds
    }

    /// The entity types that can be reached from `types`: by parents alone, or by all that policies look at.
    pub(super) fn reachable<'a>(
        &'a self,
        types: impl IntoIterator<Item = &'a str>,
        parents_only: bool,
    ) -> BTreeSet<&'a str> {
        let mut all = BTreeSet::new();
        let mut next: Vec<&str> = types.into_iter().collect();
        while let Some(from) = next.pop() {
            if all.insert(from) {
                let steps = self.edges.iter().filter(|edge| edge.from == from).flat_map(|edge| &edge.to);
                next.extend(steps.filter(|step| step.parent || !parents_only).map(|step| step.to.as_str()));
            }
        }
        all
    }

    /// The entity type that a foreign-key column leads to.
    pub(super) fn target_type(&self, table: &Table, column: &str) -> Option<&str> {
        target_type(&self.mapping, table, column)
    }

    /// The columns of a table that a slice loads, in the table's order.
    pub(super) fn columns(&self, table: &Table) -> Vec<String> {
        self.needed(table, |entity, attribute| {
            self.mentioned.contains(attribute) && entity.attributes.iter().any(|a| a == attribute)
        })
    }

    /// The columns of a table that an export loads.
    pub(super) fn all_columns(&self, table: &Table) -> Vec<String> {
        self.needed(table, |entity, attribute| entity.attributes.iter().any(|a| a == attribute))
    }

    fn needed(&self, table: &Table, is_attribute: impl Fn(&Entity, &str) -> bool) -> Vec<String> {
        let mut needed: BTreeSet<&str> = table.key.iter().map(String::as_str).collect();
        let live = match &table.meaning {
            Meaning::Entity(entity) => &entity.live,
            Meaning::Permission(permission) => {
                needed.extend(pattern_columns(&permission.action));
                needed.extend(permission.resource.iter().map(|resource| resource.column.as_str()));
                &permission.live
            }
            Meaning::RolePermission(m) => {
                needed.extend([m.role.as_str(), &m.permission]);
                needed.extend(m.granted.as_deref());
                &m.live
            }
            Meaning::RoleAssignment(m) => {
                needed.extend([m.principal.as_str(), &m.role]);
                needed.extend(m.scope.iter().flat_map(target_columns));
                needed.extend(m.expires.as_deref());
                &m.live
            }
            Meaning::DirectPermission(m) => {
                needed.extend([m.principal.as_str(), &m.permission]);
                needed.extend(m.scope.iter().flat_map(target_columns));
                needed.extend([&m.granted, &m.expires].into_iter().filter_map(Option::as_deref));
                &m.live
            }
            Meaning::GroupMembership(m) => {
                needed.extend([m.principal.as_str(), &m.group]);
                needed.extend([&m.member_role, &m.expires].into_iter().filter_map(Option::as_deref));
                &m.live
            }
            Meaning::Acl(m) => {
                needed.extend(target_columns(&m.subject));
                needed.extend(target_columns(&m.object));
                needed.extend(pattern_columns(&m.action));
                needed.extend([&m.inherit, &m.granted, &m.expires].into_iter().filter_map(Option::as_deref));
                &m.live
            }
            Meaning::Link(m) => {
                needed.extend([m.child.as_str(), &m.parent]);
                &m.live
            }
            Meaning::LoginSession(_) | Meaning::Ignored { .. } => &Vec::new(),
        };
        needed.extend(live.iter().map(|live| live.column.as_str()));
        if let Some(entity) = table.entity() {
            needed.insert(&entity.id);
            needed.extend(entity.live.iter().map(|live| live.column.as_str()));
            needed.extend(entity.parents.iter().map(String::as_str));
            needed.extend(entity.tenant.as_deref());
            needed.extend(entity.name.as_deref());
        }
        let columns = table.columns.iter().map(|column| column.name.as_str());
        let wanted =
            |name: &&str| needed.contains(name) || table.entity().is_some_and(|entity| is_attribute(entity, name));
        columns.filter(wanted).map(str::to_string).collect()
    }
}

/// The columns that a login needs.
pub(super) fn login_columns(table: &Table, session: &crate::mapping::LoginSession) -> Vec<String> {
    let mut needed: BTreeSet<&str> = table.key.iter().map(String::as_str).collect();
    needed.extend([session.token_hash.as_str(), &session.principal]);
    needed.extend(session.live.iter().map(|live| live.column.as_str()));
    needed.extend([&session.expires, &session.revoked].into_iter().filter_map(Option::as_deref));
    needed.extend(session.context.values().map(String::as_str));
    table.columns.iter().map(|c| c.name.clone()).filter(|name| needed.contains(name.as_str())).collect()
}

pub(super) fn target_columns(target: &Target) -> Vec<&str> {
    match target {
        Target::Fixed { column, .. } => vec![column],
        Target::Typed { type_column, id_column, .. } => vec![type_column, id_column],
    }
}

fn pattern_columns(pattern: &Pattern) -> impl Iterator<Item = &str> {
    pattern.0.iter().filter_map(|piece| match piece {
        Piece::Column(column) => Some(column.as_str()),
        Piece::Literal(_) => None,
    })
}

fn target_type<'a>(mapping: &'a Mapping, table: &Table, column: &str) -> Option<&'a str> {
    mapping.type_of(table.column(column)?.references.as_deref()?)
}

fn edges(mapping: &Mapping, mentioned: &BTreeSet<String>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (at, table) in mapping.tables.iter().enumerate() {
        let lead = |column: &str, parent: bool| {
            let to = target_type(mapping, table, column)?.to_string();
            Some(Step { column: column.to_string(), to, parent })
        };
        if let Some(entity) = table.entity() {
            let parents = entity.parents.iter().chain(&entity.tenant);
            let looked_at = entity.attributes.iter().filter(|name| mentioned.contains(*name));
            let mut to: Vec<Step> = parents.filter_map(|column| lead(column, true)).collect();
            to.extend(looked_at.filter_map(|column| lead(column, false)));
            edges.push(Edge { table: at, from: entity.type_name.clone(), key: entity.id.clone(), unscoped: None, to });
        }
        let (child, parent, unscoped) = match &table.meaning {
            Meaning::RoleAssignment(m) => (&m.principal, &m.role, m.scope.clone()),
            Meaning::GroupMembership(m) => (&m.principal, &m.group, None),
            Meaning::Link(m) => (&m.child, &m.parent, None),
            _ => continue,
        };
        if let (Some(from), Some(step)) = (target_type(mapping, table, child), lead(parent, true)) {
            edges.push(Edge { table: at, from: from.to_string(), key: child.clone(), unscoped, to: vec![step] });
        }
    }
    edges.retain(|edge| !edge.to.is_empty());
    edges
}

/// SQL for the name of a table.
pub(super) fn table_sql(table: &Table) -> String {
    fragment::identifier(&table.name)
}
