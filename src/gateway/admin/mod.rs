// SPDX-License-Identifier: Apache-2.0
//! Administration, below `/.palisade/api/`: bundles, rows, the audit and the change log.
//!
//! Who may do what here the engine decides, by the same policies and rows as everything else: the gate is the resource
//! `Palisade::"gate"`, a table is `PalisadeTable::"NAME"` inside it, and a model that declares neither lets nobody in. The
//! bootstrap key stands beside that, for the time before there is an administrator.
//!
//! What changes anything needs its credential in `Authorization`: browsers send cookies along with requests that another
//! site's page made them send.

mod publish;
mod rows;

use super::Gateway;
use super::active::Active;
use super::answer::{Refusal, json_like};
use super::identity::{bearer, is_hashed_in};
use super::judge::{Said, Stop, at_least, read_body};
use super::log::Line;
use super::origin::{Body, Host, Incoming};
use super::path::Target;
use super::routes::Question;
use crate::name::{GATE, GATE_ID, GATE_TABLE, Uid};
use crate::store::{Entry, Ledger, Store, StoreError};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Where administration begins.
pub const API_PREFIX: &str = "/.palisade/api/";

/// The largest body of a request that carries a bundle, in bytes. JSON writes two for each quotation mark of the bundle.
pub const MAX_PUBLISH_BYTES: usize = 4 * 1024 * 1024;

/// The largest body of any other request here.
pub const MAX_WRITE_BYTES: usize = 256 * 1024;

/// The most characters of a note.
pub const MAX_NOTE_CHARACTERS: usize = 2_000;

/// The most entries of one answer, and how many it has where the request does not say.
pub const MAX_PAGE_LENGTH: usize = 200;
const PAGE_LENGTH: usize = 50;

/// Who the bootstrap key stands for, in the log and in the audit.
const BOOTSTRAP: &str = "bootstrap";

/// What a request asks for.
#[derive(Debug)]
enum Call {
    Publish,
    Activate(u64),
    Publications,
    Publication(u64),
    Tables,
    Rows(String),
    Row(String, String),
    CreateRow(String),
    ChangeRow(String, String),
    DeleteRow(String, String),
    Audit,
    Changes,
}

impl Call {
    /// Reads method and path. A path that is none of ours is 404, another method 405.
    fn read(method: &Method, target: &Target) -> Result<Call, Refusal> {
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "no-route", "there is nothing here");
        let number = |text: &str| text.parse::<u64>().ok().filter(|n| n.to_string() == text).ok_or_else(unknown);
        let segments: Vec<&str> = target.segments().iter().skip(2).map(String::as_str).collect();
        let (get, post) = (Method::GET, Method::POST);
        let row = |table: &str, key: &str, method: &Method| {
            let (table, key) = (table.to_string(), key.to_string());
            Some(match *method {
                Method::GET => Call::Row(table, key),
                Method::PATCH => Call::ChangeRow(table, key),
                Method::DELETE => Call::DeleteRow(table, key),
                _ => return None,
            })
        };
        let (call, allow) = match &segments[..] {
            ["bundles"] => match *method {
                Method::GET => (Some(Call::Publications), vec![get, post]),
                Method::POST => (Some(Call::Publish), vec![get, post]),
                _ => (None, vec![get, post]),
            },
            ["bundles", n] => ((*method == get).then_some(Call::Publication(number(n)?)), vec![get]),
            ["bundles", n, "activate"] => ((*method == post).then_some(Call::Activate(number(n)?)), vec![post]),
            ["tables"] => ((*method == get).then_some(Call::Tables), vec![get]),
            ["tables", table, "rows"] => match *method {
                Method::GET => (Some(Call::Rows(table.to_string())), vec![get, post]),
                Method::POST => (Some(Call::CreateRow(table.to_string())), vec![get, post]),
                _ => (None, vec![get, post]),
            },
            ["tables", table, "rows", key] if !key.is_empty() => {
                (row(table, key, method), vec![get, Method::PATCH, Method::DELETE])
            }
            // A key that no path can carry (`a/b`, `a%2Cb,c`) goes into the query.
            ["tables", table, "row"] => {
                let key = parameter(target, "key")?
                    .filter(|key| !key.is_empty())
                    .ok_or_else(|| bad("name the row: `?key=` and its key, as decisions spell it"))?;
                (row(table, &key, method), vec![get, Method::PATCH, Method::DELETE])
            }
            ["audit"] => ((*method == get).then_some(Call::Audit), vec![get]),
            ["changes"] => ((*method == get).then_some(Call::Changes), vec![get]),
            _ => return Err(unknown()),
        };
        call.ok_or_else(|| {
            let detail = "this path is not for that method";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail).allowing(allow)
        })
    }

    /// The path as the log has it: without keys.
    fn path(&self) -> &'static str {
        match self {
            Call::Publish | Call::Publications => "/.palisade/api/bundles",
            Call::Publication(_) => "/.palisade/api/bundles/{number}",
            Call::Activate(_) => "/.palisade/api/bundles/{number}/activate",
            Call::Tables => "/.palisade/api/tables",
            Call::Rows(_) | Call::CreateRow(_) => "/.palisade/api/tables/{table}/rows",
            Call::Row(..) | Call::ChangeRow(..) | Call::DeleteRow(..) => "/.palisade/api/tables/{table}/rows/{key}",
            Call::Audit => "/.palisade/api/audit",
            Call::Changes => "/.palisade/api/changes",
        }
    }

    /// What the engine is asked.
    fn question(&self) -> Question {
        let gate = || Uid::new(GATE, GATE_ID);
        let (action, resource) = match self {
            Call::Publish => ("palisade:publish", gate()),
            Call::Activate(_) => ("palisade:rollback", gate()),
            Call::Publications | Call::Publication(_) => ("palisade:history", gate()),
            Call::Tables => ("palisade:rows:read", gate()),
            Call::Rows(table) | Call::Row(table, _) => ("palisade:rows:read", Uid::new(GATE_TABLE, table)),
            Call::CreateRow(table) | Call::ChangeRow(table, _) | Call::DeleteRow(table, _) => {
                ("palisade:rows:write", Uid::new(GATE_TABLE, table))
            }
            Call::Audit => ("palisade:log", gate()),
            Call::Changes => ("palisade:changes", gate()),
        };
        Question { action: action.to_string(), resource, context: Map::new() }
    }
}

