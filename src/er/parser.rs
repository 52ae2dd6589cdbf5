// SPDX-License-Identifier: Apache-2.0
//! The grammar of a Mermaid `erDiagram`, statement by statement; after an error reading goes on with the next line.

use super::lexer::{InBlock, Keyword, Lexer, Token};
use super::margin::{Margin, Span};
use super::source;
use super::syntax::{Attribute, Direction, Document, End, Entity, Line, Statement, Word};

const SYNTAX: &str = "er/syntax";
const RELATION_EXAMPLE: &str = "a relation looks like `USER }|--|| ROLE : has`";
const ATTRIBUTE_EXAMPLE: &str = "write the type first, then the name: `string title`";

/// Reads the diagram in `piece` of `text`; `piece` is known to begin with `erDiagram`, after front matter and comments.
pub(super) fn parse(text: &str, piece: Span, margin: &mut Margin) -> Document {
    check_preamble(text, piece, margin);
    let body = Span::new(source::body_start(text, piece), piece.end);
    let mut parser = Parser { lexer: Lexer::new(text, body), margin, statements: Vec::new() };
    parser.lexer.next();
    parser.statements();
    Document { statements: parser.statements }
}

/// Front matter and directives are passed over; one that does not end would take the diagram with it.
fn check_preamble(text: &str, piece: Span, margin: &mut Margin) {
    let content = |from: usize, to: usize| {
        let blanks = text[from..to].len() - text[from..to].trim_start_matches(source::is_blank).len();
        from + blanks
    };
    if source::front_matter(text, piece).is_some_and(|front| !front.closed) {
        let at = content(piece.start, piece.end);
        let help = "end it with a line of `---` that begins in the same column as the first";
        margin.error(SYNTAX, Span::new(at, at + 3), "the front matter is not closed", help);
    }
    let directives_end = source::directives_end(text, piece);
    let mut rest = &text[piece.start..piece.end];
    while let Some(found) = rest.find("%%{") {
        let at = piece.end - rest.len() + found;
        let Some(remark) = source::skip_remark(text, Span::new(at, piece.end), directives_end) else { break };
        if !remark.closed {
            let help = "end it with `}%%`";
            margin.error(SYNTAX, Span::new(at, at + 3), "the directive is not closed", help);
            // None of the later ones can be closed either: each would have closed this one.
            break;
        }
        rest = &text[remark.end..piece.end];
    }
}

/// What is wrong, where, and the way out; for the caller to report, or to drop in favour of another reading.
struct Problem {
    span: Span,
    message: String,
    help: String,
}

type Parsed<T> = Result<T, Problem>;

fn problem<T>(span: Span, message: impl Into<String>, help: impl Into<String>) -> Parsed<T> {
    Err(Problem { span, message: message.into(), help: help.into() })
}

struct Parser<'a, 'm, 't> {
    lexer: Lexer<'a>,
    margin: &'m mut Margin<'t>,
    statements: Vec<Statement>,
}

impl<'a> Parser<'a, '_, '_> {
    fn statements(&mut self) {
        while !self.margin.is_full() {
            self.lexer.skip_blanks(true);
            let start = self.lexer.at;
            if self.lexer.rest().is_empty() {
                return;
            }
            if let Err(problem) = self.statement() {
                self.recover(start, problem);
            }
        }
    }

    /// Reports the problem and goes on behind its line, or behind the block that opens on it.
    fn recover(&mut self, start: usize, problem: Problem) {
        let statement = Lexer { at: start, ..self.lexer };
        if let Some(direction) = direction_in(statement.rest_of_line()) {
            let help = "if it is something else, put that on a line of its own";
            let span = Span::new(start, start + statement.rest_of_line().len());
            self.margin.warning("er/direction", span, "Mermaid takes this whole line for a direction", help);
            self.statements.push(Statement::Direction(direction));
            self.lexer.at = span.end;
            return;
        }
        self.margin.error(SYNTAX, problem.span, problem.message, problem.help);
        self.lexer.at = problem.span.start.max(start);
        let line = self.lexer.rest_of_line();
        self.lexer.at += line.len();
        if !line.trim_end().ends_with('{') || line.trim_end().ends_with("o{") || line.trim_end().ends_with("|{") {
            return;
        }
        while !self.lexer.rest().is_empty() {
            let line = self.lexer.rest_of_line();
            if line.trim_start().starts_with('}') {
                self.lexer.at += line.len();
                return;
            }
            // A block that is not closed must not swallow the rest of the diagram.
            if !line.is_empty() && opens_statement(&Lexer { end: self.lexer.at + line.len(), ..self.lexer }) {
                return;
            }
            self.lexer.at += line.len();
            self.lexer.at += usize::from(self.lexer.rest().starts_with('\n'));
        }
    }

