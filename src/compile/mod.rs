// SPDX-License-Identifier: Apache-2.0
//! What a model means, in Cedar: the schema, the guards and ownership rules, checked together with what people wrote.
//!
//! The same input gives the same bytes. Rows play no part here: `facts` reads them when a request comes.

mod policy;
mod proof;
mod publish;
mod schema;
mod tables;
mod types;

pub use crate::cedar::attributes_read;
pub use policy::generated_policies;
pub use proof::validate;
pub use publish::publish_sql;
pub use schema::{RowActions, cedar_schema};
pub use tables::schema_sql;
pub use types::typescript;

use crate::bundle::{Bundle, FORMAT, HANDWRITTEN};
use crate::cedar::{self, CedarError};
use crate::engine::Program;
use crate::mapping::Mapping;
use crate::report::Finding;
use cedar_policy::PolicySet;
use std::collections::BTreeSet;

/// Compiles a checked model and what stands beside it. A bundle comes back only where no finding is an error.
pub fn compile(name: &str, mapping: &Mapping, handwritten: &str, routes: &str) -> (Option<Bundle>, Vec<Finding>) {
    let schema = cedar_schema(name, mapping, &RowActions::default());
    let generated = generated_policies(name, mapping);
    let (read, mut findings) = proof::validate(&schema, &generated, handwritten);
    let Some(read) = read else { return (None, findings) };
    let program = match program(&read.policies, &read.handwritten) {
        Ok(program) => program.to_bytes(),
        Err(error) => {
            findings.push(Finding::error("cedar/program", error.to_string()).in_file(HANDWRITTEN));
            return (None, findings);
        }
    };
    let bundle = Bundle {
        format: FORMAT,
        name: name.to_string(),
        mapping: mapping.clone(),
        schema,
        generated,
        handwritten: handwritten.to_string(),
        mentioned: read.attributes,
        named: read.named,
        forbids_use_in: read.forbids_use_in,
        program,
        routes: routes.to_string(),
        routing: String::new(),
    };
    (Some(bundle), findings)
}

/// The program of these policies. Those of `handwritten` come from their file where they do not say otherwise.
fn program(policies: &PolicySet, handwritten: &BTreeSet<String>) -> Result<Program, CedarError> {
    cedar::program(policies, |id| handwritten.contains(id).then(|| HANDWRITTEN.to_string()))
}
