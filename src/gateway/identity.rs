// SPDX-License-Identifier: Apache-2.0
//! A token into the principal it stands for, or nobody.
//!
//! Whether that principal exists and is live is not asked here: the engine denies the dead and the unknown. Roles come
//! from rows alone, never from a token.

use super::answer::Refusal;
use super::config::Issuer;
use super::routes::{entity_id, typed};
use super::seal::hex;
use crate::decide;
use crate::engine::Fixed;
use crate::mapping::{ColumnKind, ContextType, Live, LoginSession, Mapping, Meaning, Table};
use crate::name::Uid;
use crate::rows::{Millis, Reading, Rows, TableRows, Value, format_time, meets, read_bool, read_id, read_time};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The longest token, of either kind.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How every API key begins, which tells it from tokens of login sessions.
pub const API_KEY_PREFIX: &str = "pk_";

/// Who asks, and what is known of how they signed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    pub principal: Uid,
    /// When the credential ends; `None` where it does not say.
    pub until: Option<Millis>,
    /// Columns of the login session that decisions see, by attribute.
    context: BTreeMap<String, (Value, ColumnKind)>,
}

/// A token as it came. It has no `Debug`, so that no log line can show it.
pub struct Token {
    text: String,
    /// The header of an issuer that it came in; `None` for `Authorization` and the cookie.
    place: Option<HeaderName>,
}

/// What a token looks like, which says who can tell what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Three parts with dots between them (RFC 7519).
    Jwt,
    /// [`API_KEY_PREFIX`], and whatever follows.
    ApiKey,
    /// Anything else: the SHA-256 of it may stand in a table of login sessions.
    Session,
}

impl Token {
    pub fn kind(&self) -> TokenKind {
        // What comes in a header of an issuer is that issuer's token or none.
        if self.place.is_some() {
            return TokenKind::Jwt;
        }
        match self.text.split('.').count() {
            _ if self.text.starts_with(API_KEY_PREFIX) => TokenKind::ApiKey,
            3 => TokenKind::Jwt,
            _ => TokenKind::Session,
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn place(&self) -> Option<&HeaderName> {
        self.place.as_ref()
    }

    /// What tables of login sessions keep instead of the token.
    pub fn hash(&self) -> String {
        sha256_hex(self.text.as_bytes())
    }
}

impl Caller {
    /// A principal of whom nothing but the name is known.
    pub fn of(principal: Uid, until: Option<Millis>) -> Caller {
        Caller { principal, until, context: BTreeMap::new() }
    }

    /// What the login session says of the context of every request that it makes.
    ///
    /// # Errors
    /// As for [`Caller::context`].
    pub fn fixed(&self, mapping: &Mapping) -> Result<Vec<Fixed>, Refusal> {
        let mut all = Vec::new();
        for (name, (value, column)) in &self.context {
            let mut add = |kind: &ContextType, actions: Option<Vec<Uid>>| {
                let value = match attribute(value, *column, kind) {
                    Reading::Is(value) => Some(value),
                    Reading::Null => None,
                    Reading::Unreadable => return Err(unreadable(name, kind)),
                };
                let value = value.map(|value| {
                    let takes = BTreeMap::from([(name.as_str(), kind)]);
                    let read = decide::Context::read(&takes, &Map::from_iter([(name.clone(), value)]));
                    read.ok()
                        .and_then(|read| Some(read.values().first()?.1.clone()))
                        .ok_or_else(|| unreadable(name, kind))
                });
                all.push(Fixed { name: name.clone(), value: value.transpose()?, actions });
                Ok(())
            };
            if let Some(kind) = mapping.context.get(name) {
                add(kind, None)?;
            }
            // What an action says of its own context goes before what is said of every action's.
            for (action, declared) in &mapping.actions {
                if let Some(kind) = declared.context.get(name) {
                    add(kind, Some(vec![Uid::new("Action", action)]))?;
                }
            }
        }
        Ok(all)
    }

    /// `given`, with what the login session says in the place of what the request says of it.
    ///
    /// # Errors
    /// A value of the session that decisions would see cannot be read: nobody is signed in by it.
    pub fn context(
        &self,
        mapping: &Mapping,
        action: &str,
        mut given: Map<String, Json>,
    ) -> Result<Map<String, Json>, Refusal> {
        let takes = mapping.context_of(action);
        for (name, (value, column)) in &self.context {
            let Some(kind) = takes.get(name.as_str()) else { continue };
            given.remove(name);
            match attribute(value, *column, kind) {
                Reading::Is(value) => {
                    given.insert(name.clone(), value);
                }
                Reading::Null => {}
                Reading::Unreadable => return Err(unreadable(name, kind)),
            }
        }
        Ok(given)
    }
}

fn unreadable(name: &str, kind: &ContextType) -> Refusal {
    Refusal::unauthenticated(format!("`{name}` of the login session is no {}", kind.name))
}

/// The token that a request brings: from `Authorization: Bearer`, from the cookie, or from the header of an issuer that has
/// one of its own. `None` where it brings none.
///
/// # Errors
/// Something stands there that is no token (401), or two tokens that are not the same (400): the origin might believe the
/// other one.
pub fn token(headers: &HeaderMap, cookie: Option<&str>, issuers: &[Issuer]) -> Result<Option<Token>, Refusal> {
    let bearer = bearer(headers)?;
    let cookie = match cookie {
        Some(name) => cookie_value(headers, name)?,
        None => None,
    };
    let by_cookie_alone = bearer.is_none();
    let mut found: Option<Token> = None;
    let plain = [bearer, cookie].into_iter().flatten().map(|text| Ok(Token { text, place: None }));
    let of_issuers = issuers.iter().filter_map(|issuer| {
        let name = issuer.header.as_ref().filter(|name| headers.contains_key(*name))?;
        Some(header_value(headers, name).map(|text| Token { text, place: Some(name.clone()) }))
    });
    for next in plain.chain(of_issuers) {
        let next = next?;
        if found.is_some_and(|found| !same(found.text.as_bytes(), next.text.as_bytes())) {
            let detail = "the request brings two tokens, in two places, and they differ";
            return Err(Refusal::bad_request("two-tokens", detail));
        }
        // The same token twice came in the last place, which is the stricter one: an issuer's own.
        found = Some(next);
    }
    let Some(token) = found else { return Ok(None) };
    if token.text.is_empty() || token.text.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::unauthenticated("the token is empty or too long"));
    }
    // Browsers send cookies by themselves, whoever wrote the page. Services do not need them.
    if token.kind() == TokenKind::ApiKey && by_cookie_alone {
        return Err(Refusal::unauthenticated("an API key comes in `Authorization` alone"));
    }
    Ok(Some(token))
}

