// SPDX-License-Identifier: Apache-2.0
//! Compiled policies: what they are about, and their conditions as trees of small nodes.
//!
//! A program is made from Cedar's syntax tree before any request (`cedar`), or loaded from its binary form. It names no
//! type of cedar-policy, and runs where Cedar is not.

use super::index::{Index, Place, Scoped};
use super::symbols::{Entity, Layer, Strings, View, Word, Writer};
use super::value::{Plain, Span, Value};
use super::{Effect, TooMuch};
use crate::name::Uid;

/// What a node does. `a`, `b` and `c` are the node's operands: nodes where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// The value at `a`.
    Constant,
    Principal,
    Action,
    Resource,
    Context,
    Not,
    Negate,
    IsEmpty,
    /// All of the `b` nodes listed from `a`; stops at the first that is false.
    All,
    /// Any of the `b` nodes listed from `a`; stops at the first that is true.
    Any,
    If,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    In,
    Contains,
    ContainsAll,
    ContainsAny,
    HasTag,
    GetTag,
    /// Whether `a` is of the entity type `b`, a word.
    Is,
    /// Whether `a` has the attribute `b`, a word.
    Has,
    /// Whether `a` has the attribute that the `c` words listed from `b` lead to, one in another.
    HasPath,
    /// The attribute `b`, a word, of `a`.
    Get,
    /// Whether `a` is like the pattern of `c` characters listed from `b`.
    Like,
    /// A set of the `b` nodes listed from `a`.
    Set,
    /// A record of the `b` names and nodes listed in turn from `a`.
    Record,
    Ip,
    Decimal,
    Datetime,
    Duration,
    IsIpv4,
    IsIpv6,
    IsLoopback,
    IsMulticast,
    IsInRange,
    DecimalLess,
    DecimalLessOrEqual,
    DecimalGreater,
    DecimalGreaterOrEqual,
    Offset,
    DurationSince,
    ToDate,
    ToTime,
    ToMilliseconds,
    ToSeconds,
    ToMinutes,
    ToHours,
    ToDays,
    /// Fails, after the `b` nodes listed from `a`: a function that was given too few arguments, or too many.
    WrongArguments,
}

impl Op {
    /// Every operation, by its number in the binary form. New ones go to the end.
    pub const EVERY: [Op; 56] = [
        Op::Constant,
        Op::Principal,
        Op::Action,
        Op::Resource,
        Op::Context,
        Op::Not,
        Op::Negate,
        Op::IsEmpty,
        Op::All,
        Op::Any,
        Op::If,
        Op::Equal,
        Op::NotEqual,
        Op::Less,
        Op::LessOrEqual,
        Op::Greater,
        Op::GreaterOrEqual,
        Op::Add,
        Op::Subtract,
        Op::Multiply,
        Op::In,
        Op::Contains,
        Op::ContainsAll,
        Op::ContainsAny,
        Op::HasTag,
        Op::GetTag,
        Op::Is,
        Op::Has,
        Op::HasPath,
        Op::Get,
        Op::Like,
        Op::Set,
        Op::Record,
        Op::Ip,
        Op::Decimal,
        Op::Datetime,
        Op::Duration,
        Op::IsIpv4,
        Op::IsIpv6,
        Op::IsLoopback,
        Op::IsMulticast,
        Op::IsInRange,
        Op::DecimalLess,
        Op::DecimalLessOrEqual,
        Op::DecimalGreater,
        Op::DecimalGreaterOrEqual,
        Op::Offset,
        Op::DurationSince,
        Op::ToDate,
        Op::ToTime,
        Op::ToMilliseconds,
        Op::ToSeconds,
        Op::ToMinutes,
        Op::ToHours,
        Op::ToDays,
        Op::WrongArguments,
    ];
}

