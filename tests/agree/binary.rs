// SPDX-License-Identifier: Apache-2.0
//! The binary form: what it gives back is what was put in, and bytes that somebody made on purpose do no harm.
//!
//! Damage is stamped with the right checksum, so that every later check has to hold by itself. What is refused is refused
//! with a sentence; what still loads is asked, and must answer.

use super::Ours;
use super::generate::case;
use super::generate::value::Rng;
use palisade::cedar::{self, uid_of};
use palisade::engine::{Data, DataBuilder, Effect, Plain, Program, Scope, VERSION, World};
use palisade::name::Uid;
use xxhash_rust::xxh64::xxh64;

const HEADER: usize = 16;

/// Puts the checksum right.
fn stamp(bytes: &mut [u8]) {
    let checksum = xxh64(&bytes[HEADER..], 0);
    bytes[8..16].copy_from_slice(&checksum.to_le_bytes());
}

/// Bytes with one to four words changed, or a stretch moved, left out or cut off.
fn damaged(random: &mut Rng, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let words = (bytes.len() - HEADER) / 4;
    match random.below(8) {
        0 => bytes.truncate(HEADER + random.below(words) * 4),
        1 => {
            let at = HEADER + random.below(words) * 4;
            let end = (at + 4 * (1 + random.below(8))).min(bytes.len());
            bytes.drain(at..end);
        }
        _ => {
            for _ in 0..=random.below(4) {
                let at = HEADER + random.below(words) * 4;
                let old = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
                let other = HEADER + random.below(words) * 4;
                let other = u32::from_le_bytes(bytes[other..other + 4].try_into().expect("four bytes"));
                let new = match random.below(9) {
                    0 => old.wrapping_add(1),
                    1 => old.wrapping_sub(1),
                    2 => u32::MAX,
                    3 => 0,
                    4 => old ^ 1 << random.below(32),
                    5 => random.below(64) as u32,
                    6 => 1 << 31,
                    _ => other,
                };
                bytes[at..at + 4].copy_from_slice(&new.to_le_bytes());
            }
        }
    }
    bytes
}

/// `AGREE_DAMAGED=1000000 cargo test --test agree binary` looks longer.
#[test]
fn damaged_bytes_are_refused_or_harmless() {
    let each = std::env::var("AGREE_DAMAGED").map_or(400, |text| text.parse().expect("a number")) as u64;
    let (mut refused, mut loaded) = (0, 0);
    for seed in 0..60 {
        let (policies, entities, requests) = case(seed).parse();
        let ours = Ours::new(&policies, &entities);
        let whole = ours.made.1.to_bytes(&ours.made.0);
        let mut random = Rng::new(seed);
        for _ in 0..each {
            let mut bytes = damaged(&mut random, &whole);
            stamp(&mut bytes);
            match Data::from_bytes(&bytes) {
                Err(error) => {
                    assert!(error.to_string().contains("cannot be read"), "{error}");
                    refused += 1;
                }
                Ok((program, data)) => {
                    loaded += 1;
                    let world = World { program: &program, data: &data };
                    for request in &requests {
                        let uid = |uid: Option<&cedar_policy::EntityUid>| uid_of(uid.expect("a known entity"));
                        let action = uid(request.action());
                        let context = cedar::context(request.context().expect("a context")).expect("the context");
                        let (principal, resource) = (uid(request.principal()), uid(request.resource()));
                        let asked = world.request(&principal, (&action.kind, &action.id), &resource, &context);
                        let mut asked = asked.expect("a request");
                        let allow = world.allows(&mut asked);
                        let trace = world.trace(&mut asked);
                        // Whatever it says now, it says one thing.
                        let fails = trace.faults.iter().any(|(policy, _)| program.effect(*policy) == Effect::Forbid);
                        assert_eq!(allow, !trace.permits.is_empty() && trace.forbids.is_empty() && !fails);
                        let view = world.view(&asked);
                        for (policy, fault) in &trace.faults {
                            assert!(!fault.sentence(&view).is_empty() && program.id(*policy).len() < 1 << 20);
                        }
                    }
                }
            }
        }
    }
    assert!(refused > loaded && loaded > 0, "{refused} refused, {loaded} loaded");
}

