// SPDX-License-Identifier: Apache-2.0
//! Every folder under `policies/`: it reads, its tests hold, what it compiles to is known, and its export is Cedar.
//!
//! `UPDATE_EXPECT=1` rewrites `tests/golden`; read the diff.

use cedar_policy::{
    AuthorizationError, Authorizer, Effect, Entities, Policy, PolicySet, Request, Schema, ValidationMode, Validator,
};
use palisade::cedar::{Judge, action_uid, entity_uid};
use palisade::compile;
use palisade::decide::{Context, Engine, Query};
use palisade::export::{Opinion, question};
use palisade::facts::{self, Facts};
use palisade::name::Uid;
use palisade::pack::{self, Expect, Pack, Texts};
use palisade::rows::{Millis, format_time};
use palisade::store::{SlicePlan, SqlStore, Sqlite, Store};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

/// A pack has at least so many tests, and of each outcome at least this share.
const FEWEST_TESTS: usize = 40;
const LEAST_SHARE: f64 = 1.0 / 3.0;

/// How many requests of a pack are put to Cedar's authorizer, which looks at every policy for each.
const MOST_REQUESTS: usize = 3000;

/// How many are put to it as the gate does, with all rows in each question.
const MOST_QUESTIONS: usize = 200;

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir("policies").expect("the folder of packs");
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 5, "packs are missing: {folders:?}");
    folders
}

fn name(folder: &Path) -> String {
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

fn texts(folder: &Path) -> Texts {
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
    let schema_file = if folder.join("schema.sql").exists() { "schema.sql" } else { "schema.mmd" };
    Texts {
        name: name(folder),
        schema_file: schema_file.to_string(),
        schema: text(schema_file),
        model: text("model.toml"),
        policies: text("policies.cedar"),
        routes: text("routes.toml"),
        tests: text("tests.toml"),
        sample: text("sample.sql"),
    }
}

fn read(folder: &Path) -> Pack {
    let (pack, findings) = pack::read(&texts(folder));
    let errors: Vec<String> = findings.iter().filter(|finding| finding.is_error()).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}: {}", folder.display(), errors.join("\n"));
    pack.expect("a pack without errors")
}

/// The instant of a pack's tests.
fn instant(pack: &Pack) -> Millis {
    pack.cases.cases.iter().find_map(|case| case.at).expect("a test that says when")
}

fn palisade(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_palisade")).args(arguments).output().expect("the program runs")
}

/// A folder of its own for each call: tests run side by side, and each clears away what it made.
fn scratch(what: &str) -> PathBuf {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("palisade-packs-{}-{call}-{what}", process::id()));
    fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

#[test]
fn every_pack_reads_without_errors() {
    for folder in folders() {
        read(&folder);
        for file in ["model.toml", "policies.cedar", "routes.toml", "tests.toml", "sample.sql"] {
            assert!(folder.join(file).exists(), "{} has no {file}", folder.display());
        }
    }
}

#[test]
fn every_table_of_a_pack_has_a_kind() {
    for folder in folders() {
        let pack = read(&folder);
        let drawn: BTreeSet<&str> = pack.diagram.tables.iter().map(|table| table.name.as_str()).collect();
        let meant: BTreeSet<&str> = pack.bundle.mapping.tables.iter().map(|table| table.name.as_str()).collect();
        let missing: Vec<_> = drawn.difference(&meant).collect();
        assert!(missing.is_empty(), "{}: {missing:?} mean nothing", folder.display());
    }
}

