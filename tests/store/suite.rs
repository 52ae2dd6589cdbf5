//! The cases that every store passes: `cases/*.json`, one file a model.
//!
//! A case is data: the bundle, the DDL, rows as SQL, and for each question the keys of the rows that must come back. The
//! same files are asked of D1 inside a Worker. `UPDATE_EXPECT=1` writes bundle, DDL and keys anew; read the diff.

use crate::models;
use palisade::compile::schema_sql;
use palisade::facts::External;
use palisade::mapping::Mapping;
use palisade::name::Uid;
use palisade::rows::{Rows, Value};
use palisade::store::{
    ApiKey, Ask, Driver, DriverError, MemoryStore, Slice, SlicePlan, SqlStore, Store, StoreError, Texts, Want,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Serialize, Deserialize)]
struct Case {
    /// What these cases show.
    about: String,
    /// One statement each.
    rows: Vec<String>,
    asks: Vec<Question>,
    #[serde(default)]
    logins: Vec<Login>,
    /// Made from the model; here so that no other language needs to make them.
    #[serde(default)]
    bundle: serde_json::Value,
    #[serde(default)]
    schema: String,
}

#[derive(Serialize, Deserialize)]
struct Question {
    because: String,
    principal: Uid,
    resource: Uid,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further: Vec<Uid>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    externals: Vec<Outside>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    context: Vec<Uid>,
    actions: Option<Vec<String>>,
    /// Rows by table, each as its key.
    #[serde(default)]
    expect: BTreeMap<String, Vec<String>>,
}

