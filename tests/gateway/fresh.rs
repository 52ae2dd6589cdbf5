// SPDX-License-Identifier: Apache-2.0
//! What is remembered of the database, and for how long: never past what was promised, and no longer than it is so.

use crate::world::{NOON, World, bearer, bundle_with};
use http::Response;
use palisade::rows::Value;

/// A gate that may remember for two seconds, and ten while the database is away.
fn world() -> World {
    World::with(&[("MAX_STALENESS", "2000"), ("MAX_STALE_IF_ERROR", "10000")])
}

fn ask(world: &World, who: &str, request: &str) -> Response<Vec<u8>> {
    let (name, token) = bearer(who);
    world.ask(request, &[(name, &token)])
}

fn status(world: &World, who: &str, request: &str) -> u16 {
    ask(world, who, request).status().as_u16()
}

/// What the database was asked since the last time.
fn asked(world: &World) -> Vec<String> {
    std::mem::take(&mut *world.paper().asked.borrow_mut())
}

#[test]
fn a_request_asks_once_and_the_next_one_not_at_all() {
    let world = world();
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), ["bundle", "news+login+slice"], "all that a request needs is one batch");
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), [""; 0]);
    assert_eq!(status(&world, "ann", "GET /documents/d2"), 403);
    assert_eq!(asked(&world), ["slice"], "who asks is known by now");
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), ["login+slice"]);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    assert_eq!(asked(&world), [""; 0], "which bundle is active was told along");
    world.desk().now.set(NOON + 2_000);
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), ["news+login+slice"]);
    world.desk().now.set(NOON + 4_000);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    assert_eq!(asked(&world), ["news"]);
}

#[test]
fn where_nothing_may_be_old_each_request_asks_once() {
    let world = World::new();
    for _ in 0..3 {
        asked(&world);
        assert_eq!(status(&world, "ann", "GET /documents/d1"), 200);
        let asked = asked(&world);
        assert_eq!(asked.last().map(String::as_str), Some("news+login+slice"));
        assert!(asked.len() == 1 || asked[0] == "bundle");
        assert!(!world.gate.has_chores(), "nothing that is heard early would serve");
    }
}

/// Each way in which a row ends what somebody may do.
const ENDS: [(&str, &str, &str, &str, Value); 4] = [
    ("a user is switched off", "USERS", "bob", "is_active", Value::Integer(0)),
    ("a session is revoked", "SESSIONS", "s-bob", "is_active", Value::Integer(0)),
    ("a grant is for another one", "ACL", "a1", "user_id", Value::Null),
    ("a document is switched off", "DOCUMENTS", "d1", "is_active", Value::Integer(0)),
];

#[test]
fn what_ended_is_allowed_for_two_seconds_at_most_and_refused_from_then_on() {
    for (what, table, key, column, value) in ENDS {
        let world = world();
        assert_eq!(status(&world, "bob", "GET /documents/d1"), 200, "{what}");
        world.set(table, key, column, value);
        world.desk().now.set(NOON + 1_999);
        assert_eq!(status(&world, "bob", "GET /documents/d1"), 200, "{what}: that is the promise");
        world.desk().now.set(NOON + 2_000);
        let refused = status(&world, "bob", "GET /documents/d1");
        assert!(refused == 401 || refused == 403, "{what}: {refused}");
        assert_eq!(world.reached(), 2, "{what}");
    }
}

#[test]
fn a_change_is_heard_of_by_whichever_request_asks_first() {
    for (what, table, key, column, value) in ENDS {
        let world = world();
        assert_eq!(status(&world, "bob", "GET /documents/d1"), 200, "{what}");
        world.set(table, key, column, value);
        world.desk().now.set(NOON + 2_000);
        // Somebody else's request brings the news, and nobody asks for bob again.
        assert_eq!(status(&world, "ann", "GET /tickets/0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11"), 200, "{what}");
        let refused = status(&world, "bob", "GET /documents/d1");
        assert!(refused == 401 || refused == 403, "{what}: {refused}");
    }
}

#[test]
fn what_a_change_does_not_touch_stays_known() {
    let world = world();
    assert_eq!(status(&world, "ann", "GET /documents/d2"), 403);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    world.set("USERS", "eve", "is_active", Value::Integer(0));
    world.desk().now.set(NOON + 2_000);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    asked(&world);
    assert_eq!(status(&world, "ann", "GET /documents/d2"), 403);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), [""; 0]);
    // Ann's row is one of hers alone.
    world.set("USERS", "ann", "is_active", Value::Integer(0));
    world.desk().now.set(NOON + 4_000);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    asked(&world);
    assert_eq!(status(&world, "ann", "GET /documents/d2"), 403);
    assert_eq!(asked(&world), ["slice"]);
    assert_eq!(status(&world, "bob", "GET /documents/d2"), 200);
    asked(&world);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), ["slice"], "d1 is Ann's: the owner is one of its rows");
}

#[test]
fn what_is_new_is_seen_as_soon_as_what_ended() {
    let world = world();
    assert_eq!(status(&world, "eve", "GET /documents/d1"), 403);
    world.set("ACL", "a1", "user_id", Value::Text("eve".to_string()));
    assert_eq!(status(&world, "eve", "GET /documents/d1"), 403);
    world.desk().now.set(NOON + 2_000);
    assert_eq!(status(&world, "eve", "GET /documents/d1"), 200);
}

