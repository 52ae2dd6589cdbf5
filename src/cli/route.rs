// SPDX-License-Identifier: Apache-2.0
//! `palisade route PACK METHOD PATH`

use super::{Outcome, Result, folder, print};
use crate::gateway;
use std::path::Path;

pub fn run(pack: &Path, method: &str, path: &str, json: bool) -> Result {
    let pack = folder::read(pack, json)?;
    let told = gateway::explain(&pack.bundle, method, path);
    if json {
        print(&told.to_json().to_string());
    } else {
        print(&told.to_string());
    }
    Ok(if told.passes() { Outcome::Yes } else { Outcome::No })
}
