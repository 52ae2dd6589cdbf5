// SPDX-License-Identifier: Apache-2.0
//! The searches: who may do this, on what may this be done, what may be done. Every candidate is decided as if it were asked
//! about by itself, so that a search and single questions never differ.
//!
//! An answer goes through so many candidates at most; one that has not seen all of them says where to go on. The place is
//! the last candidate that was looked at, in the order of ids, so that rows that come and go between two pages shift
//! nothing.

use super::batch::Rows;
use super::read::{Fields, Parts, Posed, posed, principal_type, resource_type};
use super::{Endpoint, Entry, Problem, Request};
use crate::gateway::Gateway;
use crate::gateway::active::Active;
use crate::gateway::answer::Refusal;
use crate::gateway::identity::{same, sha256_hex};
use crate::gateway::judge::{Said, Stop};
use crate::gateway::log::Line;
use crate::gateway::origin::Host;
use crate::gateway::routes::entity_id;
use crate::gateway::strict;
use crate::mapping::Mapping;
use crate::name::Uid;
use crate::store::{Store, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most entities that a type may have to be searched.
pub const MAX_CANDIDATES: usize = 10_000;

/// The most candidates that one answer goes through.
pub const MAX_JUDGED: usize = 500;

/// Which part of an answer is asked for.
struct Page {
    /// The candidate after which it begins; empty text for the first one.
    after: String,
    limit: Option<u64>,
    /// Whether the request speaks of pages.
    asked: bool,
    /// What the token of the next page is for: this very search.
    digest: String,
}

impl Page {
    fn read(endpoint: Endpoint, fields: &Fields) -> Result<Page, Problem> {
        let mut rest = fields.clone();
        let page = rest.remove("page");
        let digest = sha256_hex(format!("{endpoint:?}{}", Value::Object(rest)).as_bytes());
        let page = match page {
            None => return Ok(Page { after: String::new(), limit: None, asked: false, digest }),
            Some(Value::Object(page)) => page,
            Some(_) => return Err(Problem::bad("`page` is no object")),
        };
        let limit = match page.get("limit") {
            None => None,
            Some(limit) => {
                Some(limit.as_u64().ok_or_else(|| Problem::bad("`page.limit` is no whole number from 0 on"))?)
            }
        };
        let (after, limit) = match page.get("token") {
            None => (String::new(), limit),
            Some(Value::String(token)) if token.is_empty() => (String::new(), limit),
            Some(Value::String(token)) => {
                let wrong = || Problem::bad("`page.token` is none of this search's");
                let (after, of_token) = opened(token, &digest).ok_or_else(wrong)?;
                if limit.is_some() && limit != of_token {
                    return Err(Problem::bad("`page.limit` is another one than that of the first page"));
                }
                (after, of_token)
            }
            Some(_) => return Err(Problem::bad("`page.token` is no text")),
        };
        Ok(Page { after, limit, asked: true, digest })
    }

    /// The token of the page after this candidate. It tells the place and the limit, checks itself, and is for this very
    /// search. It opens nothing: whoever makes one up only begins somewhere else.
    fn token(&self, after: &str) -> String {
        let content = json!([after, self.limit]).to_string();
        format!("{}{content}", check(&self.digest, &content))
    }
}

/// How long the part of a token is that checks the rest.
const CHECK_BYTES: usize = 32;

/// Place and limit of a token, if it is one of this search's.
fn opened(token: &str, digest: &str) -> Option<(String, Option<u64>)> {
    let (checked, content) = token.split_at_checked(CHECK_BYTES)?;
    if !same(check(digest, content).as_bytes(), checked.as_bytes()) {
        return None;
    }
    let content = strict::parse(content.as_bytes()).ok()?;
    Some((content.get(0)?.as_str()?.to_string(), content.get(1)?.as_u64()))
}

fn check(digest: &str, content: &str) -> String {
    sha256_hex(format!("{digest}{content}").as_bytes())[..CHECK_BYTES].to_string()
}

/// What is looked for, and what is said of the rest.
struct Sought<'a> {
    parts: Parts<'a>,
    subject: Option<Uid>,
    resource: Option<Uid>,
    /// For an action, one is looked for; so there is none.
    action: Option<&'a str>,
    /// The type that is looked for, as the model has it and as the request spells it.
    kind: Option<&'a str>,
    spelt: Option<&'a str>,
}

