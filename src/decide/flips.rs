// SPDX-License-Identifier: Apache-2.0
//! Decisions that differ between two states: other policies, or other rows. Every principal, action and resource that
//! either of them knows is asked about, as far as there is time for it.

use super::{Decision, Engine, Prepared, Query, Reason, Undecidable};
use crate::bundle::Bundle;
use crate::facts::{self, External, Facts};
use crate::mapping::Mapping;
use crate::name::{GATE, GATE_ID, GATE_TABLE, Uid};
use crate::rows::{Millis, Rows};
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::ops::Deref;

/// The most questions that a comparison asks. Where there are more, so many of them are drawn evenly.
pub const MAX_COMPARED_QUESTIONS: usize = 200_000;

/// The most flips that a comparison lists; all are counted.
pub const MAX_LISTED_FLIPS: usize = 100;

/// One of the two states.
pub struct Side<'a> {
    engine: &'a Engine,
    bundle: &'a Bundle,
    prepared: Held<'a>,
}

/// What a side asks: made for it, or at hand.
enum Held<'a> {
    Own(Box<Prepared>),
    Shared(&'a Prepared),
}

impl Deref for Held<'_> {
    type Target = Prepared;

    fn deref(&self) -> &Prepared {
        match self {
            Held::Own(prepared) => prepared,
            Held::Shared(prepared) => prepared,
        }
    }
}

/// A decision that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// Written as Cedar entity literals.
    #[serde(serialize_with = "literal")]
    pub principal: Uid,
    pub action: String,
    #[serde(serialize_with = "literal")]
    pub resource: Uid,
    /// `allow` or `deny`.
    pub before: &'static str,
    pub after: &'static str,
    /// What decided then, and what decides now.
    pub because_before: Vec<Reason>,
    pub because_after: Vec<Reason>,
}

fn literal<S: Serializer>(uid: &Uid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uid)
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flips {
    /// How many questions there are, and how many of them were asked.
    pub questions: usize,
    pub asked: usize,
    /// Whether only some questions were asked, so that there may be flips that are not counted.
    pub sampled: bool,
    /// How many of those that were asked are allowed now and were not, and the other way round.
    pub gained: usize,
    pub lost: usize,
    /// The first of them.
    pub flips: Vec<Flip>,
    /// Actions that take a context: they were asked without one, so that conditions on it count as not met.
    pub without_context: Vec<String>,
}

impl<'a> Side<'a> {
    /// A state, from all rows of its tables, read at the instant `at`.
    ///
    /// # Errors
    /// The rows are more than the engine can number.
    pub fn new(engine: &'a Engine, bundle: &'a Bundle, rows: &Rows, at: Millis) -> Result<Side<'a>, Undecidable> {
        Side::of(engine, bundle, facts::build(bundle, rows, &outside(bundle), at))
    }

    /// A state, from facts that hold all that the questions to it need.
    ///
    /// # Errors
    /// As for [`Side::new`].
    pub fn of(engine: &'a Engine, bundle: &'a Bundle, facts: Facts) -> Result<Side<'a>, Undecidable> {
        Ok(Side { engine, bundle, prepared: Held::Own(Box::new(engine.prepare(facts)?)) })
    }

    /// A state that is prepared already: from all rows, and with [`outside`].
    pub fn over(engine: &'a Engine, bundle: &'a Bundle, prepared: &'a Prepared) -> Side<'a> {
        Side { engine, bundle, prepared: Held::Shared(prepared) }
    }

    fn mapping(&self) -> &Mapping {
        &self.bundle.mapping
    }

    fn uids(&self, wanted: impl Fn(&Mapping, &str) -> bool) -> impl Iterator<Item = &Uid> {
        self.prepared.facts.entities.keys().filter(move |uid| wanted(self.mapping(), &uid.kind))
    }

    fn actions(&self) -> impl Iterator<Item = String> {
        let granted = self.prepared.facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten().cloned());
        self.mapping().declared_actions().into_keys().chain(granted)
    }

    fn allows(&self, query: &Query) -> bool {
        self.engine.allows(&self.prepared, query)
    }

    fn decide(&self, query: &Query) -> Decision {
        self.engine.decide(&self.prepared, query)
    }
}

