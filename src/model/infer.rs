// SPDX-License-Identifier: Apache-2.0
//! A first model of a schema, with the reason for each section: what names, keys and shapes tell, and no more.
//!
//! Nothing is guessed silently, and no guess widens access: an entry that cannot be understood grants nothing. Which table
//! is which is decided in [`tables`](super::tables); here each table's section is written.

use super::fidelity::{FidelityReport, TableFidelity};
use super::foreign::{Foreign, Rule};
use super::kinds::Kind;
use super::read::read;
use super::section::{ticked, toml_key, toml_text};
use super::seen::{Pair, Seen, pairs};
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

/// The section that [`infer`] would write for one table, without comments.
pub(super) fn section_of(inferred: &Inferred, at: usize) -> String {
    let lines = section_lines(&inferred.model_toml);
    let start = lines.get(at).map_or(0, |line| *line as usize - 1);
    let section = inferred.model_toml.lines().skip(start);
    let section = section.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with('#'));
    section.map(|line| line.split("  # ").next().unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
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
    let listed: Vec<&String> = drafts.iter().filter_map(|d| d.actions.as_ref()).collect();
    if !listed.is_empty() {
        out.push_str("\n# The schema lists these actions. If one comes with another, say so, for instance:\n");
        for actions in listed {
            out.push_str(&format!("#   {}\n", clean(actions)));
        }
        out.push_str("# [action.WRITE]\n# implies = [\"READ\"]\n");
    }
    out
}

/// Text of a schema within a comment of TOML: one line, without control characters.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The section of one table, as far as it is written.
struct Draft<'a> {
    table: &'a Table,
    kind: Kind,
    lines: Vec<String>,
    report: TableFidelity,
    /// The actions that a column's comment lists.
    actions: Option<String>,
    /// The tables that an access-control list is about.
    objects: Vec<String>,
}

