// SPDX-License-Identifier: Apache-2.0
//! What the origin is told of who asks, so that it can check it: a JSON Web Token that is good for one request.
//!
//! An origin that anybody else could reach must not believe `Palisade-Principal`. An assertion it may believe: it is signed
//! by a key that the gate alone has, for this origin, this method and this path, and ends after half a minute.

use super::Gateway;
use super::Pass;
use super::answer::{Refusal, json_like};
use super::config::ConfigError;
use super::jwt::{Algorithm, Crypto, Key, Material};
use super::origin::Host;
use super::strict;
use crate::name::Uid;
use crate::rows::Millis;
use crate::store::Store;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::fmt;

/// Where the public halves of the keys are.
pub const KEYS_PATH: &str = "/.palisade/jwks.json";

/// How long an assertion is good.
pub const ASSERTION_SECONDS: Millis = 30;

/// The most keys of `ASSERTION_KEYS`.
pub const MAX_ASSERTION_KEYS: usize = 10;

/// How long others may keep the public halves, in seconds. Whoever adds a key waits that long before it signs.
const KEYS_FRESH_SECONDS: u32 = 300;

/// Who an assertion is from where no setting says it.
const NAMELESS: &str = "palisade";

/// A private key. It has no text form, so that no line of a log can show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// The public half.
    pub public: Material,
    private: Vec<u8>,
}

impl PrivateKey {
    /// The private half, for whoever signs: the scalar of a key on P-256, the seed of an Ed25519 key. 32 bytes.
    pub fn private(&self) -> &[u8] {
        &self.private
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// How assertions are made.
#[derive(Clone, Debug)]
pub struct Assertions {
    /// The first one signs.
    keys: Vec<SigningKey>,
    issuer: String,
    audience: String,
}

#[derive(Clone, Debug)]
struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    key: PrivateKey,
}

/// What one assertion says.
struct Said<'a> {
    principal: &'a Uid,
    roles: &'a [String],
    /// The decision's id.
    id: &'a str,
    method: &'a Method,
    /// Path and query, as they are forwarded.
    path: &'a str,
    now: Millis,
}

impl Assertions {
    /// Reads a key set of private keys (RFC 7517, RFC 7518 6.2.2, RFC 8037 2): P-256 for ES256, Ed25519 for EdDSA, each with a
    /// `kid` of its own. The first one signs; of all of them the public halves are published, so that a key can be added
    /// before it signs and stay after it.
    ///
    /// # Errors
    /// Says which key is wrong and what it lacks. No sentence holds a part of a key.
    pub fn read(keys: &str, issuer: Option<&str>, audience: String) -> Result<Assertions, ConfigError> {
        let wrong = |why: &str| ConfigError(format!("ASSERTION_KEYS {why}; `node tools/keys.mjs` prints a good one"));
        // What the reader of JSON has to say may quote what it read.
        let value = strict::parse(keys.as_bytes()).map_err(|_| wrong("is not JSON"))?;
        let list = value.get("keys").and_then(Value::as_array).ok_or_else(|| wrong("has no list of `keys`"))?;
        if !(1..=MAX_ASSERTION_KEYS).contains(&list.len()) {
            return Err(wrong(&format!("has no key, or more than {MAX_ASSERTION_KEYS}")));
        }
        let mut all: Vec<SigningKey> = Vec::new();
        for (at, value) in list.iter().enumerate() {
            let key = SigningKey::read(value).map_err(|why| wrong(&format!("has a key (number {}) {why}", at + 1)))?;
            if all.iter().any(|other| other.kid == key.kid) {
                return Err(wrong("has two keys of one `kid`"));
            }
            all.push(key);
        }
        Ok(Assertions { keys: all, issuer: issuer.unwrap_or(NAMELESS).to_string(), audience })
    }

