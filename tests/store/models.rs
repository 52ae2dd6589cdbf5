//! Three small models, written by hand: between them every kind of table, key and reference.

use palisade::bundle::{Bundle, FORMAT};
use palisade::mapping::*;
use std::collections::BTreeMap;

pub const NAMES: [&str; 5] = ["workspace", "workspace_deny", "rag", "rag_deny", "chat"];

pub fn bundle(name: &str) -> Bundle {
    let (mapping, mentioned, forbids_use_in): (Mapping, &[&str], bool) = match name {
        "workspace" => (workspace(false), &["level", "organization_id"], false),
        "workspace_deny" => (workspace(true), &["level"], true),
        "rag" => (rag(false), &["status", "user_id", "amount"], false),
        "rag_deny" => (rag(true), &["status", "title"], true),
        "chat" => (chat(), &["user_id", "session_id", "is_system", "weight"], true),
        other => panic!("no model is called {other}"),
    };
    Bundle {
        format: FORMAT,
        name: name.to_string(),
        mapping,
        schema: String::new(),
        generated: String::new(),
        handwritten: String::new(),
        mentioned: mentioned.iter().map(|name| name.to_string()).collect(),
        named: Default::default(),
        forbids_use_in,
        program: Vec::new(),
        routes: String::new(),
        routing: String::new(),
    }
}

/// A table. `columns`: `name kind [> table]`, separated by commas; a name with `*` is part of the primary key.
fn table(name: &str, columns: &str, meaning: Meaning) -> Table {
    let mut key = Vec::new();
    let columns = columns
        .split(',')
        .map(|column| {
            let mut words = column.split_whitespace();
            let name = words.next().unwrap();
            let kind = match words.next().unwrap() {
                "bool" => ColumnKind::Bool,
                "long" => ColumnKind::Long,
                "decimal" => ColumnKind::Decimal,
                "text" => ColumnKind::Text,
                "uuid" => ColumnKind::Uuid,
                "time" => ColumnKind::Time,
                "blob" => ColumnKind::Blob,
                other => panic!("{other}"),
            };
            let references = words.next().filter(|word| *word == ">").and_then(|_| words.next()).map(str::to_string);
            let is_key = name.ends_with('*');
            let name = name.trim_end_matches('*').to_string();
            if is_key {
                key.push(name.clone());
            }
            Column { name, kind, nullable: !is_key, unique: false, default: None, references, secret: false }
        })
        .collect();
    let keyed = !key.is_empty();
    Table { name: name.to_string(), columns, key, keyed, meaning }
}

fn entity(kind: EntityKind, type_name: &str, id: &str) -> Entity {
    Entity {
        entity: kind,
        type_name: type_name.to_string(),
        id: id.to_string(),
        live: Vec::new(),
        parents: Vec::new(),
        tenant: None,
        attributes: Vec::new(),
        request: Vec::new(),
        name: None,
        owner: None,
        owner_actions: Vec::new(),
        level: None,
        system: None,
        member_roles: BTreeMap::new(),
    }
}

fn is_true(column: &str) -> Vec<Live> {
    vec![Live { column: column.to_string(), test: Test::IsTrue }]
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| text.to_string()).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

fn types(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(value, name)| (value.to_string(), name.to_string())).collect()
}

fn fixed(column: &str, type_name: &str) -> Target {
    Target::Fixed { column: column.to_string(), type_name: type_name.to_string() }
}

fn typed(type_column: &str, id_column: &str, all: &[(&str, &str)]) -> Target {
    Target::Typed { type_column: type_column.to_string(), id_column: id_column.to_string(), types: types(all) }
}

fn pattern(pieces: &[&str]) -> Pattern {
    let piece = |text: &&str| match text.strip_prefix('=') {
        Some(literal) => Piece::Literal(literal.to_string()),
        None => Piece::Column(text.to_string()),
    };
    Pattern(pieces.iter().map(piece).collect())
}

