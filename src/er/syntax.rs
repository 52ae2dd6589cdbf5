// SPDX-License-Identifier: Apache-2.0
//! The syntax tree of a Mermaid `erDiagram`: every statement as it was written, looks included.
//!
//! ```
//! use palisade::er::syntax::{self, Statement};
//!
//! let (diagrams, findings) = syntax::parse("erDiagram\n  USER }|--|| ROLE : has\n");
//! assert!(findings.is_empty());
//! assert!(matches!(&diagrams[0].statements[..], [Statement::Relation(line)] if line.label.text == "has"));
//! ```

pub use super::margin::Span;
use super::{margin::Margin, source};
use crate::report::Finding;

/// One `erDiagram`, statement by statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    Entity(Entity),
    Relation(Line),
    Direction(Direction),
    AccTitle(String),
    AccDescr(String),
    ClassDef { names: Vec<String>, styles: Vec<String> },
    Class { entities: Vec<String>, classes: Vec<String> },
    Style { entities: Vec<String>, styles: Vec<String> },
}

/// `name[alias]:::class { … }`, of which only the name must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub name: Word,
    pub alias: Option<Word>,
    pub classes: Vec<String>,
    pub attributes: Vec<Attribute>,
}

/// `type name PK, FK "comment"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub type_name: Word,
    pub name: Word,
    pub keys: Vec<Key>,
    pub comment: Option<Word>,
}

/// `left ||--o{ right : label`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub left: Word,
    pub left_classes: Vec<String>,
    /// The cardinality that stands next to `left`.
    pub left_end: End,
    pub identifying: bool,
    pub right_end: End,
    pub right: Word,
    pub right_classes: Vec<String>,
    pub label: Word,
}

/// A word of the diagram without its quotes, and where it stands with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Primary,
    Foreign,
    Unique,
}

/// What a relation's line ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    ZeroOrOne,
    ExactlyOne,
    ZeroOrMore,
    OneOrMore,
    /// `u`, Mermaid's mark for a parent.
    Parent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    TopBottom,
    BottomTop,
    RightLeft,
    LeftRight,
}

/// The diagrams of a Mermaid or Markdown text. SQL has no such tree: it gives none.
pub fn parse(text: &str) -> (Vec<Document>, Vec<Finding>) {
    let mut margin = Margin::new(text);
    let documents = match source::open(text, &mut margin) {
        source::Source::Mermaid(mermaid) => mermaid.parse(&mut margin),
        source::Source::Sql | source::Source::Nothing => Vec::new(),
    };
    (documents, margin.into_findings())
}
