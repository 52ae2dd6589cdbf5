// SPDX-License-Identifier: Apache-2.0
//! Entities that lie in one another, with attributes and tags; and entities that are named but absent.

use super::value::{ATTRIBUTES, Kind, Rng, TAGS, Uid, Value};
use serde_json::{Map, json};
use std::collections::BTreeMap;

const KINDS: [&str; 5] = ["User", "Group", "Doc", "App::User", "App::Sub::Team"];

/// Ids that differ only where a careless comparison would not look, or that look like something else.
const IDS: [&str; 14] =
    ["a", "b", "c", "A", "", "a\0", "é", "e\u{301}", "\"quoted\"", "a\\b", "🙂", "0", "*", "User::\"a\""];

const ACTIONS: [Uid; 8] = [
    Uid { kind: "Action", id: "read" },
    Uid { kind: "Action", id: "write" },
    Uid { kind: "App::Action", id: "read" },
    Uid { kind: "Action", id: "a\"b\\n🙂" },
    Uid { kind: "Action", id: "" },
    Uid { kind: "Action", id: "all" },
    Uid { kind: "App::Action", id: "any" },
    Uid { kind: "Action", id: "gone" },
];

pub struct Entity {
    pub uid: Uid,
    pub attributes: BTreeMap<&'static str, Value>,
    pub tags: BTreeMap<&'static str, Value>,
    pub parents: Vec<Uid>,
}

#[derive(Default)]
pub struct World {
    pub seed: u64,
    /// Those that are there: an entity's parents stand after it, so that there is no cycle.
    pub entities: Vec<Entity>,
    pub actions: Vec<Entity>,
    /// Those that only others name.
    pub absent: Vec<Uid>,
    /// One record for each request.
    pub contexts: Vec<Value>,
    /// Every value that is stored somewhere, with its type. Literals repeat them, so that comparisons come out true.
    pub stored: Vec<(Kind, Value)>,
}

impl World {
    pub fn new(seed: u64, rng: &mut Rng) -> Self {
        let mut uids: Vec<Uid> = KINDS.iter().flat_map(|kind| IDS.map(|id| Uid { kind, id })).collect();
        rng.shuffle(&mut uids);
        let there = 4 + rng.below(2);
        let bare = |uid: Uid| Entity { uid, attributes: BTreeMap::new(), tags: BTreeMap::new(), parents: Vec::new() };
        let mut actions = ACTIONS.to_vec();
        rng.shuffle(&mut actions);
        let present = 3 + rng.below(2);
        let mut world = Self {
            seed,
            entities: uids[..there].iter().copied().map(bare).collect(),
            actions: actions[..present].iter().copied().map(bare).collect(),
            absent: uids[there..there + 2].iter().copied().chain(actions.get(present).copied()).collect(),
            ..Self::default()
        };
        world.fill(rng);
        world
    }

    fn fill(&mut self, rng: &mut Rng) {
        let parents = hierarchy(&self.entities, &self.absent[..2], rng);
        for (entity, parents) in self.entities.iter_mut().zip(parents) {
            entity.parents = parents;
        }
        let parents = hierarchy(&self.actions, &self.absent[2..], rng);
        for (action, parents) in self.actions.iter_mut().zip(parents) {
            action.parents = parents;
        }
        for at in 0..self.entities.len() + self.actions.len() {
            // Actions may have attributes where no schema forbids it; few do.
            let (attributes, tags) = if at < self.entities.len() { (*rng.pick(&[40, 80, 95]), 50) } else { (8, 5) };
            let attributes = self.some(rng, &ATTRIBUTES, attributes);
            let tags = self.some(rng, &TAGS, tags);
            let entity = match at.checked_sub(self.entities.len()) {
                Some(action) => &mut self.actions[action],
                None => &mut self.entities[at],
            };
            (entity.attributes, entity.tags) = (attributes, tags);
        }
        for _ in 0..5 {
            let fields = self.some(rng, &ATTRIBUTES, 70);
            self.contexts.push(Value::Record(fields));
        }
    }

