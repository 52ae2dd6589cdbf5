// SPDX-License-Identifier: Apache-2.0
//! The law on generated policies, entities and requests, which reach every operator and every error (`reach`).

use super::generate::case;
use super::{Ours, ask_cedar};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use palisade::cedar::{self, uid_of};
use palisade::engine::Plain;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `AGREE_SEEDS=100000 cargo test --test agree generated` looks longer, `AGREE_FIRST` elsewhere.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
    };
    let first = number("AGREE_FIRST", 0);
    first..first + number("AGREE_SEEDS", 1_500)
}

#[test]
fn the_engine_decides_as_cedar_does_on_generated_policies() {
    let mut asked = 0;
    for seed in seeds() {
        let (policies, entities, requests) = case(seed).parse();
        let ours = Ours::new(&policies, &entities);
        for (at, request) in requests.iter().enumerate() {
            ours.agree(request, &ask_cedar(request, &policies, &entities), &format!("seed {seed}, request {at}"));
            asked += 1;
        }
    }
    println!("{asked} requests agree");
}

/// How many generated worlds the browser is asked about.
const WRITTEN: u64 = 150;

/// For `tests/browser`: generated worlds, their questions with contexts, and what Cedar answers.
#[test]
fn the_questions_are_written_down_for_the_browser() {
    let mut worlds = Vec::new();
    for seed in 0..WRITTEN {
        let (policies, entities, requests) = case(seed).parse();
        let ours = Ours::new(&policies, &entities);
        let mut asked = Vec::new();
        for request in &requests {
            let context = cedar::context(request.context().expect("a context")).expect("the context");
            let Some(context) = script_record(&context) else { continue };
            let cedar = ask_cedar(request, &policies, &entities);
            let uid = |uid: Option<&cedar_policy::EntityUid>| uid_of(uid.expect("a known entity"));
            asked.push(json!({
                "principal": uid(request.principal()),
                "action": uid(request.action()),
                "resource": uid(request.resource()),
                "context": context,
                "allow": cedar.allow && !cedar.forbid_failed,
                // What permits does not decide where a forbid fails.
                "policies": if cedar.allow && cedar.forbid_failed { BTreeSet::new() } else { cedar.reasons },
                "failed": cedar.errors.into_keys().collect::<Vec<_>>(),
            }));
        }
        let bytes = ours.made.1.to_bytes(&ours.made.0);
        worlds.push(json!({ "seed": seed, "bytes": BASE64_STANDARD.encode(bytes), "asked": asked }));
    }
    let out = Path::new("build/engine-cases");
    fs::create_dir_all(out).expect("a folder to write to");
    let text = serde_json::to_string(&worlds).expect("plain values");
    fs::write(out.join("generated.json"), text).expect("the questions are written");
}

/// A record in JavaScript's terms; `None` where a value has no text that JavaScript could give.
fn script_record(fields: &[(String, Plain)]) -> Option<Value> {
    let fields = fields.iter().map(|(name, field)| Some((name.clone(), script(field)?)));
    Some(Value::Object(fields.collect::<Option<_>>()?))
}

/// A value in JavaScript's terms. Whole numbers that no JavaScript number holds are marked, to be made bigints.
fn script(value: &Plain) -> Option<Value> {
    let call = |function: &str, argument: String| json!({ "__extn": { "fn": function, "arg": argument } });
    Some(match value {
        Plain::Bool(value) => json!(value),
        Plain::Long(value) if value.unsigned_abs() < 1 << 53 => json!(value),
        Plain::Long(value) => json!({ "__bigint": value.to_string() }),
        Plain::Text(text) => json!(text),
        Plain::Entity(uid) => json!({ "__entity": uid }),
        Plain::Set(members) => Value::Array(members.iter().map(script).collect::<Option<_>>()?),
        Plain::Record(fields) => script_record(fields)?,
        Plain::Ip(ip) => call("ip", ip.to_string()),
        Plain::Decimal(value) => {
            let sign = if *value < 0 { "-" } else { "" };
            call("decimal", format!("{sign}{}.{:04}", value.unsigned_abs() / 10_000, value.unsigned_abs() % 10_000))
        }
        Plain::Datetime(time) => {
            let text = palisade::rows::format_time(*time);
            (Plain::extension("datetime", &text) == Some(value.clone())).then(|| call("datetime", text))?
        }
        Plain::Duration(duration) => call("duration", format!("{duration}ms")),
    })
}
