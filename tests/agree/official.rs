// SPDX-License-Identifier: Apache-2.0
//! Cedar's hand-written integration tests, and a part of its generated corpus, where they are at hand.
//!
//! They stand beside the project, not in it. Policies without conditions go into the engine's index as grants do; the
//! rest are evaluated. So both halves of the engine, and their meeting, are held to Cedar's own expectations.

use super::{agree, ask_cedar};
use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request, Schema};
use palisade::cedar::uid_of;
use palisade::decide::{Engine, Prepared, Query};
use palisade::facts::{Effect, Entity, Facts, Grant, Scope};
use palisade::name::Uid;
use serde_json::Value;
use std::collections::BTreeSet;
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
    let (grants, conditional) = split(&policies, &entities);
    let engine = Engine::of(schema.clone(), conditional);
    let facts = Facts { entities: hierarchy(&entities), grants, ..Facts::default() };
    let prepared = Prepared::with_entities(facts, entities.clone());

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
        let query = Query {
            principal: uid_of(&uid("principal")),
            action: uid_of(&action).id,
            resource: uid_of(&uid("resource")),
            context: engine.context(&uid_of(&action).id, &one["context"].to_string()).expect("the context"),
            externals: Vec::new(),
        };
        agree(&engine.decide(&prepared, &query), &cedar, &what);
    }
    asked.len()
}

/// Policies whose scope says all of it, as grants; and the others.
fn split(policies: &PolicySet, entities: &Entities) -> (Vec<Grant>, PolicySet) {
    let mut grants = Vec::new();
    let mut conditional = PolicySet::new();
    for policy in policies.policies() {
        match grant(policy, entities) {
            Some(grant) => grants.push(grant),
            None => conditional.add(policy.clone()).expect("a policy of its own id"),
        }
    }
    (grants, conditional)
}

fn grant(policy: &cedar_policy::Policy, entities: &Entities) -> Option<Grant> {
    let json = policy.to_json().ok()?;
    if !json["conditions"].as_array()?.is_empty() {
        return None;
    }
    let entity = |value: &Value| Some(Uid::new(value["type"].as_str()?, value["id"].as_str()?));
    let scope = |key: &str| -> Option<Scope> {
        let scope = &json[key];
        match scope["op"].as_str()? {
            "All" => Some(Scope::Any),
            "==" => Some(Scope::Eq(entity(&scope["entity"])?)),
            "in" => Some(Scope::In(entity(&scope["entity"])?)),
            "is" => {
                let kind = scope["entity_type"].as_str()?.to_string();
                match &scope["in"] {
                    Value::Null => Some(Scope::Is(kind)),
                    within => Some(Scope::IsIn(kind, entity(&within["entity"])?)),
                }
            }
            _ => None,
        }
    };
    // Grants know actions by id alone; one that has groups or lies in one stays with the evaluator.
    let action = |value: &Value| -> Option<String> {
        let uid = entity(value)?;
        let made = EntityUid::from_json(value.clone()).ok()?;
        let alone = entities.ancestors(&made).is_none_or(|mut all| all.next().is_none())
            && !entities.iter().any(|other| entities.is_ancestor_of(&made, &other.uid()));
        (uid.kind == "Action" && alone).then_some(uid.id)
    };
    let actions = match json["action"]["op"].as_str()? {
        "==" => Some(vec![action(&json["action"]["entity"])?]),
        "in" => match &json["action"]["entities"] {
            Value::Array(list) => Some(list.iter().map(action).collect::<Option<Vec<_>>>()?),
            _ => Some(vec![action(&json["action"]["entity"])?]),
        },
        "All" => None,
        _ => return None,
    };
    Some(Grant {
        id: policy.id().to_string(),
        source: String::new(),
        rests_on: Vec::new(),
        effect: match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        },
        principal: scope("principal")?,
        actions,
        resource: scope("resource")?,
    })
}

/// Who lies in whom, as facts know it.
fn hierarchy(entities: &Entities) -> std::collections::BTreeMap<Uid, Entity> {
    entities
        .iter()
        .map(|entity| {
            let above = entities.ancestors(&entity.uid()).into_iter().flatten();
            let parents: BTreeSet<Uid> = above.map(uid_of).collect();
            (uid_of(&entity.uid()), Entity { parents, ..Entity::default() })
        })
        .collect()
}