    fn statement(&mut self) -> Parsed<()> {
        if let Some(statement) = self.accessibility() {
            self.statements.push(statement);
            return Ok(());
        }
        if let Some(direction) = direction_at(self.lexer.rest()) {
            self.lexer.at += self.lexer.rest_of_line().len();
            self.statements.push(Statement::Direction(direction));
            return Ok(());
        }
        let (token, span) = self.lexer.next();
        match token {
            Token::Name | Token::Quoted => self.entity_or_relation(span),
            // Mermaid takes these words for its own wherever they stand. What follows shows that they are names here.
            Token::Keyword(_) | Token::End(_) | Token::Line { .. } | Token::Header if self.names_an_entity(span) => {
                self.entity_or_relation(span)
            }
            Token::Keyword(keyword) => self.styling(keyword),
            Token::Header => problem(
                span,
                "a second diagram begins here",
                "give each diagram a file of its own, or a fence of its own in a Markdown page",
            ),
            Token::Text => problem(
                span,
                format!("{} cannot name an entity", show(self.text(span))),
                "a quoted name is not empty and has no `%`, no `\\` and no line end in it",
            ),
            Token::End(_) | Token::Line { .. } => {
                problem(span, format!("expected an entity name before {}", show(self.text(span))), RELATION_EXAMPLE)
            }
            _ => self.stray(span),
        }
    }

    /// What stands where no statement can begin.
    fn stray(&self, span: Span) -> Parsed<()> {
        let word = self.text(span);
        let before = &self.lexer.text[..span.start];
        let touches_a_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match word {
            "\"" => problem(span, "the quote is not closed", "add the closing `\"`"),
            ":" => problem(span, "expected a relation before `:`", RELATION_EXAMPLE),
            "}" => problem(span, "this `}` closes nothing", "take it out, or open a block with `NAME {` above"),
            _ if touches_a_name && self.statements.last().is_some_and(is_bare_entity) => {
                let from = before.len() - before.rsplit(char::is_whitespace).next().map_or(0, str::len);
                let to = self.lexer.at + self.lexer.rest().find([' ', '\t', '\r', '\n']).unwrap_or(0);
                let name = self.lexer.text[from..to].replace('"', "");
                let help = format!("put the name in quotes: `\"{name}\"`");
                problem(span, format!("{} cannot stand in a name", show(word)), help)
            }
            _ => problem(span, format!("expected an entity or a relation, found {}", show(word)), RELATION_EXAMPLE),
        }
    }

    /// Whether the word before the reading position must be an entity's name, by what comes after it on its line.
    fn names_an_entity(&self, word: Span) -> bool {
        if !self.text(word).starts_with(|c: char| c.is_alphanumeric()) {
            return false;
        }
        let mut ahead = self.lexer;
        match ahead.next().0 {
            Token::BlockStart | Token::AliasStart | Token::ClassMark => true,
            Token::End(_) => matches!(ahead.next().0, Token::Line { .. }),
            _ => false,
        }
    }

    fn entity_or_relation(&mut self, name: Span) -> Parsed<()> {
        let name = self.word(name);
        let mut alias = None;
        if self.lexer.peek().0 == Token::AliasStart {
            alias = Some(self.alias(&name)?);
        }
        let classes = self.class_list()?;
        let next = self.peek_over_soft_line_end();
        let ends_line = matches!(next, Token::End(_)) || self.is_one_as_cardinality();
        if ends_line && alias.is_none() {
            return self.relation(name, classes);
        }
        let mut entity = Entity { name, alias, classes, attributes: Vec::new() };
        // Mermaid wants the brace on the name's own line. On the next it cannot mean anything else.
        let mut ahead = self.lexer;
        if ahead.next_on_any_line().0 == Token::BlockStart {
            self.lexer = ahead;
            entity.attributes = self.block(&entity.name);
        } else if let (Token::Line { .. }, span) = self.lexer.peek() {
            let message = format!("expected a cardinality before {}", show(self.text(span)));
            return problem(span, message, "say how many stand at each end: `||--o{`, `}|--||`");
        }
        self.statements.push(Statement::Entity(entity));
        Ok(())
    }

