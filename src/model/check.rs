// SPDX-License-Identifier: Apache-2.0
//! What can only be seen with all tables side by side.

use super::kinds::Kind;
use super::meaning::MemberRoles;
use super::section::{Findings, Span, ticked, toml_text};
use super::table::World;
use crate::mapping::{Entity, EntityKind, Live, Mapping, Meaning, Piece, Table};
use crate::name::{ROLES_ATTRIBUTE, ROW_ATTRIBUTE, nearest};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(
    mapping: &mut Mapping,
    world: &World<'_>,
    member_roles: Vec<MemberRoles>,
    findings: &mut Findings<'_>,
) {
    one_table_of_permissions(world, findings);
    one_table_a_type(world, findings);
    somebody_acts(world, findings);
    reserved_attributes(mapping, world, findings);
    read_request_attributes(mapping, world, findings);
    add_member_roles(mapping, member_roles, findings);
    reach_of_tenants(mapping, world, findings);
}

fn one_table_of_permissions(world: &World<'_>, findings: &mut Findings<'_>) {
    let mut all = world.declared.iter().filter(|d| d.kind == Kind::Permission);
    let Some(first) = all.next() else { return };
    for more in all {
        let message = format!("`{}` and `{}` are both tables of permissions", first.table.name, more.table.name);
        let help = "a model has at most one: make the other `ignored`, or an `acl`";
        findings.error("model/two-permission-tables", &place(world, &more.table.name, "kind"), message, help);
    }
}

fn one_table_a_type(world: &World<'_>, findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for declared in &world.declared {
        let Some(type_name) = declared.type_name.as_deref() else { continue };
        let table = declared.table.name.as_str();
        if let Some(other) = seen.get(type_name) {
            let message = format!("`{other}` and `{table}` both have the entity type `{type_name}`");
            let help = "ids of both would be one: give one of them another `as`";
            findings.error("model/same-type", &place(world, table, "as"), message, help);
        } else {
            seen.insert(type_name, table);
        }
    }
}

fn somebody_acts(world: &World<'_>, findings: &mut Findings<'_>) {
    // A section that could not be read may be the one.
    if !findings.failed() && !world.declared.is_empty() && !world.declared.iter().any(|d| d.kind == Kind::Principal) {
        let message = "no table is a principal, so that nobody can do anything".to_string();
        findings.warning("model/no-principal", &(0..0), message, "give the table of users `kind = \"principal\"`");
    }
}

fn reserved_attributes(mapping: &Mapping, world: &World<'_>, findings: &mut Findings<'_>) {
    for (table, entity) in mapping.entities() {
        let roles = (entity.entity == EntityKind::Principal).then_some(ROLES_ATTRIBUTE);
        for reserved in [Some(ROW_ATTRIBUTE), roles].into_iter().flatten() {
            if entity.attributes.iter().any(|a| a == reserved) {
                let message = format!(
                    "the column `{reserved}` of `{}` would hide the attribute of that name, which Palisade makes",
                    table.name
                );
                let rest = entity.attributes.iter().filter(|a| *a != reserved);
                let rest: Vec<String> = rest.map(|a| toml_text(a)).collect();
                let help = format!("leave it out: `attributes = [{}]`", rest.join(", "));
                findings.error("model/reserved-attribute", &place(world, &table.name, "attributes"), message, help);
            }
        }
    }
}

/// `request`: the attributes that a caller of the decision API may give another value for one question. What such a caller
/// says is believed, so that nothing may be named by which Palisade itself decides: whether a row lives, whose it is, where
/// it lies, which grant it is. Only what hand-written policies alone can read is left.
fn read_request_attributes(mapping: &mut Mapping, world: &World<'_>, findings: &mut Findings<'_>) {
    for declared in &world.declared {
        let names = declared.section.texts("request", "[\"status\"]", findings);
        let Some(table) = mapping.tables.iter_mut().find(|table| table.name == declared.table.name) else { continue };
        let Some(entity) = table.entity() else { continue };
        let mut request: Vec<String> = Vec::new();
        for name in names {
            if !entity.attributes.contains(&name.value) {
                let all = || entity.attributes.iter().map(String::as_str);
                let help = match nearest(&name.value, all()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has {}", ticked(all())),
                };
                let message = format!("`{}` is no attribute of `{}`", name.value, entity.type_name);
                findings.error("model/request", &name.span, message, help);
            } else if let Some(what) = decisive(table, entity, &name.value) {
                let message = format!("`{}` is {what}: a caller must not be able to say it", name.value);
                let help = "leave it out of `request`; the rows alone say it";
                findings.error("model/request", &name.span, message, help);
            } else if !request.contains(&name.value) {
                request.push(name.value);
            }
        }
        match &mut table.meaning {
            Meaning::Entity(entity) => entity.request = request,
            Meaning::LoginSession(session) => session.entity.iter_mut().for_each(|e| e.request = request.clone()),
            Meaning::Permission(permission) => permission.entity.iter_mut().for_each(|e| e.request = request.clone()),
            _ => {}
        }
    }
}

