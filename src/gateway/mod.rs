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
mod answer;
mod authzen;
mod config;
mod headers;
mod identity;
mod jwt;
mod log;
mod origin;
mod page;
mod path;
mod routes;
mod strict;
mod verify;

pub use active::{MAX_BUNDLE_AGE_IF_ERROR_MILLIS, MAX_BUNDLE_AGE_MILLIS};
pub use answer::accepts;
pub use authzen::{EVALUATION_PATH, MAX_QUESTION_BYTES};
pub use config::{Config, ConfigError, Issuer, KeySet, MAX_CLOCK_SKEW_SECONDS, Mode};
pub use headers::{MAX_HEADER_BYTES, MAX_HEADERS};
pub use identity::{MAX_TOKEN_BYTES, sha256_hex};
pub use jwt::{
    Algorithm, Crypto, JWKS_FRESH_MILLIS, JWKS_REFETCH_MILLIS, JWKS_RETRY_MILLIS, JWKS_STALE_MILLIS, Key, KeySource,
    MAX_JWKS_BYTES, Material, verified,
};
pub use origin::{Body, BodyError, Host, Incoming, Origin, Stream};
pub use page::{MAX_PAGE_ENTITIES, MAX_PAGE_QUESTION_BYTES, PAGE_FRESH_MILLIS, PAGE_PATH, PAGE_TYPE};
pub use path::{MAX_TARGET_BYTES, Target, TargetError};
pub use routes::{
    BadRequest, Explanation, Found, MAX_ID_BYTES, MAX_ROUTES, Match, Parts, Question, Route, Routes, explain, read,
};
pub use strict::MAX_JSON_DEPTH;

use crate::decide::{Context, Decision, Query};
use crate::facts::{self, External};
use crate::name::Uid;
use crate::store::Store;
use active::{Active, Current};
use answer::{Refusal, json_like};
use authzen::{Asked, Problem};
use headers::{Forwarding, HeaderError};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode, Uri};
use identity::{Caller, TokenKind};
use jwt::KeyRing;
use log::Line;
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the gate says whether it works.
pub const HEALTH_PATH: &str = "/.palisade/health";

/// How often one request is routed anew because another bundle was published meanwhile.
const MAX_ATTEMPTS: usize = 3;

/// The gate in front of one origin.
pub struct Gateway<S, H> {
    store: S,
    host: H,
    config: Config,
    current: Current,
    keys: KeyRing,
}

/// What a request came to, before it is forwarded or refused.
struct Verdict {
    outcome: Result<Pass, Refusal>,
    /// Whether a store said, while this was found out, that the bundle is still the active one.
    confirmed: bool,
}

/// Leave to go on to the origin.
#[derive(Default)]
struct Pass {
    /// Who asks; `None` on a public route.
    principal: Option<Uid>,
}

/// A decision, and the state of the database that it was made in.
struct Decided {
    decision: Decision,
    revision: u64,
    micros: u64,
}

/// Why nothing was decided.
enum Stop {
    Refused(Refusal),
    /// Another bundle is in force by now.
    Changed,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

impl From<BadRequest> for Stop {
    fn from(error: BadRequest) -> Stop {
        Stop::Refused(Refusal::bad_request("incomplete", error.0))
    }
}

impl<S: Store, H: Host> Gateway<S, H> {
    pub fn new(store: S, host: H, config: Config) -> Gateway<S, H> {
        Gateway { store, host, config, current: Current::default(), keys: KeyRing::default() }
    }

    pub fn host(&self) -> &H {
        &self.host
    }

    pub fn store(&self) -> &S {
        &self.store
    }

