// SPDX-License-Identifier: Apache-2.0
//! A share of all decisions is made a second time, by Cedar's own authorizer from the policies' text. Where the two differ,
//! an alarm goes to the log and the stricter answer is served.

use super::origin::Host;
use crate::bundle::Bundle;
use crate::decide::{Decision, Query};
use crate::export::{self, Opinion};
use crate::facts::Facts;
use serde_json::{Map, Value, json};

/// Whether the decision with this id is in the share. Ids are random, so that nobody outside can tell which ones are.
pub fn is_sampled(share: f64, id: &str) -> bool {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    let drawn = u32::from_str_radix(&digits, 16).unwrap_or(0);
    f64::from(drawn) < share * 4_294_967_296.0
}

/// Has a decision made once more. The alarm is for the log; `None` where both agree. Where Cedar refuses what the
/// engine allowed, the decision becomes a deny; where Cedar cannot be asked, it stands.
pub fn check<H: Host>(
    host: &H,
    bundle: &Bundle,
    facts: &Facts,
    query: &Query,
    id: &str,
    decision: &mut Decision,
) -> Option<Map<String, Value>> {
    if decision.undecided {
        // No policy was asked, and Cedar has none to ask about what cannot be read.
        return None;
    }
    let cedar = match ask(host, bundle, facts, query) {
        Ok(cedar) => cedar,
        Err(cause) => return fields(json!({ "alarm": "not-verified", "id": id, "cause": cause })),
    };
    let reasons = decision.reasons.iter().map(|reason| reason.policy.clone()).collect();
    let engine = Opinion { allow: decision.allow, reasons, failed: decision.failed.iter().cloned().collect() };
    if cedar == engine {
        return None;
    }
    let alarm = json!({
        "alarm": "engine-differs-from-cedar",
        "id": id,
        "engine": engine,
        "cedar": cedar,
        "principal": query.principal.to_string(),
        "action": query.action,
        "resource": query.resource.to_string(),
    });
    if decision.allow && !cedar.allow {
        *decision = Decision::undecided("the engine and Cedar differ: the stricter answer is served");
    }
    fields(alarm)
}

fn fields(alarm: Value) -> Option<Map<String, Value>> {
    match alarm {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

fn ask<H: Host>(host: &H, bundle: &Bundle, facts: &Facts, query: &Query) -> Result<Opinion, String> {
    let context = query.context.values();
    let question = export::question(bundle, facts, &query.principal, &query.action, &query.resource, context);
    Opinion::read(&host.judge(&question.map_err(|error| error.to_string())?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_drawn_by_the_id() {
        assert!(!is_sampled(0.0, "00000000-0000-4000-8000-000000000000"));
        assert!(is_sampled(1.0, "ffffffff-ffff-4fff-8fff-ffffffffffff"));
        assert!(is_sampled(0.01, "028f5c28-0000-4000-8000-000000000000"));
        assert!(!is_sampled(0.01, "028f5c29-0000-4000-8000-000000000000"));
    }
}
