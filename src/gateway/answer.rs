// SPDX-License-Identifier: Apache-2.0
//! A refusal as status, headers and body: RFC 9457 problem details, or a page for people.
//!
//! A refusal says what kind it is and under which id the log has it. It never says which policy decided, whether the
//! thing asked for exists, or what went wrong inside.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::json;

/// Why a request goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// A short stable name, for tools and the log.
    pub code: &'static str,
    /// One sentence for whoever sent the request.
    pub detail: String,
    /// The methods that the path has, for a 405.
    pub allow: Vec<Method>,
    /// What went wrong inside, for the log alone.
    pub cause: Option<String>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { status, code, detail: detail.into(), allow: Vec::new(), cause: None }
    }

    /// 400: the request can be read in two ways, or lacks something.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody, or a token that is not believed. Which of the two it was, and why, is for the log: a stranger who
    /// learns that a token is expired has learnt that it was one.
    pub fn unauthenticated(cause: impl Into<String>) -> Refusal {
        let detail = "sign in: this needs a valid token";
        Refusal::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail).because(cause)
    }

    /// 403: the engine said no.
    pub fn denied() -> Refusal {
        Refusal::new(StatusCode::FORBIDDEN, "denied", "you may not do this")
    }

    /// 503: it could not be decided.
    pub fn unavailable(cause: impl Into<String>) -> Refusal {
        let detail = "this cannot be decided now; try again later";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).because(cause)
    }

    /// 429: too much of it.
    pub fn too_many_requests() -> Refusal {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "these are too many requests; try again later")
    }

    pub fn because(mut self, cause: impl Into<String>) -> Refusal {
        self.cause = Some(cause.into());
        self
    }

    pub fn allowing(mut self, allow: Vec<Method>) -> Refusal {
        self.allow = allow;
        self
    }

    /// The answer, with the id under which the log has it.
    pub fn response(&self, id: &str, method: &Method, headers: &HeaderMap) -> Response<Vec<u8>> {
        let title = self.status.canonical_reason().unwrap_or("Refused");
        let page = prefers_html(headers);
        let (kind, body) = if page {
            ("text/html; charset=utf-8", self.page(title, id))
        } else {
            let problem = json!({
                "type": "about:blank",
                "title": title,
                "status": self.status.as_u16(),
                "detail": self.detail,
                "code": self.code,
                "decision": id,
            });
            ("application/problem+json", problem.to_string())
        };
        let body = if method == Method::HEAD { Vec::new() } else { body.into_bytes() };
        let mut response = json_like(self.status, kind, body);
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        if page {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5")),
            // The platform counts over ten seconds or a minute, and does not say how much of it is left.
            StatusCode::TOO_MANY_REQUESTS => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60")),
            _ => None,
        };
        if !self.allow.is_empty() {
            let allow: Vec<&str> = self.allow.iter().map(Method::as_str).collect();
            if let Ok(allow) = HeaderValue::from_str(&allow.join(", ")) {
                headers.insert(header::ALLOW, allow);
            }
        }
        response
    }

    fn page(&self, title: &str, id: &str) -> String {
        let (title, detail, id) = (escape(title), escape(&self.detail), escape(id));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;\
             padding:0 1rem}}code{{font-size:.9em}}</style>\n</head>\n<body>\n<main>\n<h1>{status} {title}</h1>\n\
             <p>{detail}</p>\n<p>If you ask somebody about this, name the decision <code>{id}</code>.</p>\n</main>\n\
             </body>\n</html>\n",
            status = self.status.as_u16(),
        )
    }
}

/// An answer that no cache keeps and no browser takes for something else.
pub fn json_like(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether `Accept` would rather have a page than JSON (RFC 9110 12.5.1). Browsers name `text/html`; programs do not.
fn prefers_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json) = (0u32, 0u32);
    for value in headers.get_all(header::ACCEPT) {
        for (kind, quality) in ranges(value.to_str().unwrap_or_default()) {
            match kind.as_str() {
                "text/html" | "application/xhtml+xml" => html = html.max(quality),
                "application/json" | "application/problem+json" => json = json.max(quality),
                _ => {}
            }
        }
    }
    html > json
}

/// Whether the text of an `Accept-…` header names `wanted` and does not refuse it.
pub fn accepts(text: &str, wanted: &str) -> bool {
    ranges(text).any(|(name, quality)| name == wanted && quality > 0)
}

/// What an `Accept` header or one of its kind lists, in lower case, with its quality in thousandths (RFC 9110 12.4.2).
fn ranges(text: &str) -> impl Iterator<Item = (String, u32)> {
    text.split(',').map(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let name = parts.next().unwrap_or_default();
        (name, parts.find_map(|part| part.strip_prefix("q=").map(thousandths)).unwrap_or(1000))
    })
}

/// A quality such as `0.8`, in thousandths; what is none counts nothing.
fn thousandths(text: &str) -> u32 {
    text.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).map_or(0, |q| (q * 1000.0) as u32)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
