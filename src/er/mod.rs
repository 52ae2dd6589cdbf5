// SPDX-License-Identifier: Apache-2.0
//! A diagram as text, read into a [`Diagram`]. Knows nothing of Cedar.

mod diagram;

pub use diagram::{Cardinality, Column, Diagram, Reference, Relation, Table};
