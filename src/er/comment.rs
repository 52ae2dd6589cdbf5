// SPDX-License-Identifier: Apache-2.0
//! Constraints that a column's comment states: `"NOT NULL UNIQUE"`, `"NULLABLE LENGTH 1000"`, `"NOT NULL DEFAULT now()"`.
//!
//! A comment counts only if it is made of such words from its first to its last. `"Unique username"` is prose, and prose
//! must not change what a column means.

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Constraints {
    pub primary: bool,
    pub foreign: bool,
    pub unique: bool,
    pub nullable: Option<bool>,
    pub default: Option<String>,
}

/// What the comment states, or `None` for prose.
pub(super) fn constraints(comment: &str) -> Option<Constraints> {
    let words = words(comment)?;
    let mut found = Constraints::default();
    let mut at = 0;
    let is = |at: usize, word: &str| words.get(at).is_some_and(|w: &&str| w.eq_ignore_ascii_case(word));
    while at < words.len() {
        let nullable = if is(at, "NOT") && is(at + 1, "NULL") {
            at += 2;
            Some(false)
        } else if is(at, "NULL") || is(at, "NULLABLE") {
            at += 1;
            Some(true)
        } else {
            None
        };
        if nullable.is_some() {
            // A comment that says both says nothing.
            if found.nullable.is_some_and(|known| Some(known) != nullable) {
                return None;
            }
            found.nullable = nullable;
        } else if is(at, "UNIQUE") {
            found.unique = true;
            at += 1;
        } else if (is(at, "PRIMARY") || is(at, "FOREIGN")) && is(at + 1, "KEY") {
            found.primary |= is(at, "PRIMARY");
            found.foreign |= is(at, "FOREIGN");
            at += 2;
        } else if is(at, "LENGTH") {
            let length = words.get(at + 1)?.trim_start_matches('(').trim_end_matches(')');
            length.parse::<u64>().ok()?;
            at += 2;
        } else if is(at, "AUTO_INCREMENT") || is(at, "AUTOINCREMENT") {
            at += 1;
        } else if is(at, "DEFAULT") {
            let value = *words.get(at + 1)?;
            // `Default role` is prose; `DEFAULT active` and `not null default active` are not.
            let is_alone = words.len() == 2 && words[at] != "DEFAULT";
            if !is_literal(value) && (is_alone || !is_bare_value(value)) {
                return None;
            }
            found.default = Some(value.to_string());
            at += 2;
        } else {
            return None;
        }
    }
    (!words.is_empty()).then_some(found)
}

/// The comment's words. Quotes and parentheses hold one together: `'two words'`, `nextval('s')`, `LENGTH (10)`.
fn words(comment: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut depth = 0usize;
    let mut quote = false;
    for (at, c) in comment.char_indices() {
        let is_separator = depth == 0 && !quote && (c.is_whitespace() || c == ',' || c == ';');
        match c {
            '\'' => quote = !quote,
            '(' if !quote => depth += 1,
            ')' if !quote => depth = depth.checked_sub(1)?,
            _ => {}
        }
        match (is_separator, start) {
            (true, Some(from)) => {
                words.push(&comment[from..at]);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.map(|from| &comment[from..]));
    (depth == 0 && !quote).then_some(words)
}

/// Whether nobody would write this in prose: a number, a quoted text, a call, or a word that SQL knows.
fn is_literal(value: &str) -> bool {
    const KNOWN: [&str; 6] = ["true", "false", "null", "current_timestamp", "current_date", "current_time"];
    let is_call = value.ends_with(')') && value.find('(').is_some_and(|at| at > 0);
    value.starts_with('\'')
        || is_call
        || value.parse::<f64>().is_ok()
        || KNOWN.iter().any(|k| value.eq_ignore_ascii_case(k))
}

fn is_bare_value(value: &str) -> bool {
    let is_constraint =
        ["not", "null", "unique", "default", "length"].iter().any(|word| value.eq_ignore_ascii_case(word));
    !is_constraint && value.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c))
}
