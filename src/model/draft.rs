// SPDX-License-Identifier: Apache-2.0
//! One section of a model in the making, with what the fidelity report says of it.

use super::fidelity::TableFidelity;
use super::kinds::Kind;
use super::section::toml_text;
use super::seen::Seen;
use crate::er::Table;
use crate::mapping::ColumnKind;

/// Text of a schema within a comment of TOML: one line, without control characters.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The section of one table, as far as it is written.
pub(super) struct Draft<'a> {
    pub(super) table: &'a Table,
    pub(super) kind: Kind,
    pub(super) lines: Vec<String>,
    pub(super) report: TableFidelity,
    /// The actions that a column's comment lists.
    pub(super) actions: Vec<String>,
    /// The tables that an access-control list is about.
    pub(super) objects: Vec<String>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(table: &'a Table, kind: Kind, seen: String) -> Draft<'a> {
        let report = TableFidelity {
            table: table.name.clone(),
            kind: kind.name().to_string(),
            seen: clean(&seen),
            ..TableFidelity::default()
        };
        Draft { table, kind, lines: Vec::new(), report, actions: Vec::new(), objects: Vec::new() }
    }

    pub(super) fn ignored(table: &'a Table, because: &str) -> Draft<'a> {
        let mut draft = Draft::new(table, Kind::Ignored, because.to_string());
        draft.text("because", because);
        draft
    }

    pub(super) fn refused(table: &'a Table, seen: &str, why: String) -> Draft<'a> {
        let mut draft = Draft::ignored(table, &format!("{seen}, which the model cannot express"));
        draft.report.seen = seen.to_string();
        draft.report.refused.push(why);
        draft
    }

    pub(super) fn give_up(&mut self, why: &str) {
        let was = self.kind.name();
        self.kind = Kind::Ignored;
        self.report.kind = self.kind.name().to_string();
        self.report.kept.clear();
        self.report.assumed.clear();
        self.report.approximated.clear();
        self.report.refused.push(format!("it looks like {was}, but {why}"));
        self.lines.clear();
        self.actions.clear();
        self.text("because", &format!("looks like {was}, but does not hold together: see the fidelity report"));
    }

    pub(super) fn line(&mut self, key: &str, value: &str) {
        self.lines.push(format!("{key} = {value}"));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.line(key, &toml_text(value));
    }

    pub(super) fn kept(&mut self, what: impl Into<String>) {
        self.report.kept.push(clean(&what.into()));
    }

    pub(super) fn assumed(&mut self, what: impl Into<String>) {
        self.report.assumed.push(clean(&what.into()));
    }

    pub(super) fn approximated(&mut self, what: impl Into<String>) {
        self.report.approximated.push(clean(&what.into()));
    }

    /// The reasons, as they stand above the section.
    pub(super) fn comments(&self) -> Vec<String> {
        let mut all = vec![format!("{}: {}", self.kind.name(), self.report.seen)];
        all.extend(self.report.approximated.iter().map(|s| format!("Approximated: {s}.")));
        all.extend(self.report.refused.iter().map(|s| format!("Refused: {s}.")));
        all.extend(self.report.assumed.iter().map(|s| format!("Assumed: {s}.")));
        all
    }
}

impl Draft<'_> {
    /// Adds a condition to `live`.
    pub(super) fn add_live(&mut self, condition: String) {
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
    pub(super) fn leave_out_reserved(&mut self, columns: &[Seen<'_>]) {
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
