// SPDX-License-Identifier: Apache-2.0
//! How each policy that does not come from rows came out: its scope, and its conditions step by step.
//!
//! Every step is evaluated by the engine that decides, in a small world of its own: the entities that the conditions can
//! reach from this request.

use super::Explainer;
use super::shapes::{Applies, Condition, Evaluated, Fits, Step};
use super::situation::{Situation, holds};
use crate::cedar::{Form, Outline, Part};
use crate::decide::Undecidable;
use crate::engine::{Actions, Data, DataBuilder, Plain, Program, Request, Scope, World};
use crate::facts::Attribute;
use crate::name::{Uid, quote};
use std::collections::BTreeSet;

/// How many policies are told.
const MOST_POLICIES: usize = 40;

/// A longer value is cut.
const MAX_VALUE: usize = 400;

impl Situation<'_> {
    /// Those that decided first, then those that failed, then those whose scope fits.
    pub fn policies(&self, explainer: &Explainer) -> Vec<Evaluated> {
        let facts = self.facts();
        let principals = self.ancestry(facts, &self.query.principal);
        let resources = self.ancestry(facts, &self.query.resource);
        let Ok(data) = self.reached(&explainer.program, explainer) else { return Vec::new() };
        let world = World { program: &explainer.program, data: &data };
        let query = self.query;
        let request =
            world.request(&query.principal, ("Action", &query.action), &query.resource, query.context.values());
        let Ok(mut request) = request else { return Vec::new() };
        let mut told: Vec<(u32, usize, Evaluated)> = Vec::new();
        for (at, outline) in explainer.outlines.iter().enumerate() {
            let scope = Fits {
                principal: holds(&outline.principal, &query.principal, &principals),
                action: is_meant(&outline.actions, &query.action),
                resource: holds(&outline.resource, &query.resource, &resources),
            };
            let handwritten = explainer.is_handwritten(&outline.id);
            let near = scope.action
                && of_type(&outline.principal, &query.principal)
                && of_type(&outline.resource, &query.resource);
            if !handwritten && !near {
                continue;
            }
            let fits = scope.principal && scope.action && scope.resource;
            let (applies, conditions) =
                if fits { conditions(&world, &mut request, outline) } else { (Applies::No, Vec::new()) };
            let decided = self.decision.reasons.iter().any(|reason| reason.policy == outline.id);
            let rank = match applies {
                _ if decided => 0,
                Applies::Failed => 1,
                Applies::Yes => 2,
                Applies::No if fits => 3,
                Applies::No if near => 4,
                Applies::No => 5,
            };
            let source = if handwritten { crate::bundle::HANDWRITTEN } else { "generated" };
            let evaluated = Evaluated {
                policy: outline.id.clone(),
                effect: outline.effect.into(),
                source: source.to_string(),
                line: outline.line,
                applies,
                scope,
                conditions,
            };
            // Among those that did not decide, the rules that people wrote come first.
            told.push((rank * 2 + u32::from(!handwritten), at, evaluated));
        }
        told.sort_by_key(|(rank, at, _)| (*rank, *at));
        told.into_iter().map(|(.., evaluated)| evaluated).take(MOST_POLICIES).collect()
    }

    /// The entities that conditions can reach from the request: through attributes, and upwards.
    fn reached(&self, program: &Program, explainer: &Explainer) -> Result<Data, Undecidable> {
        let facts = self.facts();
        let query = self.query;
        let mut next: Vec<&Uid> = [&query.principal, &query.resource].into_iter().collect();
        next.extend(&query.context.entities);
        next.extend(&explainer.named);
        let mut seen: BTreeSet<&Uid> = next.iter().copied().collect();
        let mut builder = DataBuilder::new(program);
        let too_much = |error: crate::engine::TooMuch| Undecidable(error.to_string());
        while let Some(uid) = next.pop() {
            let Some((uid, entity)) = facts.entities.get_key_value(uid) else { continue };
            let mut attributes = Vec::new();
            for (name, value) in &entity.attributes {
                if let Attribute::Entity(other) = value
                    && seen.insert(other)
                {
                    next.push(other);
                }
                let Some(value) = crate::decide::plain(value) else { continue };
                attributes.push((name.as_str(), value));
            }
            next.extend(entity.parents.iter().filter(|parent| seen.insert(*parent)));
            builder.entity(uid, attributes, [], &entity.parents).map_err(too_much)?;
        }
        builder.finish().map_err(too_much)
    }
}

