// SPDX-License-Identifier: Apache-2.0
//! Who, through what, on which: the principal, the roles and groups that it lies in, the grants, the resource and what it
//! lies in. For a deny the nearest grants, with the links that are missing.

use super::Explainer;
use super::near::{Missing, NearGrant};
use super::shapes::{Edge, Graph, Node, NodeKind, RowPlace};
use super::situation::Situation;
use super::words::{called, verb};
use crate::facts::{Effect, Facts, Grant, Scope};
use crate::mapping::{EntityKind, Meaning};
use crate::name::{GROUP_ROLE, Uid};

/// A drawing with more is no help.
const MOST_NODES: usize = 25;
/// How many near grants are drawn.
const MOST_NEAR: usize = 4;

struct Drawing<'s, 'a> {
    situation: &'s Situation<'a>,
    facts: &'s Facts,
    graph: Graph,
}

impl<'a> Situation<'a> {
    pub fn graph(&self, explainer: &Explainer, nearest: &[NearGrant<'a>], revived: &Facts) -> Graph {
        let mut drawing = Drawing { situation: self, facts: revived, graph: Graph::default() };
        let (principal, resource) = (&self.query.principal, &self.query.resource);
        drawing.entity(principal, true);
        drawing.entity(resource, true);
        for reason in &self.decision.reasons {
            let grants = &self.facts().grants;
            match grants.iter().find(|grant| grant.id == reason.policy && grant.source == reason.source) {
                Some(grant) => drawing.grant(grant, &[], true),
                None => drawing.policy(explainer, &reason.policy),
            }
        }
        // Another person's grant, or one for another action, is told but not drawn.
        let near = nearest.iter().filter(|near| {
            !near.missing.iter().any(|missing| matches!(missing, Missing::Action(_) | Missing::Principal(Scope::Eq(_))))
        });
        for near in near.take(MOST_NEAR) {
            drawing.grant(&near.grant, &near.missing, false);
        }
        drawing.above(resource);
        drawing.graph
    }
}

impl Drawing<'_, '_> {
    fn has_room(&self) -> bool {
        self.graph.nodes.len() < MOST_NODES
    }

    fn node(&mut self, node: Node) {
        let room = self.has_room();
        match self.graph.nodes.iter_mut().find(|other| other.id == node.id) {
            Some(other) => other.decided |= node.decided,
            None if room => self.graph.nodes.push(node),
            None => {}
        }
    }

    fn edge(&mut self, from: &str, to: &str, label: &str, row: Option<RowPlace>, missing: bool) {
        let known = |id: &str| self.graph.nodes.iter().any(|node| node.id == id);
        let drawn = self.graph.edges.iter().any(|edge| edge.from == from && edge.to == to);
        if !drawn && from != to && known(from) && known(to) {
            let (from, to, label) = (from.to_string(), to.to_string(), label.to_string());
            self.graph.edges.push(Edge { from, to, label, row, missing });
        }
    }

    fn entity(&mut self, uid: &Uid, decided: bool) -> String {
        let places = &self.situation.places;
        let kind = match places.mapping.entity(&uid.kind).map(|(_, entity)| entity.entity) {
            _ if *uid == self.situation.query.principal => NodeKind::Principal,
            _ if *uid == self.situation.query.resource => NodeKind::Resource,
            Some(EntityKind::Principal) => NodeKind::Principal,
            Some(EntityKind::Role) => NodeKind::Role,
            Some(EntityKind::Group) => NodeKind::Group,
            Some(EntityKind::Tenant) => NodeKind::Tenant,
            None if uid.kind == GROUP_ROLE => NodeKind::Role,
            _ => NodeKind::Resource,
        };
        let id = uid.to_string();
        let row = places.of(uid).map(|at| at.place());
        let label = if uid.kind == GROUP_ROLE { uid.id.replace('#', " ") } else { called(places, uid) };
        self.node(Node { id: id.clone(), kind, label, title: id.clone(), row, decided });
        id
    }

    /// The way from an entity up to one that it lies in; a missing link where it does not.
    fn way(&mut self, from: &Uid, to: &Uid, decided: bool) {
        match self.situation.path(self.facts, from, to) {
            Some(path) => {
                for (child, parent) in path {
                    self.lies(&child, &parent, decided);
                }
            }
            None => {
                let (from, label) = (from.to_string(), holding(self.situation, to));
                let to = self.entity(to, decided);
                self.edge(&from, &to, label, None, true);
            }
        }
    }

