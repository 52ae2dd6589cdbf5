// SPDX-License-Identifier: Apache-2.0
//! Administration through the gate, on SQLite held to D1's limits: who may publish and change rows, what is refused and
//! why, and that each change is in the audit and every other attempt is nowhere.

use crate::world::{Desk, NOON, Pieces, incoming};
use http::{HeaderMap, StatusCode};
use palisade::bundle::Bundle;
use palisade::compile;
use palisade::gateway::{Body, Config, Gateway, sha256_hex};
use palisade::pack::{self, Texts};
use palisade::store::{Ledger, NewBundle, SqlStore, Sqlite, Written};
use rusqlite::Connection;
use rusqlite::limits::Limit;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process, thread};

/// The key that is there before the first administrator.
const KEY: &str = "the-first-key";

/// A gate with a database, and its pack.
struct Office {
    gate: Gateway<SqlStore<Sqlite>, Desk>,
    bundle: Bundle,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Says what came back where it is not what was expected.
    #[track_caller]
    fn is(self, status: u16) -> Answer {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    #[track_caller]
    fn refuses(self, status: u16, code: &str, says: &str) -> Answer {
        let answer = self.is(status);
        assert_eq!(answer.code(), code, "{}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(says), "`{detail}` does not say `{says}`");
        answer
    }
}

fn pack(name: &str, policies: impl Fn(String) -> String) -> (Bundle, String) {
    let text = |file: &str| fs::read_to_string(format!("policies/{name}/{file}")).unwrap_or_default();
    let texts = Texts {
        name: name.to_string(),
        schema_file: "schema.mmd".to_string(),
        schema: text("schema.mmd"),
        model: text("model.toml"),
        policies: policies(text("policies.cedar")),
        routes: text("routes.toml"),
        tests: String::new(),
        sample: text("sample.sql"),
    };
    let (read, findings) = pack::read(&texts);
    let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    (read.unwrap_or_else(|| panic!("{said}")).bundle, texts.sample)
}

impl Office {
    /// A pack in force, with its sample rows.
    fn of(name: &str) -> Office {
        let office = Office::without_bundle(name);
        office.sql(&compile::publish_sql(&office.bundle));
        office
    }

    fn without_bundle(name: &str) -> Office {
        let (bundle, sample) = pack(name, |text| text);
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = ON").unwrap();
        connection.execute_batch(&compile::schema_sql(&bundle.mapping, &bundle.name)).unwrap();
        connection.execute_batch(&sample).unwrap();
        // As D1 has it.
        connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 127),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_COLUMN, 100),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
        ] {
            connection.set_limit(limit, value).unwrap();
        }
        let desk = Desk::default();
        desk.now.set(NOON);
        let hash = sha256_hex(KEY.as_bytes());
        let setting = |name: &str| match name {
            "PALISADE_ADMIN_KEY_SHA256" => Some(hash.clone()),
            "TOKEN_COOKIE" => Some("session".to_string()),
            _ => None,
        };
        let config = Config::read(setting).expect("settings");
        Office { gate: Gateway::new(SqlStore::new(Sqlite::new(connection)), desk, config), bundle }
    }

    fn sql(&self, sql: &str) {
        self.gate.store().driver.connection.execute_batch(sql).unwrap();
    }

    fn count(&self, what: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {what}");
        self.gate.store().driver.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// The text that a query finds.
    fn found(&self, sql: &str) -> String {
        self.gate.store().driver.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// A request with these headers and body.
    fn send(&self, request: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let mut all = headers.to_vec();
        if !bytes.is_empty() {
            all.push(("content-type", "application/json"));
        }
        let sent: palisade::gateway::Incoming<Pieces> = incoming(request, &all, &bytes);
        let response = pollster::block_on(self.gate.handle(sent));
        let (head, body) = response.into_parts();
        let bytes = match body {
            Body::Bytes(bytes) => bytes,
            Body::Empty => Vec::new(),
            Body::Stream { .. } => panic!("the tests' origin does not stream"),
        };
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status: head.status, headers: head.headers, body };
        if request.contains("/.palisade/api/") {
            assert_eq!(answer.header("cache-control"), "no-store", "{request}");
            let text = answer.body.to_string();
            for secret in ["$2b$demo", "JBSWY3DP", "demo-access", "demo-refresh", "cc95fdbd8c1e6f6f", KEY] {
                assert!(!text.contains(secret), "{request} shows `{secret}`: {text}");
            }
        }
        answer
    }

    /// A request of somebody with a session, or with the first key (`key`).
    fn call(&self, who: &str, request: &str, body: &Value) -> Answer {
        self.call_with(who, request, &[], body)
    }

    fn call_with(&self, who: &str, request: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let token = if who == "key" { format!("Bearer {KEY}") } else { format!("Bearer demo-{who}") };
        let mut all = vec![("authorization", token.as_str())];
        all.extend(headers);
        let (method, path) = request.split_once(' ').unwrap();
        self.send(&format!("{method} /.palisade/api/{path}"), &all, body)
    }

    fn get(&self, who: &str, path: &str) -> Answer {
        self.call(who, &format!("GET {path}"), &Value::Null)
    }

    /// `who` reads a row and says which state of it a write is for.
    fn etag(&self, path: &str) -> String {
        self.get("key", path).is(200).header("etag").to_string()
    }

    fn audit(&self) -> Vec<Value> {
        self.get("key", "audit").is(200).body["entries"].as_array().unwrap().clone()
    }

    /// Whether somebody's request to the application passes.
    fn passes(&self, who: &str, request: &str) -> u16 {
        let token = format!("Bearer demo-{who}");
        self.send(request, &[("authorization", &token)], &Value::Null).status.as_u16()
    }
}

/// The pack without its rule about public groups.
fn without_public_groups() -> Bundle {
    pack("members", |text| {
        let at = text.find("@id(\"members/public-group\")").unwrap();
        let end = at + text[at..].find(";\n").unwrap() + 2;
        format!("{}{}", &text[..at], &text[end..])
    })
    .0
}

