// SPDX-License-Identifier: Apache-2.0
//! A pack's texts, read and compiled. Reads no file: whoever has the texts, from a folder or from a page, hands them in.

mod cases;
mod coverage;

pub use cases::{Case, Cases, Expect};
pub use coverage::Coverage;

use crate::bundle::{Bundle, HANDWRITTEN};
use crate::compile;
use crate::er::{self, Diagram};
use crate::gateway;
use crate::model;
use crate::report::Finding;

/// The texts of a pack, as its folder holds them.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The pack's name: that of its folder.
    pub name: String,
    /// The schema's file: `schema.mmd` or `schema.sql`.
    pub schema_file: String,
    pub schema: String,
    pub model: String,
    pub policies: String,
    pub routes: String,
    pub tests: String,
    pub sample: String,
}

/// A pack without errors.
#[derive(Clone, Debug)]
pub struct Pack {
    pub diagram: Diagram,
    pub bundle: Bundle,
    pub cases: Cases,
    pub sample: String,
}

/// Reads all texts of a pack. A pack comes back only where no finding is an error; every reader that can go on does, so
/// that one reading shows all that is wrong.
pub fn read(texts: &Texts) -> (Option<Pack>, Vec<Finding>) {
    let (diagram, mut findings) = er::read(&texts.schema);
    for finding in &mut findings {
        *finding = finding.clone().in_file(&texts.schema_file);
    }
    let (cases, of_cases) = Cases::read(&texts.tests);
    findings.extend(of_cases.into_iter().map(|finding| finding.in_file("tests.toml")));
    if findings.iter().any(|finding| finding.is_error() && in_file(finding, &texts.schema_file)) {
        return (None, findings);
    }
    let (mapping, of_model) = model::read(&texts.model, &diagram);
    findings.extend(of_model.into_iter().map(|finding| finding.in_file("model.toml")));
    let Some(mapping) = mapping else { return (None, findings) };
    let (routes, of_routes) = gateway::read(&texts.routes, &mapping);
    findings.extend(of_routes.into_iter().map(|finding| finding.in_file("routes.toml")));
    let (bundle, of_policies) = compile::compile(&texts.name, &mapping, &texts.policies, &texts.routes);
    findings.extend(of_policies);
    let bundle = bundle.map(|bundle| Bundle { routing: routes.to_text(), ..bundle });
    let pack = match (bundle, findings.iter().any(Finding::is_error)) {
        (Some(bundle), false) => Some(Pack { diagram, bundle, cases, sample: texts.sample.clone() }),
        _ => None,
    };
    (pack, findings)
}

fn in_file(finding: &Finding, file: &str) -> bool {
    finding.place.as_ref().is_some_and(|place| place.file == file)
}

impl Pack {
    /// Every policy that does not come from rows, as people review it.
    pub fn policies_text(&self) -> String {
        let handwritten = self.bundle.handwritten.trim();
        if handwritten.is_empty() {
            return self.bundle.generated.clone();
        }
        format!("{}\n// From {HANDWRITTEN}.\n\n{handwritten}\n", self.bundle.generated)
    }
}
