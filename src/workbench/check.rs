// SPDX-License-Identifier: Apache-2.0
//! What is wrong with rows before anybody decides by them: what a column cannot hold, what stands twice, what leads nowhere.
//!
//! A database refuses some of this. Here the rows stay, and are judged as they are: who edits them sees both.

use super::shapes::{RowPlace, Shown};
use crate::facts;
use crate::mapping::{Column, ColumnKind, Entity, Mapping, Meaning, Table, Target};
use crate::name::nearest;
use crate::report::Finding;
use crate::rows::{Reading, Rows, TableRows, Value, read_id, show};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// How many findings of one table are told one by one.
const MOST: usize = 100;

/// What was found, by table, and kept until its rows or those that it refers to are others.
#[derive(Default)]
pub struct Checks {
    mapping: Option<Rc<Mapping>>,
    found: BTreeMap<String, (Vec<u64>, Vec<Shown>)>,
}

impl Checks {
    /// What is wrong with all rows; `versions` tells which rows a table has.
    pub fn all<'a>(
        &'a mut self,
        mapping: &Rc<Mapping>,
        rows: &Rows,
        versions: &HashMap<String, u64>,
    ) -> impl Iterator<Item = Shown> + use<'a> {
        if !self.mapping.as_ref().is_some_and(|own| Rc::ptr_eq(own, mapping)) {
            *self = Checks { mapping: Some(mapping.clone()), found: BTreeMap::new() };
        }
        self.found.retain(|name, _| rows.contains_key(name));
        let mut ids = Ids { mapping, rows, known: HashMap::new() };
        for name in rows.keys() {
            let version = |name: &str| versions.get(name).copied().unwrap_or_default();
            let now: Vec<u64> = std::iter::once(name.as_str()).chain(looked_into(mapping, name)).map(version).collect();
            if self.found.get(name).is_none_or(|(then, _)| *then != now) {
                self.found.insert(name.clone(), (now, check_table(&mut ids, name)));
            }
        }
        self.found.values().flat_map(|(_, found)| found.iter().cloned())
    }
}

/// What is wrong with all rows. Columns that were not given count as NULL.
pub fn check(mapping: &Mapping, rows: &Rows) -> Vec<Shown> {
    let mut ids = Ids { mapping, rows, known: HashMap::new() };
    rows.keys().flat_map(|name| check_table(&mut ids, name)).collect()
}

/// The tables whose ids a table's rows hold.
fn looked_into<'m>(mapping: &'m Mapping, name: &str) -> BTreeSet<&'m str> {
    let Some(table) = mapping.table(name) else { return BTreeSet::new() };
    let of_types = targets(table).into_iter().flat_map(Target::type_names);
    let typed = of_types.filter_map(|kind| mapping.entity(kind)).map(|(table, _)| table.name.as_str());
    table.columns.iter().filter_map(|column| column.references.as_deref()).chain(typed).collect()
}

fn check_table(ids: &mut Ids, name: &str) -> Vec<Shown> {
    let (mapping, rows) = (ids.mapping, ids.rows);
    let Some(given) = rows.get(name) else { return Vec::new() };
    let mut findings = Vec::new();
    let Some(table) = mapping.table(name) else {
        let near = nearest(name, mapping.tables.iter().map(|table| table.name.as_str()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "draw it in the schema, or take its rows away".to_string(),
        };
        let finding = Finding::error("row/unknown-table", format!("the schema has no table `{name}`")).help(help);
        return vec![Shown::about(finding, RowPlace { table: name.to_string(), row: None, column: None })];
    };
    for column in given.columns.iter().filter(|column| table.column(column).is_none()) {
        let near = nearest(column, table.columns.iter().map(|column| column.name.as_str()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "draw it in the schema, or take the column away".to_string(),
        };
        let message = format!("the table `{name}` has no column `{column}`: what it holds is passed over");
        let place = RowPlace { table: name.to_string(), row: None, column: Some(column.clone()) };
        findings.push(Shown::about(Finding::error("row/unknown-column", message).help(help), place));
    }
    if matches!(table.meaning, Meaning::Ignored { .. }) {
        return findings;
    }
    let mut told = Told { table: name, findings, untold: 0 };
    of_table(ids, table, given, &mut told);
    if told.untold > 0 {
        let finding = Finding::warning("row/more", format!("{} more findings about `{name}`", told.untold));
        told.findings.push(Shown::about(finding, RowPlace { table: name.to_string(), row: None, column: None }));
    }
    told.findings
}

/// The findings of one table.
struct Told<'a> {
    table: &'a str,
    findings: Vec<Shown>,
    untold: usize,
}

impl Told<'_> {
    fn say(&mut self, row: usize, column: &str, finding: impl FnOnce() -> Finding) {
        if self.findings.len() >= MOST {
            self.untold += 1;
            return;
        }
        let place = RowPlace { column: Some(column.to_string()), ..RowPlace::of(self.table, row) };
        self.findings.push(Shown::about(finding(), place));
    }
}

