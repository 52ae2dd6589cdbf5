// SPDX-License-Identifier: Apache-2.0
//! `palisade load PACK --db FILE [--rows SQL…]`

use super::{Failure, Outcome, Result, complain, database, folder, instant, print};
use crate::compile;
use crate::facts;
use crate::store::{SlicePlan, Store};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// The pack's folder.
    pack: PathBuf,
    /// The SQLite database to create or open.
    #[arg(long)]
    db: PathBuf,
    /// SQL files with rows; the pack's sample.sql where none is given.
    #[arg(long, num_args = 1.., value_name = "SQL")]
    rows: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let pack = folder::read(&arguments.pack, json)?;
    let mut scripts =
        vec![("the pack's schema".to_string(), compile::schema_sql(&pack.bundle.mapping, &pack.bundle.name))];
    if arguments.rows.is_empty() {
        scripts.push((arguments.pack.join("sample.sql").display().to_string(), pack.sample.clone()));
    }
    for path in &arguments.rows {
        scripts.push((path.display().to_string(), folder::text(path)?));
    }
    let store = database::load(&arguments.db, &scripts)?;
    let slice = pollster::block_on(store.everything(&SlicePlan::new(&pack.bundle)))
        .map_err(|error| Failure::Message(error.to_string()))?;
    // Reading the rows once says which of them no decision will be able to use.
    let facts = facts::build(&pack.bundle, &slice.rows, &[], instant(None)?);
    let counts: serde_json::Map<String, serde_json::Value> =
        slice.rows.iter().map(|(table, rows)| (table.clone(), rows.rows.len().into())).collect();
    if json {
        let report =
            serde_json::json!({ "ok": true, "rows": counts, "revision": slice.revision, "findings": facts.findings });
        print(&report.to_string());
        return Ok(Outcome::Yes);
    }
    complain(&facts.findings);
    let total: usize = slice.rows.values().map(|rows| rows.rows.len()).sum();
    print(&format!(
        "{}: {total} rows in {} tables, {} grants, revision {}",
        arguments.db.display(),
        counts.len(),
        facts.grants.len(),
        slice.revision
    ));
    Ok(Outcome::Yes)
}
