// SPDX-License-Identifier: Apache-2.0
//! The Worker's half in Rust: bindings, real clock, and requests as `worker.mjs` writes them down. It decides nothing.
//!
//! Crossing between JavaScript and WebAssembly costs more than deciding, so that a request crosses once: as one text, and
//! back as one text that says what to send on. Only what has to wait for something becomes a promise.

mod crypto;
mod host;
mod javascript;
mod stream;

use crate::gateway::{
    Body, Changes, Config, Forward, Gateway, Incoming, Judged, PAGE_TYPE, Passed, accepts, origin_of,
};
use crate::store::{D1, SqlStore};
use host::Edge;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use javascript::headers_to;
use std::cell::RefCell;
use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use stream::Flow;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// The name of the D1 binding in `wrangler.toml`.
const DATABASE: &str = "DB";

/// The most requests that are on their way to the origin at once. An isolate runs out of memory long before.
const MOST_UNDER_WAY: usize = 16_384;

type Gate = Gateway<SqlStore<D1>, Edge>;

thread_local! {
    /// One gate for all requests of an isolate: it keeps the compiled bundle, rows and the issuers' keys.
    static GATE: RefCell<Option<Rc<Gate>>> = const { RefCell::new(None) };
    /// What the gate has to know of requests that were sent on, by number. A client that hangs up leaves its place behind,
    /// until another one takes it.
    static UNDER_WAY: RefCell<UnderWay> = const { RefCell::new(UnderWay { places: Vec::new(), next: 0 }) };
}

struct UnderWay {
    places: Vec<Option<(u32, Passed)>>,
    next: u32,
}

impl UnderWay {
    fn put(&mut self, passed: Passed) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let at = number as usize % MOST_UNDER_WAY;
        if self.places.len() <= at {
            self.places.resize_with(at + 1, || None);
        }
        self.places[at] = Some((number, passed));
        number
    }

    fn take(&mut self, number: u32) -> Option<Passed> {
        let place = self.places.get_mut(number as usize % MOST_UNDER_WAY)?;
        place.take_if(|(own, _)| *own == number).map(|(_, passed)| passed)
    }
}

/// Scheme, host and port of the application, as requests to it are addressed.
///
/// # Errors
/// `ORIGIN` is none.
#[wasm_bindgen]
pub fn origin(setting: &str) -> Result<String, JsValue> {
    origin_of(setting).map_err(|error| JsValue::from_str(&error.to_string()))
}

/// Judges one request. `head` is its method, its URL and its headers, each on a line, a tab behind a header's name. Gives
/// back a `Response`; or a text that says what to send on (see [`written`]); or an array of such a text and the body to send,
/// where the gate has read of it; or a promise of one of these, where something has to be waited for.
///
/// # Errors
/// The gate does not stand: a setting is wrong, or a binding is not there. The text is for the log.
#[wasm_bindgen]
pub fn judge(env: JsValue, head: &str, body: Option<web_sys::ReadableStream>) -> Result<JsValue, JsValue> {
    let failed = |cause: String| JsValue::from_str(&cause);
    let gate = gate(env.unchecked_ref()).map_err(failed)?;
    let incoming = incoming(head, body).map_err(failed)?;
    let mut answer: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> = Box::pin(async move {
        let accepted = incoming.headers.get(header::ACCEPT_ENCODING).cloned();
        let said = match gate.judge(incoming).await {
            Judged::Forward(forward) => written(*forward),
            Judged::Answer(answer) => respond(compressed(answer, accepted.as_ref())),
        };
        said.map_err(|cause| JsValue::from_str(&cause))
    });
    // Where everything is known, nothing is waited for, and no promise is made.
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(said) => said,
        Poll::Pending => Ok(wasm_bindgen_futures::future_to_promise(answer).into()),
    }
}

/// The headers of an answer that [`answered`] has to be asked about, where [`written`] does not say that it always has; with
/// spaces between. Beside them, every name that begins with `palisade`.
#[wasm_bindgen]
pub fn watched() -> String {
    Gate::watched().join(" ")
}

/// An answer came that has nothing to be asked about.
#[wasm_bindgen]
pub fn passed(number: u32) {
    UNDER_WAY.with_borrow_mut(|all| all.take(number));
}

/// What becomes of the headers of the origin's answer, as [`written`] says it; nothing where they pass as they are. `head`
/// has them each on a line, a tab behind the name.
///
/// # Errors
/// They cannot be read, or nobody knows of this request any more. The answer must not pass.
#[wasm_bindgen]
pub fn answered(number: u32, head: &str) -> Result<Option<String>, JsValue> {
    let failed = |cause: &str| JsValue::from_str(cause);
    let passed =
        UNDER_WAY.with_borrow_mut(|all| all.take(number)).ok_or_else(|| failed("nobody asked for this answer"))?;
    let gate = GATE.with_borrow(Clone::clone).ok_or_else(|| failed("there is no gate"))?;
    let headers = headers(head.lines()).map_err(|cause| failed(&cause))?;
    let mut text = String::new();
    write_changes(&mut text, &gate.answered(passed, &headers));
    Ok((!text.is_empty()).then_some(text))
}