/// Scoped, expiring roles and permissions; UUIDs everywhere. With `deny`, rows of both permission tables may deny.
fn workspace(deny: bool) -> Mapping {
    let granted = deny.then(|| "is_granted".to_string());
    let scope = typed(
        "scope_type",
        "scope_id",
        &[("organization", "Organization"), ("project", "Project"), ("document", "Document"), ("bucket", "Bucket")],
    );
    let mut tables = vec![
        table(
            "USER",
            "id* uuid, level long",
            Meaning::Entity(Entity { attributes: texts(&["level"]), ..entity(EntityKind::Principal, "User", "id") }),
        ),
        table(
            "ROLE",
            "id* uuid, name text, is_active bool",
            Meaning::Entity(Entity {
                live: is_true("is_active"),
                name: some("name"),
                attributes: texts(&["name"]),
                ..entity(EntityKind::Role, "Role", "id")
            }),
        ),
        table(
            "PERMISSION",
            "id* uuid, resource text, action text, is_active bool",
            Meaning::Permission(Permission {
                action: pattern(&["resource", "=:", "action"]),
                resource: Some(ResourceType {
                    column: "resource".to_string(),
                    types: types(&[("project", "Project"), ("document", "Document"), ("bucket", "Bucket")]),
                    otherwise_any: false,
                }),
                live: is_true("is_active"),
                entity: None,
            }),
        ),
        table(
            "ROLE_PERMISSION",
            "role_id* uuid > ROLE, permission_id* uuid > PERMISSION, is_granted bool, is_active bool",
            Meaning::RolePermission(RolePermission {
                role: "role_id".to_string(),
                permission: "permission_id".to_string(),
                granted: granted.clone(),
                live: is_true("is_active"),
            }),
        ),
        table(
            "USER_ROLE",
            "user_id uuid > USER, role_id uuid > ROLE, scope_type text, scope_id uuid, expires_at time, is_active bool",
            Meaning::RoleAssignment(RoleAssignment {
                principal: "user_id".to_string(),
                role: "role_id".to_string(),
                scope: Some(scope.clone()),
                expires: some("expires_at"),
                live: is_true("is_active"),
            }),
        ),
        table(
            "USER_PERMISSION",
            "user_id uuid > USER, permission_id uuid > PERMISSION, scope_type text, scope_id uuid, is_granted bool, \
             expires_at time",
            Meaning::DirectPermission(DirectPermission {
                principal: "user_id".to_string(),
                permission: "permission_id".to_string(),
                scope: Some(scope),
                granted,
                expires: some("expires_at"),
                live: Vec::new(),
            }),
        ),
        table("ORGANIZATION", "id* uuid", Meaning::Entity(entity(EntityKind::Resource, "Organization", "id"))),
        table(
            "PROJECT",
            "id* uuid, organization_id uuid > ORGANIZATION",
            Meaning::Entity(Entity {
                parents: texts(&["organization_id"]),
                attributes: texts(&["organization_id"]),
                ..entity(EntityKind::Resource, "Project", "id")
            }),
        ),
        table(
            "DOCUMENT",
            "id* uuid, project_id uuid > PROJECT, title text",
            Meaning::Entity(Entity {
                parents: texts(&["project_id"]),
                attributes: texts(&["title"]),
                ..entity(EntityKind::Resource, "Document", "id")
            }),
        ),
        table("AUDIT", "id* long, what text", Meaning::Ignored { because: "decides nothing".to_string() }),
    ];
    // Drawn without a primary key: rows are told apart by what they say.
    for (at, key) in [(4, ["user_id", "role_id", "scope_id"]), (5, ["user_id", "permission_id", "scope_id"])] {
        tables[at].key = texts(&key);
    }
    let bucket = External { parents: texts(&["Project"]), ..External::default() };
    Mapping { tables, externals: BTreeMap::from([("Bucket".to_string(), bucket)]), ..Mapping::default() }
}

