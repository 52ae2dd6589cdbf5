// SPDX-License-Identifier: Apache-2.0
//! From the syntax tree to the [`Diagram`]: entities become tables, and what is said twice is kept once.

use super::comment;
use super::diagram::{Cardinality, Column, Diagram, Relation, Table};
use super::margin::{Margin, Span};
use super::syntax::{Attribute, Document, End, Entity, Key, Line, Statement, Word};
use super::{MAX_COLUMNS, MAX_TABLES};
use std::collections::{HashMap, HashSet};

/// Takes in one document after the other.
#[derive(Default)]
pub(super) struct Lowering {
    diagram: Diagram,
    /// Table name to its index.
    tables: HashMap<String, usize>,
    /// For each table, column name to its index.
    columns: Vec<HashMap<String, usize>>,
    /// Each relation to the document that drew it. Two diagrams of one page may well draw the same line.
    relations: HashMap<RelationKey, usize>,
    column_count: usize,
    documents: usize,
    /// A limit is reported once.
    overflowed: bool,
}

/// Everything of a relation but its place.
type RelationKey = (String, String, [u8; 2], bool, String);

impl Lowering {
    pub(super) fn add(&mut self, document: &Document, margin: &mut Margin) {
        self.documents += 1;
        for statement in &document.statements {
            match statement {
                Statement::Entity(entity) => self.entity(entity, margin),
                Statement::Relation(line) => self.relation(line, margin),
                // Looks and titles say nothing about tables.
                _ => {}
            }
        }
    }

    pub(super) fn finish(self, margin: &mut Margin) -> Diagram {
        if self.diagram.tables.is_empty() && !margin.has_errors() {
            let help = "describe a table: `USER { uuid id PK }`";
            margin.warning("er/no-tables", Span::default(), "the diagram has no tables", help);
        }
        self.diagram
    }

    fn entity(&mut self, entity: &Entity, margin: &mut Margin) {
        let Some(table) = self.table(&entity.name, margin) else { return };
        let place = margin.place(entity.name.span);
        let described = &mut self.diagram.tables[table];
        if !described.declared || (described.columns.is_empty() && !entity.attributes.is_empty()) {
            described.place = place;
        }
        described.declared = true;
        if described.alias.is_none() {
            described.alias = entity.alias.as_ref().map(|alias| alias.text.clone());
        }
        let mut in_this_block = HashSet::new();
        for attribute in &entity.attributes {
            let is_repeated = !in_this_block.insert(attribute.name.text.as_str());
            self.attribute(table, attribute, is_repeated, margin);
        }
    }

    fn attribute(&mut self, table: usize, attribute: &Attribute, is_repeated: bool, margin: &mut Margin) {
        let name = &attribute.name.text;
        if let Some(&known) = self.columns[table].get(name) {
            let table = &mut self.diagram.tables[table];
            let known = &mut table.columns[known];
            let given = column(attribute, margin);
            let first = match known.place.line == given.place.line {
                true => String::new(),
                false => format!(" (first in line {})", known.place.line),
            };
            if known.type_name != given.type_name {
                let message = format!(
                    "`{}` has two types for `{name}`: `{}`{first} and `{}`",
                    table.name, known.type_name, given.type_name
                );
                let help = format!("the first is used; make both `{}`, or rename one of the columns", known.type_name);
                margin.warning("er/conflicting-type", attribute.type_name.span, message, help);
            } else if is_repeated {
                let message = format!("`{}` has the column `{name}` twice{first}", table.name);
                margin.warning("er/duplicate-column", attribute.name.span, message, "take one of them out");
            }
            merge(known, given);
            return;
        }
        if self.column_count == MAX_COLUMNS {
            self.overflow(attribute.name.span, format!("more than {MAX_COLUMNS} columns"), margin);
            return;
        }
        self.column_count += 1;
        let columns = &mut self.diagram.tables[table].columns;
        self.columns[table].insert(name.clone(), columns.len());
        columns.push(column(attribute, margin));
    }

    fn relation(&mut self, line: &Line, margin: &mut Margin) {
        if self.table(&line.left, margin).is_none() || self.table(&line.right, margin).is_none() {
            return;
        }
        let relation = Relation {
            from: line.left.text.clone(),
            to: line.right.text.clone(),
            from_many: cardinality(line.left_end),
            to_many: cardinality(line.right_end),
            identifying: line.identifying,
            label: line.label.text.clone(),
            place: margin.place(line.left.span.to(line.right.span)),
        };
        let ends = [relation.from_many as u8, relation.to_many as u8];
        let key = (relation.from.clone(), relation.to.clone(), ends, relation.identifying, relation.label.clone());
        match self.relations.insert(key, self.documents) {
            None => self.diagram.relations.push(relation),
            Some(document) if document == self.documents => {
                let message = format!("the relation from `{}` to `{}` is drawn twice", relation.from, relation.to);
                margin.note("er/duplicate-relation", line.left.span.to(line.right.span), message);
            }
            Some(_) => {}
        }
    }

    /// The table of this name, which comes into being where it is first named.
    fn table(&mut self, name: &Word, margin: &mut Margin) -> Option<usize> {
        if let Some(&known) = self.tables.get(&name.text) {
            return Some(known);
        }
        let tables = &mut self.diagram.tables;
        if tables.len() == MAX_TABLES {
            self.overflow(name.span, format!("more than {MAX_TABLES} tables"), margin);
            return None;
        }
        tables.push(Table { name: name.text.clone(), place: margin.place(name.span), ..Table::default() });
        self.columns.push(HashMap::new());
        self.tables.insert(name.text.clone(), tables.len() - 1);
        Some(tables.len() - 1)
    }

    fn overflow(&mut self, span: Span, what: String, margin: &mut Margin) {
        if !std::mem::replace(&mut self.overflowed, true) {
            let message = format!("the diagram has {what}; the rest is left out");
            margin.error("er/too-large", span, message, "split it into several diagrams");
        }
    }
}

fn column(attribute: &Attribute, margin: &Margin) -> Column {
    let stated = attribute.comment.as_ref().and_then(|comment| comment::constraints(&comment.text)).unwrap_or_default();
    Column {
        name: attribute.name.text.clone(),
        type_name: attribute.type_name.text.clone(),
        primary: attribute.keys.contains(&Key::Primary) || stated.primary,
        foreign: attribute.keys.contains(&Key::Foreign) || stated.foreign,
        unique: attribute.keys.contains(&Key::Unique) || stated.unique,
        nullable: stated.nullable,
        default: stated.default,
        references: None,
        comment: attribute.comment.as_ref().map(|comment| comment.text.clone()),
        place: margin.place(attribute.type_name.span.to(attribute.name.span)),
    }
}

/// Keys add up; of what can be said only one way, the first word counts.
fn merge(known: &mut Column, given: Column) {
    known.primary |= given.primary;
    known.foreign |= given.foreign;
    known.unique |= given.unique;
    known.nullable = known.nullable.or(given.nullable);
    known.default = known.default.take().or(given.default);
    known.comment = known.comment.take().or(given.comment);
}

fn cardinality(end: End) -> Cardinality {
    match end {
        End::ZeroOrOne => Cardinality::ZeroOrOne,
        // A child drawn with Mermaid's mark for a parent has exactly one.
        End::ExactlyOne | End::Parent => Cardinality::ExactlyOne,
        End::ZeroOrMore => Cardinality::ZeroOrMore,
        End::OneOrMore => Cardinality::OneOrMore,
    }
}
