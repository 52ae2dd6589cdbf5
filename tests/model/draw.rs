// SPDX-License-Identifier: Apache-2.0
//! Small diagrams in few words: `User { uuid id PK; string name "NOT NULL" }` and `User ||--o{ Post`, one a line.
//!
//! Not Mermaid, so that these tests stand without the reader of diagrams.

use palisade::er::{Cardinality, Column, Diagram, Reference, Relation, Table};
use palisade::report::Place;

pub fn diagram(text: &str) -> Diagram {
    let mut diagram = Diagram::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("%%")) {
        match line.split_once(" {") {
            Some((name, rest)) if !line.contains("--") && !line.contains("..") || rest.ends_with('}') => {
                let columns = rest.trim().trim_end_matches('}');
                let columns = columns.split(';').map(str::trim).filter(|c| !c.is_empty()).map(column).collect();
                *table(&mut diagram, name.trim()) =
                    Table { name: name.trim().to_string(), columns, declared: true, ..Table::default() };
            }
            _ => relation(&mut diagram, line),
        }
    }
    diagram
}

fn table<'a>(diagram: &'a mut Diagram, name: &str) -> &'a mut Table {
    let at = diagram.tables.iter().position(|t| t.name == name).unwrap_or_else(|| {
        diagram.tables.push(Table { name: name.to_string(), ..Table::default() });
        diagram.tables.len() - 1
    });
    &mut diagram.tables[at]
}

/// `type name KEYS "comment"`; a key `>TABLE` or `>TABLE.column` is a reference.
fn column(text: &str) -> Column {
    let (words, comment) = match text.split_once('"') {
        Some((words, comment)) => (words, Some(comment.trim_end_matches('"'))),
        None => (text, None),
    };
    let mut words = words.split_whitespace();
    let type_name = words.next().expect("a type").to_string();
    let name = words.next().expect("a name").to_string();
    let mut column = Column { name, type_name, comment: comment.map(str::to_string), ..Column::default() };
    for key in words {
        match key {
            "PK" => column.primary = true,
            "FK" => column.foreign = true,
            "UK" => column.unique = true,
            reference => {
                let to = reference.strip_prefix('>').unwrap_or_else(|| panic!("`{key}` is no key in `{text}`"));
                let (table, column_name) = to.split_once('.').unwrap_or((to, ""));
                column.references = Some(Reference { table: table.to_string(), column: column_name.to_string() });
            }
        }
    }
    if let Some(comment) = comment {
        column.nullable = match comment {
            c if c.contains("NOT NULL") => Some(false),
            c if c.contains("NULLABLE") => Some(true),
            _ => None,
        };
    }
    column
}

/// `A ||--o{ B`, perhaps with `: label`.
fn relation(diagram: &mut Diagram, line: &str) {
    let (ends, label) = line.split_once(" : ").unwrap_or((line, ""));
    let mut words = ends.split_whitespace();
    let (from, line, to) = (words.next().unwrap(), words.next().expect("a line"), words.next().expect("a table"));
    let (left, right) = line.split_once("--").or_else(|| line.split_once("..")).expect("-- or ..");
    let cardinality = |end: &str| match end {
        "||" => Cardinality::ExactlyOne,
        "|o" | "o|" => Cardinality::ZeroOrOne,
        "}o" | "o{" => Cardinality::ZeroOrMore,
        "}|" | "|{" => Cardinality::OneOrMore,
        other => panic!("`{other}` is no end of a line"),
    };
    table(diagram, from);
    table(diagram, to);
    diagram.relations.push(Relation {
        from: from.to_string(),
        to: to.to_string(),
        from_many: cardinality(left),
        to_many: cardinality(right),
        identifying: line.contains("--"),
        label: label.trim_matches('"').to_string(),
        place: Place::default(),
    });
}
