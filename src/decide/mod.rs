// SPDX-License-Identifier: Apache-2.0
//! Bundle, facts and query into a decision. Reads no clock, no file and no network.
//!
//! The law: decision, determining policies and errors are those of `cedar_policy::Authorizer` on the exported policies
//! and entities, save that a `forbid` that cannot be evaluated denies, where Cedar skips it.

mod decision;
mod explain;
mod index;
mod query;

pub use decision::{Decision, Reason};
pub use explain::{Missing, NearGrant, nearest};
pub use query::{Context, Query};

use crate::bundle::{Bundle, HANDWRITTEN};
use crate::cedar::{self, CedarError};
use crate::facts::{Ask, Effect, Facts};
use crate::name::Uid;
use cedar_policy::{AuthorizationError, Authorizer, EntityUid, PolicySet, Request, Schema};
use index::Index;
use std::collections::BTreeMap;

/// What one bundle permits, ready to be asked. Made once, asked often.
pub struct Engine {
    schema: Schema,
    policies: PolicySet,
    /// Effect and source of each policy, by its id.
    about: BTreeMap<String, (Effect, String)>,
    /// Entities that policies name: an unreadable one of them cannot be judged by.
    named: Vec<Uid>,
    authorizer: Authorizer,
}

/// Facts, indexed and in Cedar's terms. Made once for a slice, asked often until the slice changes.
pub struct Prepared {
    pub facts: Facts,
    index: Index,
    entities: cedar_policy::Entities,
}

impl Prepared {
    /// # Errors
    /// Facts that Cedar's entities cannot hold. Deny.
    pub fn new(facts: Facts) -> Result<Prepared, CedarError> {
        let entities = cedar::entities(&facts)?;
        Ok(Prepared::with_entities(facts, entities))
    }

    /// Facts with entities that Cedar read itself, whose attributes `facts` need not know.
    pub fn with_entities(facts: Facts, entities: cedar_policy::Entities) -> Prepared {
        Prepared { index: Index::new(&facts), entities, facts }
    }
}

impl Engine {
    /// Parses the policies and the schema of a bundle.
    ///
    /// # Errors
    /// A bundle whose Cedar does not parse: it was not made by `palisade compile`, or was damaged since.
    pub fn new(bundle: &Bundle) -> Result<Engine, CedarError> {
        let (schema, _) = Schema::from_cedarschema_str(&bundle.schema)
            .map_err(|error| CedarError(format!("the bundle's Cedar schema: {error}")))?;
        let mut policies = cedar::named_policies(&bundle.generated, "generated")?;
        let handwritten = cedar::named_policies(&bundle.handwritten, HANDWRITTEN)?;
        for policy in handwritten.policies() {
            policies.add(policy.clone()).map_err(|error| CedarError(error.to_string()))?;
        }
        let mut engine = Engine::of(schema, policies);
        engine.named = bundle.named.iter().cloned().collect();
        for policy in handwritten.policies() {
            if let Some((_, source)) = engine.about.get_mut(&policy.id().to_string())
                && source.is_empty()
            {
                *source = HANDWRITTEN.to_string();
            }
        }
        Ok(engine)
    }

    /// An engine of these policies and this schema.
    pub fn of(schema: Schema, policies: PolicySet) -> Engine {
        let about = policies
            .policies()
            .map(|policy| {
                let effect = match policy.effect() {
                    cedar_policy::Effect::Permit => Effect::Permit,
                    cedar_policy::Effect::Forbid => Effect::Forbid,
                };
                let source = policy.annotation("source").unwrap_or_default().to_string();
                (policy.id().to_string(), (effect, source))
            })
            .collect();
        Engine { schema, policies, about, named: Vec::new(), authorizer: Authorizer::new() }
    }

