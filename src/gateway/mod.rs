// SPDX-License-Identifier: Apache-2.0
//! HTTP in, HTTP out: normalise, route, authenticate, load, decide, forward or refuse. Knows no Worker.
//!
//! What cannot be told is refused, at every step: a path with two readings (400), a path that no route names (404), a
//! caller who is nobody (401), a database that does not answer (503). The origin is called after an `allow` of the engine,
//! or for a route that the pack calls public, and never else.
//!
//! Nothing here reads a clock or rolls dice; the [`Host`] does. Nothing here follows a redirect, and no body is held but
//! one that a route reads.

mod active;
mod admin;
mod answer;
mod assertion;
mod authzen;
mod config;
mod cors;
mod headers;
mod identity;
mod judge;
mod jwt;
mod known;
mod ledger;
mod limit;
mod log;
mod metrics;
mod origin;
mod own;
mod page;
mod path;
mod public_url;
mod routes;
mod seal;
mod service;
mod strict;
mod verify;

pub use active::MAX_BUNDLE_BYTES;
pub use admin::{API_PREFIX, MAX_NOTE_CHARACTERS, MAX_PAGE_LENGTH, MAX_PUBLISH_BYTES, MAX_WRITE_BYTES};
pub use answer::accepts;
pub use assertion::{ASSERTION_SECONDS, Assertions, KEYS_PATH, MAX_ASSERTION_KEYS, PrivateKey};
pub use authzen::{
    ACTION_SEARCH_PATH, EVALUATION_PATH, EVALUATIONS_PATH, MAX_BATCH, MAX_BATCH_BYTES, MAX_CANDIDATES, MAX_JUDGED,
    MAX_QUESTION_BYTES, MAX_REQUEST_ID_BYTES, METADATA_PATH, RESOURCE_SEARCH_PATH, SUBJECT_SEARCH_PATH,
};
pub use config::{
    Config, ConfigError, Issuer, KeySet, MAX_CLOCK_SKEW_SECONDS, MAX_STALENESS_MILLIS, Mode, PrincipalTypes, origin_of,
};
pub use cors::{Cors, MAX_CORS_AGE_SECONDS};
pub use headers::{Changes, MAX_COOKIES, MAX_HEADER_BYTES, MAX_HEADERS};
pub use identity::{API_KEY_PREFIX, MAX_TOKEN_BYTES, sha256_hex};
pub use jwt::{
    Algorithm, Crypto, JWKS_FRESH_MILLIS, JWKS_PATIENCE_MILLIS, JWKS_REFETCH_MILLIS, JWKS_RETRY_MILLIS,
    JWKS_STALE_MILLIS, Key, KeySource, MAX_JWKS_BYTES, MAX_REMEMBERED_TOKENS, MIN_SECRET_BYTES, Material,
    Secret as SharedSecret, verified,
};
pub use ledger::{Audit, Audited, CHECKPOINT_ENTRIES, FLUSH_ENTRIES, FLUSH_MILLIS, MAX_WAITING};
pub use log::LogSettings;
pub use metrics::{METRICS_PATH, METRICS_TYPE, Metrics, bump};
pub use origin::{Body, BodyError, Host, Incoming, Origin, Stream};
pub use own::HEALTH_PATH;
pub use page::{MAX_PAGE_ENTITIES, MAX_PAGE_QUESTION_BYTES, PAGE_FRESH_MILLIS, PAGE_PATH, PAGE_TYPE};
pub use path::{MAX_PARAMETERS, MAX_SEGMENTS, MAX_TARGET_BYTES, Target, TargetError};
pub use public_url::PublicUrl;
pub use routes::{
    BadRequest, DEFAULT_BODY_LIMIT, Explanation, Found, MAX_BODY_LIMIT, MAX_ID_BYTES, MAX_ROUTES, Match, Parts,
    Preflight, Question, Route, Routes, explain, read, syntax,
};
pub use seal::Secret;
pub use service::Service;
pub use strict::MAX_JSON_DEPTH;

