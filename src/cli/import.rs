// SPDX-License-Identifier: Apache-2.0
//! `palisade import FILE [--out DIR]`

use super::{Failure, Outcome, Result, complain, folder, print};
use crate::bundle::HANDWRITTEN;
use crate::er::{self, Diagram};
use crate::model;
use crate::report::{Finding, Severity};
use std::fs;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// A Mermaid ER diagram, a Markdown file with some, or SQL DDL.
    file: PathBuf,
    /// The pack's folder; beside FILE and named like it where it is left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Which diagram of a Markdown file, counted from 1. Without it, all of them make one pack.
    #[arg(long, value_name = "N")]
    diagram: Option<usize>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let text = folder::text(&arguments.file)?;
    let file = arguments.file.display().to_string();
    let (diagrams, findings) = er::read_all(&text);
    let mut findings: Vec<Finding> = findings.into_iter().map(|finding| finding.in_file(&file)).collect();
    if findings.iter().any(Finding::is_error) {
        return Err(Failure::Findings(findings));
    }
    let (diagram, whole) = choose(arguments, &text, diagrams)?;
    let out = arguments.out.clone().unwrap_or_else(|| arguments.file.with_extension(""));
    if out.join("model.toml").exists() {
        // A reviewed model is worth more than an inferred one.
        let message = format!("`{}` is there already", out.join("model.toml").display());
        let help = "import into another folder with `--out`, and compare";
        return Err(Failure::Findings(vec![Finding::error("import/exists", message).help(help)]));
    }
    let inferred = model::infer(&diagram);
    findings.extend(inferred.findings.into_iter().map(|finding| finding.in_file(&file)));
    let is_sql = whole && !text.contains("erDiagram");
    let schema_file = if is_sql { "schema.sql" } else { "schema.mmd" };
    // A file that is one diagram, or DDL, is kept to the letter; of a document, the diagram is written anew.
    let is_markdown = text.lines().any(|line| line.trim_start().starts_with("```"));
    let schema = if whole && !is_markdown { text } else { er::to_mermaid(&diagram) };
    let name = out.file_name().map_or_else(|| "pack".to_string(), |name| name.to_string_lossy().into_owned());
    let files = [
        (schema_file, schema),
        ("model.toml", inferred.model_toml),
        ("fidelity.md", inferred.report.to_markdown()),
        (HANDWRITTEN, format!("// Policies of `{name}` that no table says. {WRITTEN_BESIDE}")),
        ("routes.toml", ROUTES.to_string()),
        ("tests.toml", TESTS.to_string()),
    ];
    let cannot = |path: &PathBuf, error: std::io::Error| Failure::Message(format!("`{}`: {error}", path.display()));
    fs::create_dir_all(&out).map_err(|error| cannot(&out, error))?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = out.join(name);
        let is_own_source = path.canonicalize().ok() == arguments.file.canonicalize().ok() && path.exists();
        if !is_own_source && (name == schema_file || !path.exists()) {
            fs::write(&path, text).map_err(|error| cannot(&path, error))?;
            written.push(path.display().to_string());
        }
    }
    if json {
        print(&serde_json::json!({ "ok": true, "files": written, "findings": findings }).to_string());
        return Ok(Outcome::Yes);
    }
    // What was assumed stands in the fidelity report, beside what was kept: here only what needs a hand.
    let (notes, grave): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.severity == Severity::Note);
    complain(&grave);
    let next = format!(
        "Read `{}` first: it says what was assumed ({} things).\nThen review `{}`, and run `palisade check {}`.",
        out.join("fidelity.md").display(),
        notes.len(),
        out.join("model.toml").display(),
        out.display()
    );
    print(&format!("wrote {}\n{next}", written.join(", ")));
    Ok(Outcome::Yes)
}

/// The diagram to import, and whether it is all that the file holds.
fn choose(
    arguments: &Arguments,
    text: &str,
    mut diagrams: Vec<Diagram>,
) -> std::result::Result<(Diagram, bool), Failure> {
    let count = diagrams.len();
    match arguments.diagram {
        Some(number) if number == 0 || number > count => {
            Err(Failure::Message(format!("`--diagram {number}`: the file has {count} diagrams")))
        }
        Some(number) => Ok((diagrams.swap_remove(number - 1), count == 1)),
        None if count == 1 => Ok((diagrams.swap_remove(0), true)),
        None => match quarrel(&diagrams) {
            Some(table) => {
                let message = format!(
                    "`{}` has {count} diagrams, and they describe `{table}` differently",
                    arguments.file.display()
                );
                let help = "import one at a time: `--diagram 1`, `--diagram 2`, …";
                Err(Failure::Findings(vec![Finding::error("import/diagrams", message).help(help)]))
            }
            None => Ok((er::read(text).0, false)),
        },
    }
}

/// A table that two diagrams give different primary keys.
fn quarrel(diagrams: &[Diagram]) -> Option<String> {
    diagrams.iter().enumerate().find_map(|(at, one)| {
        diagrams[at + 1..].iter().find_map(|other| {
            let differs = |name: &str| match (one.table(name), other.table(name)) {
                (Some(a), Some(b)) => a.declared && b.declared && a.primary_key() != b.primary_key(),
                _ => false,
            };
            one.tables.iter().find(|table| differs(&table.name)).map(|table| table.name.clone())
        })
    })
}

const WRITTEN_BESIDE: &str = "They are validated together with the\n\
// generated ones. Give each an `@id`. An example:\n\
//\n\
// @id(\"nobody-deletes-the-last-admin\")\n\
// forbid (principal, action == Action::\"roles:delete\", resource is Role)\n\
// when { resource has name && resource.name == \"admin\" };\n";

const ROUTES: &str = "# What each request of your API asks for. A request that no route matches is refused.\n\
#\n\
# [[route]]\n\
# method = \"GET\"\n\
# path = \"/documents/{id}\"\n\
# action = \"document:read\"\n\
# resource = { type = \"Document\", id = \"{id}\" }\n\
#\n\
# [[route]]\n\
# method = \"GET\"\n\
# path = \"/health\"\n\
# public = true\n";

const TESTS: &str = "# Decisions that must hold. They run on the rows of sample.sql: `palisade test` runs them.\n\
#\n\
# [[test]]\n\
# name = \"an editor reads a document\"\n\
# principal = 'User::\"ann\"'\n\
# action = \"document:read\"\n\
# resource = 'Document::\"d1\"'\n\
# expect = \"allow\"\n";
