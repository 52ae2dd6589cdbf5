// SPDX-License-Identifier: Apache-2.0
//! What is written for Cedar without Cedar's code, Cedar reads as the same: contexts of every type, to the last unit.

use cedar_policy::Context;
use palisade::cedar;
use palisade::engine::Plain;
use palisade::export::context_json;
use palisade::name::Uid;
use proptest::prelude::*;

/// A number of milliseconds, often near where the form changes.
fn millis() -> impl Strategy<Value = i64> {
    let edges = [i64::MIN, i64::MAX, 0, -1, -62_167_219_200_000, 253_402_300_799_999];
    let near = proptest::sample::select(edges.to_vec());
    prop_oneof![any::<i64>(), (near, -2_i64..=2).prop_map(|(edge, off)| edge.saturating_add(off))]
}

fn single() -> impl Strategy<Value = Plain> {
    prop_oneof![
        any::<bool>().prop_map(Plain::Bool),
        any::<i64>().prop_map(Plain::Long),
        any::<String>().prop_map(Plain::Text),
        any::<String>().prop_map(|id| Plain::Entity(Uid::new("Some::Type", id))),
        any::<i64>().prop_map(Plain::Decimal),
        millis().prop_map(Plain::Datetime),
        millis().prop_map(Plain::Duration),
        (any::<u32>(), 0..=32_u8).prop_map(|(address, prefix)| ip(&std::net::Ipv4Addr::from(address), prefix)),
        // The first bits keep it from holding an address of version 4, which Cedar refuses.
        (any::<u128>(), 0..=128_u8).prop_map(|(bits, prefix)| ip(&std::net::Ipv6Addr::from(bits | 1 << 127), prefix)),
    ]
}

fn ip(address: &dyn std::fmt::Display, prefix: u8) -> Plain {
    Plain::extension("ip", &format!("{address}/{prefix}")).expect("an address")
}

fn value() -> impl Strategy<Value = Plain> {
    single().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            // One member, which needs no order.
            inner.clone().prop_map(|member| Plain::Set(vec![member])),
            proptest::collection::btree_map("[a-zé ]{0,3}", inner, 0..4)
                .prop_map(|fields| Plain::Record(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_context_is_read_back_as_it_was(context in proptest::collection::btree_map("[a-z\"]{1,3}", value(), 0..4)) {
        let context: Vec<(String, Plain)> = context.into_iter().collect();
        let json = context_json(&context).expect("no reserved name");
        // As text, since that is what is sent.
        let read = Context::from_json_str(&json.to_string(), None).expect("Cedar reads it");
        prop_assert_eq!(cedar::context(&read).expect("values"), context);
    }
}

#[test]
fn a_field_that_cedar_would_read_as_a_mark_is_refused() {
    for name in ["__entity", "__extn", "__expr"] {
        let record = vec![(name.to_string(), Plain::Bool(true))];
        assert!(context_json(&record).is_err());
        let nested = Plain::Set(vec![Plain::Record(record)]);
        assert!(context_json(&[("a".to_string(), nested)]).is_err());
    }
}
