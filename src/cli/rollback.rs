// SPDX-License-Identifier: Apache-2.0
//! `palisade rollback N --to URL`

use super::remote::{Remote, confirmed, refused};
use super::{Outcome, Result, diff, print};
use serde_json::json;

#[derive(clap::Args)]
pub struct Arguments {
    /// The number of the publication, as `palisade history` lists it.
    number: u64,
    /// The gate's address.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Why, for the audit.
    #[arg(long, default_value = "")]
    note: String,
    /// Say which decisions would flip, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let remote = Remote::new(&arguments.to)?;
    let (status, history) = remote.get("bundles?limit=1")?;
    if status != 200 {
        return refused(status, &history, json);
    }
    let mut body = json!({ "base": history["active"], "note": arguments.note, "dry_run": true });
    let path = format!("bundles/{}/activate", arguments.number);
    if arguments.dry_run || !arguments.yes {
        let (status, tried) = remote.post(&path, &body)?;
        if status != 200 {
            return refused(status, &tried, json);
        }
        if json && arguments.dry_run {
            print(&json!({ "ok": true, "answer": tried }).to_string());
        } else {
            print(&diff::text(&tried));
        }
        if arguments.dry_run || !confirmed(&format!("bring bundle {} into force?", arguments.number))? {
            return Ok(if arguments.dry_run { Outcome::Yes } else { Outcome::No });
        }
    }
    body["dry_run"] = json!(false);
    let (status, done) = remote.post(&path, &body)?;
    if status != 200 {
        return refused(status, &done, json);
    }
    if json {
        print(&json!({ "ok": true, "answer": done }).to_string());
    } else {
        print(&format!("{}\nbundle {} is in force at {}", diff::text(&done), arguments.number, arguments.to));
    }
    Ok(Outcome::Yes)
}
