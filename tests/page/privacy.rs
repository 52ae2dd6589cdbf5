// SPDX-License-Identifier: Apache-2.0
//! Nothing crosses to a page that its user does not need: no other principal, no policy, no role, no column.

use super::packs::{Ready, ready, with_rows};
use super::read::Page;
use palisade::engine::Whose;
use palisade::facts::Attribute;
use palisade::mapping::EntityKind;
use palisade::name::Uid;
use std::collections::BTreeSet;

/// Texts too short to mean anything where they are found among bytes.
const SHORTEST: usize = 3;

/// What no page of `principal` may hold. Other principals are asked about by nobody here.
fn secrets(pack: &Ready, principal: &Uid, asked: &BTreeSet<Uid>) -> BTreeSet<String> {
    let mapping = &pack.pack.bundle.mapping;
    let mut secrets = BTreeSet::new();
    let is = |uid: &Uid, kinds: &[EntityKind]| {
        mapping.entity(&uid.kind).is_some_and(|(_, entity)| kinds.contains(&entity.entity))
    };
    for (uid, entity) in &pack.facts.entities {
        let is_other = is(uid, &[EntityKind::Principal]) && uid != principal;
        if is_other || is(uid, &[EntityKind::Role]) {
            secrets.insert(uid.id.clone());
        }
        // No value of any column: names, addresses, states.
        for attribute in entity.attributes.values() {
            match attribute {
                Attribute::Text(text) => drop(secrets.insert(text.clone())),
                Attribute::Entity(uid) if uid != principal => drop(secrets.insert(uid.id.clone())),
                _ => {}
            }
        }
    }
    // Where a row stands, and what policies are called and say.
    secrets.extend(pack.facts.grants.iter().map(|grant| grant.source.clone()));
    let program = pack.engine.program();
    secrets.extend((0..program.len() as u32).map(|policy| program.id(policy).to_string()));
    for word in
        pack.pack.policies_text().split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 5)
    {
        secrets.insert(word.to_string());
    }
    for table in mapping.tables.iter().filter(|table| !table.columns.is_empty()) {
        secrets.extend(table.columns.iter().map(|column| column.name.clone()));
    }
    // What the page itself asked about, or has to name its actions and types.
    let mut own: BTreeSet<String> = asked.iter().flat_map(|uid| [uid.id.clone(), uid.kind.clone()]).collect();
    own.extend(pack.actions());
    own.extend([principal.id.clone(), principal.kind.clone(), "Action".to_string()]);
    secrets.retain(|secret| secret.len() >= SHORTEST && !own.iter().any(|known| known.contains(secret.as_str())));
    // What an author writes for end users is sent to them.
    let told = pack.pack.bundle.handwritten.lines().filter(|line| line.starts_with("@reason(")).collect::<String>();
    secrets.retain(|secret| !told.contains(secret.as_str()));
    // The words of the page's own header.
    let header = "{\"format\":1,\"principal\":{\"type\":\"\",\"id\":\"\"},\"actions\":[],\"spellings\":{},\"unreadable\":[]}PLSD";
    secrets.retain(|secret| !header.contains(secret.as_str()));
    secrets
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Asks about everything but principals and roles, and looks for what must not be there.
fn keep_secrets(pack: &Ready) -> usize {
    let mapping = &pack.pack.bundle.mapping;
    let hidden: BTreeSet<&str> = mapping
        .entities()
        .filter(|(_, entity)| matches!(entity.entity, EntityKind::Principal | EntityKind::Role))
        .map(|(_, entity)| entity.type_name.as_str())
        .collect();
    let resources: Vec<Uid> = pack.resources().into_iter().filter(|uid| !hidden.contains(uid.kind.as_str())).collect();
    let mut looked = 0;
    for principal in pack.principals() {
        let whose =
            Whose { principal: principal.clone(), resources: resources.clone(), also: Vec::new(), fixed: Vec::new() };
        let bytes = pack.page_about(whose);
        for secret in secrets(pack, &principal, &resources.iter().cloned().collect()) {
            // The name of an attribute that a condition reads from an entity of the context; here none is named.
            if pack.name == "chat" && secret == "is_active" {
                continue;
            }
            assert!(!holds(&bytes, &secret), "{}: the page of {principal} has `{secret}`", pack.name);
            looked += 1;
        }
    }
    looked
}

#[test]
fn a_page_says_nothing_of_others() {
    for pack in ready() {
        let looked = keep_secrets(&pack);
        println!("{}: {looked} texts are in no page", pack.name);
        assert!(looked > 100, "{}: hardly anything was looked for", pack.name);
    }
}

/// The same with ids that try to be something else: policies, markup, the names of the page's own numbers.
#[test]
fn a_page_says_nothing_of_others_with_hostile_names() {
    for hostile in
        ["\"; permit(principal, action, resource); //", "</script><b>🙂", "\u{1}0", "Document::\"x\"", "%00\\u0000"]
    {
        let packs = with_rows(|pack, sample| {
            let principals: BTreeSet<&str> =
                pack.bundle.mapping.principals().map(|(_, e)| e.type_name.as_str()).collect();
            let of_sample = ready().into_iter().find(|ready| ready.name == pack.bundle.name).expect("the pack");
            let ids = of_sample.facts.entities.keys().filter(|uid| principals.contains(uid.kind.as_str()));
            ids.fold(sample, |sample, uid| sample.replace(&format!("'{}'", uid.id), &format!("'{}{hostile}'", uid.id)))
        });
        for pack in packs {
            let named = pack.principals().iter().filter(|uid| uid.id.ends_with(hostile)).count();
            assert!(named > 1, "{}: nobody is called so", pack.name);
            assert!(keep_secrets(&pack) > 100);
        }
    }
}

/// A resource that is not the principal's business and one that does not exist are the same to a page.
#[test]
fn what_is_refused_looks_like_what_is_not_there() {
    for pack in ready() {
        for principal in pack.principals() {
            let page = Page::read(&pack.page(&principal));
            for resource in pack.resources().iter().filter(|resource| !page.is_there(resource)) {
                let with = |resources: Vec<Uid>| {
                    let whose = Whose { principal: principal.clone(), resources, also: Vec::new(), fixed: Vec::new() };
                    pack.page_about(whose)
                };
                assert_eq!(with(vec![resource.clone()]), with(Vec::new()), "{}: {principal} {resource}", pack.name);
            }
        }
    }
}
