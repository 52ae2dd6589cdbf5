// SPDX-License-Identifier: Apache-2.0
//! The law on generated policies, entities and requests, which reach every operator and every error (`reach`).

use super::generate::case;
use super::{Ours, ask_cedar};

/// `AGREE_SEEDS=100000 cargo test --test agree generated` looks longer, `AGREE_FIRST` elsewhere.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
    };
    let first = number("AGREE_FIRST", 0);
    first..first + number("AGREE_SEEDS", 1_500)
}

#[test]
fn the_engine_decides_as_cedar_does_on_generated_policies() {
    let mut asked = 0;
    for seed in seeds() {
        let (policies, entities, requests) = case(seed).parse();
        let ours = Ours::new(&policies, &entities);
        for (at, request) in requests.iter().enumerate() {
            ours.agree(request, &ask_cedar(request, &policies, &entities), &format!("seed {seed}, request {at}"));
            asked += 1;
        }
    }
    println!("{asked} requests agree");
}
