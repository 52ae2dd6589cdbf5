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
mod authzen;
mod config;
mod headers;
mod identity;
mod judge;
mod jwt;
mod log;
mod origin;
mod own;
mod page;
mod path;
mod routes;
mod strict;
mod verify;

pub use active::{MAX_BUNDLE_AGE_IF_ERROR_MILLIS, MAX_BUNDLE_AGE_MILLIS};
pub use admin::{API_PREFIX, MAX_NOTE_CHARACTERS, MAX_PAGE_LENGTH, MAX_PUBLISH_BYTES, MAX_WRITE_BYTES};
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
pub use own::HEALTH_PATH;
pub use page::{MAX_PAGE_ENTITIES, MAX_PAGE_QUESTION_BYTES, PAGE_FRESH_MILLIS, PAGE_PATH, PAGE_TYPE};
pub use path::{MAX_TARGET_BYTES, Target, TargetError};
pub use routes::{
    BadRequest, Explanation, Found, MAX_ID_BYTES, MAX_ROUTES, Match, Parts, Question, Route, Routes, explain, read,
};
pub use strict::MAX_JSON_DEPTH;

use crate::name::Uid;
use crate::store::{Ledger, Store};
use active::{Active, Current};
use answer::Refusal;
use headers::{Forwarding, HeaderError};
use http::header::HeaderMap;
use http::{Method, Response, StatusCode, Uri};
use judge::{Decided, Said, Stop, read_body};
use jwt::KeyRing;
use log::Line;

/// The gate in front of one origin.
pub struct Gateway<S, H> {
    store: S,
    host: H,
    config: Config,
    current: Current,
    keys: KeyRing,
}

/// Leave to go on to the origin.
#[derive(Default)]
struct Pass {
    /// Who asks; `None` on a public route.
    principal: Option<Uid>,
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
    pub async fn handle(&self, incoming: Incoming<H::Stream>) -> Response<Body<H::Stream>>
    where
        S: Ledger,
    {
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
        let Some((principal, decided)) = self.answer_route(active, &found, target, incoming, id, line).await? else {
            return Ok(Said::unconfirmed(Ok(Pass::default())));
        };
        line.decided(&decided.decision, decided.revision, decided.micros);
        Ok(Said::confirmed(match decided.decision.allow {
            true => Ok(Pass { principal: Some(principal) }),
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
}

fn respond<B>(response: Response<Vec<u8>>) -> Response<Body<B>> {
    response.map(|bytes| if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) })
}
