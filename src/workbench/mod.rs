// SPDX-License-Identifier: Apache-2.0
//! What the playground's page calls: packs read and compiled, rows decided on, with full Cedar, and nothing sent anywhere.
//!
//! Everything crosses as text. JSON is read and written on this side alone, so that no integer passes through a number of
//! JavaScript, which holds 53 bits of it. What JavaScript may parse holds no integer larger than that.

mod rows;

use crate::compile;
use crate::decide::{Context, Engine, Query, Wanted};
use crate::engine::{Fixed, Whose};
use crate::er;
use crate::facts::{self, External};
use crate::model;
use crate::name::Uid;
use crate::pack::{self, Pack, Texts};
use crate::report::{Finding, Place};
use crate::rows::{Millis, parse_time};
use crate::store::{MemoryStore, SlicePlan, Store};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// The texts of a pack, as JSON: each a member, and none needed.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    name: String,
    schema: String,
    /// What findings call the schema; `schema.mmd` where it is left out.
    schema_file: String,
    model: String,
    policies: String,
    routes: String,
    tests: String,
}

impl Given {
    fn read(texts: &str) -> Result<Texts, String> {
        let given: Given = serde_json::from_str(texts).map_err(|error| format!("the texts of the pack: {error}"))?;
        let Given { name, schema, mut schema_file, model, policies, routes, tests } = given;
        if schema_file.is_empty() {
            schema_file.push_str("schema.mmd");
        }
        Ok(Texts { name, schema_file, schema, model, policies, routes, tests, sample: String::new() })
    }
}

/// Reads and compiles a pack: `{ok, findings, files}`, `files` where no finding is an error. A finding's place counts
/// characters; `utf16` counts as JavaScript's strings do.
///
/// # Errors
/// The texts are no JSON of texts.
#[wasm_bindgen]
pub fn check(texts: &str) -> Result<String, JsError> {
    let texts = Given::read(texts).map_err(|error| JsError::new(&error))?;
    let (pack, findings) = pack::read(&texts);
    let files = pack.map(|pack| {
        let bundle = &pack.bundle;
        json!({
            "schema.sql": compile::schema_sql(&bundle.mapping, &bundle.name),
            "schema.cedarschema": bundle.schema,
            "policies.cedar": pack.policies_text(),
            "types.d.ts": compile::typescript(&bundle.name, &bundle.mapping),
        })
    });
    let findings: Vec<Value> = findings.iter().map(shown).collect();
    Ok(json!({ "ok": files.is_some(), "findings": findings, "files": files }).to_string())
}

/// A first model of a schema, with reasons, and what of the schema it keeps: `{model, fidelity, findings}`. Both texts are
/// empty where the schema cannot be read.
#[wasm_bindgen]
pub fn infer(schema: &str) -> String {
    let (diagram, mut findings) = er::read(schema);
    let (mut text, mut fidelity) = (String::new(), String::new());
    if !findings.iter().any(Finding::is_error) {
        let inferred = model::infer(&diagram);
        (text, fidelity) = (inferred.model_toml, inferred.report.to_markdown());
        findings.extend(inferred.findings);
    }
    let findings: Vec<Value> = findings.iter().map(shown).collect();
    json!({ "model": text, "fidelity": fidelity, "findings": findings }).to_string()
}

/// A pack and rows, ready to be asked.
#[wasm_bindgen]
pub struct Workbench {
    pack: Pack,
    engine: Engine,
    plan: SlicePlan,
    store: MemoryStore,
    at: Millis,
}

/// Who asks, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    principal: Uid,
    action: String,
    resource: Uid,
    #[serde(default)]
    context: Map<String, Value>,
}

/// What a page asks, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuestion {
    principal: Uid,
    resources: Vec<Uid>,
    #[serde(default)]
    context: Vec<Uid>,
    /// What is known of every context.
    #[serde(default)]
    fixed: Map<String, Value>,
}

#[wasm_bindgen]
impl Workbench {
    /// `rows` is JSON by table: `{"columns": [], "rows": [[]]}`. A table that is left out is empty; an integer has up to 64
    /// bits; bytes are `{"blob": "00ff"}`. `at` is the instant of all decisions, such as `2026-01-31T09:00:00Z`.
    ///
    /// # Errors
    /// Says which text, table or row cannot be read.
    #[wasm_bindgen(constructor)]
    pub fn new(texts: &str, rows: &str, at: &str) -> Result<Workbench, JsError> {
        Workbench::made(texts, rows, at).map_err(|error| JsError::new(&error))
    }

