// SPDX-License-Identifier: Apache-2.0
//! Checked identifiers: once made, valid.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The identity of an entity: its Cedar type and its id. Ids compare bytewise, never by collation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uid {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: String,
}

impl Uid {
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Uid {
        Uid { kind: kind.into(), id: id.into() }
    }
}

/// A Cedar entity literal: `User::"alice"`.
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.kind, quote(&self.id))
    }
}

/// `text` as a Cedar string literal, with its quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            // Control and formatting characters would hide from a reviewer what a policy says.
            c if c.is_control() || is_invisible(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What a Cedar string literal, with its quotes, stands for; `None` where it is none.
pub fn unquote(literal: &str) -> Option<String> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut text = String::with_capacity(literal.len());
    while let Some(c) = rest.next() {
        match c {
            '"' => return None,
            '\\' => text.push(match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                same @ ('\\' | '"' | '\'') => same,
                'x' => {
                    let digits = rest.as_str().get(..2)?;
                    rest = rest.as_str()[2..].chars();
                    char::from_u32(hex(digits)?).filter(char::is_ascii)?
                }
                'u' => {
                    let (digits, more) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                    rest = more.chars();
                    char::from_u32(hex(digits)?)?
                }
                _ => return None,
            }),
            c => text.push(c),
        }
    }
    Some(text)
}

fn hex(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Characters that print nothing or reorder what is printed around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Why `name` cannot be the name of a Cedar entity type; `None` when it can.
///
/// Cedar's identifiers are `[_a-zA-Z][_a-zA-Z0-9]*` without its reserved words; its built-in type names would change
/// what a schema means, and `Action` is the type of actions.
pub fn type_name_problem(name: &str) -> Option<&'static str> {
    const RESERVED: [&str; 10] = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"];
    const BUILT_IN: [&str; 11] =
        ["Bool", "Boolean", "Long", "String", "Set", "Record", "Entity", "Extension", "ipaddr", "decimal", "datetime"];
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic());
    if !starts || !chars.all(|c| c == '_' || c.is_ascii_alphanumeric()) {
        return Some("is not a Cedar identifier (a letter or `_`, then letters, digits and `_`)");
    }
    if RESERVED.contains(&name) {
        return Some("is a reserved word of Cedar");
    }
    if BUILT_IN.contains(&name) || name == "duration" {
        return Some("is the name of a built-in type of Cedar");
    }
    match name {
        "Action" => Some("is Cedar's type of actions"),
        GROUP_ROLE => Some("is the type that Palisade gives to roles within groups"),
        _ => None,
    }
}

/// Whether `name` can stand behind a dot in Cedar (`resource.name`); otherwise it is written `resource["name"]`.
pub fn is_identifier(name: &str) -> bool {
    type_name_problem(name).is_none() || matches!(name, "Action" | GROUP_ROLE) || {
        // Built-in type names are ordinary attribute names.
        type_name_problem(name) == Some("is the name of a built-in type of Cedar")
    }
}

/// The entity type of `GroupRole::"g#admin"`: a role within one group (section 4, rule 8).
pub const GROUP_ROLE: &str = "GroupRole";

/// The attribute that an entity carries exactly when a row stands behind it. Guards test it, since Cedar itself gives
/// an entity that does not exist the same answers as one without attributes.
pub const ROW_ATTRIBUTE: &str = "palisade_row";

/// The attribute of a principal that holds the names of its live unscoped roles (section 4, rule 2).
pub const ROLES_ATTRIBUTE: &str = "roles";

/// The gate itself as a resource, where a model declares it: `Palisade::"gate"`.
pub const GATE: &str = "Palisade";
pub const GATE_ID: &str = "gate";

/// One table of the model as a resource of those who change its rows: `PalisadeTable::"ROLES"`, inside the gate.
pub const GATE_TABLE: &str = "PalisadeTable";

/// The nearest of `candidates` to a name that does not exist, if one is near enough to be a slip of the hand.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let length = name.chars().count();
    candidates
        .into_iter()
        // Names of very different length are not compared letter by letter: a name may be a megabyte long.
        .filter(|candidate| {
            let count = candidate.chars().count();
            count.abs_diff(length) <= 2 + count / 4
        })
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_as_a_literal_that_hides_nothing() {
        assert_eq!(Uid::new("User", "a\"b\\c").to_string(), r#"User::"a\"b\\c""#);
        assert_eq!(Uid::new("User", "a\0\u{202e}b").to_string(), r#"User::"a\0\u{202e}b""#);
        assert_eq!(Uid::new("User", "用戶🙂").to_string(), "User::\"用戶🙂\"");
    }

    #[test]
    fn a_literal_reads_back() {
        for text in ["", "a", "a\"b\\c", "o'neil", "\0\n\r\t", "\u{202e}x", "用戶🙂", "\\u{41}"] {
            assert_eq!(unquote(&quote(text)).as_deref(), Some(text));
        }
        assert_eq!(unquote(r#""\x41\u{1F642}\'""#).as_deref(), Some("A🙂'"));
        for broken in
            ["", "\"", "a", "\"a", r#""a"b""#, r#""\q""#, r#""\x4""#, r#""\u{}""#, r#""\u{110000}""#, r#""\""#]
        {
            assert_eq!(unquote(broken), None, "{broken}");
        }
    }

    #[test]
    fn entity_types_are_cedar_identifiers() {
        for name in ["User", "_x", "Order", "Group", "A1"] {
            assert_eq!(type_name_problem(name), None, "{name}");
        }
        for name in ["", "1A", "用戶", "a-b", "in", "Action", "Long", "GroupRole", "a b"] {
            assert!(type_name_problem(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("user_idd", ["user_id", "role_id"]), Some("user_id"));
        assert_eq!(nearest("zebra", ["user_id", "role_id"]), None);
    }
}
