// SPDX-License-Identifier: Apache-2.0
//! `tests.toml`: decisions that must hold.

use crate::cedar;
use crate::decide::{Context, Decision, Query};
use crate::facts::External;
use crate::mapping::Mapping;
use crate::name::Uid;
use crate::report::{Finding, Place};
use crate::rows::{Millis, parse_time};
use serde::Deserialize;
use serde_spanned::Spanned;

/// The tests of a pack, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    pub cases: Vec<Case>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub principal: Uid,
    pub action: String,
    pub resource: Uid,
    /// The context as JSON; empty for none.
    pub context: String,
    /// The instant of the decision; `None` leaves it to whoever runs the test.
    pub at: Option<Millis>,
    pub expect: Expect,
    /// Rows (`TABLE/KEY`) or policy ids, all of which must have decided.
    pub because: Vec<String>,
    /// SQL that adds rows for this test alone.
    pub rows: String,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    at: Option<String>,
    #[serde(default)]
    test: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    principal: String,
    action: String,
    resource: String,
    context: Option<serde_json::Value>,
    at: Option<String>,
    expect: Expect,
    #[serde(default)]
    because: Vec<String>,
    #[serde(default)]
    rows: String,
}

impl Cases {
    /// Reads `tests.toml`. Cases that cannot be read are findings, each at its place.
    pub fn read(text: &str) -> (Cases, Vec<Finding>) {
        let mut findings = Vec::new();
        let file: File = match toml_edit::de::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let mut finding = Finding::error("tests/toml", error.message().trim_end().to_string());
                if let Some(span) = error.span() {
                    finding = finding.at(Place::of(text, span.start, span.end));
                }
                let help = "a test has `name`, `principal`, `action`, `resource`, `expect`, and may have `context`, `at`, \
                            `because`, `rows`";
                return (Cases::default(), vec![finding.help(help)]);
            }
        };
        let mut cases = Cases::default();
        let common = file.at.and_then(|at| read_at(&at, &Place::of(text, 0, 0), &mut findings));
        for spanned in file.test {
            let span = spanned.span();
            let first_line = text[span.start..].find('\n').map_or(text.len(), |at| span.start + at);
            let place = Place::of(text, span.start, first_line);
            if let Some(case) = read_case(spanned.into_inner(), place, common, &mut findings) {
                cases.cases.push(case);
            }
        }
        (cases, findings)
    }
}

impl Case {
    /// The question that it asks.
    ///
    /// # Errors
    /// Its context does not fit the action.
    pub fn query(&self, mapping: &Mapping) -> Result<Query, String> {
        let context = Context::from_json(&mapping.context_of(&self.action), &self.context);
        Ok(Query {
            externals: External::among(mapping, [&self.principal, &self.resource]),
            principal: self.principal.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            context: context.map_err(|error| error.to_string())?,
        })
    }

    /// What is wrong with a decision, in the words of the test; `None` where it is the expected one.
    pub fn wrong(&self, decision: &Decision) -> Option<String> {
        let decided: Vec<&str> =
            decision.reasons.iter().flat_map(|reason| [reason.policy.as_str(), reason.source.as_str()]).collect();
        let by = if decided.is_empty() {
            "nothing decided it".to_string()
        } else {
            let named: Vec<_> = decision.reasons.iter().map(|r| format!("{} ({})", r.policy, r.source)).collect();
            format!("decided by {}", named.join(", "))
        };
        let errors =
            if decision.errors.is_empty() { String::new() } else { format!("; {}", decision.errors.join("; ")) };
        if decision.allow != (self.expect == Expect::Allow) {
            return Some(format!("expected {}, got {}: {by}{errors}", self.expect.word(), decision.word()));
        }
        let missing: Vec<_> = self.because.iter().filter(|row| !decided.contains(&row.as_str())).cloned().collect();
        (!missing.is_empty()).then(|| format!("expected {} to decide, but {by}{errors}", missing.join(", ")))
    }
}

impl Expect {
    pub fn word(self) -> &'static str {
        if self == Expect::Allow { "allow" } else { "deny" }
    }
}

fn read_case(written: Written, place: Place, common: Option<Millis>, findings: &mut Vec<Finding>) -> Option<Case> {
    let mut uid = |key: &str, text: &str| match cedar::parse_uid(text) {
        Ok(uid) => Some(uid),
        Err(error) => {
            let message = format!("test `{}`: `{key}`: {error}", written.name);
            findings.push(Finding::error("tests/entity", message).at(place.clone()));
            None
        }
    };
    let principal = uid("principal", &written.principal);
    let resource = uid("resource", &written.resource);
    let at = match written.at {
        Some(at) => Some(read_at(&at, &place, findings)?),
        None => common,
    };
    Some(Case {
        name: written.name,
        principal: principal?,
        action: cedar::parse_action(&written.action),
        resource: resource?,
        context: written.context.map(|context| context.to_string()).unwrap_or_default(),
        at,
        expect: written.expect,
        because: written.because,
        rows: written.rows,
        place,
    })
}

fn read_at(text: &str, place: &Place, findings: &mut Vec<Finding>) -> Option<Millis> {
    let at = parse_time(text);
    if at.is_none() {
        let message = format!("`at` is `{text}`, which is no instant");
        let help = "write it as in `2026-01-01T00:00:00Z`";
        findings.push(Finding::error("tests/time", message).at(place.clone()).help(help));
    }
    at
}
