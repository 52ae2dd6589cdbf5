// SPDX-License-Identifier: Apache-2.0
//! What a page is given: it decides as the edge does, and says nothing else.

mod packs;
mod privacy;
mod read;
mod typical;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use packs::{Ready, Rng, ready};
use palisade::decide::Query;
use palisade::engine::Plain;
use palisade::name::Uid;
use read::Page;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How many questions of a pack are compared.
const QUESTIONS: usize = 10_000;

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
        let pages: BTreeMap<Uid, Page> =
            pages.into_iter().map(|(principal, bytes)| (principal, Page::read(&bytes))).collect();
        let mut allowed = 0;
        for Asked { principal, action, resource, context, allow } in &asked {
            let ours = pages[principal].allows(action, resource, context);
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
            let page = Page::read(&pack.page(&principal));
            let contexts = pack.context_entities();
            for resource in pack.resources() {
                let allows = |context: &[(String, Plain)]| {
                    pack.actions().iter().any(|action| page.allows(action, &resource, context))
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
            Plain::Ip(ip) => json!({ "__extn": { "fn": "ip", "arg": ip.to_string() } }),
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
