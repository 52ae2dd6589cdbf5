// SPDX-License-Identifier: Apache-2.0
//! Words and entities as numbers: the same word has the same number everywhere in one world, so that comparing is
//! comparing integers.
//!
//! Three layers lie on each other: what a program names, what the data adds, what a request adds. A layer numbers on from
//! where the one below it ends, and holds nothing that a layer below it has.

use super::value::{Plain, Span, Value, canonical_set, flat_record};
use crate::name::Uid;
use std::hash::{Hash, Hasher};

/// The number of a word: an attribute's name, an entity type, a string.
pub type Word = u32;
/// The number of an entity: its type and its id.
pub type Entity = u32;

/// Hashes are made anew with each layer and never stored. They have no seed: what an attacker can choose is bounded by the
/// size of a request.
fn hash(parts: (u32, &str)) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Numbers by hash: open addressing, probed in a line. It stores nothing but the numbers, as what they stand for lies beside
/// it; a general table would be a tenth of what a page downloads.
#[derive(Clone, Debug, Default)]
struct Table {
    /// As many as a power of two, at most three quarters of them taken.
    slots: Vec<u32>,
    taken: usize,
}

const EMPTY: u32 = u32::MAX;

impl Table {
    /// A table with room for so many numbers.
    fn with_room(count: usize) -> Table {
        let slots = if count == 0 { 0 } else { (count + count / 3 + 1).next_power_of_two() };
        Table { slots: vec![EMPTY; slots], taken: 0 }
    }

    #[inline]
    fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                EMPTY => return None,
                number if is(number) => return Some(number),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Adds a number that is not in the table. There must be room.
    fn put(&mut self, hash: u64, number: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.slots[at] = number;
        self.taken += 1;
    }

    /// Adds a number that is not in the table; `hash_of` is asked again for the others where it has to grow.
    fn add(&mut self, hash: u64, number: u32, hash_of: &dyn Fn(u32) -> u64) {
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            let old = std::mem::replace(self, Table::with_room(self.taken * 2 + 4));
            old.slots.into_iter().filter(|slot| *slot != EMPTY).for_each(|slot| self.put(hash_of(slot), slot));
        }
        self.put(hash, number);
    }
}

/// Strings, end to end.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    pub bytes: String,
    /// Where each string ends.
    pub ends: Vec<u32>,
}

impl Strings {
    pub fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        // Checked when it was made; nothing here is worth a panic.
        self.bytes.get(start..self.ends[at] as usize).unwrap_or_default()
    }

    pub fn push(&mut self, text: &str) -> u32 {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }
}

/// Entities, by number: what is looked at together lies together, since a look-up among a million of them waits for memory
/// and for little else.
#[derive(Clone, Debug, Default)]
pub(super) struct Entities {
    pub ids: String,
    pub entries: Vec<Entry>,
}

/// One entity: its type, and where its id ends; it begins where the one before ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub kind: Word,
    pub end: u32,
}

impl Entities {
    pub fn id(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.entries[at - 1].end as usize };
        // Checked when it was made; nothing here is worth a panic.
        self.ids.get(start..self.entries[at].end as usize).unwrap_or_default()
    }

    fn is(&self, at: u32, kind: Word, id: &str) -> bool {
        self.entries[at as usize].kind == kind && self.id(at as usize) == id
    }

    fn push(&mut self, kind: Word, id: &str) -> u32 {
        self.ids.push_str(id);
        self.entries.push(Entry { kind, end: self.ids.len() as u32 });
        self.entries.len() as u32 - 1
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// One layer of words, entities and values.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    pub(super) first_word: Word,
    pub(super) words: Strings,
    word_table: Table,
    pub(super) first_entity: Entity,
    pub(super) entities: Entities,
    entity_table: Table,
    pub(super) first_value: u32,
    pub(super) values: Vec<Value>,
}

impl Layer {
    /// An empty layer on top of another.
    pub fn above(below: &Layer) -> Layer {
        Layer {
            first_word: below.end_of_words(),
            first_entity: below.end_of_entities(),
            first_value: below.first_value + below.values.len() as u32,
            ..Layer::default()
        }
    }

