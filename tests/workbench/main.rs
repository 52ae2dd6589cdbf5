// SPDX-License-Identifier: Apache-2.0
//! The playground's engine, natively: what a page is told of texts and rows, and that nothing it can be given breaks it.

mod sql;
mod texts;

use palisade::pack::Texts;
use palisade::workbench::Workbench;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The instant of all decisions here.
pub const AT: &str = "2026-01-15T09:00:00Z";

pub fn packs() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("policies")
        .expect("the folder of packs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 5, "packs are missing: {folders:?}");
    folders
}

pub fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_default()
}

pub fn texts(folder: &Path) -> Texts {
    Texts {
        name: folder.file_name().expect("a name").to_string_lossy().into_owned(),
        schema_file: "schema.mmd".to_string(),
        schema: text(folder, "schema.mmd"),
        model: text(folder, "model.toml"),
        policies: text(folder, "policies.cedar"),
        routes: text(folder, "routes.toml"),
        tests: text(folder, "tests.toml"),
        sample: String::new(),
    }
}

/// A pack with its sample rows.
pub fn bench(folder: &Path) -> Workbench {
    let mut bench = Workbench::new();
    let compiled = bench.read(&texts(folder));
    assert!(compiled.ok, "{}: {:?}", folder.display(), compiled.findings);
    let read = json!(bench.read_sql(&text(folder, "sample.sql")));
    assert_eq!(read["findings"], json!([]), "{}", folder.display());
    bench.rows(&read["rows"].to_string(), AT).expect("rows");
    bench
}

