// SPDX-License-Identifier: Apache-2.0
//! Cedar's syntax tree into the engine's programs, and Cedar's values into the engine's.
//!
//! What cannot be compiled is refused here, before any request; nothing is ever compiled to something that means less.

use super::{CedarError, arity};
use crate::engine::{Actions, Builder, Described, Effect, Op, Plain, Program, Scope, TooMuch};
use crate::name::Uid;
use cedar_policy::pst::{
    ActionConstraint, BinaryOp, Clause, EntityOrSlot, EntityUID, Expr, Literal, PatternElem, Policy as Pst,
    PrincipalConstraint, ResourceConstraint, Template, UnaryOp, Var,
};
use cedar_policy::{Policy, PolicySet};
use serde_json::Value;
use std::sync::Arc;

/// Compiles policies, in the order of their ids. The source of each is its `@source`, or what `source` says of its id; what
/// end users are told where it denies, its `@reason`.
///
/// # Errors
/// Names the policy that cannot be compiled, and what of it.
pub fn program(policies: &PolicySet, source: impl Fn(&str) -> Option<String>) -> Result<Program, CedarError> {
    let mut sorted: Vec<(String, &Policy)> =
        policies.policies().map(|policy| (policy.id().to_string(), policy)).collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut builder = Builder::default();
    for (id, policy) in sorted {
        let why = |why: &dyn std::fmt::Display| CedarError(format!("the policy `{id}` cannot be compiled: {why}"));
        let body = body(policy).map_err(|error| why(&error))?;
        let from = policy.annotation("source").map(str::to_string).or_else(|| source(&id)).unwrap_or_default();
        let reason = policy.annotation("reason").unwrap_or_default();
        one(&mut builder, [&id, &from, reason], &body).map_err(|error| why(&error))?;
    }
    builder.finish().map_err(|error| CedarError(format!("the policies cannot be compiled: {error}")))
}

/// The syntax tree of a policy.
pub(super) fn body(policy: &Policy) -> Result<Template, String> {
    let tree = policy.to_pst().or_else(|error| arity::marked(policy).ok_or(error)?.to_pst());
    Ok(match tree.map_err(|error| error.to_string())? {
        Pst::Static(policy) => policy.body().clone(),
        Pst::Linked(policy) => policy.into_static_policy().map_err(|error| error.to_string())?.body().clone(),
    })
}

/// Why a policy cannot be compiled.
pub(super) enum Refused {
    TooMuch,
    /// Something of the syntax tree that has no meaning here.
    Unknown(&'static str),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::TooMuch => TooMuch.fmt(f),
            Refused::Unknown(what) => f.write_str(what),
        }
    }
}

impl From<TooMuch> for Refused {
    fn from(_: TooMuch) -> Refused {
        Refused::TooMuch
    }
}

/// Whom, what and on which a policy is about.
pub(super) struct Scopes {
    pub principal: Scope,
    pub actions: Actions,
    pub resource: Scope,
}

pub(super) fn effect(body: &Template) -> Effect {
    match body.effect {
        cedar_policy::pst::Effect::Permit => Effect::Permit,
        cedar_policy::pst::Effect::Forbid => Effect::Forbid,
    }
}

pub(super) fn scopes(body: &Template) -> Result<Scopes, Refused> {
    let principal = match &body.principal {
        PrincipalConstraint::Any => Scope::Any,
        PrincipalConstraint::Eq(entity) => Scope::Eq(entity_of(entity)?),
        PrincipalConstraint::In(entity) => Scope::In(entity_of(entity)?),
        PrincipalConstraint::Is(kind) => Scope::Is(kind.to_string()),
        PrincipalConstraint::IsIn(kind, entity) => Scope::IsIn(kind.to_string(), entity_of(entity)?),
    };
    let resource = match &body.resource {
        ResourceConstraint::Any => Scope::Any,
        ResourceConstraint::Eq(entity) => Scope::Eq(entity_of(entity)?),
        ResourceConstraint::In(entity) => Scope::In(entity_of(entity)?),
        ResourceConstraint::Is(kind) => Scope::Is(kind.to_string()),
        ResourceConstraint::IsIn(kind, entity) => Scope::IsIn(kind.to_string(), entity_of(entity)?),
    };
    let actions = match &body.action {
        ActionConstraint::Any => Actions::Any,
        ActionConstraint::Eq(action) => Actions::Eq(uid_of(action)),
        ActionConstraint::In(actions) => Actions::In(actions.iter().map(uid_of).collect()),
    };
    Ok(Scopes { principal, actions, resource })
}

