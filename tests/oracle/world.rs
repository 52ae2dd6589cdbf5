// SPDX-License-Identifier: Apache-2.0
//! Random rows from small domains: enough that grants meet requests, and every way of being damaged.

use crate::judge::Question;
use palisade::bundle::Bundle;
use palisade::compile;
use palisade::facts::{self, Effect, External, Scope};
use palisade::mapping::{ColumnKind, Live, Mapping, Meaning, Pattern, Piece, Table, Target, Test};
use palisade::name::Uid;
use palisade::rows::{Millis, Rows, Value, read_id, show};
use palisade::store::{SqlStore, Sqlite, identifier};
use proptest::prelude::*;
use rusqlite::types::Value as Sql;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// 2026-01-01T00:00:00Z: the instant of every question.
pub const NOW: Millis = 1_767_225_600_000;

/// Rows and questions as numbers, which shrink well; a number becomes a value by what its column is for.
#[derive(Clone)]
pub struct World {
    pub model: usize,
    /// Whether columns have the types of the model's own schema, or none, so that nothing is converted.
    pub typed: bool,
    /// How many values are damaged or NULL: none, few, many.
    pub damage: u8,
    /// For each table of the model, its rows.
    pub rows: Vec<Vec<Vec<(u8, u8)>>>,
    pub questions: Vec<[u8; 4]>,
    /// Where a law changes something.
    pub change: [u8; 4],
}

/// No table of the models has more columns than this; further columns repeat the choices.
const CHOICES: usize = 12;

pub fn world(models: usize) -> impl Strategy<Value = World> {
    let row = proptest::collection::vec((any::<u8>(), any::<u8>()), CHOICES);
    let rows = proptest::collection::vec(proptest::collection::vec(row, 1..6), 14);
    let question = any::<[u8; 4]>();
    (
        0..models,
        any::<bool>(),
        prop_oneof![2 => Just(0u8), 2 => Just(1), 1 => Just(2)],
        rows,
        proptest::collection::vec(question, 1..7),
        any::<[u8; 4]>(),
    )
        .prop_map(|(model, typed, damage, rows, questions, change)| World {
            model,
            typed,
            damage,
            rows,
            questions,
            change,
        })
}

impl std::fmt::Debug for World {
    /// The rows are printed by whoever knows the model.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "model {}, {} columns", self.model, if self.typed { "typed" } else { "untyped" })
    }
}

const UUIDS: [&str; 3] = [
    "0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11",
    "0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d12",
    "12345678-1234-1234-1234-1234567890ab",
];

fn text(value: &str) -> Sql {
    Sql::Text(value.to_string())
}

/// The `number`th id of a kind; a UUID in one of its spellings.
fn an_id(kind: ColumnKind, number: usize, spelling: u8) -> Sql {
    match kind {
        ColumnKind::Uuid => match (number % 4, spelling % 6) {
            (3, _) => text("o'neil \"q\"\0é🙂"),
            (at, 0) => text(&UUIDS[at].to_uppercase()),
            (at, 1) => text(&UUIDS[at].replace('-', "")),
            (at, _) => text(UUIDS[at]),
        },
        ColumnKind::Long => Sql::Integer([1, 2, 3, i64::MAX][number % 4]),
        _ => text(["a", "b", "o'neil \"q\"\0é🙂", "A"][number % 4]),
    }
}

/// What cannot be read as anything.
pub fn garbage(choice: u8) -> Sql {
    match choice % 3 {
        0 => Sql::Blob(b"a".to_vec()),
        1 => Sql::Real(2.5),
        _ => text(""),
    }
}

/// What a column is for, as far as values go.
enum Use {
    Id(ColumnKind),
    /// Ids of one of these kinds.
    Reference(Vec<ColumnKind>),
    Words(Vec<String>),
    Scope(Vec<String>),
    Live(Test),
    Plain,
}