/// The ids that tables have, gathered where somebody refers to one.
struct Ids<'a> {
    mapping: &'a Mapping,
    rows: &'a Rows,
    known: HashMap<(String, String), HashSet<String>>,
}

impl Ids<'_> {
    /// Whether a row of `table` has this in `column`.
    fn has(&mut self, table: &Table, column: &str, id: &str) -> bool {
        let key = (table.name.clone(), column.to_string());
        let rows = self.rows;
        let known = self.known.entry(key).or_insert_with(|| {
            let Some(given) = rows.get(&table.name) else { return HashSet::new() };
            let Some(at) = given.columns.iter().position(|name| name == column) else { return HashSet::new() };
            let kind = table.column(column).map_or(ColumnKind::Text, |column| column.kind);
            given.rows.iter().filter_map(|row| read_id(row.get(at)?, kind).known()).collect()
        });
        known.contains(id)
    }

    /// Whether there is an entity of this type with this id; of types from outside, whoever asks says so.
    fn has_entity(&mut self, type_name: &str, id: &str) -> bool {
        match self.mapping.entity(type_name) {
            Some((table, entity)) => self.has(table, &entity.id, id),
            None => true,
        }
    }
}

fn of_table(ids: &mut Ids, table: &Table, given: &TableRows, told: &mut Told) {
    for column in &table.columns {
        let at = given.columns.iter().position(|name| *name == column.name);
        of_column(ids, table, column, at, given, told);
    }
    if table.keyed && table.key.len() > 1 {
        let places: Vec<Option<usize>> =
            table.key.iter().map(|key| given.columns.iter().position(|name| name == key)).collect();
        let text = |row: &[Value]| -> Option<Vec<String>> {
            let part = |(at, key): (&Option<usize>, &String)| {
                read_id(row.get((*at)?)?, table.column(key).map_or(ColumnKind::Text, |column| column.kind)).known()
            };
            places.iter().zip(&table.key).map(part).collect()
        };
        let mut seen: HashMap<Vec<String>, usize> = HashMap::new();
        for (row, values) in given.rows.iter().enumerate() {
            let Some(key) = text(values) else { continue };
            let first = *seen.entry(key).or_insert(row);
            if first != row {
                told.say(row, &table.key[0], || twice(table, &table.key.join("`, `"), row, first));
            }
        }
    }
    for target in targets(table) {
        if let Target::Typed { type_column, id_column, types } = target {
            typed(ids, table, given, (type_column, id_column, types), told);
        }
    }
    if let Meaning::Permission(meaning) = &table.meaning
        && let Some(resource) = meaning.resource.as_ref().filter(|resource| !resource.otherwise_any)
    {
        words(table, given, &resource.column, &resource.types, told);
    }
}

fn of_column(ids: &mut Ids, table: &Table, column: &Column, at: Option<usize>, given: &TableRows, told: &mut Told) {
    let name = column.name.as_str();
    let is_key = table.key.iter().any(|key| key == name);
    let alone = table.keyed && table.key.len() == 1 && is_key;
    let is_id = alone || column.references.is_some() || table.entity().is_some_and(|entity| entity.id == name);
    let refers = column.references.as_deref().and_then(|to| ids.mapping.table(to)).and_then(|to| {
        let key = match (to.entity(), to.key.as_slice()) {
            (Some(entity), _) => entity.id.as_str(),
            (None, [key]) => key.as_str(),
            _ => return None,
        };
        Some((to, key))
    });
    let refers = refers.filter(|(to, _)| !matches!(to.meaning, Meaning::Ignored { .. }));
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (row, values) in given.rows.iter().enumerate() {
        let value = at.and_then(|at| values.get(at)).unwrap_or(&Value::Null);
        if *value == Value::Null {
            if !column.nullable && column.default.is_none() {
                told.say(row, name, || {
                    let message = format!("`{}`, row {}: `{name}` is NULL, and must not be", table.name, row + 1);
                    Finding::error("row/null", message).help(format!("give `{name}` a value"))
                });
            }
            continue;
        }
        if let Some(expected) = facts::misread(value, column.kind, is_id) {
            told.say(row, name, || {
                let message = format!(
                    "`{}`, row {}: `{name}` holds {}, which is not {expected}",
                    table.name,
                    row + 1,
                    show(value)
                );
                Finding::warning("row/type", message).help(format!("correct `{name}` in that row"))
            });
            continue;
        }
        if (alone || column.unique)
            && let Reading::Is(id) = read_id(value, column.kind)
        {
            let first = *seen.entry(id).or_insert(row);
            if first != row {
                told.say(row, name, || twice(table, name, row, first));
            }
        }
        if let Some((to, key)) = refers
            && let Reading::Is(id) = read_id(value, column.kind)
            && !ids.has(to, key, &id)
        {
            told.say(row, name, || leads_nowhere(table, row, name, value, &to.name));
        }
    }
}

