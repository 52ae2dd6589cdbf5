// SPDX-License-Identifier: Apache-2.0
//! What stands in for `sql.rs` in a build without the `cli` feature: SQL is recognised, and said not to be read here.

use super::diagram::Diagram;
use super::margin::{Margin, Span};

pub(super) fn read(_text: &str, margin: &mut Margin) -> Diagram {
    let message = "this is SQL, which this build of Palisade does not read";
    margin.error(
        "er/sql-absent",
        Span::default(),
        message,
        "run `palisade import` on it, or draw it as an `erDiagram`",
    );
    Diagram::default()
}
