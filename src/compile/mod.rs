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
pub use proof::syntax;
pub use publish::publish_sql;
pub use schema::{EntityType, RowActions, cedar_schema, entity_types};
pub use tables::{default, schema_sql};
pub use types::typescript;

use crate::bundle::{Bundle, FORMAT, HANDWRITTEN};
use crate::cedar::{self, CedarError};
use crate::engine::Program;
use crate::mapping::Mapping;
use crate::report::Finding;
use cedar_policy::PolicySet;
use proof::{PoliciesRead, Proof};
use std::collections::BTreeSet;

/// Compiles a checked model and what stands beside it. A bundle comes back only where no finding is an error.
pub fn compile(name: &str, mapping: &Mapping, handwritten: &str, routes: &str) -> (Option<Bundle>, Vec<Finding>) {
    let (ground, mut findings) = Ground::new(name, mapping);
    let Some(ground) = ground else { return (None, findings) };
    let (rules, more) = ground.rules(handwritten);
    findings.extend(more);
    (rules.map(|rules| ground.bundle(mapping, &rules, routes)), findings)
}

/// What a model alone means in Cedar: all that need not be made again where only the hand-written policies change.
pub struct Ground {
    name: String,
    /// The Cedar schema, in Cedar's own syntax.
    pub schema: String,
    /// The policies that the model means, in Cedar's syntax.
    pub generated: String,
    proof: Proof,
}

/// Policies that people wrote, proven to fit a [`Ground`].
pub struct Rules {
    /// As written.
    pub handwritten: String,
    read: PoliciesRead,
    program: Vec<u8>,
}

impl Ground {
    /// Cedar must take the schema and the generated policies; nothing comes back where it does not.
    pub fn new(name: &str, mapping: &Mapping) -> (Option<Ground>, Vec<Finding>) {
        let schema = cedar_schema(name, mapping, &RowActions::default());
        let generated = generated_policies(name, mapping);
        let (proof, findings) = Proof::new(&schema, &generated);
        (proof.map(|proof| Ground { name: name.to_string(), schema, generated, proof }), findings)
    }

    /// Reads hand-written policies, validates and compiles them, together with the generated ones.
    pub fn rules(&self, handwritten: &str) -> (Option<Rules>, Vec<Finding>) {
        let (read, mut findings) = self.proof.with(handwritten);
        let Some(read) = read else { return (None, findings) };
        match program(&read.policies, &read.handwritten) {
            Ok(program) => {
                let rules = Rules { handwritten: handwritten.to_string(), read, program: program.to_bytes() };
                (Some(rules), findings)
            }
            Err(error) => {
                findings.push(Finding::error("cedar/program", error.to_string()).in_file(HANDWRITTEN));
                (None, findings)
            }
        }
    }

    /// All of it in one piece. `mapping` is the one that the ground was made of.
    pub fn bundle(&self, mapping: &Mapping, rules: &Rules, routes: &str) -> Bundle {
        Bundle {
            format: FORMAT,
            name: self.name.clone(),
            mapping: mapping.clone(),
            schema: self.schema.clone(),
            generated: self.generated.clone(),
            handwritten: rules.handwritten.clone(),
            mentioned: rules.read.attributes.clone(),
            named: rules.read.named.clone(),
            forbids_use_in: rules.read.forbids_use_in,
            program: rules.program.clone(),
            routes: routes.to_string(),
            routing: String::new(),
        }
    }
}

/// The program of these policies. Those of `handwritten` come from their file where they do not say otherwise.
fn program(policies: &PolicySet, handwritten: &BTreeSet<String>) -> Result<Program, CedarError> {
    cedar::program(policies, |id| handwritten.contains(id).then(|| HANDWRITTEN.to_string()))
}
