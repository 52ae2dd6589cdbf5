// SPDX-License-Identifier: Apache-2.0
//! One line of the decision log: who asked for what, what was decided, by which rows. Never a token, a query or a body.

use super::answer::Refusal;
use super::config::Mode;
use crate::decide::Decision;
use crate::rows::{Millis, format_time};
use http::StatusCode;
use serde_json::{Map, Value};

/// The most sources, and the most errors, of one line.
const MOST_LISTED: usize = 20;

/// The most characters of one error or cause.
const MOST_CHARACTERS: usize = 400;

/// What is gathered for the line while a request is decided.
#[derive(Clone, Debug, Default)]
pub struct Line {
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

    pub fn decided(&mut self, decision: &Decision, revision: u64, micros: u64) {
        self.revision = Some(revision);
        self.micros = Some(micros);
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

    /// The line as JSON.
    pub fn text(&self, id: &str, now: Millis, mode: Mode, decision: &str) -> String {
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
        Value::Object(fields).to_string()
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}
