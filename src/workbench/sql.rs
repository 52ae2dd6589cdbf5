// SPDX-License-Identifier: Apache-2.0
//! Rows from `INSERT`s and back: what a database would hold once it had run them. Nothing is executed.
//!
//! Only words and literals are read, by SQLite's rules: what a column makes of a value (its affinity), defaults, numbered
//! keys. An expression, a query, an `UPDATE` is a finding with its place, and the statement is left out as a whole.

use super::rows::bytes;
use crate::compile;
use crate::mapping::{Column, ColumnKind, Mapping, Meaning, Table};
use crate::name::nearest;
use crate::report::{Finding, Place};
use crate::rows::{Millis, Rows, Value};
use crate::store::{identifier, literal};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};
use std::collections::BTreeMap;

/// A text longer than this is not read.
const MAX_BYTES: usize = 32 << 20;

/// Findings beyond this many are left out.
const MAX_FINDINGS: usize = 100;

/// Where rows go: the tables of a model, the rows that are there already, and the instant of `CURRENT_TIMESTAMP`.
pub struct Tables<'a> {
    pub mapping: Option<&'a Mapping>,
    pub rows: &'a Rows,
    pub at: Millis,
}

/// The rows of a text, by table, and what is wrong with the text.
pub fn read(into: &Tables, sql: &str) -> (Rows, Vec<Finding>) {
    let mut reader = Reader { into, sql, tokens: Vec::new(), at: 0, read: Rows::new(), skipped: BTreeMap::new() };
    let mut findings = Vec::new();
    if sql.len() > MAX_BYTES {
        let message = format!("the text has {} bytes, and {MAX_BYTES} is the most", sql.len());
        return (Rows::new(), vec![Finding::error("sql/too-large", message).help("read it in pieces")]);
    }
    if let Some(at) = sql.find('\0') {
        let finding = Finding::error("sql/nul", "the text has a NUL character, at which SQL ends");
        let help = "write such a text as `CAST(X'…' AS TEXT)`";
        return (Rows::new(), vec![finding.at(Place::of(sql, at, at + 1)).help(help)]);
    }
    let mut tokens = Vec::new();
    let broken = Tokenizer::new(&SQLiteDialect {}, sql).tokenize_with_location_into_buf(&mut tokens).err();
    reader.tokens = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    while reader.at < reader.tokens.len() && findings.len() < MAX_FINDINGS {
        if reader.peek() == &Token::SemiColon {
            reader.at += 1;
            continue;
        }
        let end = reader.statement_end();
        // Of a text that breaks off, the last statement is not whole.
        let whole = broken.is_none() || end < reader.tokens.len();
        if whole && let Err(wrong) = reader.statement(end) {
            findings.push(*wrong);
        }
        reader.at = end;
    }
    if let Some(error) = broken {
        let place = place(sql, error.location, 1);
        let finding = Finding::error("sql/syntax", format!("this is not SQL from here: {}", error.message));
        findings.push(finding.at(place).help("close the text with a quote, or the comment with `*/`"));
    }
    for (word, (count, first)) in reader.skipped {
        let message =
            if count == 1 { format!("a `{word}` is passed over") } else { format!("{count} `{word}` are passed over") };
        findings.push(Finding::note("sql/passed-over", message).at(first).help("only the rows of `INSERT` are read"));
    }
    (reader.read, findings)
}

struct Reader<'a> {
    into: &'a Tables<'a>,
    sql: &'a str,
    /// Without spaces and comments.
    tokens: Vec<TokenWithSpan>,
    at: usize,
    read: Rows,
    /// Statements that say nothing of rows, by their first word: how many, and where the first one is.
    skipped: BTreeMap<String, (usize, Place)>,
}

const EOF: Token = Token::EOF;

/// What was read, or why it was not.
type Read<T> = Result<T, Box<Finding>>;

