// SPDX-License-Identifier: Apache-2.0
//! Cedar's hand-written integration tests, where they are at hand: they stand beside the project, not in it.

use super::{Ours, ask_cedar};
use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request, Schema};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cedar")
}

#[test]
fn the_integration_tests_of_cedar() {
    let tests = data().join("tests");
    if !tests.is_dir() {
        println!(
            "ABSENT: {}: Cedar's integration tests are not at hand, and this test proves nothing",
            tests.display()
        );
        return;
    }
    let mut files: Vec<PathBuf> = fs::read_dir(&tests)
        .expect("the folder can be read")
        .flat_map(|folder| fs::read_dir(folder.expect("an entry").path()).expect("a folder"))
        .map(|file| file.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 22, "all hand-written tests");
    let mut requests = 0;
    for file in &files {
        requests += run(file, &data(), true);
    }
    println!("{} files, {requests} requests", files.len());
}

/// Runs one test file and returns how many requests it held.
pub fn run(file: &Path, root: &Path, has_expectations: bool) -> usize {
    let test: Value = serde_json::from_str(&fs::read_to_string(file).expect("the test")).expect("JSON");
    let text = |key: &str| fs::read_to_string(root.join(test[key].as_str().expect("a path"))).expect("the file");
    let policies: PolicySet = text("policies").parse().expect("policies");
    let (schema, _) = Schema::from_cedarschema_str(&text("schema")).expect("the schema");
    let entities = Entities::from_json_str(&text("entities"), Some(&schema)).expect("entities");
    let ours = Ours::new(&policies, &entities);

    let asked = test["requests"].as_array().expect("requests");
    for (at, one) in asked.iter().enumerate() {
        let what = format!("{} #{at}", file.display());
        let uid = |key: &str| EntityUid::from_json(one[key].clone()).expect("an entity");
        let action = uid("action");
        let context = Context::from_json_value(one["context"].clone(), Some((&schema, &action)));
        let Ok(context) = context else { continue };
        let request = Request::new(uid("principal"), action.clone(), uid("resource"), context, None);
        let request = request.expect("a request");
        let cedar = ask_cedar(&request, &policies, &entities);
        if has_expectations {
            assert_eq!(if cedar.allow { "allow" } else { "deny" }, one["decision"], "{what}");
        }
        ours.agree(&request, &cedar, &what);
    }
    asked.len()
}
