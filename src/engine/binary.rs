// SPDX-License-Identifier: Apache-2.0
//! The binary form: a program, and data on top of it, as they lie in memory. Loading copies and checks; it parses nothing.
//!
//! ```text
//! "PLSD"  version u16  parts u16  checksum u64  program [data]
//! ```
//!
//! Everything is little-endian. A list is its length (u32) and its items, padded to four bytes. `parts` is 1 for a program
//! alone and 3 for a program with data. The checksum (xxHash64 of all that follows) finds accidents; what somebody made on
//! purpose is found by checking every number before it is used: no input makes the engine panic, or read what is not
//! there, or run longer than its length allows.

use super::Effect;
use super::data::{Data, Origins};
use super::index::{How, Index};
use super::program::{MAX_DEPTH, NO_CONDITION, Node, Op, Policy, Program};
use super::symbols::{Entities, Entry, Layer, Strings, View, Word};
use super::value::{Span, Value, compare};
use std::cmp::Ordering;
use xxhash_rust::xxh64::xxh64;

const MAGIC: &[u8; 4] = b"PLSD";
/// The version of the form that this engine writes and reads.
pub const VERSION: u16 = 2;
const PROGRAM: u16 = 1;
const DATA: u16 = 2;
const HEADER: usize = 16;

/// Bytes that are no binary form of this version, or a damaged one. Nothing is decided by a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl Malformed {
    /// What of it cannot be read.
    pub fn what(&self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the compiled policies cannot be read ({}): compile the pack again", self.0)
    }
}

impl std::error::Error for Malformed {}

type Read<T> = Result<T, Malformed>;

fn ensure(holds: bool, what: &'static str) -> Read<()> {
    if holds { Ok(()) } else { Err(Malformed(what)) }
}

impl Program {
    /// The same bytes for the same policies.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Out::new();
        self.write(&mut out);
        out.finish(PROGRAM)
    }

    /// # Errors
    /// Bytes that [`Program::to_bytes`] of this version did not make.
    pub fn from_bytes(bytes: &[u8]) -> Read<Program> {
        let (parts, mut input) = In::new(bytes)?;
        ensure(parts == PROGRAM, "its parts")?;
        let program = Program::read(&mut input)?;
        ensure(input.rest.is_empty(), "its end")?;
        Ok(program)
    }

    fn write(&self, out: &mut Out) {
        self.layer.write(out);
        let nodes = self.nodes.iter().flat_map(|node| [node.op as u32, node.a, node.b, node.c]);
        out.words(nodes, self.nodes.len() * 4);
        out.slice(&self.lists);
        let policies = self.policies.iter().flat_map(|policy| [policy.effect as u32, policy.condition]);
        out.words(policies, self.policies.len() * 2);
        self.index.write(out);
        out.strings(&self.names);
    }

    fn read(input: &mut In) -> Read<Program> {
        let layer = Layer::read(input, None)?;
        let nodes = input.words()?;
        let lists = input.words()?;
        let policies = input.words()?;
        ensure(nodes.len().is_multiple_of(4) && policies.len().is_multiple_of(2), "its policies")?;
        let nodes = nodes
            .chunks_exact(4)
            .map(|node| {
                let op = *Op::EVERY.get(node[0] as usize).ok_or(Malformed("an operation"))?;
                Ok(Node { op, a: node[1], b: node[2], c: node[3] })
            })
            .collect::<Read<Vec<_>>>()?;
        check_nodes(&nodes, &lists, &layer)?;
        let policies = policies
            .chunks_exact(2)
            .map(|policy| {
                let known = policy[1] == NO_CONDITION || (policy[1] as usize) < nodes.len();
                ensure(known, "a condition")?;
                Ok(Policy { effect: effect(policy[0])?, condition: policy[1] })
            })
            .collect::<Read<Vec<_>>>()?;
        let index = Index::read(input, layer.end_of_words(), layer.end_of_entities(), policies.len() as u32)?;
        let of_one_mind = index
            .whats
            .iter()
            .zip(&index.hows)
            .all(|(what, how)| policies[*what as usize].effect == index.ways[usize::from(*how)].effect);
        ensure(of_one_mind, "an effect")?;
        let names = input.strings()?;
        ensure(names.len() == policies.len() * 3, "its names")?;
        Ok(Program { layer, nodes, lists, policies, index, names })
    }
}

