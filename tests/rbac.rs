// SPDX-License-Identifier: Apache-2.0
//! Role data of four real organizations: every pair of user and permission decides as the matrix says, whether the rows
//! come as roles or as an access-control list.
//!
//! The data (RoleMining/ConstrainedRM, HP Labs) lies beside the checkout, in `../shared/data/rbac`; each test says so where
//! it is absent.

use flate2::read::GzDecoder;
use palisade::decide::{Engine, Query};
use palisade::facts;
use palisade::name::Uid;
use palisade::pack::{self, Texts};
use palisade::rows::{Rows, TableRows, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::thread;

const DATA: &str = "../shared/data/rbac";

/// A minute's worth of decisions, in a build without optimisation.
const MANY_PAIRS: usize = 2_000_000;

const SCHEMA: &str = "erDiagram
    Person { int id PK }
    Role { int id PK
        string name }
    PersonRole { int person_id PK
        int role_id PK }
    Permission { int id PK
        string name }
    RolePermission { int role_id PK
        int permission_id PK }
    Access { int person_id PK
        string action PK
        string thing_id PK }
    Thing { string id PK }
    Person ||--o{ PersonRole : has
    Role ||--o{ PersonRole : in
    Role ||--o{ RolePermission : has
    Permission ||--o{ RolePermission : in
    Person ||--o{ Access : has
    Thing ||--o{ Access : in
";

const MODEL: &str = r#"
[table.Person]
kind = "principal"
[table.Role]
kind = "role"
name = "name"
[table.PersonRole]
kind = "role_assignment"
principal = "person_id"
role = "role_id"
[table.Permission]
kind = "permission"
action = "name"
[table.RolePermission]
kind = "role_permission"
role = "role_id"
permission = "permission_id"
[table.Access]
kind = "acl"
subject = "person_id"
object = "thing_id"
action = "action"
[table.Thing]
kind = "resource"
"#;

/// A matrix of pairs, from one compressed file; `None` where the data is absent.
fn pairs(set: &str, what: &str) -> Option<BTreeSet<(i64, i64)>> {
    let file = File::open(format!("{DATA}/hp_{set}_{what}.csv.gz")).ok()?;
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("compressed text");
    let pair = |line: &str| {
        let (left, right) = line.trim().split_once(',').expect("two columns");
        (left.parse().expect("a number"), right.parse().expect("a number"))
    };
    Some(text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(pair).collect())
}

fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<Value>>) -> TableRows {
    TableRows { columns: columns.iter().map(ToString::to_string).collect(), rows: rows.into_iter().collect() }
}

fn number(number: i64) -> Value {
    Value::Integer(number)
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn action(permission: i64) -> String {
    format!("p{permission}")
}

/// Asks for every user and every permission, present in the matrix or not.
fn every_pair_decides_as_the_matrix(set: &str) {
    let (Some(matrix), Some(user_role), Some(role_permission)) =
        (pairs(set, "user_permission"), pairs(set, "user_role"), pairs(set, "role_permission"))
    else {
        println!("ABSENT: {DATA}/hp_{set}_*.csv.gz; nothing was tested");
        return;
    };
    let users: BTreeSet<i64> = matrix.iter().map(|pair| pair.0).chain(user_role.iter().map(|pair| pair.0)).collect();
    let permissions: BTreeSet<i64> = matrix.iter().chain(&role_permission).map(|pair| pair.1).collect();
    let roles: BTreeSet<i64> = user_role.iter().map(|pair| pair.1).chain(role_permission.iter().map(|p| p.0)).collect();
    let entities = BTreeMap::from([
        ("Person".to_string(), table(&["id"], users.iter().map(|id| vec![number(*id)]))),
        ("Thing".to_string(), table(&["id"], [vec![text("all")]])),
    ]);
    let as_roles = [
        ("Role", table(&["id", "name"], roles.iter().map(|id| vec![number(*id), text(format!("r{id}"))]))),
        ("PersonRole", table(&["person_id", "role_id"], user_role.iter().map(|(u, r)| vec![number(*u), number(*r)]))),
        ("Permission", table(&["id", "name"], permissions.iter().map(|p| vec![number(*p), text(action(*p))]))),
        (
            "RolePermission",
            table(&["role_id", "permission_id"], role_permission.iter().map(|(r, p)| vec![number(*r), number(*p)])),
        ),
    ];
    let as_list = [(
        "Access",
        table(
            &["person_id", "action", "thing_id"],
            matrix.iter().map(|(u, p)| vec![number(*u), text(action(*p)), text("all")]),
        ),
    )];
    let bundle = bundle();
    let engine = Engine::new(&bundle).expect("an engine");
    for (how, tables) in [("roles", &as_roles[..]), ("an access-control list", &as_list[..])] {
        let mut rows: Rows = entities.clone();
        rows.extend(tables.iter().map(|(name, rows)| (name.to_string(), rows.clone())));
        let facts = facts::build(&bundle, &rows, &[], 0);
        assert!(facts.findings.is_empty(), "{:?}", facts.findings);
        let prepared = engine.prepare(facts).expect("facts in the engine's terms");
        let thing = Uid::new("Thing", "all");
        // As roles every pair is asked. Of the largest matrix as a list, which is the simpler form: every pair that it has,
        // and one in ten of the others.
        let stride = if tables.len() == 1 && users.len() * permissions.len() > MANY_PAIRS { 10 } else { 1 };
        // Millions of pairs, in a build without optimisation: each core takes its share of the users.
        let users: Vec<i64> = users.iter().copied().collect();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let share = |users: &[i64]| {
            let mut query = Query::new(Uid::new("Person", ""), "", thing.clone());
            let (mut wrong, mut asked) = (Vec::new(), 0);
            for permission in &permissions {
                query.action = action(*permission);
                for user in users {
                    let listed = matrix.contains(&(*user, *permission));
                    if !listed && (user + permission) % stride != 0 {
                        continue;
                    }
                    asked += 1;
                    query.principal.id = user.to_string();
                    let allow = engine.decide(&prepared, &query).allow;
                    if allow != listed {
                        wrong.push((*user, *permission, allow));
                    }
                }
            }
            (asked, wrong)
        };
        let (mut wrong, mut asked) = (Vec::new(), 0);
        thread::scope(|scope| {
            let shares = users.chunks(users.len().div_ceil(cores).max(1));
            let working: Vec<_> = shares.map(|users| scope.spawn(|| share(users))).collect();
            for work in working {
                let (of_share, wrong_there) = work.join().expect("a share of the pairs");
                asked += of_share;
                wrong.extend(wrong_there);
            }
        });
        println!("{set} as {how}: {asked} pairs, {} of the matrix", matrix.len());
        assert!(stride > 1 || asked == users.len() * permissions.len());
        assert!(wrong.is_empty(), "{set} as {how}: {} wrong, first {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    }
}

fn bundle() -> palisade::bundle::Bundle {
    let (pack, findings) = pack::read(&Texts {
        name: "rbac".to_string(),
        schema_file: "schema.mmd".to_string(),
        schema: SCHEMA.to_string(),
        model: MODEL.to_string(),
        ..Texts::default()
    });
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    pack.unwrap_or_else(|| panic!("{}", findings.join("\n"))).bundle
}

#[test]
fn domino() {
    every_pair_decides_as_the_matrix("domino");
}

#[test]
fn healthcare() {
    every_pair_decides_as_the_matrix("hc");
}

#[test]
fn emea() {
    every_pair_decides_as_the_matrix("emea");
}

#[test]
fn apj() {
    every_pair_decides_as_the_matrix("apj");
}
