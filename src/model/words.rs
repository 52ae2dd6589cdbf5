// SPDX-License-Identifier: Apache-2.0
//! Names taken apart: words, singular forms, and the stem of a foreign key's name.

/// The words of a name in lower case: split at `_`, `-`, `.`, spaces, humps, and between scripts.
///
/// `userID` and `USER_ID` are both `user`, `id`; `用戶ID` is `用戶`, `id`.
pub(super) fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut all: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if c.is_whitespace() || matches!(c, '_' | '-' | '.' | '/') {
            end(&mut word, &mut all);
            continue;
        }
        if let Some(&before) = at.checked_sub(1).and_then(|at| chars.get(at)) {
            let hump = c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
            // The `A` of `OAuthAccount` and `XMLAcl`: the last capital of a run begins the next word.
            let last_capital =
                c.is_uppercase() && before.is_uppercase() && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
            let script = before.is_alphanumeric() && before.is_ascii() != c.is_ascii();
            if hump || last_capital || script {
                end(&mut word, &mut all);
            }
        }
        word.extend(c.to_lowercase());
    }
    end(&mut word, &mut all);
    all
}

fn end(word: &mut String, all: &mut Vec<String>) {
    if !word.is_empty() {
        all.push(std::mem::take(word));
    }
}

/// The words of a table's name, each in the singular: how `USER_GROUPS`, `users_groups` and `UserGroup` are one name.
pub(super) fn singular_words(name: &str) -> Vec<String> {
    words(name).iter().map(|word| singular(word)).collect()
}

/// A table's name in the singular, without what libraries put before and behind it.
pub(super) fn core(name: &str) -> String {
    const BEFORE: [&str; 22] = [
        "auth", "ab", "app", "asp", "net", "django", "keycloak", "tbl", "tb", "t", "sys", "core", "public", "iam",
        "rbac", "platform", "db", "wp", "sec", "m", "system", "base",
    ];
    const BEHIND: [&str; 6] = ["entity", "info", "table", "tbl", "master", "表"];
    let mut all = singular_words(name);
    while all.len() > 1 && BEFORE.contains(&all[0].as_str()) {
        all.remove(0);
    }
    while all.len() > 1 && all.last().is_some_and(|last| BEHIND.contains(&last.as_str())) {
        all.pop();
    }
    let joined = all.join("_");
    match joined.strip_suffix('表').filter(|rest| !rest.is_empty()) {
        Some(rest) => rest.to_string(),
        None => joined,
    }
}

/// An English word in the singular. Only has to map both forms of a word to the same one.
pub(super) fn singular(word: &str) -> String {
    const ODD: [(&str, &str); 6] = [
        ("people", "person"),
        ("children", "child"),
        ("statuses", "status"),
        ("aliases", "alias"),
        ("indices", "index"),
        ("matrices", "matrix"),
    ];
    const SAME: [&str; 6] = ["alias", "canvas", "series", "news", "species", "os"];
    if let Some((_, one)) = ODD.iter().find(|(many, _)| *many == word) {
        return (*one).to_string();
    }
    if SAME.contains(&word) || word.ends_with("analytics") || !word.is_ascii() || word.len() < 4 {
        return word.to_string();
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes", "zzes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_string();
        }
    }
    match word {
        w if w.ends_with("ss") || w.ends_with("us") || w.ends_with("is") => w.to_string(),
        w => w.strip_suffix('s').unwrap_or(w).to_string(),
    }
}

/// An English word in the plural, for the twins of default type names: `document` and `documents`.
pub(super) fn plural(word: &str) -> String {
    let consonant_y = word.ends_with('y') && !word.ends_with("ay") && !word.ends_with("ey") && !word.ends_with("oy");
    if consonant_y {
        return format!("{}ies", &word[..word.len() - 1]);
    }
    match ["s", "x", "ch", "sh", "z"].iter().any(|ending| word.ends_with(ending)) {
        true => format!("{word}es"),
        false => format!("{word}s"),
    }
}

/// The words of a foreign key's name without the one that says that it is a key: `owner` of `owner_id`.
pub(super) fn stem(column: &str) -> Vec<String> {
    let mut all = words(column);
    if all.len() > 1
        && all.last().is_some_and(|last| matches!(last.as_str(), "id" | "uuid" | "guid" | "pk" | "fk" | "oid"))
    {
        all.pop();
    } else if let Some(last) = all.last_mut() {
        for ending in ["編號", "编号", "代號", "代号"] {
            if let Some(rest) = last.strip_suffix(ending).filter(|rest| !rest.is_empty()) {
                *last = rest.to_string();
                break;
            }
        }
    }
    all.iter().map(|word| singular(word)).collect()
}

/// `USER_SESSIONS` as a type's name, in the singular: `UserSession`. Empty for a name without ASCII letters.
pub(super) fn pascal(name: &str) -> String {
    let mut all = words(name);
    if let Some(last) = all.last_mut() {
        *last = singular(last);
    }
    let mut out = String::new();
    for word in all {
        let kept: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut chars = kept.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.push_str(chars.as_str());
        }
    }
    out.trim_start_matches(|c: char| c.is_ascii_digit()).to_string()
}

#[cfg(test)]
mod tests {
    use super::{pascal, plural, singular_words, stem, words};

    #[test]
    fn names_come_apart_at_humps_underscores_and_scripts() {
        assert_eq!(words("userID"), ["user", "id"]);
        assert_eq!(words("USER_SESSIONS"), ["user", "sessions"]);
        assert_eq!(words("OAuth2Account"), ["o", "auth2", "account"]);
        assert_eq!(words("用戶ID"), ["用戶", "id"]);
        assert_eq!(words("權限ACL"), ["權限", "acl"]);
        assert_eq!(words("XMLAcl"), ["xml", "acl"]);
    }

    #[test]
    fn both_forms_of_a_word_are_one() {
        for (one, many) in [("category", "categories"), ("status", "statuses"), ("box", "boxes"), ("user", "users")] {
            assert_eq!(singular_words(one), singular_words(many));
            assert_eq!(plural(one), many);
        }
        assert_eq!(singular_words("access"), ["access"]);
    }

    #[test]
    fn a_stem_is_what_the_key_is_of() {
        assert_eq!(stem("parent_message_id").join("_"), "parent_message");
        assert_eq!(stem("created_by").join("_"), "created_by");
        assert_eq!(stem("用戶編號").join("_"), "用戶");
        assert_eq!(stem("id").join("_"), "id");
    }

    #[test]
    fn a_type_is_named_in_the_singular() {
        assert_eq!(pascal("USER_SESSIONS"), "UserSession");
        assert_eq!(pascal("chat_GroupScenarioAccess"), "ChatGroupScenarioAccess");
        assert_eq!(pascal("文件"), "");
    }
}
