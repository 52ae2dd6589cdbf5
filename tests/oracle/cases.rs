// SPDX-License-Identifier: Apache-2.0
//! Cases that random rows seldom hit: each once came out wrong, or nearly.

use crate::judge::Question;
use crate::{READY, Ready};
use palisade::cedar::parse_uid;
use palisade::compile;
use palisade::store::{SqlStore, Sqlite, Store};

/// Engine on all rows, engine on SQLite's slice and the naive judge all say `allow`.
fn decides(model: &str, rows: &str, principal: &str, action: &str, resource: &str, allow: bool) {
    let ready: &Ready = READY.iter().find(|ready| ready.model.name == model).expect("a model of that name");
    let bundle = &ready.model.bundle;
    let connection = rusqlite::Connection::open_in_memory().expect("a database");
    connection.execute_batch("PRAGMA foreign_keys = OFF").expect("a setting");
    connection.execute_batch(&compile::schema_sql(&bundle.mapping, &bundle.name)).expect("the schema");
    connection.execute_batch(rows).expect("the rows");
    let store = SqlStore::new(Sqlite::new(connection));
    let all = pollster::block_on(store.everything(&ready.plan)).expect("all rows").rows;
    let uid = |text: &str| parse_uid(text).expect("an entity");
    let ask = Question {
        principal: uid(principal),
        action: action.to_string(),
        resource: uid(resource),
        externals: Vec::new(),
    };
    let case = ready.case(&all, &ask);
    assert_eq!(ready.judge(&all, &ask), allow, "the judge: {case}");
    let needed = ready.engine.ask(bundle, &ready.query(&ask));
    let slice = pollster::block_on(store.slice(&ready.plan, &needed)).expect("a slice").rows;
    for (which, rows) in [("all rows", &all), ("the slice", &slice)] {
        let decision = ready.decide(rows, &ask);
        assert_eq!(decision.allow, allow, "the engine on {which}: {decision:?}\n{case}");
    }
}

const ANN: &str = "0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11";

/// Ann, who may read the paper `p` by a row of her own, in folder `a`.
fn archive(more: &str) -> String {
    format!(
        "INSERT INTO Person VALUES ('{ANN}', 0, NULL);
         INSERT INTO Paper VALUES ('p', 'a');
         INSERT INTO Access VALUES (1, 'person', '{ANN}', 'paper', 'p', 'read', 0, 1, NULL, 1);
         {more}"
    )
}

fn ann_reads(more: &str, allow: bool) {
    decides("archive", &archive(more), &format!("Person::\"{ANN}\""), "read", "Paper::\"p\"", allow);
}

#[test]
fn a_circle_of_three_keeps_what_is_forbidden_anywhere_in_it() {
    let circle = "INSERT INTO Folder VALUES ('a', 'b', NULL, 1), ('b', 'c', NULL, 1), ('c', 'a', NULL, 1);";
    ann_reads(circle, true);
    for folder in ["a", "b", "c"] {
        let deny = format!(
            "{circle} INSERT INTO Access VALUES (2, 'person', '{ANN}', 'folder', '{folder}', 'read', 1, 0, NULL, 1);"
        );
        ann_reads(&deny, false);
    }
}

#[test]
fn what_may_be_forbidden_on_both_sides_is() {
    // Whether Ann is in the circle cannot be read, and whether `a` lies in `b` is unclear, too.
    ann_reads(
        "INSERT INTO Circle VALUES ('c', NULL, NULL, 0);
         INSERT INTO Membership VALUES ('0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11', 'c', 'clerk', NULL, 2);
         INSERT INTO Folder VALUES ('a', 'b', NULL, 1), ('b', 'a', NULL, 1);
         INSERT INTO Access VALUES (2, 'circle', 'c', 'folder', 'b', 'read', 1, 0, NULL, 1);",
        false,
    );
}

