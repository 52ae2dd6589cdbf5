// SPDX-License-Identifier: Apache-2.0
//! Cases as files: `ok/*` beside what was read from it, `err/*` beside the findings as a person sees them.
//!
//! To add a case, add its diagram, named for what it shows, and run the tests with `UPDATE_EXPECT=1`; then read what they
//! wrote beside it.

use palisade::er;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn what_is_read() {
    check("ok", "json", |path, text| {
        let (diagram, findings) = er::read(text);
        let file = file_name(path);
        let errors: Vec<_> = findings.iter().filter(|finding| finding.is_error()).collect();
        assert!(errors.is_empty(), "{file} is among the good cases, but has errors: {errors:#?}");
        let findings: Vec<Vec<String>> = findings
            .into_iter()
            .map(|finding| finding.in_file(&file).to_string().lines().map(String::from).collect())
            .collect();
        serde_json::to_string_pretty(&json!({ "diagram": diagram, "findings": findings })).unwrap()
    });
}

#[test]
fn what_is_wrong() {
    check("err", "txt", |path, text| {
        let file = file_name(path);
        let findings: Vec<_> = er::read(text).1.into_iter().map(|finding| finding.in_file(&file)).collect();
        assert!(findings.iter().any(|finding| finding.is_error()), "{file} is among the bad cases, but has no error");
        findings.iter().map(|finding| finding.to_string()).collect::<Vec<_>>().join("\n\n")
    });
}

fn check(folder: &str, extension: &str, show: impl Fn(&Path, &str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/er").join(folder);
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|ending| ending != extension));
    cases.sort();
    assert!(!cases.is_empty());
    let mut stale = Vec::new();
    for path in &cases {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let shown = show(path, &text) + "\n";
        let beside = path.with_extension(extension);
        if update {
            fs::write(&beside, &shown).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != shown {
            stale.push(format!("{}:\n{shown}", beside.display()));
        }
    }
    assert!(stale.is_empty(), "UPDATE_EXPECT=1 writes these anew:\n{}", stale.join("\n"));
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