/// Who sends a request that was let in, and the id of the decision.
struct Author {
    /// A Cedar entity literal, or `bootstrap`.
    name: String,
    id: String,
}

impl Author {
    fn entry(&self, what: &'static str, target: impl Into<String>, before: Json, after: Json) -> Entry {
        Entry { who: self.name.clone(), what, target: target.into(), before, after, decision: self.id.clone() }
    }
}

impl<S: Store + Ledger, H: Host> Gateway<S, H> {
    /// What lies below [`API_PREFIX`].
    pub(super) async fn administration(
        &self,
        target: &Target,
        mut incoming: Incoming<H::Stream>,
        id: &str,
    ) -> Response<Body<H::Stream>> {
        let mut line = Line::default();
        let outcome = self.administer(target, &mut incoming, id, &mut line).await;
        self.conclude(outcome, "allow", line, id, &incoming)
    }

    async fn administer(
        &self,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        id: &str,
        line: &mut Line,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let call = Call::read(&incoming.method, target)?;
        // Before the body is read: strangers must not make the gate read.
        let author = self.admitted(&call, &incoming.method, &incoming.headers, id, line).await?;
        let limit = if matches!(call, Call::Publish) { MAX_PUBLISH_BYTES } else { MAX_WRITE_BYTES };
        let body = match incoming.method {
            Method::POST | Method::PATCH => read_body(&incoming.headers, &mut incoming.body, limit).await?,
            _ => None,
        };
        let writes = !matches!(incoming.method, Method::GET | Method::HEAD);
        let answer = match call {
            Call::Publish => self.publish(&author, body).await,
            Call::Activate(number) => self.activate(&author, number, body).await,
            Call::Publications => self.publications(target).await,
            Call::Publication(number) => self.publication(number).await,
            Call::Tables => self.tables().await,
            Call::Rows(table) => self.rows(&table, target).await,
            Call::Row(table, key) => self.row(&table, &key).await,
            Call::CreateRow(table) => self.create_row(&author, &table, target, body).await,
            Call::ChangeRow(table, key) => {
                self.change_row(&author, (&table, &key), target, &incoming.headers, body).await
            }
            Call::DeleteRow(table, key) => self.delete_row(&author, (&table, &key), target, &incoming.headers).await,
            Call::Audit => self.audit(target).await,
            Call::Changes => self.changes(target).await,
        };
        // Whoever changed something here sees it with the next request, at least from this isolate.
        if writes && let Some(active) = self.known.active() {
            let _ = self.listen(&active).await;
        }
        answer
    }

