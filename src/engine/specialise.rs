// SPDX-License-Identifier: Apache-2.0
//! One world made into another, which knows one principal and some resources and nothing else: partial evaluation.
//!
//! What the principal decides is decided here. So is what a resource decides: each part of a condition that depends on the
//! resource alone becomes an attribute with a number for its name, and where all resources agree it vanishes. What is left
//! of a condition are those attributes, the action and the context. Grants lose whom they are for, entities that nobody
//! can ask about lose their ids. So nothing crosses that nobody asks for: no other principal, no column, no role, no policy.
//!
//! The law: for each resource that [`Whose::resources`] names, every action (an entity of a type `Action`) and every context
//! whose entities [`Whose::also`] names, the new world decides as the old one does. A resource that is not there in the new
//! world may not be touched, or is not there in the old one either: both look the same, and both mean deny.

use super::index::{Place, Scoped};
use super::program::{Actions, Builder, Described, NO_CONDITION, Node, Op, Program, Scope};
use super::symbols::{Entity, View, Word};
use super::{Data, DataBuilder, Effect, Plain, Request, TooMuch, World};
use crate::name::Uid;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// For whom, and about what, a world is made.
#[derive(Clone, Debug)]
pub struct Whose {
    pub principal: Uid,
    pub resources: Vec<Uid>,
    /// Entities that contexts may name.
    pub also: Vec<Uid>,
    /// Attributes of the context that are known by now, whatever the context will say of them. What is known of some
    /// actions goes before what is known of every one, which is said once.
    pub fixed: Vec<Fixed>,
}

/// An attribute of the context that is known beforehand.
#[derive(Clone, Debug)]
pub struct Fixed {
    pub name: String,
    /// `None`: the context does not have it.
    pub value: Option<Plain>,
    /// The actions for which it is known; every action where `None`.
    pub actions: Option<Vec<Uid>>,
}

/// A world for one principal.
#[derive(Debug)]
pub struct Special {
    pub program: Program,
    pub data: Data,
    /// The actions that something may permit, as far as they are named.
    pub actions: BTreeSet<Uid>,
    /// Whether something permits every action.
    pub every_action: bool,
}