/// The pairs of type and id in a table.
fn targets(table: &Table) -> Vec<&Target> {
    match &table.meaning {
        Meaning::RoleAssignment(meaning) => meaning.scope.iter().collect(),
        Meaning::DirectPermission(meaning) => meaning.scope.iter().collect(),
        Meaning::Acl(meaning) => vec![&meaning.subject, &meaning.object],
        _ => Vec::new(),
    }
}

fn typed(
    ids: &mut Ids,
    table: &Table,
    given: &TableRows,
    (type_column, id_column, types): (&str, &str, &BTreeMap<String, String>),
    told: &mut Told,
) {
    words(table, given, type_column, types, told);
    let place = |column: &str| given.columns.iter().position(|name| name == column);
    let (Some(type_at), Some(id_at)) = (place(type_column), place(id_column)) else { return };
    let kind = table.column(id_column).map_or(ColumnKind::Text, |column| column.kind);
    for (row, values) in given.rows.iter().enumerate() {
        let (Some(word), Some(id)) = (values.get(type_at), values.get(id_at)) else { continue };
        let Reading::Is(word) = facts::read_text(word) else { continue };
        let Some(type_name) = types.get(&word.to_ascii_lowercase()) else { continue };
        if let Reading::Is(text) = read_id(id, kind)
            && !ids.has_entity(type_name, &text)
        {
            let to = ids.mapping.entity(type_name).map_or(type_name.as_str(), |(table, _)| &table.name);
            told.say(row, id_column, || leads_nowhere(table, row, id_column, id, to));
        }
    }
}

/// Words that name a type, where only some do.
fn words(table: &Table, given: &TableRows, column: &str, types: &BTreeMap<String, String>, told: &mut Told) {
    let Some(at) = given.columns.iter().position(|name| name == column) else { return };
    for (row, values) in given.rows.iter().enumerate() {
        let Some(value) = values.get(at) else { continue };
        let Reading::Is(word) = facts::read_text(value) else { continue };
        if !types.contains_key(&word.to_ascii_lowercase()) {
            told.say(row, column, || {
                let message =
                    format!("`{}`, row {}: `{column}` holds {}, which names no type", table.name, row + 1, show(value));
                let all: Vec<String> = types.keys().map(|word| format!("`{word}`")).collect();
                let help = match nearest(&word.to_ascii_lowercase(), types.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it takes {}", all.join(", ")),
                };
                Finding::warning("row/unknown-type", message).help(help)
            });
        }
    }
}

fn twice(table: &Table, column: &str, row: usize, first: usize) -> Finding {
    let message = format!("`{}`, row {}: `{column}` is that of row {} again", table.name, row + 1, first + 1);
    Finding::error("row/twice", message).help("give one of them another value, or take it away")
}

fn leads_nowhere(table: &Table, row: usize, column: &str, value: &Value, to: &str) -> Finding {
    let message =
        format!("`{}`, row {}: `{column}` holds {}, and `{to}` has no such row", table.name, row + 1, show(value));
    Finding::warning("row/reference", message).help(format!("add the row to `{to}`, or correct `{column}`"))
}

/// The column that says what people call the rows of a table of entities.
pub fn label_column<'t>(table: &'t Table, entity: &'t Entity) -> Option<&'t str> {
    const NAMES: [&str; 12] = [
        "display_name",
        "displayname",
        "full_name",
        "name",
        "title",
        "label",
        "username",
        "user_name",
        "login",
        "email",
        "subject",
        "slug",
    ];
    let own = entity.name.as_deref();
    let readable = |column: &&Column| column.kind == ColumnKind::Text && !column.secret && column.name != entity.id;
    let named = |wanted: &dyn Fn(&str) -> bool| {
        table.columns.iter().filter(readable).find(|column| wanted(&column.name.to_ascii_lowercase()))
    };
    let known = own.and_then(|own| table.columns.iter().filter(readable).find(|column| column.name == own));
    let found = known.or_else(|| NAMES.iter().find_map(|name| named(&|column| column == *name)));
    let found = found.or_else(|| named(&|column| column.ends_with("_name") || column.ends_with("_title")));
    found.map(|column| column.name.as_str())
}
