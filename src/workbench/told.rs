// SPDX-License-Identifier: Apache-2.0
//! A model told to people who know no Cedar: what a row of each table says, and what each of its columns is for.

use super::shapes::{Action, Attribute, EntityType, ModelColumn, ModelTable};
use crate::compile;
use crate::mapping::{Entity, EntityKind, Live, Mapping, Meaning, Pattern, Piece, Table, Target, Test};
use crate::report::Place;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use toml_edit::Document;

/// The tables of a model. `model` is the text that it was read from, for the lines of its sections.
pub fn tables(mapping: &Mapping, model: &str) -> Vec<ModelTable> {
    let lines = lines(model);
    let table = |table: &Table| {
        let roles = roles(table);
        let columns = table.columns.iter().map(|column| {
            let role = roles.iter().find(|(name, _)| *name == column.name).map(|(_, role)| role.clone());
            let pair = typed(table).into_iter();
            let typed_by = pair.filter(|(_, id, _)| **id == column.name).map(|(by, ..)| by.clone()).next();
            ModelColumn {
                name: column.name.clone(),
                kind: column.kind,
                nullable: column.nullable,
                unique: column.unique || (table.keyed && table.key == [column.name.clone()]),
                default: column.default.clone(),
                references: column.references.clone(),
                secret: column.secret,
                role,
                values: values(table, &column.name),
                typed_by,
            }
        });
        ModelTable {
            name: table.name.clone(),
            kind: table.meaning.kind(),
            type_name: table.entity().map(|entity| entity.type_name.clone()),
            says: says(mapping, table),
            key: table.key.clone(),
            columns: columns.collect(),
            line: lines.get(&table.name).copied().unwrap_or(0),
        }
    };
    mapping.tables.iter().map(table).collect()
}

pub fn types(mapping: &Mapping) -> Vec<EntityType> {
    let one = |kind: compile::EntityType| EntityType {
        principal: kind.is_principal,
        // Every type that a model has can be acted upon.
        resource: true,
        attributes: kind
            .attributes
            .into_iter()
            .map(|(name, kind)| Attribute { name, kind: kind.name, optional: kind.optional })
            .collect(),
        parents: kind.parents,
        table: kind.table,
        name: kind.name,
    };
    compile::entity_types(mapping).into_iter().map(one).collect()
}

/// The actions that the model names, and those that only rows do.
pub fn actions(mapping: &Mapping, of_rows: &BTreeSet<String>) -> Vec<Action> {
    let declared = mapping.declared_actions();
    let all: BTreeSet<&String> = declared.keys().chain(of_rows).collect();
    let one = |id: &String| {
        let context = mapping.context_of(id).into_iter().map(|(name, kind)| (name.to_string(), kind.clone())).collect();
        Action {
            id: id.clone(),
            resources: mapping.actions.get(id).map(|action| action.resources.clone()).unwrap_or_default(),
            implies: mapping.implied(id).into_iter().skip(1).collect(),
            context: Attribute::all(&context),
            declared: declared.contains_key(id),
        }
    };
    all.into_iter().map(one).collect()
}

/// The line of each `[table.NAME]`.
fn lines(model: &str) -> HashMap<String, u32> {
    let Ok(document) = Document::parse(model) else { return HashMap::new() };
    let Some(tables) = document.as_table().get("table").and_then(|item| item.as_table_like()) else {
        return HashMap::new();
    };
    let names = tables.iter().map(|(name, _)| name);
    let line = |name: &str| {
        let (key, item) = tables.get_key_value(name)?;
        let span = key.span().or_else(|| item.span())?;
        Some((name.to_string(), Place::of(model, span.start, span.end).line))
    };
    names.filter_map(line).collect()
}