/// The answer to a request that the origin did not answer.
///
/// # Errors
/// Nobody knows of this request any more.
#[wasm_bindgen]
pub fn unanswered(number: u32, cause: String) -> Result<JsValue, JsValue> {
    let passed = UNDER_WAY.with_borrow_mut(|all| all.take(number));
    match (passed, GATE.with_borrow(Clone::clone)) {
        (Some(passed), Some(gate)) => {
            respond(gate.unanswered(passed, cause)).map_err(|cause| JsValue::from_str(&cause))
        }
        _ => Err(JsValue::from_str(&cause)),
    }
}

/// Whether there is something to do behind an answer.
#[wasm_bindgen]
pub fn has_chores() -> bool {
    GATE.with_borrow(|gate| gate.as_ref().is_some_and(|gate| gate.has_chores()))
}

/// Does it.
#[wasm_bindgen]
pub async fn chores() {
    if let Some(gate) = GATE.with_borrow(Clone::clone) {
        gate.chores().await;
    }
}

/// The gate of this isolate. A setting that is wrong, or a binding that is not there, leaves no gate: everything is
/// refused until it is mended.
fn gate(env: &Env) -> Result<Rc<Gate>, String> {
    if let Some(gate) = GATE.with_borrow(Clone::clone) {
        return Ok(gate);
    }
    // A setting of another type must not be as good as none: it would be what it is where it is left out.
    let other = RefCell::new(None);
    let setting = |name: &str| {
        let value = javascript::get(env, name);
        if !value.is_undefined() && !value.is_string() {
            other.replace(Some(name.to_string()));
        }
        value.as_string()
    };
    let config = Config::read(setting).map_err(|error| error.to_string());
    if let Some(name) = other.take() {
        return Err(format!("{name} is no text: write its value in quotes"));
    }
    let config = config?;
    let database = env.d1(DATABASE).map_err(|error| format!("the binding `{DATABASE}` is not there: {error}"))?;
    let database = if config.replicas { D1::with_replicas(database) } else { D1::new(database) };
    let gate = Rc::new(Gateway::new(SqlStore::new(database), Edge::new(env), config));
    GATE.set(Some(gate.clone()));
    Ok(gate)
}

fn incoming(head: &str, body: Option<web_sys::ReadableStream>) -> Result<Incoming<Flow>, String> {
    let mut lines = head.lines();
    let (Some(method), Some(url)) = (lines.next(), lines.next()) else { return Err("half a request".to_string()) };
    let headers = headers(lines)?;
    // The platform has a body for a length that is said, also where that is nothing.
    let body = body.filter(|_| headers.get(header::CONTENT_LENGTH).is_none_or(|length| length != "0"));
    let client = headers.get("cf-connecting-ip").and_then(|value| value.to_str().ok()).map(str::to_string);
    Ok(Incoming {
        method: Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?,
        url: url.to_string(),
        client,
        headers,
        body: body.map_or(Body::Empty, |body| Body::stream(Flow::whole(body))),
    })
}

/// Headers from lines. A character stands for a byte there, as it does in the platform's headers.
fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once('\t').ok_or("a header without a value")?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = if value.is_ascii() {
            HeaderValue::from_str(value)
        } else {
            let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c as u32).ok()).collect();
            HeaderValue::from_bytes(&bytes.ok_or("a header holds more than bytes")?)
        };
        map.append(name, value.map_err(|error| error.to_string())?);
    }
    Ok(map)
}

/// What to send on, in lines: the number by which the gate knows the request again, with a `!` behind it where the gate has
/// something to say beside any answer; the path with its query; then what becomes of the headers: `-name` takes one away, `+name`, a tab and a value set one.
fn written(forward: Forward<Flow>) -> Result<JsValue, String> {
    let Forward { path, changes, body, passed } = forward;
    let mark = if passed.is_plain() { "" } else { "!" };
    let number = UNDER_WAY.with_borrow_mut(|all| all.put(passed));
    let mut text = format!("{number}{mark}\n{path}\n");
    write_changes(&mut text, &changes);
    let text = JsValue::from_str(&text);
    Ok(match body {
        // As it came: whoever sends it has it.
        Body::Empty => text,
        Body::Stream { head, rest: Flow::Whole(Some(_)) } if head.is_empty() => text,
        Body::Stream { head, rest } => js_sys::Array::of2(&text, &rest.into_readable(head)?.into()).into(),
        Body::Bytes(bytes) => js_sys::Array::of2(&text, &js_sys::Uint8Array::from(bytes.as_slice()).into()).into(),
    })
}

fn write_changes(text: &mut String, changes: &Changes) {
    for name in &changes.removed {
        let _ = writeln!(text, "-{name}");
    }
    for (name, value) in &changes.set {
        let _ = write!(text, "+{name}\t");
        text.extend(value.as_bytes().iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
}

/// The platform compresses a body by the header that says it is, and by itself only what it knows as text. What the origin
/// answers passes as it is.
fn compressed(mut answer: http::Response<Body<Flow>>, accepted: Option<&HeaderValue>) -> http::Response<Body<Flow>> {
    let is_page = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PAGE_TYPE);
    let takes_gzip = || accepted.and_then(|said| said.to_str().ok()).is_some_and(|said| accepts(said, "gzip"));
    if is_page && answer.status() == StatusCode::OK && takes_gzip() {
        answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// The platform's response of ours.
fn respond(response: http::Response<Body<Flow>>) -> Result<JsValue, String> {
    let (head, body) = response.into_parts();
    let body = match body {
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
    javascript::construct("Response", &[body, init])
}
