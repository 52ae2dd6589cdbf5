// SPDX-License-Identifier: Apache-2.0
//! One line of the decision log: who asked for what, what was decided, by which rows. Never a token, a query or a body.

use super::Gateway;
use super::answer::Refusal;
use super::config::{ConfigError, Mode};
use super::cors::Shared;
use super::judge::Decided;
use super::ledger::Due;
use super::metrics::bump;
use super::origin::Host;
use super::seal::Secret;
use super::verify::is_sampled;
use crate::rows::{Millis, format_time};
use crate::store::Store;
use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value};

/// The most sources, and the most errors, of one line.
const MOST_LISTED: usize = 20;

/// The most characters of one error or cause.
const MOST_CHARACTERS: usize = 400;

/// The shortest token that is looked for in a line: shorter ones are words.
const SHORTEST_TOKEN: usize = 8;

/// How often the lines that wait are written after one answer.
const MOST_ROUNDS: usize = 5;

/// How the log is kept.
#[derive(Clone, Debug)]
pub struct LogSettings {
    mask: Mask,
    /// Whether lines have the context's attributes.
    context: bool,
    /// The share of lines about an allow that the console gets.
    sample: f64,
    /// The share of all lines that the database gets.
    kept: f64,
    chain_key: Option<Secret>,
}

impl Default for LogSettings {
    fn default() -> LogSettings {
        LogSettings { mask: Mask::default(), context: false, sample: 1.0, kept: 0.0, chain_key: None }
    }
}

impl LogSettings {
    /// Reads `LOG_MASK`, `LOG_MASK_KEY`, `LOG_CONTEXT`, `LOG_SAMPLE`, `LOG_D1` and `LOG_CHAIN_KEY`.
    ///
    /// # Errors
    /// Says which setting is wrong and what it should be.
    pub fn read(given: &dyn Fn(&str) -> Option<String>) -> Result<LogSettings, ConfigError> {
        let mut parts = Vec::new();
        for name in given("LOG_MASK").unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let part = MASKED.iter().find(|own| **own == name);
            let part = part.ok_or_else(|| {
                ConfigError(format!(
                    "LOG_MASK has `{name}`; write some of {} with commas between them",
                    MASKED.join(", ")
                ))
            })?;
            parts.push(*part);
        }
        Ok(LogSettings {
            mask: Mask { parts, key: secret(given, "LOG_MASK_KEY")? },
            context: switch(given, "LOG_CONTEXT")?,
            sample: share(given, "LOG_SAMPLE", 1.0)?,
            kept: share(given, "LOG_D1", 0.0)?,
            chain_key: secret(given, "LOG_CHAIN_KEY")?,
        })
    }
}

impl LogSettings {
    /// Whether lines have the context's attributes.
    pub fn context(&self) -> bool {
        self.context
    }
}

/// A share from 0 to 1.
pub fn share(given: &dyn Fn(&str) -> Option<String>, name: &str, otherwise: f64) -> Result<f64, ConfigError> {
    let Some(text) = given(name) else { return Ok(otherwise) };
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| ConfigError(format!("{name} is `{text}`; write a share from 0 to 1, such as `0.01`")))
}

/// `on`, or `off` where it is left out.
pub fn switch(given: &dyn Fn(&str) -> Option<String>, name: &str) -> Result<bool, ConfigError> {
    match given(name).as_deref() {
        None | Some("off") => Ok(false),
        Some("on") => Ok(true),
        Some(other) => Err(ConfigError(format!("{name} is `{other}`; write `on` or `off`"))),
    }
}

/// A key that nobody can guess.
fn secret(given: &dyn Fn(&str) -> Option<String>, name: &str) -> Result<Option<Secret>, ConfigError> {
    match given(name) {
        Some(text) if text.len() < 32 => {
            Err(ConfigError(format!("{name} is shorter than 32 characters; make one with `openssl rand -hex 32`")))
        }
        text => Ok(text.map(Secret::new)),
    }
}

/// What can be masked.
const MASKED: [&str; 4] = ["principal", "resource", "context", "sources"];

/// Values that a line shows only to those who hold the key: with it equal values stay equal, without it all are.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    parts: Vec<&'static str>,
    key: Option<Secret>,
}

impl Mask {
    /// Masks what a line, or an alarm, says.
    pub fn apply(&self, fields: &mut Map<String, Value>) {
        if self.parts.is_empty() {
            return;
        }
        for part in &self.parts {
            match (*part, fields.get_mut(*part)) {
                // Ids of policies have the keys of their rows, and errors name policies.
                ("sources", _) => {
                    for name in ["sources", "errors", "engine", "cedar"] {
                        self.texts(fields.get_mut(name));
                    }
                }
                ("context", Some(Value::Object(context))) => {
                    context.values_mut().for_each(|value| *value = self.value(&value.to_string()).into());
                }
                (_, Some(Value::String(text))) => {
                    let (shown, masked) = (text.clone(), self.value(text));
                    *text = masked.clone();
                    // A sentence may name it, too.
                    for name in ["cause", "errors"] {
                        replace(fields.get_mut(name), &shown, &masked);
                    }
                }
                _ => {}
            }
        }
    }