/// A small pack of its own: users, notes and shares.
pub fn notes() -> Texts {
    Texts {
        name: "notes".to_string(),
        schema_file: "schema.mmd".to_string(),
        schema: "erDiagram
  USERS { string id PK
    string name
    bool is_active }
  NOTES { string id PK
    string owner_id FK
    int size }
  SHARES { int id PK
    string subject_type
    string subject_id
    string note_id FK
    string action
    bool granted
    datetime expires_at }
  USERS ||--o{ NOTES : owns
  NOTES ||--o{ SHARES : shared
"
        .to_string(),
        model: r#"[table.USERS]
kind = "principal"
as = "User"
live = "is_active"
[table.NOTES]
kind = "resource"
as = "Note"
owner = "owner_id"
owner_actions = ["read", "weigh"]
attributes = ["size"]
[table.SHARES]
kind = "acl"
subject = { type = "subject_type", id = "subject_id", types = { user = "User" } }
object = "note_id"
action = "action"
granted = "granted"
expires = "expires_at"
[action.read]
[action.weigh]
context = { least = "Long?" }
"#
        .to_string(),
        policies: "@id(\"heavy\") permit (principal, action == Action::\"weigh\", resource is Note)
when { context has least && resource has size && resource.size > context.least };
"
        .to_string(),
        ..Texts::default()
    }
}

pub fn rows() -> Value {
    json!({
        "USERS": { "columns": ["id", "name", "is_active"], "rows": [["ann", "Ann", true], ["bob", "Bob", 1], ["old", null, 0]] },
        "NOTES": { "columns": ["id", "owner_id", "size"], "rows": [["n", "ann", 5], ["m", "bob", { "integer": "9007199254740993" }]] },
        "SHARES": {
            "columns": ["id", "subject_type", "subject_id", "note_id", "action", "granted", "expires_at"],
            "rows": [[1, "user", "bob", "n", "read", true, null], [2, "USER", "ann", "m", "read", false, null],
                     [3, "user", "bob", "n", "weigh", true, "2026-02-01T00:00:00Z"]]
        }
    })
}

pub fn with_rows(rows: &Value) -> (Workbench, Value) {
    let mut bench = Workbench::new();
    let compiled = bench.read(&notes());
    assert!(compiled.ok, "{:?}", compiled.findings);
    let read = bench.rows(&rows.to_string(), AT).expect("rows");
    (bench, json!(read))
}

pub fn ask(bench: &Workbench, principal: &str, action: &str, resource: &str) -> Value {
    let question = json!({
        "principal": { "type": "User", "id": principal }, "action": action,
        "resource": { "type": "Note", "id": resource },
    });
    json!(bench.decide(&question.to_string()).expect("a question"))
}

/// The findings with their code, row and column.
pub fn told(read: &Value) -> Vec<(String, Option<u64>, String)> {
    let all = read["findings"].as_array().expect("findings").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    all.map(|one| (text(&one["code"]), one["row"]["row"].as_u64(), text(&one["row"]["column"]))).collect()
}

#[test]
fn every_test_of_every_pack_holds_on_rows_that_were_read_without_a_database() {
    for folder in packs() {
        let run = json!(bench(&folder).tests().expect("tests"));
        let failed: Vec<&Value> =
            run["results"].as_array().expect("results").iter().filter(|one| one["passed"] != true).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", folder.display());
        assert!(run["results"].as_array().expect("results").iter().any(|one| one["own_rows"] == true));
        let covered = run["coverage"]["policies"].as_array().expect("policies");
        assert!(covered.iter().any(|one| one["tests"].as_u64() > Some(0)));
        for row in run["coverage"]["rows"].as_array().expect("rows") {
            assert!(row["row"]["row"].is_u64(), "{}: {row}", folder.display());
        }
    }
}

#[test]
fn rows_come_with_what_people_call_them_and_where_they_stand() {
    let (_, read) = with_rows(&rows());
    assert_eq!(read["findings"], json!([]));
    let row = |number: usize| json!({ "table": "USERS", "row": number, "column": null });
    assert_eq!(
        read["entities"]["User"],
        json!([
            { "id": "ann", "label": "Ann", "row": row(0) },
            { "id": "bob", "label": "Bob", "row": row(1) },
            { "id": "old", "label": null, "row": row(2) },
        ])
    );
    assert_eq!(read["actions"], json!(["read", "weigh"]));
    assert_eq!(read["until"], "2026-02-01T00:00:00.000Z");
}

#[test]
fn a_decision_names_the_rows_that_made_it() {
    let (bench, _) = with_rows(&rows());
    let answer = ask(&bench, "bob", "read", "n");
    assert_eq!(answer["allow"], true);
    assert_eq!(answer["reasons"][0]["source"], "SHARES/1");
    assert_eq!(answer["reasons"][0]["row"], json!({ "table": "SHARES", "row": 0, "column": null }));
    let denied = ask(&bench, "ann", "read", "m");
    assert_eq!((&denied["allow"], &denied["reasons"][0]["effect"]), (&json!(false), &json!("forbid")));
    assert_eq!(ask(&bench, "old", "read", "n")["reasons"][0]["policy"], "guard/principal-live");
}

#[test]
fn what_is_wrong_with_a_row_is_told_with_its_place_and_the_others_still_count() {
    let mut given = rows();
    let cases: [(&str, Value, &str, u64, &str); 11] = [
        ("NOTES", json!(["m", "ann", "big"]), "row/type", 2, "size"),
        ("NOTES", json!(["x", "nobody", 1]), "row/reference", 2, "owner_id"),
        ("NOTES", json!(["n", "ann", 1]), "row/twice", 2, "id"),
        ("NOTES", json!([null, "ann", 1]), "row/unreadable", 2, "id"),
        ("NOTES", json!(["x", "ann", [1]]), "row/value", 2, "size"),
        ("NOTES", json!(["x", "ann", 18_446_744_073_709_551_615u64]), "row/value", 2, "size"),
        ("NOTES", json!(["x", "ann", { "blob": "0" }]), "row/value", 2, "size"),
        ("SHARES", json!([4, "team", "bob", "n", "read", true, null]), "row/unreadable", 3, "subject_type"),
        ("SHARES", json!([4, "user", "zoe", "n", "read", true, null]), "row/reference", 3, "subject_id"),
        ("SHARES", json!([4, "user", "bob", "n", "read", true, "soon"]), "row/unreadable", 3, "expires_at"),
        ("SHARES", json!([4, "user", "bob", "n", "read", "perhaps", null]), "row/unreadable", 3, "granted"),
    ];
    for (table, row, code, number, column) in cases {
        let list = given[table]["rows"].as_array_mut().expect("rows");
        list.push(row.clone());
        let (bench, read) = with_rows(&given);
        let wanted = (code.to_string(), Some(number), column.to_string());
        assert!(told(&read).contains(&wanted), "{row}: {:?}", told(&read));
        // The same cell is told once.
        assert_eq!(told(&read).iter().filter(|one| one.1 == wanted.1 && one.2 == wanted.2).count(), 1, "{row}");
        assert_eq!(ask(&bench, "ann", "weigh", "n")["allow"], true, "{row}");
        given[table]["rows"].as_array_mut().expect("rows").pop();
    }
}

#[test]
fn a_row_that_forbids_does_not_vanish_because_it_cannot_be_read() {
    let mut given = rows();
    given["SHARES"]["rows"] = json!([[1, "user", "bob", "n", "read", true, null]]);
    assert_eq!(ask(&with_rows(&given).0, "bob", "read", "n")["allow"], true);
    for forbids in [
        json!([2, "user", "bob", "n", "read", [0], null]),
        json!([2, "user", { "what": 1 }, "n", "read", 0, null]),
        json!([2, "user", "bob", "n", "read", false, [[]]]),
        // Values that are missing cannot be read either.
        json!([2, "user", "bob"]),
    ] {
        given["SHARES"]["rows"] = json!([[1, "user", "bob", "n", "read", true, null], forbids]);
        let (bench, read) = with_rows(&given);
        assert_eq!(ask(&bench, "bob", "read", "n")["allow"], false, "{forbids}");
        assert!(told(&read).iter().any(|(code, row, _)| code == "row/value" && *row == Some(1)), "{forbids}");
    }
}

#[test]
fn tables_and_columns_that_no_schema_has_are_told_and_kept() {
    let mut given = rows();
    given["NOTE"] = json!({ "columns": ["id"], "rows": [["n"]] });
    given["USERS"]["columns"][1] = json!("nmae");
    let (bench, read) = with_rows(&given);
    let findings = read["findings"].as_array().expect("findings");
    let help = |code: &str| findings.iter().find(|one| one["code"] == code).map(|one| one["help"].clone());
    assert_eq!(help("row/unknown-table"), Some(json!("did you mean `NOTES`?")));
    assert_eq!(help("row/unknown-column"), Some(json!("did you mean `name`?")));
    assert_eq!(ask(&bench, "ann", "read", "n")["allow"], true);
}

#[test]
fn rows_may_come_before_the_pack_and_tables_one_by_one() {
    let mut bench = Workbench::new();
    let all = rows();
    let nothing = json!(bench.rows(&all.to_string(), AT).expect("rows"));
    assert_eq!((&nothing["entities"], &nothing["findings"]), (&json!({}), &json!([])));
    assert_eq!(ask(&bench, "bob", "read", "n")["undecided"], true);
    assert!(bench.read(&notes()).ok);
    assert_eq!(ask(&bench, "bob", "read", "n")["allow"], true);
    bench.rows(&json!({ "SHARES": null }).to_string(), AT).expect("rows");
    assert_eq!(ask(&bench, "bob", "read", "n")["allow"], false);
    assert_eq!(ask(&bench, "ann", "read", "n")["allow"], true);
    bench.rows(&json!({ "SHARES": all["SHARES"] }).to_string(), "2026-03-01T00:00:00Z").expect("rows");
    assert_eq!(ask(&bench, "bob", "read", "n")["allow"], true);
    assert!(bench.rows("{}", "noon").unwrap_err().contains("`noon` is no time"));
    assert!(bench.rows("[]", AT).unwrap_err().contains("the rows"));
}

#[test]
fn integers_keep_all_64_bits() {
    let (bench, _) = with_rows(&rows());
    let weighs = |least: &str| {
        let question = format!(
            r#"{{"principal":{{"type":"User","id":"ann"}},"action":"weigh","resource":{{"type":"Note","id":"m"}},"context":{{"least":{least}}}}}"#
        );
        json!(bench.decide(&question).expect("a question"))
    };
    assert_eq!(weighs("9007199254740992")["allow"], true);
    assert_eq!(weighs("9007199254740993")["allow"], false);
    let beyond = weighs("9223372036854775808");
    assert_eq!(beyond["undecided"], true);
    assert!(beyond["errors"][0].as_str().expect("an error").contains("least"));
    let read = json!(bench.read_sql("INSERT INTO NOTES VALUES ('x', NULL, 9007199254740993)"));
    assert_eq!(read["rows"]["NOTES"]["rows"][0][2], json!({ "integer": "9007199254740993" }));
}

#[test]
fn a_matrix_has_the_decision_of_every_pair() {
    let (bench, _) = with_rows(&rows());
    let over = json!({ "over": "principals", "resource": { "type": "Note", "id": "n" } });
    let matrix = json!(bench.matrix(&over.to_string()).expect("a matrix"));
    assert_eq!(matrix["actions"], json!(["read", "weigh"]));
    assert_eq!(matrix["cells"], "aaaaff");
    let over = json!({ "over": "resources", "type": "Note", "principal": { "type": "User", "id": "ann" } });
    assert_eq!(json!(bench.matrix(&over.to_string()).expect("a matrix"))["cells"], "aafd");
    let folder = Path::new("policies/members");
    let bench = self::bench(folder);
    let over = json!({ "over": "principals", "resource": { "type": "Group", "id": "garden" } });
    let matrix = json!(bench.matrix(&over.to_string()).expect("a matrix"));
    let cells = matrix["cells"].as_str().expect("cells");
    let mut at = cells.chars();
    for entity in matrix["entities"].as_array().expect("entities") {
        for action in matrix["actions"].as_array().expect("actions") {
            let question =
                json!({ "principal": entity, "action": action, "resource": { "type": "Group", "id": "garden" } });
            let answer = json!(bench.decide(&question.to_string()).expect("a question"));
            assert_eq!(at.next() == Some('a'), answer["allow"] == true, "{question}");
        }
    }
}

/// A matrix asks all rows, a decision the slice that a gate would fetch.
#[test]
fn a_matrix_agrees_with_every_decision_that_the_packs_test() {
    for folder in packs() {
        let bench = bench(&folder);
        let run = json!(bench.tests().expect("tests"));
        for one in run["results"].as_array().expect("results") {
            let question =
                json!({ "principal": one["principal"], "action": one["action"], "resource": one["resource"] });
            let answer = json!(bench.decide(&question.to_string()).expect("a question"));
            let over = json!({ "over": "principals", "resource": one["resource"] });
            let matrix = json!(bench.matrix(&over.to_string()).expect("a matrix"));
            let at = |list: &str, wanted: &Value| matrix[list].as_array()?.iter().position(|item| item == wanted);
            let (Some(row), Some(column)) = (at("entities", &one["principal"]), at("actions", &one["action"])) else {
                continue;
            };
            let actions = matrix["actions"].as_array().expect("actions").len();
            let letter = matrix["cells"].as_str().expect("cells").chars().nth(row * actions + column);
            assert_eq!(letter == Some('a'), answer["allow"] == true, "{}: {question}", folder.display());
        }
    }
}

#[test]
fn changes_name_what_flips() {
    let (before, _) = with_rows(&rows());
    let mut given = rows();
    given["SHARES"]["rows"] = json!([]);
    let (after, _) = with_rows(&given);
    let changes = json!(after.changes(&before, 10_000).expect("changes"));
    assert_eq!((&changes["gained"], &changes["lost"], &changes["sampled"]), (&json!(0), &json!(2), &json!(false)));
    let flip = changes["flips"].as_array().expect("flips").iter().find(|flip| flip["before"] == "allow").expect("one");
    assert_eq!(flip["principal"], json!({ "type": "User", "id": "bob" }));
    assert_eq!(changes["without_context"], json!(["weigh"]));
    assert!(after.changes(&Workbench::new(), 10).is_err());
}
