// SPDX-License-Identifier: Apache-2.0
//! A pack's folder, read into texts.

use super::{Failure, complain};
use crate::pack::{self, Pack, Texts};
use crate::report::{Finding, Place};
use std::fs;
use std::path::Path;

/// No file of a pack is larger, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Reads a pack that must be without errors. Warnings are printed.
pub fn read(folder: &Path, json: bool) -> Result<Pack, Failure> {
    let (pack, findings) = pack::read(&texts(folder)?);
    let findings = within(folder, findings);
    match pack {
        Some(pack) => {
            if !json {
                let grave: Vec<_> =
                    findings.into_iter().filter(|f| f.severity > crate::report::Severity::Note).collect();
                complain(&grave);
            }
            Ok(pack)
        }
        None => Err(Failure::Findings(findings)),
    }
}

/// Findings that name a file of the folder, naming it as the user can open it.
pub fn within(folder: &Path, findings: Vec<Finding>) -> Vec<Finding> {
    let named = |mut finding: Finding| {
        if let Some(place) = finding.place.as_mut().filter(|place| !place.file.is_empty()) {
            place.file = folder.join(&place.file).display().to_string();
        }
        finding
    };
    findings.into_iter().map(named).collect()
}

/// The texts of a pack's folder. Only the schema and the model must be there.
pub fn texts(folder: &Path) -> Result<Texts, Failure> {
    if !folder.is_dir() {
        let message = format!("`{}` is not a folder", folder.display());
        let help = "name the folder of a pack, or make one: `palisade import schema.mmd --out FOLDER`";
        return Err(Failure::Findings(vec![Finding::error("pack/folder", message).help(help)]));
    }
    let (mmd, sql) = (folder.join("schema.mmd"), folder.join("schema.sql"));
    let schema_file = match (mmd.exists(), sql.exists()) {
        (true, false) => "schema.mmd",
        (false, true) => "schema.sql",
        (true, true) => {
            let message = format!("`{}` has both `schema.mmd` and `schema.sql`", folder.display());
            return Err(Failure::Findings(vec![Finding::error("pack/schema", message).help("keep one of them")]));
        }
        (false, false) => {
            let message = format!("`{}` has neither `schema.mmd` nor `schema.sql`", folder.display());
            let help = "put the ER diagram or the DDL there, or make a pack: `palisade import schema.mmd --out FOLDER`";
            return Err(Failure::Findings(vec![Finding::error("pack/schema", message).help(help)]));
        }
    };
    let model = folder.join("model.toml");
    if !model.exists() {
        let message = format!("`{}` has no `model.toml`", folder.display());
        let help = format!("make a first one: `palisade import {}`", folder.join(schema_file).display());
        return Err(Failure::Findings(vec![Finding::error("pack/model", message).help(help)]));
    }
    let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    Ok(Texts {
        name: name.unwrap_or_else(|| "pack".to_string()),
        schema_file: schema_file.to_string(),
        schema: text(&folder.join(schema_file))?,
        model: text(&model)?,
        policies: optional(&folder.join(crate::bundle::HANDWRITTEN))?,
        routes: optional(&folder.join("routes.toml"))?,
        tests: optional(&folder.join("tests.toml"))?,
        sample: optional(&folder.join("sample.sql"))?,
    })
}

fn optional(path: &Path) -> Result<String, Failure> {
    if path.exists() { text(path) } else { Ok(String::new()) }
}

/// The text of a file.
pub fn text(path: &Path) -> Result<String, Failure> {
    let fail = |message: String, help: &str| {
        let finding = Finding::error("file", message).at(Place::file(path.display().to_string())).help(help);
        Failure::Findings(vec![finding])
    };
    let size = fs::metadata(path).map_err(|error| fail(format!("cannot be read: {error}"), "check the path"))?.len();
    if size > MAX_FILE {
        return Err(fail(format!("is {size} bytes long"), "a file of a pack is at most 16 MiB long"));
    }
    let bytes = fs::read(path).map_err(|error| fail(format!("cannot be read: {error}"), "check its permissions"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fail(format!("is not UTF-8 text: the byte at offset {at} is not part of a character"), "save it as UTF-8")
    })?;
    // An editor's byte order mark is no part of the text.
    Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text))
}