    /// Answers one request. It never fails: what goes wrong is a refusal.
    pub async fn handle(&self, incoming: Incoming<H::Stream>) -> Response<Body<H::Stream>> {
        let id = self.host.new_id();
        // Even a gate in shadow refuses these: a request with two readings cannot be forwarded as it was read.
        let target = match self.checked(&incoming) {
            Ok(target) => target,
            Err(refusal) => return self.refuse(&refusal, &id, &incoming.method, &incoming.headers, Line::default()),
        };
        if target.segments().first().is_some_and(|first| first == routes::OWN_PREFIX) {
            return self.own(&target, incoming, &id).await;
        }
        let mut incoming = incoming;
        let mut line = Line::default();
        let outcome = self.judge(&target, &mut incoming, &id, &mut line).await;
        match outcome {
            Ok(pass) => self.forward(&target, incoming, &pass, &id, line).await,
            Err(refusal) if self.config.mode == Mode::Shadow => {
                self.log_refusal(&refusal, &id, &mut line);
                self.forward(&target, incoming, &Pass::default(), &id, Line::default()).await
            }
            Err(refusal) => self.refuse(&refusal, &id, &incoming.method, &incoming.headers, line),
        }
    }

    /// The checks that come before any question: whether there is one reading of this request at all.
    fn checked(&self, incoming: &Incoming<H::Stream>) -> Result<Target, Refusal> {
        headers::check(&incoming.headers).map_err(|error| match error {
            HeaderError::TooLarge => {
                let detail = "the headers are too many or too large";
                Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail)
            }
            HeaderError::Refused(why) => Refusal::bad_request("ambiguous-headers", why),
        })?;
        let (_, _, target) = incoming.parts();
        let target = Target::read(target).map_err(|error| match &error {
            TargetError::TooLong => Refusal::new(StatusCode::URI_TOO_LONG, "target-too-long", error.to_string()),
            TargetError::Refused(why) => Refusal::bad_request("ambiguous-path", *why),
        })?;
        match target.path_and_query() {
            Ok(forwarded) if forwarded.as_str() == target.as_str() => Ok(target),
            _ => Err(Refusal::bad_request("ambiguous-path", "the path cannot be forwarded as it came")),
        }
    }

    /// Decides, by the bundle that is in force.
    async fn judge(
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
        let mut active = self.current.any(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
        for _ in 0..MAX_ATTEMPTS {
            *line = Line::by(active.number);
            let verdict = self.judge_by(&active, target, incoming, id, line).await;
            let now = self.host.now();
            let next = match verdict {
                Ok(verdict) if verdict.confirmed => return verdict.outcome,
                // No slice has shown that this bundle is still in force: ask, if that was long ago.
                Ok(verdict) => {
                    let next = self.current.fresh(&self.store, now).await.map_err(Refusal::unavailable)?;
                    if next.number == active.number {
                        return verdict.outcome;
                    }
                    next
                }
                Err(Changed) => self.current.load(&self.store, now).await.map_err(Refusal::unavailable)?,
            };
            active = next;
        }
        Err(Refusal::unavailable("another bundle was published at each attempt"))
    }

    async fn judge_by(
        &self,
        active: &Arc<Active>,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        line: &mut Line,
    ) -> Result<Verdict, Changed> {
        let unconfirmed = |outcome| Ok(Verdict { outcome, confirmed: false });
        let found = match active.routes.find(&incoming.method, target) {
            Match::Found(found) => found,
            Match::WrongMethod(allow) => {
                let detail = "this path is not for that method";
                let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail).allowing(allow);
                return unconfirmed(Err(refusal));
            }
            Match::Unknown => {
                let detail = "there is nothing here";
                return unconfirmed(Err(Refusal::new(StatusCode::NOT_FOUND, "no-route", detail)));
            }
        };
        line.route = Some(found.route.path.clone());
        match self.answer_route(active, &found, target, incoming, id, line).await {
            Ok(None) => unconfirmed(Ok(Pass::default())),
            Ok(Some((principal, decided))) => {
                let outcome = match decided.decision.allow {
                    true => Ok(Pass { principal: Some(principal) }),
                    false => Err(Refusal::denied()),
                };
                line.decided(&decided.decision, decided.revision, decided.micros);
                Ok(Verdict { outcome, confirmed: true })
            }
            Err(Stop::Refused(refusal)) => unconfirmed(Err(refusal)),
            Err(Stop::Changed) => Err(Changed),
        }
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
        // Before the body is read: strangers must not make the gate read.
        let caller = self.caller(active, &incoming.headers).await?;
        line.principal = Some(caller.principal.to_string());
        let body = match found.route.body_limit() {
            Some(limit) => read_body(&incoming.headers, &mut incoming.body, limit).await?,
            None => None,
        };
        let parts = Parts { target, headers: &incoming.headers, body: body.as_ref() };
        let Some(mut question) = found.question(active.mapping(), &parts)? else { return Ok(None) };
        question.context = caller.context(active.mapping(), &question.action, question.context)?;
        line.action = Some(question.action.clone());
        line.resource = Some(question.resource.to_string());
        let decided = self.decide(active, &caller.principal, &question, id).await?;
        Ok(Some((caller.principal, decided)))
    }

