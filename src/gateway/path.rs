// SPDX-License-Identifier: Apache-2.0
//! The path as the origin will see it, or a refusal.
//!
//! A gate and an origin that read one path in two ways are a hole: `/public/..%2fadmin` is public to the one and the
//! administrator's to the other. So nothing is repaired here. A path that some server could read differently is refused,
//! and a path that passes is forwarded as it came, byte for byte.

use http::uri::PathAndQuery;
use std::fmt;

/// The longest path and query together, in bytes.
pub const MAX_TARGET_BYTES: usize = 8 * 1024;

/// The most segments a path may have.
pub const MAX_SEGMENTS: usize = 64;

/// The most parameters a query may have, where a route reads one.
pub const MAX_PARAMETERS: usize = 256;

/// A checked path and query. [`Target::read`] is its only maker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Path and query, exactly as they are forwarded.
    raw: String,
    /// Where the path ends in `raw`.
    path_end: usize,
    segments: Vec<String>,
}

/// Why a path or query is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// Longer than [`MAX_TARGET_BYTES`].
    TooLong,
    /// It could be read in two ways, or it is none at all. The sentence is for whoever sent it.
    Refused(&'static str),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetError::TooLong => write!(f, "path and query are longer than {MAX_TARGET_BYTES} bytes"),
            TargetError::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for TargetError {}

impl Target {
    /// Reads `/path?query` as it stood on the wire.
    ///
    /// ```
    /// use palisade::gateway::Target;
    /// let target = Target::read("/documents/a%20b?page=2").unwrap();
    /// assert_eq!(target.segments(), ["documents", "a b"]);
    /// assert_eq!(target.path(), "/documents/a%20b");
    /// assert!(Target::read("/documents/%2e%2e/users").is_err());
    /// ```
    ///
    /// # Errors
    /// The request is answered with 400 (414 when too long) and goes nowhere.
    pub fn read(raw: &str) -> Result<Target, TargetError> {
        if raw.len() > MAX_TARGET_BYTES {
            return Err(TargetError::TooLong);
        }
        let path_end = raw.find('?').unwrap_or(raw.len());
        let path = &raw[..path_end];
        let Some(rest) = path.strip_prefix('/') else {
            return Err(TargetError::Refused("the path does not begin with `/`"));
        };
        let mut segments = Vec::new();
        let mut parts = rest.split('/').peekable();
        while let Some(part) = parts.next() {
            // Servers differ on whether `//` is one slash. A single slash at the end is an empty last segment, which no
            // parameter of a route matches.
            if part.is_empty() && parts.peek().is_some() {
                return Err(TargetError::Refused("the path has an empty segment (`//`)"));
            }
            segments.push(decode_segment(part)?);
            if segments.len() > MAX_SEGMENTS {
                return Err(TargetError::Refused("the path has too many segments"));
            }
        }
        let mut checked = path.to_string();
        if path_end < raw.len() {
            checked.push('?');
            check_query(&raw[path_end + 1..], &mut checked)?;
        }
        Ok(Target { raw: checked, path_end, segments })
    }

    /// The path, as it is forwarded.
    pub fn path(&self) -> &str {
        &self.raw[..self.path_end]
    }

    /// The query without its `?`, as it is forwarded.
    pub fn query(&self) -> Option<&str> {
        self.raw.get(self.path_end + 1..)
    }

    /// The path's segments, decoded. The last one is empty when the path ends with `/`.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Path and query together, as they are forwarded.
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// The same in the `http` crate's type.
    ///
    /// # Errors
    /// None that [`Target::read`] lets through; a property test holds this, and the gate refuses if it were not so.
    pub fn path_and_query(&self) -> Result<PathAndQuery, http::uri::InvalidUri> {
        PathAndQuery::try_from(self.raw.as_str())
    }

    /// The parameters of the query, decoded, in their order.
    ///
    /// # Errors
    /// Parameters that are not UTF-8, or too many.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, TargetError> {
        let mut all = Vec::new();
        for pair in self.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            if all.len() == MAX_PARAMETERS {
                return Err(TargetError::Refused("the query has too many parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.push((decode_query(name)?, decode_query(value)?));
        }
        Ok(all)
    }

    /// Whether a parameter names another method, which some origin would obey in the place of the one that is decided on.
    pub fn overrides_method(&self) -> bool {
        let query = self.query().unwrap_or_default();
        query.split(['&', ';']).any(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            METHOD_PARAMETERS.contains(&folded(&String::from_utf8_lossy(&decode_form(name))).as_str())
        })
    }

    /// The one parameter called `name`.
    ///
    /// # Errors
    /// The parameter stands twice, or in a spelling that some servers read as the same name: then the origin could read
    /// another value than the gate.
    pub fn parameter(&self, name: &str) -> Result<Option<String>, TargetError> {
        // Some servers still split at `;`, so that `a=1;name=2` sets `name` for them alone.
        if self.query().is_some_and(|query| query.contains(';')) {
            return Err(TargetError::Refused("the query has a `;`, at which some servers split it"));
        }
        let wanted = folded(name);
        let mut found = None;
        for (key, value) in self.parameters()? {
            if folded(&key) != wanted {
                continue;
            }
            if key != name {
                return Err(TargetError::Refused("a query parameter is spelt like one that decides, but not quite"));
            }
            if found.replace(value).is_some() {
                return Err(TargetError::Refused("a query parameter that decides is given twice"));
            }
        }
        Ok(found)
    }
}

/// Parameters by which some frameworks let a request say that it is of another method.
const METHOD_PARAMETERS: [&str; 5] =
    ["_method", "x_http_method_override", "x_method_override", "x_http_method", "$httpmethod"];

/// What some server takes for the same parameter: names are compared without case by ASP.NET, `name[]` is an array called
/// `name` for PHP, Rails and `qs`, PHP turns dots and spaces into underscores, and hyphens are underscores wherever a name
/// has to be a variable's. Blanks around a name are nothing to many.
fn folded(name: &str) -> String {
    let name = name.split(['[', '\0']).next().unwrap_or_default();
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '+');
    name.chars().map(|c| if matches!(c, '.' | ' ' | '+' | '-') { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// One segment, decoded.
fn decode_segment(raw: &str) -> Result<String, TargetError> {
    let refused = |why| Err(TargetError::Refused(why));
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte != b'%' {
            match byte {
                b'\\' => return refused("the path has a backslash, which some servers read as `/`"),
                b';' => return refused("the path has a `;`, behind which some servers cut"),
                b'#' => return refused("the path has a `#`: a fragment is never sent"),
                0..=0x1f | 0x7f => return refused("the path has a control character"),
                0x80.. => return refused("the path has characters beyond ASCII that are not percent-encoded"),
                byte if is_path_byte(byte) => out.push(byte),
                _ => return refused("the path has a character that must be percent-encoded (RFC 3986)"),
            }
            at += 1;
            continue;
        }
        let Some(value) = hex_pair(bytes, at + 1) else {
            return refused("the path has a `%` that two hexadecimal digits do not follow");
        };
        match value {
            b'/' => return refused("the path has an encoded slash"),
            b'\\' => return refused("the path has an encoded backslash"),
            b';' => return refused("the path has an encoded `;`, behind which some servers cut"),
            b'.' => return refused("the path has an encoded dot"),
            0..=0x1f | 0x7f => return refused("the path has an encoded control character"),
            // RFC 3986 2.3: these must not be encoded, and no usual client does. Only whoever wants two readers of one path
            // to disagree writes `/%61dmin`. (Older encoders do write `~` as `%7E`.)
            value if value.is_ascii_alphanumeric() || matches!(value, b'-' | b'_') => {
                return refused("the path encodes a letter, digit, `-` or `_`, which needs no encoding");
            }
            value => out.push(value),
        }
        at += 3;
    }
    // Also refuses overlong forms (`%C0%AF` for `/`) and surrogates.
    let Ok(text) = String::from_utf8(out) else {
        return refused("the path's percent-encoding is not UTF-8");
    };
    if has_escape(&text) {
        return refused("the path is percent-encoded twice");
    }
    // Windows drops dots and spaces at the end of a name, so that `.. ` is `..` there; some servers fold the dots of other
    // scripts into ASCII (NFKC) before they look.
    let is_dot = |c| matches!(c, '.' | ' ' | '\u{2024}' | '\u{2025}' | '\u{2026}' | '\u{fe52}' | '\u{ff0e}');
    if !text.is_empty() && text.chars().all(|c| is_dot(c) || is_unseen(c)) {
        return refused("the path has a dot segment (`.` or `..`)");
    }
    if text.chars().any(is_slash_elsewhere) {
        return refused("the path has a character that some servers fold into `/` or `\\`");
    }
    if text.chars().any(char::is_control) {
        return refused("the path has an encoded control character");
    }
    Ok(text)
}

/// Characters that take no room and that some servers drop: soft hyphen, zero-width ones, marks of direction.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What NFKC, Windows' best fit, or a reader of old encodings makes a slash or a backslash of.
fn is_slash_elsewhere(c: char) -> bool {
    matches!(
        c,
        '\u{2044}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{29f9}'
            | '\u{fe68}'
            | '\u{ff0f}'
            | '\u{ff3c}'
    )
}

/// RFC 3986's `pchar` without `%` and `;`. What stands outside it, a URL parser on the way would rewrite.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte)
}

/// Whether `text` holds something that would decode once more.
fn has_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| bytes[at] == b'%' && hex_pair(bytes, at + 1).is_some())
}

fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    let (high, low) = (digit(bytes.get(at)?)?, digit(bytes.get(at + 1)?)?);
    Some((high * 16 + low) as u8)
}

/// Checks a query and appends it to `out`, as it is forwarded. A `'` is written `%27`, since every URL parser on the way
/// to an `http:` origin does so; it is the one thing that is rewritten.
fn check_query(query: &str, out: &mut String) -> Result<(), TargetError> {
    let bytes = query.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            0..=0x1f | 0x7f => return Err(TargetError::Refused("the query has a control character")),
            0x80.. => {
                return Err(TargetError::Refused("the query has characters beyond ASCII that are not percent-encoded"));
            }
            b' ' | b'"' | b'<' | b'>' => {
                return Err(TargetError::Refused("the query has a character that must be percent-encoded (RFC 3986)"));
            }
            b'#' => return Err(TargetError::Refused("the query has a `#`: a fragment is never sent")),
            b'%' if hex_pair(bytes, at + 1).is_none() => {
                return Err(TargetError::Refused("the query has a `%` that two hexadecimal digits do not follow"));
            }
            b'\'' => out.push_str("%27"),
            byte => out.push(*byte as char),
        }
    }
    Ok(())
}

/// A name or a value of a query, decoded as forms are.
fn decode_query(text: &str) -> Result<String, TargetError> {
    String::from_utf8(decode_form(text)).map_err(|_| TargetError::Refused("the query's percent-encoding is not UTF-8"))
}

/// `+` is a space; a `%` that no digits follow stays (a checked query has none).
fn decode_form(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex_pair(bytes, at + 1)) {
            (b'+', _) => out.push(b' '),
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

/// A literal of a route's template as a request's segment will be: as it is written, or percent-encoded.
///
/// # Errors
/// Says why no request can have such a segment.
pub(super) fn literal(text: &str) -> Result<String, &'static str> {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        // A reader writes `/文件/{id}`, a request `/%E6%96%87…`; both mean the same.
        if c.is_ascii() {
            encoded.push(c);
        } else {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    decode_segment(&encoded).map_err(|error| match error {
        TargetError::Refused(why) => why,
        TargetError::TooLong => "the path is too long",
    })
}