/// Tenants, documents and chunks, an ACL whose subject and object are typed; text ids.
fn rag(deny: bool) -> Mapping {
    let granted = deny.then(|| "granted".to_string());
    let mut roles_of_users = table(
        "使用者角色",
        "user_id text > 使用者, role_id text > 角色",
        Meaning::RoleAssignment(RoleAssignment {
            principal: "user_id".to_string(),
            role: "role_id".to_string(),
            scope: None,
            expires: None,
            live: Vec::new(),
        }),
    );
    roles_of_users.key = texts(&["user_id", "role_id"]);
    let tables = vec![
        table("用戶", "org_id* text", Meaning::Entity(entity(EntityKind::Tenant, "Organization", "org_id"))),
        table(
            "使用者",
            "user_id* text, org_id text > 用戶, status text",
            Meaning::Entity(Entity {
                tenant: some("org_id"),
                live: vec![Live { column: "status".to_string(), test: Test::EqualsText("啟用".to_string()) }],
                attributes: texts(&["org_id", "status"]),
                ..entity(EntityKind::Principal, "User", "user_id")
            }),
        ),
        table(
            "角色",
            "role_id* text, org_id text > 用戶, role_name text",
            Meaning::Entity(Entity {
                tenant: some("org_id"),
                name: some("role_name"),
                attributes: texts(&["org_id", "role_name"]),
                ..entity(EntityKind::Role, "Role", "role_id")
            }),
        ),
        roles_of_users,
        table(
            "文件",
            "doc_id* text, org_id text > 用戶, title text, user_id uuid > 使用者, amount decimal",
            Meaning::Entity(Entity {
                tenant: some("org_id"),
                owner: some("user_id"),
                owner_actions: texts(&["READ"]),
                attributes: texts(&["org_id", "title", "user_id", "amount"]),
                ..entity(EntityKind::Resource, "Document", "doc_id")
            }),
        ),
        table(
            "文件\"片段",
            "chunk_id* text, doc_id text > 文件",
            Meaning::Entity(Entity {
                parents: texts(&["doc_id"]),
                attributes: texts(&["doc_id"]),
                ..entity(EntityKind::Resource, "Chunk", "chunk_id")
            }),
        ),
        table(
            "權限ACL",
            "acl_id* text, subject_type text, subject_id text, object_type text, object_id text, permission text, \
             inherit_down bool, granted bool, expires time",
            Meaning::Acl(Acl {
                subject: typed(
                    "subject_type",
                    "subject_id",
                    &[("user", "User"), ("role", "Role"), ("o'rg", "Organization")],
                ),
                object: typed("object_type", "object_id", &[("doc", "Document"), ("chunk", "Chunk")]),
                action: pattern(&["permission"]),
                inherit: some("inherit_down"),
                inherit_always: false,
                granted,
                expires: some("expires"),
                live: Vec::new(),
            }),
        ),
    ];
    let implies = |all: &[&str]| Action { implies: texts(all), ..Action::default() };
    let actions = BTreeMap::from([
        ("ADMIN".to_string(), implies(&["WRITE"])),
        ("WRITE".to_string(), implies(&["READ"])),
        ("READ".to_string(), implies(&[])),
    ]);
    Mapping { tables, actions, ..Mapping::default() }
}

