// SPDX-License-Identifier: Apache-2.0
//! Why a decision came out as it did, and what would change it: in rows, policies and plain words.
//!
//! Everything is worked out from all rows, as the playground has them and `palisade decide --explain` reads them. The
//! decision is the engine's; nothing here decides.

mod change;
mod gains;
mod graph;
mod near;
mod place;
mod reasons;
mod repairs;
mod shapes;
mod situation;
mod steps;
mod words;

pub use shapes::{
    Applies, Condition, Edge, Effect, Evaluated, Explanation, Fits, Graph, Near, Node, NodeKind, Reason, Repair,
    RowChange, RowPlace, Step, cell,
};

use crate::bundle::{Bundle, HANDWRITTEN};
use crate::cedar::{CedarError, Outline, outlines};
use crate::decide::{Engine, Query, Undecidable};
use crate::engine::Program;
use crate::name::Uid;
use crate::rows::{Millis, Rows};
use situation::Situation;

/// What questions are asked in.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub bundle: &'a Bundle,
    pub engine: &'a Engine,
    /// All rows of all tables.
    pub rows: &'a Rows,
    pub at: Millis,
}

/// The policies of a bundle, taken apart. Made once for a bundle.
pub struct Explainer {
    program: Program,
    outlines: Vec<Outline>,
    named: Vec<Uid>,
}

/// The file name under which generated policies are read here.
const GENERATED: &str = "generated";

impl Explainer {
    /// # Errors
    /// The policies' texts cannot be read, which a bundle's can.
    pub fn new(bundle: &Bundle) -> Result<Explainer, CedarError> {
        let texts = [(GENERATED, bundle.generated.as_str()), (HANDWRITTEN, bundle.handwritten.as_str())];
        let (program, outlines) = outlines(&texts)?;
        Ok(Explainer { program, outlines, named: bundle.named.iter().cloned().collect() })
    }

    /// Explains a decision; what would change it is left out ([`Explainer::repairs`]).
    ///
    /// # Errors
    /// The rows cannot be judged at all: more than can be numbered.
    pub fn explain(&self, case: &Case, query: &Query) -> Result<Explanation, Undecidable> {
        let situation = Situation::new(case, query)?;
        let reasons = situation.reasons(self);
        let decision = &situation.decision;
        let denied = !decision.allow && !decision.undecided;
        let (nearest, revived) = if denied { situation.nearest() } else { (Vec::new(), situation.facts().clone()) };
        let near = if denied { situation.near(self, &nearest, &reasons) } else { Vec::new() };
        Ok(Explanation {
            allow: decision.allow,
            undecided: decision.undecided,
            errors: decision.errors.clone(),
            says: situation.says(&reasons, &near),
            graph: situation.graph(self, &nearest, &revived),
            policies: situation.policies(self),
            repairs: Vec::new(),
            reasons,
            near,
        })
    }

    /// Single changes of rows that turn a deny into an allow. Nothing where it is an allow already.
    ///
    /// # Errors
    /// As for [`Explainer::explain`].
    pub fn repairs(&self, case: &Case, query: &Query) -> Result<Vec<Repair>, Undecidable> {
        let situation = Situation::new(case, query)?;
        if situation.decision.allow || situation.decision.undecided {
            return Ok(Vec::new());
        }
        let (nearest, _) = situation.nearest();
        Ok(situation.repairs(&nearest))
    }

    fn outline(&self, id: &str) -> Option<&Outline> {
        self.outlines.iter().find(|outline| outline.id == id)
    }

    /// Whether a policy stands in the text that people write.
    fn is_handwritten(&self, id: &str) -> bool {
        self.outline(id).is_some_and(|outline| outline.file == HANDWRITTEN)
    }

    /// What a policy's author says that it is for; empty where nothing is said.
    fn reason_of(&self, id: &str) -> &str {
        self.outline(id).map_or("", |outline| &outline.reason)
    }
}
