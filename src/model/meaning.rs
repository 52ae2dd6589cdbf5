// SPDX-License-Identifier: Apache-2.0
//! What the rows of one table say, kind by kind.

use super::kinds::Kind;
use super::section::{At, Span, ticked, toml_key, toml_text, wrong};
use super::table::{TableReader, Wanted, header};
use super::words::pascal;
use crate::er;
use crate::mapping::{
    Acl, Column, ColumnKind, DirectPermission, Entity, EntityKind, GroupMembership, Link, LoginSession, Meaning,
    Pattern, Permission, Piece, ResourceType, RoleAssignment, RolePermission, Target,
};
use std::collections::BTreeMap;

/// The roles that a membership knows within a group's table, and what a holder may do to the group.
pub(super) struct MemberRoles {
    pub(super) group: String,
    pub(super) roles: Vec<(String, Span, Vec<String>)>,
}

/// The meaning of a table, if its section says one.
pub(super) fn read(reader: &mut TableReader<'_, '_, '_>, member_roles: &mut Vec<MemberRoles>) -> Option<Meaning> {
    let declared = reader.at;
    let kind = declared.kind;
    let mut complete = true;
    for (key, example) in kind.required() {
        if !declared.section.has(key) {
            let message = format!("{} is {} and names no `{key}`", header(&declared.table.name), kind.with_article());
            let help = format!("add `{key} = {example}`");
            reader.findings.error("model/missing-key", &declared.section.span, message, help);
            complete = false;
        }
    }
    // What is there is read all the same, for its own mistakes.
    let meaning = match kind {
        Kind::Principal | Kind::Role | Kind::Group | Kind::Tenant | Kind::Resource => {
            let entity = kind.entity()?;
            self::entity(reader, entity).map(Meaning::Entity)
        }
        Kind::Permission => permission(reader).map(Meaning::Permission),
        Kind::RolePermission => {
            let (role, permission) = (role(reader), permission_key(reader));
            let (granted, live) = (reader.boolean("granted"), reader.live());
            both(role, permission)
                .map(|(role, permission)| Meaning::RolePermission(RolePermission { role, permission, granted, live }))
        }
        Kind::RoleAssignment => {
            let (principal, role) = (principal(reader), role(reader));
            let scope = reader.target("scope", Wanted::Entity);
            let (expires, live) = (reader.time("expires"), reader.live());
            both(principal, role).map(|(principal, role)| {
                Meaning::RoleAssignment(RoleAssignment { principal, role, scope, expires, live })
            })
        }
        Kind::DirectPermission => {
            let (principal, permission) = (principal(reader), permission_key(reader));
            let scope = reader.target("scope", Wanted::Entity);
            let (granted, expires, live) = (reader.boolean("granted"), reader.time("expires"), reader.live());
            both(principal, permission).map(|(principal, permission)| {
                Meaning::DirectPermission(DirectPermission { principal, permission, scope, granted, expires, live })
            })
        }
        Kind::GroupMembership => group_membership(reader, member_roles).map(Meaning::GroupMembership),
        Kind::Acl => acl(reader).map(Meaning::Acl),
        Kind::Link => {
            let child = reader.foreign("child", Wanted::Entity).map(|(column, _)| column);
            let parent = reader.foreign("parent", Wanted::Entity).map(|(column, _)| column);
            let live = reader.live();
            both(child, parent).map(|(child, parent)| Meaning::Link(Link { child, parent, live }))
        }
        Kind::LoginSession => login_session(reader).map(Meaning::LoginSession),
        Kind::Ignored => {
            let because = declared.section.text("because", "\"decides nothing\"", reader.findings)?;
            if because.value.trim().is_empty() {
                let message = format!("{} gives no reason for being ignored", header(&declared.table.name));
                let help = "say in one line why no row of it decides anything";
                reader.findings.error("model/because", &because.span, message, help);
            }
            Some(Meaning::Ignored { because: because.value })
        }
    };
    meaning.filter(|_| complete)
}

fn both(a: Option<String>, b: Option<String>) -> Option<(String, String)> {
    a.zip(b)
}

fn role(reader: &mut TableReader<'_, '_, '_>) -> Option<String> {
    reader.foreign("role", Wanted::Kind(Kind::Role)).map(|(column, _)| column)
}

fn principal(reader: &mut TableReader<'_, '_, '_>) -> Option<String> {
    reader.foreign("principal", Wanted::Kind(Kind::Principal)).map(|(column, _)| column)
}