/// The token in an issuer's header.
fn header_value(headers: &HeaderMap, name: &HeaderName) -> Result<String, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().and_then(|value| HeaderValue::to_str(value).ok());
    if values.next().is_some() {
        let detail = "the request brings the header of its token twice";
        return Err(Refusal::bad_request("two-tokens", detail));
    }
    let is_token = |text: &&str| !text.is_empty() && text.bytes().all(is_token_byte);
    let token = value.filter(is_token);
    token.map(str::to_string).ok_or_else(|| Refusal::unauthenticated(format!("`{name}` is no token")))
}

/// Whether a bearer token may have this character (RFC 6750 2.1).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// The token of `Authorization: Bearer` (RFC 6750 2.1).
///
/// # Errors
/// The header is there and says something else, or stands twice.
pub fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let malformed = || Refusal::unauthenticated("`Authorization` is no bearer token");
    if values.next().is_some() {
        return Err(malformed());
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(is_token_byte) {
        return Err(malformed());
    }
    Ok(Some(token.to_string()))
}

/// The value of one cookie (RFC 6265 4.2.1).
fn cookie_value(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut found: Option<String> = None;
    for value in headers.get_all(header::COOKIE) {
        let Ok(text) = value.to_str() else {
            return Err(Refusal::unauthenticated("`Cookie` has characters beyond ASCII"));
        };
        for pair in text.split(';') {
            let Some((key, value)) = pair.trim_matches([' ', '\t']).split_once('=') else { continue };
            if key != name {
                // PHP decodes names, and many cut blanks off: the origin would find a cookie that the gate did not.
                if decoded(key).trim() == name {
                    let detail = "a cookie is spelt like that of the token, but not quite";
                    return Err(Refusal::bad_request("two-tokens", detail));
                }
                continue;
            }
            // A page on a sibling domain can set a second cookie of the same name ("cookie tossing"), and servers differ on
            // which of the two counts.
            if found.is_some() {
                let detail = "the request brings the cookie of its token twice";
                return Err(Refusal::bad_request("two-tokens", detail));
            }
            let fits = value.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !b"\",;\\".contains(&byte));
            if value.is_empty() || !fits {
                return Err(Refusal::unauthenticated("the cookie of the token has characters that no cookie has"));
            }
            found = Some(value.to_string());
        }
    }
    Ok(found)
}

/// A text without its percent-encoding, as far as it is that.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| *byte == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) => {
                out.push(value);
                rest = &after[2..];
            }
            None => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The caller of a login session, from the rows that hold the hash of a token.
///
/// # Errors
/// No such session, or one that is dead, expired, revoked or unreadable: 401, and which of these is for the log.
pub fn session(mapping: &Mapping, rows: &Rows, hash: &str, now: Millis) -> Result<Caller, Refusal> {
    let mut found = None;
    for table in &mapping.tables {
        let Meaning::LoginSession(session) = &table.meaning else { continue };
        let Some(rows) = rows.get(&table.name) else { continue };
        for row in &rows.rows {
            let row = Row { table, rows, row };
            // Compared again, and in constant time: the database compared with whatever collation its column has.
            let Value::Text(stored) = row.value(&session.token_hash)? else { continue };
            if !same(stored.as_bytes(), hash.as_bytes()) {
                continue;
            }
            if found.replace(caller(mapping, session, &row, now)?).is_some() {
                return Err(Refusal::unauthenticated("two login sessions have this token"));
            }
        }
    }
    found.ok_or_else(|| Refusal::unauthenticated("no login session has this token"))
}