    fn alias(&mut self, name: &Word) -> Parsed<Word> {
        self.lexer.next();
        let (token, span) = self.lexer.next();
        let example = format!("write `{}[Alias]` or `{}[\"An alias\"]`", name.text, name.text);
        if !matches!(token, Token::Name | Token::Quoted) {
            return problem(span, format!("expected an alias, found {}", self.found(token, span)), example);
        }
        match self.lexer.next() {
            (Token::AliasEnd, _) => Ok(self.word(span)),
            (token, found) => {
                let message = format!("expected `]` after the alias, found {}", self.found(token, found));
                problem(found, message, example)
            }
        }
    }

    /// `:::one,two`, if it stands here.
    fn class_list(&mut self) -> Parsed<Vec<String>> {
        if self.lexer.peek().0 != Token::ClassMark {
            return Ok(Vec::new());
        }
        self.lexer.next();
        self.names("a class name", "write `USER:::className`")
    }

    /// Names with commas between them.
    fn names(&mut self, what: &str, help: &str) -> Parsed<Vec<String>> {
        let mut names = Vec::new();
        loop {
            self.lexer.skip_blanks(false);
            let at = self.lexer.at;
            let name = self.lexer.name_here();
            if name.is_empty() {
                let (token, span) = self.lexer.next();
                return problem(span, format!("expected {what}, found {}", self.found(token, span)), help);
            }
            names.push(name.to_string());
            self.lexer.at = at + name.len();
            if self.lexer.peek().0 != Token::Comma {
                return Ok(names);
            }
            self.lexer.next();
        }
    }

    fn relation(&mut self, left: Word, left_classes: Vec<String>) -> Parsed<()> {
        let left_end = self.cardinality(&left.text)?;
        let (token, span) = self.next_over_soft_line_end();
        let Token::Line { identifying } = token else {
            let message = format!("expected `--` or `..` between the cardinalities, found {}", self.found(token, span));
            return problem(span, message, RELATION_EXAMPLE);
        };
        let right_end = self.cardinality("the line")?;
        let line_end = self.lexer.at;
        let (token, span) = self.next_over_soft_line_end();
        let right = match token {
            Token::Name | Token::Quoted => self.word(span),
            Token::Keyword(_) => self.word(span),
            Token::End(_) if self.text(span) == "1" => self.word(span),
            _ => {
                let line = self.lexer.text[..line_end].rsplit(char::is_whitespace).next().unwrap_or_default();
                let message = format!("expected an entity name after `{line}`, found {}", self.found(token, span));
                return problem(span, message, RELATION_EXAMPLE);
            }
        };
        let right_classes = self.class_list()?;
        let (token, span) = self.next_over_soft_line_end();
        if token != Token::Colon {
            let example = self.lexer.text[left.span.start..right.span.end].replace(['\n', '\r'], " ");
            let found = self.found(token, span);
            let message = format!("expected `:` and a label after {}, found {found}", show(&right.text));
            return problem(span, message, format!("write `{example} : label`"));
        }
        let label = self.label()?;
        let line = Line { left, left_classes, left_end, identifying, right_end, right, right_classes, label };
        let label = line.label.span;
        self.statements.push(Statement::Relation(line));
        self.check_label(label)
    }

    fn cardinality(&mut self, after: &str) -> Parsed<End> {
        match self.next_over_soft_line_end() {
            (Token::End(end), _) => Ok(end),
            (Token::Name, span) if self.text(span) == "1" => Ok(End::ExactlyOne),
            (token, span) => {
                let found = self.found(token, span);
                let after = if after == "the line" { after.to_string() } else { show(after) };
                let help = "one of `||` (one), `|o` (none or one), `}|` (one or more), `}o` (any number); mirrored on the right";
                problem(span, format!("expected a cardinality after {after}, found {found}"), help)
            }
        }
    }

