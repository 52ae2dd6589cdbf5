// SPDX-License-Identifier: Apache-2.0
//! SQL DDL, statement by statement, in whichever dialect understands it: tables, columns, keys, and foreign keys as
//! relations.
//!
//! A dump holds much that is not a table. What says nothing about tables is passed over, what might (a trigger, a view, a
//! statement that no dialect understands) gets a warning with its line, and a `CREATE TABLE` that is lost is an error.

use super::diagram::{Cardinality, Column, Diagram, Reference, Relation, Table};
use super::margin::{Margin, Span};
use super::sql_statements::{self, Piece};
use super::{MAX_COLUMNS, MAX_TABLES};
use sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation, ColumnDef, ColumnOption, CommentObject, DataType, Expr, Ident,
    IndexColumn, ObjectName, Statement, TableConstraint,
};
use sqlparser::dialect::{Dialect, GenericDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use std::collections::HashMap;

/// A definition (a column or a constraint) with more words than this is not parsed: the parser's tree of a sum with a
/// million terms is a million levels deep, and taking it down again would overflow the stack.
const MAX_TOKENS_OF_DEFINITION: usize = 4_000;

pub(super) fn read(text: &str, margin: &mut Margin) -> Diagram {
    let mut reading = Reading::default();
    for piece in sql_statements::split(text) {
        if margin.is_full() {
            break;
        }
        reading.piece(text, &piece, margin);
    }
    reading.finish(margin)
}

#[derive(Default)]
struct Reading {
    tables: Vec<Table>,
    /// Table name, in lower case, to its index: SQL finds `Users` under `users`.
    index: HashMap<String, usize>,
    /// For each table, column name in lower case to its index.
    columns: Vec<HashMap<String, usize>>,
    foreign_keys: Vec<ForeignKey>,
    column_count: usize,
    overflowed: bool,
}

/// A foreign key, kept until all tables are known.
struct ForeignKey {
    table: usize,
    columns: Vec<String>,
    target: String,
    target_columns: Vec<String>,
    span: Span,
}

/// One statement's source, to find again where its words stand.
struct Origin<'a> {
    text: &'a str,
    start: usize,
    tokens: Vec<TokenWithSpan>,
    /// The byte offset of each token's start, in the text as a whole.
    starts: Vec<(Location, usize)>,
    end: usize,
}

impl Reading {
    fn piece(&mut self, text: &str, piece: &Piece, margin: &mut Margin) {
        let sql = &text[piece.span.start..piece.span.end];
        match sql_statements::subject(sql) {
            sql_statements::Subject::Passed => {}
            sql_statements::Subject::ClientCommand => {
                let message = "this command of psql is left out";
                let help = "nothing to do: it is for the client, and says nothing of tables";
                margin.warning("er/sql-left-out", first_line(text, piece.span), message, help);
            }
            sql_statements::Subject::LeftOut(what) => {
                let message = format!("{what} is left out: only tables and their keys are read");
                let help = "if it decides who may do what, say so in the model or in a policy";
                margin.warning("er/sql-left-out", first_line(text, piece.span), message, help);
            }
            sql_statements::Subject::Table => {
                if let Err((span, reason)) = self.statements(text, piece, margin) {
                    let message = format!("this table is not understood: {reason}");
                    let help = "reduce it to its columns, types and keys";
                    margin.error("er/sql", span, message, help);
                }
            }
            sql_statements::Subject::Other => {
                if let Err((span, reason)) = self.statements(text, piece, margin) {
                    let message = format!("this statement is left out: {reason}");
                    let help = "nothing to do unless it describes a table";
                    margin.warning("er/sql-left-out", span, message, help);
                }
            }
        }
    }

    /// Parses the piece in the first dialect that understands all of it. If none does, says where and why.
    fn statements(&mut self, text: &str, piece: &Piece, margin: &mut Margin) -> Result<(), (Span, String)> {
        let dialects: [&dyn Dialect; 5] =
            [&SQLiteDialect {}, &PostgreSqlDialect {}, &MySqlDialect {}, &GenericDialect {}, &MsSqlDialect {}];
        let sql = &text[piece.span.start..piece.span.end];
        // The dialect that got furthest has the most to say about what is wrong.
        let mut failure: Option<(Location, String)> = None;
        for dialect in dialects {
            match parse(dialect, sql) {
                Ok((statements, tokens)) => {
                    let origin = Origin::new(text, piece.span, tokens);
                    for statement in statements {
                        self.statement(statement, dialect, &origin, margin);
                    }
                    return Ok(());
                }
                Err((at, reason)) => {
                    if failure.as_ref().is_none_or(|(furthest, _)| at > *furthest) {
                        failure = Some((at, reason));
                    }
                }
            }
        }
        let (location, reason) = failure.unwrap_or((Location::empty(), String::new()));
        Err((word_at(text, piece.span, location), reason))
    }