fn caller(mapping: &Mapping, session: &LoginSession, row: &Row<'_>, now: Millis) -> Result<Caller, Refusal> {
    let ended = |why: &str| Refusal::unauthenticated(format!("the login session {why}"));
    for live in &session.live {
        if !row.is_live(live)? {
            return Err(ended(&format!("is not live: `{}`", live.column)));
        }
    }
    if let Some(column) = &session.revoked {
        let value = row.value(column)?;
        let set = match (value, row.kind(column)) {
            (Value::Null, _) => false,
            // Whatever time it names: a session that somebody marked is over.
            (_, ColumnKind::Time) => true,
            (value, _) => read_bool(value) != Reading::Is(false),
        };
        if set {
            return Err(ended("is revoked"));
        }
    }
    let mut until = None;
    if let Some(column) = &session.expires {
        match read_time(row.value(column)?) {
            Reading::Null => {}
            Reading::Is(expires) if expires > now => until = Some(expires),
            Reading::Is(_) => return Err(ended("is expired")),
            Reading::Unreadable => return Err(ended(&format!("has a `{column}` that is no time"))),
        }
    }
    let kind = row
        .table
        .column(&session.principal)
        .and_then(|column| column.references.as_deref())
        .and_then(|table| mapping.type_of(table))
        .ok_or_else(|| Refusal::unavailable("the principal of login sessions leads to no entity type"))?;
    let Reading::Is(id) = read_id(row.value(&session.principal)?, row.kind(&session.principal)) else {
        return Err(ended("names no principal"));
    };
    let principal = Uid::new(kind, entity_id(mapping, kind, &id).map_err(|_| ended("names no principal"))?);
    let mut context = BTreeMap::new();
    for (attribute, column) in &session.context {
        context.insert(attribute.clone(), (row.value(column)?.clone(), row.kind(column)));
    }
    Ok(Caller { principal, until, context })
}

/// One row of a table of login sessions.
struct Row<'a> {
    table: &'a Table,
    rows: &'a TableRows,
    row: &'a [Value],
}

impl Row<'_> {
    /// # Errors
    /// The store did not bring a column that decides. Taking it for NULL would make `revoked` harmless.
    fn value(&self, column: &str) -> Result<&Value, Refusal> {
        let at = self.rows.columns.iter().position(|name| name == column);
        at.and_then(|at| self.row.get(at))
            .ok_or_else(|| Refusal::unavailable(format!("the store brought no `{column}` of `{}`", self.table.name)))
    }

    fn kind(&self, column: &str) -> ColumnKind {
        self.table.column(column).map_or(ColumnKind::Text, |column| column.kind)
    }

    /// Unreadable is not live.
    fn is_live(&self, live: &Live) -> Result<bool, Refusal> {
        Ok(meets(self.value(&live.column)?, &live.test))
    }
}

/// A column's value as an attribute of the context, in Cedar's JSON form.
fn attribute(value: &Value, column: ColumnKind, kind: &ContextType) -> Reading<Json> {
    if *value == Value::Null {
        return Reading::Null;
    }
    let read = match kind.name.as_str() {
        "Bool" => read_bool(value).known().map(Json::Bool),
        "Long" => match value {
            Value::Integer(number) => Some(Json::from(*number)),
            _ => None,
        },
        "datetime" => read_time(value).known().and_then(|time| typed(&format_time(time), kind)),
        "decimal" => match value {
            Value::Integer(number) => typed(&format!("{number}.0"), kind),
            Value::Text(text) => typed(text, kind),
            _ => None,
        },
        "String" | "ipaddr" => match value {
            Value::Text(text) => typed(text, kind),
            _ => None,
        },
        "Set<String>" => None,
        _ => read_id(value, column).known().and_then(|id| typed(&id, kind)),
    };
    read.map_or(Reading::Unreadable, Reading::Is)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Whether the SHA-256 of a key is one of these, in lower-case hexadecimal.
pub fn is_hashed_in(key: &str, hashes: &[String]) -> bool {
    let hash = sha256_hex(key.as_bytes());
    // Every one is compared, so that the time does not tell which was near.
    hashes.iter().fold(false, |found, own| same(hash.as_bytes(), own.as_bytes()) | found)
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0u8, |all, (a, b)| all | (a ^ b));
    // The barrier keeps the compiler from leaving the loop at the first difference.
    a.len() == b.len() && std::hint::black_box(difference) == 0
}