    /// The policies that do not come from rows.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Reads a context from JSON: a Cedar record in Cedar's JSON form, checked against what the action takes. `null` and
    /// empty text are the empty context.
    ///
    /// # Errors
    /// Says which attribute is unknown, missing or of the wrong type; the request is a bad one, and nothing is decided.
    pub fn context(&self, action: &str, json: &str) -> Result<Context, CedarError> {
        let trimmed = json.trim();
        let json = if trimmed.is_empty() || trimmed == "null" { "{}" } else { trimmed };
        let action = cedar::action_uid(action);
        let known = self.schema.actions().any(|known| *known == action);
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| CedarError(format!("the context is not JSON: {error}")))?;
        let mut entities = Vec::new();
        named_entities(&value, &mut entities);
        let schema = known.then_some((&self.schema, &action));
        let values = cedar_policy::Context::from_json_str(json, schema).map_err(|error| {
            CedarError(format!("the context does not fit the action: {}", cedar::with_causes(&error)))
        })?;
        Ok(Context { values, entities })
    }

    /// What a store must be asked for to decide `query`.
    pub fn ask(&self, bundle: &Bundle, query: &Query) -> Ask {
        Ask {
            principal: query.principal.clone(),
            resource: query.resource.clone(),
            externals: query.externals.clone(),
            context: query.context.entities.iter().chain(&self.named).cloned().collect(),
            actions: Some(bundle.mapping.implying(&query.action)),
        }
    }

    /// Decides.
    pub fn decide(&self, prepared: &Prepared, query: &Query) -> Decision {
        let facts = &prepared.facts;
        let looked_into = query.context.entities.iter().chain(&self.named);
        if let Some(reason) = looked_into.into_iter().find_map(|uid| facts.tainted.get(uid)) {
            return Decision::undecided(format!(
                "the context or a policy names an entity that cannot be read: {reason}"
            ));
        }
        let request = match self.request(query) {
            Ok(request) => request,
            Err(error) => return Decision::undecided(error.to_string()),
        };
        let principals = facts.ancestry(&query.principal);
        let resources = facts.ancestry(&query.resource);
        let matching = prepared.index.matching(&principals, &query.action, &resources);
        let response = self.authorizer.is_authorized(&request, &self.policies, &prepared.entities);

        let mut errors = Vec::new();
        let mut forbid_failed = false;
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let id = error.policy_id().to_string();
            forbid_failed |= self.about.get(&id).is_none_or(|(effect, _)| *effect == Effect::Forbid);
            errors.push(format!("{id}: {}", error.inner()));
        }
        errors.sort();

        let mut decided: Vec<(Effect, Reason)> = Vec::new();
        for id in response.diagnostics().reason() {
            let policy = id.to_string();
            let (effect, source) = self.about.get(&policy).cloned().unwrap_or((Effect::Forbid, String::new()));
            decided.push((effect, Reason { policy, source }));
        }
        for at in matching {
            let grant = &facts.grants[at as usize];
            let reason = Reason { policy: grant.id.clone(), source: grant.source.clone() };
            decided.push((grant.effect, reason));
        }
        let forbidden = decided.iter().any(|(effect, _)| *effect == Effect::Forbid);
        let wanted = if forbidden || forbid_failed { Effect::Forbid } else { Effect::Permit };
        let mut reasons: Vec<Reason> =
            decided.into_iter().filter(|(effect, _)| *effect == wanted).map(|(_, reason)| reason).collect();
        reasons.sort();
        Decision { allow: wanted == Effect::Permit && !reasons.is_empty(), reasons, errors }
    }

    fn request(&self, query: &Query) -> Result<Request, CedarError> {
        let uid = |uid: &Uid| -> Result<EntityUid, CedarError> { cedar::entity_uid(uid) };
        let action = cedar::action_uid(&query.action);
        let context = query.context.values.clone();
        // Not validated against the schema: rows bring actions that it does not know, and guards deny what it would refuse.
        Request::new(uid(&query.principal)?, action, uid(&query.resource)?, context, None)
            .map_err(|error| CedarError(error.to_string()))
    }
}

/// Entities that a context names, in either of Cedar's JSON forms.
fn named_entities(value: &serde_json::Value, found: &mut Vec<Uid>) {
    match value {
        serde_json::Value::Object(fields) => {
            if let (Some(kind), Some(id)) =
                (fields.get("type").and_then(|v| v.as_str()), fields.get("id").and_then(|v| v.as_str()))
            {
                found.push(Uid::new(kind, id));
            }
            fields.values().for_each(|value| named_entities(value, found));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| named_entities(value, found)),
        _ => {}
    }
}
