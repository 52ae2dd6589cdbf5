// SPDX-License-Identifier: Apache-2.0
//! What decided, in words: each row by what its table means, each rule by its reason or its id.

use super::place::At;
use super::shapes::{self, Effect, RowPlace};
use super::situation::Situation;
use super::words::{deed, deeds, kind_words, listed, not_counting, plural, told, verb};
use super::{Explainer, place};
use crate::bundle::HANDWRITTEN;
use crate::decide::Reason;
use crate::facts::{Grant, Scope};
use crate::mapping::{EntityKind, Meaning};
use crate::name::Uid;
use crate::rows::Value;

impl<'a> Situation<'a> {
    /// Everything that decided.
    pub fn reasons(&self, explainer: &Explainer) -> Vec<shapes::Reason> {
        self.decision.reasons.iter().map(|reason| self.reason(explainer, reason)).collect()
    }

    fn reason(&self, explainer: &Explainer, reason: &Reason) -> shapes::Reason {
        let effect = if self.decision.allow { Effect::Permit } else { Effect::Forbid };
        let facts = self.facts();
        let grant = facts.grants.iter().find(|grant| grant.id == reason.policy && grant.source == reason.source);
        let (policy, source) = (reason.policy.clone(), reason.source.clone());
        if let Some(grant) = grant {
            return shapes::Reason {
                row: self.places.find(&source).map(|at| at.place()),
                says: self.of_row(grant),
                rests_on: self.rests_on(grant),
                policy,
                source,
                effect,
            };
        }
        let (says, row, rests_on) = self.of_rule(explainer, reason);
        let source =
            if reason.source == HANDWRITTEN || explainer.is_handwritten(&policy) { source } else { String::new() };
        shapes::Reason { policy, source, effect, row, says, rests_on }
    }

    /// The rows behind a grant other than its own: those by which the principal is meant, and what the row rests on.
    fn rests_on(&self, grant: &Grant) -> Vec<RowPlace> {
        let mut found: Vec<RowPlace> = Vec::new();
        let mut add = |place: RowPlace| {
            if !found.contains(&place) {
                found.push(place);
            }
        };
        for (own, scope) in [(&self.query.principal, &grant.principal), (&self.query.resource, &grant.resource)] {
            let (Scope::In(to) | Scope::IsIn(_, to)) = scope else { continue };
            for (child, parent) in self.path(self.facts(), own, to).unwrap_or_default() {
                if let Some(link) = self.link(&child, &parent) {
                    add(link.column.map_or_else(|| link.at.place(), |column| link.at.column(column)));
                }
            }
        }
        for source in &grant.rests_on {
            if let Some(at) = self.places.find(source).filter(|at| self.is_about(*at)) {
                add(at.place());
            }
        }
        found
    }

    /// What a row does that decided.
    fn of_row(&self, grant: &Grant) -> String {
        let who = self.who();
        let query = self.query;
        if grant.id.starts_with("unreadable/") {
            let why = self.facts().tainted.values().find(|why| why.starts_with(&format!("`{}`", grant.source)));
            let why = why.cloned().unwrap_or_else(|| format!("something of `{}` cannot be read", grant.source));
            return format!("{why}, so that nothing is allowed");
        }
        let forbids = grant.effect == crate::facts::Effect::Forbid;
        let verb = verb(&query.action);
        let what = deeds(&self.places, grant.actions.as_deref(), &query.action, &grant.resource);
        let how = self.membership(&grant.principal);
        let at = self.places.find(&grant.source);
        match (at.map(|at| (at, &at.table.meaning)), forbids) {
            (Some((at, Meaning::RoleAssignment(meaning))), false) => {
                format!("{who} holds {}", self.assigned(at, meaning))
            }
            (Some((at, Meaning::RoleAssignment(meaning))), true) => {
                format!("{who} holds {}, which may not {verb} there", self.assigned(at, meaning))
            }
            (Some((at, Meaning::DirectPermission(meaning))), false) => {
                let rest = self.where_and_until(at, meaning.scope.as_ref(), meaning.expires.as_deref());
                format!("{who} has the permission to {}{rest}", self.on_types(grant))
            }
            (Some((at, Meaning::DirectPermission(meaning))), true) => {
                let rest = self.where_and_until(at, meaning.scope.as_ref(), meaning.expires.as_deref());
                format!("a row of {} denies {who} to {}{rest}", at.table.name, self.on_types(grant))
            }
            (Some(_), false) => match how {
                Some(how) => format!("{how}, which may {what}"),
                None => format!("a row of {} lets {who} {what}", self.table_of(grant)),
            },
            (_, true) => match how {
                Some(how) => format!("{how}, which may not {what}"),
                None if grant.principal == Scope::Any => format!("`{}` forbids everybody to {what}", grant.source),
                None => format!("`{}` forbids {who} to {what}", grant.source),
            },
            (None, false) => format!("`{}` lets {who} {what}", grant.source),
        }
    }

