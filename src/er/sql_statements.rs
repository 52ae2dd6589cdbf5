// SPDX-License-Identifier: Apache-2.0
//! An SQL script cut into its statements, each with its subject, by signs that all dialects share.

use super::margin::Span;

/// One statement, from its first word to before its terminator.
pub(super) struct Piece {
    pub span: Span,
}

/// What a statement is about, as far as its first words tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// `CREATE TABLE`.
    Table,
    /// Something that can say more about tables, or that is unknown.
    Other,
    /// Nothing about tables: data, sessions, rights of the database's own users.
    Passed,
    /// `\connect` and its like, which psql carries out itself.
    ClientCommand,
    /// Something that can hold rules that are not read here; the text names it.
    LeftOut(&'static str),
}

/// Cuts at `;`, at `GO` and at MySQL's `DELIMITER`, but not inside quotes, comments, `$$` bodies and trigger bodies. The
/// data of a `COPY … FROM stdin` is passed over. A line that begins with `\` is a command of psql, a piece of its own.
pub(super) fn split(text: &str) -> Vec<Piece> {
    let mut splitter = Splitter {
        text,
        at: 0,
        start: None,
        pieces: Vec::new(),
        words: Vec::new(),
        depth: 0,
        delimiter: ";".to_string(),
        // In MySQL a backslash in a text takes the meaning of the quote behind it; elsewhere it is a character.
        backslash_escapes: text.contains('`') || text.contains("ENGINE="),
    };
    splitter.run();
    splitter.pieces
}

pub(super) fn subject(sql: &str) -> Subject {
    if sql.starts_with('\\') {
        return Subject::ClientCommand;
    }
    let words: Vec<String> =
        without_comments(sql).split_whitespace().take(12).map(|word| word.to_ascii_uppercase()).collect();
    let word = |at: usize| words.get(at).map_or("", |word| word.split('(').next().unwrap_or_default());
    const MODIFIERS: [&str; 14] = [
        "OR",
        "REPLACE",
        "GLOBAL",
        "LOCAL",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "MATERIALIZED",
        "RECURSIVE",
        "CONSTRAINT",
        "EXTERNAL",
        "FOREIGN",
        "VIRTUAL",
        "ALTER",
    ];
    match word(0) {
        "CREATE" => {
            let object = (1..words.len()).map(word).find(|word| !MODIFIERS.contains(word)).unwrap_or_default();
            match object {
                "TABLE" if words.windows(2).any(|pair| pair == ["PARTITION", "OF"]) => Subject::Passed,
                "TABLE" => Subject::Table,
                "UNIQUE" => Subject::Other,
                "TRIGGER" => Subject::LeftOut("this trigger"),
                "FUNCTION" => Subject::LeftOut("this function"),
                "PROCEDURE" => Subject::LeftOut("this procedure"),
                "POLICY" => Subject::LeftOut("this row level policy"),
                "RULE" => Subject::LeftOut("this rule"),
                "VIEW" => Subject::LeftOut("this view"),
                "EVENT" => Subject::LeftOut("this event"),
                _ => Subject::Passed,
            }
        }
        "ALTER" if word(1) == "TABLE" => Subject::Other,
        "COMMENT" if word(2) == "COLUMN" => Subject::Other,
        "ALTER" | "ANALYZE" | "ATTACH" | "BEGIN" | "CALL" | "COMMENT" | "COMMIT" | "COPY" | "DELETE" | "DROP"
        | "END" | "GRANT" | "INSERT" | "LOCK" | "PRAGMA" | "PRINT" | "REFRESH" | "REINDEX" | "REPLACE" | "REVOKE"
        | "ROLLBACK" | "SELECT" | "SET" | "START" | "TRUNCATE" | "UNLOCK" | "UPDATE" | "USE" | "VACUUM" | "WITH" => {
            Subject::Passed
        }
        _ => Subject::Other,
    }
}

/// The beginning of the statement with its comments taken out: enough of it for the first words.
fn without_comments(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while !rest.is_empty() && out.len() < 400 {
        if rest.starts_with("--") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/").map_or(rest.len(), |at| at + 2)..];
        } else {
            let next = [rest.find("--"), rest.find("/*")].into_iter().flatten().min().unwrap_or(rest.len());
            out.push_str(&rest[..next]);
            rest = &rest[next..];
        }
    }
    out
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    /// Where the statement began; none between statements.
    start: Option<usize>,
    pieces: Vec<Piece>,
    /// The statement's first words, in upper case.
    words: Vec<String>,
    /// How many `BEGIN` and `CASE` are open, in a trigger or a procedure.
    depth: usize,
    delimiter: String,
    backslash_escapes: bool,
}