    /// Texts, wherever they stand below `value`.
    fn texts(&self, value: Option<&mut Value>) {
        match value {
            Some(Value::String(text)) => *text = self.value(text),
            Some(Value::Array(all)) => all.iter_mut().for_each(|one| self.texts(Some(one))),
            Some(Value::Object(all)) => all.values_mut().for_each(|one| self.texts(Some(one))),
            _ => {}
        }
    }

    fn value(&self, text: &str) -> String {
        match &self.key {
            Some(key) => format!("hmac:{}", &key.seal(&[text])[..16]),
            None => "masked".to_string(),
        }
    }
}

/// What a request shows to be believed, whether it is or not.
fn credentials<'a>(headers: &'a HeaderMap, cookie: Option<&str>) -> Vec<&'a str> {
    let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let shown = texts(header::AUTHORIZATION).map(|text| text.split_once(' ').map_or(text, |(_, token)| token.trim()));
    let pairs = texts(header::COOKIE).flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let cookies = pairs.filter(|(name, _)| Some(*name) == cookie).map(|(_, value)| value);
    shown.chain(cookies).filter(|token| token.len() >= SHORTEST_TOKEN).collect()
}

fn replace(value: Option<&mut Value>, shown: &str, masked: &str) {
    match value {
        Some(Value::String(text)) => *text = text.replace(shown, masked),
        Some(Value::Array(all)) => all.iter_mut().for_each(|one| replace(Some(one), shown, masked)),
        _ => {}
    }
}

/// How long parts of an answer took, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// Finding out who asks, with what it asks of the database and of issuers.
    pub auth: u64,
    /// The rows of the decision.
    pub db: u64,
    pub origin: Option<u64>,
}

/// What is gathered about a request while it is decided: for the log, and for the headers of whatever is answered.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub timing: Timing,
    /// Which page may read the answer, where the route says so.
    pub shared: Option<Shared>,
    /// The context's attributes, where lines have them.
    pub context: Option<Map<String, Value>>,
    bundle: Option<u64>,
    /// The path of the route, as the pack writes it.
    pub route: Option<String>,
    pub principal: Option<String>,
    pub action: Option<String>,
    pub resource: Option<String>,
    revision: Option<u64>,
    micros: Option<u64>,
    sources: Vec<String>,
    errors: Vec<String>,
    /// How many resources a page asked about.
    entities: Option<usize>,
    status: Option<u16>,
    code: Option<&'static str>,
    cause: Option<String>,
}

impl Line {
    /// A line about a request that bundle `number` is to decide.
    pub fn by(number: u64) -> Line {
        Line { bundle: Some(number), ..Line::default() }
    }

    /// What is still to be said with the answer when the line itself is written.
    pub fn rest(&mut self) -> Line {
        Line { shared: self.shared.take(), timing: self.timing, ..Line::default() }
    }

    pub(super) fn decided(&mut self, decided: &Decided) {
        let decision = &decided.decision;
        self.revision = Some(decided.revision);
        self.micros = Some(decided.micros);
        self.timing.db = decided.db_micros;
        // The row where there is one, else the policy: guards have no row.
        let source = |reason: &crate::decide::Reason| match reason.source.as_str() {
            "" => reason.policy.clone(),
            source => source.to_string(),
        };
        self.sources = decision.reasons.iter().take(MOST_LISTED).map(source).collect();
        self.errors = decision.errors.iter().take(MOST_LISTED).map(|error| cut(error)).collect();
    }

    pub fn entities(&mut self, count: usize) {
        self.entities = Some(count);
    }

    pub fn refused(&mut self, refusal: &Refusal) {
        self.status = Some(refusal.status.as_u16());
        self.code = Some(refusal.code);
        self.cause = refusal.cause.as_deref().map(cut);
    }

    pub fn problem(&mut self, status: StatusCode, message: &str, cause: Option<&str>) {
        self.status = Some(status.as_u16());
        self.cause = Some(cut(cause.unwrap_or(message)));
    }

    /// Whether the engine decided.
    pub fn is_decision(&self) -> bool {
        self.revision.is_some()
    }

    /// Code and status of a refusal.
    pub fn refusal(&self) -> Option<(&'static str, u16)> {
        self.status.map(|status| (self.code.unwrap_or("evaluation"), status))
    }

