// SPDX-License-Identifier: Apache-2.0
//! The sentences: what is said about each test of each pack.

use crate::packs::{PACKS, World, golden};
use palisade::explain::Explanation;
use palisade::rows::{Rows, format_time};
use std::fmt::Write;

#[test]
fn every_test_of_every_pack_is_explained_in_words() {
    for name in PACKS {
        let world = World::new(name);
        let mut text = String::new();
        for case in &world.pack.cases.cases {
            let rows = world.with(&case.rows);
            let at = case.at.unwrap_or(world.at);
            let query = world.query(&case.principal, &case.action, &case.resource, &case.context);
            let explanation = world.explainer.explain(&world.case(&rows, at), &query).expect("an explanation");
            let _ = writeln!(text, "# {}", case.name);
            let context = if case.context.is_empty() { String::new() } else { format!(" {}", case.context) };
            let _ =
                writeln!(text, "{} {} {}{context} at {}", case.principal, case.action, case.resource, format_time(at));
            tell(&mut text, &explanation, &rows);
            text.push('\n');
        }
        golden(&format!("{name}.txt"), &text);
    }
}

fn tell(text: &mut String, explanation: &Explanation, rows: &Rows) {
    let _ = writeln!(text, "{}", explanation.says);
    for reason in &explanation.reasons {
        let place = reason.row.as_ref().map_or_else(|| "no row".to_string(), |row| shown(row, rows));
        let rests: Vec<String> = reason.rests_on.iter().map(|row| shown(row, rows)).collect();
        let rests = if rests.is_empty() { String::new() } else { format!("; rests on {}", rests.join(", ")) };
        let _ = writeln!(text, "  {:?} {}: {} [{place}{rests}]", reason.effect, reason.policy, reason.says);
    }
    for error in &explanation.errors {
        let _ = writeln!(text, "  error {error}");
    }
    for near in &explanation.near {
        let _ = writeln!(text, "  near {}: {}, but {}", near.source, near.says, near.missing.join("; "));
    }
}

fn shown(place: &palisade::explain::RowPlace, rows: &Rows) -> String {
    let row = place.row.map_or_else(String::new, |row| {
        assert!(row < rows[&place.table].rows.len(), "{place:?}");
        format!("[{row}]")
    });
    format!("{}{row}{}", place.table, place.column.as_ref().map_or_else(String::new, |column| format!(".{column}")))
}