    /// Who sends this, if they may do it.
    async fn admitted(
        &self,
        call: &Call,
        method: &Method,
        headers: &HeaderMap,
        id: &str,
        line: &mut Line,
    ) -> Result<Author, Refusal> {
        let mut question = call.question();
        let describe = |line: &mut Line| {
            line.route = Some(call.path().to_string());
            line.action = Some(call.question().action);
            line.resource = Some(call.question().resource.to_string());
        };
        describe(line);
        if self.is_bootstrap(headers) {
            line.principal = Some(BOOTSTRAP.to_string());
            return Ok(Author { name: BOOTSTRAP.to_string(), id: id.to_string() });
        }
        if *method != Method::GET
            && !headers.contains_key(header::AUTHORIZATION)
            && headers.contains_key(header::COOKIE)
        {
            let detail = "a cookie alone changes nothing here, since another site's page could have sent it: \
                          send the token as `Authorization: Bearer`";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "cookie-alone", detail));
        }
        let (name, allow) = self
            .attempt(async |active| {
                *line = Line::by(active.number);
                describe(line);
                let at_least = at_least(headers)?;
                let caller = self.caller(active, headers, at_least).await?;
                line.principal = Some(caller.principal.to_string());
                question.context = caller.context(active.mapping(), &question.action, Map::new())?;
                let decided = self.decide(active, &caller.principal, &question, id, at_least).await?;
                line.decided(&decided);
                Ok::<_, Stop>(Said::confirmed((caller.principal.to_string(), decided.decision.allow)))
            })
            .await?;
        match allow {
            true => Ok(Author { name, id: id.to_string() }),
            false => Err(Refusal::denied()),
        }
    }

    /// Whether the request brings the bootstrap key, of which the gate knows the SHA-256 alone.
    fn is_bootstrap(&self, headers: &HeaderMap) -> bool {
        let Ok(Some(token)) = bearer(headers) else { return false };
        is_hashed_in(&token, &self.config.admin_keys)
    }

    /// The bundle in force, asked for anew: what is administered here is what stands in the database now.
    async fn in_force(&self) -> Result<Arc<Active>, Refusal> {
        self.reload().await
    }

    async fn audit(&self, target: &Target) -> Result<Response<Vec<u8>>, Refusal> {
        let limit = limit(target)?;
        let entries = self.store.audit(number(target, "after")?.unwrap_or(0), limit).await.map_err(failed)?;
        let next = entries.last().filter(|_| entries.len() == limit).map(|entry| entry.number);
        Ok(ok(&json!({ "entries": entries, "next": next })))
    }

    async fn changes(&self, target: &Target) -> Result<Response<Vec<u8>>, Refusal> {
        let limit = limit(target)?;
        let changes = self.store.changes(number(target, "after")?.unwrap_or(0), limit).await.map_err(failed)?;
        let revision = self.store.revision().await.map_err(failed)?;
        let next = changes.last().filter(|_| changes.len() == limit).map(|change| change.revision);
        Ok(ok(&json!({ "changes": changes, "next": next, "revision": revision })))
    }
}

/// The members of a body, of which none is unknown.
struct Members(Map<String, Json>);

impl Members {
    fn read(body: Option<Json>, known: &[&str]) -> Result<Members, Refusal> {
        let Some(Json::Object(fields)) = body else { return Err(bad("the body is no JSON object")) };
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(bad(format!(
                "the body has a member `{name}`, which means nothing here: it takes {}",
                known.join(", ")
            ))),
            None => Ok(Members(fields)),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(format!("`{name}` is no text"))),
        }
    }

    fn flag(&self, name: &str, otherwise: bool) -> Result<bool, Refusal> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(otherwise),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(_) => Err(bad(format!("`{name}` is neither true nor false"))),
        }
    }

    fn note(&self) -> Result<&str, Refusal> {
        let note = self.text("note")?.unwrap_or_default();
        match note.chars().count() <= MAX_NOTE_CHARACTERS && !note.contains('\0') {
            true => Ok(note),
            false => Err(bad(format!("`note` has more than {MAX_NOTE_CHARACTERS} characters, or one that is none"))),
        }
    }

    /// The number of the bundle that the author compared with.
    fn base(&self) -> Result<u64, Refusal> {
        self.0.get("base").and_then(Json::as_u64).ok_or_else(|| {
            let detail = "`base` is missing: name the number of the bundle that you compared with (0 where there was none); \
                          `GET /.palisade/api/bundles` says it";
            Refusal::bad_request("base-missing", detail)
        })
    }
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::bad_request("bad-call", detail)
}

/// 422: understood, and wrong.
fn wrong(code: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
}

/// 409: somebody else was faster.
fn conflict(code: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, code, detail)
}

fn failed(error: StoreError) -> Refusal {
    Refusal::unavailable(error.to_string())
}

fn answer(status: StatusCode, body: &Json) -> Response<Vec<u8>> {
    json_like(status, "application/json", body.to_string().into_bytes())
}

fn ok(body: &Json) -> Response<Vec<u8>> {
    answer(StatusCode::OK, body)
}

fn with(mut response: Response<Vec<u8>>, name: header::HeaderName, value: &str) -> Response<Vec<u8>> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn parameter(target: &Target, name: &str) -> Result<Option<String>, Refusal> {
    target.parameter(name).map_err(|error| bad(error.to_string()))
}

fn number(target: &Target, name: &str) -> Result<Option<u64>, Refusal> {
    let wrong = || bad(format!("`{name}` is no whole number"));
    // The database counts with signs.
    let read = |text: String| text.parse::<u64>().ok().filter(|n| *n <= i64::MAX as u64).ok_or_else(wrong);
    parameter(target, name)?.map(read).transpose()
}

fn limit(target: &Target) -> Result<usize, Refusal> {
    let wanted = number(target, "limit")?.unwrap_or(PAGE_LENGTH as u64);
    Ok(wanted.clamp(1, MAX_PAGE_LENGTH as u64) as usize)
}

fn is_dry_run(target: &Target) -> Result<bool, Refusal> {
    match parameter(target, "dry_run")?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        // A guess would either write what was to be tried, or not write what was meant.
        Some(_) => Err(bad("`dry_run` is neither `true` nor `false`")),
    }
}
