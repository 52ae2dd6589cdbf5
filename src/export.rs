// SPDX-License-Identifier: Apache-2.0
//! Facts and questions in Cedar's own forms: policies as text, entities and contexts as JSON.
//!
//! What stands here is the export that the equivalence law speaks of: the engine decides as Cedar's authorizer does on
//! these policies and entities. Nothing but texts is made, so that a gate can write a question to Cedar without Cedar's
//! code; `cedar` reads them back.

use crate::bundle::{Bundle, HANDWRITTEN};
use crate::engine::Plain;
use crate::facts::{Attribute, Effect, Facts, Grant, Scope};
use crate::name::{Uid, quote};
use crate::rows::{MAX_MILLIS, MIN_MILLIS, Millis, format_time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The name under which the generated policies stand in a question.
const GENERATED: &str = "generated";

/// A record that Cedar's JSON has no form for: this name of a field marks an entity or an extension value there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedName(pub String);

impl std::fmt::Display for ReservedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a record has a field `{}`, which Cedar's JSON reads as something else", self.0)
    }
}

impl std::error::Error for ReservedName {}

/// Names of fields that are marks in Cedar's JSON.
const RESERVED: [&str; 3] = ["__entity", "__extn", "__expr"];

/// A grant as the Cedar policy that says the same.
pub fn policy_text(grant: &Grant) -> String {
    let mut text = format!("@id({})\n@source({})\n", quote(&grant.id), quote(&grant.source));
    for (at, row) in grant.rests_on.iter().enumerate() {
        // An annotation's key may stand once, so that further rows are numbered.
        let number = if at == 0 { String::new() } else { (at + 1).to_string() };
        let _ = writeln!(text, "@rests_on{number}({})", quote(row));
    }
    let effect = match grant.effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    };
    let action = match grant.actions.as_deref() {
        None => "action".to_string(),
        Some([action]) => format!("action == Action::{}", quote(action)),
        Some(actions) => {
            let list: Vec<_> = actions.iter().map(|action| format!("Action::{}", quote(action))).collect();
            format!("action in [{}]", list.join(", "))
        }
    };
    let principal = scope_text("principal", &grant.principal);
    let resource = scope_text("resource", &grant.resource);
    let _ = writeln!(text, "{effect} ({principal}, {action}, {resource});");
    text
}

fn scope_text(variable: &str, scope: &Scope) -> String {
    match scope {
        Scope::Any => variable.to_string(),
        Scope::Is(kind) => format!("{variable} is {kind}"),
        Scope::Eq(uid) => format!("{variable} == {uid}"),
        Scope::In(uid) => format!("{variable} in {uid}"),
        Scope::IsIn(kind, uid) => format!("{variable} is {kind} in {uid}"),
    }
}

/// Every grant as Cedar policies, in the order of their ids.
pub fn policies_text(facts: &Facts) -> String {
    facts.grants.iter().map(policy_text).collect::<Vec<_>>().join("\n")
}

/// All entities in Cedar's JSON form, in the order of their identities, each with its own parents: Cedar's reader works
/// out what lies in what.
pub fn entities_json(facts: &Facts) -> Value {
    let entities = facts.entities.iter().map(|(uid, entity)| {
        let attributes = entity.attributes.iter().map(|(name, value)| (name.clone(), attribute_json(value)));
        json!({
            "uid": uid,
            "attrs": attributes.collect::<Map<_, _>>(),
            "parents": entity.parents,
        })
    });
    entities.collect()
}

fn attribute_json(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(value) => json!(value),
        Attribute::Long(value) => json!(value),
        Attribute::Decimal(text) => call("decimal", text),
        Attribute::Text(text) => json!(text),
        Attribute::Time(time) => datetime_json(*time),
        Attribute::Entity(uid) => json!({ "__entity": uid }),
        Attribute::Texts(texts) => json!(texts),
        // No type that the model can give such an attribute is a record, which alone could fail.
        Attribute::Given(value) => value_json(value).unwrap_or_default(),
    }
}

/// A request's context in Cedar's JSON form.
///
/// # Errors
/// Names the field that Cedar would read as something else.
pub fn context_json(context: &[(String, Plain)]) -> Result<Value, ReservedName> {
    let fields = context.iter().map(|(name, value)| match RESERVED.contains(&name.as_str()) {
        true => Err(ReservedName(name.clone())),
        false => Ok((name.clone(), value_json(value)?)),
    });
    fields.collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

fn value_json(value: &Plain) -> Result<Value, ReservedName> {
    Ok(match value {
        Plain::Bool(value) => json!(value),
        Plain::Long(value) => json!(value),
        Plain::Text(text) => json!(text),
        Plain::Entity(uid) => json!({ "__entity": uid }),
        Plain::Set(members) => Value::Array(members.iter().map(value_json).collect::<Result<_, _>>()?),
        Plain::Record(fields) => context_json(fields)?,
        Plain::Ip(ip) => call("ip", &ip.to_string()),
        Plain::Decimal(value) => {
            let (sign, digits) = (if *value < 0 { "-" } else { "" }, value.unsigned_abs());
            call("decimal", &format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000))
        }
        Plain::Datetime(time) => datetime_json(*time),
        Plain::Duration(duration) => call("duration", &format!("{duration}ms")),
    })
}