fn permission_key(reader: &mut TableReader<'_, '_, '_>) -> Option<String> {
    reader.foreign("permission", Wanted::Kind(Kind::Permission)).map(|(column, _)| column)
}

fn entity(reader: &mut TableReader<'_, '_, '_>, kind: EntityKind) -> Option<Entity> {
    let section = &reader.at.section;
    let id = id(reader);
    // What ends a session or a permission does not hide it from those who look after it.
    let live = if reader.at.kind.may_be_entity() { Vec::new() } else { reader.live() };
    let mut parents = Vec::new();
    for (key, wanted) in [
        ("role", Wanted::Kind(Kind::Role)),
        ("groups", Wanted::Kind(Kind::Group)),
        ("parent", Wanted::Kind(Kind::Group)),
        ("parents", Wanted::Entity),
    ] {
        // Keys that the kind does not have are reported already.
        if !reader.at.kind.keys().contains(&key) {
            continue;
        }
        let names = match key {
            "role" | "parent" => section.text(key, "\"…_id\"", reader.findings).into_iter().collect(),
            _ => section.texts(key, "[\"…_id\"]", reader.findings),
        };
        for name in names {
            let Some(name) = reader.exists(name) else { continue };
            if let Some((column, _)) = reader.leads(key, name, wanted)
                && !parents.contains(&column)
            {
                parents.push(column);
            }
        }
    }
    let has = |key: &str| reader.at.kind.keys().contains(&key);
    let (has_tenant, has_owner, has_name) = (has("tenant"), has("owner"), has("name"));
    let tenant = has_tenant.then(|| reader.foreign("tenant", Wanted::Kind(Kind::Tenant))).flatten().map(|(c, _)| c);
    let owner = has_owner.then(|| reader.foreign("owner", Wanted::Kind(Kind::Principal))).flatten().map(|(c, _)| c);
    let owner_actions = if has_owner { owner_actions(reader) } else { Vec::new() };
    let (mut name, mut level, mut system) = (None, None, None);
    if has_name {
        name = reader.column_of("name", &[ColumnKind::Text, ColumnKind::Uuid], "text");
        level = reader.column_of("level", &[ColumnKind::Long], "a whole number");
        system = reader.boolean("system");
    }
    // Policies read these, whatever else is an attribute.
    let mut needed: Vec<String> = [&owner, &tenant, &level, &system].into_iter().flatten().cloned().collect();
    needed.extend(live.iter().map(|live| live.column.clone()));
    let attributes = attributes(reader, id.as_deref(), &needed);
    Some(Entity {
        entity: kind,
        type_name: reader.at.type_name.clone()?,
        id: id?,
        live,
        parents,
        tenant,
        attributes,
        request: Vec::new(),
        name,
        owner,
        owner_actions,
        level,
        system,
        member_roles: BTreeMap::new(),
    })
}

/// The column of an entity's id: the model's `id`, or the primary key.
fn id(reader: &mut TableReader<'_, '_, '_>) -> Option<String> {
    let (section, table) = (&reader.at.section, reader.at.table);
    let given = section.text("id", "\"id\"", reader.findings);
    if table.columns.is_empty() {
        let id = given.map_or_else(|| "id".to_string(), |given| given.value);
        reader.assume_id(&id);
        return Some(id);
    }
    let primary = table.primary_key();
    let id = match given {
        Some(given) => {
            let given = reader.exists(given)?;
            if let [only] = primary.as_slice()
                && *only != given.value
            {
                let message = format!("`{}` is not the primary key of `{}`", given.value, table.name);
                let help = format!("foreign keys hold `{only}`: make sure that they hold `{}` here", given.value);
                reader.findings.warning("model/id", &given.span, message, help);
            }
            given
        }
        None => match primary.as_slice() {
            [only] => At { value: (*only).to_string(), span: section.span.clone() },
            several => {
                let message = match several {
                    [] => format!("`{}` has no primary key to be the id of its entities", table.name),
                    _ => format!("the primary key of `{}` has several columns, and an id is one", table.name),
                };
                let example =
                    several.first().copied().or(table.columns.first().map(|c| c.name.as_str())).unwrap_or("id");
                let help = format!("name the column that identifies a row: `id = {}`", toml_text(example));
                reader.findings.error("model/id", &section.span, message, help);
                return None;
            }
        },
    };
    if reader.kind_of(&id.value) == ColumnKind::Blob {
        let message = format!("`{}` holds bytes, and an id is text", id.value);
        reader.findings.error("model/column-type", &id.span, message, "name another column that identifies a row");
    }
    Some(id.value)
}

