// SPDX-License-Identifier: Apache-2.0
//! A share of the decisions is judged again: what becomes of it where both agree, where they differ, and where nobody
//! answers.

use crate::world::{World, bearer};
use palisade::export::Opinion;
use serde_json::{Value, json};

/// `who` asks for `d1`, which Ann owns, Bob may read and Eve may not.
fn ask(world: &World, who: &str) -> u16 {
    let (name, token) = bearer(who);
    world.ask("GET /documents/d1", &[(name, &token)]).status().as_u16()
}

/// The lines of the log that are alarms.
fn alarms(world: &World) -> Vec<Value> {
    let log = world.desk().log.borrow();
    let lines = log.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line.get("alarm").is_some()).collect()
}

/// A gate whose every decision is judged again, by somebody who answers this.
fn with_second(answer: Result<String, String>) -> World {
    let world = World::with(&[("VERIFY", "1")]);
    *world.desk().second.borrow_mut() = Some(answer);
    world
}

#[test]
fn every_decision_is_checked_where_the_share_is_one_and_cedar_agrees() {
    let world = World::with(&[("VERIFY", "1")]);
    for (who, status) in [("ann", 200), ("bob", 200), ("eve", 403), ("yong", 403)] {
        assert_eq!(ask(&world, who), status, "{who}");
    }
    assert_eq!(alarms(&world), [] as [Value; 0]);
    let questions = world.desk().questions.borrow();
    assert_eq!(questions.len(), 4);
    // Cedar was asked about these very requests, and not about nothing.
    for (question, who) in questions.iter().zip(["ann", "bob", "eve", "用戶"]) {
        let question: Value = serde_json::from_str(question).expect("JSON");
        assert_eq!(question["principal"], json!({ "type": "User", "id": who }));
        assert!(question["policies"]["generated"].as_str().is_some_and(|text| text.contains("permit")));
        assert!(!question["entities"].as_array().expect("entities").is_empty());
    }
}

#[test]
fn nothing_is_checked_where_the_share_is_nothing_or_not_given() {
    for settings in [&[][..], &[("VERIFY", "")], &[("VERIFY", "0")], &[("VERIFY", "0.0")]] {
        let world = World::with(settings);
        for who in ["ann", "bob", "eve"] {
            ask(&world, who);
        }
        assert!(world.desk().questions.borrow().is_empty(), "{settings:?}");
    }
}

#[test]
fn what_no_policy_decides_is_not_checked() {
    let world = World::with(&[("VERIFY", "1")]);
    assert_eq!(world.ask("GET /public/x", &[]).status(), 200);
    assert_eq!(world.ask("GET /documents/d1", &[]).status(), 401);
    assert!(world.desk().questions.borrow().is_empty());
}

#[test]
fn where_cedar_refuses_what_the_engine_allows_it_is_refused() {
    let refuses = Opinion { allow: false, reasons: ["no-more".to_string()].into(), failed: [].into() };
    let world = with_second(Ok(Opinion::write(Ok(&refuses))));
    assert_eq!(ask(&world, "ann"), 403);
    assert_eq!(world.reached(), 0);
    let [alarm] = &alarms(&world)[..] else { panic!("{:?}", alarms(&world)) };
    assert_eq!(alarm["alarm"], "engine-differs-from-cedar");
    assert_eq!((&alarm["engine"]["allow"], &alarm["cedar"]["allow"]), (&json!(true), &json!(false)));
    assert_eq!(alarm["cedar"]["reasons"], json!(["no-more"]));
    assert_eq!(alarm["principal"], "User::\"ann\"");
    // The alarm and the decision that it is about have one id.
    assert_eq!(alarm["id"], world.last_log()["id"]);
    assert_eq!(world.last_log()["decision"], "deny");
}

#[test]
fn where_cedar_allows_what_the_engine_refuses_it_stays_refused() {
    let allows = Opinion { allow: true, reasons: ["whoever".to_string()].into(), failed: [].into() };
    let world = with_second(Ok(Opinion::write(Ok(&allows))));
    assert_eq!(ask(&world, "eve"), 403);
    assert_eq!(world.reached(), 0);
    let [alarm] = &alarms(&world)[..] else { panic!("{:?}", alarms(&world)) };
    assert_eq!((&alarm["engine"]["allow"], &alarm["cedar"]["allow"]), (&json!(false), &json!(true)));
}

#[test]
fn other_reasons_for_the_same_answer_are_an_alarm_and_no_refusal() {
    for (reasons, failed) in [(["another"], vec![]), (["another"], vec!["failing".to_string()])] {
        let other =
            Opinion { allow: true, reasons: reasons.map(str::to_string).into(), failed: failed.into_iter().collect() };
        let world = with_second(Ok(Opinion::write(Ok(&other))));
        assert_eq!(ask(&world, "ann"), 200);
        assert_eq!(alarms(&world).len(), 1);
        assert_eq!(alarms(&world)[0]["alarm"], "engine-differs-from-cedar");
    }
}

#[test]
fn where_nobody_answers_the_decision_stands() {
    for (answer, cause) in [
        (Err("unreachable".to_string()), "unreachable"),
        (Ok(Opinion::write(Err("the policies do not parse"))), "the policies do not parse"),
        (Ok(String::new()), "is not JSON"),
        (Ok("{}".to_string()), "is no opinion"),
        (Ok(r#"{"allow":false,"reasons":[]}"#.to_string()), "is no opinion"),
        (Ok(r#"{"allow":false,"reasons":[],"failed":[],"error":"late"}"#.to_string()), "late"),
    ] {
        let world = with_second(answer);
        assert_eq!((ask(&world, "ann"), ask(&world, "eve")), (200, 403), "{cause}");
        let alarms = alarms(&world);
        assert_eq!(alarms.len(), 2, "{cause}");
        for alarm in alarms {
            assert_eq!(alarm["alarm"], "not-verified");
            assert!(alarm["cause"].as_str().is_some_and(|said| said.contains(cause)), "{alarm}");
        }
    }
}
