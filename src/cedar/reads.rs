// SPDX-License-Identifier: Apache-2.0
//! What policies read: attributes, entities that they name, whether they look at what lies in what.

use crate::name::Uid;
use cedar_policy::{Effect, PolicySet};
use std::collections::BTreeSet;

/// Names of the attributes that any of these policies reads or asks for.
pub fn attributes_read(policies: &PolicySet) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for policy in policies.policies() {
        if let Ok(json) = policy.to_json() {
            walk(&json, &mut |key, value| {
                if matches!(key, "." | "has")
                    && let Some(name) = value.get("attr").and_then(|attr| attr.as_str())
                {
                    found.insert(name.to_string());
                }
            });
        }
    }
    found
}

/// Entities that the conditions of these policies name.
pub fn entities_named(policies: &PolicySet) -> BTreeSet<Uid> {
    let mut found = BTreeSet::new();
    for policy in policies.policies() {
        if let Ok(json) = policy.to_json() {
            walk(&json["conditions"], &mut |key, value| {
                if key == "__entity"
                    && let (Some(kind), Some(id)) = (value["type"].as_str(), value["id"].as_str())
                {
                    found.insert(Uid::new(kind, id));
                }
            });
        }
    }
    found
}

/// Whether some `forbid` asks whether one entity lies `in` another.
pub fn forbids_use_in(policies: &PolicySet) -> bool {
    policies.policies().any(|policy| policy.effect() == Effect::Forbid && uses_in(policy))
}

/// Whether the policy asks, in its scope or its conditions, whether the principal or resource lies `in` something.
fn uses_in(policy: &cedar_policy::Policy) -> bool {
    let Ok(json) = policy.to_json() else { return true };
    let scope_uses = ["principal", "resource"].iter().any(|variable| {
        let scope = &json[*variable];
        scope["op"] == "in" || !scope["in"].is_null()
    });
    let mut used = scope_uses;
    walk(&json["conditions"], &mut |key, _| used |= key == "in");
    used
}

/// Visits every field of a JSON value, at any depth.
fn walk(value: &serde_json::Value, visit: &mut impl FnMut(&str, &serde_json::Value)) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                visit(key, value);
                walk(value, visit);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