fn publishing(bundle: &Bundle, base: u64) -> Value {
    json!({ "bundle": bundle.to_json(), "base": base, "note": "groups are private" })
}

// Who may.

#[test]
fn only_those_may_whom_the_policies_let_and_the_first_key_may_everything() {
    let office = Office::of("members");
    for (who, request, status) in [
        ("ann", "GET bundles", 200),
        ("ann", "GET bundles/1", 200),
        ("ann", "GET tables", 200),
        ("ann", "GET tables/ROLES/rows", 200),
        ("ann", "GET audit", 200),
        ("ann", "GET changes", 200),
        ("key", "GET bundles", 200),
        ("key", "GET tables/ROLES/rows/admin", 200),
        ("key", "GET audit", 200),
        // A moderator has one table, and not the gate.
        ("ben", "GET tables/USER_GROUPS/rows", 200),
        ("ben", "GET tables/ROLES/rows", 403),
        ("ben", "GET tables", 403),
        ("ben", "GET bundles", 403),
        ("ben", "GET audit", 403),
        ("ben", "GET changes", 403),
        ("ben", "POST bundles", 403),
        ("ben", "POST bundles/1/activate", 403),
        ("cleo", "GET bundles/1", 403),
        ("cleo", "GET tables/USER_GROUPS/rows", 403),
        ("cleo", "POST tables/USER_GROUPS/rows", 403),
        ("cleo", "DELETE tables/USER_GROUPS/rows/cleo,board", 403),
        // Dead, expired and unknown people are nobody.
        ("dan", "GET bundles", 403),
        ("ann-old", "GET bundles", 401),
        ("nobody", "GET bundles", 401),
        // Tables that do not exist are refused before anybody says so.
        ("cleo", "GET tables/NOPE/rows", 403),
        ("ann", "GET tables/NOPE/rows", 404),
        ("ann", "GET nope", 404),
        ("ann", "GET bundles/01", 404),
        ("ann", "GET bundles/99", 404),
        ("ann", "DELETE bundles", 405),
        ("ann", "PUT tables/ROLES/rows/admin", 405),
    ] {
        let answer = office.call(who, request, &Value::Null);
        assert_eq!(answer.status.as_u16(), status, "{who}: {request}: {}", answer.body);
    }
    assert_eq!(office.count("palisade_audit"), 0, "who only looks changes nothing");
}

#[test]
fn a_model_that_declares_no_administration_lets_in_the_first_key_alone() {
    let office = Office::of("chat");
    office.get("key", "bundles").is(200);
    let office = Office::of("workspace");
    office.get("key", "tables").is(200);
    office.send("GET /.palisade/api/bundles", &[], &Value::Null).is(401);
}

#[test]
fn a_wrong_first_key_is_nobody_and_no_log_has_either() {
    let office = Office::of("members");
    let wrong = "the-first-kez";
    office.send("GET /.palisade/api/bundles", &[("authorization", &format!("Bearer {wrong}"))], &Value::Null).is(401);
    office.get("key", "bundles").is(200);
    let log = office.gate.host().log.borrow().join("\n");
    assert!(log.contains("\"principal\":\"bootstrap\""), "{log}");
    assert!(!log.contains(KEY) && !log.contains(wrong), "{log}");
}

#[test]
fn a_cookie_alone_may_look_and_changes_nothing() {
    let office = Office::of("members");
    let cookie = [("cookie", "session=demo-ann")];
    office.send("GET /.palisade/api/bundles", &cookie, &Value::Null).is(200);
    for request in ["POST /.palisade/api/bundles", "DELETE /.palisade/api/tables/ROLES/rows/member"] {
        office.send(request, &cookie, &Value::Null).refuses(403, "cookie-alone", "Authorization: Bearer");
    }
    let both = [("cookie", "session=demo-ann"), ("authorization", "Bearer demo-ann")];
    office.send("POST /.palisade/api/bundles", &both, &json!({})).refuses(400, "bad-call", "`bundle` is missing");
    assert_eq!(office.count("palisade_bundle"), 1);
}

// Publishing.

