// SPDX-License-Identifier: Apache-2.0
//! What a text is (Mermaid, Markdown or SQL) and where in it the diagrams stand.

use super::MAX_BYTES;
use super::margin::{Margin, Span};
use super::parser;
use super::syntax::Document;
use crate::report::{Finding, Place};
use std::borrow::Cow;

pub(super) enum Source<'a> {
    Mermaid(Mermaid<'a>),
    Sql,
    /// Nothing to read; the margin says why.
    Nothing,
}

/// The text and the pieces of it that are diagrams: the whole of it, or the fences of a Markdown page.
///
/// Where escapes were resolved the text is not the original one, but every byte stands where it stood, so that a span of
/// the one is a span of the other.
pub(super) struct Mermaid<'a> {
    text: Cow<'a, str>,
    pieces: Vec<Span>,
}

impl Mermaid<'_> {
    pub(super) fn parse(&self, margin: &mut Margin) -> Vec<Document> {
        self.pieces.iter().map(|piece| parser::parse(&self.text, *piece, margin)).collect()
    }
}

/// The words that begin Mermaid's other kinds of diagram, to tell somebody who brought one.
const OTHER_DIAGRAMS: [&str; 24] = [
    "architecture-beta",
    "block-beta",
    "C4Component",
    "C4Container",
    "C4Context",
    "C4Deployment",
    "C4Dynamic",
    "classDiagram",
    "flowchart",
    "gantt",
    "gitGraph",
    "graph",
    "journey",
    "kanban",
    "mindmap",
    "packet-beta",
    "pie",
    "quadrantChart",
    "requirementDiagram",
    "sankey-beta",
    "sequenceDiagram",
    "stateDiagram",
    "timeline",
    "xychart-beta",
];

const EXAMPLE: &str = "begin with a line `erDiagram`, or give SQL with `CREATE TABLE` statements";

pub(super) fn open<'a>(text: &'a str, margin: &mut Margin) -> Source<'a> {
    let whole_file = Place { line: 0, ..Place::default() };
    let mut refuse = |code, message: String, help: &str| {
        margin.add(Finding::error(code, message).at(whole_file.clone()).help(help));
        Source::Nothing
    };
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes, and {MAX_BYTES} are the most that is read", text.len());
        return refuse("er/too-large", message, "keep data out of it: only the tables' definitions are needed");
    }
    if text.chars().all(is_blank) {
        return refuse("er/empty", "the text is empty".into(), EXAMPLE);
    }
    if !is_text(text) {
        let help = "save the diagram as UTF-8 text, not as a picture or a document";
        return refuse("er/not-text", "this is not text".into(), help);
    }

    let resolved = resolve_escapes(text);
    let whole = Span::new(0, resolved.len());
    let body = body_start(&resolved, whole);
    if has_header(&resolved, Span::new(body, whole.end)) {
        return Source::Mermaid(Mermaid { text: resolved, pieces: vec![whole] });
    }
    let fences = mermaid_fences(text);
    let is_diagram = |fence: &Span| has_header(text, Span::new(body_start(text, *fence), fence.end));
    let pieces: Vec<Span> = fences.iter().copied().filter(is_diagram).collect();
    if !pieces.is_empty() {
        return Source::Mermaid(Mermaid { text: Cow::Borrowed(text), pieces });
    }
    if mentions_sql(text) {
        return Source::Sql;
    }
    if !fences.is_empty() {
        let message = "none of the `mermaid` fences holds an `erDiagram`".to_string();
        return refuse("er/no-diagram", message, "begin the fence's first line with `erDiagram`");
    }

    let first = Span::new(body, body + resolved[body..].find(char::is_whitespace).unwrap_or(resolved.len() - body));
    let word = &resolved[first.start..first.end];
    let other = OTHER_DIAGRAMS.iter().find(|name| word.trim_end_matches("-v2").eq_ignore_ascii_case(name));
    match other {
        Some(_) => {
            let help = "an entity relationship diagram begins with `erDiagram`";
            margin.error("er/other-diagram", first, format!("`{word}` is another kind of diagram"), help);
        }
        None if looks_like_er(text) => {
            let message = "expected `erDiagram` before the first entity";
            margin.error("er/no-header", first, message, "write `erDiagram` on a line of its own above it");
        }
        None => {
            margin.error("er/no-diagram", first, "found no diagram in the text", EXAMPLE);
        }
    }
    Source::Nothing
}

/// Where the diagram itself begins: after blanks, front matter, directives and comments. The parser complains about any
/// of them that is not closed; here it is enough to see past them.
pub(super) fn body_start(text: &str, piece: Span) -> usize {
    let mut at = front_matter(text, piece).map_or(piece.start, |front| front.end);
    let directives_end = directives_end(text, piece);
    loop {
        let rest = &text[at..piece.end];
        at += rest.len() - rest.trim_start_matches(is_blank).len();
        match skip_remark(text, Span::new(at, piece.end), directives_end) {
            Some(remark) => at = remark.end,
            None => return at,
        }
    }
}

pub(super) struct Skipped {
    pub end: usize,
    pub closed: bool,
}

/// The YAML between two lines of `---` at the top. The second must stand as far to the left as the first: that is how
/// Mermaid tells it from a line of the YAML.
pub(super) fn front_matter(text: &str, piece: Span) -> Option<Skipped> {
    let rest = &text[piece.start..piece.end];
    let fence_at = rest.len() - rest.trim_start_matches(is_blank).len();
    let indent_at = rest[..fence_at].rfind('\n').map_or(0, |at| at + 1);
    let indent = rest[indent_at..fence_at].trim_start_matches('\u{feff}');
    let mut lines = rest[fence_at..].split_inclusive('\n');
    let first = lines.next().filter(|line| line.trim_end() == "---")?;
    let mut at = piece.start + fence_at + first.len();
    let mut askew = None;
    for line in lines {
        at += line.len();
        if line.trim_end().strip_prefix(indent) == Some("---") {
            return Some(Skipped { end: at, closed: true });
        }
        if line.trim() == "---" && askew.is_none() {
            askew = Some(at);
        }
    }
    Some(Skipped { end: askew.unwrap_or(piece.start + fence_at + first.len()), closed: false })
}