fn use_of(mapping: &Mapping, table: &Table, name: &str) -> Use {
    let kind = table.column(name).map_or(ColumnKind::Text, |column| column.kind);
    let own_id = match &table.meaning {
        Meaning::Permission(_) => table.key.first().map(String::as_str),
        _ => table.entity().map(|entity| entity.id.as_str()),
    };
    if own_id == Some(name) {
        return Use::Id(kind);
    }
    let id_kind = |type_name: &str| {
        mapping.entity(type_name).and_then(|(t, e)| Some(t.column(&e.id)?.kind)).unwrap_or(ColumnKind::Text)
    };
    let references = table.column(name).and_then(|column| column.references.as_deref());
    if let Some(other) = references.and_then(|other| mapping.table(other)) {
        let key = other.entity().map(|entity| &entity.id).or(other.key.first());
        return Use::Reference(vec![key.and_then(|key| other.column(key)).map_or(kind, |column| column.kind)]);
    }
    let targets: Vec<&Target> = match &table.meaning {
        Meaning::RoleAssignment(m) => m.scope.iter().collect(),
        Meaning::DirectPermission(m) => m.scope.iter().collect(),
        Meaning::Acl(m) => vec![&m.subject, &m.object],
        _ => Vec::new(),
    };
    for target in targets {
        if let Target::Typed { type_column, id_column, types } = target {
            if type_column == name {
                let mut words: Vec<String> = types.keys().cloned().collect();
                words.extend(words.first().map(|word| word.to_uppercase()));
                words.push("planet".to_string());
                return Use::Scope(words);
            }
            if id_column == name {
                return Use::Reference(types.values().map(|name| id_kind(name)).collect());
            }
        }
    }
    let live = |live: &[Live]| live.iter().find(|live| live.column == name).map(|live| Use::Live(live.test.clone()));
    let pattern = |pattern: &Pattern| {
        let own = pattern.0.iter().any(|piece| matches!(piece, Piece::Column(column) if column == name));
        own.then(|| Use::Words(action_words(mapping, pattern, name)))
    };
    let found = match &table.meaning {
        Meaning::Permission(m) => match &m.resource {
            Some(resource) if resource.column == name => {
                let mut words: Vec<String> = resource.types.keys().cloned().collect();
                words.push("planet".to_string());
                Some(Use::Words(words))
            }
            _ => pattern(&m.action).or_else(|| live(&m.live)),
        },
        Meaning::RolePermission(m) => live(&m.live),
        Meaning::RoleAssignment(m) => live(&m.live),
        Meaning::DirectPermission(m) => live(&m.live),
        Meaning::GroupMembership(m) => match &m.member_role {
            Some(column) if column == name => {
                let roles = mapping.entities().flat_map(|(_, entity)| entity.member_roles.keys().cloned());
                Some(Use::Words(roles.chain(["visitor".to_string()]).collect()))
            }
            _ => live(&m.live),
        },
        Meaning::Acl(m) => pattern(&m.action).or_else(|| live(&m.live)),
        Meaning::Link(m) => live(&m.live),
        Meaning::Entity(m) => live(&m.live),
        Meaning::LoginSession(_) | Meaning::Ignored { .. } => None,
    };
    found.unwrap_or(Use::Plain)
}

/// Words that make actions of a pattern's column: those of declared actions, and two that only rows know.
fn action_words(mapping: &Mapping, pattern: &Pattern, column: &str) -> Vec<String> {
    let single = pattern.0.iter().filter(|piece| matches!(piece, Piece::Column(_))).count() == 1;
    let last = matches!(pattern.0.last(), Some(Piece::Column(name)) if name == column);
    let part = |action: &String| match action.split_once(':') {
        Some((_, verb)) if last => verb.to_string(),
        Some((noun, _)) if !single => noun.to_string(),
        _ => action.clone(),
    };
    let mut words: BTreeSet<String> = mapping.declared_actions().keys().map(part).collect();
    words.insert("read".to_string());
    words.insert("fold".to_string());
    words.into_iter().collect()
}

fn value(mapping: &Mapping, table: &Table, at: usize, number: usize, damage: u8, (how, choice): (u8, u8)) -> Sql {
    let column = &table.columns[at];
    let used = use_of(mapping, table, &column.name);
    if let Use::Id(kind) = used {
        return if damage > 0 && how >= 253 { garbage(choice) } else { an_id(kind, number, choice) };
    }
    // Of many: one value in sixteen is damaged, one in sixteen NULL.
    match (damage, how) {
        (1, 253..) | (2, 244..) => return garbage(choice),
        (1, 250..253) | (2, 232..244) => return Sql::Null,
        _ => {}
    }
    let words = |all: &[String]| text(&all[usize::from(choice) % all.len()]);
    match used {
        Use::Id(kind) => an_id(kind, number, choice),
        // Many references lead to the first two ids, so that rows meet.
        Use::Reference(_) if how < 10 => Sql::Null,
        Use::Reference(kinds) => {
            let number = usize::from(choice / 6 % [1, 2, 4][usize::from(how / 16 % 4).min(2)]);
            an_id(kinds[usize::from(how) % kinds.len()], number, choice)
        }
        Use::Scope(_) if how < 24 => Sql::Null,
        // The last word means no type; it would be too frequent among few.
        Use::Scope(all) if damage == 0 => words(&all[..all.len() - 1]),
        Use::Scope(all) | Use::Words(all) => words(&all),
        Use::Live(Test::EqualsText(word)) => {
            if how < 215 {
                text(&word)
            } else {
                text("other")
            }
        }
        Use::Live(Test::EqualsLong(number)) => Sql::Integer(if how < 215 { number } else { number + 1 }),
        Use::Live(Test::IsTrue) => a_bool(how < 215, choice),
        Use::Live(Test::IsFalse) => a_bool(how >= 215, choice),
        Use::Live(Test::IsNull) if how < 215 => Sql::Null,
        Use::Live(_) => text("2025-01-01 00:00:00"),
        Use::Plain => match column.kind {
            ColumnKind::Bool => a_bool(how < 228, choice),
            ColumnKind::Time => a_time(how, choice),
            ColumnKind::Long => Sql::Integer(i64::from(choice)),
            ColumnKind::Decimal => Sql::Real(1.5),
            _ => text(["x", "y"][usize::from(choice) % 2]),
        },
    }
}