    /// A layer of parts that were checked, with its tables made anew. `None` where a word or an entity stands twice.
    pub(super) fn of_parts(
        below: Option<&Layer>,
        words: Strings,
        entities: Entities,
        values: Vec<Value>,
    ) -> Option<Layer> {
        let mut layer = below.map_or_else(Layer::default, Layer::above);
        layer.word_table = Table::with_room(words.len());
        layer.entity_table = Table::with_room(entities.len());
        (layer.words, layer.entities, layer.values) = (words, entities, values);
        for at in 0..layer.words.len() {
            let text = layer.words.get(at);
            let below_has = below.is_some_and(|below| below.find_word(text).is_some());
            let hash = hash((0, text));
            if below_has || layer.word_table.find(hash, |n| layer.words.get(n as usize) == text).is_some() {
                return None;
            }
            layer.word_table.put(hash, at as u32);
        }
        for at in 0..layer.entities.len() {
            let (kind, id) = (layer.entities.entries[at].kind, layer.entities.id(at));
            let below_has = below.is_some_and(|below| below.find_entity(kind, id).is_some());
            let hash = hash((kind, id));
            let same = |n: u32| layer.entities.is(n, kind, id);
            if below_has || layer.entity_table.find(hash, same).is_some() {
                return None;
            }
            layer.entity_table.put(hash, at as u32);
        }
        Some(layer)
    }

    pub fn end_of_words(&self) -> Word {
        self.first_word + self.words.len() as u32
    }

    pub fn end_of_entities(&self) -> Entity {
        self.first_entity + self.entities.len() as u32
    }

    /// Bytes of the tables by which words and entities are found.
    pub fn tables_size(&self) -> usize {
        (self.word_table.slots.len() + self.entity_table.slots.len()) * 4
    }

    pub fn find_word(&self, text: &str) -> Option<Word> {
        let found = self.word_table.find(hash((0, text)), |n| self.words.get(n as usize) == text)?;
        Some(self.first_word + found)
    }

    pub fn find_entity(&self, kind: Word, id: &str) -> Option<Entity> {
        self.find_hashed(hash((kind, id)), kind, id)
    }

    fn find_hashed(&self, hash: u64, kind: Word, id: &str) -> Option<Entity> {
        let same = |n: u32| self.entities.is(n, kind, id);
        Some(self.first_entity + self.entity_table.find(hash, same)?)
    }

    fn add_word(&mut self, text: &str) -> Word {
        let number = self.words.push(text);
        let words = &self.words;
        self.word_table.add(hash((0, text)), number, &|n| hash((0, words.get(n as usize))));
        self.first_word + number
    }

    fn add_entity(&mut self, kind: Word, id: &str) -> Entity {
        let number = self.entities.push(kind, id);
        let entities = &self.entities;
        let rehash = |n: u32| hash((entities.entries[n as usize].kind, entities.id(n as usize)));
        self.entity_table.add(hash((kind, id)), number, &rehash);
        self.first_entity + number
    }
}

/// Layers to read from, the lowest first. Nothing of a program lies below it: then both are the same.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(super) program: &'a Layer,
    pub(super) data: &'a Layer,
    pub(super) request: &'a Layer,
}

impl<'a> View<'a> {
    fn layer(&self, number: u32, first: impl Fn(&Layer) -> u32) -> &'a Layer {
        if number >= first(self.request) {
            self.request
        } else if number >= first(self.data) {
            self.data
        } else {
            self.program
        }
    }

    pub fn word(&self, word: Word) -> &'a str {
        let layer = self.layer(word, |layer| layer.first_word);
        layer.words.get((word - layer.first_word) as usize)
    }

    /// The type of an entity.
    pub fn kind(&self, entity: Entity) -> Word {
        let layer = self.layer(entity, |layer| layer.first_entity);
        layer.entities.entries[(entity - layer.first_entity) as usize].kind
    }

    pub fn id(&self, entity: Entity) -> &'a str {
        let layer = self.layer(entity, |layer| layer.first_entity);
        layer.entities.id((entity - layer.first_entity) as usize)
    }

    pub fn uid(&self, entity: Entity) -> Uid {
        Uid::new(self.word(self.kind(entity)), self.id(entity))
    }

    /// A value with its words spelt out.
    pub(super) fn plain(&self, value: Value) -> Plain {
        match value {
            Value::Bool(value) => Plain::Bool(value),
            Value::Long(value) => Plain::Long(value),
            Value::Text(word) => Plain::Text(self.word(word).to_string()),
            Value::Entity(entity) => Plain::Entity(self.uid(entity)),
            Value::Set(span) => Plain::Set(self.values(span).iter().map(|member| self.plain(*member)).collect()),
            Value::Record(span) => {
                let name = |name: Value| match name {
                    Value::Text(word) => self.word(word).to_string(),
                    _ => String::new(),
                };
                let pairs = self.values(span).chunks_exact(2);
                Plain::Record(pairs.map(|pair| (name(pair[0]), self.plain(pair[1]))).collect())
            }
            Value::Ip4(..) | Value::Ip6(..) => match super::value::ip(self, value) {
                Some(ip) => Plain::Ip(ip),
                None => Plain::Bool(false),
            },
            Value::Decimal(value) => Plain::Decimal(value),
            Value::Datetime(value) => Plain::Datetime(value),
            Value::Duration(value) => Plain::Duration(value),
        }
    }

    /// The members of a set, or the alternating names and values of a record.
    pub(super) fn values(&self, span: Span) -> &'a [Value] {
        let layer = self.layer(span.at, |layer| layer.first_value);
        let start = (span.at - layer.first_value) as usize;
        &layer.values[start..start + span.len as usize]
    }
}

