// SPDX-License-Identifier: Apache-2.0
//! Which pages of other origins may read an answer: cross-origin resource sharing, as the Fetch standard has it.
//!
//! One place decides. Where a route says who may, the origin's own headers about it are taken away; where it says nothing,
//! they pass. None of this refuses a request: what a page may not read may still have been done, which is for the decision.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};

/// The longest that a browser may remember what a preflight was told, in seconds.
pub const MAX_CORS_AGE_SECONDS: u32 = 86_400;

/// Which pages may read what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// Scheme, host and port as browsers write them; `*` for every page.
    pub origins: Vec<String>,
    /// Headers that a page may send beside the harmless ones.
    pub headers: Vec<String>,
    /// Headers of the answer that a page may read beside the harmless ones.
    pub expose: Vec<String>,
    /// Whether cookies go with a request.
    pub credentials: bool,
    /// How long a browser may remember the answer to a preflight, in seconds.
    pub max_age: u32,
}

/// What an answer says to the page that asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// `Access-Control-Allow-Origin`; `None` where the page may not read the answer.
    origin: Option<String>,
    credentials: bool,
    expose: String,
}

impl Cors {
    /// Whether a page of `origin` may read. A page of no origin (`null`: sandboxed, or from a file) never may, since
    /// anybody can be that.
    pub fn admits(&self, origin: &str) -> bool {
        origin != "null" && self.origins.iter().any(|own| own == "*" || own == origin)
    }

    /// What the answer to a request with these headers says.
    pub fn shared(&self, headers: &HeaderMap) -> Shared {
        let origin = origin(headers).filter(|origin| self.admits(origin));
        let shown = |origin: &str| if self.is_open() { "*".to_string() } else { origin.to_string() };
        Shared { origin: origin.map(shown), credentials: self.credentials, expose: self.expose.join(", ") }
    }

    /// The answer to a preflight that an admitted page has sent.
    pub fn preflight(&self, headers: &HeaderMap, methods: &[Method]) -> Response<Vec<u8>> {
        let mut response = Response::new(Vec::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let out = response.headers_mut();
        self.shared(headers).put(out);
        out.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                out.append(name, value);
            }
        };
        set(header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(", "));
        if !self.headers.is_empty() {
            set(header::ACCESS_CONTROL_ALLOW_HEADERS, &self.headers.join(", "));
        }
        set(header::ACCESS_CONTROL_MAX_AGE, &self.max_age.to_string());
        set(header::VARY, "Access-Control-Request-Method");
        set(header::CACHE_CONTROL, "no-store");
        response
    }

    fn is_open(&self) -> bool {
        self.origins.iter().any(|own| own == "*")
    }
}

impl Shared {
    /// Says it, in place of whatever the headers say of it.
    pub fn put(&self, headers: &mut HeaderMap) {
        let others: Vec<HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in others {
            headers.remove(name);
        }
        // Even where this page may read nothing: a cache must not serve it what another one was told.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.origin.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok()) else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if !self.expose.is_empty()
            && let Ok(expose) = HeaderValue::from_str(&self.expose)
        {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose);
        }
    }
}

/// The page's origin, where the request names one.
pub fn origin(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    let origin = values.next().and_then(|value| value.to_str().ok());
    origin.filter(|_| values.next().is_none())
}

/// The method that a preflight asks for (Fetch 3.2.2). An OPTIONS without it is a request like any other.
pub fn preflight(method: &Method, headers: &HeaderMap) -> Option<Method> {
    if method != Method::OPTIONS || !headers.contains_key(header::ORIGIN) {
        return None;
    }
    Method::from_bytes(headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
}

/// Whether `text` is an origin as browsers write it: `https://app.example.com`, with the port where it is not the scheme's.
///
/// # Errors
/// What it should be instead.
pub fn check_origin(text: &str) -> Result<(), String> {
    let form = "write scheme, host and port as browsers do, such as `https://app.example.com`";
    if text == "null" {
        return Err("every sandboxed page and every file is of the origin `null`; name a site".to_string());
    }
    let (scheme, rest) = text.split_once("://").ok_or(form)?;
    let port = match (scheme, rest.strip_prefix('[')) {
        ("http" | "https", Some(address)) => address.split_once(']').map(|(_, port)| port),
        ("http" | "https", None) => rest.find(':').map_or(Some(""), |at| rest.get(at..)),
        _ => None,
    };
    let port = port.ok_or(form)?;
    let host = &rest[..rest.len() - port.len()];
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-_:[]".contains(&c);
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(form.to_string());
    }
    match (scheme, port) {
        (_, "") => Ok(()),
        ("http", ":80") | ("https", ":443") => Err(format!("browsers leave the port out: `{scheme}://{host}`")),
        (_, port) => {
            let digits = port.strip_prefix(':').ok_or(form)?;
            let number = digits.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == digits);
            number.map(|_| ()).ok_or_else(|| form.to_string())
        }
    }
}
