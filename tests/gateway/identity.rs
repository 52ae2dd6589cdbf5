// SPDX-License-Identifier: Apache-2.0
//! Tokens: which are believed, and all that are not.

use crate::world::{NOON, World};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use palisade::gateway::{
    Algorithm, JWKS_FRESH_MILLIS, JWKS_REFETCH_MILLIS, JWKS_RETRY_MILLIS, JWKS_STALE_MILLIS, Key, sha256_hex, verified,
};
use palisade::rows::Value;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};
use std::path::Path;

const ISSUER: &str = "https://id.example/";

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An issuer with one key of each kind.
struct Signer {
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Signer {
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Signer { ec, ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(), random }
    }

    fn keys(&self) -> Json {
        let point = self.ec.public_key().as_ref();
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256", "x": b64(&point[1..33]), "y": b64(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": b64(self.ed.public_key().as_ref()) },
            { "kty": "oct", "kid": "shared", "k": "c2VjcmV0" },
            { "kty": "EC", "crv": "P-521", "kid": "unknown-curve", "x": "AA", "y": "AA" },
        ] })
    }

    /// A world that believes this issuer, by keys inline.
    fn world(&self) -> World {
        World::with(&[("ISSUERS", &self.issuers(json!({ "jwks": self.keys() })))])
    }

    fn issuers(&self, keys: Json) -> String {
        let mut issuer = json!({
            "issuer": ISSUER, "audiences": ["gate", "other"], "algorithms": ["ES256", "EdDSA"],
            "principal_type": "User", "clock_skew_seconds": 30,
        });
        issuer.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        json!([issuer]).to_string()
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
        let signature = match header.contains("EdDSA") || header.contains("Ed25519") {
            true => self.ed.sign(input.as_bytes()).as_ref().to_vec(),
            false => self.ec.sign(&self.random, input.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{input}.{}", b64(&signature))
    }

    fn token(&self, change: impl FnOnce(&mut Json)) -> String {
        let mut claims = claims();
        change(&mut claims);
        self.sign(r#"{"alg":"ES256","kid":"ec","typ":"JWT"}"#, &claims.to_string())
    }
}

fn claims() -> Json {
    let now = NOON / 1000;
    json!({ "iss": ISSUER, "aud": "gate", "sub": "ann", "exp": now + 300, "iat": now, "nbf": now })
}

fn status(world: &World, token: &str) -> u16 {
    let before = world.reached();
    let response = world.ask("GET /documents/d1", &[("authorization", &format!("Bearer {token}"))]);
    let status = response.status().as_u16();
    assert_eq!(world.reached() - before, usize::from(status == 200));
    let body = String::from_utf8_lossy(response.body()).to_string();
    assert!(!body.contains("signature") && !body.contains("expired"), "a stranger learns why: {body}");
    for line in world.desk().log.borrow().iter() {
        assert!(token.len() < 20 || !line.contains(token), "the log has the token");
    }
    status
}

#[test]
fn tokens_of_a_known_issuer_are_believed() {
    let signer = Signer::new();
    let world = signer.world();
    assert_eq!(status(&world, &signer.token(|_| ())), 200);
    assert_eq!(world.last_reached().headers["palisade-principal"], "User::\"ann\"");
    assert_eq!(status(&world, &signer.token(|claims| claims["aud"] = json!(["x", "other"]))), 200);
    let header = r#"{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}"#;
    assert_eq!(status(&world, &signer.sign(header, &claims().to_string())), 200);
    assert_eq!(status(&world, &signer.sign(r#"{"alg":"ES256"}"#, &claims().to_string())), 200, "one key alone fits");
    // Believed, but nobody who may: the engine says so.
    for nobody in ["eve", "old", "stranger"] {
        assert_eq!(status(&world, &signer.token(|claims| claims["sub"] = json!(nobody))), 403, "{nobody}");
    }
    // Sessions go on working beside them.
    assert_eq!(status(&world, "token-ann"), 200);
}

#[test]
fn tokens_that_lack_something_are_not_believed() {
    let signer = Signer::new();
    let world = signer.world();
    let now = NOON / 1000;
    let changes: Vec<(&str, Json)> = vec![
        ("iss", json!("https://id.example")),
        ("iss", json!("https://evil.example/")),
        ("iss", Json::Null),
        ("iss", json!([ISSUER])),
        ("aud", json!("gates")),
        ("aud", json!([])),
        ("aud", json!(["GATE"])),
        ("aud", Json::Null),
        ("aud", json!({ "gate": 1 })),
        ("exp", Json::Null),
        ("exp", json!(now - 30)),
        ("exp", json!("9999999999")),
        ("nbf", json!(now + 31)),
        ("nbf", json!("0")),
        ("iat", json!(now + 31)),
        ("sub", Json::Null),
        ("sub", json!("")),
        ("sub", json!("a\u{0}nn")),
        ("sub", json!(["ann"])),
        ("sub", json!("a".repeat(1000))),
    ];
    for (claim, value) in changes {
        let token = signer.token(|claims| {
            match value {
                Json::Null => claims.as_object_mut().unwrap().remove(claim),
                ref value => claims.as_object_mut().unwrap().insert(claim.to_string(), value.clone()),
            };
        });
        assert_eq!(status(&world, &token), 401, "{claim} = {value}");
    }
    // The clocks may differ by the thirty seconds that are configured, and no more.
    assert_eq!(status(&world, &signer.token(|claims| claims["exp"] = json!(now - 29))), 200);
    assert_eq!(status(&world, &signer.token(|claims| claims["nbf"] = json!(now + 30))), 200);
}

#[test]
fn headers_of_tokens_that_ask_for_something_are_refused() {
    let signer = Signer::new();
    let world = signer.world();
    let claims = claims().to_string();
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"ec"}"#,
        r#"{"alg":"HS256","kid":"ec"}"#,
        r#"{"alg":"HS256","kid":"shared"}"#,
        r#"{"alg":"ES384","kid":"ec"}"#,
        r#"{"alg":"RS256","kid":"ec"}"#,
        r#"{"alg":"ES256","kid":"ed"}"#,
        r#"{"alg":"EdDSA","kid":"ec"}"#,
        r#"{"alg":"ES256","kid":"nobody"}"#,
        r#"{"alg":"ES256","kid":["ec"]}"#,
        r#"{"alg":"ES256","kid":"ec","crit":["x"],"x":1}"#,
        r#"{"alg":"ES256","kid":"ec","crit":[]}"#,
        r#"{"alg":"ES256","kid":"ec","b64":false}"#,
        r#"{"alg":"ES256","kid":"ec","alg":"ES256"}"#,
        r#"{"alg":"none","kid":"ec","alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"ec","typ":"logout+jwt"}"#,
        r#"{"alg":"ES256","kid":"ec","typ":"dpop+jwt"}"#,
        r#"{"kid":"ec"}"#,
        r#"["ES256"]"#,
        "{",
    ] {
        assert_eq!(status(&world, &signer.sign(header, &claims)), 401, "{header}");
    }
    let twice = claims.replacen('{', r#"{"sub":"bob","#, 1);
    assert_eq!(status(&world, &signer.sign(r#"{"alg":"ES256","kid":"ec"}"#, &twice)), 401, "a claim stands twice");
}

#[test]
fn one_bit_changes_everything() {
    let signer = Signer::new();
    let world = signer.world();
    let token = signer.token(|_| ());
    let bytes = token.as_bytes();
    for at in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        let mut changed = bytes.to_vec();
        changed[at] = match changed[at] {
            b'A' => b'B',
            b'.' => continue,
            _ => b'A',
        };
        if changed == bytes {
            continue;
        }
        assert_eq!(status(&world, std::str::from_utf8(&changed).unwrap()), 401, "byte {at}");
    }
    let (input, signature) = token.rsplit_once('.').unwrap();
    for other in ["", "AA", &format!("{signature}AA"), &format!("{signature}="), &b64(&[0; 64])] {
        assert_eq!(status(&world, &format!("{input}.{other}")), 401, "{other}");
    }
    let other = Signer::new();
    assert_eq!(status(&world, &other.token(|_| ())), 401, "somebody else's key");
    assert_eq!(status(&world, &format!("{token}.x")), 401);
    assert_eq!(status(&world, &"a".repeat(9000)), 401);
}

#[test]
fn keys_are_fetched_once_and_again_for_an_unknown_name() {
    let signer = Signer::new();
    let world = World::with(&[("ISSUERS", &signer.issuers(json!({ "jwks_url": "https://id.example/jwks" })))]);
    let token = signer.token(|_| ());
    let fetches = || world.desk().key_fetches.get();
    assert_eq!(status(&world, &token), 503, "no keys can be had");
    assert_eq!(status(&world, &token), 503);
    assert_eq!(fetches(), 1, "not asked again at once");
    *world.desk().key_set.borrow_mut() = Some(signer.keys().to_string());
    world.desk().now.set(NOON + JWKS_RETRY_MILLIS);
    assert_eq!(status(&world, &token), 200);
    assert_eq!(status(&world, &token), 200);
    assert_eq!(fetches(), 2);

    let long = |claims: &mut Json| claims["exp"] = json!(NOON / 1000 + 100_000);
    let unknown = |n: u32| {
        let mut claims = claims();
        long(&mut claims);
        signer.sign(&format!(r#"{{"alg":"ES256","kid":"k{n}"}}"#), &claims.to_string())
    };
    for n in 0..50 {
        assert_eq!(status(&world, &unknown(n)), 401);
    }
    assert_eq!(fetches(), 2, "a minute has not passed since the last fetch");
    world.desk().now.set(NOON + JWKS_RETRY_MILLIS + JWKS_REFETCH_MILLIS);
    for n in 0..50 {
        assert_eq!(status(&world, &unknown(n)), 401);
    }
    assert_eq!(fetches(), 3);

    // Out of reach: they serve a while, and then nobody is believed.
    let token = signer.token(long);
    let fetched = world.desk().now.get();
    *world.desk().key_set.borrow_mut() = None;
    world.desk().now.set(fetched + JWKS_FRESH_MILLIS);
    assert_eq!(status(&world, &token), 200);
    assert_eq!(fetches(), 4);
    world.desk().now.set(fetched + JWKS_STALE_MILLIS);
    assert_eq!(status(&world, &token), 503);

    // A key that the issuer withdraws is soon worth nothing.
    *world.desk().key_set.borrow_mut() = Some(Signer::new().keys().to_string());
    world.desk().now.set(fetched + 2 * JWKS_STALE_MILLIS);
    assert_eq!(status(&world, &token), 401);
}

#[test]
fn sessions_end_in_every_way() {
    let yes = Value::Integer(1);
    let text = |text: &str| Value::Text(text.to_string());
    let ends: Vec<(&str, Value)> = vec![
        ("is_active", Value::Integer(0)),
        ("is_active", Value::Null),
        ("is_active", text("maybe")),
        ("expires_at", text("2026-01-01T12:00:00Z")),
        ("expires_at", text("2020-01-01 00:00:00")),
        ("expires_at", text("tomorrow")),
        ("expires_at", text("")),
        ("revoked_at", text("2026-01-01T11:00:00Z")),
        ("revoked_at", text("2027-01-01T00:00:00Z")),
        ("revoked_at", text("?")),
        ("revoked_at", Value::Integer(0)),
        ("user_id", Value::Null),
        ("user_id", text("")),
        ("session_token_hash", Value::Null),
        ("session_token_hash", text("token-ann")),
        ("session_token_hash", text(&sha256_hex(b"token-ann").to_uppercase())),
        ("mfa_verified", text("perhaps")),
    ];
    for (column, value) in ends {
        let world = World::new();
        assert_eq!(status(&world, "token-ann"), 200);
        world.set("SESSIONS", "s-ann", column, value.clone());
        assert_eq!(status(&world, "token-ann"), 401, "{column} = {value:?}");
    }
    let world = World::new();
    world.set("SESSIONS", "s-ann", "mfa_verified", Value::Null);
    assert_eq!(status(&world, "token-ann"), 200, "what is optional may be absent");
    world.set("SESSIONS", "s-bob", "session_token_hash", text(&sha256_hex(b"token-ann")));
    assert_eq!(status(&world, "token-ann"), 401, "two sessions with one token");
    world.set("SESSIONS", "s-bob", "is_active", yes);
}

#[test]
fn what_is_no_token_is_refused() {
    let world = World::new();
    for value in [
        "Bearer",
        "Bearer ",
        "Basic token-ann",
        "token-ann",
        "Bearer token-ann, Bearer token-bob",
        "Bearer a b",
        "Bearer token-ann\u{e9}",
        "Bearer  ",
    ] {
        let response = world.ask("GET /documents/d1", &[("authorization", value)]);
        assert_eq!(response.status(), 401, "{value:?}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    let twice = [("authorization", "Bearer token-ann"), ("authorization", "Bearer token-ann")];
    assert_eq!(world.ask("GET /documents/d1", &twice).status(), 401);
    assert_eq!(world.ask("GET /documents/d1", &[("authorization", "bearer token-ann")]).status(), 200);
    // A hash that leaked from the database is no token.
    assert_eq!(status(&world, &sha256_hex(b"token-ann")), 401);
    assert_eq!(world.reached(), 1);
}

/// Wycheproof's vectors for signatures in compact form. Those for algorithms that are not known here must be refused.
#[test]
fn wycheproof_agrees() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bad-input/json_web_signature_test.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let all: Json = serde_json::from_str(&text).unwrap();
    let believed = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
    let world = World::new();
    let (mut good, mut bad) = (0, 0);
    for group in all["testGroups"].as_array().unwrap() {
        let keys = Key::set_of(&json!({ "keys": [group["public"]] })).unwrap();
        for test in group["tests"].as_array().unwrap() {
            let Some(token) = test["jws"].as_str() else { continue };
            let says = test["result"] == "valid";
            let found = pollster::block_on(verified(token, &keys, &believed, world.desk()));
            let what = format!("{} {}: {found:?}", test["tcId"], test["comment"]);
            match found {
                Ok(_) => {
                    assert!(says, "believed: {what}");
                    good += 1;
                }
                Err(_) => {
                    let alg = group["public"]["alg"].as_str().unwrap_or_default();
                    let known = ["RS256", "PS256", "ES256"].contains(&alg);
                    // The header names another algorithm than the key, which RFC 7520's own example does.
                    let pinned = test["comment"].as_str().unwrap().starts_with("Figure20");
                    assert!(!says || !known || pinned, "not believed: {what}");
                    bad += 1;
                }
            }
        }
    }
    assert!(good >= 5 && bad >= 300, "{good} believed, {bad} not");
}
