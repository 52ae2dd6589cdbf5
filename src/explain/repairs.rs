// SPDX-License-Identifier: Apache-2.0
//! Which change of one row would turn a deny into an allow.
//!
//! Candidates are read off what is near and off what the tables mean; nothing is believed of them. Each is tried: the facts
//! are built with it, and the decision is made again.

use super::change::{Changes, Draft};
use super::gains::Questions;
use super::near::{Missing, NearGrant, conditions, cured};
use super::place::{At, kind};
use super::shapes::{Repair, RowChange};
use super::situation::{Situation, Within, holds};
use super::words::{briefly, deeds, label, listed, thing, told, verb, when};
use crate::facts::{self, Effect, Facts, Scope};
use crate::mapping::{ColumnKind, DirectPermission, EntityKind, Meaning, RoleAssignment, Table, Target};
use crate::name::Uid;
use crate::rows::{Reading, Value, meets, read_bool, read_time};
use std::collections::BTreeSet;

/// How many are told.
const MOST_REPAIRS: usize = 5;
/// And how many of one table and manner.
const MOST_ALIKE: usize = 2;

/// How many candidates are tried with few rows, and with many; between, so many that rows times candidates stay the same.
const MOST_TRIED: usize = 48;
const LEAST_TRIED: usize = 16;
const ROWS_TRIED: usize = 40_000;

/// How many questions are asked for what else changes, about one change and about all of them.
const MOST_ASKED: usize = 4_000;
const MOST_ASKED_IN_ALL: usize = 12_000;

/// How many roles, groups, permissions or places are gone through in one manner.
const MOST_OF_A_KIND: usize = 8;

struct Candidate {
    change: RowChange,
    says: String,
    /// Of several with the same, in the order of what they give away, only the first that works is wanted.
    group: Option<String>,
    /// Smaller changes come first where they give away the same.
    weight: u32,
}

struct Search<'s, 'a> {
    situation: &'s Situation<'a>,
    changes: Changes<'s, 'a>,
    found: Vec<Candidate>,
    /// The resource, and upwards what it lies in.
    places: Vec<Uid>,
    /// The principal, and what it lies in.
    holders: BTreeSet<Uid>,
}

