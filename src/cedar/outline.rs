// SPDX-License-Identifier: Apache-2.0
//! Policies taken apart: every part of a condition that says something of its own, with its text and a node that the engine
//! can evaluate alone. For explaining; decisions are made by the whole.

use super::program::{Refused, Scopes, body, effect, node, operands, scopes};
use super::{CedarError, named_policies};
use crate::engine::{Actions, Builder, Effect, Program, Scope};
use cedar_policy::pst::{BinaryOp, Clause, Expr, UnaryOp, Var};

/// A policy, in parts.
#[derive(Clone, Debug)]
pub struct Outline {
    pub id: String,
    /// Its `@reason`; where it has none, the first sentence of the comment above it; empty where there is none either.
    pub reason: String,
    /// The file or text that it stands in, as it was named.
    pub file: String,
    /// The line that it begins at, from 1: that of its first annotation.
    pub line: usize,
    pub effect: Effect,
    pub principal: Scope,
    pub actions: Actions,
    pub resource: Scope,
    /// Its clauses in their order; whether each is an `unless`.
    pub clauses: Vec<(bool, Part)>,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Part {
    /// As Cedar prints it.
    pub text: String,
    /// What to evaluate, in the program that came with the outlines.
    pub node: u32,
    pub form: Form,
    pub below: Vec<Part>,
}

/// How an expression goes through what is below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Up to the first that is not true.
    All,
    /// Up to the first that is not false.
    Any,
    /// The first, and then one of the other two.
    If,
    /// All of them in their order, up to the first that fails.
    Each,
}

/// Deeper parts are not taken apart: nobody reads them, and each prints all that is below it.
const MAX_DEPTH: usize = 12;
/// Nor are more of one policy.
const MAX_PARTS: usize = 200;
/// Longer texts are cut.
const MAX_TEXT: usize = 2000;

/// The policies of a text in their order, and a program in which their parts can be evaluated. It decides nothing.
///
/// # Errors
/// As for [`super::program()`].
pub fn outlines(texts: &[(&str, &str)]) -> Result<(Program, Vec<Outline>), CedarError> {
    let mut builder = Builder::default();
    let mut all = Vec::new();
    for (file, text) in texts {
        let policies = named_policies(text, file)?;
        let statements = statements(text);
        let mut of_text = Vec::new();
        for policy in policies.policies() {
            let id = policy.id().to_string();
            let why = |why: &dyn std::fmt::Display| CedarError(format!("the policy `{id}` cannot be explained: {why}"));
            let body = body(policy).map_err(|error| why(&error))?;
            let Scopes { principal, actions, resource } = scopes(&body).map_err(|error| why(&error))?;
            let mut clauses = Vec::new();
            let mut left = MAX_PARTS;
            for clause in body.clauses() {
                let (unless, expression) = match clause {
                    Clause::When(expression) => (false, expression),
                    Clause::Unless(expression) => (true, expression),
                };
                clauses.push((unless, part(&mut builder, expression, 0, &mut left).map_err(|error| why(&error))?));
            }
            let statement = statement(&statements, &id, policy.annotation("id").is_some());
            let line = statement.map_or(0, |statement| statement.line);
            let comment = || statement.map(|statement| first_sentence(&statement.comment)).unwrap_or_default();
            let reason = policy.annotation("reason").map_or_else(comment, str::to_string);
            let effect = effect(&body);
            let file = (*file).to_string();
            of_text.push(Outline { reason, file, line, effect, principal, actions, resource, clauses, id });
        }
        of_text.sort_by(|a, b| (a.line, &a.id).cmp(&(b.line, &b.id)));
        all.extend(of_text);
    }
    let program = builder.finish().map_err(|error| CedarError(format!("the policies cannot be explained: {error}")))?;
    Ok((program, all))
}

