// SPDX-License-Identifier: Apache-2.0
//! Rows from SQL and back: what is read is what SQLite would hold, had it run the text.

use super::{AT, bench, notes, packs, rows, text, texts, with_rows};
use palisade::compile;
use palisade::pack;
use palisade::workbench::Workbench;
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value as Json, json};

/// All rows of a database with these tables, once it has run this script, as cells of JSON.
fn held(schema: &str, script: &str) -> Result<Json, rusqlite::Error> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    connection.execute_batch(schema)?;
    connection.execute_batch(script)?;
    let mut tables = connection.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'palisade%' AND name NOT LIKE 'sqlite%'",
    )?;
    let names: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut all = json!({});
    for name in names {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\" ORDER BY rowid"))?;
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_string).collect();
        let cells = |row: &rusqlite::Row| -> Result<Json, rusqlite::Error> {
            let cells = (0..columns.len()).map(|at| row.get_ref(at).map(cell)).collect::<Result<Vec<_>, _>>()?;
            Ok(Json::Array(cells))
        };
        let rows: Vec<Json> = statement.query_map([], cells)?.collect::<Result<_, _>>()?;
        if !rows.is_empty() {
            all[name] = json!({ "columns": columns, "rows": rows });
        }
    }
    Ok(all)
}

fn cell(value: ValueRef) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(number) if number.unsigned_abs() <= 1 << 53 => json!(number),
        ValueRef::Integer(number) => json!({ "integer": number.to_string() }),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!({ "blob": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
    }
}

/// `CURRENT_TIMESTAMP` is another one for each of the two.
fn without_now(mut rows: Json) -> Json {
    for table in rows.as_object_mut().expect("tables").values_mut() {
        for row in table["rows"].as_array_mut().expect("rows") {
            for cell in row.as_array_mut().expect("cells") {
                let text = cell.as_str().unwrap_or_default();
                let today = text.len() == 19 && text.as_bytes()[10] == b' ' && text != "2026-02-01 09:00:00";
                if today && (text.starts_with(&AT[..10]) || !text.starts_with("2026-01")) {
                    *cell = json!("now");
                }
            }
        }
    }
    rows
}

#[test]
fn the_samples_are_read_as_sqlite_reads_them() {
    for folder in packs() {
        let (pack, _) = pack::read(&texts(&folder));
        let pack = pack.expect("a pack");
        let schema = compile::schema_sql(&pack.bundle.mapping, "x");
        let own: Vec<&str> =
            pack.cases.cases.iter().map(|case| case.rows.as_str()).filter(|rows| !rows.is_empty()).collect();
        assert!(own.len() >= 2, "{}", folder.display());
        for script in [text(&folder, "sample.sql").as_str()].into_iter().chain(own) {
            let read = json!(of_nothing(&folder, script));
            assert_eq!(read["findings"], json!([]), "{}: {script}", folder.display());
            let held = held(&schema, script).expect("SQLite takes it");
            assert_eq!(without_now(read["rows"].clone()), without_now(held), "{}: {script}", folder.display());
        }
    }
}

/// Of a bench without rows, so that numbered keys begin where SQLite's do.
fn of_nothing(folder: &std::path::Path, script: &str) -> palisade::workbench::shapes::SqlRead {
    let mut bench = Workbench::new();
    bench.read(&texts(folder));
    bench.rows("{}", AT).expect("no rows");
    bench.read_sql(script)
}

