// SPDX-License-Identifier: Apache-2.0
//! One question to the engine, for whoever asks it here: by which bundle, who asks, on which rows.

use super::active::Active;
use super::answer::Refusal;
use super::identity::{self, Caller, TokenKind};
use super::origin::{Body, BodyError, Host, Stream};
use super::routes::{self, BadRequest, Question};
use super::{Gateway, strict, verify};
use crate::decide::{Context, Decision, Query};
use crate::facts::{self, Attribute, External, Facts};
use crate::name::{ROLES_ATTRIBUTE, Uid};
use crate::store::Store;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;

/// How often one request is judged anew because another bundle was published meanwhile.
const MAX_ATTEMPTS: usize = 3;

/// What came of a question, and whether a store said, while it was found out, that the bundle is still the active one.
pub(super) struct Said<T> {
    value: T,
    confirmed: bool,
}

impl<T> Said<T> {
    pub fn confirmed(value: T) -> Said<T> {
        Said { value, confirmed: true }
    }

    pub fn unconfirmed(value: T) -> Said<T> {
        Said { value, confirmed: false }
    }
}

/// A decision, and the state of the database that it was made in.
pub(super) struct Decided {
    pub decision: Decision,
    pub revision: u64,
    pub micros: u64,
    /// The names of the roles that the principal holds everywhere.
    pub roles: Vec<String>,
}

/// Why nothing was decided.
pub(super) enum Stop {
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
    /// Has something judged by the bundle that is in force; again where that turns out to be another one by now. What no
    /// store confirmed, a refusal among it, counts only if the knowledge of which bundle is active is fresh: what this bundle
    /// does not know, the next one may.
    pub(super) async fn attempt<T>(
        &self,
        mut judge: impl AsyncFnMut(&Active) -> Result<Said<T>, Stop>,
    ) -> Result<T, Refusal> {
        let mut active = self.current.any(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
        for _ in 0..MAX_ATTEMPTS {
            let outcome = match judge(&active).await {
                Ok(Said { value, confirmed: true }) => return Ok(value),
                Ok(Said { value, confirmed: false }) => Ok(value),
                Err(Stop::Refused(refusal)) => Err(refusal),
                Err(Stop::Changed) => {
                    active = self.current.load(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
                    continue;
                }
            };
            let next = self.current.fresh(&self.store, self.host.now()).await.map_err(Refusal::unavailable)?;
            if next.number == active.number {
                return outcome;
            }
            active = next;
        }
        Err(Refusal::unavailable("another bundle was published at each attempt"))
    }

    /// Who sends a request.
    pub(super) async fn caller(&self, active: &Active, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let mapping = active.mapping();
        let token = identity::token(headers, self.config.token_cookie.as_deref(), &self.config.issuers)?
            .ok_or_else(|| Refusal::unauthenticated("no token"))?;
        if token.kind() == TokenKind::ApiKey {
            return self.key_caller(mapping, token.text()).await;
        }
        if token.kind() == TokenKind::Jwt && !self.config.issuers.is_empty() {
            let (issuer, said) =
                self.keys.believe(token.text(), token.place(), &self.config.issuers, &self.host).await?;
            let mut types = mapping.principals().map(|(_, entity)| entity.type_name.as_str());
            let kind = match &said.kind {
                Some(kind) => types.find(|own| own == kind),
                None => types.next().filter(|_| types.next().is_none()),
            };
            let kind = kind.ok_or_else(|| {
                let named = said.kind.as_deref().unwrap_or("(none)");
                Refusal::unavailable(format!(
                    "the principals of `{}` are of no type of the model: {named}",
                    issuer.issuer
                ))
            })?;
            let id = routes::entity_id(mapping, kind, &said.subject)
                .map_err(|_| Refusal::unauthenticated("the token's subject can be no id"))?;
            return Ok(Caller::of(Uid::new(kind, id), Some(said.until)));
        }
        let hash = token.hash();
        let rows =
            self.store.login(&active.plan, &hash).await.map_err(|error| Refusal::unavailable(error.to_string()))?;
        identity::session(mapping, &rows, &hash, self.host.now())
    }

    /// Asks the engine, on the rows that the question needs and no others.
    pub(super) async fn decide(
        &self,
        active: &Active,
        principal: &Uid,
        question: &Question,
        id: &str,
    ) -> Result<Decided, Stop> {
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
        let roles = roles_of(&prepared.facts, principal);
        Ok(Decided { decision, revision: slice.revision, micros: self.host.micros().saturating_sub(began), roles })
    }
}

/// The names of the live roles that a principal holds without a scope.
fn roles_of(facts: &Facts, principal: &Uid) -> Vec<String> {
    match facts.entities.get(principal).and_then(|entity| entity.attributes.get(ROLES_ATTRIBUTE)) {
        Some(Attribute::Texts(names)) => names.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The body of a request, as far as a route reads it; `None` where none came.
pub(super) async fn read_body<B: Stream>(
    headers: &HeaderMap,
    body: &mut Body<B>,
    limit: usize,
) -> Result<Option<Value>, Refusal> {
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