impl World<'_> {
    /// # Errors
    /// What is left cannot be numbered, or is nested too deep.
    pub fn specialise(&self, whose: &Whose) -> Result<Special, TooMuch> {
        // What is evaluated here may rest on what is known of every action's context, and on nothing else of a context.
        let known = whose.fixed.iter().filter(|fixed| fixed.actions.is_none());
        let known: Vec<(String, Plain)> =
            known.filter_map(|fixed| Some((fixed.name.clone(), fixed.value.clone()?))).collect();
        let ask = |resource: &Uid| self.request(&whose.principal, ("Action", ""), resource, &known);
        // For what does not depend on the resource, any resource does.
        let mut request = ask(&whose.principal)?;
        let rules = self.rules(whose, &mut request);
        let view = self.known();
        let is_action = |entity: &Entity| is_action(view.word(view.kind(*entity)));
        let actions: Vec<Entity> = (0..self.data.existing.len() as Entity).filter(is_action).collect();
        let mut resources: BTreeMap<&Uid, Resource> = BTreeMap::new();
        for uid in &whose.resources {
            let mut request = ask(uid)?;
            if self.data.exists(request.resource)
                && let Some(resource) = self.resource(&mut request, &rules, &actions)
            {
                resources.insert(uid, resource);
            }
        }
        Writing::new(*self, whose, actions, resources.into_iter().collect()).write(rules)
    }

    /// What applies to the principal, with all that depends on nothing else decided.
    fn rules(&self, whose: &Whose, request: &mut Request) -> Vec<Rule> {
        let principal = self.held(request.principal, request);
        let mut policies: BTreeMap<u32, Rule> = BTreeMap::new();
        for entry in self.program.index.scopes().into_iter().filter(|entry| principal.lies_in(entry.principal)) {
            let rule = || Rule { policy: Some(entry.what), ..Rule::of(&entry) };
            policies.entry(entry.what).or_insert_with(rule).actions.push(entry.action);
        }
        let mut partial = Partial { world: *self, whose, request };
        for (policy, rule) in &mut policies {
            let condition = self.program.policies[*policy as usize].condition;
            if condition != NO_CONDITION {
                rule.condition = partial.rest(condition);
            }
        }
        let mut grants: BTreeMap<(Effect, Place), Rule> = BTreeMap::new();
        for entry in self.data.index.scopes().into_iter().filter(|entry| principal.lies_in(entry.principal)) {
            let rule = grants.entry((entry.effect, entry.resource)).or_insert_with(|| Rule::of(&entry));
            rule.actions.push(entry.action);
        }
        let mut rules: Vec<Rule> = policies.into_values().filter(Rule::matters).chain(grants.into_values()).collect();
        for rule in &mut rules {
            rule.actions.sort_unstable();
            rule.actions.dedup();
        }
        rules
    }

    /// What the rules come to for one resource; `None` where no action on it can be allowed, whatever the context. `actions`
    /// are those that this world names.
    fn resource(&self, request: &mut Request, rules: &[Rule], actions: &[Entity]) -> Option<Resource> {
        let held = self.held(request.resource, request);
        let mut values = HashMap::new();
        let mut outcomes = Vec::new();
        for rule in rules.iter().filter(|rule| held.lies_in(rule.resource)) {
            rule.condition.each_part(&mut |node| {
                let (_, mut evaluator) = self.begin(request);
                let value = evaluator.value(node);
                values.insert(node, value.map(|value| evaluator.view().plain(value)));
            });
            outcomes.push((rule, rule.condition.outcome(&values)));
        }
        let may = |action: Option<&Held>| {
            let is = |effect: Effect, decides: &[Outcome]| {
                let applies = |rule: &Rule| rule.effect == effect && rule.takes(action);
                outcomes.iter().any(|(rule, outcome)| applies(rule) && decides.contains(outcome))
            };
            is(Effect::Permit, &[Outcome::Holds, Outcome::Open])
                && !is(Effect::Forbid, &[Outcome::Holds, Outcome::Fails])
        };
        // Every action that some permit names or that lies in one it names. Any other one is like the next.
        let permits = outcomes.iter().filter(|(rule, _)| rule.effect == Effect::Permit);
        let named: BTreeSet<Entity> = permits.flat_map(|(rule, _)| &rule.actions).filter_map(|a| a.entity()).collect();
        let below =
            actions.iter().copied().filter(|action| self.data.above(*action).iter().any(|above| named.contains(above)));
        let possible = may(None) || named.iter().copied().chain(below).any(|a| may(Some(&self.held(a, request))));
        possible.then_some(Resource { held, values })
    }

    fn held(&self, entity: Entity, request: &Request) -> Held {
        Held { entity, kind: self.view(request).kind(entity), above: self.data.above(entity).to_vec() }
    }
}

/// An entity and what it lies in.
struct Held {
    entity: Entity,
    kind: Word,
    above: Vec<Entity>,
}

impl Held {
    fn is_in(&self, other: Entity) -> bool {
        self.entity == other || self.above.contains(&other)
    }

    fn lies_in(&self, place: Place) -> bool {
        match place {
            Place::Any => true,
            Place::Is(kind) => self.kind == kind,
            Place::Equal(entity) => self.entity == entity,
            Place::In(entity) => self.is_in(entity),
            Place::IsIn(kind, entity) => self.kind == kind && self.is_in(entity),
        }
    }
}

/// A policy or some grants, for whoever asks.
struct Rule {
    policy: Option<u32>,
    effect: Effect,
    /// `Any`, `Equal` or `In` each.
    actions: Vec<Place>,
    resource: Place,
    condition: Rest,
}

impl Rule {
    fn of(entry: &Scoped) -> Rule {
        let (effect, resource) = (entry.effect, entry.resource);
        Rule { policy: None, effect, actions: Vec::new(), resource, condition: Rest::Known(Plain::Bool(true)) }
    }

    /// Whether it can decide anything: a permit that fails does not, a forbid that fails forbids.
    fn matters(&self) -> bool {
        match &self.condition {
            Rest::Known(Plain::Bool(holds)) => *holds,
            Rest::Known(_) | Rest::Fails => self.effect == Effect::Forbid,
            _ => true,
        }
    }

    /// Whether it is about an action; `None` is one that nothing names.
    fn takes(&self, action: Option<&Held>) -> bool {
        self.actions.iter().any(|place| *place == Place::Any || action.is_some_and(|action| action.lies_in(*place)))
    }
}

/// What is known of a resource.
struct Resource {
    held: Held,
    /// The values of parts, by node; `None` where evaluation fails.
    values: HashMap<u32, Option<Plain>>,
}

