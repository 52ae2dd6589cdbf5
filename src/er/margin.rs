// SPDX-License-Identifier: Apache-2.0
//! The margin of one text: byte offsets become places there, and findings are noted down, both within limits.

use crate::report::{Finding, Place, Severity};
use std::cell::Cell;

/// Errors beyond this many help nobody; reading stops.
pub(super) const MAX_ERRORS: usize = 50;
/// The same for warnings and notes, of which a generated diagram can have thousands.
pub(super) const MAX_REMARKS: usize = 50;
/// A line longer than this is not copied into places: an underlined excerpt of it would help nobody either.
const MAX_EXCERPT_BYTES: usize = 16 << 10;
/// All excerpts together. Every column has a place, and a diagram exported as one line would be copied once for each.
const MAX_EXCERPTS_BYTES: usize = 16 << 20;

/// A byte range of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Span {
        Span { start, end: end.max(start) }
    }

    pub(super) fn to(self, last: Span) -> Span {
        Span::new(self.start, last.end)
    }
}

pub(super) struct Margin<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
    excerpt_bytes_left: Cell<usize>,
    /// Where the last column was counted: (byte offset, characters since its line's start). Places are mostly asked for
    /// in order, so that a long line is walked once and not once for each of its words.
    counted: Cell<(usize, usize)>,
    findings: Vec<Finding>,
    errors: usize,
    remarks: usize,
    left_out: usize,
}

impl<'a> Margin<'a> {
    pub(super) fn new(text: &'a str) -> Margin<'a> {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Margin {
            text,
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
            excerpt_bytes_left: Cell::new(MAX_EXCERPTS_BYTES),
            counted: Cell::new((0, 0)),
            findings: Vec::new(),
            errors: 0,
            remarks: 0,
            left_out: 0,
        }
    }

    /// What `Place::of` says of the same range, in the time of a look-up rather than of a walk from the text's start.
    pub(super) fn place(&self, span: Span) -> Place {
        let (start, end) = (self.floor(span.start), self.floor(span.end));
        let line = self.line_starts.partition_point(|line_start| *line_start <= start) - 1;
        let line_start = self.line_starts[line];
        let line_end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let excerpt = self.text[line_start..line_end].trim_end_matches('\r');
        let shown = excerpt.len() <= MAX_EXCERPT_BYTES && excerpt.len() <= self.excerpt_bytes_left.get();
        if shown {
            self.excerpt_bytes_left.set(self.excerpt_bytes_left.get() - excerpt.len());
        }
        Place {
            file: String::new(),
            line: line as u32 + 1,
            column: self.characters_before(start, line_start) as u32 + 1,
            length: self.text[start..end.clamp(start, line_end.max(start))].chars().count().max(1) as u32,
            excerpt: if shown { excerpt.to_string() } else { String::new() },
        }
    }

    fn characters_before(&self, at: usize, line_start: usize) -> usize {
        let (known_at, known) = self.counted.get();
        let count = match known_at >= line_start && known_at <= at {
            true => known + self.text[known_at..at].chars().count(),
            false => self.text[line_start..at].chars().count(),
        };
        self.counted.set((at, count));
        count
    }

    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.place(span);
        self.add(Finding::error(code, message).at(place).help(help));
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.place(span);
        self.add(Finding::warning(code, message).at(place).help(help));
    }

    pub(super) fn note(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        let place = self.place(span);
        self.add(Finding::note(code, message).at(place));
    }

    pub(super) fn add(&mut self, finding: Finding) {
        let (count, most) = match finding.severity {
            Severity::Error => (&mut self.errors, MAX_ERRORS),
            Severity::Warning | Severity::Note => (&mut self.remarks, MAX_REMARKS),
        };
        match *count < most {
            true => {
                *count += 1;
                self.findings.push(finding);
            }
            false => self.left_out += 1,
        }
    }

    /// Whether so much is wrong that reading on would only tire the reader.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MAX_ERRORS
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The findings in the order of the text.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| finding.place.as_ref().map(|place| (place.line, place.column)));
        if self.is_full() {
            let message = format!("reading stopped after {MAX_ERRORS} errors");
            self.findings.push(Finding::note("er/stopped", message));
        } else if self.left_out > 0 {
            let message = format!("{} more warnings and notes are not shown", self.left_out);
            self.findings.push(Finding::note("er/left-out", message));
        }
        self.findings
    }
}
