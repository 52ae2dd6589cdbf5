// SPDX-License-Identifier: Apache-2.0
//! `palisade decide PACK --db FILE --principal P --action A --resource R …`

use super::{Failure, Outcome, Result, complain, database, folder, instant, print};
use crate::bundle::Bundle;
use crate::cedar;
use crate::decide::{self, Context, Decision, Engine, Missing, Query};
use crate::facts::{self, Facts, Scope};
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
    /// Say what decided, and for a deny which grants come nearest.
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

    let mut near = Vec::new();
    if arguments.explain && !decision.allow {
        // The nearest grants are those of other people and roles, which a slice rightly leaves out.
        let all = pollster::block_on(store.everything(&plan)).map_err(|error| bad(&error))?;
        let facts = facts::build(bundle, &all.rows, &query.externals, at);
        near = near_grants(bundle, &facts, &query);
    }
    if json {
        let mut report = serde_json::json!({
            "decision": decision.word(),
            "reasons": decision.reasons,
            "errors": decision.errors,
            "revision": slice.revision,
        });
        if arguments.explain {
            report["explanation"] = serde_json::json!({
                "at": crate::rows::format_time(at),
                "principal_lies_in": names(&prepared.facts, &query.principal),
                "resource_lies_in": names(&prepared.facts, &query.resource),
                "unreadable": prepared.facts.findings,
                "nearest": near.iter().map(|n| serde_json::json!({"source": n.source, "policy": n.policy, "missing": n.missing})).collect::<Vec<_>>(),
            });
        }
        print(&report.to_string());
    } else {
        complain(&prepared.facts.findings);
        print(&say(&decision, &query));
        if arguments.explain {
            print(&explain(&prepared.facts, &query, &decision, &near, at));
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

fn explain(facts: &Facts, query: &Query, decision: &Decision, near: &[Near], at: Millis) -> String {
    let list = |uid| match names(facts, uid) {
        all if all.is_empty() => "nothing".to_string(),
        all => all.join(", "),
    };
    let mut text = format!("\nat {}", crate::rows::format_time(at));
    for uid in [&query.principal, &query.resource] {
        let there = if facts.entities.contains_key(uid) { "" } else { " (has no row)" };
        text.push_str(&format!("\n{uid}{there} lies in {}", list(uid)));
    }
    if !decision.allow {
        text.push_str(if near.is_empty() { "\nno grant comes near" } else { "\nnearest grants:" });
    }
    for near in near {
        text.push_str(&format!("\n  {}: but {}", near.source, near.missing.join(", and ")));
    }
    text
}

/// A near grant, in words.
struct Near {
    source: String,
    policy: String,
    missing: Vec<String>,
}

/// How many near grants are told.
const MOST_NEAR: usize = 8;

fn near_grants(bundle: &Bundle, facts: &Facts, query: &Query) -> Vec<Near> {
    let words = |missing: &Missing| match missing {
        Missing::Principal(Scope::In(uid)) => {
            format!("{} is not in {uid}{}", query.principal, called(bundle, facts, uid))
        }
        Missing::Principal(scope) => format!("it is for {}", scope_words(scope)),
        Missing::Action(actions) => format!("it is for {}", actions.join(", ")),
        Missing::Resource(scope) => format!("it is for {}", scope_words(scope)),
    };
    decide::nearest(facts, query, MOST_NEAR)
        .into_iter()
        .map(|near| Near {
            source: near.grant.source.clone(),
            policy: near.grant.id.clone(),
            missing: near.missing.iter().map(words).collect(),
        })
        .collect()
}

/// The name of a role, where it has one: ids seldom mean anything to a reader.
fn called(bundle: &Bundle, facts: &Facts, uid: &crate::name::Uid) -> String {
    let column = bundle.mapping.entity(&uid.kind).and_then(|(_, entity)| entity.name.clone());
    match column.and_then(|column| facts.entities.get(uid)?.attributes.get(&column).cloned()) {
        Some(facts::Attribute::Text(name)) if name != uid.id => format!(" (“{name}”)"),
        _ => String::new(),
    }
}

fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Any => "anybody".to_string(),
        Scope::Is(kind) => format!("every {kind}"),
        Scope::Eq(uid) => uid.to_string(),
        Scope::In(uid) => format!("what lies in {uid}"),
        Scope::IsIn(kind, uid) => format!("every {kind} in {uid}"),
    }
}
