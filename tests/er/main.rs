// SPDX-License-Identifier: Apache-2.0
//! Reading diagrams: Mermaid's own cases, cases as files, and any text at all.

mod any_text;
mod golden;
mod limits;
mod printed;
mod vectors;
