// SPDX-License-Identifier: Apache-2.0
//! Paths that must never pass, however they are spelt, and the law that what is forwarded is what was matched.

use crate::world::{World, bearer};
use http::Method;
use palisade::gateway::{Match, Routes, Target, read};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Spellings of `/documents/d1`, which Eve may not read, from public paths and from nowhere.
fn mutations() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let dots = [
        "..",
        "%2e%2e",
        "%2E%2E",
        ".%2e",
        "%2e.",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "..;",
        "..;x=1",
        "..%00",
        ".. ",
        "..%20",
    ];
    let slashes =
        ["/", "//", "%2f", "%2F", "\\", "%5c", "%5C", "%252f", "%255c", "%c0%af", "/./", "/%2e/", "%2f/", "/;/"];
    for dot in dots {
        for slash in slashes {
            all.insert(format!("/public/{dot}{slash}documents/d1"));
            all.insert(format!("/public/x/{dot}{slash}{dot}/documents/d1"));
        }
    }
    for slash in slashes {
        all.insert(format!("/documents{slash}d1"));
        all.insert(format!("{slash}documents/d1"));
        all.insert(format!("/.{slash}documents/d1"));
        all.insert(format!("/public{slash}..{slash}documents{slash}d1"));
    }
    for spelling in [
        "/Documents/d1",
        "/DOCUMENTS/d1",
        "/documents/D1",
        "/documents/d1/",
        "/documents/d1//",
        "/documents/./d1",
        "/documents/d1/.",
        "/documents/d1/..",
        "/documents/x/../d1",
        "/documents/%64%31",
        "/%64ocuments/d1",
        "/documents/d1%00",
        "/documents/d1%00.png",
        "/documents/d1%0a",
        "/documents/d1%0d%0aX: y",
        "/documents/d1;a=b",
        "/documents;a=b/d1",
        "/documents/d1%3b",
        "/documents/d1#",
        "/documents/d1#/public",
        "/documents/d1%23",
        "/documents/d1?",
        "/documents/d1?public=1",
        "/documents/d1%3fx",
        "/documents/d1%",
        "/documents/d1%2",
        "/documents/d1%zz",
        "/documents/d1%u0031",
        "/documents/d1%2525",
        "/documents/d1%25%32%66",
        "/documents/ｄ1",
        "/documents/d1%20",
        "/documents/%20d1",
        "/documents/d1\t",
        "/documents/d1 ",
        " /documents/d1",
        "/documents/d1%7f",
        "/documents/d1%c2%80",
        "/documents/%ef%bc%84",
        "/documents/d1.json",
        "/documents/d1~",
        "documents/d1",
        "*",
        "",
        "/documents/latest/../d1",
        "/documents/latest%2f..%2fd1",
        "/documents/latest;/../d1",
        "//documents/d1",
        "///documents/d1",
        "/\\documents/d1",
        "http:/documents/d1",
        "/http://x/documents/d1",
        "/documents/d1%ff",
        "/documents/d1%ed%a0%80",
        "/healthz/../documents/d1",
        "/healthz;/../documents/d1",
        "/healthz%2f..%2fdocuments/d1",
        "/public/..\\documents\\d1",
        "/search?document=d1",
        "/search?document=d1&document=x",
        "/search?document=%64%31",
        "/search?DOCUMENT=d1",
        "/search?document[]=d1",
        "/search?document;=d1",
        "/documents/d1?_method=GET",
        "/documents/d1?_METHOD=GET",
        "/documents/d1?%5fmethod=GET",
    ] {
        all.insert(spelling.to_string());
    }
    all
}

