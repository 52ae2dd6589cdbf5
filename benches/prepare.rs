// SPDX-License-Identifier: Apache-2.0
//! What comes before a decision: texts into a bundle, rows into facts, facts into numbers. `make bench` runs them.
//!
//! Times are for comparing within one run, on the same machine in the same minute.

use divan::{Bencher, black_box};
use palisade::bundle::Bundle;
use palisade::cli::folder;
use palisade::decide::Engine;
use palisade::facts::{self, Facts};
use palisade::pack::{self, Texts};
use palisade::rows::{Rows, TableRows, Value};
use std::collections::BTreeMap;
use std::path::Path;

fn main() {
    divan::main();
}

const GRANTS: [usize; 3] = [10, 1_000, 100_000];
const PACKS: [&str; 5] = ["chat", "rag", "rag-roles", "members", "workspace"];
const AT: i64 = 1_767_225_600_000;

fn texts(pack: &str) -> Texts {
    folder::texts(&Path::new("policies").join(pack)).unwrap_or_else(|_| panic!("the texts of {pack}"))
}

fn bundle(pack: &str) -> Bundle {
    pack::read(&texts(pack)).0.unwrap_or_else(|| panic!("{pack} has errors: run `palisade check`")).bundle
}

/// Rows of the `workspace` pack: `count` direct permissions, each of a user of their own on a document of their own.
fn rows(count: usize) -> Rows {
    let text = |text: String| Value::Text(text);
    let table = |columns: &[&str], rows: Vec<Vec<Value>>| TableRows {
        columns: columns.iter().map(|column| column.to_string()).collect(),
        rows,
    };
    let mut all = BTreeMap::new();
    let users = (0..count).map(|n| vec![text(format!("u{n}"))]).collect();
    all.insert("USER".to_string(), table(&["id"], users));
    all.insert("ORGANIZATION".to_string(), table(&["id", "name"], vec![vec![text("o".into()), text("o".into())]]));
    let project = vec![text("p".into()), text("o".into()), text("p".into())];
    all.insert("PROJECT".to_string(), table(&["id", "organization_id", "name"], vec![project]));
    let documents = (0..count).map(|n| vec![text(format!("d{n}")), text("p".into()), text(format!("d{n}"))]).collect();
    all.insert("DOCUMENT".to_string(), table(&["id", "project_id", "title"], documents));
    let permission = vec![text("read".into()), text("document".into()), text("read".into()), Value::Integer(1)];
    all.insert("PERMISSION".to_string(), table(&["id", "resource", "action", "is_active"], vec![permission]));
    let grants = (0..count).map(|n| {
        vec![
            text(format!("u{n}")),
            text("read".into()),
            text(format!("d{n}")),
            text("DOCUMENT".into()),
            Value::Null,
            Value::Integer(1),
        ]
    });
    let columns = ["user_id", "permission_id", "scope_id", "scope_type", "expires_at", "is_active"];
    all.insert("USER_PERMISSION".to_string(), table(&columns, grants.collect()));
    all
}

fn made(count: usize) -> (Bundle, Facts) {
    let bundle = bundle("workspace");
    let facts = facts::build(&bundle, &rows(count), &[], AT);
    assert_eq!(facts.grants.len(), count);
    (bundle, facts)
}

/// A pack's texts into a bundle: diagram, model, policies, validation.
#[divan::bench(args = PACKS, sample_count = 10, sample_size = 1)]
fn compile_pack(bencher: Bencher, pack: &str) {
    let texts = texts(pack);
    bencher.bench_local(|| pack::read(black_box(&texts)));
}

/// Rows into entities and grants.
#[divan::bench(args = GRANTS, sample_count = 10, sample_size = 1)]
fn read_rows(bencher: Bencher, count: usize) {
    let bundle = bundle("workspace");
    let rows = rows(count);
    bencher.bench_local(|| facts::build(black_box(&bundle), black_box(&rows), &[], AT));
}

/// Facts into the engine's numbers.
#[divan::bench(args = GRANTS, sample_count = 10, sample_size = 1)]
fn prepare_facts(bencher: Bencher, count: usize) {
    let (bundle, facts) = made(count);
    let engine = Engine::new(&bundle).expect("the engine");
    bencher.with_inputs(|| facts.clone()).bench_local_values(|facts| engine.prepare(facts));
}
