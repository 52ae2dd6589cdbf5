// SPDX-License-Identifier: Apache-2.0
//! Words and signs of a Mermaid `erDiagram`, one at a time.
//!
//! Mermaid's own lexer takes the first of its patterns that fits, not the longest, and the order below is that order:
//! `one` is a cardinality although it could be a name, `1` is one only where a name or a line follows. Where Mermaid
//! splits a word that a person would read as one (`2fa_tokens`, `one_time_codes`, `class-room`), it is kept whole here.

use super::margin::Span;
use super::source::{directives_end, is_blank, skip_remark};
use super::syntax::{End, Key};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    /// A name without quotes.
    Name,
    /// A quoted name: one that may name an entity.
    Quoted,
    /// Any other quoted text: empty, or with `%`, `\` or a line end in it. Good for a label only.
    Text,
    Header,
    End(End),
    /// `--` or `..`.
    Line {
        identifying: bool,
    },
    BlockStart,
    AliasStart,
    AliasEnd,
    Comma,
    Colon,
    /// `:::`.
    ClassMark,
    Keyword(Keyword),
    Newline,
    /// A character that means nothing here.
    Stray,
    Eof,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Keyword {
    ClassDef,
    Class,
    Style,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum InBlock {
    Word,
    Key(Key),
    Comment,
    Comma,
    BlockEnd,
    Stray,
    Eof,
}

/// A reading position. It is small and is copied to look ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    pub text: &'a str,
    pub at: usize,
    pub end: usize,
    pub directives_end: usize,
}

/// Cardinalities in words and signs. A pattern stands before another that is its prefix.
const ENDS: [(&str, End); 19] = [
    ("one or zero", End::ZeroOrOne),
    ("one or more", End::OneOrMore),
    ("one or many", End::OneOrMore),
    ("1+", End::OneOrMore),
    ("|o", End::ZeroOrOne),
    ("zero or one", End::ZeroOrOne),
    ("zero or more", End::ZeroOrMore),
    ("zero or many", End::ZeroOrMore),
    ("0+", End::ZeroOrMore),
    ("}o", End::ZeroOrMore),
    ("many(0)", End::ZeroOrMore),
    ("many(1)", End::OneOrMore),
    ("many", End::ZeroOrMore),
    ("}|", End::OneOrMore),
    ("one", End::ExactlyOne),
    ("only one", End::ExactlyOne),
    ("||", End::ExactlyOne),
    ("o|", End::ZeroOrOne),
    ("o{", End::ZeroOrMore),
];

const KEYWORDS: [(&str, Keyword); 3] =
    [("style", Keyword::Style), ("classDef", Keyword::ClassDef), ("class", Keyword::Class)];

