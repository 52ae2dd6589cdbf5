// SPDX-License-Identifier: Apache-2.0
//! The evaluator: Cedar's meaning of every operator, errors included.
//!
//! The order of evaluation is Cedar's: operands from left to right, types after both are evaluated, `&&`, `||` and `if`
//! only as far as needed. `tests/agree` compares each policy that fails, and how, with Cedar's own evaluator.

use super::data::Data;
use super::extension::{self, Ip};
use super::program::{Node, Op, Program, WILDCARD, shown};
use super::symbols::{Entity, Layer, View, Word, Writer};
use super::value::{Span, Value, canonical_set, equal, holds, ip};

/// Why a condition has no value. The names are those of Cedar's own errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    NoSuchEntity(Entity),
    NoSuchAttribute(Entity, Word),
    NoSuchField(Word),
    NoSuchTag(Entity, Word),
    WrongType(Value),
    Overflow,
    WrongArguments,
    /// A text that is no value of its extension type, or a result that its type cannot hold.
    Extension,
}

impl Fault {
    /// For people; says nothing that the policy's author does not know.
    pub fn sentence(&self, view: &View) -> String {
        match *self {
            Fault::NoSuchEntity(entity) => format!("`{}` does not exist", view.uid(entity)),
            Fault::NoSuchAttribute(entity, name) => {
                format!("`{}` does not have the attribute `{}`", view.uid(entity), view.word(name))
            }
            Fault::NoSuchField(name) => format!("the record does not have the attribute `{}`", view.word(name)),
            Fault::NoSuchTag(entity, name) => {
                format!("`{}` does not have the tag `{}`", view.uid(entity), view.word(name))
            }
            Fault::WrongType(value) => format!("{} is of a type that does not fit here", shown(view, value)),
            Fault::Overflow => "integer overflow".to_string(),
            Fault::WrongArguments => "a function with the wrong number of arguments".to_string(),
            Fault::Extension => "a text is no such value, or a result does not fit its type".to_string(),
        }
    }
}

/// One request's evaluation.
pub(super) struct Evaluator<'a> {
    pub program: &'a Program,
    pub data: &'a Data,
    /// The request's own layer: what the context brings, and what is computed.
    pub request: &'a mut Layer,
    pub principal: Entity,
    pub action: Entity,
    pub resource: Entity,
    pub context: Value,
}

