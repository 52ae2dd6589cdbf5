// SPDX-License-Identifier: Apache-2.0
//! Bundle, facts and query into a decision. Reads no clock, no file and no network.
//!
//! The compiled engine (`engine`) decides; this room speaks of rows, grants and policies where it speaks of numbers. The
//! law: decision, determining policies and policies that fail are those of `cedar_policy::Authorizer` on the exported
//! policies and entities, save that a `forbid` that cannot be evaluated denies, where Cedar skips it.

mod context;
mod decision;
mod flips;
mod page;
mod query;

pub use decision::{Decision, Reason};
pub use flips::{Flip, Flips, MAX_COMPARED_QUESTIONS, MAX_LISTED_FLIPS, Side, among, flips, outside};
pub use page::{PAGE_FORMAT, Wanted};
pub use query::{Context, Query};

use crate::bundle::Bundle;
use crate::engine::{self, Data, DataBuilder, Found, Plain, Program, Request, World};
use crate::facts::{Ask, Attribute, Facts};
use crate::name::Uid;
use std::sync::Arc;

/// What one bundle permits, ready to be asked. Made once, asked often.
pub struct Engine {
    program: Arc<Program>,
    /// Entities that policies name: an unreadable one of them cannot be judged by.
    named: Vec<Uid>,
}

/// Facts in the engine's numbers. Made once for a slice, asked often until the slice changes.
pub struct Prepared {
    pub facts: Facts,
    program: Arc<Program>,
    data: Data,
}

/// Why there is nothing to decide by, or nothing to decide. Deny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecidable(pub String);

impl std::fmt::Display for Undecidable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Undecidable {}

impl Engine {
    /// Loads the program of a bundle.
    ///
    /// # Errors
    /// A program that was not made by `palisade compile`, or was damaged since.
    pub fn new(bundle: &Bundle) -> Result<Engine, Undecidable> {
        let program = Program::from_bytes(&bundle.program).map_err(|error| Undecidable(error.to_string()))?;
        Ok(Engine { program: Arc::new(program), named: bundle.named.iter().cloned().collect() })
    }

    /// An engine of a program alone.
    pub fn of(program: Program) -> Engine {
        Engine { program: Arc::new(program), named: Vec::new() }
    }

    /// The policies that do not come from rows.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What a store must be asked for to decide `query`.
    pub fn ask(&self, bundle: &Bundle, query: &Query) -> Ask {
        Ask {
            principal: query.principal.clone(),
            resource: query.resource.clone(),
            others: Vec::new(),
            further: Vec::new(),
            externals: query.externals.clone(),
            context: query.context.entities.iter().chain(&self.named).cloned().collect(),
            actions: Some(bundle.mapping.implying(&query.action)),
        }
    }

    /// Facts, made ready to be asked.
    ///
    /// # Errors
    /// More facts than can be numbered, or a value that cannot be one.
    pub fn prepare(&self, facts: Facts) -> Result<Prepared, Undecidable> {
        let data = data(&self.program, &facts, Provenance::InFacts)?;
        Ok(Prepared { facts, program: self.program.clone(), data })
    }

    /// Whether the request is allowed, and nothing else: reasons are not sought.
    pub fn allows(&self, prepared: &Prepared, query: &Query) -> bool {
        if self.undecided(prepared, &query.context).is_some() {
            return false;
        }
        match self.request(prepared, query) {
            Ok(mut request) => prepared.world().allows(&mut request),
            Err(_) => false,
        }
    }

    /// Decides, and says why.
    pub fn decide(&self, prepared: &Prepared, query: &Query) -> Decision {
        if let Some(why) = self.undecided(prepared, &query.context) {
            return Decision::undecided(why);
        }
        let mut request = match self.request(prepared, query) {
            Ok(request) => request,
            Err(error) => return Decision::undecided(error.to_string()),
        };
        let world = prepared.world();
        let trace = world.trace(&mut request);
        let faults = trace
            .faults
            .iter()
            .map(|(policy, fault)| format!("{}: {}", self.program.id(*policy), fault.sentence(&world.view(&request))));
        let mut errors: Vec<String> = faults.collect();
        errors.sort();
        let found = if trace.forbids(&self.program) { &trace.forbids } else { &trace.permits };
        let mut reasons: Vec<Reason> = found.iter().map(|found| self.reason(prepared, *found)).collect();
        reasons.sort();
        let failed = trace.faults.iter().map(|(policy, _)| self.program.id(*policy).to_string()).collect();
        Decision { allow: trace.allows(&self.program), reasons, errors, failed, undecided: false }
    }