fn one(builder: &mut Builder, [id, source, reason]: [&str; 3], body: &Template) -> Result<(), Refused> {
    let Scopes { principal, actions, resource } = scopes(body)?;
    let effect = effect(body);
    let mut clauses = Vec::new();
    for clause in body.clauses() {
        match clause {
            Clause::When(expression) => chain(builder, BinaryOp::And, expression, &mut clauses)?,
            Clause::Unless(expression) => {
                let operand = node(builder, expression)?;
                clauses.push(builder.node(Op::Not, [operand, 0, 0], &[operand])?);
            }
        }
    }
    let condition = match clauses.as_slice() {
        [] => None,
        [only] => Some(*only),
        _ => Some(listed(builder, Op::All, &clauses)?),
    };
    builder.policy(Described { id, source, reason, effect, principal, actions, resource, condition });
    Ok(())
}

fn uid_of(uid: &EntityUID) -> Uid {
    Uid::new(uid.ty.to_string(), uid.eid.as_str())
}

fn entity_of(entity: &EntityOrSlot) -> Result<Uid, Refused> {
    match entity {
        EntityOrSlot::Entity(uid) => Ok(uid_of(uid)),
        EntityOrSlot::Slot(_) => Err(Refused::Unknown("a slot that nothing fills")),
    }
}

/// A node over a list of nodes.
fn listed(builder: &mut Builder, op: Op, operands: &[u32]) -> Result<u32, Refused> {
    let (at, len) = builder.list(operands);
    Ok(builder.node(op, [at, len, 0], operands)?)
}

/// The operands of `a && b && …` or `a || b || …`, in their order: the same operator within it on either side asks the same,
/// and fails the same.
pub(super) fn operands<'e>(op: BinaryOp, expression: &'e Expr, found: &mut Vec<&'e Expr>) {
    // Left operands are walked in a loop: a chain of a thousand leans to the left, and is not a thousand levels deep.
    let mut rights = Vec::new();
    let mut left = expression;
    while let Expr::BinaryOp { op: other, left: next, right } = left
        && *other == op
    {
        rights.push(right);
        left = next;
    }
    found.push(left);
    for right in rights.into_iter().rev() {
        operands(op, right, found);
    }
}

/// A node for each operand of a chain.
fn chain(builder: &mut Builder, op: BinaryOp, expression: &Expr, found: &mut Vec<u32>) -> Result<(), Refused> {
    let mut all = Vec::new();
    operands(op, expression, &mut all);
    for operand in all {
        found.push(node(builder, operand)?);
    }
    Ok(())
}

/// The value of an expression that is one, however deep; `None` where it must be evaluated.
fn constant(expression: &Expr) -> Option<Plain> {
    Some(match expression {
        Expr::Literal(Literal::Bool(value)) => Plain::Bool(*value),
        Expr::Literal(Literal::Long(value)) => Plain::Long(*value),
        Expr::Literal(Literal::String(text)) => Plain::Text(text.to_string()),
        Expr::Literal(Literal::EntityUID(uid)) => Plain::Entity(uid_of(uid)),
        Expr::Set(members) => Plain::Set(members.iter().map(|member| constant(member)).collect::<Option<_>>()?),
        Expr::Record(fields) => {
            let fields = fields.iter().map(|(name, field)| Some((name.clone(), constant(field)?)));
            Plain::Record(fields.collect::<Option<_>>()?)
        }
        // A text that is no such value fails when it is evaluated, and only then.
        Expr::UnaryOp { op, expr } => {
            let Expr::Literal(Literal::String(text)) = expr.as_ref() else { return None };
            let function = match op {
                UnaryOp::Ip => "ip",
                UnaryOp::Decimal => "decimal",
                UnaryOp::Datetime => "datetime",
                UnaryOp::Duration => "duration",
                _ => return None,
            };
            Plain::extension(function, text)?
        }
        _ => return None,
    })
}