/// What is left of an expression.
#[derive(Clone, Debug)]
enum Rest {
    Known(Plain),
    /// It has no value, whatever the rest of the request is.
    Fails,
    /// It asks for the whole context, and part of that is known here and nowhere else. In the new world it fails, which
    /// never permits.
    Beyond,
    /// The node depends on the resource alone.
    Part(u32),
    /// A part whose value is a numbered attribute of the resource.
    Column(usize),
    /// The action, the resource or the context itself.
    Bare(Op),
    Open(Open),
}

/// An operation that some of the request is needed for.
#[derive(Clone, Debug)]
struct Open {
    op: Op,
    /// Types, attributes, names of fields: whatever words the operation has of its own.
    words: Vec<String>,
    pattern: Vec<u32>,
    operands: Vec<Rest>,
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Holds,
    Not,
    Fails,
    NotOrFails,
    Open,
}

impl Rest {
    fn is_settled(&self) -> bool {
        matches!(self, Rest::Known(_) | Rest::Fails | Rest::Part(_) | Rest::Bare(Op::Resource))
    }

    fn each_part(&self, visit: &mut dyn FnMut(u32)) {
        match self {
            Rest::Part(node) => visit(*node),
            Rest::Open(open) => open.operands.iter().for_each(|operand| operand.each_part(visit)),
            _ => {}
        }
    }

    fn outcome(&self, values: &HashMap<u32, Option<Plain>>) -> Outcome {
        let of = |value: Option<&Plain>| match value {
            Some(Plain::Bool(true)) => Outcome::Holds,
            Some(Plain::Bool(false)) => Outcome::Not,
            _ => Outcome::Fails,
        };
        match self {
            Rest::Known(value) => of(Some(value)),
            Rest::Fails => Outcome::Fails,
            Rest::Part(node) => of(values.get(node).and_then(Option::as_ref)),
            Rest::Open(open) => open.outcome(values),
            // No boolean, or not known.
            Rest::Bare(_) | Rest::Column(_) | Rest::Beyond => Outcome::Open,
        }
    }
}

impl Open {
    /// An operation that has no words and no pattern.
    fn new(op: Op, operands: Vec<Rest>) -> Open {
        Open { op, words: Vec::new(), pattern: Vec::new(), operands }
    }

    fn outcome(&self, values: &HashMap<u32, Option<Plain>>) -> Outcome {
        let (stops, goes_on) = match self.op {
            Op::All => (Outcome::Not, Outcome::Holds),
            Op::Any => (Outcome::Holds, Outcome::Not),
            Op::Not => {
                return match self.operands[0].outcome(values) {
                    Outcome::Holds => Outcome::Not,
                    Outcome::Not => Outcome::Holds,
                    Outcome::Fails => Outcome::Fails,
                    Outcome::NotOrFails | Outcome::Open => Outcome::Open,
                };
            }
            Op::If => {
                return match self.operands[0].outcome(values) {
                    Outcome::Holds => self.operands[1].outcome(values),
                    Outcome::Not => self.operands[2].outcome(values),
                    Outcome::Fails => Outcome::Fails,
                    Outcome::NotOrFails | Outcome::Open => Outcome::Open,
                };
            }
            _ => return Outcome::Open,
        };
        let mut open = false;
        for operand in &self.operands {
            match operand.outcome(values) {
                outcome if outcome == goes_on => {}
                outcome if outcome == stops || outcome == Outcome::Fails => {
                    return match (open, outcome) {
                        (false, outcome) => outcome,
                        // What stands before it may fail, or stop otherwise; `&&` cannot hold any more.
                        (true, _) if self.op == Op::All => Outcome::NotOrFails,
                        (true, _) => Outcome::Open,
                    };
                }
                Outcome::NotOrFails if self.op == Op::All => return Outcome::NotOrFails,
                _ => open = true,
            }
        }
        if open { Outcome::Open } else { goes_on }
    }
}