impl<'a> Reader<'a> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&EOF, |token| &token.token)
    }

    /// Where the statement that begins here ends: at its semicolon. A trigger has others within.
    fn statement_end(&self) -> usize {
        let word = |at: usize| self.tokens.get(at).map(|token| keyword(&token.token)).unwrap_or_default();
        let trigger = word(self.at) == "CREATE" && (1..4).any(|more| word(self.at + more) == "TRIGGER");
        let mut end = self.at;
        while end < self.tokens.len() {
            if self.tokens[end].token == Token::SemiColon && (!trigger || word(end - 1) == "END") {
                break;
            }
            end += 1;
        }
        end
    }

    fn statement(&mut self, end: usize) -> Read<()> {
        let word = keyword(self.peek());
        match word.as_str() {
            "INSERT" => self.insert(end),
            "CREATE" | "DROP" | "ALTER" | "PRAGMA" | "BEGIN" | "COMMIT" | "END" | "ANALYZE" | "VACUUM" | "REINDEX" => {
                let place = self.place(self.at);
                self.skipped.entry(word).or_insert((0, place)).0 += 1;
                Ok(())
            }
            "REPLACE" => Err(self.wrong("`REPLACE` is not read", "write `INSERT INTO`, and take the old row away")),
            "UPDATE" | "DELETE" => {
                Err(self.wrong(&format!("`{word}` is not read: nothing is executed"), "change the rows themselves"))
            }
            "SELECT" | "WITH" | "VALUES" => {
                Err(self.wrong(&format!("`{word}` is not read: nothing is executed"), "write `INSERT INTO … VALUES …`"))
            }
            _ => Err(self.wrong("this is no `INSERT`", "write `INSERT INTO table (columns) VALUES (…), (…);`")),
        }
    }

    fn insert(&mut self, end: usize) -> Read<()> {
        self.at += 1;
        if keyword(self.peek()) == "OR" {
            return Err(self.wrong("`INSERT OR …` is not read", "write `INSERT INTO`"));
        }
        if keyword(self.peek()) != "INTO" {
            return Err(self.wrong("expected `INTO`", "write `INSERT INTO table (columns) VALUES (…)`"));
        }
        self.at += 1;
        let mut named = self.at;
        let mut name = self.name("a table")?;
        if self.peek() == &Token::Period {
            self.at += 1;
            named = self.at;
            name = self.name("a table")?;
        }
        let table = self.table(named, &name)?;
        let columns = self.columns(table)?;
        if keyword(self.peek()) != "VALUES" {
            let message = match keyword(self.peek()).as_str() {
                "" => "expected `VALUES`".to_string(),
                word => format!("expected `VALUES`, and this is `{word}`"),
            };
            return Err(self.wrong(&message, "write the rows themselves: `VALUES (…), (…)`"));
        }
        self.at += 1;
        let mut rows = Vec::new();
        loop {
            let row = self.row(table, columns.as_deref(), &rows)?;
            rows.push(row);
            match self.peek() {
                Token::Comma => self.at += 1,
                _ if self.at == end => break,
                _ => {
                    return Err(
                        self.wrong("expected `,` or `;` here", "write each row in parentheses, with commas between")
                    );
                }
            }
        }
        let (name, all) = match table {
            Some(table) => (table.name.clone(), table.columns.iter().map(|column| column.name.clone()).collect()),
            None => (name, columns.unwrap_or_default()),
        };
        let of_table = self.read.entry(name).or_default();
        if of_table.columns.is_empty() {
            of_table.columns = all;
        } else if of_table.columns != all {
            return Err(self.wrong("an `INSERT` above names other columns", "name the same columns in each"));
        }
        of_table.rows.extend(rows);
        Ok(())
    }

    /// The table of that name, whatever its letters' case; none where no model says what tables there are.
    fn table(&self, at: usize, name: &str) -> Read<Option<&'a Table>> {
        let Some(mapping) = self.into.mapping else { return Ok(None) };
        let found = mapping.table(name);
        let found = found.or_else(|| mapping.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name)));
        found.map(Some).ok_or_else(|| {
            let near = nearest(name, mapping.tables.iter().map(|table| table.name.as_str()));
            let help = near.map_or("draw it in the schema first".to_string(), |near| format!("did you mean `{near}`?"));
            let finding = Finding::error("sql/unknown-table", format!("the schema has no table `{name}`"));
            finding.at(self.place(at)).help(help).into()
        })
    }

    /// The columns in parentheses, as the table spells them; none where the statement leaves them to the table.
    fn columns(&mut self, table: Option<&Table>) -> Read<Option<Vec<String>>> {
        if self.peek() != &Token::LParen {
            return match table {
                Some(_) => Ok(None),
                None => {
                    Err(self.wrong("expected the columns", "name them in parentheses: no model says which there are"))
                }
            };
        }
        let mut columns: Vec<String> = Vec::new();
        loop {
            self.at += 1;
            let at = self.at;
            let mut name = self.name("a column")?;
            if let Some(table) = table {
                let all = || table.columns.iter().map(|column| column.name.as_str());
                let same = all().find(|own| *own == name).or_else(|| all().find(|own| own.eq_ignore_ascii_case(&name)));
                let Some(same) = same else {
                    let help = match nearest(&name, all()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "draw it in the schema first".to_string(),
                    };
                    let message = format!("the table `{}` has no column `{name}`", table.name);
                    return Err(Finding::error("sql/unknown-column", message).at(self.place(at)).help(help).into());
                };
                name = same.to_string();
            }
            if columns.contains(&name) {
                let finding = Finding::error("sql/syntax", format!("the column `{name}` stands twice"));
                return Err(finding.at(self.place(at)).help("name each column once").into());
            }
            columns.push(name);
            match self.peek() {
                Token::Comma => {}
                Token::RParen => break,
                _ => return Err(self.wrong("expected `,` or `)` here", "name the columns with commas between")),
            }
        }
        self.at += 1;
        Ok(Some(columns))
    }

    fn row(&mut self, table: Option<&Table>, columns: Option<&[String]>, before: &[Vec<Value>]) -> Read<Vec<Value>> {
        let start = self.at;
        if self.peek() != &Token::LParen {
            return Err(self.wrong("expected `(` here", "write each row in parentheses"));
        }
        let mut values: Vec<(Value, usize)> = Vec::new();
        loop {
            self.at += 1;
            let at = self.at;
            values.push((self.value()?, at));
            match self.peek() {
                Token::Comma => {}
                Token::RParen => break,
                _ => {
                    self.at = at;
                    return Err(self.wrong("this is an expression: nothing is executed", "write the value itself"));
                }
            }
        }
        self.at += 1;
        let wanted = columns.map_or_else(|| table.map_or(values.len(), |table| table.columns.len()), <[String]>::len);
        if values.len() != wanted {
            let message = format!("{} values for {wanted} columns", values.len());
            let finding = Finding::error("sql/values", message).at(self.place(start));
            return Err(finding.help("give the row one value for each column, in their order").into());
        }
        let Some(table) = table else { return Ok(values.into_iter().map(|(value, _)| value).collect()) };
        let mut given: BTreeMap<&str, (Value, usize)> = match columns {
            Some(columns) => columns.iter().map(String::as_str).zip(values).collect(),
            None => table.columns.iter().map(|column| column.name.as_str()).zip(values).collect(),
        };
        let numbered = numbered(table);
        let row = table.columns.iter().map(|column| match given.remove(column.name.as_str()) {
            Some((Value::Null, _)) | None if numbered == Some(&column.name) => self.next_number(table, before),
            Some((value, at)) => {
                let value = stored(column.kind, value);
                if numbered == Some(&column.name) && !matches!(value, Value::Integer(_)) {
                    let message =
                        format!("`{}` numbers the rows of `{}`, and takes whole numbers", column.name, table.name);
                    let finding = Finding::error("sql/values", message).at(self.place(at));
                    return Err(finding.help("write a number without quotes").into());
                }
                Ok(value)
            }
            None => Ok(self.default(column)),
        });
        row.collect()
    }

    /// The number that SQLite would give to a row that has none.
    fn next_number(&self, table: &Table, before: &[Vec<Value>]) -> Read<Value> {
        let Some(key) = numbered(table) else { return Ok(Value::Null) };
        let largest = |columns: &[String], rows: &[Vec<Value>]| {
            let at = columns.iter().position(|column| column == key)?;
            let numbers = rows.iter().filter_map(|row| match row.get(at) {
                Some(Value::Integer(number)) => Some(*number),
                _ => None,
            });
            numbers.max()
        };
        let of_table = [self.into.rows, &self.read].map(|rows| rows.get(&table.name));
        let all = of_table.into_iter().flatten().filter_map(|given| largest(&given.columns, &given.rows));
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let last = all.chain(largest(&columns, before)).max().unwrap_or(0);
        last.max(0).checked_add(1).map(Value::Integer).ok_or_else(|| {
            let message = format!("`{}` has no number left for this row", table.name);
            Finding::error("sql/values", message).at(self.place(self.at)).help("give the row a number").into()
        })
    }

    /// What a column holds where a row does not say.
    fn default(&self, column: &Column) -> Value {
        let Some(text) = column.default.as_deref().and_then(compile::default) else { return Value::Null };
        if text == "CURRENT_TIMESTAMP" {
            let now = crate::rows::format_time(self.into.at);
            let (date, time) = (now.get(..10).unwrap_or_default(), now.get(11..19).unwrap_or_default());
            return Value::Text(format!("{date} {time}"));
        }
        let Ok(tokens) = Tokenizer::new(&SQLiteDialect {}, &text).tokenize_with_location() else { return Value::Null };
        let into = Tables { mapping: None, rows: &Rows::new(), at: self.into.at };
        let mut reader = Reader { into: &into, sql: &text, tokens, at: 0, read: Rows::new(), skipped: BTreeMap::new() };
        reader.value().map_or(Value::Null, |value| stored(column.kind, value))
    }

    /// One literal.
    fn value(&mut self) -> Read<Value> {
        let mut negative = false;
        if matches!(self.peek(), Token::Minus | Token::Plus) {
            negative = self.peek() == &Token::Minus;
            self.at += 1;
            if !matches!(self.peek(), Token::Number(..)) {
                return Err(self.wrong("expected a number here", "write the number itself"));
            }
        }
        let value = match self.peek() {
            Token::Number(digits, false) => match number(digits, negative) {
                Some(value) => value,
                None => {
                    return Err(self.wrong("this number is larger than any that a database holds", "write it as text"));
                }
            },
            Token::SingleQuotedString(text) => Value::Text(text.clone()),
            Token::HexStringLiteral(digits) if self.is_hexadecimal_number() => match u64::from_str_radix(digits, 16) {
                Ok(number) => Value::Integer(number as i64),
                Err(_) => return Err(self.wrong("this number has more than 64 bits", "write a smaller one")),
            },
            Token::HexStringLiteral(digits) => match bytes(digits) {
                Some(bytes) => Value::Blob(bytes),
                None => {
                    return Err(
                        self.wrong("these are no bytes", "write two hexadecimal digits for each byte: `X'00ff'`")
                    );
                }
            },
            Token::Word(Word { quote_style: Some('"'), value, .. }) => {
                let help = format!("text stands in single quotes: `{}`", literal(value));
                return Err(self.wrong("names of columns are no values", &help));
            }
            token => match keyword(token).as_str() {
                "NULL" => Value::Null,
                "TRUE" => Value::Integer(1),
                "FALSE" => Value::Integer(0),
                word @ ("CURRENT_TIMESTAMP" | "CURRENT_DATE" | "CURRENT_TIME") => {
                    let help = "write the instant: `'2026-01-31 09:00:00'`";
                    return Err(self.wrong(&format!("`{word}` is another value each time"), help));
                }
                "CAST" => return self.cast(),
                _ => {
                    return Err(self.wrong(
                        "this is no value: nothing is executed",
                        "write text in single quotes, a number, NULL, TRUE, FALSE or X'00ff'",
                    ));
                }
            },
        };
        self.at += 1;
        Ok(value)
    }

    /// `CAST(X'…' AS TEXT)`, as texts are written that SQL has no quotes for.
    fn cast(&mut self) -> Read<Value> {
        let tokens: Vec<&Token> = self.tokens[self.at..].iter().take(6).map(|token| &token.token).collect();
        let text = match tokens.as_slice() {
            [_, Token::LParen, Token::HexStringLiteral(digits), r#as, text, Token::RParen]
                if keyword(r#as) == "AS" && keyword(text) == "TEXT" =>
            {
                bytes(digits).and_then(|bytes| String::from_utf8(bytes).ok())
            }
            _ => None,
        };
        match text {
            Some(text) => {
                self.at += 6;
                Ok(Value::Text(text))
            }
            None => Err(self.wrong("this is an expression: nothing is executed", "write the value itself")),
        }
    }

    /// `0x1F`, and not `X'1F'`, which is a character longer.
    fn is_hexadecimal_number(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|token| match &token.token {
            Token::HexStringLiteral(digits) => {
                token.span.end.column.saturating_sub(token.span.start.column) == digits.chars().count() as u64 + 2
            }
            _ => false,
        })
    }

    fn name(&mut self, what: &str) -> Read<String> {
        match self.peek() {
            Token::Word(word) => {
                let name = word.value.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self
                .wrong(&format!("expected the name of {what}"), "quote a name that is no plain word: `\"my table\"`")),
        }
    }

    fn wrong(&self, message: &str, help: &str) -> Box<Finding> {
        Box::new(Finding::error("sql/syntax", message).at(self.place(self.at)).help(help))
    }

    fn place(&self, at: usize) -> Place {
        match self.tokens.get(at).or(self.tokens.last()) {
            Some(token) => {
                let (start, end) = (token.span.start, token.span.end);
                let length = if start.line == end.line { end.column.saturating_sub(start.column) } else { 1 };
                place(self.sql, start, length as u32)
            }
            None => Place::of(self.sql, 0, 0),
        }
    }
}

