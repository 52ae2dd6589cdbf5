// SPDX-License-Identifier: Apache-2.0
//! What a page draws: the graph, and the conditions step by step, in the shapes that it reads.

use crate::packs::{PACKS, World, golden};
use palisade::explain::{Explanation, Graph, Step};
use palisade::rows::format_time;
use std::collections::BTreeSet;
use std::fmt::Write;

fn each(world: &World, step: usize, mut visit: impl FnMut(&palisade::pack::Case, String, Explanation)) {
    for case in world.pack.cases.cases.iter().step_by(step) {
        let rows = world.with(&case.rows);
        let at = case.at.unwrap_or(world.at);
        let query = world.query(&case.principal, &case.action, &case.resource, &case.context);
        let explanation = world.explainer.explain(&world.case(&rows, at), &query).expect("an explanation");
        let asked = format!("{} {} {} at {}", case.principal, case.action, case.resource, format_time(at));
        visit(case, asked, explanation);
    }
}

#[test]
fn what_is_drawn_is_known() {
    for name in PACKS {
        let mut text = String::new();
        each(&World::new(name), 7, |case, asked, explanation| {
            let _ = writeln!(text, "# {}\n{asked}: {}", case.name, if explanation.allow { "allow" } else { "deny" });
            for node in &explanation.graph.nodes {
                let mark = if node.decided { '*' } else { ' ' };
                let _ = writeln!(text, " {mark}{:?} {} “{}”", node.kind, node.id, node.label);
            }
            for edge in &explanation.graph.edges {
                let row = edge.row.as_ref().map_or(String::new(), |row| format!(" [{} {:?}]", row.table, row.row));
                let arrow = if edge.missing { "- -" } else { "---" };
                let _ = writeln!(text, "  {} {arrow} {} --> {}{row}", edge.from, edge.label, edge.to);
            }
            for policy in explanation.policies.iter().filter(|policy| !policy.conditions.is_empty()) {
                let _ = writeln!(
                    text,
                    "  {}:{} {} {:?} {:?}",
                    policy.source, policy.line, policy.policy, policy.effect, policy.applies
                );
                for condition in &policy.conditions {
                    let _ = writeln!(text, "    {}", condition.clause);
                    tell(&mut text, &condition.step, 3);
                }
            }
            text.push('\n');
        });
        golden(&format!("{name}.drawn.txt"), &text);
    }
}

fn tell(text: &mut String, step: &Step, depth: usize) {
    let value = match (&step.value, &step.error) {
        _ if step.skipped => "skipped".to_string(),
        (Some(value), None) => value.clone(),
        (value, error) => format!("{value:?} {error:?}"),
    };
    let _ = writeln!(text, "{}{} = {value}", "  ".repeat(depth), step.text);
    step.below.iter().for_each(|step| tell(text, step, depth + 1));
}

#[test]
fn a_graph_is_small_and_whole() {
    for name in PACKS {
        each(&World::new(name), 1, |case, asked, explanation| {
            let Graph { nodes, edges } = &explanation.graph;
            let ids: BTreeSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
            assert_eq!(ids.len(), nodes.len(), "{name}: {}: a node twice", case.name);
            assert!(nodes.len() <= 25, "{name}: {asked}: {} nodes", nodes.len());
            assert!(
                ids.contains(case.principal.to_string().as_str()) && ids.contains(case.resource.to_string().as_str())
            );
            for edge in edges {
                assert!(ids.contains(edge.from.as_str()) && ids.contains(edge.to.as_str()), "{name}: {edge:?}");
            }
            // Where something permits, a way without a gap leads from the principal to the resource.
            let mut reached = BTreeSet::from([case.principal.to_string()]);
            loop {
                let next: Vec<String> = edges
                    .iter()
                    .filter(|edge| !edge.missing)
                    .flat_map(|edge| {
                        let forth = reached.contains(&edge.from).then(|| edge.to.clone());
                        // The resource lies in what a grant is on.
                        let back = (edge.label == "in" && reached.contains(&edge.to)).then(|| edge.from.clone());
                        [forth, back].into_iter().flatten()
                    })
                    .filter(|id| !reached.contains(id))
                    .collect();
                if next.is_empty() {
                    break;
                }
                reached.extend(next);
            }
            if explanation.allow {
                assert!(reached.contains(&case.resource.to_string()), "{name}: {}: {edges:?}", case.name);
            }
        });
    }
}

/// The members of every interface of `www/src/engine/shapes.ts` that an explanation is made of.
fn members(shapes: &str, name: &str) -> BTreeSet<String> {
    let start = shapes.find(&format!("export interface {name} ")).unwrap_or_else(|| panic!("no {name}"));
    let body = shapes[start..].split_once('{').expect("a body").1;
    let body = &body[..body.find("\n}").expect("an end")];
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with(['/', '*']));
    lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim_end_matches('?').to_string()).collect()
}

#[test]
fn the_shapes_are_those_that_the_page_reads() {
    let shapes = std::fs::read_to_string("www/src/engine/shapes.ts").expect("the shapes");
    let check = |value: &serde_json::Value, name: &str| {
        let found: BTreeSet<String> = value.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(found, members(&shapes, name), "{name}");
    };
    let mut seen = BTreeSet::new();
    let mut all = |list: &serde_json::Value, name: &'static str| {
        for value in list.as_array().expect("a list") {
            check(value, name);
            seen.insert(name);
        }
    };
    for name in PACKS {
        let world = World::new(name);
        for case in world.pack.cases.cases.iter().step_by(5) {
            let rows = world.with(&case.rows);
            let query = world.query(&case.principal, &case.action, &case.resource, &case.context);
            let asked = world.case(&rows, case.at.unwrap_or(world.at));
            let mut explanation = world.explainer.explain(&asked, &query).expect("an explanation");
            explanation.repairs = world.explainer.repairs(&asked, &query).expect("repairs");
            let json = serde_json::to_value(&explanation).expect("JSON");
            let answer = members(&shapes, "Answer");
            let own = members(&shapes, "Explanation extends Answer");
            let found: BTreeSet<String> = json.as_object().expect("an object").keys().cloned().collect();
            assert_eq!(found, answer.union(&own).cloned().collect(), "Explanation");
            all(&json["reasons"], "Reason");
            all(&json["near"], "Near");
            all(&json["repairs"], "Repair");
            all(&json["policies"], "Evaluated");
            all(&json["graph"]["nodes"], "GraphNode");
            all(&json["graph"]["edges"], "GraphEdge");
            for repair in json["repairs"].as_array().expect("repairs") {
                check(&repair["change"], "RowChange");
            }
            for policy in json["policies"].as_array().expect("policies") {
                for condition in policy["conditions"].as_array().expect("conditions") {
                    check(&condition["step"], "Step");
                }
            }
            for reason in json["reasons"].as_array().expect("reasons").iter().filter(|reason| !reason["row"].is_null())
            {
                check(&reason["row"], "RowPlace");
            }
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}
