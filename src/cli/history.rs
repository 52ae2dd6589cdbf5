// SPDX-License-Identifier: Apache-2.0
//! `palisade history --to URL`

use super::remote::{Remote, refused};
use super::{Outcome, Result, print};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub struct Arguments {
    /// The gate's address.
    #[arg(long, value_name = "URL")]
    to: String,
    /// How many, the newest first.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let remote = Remote::new(&arguments.to)?;
    let (status, history) = remote.get(&format!("bundles?limit={}", arguments.limit))?;
    if status != 200 {
        return refused(status, &history, json);
    }
    if json {
        print(&json!({ "ok": true, "answer": history }).to_string());
        return Ok(Outcome::Yes);
    }
    let lines: Vec<String> = history["bundles"].as_array().into_iter().flatten().map(line).collect();
    let text = if lines.is_empty() { "nothing was published".to_string() } else { lines.join("\n") };
    print(&text);
    Ok(Outcome::Yes)
}

fn line(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or_default();
    let mark = if one["active"] == true { "*" } else { " " };
    let author = if text("author").is_empty() { "publish.sql" } else { text("author") };
    let digest: String = text("digest").chars().take(12).collect();
    format!(
        "{mark} {:>4}  {}  {digest}  {author}  {}",
        one["number"].as_u64().unwrap_or_default(),
        text("published_at"),
        text("note")
    )
}
