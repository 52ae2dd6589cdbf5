// SPDX-License-Identifier: Apache-2.0
//! What a page asks for, to know what to show: the decisions of whoever is signed in, about some resources.
//!
//! It is advice for the screen. Nothing is ever forwarded because of it.

use super::Gateway;
use super::active::Active;
use super::answer::{Refusal, json_like};
use super::identity::{Caller, sha256_hex};
use super::judge::{Said, Stop, at_least, read_body};
use super::log::Line;
use super::origin::{Body, Host, Incoming};
use super::path::Target;
use super::routes::entity_id;
use crate::decide::Wanted;
use crate::engine::Whose;
use crate::mapping::Mapping;
use crate::name::{Uid, nearest};
use crate::rows::Millis;
use crate::store::{Ledger, Store, StoreError};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where a page asks.
pub const PAGE_PATH: &str = "/.palisade/bundle";

/// The type of the answer.
pub const PAGE_TYPE: &str = "application/vnd.palisade.bundle";

/// The most resources of one page, those of whole types and entities of contexts included.
pub const MAX_PAGE_ENTITIES: usize = 2_000;

/// The largest body of a question.
pub const MAX_PAGE_QUESTION_BYTES: usize = 512 * 1024;

/// How long a page may use an answer that nothing ends before. It asks again long before that.
pub const PAGE_FRESH_MILLIS: Millis = 5 * 60 * 1000;

/// Until when the answer may be used, in milliseconds from when it was asked for: clocks of other people's machines differ.
const FRESH_FOR: HeaderName = HeaderName::from_static("palisade-fresh-for");
/// The state of the rows, as in the log.
const REVISION: HeaderName = HeaderName::from_static("palisade-revision");

/// What a page asks about, as it writes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    types: BTreeSet<String>,
    resources: BTreeSet<String>,
    context: BTreeSet<String>,
    /// The answer that the page holds: where it is still right, it need not be sent again.
    unless: Option<String>,
}

impl Asked {
    /// From the parameters of a query: `type`, `resource` and `context`, each as often as needed.
    ///
    /// # Errors
    /// A parameter that means nothing here.
    pub fn of_query(target: &Target, headers: &HeaderMap) -> Result<Asked, Refusal> {
        let mut asked = Asked::default();
        let parameters =
            target.parameters().map_err(|error| Refusal::bad_request("bad-question", error.to_string()))?;
        for (name, value) in parameters {
            let list = asked.list(&name).ok_or_else(|| {
                bad(format!(
                    "there is no parameter `{name}`: `type=Document`, `resource=Document:42`, `context=Model:m`"
                ))
            })?;
            list.insert(value);
        }
        let held = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        asked.unless = held.map(str::to_string);
        Ok(asked)
    }

    /// From a JSON body: `{"types": [], "resources": [], "context": [], "unless": ""}`, each of them optional.
    ///
    /// # Errors
    /// A member that means nothing here, or is of another type.
    pub fn of_body(body: Option<Value>) -> Result<Asked, Refusal> {
        let Some(Value::Object(fields)) = body else { return Err(bad("the body is no JSON object")) };
        let mut asked = Asked::default();
        for (name, value) in fields {
            if name == "unless" {
                let text = value.as_str().ok_or_else(|| bad("`unless` is no text"))?;
                asked.unless = Some(text.to_string());
                continue;
            }
            let singular = match name.as_str() {
                "types" => "type",
                "resources" => "resource",
                other => other,
            };
            let list = asked.list(singular).ok_or_else(|| bad(format!("there is no member `{name}`")))?;
            let texts = value.as_array().map(|all| all.iter().map(Value::as_str).collect::<Option<Vec<&str>>>());
            let texts = texts.flatten().ok_or_else(|| bad(format!("`{name}` is no list of texts")))?;
            list.extend(texts.into_iter().map(str::to_string));
        }
        Ok(asked)
    }

    fn list(&mut self, name: &str) -> Option<&mut BTreeSet<String>> {
        match name {
            "type" => Some(&mut self.types),
            "resource" => Some(&mut self.resources),
            "context" => Some(&mut self.context),
            _ => None,
        }
    }

    /// The types of which every entity is asked for.
    ///
    /// # Errors
    /// A type that the model does not have, or whose entities are nowhere listed.
    pub fn types(&self, mapping: &Mapping) -> Result<&BTreeSet<String>, Refusal> {
        for name in &self.types {
            known_type(mapping, name)?;
            if mapping.entity(name).is_none() {
                return Err(bad(format!("`{name}` lives outside the database: ask for its entities one by one")));
            }
        }
        Ok(&self.types)
    }

    /// What is to be answered, where the entities of whole types are `listed`.
    ///
    /// # Errors
    /// A text that names no entity of the model, or too many of them.
    pub fn wanted(&self, mapping: &Mapping, caller: &Caller, listed: Vec<Uid>) -> Result<Wanted, Refusal> {
        let mut spellings = BTreeMap::new();
        let mut read = |texts: &BTreeSet<String>| -> Result<BTreeSet<Uid>, Refusal> {
            let mut all = BTreeSet::new();
            for text in texts {
                let (kind, given) = text.split_once(':').ok_or_else(|| {
                    bad(format!("`{text}` names no entity: write its type, a colon and its id, as in `Document:42`"))
                })?;
                known_type(mapping, kind)?;
                // What can be no id is of nothing that anybody may touch, and the page hears that by its absence.
                let Ok(id) = entity_id(mapping, kind, given) else { continue };
                if id != given {
                    spellings.insert(text.clone(), id.clone());
                }
                all.insert(Uid::new(kind, id));
            }
            Ok(all)
        };
        let mut resources = read(&self.resources)?;
        let also = read(&self.context)?;
        resources.extend(listed);
        if resources.len() + also.len() > MAX_PAGE_ENTITIES {
            return Err(too_many(format!("a page can ask about {MAX_PAGE_ENTITIES} entities at once, not more")));
        }
        let whose = Whose {
            principal: caller.principal.clone(),
            resources: resources.into_iter().collect(),
            also: also.into_iter().collect(),
            fixed: caller.fixed(mapping)?,
        };
        Ok(Wanted { whose, spellings })
    }

