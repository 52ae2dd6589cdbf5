// SPDX-License-Identifier: Apache-2.0
//! Laws of every decision, on random rows: each compares what the engine says before and after a change.

use crate::judge::Question;
use crate::world::{NOW, World, fill, garbage, print, questions, world};
use crate::{READY, Ready, config};
use palisade::mapping::{Meaning, Table};
use palisade::rows::{Reading, Rows, Value, read_bool};
use palisade::store::Store;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A world's rows and questions.
fn asked(world: &World) -> (&'static Ready, Rows, Vec<Question>) {
    let ready = &READY[world.model];
    let store = fill(world, &ready.model.bundle);
    let rows = pollster::block_on(store.everything(&ready.plan)).expect("all rows").rows;
    let questions = questions(world, &ready.model.bundle, &rows);
    (ready, rows, questions)
}

/// The column that says whether a row of this table grants.
fn granted(table: &Table) -> Option<&str> {
    match &table.meaning {
        Meaning::RolePermission(m) => m.granted.as_deref(),
        Meaning::DirectPermission(m) => m.granted.as_deref(),
        Meaning::Acl(m) => m.granted.as_deref(),
        _ => None,
    }
}

/// Whether rows of this table convey permissions by themselves.
fn conveys(table: &Table) -> bool {
    matches!(table.meaning, Meaning::RolePermission(_) | Meaning::DirectPermission(_) | Meaning::Acl(_))
}

/// Every row of the tables that `of` picks: table and number.
fn rows_of(ready: &'static Ready, rows: &Rows, of: impl Fn(&Table) -> bool) -> Vec<(&'static Table, usize)> {
    let tables = ready.model.bundle.mapping.tables.iter().filter(|table| of(table));
    tables.flat_map(|table| (0..rows.get(&table.name).map_or(0, |r| r.rows.len())).map(move |at| (table, at))).collect()
}

fn value<'a>(rows: &'a Rows, table: &Table, at: usize, column: &str) -> &'a Value {
    let found = &rows[&table.name];
    found.columns.iter().position(|name| name == column).map_or(&Value::Null, |column| &found.rows[at][column])
}

/// Columns whose damage the law does not speak of: an entity's own id, and the lower end of an edge. Nobody knows whom such
/// a row is about.
fn is_identity(table: &Table, column: &str) -> bool {
    let own_id = match &table.meaning {
        Meaning::Permission(_) => table.key.iter().any(|key| key == column),
        _ => table.entity().is_some_and(|entity| entity.id == column),
    };
    let end = match &table.meaning {
        Meaning::RoleAssignment(m) => m.principal == column,
        Meaning::GroupMembership(m) => m.principal == column,
        Meaning::Link(m) => m.child == column,
        _ => false,
    };
    own_id || end
}

