// SPDX-License-Identifier: Apache-2.0
//! The question: who, what, on which, in what context.

use crate::facts::External;
use crate::name::Uid;

/// One question.
#[derive(Clone, Debug)]
pub struct Query {
    pub principal: Uid,
    /// The action's id, without its type.
    pub action: String,
    pub resource: Uid,
    /// Made by [`Engine::context`](super::Engine::context), which checks it.
    pub context: Context,
    /// Entities of types that live outside the database, as the request describes them.
    pub externals: Vec<External>,
}

/// Attributes of the request, checked against what the action takes.
#[derive(Clone, Debug)]
pub struct Context {
    pub(super) values: cedar_policy::Context,
    /// Entities that it names: a slice loads them too.
    pub entities: Vec<Uid>,
}

impl Context {
    pub fn empty() -> Context {
        Context { values: cedar_policy::Context::empty(), entities: Vec::new() }
    }
}

impl Query {
    /// A question without context.
    pub fn new(principal: Uid, action: impl Into<String>, resource: Uid) -> Query {
        Query { principal, action: action.into(), resource, context: Context::empty(), externals: Vec::new() }
    }
}