    fn label(&mut self) -> Parsed<Word> {
        self.skip_soft_line_end();
        let at = self.lexer.at;
        let name = self.lexer.name_here();
        if !name.is_empty() {
            self.lexer.at += name.len();
            return Ok(self.word(Span::new(at, at + name.len())));
        }
        match self.lexer.next() {
            (Token::Text | Token::Quoted, span) => Ok(self.word(span)),
            (_, span) if self.text(span) == "\"" => problem(span, "the quote is not closed", "add the closing `\"`"),
            (token, span) => {
                let message = format!("expected a label after `:`, found {}", self.found(token, span));
                problem(span, message, "write a word, or several in quotes: `: has`, `: \"belongs to\"`, `: \"\"`")
            }
        }
    }

    /// A label without quotes is one word. More words on its line are entities to Mermaid, or an error; nobody means that.
    fn check_label(&mut self, label: Span) -> Parsed<()> {
        let text = self.text(label);
        if text.contains('\n') {
            let help = "if it should not, a `\"` is missing on its first line";
            self.margin.warning("er/label", label, "this label runs over several lines", help);
            return Ok(());
        }
        let mut ahead = self.lexer;
        let (mut last, mut names_only) = (label, true);
        loop {
            match ahead.next() {
                (Token::Newline | Token::Eof, _) => break,
                (Token::Name, span) => last = span,
                (Token::End(_) | Token::Line { .. } | Token::Keyword(_), span) if self.is_letters(span) => {
                    last = span;
                    names_only = false;
                }
                // Something with signs in it: another statement on the same line.
                _ => return Ok(()),
            }
        }
        if last == label {
            return Ok(());
        }
        let whole = label.to(last);
        let help = format!("put it in quotes: `: \"{}\"`", self.text(whole).replace('"', ""));
        let rest = Span::new(label.end, last.end);
        if names_only {
            let rest = Span::new(rest.end - self.text(rest).trim_start().len(), rest.end);
            let message = format!("the label ends with {}; what follows is read as entities", show(text));
            self.margin.warning("er/label", rest, message, help);
            return Ok(());
        }
        problem(whole, "a label of several words needs quotes", help)
    }

    fn is_letters(&self, span: Span) -> bool {
        self.text(span).starts_with(|c: char| c.is_alphabetic())
    }

    /// `class A,B name`, and `classDef name fill:#f96` or `style A fill:#f96` to the end of the line. Looks are kept and
    /// not checked.
    fn styling(&mut self, keyword: Keyword) -> Parsed<()> {
        if keyword == Keyword::Class {
            let example = "write `class USER,ROLE className`";
            let entities = self.names("the entities to give a class", example)?;
            let classes = self.names("a class name", example)?;
            self.statements.push(Statement::Class { entities, classes });
            return Ok(());
        }
        let (what, example) = match keyword {
            Keyword::ClassDef => ("a class name", "write `classDef className fill:#f96,stroke:#333`"),
            Keyword::Class | Keyword::Style => ("an entity name", "write `style USER fill:#f96,stroke:#333`"),
        };
        let names = self.names(what, example)?;
        let mut text = self.style_line().to_string();
        while continues_styles(&text, self.lexer.rest()) {
            self.lexer.skip_blanks(true);
            text.push(' ');
            text.push_str(self.style_line());
        }
        let styles: Vec<String> =
            text.split([',', ';']).map(str::trim).filter(|s| !s.is_empty()).map(String::from).collect();
        if styles.is_empty() {
            let at = Span::new(self.lexer.at, self.lexer.at);
            return problem(at, "expected styles such as `fill:#f96`", example);
        }
        self.statements.push(match keyword {
            Keyword::ClassDef => Statement::ClassDef { names, styles },
            Keyword::Class | Keyword::Style => Statement::Style { entities: names, styles },
        });
        Ok(())
    }

