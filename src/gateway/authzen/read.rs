// SPDX-License-Identifier: Apache-2.0
//! A question as the standard writes it, read into one of the engine's: types and ids of the model, a checked context,
//! and of the properties those that the model lets a caller say.

use super::Problem;
use crate::decide::{Context, Query};
use crate::engine::Plain;
use crate::facts::{External, Given};
use crate::gateway::routes::{Question, entity_id, typed};
use crate::mapping::{ColumnKind, ContextType, Mapping};
use crate::name::Uid;
use crate::rows::normal_uuid;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields of an object.
pub(super) type Fields = Map<String, Value>;

/// What one question consists of, not yet read. In a batch, what an item does not say is said for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub subject: Option<&'a Value>,
    pub action: Option<&'a Value>,
    pub resource: Option<&'a Value>,
    pub context: Option<&'a Value>,
}

/// A question that was understood.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// To be decided.
    Posed(Box<Posed>),
    /// It names a type that the model does not have, or an id that nothing can have: nobody may do that.
    Nothing,
}

/// A question to the engine.
#[derive(Clone, Debug)]
pub(super) struct Posed {
    pub query: Query,
    /// What it says of its entities, for itself alone.
    pub given: Vec<Given>,
    /// The context in Cedar's JSON form.
    pub context: Fields,
}

impl Posed {
    /// The same in the form in which a route asks, which says nothing of entities.
    pub fn question(&self) -> Question {
        let Query { action, resource, .. } = &self.query;
        Question { action: action.clone(), resource: resource.clone(), context: self.context.clone() }
    }
}

/// A type of the model, and an id as its rows have it; `None` for what nothing can be.
pub(super) type Known = Option<Uid>;

