// SPDX-License-Identifier: Apache-2.0
//! Cedar's own validator must agree: generated and hand-written policies together, in strict mode.

use crate::bundle::HANDWRITTEN;
use crate::cedar::{as_trees, attributes_read, entities_named, forbids_use_in, named, named_policies, with_causes};
use crate::name::Uid;
use crate::report::{Finding, Place};
use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use miette::Diagnostic;
use std::collections::BTreeSet;

/// A schema and the generated policies, which Cedar took.
pub(super) struct Proof {
    validator: Validator,
    generated: PolicySet,
    /// Attributes that the generated policies read.
    attributes: BTreeSet<String>,
}

/// Validated policies, and what they read.
pub(super) struct PoliciesRead {
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

impl Proof {
    pub fn new(schema: &str, generated: &str) -> (Option<Proof>, Vec<Finding>) {
        let refused = |finding: Finding| (None, vec![finding]);
        let schema = match Schema::from_cedarschema_str(schema) {
            Ok((schema, _)) => schema,
            Err(error) => {
                let message = format!("the model makes no valid Cedar schema: {}", with_causes(&error));
                return refused(Finding::error("cedar/schema", message).in_file("model.toml"));
            }
        };
        let generated = match named_policies(generated, "generated") {
            Ok(policies) => policies,
            Err(error) => {
                let message = format!("the generated policies do not parse: {error}");
                return refused(Finding::error("cedar/generated", message).in_file("model.toml"));
            }
        };
        let validator = Validator::new(schema);
        let result = validator.validate(&generated, ValidationMode::Strict);
        // That a guard always holds for some action is no news: its warnings are passed over.
        let wrong = result.validation_errors().map(|error| {
            let message =
                format!("the generated policy `{}` does not validate: {}", error.policy_id(), with_causes(error));
            Finding::error("cedar/generated", message).in_file("model.toml")
        });
        let findings: Vec<Finding> = wrong.collect();
        if !findings.is_empty() {
            return (None, findings);
        }
        let generated = as_trees(&generated);
        let attributes = attributes_read(&generated);
        (Some(Proof { validator, generated, attributes }), Vec::new())
    }

    /// Validates hand-written policies, each by itself, and joins them to the generated ones; findings point into
    /// `policies.cedar`.
    pub fn with(&self, handwritten: &str) -> (Option<PoliciesRead>, Vec<Finding>) {
        let theirs = match parse(handwritten) {
            Ok(policies) => policies,
            Err(findings) => return (None, findings),
        };
        let mut findings = Vec::new();
        let mut policies = self.generated.clone();
        let trees = as_trees(&theirs);
        for policy in trees.policies() {
            if policies.add(policy.clone()).is_err() {
                findings.push(
                    Finding::error("cedar/id", format!("the id `{}` belongs to a generated policy", policy.id()))
                        .help("give the policy another `@id`")
                        .in_file(HANDWRITTEN),
                );
            }
        }
        let result = self.validator.validate(&theirs, ValidationMode::Strict);
        for error in result.validation_errors() {
            findings.push(diagnosed("cedar/validation", error, handwritten).in_file(HANDWRITTEN));
        }
        for warning in result.validation_warnings() {
            let mut finding = diagnosed("cedar/validation", warning, handwritten).in_file(HANDWRITTEN);
            finding.severity = crate::report::Severity::Warning;
            findings.push(finding);
        }
        if findings.iter().any(Finding::is_error) {
            return (None, findings);
        }
        let read = PoliciesRead {
            attributes: attributes_read(&trees).union(&self.attributes).cloned().collect(),
            named: entities_named(&trees),
            forbids_use_in: forbids_use_in(&trees),
            handwritten: theirs.policies().map(|policy| policy.id().to_string()).collect(),
            policies,
        };
        (Some(read), findings)
    }
}

/// What is wrong with hand-written policies before anybody knows a schema for them.
pub fn syntax(handwritten: &str) -> Vec<Finding> {
    parse(handwritten).err().unwrap_or_default()
}

fn parse(handwritten: &str) -> Result<PolicySet, Vec<Finding>> {
    match handwritten.parse::<PolicySet>() {
        Ok(parsed) => named(&parsed, HANDWRITTEN).map(|(policies, _)| policies).map_err(|error| {
            let finding = Finding::error("cedar/policy", error.to_string());
            vec![finding.help("give each policy an `@id` of its own").in_file(HANDWRITTEN)]
        }),
        Err(errors) => {
            Err(errors.iter().map(|error| diagnosed("cedar/syntax", error, handwritten).in_file(HANDWRITTEN)).collect())
        }
    }
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