impl Data {
    /// This data with the program under it, in one piece.
    pub fn to_bytes(&self, program: &Program) -> Vec<u8> {
        let mut out = Out::new();
        program.write(&mut out);
        self.layer.write(&mut out);
        out.words(self.existing.iter().map(|exists| u32::from(*exists)), self.existing.len());
        out.slice(&self.attributes);
        out.slice(&self.names);
        out.values(&self.values);
        out.slice(&self.ancestors);
        out.slice(&self.above);
        out.words(self.tags.iter().flat_map(|(entity, name, _)| [*entity, *name]), self.tags.len() * 2);
        out.values(&self.tags.iter().map(|(.., value)| *value).collect::<Vec<_>>());
        out.word(self.grants);
        self.index.write(&mut out);
        out.slice(&self.origins.names);
        out.shorts(&self.origins.tables);
        out.strings(&self.origins.keys);
        out.words(self.origins.others.iter().flat_map(|(grant, id)| [*grant, *id]), self.origins.others.len() * 2);
        out.finish(PROGRAM | DATA)
    }

    /// # Errors
    /// Bytes that [`Data::to_bytes`] of this version did not make.
    pub fn from_bytes(bytes: &[u8]) -> Read<(Program, Data)> {
        let (parts, mut input) = In::new(bytes)?;
        ensure(parts == PROGRAM | DATA, "its parts")?;
        let program = Program::read(&mut input)?;
        let data = Data::read(&mut input, &program)?;
        ensure(input.rest.is_empty(), "its end")?;
        Ok((program, data))
    }

    fn read(input: &mut In, program: &Program) -> Read<Data> {
        let layer = Layer::read(input, Some(&program.layer))?;
        let (words, entities) = (layer.end_of_words(), layer.end_of_entities());
        let existing = input.words()?;
        ensure(existing.len() == entities as usize && existing.iter().all(|bit| *bit <= 1), "its entities")?;
        let attributes = input.words()?;
        let names = input.words()?;
        let values = input.values()?;
        ensure(names.len() == values.len(), "its attributes")?;
        check_ranges(&attributes, entities as usize + 1, names.len())?;
        check_ascending(&attributes, &names)?;
        ensure(names.iter().all(|name| *name < words), "an attribute's name")?;
        check_roots(&values, &layer)?;
        let ancestors = input.words()?;
        let above = input.words()?;
        check_ranges(&ancestors, entities as usize + 1, above.len())?;
        check_ascending(&ancestors, &above)?;
        ensure(above.iter().all(|entity| *entity < entities), "an ancestor")?;
        let tagged = input.words()?;
        let tag_values = input.values()?;
        ensure(tagged.len() == tag_values.len() * 2, "its tags")?;
        check_roots(&tag_values, &layer)?;
        let tags: Vec<_> = tagged.chunks_exact(2).zip(tag_values).map(|(tag, value)| (tag[0], tag[1], value)).collect();
        let in_order = tags.windows(2).all(|pair| (pair[0].0, pair[0].1) < (pair[1].0, pair[1].1));
        ensure(in_order && tags.iter().all(|tag| tag.0 < entities && tag.1 < words), "a tag")?;
        let grants = input.word()?;
        let index = Index::read(input, words, entities, grants)?;
        let origins = Origins {
            names: input.words()?,
            tables: input.shorts()?,
            keys: input.strings()?,
            others: input.words()?.chunks(2).map(|pair| (pair[0], pair.get(1).copied().unwrap_or(u32::MAX))).collect(),
        };
        let told = [origins.tables.len(), origins.keys.len()];
        ensure(told == [0, 0] || told == [grants as usize; 2], "where grants come from")?;
        let known = origins.names.iter().chain(origins.others.iter().map(|(_, id)| id)).all(|word| *word < words)
            && origins.tables.iter().all(|table| usize::from(*table) < origins.names.len())
            && origins.others.windows(2).all(|pair| pair[0].0 < pair[1].0);
        ensure(known, "where a grant comes from")?;
        let existing = existing.into_iter().map(|bit| bit == 1).collect();
        Ok(Data { layer, existing, attributes, names, values, ancestors, above, tags, index, grants, origins })
    }
}

