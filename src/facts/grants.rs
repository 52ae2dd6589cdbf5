// SPDX-License-Identifier: Apache-2.0
//! Rows into grants: what each row of a permission, assignment or access-control table conveys.

use super::build::{Work, is_unscoped};
use super::standing::{Notes, Standing, View, read_text};
use super::{Effect, Grant, Scope};
use crate::mapping::{self, Acl, DirectPermission, EntityKind, Meaning, Pattern, Piece, RoleAssignment, Target};
use crate::name::Uid;
use crate::rows::{Reading, read_bool, read_id};
use std::collections::{BTreeMap, HashMap};

/// Every grant of every row, in no particular order.
pub(super) fn read(work: &mut Work) -> Vec<Grant> {
    let permissions = read_permissions(work);
    let mapping = work.mapping;
    let mut grants = Vec::new();
    let mut of_roles: HashMap<Uid, Vec<Conveyed>> = HashMap::new();
    for table in &mapping.tables {
        if let Meaning::RolePermission(meaning) = &table.meaning {
            read_role_permissions(work, table, meaning, &permissions, &mut grants, &mut of_roles);
        }
    }
    for table in &mapping.tables {
        match &table.meaning {
            Meaning::RoleAssignment(meaning) if meaning.scope.is_some() => {
                read_scoped_roles(work, table, meaning, &of_roles, &mut grants);
            }
            Meaning::DirectPermission(meaning) => read_direct(work, table, meaning, &permissions, &mut grants),
            Meaning::Acl(meaning) => read_acl(work, table, meaning, &mut grants),
            _ => {}
        }
    }
    grants
}

