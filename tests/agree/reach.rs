// SPDX-License-Identifier: Apache-2.0
//! The generator leaves nothing out: every operator, every kind of error, both decisions, in a healthy share.

use super::ask_cedar;
use super::generate::case;
use super::generate::texts::{
    ADDRESSES, DATETIMES, DECIMALS, DURATIONS, NO_ADDRESSES, NO_DATETIMES, NO_DECIMALS, NO_DURATIONS,
};
use cedar_policy::pst::{
    ActionConstraint, BinaryOp, Clause, Expr, Literal, PatternElem, Policy as Pst, PrincipalConstraint,
    ResourceConstraint, UnaryOp,
};
use cedar_policy::{
    AuthorizationError, Authorizer, Context, Effect, Entities, EntityUid, EvaluationError, Expression, Policy,
    PolicyId, PolicySet, Request, eval_expression,
};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

const SEEDS: u64 = 1800;

/// How often a policy that holds something came out true, false, and with an error.
#[derive(Default, Clone, Copy)]
struct Outcomes {
    holds: usize,
    does_not: usize,
    fails: usize,
}

#[derive(Default)]
struct Tally {
    requests: usize,
    allowed: usize,
    permits: usize,
    forbids: usize,
    /// What occurs in scopes and in policies that every request reaches, by how these policies came out.
    features: BTreeMap<String, Outcomes>,
    /// Policies whose scope lets every request through, so that their conditions are evaluated.
    open: Outcomes,
    errors: BTreeMap<String, usize>,
    /// Of those open policies that have a condition, how many there are, and how many come out in more than one way.
    conditional: usize,
    varied: usize,
    /// Policies that hold because an action lies in the one that they name.
    groups: usize,
    /// Literal texts that constructors were given.
    texts: BTreeSet<String>,
    /// Policies that Cedar parses and evaluates, but has no syntax tree of its public kind for.
    without_pst: usize,
}

#[test]
fn the_generator_reaches_all_of_cedar() {
    let mut tally = Tally::default();
    for seed in 0..SEEDS {
        let case = case(seed);
        assert_eq!(case.seed, seed);
        let (policies, entities, requests) = case.parse();
        let features: BTreeMap<&PolicyId, (BTreeSet<String>, bool)> =
            policies.policies().map(|policy| (policy.id(), tally.walk(policy))).collect();
        let of = |effect: Effect| {
            let all = policies.policies().filter(|policy| policy.effect() == effect).cloned();
            PolicySet::from_policies(all).expect("policies of their own ids")
        };
        let (permits, forbids) = (of(Effect::Permit), of(Effect::Forbid));
        let mut ways: BTreeMap<&PolicyId, BTreeSet<&str>> = BTreeMap::new();
        for request in &requests {
            let cedar = ask_cedar(request, &policies, &entities);
            tally.requests += 1;
            tally.allowed += usize::from(cedar.allow);
            tally.permits += usize::from(cedar.allow);
            tally.forbids += usize::from(!cedar.reasons.is_empty() && !cedar.allow);
            // Permits and forbids asked apart: each names all of its policies that hold.
            let mut came_out = BTreeMap::new();
            for part in [&permits, &forbids] {
                let response = Authorizer::new().is_authorized(request, part, &entities);
                came_out.extend(response.diagnostics().reason().map(|id| (id.clone(), "holds")));
                for error in response.diagnostics().errors() {
                    let AuthorizationError::PolicyEvaluationError(error) = error;
                    came_out.insert(error.policy_id().clone(), "fails");
                    *tally.errors.entry(kind_of(error.inner())).or_default() += 1;
                }
            }
            for (id, (features, open)) in &features {
                let came_out = came_out.get(*id).copied().unwrap_or("does not");
                tally.groups += usize::from(came_out == "holds" && is_in_group(policies.policy(id), request));
                let count = |outcomes: &mut Outcomes| match came_out {
                    "holds" => outcomes.holds += 1,
                    "fails" => outcomes.fails += 1,
                    _ => outcomes.does_not += 1,
                };
                for feature in features.iter().filter(|feature| *open || feature.starts_with("scope")) {
                    count(tally.features.entry(feature.clone()).or_default());
                }
                if *open {
                    count(&mut tally.open);
                    if !features.contains("clauses: 0") {
                        ways.entry(*id).or_default().insert(came_out);
                    }
                }
            }
        }
        tally.conditional += ways.len();
        tally.varied += ways.values().filter(|ways| ways.len() > 1).count();
    }
    tally.print();
    tally.check();
}

