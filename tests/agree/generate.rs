// SPDX-License-Identifier: Apache-2.0
//! Random policies, entities and requests, from all of Cedar's language. No schema binds them.
//!
//! Most expressions are of the type that their place asks for, so that evaluation goes deep; a few are of another
//! anywhere, attributes are missing, and entities are absent, so that it fails in every way. `reach` shows that nothing
//! of the language is left out.

mod expression;
pub mod texts;
pub mod value;
mod world;

use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request};
use expression::Writer;
use palisade::cedar::with_causes;
use std::fmt::Write;
use value::{Rng, Uid, quote, uid_text};
use world::World;

/// Policies, entities and requests that belong together.
pub struct Case {
    pub seed: u64,
    /// Cedar text; every policy has an `@id` of its own.
    pub policies: String,
    /// Cedar's JSON entity format, with attributes, parents and tags.
    pub entities: serde_json::Value,
    pub requests: Vec<Asked>,
}

/// A request: three entities as `{ "type": …, "id": … }`, and a context in Cedar's JSON.
pub struct Asked {
    pub principal: serde_json::Value,
    pub action: serde_json::Value,
    pub resource: serde_json::Value,
    pub context: serde_json::Value,
}

impl Case {
    /// The case in Cedar's types: policies under their `@id`, without a schema.
    pub fn parse(&self) -> (PolicySet, Entities, Vec<Request>) {
        let broken = |error: &dyn std::fmt::Display| -> ! { panic!("seed {}: {error}\n{}", self.seed, self.policies) };
        let policies = palisade::cedar::named_policies(&self.policies, "case").unwrap_or_else(|error| broken(&error));
        let entities = Entities::from_json_value(self.entities.clone(), None);
        let entities = entities.unwrap_or_else(|error| broken(&with_causes(&error)));
        let requests = self.requests.iter().map(|asked| {
            let uid = |json: &serde_json::Value| EntityUid::from_json(json.clone()).expect("an entity");
            let context = Context::from_json_value(asked.context.clone(), None);
            let context = context.unwrap_or_else(|error| broken(&with_causes(&error)));
            let request = Request::new(uid(&asked.principal), uid(&asked.action), uid(&asked.resource), context, None);
            request.expect("a request that no schema refuses")
        });
        let requests = requests.collect();
        (policies, entities, requests)
    }
}

/// Who asks for what: entities by name, the context by its place in the world.
struct Question {
    principal: Uid,
    action: Uid,
    resource: Uid,
}

/// The case of this seed: the same always and everywhere.
pub fn case(seed: u64) -> Case {
    let mut rng = Rng::new(seed);
    let world = World::new(seed, &mut rng);
    let questions: Vec<Question> = world.contexts.iter().map(|_| question(&mut rng, &world)).collect();
    let policies = (0..2 + rng.below(8)).map(|number| policy(&mut rng, &world, &questions, number)).collect();
    let entities = world.json(&mut rng);
    let requests = questions.iter().zip(&world.contexts).map(|(question, context)| Asked {
        principal: question.principal.json(),
        action: question.action.json(),
        resource: question.resource.json(),
        context: context.json(),
    });
    Case { seed, policies, entities, requests: requests.collect() }
}

fn question(rng: &mut Rng, world: &World) -> Question {
    let entity = |rng: &mut Rng| match rng.below(14) {
        0 => world.some_uid(rng),
        _ => world.entities[rng.below(3)].uid,
    };
    let (principal, resource) = (entity(rng), entity(rng));
    let action = match rng.below(20) {
        // Nothing says that what is done is an action, or that it is there.
        0 => world.some_uid(rng),
        _ => world.actions[rng.below(2)].uid,
    };
    Question { principal, action, resource }
}

fn policy(rng: &mut Rng, world: &World, questions: &[Question], number: usize) -> String {
    let strange = *rng.pick(&["", "", "", "", "", " \"🙂\"", "\0", "é"]);
    let id = quote(&format!("p{number}{strange}"), rng);
    let effect = if rng.percent(70) { "permit" } else { "forbid" };
    let aim = rng.pick(questions);
    // Without a scope every request reaches the conditions.
    let (principal, action, resource) = if rng.percent(40) {
        ("principal".to_string(), "action".to_string(), "resource".to_string())
    } else {
        (
            scope(rng, world, "principal", aim.principal),
            action_scope(rng, world, aim.action),
            scope(rng, world, "resource", aim.resource),
        )
    };
    let mut text = format!("@id({id})\n{effect} ({principal}, {action}, {resource})");
    let clauses = rng.weighted(&[(2, 0), (14, 1), (4, 2), (2, 3)]);
    for _ in 0..clauses {
        let word = if rng.percent(30) { "unless" } else { "when" };
        let depth = 1 + rng.below(4);
        let clause = Writer::new(rng, world).clause(depth);
        let _ = write!(text, "\n{word} {{ {clause} }}");
    }
    text.push_str(";\n");
    text
}

/// A scope that lets the entity aimed at through, more often than not.
fn scope(rng: &mut Rng, world: &World, variable: &str, aim: Uid) -> String {
    let who = if rng.percent(75) { aim } else { world.some_uid(rng) };
    let within = if rng.percent(75) { world.some_ancestor(rng, aim) } else { world.some_uid(rng) };
    let (who, kind, within) = (uid_text(who, rng), who.kind, uid_text(within, rng));
    match rng.weighted(&[(8, 0), (3, 1), (3, 2), (3, 3), (3, 4)]) {
        0 => variable.to_string(),
        1 => format!("{variable} == {who}"),
        2 => format!("{variable} in {within}"),
        3 => format!("{variable} is {kind}"),
        _ => format!("{variable} is {kind} in {within}"),
    }
}

fn action_scope(rng: &mut Rng, world: &World, aim: Uid) -> String {
    // Cedar takes nothing but actions here.
    let is_action = |uid: &Uid| uid.kind.ends_with("Action");
    let any = |rng: &mut Rng| match rng.below(6) {
        0 => *world.absent.last().expect("an absent action"),
        _ => rng.pick(&world.actions).uid,
    };
    let who = if is_action(&aim) && rng.percent(75) { aim } else { any(rng) };
    let group = Some(world.some_ancestor(rng, who)).filter(is_action).unwrap_or_else(|| any(rng));
    match rng.weighted(&[(8, 0), (4, 1), (4, 2), (4, 3)]) {
        0 => "action".to_string(),
        1 => format!("action == {}", uid_text(who, rng)),
        2 => format!("action in {}", uid_text(group, rng)),
        _ => {
            let mut list: Vec<String> = (0..rng.below(3))
                .map(|_| {
                    let uid = any(rng);
                    uid_text(uid, rng)
                })
                .collect();
            if rng.percent(70) {
                list.push(uid_text(if rng.percent(50) { who } else { group }, rng));
            }
            rng.shuffle(&mut list);
            format!("action in [{}]", list.join(", "))
        }
    }
}