/// One permission: an action, with what it implies, on resources of certain types.
struct Permission {
    /// `None` where the action cannot be read.
    actions: Option<Vec<String>>,
    types: Types,
    standing: Standing,
    source: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Types {
    Any,
    Only(Vec<String>),
    Unreadable,
}

/// What a role conveys by one row of its permissions.
struct Conveyed {
    effect: Effect,
    actions: Option<Vec<String>>,
    types: Types,
    rows: Vec<String>,
}

fn read_permissions(work: &mut Work) -> HashMap<String, Permission> {
    let mut permissions = HashMap::new();
    let Some((table, meaning)) = work.mapping.permission() else { return permissions };
    let Some(view) = work.views.get(table.name.as_str()) else { return permissions };
    let [key] = table.key.as_slice() else { return permissions };
    for row in 0..view.rows.rows.len() {
        let Reading::Is(id) = view.id(row, key) else { continue };
        let source = view.source(row);
        let actions = read_pattern(view, row, &meaning.action).map(|action| work.mapping.implied(&action));
        if actions.is_none() {
            let column = pattern_columns(&meaning.action).next().unwrap_or(key);
            work.notes.unreadable(
                &source,
                column,
                view.value(row, column),
                "part of an action",
                "nobody is granted it",
            );
        }
        let types = read_types(&mut work.notes, view, row, &source, meaning);
        let standing = view.live(row, &meaning.live, &mut work.notes);
        permissions.insert(id, Permission { actions, types, standing, source });
    }
    permissions
}

/// The resource types that a permission's row names.
fn read_types(notes: &mut Notes, view: &View, row: usize, source: &str, meaning: &mapping::Permission) -> Types {
    let Some(resource) = &meaning.resource else { return Types::Any };
    let value = view.value(row, &resource.column);
    let word = read_text(value);
    let named = match &word {
        Reading::Is(text) => resource.types.get(&text.to_ascii_lowercase()),
        _ => None,
    };
    match named {
        Some(name) => Types::Only(vec![name.clone()]),
        None if resource.otherwise_any && word != Reading::Unreadable => Types::Any,
        None => {
            let outcome = "the permission grants nothing; what it forbids is forbidden on every type";
            notes.unreadable(source, &resource.column, value, "a resource type", outcome);
            Types::Unreadable
        }
    }
}

/// Whether a row of a table with a `granted` column grants; without the column, it does.
fn read_effect(notes: &mut Notes, view: &View, row: usize, granted: Option<&str>) -> Effect {
    let Some(column) = granted else { return Effect::Permit };
    let value = view.value(row, column);
    match read_bool(value) {
        Reading::Is(true) => Effect::Permit,
        Reading::Is(false) => Effect::Forbid,
        Reading::Null | Reading::Unreadable => {
            notes.unreadable(&view.source(row), column, value, "a boolean (0 or 1)", "the row is taken to forbid");
            Effect::Forbid
        }
    }
}

fn read_role_permissions(
    work: &mut Work,
    table: &mapping::Table,
    meaning: &mapping::RolePermission,
    permissions: &HashMap<String, Permission>,
    grants: &mut Vec<Grant>,
    of_roles: &mut HashMap<Uid, Vec<Conveyed>>,
) {
    let Some(role_type) = work.target_type(&table.name, &meaning.role).map(str::to_string) else { return };
    let Some(view) = work.views.get(table.name.as_str()) else { return };
    for row in 0..view.rows.rows.len() {
        let standing = view.live(row, &meaning.live, &mut work.notes);
        let effect = read_effect(&mut work.notes, view, row, meaning.granted.as_deref());
        let Some(conveyed) = conveyed(view, row, &meaning.permission, permissions, effect, standing) else { continue };
        let role = match view.id(row, &meaning.role) {
            Reading::Is(id) => Some(Uid::new(&role_type, id)),
            _ if effect == Effect::Permit => continue,
            _ => None,
        };
        let principal = role.clone().map_or(Scope::Any, Scope::In);
        let id = view.source(row);
        conveyed.grant(&id, &id, principal, None, grants);
        if let Some(role) = role {
            of_roles.entry(role).or_default().push(conveyed);
        }
    }
}

/// What a row that points to a permission conveys; `None` for nothing.
fn conveyed(
    view: &View,
    row: usize,
    permission_column: &str,
    permissions: &HashMap<String, Permission>,
    effect: Effect,
    standing: Standing,
) -> Option<Conveyed> {
    let source = view.source(row);
    match view.id(row, permission_column) {
        Reading::Is(id) => {
            let permission = permissions.get(&id)?;
            let standing = standing.max(permission.standing);
            let readable = permission.actions.is_some() && permission.types != Types::Unreadable;
            match effect {
                Effect::Permit if standing != Standing::Counts || !readable => return None,
                Effect::Forbid if standing == Standing::Void => return None,
                _ => {}
            }
            let types = if permission.types == Types::Unreadable { Types::Any } else { permission.types.clone() };
            let rows = vec![source, permission.source.clone()];
            Some(Conveyed { effect, actions: permission.actions.clone(), types, rows })
        }
        // Which action is forbidden cannot be read: all are.
        _ if effect == Effect::Forbid && standing != Standing::Void => {
            Some(Conveyed { effect, actions: None, types: Types::Any, rows: vec![source] })
        }
        _ => None,
    }
}

impl Conveyed {
    /// The grants of this to `principal`, on resources within `scope` or everywhere: one for each resource type.
    fn grant(&self, id: &str, source: &str, principal: Scope, scope: Option<&Uid>, grants: &mut Vec<Grant>) {
        let resources: Vec<Scope> = match (&self.types, scope) {
            (Types::Only(types), None) => types.iter().cloned().map(Scope::Is).collect(),
            (Types::Only(types), Some(scope)) => types.iter().map(|t| Scope::IsIn(t.clone(), scope.clone())).collect(),
            (_, None) => vec![Scope::Any],
            (_, Some(scope)) => vec![Scope::In(scope.clone())],
        };
        let several = resources.len() > 1;
        for resource in resources {
            let id = match &resource {
                Scope::Is(name) | Scope::IsIn(name, _) if several => format!("{id}#{name}"),
                _ => id.to_string(),
            };
            grants.push(Grant {
                id,
                source: source.to_string(),
                rests_on: self.rows.iter().filter(|row| *row != source).cloned().collect(),
                effect: self.effect,
                principal: principal.clone(),
                actions: self.actions.clone(),
                resource,
            });
        }
    }
}

/// A scope column pair, read: where a row holds.
enum Where {
    Everywhere,
    Within(Uid),
    /// A permit holds nowhere; a forbid holds everywhere.
    Unreadable,
}

fn read_scope(work: &mut Work, table: &str, row: usize, scope: Option<&Target>) -> Where {
    let view = &work.views[table];
    let Some(scope) = scope else { return Where::Everywhere };
    if is_unscoped(view, row, scope) {
        return Where::Everywhere;
    }
    match read_target(view, row, scope) {
        Ok(uid) => Where::Within(uid),
        Err(column) => {
            let value = view.value(row, column);
            let outcome = "the row permits nothing; what it forbids is forbidden everywhere";
            work.notes.unreadable(&view.source(row), column, value, "part of a scope", outcome);
            Where::Unreadable
        }
    }
}

/// The entity that a row refers to, or the column that cannot be read.
fn read_target<'t>(view: &View, row: usize, target: &'t Target) -> Result<Uid, &'t str> {
    let id_column = target.id_column();
    let type_name = match target {
        Target::Fixed { type_name, .. } => type_name,
        Target::Typed { type_column, types, .. } => match read_text(view.value(row, type_column)) {
            Reading::Is(text) => types.get(&text.to_ascii_lowercase()).ok_or(type_column.as_str())?,
            _ => return Err(type_column),
        },
    };
    match read_id(view.value(row, id_column), view.kind(id_column)) {
        Reading::Is(id) => Ok(Uid::new(type_name, id)),
        _ => Err(id_column),
    }
}