/// What a row says, in one sentence.
fn says(mapping: &Mapping, table: &Table) -> String {
    // `ORG_MEMBERS.user_id` leads to a `User`.
    let leads = |column: &str| {
        let to = table.column(column).and_then(|column| column.references.as_deref());
        to.map_or("another row".to_string(), |to| mapping.type_of(to).unwrap_or(to).to_string())
    };
    let a = |name: &str| {
        let lower = name.to_ascii_lowercase();
        // A user, a unit: these begin with a consonant when spoken.
        let spoken = ["us", "uni", "ut", "eu"].iter().any(|start| lower.starts_with(start));
        let vowel = !spoken && lower.starts_with(['a', 'e', 'i', 'o', 'u']);
        format!("{} {name}", if vowel { "an" } else { "a" })
    };
    let until = |expires: &Option<String>| if expires.is_some() { ", until it expires" } else { "" };
    let within = |scope: &Option<Target>| match scope {
        Some(Target::Fixed { type_name, .. }) => format!(", within {} if it names one", a(type_name)),
        Some(Target::Typed { .. }) => ", within a scope if it names one".to_string(),
        None => String::new(),
    };
    let gives = |granted: &Option<String>| if granted.is_some() { "gives or denies" } else { "gives" };
    let sentence = match &table.meaning {
        Meaning::Entity(entity) => of_entity(entity, &a(&entity.type_name)),
        Meaning::Permission(meaning) => {
            let of = if meaning.resource.is_some() { ", on things of one type" } else { "" };
            format!("is an action that can be given to somebody{of}")
        }
        Meaning::RolePermission(meaning) => {
            format!("{} everybody with a role one permission", gives(&meaning.granted))
        }
        Meaning::RoleAssignment(meaning) => format!(
            "gives {} a role{}{}",
            a(&leads(&meaning.principal)),
            within(&meaning.scope),
            until(&meaning.expires)
        ),
        Meaning::DirectPermission(meaning) => format!(
            "{} {} one permission{}{}",
            gives(&meaning.granted),
            a(&leads(&meaning.principal)),
            within(&meaning.scope),
            until(&meaning.expires)
        ),
        Meaning::GroupMembership(meaning) => {
            let role = if meaning.member_role.is_some() { " with a role in it" } else { "" };
            format!(
                "makes {} a member of {}{role}{}",
                a(&leads(&meaning.principal)),
                a(&leads(&meaning.group)),
                until(&meaning.expires)
            )
        }
        Meaning::Acl(meaning) => {
            let subjects: Vec<String> = meaning.subject.type_names().into_iter().map(a).collect();
            let objects: Vec<String> = meaning.object.type_names().into_iter().map(a).collect();
            let verb = if meaning.granted.is_some() { "lets, or forbids," } else { "lets" };
            let below = match (&meaning.inherit, meaning.inherit_always) {
                (Some(_), _) => ", and what lies in it if it says so",
                (None, true) => ", and what lies in it",
                (None, false) => "",
            };
            format!(
                "{verb} {} do something to {}{below}{}",
                subjects.join(" or "),
                objects.join(" or "),
                until(&meaning.expires)
            )
        }
        Meaning::Link(meaning) => {
            format!(
                "puts {} into {}: what is allowed there holds here too",
                a(&leads(&meaning.child)),
                a(&leads(&meaning.parent))
            )
        }
        Meaning::LoginSession(meaning) => {
            format!("is a login of {}{}", a(&leads(&meaning.principal)), until(&meaning.expires))
        }
        Meaning::Ignored { because } => {
            return if because.trim().is_empty() {
                "Its rows say nothing about who may do what.".to_string()
            } else {
                format!("Its rows say nothing about who may do what: {}.", because.trim().trim_end_matches('.'))
            };
        }
    };
    let live = match &table.meaning {
        Meaning::Entity(entity) if !entity.live.is_empty() => match entity.entity {
            EntityKind::Principal => " One that is not active may do nothing.",
            EntityKind::Role | EntityKind::Group => " One that is not active gives nothing.",
            _ => " Nothing may be done to one that is not active.",
        },
        _ if live(table).is_empty() => "",
        _ => " Only active rows count.",
    };
    format!("Each row {sentence}.{live}")
}

fn of_entity(entity: &Entity, a_type: &str) -> String {
    let owner = if entity.owner.is_some() && !entity.owner_actions.is_empty() {
        format!("; its owner may {}", list(&entity.owner_actions))
    } else {
        String::new()
    };
    match entity.entity {
        EntityKind::Principal => format!("is {a_type}: somebody who can ask to do things"),
        EntityKind::Role => format!("is {a_type}: a set of permissions that people can hold{owner}"),
        EntityKind::Group => format!("is {a_type}: people together, who may do what the group may{owner}"),
        EntityKind::Tenant => format!("is {a_type}: a house of its own, and nothing crosses its walls{owner}"),
        EntityKind::Resource => format!("is {a_type}: something that people do things with{owner}"),
    }
}

fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn live(table: &Table) -> &[Live] {
    match &table.meaning {
        Meaning::Entity(meaning) => &meaning.live,
        Meaning::Permission(meaning) => &meaning.live,
        Meaning::RolePermission(meaning) => &meaning.live,
        Meaning::RoleAssignment(meaning) => &meaning.live,
        Meaning::DirectPermission(meaning) => &meaning.live,
        Meaning::GroupMembership(meaning) => &meaning.live,
        Meaning::Acl(meaning) => &meaning.live,
        Meaning::Link(meaning) => &meaning.live,
        Meaning::LoginSession(meaning) => &meaning.live,
        Meaning::Ignored { .. } => &[],
    }
}