impl Evaluator<'_> {
    pub fn view(&self) -> View<'_> {
        View { program: &self.program.layer, data: &self.data.layer, request: self.request }
    }

    pub fn boolean(&mut self, node: u32) -> Result<bool, Fault> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            other => Err(Fault::WrongType(other)),
        }
    }

    pub fn value(&mut self, node: u32) -> Result<Value, Fault> {
        let program = self.program;
        let Node { op, a, b, c } = program.nodes[node as usize];
        Ok(match op {
            Op::Constant => program.layer.values[a as usize],
            Op::Principal => Value::Entity(self.principal),
            Op::Action => Value::Entity(self.action),
            Op::Resource => Value::Entity(self.resource),
            Op::Context => self.context,
            Op::Not => Value::Bool(!self.boolean(a)?),
            Op::Negate => Value::Long(self.long(a)?.checked_neg().ok_or(Fault::Overflow)?),
            Op::IsEmpty => Value::Bool(self.set(a)?.len == 0),
            Op::All => {
                for operand in program.list(a, b) {
                    if !self.boolean(*operand)? {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            Op::Any => {
                for operand in program.list(a, b) {
                    if self.boolean(*operand)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
            Op::If => return if self.boolean(a)? { self.value(b) } else { self.value(c) },
            Op::Equal | Op::NotEqual => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                Value::Bool(equal(&self.view(), left, right) == (op == Op::Equal))
            }
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (left, right) = comparable(left, right)?;
                Value::Bool(match op {
                    Op::Less => left < right,
                    Op::LessOrEqual => left <= right,
                    Op::Greater => left > right,
                    _ => left >= right,
                })
            }
            Op::Add | Op::Subtract | Op::Multiply => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (left, right) = (as_long(left)?, as_long(right)?);
                let result = match op {
                    Op::Add => left.checked_add(right),
                    Op::Subtract => left.checked_sub(right),
                    _ => left.checked_mul(right),
                };
                Value::Long(result.ok_or(Fault::Overflow)?)
            }
            Op::In => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                Value::Bool(self.is_in(as_entity(left)?, right)?)
            }
            Op::Contains => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let set = as_set(left)?;
                let view = self.view();
                Value::Bool(holds(&view, view.values(set), right))
            }
            Op::ContainsAll | Op::ContainsAny => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (left, right) = (as_set(left)?, as_set(right)?);
                let view = self.view();
                let members = view.values(left);
                let mut wanted = view.values(right).iter();
                Value::Bool(match op {
                    Op::ContainsAll => wanted.all(|value| holds(&view, members, *value)),
                    _ => wanted.any(|value| holds(&view, members, *value)),
                })
            }
            Op::HasTag | Op::GetTag => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (entity, tag) = (as_entity(left)?, as_text(right)?);
                let found = self.data.tag(entity, tag);
                match op {
                    Op::HasTag => Value::Bool(found.is_some()),
                    _ if !self.data.exists(entity) => return Err(Fault::NoSuchEntity(entity)),
                    _ => found.ok_or(Fault::NoSuchTag(entity, tag))?,
                }
            }
            Op::Is => {
                let entity = as_entity(self.value(a)?)?;
                Value::Bool(self.view().kind(entity) == b)
            }
            Op::Has => {
                let value = self.value(a)?;
                Value::Bool(self.attribute(value, b)?.is_some())
            }
            Op::HasPath => {
                let mut value = self.value(a)?;
                for name in program.list(b, c) {
                    match self.attribute(value, *name)? {
                        Some(next) => value = next,
                        None => return Ok(Value::Bool(false)),
                    }
                }
                Value::Bool(true)
            }
            Op::Get => {
                let value = self.value(a)?;
                match (self.attribute(value, b)?, value) {
                    (Some(found), _) => found,
                    (None, Value::Entity(entity)) if !self.data.exists(entity) => {
                        return Err(Fault::NoSuchEntity(entity));
                    }
                    (None, Value::Entity(entity)) => return Err(Fault::NoSuchAttribute(entity, b)),
                    (None, _) => return Err(Fault::NoSuchField(b)),
                }
            }
            Op::Like => {
                let text = as_text(self.value(a)?)?;
                Value::Bool(is_like(self.view().word(text), program.list(b, c)))
            }
            Op::Set => {
                let mut members = Vec::with_capacity(b as usize);
                for operand in program.list(a, b) {
                    members.push(self.value(*operand)?);
                }
                canonical_set(&self.view(), &mut members);
                Value::Set(self.writer().push(&members))
            }
            Op::Record => {
                let mut fields = Vec::with_capacity(b as usize / 2);
                // Evaluated in the order of the names' spelling, as Cedar keeps them; kept in that of their numbers.
                for pair in program.list(a, b).chunks_exact(2) {
                    fields.push((pair[0], self.value(pair[1])?));
                }
                fields.sort_by_key(|(name, _)| *name);
                let flat: Vec<Value> =
                    fields.into_iter().flat_map(|(name, value)| [Value::Text(name), value]).collect();
                Value::Record(self.writer().push(&flat))
            }
            Op::Ip => {
                let text = as_text(self.value(a)?)?;
                let ip = Ip::read(self.view().word(text)).ok_or(Fault::Extension)?;
                self.writer().ip(ip)
            }
            Op::Decimal => Value::Decimal(self.read(a, extension::read_decimal)?),
            Op::Datetime => Value::Datetime(self.read(a, extension::read_datetime)?),
            Op::Duration => Value::Duration(self.read(a, extension::read_duration)?),
            Op::IsIpv4 => Value::Bool(!self.ip(a)?.v6),
            Op::IsIpv6 => Value::Bool(self.ip(a)?.v6),
            Op::IsLoopback => Value::Bool(self.ip(a)?.is_loopback()),
            Op::IsMulticast => Value::Bool(self.ip(a)?.is_multicast()),
            Op::IsInRange => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (left, right) = (self.as_ip(left)?, self.as_ip(right)?);
                Value::Bool(left.is_in_range(right))
            }
            Op::DecimalLess | Op::DecimalLessOrEqual | Op::DecimalGreater | Op::DecimalGreaterOrEqual => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (left, right) = (as_decimal(left)?, as_decimal(right)?);
                Value::Bool(match op {
                    Op::DecimalLess => left < right,
                    Op::DecimalLessOrEqual => left <= right,
                    Op::DecimalGreater => left > right,
                    _ => left >= right,
                })
            }
            Op::Offset => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (time, duration) = (as_datetime(left)?, as_duration(right)?);
                Value::Datetime(time.checked_add(duration).ok_or(Fault::Extension)?)
            }
            Op::DurationSince => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                let (left, right) = (as_datetime(left)?, as_datetime(right)?);
                Value::Duration(left.checked_sub(right).ok_or(Fault::Extension)?)
            }
            Op::ToDate => {
                let time = as_datetime(self.value(a)?)?;
                Value::Datetime(extension::to_date(time).ok_or(Fault::Extension)?)
            }
            Op::ToTime => Value::Duration(extension::to_time(as_datetime(self.value(a)?)?)),
            Op::ToMilliseconds => Value::Long(as_duration(self.value(a)?)?),
            Op::ToSeconds => Value::Long(extension::to_seconds(as_duration(self.value(a)?)?)),
            Op::ToMinutes => Value::Long(extension::to_minutes(as_duration(self.value(a)?)?)),
            Op::ToHours => Value::Long(extension::to_hours(as_duration(self.value(a)?)?)),
            Op::ToDays => Value::Long(extension::to_days(as_duration(self.value(a)?)?)),
            Op::WrongArguments => {
                for operand in program.list(a, b) {
                    self.value(*operand)?;
                }
                return Err(Fault::WrongArguments);
            }
        })
    }

    fn writer(&mut self) -> Writer<'_> {
        Writer { below: [Some(&self.program.layer), Some(&self.data.layer)], layer: self.request }
    }

    fn long(&mut self, node: u32) -> Result<i64, Fault> {
        as_long(self.value(node)?)
    }

    fn set(&mut self, node: u32) -> Result<Span, Fault> {
        as_set(self.value(node)?)
    }

    fn ip(&mut self, node: u32) -> Result<Ip, Fault> {
        let value = self.value(node)?;
        self.as_ip(value)
    }

    fn as_ip(&self, value: Value) -> Result<Ip, Fault> {
        ip(&self.view(), value).ok_or(Fault::WrongType(value))
    }

    fn read(&mut self, node: u32, read: impl Fn(&str) -> Option<i64>) -> Result<i64, Fault> {
        let text = as_text(self.value(node)?)?;
        read(self.view().word(text)).ok_or(Fault::Extension)
    }

    /// The attribute of an entity, which need not exist, or of a record.
    fn attribute(&self, value: Value, name: Word) -> Result<Option<Value>, Fault> {
        match value {
            Value::Entity(entity) => Ok(self.data.attribute(entity, name)),
            Value::Record(span) => {
                let fields = self.view().values(span);
                Ok(fields.chunks_exact(2).find(|pair| pair[0] == Value::Text(name)).map(|pair| pair[1]))
            }
            other => Err(Fault::WrongType(other)),
        }
    }

    fn is_in(&self, entity: Entity, whole: Value) -> Result<bool, Fault> {
        let lies_in = |other: Entity| other == entity || self.data.above(entity).contains(&other);
        match whole {
            Value::Entity(other) => Ok(lies_in(other)),
            Value::Set(span) => {
                let members = self.view().values(span);
                // A member that is no entity is an error even where another one holds.
                if let Some(other) = members.iter().find(|member| !matches!(member, Value::Entity(_))) {
                    return Err(Fault::WrongType(*other));
                }
                Ok(members.iter().any(|member| matches!(member, Value::Entity(other) if lies_in(*other))))
            }
            other => Err(Fault::WrongType(other)),
        }
    }
}