/// The node of an expression.
pub(super) fn node(builder: &mut Builder, expression: &Expr) -> Result<u32, Refused> {
    if let Some(value) = constant(expression) {
        return Ok(builder.constant(&value)?);
    }
    Ok(match expression {
        Expr::Var(variable) => {
            let op = match variable {
                Var::Principal => Op::Principal,
                Var::Action => Op::Action,
                Var::Resource => Op::Resource,
                Var::Context => Op::Context,
            };
            builder.node(op, [0; 3], &[])?
        }
        Expr::UnaryOp { op, expr } => match surplus(*op, expr) {
            Some(arguments) => {
                let arguments = arguments.iter().map(|argument| node(builder, argument));
                let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
                listed(builder, Op::WrongArguments, &arguments)?
            }
            None => {
                let operand = node(builder, expr)?;
                builder.node(unary(*op)?, [operand, 0, 0], &[operand])?
            }
        },
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => {
            let mut operands = Vec::new();
            chain(builder, *op, expression, &mut operands)?;
            listed(builder, if *op == BinaryOp::And { Op::All } else { Op::Any }, &operands)?
        }
        Expr::BinaryOp { op, left, right } => {
            let op = binary(*op)?;
            let left = node(builder, left)?;
            let right = node(builder, right)?;
            builder.node(op, [left, right, 0], &[left, right])?
        }
        Expr::GetAttr { expr, attr } => {
            let operand = node(builder, expr)?;
            let name = builder.word(attr);
            builder.node(Op::Get, [operand, name, 0], &[operand])?
        }
        Expr::HasAttr { expr, attrs } => {
            let operand = node(builder, expr)?;
            let names: Vec<u32> = attrs.iter().map(|name| builder.word(name)).collect();
            match names.as_slice() {
                [name] => builder.node(Op::Has, [operand, *name, 0], &[operand])?,
                _ => {
                    let (at, len) = builder.list(&names);
                    builder.node(Op::HasPath, [operand, at, len], &[operand])?
                }
            }
        }
        Expr::Like { expr, pattern } => {
            let operand = node(builder, expr)?;
            let (at, len) = builder.pattern(pattern.iter().map(|part| match part {
                PatternElem::Char(c) => Some(*c),
                PatternElem::Wildcard => None,
            }));
            builder.node(Op::Like, [operand, at, len], &[operand])?
        }
        Expr::Is { expr, entity_type, in_expr } => {
            let operand = node(builder, expr)?;
            let kind = builder.word(&entity_type.to_string());
            let is = builder.node(Op::Is, [operand, kind, 0], &[operand])?;
            match in_expr {
                None => is,
                // `a is T in b` means `a is T && a in b`.
                Some(whole) => {
                    let again = node(builder, expr)?;
                    let whole = node(builder, whole)?;
                    let within = builder.node(Op::In, [again, whole, 0], &[again, whole])?;
                    listed(builder, Op::All, &[is, within])?
                }
            }
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            let operands = [node(builder, cond)?, node(builder, then_expr)?, node(builder, else_expr)?];
            builder.node(Op::If, operands, &operands)?
        }
        Expr::Set(members) => {
            let members = members.iter().map(|member| node(builder, member)).collect::<Result<Vec<_>, _>>()?;
            listed(builder, Op::Set, &members)?
        }
        Expr::Record(fields) => {
            let (mut items, mut operands) = (Vec::new(), Vec::new());
            for (name, field) in fields {
                let operand = node(builder, field)?;
                items.extend([builder.word(name), operand]);
                operands.push(operand);
            }
            let (at, len) = builder.list(&items);
            builder.node(Op::Record, [at, len, 0], &operands)?
        }
        _ => return Err(Refused::Unknown("an expression that is not known here")),
    })
}

/// The arguments of a call that has too few or too many.
fn surplus(op: UnaryOp, expression: &Expr) -> Option<&[Arc<Expr>]> {
    let (UnaryOp::Ip, Expr::Record(fields)) = (op, expression) else { return None };
    match fields.get(arity::MARK).map(AsRef::as_ref) {
        Some(Expr::Set(arguments)) if fields.len() == 1 => Some(arguments),
        _ => None,
    }
}

