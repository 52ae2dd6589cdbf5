// SPDX-License-Identifier: Apache-2.0
//! The ladder of `src/README.md` is true: no room imports a room that the drawing does not give it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Room → the rooms that it may import, as drawn.
fn drawn() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string("src/README.md").expect("the map");
    let ladder = text.split("## The ladder").nth(1).expect("a ladder").split("```").nth(1).expect("a drawing");
    let mut rooms = BTreeMap::new();
    for line in ladder.lines().filter(|line| line.contains("->")) {
        let (left, right) = line.split_once("->").expect("an arrow");
        let may: BTreeSet<String> = match right.trim() {
            "nothing of ours" => BTreeSet::new(),
            names => names.split_whitespace().map(str::to_string).collect(),
        };
        for room in left.split_whitespace().filter(|word| word.parse::<u32>().is_err()) {
            rooms.insert(room.to_string(), may.clone());
        }
    }
    rooms
}

/// Room → the rooms that its files import: every `crate::room`.
fn built() -> BTreeMap<String, BTreeSet<String>> {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    for file in files {
        let below = file.strip_prefix("src").expect("below src");
        let first = below.components().next().expect("a name").as_os_str().to_string_lossy().to_string();
        let room = first.trim_end_matches(".rs").to_string();
        if room == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let used = rooms.entry(room.clone()).or_default();
        for prefix in ["crate::", "palisade::"] {
            for (at, _) in text.match_indices(prefix) {
                let word: String =
                    text[at + prefix.len()..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if !word.is_empty() && word != room {
                    used.insert(word);
                }
            }
        }
    }
    rooms
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_import_goes_down_the_ladder() {
    let drawn = drawn();
    let mut wrong = Vec::new();
    for (room, used) in built() {
        let Some(may) = drawn.get(&room) else {
            wrong.push(format!("`{room}` is not in the drawing"));
            continue;
        };
        for other in used.iter().filter(|other| drawn.contains_key(*other) && !may.contains(*other)) {
            wrong.push(format!("`{room}` imports `{other}`, and the drawing has no such arrow"));
        }
    }
    assert!(wrong.is_empty(), "src/README.md and the code disagree:\n  {}", wrong.join("\n  "));
}

#[test]
fn the_drawing_has_no_circle() {
    let drawn = drawn();
    for start in drawn.keys() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&String> = drawn[start].iter().collect();
        while let Some(room) = next.pop() {
            assert_ne!(room, start, "`{start}` reaches itself");
            if seen.insert(room) {
                next.extend(drawn.get(room).into_iter().flatten());
            }
        }
    }
}
