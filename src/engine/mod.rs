// SPDX-License-Identifier: Apache-2.0
//! The compiled engine: policies and data as integers, and a decision as a few look-ups among them.
//!
//! It knows Cedar's semantics and nothing of Cedar's code: a [`Program`] is made from Cedar's syntax tree by `cedar`, before
//! any request, or read from its binary form. So the browser can decide without the megabyte that parses policies.
//!
//! The law: decision, determining policies and failing policies are those of `cedar_policy::Authorizer`, save that a
//! `forbid` that fails denies, where Cedar skips it.

mod binary;
mod data;
mod evaluate;
pub mod extension;
mod index;
mod program;
mod specialise;
mod symbols;
mod value;

pub use binary::{Malformed, VERSION};
pub use data::{Data, DataBuilder};
pub use evaluate::Fault;
pub use program::{Actions, Builder, Described, MAX_DEPTH, Node, Op, Program, Scope};
pub use specialise::{Fixed, Special, Whose};
pub use symbols::View;
pub use value::{Plain, Value};

use crate::name::Uid;
use evaluate::Evaluator;
use index::Asked;
use program::NO_CONDITION;
use std::ops::ControlFlow;
use symbols::{Entity, Layer, Writer};

/// What a policy does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    Permit,
    Forbid,
}

/// More than the engine can number, or nested deeper than [`MAX_DEPTH`]. Nothing is decided by a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch;

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nested deeper than {MAX_DEPTH} levels, or more than can be numbered")
    }
}

impl std::error::Error for TooMuch {}

/// A program and data that share their numbers.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub program: &'a Program,
    pub data: &'a Data,
}

/// A request in numbers, with what it brings of its own.
pub struct Request {
    layer: Layer,
    principal: Entity,
    action: Entity,
    resource: Entity,
    context: Value,
}

/// What was found to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// A policy of the program.
    Policy(u32),
    /// A grant of the data.
    Grant(u32),
}

/// Everything that a decision rests on, sought out after it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    pub permits: Vec<Found>,
    pub forbids: Vec<Found>,
    /// Policies that fail, and why.
    pub faults: Vec<(u32, Fault)>,
}

impl<'a> World<'a> {
    /// A request in this world's numbers; the action is its type and its id. Entities and words that the world does not know
    /// get numbers of their own: they equal nothing but themselves.
    ///
    /// # Errors
    /// The context is nested too deep, or has a name twice.
    pub fn request(
        &self,
        principal: &Uid,
        action: (&str, &str),
        resource: &Uid,
        context: &[(String, Plain)],
    ) -> Result<Request, TooMuch> {
        let mut layer = Layer::above(&self.data.layer);
        let mut writer = Writer { below: [Some(&self.program.layer), Some(&self.data.layer)], layer: &mut layer };
        let principal = writer.entity(&principal.kind, &principal.id);
        let action = writer.entity(action.0, action.1);
        let resource = writer.entity(&resource.kind, &resource.id);
        let nothing = Value::Record(value::Span { at: layer.first_value, len: 0 });
        let request = Request { layer, principal, action, resource, context: nothing };
        self.with_context(request, context)
    }

    /// A request with this context in place of its own.
    ///
    /// # Errors
    /// As for [`World::request`].
    pub fn with_context(&self, mut request: Request, context: &[(String, Plain)]) -> Result<Request, TooMuch> {
        if context.is_empty() {
            return Ok(request);
        }
        if context.iter().any(|(_, value)| value.depth() >= MAX_DEPTH) {
            return Err(TooMuch);
        }
        let below = [Some(&self.program.layer), Some(&self.data.layer)];
        request.context = Writer { below, layer: &mut request.layer }.record(context).ok_or(TooMuch)?;
        Ok(request)
    }

    /// The number of an entity that this world names.
    pub fn entity(&self, kind: &str, id: &str) -> Option<u32> {
        let kind = self.word(kind)?;
        self.program.layer.find_entity(kind, id).or_else(|| self.data.layer.find_entity(kind, id))
    }

    /// The number of a word that this world knows.
    fn word(&self, text: &str) -> Option<u32> {
        self.program.layer.find_word(text).or_else(|| self.data.layer.find_word(text))
    }

    /// Whether an entity, given its number, is there: one that is only named is not.
    pub fn exists(&self, entity: u32) -> bool {
        self.data.exists(entity)
    }

    /// Calls `visit` with the id of each entity of a type that is there.
    pub fn each(&self, kind: &str, visit: &mut dyn FnMut(&str)) {
        let Some(kind) = self.word(kind) else { return };
        let view = self.known();
        for entity in 0..self.data.layer.end_of_entities() {
            if self.data.exists(entity) && view.kind(entity) == kind {
                visit(view.id(entity));
            }
        }
    }

    /// A request without context, of entities by their numbers; `None` where one is no entity of this world.
    pub fn numbered(&self, principal: u32, action: u32, resource: u32) -> Option<Request> {
        let layer = Layer::above(&self.data.layer);
        let known = [principal, action, resource].iter().all(|entity| *entity < layer.first_entity);
        let context = Value::Record(value::Span { at: layer.first_value, len: 0 });
        known.then_some(Request { layer, principal, action, resource, context })
    }

