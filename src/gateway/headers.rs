// SPDX-License-Identifier: Apache-2.0
//! What the origin is told of a request, and what it is not: nothing from outside passes for the gate's own word.
//!
//! An origin behind the gate believes `Palisade-Principal`, and many believe `X-Forwarded-For`, `X-Original-URL` or
//! `X-HTTP-Method-Override` as well. A client that could send these would be whoever it likes, wherever it likes.

use crate::name::Uid;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::collections::HashSet;

/// The most bytes that the names and values of all headers may have together.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// The most headers of one request.
pub const MAX_HEADERS: usize = 100;

/// The most cookies of one request. Browsers send 180 at most.
pub const MAX_COOKIES: usize = 256;

/// Who asks, as an entity literal in which `%` and everything but printable ASCII is percent-encoded:
/// `User::"alice"`, `User::"%E7%94%A8"`.
pub const PRINCIPAL: HeaderName = HeaderName::from_static("palisade-principal");

/// The decision's id, under which the log has it.
pub const DECISION: HeaderName = HeaderName::from_static("palisade-decision");

/// Who asks, signed ([`super::assertion`]).
pub const ASSERTION: HeaderName = HeaderName::from_static("palisade-assertion");

/// The gate's own headers, in any spelling.
const OWN_PREFIX: &str = "palisade-";

/// Headers by which a client could say who or where it is, or what it really asks. By [`folded`] name.
const NEVER_BELIEVED: [&str; 35] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "client-ip",
    "x-originating-ip",
    "x-remote-ip",
    "x-remote-addr",
    "remote-addr",
    "x-host",
    "x-http-host-override",
    "x-url-scheme",
    "x-scheme",
    "front-end-https",
    // Another path, or another address of the application.
    "x-override-url",
    "x-proxy-url",
    "base-url",
    "x-script-name",
    "script-name",
    "request-uri",
    "x-http-destinationurl",
    "x-accel-redirect",
    "x-sendfile",
    // Another method than the one that was decided on.
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-method",
    "http-method-override",
    // httpoxy, CVE-2016-5385.
    "proxy",
    // Whom a proxy in front signed in.
    "x-remote-user",
    "remote-user",
    "x-authenticated-user",
    "x-user-id",
    // Set by the browser for itself; here it would only hold up a stream.
    "expect",
];

/// The same, for every name that begins so. `x-original-url` and `x-rewrite-url` replace the path in several frameworks;
/// `x-middleware-subrequest` switched checks off in another, CVE-2025-29927.
const NEVER_BELIEVED_PREFIXES: [&str; 6] =
    ["x-forwarded-", "x-original-", "x-rewrite-", "x-middleware-", "x-auth-request-", "x-envoy-"];

/// Headers about one connection only (RFC 9110 7.6.1, RFC 9113 8.2.2).
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// What the gate says to the origin.
#[derive(Clone, Debug, Default)]
pub struct Forwarding<'a> {
    pub principal: Option<&'a Uid>,
    /// Under which the log has the decision; none was made on a public route.
    pub decision: Option<&'a str>,
    /// The same two, signed; nothing where no key is configured.
    pub assertion: Option<&'a str>,
    /// The client's address, where the face knows it.
    pub client: Option<&'a str>,
    /// Host and scheme that the client asked for.
    pub host: Option<&'a str>,
    pub scheme: Option<&'a str>,
    /// Further headers that are stripped, by [`folded`] name.
    pub identity_headers: &'a [String],
}

/// A name as the most forgiving origin reads it: without case, and with `-` for whatever is no letter or digit. CGI and
/// its heirs turn `Palisade-Principal`, `palisade_principal` and `Palisade.Principal` into one variable.
pub fn folded(name: &str) -> Cow<'_, str> {
    // Most names are what they fold into.
    if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Cow::Borrowed(name);
    }
    let folded = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    Cow::Owned(name.chars().map(folded).collect())
}

/// Whether the gate strips `name`, so that no route can read it.
pub fn is_stripped(name: &HeaderName) -> bool {
    let folded = folded(name.as_str());
    is_never_believed(&folded) || HOP_BY_HOP.contains(&&*folded)
}

fn is_never_believed(folded: &str) -> bool {
    folded.starts_with(OWN_PREFIX)
        || NEVER_BELIEVED.contains(&folded)
        || NEVER_BELIEVED_PREFIXES.iter().any(|prefix| folded.starts_with(prefix))
}

/// Why the headers of a request are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// 431.
    TooLarge,
    /// 400, and why.
    Refused(&'static str),
}