/// Each text that is listed as taken or refused is so, or the lists prove nothing.
#[test]
fn the_texts_are_what_their_lists_say() {
    let uid = EntityUid::from_str("User::\"a\"").expect("an entity");
    let request = Request::new(uid.clone(), uid.clone(), uid, Context::empty(), None).expect("a request");
    let says = |function: &str, text: &str| {
        let call = format!("{function}({})", serde_json::Value::from(text).to_string().replace("\\u0000", "\\0"));
        let call = Expression::from_str(&call).unwrap_or_else(|error| panic!("{call}: {error}"));
        eval_expression(&request, &Entities::empty(), &call).err()
    };
    let lists: [(&str, &[&str], &[&str]); 4] = [
        ("ip", &ADDRESSES, &NO_ADDRESSES),
        ("decimal", &DECIMALS, &NO_DECIMALS),
        ("datetime", &DATETIMES, &NO_DATETIMES),
        ("duration", &DURATIONS, &NO_DURATIONS),
    ];
    for (function, taken, refused) in lists {
        for text in taken {
            assert_eq!(says(function, text), None, "{function}({text:?}) is taken");
        }
        for text in refused {
            let error = says(function, text).unwrap_or_else(|| panic!("{function}({text:?}) is refused"));
            assert!(kind_of(&error).starts_with("extension"), "{function}({text:?}): {error}");
        }
    }
}

/// Whether a policy names one action alone, and that is not the one asked for.
fn is_in_group(policy: Option<&Policy>, request: &Request) -> bool {
    let Some(cedar_policy::ActionConstraint::In(named)) = policy.map(Policy::action_constraint) else { return false };
    named.len() == 1 && request.action() != named.first()
}

/// The kind of an error, fine enough that each way to fail is its own.
fn kind_of(error: &EvaluationError) -> String {
    let text = error.to_string();
    let word = |words: &[&str]| words.iter().find(|word| text.contains(*word)).copied().unwrap_or("?").to_string();
    match error {
        EvaluationError::EntityDoesNotExist(_) => "entity does not exist".to_string(),
        EvaluationError::EntityAttrDoesNotExist(_) => {
            (if text.contains("have the tag") { "entity has no tag" } else { "entity has no attribute" }).to_string()
        }
        EvaluationError::RecordAttrDoesNotExist(_) => "record has no attribute".to_string(),
        EvaluationError::TypeError(_) => "type".to_string(),
        EvaluationError::WrongNumArguments(_) => "number of arguments".to_string(),
        EvaluationError::IntegerOverflow(_) => {
            format!("overflow: {}", word(&["to add", "to subtract", "to multiply", "to negate"]))
        }
        EvaluationError::FailedExtensionFunctionExecution(error) => {
            let name = error.extension_name();
            let why =
                if name == "decimal" { word(&["well-formed", "too many digits", "overflow"]) } else { String::new() };
            let why = if name == "duration" { word(&["invalid duration", "overflows"]) } else { why };
            format!("extension {name} {why}").trim_end().to_string()
        }
        other => format!("not expected: {other}"),
    }
}

