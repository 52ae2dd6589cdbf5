// SPDX-License-Identifier: Apache-2.0
//! A diagram as text, read into a [`Diagram`]. Knows nothing of Cedar.
//!
//! ```
//! let (diagram, findings) = palisade::er::read("erDiagram\n  USER {\n    uuid id PK\n    uuid role_id FK\n  }\n");
//! assert!(findings.is_empty());
//! assert_eq!(diagram.table("USER").unwrap().primary_key(), ["id"]);
//! ```
//!
//! A text is a Mermaid `erDiagram`, a Markdown page with such diagrams in its fences, or SQL DDL; nobody has to say
//! which. Reading never fails. What could not be understood is a finding with its line, and the rest is read:
//!
//! ```
//! let (diagram, findings) = palisade::er::read("erDiagram\n  USER {\n    uuid id PK\n    string\n  }\n");
//! assert_eq!(diagram.table("USER").unwrap().columns.len(), 1);
//! assert_eq!(findings[0].message, "expected an attribute name after the type `string`");
//! assert_eq!(findings[0].place.as_ref().unwrap().line, 4);
//! ```

mod diagram;
pub mod syntax;

mod comment;
mod lexer;
mod lower;
mod margin;
mod parser;
mod print;
mod source;
#[cfg(feature = "sql")]
mod sql;
#[cfg(not(feature = "sql"))]
#[path = "sql_absent.rs"]
mod sql;
#[cfg(feature = "sql")]
mod sql_statements;

pub use diagram::{Cardinality, Column, Diagram, Reference, Relation, Table};
pub use print::to_mermaid;

use crate::report::Finding;
use lower::Lowering;
use margin::Margin;
use source::Source;

/// A text longer than this is not read. The largest schema that we have met is under 1 MiB.
pub const MAX_BYTES: usize = 4 << 20;
/// Tables beyond this many are left out, with an error.
pub const MAX_TABLES: usize = 5_000;
/// Columns beyond this many, in all tables together, are left out, with an error.
pub const MAX_COLUMNS: usize = 100_000;

/// Reads a text into one diagram. The diagrams of a Markdown page are merged: a table that several of them describe has
/// the columns of all.
pub fn read(text: &str) -> (Diagram, Vec<Finding>) {
    let mut margin = Margin::new(text);
    let diagram = match source::open(text, &mut margin) {
        Source::Mermaid(mermaid) => {
            let documents = mermaid.parse(&mut margin);
            let mut lowering = Lowering::default();
            for document in &documents {
                lowering.add(document, &mut margin);
            }
            lowering.finish(&mut margin)
        }
        Source::Sql => sql::read(text, &mut margin),
        Source::Nothing => Diagram::default(),
    };
    (diagram, margin.into_findings())
}

/// Reads a text into its diagrams, each by itself: a Markdown page may show two designs of the same tables.
pub fn read_all(text: &str) -> (Vec<Diagram>, Vec<Finding>) {
    let mut margin = Margin::new(text);
    let diagrams = match source::open(text, &mut margin) {
        Source::Mermaid(mermaid) => {
            let documents = mermaid.parse(&mut margin);
            let alone = |document| {
                let mut lowering = Lowering::default();
                lowering.add(document, &mut margin);
                lowering.finish(&mut margin)
            };
            documents.iter().map(alone).collect()
        }
        Source::Sql => vec![sql::read(text, &mut margin)],
        Source::Nothing => Vec::new(),
    };
    (diagrams, margin.into_findings())
}
