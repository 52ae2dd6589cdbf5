// SPDX-License-Identifier: Apache-2.0
//! What a page is given by the gate: to whom, about what, until when; and that it says what the gate then does.

use crate::read;
use crate::world::{NOON, World, bearer, bundle_with};
use http::Response;
use palisade::engine::Plain;
use palisade::gateway::{MAX_PAGE_ENTITIES, PAGE_FRESH_MILLIS};
use palisade::name::Uid;
use palisade::rows::Value as Cell;
use serde_json::{Value, json};

const TICKET: &str = "0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11";

/// An answer, read as a page reads it.
struct Page(read::Page);

impl Page {
    fn read(response: &Response<Vec<u8>>) -> Page {
        assert_eq!(response.status(), 200, "{}", String::from_utf8_lossy(response.body()));
        Page(read::Page::read(response.body()))
    }

    fn allows(&self, action: &str, kind: &str, id: &str) -> bool {
        self.allows_in(action, kind, id, &[])
    }

    fn allows_in(&self, action: &str, kind: &str, id: &str, context: &[(String, Plain)]) -> bool {
        self.0.allows(action, &Uid::new(kind, id), context)
    }
}

fn get(world: &World, who: &str, query: &str) -> Response<Vec<u8>> {
    let (name, token) = bearer(who);
    world.ask(&format!("GET /.palisade/bundle?{query}"), &[(name, &token)])
}

fn post(world: &World, who: &str, body: &Value) -> Response<Vec<u8>> {
    let (name, token) = bearer(who);
    let headers = [(name, token.as_str()), ("content-type", "application/json")];
    world.ask_with("POST /.palisade/bundle", &headers, body.to_string().as_bytes())
}

fn header<'r>(response: &'r Response<Vec<u8>>, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

fn detail(response: &Response<Vec<u8>>) -> String {
    let problem: Value = serde_json::from_slice(response.body()).expect("a problem");
    problem["detail"].as_str().expect("a detail").to_string()
}

#[test]
fn a_page_says_what_the_gate_then_does() {
    let world = World::new();
    let asked = "resource=Document:d1&resource=Document:d2&resource=Document:a%20b&resource=Document:%E6%96%87&resource=Document:nope\
                 &resource=Ticket:0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11&resource=Bucket:b";
    let mut outcomes = [0, 0];
    for who in ["ann", "bob", "eve", "old", "yong"] {
        let page = Page::read(&get(&world, who, asked));
        for (request, action, kind, id) in [
            ("GET /documents/d1", "READ", "Document", "d1"),
            ("PUT /documents/d1", "WRITE", "Document", "d1"),
            ("DELETE /documents/d1", "DELETE", "Document", "d1"),
            ("GET /documents/d2", "READ", "Document", "d2"),
            ("PUT /documents/d2", "WRITE", "Document", "d2"),
            ("DELETE /documents/d2", "DELETE", "Document", "d2"),
            ("GET /documents/a%20b", "READ", "Document", "a b"),
            ("GET /documents/%E6%96%87", "READ", "Document", "文"),
            ("DELETE /documents/%E6%96%87", "DELETE", "Document", "文"),
            ("GET /documents/nope", "READ", "Document", "nope"),
            ("GET /tickets/0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11", "READ", "Ticket", TICKET),
            ("GET /buckets/b", "READ", "Bucket", "b"),
        ] {
            let (name, token) = bearer(who);
            let passed = world.ask(request, &[(name, &token)]).status() == 200;
            assert_eq!(page.allows(action, kind, id), passed, "{who}: {request}");
            outcomes[usize::from(passed)] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 5), "{outcomes:?}");
}

#[test]
fn nobody_gets_a_page_and_nothing_is_read_for_them() {
    let world = World::new();
    for headers in [&[][..], &[("authorization", "Bearer token-nobody")], &[("authorization", "Basic YTpi")]] {
        let body = json!({ "resources": ["Document:d1"] }).to_string();
        let mut json = headers.to_vec();
        json.push(("content-type", "application/json"));
        for response in [
            world.ask("GET /.palisade/bundle?type=Document", headers),
            world.ask_with("POST /.palisade/bundle", &json, body.as_bytes()),
        ] {
            assert_eq!(response.status(), 401);
            assert_eq!(header(&response, "cache-control"), "no-store");
        }
    }
    assert!(!world.paper().asked.borrow().iter().any(|asked| asked.contains("slice") || asked.contains("ids")));
}