use crate::name::Uid;
use crate::store::{Ledger as Books, Store};
use active::Active;
use answer::Refusal;
use headers::{Forwarding, HeaderError};
use http::header::HeaderMap;
use http::uri::PathAndQuery;
use http::{Method, Response, StatusCode, Uri};
use judge::{Decided, Said, Stop, at_least, read_body};
use jwt::KeyRing;
use known::Known;
use ledger::Ledger;
use log::Line;
use std::cell::OnceCell;

/// The gate in front of one origin.
pub struct Gateway<S, H> {
    store: S,
    host: H,
    config: Config,
    known: Known,
    keys: KeyRing,
    ledger: Ledger,
    metrics: Metrics,
    /// Tells the counters of this gate from those of others.
    isolate: OnceCell<String>,
}

/// What a request came to.
pub enum Judged<B> {
    Answer(Response<Body<B>>),
    /// It may go on. Whoever sends it tells the gate what came of it: [`Gateway::answered`], [`Gateway::unanswered`].
    Forward(Box<Forward<B>>),
}

/// A request on its way to the origin.
pub struct Forward<B> {
    /// Exactly what is to be asked for.
    pub path: PathAndQuery,
    /// What becomes of the headers that the request came with.
    pub changes: Changes,
    pub body: Body<B>,
    pub passed: Passed,
}

/// What the gate has to know of a request when it is answered.
pub struct Passed {
    id: String,
    pub method: Method,
    /// As they came.
    pub headers: HeaderMap,
    line: Line,
    plain: bool,
    /// When it was sent on, by the clock for durations.
    sent: u64,
}

impl Passed {
    /// Whether the gate has nothing to say beside the origin's answer.
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

/// Leave to go on to the origin.
#[derive(Default)]
struct Pass {
    /// Who asks; `None` on a public route.
    principal: Option<Uid>,
    /// The answer that a page's preflight gets, in place of the application's.
    preflight: Option<Response<Vec<u8>>>,
    /// The names of the roles that they hold everywhere.
    roles: Vec<String>,
}

impl<S: Store + Books, H: Host> Gateway<S, H> {
    pub fn new(store: S, host: H, config: Config) -> Gateway<S, H> {
        let (known, keys, ledger, metrics) = Default::default();
        Gateway { store, host, config, known, keys, ledger, metrics, isolate: OnceCell::new() }
    }

    pub fn host(&self) -> &H {
        &self.host
    }

    pub fn store(&self) -> &S {
        &self.store
    }

    /// What this gate has counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Judges one request. It never fails: what goes wrong is a refusal.
    pub async fn judge(&self, incoming: Incoming<H::Stream>) -> Judged<H::Stream> {
        let id = self.host.new_id();
        // Even a gate in shadow refuses these: a request with two readings cannot be forwarded as it was read.
        let (target, path) = match self.checked(&incoming) {
            Ok(checked) => checked,
            Err(refusal) => {
                return Judged::Answer(self.refuse(
                    &refusal,
                    &id,
                    &incoming.method,
                    &incoming.headers,
                    Line::default(),
                ));
            }
        };
        if routes::is_own(&target) {
            return Judged::Answer(self.own(&target, incoming, &id).await);
        }
        let mut incoming = incoming;
        let mut line = Line::default();
        let outcome = self.judge_route(&target, &mut incoming, &id, &mut line).await;
        match outcome {
            Ok(Pass { preflight: Some(answer), .. }) => {
                self.metrics.outcome("preflight");
                Judged::Answer(respond(answer))
            }
            Ok(pass) => self.forward(path, incoming, &pass, id, line).await,
            Err(refusal) if self.config.mode == Mode::Shadow => {
                self.log_refusal(&refusal, &id, &mut line, &incoming.headers);
                self.forward(path, incoming, &Pass::default(), id, line.rest()).await
            }
            Err(refusal) => {
                let refusal = match refusal.status {
                    // Whoever tries tokens does not do so for ever.
                    StatusCode::UNAUTHORIZED => {
                        let limit = self.within_limit(&incoming.headers, incoming.client.as_deref()).await;
                        limit.err().unwrap_or(refusal)
                    }
                    _ => refusal,
                };
                Judged::Answer(self.refuse(&refusal, &id, &incoming.method, &incoming.headers, line))
            }
        }
    }