/// What `<` compares: two numbers, two instants or two durations. Decimals are compared by their own functions.
fn comparable(left: Value, right: Value) -> Result<(i64, i64), Fault> {
    match (left, right) {
        (Value::Long(a), Value::Long(b))
        | (Value::Datetime(a), Value::Datetime(b))
        | (Value::Duration(a), Value::Duration(b)) => Ok((a, b)),
        (Value::Long(_) | Value::Datetime(_) | Value::Duration(_), other) => Err(Fault::WrongType(other)),
        (other, _) => Err(Fault::WrongType(other)),
    }
}

fn as_long(value: Value) -> Result<i64, Fault> {
    match value {
        Value::Long(value) => Ok(value),
        other => Err(Fault::WrongType(other)),
    }
}

fn as_text(value: Value) -> Result<Word, Fault> {
    match value {
        Value::Text(word) => Ok(word),
        other => Err(Fault::WrongType(other)),
    }
}

fn as_entity(value: Value) -> Result<Entity, Fault> {
    match value {
        Value::Entity(entity) => Ok(entity),
        other => Err(Fault::WrongType(other)),
    }
}

fn as_set(value: Value) -> Result<Span, Fault> {
    match value {
        Value::Set(span) => Ok(span),
        other => Err(Fault::WrongType(other)),
    }
}