/// Columns and what they mean for decisions. Where one means several things, what weighs most comes first.
fn roles(table: &Table) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |column: &str, role: &str| all.push((column.to_string(), role.to_string()));
    for live in live(table) {
        let role = match &live.test {
            Test::IsTrue => "must be true".to_string(),
            Test::IsFalse => "must be false".to_string(),
            Test::EqualsText(text) => format!("must be {text}"),
            Test::EqualsLong(number) => format!("must be {number}"),
            Test::IsNull => "must be empty".to_string(),
            Test::IsNotNull => "must be set".to_string(),
        };
        add(&live.column, &role);
    }
    let target = |target: &Target, kind: &str, what: &str, add: &mut dyn FnMut(&str, &str)| {
        if let Target::Typed { type_column, .. } = target {
            add(type_column, kind);
        }
        add(target.id_column(), what);
    };
    let pattern = |pattern: &Pattern, add: &mut dyn FnMut(&str, &str)| {
        for piece in &pattern.0 {
            if let Piece::Column(column) = piece {
                add(column, "action");
            }
        }
    };
    match &table.meaning {
        Meaning::Permission(meaning) => {
            pattern(&meaning.action, &mut add);
            if let Some(resource) = &meaning.resource {
                add(&resource.column, "type of resource");
            }
        }
        Meaning::RolePermission(meaning) => {
            add(&meaning.role, "role");
            add(&meaning.permission, "permission");
            meaning.granted.iter().for_each(|column| add(column, "grants or denies"));
        }
        Meaning::RoleAssignment(meaning) => {
            add(&meaning.principal, "who");
            add(&meaning.role, "role");
            if let Some(scope) = &meaning.scope {
                target(scope, "type of scope", "scope", &mut add);
            }
            meaning.expires.iter().for_each(|column| add(column, "expires"));
        }
        Meaning::DirectPermission(meaning) => {
            add(&meaning.principal, "who");
            add(&meaning.permission, "permission");
            if let Some(scope) = &meaning.scope {
                target(scope, "type of scope", "scope", &mut add);
            }
            meaning.granted.iter().for_each(|column| add(column, "grants or denies"));
            meaning.expires.iter().for_each(|column| add(column, "expires"));
        }
        Meaning::GroupMembership(meaning) => {
            add(&meaning.principal, "who");
            add(&meaning.group, "group");
            meaning.member_role.iter().for_each(|column| add(column, "role in the group"));
            meaning.expires.iter().for_each(|column| add(column, "expires"));
        }
        Meaning::Acl(meaning) => {
            target(&meaning.subject, "type of who", "who", &mut add);
            target(&meaning.object, "type of what", "on what", &mut add);
            pattern(&meaning.action, &mut add);
            meaning.inherit.iter().for_each(|column| add(column, "reaches below"));
            meaning.granted.iter().for_each(|column| add(column, "grants or denies"));
            meaning.expires.iter().for_each(|column| add(column, "expires"));
        }
        Meaning::Link(meaning) => {
            add(&meaning.child, "child");
            add(&meaning.parent, "parent");
        }
        Meaning::LoginSession(meaning) => {
            add(&meaning.token_hash, "token");
            add(&meaning.principal, "who");
            meaning.expires.iter().for_each(|column| add(column, "expires"));
            meaning.revoked.iter().for_each(|column| add(column, "ends it"));
            meaning.context.values().for_each(|column| add(column, "context"));
        }
        Meaning::Entity(_) | Meaning::Ignored { .. } => {}
    }
    if let Some(entity) = table.entity() {
        add(&entity.id, "id");
        entity.tenant.iter().for_each(|column| add(column, "tenant"));
        entity.owner.iter().for_each(|column| add(column, "owner"));
        entity.parents.iter().for_each(|column| add(column, "parent"));
        entity.name.iter().for_each(|column| add(column, "name"));
        entity.level.iter().for_each(|column| add(column, "level"));
        entity.system.iter().for_each(|column| add(column, "of the system"));
        entity.attributes.iter().for_each(|column| add(column, "attribute"));
    }
    if !matches!(table.meaning, Meaning::Ignored { .. }) && table.keyed {
        table.key.iter().for_each(|column| add(column, "id"));
    }
    all
}

/// Pairs of columns that name an entity: the one with the type, the one with the id, and the words for types.
fn typed(table: &Table) -> Vec<(&String, &String, &BTreeMap<String, String>)> {
    let targets: Vec<&Target> = match &table.meaning {
        Meaning::RoleAssignment(meaning) => meaning.scope.iter().collect(),
        Meaning::DirectPermission(meaning) => meaning.scope.iter().collect(),
        Meaning::Acl(meaning) => vec![&meaning.subject, &meaning.object],
        _ => Vec::new(),
    };
    fn pair(target: &Target) -> Option<(&String, &String, &BTreeMap<String, String>)> {
        match target {
            Target::Typed { type_column, id_column, types } => Some((type_column, id_column, types)),
            Target::Fixed { .. } => None,
        }
    }
    targets.into_iter().filter_map(pair).collect()
}

/// The words that a column takes, where only certain ones mean something.
fn values(table: &Table, column: &str) -> Option<Vec<String>> {
    if let Some((.., types)) = typed(table).into_iter().find(|(by, ..)| *by == column) {
        return Some(types.keys().cloned().collect());
    }
    match &table.meaning {
        Meaning::Permission(meaning) => {
            let resource = meaning.resource.as_ref().filter(|resource| resource.column == column)?;
            Some(resource.types.keys().cloned().collect())
        }
        _ => None,
    }
}
