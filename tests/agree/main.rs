// SPDX-License-Identifier: Apache-2.0
//! The equivalence law: the engine decides as Cedar's own authorizer does, policies and errors included.

mod corpus;
mod generate;
mod official;
mod random;
mod reach;

use cedar_policy::{Authorizer, Entities, PolicySet, Request};
use palisade::decide::Decision;
use std::collections::BTreeSet;

/// What Cedar's authorizer says, in the engine's terms.
struct Cedar {
    allow: bool,
    reasons: BTreeSet<String>,
    errors: BTreeSet<String>,
    /// Whether a `forbid` failed, in which case the engine denies whatever Cedar says: the one documented difference.
    forbid_failed: bool,
}

fn ask_cedar(request: &Request, policies: &PolicySet, entities: &Entities) -> Cedar {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let failed: Vec<_> = response
        .diagnostics()
        .errors()
        .map(|error| {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            error.policy_id().clone()
        })
        .collect();
    Cedar {
        allow: response.decision() == cedar_policy::Decision::Allow,
        reasons: response.diagnostics().reason().map(ToString::to_string).collect(),
        forbid_failed: failed
            .iter()
            .any(|id| policies.policy(id).is_some_and(|policy| policy.effect() == cedar_policy::Effect::Forbid)),
        errors: failed.iter().map(ToString::to_string).collect(),
    }
}

/// Asserts the law for one request.
fn agree(ours: &Decision, cedar: &Cedar, what: &str) {
    let reasons: BTreeSet<String> = ours.reasons.iter().map(|reason| reason.policy.clone()).collect();
    let errors: BTreeSet<String> =
        ours.errors.iter().map(|error| error.split(": ").next().unwrap_or_default().to_string()).collect();
    assert_eq!(errors, cedar.errors, "{what}: policies that fail");
    if cedar.forbid_failed {
        assert!(!ours.allow, "{what}: a forbid that fails must deny");
        if !cedar.allow {
            // Cedar denies too: for the same forbids, or because nothing permits.
            assert_eq!(reasons, cedar.reasons, "{what}: determining policies");
        }
        return;
    }
    assert_eq!(ours.allow, cedar.allow, "{what}: decision");
    assert_eq!(reasons, cedar.reasons, "{what}: determining policies");
}
