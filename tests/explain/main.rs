// SPDX-License-Identifier: Apache-2.0
//! What is said about decisions: that it is said well (goldens over the packs), and that it is true.
//!
//! `UPDATE_EXPECT=1` rewrites `tests/explain/golden`; read the diff.

mod drawn;
mod packs;
mod repairs;
mod size;
mod steps;
mod words;
