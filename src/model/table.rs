// SPDX-License-Identifier: Apache-2.0
//! One table's section, value by value: columns that exist, foreign keys that lead where they must, conditions that hold.

use super::columns;
use super::foreign::{Foreign, Lead};
use super::kinds::Kind;
use super::section::{At, Findings, Section, Span, ticked, toml_key, toml_text, value_form, wrong};
use crate::er;
use crate::mapping::{Column, ColumnKind, External, Live, Pattern, Piece, Target, Test};
use crate::name::nearest;
use std::collections::BTreeMap;
use toml_edit::Item;

/// A table of the diagram with its section.
pub(super) struct Declared<'a> {
    pub(super) table: &'a er::Table,
    pub(super) section: Section<'a>,
    pub(super) kind: Kind,
    /// The Cedar entity type of its rows, if they are entities.
    pub(super) type_name: Option<String>,
}

/// All that the section of one table is read against.
pub(super) struct World<'a> {
    pub(super) declared: Vec<Declared<'a>>,
    pub(super) foreign: Foreign<'a>,
    pub(super) externals: BTreeMap<String, External>,
}

impl<'a> World<'a> {
    pub(super) fn declared(&self, table: &str) -> Option<&Declared<'a>> {
        self.declared.iter().find(|d| d.table.name == table)
    }

    /// The entity types that `wanted` admits, with the table of each, then the external ones.
    pub(super) fn types(&self, wanted: Wanted) -> impl Iterator<Item = (&str, Option<&str>)> {
        let rows = self
            .declared
            .iter()
            .filter(move |d| wanted.admits(d))
            .filter_map(|d| Some((d.type_name.as_deref()?, Some(d.table.name.as_str()))));
        let outside = self.externals.keys().filter(move |_| wanted == Wanted::Entity).map(|name| (name.as_str(), None));
        rows.chain(outside)
    }
}

/// What a foreign key must lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Kind(Kind),
    /// Whoever can be the subject of an access-control list.
    Subject,
    Entity,
}

impl Wanted {
    pub(super) fn admits(self, declared: &Declared<'_>) -> bool {
        match self {
            Wanted::Kind(kind) => declared.kind == kind,
            Wanted::Subject => matches!(declared.kind, Kind::Principal | Kind::Role | Kind::Group),
            Wanted::Entity => declared.type_name.is_some(),
        }
    }

    fn name(self) -> String {
        match self {
            Wanted::Kind(kind) => kind.with_article(),
            Wanted::Subject => "a principal, a role or a group".to_string(),
            Wanted::Entity => "an entity".to_string(),
        }
    }
}

/// Reads the section of one table.
pub(super) struct TableReader<'w, 'a, 't> {
    pub(super) world: &'w World<'a>,
    pub(super) at: &'w Declared<'a>,
    pub(super) columns: Vec<Column>,
    pub(super) findings: &'w mut Findings<'t>,
    /// Columns drawn as foreign keys whose end is not one table, until the model is seen to use them.
    unsettled: BTreeMap<String, Lead>,
    /// Columns whose type's name says nothing of their values.
    untyped: Vec<String>,
}

impl<'w, 'a, 't> TableReader<'w, 'a, 't> {
    pub(super) fn new(world: &'w World<'a>, at: &'w Declared<'a>, findings: &'w mut Findings<'t>) -> Self {
        let mut reader =
            TableReader { world, at, columns: Vec::new(), findings, unsettled: BTreeMap::new(), untyped: Vec::new() };
        for column in &at.table.columns {
            let kind = columns::kind(&column.type_name);
            if kind.is_none() {
                reader.untyped.push(column.name.clone());
            }
            let kind = kind.unwrap_or(ColumnKind::Text);
            let mut references = None;
            if column.foreign || column.references.is_some() || reader.is_given(&column.name) {
                match world.foreign.lead(at.table, column) {
                    Lead::To { table, .. } => references = Some(table),
                    other => {
                        reader.unsettled.insert(column.name.clone(), other);
                    }
                }
            }
            reader.columns.push(Column {
                name: column.name.clone(),
                kind,
                nullable: !column.primary && column.nullable != Some(false),
                unique: column.unique,
                default: column.default.clone(),
                secret: references.is_none() && columns::is_secret(&column.name, kind),
                references,
            });
        }
        reader
    }