    /// Who sends a request.
    async fn caller(&self, active: &Active, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let mapping = active.mapping();
        let token = identity::token(headers, self.config.token_cookie.as_deref())?
            .ok_or_else(|| Refusal::unauthenticated("no token"))?;
        if token.kind() == TokenKind::Jwt && !self.config.issuers.is_empty() {
            let now = self.host.now();
            let (issuer, subject, until) =
                self.keys.subject(token.text(), &self.config.issuers, &self.host, now).await?;
            let mut types = mapping.principals().map(|(_, entity)| entity.type_name.as_str());
            let kind = match &issuer.principal_type {
                Some(kind) => types.find(|own| own == kind),
                None => types.next().filter(|_| types.next().is_none()),
            };
            let kind = kind.ok_or_else(|| {
                let named = issuer.principal_type.as_deref().unwrap_or("(none)");
                Refusal::unavailable(format!(
                    "the principals of `{}` are of no type of the model: {named}",
                    issuer.issuer
                ))
            })?;
            let id = routes::entity_id(mapping, kind, &subject)
                .map_err(|_| Refusal::unauthenticated("the token's subject can be no id"))?;
            return Ok(Caller::of(Uid::new(kind, id), until));
        }
        let hash = token.hash();
        let rows =
            self.store.login(&active.plan, &hash).await.map_err(|error| Refusal::unavailable(error.to_string()))?;
        identity::session(mapping, &rows, &hash, self.host.now())
    }

    /// Asks the engine, on the rows that the question needs and no others.
    async fn decide(&self, active: &Active, principal: &Uid, question: &Question, id: &str) -> Result<Decided, Stop> {
        let began = self.host.micros();
        let mapping = active.mapping();
        let context = Context::read(&mapping.context_of(&question.action), &question.context).map_err(|error| {
            Refusal::bad_request("incomplete", "the request lacks what the action needs").because(error.to_string())
        })?;
        let query = Query {
            principal: principal.clone(),
            action: question.action.clone(),
            resource: question.resource.clone(),
            context,
            externals: External::among(mapping, [principal, &question.resource]),
        };
        let ask = active.engine.ask(&active.bundle, &query);
        let slice =
            self.store.slice(&active.plan, &ask).await.map_err(|error| Refusal::unavailable(error.to_string()))?;
        if slice.bundle != active.number {
            return Err(Stop::Changed);
        }
        // After the rows are here: what expired while they were fetched conveys nothing.
        let now = self.host.now();
        self.current.confirm(active.number, now);
        let facts = facts::build(&active.bundle, &slice.rows, &query.externals, now);
        let prepared = active.engine.prepare(facts).map_err(|error| Refusal::unavailable(error.to_string()))?;
        let mut decision = active.engine.decide(&prepared, &query);
        if verify::is_sampled(self.config.verify, id)
            && let Some(alarm) = verify::check(&self.host, &active.bundle, &prepared.facts, &query, id, &mut decision)
        {
            self.host.log(&alarm);
        }
        Ok(Decided { decision, revision: slice.revision, micros: self.host.micros().saturating_sub(began) })
    }

