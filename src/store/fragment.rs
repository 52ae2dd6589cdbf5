// SPDX-License-Identifier: Apache-2.0
//! Pieces of SQL that mirror how `facts` reads a value. An index and the query that uses it take the same piece.
//!
//! Each function takes the alias that the query gives the table, and "" for an index, whose terms have no alias. With an
//! alias a misspelt column is an error; without one SQLite would take `"nocolumn"` for a text.

use crate::mapping::{ColumnKind, Pattern, Piece, Table, Target};

/// A name in double quotes: `"Order"`.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it. One with control characters is written as bytes, so that a statement stays one line and no
/// NUL ends it.
pub fn literal(text: &str) -> String {
    if text.chars().any(char::is_control) {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        return format!("CAST(x'{hex}' AS TEXT)");
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Texts in parentheses: `('Role','User')`.
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = texts.into_iter().map(literal).collect();
    format!("({})", all.join(","))
}

pub fn column(alias: &str, name: &str) -> String {
    if alias.is_empty() { identifier(name) } else { format!("{alias}.{}", identifier(name)) }
}

/// How the values of a column are read, which decides how they are compared.
pub fn kind(table: &Table, name: &str) -> ColumnKind {
    table.column(name).map_or(ColumnKind::Text, |column| column.kind)
}

/// A UUID without its spelling: the same for upper case, lower case, with hyphens and without. Other texts may share one;
/// `facts` tells them apart.
pub fn folded(value: &str) -> String {
    format!("lower(replace({value},'-',''))")
}

/// What an id column is looked up by, in an index and in a query.
///
/// A column that holds no UUIDs is compared as it is, in its own affinity and collation: both can only find more than an
/// exact comparison would, and the user's own keys serve as indexes.
pub fn key(alias: &str, table: &Table, name: &str) -> String {
    match kind(table, name) {
        ColumnKind::Uuid => folded(&column(alias, name)),
        _ => column(alias, name),
    }
}

/// Whether the id in a column is among those of some sources: JSON, walked by `json_tree`, that holds each id as text and,
/// where it is a whole number, as that number too. A column without affinity would not compare the two.
pub fn key_in(alias: &str, table: &Table, name: &str, sources: &[String]) -> String {
    let value = match kind(table, name) {
        ColumnKind::Uuid => folded("atom"),
        _ => "atom".to_string(),
    };
    let selects = sources.iter().map(|source| format!("SELECT {value} FROM {source} WHERE atom<>''"));
    format!("{} IN ({})", key(alias, table, name), union_all(selects.collect()))
}

/// What an id column is looked up by together with others. Each row has one such value, and it is compared as text, byte
/// by byte: a row is found once, whatever affinity and collation its columns have.
///
/// These look-ups are joins on equality. With `IN` on several columns SQLite may use the first alone, once `ANALYZE` has
/// told it that few rows share a value on average; the one subject that has a hundred thousand is no average.
pub fn exact(alias: &str, table: &Table, name: &str) -> String {
    let value = column(alias, name);
    match kind(table, name) {
        ColumnKind::Uuid => folded(&value),
        _ => format!("CAST({value} AS TEXT) COLLATE BINARY"),
    }
}

/// The ids `i` of some sources, as [`exact`] compares them with a column: each once.
pub fn exact_set(table: &Table, name: &str, sources: &[String]) -> String {
    let value = match kind(table, name) {
        ColumnKind::Uuid => folded("atom"),
        _ => "atom".to_string(),
    };
    let select = |source: &String| format!("SELECT {value} AS i FROM {source} WHERE type='text' AND atom<>''");
    match sources {
        [source] => format!("({})", select(source).replacen("SELECT", "SELECT DISTINCT", 1)),
        _ => format!("(SELECT DISTINCT i FROM ({}))", union_all(sources.iter().map(select).collect())),
    }
}

/// The id that `facts` reads from a column, as text; NULL for what it cannot read (and '' for '', which it cannot either).
pub fn id(alias: &str, table: &Table, name: &str) -> String {
    let value = column(alias, name);
    let plain = plain_id(&value);
    match kind(table, name) {
        ColumnKind::Uuid => format!("CASE WHEN typeof({value})='text' THEN {} ELSE {plain} END", normal_uuid(&value)),
        _ => plain,
    }
}

/// An id as text, whatever its kind. The collation of the column must not follow it: sets of ids would lose one of `Ann`
/// and `ann`.
pub fn plain_id(value: &str) -> String {
    format!("CASE WHEN typeof({value}) IN ('text','integer') THEN CAST({value} AS TEXT) END COLLATE BINARY")
}

/// A text as [`crate::rows::normal_uuid`] makes it.
///
/// `length` stops at a NUL and counts characters, `octet_length` counts bytes: only text of 32 ASCII characters passes.
pub fn normal_uuid(value: &str) -> String {
    let h = folded(value);
    format!(
        "CASE WHEN (octet_length({value})=32 OR {value} LIKE '________-____-____-____-____________') \
         AND octet_length({h})=32 AND length({h})=32 AND {h} NOT GLOB '*[^0-9a-f]*' \
         THEN substr({h},1,8)||'-'||substr({h},9,4)||'-'||substr({h},13,4)||'-'||substr({h},17,4)||'-'||substr({h},21) \
         ELSE CAST({value} AS TEXT) END COLLATE BINARY"
    )
}

/// The whole number that a text id spells, if it is exactly the spelling of one.
pub fn number(text: &str) -> String {
    format!("CASE WHEN {text}=CAST(CAST({text} AS INTEGER) AS TEXT) THEN CAST({text} AS INTEGER) END")
}

/// A value of a row inside JSON. JSON has no bytes, and SQLite prints REAL with 15 digits where Cedar's `decimal` may need
/// 17.
pub fn cell(alias: &str, table: &Table, name: &str) -> String {
    let value = column(alias, name);
    let real = match kind(table, name) {
        ColumnKind::Decimal => format!(" WHEN 'real' THEN json_object('real',format('%!.17g',{value}))"),
        _ => String::new(),
    };
    format!("CASE typeof({value}) WHEN 'blob' THEN json_object('blob',hex({value})){real} ELSE {value} END")
}

/// The text that a pattern makes of a row; '' where `facts` cannot read it.
pub fn pattern(alias: &str, pattern: &Pattern) -> String {
    let pieces: Vec<String> = pattern
        .0
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => literal(text),
            Piece::Column(name) => {
                let c = column(alias, name);
                format!("CASE typeof({c}) WHEN 'text' THEN nullif({c},'') WHEN 'integer' THEN CAST({c} AS TEXT) END")
            }
        })
        .collect();
    format!("coalesce({},'')", if pieces.is_empty() { "NULL".to_string() } else { pieces.join("||") })
}