#[test]
fn no_spelling_of_a_refused_path_reaches_the_origin() {
    let world = World::new();
    let (name, token) = bearer("eve");
    let all = mutations();
    assert!(all.len() >= 200, "only {} spellings", all.len());
    let tricks: [&[(&str, &str)]; 4] = [
        &[],
        &[("x-original-url", "/public/x"), ("x-rewrite-url", "/public/x"), ("x-forwarded-prefix", "/public")],
        &[("x-http-method-override", "OPTIONS"), ("x-method-override", "OPTIONS"), ("x-http-method", "OPTIONS")],
        &[("x-forwarded-host", "localhost"), ("x-forwarded-for", "127.0.0.1"), ("palisade-principal", "User::\"ann\"")],
    ];
    for spelling in &all {
        for trick in tricks {
            for method in ["GET", "HEAD", "OPTIONS", "POST", "get", "GET%20"] {
                let Ok(method) = method.parse::<Method>() else { continue };
                let mut headers = vec![(name, token.as_str())];
                headers.extend(trick);
                let response = world.ask(&format!("{method} {spelling}"), &headers);
                let status = response.status().as_u16();
                assert!(matches!(status, 400 | 403 | 404 | 405), "{method} {spelling:?}: {status}");
                assert_eq!(world.reached(), 0, "{method} {spelling:?} reached the origin");
            }
        }
    }
}

#[test]
fn too_long_is_said_to_be_too_long() {
    let world = World::new();
    assert_eq!(world.ask(&format!("GET /public/{}", "a".repeat(9000)), &[]).status(), 414);
    assert_eq!(world.ask(&format!("GET /public/x?{}", "a".repeat(9000)), &[]).status(), 414);
    assert_eq!(world.ask(&format!("GET /public{}", "/a".repeat(80)), &[]).status(), 400);
    assert_eq!(world.ask("GET /public/x", &[("x-long", &"a".repeat(70_000))]).status(), 431);
    let names: Vec<String> = (0..101).map(|at| format!("x-{at}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(world.ask("GET /public/x", &many).status(), 431);
    assert_eq!(world.reached(), 0);
}

/// Characters that matter to somebody who reads a path.
fn path_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9._~-]{0,6}",
        2 => Just("/".to_string()),
        1 => "%[0-9a-fA-F]{2}",
        1 => "%[0-9a-gA-G%]{0,2}",
        1 => "[!$&'()*+,;=:@?#\\\\\\[\\]{}|^`<>\" ]",
        1 => "\\PC",
        1 => "[\\x00-\\x1f\\x7f]",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_forwarded_is_what_was_matched(text in path_like()) {
        let Ok(target) = Target::read(&text) else { return Ok(()) };
        // Byte for byte, save that a `'` of the query is written `%27`.
        let (path, query) = text.split_once('?').map_or((text.as_str(), None), |(path, query)| (path, Some(query)));
        prop_assert_eq!(target.path(), path);
        let query = query.map(|query| query.replace('\'', "%27"));
        prop_assert_eq!(target.query(), query.as_deref());
        let forwarded = target.path_and_query().expect("http takes whatever was checked");
        prop_assert_eq!(forwarded.as_str(), target.as_str());
        // Reading it again changes nothing, and so would no second decoding.
        prop_assert_eq!(&Target::read(target.as_str()).unwrap(), &target);
        for segment in target.segments() {
            prop_assert!(segment != "." && segment != ".." && !segment.contains(['/', '\\', ';']), "{:?}", segment);
            prop_assert!(!segment.chars().any(char::is_control));
        }
        prop_assert_eq!(target.segments().len(), path.matches('/').count());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(text in "\\PC{0,40}|[\\x00-\\xff]{0,40}") {
        let _ = Target::read(&text).map(|target| (target.parameters(), target.parameter("id"), target.overrides_method()));
    }

    #[test]
    fn whatever_is_found_is_found_by_the_segments_that_are_forwarded(text in path_like()) {
        static ROUTES: OnceLock<Routes> = OnceLock::new();
        let routes = ROUTES.get_or_init(|| {
            let bundle = crate::world::bundle();
            read(&bundle.routes, &bundle.mapping).0
        });
        let Ok(target) = Target::read(&text) else { return Ok(()) };
        if let Match::Found(found) = routes.find(&Method::GET, &target) {
            let literals = found.route.path.split('/').skip(1).filter(|part| !part.starts_with('{'));
            for literal in literals {
                prop_assert!(target.segments().iter().any(|segment| segment == literal));
            }
        }
    }
}
