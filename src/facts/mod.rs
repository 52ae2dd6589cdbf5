// SPDX-License-Identifier: Apache-2.0
//! What is so now: rows read into entities and grants, and until when they stay so.
//!
//! [`build`] is a pure function of what is permitted, rows and an instant (section 4 of the design). The same function
//! serves a slice of the rows and all of them; that a slice decides like the whole is a tested law.
//!
//! A row that cannot be read never widens access: it loses its permits and keeps its forbids.

mod build;
mod grants;
mod standing;

pub use crate::engine::{Effect, Scope};
pub use build::{External, Given, build, build_given, group_role_id, misread};
pub use standing::{key_parts, key_text, read_text};

use crate::engine::Plain;
use crate::name::Uid;
use crate::report::Finding;
use crate::rows::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// Entities and grants at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub entities: BTreeMap<Uid, Entity>,
    /// In the order of their ids, which are unique.
    pub grants: Vec<Grant>,
    /// Entities about which something that policies read cannot be read. They may do nothing and nothing may be done to
    /// them; `grants` says so too, and this map says why.
    pub tainted: BTreeMap<Uid, String>,
    /// The earliest instant at which these facts change by themselves: a grant expires. They must not be used from then.
    pub until: Option<Millis>,
    /// Rows that cannot be read, each with its table and key.
    pub findings: Vec<Finding>,
}

/// One request, as far as the choice of rows goes: what a store is asked for, and what the facts made of its answer can
/// decide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    pub principal: Uid,
    pub resource: Uid,
    /// Further principals and resources, asked about at once.
    pub others: Vec<Uid>,
    pub further: Vec<Uid>,
    /// Entities from outside the database that came with the request.
    pub externals: Vec<External>,
    /// Entities whose rows are needed though they are neither principal nor resource: those that the context names, and
    /// those that hand-written policies name (`Folder::"root"`) and look into.
    pub context: Vec<Uid>,
    /// The requested actions with all that imply them ([`crate::mapping::Mapping::implying`]); every action where `None`.
    pub actions: Option<Vec<String>>,
}

/// An entity: one row, or a role within a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    pub attributes: BTreeMap<String, Attribute>,
    pub parents: BTreeSet<Uid>,
    /// The row behind it, `TABLE/KEY`.
    pub source: String,
}

/// The value of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    Bool(bool),
    Long(i64),
    /// A number with at most four digits behind the point, as Cedar writes it.
    Decimal(String),
    Text(String),
    Time(Millis),
    Entity(Uid),
    Texts(BTreeSet<String>),
    /// A value that came with the question.
    Given(Plain),
}

/// What one row conveys. A grant has no condition: its scopes say all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The id of the Cedar policy that says the same.
    pub id: String,
    /// The row that conveys it, `TABLE/KEY`.
    pub source: String,
    /// Other rows that it rests on: the permission, the role's permission behind a scoped assignment.
    pub rests_on: Vec<String>,
    pub effect: Effect,
    pub principal: Scope,
    /// Action ids; every action where `None`, which only a forbid is.
    pub actions: Option<Vec<String>>,
    pub resource: Scope,
}

impl Facts {
    /// `uid` and everything that it lies in, each once, nearest first.
    pub fn ancestry(&self, uid: &Uid) -> Vec<Uid> {
        let mut all = vec![uid.clone()];
        let mut seen: BTreeSet<Uid> = all.iter().cloned().collect();
        let mut next = 0;
        while next < all.len() {
            if let Some(entity) = self.entities.get(&all[next]) {
                for parent in &entity.parents {
                    if seen.insert(parent.clone()) {
                        all.push(parent.clone());
                    }
                }
            }
            next += 1;
        }
        all
    }
}
