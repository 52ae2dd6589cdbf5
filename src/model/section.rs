// SPDX-License-Identifier: Apache-2.0
//! The keys of one section of `model.toml`, each with its place, and what is wrong with their TOML types.

use crate::name::nearest;
use crate::report::{Finding, Place, Severity};
use std::ops::Range;
use toml_edit::{Item, TableLike, Value};

/// Bytes of the text.
pub(super) type Span = Range<usize>;

/// Findings beyond this many are counted, not kept: each holds its source line.
const MAX_FINDINGS: usize = 200;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// What a reader has to say about one text, as it reads.
pub(super) struct Findings<'a> {
    text: &'a str,
    list: Vec<Finding>,
    dropped: usize,
    /// Whether any finding was an error, kept or not.
    failed: bool,
}

impl<'a> Findings<'a> {
    pub(super) fn new(text: &'a str) -> Findings<'a> {
        Findings { text, list: Vec::new(), dropped: 0, failed: false }
    }

    pub(super) fn error(&mut self, code: &'static str, span: &Span, message: String, help: impl Into<String>) {
        self.add(Finding::error(code, message), span, help.into());
    }

    pub(super) fn warning(&mut self, code: &'static str, span: &Span, message: String, help: impl Into<String>) {
        self.add(Finding::warning(code, message), span, help.into());
    }

    fn add(&mut self, finding: Finding, span: &Span, help: String) {
        self.failed |= finding.severity == Severity::Error;
        if self.list.len() >= MAX_FINDINGS {
            self.dropped += 1;
            return;
        }
        self.list.push(finding.at(Place::of(self.text, span.start, span.end)).help(help));
    }

    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    /// In the order of the text.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|f| f.place.as_ref().map(|p| (p.line, p.column)));
        if self.dropped > 0 {
            let message = format!("{} more findings are not shown", self.dropped);
            let more = match self.failed {
                true => Finding::error("model/more", message),
                false => Finding::warning("model/more", message),
            };
            self.list.push(more.help("mend those above and read the model again"));
        }
        self.list
    }
}

/// A table of TOML, in any of its forms.
#[derive(Clone)]
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    /// Its name where it stands.
    pub(super) span: Span,
    table: &'a dyn TableLike,
}

impl<'a> Section<'a> {
    /// The item at `key` as a section, or a finding that it is none.
    pub(super) fn of(
        name: &'a str,
        span: Span,
        item: &'a Item,
        help: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Section<'a>> {
        match item.as_table_like() {
            Some(table) => Some(Section { name, span, table }),
            None => {
                let message = format!("`{name}` is a section, not {}", form(item));
                findings.error("model/wrong-type", &span, message, help);
                None
            }
        }
    }

    pub(super) fn root(table: &'a toml_edit::Table) -> Section<'a> {
        Section { name: "", span: 0..0, table }
    }

    pub(super) fn inline(name: &'a str, span: Span, table: &'a toml_edit::InlineTable) -> Section<'a> {
        Section { name, span, table }
    }

    /// Every key with its place.
    pub(super) fn keys(&self) -> Vec<(&'a str, Span, &'a Item)> {
        self.table.iter().map(|(key, item)| (key, self.key_span(key), item)).collect()
    }

    pub(super) fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where `key` stands; where the section does, if it has none.
    pub(super) fn key_span(&self, key: &str) -> Span {
        self.table
            .get_key_value(key)
            .and_then(|(key, item)| key.span().or_else(|| item.span()))
            .unwrap_or_else(|| self.span.clone())
    }

    /// Where the value of `key` stands.
    pub(super) fn span_of(&self, key: &str) -> Span {
        let value = self.item(key).filter(|item| item.is_value()).and_then(Item::span);
        value.unwrap_or_else(|| self.key_span(key))
    }

