// SPDX-License-Identifier: Apache-2.0
//! A world made for one principal decides as the world that it was made from, on generated policies and entities.

use super::generate::case;
use cedar_policy::PolicySet;
use palisade::cedar::{self, uid_of};
use palisade::engine::{Data, Fixed, Plain, Special, Whose, World};
use palisade::name::Uid;
use std::collections::BTreeSet;

fn entities_in(value: &Plain, all: &mut BTreeSet<Uid>) {
    match value {
        Plain::Entity(uid) => drop(all.insert(uid.clone())),
        Plain::Set(members) => members.iter().for_each(|member| entities_in(member, all)),
        Plain::Record(fields) => fields.iter().for_each(|(_, field)| entities_in(field, all)),
        _ => {}
    }
}

/// Whether a world allows it; what is not there is denied where `there` says so.
fn allows(
    world: World,
    principal: &Uid,
    action: &Uid,
    resource: &Uid,
    context: &[(String, Plain)],
    there: bool,
) -> bool {
    if there && !world.entity(&resource.kind, &resource.id).is_some_and(|entity| world.exists(entity)) {
        return false;
    }
    let request = world.request(principal, (&action.kind, &action.id), resource, context);
    world.allows(&mut request.expect("a request"))
}

/// One seed: every action and context that its requests have, on every entity, for each principal.
#[derive(Default)]
struct Seen {
    asked: usize,
    allowed: usize,
    /// Worlds that have a condition left.
    open: usize,
    shipped: usize,
    hidden: usize,
}

fn compare(seed: u64, seen: &mut Seen) {
    let (policies, entities, requests) = case(seed).parse();
    let program = cedar::program(&policies, |_| None).expect("a program");
    let data = cedar::data(&program, &entities).expect("the entities");
    let world = World { program: &program, data: &data };
    let uid = |uid: Option<&cedar_policy::EntityUid>| uid_of(uid.expect("a known entity"));
    let contexts: Vec<Vec<(String, Plain)>> = requests
        .iter()
        .map(|request| cedar::context(request.context().expect("a context")).expect("the context"))
        .collect();
    let mut also = BTreeSet::new();
    contexts.iter().flatten().for_each(|(_, value)| entities_in(value, &mut also));
    let principals: BTreeSet<Uid> = requests.iter().map(|request| uid(request.principal())).collect();
    let mut actions: BTreeSet<Uid> = requests.iter().map(|request| uid(request.action())).collect();
    actions.retain(|action| action.kind == "Action" || action.kind.ends_with("::Action"));
    actions.insert(Uid::new("Action", "nobody names it"));
    let resources: BTreeSet<Uid> = entities.iter().map(|entity| uid_of(&entity.uid())).collect();
    for principal in &principals {
        for way in 0..3 {
            // Once nothing of the context is known beforehand; once an attribute for all actions; once for one action.
            let fixed: Vec<Fixed> = match (way, contexts.iter().flatten().next()) {
                (1, Some((name, value))) => {
                    vec![Fixed { name: name.clone(), value: Some(value.clone()), actions: None }]
                }
                (2, Some((name, _))) => {
                    vec![Fixed {
                        name: name.clone(),
                        value: None,
                        actions: actions.first().map(|one| vec![one.clone()]),
                    }]
                }
                (0, _) => Vec::new(),
                _ => continue,
            };
            let whose = Whose {
                principal: principal.clone(),
                resources: resources.iter().cloned().collect(),
                also: also.iter().cloned().collect(),
                fixed,
            };
            let Special { program, data, .. } = world.specialise(&whose).expect("a world for one");
            let (program, data) = Data::from_bytes(&data.to_bytes(&program)).expect("its binary form");
            let special = World { program: &program, data: &data };
            seen.open += usize::from((0..program.len() as u32).any(|policy| program.has_condition(policy)));
            for resource in &resources {
                let there = special.entity(&resource.kind, &resource.id).is_some_and(|entity| special.exists(entity));
                *(if there { &mut seen.shipped } else { &mut seen.hidden }) += 1;
                for (action, context) in actions.iter().flat_map(|action| contexts.iter().map(move |c| (action, c))) {
                    let mut whole = context.clone();
                    for fixed in &whose.fixed {
                        if fixed.actions.as_ref().is_none_or(|actions| actions.contains(action)) {
                            whole.retain(|(name, _)| *name != fixed.name);
                            whole.extend(fixed.value.clone().map(|value| (fixed.name.clone(), value)));
                        }
                    }
                    let right = allows(world, principal, action, resource, &whole, false);
                    let ours = allows(special, principal, action, resource, context, true);
                    let what = format!("seed {seed} way {way}: {principal} {action} {resource} {context:?}");
                    // Where a part of the context is known beforehand, a condition that takes the context as a whole
                    // cannot be asked in a page, and denies.
                    assert!(ours == right || way > 0 && !ours, "{what}: {ours}, {right} is right");
                    seen.asked += 1;
                    seen.allowed += usize::from(right);
                }
            }
        }
    }
}