impl Op {
    /// How many of `a`, `b` and `c` are nodes, for operations that list none and name nothing.
    pub(super) fn operands(self) -> usize {
        match self {
            Op::Constant | Op::Principal | Op::Action | Op::Resource | Op::Context => 0,
            Op::If => 3,
            Op::Not | Op::Negate | Op::IsEmpty | Op::Is | Op::Has | Op::HasPath | Op::Get | Op::Like => 1,
            Op::Ip | Op::Decimal | Op::Datetime | Op::Duration => 1,
            Op::IsIpv4 | Op::IsIpv6 | Op::IsLoopback | Op::IsMulticast => 1,
            Op::ToDate | Op::ToTime => 1,
            Op::ToMilliseconds | Op::ToSeconds | Op::ToMinutes | Op::ToHours | Op::ToDays => 1,
            _ => 2,
        }
    }
}

/// One operation of a condition. Operands lie before the nodes that use them, and each is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    pub op: Op,
    pub a: u32,
    pub b: u32,
    pub c: u32,
}

/// Stands for "any characters" in a pattern; no character has this number.
pub(super) const WILDCARD: u32 = u32::MAX;

/// The condition of a policy that has none.
pub(super) const NO_CONDITION: u32 = u32::MAX;

/// How deep expressions and values may be nested. Evaluation goes down as deep on the stack, of which a Worker has little.
pub const MAX_DEPTH: u32 = 400;

/// How many nodes the conditions of all policies may have. `is … in` evaluates its left side twice, so that a small text can
/// ask for many.
const MAX_NODES: u32 = 1 << 24;

/// One policy: what it does where its scope fits and its condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub effect: Effect,
    pub condition: u32,
}

/// A set of policies, compiled.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub(super) layer: Layer,
    pub(super) nodes: Vec<Node>,
    /// Operands of nodes that have many: nodes, words, characters.
    pub(super) lists: Vec<u32>,
    pub(super) policies: Vec<Policy>,
    pub(super) index: Index,
    /// Id, source and reason of each policy in turn. No decision reads them.
    pub(super) names: Strings,
}

impl Program {
    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// The policy's `@id`.
    pub fn id(&self, policy: u32) -> &str {
        self.names.get(policy as usize * 3)
    }

    /// Where the policy comes from: a row, a file, or nothing for a generated one.
    pub fn source(&self, policy: u32) -> &str {
        self.names.get(policy as usize * 3 + 1)
    }

    /// The policy's `@reason`: what end users are told where it denies. Empty where it has none.
    pub fn reason(&self, policy: u32) -> &str {
        self.names.get(policy as usize * 3 + 2)
    }

    pub fn effect(&self, policy: u32) -> Effect {
        self.policies[policy as usize].effect
    }

    /// Whether a policy has conditions beside its scope.
    pub fn has_condition(&self, policy: u32) -> bool {
        self.policies[policy as usize].condition != NO_CONDITION
    }

    pub(super) fn list(&self, at: u32, len: u32) -> &[u32] {
        &self.lists[at as usize..(at + len) as usize]
    }
}

/// Which entities a policy or a grant is about, in the words of Cedar's policy scopes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Any,
    Is(String),
    Eq(Uid),
    In(Uid),
    IsIn(String, Uid),
}

/// Which actions a policy is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Actions {
    Any,
    Eq(Uid),
    /// In any of these.
    In(Vec<Uid>),
}

/// A policy before it is numbered.
#[derive(Clone, Debug, PartialEq)]
pub struct Described<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub reason: &'a str,
    pub effect: Effect,
    pub principal: Scope,
    pub actions: Actions,
    pub resource: Scope,
    /// A node of the builder that it is added to.
    pub condition: Option<u32>,
}

/// Makes a program, operand by operand.
#[derive(Debug, Default)]
pub struct Builder {
    program: Program,
    /// How deep each node is.
    depths: Vec<u32>,
    scoped: Vec<Scoped>,
}