/// The tokenizer counts lines and characters from 1.
fn place(sql: &str, at: Location, length: u32) -> Place {
    let excerpt = sql.split('\n').nth((at.line as usize).saturating_sub(1)).unwrap_or_default();
    Place {
        file: String::new(),
        line: at.line as u32,
        column: (at.column as u32).max(1),
        length: length.max(1),
        excerpt: excerpt.trim_end_matches('\r').to_string(),
    }
}

/// The column of a key that SQLite numbers by itself.
fn numbered(table: &Table) -> Option<&String> {
    let [key] = table.key.as_slice() else { return None };
    let whole = matches!(table.column(key)?.kind, ColumnKind::Long | ColumnKind::Bool);
    (table.keyed && whole).then_some(key)
}

fn number(digits: &str, negative: bool) -> Option<Value> {
    let text = if negative { format!("-{digits}") } else { digits.to_string() };
    if digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return Some(Value::Integer(number));
    }
    // SQLite knows no negative zero.
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(|number| Value::Real(number + 0.0))
}

/// What a column of the pack's `schema.sql` makes of a value: SQLite's affinities.
pub fn stored(kind: ColumnKind, value: Value) -> Value {
    match (kind, value) {
        (ColumnKind::Blob, value) => value,
        (ColumnKind::Text | ColumnKind::Uuid, Value::Integer(number)) => Value::Text(number.to_string()),
        (ColumnKind::Text | ColumnKind::Uuid, Value::Real(number)) => Value::Text(real_text(number)),
        (ColumnKind::Text | ColumnKind::Uuid, value) => value,
        (_, Value::Real(number)) => whole(number),
        (_, Value::Text(text)) => {
            let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            let unsigned = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
            let is_number =
                unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.chars().all(plain);
            let read = trimmed.parse::<i64>().ok().filter(|_| is_number).map(Value::Integer);
            let read = read.or_else(|| trimmed.parse::<f64>().ok().filter(|_| is_number).map(whole));
            read.unwrap_or(Value::Text(text))
        }
        (_, value) => value,
    }
}