impl Tally {
    /// What a policy holds, and whether its scope lets every request through.
    fn walk(&mut self, policy: &Policy) -> (BTreeSet<String>, bool) {
        let mut seen = BTreeSet::new();
        let Ok(Pst::Static(policy)) = policy.to_pst() else {
            self.without_pst += 1;
            return (BTreeSet::from(["no public syntax tree".to_string()]), false);
        };
        let body = policy.body();
        let principal = match &body.principal {
            PrincipalConstraint::Any => "any",
            PrincipalConstraint::Eq(_) => "==",
            PrincipalConstraint::In(_) => "in",
            PrincipalConstraint::Is(_) => "is",
            PrincipalConstraint::IsIn(..) => "is in",
        };
        let resource = match &body.resource {
            ResourceConstraint::Any => "any",
            ResourceConstraint::Eq(_) => "==",
            ResourceConstraint::In(_) => "in",
            ResourceConstraint::Is(_) => "is",
            ResourceConstraint::IsIn(..) => "is in",
        };
        let action = match &body.action {
            ActionConstraint::Any => "any",
            ActionConstraint::Eq(_) => "==",
            ActionConstraint::In(all) if all.is_empty() => "in []",
            ActionConstraint::In(all) if all.len() == 1 => "in one",
            ActionConstraint::In(_) => "in several",
        };
        seen.extend([
            format!("scope: principal {principal}"),
            format!("scope: action {action}"),
            format!("scope: resource {resource}"),
            format!("effect: {}", policy.body().effect),
            format!("clauses: {}", body.clauses().len()),
        ]);
        for clause in body.clauses() {
            let (word, expression) = match clause {
                Clause::When(expression) => ("when", expression),
                Clause::Unless(expression) => ("unless", expression),
            };
            seen.insert(format!("clause: {word}"));
            self.expression(expression, &mut seen);
        }
        (seen, [principal, action, resource] == ["any"; 3])
    }

    fn expression(&mut self, expression: &Expr, seen: &mut BTreeSet<String>) {
        let mut saw = |feature: &str| {
            seen.insert(feature.to_string());
        };
        let mut below: Vec<&Expr> = Vec::new();
        match expression {
            Expr::Literal(literal) => literals(literal, &mut saw),
            Expr::Var(variable) => saw(&format!("variable: {variable:?}")),
            Expr::UnaryOp { op, expr } => {
                saw(&format!("operator: {op:?}"));
                if matches!(op, UnaryOp::Ip | UnaryOp::Decimal | UnaryOp::Datetime | UnaryOp::Duration) {
                    match expr.as_ref() {
                        Expr::Literal(Literal::String(text)) => {
                            self.texts.insert(format!("{op}({text:?})"));
                        }
                        _ => saw(&format!("operator: {op:?} of what is no literal")),
                    }
                }
                below.push(expr);
            }
            Expr::BinaryOp { op, left, right } => {
                saw(&format!("operator: {op:?}"));
                match (op, left.as_ref(), right.as_ref()) {
                    (BinaryOp::And, Expr::Literal(Literal::Bool(false)), _) => saw("hides: false &&"),
                    (BinaryOp::Or, Expr::Literal(Literal::Bool(true)), _) => saw("hides: true ||"),
                    (BinaryOp::In, _, Expr::Set(all)) if all.is_empty() => saw("in: []"),
                    (BinaryOp::In, _, Expr::Set(all)) => {
                        let entity = |one: &Expr| matches!(one, Expr::Literal(Literal::EntityUID(_)));
                        let other = |one: &Expr| matches!(one, Expr::Literal(_) | Expr::Set(_)) && !entity(one);
                        saw(if all.iter().any(|one| other(one)) { "in: set with no entity" } else { "in: set" });
                    }
                    (BinaryOp::In, _, Expr::Literal(_)) => saw("in: literal"),
                    (BinaryOp::Eq, Expr::Set(_), Expr::Set(_)) => saw("==: two written sets"),
                    (BinaryOp::Eq, Expr::Record(_), Expr::Record(_)) => saw("==: two written records"),
                    (BinaryOp::Eq, Expr::GetAttr { .. }, Expr::Set(_) | Expr::Record(_)) => {
                        saw("==: stored and written")
                    }
                    (BinaryOp::GetTag | BinaryOp::HasTag, _, Expr::Literal(_)) => {}
                    (BinaryOp::GetTag | BinaryOp::HasTag, ..) => saw("tag: name computed"),
                    _ => {}
                }
                below.extend([left.as_ref(), right.as_ref()]);
            }
            Expr::GetAttr { expr, attr } => {
                saw("operator: attribute");
                if attr.is_empty() || attr.contains('"') || attr == "if" {
                    saw("attribute: quoted");
                }
                if matches!(expr.as_ref(), Expr::Literal(Literal::EntityUID(_))) {
                    saw("attribute: of a literal entity");
                }
                below.push(expr);
            }
            Expr::HasAttr { expr, attrs } => {
                saw(&format!("has: {} deep", attrs.len()));
                if attrs.head.is_empty() || attrs.head.contains('"') {
                    saw("has: quoted");
                }
                below.push(expr);
            }
            Expr::Like { expr, pattern } => {
                patterns(pattern, &mut saw);
                below.push(expr);
            }
            Expr::Is { expr, in_expr, entity_type } => {
                saw(if in_expr.is_some() { "is: in" } else { "is: alone" });
                if entity_type.to_string().contains("::") {
                    saw("is: type in a namespace");
                }
                below.push(expr);
                below.extend(in_expr.as_deref());
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                saw("operator: if");
                below.extend([cond.as_ref(), then_expr.as_ref(), else_expr.as_ref()]);
            }
            Expr::Set(all) => {
                saw(["set: empty", "set: of one", "set: of several"][all.len().min(2)]);
                let distinct: BTreeSet<String> = all.iter().map(|one| format!("{one:?}")).collect();
                if distinct.len() < all.len() {
                    saw("set: with duplicates");
                }
                if all.iter().any(|one| matches!(one.as_ref(), Expr::Set(_))) {
                    saw("set: of sets");
                }
                if all.iter().any(|one| matches!(one.as_ref(), Expr::Record(_))) {
                    saw("set: of records");
                }
                let kinds: BTreeSet<String> = all.iter().filter_map(|one| literal_kind(one)).collect();
                if kinds.len() > 1 {
                    saw("set: of several types");
                }
                below.extend(all.iter().map(AsRef::as_ref));
            }
            Expr::Record(fields) => {
                saw(if fields.is_empty() { "record: empty" } else { "record: with fields" });
                if fields.values().any(|value| matches!(value.as_ref(), Expr::Record(_))) {
                    saw("record: in a record");
                }
                if fields.keys().any(|name| name.is_empty() || name.contains('"')) {
                    saw("record: quoted key");
                }
                below.extend(fields.values().map(AsRef::as_ref));
            }
            other => saw(&format!("not expected: {other:?}")),
        }
        for one in below {
            self.expression(one, seen);
        }
    }

