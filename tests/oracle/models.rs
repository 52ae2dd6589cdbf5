// SPDX-License-Identifier: Apache-2.0
//! The models that random rows are made for: those of the packs, and three that use what the packs leave out.

use palisade::bundle::Bundle;
use palisade::pack::{self, Texts};
use std::fs;

/// A model with the bundle that it compiles to, without hand-written policies.
pub struct Model {
    pub name: &'static str,
    pub bundle: Bundle,
}

pub fn models() -> Vec<Model> {
    let packs = ["chat", "handbook", "members", "rag", "rag-roles", "workspace"].into_iter().map(|name| {
        let text = |file: &str| fs::read_to_string(format!("policies/{name}/{file}")).expect("a file of a pack");
        compile(name, &text("schema.mmd"), &text("model.toml"))
    });
    let synthetic = [("studio", STUDIO), ("archive", ARCHIVE), ("firms", FIRMS)];
    packs.chain(synthetic.map(|(name, (schema, model))| compile(name, schema, model))).collect()
}

fn compile(name: &'static str, schema: &str, model: &str) -> Model {
    let (pack, findings) = pack::read(&Texts {
        name: name.to_string(),
        schema_file: "schema.mmd".to_string(),
        schema: schema.to_string(),
        model: model.to_string(),
        ..Texts::default()
    });
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let pack = pack.unwrap_or_else(|| panic!("{name}: {}", findings.join("\n")));
    Model { name, bundle: pack.bundle }
}