#[test]
fn a_login_session_decides_its_part_of_the_context_at_the_edge() {
    let world = World::new();
    // Bob's session is without a second factor, Ann's has one.
    let (bob, ann) = (get(&world, "bob", "resource=Document:d2"), get(&world, "ann", "resource=Document:d1"));
    assert!(Page::read(&bob).allows("WRITE", "Document", "d2"));
    assert!(!Page::read(&bob).allows("DELETE", "Document", "d2"));
    assert!(Page::read(&ann).allows("DELETE", "Document", "d1"));
    for page in [bob, ann] {
        assert!(!page.body().windows(3).any(|window| window == b"mfa"), "the page need not know of it");
    }
}

#[test]
fn a_whole_type_is_listed() {
    let world = World::new();
    let page = Page::read(&get(&world, "ann", "type=Document"));
    assert!(page.allows("WRITE", "Document", "d1") && page.allows("WRITE", "Document", "a b"));
    assert!(!page.allows("READ", "Document", "d2"));
    assert_eq!(
        get(&world, "ann", "type=Document").body(),
        post(&world, "ann", &json!({ "types": ["Document"] })).body()
    );
}

#[test]
fn an_id_in_another_spelling_is_the_same_thing() {
    let world = World::new();
    let shouted = TICKET.to_uppercase();
    let response = get(&world, "ann", &format!("resource=Ticket:{shouted}"));
    assert!(Page::read(&response).allows("READ", "Ticket", &shouted));
    assert!(!Page::read(&response).allows("READ", "Ticket", "another"));
    assert!(!Page::read(&get(&world, "bob", &format!("resource=Ticket:{shouted}"))).allows("READ", "Ticket", &shouted));
}

#[test]
fn an_answer_that_the_page_has_is_not_sent_again() {
    let world = World::new();
    let first = get(&world, "bob", "resource=Document:d1");
    let tag = header(&first, "etag").to_string();
    assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
    let (name, token) = bearer("bob");
    let again =
        |tag: &str| world.ask("GET /.palisade/bundle?resource=Document:d1", &[(name, &token), ("if-none-match", tag)]);
    for held in [tag.clone(), format!("\"other\", {tag}"), tag["W/".len()..].to_string()] {
        let response = again(&held);
        assert_eq!((response.status().as_u16(), response.body().len()), (304, 0));
        assert_eq!(header(&response, "etag"), tag);
        assert_eq!(header(&response, "palisade-fresh-for"), PAGE_FRESH_MILLIS.to_string());
    }
    let unless = |tag: &str| post(&world, "bob", &json!({ "resources": ["Document:d1"], "unless": tag }));
    assert_eq!((unless(&tag).status().as_u16(), unless(&tag).body().len()), (204, 0));
    assert_eq!(unless("\"other\"").status(), 200);
    // A row elsewhere changes the revision and not the answer; a row that matters changes the answer.
    world.set("DOCUMENTS", "d2", "title", Cell::Text("three".to_string()));
    let response = again(&tag);
    assert_eq!(response.status(), 304);
    assert_ne!(header(&response, "palisade-revision"), header(&first, "palisade-revision"));
    world.set("ACL", "a1", "permission", Cell::Text("WRITE".to_string()));
    let changed = again(&tag);
    assert!(Page::read(&changed).allows("WRITE", "Document", "d1"));
    assert_ne!(header(&changed, "etag"), tag);
}

#[test]
fn an_answer_is_kept_by_nobody_else() {
    let response = get(&World::new(), "bob", "type=Document");
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    assert_eq!(header(&response, "vary"), "Authorization, Cookie, Accept-Encoding");
    assert_eq!(header(&response, "cross-origin-resource-policy"), "same-origin");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
}

#[test]
fn an_answer_ends_with_the_session() {
    let world = World::new();
    let fresh = |world: &World| header(&get(world, "bob", "type=Document"), "palisade-fresh-for").to_string();
    assert_eq!(fresh(&world), PAGE_FRESH_MILLIS.to_string());
    // Sessions end at one o'clock.
    world.desk().now.set(NOON + 3_600_000 - 1_500);
    assert_eq!(fresh(&world), "1500");
    world.desk().now.set(NOON + 3_600_000);
    assert_eq!(get(&world, "bob", "type=Document").status(), 401);
}