impl Layer {
    fn write(&self, out: &mut Out) {
        out.strings(&self.words);
        let entries = &self.entities.entries;
        out.words(entries.iter().flat_map(|entry| [entry.kind, entry.end]), entries.len() * 2);
        out.text(&self.entities.ids);
        out.values(&self.values);
    }

    fn read(input: &mut In, below: Option<&Layer>) -> Read<Layer> {
        let words = input.strings()?;
        let entries = input.entries()?;
        let ids = input.text()?;
        let values = input.values()?;
        check_ends(entries.iter().map(|entry| entry.end), &ids)?;
        let first = below.map_or(0, Layer::end_of_words);
        let end = u64::from(first) + words.len() as u64;
        let entities = u64::from(below.map_or(0, Layer::end_of_entities)) + entries.len() as u64;
        // Half of all numbers: keys of actions need the other half.
        ensure(end < 1 << 31 && entities < 1 << 30 && values.len() < 1 << 30, "its size")?;
        ensure(entries.iter().all(|entry| u64::from(entry.kind) < end), "an entity's type")?;
        let entities = Entities { ids, entries };
        let layer = Layer::of_parts(below, words, entities, values).ok_or(Malformed("a word that stands twice"))?;
        check_values(&layer, below)?;
        Ok(layer)
    }
}

/// Sets and records hold what lies before them, nothing lies in two, and sets are in their order.
fn check_values(layer: &Layer, below: Option<&Layer>) -> Read<()> {
    let program = below.unwrap_or(layer);
    let view = View { program, data: layer, request: layer };
    let first = layer.first_value;
    let mut held = vec![false; layer.values.len()];
    let mut depths = vec![1_u32; layer.values.len()];
    for (at, value) in layer.values.iter().enumerate() {
        check_root(*value, layer, first + at as u32)?;
        let span = match *value {
            Value::Set(span) | Value::Record(span) => span,
            Value::Ip6(at, _) => Span { at, len: 2 },
            _ => continue,
        };
        let start = (span.at - first) as usize;
        for member in start..start + span.len as usize {
            ensure(!std::mem::replace(&mut held[member], true), "a value in two sets")?;
            depths[at] = depths[at].max(depths[member] + 1);
        }
        ensure(depths[at] <= MAX_DEPTH, "a value's depth")?;
        let members = view.values(span);
        match value {
            Value::Set(_) => {
                let sorted = members.windows(2).all(|pair| compare(&view, pair[0], pair[1]) == Ordering::Less);
                ensure(sorted, "a set's order")?;
            }
            Value::Record(_) => {
                let mut last: Option<Word> = None;
                ensure(members.len().is_multiple_of(2), "a record")?;
                for pair in members.chunks_exact(2) {
                    let Value::Text(name) = pair[0] else { return Err(Malformed("a record's names")) };
                    ensure(last.is_none_or(|last| last < name), "a record's order")?;
                    last = Some(name);
                }
            }
            _ => ensure(matches!(members, [Value::Long(_), Value::Long(_)]), "an address")?,
        }
    }
    Ok(())
}

fn check_roots(values: &[Value], layer: &Layer) -> Read<()> {
    let end = layer.first_value + layer.values.len() as u32;
    values.iter().try_for_each(|value| check_root(*value, layer, end))
}