    fn lies(&mut self, child: &Uid, parent: &Uid, decided: bool) {
        let row = self.situation.link(child, parent).map(|link| match link.column {
            Some(column) => link.at.column(column),
            None => link.at.place(),
        });
        // What lies in another only as if dead rows counted is not there.
        let there = self.situation.facts().entities.get(child).is_some_and(|entity| entity.parents.contains(parent));
        let label = if *child == self.situation.query.principal { holding(self.situation, parent) } else { "in" };
        let (from, to) = (self.entity(child, decided), self.entity(parent, decided));
        self.edge(&from, &to, label, row, !there);
    }

    fn grant(&mut self, grant: &Grant, missing: &[Missing], decided: bool) {
        if !self.has_room() {
            return;
        }
        let situation = self.situation;
        let (principal, resource) = (&situation.query.principal, &situation.query.resource);
        let at = situation.places.find(&grant.source);
        let id = format!("grant {}", grant.id);
        let label = match &grant.actions {
            None => "everything".to_string(),
            Some(actions) => {
                // The one that was asked for, first.
                let mut verbs: Vec<&String> = actions.iter().collect();
                verbs.sort_by_key(|action| **action != situation.query.action);
                let more = if verbs.len() > 3 { ", …" } else { "" };
                let verbs: Vec<String> = verbs.into_iter().take(3).map(|action| verb(action)).collect();
                format!("{}{more}", verbs.join(", "))
            }
        };
        let kind = if grant.effect == Effect::Forbid { NodeKind::Forbid } else { NodeKind::Grant };
        let counts = situation.facts().grants.iter().any(|other| other.id == grant.id);
        let row = at.map(|at| at.place());
        // From the principal to the grant: directly, or through a role or a group.
        let mut last = principal.to_string();
        let mut broken = false;
        if let Scope::In(uid) | Scope::IsIn(_, uid) = &grant.principal {
            self.way(principal, uid, decided);
            last = uid.to_string();
        } else if let Some(at) = at
            && let Meaning::RoleAssignment(meaning) = &at.table.meaning
            && let Some(role) = situation.places.target(at, &meaning.role)
        {
            let to = self.entity(&role, decided);
            self.edge(&last, &to, "holds", row.clone(), !counts);
            last = to;
        } else {
            broken = missing.iter().any(|missing| matches!(missing, Missing::Principal(_)));
        }
        let title = grant.id.clone();
        self.node(Node { id: id.clone(), kind, label, title, row: row.clone(), decided });
        let verb = if grant.effect == Effect::Forbid { "may not" } else { "may" };
        self.edge(&last, &id, verb, row, broken || !counts);
        // From the grant to the resource: directly, or through what it lies in.
        let elsewhere = missing.iter().any(|missing| matches!(missing, Missing::Resource(_)));
        let on = resource.to_string();
        match &grant.resource {
            Scope::In(uid) | Scope::IsIn(_, uid) | Scope::Eq(uid) if uid != resource => {
                let to = self.entity(uid, decided);
                self.edge(&id, &to, "on", None, false);
                self.way(resource, uid, decided);
            }
            _ => self.edge(&id, &on, "on", None, elsewhere),
        }
    }

    fn policy(&mut self, explainer: &Explainer, id: &str) {
        let Some(outline) = explainer.outline(id) else { return };
        let kind = if outline.effect == Effect::Forbid { NodeKind::Forbid } else { NodeKind::Policy };
        let node = format!("policy {id}");
        self.node(Node {
            id: node.clone(),
            kind,
            label: id.to_string(),
            title: id.to_string(),
            row: None,
            decided: true,
        });
        let (principal, resource) =
            (self.situation.query.principal.to_string(), self.situation.query.resource.to_string());
        let label = if outline.effect == Effect::Forbid { "may not" } else { "may" };
        self.edge(&principal, &node, label, None, false);
        self.edge(&node, &resource, "on", None, false);
    }

    /// What the resource lies in, as far as there is room.
    fn above(&mut self, resource: &Uid) {
        let mut next = vec![resource.clone()];
        let mut at = 0;
        while at < next.len() && self.has_room() {
            let child = next[at].clone();
            for parent in self.facts.entities.get(&child).map(|entity| entity.parents.clone()).unwrap_or_default() {
                if !next.contains(&parent) {
                    next.push(parent.clone());
                }
                self.lies(&child, &parent, false);
            }
            at += 1;
        }
    }
}

/// How one says that somebody lies in something.
fn holding(situation: &Situation, uid: &Uid) -> &'static str {
    match situation.places.mapping.entity(&uid.kind).map(|(_, entity)| entity.entity) {
        Some(EntityKind::Role) => "holds",
        None if uid.kind == GROUP_ROLE => "has",
        _ => "in",
    }
}
