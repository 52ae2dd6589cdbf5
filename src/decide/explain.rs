// SPDX-License-Identifier: Apache-2.0
//! Behind a deny: the grants that come nearest, and what each of them lacks.

use super::Query;
use crate::facts::{Effect, Facts, Grant, Scope};
use crate::name::Uid;
use std::collections::BTreeSet;

/// A grant that would have allowed the request, but for one or two things.
#[derive(Clone, Debug, PartialEq)]
pub struct NearGrant<'a> {
    pub grant: &'a Grant,
    /// What the request lacks. Never empty.
    pub missing: Vec<Missing>,
}

/// One thing that a request lacks for a grant to hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Missing {
    /// The principal is not this scope: does not hold that role, is not in that group, is somebody else.
    Principal(Scope),
    /// The grant is for these other actions.
    Action(Vec<String>),
    /// The grant is for other resources.
    Resource(Scope),
}

/// The permits nearest to a request that was denied, nearest first, at most `most` of them. Grants that hold, and those
/// that lack all three, are left out.
pub fn nearest<'a>(facts: &'a Facts, query: &Query, most: usize) -> Vec<NearGrant<'a>> {
    let principals: BTreeSet<Uid> = facts.ancestry(&query.principal).into_iter().collect();
    let resources: BTreeSet<Uid> = facts.ancestry(&query.resource).into_iter().collect();
    let mut near: Vec<(u32, NearGrant)> = facts
        .grants
        .iter()
        .filter(|grant| grant.effect == Effect::Permit)
        .filter_map(|grant| {
            let mut missing = Vec::new();
            let mut distance = 0;
            if !holds(&grant.principal, &query.principal, &principals) {
                // A role or a group can be joined; another person's own grant is farther away.
                distance += if matches!(grant.principal, Scope::In(_)) { 2 } else { 4 };
                missing.push(Missing::Principal(grant.principal.clone()));
            }
            if let Some(actions) = &grant.actions
                && !actions.contains(&query.action)
            {
                distance += 5;
                missing.push(Missing::Action(actions.clone()));
            }
            if !holds(&grant.resource, &query.resource, &resources) {
                distance += 3;
                missing.push(Missing::Resource(grant.resource.clone()));
            }
            (!missing.is_empty() && missing.len() < 3 && distance < 8)
                .then_some((distance, NearGrant { grant, missing }))
        })
        .collect();
    near.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.grant.id.cmp(&y.grant.id)));
    near.into_iter().take(most).map(|(_, near)| near).collect()
}

fn holds(scope: &Scope, own: &Uid, ancestry: &BTreeSet<Uid>) -> bool {
    match scope {
        Scope::Any => true,
        Scope::Is(kind) => own.kind == *kind,
        Scope::Eq(uid) => own == uid,
        Scope::In(uid) => ancestry.contains(uid),
        Scope::IsIn(kind, uid) => own.kind == *kind && ancestry.contains(uid),
    }
}