#[test]
fn what_is_not_stamped_or_of_another_version_is_refused() {
    let (policies, entities, _) = case(1).parse();
    let ours = Ours::new(&policies, &entities);
    let whole = ours.made.1.to_bytes(&ours.made.0);
    assert!(Data::from_bytes(&whole).is_ok());
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(Data::from_bytes(&bytes).is_err(), "byte {at}");
    }
    for length in 0..whole.len() {
        assert!(Data::from_bytes(&whole[..length]).is_err(), "{length} bytes");
    }
    let mut longer = whole.clone();
    longer.extend([0; 4]);
    stamp(&mut longer);
    assert!(Data::from_bytes(&longer).is_err(), "more than all");
    let mut later = whole.clone();
    later[4..6].copy_from_slice(&(VERSION + 1).to_le_bytes());
    let error = Data::from_bytes(&later).expect_err("another version");
    assert!(error.to_string().contains("version") && error.to_string().contains("compile the pack again"), "{error}");
    // A program alone is no program with data, and the other way round.
    assert!(Program::from_bytes(&whole).is_err());
    assert!(Data::from_bytes(&ours.made.0.to_bytes()).is_err());
}

#[test]
fn what_comes_back_makes_the_same_bytes() {
    for seed in 0..40 {
        let (policies, entities, _) = case(seed).parse();
        let ours = Ours::new(&policies, &entities);
        let whole = ours.made.1.to_bytes(&ours.made.0);
        assert_eq!(ours.loaded.1.to_bytes(&ours.loaded.0), whole, "seed {seed}");
        let program = ours.made.0.to_bytes();
        assert_eq!(Program::from_bytes(&program).expect("the program").to_bytes(), program, "seed {seed}");
    }
}

#[test]
fn grants_keep_their_rows() {
    let program = Program::default();
    let mut builder = DataBuilder::new(&program);
    let (ann, d1) = (Uid::new("User", "ann"), Uid::new("Document", "d1"));
    builder.entity(&ann, [("age", Plain::Long(7))], [], []).expect("an entity");
    let grants = [("ACCESS/1", "ACCESS/1"), ("ACCESS/2#Document", "ACCESS/2"), ("by hand", ""), ("文件/ü", "文件/ü")];
    for (id, source) in grants {
        let action = [("Action", "read")].into_iter();
        builder.grant(Effect::Permit, &Scope::Eq(ann.clone()), Some(action), &Scope::Eq(d1.clone()));
        builder.provenance(id, source);
    }
    let data = builder.finish().expect("data");
    let (program, data) = Data::from_bytes(&data.to_bytes(&program)).expect("the binary form");
    let world = World { program: &program, data: &data };
    let mut asked = world.request(&ann, ("Action", "read"), &d1, &[]).expect("a request");
    let trace = world.trace(&mut asked);
    assert_eq!(trace.permits.len(), grants.len());
    let view = world.view(&asked);
    for (at, (id, source)) in grants.into_iter().enumerate() {
        assert_eq!(data.origin(&view, at as u32), Some((id.to_string(), source.to_string())));
    }
}

#[test]
fn what_is_nested_too_deep_is_refused_before_any_request() {
    // Cedar's own reader goes down as deep as the text, and needs more stack for it than a test has.
    let thread = std::thread::Builder::new().stack_size(512 << 20);
    thread.spawn(nested).expect("a thread").join().expect("what is nested is refused or compiled");
}

fn nested() {
    let compiled = |condition: String| {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        cedar::program(&text.parse().expect("Cedar parses it"), |_| None)
    };
    let set = |depth: usize| format!("{}1{} == 1", "[".repeat(depth), "]".repeat(depth));
    let computed = |depth: usize| format!("{}principal{} == 1", "[".repeat(depth), "]".repeat(depth));
    assert!(compiled(set(300)).is_ok());
    assert!(compiled(computed(300)).is_ok());
    for deep in [set(450), computed(450)] {
        let error = compiled(deep).expect_err("too deep").to_string();
        assert!(error.contains("nested deeper than"), "{error}");
    }
    // A chain is not deep.
    for operator in [" || ", " && "] {
        assert!(compiled(vec!["principal has a"; 2000].join(operator)).is_ok());
    }
}
