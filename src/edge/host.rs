// SPDX-License-Identifier: Apache-2.0
//! The machine that the gate runs on: clock, ids, keys, log.

use super::javascript::{self, call, construct, get, object, words};
use super::stream::Flow;
use crate::gateway::{Algorithm, Body, Crypto, Host, KeySource, MAX_JWKS_BYTES, Material, PrivateKey};
use crate::rows::Millis;
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

thread_local! {
    /// Random bytes that no id was made of yet.
    static RANDOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The platform.
pub struct Edge {
    /// Who counts calls; `undefined` where nobody does.
    limiter: JsValue,
}

/// The rate limiting binding.
const API_LIMIT: &str = "API_LIMIT";

/// The function that asks the module beside this one, which has Cedar's code: `src/edge/worker.mjs` puts it there.
const VERIFIER: &str = "palisadeVerifier";

/// How long an issuer may take to hand out its keys. Requests wait for them.
const KEYS_TIMEOUT_MILLIS: u32 = 5_000;

impl Edge {
    pub fn new(env: &Env) -> Edge {
        Edge { limiter: get(env, API_LIMIT) }
    }
}

impl Crypto for Edge {
    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &Material,
        input: &[u8],
        signature: &[u8],
    ) -> Result<bool, String> {
        super::crypto::verify(algorithm, key, input, signature).await
    }

    async fn sign(&self, algorithm: Algorithm, key: &PrivateKey, input: &[u8]) -> Result<Vec<u8>, String> {
        super::crypto::sign(algorithm, key, input).await
    }
}

impl KeySource for Edge {
    async fn key_set(&self, url: &str) -> Result<Vec<u8>, String> {
        let clock = get(&js_sys::global(), "AbortSignal");
        let signal = call(&clock, "timeout", &[JsValue::from(KEYS_TIMEOUT_MILLIS)]).await?;
        let init = object(&[("redirect", JsValue::from_str("manual")), ("signal", signal)])?;
        let request = construct("Request", &[JsValue::from_str(url), init])?;
        let response: web_sys::Response = call(&js_sys::global(), "fetch", &[request]).await?.unchecked_into();
        if response.status() != 200 {
            return Err(format!("`{url}` answers {}", response.status()));
        }
        let mut body = response.body().map_or(Body::Empty, |body| Body::stream(Flow::whole(body)));
        match body.fill(MAX_JWKS_BYTES).await {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(error) => Err(format!("`{url}`: {error:?}")),
        }
    }

    async fn pause(&self, millis: Millis) {
        // A timer of this request's own. What another one waits for cannot be waited for here: the platform ties it to that one.
        // (`worker::Delay` takes the handle of a timer for a number, and here it is an object.)
        javascript::wait(millis).await;
    }
}

impl Host for Edge {
    type Stream = Flow;

    fn now(&self) -> Millis {
        // Whole milliseconds, as JavaScript has them: no number is lost on the way. And no object is made of them.
        js_sys::Date::now() as Millis
    }

    fn micros(&self) -> u64 {
        // The platform's clock stands still between two waits, so that nobody can time what it runs beside.
        js_sys::Date::now() as u64 * 1000
    }

    fn new_id(&self) -> String {
        let bytes = RANDOM.with_borrow_mut(|pool| {
            if pool.len() < 16 {
                // Asking the platform costs as much for many as for one. What it gives is not used twice.
                let mut more = vec![0; 16 * 64];
                match getrandom::fill(&mut more) {
                    Ok(()) => *pool = more,
                    Err(error) => panic!("there is nothing random here: {error}"),
                }
            }
            pool.split_off(pool.len() - 16)
        });
        let bytes = bytes.try_into().expect("sixteen bytes were taken");
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    async fn within_limit(&self, key: &str) -> Result<bool, String> {
        if !self.limiter.is_object() {
            return Ok(true);
        }
        let answer = call(&self.limiter, "limit", &[object(&[("key", JsValue::from_str(key))])?]).await?;
        get(&answer, "success").as_bool().ok_or_else(|| "the limiter does not say".to_string())
    }

    fn log(&self, line: &str) {
        worker::console_log!("{line}");
    }

    fn judge(&self, question: &str) -> Result<String, String> {
        let judge = get(&js_sys::global(), VERIFIER).dyn_into::<js_sys::Function>();
        let judge = judge.map_err(|_| "the verifier is not there".to_string())?;
        let answer = judge.call1(&JsValue::UNDEFINED, &JsValue::from_str(question)).map_err(|error| words(&error))?;
        answer.as_string().ok_or_else(|| "the verifier answers no text".to_string())
    }
}