/// Where the last directive ends. A `%%{` behind it is not closed: knowing this, nobody searches to the text's end for
/// each of a million of them.
pub(super) fn directives_end(text: &str, piece: Span) -> usize {
    text[piece.start..piece.end].rfind("}%%").map_or(piece.start, |at| piece.start + at)
}

/// The directive `%%{ … }%%` or the comment `%% …` that begins at `rest.start`, if one does. A directive may run over
/// several lines; one that is never closed is taken to end with its line.
pub(super) fn skip_remark(text: &str, rest: Span, directives_end: usize) -> Option<Skipped> {
    let body = text[rest.start..rest.end].strip_prefix("%%")?;
    let line = body.find(['\n', '\r']).unwrap_or(body.len());
    let is_directive = body.starts_with('{');
    let close = if is_directive && rest.start < directives_end { body.find("}%%") } else { None };
    let (length, closed) = match close {
        Some(close) => (close + "}%%".len(), true),
        None => (line, !is_directive),
    };
    Some(Skipped { end: rest.start + "%%".len() + length, closed })
}

pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn has_header(text: &str, rest: Span) -> bool {
    const HEADER: &str = "erDiagram";
    let rest = &text[rest.start..rest.end];
    rest.get(..HEADER.len()).is_some_and(|word| word.eq_ignore_ascii_case(HEADER))
        && !rest[HEADER.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// A NUL is in every UTF-16 text and in most binaries; other control characters are frequent only in the latter.
fn is_text(text: &str) -> bool {
    let strange = |c: &char| (c.is_control() && !c.is_whitespace()) || *c == '\u{fffd}';
    let (strange, all) = (text.chars().filter(strange).count(), text.chars().count());
    !text.contains('\0') && strange * 10 <= all
}

/// Tools that hand a diagram through JSON leave it on one line, with `\n` for its line ends. Two bytes are replaced by two.
fn resolve_escapes(text: &str) -> Cow<'_, str> {
    let line = text.trim_matches(is_blank);
    if line.contains('\n') || !line.contains("\\n") || !line.contains("erDiagram") {
        return Cow::Borrowed(text);
    }
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_quotes = false;
    while let Some(at) = rest.find('\\') {
        resolved.push_str(&rest[..at]);
        let (pair, length) = match rest[at + 1..].chars().next() {
            Some('n') => ("\n ", 2),
            Some('r' | 't') => ("  ", 2),
            Some('"') => {
                in_quotes = !in_quotes;
                (if in_quotes { " \"" } else { "\" " }, 2)
            }
            _ => ("\\", 1),
        };
        resolved.push_str(pair);
        rest = &rest[at + length..];
    }
    resolved.push_str(rest);
    // The JSON string as a whole, with its own quotes.
    if line.len() > 1 && line.starts_with('"') && line.ends_with('"') {
        let quotes = [text.find('"'), text.rfind('"')];
        for quote in quotes.into_iter().flatten() {
            resolved.replace_range(quote..quote + 1, " ");
        }
    }
    Cow::Owned(resolved)
}

/// The insides of the page's fences that are marked `mermaid`.
fn mermaid_fences(text: &str) -> Vec<Span> {
    struct Open<'a> {
        mark: &'a str,
        mermaid: bool,
        start: usize,
    }
    let mut fences = Vec::new();
    let mut open: Option<Open> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (line_start, trimmed) = (at, line.trim());
        at += line.len();
        let sign = if trimmed.starts_with('~') { '~' } else { '`' };
        let mark = &trimmed[..trimmed.len() - trimmed.trim_start_matches(sign).len()];
        if mark.len() < 3 {
            continue;
        }
        let info = trimmed[mark.len()..].trim();
        match &open {
            None if sign == '`' && info.contains('`') => {}
            None => {
                let language = info.trim_start_matches(['{', '.']).split([' ', '\t', '}', '{', ',']).next();
                let mermaid = language.is_some_and(|language| language.eq_ignore_ascii_case("mermaid"));
                open = Some(Open { mark, mermaid, start: at });
            }
            Some(fence) if info.is_empty() && mark.starts_with(fence.mark) => {
                if fence.mermaid {
                    fences.push(Span::new(fence.start, line_start));
                }
                open = None;
            }
            Some(_) => {}
        }
    }
    // CommonMark closes a fence that is left open with the end of the page.
    fences.extend(open.filter(|fence| fence.mermaid).map(|fence| Span::new(fence.start, text.len())));
    fences
}

/// Whether some line begins with what begins a table's definition in SQL.
fn mentions_sql(text: &str) -> bool {
    text.split(['\n', ';']).any(|line| {
        let mut words = line.split_whitespace().map(str::to_ascii_lowercase);
        let between = ["or", "replace", "global", "local", "temp", "temporary", "unlogged", "virtual", "external"];
        match words.next().as_deref() {
            Some("create") => words.find(|word| !between.contains(&word.as_str())).as_deref() == Some("table"),
            Some("alter") => words.next().as_deref() == Some("table"),
            _ => false,
        }
    })
}

fn looks_like_er(text: &str) -> bool {
    let signs = ["||--", "--||", "o{", "}o", "|{", "}|"];
    signs.iter().any(|sign| text.contains(sign)) || text.lines().any(|line| line.trim_end().ends_with(" PK"))
}
