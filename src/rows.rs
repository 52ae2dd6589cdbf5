// SPDX-License-Identifier: Apache-2.0
//! Values as a database gives them, and how they are read: what is true, when, and whose id.
//!
//! Reading never guesses. A value that is not one of the forms of section 4 of the design is [`Reading::Unreadable`], and
//! whoever asked decides on the safe side.

use crate::mapping::{ColumnKind, Test};
use std::collections::BTreeMap;

/// One value of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// Rows of one table, or of a part of it, with the columns that were asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

/// Rows by the name of their table.
pub type Rows = BTreeMap<String, TableRows>;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// What reading a value came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    Null,
    Is(T),
    Unreadable,
}

impl<T> Reading<T> {
    pub fn known(self) -> Option<T> {
        match self {
            Reading::Is(value) => Some(value),
            _ => None,
        }
    }
}

/// 0 or 1, `true` or `false` (ASCII case is ignored).
pub fn read_bool(value: &Value) -> Reading<bool> {
    match value {
        Value::Null => Reading::Null,
        Value::Integer(0) => Reading::Is(false),
        Value::Integer(1) => Reading::Is(true),
        Value::Text(text) if text == "0" || text.eq_ignore_ascii_case("false") => Reading::Is(false),
        Value::Text(text) if text == "1" || text.eq_ignore_ascii_case("true") => Reading::Is(true),
        _ => Reading::Unreadable,
    }
}

/// Whether a value is surely what a condition of `live` asks for: one that cannot be read is not.
pub fn meets(value: &Value, test: &Test) -> bool {
    match test {
        Test::IsTrue => read_bool(value) == Reading::Is(true),
        Test::IsFalse => read_bool(value) == Reading::Is(false),
        Test::EqualsText(wanted) => match value {
            Value::Text(text) => text == wanted,
            Value::Integer(number) => number.to_string() == *wanted,
            _ => false,
        },
        Test::EqualsLong(wanted) => *value == Value::Integer(*wanted),
        Test::IsNull => *value == Value::Null,
        Test::IsNotNull => *value != Value::Null,
    }
}

/// RFC 3339 text, `YYYY-MM-DD HH:MM:SS` in UTC (a fraction of a second may follow), or whole Unix seconds. A fraction
/// below a millisecond is cut off, so that nothing lasts longer than it says.
pub fn read_time(value: &Value) -> Reading<Millis> {
    match value {
        Value::Null => Reading::Null,
        Value::Integer(seconds) => match seconds.checked_mul(1000) {
            Some(millis) if (MIN_MILLIS..=MAX_MILLIS).contains(&millis) => Reading::Is(millis),
            _ => Reading::Unreadable,
        },
        Value::Text(text) => match parse_time(text) {
            Some(millis) => Reading::Is(millis),
            None => Reading::Unreadable,
        },
        Value::Real(_) | Value::Blob(_) => Reading::Unreadable,
    }
}

/// The first instant of the years 0000 to 9999, which are those that RFC 3339 and Cedar's `datetime` can write.
pub const MIN_MILLIS: Millis = -62_167_219_200_000;
/// The last of them.
pub const MAX_MILLIS: Millis = 253_402_300_799_999;

/// An instant as text, in one of the two text forms; or as whole Unix seconds in digits, which is what SQLite makes of a
/// number that is put into a column of text.
pub fn parse_time(text: &str) -> Option<Millis> {
    if text.len() <= MAX_SECONDS_DIGITS && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<Millis>().ok()?.checked_mul(1000);
    }
    let millis = match chrono::DateTime::parse_from_rfc3339(text) {
        // The library also takes a space or `t` between date and time, and a lower-case `z`; RFC 3339 allows these.
        Ok(time) => time.timestamp_millis(),
        Err(_) => {
            chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?.and_utc().timestamp_millis()
        }
    };
    (MIN_MILLIS..=MAX_MILLIS).contains(&millis).then_some(millis)
}

/// Seconds until the year 9999 have this many digits.
const MAX_SECONDS_DIGITS: usize = 11;

/// An instant as RFC 3339 text in UTC, to the millisecond.
pub fn format_time(millis: Millis) -> String {
    match chrono::DateTime::from_timestamp_millis(millis) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => format!("{millis} ms"),
    }
}