    /// Names of headers that an origin's answer may have and the client does not get, or gets changed: where an answer has
    /// none of them, and [`Passed::is_plain`], it passes as it is. Beside these, every name that begins with `palisade`.
    pub fn watched() -> &'static [&'static str] {
        headers::watched()
    }

    /// What becomes of the headers of the origin's answer.
    pub fn answered(&self, passed: Passed, headers: &HeaderMap) -> Changes {
        let mut line = passed.line;
        line.timing.origin = Some(self.host.micros().saturating_sub(passed.sent));
        let mut kept = headers::answered(headers);
        line.finish(self.config.server_timing, &mut kept);
        Changes::between(headers, &kept)
    }

    /// The answer where the origin gave none. `cause` is for the log.
    pub fn unanswered(&self, mut passed: Passed, cause: String) -> Response<Body<H::Stream>> {
        bump(&self.metrics.origin_failures);
        let refusal = Refusal::new(StatusCode::BAD_GATEWAY, "origin-failed", "the application does not answer");
        self.refuse(&refusal.because(cause), &passed.id, &passed.method, &passed.headers, passed.line.rest())
    }

    /// The checks that come before any question: whether there is one reading of this request at all. That, and what is
    /// forwarded of it.
    fn checked(&self, incoming: &Incoming<H::Stream>) -> Result<(Target, PathAndQuery), Refusal> {
        headers::check(&incoming.headers).map_err(|error| match error {
            HeaderError::TooLarge => {
                let detail = "the headers are too many or too large";
                Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail)
            }
            HeaderError::Refused(why) => Refusal::bad_request("ambiguous-headers", why),
        })?;
        // RFC 6455 4.1. Platforms make a GET of whatever asks for a WebSocket: another method would be decided on than is sent.
        if headers::is_websocket(&incoming.headers) && incoming.method != Method::GET {
            return Err(Refusal::bad_request("ambiguous-headers", "only a GET can become a WebSocket"));
        }
        // RFC 9110 9.3.1: it means nothing there, and servers that do not read it take it for the next request.
        if matches!(incoming.method, Method::GET | Method::HEAD) && !matches!(incoming.body, Body::Empty) {
            return Err(Refusal::bad_request("body-not-expected", "a GET has no body"));
        }
        let (scheme, host, target) = incoming.parts();
        if let Some(public) = &self.config.public_url {
            let also = &self.config.allowed_hosts;
            let meant = public.is_meant(also, scheme, host)
                && incoming
                    .headers
                    .get(http::header::HOST)
                    .is_none_or(|named| named.to_str().is_ok_and(|named| public.is_meant(also, scheme, Some(named))));
            if !meant {
                let detail = "nothing is served here under that scheme and host";
                return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail));
            }
        }
        let target = Target::read(target).map_err(|error| match &error {
            TargetError::TooLong => Refusal::new(StatusCode::URI_TOO_LONG, "target-too-long", error.to_string()),
            TargetError::Refused(why) => Refusal::bad_request("ambiguous-path", *why),
        })?;
        match target.path_and_query() {
            Ok(forwarded) if forwarded.as_str() == target.as_str() => Ok((target, forwarded)),
            _ => Err(Refusal::bad_request("ambiguous-path", "the path cannot be forwarded as it came")),
        }
    }

    /// Decides, by the bundle that is in force.
    async fn judge_route(
        &self,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        line: &mut Line,
    ) -> Result<Pass, Refusal> {
        if target.overrides_method() {
            let detail = "the query names another method (`_method`), which an origin might obey";
            return Err(Refusal::bad_request("method-override", detail));
        }
        self.attempt(async |active| {
            *line = Line::by(active.number);
            self.judge_by(active, target, incoming, id, line).await
        })
        .await?
    }

    async fn judge_by(
        &self,
        active: &Active,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        line: &mut Line,
    ) -> Result<Said<Result<Pass, Refusal>>, Stop> {
        if let Some(asked) = cors::preflight(&incoming.method, &incoming.headers) {
            let origin = cors::origin(&incoming.headers).unwrap_or("null");
            match active.routes.preflight(&asked, origin, target) {
                Preflight::Admitted(cors, methods) => {
                    let preflight = Some(cors.preflight(&incoming.headers, &methods));
                    return Ok(Said::unconfirmed(Ok(Pass { preflight, ..Pass::default() })));
                }
                Preflight::Refused => return Err(other_origin().into()),
                Preflight::Request | Preflight::Unknown => {}
            }
        }
        let found = match active.routes.find(&incoming.method, target) {
            Match::Found(found) => found,
            Match::WrongMethod(allow) => {
                let detail = "this path is not for that method";
                let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail);
                return Err(refusal.allowing(allow).into());
            }
            Match::Unknown => {
                let detail = "there is nothing here";
                return Err(Refusal::new(StatusCode::NOT_FOUND, "no-route", detail).into());
            }
        };
        line.route = Some(found.route.path.clone());
        if let Some(cors) = &found.route.cors {
            line.shared = Some(cors.shared(&incoming.headers));
            // No browser asks before it opens a WebSocket, and none keeps a page from reading one (RFC 6455 10.2).
            let own = self.config.public_url.as_ref().map(PublicUrl::origin);
            let admitted = |origin: &str| cors.admits(origin) || own.as_deref() == Some(origin);
            if headers::is_websocket(&incoming.headers) && !cors::origin(&incoming.headers).is_some_and(admitted) {
                return Err(other_origin().into());
            }
        }
        let Some((principal, decided)) = self.answer_route(active, &found, target, incoming, id, line).await? else {
            return Ok(Said::unconfirmed(Ok(Pass::default())));
        };
        line.decided(&decided);
        Ok(Said::confirmed(match decided.decision.allow {
            true => Ok(Pass { principal: Some(principal), preflight: None, roles: decided.roles }),
            false => Err(Refusal::denied()),
        }))
    }

    /// Who asks, and the decision; `None` for a public route.
    async fn answer_route(
        &self,
        active: &Active,
        found: &Found<'_>,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        line: &mut Line,
    ) -> Result<Option<(Uid, Decided)>, Stop> {
        if found.route.is_public() {
            return Ok(None);
        }
        let at_least = at_least(&incoming.headers)?;
        let parts = |body| Parts { target, headers: &incoming.headers, body };
        let limit = found.route.body_limit();
        // Where no body has to be read, what will be asked is known before it is known who asks, and both are fetched at once.
        let early = match limit {
            None => found.question(active.mapping(), &parts(None)).ok().flatten(),
            Some(_) => None,
        };
        let ask = OnceCell::new();
        let draft = || early.as_ref().map(|question| ask.get_or_init(|| judge::draft(active, question)));
        // Before the body is read: strangers must not make the gate read.
        let began = self.host.micros();
        let caller = self.caller_of(active, &incoming.headers, at_least, draft).await;
        line.timing.auth = self.host.micros().saturating_sub(began);
        let (caller, slice) = caller?;
        line.principal = Some(caller.principal.to_string());
        let body = match limit {
            Some(limit) => read_body(&incoming.headers, &mut incoming.body, limit).await?,
            None => None,
        };
        let mut question = match early {
            Some(question) => question,
            None => match found.question(active.mapping(), &parts(body.as_ref()))? {
                Some(question) => question,
                None => return Ok(None),
            },
        };
        question.context = caller.context(active.mapping(), &question.action, question.context)?;
        line.context = self.config.log.context().then(|| question.context.clone());
        line.action = Some(question.action.clone());
        line.resource = Some(question.resource.to_string());
        let fetched = ask.into_inner().zip(slice).map(|(mut ask, slice)| {
            ask.principal = caller.principal.clone();
            (ask, slice)
        });
        let decided = self.decide_by(active, &caller.principal, &question, id, at_least, fetched).await?;
        Ok(Some((caller.principal, decided)))
    }

    /// What is to be sent on.
    async fn forward(
        &self,
        path: PathAndQuery,
        incoming: Incoming<H::Stream>,
        pass: &Pass,
        id: String,
        mut line: Line,
    ) -> Judged<H::Stream> {
        let assertion = match self.assertion(path.as_str(), &incoming.method, pass, &id).await {
            Ok(assertion) => assertion,
            Err(refusal) => {
                return Judged::Answer(self.refuse(&refusal, &id, &incoming.method, &incoming.headers, line.rest()));
            }
        };
        let (scheme, host, _) = incoming.parts();
        let forwarding = Forwarding {
            principal: pass.principal.as_ref(),
            decision: pass.principal.as_ref().map(|_| id.as_str()),
            assertion: assertion.as_deref(),
            client: incoming.client.as_deref(),
            host,
            scheme,
            identity_headers: self.config.identity_headers(),
        };
        let changes = headers::forwarded(&incoming.headers, &forwarding);
        match line.is_decision() {
            true => self.record(&line, &id, "allow", &incoming.headers),
            false => self.metrics.outcome("public"),
        }
        let Incoming { method, headers, body, .. } = incoming;
        let plain = !self.config.server_timing && line.shared.is_none();
        let passed = Passed { id, method, headers, line, plain, sent: self.host.micros() };
        Judged::Forward(Box::new(Forward { path, changes, body, passed }))
    }

    /// The answer of the gate itself, which the log has under this word, or the refusal.
    fn conclude(
        &self,
        outcome: Result<Response<Vec<u8>>, Refusal>,
        word: &'static str,
        line: Line,
        id: &str,
        incoming: &Incoming<H::Stream>,
    ) -> Response<Body<H::Stream>> {
        match outcome {
            Ok(response) => {
                self.record(&line, id, word, &incoming.headers);
                respond(response)
            }
            Err(refusal) => self.refuse(&refusal, id, &incoming.method, &incoming.headers, line),
        }
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        id: &str,
        method: &Method,
        headers: &HeaderMap,
        mut line: Line,
    ) -> Response<Body<H::Stream>> {
        self.log_refusal(refusal, id, &mut line, headers);
        let mut response = refusal.response(id, method, headers);
        line.finish(self.config.server_timing, response.headers_mut());
        respond(response)
    }

    fn log_refusal(&self, refusal: &Refusal, id: &str, line: &mut Line, headers: &HeaderMap) {
        line.refused(refusal);
        let word = if line.is_decision() { "deny" } else { "refuse" };
        self.record(line, id, word, headers);
    }
}

impl<S: Store + Books, H: Origin> Gateway<S, H> {
    /// Answers one request: judges it, and sends it on where it may go on.
    pub async fn handle(&self, incoming: Incoming<H::Stream>) -> Response<Body<H::Stream>> {
        let Forward { path, changes, body, passed } = match self.judge(incoming).await {
            Judged::Answer(answer) => return answer,
            Judged::Forward(forward) => *forward,
        };
        let mut request = http::Request::new(body);
        *request.method_mut() = passed.method.clone();
        *request.uri_mut() = Uri::from(path);
        *request.headers_mut() = changes.apply(passed.headers.clone());
        match self.host.forward(request).await {
            Ok(mut answer) => {
                let changes = self.answered(passed, answer.headers());
                let headers = std::mem::take(answer.headers_mut());
                *answer.headers_mut() = changes.apply(headers);
                answer
            }
            Err(cause) => self.unanswered(passed, cause),
        }
    }
}

/// 403: a page of an origin that no route admits.
fn other_origin() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "other-origin", "pages of that origin may not ask here")
}

fn respond<B>(response: Response<Vec<u8>>) -> Response<Body<B>> {
    response.map(|bytes| if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) })
}