#[test]
fn every_pack_has_enough_tests_of_both_outcomes() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let cases = read(&folder).cases.cases;
        let allows = cases.iter().filter(|case| case.expect == Expect::Allow).count();
        let (all, denies) = (cases.len(), cases.len() - allows);
        let least = (all as f64 * LEAST_SHARE).ceil() as usize;
        if all < FEWEST_TESTS || allows < least || denies < least {
            wrong.push(format!("{}: {all} tests, {allows} allow, {denies} deny", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tests_of_every_pack_pass() {
    for folder in folders() {
        let output = palisade(&["test", "--json", &folder.display().to_string()]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}: {said}", folder.display());
        let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(report["ok"], true, "{said}");
        assert_eq!(report["packs"][0]["passed"], read(&folder).cases.cases.len(), "{said}");
    }
}

#[test]
fn a_pack_compiles_to_what_is_known() {
    let mut stale = Vec::new();
    for folder in folders() {
        let pack = read(&folder);
        let golden = Path::new("tests/golden").join(name(&folder));
        for (file, text) in [
            ("schema.sql", compile::schema_sql(&pack.bundle.mapping, &pack.bundle.name)),
            ("schema.cedarschema", pack.bundle.schema.clone()),
            ("policies.cedar", pack.policies_text()),
            ("types.d.ts", compile::typescript(&pack.bundle.name, &pack.bundle.mapping)),
        ] {
            let path = golden.join(file);
            if fs::read_to_string(&path).ok().as_deref() == Some(&text) {
                continue;
            }
            if env::var_os("UPDATE_EXPECT").is_some() {
                fs::create_dir_all(&golden).expect("the folder");
                fs::write(&path, text).expect("the file");
            } else {
                stale.push(path.display().to_string());
            }
        }
    }
    assert!(stale.is_empty(), "UPDATE_EXPECT=1 rewrites what is stale: {}", stale.join(", "));
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    for folder in folders() {
        let written: Vec<Vec<(String, Vec<u8>)>> = ["once", "twice"]
            .into_iter()
            .map(|run| {
                let out = scratch(&format!("{}-{run}", name(&folder)));
                let output = palisade(&["compile", &folder.display().to_string(), "--out", &out.display().to_string()]);
                assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
                let mut files: Vec<_> = fs::read_dir(&out)
                    .expect("the folder")
                    .map(|entry| entry.expect("an entry").path())
                    .map(|path| (name(&path), fs::read(&path).expect("a file")))
                    .collect();
                files.sort();
                fs::remove_dir_all(&out).expect("the scratch folder goes");
                files
            })
            .collect();
        assert!(!written[0].is_empty());
        assert!(written[0] == written[1], "{} compiles to other bytes the second time", folder.display());
    }
}

/// What `palisade compile --db` wrote for the sample rows, read back by Cedar alone.
struct Export {
    schema: Schema,
    policies: PolicySet,
    entities: Entities,
}

/// Exports the sample rows through the command, and reads the same rows through the library.
fn export(folder: &Path, pack: &Pack) -> (Export, Facts) {
    let out = scratch(&format!("{}-export", name(folder)));
    let (db, at) = (out.join("rows.db").display().to_string(), format_time(instant(pack)));
    let (folder, files) = (folder.display().to_string(), out.join("files").display().to_string());
    for arguments in
        [&["load", &folder, "--db", &db][..], &["compile", &folder, "--db", &db, "--at", &at, "--out", &files]]
    {
        let output = palisade(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = |file: &str| fs::read_to_string(out.join("files").join(file)).expect("an exported file");
    let (schema, _) = Schema::from_cedarschema_str(&text("schema.cedarschema")).expect("the exported schema");
    let policies = text("policies.cedar").parse().expect("the exported policies");
    // Against the schema: attributes, parents and types of every exported entity are those that it declares.
    let entities = Entities::from_json_str(&text("entities.json"), Some(&schema)).expect("the exported entities");
    let connection = rusqlite::Connection::open(&db).expect("the database");
    let store = SqlStore::new(Sqlite::new(connection));
    let all = pollster::block_on(store.everything(&SlicePlan::new(&pack.bundle))).expect("all rows");
    let facts = facts::build(&pack.bundle, &all.rows, &[], instant(pack));
    fs::remove_dir_all(&out).expect("the scratch folder goes");
    (Export { schema, policies, entities }, facts)
}

#[test]
fn what_is_exported_passes_the_strict_validator() {
    for folder in folders() {
        let (export, _) = export(&folder, &read(&folder));
        let result = Validator::new(export.schema).validate(&export.policies, ValidationMode::Strict);
        let errors: Vec<String> = result.validation_errors().map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{}: {}", folder.display(), errors.join("\n"));
    }
}

#[test]
fn the_engine_decides_as_cedar_does_on_the_export() {
    for folder in folders() {
        let pack = read(&folder);
        let (export, facts) = export(&folder, &pack);
        let engine = Engine::new(&pack.bundle).expect("an engine");
        let requests = requests(&pack, &facts);
        let stride = requests.len().div_ceil(MOST_REQUESTS).max(1);
        let prepared = engine.prepare(facts).expect("facts in the engine's terms");
        let (mut allowed, mut asked) = (0, 0);
        for (principal, action, resource) in requests.iter().step_by(stride) {
            let query = Query::new(principal.clone(), action.clone(), resource.clone());
            let ours = engine.decide(&prepared, &query);
            let what = format!("{}: {principal} {action} {resource}", folder.display());
            agree(&export, &ours, &query, &what);
            asked += 1;
            allowed += usize::from(ours.allow);
        }
        assert!(asked > 100 && allowed > 0 && allowed < asked, "{}: {allowed} of {asked}", folder.display());
    }
}

#[test]
fn cedar_answers_the_gates_question_as_the_engine_decides() {
    for folder in folders() {
        let pack = read(&folder);
        let (_, facts) = export(&folder, &pack);
        let engine = Engine::new(&pack.bundle).expect("an engine");
        let requests = requests(&pack, &facts);
        let stride = requests.len().div_ceil(MOST_QUESTIONS).max(1);
        let every = requests.into_iter().step_by(stride).map(|(principal, action, resource)| {
            let context = Context::from_json(&pack.bundle.mapping.context_of(&action), "{}").unwrap_or_default();
            Query { context, ..Query::new(principal, action, resource) }
        });
        // The pack's own tests ask with contexts, and find more that is allowed.
        let cases = pack.cases.cases.iter().filter(|case| case.rows.is_empty()).map(|case| {
            let context =
                Context::from_json(&pack.bundle.mapping.context_of(&case.action), &case.context).expect("a context");
            Query { context, ..Query::new(case.principal.clone(), case.action.clone(), case.resource.clone()) }
        });
        let queries: Vec<Query> = every.chain(cases).collect();
        let prepared = engine.prepare(facts).expect("facts in the engine's terms");
        let (mut judge, mut allowed, mut asked) = (Judge::default(), 0, 0);
        for query in &queries {
            let ours = engine.decide(&prepared, query);
            if ours.undecided {
                continue;
            }
            let (principal, context) = (&query.principal, query.context.values());
            let question = question(&pack.bundle, &prepared.facts, principal, &query.action, &query.resource, context);
            let answer = judge.answer(&question.expect("a question"));
            let ours = Opinion {
                allow: ours.allow,
                reasons: ours.reasons.iter().map(|reason| reason.policy.clone()).collect(),
                failed: ours.failed.into_iter().collect(),
            };
            assert_eq!(Opinion::read(&answer), Ok(ours), "{}: {query:?}", folder.display());
            asked += 1;
            allowed += usize::from(answer.contains("\"allow\":true"));
        }
        assert!(asked > 100 && allowed > 0 && allowed < asked, "{}: {allowed} of {asked}", folder.display());
    }
}

/// Every principal × action × resource of the rows, with one of each type that has no row.
fn requests(pack: &Pack, facts: &Facts) -> Vec<(Uid, String, Uid)> {
    let mapping = &pack.bundle.mapping;
    let of = |types: BTreeSet<&str>| -> Vec<Uid> {
        let with_rows = facts.entities.keys().filter(|uid| types.contains(uid.kind.as_str())).cloned();
        with_rows.chain(types.iter().map(|kind| Uid::new(*kind, "nobody's"))).collect()
    };
    let principals = of(mapping.principals().map(|(_, entity)| entity.type_name.as_str()).collect());
    let resources = of(mapping.resource_types().collect());
    let mut actions: BTreeSet<String> = mapping.declared_actions().into_keys().collect();
    actions.extend(facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten().cloned()));
    let mut all = Vec::new();
    for principal in &principals {
        for action in &actions {
            for resource in &resources {
                all.push((principal.clone(), action.clone(), resource.clone()));
            }
        }
    }
    all
}

/// The law: decision, determining policies and policies that fail are those of Cedar's authorizer.
fn agree(export: &Export, ours: &palisade::decide::Decision, query: &Query, what: &str) {
    let uid = |uid: &Uid| entity_uid(uid).expect("a Cedar entity");
    let request = Request::new(
        uid(&query.principal),
        action_uid(&query.action),
        uid(&query.resource),
        cedar_policy::Context::empty(),
        None,
    )
    .expect("a request");
    let response = Authorizer::new().is_authorized(&request, &export.policies, &export.entities);
    // A hand-written policy may fail on a principal or a resource without a row, which a guard refuses: in both or in
    // neither. Cedar skips a `forbid` that fails, so that it must be a deny without it.
    let failed: BTreeSet<&str> = response
        .diagnostics()
        .errors()
        .map(|error| {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let permits = export.policies.policy(error.policy_id()).map(Policy::effect) == Some(Effect::Permit);
            assert!(permits || response.decision() == cedar_policy::Decision::Deny, "{what}: {error}");
            export.policies.annotation(error.policy_id(), "id").expect("every exported policy has an `@id`")
        })
        .collect();
    let ours_failed: BTreeSet<&str> =
        ours.errors.iter().map(|error| error.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(ours_failed, failed, "{what}: policies that fail");
    assert_eq!(ours.allow, response.decision() == cedar_policy::Decision::Allow, "{what}: {ours:?}");
    let theirs: BTreeSet<&str> = response
        .diagnostics()
        .reason()
        .map(|id| export.policies.annotation(id, "id").expect("every exported policy has an `@id`"))
        .collect();
    let reasons: BTreeSet<&str> = ours.reasons.iter().map(|reason| reason.policy.as_str()).collect();
    assert_eq!(reasons, theirs, "{what}: determining policies");
    for (id, reason) in response.diagnostics().reason().flat_map(|id| {
        let named = export.policies.annotation(id, "id");
        ours.reasons.iter().filter(move |r| Some(r.policy.as_str()) == named).map(move |r| (id, r))
    }) {
        // The same rows stand behind them. Hand-written policies name no source; the file stands for it.
        if let Some(source) = export.policies.annotation(id, "source") {
            assert_eq!(reason.source, source, "{what}: the row behind {}", reason.policy);
        }
    }
}

/// For `tests/browser`, which loads the same bytes into the engine's wasm module: the packs' policies with their sample
/// rows, questions, and the answers that are right.
#[test]
fn the_questions_are_written_down_for_the_browser() {
    let out = Path::new("build/engine-cases");
    fs::create_dir_all(out).expect("a folder to write to");
    for folder in folders() {
        let pack = read(&folder);
        let (_, facts) = export(&folder, &pack);
        let engine = Engine::new(&pack.bundle).expect("an engine");
        let requests = requests(&pack, &facts);
        let stride = requests.len().div_ceil(MOST_REQUESTS).max(1);
        let prepared = engine.prepare(facts).expect("facts in the engine's terms");
        let asked: Vec<serde_json::Value> = requests
            .iter()
            .step_by(stride)
            .map(|(principal, action, resource)| {
                let query = Query::new(principal.clone(), action.clone(), resource.clone());
                let decision = engine.decide(&prepared, &query);
                let policies: Vec<&String> = decision.reasons.iter().map(|reason| &reason.policy).collect();
                let action = Uid::new("Action", action);
                serde_json::json!({
                    "principal": principal, "action": action, "resource": resource, "context": {},
                    "allow": decision.allow, "policies": policies, "failed": decision.failed,
                })
            })
            .collect();
        let name = folder.file_name().expect("a name").to_string_lossy().to_string();
        let bytes = prepared.to_bytes().expect("the binary form");
        fs::write(out.join(format!("{name}.bin")), bytes).expect("the bytes are written");
        let text = serde_json::to_string(&asked).expect("plain values");
        fs::write(out.join(format!("{name}.json")), text).expect("the questions are written");
    }
}