impl Builder {
    fn writer(&mut self) -> Writer<'_> {
        Writer { below: [None, None], layer: &mut self.program.layer }
    }

    pub fn word(&mut self, text: &str) -> Word {
        self.writer().word(text)
    }

    pub fn entity(&mut self, uid: &Uid) -> Entity {
        self.writer().entity(&uid.kind, &uid.id)
    }

    /// A node that yields a value.
    ///
    /// # Errors
    /// The value is nested too deep.
    pub fn constant(&mut self, plain: &Plain) -> Result<u32, TooMuch> {
        if plain.depth() > MAX_DEPTH {
            return Err(TooMuch);
        }
        let value = self.writer().value(plain).ok_or(TooMuch)?;
        let Span { at, .. } = self.writer().push(&[value]);
        self.node(Op::Constant, [at, 0, 0], &[])
    }

    /// A list of nodes, words or characters; its place and length.
    pub fn list(&mut self, items: &[u32]) -> (u32, u32) {
        let at = self.program.lists.len() as u32;
        self.program.lists.extend_from_slice(items);
        (at, items.len() as u32)
    }

    /// A node. `below` are those of its operands that are nodes.
    ///
    /// # Errors
    /// It would be nested too deep, or there are too many.
    pub fn node(&mut self, op: Op, [a, b, c]: [u32; 3], below: &[u32]) -> Result<u32, TooMuch> {
        let depth = below.iter().map(|node| self.depths[*node as usize]).max().unwrap_or(0) + 1;
        let number = self.program.nodes.len() as u32;
        if depth > MAX_DEPTH || number >= MAX_NODES {
            return Err(TooMuch);
        }
        self.program.nodes.push(Node { op, a, b, c });
        self.depths.push(depth);
        Ok(number)
    }

    /// A pattern: characters, and `None` for any number of any characters.
    pub fn pattern(&mut self, parts: impl IntoIterator<Item = Option<char>>) -> (u32, u32) {
        let items: Vec<u32> = parts.into_iter().map(|part| part.map_or(WILDCARD, u32::from)).collect();
        self.list(&items)
    }

    pub fn policy(&mut self, policy: Described) {
        let number = self.program.policies.len() as u32;
        let principal = self.scope(&policy.principal);
        let resource = self.scope(&policy.resource);
        let actions = match &policy.actions {
            Actions::Any => vec![Place::Any],
            Actions::Eq(uid) => vec![Place::Equal(self.entity(uid))],
            Actions::In(uids) => uids.iter().map(|uid| Place::In(self.entity(uid))).collect(),
        };
        for action in actions {
            self.scoped.push(Scoped { principal, action, resource, effect: policy.effect, what: number });
        }
        self.program.names.push(policy.id);
        self.program.names.push(policy.source);
        self.program.names.push(policy.reason);
        let condition = policy.condition.unwrap_or(NO_CONDITION);
        self.program.policies.push(Policy { effect: policy.effect, condition });
    }

    fn scope(&mut self, scope: &Scope) -> Place {
        self.writer().place(scope)
    }

    /// # Errors
    /// The policies' scopes ask in more ways than can be numbered.
    pub fn finish(mut self) -> Result<Program, TooMuch> {
        let entities = self.program.layer.end_of_entities();
        self.program.index = Index::new(self.scoped, entities)?;
        Ok(self.program)
    }
}

impl Writer<'_> {
    pub fn place(&mut self, scope: &Scope) -> Place {
        match scope {
            Scope::Any => Place::Any,
            Scope::Is(kind) => Place::Is(self.word(kind)),
            Scope::Eq(uid) => Place::Equal(self.entity(&uid.kind, &uid.id)),
            Scope::In(uid) => Place::In(self.entity(&uid.kind, &uid.id)),
            Scope::IsIn(kind, uid) => {
                let kind = self.word(kind);
                Place::IsIn(kind, self.entity(&uid.kind, &uid.id))
            }
        }
    }
}

/// The words of a program for messages: what a value is, as a person would write it.
pub(super) fn shown(view: &View, value: Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::Text(word) => crate::name::quote(view.word(word)),
        Value::Entity(entity) => view.uid(entity).to_string(),
        Value::Set(_) => "a set".to_string(),
        Value::Record(_) => "a record".to_string(),
        Value::Ip4(..) | Value::Ip6(..) => "an address".to_string(),
        Value::Decimal(_) => "a decimal".to_string(),
        Value::Datetime(_) => "a datetime".to_string(),
        Value::Duration(_) => "a duration".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_the_number_of_its_place() {
        for (at, op) in Op::EVERY.into_iter().enumerate() {
            assert_eq!(op as usize, at, "{op:?}");
        }
        assert_eq!(Op::WrongArguments as usize + 1, Op::EVERY.len(), "the last one");
    }
}
