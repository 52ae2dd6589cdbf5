// SPDX-License-Identifier: Apache-2.0
//! Cedar's own validator must agree: generated and hand-written policies together, in strict mode.

use crate::bundle::HANDWRITTEN;
use crate::cedar::{attributes_read, entities_named, forbids_use_in, named_policies, with_causes};
use crate::name::Uid;
use crate::report::{Finding, Place};
use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use std::collections::BTreeSet;

/// Validated policies, and what they read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoliciesRead {
    /// Generated and hand-written, together.
    pub policies: PolicySet,
    /// The ids of those that people wrote.
    pub handwritten: BTreeSet<String>,
    /// Names of the attributes that some policy reads or asks for.
    pub attributes: BTreeSet<String>,
    /// Entities that conditions name.
    pub named: BTreeSet<Uid>,
    /// Whether a hand-written `forbid` asks whether one entity lies `in` another.
    pub forbids_use_in: bool,
}

/// Validates; findings point into `policies.cedar`.
pub fn validate(schema: &str, generated: &str, handwritten: &str) -> (Option<PoliciesRead>, Vec<Finding>) {
    let mut findings = Vec::new();
    let schema = match Schema::from_cedarschema_str(schema) {
        Ok((schema, _)) => schema,
        Err(error) => {
            let message = format!("the model makes no valid Cedar schema: {}", with_causes(&error));
            findings.push(Finding::error("cedar/schema", message));
            return (None, findings);
        }
    };
    let ours = match named_policies(generated, "generated") {
        Ok(policies) => policies,
        Err(error) => {
            findings.push(Finding::error("cedar/generated", format!("the generated policies do not parse: {error}")));
            return (None, findings);
        }
    };
    let theirs = match handwritten.parse::<PolicySet>() {
        Ok(_) => match named_policies(handwritten, HANDWRITTEN) {
            Ok(policies) => policies,
            Err(error) => {
                findings.push(
                    Finding::error("cedar/policy", error.to_string())
                        .help("give each policy an `@id` of its own".to_string())
                        .in_file(HANDWRITTEN),
                );
                return (None, findings);
            }
        },
        Err(errors) => {
            for error in errors.iter() {
                findings.push(diagnosed("cedar/syntax", error, handwritten).in_file(HANDWRITTEN));
            }
            return (None, findings);
        }
    };
    let mut all = ours.clone();
    for policy in theirs.policies() {
        if all.add(policy.clone()).is_err() {
            findings.push(
                Finding::error("cedar/id", format!("the id `{}` belongs to a generated policy", policy.id()))
                    .help("give the policy another `@id`")
                    .in_file(HANDWRITTEN),
            );
        }
    }
    let result = Validator::new(schema).validate(&all, ValidationMode::Strict);
    for error in result.validation_errors() {
        let id = error.policy_id().clone();
        if theirs.policy(&id).is_some() {
            findings.push(diagnosed("cedar/validation", error, handwritten).in_file(HANDWRITTEN));
        } else {
            let message = format!("the generated policy `{id}` does not validate: {}", with_causes(error));
            findings.push(Finding::error("cedar/generated", message).in_file("model.toml"));
        }
    }
    for warning in result.validation_warnings() {
        // A guard that always holds for some action is no news; a hand-written policy that can never apply is.
        if theirs.policy(warning.policy_id()).is_some() {
            let mut finding = diagnosed("cedar/validation", warning, handwritten).in_file(HANDWRITTEN);
            finding.severity = crate::report::Severity::Warning;
            findings.push(finding);
        }
    }
    if findings.iter().any(Finding::is_error) {
        return (None, findings);
    }
    let read = PoliciesRead {
        attributes: attributes_read(&all),
        named: entities_named(&theirs),
        forbids_use_in: forbids_use_in(&theirs),
        handwritten: theirs.policies().map(|policy| policy.id().to_string()).collect(),
        policies: all,
    };
    (Some(read), findings)
}

/// A finding from one of Cedar's own diagnostics, with its place and its advice.
fn diagnosed(code: &'static str, error: &impl Diagnostic, text: &str) -> Finding {
    let mut finding = Finding::error(code, with_causes(error));
    if let Some(label) = error.labels().and_then(|mut labels| labels.next()) {
        finding = finding.at(Place::of(text, label.offset(), label.offset() + label.len()));
    }
    if let Some(help) = error.help() {
        finding = finding.help(help.to_string());
    }
    finding
}