fn owner_actions(reader: &mut TableReader<'_, '_, '_>) -> Vec<String> {
    let section = &reader.at.section;
    let actions = section.texts("owner_actions", "[\"READ\"]", reader.findings);
    if section.has("owner_actions") && !section.has("owner") {
        let message = "`owner_actions` without an `owner` says nothing".to_string();
        let help = "name the foreign key of the owner: `owner = \"owner_id\"`";
        reader.findings.error("model/missing-key", &section.key_span("owner_actions"), message, help);
    }
    action_names(reader, actions)
}

/// The names of actions, each once, none empty.
fn action_names(reader: &mut TableReader<'_, '_, '_>, actions: Vec<At<String>>) -> Vec<String> {
    let mut all = Vec::new();
    for action in actions {
        if action.value.is_empty() {
            let message = "an action has an empty name".to_string();
            reader.findings.error("model/action", &action.span, message, "give it a name");
        } else if !all.contains(&action.value) {
            all.push(action.value);
        }
    }
    all
}

/// The columns that become attributes, in the order of the table.
fn attributes(reader: &mut TableReader<'_, '_, '_>, id: Option<&str>, needed: &[String]) -> Vec<String> {
    let section = &reader.at.section;
    let exposed = exposed(reader);
    let mut listed: Option<Vec<String>> = None;
    if section.has("attributes") {
        let mut all = Vec::new();
        for name in section.texts("attributes", "[\"title\"]", reader.findings) {
            let Some(name) = reader.exists(name) else { continue };
            let Some(column) = reader.columns.iter().find(|c| c.name == name.value) else { continue };
            if column.kind == ColumnKind::Blob {
                let message = format!("`{}` holds bytes, for which Cedar has no type", name.value);
                reader.findings.error("model/column-type", &name.span, message, "leave it out of `attributes`");
            } else if column.secret && !exposed.contains(&name.value) {
                let message =
                    format!("`{}` is a secret by its name, and attributes are seen by policies and logs", name.value);
                let help = format!("leave it out, or say why: `expose = {{ {} = \"…\" }}`", toml_key(&name.value));
                reader.findings.error("model/secret", &name.span, message, help);
            }
            all.push(name.value);
        }
        listed = Some(all);
    }
    let is_attribute = |column: &Column| match &listed {
        Some(listed) => {
            listed.contains(&column.name) || needed.contains(&column.name) || exposed.contains(&column.name)
        }
        None => {
            let secret = column.secret && !exposed.contains(&column.name);
            Some(column.name.as_str()) != id && !secret && column.kind != ColumnKind::Blob
        }
    };
    reader.columns.iter().filter(|c| is_attribute(c)).map(|c| c.name.clone()).collect()
}

/// The secret columns that shall become attributes all the same.
fn exposed(reader: &mut TableReader<'_, '_, '_>) -> Vec<String> {
    let section = &reader.at.section;
    let mut all = Vec::new();
    for (name, why) in section.pairs("expose", "{ share_token = \"the viewer compares it\" }", reader.findings) {
        let name = At { value: name.value.to_string(), span: name.span };
        let Some(name) = reader.exists(name) else { continue };
        let Some(column) = reader.columns.iter().find(|c| c.name == name.value) else { continue };
        if column.kind == ColumnKind::Blob {
            let message = format!("`{}` holds bytes, for which Cedar has no type", name.value);
            reader.findings.error("model/column-type", &name.span, message, "leave it out of `expose`");
            continue;
        }
        if why.value.trim().is_empty() {
            let message = format!("`{}` is exposed without a reason", name.value);
            reader.findings.error("model/expose", &why.span, message, "say in one line who needs it");
        }
        if !column.secret {
            let message = format!("`{}` is no secret by its name, and an attribute already", name.value);
            reader.findings.warning("model/expose", &name.span, message, "leave it out of `expose`");
            continue;
        }
        all.push(name.value);
    }
    all
}