    fn reason(&self, prepared: &Prepared, found: Found) -> Reason {
        match found {
            Found::Policy(policy) => {
                Reason { policy: self.program.id(policy).to_string(), source: self.program.source(policy).to_string() }
            }
            Found::Grant(grant) => {
                let grant = &prepared.facts.grants[grant as usize];
                Reason { policy: grant.id.clone(), source: grant.source.clone() }
            }
        }
    }

    /// Why these facts cannot be judged by.
    fn undecided(&self, prepared: &Prepared, context: &Context) -> Option<String> {
        if !Arc::ptr_eq(&self.program, &prepared.program) {
            return Some("the facts were prepared for other policies".to_string());
        }
        if prepared.facts.tainted.is_empty() {
            return None;
        }
        let mut looked_into = context.entities.iter().chain(&self.named);
        let reason = looked_into.find_map(|uid| prepared.facts.tainted.get(uid))?;
        Some(format!("the context or a policy names an entity that cannot be read: {reason}"))
    }

    fn request(&self, prepared: &Prepared, query: &Query) -> Result<Request, engine::TooMuch> {
        // Not checked against the schema: rows bring actions that it does not know, and guards deny what it would refuse.
        prepared.world().request(&query.principal, ("Action", &query.action), &query.resource, &query.context.values)
    }
}

impl Prepared {
    /// What the engine is asked in.
    pub fn world(&self) -> World<'_> {
        World { program: &self.program, data: &self.data }
    }

    /// Facts and policies in one piece, in their binary form ([`Data::from_bytes`]), with the rows that grants come from. It
    /// says nothing of until when they hold.
    ///
    /// # Errors
    /// As for [`Engine::prepare`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Undecidable> {
        Ok(data(&self.program, &self.facts, Provenance::InData)?.to_bytes(&self.program))
    }
}

/// Where it is told which row a grant comes from.
#[derive(PartialEq)]
enum Provenance {
    /// The facts are at hand and know it: nothing is written a second time for each request.
    InFacts,
    InData,
}

/// Facts in the numbers of a program.
fn data(program: &Program, facts: &Facts, provenance: Provenance) -> Result<Data, Undecidable> {
    let too_much = |error: engine::TooMuch| Undecidable(format!("the rows cannot be judged: {error}"));
    let mut builder = DataBuilder::new(program);
    for (uid, entity) in &facts.entities {
        let mut attributes = Vec::with_capacity(entity.attributes.len());
        for (name, value) in &entity.attributes {
            let value = plain(value).ok_or_else(|| Undecidable(format!("`{name}` of `{uid}` is no value")))?;
            attributes.push((name.as_str(), value));
        }
        builder.entity(uid, attributes, [], &entity.parents).map_err(too_much)?;
    }
    for grant in &facts.grants {
        let actions = grant.actions.as_ref().map(|actions| actions.iter().map(|action| ("Action", action.as_str())));
        builder.grant(grant.effect, &grant.principal, actions, &grant.resource);
        if provenance == Provenance::InData {
            builder.provenance(&grant.id, &grant.source);
        }
    }
    builder.finish().map_err(too_much)
}

/// An attribute as the engine takes it; `None` where it is no value.
pub fn plain(attribute: &Attribute) -> Option<Plain> {
    Some(match attribute {
        Attribute::Bool(value) => Plain::Bool(*value),
        Attribute::Long(value) => Plain::Long(*value),
        Attribute::Decimal(text) => Plain::extension("decimal", text)?,
        Attribute::Text(text) => Plain::Text(text.clone()),
        Attribute::Time(time) => Plain::Datetime(*time),
        Attribute::Entity(uid) => Plain::Entity(uid.clone()),
        Attribute::Texts(texts) => Plain::Set(texts.iter().cloned().map(Plain::Text).collect()),
        Attribute::Given(value) => value.clone(),
    })
}
