// SPDX-License-Identifier: Apache-2.0
//! Models as files: what each is read as, or what is said of its mistakes. `UPDATE_EXPECT=1` rewrites what is expected.
//!
//! The folder is the verdict: `ok` is read without a word, `warn` is read with findings, `err` is not read. The diagram
//! stands in the first lines of each model, behind `#|`.

mod draw;

use palisade::{er, model};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn good_models_mean_what_is_written_beside_them() {
    for (path, text) in cases("ok") {
        let (mapping, findings) = model::read(&text, &draw::diagram(&drawn(&text)));
        assert!(findings.is_empty(), "{}:\n{}", path.display(), shown(&findings));
        let mapping = mapping.unwrap_or_else(|| panic!("{}: no mapping", path.display()));
        expect(&path.with_extension("json"), &format!("{}\n", serde_json::to_string_pretty(&mapping).unwrap()));
    }
}

#[test]
fn doubtful_models_are_read_with_a_warning() {
    for (path, text) in cases("warn") {
        let (mapping, findings) = model::read(&text, &draw::diagram(&drawn(&text)));
        assert!(mapping.is_some() && !findings.is_empty(), "{}:\n{}", path.display(), shown(&findings));
        expect(&path.with_extension("txt"), &shown(&findings));
    }
}

#[test]
fn bad_models_are_refused_with_a_place_and_a_fix() {
    for (path, text) in cases("err") {
        let (mapping, findings) = model::read(&text, &draw::diagram(&drawn(&text)));
        assert!(mapping.is_none(), "{}: read without an error", path.display());
        for finding in &findings {
            assert!(finding.place.is_some() && finding.help.is_some(), "{}: {finding}", path.display());
        }
        expect(&path.with_extension("txt"), &shown(&findings));
    }
}

#[test]
fn no_text_is_too_odd_to_be_read() {
    let diagram = draw::diagram("User { uuid id PK; string name }");
    let good =
        "[table.User]\nkind = \"principal\"\nattributes = [\"name\"]\nlive = { column = \"name\", equals = \"x\" }\n";
    assert!(model::read(good, &diagram).0.is_some());
    // Every prefix, and every text with one character gone.
    for at in 0..good.len() {
        let _ = model::read(&good[..at], &diagram);
        let _ = model::read(&format!("{}{}", &good[..at], &good[at + 1..]), &diagram);
    }
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(model::read(&deep, &diagram).0.is_none());
    let long = format!("# {}", "x".repeat(model::MAX_TEXT_BYTES));
    let (mapping, findings) = model::read(&long, &diagram);
    assert!(mapping.is_none() && findings[0].code == "model/too-large");
}

#[test]
fn a_thousand_tables_are_read_in_a_moment() {
    let mut text = String::from("users { int id PK; string email; string password }\n");
    for n in 0..model::MAX_TABLES - 1 {
        text += &format!("thing{n}s {{ int id PK; int user_id FK; int thing{}_id FK; string name }}\n", n / 2);
    }
    let diagram = draw::diagram(&text);
    let started = std::time::Instant::now();
    let inferred = model::infer(&diagram);
    assert!(model::read(&inferred.model_toml, &diagram).0.is_some());
    // Unoptimised, on a busy machine: a cost that grew with the square of the tables would be minutes.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    assert!(model::read("", &diagram).0.is_none());
    let more = format!("{text}one_more {{ int id PK }}");
    assert_eq!(model::read("", &draw::diagram(&more)).1[0].code, "model/too-large");
}

#[test]
fn findings_on_one_long_line_stay_few() {
    let diagram = draw::diagram("User { uuid id PK }");
    let all: Vec<String> = (0..20_000).map(|n| format!("T{n} = {{ kind = \"x\" }}")).collect();
    let (_, findings) = model::read(&format!("table = {{ {} }}", all.join(", ")), &diagram);
    assert!(findings.len() < 300);
    assert!(findings.last().unwrap().message.contains("more findings"));
}

#[test]
fn a_first_model_is_inferred_and_can_be_read() {
    for (path, text) in files("infer", "er") {
        let diagram = draw::diagram(&text);
        let inferred = model::infer(&diagram);
        let (mapping, findings) = model::read(&inferred.model_toml, &diagram);
        assert!(mapping.is_some(), "{}:\n{}\n{}", path.display(), inferred.model_toml, shown(&findings));
        expect(&path.with_extension("toml"), &inferred.model_toml);
        expect(&path.with_extension("md"), &inferred.report.to_markdown());
    }
}

#[test]
fn what_is_inferred_of_any_diagram_can_be_read() {
    // Every diagram of this folder with one table or one column gone (every third, for the time it takes); and with
    // hostile names.
    for (path, text) in files("infer", "er") {
        let whole = draw::diagram(&text);
        for table in 0..whole.tables.len() {
            let mut without = whole.clone();
            let gone = without.tables.remove(table);
            without.relations.retain(|r| r.from != gone.name && r.to != gone.name);
            readable(&without, &path);
            for column in (table % 3..whole.tables[table].columns.len()).step_by(3) {
                let mut without = whole.clone();
                without.tables[table].columns.remove(column);
                readable(&without, &path);
            }
            let mut odd = whole.clone();
            odd.tables[table].name = "a \"b\"\\ \n\u{7f}\u{202e}].x # y".to_string();
            readable(&odd, &path);
        }
    }
}

#[test]
fn the_shipped_packs_are_read_and_inferred() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for pack in ["chat", "handbook", "rag", "rag-roles", "members", "workspace"] {
        let path = root.join(pack).join("schema.mmd");
        let (diagram, _) = er::read(&fs::read_to_string(&path).unwrap());
        readable(&diagram, &path);
        let model = fs::read_to_string(path.with_file_name("model.toml")).unwrap();
        let (mapping, findings) = model::read(&model, &diagram);
        assert!(mapping.is_some(), "{pack}:\n{}", shown(&findings));
        // Every table's kind is the one that people gave it, but for those that people know more of.
        let inferred = model::infer(&diagram);
        let (guess, _) = model::read(&inferred.model_toml, &diagram);
        let kinds = |mapping: &palisade::mapping::Mapping| -> Vec<(String, String)> {
            mapping
                .tables
                .iter()
                .map(|table| {
                    let meaning = serde_json::to_value(&table.meaning).unwrap();
                    let kind = meaning.get("entity").and_then(|e| e.as_str()).or(meaning["kind"].as_str());
                    (table.name.clone(), kind.unwrap_or_default().to_string())
                })
                .collect()
        };
        assert_eq!(kinds(&guess.unwrap()), kinds(&mapping.unwrap()), "{pack}");
    }
}

fn readable(diagram: &palisade::er::Diagram, path: &Path) {
    let inferred = model::infer(diagram);
    let (mapping, findings) = model::read(&inferred.model_toml, diagram);
    assert!(mapping.is_some(), "{}:\n{}\n{}", path.display(), inferred.model_toml, shown(&findings));
}

/// The models of one folder.
fn cases(folder: &str) -> Vec<(PathBuf, String)> {
    files(folder, "toml")
}

fn files(folder: &str, wanted: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == wanted));
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The lines behind `#|`.
fn drawn(text: &str) -> String {
    text.lines().filter_map(|line| line.strip_prefix("#|")).collect::<Vec<_>>().join("\n")
}

fn shown(findings: &[palisade::report::Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect::<Vec<_>>().join("\n")
}

fn expect(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        fs::write(path, actual).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(expected == actual, "{} is stale; UPDATE_EXPECT=1 renews it. Now:\n{actual}", path.display());
}
