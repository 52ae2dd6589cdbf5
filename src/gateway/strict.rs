// SPDX-License-Identifier: Apache-2.0
//! JSON from strangers, read strictly: each key once, no deeper than allowed (RFC 7493).
//!
//! Where a key stands twice, one reader takes the first and the next one the last: a gate and an origin would decide on
//! two different bodies.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// How deep objects and lists may nest.
pub const MAX_JSON_DEPTH: usize = 32;

/// Reads one JSON text.
///
/// # Errors
/// Says what is wrong and where, in words for whoever sent it.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: MAX_JSON_DEPTH }.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

/// The value at an RFC 6901 pointer; `None` where there is none, and where it is null.
///
/// # Errors
/// On the way there, an object has two keys that differ in case alone. Go's decoder takes either for the other, and the
/// last one wins.
pub fn at<'a>(value: &'a Value, pointer: &str) -> Result<Option<&'a Value>, &'static str> {
    let mut here = value;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match here {
            Value::Object(fields) => {
                let wanted = folded(&token);
                if fields.keys().any(|key| *key != token && folded(key) == wanted) {
                    return Err("a key of the body is spelt like one that decides, but in another case");
                }
                fields.get(&token)
            }
            Value::Array(items) if token == "0" || !token.starts_with('0') => {
                token.parse::<usize>().ok().and_then(|index| items.get(index))
            }
            _ => None,
        };
        match next {
            Some(value) => here = value,
            None => return Ok(None),
        }
    }
    Ok((!here.is_null()).then_some(here))
}

/// Upper case, then lower: `ſ` and `K` (the Kelvin sign) fold to `s` and `k`, as they do for Go.
fn folded(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

/// A value, with what is left of the depth.
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.inner()?;
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { depth })? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let depth = self.inner()?;
        let mut all = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
            let value = fields.next_value_seed(Strict { depth })?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

impl Strict {
    fn inner<E: Error>(&self) -> Result<usize, E> {
        self.depth.checked_sub(1).ok_or_else(|| E::custom(format!("it nests deeper than {MAX_JSON_DEPTH} levels")))
    }
}

/// Whether a `Content-Type` names JSON in UTF-8: `application/json`, at most with `charset=utf-8`.
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_json && parts.all(|part| part.to_ascii_lowercase().replace('"', "") == "charset=utf-8")
}
