// SPDX-License-Identifier: Apache-2.0
//! Texts that are too large in one way or another end in a finding, soon.

use palisade::er;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Far more than any of these takes, even in a debug build on a busy machine; a quadratic walk takes hours.
const SOON: Duration = Duration::from_secs(20);

fn errors_of(text: &str) -> Vec<&'static str> {
    let begun = Instant::now();
    let (_, findings) = er::read(text);
    assert!(begun.elapsed() < SOON, "{} …", text.chars().take(60).collect::<String>());
    findings.iter().filter(|finding| finding.is_error()).map(|finding| finding.code).collect()
}

#[test]
fn a_text_over_the_limit_is_not_read() {
    assert_eq!(errors_of(&"x".repeat(er::MAX_BYTES + 1)), ["er/too-large"]);
}

#[test]
fn too_many_tables_are_one_error() {
    let mut text = String::from("erDiagram\n");
    for number in 0..er::MAX_TABLES + 10 {
        writeln!(text, "T{number}").unwrap();
    }
    assert_eq!(errors_of(&text), ["er/too-large"]);
}

#[test]
fn too_many_columns_are_one_error() {
    let mut text = String::from("erDiagram\nT {\n");
    for number in 0..er::MAX_COLUMNS + 10 {
        writeln!(text, "int c{number}").unwrap();
    }
    text.push('}');
    assert_eq!(errors_of(&text), ["er/too-large"]);
}

#[test]
fn a_thousand_errors_are_fifty_and_a_note() {
    let text = format!("erDiagram\n{}", "A ->\n".repeat(1000));
    let (_, findings) = er::read(&text);
    assert_eq!(findings.iter().filter(|finding| finding.is_error()).count(), 50);
    assert_eq!(findings.last().unwrap().code, "er/stopped");
}

#[test]
fn a_long_line_is_read_in_one_walk() {
    let block = r"T { int a PK \n string b \n } \n";
    let text = format!(r"erDiagram\n{}", block.repeat(100_000));
    assert_eq!(errors_of(&text), [""; 0]);
}

#[test]
fn long_runs_of_one_sign_are_read_in_one_walk() {
    for sign in [
        "(", "<", "~", "\"", "%%{", "{", "}", "a ", "a~", ":", "|", " ", "\\n", "`", "---\n", "\u{3000}", "o{",
        "%%{\n", "x(",
    ] {
        let run = sign.repeat(40_000 / sign.len());
        errors_of(&format!("erDiagram\n{run}"));
        errors_of(&format!("erDiagram\nT {{\n{run}"));
        errors_of(&format!("CREATE TABLE t (a int);\n{run}"));
        errors_of(&format!("CREATE TABLE t (a int DEFAULT {run});"));
        errors_of(&run);
    }
}

#[test]
fn sql_nested_without_end_is_refused() {
    let sum = format!("CREATE TABLE t (a int DEFAULT 1{});", "+1".repeat(100_000));
    assert_eq!(errors_of(&sum), ["er/sql"]);
    let depth = format!("CREATE TABLE t (a int DEFAULT {}1{});", "(".repeat(1_000), ")".repeat(1_000));
    assert_eq!(errors_of(&depth), ["er/sql"]);
}

#[test]
fn a_table_of_many_sql_columns_is_read() {
    let columns: Vec<String> = (0..20_000).map(|number| format!("c{number} varchar(20) NOT NULL")).collect();
    let (diagram, findings) = er::read(&format!("CREATE TABLE t ({});", columns.join(", ")));
    assert!(findings.is_empty());
    assert_eq!(diagram.tables[0].columns.len(), 20_000);
}

#[test]
fn diagrams_of_a_page_stay_apart_where_asked() {
    let page = "# Two designs\n\n```mermaid\nerDiagram\n  A { int id PK }\n```\n\n```mermaid\nerDiagram\n  A { uuid id PK }\n  B\n```\n";
    let (apart, findings) = er::read_all(page);
    assert!(findings.is_empty());
    assert_eq!(apart.len(), 2);
    assert_eq!(apart[1].tables[0].columns[0].type_name, "uuid");
    assert_eq!(apart[1].tables[0].place.line, 10);
    let (merged, findings) = er::read(page);
    assert_eq!(merged.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(findings[0].code, "er/conflicting-type");
}
