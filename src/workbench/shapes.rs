// SPDX-License-Identifier: Apache-2.0
//! What is answered to the page, as JSON: www/src/engine/shapes.ts, in Rust.

use crate::er;
use crate::mapping::{ColumnKind, Context};
use crate::model::FidelityReport;
use crate::name::Uid;
use crate::report::{Finding, Place};
use crate::rows::{TableRows, Value};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// Where a row stands: its number counts from 0 in the rows that were given; none is the table as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowPlace {
    pub table: String,
    pub row: Option<usize>,
    pub column: Option<String>,
}

impl RowPlace {
    pub fn of(table: &str, row: usize) -> RowPlace {
        RowPlace { table: table.to_string(), row: Some(row), column: None }
    }
}

/// A finding, with its place as an editor in a page counts it, and the row that it is about.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub finding: Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utf16: Option<Utf16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<RowPlace>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Utf16 {
    pub column: usize,
    pub length: usize,
}

impl From<Finding> for Shown {
    fn from(finding: Finding) -> Shown {
        let utf16 = finding.place.as_ref().map(|Place { column, length, excerpt, .. }| {
            let units =
                |characters: u32| -> usize { excerpt.chars().take(characters as usize).map(char::len_utf16).sum() };
            let start = units(column.saturating_sub(1));
            let end = units(column.saturating_sub(1).saturating_add(*length));
            Utf16 { column: start + 1, length: (end - start).max(1) }
        });
        Shown { finding, utf16, row: None }
    }
}

