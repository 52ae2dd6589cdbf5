// SPDX-License-Identifier: Apache-2.0
//! Random entities, grants, policies with conditions (some of which fail), and requests.

use super::{agree, ask_cedar};
use cedar_policy::{Context, PolicySet, Request};
use palisade::cedar::{action_uid, entities, entity_uid};
use palisade::decide::{Engine, Query};
use palisade::export::policies_text;
use palisade::facts::{Attribute, Effect, Entity, Facts, Grant, Scope};
use palisade::mapping::ContextType;
use palisade::name::Uid;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TYPES: [&str; 4] = ["User", "Role", "Folder", "Document"];
const ACTIONS: [&str; 3] = ["read", "write", "a\"b\\n🙂"];
/// Ids that differ only where a careless comparison would not look.
const IDS: [&str; 5] = ["a", "A", "a\0", "é", "e\u{301}"];

fn uid() -> impl Strategy<Value = Uid> {
    (0..TYPES.len(), 0..IDS.len()).prop_map(|(kind, id)| Uid::new(TYPES[kind], IDS[id]))
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        1 => Just(Scope::Any),
        2 => (0..TYPES.len()).prop_map(|kind| Scope::Is(TYPES[kind].to_string())),
        3 => uid().prop_map(Scope::Eq),
        4 => uid().prop_map(Scope::In),
        2 => ((0..TYPES.len()), uid()).prop_map(|(kind, uid)| Scope::IsIn(TYPES[kind].to_string(), uid)),
    ]
}

/// A principal's scope: Palisade never makes one by type.
fn grant() -> impl Strategy<Value = (Effect, Scope, Option<Vec<String>>, Scope)> {
    let effect = prop_oneof![3 => Just(Effect::Permit), 1 => Just(Effect::Forbid)];
    let actions = prop_oneof![
        1 => Just(None),
        6 => proptest::sample::subsequence(ACTIONS.to_vec(), 1..=ACTIONS.len())
            .prop_map(|all| Some(all.into_iter().map(str::to_string).collect())),
    ];
    (effect, scope(), actions, scope())
}

fn attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        any::<bool>().prop_map(Attribute::Bool),
        prop_oneof![Just(i64::MAX), Just(i64::MIN), -3..3i64].prop_map(Attribute::Long),
        Just(Attribute::Text("x".to_string())),
        uid().prop_map(Attribute::Entity),
        Just(Attribute::Time(1_767_225_600_000)),
        Just(Attribute::Decimal("1.5".to_string())),
    ]
}

/// Conditions over attributes that may be missing or of another type: many of them fail.
const CONDITIONS: [&str; 12] = [
    "principal.flag",
    "resource.flag",
    "principal has flag && principal.flag",
    "resource.count + 1 > 0",
    "resource.count > principal.count",
    "principal in resource.owner",
    "resource.owner == principal",
    "context.flag",
    "context has flag && !context.flag",
    "resource.owner.flag",
    "principal == resource",
    "resource in Folder::\"a\" || resource.flag",
];

/// Who, attributes by the position of their name, and how far behind it the parents stand: a parent stands later, so that
/// there is no cycle.
type Drawn = (Uid, Vec<(usize, Attribute)>, Vec<usize>);

#[derive(Debug, Clone)]
struct World {
    entities: Vec<Drawn>,
    grants: Vec<(Effect, Scope, Option<Vec<String>>, Scope)>,
    /// Effect, condition, and whether it stands behind `unless`.
    conditions: Vec<(bool, usize, bool)>,
    requests: Vec<(Uid, usize, Uid, Option<bool>)>,
}

fn world() -> impl Strategy<Value = World> {
    let entity =
        (uid(), proptest::collection::vec((0..3usize, attribute()), 0..4), proptest::collection::vec(0..20usize, 0..3));
    let request = (uid(), 0..ACTIONS.len(), uid(), proptest::option::of(any::<bool>()));
    (
        proptest::collection::vec(entity, 0..20),
        proptest::collection::vec(grant(), 0..30),
        proptest::collection::vec((any::<bool>(), 0..CONDITIONS.len(), any::<bool>()), 0..4),
        proptest::collection::vec(request, 1..12),
    )
        .prop_map(|(entities, grants, conditions, requests)| World { entities, grants, conditions, requests })
}

fn facts(world: &World) -> Facts {
    let mut by_uid: BTreeMap<Uid, Entity> = BTreeMap::new();
    let order: Vec<&Uid> = {
        let mut seen = Vec::new();
        for (uid, ..) in &world.entities {
            if !seen.contains(&uid) {
                seen.push(uid);
            }
        }
        seen
    };
    for (uid, attributes, parents) in &world.entities {
        let own = order.iter().position(|other| *other == uid).expect("in the order");
        let entity = by_uid.entry(uid.clone()).or_default();
        for (name, value) in attributes {
            entity.attributes.insert(["flag", "count", "owner"][*name].to_string(), value.clone());
        }
        for parent in parents {
            if own + 1 + parent < order.len() {
                entity.parents.insert(order[own + 1 + parent].clone());
            }
        }
    }
    let grants = world.grants.iter().enumerate().map(|(at, (effect, principal, actions, resource))| Grant {
        id: format!("T/{at:03}"),
        source: format!("T/{at:03}"),
        rests_on: Vec::new(),
        effect: *effect,
        principal: principal.clone(),
        // Only a forbid is about every action.
        actions: match effect {
            Effect::Permit => Some(actions.clone().unwrap_or_else(|| vec!["read".to_string()])),
            Effect::Forbid => actions.clone(),
        },
        resource: resource.clone(),
    });
    Facts { entities: by_uid, grants: grants.collect(), ..Facts::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_decides_as_cedar_does(world in world()) {
        let facts = facts(&world);
        let conditional: String = world.conditions.iter().enumerate().map(|(at, (permit, condition, unless))| {
            let (effect, word) = (if *permit { "permit" } else { "forbid" }, if *unless { "unless" } else { "when" });
            format!("@id(\"c{at}\") {effect} (principal, action, resource) {word} {{ {} }};\n", CONDITIONS[*condition])
        }).collect();
        let written = palisade::cedar::named_policies(&conditional, "c").expect("policies");
        let engine = Engine::of(palisade::cedar::program(&written, |_| None).expect("a program"));
        let flag_type = ContextType { name: "Bool".to_string(), optional: true };
        let takes = BTreeMap::from([("flag", &flag_type)]);
        let exported = format!("{conditional}{}", policies_text(&facts));
        let all: PolicySet = palisade::cedar::named_policies(&exported, "all").expect("the export is Cedar");
        let cedar_entities = entities(&facts).expect("the entities");
        let prepared = engine.prepare(facts).expect("the facts");
        for (principal, action, resource, flag) in &world.requests {
            let action = ACTIONS[*action];
            let context = flag.map_or_else(|| "{}".to_string(), |flag| format!("{{\"flag\":{flag}}}"));
            let request = Request::new(
                entity_uid(principal).expect("a principal"),
                action_uid(action),
                entity_uid(resource).expect("a resource"),
                Context::from_json_str(&context, None).expect("a context"),
                None,
            ).expect("a request");
            let query = Query {
                context: palisade::decide::Context::from_json(&takes, &context).expect("the context"),
                ..Query::new(principal.clone(), action, resource.clone())
            };
            let ours = engine.decide(&prepared, &query);
            agree(&ours, &ask_cedar(&request, &all, &cedar_entities), &format!("{principal} {action} {resource}"));
        }
    }
}
