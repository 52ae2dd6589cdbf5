// SPDX-License-Identifier: Apache-2.0
//! Plain words for people who never saw a policy: what entities are called, what actions are as verbs, and when.

use super::place::{At, Places};
use crate::facts::Scope;
use crate::mapping::{ColumnKind, EntityKind, Live, Table, Test};
use crate::name::{GATE, GATE_TABLE, GROUP_ROLE, Uid};
use crate::rows::{Millis, Reading, Value, format_time, meets, read_bool, read_time, show};

/// Columns by which people call a thing, the best first.
const NAMES: [&str; 10] =
    ["display_name", "full_name", "name", "title", "label", "username", "user_name", "login", "email", "subject"];

/// What such columns end with, in the languages that schemas are drawn in here.
const ENDINGS: [&str; 8] = ["_name", "_title", "名稱", "标题", "標題", "姓名", "名称", "名"];

/// Labels are short.
const MAX_LABEL: usize = 60;

/// What people call an entity, where a column of its row says so.
pub fn label(places: &Places, uid: &Uid) -> Option<String> {
    let at = places.of(uid)?;
    let entity = at.table.entity()?;
    let text = |column: &str| match places.value(at, column) {
        Value::Text(text) if !text.trim().is_empty() => Some(text.trim().to_string()),
        _ => None,
    };
    let has = |name: &str| -> Option<&str> {
        let found = at.table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
        (found.kind == ColumnKind::Text && !found.secret && found.references.is_none()).then_some(found.name.as_str())
    };
    let role = entity.name.as_deref().filter(|_| entity.entity == EntityKind::Role).and_then(text);
    let whole = || match (has("first_name").and_then(text), has("last_name").and_then(text)) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (first, last) => first.or(last),
    };
    let named = || NAMES.iter().filter_map(|name| has(name)).find_map(text);
    let ending = || {
        let columns = at.table.columns.iter().filter(|column| ENDINGS.iter().any(|end| column.name.ends_with(end)));
        columns.filter_map(|column| has(&column.name)).find_map(text)
    };
    let found = role.or_else(whole).or_else(named).or_else(ending)?;
    Some(if found.chars().count() > MAX_LABEL {
        found.chars().take(MAX_LABEL - 1).chain(['…']).collect()
    } else {
        found
    })
}

/// An entity as people call it, with its id where that is another word.
pub fn called(places: &Places, uid: &Uid) -> String {
    match label(places, uid) {
        Some(label) if label.eq_ignore_ascii_case(&uid.id) => label,
        Some(label) => format!("{label} ({})", uid.id),
        None => uid.id.clone(),
    }
}

/// By the name alone, for a second mention.
pub fn briefly(places: &Places, uid: &Uid) -> String {
    label(places, uid).unwrap_or_else(|| uid.id.clone())
}

/// The same with its type: `the document Launch plan (plan)`. People are called by their names alone.
pub fn thing(places: &Places, uid: &Uid) -> String {
    match uid.kind.as_str() {
        GATE => "the gate".to_string(),
        GATE_TABLE => format!("the table {}", uid.id),
        GROUP_ROLE => match uid.id.rsplit_once('#') {
            Some((group, role)) => format!("the role {role} within {}", group.replace("%23", "#").replace("%25", "%")),
            None => uid.to_string(),
        },
        kind if is_principal(places, kind) => called(places, uid),
        kind => format!("the {} {}", kind_words(kind), called(places, uid)),
    }
}

pub fn is_principal(places: &Places, kind: &str) -> bool {
    places.mapping.principals().any(|(_, entity)| entity.type_name == kind)
}