    fn is_given(&self, column: &str) -> bool {
        self.at.section.item("references").and_then(Item::as_table_like).is_some_and(|given| given.contains_key(column))
    }

    /// A table that appears only in relations has the one column that its model names.
    pub(super) fn assume_id(&mut self, id: &str) {
        self.columns.push(Column {
            name: id.to_string(),
            kind: ColumnKind::Text,
            nullable: false,
            unique: false,
            default: None,
            references: None,
            secret: false,
        });
        self.untyped.push(id.to_string());
    }

    /// Reports the foreign keys whose end nobody has settled.
    pub(super) fn finish(self) -> Vec<Column> {
        let table = &self.at.table.name;
        for (column, lead) in &self.unsettled {
            match lead {
                Lead::Several { tables, .. } => {
                    let message = two_readings(column, table, tables);
                    self.findings.error("model/two-readings", &self.at.section.span, message, say(column, &tables[0]));
                }
                _ => self.findings.warning(
                    "model/no-foreign-key",
                    &self.at.section.span,
                    format!("`{column}` of `{table}` is drawn as a foreign key, and no table is seen that it leads to"),
                    format!("it is read as a plain value; if it leads to a table, {}", say(column, "TABLE")),
                ),
            }
        }
        self.columns
    }

    /// A column that must exist.
    pub(super) fn column(&mut self, key: &str, example: &str) -> Option<At<String>> {
        let name = self.at.section.text(key, example, self.findings)?;
        self.exists(name)
    }

    /// `name`, if the table has such a column.
    pub(super) fn exists(&mut self, name: At<String>) -> Option<At<String>> {
        if self.columns.iter().any(|c| c.name == name.value) {
            return Some(name);
        }
        let help = self.which_column(&name.value);
        let message = format!("`{}` has no column `{}`", self.at.table.name, name.value);
        self.findings.error("model/unknown-column", &name.span, message, help);
        None
    }