    fn statement(&mut self, statement: Statement, dialect: &dyn Dialect, origin: &Origin, margin: &mut Margin) {
        match statement {
            Statement::CreateTable(table) => {
                let (name, span) = origin.last_name(&table.name);
                if let Some(&known) = self.index.get(&name.to_lowercase()) {
                    let message = format!("the table `{}` is defined twice", self.tables[known].name);
                    margin.warning("er/duplicate-table", span, message, "the first definition is used");
                    return;
                }
                let Some(index) = self.table(name, span, margin) else { return };
                self.tables[index].declared = true;
                for column in table.columns {
                    self.column(index, column, dialect, origin, margin);
                }
                for constraint in table.constraints {
                    self.constraint(index, constraint, span, origin, margin);
                }
            }
            Statement::AlterTable { name, operations, .. } => {
                let (name, span) = origin.last_name(&name);
                let Some(&index) = self.index.get(&name.to_lowercase()) else {
                    let message = format!("the table `{name}` is altered but not defined");
                    margin.warning("er/sql-left-out", span, message, "define it above with `CREATE TABLE`");
                    return;
                };
                for operation in operations {
                    self.alter(index, operation, span, dialect, origin, margin);
                }
            }
            Statement::CreateIndex(create) if create.unique && create.predicate.is_none() => {
                let (name, _) = origin.last_name(&create.table_name);
                if let Some(&index) = self.index.get(&name.to_lowercase()) {
                    self.unique(index, &create.columns);
                }
            }
            Statement::Comment { object_type: CommentObject::Column, object_name, comment, .. } => {
                let mut names = object_name.0.iter().rev().filter_map(|part| part.as_ident());
                if let (Some(column), Some(table)) = (names.next(), names.next())
                    && let Some(&index) = self.index.get(&table.value.to_lowercase())
                    && let Some(column) = self.find(index, &column.value)
                {
                    column.comment = comment;
                }
            }
            _ => {}
        }
    }

    fn alter(
        &mut self,
        index: usize,
        operation: AlterTableOperation,
        span: Span,
        dialect: &dyn Dialect,
        origin: &Origin,
        margin: &mut Margin,
    ) {
        match operation {
            AlterTableOperation::AddConstraint { constraint, .. } => {
                self.constraint(index, constraint, span, origin, margin);
            }
            AlterTableOperation::AddColumn { column_def, .. } => {
                self.column(index, column_def, dialect, origin, margin);
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let Some(column) = self.find(index, &column_name.value) else { return };
                match op {
                    AlterColumnOperation::SetNotNull => column.nullable = Some(false),
                    AlterColumnOperation::DropNotNull => column.nullable = Some(true),
                    AlterColumnOperation::SetDefault { value } => column.default = Some(value.to_string()),
                    AlterColumnOperation::DropDefault => column.default = None,
                    AlterColumnOperation::SetDataType { data_type, .. } => column.type_name = data_type.to_string(),
                    AlterColumnOperation::AddGenerated { .. } => {}
                }
            }
            AlterTableOperation::DropColumn { .. }
            | AlterTableOperation::RenameColumn { .. }
            | AlterTableOperation::RenameTable { .. }
            | AlterTableOperation::ChangeColumn { .. }
            | AlterTableOperation::ModifyColumn { .. }
            | AlterTableOperation::DropConstraint { .. }
            | AlterTableOperation::DropPrimaryKey { .. }
            | AlterTableOperation::DropForeignKey { .. } => {
                let message = format!("this change of `{}` is not applied", self.tables[index].name);
                let help = "give the schema as it is now rather than its migrations, e.g. a dump";
                margin.warning("er/sql-left-out", span, message, help);
            }
            // Owners, triggers, row level security, partitions: nothing about columns and keys.
            _ => {}
        }
    }