fn permission(reader: &mut TableReader<'_, '_, '_>) -> Option<Permission> {
    let (section, table) = (&reader.at.section, reader.at.table);
    if table.primary_key().len() != 1 {
        let message = format!("`{}` has no single primary-key column that a grant could refer to", table.name);
        let help = "mark the column that identifies a permission with `PK` in the diagram";
        reader.findings.error("model/id", &section.span, message, help);
    }
    let action = reader.pattern("action");
    let resource = match section.item("resource") {
        None => None,
        Some(item) if item.is_str() => {
            let column = reader.column("resource", "\"resource\"")?.value;
            Some(ResourceType { column, types: reader.default_types(Wanted::Entity, true), otherwise_any: false })
        }
        Some(_) => {
            const EXAMPLE: &str = "{ column = \"category\", types = { docs = \"Document\" }, otherwise = \"any\" }";
            let inner = section.section("resource", EXAMPLE, reader.findings)?;
            inner.only(&["column", "types", "otherwise"], "`resource`", |_| None, reader.findings);
            if !inner.has("column") {
                let message = "`resource` names no `column`".to_string();
                reader.findings.error(
                    "model/missing-key",
                    &inner.span,
                    message,
                    format!("write `resource = {EXAMPLE}`"),
                );
            }
            let column = inner.text("column", "\"category\"", reader.findings).and_then(|name| reader.exists(name));
            let types = match inner.has("types") {
                true => reader.types(&inner, Wanted::Entity),
                false => reader.default_types(Wanted::Entity, true),
            };
            let otherwise = inner.text("otherwise", "\"any\"", reader.findings);
            if let Some(other) = otherwise.as_ref().filter(|o| o.value != "any") {
                let message = format!("`otherwise` cannot be `{}`", other.value);
                let help = "write `otherwise = \"any\"`, or leave it out: then a value that names no type is not read";
                reader.findings.error("model/otherwise", &other.span, message, help);
            }
            Some(ResourceType { column: column?.value, types, otherwise_any: otherwise.is_some() })
        }
    };
    let live = reader.live();
    let entity = second_entity(reader)?;
    Some(Permission { action: action?, resource, live, entity })
}

fn group_membership(
    reader: &mut TableReader<'_, '_, '_>,
    member_roles: &mut Vec<MemberRoles>,
) -> Option<GroupMembership> {
    let section = &reader.at.section;
    let principal = principal(reader);
    let group = reader.foreign("group", Wanted::Kind(Kind::Group));
    let kinds = [ColumnKind::Text, ColumnKind::Long, ColumnKind::Uuid];
    let member_role = reader.column_of("member_role", &kinds, "the name of a role");
    if let Some(actions) = section.section("member_actions", "{ admin = [\"groups:update\"] }", reader.findings) {
        if !section.has("member_role") {
            let message = "`member_actions` without a `member_role` says nothing".to_string();
            let help = "name the column with the member's role: `member_role = \"role\"`";
            reader.findings.error("model/missing-key", &actions.span, message, help);
        }
        let mut roles = Vec::new();
        for (role, span, _) in actions.keys() {
            if role.is_empty() {
                let message = "a role has an empty name".to_string();
                reader.findings.error("model/action", &span, message, "give it a name");
            }
            let names = actions.texts(role, "[\"groups:update\"]", reader.findings);
            roles.push((role.to_string(), span, action_names(reader, names)));
        }
        if let Some((_, group)) = &group {
            member_roles.push(MemberRoles { group: group.table.name.clone(), roles });
        }
    }
    let (expires, live) = (reader.time("expires"), reader.live());
    let (group, _) = group?;
    Some(GroupMembership { principal: principal?, group, member_role, expires, live })
}

fn acl(reader: &mut TableReader<'_, '_, '_>) -> Option<Acl> {
    let section = &reader.at.section;
    let subject = reader.target("subject", Wanted::Subject);
    let object = reader.target("object", Wanted::Entity);
    let action = reader.pattern("action");
    let (inherit, inherit_always) = match section.item("inherit") {
        Some(item) if item.as_bool().is_some() => (None, item.as_bool() == Some(true)),
        Some(item) if !item.is_str() => {
            let span = section.span_of("inherit");
            wrong("inherit", "a boolean column, or true", item, span, "\"inherit_down\"", reader.findings);
            (None, false)
        }
        _ => (reader.boolean("inherit"), false),
    };
    let (granted, expires, live) = (reader.boolean("granted"), reader.time("expires"), reader.live());
    Some(Acl { subject: subject?, object: object?, action: action?, inherit, inherit_always, granted, expires, live })
}

