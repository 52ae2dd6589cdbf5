// SPDX-License-Identifier: Apache-2.0
//! Pages of other origins: which of them may read, what a preflight is told, and that nobody else says so.

use crate::world::{World, bearer, bundle, bundle_with};
use http::Response;
use http::header::HeaderValue;
use palisade::gateway::read;

const APP: &str = "https://app.example.com";

const ROUTES: &str = r#"
[cors]
origins = ["https://app.example.com", "http://localhost:3000"]
headers = ["Content-Type", "authorization"]
credentials = true
expose = ["ETag"]
max_age = 60

[[route]]
method = "GET"
path = "/documents/{id}"
action = "READ"
resource = { type = "Document", id = "{id}" }

[[route]]
method = ["PUT", "PATCH"]
path = "/documents/{id}"
action = "WRITE"
resource = { type = "Document", id = "{id}" }
cors = { origins = ["https://admin.example.com"] }

[[route]]
method = "DELETE"
path = "/documents/{id}"
action = "DELETE"
resource = { type = "Document", id = "{id}" }
cors = false

[[route]]
method = "GET"
path = "/open"
public = true
cors = { origins = ["*"], credentials = false, headers = [], expose = [] }

[[route]]
method = ["GET", "OPTIONS"]
path = "/theirs"
public = true
cors = false

[[route]]
method = "GET"
path = "/closed"
public = true
cors = false
"#;

fn world(settings: &[(&str, &str)]) -> World {
    let world = World::with(settings);
    world.publish(2, &bundle_with(ROUTES).to_json());
    world
}

fn header<'a>(response: &'a Response<Vec<u8>>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn vary(response: &Response<Vec<u8>>) -> String {
    let values: Vec<&str> = response.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    values.join(", ")
}

fn preflight(world: &World, path: &str, origin: &str, method: &str) -> Response<Vec<u8>> {
    let headers = [("origin", origin), ("access-control-request-method", method)];
    world.ask(&format!("OPTIONS {path}"), &headers)
}

#[test]
fn a_preflight_is_answered_by_the_gate() {
    let world = world(&[]);
    // Path, origin, method asked for; what is allowed, or nothing where it is refused.
    let cases = [
        ("/documents/d1", APP, "GET", "GET"),
        ("/documents/d1", "http://localhost:3000", "GET", "GET"),
        ("/documents/d1", APP, "HEAD", "GET"),
        ("/documents/d1", APP, "PUT", ""),
        ("/documents/d1", "https://admin.example.com", "PATCH", "PUT, PATCH"),
        ("/documents/d1", "https://admin.example.com", "GET", ""),
        ("/documents/d1", APP, "DELETE", ""),
        ("/documents/d1", APP, "POST", ""),
        ("/documents/d1", "https://evil.example.com", "GET", ""),
        ("/documents/d1", "https://app.example.com.evil.example", "GET", ""),
        ("/documents/d1", "https://app.example.com:444", "GET", ""),
        ("/documents/d1", "http://app.example.com", "GET", ""),
        ("/documents/d1", "HTTPS://APP.EXAMPLE.COM", "GET", ""),
        ("/documents/d1", "null", "GET", ""),
        ("/documents/d1", "", "GET", ""),
        ("/documents/d1", "*", "GET", ""),
        ("/open", "https://anybody.example", "GET", "GET"),
        ("/open", "null", "GET", ""),
        ("/closed", APP, "GET", ""),
    ];
    for (path, origin, method, allowed) in cases {
        let response = preflight(&world, path, origin, method);
        let what = format!("{method} {path} from {origin:?}");
        if allowed.is_empty() {
            assert_eq!(response.status(), 403, "{what}");
            let cors = response.headers().keys().filter(|name| name.as_str().starts_with("access-control"));
            assert_eq!(cors.count(), 0, "{what}");
            continue;
        }
        assert_eq!((response.status().as_u16(), response.body().len()), (204, 0), "{what}");
        assert_eq!(header(&response, "access-control-allow-methods"), allowed, "{what}");
        let (shown, credentials) = if path == "/open" { ("*", "") } else { (origin, "true") };
        assert_eq!(header(&response, "access-control-allow-origin"), shown, "{what}");
        assert_eq!(header(&response, "access-control-allow-credentials"), credentials, "{what}");
        let headers = if path == "/open" { "" } else { "content-type, authorization" };
        assert_eq!(header(&response, "access-control-allow-headers"), headers, "{what}");
        assert_eq!(header(&response, "access-control-max-age"), "60", "{what}");
        assert!(vary(&response).contains("Origin"), "{what}");
    }
    assert_eq!(world.reached(), 0, "the application is not asked");
    assert_eq!(preflight(&world, "/nowhere", APP, "GET").status(), 404);
    let two = [("origin", APP), ("origin", "https://evil.example"), ("access-control-request-method", "GET")];
    assert_eq!(world.ask("OPTIONS /documents/d1", &two).status(), 403, "two origins are none");
}