#[test]
fn a_chain_of_doubtful_groups_keeps_what_the_last_one_forbids() {
    ann_reads(
        "INSERT INTO Circle VALUES ('c', 'd', NULL, 2), ('d', 'e', NULL, 2), ('e', NULL, NULL, 2);
         INSERT INTO Membership VALUES ('0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11', 'c', 'clerk', 'soon', 1);
         INSERT INTO Access VALUES (2, 'circle', 'e', 'paper', 'p', 'read', 0, 0, NULL, 1);",
        false,
    );
}

#[test]
fn who_lies_in_what_cannot_be_read_may_lie_in_what_is_forbidden() {
    let rows = |home: &str, circle: &str, folder: &str| {
        archive(&format!(
            "INSERT INTO Circle VALUES ('c', NULL, NULL, 0);
             UPDATE Person SET circle_id = {home};
             INSERT INTO Membership VALUES ('{ANN}', {circle}, 'visitor', NULL, 1);
             UPDATE Paper SET folder_id = {folder};"
        ))
    };
    for (home, circle, folder, allow) in [
        ("NULL", "'c'", "'a'", true),
        ("x'ff'", "'c'", "'a'", false),
        ("NULL", "x'ff'", "'a'", false),
        ("NULL", "'c'", "x'ff'", false),
    ] {
        let rows = rows(home, circle, folder);
        decides("archive", &rows, &format!("Person::\"{ANN}\""), "read", "Paper::\"p\"", allow);
    }
}

#[test]
fn a_denial_for_a_uuid_in_capitals_is_for_the_same_person() {
    let deny = format!(
        "INSERT INTO Access VALUES (2, 'person', '{}', 'paper', 'p', 'read', 0, 0, NULL, 1);",
        ANN.to_uppercase()
    );
    ann_reads(&deny, false);
}

#[test]
fn a_role_of_an_unreadable_tenant_gives_nothing() {
    let rows = |firm: &str| {
        format!(
            "INSERT INTO Firm VALUES ('one', 1), ('two', 1);
             INSERT INTO Worker VALUES (1, 'one', NULL, 1);
             INSERT INTO Site VALUES ('s', 'one', 0);
             INSERT INTO Role VALUES ('r', {firm}, 'reader');
             INSERT INTO Permission VALUES (1, 'site', 'read');
             INSERT INTO RolePermission VALUES ('r', 1, 1);
             INSERT INTO WorkerRole VALUES (1, 1, 'r', NULL, NULL);"
        )
    };
    for (firm, allow) in [("'one'", true), ("'two'", false), ("x'ff'", false), ("''", false)] {
        decides("firms", &rows(firm), "Worker::\"1\"", "site:read", "Site::\"s\"", allow);
    }
    // Where the worker's own row names the role, just the same.
    for (firm, allow) in [("'one'", true), ("'two'", false), ("x'ff'", false)] {
        let own = rows(firm)
            .replace("(1, 'one', NULL, 1)", "(1, 'one', 'r', 1)")
            .replace("(1, 1, 'r', NULL", "(1, 9, 'r', NULL");
        decides("firms", &own, "Worker::\"1\"", "site:read", "Site::\"s\"", allow);
    }
    // Within a scope, too.
    for (firm, allow) in [("'one'", true), ("'two'", false), ("x'ff'", false)] {
        let scoped = rows(firm).replace("'r', NULL, NULL)", "'r', 'site', 's')");
        decides("firms", &scoped, "Worker::\"1\"", "site:read", "Site::\"s\"", allow);
    }
}

#[test]
fn a_category_that_cannot_be_read_is_not_every_type() {
    for (category, allow) in [("'rooms'", true), ("'general'", true), ("'shelves'", false), ("x'ff'", false)] {
        let rows = format!(
            "INSERT INTO Member VALUES (1, 1, 1);
             INSERT INTO Role VALUES (1, 'reader', 0);
             INSERT INTO Permission VALUES (1, 'look', {category}, 1);
             INSERT INTO RolePermission VALUES (1, 1, 1, 1, 1);
             INSERT INTO Room VALUES ('r', 'open', NULL);"
        );
        decides("studio", &rows, "Member::\"1\"", "look", "Room::\"r\"", allow);
    }
}