/// What Palisade decides by a column, if it decides anything by it.
fn decisive(table: &Table, entity: &Entity, name: &str) -> Option<&'static str> {
    let column = table.column(name)?;
    let is = |other: &Option<String>| other.as_deref() == Some(name);
    let among = |conditions: &[Live]| conditions.iter().any(|live| live.column == name);
    if entity.id == name || table.key.iter().any(|key| key == name) {
        return Some("what identifies a row");
    }
    if among(&entity.live) {
        return Some("a condition of `live`");
    }
    if column.references.is_some()
        || is(&entity.owner)
        || is(&entity.tenant)
        || entity.parents.iter().any(|p| p == name)
    {
        return Some("a foreign key, and what something belongs to is no plain value");
    }
    if column.secret {
        return Some("a secret, which a policy may compare");
    }
    if [&entity.name, &entity.level, &entity.system].into_iter().any(is) {
        return Some("what makes a role that role");
    }
    let of_rows = match &table.meaning {
        Meaning::Permission(meaning) => {
            let pattern = meaning.action.0.iter().any(|piece| matches!(piece, Piece::Column(column) if column == name));
            let resource = meaning.resource.as_ref().is_some_and(|resource| resource.column == name);
            pattern || resource || among(&meaning.live)
        }
        Meaning::LoginSession(session) => {
            let ends = [&session.expires, &session.revoked].into_iter().any(is);
            let shown = session.context.values().any(|column| column == name);
            ends || shown || among(&session.live) || session.principal == name || session.token_hash == name
        }
        _ => false,
    };
    of_rows.then_some("what the row's own meaning rests on")
}

/// Gives each group's table the roles that memberships know in it.
fn add_member_roles(mapping: &mut Mapping, member_roles: Vec<MemberRoles>, findings: &mut Findings<'_>) {
    for MemberRoles { group, roles } in member_roles {
        for (_, _, actions) in &roles {
            for action in actions {
                mapping.actions.entry(action.clone()).or_default();
            }
        }
        let Some(table) = mapping.tables.iter_mut().find(|t| t.name == group) else { continue };
        let Meaning::Entity(entity) = &mut table.meaning else { continue };
        for (role, span, actions) in roles {
            if role == ROW_ATTRIBUTE || entity.attributes.contains(&role) {
                let message =
                    format!("the role `{role}` would be an attribute of `{group}`, which has a column of that name");
                let listed: Vec<String> =
                    entity.attributes.iter().filter(|a| **a != role).map(|a| toml_text(a)).collect();
                let help = format!("leave the column out of that table: `attributes = [{}]`", listed.join(", "));
                findings.error("model/reserved-attribute", &span, message, help);
            }
            let all = entity.member_roles.entry(role).or_default();
            for action in actions {
                if !all.contains(&action) {
                    all.push(action);
                }
            }
        }
    }
}

/// With tenants, what lies in none is open to nobody: worth knowing before the first request.
fn reach_of_tenants(mapping: &Mapping, world: &World<'_>, findings: &mut Findings<'_>) {
    if !mapping.principals().any(|(_, entity)| entity.tenant.is_some()) {
        return;
    }
    let mut above: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for table in &mapping.tables {
        let type_at = |column: &str| {
            let to = table.column(column)?.references.as_deref()?;
            mapping.type_of(to)
        };
        if let Some(entity) = table.entity() {
            let to = entity.parents.iter().chain(&entity.tenant).filter_map(|c| type_at(c));
            above.entry(&entity.type_name).or_default().extend(to);
        }
        if let Meaning::Link(link) = &table.meaning
            && let (Some(child), Some(parent)) = (type_at(&link.child), type_at(&link.parent))
        {
            above.entry(child).or_default().insert(parent);
        }
        if let Meaning::GroupMembership(membership) = &table.meaning
            && let (Some(child), Some(parent)) = (type_at(&membership.principal), type_at(&membership.group))
        {
            above.entry(child).or_default().insert(parent);
        }
    }
    for (name, external) in &mapping.externals {
        above.entry(name).or_default().extend(external.parents.iter().map(String::as_str));
    }
    let mut inside: BTreeSet<&str> = mapping
        .entities()
        .filter(|(_, entity)| entity.entity == EntityKind::Tenant)
        .map(|(_, entity)| entity.type_name.as_str())
        .collect();
    loop {
        let more: Vec<&str> = above
            .iter()
            .filter(|(name, above)| !inside.contains(*name) && above.iter().any(|a| inside.contains(a)))
            .map(|(name, _)| *name)
            .collect();
        if more.is_empty() {
            break;
        }
        inside.extend(more);
    }
    let tenants = ticked(inside_tenants(mapping));
    for (table, entity) in mapping.entities() {
        if !inside.contains(entity.type_name.as_str()) {
            let span = place(world, &table.name, "kind");
            warn(&entity.type_name, &span, &tenants, findings);
        }
    }
    for name in mapping.externals.keys().filter(|name| !inside.contains(name.as_str())) {
        warn(name, &(0..0), &tenants, findings);
    }
}

fn inside_tenants(mapping: &Mapping) -> impl Iterator<Item = &str> {
    mapping.entities().filter(|(_, e)| e.entity == EntityKind::Tenant).map(|(_, e)| e.type_name.as_str())
}

fn warn(type_name: &str, span: &Span, tenants: &str, findings: &mut Findings<'_>) {
    let message = format!("no `{type_name}` lies in a tenant, so that nothing will ever be allowed on one");
    let help = format!("lead it to {tenants} by `tenant`, `parents` or a `link`");
    findings.warning("model/no-tenant", span, message, help);
}

/// Where `key` of a table's section stands; the section's name where it has none.
fn place(world: &World<'_>, table: &str, key: &str) -> Span {
    world.declared(table).map_or(0..0, |d| match d.section.has(key) {
        true => d.section.span_of(key),
        false => d.section.span.clone(),
    })
}
