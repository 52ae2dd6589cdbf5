// SPDX-License-Identifier: Apache-2.0
//! Cedar's own code: it reads policies, what was exported (`export`) and questions; and it judges them a second time.

mod arity;
mod outline;
mod places;
mod program;
mod reads;
mod verify;
mod world;

pub use outline::{Form, Outline, Part, outlines};
pub use places::statements;
pub use program::{json_uid, plain, program};
pub use reads::{attributes_read, entities_named, forbids_use_in};
pub use verify::Judge;
pub use world::{context, data};

use crate::export;
use crate::facts::Facts;
use crate::name::{Uid, unquote};
use cedar_policy::{Entities, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet};
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

/// All entities of an export, with their ancestors worked out.
///
/// # Errors
/// Cedar does not take them: entities that lie in each other, say.
pub fn entities(facts: &Facts) -> Result<Entities, CedarError> {
    Entities::from_json_value(export::entities_json(facts), None).map_err(|error| CedarError(with_causes(&error)))
}

/// Policies of a text, each under its `@id`. One without gets the name of its file and its number: `policies.cedar#3`.
///
/// # Errors
/// Where in the text it is not Cedar, which id stands twice, or that there is a template.
pub fn named_policies(text: &str, file: &str) -> Result<PolicySet, CedarError> {
    let parsed: PolicySet = text.parse().map_err(|error| CedarError(format!("{error}")))?;
    Ok(named(&parsed, file)?.0)
}

/// As [`named_policies`], of what is parsed already; and the ids in the order of the text.
///
/// # Errors
/// As there.
pub fn named(parsed: &PolicySet, file: &str) -> Result<(PolicySet, Vec<String>), CedarError> {
    if let Some(template) = parsed.templates().next() {
        let id = template.annotation("id").unwrap_or_default();
        return Err(CedarError(format!(
            "`{id}` is a template (it has `?principal` or `?resource`), and nothing here links templates"
        )));
    }
    let mut named = PolicySet::new();
    let mut order = Vec::new();
    for policy in parsed.policies() {
        // Cedar numbers policies `policy0`, `policy1`, … in the order of the text.
        let number = policy.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(0);
        let id = match policy.annotation("id") {
            Some(id) => PolicyId::new(id),
            None => PolicyId::new(format!("{file}#{}", number + 1)),
        };
        order.push((number, id.to_string()));
        let twice = |_| CedarError(format!("the id `{id}` stands twice"));
        named.add(policy.new_id(id.clone())).map_err(twice)?;
    }
    order.sort();
    Ok((named, order.into_iter().map(|(_, id)| id).collect()))
}

/// The same policies, each kept as its syntax tree. Of one that was read from text Cedar keeps the text, and reads it again
/// whenever it is asked for the tree, which is most of what compiling costs. One that is no tree of Cedar's stays as it is.
pub fn as_trees(policies: &PolicySet) -> PolicySet {
    let tree = |policy: &Policy| Policy::from_json(Some(policy.id().clone()), policy.to_json().ok()?).ok();
    let mut trees = PolicySet::new();
    for policy in policies.policies() {
        if trees.add(tree(policy).unwrap_or_else(|| policy.clone())).is_err() {
            return policies.clone();
        }
    }
    trees
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
