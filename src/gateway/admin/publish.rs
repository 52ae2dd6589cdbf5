// SPDX-License-Identifier: Apache-2.0
//! Bundles: published, compared with the one in force, brought into force, listed.

use super::{Author, Members, answer, bad, conflict, failed, limit, number, ok, with, wrong};
use crate::decide::{Flips, MAX_COMPARED_QUESTIONS, MAX_LISTED_FLIPS, Side, Undecidable, among, flips};
use crate::engine::Whose;
use crate::export::Claim;
use crate::facts;
use crate::gateway::Gateway;
use crate::gateway::active::Active;
use crate::gateway::answer::Refusal;
use crate::gateway::origin::Host;
use crate::gateway::path::Target;
use crate::name::Uid;
use crate::rows::Rows;
use crate::store::{Ask, Ledger, MAX_BUNDLE_BYTES, NewBundle, Store, StoreError, Written};
use http::{Response, StatusCode, header};
use serde_json::{Value as Json, json};

/// The most policies of a bundle, generated and hand-written.
pub const MAX_POLICIES: usize = 10_000;

/// The most rows that are loaded to compare decisions on them. A Worker holds 128 MB.
pub const MAX_COMPARED_ROWS: usize = 5_000;

/// Where there are more rows: so many principals and resources are drawn, and of each principal the rows are loaded. Two
/// questions to the database a principal, of the 50 that the free plan grants a request.
const MAX_SAMPLED_PRINCIPALS: usize = 15;
const MAX_SAMPLED_RESOURCES: usize = 300;

/// Decisions that differ, or why nobody looked.
pub(super) enum Comparison {
    Made(Box<Flips>),
    NotMade(String),
}

impl Comparison {
    /// The members of an answer.
    pub(super) fn add_to(&self, body: &mut Json) {
        match self {
            Comparison::Made(flips) => body["comparison"] = json!(flips),
            Comparison::NotMade(why) => {
                body["comparison"] = Json::Null;
                body["not_compared"] = json!(why);
            }
        }
    }
}

impl<S: Store + Ledger, H: Host> Gateway<S, H> {
    /// `POST /.palisade/api/bundles`
    pub(super) async fn publish(&self, author: &Author, body: Option<Json>) -> Result<Response<Vec<u8>>, Refusal> {
        let members = Members::read(body, &["bundle", "note", "base", "activate", "dry_run"])?;
        let text = members.text("bundle")?.ok_or_else(|| bad("`bundle` is missing: the text of `bundle.json`"))?;
        let (base, note) = (members.base()?, members.note()?);
        let (activate, dry_run) = (members.flag("activate", true)?, members.flag("dry_run", false)?);
        let loaded = self.loaded(0, text).await?;
        let checked = self.checked_by_cedar(&loaded, &author.id)?;
        let comparison = self.against_base(base, &loaded).await?;
        let digest = crate::bundle::digest(text);
        let mut answered =
            json!({ "number": null, "digest": digest, "base": base, "checked": checked, "dry_run": dry_run });
        comparison.add_to(&mut answered);
        if dry_run {
            answered["active"] = json!(false);
            return Ok(ok(&answered));
        }
        let bundle = NewBundle { text, digest: &digest, note, base, activate };
        let after = json!({ "name": loaded.bundle.name, "digest": digest, "note": note, "active": activate });
        let entry = author.entry("publish", "", json!({ "active": base }), after);
        match self.store.publish(&bundle, &entry).await.map_err(failed)? {
            Written::Done(number) => {
                self.take_up().await;
                answered["number"] = json!(number);
                answered["active"] = json!(activate);
                let place = format!("/.palisade/api/bundles/{number}");
                Ok(with(answer(StatusCode::CREATED, &answered), header::LOCATION, &place))
            }
            Written::Stale => Err(overtaken(base)),
            Written::Constraint(cause) => Err(Refusal::unavailable(cause)),
        }
    }

    /// `POST /.palisade/api/bundles/N/activate`
    pub(super) async fn activate(
        &self,
        author: &Author,
        number: u64,
        body: Option<Json>,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let members = Members::read(body, &["base", "note", "dry_run"])?;
        let (base, note, dry_run) = (members.base()?, members.note()?, members.flag("dry_run", false)?);
        let (publication, text) = self.published(number).await?;
        let loaded = self.loaded(number, &text).await?;
        let checked = self.checked_by_cedar(&loaded, &author.id)?;
        let comparison = self.against_base(base, &loaded).await?;
        let mut answered = json!({
            "number": number, "digest": publication.digest, "base": base, "checked": checked, "dry_run": dry_run,
            "active": !dry_run,
        });
        comparison.add_to(&mut answered);
        if dry_run {
            return Ok(ok(&answered));
        }
        let after = json!({ "active": number, "digest": publication.digest, "note": note });
        let entry = author.entry("activate", "", json!({ "active": base }), after);
        match self.store.put_in_force(number, base, &entry).await.map_err(failed)? {
            Written::Done(_) => {
                self.take_up().await;
                Ok(ok(&answered))
            }
            Written::Stale => Err(overtaken(base)),
            Written::Constraint(cause) => Err(Refusal::unavailable(cause)),
        }
    }

