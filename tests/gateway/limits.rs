// SPDX-License-Identifier: Apache-2.0
//! Every input has a bound, and beyond it a status (the table of docs/gate.md, row by row); hosts, rates and counters.

use crate::world::{World, bearer, bundle, bundle_with};
use palisade::gateway::{
    Config, MAX_BODY_LIMIT, MAX_BUNDLE_BYTES, MAX_COOKIES, MAX_HEADERS, MAX_ID_BYTES, MAX_JSON_DEPTH,
    MAX_PAGE_QUESTION_BYTES, MAX_PARAMETERS, MAX_QUESTION_BYTES, MAX_ROUTES, MAX_SEGMENTS, MAX_TARGET_BYTES,
    MAX_TOKEN_BYTES, METRICS_TYPE, read,
};
use palisade::mapping::ColumnKind;

const API: [(&str, &str); 1] =
    [("PALISADE_API_KEY_SHA256", "d1706a9ad7e98dde118f65cf224f8074102e9f280e6c4eb8b0740d61634a75f4")];
const KEY: (&str, &str) = ("authorization", "Bearer key-of-the-crm");
const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn each_input_is_taken_up_to_its_bound_and_refused_beyond_it() {
    let (name, ann) = bearer("ann");
    let ann = (name, ann.as_str());
    let world = World::new();
    // What is sent with size `n`, the bound, the status at the bound, the status one beyond.
    type Send = Box<dyn Fn(&World, usize) -> u16>;
    let get = |target: fn(usize) -> String| -> Send {
        let ann = (ann.0, ann.1.to_string());
        Box::new(move |world, n| world.ask(&format!("GET {}", target(n)), &[(ann.0, &ann.1)]).status().as_u16())
    };
    let headers = |headers: fn(usize) -> Vec<(String, String)>| -> Send {
        Box::new(move |world, n| {
            let headers = headers(n);
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            world.ask("GET /public/x", &headers).status().as_u16()
        })
    };
    let body = |body: fn(usize) -> String| -> Send {
        let ann = (ann.0, ann.1.to_string());
        Box::new(move |world, n| {
            world.ask_with("POST /documents", &[(ann.0, &ann.1), JSON], body(n).as_bytes()).status().as_u16()
        })
    };
    let rows: Vec<(&str, Send, usize, u16, u16)> = vec![
        ("path and query", get(|n| format!("/public/{}", "a".repeat(n - 8))), MAX_TARGET_BYTES, 200, 414),
        ("segments", get(|n| format!("/public{}", "/a".repeat(n - 1))), MAX_SEGMENTS, 200, 400),
        (
            "parameters of a query that is read",
            get(|n| format!("/search?document=d1{}", "&a=1".repeat(n - 1))),
            MAX_PARAMETERS,
            200,
            400,
        ),
        ("an id", get(|n| format!("/documents/{}", "a".repeat(n))), MAX_ID_BYTES, 403, 400),
        (
            "headers",
            headers(|n| (0..n).map(|at| (format!("x-{at}"), "1".to_string())).collect()),
            MAX_HEADERS,
            200,
            431,
        ),
        ("bytes of headers", headers(|n| vec![("x".to_string(), "a".repeat(n - 1))]), 64 * 1024, 200, 431),
        ("cookies", headers(|n| vec![("cookie".to_string(), vec!["a=1"; n].join("; "))]), MAX_COOKIES, 200, 431),
        (
            "a body that is read",
            body(|n| format!("{:<n$}", "{\"parent\":{\"id\":\"d1\"}}")),
            200, // the route's `body_limit`
            200,
            413,
        ),
        (
            "levels of JSON",
            body(|n| format!("{{\"parent\":{{\"id\":\"d1\"}},\"x\":{}{}}}", "[".repeat(n - 1), "]".repeat(n - 1))),
            MAX_JSON_DEPTH,
            200,
            400,
        ),
    ];
    let own = |path: &'static str| -> Send {
        let ann = (ann.0, ann.1.to_string());
        Box::new(move |_, n| {
            let headers = if path.ends_with("evaluation") { [KEY, JSON] } else { [(ann.0, &*ann.1), JSON] };
            let body = format!("{{}}{}", " ".repeat(n - 2));
            World::with(&API).ask_with(&format!("POST {path}"), &headers, body.as_bytes()).status().as_u16()
        })
    };
    // An empty question is none (400); one that is too large is not read.
    let rows = rows.into_iter().chain([
        ("the body of an evaluation", own("/.palisade/access/v1/evaluation"), MAX_QUESTION_BYTES, 400, 413),
        ("the body of a page's question", own("/.palisade/bundle"), MAX_PAGE_QUESTION_BYTES, 200, 413),
    ]);
    for (what, send, bound, at, beyond) in rows {
        assert_eq!(send(&world, bound), at, "{what}: {bound}");
        let reached = world.reached();
        assert_eq!(send(&world, bound + 1), beyond, "{what}: {}", bound + 1);
        assert_eq!(world.reached(), reached, "{what}: what is refused goes nowhere");
    }
    let long = |n: usize| format!("Bearer {}", "a".repeat(n));
    let asked = |n: usize| {
        world.paper().asked.borrow_mut().clear();
        let status = world.ask("GET /documents/d1", &[("authorization", &long(n))]).status().as_u16();
        (status, world.paper().asked.borrow().iter().any(|asked| asked.contains("login")))
    };
    assert_eq!(asked(MAX_TOKEN_BYTES), (401, true));
    assert_eq!(asked(MAX_TOKEN_BYTES + 1), (401, false), "a token that is too long is not looked up");
}

