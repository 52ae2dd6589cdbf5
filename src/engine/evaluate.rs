// SPDX-License-Identifier: Apache-2.0
//! The evaluator: Cedar's meaning of every operator, errors included.
//!
//! The order of evaluation is Cedar's: operands from left to right, types after both are evaluated, `&&`, `||` and `if`
//! only as far as needed. `tests/agree` compares each policy that fails, and how, with Cedar's own evaluator.

use super::data::Data;
use super::extension::{self, Ip};
use super::program::{Node, Op, Program, WILDCARD, shown};
use super::symbols::{Entity, Layer, View, Word, Writer};
use super::value::{Value, canonical_set, equal, flat_record, holds, ip};

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
    /// In a few words, without what it is about.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::NoSuchEntity(_) => "an entity does not exist",
            Fault::NoSuchAttribute(..) | Fault::NoSuchField(_) => "an attribute does not exist",
            Fault::NoSuchTag(..) => "a tag does not exist",
            Fault::WrongType(_) => "a value is of a type that does not fit",
            Fault::Overflow => "integer overflow",
            Fault::WrongArguments => "a function with the wrong number of arguments",
            Fault::Extension => "a text is no such value, or a result does not fit its type",
        }
    }

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
            other => other.kind().to_string(),
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
    /// Why the last evaluation has no value. Beside the values, so that each of them stays small.
    pub fault: Fault,
}

