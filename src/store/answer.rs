// SPDX-License-Identifier: Apache-2.0
//! The text that a statement returns, read back into values: exactly, or not at all.

use super::StoreError;
use super::statement::MOST_CELLS;
use crate::rows::Value;
use serde_json::value::RawValue;

/// The rows in a JSON array of rows.
pub(super) fn rows(json: &str, width: usize) -> Result<Vec<Vec<Value>>, StoreError> {
    let rows: Vec<&RawValue> = serde_json::from_str(json).map_err(damaged)?;
    rows.into_iter().map(|row| self::row(row.get(), width)).collect()
}

/// Several JSON arrays of rows in one more array.
pub(super) fn groups(json: &str) -> Result<Vec<&RawValue>, StoreError> {
    serde_json::from_str(json).map_err(damaged)
}

/// One row of `width` cells, a JSON array.
pub(super) fn row(json: &str, width: usize) -> Result<Vec<Value>, StoreError> {
    let mut cells: Vec<&RawValue> = serde_json::from_str(json).map_err(damaged)?;
    if width > MOST_CELLS {
        let pieces = cells.iter().map(|piece| serde_json::from_str::<Vec<&RawValue>>(piece.get()));
        cells = pieces.collect::<Result<Vec<_>, _>>().map_err(damaged)?.concat();
    }
    if cells.len() != width {
        return Err(StoreError::damaged(format!("a row came back with {} values in place of {width}", cells.len())));
    }
    cells.into_iter().map(|cell| value(cell.get())).collect()
}

/// A whole number that is not negative, as Palisade's own tables hold them.
pub(super) fn count(text: Option<&str>, what: &str) -> Result<u64, StoreError> {
    let text = text.ok_or_else(|| StoreError::damaged(format!("{what} is NULL")))?;
    text.parse().map_err(|_| StoreError::damaged(format!("{what} is `{text}`, which is no whole number")))
}

fn value(json: &str) -> Result<Value, StoreError> {
    match json.as_bytes() {
        b"null" => Ok(Value::Null),
        // Not UTF-8 in the database: the id of nobody, the value of nothing. Its bytes do not matter, only that it cannot
        // be read and equals no text.
        [b'"', ..] if json.contains('\u{fffd}') => Ok(Value::Blob(json.trim_matches('"').as_bytes().to_vec())),
        [b'"', ..] => serde_json::from_str(json).map(Value::Text).map_err(damaged),
        [b'{', ..] => marked(json),
        // A number with neither point nor exponent was an INTEGER: SQLite writes 1.0 for the REAL.
        _ if !json.contains(['.', 'e', 'E']) => match json.parse() {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => Err(StoreError::damaged(format!("`{json}` came back for a whole number"))),
        },
        // Infinity comes as 9.0e+999, which overflows to it.
        _ => match json.parse() {
            Ok(number) => Ok(Value::Real(number)),
            Err(_) => Err(StoreError::damaged(format!("`{json}` came back for a number"))),
        },
    }
}

/// A value that JSON has no form for.
fn marked(json: &str) -> Result<Value, StoreError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Marked {
        Blob(String),
        Real(String),
    }
    match serde_json::from_str(json).map_err(damaged)? {
        Marked::Blob(hex) => {
            let bytes = hex.as_bytes().chunks(2).map(|pair| {
                let text = std::str::from_utf8(pair).unwrap_or_default();
                u8::from_str_radix(text, 16).ok()
            });
            let bytes = bytes.collect::<Option<Vec<u8>>>();
            bytes
                .map(Value::Blob)
                .ok_or_else(|| StoreError::damaged("bytes came back in a form that is not hexadecimal"))
        }
        Marked::Real(text) => match text.as_str() {
            "Inf" => Ok(Value::Real(f64::INFINITY)),
            "-Inf" => Ok(Value::Real(f64::NEG_INFINITY)),
            text => text
                .parse()
                .map(Value::Real)
                .map_err(|_| StoreError::damaged(format!("`{text}` came back for a number"))),
        },
    }
}

fn damaged(error: serde_json::Error) -> StoreError {
    let cause = super::DriverError { failure: super::Failure::Damaged, cause: Box::new(error) };
    StoreError::Damaged { what: "the result of a statement".to_string(), cause: Some(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let json = r#"[null,1,1.0,-9223372036854775808,9.0e+999,"a\u0000\ufffd",{"blob":"00FF"},{"real":"0.1"}]"#;
        let expected = vec![
            Value::Null,
            Value::Integer(1),
            Value::Real(1.0),
            Value::Integer(i64::MIN),
            Value::Real(f64::INFINITY),
            Value::Text("a\0\u{fffd}".to_string()),
            Value::Blob(vec![0, 255]),
            Value::Real(0.1),
        ];
        assert_eq!(row(json, 8).unwrap(), expected);
    }

    #[test]
    fn text_that_was_not_utf_8_cannot_be_read() {
        assert!(matches!(&row("[\"a\u{fffd}\"]", 1).unwrap()[..], [Value::Blob(_)]));
    }

    #[test]
    fn a_result_of_another_shape_is_an_error() {
        for json in ["", "[1", "[1,2]", "{}", "[[1]]", "[true]", "[1e]", "[{\"blob\":\"0x\"}]", "[{\"other\":\"\"}]"] {
            assert!(row(json, 1).is_err(), "{json}");
        }
    }
}
