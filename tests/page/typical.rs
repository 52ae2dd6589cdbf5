// SPDX-License-Identifier: Apache-2.0
//! A page of ordinary size, to be weighed and timed: somebody with 10 roles, 200 permissions and 100 rows of an
//! access-control list, who looks at a hundred documents.

use super::read::Page;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use palisade::decide::{Engine, Query, Wanted};
use palisade::engine::Whose;
use palisade::facts;
use palisade::name::Uid;
use palisade::rows::{Rows, TableRows, Value};
use palisade::store::{MemoryStore, SlicePlan, Store};
use palisade::{compile, er, model};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::{fs, path::Path};

const SCHEMA: &str = "erDiagram
    TENANT { string id PK }
    USERS { string id PK
      string tenant_id FK
      boolean is_active }
    ROLE { string id PK
      string name UK }
    PERMISSION { string id PK
      string resource
      string action }
    ROLE_PERMISSION { string role_id PK, FK
      string permission_id PK, FK }
    USER_ROLE { string user_id PK, FK
      string role_id PK, FK }
    FOLDER { string id PK
      string tenant_id FK }
    DOCUMENT { string id PK
      string folder_id FK
      string owner_id FK
      string tenant_id FK
      boolean is_deleted
      string state }
    ACL { string id PK
      string user_id FK
      string document_id FK
      string permission }
    TENANT ||--o{ USERS : has
    TENANT ||--o{ FOLDER : has
    TENANT ||--o{ DOCUMENT : has
    FOLDER ||--o{ DOCUMENT : holds
    USERS ||--o{ DOCUMENT : owns
    USERS ||--o{ USER_ROLE : holds
    ROLE ||--o{ USER_ROLE : \"is held\"
    ROLE ||--o{ ROLE_PERMISSION : has
    PERMISSION ||--o{ ROLE_PERMISSION : \"is had\"
    USERS ||--o{ ACL : \"is in\"
    DOCUMENT ||--o{ ACL : has
";

const MODEL: &str = r#"
[table.TENANT]
kind = "tenant"
as = "Tenant"

[table.USERS]
kind = "principal"
as = "User"
tenant = "tenant_id"
live = "is_active"

[table.ROLE]
kind = "role"
as = "Role"
name = "name"

[table.PERMISSION]
kind = "permission"
action = "{resource}:{action}"
resource = { column = "resource", types = { document = "Document", folder = "Folder" }, otherwise = "any" }

[table.ROLE_PERMISSION]
kind = "role_permission"
role = "role_id"
permission = "permission_id"

[table.USER_ROLE]
kind = "role_assignment"
principal = "user_id"
role = "role_id"

[table.FOLDER]
kind = "resource"
as = "Folder"
tenant = "tenant_id"

[table.DOCUMENT]
kind = "resource"
as = "Document"
tenant = "tenant_id"
parents = ["folder_id"]
owner = "owner_id"
owner_actions = ["document:edit", "document:share"]
live = "!is_deleted"
attributes = ["state"]

[table.ACL]
kind = "acl"
subject = "user_id"
object = "document_id"
action = "document:{permission}"

[action."document:edit"]
implies = ["document:read"]

[action."document:share"]

[context]
mfa = "Bool?"
"#;

const POLICIES: &str = r#"
@id("locked")
@reason("This document is locked.")
forbid (principal, action == Action::"document:edit", resource is Document)
when { resource has state && resource.state == "locked" };

@id("share-needs-mfa")
@reason("Sharing needs a second factor.")
forbid (principal, action == Action::"document:share", resource is Document)
unless { context has mfa && context.mfa };
"#;

/// How many bytes a typical page may have, compressed.
const BUDGET: usize = 8 * 1024;

fn rows() -> Rows {
    let text = |text: String| Value::Text(text);
    let table = |columns: &[&str], rows: Vec<Vec<String>>| TableRows {
        columns: columns.iter().map(|column| column.to_string()).collect(),
        rows: rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect(),
    };
    // Ids as people have them.
    let uuid = |kind: u32, n: u32| {
        let mixed = (u64::from(kind) << 32 | u64::from(n)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            mixed as u32,
            (mixed >> 32) as u16,
            mixed & 0xfff,
            kind,
            mixed >> 16
        )
    };
    let verbs: Vec<String> =
        (0..200).map(|n| format!("{}{n}", ["view", "list", "export", "approve", "archive"][n % 5])).collect();
    let permissions = verbs.iter().enumerate().map(|(n, verb)| {
        let resource = ["document", "folder", "report"][n % 3];
        vec![format!("p{n}"), resource.to_string(), verb.clone()]
    });
    let role_permissions = (0..200).map(|n| vec![format!("r{}", n % 10), format!("p{n}")]);
    let documents = (0..100).map(|n| {
        let owner = if n % 7 == 0 { "me".to_string() } else { uuid(1, n % 9) };
        let state = if n % 10 == 0 { "locked" } else { "open" };
        vec![uuid(3, n), uuid(2, n % 8), owner, "acme".to_string(), "0".to_string(), state.to_string()]
    });
    let acl = (0..100).map(|n| {
        vec![format!("a{n}"), "me".to_string(), uuid(3, n), ["read", "edit", "share"][n as usize % 3].to_string()]
    });
    let users = (0..9).map(|n| vec![uuid(1, n), "acme".to_string(), "1".to_string()]);
    Rows::from(
        [
            ("TENANT", table(&["id"], vec![vec!["acme".to_string()]])),
            (
                "USERS",
                table(
                    &["id", "tenant_id", "is_active"],
                    users.chain([vec!["me".to_string(), "acme".to_string(), "1".to_string()]]).collect(),
                ),
            ),
            ("ROLE", table(&["id", "name"], (0..10).map(|n| vec![format!("r{n}"), format!("role {n}")]).collect())),
            ("PERMISSION", table(&["id", "resource", "action"], permissions.collect())),
            ("ROLE_PERMISSION", table(&["role_id", "permission_id"], role_permissions.collect())),
            (
                "USER_ROLE",
                table(&["user_id", "role_id"], (0..10).map(|n| vec!["me".to_string(), format!("r{n}")]).collect()),
            ),
            ("FOLDER", table(&["id", "tenant_id"], (0..8).map(|n| vec![uuid(2, n), "acme".to_string()]).collect())),
            (
                "DOCUMENT",
                table(&["id", "folder_id", "owner_id", "tenant_id", "is_deleted", "state"], documents.collect()),
            ),
            ("ACL", table(&["id", "user_id", "document_id", "permission"], acl.collect())),
        ]
        .map(|(name, rows)| (name.to_string(), rows)),
    )
}

/// Written down for `tests/bench/page.mjs`, with what is right.
#[test]
fn a_typical_page_is_small_and_written_down_for_the_browser() {
    let (diagram, _) = er::read(SCHEMA);
    let (mapping, findings) = model::read(MODEL, &diagram);
    let mapping = mapping.unwrap_or_else(|| panic!("{findings:?}"));
    let (bundle, findings) = compile::compile("typical", &mapping, POLICIES, "");
    let bundle = bundle.unwrap_or_else(|| panic!("{findings:?}"));
    let (engine, plan, store) =
        (Engine::new(&bundle).expect("an engine"), SlicePlan::new(&bundle), MemoryStore::new(rows()));
    let principal = Uid::new("User", "me");
    let documents: Vec<Uid> = store.rows()["DOCUMENT"]
        .rows
        .iter()
        .map(|row| match &row[0] {
            Value::Text(id) => Uid::new("Document", id),
            other => panic!("{other:?}"),
        })
        .collect();
    let whose =
        Whose { principal: principal.clone(), resources: documents.clone(), also: Vec::new(), fixed: Vec::new() };
    let ask = engine.ask_for_page(&bundle, &whose);
    let slice = pollster::block_on(store.slice(&plan, &ask)).expect("a slice");
    let facts = facts::build(&bundle, &slice.rows, &[], 0);
    let grants = facts.grants.len();
    let prepared = engine.prepare(facts).expect("facts in the engine's terms");
    let bytes = engine.page(&bundle, &prepared, &Wanted { whose, spellings: BTreeMap::new() }).expect("a page");
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(9));
    packed.write_all(&bytes).expect("bytes");
    let packed = packed.finish().expect("bytes").len();
    println!("a typical page: {} bytes, {packed} gzip, made of {grants} grants", bytes.len());
    assert!(packed <= BUDGET, "{packed} bytes");
    let page = Page::read(&bytes);
    let actions =
        ["document:read", "document:edit", "document:share", "document:view0", "document:list6", "document:delete"];
    let mut asked = Vec::new();
    for resource in &documents {
        for action in actions {
            let query = Query::new(principal.clone(), action, resource.clone());
            let allow = engine.allows(&prepared, &query);
            assert_eq!(page.allows(action, resource, &[]), allow, "{action} {resource}");
            asked.push(json!([action, resource.id, allow]));
        }
    }
    let allowed = asked.iter().filter(|one| one[2] == true).count();
    assert!(allowed > 200 && allowed < asked.len(), "{allowed} of {}", asked.len());
    let out = Path::new("build/engine-cases");
    fs::create_dir_all(out).expect("a folder to write to");
    let text = json!({ "bytes": BASE64_STANDARD.encode(&bytes), "asked": asked }).to_string();
    fs::write(out.join("typical.json"), text).expect("the page is written");
}