const ALL: &str = "erDiagram
  THINGS { int id PK
    string name
    uuid token
    bool flag
    datetime at
    decimal price
    blob data
    int level \"DEFAULT 7\" }
  PAIRS { string a PK
    string b PK
    int n }
";

const ALL_MODEL: &str = "[table.THINGS]
kind = \"principal\"
as = \"Thing\"
[table.PAIRS]
kind = \"ignored\"
because = \"they say nothing\"
[action.read]
";

fn things() -> (Workbench, String) {
    let texts =
        pack::Texts { name: "things".into(), schema: ALL.into(), model: ALL_MODEL.into(), ..pack::Texts::default() };
    let mut bench = Workbench::new();
    let compiled = bench.read(&texts);
    assert!(compiled.ok, "{:?}", compiled.findings);
    bench.rows("{}", AT).expect("no rows");
    let schema = compiled.files.expect("files")["schema.sql"].clone();
    (bench, schema)
}

#[test]
fn literals_mean_what_they_mean_to_sqlite() {
    let (bench, schema) = things();
    for script in [
        "INSERT INTO THINGS VALUES (1, 'it''s', 'AB', TRUE, '2026-01-01T00:00:00Z', 1.50, X'00ff', 3)",
        "insert into things (Name, ID) values ('a', -5), ('b', 0x1F), ('c', NULL);",
        "INSERT INTO THINGS (name) VALUES ('first'), ('second'); INSERT INTO THINGS (id, name) VALUES (10, 'x'), (NULL, 'y')",
        "INSERT INTO THINGS (id, level) VALUES (9223372036854775807, -9223372036854775808)",
        "INSERT INTO THINGS (id, level) VALUES (1, 9223372036854775808)",
        "INSERT INTO THINGS (id, level, at, price) VALUES (1, '5', ' 1767268800 ', '2.0'), (2, 3.0, 1e3, '1e2'), (3, 'x', '', '-')",
        "INSERT INTO THINGS (id, name, token) VALUES (1, 5, 1.5), (2, 1e300, -0.00001), (3, 123456789012345678, 1e15)",
        "INSERT INTO THINGS (id, price) VALUES (1, 1e308), (2, .5), (3, 5.), (4, +1), (5, 9007199254740993.0)",
        "INSERT INTO THINGS (id, data) VALUES (1, 'text'), (2, 5), (3, 1.0), (4, x'')",
        "INSERT INTO THINGS (id, flag) VALUES (1, 'true'), (2, FALSE), (3, '1')",
        "-- a comment; with 'signs\nINSERT INTO \"PAIRS\" (a, b, n) VALUES ('🙂', 'a\nb', /* here */ 1) ; ;",
        "INSERT INTO main.THINGS (id, name) VALUES (1, CAST(x'6100620a' AS TEXT))",
        "INSERT INTO `PAIRS` ([a], b) VALUES ('--', ';')",
    ] {
        let read = json!(bench.read_sql(script));
        assert_eq!(read["findings"], json!([]), "{script}");
        assert_eq!(read["rows"], held(&schema, script).expect("SQLite takes it"), "{script}");
    }
}

#[test]
fn whatever_is_no_row_is_told_with_its_place_and_the_other_statements_are_read() {
    let (bench, _) = things();
    for (script, line, column, says) in [
        ("SELECT * FROM THINGS", 1, 1, "SELECT"),
        ("UPDATE THINGS SET name = 'x'", 1, 1, "UPDATE"),
        ("DELETE FROM THINGS", 1, 1, "DELETE"),
        ("INSERT OR REPLACE INTO THINGS VALUES (1)", 1, 8, "INSERT OR"),
        ("INSERT INTO THINGS (id) VALUES (1 + 1)", 1, 33, "expression"),
        ("INSERT INTO THINGS (id) VALUES (abs(1))", 1, 33, "no value"),
        ("INSERT INTO THINGS (id) VALUES ((1))", 1, 33, "no value"),
        ("INSERT INTO THINGS (at) VALUES (CURRENT_TIMESTAMP)", 1, 33, "each time"),
        ("INSERT INTO THINGS (name) VALUES (\"x\")", 1, 35, "names of columns"),
        ("INSERT INTO THINGS (id) SELECT 1", 1, 25, "VALUES"),
        ("INSERT INTO THINGS DEFAULT VALUES", 1, 20, "VALUES"),
        ("INSERT INTO THINGS (id, name) VALUES (1)", 1, 38, "1 values for 2 columns"),
        ("INSERT INTO THINGS (id, nmae) VALUES (1, 2)", 1, 25, "no column `nmae`"),
        ("INSERT INTO THING (id) VALUES (1)", 1, 13, "no table `THING`"),
        ("\n  INSERT INTO THINGS (id, id) VALUES (1, 2)", 2, 27, "stands twice"),
        ("INSERT INTO THINGS (id) VALUES ('x')", 1, 33, "whole numbers"),
        ("INSERT INTO THINGS (id) VALUES (1) ON CONFLICT DO NOTHING", 1, 36, "expected"),
        ("INSERT INTO THINGS (id) VALUES (1) RETURNING id", 1, 36, "expected"),
        ("INSERT INTO THINGS (price) VALUES (1e999)", 1, 36, "larger"),
        ("INSERT INTO THINGS (id) VALUES (-'1')", 1, 34, "a number"),
        ("🙂 INSERT", 1, 1, "no `INSERT`"),
        ("INSERT INTO THINGS (id", 1, 23, "expected"),
        ("INSERT", 1, 7, "INTO"),
    ] {
        let whole = format!(
            "INSERT INTO PAIRS (a, b) VALUES ('1', '2');{}{script};\nINSERT INTO PAIRS (a, b) VALUES ('3', '4')",
            "\n"
        );
        let read = json!(bench.read_sql(&whole));
        let rows = &read["rows"];
        assert_eq!(rows["PAIRS"]["rows"].as_array().map(Vec::len), Some(2), "{script}: {read}");
        assert_eq!(rows["THINGS"], Json::Null, "{script}");
        let finding = &read["findings"][0];
        assert!(finding["message"].as_str().expect("a message").contains(says), "{script}: {finding}");
        assert!(finding["help"].as_str().is_some_and(|help| !help.is_empty()), "{script}");
        assert_eq!(
            (&finding["place"]["line"], &finding["place"]["column"]),
            (&json!(line + 1), &json!(column)),
            "{script}: {finding}"
        );
    }
    let unclosed =
        json!(bench.read_sql("INSERT INTO PAIRS (a, b) VALUES ('1', '2');\nINSERT INTO PAIRS (a) VALUES ('"));
    assert_eq!(unclosed["rows"]["PAIRS"]["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(unclosed["findings"][0]["place"]["line"], 2);
}

#[test]
fn a_dump_is_read_and_what_it_creates_is_passed_over() {
    let (bench, _) = things();
    let dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE PAIRS (a TEXT, b TEXT, n INTEGER);\n\
        INSERT INTO PAIRS VALUES('x','y',1);\nCREATE TRIGGER t AFTER INSERT ON PAIRS BEGIN INSERT INTO PAIRS VALUES ('no','no',0); END;\nCOMMIT;\n";
    let read = json!(bench.read_sql(dump));
    assert_eq!(read["rows"]["PAIRS"]["rows"], json!([["x", "y", 1]]));
    let findings = read["findings"].as_array().expect("findings");
    assert!(!findings.is_empty() && findings.iter().all(|one| one["severity"] == "note"), "{findings:?}");
}

#[test]
fn before_there_is_a_pack_rows_are_read_by_the_columns_that_they_name() {
    let bench = Workbench::new();
    let read = json!(bench.read_sql("INSERT INTO T (a, b) VALUES (1, 'x'); INSERT INTO T VALUES (1)"));
    assert_eq!(read["rows"]["T"], json!({ "columns": ["a", "b"], "rows": [[1, "x"]] }));
    assert!(read["findings"][0]["message"].as_str().expect("a message").contains("expected the columns"));
}

#[test]
fn a_written_sample_is_read_back() {
    for folder in packs() {
        let bench = bench(&folder);
        let sample = bench.sample();
        let (pack, _) = pack::read(&texts(&folder));
        let schema = compile::schema_sql(&pack.expect("a pack").bundle.mapping, "x");
        // Parents come first: SQLite takes it statement by statement with foreign keys checked at once.
        let read = json!(bench.read_sql(&sample));
        assert_eq!(read["findings"], json!([]));
        assert_eq!(read["rows"], held(&schema, &sample).expect("SQLite takes it"), "{}", folder.display());
        let original = json!(bench.read_sql(&text(&folder, "sample.sql")));
        assert_eq!(without_now(read["rows"].clone()), without_now(original["rows"].clone()), "{}", folder.display());
    }
    let (bench, _) = with_rows(&rows());
    let sample = bench.sample();
    let place =
        |table: &str| sample.find(&format!("INSERT INTO \"{table}\"")).unwrap_or_else(|| panic!("{table}: {sample}"));
    assert!(place("USERS") < place("NOTES") && place("NOTES") < place("SHARES"));
    assert_eq!(notes().name, "notes");
}

/// Of reals the digits that SQLite reads exactly; below the smallest normal one it has fewer, and none are compared.
fn to_15_digits(rows: &Json) -> Json {
    match rows {
        Json::Number(number) if number.is_f64() => {
            let number = number.as_f64().expect("a number");
            let number = if number.abs() < f64::MIN_POSITIVE { 0.0 } else { number + 0.0 };
            json!(format!("{number:.14e}"))
        }
        Json::Array(items) => items.iter().map(to_15_digits).collect(),
        Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), to_15_digits(value))).collect(),
        other => other.clone(),
    }
}