    fn table(&mut self, name: String, span: Span, margin: &mut Margin) -> Option<usize> {
        if self.tables.len() == MAX_TABLES {
            self.overflow(span, format!("more than {MAX_TABLES} tables"), margin);
            return None;
        }
        self.index.insert(name.to_lowercase(), self.tables.len());
        self.columns.push(HashMap::new());
        self.tables.push(Table { name, place: margin.place(span), ..Table::default() });
        Some(self.tables.len() - 1)
    }

    fn column(&mut self, index: usize, given: ColumnDef, dialect: &dyn Dialect, origin: &Origin, margin: &mut Margin) {
        let span = origin.span(&given.name);
        if self.find(index, &given.name.value).is_some() {
            let message = format!("`{}` has the column `{}` twice", self.tables[index].name, given.name.value);
            margin.warning("er/duplicate-column", span, message, "take one of them out");
            return;
        }
        if self.column_count == MAX_COLUMNS {
            self.overflow(span, format!("more than {MAX_COLUMNS} columns"), margin);
            return;
        }
        self.column_count += 1;
        let mut column = Column {
            name: given.name.value.clone(),
            type_name: origin.type_as_written(&given, dialect),
            place: margin.place(span),
            ..Column::default()
        };
        for option in given.options {
            match option.option {
                ColumnOption::Null => column.nullable = Some(true),
                ColumnOption::NotNull => column.nullable = Some(false),
                ColumnOption::Default(value) => column.default = Some(value.to_string()),
                ColumnOption::Unique { is_primary: true, .. } => column.primary = true,
                ColumnOption::Unique { is_primary: false, .. } => column.unique = true,
                ColumnOption::Comment(comment) => column.comment = Some(comment),
                ColumnOption::ForeignKey { foreign_table, referred_columns, .. } => {
                    self.foreign_keys.push(ForeignKey {
                        table: index,
                        columns: vec![column.name.clone()],
                        target: origin.last_name(&foreign_table).0,
                        target_columns: referred_columns.into_iter().map(|column| column.value).collect(),
                        span,
                    });
                }
                _ => {}
            }
        }
        let columns = &mut self.tables[index].columns;
        self.columns[index].insert(column.name.to_lowercase(), columns.len());
        columns.push(column);
    }

    fn find(&mut self, table: usize, column: &str) -> Option<&mut Column> {
        let at = self.columns[table].get(&column.to_lowercase())?;
        Some(&mut self.tables[table].columns[*at])
    }

    fn constraint(
        &mut self,
        index: usize,
        constraint: TableConstraint,
        span: Span,
        origin: &Origin,
        margin: &mut Margin,
    ) {
        match constraint {
            TableConstraint::PrimaryKey { columns, .. } => {
                for (name, at) in columns.iter().filter_map(indexed) {
                    match self.find(index, name) {
                        Some(column) => column.primary = true,
                        None => unknown_column(&self.tables[index].name, name, origin.span(at), margin),
                    }
                }
            }
            TableConstraint::Unique { columns, .. } => self.unique(index, &columns),
            TableConstraint::ForeignKey { columns, foreign_table, referred_columns, .. } => {
                let at = columns.first().map_or(span, |column| origin.span(column));
                for column in &columns {
                    if self.find(index, &column.value).is_none() {
                        unknown_column(&self.tables[index].name, &column.value, origin.span(column), margin);
                        return;
                    }
                }
                self.foreign_keys.push(ForeignKey {
                    table: index,
                    columns: columns.into_iter().map(|column| column.value).collect(),
                    target: origin.last_name(&foreign_table).0,
                    target_columns: referred_columns.into_iter().map(|column| column.value).collect(),
                    span: at,
                });
            }
            _ => {}
        }
    }

    /// Several columns that are unique together make none of them unique.
    fn unique(&mut self, index: usize, columns: &[IndexColumn]) {
        if let [column] = columns
            && let Some((name, _)) = indexed(column)
            && let Some(column) = self.find(index, name)
        {
            column.unique = true;
        }
    }

    fn overflow(&mut self, span: Span, what: String, margin: &mut Margin) {
        if !std::mem::replace(&mut self.overflowed, true) {
            let message = format!("the schema has {what}; the rest is left out");
            margin.error("er/too-large", span, message, "split it into several files");
        }
    }

