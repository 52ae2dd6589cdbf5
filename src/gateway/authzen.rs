// SPDX-License-Identifier: Apache-2.0
//! The OpenID Authorization API 1.0 (AuthZEN): other services ask, the same engine answers.
//!
//! A deny is an answer, 200 with `false`; a 4xx means that no question was understood. What the request says about its
//! entities (`properties`) is not believed: attributes and roles come from rows.

use super::answer::json_like;
use super::judge::{Said, at_least};
use super::log::Line;
use super::origin::{BodyError, Host, Incoming};
use super::routes::{Question, entity_id, typed};
use super::{Gateway, strict};
use crate::mapping::{ContextType, Mapping};
use crate::name::Uid;
use crate::store::Store;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

/// Where the one evaluation is asked for.
pub const EVALUATION_PATH: &str = "/.palisade/access/v1/evaluation";

/// The largest body of a question.
pub const MAX_QUESTION_BYTES: usize = 64 * 1024;

/// A caller's own id for the request, echoed (section 10.1.3 of the standard).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why no question was understood: a status, and a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub message: String,
}

impl Problem {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Problem {
        Problem { status, message: message.into() }
    }

    fn bad(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }
}

/// A question that was understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// To be decided.
    Question { principal: Uid, question: Question },
    /// It names a type that the model does not have, or an id that nothing can have: nobody may do that.
    Nothing,
}

/// Reads the body of an evaluation.
///
/// # Errors
/// It is not what the standard asks for.
fn read(headers: &HeaderMap, body: &[u8], mapping: &Mapping) -> Result<Asked, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !strict::is_json(kind) || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::bad("the body must be JSON: `Content-Type: application/json`"));
    }
    let value = strict::parse(body).map_err(|error| Problem::bad(format!("the body is not JSON: {error}")))?;
    let fields = value.as_object().ok_or_else(|| Problem::bad("the body is no JSON object"))?;
    let (subject, subject_id) = entity(fields, "subject")?;
    let (resource, resource_id) = entity(fields, "resource")?;
    let action = text(part(fields, "action")?, "action", "name")?;
    let context = match fields.get("context") {
        None => Map::new(),
        Some(Value::Object(context)) => context.clone(),
        Some(_) => return Err(Problem::bad("`context` is no object")),
    };

    // Only principals ask. A role as the subject would lie in itself and hold its own grants.
    let principals: Vec<&str> = mapping.principals().map(|(_, entity)| entity.type_name.as_str()).collect();
    let resources: Vec<&str> = mapping.resource_types().collect();
    let (Some(subject), Some(resource)) = (named(subject, &principals), named(resource, &resources)) else {
        return Ok(Asked::Nothing);
    };
    let (Ok(subject_id), Ok(resource_id)) =
        (entity_id(mapping, subject, subject_id), entity_id(mapping, resource, resource_id))
    else {
        return Ok(Asked::Nothing);
    };
    let mut known = Map::new();
    for (name, kind) in mapping.context_of(action) {
        // Attributes that the action does not take are passed over, as the standard wants; null is none.
        let Some(value) = context.get(name).filter(|value| !value.is_null()) else { continue };
        let value = attribute(value, kind, mapping)
            .ok_or_else(|| Problem::bad(format!("`{name}` of the context is no {}", kind.name)))?;
        known.insert(name.to_string(), value);
    }
    let question = Question { action: action.to_string(), resource: Uid::new(resource, resource_id), context: known };
    Ok(Asked::Question { principal: Uid::new(subject, subject_id), question })
}

fn part<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>, Problem> {
    match fields.get(name) {
        Some(Value::Object(part)) => match part.get("properties") {
            None | Some(Value::Object(_)) => Ok(part),
            Some(_) => Err(Problem::bad(format!("`{name}.properties` is no object"))),
        },
        Some(_) => Err(Problem::bad(format!("`{name}` is no object"))),
        None => Err(Problem::bad(format!("`{name}` is missing"))),
    }
}

fn text<'a>(part: &'a Map<String, Value>, of: &str, name: &str) -> Result<&'a str, Problem> {
    match part.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Problem::bad(format!("`{of}.{name}` is no text"))),
        None => Err(Problem::bad(format!("`{of}.{name}` is missing"))),
    }
}

fn entity<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<(&'a str, &'a str), Problem> {
    let part = part(fields, name)?;
    Ok((text(part, name, "type")?, text(part, name, "id")?))
}

