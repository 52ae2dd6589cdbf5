// SPDX-License-Identifier: Apache-2.0
//! `palisade verify-log --db FILE | --jsonl FILE`

use super::{Failure, Outcome, Result, database, print};
use crate::gateway::{Audit, Audited, Secret};
use crate::store::{LogChain, LogEntry, LogStore, StoreError};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = "With the gate's LOG_CHAIN_KEY in the environment, the chains must be made with it.")]
pub struct Arguments {
    /// A SQLite database with the tables palisade_chain and palisade_decision.
    #[arg(long, value_name = "FILE", required_unless_present = "jsonl", conflicts_with = "jsonl")]
    db: Option<PathBuf>,
    /// Rows of these tables, exported: one JSON object a line.
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// Lines of the gate's console, one a line: what they say of the chains must be so.
    #[arg(long, value_name = "FILE")]
    console: Option<PathBuf>,
    /// Chains of which nothing at all is left were taken away on purpose.
    #[arg(long)]
    pruned: bool,
}

/// The name of the setting that has the key.
const KEY: &str = "LOG_CHAIN_KEY";

/// How many rows are asked for at a time.
const ROWS: usize = 1000;

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let key = std::env::var(KEY).ok().map(|key| key.trim().to_string()).filter(|key| !key.is_empty());
    let mut audit = Audit::new(key.map(Secret::new));
    if let Some(file) = &arguments.db {
        of_database(&mut audit, file)?;
    }
    if let Some(file) = &arguments.jsonl {
        lines(file, |row| of_row(&mut audit, &row))?;
    }
    if let Some(file) = &arguments.console {
        lines(file, |line| {
            audit.told(&line);
            Ok(())
        })?;
    }
    let mut found = audit.finish();
    found.retain(|chain| !arguments.pruned || !chain.gone);
    match json {
        true => print(&json!({ "chains": found.iter().map(as_json).collect::<Vec<_>>() }).to_string()),
        false => print(&words(&found)),
    }
    let whole = found.iter().all(|chain| chain.problems.is_empty());
    Ok(if whole { Outcome::Yes } else { Outcome::No })
}

fn of_database(audit: &mut Audit, file: &Path) -> std::result::Result<(), Failure> {
    let store = database::open(file)?;
    let say = |error: StoreError| Failure::Message(format!("`{}`: {error}", file.display()));
    let mut after = String::new();
    loop {
        let chains = pollster::block_on(store.log_chains(&after, ROWS)).map_err(say)?;
        chains.iter().for_each(|chain| audit.chain(chain));
        match chains.last() {
            Some(last) => after.clone_from(&last.chain),
            None => break,
        }
    }
    let mut after = 0;
    loop {
        let entries = pollster::block_on(store.log(after, ROWS)).map_err(say)?;
        entries.iter().for_each(|(_, entry)| audit.entry(entry));
        match entries.last() {
            Some((last, _)) => after = *last,
            None => return Ok(()),
        }
    }
}

fn lines(
    file: &Path,
    mut each: impl FnMut(Value) -> std::result::Result<(), String>,
) -> std::result::Result<(), Failure> {
    let say = |why: String| Failure::Message(format!("`{}`: {why}", file.display()));
    let opened = std::fs::File::open(file).map_err(|error| say(error.to_string()))?;
    for (number, line) in (1..).zip(BufReader::new(opened).lines()) {
        let line = line.map_err(|error| say(format!("line {number}: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        let value = serde_json::from_str(&line).map_err(|error| say(format!("line {number} is not JSON: {error}")))?;
        each(value).map_err(|why| say(format!("line {number}: {why}")))?;
    }
    Ok(())
}

fn of_row(audit: &mut Audit, row: &Value) -> std::result::Result<(), String> {
    let text = |name: &str| {
        row[name]
            .as_str()
            .map(str::to_string)
            .ok_or_else(|| format!("this is a row of neither table: it has no `{name}`"))
    };
    if row.get("genesis").is_some() {
        let started_at = text("started_at")?;
        audit.chain(&LogChain { chain: text("chain")?, started_at, genesis: text("genesis")?, hash: text("hash")? });
        return Ok(());
    }
    let (chain, line, previous, hash) = (text("chain")?, text("line")?, text("previous")?, text("hash")?);
    let seq = row["seq"].as_u64().or_else(|| row["seq"].as_str()?.parse().ok()).ok_or("`seq` is no whole number")?;
    audit.entry(&LogEntry { chain, seq, line, previous, hash });
    Ok(())
}

fn as_json(found: &Audited) -> Value {
    json!({
        "chain": found.chain,
        "entries": found.entries,
        "keyed": found.keyed,
        "whole": found.problems.is_empty(),
        "problems": found.problems,
    })
}

fn words(found: &[Audited]) -> String {
    let mut text = String::new();
    for chain in found {
        let state = match (chain.problems.is_empty(), chain.keyed) {
            (true, true) => "whole, by the key",
            (true, false) => "whole, as far as hashes without a key say",
            (false, _) => "NOT whole",
        };
        text.push_str(&format!("{}: {} entries, {state}\n", chain.chain, chain.entries));
        for problem in &chain.problems {
            text.push_str(&format!("  {problem}\n"));
        }
    }
    if found.is_empty() {
        text.push_str("no chain: the log was never kept (set LOG_D1)\n");
    }
    text
}