    /// Every foreign key becomes what its columns refer to, and a relation from the parent to the child.
    fn finish(mut self, margin: &mut Margin) -> Diagram {
        let mut relations = Vec::new();
        let primary_columns: Vec<usize> = self.tables.iter().map(|table| table.primary_key().len()).collect();
        for key in std::mem::take(&mut self.foreign_keys) {
            let known = self.index.get(&key.target.to_lowercase()).copied();
            let Some(target) = known.or_else(|| self.table(key.target.clone(), key.span, margin)) else { continue };
            let target_name = self.tables[target].name.clone();
            let target_columns: Vec<String> = key
                .target_columns
                .iter()
                .map(|name| self.find(target, name).map_or(name.clone(), |column| column.name.clone()))
                .collect();
            let primary = primary_columns[key.table];
            let mut columns = Vec::new();
            for (at, name) in key.columns.iter().enumerate() {
                let Some(column) = self.find(key.table, name) else { continue };
                column.foreign = true;
                column.references = Some(Reference {
                    table: target_name.clone(),
                    column: target_columns.get(at).cloned().unwrap_or_default(),
                });
                columns.push(column.clone());
            }
            let is_required = columns.iter().all(|column| column.primary || column.nullable == Some(false));
            let is_whole_primary_key = columns.iter().filter(|column| column.primary).count() == primary && primary > 0;
            let is_unique = is_whole_primary_key || matches!(&columns[..], [column] if column.unique);
            relations.push(Relation {
                from: target_name,
                to: self.tables[key.table].name.clone(),
                from_many: if is_required { Cardinality::ExactlyOne } else { Cardinality::ZeroOrOne },
                to_many: if is_unique { Cardinality::ZeroOrOne } else { Cardinality::ZeroOrMore },
                identifying: !columns.is_empty() && columns.iter().all(|column| column.primary),
                label: key.columns.join(", "),
                place: margin.place(key.span),
            });
        }
        if self.tables.is_empty() && !margin.has_errors() {
            let help = "give the `CREATE TABLE` statements";
            margin.warning("er/no-tables", Span::default(), "the schema has no tables", help);
        }
        Diagram { tables: self.tables, relations }
    }
}

impl<'a> Origin<'a> {
    fn new(text: &'a str, span: Span, tokens: Vec<TokenWithSpan>) -> Origin<'a> {
        let mut starts = Vec::with_capacity(tokens.len());
        let mut walk = text[span.start..span.end].char_indices();
        let (mut here, mut at) = (Location { line: 1, column: 1 }, span.start);
        // One walk for all tokens: they stand in order.
        for token in &tokens {
            while here < token.span.start {
                let Some((offset, c)) = walk.next() else { break };
                at = span.start + offset + c.len_utf8();
                here = match c {
                    '\n' => Location { line: here.line + 1, column: 1 },
                    _ => Location { line: here.line, column: here.column + 1 },
                };
            }
            starts.push((token.span.start, at));
        }
        Origin { text, start: span.start, tokens, starts, end: span.end }
    }

    fn token_at(&self, location: Location) -> Option<usize> {
        self.starts.binary_search_by_key(&location, |(start, _)| *start).ok()
    }

    fn span(&self, name: &Ident) -> Span {
        let Some(token) = self.token_at(name.span.start) else { return Span::new(self.start, self.end) };
        let start = self.starts[token].1;
        let next = self.starts.get(token + 1).map_or(self.end, |(_, at)| *at);
        Span::new(start, start + self.text[start..next].trim_end().len())
    }

    /// The name without its schema.
    fn last_name(&self, name: &ObjectName) -> (String, Span) {
        let last = name.0.iter().rev().find_map(|part| part.as_ident());
        let span = last.map_or(Span::new(self.start, self.start), |name| self.span(name));
        (last.map(|name| name.value.clone()).unwrap_or_default(), span)
    }

    /// The type in the user's own words. The parser knows only its own spelling of it; but it knows where the type ends.
    fn type_as_written(&self, column: &ColumnDef, dialect: &dyn Dialect) -> String {
        if column.data_type == DataType::Unspecified {
            return String::new();
        }
        let from = self.token_at(column.name.span.start).map_or(0, |token| token + 1);
        let mut depth = 0usize;
        let is_last = |token: &TokenWithSpan| {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => return true,
                Token::RParen => depth -= 1,
                Token::Comma if depth == 0 => return true,
                _ => {}
            }
            false
        };
        let window = &self.tokens[from.min(self.tokens.len())..];
        let length = window.iter().position(is_last).unwrap_or(window.len());
        let mut parser = Parser::new(dialect).with_tokens_with_locations(window[..length].to_vec());
        if parser.parse_data_type().is_err() {
            return column.data_type.to_string();
        }
        let next = parser.peek_token_no_skip().span.start;
        let start_of = |token: usize| self.starts.get(token).map_or(self.end, |(_, at)| *at);
        let end = self.token_at(next).filter(|token| *token >= from).map_or(start_of(from + length), start_of);
        let written = self.text[start_of(from)..end.max(start_of(from))].trim();
        match written.is_empty() {
            true => column.data_type.to_string(),
            false => written.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

/// All statements of the text, or where and why the dialect gave up.
fn parse(dialect: &dyn Dialect, sql: &str) -> Result<(Vec<Statement>, Vec<TokenWithSpan>), (Location, String)> {
    let mut tokens = Vec::new();
    Tokenizer::new(dialect, sql)
        .tokenize_with_location_into_buf(&mut tokens)
        .map_err(|error| (error.location, reason(&error.message)))?;
    if longest_definition(&tokens) > MAX_TOKENS_OF_DEFINITION {
        return Err((
            Location::empty(),
            format!("one of its definitions has more than {MAX_TOKENS_OF_DEFINITION} words"),
        ));
    }
    let mut parser = Parser::new(dialect).with_tokens_with_locations(tokens.clone());
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token_ref().token == Token::EOF {
            return Ok((statements, tokens));
        }
        match parser.parse_statement() {
            Ok(statement) => statements.push(statement),
            Err(ParserError::TokenizerError(message) | ParserError::ParserError(message)) => {
                let at = location_in(&message).unwrap_or_else(|| parser.peek_token_ref().span.start);
                return Err((at, reason(&message)));
            }
            Err(ParserError::RecursionLimitExceeded) => {
                return Err((parser.peek_token_ref().span.start, "it is nested too deeply".to_string()));
            }
        }
    }
}

/// The parser says where it stopped only in its message: `… at Line: 3, Column: 14`.
fn location_in(message: &str) -> Option<Location> {
    let (_, place) = message.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location { line: line.parse().ok()?, column: column.trim_end().parse().ok()? })
}

/// The most words between two commas that part columns or constraints. Texts and commas make no tree deeper.
fn longest_definition(tokens: &[TokenWithSpan]) -> usize {
    let (mut longest, mut length, mut depth) = (0, 0, 0usize);
    for token in tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth <= 1 => length = 0,
            Token::Comma | Token::Whitespace(_) | Token::SingleQuotedString(_) => continue,
            _ => {}
        }
        length += 1;
        longest = longest.max(length);
    }
    longest
}