/// An operation over operands of which some are decided.
fn joined(open: Open) -> Rest {
    let Open { op, words, pattern, mut operands } = open;
    match op {
        Op::All | Op::Any => {
            let mut left = Vec::new();
            for operand in operands {
                match operand {
                    Rest::Known(Plain::Bool(value)) if value == (op == Op::All) => {}
                    Rest::Known(Plain::Bool(value)) => {
                        if left.is_empty() {
                            return Rest::Known(Plain::Bool(value));
                        }
                        left.push(Rest::Known(Plain::Bool(value)));
                        break;
                    }
                    Rest::Known(_) | Rest::Fails => {
                        if left.is_empty() {
                            return Rest::Fails;
                        }
                        left.push(Rest::Fails);
                        break;
                    }
                    operand => left.push(operand),
                }
            }
            if left.is_empty() {
                return Rest::Known(Plain::Bool(op == Op::All));
            }
            Rest::Open(Open { op, words, pattern, operands: left })
        }
        Op::If => match &operands[0] {
            Rest::Known(Plain::Bool(holds)) => operands.swap_remove(if *holds { 1 } else { 2 }),
            Rest::Known(_) | Rest::Fails => Rest::Fails,
            _ => Rest::Open(Open { op, words, pattern, operands }),
        },
        Op::Not => match &operands[0] {
            Rest::Known(Plain::Bool(value)) => Rest::Known(Plain::Bool(!value)),
            Rest::Known(_) | Rest::Fails => Rest::Fails,
            _ => Rest::Open(Open { op, words, pattern, operands }),
        },
        _ if operands.iter().any(|operand| matches!(operand, Rest::Fails)) => Rest::Fails,
        _ => Rest::Open(Open { op, words, pattern, operands }),
    }
}

/// Evaluates what depends on the principal alone.
struct Partial<'a> {
    world: World<'a>,
    whose: &'a Whose,
    /// Of the principal, with the context as far as it is known.
    request: &'a mut Request,
}

impl Partial<'_> {
    /// What is left of a node.
    fn rest(&mut self, number: u32) -> Rest {
        let program = self.world.program;
        let node = program.nodes[number as usize];
        if let Some(rest) = self.fixed(number, node) {
            return rest;
        }
        match node.op {
            Op::Context if !self.whose.fixed.is_empty() => return Rest::Beyond,
            Op::Action | Op::Resource | Op::Context => return Rest::Bare(node.op),
            _ => {}
        }
        let (operands, words, pattern) = self.parts(node);
        let operands: Vec<Rest> = operands
            .into_iter()
            .map(|operand| {
                // The context itself is whole again where one attribute of it is asked for.
                let asks = matches!(node.op, Op::Get | Op::Has | Op::HasPath);
                match program.nodes[operand as usize].op {
                    Op::Context if asks => Rest::Bare(Op::Context),
                    _ => self.rest(operand),
                }
            })
            .collect();
        let lazy = matches!(node.op, Op::All | Op::Any | Op::If);
        if !lazy && operands.iter().all(|operand| matches!(operand, Rest::Known(_))) {
            return self.evaluated(number);
        }
        match joined(Open { op: node.op, words, pattern, operands }) {
            Rest::Open(open) if open.operands.iter().all(Rest::is_settled) => Rest::Part(number),
            rest => rest,
        }
    }

    fn evaluated(&mut self, number: u32) -> Rest {
        evaluated(&self.world, self.request, number)
    }

    /// The value of a node that asks the context for an attribute that is known.
    fn evaluated_with(&self, number: u32, fixed: &Fixed) -> Rest {
        let context: Vec<(String, Plain)> =
            fixed.value.iter().map(|value| (fixed.name.clone(), value.clone())).collect();
        let principal = &self.whose.principal;
        // A value that cannot be numbered is none: what asks for it fails, and permits nothing.
        let request = self.world.request(principal, ("Action", ""), principal, &context);
        request.map_or(Rest::Fails, |mut request| evaluated(&self.world, &mut request, number))
    }

    /// What is known of an attribute of the context that a node asks for.
    fn fixed(&mut self, number: u32, node: Node) -> Option<Rest> {
        let program = self.world.program;
        let name = match node.op {
            Op::Get | Op::Has => node.b,
            Op::HasPath => *program.list(node.b, node.c).first()?,
            _ => return None,
        };
        if program.nodes[node.a as usize].op != Op::Context {
            return None;
        }
        let name = self.world.view(self.request).word(name);
        let fixed: Vec<&Fixed> = self.whose.fixed.iter().filter(|fixed| fixed.name == name).collect();
        let (_, words, pattern) = self.parts(node);
        let asked = Rest::Open(Open { op: node.op, words, pattern, operands: vec![Rest::Bare(Op::Context)] });
        let mut rest = (!fixed.is_empty()).then_some(asked)?;
        for fixed in fixed {
            let known = self.evaluated_with(number, fixed);
            rest = match &fixed.actions {
                None => known,
                Some(actions) => {
                    let actions = actions.iter().cloned().map(Plain::Entity).collect();
                    // Not `in`: an action that lies in one of them takes a context of its own.
                    let operands = vec![Rest::Known(Plain::Set(actions)), Rest::Bare(Op::Action)];
                    let is_one = Rest::Open(Open::new(Op::Contains, operands));
                    Rest::Open(Open::new(Op::If, vec![is_one, known, rest]))
                }
            };
        }
        Some(rest)
    }

    /// The operands of a node, its words and its pattern.
    fn parts(&self, node: Node) -> (Vec<u32>, Vec<String>, Vec<u32>) {
        let program = self.world.program;
        let Node { op, a, b, c } = node;
        let view = self.world.view(self.request);
        let spelt = |words: &[Word]| words.iter().map(|word| view.word(*word).to_string()).collect();
        match op {
            Op::All | Op::Any | Op::Set | Op::WrongArguments => (program.list(a, b).to_vec(), Vec::new(), Vec::new()),
            Op::Record => {
                let pairs = program.list(a, b).chunks_exact(2);
                let names: Vec<Word> = pairs.clone().map(|pair| pair[0]).collect();
                (pairs.map(|pair| pair[1]).collect(), spelt(&names), Vec::new())
            }
            Op::Is | Op::Has | Op::Get => (vec![a], spelt(&[b]), Vec::new()),
            Op::HasPath => (vec![a], spelt(program.list(b, c)), Vec::new()),
            Op::Like => (vec![a], Vec::new(), program.list(b, c).to_vec()),
            _ => ([a, b, c][..op.operands()].to_vec(), Vec::new(), Vec::new()),
        }
    }
}