    fn print(&self) {
        let share = |part: usize, whole: usize| part * 100 / whole.max(1);
        println!(
            "{} requests, {}% allowed; permits determine {}, forbids {}",
            self.requests,
            share(self.allowed, self.requests),
            self.permits,
            self.forbids
        );
        let open = self.open;
        let all = open.holds + open.does_not + open.fails;
        println!(
            "open policies: {}% hold, {}% do not, {}% fail; {} policies without a public syntax tree",
            share(open.holds, all),
            share(open.does_not, all),
            share(open.fails, all),
            self.without_pst
        );
        println!("{} open policies with conditions, {} come out in more than one way", self.conditional, self.varied);
        for (feature, Outcomes { holds, does_not, fails }) in &self.features {
            println!("  {feature}: holds {holds}, does not {does_not}, fails {fails}");
        }
        for (error, count) in &self.errors {
            println!("  error: {error}: {count}");
        }
    }

    /// Names everything that is missing at once.
    fn check(&self) {
        let mut missing = Vec::new();
        for feature in features() {
            let Outcomes { holds, does_not, fails } = self.features.get(&feature).copied().unwrap_or_default();
            // Each in policies that come out in all three ways. Without a clause there is but one; and what fails
            // wherever it is evaluated holds only where it is not.
            let least = if feature == "in: set with no entity" { 1 } else { 5 };
            let all = [holds, does_not, fails].into_iter().min() >= Some(least);
            let unconditional = feature == "clauses: 0" && holds >= 5;
            if !all && !unconditional {
                missing.push(format!("{feature}: holds {holds}, does not {does_not}, fails {fails}"));
            }
        }
        for error in ERRORS {
            let count = self.errors.get(error).copied().unwrap_or_default();
            if count < 10 {
                missing.push(format!("error `{error}`: {count}"));
            }
        }
        missing.extend(self.errors.keys().filter(|error| error.contains("not expected")).cloned());
        missing.extend(self.features.keys().filter(|feature| feature.contains("not expected")).cloned());
        for (function, lists) in [
            ("ip", [&ADDRESSES[..], &NO_ADDRESSES]),
            ("decimal", [&DECIMALS[..], &NO_DECIMALS]),
            ("datetime", [&DATETIMES[..], &NO_DATETIMES]),
            ("duration", [&DURATIONS[..], &NO_DURATIONS]),
        ] {
            let calls = lists.into_iter().flatten().map(|text| format!("{function}({text:?})"));
            missing.extend(calls.filter(|call| !self.texts.contains(call)));
        }
        let mut at_least = |what: &str, part: usize, whole: usize, percent: usize| {
            if part * 100 < whole * percent {
                missing.push(format!("{what}: {part} of {whole}, less than {percent}%"));
            }
        };
        at_least("allowed", self.allowed, self.requests, 15);
        at_least("denied", self.requests - self.allowed, self.requests, 15);
        at_least("determined by permits", self.permits, self.requests, 15);
        at_least("determined by forbids", self.forbids, self.requests, 15);
        let open = self.open;
        let all = open.holds + open.does_not + open.fails;
        at_least("open policies that do not fail", open.holds + open.does_not, all, 30);
        at_least("open policies that hold", open.holds, all, 15);
        at_least("open policies that do not hold", open.does_not, all, 15);
        at_least("open policies that depend on the request", self.varied, self.conditional, 20);
        at_least("open policies that fail", open.fails, all, 10);
        if self.groups < 50 {
            missing.push(format!("policies that hold through a group of actions: {}", self.groups));
        }
        if self.without_pst < 10 {
            missing.push(format!("policies without a public syntax tree: {}", self.without_pst));
        }
        assert!(missing.is_empty(), "the generator does not reach:\n{}", missing.join("\n"));
    }
}

