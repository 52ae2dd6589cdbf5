// SPDX-License-Identifier: Apache-2.0
//! A decision kept as a test: tests.toml with one more at its end, and everything above it as it was.

use super::shapes::NewTest;
use crate::model::{toml_key, toml_text};
use crate::pack::Cases;
use crate::rows::parse_time;
use serde_json::Value;
use std::fmt::Write;

/// # Errors
/// Says why the text takes no further test.
pub fn add(tests: &str, test: &NewTest) -> Result<String, String> {
    let document = toml_edit::Document::parse(tests)
        .map_err(|error| format!("tests.toml is not TOML, so nothing was added: {}", error.message().trim()))?;
    if document.as_table().get("test").is_some_and(|item| item.as_array_of_tables().is_none()) {
        return Err(
            "the tests of tests.toml stand in a list: write each as `[[test]]`, and add this one again".to_string()
        );
    }
    if parse_time(&test.at).is_none() {
        return Err(format!("`{}` is no time: write it as `2026-01-31T09:00:00Z`", test.at));
    }
    let names: Vec<&str> = document
        .as_table()
        .get("test")
        .and_then(|item| item.as_array_of_tables())
        .map_or_else(Vec::new, |tests| tests.iter().filter_map(|test| test.get("name")?.as_str()).collect());
    let common = document.as_table().get("at").and_then(|at| at.as_str()).and_then(parse_time);
    let mut name = test.name.clone();
    let mut number = 2;
    while names.contains(&name.as_str()) {
        name = format!("{} ({number})", test.name);
        number += 1;
    }
    let mut text = tests.to_string();
    if !text.is_empty() {
        let ends = text.chars().rev().take_while(|c| *c == '\n').count();
        text.push_str(&"\n".repeat(2usize.saturating_sub(ends)));
    }
    text.push_str("[[test]]\n");
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", quoted(&name));
    line("principal", quoted(&test.principal.to_string()));
    line("action", quoted(&test.action));
    line("resource", quoted(&test.resource.to_string()));
    if !test.context.is_empty() {
        line("context", inline(&Value::Object(test.context.clone()))?);
    }
    if parse_time(&test.at) != common {
        line("at", quoted(&test.at));
    }
    line("expect", quoted(test.expect.word()));
    if !test.because.is_empty() {
        let all: Vec<String> = test.because.iter().map(|because| quoted(because)).collect();
        line("because", format!("[{}]", all.join(", ")));
    }
    // What was there may have errors of its own; the new one may add none.
    let errors = |text: &str| Cases::read(text).1.into_iter().filter(|finding| finding.is_error()).collect::<Vec<_>>();
    let (before, after) = (errors(tests).len(), errors(&text));
    match after.get(before) {
        Some(error) => Err(format!("this cannot be kept as a test: {}", error.message)),
        None => Ok(text),
    }
}

/// Text as TOML: literal where it holds double quotes, as entities do.
fn quoted(text: &str) -> String {
    let plain = !text.contains('\'') && !text.chars().any(char::is_control);
    if plain && (text.contains('"') || text.contains('\\')) {
        return format!("'{text}'");
    }
    toml_text(text)
}

/// JSON as TOML on one line.
fn inline(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Null => return Err("a context with NULL cannot be kept: TOML has no word for it".to_string()),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect::<Result<_, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| Ok(format!("{} = {}", toml_key(key), inline(value)?));
            let fields: Vec<String> = fields.iter().map(field).collect::<Result<_, String>>()?;
            format!("{{ {} }}", fields.join(", "))
        }
    })
}
