// SPDX-License-Identifier: Apache-2.0
//! The decision API over SQLite: the interoperability vectors, the certification scenario, batches, searches, what a
//! question may say of its entities, and the metadata. Cedar judges every decision again.

use crate::world::{Desk, NOON, World, bundle, incoming};
use http::Response;
use palisade::compile;
use palisade::gateway::{
    Body, Config, Gateway, MAX_BATCH, MAX_BATCH_BYTES, MAX_CANDIDATES, MAX_JUDGED, MAX_QUESTION_BYTES, METADATA_PATH,
};
use palisade::pack::{self, Texts};
use palisade::rows::{TableRows, Value as Cell};
use palisade::store::{SqlStore, Sqlite};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const KEY: &str = "key-of-the-crm";
const KEY_HASH: &str = "d1706a9ad7e98dde118f65cf224f8074102e9f280e6c4eb8b0740d61634a75f4";

/// A gate in front of a pack's database.
struct Court {
    gate: Gateway<SqlStore<Sqlite>, Desk>,
}

impl Court {
    /// With a pack of `tests/authzen`, its sample rows and these besides.
    fn of(name: &str, more: &str) -> Court {
        let folder = Path::new("tests/authzen").join(name);
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let texts = Texts {
            name: name.to_string(),
            schema_file: "schema.mmd".to_string(),
            schema: text("schema.mmd"),
            model: text("model.toml"),
            policies: text("policies.cedar"),
            sample: text("sample.sql"),
            ..Texts::default()
        };
        let (pack, findings) = pack::read(&texts);
        let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
        let pack = pack.unwrap_or_else(|| panic!("{said}"));
        let connection = Connection::open_in_memory().unwrap();
        let publish = compile::publish_sql(&pack.bundle);
        for sql in [&compile::schema_sql(&pack.bundle.mapping, name), &pack.sample, more, &publish] {
            connection.execute_batch(sql).unwrap();
        }
        let settings = |name: &str| match name {
            "VERIFY" => Some("1".to_string()),
            "PALISADE_API_KEY_SHA256" => Some(KEY_HASH.to_string()),
            _ => None,
        };
        let desk = Desk::default();
        desk.now.set(NOON);
        Court { gate: Gateway::new(SqlStore::new(Sqlite::new(connection)), desk, Config::read(settings).unwrap()) }
    }

    fn send(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
        let request = format!("POST /.palisade{path}");
        let response = pollster::block_on(self.gate.handle(incoming(&request, headers, body.as_bytes())));
        for line in self.gate.host().log.borrow().iter() {
            assert!(!line.contains("alarm") && !line.contains(KEY), "{line}");
        }
        response.map(|body| match body {
            Body::Bytes(bytes) => bytes,
            _ => Vec::new(),
        })
    }

    /// The status, and the body as JSON where it is.
    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let key = format!("Bearer {KEY}");
        let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
        read(self.send(path, &headers, &body.to_string()))
    }

    fn decides(&self, body: &Value) -> bool {
        let (status, answer) = self.post(EVALUATION, body);
        assert_eq!(status, 200, "{body}: {answer}");
        answer["decision"].as_bool().unwrap_or_else(|| panic!("{answer}"))
    }

    /// All pages of a search, each of at most `limit`.
    fn search(&self, what: &str, body: &Value, limit: Option<u64>) -> Vec<Value> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let mut body = body.clone();
            match limit {
                Some(limit) => body["page"] = json!({ "limit": limit, "token": token }),
                None if token.is_empty() => {}
                None => body["page"] = json!({ "token": token }),
            }
            let (status, answer) = self.post(&format!("/access/v1/search/{what}"), &body);
            assert_eq!(status, 200, "{body}: {answer}");
            let results = answer["results"].as_array().unwrap();
            assert!(limit.is_none_or(|limit| results.len() as u64 <= limit), "{answer}");
            all.extend(results.iter().cloned());
            match answer["page"]["next_token"].as_str() {
                None | Some("") => return all,
                Some(next) => token = next.to_string(),
            }
        }
    }
}

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";

fn read(response: Response<Vec<u8>>) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = String::from_utf8(response.into_body()).unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn decisions(answer: &Value) -> Vec<bool> {
    let all = answer["evaluations"].as_array().unwrap_or_else(|| panic!("{answer}"));
    all.iter().map(|one| one["decision"].as_bool().unwrap()).collect()
}

fn names(results: &[Value]) -> BTreeSet<&str> {
    results.iter().map(|one| one["id"].as_str().or(one["name"].as_str()).unwrap()).collect()
}

