// SPDX-License-Identifier: Apache-2.0
//! What the origin is told, signed: who asks, for this request alone.

use crate::world::{NOON, World, bearer, bundle_of};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use palisade::gateway::{ASSERTION_SECONDS, Algorithm, Config, KEYS_PATH, Key, sha256_hex, verified};
use palisade::rows::{Rows, TableRows, Value};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};

const ORIGIN: &str = "https://app.example:8443";

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A private key on P-256, as a JWK. In PKCS #8 of `ring` the scalar begins at byte 36.
fn p256(kid: &str) -> Json {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let d = b64(&pkcs8.as_ref()[36..68]);
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": b64(&point[1..33]), "y": b64(&point[33..]), "d": d })
}

/// A private Ed25519 key, as a JWK. In PKCS #8 (RFC 8410) the seed begins at byte 16.
fn ed25519(kid: &str) -> Json {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let (x, d) = (b64(pair.public_key().as_ref()), b64(&pkcs8.as_ref()[16..48]));
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": "EdDSA", "use": "sig", "key_ops": ["sign"], "x": x, "d": d })
}

fn set(keys: &[&Json]) -> String {
    json!({ "keys": keys }).to_string()
}

fn world(keys: &str, more: &[(&str, &str)]) -> World {
    World::with(&[&[("ASSERTION_KEYS", keys), ("ORIGIN", ORIGIN)], more].concat())
}

/// A request to where the gate may be said to be.
fn at_home(request: &str) -> String {
    request.replacen(" /", " https://gate.example/", 1)
}

/// The set that a gate publishes.
fn published(world: &World) -> Json {
    let response = world.ask(&at_home(&format!("GET {KEYS_PATH}")), &[]);
    assert_eq!(response.status(), 200);
    serde_json::from_slice(response.body()).unwrap()
}

/// What the last request that reached the origin says, checked by these keys as an origin would; its `kid`, too.
fn said(world: &World, keys: &Json) -> Result<(String, Json), &'static str> {
    let headers = world.last_reached().headers;
    let all: Vec<&str> = headers.get_all("palisade-assertion").iter().map(|value| value.to_str().unwrap()).collect();
    let [token] = all[..] else { return Err("not one assertion") };
    let keys = Key::set_of(keys).unwrap();
    let claims = pollster::block_on(verified(token, &keys, &[Algorithm::Es256, Algorithm::EdDsa], world.desk()))?;
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Json = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["typ"], "JWT");
    Ok((header["kid"].as_str().unwrap().to_string(), serde_json::from_slice(&claims).unwrap()))
}

fn ask(world: &World, request: &str, who: &str) -> u16 {
    let (name, token) = bearer(who);
    world.ask(&at_home(request), &[(name, &token)]).status().as_u16()
}

#[test]
fn a_decided_request_carries_an_assertion_for_itself_alone() {
    for key in [p256("one"), ed25519("one")] {
        let world = world(&set(&[&key]), &[("PUBLIC_URL", "https://gate.example/")]);
        assert_eq!(ask(&world, "GET /documents/d1?b=%C3%A9&a=1", "ann"), 200);
        let reached = world.last_reached();
        let (kid, claims) = said(&world, &published(&world)).unwrap();
        let now = NOON / 1000;
        let wanted = json!({
            "iss": "https://gate.example",
            "aud": ORIGIN,
            "sub": "User::\"ann\"",
            "principal": { "type": "User", "id": "ann" },
            "roles": [],
            "jti": reached.headers["palisade-decision"].to_str().unwrap(),
            "method": "GET",
            "path": reached.target,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        });
        assert_eq!((kid.as_str(), claims), ("one", wanted));
        assert!((1..=60).contains(&ASSERTION_SECONDS));
    }
}