    /// `GET /.palisade/api/bundles`
    pub(super) async fn publications(&self, target: &Target) -> Result<Response<Vec<u8>>, Refusal> {
        let limit = limit(target)?;
        let before = number(target, "before")?.unwrap_or(0);
        let all = self.store.publications(before, limit).await.map_err(failed)?;
        let active = self.store.number_in_force().await.map_err(failed)?;
        let next = all.last().filter(|_| all.len() == limit).map(|one| one.number);
        Ok(ok(&json!({ "bundles": all, "active": active, "next": next })))
    }

    /// `GET /.palisade/api/bundles/N`
    pub(super) async fn publication(&self, number: u64) -> Result<Response<Vec<u8>>, Refusal> {
        let (publication, text) = self.published(number).await?;
        let mut body = json!(publication);
        body["bundle"] = Json::String(text);
        Ok(ok(&body))
    }

    async fn published(&self, number: u64) -> Result<(crate::store::Publication, String), Refusal> {
        match self.store.publication(number).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => {
                let detail =
                    format!("no bundle {number} was published: `GET /.palisade/api/bundles` lists those that were");
                Err(Refusal::new(StatusCode::NOT_FOUND, "no-bundle", detail))
            }
            Err(error @ StoreError::Damaged { .. }) => {
                Err(wrong("damaged-bundle", format!("bundle {number} is not what was published"))
                    .because(error.to_string()))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// A bundle that this gate could decide by, on this database.
    async fn loaded(&self, number: u64, text: &str) -> Result<Active, Refusal> {
        let invalid = |why: String| wrong("invalid-bundle", why);
        if text.len() > MAX_BUNDLE_BYTES {
            let detail = format!("the bundle is {} bytes long, and D1 keeps {MAX_BUNDLE_BYTES} of one", text.len());
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "bundle-too-large", detail));
        }
        let loaded =
            Active::load(number, text).map_err(|why| invalid(format!("the gate cannot use this bundle: {why}")))?;
        if loaded.engine.program().len() > MAX_POLICIES {
            return Err(invalid(format!("the bundle has more than {MAX_POLICIES} policies")));
        }
        let mapping = loaded.mapping();
        // What a request would be refused for is told now.
        for (_, principal) in mapping.principals() {
            for resource in mapping.resource_types() {
                let ask = Ask {
                    principal: Uid::new(&principal.type_name, "?"),
                    resource: Uid::new(resource, "?"),
                    further: Vec::new(),
                    others: Vec::new(),
                    externals: Vec::new(),
                    context: Vec::new(),
                    actions: None,
                };
                loaded.plan.sql(&ask).map_err(|error| invalid(error.to_string()))?;
            }
        }
        match self.store.has_all(mapping).await {
            Ok(()) => Ok(loaded),
            Err(StoreError::Missing { what, .. }) => Err(invalid(format!(
                "the database has no {what}, which the bundle's model names: run the pack's `schema.sql` first"
            ))),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether Cedar, reading the bundle's texts, comes to the very program that it decides by; false where there is no
    /// Cedar to ask.
    fn checked_by_cedar(&self, loaded: &Active, id: &str) -> Result<bool, Refusal> {
        let answer = self.host.judge(&Claim::of(&loaded.bundle).question()).and_then(|answer| Claim::read(&answer));
        match answer {
            Ok(None) => Ok(true),
            Ok(Some(why)) => Err(wrong(
                "program-differs",
                format!("the bundle does not do what its policies say: {why}; compile the pack again"),
            )),
            Err(cause) => {
                self.host.log(&json!({ "alarm": "not-verified", "id": id, "cause": cause }).to_string());
                Ok(false)
            }
        }
    }

    /// What would be decided otherwise than by the bundle in force, which must be number `base`.
    async fn against_base(&self, base: u64, loaded: &Active) -> Result<Comparison, Refusal> {
        let running = match self.in_force().await {
            Ok(running) if running.number == base => running,
            Ok(running) => {
                let detail = format!(
                    "bundle {} is in force, and you compared with {base}: look at what it changed, and publish on top of it",
                    running.number
                );
                return Err(conflict("overtaken", detail));
            }
            // None yet, or one that cannot be read; which of them stands in the database, the write finds out.
            Err(_) => return Ok(Comparison::NotMade("no bundle is in force that could be read".to_string())),
        };
        let mapping = loaded.mapping();
        let rows = self.store.count(running.mapping(), MAX_COMPARED_ROWS).await;
        let more = self.store.count(mapping, MAX_COMPARED_ROWS).await;
        let (Ok(rows), Ok(more)) = (rows, more) else {
            return Ok(Comparison::NotMade("the rows cannot be counted".to_string()));
        };
        if rows.max(more) > MAX_COMPARED_ROWS {
            return Ok(self.compared_by_sample(&running, loaded).await.unwrap_or_else(|cause| {
                Comparison::NotMade(format!("there are too many rows to load, and no sample could be drawn: {cause}"))
            }));
        }
        let then = self.store.everything(&running.plan).await.map_err(failed)?;
        let now = self.store.everything(&loaded.plan).await.map_err(failed)?;
        Ok(self.compared((&running, &then.rows), (loaded, &now.rows)))
    }

    /// The decisions that differ between two states.
    pub(super) fn compared(&self, then: (&Active, &Rows), now: (&Active, &Rows)) -> Comparison {
        let at = self.host.now();
        let before = Side::new(&then.0.engine, &then.0.bundle, then.1, at);
        let after = Side::new(&now.0.engine, &now.0.bundle, now.1, at);
        match (before, after) {
            (Ok(before), Ok(after)) => {
                Comparison::Made(Box::new(flips(&before, &after, MAX_COMPARED_QUESTIONS, MAX_LISTED_FLIPS)))
            }
            (Err(error), _) | (_, Err(error)) => Comparison::NotMade(error.to_string()),
        }
    }

    /// The same for some principals and resources, each with all rows that its decisions need.
    async fn compared_by_sample(&self, then: &Active, now: &Active) -> Result<Comparison, String> {
        let mapping = then.mapping();
        let said = |error: StoreError| error.to_string();
        let undecided = |error: Undecidable| error.to_string();
        let (mut principals, mut resources) = (Vec::new(), Vec::new());
        let kinds = mapping.principals().count().max(1);
        for (table, entity) in mapping.principals() {
            let ids =
                self.store.sample(table, &entity.id, MAX_SAMPLED_PRINCIPALS.div_ceil(kinds)).await.map_err(said)?;
            principals.extend(ids.into_iter().map(|id| Uid::new(&entity.type_name, id)));
        }
        let kinds = mapping.entities().count().max(1);
        for (table, entity) in mapping.entities() {
            let ids =
                self.store.sample(table, &entity.id, MAX_SAMPLED_RESOURCES.div_ceil(kinds)).await.map_err(said)?;
            resources.extend(ids.into_iter().map(|id| Uid::new(&entity.type_name, id)));
        }
        let at = self.host.now();
        let mut all = Flips::default();
        for principal in principals.iter().take(MAX_SAMPLED_PRINCIPALS) {
            let whose = Whose {
                principal: principal.clone(),
                resources: resources.clone(),
                also: Vec::new(),
                fixed: Vec::new(),
            };
            let mut sides = Vec::with_capacity(2);
            for active in [then, now] {
                let ask = active.engine.ask_for_page(&active.bundle, &whose);
                let slice = self.store.slice(&active.plan, &ask).await.map_err(said)?;
                let facts = facts::build(&active.bundle, &slice.rows, &ask.externals, at);
                sides.push(Side::of(&active.engine, &active.bundle, facts).map_err(undecided)?);
            }
            let about: Vec<&Uid> = resources.iter().collect();
            let left = MAX_COMPARED_QUESTIONS.saturating_sub(all.asked);
            all.add(among(&sides[0], &sides[1], (&[principal], &about), left, MAX_LISTED_FLIPS), MAX_LISTED_FLIPS);
        }
        all.sampled = true;
        Ok(Comparison::Made(Box::new(all)))
    }

    /// Has this gate go on by what is in force now; others notice with their next request.
    async fn take_up(&self) {
        // Whatever fails here fails again, and louder, at the next request.
        let _ = self.reload().await;
    }
}

pub(super) fn too_many_rows() -> Comparison {
    Comparison::NotMade(format!(
        "the tables have more than {MAX_COMPARED_ROWS} rows: compare on a copy, with `palisade diff`"
    ))
}

fn overtaken(base: u64) -> Refusal {
    conflict("overtaken", format!("another bundle than {base} came into force meanwhile; nothing was written"))
}
