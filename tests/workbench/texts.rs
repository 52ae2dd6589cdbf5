// SPDX-License-Identifier: Apache-2.0
//! What a page is told of a pack's texts as they are being written.

use super::{AT, ask, bench, notes, packs, rows, text, texts};
use palisade::pack;
use palisade::workbench::{Workbench, add_test, format, infer};
use serde_json::{Value, json};
use std::path::Path;

/// What stands at each keystroke is what would stand had all been read anew.
#[test]
fn reading_again_comes_to_what_reading_anew_does() {
    for folder in packs() {
        let good = texts(&folder);
        let mut bench = Workbench::new();
        let mut states = vec![good.clone()];
        let edit = |change: &dyn Fn(&mut pack::Texts)| {
            let mut texts = good.clone();
            change(&mut texts);
            texts
        };
        states.push(edit(&|texts| texts.policies.push_str("\npermit (")));
        states
            .push(edit(&|texts| texts.policies.push_str("\n@id(\"one more\") permit (principal, action, resource);")));
        states.push(edit(&|texts| texts.model.push_str("\n# nothing\n")));
        states.push(edit(&|texts| texts.model.push_str("\n[table.NOWHERE]\nkind = \"group\"\n")));
        states.push(edit(&|texts| texts.schema.push_str("\n    MORE { string id PK }\n")));
        states.push(edit(&|texts| texts.schema.push_str("\n  A {\n")));
        states.push(edit(&|texts| {
            texts.routes.push_str("\n[[route]]\nmethod = \"GET\"\npath = \"/x\"\naction = \"?\"\n")
        }));
        states.push(edit(&|texts| texts.tests.push_str("\n[[test]]\n")));
        states.push(edit(&|texts| {
            texts.model.push_str("\n[action.\"one more\"]\n");
            texts.routes.clear();
        }));
        states.push(edit(&|texts| texts.name = "other".to_string()));
        states.push(good.clone());
        for texts in &states {
            let again = bench.read(texts);
            let anew = Workbench::new().read(texts);
            assert_eq!((again.ok, json!(again.findings)), (anew.ok, json!(anew.findings)), "{}", folder.display());
            assert_eq!(json!(again.files), json!(anew.files));
            let (pack, findings) = pack::read(texts);
            assert_eq!(pack.is_some(), again.ok, "{findings:?}");
            if let Some(pack) = pack {
                assert_eq!(bench.bundle().expect("a bundle"), pack.bundle.to_json());
            }
        }
    }
}

#[test]
fn an_error_in_one_text_hides_none_in_another() {
    let mut texts = notes();
    texts.policies = "permit (".to_string();
    texts.routes = "[[route]".to_string();
    texts.tests = "[[test]".to_string();
    texts.model = "[table.USERS]\nkind = \"hero\"\n".to_string();
    let compiled = Workbench::new().read(&texts);
    let files: Vec<String> = compiled
        .findings
        .iter()
        .filter(|one| one.finding.is_error())
        .filter_map(|one| Some(one.finding.place.as_ref()?.file.clone()))
        .collect();
    for file in ["policies.cedar", "routes.toml", "tests.toml", "model.toml"] {
        assert!(files.iter().any(|name| name == file), "{file}: {files:?}");
    }
    assert!(compiled.diagram.is_some() && compiled.model.is_none());
}

#[test]
fn decisions_go_by_the_last_texts_without_an_error() {
    let mut bench = Workbench::new();
    assert!(bench.read(&notes()).ok);
    bench.rows(&rows().to_string(), AT).expect("rows");
    assert_eq!(ask(&bench, "bob", "read", "n")["allow"], true);
    let mut broken = notes();
    broken.policies = "forbid (principal, action, resource".to_string();
    let compiled = bench.read(&broken);
    assert!(!compiled.ok && compiled.files.is_none());
    // The model has no error, and the policies are those of the last parse.
    let model = compiled.model.expect("a model");
    assert!(model.policies.iter().any(|policy| policy.id == "heavy"));
    assert_eq!(ask(&bench, "bob", "read", "n")["allow"], true);
    broken.policies = "forbid (principal, action, resource);".to_string();
    assert!(bench.read(&broken).ok);
    assert_eq!(ask(&bench, "bob", "read", "n")["allow"], false);
}

