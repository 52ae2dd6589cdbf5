// SPDX-License-Identifier: Apache-2.0
//! How the values of a column are read, by its type's name, and whether it holds a secret, by its own.

use super::words::words;
use crate::mapping::ColumnKind;

/// The kind of a type's name; `None` for a name that says nothing, whose values are read as text.
pub(super) fn kind(type_name: &str) -> Option<ColumnKind> {
    let lower = type_name.trim().to_lowercase();
    if lower.ends_with("[]") {
        return Some(ColumnKind::Text);
    }
    let (name, parameters) = match (lower.find('('), lower.rfind(')')) {
        // `timestamp(6) with time zone`: what follows the parameters does not change the kind.
        (Some(open), Some(close)) if open < close => (&lower[..open], Some(&lower[open + 1..close])),
        _ => (lower.as_str(), None),
    };
    let name = name.trim();
    // `int unsigned`, `double precision`, `character varying`, `timestamp with time zone`: the first word tells.
    let first = name.split_whitespace().next().unwrap_or("");
    let scale = || parameters.and_then(|p| p.split(',').nth(1)).and_then(|s| s.trim().parse::<u32>().ok());
    Some(match first {
        "bool" | "boolean" => ColumnKind::Bool,
        "bit" => match parameters.is_none_or(|p| p.trim() == "1") {
            true => ColumnKind::Bool,
            false => ColumnKind::Text,
        },
        "tinyint" if parameters.is_some_and(|p| p.trim() == "1") => ColumnKind::Bool,
        "int" | "integer" | "bigint" | "smallint" | "mediumint" | "tinyint" | "long" | "short" | "serial"
        | "bigserial" | "smallserial" | "year" | "int2" | "int4" | "int8" | "int16" | "int32" | "int64" | "uint"
        | "uint8" | "uint16" | "uint32" | "uint64" | "i32" | "i64" | "u32" | "u64" | "bigint_unsigned" => {
            ColumnKind::Long
        }
        "number" if scale().is_none_or(|s| s == 0) => ColumnKind::Long,
        "decimal" | "numeric" | "dec" if scale() == Some(0) => ColumnKind::Long,
        "decimal" | "numeric" | "dec" | "number" | "float" | "double" | "real" | "money" | "smallmoney" | "float4"
        | "float8" | "float32" | "float64" => ColumnKind::Decimal,
        "uuid" | "guid" | "uniqueidentifier" => ColumnKind::Uuid,
        "datetime" | "datetime2" | "smalldatetime" | "datetimeoffset" | "timestamp" | "timestamptz" | "instant" => {
            ColumnKind::Time
        }
        "blob" | "tinyblob" | "mediumblob" | "longblob" | "bytea" | "binary" | "varbinary" | "bytes" | "raw"
        | "image" => ColumnKind::Blob,
        "string" | "text" | "varchar" | "varchar2" | "char" | "character" | "nvarchar" | "nvarchar2" | "nchar"
        | "ntext" | "tinytext" | "mediumtext" | "longtext" | "clob" | "nclob" | "citext" | "json" | "jsonb"
        | "enum" | "set" | "xml" | "ulid" | "cuid" | "nanoid" | "date" | "time" | "timetz" | "interval" | "inet"
        | "cidr" | "name" | "url" | "email" => ColumnKind::Text,
        _ => return None,
    })
}

/// Words that make a column's name that of a secret, wherever they stand in it.
const SECRET_WORDS: [&str; 25] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "hash",
    "hashed",
    "salt",
    "otp",
    "totpsecret",
    "apikey",
    "apikeys",
    "privatekey",
    "credential",
    "credentials",
    "passcode",
    "passkey",
    "pin",
    "cvv",
    "mnemonic",
    "passwordhash",
    "accesstoken",
];

/// Pairs of neighbouring words that do.
const SECRET_PAIRS: [(&str, &str); 7] = [
    ("backup", "code"),
    ("backup", "codes"),
    ("api", "key"),
    ("private", "key"),
    ("recovery", "code"),
    ("recovery", "codes"),
    ("signing", "key"),
];

/// Chinese words that do, in both scripts.
const SECRET_PARTS: [&str; 8] = ["密碼", "密码", "雜湊", "哈希", "權杖", "令牌", "金鑰", "密钥"];

/// Whether a column holds a secret: never an attribute, unless the model exposes it.
///
/// A boolean is none (`password_expired`), nor a time (`token_expires_at`), nor a count (`input_tokens`): but a number named
/// `pin` or `otp` is one.
pub(super) fn is_secret(name: &str, kind: ColumnKind) -> bool {
    if matches!(kind, ColumnKind::Bool | ColumnKind::Time) {
        return false;
    }
    let all = words(name);
    let counted = matches!(kind, ColumnKind::Long | ColumnKind::Decimal);
    let by_word = all.iter().any(|word| {
        SECRET_WORDS.contains(&word.as_str()) || (!counted && matches!(word.as_str(), "tokens" | "hashes"))
    });
    let by_pair = all.windows(2).any(|pair| SECRET_PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())));
    let by_part = SECRET_PARTS.iter().any(|part| name.contains(part));
    by_word || by_pair || by_part
}

#[cfg(test)]
mod tests {
    use super::{is_secret, kind};
    use crate::mapping::ColumnKind::{Blob, Bool, Decimal, Long, Text, Time, Uuid};

    #[test]
    fn types_are_read_by_their_first_word_and_their_parameters() {
        for (name, expected) in [
            ("BOOLEAN", Some(Bool)),
            ("tinyint(1)", Some(Bool)),
            ("tinyint(4)", Some(Long)),
            ("bit", Some(Bool)),
            ("bigint(20) unsigned", Some(Long)),
            ("number", Some(Long)),
            ("NUMBER(10,2)", Some(Decimal)),
            ("numeric(10, 0)", Some(Long)),
            ("decimal", Some(Decimal)),
            ("double precision", Some(Decimal)),
            ("uuid", Some(Uuid)),
            ("timestamp with time zone", Some(Time)),
            ("TIMESTAMP(6)", Some(Time)),
            ("date", Some(Text)),
            ("interval", Some(Text)),
            ("string(100)", Some(Text)),
            ("character varying(20)", Some(Text)),
            ("int[]", Some(Text)),
            ("bytea", Some(Blob)),
            ("geometry", None),
            ("", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }

    #[test]
    fn secrets_are_seen_by_name_and_counts_are_not() {
        for name in [
            "hashed_password",
            "password_hash",
            "totp_secret",
            "backup_codes",
            "accessToken",
            "question_hash",
            "密碼雜湊",
        ] {
            assert!(is_secret(name, Text), "{name}");
        }
        for name in ["name", "hashtag", "api_calls", "tokenizer"] {
            assert!(!is_secret(name, Text), "{name}");
        }
        assert!(!is_secret("input_tokens", Long));
        assert!(is_secret("tokens", Text));
        assert!(is_secret("pin", Long));
        assert!(!is_secret("totp_secret_set", Bool));
        assert!(!is_secret("token_expires_at", Time));
    }
}