    /// The answer: these bytes, or that the page has them.
    pub fn answer(&self, bytes: Vec<u8>, revision: u64, fresh_for: Millis, by_query: bool) -> Response<Vec<u8>> {
        // Half of the hash is enough that nobody finds two answers with one tag. Weak, since the same answer may come
        // compressed or not.
        let tag = format!("W/\"{}\"", &sha256_hex(&bytes)[..32]);
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_string();
        let holds = |held: &str| held.split(',').any(|one| strong(one) == strong(&tag));
        let (status, body) = match (self.unless.as_deref().is_some_and(holds), by_query) {
            (false, _) => (StatusCode::OK, bytes),
            (true, true) => (StatusCode::NOT_MODIFIED, Vec::new()),
            // A precondition of a POST would have to fail with 412, which is no failure here.
            (true, false) => (StatusCode::NO_CONTENT, Vec::new()),
        };
        let mut response = json_like(status, PAGE_TYPE, body);
        let headers = response.headers_mut();
        let number = |number: u64| HeaderValue::from(number);
        headers.insert(FRESH_FOR, number(fresh_for.max(0) as u64));
        headers.insert(REVISION, number(revision));
        // The browser may keep it, and asks each time whether it is still right.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("Authorization, Cookie, Accept-Encoding"));
        headers
            .insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}

impl<S: Store + Ledger, H: Host> Gateway<S, H> {
    /// What whoever is signed in may do with some resources, for a page to decide by.
    pub(super) async fn page(
        &self,
        target: &Target,
        mut incoming: Incoming<H::Stream>,
        id: &str,
    ) -> Response<Body<H::Stream>> {
        let mut line = Line::default();
        let outcome = self.page_of(target, &mut incoming, &mut line).await;
        self.conclude(outcome, "page", line, id, &incoming)
    }

    async fn page_of(
        &self,
        target: &Target,
        incoming: &mut Incoming<H::Stream>,
        line: &mut Line,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let by_query = incoming.method == Method::GET;
        let mut asked = None;
        self.attempt(async |active| {
            *line = Line::by(active.number);
            let at_least = at_least(&incoming.headers)?;
            let caller = self.caller(active, &incoming.headers, at_least).await?;
            line.principal = Some(caller.principal.to_string());
            // After the caller is known: strangers must not make the gate read.
            let asked = match &mut asked {
                Some(asked) => asked,
                unread => unread.insert(match by_query {
                    true => Asked::of_query(target, &incoming.headers)?,
                    false => Asked::of_body(
                        read_body(&incoming.headers, &mut incoming.body, MAX_PAGE_QUESTION_BYTES).await?,
                    )?,
                }),
            };
            self.page_by(active, &caller, asked, by_query, at_least, line).await.map(Said::confirmed)
        })
        .await
    }

    async fn page_by(
        &self,
        active: &Active,
        caller: &Caller,
        asked: &Asked,
        by_query: bool,
        at_least: u64,
        line: &mut Line,
    ) -> Result<Response<Vec<u8>>, Stop> {
        let mapping = active.mapping();
        let mut listed = Vec::new();
        let mut revision = None;
        for kind in asked.types(mapping)? {
            let found = self.store.ids(&active.plan, kind, MAX_PAGE_ENTITIES).await.map_err(unanswered)?;
            if found.bundle != active.number {
                return Err(Stop::Changed);
            }
            revision = Some(revision.map_or(found.revision, |listed: u64| listed.min(found.revision)));
            listed.extend(found.ids.into_iter().map(|id| Uid::new(kind, id)));
        }
        let wanted = asked.wanted(mapping, caller, listed)?;
        line.entities(wanted.whose.resources.len());
        let kept = self.slice(active, active.engine.ask_for_page(&active.bundle, &wanted.whose), at_least).await?;
        let now = self.host.now();
        let ends = [kept.prepared.facts.until, caller.until].into_iter().flatten().map(|until| until - now);
        let fresh_for = ends.chain([PAGE_FRESH_MILLIS]).min().unwrap_or_default();
        let bytes = active.engine.page(&active.bundle, &kept.prepared, &wanted);
        let bytes = bytes.map_err(|error| Refusal::unavailable(error.to_string()))?;
        // What was listed before the rows were read may lack what came between: the earlier state is the honest one.
        let revision = revision.map_or(kept.revision, |listed| listed.min(kept.revision));
        Ok(asked.answer(bytes, revision, fresh_for, by_query))
    }
}

/// How a store's failure to list or load what a page asks for is told.
pub(super) fn unanswered(error: StoreError) -> Refusal {
    match error {
        StoreError::TooMuch { .. } => too_many(format!(
            "this is more than can be answered at once ({MAX_PAGE_ENTITIES} entities): ask for those that the page shows, by id"
        ))
        .because(error.to_string()),
        error => Refusal::unavailable(error.to_string()),
    }
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::bad_request("bad-question", detail)
}

fn too_many(detail: String) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-entities", detail)
}

fn known_type(mapping: &Mapping, name: &str) -> Result<(), Refusal> {
    let types: Vec<&str> = mapping.resource_types().collect();
    if types.contains(&name) {
        return Ok(());
    }
    let near = nearest(name, types).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(bad(format!("the model has no type `{name}`{near}")))
}