#[test]
fn every_policy_stands_where_it_is_said_to() {
    for folder in packs() {
        let compiled = Workbench::new().read(&texts(&folder));
        let (files, model) = (compiled.files.expect("files"), compiled.model.expect("a model"));
        let own = text(&folder, "policies.cedar");
        let mut count = 0;
        for policy in &model.policies {
            let whole = if policy.source == "generated" { &files["policies.cedar"] } else { &own };
            let lines: Vec<&str> = whole.lines().collect();
            let place = lines[policy.line as usize - 1..policy.end as usize].join("\n");
            assert!(place.contains(&policy.text), "{}: {}", folder.display(), policy.id);
            assert!(policy.text.contains(&format!("@id(\"{}\")", policy.id)), "{}", policy.id);
            assert!(policy.text.contains(policy.effect), "{}", policy.id);
            count += usize::from(policy.source == "policies.cedar");
        }
        assert_eq!(count, own.matches("@id(").count(), "{}", folder.display());
    }
}

#[test]
fn a_model_is_told_table_by_table() {
    for folder in packs() {
        let compiled = json!(Workbench::new().read(&texts(&folder)));
        let model = text(&folder, "model.toml");
        let schema = text(&folder, "schema.mmd");
        let lines = |text: &str| text.lines().map(str::to_string).collect::<Vec<_>>();
        for table in compiled["model"]["tables"].as_array().expect("tables") {
            let name = table["name"].as_str().expect("a name");
            let line = &lines(&model)[table["line"].as_u64().expect("a line") as usize - 1];
            assert!(line.starts_with("[table.") && line.contains(name), "{name}: {line}");
            let says = table["says"].as_str().expect("a sentence");
            assert!(says.ends_with('.') && says.len() > 20, "{name}: {says}");
            assert!(!says.contains("another row"), "{name}: {says}");
        }
        for table in compiled["diagram"]["tables"].as_array().expect("tables") {
            let name = table["name"].as_str().expect("a name");
            let line = &lines(&schema)[table["line"].as_u64().expect("a line") as usize - 1];
            assert!(line.contains(name), "{name}: {line}");
        }
    }
    let compiled = json!(Workbench::new().read(&notes()));
    let shares = &compiled["model"]["tables"][2];
    assert_eq!(shares["kind"], "acl");
    assert_eq!(shares["says"], "Each row lets, or forbids, a User do something to a Note, until it expires.");
    let column = |name: &str| {
        let all = shares["columns"].as_array().expect("columns");
        all.iter().find(|column| column["name"] == name).cloned().expect("the column")
    };
    assert_eq!(column("subject_type")["values"], json!(["user"]));
    assert_eq!(column("subject_id")["typed_by"], "subject_type");
    assert_eq!(column("granted")["role"], "grants or denies");
    assert_eq!(column("note_id")["references"], "NOTES");
    assert_eq!(column("id")["role"], "id");
    let user = &compiled["model"]["types"][0];
    assert_eq!((&user["name"], &user["principal"]), (&json!("User"), &json!(true)));
    let weigh = &compiled["model"]["actions"][1];
    assert_eq!(weigh["context"], json!([{ "name": "least", "type": "Long", "optional": true }]));
}

#[test]
fn no_text_breaks_anything() {
    let garbage = [
        "\u{0}",
        "🙂",
        "}{][",
        "erDiagram\n A {",
        "[[[",
        "permit(",
        "\u{feff}",
        "\r\r\r",
        "@id(\"",
        "CREATE TABLE a (",
        "\"\"\"",
        "[table]\nUSERS = 1",
        "test = 1",
        "[test]\n",
        "[[test]]\nname = 1",
        "at = 5",
        "permit(principal,action,resource);;",
        "permit (principal, action, resource) when { \"\\u{110000}\" == 1 };",
        "a = \"\\ud800\"",
    ];
    let long = [
        "=".repeat(10_000),
        "(".repeat(50_000),
        "[".repeat(2_000),
        "-".repeat(20_000),
        "permit(principal,action,resource);".repeat(500),
    ];
    let mut bench = Workbench::new();
    bench.read(&notes());
    bench.rows(&rows().to_string(), AT).expect("rows");
    for garbage in garbage.iter().map(|text| text.to_string()).chain(long) {
        for part in 0..5 {
            let mut texts = notes();
            let text = match part {
                0 => &mut texts.schema,
                1 => &mut texts.model,
                2 => &mut texts.policies,
                3 => &mut texts.routes,
                _ => &mut texts.tests,
            };
            text.push_str(&garbage);
            bench.read(&texts);
            bench.sample();
            let _ = bench.tests();
            ask(&bench, "bob", "read", "n");
        }
        infer(&garbage);
        let _ = format(&garbage);
        let _ = add_test(&garbage, "{}");
        bench.read_sql(&garbage);
        let _ = (
            bench.pack(&garbage),
            bench.rows(&garbage, AT),
            bench.decide(&garbage),
            bench.matrix(&garbage),
            bench.page(&garbage),
        );
    }
    assert!(bench.read(&notes()).ok);
}