#[test]
fn what_a_bundle_would_flip_is_told_before_it_is_published() {
    let office = Office::of("members");
    let mut body = publishing(&without_public_groups(), 1);
    body["dry_run"] = json!(true);
    let answer = office.call("ann", "POST bundles", &body).is(200);
    let comparison = &answer.body["comparison"];
    assert_eq!(answer.body["number"], Value::Null);
    assert_eq!(answer.body["checked"], true);
    assert_eq!((&comparison["gained"], &comparison["sampled"]), (&json!(0), &json!(false)));
    assert!(comparison["lost"].as_u64().unwrap() > 0, "{comparison}");
    assert_eq!(comparison["questions"], comparison["asked"]);
    let flips = comparison["flips"].as_array().unwrap();
    let cleo =
        flips.iter().find(|flip| flip["principal"] == r#"User::"gus""# && flip["resource"] == r#"Group::"garden""#);
    let cleo = cleo.unwrap_or_else(|| panic!("{flips:?}"));
    assert_eq!((&cleo["before"], &cleo["after"]), (&json!("allow"), &json!("deny")));
    assert_eq!(cleo["because_before"][0]["policy"], "members/public-group");
    assert!(flips.iter().all(|flip| flip["action"] == "groups:read"), "{flips:?}");
    assert_eq!((office.count("palisade_bundle"), office.count("palisade_audit")), (1, 0));
    // The same pack flips nothing.
    let mut body = publishing(&office.bundle, 1);
    body["dry_run"] = json!(true);
    let answer = office.call("ann", "POST bundles", &body).is(200);
    assert_eq!(answer.body["comparison"]["flips"], json!([]));
}

#[test]
fn of_more_rows_than_can_be_loaded_some_are_drawn_and_the_answer_says_so() {
    let office = Office::of("members");
    office.sql(
        r#"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<6000)
           INSERT INTO "USERS" (id, username, email, is_active, is_deleted) SELECT 'u'||i, 'u'||i, 'u'||i, 1, 0 FROM n"#,
    );
    let mut body = publishing(&without_public_groups(), 1);
    body["dry_run"] = json!(true);
    let comparison = office.call("ann", "POST bundles", &body).is(200).body["comparison"].clone();
    assert_eq!(comparison["sampled"], true, "{comparison}");
    assert!(comparison["lost"].as_u64().unwrap() > 0 && comparison["gained"] == 0, "{comparison}");
    assert!(comparison["asked"].as_u64().unwrap() <= 200_000);
    let membership = json!({ "values": { "user_id": "gus", "group_id": "attic" } });
    let tried = office.call("ben", "POST tables/USER_GROUPS/rows?dry_run=true", &membership).is(200).body;
    assert_eq!(tried["comparison"], Value::Null);
    assert!(tried["not_compared"].as_str().unwrap().contains("5000"), "{tried}");
}

#[test]
fn what_is_published_decides_the_next_request_and_one_step_takes_it_back() {
    let office = Office::of("members");
    assert_eq!(office.passes("gus", "GET /groups/garden"), 200);
    let answer = office.call("ann", "POST bundles", &publishing(&without_public_groups(), 1)).is(201);
    assert_eq!((&answer.body["number"], &answer.body["active"]), (&json!(2), &json!(true)));
    assert_eq!(answer.header("location"), "/.palisade/api/bundles/2");
    assert_eq!(office.passes("gus", "GET /groups/garden"), 403);

    let history = office.get("ann", "bundles").is(200).body;
    assert_eq!(history["active"], 2);
    let newest = &history["bundles"][0];
    assert_eq!(newest["author"], r#"User::"ann""#);
    assert_eq!(newest["note"], "groups are private");
    assert_eq!((&newest["active"], &history["bundles"][1]["active"]), (&json!(true), &json!(false)));
    let text = office.get("ann", "bundles/2").is(200).body["bundle"].as_str().unwrap().to_string();
    assert_eq!(sha256_hex(text.as_bytes()), newest["digest"].as_str().unwrap());

    let back = office.call("ann", "POST bundles/1/activate", &json!({ "base": 2, "note": "oh" })).is(200);
    assert!(back.body["comparison"]["gained"].as_u64().unwrap() > 0);
    assert_eq!(office.passes("gus", "GET /groups/garden"), 200);
    assert_eq!(office.get("ann", "bundles").is(200).body["active"], 1);

    let audit = office.audit();
    let seen: Vec<_> =
        audit.iter().map(|one| (one["what"].as_str().unwrap(), one["target"].as_str().unwrap())).collect();
    assert_eq!(seen, [("publish", "bundle/2"), ("activate", "bundle/1")]);
    assert_eq!(audit[0]["who"], r#"User::"ann""#);
    assert_eq!((&audit[0]["before"]["active"], &audit[0]["after"]["active"]), (&json!(1), &json!(true)));
    assert_eq!(audit[1]["before"]["active"], 2);
    assert_eq!(audit[1]["after"]["note"], "oh");
    // The log has the decision by which it was allowed.
    let log = office.gate.host().log.borrow().join("\n");
    assert!(log.contains(audit[0]["decision"].as_str().unwrap()), "{log}");
}

#[test]
fn what_is_published_without_being_activated_waits() {
    let office = Office::of("members");
    let mut body = publishing(&without_public_groups(), 1);
    body["activate"] = json!(false);
    let answer = office.call("ann", "POST bundles", &body).is(201);
    assert_eq!((&answer.body["number"], &answer.body["active"]), (&json!(2), &json!(false)));
    assert_eq!(office.passes("gus", "GET /groups/garden"), 200);
    office.call("ann", "POST bundles/2/activate", &json!({ "base": 1 })).is(200);
    assert_eq!(office.passes("gus", "GET /groups/garden"), 403);
}

#[test]
fn who_compared_with_another_bundle_than_the_one_in_force_does_not_publish() {
    let office = Office::of("members");
    let mut nameless = publishing(&office.bundle, 1);
    nameless.as_object_mut().unwrap().remove("base");
    office.call("ann", "POST bundles", &nameless).refuses(400, "base-missing", "GET /.palisade/api/bundles");
    office.call("ann", "POST bundles/1/activate", &json!({})).refuses(400, "base-missing", "`base`");
    for base in [0, 2, 99] {
        office.call("ann", "POST bundles", &publishing(&office.bundle, base)).refuses(409, "overtaken", "bundle 1");
        office.call("ann", "POST bundles/1/activate", &json!({ "base": base })).refuses(409, "overtaken", "bundle 1");
    }
    assert_eq!((office.count("palisade_bundle"), office.count("palisade_audit")), (1, 0));
}

#[test]
fn of_two_who_publish_at_once_one_wins_and_the_other_hears_of_it() {
    let office = Office::of("members");
    office.call("ann", "POST bundles", &publishing(&without_public_groups(), 1)).is(201);
    office.call("ann", "POST bundles", &publishing(&office.bundle, 1)).refuses(
        409,
        "overtaken",
        "bundle 2 is in force",
    );
    // Both had looked before either wrote: the database decides.
    let entry = |decision: &str| palisade::store::Entry {
        who: "bootstrap".to_string(),
        what: "publish",
        target: String::new(),
        before: Value::Null,
        after: Value::Null,
        decision: decision.to_string(),
    };
    let text = office.bundle.to_json();
    let digest = sha256_hex(text.as_bytes());
    let bundle = NewBundle { text: &text, digest: &digest, note: "", base: 2, activate: true };
    let publish = |decision| pollster::block_on(office.gate.store().publish(&bundle, &entry(decision))).unwrap();
    assert_eq!(publish("first"), Written::Done(3));
    assert_eq!(publish("second"), Written::Stale);
    let activate = pollster::block_on(office.gate.store().put_in_force(1, 2, &entry("third"))).unwrap();
    assert_eq!(activate, Written::Stale);
    let unknown = pollster::block_on(office.gate.store().put_in_force(77, 3, &entry("fourth"))).unwrap();
    assert_eq!(unknown, Written::Stale);
    assert_eq!((office.count("palisade_bundle"), office.count("palisade_audit")), (3, 2));
    assert_eq!(office.found("SELECT CAST(number AS TEXT) FROM palisade_active"), "3");
}

#[test]
fn the_first_bundle_is_published_with_the_first_key() {
    let office = Office::without_bundle("members");
    office.get("ann", "bundles").is(503);
    let answer = office.call("key", "POST bundles", &publishing(&office.bundle, 0)).is(201);
    assert_eq!(answer.body["comparison"], Value::Null);
    assert!(answer.body["not_compared"].as_str().unwrap().contains("no bundle"), "{}", answer.body);
    assert_eq!(office.audit()[0]["who"], "bootstrap");
    office.gate.host().now.set(NOON + 3_000);
    office.get("ann", "bundles").is(200);
}

#[test]
fn a_bundle_that_the_gate_could_not_decide_by_is_refused_with_the_reason() {
    let office = Office::of("members");
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = office.bundle.clone();
        change(&mut bundle);
        bundle.to_json()
    };
    let other = without_public_groups();
    for (text, status, code, says) in [
        ("{".to_string(), 422, "invalid-bundle", "cannot be read"),
        (r#"{"format":1}"#.to_string(), 422, "invalid-bundle", "compile the pack again"),
        (with(&|bundle| bundle.program.truncate(40)), 422, "invalid-bundle", "checksum"),
        (with(&|bundle| bundle.routing = "{}".to_string()), 422, "invalid-bundle", "the routes cannot be read"),
        (with(&|bundle| bundle.mapping.tables[0].name = "GONE".to_string()), 422, "invalid-bundle", "`schema.sql`"),
        (
            with(&|bundle| bundle.mapping.tables[0].columns[0].name = "gone".to_string()),
            422,
            "invalid-bundle",
            "column `gone`",
        ),
        // What people read is what decides.
        (with(&|bundle| bundle.handwritten = other.handwritten.clone()), 422, "program-differs", "another program"),
        (with(&|bundle| bundle.program = other.program.clone()), 422, "program-differs", "another program"),
        (with(&|bundle| bundle.mentioned.clear()), 422, "program-differs", "attributes"),
        (with(&|bundle| bundle.named.clear()), 422, "program-differs", "entities"),
        (with(&|bundle| bundle.handwritten.push_str(&" ".repeat(2_000_000))), 413, "bundle-too-large", "1900000"),
    ] {
        let body = json!({ "bundle": text, "base": 1 });
        office.call("ann", "POST bundles", &body).refuses(status, code, says);
    }
    let long = json!({ "bundle": "x".repeat(5_000_000), "base": 1 });
    office.call("ann", "POST bundles", &long).refuses(413, "body-too-large", "4194304");
    for (body, says) in [
        (json!({ "bundle": "", "base": 1, "force": true }), "`force`"),
        (json!({ "bundle": 3, "base": 1 }), "`bundle` is no text"),
        (json!({ "base": 1 }), "`bundle` is missing"),
        (json!({ "bundle": "", "base": 1, "activate": "yes" }), "`activate`"),
        (json!({ "bundle": "", "base": 1, "note": "x".repeat(2_001) }), "`note`"),
        (json!([]), "no JSON object"),
    ] {
        office.call("ann", "POST bundles", &body).refuses(400, "bad-call", says);
    }
    assert_eq!((office.count("palisade_bundle"), office.count("palisade_audit")), (1, 0));
}

#[test]
fn where_cedar_is_not_there_to_check_the_answer_says_so() {
    let office = Office::of("members");
    *office.gate.host().second.borrow_mut() = Some(Err("the verifier is not there".to_string()));
    let answer = office.call("ann", "POST bundles", &publishing(&without_public_groups(), 1)).is(201);
    assert_eq!(answer.body["checked"], false);
    assert!(office.gate.host().log.borrow().iter().any(|line| line.contains("not-verified")));
}

#[test]
fn a_bundle_that_is_not_what_was_published_decides_nothing_until_another_one_is_in_force() {
    let office = Office::of("members");
    assert_eq!(office.passes("ann", "GET /users/cleo"), 200);
    // Half of it, as an import that broke off would leave it.
    office.sql(
        "INSERT INTO palisade_bundle (digest, bundle, author) SELECT digest, substr(bundle, 1, 2000), '' FROM palisade_bundle;
         UPDATE palisade_active SET number = 2",
    );
    office.gate.host().now.set(NOON + 10_000);
    assert_eq!(office.passes("ann", "GET /users/cleo"), 503);
    office.get("ann", "bundles").is(503);
    let history = office.get("key", "bundles").is(200).body;
    assert_eq!((&history["active"], history["bundles"].as_array().unwrap().len()), (&json!(2), 2));
    office.get("key", "bundles/2").refuses(422, "damaged-bundle", "bundle 2");
    office.call("key", "POST bundles/2/activate", &json!({ "base": 2 })).refuses(422, "damaged-bundle", "bundle 2");
    office.call("key", "POST bundles/1/activate", &json!({ "base": 2 })).is(200);
    office.gate.host().now.set(NOON + 20_000);
    assert_eq!(office.passes("ann", "GET /users/cleo"), 200);
}

#[test]
fn publish_sql_that_stops_anywhere_leaves_the_bundle_that_was_in_force() {
    let office = Office::of("members");
    let sql = compile::publish_sql(&without_public_groups());
    let statements: Vec<&str> = sql.split_inclusive(";\n").collect();
    assert!(statements.len() > 4);
    for missing in 1..statements.len() - 1 {
        for (at, statement) in statements.iter().enumerate() {
            // One that was lost, and everything behind it that ran all the same.
            if at != missing || statement.contains("palisade_active") {
                office.sql(statement);
            }
        }
        let active = office.found("SELECT CAST(number AS TEXT) FROM palisade_active");
        let text: String = office.found("SELECT bundle FROM palisade_bundle JOIN palisade_active USING (number)");
        let digest = office.found("SELECT digest FROM palisade_bundle JOIN palisade_active USING (number)");
        assert_eq!(sha256_hex(text.as_bytes()), digest, "without statement {missing}, bundle {active}");
        office.sql("UPDATE palisade_active SET number = 1; DELETE FROM palisade_bundle WHERE number > 1");
    }
    office.sql(&sql);
    assert_eq!(office.passes("gus", "GET /groups/garden"), 403);
    assert_eq!(office.count("palisade_piece"), 0);
}

#[test]
fn history_comes_in_pages() {
    let office = Office::of("members");
    for base in 1..=4 {
        office.call("key", "POST bundles", &publishing(&office.bundle, base)).is(201);
    }
    let mut seen = Vec::new();
    let mut path = "bundles?limit=2".to_string();
    loop {
        let page = office.get("ann", &path).is(200).body;
        seen.extend(page["bundles"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()));
        match page["next"].as_u64() {
            Some(next) => path = format!("bundles?limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    office.get("ann", "bundles?limit=many").refuses(400, "bad-call", "`limit`");
}

// Rows.

#[test]
fn tables_say_what_they_mean_and_what_can_be_done_with_them() {
    let office = Office::of("members");
    let tables = office.get("ann", "tables").is(200).body["tables"].as_array().unwrap().clone();
    let table = |name: &str| tables.iter().find(|table| table["name"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(table("USERS")["meaning"], "principal");
    assert_eq!(table("USERS")["type"], "User");
    assert_eq!(table("ROLE_PERMISSIONS")["key"], json!(["role_id", "permission_id"]));
    assert_eq!(table("ROLE_PERMISSIONS")["read_only"], Value::Null);
    let columns = table("USERS")["columns"].as_array().unwrap();
    let column = |name: &str| columns.iter().find(|column| column["name"] == name).unwrap();
    assert_eq!((&column("hashed_password")["hidden"], &column("email")["hidden"]), (&json!(true), &json!(false)));
    assert_eq!(column("role_id")["references"], "ROLES");
    // Rows that no key tells apart can be looked at.
    let office = Office::of("workspace");
    let tables = office.get("key", "tables").is(200).body["tables"].as_array().unwrap().clone();
    for table in tables.iter().filter(|table| !table["read_only"].is_null()) {
        let name = table["name"].as_str().unwrap();
        office.get("key", &format!("tables/{name}/rows")).is(200);
        let create = office.call("key", &format!("POST tables/{name}/rows"), &json!({ "values": {} }));
        create.refuses(422, "read-only-table", "by SQL");
    }
}

#[test]
fn every_row_is_listed_once_and_no_secret_of_it() {
    for (pack, table, all) in [
        ("members", "USERS", "\"USERS\""),
        ("members", "ROLE_PERMISSIONS", "\"ROLE_PERMISSIONS\""),
        ("members", "ITEM", "\"ITEM\""),
        ("workspace", "USER_ROLE", "\"USER_ROLE\""),
    ] {
        let office = Office::of(pack);
        for limit in [1, 2, 200] {
            let mut rows: Vec<Value> = Vec::new();
            let mut path = format!("tables/{table}/rows?limit={limit}");
            loop {
                let page = office.get("key", &path).is(200).body;
                rows.extend(page["rows"].as_array().unwrap().iter().cloned());
                match page["next"].as_str() {
                    Some(next) => path = format!("tables/{table}/rows?limit={limit}&after={next}"),
                    None => break,
                }
            }
            assert_eq!(rows.len() as i64, office.count(all), "{table} by {limit}");
            let mut texts: Vec<String> = rows.iter().map(|row| row["key"].to_string()).collect();
            texts.sort();
            texts.dedup();
            assert!(texts.len() == rows.len() || texts == ["null"], "{table} by {limit}: {texts:?}");
        }
        office.get("key", &format!("tables/{table}/rows?after=%25")).refuses(400, "bad-call", "cursor");
    }
    let office = Office::of("members");
    let user = office.get("ann", "tables/USERS/rows/ann").is(200);
    assert_eq!(user.body["values"]["email"], "ann@example.com");
    assert_eq!(user.body["values"]["hashed_password"], Value::Null);
    assert_eq!(user.body["values"]["is_active"], true);
    let hidden: Vec<&str> = user.body["hidden"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(hidden.contains(&"hashed_password") && hidden.contains(&"totp_secret"), "{hidden:?}");
    let session = office.get("ann", "tables/USER_SESSIONS/rows/ann-now").is(200);
    assert_eq!(session.body["values"]["session_token_hash"], Value::Null);
}

#[test]
fn a_row_is_found_by_the_key_that_decisions_name() {
    let office = Office::of("members");
    let row = office.get("ann", "tables/ROLE_PERMISSIONS/rows/admin,users-read").is(200);
    assert_eq!(row.body["key"], "admin,users-read");
    assert_eq!(office.get("ann", "tables/ITEM/rows/1").is(200).body["values"]["id"], 1);
    for (path, status) in [
        ("tables/ROLE_PERMISSIONS/rows/admin", 400),
        ("tables/ROLE_PERMISSIONS/rows/admin,nothing", 404),
        ("tables/ITEM/rows/01", 404),
        ("tables/ITEM/rows/1.0", 404),
        ("tables/USERS/rows/ANN", 404),
        ("tables/USERS/row", 400),
    ] {
        office.get("ann", path).is(status);
    }
    // What no path can carry goes into the query.
    office.sql(r#"INSERT INTO "ROLES" (id, name) VALUES ('a/b,%', 'odd'); INSERT INTO "ROLE_PERMISSIONS" (role_id, permission_id) VALUES ('a/b,%', 'users-read')"#);
    assert_eq!(office.get("ann", "tables/ROLES/row?key=a%2Fb,%25").is(200).body["key"], "a/b,%");
    let row = office.get("ann", "tables/ROLE_PERMISSIONS/row?key=a%2Fb%252C%2525,users-read").is(200);
    assert_eq!(row.body["key"], "a/b%2C%25,users-read");
}

#[test]
fn a_row_is_created_changed_and_deleted_and_decides_at_once() {
    let office = Office::of("members");
    assert_eq!(office.passes("cleo", "GET /groups/attic"), 403);
    let values =
        json!({ "values": { "user_id": "cleo", "group_id": "attic", "role_in_group": "admin", "is_active": true } });
    assert_eq!(office.passes("cleo", "PUT /groups/attic"), 403);
    let made = office.call("ben", "POST tables/USER_GROUPS/rows", &values).is(201);
    assert_eq!(made.header("location"), "/.palisade/api/tables/USER_GROUPS/row?key=cleo%2Cattic");
    assert_eq!(made.body["key"], "cleo,attic");
    assert_eq!(made.header("palisade-revision"), made.body["revision"].to_string());
    assert_eq!(office.passes("cleo", "PUT /groups/attic"), 200);

    let path = "tables/USER_GROUPS/rows/cleo,attic";
    let tag = made.header("etag").to_string();
    let change = json!({ "values": { "role_in_group": "member" } });
    let changed = office.call_with("ben", &format!("PATCH {path}"), &[("if-match", &tag)], &change).is(200);
    assert_eq!(changed.body["values"]["role_in_group"], "member");
    assert!(changed.body["revision"].as_u64() > made.body["revision"].as_u64());
    assert_eq!(office.passes("cleo", "PUT /groups/attic"), 403);

    let tag = changed.header("etag").to_string();
    office.call_with("ben", &format!("DELETE {path}"), &[("if-match", &tag)], &Value::Null).is(200);
    office.get("ben", path).is(404);

    let audit = office.audit();
    let seen: Vec<_> =
        audit.iter().map(|one| (one["what"].as_str().unwrap(), one["target"].as_str().unwrap())).collect();
    let target = "USER_GROUPS/cleo,attic";
    assert_eq!(seen, [("create", target), ("change", target), ("delete", target)]);
    assert_eq!(audit[1]["before"]["role_in_group"], "admin");
    assert_eq!(audit[1]["after"]["role_in_group"], "member");
    assert_eq!((&audit[0]["before"], &audit[2]["after"]), (&Value::Null, &Value::Null));
    assert_eq!(audit[1]["who"], r#"User::"ben""#);
    assert_eq!(audit[1]["revision"], changed.body["revision"]);
    // And the change log has it, whoever reads it.
    let since = made.body["revision"].as_u64().unwrap() - 1;
    let changes = office.get("ann", &format!("changes?after={since}")).is(200).body;
    assert_eq!(changes["changes"].as_array().unwrap().len(), 3);
    assert_eq!(changes["changes"][0]["key"], json!(["cleo", "attic"]));
}

#[test]
fn a_write_names_the_state_that_it_was_made_from() {
    let office = Office::of("members");
    let path = "tables/ROLES/rows/member";
    let change = json!({ "values": { "description": "is in" } });
    for method in ["PATCH", "DELETE"] {
        let body = if method == "PATCH" { change.clone() } else { Value::Null };
        let request = format!("{method} {path}");
        office.call("ann", &request, &body).refuses(428, "if-match-missing", "`ETag`");
        office.call_with("ann", &request, &[("if-match", "*")], &body).refuses(428, "if-match-missing", "`ETag`");
        office.call_with("ann", &request, &[("if-match", "\"0\"")], &body).refuses(412, "stale", "read it again");
    }
    let tag = office.etag(path);
    // Somebody else changes the row by SQL.
    office.sql(r#"UPDATE "ROLES" SET description = 'was in' WHERE id = 'member'"#);
    office.call_with("ann", &format!("PATCH {path}"), &[("if-match", &tag)], &change).refuses(412, "stale", "changed");
    let tag = office.etag(path);
    office.call_with("ann", &format!("PATCH {path}"), &[("if-match", &tag)], &change).is(200);
    assert_eq!(office.count("palisade_audit"), 1);
}

#[test]
fn a_row_that_the_model_cannot_mean_is_refused_with_the_column_and_the_fix() {
    let office = Office::of("members");
    for (table, values, says) in [
        ("ROLES", json!({ "id": "x", "nmae": "y" }), "did you mean `name`"),
        ("ROLES", json!({ "id": "x", "is_active": "perhaps" }), "`is_active` is not true or false"),
        ("ROLES", json!({ "id": "x", "is_active": 2 }), "`is_active` is not true or false"),
        ("ROLES", json!({ "id": null, "name": "x" }), "`id` may not be null"),
        ("ROLES", json!({ "name": "x" }), "`id` is missing"),
        ("ROLES", json!({ "id": "" }), "`id` can be no id"),
        ("ROLES", json!({ "id": "a\nb" }), "`id` can be no id"),
        ("ROLES", json!({ "id": 3 }), "`id` is not a text"),
        ("ITEM", json!({ "id": "1.5" }), "`id` is not a whole number"),
        ("ITEM", json!({ "id": 1.5 }), "`id` is not a whole number"),
        ("ITEM", json!({ "id": "+5" }), "`id` is not a whole number"),
        ("ROLE_PERMISSIONS", json!({ "role_id": "nobody", "permission_id": "users-read" }), "`ROLES/nobody`"),
        ("ROLE_PERMISSIONS", json!({ "role_id": "admin", "permission_id": "nothing" }), "`PERMISSIONS/nothing`"),
        (
            "ROLE_PERMISSIONS",
            json!({ "role_id": "admin", "permission_id": "users-delete", "assigned_at": "soon" }),
            "`assigned_at` is not a time",
        ),
        ("PERMISSIONS", json!({ "id": "x", "resource": "usr", "action": "read" }), "`resource` names no type"),
        ("USERS", json!({ "id": "x", "hashed_password": "y" }), "`hashed_password` is a secret"),
    ] {
        let answer = office.call("ann", &format!("POST tables/{table}/rows"), &json!({ "values": values }));
        answer.refuses(422, "bad-row", says);
    }
    let twice = json!({ "values": { "id": "admin", "name": "again" } });
    office.call("ann", "POST tables/ROLES/rows", &twice).refuses(409, "constraint", "ROLES.id");
    for body in [json!({}), json!({ "values": [] }), json!({ "values": {}, "key": "x" })] {
        office.call("ann", "POST tables/ROLES/rows", &body).is(400);
    }
    let tag = office.etag("tables/ROLES/rows/admin");
    let patch = |values: Value| {
        office.call_with("ann", "PATCH tables/ROLES/rows/admin", &[("if-match", &tag)], &json!({ "values": values }))
    };
    patch(json!({ "id": "boss" })).refuses(422, "bad-row", "is the row's key");
    patch(json!({})).refuses(422, "bad-row", "no column");
    // Others point to the row, and the database says so.
    office.call_with("ann", "DELETE tables/ROLES/rows/admin", &[("if-match", &tag)], &Value::Null).refuses(
        409,
        "constraint",
        "FOREIGN KEY",
    );
    office.call("ann", "POST tables/USER_SESSIONS/rows", &json!({ "values": { "id": "x" } })).is(403);
    let hash = json!({ "values": { "id": "x", "user_id": "ann", "session_token_hash": "00" } });
    office.call("key", "POST tables/USER_SESSIONS/rows", &hash).refuses(422, "bad-row", "is a secret");
    assert_eq!(office.count("palisade_audit"), 0);
}

#[test]
fn the_type_and_the_id_of_a_reference_are_both_there_and_both_known() {
    let office = Office::of("rag");
    let tables = office.get("key", "tables").is(200).body["tables"].as_array().unwrap().clone();
    let acl = tables.iter().find(|table| table["meaning"] == "acl").unwrap();
    let name = acl["name"].as_str().unwrap();
    let path: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = path.replace("%41%43%4C", "ACL");
    let rows =
        office.get("key", &format!("tables/{path}/rows?limit=200")).is(200).body["rows"].as_array().unwrap().clone();
    let row = rows.iter().find(|row| row["values"]["subject_type"].is_string()).unwrap_or(&rows[0]);
    let key: String = row["key"].as_str().unwrap().to_string();
    let tag = row["etag"].as_str().unwrap();
    let patch = |values: Value| {
        let request = format!("PATCH tables/{path}/row?key={key}");
        office.call_with("key", &request, &[("if-match", tag)], &json!({ "values": values }))
    };
    patch(json!({ "subject_type": "TEAM" })).refuses(422, "bad-row", "names no type");
    patch(json!({ "subject_type": null })).refuses(422, "bad-row", "subject");
    patch(json!({ "subject_id": "00000000-0000-4000-8000-00000000dead" })).refuses(422, "bad-row", "is not there");
}

#[test]
fn numbers_that_javascript_would_round_cross_as_text() {
    let office = Office::of("members");
    for id in [i64::MAX, i64::MIN, 9_007_199_254_740_993] {
        let values = json!({ "values": { "id": id.to_string(), "name": "far" } });
        let made = office.call("ann", "POST tables/ITEM/rows", &values).is(201);
        assert_eq!(made.body["values"]["id"], id.to_string());
        assert_eq!(office.count(&format!("\"ITEM\" WHERE id = {id}")), 1);
        let tag = made.header("etag").to_string();
        let request = format!("DELETE tables/ITEM/rows/{id}");
        office.call_with("ann", &request, &[("if-match", &tag)], &Value::Null).is(200);
    }
}

#[test]
fn what_a_row_would_flip_is_told_before_it_is_written() {
    let office = Office::of("members");
    let membership =
        json!({ "values": { "user_id": "gus", "group_id": "attic", "role_in_group": "admin", "is_active": true } });
    let tried = office.call("ben", "POST tables/USER_GROUPS/rows?dry_run=true", &membership).is(200).body;
    let flips = tried["comparison"]["flips"].as_array().unwrap();
    assert!(
        flips.iter().any(|flip| flip["principal"] == r#"User::"gus""#
            && flip["action"] == "groups:update"
            && flip["resource"] == r#"Group::"attic""#
            && flip["after"] == "allow"),
        "{flips:?}"
    );
    let tag = office.etag("tables/USER_GROUPS/rows/cleo,board");
    let request = "PATCH tables/USER_GROUPS/rows/cleo,board?dry_run=true";
    let tried = office.call_with("ben", request, &[("if-match", &tag)], &json!({ "values": { "is_active": false } }));
    assert!(tried.is(200).body["comparison"]["lost"].as_u64().unwrap() > 0);
    let request = "DELETE tables/USER_GROUPS/rows/cleo,board?dry_run=true";
    let tried = office.call_with("ben", request, &[("if-match", &tag)], &Value::Null).is(200);
    assert!(tried.body["comparison"]["lost"].as_u64().unwrap() > 0);
    office.call("ben", "POST tables/USER_GROUPS/rows?dry_run=perhaps", &membership).refuses(400, "bad-call", "dry_run");
    assert_eq!(
        (office.count("palisade_audit"), office.count("\"USER_GROUPS\" WHERE user_id='gus' AND group_id='attic'")),
        (0, 0)
    );
    // What the try said is what then happens.
    assert_eq!(office.passes("gus", "PUT /groups/attic"), 403);
    office.call("ben", "POST tables/USER_GROUPS/rows", &membership).is(201);
    assert_eq!(office.passes("gus", "PUT /groups/attic"), 200);
}

#[test]
fn an_administrator_who_takes_the_own_role_away_is_none_at_the_next_request() {
    let office = Office::of("members");
    let tag = office.etag("tables/USERS/rows/ann");
    let change = json!({ "values": { "role_id": "member" } });
    office.call_with("ann", "PATCH tables/USERS/rows/ann", &[("if-match", &tag)], &change).is(200);
    office.get("ann", "tables/USERS/rows/ann").is(403);
    assert_eq!(office.audit().len(), 1);
}

// The command.

/// Serves a gate's administration on a port of its own, for as long as the process lives.
fn served() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let office = Office::of("members");
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim_end() {
                    "" => break,
                    line => lines.push(line.to_string()),
                }
            }
            let headers: Vec<(&str, &str)> =
                lines[1..].iter().map(|line| line.split_once(": ").expect("a header")).collect();
            let said = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let mut body = vec![0; said.map_or(0, |(_, length)| length.parse().unwrap())];
            reader.read_exact(&mut body).unwrap();
            let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
            let wanted = |name: &str| name.eq_ignore_ascii_case("authorization");
            let headers: Vec<(&str, &str)> = headers.into_iter().filter(|(name, _)| wanted(name)).collect();
            let answer = office.send(lines[0].trim_end_matches(" HTTP/1.1"), &headers, &body);
            let text = answer.body.to_string();
            let head =
                format!("HTTP/1.1 {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.status, text.len());
            stream.write_all(format!("{head}{text}").as_bytes()).unwrap();
        }
    });
    address
}

/// What the command says, with a token, and its exit status.
fn palisade(token: &str, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_palisade"));
    let output = command.args(arguments).env("PALISADE_TOKEN", token).stdin(process::Stdio::null()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), said)
}

/// The pack `members` with other policies, in a folder of the same name.
fn copied(what: &str, policies: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("palisade-admin-{}-{what}", process::id())).join("members");
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir("policies/members").unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    fs::write(folder.join("policies.cedar"), policies).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_command_publishes_shows_the_history_and_takes_back() {
    let to = served();
    let pack = copied("publish", &without_public_groups().handwritten);
    let pack = text(&pack);
    let (status, said) = palisade("demo-ann", &["publish", pack, "--to", &to, "--dry-run"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("- User::\"gus\" groups:read Group::\"garden\"") && said.contains(" lost"), "{said}");
    // Nobody is there to be asked.
    let (status, said) = palisade("demo-ann", &["publish", pack, "--to", &to]);
    assert_eq!(status, 2, "{said}");
    let (status, said) = palisade("demo-ben", &["publish", pack, "--to", &to, "--yes"]);
    assert!(status == 1 && said.contains("you may not do this"), "{said}");
    let (status, said) = palisade("demo-ann", &["publish", pack, "--to", &to, "--yes", "--note", "closed groups"]);
    assert!(status == 0 && said.contains("bundle 2 is in force"), "{said}");
    let (status, said) = palisade("demo-ann", &["history", "--to", &to]);
    assert!(status == 0 && said.starts_with("*    2  ") && said.contains("closed groups"), "{said}");
    let (status, said) = palisade("demo-ann", &["rollback", "1", "--to", &to, "--yes", "--json"]);
    let answer: Value = serde_json::from_str(&said).expect("JSON");
    assert!(status == 0 && answer["ok"] == true && answer["answer"]["number"] == 1, "{said}");
    let (status, said) = palisade("demo-ann", &["rollback", "7", "--to", &to, "--yes", "--json"]);
    let answer: Value = serde_json::from_str(&said).expect("JSON");
    assert!(status == 1 && answer["problem"]["code"] == "no-bundle", "{said}");
}

#[test]
fn a_token_is_sent_to_https_alone_and_comes_from_the_environment() {
    for to in [
        "http://app.example.com",
        "app.example.com",
        "ftp://x",
        "https://",
        "https://a@b.example",
        "http://localhost.example.com",
    ] {
        let (status, said) = palisade("t", &["history", "--to", to]);
        assert!(status == 2 && said.contains("https"), "{to}: {said}");
    }
    let (status, said) = palisade("", &["history", "--to", "http://localhost:1"]);
    assert!(status == 2 && said.contains("PALISADE_TOKEN"), "{said}");
}

#[test]
fn diff_says_which_decisions_flip_between_packs_and_between_databases() {
    let pack = copied("diff", &without_public_groups().handwritten);
    let (status, said) = palisade("", &["diff", "policies/members", "policies/members"]);
    assert!(status == 0 && said.starts_with("0 gained, 0 lost"), "{said}");
    let (status, said) = palisade("", &["diff", "policies/members", text(&pack)]);
    assert!(status == 1 && said.contains("members/public-group"), "{said}");
    let (status, said) = palisade("", &["diff", text(&pack), "policies/members", "--json"]);
    let answer: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((status, &answer["answer"]["comparison"]["lost"]), (1, &json!(0)));
    let (before, after) = (pack.with_file_name("before.db"), pack.with_file_name("after.db"));
    for file in [&before, &after] {
        let (status, said) = palisade("", &["load", "policies/members", "--db", text(file)]);
        assert_eq!(status, 0, "{said}");
    }
    let change = "UPDATE \"USERS\" SET is_active = 0 WHERE id = 'cleo'";
    Connection::open(&after).unwrap().execute_batch(change).unwrap();
    let (status, said) = palisade("", &["diff", "policies/members", "--db", text(&before), "--db", text(&after)]);
    assert!(status == 1 && said.contains("0 gained") && said.contains("- User::\"cleo\""), "{said}");
    let (status, said) = palisade("", &["diff", "policies/members"]);
    assert!(status == 2 && said.contains("two databases"), "{said}");
}