impl<'a> Situation<'a> {
    pub fn repairs(&self, nearest: &[NearGrant<'a>]) -> Vec<Repair> {
        if self.decision.allow || self.decision.undecided || self.places.of(&self.query.principal).is_none() {
            return Vec::new();
        }
        let candidates = self.candidates(nearest);
        let count: usize = self.case.rows.values().map(|table| table.rows.len()).sum();
        let tries = (ROWS_TRIED / count.max(1)).clamp(LEAST_TRIED, MOST_TRIED);
        let mut draft = Draft::new(self.case.rows);
        let mut questions = Questions::new(self);
        let mut left = MOST_ASKED_IN_ALL;
        let mut settled: BTreeSet<String> = BTreeSet::new();
        let mut tried = 0;
        let mut found: Vec<(Repair, u32, usize)> = Vec::new();
        for candidate in candidates {
            if tried == tries {
                break;
            }
            if candidate.group.as_ref().is_some_and(|group| settled.contains(group)) {
                continue;
            }
            let Some(table) = self.places.mapping.table(&candidate.change.table) else { continue };
            tried += 1;
            let after = draft.with(table, &candidate.change, |rows| {
                let facts = facts::build(self.case.bundle, rows, &self.query.externals, self.case.at);
                self.case.engine.prepare(facts).ok().filter(|after| self.case.engine.allows(after, self.query))
            });
            let Some(after) = after else { continue };
            settled.extend(candidate.group);
            let budget = &mut left.min(MOST_ASKED);
            let before = *budget;
            let gains = questions.gained(self, &after, budget);
            left -= before - *budget;
            let mut says = candidate.says;
            match gains.lost {
                0 => {}
                1 => says.push_str(", which takes away one other decision"),
                lost => says.push_str(&format!(", which takes away {lost} other decisions")),
            }
            let repair = Repair { says, change: candidate.change, also: gains.also, examples: gains.examples };
            found.push((repair, candidate.weight, gains.lost));
        }
        found.sort_by_key(|(repair, weight, lost)| {
            (repair.also.is_none(), *lost > 0, repair.also, *weight, repair.change.values.len())
        });
        let mut chosen: Vec<Repair> = Vec::new();
        for (repair, ..) in found {
            let alike = chosen.iter().filter(|other| {
                (&other.change.table, other.change.row.is_some()) == (&repair.change.table, repair.change.row.is_some())
            });
            if alike.count() < MOST_ALIKE && chosen.len() < MOST_REPAIRS {
                chosen.push(repair);
            }
        }
        chosen
    }

    fn candidates(&self, nearest: &[NearGrant<'a>]) -> Vec<Candidate> {
        let facts = self.facts();
        let mut search = Search {
            situation: self,
            changes: Changes { places: &self.places, at: self.case.at },
            found: Vec::new(),
            places: facts.ancestry(&self.query.resource),
            holders: self.ancestry(facts, &self.query.principal),
        };
        let forbidden = !self.decision.reasons.is_empty() || !self.decision.errors.is_empty();
        if forbidden {
            search.lift_guards();
            search.lift_rows();
            search.put_in_resource();
            search.flip_attributes();
            search.join_by_column();
        } else {
            search.revive(nearest);
            search.extend(nearest);
            search.give_permission();
            search.give_role();
            search.join_group();
            search.list();
            search.own();
            search.join_by_column();
            search.permit_role();
            search.move_resource(nearest);
            search.flip_attributes();
        }
        search.found
    }
}

impl<'a> Search<'_, 'a> {
    fn add(&mut self, change: Option<RowChange>, says: impl Into<String>, weight: u32, group: Option<String>) {
        let Some(change) = change else { return };
        if self.found.iter().any(|other| other.change == change) {
            return;
        }
        // Who is signed in is no table to be written into.
        let secret =
            |table: &Table| change.values.keys().any(|column| table.column(column).is_some_and(|column| column.secret));
        let table = self.situation.places.mapping.table(&change.table);
        if table.is_none_or(|table| {
            secret(table) || matches!(table.meaning, Meaning::Ignored { .. } | Meaning::LoginSession(_))
        }) {
            return;
        }
        self.found.push(Candidate { change, says: says.into(), weight, group });
    }

    fn who(&self) -> String {
        label(&self.situation.places, &self.situation.query.principal)
            .unwrap_or_else(|| self.situation.query.principal.id.clone())
    }

    fn thing(&self, uid: &Uid) -> String {
        thing(&self.situation.places, uid)
    }

    /// The cells that make a row count: live, and not over.
    fn reviving(&self, at: At<'a>) -> Vec<(String, Value)> {
        let (live, expires) = conditions(&at.table.meaning);
        let places = &self.situation.places;
        let mut cells: Vec<(String, Value)> = live
            .iter()
            .filter(|live| !meets(places.value(at, &live.column), &live.test))
            .map(|live| {
                let was = places.value(at, &live.column);
                let cell = match (kind(at.table, &live.column), cured(&live.test, was, self.changes.at)) {
                    (ColumnKind::Bool, Value::Integer(number)) => {
                        self.changes.truth(at.table, &live.column, number == 1)
                    }
                    (_, cell) => cell,
                };
                (live.column.clone(), cell)
            })
            .collect();
        if let Some(column) = expires {
            let ended = match read_time(places.value(at, column)) {
                Reading::Is(time) => time <= self.changes.at,
                Reading::Unreadable => true,
                Reading::Null => false,
            };
            if ended {
                cells.push((column.to_string(), self.changes.time(at.table, column, self.changes.later())));
            }
        }
        cells
    }

    /// Rows that would do if they counted.
    fn revive(&mut self, nearest: &[NearGrant<'a>]) {
        for near in nearest.iter().filter(|near| near.missing.is_empty() && near.dead.len() == 1) {
            let at = near.dead[0].0;
            let cells = self.reviving(at);
            let says = format!("{}{}", self.again(at), self.until(at, &cells));
            self.add(self.changes.set(at, cells), says, 0, None);
        }
    }

    fn until(&self, at: At<'a>, cells: &[(String, Value)]) -> String {
        let (_, expires) = conditions(&at.table.meaning);
        let extended = cells.iter().any(|(column, _)| Some(column.as_str()) == expires);
        if extended { format!(", until {}", when(self.changes.later())) } else { String::new() }
    }

    /// What it is to let a row count.
    fn again(&self, at: At<'a>) -> String {
        let (situation, places) = (self.situation, &self.situation.places);
        let named = |column: &str| places.target(at, column).map(|uid| self.thing(&uid)).unwrap_or_default();
        match &at.table.meaning {
            Meaning::RoleAssignment(meaning) => {
                let within = situation.where_and_until(at, meaning.scope.as_ref(), None);
                format!("Let {} hold {}{within} again", named(&meaning.principal), named(&meaning.role))
            }
            Meaning::DirectPermission(meaning) => {
                let within = situation.where_and_until(at, meaning.scope.as_ref(), None);
                format!(
                    "Let {} have the permission {}{within} again",
                    named(&meaning.principal),
                    self.permission(at, &meaning.permission)
                )
            }
            Meaning::GroupMembership(meaning) => {
                format!("Let {} be in {} again", named(&meaning.principal), named(&meaning.group))
            }
            Meaning::RolePermission(meaning) => {
                format!(
                    "Give {} back the permission {}",
                    named(&meaning.role),
                    self.permission(at, &meaning.permission)
                )
            }
            Meaning::Link(meaning) => format!("Let {} lie in {} again", named(&meaning.child), named(&meaning.parent)),
            Meaning::Permission(_) => format!("Switch the permission {} on", self.permission_row(at)),
            Meaning::Acl(_) => format!("Let the row {} count again", places.source(at)),
            _ => match places.entity(at) {
                Some(uid) => format!("Switch {} on", self.thing(&uid)),
                None => format!("Let the row {} count again", places.source(at)),
            },
        }
    }

    fn permission(&self, at: At<'a>, column: &str) -> String {
        let places = &self.situation.places;
        let id = places.id(at, column).unwrap_or_default();
        let row = places.mapping.permission().and_then(|(table, _)| places.find(&format!("{}/{id}", table.name)));
        row.map_or(id, |at| self.permission_row(at))
    }

    fn permission_row(&self, at: At<'a>) -> String {
        let places = &self.situation.places;
        match self.situation.permits(at) {
            Some((all, kind)) if !all.is_empty() => {
                let scope = kind.map_or(Scope::Any, Scope::Is);
                format!("to {}", deeds(places, Some(&all[..1]), &all[0], &scope))
            }
            _ => places.source(at),
        }
    }

    /// Grants that hold somewhere else, or for another action: wider, or moved.
    fn extend(&mut self, nearest: &[NearGrant<'a>]) {
        let situation = self.situation;
        for near in nearest.iter().filter(|near| near.dead.is_empty() && near.missing.len() == 1) {
            let Some(at) = situation.places.find(&near.grant.source) else { continue };
            let subject = |scope: &Scope| match scope {
                Scope::Eq(uid) | Scope::In(uid) | Scope::IsIn(_, uid) => self.thing(uid),
                _ => "everybody".to_string(),
            };
            match (&at.table.meaning, &near.missing[0]) {
                (Meaning::Acl(meaning), Missing::Action(now)) => {
                    // Wider, or instead of what means nothing: what the row says now is not taken back.
                    let implied = situation.places.mapping.implied(&situation.query.action);
                    let known = situation.places.mapping.declared_actions();
                    if now.iter().any(|action| known.contains_key(action) && !implied.contains(action)) {
                        continue;
                    }
                    let cells = self.changes.pattern(&meaning.action, &situation.query.action);
                    let deed = deeds(&situation.places, None, "", &near.grant.resource).replace("do anything to", "");
                    let says =
                        format!("Let {} {}{deed}", subject(&near.grant.principal), verb(&situation.query.action));
                    let change = cells.and_then(|cells| self.changes.set(at, cells));
                    self.add(change, says, 2, None);
                }
                (Meaning::Acl(meaning), Missing::Resource(Scope::Eq(uid))) if self.places.contains(uid) => {
                    let Some(column) = &meaning.inherit else { continue };
                    let cell = (column.clone(), self.changes.truth(at.table, column, true));
                    let says = format!(
                        "Let what {} may do to {} reach all within it",
                        subject(&near.grant.principal),
                        self.thing(uid)
                    );
                    self.add(self.changes.set(at, [cell]), says, 1, None);
                }
                _ => {}
            }
        }
    }

    /// Places that a row can be scoped to, the narrowest first; without a scope last.
    fn scopes(&self, table: &'a Table, scope: Option<&Target>) -> Vec<(Vec<(String, Value)>, String)> {
        let Some(scope) = scope else { return vec![(Vec::new(), String::new())] };
        let mut found: Vec<(Vec<(String, Value)>, String)> = self
            .places
            .iter()
            .filter_map(|uid| Some((self.changes.target(table, scope, uid)?, format!(" within {}", self.thing(uid)))))
            .collect();
        let columns = match scope {
            Target::Fixed { column, .. } => vec![column],
            Target::Typed { type_column, id_column, .. } => vec![type_column, id_column],
        };
        if columns.iter().all(|column| table.column(column).is_some_and(|column| column.nullable)) {
            let cells = columns.into_iter().map(|column| (column.clone(), Value::Null)).collect();
            found.push((cells, " everywhere".to_string()));
        }
        found
    }

    /// Rows of permissions for the action on this type.
    fn permissions(&self) -> Vec<At<'a>> {
        let situation = self.situation;
        let Some((table, _)) = situation.places.mapping.permission() else { return Vec::new() };
        let kind = &situation.query.resource.kind;
        let fits = |at: &At<'a>| {
            situation
                .permits(*at)
                .is_some_and(|(all, of)| all.contains(&situation.query.action) && of.is_none_or(|of| of == *kind))
        };
        let mut found: Vec<At> = situation.places.each(table).filter(fits).collect();
        // The one that conveys the least, first.
        found.sort_by_key(|at| situation.permits(*at).map_or(0, |(all, _)| all.len()));
        found.truncate(MOST_OF_A_KIND);
        found
    }

    /// The permission itself, to this principal.
    fn give_permission(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let permissions = self.permissions();
        for table in &situation.places.mapping.tables {
            let Meaning::DirectPermission(meaning) = &table.meaning else { continue };
            if situation.places.leads_to(table, &meaning.principal) != Some(query.principal.kind.as_str()) {
                continue;
            }
            for at in &permissions {
                let Some(key) = at.table.key.first() else { continue };
                let id = situation.places.value(*at, key).clone();
                for (scope, within) in self.scopes(table, meaning.scope.as_ref()) {
                    let mut cells = vec![
                        (meaning.principal.clone(), self.changes.reference(&query.principal)),
                        (meaning.permission.clone(), id.clone()),
                    ];
                    cells.extend(scope);
                    cells.extend(meaning.granted.iter().map(|c| (c.clone(), self.changes.truth(table, c, true))));
                    let says = format!("Give {} the permission {}{within}", self.who(), self.permission_row(*at));
                    let group = format!("{}/{}", table.name, situation.places.source(*at));
                    self.give(table, cells, says, 3, group);
                }
            }
        }
    }

    /// A new row; or, where there is one with this key, that one with other cells, counting.
    fn give(&mut self, table: &'a Table, cells: Vec<(String, Value)>, says: String, weight: u32, group: String) {
        let query = self.situation.query;
        let who = |cell: &(String, Value)| match &cell.1 {
            Value::Text(text) if table.columns.iter().any(|c| c.name == cell.0 && c.kind != ColumnKind::Bool) => {
                Some(text.clone())
            }
            _ => None,
        };
        let mut words: Vec<String> =
            cells.iter().filter_map(who).filter(|text| !text.chars().any(char::is_uppercase)).collect();
        words.truncate(2);
        let fallback = || format!("{}-{}", query.principal.id, query.resource.id);
        let word = if words.len() < 2 { fallback() } else { words.join("-") };
        let mut change = self.changes.row(table, cells, &word);
        let mut says = says;
        if let Some(RowChange { row: Some(row), values, .. }) = &mut change {
            let at = At { table, row: *row };
            let dead = self.reviving(at);
            let scope = match &table.meaning {
                Meaning::RoleAssignment(meaning) => meaning.scope.as_ref(),
                Meaning::DirectPermission(meaning) => meaning.scope.as_ref(),
                _ => None,
            };
            let here = match self.situation.scope(at, scope) {
                Within::Everywhere => true,
                Within::Place(uid) => self.places.contains(&uid),
                Within::Unreadable => false,
            };
            if scope.is_some() && here && !dead.is_empty() {
                // It is enough that the row counts again: it need not be for another place, too.
                return;
            }
            for (column, value) in dead {
                values.entry(column).or_insert(value);
            }
            if let Meaning::RoleAssignment(RoleAssignment { scope, .. })
            | Meaning::DirectPermission(DirectPermission { scope, .. }) = &table.meaning
            {
                match self.situation.scope(at, scope.as_ref()) {
                    Within::Place(uid) => says.push_str(&format!(" instead of within {}", self.thing(&uid))),
                    Within::Everywhere if scope.is_some() => says.push_str(" instead of everywhere"),
                    _ => {}
                }
            }
        }
        self.add(change, says, weight, Some(group));
    }

    /// Roles by which the action is allowed on such things, those that allow the least first.
    fn useful_roles(&self) -> Vec<Uid> {
        let situation = self.situation;
        let mut found: Vec<(usize, Uid)> = Vec::new();
        let facts = situation.facts();
        for grant in self.useful(facts) {
            let (Scope::In(uid) | Scope::IsIn(_, uid)) = &grant.principal else { continue };
            if is(situation, uid, EntityKind::Role) && !found.iter().any(|(_, other)| other == uid) {
                let all = facts.grants.iter().filter(|other| other.principal == grant.principal).count();
                found.push((all, uid.clone()));
            }
        }
        found.sort();
        found.into_iter().map(|(_, uid)| uid).take(MOST_OF_A_KIND).collect()
    }

    /// Permits that would do for whoever they are for.
    fn useful<'f>(&self, facts: &'f Facts) -> impl Iterator<Item = &'f facts::Grant> {
        let query = self.situation.query;
        let above: BTreeSet<Uid> = self.places.iter().cloned().collect();
        facts.grants.iter().filter(move |grant| {
            grant.effect == Effect::Permit
                && grant.actions.as_ref().is_none_or(|actions| actions.contains(&query.action))
                && holds(&grant.resource, &query.resource, &above)
        })
    }

    /// A role, in the narrowest place that does.
    fn give_role(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let roles = self.useful_roles();
        let others = self.other_roles(&roles);
        for table in &situation.places.mapping.tables {
            let Meaning::RoleAssignment(meaning) = &table.meaning else { continue };
            if situation.places.leads_to(table, &meaning.principal) != Some(query.principal.kind.as_str()) {
                continue;
            }
            for (role, weight) in roles.iter().map(|role| (role, 4)).chain(others.iter().map(|role| (role, 9))) {
                if situation.places.leads_to(table, &meaning.role) != Some(role.kind.as_str()) {
                    continue;
                }
                for (scope, within) in self.scopes(table, meaning.scope.as_ref()) {
                    // A role that grants nothing here can only matter by its name, which counts without a scope.
                    if weight == 9 && !scope.is_empty() && scope.iter().any(|(_, value)| *value != Value::Null) {
                        continue;
                    }
                    let mut cells = vec![
                        (meaning.principal.clone(), self.changes.reference(&query.principal)),
                        (meaning.role.clone(), self.changes.reference(role)),
                    ];
                    cells.extend(scope);
                    let says = format!("Give {} {}{within}", self.who(), self.thing(role));
                    self.give(table, cells, says, weight, format!("{}/{}", table.name, role.id));
                }
            }
        }
    }

    /// Roles that rules written by hand may ask about.
    fn other_roles(&self, roles: &[Uid]) -> Vec<Uid> {
        let situation = self.situation;
        let mut found = Vec::new();
        if situation.case.bundle.handwritten.trim().is_empty() {
            return found;
        }
        for (table, entity) in situation.places.mapping.entities() {
            if entity.entity == EntityKind::Role {
                let all = situation.places.each(table).take(MOST_OF_A_KIND * 2);
                found.extend(all.filter_map(|at| situation.places.entity(at)).filter(|uid| !roles.contains(uid)));
            }
        }
        found.retain(|uid| !self.holders.contains(uid));
        found
    }

    /// Into a group that may; or with a role within it that may.
    fn join_group(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let mut groups: Vec<(Uid, Option<String>)> = Vec::new();
        for grant in self.useful(situation.facts()) {
            if let Scope::In(uid) | Scope::IsIn(_, uid) = &grant.principal
                && is(situation, uid, EntityKind::Group)
                && !groups.iter().any(|(other, _)| other == uid)
            {
                groups.push((uid.clone(), None));
            }
        }
        groups.truncate(MOST_OF_A_KIND);
        for place in &self.places {
            let Some((_, entity)) = situation.places.mapping.entity(&place.kind) else { continue };
            for (role, actions) in &entity.member_roles {
                let may = actions.iter().any(|a| situation.places.mapping.implied(a).contains(&query.action));
                if may || actions.is_empty() {
                    groups.push((place.clone(), Some(role.clone())));
                }
            }
        }
        for table in &situation.places.mapping.tables {
            let Meaning::GroupMembership(meaning) = &table.meaning else { continue };
            if situation.places.leads_to(table, &meaning.principal) != Some(query.principal.kind.as_str()) {
                continue;
            }
            for (group, role) in &groups {
                if situation.places.leads_to(table, &meaning.group) != Some(group.kind.as_str()) {
                    continue;
                }
                let mut cells = vec![
                    (meaning.principal.clone(), self.changes.reference(&query.principal)),
                    (meaning.group.clone(), self.changes.reference(group)),
                ];
                let mut says = format!("Put {} into {}", self.who(), self.thing(group));
                if let (Some(column), Some(role)) = (&meaning.member_role, role) {
                    cells.push((column.clone(), Value::Text(role.clone())));
                    says = format!("Give {} the role {role} within {}", self.who(), self.thing(group));
                }
                self.give(table, cells, says, 4, format!("{}/{group}/{role:?}", table.name));
            }
        }
    }

    /// A row of an access-control list.
    fn list(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let mut subjects: Vec<Uid> = self.holders.iter().filter(|uid| **uid != query.principal).cloned().collect();
        subjects.insert(0, query.principal.clone());
        subjects.truncate(MOST_OF_A_KIND);
        for table in &situation.places.mapping.tables {
            let Meaning::Acl(meaning) = &table.meaning else { continue };
            let Some(action) = self.changes.pattern(&meaning.action, &query.action) else { continue };
            for subject in &subjects {
                let Some(of_subject) = self.changes.target(table, &meaning.subject, subject) else { continue };
                for object in &self.places.clone() {
                    let Some(of_object) = self.changes.target(table, &meaning.object, object) else { continue };
                    let below = *object != query.resource;
                    if below && !meaning.inherit_always && meaning.inherit.is_none() {
                        continue;
                    }
                    let mut cells = of_subject.clone();
                    cells.extend(of_object);
                    cells.extend(action.clone());
                    cells.extend(meaning.inherit.iter().map(|c| (c.clone(), self.changes.truth(table, c, below))));
                    cells.extend(meaning.granted.iter().map(|c| (c.clone(), self.changes.truth(table, c, true))));
                    let scope = if below || meaning.inherit_always {
                        Scope::In(object.clone())
                    } else {
                        Scope::Eq(object.clone())
                    };
                    let all = [query.action.clone()];
                    let what = deeds(&situation.places, Some(&all), &query.action, &scope);
                    let whom = if *subject == query.principal { self.who() } else { self.thing(subject) };
                    let weight = if *subject == query.principal { 3 } else { 5 };
                    self.give(table, cells, format!("Let {whom} {what}"), weight, format!("{}/{subject}", table.name));
                }
            }
        }
    }

    /// The owner of the resource, or of what it lies in.
    fn own(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        for place in self.places.clone() {
            let Some(at) = situation.places.of(&place) else { continue };
            let Some(entity) = at.table.entity() else { continue };
            for column in &at.table.columns {
                let owns = entity.owner.as_ref() == Some(&column.name);
                let read = situation.case.bundle.mentioned.contains(&column.name);
                if !(owns || read)
                    || situation.places.leads_to(at.table, &column.name) != Some(query.principal.kind.as_str())
                {
                    continue;
                }
                let says = match owns {
                    true => format!("Make {} the owner of {}", self.who(), self.thing(&place)),
                    false => format!("Set `{}` of {} to {}", column.name, self.thing(&place), self.who()),
                };
                let cell = (column.name.clone(), self.changes.reference(&query.principal));
                self.add(self.changes.set(at, [cell]), says, 6, None);
            }
        }
    }

    /// Roles and groups that the principal's own row names.
    fn join_by_column(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let Some(at) = situation.places.of(&query.principal) else { return };
        let Some(entity) = at.table.entity() else { return };
        let facts = situation.facts();
        let mut useful: Vec<Uid> = self.useful_roles();
        for grant in self.useful(facts) {
            if let Scope::In(uid) | Scope::IsIn(_, uid) = &grant.principal
                && !useful.contains(uid)
            {
                useful.push(uid.clone());
            }
        }
        let others = self.other_roles(&useful);
        for column in &entity.parents {
            let Some(kind) = situation.places.leads_to(at.table, column) else { continue };
            let known = useful.iter().map(|uid| (uid, 5)).chain(others.iter().map(|uid| (uid, 9)));
            for (uid, weight) in known.filter(|(uid, _)| uid.kind == kind).take(MOST_OF_A_KIND * 2) {
                let instead = match situation.places.target(at, column) {
                    Some(was) => format!(" instead of {}", briefly(&situation.places, &was)),
                    None => String::new(),
                };
                let says = match is(situation, uid, EntityKind::Role) {
                    true => format!("Give {} {}{instead}", self.who(), self.thing(uid)),
                    false => format!("Put {} into {}{instead}", self.who(), self.thing(uid)),
                };
                let cell = (column.clone(), self.changes.reference(uid));
                self.add(self.changes.set(at, [cell]), says, weight, None);
            }
        }
    }

    /// The permission, to a role that the principal holds here.
    fn permit_role(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let mut roles: Vec<(Uid, String)> = self
            .holders
            .iter()
            .filter(|uid| is(situation, uid, EntityKind::Role))
            .map(|uid| (uid.clone(), self.thing(uid)))
            .collect();
        for table in &situation.places.mapping.tables {
            let Meaning::RoleAssignment(meaning) = &table.meaning else { continue };
            for at in situation.places.each(table) {
                if situation.places.target(at, &meaning.principal).as_ref() != Some(&query.principal) {
                    continue;
                }
                let here = match situation.scope(at, meaning.scope.as_ref()) {
                    Within::Place(uid) => self.places.contains(&uid),
                    _ => false,
                };
                if let Some(role) = situation.places.target(at, &meaning.role)
                    && here
                    && !roles.iter().any(|(other, _)| *other == role)
                {
                    roles.push((role.clone(), self.thing(&role)));
                }
            }
        }
        roles.truncate(MOST_OF_A_KIND);
        let permissions = self.permissions();
        for table in &situation.places.mapping.tables {
            let Meaning::RolePermission(meaning) = &table.meaning else { continue };
            for (role, named) in &roles {
                if situation.places.leads_to(table, &meaning.role) != Some(role.kind.as_str()) {
                    continue;
                }
                for at in &permissions {
                    let Some(key) = at.table.key.first() else { continue };
                    let mut cells = vec![
                        (meaning.role.clone(), self.changes.reference(role)),
                        (meaning.permission.clone(), situation.places.value(*at, key).clone()),
                    ];
                    cells.extend(meaning.granted.iter().map(|c| (c.clone(), self.changes.truth(table, c, true))));
                    let says = format!("Give {named} the permission {}", self.permission_row(*at));
                    self.give(table, cells, says, 7, format!("{}/{role}", table.name));
                }
            }
        }
    }

    /// Into a place where the principal may.
    fn move_resource(&mut self, nearest: &[NearGrant<'a>]) {
        let (situation, query) = (self.situation, self.situation.query);
        let mut targets: Vec<Uid> = Vec::new();
        for near in nearest.iter().filter(|near| near.dead.is_empty()) {
            if let [Missing::Resource(Scope::In(uid) | Scope::IsIn(_, uid))] = near.missing.as_slice()
                && !targets.contains(uid)
            {
                targets.push(uid.clone());
            }
        }
        targets.truncate(MOST_OF_A_KIND);
        for place in self.places.clone() {
            let moved = place == query.resource;
            for target in targets.iter().filter(|target| **target != place) {
                for table in &situation.places.mapping.tables {
                    let Meaning::Link(meaning) = &table.meaning else { continue };
                    if situation.places.leads_to(table, &meaning.child) != Some(place.kind.as_str())
                        || situation.places.leads_to(table, &meaning.parent) != Some(target.kind.as_str())
                    {
                        continue;
                    }
                    let cells = vec![
                        (meaning.child.clone(), self.changes.reference(&place)),
                        (meaning.parent.clone(), self.changes.reference(target)),
                    ];
                    let says = format!("Put {} into {}", self.thing(&place), self.thing(target));
                    self.give(table, cells, says, 8, format!("{}/{place}/{target}", table.name));
                }
                let Some(at) = situation.places.of(&place) else { continue };
                let Some(entity) = at.table.entity().filter(|_| moved || place.kind != query.principal.kind) else {
                    continue;
                };
                for column in &entity.parents {
                    if situation.places.leads_to(at.table, column) == Some(target.kind.as_str()) {
                        let says = format!("Move {} into {}", self.thing(&place), self.thing(target));
                        let cell = (column.clone(), self.changes.reference(target));
                        self.add(self.changes.set(at, [cell]), says, 10, None);
                    }
                }
            }
        }
    }

    /// What generated guards ask of the rows of principal, resource and tenant.
    fn lift_guards(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let tenant = |at: At<'a>| at.table.entity().and_then(|entity| entity.tenant.as_deref());
        let own = situation.places.of(&query.principal);
        let its = situation.places.of(&query.resource);
        let mut rows: Vec<At> = [own, its].into_iter().flatten().collect();
        let home = own.and_then(|at| situation.places.target(at, tenant(at)?));
        rows.extend(home.as_ref().and_then(|home| situation.places.of(home)));
        for at in rows {
            let cells = self.reviving(at);
            let Some(uid) = situation.places.entity(at) else { continue };
            let set: Vec<String> = cells.iter().map(|(column, value)| self.becomes(at, column, value)).collect();
            let says = format!("Set {} of {}", listed(&set, "and"), self.thing(&uid));
            self.add(self.changes.set(at, cells), says, 0, None);
        }
        // Into the same tenant: the thing where it has none, the person where she has none, and else either.
        let theirs = self.places.iter().find(|uid| is(situation, uid, EntityKind::Tenant)).cloned();
        let mut moves: Vec<(At, Uid, u32)> = Vec::new();
        if let (Some(at), Some(theirs)) = (own, &theirs) {
            moves.push((at, theirs.clone(), if home.is_some() { 9 } else { 1 }));
        }
        if let Some(home) = &home {
            for place in &self.places {
                moves.extend(
                    situation.places.of(place).map(|at| (at, home.clone(), if theirs.is_some() { 9 } else { 1 })),
                );
            }
        }
        for (at, target, weight) in moves {
            let (Some(column), Some(uid)) = (tenant(at), situation.places.entity(at)) else { continue };
            if situation.places.leads_to(at.table, column) == Some(target.kind.as_str()) {
                let says = format!("Let {} belong to {}", self.thing(&uid), self.thing(&target));
                let cell = (column.to_string(), self.changes.reference(&target));
                self.add(self.changes.set(at, [cell]), says, weight, None);
            }
        }
        // What lies in nothing lies in no tenant either.
        if let (Some(home), Some(at)) = (&home, its)
            && let Some(entity) = at.table.entity()
        {
            for column in entity.parents.iter().filter(|column| *situation.places.value(at, column) == Value::Null) {
                let Some(kind) = situation.places.leads_to(at.table, column) else { continue };
                let inside = situation
                    .facts()
                    .entities
                    .iter()
                    .filter(|(uid, entity)| uid.kind == kind && entity.parents.contains(home));
                let inside: Vec<Uid> = inside.map(|(uid, _)| uid.clone()).take(MOST_OF_A_KIND).collect();
                for uid in inside {
                    let says = format!("Put {} into {}", self.thing(&query.resource), self.thing(&uid));
                    let cell = (column.clone(), self.changes.reference(&uid));
                    self.add(self.changes.set(at, [cell]), says, 8, None);
                }
            }
        }
    }

    /// A cell that becomes another: `` `is_active` to true ``.
    fn becomes(&self, at: At<'a>, column: &str, value: &Value) -> String {
        let told = match value {
            Value::Null => "nothing".to_string(),
            value => told(value, kind(at.table, column)),
        };
        format!("`{column}` to {told}")
    }

    /// Rows that deny, and rows that cannot be read.
    fn lift_rows(&mut self) {
        let situation = self.situation;
        let facts = situation.facts();
        for reason in &situation.decision.reasons {
            let Some(at) = situation.places.find(&reason.source) else { continue };
            if !facts.grants.iter().any(|grant| grant.id == reason.policy && grant.source == reason.source) {
                continue;
            }
            let source = situation.places.source(at);
            let granted = match &at.table.meaning {
                Meaning::RolePermission(meaning) => meaning.granted.as_deref(),
                Meaning::DirectPermission(meaning) => meaning.granted.as_deref(),
                Meaning::Acl(meaning) => meaning.granted.as_deref(),
                _ => None,
            };
            // A role's row that denies stands behind the assignment that carries it into a scope.
            if let Meaning::RoleAssignment(_) = &at.table.meaning {
                for grant in facts.grants.iter().filter(|grant| grant.id == reason.policy) {
                    for at in grant.rests_on.iter().filter_map(|source| situation.places.find(source)) {
                        if let Meaning::RolePermission(meaning) = &at.table.meaning
                            && let Some(column) = &meaning.granted
                        {
                            let cell = (column.clone(), self.changes.truth(at.table, column, true));
                            let says = format!("Let {} grant instead of deny", situation.places.source(at));
                            self.add(self.changes.set(at, [cell]), says, 2, None);
                        }
                    }
                }
            }
            if let Some(column) = granted {
                let cell = (column.to_string(), self.changes.truth(at.table, column, true));
                self.add(self.changes.set(at, [cell]), format!("Let {source} grant instead of deny"), 2, None);
            }
            let (live, expires) = conditions(&at.table.meaning);
            if at.table.entity().is_none() {
                for live in live.iter().filter(|live| kind(at.table, &live.column) == ColumnKind::Bool) {
                    let now = meets(situation.places.value(at, &live.column), &live.test);
                    let wanted = matches!(live.test, crate::mapping::Test::IsFalse);
                    let cell = (live.column.clone(), self.changes.truth(at.table, &live.column, wanted));
                    if now {
                        self.add(self.changes.set(at, [cell]), format!("Switch {source} off, which denies"), 1, None);
                    }
                }
                if let Some(column) = expires {
                    let cell = (column.to_string(), self.changes.time(at.table, column, self.changes.at));
                    self.add(self.changes.set(at, [cell]), format!("Let {source} end now, which denies"), 1, None);
                }
            }
        }
        for finding in &facts.findings {
            let Some((source, rest)) = finding.message.strip_prefix('`').and_then(|rest| rest.split_once("`: `"))
            else {
                continue;
            };
            let (Some(at), Some((column, _))) = (situation.places.find(source), rest.split_once('`')) else { continue };
            let Some(described) = at.table.column(column) else { continue };
            let cells = match described.kind {
                ColumnKind::Bool => {
                    vec![true, false].into_iter().map(|b| self.changes.truth(at.table, column, b)).collect()
                }
                ColumnKind::Time => vec![self.changes.time(at.table, column, self.changes.later())],
                _ if described.nullable => vec![Value::Null],
                _ => vec![self.situation.places.value(at, column).clone()],
            };
            for cell in cells {
                let says = format!("Set {} in {source}", self.becomes(at, column, &cell));
                self.add(self.changes.set(at, [(column.to_string(), cell)]), says, 1, None);
            }
        }
    }

    /// Booleans and levels that policies read: of the principal and its roles, of the resource and what it lies in, and of
    /// what the context names.
    fn flip_attributes(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        let mut rows: Vec<Uid> = self.places.clone();
        rows.extend(self.holders.iter().cloned());
        rows.extend(query.context.entities.iter().cloned());
        rows.truncate(MOST_OF_A_KIND);
        for uid in rows {
            let Some(at) = situation.places.of(&uid) else { continue };
            let Some(entity) = at.table.entity() else { continue };
            for column in entity.attributes.iter().filter(|column| situation.case.bundle.mentioned.contains(*column)) {
                if at.table.column(column).is_some_and(|column| column.references.is_some()) {
                    continue;
                }
                let value = situation.places.value(at, column);
                let (least, most) = self.changes.range(at.table, column);
                let cells: Vec<Value> = match (kind(at.table, column), read_bool(value), value) {
                    (ColumnKind::Bool, Reading::Is(is), _) => vec![self.changes.truth(at.table, column, !is)],
                    (ColumnKind::Bool, ..) => [false, true].map(|is| self.changes.truth(at.table, column, is)).into(),
                    // Those who act are raised, what is acted on is lowered; what says nothing is put lowest.
                    (ColumnKind::Long, _, Value::Integer(_)) if self.holders.contains(&uid) => {
                        vec![Value::Integer(most.saturating_add(1))]
                    }
                    (ColumnKind::Long, ..) => vec![Value::Integer(least)],
                    _ => continue,
                };
                for cell in cells {
                    let says = format!("Set {} of {}", self.becomes(at, column, &cell), self.thing(&uid));
                    self.add(self.changes.set(at, [(column.clone(), cell)]), says, 7, None);
                }
            }
        }
    }

    /// What the context names, into the resource.
    fn put_in_resource(&mut self) {
        let (situation, query) = (self.situation, self.situation.query);
        for uid in query.context.entities.clone() {
            for table in &situation.places.mapping.tables {
                let Meaning::Link(meaning) = &table.meaning else { continue };
                if situation.places.leads_to(table, &meaning.child) != Some(uid.kind.as_str())
                    || situation.places.leads_to(table, &meaning.parent) != Some(query.resource.kind.as_str())
                {
                    continue;
                }
                let cells = vec![
                    (meaning.parent.clone(), self.changes.reference(&query.resource)),
                    (meaning.child.clone(), self.changes.reference(&uid)),
                ];
                let says = format!("Put {} into {}", self.thing(&uid), self.thing(&query.resource));
                self.give(table, cells, says, 2, format!("{}/{uid}", table.name));
            }
            let Some(at) = situation.places.of(&uid) else { continue };
            for column in at.table.entity().map_or(&[][..], |entity| &entity.parents) {
                if situation.places.leads_to(at.table, column) == Some(query.resource.kind.as_str()) {
                    let says = format!("Put {} into {}", self.thing(&uid), self.thing(&query.resource));
                    let cell = (column.clone(), self.changes.reference(&query.resource));
                    self.add(self.changes.set(at, [cell]), says, 6, None);
                }
            }
        }
    }
}

fn is(situation: &Situation, uid: &Uid, wanted: EntityKind) -> bool {
    situation.places.mapping.entity(&uid.kind).is_some_and(|(_, entity)| entity.entity == wanted)
}
