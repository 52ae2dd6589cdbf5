// SPDX-License-Identifier: Apache-2.0
//! `palisade test PACK…`: the packs' tests on their sample rows, with coverage.

use super::{Failure, Outcome, Result, database, folder, instant, print};
use crate::compile;
use crate::decide::{Decision, Engine};
use crate::facts;
use crate::pack::{Case, Coverage, Pack};
use crate::rows::Millis;
use crate::store::{SlicePlan, SqlStore, Sqlite, Store};
use std::path::{Path, PathBuf};

pub fn run(packs: &[PathBuf], json: bool) -> Result {
    let now = instant(None)?;
    let mut reports = Vec::new();
    for path in packs {
        let pack = folder::read(path, json)?;
        let report = test(path, &pack, now)?;
        if !json {
            print(&report.to_text());
        }
        reports.push(report);
    }
    let failed = reports.iter().any(|report| !report.failures.is_empty());
    if json {
        let packs: Vec<_> = reports.iter().map(Report::to_json).collect();
        print(&serde_json::json!({ "ok": !failed, "packs": packs }).to_string());
    }
    Ok(if failed { Outcome::No } else { Outcome::Yes })
}

struct Report {
    pack: String,
    passed: usize,
    failures: Vec<Failed>,
    policies: (usize, Vec<String>),
    rows: (usize, Vec<String>),
}

struct Failed {
    name: String,
    line: u32,
    why: String,
}

fn test(path: &Path, pack: &Pack, now: Millis) -> std::result::Result<Report, Failure> {
    let bundle = &pack.bundle;
    let bad = |error: &dyn std::fmt::Display| Failure::Message(format!("{}: {error}", path.display()));
    let engine = Engine::new(bundle).map_err(|error| bad(&error))?;
    let scripts = [
        ("the pack's schema".to_string(), compile::schema_sql(&bundle.mapping, &bundle.name)),
        (path.join("sample.sql").display().to_string(), pack.sample.clone()),
    ];
    let store = database::in_memory(&scripts)?;
    let plan = SlicePlan::new(bundle);
    let mut report = Report {
        pack: path.display().to_string(),
        passed: 0,
        failures: Vec::new(),
        policies: (0, Vec::new()),
        rows: (0, Vec::new()),
    };
    let mut coverage = Coverage::default();
    for case in &pack.cases.cases {
        let outcome = database::with_rows(&store, &case.rows, || decide(&store, &plan, pack, &engine, case, now));
        match outcome {
            Ok(decision) => {
                coverage.add(&decision);
                match case.wrong(&decision) {
                    None => report.passed += 1,
                    Some(why) => report.failures.push(Failed { name: case.name.clone(), line: case.place.line, why }),
                }
            }
            Err(why) => report.failures.push(Failed { name: case.name.clone(), line: case.place.line, why }),
        }
    }
    let all = pollster::block_on(store.everything(&plan)).map_err(|error| bad(&error))?;
    // Grants of every row, whenever they expire: a test may stand before that.
    let facts = facts::build(bundle, &all.rows, &[], Millis::MIN);
    report.policies = reached(coverage.policies(&engine));
    report.rows = reached(coverage.rows(&facts));
    Ok(report)
}

/// How many there are, and those that no test rests on.
fn reached(counts: Vec<(String, usize)>) -> (usize, Vec<String>) {
    let missed = counts.iter().filter(|(_, tests)| *tests == 0).map(|(name, _)| name.clone()).collect();
    (counts.len(), missed)
}

fn decide(
    store: &SqlStore<Sqlite>,
    plan: &SlicePlan,
    pack: &Pack,
    engine: &Engine,
    case: &Case,
    now: Millis,
) -> std::result::Result<Decision, String> {
    let query = case.query(&pack.bundle.mapping)?;
    let ask = engine.ask(&pack.bundle, &query);
    let slice = pollster::block_on(store.slice(plan, &ask)).map_err(|error| error.to_string())?;
    let facts = facts::build(&pack.bundle, &slice.rows, &query.externals, case.at.unwrap_or(now));
    let prepared = engine.prepare(facts).map_err(|error| error.to_string())?;
    Ok(engine.decide(&prepared, &query))
}

impl Report {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for failed in &self.failures {
            text.push_str(&format!(
                "FAIL {}/tests.toml:{}: {}\n     {}\n",
                self.pack, failed.line, failed.name, failed.why
            ));
        }
        let reached = |(all, missed): &(usize, Vec<String>)| format!("{} of {all}", all - missed.len());
        text.push_str(&format!(
            "{}: {} passed, {} failed; {} policies and {} granting rows decided something",
            self.pack,
            self.passed,
            self.failures.len(),
            reached(&self.policies),
            reached(&self.rows)
        ));
        for (what, (_, missed)) in [("policies", &self.policies), ("rows", &self.rows)] {
            if !missed.is_empty() {
                let shown: Vec<&str> = missed.iter().take(12).map(String::as_str).collect();
                let more = missed.len().saturating_sub(shown.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                text.push_str(&format!("\n  {what} that no test rests on: {}{more}", shown.join(", ")));
            }
        }
        text
    }

    fn to_json(&self) -> serde_json::Value {
        let coverage = |(all, missed): &(usize, Vec<String>)| serde_json::json!({ "all": all, "missed": missed });
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|failed| serde_json::json!({ "name": failed.name, "line": failed.line, "why": failed.why }))
            .collect();
        serde_json::json!({
            "pack": self.pack,
            "passed": self.passed,
            "failed": self.failures.len(),
            "failures": failures,
            "coverage": { "policies": coverage(&self.policies), "rows": coverage(&self.rows) },
        })
    }
}