/// The topmost layer, being written, and what lies below it.
pub(super) struct Writer<'a> {
    pub below: [Option<&'a Layer>; 2],
    pub layer: &'a mut Layer,
}

impl Writer<'_> {
    pub fn word(&mut self, text: &str) -> Word {
        let below = self.below.iter().flatten().find_map(|layer| layer.find_word(text));
        below.or_else(|| self.layer.find_word(text)).unwrap_or_else(|| self.layer.add_word(text))
    }

    pub fn entity(&mut self, kind: &str, id: &str) -> Entity {
        let kind = self.word(kind);
        let hash = hash((kind, id));
        let below = self.below.iter().flatten().find_map(|layer| layer.find_hashed(hash, kind, id));
        below.or_else(|| self.layer.find_hashed(hash, kind, id)).unwrap_or_else(|| self.layer.add_entity(kind, id))
    }

    /// A value whose parts are numbered. `None` where a text is no value of its extension type.
    pub fn value(&mut self, plain: &Plain) -> Option<Value> {
        Some(match plain {
            Plain::Bool(value) => Value::Bool(*value),
            Plain::Long(value) => Value::Long(*value),
            Plain::Text(text) => Value::Text(self.word(text)),
            Plain::Entity(uid) => Value::Entity(self.entity(&uid.kind, &uid.id)),
            Plain::Ip(ip) => self.ip(*ip),
            Plain::Decimal(value) => Value::Decimal(*value),
            Plain::Datetime(value) => Value::Datetime(*value),
            Plain::Duration(value) => Value::Duration(*value),
            Plain::Set(members) => {
                let mut values = members.iter().map(|member| self.value(member)).collect::<Option<Vec<_>>>()?;
                canonical_set(&self.view(), &mut values);
                Value::Set(self.push(&values))
            }
            Plain::Record(fields) => self.record(fields)?,
        })
    }

    /// A record, its fields in the order of their names' numbers; `None` as for [`Writer::value`], and where a name stands twice.
    pub fn record(&mut self, fields: &[(String, Plain)]) -> Option<Value> {
        let mut values = Vec::with_capacity(fields.len());
        for (name, field) in fields {
            values.push((self.word(name), self.value(field)?));
        }
        Some(Value::Record(self.push(&flat_record(&values)?)))
    }

    pub fn ip(&mut self, ip: super::extension::Ip) -> Value {
        match ip.v6 {
            false => Value::Ip4(ip.address as u32, ip.prefix),
            true => {
                let halves = [Value::Long((ip.address >> 64) as i64), Value::Long(ip.address as i64)];
                Value::Ip6(self.push(&halves).at, ip.prefix)
            }
        }
    }

    pub fn push(&mut self, values: &[Value]) -> Span {
        let at = self.layer.first_value + self.layer.values.len() as u32;
        self.layer.values.extend_from_slice(values);
        Span { at, len: values.len() as u32 }
    }

    pub fn view(&self) -> View<'_> {
        let program = self.below[0].unwrap_or(self.layer);
        View { program, data: self.below[1].unwrap_or(self.layer), request: self.layer }
    }
}
