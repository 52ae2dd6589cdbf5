// SPDX-License-Identifier: Apache-2.0
//! Behind a deny: what comes nearest to allowing it, and what is in the way.
//!
//! Rows that do not count at the moment (ended, switched off) are looked at as if they did; a row that is in the way is then
//! told as such. So one search finds both the grant of a role that somebody does not hold and the membership that ended.

use super::Explainer;
use super::place::At;
use super::shapes::{Applies, Near, Reason, Step};
use super::situation::{Situation, holds};
use super::words::{deed, deeds, listed, not_counting, plural, thing, verb};
use crate::bundle::HANDWRITTEN;
use crate::facts::{self, Effect, Facts, Grant, Scope};
use crate::mapping::{EntityKind, Live, Meaning, Test};
use crate::name::{GROUP_ROLE, Uid};
use crate::rows::{Rows, Value, format_time};
use std::collections::BTreeSet;

/// A grant that comes near, before it is told.
pub struct NearGrant<'a> {
    pub grant: Grant,
    /// Rows that it needs and that do not count, each with what is wrong with it.
    pub dead: Vec<(At<'a>, String)>,
    pub missing: Vec<Missing>,
    pub distance: u32,
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

/// How many are told.
const MOST_NEAR: usize = 6;
/// How many are looked at more closely.
const MOST_LOOKED_AT: usize = 100;
/// Farther ones say nothing.
const FARTHEST: u32 = 80;

/// The rows that decide whether a row counts: live conditions, and the column of its end.
pub fn conditions(meaning: &Meaning) -> (&[Live], Option<&str>) {
    match meaning {
        Meaning::Entity(entity) => (&entity.live, None),
        Meaning::Permission(meaning) => (&meaning.live, None),
        Meaning::RolePermission(meaning) => (&meaning.live, None),
        Meaning::RoleAssignment(meaning) => (&meaning.live, meaning.expires.as_deref()),
        Meaning::DirectPermission(meaning) => (&meaning.live, meaning.expires.as_deref()),
        Meaning::GroupMembership(meaning) => (&meaning.live, meaning.expires.as_deref()),
        Meaning::Acl(meaning) => (&meaning.live, meaning.expires.as_deref()),
        Meaning::Link(meaning) => (&meaning.live, None),
        Meaning::LoginSession(_) | Meaning::Ignored { .. } => (&[], None),
    }
}

/// The part of a condition that did not hold, or failed.
fn unmet(mut step: Step) -> Option<String> {
    let is = |step: &Step| !step.skipped && step.value.as_deref() == Some("false");
    while step.text.contains(" && ") && !step.text.contains(" || ") {
        let Some(at) = step.below.iter().position(is) else { break };
        step = step.below.swap_remove(at);
    }
    match (step.value.as_deref(), step.error) {
        (Some("false"), _) => Some(format!("`{}` is false", step.text)),
        (_, Some(error)) => Some(format!("`{}` fails: {error}", step.text)),
        _ => None,
    }
}

/// What makes a condition hold, spelt as the cell was.
pub fn cured(test: &Test, was: &Value, now: i64) -> Value {
    let truth = |value: bool| match was {
        Value::Text(text) if text.parse::<i64>().is_err() => Value::Text(value.to_string()),
        _ => Value::Integer(value.into()),
    };
    match test {
        Test::IsTrue => truth(true),
        Test::IsFalse => truth(false),
        Test::EqualsText(text) => Value::Text(text.clone()),
        Test::EqualsLong(number) => Value::Integer(*number),
        Test::IsNull => Value::Null,
        Test::IsNotNull => Value::Text(format_time(now)),
    }
}

impl<'a> Situation<'a> {
    /// All rows as if each of them counted. `None` where all of them do.
    fn revived(&self) -> Option<Rows> {
        let mut changed: Option<Rows> = None;
        for table in &self.places.mapping.tables {
            let (live, expires) = conditions(&table.meaning);
            if live.is_empty() && expires.is_none() {
                continue;
            }
            for at in self.places.each(table) {
                if not_counting(&self.places, at, live, expires, self.case.at).is_empty() {
                    continue;
                }
                let rows = changed.get_or_insert_with(|| self.case.rows.clone());
                let Some(of_table) = rows.get_mut(&table.name) else { continue };
                let positions = &of_table.columns;
                let position = |column: &str| positions.iter().position(|own| own == column);
                let mut set: Vec<(usize, Value)> = live
                    .iter()
                    .filter_map(|live| {
                        let value = self.places.value(at, &live.column);
                        Some((position(&live.column)?, cured(&live.test, value, self.case.at)))
                    })
                    .collect();
                set.extend(expires.and_then(position).map(|position| (position, Value::Null)));
                for (position, value) in set {
                    of_table.rows[at.row][position] = value;
                }
            }
        }
        changed
    }

    /// The permits nearest to the request, nearest first. Those that hold already are among them, with nothing missing.
    pub fn nearest(&self) -> (Vec<NearGrant<'a>>, Facts) {
        let facts = match self.revived() {
            Some(rows) => facts::build(self.case.bundle, &rows, &self.query.externals, self.case.at),
            None => self.facts().clone(),
        };
        let query = self.query;
        let principals = self.ancestry(&facts, &query.principal);
        let resources = self.ancestry(&facts, &query.resource);
        let mut near: Vec<NearGrant> = Vec::new();
        for grant in facts.grants.iter().filter(|grant| grant.effect == Effect::Permit) {
            let mut missing = Vec::new();
            let mut distance = 0;
            if !holds(&grant.principal, &query.principal, &principals) {
                // A role or a group can be joined; another person's own grant is farther away.
                distance += if matches!(grant.principal, Scope::In(_)) { 20 } else { 45 };
                missing.push(Missing::Principal(grant.principal.clone()));
            }
            if let Some(actions) = &grant.actions
                && !actions.contains(&query.action)
            {
                distance += 50;
                missing.push(Missing::Action(actions.clone()));
            }
            if !holds(&grant.resource, &query.resource, &resources) {
                // What the principal holds elsewhere is nearer than what others hold here; but not so a list of what single
                // things she was given.
                distance += if missing.is_empty() && self.is_scoped(grant) { 15 } else { 30 };
                missing.push(Missing::Resource(grant.resource.clone()));
            }
            if distance >= FARTHEST || missing.len() > 2 {
                continue;
            }
            near.push(NearGrant { grant: grant.clone(), dead: Vec::new(), missing, distance });
        }
        // What a grant rests on is looked up only for those that may be told.
        near.sort_by(|a, b| (a.distance, &a.grant.id).cmp(&(b.distance, &b.grant.id)));
        near.truncate(MOST_LOOKED_AT);
        for one in &mut near {
            one.dead = self.dead(&facts, &one.grant, &principals, &resources);
            one.distance += 10 * one.dead.len() as u32;
        }
        near.retain(|near| near.distance < FARTHEST + 20);
        near.sort_by(|a, b| (a.distance, &a.grant.id).cmp(&(b.distance, &b.grant.id)));
        (near, facts)
    }

    /// The rows that a grant needs for this request and that do not count.
    fn dead(
        &self,
        revived: &Facts,
        grant: &Grant,
        principals: &BTreeSet<Uid>,
        resources: &BTreeSet<Uid>,
    ) -> Vec<(At<'a>, String)> {
        let mut found: Vec<(At<'a>, String)> = Vec::new();
        let mut look = |at: Option<At<'a>>| {
            let Some(at) = at else { return };
            let (live, expires) = conditions(&at.table.meaning);
            let why = not_counting(&self.places, at, live, expires, self.case.at);
            if !why.is_empty() && !found.iter().any(|(other, _)| *other == at) {
                let why: Vec<String> = why.into_iter().map(|(_, why)| why).collect();
                found.push((at, listed(&why, "and")));
            }
        };
        let own = self.places.find(&grant.source);
        look(own);
        let about = |source: &String| self.places.find(source).filter(|at| self.is_about(*at));
        grant.rests_on.iter().for_each(|source| look(about(source)));
        let mut look_at_entity = |uid: &Uid| {
            // A resource that is not live is told by the guard that forbids it.
            if *uid != self.query.principal && *uid != self.query.resource {
                look(self.places.of(uid));
            }
        };
        if let Some(at) = own
            && let Meaning::RoleAssignment(meaning) = &at.table.meaning
        {
            self.places.target(at, &meaning.role).iter().for_each(&mut look_at_entity);
        }
        for scope in [&grant.principal, &grant.resource] {
            if let Scope::In(uid) | Scope::IsIn(_, uid) | Scope::Eq(uid) = scope {
                look_at_entity(uid);
            }
        }
        let query = self.query;
        for (own, scope, above) in
            [(&query.principal, &grant.principal, principals), (&query.resource, &grant.resource, resources)]
        {
            if let Scope::In(to) | Scope::IsIn(_, to) = scope
                && above.contains(to)
            {
                for (child, parent) in self.path(revived, own, to).unwrap_or_default() {
                    look(self.link(&child, &parent).map(|link| link.at));
                    if matches!(
                        self.places.mapping.entity(&parent.kind).map(|(_, entity)| entity.entity),
                        Some(EntityKind::Role | EntityKind::Group)
                    ) {
                        look(self.places.of(&parent));
                    }
                }
            }
        }
        found
    }

    /// Whether a grant comes from an assignment or a permission within a scope.
    fn is_scoped(&self, grant: &Grant) -> bool {
        let table = grant.source.split('/').next().and_then(|table| self.places.mapping.table(table));
        matches!(table.map(|table| &table.meaning), Some(Meaning::RoleAssignment(_) | Meaning::DirectPermission(_)))
    }

    /// What comes near, in words. What lacks two things or belongs to somebody else is told only where little else is.
    pub fn near(&self, explainer: &Explainer, nearest: &[NearGrant<'a>], reasons: &[Reason]) -> Vec<Near> {
        let mut told: Vec<Near> = Vec::new();
        let mut rules = self.rules(explainer);
        let (mut others, mut actions) = (0, 0);
        for near in nearest {
            let other = near.missing.iter().any(|missing| matches!(missing, Missing::Principal(Scope::Eq(_))));
            let action = near.missing.iter().any(|missing| matches!(missing, Missing::Action(_)));
            (others, actions) = (others + u32::from(other), actions + u32::from(action));
            let far = near.missing.len() > 1 || other && others > 1 || action && actions > 2;
            if near.missing.len() + near.dead.len() > 1 || action {
                told.append(&mut rules);
            }
            if far && told.len() >= 2 || near.missing.len() > 1 && action {
                continue;
            }
            let mut missing: Vec<String> = Vec::new();
            for (at, why) in &near.dead {
                let source = self.places.source(*at);
                let row =
                    if source == near.grant.source { "that row does not count now".to_string() } else { self.row(*at) };
                missing.push(format!("{row}: {why}"));
            }
            missing.extend(near.missing.iter().map(|missing| self.missing(missing)));
            if missing.is_empty() {
                // It holds; something else forbids.
                let Some(reason) = reasons.first() else { continue };
                missing.push(reason.says.clone());
            }
            let says = self.conveys(&near.grant);
            let row = self.places.find(&near.grant.source).map(|at| at.place());
            if told.iter().any(|other| other.says == says && other.missing == missing) {
                continue;
            }
            told.push(Near { says, source: near.grant.source.clone(), row, missing });
            if told.len() == MOST_NEAR {
                break;
            }
        }
        told.append(&mut rules);
        told.truncate(MOST_NEAR);
        if told.len() < MOST_NEAR {
            told.extend(self.unreadable(MOST_NEAR - told.len()));
        }
        if nearest.iter().all(|near| near.missing.iter().any(|missing| matches!(missing, Missing::Action(_)))) {
            told.extend(self.ungranted());
        }
        told
    }

    /// Rules that are about this question and whose conditions do not hold.
    fn rules(&self, explainer: &Explainer) -> Vec<Near> {
        let query = self.query;
        let resource = thing(&self.places, &query.resource);
        let verb = verb(&query.action);
        let own = self.places.of(&query.resource);
        let entity = own.and_then(|at| at.table.entity());
        let mut found = Vec::new();
        for policy in self.policies(explainer) {
            let fits = policy.scope.principal && policy.scope.action && policy.scope.resource;
            if policy.effect != super::Effect::Permit || !fits || policy.applies == Applies::Yes {
                continue;
            }
            let id = policy.policy.as_str();
            let mut row = own.map(|at| at.place());
            let (says, missing) = match (id.split('/').next().unwrap_or_default(), own.zip(entity)) {
                _ if explainer.is_handwritten(id) => {
                    row = None;
                    let told = explainer.reason_of(id);
                    let told = if told.is_empty() { String::new() } else { format!(" (“{told}”)") };
                    let why = policy.conditions.into_iter().find_map(|condition| unmet(condition.step));
                    let why = why.unwrap_or_else(|| "its conditions do not hold".to_string());
                    (format!("the rule {id} could permit it{told}"), why)
                }
                ("owner", Some((at, entity))) => {
                    let column = entity.owner.as_deref().unwrap_or_default();
                    row = Some(at.column(column));
                    let why = match self.places.target(at, column) {
                        Some(owner) => format!("that is {}", thing(&self.places, &owner)),
                        None => "it has none".to_string(),
                    };
                    (format!("the owner of {resource} may {verb} it"), why)
                }
                ("member", Some(_)) => {
                    let role = id.rsplit('/').next().unwrap_or_default();
                    let group = Uid::new(GROUP_ROLE, facts::group_role_id(&query.resource.id, role));
                    let why = match self.link(&query.principal, &group).map(|link| link.at) {
                        Some(at) => {
                            row = Some(at.place());
                            let (live, expires) = conditions(&at.table.meaning);
                            let why = not_counting(&self.places, at, live, expires, self.case.at);
                            let why: Vec<String> = why.into_iter().map(|(_, why)| why).collect();
                            format!("{}: {}", self.row(at), listed(&why, "and"))
                        }
                        None => format!("{} does not have it", self.who()),
                    };
                    (format!("whoever has the role {role} within {resource} may {verb} it"), why)
                }
                _ => continue,
            };
            let source = if explainer.is_handwritten(id) { HANDWRITTEN.to_string() } else { String::new() };
            found.push(Near { says, source, row, missing: vec![missing] });
        }
        found
    }

    /// A row in a word or two: `Ann's membership`, `the role Editor`.
    pub fn row(&self, at: At<'a>) -> String {
        let places = &self.places;
        match &at.table.meaning {
            Meaning::RoleAssignment(meaning) => match places.target(at, &meaning.principal) {
                Some(uid) => {
                    format!("{} holding {} does not count now", thing(places, &uid), self.assigned(at, meaning))
                }
                None => format!("`{}` does not count now", places.source(at)),
            },
            Meaning::GroupMembership(meaning) => {
                match (places.target(at, &meaning.principal), places.target(at, &meaning.group)) {
                    (Some(uid), Some(group)) => {
                        format!(
                            "the membership of {} in {} does not count now",
                            thing(places, &uid),
                            thing(places, &group)
                        )
                    }
                    _ => format!("`{}` does not count now", places.source(at)),
                }
            }
            _ => match places.entity(at) {
                Some(uid) => format!("{} does not count now", thing(places, &uid)),
                None => format!("`{}` does not count now", places.source(at)),
            },
        }
    }

    /// What a row conveys, whoever asks.
    pub fn conveys(&self, grant: &Grant) -> String {
        let places = &self.places;
        let what = deeds(places, grant.actions.as_deref(), &self.query.action, &grant.resource);
        let at = places.find(&grant.source);
        if let Some(at) = at
            && let Meaning::RoleAssignment(meaning) = &at.table.meaning
            && let Some(role) = places.target(at, &meaning.role)
            && let Scope::Eq(uid) = &grant.principal
        {
            return format!("{}, who holds {}, may {what}", thing(places, uid), thing(places, &role));
        }
        match &grant.principal {
            Scope::Any => format!("everybody may {what}"),
            Scope::Is(kind) => format!("all {} may {what}", plural(kind)),
            Scope::Eq(uid) => format!("{} may {what}", thing(places, uid)),
            Scope::In(uid) | Scope::IsIn(_, uid) => format!("{} may {what}", thing(places, uid)),
        }
    }

    /// One thing that is missing, in words.
    pub fn missing(&self, missing: &Missing) -> String {
        let (who, places) = (self.who(), &self.places);
        let resource = thing(places, &self.query.resource);
        match missing {
            Missing::Principal(Scope::In(uid) | Scope::IsIn(_, uid)) => {
                let verb = match places.mapping.entity(&uid.kind).map(|(_, entity)| entity.entity) {
                    Some(EntityKind::Role) => "does not hold",
                    _ if uid.kind == GROUP_ROLE => "does not have",
                    _ => "is not in",
                };
                format!("{who} {verb} {}", thing(places, uid))
            }
            Missing::Principal(Scope::Eq(uid)) => format!("that is {}, not {who}", thing(places, uid)),
            Missing::Principal(_) => format!("{who} is not meant"),
            Missing::Action(actions) => {
                let wanted = verb(&self.query.action);
                // Two actions can have the same verb: `project:read` and `document:read`.
                let alike = actions.iter().any(|action| verb(action) == wanted);
                let told = |action: &str| if alike { action.to_string() } else { verb(action) };
                let mut verbs: Vec<String> = actions.iter().map(|action| format!("“{}”", told(action))).collect();
                verbs.truncate(4);
                format!("that is for {}, not for “{}”", listed(&verbs, "and"), told(&self.query.action))
            }
            Missing::Resource(Scope::In(uid) | Scope::IsIn(_, uid)) => {
                if let Missing::Resource(Scope::IsIn(kind, _)) = missing
                    && *kind != self.query.resource.kind
                {
                    return format!("that is for {}", plural(kind));
                }
                format!("{resource} does not lie in {}", thing(places, uid))
            }
            Missing::Resource(Scope::Is(kind)) => format!("that is for {}", plural(kind)),
            Missing::Resource(_) => format!("that is not {resource}"),
        }
    }

    /// Rows about this principal that cannot be read, as the facts found them.
    fn unreadable(&self, most: usize) -> Vec<Near> {
        let ancestry = self.ancestry(self.facts(), &self.query.principal);
        let mut found: Vec<Near> = Vec::new();
        for finding in &self.facts().findings {
            let Some(source) = finding.message.strip_prefix('`').and_then(|rest| rest.split_once("`: ")) else {
                continue;
            };
            let (source, why) = source;
            let Some(at) = self.places.find(source) else { continue };
            let principal = match &at.table.meaning {
                Meaning::RoleAssignment(meaning) => self.places.target(at, &meaning.principal),
                Meaning::DirectPermission(meaning) => self.places.target(at, &meaning.principal),
                Meaning::GroupMembership(meaning) => self.places.target(at, &meaning.principal),
                Meaning::Acl(meaning) => self.target(at, &meaning.subject),
                Meaning::RolePermission(meaning) => self.places.target(at, &meaning.role),
                _ => None,
            };
            if principal.is_some_and(|uid| ancestry.contains(&uid)) && !found.iter().any(|near| near.source == source) {
                let says = format!("a row about {} in {}", self.who(), at.table.name);
                let missing = vec![format!("it cannot be read: {why}")];
                found.push(Near { says, source: source.to_string(), row: Some(at.place()), missing });
            }
        }
        found.truncate(most);
        found
    }

    /// A permission that there is and that nobody was given; or that there is none.
    fn ungranted(&self) -> Option<Near> {
        let (table, _) = self.places.mapping.permission()?;
        let action = &self.query.action;
        let at = self.places.each(table).find(|at| self.permits(*at).is_some_and(|(all, _)| all.contains(action)))?;
        let given =
            self.facts().grants.iter().any(|grant| grant.actions.as_ref().is_some_and(|all| all.contains(action)));
        let says = format!("there is a permission to {}", deed(&self.places, action, &self.query.resource));
        let missing = "no role and nobody was given it".to_string();
        let near = Near { says, source: self.places.source(at), row: Some(at.place()), missing: vec![missing] };
        (!given).then_some(near)
    }

    /// The actions of a permission's row, with all that they imply, and the types that it is for; all types where `None`.
    pub fn permits(&self, at: At<'a>) -> Option<(Vec<String>, Option<String>)> {
        let Meaning::Permission(meaning) = &at.table.meaning else { return None };
        let mut action = String::new();
        for piece in &meaning.action.0 {
            match piece {
                crate::mapping::Piece::Literal(text) => action.push_str(text),
                crate::mapping::Piece::Column(column) => match self.places.value(at, column) {
                    Value::Text(text) => action.push_str(text),
                    Value::Integer(number) => action.push_str(&number.to_string()),
                    _ => return None,
                },
            }
        }
        let kind = match &meaning.resource {
            None => None,
            Some(resource) => {
                let word = match self.places.value(at, &resource.column) {
                    Value::Text(text) => text.to_ascii_lowercase(),
                    Value::Integer(number) => number.to_string(),
                    _ => String::new(),
                };
                match resource.types.get(&word) {
                    Some(kind) => Some(kind.clone()),
                    None if resource.otherwise_any => None,
                    None => return None,
                }
            }
        };
        Some((self.places.mapping.implied(&action), kind))
    }
}