    /// Sends a request on.
    async fn forward(
        &self,
        target: &Target,
        incoming: Incoming<H::Stream>,
        pass: &Pass,
        id: &str,
        line: Line,
    ) -> Response<Body<H::Stream>> {
        let (scheme, host, _) = incoming.parts();
        let forwarding = Forwarding {
            principal: pass.principal.as_ref(),
            decision: pass.principal.as_ref().map(|_| id),
            client: incoming.client.as_deref(),
            host,
            scheme,
            identity_headers: self.config.identity_headers(),
        };
        let headers = headers::forwarded(&incoming.headers, &forwarding);
        let uri = match target.path_and_query() {
            Ok(path) => Uri::from(path),
            Err(error) => {
                let refusal = Refusal::bad_request("ambiguous-path", "the path cannot be forwarded as it came");
                let refusal = refusal.because(error.to_string());
                return self.refuse(&refusal, id, &incoming.method, &incoming.headers, Line::default());
            }
        };
        if line.is_decision() {
            self.host.log(&line.text(id, self.host.now(), self.config.mode, "allow"));
        }
        let mut request = http::Request::new(incoming.body);
        *request.method_mut() = incoming.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        match self.host.forward(request).await {
            Ok(mut response) => {
                let kept = headers::answered(response.headers());
                *response.headers_mut() = kept;
                response
            }
            Err(cause) => {
                let refusal = Refusal::new(StatusCode::BAD_GATEWAY, "origin-failed", "the application does not answer")
                    .because(cause);
                self.refuse(&refusal, id, &incoming.method, &incoming.headers, Line::default())
            }
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
        self.log_refusal(refusal, id, &mut line);
        respond(refusal.response(id, method, headers))
    }

    fn log_refusal(&self, refusal: &Refusal, id: &str, line: &mut Line) {
        line.refused(refusal);
        let word = if line.is_decision() { "deny" } else { "refuse" };
        self.host.log(&line.text(id, self.host.now(), self.config.mode, word));
    }

    /// What lies below `/.palisade/`. Nothing there is ever forwarded.
    async fn own(&self, target: &Target, mut incoming: Incoming<H::Stream>, id: &str) -> Response<Body<H::Stream>> {
        let allow = match target.path() {
            HEALTH_PATH if matches!(incoming.method, Method::GET | Method::HEAD) => {
                return respond(self.health(&incoming.method).await);
            }
            HEALTH_PATH => vec![Method::GET, Method::HEAD],
            EVALUATION_PATH if incoming.method == Method::POST => {
                return respond(self.evaluation(&mut incoming, id).await);
            }
            EVALUATION_PATH => vec![Method::POST],
            PAGE_PATH if matches!(incoming.method, Method::GET | Method::POST) => {
                return self.page(target, incoming, id).await;
            }
            PAGE_PATH => vec![Method::GET, Method::POST],
            _ => {
                let refusal = Refusal::new(StatusCode::NOT_FOUND, "no-route", "there is nothing here");
                return self.refuse(&refusal, id, &incoming.method, &incoming.headers, Line::default());
            }
        };
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "this path is not for that method");
        self.refuse(&refusal.allowing(allow), id, &incoming.method, &incoming.headers, Line::default())
    }

