// SPDX-License-Identifier: Apache-2.0
//! What this gate has heard of its database, and when: the bundle that is in force, the last change, and the rows of
//! earlier requests that no later change touched.
//!
//! The promise: nothing is decided by a state that was over for longer than [`Config::max_staleness`]. Whatever is
//! remembered is as fresh as the last time that the log of changes was asked (`heard`, when the question was *sent*): all
//! changes up to then have been applied, and each threw away what it touched. What was read before a change that was
//! applied meanwhile is not remembered at all. A clock that goes back makes everything old.
//!
//! [`Config::max_staleness`]: super::Config

use super::active::Active;
use crate::decide::Prepared;
use crate::facts::Ask;
use crate::rows::{Millis, Rows};
use crate::store::{Changes, DriverError, Failure, Footprint, SlicePlan, StoreError, concerns_login};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

/// How much is remembered of slices: entities, grants, and an eighth of the ids that they name. A Worker has 128 MB for
/// everything, and this is about a third of that.
const MOST_WEIGHT: usize = 60_000;

/// How long whoever asks for changes may take until somebody else does.
const MOST_PATIENCE: Millis = 10_000;

/// How long the database is not asked again after somebody waited for it in vain.
const SILENCE: Millis = 1_000;

/// How many logins are remembered.
const MOST_LOGINS: usize = 4_000;

/// A slice, made ready to be asked.
pub struct Kept {
    pub prepared: Prepared,
    /// The state of the rows.
    pub revision: u64,
    /// When the rows were read into facts. Before that the facts do not hold, and from [`Facts::until`] on neither.
    ///
    /// [`Facts::until`]: crate::facts::Facts::until
    pub at: Millis,
    footprint: Footprint,
}

impl Kept {
    pub fn new(plan: &SlicePlan, ask: &Ask, rows: &Rows, prepared: Prepared, revision: u64, at: Millis) -> Kept {
        Kept { prepared, revision, at, footprint: Footprint::of(plan, ask, rows) }
    }

    fn holds(&self, now: Millis) -> bool {
        self.at <= now && self.prepared.facts.until.is_none_or(|until| now < until)
    }

    fn weight(&self) -> usize {
        let facts = &self.prepared.facts;
        1 + facts.entities.len() + facts.grants.len() + self.footprint.len() / 8
    }
}

/// What is known.
#[derive(Default)]
pub struct Known {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    active: Option<Arc<Active>>,
    /// When loading last failed, and why: a damaged bundle must not be parsed anew for each request.
    failed: Option<(Millis, String)>,
    /// Every change up to here was applied to what is remembered.
    revision: Option<u64>,
    /// When the question was sent whose answer told of them.
    heard: Option<Millis>,
    /// When somebody last waited for the database in vain.
    silent: Option<Millis>,
    /// The active bundle, by that answer.
    bundle: u64,
    /// Since when somebody has been asking for changes behind an answer. Whoever it is may be cut off.
    asking: Option<Millis>,
    slices: Generations<Ask, Arc<Kept>>,
    /// By the token's hash. Whether a session still holds is found out anew each time.
    logins: Generations<String, Arc<Rows>>,
}

impl Known {
    /// The bundle that was last in force.
    pub fn active(&self) -> Option<Arc<Active>> {
        self.lock().active.clone()
    }

    /// The last change that was heard of, and when; for people.
    pub fn heard(&self) -> Option<(u64, Millis)> {
        let state = self.lock();
        state.revision.zip(state.heard)
    }

    /// How long ago the database was last heard of; `None` where it never was.
    pub fn staleness(&self, now: Millis) -> Option<Millis> {
        self.heard().map(|(_, heard)| (now - heard).max(0))
    }

    /// The number of the active bundle, where the database was heard of at most `age` ago, and of revision `at_least`.
    pub fn fresh(&self, now: Millis, age: Millis, at_least: u64) -> Option<u64> {
        let state = self.lock();
        let fresh = state.heard.is_some_and(|heard| (0..age).contains(&(now - heard)));
        (fresh && state.revision.is_some_and(|revision| revision >= at_least)).then_some(state.bundle)
    }

    /// Somebody waited for the database in vain until now.
    pub fn wait_in_vain(&self, now: Millis) {
        self.lock().silent = Some(now);
    }

    /// The error of a question that need not be asked: a moment ago somebody waited for such an answer in vain. A request
    /// waits once, and those behind it not at all.
    pub fn silence(&self, now: Millis) -> Option<StoreError> {
        let silent = self.lock().silent?;
        let cause = "it did not answer a moment ago either".into();
        (0..SILENCE).contains(&(now - silent)).then(|| DriverError { failure: Failure::Unreachable, cause }.into())
    }

    /// Since when changes are news.
    pub fn since(&self) -> Option<u64> {
        self.lock().revision
    }

    /// What was remembered of the answer to `ask`, if the bundle is the one that it was asked by.
    pub fn slice(&self, active: &Active, ask: &Ask, now: Millis) -> Option<Arc<Kept>> {
        let mut state = self.lock();
        if !state.is_of(active) {
            return None;
        }
        state.slices.get(ask).filter(|kept| kept.holds(now))
    }

    pub fn keep_slice(&self, active: &Active, ask: Ask, kept: Arc<Kept>) {
        let mut state = self.lock();
        if state.is_of(active) && state.may_keep(kept.revision) {
            let weight = kept.weight();
            state.slices.insert(ask, kept, weight, MOST_WEIGHT);
        }
    }