const KEYS: [(&str, Key); 3] = [("PK", Key::Primary), ("FK", Key::Foreign), ("UK", Key::Unique)];

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, span: Span) -> Lexer<'a> {
        Lexer { text, at: span.start, end: span.end, directives_end: directives_end(text, span) }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    /// The rest of the line, without its end.
    pub(super) fn rest_of_line(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find('\n').unwrap_or(rest.len())]
    }

    /// The next token outside a block. Line ends are tokens; other blanks, comments and directives are passed over.
    pub(super) fn next(&mut self) -> (Token, Span) {
        self.skip_blanks(false);
        let start = self.at;
        let (token, length) = self.measure();
        self.at += length;
        (token, Span::new(start, self.at))
    }

    /// The next token, over line ends.
    pub(super) fn next_on_any_line(&mut self) -> (Token, Span) {
        loop {
            let next = self.next();
            if next.0 != Token::Newline {
                return next;
            }
        }
    }

    pub(super) fn peek(&self) -> (Token, Span) {
        let mut ahead = *self;
        ahead.next()
    }

    /// Whether the line that is being read ends here. A line end after a blank does not count: to Mermaid it is one more
    /// blank, and a relation may go on behind it.
    pub(super) fn at_line_end(&self) -> bool {
        let rest = self.rest();
        rest.starts_with('\n') || rest.starts_with("\r\n")
    }

    /// The next token inside a block. Mermaid gives line ends no meaning there.
    pub(super) fn next_in_block(&mut self) -> (InBlock, Span) {
        self.skip_blanks(true);
        let start = self.at;
        let (token, length) = self.measure_in_block();
        self.at += length;
        (token, Span::new(start, self.at))
    }

    pub(super) fn skip_blanks(&mut self, line_ends: bool) {
        loop {
            let rest = self.rest();
            let blanks = rest.find(|c| !is_blank(c) || (c == '\n' && !line_ends)).unwrap_or(rest.len());
            self.at += blanks;
            match skip_remark(self.text, Span::new(self.at, self.end), self.directives_end) {
                Some(remark) => self.at = remark.end,
                None => return,
            }
        }
    }

    /// A name at this very position, whatever else it could be.
    pub(super) fn name_here(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())]
    }

    fn measure(&self) -> (Token, usize) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return (Token::Eof, 0) };
        if first == '\n' {
            return (Token::Newline, rest.len() - rest.trim_start_matches('\n').len());
        }
        if first == '"' {
            return match rest[1..].find('"') {
                Some(length) => (quoted(&rest[1..1 + length]), length + 2),
                None => (Token::Stray, 1),
            };
        }
        if let Some(length) = keyword(rest, "erDiagram") {
            return (Token::Header, length);
        }
        for (sign, token) in [
            (":::", Token::ClassMark),
            (":", Token::Colon),
            (",", Token::Comma),
            ("{", Token::BlockStart),
            ("[", Token::AliasStart),
            ("]", Token::AliasEnd),
        ] {
            if rest.starts_with(sign) {
                return (token, sign.len());
            }
        }
        if let Some((length, word)) = KEYWORDS.iter().find_map(|(text, word)| Some((keyword(rest, text)?, *word))) {
            return (Token::Keyword(word), length);
        }
        if let Some((length, end)) = ENDS.iter().find_map(|(text, end)| Some((keyword(rest, text)?, *end))) {
            return (Token::End(end), length);
        }
        if first.is_ascii_digit() {
            return self.measure_number();
        }
        if rest.starts_with("|{") {
            return (Token::End(End::OneOrMore), 2);
        }
        let after = rest[first.len_utf8()..].chars();
        if first.eq_ignore_ascii_case(&'u')
            && after.clone().next().is_some_and(|c| ".-|".contains(c))
            && is_whole(&rest[1..])
        {
            return (Token::End(End::Parent), 1);
        }
        for (text, identifying) in
            [("..", false), ("--", true), ("to", true), ("optionally to", false), (".-", false), ("-.", false)]
        {
            if let Some(length) = keyword(rest, text) {
                return (Token::Line { identifying }, length);
            }
        }
        match self.name_here().len() {
            0 => (Token::Stray, first.len_utf8()),
            length => (Token::Name, length),
        }
    }

    /// A number is a name, but `1` is a cardinality where a line or the other entity follows.
    fn measure_number(&self) -> (Token, usize) {
        let rest = self.rest();
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let mut length = digits(rest);
        let fraction = rest[length..].strip_prefix('.').map_or(0, digits);
        if fraction > 0 {
            length += 1 + fraction;
        }
        let after = &rest[length..];
        if !is_whole(after) {
            return (Token::Name, self.name_here().len());
        }
        if length == 1 && rest.starts_with('1') {
            let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
            let follows = after[blanks..].chars().next();
            let is_line = ["--", "..", ".-", "-."].iter().any(|line| after.starts_with(line));
            if is_line || (blanks > 0 && follows.is_some_and(|c| c.is_ascii_alphanumeric() || "_\"'".contains(c))) {
                return (Token::End(End::ExactlyOne), 1);
            }
        }
        (Token::Name, length)
    }

    fn measure_in_block(&self) -> (InBlock, usize) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return (InBlock::Eof, 0) };
        match first {
            '}' => return (InBlock::BlockEnd, 1),
            ',' => return (InBlock::Comma, 1),
            '"' => {
                return match rest[1..].find('"') {
                    Some(length) => (InBlock::Comment, length + 2),
                    None => (InBlock::Stray, 1),
                };
            }
            _ => {}
        }
        let is_key = |text: &str| {
            let after = rest.get(..2).filter(|word| word.eq_ignore_ascii_case(text)).map(|_| &rest[2..])?;
            (!after.starts_with(is_in_attribute)).then_some(())
        };
        if let Some((_, key)) = KEYS.iter().find(|(text, _)| is_key(text).is_some()) {
            return (InBlock::Key(*key), 2);
        }
        if let Some(length) = generic(rest) {
            return (InBlock::Word, length);
        }
        match first == '*' || first == '_' || first.is_ascii_alphabetic() || first >= '\u{c0}' {
            true => (InBlock::Word, attribute_word(rest)),
            false => (InBlock::Stray, first.len_utf8()),
        }
    }
}