/// The parser's message, in the form of ours: small at the start, the user's words in backticks, no position (the parser
/// counts from the start of the statement).
fn reason(message: &str) -> String {
    let message = message.split(" at Line:").next().unwrap_or(message).trim_end_matches(['.', '\n']);
    let message = match message.split_once(", found: ") {
        Some((expected, "EOF")) => format!("{expected}, found the end of the statement"),
        Some((expected, found)) => format!("{expected}, found `{found}`"),
        None => message.to_string(),
    };
    let message = message.replace("Expected: ", "expected ").replace('\'', "`");
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "it is not SQL that Palisade knows".to_string(),
    }
}

/// The column of an index, unless it is an index over an expression.
fn indexed(column: &IndexColumn) -> Option<(&str, &Ident)> {
    match &column.column.expr {
        Expr::Identifier(name) => Some((&name.value, name)),
        _ => None,
    }
}

fn unknown_column(table: &str, column: &str, span: Span, margin: &mut Margin) {
    let message = format!("`{table}` has no column `{column}`");
    margin.error("er/unknown-column", span, message, "name one of the table's columns");
}

/// The word at a location that is counted from the statement's start; its first line where the location is none.
fn word_at(text: &str, statement: Span, location: Location) -> Span {
    if location.line == 0 {
        return first_line(text, statement);
    }
    let sql = &text[statement.start..statement.end];
    let line: usize = sql.split_inclusive('\n').take(location.line as usize - 1).map(str::len).sum();
    let column: usize = sql[line..].chars().take(location.column.saturating_sub(1) as usize).map(char::len_utf8).sum();
    let start = statement.start + line + column;
    let rest = &text[start..statement.end];
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    Span::new(start, start + length)
}

fn first_line(text: &str, span: Span) -> Span {
    let sql = &text[span.start..span.end];
    Span::new(span.start, span.start + sql.find('\n').unwrap_or(sql.len()))
}