impl Evaluator<'_> {
    pub fn view(&self) -> View<'_> {
        View { program: &self.program.layer, data: &self.data.layer, request: self.request }
    }

    #[cold]
    fn fail<T>(&mut self, fault: Fault) -> Option<T> {
        self.fault = fault;
        None
    }

    /// The value of a node, a boolean; `None` where evaluation fails, and `fault` says why.
    pub fn boolean(&mut self, node: u32) -> Option<bool> {
        match self.value(node)? {
            Value::Bool(value) => Some(value),
            other => self.fail(Fault::WrongType(other)),
        }
    }

    /// The value of a node; `None` as for [`Evaluator::boolean`].
    pub fn value(&mut self, node: u32) -> Option<Value> {
        let program = self.program;
        let Node { op, a, b, c } = program.nodes[node as usize];
        Some(match op {
            Op::Constant => program.layer.values[a as usize],
            Op::Principal => Value::Entity(self.principal),
            Op::Action => Value::Entity(self.action),
            Op::Resource => Value::Entity(self.resource),
            Op::Context => self.context,
            Op::All | Op::Any => {
                for operand in program.list(a, b) {
                    if self.boolean(*operand)? == (op == Op::Any) {
                        return Some(Value::Bool(op == Op::Any));
                    }
                }
                Value::Bool(op == Op::All)
            }
            Op::If => return if self.boolean(a)? { self.value(b) } else { self.value(c) },
            Op::Set | Op::WrongArguments => {
                let mut members = Vec::with_capacity(b as usize);
                for operand in program.list(a, b) {
                    members.push(self.value(*operand)?);
                }
                if op == Op::WrongArguments {
                    return self.fail(Fault::WrongArguments);
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
                let flat = flat_record(&fields)?;
                Value::Record(self.writer().push(&flat))
            }
            _ => {
                let left = self.value(a)?;
                if op.operands() == 1 {
                    return self.unary(op, left, b, c);
                }
                let right = self.value(b)?;
                return self.binary(op, left, right);
            }
        })
    }

    /// What an operation with one operand yields, from its value.
    fn unary(&mut self, op: Op, value: Value, b: u32, c: u32) -> Option<Value> {
        let view = self.view();
        let wrong = Fault::WrongType(value);
        let fault = match (op, value) {
            (Op::Not, Value::Bool(value)) => return Some(Value::Bool(!value)),
            (Op::Negate, Value::Long(value)) => match value.checked_neg() {
                Some(value) => return Some(Value::Long(value)),
                None => Fault::Overflow,
            },
            (Op::IsEmpty, Value::Set(span)) => return Some(Value::Bool(span.len == 0)),
            (Op::Is, Value::Entity(entity)) => return Some(Value::Bool(view.kind(entity) == b)),
            (Op::Has, Value::Entity(_) | Value::Record(_)) => {
                return Some(Value::Bool(self.attribute(value, b).is_some()));
            }
            (Op::HasPath, _) => {
                let mut value = value;
                for name in self.program.list(b, c) {
                    if !matches!(value, Value::Entity(_) | Value::Record(_)) {
                        return self.fail(Fault::WrongType(value));
                    }
                    match self.attribute(value, *name) {
                        Some(next) => value = next,
                        None => return Some(Value::Bool(false)),
                    }
                }
                return Some(Value::Bool(true));
            }
            (Op::Get, Value::Entity(_) | Value::Record(_)) => match (self.attribute(value, b), value) {
                (Some(found), _) => return Some(found),
                (None, Value::Entity(entity)) if !self.data.exists(entity) => Fault::NoSuchEntity(entity),
                (None, Value::Entity(entity)) => Fault::NoSuchAttribute(entity, b),
                (None, _) => Fault::NoSuchField(b),
            },
            (Op::Like, Value::Text(text)) => {
                return Some(Value::Bool(is_like(view.word(text), self.program.list(b, c))));
            }
            (Op::Ip, Value::Text(text)) => match Ip::read(view.word(text)) {
                Some(ip) => return Some(self.writer().ip(ip)),
                None => Fault::Extension,
            },
            (Op::Decimal | Op::Datetime | Op::Duration, Value::Text(text)) => {
                let text = view.word(text);
                let read = match op {
                    Op::Decimal => extension::read_decimal(text).map(Value::Decimal),
                    Op::Datetime => extension::read_datetime(text).map(Value::Datetime),
                    _ => extension::read_duration(text).map(Value::Duration),
                };
                match read {
                    Some(value) => return Some(value),
                    None => Fault::Extension,
                }
            }
            (Op::IsIpv4 | Op::IsIpv6 | Op::IsLoopback | Op::IsMulticast, _) => match ip(&view, value) {
                Some(ip) => {
                    return Some(Value::Bool(match op {
                        Op::IsIpv4 => !ip.v6,
                        Op::IsIpv6 => ip.v6,
                        Op::IsLoopback => ip.is_loopback(),
                        _ => ip.is_multicast(),
                    }));
                }
                None => wrong,
            },
            (Op::ToDate, Value::Datetime(time)) => match extension::to_date(time) {
                Some(time) => return Some(Value::Datetime(time)),
                None => Fault::Extension,
            },
            (Op::ToTime, Value::Datetime(time)) => return Some(Value::Duration(extension::to_time(time))),
            (_, Value::Duration(duration)) => {
                return Some(Value::Long(match op {
                    Op::ToMilliseconds => duration,
                    Op::ToSeconds => extension::to_seconds(duration),
                    Op::ToMinutes => extension::to_minutes(duration),
                    Op::ToHours => extension::to_hours(duration),
                    Op::ToDays => extension::to_days(duration),
                    _ => return self.fail(wrong),
                }));
            }
            _ => wrong,
        };
        self.fail(fault)
    }

    /// What an operation with two operands yields, from their values.
    fn binary(&mut self, op: Op, left: Value, right: Value) -> Option<Value> {
        let view = self.view();
        let fault = match (op, left, right) {
            (Op::Equal | Op::NotEqual, ..) => {
                return Some(Value::Bool(equal(&view, left, right) == (op == Op::Equal)));
            }
            (Op::In, Value::Entity(entity), _) => match self.is_in(entity, right) {
                Ok(found) => return Some(Value::Bool(found)),
                Err(fault) => fault,
            },
            (Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual, Value::Long(a), Value::Long(b))
            | (Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual, Value::Datetime(a), Value::Datetime(b))
            | (Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual, Value::Duration(a), Value::Duration(b))
            | (
                Op::DecimalLess | Op::DecimalLessOrEqual | Op::DecimalGreater | Op::DecimalGreaterOrEqual,
                Value::Decimal(a),
                Value::Decimal(b),
            ) => {
                return Some(Value::Bool(match op {
                    Op::Less | Op::DecimalLess => a < b,
                    Op::LessOrEqual | Op::DecimalLessOrEqual => a <= b,
                    Op::Greater | Op::DecimalGreater => a > b,
                    _ => a >= b,
                }));
            }
            (Op::Add | Op::Subtract | Op::Multiply, Value::Long(a), Value::Long(b)) => {
                let result = match op {
                    Op::Add => a.checked_add(b),
                    Op::Subtract => a.checked_sub(b),
                    _ => a.checked_mul(b),
                };
                match result {
                    Some(value) => return Some(Value::Long(value)),
                    None => Fault::Overflow,
                }
            }
            (Op::Contains, Value::Set(set), _) => {
                return Some(Value::Bool(holds(&view, view.values(set), right)));
            }
            (Op::ContainsAll | Op::ContainsAny, Value::Set(set), Value::Set(wanted)) => {
                let members = view.values(set);
                // All are there if none is missing; any is there if one is not.
                let all = op == Op::ContainsAll;
                let other = view.values(wanted).iter().any(|value| holds(&view, members, *value) != all);
                return Some(Value::Bool(other != all));
            }
            (Op::HasTag | Op::GetTag, Value::Entity(entity), Value::Text(tag)) => {
                match (op, self.data.tag(entity, tag)) {
                    (Op::HasTag, found) => return Some(Value::Bool(found.is_some())),
                    (_, Some(found)) => return Some(found),
                    (_, None) if !self.data.exists(entity) => Fault::NoSuchEntity(entity),
                    (_, None) => Fault::NoSuchTag(entity, tag),
                }
            }
            (Op::IsInRange, ..) => match (ip(&view, left), ip(&view, right)) {
                (Some(left), Some(right)) => return Some(Value::Bool(left.is_in_range(right))),
                (None, _) => Fault::WrongType(left),
                (_, None) => Fault::WrongType(right),
            },
            (Op::Offset, Value::Datetime(time), Value::Duration(duration)) => match time.checked_add(duration) {
                Some(time) => return Some(Value::Datetime(time)),
                None => Fault::Extension,
            },
            (Op::DurationSince, Value::Datetime(a), Value::Datetime(b)) => match a.checked_sub(b) {
                Some(duration) => return Some(Value::Duration(duration)),
                None => Fault::Extension,
            },
            // Which of the two it is about is only for the message.
            _ => Fault::WrongType(if op.fits_left(left) { right } else { left }),
        };
        self.fail(fault)
    }

    fn writer(&mut self) -> Writer<'_> {
        Writer { below: [Some(&self.program.layer), Some(&self.data.layer)], layer: self.request }
    }

    /// The attribute of an entity, which need not exist, or of a record.
    fn attribute(&self, value: Value, name: Word) -> Option<Value> {
        match value {
            Value::Entity(entity) => self.data.attribute(entity, name),
            Value::Record(span) => {
                let fields = self.view().values(span);
                fields.chunks_exact(2).find(|pair| pair[0] == Value::Text(name)).map(|pair| pair[1])
            }
            _ => None,
        }
    }

    fn is_in(&self, entity: Entity, whole: Value) -> Result<bool, Fault> {
        let above = self.data.above(entity);
        let lies_in = |other: Entity| other == entity || above.contains(&other);
        match whole {
            Value::Entity(other) => Ok(lies_in(other)),
            Value::Set(span) => {
                let mut found = false;
                for member in self.view().values(span) {
                    match member {
                        Value::Entity(other) => found |= lies_in(*other),
                        // A member that is no entity is an error even where another one holds.
                        other => return Err(Fault::WrongType(*other)),
                    }
                }
                Ok(found)
            }
            other => Err(Fault::WrongType(other)),
        }
    }
}

impl Op {
    /// Whether a value is of a type that the left operand may have, for operations with two.
    fn fits_left(self, value: Value) -> bool {
        match self {
            Op::In | Op::HasTag | Op::GetTag => matches!(value, Value::Entity(_)),
            Op::Contains | Op::ContainsAll | Op::ContainsAny => matches!(value, Value::Set(_)),
            Op::Add | Op::Subtract | Op::Multiply => matches!(value, Value::Long(_)),
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                matches!(value, Value::Long(_) | Value::Datetime(_) | Value::Duration(_))
            }
            Op::DecimalLess | Op::DecimalLessOrEqual | Op::DecimalGreater | Op::DecimalGreaterOrEqual => {
                matches!(value, Value::Decimal(_))
            }
            Op::Offset | Op::DurationSince => matches!(value, Value::Datetime(_)),
            _ => false,
        }
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
