// SPDX-License-Identifier: Apache-2.0
//! Bad input of every kind, through the command and the library: a message that names the place, never a panic, never an
//! allow.

use palisade::decide::{Engine, Query};
use palisade::facts;
use palisade::name::Uid;
use palisade::pack::{self, Texts};
use palisade::rows::{Rows, TableRows, Value};
use palisade::store::{SlicePlan, SqlStore, Sqlite, Store};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, process};

const SCHEMA: &str = "erDiagram
    User { string id PK
        boolean is_active
        string group_id FK }
    Group { string id PK }
    Order { string id PK
        string user_id FK }
    Access { string group_id PK
        string order_id PK }
    Group ||--o{ User : has
    User ||--o{ Order : places
    Group ||--o{ Access : has
    Order ||--o{ Access : in
";

const MODEL: &str = r#"
[table.User]
kind = "principal"
live = "is_active"
groups = ["group_id"]
[table.Group]
kind = "group"
[table.Order]
kind = "resource"
owner = "user_id"
owner_actions = ["read"]
[table.Access]
kind = "acl"
subject = "group_id"
object = "order_id"
action = "order_id"
[action.read]
context = { note = "String?", size = "Long?" }
"#;

const SAMPLE: &str = "INSERT INTO \"User\" VALUES ('ann', 1, 'g'); INSERT INTO \"Group\" VALUES ('g');
INSERT INTO \"Order\" VALUES ('o', 'ann');";

/// A folder for one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(what: &str) -> Scratch {
        let folder = env::temp_dir().join(format!("palisade-hostile-{}-{what}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a scratch folder");
        Scratch(folder)
    }

    /// A small sound pack, with `file` replaced.
    fn pack(&self, name: &str, file: &str, bytes: &[u8]) -> String {
        let folder = self.0.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [("schema.mmd", SCHEMA), ("model.toml", MODEL), ("sample.sql", SAMPLE)] {
            fs::write(folder.join(name), text).expect("a file");
        }
        fs::write(folder.join(file), bytes).expect("a file");
        folder.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn palisade(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_palisade")).args(arguments).output().expect("the program runs");
    let said = said(&output);
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    assert!(output.status.code().is_some_and(|code| code <= 2), "{arguments:?}: {:?} {said}", output.status);
    output
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Refused as bad input, with a message in which `place` stands; the same as JSON.
fn refused(arguments: &[&str], place: &str) {
    let output = palisade(arguments);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    assert!(text.contains(place), "{arguments:?} does not name `{place}`: {text}");
    assert!(!String::from_utf8_lossy(&output.stdout).starts_with("allow"), "{arguments:?}: {text}");
    let with_json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let output = palisade(&with_json);
    assert_eq!(output.status.code(), Some(2), "{with_json:?}: {}", said(&output));
    let json: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
    let json = json.unwrap_or_else(|error| panic!("{with_json:?}: {error}: {}", said(&output)));
    assert_eq!(json["ok"], false, "{json}");
}

/// Every command that reads a pack refuses this one, and says where it is wrong.
fn pack_refused(name: &str, file: &str, bytes: &[u8], place: &str) {
    let scratch = Scratch::new(name);
    let (pack, db) = (scratch.pack("pack", file, bytes), scratch.path("rows.db"));
    refused(&["compile", &pack], place);
    refused(&["test", &pack], place);
    refused(&["load", &pack, "--db", &db], place);
    assert!(!Path::new(&db).exists(), "a pack that is refused makes no database");
    fs::write(&db, b"").expect("a file");
    let ask = ["decide", &pack, "--db", &db, "--principal", "User::\"ann\"", "--action", "read", "--resource"];
    refused(&[&ask[..], &["Order::\"o\""]].concat(), place);
    // `check` may call a pack that it could read wrong with 1; it never calls it right.
    let checked = palisade(&["check", &pack]);
    assert_ne!(checked.status.code(), Some(0), "{}", said(&checked));
    assert!(said(&checked).contains(place), "{}", said(&checked));
}

/// A sound pack with its rows loaded.
fn loaded(scratch: &Scratch, sample: &str) -> (String, String) {
    let (pack, db) = (scratch.pack("pack", "sample.sql", sample.as_bytes()), scratch.path("rows.db"));
    let output = palisade(&["load", &pack, "--db", &db]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    (pack, db)
}

fn decide(pack: &str, db: &str, principal: &str, resource: &str, more: &[&str]) -> Output {
    let ask = ["decide", pack, "--db", db, "--principal", principal, "--action", "read", "--resource", resource];
    palisade(&[&ask[..], more].concat())
}

#[test]
fn a_broken_diagram_is_refused_where_it_breaks() {
    pack_refused("diagram", "schema.mmd", b"erDiagram\n  User { string id PK\n  oops", "schema.mmd:");
    pack_refused("not-a-diagram", "schema.mmd", b"flowchart TD\n a --> b\n", "schema.mmd:1");
    pack_refused("empty-diagram", "schema.mmd", b"", "schema.mmd");
    pack_refused("nul", "schema.mmd", b"erDiagram\n  User {\0 string id PK }\n", "schema.mmd");
}

#[test]
fn a_broken_model_is_refused_where_it_breaks() {
    pack_refused("toml", "model.toml", b"[table.User\nkind = 1", "model.toml:1");
    pack_refused("kind", "model.toml", MODEL.replace("\"group\"", "\"grup\"").as_bytes(), "model.toml:7");
    pack_refused("column", "model.toml", MODEL.replace("\"is_active\"", "\"is_aktive\"").as_bytes(), "model.toml:4");
    pack_refused("empty-model", "model.toml", b"", "model.toml");
}

#[test]
fn broken_policies_are_refused_where_they_break() {
    let file = "policies.cedar";
    pack_refused("syntax", file, b"permit (principal, action, resource)", "policies.cedar");
    pack_refused(
        "unknown",
        file,
        b"\npermit (principal, action, resource)\nwhen { resource.nothing };",
        "policies.cedar:",
    );
    pack_refused("template", file, b"@id(\"t\") permit (principal == ?principal, action, resource);", "policies.cedar");
    pack_refused("twice", file, b"@id(\"guard/tenant\") forbid (principal, action, resource);\n@id(\"guard/tenant\") forbid (principal, action, resource);", "policies.cedar");
}

#[test]
fn broken_tests_are_refused_where_they_break() {
    let test = |key: &str, value: &str| {
        let mut text = "[[test]]\n".to_string();
        for (name, usual) in [
            ("name", "\"n\""),
            ("principal", "'User::\"ann\"'"),
            ("action", "\"read\""),
            ("resource", "'Order::\"o\"'"),
            ("expect", "\"deny\""),
        ] {
            text.push_str(&format!("{name} = {}\n", if name == key { value } else { usual }));
        }
        text
    };
    pack_refused("expect", "tests.toml", test("expect", "\"perhaps\"").as_bytes(), "tests.toml:6");
    pack_refused("entity", "tests.toml", test("principal", "\"ann\"").as_bytes(), "tests.toml:1");
    pack_refused("at", "tests.toml", format!("at = \"soon\"\n{}", test("", "")).as_bytes(), "tests.toml:1");
    pack_refused("key", "tests.toml", format!("{}becose = []", test("", "")).as_bytes(), "tests.toml:7");
}

#[test]
fn a_test_whose_rows_or_context_are_broken_fails_by_its_name() {
    for (name, more) in
        [("rows", "rows = \"INSERT INTO nowhere VALUES (1)\""), ("context", "context = { size = \"x\" }")]
    {
        let scratch = Scratch::new(&format!("case-{name}"));
        let text = format!(
            "[[test]]\nname = \"odd one\"\nprincipal = 'User::\"ann\"'\naction = \"read\"\nresource = 'Order::\"o\"'\nexpect = \"deny\"\n{more}\n"
        );
        let output = palisade(&["test", &scratch.pack("pack", "tests.toml", text.as_bytes())]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("odd one") && said(&output).contains("tests.toml:1"), "{}", said(&output));
    }
}

#[test]
fn broken_sample_rows_are_refused_and_nothing_is_loaded() {
    let scratch = Scratch::new("sample");
    for (name, sql) in [
        ("syntax", "INSERT INTO \"User\" VALUES ('x', 1, NULL);\n\nINSRT INTO x;"),
        ("table", "\n\nINSERT INTO nowhere VALUES (1);"),
        ("open", "\n\nINSERT INTO \"User\" VALUES ('"),
        ("key", "INSERT INTO \"Group\" VALUES ('g');\n\nINSERT INTO \"Group\" VALUES ('g');"),
    ] {
        let (pack, db) = (scratch.pack(name, "sample.sql", sql.as_bytes()), scratch.path(&format!("{name}.db")));
        refused(&["load", &pack, "--db", &db], "line 3");
        let output = decide(&pack, &db, "User::\"x\"", "Order::\"o\"", &[]);
        assert_eq!(output.status.code(), Some(2), "nothing was loaded, not even tables: {}", said(&output));
    }
}

#[test]
fn a_file_that_is_no_text_is_refused_by_its_name() {
    for file in ["schema.mmd", "model.toml", "policies.cedar", "tests.toml", "sample.sql", "routes.toml"] {
        pack_refused(&format!("latin-{file}"), file, b"# caf\xe9\n", file);
    }
}

#[test]
fn a_folder_as_a_file_and_a_file_as_a_folder_are_refused() {
    let scratch = Scratch::new("folders");
    let pack = scratch.pack("pack", "sample.sql", SAMPLE.as_bytes());
    let db = scratch.path("rows.db");
    for file in ["model.toml", "schema.mmd", "policies.cedar", "tests.toml"] {
        let odd = scratch.pack(&format!("odd-{file}"), "sample.sql", b"");
        let path = Path::new(&odd).join(file);
        let _ = fs::remove_file(&path);
        fs::create_dir(&path).expect("a folder");
        refused(&["compile", &odd], file);
    }
    refused(&["compile", &format!("{pack}/model.toml")], "model.toml");
    refused(&["compile", &scratch.path("nowhere")], "nowhere");
    refused(&["test", &scratch.path("nowhere")], "nowhere");
    refused(&["import", &scratch.path("nowhere.mmd")], "nowhere.mmd");
    refused(&["import", &pack], "pack");
    refused(&["load", &pack, "--db", &db, "--rows", &scratch.path("none.sql")], "none.sql");
    refused(&["load", &pack, "--db", &pack], "pack");
    for missing in ["model.toml", "schema.mmd"] {
        let odd = scratch.pack(&format!("without-{missing}"), "sample.sql", b"");
        fs::remove_file(Path::new(&odd).join(missing)).expect("the file was there");
        refused(&["compile", &odd], missing);
    }
}

#[test]
fn a_database_that_is_none_is_refused() {
    let scratch = Scratch::new("databases");
    let (pack, _) = loaded(&scratch, SAMPLE);
    let ask = |db: &str| {
        let output = decide(&pack, db, "User::\"ann\"", "Order::\"o\"", &[]);
        assert_eq!(output.status.code(), Some(2), "{db}: {}", said(&output));
        said(&output)
    };
    assert!(ask(&scratch.path("none.db")).contains("none.db"));
    for (name, bytes) in
        [("empty.db", &b""[..]), ("text.db", &b"this is no database, whatever its name says".repeat(40)[..])]
    {
        fs::write(scratch.path(name), bytes).expect("a file");
        ask(&scratch.path(name));
    }
    ask(&pack);
    // One of another pack: it has no such tables.
    let other = scratch.path("other.db");
    assert_eq!(palisade(&["load", "policies/workspace", "--db", &other]).status.code(), Some(0));
    let text = ask(&other);
    assert!(
        text.contains("Order") || text.contains("User") || text.contains("Access") || text.contains("Group"),
        "{text}"
    );
}

#[test]
fn tables_named_like_sql_words_work() {
    let scratch = Scratch::new("words");
    let (pack, db) = loaded(&scratch, SAMPLE);
    let output = decide(&pack, &db, "User::\"ann\"", "Order::\"o\"", &["--explain"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(decide(&pack, &db, "User::\"bob\"", "Order::\"o\"", &["--explain"]).status.code(), Some(1));
}

/// Ids that break quoting, lengths and spellings; none can be taken for another.
fn odd_ids() -> Vec<String> {
    let mut ids: Vec<String> = [
        "o'neil \"q\"",
        "'; DROP TABLE \"User\"; --",
        "\\",
        "\u{1f642}",
        "用戶",
        "a\nb",
        " ",
        "%",
        "_",
        "null",
        "g#admin",
        "\u{202e}abc",
        "e\u{301}",
        "é",
        "[\"a\"]",
        "$.a",
        "0",
        "-0",
        "1e3",
        "9007199254740993",
        "?1",
        "User::\"ann\"",
    ]
    .into_iter()
    .map(str::to_string)
    .collect();
    ids.push("x".repeat(10_000));
    ids
}

#[test]
fn odd_ids_name_themselves_and_nobody_else() {
    let scratch = Scratch::new("ids");
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut sql = SAMPLE.to_string();
    for id in odd_ids() {
        sql.push_str(&format!(
            "\nINSERT INTO \"User\" VALUES ({0}, 1, NULL); INSERT INTO \"Order\" VALUES ({0}, {0});",
            literal(&id)
        ));
    }
    let (pack, db) = loaded(&scratch, &sql);
    for id in odd_ids() {
        let (user, order) = (Uid::new("User", &id).to_string(), Uid::new("Order", &id).to_string());
        let own = decide(&pack, &db, &user, &order, &[]);
        assert_eq!(own.status.code(), Some(0), "{id}: {}", said(&own));
        for (principal, resource) in [(user.as_str(), "Order::\"o\""), ("User::\"ann\"", order.as_str())] {
            let others = decide(&pack, &db, principal, resource, &["--explain"]);
            assert_eq!(others.status.code(), Some(1), "{principal} {resource}: {}", said(&others));
        }
    }
}

#[test]
fn a_nul_in_an_id_is_part_of_it() {
    let (pack, findings) = pack::read(&Texts {
        name: "nul".to_string(),
        schema_file: "schema.mmd".to_string(),
        schema: SCHEMA.to_string(),
        model: MODEL.to_string(),
        ..Texts::default()
    });
    let bundle = pack.unwrap_or_else(|| panic!("{findings:?}")).bundle;
    let engine = Engine::new(&bundle).expect("an engine");
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    connection.execute_batch(&palisade::compile::schema_sql(&bundle.mapping, "nul")).expect("the schema");
    for id in ["a", "a\0b", "\0"] {
        connection.execute("INSERT INTO \"User\" VALUES (?1, 1, NULL)", [id]).expect("a row");
        connection.execute("INSERT INTO \"Order\" VALUES (?1, ?1)", [id]).expect("a row");
    }
    let store = SqlStore::new(Sqlite::new(connection));
    let plan = SlicePlan::new(&bundle);
    for principal in ["a", "a\0b", "\0", "a\0"] {
        for resource in ["a", "a\0b", "\0", "a\0"] {
            let query = Query::new(Uid::new("User", principal), "read", Uid::new("Order", resource));
            let slice = pollster::block_on(store.slice(&plan, &engine.ask(&bundle, &query))).expect("a slice");
            let prepared = engine.prepare(facts::build(&bundle, &slice.rows, &[], 0)).expect("facts");
            let allow = engine.decide(&prepared, &query).allow;
            assert_eq!(allow, principal == resource && principal != "a\0", "{principal:?} {resource:?}");
        }
    }
}

#[test]
fn what_names_no_entity_is_refused() {
    let scratch = Scratch::new("entities");
    let (pack, db) = loaded(&scratch, SAMPLE);
    for text in [
        "",
        "ann",
        "User::ann",
        "User::\"ann",
        "User::\"a\"b\"",
        "1User::\"x\"",
        "::\"x\"",
        "User::\"\\q\"",
        "Us er::\"x\"",
    ] {
        for (principal, resource) in [(text, "Order::\"o\""), ("User::\"ann\"", text)] {
            let ask =
                ["decide", &pack, "--db", &db, "--action", "read", "--principal", principal, "--resource", resource];
            refused(&ask, if principal == text { "--principal" } else { "--resource" });
        }
    }
    // Types that are none of the model's name nothing: denied.
    for text in ["Nobody::\"x\"", "Action::\"read\"", "A::B::\"x\"", "Group::\"ann\"", "User::\"\"", "User::\"ANN\""] {
        assert_eq!(decide(&pack, &db, text, "Order::\"o\"", &[]).status.code(), Some(1), "{text}");
        let output = decide(&pack, &db, "User::\"ann\"", text, &[]);
        assert_eq!(output.status.code(), Some(1), "{text}: {}", said(&output));
    }
}

#[test]
fn a_broken_context_is_refused() {
    let scratch = Scratch::new("contexts");
    let (pack, db) = loaded(&scratch, SAMPLE);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for context in [
        "{",
        "[]",
        "1",
        "\"x\"",
        "{\"note\": 1}",
        "{\"size\": \"x\"}",
        "{\"size\": 1.5}",
        "{\"nothing\": 1}",
        "{\"size\": 9223372036854775808}",
        "{\"size\": 1e400}",
        "{\"note\": null}",
        "{\"note\": {\"__entity\": {\"type\": \"User\", \"id\": \"ann\"}}}",
        "{note: \"x\"}",
        "{\"note\": \"\\ud800\"}",
        "{\"note\": \"x\", \"note\": \"y\"}",
        &deep,
    ] {
        let shown: String = context.chars().take(60).collect();
        let output = decide(&pack, &db, "User::\"ann\"", "Order::\"o\"", &["--context", context]);
        assert_eq!(output.status.code(), Some(2), "{shown}: {}", said(&output));
        assert!(said(&output).contains("--context"), "{shown}: {}", said(&output));
    }
    for context in ["{}", "null", "", "{\"note\": \"\\u0000'\\\"\"}", "{\"size\": 9223372036854775807}"] {
        let output = decide(&pack, &db, "User::\"ann\"", "Order::\"o\"", &["--context", context]);
        assert_eq!(output.status.code(), Some(0), "{context}: {}", said(&output));
    }
}

#[test]
fn an_instant_that_is_none_is_refused() {
    let scratch = Scratch::new("instants");
    let (pack, db) = loaded(&scratch, SAMPLE);
    let far = "9".repeat(400);
    for at in [
        "",
        "soon",
        "2026-01-01",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "99999999999999",
        "-99999999999999",
        "1.5",
        &far,
        "0x10",
    ] {
        let at_is = format!("--at={at}");
        let ask = [
            "decide",
            &pack,
            "--db",
            &db,
            "--principal",
            "User::\"ann\"",
            "--action",
            "read",
            "--resource",
            "Order::\"o\"",
            &at_is,
        ];
        refused(&ask, "--at");
        refused(&["compile", &pack, "--db", &db, &at_is], "--at");
    }
}

#[test]
fn bad_usage_is_refused() {
    for arguments in [
        &[][..],
        &["nothing"],
        &["check"],
        &["test"],
        &["decide"],
        &["decide", "policies/chat"],
        &["load", "policies/chat"],
        &["compile"],
        &["--nothing"],
    ] {
        assert_eq!(palisade(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_diagram_of_five_mebibytes_is_read_in_time() {
    let scratch = Scratch::new("large");
    let mut text = "erDiagram\n".to_string();
    let mut number = 0;
    while text.len() < 5 * 1024 * 1024 {
        text.push_str(&format!("  T{number} {{ string id PK\n    string name\n    boolean is_active }}\n"));
        number += 1;
    }
    let file = scratch.path("large.mmd");
    fs::write(&file, &text).expect("a file");
    let output = palisade(&["import", &file, "--out", &scratch.path("large")]);
    assert!(matches!(output.status.code(), Some(0..=2)), "{:?}", output.status);
    // One line of it is as long as the file.
    fs::write(&file, format!("erDiagram\n  A ||--o{{ B : \"{}\"", "x".repeat(5 * 1024 * 1024))).expect("a file");
    assert_eq!(palisade(&["import", &file, "--out", &scratch.path("long")]).status.code(), Some(2));
}

/// Rows that no database of the schema would give: other columns, short rows, values of all kinds. Through the library,
/// since a store could be damaged.
#[test]
fn rows_of_any_shape_deny_and_do_not_panic() {
    let (pack, _) = pack::read(&Texts {
        name: "shapes".to_string(),
        schema_file: "schema.mmd".to_string(),
        schema: SCHEMA.to_string(),
        model: MODEL.to_string(),
        ..Texts::default()
    });
    let bundle = pack.expect("a pack").bundle;
    let engine = Engine::new(&bundle).expect("an engine");
    let values = [
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Real(f64::NAN),
        Value::Text(String::new()),
        Value::Text("\u{0}".to_string()),
        Value::Blob(vec![0xff; 9]),
    ];
    for columns in [&[][..], &["id"], &["id", "id"], &["is_active", "id", "unknown"], &["user_id"]] {
        for width in 0..4 {
            for value in &values {
                let rows: Rows = ["User", "Group", "Order", "Access", "Unknown"]
                    .map(|table| {
                        let columns = columns.iter().map(ToString::to_string).collect();
                        (table.to_string(), TableRows { columns, rows: vec![vec![value.clone(); width]; 2] })
                    })
                    .into();
                let facts = facts::build(&bundle, &rows, &[], 0);
                let Ok(prepared) = engine.prepare(facts) else { continue };
                for id in ["ann", "", "\0", "-9223372036854775808"] {
                    let query = Query::new(Uid::new("User", id), "read", Uid::new("Order", id));
                    assert!(!engine.decide(&prepared, &query).allow, "{columns:?} {width} {value:?} {id:?}");
                }
            }
        }
    }
}
