// SPDX-License-Identifier: Apache-2.0
//! One question among all rows, decided: what every part of an explanation looks at.

use super::Case;
use super::place::{At, Places};
use super::words::{briefly, called, thing, when};
use crate::decide::{Decision, Prepared, Query, Undecidable};
use crate::facts::{self, Facts, Scope, group_role_id};
use crate::mapping::{Meaning, RoleAssignment, Target};
use crate::name::{GROUP_ROLE, Uid};
use crate::rows::{Reading, Value, read_time};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub struct Situation<'a> {
    pub case: &'a Case<'a>,
    pub query: &'a Query,
    pub places: Places<'a>,
    pub prepared: Prepared,
    pub decision: Decision,
    /// Rows that put one entity into another: memberships, unscoped roles, links. Whether they count or not.
    memberships: OnceCell<HashMap<(Uid, Uid), At<'a>>>,
}

/// What makes one entity lie in another.
#[derive(Clone, Copy)]
pub struct Link<'a> {
    pub at: At<'a>,
    /// The entity's own column; `None` where a row of another table says so.
    pub column: Option<&'a str>,
}

impl<'a> Situation<'a> {
    pub fn new(case: &'a Case<'a>, query: &'a Query) -> Result<Situation<'a>, Undecidable> {
        let facts = facts::build(case.bundle, case.rows, &query.externals, case.at);
        let prepared = case.engine.prepare(facts)?;
        let decision = case.engine.decide(&prepared, query);
        let places = Places::new(&case.bundle.mapping, case.rows);
        Ok(Situation { case, query, places, prepared, decision, memberships: OnceCell::new() })
    }

    pub fn facts(&self) -> &Facts {
        &self.prepared.facts
    }

    /// The principal, for a sentence that comes after one that names it in full.
    pub fn who(&self) -> String {
        briefly(&self.places, &self.query.principal)
    }

    /// The principal in full.
    pub fn whoever(&self) -> String {
        called(&self.places, &self.query.principal)
    }

    /// Whether a row that a grant rests on is about the action that was asked for.
    pub fn is_about(&self, at: At<'a>) -> bool {
        match &at.table.meaning {
            Meaning::Permission(_) => self.permits(at).is_none_or(|(all, _)| all.contains(&self.query.action)),
            Meaning::RolePermission(meaning) => match self.places.mapping.permission() {
                Some((table, _)) => {
                    let id = self.places.id(at, &meaning.permission).unwrap_or_default();
                    self.places.find(&format!("{}/{id}", table.name)).is_none_or(|at| self.is_about(at))
                }
                None => true,
            },
            _ => true,
        }
    }

    pub fn thing(&self, uid: &Uid) -> String {
        thing(&self.places, uid)
    }

    /// From an entity up to one that it lies in, step by step; `None` where it does not.
    pub fn path(&self, facts: &Facts, from: &Uid, to: &Uid) -> Option<Vec<(Uid, Uid)>> {
        let mut came: BTreeMap<Uid, Uid> = BTreeMap::new();
        let mut next = vec![from.clone()];
        let mut at = 0;
        while at < next.len() && !came.contains_key(to) && from != to {
            for parent in facts.entities.get(&next[at]).into_iter().flat_map(|entity| &entity.parents) {
                if parent != from && !came.contains_key(parent) {
                    came.insert(parent.clone(), next[at].clone());
                    next.push(parent.clone());
                }
            }
            at += 1;
        }
        let mut path = Vec::new();
        let mut end = to.clone();
        while end != *from {
            let child = came.get(&end)?.clone();
            path.push((child.clone(), end));
            end = child;
        }
        path.reverse();
        Some(path)
    }

    /// The row that puts one entity into another.
    pub fn link(&self, child: &Uid, parent: &Uid) -> Option<Link<'a>> {
        if let Some(at) = self.places.of(child)
            && let Some(entity) = at.table.entity()
        {
            for column in entity.parents.iter().chain(&entity.tenant) {
                if self.places.target(at, column).as_ref() == Some(parent) {
                    return Some(Link { at, column: Some(column) });
                }
            }
        }
        let memberships = self.memberships.get_or_init(|| self.memberships());
        memberships.get(&(child.clone(), parent.clone())).map(|at| Link { at: *at, column: None })
    }