#[test]
fn a_bundle_and_its_routes_have_bounds() {
    let world = World::new();
    let json = bundle().to_json();
    let padded = |bytes: usize| format!("{json}{}", " ".repeat(bytes - json.len()));
    world.publish(1, &padded(MAX_BUNDLE_BYTES));
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    let world = World::new();
    world.publish(1, &padded(MAX_BUNDLE_BYTES + 1));
    assert_eq!(world.ask("GET /public/x", &[]).status(), 503);
    assert!(world.last_log()["cause"].as_str().unwrap().contains(&MAX_BUNDLE_BYTES.to_string()));

    let route = |at: usize| format!("[[route]]\nmethod = \"GET\"\npath = \"/{at}\"\npublic = true\n");
    let routes = |count: usize| (0..count).map(route).collect::<String>();
    let mapping = bundle().mapping;
    assert_eq!(read(&routes(MAX_ROUTES), &mapping).0.all().len(), MAX_ROUTES);
    assert_eq!(read(&routes(MAX_ROUTES + 1), &mapping).0.all().len(), 0);
    let limit = |bytes: usize| {
        let text = format!(
            "[[route]]\nmethod = \"POST\"\npath = \"/x\"\naction = \"READ\"\n\
             resource = {{ type = \"Document\", id = \"{{body./id}}\" }}\nbody_limit = {bytes}\n"
        );
        read(&text, &mapping).0.all().len()
    };
    assert_eq!((limit(MAX_BODY_LIMIT), limit(MAX_BODY_LIMIT + 1)), (1, 0));
}

// Ids.

#[test]
fn an_id_has_one_spelling() {
    let uuid = "0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11";
    let plain = uuid.replace('-', "");
    let (name, ann) = bearer("ann");
    let world = World::new();
    let ask = |id: &str| {
        let response = world.ask(&format!("GET /tickets/{id}"), &[(name, &ann)]);
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).to_string())
    };
    for same in [uuid.to_string(), plain.clone(), uuid.to_uppercase(), plain.to_uppercase()] {
        assert_eq!(ask(&same).0, 200, "{same}");
    }
    for other in [
        format!("%7B{uuid}%7D"),
        format!("({uuid})"),
        format!("urn:uuid:{uuid}"),
        format!("URN:UUID:{plain}"),
        format!("%20{uuid}"),
        format!("{uuid}%20"),
        format!("{uuid}-"),
        plain.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect::<Vec<_>>().join("-"),
        format!("{}%EF%BC%91", &plain[..31]), // a digit one of another script
        format!("0x{plain}"),
    ] {
        let (status, said) = ask(&other);
        assert_eq!(status, 400, "{other}");
        assert!(said.contains("\"bad-id\"") && said.contains("`id` in its path"), "{other}: {said}");
    }
    // SQLite has no type for UUIDs: a column for them may hold words, and these are no other spelling of anything.
    for word in ["helpdesk", "0b9ce2f4", "42"] {
        assert_eq!(ask(word).0, 403, "{word}");
    }
}