    /// The rest of the line up to a comment.
    fn style_line(&mut self) -> &'a str {
        let line = self.lexer.rest_of_line();
        let text = &line[..line.find("%%").unwrap_or(line.len())];
        self.lexer.at += text.len();
        self.lexer.skip_blanks(false);
        text
    }

    /// `accTitle: …` to the end of the line, `accDescr: …` likewise, or `accDescr { … }`.
    fn accessibility(&mut self) -> Option<Statement> {
        let rest = self.lexer.rest();
        let word = rest.get(..8)?;
        let is_title = word.eq_ignore_ascii_case("accTitle");
        if !is_title && !word.eq_ignore_ascii_case("accDescr") {
            return None;
        }
        let after = rest[8..].trim_start();
        if !is_title && let Some(block) = after.strip_prefix('{') {
            let text = &block[..block.find('}').unwrap_or(block.len())];
            self.lexer.at = self.lexer.end - block.len() + text.len();
            match self.lexer.rest().is_empty() {
                true => {
                    let open = Span::new(self.lexer.end - after.len(), self.lexer.end - block.len());
                    self.margin.error(SYNTAX, open, "the description is not closed", "end it with `}`");
                }
                false => self.lexer.at += 1,
            }
            // As in Mermaid, the text is not indented as its source is.
            let lines: Vec<&str> =
                text.trim().split('\n').map(str::trim_start).filter(|line| !line.is_empty()).collect();
            return Some(Statement::AccDescr(lines.join("\n")));
        }
        let value = after.strip_prefix(':').filter(|value| !value.starts_with("::"))?.trim_start();
        self.lexer.at = self.lexer.end - value.len();
        let line = self.lexer.rest_of_line();
        self.lexer.at += line.len();
        let value = line.trim().to_string();
        Some(if is_title { Statement::AccTitle(value) } else { Statement::AccDescr(value) })
    }

    /// The attributes up to the closing brace. Mermaid gives line ends no meaning in a block, so a missing name takes the
    /// next line's first word for one. That reading counts only if the whole block fits it; if not, the block is read
    /// again line by line, and the error is where a person would look for it.
    fn block(&mut self, entity: &Word) -> Vec<Attribute> {
        let start = self.lexer;
        if let Ok(attributes) = self.block_as_mermaid_reads_it() {
            self.warn_of_split_attributes(&attributes);
            return attributes;
        }
        self.lexer = start;
        self.block_by_lines(entity)
    }

    fn block_as_mermaid_reads_it(&mut self) -> Parsed<Vec<Attribute>> {
        let mut attributes = Vec::new();
        let mut lexer = self.lexer;
        loop {
            let mut ahead = lexer;
            if ahead.next_in_block().0 == InBlock::BlockEnd {
                self.lexer = ahead;
                return Ok(attributes);
            }
            attributes.push(attribute(&mut lexer)?);
        }
    }

    fn block_by_lines(&mut self, entity: &Word) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        let whole = self.lexer;
        let mut first = true;
        while !self.margin.is_full() {
            let mut line = Lexer { end: self.lexer.at + self.lexer.rest_of_line().len(), ..self.lexer };
            if !first && opens_statement(&line) {
                break;
            }
            first = false;
            loop {
                let mut ahead = line;
                match ahead.next_in_block().0 {
                    InBlock::BlockEnd => {
                        self.lexer = Lexer { end: whole.end, ..ahead };
                        return attributes;
                    }
                    InBlock::Eof => break,
                    _ => {}
                }
                match attribute(&mut line) {
                    Ok(attribute) => attributes.push(attribute),
                    Err(problem) => {
                        self.margin.error(SYNTAX, problem.span, problem.message, problem.help);
                        if let Some(end) = block_end(&line) {
                            self.lexer = Lexer { end: whole.end, ..end };
                            return attributes;
                        }
                        break;
                    }
                }
            }
            self.lexer.at = line.end;
            if self.lexer.rest().is_empty() {
                break;
            }
            self.lexer.at += usize::from(self.lexer.rest().starts_with('\n'));
        }
        if !self.margin.is_full() {
            let message = format!("the block of {} is not closed", show(&entity.text));
            self.margin.error(SYNTAX, entity.span, message, "end it with a line of `}`");
        }
        attributes
    }

    fn warn_of_split_attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            let (kind, name) = (&attribute.type_name, &attribute.name);
            let between = &self.lexer.text[kind.span.end..name.span.start];
            if between.contains('\n') {
                let message =
                    format!("the type {} and the name {} stand on two lines", show(&kind.text), show(&name.text));
                self.margin.warning(
                    "er/split-attribute",
                    kind.span,
                    message,
                    "if they are one attribute, write them on one",
                );
            } else if kind.text.eq_ignore_ascii_case("NOT") && name.text.eq_ignore_ascii_case("NULL") {
                let message = "`NOT NULL` is read as an attribute `NULL` of the type `NOT`";
                let help = "write constraints as a comment: `string title \"NOT NULL\"`";
                self.margin.warning("er/split-attribute", kind.span.to(name.span), message, help);
            }
        }
    }

    fn peek_over_soft_line_end(&self) -> Token {
        let mut ahead = self.lexer;
        match ahead.at_line_end() {
            true => Token::Newline,
            false => ahead.next_on_any_line().0,
        }
    }

    fn next_over_soft_line_end(&mut self) -> (Token, Span) {
        match self.lexer.at_line_end() {
            true => self.lexer.next(),
            false => self.lexer.next_on_any_line(),
        }
    }

    fn skip_soft_line_end(&mut self) {
        let hard = self.lexer.at_line_end();
        self.lexer.skip_blanks(!hard);
    }

    /// `1` is a cardinality also where Mermaid takes it for a name, as long as a line follows: `A 1 -- 1 B`.
    fn is_one_as_cardinality(&self) -> bool {
        let mut ahead = self.lexer;
        let (token, span) = ahead.next();
        token == Token::Name && self.text(span) == "1" && matches!(ahead.next().0, Token::Line { .. })
    }

    fn text(&self, span: Span) -> &'a str {
        &self.lexer.text[span.start..span.end]
    }

    fn word(&self, span: Span) -> Word {
        Word { text: self.text(span).replace('"', ""), span }
    }

    fn found(&self, token: Token, span: Span) -> String {
        match token {
            Token::Newline | Token::Eof => "the end of the line".into(),
            _ => show(self.text(span)),
        }
    }
}