/// Entities from outside the database that can be asked about without a request: those that policies name, the gate and
/// the tables that it administers, and of each other type one that nobody knows.
pub fn outside(bundle: &Bundle) -> Vec<External> {
    let mapping = &bundle.mapping;
    let mut all: BTreeSet<Uid> = bundle.named.iter().cloned().collect();
    all.extend(mapping.externals.keys().filter(|kind| *kind != GATE && *kind != GATE_TABLE).map(|k| Uid::new(k, "?")));
    all.insert(Uid::new(GATE, GATE_ID));
    all.extend(mapping.tables.iter().map(|table| Uid::new(GATE_TABLE, &table.name)));
    External::among(mapping, &all)
}

/// Asks both states, at most `questions` times each, and lists at most `listed` differences.
pub fn flips(before: &Side, after: &Side, questions: usize, listed: usize) -> Flips {
    let sides = [before, after];
    let is_principal = |mapping: &Mapping, kind: &str| mapping.principals().any(|(_, entity)| entity.type_name == kind);
    let is_resource = |mapping: &Mapping, kind: &str| mapping.resource_types().any(|name| name == kind);
    let set = |wanted: &dyn Fn(&Mapping, &str) -> bool| -> Vec<&Uid> {
        sides.iter().flat_map(|side| side.uids(wanted)).collect::<BTreeSet<&Uid>>().into_iter().collect()
    };
    let (principals, resources) = (set(&is_principal), set(&is_resource));
    among(before, after, (&principals, &resources), questions, listed)
}

impl Flips {
    /// Adds what was found about other principals. A sample stays one.
    pub fn add(&mut self, more: Flips, listed: usize) {
        self.questions += more.questions;
        self.asked += more.asked;
        self.sampled |= more.sampled;
        self.gained += more.gained;
        self.lost += more.lost;
        self.flips.extend(more.flips);
        self.flips.truncate(listed);
        let all: BTreeSet<String> = self.without_context.drain(..).chain(more.without_context).collect();
        self.without_context = all.into_iter().collect();
    }
}

/// Asks both states about these principals and resources.
pub fn among(
    before: &Side,
    after: &Side,
    (principals, resources): (&[&Uid], &[&Uid]),
    questions: usize,
    listed: usize,
) -> Flips {
    let sides = [before, after];
    let actions: Vec<String> =
        sides.iter().flat_map(|side| side.actions()).collect::<BTreeSet<String>>().into_iter().collect();
    let all = principals.len().saturating_mul(actions.len()).saturating_mul(resources.len());
    let mut found = Flips { questions: all, asked: all.min(questions), sampled: all > questions, ..Flips::default() };
    let takes_context = |action: &&String| sides.iter().any(|side| !side.mapping().context_of(action).is_empty());
    found.without_context = actions.iter().filter(takes_context).cloned().collect();
    let step = if found.sampled { even_step(all) } else { 1 };
    let mut at = 0;
    for _ in 0..found.asked {
        let (resource, rest) = (at % resources.len(), at / resources.len());
        let (action, principal) = (rest % actions.len(), rest / actions.len());
        at = (at as u64 + step as u64).rem_euclid(all as u64) as usize;
        let query = Query::new(principals[principal].clone(), &actions[action], resources[resource].clone());
        let (then, now) = (before.allows(&query), after.allows(&query));
        if then == now {
            continue;
        }
        if now {
            found.gained += 1;
        } else {
            found.lost += 1;
        }
        if found.flips.len() < listed {
            let (then, now) = (before.decide(&query), after.decide(&query));
            found.flips.push(Flip {
                principal: query.principal.clone(),
                action: query.action.clone(),
                resource: query.resource.clone(),
                before: then.word(),
                after: now.word(),
                because_before: then.reasons,
                because_after: now.reasons,
            });
        }
    }
    found
}

/// A step that comes by every number below `all` before it comes by one twice, and spreads the first of them evenly: near
/// the golden section of `all`, and without a divisor in common with it.
fn even_step(all: usize) -> usize {
    fn divisor(a: usize, b: usize) -> usize {
        if b == 0 { a } else { divisor(b, a % b) }
    }
    let mut step = ((all as f64 * 0.618_033_988_75) as usize).max(1);
    while divisor(step, all) != 1 {
        step += 1;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_and_asks_nothing_twice() {
        for all in [7, 1000, 4096, 30030] {
            let step = even_step(all);
            let mut seen = vec![false; all];
            let mut at = 0;
            for _ in 0..all {
                assert!(!std::mem::replace(&mut seen[at], true), "{all}: {at} came twice");
                at = (at + step) % all;
            }
            let tenth: usize = (0..all / 10).filter(|n| n * step % all < all / 2).count();
            assert!(tenth.abs_diff(all / 20) <= 1 + all / 100, "{all}: {tenth}");
        }
    }
}
