// SPDX-License-Identifier: Apache-2.0
//! `routes.toml`: every slip is found, with its line and a way out; and what `palisade route` shows.

use crate::world::{bundle, incoming};
use http::Method;
use palisade::gateway::{Explanation, Match, Target, explain, read};
use palisade::report::Finding;

/// A route with these lines.
fn route(lines: &str) -> String {
    format!("[[route]]\n{lines}\n")
}

fn findings(text: &str) -> Vec<Finding> {
    read(text, &bundle().mapping).1
}

#[test]
fn every_slip_is_found() {
    let d = "resource = { type = \"Document\", id = \"{id}\" }";
    let get = "method = \"GET\"\npath = \"/x/{id}\"\naction = \"READ\"";
    let slips = [
        ("not = toml = x".to_string(), "routes/toml"),
        ("x = 1".to_string(), "routes/unknown-key"),
        ("route = 7".to_string(), "routes/shape"),
        (route(&format!("{get}\n{d}\nmetod = \"GET\"")), "routes/unknown-key"),
        (route(&format!("path = \"/x/{{id}}\"\naction = \"READ\"\n{d}")), "routes/missing"),
        (route(&format!("method = \"GET\"\naction = \"READ\"\n{d}")), "routes/missing"),
        (route(&format!("method = \"GET\"\npath = \"/x/{{id}}\"\n{d}")), "routes/missing"),
        (route(get), "routes/missing"),
        (route(&format!("{}\n{d}", get.replace("GET", "get"))), "routes/method"),
        (route(&format!("{}\n{d}", get.replace("\"GET\"", "[]"))), "routes/method"),
        (route(&format!("{}\n{d}", get.replace("\"GET\"", "[\"GET\", \"GET\"]"))), "routes/method"),
        (route(&format!("{}\n{d}", get.replace("GET", "TRACE"))), "routes/method"),
        (route(&format!("{}\n{d}", get.replace("READ", "RAED"))), "routes/unknown-action"),
        (route(&format!("{}\n{d}", get.replace("/x/", "x/"))), "routes/path"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/x/{id}?a=1"))), "routes/path"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/x/{id}/{id}"))), "routes/path"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/x/a{id}"))), "routes/path"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/x/{id...}/b"))), "routes/path"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/x/{i-d}"))), "routes/path"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "//{id}"))), "routes/unreachable"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/../{id}"))), "routes/unreachable"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/a%2fb/{id}"))), "routes/unreachable"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/a;b/{id}"))), "routes/unreachable"),
        (route(&format!("{}\n{d}", get.replace("/x/{id}", "/.palisade/{id}"))), "routes/unreachable"),
        (route(&format!("{get}\n{}", d.replace("Document", "Documnt"))), "routes/unknown-type"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{ids}"))), "routes/parameter"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{id"))), "routes/template"),
        (route(&format!("{get}\n{}", d.replace("{id}", "id}"))), "routes/template"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{query.}"))), "routes/template"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{body.x}"))), "routes/template"),
        (route(&format!("{get}\n{}", d.replace("{id}", ""))), "routes/template"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{header.palisade-principal}"))), "routes/header"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{header.X-Forwarded-User}"))), "routes/header"),
        (route(&format!("{get}\n{}", d.replace("{id}", "{body./id}"))), "routes/body"),
        (route(&format!("{get}\nresource = \"Document\"")), "routes/type"),
        (route(&format!("{get}\n{d}\ncontext = {{ notes = \"x\" }}")), "routes/unknown-context"),
        (route(&format!("{get}\n{d}\ncontext = {{ mfa = \"{{query.mfa}}\" }}")), "routes/session-context"),
        (route(&format!("{get}\n{d}\nbody_limit = 0")), "routes/body-limit"),
        (route(&format!("{get}\n{d}\nbody_limit = 99999999999")), "routes/body-limit"),
        (route(&format!("{get}\n{d}\npublic = true")), "routes/public"),
        (route("method = \"GET\"\npath = \"/x\"\npublic = \"yes\""), "routes/type"),
        (
            format!(
                "{}{}",
                route(&format!("{get}\n{d}")),
                route("method = [\"PUT\", \"GET\"]\npath = \"/x/{other}\"\npublic = true")
            ),
            "routes/same",
        ),
        (
            route(&format!("{}\n{d}\ncontext = {{ related = \"{{id}}\" }}", get.replace("READ", "WRITE"))),
            "routes/context-type",
        ),
        (
            (0..1001).map(|at| route(&format!("method = \"GET\"\npath = \"/{at}\"\npublic = true"))).collect(),
            "routes/too-many",
        ),
    ];
    for (text, code) in slips {
        let found = findings(&text);
        let finding = found.iter().find(|finding| finding.code == code && finding.is_error());
        let finding = finding.unwrap_or_else(|| panic!("{code} was not found in\n{text}\n{found:?}"));
        assert!(finding.help.is_some(), "{code}: no way out");
        assert!(finding.place.as_ref().is_some_and(|place| place.line > 0), "{code}: no line: {finding:?}");
        assert!(
            !finding.message.ends_with('.') && !finding.message.starts_with(char::is_uppercase),
            "{}",
            finding.message
        );
        let (routes, _) = read(&text, &bundle().mapping);
        assert!(routes.all().is_empty(), "{code}: with an error nothing is routed");
    }
}