    /// `{allow, reasons, errors, findings}`: the policies that decide, each with the row or file that it comes from; policies
    /// that fail; rows that cannot be read.
    ///
    /// # Errors
    /// The question is none, or its context does not fit the action.
    pub fn decide(&self, question: &str) -> Result<String, JsError> {
        self.decided(question).map_err(|error| JsError::new(&error))
    }

    /// What the gate would answer a page (`GET /.palisade/bundle`): bytes for the engine alone.
    ///
    /// # Errors
    /// As for [`Workbench::decide`].
    pub fn page(&self, question: &str) -> Result<Vec<u8>, JsError> {
        self.paged(question).map_err(|error| JsError::new(&error))
    }
}

impl Workbench {
    fn made(texts: &str, rows: &str, at: &str) -> Result<Workbench, String> {
        let (pack, findings) = pack::read(&Given::read(texts)?);
        let pack = pack.ok_or_else(|| {
            let first = findings.iter().find(|finding| finding.is_error());
            first.map_or_else(|| "the pack cannot be read".to_string(), ToString::to_string)
        })?;
        let at = parse_time(at).ok_or_else(|| format!("`{at}` is no time: write it as `2026-01-31T09:00:00Z`"))?;
        let rows = rows::read(&pack.bundle.mapping, rows)?;
        let engine = Engine::new(&pack.bundle).map_err(|error| error.to_string())?;
        let plan = SlicePlan::new(&pack.bundle);
        Ok(Workbench { engine, plan, store: MemoryStore::new(rows), at, pack })
    }

    fn decided(&self, question: &str) -> Result<String, String> {
        let asked: Question = serde_json::from_str(question).map_err(|error| format!("the question: {error}"))?;
        let bundle = &self.pack.bundle;
        let takes = bundle.mapping.context_of(&asked.action);
        let context = Context::read(&takes, &asked.context).map_err(|error| error.to_string())?;
        let query = Query {
            externals: External::among(&bundle.mapping, [&asked.principal, &asked.resource]),
            principal: asked.principal,
            action: asked.action,
            resource: asked.resource,
            context,
        };
        let slice = pollster::block_on(self.store.slice(&self.plan, &self.engine.ask(bundle, &query)));
        let slice = slice.map_err(|error| error.to_string())?;
        let facts = facts::build(bundle, &slice.rows, &query.externals, self.at);
        let prepared = self.engine.prepare(facts).map_err(|error| error.to_string())?;
        let decision = self.engine.decide(&prepared, &query);
        let findings: Vec<Value> = prepared.facts.findings.iter().map(shown).collect();
        Ok(json!({
            "allow": decision.allow,
            "reasons": decision.reasons,
            "errors": decision.errors,
            "findings": findings,
        })
        .to_string())
    }

    fn paged(&self, question: &str) -> Result<Vec<u8>, String> {
        let asked: PageQuestion = serde_json::from_str(question).map_err(|error| format!("the question: {error}"))?;
        let bundle = &self.pack.bundle;
        let takes = bundle.mapping.context.iter().filter(|(name, _)| asked.fixed.contains_key(*name));
        let takes = takes.map(|(name, kind)| (name.as_str(), kind)).collect();
        let fixed = Context::read(&takes, &asked.fixed).map_err(|error| error.to_string())?;
        let fixed = fixed.values().iter().map(|(name, value)| Fixed {
            name: name.clone(),
            value: Some(value.clone()),
            actions: None,
        });
        let whose = Whose {
            principal: asked.principal,
            resources: asked.resources,
            also: asked.context,
            fixed: fixed.collect(),
        };
        let ask = self.engine.ask_for_page(bundle, &whose);
        let slice = pollster::block_on(self.store.slice(&self.plan, &ask)).map_err(|error| error.to_string())?;
        let facts = facts::build(bundle, &slice.rows, &ask.externals, self.at);
        let prepared = self.engine.prepare(facts).map_err(|error| error.to_string())?;
        let wanted = Wanted { whose, spellings: BTreeMap::new() };
        self.engine.page(bundle, &prepared, &wanted).map_err(|error| error.to_string())
    }
}

/// A finding, with its place as an editor in a page counts it.
fn shown(finding: &Finding) -> Value {
    let mut shown = json!(finding);
    if let Some(Place { column, length, excerpt, .. }) = &finding.place {
        let units = |characters: u32| -> usize { excerpt.chars().take(characters as usize).map(char::len_utf16).sum() };
        let start = units(column.saturating_sub(1));
        let end = units(column.saturating_sub(1) + length);
        shown["utf16"] = json!({ "column": start + 1, "length": (end - start).max(1) });
    }
    shown
}
