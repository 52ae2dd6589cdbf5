// SPDX-License-Identifier: Apache-2.0
//! What breaks, breaks shut.

use crate::world::{NOON, Pieces, World, bearer, bundle, bundle_with, incoming};
use http::header::{self, HeaderValue};
use palisade::bundle::{Bundle, FORMAT};
use palisade::gateway::{Body, Config};
use palisade::rows::Value;

#[test]
fn without_a_database_nothing_is_decided() {
    let world = World::new();
    let (name, token) = bearer("ann");
    let ann = [(name, token.as_str())];
    world.paper().fail.set(true);
    let response = world.ask("GET /documents/d1", &ann);
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert!(!String::from_utf8_lossy(response.body()).contains("paper"), "the cause is for the log");
    assert!(world.last_log()["cause"].as_str().unwrap().contains("out of paper"));
    assert_eq!(world.ask("GET /public/x", &[]).status(), 503, "without routes nothing is public");
    assert_eq!(world.ask("GET /.palisade/health", &[]).status(), 503);
    assert_eq!(world.reached(), 0);

    world.paper().fail.set(false);
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200);
    world.paper().fail.set(true);
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 503, "nothing may be remembered here");
    assert_eq!(world.reached(), 1);
}

#[test]
fn another_bundle_is_in_force_from_the_next_decision_on() {
    let world = World::new();
    let (name, token) = bearer("ann");
    let ann = [(name, token.as_str())];
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200);
    let fewer = include_str!("pack/routes.toml").replace("path = \"/documents/{id}\"", "path = \"/papers/{id}\"");
    world.publish(2, &bundle_with(&fewer).to_json());
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 404, "the slice told that the route is gone");
    assert_eq!(world.ask("GET /papers/d1", &ann).status(), 200);
    assert_eq!(world.last_log()["bundle"], 2);
}

#[test]
fn what_was_public_is_so_no_longer_than_promised() {
    let world = World::with(&[("MAX_STALENESS", "2000")]);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    let closed = include_str!("pack/routes.toml").replace("/public/{rest...}", "/closed/{rest...}");
    world.publish(2, &bundle_with(&closed).to_json());
    world.desk().now.set(NOON + 2_000);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 404);
}

#[test]
fn a_bundle_published_while_a_slice_is_read_decides() {
    let world = World::new();
    let (name, token) = bearer("ann");
    let ann = [(name, token.as_str())];
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200);
    let moved = include_str!("pack/routes.toml").replace("action = \"READ\"", "action = \"DELETE\"");
    let text = bundle_with(&moved).to_json();
    *world.paper().before_slice.borrow_mut() = Some(Box::new(move |store| store.activate(2, text)));
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200);
    let line = world.last_log();
    assert_eq!((line["bundle"].as_u64(), line["action"].as_str()), (Some(2), Some("DELETE")));
}

#[test]
fn a_bundle_that_cannot_be_used_stops_everything() {
    let good = bundle();
    let json = good.to_json();
    let program = |change: fn(&mut Vec<u8>)| {
        let mut bundle = good.clone();
        change(&mut bundle.program);
        bundle.to_json()
    };
    let routing = |change: fn(&str) -> String| {
        let routing = change(&good.routing);
        assert_ne!(routing, good.routing);
        Bundle { routing, ..good.clone() }.to_json()
    };
    let damaged = [
        ("cut off", json[..json.len() / 2].to_string()),
        ("empty", String::new()),
        ("of another format", json.replacen(&format!("\"format\":{FORMAT}"), "\"format\":1", 1)),
        ("without a program", program(Vec::clear)),
        ("with half a program", program(|bytes| bytes.truncate(bytes.len() / 2))),
        ("with an altered program", program(|bytes| *bytes.last_mut().expect("a byte") ^= 1)),
        ("with a program of another version", program(|bytes| bytes[4] += 1)),
        ("without routes", routing(|_| String::new())),
        ("with half of its routes", routing(|text| text[..text.len() / 2].to_string())),
        ("with a route that is not there", routing(|text| text.replacen("[[\"GET\",0]", "[[\"GET\",999]", 1))),
    ];
    for (what, text) in damaged {
        let world = World::new();
        let (name, token) = bearer("ann");
        let ann = [(name, token.as_str())];
        assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200);
        world.publish(2, &text);
        assert_eq!(world.ask("GET /documents/d1", &ann).status(), 503, "{what}");
        assert_eq!(world.ask("GET /public/x", &[]).status(), 503, "{what}");
        assert_eq!(world.ask("GET /.palisade/health", &[]).status(), 503, "{what}");
        assert_eq!(world.reached(), 1, "{what}");
        // Published anew, it works again, a moment later.
        world.publish(3, &json);
        world.desk().now.set(NOON + 2_000);
        assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200, "{what}");
    }
}

#[test]
fn without_an_active_bundle_nothing_is_served() {
    let world = World::new();
    *world.paper().store.borrow_mut() = palisade::store::MemoryStore::default();
    assert_eq!(world.ask("GET /public/x", &[]).status(), 503);
    assert_eq!(world.ask("GET /.palisade/health", &[]).status(), 503);
    assert_eq!(world.reached(), 0);
}