impl Question {
    fn ask(&self) -> Ask {
        let outside = |outside: &Outside| External { uid: outside.uid.clone(), parents: outside.parents.clone() };
        Ask {
            principal: self.principal.clone(),
            resource: self.resource.clone(),
            others: Vec::new(),
            further: self.further.clone(),
            externals: self.externals.iter().map(outside).collect(),
            context: self.context.clone(),
            actions: self.actions.clone(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Outside {
    uid: Uid,
    parents: Vec<Uid>,
}

#[derive(Serialize, Deserialize)]
struct Login {
    because: String,
    token_hash: String,
    #[serde(default)]
    expect: BTreeMap<String, Vec<String>>,
}

/// Rows by table, each as JSON of its key: how the cases name them.
fn keys(mapping: &Mapping, rows: &Rows) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (name, table) in rows {
        let key = &mapping.table(name).unwrap().key;
        let places: Vec<usize> =
            key.iter().map(|name| table.columns.iter().position(|column| column == name).unwrap()).collect();
        let mut of_table: Vec<String> = table
            .rows
            .iter()
            .map(|row| places.iter().map(|at| show(&row[*at])).collect::<Vec<String>>().join(","))
            .collect();
        of_table.sort();
        if !of_table.is_empty() {
            all.insert(name.clone(), of_table);
        }
    }
    all
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{bytes:?}"),
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/cases").join(format!("{name}.json"))
}

fn hold<S: Store>(store: &S, what: &str, plan: &SlicePlan, mapping: &Mapping, case: &mut Case, update: bool) {
    for question in &mut case.asks {
        let slice = pollster::block_on(store.slice(plan, &question.ask())).unwrap();
        let found = keys(mapping, &slice.rows);
        if update {
            question.expect = found;
        } else {
            assert_eq!(found, question.expect, "{what}: {}", question.because);
        }
    }
    for login in &mut case.logins {
        let rows = pollster::block_on(store.login(plan, &login.token_hash)).unwrap().rows;
        let found = keys(mapping, &rows);
        if update {
            login.expect = found.clone();
        } else {
            assert_eq!(found, login.expect, "{what}: {}", login.because);
        }
        for question in &case.asks {
            let mut ask = question.ask();
            if let Some(principal) = principal(mapping, &rows) {
                ask.principal = principal;
            }
            let alone = pollster::block_on(store.slice(plan, &ask)).unwrap();
            let signed_in = !rows.is_empty();
            // Whoever asks is not named: the login says it.
            ask.principal = Uid::new("", "");
            let want = Want { news: Some(None), login: Some(&login.token_hash), slice: Some(&ask) };
            let got = pollster::block_on(store.fetch(plan, &want)).unwrap();
            assert_eq!(keys(mapping, &got.login.unwrap().rows), found, "{what}: {}", login.because);
            let together = got.slice.unwrap();
            if signed_in {
                let (together, alone) = (keys(mapping, &together.rows), keys(mapping, &alone.rows));
                assert_eq!(together, alone, "{what}: {}, asked by a login", question.because);
            }
            let news = got.news.unwrap();
            assert_eq!((news.revision, news.bundle), (together.revision, together.bundle));
            assert!(news.complete && news.logged && news.list.is_empty());
        }
    }
}

/// A model without logins has nobody who signs in by one, and asking is no error.
#[test]
fn a_token_means_nothing_to_a_model_without_logins() {
    let bundle = models::bundle("workspace");
    let plan = SlicePlan::new(&bundle);
    let sqlite = crate::sqlite(crate::database(&bundle, "INSERT INTO USER VALUES ('u',1)"));
    let memory = MemoryStore::new(pollster::block_on(sqlite.everything(&plan)).unwrap().rows);
    let ask = any_ask();
    let want = Want { news: Some(None), login: Some("hash"), slice: Some(&ask) };
    for got in [
        pollster::block_on(sqlite.fetch(&plan, &want)).unwrap(),
        pollster::block_on(memory.fetch(&plan, &want)).unwrap(),
    ] {
        assert!(got.login.unwrap().rows.is_empty());
    }
}

/// Whose the one row of a login is.
fn principal(mapping: &Mapping, rows: &Rows) -> Option<Uid> {
    let (name, rows) = rows.iter().next()?;
    let table = mapping.table(name)?;
    let palisade::mapping::Meaning::LoginSession(session) = &table.meaning else { return None };
    let at = rows.columns.iter().position(|column| *column == session.principal)?;
    let kind = mapping.type_of(table.column(&session.principal)?.references.as_deref()?)?;
    Some(Uid::new(kind, show(&rows.rows.first()?[at])))
}

#[test]
fn every_store_passes_every_case() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for name in models::NAMES {
        let text = std::fs::read_to_string(file(name)).unwrap();
        let mut case: Case = serde_json::from_str(&text).unwrap();
        let bundle = models::bundle(name);
        let plan = SlicePlan::new(&bundle);
        let made = (serde_json::to_value(&bundle).unwrap(), schema_sql(&bundle.mapping, name));
        if update {
            (case.bundle, case.schema) = made;
        } else {
            assert!(
                (&case.bundle, &case.schema) == (&made.0, &made.1),
                "{name}: run with UPDATE_EXPECT=1, read the diff"
            );
        }
        let sqlite = crate::sqlite(crate::database(&bundle, &format!("{};", case.rows.join(";\n"))));
        let all = pollster::block_on(sqlite.everything(&plan)).unwrap();
        hold(&sqlite, "SQLite", &plan, &bundle.mapping, &mut case, update);
        // Memory gets the columns of logins too, which an export leaves out.
        let mut rows = all.rows.clone();
        for table in bundle.mapping.tables.iter().filter(|table| !rows.contains_key(&table.name)) {
            assert!(matches!(table.meaning, palisade::mapping::Meaning::Ignored { .. }));
        }
        if name == "chat" {
            rows.insert("Session".to_string(), sessions(&sqlite));
        }
        hold(&MemoryStore::new(rows), "memory", &plan, &bundle.mapping, &mut case, false);
        if update {
            std::fs::write(file(name), serde_json::to_string_pretty(&case).unwrap() + "\n").unwrap();
        }
    }
}

/// Every type of every case: the ids that `facts` finds among all rows, and no answer rather than a part of them.
#[test]
fn every_store_lists_the_same_ids() {
    for name in models::NAMES {
        let case: Case = serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap();
        let bundle = models::bundle(name);
        let plan = SlicePlan::new(&bundle);
        let sqlite = crate::sqlite(crate::database(&bundle, &format!("{};", case.rows.join(";\n"))));
        let all = pollster::block_on(sqlite.everything(&plan)).unwrap();
        let facts = palisade::facts::build(&bundle, &all.rows, &[], 0);
        let memory = MemoryStore::new(all.rows.clone());
        let mut most = 0;
        for (_, entity) in bundle.mapping.entities() {
            let kind = entity.type_name.as_str();
            let wanted: BTreeSet<&str> =
                facts.entities.keys().filter(|uid| uid.kind == kind).map(|uid| uid.id.as_str()).collect();
            let sorted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<String>>();
            let from_sql = pollster::block_on(sqlite.ids(&plan, kind, 1_000)).unwrap();
            let from_memory = pollster::block_on(memory.ids(&plan, kind, 1_000)).unwrap();
            assert_eq!(from_sql.revision, all.revision, "{name} {kind}");
            assert_eq!(sorted(&from_sql.ids), sorted(&from_memory.ids), "{name} {kind}");
            assert_eq!(sorted(&from_sql.ids), wanted.iter().map(|id| id.to_string()).collect(), "{name} {kind}");
            let count = from_sql.ids.len();
            most = most.max(count);
            if count > 1 {
                for store in [
                    pollster::block_on(sqlite.ids(&plan, kind, count - 1)),
                    pollster::block_on(memory.ids(&plan, kind, count - 1)),
                ] {
                    assert!(matches!(store, Err(StoreError::TooMuch { .. })), "{name} {kind}: {store:?}");
                }
            }
        }
        assert!(most > 1, "{name} has hardly any entities");
        assert!(pollster::block_on(sqlite.ids(&plan, "NoSuchType", 10)).unwrap().ids.is_empty());
    }
}

fn sessions(store: &SqlStore<palisade::store::Sqlite>) -> palisade::rows::TableRows {
    let columns = ["id", "user_id", "token_hash", "expires_at", "revoked_at", "mfa"];
    let sql = format!("SELECT {} FROM \"Session\"", columns.join(","));
    let mut statement = store.driver.connection.prepare(&sql).unwrap();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let values = (0..columns.len()).map(|at| match row.get_ref(at).unwrap() {
            rusqlite::types::ValueRef::Integer(number) => Value::Integer(number),
            rusqlite::types::ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
            _ => Value::Null,
        });
        rows.push(values.collect());
    }
    palisade::rows::TableRows { columns: columns.map(str::to_string).to_vec(), rows }
}

fn any_ask() -> Ask {
    Ask {
        principal: Uid::new("User", "u"),
        resource: Uid::new("Document", "d"),
        others: Vec::new(),
        further: Vec::new(),
        externals: Vec::new(),
        context: Vec::new(),
        actions: Some(vec!["document:read".to_string()]),
    }
}

#[test]
fn revision_and_active_bundle_come_with_every_slice() {
    let bundle = models::bundle("workspace");
    let plan = SlicePlan::new(&bundle);
    let store = crate::sqlite(crate::database(&bundle, ""));
    let slice = |store: &SqlStore<_>| -> Slice { pollster::block_on(store.slice(&plan, &any_ask())).unwrap() };
    assert_eq!((slice(&store).revision, slice(&store).bundle), (0, 0));
    assert_eq!(pollster::block_on(store.active_bundle()).unwrap(), None);
    let connection = &store.driver.connection;
    connection.execute_batch("INSERT INTO USER VALUES ('u',1)").unwrap();
    // In the words of `palisade compile`'s own SQL.
    connection.execute_batch(&palisade::compile::publish_sql(&bundle)).unwrap();
    assert_eq!((slice(&store).revision, slice(&store).bundle), (1, 1));
    let active = pollster::block_on(store.active_bundle()).unwrap();
    assert_eq!(active, Some((1, bundle.to_json())));
    let everything = pollster::block_on(store.everything(&plan)).unwrap();
    assert_eq!((everything.revision, everything.bundle), (1, 1));
}

#[test]
fn what_is_missing_or_damaged_is_an_error_that_says_so_and_never_an_empty_answer() {
    let bundle = models::bundle("workspace");
    let plan = SlicePlan::new(&bundle);
    for (sql, expected) in [
        ("DROP TABLE USER_ROLE", "the database has no table `USER_ROLE`: run the pack's `schema.sql`"),
        ("DROP TABLE palisade_change", "the database has no table `palisade_change`: run the pack's `schema.sql`"),
        ("DROP TABLE palisade_active", "the database has no table `palisade_active`: run the pack's `schema.sql`"),
        ("DROP TABLE DOCUMENT; CREATE TABLE DOCUMENT (id TEXT)", "the database has no column `project_id`: run"),
        (
            "DROP TABLE palisade_active; CREATE TABLE palisade_active (number); INSERT INTO palisade_active VALUES ('x')",
            "the database is damaged: the number of the active bundle is `x`",
        ),
    ] {
        let store = crate::sqlite(crate::database(&bundle, sql));
        let error = pollster::block_on(store.slice(&plan, &any_ask())).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{sql}: {error}");
        assert!(!error.is_passing());
        assert!(
            std::error::Error::source(&error).is_some() || matches!(error, StoreError::Damaged { cause: None, .. })
        );
        let error = pollster::block_on(store.everything(&plan)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{sql}: {error}");
    }
    let store =
        crate::sqlite(crate::database(&bundle, "PRAGMA foreign_keys = OFF; INSERT INTO palisade_active VALUES (1, 7)"));
    let error = pollster::block_on(store.active_bundle()).unwrap_err().to_string();
    assert!(error.contains("names a bundle that `palisade_bundle` does not hold"), "{error}");

    let mut memory = MemoryStore::default();
    let error = pollster::block_on(memory.slice(&plan, &any_ask())).unwrap_err().to_string();
    assert!(error.starts_with("the database has no table `"), "{error}");
    memory.replace("USER", palisade::rows::TableRows { columns: vec!["name".to_string()], rows: vec![] });
    let error = pollster::block_on(memory.everything(&plan)).unwrap_err().to_string();
    assert!(error.starts_with("the database has no column `id` in table `USER`"), "{error}");
}

#[test]
fn a_request_that_reaches_too_much_is_refused_and_not_cut_short() {
    let bundle = models::bundle("workspace");
    let plan = SlicePlan::new(&bundle);
    let store = crate::sqlite(crate::database(
        &bundle,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<21000)
         INSERT INTO USER_ROLE SELECT 'u','r'||i,NULL,NULL,NULL,1 FROM n",
    ));
    let error = pollster::block_on(store.slice(&plan, &any_ask())).unwrap_err();
    assert!(matches!(error, StoreError::TooMuch { .. }), "{error}");
    assert!(error.to_string().contains("more than 20000 entities"), "{error}");
    let memory = MemoryStore::new(pollster::block_on(store.everything(&plan)).unwrap().rows);
    let error = pollster::block_on(memory.slice(&plan, &any_ask())).unwrap_err();
    assert!(error.to_string().contains("more than 20000 entities"), "{error}");
}

/// Bytes that are not UTF-8 are nobody's id and no value, and two such ids are never one.
#[test]
fn text_that_is_not_utf_8_is_unreadable_and_breaks_nothing() {
    let bundle = models::bundle("rag");
    let plan = SlicePlan::new(&bundle);
    let store = crate::sqlite(crate::database(
        &bundle,
        "INSERT INTO \"使用者\" VALUES ('u','o','啟用');
         INSERT INTO \"使用者角色\" VALUES ('u',CAST(x'72ff' AS TEXT)),('u','r'||char(65533));
         INSERT INTO \"角色\" VALUES (CAST(x'72ff' AS TEXT),'o','a'),(CAST(x'72fe' AS TEXT),'o','b'),
                                     ('r'||char(65533),'o','c');",
    ));
    let ask = Ask { resource: Uid::new("Document", "d"), ..any_ask() };
    let slice = pollster::block_on(store.slice(&plan, &ask)).unwrap();
    let mut ids: Vec<&Value> = slice.rows["角色"].rows.iter().map(|row| &row[0]).collect();
    ids.sort_by_key(|id| format!("{id:?}"));
    // Found by its bytes, the first is read as none; the second is a character like any other.
    assert!(matches!(ids[..], [Value::Blob(_), Value::Text(text)] if text == "r\u{fffd}"), "{ids:?}");
}

#[test]
fn values_come_through_exactly() {
    let bundle = models::bundle("chat");
    let plan = SlicePlan::new(&bundle);
    let store = crate::sqlite(crate::database(
        &bundle,
        "INSERT INTO \"User\" VALUES (9007199254740993,NULL,NULL,1,0.1+0.2),(-9223372036854775808,NULL,NULL,'x',9e999),
         (9223372036854775807,NULL,x'00ff','a\"b\\'||char(10,0,128578),1.0)",
    ));
    for (id, expected) in [
        ("9007199254740993", vec![Value::Integer(9_007_199_254_740_993), Value::Null, Value::Null, Value::Integer(1)]),
        (
            "-9223372036854775808",
            vec![Value::Integer(i64::MIN), Value::Null, Value::Null, Value::Text("x".to_string())],
        ),
        (
            "9223372036854775807",
            vec![
                Value::Integer(i64::MAX),
                Value::Null,
                Value::Blob(vec![0, 255]),
                Value::Text("a\"b\\\n\0🙂".to_string()),
            ],
        ),
    ] {
        let ask = Ask { principal: Uid::new("User", id), ..any_ask() };
        let slice = pollster::block_on(store.slice(&plan, &ask)).unwrap();
        let users = &slice.rows["User"];
        let row = users.rows[0].iter().zip(&users.columns).filter(|(_, name)| *name != "weight");
        assert_eq!(row.map(|(value, _)| value.clone()).collect::<Vec<_>>(), expected);
        let weight = users.columns.iter().position(|name| name == "weight").map(|at| &users.rows[0][at]);
        let expected = match id {
            "9007199254740993" => 0.1 + 0.2,
            "9223372036854775807" => 1.0,
            _ => f64::INFINITY,
        };
        // NUMERIC turns 1.0 into the whole number, as SQLite does everywhere.
        assert!(weight == Some(&Value::Real(expected)) || weight == Some(&Value::Integer(1)), "{weight:?}");
    }
}

/// A driver that counts.
struct Counting {
    driver: palisade::store::Sqlite,
    statements: std::cell::RefCell<Vec<(String, Vec<String>)>>,
}

impl Driver for Counting {
    async fn query(&self, sql: &str, params: &[&str]) -> Result<Texts, DriverError> {
        let params_seen = params.iter().map(|text| text.to_string()).collect();
        self.statements.borrow_mut().push((sql.to_string(), params_seen));
        self.driver.query(sql, params).await
    }

