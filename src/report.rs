// SPDX-License-Identifier: Apache-2.0
//! One finding: a sentence, its place, and the way out.
//!
//! Reading text never fails in Palisade. Every reader returns what it understood and a list of findings; whoever called
//! decides whether an error among them ends the work.

use serde::Serialize;
use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Note,
    /// Probably not what was meant; the work goes on.
    Warning,
    /// The input cannot be used as it is.
    Error,
}

/// Where in a text a finding points.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file as the user named it; empty for text that came from no file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Line, counted from 1. 0 when the finding is about the file as a whole.
    pub line: u32,
    /// Column in characters (Unicode scalar values), counted from 1.
    pub column: u32,
    /// How many characters to underline; at least 1.
    pub length: u32,
    /// The source line itself, without its line end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

impl Place {
    /// The place of the byte range `start..end` in `text`. Offsets past the end, or inside a character, are moved back
    /// to the nearest character that exists.
    pub fn of(text: &str, start: usize, end: usize) -> Place {
        let floor = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (floor(start), floor(end.max(start)));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = &text[line_start..line_end];
        let under = &text[start..end.clamp(start, line_end)];
        Place {
            file: String::new(),
            line: text[..start].matches('\n').count() as u32 + 1,
            column: text[line_start..start].chars().count() as u32 + 1,
            length: under.chars().count().max(1) as u32,
            excerpt: line.trim_end_matches('\r').to_string(),
        }
    }

    /// The place of a file as a whole.
    pub fn file(name: impl Into<String>) -> Place {
        Place { file: name.into(), ..Place::default() }
    }
}

/// One thing that a reader has to say about its input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// A short stable name for the kind of finding, e.g. `model/unknown-column`, for tools to filter on.
    pub code: &'static str,
    /// One sentence, small at the start and without a period at the end; the user's words stand in backticks.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    pub fn error(code: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, code, message)
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Warning, code, message)
    }

    pub fn note(code: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Finding {
        Finding { severity, code, message: message.into(), place: None, help: None }
    }

    pub fn at(mut self, place: Place) -> Finding {
        self.place = Some(place);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    /// Names the file of a finding that so far knows only its line.
    pub fn in_file(mut self, file: &str) -> Finding {
        self.place.get_or_insert_with(Place::default).file = file.to_string();
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The form that people read:
///
/// ```text
/// error: expected an attribute name
///   --> schema.mmd:4:12
///    |
///  4 |     string
///    |            ^
///    = help: write the type first, then the name: `string title`
/// ```
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: {}", self.message)?;
        if let Some(place) = &self.place {
            let file = if place.file.is_empty() { "input" } else { &place.file };
            match place.line {
                0 => write!(f, "\n  --> {file}")?,
                line => write!(f, "\n  --> {file}:{line}:{}", place.column)?,
            }
            if place.line > 0 && !place.excerpt.is_empty() {
                let number = place.line.to_string();
                let gutter = " ".repeat(number.len());
                let (excerpt, column) = window(&place.excerpt, place.column as usize);
                // A tab before the mark stays a tab, so that the mark stands under its character in any terminal.
                let lead: String = excerpt
                    .chars()
                    .take(column - 1)
                    .map(|c| if c == '\t' { '\t' } else { ' ' })
                    .collect();
                let room = excerpt.chars().count().saturating_sub(column - 1).max(1);
                let mark = "^".repeat((place.length as usize).clamp(1, room));
                write!(f, "\n {gutter} |\n {number} | {excerpt}\n {gutter} | {lead}{mark}")?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = help: {help}")?;
        }
        Ok(())
    }
}

/// A piece of a very long line around `column`, and the column within it: a diagram exported as one line stays readable.
fn window(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 120;
    let column = column.max(1);
    let count = line.chars().count();
    if count <= WIDTH {
        return (line.to_string(), column);
    }
    let start = column.saturating_sub(WIDTH / 2).min(count.saturating_sub(WIDTH));
    (line.chars().skip(start).take(WIDTH).collect(), column - start)
}