fn a_bool(yes: bool, choice: u8) -> Sql {
    match (choice % 8, yes) {
        (0..5, true) => Sql::Integer(1),
        (0..5, false) => Sql::Integer(0),
        (_, true) => text("true"),
        (_, false) => text("False"),
    }
}

/// Before, at and after the instant, in all forms; and what is no time.
fn a_time(how: u8, choice: u8) -> Sql {
    match (how, choice % 6) {
        (0..120, _) => Sql::Null,
        (120..210, 0 | 1) => Sql::Integer(NOW / 1000 + 60),
        (120..210, 2 | 3) => text("2026-01-01 00:00:00.001"),
        (120..210, _) => text("2026-01-01T02:00:00.001+02:00"),
        (_, 0) => text("2025-12-31 23:59:59.999"),
        (_, 1) => Sql::Integer(NOW / 1000),
        (_, 2) => text("2026-01-01T00:00:00Z"),
        (_, 3) => text("2026-01-01"),
        (_, 4) => Sql::Integer(i64::MAX),
        _ => text("soon"),
    }
}

/// A database with these rows.
pub fn fill(world: &World, bundle: &Bundle) -> SqlStore<Sqlite> {
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    connection.execute_batch("PRAGMA foreign_keys = OFF").expect("a setting");
    let mapping = &bundle.mapping;
    if !world.typed {
        for table in &mapping.tables {
            let columns: Vec<String> =
                table.columns.iter().map(|column| identifier(&column.name).to_string()).collect();
            let sql = format!("CREATE TABLE {} ({})", identifier(&table.name), columns.join(", "));
            connection.execute_batch(&sql).expect("a table");
        }
    }
    connection.execute_batch(&compile::schema_sql(mapping, &bundle.name)).expect("the schema");
    for (table, rows) in mapping.tables.iter().zip(&world.rows) {
        let places: Vec<String> = (1..=table.columns.len()).map(|at| format!("?{at}")).collect();
        let sql = format!("INSERT OR IGNORE INTO {} VALUES ({})", identifier(&table.name), places.join(", "));
        let mut keys = BTreeSet::new();
        for (number, row) in rows.iter().enumerate() {
            // An entity's fourth id is odd, and so few tables have one; further rows would repeat an id.
            if number >= 4 && (table.entity().is_some() || matches!(table.meaning, Meaning::Permission(_))) {
                break;
            }
            let values: Vec<Sql> = (0..table.columns.len())
                .map(|at| value(mapping, table, at, number, world.damage, row[at % CHOICES]))
                .collect();
            // One key, one row: databases hold to that, untyped ones of this test do not.
            let key: Vec<String> = table.key.iter().map(|key| key_text(table, key, &values)).collect();
            if table.keyed && !keys.insert(key) {
                continue;
            }
            // A column of whole numbers refuses text as its key; such a row cannot be in the database.
            let _ = connection.execute(&sql, rusqlite::params_from_iter(values));
        }
    }
    SqlStore::new(Sqlite::new(connection))
}

fn key_text(table: &Table, key: &str, values: &[Sql]) -> String {
    let at = table.columns.iter().position(|column| column.name == key).expect("a key is a column");
    let value = match &values[at] {
        Sql::Integer(number) => Value::Integer(*number),
        Sql::Text(text) => Value::Text(text.clone()),
        Sql::Null => Value::Null,
        Sql::Real(number) => Value::Real(*number),
        Sql::Blob(bytes) => Value::Blob(bytes.clone()),
    };
    read_id(&value, ColumnKind::Uuid).known().unwrap_or_else(|| show(&value))
}