impl Shown {
    pub fn about(finding: Finding, row: RowPlace) -> Shown {
        Shown { finding, utf16: None, row: Some(row) }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Compiled {
    pub ok: bool,
    pub findings: Vec<Shown>,
    pub files: Option<BTreeMap<&'static str, String>>,
    pub diagram: Option<Diagram>,
    pub model: Option<Model>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Diagram {
    pub tables: Vec<DrawnTable>,
    pub relations: Vec<er::Relation>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DrawnTable {
    #[serde(flatten)]
    pub table: er::Table,
    pub line: u32,
}

#[derive(Clone, Debug, Serialize)]
pub struct Model {
    pub tables: Vec<ModelTable>,
    pub types: Vec<EntityType>,
    pub actions: Vec<Action>,
    pub policies: Vec<Policy>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ModelTable {
    pub name: String,
    pub kind: &'static str,
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    pub says: String,
    pub key: Vec<String>,
    pub columns: Vec<ModelColumn>,
    pub line: u32,
}

#[derive(Clone, Debug, Serialize)]
pub struct ModelColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ColumnKind,
    pub nullable: bool,
    pub unique: bool,
    pub default: Option<String>,
    pub references: Option<String>,
    pub secret: bool,
    pub role: Option<String>,
    pub values: Option<Vec<String>>,
    pub typed_by: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EntityType {
    pub name: String,
    pub table: Option<String>,
    pub principal: bool,
    pub resource: bool,
    pub attributes: Vec<Attribute>,
    pub parents: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Attribute {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub optional: bool,
}

impl Attribute {
    pub fn all(context: &Context) -> Vec<Attribute> {
        let one = |(name, kind): (&String, &crate::mapping::ContextType)| Attribute {
            name: name.clone(),
            kind: kind.name.clone(),
            optional: kind.optional,
        };
        context.iter().map(one).collect()
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Action {
    pub id: String,
    pub resources: Vec<String>,
    pub implies: Vec<String>,
    pub context: Vec<Attribute>,
    pub declared: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Policy {
    pub id: String,
    pub effect: &'static str,
    pub source: &'static str,
    pub line: u32,
    pub end: u32,
    pub text: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct RowsRead {
    pub findings: Vec<Shown>,
    pub until: Option<String>,
    pub entities: BTreeMap<String, Vec<Known>>,
    pub actions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Known {
    pub id: String,
    pub label: Option<String>,
    pub row: Option<RowPlace>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    pub allow: bool,
    pub undecided: bool,
    pub reasons: Vec<Reason>,
    pub errors: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    pub policy: String,
    pub source: String,
    pub effect: &'static str,
    pub row: Option<RowPlace>,
    pub says: String,
    pub rests_on: Vec<RowPlace>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    pub entities: Vec<Uid>,
    pub actions: Vec<String>,
    pub cells: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct TestsRun {
    pub results: Vec<TestResult>,
    pub coverage: Coverage,
}

#[derive(Clone, Debug, Serialize)]
pub struct TestResult {
    pub name: String,
    pub line: u32,
    pub principal: Uid,
    pub action: String,
    pub resource: Uid,
    pub expect: &'static str,
    pub got: Option<&'static str>,
    pub passed: bool,
    pub why: String,
    pub own_rows: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Coverage {
    pub policies: Vec<PolicyCoverage>,
    pub rows: Vec<RowCoverage>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PolicyCoverage {
    pub id: String,
    pub tests: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct RowCoverage {
    pub source: String,
    pub row: Option<RowPlace>,
    pub tests: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct Changes {
    pub questions: usize,
    pub asked: usize,
    pub sampled: bool,
    pub gained: usize,
    pub lost: usize,
    pub flips: Vec<Flip>,
    pub without_context: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    pub principal: Uid,
    pub action: String,
    pub resource: Uid,
    pub before: &'static str,
    pub after: &'static str,
    pub because_before: Vec<crate::decide::Reason>,
    pub because_after: Vec<crate::decide::Reason>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Inferred {
    pub model: String,
    pub fidelity: Option<FidelityReport>,
    pub findings: Vec<Shown>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SqlRead {
    pub rows: BTreeMap<String, Table>,
    pub findings: Vec<Shown>,
}

/// A table's rows, as cells of JSON.
#[derive(Clone, Debug)]
pub struct Table(pub TableRows);

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(Some(2))?;
        table.serialize_entry("columns", &self.0.columns)?;
        table.serialize_entry("rows", &Lines(&self.0.rows))?;
        table.end()
    }
}

struct Lines<'a>(&'a [Vec<Value>]);

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lines = serializer.serialize_seq(Some(self.0.len()))?;
        for line in self.0 {
            lines.serialize_element(&line.iter().map(Cell).collect::<Vec<_>>())?;
        }
        lines.end()
    }
}

/// A value as the page holds it.
pub struct Cell<'a>(pub &'a Value);

/// The largest whole number below which every one is a number of JavaScript.
const MOST: i64 = 1 << 53;

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let marked = |serializer: S, name: &str, text: String| {
            let mut object = serializer.serialize_map(Some(1))?;
            object.serialize_entry(name, &text)?;
            object.end()
        };
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Integer(number) if (-MOST..=MOST).contains(number) => serializer.serialize_i64(*number),
            Value::Integer(number) => marked(serializer, "integer", number.to_string()),
            Value::Real(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Blob(bytes) => {
                marked(serializer, "blob", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
        }
    }
}

// --- What the page asks ---

/// The texts of a pack: each a member, and none needed.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    pub name: String,
    pub schema: String,
    /// What findings call the schema; `schema.mmd` where it is left out.
    pub schema_file: String,
    pub model: String,
    pub policies: String,
    pub routes: String,
    pub tests: String,
}

/// Who asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub principal: Uid,
    pub action: String,
    pub resource: Uid,
    #[serde(default)]
    pub context: serde_json::Map<String, serde_json::Value>,
}

/// What a page asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuestion {
    pub principal: Uid,
    pub resources: Vec<Uid>,
    #[serde(default)]
    pub context: Vec<Uid>,
    /// What is known of every context.
    #[serde(default)]
    pub fixed: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(tag = "over", rename_all = "lowercase", deny_unknown_fields)]
pub enum MatrixQuestion {
    Principals {
        resource: Uid,
        #[serde(default)]
        context: serde_json::Map<String, serde_json::Value>,
    },
    Resources {
        principal: Uid,
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        context: serde_json::Map<String, serde_json::Value>,
    },
}

/// A decision to be kept as a test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTest {
    pub name: String,
    pub principal: Uid,
    pub action: String,
    pub resource: Uid,
    #[serde(default)]
    pub context: serde_json::Map<String, serde_json::Value>,
    pub expect: crate::pack::Expect,
    #[serde(default)]
    pub because: Vec<String>,
    pub at: String,
}
