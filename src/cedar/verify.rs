// SPDX-License-Identifier: Apache-2.0
//! The equivalence law on live questions: Cedar's own authorizer decides what the engine has decided.

use super::{CedarError, named_policies, with_causes};
use crate::export::Opinion;
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Effect, Entities, EntityUid, PolicySet, Request,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// Answers questions as [`crate::export::question`] writes them, by policies' text and Cedar's code alone.
#[derive(Default)]
pub struct Judge {
    /// The last question's policies, as text and as read: a bundle's stay the same, and reading them takes longer than
    /// judging by them.
    last: Option<(BTreeMap<String, String>, PolicySet)>,
}

#[derive(Deserialize)]
struct Question<'q> {
    policies: BTreeMap<String, String>,
    #[serde(default)]
    rows: String,
    #[serde(borrow)]
    entities: &'q RawValue,
    principal: Value,
    action: Value,
    resource: Value,
    context: Value,
}

impl Judge {
    /// The answer to one question, both as JSON. It never fails: what cannot be judged is answered `{"error"}`.
    pub fn answer(&mut self, question: &str) -> String {
        match self.judge(question) {
            Ok(opinion) => Opinion::write(Ok(&opinion)),
            Err(error) => Opinion::write(Err(&error.0)),
        }
    }

    fn judge(&mut self, question: &str) -> Result<Opinion, CedarError> {
        let asked: Question = serde_json::from_str(question).map_err(wrong)?;
        let mut policies = self.policies(asked.policies)?.clone();
        add(&mut policies, &asked.rows, "rows")?;
        let entities = Entities::from_json_str(asked.entities.get(), None).map_err(wrong)?;
        let entity = |json| EntityUid::from_json(json).map_err(wrong);
        let context = Context::from_json_value(asked.context, None).map_err(wrong)?;
        let (principal, action, resource) = (entity(asked.principal)?, entity(asked.action)?, entity(asked.resource)?);
        let request = Request::new(principal, action, resource, context, None).map_err(wrong)?;
        Ok(opinion(&request, &policies, &entities))
    }

    fn policies(&mut self, texts: BTreeMap<String, String>) -> Result<&PolicySet, CedarError> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != texts) {
            let mut policies = PolicySet::new();
            for (file, text) in &texts {
                add(&mut policies, text, file)?;
            }
            self.last = Some((texts, policies));
        }
        self.last.as_ref().map(|(_, policies)| policies).ok_or_else(|| CedarError("there are no policies".to_string()))
    }
}

/// Adds the policies of a text.
fn add(policies: &mut PolicySet, text: &str, file: &str) -> Result<(), CedarError> {
    for policy in named_policies(text, file)?.policies() {
        policies.add(policy.clone()).map_err(wrong)?;
    }
    Ok(())
}

fn opinion(request: &Request, policies: &PolicySet, entities: &Entities) -> Opinion {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let (mut failed, mut forbid_failed) = (BTreeSet::new(), false);
    for error in response.diagnostics().errors() {
        let AuthorizationError::PolicyEvaluationError(error) = error;
        let policy = policies.policy(error.policy_id());
        forbid_failed |= policy.is_none_or(|policy| policy.effect() == Effect::Forbid);
        failed.insert(error.policy_id().to_string());
    }
    let allow = response.decision() == Decision::Allow;
    let mut reasons: BTreeSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
    if allow && forbid_failed {
        // What permits does not decide then.
        reasons.clear();
    }
    Opinion { allow: allow && !forbid_failed, reasons, failed }
}

fn wrong(error: impl std::error::Error) -> CedarError {
    CedarError(with_causes(&error))
}