fn is_meant(actions: &Actions, action: &str) -> bool {
    let is = |uid: &Uid| uid.kind == "Action" && uid.id == action;
    match actions {
        Actions::Any => true,
        Actions::Eq(uid) => is(uid),
        Actions::In(uids) => uids.iter().any(is),
    }
}

/// Whether a scope can be about an entity of this type.
fn of_type(scope: &Scope, uid: &Uid) -> bool {
    match scope {
        Scope::Is(kind) | Scope::IsIn(kind, _) => *kind == uid.kind,
        Scope::Eq(other) => other.kind == uid.kind,
        Scope::Any | Scope::In(_) => true,
    }
}

/// The conditions of a policy whose scope fits, in their order, as far as the engine goes.
fn conditions(world: &World, request: &mut Request, outline: &Outline) -> (Applies, Vec<Condition>) {
    let mut applies = Applies::Yes;
    let mut all = Vec::new();
    for (unless, part) in &outline.clauses {
        let clause = if *unless { "unless" } else { "when" };
        if applies != Applies::Yes {
            all.push(Condition { clause, step: skipped(part) });
            continue;
        }
        let mut step = evaluated(world, request, part);
        let wanted = if *unless { "false" } else { "true" };
        match step.value.as_deref() {
            Some("true" | "false") => {
                if step.value.as_deref() != Some(wanted) {
                    applies = Applies::No;
                }
            }
            Some(value) => {
                step.error = Some(format!("{value} is neither true nor false"));
                applies = Applies::Failed;
            }
            None => applies = Applies::Failed,
        }
        all.push(Condition { clause, step });
    }
    (applies, all)
}

fn evaluated(world: &World, request: &mut Request, part: &Part) -> Step {
    let (value, error) = match world.value(request, part.node) {
        Ok(value) => (Some(cut(shown(&value))), None),
        Err(error) => (None, Some(error)),
    };
    let mut below: Vec<Step> = Vec::with_capacity(part.below.len());
    let mut settled = false;
    for (at, operand) in part.below.iter().enumerate() {
        let chosen = |cond: &Step| match cond.value.as_deref() {
            Some("true") => at == 1,
            Some("false") => at == 2,
            _ => false,
        };
        let skip = match part.form {
            Form::If if at > 0 => !chosen(&below[0]),
            _ => settled,
        };
        if skip {
            below.push(skipped(operand));
            continue;
        }
        let step = evaluated(world, request, operand);
        settled = match part.form {
            Form::All => step.value.as_deref() != Some("true"),
            Form::Any => step.value.as_deref() != Some("false"),
            Form::If | Form::Each => step.value.is_none(),
        };
        below.push(step);
    }
    Step { text: part.text.clone(), value, error, skipped: false, below }
}

fn skipped(part: &Part) -> Step {
    Step { text: part.text.clone(), skipped: true, ..Step::default() }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_VALUE {
        let end = (0..=MAX_VALUE).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A value as Cedar writes it.
fn shown(value: &Plain) -> String {
    let list = |texts: Vec<String>| texts.join(", ");
    match value {
        Plain::Bool(value) => value.to_string(),
        Plain::Long(value) => value.to_string(),
        Plain::Text(text) => quote(text),
        Plain::Entity(uid) => uid.to_string(),
        Plain::Set(members) => {
            let mut members: Vec<String> = members.iter().map(shown).collect();
            members.sort();
            format!("[{}]", list(members))
        }
        Plain::Record(fields) => {
            let mut fields: Vec<String> =
                fields.iter().map(|(name, field)| format!("{}: {}", quote(name), shown(field))).collect();
            fields.sort();
            format!("{{{}}}", list(fields))
        }
        Plain::Ip(ip) => format!("ip({})", quote(&ip.to_string())),
        Plain::Decimal(value) => {
            let (sign, digits) = (if *value < 0 { "-" } else { "" }, value.unsigned_abs());
            let fraction = format!("{:04}", digits % 10_000);
            let fraction = fraction.trim_end_matches('0');
            format!("decimal(\"{sign}{}.{}\")", digits / 10_000, if fraction.is_empty() { "0" } else { fraction })
        }
        Plain::Datetime(time) => format!("datetime({})", quote(&crate::rows::format_time(*time))),
        Plain::Duration(duration) => format!("duration(\"{duration}ms\")"),
    }
}