/// One attribute. The lexer ends where the attribute must: with the block's line, or with the diagram.
fn attribute(lexer: &mut Lexer) -> Parsed<Attribute> {
    let text = lexer.text;
    let word = |span: Span| Word { text: text[span.start..span.end].replace('"', ""), span };
    let raw = |span: Span| show(&text[span.start..span.end]);
    let (token, kind) = lexer.next_in_block();
    match token {
        InBlock::Word => {}
        InBlock::Key(_) => {
            let help = "write the type, the name and then the key: `uuid id PK`";
            return problem(kind, format!("expected a type before the key {}", raw(kind)), help);
        }
        InBlock::Comment => {
            return problem(
                kind,
                "expected a type and a name before the comment",
                "write `string title \"the comment\"`",
            );
        }
        InBlock::Eof => return problem(kind, "expected `}` at the end of the block", "end it with a line of `}`"),
        InBlock::Stray if &text[kind.start..kind.end] == "\"" => {
            return problem(kind, "the comment is not closed", "add the closing `\"` on the same line");
        }
        InBlock::Comma | InBlock::BlockEnd | InBlock::Stray => {
            return problem(kind, format!("expected a type, found {}", raw(kind)), ATTRIBUTE_EXAMPLE);
        }
    }
    let (token, name) = lexer.next_in_block();
    if token != InBlock::Word {
        let message = format!("expected an attribute name after the type {}", raw(kind));
        return match token {
            InBlock::Key(_) => {
                let help = "write the name before the key: `uuid id PK`";
                problem(name, format!("{message}, found the key {}", raw(name)), help)
            }
            InBlock::Comment => problem(name, format!("{message}, found a comment"), ATTRIBUTE_EXAMPLE),
            InBlock::Eof | InBlock::BlockEnd => {
                let after = Span::new(kind.end, kind.end);
                problem(after, message, format!("write the type first, then the name: `{} title`", word(kind).text))
            }
            InBlock::Word | InBlock::Comma | InBlock::Stray => {
                let help = "a name begins with a letter or `_`; letters of every script will do";
                problem(name, format!("{message}, found {}", raw(name)), help)
            }
        };
    }
    let mut attribute = Attribute { type_name: word(kind), name: word(name), keys: Vec::new(), comment: None };
    loop {
        let mut ahead = *lexer;
        match ahead.next_in_block() {
            (InBlock::Key(key), _) => {
                attribute.keys.push(key);
                *lexer = ahead;
            }
            (InBlock::Comma, comma) if !attribute.keys.is_empty() => match ahead.next_in_block() {
                (InBlock::Key(key), _) => {
                    attribute.keys.push(key);
                    *lexer = ahead;
                }
                _ => return problem(comma, "expected another key after `,`", "the keys are `PK`, `FK` and `UK`"),
            },
            (InBlock::Comment, span) => {
                attribute.comment = Some(word(span));
                *lexer = ahead;
                return match ahead.next_in_block() {
                    (InBlock::Key(_), key) => problem(
                        key,
                        format!("the key {} must stand before the comment", raw(key)),
                        format!("write `{} {} {} …`", word(kind).text, word(name).text, word(key).text),
                    ),
                    _ => Ok(attribute),
                };
            }
            (InBlock::Stray, span) if &text[span.start..span.end] == "\"" => {
                return problem(span, "the comment is not closed", "add the closing `\"` on the same line");
            }
            (InBlock::Stray, span) if &text[span.start..span.end] == ";" => {
                return problem(span, "a `;` ends nothing here", "take it out: each attribute has a line of its own");
            }
            (InBlock::Stray | InBlock::Comma, span) => {
                let message = format!("{} cannot stand after the attribute {}", raw(span), raw(name));
                return problem(span, message, "after the name come keys (`PK`, `FK`, `UK`) and a comment in quotes");
            }
            (InBlock::Word | InBlock::BlockEnd | InBlock::Eof, _) => return Ok(attribute),
        }
    }
}