/// The one type called `name`; the standard's examples write `user` where a model has `User`.
fn named<'a>(name: &str, types: &[&'a str]) -> Option<&'a str> {
    if let Some(exact) = types.iter().find(|own| **own == name) {
        return Some(exact);
    }
    let mut alike = types.iter().filter(|own| own.eq_ignore_ascii_case(name));
    let first = alike.next()?;
    alike.next().is_none().then_some(*first)
}

/// A value of the context in Cedar's JSON form; `None` where it is not of its type.
fn attribute(value: &Value, kind: &ContextType, mapping: &Mapping) -> Option<Value> {
    match (kind.name.as_str(), value) {
        ("Bool", Value::Bool(_)) => Some(value.clone()),
        ("Long", Value::Number(number)) => number.as_i64().map(Value::from),
        ("Set<String>", Value::Array(items)) => items.iter().all(Value::is_string).then(|| value.clone()),
        ("String" | "decimal" | "datetime" | "ipaddr", Value::String(text)) => typed(text, kind),
        ("Bool" | "Long" | "Set<String>" | "String" | "decimal" | "datetime" | "ipaddr", _) => None,
        (entity, Value::Object(fields)) => {
            let id = fields.get("id").and_then(Value::as_str)?;
            let of_type = named(fields.get("type").and_then(Value::as_str)?, &[entity])?;
            typed(&entity_id(mapping, of_type, id).ok()?, kind)
        }
        _ => None,
    }
}

impl<S: Store, H: Host> Gateway<S, H> {
    /// One question of another service.
    pub(super) async fn evaluation(&self, incoming: &mut Incoming<H::Stream>, id: &str) -> Response<Vec<u8>> {
        let mut line = Line::default();
        match self.evaluate(incoming, id, &mut line).await {
            Ok((decision, revision)) => {
                let word = if decision { "allow" } else { "deny" };
                self.record(&line, id, word, &incoming.headers);
                answer(decision, id, revision, &incoming.headers)
            }
            Err((problem, cause)) => {
                line.problem(problem.status, &problem.message, cause.as_deref());
                self.record(&line, id, "refuse", &incoming.headers);
                refuse(&problem, &incoming.headers)
            }
        }
    }

    async fn evaluate(
        &self,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        line: &mut Line,
    ) -> Result<(bool, Option<u64>), (Problem, Option<String>)> {
        let problem = |status, message: &str| (Problem::new(status, message), None);
        if let Err(refusal) = self.service(&incoming.headers, "evaluate").await {
            return Err((Problem::new(refusal.status, refusal.detail), refusal.cause));
        }
        let body = incoming.body.fill(MAX_QUESTION_BYTES).await.map_err(|error| match error {
            BodyError::TooLarge => problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            BodyError::Broken(_) => problem(StatusCode::BAD_REQUEST, "the body breaks off"),
        })?;
        self.attempt(async |active| {
            *line = Line::by(active.number);
            let asked = match read(&incoming.headers, body, active.mapping()) {
                Ok(asked) => asked,
                Err(problem) => return Ok(Said::unconfirmed(Err((problem, None)))),
            };
            let Asked::Question { principal, question } = asked else {
                return Ok(Said::unconfirmed(Ok((false, None))));
            };
            line.principal = Some(principal.to_string());
            line.context = self.config.log.context().then(|| question.context.clone());
            line.action = Some(question.action.clone());
            line.resource = Some(question.resource.to_string());
            let decided = self.decide(active, &principal, &question, id, at_least(&incoming.headers)?).await?;
            line.decided(&decided);
            Ok(Said::confirmed(Ok((decided.decision.allow, Some(decided.revision)))))
        })
        .await
        .unwrap_or_else(|refusal| Err((Problem::new(refusal.status, refusal.detail), refusal.cause)))
    }
}

/// The answer to an evaluation.
fn answer(decision: bool, id: &str, revision: Option<u64>, headers: &HeaderMap) -> Response<Vec<u8>> {
    let mut context = json!({ "id": id });
    if let Some(revision) = revision {
        context["revision"] = revision.into();
    }
    let body = json!({ "decision": decision, "context": context }).to_string();
    echo(json_like(StatusCode::OK, "application/json", body.into_bytes()), headers)
}

/// A question that was not understood, or not from somebody who may ask: a sentence, as the standard wants.
fn refuse(problem: &Problem, headers: &HeaderMap) -> Response<Vec<u8>> {
    let body = format!("{}\n", problem.message).into_bytes();
    let mut response = json_like(problem.status, "text/plain; charset=utf-8", body);
    if problem.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    echo(response, headers)
}

fn echo(mut response: Response<Vec<u8>>, headers: &HeaderMap) -> Response<Vec<u8>> {
    if let Some(id) = headers.get(REQUEST_ID) {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    response
}
