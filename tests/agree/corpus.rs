// SPDX-License-Identifier: Apache-2.0
//! A quarter of Cedar's generated corpus, where it is at hand: what their fuzzer found worth keeping.
//!
//! It stands beside the project, not in it: one archive, read in memory.

use super::{Ours, ask_cedar};
use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request, Schema};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One file of the corpus: texts, and what Cedar says to each request.
pub struct CorpusCase {
    /// The case's name: a digest.
    pub name: String,
    /// Cedar text. Policies have no `@id`; they are `policy0`, `policy1`, … in the order of the text.
    pub policies: String,
    pub schema: String,
    /// Cedar's JSON entity format, as text: its numbers are Cedar's to read.
    pub entities: String,
    pub requests: Vec<CorpusRequest>,
}

pub struct CorpusRequest {
    pub principal: Value,
    pub action: Value,
    pub resource: Value,
    pub context: Value,
    pub allow: bool,
    pub reasons: BTreeSet<String>,
    pub errors: BTreeSet<String>,
}

/// Where archives of the corpus are: `PALISADE_CORPUS`, or beside the project.
fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cedar");
    std::env::var_os("PALISADE_CORPUS").map_or_else(beside, PathBuf::from)
}

/// Every archive of the corpus that is at hand, `corpus….tar.gz`.
fn archives() -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("corpus") && name.ends_with(".tar.gz")
    };
    let entries = std::fs::read_dir(folder()).into_iter().flatten().filter_map(Result::ok);
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_one).collect();
    all.sort();
    all
}

/// All cases of an archive, by name.
pub fn cases(archive: &Path) -> impl Iterator<Item = CorpusCase> {
    let file = std::fs::File::open(archive).expect("the archive can be read");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry of the archive");
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        files.insert(name, text);
    }
    let names: Vec<String> = files
        .keys()
        .filter_map(|name| name.strip_suffix(".json").filter(|name| !name.ends_with(".entities")))
        .map(str::to_string)
        .collect();
    names.into_iter().map(move |name| {
        let mut take = |suffix: &str| files.remove(&format!("{name}{suffix}")).expect("a file of the case");
        // Without floating point: an integer of sixty-four bits stays what it is.
        let test: Value = serde_json::from_str(&take(".json")).expect("JSON");
        let (policies, schema, entities) = (take(".cedar"), take(".cedarschema"), take(".entities.json"));
        let requests = test["requests"].as_array().expect("requests").iter().map(request).collect();
        CorpusCase { name, policies, schema, entities, requests }
    })
}

fn request(asked: &Value) -> CorpusRequest {
    let ids = |key: &str| {
        let list = asked[key].as_array().expect("a list of policies");
        list.iter().map(|id| id.as_str().expect("an id").to_string()).collect()
    };
    CorpusRequest {
        principal: asked["principal"].clone(),
        action: asked["action"].clone(),
        resource: asked["resource"].clone(),
        context: asked["context"].clone(),
        allow: asked["decision"] == "allow",
        reasons: ids("reason"),
        errors: ids("errors"),
    }
}

impl CorpusCase {
    /// The case in Cedar's types. The schema says which texts among the data are entities and extension values.
    pub fn parse(&self) -> (PolicySet, Entities, Vec<Request>) {
        let policies: PolicySet = self.policies.parse().expect("policies");
        let (schema, _) = Schema::from_cedarschema_str(&self.schema).expect("a schema");
        let entities = Entities::from_json_str(&self.entities, Some(&schema)).expect("entities");
        let requests = self.requests.iter().map(|request| {
            let uid = |json: &Value| EntityUid::from_json(json.clone()).expect("an entity");
            let action = uid(&request.action);
            let context = Context::from_json_value(request.context.clone(), Some((&schema, &action)));
            let context = context.expect("a context");
            Request::new(uid(&request.principal), action, uid(&request.resource), context, None).expect("a request")
        });
        let requests = requests.collect();
        (policies, entities, requests)
    }
}

#[test]
fn the_engine_and_cedar_say_of_its_corpus_what_is_recorded() {
    let archives = archives();
    if archives.is_empty() {
        println!("ABSENT: {}: Cedar's corpus is not at hand, and this test proves nothing", folder().display());
        return;
    }
    let (mut files, mut asked, mut failed) = (0, 0, 0);
    for case in archives.iter().flat_map(|archive| cases(archive)) {
        let (policies, entities, requests) = case.parse();
        let ours = Ours::new(&policies, &entities);
        for (at, (request, expected)) in requests.iter().zip(&case.requests).enumerate() {
            let what = format!("{} #{at}", case.name);
            let cedar = ask_cedar(request, &policies, &entities);
            assert_eq!(cedar.allow, expected.allow, "{what}: decision");
            assert_eq!(cedar.reasons, expected.reasons, "{what}: determining policies");
            let failing: BTreeSet<String> = cedar.errors.keys().cloned().collect();
            assert_eq!(failing, expected.errors, "{what}: policies that fail");
            ours.agree(request, &cedar, &what);
            failed += usize::from(!cedar.errors.is_empty());
        }
        files += 1;
        asked += requests.len();
    }
    // An archive that lost its cases would prove nothing and say nothing.
    assert!(files >= 1_000 && asked >= 10_000, "{files} files, {asked} requests");
    println!("{files} files, {asked} requests, {failed} with errors");
}