/// The position behind the block's end, if it stands on the line and not in a comment.
fn block_end<'a>(line: &Lexer<'a>) -> Option<Lexer<'a>> {
    let mut in_quotes = false;
    let is_end = |c| {
        in_quotes ^= c == '"';
        c == '}' && !in_quotes
    };
    line.rest().find(is_end).map(|at| Lexer { at: line.at + at + 1, ..*line })
}

/// Whether a line inside a block begins another entity's block, or is a relation.
fn opens_statement(line: &Lexer) -> bool {
    let mut ahead = *line;
    if !matches!(ahead.next().0, Token::Name | Token::Quoted) {
        return false;
    }
    match ahead.next().0 {
        Token::BlockStart => true,
        Token::End(_) => matches!(ahead.next().0, Token::Line { .. }),
        _ => false,
    }
}

/// Whether the list of styles goes on with the next line: after a comma, or where `stroke:blue` could be nothing else.
fn continues_styles(styles: &str, rest: &str) -> bool {
    if !rest.starts_with('\n') || styles.contains(';') {
        return false;
    }
    let line = rest.trim_start();
    let property = line.len() - line.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-').len();
    let (word, after) = line.split_at(property);
    let is_property = after.starts_with(':') && !after.starts_with("::");
    let is_other = ["accTitle", "accDescr"].iter().any(|title| word.eq_ignore_ascii_case(title));
    property > 0 && ((is_property && !is_other) || styles.trim_end().ends_with(','))
}

fn is_bare_entity(statement: &Statement) -> bool {
    matches!(statement, Statement::Entity(Entity { alias: None, attributes, .. }) if attributes.is_empty())
}

/// `direction LR` at the start of the text.
fn direction_at(text: &str) -> Option<Direction> {
    const WORD: &str = "direction";
    let after = text.get(WORD.len()..).filter(|_| text[..WORD.len()].eq_ignore_ascii_case(WORD))?;
    let word = after.trim_start_matches([' ', '\t']);
    if word.len() == after.len() {
        return None;
    }
    match word.get(..2)?.to_ascii_uppercase().as_str() {
        "TB" => Some(Direction::TopBottom),
        "BT" => Some(Direction::BottomTop),
        "RL" => Some(Direction::RightLeft),
        "LR" => Some(Direction::LeftRight),
        _ => None,
    }
}

fn direction_in(line: &str) -> Option<Direction> {
    let lower = line.to_ascii_lowercase();
    lower.match_indices("direction").find_map(|(at, _)| direction_at(&line[at..]))
}

/// A word for a message: in backticks, and not longer than a person reads.
fn show(text: &str) -> String {
    const MOST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    match line.chars().nth(MOST) {
        Some(_) => format!("`{}…`", line.chars().take(MOST).collect::<String>()),
        None => format!("`{line}`"),
    }
}
