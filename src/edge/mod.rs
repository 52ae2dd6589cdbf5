// SPDX-License-Identifier: Apache-2.0
//! The Worker: bindings, real origin, clock, one fetch event. It decides nothing.

mod crypto;
mod host;
mod javascript;
mod stream;

use crate::gateway::{Body, Config, Gateway, Incoming, PAGE_TYPE, accepts};
use crate::store::{D1, SqlStore};
use host::Edge;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use javascript::{headers_from, headers_to};
use std::cell::RefCell;
use std::rc::Rc;
use stream::Flow;
use wasm_bindgen::{JsCast, JsValue};
use worker::{Context, Env, Request, Response, ResponseBuilder, Result, event};

/// The name of the D1 binding in `wrangler.toml`.
const DATABASE: &str = "DB";

type Gate = Gateway<SqlStore<D1>, Edge>;

thread_local! {
    /// One gate for all requests of an isolate: it keeps the compiled bundle and the issuers' keys.
    static GATE: RefCell<Option<Rc<Gate>>> = const { RefCell::new(None) };
}

/// Answers one request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    match answer(request.inner(), &env, &context).await {
        Ok(response) => Ok(response),
        Err(cause) => {
            // Nothing is forwarded by a gate that does not stand.
            worker::console_error!("palisade: {cause}");
            let body = br#"{"type":"about:blank","title":"Service Unavailable","status":503}"#;
            ResponseBuilder::new()
                .with_status(503)
                .with_header("content-type", "application/problem+json")?
                .with_header("cache-control", "no-store")
                .map(|builder| builder.fixed(body.to_vec()))
        }
    }
}

async fn answer(request: &web_sys::Request, env: &Env, context: &Context) -> std::result::Result<Response, String> {
    let gate = gate(env)?;
    let headers = headers_from(&request.headers())?;
    let client = headers.get("cf-connecting-ip").and_then(|value| value.to_str().ok()).map(str::to_string);
    let incoming = Incoming {
        method: Method::from_bytes(request.method().as_bytes()).map_err(|error| error.to_string())?,
        url: request.url(),
        headers,
        body: request.body().map_or(Body::Empty, |body| Body::stream(Flow::whole(body))),
        client,
    };
    let mut response = gate.handle(incoming).await;
    if gate.is_unsettled() {
        context.wait_until(async move { gate.settle().await });
    }
    // The platform compresses a body by the header that says it is, and by itself only what it knows as text. What the
    // origin answers passes as it is.
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PAGE_TYPE);
    let takes_gzip = || {
        let said = request.headers().get("accept-encoding").ok().flatten();
        said.is_some_and(|said| accepts(&said, "gzip"))
    };
    if is_page && response.status() == StatusCode::OK && takes_gzip() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    respond(response)
}

/// The gate of this isolate. A setting that is wrong, or a binding that is not there, leaves no gate: everything is
/// refused until it is mended.
fn gate(env: &Env) -> std::result::Result<Rc<Gate>, String> {
    if let Some(gate) = GATE.with_borrow(Clone::clone) {
        return Ok(gate);
    }
    let setting = |name: &str| env.var(name).ok().map(|value| value.to_string());
    let config = Config::read(setting).map_err(|error| error.to_string())?;
    let database = env.d1(DATABASE).map_err(|error| format!("the binding `{DATABASE}` is not there: {error}"))?;
    let gate = Rc::new(Gateway::new(SqlStore::new(D1::new(database)), Edge::new(env)?, config));
    GATE.set(Some(gate.clone()));
    Ok(gate)
}

/// The platform's response of ours.
fn respond(response: http::Response<Body<Flow>>) -> std::result::Result<Response, String> {
    let (head, body) = response.into_parts();
    let body = match body {
        Body::Stream { rest: Flow::Upgraded(response), .. } => {
            // A WebSocket lives in the very object that the origin's answer came as.
            return Ok(Response::from(response));
        }
        // These statuses have no body, and the platform refuses one.
        _ if matches!(head.status.as_u16(), 204 | 205 | 304) => JsValue::NULL,
        Body::Empty => JsValue::NULL,
        Body::Bytes(bytes) => js_sys::Uint8Array::from(bytes.as_slice()).into(),
        Body::Stream { head, rest } => rest.into_readable(head)?.into(),
    };
    let init = javascript::object(&[
        ("status", JsValue::from(head.status.as_u16())),
        ("headers", headers_to(&head.headers)?.into()),
    ])?;
    let made = javascript::construct("Response", &[body, init])?;
    Ok(Response::from(made.unchecked_into::<web_sys::Response>()))
}