fn part(builder: &mut Builder, expression: &Expr, depth: usize, left: &mut usize) -> Result<Part, Refused> {
    *left = left.saturating_sub(1);
    let number = node(builder, expression)?;
    let (form, operands) = parts(expression);
    let mut below = Vec::new();
    if depth < MAX_DEPTH && operands.len() <= *left {
        for operand in &operands {
            below.push(part(builder, operand, depth + 1, left)?);
        }
    }
    let mut text = match expression {
        // Cedar prints a pair of parentheses around every operand.
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), .. } if !below.is_empty() => {
            let operands = operands.iter().zip(&below).map(|(operand, part)| match operand {
                Expr::BinaryOp { op: BinaryOp::Or, .. } | Expr::IfThenElse { .. } => format!("({})", part.text),
                _ => part.text.clone(),
            });
            operands.collect::<Vec<_>>().join(if *op == BinaryOp::And { " && " } else { " || " })
        }
        expression => expression.to_string(),
    };
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    Ok(Part { text, node: number, form, below })
}

/// The operands that say something of their own, in the order in which they are evaluated. Where some may be left out, all
/// of them.
fn parts(expression: &Expr) -> (Form, Vec<Expr>) {
    let telling = |expression: &Expr| !matches!(expression, Expr::Literal(_) | Expr::Var(_) | Expr::Slot(_));
    // Compared with something, a variable says who it is.
    let compared =
        |expression: &Expr| telling(expression) || matches!(expression, Expr::Var(Var::Principal | Var::Resource));
    let each = |all: &[&Expr]| (Form::Each, all.iter().filter(|e| telling(e)).map(|e| (*e).clone()).collect());
    match expression {
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => {
            let mut all = Vec::new();
            operands(*op, expression, &mut all);
            (if *op == BinaryOp::And { Form::All } else { Form::Any }, all.into_iter().cloned().collect())
        }
        Expr::BinaryOp { op: BinaryOp::Eq | BinaryOp::NotEq | BinaryOp::In, left, right } => {
            (Form::Each, [left, right].into_iter().filter(|e| compared(e)).map(|e| (**e).clone()).collect())
        }
        Expr::BinaryOp { left, right, .. } => each(&[left, right]),
        // The value of a constructor's text is the text.
        Expr::UnaryOp { op: UnaryOp::Ip | UnaryOp::Decimal | UnaryOp::Datetime | UnaryOp::Duration, .. } => {
            (Form::Each, Vec::new())
        }
        Expr::UnaryOp { expr, .. }
        | Expr::GetAttr { expr, .. }
        | Expr::HasAttr { expr, .. }
        | Expr::Like { expr, .. } => each(&[expr]),
        Expr::Is { expr, entity_type, in_expr: Some(whole) } => {
            let is = Expr::Is { expr: expr.clone(), entity_type: entity_type.clone(), in_expr: None };
            let within = Expr::BinaryOp { op: BinaryOp::In, left: expr.clone(), right: whole.clone() };
            (Form::All, vec![is, within])
        }
        Expr::Is { expr, .. } => each(&[expr]),
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            (Form::If, [cond, then_expr, else_expr].into_iter().map(|e| (**e).clone()).collect())
        }
        Expr::Set(members) => each(&members.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
        Expr::Record(fields) => each(&fields.values().map(AsRef::as_ref).collect::<Vec<_>>()),
        _ => (Form::Each, Vec::new()),
    }
}

/// A statement of a text.
struct Statement {
    /// The line that it begins at, from 1.
    line: usize,
    /// The id that an annotation gives it.
    id: Option<String>,
    /// The comment that stands right above it.
    comment: String,
}

fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut line, mut start, mut statement) = (1, None, String::new());
    // The last comment, and the line behind it.
    let (mut comment, mut behind) = (String::new(), 0);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if start.is_none() && !c.is_whitespace() && !(c == '/' && rest.peek() == Some(&'/')) && c != ';' {
            start = Some(line);
            if behind != line {
                comment.clear();
            }
        }
        match c {
            '\n' => {
                line += 1;
                statement.push(' ');
            }
            '/' if rest.peek() == Some(&'/') => {
                let mut words = String::new();
                while let Some(c) = rest.next_if(|c| *c != '\n') {
                    words.push(c);
                }
                if start.is_none() {
                    if behind != line {
                        comment.clear();
                    }
                    comment.push_str(words.trim_start_matches('/').trim());
                    comment.push(' ');
                    behind = line + 1;
                }
            }
            '"' => {
                statement.push('"');
                while let Some(c) = rest.next() {
                    statement.push(c);
                    match c {
                        '\\' => statement.extend(rest.next()),
                        '"' => break,
                        '\n' => line += 1,
                        _ => {}
                    }
                }
            }
            ';' => {
                if let Some(line) = start.take() {
                    found.push(Statement { line, id: annotated(&statement), comment: std::mem::take(&mut comment) });
                }
                statement.clear();
            }
            c if c.is_whitespace() => statement.push(' '),
            c => statement.push(c),
        }
    }
    found
}