fn evaluated(world: &World, request: &mut Request, number: u32) -> Rest {
    let (_, mut evaluator) = world.begin(request);
    match evaluator.value(number) {
        Some(value) => Rest::Known(evaluator.view().plain(value)),
        None => Rest::Fails,
    }
}

/// Writes the new world.
struct Writing<'a> {
    world: World<'a>,
    whose: &'a Whose,
    /// Those that the old world names.
    actions: Vec<Entity>,
    resources: Vec<(&'a Uid, Resource)>,
    /// The values of numbered attributes: the resources that have one, and what it is.
    columns: Vec<Vec<(usize, Option<Plain>)>>,
    /// Attributes by which conditions look into entities that only the request brings.
    looked_at: BTreeSet<String>,
    /// Whether a condition asks what such an entity lies in.
    asks_in: bool,
    asks_tags: bool,
    /// Entities that somebody can ask about. Any other one is called by a number.
    askable: BTreeSet<&'a Uid>,
    numbered: BTreeMap<Uid, usize>,
}

impl<'a> Writing<'a> {
    fn new(
        world: World<'a>,
        whose: &'a Whose,
        actions: Vec<Entity>,
        resources: Vec<(&'a Uid, Resource)>,
    ) -> Writing<'a> {
        let askable = resources.iter().map(|(uid, _)| *uid).chain(&whose.also).chain([&whose.principal]).collect();
        Writing {
            world,
            whose,
            actions,
            resources,
            columns: Vec::new(),
            looked_at: BTreeSet::new(),
            asks_in: false,
            asks_tags: false,
            askable,
            numbered: BTreeMap::new(),
        }
    }

    fn write(mut self, rules: Vec<Rule>) -> Result<Special, TooMuch> {
        let mut kept = Vec::new();
        for mut rule in rules {
            let places = self.resources.iter().enumerate();
            let about: Vec<usize> =
                places.filter(|(_, (_, resource))| resource.held.lies_in(rule.resource)).map(|(at, _)| at).collect();
            if about.is_empty() {
                continue;
            }
            rule.condition = self.settled(&rule.condition, &about);
            if rule.matters() {
                self.note(&rule.condition);
                kept.push(rule);
            }
        }
        let mut program = Builder::default();
        // Whoever asks has a number here, though nothing depends on it any more.
        program.entity(&self.whose.principal);
        for rule in &kept {
            let Some(policy) = rule.policy else { continue };
            let condition = match &rule.condition {
                Rest::Known(_) | Rest::Fails => None,
                condition => Some(self.node(&mut program, condition)?),
            };
            let (effect, resource) = (rule.effect, self.scope(rule.resource));
            let id = self.world.program.reason(policy);
            for actions in self.actions(&rule.actions) {
                let principal = Scope::Any;
                program.policy(Described {
                    id,
                    source: "",
                    reason: "",
                    effect,
                    principal,
                    actions,
                    resource: resource.clone(),
                    condition,
                });
            }
        }
        let program = program.finish()?;
        let data = self.data(&program, &kept)?;
        let permits = || kept.iter().filter(|rule| rule.effect == Effect::Permit).flat_map(|rule| &rule.actions);
        let actions = permits().filter_map(|place| Some(self.uid(place.entity()?))).collect();
        let every_action = permits().any(|place| *place == Place::Any);
        Ok(Special { program, data, actions, every_action })
    }
}

