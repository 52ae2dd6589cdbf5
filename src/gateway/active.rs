// SPDX-License-Identifier: Apache-2.0
//! A bundle, ready to decide: loaded once, and another one when that is published.

use super::routes::Routes;
use crate::bundle::Bundle;
use crate::decide::Engine;
use crate::mapping::Mapping;
use crate::store::SlicePlan;

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
        let routes = Routes::from_text(&bundle.routing)?;
        let plan = SlicePlan::new(&bundle);
        Ok(Active { number, engine, plan, routes, bundle })
    }

    pub fn mapping(&self) -> &Mapping {
        &self.bundle.mapping
    }
}