impl<'a> Draft<'a> {
    fn new(table: &'a Table, kind: Kind, seen: String) -> Draft<'a> {
        let report = TableFidelity {
            table: table.name.clone(),
            kind: kind.name().to_string(),
            seen: clean(&seen),
            ..TableFidelity::default()
        };
        Draft { table, kind, lines: Vec::new(), report, actions: None, objects: Vec::new() }
    }

    fn ignored(table: &'a Table, because: &str) -> Draft<'a> {
        let mut draft = Draft::new(table, Kind::Ignored, because.to_string());
        draft.text("because", because);
        draft
    }

    fn refused(table: &'a Table, seen: &str, why: String) -> Draft<'a> {
        let mut draft = Draft::ignored(table, &format!("{seen}, which the model cannot express"));
        draft.report.seen = seen.to_string();
        draft.report.refused.push(why);
        draft
    }

    fn give_up(&mut self, why: &str) {
        let was = self.kind.name();
        self.kind = Kind::Ignored;
        self.report.kind = self.kind.name().to_string();
        self.report.kept.clear();
        self.report.assumed.clear();
        self.report.approximated.clear();
        self.report.refused.push(format!("it looks like {was}, but {why}"));
        self.lines.clear();
        self.actions = None;
        self.text("because", &format!("looks like {was}, but does not hold together: see the fidelity report"));
    }

    fn line(&mut self, key: &str, value: &str) {
        self.lines.push(format!("{key} = {value}"));
    }

    fn text(&mut self, key: &str, value: &str) {
        self.line(key, &toml_text(value));
    }

    fn kept(&mut self, what: impl Into<String>) {
        self.report.kept.push(clean(&what.into()));
    }

    fn assumed(&mut self, what: impl Into<String>) {
        self.report.assumed.push(clean(&what.into()));
    }

    fn approximated(&mut self, what: impl Into<String>) {
        self.report.approximated.push(clean(&what.into()));
    }

    /// The reasons, as they stand above the section.
    fn comments(&self) -> Vec<String> {
        let mut all = vec![format!("{}: {}", self.kind.name(), self.report.seen)];
        all.extend(self.report.approximated.iter().map(|s| format!("Approximated: {s}.")));
        all.extend(self.report.refused.iter().map(|s| format!("Refused: {s}.")));
        all.extend(self.report.assumed.iter().map(|s| format!("Assumed: {s}.")));
        all
    }
}

/// Writes the section of each table.
struct Writer<'a> {
    diagram: &'a Diagram,
    names: Names<'a>,
    foreign: Foreign<'a>,
    /// The entity type of each table, whether or not its rows become entities.
    types: BTreeMap<&'a str, String>,
}

impl<'a> Writer<'a> {
    fn new(diagram: &'a Diagram) -> Writer<'a> {
        let names = Names::of(diagram);
        let principals: Vec<&str> = names.principal.into_iter().collect();
        let foreign = Foreign::new(diagram, &principals, BTreeMap::new());
        Writer { diagram, types: type_names(diagram, names.principal), names, foreign }
    }

    fn keys(&self, table: &'a Table) -> Vec<Key<'a>> {
        tables::keys(self.diagram, &self.foreign, table)
    }

    fn kind_of(&self, table: &str) -> Option<Kind> {
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
    fn to_kind<'k>(&'k self, keys: &'k [Key<'a>], kind: Kind) -> impl Iterator<Item = &'k Key<'a>> {
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
            if by.len() < 3 && self.keys_of(other).iter().any(|to| *to == table.name) {
                by.push(other.name.as_str());
            }
        }
        if by.is_empty() { String::new() } else { format!("and by what refers to it: {}", ticked(by)) }
    }

    fn keys_of(&self, table: &Table) -> Vec<&'a str> {
        self.diagram.table(&table.name).map(|t| self.keys(t).into_iter().map(|k| k.to).collect()).unwrap_or_default()
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

    fn live(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>]) {
        let resource = matches!(draft.kind, Kind::Resource);
        let mut deleted = false;
        for column in columns {
            let name = column.name();
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

    // ---- Permissions

    fn permission(&self, table: &'a Table, columns: &[Seen<'a>]) -> Draft<'a> {
        let find = |names: &[&str]| {
            names.iter().find_map(|name| {
                columns.iter().find(|c| c.plain == *name && c.kind == ColumnKind::Text && !c.column.foreign)
            })
        };
        let resource = find(&[
            "resource",
            "subject",
            "object",
            "resource_type",
            "module",
            "entity",
            "entity_type",
            "資源",
            "模組",
        ]);
        let verb = find(&["action", "verb", "operation", "method", "動作", "操作"]);
        let own = format!("{}_name", super::words::singular_words(&table.name).join("_"));
        let code = find(&[
            "codename",
            "code",
            "key",
            "slug",
            "permission_key",
            "permission_code",
            "name",
            &own,
            "permission",
            "權限代碼",
            "權限名稱",
            "名稱",
        ]);
        let mut draft = Draft::new(table, Kind::Permission, "what may be done, by its name and columns".to_string());
        let pattern = match (resource, verb, code) {
            (Some(resource), Some(verb), _) => format!("{{{}}}:{{{}}}", resource.name(), verb.name()),
            (_, _, Some(code)) => code.name().to_string(),
            (_, Some(verb), None) => verb.name().to_string(),
            _ => {
                return Draft::refused(
                    table,
                    "permissions without a name",
                    "no column says what a permission is for".to_string(),
                );
            }
        };
        draft.text("action", &pattern);
        draft.assumed(format!("an action's id is `{pattern}`"));
        let category = find(&["category", "group_name", "permission_group"]);
        match (resource, category) {
            (Some(resource), _) => {
                draft.text("resource", resource.name());
                draft.assumed(format!(
                    "`{}` names the resource's type, by its table or entity type; a permission on anything else grants nothing",
                    resource.name()
                ));
            }
            (None, Some(category)) => {
                draft.line("resource", &format!("{{ column = {}, otherwise = \"any\" }}", toml_text(category.name())));
                draft.assumed(format!(
                    "`{}` names the resource's type where it names one, and any type where it does not",
                    category.name()
                ));
            }
            (None, None) => {
                draft.approximated("nothing says which type a permission is for, so that its action alone tells")
            }
        }
        self.live(&mut draft, columns);
        if columns.iter().any(|c| c.is(&["content_type_id"])) {
            draft.approximated(
                "`content_type_id` leads to the model's name in another table, which is not read: the codename tells",
            );
        }
        if columns.iter().any(|c| c.is(&["guard_name"])) {
            draft.assumed("`guard_name` is the same for all rows: names are not told apart by it");
            draft.approximated("a name with `*` is that name only, and no wildcard");
        }
        draft
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
        if let Some(session) = self.login_session(table, columns, keys) {
            return session;
        }
        if let Some(grants) = self.grants(table, columns, keys) {
            return grants;
        }
        self.thing(table, columns, keys)
    }

    fn login_session(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Option<Draft<'a>> {
        let name = super::words::singular_words(&table.name);
        let is_session =
            name.iter().any(|w| w == "session" || w == "login") || name.ends_with(&["api".into(), "key".into()]);
        let user = self.to_kind(keys, Kind::Principal).next()?;
        let token = columns.iter().find(|c| {
            let words: Vec<&str> = c.plain.split('_').collect();
            c.kind == ColumnKind::Text
                && words.contains(&"hash")
                && words.iter().any(|w| ["token", "key", "session", "secret"].contains(w))
        });
        if !is_session {
            return None;
        }
        let Some(token) = token else {
            // Without a hash it is a thing that its user owns, or a table of a library's own.
            return columns.iter().find(|c| c.is(&["token", "session_token", "sessiontoken"])).map(|plain| {
                let mut draft = self.thing(table, columns, keys);
                draft.report.refused.push(format!(
                    "`{}` keeps session tokens themselves: Palisade looks sessions up by the SHA-256 of a token, so these cannot sign anybody in",
                    plain.name()
                ));
                draft
            });
        };
        let seen = "a session table: the hash of a token, a user and an end";
        let mut draft = Draft::new(table, Kind::LoginSession, seen.to_string());
        draft.text("token_hash", token.name());
        draft.assumed(format!("`{}` is the SHA-256 of the token, in lower-case hexadecimal", token.name()));
        draft.text("principal", &user.column.name);
        self.live(&mut draft, columns);
        if let Some(column) = columns.iter().find(|c| c.is_expiry()) {
            draft.text("expires", column.name());
        }
        if let Some(column) = columns.iter().find(|c| c.is(&["revoked_at", "revoked", "is_revoked"])) {
            draft.text("revoked", column.name());
        }
        if table.primary_key().len() == 1 {
            draft.text("as", &self.types[table.name.as_str()]);
            draft.text("owner", &user.column.name);
            draft
                .lines
                .push("# owner_actions = [\"read\"]   # may people see, or end, their own sessions?".to_string());
        }
        Some(draft)
    }

    /// A table whose rows grant something, if it is one.
    fn grants(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Option<Draft<'a>> {
        let (mut users, roles, permissions, groups) = (
            self.to_kind(keys, Kind::Principal).collect::<Vec<_>>(),
            self.to_kind(keys, Kind::Role).collect::<Vec<_>>(),
            self.to_kind(keys, Kind::Permission).collect::<Vec<_>>(),
            self.to_kind(keys, Kind::Group).collect::<Vec<_>>(),
        );
        let mut pairs = pairs(columns);
        // `model_type` and `model_id` of spatie: whoever holds the role, by class and key.
        let holder = (users.is_empty()
            && (!roles.is_empty() || !permissions.is_empty())
            && !(!roles.is_empty() && !permissions.is_empty()))
        .then(|| pairs.iter().position(|p| tables::is_holder(&p.of)))
        .flatten()
        .map(|at| pairs.remove(at));
        // `user_type` beside a `user_id` that leads somewhere is the class of that same user.
        let user_type = users.first().and_then(|user| pairs.iter().position(|p| p.id_column == user.column.name));
        let user_pair = user_type.map(|at| pairs.remove(at));
        let who = !users.is_empty() || holder.is_some();
        let kind = match () {
            () if !roles.is_empty() && !permissions.is_empty() && !who => Kind::RolePermission,
            () if who && !roles.is_empty() && permissions.is_empty() => Kind::RoleAssignment,
            () if who && roles.is_empty() && !permissions.is_empty() => Kind::DirectPermission,
            () if !users.is_empty() && !groups.is_empty() => Kind::GroupMembership,
            () if roles.len() == 2 && !who && groups.is_empty() => return Some(self.role_link(table, &roles)),
            () if !groups.is_empty() && !roles.is_empty() && permissions.is_empty() => {
                return Some(self.group_link(table, groups[0], roles[0]));
            }
            () => return self.acl(table, columns, keys, &pairs),
        };
        if let Some(word) = tables::not_a_grant(&table.name) {
            return Some(self.record(table, columns, keys, word));
        }
        if let Some(refused) = refuse_entries(table, columns) {
            return Some(refused);
        }
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let mut what = Vec::new();
        let mut lines: Vec<(&str, String)> = Vec::new();
        let mut conditions = Vec::new();
        let mut said = Vec::new();
        if let Some(pair) = &holder {
            lines.push(("principal", toml_text(pair.id_column)));
            used.extend([pair.type_column, pair.id_column]);
            what.push(format!("the pair `{}`", pair.of));
            let principal = self.names.principal?;
            lines.push(("references", format!("{{ {} = {} }}", toml_key(pair.id_column), toml_text(principal))));
        } else if let Some(user) = (kind != Kind::RolePermission).then(|| users.remove(0)) {
            lines.push(("principal", toml_text(&user.column.name)));
            used.insert(&user.column.name);
            what.push(user.to.to_string());
        }
        if let Some(pair) = holder.as_ref().or(user_pair.as_ref()) {
            used.insert(pair.type_column);
            let class = "App\\Models\\User";
            conditions.push(format!("{{ column = {}, equals = {} }}", toml_text(pair.type_column), toml_text(class)));
            said.push(format!(
                "only rows whose `{}` is `{class}` count; name the class of your users",
                pair.type_column
            ));
        }
        let (role, permission, group) = (roles.first(), permissions.first(), groups.first());
        for (name, key, wanted) in [
            ("role", role, matches!(kind, Kind::RolePermission | Kind::RoleAssignment)),
            ("permission", permission, matches!(kind, Kind::RolePermission | Kind::DirectPermission)),
            ("group", group, kind == Kind::GroupMembership),
        ] {
            if let Some(key) = key.filter(|_| wanted) {
                lines.push((name, toml_text(&key.column.name)));
                used.insert(&key.column.name);
                what.push(key.to.to_string());
            }
        }
        let mut seen = format!("keys to {}", ticked(what.iter().map(String::as_str)));
        if matches!(kind, Kind::RoleAssignment | Kind::DirectPermission) {
            if let Some(pair) = pairs.first() {
                lines.push(("scope", self.typed(pair, columns, false)));
                used.extend([pair.type_column, pair.id_column]);
                seen.push_str(&format!(", and a scope pair `{}` and `{}`", pair.type_column, pair.id_column));
            } else if let Some(key) = keys.iter().find(|k| {
                let entity =
                    matches!(self.kind_of(k.to), Some(Kind::Resource | Kind::Group)) || self.is_scope_of_many(k);
                entity && !k.audit && !used.contains(k.column.name.as_str())
            }) {
                lines.push(("scope", toml_text(&key.column.name)));
                used.insert(&key.column.name);
                seen.push_str(&format!(", and a scope, `{}`", key.column.name));
            }
        }
        let mut draft = Draft::new(table, kind, seen);
        for (key, value) in lines {
            draft.line(key, &value);
        }
        for condition in conditions {
            draft.add_live(condition);
        }
        for sentence in said {
            draft.approximated(sentence);
        }
        if matches!(kind, Kind::RolePermission | Kind::DirectPermission) {
            self.granted(&mut draft, columns, &mut used);
        }
        if kind == Kind::GroupMembership {
            let role = columns.iter().find(|c| {
                c.kind == ColumnKind::Text
                    && !c.column.foreign
                    && c.is(&[
                        "role",
                        "role_in_group",
                        "member_role",
                        "group_role",
                        "membership_role",
                        "position",
                        "角色",
                    ])
            });
            if let Some(role) = role {
                draft.text("member_role", role.name());
                draft.lines.push(
                    "# member_actions = { admin = [\"update\"] }   # what may a role do to its group?".to_string(),
                );
                used.insert(role.name());
            }
        }
        self.end_and_life(&mut draft, columns, &mut used);
        self.narrow(&mut draft, columns, keys, &used);
        Some(draft)
    }

    fn role_link(&self, table: &'a Table, roles: &[&Key<'a>]) -> Draft<'a> {
        let is_child = |key: &Key<'_>| key.column.name.to_lowercase().contains("child");
        let (child, parent) = (roles.iter().find(|k| is_child(k)), roles.iter().find(|k| !is_child(k)));
        let (Some(child), Some(parent)) = (child, parent) else {
            let why =
                "two roles are joined, and nothing says which of them gets the permissions of the other".to_string();
            return Draft::refused(table, "roles joined to roles", why);
        };
        // A composite role has what its children have: in Cedar's words, it lies in them.
        let mut draft =
            Draft::new(table, Kind::Link, "roles made of roles: the composite lies in its children".to_string());
        draft.text("child", &parent.column.name);
        draft.text("parent", &child.column.name);
        draft.assumed(format!("who holds `{}` has the permissions of `{}`", parent.column.name, child.column.name));
        draft
    }

    fn group_link(&self, table: &'a Table, group: &Key<'a>, role: &Key<'a>) -> Draft<'a> {
        let mut draft = Draft::new(table, Kind::Link, "roles that groups hold: the group lies in the role".to_string());
        draft.text("child", &group.column.name);
        draft.text("parent", &role.column.name);
        draft.assumed("every member of the group has the permissions of the role");
        draft
    }

    /// An access-control list, or a plain link, or neither.
    fn acl(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>], pairs: &[Pair<'a>]) -> Option<Draft<'a>> {
        let subject_pair = pairs.iter().find(|p| tables::is_subject(&p.of));
        let object_pair = pairs.iter().find(|p| subject_pair.is_none_or(|s| s.of != p.of) && tables::is_object(&p.of));
        let subjects: Vec<&Key<'a>> = keys
            .iter()
            .filter(|k| !k.audit && matches!(self.kind_of(k.to), Some(Kind::Principal | Kind::Role | Kind::Group)))
            .filter(|k| pairs.iter().all(|p| p.id_column != k.column.name))
            .collect();
        let objects: Vec<&Key<'a>> = keys
            .iter()
            .filter(|k| !k.audit && self.kind_of(k.to) == Some(Kind::Resource))
            .filter(|k| pairs.iter().all(|p| p.id_column != k.column.name))
            .collect();
        let action = columns.iter().find(|c| c.is_action() && !c.column.foreign);
        let named = tables::is_acl_name(&table.name);
        let has_subject = subject_pair.is_some() || !subjects.is_empty();
        let has_object = object_pair.is_some() || !objects.is_empty();
        let looks = has_subject && has_object && action.is_some() && (named || !tables::has_content(table));
        if columns.iter().any(|c| c.is_mask()) || named && columns.iter().any(|c| c.orders()) {
            return refuse_entries(table, columns).or_else(|| {
                let why = "the bits of a mask are no actions that can be read".to_string();
                Some(Draft::refused(table, "an access-control list of masks", why))
            });
        }
        if !looks {
            return named.then(|| {
                let why = "no columns were seen that name a subject, an object and an action".to_string();
                Draft::refused(table, "an access-control list by its name", why)
            });
        }
        if let Some(word) = tables::not_a_grant(&table.name) {
            return Some(self.record(table, columns, keys, word));
        }
        if let Some(refused) = refuse_entries(table, columns) {
            return Some(refused);
        }
        let action = action?;
        let mut used: BTreeSet<&str> = BTreeSet::from([action.name()]);
        let subject = match (subject_pair, subjects.as_slice()) {
            (Some(pair), _) => {
                used.extend([pair.type_column, pair.id_column]);
                self.typed(pair, columns, true)
            }
            (None, [only]) => {
                used.insert(&only.column.name);
                toml_text(&only.column.name)
            }
            (None, several) => {
                let columns = ticked(several.iter().map(|k| k.column.name.as_str()));
                let why = format!("either of {columns} may be the subject, and an entry has one");
                return Some(Draft::refused(table, "an access-control list with several subjects", why));
            }
        };
        let about: Vec<String> = match object_pair {
            Some(pair) => {
                let listed =
                    columns.iter().find(|c| c.name() == pair.type_column).map(Seen::listed).unwrap_or_default();
                let types: Vec<&str> = listed.iter().filter_map(|value| self.type_for(value, false)).collect();
                self.types
                    .iter()
                    .filter(|(_, t)| types.contains(&t.as_str()))
                    .map(|(table, _)| table.to_string())
                    .collect()
            }
            None => objects.iter().map(|k| k.to.to_string()).collect(),
        };
        let object = match (object_pair, objects.as_slice()) {
            (Some(pair), _) => {
                used.extend([pair.type_column, pair.id_column]);
                self.typed(pair, columns, false)
            }
            (None, [only]) => {
                used.insert(&only.column.name);
                toml_text(&only.column.name)
            }
            (None, several) => {
                let columns = ticked(several.iter().map(|k| k.column.name.as_str()));
                let why = format!("either of {columns} may be the object, and an entry has one");
                return Some(Draft::refused(table, "an access-control list with several objects", why));
            }
        };
        let seen = format!("an access-control list: a subject, an object and the action in `{}`", action.name());
        let mut draft = Draft::new(table, Kind::Acl, seen);
        draft.objects = about;
        draft.line("subject", &subject);
        draft.line("object", &object);
        draft.text("action", action.name());
        let listed = action.listed();
        if !listed.is_empty() {
            draft.actions = Some(format!("{}: {}", table.name, listed.join(", ")));
            draft.kept(format!("the schema lists the actions {}", ticked(listed.iter().map(String::as_str))));
        }
        if let Some(inherit) = columns.iter().find(|c| c.is_inherit()) {
            draft.text("inherit", inherit.name());
            used.insert(inherit.name());
        } else {
            draft.approximated("an entry is for its object alone: write `inherit = true` if it is carried down");
        }
        self.granted(&mut draft, columns, &mut used);
        self.end_and_life(&mut draft, columns, &mut used);
        self.narrow(&mut draft, columns, keys, &used);
        Some(draft)
    }

    fn granted(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>], used: &mut BTreeSet<&'a str>) {
        if let Some(granted) = columns.iter().find(|c| c.is_granted()) {
            draft.text("granted", granted.name());
            draft.assumed(format!("a row denies where `{}` is false", granted.name()));
            used.insert(granted.name());
        }
    }

    fn end_and_life(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>], used: &mut BTreeSet<&'a str>) {
        if !matches!(draft.kind, Kind::RolePermission | Kind::Link) {
            if let Some(column) = columns.iter().find(|c| c.is_expiry()) {
                draft.text("expires", column.name());
                draft.kept(format!("a row ends at its `{}`", column.name()));
                used.insert(column.name());
            }
        }
        self.live(draft, columns);
    }

    /// A column that may narrow a grant and is not understood: only rows without it count.
    fn narrow(&self, draft: &mut Draft<'a>, columns: &[Seen<'a>], keys: &[Key<'a>], used: &BTreeSet<&str>) {
        for column in columns.iter().filter(|c| !used.contains(c.name())) {
            let key = keys.iter().find(|k| k.column.name == column.name());
            let tenant = key.is_some_and(|k| self.kind_of(k.to) == Some(Kind::Tenant));
            let harmless = tenant
                || column.is_audit()
                || column.column.primary && key.is_none()
                || key.is_some_and(|k| k.audit)
                || (column.is_expiry() && draft.kind != Kind::RolePermission)
                || (column.boolean_life().is_some() || column.is_end_when_set() || column.is_status());
            let narrows = column.narrows() || column.is_expiry() || key.is_some() || column.column.foreign;
            if harmless || !narrows {
                continue;
            }
            draft.add_live(format!("{{ column = {}, is_null = true }}", toml_text(column.name())));
            draft.approximated(format!(
                "`{}` may narrow a row in a way that the model cannot say: only rows where it is NULL count",
                column.name()
            ));
        }
    }

    /// Whether a tenant's key is a scope: users who belong to several hold roles in each.
    fn is_scope_of_many(&self, key: &Key<'_>) -> bool {
        let table = self.names.principal.and_then(|name| self.diagram.table(name));
        let belongs = table.is_some_and(|table| self.keys_of(table).contains(&key.to));
        self.kind_of(key.to) == Some(Kind::Tenant) && !belongs
    }

    /// `{ type = …, id = …, types = … }`, with the types that a comment lists where the defaults would not find them.
    fn typed(&self, pair: &Pair<'a>, columns: &[Seen<'a>], subject: bool) -> String {
        let mut text = format!("{{ type = {}, id = {}", toml_text(pair.type_column), toml_text(pair.id_column));
        let listed = columns.iter().find(|c| c.name() == pair.type_column).map(Seen::listed).unwrap_or_default();
        let mut types = Vec::new();
        for value in listed {
            if let Some(type_name) = self.type_for(&value, subject) {
                types.push(format!("{} = {}", toml_key(&value), toml_text(type_name)));
            }
        }
        if !types.is_empty() {
            text.push_str(&format!(", types = {{ {} }}", types.join(", ")));
        }
        text + " }"
    }

    /// The entity type that a value in a type column means: by its table's name, its type's, or how either begins.
    fn type_for(&self, value: &str, subject: bool) -> Option<&str> {
        let value = super::words::singular_words(value).concat();
        let candidates = || {
            self.diagram.tables.iter().filter(move |table| match self.kind_of(&table.name) {
                Some(Kind::Principal | Kind::Role | Kind::Group) => true,
                Some(Kind::Permission) | None => false,
                Some(_) => !subject,
            })
        };
        let names = |table: &Table| {
            let type_name = self.types[table.name.as_str()].to_lowercase();
            let key = table.primary_key().first().map(|key| super::words::stem(key).concat()).unwrap_or_default();
            [super::words::singular_words(&table.name).concat(), type_name, key]
        };
        let exact = candidates().find(|table| names(table).contains(&value));
        let begins = || {
            let mut all =
                candidates().filter(|table| value.len() >= 3 && names(table).iter().any(|n| n.starts_with(&value)));
            all.next().filter(|_| all.next().is_none())
        };
        let table = exact.or_else(begins)?;
        Some(self.types[table.name.as_str()].as_str())
    }

    /// A record of something like a grant, which is none.
    fn record(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>], word: &str) -> Draft<'a> {
        let mut draft = self.thing(table, columns, keys);
        draft.report.refused.push(format!(
            "it has the keys of a grant, but `{word}` in its name says that it is none, so it grants nothing"
        ));
        draft
    }

    /// A link, a thing that is acted on, or nothing.
    fn thing(&self, table: &'a Table, columns: &[Seen<'a>], keys: &[Key<'a>]) -> Draft<'a> {
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

/// Entries that deny, or whose order counts, in ways that Cedar does not have.
fn refuse_entries<'a>(table: &'a Table, columns: &[Seen<'a>]) -> Option<Draft<'a>> {
    let find = |test: &dyn Fn(&Seen<'a>) -> bool| columns.iter().find(|c| test(c)).map(|c| c.name());
    let order = find(&|c| c.orders());
    let denies = find(&|c| c.denies());
    let granted = find(&|c| c.is_granted());
    if let (Some(order), Some(by)) = (order, denies.or(granted)) {
        let why = format!(
            "`{order}` puts entries in an order and `{by}` lets the first that matches deny; in Cedar every denial counts"
        );
        return Some(Draft::refused(table, "an ordered access-control list", why));
    }
    if let Some(mask) = find(&|c| c.is_mask()) {
        return Some(Draft::refused(
            table,
            "an access-control list of masks",
            format!("the bits of `{mask}` are no actions that can be read"),
        ));
    }
    if let Some(denies) = denies {
        let why = format!(
            "`{denies}` makes a row deny, and only a column that is false for a denial can be read (`granted`)"
        );
        return Some(Draft::refused(table, "grants and denials in one table", why));
    }
    if columns.iter().any(|c| c.is(&["content_type_id"])) && columns.iter().any(|c| c.is(&["object_pk", "object_id"])) {
        let why = "`content_type_id` names the object's type by a key of another table, which is not read".to_string();
        return Some(Draft::refused(table, "grants on objects of any type", why));
    }
    if let Some(json) = columns.iter().find(|c| {
        c.column.type_name.to_lowercase().starts_with("json")
            && c.is(&["permission", "permissions", "statements", "actions"])
    }) {
        let why = format!("`{}` holds statements of its own as JSON", json.name());
        return Some(Draft::refused(table, "grants written as JSON", why));
    }
    None
}

fn joins(relation: &crate::er::Relation, a: &str, b: &str) -> bool {
    (relation.from == a && relation.to == b) || (relation.from == b && relation.to == a)
}

impl Draft<'_> {
    /// Adds a condition to `live`.
    fn add_live(&mut self, condition: String) {
        let Some(line) = self.lines.iter_mut().find(|line| line.starts_with("live = ")) else {
            self.lines.push(format!("live = {condition}"));
            return;
        };
        let before = line["live = ".len()..].to_string();
        let inner = before.strip_prefix('[').and_then(|b| b.strip_suffix(']')).unwrap_or(&before).to_string();
        if !inner.contains(&condition) {
            *line = format!("live = [{inner}, {condition}]");
        }
    }

    /// Palisade makes an attribute `roles` of its own: a column of that name is left out.
    fn leave_out_reserved(&mut self, columns: &[Seen<'_>]) {
        let reserved = |name: &str| {
            name == crate::name::ROW_ATTRIBUTE || (self.kind == Kind::Principal && name == crate::name::ROLES_ATTRIBUTE)
        };
        if !columns.iter().any(|c| reserved(c.name())) {
            return;
        }
        let kept = columns.iter().filter(|c| {
            let secret = !c.column.foreign && super::columns::is_secret(c.name(), c.kind);
            !reserved(c.name()) && !c.column.primary && !secret && c.kind != ColumnKind::Blob
        });
        let kept: Vec<String> = kept.map(|c| toml_text(c.name())).collect();
        self.line("attributes", &format!("[{}]", kept.join(", ")));
        self.approximated("a column has the name of an attribute that Palisade makes, and is left out");
    }
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