/// Denials everywhere: of roles, of roles within a scope, of single permissions; all of it for a time.
const STUDIO: (&str, &str) = (
    r#"erDiagram
    Member { int id PK
        boolean is_active
        int role_id FK }
    Role { int id PK
        string name
        boolean is_retired }
    Permission { int id PK
        string codename
        string category
        boolean enabled }
    RolePermission { int id PK
        int role_id FK
        int permission_id FK
        boolean is_granted
        boolean enabled }
    RoleGrant { int id PK
        int member_id FK
        int role_id FK
        string scope_type
        string scope_id
        datetime expires_at
        boolean enabled }
    MemberPermission { int id PK
        int member_id FK
        int permission_id FK
        uuid room_id FK
        boolean is_granted
        datetime expires_at }
    Room { uuid id PK
        string status
        int owner_id FK }
    Shelf { string id PK
        uuid room_id FK
        datetime archived_at }
    Member }o--|| Role : has
    Role ||--o{ RolePermission : has
    Permission ||--o{ RolePermission : in
    Member ||--o{ RoleGrant : has
    Role ||--o{ RoleGrant : in
    Member ||--o{ MemberPermission : has
    Permission ||--o{ MemberPermission : in
    Room ||--o{ MemberPermission : in
    Member ||--o{ Room : owns
    Room ||--o{ Shelf : holds
"#,
    r#"
[table.Member]
kind = "principal"
live = "is_active"
role = "role_id"

[table.Role]
kind = "role"
name = "name"
live = "!is_retired"

[table.Permission]
kind = "permission"
action = "codename"
resource = { column = "category", types = { rooms = "Room", shelves = "Shelf" }, otherwise = "any" }
live = "enabled"

[table.RolePermission]
kind = "role_permission"
role = "role_id"
permission = "permission_id"
granted = "is_granted"
live = "enabled"

[table.RoleGrant]
kind = "role_assignment"
principal = "member_id"
role = "role_id"
scope = { type = "scope_type", id = "scope_id", types = { room = "Room", shelf = "Shelf" } }
expires = "expires_at"
live = "enabled"

[table.MemberPermission]
kind = "direct_permission"
principal = "member_id"
permission = "permission_id"
scope = "room_id"
granted = "is_granted"
expires = "expires_at"

[table.Room]
kind = "resource"
live = { column = "status", equals = "open" }
owner = "owner_id"
owner_actions = ["edit"]
references = { owner_id = "Member" }

[table.Shelf]
kind = "resource"
parents = ["room_id"]
live = { column = "archived_at", is_null = true }

[action.read]

[action.edit]
implies = ["read"]
"#,
);

/// Groups in groups with roles within them, and an access-control list for persons, groups and roles that may deny.
const ARCHIVE: (&str, &str) = (
    r#"erDiagram
    Person { uuid id PK
        boolean is_deleted
        uuid circle_id FK }
    Circle { uuid id PK
        uuid parent_id FK
        uuid owner_id FK
        boolean is_deleted }
    Office { int id PK
        string name
        boolean is_active }
    Duty { uuid person_id PK
        int office_id PK
        datetime until }
    Membership { uuid person_id PK
        uuid circle_id PK
        string position
        datetime until
        boolean is_active }
    Folder { string id PK
        string parent_id FK
        uuid circle_id FK
        boolean is_active }
    Paper { string id PK
        string folder_id FK }
    Access { int id PK
        string who_type
        string who_id
        string what_type
        string what_id
        string verb
        boolean inherit
        boolean granted
        datetime until
        boolean is_active }
    Circle |o--o{ Circle : in
    Circle ||--o{ Person : home
    Person ||--o{ Circle : owns
    Person ||--o{ Duty : has
    Office ||--o{ Duty : in
    Person ||--o{ Membership : has
    Circle ||--o{ Membership : in
    Folder |o--o{ Folder : in
    Circle ||--o{ Folder : keeps
    Folder ||--o{ Paper : holds
"#,
    r#"
[table.Person]
kind = "principal"
live = "!is_deleted"
groups = ["circle_id"]

[table.Circle]
kind = "group"
parent = "parent_id"
owner = "owner_id"
owner_actions = ["dissolve"]
live = "!is_deleted"

[table.Office]
kind = "role"
name = "name"
live = "is_active"

[table.Duty]
kind = "role_assignment"
principal = "person_id"
role = "office_id"
expires = "until"

[table.Membership]
kind = "group_membership"
principal = "person_id"
group = "circle_id"
member_role = "position"
member_actions = { admin = ["manage"], clerk = ["read"] }
expires = "until"
live = "is_active"

[table.Folder]
kind = "resource"
parents = ["parent_id", "circle_id"]
live = "is_active"

[table.Paper]
kind = "resource"
parents = ["folder_id"]

[table.Access]
kind = "acl"
subject = { type = "who_type", id = "who_id", types = { person = "Person", circle = "Circle", office = "Office" } }
object = { type = "what_type", id = "what_id", types = { folder = "Folder", paper = "Paper", circle = "Circle" } }
action = "verb"
inherit = "inherit"
granted = "granted"
expires = "until"
live = "is_active"

[action.read]

[action.write]
implies = ["read"]

[action.manage]
implies = ["write"]

[action.dissolve]
"#,
);

/// Tenants, with roles, groups and links that may cross them, and things outside the database.
const FIRMS: (&str, &str) = (
    r#"erDiagram
    Firm { uuid id PK
        boolean is_active }
    Worker { int id PK
        uuid firm_id FK
        string role_id FK
        boolean is_active }
    Role { string id PK
        uuid firm_id FK
        string name }
    WorkerRole { int id PK
        int worker_id FK
        string role_id FK
        string scope_type
        string scope_id }
    Permission { int id PK
        string noun
        string verb }
    RolePermission { string role_id PK
        int permission_id PK
        boolean is_granted }
    Team { int id PK
        uuid firm_id FK }
    TeamWorker { int team_id PK
        int worker_id PK }
    Site { string id PK
        uuid firm_id FK
        boolean is_closed }
    Tool { int id PK
        int maker_id FK }
    ToolSite { int id PK
        int tool_id FK
        string site_id FK
        boolean is_active }
    TeamSite { int id PK
        int team_id FK
        string site_id FK
        string verb
        boolean is_granted }
    Firm ||--o{ Worker : employs
    Firm ||--o{ Role : defines
    Role ||--o{ Worker : "has by default"
    Worker ||--o{ WorkerRole : has
    Role ||--o{ WorkerRole : in
    Role ||--o{ RolePermission : has
    Permission ||--o{ RolePermission : in
    Firm ||--o{ Team : has
    Team ||--o{ TeamWorker : has
    Worker ||--o{ TeamWorker : in
    Firm ||--o{ Site : runs
    Worker ||--o{ Tool : makes
    Tool ||--o{ ToolSite : at
    Site ||--o{ ToolSite : has
    Team ||--o{ TeamSite : has
    Site ||--o{ TeamSite : in
"#,
    r#"
[table.Firm]
kind = "tenant"
live = "is_active"

[table.Worker]
kind = "principal"
tenant = "firm_id"
role = "role_id"
live = "is_active"

[table.Role]
kind = "role"
name = "name"
tenant = "firm_id"

[table.WorkerRole]
kind = "role_assignment"
principal = "worker_id"
role = "role_id"
scope = { type = "scope_type", id = "scope_id", types = { site = "Site", bucket = "Bucket", firm = "Firm" } }

[table.Permission]
kind = "permission"
action = "{noun}:{verb}"
resource = { column = "noun", types = { site = "Site", tool = "Tool", bucket = "Bucket" } }

[table.RolePermission]
kind = "role_permission"
role = "role_id"
permission = "permission_id"
granted = "is_granted"

[table.Team]
kind = "group"
tenant = "firm_id"

[table.TeamWorker]
kind = "group_membership"
principal = "worker_id"
group = "team_id"

[table.Site]
kind = "resource"
tenant = "firm_id"
live = "!is_closed"

[table.Tool]
kind = "resource"
owner = "maker_id"
owner_actions = ["tool:read"]
references = { maker_id = "Worker" }

[table.ToolSite]
kind = "link"
child = "tool_id"
parent = "site_id"
live = "is_active"

[table.TeamSite]
kind = "acl"
subject = "team_id"
object = "site_id"
action = "site:{verb}"
inherit = true
granted = "is_granted"

[external.Bucket]
parents = ["Site", "Bucket"]

[action."site:manage"]
implies = ["site:read", "tool:read", "bucket:read"]

[action."bucket:read"]
"#,
);
