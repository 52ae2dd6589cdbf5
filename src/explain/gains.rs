// SPDX-License-Identifier: Apache-2.0
//! What else a change of a row would allow. Only questions are asked that the change can be about: those of the grants that
//! came or went, and those of entities that reach one that became another.

use super::situation::{Situation, holds};
use super::words::{called, deed};
use crate::decide::{Prepared, Query};
use crate::facts::{Attribute, Effect, Facts, Grant, Scope};
use crate::mapping::Mapping;
use crate::name::Uid;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How many examples are told.
const MOST_EXAMPLES: usize = 3;

/// What a change does beside what it is for.
#[derive(Default)]
pub struct Gains {
    /// How many other decisions become an allow; `None` where too many would have to be asked.
    pub also: Option<usize>,
    /// The first of them, in words.
    pub examples: Vec<String>,
    /// How many are an allow no more, as far as they were asked.
    pub lost: usize,
}

/// Who and what can be asked about; worked out once.
pub struct Questions {
    principals: Vec<Uid>,
    resources: Vec<Uid>,
    actions: Vec<String>,
    /// By type of a resource: the actions that it takes.
    of_type: HashMap<String, Vec<u32>>,
    /// What each of them lies in, before the change.
    above: HashMap<Uid, BTreeSet<Uid>>,
}

impl Questions {
    pub fn new(situation: &Situation) -> Questions {
        let (facts, mapping) = (situation.facts(), situation.places.mapping);
        let principal_types: BTreeSet<&str> =
            mapping.principals().map(|(_, entity)| entity.type_name.as_str()).collect();
        let resource_types: BTreeSet<&str> = mapping.resource_types().collect();
        let of = |types: &BTreeSet<&str>| -> Vec<Uid> {
            facts.entities.keys().filter(|uid| types.contains(uid.kind.as_str())).cloned().collect()
        };
        let mut actions: BTreeSet<String> = mapping.declared_actions().into_keys().collect();
        actions.extend(facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten().cloned()));
        actions.insert(situation.query.action.clone());
        let actions: Vec<String> = actions.into_iter().collect();
        let (principals, resources) = (of(&principal_types), of(&resource_types));
        let of_type = resource_types
            .iter()
            .map(|kind| {
                let taken = (0..actions.len() as u32).filter(|at| takes(mapping, &actions[*at as usize], kind));
                ((*kind).to_string(), taken.collect())
            })
            .collect();
        Questions { principals, resources, actions, of_type, above: HashMap::new() }
    }

    /// Asks before and after a change, at most `budget` questions; those that were asked are taken off it.
    pub fn gained(&mut self, situation: &Situation, after: &Prepared, budget: &mut usize) -> Gains {
        let Some(asked) = self.concerned(situation, &after.facts, *budget) else { return Gains::default() };
        *budget -= asked.len().min(*budget);
        let (mut count, mut lost, mut examples) = (0, 0, Vec::new());
        let mut asked: Vec<(u32, u32, u32)> = asked.into_iter().collect();
        asked.sort_unstable();
        let engine = situation.case.engine;
        for (principal, resource, action) in asked {
            let (principal, resource) = (&self.principals[principal as usize], &self.resources[resource as usize]);
            let action = &self.actions[action as usize];
            let own = situation.query;
            if *principal == own.principal && *resource == own.resource && *action == own.action {
                continue;
            }
            let query = Query::new(principal.clone(), action, resource.clone());
            let (was, is) = (engine.allows(&situation.prepared, &query), engine.allows(after, &query));
            lost += usize::from(was && !is);
            if is && !was {
                count += 1;
                if examples.len() < MOST_EXAMPLES {
                    let places = &situation.places;
                    examples.push(format!("{} may {}", called(places, principal), deed(places, action, resource)));
                }
            }
        }
        Gains { also: Some(count), examples, lost }
    }

    /// The questions that a change can be about, as numbers.
    fn concerned(&mut self, situation: &Situation, after: &Facts, most: usize) -> Option<HashSet<(u32, u32, u32)>> {
        let before = situation.facts();
        let mut asked = HashSet::new();
        let touched = touched(before, after);
        // A policy that names an entity looks at it whatever is asked.
        if touched.iter().any(|uid| situation.case.bundle.named.contains(uid)) {
            return None;
        }
        let reaching = reaching(after, &touched);
        for (at, principal) in self.principals.iter().enumerate() {
            if reaching.contains(principal) {
                for resource in 0..self.resources.len() {
                    self.ask(&mut asked, at, resource, None);
                }
            }
            if asked.len() > most {
                return None;
            }
        }
        for (at, resource) in self.resources.iter().enumerate() {
            if reaching.contains(resource) {
                for principal in 0..self.principals.len() {
                    self.ask(&mut asked, principal, at, None);
                }
            }
            if asked.len() > most {
                return None;
            }
        }
        let (old, new) = (grants(before), grants(after));
        let came = after.grants.iter().filter(|grant| !old.contains(&said(grant)));
        let went = before.grants.iter().filter(|grant| !new.contains(&said(grant)));
        for grant in came.chain(went) {
            let of = |uids: &[Uid], scope, above: &mut HashMap<Uid, BTreeSet<Uid>>| -> Vec<usize> {
                let mut found = Vec::new();
                for (at, uid) in uids.iter().enumerate() {
                    let above = above.entry(uid.clone()).or_insert_with(|| before.ancestry(uid).into_iter().collect());
                    if holds(scope, uid, above) {
                        found.push(at);
                    }
                }
                found
            };
            let principals = of(&self.principals, &grant.principal, &mut self.above);
            let resources = of(&self.resources, &grant.resource, &mut self.above);
            for principal in &principals {
                for resource in &resources {
                    self.ask(&mut asked, *principal, *resource, grant.actions.as_deref());
                }
                if asked.len() > most {
                    return None;
                }
            }
        }
        Some(asked)
    }

    fn ask(&self, asked: &mut HashSet<(u32, u32, u32)>, principal: usize, resource: usize, actions: Option<&[String]>) {
        let taken = self.of_type.get(&self.resources[resource].kind).map_or(&[][..], Vec::as_slice);
        for action in taken {
            if actions.is_none_or(|actions| actions.contains(&self.actions[*action as usize])) {
                asked.insert((principal as u32, resource as u32, *action));
            }
        }
    }
}

