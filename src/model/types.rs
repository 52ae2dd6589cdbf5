// SPDX-License-Identifier: Apache-2.0
//! What a column that names an entity type may hold, where the model does not say.

use super::words::{plural, singular, words};
use std::collections::BTreeMap;

/// Types by their own names and their tables', in lower case. A name that could mean two types means none.
///
/// With `twins`, `document`, `documents`, `user_session` and `usersessions` are names too, unless another type claims them.
pub(super) fn by_name<'a>(
    types: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    twins: bool,
) -> BTreeMap<String, String> {
    let types: Vec<(&str, Option<&str>)> = types.collect();
    let mut names = Claims::default();
    for (type_name, _) in &types {
        names.claim(type_name.to_ascii_lowercase(), type_name);
    }
    let mut tables = Claims::default();
    let mut others = Claims::default();
    for (type_name, table) in &types {
        if let Some(table) = table {
            tables.claim(table.to_ascii_lowercase(), type_name);
        }
        for name in [Some(*type_name), *table].into_iter().flatten().filter(|_| twins) {
            for twin in twins_of(name) {
                others.claim(twin, type_name);
            }
        }
    }
    // A type's own name is surer than its table's, and that than a twin.
    let mut all = names.0;
    for weaker in [tables.0, others.0] {
        for (name, type_name) in weaker {
            all.entry(name).or_insert(type_name);
        }
    }
    all.into_iter().filter_map(|(name, type_name)| Some((name, type_name?))).collect()
}

/// Names, each with the type that claims it; with none where several do.
#[derive(Default)]
struct Claims(BTreeMap<String, Option<String>>);

impl Claims {
    fn claim(&mut self, name: String, type_name: &str) {
        let entry = self.0.entry(name).or_insert_with(|| Some(type_name.to_string()));
        if entry.as_deref() != Some(type_name) {
            *entry = None;
        }
    }
}

fn twins_of(name: &str) -> Vec<String> {
    let mut all = words(name);
    let Some(last) = all.pop().filter(|last| last.is_ascii()) else { return Vec::new() };
    let one = singular(&last);
    let many = plural(&one);
    let mut twins = Vec::new();
    for last in [one, many] {
        for joint in ["", "_", "-"] {
            let mut words: Vec<&str> = all.iter().map(String::as_str).collect();
            words.push(&last);
            twins.push(words.join(joint));
        }
    }
    twins
}
