// SPDX-License-Identifier: Apache-2.0
//! The machine that the gate runs on: the origin behind it, clock, ids, log.

use super::javascript::{call, construct, get, headers_from, headers_to, object, words};
use super::stream::Flow;
use crate::gateway::{Algorithm, Body, Crypto, Host, KeySource, MAX_JWKS_BYTES, Material, Origin};
use crate::rows::Millis;
use http::{Request, Response, StatusCode};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// The platform, and where the origin is.
pub struct Edge {
    /// Scheme, host and port; no path.
    origin: String,
    /// Who is asked: the network, or a Worker that is bound as `ORIGIN_SERVICE`.
    fetcher: JsValue,
    /// Who counts calls; `undefined` where nobody does.
    limiter: JsValue,
}

/// A service binding that takes the place of the network.
const ORIGIN_SERVICE: &str = "ORIGIN_SERVICE";

/// The rate limiting binding.
const API_LIMIT: &str = "API_LIMIT";

/// The function that asks the module beside this one, which has Cedar's code: `src/edge/worker.mjs` puts it there.
const VERIFIER: &str = "palisadeVerifier";

/// How long an issuer may take to hand out its keys. Requests wait for them.
const KEYS_TIMEOUT_MILLIS: u32 = 5_000;

impl Edge {
    pub fn new(env: &Env) -> Result<Edge, String> {
        let origin = env.var("ORIGIN").map(|value| value.to_string()).unwrap_or_default();
        let origin = origin.trim().trim_end_matches('/').to_string();
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let plain = |host: &str| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
        };
        if !host.is_some_and(plain) {
            return Err(format!("ORIGIN is `{origin}`; write the application's scheme, host and port, and no path"));
        }
        let service = get(env, ORIGIN_SERVICE);
        let fetcher = if service.is_object() { service } else { js_sys::global().into() };
        Ok(Edge { origin, fetcher, limiter: get(env, API_LIMIT) })
    }
}

impl Origin for Edge {
    type Stream = Flow;

    async fn forward(&self, request: Request<Body<Flow>>) -> Result<Response<Body<Flow>>, String> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut init = vec![
            ("method", JsValue::from_str(head.method.as_str())),
            ("headers", headers_to(&head.headers)?.into()),
            // Nobody has decided on where a redirect leads.
            ("redirect", JsValue::from_str("manual")),
            // The platform's cache knows an answer by its address alone, and would hand one person's to the next.
            ("cache", JsValue::from_str("no-store")),
        ];
        match body {
            Body::Empty => {}
            Body::Bytes(bytes) => init.push(("body", js_sys::Uint8Array::from(bytes.as_slice()).into())),
            Body::Stream { head, rest } => init.push(("body", rest.into_readable(head)?.into())),
        }
        let url = format!("{}{path}", self.origin);
        // What the platform's own reader of URLs would change on the way is not what was decided on. It leaves out a port
        // that the scheme implies, so that only the end is compared.
        let read = construct("URL", &[JsValue::from_str(&url)])?;
        if !get(&read, "href").as_string().is_some_and(|href| href.ends_with(path))
            || get(&read, "pathname").as_string().as_deref() != Some(head.uri.path())
        {
            return Err("the platform would rewrite the path".to_string());
        }
        let request = construct("Request", &[JsValue::from_str(&url), object(&init)?])?;
        let response = call(&self.fetcher, "fetch", &[request]).await?;
        let response: web_sys::Response = response.unchecked_into();
        let status = StatusCode::from_u16(response.status()).map_err(|error| error.to_string())?;
        let headers = headers_from(&response.headers())?;
        let body = if get(&response, "webSocket").is_object() {
            Body::stream(Flow::Upgraded(response))
        } else {
            response.body().map_or(Body::Empty, |body| Body::stream(Flow::whole(body)))
        };
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
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
}

impl Host for Edge {
    fn now(&self) -> Millis {
        worker::Date::now().as_millis() as Millis
    }

    fn micros(&self) -> u64 {
        // The platform's clock stands still between two waits, so that nobody can time what it runs beside.
        (worker::Date::now().as_millis()) * 1000
    }

    fn new_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    async fn pause(&self, millis: Millis) {
        // `worker::Delay` takes what `setTimeout` returns for a number, which it is no longer. Where nobody can wait, what
        // was to be done later is done now.
        let scheduler = get(&js_sys::global(), "scheduler");
        let _ = call(&scheduler, "wait", &[JsValue::from(millis as f64)]).await;
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