#[test]
fn whoever_names_the_revision_of_a_write_is_answered_by_it() {
    let world = world();
    let (name, token) = bearer("bob");
    assert_eq!(world.ask("GET /documents/d1", &[(name, &token)]).status(), 200);
    world.set("ACL", "a1", "user_id", Value::Null);
    let revision = pollster::block_on(palisade::store::Store::revision(world.paper())).unwrap().to_string();
    let at_least = |revision: &str| {
        world.ask("GET /documents/d1", &[(name, &token), ("palisade-at-least", revision)]).status().as_u16()
    };
    assert_eq!(at_least("0"), 200, "nothing new is asked for");
    assert_eq!(at_least(&revision), 403);
    assert_eq!(world.ask("GET /documents/d1", &[(name, &token)]).status(), 403, "what was heard counts for all");
    asked(&world);
    assert_eq!(at_least(&revision), 403);
    assert_eq!(asked(&world), [""; 0], "once heard of, it is known");
    assert_eq!(at_least("99"), 409, "a revision that has not come to be");
    for wrong in ["", "-1", "1.5", "x", "18446744073709551616"] {
        assert_eq!(at_least(wrong), 400, "{wrong:?}");
    }
    let twice = [(name, token.as_str()), ("palisade-at-least", "1"), ("palisade-at-least", "1")];
    assert_eq!(world.ask("GET /documents/d1", &twice).status(), 400);
    assert_eq!(world.reached(), 2);
    let reached = world.desk().reached.borrow();
    assert!(reached.iter().all(|request| !request.headers.contains_key("palisade-at-least")));
}

#[test]
fn while_the_database_is_away_what_is_known_serves_for_ten_seconds() {
    let world = world();
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    world.paper().fail.set(true);
    world.desk().now.set(NOON + 9_999);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    assert_eq!(status(&world, "bob", "GET /documents/d2"), 503, "what was never asked is not known");
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 503);
    let (name, token) = bearer("bob");
    let newer = [(name, token.as_str()), ("palisade-at-least", "7")];
    assert_eq!(world.ask("GET /documents/d1", &newer).status(), 503, "nobody can tell");
    world.desk().now.set(NOON + 10_000);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 503);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 503);
    world.paper().fail.set(false);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200, "by itself");
}

#[test]
fn a_session_ends_to_the_millisecond_known_or_not() {
    let world = World::with(&[("MAX_STALENESS", "600000")]);
    let end = NOON + 3_600_000;
    world.desk().now.set(end - 1_000);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    world.desk().now.set(end - 1);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    world.desk().now.set(end);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 401);
}

#[test]
fn a_clock_that_goes_back_makes_everything_old() {
    let world = world();
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    asked(&world);
    world.desk().now.set(NOON - 1);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), ["news+login+slice"]);
}

#[test]
fn another_bundle_is_heard_of_within_the_same_time() {
    let world = world();
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 200);
    let fewer = include_str!("pack/routes.toml").replace("path = \"/documents/{id}\"", "path = \"/papers/{id}\"");
    world.publish(2, &bundle_with(&fewer).to_json());
    world.desk().now.set(NOON + 1_999);
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 200);
    assert_eq!(status(&world, "ann", "GET /documents/d2"), 404, "a slice that is fetched anyway tells of it");
    assert_eq!(status(&world, "ann", "GET /documents/d1"), 404);
    assert_eq!(status(&world, "ann", "GET /papers/d1"), 200);
}

#[test]
fn what_is_due_is_asked_behind_an_answer_so_that_no_request_waits() {
    let world = world();
    assert!(!world.gate.has_chores(), "nothing is known yet");
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert!(!world.gate.has_chores(), "it is too early");
    world.desk().now.set(NOON + 1_000);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    asked(&world);
    assert!(world.gate.has_chores());
    world.set("ACL", "a1", "user_id", Value::Null);
    pollster::block_on(world.gate.chores());
    assert_eq!(asked(&world), ["news"]);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 403);
    // The next one is due a second later, and so on: two seconds never pass.
    world.desk().now.set(NOON + 2_500);
    asked(&world);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 403);
    assert_eq!(asked(&world), [""; 0]);
    assert!(world.gate.has_chores());
    world.paper().fail.set(true);
    pollster::block_on(world.gate.chores());
    assert!(world.gate.has_chores(), "what failed is tried again");
}

#[test]
fn a_database_that_was_put_back_is_believed() {
    let world = world();
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    let before = world.paper().store.borrow().rows().clone();
    world.set("ACL", "a1", "user_id", Value::Null);
    world.desk().now.set(NOON + 2_000);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 403);
    // As from a backup: the rows of before, and a log that knows less.
    let mut store = palisade::store::MemoryStore::new(before);
    store.activate(1, crate::world::bundle().to_json());
    *world.paper().store.borrow_mut() = store;
    world.desk().now.set(NOON + 4_000);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    asked(&world);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    assert_eq!(asked(&world), [""; 0], "and remembered again");
}

#[test]
fn what_is_known_to_be_replaced_serves_nobody_while_the_database_is_away() {
    let world = world();
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
    world.publish(2, &crate::world::bundle().to_json());
    world.desk().now.set(NOON + 1_000);
    // It is heard that there is another bundle; then nothing is heard any more.
    pollster::block_on(world.gate.chores());
    world.paper().fail.set(true);
    for after in [1_500, 3_500, 9_000] {
        world.desk().now.set(NOON + after);
        assert_eq!(status(&world, "bob", "GET /documents/d1"), 503, "{after}");
        assert_eq!(world.ask("GET /public/x", &[]).status(), 503, "{after}");
    }
    world.paper().fail.set(false);
    assert_eq!(status(&world, "bob", "GET /documents/d1"), 200);
}
