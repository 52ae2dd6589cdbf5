// SPDX-License-Identifier: Apache-2.0
//! The question: who, what, on which, in what context.

use crate::engine::Plain;
use crate::facts::External;
use crate::name::Uid;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// One question.
#[derive(Clone, Debug)]
pub struct Query {
    pub principal: Uid,
    /// The action's id, without its type.
    pub action: String,
    pub resource: Uid,
    /// Made by [`Context::read`], which checks it.
    pub context: Context,
    /// Entities of types that live outside the database, as the request describes them.
    pub externals: Vec<External>,
}

/// Attributes of the request, checked against what the action takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    pub(super) values: Vec<(String, Plain)>,
    /// Entities that it names: a slice loads them too.
    pub entities: Vec<Uid>,
}

impl Context {
    pub fn empty() -> Context {
        Context::default()
    }

    pub fn values(&self) -> &[(String, Plain)] {
        &self.values
    }
}

impl Query {
    /// A question without context.
    pub fn new(principal: Uid, action: impl Into<String>, resource: Uid) -> Query {
        Query { principal, action: action.into(), resource, context: Context::empty(), externals: Vec::new() }
    }
}

/// JSON in which no object has a key twice. Of two values one reader takes the first and the next one the last, so that
/// the decision would be about another request than the one that is carried out (RFC 8259, section 4).
pub(super) struct OneOfEachKey(pub Value);

impl<'de> Deserialize<'de> for OneOfEachKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOfEachKey, D::Error> {
        deserializer.deserialize_any(ValueOnce).map(OneOfEachKey)
    }
}

struct ValueOnce;

impl<'de> Visitor<'de> for ValueOnce {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(OneOfEachKey(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((key, OneOfEachKey(value))) = fields.next_entry::<String, _>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` stands twice")));
            }
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}