fn login_session(reader: &mut TableReader<'_, '_, '_>) -> Option<LoginSession> {
    let section = &reader.at.section;
    let token_hash = reader.column_of("token_hash", &[ColumnKind::Text], "the hash of a token, as text");
    if let Some(token_hash) = &token_hash {
        // Whatever it is called: what authenticates somebody is shown to nobody.
        reader.keep_secret(token_hash);
    }
    let principal = principal(reader);
    let live = reader.live();
    let expires = reader.time("expires");
    let ends = [ColumnKind::Time, ColumnKind::Text, ColumnKind::Long, ColumnKind::Bool];
    let revoked = reader.column_of("revoked", &ends, "a time or a boolean");
    let mut context = BTreeMap::new();
    for (attribute, name) in section.pairs("context", "{ mfa = \"mfa_verified\" }", reader.findings) {
        let Some(name) = reader.exists(name) else { continue };
        let Some(column) = reader.columns.iter().find(|c| c.name == name.value) else { continue };
        if column.secret || column.kind == ColumnKind::Blob {
            let message = format!("`{}` is a secret, and the context is seen by policies and logs", name.value);
            reader.findings.error("model/secret", &name.span, message, "leave it out of `context`");
        }
        context.insert(attribute.value.to_string(), name.value);
    }
    let entity = second_entity(reader)?;
    Some(LoginSession { token_hash: token_hash?, principal: principal?, live, expires, revoked, context, entity })
}

/// What the rows of a session or permission table are as entities, if the model gives them a type. `None` where it does
/// and they cannot be.
fn second_entity(reader: &mut TableReader<'_, '_, '_>) -> Option<Option<Entity>> {
    let section = &reader.at.section;
    if section.has("as") {
        return entity(reader, EntityKind::Resource).map(Some);
    }
    let needing: Vec<&str> = Kind::OF_SECOND_ENTITY.into_iter().filter(|key| section.has(key)).collect();
    if let Some(first) = needing.first() {
        let rows = reader.at.kind.name();
        let message = format!("{} describe a {rows} as an entity, which has no type", ticked(needing.iter().copied()));
        let help = format!("give it one: `as = {}`", toml_text(&pascal(&reader.at.table.name)));
        reader.findings.error("model/missing-key", &section.key_span(first), message, help);
    }
    Some(None)
}

/// What identifies a row, and whether that is a primary key.
pub(super) fn key(table: &er::Table, columns: &[Column], meaning: &Meaning) -> (Vec<String>, bool) {
    let primary = table.primary_key();
    if !primary.is_empty() {
        return (primary.into_iter().map(str::to_string).collect(), true);
    }
    if table.columns.is_empty() {
        return (columns.iter().map(|c| c.name.clone()).collect(), !columns.is_empty());
    }
    let mut key: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !key.iter().any(|k| k == name) {
            key.push(name.to_string());
        }
    };
    match meaning {
        Meaning::Entity(entity) => add(&entity.id),
        Meaning::RolePermission(m) => [&m.role, &m.permission].into_iter().for_each(|c| add(c)),
        Meaning::RoleAssignment(m) => {
            [&m.principal, &m.role].into_iter().for_each(|c| add(c));
            m.scope.iter().flat_map(target_columns).for_each(&mut add);
        }
        Meaning::DirectPermission(m) => {
            [&m.principal, &m.permission].into_iter().for_each(|c| add(c));
            m.scope.iter().flat_map(target_columns).for_each(&mut add);
        }
        Meaning::GroupMembership(m) => [&m.principal, &m.group].into_iter().for_each(|c| add(c)),
        Meaning::Acl(m) => {
            target_columns(&m.subject).for_each(&mut add);
            target_columns(&m.object).for_each(&mut add);
            pattern_columns(&m.action).for_each(&mut add);
        }
        Meaning::Link(m) => [&m.child, &m.parent].into_iter().for_each(|c| add(c)),
        _ => columns.iter().for_each(|c| add(&c.name)),
    }
    (key, false)
}

fn target_columns(target: &Target) -> impl Iterator<Item = &str> {
    let type_column = match target {
        Target::Typed { type_column, .. } => Some(type_column.as_str()),
        Target::Fixed { .. } => None,
    };
    type_column.into_iter().chain(std::iter::once(target.id_column()))
}

fn pattern_columns(pattern: &Pattern) -> impl Iterator<Item = &str> {
    pattern.0.iter().filter_map(|piece| match piece {
        Piece::Column(name) => Some(name.as_str()),
        Piece::Literal(_) => None,
    })
}
