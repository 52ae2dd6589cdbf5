// SPDX-License-Identifier: Apache-2.0
//! Tokens: which are believed, and all that are not.

use crate::world::{NOON, World, incoming};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use palisade::gateway::{
    Algorithm, Config, JWKS_FRESH_MILLIS, JWKS_PATIENCE_MILLIS, JWKS_REFETCH_MILLIS, JWKS_RETRY_MILLIS,
    JWKS_STALE_MILLIS, Key, MAX_REMEMBERED_TOKENS, SharedSecret, sha256_hex, verified,
};
use palisade::rows::Value;
use palisade::store::ApiKey;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
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
        self.world_with(json!({}))
    }

    /// The same, with more in the issuer's configuration.
    fn world_with(&self, more: Json) -> World {
        let mut fields = json!({ "jwks": self.keys() });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        World::with(&[("ISSUERS", &self.issuers(fields))])
    }

    /// A world whose issuer hands its keys out.
    fn world_by_url(&self) -> World {
        World::with(&[("ISSUERS", &self.issuers(json!({ "jwks_url": "https://id.example/jwks" })))])
    }

    fn issuers(&self, keys: Json) -> String {
        let mut issuer = json!({
            "issuer": ISSUER, "audiences": ["gate", "other"], "algorithms": ["ES256", "EdDSA"],
            "principal_type": "User", "clock_skew_seconds": 30,
        });
        issuer.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        issuer.as_object_mut().unwrap().retain(|_, value| !value.is_null());
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

/// A token that whoever has the secret can make.
fn hs256(secret: &[u8], header: &str, claims: &str) -> String {
    let input = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
    format!("{input}.{}", b64(tag.as_ref()))
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
    let world = signer.world_by_url();
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

/// Wycheproof's vectors for signatures in compact form: of the five algorithms, each valid one is believed, and no other.
#[test]
fn wycheproof_agrees() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bad-input/json_web_signature_test.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let all: Json = serde_json::from_str(&text).unwrap();
    let world = World::new();
    let mut good = BTreeMap::new();
    let mut bad = 0;
    for group in all["testGroups"].as_array().unwrap() {
        // A group of HMAC has a secret, which is never read from a key set.
        let (named, keys, believed) = match group.get("public") {
            Some(public) => {
                let keys = Key::set_of(&json!({ "keys": [public] })).unwrap();
                let believed = vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
                (public, keys, believed)
            }
            None => {
                let private = &group["private"];
                assert!(Key::set_of(&json!({ "keys": [private] })).unwrap().is_empty());
                let secret = SharedSecret::read(private["k"].as_str().unwrap()).unwrap();
                (private, vec![Key::shared(secret)], vec![Algorithm::Hs256])
            }
        };
        let alg = named["alg"].as_str().unwrap_or_default();
        let is_known = ["RS256", "PS256", "ES256", "EdDSA", "HS256"].contains(&alg);
        let tests = group["tests"].as_array().unwrap();
        let valid: Vec<&Json> =
            tests.iter().filter(|test| test["result"] == "valid").map(|test| &test["jws"]).collect();
        for test in tests {
            let Some(token) = test["jws"].as_str() else { continue };
            // 367 and 370 are called invalid, and are byte for byte what 357 calls valid: the padding that they are named
            // for got lost.
            let says = valid.contains(&&test["jws"]);
            let found = pollster::block_on(verified(token, &keys, &believed, world.desk()));
            let what = format!("{} {} {alg}: {found:?}", test["tcId"], test["comment"]);
            match found {
                Ok(_) => {
                    assert!(says, "believed: {what}");
                    *good.entry(alg.to_string()).or_insert(0) += 1;
                }
                Err(_) => {
                    // Figure 20 is RFC 7520's own example, whose header names another algorithm than its key. The others
                    // have a `?` inside, which is no base64url (RFC 7515 2, RFC 4648 3.3).
                    let comment = test["comment"].as_str().unwrap();
                    let stricter =
                        ["Figure20", "InvalidCharacterInsertedIn"].iter().any(|own| comment.starts_with(own));
                    assert!(!says || !is_known || stricter, "not believed: {what}");
                    bad += 1;
                }
            }
        }
    }
    assert!(["RS256", "PS256", "ES256", "HS256"].iter().all(|alg| good.contains_key(*alg)), "{good:?}");
    assert!(good["HS256"] >= 8 && bad >= 330, "{good:?} believed, {bad} not");
}

const SECRET: &[u8] = b"thirty-two bytes that two share!";

/// A world whose issuer shares a secret with the gate.
fn world_of_a_secret() -> World {
    let issuers = json!([{
        "issuer": ISSUER, "audiences": ["gate"], "algorithms": ["HS256"], "secret": "ID_SECRET", "principal_type": "User",
    }]);
    World::with(&[("ISSUERS", &issuers.to_string()), ("ID_SECRET", &b64(SECRET))])
}

#[test]
fn a_shared_secret_signs_where_the_issuer_has_one_and_nowhere_else() {
    let world = world_of_a_secret();
    let claims = claims().to_string();
    for header in [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","kid":"whatever","typ":"JWT"}"#] {
        assert_eq!(status(&world, &hs256(SECRET, header, &claims)), 200, "{header}");
    }
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":"RS256"}"#,
    ] {
        assert_eq!(status(&world, &hs256(SECRET, header, &claims)), 401, "{header}");
    }
    for secret in [&b""[..], b"thirty-two bytes that two share?", &SECRET[..31]] {
        assert_eq!(status(&world, &hs256(secret, r#"{"alg":"HS256"}"#, &claims)), 401);
    }
    let good = hs256(SECRET, r#"{"alg":"HS256"}"#, &claims);
    let (input, tag) = good.rsplit_once('.').unwrap();
    for other in ["", &tag[..40], &format!("{tag}AA")] {
        assert_eq!(status(&world, &format!("{input}.{other}")), 401, "{other}");
    }
    let signer = Signer::new();
    assert_eq!(status(&world, &signer.token(|_| ())), 401, "signed by a key pair");
}

#[test]
fn no_public_key_passes_for_a_secret() {
    let signer = Signer::new();
    let world = signer.world();
    let set = signer.keys();
    let point = signer.ec.public_key().as_ref().to_vec();
    let claims = claims().to_string();
    let known: Vec<Vec<u8>> = vec![
        point.clone(),
        point[1..].to_vec(),
        point[1..33].to_vec(),
        signer.ed.public_key().as_ref().to_vec(),
        set["keys"][0].to_string().into_bytes(),
        set.to_string().into_bytes(),
        b"secret".to_vec(),
    ];
    for secret in &known {
        for kid in ["ec", "ed", "shared"] {
            let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
            assert_eq!(status(&world, &hs256(secret, &header, &claims)), 401, "{kid}");
        }
    }
    // Nor does a shared one that an issuer hands out by mistake, whatever the set says of it.
    let long = b64(SECRET);
    let oct = json!({ "kty": "oct", "kid": "oct", "alg": "HS256", "use": "sig", "k": long });
    assert!(Key::set_of(&json!({ "keys": [oct] })).unwrap().is_empty());
}

#[test]
fn a_wrong_issuer_is_named_and_nothing_is_served() {
    let good = json!({ "issuer": ISSUER, "audiences": ["a"], "algorithms": ["ES256"], "jwks_url": "https://i/" });
    let secret = json!({ "algorithms": ["HS256"], "secret": "ID_SECRET", "jwks_url": null });
    let with = |base: &Json, more: Json| {
        let mut issuer = good.as_object().unwrap().clone();
        issuer.extend(base.as_object().unwrap().clone());
        issuer.extend(more.as_object().unwrap().clone());
        issuer.retain(|_, value| !value.is_null());
        json!([issuer]).to_string()
    };
    let read = |issuers: &str, kept: Option<&str>| {
        Config::read(|name| match name {
            "ISSUERS" => Some(issuers.to_string()),
            "ID_SECRET" => kept.map(str::to_string),
            _ => None,
        })
    };
    let none = json!({});
    let right = b64(SECRET);
    for (base, more, kept) in [
        (&none, json!({}), None),
        (&secret, json!({}), Some(right.as_str())),
        (&none, json!({ "header": "Cf-Access-Jwt-Assertion" }), None),
        (&none, json!({ "principal_claim": "/realm/a~1b/0" }), None),
        (&none, json!({ "principal_types": { "claim": "k", "values": { "u": "User" } } }), None),
        (&none, json!({ "require": { "a": true, "b": ["x", 1], "/c/d": "y" }, "max_age_seconds": 60 }), None),
    ] {
        let issuers = with(base, more);
        assert!(read(&issuers, kept).is_ok(), "{issuers}");
    }
    for (base, more, kept, said) in [
        (&secret, json!({}), None, "ID_SECRET, which is not there"),
        (&secret, json!({}), Some("short"), "ID_SECRET"),
        (&secret, json!({}), Some(&b64(&SECRET[..31])), "fewer than 32"),
        (&secret, json!({}), Some("thirty-two bytes that two share!!!!!!!!!!!!!"), "not base64url"),
        (&secret, json!({ "jwks_url": "https://i/" }), Some(&right), "no `jwks_url`"),
        (&secret, json!({ "jwks": { "keys": [] } }), Some(&right), "no `jwks`"),
        (&secret, json!({ "algorithms": ["HS256", "ES256"] }), Some(&right), "alone"),
        (&secret, json!({ "algorithms": ["ES256"] }), Some(&right), "alone"),
        (&none, json!({ "algorithms": ["HS256"] }), None, "`secret`"),
        (&none, json!({ "algorithms": ["ES256", "HS256"] }), None, "`secret`"),
        (&none, json!({ "header": "Authorization" }), None, "means something else"),
        (&none, json!({ "header": "cookie" }), None, "means something else"),
        (&none, json!({ "header": "Palisade-Principal" }), None, "means something else"),
        (&none, json!({ "header": "palisade_principal" }), None, "means something else"),
        (&none, json!({ "header": "Content-Type" }), None, "means something else"),
        (&none, json!({ "header": "a b" }), None, "no name of a header"),
        (&none, json!({ "header": 1 }), None, "`header` is no text"),
        (&none, json!({ "principal_claim": "/a~b" }), None, "RFC 6901"),
        (&none, json!({ "principal_types": {} }), None, "`principal_types`"),
        (&none, json!({ "principal_types": { "claim": "k", "values": {} } }), None, "`principal_types`"),
        (&none, json!({ "principal_types": { "claim": "k", "values": { "u": 1 } } }), None, "`principal_types`"),
        (
            &none,
            json!({ "principal_type": "User", "principal_types": { "claim": "k", "values": { "u": "User" } } }),
            None,
            "both",
        ),
        (&none, json!({ "require": [] }), None, "`require`"),
        (&none, json!({ "require": { "a": [] } }), None, "`require`"),
        (&none, json!({ "require": { "a": {} } }), None, "`require`"),
        (&none, json!({ "require": { "a": 1.5 } }), None, "`require`"),
        (&none, json!({ "require": { "/a~": 1 } }), None, "RFC 6901"),
        (&none, json!({ "max_age_seconds": 0 }), None, "`max_age_seconds`"),
        (&none, json!({ "max_age_seconds": "60" }), None, "`max_age_seconds`"),
    ] {
        let issuers = with(base, more);
        let error = read(&issuers, kept).unwrap_err();
        assert!(error.0.starts_with("ISSUERS: ") && error.0.contains(said), "{issuers}: {error}");
        assert!(kept.is_none_or(|kept| !error.0.contains(kept)), "the secret is told: {error}");
    }
    let config = read(&with(&secret, json!({})), Some(&right)).unwrap();
    assert!(!format!("{config:?}").contains("thirty") && !format!("{config:?}").contains("116, 104"), "{config:?}");
}

#[test]
fn a_token_is_no_older_than_its_issuer_allows() {
    let signer = Signer::new();
    let world = signer.world_with(json!({ "max_age_seconds": 600 }));
    let now = NOON / 1000;
    // The thirty seconds that clocks may differ are on top.
    for (iat, wanted) in [
        (json!(now), 200),
        (json!(now - 629), 200),
        (json!(now - 630), 401),
        (json!(now + 30), 200),
        (json!(now + 31), 401),
        (json!("0"), 401),
        (Json::Null, 401),
    ] {
        let token = signer.token(|claims| match iat {
            Json::Null => drop(claims.as_object_mut().unwrap().remove("iat")),
            ref iat => claims["iat"] = iat.clone(),
        });
        assert_eq!(status(&world, &token), wanted, "{iat}");
    }
    // One that is remembered ends just then, too.
    let token = signer.token(|claims| claims["exp"] = json!(now + 100_000));
    assert_eq!(status(&world, &token), 200);
    world.desk().now.set(NOON + 629_999);
    assert_eq!(status(&world, &token), 200);
    world.desk().now.set(NOON + 630_000);
    assert_eq!(status(&world, &token), 401);
}

#[test]
fn the_principal_is_whom_the_configured_claim_names() {
    let signer = Signer::new();
    for (pointer, more, wanted) in [
        ("sub", json!({}), 200),
        ("email", json!({ "email": "ann" }), 200),
        ("email", json!({}), 401),
        ("https://id.example/user", json!({ "https://id.example/user": "ann" }), 200),
        ("/realm/user/id", json!({ "realm": { "user": { "id": "ann" } } }), 200),
        ("/realm/user/id", json!({ "realm": { "user": "ann" } }), 401),
        ("/realm/user/id", json!({ "/realm/user/id": "ann" }), 401),
        ("realm.user", json!({ "realm": { "user": "ann" } }), 401),
        ("/a~1b/1", json!({ "a/b": ["bob", "ann"] }), 200),
        ("/a~1b/2", json!({ "a/b": ["bob", "ann"] }), 401),
        ("/a~1b", json!({ "a/b": ["ann"] }), 401),
        ("/sub", json!({}), 200),
    ] {
        let world = signer.world_with(json!({ "principal_claim": pointer }));
        let token = signer.token(|claims| claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone()));
        assert_eq!(status(&world, &token), wanted, "{pointer} of {more}");
    }
}

#[test]
fn a_claim_may_choose_the_principals_type() {
    let signer = Signer::new();
    let types = json!({ "claim": "/meta/kind", "values": { "user": "User", "ghost": "Ghost" } });
    let world = signer.world_with(json!({ "principal_type": null, "principal_types": types }));
    for (kind, wanted) in [
        (json!("user"), 200),
        (json!("User"), 401),
        (json!("robot"), 401),
        (json!(["user"]), 401),
        (json!(true), 401),
        (Json::Null, 401),
        // A type that the model does not have is a fault of the configuration.
        (json!("ghost"), 503),
    ] {
        let token = signer.token(|claims| claims["meta"] = json!({ "kind": kind }));
        assert_eq!(status(&world, &token), wanted, "{kind}");
    }
    assert_eq!(status(&world, &signer.token(|_| ())), 401, "without the claim");
}

#[test]
fn required_claims_have_one_of_their_values() {
    let signer = Signer::new();
    let require = json!({ "email_verified": true, "tenant": ["a", "b"], "/acr/level": 2 });
    let world = signer.world_with(json!({ "require": require }));
    let good = json!({ "email_verified": true, "tenant": "b", "acr": { "level": 2 } });
    for (claim, value, wanted) in [
        ("tenant", json!("a"), 200),
        ("tenant", json!("c"), 401),
        ("tenant", json!(["a"]), 401),
        ("tenant", json!(""), 401),
        ("tenant", Json::Null, 401),
        ("email_verified", json!(false), 401),
        ("email_verified", json!("true"), 401),
        ("email_verified", json!(1), 401),
        ("acr", json!({ "level": 3 }), 401),
        ("acr", json!({ "level": "2" }), 401),
        ("acr", json!(2), 401),
    ] {
        let token = signer.token(|claims| {
            let claims = claims.as_object_mut().unwrap();
            claims.extend(good.as_object().unwrap().clone());
            claims.insert(claim.to_string(), value.clone());
        });
        assert_eq!(status(&world, &token), wanted, "{claim} = {value}");
    }
    assert_eq!(status(&world, &signer.token(|_| ())), 401, "without the claims");
}

/// Two issuers, of which the first has a header of its own, as Cloudflare Access does.
fn world_of_access(access: &Signer, other: &Signer) -> World {
    let mut first: Json = serde_json::from_str(&access.issuers(json!({ "jwks": access.keys() }))).unwrap();
    let second: Json = serde_json::from_str(&other.issuers(json!({ "jwks": other.keys() }))).unwrap();
    let mut first = first[0].take();
    first["issuer"] = json!("https://team.cloudflareaccess.com");
    first["header"] = json!("Cf-Access-Jwt-Assertion");
    World::with(&[("ISSUERS", &json!([first, second[0]]).to_string()), ("TOKEN_COOKIE", "sid")])
}

#[test]
fn two_credentials_that_differ_are_refused() {
    let (access, other) = (Signer::new(), Signer::new());
    let world = world_of_access(&access, &other);
    let of_access = |who: &str| {
        access.token(|claims| {
            claims["iss"] = json!("https://team.cloudflareaccess.com");
            claims["sub"] = json!(who);
        })
    };
    let (ann, ann_too) = (of_access("ann"), of_access("bob"));
    let (elsewhere, strange) = (other.token(|_| ()), Signer::new().token(|_| ()));
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let cookie = |token: &str| ("cookie", format!("sid={token}"));
    let header = |token: &str| ("cf-access-jwt-assertion", token.to_string());
    // What is brought, the headers, the status.
    type Brought = (&'static str, Vec<(&'static str, String)>, u16);
    let cases: Vec<Brought> = vec![
        ("the issuer's header", vec![header(&ann)], 200),
        ("another issuer's token as a bearer", vec![bearer(&elsewhere)], 200),
        ("another issuer's token in the cookie", vec![cookie(&elsewhere)], 200),
        ("a session as a bearer", vec![bearer("token-ann")], 200),
        ("bearer and cookie alike", vec![bearer("token-ann"), cookie("token-ann")], 200),
        ("header and bearer alike", vec![header(&ann), bearer(&ann)], 200),
        ("all three alike", vec![header(&ann), bearer(&ann), cookie(&ann)], 200),
        // Access sets this cookie as well. It is no credential here.
        ("the cookie of Access beside its header", vec![header(&ann), ("cookie", "CF_Authorization=x".into())], 200),
        ("the cookie of Access alone", vec![("cookie", format!("CF_Authorization={ann}"))], 401),
        ("the issuer's token as a bearer", vec![bearer(&ann)], 401),
        ("the issuer's token in the cookie", vec![cookie(&ann)], 401),
        ("the issuer's token in both, and not in its header", vec![bearer(&ann), cookie(&ann)], 401),
        ("another issuer's token in the header", vec![header(&elsewhere)], 401),
        ("a stranger's token in the header", vec![header(&strange)], 401),
        ("a session in the header", vec![header("token-ann")], 401),
        ("nothing in the header", vec![header("")], 401),
        ("header and session, of one person", vec![header(&ann), bearer("token-ann")], 400),
        ("header and session, of two", vec![header(&ann), bearer("token-bob")], 400),
        ("header and another issuer's bearer, of one person", vec![header(&ann), bearer(&elsewhere)], 400),
        ("two tokens of the issuer", vec![header(&ann), bearer(&ann_too)], 400),
        ("header and cookie", vec![header(&ann), cookie("token-ann")], 400),
        ("bearer and cookie", vec![bearer("token-ann"), cookie("token-bob")], 400),
        ("the third differs", vec![bearer(&ann), cookie(&ann), header(&ann_too)], 400),
        ("a good one and a broken one", vec![header(&ann), bearer("broken")], 400),
        ("the header twice", vec![header(&ann), header(&ann)], 400),
        ("a bearer twice", vec![bearer(&elsewhere), bearer(&elsewhere)], 401),
        ("a header that is none and a session", vec![header("a b"), bearer("token-ann")], 401),
    ];
    for (what, headers, wanted) in cases {
        // Twice: what is remembered of a token must not open another place for it.
        for _ in 0..2 {
            let before = world.reached();
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let response = world.ask("GET /documents/d1", &headers);
            assert_eq!(response.status(), wanted, "{what}: {}", world.last_log());
            assert_eq!(world.reached() - before, usize::from(wanted == 200), "{what}");
            if wanted == 200 {
                assert_eq!(world.last_reached().headers["palisade-principal"], "User::\"ann\"", "{what}");
            }
            if wanted == 400 {
                assert_eq!(world.last_log()["code"], "two-tokens", "{what}");
            }
        }
    }
}

#[test]
fn an_issuers_header_never_reaches_the_origin() {
    let (access, other) = (Signer::new(), Signer::new());
    let world = world_of_access(&access, &other);
    let token = access.token(|claims| claims["iss"] = json!("https://team.cloudflareaccess.com"));
    let names = [
        "cf-access-jwt-assertion",
        "cf_access_jwt_assertion",
        "cf-access-authenticated-user-email",
        "cf_access_authenticated_user_email",
    ];
    let headers = names.map(|name| (name, if name == names[0] { token.as_str() } else { "root@example.com" }));
    for path in ["GET /documents/d1", "GET /public/x"] {
        assert_eq!(world.ask(path, &headers).status(), 200, "{path}");
        for name in names {
            assert!(!world.last_reached().headers.contains_key(name), "{path}: {name}");
        }
    }
    // In another spelling it is not read, either.
    assert_eq!(world.ask("GET /documents/d1", &[("cf_access_jwt_assertion", &token)]).status(), 401);
}

#[test]
fn a_token_that_was_believed_is_not_checked_again_while_that_holds() {
    let signer = Signer::new();
    let world = signer.world();
    let checks = || world.desk().checks.get();
    let token = signer.token(|_| ());
    for _ in 0..5 {
        assert_eq!(status(&world, &token), 200);
    }
    assert_eq!(checks(), 1);
    // It ends when it ends: 300 seconds, and 30 for the clocks.
    world.desk().now.set(NOON + 329_999);
    assert_eq!((status(&world, &token), checks()), (200, 1));
    world.desk().now.set(NOON + 330_000);
    assert_eq!(status(&world, &token), 401);
    // A clock that goes back knows nothing of what was checked later.
    let token = signer.token(|claims| claims["exp"] = json!(NOON / 1000 + 10_000));
    assert_eq!((status(&world, &token), checks()), (200, 3));
    world.desk().now.set(NOON);
    assert_eq!((status(&world, &token), checks()), (200, 4));
    assert_eq!((status(&world, &token), checks()), (200, 4));
}

#[test]
fn what_was_not_believed_is_not_remembered() {
    let signer = Signer::new();
    let world = signer.world();
    let early = signer.token(|claims| claims["nbf"] = json!(NOON / 1000 + 100));
    assert_eq!(status(&world, &early), 401);
    world.desk().now.set(NOON + 100_000);
    assert_eq!(status(&world, &early), 200, "its time has come");
    let strange = Signer::new().token(|_| ());
    let before = world.desk().checks.get();
    for _ in 0..3 {
        assert_eq!(status(&world, &strange), 401);
    }
    assert_eq!(world.desk().checks.get(), before + 3);
}

#[test]
fn a_revoked_or_unknown_principal_is_not_remembered_as_anything() {
    let signer = Signer::new();
    let world = signer.world();
    let token = signer.token(|_| ());
    assert_eq!(status(&world, &token), 200);
    world.set("USERS", "ann", "is_active", Value::Integer(0));
    assert_eq!(status(&world, &token), 403, "who asks is remembered, what they may is not");
}

#[test]
fn as_many_tokens_are_remembered_as_the_limit_says() {
    let signer = Signer::new();
    let world = signer.world();
    let header = r#"{"alg":"EdDSA","kid":"ed"}"#;
    let token = |n: usize| {
        let mut claims = claims();
        claims["jti"] = json!(n);
        signer.sign(header, &claims.to_string())
    };
    let ask = |n: usize| {
        let before = world.desk().checks.get();
        assert_eq!(status(&world, &token(n)), 200);
        world.desk().checks.get() - before
    };
    assert_eq!(ask(0), 1);
    for n in 1..MAX_REMEMBERED_TOKENS / 2 {
        ask(n);
    }
    world.desk().log.borrow_mut().clear();
    assert_eq!(ask(0), 0, "half of them stay whatever comes");
    for n in 1_000..1_000 + MAX_REMEMBERED_TOKENS {
        ask(n);
        if n % 100 == 0 {
            world.desk().log.borrow_mut().clear();
            assert_eq!(ask(0), 0, "one that is used stays");
        }
    }
    assert_eq!(ask(1), 1, "one that nobody used is forgotten");
}

#[test]
fn what_is_remembered_ends_with_the_keys_that_showed_it() {
    let signer = Signer::new();
    let world = signer.world_by_url();
    let checks = || world.desk().checks.get();
    let later = |millis| world.desk().now.set(world.desk().now.get() + millis);
    *world.desk().key_set.borrow_mut() = Some(signer.keys().to_string());
    let token = signer.token(|claims| claims["exp"] = json!(NOON / 1000 + 1_000_000));
    assert_eq!((status(&world, &token), checks()), (200, 1));
    assert_eq!((status(&world, &token), checks()), (200, 1));
    // The same keys again: fetched, and nothing forgotten but by whoever fetched.
    later(JWKS_FRESH_MILLIS);
    assert_eq!((status(&world, &token), world.desk().key_fetches.get()), (200, 2));
    let known = checks();
    assert_eq!((status(&world, &token), checks()), (200, known));
    // Another name makes the gate fetch, and the keys are others by now.
    *world.desk().key_set.borrow_mut() = Some(Signer::new().keys().to_string());
    later(JWKS_REFETCH_MILLIS);
    let mut other = claims();
    other["exp"] = json!(NOON / 1000 + 1_000_000);
    assert_eq!(status(&world, &signer.sign(r#"{"alg":"ES256","kid":"new"}"#, &other.to_string())), 401);
    assert_eq!(status(&world, &token), 401, "its key is withdrawn");
    // Back again, and then out of reach: it serves as long as the keys do.
    *world.desk().key_set.borrow_mut() = Some(signer.keys().to_string());
    later(JWKS_FRESH_MILLIS);
    assert_eq!(status(&world, &token), 200);
    *world.desk().key_set.borrow_mut() = None;
    let fetched = world.desk().now.get();
    later(JWKS_STALE_MILLIS - 1);
    assert_eq!(status(&world, &token), 200);
    let (known, fetches) = (checks(), world.desk().key_fetches.get());
    assert_eq!((status(&world, &token), checks()), (200, known), "nor is it checked anew at each request meanwhile");
    assert_eq!(world.desk().key_fetches.get(), fetches);
    world.desk().now.set(fetched + JWKS_STALE_MILLIS);
    assert_eq!(status(&world, &token), 503);
}

#[test]
fn requests_that_come_at_once_fetch_the_keys_once() {
    let signer = Signer::new();
    let token = |kid: &str| {
        let mut claims = claims();
        claims["exp"] = json!(NOON / 1000 + 1_000_000);
        format!("Bearer {}", signer.sign(&format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), &claims.to_string()))
    };
    let (good, unknown) = (token("ec"), token("unknown"));
    let ask = |token: &str| incoming("GET /documents/d1", &[("authorization", token)], b"");
    let statuses = |world: &World, tokens: &[&str]| -> Vec<u16> {
        let answers = world.send_at_once(tokens.iter().map(|token| ask(token)).collect());
        answers.iter().map(|answer| answer.status().as_u16()).collect()
    };
    // A new isolate, and everybody comes at once.
    let world = signer.world_by_url();
    let fetches = || world.desk().key_fetches.get();
    *world.desk().key_set.borrow_mut() = Some(signer.keys().to_string());
    world.desk().key_set_takes.set(5);
    assert_eq!(statuses(&world, &[good.as_str(); 20]), [200; 20]);
    assert_eq!(fetches(), 1);
    // Due again: one fetches, the others use what there is.
    world.desk().now.set(NOON + JWKS_FRESH_MILLIS);
    assert_eq!(statuses(&world, &[good.as_str(); 20]), [200; 20]);
    assert_eq!(fetches(), 2);
    // Made-up names wait for one fetch together, and those that are known do not.
    world.desk().now.set(NOON + JWKS_FRESH_MILLIS + JWKS_REFETCH_MILLIS + 1_000);
    let both = [unknown.as_str(), &good, &unknown, &good];
    assert_eq!(statuses(&world, &both), [401, 200, 401, 200]);
    assert_eq!(fetches(), 3);
    assert_eq!(statuses(&world, &both), [401, 200, 401, 200]);
    assert_eq!(fetches(), 3, "that the name is unknown is remembered");

    // Nobody answers: one attempt for all of them, and the next one a while later.
    let world = signer.world_by_url();
    world.desk().key_set_takes.set(5);
    assert_eq!(statuses(&world, &[good.as_str(); 20]), [503; 20]);
    assert_eq!(world.desk().key_fetches.get(), 1);
    world.desk().now.set(world.desk().now.get() + JWKS_RETRY_MILLIS);
    *world.desk().key_set.borrow_mut() = Some(signer.keys().to_string());
    assert_eq!(statuses(&world, &[good.as_str(); 3]), [200; 3]);
}

#[test]
fn a_fetch_that_died_with_its_request_holds_nobody_up_for_long() {
    let signer = Signer::new();
    let world = signer.world_by_url();
    let token = format!("Bearer {}", signer.token(|_| ()));
    let ask = || incoming("GET /documents/d1", &[("authorization", token.as_str())], b"");
    *world.desk().key_set.borrow_mut() = Some(signer.keys().to_string());
    world.desk().key_set_takes.set(1);
    world.give_up(ask());
    assert_eq!(world.desk().key_fetches.get(), 1);
    assert_eq!(world.send(ask()).status(), 200);
    assert_eq!(world.desk().key_fetches.get(), 2);
    let waited = world.desk().now.get() - NOON;
    assert!((JWKS_PATIENCE_MILLIS..JWKS_PATIENCE_MILLIS + 100).contains(&waited), "{waited}");
}

fn api_key(id: &str, principal: Option<&str>, may: &str) -> ApiKey {
    ApiKey {
        id: id.to_string(),
        key_hash: sha256_hex(format!("pk_{id}").as_bytes()),
        name: format!("the {id}"),
        principal: principal.map(str::to_string),
        may: may.to_string(),
        expires: Value::Null,
        revoked: false,
    }
}

/// What a key may, by what its row says: a route as its principal, and a question as a service.
#[test]
fn an_api_key_is_worth_what_its_row_says() {
    let text = |text: &str| Value::Text(text.to_string());
    let good = || api_key("k", Some("User::\"ann\""), r#"["evaluate"]"#);
    let cases: Vec<(&str, ApiKey, u16, u16)> = vec![
        ("both", good(), 200, 200),
        ("for bob", ApiKey { principal: Some("User::\"bob\"".into()), ..good() }, 200, 200),
        ("for one who may not", ApiKey { principal: Some("User::\"eve\"".into()), ..good() }, 403, 200),
        ("for one who is not there", ApiKey { principal: Some("User::\"nobody\"".into()), ..good() }, 403, 200),
        ("no principal", ApiKey { principal: None, ..good() }, 401, 200),
        ("nothing as principal", ApiKey { principal: Some(String::new()), ..good() }, 401, 200),
        ("no literal", ApiKey { principal: Some("ann".into()), ..good() }, 401, 200),
        ("half a literal", ApiKey { principal: Some("User::\"ann".into()), ..good() }, 401, 200),
        ("two literals", ApiKey { principal: Some("User::\"ann\" User::\"bob\"".into()), ..good() }, 401, 200),
        ("an empty id", ApiKey { principal: Some("User::\"\"".into()), ..good() }, 401, 200),
        ("no principal's type", ApiKey { principal: Some("Document::\"d1\"".into()), ..good() }, 401, 200),
        ("no type of the model", ApiKey { principal: Some("Service::\"ann\"".into()), ..good() }, 401, 200),
        ("nothing else", ApiKey { may: "[]".into(), ..good() }, 200, 403),
        ("other things", ApiKey { may: r#"["metrics","log"]"#.into(), ..good() }, 200, 403),
        ("several things", ApiKey { may: r#"["log","evaluate"]"#.into(), ..good() }, 200, 200),
        ("another case", ApiKey { may: r#"["Evaluate"]"#.into(), ..good() }, 200, 403),
        ("a list that is none", ApiKey { may: "evaluate".into(), ..good() }, 200, 403),
        ("a text and no list", ApiKey { may: r#""evaluate""#.into(), ..good() }, 200, 403),
        ("a list of more than texts", ApiKey { may: r#"["evaluate",1]"#.into(), ..good() }, 200, 403),
        ("half a list", ApiKey { may: r#"["evaluate""#.into(), ..good() }, 200, 403),
        ("revoked", ApiKey { revoked: true, ..good() }, 401, 401),
        ("ends later", ApiKey { expires: text("2026-01-01T12:00:00.001Z"), ..good() }, 200, 200),
        ("ends later, in seconds", ApiKey { expires: Value::Integer(NOON / 1000 + 1), ..good() }, 200, 200),
        ("ends now", ApiKey { expires: text("2026-01-01T12:00:00Z"), ..good() }, 401, 401),
        ("ended", ApiKey { expires: Value::Integer(0), ..good() }, 401, 401),
        ("ends at no time", ApiKey { expires: text("tomorrow"), ..good() }, 401, 401),
        ("ends at nothing", ApiKey { expires: text(""), ..good() }, 401, 401),
        ("ends at bytes", ApiKey { expires: Value::Blob(vec![]), ..good() }, 401, 401),
        ("another hash", ApiKey { key_hash: sha256_hex(b"pk_other"), ..good() }, 401, 401),
        ("the key for its hash", ApiKey { key_hash: "pk_k".into(), ..good() }, 401, 401),
    ];
    let question =
        br#"{"subject":{"type":"User","id":"ann"},"resource":{"type":"Document","id":"d1"},"action":{"name":"READ"}}"#;
    for (what, key, on_route, as_service) in cases {
        let world = World::new();
        world.paper().store.borrow_mut().put_key(key);
        assert_eq!(status(&world, "pk_k"), on_route, "{what}: {}", world.last_log());
        let headers = [("authorization", "Bearer pk_k"), ("content-type", "application/json")];
        let response = world.ask_with("POST /.palisade/access/v1/evaluation", &headers, question);
        assert_eq!(response.status(), as_service, "{what}: {}", world.last_log());
        for line in world.desk().log.borrow().iter() {
            assert!(!line.contains("pk_k") && !line.contains(&sha256_hex(b"pk_k")), "{what}: {line}");
        }
    }
}

#[test]
fn an_api_key_comes_as_a_bearer_token_alone() {
    let world = World::with(&[("TOKEN_COOKIE", "sid")]);
    world.paper().store.borrow_mut().put_key(api_key("k", Some("User::\"ann\""), "[]"));
    let ask = |headers: &[(&str, &str)]| world.ask("GET /documents/d1", headers).status().as_u16();
    assert_eq!(ask(&[("authorization", "Bearer pk_k")]), 200);
    assert_eq!(ask(&[("authorization", "Bearer pk_k"), ("cookie", "sid=pk_k")]), 200);
    assert_eq!(ask(&[("cookie", "sid=pk_k")]), 401);
    assert_eq!(ask(&[("authorization", "Bearer pk_k"), ("cookie", "sid=token-ann")]), 400);
    assert_eq!(ask(&[("authorization", "Bearer pk_x")]), 401);
    assert_eq!(ask(&[("authorization", "Bearer pk_")]), 401);
    assert_eq!(ask(&[("authorization", "Bearer k")]), 401);
    // Not a session's token either, whatever stands in that table.
    world.set("SESSIONS", "s-ann", "session_token_hash", Value::Text(sha256_hex(b"pk_session")));
    assert_eq!(ask(&[("authorization", "Bearer pk_session")]), 401);
    world.paper().fail.set(true);
    assert_eq!(ask(&[("authorization", "Bearer pk_k")]), 503);
}

#[test]
fn a_service_may_what_its_key_says() {
    let setting = sha256_hex(b"key-of-the-crm");
    let world = World::with(&[("PALISADE_API_KEY_SHA256", &setting)]);
    for (id, may) in [("asks", r#"["evaluate"]"#), ("reads", r#"["metrics","log"]"#), ("none", "[]")] {
        world.paper().store.borrow_mut().put_key(api_key(id, None, may));
    }
    for (key, may, wanted) in [
        ("pk_asks", "evaluate", Ok("the asks")),
        ("pk_asks", "metrics", Err(403)),
        ("pk_asks", "log", Err(403)),
        ("pk_reads", "metrics", Ok("the reads")),
        ("pk_reads", "log", Ok("the reads")),
        ("pk_reads", "evaluate", Err(403)),
        ("pk_none", "evaluate", Err(403)),
        ("pk_other", "evaluate", Err(401)),
        // The setting is for questions, as it always was, and for whoever watches over the gate.
        ("key-of-the-crm", "evaluate", Ok("PALISADE_API_KEY_SHA256")),
        ("key-of-the-crm", "metrics", Ok("PALISADE_API_KEY_SHA256")),
        ("key-of-the-crm", "log", Err(403)),
        ("key-of-the-crm", "", Err(403)),
        ("token-ann", "evaluate", Err(401)),
        ("", "evaluate", Err(401)),
    ] {
        let request = incoming("GET /", &[("authorization", &format!("Bearer {key}"))], b"");
        let found = pollster::block_on(world.gate.service(&request.headers, may));
        let found = found.map(|service| service.name).map_err(|refusal| refusal.status.as_u16());
        assert_eq!(found, wanted.map(str::to_string), "{key} {may}");
    }
    let nothing = incoming("GET /", &[], b"");
    let found = pollster::block_on(world.gate.service(&nothing.headers, "evaluate"));
    assert_eq!(found.map_err(|refusal| refusal.status.as_u16()), Err(401));
    // What is no key of a row is not looked for in the database.
    let asked = world.paper().asked.borrow().iter().filter(|what| **what == "key").count();
    assert_eq!(asked, 8);
}