impl<'a> Parts<'a> {
    pub fn of(fields: &'a Fields) -> Parts<'a> {
        let [subject, action, resource, context] =
            ["subject", "action", "resource", "context"].map(|name| fields.get(name));
        Parts { subject, action, resource, context }
    }

    /// These, and for what they lack, others: whole entities, never parts of them.
    pub fn or(self, others: Parts<'a>) -> Parts<'a> {
        Parts {
            subject: self.subject.or(others.subject),
            action: self.action.or(others.action),
            resource: self.resource.or(others.resource),
            context: self.context.or(others.context),
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// It is not what the standard asks for, or not of the types that the model says.
    pub fn read(&self, mapping: &Mapping) -> Result<Asked, Problem> {
        let (subject, action, resource) = (self.subject(mapping)?, self.action()?, self.resource(mapping)?);
        let context = self.context(action, mapping)?;
        let (Some(subject), Some(resource)) = (subject, resource) else { return Ok(Asked::Nothing) };
        let given = self.given(Some(&subject), Some(&resource), mapping)?;
        posed(subject, action, resource, context, given, mapping).map(|posed| Asked::Posed(Box::new(posed)))
    }

    /// Who asks. Only principals do: a role as the subject would lie in itself and hold its own grants.
    pub fn subject(&self, mapping: &Mapping) -> Result<Known, Problem> {
        let part = object(self.subject, "subject")?;
        let (kind, id) = (text(part, "subject", "type")?, text(part, "subject", "id")?);
        Ok(known(principal_type(kind, mapping), id, mapping))
    }

    pub fn resource(&self, mapping: &Mapping) -> Result<Known, Problem> {
        let part = object(self.resource, "resource")?;
        let (kind, id) = (text(part, "resource", "type")?, text(part, "resource", "id")?);
        Ok(known(resource_type(kind, mapping), id, mapping))
    }

    pub fn action(&self) -> Result<&'a str, Problem> {
        text(object(self.action, "action")?, "action", "name")
    }

    /// The type that is looked for, as the request spells it.
    pub fn searched(&self, name: &str) -> Result<&'a str, Problem> {
        let part = if name == "subject" { self.subject } else { self.resource };
        text(object(part, name)?, name, "type")
    }

    /// The attributes of the context that the action takes, in Cedar's JSON form. Others are passed over, as the standard
    /// wants; null is none. What the context does not say, a property of the action may.
    ///
    /// # Errors
    /// One of them is of another type.
    pub fn context(&self, action: &str, mapping: &Mapping) -> Result<Fields, Problem> {
        let said = match self.context {
            None => None,
            Some(Value::Object(context)) => Some(context),
            Some(_) => return Err(Problem::bad("`context` is no object")),
        };
        let of_action = self.action.and_then(properties);
        let mut known = Map::new();
        for (name, kind) in mapping.context_of(action) {
            let find = |fields: Option<&'a Fields>| fields?.get(name).filter(|value| !value.is_null());
            let (value, of) = match (find(said), find(of_action)) {
                (Some(value), _) => (value, "context"),
                (None, Some(value)) => (value, "action.properties"),
                (None, None) => continue,
            };
            known.insert(name.to_string(), attribute(value, kind, mapping).ok_or_else(|| unfit(of, name, kind))?);
        }
        Ok(known)
    }

    /// What the question says of its two entities, as far as the model lets it.
    ///
    /// # Errors
    /// A value of another type, one that is missing and needed, or two of one attribute of one entity.
    pub fn given(
        &self,
        subject: Option<&Uid>,
        resource: Option<&Uid>,
        mapping: &Mapping,
    ) -> Result<Vec<Given>, Problem> {
        let mut all: Vec<Given> = Vec::new();
        for (uid, part, of) in [(subject, self.subject, "subject"), (resource, self.resource, "resource")] {
            let Some(uid) = uid else { continue };
            let given = given(uid, part.and_then(properties), of, mapping)?;
            let differs = |other: &Given| {
                let other = |name: &str| other.attributes.iter().find(|(own, _)| own == name);
                given.attributes.iter().any(|(name, value)| other(name).is_some_and(|(_, own)| own != value))
            };
            if all.iter().any(|other| other.uid == *uid && differs(other)) {
                return Err(Problem::bad("subject and resource are one, and their `properties` differ"));
            }
            if !given.attributes.is_empty() {
                all.push(given);
            }
        }
        Ok(all)
    }
}

/// A question to the engine, of parts that were read.
///
/// # Errors
/// The context lacks what the action needs.
pub(super) fn posed(
    principal: Uid,
    action: &str,
    resource: Uid,
    context: Fields,
    given: Vec<Given>,
    mapping: &Mapping,
) -> Result<Posed, Problem> {
    let mut read =
        Context::read(&mapping.context_of(action), &context).map_err(|error| Problem::bad(error.to_string()))?;
    // Policies may look into what a property names: rows of it are needed, and one that cannot be read denies.
    read.entities.extend(given.iter().flat_map(|given| &given.attributes).filter_map(|(_, value)| match value {
        Plain::Entity(uid) => Some(uid.clone()),
        _ => None,
    }));
    let externals = External::among(mapping, [&principal, &resource]);
    let query = Query { principal, action: action.to_string(), resource, context: read, externals };
    Ok(Posed { query, given, context })
}

/// The principal type of this name.
pub(super) fn principal_type<'m>(name: &str, mapping: &'m Mapping) -> Option<&'m str> {
    named(name, mapping.principals().map(|(_, entity)| entity.type_name.as_str()))
}

/// The resource type of this name.
pub(super) fn resource_type<'m>(name: &str, mapping: &'m Mapping) -> Option<&'m str> {
    named(name, mapping.resource_types())
}

/// The one type called `name`; the standard's examples write `user` where a model has `User`.
fn named<'m>(name: &str, types: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    let alike: Vec<&str> = types.filter(|own| own.eq_ignore_ascii_case(name)).collect();
    match alike.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|own| **own == name).copied(),
    }
}

fn known(kind: Option<&str>, id: &str, mapping: &Mapping) -> Known {
    let kind = kind?;
    entity_id(mapping, kind, id).ok().map(|id| Uid::new(kind, id))
}