#[test]
fn the_id_of_a_whole_number_has_neither_sign_nor_zeros_to_spare() {
    let mut bundle = bundle();
    let table = bundle.mapping.tables.iter_mut().find(|table| table.name == "DOCUMENTS").unwrap();
    table.columns.iter_mut().find(|column| column.name == "id").unwrap().kind = ColumnKind::Long;
    let world = World::new();
    world.publish(1, &bundle.to_json());
    let (name, ann) = bearer("ann");
    let ask = |request: &str| {
        let response = world.ask(request, &[(name, &ann)]);
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).to_string())
    };
    for id in ["1", "0", "-7", "9223372036854775807"] {
        assert_eq!(ask(&format!("GET /documents/{id}")).0, 403, "{id}");
    }
    for id in ["01", "+1", "%2B1", "1.0", "1e3", "-0", "0x1", "%201", "1%20", "9223372036854775808", "d1", "%D9%A1"] {
        let (status, said) = ask(&format!("GET /documents/{id}"));
        assert!(status == 400 && said.contains("bad-id"), "{id}: {status} {said}");
    }
    let (status, said) = ask("GET /search?document=01");
    assert!(status == 400 && said.contains("the query parameter `document`"), "{said}");
    let (status, said) = ask("PUT /documents/1?related=01");
    assert!(status == 400 && said.contains("the query parameter `related`"), "{said}");
    // Another service hears that nobody may; a page, that it may not.
    let world = World::with(&API);
    world.publish(1, &bundle.to_json());
    let question =
        br#"{"subject":{"type":"User","id":"ann"},"resource":{"type":"Document","id":"01"},"action":{"name":"READ"}}"#;
    let response = world.ask_with("POST /.palisade/access/v1/evaluation", &[KEY, JSON], question);
    assert_eq!(response.status(), 200);
    assert!(String::from_utf8_lossy(response.body()).contains("\"decision\":false"));
}

// Host and scheme.

#[test]
fn a_request_to_elsewhere_is_misdirected() {
    let settings =
        [("PUBLIC_URL", "https://Gate.example:443/app"), ("ALLOWED_HOSTS", "gate.internal:8443, Old.example")];
    let world = World::with(&settings);
    for (url, host, status) in [
        ("https://gate.example", None, 200),
        ("https://gate.example:443", None, 200),
        ("https://GATE.example", Some("gate.example"), 200),
        ("https://gate.internal:8443", None, 200),
        ("https://old.example", None, 200),
        ("http://gate.example", None, 421),
        ("https://gate.example:8443", None, 421),
        ("https://gate.internal", None, 421),
        ("https://evil.example", None, 421),
        ("https://evil.example", Some("gate.example"), 421),
        ("https://gate.example", Some("evil.example"), 421),
        ("https://gate.example.evil.example", None, 421),
        ("https://user@gate.example", None, 421),
        ("", None, 421),
        ("", Some("gate.example"), 421),
    ] {
        let headers: Vec<(&str, &str)> = host.iter().map(|host| ("host", *host)).collect();
        for path in ["/public/x", "/.palisade/health"] {
            let response = world.ask(&format!("GET {url}{path}"), &headers);
            assert_eq!(response.status().as_u16(), status, "{url} {host:?} {path}");
        }
    }
    assert_eq!(World::new().ask("GET http://anything.example/public/x", &[]).status(), 200);
    let shadow = World::with(&[settings[0], ("MODE", "shadow")]);
    assert_eq!(shadow.ask("GET https://evil.example/public/x", &[]).status(), 421, "even in shadow");
}

#[test]
fn a_wrong_setting_about_addresses_is_named() {
    for (name, value, said) in [
        ("PUBLIC_URL", "gate.example", "https://"),
        ("PUBLIC_URL", "ftp://gate.example", "https://"),
        ("PUBLIC_URL", "https://", "https://"),
        ("PUBLIC_URL", "https://gate.example/?x", "https://"),
        ("PUBLIC_URL", "https://a@gate.example", "https://"),
        ("ALLOWED_HOSTS", "https://gate.example", "hosts alone"),
        ("ALLOWED_HOSTS", "gate.example", "PUBLIC_URL"),
        ("CORS_ORIGINS", "app.example.com", "https://app.example.com"),
        ("CORS_ORIGINS", "null", "sandboxed"),
        ("CORS_ORIGINS", "*, https://app.example.com", "every origin"),
        ("SERVER_TIMING", "true", "`on` or `off`"),
    ] {
        let error = Config::read(|own| (own == name).then(|| value.to_string())).unwrap_err();
        assert!(error.0.contains(said) && error.0.contains(name), "{name}={value}: {error}");
    }
}