fn subject(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

fn record(id: &str) -> Value {
    json!({ "type": "record", "id": id })
}

fn ask(who: &str, action: &str, id: &str) -> Value {
    json!({ "subject": subject(who), "action": { "name": action }, "resource": record(id) })
}

#[test]
fn the_interoperability_vectors_hold() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/authzen/interop.json");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("SKIPPED: the interoperability vectors are not at {}", path.display());
        return;
    };
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let (todo, gateway) = (Court::of("todo", ""), Court::of("gateway", ""));
    let all = vectors["vectors"].as_array().unwrap();
    assert_eq!(all.len(), 68);
    let mut wrong = Vec::new();
    for vector in all {
        let court = if vector["suite"] == "api-gateway" { &gateway } else { &todo };
        let (status, answer) = court.post(vector["path"].as_str().unwrap(), &vector["request"]);
        let holds = status == 200
            && match vector["expected"].get("evaluations") {
                None => answer["decision"] == vector["expected"]["decision"],
                Some(_) => decisions(&answer) == decisions(&vector["expected"]),
            };
        if !holds {
            wrong.push(format!("{}: {status} {answer}", vector["id"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_certification_scenario_holds_alone_and_in_a_batch() {
    let court = Court::of("records", "");
    let with = |mut body: Value, part: &str, name: &str, value: Value| {
        body[part]["properties"] = json!({ name: value });
        body
    };
    let archived = |who: &str| with(ask(who, "write", "record-1"), "resource", "status", json!("archived"));
    let cases = [
        (ask("alice", "read", "record-1"), true),
        (ask("alice", "write", "record-1"), true),
        (ask("bob", "read", "record-1"), true),
        (ask("bob", "write", "record-1"), false),
        (archived("alice"), false),
        (with(archived("alice"), "subject", "role", json!("admin")), true),
        (with(archived("bob"), "subject", "role", json!("admin")), true),
        (with(ask("alice", "delete", "record-1"), "action", "soft", json!(true)), true),
        (with(ask("alice", "delete", "record-1"), "action", "soft", json!(false)), false),
        (ask("alice", "delete", "record-1"), false),
    ];
    for (body, expected) in &cases {
        // Again the same, and whatever the context says besides.
        for context in [json!({}), json!({}), json!({ "time": "1985-10-26T01:22-07:00", "a": [1] })] {
            let mut body = body.clone();
            body["context"] = context;
            assert_eq!(court.decides(&body), *expected, "{body}");
        }
    }
    let items: Vec<&Value> = cases.iter().map(|(body, _)| body).collect();
    let expected: Vec<bool> = cases.iter().map(|(_, expected)| *expected).collect();
    let (status, answer) = court.post(EVALUATIONS, &json!({ "evaluations": items }));
    assert_eq!((status, decisions(&answer)), (200, expected), "one question's properties are none of the next one's");
}

#[test]
fn the_certification_searches_hold() {
    let court = Court::of("records", "");
    let read = json!({ "name": "read" });
    let write = json!({ "name": "write" });
    let archived = json!({ "type": "record", "id": "record-2", "properties": { "status": "archived" } });
    let bob = json!({ "type": "user", "id": "bob", "properties": { "role": "admin" } });
    let table: [(&str, Value, &[&str]); 6] = [
        (
            "subject",
            json!({ "subject": { "type": "user" }, "action": read, "resource": record("record-1") }),
            &["alice", "bob"],
        ),
        (
            "resource",
            json!({ "subject": subject("alice"), "action": read, "resource": { "type": "record" } }),
            &["record-1", "record-2"],
        ),
        ("action", json!({ "subject": subject("alice"), "resource": record("record-1") }), &["read", "write"]),
        ("subject", json!({ "subject": { "type": "user" }, "action": write, "resource": archived }), &["bob"]),
        ("resource", json!({ "subject": bob, "action": write, "resource": { "type": "record" } }), &["record-2"]),
        ("action", json!({ "subject": bob, "resource": archived }), &["read", "write"]),
    ];
    for (what, body, expected) in table {
        for limit in [None, Some(1), Some(10)] {
            let found = court.search(what, &body, limit);
            assert_eq!(names(&found), expected.iter().copied().collect(), "{what} {body}");
            assert_eq!(found.len(), expected.len(), "each once");
            for one in &found {
                assert_eq!(one.get("type").is_some(), what != "action", "{one}");
                assert!(one["type"].as_str().is_none_or(|kind| kind == what || kind == "user" || kind == "record"));
            }
        }
    }
    // What is looked for has no id that counts.
    let body = json!({ "subject": { "type": "user", "id": "alice" }, "action": write, "resource": archived });
    assert_eq!(names(&court.search("subject", &body, None)), ["bob"].into());
}

#[test]
fn what_is_no_question_is_a_400_with_a_sentence() {
    let court = Court::of("records", "");
    let good = ask("alice", "read", "record-1");
    let without = |path: &[&str]| {
        let mut body = good.clone();
        let (last, before) = path.split_last().unwrap();
        let inner = before.iter().fold(&mut body, |at, name| &mut at[*name]);
        inner.as_object_mut().unwrap().remove(*last);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let bad = [
        without(&["subject"]),
        without(&["action"]),
        without(&["resource"]),
        without(&["subject", "type"]),
        without(&["subject", "id"]),
        without(&["resource", "type"]),
        without(&["resource", "id"]),
        without(&["action", "name"]),
        with("subject", json!("alice")),
        with("action", json!({ "name": 7 })),
        with("resource", json!([])),
        with("context", json!("x")),
        with("subject", json!({ "type": "user", "id": 1 })),
        with("subject", json!({ "type": "user", "id": "alice", "properties": "admin" })),
        with("subject", json!({ "type": "user", "id": "alice", "properties": { "role": 7 } })),
        with("action", json!({ "name": "delete", "properties": { "soft": "yes" } })),
        json!([]),
        json!(null),
    ];
    for body in bad {
        for path in [EVALUATION, EVALUATIONS] {
            let (status, answer) = court.post(path, &body);
            assert_eq!(status, 400, "{path} {body}: {answer}");
            assert!(answer.as_str().is_some_and(|text| text.len() > 10), "a sentence: {answer}");
        }
    }
    let key = format!("Bearer {KEY}");
    let send = |kind: &[(&'static str, &'static str)], body: &str| {
        let headers: Vec<(&str, &str)> =
            [("authorization", key.as_str())].into_iter().chain(kind.iter().copied()).collect();
        court.send(EVALUATION, &headers, body).status().as_u16()
    };
    let good = good.to_string();
    const JSON: (&str, &str) = ("content-type", "application/json");
    assert_eq!(send(&[JSON], &good), 200);
    assert_eq!(send(&[("content-type", "application/json; charset=utf-8")], &good), 200);
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[JSON, ("content-type", "text/plain")],
        &[JSON, ("content-encoding", "gzip")],
    ] {
        assert_eq!(send(headers, &good), 400, "{headers:?}");
    }
    for body in ["", "{", "{}", "nonsense", "{\"subject\":{\"type\":\"user\",\"id\":\"\\ud800\"}}"] {
        assert_eq!(send(&[JSON], body), 400, "{body}");
    }
    assert_eq!(send(&[JSON], &good.replacen('{', "{\"action\":{\"name\":\"write\"},", 1)), 400, "a key twice");
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(send(&[JSON], &good.replacen('{', &format!("{{\"x\":{deep},"), 1)), 400, "too deep");
    let padded =
        |length: usize| good.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(length - good.len() - 7)), 1);
    assert_eq!(padded(MAX_QUESTION_BYTES).len(), MAX_QUESTION_BYTES);
    assert_eq!(send(&[JSON], &padded(MAX_QUESTION_BYTES)), 200);
    assert_eq!(send(&[JSON], &padded(MAX_QUESTION_BYTES + 1)), 413);
    let batch = |length| court.send(EVALUATIONS, &[("authorization", key.as_str()), JSON], &padded(length));
    assert_eq!(batch(MAX_BATCH_BYTES).status(), 200);
    assert_eq!(batch(MAX_BATCH_BYTES + 1).status(), 413);
    assert_eq!(court.send(EVALUATIONS, &[JSON], &good).status(), 401);
    assert_eq!(court.send("/access/v1/search/subject", &[JSON], &good).status(), 401);
}

#[test]
fn a_batch_ends_where_its_semantic_says() {
    let court = Court::of("records", "");
    let batch = |semantic: Option<&str>, items: &[&str]| {
        // Each item asks whether alice may write: on record-1 she may, on record-2 not, and the rest is no question.
        let items: Vec<Value> = items
            .iter()
            .map(|item| match *item {
                "broken" => json!({ "resource": { "type": "record" } }),
                "none" => json!(7),
                id => json!({ "resource": record(id) }),
            })
            .collect();
        let mut body = json!({ "subject": subject("alice"), "action": { "name": "write" }, "evaluations": items });
        if let Some(semantic) = semantic {
            body["options"] = json!({ "evaluations_semantic": semantic, "another": true });
        }
        let (status, answer) = court.post(EVALUATIONS, &body);
        assert_eq!(status, 200, "{answer}");
        assert!(answer.get("decision").is_none());
        decisions(&answer)
    };
    let (yes, no) = ("record-1", "record-2");
    let table: [(Option<&str>, &[&str], &[bool]); 12] = [
        (None, &[yes, no, yes], &[true, false, true]),
        (Some("execute_all"), &[no, "broken", "none", yes], &[false, false, false, true]),
        (Some("deny_on_first_deny"), &[yes, no, yes], &[true, false]),
        (Some("deny_on_first_deny"), &[yes, yes], &[true, true]),
        (Some("deny_on_first_deny"), &[no, yes], &[false]),
        (Some("deny_on_first_deny"), &[yes, "broken", yes], &[true, false]),
        (Some("deny_on_first_deny"), &["none", yes], &[false]),
        (Some("permit_on_first_permit"), &[no, yes, yes], &[false, true]),
        (Some("permit_on_first_permit"), &[no, no], &[false, false]),
        (Some("permit_on_first_permit"), &[yes, no], &[true]),
        (Some("permit_on_first_permit"), &["broken", yes, no], &[false, true]),
        (Some("permit_on_first_permit"), &["nobody-knows", yes], &[false, true]),
    ];
    for (semantic, items, expected) in table {
        assert_eq!(batch(semantic, items), expected, "{semantic:?} {items:?}");
    }
}

#[test]
fn what_an_item_says_replaces_what_all_say_as_a_whole() {
    let court = Court::of("records", "");
    let body = json!({
        "subject": { "type": "user", "id": "alice", "properties": { "role": "admin" } },
        "action": { "name": "delete", "properties": { "soft": true } },
        "resource": { "type": "record", "id": "record-1", "properties": { "status": "archived" } },
        "evaluations": [
            {},
            { "action": { "name": "delete" } },
            { "action": { "name": "write" } },
            { "action": { "name": "write" }, "subject": subject("alice") },
            { "action": { "name": "write" }, "subject": subject("alice"), "resource": record("record-1") },
            { "resource": { "id": "record-1" } },
            { "subject": null },
        ],
    });
    let (status, answer) = court.post(EVALUATIONS, &body);
    assert_eq!(status, 200, "{answer}");
    // The second lacks `soft`, the fourth the role; the sixth has no type, for it takes none from what all say.
    assert_eq!(decisions(&answer), [true, false, true, false, true, false, false]);
    let error = &answer["evaluations"][5]["context"]["error"];
    assert_eq!((error["status"].as_u64(), error["message"].as_str()), (Some(400), Some("`resource.type` is missing")));
    assert!(answer["evaluations"][0]["context"]["revision"].is_u64());
    let ids: BTreeSet<String> =
        (0..5).map(|at| answer["evaluations"][at]["context"]["id"].as_str().unwrap().to_string()).collect();
    assert_eq!(ids.len(), 5, "each decision has an id of its own");
    for id in ids {
        let logged = court.gate.host().log.borrow().iter().filter(|line| line.contains(&format!("\"{id}\""))).count();
        assert_eq!(logged, 1, "and a line of the log");
    }
}

#[test]
fn without_items_a_batch_is_one_question() {
    let court = Court::of("records", "");
    for items in [None, Some(json!([]))] {
        for (who, expected) in [("alice", true), ("bob", false)] {
            let mut body = ask(who, "write", "record-1");
            if let Some(items) = &items {
                body["evaluations"] = items.clone();
            }
            let (status, answer) = court.post(EVALUATIONS, &body);
            assert_eq!((status, &answer["decision"]), (200, &json!(expected)), "{answer}");
            assert!(answer.get("evaluations").is_none());
        }
    }
    // And one with an error is a bad request, as a single question is.
    assert_eq!(court.post(EVALUATIONS, &json!({ "subject": subject("alice"), "evaluations": [] })).0, 400);
}

#[test]
fn a_batch_that_cannot_be_meant_is_refused_as_a_whole() {
    let court = Court::of("records", "");
    let with = |name: &str, value: Value| {
        let mut body = json!({ "subject": subject("alice"), "action": { "name": "read" }, "evaluations": [{ "resource": record("record-1") }] });
        body[name] = value;
        body
    };
    for (name, value) in [
        ("options", json!("deny_on_first_deny")),
        ("options", json!({ "evaluations_semantic": "first_wins" })),
        ("options", json!({ "evaluations_semantic": 1 })),
        ("options", json!({ "evaluations_semantic": null })),
        ("evaluations", json!({})),
        ("evaluations", json!("all")),
        ("subject", json!("alice")),
        ("context", json!([])),
        ("evaluations", json!(vec![json!({ "resource": record("record-1") }); MAX_BATCH + 1])),
        ("context", json!({ "padding": "x".repeat(MAX_QUESTION_BYTES) })),
    ] {
        let (status, answer) = court.post(EVALUATIONS, &with(name, value));
        assert_eq!(status, 400, "{name}: {answer}");
    }
    let most = json!(vec![json!({ "resource": record("record-1") }); MAX_BATCH]);
    assert_eq!(decisions(&court.post(EVALUATIONS, &with("evaluations", most)).1), [true; MAX_BATCH]);
    let (_, answer) = court.post(EVALUATIONS, &with("evaluations", json!(vec![json!({}); MAX_BATCH + 1])));
    assert!(answer.as_str().unwrap().contains("100"), "the limit is named: {answer}");
}

#[test]
fn properties_count_where_the_model_says_so_and_nowhere_else() {
    let court = Court::of("records", "INSERT INTO USERS (id, role) VALUES ('carl', NULL)");
    let asking = |subject: Value, resource: Value| json!({ "subject": subject, "action": { "name": "write" }, "resource": resource });
    let said = |kind: &str, id: &str, properties: Value| json!({ "type": kind, "id": id, "properties": properties });
    // An entity without a row gets nothing by them.
    assert!(!court.decides(&asking(said("user", "nobody", json!({ "role": "x" })), record("record-1"))));
    assert!(!court.decides(&asking(subject("alice"), said("record", "record-9", json!({ "status": "active" })))));
    // What is not named is passed over, whatever it is; and so is null.
    let more =
        json!({ "status": null, "row": true, "roles": ["admin"], "id": "record-2", "STATUS": "archived", "x": {} });
    assert!(court.decides(&asking(subject("alice"), said("record", "record-1", more))));
    // They hold for the one question that says so.
    assert!(court.decides(&asking(subject("alice"), said("record", "record-2", json!({ "status": "active" })))));
    assert!(!court.decides(&asking(subject("alice"), record("record-2"))));

    let todo = Court::of("todo", "");
    let morty = "CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs";
    let update = |subject: Value, resource: Value| json!({ "subject": subject, "action": { "name": "can_update_todo" }, "resource": resource });
    let own = said("todo", "1", json!({ "ownerID": "morty@the-citadel.com" }));
    assert!(todo.decides(&update(subject(morty), own.clone())));
    assert!(!todo.decides(&update(subject(morty), json!({ "type": "todo", "id": "1" }))), "nobody's");
    // `email` is an attribute of the user that `request` does not name.
    let other = said("todo", "1", json!({ "ownerID": "rick@the-citadel.com" }));
    let posing = said("user", morty, json!({ "email": "rick@the-citadel.com", "roles": ["evil_genius"] }));
    assert!(!todo.decides(&update(posing, other)));
    assert_eq!(todo.post(EVALUATION, &update(subject(morty), said("todo", "1", json!({ "ownerID": ["x"] })))).0, 400);
}

#[test]
fn a_search_finds_what_single_questions_allow() {
    let more = "INSERT INTO USERS (id, role) VALUES ('carl', NULL), ('dora', 'admin'), ('', 'x'), ('é', 'user');
        INSERT INTO RECORDS (id, status) VALUES ('record-3', NULL), ('record-4', 'active'), ('用戶', 'archived');";
    let users = ["alice", "bob", "carl", "dora", "é", "nobody"];
    let records = ["record-1", "record-2", "record-3", "record-4", "用戶", "record-9"];
    let court = Court::of("records", more);
    let actions = ["read", "write", "delete", "fly"];
    for action in actions {
        for context in [json!({}), json!({ "soft": true })] {
            let whole = |who: &str, id: &str| {
                let mut body = ask(who, action, id);
                body["context"] = context.clone();
                body
            };
            for id in records {
                let mut body = whole("x", id);
                body["subject"] = json!({ "type": "USER" });
                let found = court.search("subject", &body, Some(2));
                let expected = users.into_iter().filter(|who| court.decides(&whole(who, id))).collect();
                assert_eq!(names(&found), expected, "{body}");
            }
            for who in users {
                let mut body = whole(who, "x");
                body["resource"] = json!({ "type": "record" });
                let expected = records.into_iter().filter(|id| court.decides(&whole(who, id))).collect();
                assert_eq!(names(&court.search("resource", &body, None)), expected, "{body}");
            }
        }
    }
    for who in users {
        for id in records {
            let mut body = ask(who, "", id);
            body["context"] = json!({ "soft": true });
            let found = court.search("action", &body, Some(1));
            let allowed = |action: &&str| {
                body["action"] = json!({ "name": action });
                court.decides(&body)
            };
            assert_eq!(names(&found), actions.into_iter().filter(allowed).collect(), "{who} {id}");
        }
    }
}

#[test]
fn actions_that_only_rows_name_are_found_too() {
    let court = Court::of("gateway", "");
    let rick = "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs";
    let beth = "CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs";
    let actions = |who: &str, route: &str| {
        let body =
            json!({ "subject": { "type": "identity", "id": who }, "resource": { "type": "route", "id": route } });
        let found = court.search("action", &body, None);
        names(&found).into_iter().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(actions(rick, "/todos"), ["GET", "POST"]);
    assert_eq!(actions(rick, "/todos/{todoId}"), ["DELETE", "PUT"]);
    assert_eq!(actions(beth, "/todos"), ["GET"]);
    assert!(actions(beth, "/todos/{todoId}").is_empty());
    assert!(actions("nobody", "/todos").is_empty());
    let body = json!({ "subject": { "type": "identity" }, "action": { "name": "POST" }, "resource": { "type": "route", "id": "/todos" } });
    assert_eq!(court.search("subject", &body, None).len(), 3);
}

#[test]
fn what_nobody_knows_is_found_nowhere_and_what_is_missing_is_said() {
    let court = Court::of("records", "");
    let read = json!({ "name": "read" });
    let empty = [
        ("subject", json!({ "subject": { "type": "martian" }, "action": read, "resource": record("record-1") })),
        ("subject", json!({ "subject": { "type": "record" }, "action": read, "resource": record("record-1") })),
        ("subject", json!({ "subject": { "type": "user" }, "action": read, "resource": record("record-9") })),
        (
            "subject",
            json!({ "subject": { "type": "user" }, "action": read, "resource": { "type": "planet", "id": "1" } }),
        ),
        (
            "subject",
            json!({ "subject": { "type": "user" }, "action": { "name": "fly" }, "resource": record("record-1") }),
        ),
        ("resource", json!({ "subject": subject("nobody"), "action": read, "resource": { "type": "record" } })),
        ("resource", json!({ "subject": subject("alice"), "action": read, "resource": { "type": "planet" } })),
        ("action", json!({ "subject": subject("alice"), "resource": record("record-9") })),
        ("action", json!({ "subject": { "type": "martian", "id": "x" }, "resource": record("record-1") })),
    ];
    for (what, body) in empty {
        let (status, answer) = court.post(&format!("/access/v1/search/{what}"), &body);
        assert_eq!((status, &answer), (200, &json!({ "results": [] })), "{what} {body}");
    }
    let bad = [
        ("subject", json!({ "subject": {}, "action": read, "resource": record("record-1") })),
        ("subject", json!({ "subject": { "type": "user" }, "action": read, "resource": { "type": "record" } })),
        ("subject", json!({ "subject": { "type": "user" }, "resource": record("record-1") })),
        ("subject", json!({ "action": read, "resource": record("record-1") })),
        ("resource", json!({ "subject": { "type": "user" }, "action": read, "resource": { "type": "record" } })),
        ("resource", json!({ "subject": subject("alice"), "action": {}, "resource": { "type": "record" } })),
        ("resource", json!({ "subject": subject("alice"), "action": read })),
        ("action", json!({ "subject": subject("alice"), "resource": { "type": "record" } })),
        ("action", json!({ "subject": { "type": "user" }, "resource": record("record-1") })),
        ("action", json!({ "subject": subject("alice"), "resource": record("record-1"), "context": 1 })),
        ("action", json!({ "subject": subject("alice"), "resource": record("record-1"), "page": 1 })),
        ("action", json!({ "subject": subject("alice"), "resource": record("record-1"), "page": { "limit": -1 } })),
        ("action", json!({ "subject": subject("alice"), "resource": record("record-1"), "page": { "token": 1 } })),
    ];
    for (what, body) in bad {
        let (status, answer) = court.post(&format!("/access/v1/search/{what}"), &body);
        assert_eq!(status, 400, "{what} {body}: {answer}");
    }
}

#[test]
fn a_token_is_for_its_own_search_and_nothing_else() {
    let court = Court::of("records", "");
    let body = json!({ "subject": { "type": "user" }, "action": { "name": "read" }, "resource": record("record-1"), "page": { "limit": 1 } });
    let (_, first) = court.post("/access/v1/search/subject", &body);
    assert_eq!(first["page"]["count"], 1);
    let token = first["page"]["next_token"].as_str().unwrap();
    let next = |what: &str, page: Value, action: &str| {
        let mut body = body.clone();
        body["page"] = page;
        body["action"] = json!({ "name": action });
        court.post(&format!("/access/v1/search/{what}"), &body)
    };
    // The limit may be left out: the token knows it.
    for page in
        [json!({ "token": token }), json!({ "token": token, "limit": 1 }), json!({ "token": token, "properties": {} })]
    {
        let (status, second) = next("subject", page, "read");
        assert_eq!((status, second["results"].as_array().unwrap().len()), (200, 1));
        assert_eq!(second["page"], json!({ "next_token": "", "count": 1 }));
        assert_ne!(second["results"], first["results"]);
    }
    assert_eq!(next("subject", json!({ "token": token, "limit": 2 }), "read").0, 400, "another limit");
    assert_eq!(next("subject", json!({ "token": token }), "write").0, 400, "another action");
    assert_eq!(next("resource", json!({ "token": token }), "read").0, 400, "another search");
    let mut changed = token.to_string();
    changed.replace_range(0..1, if token.starts_with('W') { "X" } else { "W" });
    for token in [changed.as_str(), &token[1..], "nonsense", ".", "a.b", &format!("{token}0")] {
        assert_eq!(next("subject", json!({ "token": token }), "read").0, 400, "{token}");
    }
    let (status, none) = next("subject", json!({ "limit": 0 }), "read");
    assert_eq!((status, &none["results"]), (200, &json!([])));
    assert_ne!(none["page"]["next_token"], "", "what was not looked at is still to come");
}

#[test]
fn many_candidates_come_in_pages_and_too_many_not_at_all() {
    let numbers = |count: usize| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<{count})
             INSERT INTO USERS (id, role) SELECT 'u' || i, iif(i % 3, NULL, 'admin') FROM n;"
        )
    };
    let body = json!({ "subject": { "type": "user" }, "action": { "name": "write" }, "resource": record("record-1") });
    let court = Court::of("records", &numbers(MAX_JUDGED + 100));
    let (_, first) = court.post("/access/v1/search/subject", &body);
    assert_ne!(first["page"]["next_token"], "", "an answer that has not seen all says so, asked or not");
    let found = court.search("subject", &body, None);
    assert_eq!((found.len(), names(&found).len()), (401, 401), "alice and two of three, each once");
    let court = Court::of("records", &numbers(MAX_CANDIDATES));
    let (status, answer) = court.post("/access/v1/search/subject", &body);
    assert_eq!(status, 400);
    assert!(answer.as_str().unwrap().contains("10000"), "{answer}");
}

#[test]
fn the_callers_own_id_is_echoed_if_it_is_one() {
    let court = Court::of("records", "");
    let key = format!("Bearer {KEY}");
    let echo = |ids: &[&str], body: &str| {
        let mut headers = vec![("authorization", key.as_str()), ("content-type", "application/json")];
        headers.extend(ids.iter().map(|id| ("x-request-id", *id)));
        let response = court.send(EVALUATION, &headers, body);
        response.headers()["x-request-id"].to_str().unwrap().to_string()
    };
    let good = ask("alice", "read", "record-1").to_string();
    let (longest, too_long) = ("x".repeat(256), "x".repeat(257));
    for id in ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "r-7", "~!@#", &longest] {
        assert_eq!(echo(&[id], &good), id);
        assert_eq!(echo(&[id], "{"), id, "with an error, too");
    }
    for ids in [&[][..], &[""], &["a b"], &["é"], &[too_long.as_str()], &["r-7", "r-8"]] {
        let made = echo(ids, &good);
        assert!(made.starts_with("id-"), "{ids:?}: the decision's own id, {made}");
    }
}