/// One page of results.
#[derive(Default)]
struct Found {
    results: Vec<Value>,
    /// The token of the next page; empty where this is the last.
    next: String,
}

impl Sought<'_> {
    /// The question about one candidate; `None` where it cannot be asked, so that nobody may do it.
    ///
    /// # Errors
    /// No candidate could be asked about.
    fn posed(&self, candidate: &str, mapping: &Mapping) -> Result<Option<Posed>, Problem> {
        let own = || Some(Uid::new(self.kind?, candidate));
        let (Some(subject), Some(resource)) = (self.subject.clone().or_else(own), self.resource.clone().or_else(own))
        else {
            return Ok(None);
        };
        // What is looked for has no properties.
        let given = self.parts.given(self.subject.as_ref(), self.resource.as_ref(), mapping)?;
        let action = self.action.unwrap_or(candidate);
        let context = self.parts.context(action, mapping);
        let asked = context.and_then(|context| posed(subject, action, resource, context, given, mapping));
        match asked {
            Ok(posed) => Ok(Some(posed)),
            // Another action may take this context.
            Err(_) if self.action.is_none() => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

impl<S: Store, H: Host> Gateway<S, H> {
    /// One page of a search.
    pub(super) async fn search(
        &self,
        endpoint: Endpoint,
        fields: &Fields,
        request: Request<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<Value, Problem> {
        let page = Page::read(endpoint, fields)?;
        let parts = Parts::of(fields);
        let found = self.attempt(async |active| {
            entries.clear();
            let mut line = Line::by(active.number);
            let found = self.search_by(endpoint, parts, &page, active, request, &mut line).await;
            entries.push(Entry { id: request.id.to_string(), line, word: "search" });
            match found? {
                Ok(Some(found)) => Ok(Said::confirmed(Ok(found))),
                // Nothing was looked up: another bundle may know the type.
                Ok(None) => Ok(Said::unconfirmed(Ok(Found::default()))),
                Err(problem) => Ok(Said::unconfirmed(Err(problem))),
            }
        });
        let Found { results, next } = found.await.map_err(Problem::from)??;
        let mut answer = json!({});
        if page.asked || !next.is_empty() {
            answer["page"] = json!({ "next_token": next, "count": results.len() });
        }
        answer["results"] = results.into();
        Ok(answer)
    }

    /// The results; `None` where there is nothing to look through.
    async fn search_by(
        &self,
        endpoint: Endpoint,
        parts: Parts<'_>,
        page: &Page,
        active: &Active,
        request: Request<'_>,
        line: &mut Line,
    ) -> Result<Result<Option<Found>, Problem>, Stop> {
        let mapping = active.mapping();
        let sought = match sought(endpoint, parts, mapping) {
            Ok(Some(sought)) => sought,
            Ok(None) => return Ok(Ok(None)),
            Err(problem) => return Ok(Err(problem)),
        };
        line.principal = sought.subject.as_ref().map(Uid::to_string);
        line.action = sought.action.map(str::to_string);
        line.resource = sought.resource.as_ref().map(Uid::to_string);
        let all: BTreeSet<String> = match sought.kind {
            Some(kind) => {
                let found = self.store.ids(&active.plan, kind, MAX_CANDIDATES).await;
                let found = match found {
                    Ok(found) => found,
                    Err(StoreError::TooMuch { .. }) => {
                        let message =
                            format!("`{kind}` has more than {MAX_CANDIDATES} entities, too many to look through");
                        return Ok(Err(Problem::bad(message)));
                    }
                    Err(error) => return Err(Refusal::unavailable(error.to_string()).into()),
                };
                if found.bundle != active.number {
                    return Err(Stop::Changed);
                }
                // What no question could name is not found either.
                let named = |id: &String| entity_id(mapping, kind, id).is_ok_and(|own| own == *id);
                in_order(found.ids.into_iter().filter(named))
            }
            None => match self.actions(active, &sought, request).await? {
                Ok(actions) => actions,
                Err(problem) => return Ok(Err(problem)),
            },
        };
        let left: Vec<String> = all.into_iter().filter(|candidate| *candidate > page.after).collect();
        let mut most = MAX_JUDGED;
        let (mut rows, asked) = loop {
            let mut asked = Vec::new();
            for candidate in left.iter().take(most) {
                match sought.posed(candidate, mapping) {
                    Ok(posed) => asked.push((candidate.clone(), posed)),
                    Err(problem) => return Ok(Err(problem)),
                }
            }
            let questions: Vec<&Posed> = asked.iter().filter_map(|(_, posed)| posed.as_ref()).collect();
            if questions.is_empty() {
                break (None, asked);
            }
            match self.rows_of(active, &questions, false, request).await {
                Ok(rows) => break (Some(rows), asked),
                // Fewer of them may reach less.
                Err(Stop::Refused(refusal)) if refusal.code == "too-much" && most > 1 => most /= 8,
                Err(stop) => return Err(stop),
            }
        };
        let mut last = page.after.clone();
        let mut results = Vec::new();
        let mut judged = 0;
        for (candidate, posed) in &asked {
            if page.limit.is_some_and(|limit| results.len() as u64 >= limit) {
                break;
            }
            judged += 1;
            last.clone_from(candidate);
            if let (Some(rows), Some(posed)) = (&mut rows, posed)
                && allows(active, rows, posed)?
            {
                results.push(match sought.spelt {
                    Some(spelt) => json!({ "type": spelt, "id": candidate }),
                    None => json!({ "name": candidate }),
                });
            }
        }
        line.entities(judged);
        let next = if judged == left.len() { String::new() } else { page.token(&last) };
        Ok(Ok(Some(Found { results, next })))
    }

    /// Every action that could be allowed: those that the model names, and those that rows grant here.
    async fn actions(
        &self,
        active: &Active,
        sought: &Sought<'_>,
        request: Request<'_>,
    ) -> Result<Result<BTreeSet<String>, Problem>, Stop> {
        let mapping = active.mapping();
        let declared = mapping.declared_actions().into_keys();
        // Any action will do to ask about: what is fetched is of all of them.
        let posed = match sought.posed("", mapping) {
            Ok(Some(posed)) => posed,
            Ok(None) => return Ok(Ok(BTreeSet::new())),
            Err(problem) => return Ok(Err(problem)),
        };
        let mut rows = self.rows_of(active, &[&posed], true, request).await?;
        let facts = &rows.prepared(active, &posed.given)?.facts;
        let granted = facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten()).cloned();
        Ok(Ok(in_order(declared.chain(granted))))
    }
}

/// Each once, in their order. One by one: sorting them at once is more code than there is here otherwise.
fn in_order(names: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in names {
        all.insert(name);
    }
    all
}

fn allows(active: &Active, rows: &mut Rows, posed: &Posed) -> Result<bool, Refusal> {
    Ok(active.engine.allows(rows.prepared(active, &posed.given)?, &posed.query))
}

/// What is looked for; `None` where the model knows nothing of it.
fn sought<'a>(endpoint: Endpoint, parts: Parts<'a>, mapping: &'a Mapping) -> Result<Option<Sought<'a>>, Problem> {
    let (mut subject, mut resource, mut action, mut kind, mut spelt) = (None, None, None, None, None);
    // All of it is read before any of it is found unknown, so that what is missing is told.
    match endpoint {
        Endpoint::Subjects => {
            let name = parts.searched("subject")?;
            (spelt, kind) = (Some(name), principal_type(name, mapping));
        }
        _ => subject = Some(parts.subject(mapping)?),
    }
    match endpoint {
        Endpoint::Resources => {
            let name = parts.searched("resource")?;
            // Nobody knows what there is outside the database.
            (spelt, kind) = (Some(name), resource_type(name, mapping).filter(|kind| mapping.entity(kind).is_some()));
        }
        _ => resource = Some(parts.resource(mapping)?),
    }
    if endpoint != Endpoint::Actions {
        action = Some(parts.action()?);
    }
    parts.context(action.unwrap_or_default(), mapping)?;
    let unknown =
        matches!(subject, Some(None)) || matches!(resource, Some(None)) || (spelt.is_some() && kind.is_none());
    let (subject, resource) = (subject.flatten(), resource.flatten());
    Ok((!unknown).then_some(Sought { parts, subject, resource, action, kind, spelt }))
}