    /// Whether the gate could decide now. Strangers learn nothing more: the reason of a failure goes to the log.
    async fn health(&self, method: &Method) -> Response<Vec<u8>> {
        let version = env!("CARGO_PKG_VERSION");
        let state = async {
            let active = self.current.fresh(&self.store, self.host.now()).await?;
            let revision = self.store.revision().await.map_err(|error| error.to_string())?;
            Ok::<_, String>((active.number, revision))
        };
        let (status, body) = match state.await {
            Ok((bundle, revision)) => {
                let body = json!({ "status": "ok", "revision": revision, "bundle": bundle, "version": version });
                (StatusCode::OK, body)
            }
            Err(cause) => {
                self.host.log(&json!({ "health": "unavailable", "cause": cause }).to_string());
                (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "unavailable", "version": version }))
            }
        };
        let body = if method == Method::HEAD { Vec::new() } else { body.to_string().into_bytes() };
        json_like(status, "application/json", body)
    }

    /// What whoever is signed in may do with some resources, for a page to decide by.
    async fn page(&self, target: &Target, mut incoming: Incoming<H::Stream>, id: &str) -> Response<Body<H::Stream>> {
        let mut line = Line::default();
        match self.page_of(target, &mut incoming, &mut line).await {
            Ok(response) => {
                self.host.log(&line.text(id, self.host.now(), self.config.mode, "page"));
                respond(response)
            }
            Err(refusal) => self.refuse(&refusal, id, &incoming.method, &incoming.headers, line),
        }
    }

    async fn page_of(
        &self,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        line: &mut Line,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let mut active = self.current.any(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
        let by_query = incoming.method == Method::GET;
        let mut asked = None;
        for _ in 0..MAX_ATTEMPTS {
            *line = Line::by(active.number);
            let caller = self.caller(&active, &incoming.headers).await?;
            line.principal = Some(caller.principal.to_string());
            // After the caller is known: strangers must not make the gate read.
            let asked = match &mut asked {
                Some(asked) => asked,
                unread => unread.insert(match by_query {
                    true => page::Asked::of_query(target, &incoming.headers)?,
                    false => page::Asked::of_body(
                        read_body(&incoming.headers, &mut incoming.body, MAX_PAGE_QUESTION_BYTES).await?,
                    )?,
                }),
            };
            match self.page_by(&active, &caller, asked, by_query, line).await {
                Ok(response) => return Ok(response),
                // A type that this bundle does not know, the next one may.
                Err(Stop::Refused(refusal)) => {
                    let next = self.current.fresh(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
                    if next.number == active.number {
                        return Err(refusal);
                    }
                    active = next;
                }
                Err(Stop::Changed) => {
                    active = self.current.load(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
                }
            }
        }
        Err(Refusal::unavailable("another bundle was published at each attempt"))
    }

    async fn page_by(
        &self,
        active: &Active,
        caller: &Caller,
        asked: &page::Asked,
        by_query: bool,
        line: &mut Line,
    ) -> Result<Response<Vec<u8>>, Stop> {
        let mapping = active.mapping();
        let unavailable = |cause: String| Stop::Refused(Refusal::unavailable(cause));
        let mut listed = Vec::new();
        let mut revision = None;
        for kind in asked.types(mapping)? {
            let found = self.store.ids(&active.plan, kind, MAX_PAGE_ENTITIES).await.map_err(page::unanswered)?;
            if found.bundle != active.number {
                return Err(Stop::Changed);
            }
            revision = Some(revision.map_or(found.revision, |listed: u64| listed.min(found.revision)));
            listed.extend(found.ids.into_iter().map(|id| Uid::new(kind, id)));
        }
        let wanted = asked.wanted(mapping, caller, listed)?;
        line.entities(wanted.whose.resources.len());
        let ask = active.engine.ask_for_page(&active.bundle, &wanted.whose);
        let slice = self.store.slice(&active.plan, &ask).await.map_err(page::unanswered)?;
        if slice.bundle != active.number {
            return Err(Stop::Changed);
        }
        let now = self.host.now();
        self.current.confirm(active.number, now);
        let facts = facts::build(&active.bundle, &slice.rows, &ask.externals, now);
        let ends = [facts.until, caller.until].into_iter().flatten().map(|until| until - now);
        let fresh_for = ends.chain([PAGE_FRESH_MILLIS]).min().unwrap_or_default();
        let prepared = active.engine.prepare(facts).map_err(|error| unavailable(error.to_string()))?;
        let bytes = active.engine.page(&active.bundle, &prepared, &wanted);
        let bytes = bytes.map_err(|error| unavailable(error.to_string()))?;
        // What was listed before the rows were read may lack what came between: the earlier state is the honest one.
        let revision = revision.map_or(slice.revision, |listed| listed.min(slice.revision));
        Ok(asked.answer(bytes, revision, fresh_for, by_query))
    }

    /// One question of another service.
    async fn evaluation(&self, incoming: &mut Incoming<H::Stream>, id: &str) -> Response<Vec<u8>> {
        let mut line = Line::default();
        match self.evaluate(incoming, id, &mut line).await {
            Ok((decision, revision)) => {
                let word = if decision { "allow" } else { "deny" };
                self.host.log(&line.text(id, self.host.now(), self.config.mode, word));
                authzen::answer(decision, id, revision, &incoming.headers)
            }
            Err((problem, cause)) => {
                line.problem(problem.status, &problem.message, cause.as_deref());
                self.host.log(&line.text(id, self.host.now(), self.config.mode, "refuse"));
                authzen::refuse(&problem, &incoming.headers)
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
        if !authzen::is_authentic(&incoming.headers, &self.config.api_keys) {
            return Err(problem(StatusCode::UNAUTHORIZED, "this needs a valid API key"));
        }
        let body = incoming.body.fill(MAX_QUESTION_BYTES).await.map_err(|error| match error {
            BodyError::TooLarge => problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            BodyError::Broken(_) => problem(StatusCode::BAD_REQUEST, "the body breaks off"),
        })?;
        let unavailable = |cause: String| {
            (Problem::new(StatusCode::SERVICE_UNAVAILABLE, "this cannot be decided now; try again later"), Some(cause))
        };
        let mut active = self.current.any(&self.store, self.host.now()).await.map_err(unavailable)?;
        for _ in 0..MAX_ATTEMPTS {
            *line = Line::by(active.number);
            let asked = authzen::read(&incoming.headers, body, active.mapping());
            let decided = match &asked {
                Ok(Asked::Question { principal, question }) => {
                    line.principal = Some(principal.to_string());
                    line.action = Some(question.action.clone());
                    line.resource = Some(question.resource.to_string());
                    self.decide(&active, principal, question, id).await
                }
                // A type that this bundle does not know, the next one may.
                Ok(Asked::Nothing) | Err(_) => {
                    let next = self.current.fresh(&self.store, self.host.now()).await.map_err(unavailable)?;
                    if next.number != active.number {
                        active = next;
                        continue;
                    }
                    match asked {
                        Err(problem) => return Err((problem, None)),
                        Ok(_) => return Ok((false, None)),
                    }
                }
            };
            match decided {
                Ok(decided) => {
                    line.decided(&decided.decision, decided.revision, decided.micros);
                    return Ok((decided.decision.allow, Some(decided.revision)));
                }
                Err(Stop::Refused(refusal)) => {
                    return Err((Problem::new(refusal.status, refusal.detail), refusal.cause));
                }
                Err(Stop::Changed) => {
                    active = self.current.load(&self.store, self.host.now()).await.map_err(unavailable)?;
                }
            }
        }
        Err(unavailable("another bundle was published at each attempt".to_string()))
    }
}

/// Another bundle is in force by now.
struct Changed;

/// The body of a request, as far as a route reads it; `None` where none came.
async fn read_body<B: Stream>(headers: &HeaderMap, body: &mut Body<B>, limit: usize) -> Result<Option<Value>, Refusal> {
    let too_large = || {
        let detail = format!("the body is larger than the {limit} bytes that this path takes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
    };
    // Told before a byte is read, where the client says so itself.
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if said.is_some_and(|said| said.parse::<usize>().map_or(true, |length| length > limit)) {
        return Err(too_large());
    }
    let bytes = body.fill(limit).await.map_err(|error| match error {
        BodyError::TooLarge => too_large(),
        BodyError::Broken(cause) => Refusal::bad_request("body-broken", "the body breaks off").because(cause),
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let identity = HeaderValue::from_static("identity");
    let encoded = headers.get_all(header::CONTENT_ENCODING).iter().any(|encoding| encoding != identity);
    if !strict::is_json(kind) || kinds.next().is_some() || encoded {
        let detail = "the body must be JSON in UTF-8, not compressed: `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body-not-json", detail));
    }
    strict::parse(bytes)
        .map(Some)
        .map_err(|error| Refusal::bad_request("body-not-json", format!("the body is not JSON: {error}")))
}

fn respond<B>(response: Response<Vec<u8>>) -> Response<Body<B>> {
    response.map(|bytes| if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) })
}
