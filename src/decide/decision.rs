// SPDX-License-Identifier: Apache-2.0
//! The answer: allow or deny, and why. What cannot be decided is denied.

use serde::Serialize;

/// The answer to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    pub allow: bool,
    /// The policies that decided, in the order of their ids: for an allow the permits that hold, for a deny the forbids.
    /// A deny because nothing permits has none.
    pub reasons: Vec<Reason>,
    /// Policies that could not be evaluated, each with why. One that forbids denies; one that permits does not apply.
    pub errors: Vec<String>,
    /// Their ids.
    pub failed: Vec<String>,
    /// Whether no policy was asked at all, because the question or the facts cannot be judged by. Always a deny.
    pub undecided: bool,
}

/// A policy that decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// The policy's `@id`.
    pub policy: String,
    /// The row behind it, `TABLE/KEY`; the file of a hand-written policy; empty for a generated guard.
    pub source: String,
}

impl Decision {
    /// The deny that stands for "this could not be decided".
    pub fn undecided(why: impl Into<String>) -> Decision {
        Decision { errors: vec![why.into()], undecided: true, ..Decision::default() }
    }

    pub fn word(&self) -> &'static str {
        if self.allow { "allow" } else { "deny" }
    }
}
