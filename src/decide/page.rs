// SPDX-License-Identifier: Apache-2.0
//! What one principal may do, in the form in which a page decides it: a short header, then the engine's world for one.
//!
//! ```text
//! u32 length   header, JSON in UTF-8   the engine's binary form of program and data
//! ```

use super::{Context, Engine, Prepared, Undecidable};
use crate::bundle::Bundle;
use crate::engine::{Special, Whose};
use crate::facts::{Ask, External};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The format of the header that this version writes.
pub const PAGE_FORMAT: u32 = 1;

/// What a page asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Each entity in the spelling that rows have; an id that no entity can have is left out.
    pub whose: Whose,
    /// Other spellings that the page uses, as `Type:id`, and the id that rows have for each.
    pub spellings: BTreeMap<String, String>,
}

/// What a page reads first.
#[derive(Serialize)]
struct Header<'a> {
    format: u32,
    principal: Named<'a>,
    /// Every action that something may permit, as far as anybody names it.
    actions: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    spellings: &'a BTreeMap<String, String>,
    /// Entities, as `Type:id`, that a context may not name: a row of theirs cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<String>,
}

#[derive(Serialize)]
struct Named<'a> {
    r#type: &'a str,
    id: &'a str,
}

impl Engine {
    /// What a store must be asked for to answer a page.
    pub fn ask_for_page(&self, bundle: &Bundle, whose: &Whose) -> Ask {
        let mut resources = whose.resources.iter().cloned();
        // A slice is of at least one resource; that a principal is one of its own shows it nothing.
        let resource = resources.next().unwrap_or_else(|| whose.principal.clone());
        Ask {
            principal: whose.principal.clone(),
            resource,
            others: Vec::new(),
            further: resources.collect(),
            externals: External::among(&bundle.mapping, whose.resources.iter().chain([&whose.principal])),
            context: whose.also.iter().chain(&self.named).cloned().collect(),
            actions: None,
        }
    }

    /// The bytes for a page. The same bytes for the same rows and the same question.
    ///
    /// # Errors
    /// The facts were prepared for other policies, or what is left of them cannot be numbered.
    pub fn page(&self, bundle: &Bundle, prepared: &Prepared, wanted: &Wanted) -> Result<Vec<u8>, Undecidable> {
        let too_much = |error: crate::engine::TooMuch| Undecidable(format!("the rows cannot be judged: {error}"));
        let mut whose = wanted.whose.clone();
        if self.undecided(prepared, &Context::empty()).is_some() {
            // Nothing can be decided, so nothing may be done to anything.
            whose.resources.clear();
        }
        let tainted = whose.also.iter().filter(|uid| prepared.facts.tainted.contains_key(uid));
        let unreadable = tainted.map(|uid| format!("{}:{}", uid.kind, uid.id)).collect();
        let Special { program, data, actions, every_action } = prepared.world().specialise(&whose).map_err(too_much)?;
        let declared = bundle.mapping.declared_actions();
        let named = actions.iter().filter(|action| action.kind == "Action").map(|action| action.id.as_str());
        let declared = declared.keys().filter(|_| every_action).map(String::as_str);
        let header = Header {
            format: PAGE_FORMAT,
            principal: Named { r#type: &whose.principal.kind, id: &whose.principal.id },
            actions: named.chain(declared).collect(),
            spellings: &wanted.spellings,
            unreadable,
        };
        let header = serde_json::to_vec(&header).map_err(|error| Undecidable(error.to_string()))?;
        let mut bytes = (header.len() as u32).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(data.to_bytes(&program));
        Ok(bytes)
    }
}
