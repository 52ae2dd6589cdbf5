// SPDX-License-Identifier: Apache-2.0
//! The packs with their sample rows, asked as the gate asks them.

use palisade::cli::folder;
use palisade::compile;
use palisade::decide::{Context, Engine, Query, Wanted};
use palisade::engine::Whose;
use palisade::facts::{self, External, Facts};
use palisade::name::Uid;
use palisade::pack::{self, Pack};
use palisade::rows::Millis;
use palisade::store::{SlicePlan, SqlStore, Sqlite, Store};
use pollster::block_on;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A pack whose rows are in a database.
pub struct Ready {
    pub name: String,
    pub pack: Pack,
    pub engine: Engine,
    pub facts: Facts,
    store: SqlStore<Sqlite>,
    plan: SlicePlan,
    at: Millis,
}

/// Every pack under `policies/`.
pub fn ready() -> Vec<Ready> {
    with_rows(|_, sample| sample)
}

/// Every pack, its sample rows changed.
pub fn with_rows(change: impl Fn(&Pack, String) -> String) -> Vec<Ready> {
    let entries = fs::read_dir("policies").expect("the folder of packs");
    let mut folders: Vec<_> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 5, "packs are missing: {folders:?}");
    folders.iter().map(|path| Ready::new(path, &change)).collect()
}

impl Ready {
    fn new(path: &Path, change: impl Fn(&Pack, String) -> String) -> Ready {
        let texts = folder::texts(path).unwrap_or_else(|_| panic!("{} is no pack", path.display()));
        let pack = pack::read(&texts).0.expect("a pack without errors");
        let at = pack.cases.cases.iter().find_map(|case| case.at).expect("a test that says when");
        let connection = rusqlite::Connection::open_in_memory().expect("a database");
        let schema = compile::schema_sql(&pack.bundle.mapping, &pack.bundle.name);
        connection.execute_batch(&schema).expect("the schema");
        connection.execute_batch(&change(&pack, texts.sample.clone())).expect("the rows");
        let store = SqlStore::new(Sqlite::new(connection));
        let plan = SlicePlan::new(&pack.bundle);
        let all = block_on(store.everything(&plan)).expect("all rows");
        let facts = facts::build(&pack.bundle, &all.rows, &[], at);
        let engine = Engine::new(&pack.bundle).expect("an engine");
        Ready { name: texts.name, pack, engine, facts, store, plan, at }
    }

    /// The bytes of a page that asks about every resource and every entity that a context can name.
    pub fn page(&self, principal: &Uid) -> Vec<u8> {
        let also = self.context_entities().into_iter().map(|(_, uid)| uid).collect();
        let whose = Whose { principal: principal.clone(), resources: self.resources(), also, fixed: Vec::new() };
        self.page_about(whose)
    }

    pub fn page_about(&self, whose: Whose) -> Vec<u8> {
        let bundle = &self.pack.bundle;
        let ask = self.engine.ask_for_page(bundle, &whose);
        let slice = block_on(self.store.slice(&self.plan, &ask)).expect("a slice");
        let facts = facts::build(bundle, &slice.rows, &ask.externals, self.at);
        let prepared = self.engine.prepare(facts).expect("facts in the engine's terms");
        let wanted = Wanted { whose, spellings: BTreeMap::new() };
        self.engine.page(bundle, &prepared, &wanted).expect("a page")
    }

    /// What the edge decides: on the slice of this one question.
    pub fn decide(&self, query: &Query) -> bool {
        let bundle = &self.pack.bundle;
        let mut query = query.clone();
        query.externals = External::among(&bundle.mapping, [&query.principal, &query.resource]);
        let ask = self.engine.ask(bundle, &query);
        let slice = block_on(self.store.slice(&self.plan, &ask)).expect("a slice");
        let facts = facts::build(bundle, &slice.rows, &query.externals, self.at);
        let prepared = self.engine.prepare(facts).expect("facts in the engine's terms");
        self.engine.allows(&prepared, &query)
    }

    /// What is allowed without a context, by all rows.
    pub fn allowed(&self, principals: &[Uid], actions: &[String], resources: &[Uid]) -> Vec<(Uid, String, Uid)> {
        let prepared = self.engine.prepare(self.facts.clone()).expect("facts in the engine's terms");
        let mut all = Vec::new();
        for principal in principals {
            for action in actions {
                for resource in resources {
                    let query = Query::new(principal.clone(), action.clone(), resource.clone());
                    if self.engine.allows(&prepared, &query) {
                        all.push((principal.clone(), action.clone(), resource.clone()));
                    }
                }
            }
        }
        all
    }

    fn of(&self, types: BTreeSet<&str>) -> Vec<Uid> {
        let with_rows = self.facts.entities.keys().filter(|uid| types.contains(uid.kind.as_str())).cloned();
        with_rows.chain(types.iter().map(|kind| Uid::new(*kind, "nobody's"))).collect()
    }

    pub fn principals(&self) -> Vec<Uid> {
        self.of(self.pack.bundle.mapping.principals().map(|(_, entity)| entity.type_name.as_str()).collect())
    }

    pub fn resources(&self) -> Vec<Uid> {
        self.of(self.pack.bundle.mapping.resource_types().collect())
    }

    pub fn actions(&self) -> Vec<String> {
        let mut actions: BTreeSet<String> = self.pack.bundle.mapping.declared_actions().into_keys().collect();
        actions.extend(self.facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten().cloned()));
        actions.insert("nobody names it".to_string());
        actions.into_iter().collect()
    }

    /// The entities that a context can name, each with the attribute that names it.
    pub fn context_entities(&self) -> Vec<(String, Uid)> {
        let mapping = &self.pack.bundle.mapping;
        let own = mapping.actions.values().flat_map(|action| &action.context);
        let typed: BTreeMap<&String, &str> =
            mapping.context.iter().chain(own).map(|(name, kind)| (name, kind.name.as_str())).collect();
        let entities = typed.into_iter().filter(|(_, kind)| mapping.entity(kind).is_some());
        entities
            .flat_map(|(name, kind)| self.of([kind].into()).into_iter().map(move |uid| (name.clone(), uid)))
            .collect()
    }

    /// A context that the action takes.
    pub fn context(&self, action: &str, rng: &mut Rng) -> Map<String, Value> {
        let mut context = Map::new();
        for (name, kind) in self.pack.bundle.mapping.context_of(action) {
            if kind.optional && rng.below(3) == 0 {
                continue;
            }
            let value = match kind.name.as_str() {
                "Bool" => json!(rng.below(2) == 0),
                "Long" => json!(rng.below(5)),
                "String" => json!(["a", "b"][rng.below(2)]),
                "ipaddr" => json!(["10.1.2.3", "192.0.2.1"][rng.below(2)]),
                kind => {
                    let uid = rng.pick(&self.of([kind].into())).clone();
                    json!({ "type": uid.kind, "id": uid.id })
                }
            };
            context.insert(name.to_string(), value);
        }
        context
    }

    pub fn read_context(&self, action: &str, context: &Map<String, Value>) -> Context {
        Context::read(&self.pack.bundle.mapping.context_of(action), context).expect("a context that the action takes")
    }
}

/// A small generator (xorshift), so that each run asks the same.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % count as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
