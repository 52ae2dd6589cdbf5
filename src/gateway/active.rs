// SPDX-License-Identifier: Apache-2.0
//! The bundle that is in force, ready to decide: loaded once, and again when another one is published.

use super::routes::{self, Routes};
use crate::bundle::Bundle;
use crate::decide::Engine;
use crate::mapping::Mapping;
use crate::rows::Millis;
use crate::store::{SlicePlan, Store};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How old the knowledge of which bundle is active may be, where nothing that a request does would show it anew: a public
/// route, or none. (A decision's own slice names the active bundle, so that no decision is ever made by another.)
pub const MAX_BUNDLE_AGE_MILLIS: Millis = 2_000;

/// The same while the database does not answer.
pub const MAX_BUNDLE_AGE_IF_ERROR_MILLIS: Millis = 30_000;

/// The largest bundle, as text. D1 holds texts up to 2 MB; a Worker has 128 MB for everything.
pub const MAX_BUNDLE_BYTES: usize = 8 * 1024 * 1024;

/// A bundle, made ready.
pub struct Active {
    pub number: u64,
    pub bundle: Bundle,
    pub engine: Engine,
    pub plan: SlicePlan,
    pub routes: Routes,
}

impl Active {
    /// # Errors
    /// Says why this bundle cannot be used. Nothing is decided by it.
    pub fn load(number: u64, text: &str) -> Result<Active, String> {
        if text.len() > MAX_BUNDLE_BYTES {
            return Err(format!("it has {} bytes, and {MAX_BUNDLE_BYTES} are the most that a gate loads", text.len()));
        }
        let bundle = Bundle::from_json(text).map_err(|error| error.to_string())?;
        let engine = Engine::new(&bundle).map_err(|error| error.to_string())?;
        let (routes, findings) = routes::read(&bundle.routes, &bundle.mapping);
        if let Some(error) = findings.iter().find(|finding| finding.is_error()) {
            let line = error.place.as_ref().map_or(0, |place| place.line);
            return Err(format!("routes.toml, line {line}: {}", error.message));
        }
        let plan = SlicePlan::new(&bundle);
        Ok(Active { number, engine, plan, routes, bundle })
    }

    pub fn mapping(&self) -> &Mapping {
        &self.bundle.mapping
    }
}

/// Which bundle is in force, as far as this gate knows.
#[derive(Default)]
pub struct Current {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    active: Option<Arc<Active>>,
    /// When a store last said that it is the active one.
    confirmed: Millis,
    /// When loading last failed, and why: a damaged bundle must not be parsed anew for each request.
    failed: Option<(Millis, String)>,
}

impl Current {
    /// The bundle that was last in force, however long ago; loads one where there is none.
    ///
    /// # Errors
    /// No bundle can be had. The sentence is for the log.
    pub async fn any<S: Store>(&self, store: &S, now: Millis) -> Result<Arc<Active>, String> {
        match self.known() {
            Some(active) => Ok(active),
            None => self.load(store, now).await,
        }
    }

    /// The bundle that was in force at most [`MAX_BUNDLE_AGE_MILLIS`] ago.
    ///
    /// # Errors
    /// As for [`Current::any`].
    pub async fn fresh<S: Store>(&self, store: &S, now: Millis) -> Result<Arc<Active>, String> {
        let (known, age) = {
            let state = self.lock();
            (state.active.clone(), now - state.confirmed)
        };
        match known {
            // A clock that went back makes the age negative: ask.
            Some(active) if (0..MAX_BUNDLE_AGE_MILLIS).contains(&age) => Ok(active),
            _ => self.load(store, now).await,
        }
    }

    /// Asks the store which bundle is active, and loads it where it is another one.
    ///
    /// # Errors
    /// As for [`Current::any`].
    pub async fn load<S: Store>(&self, store: &S, now: Millis) -> Result<Arc<Active>, String> {
        if let Some((at, why)) = &self.lock().failed
            && (0..MAX_BUNDLE_AGE_MILLIS).contains(&(now - at))
        {
            return Err(why.clone());
        }
        let (number, text) = match store.active_bundle().await {
            Ok(Some(found)) => found,
            Ok(None) => return self.fail(now, "no bundle is active: publish a pack".to_string()),
            Err(error) if error.is_passing() => {
                let state = self.lock();
                let age = now - state.confirmed;
                return match &state.active {
                    Some(active) if (0..MAX_BUNDLE_AGE_IF_ERROR_MILLIS).contains(&age) => Ok(active.clone()),
                    _ => Err(error.to_string()),
                };
            }
            Err(error) => return self.fail(now, error.to_string()),
        };
        if let Some(active) = self.known()
            && active.number == number
        {
            self.confirm(number, now);
            return Ok(active);
        }
        match Active::load(number, &text) {
            Ok(active) => {
                let active = Arc::new(active);
                let mut state = self.lock();
                *state = State { active: Some(active.clone()), confirmed: now, failed: None };
                Ok(active)
            }
            Err(why) => self.fail(now, format!("bundle {number}: {why}")),
        }
    }

    /// A slice was read while bundle `number` was in force.
    pub fn confirm(&self, number: u64, now: Millis) {
        let mut state = self.lock();
        if state.active.as_ref().is_some_and(|active| active.number == number) {
            state.confirmed = state.confirmed.max(now);
        }
    }

    fn known(&self) -> Option<Arc<Active>> {
        self.lock().active.clone()
    }

    /// What was in force is no longer: nothing goes on by an old bundle when the new one is damaged.
    fn fail(&self, now: Millis, why: String) -> Result<Arc<Active>, String> {
        *self.lock() = State { active: None, confirmed: 0, failed: Some((now, why.clone())) };
        Err(why)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with the lock held left a whole state behind: it is written in single steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