/// A call of an extension function, which stands for its value.
fn call(function: &str, argument: &str) -> Value {
    json!({ "__extn": { "fn": function, "arg": argument } })
}

/// An instant. One that no text of Cedar's can say stands so far from 1970, as Cedar itself writes every instant.
fn datetime_json(time: Millis) -> Value {
    if (MIN_MILLIS..=MAX_MILLIS).contains(&time) {
        return call("datetime", &format_time(time));
    }
    let arguments = [call("datetime", "1970-01-01"), call("duration", &format!("{time}ms"))];
    json!({ "__extn": { "fn": "offset", "args": arguments } })
}

/// One question with everything that Cedar needs to answer it, as a JSON text:
///
/// | field | |
/// |---|---|
/// | `policies` | Cedar policies by the name of their file: those that hold for every question of the bundle |
/// | `rows` | the policies of this question's rows |
/// | `entities` | in Cedar's JSON form |
/// | `principal`, `action`, `resource` | entities, `{"type", "id"}` |
/// | `context` | in Cedar's JSON form |
///
/// The answer is read by [`Opinion::read`].
///
/// # Errors
/// The context has no form in Cedar's JSON.
pub fn question(
    bundle: &Bundle,
    facts: &Facts,
    principal: &Uid,
    action: &str,
    resource: &Uid,
    context: &[(String, Plain)],
) -> Result<String, ReservedName> {
    let question = json!({
        "policies": { GENERATED: bundle.generated, HANDWRITTEN: bundle.handwritten },
        "rows": policies_text(facts),
        "entities": entities_json(facts),
        "principal": principal,
        "action": Uid::new("Action", action),
        "resource": resource,
        "context": context_json(context)?,
    });
    Ok(question.to_string())
}

/// What a bundle says of its own policies' texts, to be found again by whoever reads these texts with Cedar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub generated: String,
    pub handwritten: String,
    /// The source of hand-written policies that name none.
    pub file: String,
    /// The program, in Base64.
    pub program: String,
    pub mentioned: BTreeSet<String>,
    pub named: BTreeSet<Uid>,
    pub forbids_use_in: bool,
}

/// How a question about a claim begins.
pub const CLAIM: &str = "{\"claim\":";

impl Claim {
    pub fn of(bundle: &Bundle) -> Claim {
        use base64::Engine;
        Claim {
            generated: bundle.generated.clone(),
            handwritten: bundle.handwritten.clone(),
            file: HANDWRITTEN.to_string(),
            program: base64::prelude::BASE64_STANDARD.encode(&bundle.program),
            mentioned: bundle.mentioned.clone(),
            named: bundle.named.clone(),
            forbids_use_in: bundle.forbids_use_in,
        }
    }

    /// The question whether it is so, `{"claim": …}`.
    pub fn question(&self) -> String {
        json!({ "claim": self }).to_string()
    }

    /// Reads the answer: `{"differs": null}`, or in what the claim is wrong; or `{"error"}`.
    ///
    /// # Errors
    /// Why nobody could tell.
    pub fn read(answer: &str) -> Result<Option<String>, String> {
        let answer: Value = serde_json::from_str(answer).map_err(|error| format!("the answer is not JSON: {error}"))?;
        match (answer.get("error"), answer.get("differs")) {
            (None, Some(Value::Null)) => Ok(None),
            (None, Some(Value::String(what))) => Ok(Some(what.clone())),
            (Some(error), _) => Err(error.as_str().map_or_else(|| error.to_string(), str::to_string)),
            _ => Err("the answer is about something else".to_string()),
        }
    }
}

/// What Cedar says of one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// Cedar's decision; deny where a `forbid` fails, which Cedar would skip.
    pub allow: bool,
    /// Determining policies, by id.
    pub reasons: BTreeSet<String>,
    /// Policies that fail, by id.
    pub failed: BTreeSet<String>,
}

impl Opinion {
    /// Reads an answer: an opinion, or `{"error"}`.
    ///
    /// # Errors
    /// Why there is no opinion. It says nothing about the decision.
    pub fn read(answer: &str) -> Result<Opinion, String> {
        let answer: Value = serde_json::from_str(answer).map_err(|error| format!("the answer is not JSON: {error}"))?;
        match answer.get("error") {
            Some(error) => Err(error.as_str().map_or_else(|| error.to_string(), str::to_string)),
            None => serde_json::from_value(answer).map_err(|error| format!("the answer is no opinion: {error}")),
        }
    }

    /// The answer that [`Opinion::read`] reads.
    pub fn write(opinion: Result<&Opinion, &str>) -> String {
        match opinion {
            Ok(opinion) => json!(opinion).to_string(),
            Err(error) => json!({ "error": error }).to_string(),
        }
    }
}
