// SPDX-License-Identifier: Apache-2.0
//! Grants by principal scope, action and resource scope: a decision looks up, it does not search.

use crate::facts::{Facts, Grant, Scope};
use crate::name::Uid;
use std::collections::{HashMap, HashSet};

/// The grants of one set of facts, by what they are about. Every part of a scope is a number, so that a probe compares
/// three integers.
pub struct Index {
    /// Numbers of scopes. A scope that no grant has is not here, and need not be probed.
    scopes: HashMap<Scope, u32>,
    actions: HashMap<String, u32>,
    /// (principal scope, action, resource scope) → positions in `Facts::grants`.
    grants: HashMap<(u32, u32, u32), Vec<u32>>,
    /// Principal scopes that some grant has, so that resources are probed only where it matters.
    principals: HashSet<u32>,
}

/// The number of "every action".
const EVERY_ACTION: u32 = 0;

impl Index {
    pub fn new(facts: &Facts) -> Index {
        let mut index = Index {
            scopes: HashMap::new(),
            actions: HashMap::new(),
            grants: HashMap::new(),
            principals: HashSet::new(),
        };
        for (at, grant) in facts.grants.iter().enumerate() {
            index.add(at as u32, grant);
        }
        index
    }

    fn add(&mut self, at: u32, grant: &Grant) {
        let principal = number(&mut self.scopes, &grant.principal);
        let resource = number(&mut self.scopes, &grant.resource);
        self.principals.insert(principal);
        let actions = match &grant.actions {
            None => vec![EVERY_ACTION],
            Some(actions) => {
                // Numbers from 1: 0 is every action.
                let next = |all: &mut HashMap<String, u32>, action: &String| {
                    let new = all.len() as u32 + 1;
                    *all.entry(action.clone()).or_insert(new)
                };
                actions.iter().map(|action| next(&mut self.actions, action)).collect()
            }
        };
        for action in actions {
            let list = self.grants.entry((principal, action, resource)).or_default();
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
    }

    /// Positions of every grant that holds for this request, permits and forbids, in order. `principals` and `resources`
    /// are the request's principal and resource, each followed by what it lies in.
    pub fn matching(&self, principals: &[Uid], action: &str, resources: &[Uid]) -> Vec<u32> {
        let principals = self.numbers(principals);
        let resources = self.numbers(resources);
        let actions = [Some(EVERY_ACTION), self.actions.get(action).copied()];
        let mut found = Vec::new();
        for principal in principals.into_iter().filter(|p| self.principals.contains(p)) {
            for action in actions.into_iter().flatten() {
                for resource in &resources {
                    if let Some(list) = self.grants.get(&(principal, action, *resource)) {
                        found.extend_from_slice(list);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The numbers of every scope that holds for an entity, given it and its ancestors.
    fn numbers(&self, ancestry: &[Uid]) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(ancestry.len() * 2 + 3);
        let mut look = |scope: Scope| numbers.extend(self.scopes.get(&scope).copied());
        look(Scope::Any);
        if let Some(own) = ancestry.first() {
            look(Scope::Is(own.kind.clone()));
            look(Scope::Eq(own.clone()));
            for uid in ancestry {
                look(Scope::In(uid.clone()));
                look(Scope::IsIn(own.kind.clone(), uid.clone()));
            }
        }
        numbers
    }
}

fn number(scopes: &mut HashMap<Scope, u32>, scope: &Scope) -> u32 {
    let next = scopes.len() as u32;
    *scopes.entry(scope.clone()).or_insert(next)
}
