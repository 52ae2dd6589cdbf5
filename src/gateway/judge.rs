// SPDX-License-Identifier: Apache-2.0
//! One question to the engine, for whoever asks it here: by which bundle, who asks, on which rows.

use super::active::Active;
use super::answer::Refusal;
use super::identity::{self, Caller, TokenKind};
use super::known::Kept;
use super::metrics::bump;
use super::origin::{Body, BodyError, Host, Stream};
use super::routes::{self, BadRequest, Question};
use super::{Gateway, page, strict, verify};
use crate::decide::{Context, Decision, Prepared, Query};
use crate::facts::{self, Ask, Attribute, External, Facts};
use crate::name::{ROLES_ATTRIBUTE, Uid};
use crate::rows::{Millis, Rows};
use crate::store::{Got, Slice, Store, StoreError, Want};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::sync::Arc;

/// By which a caller asks for a decision that knows of its own write.
const AT_LEAST: HeaderName = HeaderName::from_static("palisade-at-least");

/// How long a bundle that could not be loaded is not tried again.
const RELOAD_MILLIS: Millis = 2_000;

/// A failure that took this long was waited for.
const SLOW_MILLIS: Millis = 1_000;

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
    /// All of it, and of that what the database took.
    pub micros: u64,
    pub db_micros: u64,
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
        Stop::Refused(Refusal::bad_request(error.code, error.detail))
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
        let mut active = match self.known.active() {
            Some(active) => active,
            None => self.load().await?,
        };
        for _ in 0..MAX_ATTEMPTS {
            let outcome = match judge(&active).await {
                Ok(Said { value, confirmed: true }) => return Ok(value),
                Ok(Said { value, confirmed: false }) => Ok(value),
                Err(Stop::Refused(refusal)) => Err(refusal),
                Err(Stop::Changed) => {
                    active = self.load().await?;
                    continue;
                }
            };
            let next = self.current().await?;
            if next.number == active.number {
                return outcome;
            }
            active = next;
        }
        Err(Refusal::unavailable("another bundle was published at each attempt"))
    }

    /// The bundle that was in force a moment ago ([`Config::max_staleness`]).
    ///
    /// [`Config::max_staleness`]: super::Config
    pub(super) async fn current(&self) -> Result<Arc<Active>, Refusal> {
        let Some(active) = self.known.active() else { return self.load().await };
        let now = self.host.now();
        let number = match self.known.fresh(now, self.config.max_staleness, 0) {
            Some(number) => number,
            None => match self.listen(&active).await {
                Ok(number) => number,
                Err(error) if error.is_passing() && self.may_be_stale(&active, now, 0) => return Ok(active),
                Err(error) => return Err(Refusal::unavailable(error.to_string())),
            },
        };
        if number == active.number { Ok(active) } else { self.load().await }
    }

    /// Asks the database what happened. Answers with the number of the active bundle.
    pub(super) async fn listen(&self, active: &Active) -> Result<u64, StoreError> {
        let got = self.fetch(active, true, None, None).await?;
        Ok(got.news.map_or(0, |news| news.bundle))
    }

    /// Asks the database for whatever is wanted, as one, and takes in what it tells of changes.
    pub(super) async fn fetch(
        &self,
        active: &Active,
        news: bool,
        login: Option<&str>,
        slice: Option<&Ask>,
    ) -> Result<Got, StoreError> {
        let (since, sent) = (self.known.since(), self.host.now());
        if news {
            bump(&self.metrics.polls);
        }
        if let Some(error) = self.known.silence(sent) {
            return Err(error);
        }
        let want = Want { news: news.then_some(since), login, slice };
        let got = self.store.fetch(&active.plan, &want).await;
        match &got {
            Ok(Got { news: Some(news), .. }) => self.known.hear(active, since, news, sent),
            Ok(_) => {}
            Err(error) => {
                bump(&self.metrics.poll_failures);
                let now = self.host.now();
                if error.is_passing() && now - sent >= SLOW_MILLIS {
                    self.known.wait_in_vain(now);
                }
            }
        }
        got
    }

    /// The same at once, also where loading failed a moment ago: somebody has just published another bundle, or asks what is
    /// published.
    pub(super) async fn reload(&self) -> Result<Arc<Active>, Refusal> {
        self.known.try_again();
        self.load().await
    }

    /// Loads the bundle that the database says is active.
    async fn load(&self) -> Result<Arc<Active>, Refusal> {
        let now = self.host.now();
        if let Some(why) = self.known.failed(now, RELOAD_MILLIS) {
            return Err(Refusal::unavailable(why));
        }
        let fail = |why: String| {
            self.known.fail(now, why.clone());
            Err(Refusal::unavailable(why))
        };
        let (number, text) = match self.store.active_bundle().await {
            Ok(Some(found)) => found,
            Ok(None) => return fail("no bundle is active: publish a pack".to_string()),
            Err(error) if error.is_passing() => return Err(Refusal::unavailable(error.to_string())),
            Err(error) => return fail(error.to_string()),
        };
        if let Some(active) = self.known.active()
            && active.number == number
        {
            return Ok(active);
        }
        match Active::load(number, &text) {
            Ok(active) => {
                let active = Arc::new(active);
                self.known.activate(active.clone(), now);
                Ok(active)
            }
            Err(why) => fail(format!("bundle {number}: {why}")),
        }
    }

    /// Whether what is remembered may serve while the database does not answer: not where it has already been heard that
    /// another bundle is in force.
    fn may_be_stale(&self, active: &Active, now: Millis, at_least: u64) -> bool {
        self.known.fresh(now, self.config.max_stale_if_error, at_least) == Some(active.number)
    }

    /// What is due behind the answer to a request: to hear of changes before a request has to wait for them, and to keep
    /// lines of the log.
    pub async fn chores(&self) {
        if self.is_early() && self.known.takes_turn(self.host.now(), self.config.max_staleness / 2) {
            if let Some(active) = self.known.active() {
                // A failure shows when a request asks.
                let _ = self.listen(&active).await;
            }
            self.known.end_turn();
        }
        self.settle().await;
    }

    /// Whether there are [`chores`](Gateway::chores).
    pub fn has_chores(&self) -> bool {
        self.is_unsettled() || (self.is_early() && self.known.is_turn(self.host.now(), self.config.max_staleness / 2))
    }

    /// Whether it is of any use to ask before a request does.
    fn is_early(&self) -> bool {
        self.config.max_staleness > 0
    }

    /// Who sends a request.
    pub(super) async fn caller(&self, active: &Active, headers: &HeaderMap, at_least: u64) -> Result<Caller, Stop> {
        Ok(self.caller_of(active, headers, at_least, || None).await?.0)
    }

    /// Who sends a request, and the rows that it needs, where these were fetched along: `draft` is what it would ask, save
    /// for who asks, and is not called where nothing has to be fetched.
    pub(super) async fn caller_of<'d>(
        &self,
        active: &Active,
        headers: &HeaderMap,
        at_least: u64,
        draft: impl FnOnce() -> Option<&'d Ask>,
    ) -> Result<(Caller, Option<Slice>), Stop> {
        let mapping = active.mapping();
        let token = identity::token(headers, self.config.token_cookie.as_deref(), &self.config.issuers)?
            .ok_or_else(|| Refusal::unauthenticated("no token"))?;
        if token.kind() == TokenKind::ApiKey {
            return Ok((self.key_caller(mapping, token.text()).await?, None));
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
            return Ok((Caller::of(Uid::new(kind, id), Some(said.until)), None));
        }
        let hash = token.hash();
        let (rows, slice) = self.login(active, &hash, at_least, draft).await?;
        Ok((identity::session(mapping, &rows, &hash, self.host.now())?, slice))
    }

    /// The rows of the login session of a token, remembered or fetched; and where they were fetched, what `draft` asks for
    /// whoever they are of.
    async fn login<'d>(
        &self,
        active: &Active,
        hash: &str,
        at_least: u64,
        draft: impl FnOnce() -> Option<&'d Ask>,
    ) -> Result<(Arc<Rows>, Option<Slice>), Stop> {
        let now = self.host.now();
        let known = || self.known.login(active, hash);
        let is_fresh = self.is_fresh(active, now, at_least)?;
        if is_fresh && let Some(rows) = known() {
            bump(&self.metrics.login_hits);
            return Ok((rows, None));
        }
        bump(&self.metrics.login_misses);
        let got = match self.fetch(active, !is_fresh, Some(hash), draft()).await {
            Ok(got) => got,
            Err(error) if error.is_passing() && self.may_be_stale(active, now, at_least) => {
                let rows = known().ok_or_else(|| Refusal::unavailable(error.to_string()))?;
                return Ok((rows, None));
            }
            Err(error) => return Err(Refusal::unavailable(error.to_string()).into()),
        };
        in_force(active, &got, at_least)?;
        let login = got.login.unwrap_or_default();
        let rows = Arc::new(login.rows);
        if !rows.is_empty() {
            self.known.keep_login(active, hash, &rows, login.revision);
        }
        Ok((rows, got.slice))
    }

    /// Whether what is remembered may serve without asking: the database was heard of a moment ago, and of that revision.
    fn is_fresh(&self, active: &Active, now: Millis, at_least: u64) -> Result<bool, Stop> {
        match self.known.fresh(now, self.config.max_staleness, at_least) {
            Some(bundle) if bundle != active.number => Err(Stop::Changed),
            fresh => Ok(fresh.is_some()),
        }
    }

    /// Asks the engine, on the rows that the question needs and no others, in a state of the database that is not before
    /// revision `at_least`.
    pub(super) async fn decide(
        &self,
        active: &Active,
        principal: &Uid,
        question: &Question,
        id: &str,
        at_least: u64,
    ) -> Result<Decided, Stop> {
        self.decide_by(active, principal, question, id, at_least, None).await
    }

    /// The same, where rows were fetched already: `fetched` says what was asked for, and what came.
    pub(super) async fn decide_by(
        &self,
        active: &Active,
        principal: &Uid,
        question: &Question,
        id: &str,
        at_least: u64,
        fetched: Option<(Ask, Slice)>,
    ) -> Result<Decided, Stop> {
        let began = self.host.micros();
        let query = query(active, principal, question)?;
        let ask = active.engine.ask(&active.bundle, &query);
        let asked = self.host.micros();
        let kept = match fetched {
            Some((draft, slice)) if draft == ask => self.take_in(active, ask, slice)?,
            _ => self.slice(active, ask, at_least).await?,
        };
        let db_micros = self.host.micros().saturating_sub(asked);
        let decision = self.judged(active, &kept.prepared, &query, id);
        let micros = self.host.micros().saturating_sub(began);
        let roles = roles_of(&kept.prepared.facts, principal);
        Ok(Decided { decision, revision: kept.revision, micros, db_micros, roles })
    }

    /// The engine's decision, and for a share of them Cedar's, whichever is the stricter.
    pub(super) fn judged(&self, active: &Active, prepared: &Prepared, query: &Query, id: &str) -> Decision {
        let mut decision = active.engine.decide(prepared, query);
        if verify::is_sampled(self.config.verify, id)
            && let Some(alarm) = verify::check(&self.host, &active.bundle, &prepared.facts, query, id, &mut decision)
        {
            self.alarm(alarm);
        }
        decision
    }

    /// The facts that a question needs, remembered or fetched.
    pub(super) async fn slice(&self, active: &Active, ask: Ask, at_least: u64) -> Result<Arc<Kept>, Stop> {
        let now = self.host.now();
        let is_fresh = self.is_fresh(active, now, at_least)?;
        if is_fresh && let Some(kept) = self.known.slice(active, &ask, now) {
            bump(&self.metrics.slice_hits);
            return Ok(kept);
        }
        let got = match self.fetch(active, !is_fresh, None, Some(&ask)).await {
            Ok(got) => got,
            Err(error) => {
                let now = self.host.now();
                if error.is_passing()
                    && self.may_be_stale(active, now, at_least)
                    && let Some(kept) = self.known.slice(active, &ask, now)
                {
                    return Ok(kept);
                }
                return Err(match ask.further.is_empty() {
                    true => Refusal::unavailable(error.to_string()).into(),
                    // Whoever asked about many can ask about fewer.
                    false => page::unanswered(error).into(),
                });
            }
        };
        in_force(active, &got, at_least)?;
        self.take_in(active, ask, got.slice.unwrap_or_default())
    }

    /// Makes the rows of a slice ready, and remembers them.
    fn take_in(&self, active: &Active, ask: Ask, slice: Slice) -> Result<Arc<Kept>, Stop> {
        if slice.bundle != active.number {
            return Err(Stop::Changed);
        }
        bump(&self.metrics.slice_misses);
        // After the rows are here: what expired while they were fetched conveys nothing.
        let now = self.host.now();
        let facts = facts::build(&active.bundle, &slice.rows, &ask.externals, now);
        let prepared = active.engine.prepare(facts).map_err(|error| Refusal::unavailable(error.to_string()))?;
        let kept = Arc::new(Kept::new(&active.plan, &ask, &slice.rows, prepared, slice.revision, now));
        self.known.keep_slice(active, ask, kept.clone());
        Ok(kept)
    }
}