    /// Reports keys that are none of `known`; `elsewhere` may say where such a key would belong.
    pub(super) fn only(
        &self,
        known: &[&str],
        of: &str,
        elsewhere: impl Fn(&str) -> Option<String>,
        findings: &mut Findings<'_>,
    ) {
        for (key, span, _) in self.keys() {
            if !known.contains(&key) {
                let help = match (elsewhere(key), nearest(key, known.iter().copied())) {
                    (Some(elsewhere), _) => elsewhere,
                    (None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None) if known.is_empty() => "leave it out".to_string(),
                    (None, None) => format!("it takes {}", ticked(known.iter().copied())),
                };
                findings.error("model/unknown-key", &span, format!("`{key}` is not a key of {of}"), help);
            }
        }
    }

    pub(super) fn text(&self, key: &str, example: &str, findings: &mut Findings<'_>) -> Option<At<String>> {
        let item = self.item(key)?;
        match item.as_str() {
            Some(text) => Some(At { value: text.to_string(), span: self.span_of(key) }),
            None => {
                wrong(key, "text", item, self.span_of(key), example, findings);
                None
            }
        }
    }

    /// A list of texts; one text alone is a list of one.
    pub(super) fn texts(&self, key: &str, example: &str, findings: &mut Findings<'_>) -> Vec<At<String>> {
        let Some(item) = self.item(key) else { return Vec::new() };
        if let Some(text) = item.as_str() {
            return vec![At { value: text.to_string(), span: self.span_of(key) }];
        }
        let Some(array) = item.as_array() else {
            wrong(key, "a list of texts", item, self.span_of(key), example, findings);
            return Vec::new();
        };
        let mut all = Vec::new();
        for value in array {
            let span = value.span().unwrap_or_else(|| self.span_of(key));
            match value.as_str() {
                Some(text) => all.push(At { value: text.to_string(), span }),
                None => {
                    let message = format!("`{key}` is a list of texts, and this is {}", value_form(value));
                    findings.error("model/wrong-type", &span, message, format!("write `{key} = {example}`"));
                }
            }
        }
        all
    }

    /// The section within this one: `{ … }` or `[….key]`.
    pub(super) fn section(&self, key: &'a str, example: &str, findings: &mut Findings<'_>) -> Option<Section<'a>> {
        let item = self.item(key)?;
        match item.as_table_like() {
            Some(table) => Some(Section { name: key, span: self.key_span(key), table }),
            None => {
                wrong(key, "a table", item, self.span_of(key), example, findings);
                None
            }
        }
    }

    /// The texts of the section at `key`, by name, in the order of the text.
    pub(super) fn pairs(
        &self,
        key: &'a str,
        example: &str,
        findings: &mut Findings<'_>,
    ) -> Vec<(At<&'a str>, At<String>)> {
        let Some(inner) = self.section(key, example, findings) else { return Vec::new() };
        let mut all = Vec::new();
        for (name, span, _) in inner.keys() {
            if let Some(text) = inner.text(name, "\"…\"", findings) {
                all.push((At { value: name, span }, text));
            }
        }
        all
    }
}

/// Says that the value of `key` has another form than `wanted`.
pub(super) fn wrong(key: &str, wanted: &str, item: &Item, span: Span, example: &str, findings: &mut Findings<'_>) {
    let message = format!("`{key}` takes {wanted}, not {}", form(item));
    findings.error("model/wrong-type", &span, message, format!("write `{key} = {example}`"));
}

/// What an item is, for a sentence.
fn form(item: &Item) -> &'static str {
    match item {
        Item::Value(value) => value_form(value),
        Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
        Item::None => "nothing",
    }
}

pub(super) fn value_form(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a fraction",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    }
}

/// `a`, `b` and `c`.
pub(super) fn ticked<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".to_string(),
    }
}

/// A name as a key of TOML: bare where it may be, quoted where it must be.
pub fn toml_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { name.to_string() } else { toml_text(name) }
}

/// Text as a string of TOML.
pub fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