/// What a value refers to is there, in its own layer and before `end`.
fn check_root(value: Value, layer: &Layer, end: u32) -> Read<()> {
    let lies = |span: Span| span.at >= layer.first_value && u64::from(span.at) + u64::from(span.len) <= u64::from(end);
    ensure(
        match value {
            Value::Text(word) => word < layer.end_of_words(),
            Value::Entity(entity) => entity < layer.end_of_entities(),
            Value::Set(span) | Value::Record(span) => lies(span),
            Value::Ip6(at, prefix) => {
                let halves = Span { at, len: 2 };
                prefix <= 128
                    && lies(halves)
                    && layer.values[(at - layer.first_value) as usize..][..2]
                        .iter()
                        .all(|half| matches!(half, Value::Long(_)))
            }
            Value::Ip4(_, prefix) => prefix <= 32,
            _ => true,
        },
        "a value",
    )
}

/// Operands lie before what uses them, are used once, and are of the kind that is asked for.
fn check_nodes(nodes: &[Node], lists: &[u32], layer: &Layer) -> Read<()> {
    let mut used = vec![false; nodes.len()];
    let mut depths = vec![1_u32; nodes.len()];
    let listed = |at: u32, len: u32| {
        let end = (at as usize).checked_add(len as usize);
        end.and_then(|end| lists.get(at as usize..end)).ok_or(Malformed("a list"))
    };
    let words = layer.end_of_words();
    for (at, node) in nodes.iter().enumerate() {
        let Node { op, a, b, c } = *node;
        let mut below = |operand: u32| -> Read<()> {
            ensure((operand as usize) < at, "an operand")?;
            ensure(!std::mem::replace(&mut used[operand as usize], true), "an operand that is used twice")?;
            depths[at] = depths[at].max(depths[operand as usize] + 1);
            ensure(depths[at] <= MAX_DEPTH, "its depth")
        };
        match op {
            Op::Constant => ensure((a as usize) < layer.values.len(), "a constant")?,
            Op::Principal | Op::Action | Op::Resource | Op::Context => {}
            Op::All | Op::Any | Op::Set | Op::WrongArguments => {
                listed(a, b)?.iter().try_for_each(|operand| below(*operand))?
            }
            Op::Record => {
                let fields = listed(a, b)?;
                ensure(fields.len().is_multiple_of(2), "a record")?;
                // As the syntax tree has them: by spelling, and so each once.
                let mut last: Option<&str> = None;
                for field in fields.chunks_exact(2) {
                    ensure(field[0] < words, "a record's name")?;
                    let name = layer.words.get(field[0] as usize);
                    ensure(last.is_none_or(|last| last < name), "a record's names")?;
                    last = Some(name);
                }
                fields.chunks_exact(2).try_for_each(|field| below(field[1]))?;
            }
            Op::If => [a, b, c].into_iter().try_for_each(below)?,
            Op::Is | Op::Has | Op::Get => {
                ensure(b < words, "a name")?;
                below(a)?;
            }
            Op::HasPath => {
                ensure(listed(b, c)?.iter().all(|name| *name < words), "a name")?;
                below(a)?;
            }
            Op::Like => {
                listed(b, c)?;
                below(a)?;
            }
            _ if op.operands() == 1 => below(a)?,
            _ => [a, b].into_iter().try_for_each(below)?,
        }
    }
    Ok(())
}

impl Index {
    fn write(&self, out: &mut Out) {
        out.slice(&self.rows);
        out.slice(&self.actions);
        out.slice(&self.starts);
        out.slice(&self.resources);
        out.shorts(&self.hows);
        out.slice(&self.whats);
        let optional = |word: Option<Word>| word.map_or(0, |word| word + 1);
        let ways = self.ways.iter().flat_map(|way| {
            let flags = way.effect as u32 | u32::from(way.principal_equal) << 1 | u32::from(way.resource_equal) << 2;
            [flags, optional(way.principal_is), optional(way.resource_is)]
        });
        out.words(ways, self.ways.len() * 3);
    }

