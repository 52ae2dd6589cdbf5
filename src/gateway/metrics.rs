// SPDX-License-Identifier: Apache-2.0
//! What one isolate has counted since it began, in the text format of Prometheus.

use super::log::Line;
use crate::rows::Millis;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where they are read.
pub const METRICS_PATH: &str = "/.palisade/metrics";

/// The type of the text.
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the histogram's buckets, in microseconds. A decision without the database takes microseconds, one with
/// it milliseconds.
const BUCKETS: [u64; 11] = [50, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000];

/// The counters of a gate. They start at 0 with each isolate, and each isolate has its own.
#[derive(Default)]
pub struct Metrics {
    /// Requests by what became of them: `allow`, `deny`, `refuse`, `page`, `public`, `preflight`.
    outcomes: RefCell<BTreeMap<&'static str, u64>>,
    /// Refusals by code and status.
    refusals: RefCell<BTreeMap<(&'static str, u16), u64>>,
    buckets: [Cell<u64>; BUCKETS.len()],
    decisions: Cell<u64>,
    decision_micros: Cell<u64>,
    /// Slices that were at hand, and those that were asked for.
    pub slice_hits: Cell<u64>,
    pub slice_misses: Cell<u64>,
    /// The same of login sessions.
    pub login_hits: Cell<u64>,
    pub login_misses: Cell<u64>,
    /// Questions to the database what has changed.
    pub polls: Cell<u64>,
    pub poll_failures: Cell<u64>,
    pub origin_failures: Cell<u64>,
    pub log_lost: Cell<u64>,
    pub log_failures: Cell<u64>,
    pub alarms: Cell<u64>,
    pub limited: Cell<u64>,
    /// The state of the rows, and the bundle, of the last decision.
    pub revision: Cell<u64>,
    pub bundle: Cell<u64>,
}

/// One more.
pub fn bump(counter: &Cell<u64>) {
    counter.set(counter.get().saturating_add(1));
}

impl Metrics {
    pub fn outcome(&self, word: &'static str) {
        *self.outcomes.borrow_mut().entry(word).or_default() += 1;
    }

    /// Counts what a line of the log is about.
    pub fn line(&self, line: &Line, word: &'static str) {
        self.outcome(word);
        if let Some((code, status)) = line.refusal() {
            *self.refusals.borrow_mut().entry((code, status)).or_default() += 1;
        }
        if let Some((bundle, revision, micros)) = line.decision() {
            bump(&self.decisions);
            self.decision_micros.set(self.decision_micros.get().saturating_add(micros));
            if let Some(at) = BUCKETS.iter().position(|most| micros <= *most) {
                bump(&self.buckets[at]);
            }
            self.revision.set(revision);
            self.bundle.set(bundle);
        }
    }

    /// The text. `isolate` tells the counters of several isolates apart, which Prometheus would take for one that jumps.
    pub fn text(&self, isolate: &str, version: &str, staleness: Option<Millis>) -> String {
        let isolate = format!("isolate=\"{}\"", escape(isolate));
        let mut out = Text { out: String::new(), isolate };
        out.head("palisade_info", "gauge", "The gate's version; always 1.");
        out.sample("palisade_info", &format!("version=\"{}\"", escape(version)), 1);
        out.head("palisade_requests_total", "counter", "Requests by what became of them.");
        for (word, count) in self.outcomes.borrow().iter() {
            out.sample("palisade_requests_total", &format!("outcome=\"{}\"", escape(word)), *count);
        }
        out.head("palisade_refusals_total", "counter", "Refusals by code and status.");
        for ((code, status), count) in self.refusals.borrow().iter() {
            let labels = format!("code=\"{}\",status=\"{status}\"", escape(code));
            out.sample("palisade_refusals_total", &labels, *count);
        }
        let name = "palisade_decision_duration_seconds";
        out.head(name, "histogram", "How long a decision took, with what it asked of the database.");
        let mut below = 0;
        for (most, count) in BUCKETS.iter().zip(&self.buckets) {
            below += count.get();
            out.sample(&format!("{name}_bucket"), &format!("le=\"{}\"", seconds(*most)), below);
        }
        out.sample(&format!("{name}_bucket"), "le=\"+Inf\"", self.decisions.get());
        out.sample(&format!("{name}_sum"), "", seconds(self.decision_micros.get()));
        out.sample(&format!("{name}_count"), "", self.decisions.get());
        for (name, help, counter) in [
            ("palisade_slice_hits_total", "Slices of rows that were at hand.", &self.slice_hits),
            ("palisade_slice_misses_total", "Slices of rows that the database was asked for.", &self.slice_misses),
            ("palisade_login_hits_total", "Login sessions that were at hand.", &self.login_hits),
            ("palisade_login_misses_total", "Login sessions that the database was asked for.", &self.login_misses),
            ("palisade_polls_total", "Questions to the database what has changed.", &self.polls),
            ("palisade_poll_failures_total", "Those of them that failed.", &self.poll_failures),
            ("palisade_origin_failures_total", "Requests that the application did not answer.", &self.origin_failures),
            ("palisade_log_lost_total", "Lines of the log that were to be kept and are lost.", &self.log_lost),
            ("palisade_log_failures_total", "Attempts to keep lines of the log that failed.", &self.log_failures),
            ("palisade_alarms_total", "Alarms in the log.", &self.alarms),
            ("palisade_limited_total", "Requests that the rate limit refused.", &self.limited),
        ] {
            out.head(name, "counter", help);
            out.sample(name, "", counter.get());
        }
        out.head("palisade_revision", "gauge", "The state of the rows at the last decision.");
        out.sample("palisade_revision", "", self.revision.get());
        out.head("palisade_bundle", "gauge", "The number of the bundle of the last decision.");
        out.sample("palisade_bundle", "", self.bundle.get());
        if let Some(staleness) = staleness {
            let name = "palisade_staleness_seconds";
            out.head(name, "gauge", "How long ago the gate last heard from the database.");
            out.sample(name, "", seconds(staleness.unsigned_abs().saturating_mul(1000)));
        }
        out.out
    }
}

struct Text {
    out: String,
    isolate: String,
}

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let comma = if labels.is_empty() { "" } else { "," };
        let _ = writeln!(self.out, "{name}{{{}{comma}{labels}}} {value}", self.isolate);
    }
}

/// Microseconds in seconds, exactly.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A label's value, as the format wants it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