fn read_scoped_roles(
    work: &mut Work,
    table: &mapping::Table,
    meaning: &RoleAssignment,
    of_roles: &HashMap<Uid, Vec<Conveyed>>,
    grants: &mut Vec<Grant>,
) {
    let (Some(principal_type), Some(role_type)) = (
        work.target_type(&table.name, &meaning.principal).map(str::to_string),
        work.target_type(&table.name, &meaning.role).map(str::to_string),
    ) else {
        return;
    };
    let count = work.views.get(table.name.as_str()).map_or(0, |view| view.rows.rows.len());
    for row in 0..count {
        let view = &work.views[table.name.as_str()];
        if meaning.scope.as_ref().is_none_or(|scope| is_unscoped(view, row, scope)) {
            // An unscoped assignment is a membership: the principal lies in the role.
            continue;
        }
        let standing = view.standing(row, &meaning.live, meaning.expires.as_deref(), &mut work.notes);
        let (Reading::Is(role), principal) = (view.id(row, &meaning.role), view.id(row, &meaning.principal)) else {
            continue;
        };
        let role = Uid::new(&role_type, role);
        let standing = standing.max(work.counts(&role)).max(work.belongs(&role));
        if standing == Standing::Void {
            continue;
        }
        let scope = read_scope(work, &table.name, row, meaning.scope.as_ref());
        let principal = match principal {
            Reading::Is(id) => Some(Uid::new(&principal_type, id)),
            _ => None,
        };
        if let Some(principal) = &principal
            && work.crosses_tenants(principal, &role)
        {
            continue;
        }
        let source = work.views[table.name.as_str()].source(row);
        let within = match &scope {
            Where::Within(uid) => Some(uid),
            _ => None,
        };
        let permits = standing == Standing::Counts
            && principal.is_some()
            && within.is_some_and(|uid| work.counts(uid) == Standing::Counts);
        let principal = principal.map_or(Scope::Any, Scope::Eq);
        for conveyed in merge(of_roles.get(&role).map_or(&[], Vec::as_slice)) {
            if conveyed.effect == Effect::Permit && !permits {
                continue;
            }
            let id = match (conveyed.effect, &conveyed.types) {
                (Effect::Permit, Types::Only(types)) => format!("{source}#{}", types.join("+")),
                (Effect::Permit, _) => source.clone(),
                (Effect::Forbid, Types::Only(types)) => format!("{source}#forbid+{}", types.join("+")),
                (Effect::Forbid, _) => format!("{source}#forbid"),
            };
            conveyed.grant(&id, &source, principal.clone(), within, grants);
        }
    }
}

/// A role's permissions with those of one effect and one set of types put together: one policy with a list of actions.
fn merge(conveyed: &[Conveyed]) -> Vec<Conveyed> {
    let mut merged: BTreeMap<(Effect, Types, bool), Conveyed> = BTreeMap::new();
    for one in conveyed {
        let into = merged.entry((one.effect, one.types.clone(), one.actions.is_none())).or_insert_with(|| Conveyed {
            effect: one.effect,
            actions: one.actions.as_ref().map(|_| Vec::new()),
            types: one.types.clone(),
            rows: Vec::new(),
        });
        if let (Some(all), Some(more)) = (&mut into.actions, &one.actions) {
            all.extend(more.iter().cloned());
            all.sort();
            all.dedup();
        }
        into.rows.extend(one.rows.iter().cloned());
        into.rows.sort();
        into.rows.dedup();
    }
    merged.into_values().collect()
}