fn literals(literal: &Literal, saw: &mut impl FnMut(&str)) {
    match literal {
        Literal::Bool(value) => saw(&format!("literal: {value}")),
        Literal::Long(i64::MIN) => saw("literal: least long"),
        Literal::Long(i64::MAX) => saw("literal: greatest long"),
        Literal::Long(value) if value.unsigned_abs() > 1 << 53 => saw("literal: long beyond a double"),
        Literal::Long(value) => saw(if *value < 0 { "literal: negative long" } else { "literal: long" }),
        Literal::String(text) => {
            saw("literal: text");
            for (character, name) in [('"', "quote"), ('\\', "backslash"), ('\0', "NUL"), ('\n', "line break")] {
                if text.contains(character) {
                    saw(&format!("literal: text with {name}"));
                }
            }
            if text.is_empty() {
                saw("literal: empty text");
            }
            if !text.is_ascii() {
                saw("literal: text beyond ASCII");
            }
        }
        Literal::EntityUID(uid) => {
            saw("literal: entity");
            if uid.ty.to_string().contains("::") {
                saw("literal: entity in a namespace");
            }
            if !uid.eid.chars().all(|c| c.is_ascii_alphanumeric()) || uid.eid.is_empty() {
                saw("literal: entity of a strange id");
            }
        }
        other => saw(&format!("not expected: {other:?}")),
    }
}

fn patterns(pattern: &[PatternElem], saw: &mut impl FnMut(&str)) {
    let star = |at: Option<&PatternElem>| at == Some(&PatternElem::Wildcard);
    let stars = pattern.iter().filter(|one| **one == PatternElem::Wildcard).count();
    saw(["like: no star", "like: one star", "like: several stars"][stars.min(2)]);
    if star(pattern.first()) {
        saw("like: star first");
    }
    if star(pattern.last()) {
        saw("like: star last");
    }
    if pattern.contains(&PatternElem::Char('*')) {
        saw("like: escaped star");
    }
    if pattern.iter().any(|one| matches!(one, PatternElem::Char(c) if !c.is_ascii())) {
        saw("like: beyond ASCII");
    }
    if pattern.is_empty() {
        saw("like: empty");
    }
}

