// SPDX-License-Identifier: Apache-2.0
//! The steps of the conditions: what they come to is what the engine decides by.

use crate::packs::{PACKS, World};
use palisade::engine::Effect;
use palisade::explain::{Applies, Step};
use palisade::{decide, facts};

#[test]
fn the_steps_of_a_policy_agree_with_the_engine() {
    let (mut yes, mut no, mut failed) = (0, 0, 0);
    for name in PACKS {
        let world = World::new(name);
        let program = world.engine.program();
        for case in &world.pack.cases.cases {
            let rows = world.with(&case.rows);
            let at = case.at.unwrap_or(world.at);
            let query = world.query(&case.principal, &case.action, &case.resource, &case.context);
            let explanation = world.explainer.explain(&world.case(&rows, at), &query).expect("an explanation");
            let facts = facts::build(&world.pack.bundle, &rows, &query.externals, at);
            let prepared = world.engine.prepare(facts).expect("facts in the engine's terms");
            let of_world = prepared.world();
            let mut request = of_world
                .request(&query.principal, ("Action", &query.action), &query.resource, query.context.values())
                .expect("a request");
            let trace = of_world.trace(&mut request);
            let decision: decide::Decision = world.engine.decide(&prepared, &query);
            assert_eq!(decision.allow, explanation.allow);
            for policy in 0..program.len() as u32 {
                let id = program.id(policy);
                let Some(told) = explanation.policies.iter().find(|told| told.policy == id) else {
                    let found = palisade::engine::Found::Policy(policy);
                    assert!(!trace.permits.contains(&found) && !trace.forbids.contains(&found), "{name}: {id}");
                    continue;
                };
                let found = palisade::engine::Found::Policy(policy);
                let of_effect = if program.effect(policy) == Effect::Permit { &trace.permits } else { &trace.forbids };
                let applies = match trace.faults.iter().any(|(other, _)| *other == policy) {
                    true => Applies::Failed,
                    false if of_effect.contains(&found) => Applies::Yes,
                    false => Applies::No,
                };
                assert_eq!(told.applies, applies, "{name}: {}: {id}: {told:?}", case.name);
                match applies {
                    Applies::Yes => yes += 1,
                    Applies::No => no += 1,
                    Applies::Failed => failed += 1,
                }
                let fits = told.scope.principal && told.scope.action && told.scope.resource;
                assert!(fits || told.conditions.is_empty(), "{name}: {id}");
                told.conditions.iter().for_each(|condition| check(&condition.step));
                // The clauses together say the same once more.
                let values =
                    told.conditions.iter().map(|condition| (condition.clause, condition.step.value.as_deref()));
                let all = values
                    .clone()
                    .all(|(clause, value)| value == Some(if clause == "when" { "true" } else { "false" }));
                assert_eq!(fits && all, applies == Applies::Yes, "{name}: {id}");
            }
        }
    }
    assert!(yes > 200 && no > 1000, "{yes} applied, {no} did not, {failed} failed");
}

/// Every step has a value or an error, or was skipped with all that is below it.
fn check(step: &Step) {
    assert!(!step.text.is_empty());
    match step.skipped {
        true => assert!(step.value.is_none() && step.error.is_none() && step.below.is_empty(), "{step:?}"),
        false => assert!(step.value.is_some() != step.error.is_some(), "{step:?}"),
    }
    step.below.iter().for_each(check);
}