#[test]
fn a_shadow_lets_pass_what_the_database_cannot_decide() {
    let world = World::with(&[("MODE", "shadow")]);
    world.paper().fail.set(true);
    assert_eq!(world.ask("GET /documents/d1", &[]).status(), 200);
    assert_eq!(world.last_log()["status"], 503);
}

#[test]
fn an_origin_that_does_not_answer_is_a_502() {
    let world = World::new();
    world.desk().origin_fails.set(true);
    let response = world.ask("GET /public/x", &[]);
    assert_eq!(response.status(), 502);
    assert!(!String::from_utf8_lossy(response.body()).contains("nobody there"));
    assert_eq!(world.last_log()["cause"], "nobody there");
}

#[test]
fn the_origins_answer_passes_as_it_is_save_for_one_connections_headers() {
    let world = World::new();
    let mut answer = http::Response::new(b"elsewhere".to_vec());
    *answer.status_mut() = http::StatusCode::FOUND;
    for (name, value) in [
        ("location", "https://elsewhere.example/"),
        ("set-cookie", "a=1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("palisade-principal", "x"),
    ] {
        answer.headers_mut().append(name, HeaderValue::from_static(value));
    }
    answer.headers_mut().append("set-cookie", HeaderValue::from_static("b=2"));
    *world.desk().origin_answer.borrow_mut() = Some(answer);
    let response = world.ask("GET /public/x", &[]);
    assert_eq!(response.status(), 302, "a redirect is an answer");
    let names: Vec<&str> = response.headers().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["location", "set-cookie", "set-cookie"]);
    assert_eq!(response.body(), b"elsewhere");
}

#[test]
fn a_body_that_breaks_off_is_refused() {
    let world = World::new();
    let (name, token) = bearer("ann");
    let headers = [(name, token.as_str()), ("content-type", "application/json")];
    let mut request = incoming("POST /documents", &headers, b"");
    request.body = Body::stream(Pieces([Some(b"{\"parent\":{\"id\":\"d1\"}}".to_vec()), None].into()));
    assert_eq!(world.send(request).status(), 400);
    assert_eq!(world.reached(), 0);
}

#[test]
fn what_expires_ends_to_the_millisecond() {
    let world = World::new();
    let (name, token) = bearer("ann");
    let ends = palisade::rows::parse_time("2026-01-01T13:00:00Z").unwrap();
    world.desk().now.set(ends - 1);
    assert_eq!(world.ask("GET /documents/d1", &[(name, &token)]).status(), 200);
    world.desk().now.set(ends);
    assert_eq!(world.ask("GET /documents/d1", &[(name, &token)]).status(), 401);
}

#[test]
fn a_row_that_cannot_be_read_denies() {
    let world = World::new();
    let (name, token) = bearer("ann");
    world.set("DOCUMENTS", "d1", "is_active", Value::Text("perhaps".into()));
    assert_eq!(world.ask("GET /documents/d1", &[(name, &token)]).status(), 403);
}

#[test]
fn a_wrong_setting_is_named() {
    for (name, value, said) in [
        ("MODE", "open", "`enforce` or `shadow`"),
        ("TOKEN_COOKIE", "a b", "no name of a cookie"),
        ("IDENTITY_HEADERS", "X-User, a:b", "no name of a header"),
        ("PALISADE_API_KEY_SHA256", "secret", "not the key itself"),
        ("ISSUERS", "{}", "write a list"),
        ("ISSUERS", "[{}]", "no `issuer`"),
        ("ISSUERS", r#"[{"issuer":"i","audiences":["a"],"algorithms":["HS256"],"jwks_url":"https://i/"}]"#, "HS256"),
        ("ISSUERS", r#"[{"issuer":"i","audiences":["a"],"algorithms":["none"],"jwks_url":"https://i/"}]"#, "none"),
        ("ISSUERS", r#"[{"issuer":"i","audiences":[],"algorithms":["ES256"],"jwks_url":"https://i/"}]"#, "audiences"),
        ("ISSUERS", r#"[{"issuer":"i","audiences":["a"],"algorithms":["ES256"],"jwks_url":"http://i/"}]"#, "https"),
        ("ISSUERS", r#"[{"issuer":"i","audiences":["a"],"algorithms":["ES256"]}]"#, "jwks"),
        ("ISSUERS", r#"[{"issuer":"i","issuer":"j"}]"#, "twice"),
        ("ISSUERS", r#"[{"issuer":"i","audience":"a"}]"#, "`audience`"),
        (
            "ISSUERS",
            r#"[{"issuer":"i","audiences":["a"],"algorithms":["ES256"],"jwks_url":"https://i/","clock_skew_seconds":61}]"#,
            "0 to 60",
        ),
    ] {
        let error = Config::read(|own| (own == name).then(|| value.to_string())).unwrap_err();
        assert!(error.0.contains(said) && error.0.contains(name), "{name}={value}: {error}");
    }
    assert!(Config::read(|_| Some(" ".to_string())).is_ok(), "empty is as good as none");
}
