// SPDX-License-Identifier: Apache-2.0
//! Contexts are read as Cedar reads them against a schema: the same ones, to the same values, and no others.

use cedar_policy::{Context, EntityUid, Schema};
use palisade::cedar;
use palisade::engine::Plain;
use palisade::mapping::ContextType;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const SCHEMA: &str = r#"
entity User; entity Document;
action "read" appliesTo { principal: User, resource: Document, context: {
  flag: Bool, count?: Long, text?: String, price?: decimal, at?: datetime, from?: ipaddr, names?: Set<String>, who?: User
} };
"#;

static READ: LazyLock<Schema> = LazyLock::new(|| Schema::from_cedarschema_str(SCHEMA).expect("a schema").0);

const TAKES: [(&str, &str); 8] = [
    ("flag", "Bool"),
    ("count", "Long"),
    ("text", "String"),
    ("price", "decimal"),
    ("at", "datetime"),
    ("from", "ipaddr"),
    ("names", "Set<String>"),
    ("who", "User"),
];

/// Values that fit some of the attributes, and values that fit none.
fn value() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        "a",
        "1.5",
        "-0.0001",
        "1.23456",
        "2026-01-31T09:00:00Z",
        "2026-01-31",
        "2026-02-30",
        "10.0.0.1",
        "::1/64",
        "10.0.0.1/33",
        "é🙂",
        "true",
        "1",
    ];
    let functions = ["ip", "decimal", "datetime", "duration", "offset", "nothing"];
    let call = (proptest::sample::select(functions.to_vec()), proptest::sample::select(texts.to_vec()))
        .prop_map(|(function, argument)| json!({ "fn": function, "arg": argument }));
    let entity = (proptest::sample::select(vec!["User", "Document", "Nobody", ""]), "[a-z]{0,2}")
        .prop_map(|(kind, id)| json!({ "type": kind, "id": id }));
    let plain = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        Just(json!(1.5)),
        Just(json!(1.0)),
        Just(json!(1e3)),
        Just(Value::Null),
        proptest::sample::select(texts.to_vec()).prop_map(Value::from),
    ];
    prop_oneof![
        6 => plain.clone(),
        2 => proptest::collection::vec(plain, 0..3).prop_map(Value::Array),
        2 => Just(json!(["a", "b", "a"])),
        3 => entity.clone(),
        2 => entity.prop_map(|entity| json!({ "__entity": entity })),
        2 => call.clone(),
        3 => call.prop_map(|call| json!({ "__extn": call })),
        1 => Just(json!({})),
        1 => Just(json!({ "type": "User" })),
    ]
}

fn context() -> impl Strategy<Value = Map<String, Value>> {
    let names = TAKES.map(|(name, _)| name);
    let field = (proptest::sample::select(names.to_vec()), value());
    let odd = prop_oneof![9 => Just(None), 1 => Just(Some("flags"))];
    (proptest::collection::vec(field, 0..3), prop_oneof![8 => Just(true), 1 => Just(false)], odd).prop_map(
        |(fields, has_flag, odd)| {
            let mut all: Map<String, Value> = Map::new();
            if has_flag {
                all.insert("flag".to_string(), json!(true));
            }
            all.extend(fields.into_iter().map(|(name, value)| (name.to_string(), value)));
            all.extend(odd.map(|name| (name.to_string(), json!(1))));
            all
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_context_is_read_as_cedar_reads_it(fields in context()) {
        let schema = &*READ;
        let action: EntityUid = "Action::\"read\"".parse().expect("an action");
        let json = Value::Object(fields).to_string();
        let types = TAKES.map(|(name, kind)| (name, ContextType { name: kind.to_string(), optional: name != "flag" }));
        let takes: BTreeMap<&str, &ContextType> = types.iter().map(|(name, kind)| (*name, kind)).collect();
        let ours = palisade::decide::Context::from_json(&takes, &json);
        let theirs = Context::from_json_str(&json, Some((schema, &action)))
            .ok()
            .filter(|context| context.validate(schema, &action).is_ok());
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) => {
                let theirs = cedar::context(&theirs).expect("values of the engine");
                prop_assert_eq!(sorted(ours.values()), sorted(&theirs), "{}", json);
            }
            (Err(_), None) => {}
            (ours, theirs) => prop_assert!(false, "{json}: ours {ours:?}, Cedar's {theirs:?}"),
        }
    }
}

/// Fields by name, sets without what stands twice, in some order.
fn sorted(fields: &[(String, Plain)]) -> Vec<String> {
    let shown = |value: &Plain| match value {
        Plain::Set(members) => {
            let mut members: Vec<String> = members.iter().map(|member| format!("{member:?}")).collect();
            members.sort();
            members.dedup();
            format!("{members:?}")
        }
        other => format!("{other:?}"),
    };
    let mut all: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    all.sort();
    all
}