    fn which_column(&self, name: &str) -> String {
        if self.at.table.columns.is_empty() {
            return format!(
                "the diagram says nothing of `{}` but its name: draw its columns there",
                self.at.table.name
            );
        }
        match nearest(name, self.columns.iter().map(|c| c.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", ticked(self.columns.iter().map(|c| c.name.as_str()))),
        }
    }

    pub(super) fn kind_of(&self, column: &str) -> ColumnKind {
        self.columns.iter().find(|c| c.name == column).map_or(ColumnKind::Text, |c| c.kind)
    }

    fn is_untyped(&self, column: &str) -> bool {
        self.untyped.iter().any(|name| name == column)
    }

    fn set(&mut self, column: &str, change: impl FnOnce(&mut Column)) {
        if let Some(column) = self.columns.iter_mut().find(|c| c.name == column) {
            change(column);
        }
    }

    pub(super) fn keep_secret(&mut self, column: &str) {
        self.set(column, |c| c.secret = true);
    }

    /// A foreign key, with the table that it leads to.
    pub(super) fn foreign(&mut self, key: &str, wanted: Wanted) -> Option<(String, &'w Declared<'a>)> {
        let name = self.column(key, "\"…_id\"")?;
        self.leads(key, name, wanted)
    }

    /// `name` as a foreign key.
    pub(super) fn leads(&mut self, key: &str, name: At<String>, wanted: Wanted) -> Option<(String, &'w Declared<'a>)> {
        let table = self.at.table;
        let column = table.column(&name.value)?;
        let candidates: Vec<&str> =
            self.world.declared.iter().filter(|d| wanted.admits(d)).map(|d| d.table.name.as_str()).collect();
        self.unsettled.remove(&name.value);
        let to = match self.world.foreign.lead(table, column) {
            Lead::To { table, .. } => table,
            Lead::Several { tables, .. } => {
                let meant = tables.iter().find(|t| candidates.contains(&t.as_str())).unwrap_or(&tables[0]);
                let message = two_readings(&name.value, &table.name, &tables);
                self.findings.error("model/two-readings", &name.span, message, say(&name.value, meant));
                return None;
            }
            Lead::Nowhere => {
                let help = match candidates.first() {
                    Some(first) => say(&name.value, first),
                    None => format!("the model has no table that is {}: give one that kind", wanted.name()),
                };
                let message = format!("`{}` of `{}` leads to no table that is seen", name.value, table.name);
                self.findings.error("model/no-foreign-key", &name.span, message, help);
                return None;
            }
        };
        // A table without a section has been reported already.
        let found = self.world.declared(&to)?;
        if !wanted.admits(found) {
            let what = match found.kind {
                kind if kind.may_be_entity() && wanted == Wanted::Entity => {
                    format!("{} without `as`", kind.with_article())
                }
                Kind::Ignored => "ignored".to_string(),
                kind if wanted == Wanted::Entity => format!("{}, whose rows are no entities", kind.with_article()),
                kind => kind.with_article(),
            };
            let message = format!(
                "`{key}` must lead to {}, and `{}` leads to `{to}`, which is {what}",
                wanted.name(),
                name.value
            );
            let help = match candidates.as_slice() {
                [] => format!("the model has no such table: give one the right kind, or leave `{key}` out"),
                all => format!("name a foreign key to {}", ticked(all.iter().copied())),
            };
            self.findings.error("model/wrong-foreign-key", &name.span, message, help);
            return None;
        }
        if let Some(reference) = column.references.as_ref().filter(|r| !r.column.is_empty()) {
            let id = found.section.item("id").and_then(Item::as_str);
            let primary = found.table.primary_key();
            let id = id.or(if let [only] = primary.as_slice() { Some(*only) } else { None });
            if id.is_some_and(|id| !id.eq_ignore_ascii_case(&reference.column)) {
                let message =
                    format!("`{}` holds `{to}.{}`, which is not the id of `{to}`", name.value, reference.column);
                let help = format!("set `id = {}` in {}", toml_text(&reference.column), header(&to));
                self.findings.error("model/wrong-foreign-key", &name.span, message, help);
                return None;
            }
        }
        self.set(&name.value, |c| {
            c.references = Some(to);
            c.secret = false;
        });
        Some((name.value, found))
    }

    /// A column that is read as true or false.
    pub(super) fn boolean(&mut self, key: &str) -> Option<String> {
        let name = self.column(key, "\"is_active\"")?;
        self.is_boolean(key, &name).then_some(name.value)
    }

    fn is_boolean(&mut self, key: &str, name: &At<String>) -> bool {
        match self.kind_of(&name.value) {
            ColumnKind::Bool | ColumnKind::Long => true,
            ColumnKind::Text if self.is_untyped(&name.value) => {
                self.set(&name.value, |c| c.kind = ColumnKind::Bool);
                true
            }
            kind => {
                let column = toml_text(&name.value);
                let help = match (key, kind) {
                    ("live", ColumnKind::Text) => {
                        format!("say which value counts: `{{ column = {column}, equals = \"active\" }}`")
                    }
                    ("live", _) => format!("say whether it must be empty: `{{ column = {column}, is_null = true }}`"),
                    _ => format!("`{key}` takes a boolean column"),
                };
                let message = format!("`{}` is {}, not a boolean", name.value, kind_name(kind));
                self.findings.error("model/column-type", &name.span, message, help);
                false
            }
        }
    }

    /// A column that holds an instant.
    pub(super) fn time(&mut self, key: &str) -> Option<String> {
        self.column_of(key, &[ColumnKind::Time, ColumnKind::Text, ColumnKind::Long], "a time")
    }

    /// A column of one of `kinds`.
    pub(super) fn column_of(&mut self, key: &str, kinds: &[ColumnKind], what: &str) -> Option<String> {
        let name = self.column(key, "\"COLUMN\"")?;
        let kind = self.kind_of(&name.value);
        if kinds.contains(&kind) {
            return Some(name.value);
        }
        let message = format!("`{}` is {}, and `{key}` takes {what}", name.value, kind_name(kind));
        self.findings.error(
            "model/column-type",
            &name.span,
            message,
            format!("name another column, or leave `{key}` out"),
        );
        None
    }

    /// The conditions of `live`.
    pub(super) fn live(&mut self) -> Vec<Live> {
        const EXAMPLE: &str = "\"is_active\"";
        let section = &self.at.section;
        let Some(item) = section.item("live") else { return Vec::new() };
        let span = section.span_of("live");
        match item {
            Item::Value(value) => match value.as_array() {
                Some(array) => array
                    .iter()
                    .filter_map(|value| {
                        let span = value.span().unwrap_or_else(|| span.clone());
                        self.condition(value, span)
                    })
                    .collect(),
                None => self.condition(value, span).into_iter().collect(),
            },
            Item::Table(_) => {
                let section = section.section("live", EXAMPLE, self.findings);
                section.and_then(|section| self.comparison(&section)).into_iter().collect()
            }
            _ => {
                wrong("live", "a condition", item, span, EXAMPLE, self.findings);
                Vec::new()
            }
        }
    }

    fn condition(&mut self, value: &'a toml_edit::Value, span: Span) -> Option<Live> {
        if let Some(text) = value.as_str() {
            let (column, test) = match text.strip_prefix('!') {
                Some(column) => (column.trim_start(), Test::IsFalse),
                None => (text, Test::IsTrue),
            };
            let name = self.exists(At { value: column.to_string(), span })?;
            return self.is_boolean("live", &name).then_some(Live { column: name.value, test });
        }
        if let Some(table) = value.as_inline_table() {
            let section = Section::inline("live", span, table);
            return self.comparison(&section);
        }
        let message = format!("a condition is text or a table, not {}", value_form(value));
        let help = "write a column, `\"!column\"`, `{ column = \"…\", equals = \"…\" }` or `{ column = \"…\", is_null = true }`";
        self.findings.error("model/wrong-type", &span, message, help);
        None
    }

    /// `{ column = "status", equals = "active" }` and `{ column = "revoked_at", is_null = true }`.
    fn comparison(&mut self, section: &Section<'a>) -> Option<Live> {
        const HELP: &str = "write `{ column = \"…\", equals = \"…\" }` or `{ column = \"…\", is_null = true }`";
        section.only(&["column", "equals", "is_null"], "a condition", |_| None, self.findings);
        let Some(name) = section.text("column", "\"status\"", self.findings) else {
            if !section.has("column") {
                self.findings.error(
                    "model/missing-key",
                    &section.span,
                    "the condition names no `column`".to_string(),
                    HELP,
                );
            }
            return None;
        };
        let name = self.exists(name)?;
        let kind = self.kind_of(&name.value);
        let (equals, is_null) = (section.item("equals"), section.item("is_null"));
        let test = match (equals, is_null) {
            (None, Some(item)) => match item.as_bool() {
                Some(true) => Test::IsNull,
                Some(false) => Test::IsNotNull,
                None => {
                    wrong("is_null", "true or false", item, section.span_of("is_null"), "true", self.findings);
                    return None;
                }
            },
            (Some(item), None) => {
                let span = section.span_of("equals");
                let (test, fits) = match (item.as_str(), item.as_integer(), item.as_bool()) {
                    (Some(text), ..) => {
                        let fits = matches!(kind, ColumnKind::Text | ColumnKind::Uuid);
                        (Test::EqualsText(text.to_string()), fits)
                    }
                    (_, Some(0), _) if kind == ColumnKind::Bool => (Test::IsFalse, true),
                    (_, Some(1), _) if kind == ColumnKind::Bool => (Test::IsTrue, true),
                    (_, Some(number), _) => {
                        (Test::EqualsLong(number), kind == ColumnKind::Long || self.is_untyped(&name.value))
                    }
                    (.., Some(yes)) => {
                        let fits = matches!(kind, ColumnKind::Bool | ColumnKind::Long) || self.is_untyped(&name.value);
                        (if yes { Test::IsTrue } else { Test::IsFalse }, fits)
                    }
                    _ => {
                        wrong("equals", "text, a whole number or a boolean", item, span, "\"active\"", self.findings);
                        return None;
                    }
                };
                if !fits {
                    let help = match kind {
                        ColumnKind::Bool => "write `true` or `false`".to_string(),
                        ColumnKind::Long => "write a whole number, without quotes".to_string(),
                        ColumnKind::Text | ColumnKind::Uuid => "write the value in quotes".to_string(),
                        _ => format!(
                            "ask whether it is there: `{{ column = {}, is_null = true }}`",
                            toml_text(&name.value)
                        ),
                    };
                    let message = format!("`{}` is {}, and can never equal this", name.value, kind_name(kind));
                    self.findings.error("model/column-type", &span, message, help);
                    return None;
                }
                match (&test, self.is_untyped(&name.value)) {
                    (Test::IsTrue | Test::IsFalse, true) => self.set(&name.value, |c| c.kind = ColumnKind::Bool),
                    (Test::EqualsLong(_), true) => self.set(&name.value, |c| c.kind = ColumnKind::Long),
                    _ => {}
                }
                test
            }
            _ => {
                let message = "the condition needs either `equals` or `is_null`".to_string();
                self.findings.error("model/missing-key", &section.span, message, HELP);
                return None;
            }
        };
        Some(Live { column: name.value, test })
    }

    /// A pattern over columns, or one column's name.
    pub(super) fn pattern(&mut self, key: &str) -> Option<Pattern> {
        let text = self.at.section.text(key, "\"{resource}:{action}\"", self.findings)?;
        if !text.value.contains(['{', '}']) {
            if self.columns.iter().any(|c| c.name == text.value) {
                return Some(Pattern(vec![Piece::Column(text.value)]));
            }
            let message = format!(
                "`{}` is no column of `{}`, and no pattern with a column in braces",
                text.value, self.at.table.name
            );
            let help = self.which_column(&text.value);
            self.findings.error("model/unknown-column", &text.span, message, help);
            return None;
        }
        let mut pieces = Vec::new();
        let mut rest = text.value.as_str();
        while !rest.is_empty() {
            let brace = rest.find(['{', '}']).unwrap_or(rest.len());
            if brace > 0 {
                pieces.push(Piece::Literal(rest[..brace].to_string()));
            }
            rest = &rest[brace..];
            let Some(inner) = rest.strip_prefix('{') else {
                if rest.is_empty() {
                    break;
                }
                return self.bad_pattern(&text, "`}` closes no brace");
            };
            let Some(close) = inner.find(['{', '}']).filter(|at| inner[*at..].starts_with('}')) else {
                return self.bad_pattern(&text, "`{` is not closed");
            };
            let column = At { value: inner[..close].to_string(), span: text.span.clone() };
            if column.value.is_empty() {
                return self.bad_pattern(&text, "`{}` names no column");
            }
            pieces.push(Piece::Column(self.exists(column)?.value));
            rest = &inner[close + 1..];
        }
        Some(Pattern(pieces))
    }

    fn bad_pattern(&mut self, text: &At<String>, problem: &str) -> Option<Pattern> {
        let message = format!("{problem} in the pattern `{}`", text.value);
        let help = "write each column in braces: `\"{resource}:{action}\"`";
        self.findings.error("model/pattern", &text.span, message, help);
        None
    }

    /// One foreign key, or `{ type = …, id = …, types = … }`.
    pub(super) fn target(&mut self, key: &'a str, wanted: Wanted) -> Option<Target> {
        const EXAMPLE: &str = "{ type = \"…_type\", id = \"…_id\" }";
        let item = self.at.section.item(key)?;
        if item.is_str() {
            let (column, to) = self.foreign(key, wanted)?;
            return Some(Target::Fixed { column, type_name: to.type_name.clone()? });
        }
        let section = self.at.section.section(key, EXAMPLE, self.findings)?;
        section.only(&["type", "id", "types"], &format!("`{key}`"), |_| None, self.findings);
        let mut columns = Vec::new();
        for part in ["type", "id"] {
            if !section.has(part) {
                let message = format!("`{key}` names no `{part}` column");
                self.findings.error("model/missing-key", &section.span, message, format!("write `{key} = {EXAMPLE}`"));
            }
            let name = section.text(part, "\"COLUMN\"", self.findings);
            columns.push(name.and_then(|name| self.exists(name)));
        }
        let types = match section.has("types") {
            true => self.types(&section, wanted),
            false => self.default_types(wanted, false),
        };
        let id_column = columns.pop()??;
        let type_column = columns.pop()??;
        // What holds ids of several tables refers to none of them, however it is drawn.
        self.unsettled.remove(&id_column.value);
        self.set(&id_column.value, |c| c.references = None);
        Some(Target::Typed { type_column: type_column.value, id_column: id_column.value, types })
    }

    /// `types = { DOC = "Document" }`: what a column may hold, and the entity type that it means.
    pub(super) fn types(&mut self, section: &Section<'a>, wanted: Wanted) -> BTreeMap<String, String> {
        let mut types = BTreeMap::new();
        let pairs = section.pairs("types", "{ DOC = \"Document\" }", self.findings);
        if pairs.is_empty() {
            let span = section.span_of("types");
            let message = "`types` names no type, so that no row could be read".to_string();
            self.findings.error("model/types", &span, message, "name at least one, or leave `types` out");
        }
        for (value, name) in pairs {
            if !self.world.types(wanted).any(|(known, _)| known == name.value) {
                self.unknown_type(&name, wanted);
                continue;
            }
            let lower = value.value.to_ascii_lowercase();
            if types.get(&lower).is_some_and(|other| *other != name.value) {
                let message = format!("`{}` stands for two types: case does not tell them apart", value.value);
                self.findings.error("model/types", &value.span, message, "leave one of them out");
            }
            types.insert(lower, name.value);
        }
        // A type's own name names it, unless the model gave that name to another.
        for (name, _) in self.world.types(wanted) {
            types.entry(name.to_ascii_lowercase()).or_insert_with(|| name.to_string());
        }
        types
    }

    fn unknown_type(&mut self, name: &At<String>, wanted: Wanted) {
        let all: Vec<&str> = self.world.types(wanted).map(|(name, _)| name).collect();
        let exists = self.world.types(Wanted::Entity).any(|(known, _)| known == name.value);
        let message = match exists {
            true => format!("`{}` is not {}", name.value, wanted.name()),
            false => format!("no entity type is called `{}`", name.value),
        };
        let help = unknown_type_help(&name.value, &all);
        self.findings.error("model/unknown-type", &name.span, message, help);
    }

    /// Every type by its own name and its table's; with `twins`, in the singular and the plural too, where that is clear.
    pub(super) fn default_types(&self, wanted: Wanted, twins: bool) -> BTreeMap<String, String> {
        super::types::by_name(self.world.types(wanted), twins)
    }
}

/// The help for an entity type that does not exist.
pub(super) fn unknown_type_help(name: &str, all: &[&str]) -> String {
    match nearest(name, all.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => "the model has none yet".to_string(),
        None => format!(
            "there are {}; a type outside the database is declared as `[external.{name}]`",
            ticked(all.iter().copied())
        ),
    }
}

fn two_readings(column: &str, table: &str, tables: &[String]) -> String {
    format!(
        "`{column}` of `{table}` has two readings: it may lead to {}",
        ticked(tables.iter().map(String::as_str)).replace(" and ", " or to ")
    )
}

fn say(column: &str, table: &str) -> String {
    format!("say where it leads: `references = {{ {} = {} }}`", toml_key(column), toml_text(table))
}

/// The header of a table's section.
pub(super) fn header(table: &str) -> String {
    format!("`[table.{}]`", toml_key(table))
}

pub(super) fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "a boolean",
        ColumnKind::Long => "a whole number",
        ColumnKind::Decimal => "a decimal number",
        ColumnKind::Text => "text",
        ColumnKind::Uuid => "a UUID",
        ColumnKind::Time => "a time",
        ColumnKind::Blob => "bytes",
    }
}
