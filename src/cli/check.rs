// SPDX-License-Identifier: Apache-2.0
//! `palisade check PACK…`

use super::{Outcome, Result, complain, folder, print};
use crate::pack;
use crate::report::Finding;
use std::path::PathBuf;

pub fn run(packs: &[PathBuf], json: bool) -> Result {
    let mut all: Vec<Finding> = Vec::new();
    let mut lines = Vec::new();
    for path in packs {
        let texts = folder::texts(path)?;
        let (pack, findings) = pack::read(&texts);
        all.extend(folder::within(path, findings));
        if let Some(pack) = pack {
            let mapping = &pack.bundle.mapping;
            lines.push(format!(
                "{}: {} tables, {} entity types, {} actions, {} tests: in order",
                path.display(),
                mapping.tables.len(),
                mapping.entities().count() + mapping.externals.len(),
                mapping.declared_actions().len(),
                pack.cases.cases.len()
            ));
        }
    }
    let failed = all.iter().any(Finding::is_error);
    if json {
        print(&serde_json::json!({ "ok": !failed, "findings": all }).to_string());
    } else {
        complain(&all);
        if !lines.is_empty() {
            print(&lines.join("\n"));
        }
    }
    // A pack that cannot be used is bad input: the same exit status that every other command gives for it.
    if failed { std::process::exit(2) } else { Ok(Outcome::Yes) }
}
