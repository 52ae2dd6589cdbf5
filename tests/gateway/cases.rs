// SPDX-License-Identifier: Apache-2.0
//! Transcripts: each `[[case]]` of `cases/*.toml` is a request and what must come of it. To add one, write no Rust.

use crate::world::{World, incoming};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    settings: BTreeMap<String, String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// A sentence.
    name: String,
    /// `METHOD /path`.
    request: String,
    /// Whose session: the header `Authorization: Bearer token-NAME`.
    #[serde(default, rename = "as")]
    who: Option<String>,
    /// `Name: value`, in their order.
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    body: String,
    status: u16,
    /// `METHOD /path` as it reaches the origin; it must not where this is left out.
    forwarded: Option<String>,
    /// Headers that the origin must get; with an empty value, that it must not.
    #[serde(default)]
    origin: BTreeMap<String, String>,
    /// Headers of the answer, in the same way.
    #[serde(default)]
    answer: BTreeMap<String, String>,
    /// A piece of the answer's body.
    #[serde(default)]
    says: String,
    /// Fields of the log's last line.
    #[serde(default)]
    log: BTreeMap<String, serde_json::Value>,
}

#[test]
fn every_transcript_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway/cases");
    let mut count = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: File = toml_edit::de::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for case in &file.case {
            count += 1;
            // Once as it is, and once with every decision judged again, which must change nothing.
            for share in ["0", "1"] {
                if let Err(why) = run(&file.settings, share, case) {
                    wrong.push(format!("{}: {}: {why}", path.file_name().unwrap().to_string_lossy(), case.name));
                }
            }
        }
    }
    assert!(count >= 60, "only {count} transcripts were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn run(settings: &BTreeMap<String, String>, share: &str, case: &Case) -> Result<(), String> {
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings: Vec<(&str, &str)> = settings.chain([("VERIFY", share)]).collect();
    let world = World::with(&settings);
    let token = case.who.as_ref().map(|who| format!("Bearer token-{who}"));
    let mut headers: Vec<(&str, &str)> = token.iter().map(|token| ("authorization", token.as_str())).collect();
    for header in &case.headers {
        headers.push(header.split_once(": ").ok_or_else(|| format!("`{header}` is no header"))?);
    }
    let response = world.send(incoming(&case.request, &headers, case.body.as_bytes()));
    let body = String::from_utf8_lossy(response.body()).to_string();
    if response.status().as_u16() != case.status {
        return Err(format!("answered {} {body}; log {:?}", response.status(), world.desk().log.borrow()));
    }
    for (name, wanted) in &case.answer {
        let got = response.headers().get(name).map(|value| value.to_str().unwrap_or_default()).unwrap_or_default();
        if got != wanted {
            return Err(format!("the answer's `{name}` is `{got}`"));
        }
    }
    if !body.contains(&case.says) {
        return Err(format!("the answer says {body}"));
    }
    match (&case.forwarded, world.reached()) {
        (None, 0) => {}
        (Some(wanted), 1) => {
            let reached = world.last_reached();
            let got = format!("{} {}", reached.method, reached.target);
            if got != *wanted {
                return Err(format!("the origin got `{got}`"));
            }
            if reached.body != case.body.as_bytes() {
                return Err("the origin got another body".to_string());
            }
            for (name, wanted) in &case.origin {
                let got: Vec<&str> = reached.headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect();
                if got.join(" | ") != *wanted {
                    return Err(format!("the origin's `{name}` is {got:?}"));
                }
            }
        }
        (_, count) => return Err(format!("{count} requests reached the origin")),
    }
    for (name, wanted) in &case.log {
        let line = world.last_log();
        let got = &line[name];
        if got != wanted {
            return Err(format!("the log's `{name}` is {got}"));
        }
    }
    // Whatever happened, no token is written down.
    for line in world.desk().log.borrow().iter() {
        if line.contains("token-") || line.contains("Bearer") {
            return Err(format!("the log has a token: {line}"));
        }
        if line.contains("alarm") {
            return Err(line.clone());
        }
    }
    Ok(())
}
