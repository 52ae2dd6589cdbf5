// SPDX-License-Identifier: Apache-2.0
//! A diagram as Mermaid text: what `read` reads back.

use super::{Cardinality, Diagram, Table};
use std::fmt::Write;

/// The diagram in Mermaid's syntax. Reading it gives the same tables, columns, keys and relations.
pub fn to_mermaid(diagram: &Diagram) -> String {
    let mut text = String::from("erDiagram\n");
    for relation in &diagram.relations {
        let (left, right) = (left_end(relation.from_many), right_end(relation.to_many));
        let line = if relation.identifying { "--" } else { ".." };
        let (from, to) = (name(&relation.from), name(&relation.to));
        let _ = writeln!(text, "    {from} {left}{line}{right} {to} : {}", quoted(&relation.label));
    }
    for table in diagram.tables.iter().filter(|table| table.declared) {
        write_table(&mut text, table);
    }
    text
}

fn write_table(text: &mut String, table: &Table) {
    let _ = write!(text, "\n    {}", name(&table.name));
    if let Some(alias) = &table.alias {
        let _ = write!(text, "[{}]", quoted(alias));
    }
    text.push_str(" {\n");
    for column in &table.columns {
        let _ = write!(text, "        {} {}", column.type_name, column.name);
        let keys: Vec<&str> = [(column.primary, "PK"), (column.foreign, "FK"), (column.unique, "UK")]
            .into_iter()
            .filter_map(|(is, key)| is.then_some(key))
            .collect();
        if !keys.is_empty() {
            let _ = write!(text, " {}", keys.join(", "));
        }
        let comment = column.comment.clone().or_else(|| constraints(column));
        if let Some(comment) = comment {
            let _ = write!(text, " {}", quoted(&comment));
        }
        text.push('\n');
    }
    text.push_str("    }\n");
}

/// What SQL says of a column and Mermaid has no syntax for, in the words of a comment.
fn constraints(column: &super::Column) -> Option<String> {
    let mut words = Vec::new();
    match column.nullable {
        Some(false) => words.push("NOT NULL".to_string()),
        Some(true) => words.push("NULLABLE".to_string()),
        None => {}
    }
    if let Some(default) = &column.default {
        words.push(format!("DEFAULT {default}"));
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn name(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if plain { name.to_string() } else { quoted(name) }
}

/// Mermaid's strings have no escapes; a quote within becomes an apostrophe.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'").replace(['\n', '\r'], " "))
}

fn left_end(cardinality: Cardinality) -> &'static str {
    match cardinality {
        Cardinality::ZeroOrOne => "|o",
        Cardinality::ExactlyOne => "||",
        Cardinality::ZeroOrMore => "}o",
        Cardinality::OneOrMore => "}|",
    }
}

fn right_end(cardinality: Cardinality) -> &'static str {
    match cardinality {
        Cardinality::ZeroOrOne => "o|",
        Cardinality::ExactlyOne => "||",
        Cardinality::ZeroOrMore => "o{",
        Cardinality::OneOrMore => "|{",
    }
}
