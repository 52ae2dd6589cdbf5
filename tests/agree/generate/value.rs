// SPDX-License-Identifier: Apache-2.0
//! Values of every Cedar type, and how they are written in policies and in JSON.

use super::texts::{ADDRESSES, DATETIMES, DECIMALS, DURATIONS, TEXTS};
use super::world::World;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Random numbers that are the same on every machine (splitmix64: one addition and two multiplications each).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of several, each as often as its number says.
    pub fn weighted<T: Copy>(&mut self, from: &[(usize, T)]) -> T {
        let mut at = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in from {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        unreachable!("the weights are summed above")
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// What an expression should evaluate to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Long,
    Text,
    Entity,
    Ip,
    Decimal,
    Datetime,
    Duration,
    Record,
    Set(&'static Kind),
    /// Whatever comes: elements of sets that mix types.
    Any,
}

pub const SCALARS: [Kind; 8] =
    [Kind::Bool, Kind::Long, Kind::Text, Kind::Entity, Kind::Ip, Kind::Decimal, Kind::Datetime, Kind::Duration];

pub const SETS: [Kind; 10] = [
    Kind::Set(&Kind::Long),
    Kind::Set(&Kind::Text),
    Kind::Set(&Kind::Entity),
    Kind::Set(&Kind::Ip),
    Kind::Set(&Kind::Decimal),
    Kind::Set(&Kind::Datetime),
    Kind::Set(&Kind::Record),
    Kind::Set(&Kind::Set(&Kind::Long)),
    Kind::Set(&Kind::Any),
    Kind::Set(&Kind::Bool),
];

impl Kind {
    pub fn any(rng: &mut Rng) -> Self {
        match rng.below(12) {
            0 | 1 => Self::Record,
            2 | 3 => *rng.pick(&SETS),
            _ => *rng.pick(&SCALARS),
        }
    }
}

/// Attributes of entities, records and contexts, with the type that each mostly has.
///
/// Some need quotes: a reserved word, an empty name, one with characters that must be escaped.
pub const ATTRIBUTES: [(&str, Kind); 29] = [
    ("flag", Kind::Bool),
    ("if", Kind::Bool),
    ("count", Kind::Long),
    ("limit", Kind::Long),
    ("", Kind::Long),
    ("name", Kind::Text),
    ("a \"b\"\\\n\0é", Kind::Text),
    ("owner", Kind::Entity),
    ("boss", Kind::Entity),
    ("address", Kind::Ip),
    ("net", Kind::Ip),
    ("price", Kind::Decimal),
    ("fee", Kind::Decimal),
    ("born", Kind::Datetime),
    ("seen", Kind::Datetime),
    ("ttl", Kind::Duration),
    ("grace", Kind::Duration),
    ("home", Kind::Record),
    ("meta", Kind::Record),
    ("numbers", Kind::Set(&Kind::Long)),
    ("labels", Kind::Set(&Kind::Text)),
    ("friends", Kind::Set(&Kind::Entity)),
    ("nets", Kind::Set(&Kind::Ip)),
    ("prices", Kind::Set(&Kind::Decimal)),
    ("times", Kind::Set(&Kind::Datetime)),
    ("rows", Kind::Set(&Kind::Record)),
    ("matrix", Kind::Set(&Kind::Set(&Kind::Long))),
    ("mixed", Kind::Set(&Kind::Any)),
    ("flags", Kind::Set(&Kind::Bool)),
];

/// Tags with the type that each mostly has. Two share their names with attributes.
pub const TAGS: [(&str, Kind); 12] = [
    ("color", Kind::Text),
    ("size", Kind::Long),
    ("who", Kind::Entity),
    ("", Kind::Bool),
    ("flag", Kind::Bool),
    ("price", Kind::Decimal),
    ("been", Kind::Datetime),
    ("from", Kind::Ip),
    ("span", Kind::Duration),
    ("été 🙂", Kind::Set(&Kind::Long)),
    ("team", Kind::Set(&Kind::Entity)),
    ("deep", Kind::Record),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uid {
    pub kind: &'static str,
    pub id: &'static str,
}

impl Uid {
    pub fn json(self) -> serde_json::Value {
        json!({ "type": self.kind, "id": self.id })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    Long(i64),
    Text(String),
    Entity(Uid),
    /// The function that makes it, and its text.
    Extension(&'static str, String),
    /// A datetime by its milliseconds since 1970. No text reaches the ends of the range; `offset` does.
    Moment(i64),
    Set(Vec<Value>),
    Record(BTreeMap<&'static str, Value>),
}

impl Value {
    /// A value that Cedar accepts. `depth` bounds what lies in what.
    pub fn of(rng: &mut Rng, kind: Kind, world: &World, depth: usize) -> Self {
        match kind {
            Kind::Bool => Self::Bool(rng.percent(50)),
            Kind::Long => Self::Long(long(rng)),
            Kind::Text => Self::Text(rng.pick(&TEXTS).to_string()),
            Kind::Entity => Self::Entity(world.some_uid(rng)),
            Kind::Ip => Self::Extension("ip", address(rng)),
            Kind::Decimal => Self::Extension("decimal", decimal(rng)),
            Kind::Datetime if rng.one_in(12) => {
                Self::Moment(*rng.pick(&[i64::MIN, i64::MAX, i64::MIN + 86_400_000, -1]))
            }
            Kind::Datetime => Self::Extension("datetime", datetime(rng)),
            Kind::Duration => Self::Extension("duration", duration(rng)),
            Kind::Record => {
                let count = rng.below(if depth == 0 { 2 } else { 6 });
                let mut fields = BTreeMap::new();
                for _ in 0..count {
                    let (name, kind) = *rng.pick(&ATTRIBUTES);
                    if depth > 0 || !matches!(kind, Kind::Record | Kind::Set(_)) {
                        fields.insert(name, Self::mostly(rng, kind, world, depth.saturating_sub(1)));
                    }
                }
                Self::Record(fields)
            }
            Kind::Set(element) => {
                let count = rng.below(if depth == 0 { 2 } else { 4 });
                Self::Set(
                    (0..count)
                        .map(|_| match *element {
                            Kind::Any if depth == 0 => {
                                let kind = *rng.pick(&SCALARS);
                                Self::of(rng, kind, world, 0)
                            }
                            kind => Self::of(rng, kind, world, depth.saturating_sub(1)),
                        })
                        .collect(),
                )
            }
            Kind::Any => {
                let kind = Kind::any(rng);
                Self::of(rng, kind, world, depth)
            }
        }
    }

    /// A value of this kind; once in a while of another, as stored data is.
    pub fn mostly(rng: &mut Rng, kind: Kind, world: &World, depth: usize) -> Self {
        let kind = if rng.one_in(40) { Kind::any(rng) } else { kind };
        Self::of(rng, kind, world, depth)
    }

    /// Cedar's JSON for entities and contexts.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Bool(value) => json!(value),
            Self::Long(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::Entity(uid) => json!({ "__entity": uid.json() }),
            Self::Extension(function, text) => json!({ "__extn": { "fn": function, "arg": text } }),
            Self::Moment(milliseconds) => json!({ "__extn": { "fn": "offset", "args": [
                { "__extn": { "fn": "datetime", "arg": "1970-01-01" } },
                { "__extn": { "fn": "duration", "arg": format!("{milliseconds}ms") } },
            ] } }),
            Self::Set(elements) => elements.iter().map(Self::json).collect(),
            Self::Record(fields) => {
                let map: Map<_, _> = fields.iter().map(|(name, value)| ((*name).to_string(), value.json())).collect();
                serde_json::Value::Object(map)
            }
        }
    }

    /// The same value as an expression: elements and fields in another order, elements more than once.
    pub fn text(&self, rng: &mut Rng) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Long(value) if *value < 0 => format!("({value})"),
            Self::Long(value) => value.to_string(),
            Self::Text(value) => quote(value, rng),
            Self::Entity(uid) => uid_text(*uid, rng),
            Self::Extension(function, text) => format!("{function}({})", quote(text, rng)),
            Self::Moment(milliseconds) => {
                format!("datetime(\"1970-01-01\").offset(duration(\"{milliseconds}ms\"))")
            }
            Self::Set(elements) => {
                let mut list: Vec<String> = elements.iter().map(|element| element.text(rng)).collect();
                for _ in 0..rng.below(3) {
                    if !elements.is_empty() {
                        list.push(rng.pick(elements).clone().text(rng));
                    }
                }
                rng.shuffle(&mut list);
                format!("[{}]", list.join(", "))
            }
            Self::Record(fields) => {
                let mut list: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{}: {}", key(name, rng), value.text(rng))).collect();
                rng.shuffle(&mut list);
                format!("{{{}}}", list.join(", "))
            }
        }
    }

    /// Nearly the same value: one element or field is missing, or one leaf is another.
    pub fn tweaked(&self, rng: &mut Rng, world: &World) -> Self {
        match self {
            Self::Set(elements) if !elements.is_empty() => {
                let mut elements = elements.clone();
                let at = rng.below(elements.len());
                if rng.percent(50) {
                    elements.remove(at);
                } else {
                    elements[at] = elements[at].tweaked(rng, world);
                }
                Self::Set(elements)
            }
            Self::Record(fields) if !fields.is_empty() => {
                let mut fields = fields.clone();
                let name = *fields.keys().nth(rng.below(fields.len())).expect("a field");
                if rng.percent(50) {
                    fields.remove(name);
                } else {
                    let other = fields[name].tweaked(rng, world);
                    fields.insert(name, other);
                }
                Self::Record(fields)
            }
            Self::Bool(value) => Self::Bool(!value),
            Self::Long(value) => Self::Long(value.wrapping_add(1)),
            Self::Text(value) => Self::Text(format!("{value} ")),
            Self::Extension("ip", _) => Self::of(rng, Kind::Ip, world, 0),
            Self::Extension("decimal", _) => Self::of(rng, Kind::Decimal, world, 0),
            Self::Extension("duration", _) => Self::of(rng, Kind::Duration, world, 0),
            Self::Extension(..) | Self::Moment(_) => Self::of(rng, Kind::Datetime, world, 0),
            Self::Entity(_) | Self::Set(_) | Self::Record(_) => Self::of(rng, Kind::Any, world, 0),
        }
    }
}

/// A Cedar string literal. The same character is written in several ways: as it is, or escaped.
pub fn quote(text: &str, rng: &mut Rng) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str(rng.pick::<&str>(&["\\0", "\\x00", "\\u{0}"])),
            '\n' => quoted.push_str(rng.pick::<&str>(&["\\n", "\n", "\\x0a"])),
            other if rng.one_in(24) => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

pub fn uid_text(uid: Uid, rng: &mut Rng) -> String {
    format!("{}::{}", uid.kind, quote(uid.id, rng))
}

/// Whether a name may stand without quotes.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "if" && name.chars().all(|c| c.is_ascii_alphabetic())
}

/// A key of a record literal.
pub fn key(name: &str, rng: &mut Rng) -> String {
    if is_plain(name) && !rng.one_in(4) { name.to_string() } else { quote(name, rng) }
}

fn long(rng: &mut Rng) -> i64 {
    match rng.below(10) {
        0..6 => rng.below(9) as i64 - 3,
        6..9 => *rng.pick(&LONGS),
        _ => rng.next() as i64,
    }
}

/// Values where a sum, a product or a negation overflows, or nearly does; and where a double loses the last digit.
const LONGS: [i64; 14] = [
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    i64::MIN + 1,
    i64::MAX / 2,
    i64::MAX / 2 + 1,
    i64::MIN / 2,
    i64::MIN / 2 - 1,
    3_037_000_499,
    3_037_000_500,
    -3_037_000_500,
    (1 << 53) + 1,
    1 << 32,
    1000,
];

fn address(rng: &mut Rng) -> String {
    match rng.below(6) {
        0 => format!("10.{}.0.{}/{}", rng.below(3), rng.below(256), rng.below(33)),
        1 => format!("2001:db8::{:x}/{}", rng.below(1 << 16), rng.below(129)),
        _ => rng.pick(&ADDRESSES).to_string(),
    }
}

fn decimal(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => {
            format!("{}{}.{}", rng.pick(&["", "-"]), rng.below(4), rng.pick(&["0", "5", "50", "25", "2500", "0001"]))
        }
        _ => rng.pick(&DECIMALS).to_string(),
    }
}

fn datetime(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}",
            1969 + rng.below(3),
            1 + rng.below(12),
            1 + rng.below(28),
            rng.below(24),
            rng.below(60),
            rng.below(60),
            rng.pick(&["", ".001", ".999"]),
            rng.pick(&["Z", "+0130", "-2359"]),
        ),
        _ => rng.pick(&DATETIMES).to_string(),
    }
}

fn duration(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => {
            let mut text = rng.pick(&["", "-"]).to_string();
            for unit in ["d", "h", "m", "s"] {
                if rng.percent(40) {
                    let _ = write!(text, "{}{unit}", rng.below(100));
                }
            }
            let _ = write!(text, "{}ms", rng.below(2000));
            text
        }
        _ => rng.pick(&DURATIONS).to_string(),
    }
}
