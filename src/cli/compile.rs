// SPDX-License-Identifier: Apache-2.0
//! `palisade compile PACK [--out DIR] [--db FILE]`

use super::{Failure, Outcome, Result, complain, database, folder, instant, print};
use crate::bundle::Bundle;
use crate::cedar;
use crate::compile::{self, RowActions};
use crate::export;
use crate::facts::{self, Facts, Scope};
use crate::pack::Pack;
use crate::store::{SlicePlan, Store};
use std::fs;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Arguments {
    /// The pack's folder.
    pack: PathBuf,
    /// Where to write the files; without it they are printed.
    #[arg(long)]
    out: Option<PathBuf>,
    /// A SQLite database: its rows' policies and entities are written, too.
    #[arg(long)]
    db: Option<PathBuf>,
    /// The instant at which the rows are read; now where it is left out.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result {
    let pack = folder::read(&arguments.pack, json)?;
    let mut files = files(&pack);
    let mut notes = Vec::new();
    if let Some(db) = &arguments.db {
        let store = database::open(db)?;
        let slice = pollster::block_on(store.everything(&SlicePlan::new(&pack.bundle)));
        let slice = slice.map_err(|error| Failure::Message(error.to_string()))?;
        let facts = facts::build(&pack.bundle, &slice.rows, &[], instant(arguments.at.as_deref())?);
        add_rows(&mut files, &pack.bundle, &facts)?;
        notes = facts.findings;
    }
    if json {
        let texts: serde_json::Map<_, _> =
            files.into_iter().map(|(name, text)| (name.to_string(), text.into())).collect();
        print(&serde_json::json!({ "ok": true, "files": texts, "findings": notes }).to_string());
        return Ok(Outcome::Yes);
    }
    complain(&notes);
    let Some(out) = &arguments.out else {
        for (name, text) in files.iter().filter(|(name, _)| *name != BUNDLE_FILE && *name != PUBLISH_FILE) {
            print(&format!("==> {name} <==\n{text}"));
        }
        return Ok(Outcome::Yes);
    };
    let cannot = |path: &PathBuf, error: std::io::Error| Failure::Message(format!("`{}`: {error}", path.display()));
    fs::create_dir_all(out).map_err(|error| cannot(out, error))?;
    for (name, text) in &files {
        let path = out.join(name);
        fs::write(&path, text).map_err(|error| cannot(&path, error))?;
        print(&format!("{} ({} bytes)", path.display(), text.len()));
    }
    Ok(Outcome::Yes)
}

const BUNDLE_FILE: &str = "bundle.json";
const PUBLISH_FILE: &str = "publish.sql";

fn files(pack: &Pack) -> Vec<(&'static str, String)> {
    let bundle = &pack.bundle;
    vec![
        ("schema.sql", compile::schema_sql(&bundle.mapping, &bundle.name)),
        ("schema.cedarschema", bundle.schema.clone()),
        ("policies.cedar", pack.policies_text()),
        ("types.d.ts", compile::typescript(&bundle.name, &bundle.mapping)),
        (BUNDLE_FILE, bundle.to_json()),
        (PUBLISH_FILE, compile::publish_sql(bundle)),
    ]
}

/// Adds the rows' policies and entities, with a schema that knows the actions that only rows name.
fn add_rows(
    files: &mut Vec<(&'static str, String)>,
    bundle: &Bundle,
    facts: &Facts,
) -> std::result::Result<(), Failure> {
    let fail = |error: &dyn std::fmt::Display| Failure::Message(format!("the rows do not go into Cedar: {error}"));
    // Cedar reads them before anybody else has to.
    cedar::entities(facts).map_err(|error| fail(&error))?;
    let entities = serde_json::to_string_pretty(&export::entities_json(facts)).map_err(|error| fail(&error))?;
    for (name, text) in files.iter_mut() {
        match *name {
            "schema.cedarschema" => {
                *text = compile::cedar_schema(&bundle.name, &bundle.mapping, &row_actions(bundle, facts));
            }
            "policies.cedar" => {
                text.push_str("\n// From the rows of the database.\n\n");
                text.push_str(&export::policies_text(facts));
            }
            _ => {}
        }
    }
    files.push(("entities.json", entities + "\n"));
    Ok(())
}

/// Actions that grants name and the model does not, with the types that they are granted on.
fn row_actions(bundle: &Bundle, facts: &Facts) -> RowActions {
    let declared = bundle.mapping.declared_actions();
    let mut actions = RowActions::new();
    let mut everywhere: Vec<String> = Vec::new();
    for grant in &facts.grants {
        for action in grant.actions.iter().flatten().filter(|action| !declared.contains_key(*action)) {
            let types = actions.entry(action.clone()).or_default();
            match &grant.resource {
                Scope::Is(kind) | Scope::IsIn(kind, _) => {
                    types.insert(kind.clone());
                }
                // Granted below some entity of whatever type: it can be asked of every type.
                Scope::Any | Scope::In(_) | Scope::Eq(_) => everywhere.push(action.clone()),
            }
        }
    }
    for action in everywhere {
        actions.insert(action, Default::default());
    }
    actions
}