fn takes(mapping: &Mapping, action: &str, kind: &str) -> bool {
    match mapping.actions.get(action) {
        Some(declared) => declared.resources.is_empty() || declared.resources.iter().any(|own| own == kind),
        None => true,
    }
}

/// What a grant says, without which row says it.
fn said(grant: &Grant) -> Said<'_> {
    (grant.effect, &grant.principal, &grant.actions, &grant.resource)
}

type Said<'g> = (Effect, &'g Scope, &'g Option<Vec<String>>, &'g Scope);

fn grants(facts: &Facts) -> HashSet<Said<'_>> {
    facts.grants.iter().map(said).collect()
}

/// Entities that are others than they were.
fn touched(before: &Facts, after: &Facts) -> BTreeSet<Uid> {
    let differs = |uid: &&Uid| before.entities.get(*uid) != after.entities.get(*uid);
    before.entities.keys().chain(after.entities.keys()).filter(differs).cloned().collect()
}

/// All entities from which some of these can be reached, through attributes or upwards; these among them.
fn reaching(facts: &Facts, touched: &BTreeSet<Uid>) -> BTreeSet<Uid> {
    let mut from: BTreeMap<&Uid, Vec<&Uid>> = BTreeMap::new();
    if touched.is_empty() {
        return BTreeSet::new();
    }
    for (uid, entity) in &facts.entities {
        let named = entity.attributes.values().filter_map(|value| match value {
            Attribute::Entity(other) => Some(other),
            _ => None,
        });
        for other in named.chain(&entity.parents) {
            from.entry(other).or_default().push(uid);
        }
    }
    let mut found: BTreeSet<Uid> = touched.clone();
    let mut next: Vec<Uid> = touched.iter().cloned().collect();
    while let Some(uid) = next.pop() {
        for other in from.get(&uid).into_iter().flatten() {
            if found.insert((*other).clone()) {
                next.push((*other).clone());
            }
        }
    }
    found
}