fn read_direct(
    work: &mut Work,
    table: &mapping::Table,
    meaning: &DirectPermission,
    permissions: &HashMap<String, Permission>,
    grants: &mut Vec<Grant>,
) {
    let Some(principal_type) = work.target_type(&table.name, &meaning.principal).map(str::to_string) else { return };
    let count = work.views.get(table.name.as_str()).map_or(0, |view| view.rows.rows.len());
    for row in 0..count {
        let view = &work.views[table.name.as_str()];
        let standing = view.standing(row, &meaning.live, meaning.expires.as_deref(), &mut work.notes);
        if standing == Standing::Void {
            continue;
        }
        let effect = read_effect(&mut work.notes, view, row, meaning.granted.as_deref());
        let Some(conveyed) = conveyed(view, row, &meaning.permission, permissions, effect, standing) else { continue };
        let source = view.source(row);
        let principal = match view.id(row, &meaning.principal) {
            Reading::Is(id) => Scope::Eq(Uid::new(&principal_type, id)),
            _ if effect == Effect::Permit => continue,
            _ => Scope::Any,
        };
        let within = match read_scope(work, &table.name, row, meaning.scope.as_ref()) {
            Where::Everywhere => None,
            Where::Within(uid) if effect == Effect::Permit && work.counts(&uid) != Standing::Counts => continue,
            Where::Within(uid) => Some(uid),
            Where::Unreadable if effect == Effect::Permit => continue,
            Where::Unreadable => None,
        };
        conveyed.grant(&source, &source, principal, within.as_ref(), grants);
    }
}

fn read_acl(work: &mut Work, table: &mapping::Table, meaning: &Acl, grants: &mut Vec<Grant>) {
    let count = work.views.get(table.name.as_str()).map_or(0, |view| view.rows.rows.len());
    for row in 0..count {
        let view = &work.views[table.name.as_str()];
        let standing = view.standing(row, &meaning.live, meaning.expires.as_deref(), &mut work.notes);
        if standing == Standing::Void {
            continue;
        }
        let source = view.source(row);
        let effect = read_effect(&mut work.notes, view, row, meaning.granted.as_deref());
        let mut readable = standing == Standing::Counts;
        let mut unreadable = |notes: &mut Notes, column: &str, expected: &str| {
            let outcome = "the row permits nothing; what it forbids is forbidden as widely as it may have meant";
            notes.unreadable(&source, column, view.value(row, column), expected, outcome);
            readable = false;
        };

        let subject = read_target(view, row, &meaning.subject);
        let principal = match subject {
            Ok(uid) if is_principal(work.mapping, &uid.kind) => Scope::Eq(uid),
            Ok(uid) => Scope::In(uid),
            Err(column) => {
                unreadable(&mut work.notes, column, "part of a subject");
                Scope::Any
            }
        };
        let inherit = match &meaning.inherit {
            None => meaning.inherit_always,
            Some(column) => match read_bool(view.value(row, column)) {
                Reading::Is(inherit) => inherit,
                Reading::Null => false,
                Reading::Unreadable => {
                    unreadable(&mut work.notes, column, "a boolean (0 or 1)");
                    true
                }
            },
        };
        let mut object_counts = true;
        let resource = match read_target(view, row, &meaning.object) {
            Ok(uid) => {
                object_counts = match work.standing.get(&uid) {
                    Some(standing) => *standing == Standing::Counts,
                    None => work.mapping.externals.contains_key(&uid.kind),
                };
                if inherit { Scope::In(uid) } else { Scope::Eq(uid) }
            }
            Err(column) => {
                unreadable(&mut work.notes, column, "part of an object");
                Scope::Any
            }
        };
        let actions = read_pattern(view, row, &meaning.action).map(|action| work.mapping.implied(&action));
        if actions.is_none() {
            let column = pattern_columns(&meaning.action).next().map_or("", String::as_str);
            unreadable(&mut work.notes, column, "an action");
        }
        if effect == Effect::Permit && !(readable && object_counts) {
            continue;
        }
        let rests_on = Vec::new();
        grants.push(Grant { id: source.clone(), source, rests_on, effect, principal, actions, resource });
    }
}

fn is_principal(mapping: &mapping::Mapping, type_name: &str) -> bool {
    mapping.entity(type_name).is_some_and(|(_, entity)| entity.entity == EntityKind::Principal)
}

/// The text that a pattern makes of a row; `None` where a column of it cannot be read or the text is empty.
fn read_pattern(view: &View, row: usize, pattern: &Pattern) -> Option<String> {
    let mut text = String::new();
    for piece in &pattern.0 {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Column(column) => match read_text(view.value(row, column)) {
                Reading::Is(value) if !value.is_empty() => text.push_str(&value),
                _ => return None,
            },
        }
    }
    (!text.is_empty()).then_some(text)
}

fn pattern_columns(pattern: &Pattern) -> impl Iterator<Item = &String> {
    pattern.0.iter().filter_map(|piece| match piece {
        Piece::Column(column) => Some(column),
        Piece::Literal(_) => None,
    })
}
