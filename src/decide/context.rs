// SPDX-License-Identifier: Apache-2.0
//! The context of a request, from JSON: what the action takes, of the types that the model names, and nothing else.
//!
//! The forms are Cedar's: an entity as `{"type", "id"}`, an extension value as its text, either also marked with `__entity`
//! and `__extn`.

use super::query::OneOfEachKey;
use super::{Context, Undecidable};
use crate::engine::Plain;
use crate::mapping::ContextType;
use crate::name::{Uid, nearest};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Context {
    /// Reads a context from JSON: a record in Cedar's JSON form, checked against what the action takes
    /// ([`Mapping::context_of`](crate::mapping::Mapping::context_of)). `null` and empty text are the empty context.
    ///
    /// # Errors
    /// Says which attribute is unknown, missing or of the wrong type; the request is a bad one, and nothing is decided.
    pub fn from_json(takes: &BTreeMap<&str, &ContextType>, json: &str) -> Result<Context, Undecidable> {
        let trimmed = json.trim();
        let json = if trimmed.is_empty() || trimmed == "null" { "{}" } else { trimmed };
        let OneOfEachKey(value) =
            serde_json::from_str(json).map_err(|error| Undecidable(format!("the context is not JSON: {error}")))?;
        match value {
            Value::Object(fields) => Context::read(takes, &fields),
            _ => Err(Undecidable("the context does not fit the action: it is no object".to_string())),
        }
    }

    /// As [`Context::from_json`], from fields that are read already.
    ///
    /// # Errors
    /// As there.
    pub fn read(takes: &BTreeMap<&str, &ContextType>, fields: &Map<String, Value>) -> Result<Context, Undecidable> {
        read(takes, fields).map_err(|why| Undecidable(format!("the context does not fit the action: {why}")))
    }
}

/// Reads a context. The message of a failure is for whoever sent it.
fn read(takes: &BTreeMap<&str, &ContextType>, fields: &Map<String, Value>) -> Result<Context, String> {
    let mut values = Vec::new();
    for (name, value) in fields {
        let Some(kind) = takes.get(name.as_str()) else {
            let near = nearest(name, takes.keys().copied()).map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            return Err(format!("it does not take `{name}`{near}"));
        };
        let value = typed(&kind.name, value).ok_or_else(|| format!("`{name}` is no {}", described(&kind.name)))?;
        values.push((name.clone(), value));
    }
    if let Some((name, kind)) = takes.iter().find(|(name, kind)| !kind.optional && !fields.contains_key(**name)) {
        let kind = described(&kind.name);
        return Err(format!("`{name}` is missing, a {kind}"));
    }
    let entities = values
        .iter()
        .filter_map(|(_, value)| match value {
            Plain::Entity(uid) => Some(uid.clone()),
            _ => None,
        })
        .collect();
    Ok(Context { values, entities })
}

/// A type as people call it.
fn described(kind: &str) -> String {
    match kind {
        "Long" => "whole number (Long)".to_string(),
        "datetime" => "instant (datetime), such as `2026-01-31T09:00:00Z`".to_string(),
        "decimal" => "decimal, such as `1.50`".to_string(),
        "ipaddr" => "address (ipaddr), such as `10.0.0.1`".to_string(),
        other => other.to_string(),
    }
}

fn typed(kind: &str, value: &Value) -> Option<Plain> {
    let text = || value.as_str().map(str::to_string);
    match kind {
        "Bool" => value.as_bool().map(Plain::Bool),
        "Long" => value.as_i64().map(Plain::Long),
        "String" => text().map(Plain::Text),
        "Set<String>" => {
            let members = value.as_array()?.iter();
            members.map(|member| Some(Plain::Text(member.as_str()?.to_string()))).collect::<Option<_>>().map(Plain::Set)
        }
        "decimal" | "datetime" => extension(kind, value),
        "ipaddr" => extension("ip", value),
        _ => {
            let entity = unmarked("__entity", value);
            let [kind_of, id] = exactly(entity, ["type", "id"])?;
            (kind_of == kind).then(|| Plain::Entity(Uid::new(kind_of, id)))
        }
    }
}

/// An extension value, by the function that makes it: its text, or a call of that function.
fn extension(function: &str, value: &Value) -> Option<Plain> {
    match unmarked("__extn", value) {
        Value::String(text) => Plain::extension(function, text),
        call => {
            let [called, argument] = exactly(call, ["fn", "arg"])?;
            (called == function).then(|| Plain::extension(function, argument))?
        }
    }
}

fn unmarked<'v>(mark: &str, value: &'v Value) -> &'v Value {
    match value {
        Value::Object(fields) if fields.len() == 1 => fields.get(mark).unwrap_or(value),
        _ => value,
    }
}

/// The texts of an object that has these fields and no others.
fn exactly<'v>(value: &'v Value, names: [&str; 2]) -> Option<[&'v str; 2]> {
    let fields: &Map<String, Value> = value.as_object()?;
    let [first, second] = names.map(|name| fields.get(name).and_then(Value::as_str));
    (fields.len() == 2).then_some([first?, second?])
}