    /// `whats` is how many policies or grants there are.
    fn read(input: &mut In, words: u32, entities: u32, whats: u32) -> Read<Index> {
        let index = Index {
            rows: input.words()?,
            actions: input.words()?,
            starts: input.words()?,
            resources: input.words()?,
            hows: input.shorts()?,
            whats: input.words()?,
            ways: input
                .words()?
                .chunks(3)
                .map(|way| match *way {
                    [flags @ 0..8, principal, resource] if principal <= words && resource <= words => Ok(How {
                        effect: effect(flags & 1)?,
                        principal_equal: flags & 2 != 0,
                        resource_equal: flags & 4 != 0,
                        principal_is: principal.checked_sub(1),
                        resource_is: resource.checked_sub(1),
                    }),
                    _ => Err(Malformed("a scope")),
                })
                .collect::<Read<_>>()?,
        };
        let count = index.resources.len();
        ensure(index.hows.len() == count && index.whats.len() == count, "its scopes")?;
        check_ranges(&index.rows, entities as usize + 2, index.actions.len())?;
        check_ranges(&index.starts, index.actions.len() + 1, count)?;
        check_ascending(&index.rows, &index.actions)?;
        let sorted = index
            .starts
            .windows(2)
            .all(|segment| index.resources[segment[0] as usize..segment[1] as usize].is_sorted());
        ensure(sorted, "the order of scopes")?;
        ensure(index.resources.iter().all(|place| *place <= entities), "a scope's resource")?;
        ensure(index.hows.iter().all(|how| usize::from(*how) < index.ways.len()), "a scope's way")?;
        ensure(index.whats.iter().all(|what| *what < whats), "what a scope is of")?;
        Ok(index)
    }
}

fn effect(number: u32) -> Read<Effect> {
    match number {
        0 => Ok(Effect::Permit),
        1 => Ok(Effect::Forbid),
        _ => Err(Malformed("an effect")),
    }
}

/// Strings lie end to end, each of whole characters, up to the end of their text.
fn check_ends(ends: impl Iterator<Item = u32>, text: &str) -> Read<()> {
    let mut last = 0;
    for end in ends {
        ensure(last <= end as usize && text.is_char_boundary(end as usize), "its strings")?;
        last = end as usize;
    }
    ensure(last == text.len(), "its strings")
}

/// `bounds` are as many as said, begin at 0, never fall and end at `end`.
fn check_ranges(bounds: &[u32], count: usize, end: usize) -> Read<()> {
    let whole =
        bounds.len() == count && bounds.first() == Some(&0) && bounds.last().map(|last| *last as usize) == Some(end);
    ensure(whole && bounds.is_sorted(), "its bounds")
}

/// Items ascend strictly between bounds.
fn check_ascending(bounds: &[u32], items: &[u32]) -> Read<()> {
    let ascending =
        |range: &[u32]| items[range[0] as usize..range[1] as usize].windows(2).all(|pair| pair[0] < pair[1]);
    ensure(bounds.windows(2).all(ascending), "its order")
}

/// Bytes being written.
struct Out {
    bytes: Vec<u8>,
}

impl Out {
    fn new() -> Out {
        Out { bytes: vec![0; HEADER] }
    }

    fn finish(mut self, parts: u16) -> Vec<u8> {
        let checksum = xxh64(&self.bytes[HEADER..], 0);
        self.bytes[..4].copy_from_slice(MAGIC);
        self.bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        self.bytes[6..8].copy_from_slice(&parts.to_le_bytes());
        self.bytes[8..16].copy_from_slice(&checksum.to_le_bytes());
        self.bytes
    }

    fn word(&mut self, word: u32) {
        self.bytes.extend_from_slice(&word.to_le_bytes());
    }

    fn words(&mut self, words: impl Iterator<Item = u32>, count: usize) {
        self.word(count as u32);
        words.for_each(|word| self.word(word));
    }

    fn slice(&mut self, words: &[u32]) {
        self.words(words.iter().copied(), words.len());
    }

    fn shorts(&mut self, shorts: &[u16]) {
        self.word(shorts.len() as u32);
        shorts.iter().for_each(|short| self.bytes.extend_from_slice(&short.to_le_bytes()));
        self.pad();
    }

