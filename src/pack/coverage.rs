// SPDX-License-Identifier: Apache-2.0
//! Which policies and rows some test's decision rested on, and which none did.

use crate::decide::{Decision, Engine};
use crate::facts::Facts;
use std::collections::{BTreeMap, BTreeSet};

/// What the tests of a pack have reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Policies that decided, by id, and in how many tests.
    policies: BTreeMap<String, usize>,
    /// Rows that decided, `TABLE/KEY`, and in how many tests.
    rows: BTreeMap<String, usize>,
}

impl Coverage {
    pub fn add(&mut self, decision: &Decision) {
        for reason in &decision.reasons {
            *self.policies.entry(reason.policy.clone()).or_default() += 1;
        }
        // Several grants may come from one row.
        for row in decision.reasons.iter().map(|reason| &reason.source).collect::<BTreeSet<_>>() {
            *self.rows.entry(row.clone()).or_default() += 1;
        }
    }

    /// Policies that do not come from rows, and how many tests each one decided.
    pub fn policies(&self, engine: &Engine) -> Vec<(String, usize)> {
        let program = engine.program();
        let mut ids: Vec<String> = (0..program.len()).map(|policy| program.id(policy as u32).to_string()).collect();
        ids.sort();
        ids.into_iter().map(|id| (id.clone(), self.policies.get(&id).copied().unwrap_or_default())).collect()
    }

    /// Rows that convey something, and how many tests each one decided.
    pub fn rows(&self, facts: &Facts) -> Vec<(String, usize)> {
        let all: BTreeSet<&String> = facts.grants.iter().map(|grant| &grant.source).collect();
        all.into_iter().map(|row| (row.clone(), self.rows.get(row).copied().unwrap_or_default())).collect()
    }
}
