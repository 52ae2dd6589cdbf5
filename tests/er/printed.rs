// SPDX-License-Identifier: Apache-2.0
//! What is printed reads back: `palisade import` writes diagrams that it took from a document.

use palisade::er::{self, Diagram};
use std::fs;

#[test]
fn a_printed_diagram_reads_back() {
    let mut tried = 0;
    for entry in fs::read_dir("tests/er/ok").expect("the cases") {
        let path = entry.expect("a case").path();
        if !path.extension().is_some_and(|extension| extension == "mmd" || extension == "md") {
            continue;
        }
        let (read, _) = er::read(&fs::read_to_string(&path).expect("a case"));
        let printed = er::to_mermaid(&read);
        let (again, findings) = er::read(&printed);
        assert!(!findings.iter().any(|f| f.is_error()), "{}: {findings:?}\n{printed}", path.display());
        assert_eq!(essence(&again), essence(&read), "{}\n{printed}", path.display());
        tried += 1;
    }
    assert!(tried > 10, "only {tried} cases were there to try");
}

/// What a diagram says, without places, in an order that does not depend on where relations stand.
fn essence(diagram: &Diagram) -> (Vec<String>, Vec<String>) {
    let mut tables: Vec<String> = diagram
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<_> = table
                .columns
                .iter()
                .map(|c| format!("{}:{}:{}{}{}:{:?}", c.name, c.type_name, c.primary, c.foreign, c.unique, c.nullable))
                .collect();
            format!("{} {columns:?}", table.name)
        })
        .collect();
    tables.sort();
    let mut relations: Vec<String> = diagram
        .relations
        .iter()
        .map(|r| format!("{} {:?} {:?} {} {}", r.from, r.from_many, r.to_many, r.to, r.identifying))
        .collect();
    relations.sort();
    (tables, relations)
}
