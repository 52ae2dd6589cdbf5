// SPDX-License-Identifier: Apache-2.0
//! Tables, columns, keys and relations, as plain values: what a diagram says, before anybody decides what it means.

use crate::report::Place;
use serde::Serialize;

/// A diagram, or several of one file merged: the tables in the order in which they first appear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagram {
    pub tables: Vec<Table>,
    pub relations: Vec<Relation>,
}

/// One table. A table that appears only in relations has no columns and `declared` is false.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    pub name: String,
    /// The label of `name[label]`, for people; never an identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    pub columns: Vec<Column>,
    /// Whether the diagram describes the table itself, rather than only naming it in a relation.
    pub declared: bool,
    #[serde(skip)]
    pub place: Place,
}

/// One column, with what its keys and its comment say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    pub name: String,
    /// The type as written: `string(100)`, `VARCHAR(255)`, `uuid`.
    #[serde(rename = "type")]
    pub type_name: String,
    pub primary: bool,
    pub foreign: bool,
    pub unique: bool,
    /// `Some(false)` for `NOT NULL`, `Some(true)` for `NULLABLE`, `None` where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nullable: Option<bool>,
    /// The text after `DEFAULT`, as written: `now()`, `0`, `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What the column refers to, where the text says so itself (SQL); Mermaid leaves it to be inferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<Reference>,
    /// The comment as written, without its quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip)]
    pub place: Place,
}

/// The far end of a foreign key. An empty `column` means the primary key of `table`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub table: String,
    pub column: String,
}

/// One line between two tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relation {
    pub from: String,
    pub to: String,
    /// How many of `from` one `to` has.
    pub from_many: Cardinality,
    /// How many of `to` one `from` has.
    pub to_many: Cardinality,
    /// Drawn solid (`--`): the child cannot exist without its parent.
    pub identifying: bool,
    pub label: String,
    #[serde(skip)]
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    ZeroOrOne,
    ExactlyOne,
    ZeroOrMore,
    OneOrMore,
}

impl Cardinality {
    pub fn is_many(self) -> bool {
        matches!(self, Cardinality::ZeroOrMore | Cardinality::OneOrMore)
    }
}

impl Diagram {
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names of the primary key's columns, in order.
    pub fn primary_key(&self) -> Vec<&str> {
        self.columns.iter().filter(|c| c.primary).map(|c| c.name.as_str()).collect()
    }
}