#[test]
fn an_options_that_is_no_preflight_needs_a_route() {
    let world = world(&[]);
    assert_eq!(world.ask("OPTIONS /documents/d1", &[]).status(), 405);
    assert_eq!(world.ask("OPTIONS /documents/d1", &[("origin", APP)]).status(), 405);
    assert_eq!(world.ask("OPTIONS /theirs", &[]).status(), 200);
    assert_eq!(world.reached(), 1);
    assert_eq!(preflight(&world, "/theirs", APP, "GET").status(), 200, "the application answers itself");
    assert_eq!(world.reached(), 2);
}

#[test]
fn an_answer_says_who_may_read_it_whatever_it_is() {
    let world = world(&[]);
    let (name, eve) = bearer("eve");
    let (_, ann) = bearer("ann");
    let origin = |origin: &'static str| ("origin", origin);
    let admin = "https://admin.example.com";
    let cases = [
        ("GET /documents/d1", &[(name, ann.as_str()), origin(APP)][..], 200, APP),
        ("GET /documents/d1", &[(name, eve.as_str()), origin(APP)], 403, APP),
        ("GET /documents/d1", &[origin(APP)], 401, APP),
        ("GET /documents/d1", &[(name, ann.as_str()), origin(admin)], 200, ""),
        ("PUT /documents/d1", &[(name, ann.as_str()), origin(admin)], 200, admin),
        ("GET /documents/d1", &[(name, ann.as_str()), origin("null")], 200, ""),
        ("GET /documents/d1", &[(name, ann.as_str())], 200, ""),
        ("GET /open", &[origin("https://anybody.example")], 200, "*"),
    ];
    for (request, headers, status, shown) in cases {
        let response = world.ask(request, headers);
        assert_eq!(response.status().as_u16(), status, "{request} {headers:?}");
        assert_eq!(header(&response, "access-control-allow-origin"), shown, "{request} {headers:?}");
        let credentials = if shown.starts_with("https") { "true" } else { "" };
        assert_eq!(header(&response, "access-control-allow-credentials"), credentials, "{request} {headers:?}");
        let exposed = if shown.starts_with("https") { "etag" } else { "" };
        assert_eq!(header(&response, "access-control-expose-headers"), exposed, "{request} {headers:?}");
        assert!(vary(&response).contains("Origin"), "{request}: a cache must tell pages apart");
    }
    world.desk().origin_fails.set(true);
    let response = world.ask("GET /documents/d1", &[(name, &ann), origin(APP)]);
    assert_eq!((response.status().as_u16(), header(&response, "access-control-allow-origin")), (502, APP));
    world.paper().fail.set(true);
    let response = world.ask("GET /documents/d1", &[(name, &ann), origin(APP)]);
    assert_eq!((response.status().as_u16(), header(&response, "access-control-allow-origin")), (503, APP));
}

#[test]
fn one_place_says_who_may_read() {
    let world = world(&[]);
    let (name, ann) = bearer("ann");
    let answer = || {
        let mut answer = http::Response::new(Vec::new());
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "x-secret"),
            ("access-control-allow-private-network", "true"),
            ("vary", "Accept"),
        ] {
            answer.headers_mut().append(name, HeaderValue::from_static(value));
        }
        answer
    };
    for (request, origin, shown, credentials) in [
        ("GET /documents/d1", APP, APP, "true"),
        ("GET /documents/d1", "https://evil.example", "", ""),
        ("GET /open", APP, "*", ""),
        ("GET /closed", "https://evil.example", "*", "true"),
    ] {
        *world.desk().origin_answer.borrow_mut() = Some(answer());
        let response = world.ask(request, &[(name, &ann), ("origin", origin)]);
        assert_eq!(header(&response, "access-control-allow-origin"), shown, "{request} from {origin}");
        assert_eq!(header(&response, "access-control-allow-credentials"), credentials, "{request} from {origin}");
        let theirs = request == "GET /closed";
        assert_eq!(response.headers().contains_key("access-control-allow-private-network"), theirs, "{request}");
        assert!(vary(&response).contains("Accept"), "what else the answer hangs on is kept");
    }
}

#[test]
fn a_web_socket_is_opened_by_admitted_pages_alone() {
    let public = [("PUBLIC_URL", "https://gate.example")];
    let (name, ann) = bearer("ann");
    let open = |world: &World, path: &str, origin: Option<&'static str>| {
        let mut headers = vec![(name, ann.as_str()), ("connection", "Upgrade"), ("upgrade", "websocket")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        world.ask(&format!("GET https://gate.example{path}"), &headers).status().as_u16()
    };
    for (path, origin, with, without) in [
        ("/documents/d1", Some(APP), 200, 200),
        ("/documents/d1", Some("https://evil.example"), 403, 403),
        ("/documents/d1", Some("null"), 403, 403),
        ("/documents/d1", None, 403, 403),
        // Its own pages, where the gate knows its own name.
        ("/documents/d1", Some("https://gate.example"), 200, 403),
        ("/closed", Some("https://evil.example"), 200, 200),
        ("/closed", None, 200, 200),
    ] {
        assert_eq!(open(&world(&public), path, origin), with, "{path} {origin:?}");
        assert_eq!(open(&world(&[]), path, origin), without, "{path} {origin:?}, without PUBLIC_URL");
    }
}