/// Whether the id in a column cannot be read. Never NULL itself.
pub fn unreadable_id(alias: &str, name: &str) -> String {
    let c = column(alias, name);
    format!("(typeof({c}) NOT IN ('integer','text') OR {c}='')")
}

/// Whether a reference cannot be read: its id, or the name of its type.
pub fn unreadable_target(alias: &str, target: &Target) -> String {
    let bad_id = unreadable_id(alias, target.id_column());
    match target {
        Target::Fixed { .. } => bad_id,
        Target::Typed { type_column, types, .. } => {
            let c = column(alias, type_column);
            // `lower` folds ASCII only, as `facts` does, and leaves the column's collation behind.
            let names = list(types.keys().map(String::as_str));
            format!("({bad_id} OR NOT (typeof({c}) IN ('integer','text') AND lower(CAST({c} AS TEXT)) IN {names}))")
        }
    }
}

/// Whether a row names no scope: it holds everywhere. The id is tested in the form that the index has.
pub fn unscoped(alias: &str, table: &Table, scope: &Target) -> String {
    let id = format!("{} IS NULL", exact(alias, table, scope.id_column()));
    match scope {
        Target::Fixed { .. } => id,
        Target::Typed { type_column, .. } => format!("{id} AND {} IS NULL", column(alias, type_column)),
    }
}

/// Whether a row names a scope that cannot be read.
pub fn unreadable_scope(alias: &str, scope: &Target) -> String {
    // `IS NOT NULL` would invite SQLite to range over another index.
    let id = format!("typeof({})<>'null'", column(alias, scope.id_column()));
    let bad = unreadable_target(alias, scope);
    match scope {
        Target::Fixed { .. } => format!("({id} AND {bad})"),
        Target::Typed { type_column, .. } => {
            format!("(({id} OR typeof({})<>'null') AND {bad})", column(alias, type_column))
        }
    }
}

/// Whether a row of a table with a `granted` column is not readably a permit: it forbids, or may.
pub fn may_forbid(alias: &str, granted: &str) -> String {
    let c = column(alias, granted);
    format!("NOT (typeof({c}) IN ('integer','text') AND lower(CAST({c} AS TEXT)) IN ('1','true'))")
}

/// SELECTs put together. SQLite in D1 takes five at most on one level.
pub fn union_all(mut parts: Vec<String>) -> String {
    const MOST: usize = 5;
    while parts.len() > MOST {
        parts = parts.chunks(MOST).map(|five| format!("SELECT * FROM ({})", five.join(" UNION ALL "))).collect();
    }
    parts.join(" UNION ALL ")
}

/// Texts put together, as a balanced tree: a chain of more than 100 would be too deep for D1.
pub fn concatenated(parts: &[String]) -> String {
    match parts {
        [] => "''".to_string(),
        [one] => one.clone(),
        _ => {
            let (a, b) = parts.split_at(parts.len() / 2);
            format!("({}||{})", concatenated(a), concatenated(b))
        }
    }
}
