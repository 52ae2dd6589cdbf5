// SPDX-License-Identifier: Apache-2.0
//! A share of all decisions is made a second time, by Cedar's own authorizer from the policies' text. Where the two differ,
//! an alarm goes to the log and the stricter answer is served.

use crate::bundle::Bundle;
use crate::cedar::Verifier;
use crate::decide::{Decision, Query};
use crate::facts::Facts;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The second judge of one bundle, made at the first question: parsing the policies takes longer than deciding.
#[derive(Default)]
pub struct Second {
    verifier: OnceLock<Result<Verifier, String>>,
}

/// Whether the decision with this id is in the share. Ids are random, so that nobody outside can tell which ones are.
pub fn is_sampled(share: f64, id: &str) -> bool {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    let drawn = u32::from_str_radix(&digits, 16).unwrap_or(0);
    f64::from(drawn) < share * 4_294_967_296.0
}

impl Second {
    /// Judges once more. The alarm is a line for the log; `None` where both agree.
    pub fn check(&self, bundle: &Bundle, facts: &Facts, query: &Query, decision: &mut Decision) -> Option<String> {
        if decision.undecided {
            return None;
        }
        let made = self.verifier.get_or_init(|| Verifier::new(bundle).map_err(|error| error.to_string()));
        let asked = made.as_ref().map_err(Clone::clone).and_then(|verifier| {
            verifier
                .ask(facts, &query.principal, &query.action, &query.resource, query.context.values())
                .map_err(|error| error.to_string())
        });
        let cedar = match asked {
            Ok(cedar) => cedar,
            Err(cause) => return Some(json!({ "alarm": "not-verified", "cause": cause }).to_string()),
        };
        let reasons: BTreeSet<String> = decision.reasons.iter().map(|reason| reason.policy.clone()).collect();
        let failed: BTreeSet<String> = decision.failed.iter().cloned().collect();
        if cedar.allow == decision.allow && cedar.reasons == reasons && cedar.failed == failed {
            return None;
        }
        let alarm = json!({
            "alarm": "engine-differs-from-cedar",
            "engine": { "allow": decision.allow, "reasons": reasons, "failed": failed },
            "cedar": { "allow": cedar.allow, "reasons": cedar.reasons, "failed": cedar.failed },
            "principal": query.principal.to_string(),
            "action": query.action,
            "resource": query.resource.to_string(),
        });
        if decision.allow && !cedar.allow {
            *decision = Decision::undecided("the engine and Cedar differ: the stricter answer is served");
        }
        Some(alarm.to_string())
    }
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