    fn table_of<'g>(&self, grant: &'g Grant) -> &'g str {
        grant.source.split('/').next().unwrap_or_default()
    }

    /// What the permission is for, without the scope: that is told apart.
    fn on_types(&self, grant: &Grant) -> String {
        let bare = match &grant.resource {
            Scope::IsIn(kind, _) => Scope::Is(kind.clone()),
            Scope::In(_) => Scope::Any,
            scope => scope.clone(),
        };
        deeds(&self.places, grant.actions.as_deref(), &self.query.action, &bare)
    }

    /// `ben holds the role editor`, `cleo is in the group Support`; `None` where a row is about the principal itself.
    fn membership(&self, scope: &Scope) -> Option<String> {
        let (Scope::In(uid) | Scope::IsIn(_, uid)) = scope else { return None };
        let verb = match self.places.mapping.entity(&uid.kind).map(|(_, entity)| entity.entity) {
            Some(EntityKind::Role) => "holds",
            _ if uid.kind == crate::name::GROUP_ROLE => "has",
            _ => "is in",
        };
        Some(format!("{} {verb} {}", self.who(), self.thing(uid)))
    }

    /// What a generated or hand-written rule says, with the row that it is about.
    fn of_rule(&self, explainer: &Explainer, reason: &Reason) -> (String, Option<RowPlace>, Vec<RowPlace>) {
        let (who, query) = (self.who(), self.query);
        let id = reason.policy.as_str();
        let resource = self.thing(&query.resource);
        if explainer.is_handwritten(id) {
            let told = explainer.reason_of(id);
            let verb = if self.decision.allow { "permits" } else { "forbids" };
            let mut says = format!("the rule {id} {verb} it");
            if let Some(what) = self.blamed(explainer, id) {
                says.push_str(&format!(", since {what}"));
            }
            if !told.is_empty() {
                says.push_str(&format!(" (“{told}”)"));
            }
            return (says, None, Vec::new());
        }
        let own = self.places.of(&query.resource);
        match id.split('/').next().unwrap_or_default() {
            "owner" => {
                let column = own.and_then(|at| at.table.entity()?.owner.as_deref());
                let row = own.map(|at| column.map_or_else(|| at.place(), |column| at.column(column)));
                (format!("{who} owns {resource}"), row, Vec::new())
            }
            "member" => {
                let role = id.rsplit('/').next().unwrap_or_default();
                let group = Uid::new(crate::name::GROUP_ROLE, crate::facts::group_role_id(&query.resource.id, role));
                let row = self.link(&query.principal, &group).map(|link| link.at.place());
                (format!("{who} has the role {role} within {resource}"), row, Vec::new())
            }
            _ => match id {
                "guard/principal-live" => self.of_entity(&query.principal, "may do nothing"),
                "guard/tenant" => self.of_tenant(),
                "guard/resource-type" => {
                    let kind = &query.resource.kind;
                    (format!("the schema knows nothing of the type {kind}"), None, Vec::new())
                }
                _ if id.starts_with("guard/resource-live/") => {
                    self.of_entity(&query.resource, "nothing may be done to")
                }
                _ => (format!("the generated rule {id} decides it"), None, Vec::new()),
            },
        }
    }

    /// Why nobody may act as somebody, or do anything to something.
    fn of_entity(&self, uid: &Uid, then: &str) -> (String, Option<RowPlace>, Vec<RowPlace>) {
        let Some(at) = self.places.of(uid) else {
            let says = match self.places.mapping.entity(&uid.kind) {
                Some((table, _)) => format!("there is no {} {} in {}", kind_words(&uid.kind), uid.id, table.name),
                None => format!("nobody of the type {} is known", uid.kind),
            };
            let row = self.places.mapping.entity(&uid.kind).map(|(table, _)| RowPlace {
                table: table.name.clone(),
                row: None,
                column: None,
            });
            return (says, row, Vec::new());
        };
        let live = at.table.entity().map_or(&[][..], |entity| &entity.live);
        let why = not_counting(&self.places, at, live, None, self.case.at);
        let Some((column, _)) = why.first() else {
            return (format!("{} does not count", self.thing(uid)), Some(at.place()), Vec::new());
        };
        let row = Some(at.column(column));
        let why: Vec<String> = why.into_iter().map(|(_, why)| why).collect();
        let why = listed(&why, "and");
        let says = match *uid == self.query.principal {
            true => format!("{} {then} while {why}", self.who()),
            false => format!("{then} {} while {why}", self.thing(uid)),
        };
        (says, row, Vec::new())
    }

    /// The part of an `unless` that does not hold, and lets the rule forbid.
    fn blamed(&self, explainer: &Explainer, id: &str) -> Option<String> {
        if self.decision.allow {
            return None;
        }
        let policy = self.policies(explainer).into_iter().find(|policy| policy.policy == id)?;
        let clause = policy.conditions.into_iter().find(|condition| condition.clause == "unless")?;
        let mut step = clause.step;
        while let Some(at) = step.below.iter().position(|step| !step.skipped && step.value.as_deref() == Some("false"))
        {
            // Below a `!` or an `||` the part that is false says something else.
            if !step.text.contains("&&") || step.text.contains("||") {
                break;
            }
            step = step.below.swap_remove(at);
        }
        (step.value.as_deref() == Some("false")).then(|| format!("`{}` is false", step.text))
    }

    fn of_tenant(&self) -> (String, Option<RowPlace>, Vec<RowPlace>) {
        let nothing = |says: String| (says, None, Vec::new());
        let tenant = |at: At<'a>| at.table.entity().and_then(|entity| entity.tenant.as_deref());
        let Some(at) = self.places.of(&self.query.principal) else { return self.of_entity(&self.query.principal, "") };
        let Some(column) = tenant(at) else { return nothing("nothing crosses a tenant".to_string()) };
        let who = self.who();
        let Some(home) = self.places.target(at, column) else {
            let what = place::kind(at.table, column);
            let value = self.places.value(at, column);
            let says = match value {
                Value::Null => format!("{who} belongs to nobody: `{column}` is empty"),
                value => format!("nobody knows where {who} belongs: `{column}` is {}", told(value, what)),
            };
            return (says, Some(at.column(column)), Vec::new());
        };
        if self.places.of(&home).is_none() {
            let (says, ..) = self.of_entity(&home, "");
            return (says, Some(at.column(column)), Vec::new());
        }
        let lies = self.ancestry(self.facts(), &self.query.resource);
        if lies.contains(&home) {
            return self.of_entity(&home, "nothing may be done within");
        }
        let tenants: Vec<&Uid> = lies.iter().filter(|uid| uid.kind == home.kind).collect();
        let resource = self.thing(&self.query.resource);
        let (home, kind) = (self.thing(&home), plural(&home.kind));
        let says = match tenants.first() {
            Some(other) => {
                format!("{who} belongs to {home} and {resource} to {}: nothing crosses {kind}", self.thing(other))
            }
            None => format!("{who} belongs to {home}, and {resource} does not lie in it"),
        };
        let own = self.places.of(&self.query.resource).and_then(|at| tenant(at).map(|column| at.column(column)));
        (says, Some(at.column(column)), own.into_iter().collect())
    }

    /// The first thing to be told.
    pub fn says(&self, reasons: &[shapes::Reason], near: &[shapes::Near]) -> String {
        let (who, again) = (self.whoever(), self.who());
        let deed = deed(&self.places, &self.query.action, &self.query.resource);
        if self.decision.undecided {
            let why = self.decision.errors.first().cloned().unwrap_or_default();
            return format!("Whether {who} may {deed} cannot be decided, so no: {why}.");
        }
        if self.decision.allow {
            let why = reasons.first().map_or_else(String::new, |reason| format!(": {}", reason.says));
            let others = match reasons.len() {
                0 | 1 => String::new(),
                2 => " (and for one more reason)".to_string(),
                more => format!(" (and for {} more reasons)", more - 1),
            };
            return format!("{who} may {deed}{why}{others}.");
        }
        if let Some(reason) = reasons.first() {
            return format!("{who} may not {deed}: {}.", reason.says);
        }
        if let Some(error) = self.decision.errors.iter().find(|error| self.is_forbid(error)) {
            return format!("{who} may not {deed}: a rule that forbids could not be evaluated ({error}).");
        }
        let nearest = match near.first() {
            Some(near) => format!(" Nearest: {}, but {}.", near.says, near.missing.join(", and ")),
            None => String::new(),
        };
        format!("{who} may not {deed}: nothing lets {again} do that.{nearest}")
    }

    fn is_forbid(&self, error: &str) -> bool {
        let program = self.case.engine.program();
        (0..program.len() as u32).any(|policy| {
            program.effect(policy) == crate::facts::Effect::Forbid
                && error.starts_with(&format!("{}: ", program.id(policy)))
        })
    }
}
