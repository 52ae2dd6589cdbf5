// SPDX-License-Identifier: Apache-2.0
//! A pack's texts, read and compiled. Reads no file: whoever has the texts, from a folder or from a page, hands them in.

mod cases;
mod coverage;
mod reader;

pub use cases::{Case, Cases, Expect};
pub use coverage::Coverage;
pub use reader::{Reader, Reading, read};

use crate::bundle::{Bundle, HANDWRITTEN};
use crate::er::Diagram;

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