#[test]
fn a_batch_and_a_search_ask_the_store_once() {
    let world = World::with(&[("PALISADE_API_KEY_SHA256", KEY_HASH)]);
    let post = |path: &str, body: &Value| {
        let key = format!("Bearer {KEY}");
        let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
        world.paper().asked.borrow_mut().clear();
        let (status, answer) =
            read(world.ask_with(&format!("POST /.palisade{path}"), &headers, body.to_string().as_bytes()));
        assert_eq!(status, 200, "{answer}");
        (answer, world.paper().asked.borrow().clone())
    };
    let item = |who: &str, id: &str| json!({ "subject": { "type": "User", "id": who }, "resource": { "type": "Document", "id": id } });
    let items = [item("ann", "d1"), item("bob", "d1"), item("eve", "d1"), item("bob", "d2"), item("ann", "d2")];
    let (answer, asked) = post(EVALUATIONS, &json!({ "action": { "name": "READ" }, "evaluations": items }));
    assert_eq!(decisions(&answer), [true, true, false, true, false]);
    assert_eq!(asked, ["bundle", "news+slice"]);
    let body = json!({ "subject": { "type": "User" }, "action": { "name": "READ" }, "resource": { "type": "Document", "id": "d1" } });
    let (answer, asked) = post("/access/v1/search/subject", &body);
    assert_eq!(names(answer["results"].as_array().unwrap()), ["ann", "bob"].into());
    assert_eq!(asked, ["ids", "news+slice"]);
    // A type outside the database has nothing that could be listed.
    let body = json!({ "subject": { "type": "User", "id": "ann" }, "action": { "name": "READ" }, "resource": { "type": "bucket" } });
    assert_eq!(post("/access/v1/search/resource", &body).0, json!({ "results": [] }));
    assert_eq!(world.reached(), 0);
}

