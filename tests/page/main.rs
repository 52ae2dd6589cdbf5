// SPDX-License-Identifier: Apache-2.0
//! What a page is given: it decides as the edge does, and says nothing else.

mod packs;
mod privacy;
mod typical;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use packs::{Ready, Rng, ready};
use palisade::decide::Query;
use palisade::engine::{Data, Plain, World};
use palisade::name::Uid;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How many questions of a pack are compared.
const QUESTIONS: usize = 10_000;

/// A page as it is read: the header, and the engine's parts.
struct Read {
    header: Value,
    program: palisade::engine::Program,
    data: Data,
}

fn read(bytes: &[u8]) -> Read {
    let length = u32::from_le_bytes(bytes[..4].try_into().expect("a length")) as usize;
    let header = serde_json::from_slice(&bytes[4..4 + length]).expect("a header");
    let (program, data) = Data::from_bytes(&bytes[4 + length..]).expect("the binary form");
    Read { header, program, data }
}

impl Read {
    fn world(&self) -> World<'_> {
        World { program: &self.program, data: &self.data }
    }

    fn is_there(&self, resource: &Uid) -> bool {
        let world = self.world();
        world.entity(&resource.kind, &resource.id).is_some_and(|entity| world.exists(entity))
    }

    fn allows(&self, principal: &Uid, action: &str, resource: &Uid, context: &[(String, Plain)]) -> bool {
        let unreadable = self.header["unreadable"].as_array();
        let names = |uid: &Uid| {
            let text = format!("{}:{}", uid.kind, uid.id);
            unreadable.is_some_and(|all| all.iter().any(|one| *one == text))
        };
        if context.iter().any(|(_, value)| matches!(value, Plain::Entity(uid) if names(uid))) {
            return false;
        }
        let world = self.world();
        let request = world.request(principal, ("Action", action), resource, context);
        self.is_there(resource) && world.allows(&mut request.expect("a request"))
    }
}

/// One question, as a page asks it and as the edge answers.
struct Asked {
    principal: Uid,
    action: String,
    resource: Uid,
    context: Vec<(String, Plain)>,
    allow: bool,
}

/// The pages of a pack, by principal, and questions about them.
fn asked(pack: &Ready, count: usize) -> (BTreeMap<Uid, Vec<u8>>, Vec<Asked>) {
    let pages = pack.principals().into_iter().map(|principal| (principal.clone(), pack.page(&principal))).collect();
    let (principals, actions, resources) = (pack.principals(), pack.actions(), pack.resources());
    let mut rng = Rng(7);
    let likely = pack.allowed(&principals, &actions, &resources);
    let asked = (0..count).map(|at| {
        // Of all that could be asked hardly anything is allowed: every other question is one that is, but for its context.
        let chosen = (rng.pick(&principals).clone(), rng.pick(&actions).clone(), rng.pick(&resources).clone());
        let (principal, action, resource) = if at % 2 == 0 { chosen } else { rng.pick(&likely).clone() };
        let context = pack.context(&action, &mut rng);
        let mut query = Query::new(principal.clone(), action.clone(), resource.clone());
        query.context = pack.read_context(&action, &context);
        let allow = pack.decide(&query);
        Asked { principal, action, resource, context: query.context.values().to_vec(), allow }
    });
    (pages, asked.collect())
}

#[test]
fn a_page_decides_as_the_edge_does() {
    for pack in ready() {
        let (pages, asked) = asked(&pack, QUESTIONS);
        let pages: BTreeMap<Uid, Read> =
            pages.into_iter().map(|(principal, bytes)| (principal, read(&bytes))).collect();
        let mut allowed = 0;
        for Asked { principal, action, resource, context, allow } in &asked {
            let ours = pages[principal].allows(principal, action, resource, context);
            assert_eq!(ours, *allow, "{}: {principal} {action} {resource} {context:?}", pack.name);
            allowed += usize::from(*allow);
        }
        println!("{}: {} questions, {allowed} allowed", pack.name, asked.len());
        assert!(allowed > 2_000, "{}: hardly anything is allowed", pack.name);
    }
}

/// What is not there may not be touched: a page of somebody learns of no resource in which they may do nothing.
#[test]
fn a_page_names_only_resources_in_which_something_is_allowed() {
    for pack in ready() {
        let (mut there, mut hidden) = (0, 0);
        for principal in pack.principals() {
            let page = read(&pack.page(&principal));
            let contexts = pack.context_entities();
            for resource in pack.resources() {
                let allows = |context: &[(String, Plain)]| {
                    pack.actions().iter().any(|action| page.allows(&principal, action, &resource, context))
                };
                let possible = allows(&[])
                    || contexts.iter().any(|(name, uid)| allows(&[(name.clone(), Plain::Entity(uid.clone()))]));
                let is_there = page.is_there(&resource) && !contexts.iter().any(|(_, uid)| *uid == resource);
                assert!(possible || !is_there, "{}: the page of {principal} names {resource}", pack.name);
                *(if possible { &mut there } else { &mut hidden }) += 1;
            }
        }
        println!("{}: {there} resources there, {hidden} not", pack.name);
        assert!(there > 0 && hidden > 0, "{}", pack.name);
    }
}

#[test]
fn the_same_rows_make_the_same_bytes() {
    for pack in ready() {
        for principal in pack.principals() {
            assert_eq!(pack.page(&principal), pack.page(&principal), "{}: {principal}", pack.name);
        }
    }
}

/// For `tests/pkg` and `tests/browser`: pages, and what the edge answers.
#[test]
fn the_pages_are_written_down_for_the_browser() {
    let out = Path::new("build/engine-cases/pages");
    fs::create_dir_all(out).expect("a folder to write to");
    for pack in ready() {
        let (pages, asked) = asked(&pack, QUESTIONS);
        let numbers: BTreeMap<&Uid, usize> = pages.keys().enumerate().map(|(at, uid)| (uid, at)).collect();
        let spelt = |value: &Plain| match value {
            Plain::Entity(uid) => json!({ "__entity": uid_json(uid) }),
            Plain::Bool(value) => json!(value),
            Plain::Long(value) => json!(value),
            Plain::Text(text) => json!(text),
            other => panic!("a context of the packs has {other:?}"),
        };
        let asked: Vec<Value> = asked
            .iter()
            .map(|one| {
                let context: serde_json::Map<String, Value> =
                    one.context.iter().map(|(name, value)| (name.clone(), spelt(value))).collect();
                json!([numbers[&one.principal], one.action, uid_json(&one.resource), context, one.allow])
            })
            .collect();
        let pages: Vec<Value> = pages
            .iter()
            .map(|(uid, bytes)| json!({ "principal": uid_json(uid), "bytes": BASE64_STANDARD.encode(bytes) }))
            .collect();
        let text = json!({ "pages": pages, "asked": asked }).to_string();
        fs::write(out.join(format!("{}.json", pack.name)), text).expect("the pages are written");
    }
}

fn uid_json(uid: &Uid) -> Value {
    json!({ "type": uid.kind, "id": uid.id })
}