    fn some(&mut self, rng: &mut Rng, from: &[(&'static str, Kind)], share: usize) -> BTreeMap<&'static str, Value> {
        let mut all = BTreeMap::new();
        for (name, kind) in from {
            if rng.percent(share) {
                // Cedar reads what lies deep in JSON slowly, so that little does.
                let depth = if rng.one_in(5) { 2 } else { 1 };
                let value = Value::mostly(rng, *kind, self, depth);
                self.store(*kind, &value);
                all.insert(*name, value);
            }
        }
        all
    }

    fn store(&mut self, kind: Kind, value: &Value) {
        if let Value::Record(fields) = value {
            for (name, value) in fields {
                if let Some((_, kind)) = ATTRIBUTES.iter().find(|(other, _)| other == name) {
                    self.stored.push((*kind, value.clone()));
                }
            }
        }
        self.stored.push((kind, value.clone()));
    }

    /// An entity, mostly one that is there.
    pub fn some_uid(&self, rng: &mut Rng) -> Uid {
        match rng.below(12) {
            0 | 1 => *rng.pick(&self.absent),
            2 => rng.pick(&self.actions).uid,
            _ => rng.pick(&self.entities).uid,
        }
    }

    /// A value of this type that is stored somewhere.
    pub fn recall(&self, rng: &mut Rng, kind: Kind) -> Option<&Value> {
        let fitting: Vec<&Value> = self.stored.iter().filter(|(other, _)| *other == kind).map(|(_, v)| v).collect();
        (!fitting.is_empty()).then(|| fitting[rng.below(fitting.len())])
    }

    /// Someone whom this entity lies in, near or far; any where it lies in none.
    pub fn some_ancestor(&self, rng: &mut Rng, of: Uid) -> Uid {
        let parents = |uid: Uid| self.entities.iter().chain(&self.actions).find(|e| e.uid == uid).map(|e| &e.parents);
        let Some(mut at) = parents(of).filter(|all| !all.is_empty()).map(|all| *rng.pick(all)) else {
            return self.some_uid(rng);
        };
        while let Some(above) = parents(at).filter(|all| !all.is_empty() && rng.percent(50)) {
            at = *rng.pick(above);
        }
        at
    }

    /// Cedar's JSON for entities. Their order is that of no hierarchy.
    pub fn json(&self, rng: &mut Rng) -> serde_json::Value {
        let object = |all: &BTreeMap<&'static str, Value>| {
            let map: Map<_, _> = all.iter().map(|(name, value)| ((*name).to_string(), value.json())).collect();
            serde_json::Value::Object(map)
        };
        let mut list: Vec<serde_json::Value> = self
            .entities
            .iter()
            .chain(&self.actions)
            .map(|entity| {
                let parents: Vec<_> = entity.parents.iter().map(|uid| uid.json()).collect();
                json!({
                    "uid": entity.uid.json(),
                    "attrs": object(&entity.attributes),
                    "parents": parents,
                    "tags": object(&entity.tags),
                })
            })
            .collect();
        rng.shuffle(&mut list);
        list.into()
    }
}

/// For each entity the parents it has: some of those after it, a diamond in every other world, and some who are absent.
fn hierarchy(entities: &[Entity], absent: &[Uid], rng: &mut Rng) -> Vec<Vec<Uid>> {
    let mut parents: Vec<Vec<Uid>> = vec![Vec::new(); entities.len()];
    let mut edges = Vec::new();
    if entities.len() >= 4 && rng.percent(50) {
        edges.extend([(0, 1), (0, 2), (1, 3), (2, 3)]);
    }
    for low in 0..entities.len() - 1 {
        for _ in 0..rng.below(3) {
            edges.push((low, low + 1 + rng.below(entities.len() - low - 1)));
        }
    }
    for (low, high) in edges {
        if !parents[low].contains(&entities[high].uid) {
            parents[low].push(entities[high].uid);
        }
    }
    for list in &mut parents {
        if !absent.is_empty() && rng.one_in(5) {
            list.push(*rng.pick(absent));
        }
    }
    parents
}