#[test]
fn a_first_model_comes_with_what_it_keeps() {
    let inferred = json!(infer(&notes().schema));
    assert!(inferred["model"].as_str().expect("a model").contains("kind = \"principal\""));
    assert_eq!(inferred["fidelity"]["tables"][0]["table"], "USERS");
    assert_eq!(json!(infer("CREATE TABEL x"))["fidelity"], Value::Null);
}

#[test]
fn the_formatter_keeps_comments_and_meaning() {
    for folder in packs() {
        let policies = text(&folder, "policies.cedar");
        let formatted = format(&policies).expect("Cedar");
        for comment in policies.lines().filter(|line| line.trim_start().starts_with("//")) {
            assert!(formatted.contains(comment.trim()), "{comment}");
        }
        assert_eq!(format(&formatted).expect("Cedar"), formatted);
        let mut texts = texts(&folder);
        texts.policies = formatted;
        assert!(Workbench::new().read(&texts).ok, "{}", folder.display());
    }
    assert_eq!(format("// nothing yet\n").as_deref(), Ok("// nothing yet\n"));
    assert!(format("permit (principal, action").unwrap_err().contains("policies.cedar:1"));
}

#[test]
fn a_decision_is_kept_as_a_test_that_then_passes() {
    let folder = Path::new("policies/members");
    let tests = text(folder, "tests.toml");
    let test = |name: &str| {
        json!({
            "name": name, "principal": { "type": "User", "id": "o'neil \"the\" \\ 3rd" }, "action": "items:read",
            "resource": { "type": "Item", "id": "1" }, "context": {}, "expect": "deny", "because": [], "at": AT,
        })
        .to_string()
    };
    let once = add_test(&tests, &test("it's \"new\"")).expect("a test");
    assert!(once.starts_with(&tests) && once.ends_with('\n'));
    let twice = add_test(&once, &test("it's \"new\"")).expect("a test");
    assert!(twice.starts_with(&once) && twice.contains("(2)"));
    let mut changed = texts(folder);
    changed.tests = twice;
    let mut bench = bench(folder);
    assert!(bench.read(&changed).ok);
    let run = json!(bench.tests().expect("tests"));
    let results = run["results"].as_array().expect("results");
    let last = results.last().expect("a test");
    assert_eq!((&last["name"], &last["passed"]), (&json!("it's \"new\" (2)"), &json!(true)), "{last}");
    assert_eq!(last["principal"]["id"], "o'neil \"the\" \\ 3rd");
    let line = last["line"].as_u64().expect("a line") as usize;
    assert_eq!(changed.tests.lines().nth(line - 1), Some("[[test]]"));
    // An instant of its own stands only where it is another one.
    let first = add_test("", &test("first")).expect("a test");
    assert!(
        first.contains("at = ") && add_test(&first, &test("second")).expect("a test").matches("at = ").count() == 2
    );
    assert!(add_test("test = []\n", &test("x")).unwrap_err().contains("[[test]]"));
    assert!(add_test("[[", &test("x")).unwrap_err().contains("not TOML"));
    let context = json!({ "name": "c", "principal": { "type": "U", "id": "u" }, "action": "a", "resource": { "type": "R", "id": "r" },
        "context": { "mfa": true, "a b": [1, "x"], "big": 9_007_199_254_740_993_i64 }, "expect": "allow", "because": ["T/1"], "at": AT });
    let kept = add_test("", &context.to_string()).expect("a test");
    assert!(kept.contains("context = { mfa = true, \"a b\" = [1, \"x\"], big = 9007199254740993 }"), "{kept}");
}
