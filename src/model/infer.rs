// SPDX-License-Identifier: Apache-2.0
//! A first model of a schema, with the reason for each section: what names, keys and shapes tell, and no more.
//!
//! Nothing is guessed silently, and no guess widens access: an entry that cannot be understood grants nothing. Which table
//! is which is decided in [`tables`](super::tables); here each table's section is written.

use super::draft::{Draft, clean};
use super::fidelity::FidelityReport;
use super::foreign::{Foreign, Rule};
use super::kinds::Kind;
use super::read::read;
use super::section::{ticked, toml_key, toml_text};
use super::seen::{Seen, pairs};
use super::tables::{self, Key, Names};
use super::words::{pascal, words};
use crate::er::{Diagram, Table};
use crate::mapping::ColumnKind;
use crate::name::type_name_problem;
use crate::report::{Finding, Place};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How often the tables are looked at again, knowing what the others are. Chains of such tables are short.
const ROUNDS: usize = 4;

/// What was inferred of a schema.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inferred {
    /// A `model.toml` that [`read`] takes without an error.
    pub model_toml: String,
    /// What deserves a look before the model is relied on.
    pub findings: Vec<Finding>,
    pub report: FidelityReport,
}

/// Writes a first model for `diagram`.
pub fn infer(diagram: &Diagram) -> Inferred {
    let mut writer = Writer::new(diagram);
    let mut drafts = writer.drafts();
    // A table that turned out to be no thing changes what the keys to it say.
    for _ in 0..ROUNDS {
        if !writer.learn(&drafts) {
            break;
        }
        drafts = writer.drafts();
    }
    // What does not hold together is left out, and said: the reader knows every rule, so it is asked.
    for _ in 0..=drafts.len() {
        let text = write(&drafts);
        let (_, findings) = read(&text, diagram);
        let lines = section_lines(&text);
        let mut changed = false;
        for finding in findings.iter().filter(|f| f.is_error()) {
            let line = finding.place.as_ref().map_or(0, |p| p.line);
            let at = lines.iter().rposition(|start| *start <= line).unwrap_or(0);
            if let Some(draft) = drafts.get_mut(at).filter(|d| d.kind != Kind::Ignored) {
                draft.give_up(&finding.message);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let model_toml = write(&drafts);
    let (_, said) = read(&model_toml, diagram);
    let mut findings = Vec::new();
    for draft in &drafts {
        for refused in &draft.report.refused {
            let message = format!("`{}`: {refused}", draft.table.name);
            let help = "its rows convey nothing until the model says what they mean";
            findings.push(placed(Finding::warning("infer/refused", message), &draft.table.place).help(help));
        }
        for assumed in &draft.report.assumed {
            let message = format!("`{}`: {assumed}", draft.table.name);
            let help = "confirm it in the model, or change it there";
            findings.push(placed(Finding::note("infer/assumed", message), &draft.table.place).help(help));
        }
    }
    // Findings of the written model stand at places in that text, which nobody has seen yet.
    findings.extend(said.into_iter().map(|finding| Finding { place: None, ..finding }));
    let mut notes = Vec::new();
    if !drafts.iter().any(|d| d.kind == Kind::Principal) {
        notes.push("no table of users was recognised: give one `kind = \"principal\"`".to_string());
    }
    if !drafts.iter().any(|d| d.kind == Kind::Resource) {
        notes.push("the schema names no resources: add their tables, or declare `[external.NAME]`".to_string());
    }
    let report = FidelityReport { tables: drafts.into_iter().map(|d| d.report).collect(), notes };
    Inferred { model_toml, findings, report }
}

/// The sections that [`infer`] wrote, one for each table of the diagram, without comments.
pub(super) fn sections_of(inferred: &Inferred) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in inferred.model_toml.lines() {
        if line.starts_with("[table.") {
            all.push(line.to_string());
        } else if let Some(section) = all.last_mut().filter(|_| !line.is_empty() && !line.starts_with('#')) {
            section.push('\n');
            section.push_str(line);
        }
    }
    all
}

fn placed(finding: Finding, place: &Place) -> Finding {
    if place.line > 0 { finding.at(place.clone()) } else { finding }
}

/// The line of each table's header.
fn section_lines(text: &str) -> Vec<u32> {
    text.lines().zip(1..).filter(|(line, _)| line.starts_with("[table.")).map(|(_, number)| number).collect()
}

fn write(drafts: &[Draft<'_>]) -> String {
    let mut out = String::from(
        "# What each table means for authorization. `palisade import` wrote this from names, keys and shapes: read every\n\
         # section before you rely on it. What the rows of a table cannot be understood to say, they do not grant.\n",
    );
    for draft in drafts {
        out.push('\n');
        for comment in draft.comments() {
            out.push_str(&format!("# {}\n", clean(&comment)));
        }
        out.push_str(&format!("[table.{}]\nkind = {}\n", toml_key(&draft.table.name), toml_text(draft.kind.name())));
        for line in &draft.lines {
            out.push_str(line);
            out.push('\n');
        }
    }
    let listed: Vec<&Vec<String>> = drafts.iter().map(|d| &d.actions).filter(|actions| actions.len() > 1).collect();
    if let Some([first, second, ..]) = listed.first().map(|actions| actions.as_slice()) {
        out.push_str("\n# The schema lists these actions. If one comes with another, say so, for instance:\n");
        for actions in &listed {
            out.push_str(&format!("#   {}\n", clean(&actions.join(", "))));
        }
        let (action, implied) = (clean(&toml_key(second)), clean(&toml_text(first)));
        out.push_str(&format!("# [action.{action}]\n# implies = [{implied}]\n"));
    }
    out
}

/// Writes the section of each table.
pub(super) struct Writer<'a> {
    pub(super) diagram: &'a Diagram,
    pub(super) names: Names<'a>,
    foreign: Foreign<'a>,
    /// The tables that each table's keys lead to.
    pub(super) targets: BTreeMap<&'a str, Vec<&'a str>>,
    /// The entity type of each table, whether or not its rows become entities.
    pub(super) types: BTreeMap<&'a str, String>,
}

impl<'a> Writer<'a> {
    fn new(diagram: &'a Diagram) -> Writer<'a> {
        let names = Names::of(diagram);
        let principals: Vec<&str> = names.principal.into_iter().collect();
        let foreign = Foreign::new(diagram, &principals, BTreeMap::new());
        let targets = diagram.tables.iter().map(|table| {
            let keys = tables::keys(diagram, &foreign, table);
            (table.name.as_str(), keys.into_iter().map(|key| key.to).collect())
        });
        let targets = targets.collect();
        Writer { diagram, targets, types: type_names(diagram, names.principal), names, foreign }
    }

    fn keys(&self, table: &'a Table) -> Vec<Key<'a>> {
        tables::keys(self.diagram, &self.foreign, table)
    }

    pub(super) fn kind_of(&self, table: &str) -> Option<Kind> {
        self.names.kind(table)
    }

    fn drafts(&self) -> Vec<Draft<'a>> {
        self.diagram.tables.iter().map(|table| self.draft(table)).collect()
    }

    /// Takes in what the drafts have shown; false when that was known.
    fn learn(&mut self, drafts: &[Draft<'a>]) -> bool {
        let mut new = false;
        for draft in drafts {
            let entity = draft.kind.entity().is_some() || draft.lines.iter().any(|line| line.starts_with("as = "));
            if !entity && draft.kind != Kind::Permission {
                new |= self.names.no_thing(&draft.table.name);
            }
            for object in &draft.objects {
                new |= self.names.acl_objects.insert(object.clone());
            }
        }
        new
    }

    fn draft(&self, table: &'a Table) -> Draft<'a> {
        let keys = self.keys(table);
        let columns = Seen::all(table);
        let mut draft = match self.kind_of(table.name.as_str()) {
            Some(Kind::Permission) => self.permission(table, &columns),
            Some(kind) if kind != Kind::Resource => self.entity(table, kind, &columns, &keys),
            _ => self.other(table, &columns, &keys),
        };
        self.references(&mut draft, &keys);
        draft
    }

    /// Says where a key leads that has two readings.
    fn references(&self, draft: &mut Draft<'a>, keys: &[Key<'a>]) {
        if draft.kind == Kind::Ignored {
            return;
        }
        let mut pairs = Vec::new();
        for key in keys.iter().filter(|k| !k.or.is_empty()) {
            pairs.push(format!("{} = {}", toml_key(&key.column.name), toml_text(key.to)));
            let or = ticked(key.or.iter().map(String::as_str));
            draft.assumed(format!("`{}` leads to `{}`; it might lead to {or} as well", key.column.name, key.to));
        }
        if !pairs.is_empty() {
            draft.line("references", &format!("{{ {} }}", pairs.join(", ")));
        }
        for key in keys.iter().filter(|k| k.or.is_empty()) {
            let surely = matches!(key.rule, Rule::Diagram | Rule::SameKey | Rule::SameName);
            let sentence = format!("`{}` leads to `{}`, {}", key.column.name, key.to, key.rule.because());
            if surely { draft.kept(sentence) } else { draft.assumed(sentence) }
        }
    }

    // ---- Entities

    fn entity(&self, table: &'a Table, kind: Kind, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Draft<'a> {
        let seen = match kind {
            Kind::Principal if table.columns.is_empty() => {
                "the table of users, of which only the name is drawn".to_string()
            }
            Kind::Principal => format!("the table of users, by {}", tables::why_principal(table)),
            Kind::Role => format!("a set of permissions, by its name {}", self.used_by(table)),
            Kind::Group => format!("a set of users, by its name {}", self.used_by(table)),
            Kind::Tenant => "every user belongs to one: an isolation boundary".to_string(),
            _ => "something that is acted on".to_string(),
        };
        let mut draft = Draft::new(table, kind, seen.trim_end().to_string());
        if !self.type_and_id(&mut draft, columns) {
            return draft;
        }
        self.live(&mut draft, columns);
        match kind {
            Kind::Principal => {
                self.one_key(&mut draft, "role", Kind::Role, keys);
                let groups: Vec<String> =
                    self.to_kind(keys, Kind::Group).map(|key| toml_text(&key.column.name)).collect();
                if !groups.is_empty() {
                    draft.line("groups", &format!("[{}]", groups.join(", ")));
                }
                for column in columns.iter().filter(|c| c.is_bypass()) {
                    draft.approximated(format!(
                        "`{}` is no key to everything here: write a permit if it shall be one",
                        column.name()
                    ));
                }
                if let Some(column) = columns.iter().find(|c| tables::is_role_text(c)) {
                    draft.report.refused.push(format!(
                        "`{}` holds the names of roles as text, perhaps several with commas: draw a table of roles, or test it in a policy",
                        column.name()
                    ));
                }
            }
            Kind::Role => {
                if let Some(column) = self.name_of(table, columns) {
                    draft.text("name", column);
                }
                let level = columns.iter().find(|c| {
                    c.kind == ColumnKind::Long
                        && c.is(&["permission_level", "level", "rank", "role_level", "hierarchy_level", "等級"])
                });
                if let Some(level) = level {
                    draft.text("level", level.name());
                }
                let system = columns.iter().find(|c| {
                    c.kind == ColumnKind::Bool
                        && c.is(&[
                            "is_system",
                            "is_system_role",
                            "system",
                            "builtin",
                            "is_builtin",
                            "is_default_system",
                        ])
                });
                if let Some(system) = system {
                    draft.text("system", system.name());
                }
                if let Some(pair) = pairs(columns).into_iter().next() {
                    // Rolify: the role itself is bound to one resource, so that only those bound to none are roles everywhere.
                    draft.approximated(format!(
                        "a role with a `{}` holds for that one thing only, which a role cannot say: such roles are not live",
                        pair.type_column
                    ));
                    draft.add_live(format!("{{ column = {}, is_null = true }}", toml_text(pair.type_column)));
                }
                if let Some(json) = columns.iter().find(|c| c.is_statement()) {
                    draft
                        .report
                        .refused
                        .push(format!("`{}` holds a role's permissions as JSON, which is not read", json.name()));
                }
                for key in self.to_kind(keys, Kind::Group) {
                    draft.assumed(format!(
                        "`{}` says who made the role; where it holds is said by its assignments",
                        key.column.name
                    ));
                }
                for key in keys.iter().filter(|k| k.to == table.name) {
                    draft.report.refused.push(format!(
                        "`{}` makes roles of roles: a row's own permissions count, those of its parent do not. A `link` table can say it",
                        key.column.name
                    ));
                }
            }
            Kind::Group => {
                self.owner(&mut draft, keys);
                if let Some(key) = keys.iter().find(|k| k.to == table.name) {
                    draft.text("parent", &key.column.name);
                }
                for key in self.to_kind(keys, Kind::Group).filter(|k| k.to != table.name) {
                    draft.approximated(format!(
                        "`{}` leads to `{}`: write `parent` if its members shall be members there too",
                        key.column.name, key.to
                    ));
                }
            }
            Kind::Resource => {
                self.owner(&mut draft, keys);
                self.parents(&mut draft, keys);
            }
            _ => {}
        }
        if kind != Kind::Tenant {
            self.one_key(&mut draft, "tenant", Kind::Tenant, keys);
        }
        draft.leave_out_reserved(columns);
        draft
    }

    /// Writes the entity's type and id. False where nothing could be its id; then the draft is of an ignored table.
    fn type_and_id(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>]) -> bool {
        let type_name = &self.types[draft.table.name.as_str()];
        let primary = draft.table.primary_key();
        let mut id = None;
        if !draft.table.columns.is_empty() && primary.len() != 1 {
            let unique = || columns.iter().find(|c| c.column.unique && c.kind != ColumnKind::Blob);
            id = columns.iter().find(|c| c.is(&["id", "uuid"])).or_else(unique);
            if id.is_none() {
                *draft = Draft::ignored(draft.table, "no single column identifies a row");
                return false;
            }
        }
        if *type_name != draft.table.name {
            draft.text("as", type_name);
        }
        if let Some(id) = id {
            draft.text("id", id.name());
            draft
                .assumed(format!("`{}` identifies a row, for no single column is drawn as the primary key", id.name()));
        }
        true
    }

    /// The first key that leads to a table of `kind`.
    pub(super) fn to_kind<'k>(&'k self, keys: &'k [Key<'a>], kind: Kind) -> impl Iterator<Item = &'k Key<'a>> {
        keys.iter().filter(move |k| !k.audit && self.kind_of(k.to) == Some(kind))
    }

    fn one_key(&self, draft: &mut Draft<'a>, name: &str, kind: Kind, keys: &[Key<'a>]) {
        let mut all = self.to_kind(keys, kind);
        if let Some(key) = all.next() {
            draft.text(name, &key.column.name);
        }
        for more in all {
            draft.report.refused.push(format!("`{}` is a second {name}, and there is one", more.column.name));
        }
    }

    fn owner(&self, draft: &mut Draft<'a>, keys: &[Key<'a>]) {
        let rank = |key: &&Key<'a>| {
            let plain = words(&key.column.name).join("_");
            match plain.as_str() {
                p if p.starts_with("owner") || p.ends_with("_owner_id") || p.starts_with("擁有者") => 0,
                p if p.starts_with("author") || p.starts_with("creator") => 1,
                p if p == "created_by" || p == "created_by_id" => 3,
                _ if key.audit => 4,
                _ => 2,
            }
        };
        let mut owners: Vec<&Key<'a>> =
            keys.iter().filter(|k| self.kind_of(k.to) == Some(Kind::Principal)).filter(|k| rank(k) < 4).collect();
        owners.sort_by_key(rank);
        let Some(first) = owners.first() else { return };
        draft.text("owner", &first.column.name);
        draft.lines.push(
            "# owner_actions = [\"read\", \"update\"]   # what may an owner do? Nothing, as it stands".to_string(),
        );
        draft.assumed(format!(
            "the user of `{}` owns the row, and may do nothing by that until you say what",
            first.column.name
        ));
    }

    /// Keys to what a resource lies in. Whoever may do something there may do it here, so a doubtful one is none.
    fn parents(&self, draft: &mut Draft<'a>, keys: &[Key<'a>]) {
        let table = draft.table;
        let to_resources: Vec<&Key<'a>> = keys
            .iter()
            .filter(|k| {
                !k.audit && matches!(self.kind_of(k.to), Some(Kind::Resource | Kind::Group)) || k.to == table.name
            })
            .collect();
        let others = to_resources.iter().filter(|k| k.to != table.name).count();
        let mut parents = Vec::new();
        for key in to_resources {
            let labels: Vec<&str> = self
                .diagram
                .relations
                .iter()
                .filter(|r| joins(r, key.to, &table.name))
                .map(|r| r.label.as_str())
                .collect();
            let contains = labels.iter().any(|label| tables::says_contains(label));
            let uses = labels.iter().any(|label| tables::says_uses(label));
            let container = tables::is_container(key.to) || key.rule == Rule::Parent || key.to == table.name;
            if contains || container || (others == 1 && !uses) {
                parents.push(toml_text(&key.column.name));
                draft.assumed(format!(
                    "a row lies in its `{}` (`{}`): who may act on that may act on this, where a grant is carried down",
                    key.to, key.column.name
                ));
            } else {
                draft.approximated(format!(
                    "`{}` refers to `{}`, but is not seen to lie in it: add it to `parents` if it does",
                    key.column.name, key.to
                ));
            }
        }
        if !parents.is_empty() {
            draft.line("parents", &format!("[{}]", parents.join(", ")));
        }
    }

    /// What refers to a table, for the comment.
    fn used_by(&self, table: &Table) -> String {
        let mut by = Vec::new();
        for other in self.diagram.tables.iter().filter(|t| t.name != table.name) {
            if by.len() < 3 && self.targets(&other.name).contains(&table.name.as_str()) {
                by.push(other.name.as_str());
            }
        }
        if by.is_empty() { String::new() } else { format!("and by what refers to it: {}", ticked(by)) }
    }

    pub(super) fn targets(&self, table: &str) -> &[&'a str] {
        self.targets.get(table).map_or(&[], Vec::as_slice)
    }

    fn name_of(&self, table: &Table, columns: &[Seen<'a>]) -> Option<&'a str> {
        let own = format!("{}_name", super::words::singular_words(&table.name).join("_"));
        let named = [
            own.as_str(),
            "name",
            "role_name",
            "code",
            "slug",
            "title",
            "group_name",
            "角色名稱",
            "角色名称",
            "名稱",
            "名称",
        ];
        named
            .iter()
            .find_map(|name| columns.iter().find(|c| c.plain == *name && c.kind == ColumnKind::Text))
            .map(|c| c.name())
    }

    // ---- What makes a row count

    pub(super) fn live(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>]) {
        let resource = matches!(draft.kind, Kind::Resource);
        let mut deleted = false;
        for column in columns {
            let name = column.name();
            // A session says with `revoked` what ends it.
            if draft.kind == Kind::LoginSession && column.is_revocation() {
                continue;
            }
            if let Some(positive) = column.boolean_life() {
                let condition = if positive { name.to_string() } else { format!("!{name}") };
                deleted |= column.is(&["is_deleted", "deleted"]);
                draft.add_live(toml_text(&condition));
                draft.assumed(format!("a row counts while `{name}` is {positive}; NULL is not"));
            } else if column.is_end_when_set() && !(deleted && column.is(&["deleted_at"])) {
                draft.add_live(format!("{{ column = {}, is_null = true }}", toml_text(name)));
                draft.assumed(format!("a row ends once `{name}` is set"));
            } else if column.is_status() {
                let listed = column.listed();
                let active = listed.iter().find(|v| tables::is_active_word(v));
                let value = match (active, listed.first()) {
                    (Some(value), _) => value.clone(),
                    // Of a resource, a status is more often a stage of work.
                    _ if resource => continue,
                    (None, Some(first)) => first.clone(),
                    (None, None) => "active".to_string(),
                };
                draft.add_live(format!("{{ column = {}, equals = {} }}", toml_text(name), toml_text(&value)));
                draft.assumed(match listed.is_empty() {
                    true => format!("a row counts while `{name}` is `{value}`, of which the schema says nothing"),
                    false => format!(
                        "a row counts while `{name}` is `{value}`, one of {}",
                        ticked(listed.iter().map(String::as_str))
                    ),
                });
            }
        }
        if draft.kind == Kind::LoginSession {
            for column in columns
                .iter()
                .filter(|c| c.kind == ColumnKind::Bool && c.is(&["suspicious_activity", "is_suspicious", "suspicious"]))
            {
                draft.add_live(toml_text(&format!("!{}", column.name())));
                draft.assumed(format!("a session counts while `{}` is false", column.name()));
            }
        }
    }

    // ---- Junctions, lists and the rest

    fn other(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Draft<'a> {
        if columns.iter().any(|c| c.is(&["ptype", "p_type"])) && columns.iter().any(|c| c.is(&["v0"])) {
            let why =
                "what `v0` to `v5` mean stands in `model.conf`, with matchers and an order that tables do not show"
                    .to_string();
            return Draft::refused(table, "the rules of Casbin", why);
        }
        let policy = columns.iter().find(|c| c.is(&["decision_strategy", "logic", "policy_enforcement_mode"]));
        if let Some(column) = policy {
            let why = format!(
                "`{}` decides how policies are combined (by consensus, or negated), and Cedar has one way",
                column.name()
            );
            return Draft::refused(table, "policies with a strategy", why);
        }
        if let Some(json) = columns.iter().find(|c| c.is_statement()) {
            let why = format!("`{}` holds statements of its own as JSON", json.name());
            return Draft::refused(table, "grants written as JSON", why);
        }
        if let Some(session) = self.login_session(table, columns, keys) {
            return session;
        }
        if let Some(grants) = self.grants(table, columns, keys) {
            return grants;
        }
        let holder = keys.iter().any(|k| !k.audit && matches!(self.kind_of(k.to), Some(Kind::Principal | Kind::Group)));
        let role = columns.iter().find(|c| tables::is_role_text(c));
        if let Some(role) = role.filter(|_| holder && !tables::has_content(table)) {
            let why = format!(
                "`{}` names a role as text, and no table of roles is there to lead to: draw one whose key is that text",
                role.name()
            );
            return Draft::refused(table, "roles that are held by name", why);
        }
        self.thing(table, columns, keys)
    }

    /// A record of something like a grant, which is none.
    pub(super) fn record(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>], word: &str) -> Draft<'a> {
        let mut draft = self.thing(table, columns, keys);
        draft.report.refused.push(format!(
            "it has the keys of a grant, but `{word}` in its name says that it is none, so it grants nothing"
        ));
        draft
    }

    /// A link, a thing that is acted on, or nothing.
    pub(super) fn thing(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Draft<'a> {
        if let Some(draft) = self.link(table, columns, keys) {
            return draft;
        }
        if tables::is_bookkeeping(table) && !keys.iter().any(|k| self.kind_of(k.to) == Some(Kind::Principal)) {
            return Draft::ignored(table, "bookkeeping, by its name: decides nothing");
        }
        if self.kind_of(table.name.as_str()).is_none() {
            return Draft::ignored(table, "no key, owner or grant of it was recognised: decides nothing");
        }
        let mut draft = self.entity(table, Kind::Resource, columns, keys);
        if draft.kind == Kind::Resource {
            let owner = draft.lines.iter().any(|l| l.starts_with("owner"));
            draft.report.seen = match owner {
                true => "rows that belong to a user".to_string(),
                false => "something that is acted on, as it is nothing else".to_string(),
            };
        }
        draft
    }

    /// A plain many-to-many between two entities, where it shows which lies in which.
    fn link(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Option<Draft<'a>> {
        let ends: Vec<&Key<'a>> =
            keys.iter().filter(|k| !k.audit && self.kind_of(k.to) != Some(Kind::Tenant)).collect();
        let [a, b] = ends.as_slice() else { return None };
        let both = [a, b].iter().all(|k| matches!(self.kind_of(k.to), Some(Kind::Resource | Kind::Group)));
        let rest = columns.iter().filter(|c| c.name() != a.column.name && c.name() != b.column.name);
        let bare = rest.clone().all(|c| {
            c.column.primary
                || c.is_audit()
                || c.orders()
                || c.boolean_life().is_some()
                || c.is_description()
                || c.column.foreign
        });
        if !both || !bare || a.to == b.to {
            return None;
        }
        let granted = |key: &Key<'_>| self.names.acl_objects.contains(key.to);
        let contains = |one: &Key<'_>, other: &Key<'_>| {
            let label = self
                .diagram
                .relations
                .iter()
                .filter(|r| joins(r, one.to, &table.name))
                .any(|r| tables::says_holds(&r.label));
            (tables::is_container(one.to) && !tables::is_container(other.to))
                || (label && granted(one) && !granted(other))
        };
        let (child, parent) = match (contains(b, a), contains(a, b)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => {
                let why = format!(
                    "`{}` and `{}` are joined, and nothing says which lies in which: make it a `link` with `child` and `parent`",
                    a.to, b.to
                );
                return Some(Draft::refused(table, "a plain many-to-many", why));
            }
        };
        let seen = format!("a plain many-to-many: `{}` lies in `{}`", child.to, parent.to);
        let mut draft = Draft::new(table, Kind::Link, seen);
        draft.text("child", &child.column.name);
        draft.text("parent", &parent.column.name);
        draft.assumed(format!("what is carried down from a `{}` reaches the `{}` in it", parent.to, child.to));
        self.live(&mut draft, columns);
        Some(draft)
    }
}