/// An entity type in small letters, with spaces: `oauth account`.
pub fn kind_words(kind: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in kind.chars() {
        if c == '_' {
            words.push(' ');
        } else {
            if c.is_uppercase() && before.is_lowercase() {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}

/// Several of a type: `documents`.
pub fn plural(kind: &str) -> String {
    let word = kind_words(kind);
    match word.as_str() {
        _ if !word.is_ascii() => word,
        _ if word.ends_with('s') => word,
        _ if word.ends_with('y') && !word.ends_with("ey") && !word.ends_with("ay") => {
            format!("{}ies", &word[..word.len() - 1])
        }
        _ => format!("{word}s"),
    }
}

/// An action as a verb: `write` for `document:write`.
pub fn verb(action: &str) -> String {
    let last = action.rsplit([':', '.', '/']).next().unwrap_or(action);
    let word = if last.is_empty() { action } else { last };
    match kind_words(word).replace('-', " ") {
        admin if admin == "admin" => "administer".to_string(),
        word => word,
    }
}

/// What is done to what: `write the document Plan`, `manage members of the group Board`.
pub fn deed(places: &Places, action: &str, resource: &Uid) -> String {
    doing(action, &thing_or_person(places, resource))
}

/// People as what is acted on are told with their type, too.
fn thing_or_person(places: &Places, uid: &Uid) -> String {
    if is_principal(places, &uid.kind) {
        return format!("the {} {}", kind_words(&uid.kind), called(places, uid));
    }
    thing(places, uid)
}

fn doing(action: &str, what: &str) -> String {
    let verb = verb(action);
    if verb.contains(' ') { format!("{verb} of {what}") } else { format!("{verb} {what}") }
}

/// Some actions on what a scope says: `read or write documents within the project Apollo`.
pub fn deeds(places: &Places, actions: Option<&[String]>, wanted: &str, scope: &Scope) -> String {
    let on = match scope {
        Scope::Any => "anything".to_string(),
        Scope::Is(kind) => plural(kind),
        Scope::Eq(uid) => thing_or_person(places, uid),
        Scope::In(uid) if places.mapping.holds_others(&uid.kind) => {
            format!("{} and all within it", thing_or_person(places, uid))
        }
        Scope::In(uid) => thing_or_person(places, uid),
        Scope::IsIn(kind, uid) if *kind == uid.kind => thing_or_person(places, uid),
        Scope::IsIn(kind, uid) => format!("{} within {}", plural(kind), thing_or_person(places, uid)),
    };
    match actions {
        None => format!("do anything to {on}"),
        Some(actions) if actions.iter().any(|action| action == wanted) => doing(wanted, &on),
        Some(actions) => {
            let mut verbs: Vec<String> = actions.iter().map(|action| verb(action)).collect();
            verbs.truncate(3);
            format!("{} {on}", listed(&verbs, "or"))
        }
    }
}

/// `a, b and c`.
pub fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., end] => format!("{} {last} {end}", some.join(", ")),
    }
}

/// An instant as people write it, no finer than it is.
pub fn when(time: Millis) -> String {
    let text = format_time(time);
    let Some((date, clock)) = text.split_once('T') else { return text };
    let clock = clock.trim_end_matches('Z');
    let clock = clock.strip_suffix(".000").unwrap_or(clock);
    match clock.strip_suffix(":00").unwrap_or(clock) {
        "00:00" => date.to_string(),
        clock => format!("{date} {clock} UTC"),
    }
}

/// A value, for a sentence.
pub fn told(value: &Value, kind: ColumnKind) -> String {
    match (value, kind) {
        (Value::Null, _) => "empty".to_string(),
        (value, ColumnKind::Bool) => match read_bool(value) {
            Reading::Is(value) => value.to_string(),
            _ => show(value),
        },
        (Value::Text(text), _) => format!("“{text}”"),
        (value, _) => show(value),
    }
}

/// Why a row does not count, each reason with its column; nothing where it counts.
pub fn not_counting<'a>(
    places: &Places<'a>,
    at: At<'a>,
    live: &'a [Live],
    expires: Option<&'a str>,
    now: Millis,
) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for live in live {
        let value = places.value(at, &live.column);
        if !meets(value, &live.test) {
            found.push((live.column.as_str(), not_live(at.table, live, value)));
        }
    }
    if let Some(column) = expires {
        let value = places.value(at, column);
        match read_time(value) {
            Reading::Is(time) if time <= now => {
                found.push((column, format!("it ended on {} (`{column}`)", when(time))))
            }
            Reading::Unreadable => found.push((column, format!("`{column}` holds {}, which is no time", show(value)))),
            _ => {}
        }
    }
    found
}

fn not_live(table: &Table, live: &Live, value: &Value) -> String {
    let column = &live.column;
    let told = told(value, super::place::kind(table, column));
    match &live.test {
        Test::IsTrue | Test::IsFalse if matches!(value, Value::Null) || read_bool(value) != Reading::Unreadable => {
            format!("`{column}` is {told}")
        }
        Test::IsTrue | Test::IsFalse => format!("`{column}` holds {told}, which is neither true nor false"),
        Test::EqualsText(wanted) => format!("`{column}` is {told}, not “{wanted}”"),
        Test::EqualsLong(wanted) => format!("`{column}` is {told}, not {wanted}"),
        Test::IsNull => format!("`{column}` is set"),
        Test::IsNotNull => format!("`{column}` is empty"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_actions_become_words() {
        assert_eq!(kind_words("LegacyOauthAccount"), "legacy oauth account");
        assert_eq!(kind_words("USER"), "user");
        assert_eq!(plural("Category"), "categories");
        assert_eq!(plural("SessionAnalytics"), "session analytics");
        assert_eq!(verb("groups:manage_members"), "manage members");
        assert_eq!(verb("READ"), "read");
        assert_eq!(verb("odd:"), "odd:");
    }

    #[test]
    fn an_instant_is_no_finer_than_it_is() {
        assert_eq!(when(1_767_225_600_000), "2026-01-01");
        assert_eq!(when(1_767_268_800_000), "2026-01-01 12:00 UTC");
        assert_eq!(when(1_767_268_801_250), "2026-01-01 12:00:01.250 UTC");
    }
}
