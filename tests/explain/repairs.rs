// SPDX-License-Identifier: Apache-2.0
//! What would turn a deny: that it does, and how often something is found.

use crate::packs::{PACKS, World, golden};
use palisade::decide::Query;
use palisade::explain::{RowChange, cell};
use palisade::facts;
use palisade::rows::{Millis, Rows, TableRows, Value};
use palisade::store::{MemoryStore, Store};
use std::fmt::Write;

/// The rows with a change, as a page makes it.
fn changed(world: &World, rows: &Rows, change: &RowChange) -> Rows {
    let mut rows = rows.clone();
    let known = world.pack.bundle.mapping.table(&change.table).expect("a table of the model");
    for column in change.values.keys() {
        let column = known.column(column).unwrap_or_else(|| panic!("{}: no column `{column}`", change.table));
        assert!(!column.secret, "{change:?} writes a secret");
        assert!(change.row.is_none() || !known.key.contains(&column.name), "{change:?} changes a key");
    }
    let table = rows.entry(change.table.clone()).or_insert_with(|| TableRows {
        columns: known.columns.iter().map(|column| column.name.clone()).collect(),
        rows: Vec::new(),
    });
    let row = change.row.unwrap_or_else(|| {
        table.rows.push(vec![Value::Null; table.columns.len()]);
        table.rows.len() - 1
    });
    for (column, value) in &change.values {
        let at = table.columns.iter().position(|own| own == column).expect("a column of the rows");
        table.rows[row][at] = value.clone();
    }
    if change.row.is_none() {
        for (at, column) in table.columns.iter().enumerate() {
            let described = known.column(column).expect("a column of the model");
            let value = &table.rows[row][at];
            assert!(described.nullable || *value != Value::Null, "{change:?} leaves `{column}` empty");
            if described.unique && *value != Value::Null {
                assert_eq!(
                    table.rows.iter().filter(|row| row[at] == *value).count(),
                    1,
                    "{change:?}: `{column}` twice"
                );
            }
        }
        let key = |row: &[Value]| -> Vec<Value> {
            let at = |column: &String| table.columns.iter().position(|own| own == column).expect("a key column");
            known.key.iter().map(|column| row[at(column)].clone()).collect()
        };
        assert_eq!(
            table.rows.iter().filter(|other| key(other) == key(&table.rows[row])).count(),
            1,
            "{change:?}: a key twice"
        );
    }
    rows
}

/// The decision as it is made everywhere: on the rows that the question needs.
fn allows(world: &World, rows: &Rows, query: &Query, at: Millis) -> bool {
    let store = MemoryStore::new(rows.clone());
    let ask = world.engine.ask(&world.pack.bundle, query);
    let slice = pollster::block_on(store.slice(&world.plan, &ask)).expect("a slice");
    let facts = facts::build(&world.pack.bundle, &slice.rows, &query.externals, at);
    world.engine.decide(&world.engine.prepare(facts).expect("facts"), query).allow
}

#[test]
fn every_repair_of_every_denied_test_makes_it_an_allow() {
    let mut table = String::new();
    let (mut with, mut all) = (0, 0);
    for name in PACKS {
        let world = World::new(name);
        let mapping = &world.pack.bundle.mapping;
        let declared = mapping.declared_actions();
        let (mut found, mut asked) = (0, 0);
        let mut text = String::new();
        for case in &world.pack.cases.cases {
            let rows = world.with(&case.rows);
            let at = case.at.unwrap_or(world.at);
            let query = world.query(&case.principal, &case.action, &case.resource, &case.context);
            let repairs = world.explainer.repairs(&world.case(&rows, at), &query).expect("repairs");
            if allows(&world, &rows, &query, at) {
                assert!(repairs.is_empty(), "{name}: {}: an allow needs none", case.name);
                continue;
            }
            for repair in &repairs {
                let rows = changed(&world, &rows, &repair.change);
                assert!(allows(&world, &rows, &query, at), "{name}: {}: {repair:?}", case.name);
            }
            let facts = facts::build(&world.pack.bundle, &rows, &query.externals, at);
            let there = facts.entities.contains_key(&case.principal) && facts.entities.contains_key(&case.resource);
            let known = there && declared.contains_key(&case.action);
            (asked, found) = (asked + u32::from(known), found + u32::from(known && !repairs.is_empty()));
            let known = if known { "" } else { " (somebody or something that is not there, or an unknown action)" };
            let _ = writeln!(text, "# {}{known}\n{} {} {}", case.name, case.principal, case.action, case.resource);
            for repair in &repairs {
                let also = repair.also.map_or("many".to_string(), |also| also.to_string());
                let values: Vec<String> =
                    repair.change.values.iter().map(|(column, value)| format!("{column}={}", cell(value))).collect();
                let row = repair.change.row.map_or("+".to_string(), |row| row.to_string());
                let _ = writeln!(
                    text,
                    "  {} [{}[{row}] {}] also {also}",
                    repair.says,
                    repair.change.table,
                    values.join(" ")
                );
                for example in &repair.examples {
                    let _ = writeln!(text, "    {example}");
                }
            }
            text.push('\n');
        }
        golden(&format!("{name}.repairs.txt"), &text);
        let _ = writeln!(table, "{name}: {found} of {asked} denies have a repair");
        (with, all) = (with + found, all + asked);
    }
    golden("repairs.txt", &table);
    assert!(f64::from(with) > 0.8 * f64::from(all), "{table}");
}

#[test]
fn what_else_changes_is_counted_right() {
    for name in PACKS {
        let world = World::new(name);
        let mapping = &world.pack.bundle.mapping;
        let mut compared = 0;
        for case in world.pack.cases.cases.iter().filter(|case| case.rows.is_empty()).step_by(5) {
            let query = world.query(&case.principal, &case.action, &case.resource, &case.context);
            let at = case.at.unwrap_or(world.at);
            let prepare = |rows: &Rows| {
                let facts = facts::build(&world.pack.bundle, rows, &query.externals, at);
                world.engine.prepare(facts).expect("facts")
            };
            let before = prepare(&world.rows);
            for repair in world.explainer.repairs(&world.case(&world.rows, at), &query).expect("repairs") {
                let Some(also) = repair.also else { continue };
                let after = prepare(&changed(&world, &world.rows, &repair.change));
                // Everybody, everything and every action that fits, one by one.
                let mut gained = 0;
                let mut actions: std::collections::BTreeSet<String> = mapping.declared_actions().into_keys().collect();
                actions.extend(before.facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten().cloned()));
                actions.insert(case.action.clone());
                let principals = before
                    .facts
                    .entities
                    .keys()
                    .filter(|uid| mapping.principals().any(|(_, e)| e.type_name == uid.kind));
                for principal in principals {
                    for resource in
                        before.facts.entities.keys().filter(|uid| mapping.resource_types().any(|kind| kind == uid.kind))
                    {
                        for action in &actions {
                            let of = mapping.actions.get(action).map_or(&[][..], |action| action.resources.as_slice());
                            let own =
                                *principal == case.principal && *resource == case.resource && *action == case.action;
                            if own || !(of.is_empty() || of.contains(&resource.kind)) {
                                continue;
                            }
                            let query = Query::new(principal.clone(), action.clone(), resource.clone());
                            gained += usize::from(
                                world.engine.allows(&after, &query) && !world.engine.allows(&before, &query),
                            );
                        }
                    }
                }
                assert_eq!(also, gained, "{name}: {}: {repair:?}", case.name);
                compared += 1;
            }
        }
        assert!(compared >= 5, "{name}: {compared} compared");
    }
}