/// Whether an answer that tells what happened is of the bundle that it was asked by, and of that revision.
pub(super) fn in_force(active: &Active, got: &Got, at_least: u64) -> Result<(), Stop> {
    let Some(news) = &got.news else { return Ok(()) };
    if news.revision < at_least {
        let detail = format!("there is no revision {at_least}; the last one is {}", news.revision);
        return Err(Refusal::new(StatusCode::CONFLICT, "no-such-revision", detail).into());
    }
    if news.bundle != active.number { Err(Stop::Changed) } else { Ok(()) }
}

/// The names of the live roles that a principal holds without a scope.
fn roles_of(facts: &Facts, principal: &Uid) -> Vec<String> {
    match facts.entities.get(principal).and_then(|entity| entity.attributes.get(ROLES_ATTRIBUTE)) {
        Some(Attribute::Texts(names)) => names.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

/// What a request will ask, as far as that can be told before it is known who asks, and how they signed in.
pub(super) fn draft(active: &Active, question: &Question) -> Ask {
    let mapping = active.mapping();
    let takes = mapping.context_of(&question.action);
    let query = Query {
        principal: Uid::new("", ""),
        action: question.action.clone(),
        resource: question.resource.clone(),
        // What a login session has to add is not known yet. Where it names entities, rows are fetched once more.
        context: Context::read(&takes, &question.context).unwrap_or_else(|_| Context::empty()),
        externals: External::among(mapping, [&question.resource]),
    };
    active.engine.ask(&active.bundle, &query)
}

/// What the engine is to be asked.
fn query(active: &Active, principal: &Uid, question: &Question) -> Result<Query, Refusal> {
    let mapping = active.mapping();
    let context = Context::read(&mapping.context_of(&question.action), &question.context).map_err(|error| {
        Refusal::bad_request("incomplete", "the request lacks what the action needs").because(error.to_string())
    })?;
    Ok(Query {
        principal: principal.clone(),
        action: question.action.clone(),
        resource: question.resource.clone(),
        context,
        externals: External::among(mapping, [principal, &question.resource]),
    })
}

/// The revision that a request must not be decided before, by its header `Palisade-At-Least`: that of a write of its own.
///
/// # Errors
/// The header is no whole number.
pub(super) fn at_least(headers: &HeaderMap) -> Result<u64, Refusal> {
    let mut values = headers.get_all(AT_LEAST).iter();
    let Some(value) = values.next() else { return Ok(0) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|_| values.next().is_none());
    number.ok_or_else(|| Refusal::bad_request("bad-revision", "`Palisade-At-Least` is no revision: a whole number"))
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