    /// Whether the request is allowed: what can deny is asked only where something permits, and nothing is asked twice.
    pub fn allows(&self, request: &mut Request) -> bool {
        let values = request.layer.values.len();
        let allowed = self.judge(request);
        // What was computed on the way is forgotten, so that a request can be asked again and again.
        request.layer.values.truncate(values);
        allowed
    }

    fn judge(&self, request: &mut Request) -> bool {
        let (asked, mut evaluator) = self.begin(request);
        let mut permitted = false;
        let forbidden = self.data.index.visit(&asked, &mut |_, effect| match effect {
            Effect::Permit => {
                permitted = true;
                ControlFlow::Continue(())
            }
            Effect::Forbid => ControlFlow::Break(()),
        });
        if forbidden.is_break() {
            return false;
        }
        if !permitted {
            let found = self.program.index.visit(&asked, &mut |policy, effect| match effect {
                Effect::Permit if evaluator.holds(policy) == Some(true) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            });
            if found.is_continue() {
                return false;
            }
        }
        let forbidden = self.program.index.visit(&asked, &mut |policy, effect| match effect {
            // One that fails forbids: nobody can tell that it does not.
            Effect::Forbid if evaluator.holds(policy) != Some(false) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        forbidden.is_continue()
    }

    /// What a node of the program comes to for this request, as conditions come to it; or why it comes to nothing.
    ///
    /// # Errors
    /// The sentence that a policy's failure is told with.
    pub fn value(&self, request: &mut Request, node: u32) -> Result<Plain, String> {
        let values = request.layer.values.len();
        let (_, mut evaluator) = self.begin(request);
        let value = match evaluator.value(node) {
            Some(value) => Ok(evaluator.view().plain(value)),
            None => Err(evaluator.fault.sentence(&evaluator.view())),
        };
        request.layer.values.truncate(values);
        value
    }

    /// Everything that applies to the request, and every policy that fails on it.
    pub fn trace(&self, request: &mut Request) -> Trace {
        let values = request.layer.values.len();
        let (asked, mut evaluator) = self.begin(request);
        let mut trace = Trace::default();
        let _ = self.data.index.visit(&asked, &mut |grant, effect| {
            trace.of(effect).push(Found::Grant(grant));
            ControlFlow::Continue(())
        });
        let mut candidates = Vec::new();
        let _ = self.program.index.visit(&asked, &mut |policy, _| {
            candidates.push(Found::Policy(policy));
            ControlFlow::Continue(())
        });
        once(&mut candidates);
        for found in candidates {
            let Found::Policy(policy) = found else { continue };
            match evaluator.holds(policy) {
                Some(true) => trace.of(self.program.effect(policy)).push(found),
                Some(false) => {}
                None => trace.faults.push((policy, evaluator.fault)),
            }
        }
        for found in [&mut trace.permits, &mut trace.forbids] {
            once(found);
        }
        // What faults say may lie in what was computed: it is kept until the request is asked again.
        if trace.faults.is_empty() {
            request.layer.values.truncate(values);
        }
        trace
    }

    /// A request as scopes ask it, and as conditions do.
    fn begin<'r>(&self, request: &'r mut Request) -> (Asked<'r>, Evaluator<'r>)
    where
        'a: 'r,
    {
        let World { program, data } = *self;
        let Request { layer, principal, action, resource, context } = request;
        let (principal, action, resource, context) = (*principal, *action, *resource, *context);
        let view = View { program: &program.layer, data: &data.layer, request: layer };
        let asked = Asked {
            principal,
            principal_kind: view.kind(principal),
            principal_above: data.above(principal),
            action,
            action_above: data.above(action),
            resource,
            resource_kind: view.kind(resource),
            resource_above: data.above(resource),
        };
        // No fault is read before one was written.
        let fault = Fault::Overflow;
        (asked, Evaluator { program, data, request: layer, principal, action, resource, context, fault })
    }

    /// The words of this world.
    fn known(&self) -> View<'a> {
        View { program: &self.program.layer, data: &self.data.layer, request: &self.data.layer }
    }

    /// The words of this world and of a request.
    pub fn view<'r>(&'r self, request: &'r Request) -> View<'r> {
        View { program: &self.program.layer, data: &self.data.layer, request: &request.layer }
    }
}

impl Evaluator<'_> {
    /// Whether the condition of a policy holds; `None` where it fails, and `fault` says why.
    fn holds(&mut self, policy: u32) -> Option<bool> {
        match self.program.policies[policy as usize].condition {
            NO_CONDITION => Some(true),
            node => self.boolean(node),
        }
    }
}

impl Trace {
    /// Whether something forbids, or might: a `forbid` that fails denies.
    pub fn forbids(&self, program: &Program) -> bool {
        !self.forbids.is_empty() || self.faults.iter().any(|(policy, _)| program.effect(*policy) == Effect::Forbid)
    }

    /// The decision that it explains.
    pub fn allows(&self, program: &Program) -> bool {
        !self.permits.is_empty() && !self.forbids(program)
    }

    fn of(&mut self, effect: Effect) -> &mut Vec<Found> {
        match effect {
            Effect::Permit => &mut self.permits,
            Effect::Forbid => &mut self.forbids,
        }
    }
}

/// Puts what was found into order, each once.
fn once(found: &mut Vec<Found>) {
    let order = value::in_order(found.len(), &mut |a, b| found[a].cmp(&found[b]));
    let mut sorted: Vec<Found> = order.into_iter().map(|at| found[at as usize]).collect();
    sorted.dedup();
    *found = sorted;
}