impl Writing<'_> {
    /// A condition in which what all the resources agree on is decided.
    fn settled(&mut self, rest: &Rest, about: &[usize]) -> Rest {
        match rest {
            Rest::Part(node) => {
                let value = |at: &usize| self.resources[*at].1.values.get(node).cloned().flatten();
                let column: Vec<(usize, Option<Plain>)> = about.iter().map(|at| (*at, value(at))).collect();
                if column.windows(2).all(|pair| pair[0].1 == pair[1].1) {
                    return column.into_iter().next().and_then(|(_, value)| value).map_or(Rest::Fails, Rest::Known);
                }
                let known = self.columns.iter().position(|other| *other == column);
                Rest::Column(known.unwrap_or_else(|| {
                    self.columns.push(column);
                    self.columns.len() - 1
                }))
            }
            Rest::Open(open) => {
                let operands = open.operands.iter().map(|operand| self.settled(operand, about)).collect();
                joined(Open { operands, ..open.clone() })
            }
            rest => rest.clone(),
        }
    }

    /// Notes what the new world must have for a condition.
    fn note(&mut self, rest: &Rest) {
        let Rest::Open(open) = rest else { return };
        let of_context = matches!(open.operands.first(), Some(Rest::Bare(Op::Context)));
        match open.op {
            Op::Get | Op::Has | Op::HasPath => {
                self.looked_at.extend(open.words.iter().skip(usize::from(of_context)).cloned());
            }
            Op::In => self.asks_in = true,
            Op::HasTag | Op::GetTag => self.asks_tags = true,
            _ => {}
        }
        open.operands.iter().for_each(|operand| self.note(operand));
    }

    fn node(&mut self, program: &mut Builder, rest: &Rest) -> Result<u32, TooMuch> {
        let open = match rest {
            Rest::Known(value) => return program.constant(&self.renamed(value)),
            Rest::Fails | Rest::Beyond => {
                let (at, len) = program.list(&[]);
                return program.node(Op::WrongArguments, [at, len, 0], &[]);
            }
            // Every part has become a column or a value by now; one that has not cannot be told, and so fails.
            Rest::Part(_) => return self.node(program, &Rest::Fails),
            Rest::Column(column) => {
                let resource = program.node(Op::Resource, [0; 3], &[])?;
                let name = program.word(&column_name(*column));
                return program.node(Op::Get, [resource, name, 0], &[resource]);
            }
            Rest::Bare(op) => return program.node(*op, [0; 3], &[]),
            Rest::Open(open) => open,
        };
        let nodes = open.operands.iter().map(|operand| self.node(program, operand)).collect::<Result<Vec<u32>, _>>()?;
        let words: Vec<u32> = open.words.iter().map(|word| program.word(word)).collect();
        let operands = match open.op {
            Op::All | Op::Any | Op::Set | Op::WrongArguments => {
                let (at, len) = program.list(&nodes);
                [at, len, 0]
            }
            Op::Record => {
                let pairs: Vec<u32> = words.iter().zip(&nodes).flat_map(|(name, node)| [*name, *node]).collect();
                let (at, len) = program.list(&pairs);
                [at, len, 0]
            }
            Op::Is | Op::Has | Op::Get => [nodes[0], words[0], 0],
            Op::HasPath => {
                let (at, len) = program.list(&words);
                [nodes[0], at, len]
            }
            Op::Like => {
                let (at, len) = program.list(&open.pattern);
                [nodes[0], at, len]
            }
            _ => std::array::from_fn(|at| nodes.get(at).copied().unwrap_or_default()),
        };
        program.node(open.op, operands, &nodes)
    }

    /// The entities that somebody can ask about, with what conditions ask of them, and the grants.
    fn data(&mut self, program: &Program, rules: &[Rule]) -> Result<Data, TooMuch> {
        let old = self.world.data;
        let resources: BTreeMap<&Uid, usize> =
            self.resources.iter().enumerate().map(|(at, (uid, _))| (*uid, at)).collect();
        let looked_into = self.mentioned(rules);
        // Where one thing lies in another, it matters only as far as somebody asks for it.
        let mut wholes: BTreeSet<Uid> = BTreeSet::new();
        for rule in rules {
            wholes.extend(
                rule.actions.iter().chain([&rule.resource]).filter_map(|place| Some(self.uid(place.entity()?))),
            );
        }
        if self.asks_in {
            wholes.extend(looked_into.iter().chain(resources.keys().copied()).cloned());
        }
        let mut builder = DataBuilder::new(program);
        let all: BTreeSet<&Uid> = looked_into.iter().chain(resources.keys().copied()).collect();
        for uid in all {
            let Some(entity) = self.world.entity(&uid.kind, &uid.id).filter(|entity| old.exists(*entity)) else {
                continue;
            };
            let is_looked_into = looked_into.contains(uid);
            let mut attributes = if is_looked_into { self.attributes(entity) } else { Vec::new() };
            if let Some(at) = resources.get(uid) {
                let columns = self.columns.iter().enumerate();
                let own = columns.filter_map(|(column, values)| {
                    let found = values.binary_search_by_key(at, |(resource, _)| *resource).ok()?;
                    Some((column_name(column), values[found].1.clone()?))
                });
                attributes.extend(own);
            }
            let tags = self.tags(entity);
            let above: Vec<Uid> = old.above(entity).iter().map(|above| self.uid(*above)).collect();
            let above: Vec<Uid> =
                above.iter().filter(|above| wholes.contains(above)).map(|above| self.name(above)).collect();
            let mut renamed = |told: Vec<(String, Plain)>| -> Vec<(String, Plain)> {
                told.into_iter().map(|(name, value)| (name, self.renamed(&value))).collect()
            };
            let (attributes, tags) = (renamed(attributes), renamed(tags));
            let own = self.name(uid);
            fn borrowed(named: &[(String, Plain)]) -> impl Iterator<Item = (&str, Plain)> {
                named.iter().map(|(name, value)| (name.as_str(), value.clone()))
            }
            builder.entity(&own, borrowed(&attributes), borrowed(&tags), &above)?;
            if !resources.contains_key(uid) {
                // There for conditions to look into, and nothing more.
                let every = None::<std::array::IntoIter<(&str, &str), 0>>;
                builder.grant(Effect::Forbid, &Scope::Any, every, &Scope::Eq(own));
            }
        }
        for rule in rules.iter().filter(|rule| rule.policy.is_none()) {
            let resource = self.scope(rule.resource);
            for actions in self.actions(&rule.actions) {
                let actions: Option<Vec<Uid>> = match actions {
                    Actions::Any => None,
                    Actions::Eq(action) => Some(vec![action]),
                    // A list of one would ask for that very action, and not for those that lie in it.
                    Actions::In(actions) if actions.len() == 1 => Some([actions.clone(), actions].concat()),
                    Actions::In(actions) => Some(actions),
                };
                let actions =
                    actions.as_ref().map(|actions| actions.iter().map(|uid| (uid.kind.as_str(), uid.id.as_str())));
                builder.grant(rule.effect, &Scope::Any, actions, &resource);
            }
        }
        builder.finish()
    }

    /// Entities into which conditions may look, beside the resource: those that contexts name, actions, and those that
    /// policies or values name.
    fn mentioned(&mut self, rules: &[Rule]) -> BTreeSet<Uid> {
        let mut mentioned: BTreeSet<Uid> = self.whose.also.iter().cloned().collect();
        mentioned.extend(self.actions.iter().map(|action| self.uid(*action)));
        if self.looked_at.is_empty() && !self.asks_in && !self.asks_tags {
            return mentioned;
        }
        for rule in rules {
            constants(&rule.condition, &mut mentioned);
        }
        for (_, value) in self.columns.iter().flatten() {
            value.iter().for_each(|value| entities(value, &mut mentioned));
        }
        // A condition may look into a resource that it is given by an `if` or in a record.
        let mut next: Vec<Uid> = mentioned.iter().cloned().collect();
        if rules.iter().any(|rule| hands_on_resource(&rule.condition)) {
            next.extend(self.resources.iter().map(|(uid, _)| (*uid).clone()));
        }
        let mut seen = BTreeSet::new();
        while let Some(uid) = next.pop() {
            if !seen.insert(uid.clone()) {
                continue;
            }
            let Some(entity) = self.world.entity(&uid.kind, &uid.id) else { continue };
            let mut further = BTreeSet::new();
            let told = self.attributes(entity).into_iter().chain(self.tags(entity));
            told.for_each(|(_, value)| entities(&value, &mut further));
            next.extend(further);
        }
        seen
    }

    /// The attributes of an entity that conditions look at.
    fn attributes(&self, entity: Entity) -> Vec<(String, Plain)> {
        let view = self.view();
        let named = self.looked_at.iter().filter_map(|name| {
            let word = self.world.word(name)?;
            Some((name.clone(), view.plain(self.world.data.attribute(entity, word)?)))
        });
        named.collect()
    }

    /// Its tags, where conditions ask for any.
    fn tags(&self, entity: Entity) -> Vec<(String, Plain)> {
        let view = self.view();
        let tags = self.world.data.tags.iter().filter(|(tagged, ..)| self.asks_tags && *tagged == entity);
        tags.map(|(_, name, value)| (view.word(*name).to_string(), view.plain(*value))).collect()
    }

    fn view(&self) -> View<'_> {
        self.world.known()
    }

    fn uid(&self, entity: Entity) -> Uid {
        self.view().uid(entity)
    }

    /// What an entity is called in the new world.
    fn name(&mut self, uid: &Uid) -> Uid {
        if self.askable.contains(uid) || is_action(&uid.kind) {
            return uid.clone();
        }
        let mut number = self.numbered.get(uid).copied().unwrap_or(self.numbered.len());
        loop {
            // A character that ids hardly have; where one does, the next number is taken.
            let called = Uid::new(&uid.kind, format!("\u{1}{number}"));
            if !self.askable.contains(&called) {
                self.numbered.insert(uid.clone(), number);
                return called;
            }
            number += 1_000_000;
        }
    }

    fn renamed(&mut self, value: &Plain) -> Plain {
        match value {
            Plain::Entity(uid) => Plain::Entity(self.name(uid)),
            Plain::Set(members) => Plain::Set(members.iter().map(|member| self.renamed(member)).collect()),
            Plain::Record(fields) => {
                Plain::Record(fields.iter().map(|(name, field)| (name.clone(), self.renamed(field))).collect())
            }
            value => value.clone(),
        }
    }

    fn scope(&mut self, place: Place) -> Scope {
        let kind = |word: Word| self.view().word(word).to_string();
        match place {
            Place::Any => Scope::Any,
            Place::Is(word) => Scope::Is(kind(word)),
            Place::Equal(entity) => Scope::Eq(self.name(&self.uid(entity))),
            Place::In(entity) => Scope::In(self.name(&self.uid(entity))),
            Place::IsIn(word, entity) => {
                let kind = kind(word);
                Scope::IsIn(kind, self.name(&self.uid(entity)))
            }
        }
    }

    fn actions(&mut self, places: &[Place]) -> Vec<Actions> {
        if places.contains(&Place::Any) {
            return vec![Actions::Any];
        }
        let mut all = Vec::new();
        let mut within = Vec::new();
        for place in places {
            match *place {
                Place::In(action) => within.push(self.name(&self.uid(action))),
                Place::Equal(action) => all.push(Actions::Eq(self.name(&self.uid(action)))),
                Place::Any | Place::Is(_) | Place::IsIn(..) => {}
            }
        }
        if !within.is_empty() {
            all.push(Actions::In(within));
        }
        all
    }
}