fn object<'a>(part: Option<&'a Value>, name: &str) -> Result<&'a Fields, Problem> {
    match part {
        Some(Value::Object(fields)) => match fields.get("properties") {
            None | Some(Value::Object(_)) => Ok(fields),
            Some(_) => Err(Problem::bad(format!("`{name}.properties` is no object"))),
        },
        Some(_) => Err(Problem::bad(format!("`{name}` is no object"))),
        None => Err(Problem::bad(format!("`{name}` is missing"))),
    }
}

fn text<'a>(part: &'a Fields, of: &str, name: &str) -> Result<&'a str, Problem> {
    match part.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Problem::bad(format!("`{of}.{name}` is no text"))),
        None => Err(Problem::bad(format!("`{of}.{name}` is missing"))),
    }
}

fn properties(part: &Value) -> Option<&Fields> {
    part.get("properties").and_then(Value::as_object)
}

fn unfit(of: &str, name: &str, kind: &ContextType) -> Problem {
    Problem::bad(format!("`{name}` of `{of}` is no {}", kind.name))
}

/// What the properties say of an entity: attributes that the model lets a caller say, no others.
fn given(uid: &Uid, said: Option<&Fields>, of: &str, mapping: &Mapping) -> Result<Given, Problem> {
    let of = format!("{of}.properties");
    let mut takes: BTreeMap<&str, ContextType> = BTreeMap::new();
    let mut uuids = Vec::new();
    if let Some((table, entity)) = mapping.entity(&uid.kind) {
        for name in &entity.request {
            let name_of = match table.column(name).map(|column| column.kind) {
                Some(ColumnKind::Bool) => "Bool",
                Some(ColumnKind::Long) => "Long",
                Some(ColumnKind::Decimal) => "decimal",
                Some(ColumnKind::Time) => "datetime",
                Some(ColumnKind::Text) => "String",
                Some(ColumnKind::Uuid) => {
                    uuids.push(name.as_str());
                    "String"
                }
                Some(ColumnKind::Blob) | None => continue,
            };
            takes.insert(name, ContextType { name: name_of.to_string(), optional: true });
        }
    } else if let Some(external) = mapping.externals.get(&uid.kind) {
        takes.extend(external.attributes.iter().map(|(name, kind)| (name.as_str(), kind.clone())));
    }
    let mut values = Map::new();
    for (name, kind) in &takes {
        match said.and_then(|said| said.get(*name)).filter(|value| !value.is_null()) {
            Some(value) => {
                let mut value = attribute(value, kind, mapping).ok_or_else(|| unfit(&of, name, kind))?;
                // As rows are read: two spellings of one UUID are the same value.
                if let (true, Value::String(text)) = (uuids.contains(name), &mut value) {
                    *text = normal_uuid(text);
                }
                values.insert(name.to_string(), value);
            }
            None if kind.optional => {}
            None => return Err(Problem::bad(format!("`{name}` of `{of}` is missing"))),
        }
    }
    let takes = takes.iter().map(|(name, kind)| (*name, kind)).collect();
    let read =
        Context::read(&takes, &values).map_err(|_| Problem::bad(format!("`{of}` has a value of another type")))?;
    Ok(Given { uid: uid.clone(), attributes: read.values().to_vec() })
}

/// A value in Cedar's JSON form; `None` where it is not of its type.
fn attribute(value: &Value, kind: &ContextType, mapping: &Mapping) -> Option<Value> {
    match (kind.name.as_str(), value) {
        ("Bool", Value::Bool(_)) => Some(value.clone()),
        ("Long", Value::Number(number)) => number.as_i64().map(Value::from),
        ("Set<String>", Value::Array(items)) => items.iter().all(Value::is_string).then(|| value.clone()),
        ("String" | "decimal" | "datetime" | "ipaddr", Value::String(text)) => typed(text, kind),
        ("Bool" | "Long" | "Set<String>" | "String" | "decimal" | "datetime" | "ipaddr", _) => None,
        (entity, Value::Object(fields)) => {
            let id = fields.get("id").and_then(Value::as_str)?;
            let of_type = named(fields.get("type").and_then(Value::as_str)?, [entity].into_iter())?;
            typed(&entity_id(mapping, of_type, id).ok()?, kind)
        }
        _ => None,
    }
}
