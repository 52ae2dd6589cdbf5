// SPDX-License-Identifier: Apache-2.0
//! The workbench as a page calls it. Everything crosses as text: JSON is read and written on this side alone, so that no
//! integer passes through a number of JavaScript, which holds 53 bits of it.

use serde::Serialize;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

fn answer<T: Serialize>(result: Result<T, String>) -> Result<String, JsError> {
    let answer = result.map_err(|error| JsError::new(&error))?;
    serde_json::to_string(&answer).map_err(|error| JsError::new(&error.to_string()))
}

/// A pack and rows, and all that is asked about them. `www/src/engine/shapes.ts` has the shapes.
#[wasm_bindgen]
#[derive(Default)]
pub struct Workbench(super::Workbench);

#[wasm_bindgen]
impl Workbench {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Workbench {
        Workbench::default()
    }

    /// `Texts` → `Compiled`. Where there is an error, decisions still go by the last texts without one.
    pub fn pack(&mut self, texts: &str) -> Result<String, JsError> {
        answer(self.0.pack(texts))
    }

    /// Takes in `Rows` (tables that are left out stay as they were; null empties one) and an instant as in RFC 3339.
    pub fn put(&mut self, tables: &str, at: &str) -> Result<(), JsError> {
        self.0.put(tables, at).map_err(|error| JsError::new(&error))
    }

    /// The same, and what there is to say about the rows → `RowsRead`.
    pub fn rows(&mut self, tables: &str, at: &str) -> Result<String, JsError> {
        answer(self.0.rows(tables, at))
    }

    /// `Question` → `Answer`.
    pub fn decide(&self, question: &str) -> Result<String, JsError> {
        answer(self.0.decide(question))
    }

    /// `Question` → `Explanation`, without its repairs.
    pub fn explain(&self, question: &str) -> Result<String, JsError> {
        answer(self.0.explain(question))
    }

    /// `Question` → `Repair[]`: those of its explanation, which take longer.
    pub fn repairs(&self, question: &str) -> Result<String, JsError> {
        answer(self.0.repairs(question))
    }

    /// `MatrixQuestion` → `Matrix`.
    pub fn matrix(&self, question: &str) -> Result<String, JsError> {
        answer(self.0.matrix(question))
    }

    /// → `TestsRun`, on the rows as they are.
    pub fn tests(&self) -> Result<String, JsError> {
        answer(self.0.tests())
    }

    /// What differs from `before` → `Changes`. `questions` is the most that are asked.
    pub fn changes(&self, before: &Workbench, questions: usize) -> Result<String, JsError> {
        answer(self.0.changes(&before.0, questions))
    }

    /// The text of `bundle.json`, as `palisade compile` writes it and a gate takes it.
    pub fn bundle(&self) -> Result<String, JsError> {
        self.0.bundle().map_err(|error| JsError::new(&error))
    }

    /// The rows as `sample.sql`.
    pub fn sample(&self) -> String {
        self.0.sample()
    }

    /// What a gate would answer a page (`GET /.palisade/bundle`): bytes for the engine alone.
    pub fn page(&self, question: &str) -> Result<Vec<u8>, JsError> {
        self.0.page(question).map_err(|error| JsError::new(&error))
    }
}

/// A schema's text → `Inferred`.
#[wasm_bindgen]
pub fn infer(schema: &str) -> Result<String, JsError> {
    answer(Ok(super::infer(schema)))
}

/// Cedar, as its formatter writes it. Throws where the text is none.
#[wasm_bindgen]
pub fn format(policies: &str) -> Result<String, JsError> {
    super::format(policies).map_err(|error| JsError::new(&error))
}

/// Rows of `INSERT`s, by the tables of the workbench's pack → `SqlRead`.
#[wasm_bindgen]
pub fn read_sql(bench: &Workbench, sql: &str) -> Result<String, JsError> {
    answer(Ok(bench.0.read_sql(sql)))
}

/// tests.toml with one more test (`NewTest`) at its end.
#[wasm_bindgen]
pub fn add_test(tests: &str, test: &str) -> Result<String, JsError> {
    super::add_test(tests, test).map_err(|error| JsError::new(&error))
}