/// A number without a fraction is kept as a whole one.
fn whole(number: f64) -> Value {
    // As SQLite has it, the two outermost 64-bit integers are not among them.
    let integer = number as i64;
    let same = integer as f64 == number && integer > i64::MIN && integer < i64::MAX;
    if same { Value::Integer(integer) } else { Value::Real(number) }
}

/// A number as SQLite turns it into text: 15 digits, and always a point.
fn real_text(number: f64) -> String {
    if number == 0.0 {
        return "0.0".to_string();
    }
    // It has 19 digits and rounds at the fifteenth; a half goes up, where Rust's own formatting goes to the even digit.
    let scientific = format!("{:.18e}", number.abs());
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mut digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_digit).collect();
    let up = digits.get(15).is_some_and(|digit| *digit >= b'5');
    digits.truncate(15);
    let kept = digits.iter().rposition(|digit| !up || *digit != b'9').map_or(0, |at| at + 1);
    let carried = up && kept == 0;
    digits.truncate(kept);
    match digits.last_mut() {
        Some(last) if up => *last += 1,
        None => digits.push(b'1'),
        Some(_) => {}
    }
    let exponent = exponent + i32::from(carried);
    let digits: String = digits.into_iter().map(char::from).collect();
    let digits = digits.trim_end_matches('0');
    let sign = if number < 0.0 { "-" } else { "" };
    let pointed = |digits: &str, at: usize| {
        let whole: String = digits.chars().chain(std::iter::repeat('0')).take(at).collect();
        let fraction = digits.get(at..).filter(|fraction| !fraction.is_empty()).unwrap_or("0");
        format!("{whole}.{fraction}")
    };
    match exponent {
        0..=14 => format!("{sign}{}", pointed(digits, exponent as usize + 1)),
        -4..=-1 => format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize)),
        _ => {
            let mark = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{}e{mark}{:02}", pointed(digits, 1), exponent.abs())
        }
    }
}