    fn memberships(&self) -> HashMap<(Uid, Uid), At<'a>> {
        let mut found: HashMap<(Uid, Uid), At<'a>> = HashMap::new();
        for table in &self.places.mapping.tables {
            let (child, parent) = match &table.meaning {
                Meaning::RoleAssignment(meaning) => (&meaning.principal, &meaning.role),
                Meaning::GroupMembership(meaning) => (&meaning.principal, &meaning.group),
                Meaning::Link(meaning) => (&meaning.child, &meaning.parent),
                _ => continue,
            };
            for at in self.places.each(table) {
                if let Meaning::RoleAssignment(meaning) = &table.meaning
                    && self.scope(at, meaning.scope.as_ref()) != Within::Everywhere
                {
                    continue;
                }
                let (Some(child), Some(parent)) = (self.places.target(at, child), self.places.target(at, parent))
                else {
                    continue;
                };
                if let Meaning::GroupMembership(meaning) = &table.meaning
                    && let Some(column) = &meaning.member_role
                    && let Value::Text(role) = self.places.value(at, column)
                {
                    let role = Uid::new(GROUP_ROLE, group_role_id(&parent.id, role));
                    found.entry((child.clone(), role)).or_insert(at);
                }
                found.entry((child, parent)).or_insert(at);
            }
        }
        found
    }

    /// Where a row with a scope holds.
    pub fn scope(&self, at: At<'a>, scope: Option<&Target>) -> Within {
        let Some(scope) = scope else { return Within::Everywhere };
        let empty = |column: &str| *self.places.value(at, column) == Value::Null;
        let unscoped = match scope {
            Target::Fixed { column, .. } => empty(column),
            Target::Typed { type_column, id_column, .. } => empty(type_column) && empty(id_column),
        };
        if unscoped {
            return Within::Everywhere;
        }
        self.target(at, scope).map_or(Within::Unreadable, Within::Place)
    }

    /// The entity that a row refers to by one column or two.
    pub fn target(&self, at: At<'a>, target: &Target) -> Option<Uid> {
        let kind = match target {
            Target::Fixed { type_name, .. } => type_name,
            Target::Typed { type_column, types, .. } => match self.places.value(at, type_column) {
                Value::Text(text) => types.get(&text.to_ascii_lowercase())?,
                Value::Integer(number) => types.get(&number.to_string())?,
                _ => return None,
            },
        };
        Some(Uid::new(kind, self.places.id(at, target.id_column())?))
    }

    /// `within the project Apollo until 2026-06-30`, with a space before it; empty where it is everywhere and for good.
    pub fn where_and_until(&self, at: At<'a>, scope: Option<&Target>, expires: Option<&str>) -> String {
        let mut text = match self.scope(at, scope) {
            Within::Place(uid) => format!(" within {}", self.thing(&uid)),
            _ => String::new(),
        };
        if let Some(column) = expires
            && let Reading::Is(time) = read_time(self.places.value(at, column))
        {
            let word = if time <= self.case.at { "until it ended on" } else { "until" };
            text.push_str(&format!(" {word} {}", when(time)));
        }
        text
    }

    /// The role, the scope and the end of an assignment: `the role editor within the project Apollo`.
    pub fn assigned(&self, at: At<'a>, meaning: &RoleAssignment) -> String {
        let role = self.places.target(at, &meaning.role);
        let role = role.map_or_else(|| "a role".to_string(), |role| self.thing(&role));
        format!("{role}{}", self.where_and_until(at, meaning.scope.as_ref(), meaning.expires.as_deref()))
    }

    /// An entity and all that it lies in, in these facts.
    pub fn ancestry(&self, facts: &Facts, uid: &Uid) -> BTreeSet<Uid> {
        facts.ancestry(uid).into_iter().collect()
    }
}

/// Where a row holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Within {
    Everywhere,
    Place(Uid),
    Unreadable,
}

/// Whether an entity is what a scope says, given all that it lies in.
pub fn holds(scope: &Scope, own: &Uid, ancestry: &BTreeSet<Uid>) -> bool {
    match scope {
        Scope::Any => true,
        Scope::Is(kind) => own.kind == *kind,
        Scope::Eq(uid) => own == uid,
        Scope::In(uid) => ancestry.contains(uid),
        Scope::IsIn(kind, uid) => own.kind == *kind && ancestry.contains(uid),
    }
}
