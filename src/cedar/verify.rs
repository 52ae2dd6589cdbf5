// SPDX-License-Identifier: Apache-2.0
//! The equivalence law on live questions: Cedar's own authorizer decides what the engine has decided.

use super::{CedarError, action_uid, entities, entity_uid, named_policies, policies_text};
use crate::bundle::{Bundle, HANDWRITTEN};
use crate::engine::Plain;
use crate::facts::Facts;
use crate::name::Uid;
use cedar_policy::{AuthorizationError, Authorizer, Context, Effect, PolicySet, Request, RestrictedExpression};
use std::collections::BTreeSet;

/// A bundle's policies as Cedar reads them: from their text, not from what was compiled of it.
pub struct Verifier {
    policies: PolicySet,
}

/// What Cedar says of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Cedar's decision; deny where a `forbid` fails, which Cedar would skip.
    pub allow: bool,
    /// Determining policies, by id.
    pub reasons: BTreeSet<String>,
    /// Policies that fail, by id.
    pub failed: BTreeSet<String>,
}

impl Verifier {
    /// # Errors
    /// The bundle's policies do not parse.
    pub fn new(bundle: &Bundle) -> Result<Verifier, CedarError> {
        let mut policies = named_policies(&bundle.generated, "generated")?;
        for policy in named_policies(&bundle.handwritten, HANDWRITTEN)?.policies() {
            policies.add(policy.clone()).map_err(|error| CedarError(error.to_string()))?;
        }
        Ok(Verifier { policies })
    }

    /// Asks Cedar, on these facts as they would be exported.
    ///
    /// # Errors
    /// Something that Cedar cannot be asked. It says nothing about the decision.
    pub fn ask(
        &self,
        facts: &Facts,
        principal: &Uid,
        action: &str,
        resource: &Uid,
        context: &[(String, Plain)],
    ) -> Result<Opinion, CedarError> {
        let mut policies = self.policies.clone();
        for policy in named_policies(&policies_text(facts), "rows")?.policies() {
            policies.add(policy.clone()).map_err(|error| CedarError(error.to_string()))?;
        }
        let fields = context.iter().map(|(name, value)| Ok((name.clone(), expression(value)?)));
        let fields = fields.collect::<Result<Vec<_>, CedarError>>()?;
        let context = Context::from_pairs(fields).map_err(|error| CedarError(error.to_string()))?;
        let request = Request::new(entity_uid(principal)?, action_uid(action), entity_uid(resource)?, context, None)
            .map_err(|error| CedarError(error.to_string()))?;
        let response = Authorizer::new().is_authorized(&request, &policies, &entities(facts)?);
        let (mut failed, mut forbid_failed) = (BTreeSet::new(), false);
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let policy = policies.policy(error.policy_id());
            forbid_failed |= policy.is_none_or(|policy| policy.effect() == Effect::Forbid);
            failed.insert(error.policy_id().to_string());
        }
        let allow = response.decision() == cedar_policy::Decision::Allow;
        let mut reasons: BTreeSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        if allow && forbid_failed {
            // What permits does not decide then.
            reasons.clear();
        }
        Ok(Opinion { allow: allow && !forbid_failed, reasons, failed })
    }
}

fn expression(value: &Plain) -> Result<RestrictedExpression, CedarError> {
    Ok(match value {
        Plain::Bool(value) => RestrictedExpression::new_bool(*value),
        Plain::Long(value) => RestrictedExpression::new_long(*value),
        Plain::Text(text) => RestrictedExpression::new_string(text.clone()),
        Plain::Entity(uid) => RestrictedExpression::new_entity_uid(entity_uid(uid)?),
        Plain::Set(members) => {
            let members = members.iter().map(expression).collect::<Result<Vec<_>, _>>()?;
            RestrictedExpression::new_set(members)
        }
        Plain::Record(fields) => {
            let fields = fields.iter().map(|(name, field)| Ok((name.clone(), expression(field)?)));
            let fields = fields.collect::<Result<Vec<_>, CedarError>>()?;
            RestrictedExpression::new_record(fields).map_err(|error| CedarError(error.to_string()))?
        }
        Plain::Ip(ip) => RestrictedExpression::new_ip(ip.to_string()),
        Plain::Decimal(value) => {
            let (sign, digits) = (if *value < 0 { "-" } else { "" }, value.unsigned_abs());
            RestrictedExpression::new_decimal(format!("{sign}{}.{:04}", digits / 10_000, digits % 10_000))
        }
        Plain::Datetime(time) => RestrictedExpression::new_datetime(crate::rows::format_time(*time)),
        Plain::Duration(duration) => RestrictedExpression::new_duration(format!("{duration}ms")),
    })
}
