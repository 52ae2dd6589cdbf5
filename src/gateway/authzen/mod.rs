// SPDX-License-Identifier: Apache-2.0
//! The OpenID Authorization API 1.0 (AuthZEN): other services ask, the same engine answers.
//!
//! A deny is an answer, 200 with `false`; a 4xx means that no question was understood. Attributes and roles come from rows.
//! What a question says of its entities (`properties`) counts only where the model lets a caller say it, and is passed
//! over elsewhere.

mod batch;
mod metadata;
mod read;
mod search;

pub use batch::MAX_BATCH;
pub use metadata::METADATA_PATH;
pub(super) use metadata::metadata;
pub use search::{MAX_CANDIDATES, MAX_JUDGED};

use super::Gateway;
use super::answer::{Refusal, json_like};
use super::judge::at_least;
use super::log::Line;
use super::origin::{BodyError, Host, Incoming};
use super::strict;
use crate::store::{Store, StoreError};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use read::Fields;

/// Where the one evaluation is asked for.
pub const EVALUATION_PATH: &str = "/.palisade/access/v1/evaluation";
/// Where several are asked for at once.
pub const EVALUATIONS_PATH: &str = "/.palisade/access/v1/evaluations";
/// Where it is asked who may do something.
pub const SUBJECT_SEARCH_PATH: &str = "/.palisade/access/v1/search/subject";
/// Where it is asked on what something may be done.
pub const RESOURCE_SEARCH_PATH: &str = "/.palisade/access/v1/search/resource";
/// Where it is asked what may be done.
pub const ACTION_SEARCH_PATH: &str = "/.palisade/access/v1/search/action";

/// The largest body of a question, and of what all questions of a batch have in common.
pub const MAX_QUESTION_BYTES: usize = 64 * 1024;

/// The largest body of a batch.
pub const MAX_BATCH_BYTES: usize = 512 * 1024;

/// The longest id of a caller's own for its request that is echoed.
pub const MAX_REQUEST_ID_BYTES: usize = 256;

/// A caller's own id for the request, echoed (section 10.1.3 of the standard).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One of the addresses at which services ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Evaluation,
    Evaluations,
    Subjects,
    Resources,
    Actions,
}

/// Each with its path, and its name in the metadata.
const ENDPOINTS: [(Endpoint, &str, &str); 5] = [
    (Endpoint::Evaluation, EVALUATION_PATH, "access_evaluation_endpoint"),
    (Endpoint::Evaluations, EVALUATIONS_PATH, "access_evaluations_endpoint"),
    (Endpoint::Subjects, SUBJECT_SEARCH_PATH, "search_subject_endpoint"),
    (Endpoint::Resources, RESOURCE_SEARCH_PATH, "search_resource_endpoint"),
    (Endpoint::Actions, ACTION_SEARCH_PATH, "search_action_endpoint"),
];

impl Endpoint {
    pub(super) fn at(path: &str) -> Option<Endpoint> {
        ENDPOINTS.iter().find(|(_, own, _)| *own == path).map(|(endpoint, ..)| *endpoint)
    }
}

/// Why no question was understood: a status, and a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    status: StatusCode,
    message: String,
    /// What went wrong inside, for the log alone.
    cause: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, message: impl Into<String>) -> Problem {
        Problem { status, message: message.into(), cause: None }
    }

    fn bad(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem { status: refusal.status, message: refusal.detail, cause: refusal.cause }
    }
}

/// A line of the log, not yet written: the decision's id, what is known of it, and what came of it. A question may be
/// judged anew, and then has the lines of the last time alone.
struct Entry {
    id: String,
    line: Line,
    word: &'static str,
}

/// What is known of a request beside its body.
#[derive(Clone, Copy)]
struct Request<'a> {
    id: &'a str,
    /// The revision before which nothing may be decided.
    at_least: u64,
}

impl<S: Store, H: Host> Gateway<S, H> {
    /// One request of another service.
    pub(super) async fn access(
        &self,
        endpoint: Endpoint,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
    ) -> Response<Vec<u8>> {
        let mut entries = Vec::new();
        let mut response = match self.answer_service(endpoint, incoming, id, &mut entries).await {
            Ok(body) => json_like(StatusCode::OK, "application/json", body.to_string().into_bytes()),
            Err(problem) => {
                let mut line = entries.pop().map(|entry| entry.line).unwrap_or_default();
                line.problem(problem.status, &problem.message, problem.cause.as_deref());
                entries = vec![Entry { id: id.to_string(), line, word: "refuse" }];
                refuse(&problem)
            }
        };
        for Entry { id, line, word } in entries {
            self.record(&line, &id, word, &incoming.headers);
        }
        // Where the caller sends none, the id is the one of the log.
        let request_id = request_id(&incoming.headers).cloned().or_else(|| HeaderValue::from_str(id).ok());
        if let Some(request_id) = request_id {
            response.headers_mut().insert(REQUEST_ID, request_id);
        }
        response
    }

    async fn answer_service(
        &self,
        endpoint: Endpoint,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        entries: &mut Vec<Entry>,
    ) -> Result<serde_json::Value, Problem> {
        self.service(&incoming.headers, "evaluate").await?;
        let at_least = at_least(&incoming.headers)?;
        let limit = if endpoint == Endpoint::Evaluations { MAX_BATCH_BYTES } else { MAX_QUESTION_BYTES };
        let body = incoming.body.fill(limit).await.map_err(|error| match error {
            BodyError::TooLarge => {
                let message = format!("the body is larger than the {limit} bytes that this takes");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            BodyError::Broken(_) => Problem::bad("the body breaks off"),
        })?;
        let fields = fields(&incoming.headers, body)?;
        let request = Request { id, at_least };
        match endpoint {
            Endpoint::Evaluation => self.evaluation(&fields, request, entries).await,
            Endpoint::Evaluations => self.evaluations(&fields, request, entries).await,
            searched => self.search(searched, &fields, request, entries).await,
        }
    }
}

/// The body of a request: one JSON object, in UTF-8, not compressed.
fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Problem> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !strict::is_json(kind) || kinds.next().is_some() || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::bad("the body must be JSON: `Content-Type: application/json`"));
    }
    match strict::parse(body).map_err(|error| Problem::bad(format!("the body is not JSON: {error}")))? {
        serde_json::Value::Object(fields) => Ok(fields),
        _ => Err(Problem::bad("the body is no JSON object")),
    }
}

/// The caller's own id for its request, if it is one: printable ASCII, once, not too long. Any other could break a log.
fn request_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let id = values.next().filter(|_| values.next().is_none())?;
    let fits = (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then_some(id)
}

/// A question that was not understood, or not from somebody who may ask: a sentence, as the standard wants.
fn refuse(problem: &Problem) -> Response<Vec<u8>> {
    let body = format!("{}\n", problem.message).into_bytes();
    let mut response = json_like(problem.status, "text/plain; charset=utf-8", body);
    if problem.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// How a store's failure to load what questions need is told.
fn unanswered(error: StoreError) -> Refusal {
    match error {
        StoreError::TooMuch { .. } => {
            Refusal::bad_request("too-much", "this reaches more than can be decided at once: ask for less at a time")
                .because(error.to_string())
        }
        error => Refusal::unavailable(error.to_string()),
    }
}