/// The length of `word` at the start of `rest`, in either case, if it is not the beginning of a longer name.
fn keyword(rest: &str, word: &str) -> Option<usize> {
    let found = rest.get(..word.len())?.eq_ignore_ascii_case(word);
    let ends_in_letter = word.ends_with(|c: char| c.is_ascii_alphanumeric());
    (found && (!ends_in_letter || is_whole(&rest[word.len()..]))).then_some(word.len())
}

/// Whether a name that stands before `after` is over. In `one--many` it is, in `one-time` it is not.
fn is_whole(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some('-' | '.') => !chars.next().is_some_and(is_word),
        Some(c) => !is_word(c),
        None => true,
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && !is_blank(c))
}

fn is_name(c: char) -> bool {
    is_word(c) || "-*.".contains(c)
}

fn is_in_attribute(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_[]()*".contains(c) || (c >= '\u{c0}' && !is_blank(c))
}

/// Mermaid takes no quoted name with these characters.
fn quoted(inside: &str) -> Token {
    match inside.is_empty() || inside.contains(['%', '\r', '\n', '\u{b}', '\u{8}', '\\']) {
        true => Token::Text,
        false => Token::Quoted,
    }
}

/// A type with parameters between tildes, `map~string, int~`. As in Mermaid it reaches to the last tilde of the line.
fn generic(rest: &str) -> Option<usize> {
    let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
    let first = word.find('~')?;
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let last = line.rfind('~').filter(|last| *last > first)?;
    let after = &line[last..];
    Some(last + after.find(char::is_whitespace).unwrap_or(after.len()))
}

/// A type or an attribute's name. Beyond what Mermaid takes there may be `.`, `$` and `?` in it, and a list with commas
/// in its brackets: `decimal(10, 2)`, `Map<string,int>`.
fn attribute_word(rest: &str) -> usize {
    let mut at = 0;
    while let Some(c) = rest[at..].chars().next() {
        let is_extra = ".$?<>".contains(c);
        if !is_in_attribute(c) && !is_extra {
            break;
        }
        at += match c {
            '(' => list(&rest[at..], ')'),
            '<' => list(&rest[at..], '>'),
            _ => None,
        }
        .unwrap_or(c.len_utf8());
    }
    at
}

/// The length of a bracketed list with a comma in it. One without needs no such care, and stays as Mermaid reads it.
fn list(rest: &str, close: char) -> Option<usize> {
    let mut commas = 0;
    let mut before = '(';
    // The walk ends at the first character that has no place in a list, so that `((((…` is not walked again and again.
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if c == close => return (commas > 0).then_some(at + c.len_utf8()),
            ',' => commas += 1,
            ' ' if matches!(before, ',' | ' ') => {}
            '\'' => {}
            _ if is_in_attribute(c) && !"()".contains(c) => {}
            _ => return None,
        }
        before = c;
    }
    None
}
