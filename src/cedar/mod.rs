// SPDX-License-Identifier: Apache-2.0
//! Facts in Cedar's own terms: entities for its evaluator, policies for people and for its authorizer.
//!
//! What stands here is the export that the equivalence law speaks of: the engine decides as Cedar's authorizer does on
//! these policies and entities.

mod arity;
mod program;
mod verify;
mod world;

pub use program::{json_uid, plain, program};
pub use verify::{Opinion, Verifier};
pub use world::{context, data};

use crate::facts::{Attribute, Effect, Entity, Facts, Grant, Scope};
use crate::name::{Uid, quote, unquote};
use crate::rows::format_time;
use cedar_policy::{EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet, RestrictedExpression};
use std::collections::HashMap;
use std::fmt::Write;
use std::str::FromStr;

/// Why facts cannot be put in Cedar's terms. Whoever decides on them denies.
#[derive(Debug)]
pub struct CedarError(pub String);

impl std::fmt::Display for CedarError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CedarError {}

/// The same identity in Cedar's type.
pub fn entity_uid(uid: &Uid) -> Result<EntityUid, CedarError> {
    let kind = EntityTypeName::from_str(&uid.kind)
        .map_err(|error| CedarError(format!("`{}` is no entity type: {error}", uid.kind)))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(&uid.id)))
}

/// An action's identity in Cedar's type.
pub fn action_uid(action: &str) -> EntityUid {
    let kind = EntityTypeName::from_str("Action").expect("`Action` is a Cedar identifier");
    EntityUid::from_type_name_and_id(kind, EntityId::new(action))
}

/// An identity back from Cedar's type.
pub fn uid_of(uid: &EntityUid) -> Uid {
    Uid::new(uid.type_name().to_string(), uid.id().unescaped())
}

/// A Cedar entity literal, read: `User::"alice"`. Cedar's own reader takes only the spelling that Cedar prints.
pub fn parse_uid(text: &str) -> Result<Uid, CedarError> {
    let read = || {
        let (kind, _) = text.trim().split_once("::\"")?;
        EntityTypeName::from_str(kind).ok()?;
        Some(Uid::new(kind, unquote(&text.trim()[kind.len() + 2..])?))
    };
    read()
        .ok_or_else(|| CedarError(format!("`{text}` is no entity: write its type and its id as in `User::\"alice\"`")))
}

/// An action as people write it: its id, or the literal `Action::"id"`.
pub fn parse_action(text: &str) -> String {
    match parse_uid(text) {
        Ok(uid) if uid.kind == "Action" => uid.id,
        _ => text.to_string(),
    }
}

/// All entities, with their ancestors worked out.
pub fn entities(facts: &Facts) -> Result<cedar_policy::Entities, CedarError> {
    let made: Vec<_> = facts.entities.iter().map(|(uid, entity)| one_entity(uid, entity)).collect::<Result<_, _>>()?;
    cedar_policy::Entities::from_entities(made, None).map_err(|error| CedarError(error.to_string()))
}

fn one_entity(uid: &Uid, entity: &Entity) -> Result<cedar_policy::Entity, CedarError> {
    let attributes = entity
        .attributes
        .iter()
        .map(|(name, value)| Ok((name.clone(), expression(value)?)))
        .collect::<Result<HashMap<_, _>, CedarError>>()?;
    let parents = entity.parents.iter().map(entity_uid).collect::<Result<_, _>>()?;
    cedar_policy::Entity::new(entity_uid(uid)?, attributes, parents)
        .map_err(|error| CedarError(format!("{uid}: {error}")))
}

fn expression(value: &Attribute) -> Result<RestrictedExpression, CedarError> {
    Ok(match value {
        Attribute::Bool(value) => RestrictedExpression::new_bool(*value),
        Attribute::Long(value) => RestrictedExpression::new_long(*value),
        Attribute::Decimal(value) => RestrictedExpression::new_decimal(value),
        Attribute::Text(value) => RestrictedExpression::new_string(value.clone()),
        Attribute::Time(value) => RestrictedExpression::new_datetime(format_time(*value)),
        Attribute::Entity(uid) => RestrictedExpression::new_entity_uid(entity_uid(uid)?),
        Attribute::Texts(texts) => {
            RestrictedExpression::new_set(texts.iter().cloned().map(RestrictedExpression::new_string))
        }
    })
}

/// A grant as the Cedar policy that says the same.
pub fn policy_text(grant: &Grant) -> String {
    let mut text = format!("@id({})\n@source({})\n", quote(&grant.id), quote(&grant.source));
    for (at, row) in grant.rests_on.iter().enumerate() {
        // An annotation's key may stand once, so that further rows are numbered.
        let number = if at == 0 { String::new() } else { (at + 1).to_string() };
        let _ = writeln!(text, "@rests_on{number}({})", quote(row));
    }
    let effect = match grant.effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    };
    let action = match grant.actions.as_deref() {
        None => "action".to_string(),
        Some([action]) => format!("action == Action::{}", quote(action)),
        Some(actions) => {
            let list: Vec<_> = actions.iter().map(|action| format!("Action::{}", quote(action))).collect();
            format!("action in [{}]", list.join(", "))
        }
    };
    let principal = scope_text("principal", &grant.principal);
    let resource = scope_text("resource", &grant.resource);
    let _ = writeln!(text, "{effect} ({principal}, {action}, {resource});");
    text
}

fn scope_text(variable: &str, scope: &Scope) -> String {
    match scope {
        Scope::Any => variable.to_string(),
        Scope::Is(kind) => format!("{variable} is {kind}"),
        Scope::Eq(uid) => format!("{variable} == {uid}"),
        Scope::In(uid) => format!("{variable} in {uid}"),
        Scope::IsIn(kind, uid) => format!("{variable} is {kind} in {uid}"),
    }
}

/// Every grant as Cedar policies, in the order of their ids.
pub fn policies_text(facts: &Facts) -> String {
    facts.grants.iter().map(policy_text).collect::<Vec<_>>().join("\n")
}

/// Policies of a text, each under its `@id`. One without gets the name of its file and its number: `policies.cedar#3`.
///
/// # Errors
/// Where in the text it is not Cedar, which id stands twice, or that there is a template.
pub fn named_policies(text: &str, file: &str) -> Result<PolicySet, CedarError> {
    let parsed: PolicySet = text.parse().map_err(|error| CedarError(format!("{error}")))?;
    if let Some(template) = parsed.templates().next() {
        let id = template.annotation("id").unwrap_or_default();
        return Err(CedarError(format!(
            "`{id}` is a template (it has `?principal` or `?resource`), and nothing here links templates"
        )));
    }
    let mut named = PolicySet::new();
    for policy in parsed.policies() {
        let id = match policy.annotation("id") {
            Some(id) => PolicyId::new(id),
            None => {
                // Cedar numbers unnamed policies `policy0`, `policy1`, … in the order of the text.
                let number = policy.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(0) + 1;
                PolicyId::new(format!("{file}#{number}"))
            }
        };
        let twice = |_| CedarError(format!("the id `{id}` stands twice"));
        named.add(policy.new_id(id.clone())).map_err(twice)?;
    }
    Ok(named)
}

/// An error with what caused it, in one sentence.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