/// The type of an element that is written out.
fn literal_kind(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Literal(Literal::Bool(_)) => Some("bool".to_string()),
        Expr::Literal(Literal::Long(_)) => Some("long".to_string()),
        Expr::Literal(Literal::String(_)) => Some("text".to_string()),
        Expr::Literal(Literal::EntityUID(_)) => Some("entity".to_string()),
        Expr::Set(_) => Some("set".to_string()),
        Expr::Record(_) => Some("record".to_string()),
        Expr::UnaryOp { op, .. } => Some(format!("{op}")),
        _ => None,
    }
}

/// Every kind of error that a parsed policy without slots and unknowns can end with.
const ERRORS: [&str; 20] = [
    "entity does not exist",
    "entity has no attribute",
    "entity has no tag",
    "record has no attribute",
    "type",
    "number of arguments",
    "overflow: to add",
    "overflow: to subtract",
    "overflow: to multiply",
    "overflow: to negate",
    "extension ipaddr",
    "extension decimal well-formed",
    "extension decimal too many digits",
    "extension decimal overflow",
    "extension datetime",
    "extension duration invalid duration",
    "extension duration overflows",
    "extension offset",
    "extension durationSince",
    "extension toDate",
];

fn features() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut list = |group: &str, names: &[&str]| all.extend(names.iter().map(|name| format!("{group}: {name}")));
    list("scope", &["principal any", "principal ==", "principal in", "principal is", "principal is in"]);
    list("scope", &["resource any", "resource ==", "resource in", "resource is", "resource is in"]);
    list("scope", &["action any", "action ==", "action in one", "action in several"]);
    list("effect", &["permit", "forbid"]);
    list("clauses", &["0", "1", "2", "3"]);
    list("clause", &["when", "unless"]);
    list("literal", &["true", "false", "long", "negative long", "least long", "greatest long", "long beyond a double"]);
    list("literal", &["text", "empty text", "text beyond ASCII", "text with quote", "text with backslash"]);
    list("literal", &["text with NUL", "text with line break"]);
    list("literal", &["entity", "entity in a namespace", "entity of a strange id"]);
    list("variable", &["Principal", "Action", "Resource", "Context"]);
    list("operator", &["Not", "Neg", "Eq", "NotEq", "Less", "LessEq", "Greater", "GreaterEq", "And", "Or"]);
    list("operator", &["Add", "Sub", "Mul", "In", "Contains", "ContainsAll", "ContainsAny", "IsEmpty"]);
    list("operator", &["HasTag", "GetTag", "attribute", "if"]);
    list("operator", &["Ip", "IsIPv4", "IsIPV6", "IsLoopback", "IsMulticast", "IsInRange"]);
    list("operator", &["Decimal", "DecimalLessThan", "DecimalLessEq", "DecimalGreater", "DecimalGreaterEq"]);
    list("operator", &["Datetime", "Duration", "Offset", "DurationSince", "ToDate", "ToTime"]);
    list("operator", &["ToMilliseconds", "ToSeconds", "ToMinutes", "ToHours", "ToDays"]);
    list("operator", &["Ip of what is no literal", "Datetime of what is no literal"]);
    list("hides", &["false &&", "true ||"]);
    list("in", &["[]", "set", "set with no entity", "literal"]);
    list("==", &["two written sets", "two written records", "stored and written"]);
    list("tag", &["name computed"]);
    list("attribute", &["quoted", "of a literal entity"]);
    list("has", &["1 deep", "2 deep", "3 deep", "quoted"]);
    list("like", &["no star", "one star", "several stars", "star first", "star last", "escaped star"]);
    list("like", &["beyond ASCII", "empty"]);
    list("is", &["alone", "in", "type in a namespace"]);
    list("set", &["empty", "of one", "of several", "with duplicates", "of sets", "of records", "of several types"]);
    list("record", &["empty", "with fields", "in a record", "quoted key"]);
    all
}