#[test]
fn a_slip_of_the_hand_is_put_right() {
    let text = route(
        "method = \"GET\"\npath = \"/x/{id}\"\naction = \"RAED\"\nresource = { type = \"Documnt\", id = \"{ids}\" }",
    );
    let said: Vec<String> = findings(&text).iter().filter_map(|finding| finding.help.clone()).collect();
    let said = said.join("\n");
    for suggestion in ["`READ`", "`Document`", "`{id}`"] {
        assert!(said.contains(suggestion), "{suggestion} is not in {said}");
    }
}

#[test]
fn what_is_doubtful_is_said_and_kept() {
    let all = route("method = \"GET\"\npath = \"/{rest...}\"\npublic = true");
    let found = findings(&all);
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["routes/all-public"]);
    assert_eq!(read(&all, &bundle().mapping).0.all().len(), 1);
}

#[test]
fn the_most_specific_path_wins_wherever_it_stands() {
    let paths = ["/{a...}", "/x/{b...}", "/{c}/y", "/x/{d}", "/x/y", "/{e}", "/", "/x/{f}/z", "/x/y/{g}", "/x/"];
    let cases = [
        ("/x/y", "/x/y"),
        ("/x/q", "/x/{d}"),
        ("/q/y", "/{c}/y"),
        ("/q/r", "/{a...}"),
        ("/q", "/{e}"),
        ("/", "/"),
        ("/x/y/z", "/x/y/{g}"),
        ("/x/q/z", "/x/{f}/z"),
        ("/x/q/r", "/x/{b...}"),
        ("/x/y/", "/x/{b...}"),
        ("/x/", "/x/"),
    ];
    let mapping = bundle().mapping;
    for turn in 0..paths.len() {
        let mut order = paths.to_vec();
        order.rotate_left(turn);
        let text: String =
            order.iter().map(|path| route(&format!("method = \"GET\"\npath = \"{path}\"\npublic = true"))).collect();
        let (routes, found) = read(&text, &mapping);
        assert!(!found.iter().any(Finding::is_error), "{found:?}");
        for (path, wanted) in cases {
            match routes.find(&Method::GET, &Target::read(path).unwrap()) {
                Match::Found(found) => assert_eq!(found.route.path, wanted, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_route_is_explained() {
    let bundle = bundle();
    let (routes, _) = read(&bundle.routes, &bundle.mapping);
    let shown = |request: &str| {
        let request = incoming(request, &[], b"");
        serde_json::to_value(explain(&routes, &bundle.mapping, &request.method, &request.url)).unwrap()
    };
    let asks = shown("PUT /documents/d1?note=hello");
    assert_eq!(asks["outcome"], "asks");
    assert_eq!((&asks["action"], &asks["resource"]), (&"WRITE".into(), &"Document::\"d1\"".into()));
    assert_eq!(asks["context"], serde_json::json!({ "note": "hello" }));
    assert_eq!(shown("POST /documents")["resource"], "Document {body./parent/id}");
    assert_eq!(shown("GET /by-header")["resource"], "Document {header.x-document}");
    assert_eq!(shown("GET /search")["outcome"], "incomplete");
    assert_eq!(shown("GET /healthz")["outcome"], "public");
    assert_eq!(shown("PUT /healthz")["allow"], serde_json::json!(["GET", "HEAD"]));
    assert_eq!(shown("GET /nowhere"), serde_json::json!({ "outcome": "no_route" }));
    assert_eq!(shown("GET /.palisade/health")["outcome"], "own");
    assert_eq!(shown("GET /a/../b")["status"], 400);
    assert!(matches!(
        explain(&routes, &bundle.mapping, &Method::GET, &format!("/{}", "a".repeat(9000))),
        Explanation::Malformed { status: 414, .. }
    ));
}