/// Without its period. A long one is nothing to repeat.
fn first_sentence(comment: &str) -> String {
    const MAX: usize = 200;
    let comment = comment.trim();
    let end = comment.find(". ").or_else(|| comment.strip_suffix('.').map(str::len)).unwrap_or(comment.len());
    if end > MAX { String::new() } else { comment[..end].to_string() }
}

/// The id that a statement's annotations name.
fn annotated(statement: &str) -> Option<String> {
    let mut rest = statement.trim_start();
    while let Some(annotation) = rest.strip_prefix('@') {
        let open = annotation.find('(')?;
        let (name, value) = (annotation[..open].trim(), annotation[open + 1..].trim_start());
        let mut end = 1;
        let bytes = value.as_bytes();
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        if name == "id" {
            return crate::name::unquote(value.get(..=end)?);
        }
        rest = value.get(end + 1..)?.trim_start().strip_prefix(')')?.trim_start();
    }
    None
}

/// The statement that a policy was read from.
fn statement<'s>(statements: &'s [Statement], id: &str, named: bool) -> Option<&'s Statement> {
    if named {
        return statements.iter().find(|statement| statement.id.as_deref() == Some(id));
    }
    // `policies.cedar#3`: the third statement.
    let number = id.rsplit_once('#').and_then(|(_, number)| number.parse::<usize>().ok())?;
    statements.get(number.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_begins_at_its_first_annotation() {
        let text = "// permit (a);\n\n@source(\"x;\\\"y\")\n@id(\"a\")\npermit (principal, action, resource);\n\
                    forbid (principal, action, resource) when { context.x == \"//;\" }; @id(\"c\") permit (principal, action, resource);";
        let (_, all) = outlines(&[("rules", text)]).expect("outlines");
        let found: Vec<(&str, usize)> = all.iter().map(|outline| (outline.id.as_str(), outline.line)).collect();
        assert_eq!(found, [("a", 3), ("c", 6), ("rules#2", 6)]);
    }

    #[test]
    fn a_reason_is_the_annotation_or_the_comment_right_above() {
        let text = "// Far away.\n\n// People may look. Always\n// and all.\n@id(\"a\")\npermit (principal, action, resource);\n\
                    // Not this.\n@id(\"b\") @reason(\"so it is\")\npermit (principal, action, resource);\n// No.\n\n\
                    @id(\"c\")\npermit (principal, action, resource);";
        let (_, all) = outlines(&[("rules", text)]).expect("outlines");
        let found: Vec<(&str, &str)> =
            all.iter().map(|outline| (outline.id.as_str(), outline.reason.as_str())).collect();
        assert_eq!(found, [("a", "People may look"), ("b", "so it is"), ("c", "")]);
    }

    #[test]
    fn a_chain_is_one_level_and_a_variable_stands_where_it_is_compared() {
        let text =
            "permit (principal, action, resource) when { resource has o && resource.o == principal && !context.p };";
        let (_, all) = outlines(&[("rules", text)]).expect("outlines");
        let (unless, part) = &all[0].clauses[0];
        assert!(!unless);
        assert_eq!(part.form, Form::All);
        let texts: Vec<(&str, Vec<&str>)> = part
            .below
            .iter()
            .map(|part| (part.text.as_str(), part.below.iter().map(|part| part.text.as_str()).collect()))
            .collect();
        let wanted = [
            ("resource has o", vec![]),
            ("resource.o == principal", vec!["resource.o", "principal"]),
            ("!context.p", vec!["context.p"]),
        ];
        assert_eq!(texts, wanted);
    }
}