fn as_decimal(value: Value) -> Result<i64, Fault> {
    match value {
        Value::Decimal(value) => Ok(value),
        other => Err(Fault::WrongType(other)),
    }
}

fn as_datetime(value: Value) -> Result<i64, Fault> {
    match value {
        Value::Datetime(value) => Ok(value),
        other => Err(Fault::WrongType(other)),
    }
}

fn as_duration(value: Value) -> Result<i64, Fault> {
    match value {
        Value::Duration(value) => Ok(value),
        other => Err(Fault::WrongType(other)),
    }
}

/// Whether a text matches a pattern of characters and wildcards. Each wildcard first takes nothing, and one character more
/// whenever what follows does not fit: only the last one seen need ever grow, so the time is at most text × pattern.
fn is_like(text: &str, pattern: &[u32]) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    // Where the last wildcard stands, and what is left of the text behind what it takes.
    let mut retry: Option<(usize, std::str::Chars)> = None;
    loop {
        if pattern.get(at) == Some(&WILDCARD) {
            retry = Some((at, rest.clone()));
            at += 1;
            continue;
        }
        match (rest.next(), pattern.get(at)) {
            (None, None) => return true,
            (Some(c), Some(wanted)) if u32::from(c) == *wanted => at += 1,
            (None, Some(_)) => return false,
            _ => {
                let Some((wildcard, from)) = &mut retry else { return false };
                if from.next().is_none() {
                    return false;
                }
                rest = from.clone();
                at = *wildcard + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        let pattern: Vec<u32> = pattern.chars().map(|c| if c == '*' { WILDCARD } else { c.into() }).collect();
        is_like(text, &pattern)
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern) in [
            ("", ""),
            ("", "*"),
            ("", "***"),
            ("a", "*"),
            ("abc", "a*c"),
            ("abcbc", "a*bc"),
            ("ac", "a*c"),
            ("aab", "*ab"),
            ("é🙂", "*🙂"),
            ("mississippi", "m*iss*pi"),
        ] {
            assert!(like(text, pattern), "{text} like {pattern}");
        }
        for (text, pattern) in [("", "a"), ("a", ""), ("abc", "a*b"), ("ab", "a*c"), ("a", "*a*a*"), ("é", "e")] {
            assert!(!like(text, pattern), "{text} like {pattern}");
        }
    }
}
