// SPDX-License-Identifier: Apache-2.0
//! The equivalence law: the engine decides as Cedar's own authorizer does, policies and errors included.

mod binary;
mod context;
mod corpus;
mod export;
mod generate;
mod generated;
mod official;
mod random;
mod reach;
mod special;

use cedar_policy::{Authorizer, Entities, EvaluationError, PolicySet, Request};
use palisade::cedar::{self, uid_of};
use palisade::decide::Decision;
use palisade::engine::{Data, Effect, Fault, Found, Program, World};
use std::collections::{BTreeMap, BTreeSet};

/// What Cedar's authorizer says, in the engine's terms.
struct Cedar {
    allow: bool,
    reasons: BTreeSet<String>,
    errors: BTreeMap<String, Kind>,
    /// Whether a `forbid` failed, in which case the engine denies whatever Cedar says: the one documented difference.
    forbid_failed: bool,
}

fn ask_cedar(request: &Request, policies: &PolicySet, entities: &Entities) -> Cedar {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let failed: BTreeMap<String, Kind> = response
        .diagnostics()
        .errors()
        .map(|error| {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            (error.policy_id().to_string(), Kind::of_cedar(error.inner()))
        })
        .collect();
    let forbids = |id: &String| {
        let policy = policies.policies().find(|policy| policy.id().to_string() == *id);
        policy.is_some_and(|policy| policy.effect() == cedar_policy::Effect::Forbid)
    };
    Cedar {
        allow: response.decision() == cedar_policy::Decision::Allow,
        reasons: response.diagnostics().reason().map(ToString::to_string).collect(),
        forbid_failed: failed.keys().any(forbids),
        errors: failed,
    }
}

/// How a policy fails, as far as both evaluators tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    NoSuchEntity,
    NoSuchAttribute,
    NoSuchField,
    NoSuchTag,
    WrongType,
    Overflow,
    Extension,
    WrongArguments,
    Other,
}

impl Kind {
    fn of_cedar(error: &EvaluationError) -> Kind {
        match error {
            EvaluationError::EntityDoesNotExist(_) => Kind::NoSuchEntity,
            // Cedar has one error for attributes and tags, and tells them apart in its sentence.
            EvaluationError::EntityAttrDoesNotExist(error) if error.to_string().contains("the tag") => Kind::NoSuchTag,
            EvaluationError::EntityAttrDoesNotExist(_) => Kind::NoSuchAttribute,
            EvaluationError::RecordAttrDoesNotExist(_) => Kind::NoSuchField,
            EvaluationError::TypeError(_) => Kind::WrongType,
            EvaluationError::IntegerOverflow(_) => Kind::Overflow,
            EvaluationError::FailedExtensionFunctionExecution(_) => Kind::Extension,
            EvaluationError::WrongNumArguments(_) => Kind::WrongArguments,
            _ => Kind::Other,
        }
    }

    fn of(fault: &Fault) -> Kind {
        match fault {
            Fault::NoSuchEntity(_) => Kind::NoSuchEntity,
            Fault::NoSuchAttribute(..) => Kind::NoSuchAttribute,
            Fault::NoSuchField(_) => Kind::NoSuchField,
            Fault::NoSuchTag(..) => Kind::NoSuchTag,
            Fault::WrongType(_) => Kind::WrongType,
            Fault::Overflow => Kind::Overflow,
            Fault::Extension => Kind::Extension,
            Fault::WrongArguments => Kind::WrongArguments,
        }
    }
}

/// Cedar's policies and entities, in the engine; once as they were made, and once more as they come back from their binary
/// form.
struct Ours {
    made: (Program, Data),
    loaded: (Program, Data),
}

impl Ours {
    fn new(policies: &PolicySet, entities: &Entities) -> Ours {
        let program = cedar::program(policies, |_| None).expect("a program");
        // A pack's policies are compiled from their trees, and come to the same program.
        let trees = cedar::program(&cedar::as_trees(policies), |_| None).expect("a program of the trees");
        assert!(program.to_bytes() == trees.to_bytes(), "the text and its tree come to two programs: {policies}");
        let data = cedar::data(&program, entities).expect("the entities");
        let loaded = Data::from_bytes(&data.to_bytes(&program)).expect("the binary form");
        Ours { made: (program, data), loaded }
    }

    /// Asserts the law for one request.
    fn agree(&self, request: &Request, cedar: &Cedar, what: &str) {
        for (form, (program, data)) in [("made", &self.made), ("loaded", &self.loaded)] {
            let what = format!("{what} ({form})");
            let world = World { program, data };
            let uid = |uid: Option<&cedar_policy::EntityUid>| uid_of(uid.expect("a known entity"));
            let action = uid(request.action());
            let context = cedar::context(request.context().expect("a context")).expect("the context");
            let mut asked = world
                .request(&uid(request.principal()), (&action.kind, &action.id), &uid(request.resource()), &context)
                .expect("a request");
            let trace = world.trace(&mut asked);
            let errors: BTreeMap<String, Kind> =
                trace.faults.iter().map(|(policy, fault)| (program.id(*policy).to_string(), Kind::of(fault))).collect();
            assert_eq!(errors, cedar.errors, "{what}: policies that fail");
            let failing = trace.faults.iter().any(|(policy, _)| program.effect(*policy) == Effect::Forbid);
            let ids = |found: &[Found]| -> BTreeSet<String> {
                let id = |found: &Found| match found {
                    Found::Policy(policy) => program.id(*policy).to_string(),
                    Found::Grant(_) => unreachable!("there are no grants"),
                };
                found.iter().map(id).collect()
            };
            let allow = trace.forbids.is_empty() && !failing && !trace.permits.is_empty();
            assert_eq!(world.allows(&mut asked), allow, "{what}: the short way and the long one");
            assert_eq!(allow, cedar.allow && !cedar.forbid_failed, "{what}: decision");
            let reasons = if cedar.allow { ids(&trace.permits) } else { ids(&trace.forbids) };
            assert_eq!(reasons, cedar.reasons, "{what}: determining policies");
        }
    }
}

/// Asserts the law for one request.
fn agree(ours: &Decision, cedar: &Cedar, what: &str) {
    let reasons: BTreeSet<String> = ours.reasons.iter().map(|reason| reason.policy.clone()).collect();
    let errors: BTreeSet<String> =
        ours.errors.iter().map(|error| error.split(": ").next().unwrap_or_default().to_string()).collect();
    assert_eq!(errors, cedar.errors.keys().cloned().collect(), "{what}: policies that fail");
    if cedar.forbid_failed {
        assert!(!ours.allow, "{what}: a forbid that fails must deny");
        if !cedar.allow {
            // Cedar denies too: for the same forbids, or because nothing permits.
            assert_eq!(reasons, cedar.reasons, "{what}: determining policies");
        }
        return;
    }
    assert_eq!(ours.allow, cedar.allow, "{what}: decision");
    assert_eq!(reasons, cedar.reasons, "{what}: determining policies");
}