#[test]
fn a_question_that_means_nothing_is_told_what_it_lacks() {
    let world = World::new();
    for (query, says) in [
        ("kind=Document", "there is no parameter `kind`"),
        ("type=Documnt", "did you mean `Document`?"),
        ("type=Bucket", "lives outside the database"),
        ("resource=d1", "write its type, a colon and its id"),
        ("resource=Folder:d1", "the model has no type `Folder`"),
        ("context=Dokument:d1", "did you mean `Document`?"),
    ] {
        let response = get(&world, "bob", query);
        assert_eq!(response.status(), 400, "{query}");
        assert!(detail(&response).contains(says), "{query}: {}", detail(&response));
    }
    for (body, says) in [
        (json!(["Document:d1"]), "no JSON object"),
        (json!({ "resources": "Document:d1" }), "`resources` is no list of texts"),
        (json!({ "resources": [1] }), "`resources` is no list of texts"),
        (json!({ "unless": 1 }), "`unless` is no text"),
        (json!({ "more": [] }), "there is no member `more`"),
    ] {
        let response = post(&world, "bob", &body);
        assert_eq!(response.status(), 400, "{body}");
        assert!(detail(&response).contains(says), "{body}: {}", detail(&response));
    }
    let (name, token) = bearer("bob");
    assert_eq!(world.ask_with("POST /.palisade/bundle", &[(name, &token)], b"{}").status(), 415);
    for method in ["PUT", "DELETE", "HEAD"] {
        let response = world.ask(&format!("{method} /.palisade/bundle"), &[(name, &token)]);
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "GET, POST"), "{method}");
    }
    assert_eq!(world.reached(), 0, "nothing of it is the application's");
}

#[test]
fn an_id_that_nothing_can_have_is_nobodys() {
    let world = World::new();
    let page =
        Page::read(&post(&world, "ann", &json!({ "resources": ["Document:", "Document:a\u{0}b", "Document:d1"] })));
    assert!(page.allows("READ", "Document", "d1"));
    assert!(!page.allows("READ", "Document", "") && !page.allows("READ", "Document", "a\u{0}b"));
}

#[test]
fn more_than_can_be_answered_is_refused_and_not_cut_short() {
    let world = World::new();
    let many = |count: usize| (0..count).map(|n| format!("Document:{n}")).collect::<Vec<_>>();
    assert_eq!(post(&world, "ann", &json!({ "resources": many(MAX_PAGE_ENTITIES) })).status(), 200);
    let response = post(&world, "ann", &json!({ "resources": many(MAX_PAGE_ENTITIES + 1) }));
    assert_eq!(response.status(), 413);
    let mut rows = world.paper().store.borrow().rows()["DOCUMENTS"].clone();
    rows.rows = (0..=MAX_PAGE_ENTITIES)
        .map(|n| vec![Cell::Text(n.to_string()), Cell::Text("ann".into()), Cell::Integer(1), Cell::Null])
        .collect();
    world.paper().store.borrow_mut().replace("DOCUMENTS", rows);
    let response = get(&world, "ann", "type=Document");
    assert_eq!(response.status(), 413);
    assert!(detail(&response).contains("ask for those that the page shows"), "{}", detail(&response));
    assert!(Page::read(&get(&world, "ann", "resource=Document:7")).allows("READ", "Document", "7"));
}

#[test]
fn another_bundle_published_meanwhile_is_the_one_that_answers() {
    let world = World::new();
    let next = bundle_with("").to_json();
    *world.paper().before_slice.borrow_mut() = Some(Box::new(move |store| store.activate(2, next)));
    assert!(Page::read(&get(&world, "ann", "resource=Document:d1")).allows("READ", "Document", "d1"));
    assert_eq!(world.last_log()["bundle"], 2);
    assert_eq!(world.last_log()["decision"], "page");
}

#[test]
fn while_the_database_does_not_answer_there_is_no_page() {
    let world = World::new();
    get(&world, "ann", "resource=Document:d1");
    world.paper().fail.set(true);
    for response in [get(&world, "ann", "resource=Document:d1"), get(&world, "ann", "type=Document")] {
        assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "5"));
    }
}

#[test]
fn an_entity_that_a_context_will_name_is_asked_for() {
    let world = World::new();
    let response = get(&world, "ann", "resource=Document:d1&context=Document:d2&context=Document:a%20b");
    let page = Page::read(&response);
    // It can be looked into, and not touched.
    assert!(!page.allows("READ", "Document", "d2") && page.allows("READ", "Document", "d1"));
    // A document may be written only beside one's own: Ann owns `a b`, and `d2` is Bob's, of whom the page says nothing.
    let beside = |id: &str| vec![("related".to_string(), Plain::Entity(Uid::new("Document", id)))];
    assert!(page.allows_in("WRITE", "Document", "d1", &beside("a b")));
    assert!(!page.allows_in("WRITE", "Document", "d1", &beside("d2")));
    assert!(!response.body().windows(3).any(|window| window == b"bob"));
}