fn joins(relation: &crate::er::Relation, a: &str, b: &str) -> bool {
    (relation.from == a && relation.to == b) || (relation.from == b && relation.to == a)
}

/// An entity type for every table: its name in the singular, from a small dictionary, or from its key.
fn type_names<'a>(diagram: &'a Diagram, principal: Option<&str>) -> BTreeMap<&'a str, String> {
    let mut types: BTreeMap<&str, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (table, number) in diagram.tables.iter().zip(1..) {
        let ascii = table.name.is_ascii();
        let from_key = || {
            let key = table.primary_key();
            let stem = key.first().map(|key| pascal(&super::words::stem(key).join("_")));
            stem.filter(|stem| !stem.is_empty() && stem != "Id")
        };
        let name = match ascii {
            true => Some(pascal(&table.name)),
            false if principal == Some(&table.name) => Some("User".to_string()),
            false => tables::translated(&table.name).map(str::to_string).or_else(from_key),
        };
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("Table{number}"));
        let name = if type_name_problem(&name).is_some() { format!("{name}Record") } else { name };
        let name = if type_name_problem(&name).is_some() { format!("Table{number}") } else { name };
        let mut unique = name.clone();
        let mut count = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{name}{count}");
            count += 1;
        }
        types.insert(&table.name, unique);
    }
    types
}