#[test]
fn a_world_for_one_principal_decides_as_the_whole_one() {
    let number =
        |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
    let first = number("AGREE_FIRST", 0);
    let mut seen = Seen::default();
    for seed in first..first + number("AGREE_SEEDS", 250) {
        compare(seed, &mut seen);
    }
    let Seen { asked, allowed, open, shipped, hidden } = seen;
    println!(
        "{asked} questions, {allowed} allowed; {open} worlds with conditions; {shipped} resources there, {hidden} not"
    );
    assert!(allowed * 50 > asked && open > 50 && hidden > 50, "the worlds test something");
}

/// What nobody can ask about has no name, and a resource brings nothing but the answers to what depends on it.
#[test]
fn a_world_for_one_principal_has_no_names_that_nobody_asked_about() {
    let policies: PolicySet = r#"
        @id("read-the-archive") permit (principal in Group::"hidden group", action == Action::"read", resource in Folder::"hidden folder")
        when { resource.open && resource.owner != principal };
        @id("compare") @reason("Not beside that one.") forbid (principal, action, resource)
        when { context has beside && context.beside has title && context.beside.title == "a title to compare" };
    "#
    .parse()
    .expect("policies");
    let entity = |kind: &str, id: &str, attributes: serde_json::Value, parent: Option<(&str, &str)>| {
        let parents: Vec<_> = parent.iter().map(|(kind, id)| serde_json::json!({ "type": kind, "id": id })).collect();
        serde_json::json!({ "uid": { "type": kind, "id": id }, "attrs": attributes, "parents": parents })
    };
    let owner = serde_json::json!({ "__entity": { "type": "User", "id": "somebody else" } });
    let document = |title: &str| serde_json::json!({ "open": true, "owner": owner, "title": title });
    let entities = serde_json::json!([
        entity("User", "ann", serde_json::json!({}), Some(("Group", "hidden group"))),
        entity("User", "somebody else", serde_json::json!({}), None),
        entity("Doc", "asked", document("a title of its own"), Some(("Folder", "hidden folder"))),
        entity("Doc", "compared", document("a title to compare"), None),
        entity(
            "Doc",
            "closed",
            serde_json::json!({ "open": false, "owner": owner }),
            Some(("Folder", "hidden folder"))
        ),
    ]);
    let entities = cedar_policy::Entities::from_json_value(entities, None).expect("entities");
    let program = cedar::program(&policies, |_| None).expect("a program");
    let data = cedar::data(&program, &entities).expect("the entities");
    let (ann, asked, compared) = (Uid::new("User", "ann"), Uid::new("Doc", "asked"), Uid::new("Doc", "compared"));
    let whose = Whose {
        principal: ann.clone(),
        resources: vec![asked.clone(), Uid::new("Doc", "closed")],
        also: vec![compared.clone()],
        fixed: Vec::new(),
    };
    let special = World { program: &program, data: &data }.specialise(&whose).expect("a world for one");
    let bytes = special.data.to_bytes(&special.program);
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for hidden in [
        "hidden group",
        "hidden folder",
        "somebody else",
        "closed",
        "a title of its own",
        "open",
        "owner",
        "read-the-archive",
        "Group",
    ] {
        assert!(!holds(hidden), "`{hidden}` is there");
    }
    // What the question needs is there: what is asked about, what a context may name and be compared by, and why not.
    for needed in ["asked", "compared", "title", "a title to compare", "Not beside that one."] {
        assert!(holds(needed), "`{needed}` is not there");
    }
    let world = World { program: &special.program, data: &special.data };
    let read = Uid::new("Action", "read");
    assert!(allows(world, &ann, &read, &asked, &[], true));
    let beside = [("beside".to_string(), Plain::Entity(compared.clone()))];
    assert!(!allows(world, &ann, &read, &asked, &beside, true), "the condition on the context is still asked");
    assert!(!allows(world, &ann, &read, &compared, &[], true), "what a context may name may not be touched for that");
}