/// Whole-number ids, denials, groups in groups, roles within groups, links, login sessions that are entities.
fn chat() -> Mapping {
    let session = Entity {
        attributes: texts(&["user_id"]),
        owner: some("user_id"),
        ..entity(EntityKind::Resource, "Session", "id")
    };
    let tables = vec![
        table(
            "User",
            "id* long, role_id long > Role, group_id long > Group, is_active bool, weight decimal",
            Meaning::Entity(Entity {
                live: is_true("is_active"),
                parents: texts(&["role_id", "group_id"]),
                attributes: texts(&["role_id", "group_id", "is_active", "weight"]),
                ..entity(EntityKind::Principal, "User", "id")
            }),
        ),
        table(
            "Role",
            "id* long, name text, is_system bool, user_id long > User",
            Meaning::Entity(Entity {
                name: some("name"),
                system: some("is_system"),
                attributes: texts(&["name", "is_system", "user_id"]),
                ..entity(EntityKind::Role, "Role", "id")
            }),
        ),
        table(
            "Permission",
            "id* long, codename text, category text",
            Meaning::Permission(Permission {
                action: pattern(&["codename"]),
                resource: Some(ResourceType {
                    column: "category".to_string(),
                    types: types(&[("scenario", "Scenario"), ("group", "Group")]),
                    otherwise_any: true,
                }),
                live: Vec::new(),
                entity: None,
            }),
        ),
        table(
            "RolePermission",
            "id* long, role_id long > Role, permission_id long > Permission, is_granted bool",
            Meaning::RolePermission(RolePermission {
                role: "role_id".to_string(),
                permission: "permission_id".to_string(),
                granted: some("is_granted"),
                live: Vec::new(),
            }),
        ),
        table(
            "Group",
            "id* long, parent_id long > Group, is_deleted bool",
            Meaning::Entity(Entity {
                parents: texts(&["parent_id"]),
                live: vec![Live { column: "is_deleted".to_string(), test: Test::IsFalse }],
                attributes: texts(&["parent_id", "is_deleted"]),
                member_roles: BTreeMap::from([("admin".to_string(), texts(&["edit"]))]),
                ..entity(EntityKind::Group, "Group", "id")
            }),
        ),
        table(
            "GroupMember",
            "user_id* long > User, group_id* long > Group, member_role text, expires time",
            Meaning::GroupMembership(GroupMembership {
                principal: "user_id".to_string(),
                group: "group_id".to_string(),
                member_role: some("member_role"),
                expires: some("expires"),
                live: Vec::new(),
            }),
        ),
        table(
            "Order",
            "id* long, group_id long > Group",
            Meaning::Entity(Entity {
                parents: texts(&["group_id"]),
                attributes: texts(&["group_id"]),
                ..entity(EntityKind::Resource, "Scenario", "id")
            }),
        ),
        table(
            "Model",
            "id* text, user_id long > User",
            Meaning::Entity(Entity { attributes: texts(&["user_id"]), ..entity(EntityKind::Resource, "Model", "id") }),
        ),
        table(
            "ScenarioModel",
            "id* long, scenario_id long > Order, model_id uuid > Model, is_live bool",
            Meaning::Link(Link {
                child: "model_id".to_string(),
                parent: "scenario_id".to_string(),
                live: is_true("is_live"),
            }),
        ),
        table(
            "GroupScenarioAccess",
            "id* long, group_id long > Group, scenario_id long > Order, access text",
            Meaning::Acl(Acl {
                subject: fixed("group_id", "Group"),
                object: fixed("scenario_id", "Scenario"),
                action: pattern(&["access"]),
                inherit: None,
                inherit_always: true,
                granted: None,
                expires: None,
                live: Vec::new(),
            }),
        ),
        table(
            "RoleInGroup",
            "id* long, user_id long > User, role_id long > Role, group_id long > Group",
            Meaning::RoleAssignment(RoleAssignment {
                principal: "user_id".to_string(),
                role: "role_id".to_string(),
                scope: Some(fixed("group_id", "Group")),
                expires: None,
                live: Vec::new(),
            }),
        ),
        table(
            "Session",
            "id* text, user_id long > User, token_hash text, expires_at time, revoked_at time, mfa bool",
            Meaning::LoginSession(LoginSession {
                token_hash: "token_hash".to_string(),
                principal: "user_id".to_string(),
                live: Vec::new(),
                expires: some("expires_at"),
                revoked: some("revoked_at"),
                context: types(&[("mfa_done", "mfa")]),
                entity: Some(session),
            }),
        ),
        table(
            "Message",
            "id* long, session_id text > Session, body text",
            Meaning::Entity(Entity {
                parents: texts(&["session_id"]),
                attributes: texts(&["session_id", "body"]),
                ..entity(EntityKind::Resource, "Message", "id")
            }),
        ),
    ];
    Mapping { tables, ..Mapping::default() }
}