#[test]
fn what_is_not_ascii_stands_in_an_assertion_as_it_is() {
    let world = world(&set(&[&ed25519("one")]), &[("ORIGIN_AUDIENCE", "the application")]);
    assert_eq!(ask(&world, "GET /%E6%96%87%E4%BB%B6/%E6%96%87", "yong"), 200);
    let (_, claims) = said(&world, &published(&world)).unwrap();
    assert_eq!(claims["sub"], "User::\"用戶\"");
    assert_eq!(claims["principal"], json!({ "type": "User", "id": "用戶" }));
    assert_eq!(claims["path"], "/%E6%96%87%E4%BB%B6/%E6%96%87");
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some("palisade"), Some("the application")));
    assert_eq!(world.last_reached().headers["palisade-principal"], "User::\"%E7%94%A8%E6%88%B6\"");
}

#[test]
fn nobody_gets_an_assertion_without_a_decision() {
    let key = set(&[&p256("one")]);
    let own = [("palisade-assertion", "a.b.c"), ("palisade_assertion", "a.b.c"), ("PALISADE-Assertion", "d.e.f")];
    for (settings, request) in [(vec![], "GET /public/x"), (vec![("MODE", "shadow")], "GET /documents/d1")] {
        let world = world(&key, &settings);
        assert_eq!(world.ask(request, &own).status(), 200);
        assert_eq!(said(&world, &published(&world)), Err("not one assertion"), "{request}");
        let names = world.last_reached().headers;
        assert!(!names.keys().any(|name| name.as_str().contains("assertion")), "{request}");
    }
    let gate = world(&key, &[]);
    assert_eq!(ask(&gate, "GET /documents/d1", "eve"), 403);
    assert_eq!(gate.reached(), 0);
    // Without a key nothing is signed and nothing published.
    let world = World::new();
    assert_eq!(ask(&world, "GET /documents/d1", "ann"), 200);
    assert!(!world.last_reached().headers.contains_key("palisade-assertion"));
    assert_eq!(world.ask(&format!("GET {KEYS_PATH}"), &[]).status(), 404);
}

#[test]
fn what_an_outsider_sends_is_replaced() {
    let world = world(&set(&[&p256("one")]), &[]);
    let (name, token) = bearer("ann");
    let headers = [(name, token.as_str()), ("palisade-assertion", "a.b.c"), ("palisade.assertion", "a.b.c")];
    assert_eq!(world.ask("GET /documents/d1", &headers).status(), 200);
    assert_eq!(said(&world, &published(&world)).unwrap().1["sub"], "User::\"ann\"");
}

#[test]
fn the_keys_are_published_without_their_private_halves() {
    let (first, second) = (p256("first"), ed25519("second"));
    let world = world(&set(&[&first, &second]), &[]);
    let response = world.ask(&format!("GET {KEYS_PATH}"), &[]);
    assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    assert_eq!(response.headers()["content-type"], "application/jwk-set+json");
    let wanted = json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "x": first["x"], "y": first["y"], "kid": "first", "alg": "ES256", "use": "sig" },
        { "kty": "OKP", "crv": "Ed25519", "x": second["x"], "kid": "second", "alg": "EdDSA", "use": "sig" },
    ] });
    assert_eq!(published(&world), wanted);
    let head = world.ask(&format!("HEAD {KEYS_PATH}"), &[]);
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    let post = world.ask(&format!("POST {KEYS_PATH}"), &[]);
    assert_eq!((post.status().as_u16(), &post.headers()["allow"]), (405, &"GET, HEAD".parse().unwrap()));
}

#[test]
fn keys_are_rotated_without_a_request_lost() {
    let (old, new) = (p256("old"), ed25519("new"));
    // 1. The old one signs. 2. The new one is published. 3. It signs. 4. The old one goes.
    let steps = [set(&[&old]), set(&[&old, &new]), set(&[&new, &old]), set(&[&new])];
    let worlds: Vec<World> = steps.iter().map(|keys| world(keys, &[])).collect();
    for world in &worlds {
        assert_eq!(ask(world, "GET /documents/d1", "ann"), 200);
    }
    for (at, kid) in ["old", "old", "new", "new"].into_iter().enumerate() {
        // An origin that fetched the set in this step, the one before or the one after.
        for known in at.saturating_sub(1)..=(at + 1).min(3) {
            let (signed, _) = said(&worlds[at], &published(&worlds[known])).unwrap();
            assert_eq!(signed, kid, "step {at}, keys of step {known}");
        }
    }
    assert!(said(&worlds[3], &published(&worlds[0])).is_err(), "one that was never heard of");
    assert!(said(&worlds[0], &published(&world(&set(&[&p256("old")]), &[]))).is_err(), "the name alone says nothing");
}