#[test]
fn a_bundle_that_is_published_meanwhile_begins_the_batch_again() {
    let world = World::with(&[("PALISADE_API_KEY_SHA256", KEY_HASH)]);
    let text = bundle().to_json();
    *world.paper().before_slice.borrow_mut() = Some(Box::new(move |store| store.activate(2, text)));
    let key = format!("Bearer {KEY}");
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let item = json!({ "resource": { "type": "Document", "id": "d1" } });
    let body = json!({ "subject": { "type": "User", "id": "ann" }, "action": { "name": "READ" }, "evaluations": [item, item] });
    let (status, answer) =
        read(world.ask_with("POST /.palisade/access/v1/evaluations", &headers, body.to_string().as_bytes()));
    assert_eq!((status, decisions(&answer)), (200, vec![true, true]));
    let log = world.desk().log.borrow();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log.iter().all(|line| line.contains("\"bundle\":2")), "{log:?}");
    drop(log);
    world.paper().fail.set(true);
    let (status, answer) =
        read(world.ask_with("POST /.palisade/access/v1/evaluations", &headers, body.to_string().as_bytes()));
    assert_eq!(status, 503, "{answer}");
}

#[test]
fn nothing_is_decided_before_the_revision_that_the_caller_names() {
    let court = Court::of("records", "");
    let key = format!("Bearer {KEY}");
    let send = |path: &str, revision: &str, body: &Value| {
        let headers =
            [("authorization", key.as_str()), ("content-type", "application/json"), ("palisade-at-least", revision)];
        court.send(path, &headers, &body.to_string()).status().as_u16()
    };
    let one = ask("alice", "read", "record-1");
    let batch = json!({ "evaluations": [one, one] });
    let search = json!({ "subject": subject("alice"), "action": { "name": "read" }, "resource": { "type": "record" } });
    for (path, body) in [(EVALUATION, &one), (EVALUATIONS, &batch), ("/access/v1/search/resource", &search)] {
        for (revision, expected) in [("1", 200), ("4", 200), ("5", 409), ("soon", 400)] {
            assert_eq!(send(path, revision, body), expected, "{path} {revision}");
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_stays_so_whatever_a_question_says() {
    let court = Court::of("records", "INSERT INTO RECORDS (id, status) VALUES ('damaged', x'00')");
    let mut body = ask("alice", "read", "damaged");
    assert!(!court.decides(&body));
    body["resource"]["properties"] = json!({ "status": "active" });
    assert!(!court.decides(&body));
}

#[test]
fn the_metadata_name_what_can_be_asked_under_the_name_that_is_set() {
    const SITE: &str = "https://pdp.example.com";
    let get = |public: Option<&str>, method: &str, site: &str, path: &str| {
        let settings: Vec<(&str, &str)> = public.map(|public| ("PUBLIC_URL", public)).into_iter().collect();
        let world = World::with(&settings);
        let response = world.ask(&format!("{method} {site}{path}"), &[]);
        assert_eq!(world.reached(), 0, "no origin answers for the gate");
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_string());
        let (status, body) = read(response);
        (status, kind, body)
    };
    let (status, kind, body) = get(Some("https://pdp.example.com/"), "GET", SITE, METADATA_PATH);
    assert_eq!((status, kind.as_deref()), (200, Some("application/json")));
    let at = |path: &str| format!("https://pdp.example.com/.palisade/access/v1/{path}");
    assert_eq!(
        body,
        json!({
            "policy_decision_point": "https://pdp.example.com",
            "access_evaluation_endpoint": at("evaluation"),
            "access_evaluations_endpoint": at("evaluations"),
            "search_subject_endpoint": at("search/subject"),
            "search_resource_endpoint": at("search/resource"),
            "search_action_endpoint": at("search/action"),
        })
    );
    let tenant = Some("https://pdp.example.com/tenant1");
    let own = format!("{METADATA_PATH}/tenant1");
    let (status, _, body) = get(tenant, "GET", SITE, &own);
    assert_eq!((status, &body["policy_decision_point"]), (200, &json!("https://pdp.example.com/tenant1")));
    for (public, site, rest, expected) in [
        (None, SITE, "", 404),
        (None, SITE, "/tenant1", 404),
        (tenant, SITE, "", 404),
        (tenant, SITE, "/tenant2", 404),
        (tenant, SITE, "/tenant1/x", 404),
        (tenant, "https://evil.example", "/tenant1", 421),
        (Some(SITE), SITE, "/tenant1", 404),
        (Some(SITE), SITE, "/", 404),
        (Some("http://localhost:8787"), "http://localhost:8787", "", 200),
        (Some("http://pdp.example.com"), "http://pdp.example.com", "", 404),
    ] {
        assert_eq!(get(public, "GET", site, &format!("{METADATA_PATH}{rest}")).0, expected, "{public:?} {site} {rest}");
    }
    assert_eq!(get(tenant, "POST", SITE, &own).0, 405);
    assert_eq!(get(tenant, "POST", SITE, METADATA_PATH).0, 404);
    assert_eq!(
        get(tenant, "GET", SITE, "/.well-known/authzen%2Dconfiguration/tenant1").0,
        400,
        "nor in another spelling"
    );
}

#[test]
fn a_store_in_memory_answers_a_batch_as_a_database_does() {
    let world = World::with(&[("PALISADE_API_KEY_SHA256", KEY_HASH), ("VERIFY", "1")]);
    let mut rows = TableRows { columns: vec!["id".into(), "is_active".into()], rows: Vec::new() };
    rows.rows.extend((0..50).map(|n| vec![Cell::Text(format!("u{n}")), Cell::Integer(i64::from(n % 2))]));
    rows.rows.push(vec![Cell::Text("ann".into()), Cell::Integer(1)]);
    world.paper().store.borrow_mut().replace("USERS", rows);
    let key = format!("Bearer {KEY}");
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let items: Vec<Value> =
        ["ann", "u0", "u1"].iter().map(|who| json!({ "subject": { "type": "User", "id": who } })).collect();
    let body =
        json!({ "action": { "name": "READ" }, "resource": { "type": "Document", "id": "d1" }, "evaluations": items });
    let (status, answer) =
        read(world.ask_with("POST /.palisade/access/v1/evaluations", &headers, body.to_string().as_bytes()));
    assert_eq!((status, decisions(&answer)), (200, vec![true, false, false]), "{answer}");
    assert!(!world.desk().log.borrow().iter().any(|line| line.contains("alarm")));
}
