// SPDX-License-Identifier: Apache-2.0
//! `palisade publish PACK --to URL [--note TEXT] [--dry-run] [--yes]`

use super::remote::{Remote, confirmed, refused};
use super::{Outcome, Result, diff, folder, print};
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// The pack's folder.
    pack: PathBuf,
    /// The gate's address.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    note: String,
    /// Say which decisions would flip, and publish nothing.
    #[arg(long)]
    dry_run: bool,
    /// Keep it without bringing it into force.
    #[arg(long)]
    inactive: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let pack = folder::read(&arguments.pack, json)?;
    let remote = Remote::new(&arguments.to)?;
    let (status, history) = remote.get("bundles?limit=1")?;
    if status != 200 {
        return refused(status, &history, json);
    }
    let mut body = json!({
        "bundle": pack.bundle.to_json(),
        "note": arguments.note,
        "base": history["active"],
        "activate": !arguments.inactive,
        "dry_run": true,
    });
    // Whoever has said yes already is told with the publication itself.
    if arguments.dry_run || !arguments.yes {
        let (status, tried) = remote.post("bundles", &body)?;
        if status != 200 {
            return refused(status, &tried, json);
        }
        if json && arguments.dry_run {
            print(&json!({ "ok": true, "answer": tried }).to_string());
        } else {
            print(&diff::text(&tried));
        }
        if arguments.dry_run || !confirmed(&format!("publish `{}` to {}?", pack.bundle.name, arguments.to))? {
            return Ok(if arguments.dry_run { Outcome::Yes } else { Outcome::No });
        }
    }
    body["dry_run"] = json!(false);
    let (status, done) = remote.post("bundles", &body)?;
    if status != 201 {
        return refused(status, &done, json);
    }
    if json {
        print(&json!({ "ok": true, "answer": done }).to_string());
    } else {
        let how = if arguments.inactive { "kept" } else { "in force" };
        print(&format!("{}\nbundle {} is {how} at {}", diff::text(&done), done["number"], arguments.to));
    }
    Ok(Outcome::Yes)
}