#[test]
fn in_shadow_an_answer_still_says_who_may_read_it() {
    let world = world(&[("MODE", "shadow")]);
    let (name, eve) = bearer("eve");
    let response = world.ask("GET /documents/d1", &[(name, &eve), ("origin", APP)]);
    assert_eq!((response.status().as_u16(), header(&response, "access-control-allow-origin")), (200, APP));
}

#[test]
fn pages_of_other_origins_may_ask_the_gate_itself_where_a_setting_says_so() {
    let (name, ann) = bearer("ann");
    let request = "GET /.palisade/bundle?resource=Document:d1";
    for (setting, origin, shown) in [
        (APP, APP, APP),
        ("https://other.example, https://app.example.com", APP, APP),
        (APP, "https://evil.example", ""),
        (APP, "null", ""),
        ("*", APP, "*"),
        ("", APP, ""),
    ] {
        let world = world(&[("CORS_ORIGINS", setting)]);
        let what = format!("{setting:?} {origin}");
        let response = world.ask(request, &[(name, &ann), ("origin", origin)]);
        assert_eq!(response.status(), 200, "{what}");
        assert_eq!(header(&response, "access-control-allow-origin"), shown, "{what}");
        let refusal = world.ask(request, &[("origin", origin)]);
        assert_eq!((refusal.status().as_u16(), header(&refusal, "access-control-allow-origin")), (401, shown));
        let credentials = if shown == APP { "true" } else { "" };
        assert_eq!(header(&response, "access-control-allow-credentials"), credentials, "{what}");
        let asked = preflight(&world, "/.palisade/bundle", origin, "POST");
        match shown {
            "" => assert!(matches!(asked.status().as_u16(), 403 | 405), "{what}: {}", asked.status()),
            _ => {
                assert_eq!(asked.status(), 204, "{what}");
                assert_eq!(header(&asked, "access-control-allow-methods"), "GET, POST", "{what}");
            }
        }
        assert_ne!(preflight(&world, "/.palisade/health", origin, "GET").status(), 204, "{what}");
        assert_ne!(preflight(&world, "/.palisade/bundle", origin, "DELETE").status(), 204, "{what}");
    }
}

#[test]
fn every_slip_about_pages_is_found() {
    let route = "[[route]]\nmethod = \"GET\"\npath = \"/x\"\npublic = true\n";
    let slips = [
        ("origins = []", "no `origins`"),
        ("headers = [\"x\"]", "no `origins`"),
        ("origins = \"https://a.example\"", "no list of texts"),
        ("origins = [\"https://a.example/\"]", "is no origin"),
        ("origins = [\"https://a.example/path\"]", "is no origin"),
        ("origins = [\"https://A.example\"]", "is no origin"),
        ("origins = [\"https://a.example:443\"]", "is no origin"),
        ("origins = [\"http://a.example:80\"]", "is no origin"),
        ("origins = [\"https://a.example:0\"]", "is no origin"),
        ("origins = [\"https://a.example:\"]", "is no origin"),
        ("origins = [\"https://*.example\"]", "is no origin"),
        ("origins = [\"https://[::1]é\"]", "is no origin"),
        ("origins = [\"a.example\"]", "is no origin"),
        ("origins = [\"ftp://a.example\"]", "is no origin"),
        ("origins = [\"null\"]", "is no origin"),
        ("origins = [\"*\"], credentials = true", "every site"),
        ("origins = [\"*\", \"https://a.example\"]", "the others"),
        ("origins = [\"*\"], headers = [\"*\"]", "no name of a header"),
        ("origins = [\"*\"], expose = [\"a b\"]", "no name of a header"),
        ("origins = [\"*\"], credentials = 1", "neither true nor false"),
        ("origins = [\"*\"], max_age = 86401", "whole number"),
        ("origins = [\"*\"], max_age = -1", "whole number"),
        ("origins = [\"*\"], methods = [\"GET\"]", "no `methods`"),
    ];
    let mapping = bundle().mapping;
    for (lines, said) in slips {
        let of_route = format!("{route}cors = {{ {lines} }}\n");
        let of_all = format!("cors = {{ {lines} }}\n{route}");
        for text in [of_route, of_all] {
            let (routes, found) = read(&text, &mapping);
            let finding = found.iter().find(|finding| finding.is_error() && finding.message.contains(said));
            let finding = finding.unwrap_or_else(|| panic!("{lines}: {found:?}"));
            assert!(finding.help.is_some() && finding.place.as_ref().is_some_and(|place| place.line > 0), "{lines}");
            assert!(routes.all().is_empty(), "{lines}: with an error nothing is routed");
        }
    }
    for good in ["https://a.example", "http://localhost:3000", "https://[::1]:8443", "http://127.0.0.1:8789"] {
        let (routes, found) = read(&format!("{route}cors = {{ origins = [{good:?}] }}"), &mapping);
        assert!(found.is_empty() && routes.all().len() == 1, "{good}: {found:?}");
    }
    let (_, found) = read(&format!("{route}cors = true"), &mapping);
    assert!(found.iter().any(|finding| finding.code == "routes/cors"), "true says nothing: {found:?}");
}