    /// Bundle, revision and microseconds of a decision.
    pub fn decision(&self) -> Option<(u64, u64, u64)> {
        Some((self.bundle.unwrap_or_default(), self.revision?, self.micros.unwrap_or_default()))
    }

    /// `Server-Timing` (W3C): what took how long.
    pub fn server_timing(&self) -> Option<HeaderValue> {
        let Timing { auth, db, origin } = self.timing;
        let decide = self.micros.unwrap_or_default().saturating_sub(db);
        let millis = |micros: u64| format!("{}.{:03}", micros / 1000, micros % 1000);
        let mut text = format!(
            "palisade;dur={};desc=\"decide\", auth;dur={}, db;dur={}",
            millis(decide),
            millis(auth),
            millis(db)
        );
        if let Some(origin) = origin {
            text.push_str(&format!(", origin;dur={}", millis(origin)));
        }
        HeaderValue::from_str(&text).ok()
    }

    /// What is said beside the answer itself: which page may read it, and how long it took where that is told.
    pub fn finish(&self, timing: bool, headers: &mut HeaderMap) {
        if let Some(shared) = &self.shared {
            shared.put(headers);
        }
        if timing && let Some(value) = self.server_timing() {
            headers.append(HeaderName::from_static("server-timing"), value);
        }
    }

    /// The line as JSON, nothing masked.
    fn fields(&self, id: &str, now: Millis, mode: Mode, decision: &str) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut set = |name: &str, value: Value| {
            if !value.is_null() {
                fields.insert(name.to_string(), value);
            }
        };
        set("id", id.into());
        set("time", format_time(now).into());
        set("mode", mode.word().into());
        set("decision", decision.into());
        set("bundle", self.bundle.into());
        set("revision", self.revision.into());
        set("route", self.route.clone().into());
        set("principal", self.principal.clone().into());
        set("action", self.action.clone().into());
        set("resource", self.resource.clone().into());
        set("context", self.context.clone().map_or(Value::Null, Value::Object));
        set("entities", self.entities.into());
        if self.is_decision() {
            set("sources", self.sources.clone().into());
            set("micros", self.micros.into());
        }
        if !self.errors.is_empty() {
            set("errors", self.errors.clone().into());
        }
        set("status", self.status.into());
        set("code", self.code.into());
        set("cause", self.cause.clone().into());
        fields
    }
}

impl<S: Store, H: Host> Gateway<S, H> {
    /// Writes a line of the decision log, as far as it is wanted. `word` says what became of the request whose headers
    /// these are: no line has its token, wherever else it may stand.
    pub(super) fn record(&self, line: &Line, id: &str, word: &'static str, headers: &HeaderMap) {
        self.metrics.line(line, word);
        let settings = &self.config.log;
        let shown = !matches!(word, "allow" | "page") || is_sampled(settings.sample, id);
        let kept = is_sampled(settings.kept, id);
        if !shown && !kept {
            return;
        }
        let mut fields = line.fields(id, self.host.now(), self.config.mode, word);
        settings.mask.apply(&mut fields);
        let mut text = Value::Object(fields).to_string();
        for token in credentials(headers, self.config.token_cookie.as_deref()) {
            text = text.replace(token, "(token)");
        }
        self.write(&text, shown, kept);
    }

    /// Writes an alarm, which always reaches the console.
    pub(super) fn alarm(&self, mut alarm: Map<String, Value>) {
        bump(&self.metrics.alarms);
        self.config.log.mask.apply(&mut alarm);
        self.write(&Value::Object(alarm).to_string(), true, self.config.log.kept > 0.0);
    }

    fn write(&self, text: &str, shown: bool, kept: bool) {
        if shown {
            self.host.log(text);
        }
        if kept && !self.ledger.push(text.to_string(), self.host.now()) {
            bump(&self.metrics.log_lost);
        }
    }

    /// What is left to do after an answer: lines of the log are written to the database. A face calls it when the answer
    /// is on its way and gives it time; nothing is refused where it does not.
    pub async fn settle(&self) {
        for _ in 0..MOST_ROUNDS {
            match self.ledger.due(self.host.now()) {
                Due::Nothing => return,
                Due::Later(millis) => self.host.pause(millis).await,
                Due::Now => {}
            }
            let key = self.config.log.chain_key.as_ref();
            let now = self.host.now();
            match self.ledger.flush(&self.store, key, || self.host.new_id(), now).await {
                Ok(told) => told.iter().for_each(|line| self.host.log(line)),
                Err(cause) => {
                    bump(&self.metrics.log_failures);
                    self.host.log(&serde_json::json!({ "log": "not-kept", "cause": cause }).to_string());
                    return;
                }
            }
        }
    }

    /// Whether [`Gateway::settle`] has something to do.
    pub fn is_unsettled(&self) -> bool {
        self.ledger.waits()
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}
