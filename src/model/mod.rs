// SPDX-License-Identifier: Apache-2.0
//! What each table means: `model.toml`, read against a diagram into a checked [`Mapping`](crate::mapping::Mapping).
//!
//! Reading needs no rows and knows nothing of policies. What it lets through exists: every column, every table that a
//! foreign key leads to, every entity type. What it cannot settle it does not guess; it says both readings.

mod check;
mod columns;
mod draft;
mod fidelity;
mod foreign;
mod grants;
mod infer;
mod kinds;
mod meaning;
mod read;
mod section;
mod seen;
mod table;
mod tables;
mod types;
mod words;

pub use fidelity::{FidelityReport, TableFidelity};
pub use infer::{Inferred, infer};
pub use read::{MAX_TABLES, MAX_TEXT_BYTES, read};
pub use section::{toml_key, toml_text};
