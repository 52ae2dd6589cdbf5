// SPDX-License-Identifier: Apache-2.0
//! What an explanation holds. As JSON these are the shapes that the playground's page reads (www/src/engine/shapes.ts).

use crate::rows::Value;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Everything that is to be said about one decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    pub allow: bool,
    pub undecided: bool,
    pub reasons: Vec<Reason>,
    pub errors: Vec<String>,
    /// One sentence in plain words.
    pub says: String,
    pub graph: Graph,
    /// For a deny: what would have allowed it but for one or two things, nearest first.
    pub near: Vec<Near>,
    /// For a deny: single changes of rows that make it an allow.
    pub repairs: Vec<Repair>,
    pub policies: Vec<Evaluated>,
}

/// Where a row stands among the rows that were given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RowPlace {
    pub table: String,
    /// From 0; `None` for the table.
    pub row: Option<usize>,
    pub column: Option<String>,
}

/// A policy that decided, in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    pub policy: String,
    pub source: String,
    pub effect: Effect,
    pub row: Option<RowPlace>,
    pub says: String,
    /// Other rows that it rests on: the role's permission, the membership.
    pub rests_on: Vec<RowPlace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Permit,
    Forbid,
}

impl From<crate::facts::Effect> for Effect {
    fn from(effect: crate::facts::Effect) -> Effect {
        match effect {
            crate::facts::Effect::Permit => Effect::Permit,
            crate::facts::Effect::Forbid => Effect::Forbid,
        }
    }
}

/// Who, through what, on which: what a page draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    pub id: String,
    pub kind: NodeKind,
    pub label: String,
    pub title: String,
    pub row: Option<RowPlace>,
    /// Whether it is part of what decided.
    pub decided: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    Principal,
    Role,
    Group,
    Tenant,
    Grant,
    Forbid,
    Policy,
    Resource,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub label: String,
    pub row: Option<RowPlace>,
    /// The link that a near grant would need and that is not there, or does not count.
    pub missing: bool,
}

/// A grant that would have allowed the request, but for one or two things.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Near {
    pub says: String,
    pub source: String,
    pub row: Option<RowPlace>,
    /// What is in the way, each a sentence.
    pub missing: Vec<String>,
}

/// A change of one row that makes a deny an allow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repair {
    pub says: String,
    pub change: RowChange,
    /// How many other decisions it also turns into an allow; `None` where there are too many to ask.
    pub also: Option<usize>,
    /// The first of them, in words.
    pub examples: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowChange {
    pub table: String,
    /// The row that is changed, from 0; `None` for a new one.
    pub row: Option<usize>,
    /// Column by column, what is set.
    #[serde(serialize_with = "cells")]
    pub values: BTreeMap<String, Value>,
}

/// How one policy that does not come from rows came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluated {
    pub policy: String,
    pub effect: Effect,
    /// `policies.cedar`, or `generated`.
    pub source: String,
    pub line: usize,
    pub applies: Applies,
    pub scope: Fits,
    pub conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applies {
    Yes,
    No,
    Failed,
}

/// Whether each part of a policy's scope fits the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fits {
    pub principal: bool,
    pub action: bool,
    pub resource: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// `when` or `unless`.
    pub clause: &'static str,
    pub step: Step,
}

/// An expression, and what it came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Step {
    pub text: String,
    pub value: Option<String>,
    pub error: Option<String>,
    /// Not evaluated, since what stands before it settled the matter.
    pub skipped: bool,
    /// Its operands, where they say more than the whole.
    pub below: Vec<Step>,
}

/// The largest integer that a number of JavaScript holds exactly.
const MAX_EXACT: u64 = 1 << 53;

/// A cell as the page has it.
pub fn cell(value: &Value) -> serde_json::Value {
    use serde_json::json;
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) if number.unsigned_abs() <= MAX_EXACT => json!(number),
        Value::Integer(number) => json!({ "integer": number.to_string() }),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => {
            json!({ "blob": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
        }
    }
}

fn cells<S: Serializer>(values: &BTreeMap<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|(column, value)| (column, cell(value))))
}