/// No attribute that a condition reads from an entity has this name: the character stands in no column's.
fn column_name(column: usize) -> String {
    format!("\u{1}{column}")
}

fn is_action(kind: &str) -> bool {
    kind == "Action" || kind.ends_with("::Action")
}

/// The entities in a value.
fn entities(value: &Plain, all: &mut BTreeSet<Uid>) {
    match value {
        Plain::Entity(uid) => {
            all.insert(uid.clone());
        }
        Plain::Set(members) => members.iter().for_each(|member| entities(member, all)),
        Plain::Record(fields) => fields.iter().for_each(|(_, field)| entities(field, all)),
        _ => {}
    }
}

/// The entities that a condition names.
fn constants(rest: &Rest, all: &mut BTreeSet<Uid>) {
    match rest {
        Rest::Known(value) => entities(value, all),
        Rest::Open(open) => open.operands.iter().for_each(|operand| constants(operand, all)),
        _ => {}
    }
}

/// Whether the resource itself is what some `if` or record yields, for another operation to look into.
fn hands_on_resource(rest: &Rest) -> bool {
    let Rest::Open(open) = rest else { return false };
    let hands_on = matches!(open.op, Op::If | Op::Record);
    open.operands
        .iter()
        .any(|operand| hands_on && matches!(operand, Rest::Bare(Op::Resource)) || hands_on_resource(operand))
}
