// SPDX-License-Identifier: Apache-2.0
//! The equivalence law on live questions: Cedar's own authorizer decides what the engine has decided.

use super::{CedarError, attributes_read, entities_named, forbids_use_in, named_policies, program, with_causes};
use crate::export::{CLAIM, Claim, Opinion};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Effect, Entities, EntityUid, PolicyId, PolicySet, Request,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Answers questions as [`crate::export::question`] and [`Claim::question`] write them, by policies' text and Cedar's code
/// alone.
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
        if question.starts_with(CLAIM) {
            return match check(question) {
                Ok(differs) => json!({ "differs": differs }).to_string(),
                Err(error) => json!({ "error": error.0 }).to_string(),
            };
        }
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

/// In what a bundle's claim about its texts is wrong; `None` where it is right. Texts that Cedar cannot read are wrong, too.
fn check(question: &str) -> Result<Option<String>, CedarError> {
    #[derive(Deserialize)]
    struct Asked {
        claim: Claim,
    }
    let Asked { claim } = serde_json::from_str(question).map_err(wrong)?;
    let said = |error: CedarError| Some(error.0);
    let theirs = match named_policies(&claim.handwritten, &claim.file) {
        Ok(theirs) => theirs,
        Err(error) => return Ok(said(error)),
    };
    let mut all = theirs.clone();
    if let Err(error) = add(&mut all, &claim.generated, "generated") {
        return Ok(said(error));
    }
    let from = |id: &str| theirs.policy(&PolicyId::new(id)).map(|_| claim.file.clone());
    let program = match program(&all, from) {
        Ok(program) => program.to_bytes(),
        Err(error) => return Ok(said(error)),
    };
    let differs = if BASE64_STANDARD.encode(program) != claim.program {
        Some("the policies' texts compile to another program than the bundle's")
    } else if attributes_read(&all) != claim.mentioned {
        Some("the policies read other attributes than the bundle says")
    } else if entities_named(&theirs) != claim.named {
        Some("the policies name other entities than the bundle says")
    } else if forbids_use_in(&theirs) != claim.forbids_use_in {
        Some("the bundle is wrong about whether a `forbid` asks what lies in what")
    } else {
        None
    };
    Ok(differs.map(str::to_string))
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
