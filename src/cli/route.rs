// SPDX-License-Identifier: Apache-2.0
//! `palisade route PACK METHOD PATH`

use super::{Failure, Outcome, Result, folder, print};
use crate::gateway::{self, Explanation};
use std::path::Path;

pub fn run(folder: &Path, method: &str, path: &str, json: bool) -> Result {
    let pack = folder::read(folder, json)?;
    let method = method
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| Failure::Message(format!("`{method}` is no HTTP method: write GET, POST, …")))?;
    let mapping = &pack.bundle.mapping;
    let (routes, _) = gateway::read(&pack.bundle.routes, mapping);
    let told = gateway::explain(&routes, mapping, &method, path);
    if json {
        print(&serde_json::to_string(&told).map_err(|error| Failure::Message(error.to_string()))?);
    } else {
        print(&words(&told, &folder.join("routes.toml").display().to_string()));
    }
    let passes = matches!(told, Explanation::Public { .. } | Explanation::Asks { .. } | Explanation::Own);
    Ok(if passes { Outcome::Yes } else { Outcome::No })
}

fn words(told: &Explanation, file: &str) -> String {
    match told {
        Explanation::Malformed { status, because } => format!("refused with {status}: {because}"),
        Explanation::NoRoute => "refused with 404: no route has this path".to_string(),
        Explanation::WrongMethod { allow } => format!("refused with 405: this path takes {}", allow.join(", ")),
        Explanation::Own => "answered by the gate itself".to_string(),
        Explanation::Public { route, line } => {
            format!("public: forwarded without asking anybody ({route}, {file}:{line})")
        }
        Explanation::Incomplete { route, line, because } => {
            format!("refused with 400: {because} ({route}, {file}:{line})")
        }
        Explanation::Asks { route, line, action, resource, context } => {
            let mut text = format!("asks: may the caller {action} on {resource}? ({route}, {file}:{line})");
            for (name, value) in context {
                text.push_str(&format!("\n  context.{name} = {value}"));
            }
            text
        }
    }
}