/// The id that a key column holds: whole numbers and text as they are, UUIDs in lower case with hyphens. Empty text names
/// nobody.
pub fn read_id(value: &Value, kind: ColumnKind) -> Reading<String> {
    match value {
        Value::Null => Reading::Null,
        Value::Integer(number) => Reading::Is(number.to_string()),
        Value::Text(text) if text.is_empty() => Reading::Unreadable,
        Value::Text(text) if kind == ColumnKind::Uuid => Reading::Is(normal_uuid(text)),
        Value::Text(text) => Reading::Is(text.clone()),
        Value::Real(_) | Value::Blob(_) => Reading::Unreadable,
    }
}

/// A UUID in lower case with hyphens, if `text` is one with or without hyphens; otherwise the text itself. Forms with
/// braces or a prefix are left alone: only the two forms that databases store are the same id.
pub fn normal_uuid(text: &str) -> String {
    if !matches!(text.len(), 32 | 36) {
        return text.to_string();
    }
    uuid::Uuid::try_parse(text).map_or_else(|_| text.to_string(), |id| id.hyphenated().to_string())
}

/// Text for people: what a value is, at most 40 characters of it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) if text.chars().count() > 40 => format!("{:?}…", text.chars().take(40).collect::<String>()),
        Value::Text(text) => format!("{text:?}"),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_string())
    }

    #[test]
    fn booleans_are_read_in_two_forms_and_no_other() {
        for value in [Value::Integer(1), text("true"), text("TRUE"), text("1")] {
            assert_eq!(read_bool(&value), Reading::Is(true), "{value:?}");
        }
        for value in [Value::Integer(0), text("false"), text("False"), text("0")] {
            assert_eq!(read_bool(&value), Reading::Is(false), "{value:?}");
        }
        for value in [Value::Integer(2), Value::Integer(-1), text("yes"), text(""), text(" 1"), Value::Real(1.0)] {
            assert_eq!(read_bool(&value), Reading::Unreadable, "{value:?}");
        }
        assert_eq!(read_bool(&Value::Null), Reading::Null);
    }

    #[test]
    fn times_are_read_in_three_forms_and_no_other() {
        let noon = 1_767_268_800_000;
        for value in [
            text("2026-01-01T12:00:00Z"),
            text("2026-01-01T14:00:00+02:00"),
            text("2026-01-01 12:00:00"),
            text("2026-01-01T12:00:00.000Z"),
            Value::Integer(noon / 1000),
            text("1767268800"),
        ] {
            assert_eq!(read_time(&value), Reading::Is(noon), "{value:?}");
        }
        assert_eq!(read_time(&text("2026-01-01 12:00:00.0019")), Reading::Is(noon + 1));
        for value in [
            text("2026-01-01"),
            text("soon"),
            text(""),
            text("2026-13-01T00:00:00Z"),
            text("2026-01-01T12:00:00"),
            text("17672688001234"),
            text("-5"),
            Value::Real(1.5),
            Value::Integer(i64::MAX),
        ] {
            assert_eq!(read_time(&value), Reading::Unreadable, "{value:?}");
        }
    }

    #[test]
    fn ids_are_text_and_uuids_have_one_spelling() {
        let id = "0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11";
        for spelling in [id.to_string(), id.to_uppercase(), id.replace('-', "")] {
            assert_eq!(read_id(&Value::Text(spelling), ColumnKind::Uuid), Reading::Is(id.to_string()));
        }
        assert_eq!(read_id(&text("Ann"), ColumnKind::Uuid), Reading::Is("Ann".to_string()));
        assert_eq!(read_id(&text("ÅNN"), ColumnKind::Text), Reading::Is("ÅNN".to_string()));
        assert_eq!(read_id(&Value::Integer(i64::MAX), ColumnKind::Long), Reading::Is(i64::MAX.to_string()));
        assert_eq!(read_id(&text(""), ColumnKind::Text), Reading::Unreadable);
        assert_eq!(read_id(&Value::Real(1.0), ColumnKind::Long), Reading::Unreadable);
    }
}
