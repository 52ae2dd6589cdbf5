// SPDX-License-Identifier: Apache-2.0
//! The fidelity report: what an inferred model keeps of a schema, what it approximates, refuses and assumes.

use serde::Serialize;

/// What became of each table, in the order of the diagram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FidelityReport {
    pub tables: Vec<TableFidelity>,
    /// What concerns the schema as a whole.
    pub notes: Vec<String>,
}

/// What became of one table. Each entry is one sentence, small at the start and without a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TableFidelity {
    pub table: String,
    /// The kind that it was given.
    pub kind: String,
    /// What was seen that made it so.
    pub seen: String,
    /// What the model says just as the schema does.
    pub kept: Vec<String>,
    /// What the model says more narrowly than the schema; never more widely.
    pub approximated: Vec<String>,
    /// What the model cannot say, so that it conveys nothing.
    pub refused: Vec<String>,
    /// What was taken to be so without the schema saying it.
    pub assumed: Vec<String>,
}

impl FidelityReport {
    /// How many sentences of each sort there are: kept, approximated, refused, assumed.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for table in &self.tables {
            for (count, (_, sentences)) in counts.iter_mut().zip(table.parts()) {
                *count += sentences.len();
            }
        }
        counts
    }

    /// The report as people read it.
    ///
    /// ```
    /// use palisade::model::{FidelityReport, TableFidelity};
    ///
    /// let table = TableFidelity {
    ///     table: "casbin_rule".into(),
    ///     kind: "ignored".into(),
    ///     seen: "the rules of Casbin".into(),
    ///     refused: vec!["what `v0` to `v5` mean stands in `model.conf`".into()],
    ///     ..Default::default()
    /// };
    /// let report = FidelityReport { tables: vec![table], notes: Vec::new() };
    /// assert!(report.to_markdown().contains("- refused: what `v0` to `v5` mean stands in `model.conf`"));
    /// ```
    pub fn to_markdown(&self) -> String {
        let [kept, approximated, refused, assumed] = self.counts();
        let mut out = String::from("# Fidelity report\n\n");
        out.push_str(&format!(
            "{} tables: {kept} things kept, {approximated} approximated, {refused} refused, {assumed} assumed.\n\n",
            self.tables.len()
        ));
        out.push_str(
            "Kept is said as the schema says it. What is approximated or refused grants less than the schema does, never\n\
             more. What is assumed was seen by a name or a shape: confirm it.\n",
        );
        if !self.notes.is_empty() {
            out.push('\n');
        }
        for note in &self.notes {
            out.push_str(&format!("- {}\n", escape(note)));
        }
        for table in &self.tables {
            out.push_str(&format!("\n## {}\n\n`{}`: {}\n", escape(&table.table), table.kind, escape(&table.seen)));
            if table.parts().iter().any(|(_, sentences)| !sentences.is_empty()) {
                out.push('\n');
            }
            for (name, sentences) in table.parts() {
                for sentence in sentences {
                    out.push_str(&format!("- {name}: {}\n", escape(sentence)));
                }
            }
        }
        out
    }
}

impl TableFidelity {
    fn parts(&self) -> [(&'static str, &[String]); 4] {
        [
            ("kept", &self.kept),
            ("approximated", &self.approximated),
            ("refused", &self.refused),
            ("assumed", &self.assumed),
        ]
    }
}

/// Text of a schema within Markdown: on one line, and never the tag that it may contain.
fn escape(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('<', "&lt;")
}
