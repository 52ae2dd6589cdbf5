// SPDX-License-Identifier: Apache-2.0
//! `palisade decide PACK --db FILE --principal P --action A --resource R …`

use super::{Failure, Outcome, Result, complain, database, folder, instant, print};
use crate::cedar;
use crate::decide::{Context, Decision, Engine, Query};
use crate::explain::{self, Case, Explainer, Explanation};
use crate::facts::{self, Facts};
use crate::rows::Millis;
use crate::store::{SlicePlan, Store};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// The pack's folder.
    pack: PathBuf,
    /// The SQLite database: `palisade load` makes one.
    #[arg(long)]
    db: PathBuf,
    /// Who acts, as a Cedar entity: 'User::"alice"'.
    #[arg(long)]
    principal: String,
    /// What they want to do: an action's id, or 'Action::"read"'.
    #[arg(long)]
    action: String,
    /// On what, as a Cedar entity: 'Document::"d1"'.
    #[arg(long)]
    resource: String,
    /// The request's context, a JSON object.
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// The instant of the decision; now where it is left out.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Say what decided in plain words, and for a deny what comes nearest and which change would allow it.
    #[arg(long)]
    explain: bool,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let pack = folder::read(&arguments.pack, json)?;
    let bundle = &pack.bundle;
    let bad = |error: &dyn std::fmt::Display| Failure::Message(error.to_string());
    let engine = Engine::new(bundle).map_err(|error| bad(&error))?;
    let action = cedar::parse_action(&arguments.action);
    let query = Query {
        principal: cedar::parse_uid(&arguments.principal).map_err(|e| Failure::Message(format!("--principal: {e}")))?,
        context: Context::from_json(
            &bundle.mapping.context_of(&action),
            arguments.context.as_deref().unwrap_or_default(),
        )
        .map_err(|error| Failure::Message(format!("--context: {error}")))?,
        action,
        resource: cedar::parse_uid(&arguments.resource).map_err(|e| Failure::Message(format!("--resource: {e}")))?,
        externals: Vec::new(),
    };
    let at = instant(arguments.at.as_deref())?;
    let store = database::open(&arguments.db)?;
    let plan = SlicePlan::new(bundle);
    let slice = pollster::block_on(store.slice(&plan, &engine.ask(bundle, &query))).map_err(|error| bad(&error))?;
    let prepared =
        engine.prepare(facts::build(bundle, &slice.rows, &query.externals, at)).map_err(|error| bad(&error))?;
    let decision = engine.decide(&prepared, &query);

    let mut explained = None;
    if arguments.explain {
        // What is nearest are rows of other people and roles, which a slice rightly leaves out.
        let all = pollster::block_on(store.everything(&plan)).map_err(|error| bad(&error))?;
        let case = Case { bundle, engine: &engine, rows: &all.rows, at };
        let explainer = Explainer::new(bundle).map_err(|error| bad(&error))?;
        let mut explanation = explainer.explain(&case, &query).map_err(|error| bad(&error))?;
        explanation.repairs = explainer.repairs(&case, &query).map_err(|error| bad(&error))?;
        explained = Some(explanation);
    }
    if json {
        let mut report = serde_json::json!({
            "decision": decision.word(),
            "reasons": decision.reasons,
            "errors": decision.errors,
            "revision": slice.revision,
        });
        if let Some(explanation) = &explained {
            report["explanation"] = serde_json::json!({
                "at": crate::rows::format_time(at),
                "principal_lies_in": names(&prepared.facts, &query.principal),
                "resource_lies_in": names(&prepared.facts, &query.resource),
                "unreadable": prepared.facts.findings,
                "says": explanation.says,
                "reasons": explanation.reasons,
                "nearest": explanation.near,
                "repairs": explanation.repairs,
            });
        }
        print(&report.to_string());
    } else {
        complain(&prepared.facts.findings);
        print(&say(&decision, &query));
        if let Some(explanation) = &explained {
            print(&explain(&prepared.facts, &query, explanation, at));
        }
    }
    Ok(if decision.allow { Outcome::Yes } else { Outcome::No })
}

fn say(decision: &Decision, query: &Query) -> String {
    let mut text = decision.word().to_string();
    for reason in &decision.reasons {
        let verb = if decision.allow { "permitted" } else { "forbidden" };
        text.push_str(&format!("\n  {verb} by {} ({})", reason.policy, reason.source));
    }
    for error in &decision.errors {
        text.push_str(&format!("\n  could not be evaluated: {error}"));
    }
    if !decision.allow && decision.reasons.is_empty() && decision.errors.is_empty() {
        text.push_str(&format!("\n  nothing permits {} to {} {}", query.principal, query.action, query.resource));
    }
    text
}

fn names(facts: &Facts, uid: &crate::name::Uid) -> Vec<String> {
    facts.ancestry(uid).iter().skip(1).map(ToString::to_string).collect()
}

fn explain(facts: &Facts, query: &Query, explanation: &Explanation, at: Millis) -> String {
    let list = |uid| match names(facts, uid) {
        all if all.is_empty() => "nothing".to_string(),
        all => all.join(", "),
    };
    let mut text = format!("\n{}\n\nat {}", explanation.says, crate::rows::format_time(at));
    for uid in [&query.principal, &query.resource] {
        let there = if facts.entities.contains_key(uid) { "" } else { " (has no row)" };
        text.push_str(&format!("\n{uid}{there} lies in {}", list(uid)));
    }
    if explanation.allow {
        return text;
    }
    text.push_str(if explanation.near.is_empty() { "\nno grant comes near" } else { "\nnearest grants:" });
    for near in &explanation.near {
        text.push_str(&format!("\n  {}: {}, but {}", near.source, near.says, near.missing.join(", and ")));
    }
    if !explanation.repairs.is_empty() {
        text.push_str("\nany one of these changes would allow it:");
    }
    for repair in &explanation.repairs {
        let also = match repair.also {
            Some(0) => "and nothing else".to_string(),
            Some(1) => "and one decision more".to_string(),
            Some(more) => format!("and {more} decisions more"),
            None => "and many decisions more".to_string(),
        };
        text.push_str(&format!("\n  {} ({also})\n    {}", repair.says, change(&repair.change)));
    }
    text
}

/// A change as somebody would look for it in the table.
fn change(change: &explain::RowChange) -> String {
    let set: Vec<String> =
        change.values.iter().map(|(column, value)| format!("{column} = {}", explain::cell(value))).collect();
    let verb = if change.row.is_some() { "set in" } else { "add to" };
    format!("{verb} {}: {}", change.table, set.join(", "))
}