/// Questions about these rows, and some about what has none.
///
/// Two of three are aimed: they ask for what some grant of the rows is about, so that both answers are frequent. What the
/// answer is, is not for this module to know.
pub fn questions(world: &World, bundle: &Bundle, rows: &Rows) -> Vec<Question> {
    let facts = facts::build(bundle, rows, &[], NOW);
    let aim = |ask: &mut Question, [principal, _, resource, action]: [u8; 4]| {
        let grants: Vec<_> =
            facts.grants.iter().filter(|grant| grant.effect == Effect::Permit || action < 30).collect();
        let Some(grant) = grants.get(usize::from(action) % grants.len().max(1)) else { return };
        let chosen = |scope: &Scope, among: &dyn Fn(&Uid) -> bool, choice: u8| {
            let fits = |uid: &&Uid| {
                among(uid)
                    && match scope {
                        Scope::Any => true,
                        Scope::Is(kind) => uid.kind == *kind,
                        Scope::Eq(named) => *uid == named,
                        Scope::In(named) => facts.ancestry(uid).contains(named),
                        Scope::IsIn(kind, named) => uid.kind == *kind && facts.ancestry(uid).contains(named),
                    }
            };
            let all: Vec<&Uid> = facts.entities.keys().filter(fits).collect();
            (!all.is_empty()).then(|| all[usize::from(choice) % all.len()].clone())
        };
        let kind = ask.principal.kind.clone();
        if let Some(found) = chosen(&grant.principal, &|uid| uid.kind == kind, principal) {
            ask.principal = found;
        }
        if ask.externals.is_empty()
            && let Some(found) = chosen(&grant.resource, &|uid| bundle.mapping.entity(&uid.kind).is_some(), resource)
        {
            ask.resource = found;
        }
        if let Some(actions) = &grant.actions {
            ask.action = actions[usize::from(principal) % actions.len()].clone();
        }
    };
    let mut all = unaimed(world, bundle, rows);
    for (ask, choices) in all.iter_mut().zip(&world.questions) {
        if choices[1] % 3 > 0 {
            aim(ask, *choices);
        }
    }
    all
}

fn unaimed(world: &World, bundle: &Bundle, rows: &Rows) -> Vec<Question> {
    let mapping = &bundle.mapping;
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (table, entity) in mapping.entities() {
        let Some(found) = rows.get(&table.name) else { continue };
        let Some(at) = found.columns.iter().position(|column| *column == entity.id) else { continue };
        let kind = table.column(&entity.id).map_or(ColumnKind::Text, |column| column.kind);
        let ids = found.rows.iter().filter_map(|row| read_id(&row[at], kind).known());
        known.entry(&entity.type_name).or_default().extend(ids);
    }
    let pick = |kind: &str, choice: u8| {
        let ids = known.get(kind).filter(|ids| !ids.is_empty() && choice < 240);
        Uid::new(kind, ids.map_or("nobody", |ids| &ids[usize::from(choice) % ids.len()]))
    };
    let actions = actions(mapping, rows);
    let principals: Vec<&str> = mapping.principals().map(|(_, entity)| entity.type_name.as_str()).collect();
    let resources: Vec<&str> = mapping.resource_types().collect();
    let one = |[principal, kind, resource, action]: &[u8; 4]| {
        let resource = pick(resources[usize::from(*kind) % resources.len()], *resource);
        let mut externals = Vec::new();
        if let Some(external) = mapping.externals.get(&resource.kind) {
            let inner = Uid::new(&resource.kind, "inner");
            let parents = external.parents.first().map(|parent| pick(parent, *action));
            externals.push(External { uid: resource.clone(), parents: vec![inner.clone()] });
            externals.push(External { uid: inner, parents: parents.into_iter().collect() });
        }
        Question {
            principal: pick(principals[usize::from(*kind) % principals.len()], *principal),
            action: actions[usize::from(*action) % actions.len()].clone(),
            resource,
            externals,
        }
    };
    world.questions.iter().map(one).collect()
}

/// Actions that the model or a row names, and one that nobody does.
fn actions(mapping: &Mapping, rows: &Rows) -> Vec<String> {
    let mut all: BTreeSet<String> = mapping.declared_actions().into_keys().collect();
    for table in &mapping.tables {
        let pattern = match &table.meaning {
            Meaning::Permission(m) => &m.action,
            Meaning::Acl(m) => &m.action,
            _ => continue,
        };
        let Some(found) = rows.get(&table.name) else { continue };
        for row in &found.rows {
            let piece = |piece: &Piece| match piece {
                Piece::Literal(text) => Some(text.clone()),
                Piece::Column(name) => {
                    let at = found.columns.iter().position(|column| column == name)?;
                    read_id(&row[at], ColumnKind::Text).known()
                }
            };
            all.extend(pattern.0.iter().map(piece).collect::<Option<String>>());
        }
    }
    // Granted actions come up twice as often as all the others together.
    let mut list: Vec<String> = all.into_iter().collect();
    list.push("unheard of".to_string());
    list
}

/// Rows as a person reads them.
pub fn print(rows: &Rows) -> String {
    let mut text = String::new();
    for (table, found) in rows {
        for row in &found.rows {
            let values: Vec<String> =
                found.columns.iter().zip(row).map(|(column, value)| format!("{column}={}", show(value))).collect();
            let _ = writeln!(text, "  {table}: {}", values.join(", "));
        }
    }
    text
}