fn unary(op: UnaryOp) -> Result<Op, Refused> {
    Ok(match op {
        UnaryOp::Not => Op::Not,
        UnaryOp::Neg => Op::Negate,
        UnaryOp::IsEmpty => Op::IsEmpty,
        UnaryOp::Datetime => Op::Datetime,
        UnaryOp::Decimal => Op::Decimal,
        UnaryOp::Duration => Op::Duration,
        UnaryOp::Ip => Op::Ip,
        UnaryOp::IsIPv4 => Op::IsIpv4,
        UnaryOp::IsIPV6 => Op::IsIpv6,
        UnaryOp::IsLoopback => Op::IsLoopback,
        UnaryOp::IsMulticast => Op::IsMulticast,
        UnaryOp::ToDate => Op::ToDate,
        UnaryOp::ToTime => Op::ToTime,
        UnaryOp::ToMilliseconds => Op::ToMilliseconds,
        UnaryOp::ToSeconds => Op::ToSeconds,
        UnaryOp::ToMinutes => Op::ToMinutes,
        UnaryOp::ToHours => Op::ToHours,
        UnaryOp::ToDays => Op::ToDays,
        _ => return Err(Refused::Unknown("an operator that is not known here")),
    })
}

fn binary(op: BinaryOp) -> Result<Op, Refused> {
    Ok(match op {
        BinaryOp::Eq => Op::Equal,
        BinaryOp::NotEq => Op::NotEqual,
        BinaryOp::Less => Op::Less,
        BinaryOp::LessEq => Op::LessOrEqual,
        BinaryOp::Greater => Op::Greater,
        BinaryOp::GreaterEq => Op::GreaterOrEqual,
        BinaryOp::Add => Op::Add,
        BinaryOp::Sub => Op::Subtract,
        BinaryOp::Mul => Op::Multiply,
        BinaryOp::In => Op::In,
        BinaryOp::Contains => Op::Contains,
        BinaryOp::ContainsAll => Op::ContainsAll,
        BinaryOp::ContainsAny => Op::ContainsAny,
        BinaryOp::GetTag => Op::GetTag,
        BinaryOp::HasTag => Op::HasTag,
        BinaryOp::IsInRange => Op::IsInRange,
        BinaryOp::Offset => Op::Offset,
        BinaryOp::DurationSince => Op::DurationSince,
        BinaryOp::DecimalLessThan => Op::DecimalLess,
        BinaryOp::DecimalLessEq => Op::DecimalLessOrEqual,
        BinaryOp::DecimalGreater => Op::DecimalGreater,
        BinaryOp::DecimalGreaterEq => Op::DecimalGreaterOrEqual,
        _ => return Err(Refused::Unknown("an operator that is not known here")),
    })
}

/// A value from Cedar's JSON form, in which entities and extension values are marked as such.
///
/// # Errors
/// Says what is no value.
pub fn plain(json: &Value) -> Result<Plain, CedarError> {
    let odd = |what: &str| CedarError(format!("{what} is no value of Cedar: {json}"));
    Ok(match json {
        Value::Bool(value) => Plain::Bool(*value),
        Value::Number(number) => Plain::Long(number.as_i64().ok_or_else(|| odd("the number"))?),
        Value::String(text) => Plain::Text(text.clone()),
        Value::Array(members) => Plain::Set(members.iter().map(plain).collect::<Result<_, _>>()?),
        Value::Null => return Err(odd("`null`")),
        Value::Object(fields) => match (fields.get("__entity"), fields.get("__extn")) {
            (Some(entity), None) if fields.len() == 1 => Plain::Entity(json_uid(entity).ok_or_else(|| odd("it"))?),
            (None, Some(call)) if fields.len() == 1 => extension(call)?.ok_or_else(|| odd("it"))?,
            _ => {
                let fields = fields.iter().map(|(name, field)| Ok((name.clone(), plain(field)?)));
                Plain::Record(fields.collect::<Result<_, CedarError>>()?)
            }
        },
    })
}

/// An entity in Cedar's JSON form, marked or not.
pub fn json_uid(json: &Value) -> Option<Uid> {
    let entity = json.get("__entity").unwrap_or(json);
    Some(Uid::new(entity["type"].as_str()?, entity["id"].as_str()?))
}

/// What a call of an extension function stands for. Cedar writes instants as an offset from 1970.
fn extension(call: &Value) -> Result<Option<Plain>, CedarError> {
    let Some(function) = call["fn"].as_str() else { return Ok(None) };
    if let Some(text) = call["arg"].as_str() {
        return Ok(Plain::extension(function, text));
    }
    let arguments = call["args"].as_array().map(Vec::as_slice).unwrap_or_default();
    let arguments = arguments.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
    Ok(match (function, arguments.as_slice()) {
        ("offset", [Plain::Datetime(time), Plain::Duration(duration)]) => {
            time.checked_add(*duration).map(Plain::Datetime)
        }
        (_, [Plain::Text(text)]) => Plain::extension(function, text),
        _ => None,
    })
}