fn value() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<i64>().prop_map(|number| json!({ "integer": number.to_string() })),
        (-1000i64..1000).prop_map(|number| json!(number)),
        (-1e12..1e12f64).prop_map(|number| json!(number)),
        Just(json!(1e308)),
        Just(json!(-1e-300)),
        (-1000.0..1000.0f64).prop_map(|number| json!(number)),
        any::<String>().prop_map(|text| json!(text)),
        "[-+ ]{0,2}[0-9]{0,20}[.]?[0-9]{0,3}(e[-+]?[0-9]{1,3})?".prop_map(|text| json!(text)),
        "[\\n'\"\\\\;a-c🙂\\t-]{0,8}".prop_map(|text| json!(text)),
        proptest::collection::vec(any::<u8>(), 0..5)
            .prop_map(|bytes| json!({ "blob": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_rows_hold_both_read_the_sample_alike(cells in proptest::collection::vec(proptest::collection::vec(value(), 7), 1..4)) {
        let (mut bench, schema) = things();
        let rows: Vec<Json> = cells.iter().enumerate().map(|(at, cells)| {
            let mut row = vec![json!(at + 1)];
            row.extend(cells.iter().cloned());
            Json::Array(row)
        }).collect();
        let columns = json!(["id", "name", "token", "flag", "at", "price", "data", "level"]);
        bench.rows(&json!({ "THINGS": { "columns": columns, "rows": rows } }).to_string(), AT).expect("rows");
        let sample = bench.sample();
        let read = json!(bench.read_sql(&sample));
        prop_assert_eq!(&read["findings"], &json!([]));
        // SQLite's own reader of numbers is wrong in the last of 17 digits now and then.
        let held = held(&schema, &sample).expect("SQLite takes it");
        prop_assert_eq!(to_15_digits(&read["rows"]), to_15_digits(&held), "{}", sample);
    }

    #[test]
    fn no_script_breaks_anything(script in "(INSERT|INTO|PAIRS|VALUES|[(),;'\"X]|NULL|[0-9]{1,3}|[-+.]|CAST|AS|TEXT| |\n|--|/\\*|🙂|\u{0}|CREATE|TRIGGER|END|BEGIN){0,40}") {
        let (bench, _) = things();
        bench.read_sql(&script);
    }
}