    /// The public halves, as a key set.
    pub fn key_set(&self) -> Value {
        let keys = self.keys.iter().map(|own| {
            let mut jwk = own.key.public.to_jwk();
            jwk["kid"] = own.kid.clone().into();
            jwk["alg"] = own.algorithm.name().into();
            jwk["use"] = "sig".into();
            jwk
        });
        json!({ "keys": keys.collect::<Vec<Value>>() })
    }

    /// One assertion in compact form.
    async fn make<C: Crypto>(&self, said: &Said<'_>, crypto: &C) -> Result<String, String> {
        let own = self.keys.first().ok_or("there is no key")?;
        let header = json!({ "alg": own.algorithm.name(), "kid": own.kid, "typ": "JWT" });
        let now = said.now.div_euclid(1000);
        let claims = json!({
            "iss": self.issuer,
            "aud": self.audience,
            "sub": said.principal.to_string(),
            "principal": said.principal,
            "roles": said.roles,
            "jti": said.id,
            "method": said.method.as_str(),
            "path": said.path,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(&claims));
        let signature = crypto.sign(own.algorithm, &own.key, input.as_bytes()).await?;
        if signature.len() != 64 {
            return Err("the signature has the wrong length".to_string());
        }
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl SigningKey {
    fn read(value: &Value) -> Result<SigningKey, &'static str> {
        let mut fields = value.as_object().ok_or("that is no object")?.clone();
        let may_sign = |operations: &Value| {
            operations.as_array().is_some_and(|all| all.iter().any(|operation| operation == "sign"))
        };
        if fields.get("key_ops").is_some_and(|operations| !may_sign(operations)) {
            return Err("that is not for signing (`key_ops`)");
        }
        let private = fields.get("d").and_then(Value::as_str).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let private = private.filter(|bytes| bytes.len() == 32).ok_or("without its private half, 32 bytes in `d`")?;
        fields.retain(|name, _| name != "d" && name != "key_ops");
        let public = Key::read(&Value::Object(fields)).ok_or("that is neither EC P-256 nor OKP Ed25519 for signing")?;
        let algorithm = match public.material {
            Material::P256 { .. } => Algorithm::Es256,
            Material::Ed25519 { .. } => Algorithm::EdDsa,
            Material::Rsa { .. } | Material::Secret(_) => return Err("that is neither EC P-256 nor OKP Ed25519"),
        };
        let kid = public.kid.filter(|kid| !kid.is_empty()).ok_or("without a `kid`")?;
        Ok(SigningKey { kid, algorithm, key: PrivateKey { public: public.material, private } })
    }
}

impl<S: Store, H: Host> Gateway<S, H> {
    /// What the origin is told, signed, of whoever a decision was made for; `None` where nobody was, and where no key is
    /// configured.
    ///
    /// # Errors
    /// It cannot be signed (503). Nothing must be forwarded: an origin that checks would take it for a request from elsewhere.
    pub(super) async fn assertion(
        &self,
        path: &str,
        method: &Method,
        pass: &Pass,
        id: &str,
    ) -> Result<Option<String>, Refusal> {
        let (Some(assertions), Some(principal)) = (&self.config.assertions, &pass.principal) else { return Ok(None) };
        let said = Said { principal, roles: &pass.roles, id, method, path, now: self.host.now() };
        let made = assertions.make(&said, &self.host).await;
        made.map(Some).map_err(|cause| Refusal::unavailable(format!("the assertion cannot be signed: {cause}")))
    }

    /// The public halves of the keys; `None` where there are none.
    pub(super) fn assertion_keys(&self, method: &Method) -> Option<Response<Vec<u8>>> {
        let keys = self.config.assertions.as_ref()?.key_set().to_string();
        let body = if method == Method::HEAD { Vec::new() } else { keys.into_bytes() };
        let mut response = json_like(StatusCode::OK, "application/jwk-set+json", body);
        let kept = format!("public, max-age={KEYS_FRESH_SECONDS}");
        if let Ok(kept) = HeaderValue::from_str(&kept) {
            response.headers_mut().insert(header::CACHE_CONTROL, kept);
        }
        Some(response)
    }
}
