// SPDX-License-Identifier: Apache-2.0
//! `palisade diff PACK [PACK] [--db FILE [--db FILE]]`: decisions that flip.

use super::{Failure, Outcome, Result, database, folder, instant, print};
use crate::compile;
use crate::decide::{Engine, MAX_LISTED_FLIPS, Side, flips};
use crate::pack::Pack;
use crate::rows::Rows;
use crate::store::{SlicePlan, SqlStore, Sqlite, Store};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// One pack, or the one before and the one after.
    #[arg(required = true, num_args = 1..=2)]
    packs: Vec<PathBuf>,
    /// The SQLite database, or the one before and the one after; the first pack's sample.sql where there is none.
    #[arg(long)]
    db: Vec<PathBuf>,
    /// The instant at which the rows are read; now where it is left out.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The most questions that are asked; where there are more, so many are drawn evenly.
    #[arg(long, default_value_t = 5_000_000)]
    questions: usize,
}

/// Exit status 1 where decisions differ, as `diff` has it.
pub fn run(arguments: &Arguments, json: bool) -> Result {
    if arguments.db.len() > 2 || (arguments.packs.len() == 1 && arguments.db.len() != 2) {
        let help = "name two packs, or one pack and two databases: `palisade diff PACK --db BEFORE --db AFTER`";
        return Err(Failure::Message(help.to_string()));
    }
    let first = folder::read(&arguments.packs[0], json)?;
    let second = match arguments.packs.get(1) {
        Some(path) => Some(folder::read(path, json)?),
        None => None,
    };
    let second = second.as_ref().unwrap_or(&first);
    let at = instant(arguments.at.as_deref())?;
    let bad = |error: &dyn std::fmt::Display| Failure::Message(error.to_string());
    let (before, after) = (rows(arguments, &first, &first, 0)?, rows(arguments, second, &first, 1)?);
    let engines = (
        Engine::new(&first.bundle).map_err(|error| bad(&error))?,
        Engine::new(&second.bundle).map_err(|error| bad(&error))?,
    );
    let before = Side::new(&engines.0, &first.bundle, &before, at).map_err(|error| bad(&error))?;
    let after = Side::new(&engines.1, &second.bundle, &after, at).map_err(|error| bad(&error))?;
    let listed = if json { usize::MAX } else { MAX_LISTED_FLIPS };
    let found = flips(&before, &after, arguments.questions, listed);
    let answer = json!({ "comparison": found });
    print(&if json { json!({ "ok": true, "answer": answer }).to_string() } else { text(&answer) });
    Ok(if found.gained + found.lost == 0 { Outcome::Yes } else { Outcome::No })
}

/// The rows on which a pack is asked: of its database, or the first pack's sample in its tables.
fn rows(arguments: &Arguments, pack: &Pack, first: &Pack, at: usize) -> std::result::Result<Rows, Failure> {
    let store: SqlStore<Sqlite> = match arguments.db.get(at).or(arguments.db.first()) {
        Some(path) => database::open(path)?,
        None => database::in_memory(&[
            ("the pack's schema".to_string(), compile::schema_sql(&pack.bundle.mapping, &pack.bundle.name)),
            (arguments.packs[0].join("sample.sql").display().to_string(), first.sample.clone()),
        ])?,
    };
    let slice = pollster::block_on(store.everything(&SlicePlan::new(&pack.bundle)));
    slice.map(|slice| slice.rows).map_err(|error| Failure::Message(error.to_string()))
}

/// A comparison, as a gate answers it too, for people.
pub fn text(answer: &Value) -> String {
    let found = &answer["comparison"];
    if found.is_null() {
        return format!("not compared: {}", answer["not_compared"].as_str().unwrap_or_default());
    }
    let word = |flip: &Value, name: &str| flip[name].as_str().unwrap_or_default().to_string();
    let because = |flip: &Value, name: &str| {
        let all = flip[name].as_array().into_iter().flatten();
        let names: Vec<String> = all
            .map(|one| {
                let (policy, source) =
                    (one["policy"].as_str().unwrap_or_default(), one["source"].as_str().unwrap_or_default());
                if source.is_empty() { policy.to_string() } else { format!("{policy} ({source})") }
            })
            .collect();
        if names.is_empty() { "nothing permits it".to_string() } else { names.join(", ") }
    };
    let flips = found["flips"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<String> = flips
        .iter()
        .map(|flip| {
            let sign = if flip["after"] == "allow" { "+" } else { "-" };
            format!(
                "{sign} {} {} {}\n    {}: {}\n    {}: {}",
                word(flip, "principal"),
                word(flip, "action"),
                word(flip, "resource"),
                word(flip, "before"),
                because(flip, "because_before"),
                word(flip, "after"),
                because(flip, "because_after"),
            )
        })
        .collect();
    let number = |name: &str| found[name].as_u64().unwrap_or_default();
    let all = number("gained") + number("lost");
    if all > flips.len() as u64 {
        lines.push(format!("… and {} more", all - flips.len() as u64));
    }
    lines.push(format!("{} gained, {} lost, of {} questions", number("gained"), number("lost"), number("asked")));
    if found["sampled"] == true {
        lines.push(format!("only {} of {} questions were asked, drawn evenly", number("asked"), number("questions")));
    }
    let without: Vec<&str> =
        found["without_context"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !without.is_empty() {
        lines.push(format!("asked without the context that they take: {}", without.join(", ")));
    }
    lines.join("\n")
}
