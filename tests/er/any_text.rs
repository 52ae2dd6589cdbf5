// SPDX-License-Identifier: Apache-2.0
//! Any text at all is read without a panic, and every place that is handed out lies inside it.

use palisade::er;
use palisade::report::Place;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};

const DIAGRAM: &str = r#"---
title: Accounts
---
%%{init: {
  "theme": "base"
}}%%
erDiagram
  direction LR
  %% who acts
  使用者 {
    uuid user_id PK, FK "使用者ID"
    VARCHAR(100) 名稱 UK "NOT NULL DEFAULT now()"
    decimal(10, 2) amount
    map~string, int~ settings
  }
  p["Customer Account"]:::big,blue {
    string[] tags
  }
  使用者 ||--o{ p : "has"
  p one or more optionally to 1 Role : is
  classDef big fill:#f96,stroke:#333
  class p big
  style p fill:#f9f
  accTitle: Accounts
  accDescr {
    Who has which
  }
"#;

const SQL: &str = r#"-- accounts
CREATE TABLE IF NOT EXISTS public."users" (
  id uuid PRIMARY KEY,
  [role id] int NOT NULL REFERENCES roles (id),
  name varchar(100) DEFAULT 'it''s' UNIQUE,
  CONSTRAINT fk FOREIGN KEY (id, name) REFERENCES `other`
);
\connect x
CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END;
CREATE FUNCTION f() AS $$ x; $$;
COPY users FROM stdin;
1	2
\.
ALTER TABLE ONLY users ADD CONSTRAINT u UNIQUE (name);
"#;

const PAGE: &str =
    "# Page\n\n- a list\n  ```mermaid\n  erDiagram\n    A ||--o{ B : has\n  ```\n\n~~~sql\nSELECT 1\n~~~\n";

/// Pieces that mean something, to put where they do not belong.
const PIECES: [&str; 35] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "`",
    "||--o{",
    "}|..|{",
    ":",
    ":::",
    ",",
    "~",
    "%%",
    "%%{",
    "}%%",
    "\n",
    "\\n",
    "\r\n",
    "\t",
    "one",
    "1",
    "u",
    "PK",
    "class ",
    "style ",
    "direction TB",
    "accDescr {",
    "```mermaid\n",
    "---\n",
    "CREATE TABLE ",
    "使",
    "\u{a0}",
    "\u{3000}",
    "a!",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        check(&text);
        check(&format!("erDiagram\n{text}"));
        check(&format!("CREATE TABLE t (\n{text}"));
    }

    #[test]
    fn any_pieces_are_read(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        let text: String = pieces.concat();
        check(&format!("erDiagram\n{text}"));
        check(&format!("erDiagram\nA {{\n{text}"));
        check(&text);
    }

    #[test]
    fn any_change_of_a_good_text_is_read(text in changed(DIAGRAM)) {
        check(&text);
        check(&text.replace('\n', "\\n"));
        check(&text.replace('\n', "\r\n"));
        check(&format!("```mermaid\n{text}\n```\n"));
    }

    #[test]
    fn any_change_of_a_good_page_is_read(text in changed(PAGE)) {
        check(&text);
    }

    #[test]
    fn any_change_of_good_sql_is_read(text in changed(SQL)) {
        check(&text);
    }
}

/// The text with pieces cut out of it and others put in.
fn changed(text: &'static str) -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0usize..12, prop::sample::select(&PIECES[..]), any::<bool>());
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, piece, insert) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + length).min(chars.len());
            let piece = if insert { piece } else { "" };
            chars.splice(at..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

fn check(text: &str) {
    let (diagram, findings) = er::read(text);
    let (_, again) = er::read_all(text);
    let places = diagram
        .tables
        .iter()
        .flat_map(|table| std::iter::once(&table.place).chain(table.columns.iter().map(|column| &column.place)))
        .chain(diagram.relations.iter().map(|relation| &relation.place))
        .chain(findings.iter().chain(&again).filter_map(|finding| finding.place.as_ref()));
    for place in places {
        check_place(text, place);
    }
    for finding in &findings {
        assert!(!finding.to_string().is_empty());
    }
}

fn check_place(text: &str, place: &Place) {
    if place.line == 0 {
        return;
    }
    let line = text.split('\n').nth(place.line as usize - 1).unwrap_or_else(|| panic!("{place:?} in {text:?}"));
    let line_length = line.chars().count() as u32;
    assert!((1..=line_length + 1).contains(&place.column), "{place:?} in {text:?}");
    assert!(
        place.length >= 1 && place.column + place.length <= line_length.max(place.column) + 1,
        "{place:?} in {text:?}"
    );
    assert_eq!(place.excerpt, line.trim_end_matches('\r'), "{text:?}");
}