    fn strings(&mut self, strings: &Strings) {
        self.slice(&strings.ends);
        self.text(&strings.bytes);
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn values(&mut self, values: &[Value]) {
        let numbers = values.iter().flat_map(|value| {
            let long = |tag: u32, value: i64| [tag, value as u32, (value >> 32) as u32];
            match *value {
                Value::Bool(value) => [0, u32::from(value), 0],
                Value::Long(value) => long(1, value),
                Value::Text(word) => [2, word, 0],
                Value::Entity(entity) => [3, entity, 0],
                Value::Set(span) => [4, span.at, span.len],
                Value::Record(span) => [5, span.at, span.len],
                Value::Ip4(address, prefix) => [6, address, prefix.into()],
                Value::Ip6(at, prefix) => [7, at, prefix.into()],
                Value::Decimal(value) => long(8, value),
                Value::Datetime(value) => long(9, value),
                Value::Duration(value) => long(10, value),
            }
        });
        self.words(numbers, values.len() * 3);
    }
}

/// Bytes being read.
struct In<'a> {
    rest: &'a [u8],
}

impl<'a> In<'a> {
    fn new(bytes: &'a [u8]) -> Read<(u16, In<'a>)> {
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else { return Err(Malformed("its length")) };
        ensure(&header[..4] == MAGIC, "its beginning")?;
        ensure(header[4..6] == VERSION.to_le_bytes(), "its version")?;
        ensure(header[8..16] == xxh64(rest, 0).to_le_bytes(), "its checksum")?;
        Ok((u16::from_le_bytes([header[6], header[7]]), In { rest }))
    }

    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed("its length"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Read<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The bytes of a list of items of `size` bytes.
    fn list(&mut self, size: usize) -> Read<&'a [u8]> {
        let length = (self.word()? as usize).checked_mul(size).ok_or(Malformed("its length"))?;
        let taken = self.take(length)?;
        self.take(length.next_multiple_of(4) - length)?;
        Ok(taken)
    }

    fn words(&mut self) -> Read<Vec<u32>> {
        let bytes = self.list(4)?;
        Ok(bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }

    fn shorts(&mut self) -> Read<Vec<u16>> {
        Ok(self.list(2)?.chunks_exact(2).map(|short| u16::from_le_bytes([short[0], short[1]])).collect())
    }

    fn strings(&mut self) -> Read<Strings> {
        let ends = self.words()?;
        let bytes = self.text()?;
        check_ends(ends.iter().copied(), &bytes)?;
        Ok(Strings { bytes, ends })
    }

    fn text(&mut self) -> Read<String> {
        let text = std::str::from_utf8(self.list(1)?).map_err(|_| Malformed("its text"))?;
        Ok(text.to_string())
    }

    fn entries(&mut self) -> Read<Vec<Entry>> {
        let bytes = self.list(4)?;
        ensure(bytes.len().is_multiple_of(8), "its entities")?;
        let number = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(bytes.chunks_exact(8).map(|entry| Entry { kind: number(entry), end: number(&entry[4..]) }).collect())
    }

    fn values(&mut self) -> Read<Vec<Value>> {
        let bytes = self.list(4)?;
        ensure(bytes.len().is_multiple_of(12), "its values")?;
        bytes
            .chunks_exact(12)
            .map(|value| {
                let number = |at: usize| u32::from_le_bytes([value[at], value[at + 1], value[at + 2], value[at + 3]]);
                let (tag, low, high) = (number(0), number(4), number(8));
                let long = i64::from(high as i32) << 32 | i64::from(low);
                let prefix = u8::try_from(high).map_err(|_| Malformed("a prefix"));
                Ok(match tag {
                    0 if low <= 1 => Value::Bool(low == 1),
                    1 => Value::Long(long),
                    2 => Value::Text(low),
                    3 => Value::Entity(low),
                    4 => Value::Set(Span { at: low, len: high }),
                    5 => Value::Record(Span { at: low, len: high }),
                    6 => Value::Ip4(low, prefix?),
                    7 => Value::Ip6(low, prefix?),
                    8 => Value::Decimal(long),
                    9 => Value::Datetime(long),
                    10 => Value::Duration(long),
                    _ => return Err(Malformed("a value")),
                })
            })
            .collect()
    }
}