    async fn batch(&self, statements: &[(&str, &[&str])]) -> Result<Vec<Texts>, DriverError> {
        for (sql, params) in statements {
            let params_seen = params.iter().map(|text| text.to_string()).collect();
            self.statements.borrow_mut().push((sql.to_string(), params_seen));
        }
        self.driver.batch(statements).await
    }
}

#[test]
fn a_slice_is_one_statement_and_so_is_a_login() {
    for name in models::NAMES {
        let case: Case = serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap();
        let bundle = models::bundle(name);
        let plan = SlicePlan::new(&bundle);
        let connection = crate::database(&bundle, &format!("{};", case.rows.join(";\n")));
        let driver = Counting { driver: palisade::store::Sqlite::new(connection), statements: Default::default() };
        let store = SqlStore::new(driver);
        let mut sizes = Vec::new();
        for question in &case.asks {
            store.driver.statements.borrow_mut().clear();
            pollster::block_on(store.slice(&plan, &question.ask())).unwrap();
            let statements = store.driver.statements.borrow();
            assert_eq!(statements.len(), 1, "{name}: {}", question.because);
            sizes.push(statements[0].0.len());
        }
        for login in &case.logins {
            store.driver.statements.borrow_mut().clear();
            pollster::block_on(store.login(&plan, &login.token_hash)).unwrap();
            assert_eq!(store.driver.statements.borrow().len(), 1, "{name}: {}", login.because);
        }
        println!("{name}: statements of {sizes:?} bytes");
    }
}

/// Rows of API keys, good and bad, as SQL writes them, with what a store makes of each.
const API_KEYS: [(&str, &str); 9] = [
    (
        "INSERT INTO palisade_api_key (id,key_hash,name,principal,may) VALUES ('k1','h1','billing','User::\"a\"','[\"evaluate\"]')",
        "h1",
    ),
    ("INSERT INTO palisade_api_key (id,key_hash,name) VALUES ('k2','h2','nothing')", "h2"),
    (
        "INSERT INTO palisade_api_key (id,key_hash,name,expires_at) VALUES ('k3','h3','text','2026-01-01T00:00:00Z')",
        "h3",
    ),
    ("INSERT INTO palisade_api_key (id,key_hash,name,expires_at) VALUES ('k4','h4','seconds',9007199254740993)", "h4"),
    ("INSERT INTO palisade_api_key (id,key_hash,name,expires_at) VALUES ('k5','h5','bytes',x'00')", "h5"),
    ("INSERT INTO palisade_api_key (id,key_hash,name,expires_at) VALUES ('k6','h6','half',1.5)", "h6"),
    (
        "INSERT INTO palisade_api_key (id,key_hash,name,revoked_at) VALUES ('k7','h7','over','2026-01-01T00:00:00Z')",
        "h7",
    ),
    ("INSERT INTO palisade_api_key (id,key_hash,name,revoked_at) VALUES ('k8','h8','zero',0)", "h8"),
    ("INSERT INTO palisade_api_key (id,key_hash,name,may,principal) VALUES ('k9','h9','名',x'00','')", "h9"),
];

fn api_keys() -> Vec<ApiKey> {
    let key = |number: u8, name: &str| ApiKey {
        id: format!("k{number}"),
        key_hash: format!("h{number}"),
        name: name.to_string(),
        principal: None,
        may: "[]".to_string(),
        expires: Value::Null,
        revoked: false,
    };
    let text = |text: &str| Value::Text(text.to_string());
    vec![
        ApiKey { principal: Some("User::\"a\"".to_string()), may: "[\"evaluate\"]".to_string(), ..key(1, "billing") },
        key(2, "nothing"),
        ApiKey { expires: text("2026-01-01T00:00:00Z"), ..key(3, "text") },
        ApiKey { expires: Value::Integer(9_007_199_254_740_993), ..key(4, "seconds") },
        ApiKey { expires: text("unreadable"), ..key(5, "bytes") },
        ApiKey { expires: Value::Real(1.5), ..key(6, "half") },
        ApiKey { revoked: true, ..key(7, "over") },
        ApiKey { revoked: true, ..key(8, "zero") },
        ApiKey { may: "\0".to_string(), principal: Some(String::new()), ..key(9, "名") },
    ]
}

#[test]
fn every_store_finds_an_api_key_by_its_exact_hash() {
    let bundle = models::bundle("workspace");
    let rows: Vec<&str> = API_KEYS.iter().map(|(sql, _)| *sql).collect();
    let sqlite = crate::sqlite(crate::database(&bundle, &format!("{};", rows.join(";\n"))));
    let mut memory = MemoryStore::default();
    for key in api_keys() {
        memory.put_key(key);
    }
    for (wanted, (_, hash)) in api_keys().into_iter().zip(API_KEYS) {
        assert_eq!(pollster::block_on(sqlite.api_key(hash)).unwrap().as_ref(), Some(&wanted), "SQLite: {hash}");
        assert_eq!(pollster::block_on(memory.api_key(hash)).unwrap().as_ref(), Some(&wanted), "memory: {hash}");
    }
    for nothing in ["", "H1", "h", "h1 ", "h1\0", "%", "h0", "k1", "' OR 1 --"] {
        assert_eq!(pollster::block_on(sqlite.api_key(nothing)).unwrap(), None, "SQLite: {nothing:?}");
        assert_eq!(pollster::block_on(memory.api_key(nothing)).unwrap(), None, "memory: {nothing:?}");
    }
    // Without the table nobody holds a key, and it is said what to do.
    sqlite.driver.connection.execute_batch("DROP TABLE palisade_api_key").unwrap();
    let error = pollster::block_on(sqlite.api_key("h1")).unwrap_err().to_string();
    assert!(error.starts_with("the database has no table `palisade_api_key`: run the pack's `schema.sql`"), "{error}");
}

/// Every statement of every case, with what SQLite answers, for the test that asks the same of D1 inside workerd
/// (`tests/edge/store.test.mjs`). It lies among the built things: nobody reads it but that test.
#[test]
fn the_cases_are_written_down_for_d1() {
    let mut models = Vec::new();
    for name in models::NAMES {
        let case: Case = serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap();
        let bundle = models::bundle(name);
        let plan = SlicePlan::new(&bundle);
        let rows: Vec<String> =
            case.rows.iter().cloned().chain(API_KEYS.iter().map(|(sql, _)| sql.to_string())).collect();
        let sqlite = crate::sqlite(crate::database(&bundle, &format!("{};", rows.join(";\n"))));
        let counting = SqlStore::new(Counting { driver: sqlite.driver, statements: Default::default() });
        for question in &case.asks {
            pollster::block_on(counting.slice(&plan, &question.ask())).unwrap();
        }
        for login in &case.logins {
            let mut ask = case.asks[0].ask();
            ask.principal = Uid::new("", "");
            // Three statements in one batch.
            let want = Want { news: Some(Some(1)), login: Some(&login.token_hash), slice: Some(&ask) };
            pollster::block_on(counting.fetch(&plan, &want)).unwrap();
        }
        let types: Vec<&str> = bundle.mapping.entities().map(|(_, entity)| entity.type_name.as_str()).collect();
        for kind in &types {
            pollster::block_on(counting.ids(&plan, kind, 1_000)).unwrap();
        }
        for (_, hash) in API_KEYS {
            pollster::block_on(counting.api_key(hash)).unwrap();
        }
        let seen = counting.driver.statements.take();
        let others = types.len() + API_KEYS.len();
        assert_eq!(seen.len(), case.asks.len() + 3 * case.logins.len() + others, "{name}");
        let asked: Vec<serde_json::Value> = seen
            .into_iter()
            .map(|(sql, params)| {
                let texts: Vec<&str> = params.iter().map(String::as_str).collect();
                let answer = pollster::block_on(counting.driver.driver.query(&sql, &texts)).unwrap();
                serde_json::json!({ "sql": sql, "params": params, "answer": answer })
            })
            .collect();
        models.push(serde_json::json!({ "name": name, "schema": case.schema, "rows": rows, "asked": asked }));
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("build");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("store-cases.json"), serde_json::to_string(&models).unwrap()).unwrap();
}
