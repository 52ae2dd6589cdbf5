// SPDX-License-Identifier: Apache-2.0
//! Many rows: an explanation stays usable with them. `cargo test --test explain size -- --nocapture` prints the times.

use crate::packs::World;
use palisade::name::Uid;
use palisade::rows::{Rows, Value};
use std::time::{Duration, Instant};

/// The sample with so many more of its rows that there are about 5,000.
fn many(world: &World) -> Rows {
    let mut rows = world.rows.clone();
    let text = |text: String| Value::Text(text);
    for number in 0..1500 {
        rows.get_mut("USER").expect("users").rows.push(vec![text(format!("user{number}"))]);
    }
    for number in 0..200 {
        let table = rows.get_mut("PROJECT").expect("projects");
        table.rows.push(vec![text(format!("project{number}")), text("acme".to_string()), Value::Null]);
    }
    for number in 0..1200 {
        let table = rows.get_mut("DOCUMENT").expect("documents");
        table.rows.push(vec![text(format!("doc{number}")), text(format!("project{}", number % 200)), Value::Null]);
    }
    for number in 0..2000 {
        let table = rows.get_mut("USER_ROLE").expect("assignments");
        let cells = table.columns.iter().map(|column| match column.as_str() {
            "user_id" => text(format!("user{}", number % 1500)),
            "role_id" => text(["viewer", "editor"][number / 1500].to_string()),
            "scope_type" => text("PROJECT".to_string()),
            "scope_id" => text(format!("project{}", number % 200)),
            "is_active" => Value::Integer(1),
            "expires_at" if number % 3 == 0 => text("2025-12-31T00:00:00Z".to_string()),
            _ => Value::Null,
        });
        let cells = cells.collect();
        table.rows.push(cells);
    }
    rows
}

#[test]
fn five_thousand_rows_stay_usable() {
    let world = World::new("workspace");
    let rows = many(&world);
    let count: usize = rows.values().map(|table| table.rows.len()).sum();
    assert!(count > 4900, "{count} rows");
    for (what, rows) in [("the sample", &world.rows), ("5,000 rows", &rows)] {
        let case = world.case(rows, world.at);
        let begun = Instant::now();
        let facts = palisade::facts::build(&world.pack.bundle, rows, &[], world.at);
        let built = begun.elapsed();
        let begun = Instant::now();
        let prepared = world.engine.prepare(facts).expect("facts");
        println!("{what}: facts in {built:?}, prepared in {:?}", begun.elapsed());
        let begun = Instant::now();
        let copy = rows.clone();
        println!("{what}: rows copied in {:?}, {} {}", begun.elapsed(), copy.len(), prepared.facts.grants.len());
        for (principal, action, resource) in [
            ("ben", "document:write", "survey"),
            ("cleo", "document:write", "plan"),
            ("user0", "document:read", "doc1"),
        ] {
            let query = world.query(&Uid::new("User", principal), action, &Uid::new("Document", resource), "");
            let begun = Instant::now();
            let explanation = world.explainer.explain(&case, &query).expect("an explanation");
            let explained = begun.elapsed();
            let begun = Instant::now();
            let repairs = world.explainer.repairs(&case, &query).expect("repairs");
            let repaired = begun.elapsed();
            println!(
                "{what}: {principal} {action} {resource}: explained in {explained:?}, {} repairs in {repaired:?}",
                repairs.len()
            );
            assert!(!explanation.allow);
            // Generous: other tests run beside this one, and it is not built for speed.
            assert!(explained < Duration::from_secs(2) && repaired < Duration::from_secs(20));
        }
    }
}
