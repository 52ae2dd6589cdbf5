// SPDX-License-Identifier: Apache-2.0
//! Which policies and rows some test's decision rested on, and which none did.

use crate::decide::{Decision, Engine};
use crate::facts::Facts;
use std::collections::BTreeSet;

/// What the tests of a pack have reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Ids of policies that decided.
    policies: BTreeSet<String>,
    /// Rows, `TABLE/KEY`, that decided.
    rows: BTreeSet<String>,
}

impl Coverage {
    pub fn add(&mut self, decision: &Decision) {
        for reason in &decision.reasons {
            self.policies.insert(reason.policy.clone());
            self.rows.insert(reason.source.clone());
        }
    }

    /// Policies that do not come from rows: how many there are, and those that decided nothing.
    pub fn policies(&self, engine: &Engine) -> (usize, Vec<String>) {
        let program = engine.program();
        let mut ids: Vec<String> = (0..program.len()).map(|policy| program.id(policy as u32).to_string()).collect();
        ids.sort();
        let missed = ids.iter().filter(|id| !self.policies.contains(*id)).cloned().collect();
        (ids.len(), missed)
    }

    /// Rows that convey something: how many there are, and those that decided nothing.
    pub fn rows(&self, facts: &Facts) -> (usize, Vec<String>) {
        let all: BTreeSet<&String> = facts.grants.iter().map(|grant| &grant.source).collect();
        let missed = all.iter().filter(|row| !self.rows.contains(**row)).map(|row| row.to_string()).collect();
        (all.len(), missed)
    }
}
