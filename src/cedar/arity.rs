// SPDX-License-Identifier: Apache-2.0
//! Calls with the wrong number of arguments. Cedar parses them, and fails where they are reached; its public syntax tree has
//! no place for them. They are put there as calls that fail as well, after their arguments.

use cedar_policy::Policy;
use serde_json::{Value, json};

/// The name of the field under which a call's surplus arguments stand; no text is a value of any function on it.
pub(super) const MARK: &str = "wrong number of arguments";

/// How many arguments each function takes, by Cedar's name for it, the one before the point included.
const FUNCTIONS: [(&str, usize); 22] = [
    ("ip", 1),
    ("decimal", 1),
    ("datetime", 1),
    ("duration", 1),
    ("isIpv4", 1),
    ("isIpv6", 1),
    ("isLoopback", 1),
    ("isMulticast", 1),
    ("isInRange", 2),
    ("lessThan", 2),
    ("lessThanOrEqual", 2),
    ("greaterThan", 2),
    ("greaterThanOrEqual", 2),
    ("offset", 2),
    ("durationSince", 2),
    ("toDate", 1),
    ("toTime", 1),
    ("toMilliseconds", 1),
    ("toSeconds", 1),
    ("toMinutes", 1),
    ("toHours", 1),
    ("toDays", 1),
];

/// The same policy with every such call marked; `None` where it has none.
pub(super) fn marked(policy: &Policy) -> Option<Policy> {
    let mut json = policy.to_json().ok()?;
    let mut found = false;
    mark(&mut json["conditions"], &mut found);
    found.then(|| Policy::from_json(Some(policy.id().clone()), json).ok()).flatten()
}

fn mark(value: &mut Value, found: &mut bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, found)),
        Value::Object(fields) => {
            // What stands behind `Value` is no expression, and may look like one.
            fields.iter_mut().filter(|(name, _)| *name != "Value").for_each(|(_, field)| mark(field, found));
            let call = fields.iter().next().filter(|_| fields.len() == 1);
            if let Some((name, Value::Array(arguments))) = call
                && FUNCTIONS.iter().any(|(function, takes)| function == name && *takes != arguments.len())
            {
                *found = true;
                // One that takes a single argument, whatever the call was: it fails all the same.
                let set = json!({ "Record": { MARK: { "Set": arguments } } });
                *value = json!({ "ip": [set] });
            }
        }
        _ => {}
    }
}