impl Splitter<'_> {
    fn run(&mut self) {
        while let Some(c) = self.text[self.at..].chars().next() {
            let rest = &self.text[self.at..];
            if rest.starts_with("--") || (c == '#' && self.begins_line()) {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |at| at + 2);
            } else if self.depth == 0 && rest.starts_with(self.delimiter.as_str()) {
                let is_copy = self.words.first().is_some_and(|word| word == "COPY");
                self.cut(self.delimiter.len());
                if is_copy {
                    self.skip_copied_rows();
                }
            } else if c.is_whitespace() || c == '\u{feff}' {
                self.at += c.len_utf8();
            } else if c == '\\' && self.start.is_none() {
                self.start = Some(self.at);
                self.at += rest.find('\n').unwrap_or(rest.len());
                self.cut(0);
            } else {
                self.start.get_or_insert(self.at);
                match c {
                    '\'' | '"' | '`' => self.skip_quoted(c),
                    '$' => self.skip_dollar_quoted(),
                    _ if c.is_alphanumeric() || c == '_' => self.word(),
                    _ => self.at += c.len_utf8(),
                }
            }
        }
        self.cut(0);
    }

    /// Ends the statement here, and goes on behind its terminator.
    fn cut(&mut self, terminator: usize) {
        if let Some(start) = self.start.take() {
            let end = start + self.text[start..self.at].trim_end().len();
            self.pieces.push(Piece { span: Span::new(start, end) });
        }
        self.at += terminator;
        self.words.clear();
        self.depth = 0;
    }

    /// Whether only blanks stand before the position on its line.
    fn begins_line(&self) -> bool {
        let before = self.text[..self.at].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with(['\n', '\r'])
    }

    fn word(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
        if length > 16 {
            self.at += length;
            return;
        }
        let word = rest[..length].to_ascii_uppercase();
        // What else stands on the line; asked for only where it matters, since a dump's line can be long.
        let line = || rest[length..].split(['\n', '\r']).next().unwrap_or_default().trim();
        if word == "GO" && self.begins_line() && line().is_empty() {
            if self.start == Some(self.at) {
                self.start = None;
            }
            return self.cut(length);
        }
        if word == "DELIMITER" && self.start == Some(self.at) && !line().is_empty() {
            self.delimiter = line().to_string();
            self.at += rest.find('\n').unwrap_or(rest.len());
            self.start = None;
            return;
        }
        self.at += length;
        let is_routine = self.words.first().is_some_and(|first| first == "CREATE")
            && self.words.iter().any(|word| matches!(word.as_str(), "TRIGGER" | "PROCEDURE" | "FUNCTION" | "EVENT"));
        match word.as_str() {
            "BEGIN" | "CASE" if is_routine => self.depth += 1,
            "END" if is_routine => {
                let next = line().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                if !["IF", "LOOP", "WHILE", "REPEAT"].iter().any(|block| next.eq_ignore_ascii_case(block)) {
                    self.depth = self.depth.saturating_sub(1);
                }
                // The word behind `END CASE` does not begin another.
                if next.eq_ignore_ascii_case("CASE") {
                    self.at += self.text[self.at..].find(['C', 'c']).map_or(0, |at| at + "CASE".len());
                }
            }
            _ => {}
        }
        if self.words.len() < 8 {
            self.words.push(word);
        }
    }

    fn skip_quoted(&mut self, quote: char) {
        let mut chars = self.text[self.at + 1..].char_indices();
        let body = self.at + 1;
        while let Some((at, c)) = chars.next() {
            if c == '\\' && quote != '`' && self.backslash_escapes {
                chars.next();
            } else if c == quote {
                self.at = body + at + 1;
                return;
            }
        }
        self.at = self.text.len();
    }

    /// A body between `$$` or `$name$`, as PostgreSQL writes functions. Any other `$` is one character.
    fn skip_dollar_quoted(&mut self) {
        let rest = &self.text[self.at..];
        let name = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len() - 1);
        let tag = &rest[..1 + name];
        if !rest[tag.len()..].starts_with('$') {
            self.at += 1;
            return;
        }
        let tag = &rest[..tag.len() + 1];
        let body = &rest[tag.len()..];
        self.at += body.find(tag).map_or(rest.len(), |at| tag.len() + at + tag.len());
    }

    fn skip_copied_rows(&mut self) {
        let rest = &self.text[self.at..];
        if let Some(end) = rest.find("\n\\.") {
            self.at += end + "\n\\.".len();
        }
    }
}