#[test]
fn what_cannot_be_signed_is_not_forwarded() {
    let gate = world(&set(&[&p256("one")]), &[]);
    gate.desk().signing_fails.set(true);
    assert_eq!(ask(&gate, "GET /documents/d1", "ann"), 503);
    assert_eq!(gate.reached(), 0);
    assert!(gate.last_log()["cause"].as_str().unwrap().contains("no ink"));
    assert_eq!(gate.ask("GET /public/x", &[]).status(), 200, "nothing is to be signed there");
    // Halves that are not of one key.
    let mut mixed = p256("one");
    mixed["d"] = p256("two")["d"].clone();
    let gate = world(&set(&[&mixed]), &[]);
    assert_eq!(ask(&gate, "GET /documents/d1", "ann"), 503);
    assert_eq!(gate.reached(), 0);
    assert!(!gate.last_log().to_string().contains(mixed["d"].as_str().unwrap()));
}

#[test]
fn keys_that_are_wrong_are_named_and_never_shown() {
    let good = ed25519("one");
    let with = |name: &str, value: Json| {
        let mut key = good.clone();
        match value {
            Json::Null => drop(key.as_object_mut().unwrap().remove(name)),
            value => key[name] = value,
        }
        set(&[&key])
    };
    let d = good["d"].as_str().unwrap();
    let read = |keys: &str, origin: bool| {
        Config::read(|name| match name {
            "ASSERTION_KEYS" => Some(keys.to_string()),
            "ORIGIN" => origin.then(|| ORIGIN.to_string()),
            _ => None,
        })
    };
    let many: Vec<Json> = (0..11).map(|at| ed25519(&at.to_string())).collect();
    for (keys, said) in [
        (d.to_string(), "not JSON"),
        (format!("{{\"keys\":[{{\"d\":\"{d}\"}}"), "not JSON"),
        ("[]".to_string(), "no list of `keys`"),
        (set(&[]), "no key"),
        (json!({ "keys": many }).to_string(), "more than 10"),
        (set(&[&json!(d)]), "number 1"),
        (with("d", Json::Null), "private half"),
        (with("d", json!("AAAA")), "private half"),
        (with("d", json!(format!("{d}="))), "private half"),
        (with("x", Json::Null), "P-256"),
        (with("x", json!("AAAA")), "P-256"),
        (with("crv", json!("Ed448")), "P-256"),
        (with("alg", json!("ES256")), "P-256"),
        (with("use", json!("enc")), "P-256"),
        (with("key_ops", json!(["verify"])), "key_ops"),
        (with("kid", Json::Null), "without a `kid`"),
        (with("kid", json!("")), "without a `kid`"),
        (set(&[&good, &p256("one")]), "one `kid`"),
        (set(&[&json!({ "kty": "oct", "kid": "k", "k": d, "d": d })]), "P-256"),
    ] {
        let error = read(&keys, true).unwrap_err();
        assert!(error.0.starts_with("ASSERTION_KEYS") && error.0.contains(said), "{error}, not {said}");
        assert!(!error.0.contains(d), "{error}");
    }
    assert!(read(&set(&[&good]), false).unwrap_err().0.contains("ORIGIN_AUDIENCE"));
    let config = read(&set(&[&good]), true).unwrap();
    let private = URL_SAFE_NO_PAD.decode(d).unwrap();
    let shown = format!("{config:?} {config:#?}");
    let bytes = format!("{:?}", &private[..4]);
    assert!(!shown.contains(d) && !shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}

/// Two kinds of principals, and roles: everywhere, within one document, ended.
#[test]
fn roles_are_those_that_are_held_everywhere_now() {
    let bundle = bundle_of(
        "erDiagram
           USERS { TEXT id PK }
           ROLES { TEXT id PK
             TEXT name }
           USER_ROLES { TEXT user_id PK, FK
             TEXT role_id PK, FK
             TEXT scope_type \"NULLABLE\"
             TEXT scope_id \"NULLABLE\"
             TIMESTAMP expires_at \"NULLABLE\" }
           DOCUMENTS { TEXT id PK
             TEXT owner_id FK }
           SESSIONS { TEXT id PK
             TEXT user_id FK
             TEXT token_hash }
           USERS ||--o{ USER_ROLES : has
           ROLES ||--o{ USER_ROLES : role
           USERS ||--o{ DOCUMENTS : owns
           USERS ||--o{ SESSIONS : has
        ",
        "[table.USERS]
         kind = \"principal\"
         as = \"User\"
         [table.ROLES]
         kind = \"role\"
         as = \"Role\"
         name = \"name\"
         [table.USER_ROLES]
         kind = \"role_assignment\"
         principal = \"user_id\"
         role = \"role_id\"
         scope = { type = \"scope_type\", id = \"scope_id\", types = { document = \"Document\" } }
         expires = \"expires_at\"
         [table.DOCUMENTS]
         kind = \"resource\"
         as = \"Document\"
         owner = \"owner_id\"
         owner_actions = [\"READ\"]
         [table.SESSIONS]
         kind = \"login_session\"
         token_hash = \"token_hash\"
         principal = \"user_id\"
        ",
        "",
        "[[route]]\nmethod = \"GET\"\npath = \"/documents/{id}\"\naction = \"READ\"\nresource = { type = \"Document\", id = \"{id}\" }\n",
    );
    let text = |text: &str| Value::Text(text.to_string());
    let table = |columns: &[&str], rows: Vec<Vec<Value>>| TableRows {
        columns: columns.iter().map(|column| column.to_string()).collect(),
        rows,
    };
    let held = |role: &str, within: &Value, until: Value| {
        let kind = if *within == Value::Null { Value::Null } else { text("document") };
        vec![text("ann"), text(role), kind, within.clone(), until]
    };
    let hash = text(&sha256_hex(b"token-ann"));
    let rows = Rows::from([
        ("USERS".to_string(), table(&["id"], vec![vec![text("ann")]])),
        (
            "ROLES".to_string(),
            table(
                &["id", "name"],
                ["r1", "r2", "r3", "r4"].map(|id| vec![text(id), text(&format!("名 {id}"))]).to_vec(),
            ),
        ),
        (
            "USER_ROLES".to_string(),
            table(
                &["user_id", "role_id", "scope_type", "scope_id", "expires_at"],
                vec![
                    held("r1", &Value::Null, Value::Null),
                    held("r2", &text("d1"), Value::Null),
                    held("r3", &Value::Null, text("2026-01-01T12:00:00Z")),
                    held("r4", &Value::Null, text("2026-01-01T12:00:01Z")),
                ],
            ),
        ),
        ("DOCUMENTS".to_string(), table(&["id", "owner_id"], vec![vec![text("d1"), text("ann")]])),
        ("SESSIONS".to_string(), table(&["id", "user_id", "token_hash"], vec![vec![text("s"), text("ann"), hash]])),
    ]);
    let world = World::of(rows, &bundle, &[("ASSERTION_KEYS", &set(&[&p256("one")])), ("ORIGIN", ORIGIN)]);
    assert_eq!(ask(&world, "GET /documents/d1", "ann"), 200);
    assert_eq!(said(&world, &published(&world)).unwrap().1["roles"], json!(["名 r1", "名 r4"]));
    world.desk().now.set(NOON + 1_000);
    assert_eq!(ask(&world, "GET /documents/d1", "ann"), 200);
    assert_eq!(said(&world, &published(&world)).unwrap().1["roles"], json!(["名 r1"]));
}