// --- The other way ---

/// The rows as a script: one `INSERT` a table and one line a row; what others refer to comes first. Tables and columns that
/// the model does not have are left out.
pub fn write(mapping: Option<&Mapping>, rows: &Rows) -> String {
    let mut sql = String::new();
    let names: Vec<&str> = match mapping {
        Some(mapping) => order(mapping),
        None => rows.keys().map(String::as_str).collect(),
    };
    for name in names {
        let Some(given) = rows.get(name).filter(|given| !given.rows.is_empty()) else { continue };
        let table = mapping.and_then(|mapping| mapping.table(name));
        let known = |column: &&String| table.is_none_or(|table| table.column(column).is_some());
        let columns: Vec<(usize, &String)> =
            given.columns.iter().enumerate().filter(|(_, column)| known(column)).collect();
        if columns.is_empty() {
            continue;
        }
        let names: Vec<String> = columns.iter().map(|(_, column)| identifier(column)).collect();
        if !sql.is_empty() {
            sql.push('\n');
        }
        sql.push_str(&format!("INSERT INTO {} ({}) VALUES\n", identifier(name), names.join(", ")));
        for (at, row) in given.rows.iter().enumerate() {
            let values: Vec<String> =
                columns.iter().map(|(at, _)| written(row.get(*at).unwrap_or(&Value::Null))).collect();
            let end = if at + 1 == given.rows.len() { ";" } else { "," };
            sql.push_str(&format!("  ({}){end}\n", values.join(", ")));
        }
    }
    sql
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => literal(text),
        Value::Blob(bytes) => format!("X'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// The tables, each behind those that it refers to, as far as they do not refer to each other.
fn order(mapping: &Mapping) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    let mut waiting: Vec<&Table> = mapping.tables.iter().collect();
    let parents = |table: &Table| -> Vec<String> {
        let mut names: Vec<String> = table.columns.iter().filter_map(|column| column.references.clone()).collect();
        if let Meaning::Acl(meaning) = &table.meaning {
            let types = meaning.subject.type_names().into_iter().chain(meaning.object.type_names());
            names.extend(types.filter_map(|name| mapping.entity(name)).map(|(table, _)| table.name.clone()));
        }
        names
    };
    while !waiting.is_empty() {
        let free = |table: &&Table| {
            let here = |name: &String| waiting.iter().any(|other| other.name == *name && other.name != table.name);
            !parents(table).iter().any(here)
        };
        let next = waiting.iter().position(free).unwrap_or(0);
        all.push(&waiting.remove(next).name);
    }
    all
}

/// A word in upper case; empty for what is none, or is quoted.
fn keyword(token: &Token) -> String {
    match token {
        Token::Word(Word { value, quote_style: None, .. }) => value.to_ascii_uppercase(),
        _ => String::new(),
    }
}
