// SPDX-License-Identifier: Apache-2.0
//! The `palisade` command. Exit status 0: done, or allow; 1: deny, or a failed check; 2: bad usage or bad input.

mod check;
mod compile;
mod database;
mod decide;
mod diff;
pub mod folder;
mod history;
mod import;
mod load;
mod publish;
mod remote;
mod rollback;
mod route;
mod test;
mod verify_log;

use crate::report::Finding;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "palisade",
    version,
    about = "Compiles the authorization tables you already have to Cedar, tests them, and decides.",
    after_help = "Exit status: 0 done or allow, 1 deny or a failed check, 2 bad usage or bad input."
)]
struct Arguments {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read a diagram or DDL and write a pack with an inferred model and a fidelity report.
    Import(import::Arguments),
    /// Read everything in a pack and report what is wrong, each with file, line and a fix.
    Check {
        /// The pack's folder.
        #[arg(required = true)]
        packs: Vec<PathBuf>,
    },
    /// Write what a pack compiles to: schema.sql, schema.cedarschema, policies.cedar, types.d.ts, bundle.json.
    Compile(compile::Arguments),
    /// Create or open a SQLite database with the pack's schema and load rows.
    Load(load::Arguments),
    /// Decide one request.
    Decide(decide::Arguments),
    /// Say what the gate would ask for a request.
    Route {
        /// The pack's folder.
        pack: PathBuf,
        /// GET, POST, …
        method: String,
        /// The path as sent, with its query.
        path: String,
    },
    /// Say which decisions differ between two packs, or between two databases.
    Diff(diff::Arguments),
    /// Compile a pack and bring it into force at a deployed gate. The token comes from PALISADE_TOKEN.
    Publish(publish::Arguments),
    /// List what was published at a deployed gate.
    History(history::Arguments),
    /// Bring an earlier publication back into force.
    Rollback(rollback::Arguments),
    /// Run the tests of packs, with coverage.
    Test {
        /// The packs' folders.
        #[arg(required = true)]
        packs: Vec<PathBuf>,
    },
    /// Say of each chain of the decision log whether it is whole.
    VerifyLog(verify_log::Arguments),
}

/// How a command ended well.
enum Outcome {
    /// Done, or allow.
    Yes,
    /// Deny, or a failed check.
    No,
}

/// Bad usage or bad input: exit status 2. What there is to say has not been printed yet.
pub enum Failure {
    Findings(Vec<Finding>),
    Message(String),
}

impl From<Vec<Finding>> for Failure {
    fn from(findings: Vec<Finding>) -> Failure {
        Failure::Findings(findings)
    }
}

type Result = std::result::Result<Outcome, Failure>;

/// Runs the command that the process was given.
pub fn run() -> ExitCode {
    let Arguments { json, command } = Arguments::parse();
    let result = match command {
        Command::Import(arguments) => import::run(&arguments, json),
        Command::Check { packs } => check::run(&folders(packs), json),
        Command::Compile(arguments) => compile::run(&arguments, json),
        Command::Load(arguments) => load::run(&arguments, json),
        Command::Decide(arguments) => decide::run(&arguments, json),
        Command::Route { pack, method, path } => route::run(&pack, &method, &path, json),
        Command::Diff(arguments) => diff::run(&arguments, json),
        Command::Publish(arguments) => publish::run(&arguments, json),
        Command::History(arguments) => history::run(&arguments, json),
        Command::Rollback(arguments) => rollback::run(&arguments, json),
        Command::Test { packs } => test::run(&folders(packs), json),
        Command::VerifyLog(arguments) => verify_log::run(&arguments, json),
    };
    match result {
        Ok(Outcome::Yes) => ExitCode::from(0),
        Ok(Outcome::No) => ExitCode::from(1),
        Err(failure) => {
            report(&failure, json);
            ExitCode::from(2)
        }
    }
}

/// The packs among these paths. A shell's `policies/*` brings files along, such as a README; where nothing but a file is
/// named, it is kept, to be complained about.
fn folders(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    if paths.iter().any(|path| path.is_dir()) {
        return paths.into_iter().filter(|path| !path.is_file()).collect();
    }
    paths
}

fn report(failure: &Failure, json: bool) {
    match failure {
        Failure::Findings(findings) if json => {
            print(&serde_json::json!({ "ok": false, "findings": findings }).to_string());
        }
        Failure::Message(message) if json => {
            let finding = Finding::error("usage", message.clone());
            print(&serde_json::json!({ "ok": false, "findings": [finding] }).to_string());
        }
        Failure::Findings(findings) => complain(findings),
        Failure::Message(message) => warn(&format!("error: {message}")),
    }
}

/// Prints findings where people look for them, the gravest last, nearest to the prompt.
fn complain(findings: &[Finding]) {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| finding.severity);
    for finding in sorted {
        warn(&format!("{finding}\n"));
    }
}

/// Prints to standard output. A closed pipe (`palisade … | head`) ends the program quietly, as other tools do.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let line_end = if text.ends_with('\n') { "" } else { "\n" };
    if write!(out, "{text}{line_end}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints to standard error.
fn warn(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The instant that `--at` names, or now.
fn instant(at: Option<&str>) -> std::result::Result<crate::rows::Millis, Failure> {
    match at {
        None => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map(|elapsed| elapsed.as_millis() as i64)
                .map_err(|_| Failure::Message("this machine's clock stands before 1970".to_string()))
        }
        Some(text) => {
            let seconds = text.parse::<i64>().ok().map(crate::rows::Value::Integer);
            let value = seconds.unwrap_or_else(|| crate::rows::Value::Text(text.to_string()));
            crate::rows::read_time(&value).known().ok_or_else(|| {
                Failure::Message(format!(
                    "`--at {text}` is no instant: write `2026-01-01T00:00:00Z`, `2026-01-01 00:00:00` or Unix seconds"
                ))
            })
        }
    }
}
