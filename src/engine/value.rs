// SPDX-License-Identifier: Apache-2.0
//! Values: what expressions yield, in sixteen bytes each.

use super::extension::Ip;
use super::symbols::{Entity, View, Word};
use crate::name::Uid;
use std::cmp::Ordering;

/// A value. Words, entities and what lies in sets and records are numbers of one [`View`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Long(i64),
    Text(Word),
    Entity(Entity),
    /// Members in the order of [`compare`], each once: equal sets have equal members at equal places.
    Set(Span),
    /// Names and values in turn, in the order of the names' numbers.
    Record(Span),
    /// Address and prefix.
    Ip4(u32, u8),
    /// Where the two halves of the address lie, and the prefix.
    Ip6(u32, u8),
    /// In ten-thousandths.
    Decimal(i64),
    /// In milliseconds since 1970.
    Datetime(i64),
    /// In milliseconds.
    Duration(i64),
}

/// A part of the values of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub at: u32,
    pub len: u32,
}

/// A value with its words spelt out: what goes in, before it is numbered.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    Bool(bool),
    Long(i64),
    Text(String),
    Entity(Uid),
    Set(Vec<Plain>),
    /// Names, each once, and their values.
    Record(Vec<(String, Plain)>),
    Ip(Ip),
    /// In ten-thousandths.
    Decimal(i64),
    /// In milliseconds since 1970.
    Datetime(i64),
    /// In milliseconds.
    Duration(i64),
}

impl Plain {
    /// How deep it is nested: 1 for what holds nothing else.
    pub fn depth(&self) -> u32 {
        match self {
            Plain::Set(members) => 1 + members.iter().map(Plain::depth).max().unwrap_or(0),
            Plain::Record(fields) => 1 + fields.iter().map(|(_, field)| field.depth()).max().unwrap_or(0),
            _ => 1,
        }
    }

    /// The value of an extension function on a text, by Cedar's name of the function; `None` where there is no such
    /// function, or the text is none of its values.
    pub fn extension(function: &str, text: &str) -> Option<Plain> {
        match function {
            "ip" => Ip::read(text).map(Plain::Ip),
            "decimal" => super::extension::read_decimal(text).map(Plain::Decimal),
            "datetime" => super::extension::read_datetime(text).map(Plain::Datetime),
            "duration" => super::extension::read_duration(text).map(Plain::Duration),
            _ => None,
        }
    }
}

/// The address behind `Ip4` and `Ip6`.
pub(super) fn ip(view: &View, value: Value) -> Option<Ip> {
    match value {
        Value::Ip4(address, prefix) => Some(Ip { v6: false, address: address.into(), prefix }),
        Value::Ip6(at, prefix) => match view.values(Span { at, len: 2 }) {
            [Value::Long(high), Value::Long(low)] => {
                let address = u128::from(*high as u64) << 64 | u128::from(*low as u64);
                Some(Ip { v6: true, address, prefix })
            }
            _ => None,
        },
        _ => None,
    }
}

/// Cedar's `==`: values of different types are different, sets are equal by their members.
pub(super) fn equal(view: &View, a: Value, b: Value) -> bool {
    match (a, b) {
        (Value::Set(a), Value::Set(b)) | (Value::Record(a), Value::Record(b)) => {
            // The same place has the same members; and what is equal has as many.
            a == b || a.len == b.len && view.values(a).iter().zip(view.values(b)).all(|(a, b)| equal(view, *a, *b))
        }
        (Value::Ip6(..), Value::Ip6(..)) => ip(view, a) == ip(view, b),
        _ => a == b,
    }
}

/// A total order in which equal values, and only they, are equal. It means nothing else.
pub(super) fn compare(view: &View, a: Value, b: Value) -> Ordering {
    let rank = |value: Value| match value {
        Value::Bool(_) => 0,
        Value::Long(_) => 1,
        Value::Text(_) => 2,
        Value::Entity(_) => 3,
        Value::Set(_) => 4,
        Value::Record(_) => 5,
        Value::Ip4(..) | Value::Ip6(..) => 6,
        Value::Decimal(_) => 7,
        Value::Datetime(_) => 8,
        Value::Duration(_) => 9,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        (Value::Long(a), Value::Long(b))
        | (Value::Decimal(a), Value::Decimal(b))
        | (Value::Datetime(a), Value::Datetime(b))
        | (Value::Duration(a), Value::Duration(b)) => a.cmp(&b),
        (Value::Text(a), Value::Text(b)) | (Value::Entity(a), Value::Entity(b)) => a.cmp(&b),
        (Value::Set(a), Value::Set(b)) | (Value::Record(a), Value::Record(b)) => {
            let pairs = view.values(a).iter().zip(view.values(b));
            let differing = pairs.map(|(a, b)| compare(view, *a, *b)).find(|order| order.is_ne());
            a.len.cmp(&b.len).then_with(|| differing.unwrap_or(Ordering::Equal))
        }
        _ if rank(a) == 6 && rank(b) == 6 => ip(view, a).cmp(&ip(view, b)),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Puts members into the order of sets, each once.
pub(super) fn canonical_set(view: &View, members: &mut Vec<Value>) {
    let order = in_order(members.len(), &mut |a, b| compare(view, members[a], members[b]));
    let mut sorted: Vec<Value> = order.into_iter().map(|at| members[at as usize]).collect();
    sorted.dedup_by(|a, b| equal(view, *a, *b));
    *members = sorted;
}

/// Puts the fields of a record into the order of their names' numbers, as they lie in memory; `None` where a name stands
/// twice.
pub(super) fn flat_record(fields: &[(Word, Value)]) -> Option<Vec<Value>> {
    let order = in_order(fields.len(), &mut |a, b| fields[a].0.cmp(&fields[b].0));
    let mut flat: Vec<Value> = Vec::with_capacity(fields.len() * 2);
    for at in order {
        let (name, value) = fields[at as usize];
        if flat.len() >= 2 && flat[flat.len() - 2] == Value::Text(name) {
            return None;
        }
        flat.extend([Value::Text(name), value]);
    }
    Some(flat)
}

/// The places of so many items in their order, by a heap: the library's sort is as large in a page as all that reads Cedar's
/// extension types, and what is sorted here is short.
pub(super) fn in_order(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<u32> {
    let mut places: Vec<u32> = (0..count as u32).collect();
    let mut is_less = |places: &[u32], a: usize, b: usize| compare(places[a] as usize, places[b] as usize).is_lt();
    let mut sift = |places: &mut [u32], mut root: usize, end: usize| loop {
        let mut child = 2 * root + 1;
        if child >= end {
            break;
        }
        if child + 1 < end && is_less(places, child, child + 1) {
            child += 1;
        }
        if !is_less(places, root, child) {
            break;
        }
        places.swap(root, child);
        root = child;
    };
    for root in (0..count / 2).rev() {
        sift(&mut places, root, count);
    }
    for end in (1..count).rev() {
        places.swap(0, end);
        sift(&mut places, 0, end);
    }
    places
}

/// Whether a set of these members holds a value.
pub(super) fn holds(view: &View, members: &[Value], value: Value) -> bool {
    if members.len() <= 8 {
        return members.iter().any(|member| equal(view, *member, value));
    }
    members.binary_search_by(|member| compare(view, *member, value)).is_ok()
}