proptest! {
    #![proptest_config(config(80))]

    /// No rows: deny.
    #[test]
    fn nothing_is_allowed_by_default(world in world(READY.len())) {
        let (ready, rows, questions) = asked(&world);
        for ask in questions {
            prop_assert!(!ready.decide(&Rows::new(), &ask).allow, "{}", ready.case(&rows, &ask));
        }
    }

    /// decide(rows) = decide(rows in another order), reasons included.
    #[test]
    fn the_order_of_rows_does_not_matter(world in world(READY.len())) {
        let (ready, rows, questions) = asked(&world);
        let mut turned = rows.clone();
        for table in turned.values_mut() {
            let middle = usize::from(world.change[0]) % table.rows.len().max(1);
            table.rows.rotate_left(middle);
            if world.change[1] % 2 == 0 {
                table.rows.reverse();
            }
        }
        for ask in questions {
            let (before, after) = (ready.decide(&rows, &ask), ready.decide(&turned, &ask));
            prop_assert_eq!(before, after, "{}then\n{}", ready.case(&rows, &ask), print(&turned));
        }
    }

    /// Beside each row that grants stands one that denies the same: no such row allows any more.
    #[test]
    fn what_forbids_wins(world in world(READY.len())) {
        let (ready, rows, questions) = asked(&world);
        let mut denied = rows.clone();
        for (table, at) in rows_of(ready, &rows, |table| granted(table).is_some()) {
            let found = denied.get_mut(&table.name).expect("a table with rows");
            let column = found.columns.iter().position(|name| Some(name.as_str()) == granted(table)).expect("a column");
            let mut copy = found.rows[at].clone();
            copy[column] = Value::Integer(0);
            found.rows.push(copy);
        }
        let tables = &ready.model.bundle.mapping.tables;
        let roles_deny = tables.iter().any(|t| matches!(t.meaning, Meaning::RolePermission(_)) && granted(t).is_some());
        let beaten: BTreeSet<&str> = tables
            .iter()
            .filter(|t| granted(t).is_some() || roles_deny && matches!(t.meaning, Meaning::RoleAssignment(_)))
            .map(|table| table.name.as_str())
            .collect();
        for ask in questions {
            let after = ready.decide(&denied, &ask);
            let by = after.reasons.iter().find(|reason| beaten.contains(reason.source.split('/').next().unwrap_or("")));
            prop_assert!(!after.allow || by.is_none(), "{by:?}\n{}", ready.case(&denied, &ask));
        }
    }

    /// allow(rows without one that only permits) implies allow(rows).
    #[test]
    fn taking_a_permit_away_allows_nothing_more(world in world(READY.len())) {
        let (ready, rows, questions) = asked(&world);
        let permits = |(table, at): &(&Table, usize)| {
            granted(table).is_none_or(|column| read_bool(value(&rows, table, *at, column)) == Reading::Is(true))
        };
        let all: Vec<_> = rows_of(ready, &rows, conveys).into_iter().filter(permits).collect();
        prop_assume!(!all.is_empty());
        let (table, at) = all[usize::from(world.change[0]) % all.len()];
        let mut fewer = rows.clone();
        fewer.get_mut(&table.name).expect("a table with rows").rows.remove(at);
        for ask in questions {
            let (before, after) = (ready.decide(&rows, &ask).allow, ready.decide(&fewer, &ask).allow);
            prop_assert!(before || !after, "without row {at} of {}\n{}", table.name, ready.case(&rows, &ask));
        }
    }

    /// allow(rows with one value that cannot be read) implies allow(rows): a lost row never widens.
    #[test]
    fn a_damaged_value_never_widens(world in world(READY.len())) {
        let (ready, rows, questions) = asked(&world);
        let all = rows_of(ready, &rows, |table| !matches!(table.meaning, Meaning::Ignored { .. }));
        prop_assume!(!all.is_empty());
        // Several damages of one world: most hit a value that this question does not depend on.
        for salt in 0..12u8 {
            let [row, column, how, _] = world.change.map(|byte| byte.wrapping_add(salt.wrapping_mul(41)));
            let (table, at) = all[usize::from(row) % all.len()];
            let columns = &rows[&table.name].columns;
            let column = usize::from(column) % columns.len();
            if is_identity(table, &columns[column]) {
                continue;
            }
            let mut damaged = rows.clone();
            damaged.get_mut(&table.name).expect("a table with rows").rows[at][column] = match garbage(how) {
                rusqlite::types::Value::Blob(bytes) => Value::Blob(bytes),
                // Empty text is no damage to a column that may hold any text.
                _ => Value::Real(2.5),
            };
            for ask in &questions {
                let (before, after) = (ready.decide(&rows, ask).allow, ready.decide(&damaged, ask).allow);
                prop_assert!(
                    before || !after,
                    "{}.{} of row {at}\n{}", table.name, columns[column], ready.case(&rows, ask)
                );
            }
        }
    }

    /// decide(rows, until − 1 ms) = decide(rows, now): facts stay as they are until they say that they change.
    #[test]
    fn facts_hold_until_they_say(world in world(READY.len())) {
        let (ready, rows, questions) = asked(&world);
        for ask in questions {
            let Some(until) = ready.facts(&rows, &ask, NOW).until else { continue };
            prop_assert!(until > NOW);
            let (now, later) = (ready.decide(&rows, &ask), ready.decide_at(&rows, &ask, until - 1));
            prop_assert_eq!(now, later, "until {}\n{}", until, ready.case(&rows, &ask));
        }
    }
}
