// SPDX-License-Identifier: Apache-2.0
//! A second, simpler judge, and laws that every decision obeys, on random rows.

mod cases;
mod judge;
mod laws;
mod models;
#[path = "../page/read.rs"]
mod read;
mod world;

use judge::{Question, judge};
use models::{Model, models};
use palisade::decide::{Context, Decision, Engine, Query, Wanted};
use palisade::engine::Whose;
use palisade::facts::{self, Facts};
use palisade::name::Uid;
use palisade::rows::{Millis, Rows};
use palisade::store::{MemoryStore, SlicePlan, Store};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use read::Page;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use world::{NOW, fill, print, questions, world};

/// A model, ready to be asked.
struct Ready {
    model: Model,
    engine: Engine,
    plan: SlicePlan,
}

static READY: LazyLock<Vec<Ready>> = LazyLock::new(|| {
    let ready = |model: Model| Ready {
        engine: Engine::new(&model.bundle).expect("an engine"),
        plan: SlicePlan::new(&model.bundle),
        model,
    };
    models().into_iter().map(ready).collect()
});

impl Ready {
    fn query(&self, ask: &Question) -> Query {
        Query {
            principal: ask.principal.clone(),
            action: ask.action.clone(),
            resource: ask.resource.clone(),
            context: Context::empty(),
            externals: ask.externals.clone(),
        }
    }

    fn facts(&self, rows: &Rows, ask: &Question, at: Millis) -> Facts {
        facts::build(&self.model.bundle, rows, &ask.externals, at)
    }

    fn decide_at(&self, rows: &Rows, ask: &Question, at: Millis) -> Decision {
        let prepared = self.engine.prepare(self.facts(rows, ask, at)).expect("facts in the engine's terms");
        self.engine.decide(&prepared, &self.query(ask))
    }

    fn decide(&self, rows: &Rows, ask: &Question) -> Decision {
        self.decide_at(rows, ask, NOW)
    }

    fn judge(&self, rows: &Rows, ask: &Question) -> bool {
        let bundle = &self.model.bundle;
        judge(&bundle.mapping, &bundle.mentioned, rows, NOW, ask)
    }

    /// What a page of the question's principal says, asked about these resources at once.
    fn page_allows<S: Store>(&self, store: &S, ask: &Question, resources: &[Uid]) -> bool {
        let (bundle, principal) = (&self.model.bundle, ask.principal.clone());
        let whose = Whose { principal, resources: resources.to_vec(), also: Vec::new(), fixed: Vec::new() };
        let needed = self.engine.ask_for_page(bundle, &whose);
        let rows = pollster::block_on(store.slice(&self.plan, &needed)).expect("a slice").rows;
        let facts = facts::build(bundle, &rows, &needed.externals, NOW);
        let prepared = self.engine.prepare(facts).expect("facts in the engine's terms");
        let bytes = self.engine.page(bundle, &prepared, &Wanted { whose, spellings: BTreeMap::new() }).expect("a page");
        Page::read(&bytes).allows(&ask.action, &ask.resource, &[])
    }

    /// The question and the rows, as a person reads them.
    fn case(&self, rows: &Rows, ask: &Question) -> String {
        let Question { principal, action, resource, externals } = ask;
        let outside: Vec<String> = externals.iter().map(|e| format!("  {} lies in {:?}\n", e.uid, e.parents)).collect();
        format!("{}: {principal} {action:?} {resource}\n{}{}", self.model.name, outside.concat(), print(rows))
    }
}

/// `cases` random worlds; `PROPTEST_CASES=20000` looks longer. Seeds of failures are printed, not kept in a file.
fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    /// The judge, the engine on all rows, on SQLite's slice and on memory's slice say the same.
    #[test]
    fn the_engine_decides_as_the_naive_judge_does(world in world(READY.len())) {
        let ready = &READY[world.model];
        let store = fill(&world, &ready.model.bundle);
        let all = pollster::block_on(store.everything(&ready.plan)).expect("all rows").rows;
        let memory = MemoryStore::new(all.clone());
        let asked = questions(&world, &ready.model.bundle, &all);
        let resources: Vec<Uid> = asked.iter().map(|ask| ask.resource.clone()).collect();
        for ask in asked {
            let expected = ready.judge(&all, &ask);
            // To a page, what lives outside the database lies in nothing.
            if ask.externals.is_empty() {
                let ours = ready.page_allows(&store, &ask, &resources);
                prop_assert_eq!(ours, expected, "a page\n{}", ready.case(&all, &ask));
            }
            let whole = ready.decide(&all, &ask);
            prop_assert_eq!(whole.allow, expected, "{:?}\n{}", whole, ready.case(&all, &ask));
            let needed = ready.engine.ask(&ready.model.bundle, &ready.query(&ask));
            let slice = pollster::block_on(store.slice(&ready.plan, &needed)).expect("a slice").rows;
            let sliced = ready.decide(&slice, &ask);
            prop_assert_eq!(&sliced, &whole, "SQLite\n{}has\n{}", ready.case(&all, &ask), print(&slice));
            let slice = pollster::block_on(memory.slice(&ready.plan, &needed)).expect("a slice").rows;
            let sliced = ready.decide(&slice, &ask);
            prop_assert_eq!(&sliced, &whole, "memory\n{}has\n{}", ready.case(&all, &ask), print(&slice));
            prop_assert!(!whole.allow || !whole.reasons.is_empty(), "no reason\n{}", ready.case(&all, &ask));
        }
    }
}

/// Random worlds are worth asking only where both answers are frequent, for every model.
#[test]
fn both_outcomes_are_frequent() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts = vec![(0, 0); READY.len()];
    for _ in 0..800 {
        let world = world(READY.len()).new_tree(&mut runner).expect("a world").current();
        let ready = &READY[world.model];
        let all = pollster::block_on(fill(&world, &ready.model.bundle).everything(&ready.plan)).expect("all rows").rows;
        for ask in questions(&world, &ready.model.bundle, &all) {
            let count = &mut counts[world.model];
            if ready.judge(&all, &ask) { count.0 += 1 } else { count.1 += 1 }
        }
    }
    let told: Vec<String> = READY
        .iter()
        .zip(&counts)
        .map(|(ready, (allow, deny))| format!("{}: {allow} allow, {deny} deny", ready.model.name))
        .collect();
    println!("{}", told.join("\n"));
    for (ready, (allow, _)) in READY.iter().zip(&counts) {
        assert!(*allow >= 3, "{} allows almost nothing: {}", ready.model.name, told.join("; "));
    }
}