// One connection's headers.

#[test]
fn headers_about_one_connection_end_at_the_gate_both_ways() {
    let names = ["keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "upgrade", "http2-settings"];
    let world = World::new();
    for name in names {
        let mut answer = http::Response::new(Vec::new());
        answer.headers_mut().append(name, "x".parse().unwrap());
        answer.headers_mut().append("connection", "x-hop".parse().unwrap());
        answer.headers_mut().append("x-hop", "1".parse().unwrap());
        answer.headers_mut().append("x-stays", "1".parse().unwrap());
        *world.desk().origin_answer.borrow_mut() = Some(answer);
        let response =
            world.ask("GET /public/x", &[(name, "x"), ("connection", "x-hop"), ("x-hop", "1"), ("x-stays", "1")]);
        let reached = world.last_reached().headers;
        for headers in [&reached, response.headers()] {
            assert!(!headers.contains_key(name) && !headers.contains_key("x-hop"), "{name}: {headers:?}");
            assert!(!headers.contains_key("connection") && headers.contains_key("x-stays"), "{name}: {headers:?}");
        }
    }
}

// Rates.

#[test]
fn the_gates_own_answers_and_failed_sign_ins_are_counted() {
    let world = World::with(&API);
    *world.desk().limit.borrow_mut() = Some(Ok(2));
    let (name, ann) = bearer("ann");
    let ann = [(name, ann.as_str())];
    let bundle = || world.ask("GET /.palisade/bundle?resource=Document:d1", &ann).status().as_u16();
    assert_eq!([bundle(), bundle(), bundle()], [200, 200, 429]);
    let response = world.ask("GET /documents/d1", &[("authorization", "Bearer made-up")]);
    assert_eq!(response.status(), 429, "the same address tries tokens");
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(world.last_log()["code"], "too-many-requests");
    assert_eq!(world.ask("GET /documents/d1", &ann).status(), 200, "who is signed in is not counted");
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    assert_eq!(world.ask("GET /.palisade/health", &[]).status(), 200, "nor is health");
    assert_eq!(world.ask("GET /.palisade/metrics", &[KEY]).status(), 200, "an API key counts by itself");
    assert_eq!(world.gate.metrics().limited.get(), 2);
    let counted = world.desk().counted.borrow().clone();
    assert_eq!(counted[0], "address:203.0.113.7");
    assert_eq!(counted.last().unwrap(), "key:d1706a9ad7e98dde", "half a hash of the key, and never the key");
}

#[test]
fn a_counter_that_fails_shuts_nobody_out() {
    let world = World::with(&API);
    *world.desk().limit.borrow_mut() = Some(Err("no counter".to_string()));
    assert_eq!(world.ask("GET /.palisade/metrics", &[KEY]).status(), 200);
    assert_eq!(world.ask("GET /.palisade/metrics", &[]).status(), 401, "nor does it let anybody in");
    assert!(world.desk().log.borrow().iter().any(|line| line.contains("no counter")));
}

// Counters and times.

#[test]
fn counters_are_for_holders_of_an_api_key() {
    let world = World::with(&API);
    for headers in [&[][..], &[("authorization", "Bearer token-ann")], &[("authorization", "Bearer wrong")]] {
        let response = world.ask("GET /.palisade/metrics", headers);
        assert_eq!(response.status(), 401);
        assert!(!String::from_utf8_lossy(response.body()).contains("palisade_"));
    }
    assert_eq!(World::new().ask("GET /.palisade/metrics", &[KEY]).status(), 401, "without keys nobody holds one");
    assert_eq!(world.ask("POST /.palisade/metrics", &[KEY]).status(), 405);
}

#[test]
fn counters_are_in_the_format_of_prometheus() {
    let world = World::with(&API);
    world.desk().tick.set(300);
    let (name, ann) = bearer("ann");
    let (_, eve) = bearer("eve");
    world.ask("GET /documents/d1", &[(name, &ann)]);
    world.ask("GET /documents/d1", &[(name, &ann)]);
    world.ask("GET /documents/d1", &[(name, &eve)]);
    world.ask("GET /nowhere", &[]);
    world.ask("GET /public/x", &[]);
    world.desk().origin_fails.set(true);
    world.ask("GET /public/x", &[]);
    let response = world.ask("GET /.palisade/metrics", &[KEY]);
    assert_eq!(response.headers()["content-type"], METRICS_TYPE);
    let text = String::from_utf8(response.body().clone()).unwrap();
    for sample in [
        "palisade_requests_total{ISOLATE,outcome=\"allow\"} 2",
        "palisade_requests_total{ISOLATE,outcome=\"deny\"} 1",
        "palisade_requests_total{ISOLATE,outcome=\"refuse\"} 2",
        "palisade_requests_total{ISOLATE,outcome=\"public\"} 2",
        "palisade_refusals_total{ISOLATE,code=\"denied\",status=\"403\"} 1",
        "palisade_refusals_total{ISOLATE,code=\"no-route\",status=\"404\"} 1",
        "palisade_decision_duration_seconds_bucket{ISOLATE,le=\"0.0005\"} 0",
        "palisade_decision_duration_seconds_bucket{ISOLATE,le=\"0.001\"} 3",
        "palisade_decision_duration_seconds_bucket{ISOLATE,le=\"+Inf\"} 3",
        "palisade_decision_duration_seconds_sum{ISOLATE} 0.0027",
        "palisade_decision_duration_seconds_count{ISOLATE} 3",
        "palisade_origin_failures_total{ISOLATE} 1",
        "palisade_log_lost_total{ISOLATE} 0",
        "palisade_bundle{ISOLATE} 1",
    ] {
        let sample = sample.replace("ISOLATE", "isolate=\"id-8\"");
        assert!(text.lines().any(|line| line == sample), "{sample} is not in\n{text}");
    }
    // Each sample belongs to a family that was declared before it; each family is declared once.
    let mut families = std::collections::BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (family, kind) = rest.split_once(' ').unwrap();
            assert!(families.insert(family.to_string(), kind.to_string()).is_none(), "{line}");
            assert_eq!(kind == "counter", family.ends_with("_total"), "{line}");
        } else if !line.starts_with("# HELP ") {
            let (name, rest) = line.split_once('{').expect("labels");
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(families.contains_key(family), "{line}");
            let (_, value) = rest.rsplit_once("} ").expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(text.ends_with('\n') && families.len() > 15);
}

#[test]
fn strangers_learn_nothing_of_times_unless_a_setting_says_so() {
    let (name, ann) = bearer("ann");
    let (_, eve) = bearer("eve");
    for (settings, told) in [(&[][..], false), (&[("SERVER_TIMING", "on")][..], true)] {
        let world = World::with(settings);
        world.desk().tick.set(300);
        let allowed = world.ask("GET /documents/d1", &[(name, &ann)]);
        let denied = world.ask("GET /documents/d1", &[(name, &eve)]);
        for (response, parts) in
            [(&allowed, &["palisade", "auth", "db", "origin"][..]), (&denied, &["palisade", "auth", "db"])]
        {
            match response.headers().get("server-timing") {
                None => assert!(!told),
                Some(value) => {
                    let value = value.to_str().unwrap();
                    let names: Vec<&str> = value.split(", ").map(|part| part.split(';').next().unwrap()).collect();
                    assert!(told && names == parts, "{value}");
                    assert!(
                        value.contains("db;dur=0.300") && value.contains("palisade;dur=0.600;desc=\"decide\""),
                        "{value}"
                    );
                }
            }
        }
        assert_eq!(allowed.headers().contains_key("server-timing"), told);
        assert_eq!(denied.headers().contains_key("server-timing"), told);
    }
}

#[test]
fn health_says_how_long_ago_the_database_was_heard() {
    let world = World::new();
    let staleness = || {
        let response = world.ask("GET /.palisade/health", &[]);
        serde_json::from_slice::<serde_json::Value>(response.body()).unwrap()["staleness"].clone()
    };
    assert_eq!(staleness(), serde_json::Value::Null);
    world.desk().now.set(world.desk().now.get() + 1_500);
    assert_eq!(staleness(), 1_500);
}

#[test]
fn a_gate_whose_routes_say_nothing_of_pages_lets_the_application_speak() {
    let world = World::new();
    world.publish(1, &bundle_with(include_str!("pack/routes.toml")).to_json());
    let mut answer = http::Response::new(Vec::new());
    answer.headers_mut().append("access-control-allow-origin", "https://app.example.com".parse().unwrap());
    *world.desk().origin_answer.borrow_mut() = Some(answer);
    let response = world.ask("GET /public/x", &[("origin", "https://app.example.com")]);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    assert!(!response.headers().contains_key("vary"));
}