    /// The rows of a login.
    pub fn login(&self, active: &Active, token_hash: &str) -> Option<Arc<Rows>> {
        let mut state = self.lock();
        if state.is_of(active) { state.logins.get(token_hash) } else { None }
    }

    pub fn keep_login(&self, active: &Active, token_hash: &str, rows: &Arc<Rows>, revision: u64) {
        let mut state = self.lock();
        if state.is_of(active) && state.may_keep(revision) {
            state.logins.insert(token_hash.to_string(), rows.clone(), 1, MOST_LOGINS);
        }
    }

    /// An answer came that tells what happened since `since`; its question was sent at `sent`, by what `active` knows of the
    /// tables.
    pub fn hear(&self, active: &Active, since: Option<u64>, changes: &Changes, sent: Millis) {
        let mut state = self.lock();
        let plan = &active.plan;
        // Another bundle may read other things in the same row: what it says of changes says nothing of these slices.
        if changes.complete && changes.logged && state.is_of(active) {
            for change in &changes.list {
                // What was read after the change has it already.
                let stands =
                    |kept: &Arc<Kept>| kept.revision >= change.revision || !kept.footprint.is_touched(plan, change);
                state.slices.retain(|_, kept| stands(kept));
                state.logins.retain(|hash, _| !concerns_login(plan, change, hash));
            }
        } else {
            state.forget();
        }
        // Answers overtake each other, and an older one must not take back what a newer one told. But a database that is
        // behind what it had told before the question was put back to an earlier state.
        let went_back = since.is_some_and(|since| changes.revision < since);
        let known = if went_back { None } else { state.revision };
        state.revision = Some(known.map_or(changes.revision, |known| known.max(changes.revision)));
        if went_back || state.heard.is_none_or(|heard| heard <= sent) {
            // Where nothing tells of changes, what is known is old at once.
            state.heard = changes.logged.then_some(sent);
            state.bundle = changes.bundle;
        }
    }

    /// Whether it is time to ask for changes, before a request has to wait for them, and nobody does yet.
    pub fn is_turn(&self, now: Millis, age: Millis) -> bool {
        let state = self.lock();
        let is_time = state.heard.is_some_and(|heard| !(0..age).contains(&(now - heard)));
        let is_used = !state.slices.is_empty() || !state.logins.is_empty();
        is_time && is_used && !state.asking.is_some_and(|since| (0..MOST_PATIENCE).contains(&(now - since)))
    }

    /// The same, and from then on somebody does, until [`end_turn`](Known::end_turn).
    pub fn takes_turn(&self, now: Millis, age: Millis) -> bool {
        let takes = self.is_turn(now, age);
        if takes {
            self.lock().asking = Some(now);
        }
        takes
    }

    pub fn end_turn(&self) {
        self.lock().asking = None;
    }

    /// Why loading failed, if that was a moment ago.
    pub fn failed(&self, now: Millis, again_after: Millis) -> Option<String> {
        let state = self.lock();
        let (at, why) = state.failed.as_ref()?;
        (0..again_after).contains(&(now - at)).then(|| why.clone())
    }

    /// Forgets that loading failed.
    pub fn try_again(&self) {
        self.lock().failed = None;
    }

    /// Another bundle is in force: so the database answered to a question that was sent at `sent`. What was read for the one
    /// before says nothing to it.
    pub fn activate(&self, active: Arc<Active>, sent: Millis) {
        let mut state = self.lock();
        state.forget();
        if state.heard.is_none_or(|heard| heard <= sent) {
            state.bundle = active.number;
        }
        state.active = Some(active);
        state.failed = None;
    }

    /// What was in force is no longer: nothing goes on by an old bundle when the new one is damaged.
    pub fn fail(&self, now: Millis, why: String) {
        let mut state = self.lock();
        *state = State { failed: Some((now, why)), ..State::default() };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| {
            // Whoever panicked with the lock held may have left a change half applied.
            let mut state = poisoned.into_inner();
            state.forget();
            state
        })
    }
}

impl State {
    fn is_of(&self, active: &Active) -> bool {
        self.active.as_ref().is_some_and(|own| own.number == active.number)
    }

    /// Whether no change was applied that an answer of this revision does not know.
    fn may_keep(&mut self, revision: u64) -> bool {
        // Before the first news: from here on, they are counted.
        revision >= *self.revision.get_or_insert(revision)
    }

    fn forget(&mut self) {
        self.slices = Generations::default();
        self.logins = Generations::default();
    }
}

/// Things by key, the less used half of which goes when there are too many.
struct Generations<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    /// Of the young ones.
    weight: usize,
}

impl<K, V> Default for Generations<K, V> {
    fn default() -> Generations<K, V> {
        Generations { young: HashMap::new(), old: HashMap::new(), weight: 0 }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Generations<K, V> {
    fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, weight)) = self.old.remove_entry(key)?;
        self.weight += weight;
        self.young.insert(key, (value.clone(), weight));
        Some(value)
    }

    fn insert(&mut self, key: K, value: V, weight: usize, most: usize) {
        if self.weight + weight > most / 2 {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        // One that is too large for its generation would push out everything, for itself alone.
        if weight <= most / 2 {
            self.old.remove(&key);
            self.weight += weight;
            if let Some((_, before)) = self.young.insert(key, (value, weight)) {
                self.weight -= before;
            }
        }
    }

    fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        let mut gone = 0;
        self.young.retain(|key, (value, weight)| {
            let stays = keep(key, value);
            gone += if stays { 0 } else { *weight };
            stays
        });
        self.weight -= gone;
        self.old.retain(|key, (value, _)| keep(key, value));
    }

    fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }
}