/// Checks the headers as a whole, before any of them is believed.
///
/// # Errors
/// Too many, or of a kind that two servers read differently.
pub fn check(headers: &HeaderMap) -> Result<(), HeaderError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(HeaderError::TooLarge);
    }
    let pairs = |value: &HeaderValue| value.as_bytes().split(|byte| *byte == b';').count();
    if headers.get_all(header::COOKIE).iter().map(pairs).sum::<usize>() > MAX_COOKIES {
        return Err(HeaderError::TooLarge);
    }
    if headers.contains_key(header::CONTENT_LENGTH) {
        let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
        let first = lengths.next().map(HeaderValue::as_bytes).unwrap_or_default();
        let digits = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
        // RFC 9112 6.3: a message with two lengths, or a length and chunks, smuggles a second one.
        if !digits || lengths.next().is_some() || headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(HeaderError::Refused("the length of the body is given in two ways"));
        }
    }
    // Some platforms hand over two lines as one, with a comma that no host has.
    let mut hosts = headers.get_all(header::HOST).iter();
    if hosts.next().is_some_and(|host| host.as_bytes().contains(&b',')) || hosts.next().is_some() {
        return Err(HeaderError::Refused("the header `Host` is given twice"));
    }
    // RFC 9110 7.6.1: an end-to-end header must not be named by `Connection`. Whoever does wants it to reach the gate and
    // not the origin, so that the two decide on different requests.
    for name in connection_options(headers) {
        let end_to_end = name.starts_with("content-")
            || ["host", "authorization", "cookie", "cache-control", "accept", "range"].contains(&name.as_str());
        if end_to_end {
            return Err(HeaderError::Refused("`Connection` names a header that belongs to the whole way"));
        }
    }
    Ok(())
}

/// What becomes of headers on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Taken away, in all their lines.
    pub removed: Vec<HeaderName>,
    /// In the place of all lines of that name, or new.
    pub set: Vec<(HeaderName, HeaderValue)>,
}

impl Changes {
    /// What makes `after` of `before`.
    pub fn between(before: &HeaderMap, after: &HeaderMap) -> Changes {
        let removed = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        let lines =
            |map: &HeaderMap, name: &HeaderName| map.get_all(name).iter().cloned().collect::<Vec<HeaderValue>>();
        let mut set = Vec::new();
        for name in after.keys() {
            let lines_after = lines(after, name);
            if lines_after != lines(before, name) {
                // RFC 9110 5.3: several lines are one with commas. No cookie is ever set here, the one header of which that is
                // not so.
                let all: Vec<&[u8]> = lines_after.iter().map(HeaderValue::as_bytes).collect();
                set.extend(HeaderValue::from_bytes(&all.join(&b", "[..])).ok().map(|value| (name.clone(), value)));
            }
        }
        Changes { removed, set }
    }

    /// The headers after the changes.
    pub fn apply(&self, mut headers: HeaderMap) -> HeaderMap {
        for name in &self.removed {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        headers
    }
}

/// What becomes of a request's headers on the way to the origin.
pub fn forwarded(headers: &HeaderMap, forwarding: &Forwarding<'_>) -> Changes {
    let connection: HashSet<String> = connection_options(headers).collect();
    let is_stripped = |name: &&HeaderName| {
        let folded = folded(name.as_str());
        is_never_believed(&folded)
            || HOP_BY_HOP.contains(&&*folded)
            || connection.contains(name.as_str())
            || forwarding.identity_headers.iter().any(|own| *own == folded)
            || **name == header::HOST
    };
    let mut out =
        Changes { removed: headers.keys().filter(is_stripped).cloned().collect(), set: Vec::with_capacity(6) };
    if is_websocket(headers) {
        out.set.push((header::CONNECTION, HeaderValue::from_static("Upgrade")));
        out.set.push((header::UPGRADE, HeaderValue::from_static("websocket")));
    }
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.set.push((name, value));
        }
    };
    if let Some(principal) = forwarding.principal {
        set(PRINCIPAL, &safe(&principal.to_string()));
    }
    if let Some(decision) = forwarding.decision {
        set(DECISION, decision);
    }
    if let Some(assertion) = forwarding.assertion {
        set(ASSERTION, assertion);
    }
    if let Some(client) = forwarding.client {
        set(HeaderName::from_static("x-forwarded-for"), &safe(client));
    }
    if let Some(host) = forwarding.host {
        set(HeaderName::from_static("x-forwarded-host"), &safe(host));
    }
    if let Some(scheme) = forwarding.scheme {
        set(HeaderName::from_static("x-forwarded-proto"), &safe(scheme));
    }
    out
}

/// The names of headers of an answer that are not the client's, beside those that begin with `palisade`.
pub fn watched() -> &'static [&'static str] {
    &HOP_BY_HOP
}

/// The headers of the origin's answer that the client gets.
pub fn answered(headers: &HeaderMap) -> HeaderMap {
    let connection: HashSet<String> = connection_options(headers).collect();
    let mut out = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let stripped = HOP_BY_HOP.contains(&name.as_str())
            || connection.contains(name.as_str())
            || folded(name.as_str()).starts_with(OWN_PREFIX);
        if !stripped {
            out.append(name, value.clone());
        }
    }
    out
}

/// Whether a request asks to become a WebSocket (RFC 6455 4.1), the one upgrade that passes. `h2c` does not: it would
/// open a connection to the origin past the gate.
pub fn is_websocket(headers: &HeaderMap) -> bool {
    let mut upgrades = headers.get_all(header::UPGRADE).iter();
    upgrades.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && upgrades.next().is_none()
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| String::from_utf8_lossy(value.as_bytes()).split(',').map(str::to_string).collect::<Vec<_>>())
        .map(|option| option.trim().to_ascii_lowercase())
        .filter(|option| !option.is_empty())
}

/// Text as a header's value: `%` and everything but printable ASCII percent-encoded, byte by byte in UTF-8.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
