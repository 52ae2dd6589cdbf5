// SPDX-License-Identifier: Apache-2.0
//! JSON Web Tokens: whose they are, whether they are signed by that issuer's key, and whether now is their time.
//!
//! What a token says of itself is never the reason to believe it (RFC 8725): the issuer's configuration says which
//! algorithms count, the key says which of them is its own, and keys come from that issuer's set alone. Signatures with
//! a shared secret (`HS256` and its kin) are not known here, so that no public key can pass for one.

use super::answer::Refusal;
use super::config::{Issuer, KeySet};
use super::strict;
use crate::rows::Millis;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long fetched keys serve before they are asked for again.
pub const JWKS_FRESH_MILLIS: Millis = 10 * 60 * 1000;

/// How long fetched keys serve while they cannot be fetched again. Then nobody is believed.
pub const JWKS_STALE_MILLIS: Millis = 60 * 60 * 1000;

/// An unknown `kid` has the keys fetched again at most this often: made-up ones must not become a flood at the issuer's.
pub const JWKS_REFETCH_MILLIS: Millis = 60 * 1000;

/// After a failure, and with no keys at all, the next attempt is made this much later.
pub const JWKS_RETRY_MILLIS: Millis = 5 * 1000;

/// The largest key set.
pub const MAX_JWKS_BYTES: usize = 256 * 1024;

/// The most keys of a set that are looked at.
pub const MAX_JWKS_KEYS: usize = 100;

/// A way to sign (RFC 7518 3.1, RFC 8037 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    /// Ed25519 only. RFC 9864 also calls it `Ed25519`.
    EdDsa,
}

impl Algorithm {
    /// `None` for every algorithm that is not believed, `none` among them.
    pub fn named(name: &str) -> Option<Algorithm> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            "ES256" => Some(Algorithm::Es256),
            "EdDSA" | "Ed25519" => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}

/// A public key, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub kid: Option<String>,
    pub material: Material,
    /// The one algorithm that it may be used with, where the key says so.
    algorithm: Option<Algorithm>,
}

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// Modulus and exponent, big-endian.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point on P-256.
    P256 {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
}

/// Checks signatures. The faces implement it: the Worker by WebCrypto.
#[allow(async_fn_in_trait, reason = "no gate crosses threads: a Worker has one, and natively the future is blocked on")]
pub trait Crypto {
    /// Whether `signature` is `key`'s on `input`. The key fits the algorithm.
    ///
    /// # Errors
    /// It could not be told. The token is not believed.
    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &Material,
        input: &[u8],
        signature: &[u8],
    ) -> Result<bool, String>;
}

/// Fetches key sets.
#[allow(async_fn_in_trait, reason = "as for Crypto")]
pub trait KeySource {
    /// The body of a 200 at `url`, at most [`MAX_JWKS_BYTES`] of it; redirects are not followed.
    ///
    /// # Errors
    /// Anything else. Keys that were fetched before serve a while longer.
    async fn key_set(&self, url: &str) -> Result<Vec<u8>, String>;
}

impl Key {
    /// Reads a key set (RFC 7517 5), leaving out keys that cannot check a signature here.
    ///
    /// # Errors
    /// It is no key set.
    pub fn set(bytes: &[u8]) -> Result<Vec<Key>, String> {
        if bytes.len() > MAX_JWKS_BYTES {
            return Err(format!("the key set is larger than {MAX_JWKS_BYTES} bytes"));
        }
        let value = strict::parse(bytes).map_err(|error| format!("the key set is not JSON: {error}"))?;
        Key::set_of(&value)
    }

    /// The same, from JSON that was read already.
    ///
    /// # Errors
    /// It is no key set.
    pub fn set_of(value: &Value) -> Result<Vec<Key>, String> {
        let keys = value.get("keys").and_then(Value::as_array).ok_or("the key set has no list of `keys`")?;
        Ok(keys.iter().take(MAX_JWKS_KEYS).filter_map(Key::read).collect())
    }

    fn read(value: &Value) -> Option<Key> {
        let fields = value.as_object()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        // A key for encryption must not vouch for a signature (RFC 7517 4.2, 4.3).
        if fields.get("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        if let Some(operations) = fields.get("key_ops")
            && !operations.as_array()?.iter().any(|operation| operation == "verify")
        {
            return None;
        }
        let (material, fitting): (Material, &[Algorithm]) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                // RFC 7518 3.3: 2048 bits or more. An even exponent, or 1, would let anybody sign.
                let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
                let sound = (2048..=8192).contains(&bits)
                    && (1..=8).contains(&e.len())
                    && e.last().is_some_and(|byte| byte % 2 == 1)
                    && e != [1];
                if !sound {
                    return None;
                }
                (Material::Rsa { n, e }, &[Algorithm::Rs256, Algorithm::Ps256])
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                (Material::P256 { x, y }, &[Algorithm::Es256])
            }
            ("OKP", Some("Ed25519")) => {
                let x = bytes("x")?;
                if x.len() != 32 {
                    return None;
                }
                (Material::Ed25519 { x }, &[Algorithm::EdDsa])
            }
            _ => return None,
        };
        let algorithm = match fields.get("alg") {
            None => None,
            Some(named) => Some(Algorithm::named(named.as_str()?).filter(|named| fitting.contains(named))?),
        };
        let kid = match fields.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_string()),
        };
        Some(Key { kid, material, algorithm })
    }

    /// Whether the key may check a signature made by `algorithm`.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let of_kind = matches!(
            (&self.material, algorithm),
            (Material::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
                | (Material::P256 { .. }, Algorithm::Es256)
                | (Material::Ed25519 { .. }, Algorithm::EdDsa)
        );
        of_kind && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

impl Material {
    /// The key as a JWK with its public members and nothing else.
    pub fn to_jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Material::Rsa { n, e } => serde_json::json!({ "kty": "RSA", "n": text(n), "e": text(e) }),
            Material::P256 { x, y } => {
                serde_json::json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Material::Ed25519 { x } => serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": text(x) }),
        }
    }

    /// The length that every signature of this key has.
    fn signature_bytes(&self) -> usize {
        match self {
            Material::Rsa { n, .. } => n.len() - n.iter().take_while(|byte| **byte == 0).count(),
            Material::P256 { .. } | Material::Ed25519 { .. } => 64,
        }
    }
}

/// A token in its parts, of which nothing is believed yet.
pub struct Unverified<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    payload: Vec<u8>,
    input: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a token in compact form apart (RFC 7515 7.1).
    ///
    /// # Errors
    /// It is none, or asks for something that is not understood.
    pub fn read(token: &'a str) -> Result<Unverified<'a>, &'static str> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("the token has not three parts");
        };
        let input = &token.as_bytes()[..header.len() + 1 + payload.len()];
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| "the token's header is not base64url")?;
        let header = object(&header).ok_or("the token's header is no JSON object")?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| "the token's claims are not base64url")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the token's signature is not base64url")?;
        // RFC 7515 4.1.11: extensions that must be understood, and none is. `b64` (RFC 7797) changes what is signed.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err("the token's header asks for an extension (`crit`)");
        }
        // RFC 8725 3.11: a logout token or a proof of possession is signed by the same keys and is no access token.
        let kind = match header.get("typ") {
            None => true,
            Some(Value::String(kind)) => {
                ["jwt", "at+jwt", "application/at+jwt", "application/jwt"].contains(&kind.to_ascii_lowercase().as_str())
            }
            Some(_) => false,
        };
        if !kind {
            return Err("the token is of another type than `JWT` or `at+jwt`");
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let algorithm = algorithm.ok_or("the token's algorithm is not one that is believed")?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err("the token's `kid` is no text"),
        };
        Ok(Unverified { algorithm, kid, payload, input, signature })
    }

    /// The one key that the token can have been signed with.
    fn key<'k>(&self, keys: &'k [Key]) -> Option<&'k Key> {
        let named = |key: &&Key| self.kid.is_none() || key.kid == self.kid;
        let mut fitting = keys.iter().filter(named).filter(|key| key.fits(self.algorithm));
        let key = fitting.next()?;
        fitting.next().is_none().then_some(key)
    }

    /// Whether the one key of `keys` that fits has signed the token.
    async fn verify<C: Crypto>(&self, keys: &[Key], crypto: &C) -> Result<(), Unbelieved> {
        let key = self.key(keys).ok_or(Unbelieved("no key of the issuer fits the token", None))?;
        if self.signature.len() != key.material.signature_bytes() {
            return Err(Unbelieved("the token's signature has the wrong length", None));
        }
        match crypto.verify(self.algorithm, &key.material, self.input, &self.signature).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unbelieved("the token's signature is wrong", None)),
            Err(cause) => Err(Unbelieved("the token's signature could not be checked", Some(cause))),
        }
    }
}

/// Why a token is not believed, and what failed inside if anything did.
struct Unbelieved(&'static str, Option<String>);

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match strict::parse(bytes).ok()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// What a token says, once its signature is checked: the whole of what this room knows about signatures, and nothing about
/// issuers, audiences and times.
///
/// # Errors
/// Says why it is not believed.
pub async fn verified<C: Crypto>(
    token: &str,
    keys: &[Key],
    algorithms: &[Algorithm],
    crypto: &C,
) -> Result<Vec<u8>, &'static str> {
    let token = Unverified::read(token)?;
    if !algorithms.contains(&token.algorithm) {
        return Err("the token's algorithm is not one of its issuer's");
    }
    token.verify(keys, crypto).await.map_err(|unbelieved| unbelieved.0)?;
    Ok(token.payload)
}

/// When the token ends, clocks that differ allowed for.
fn check_times(claims: &Map<String, Value>, issuer: &Issuer, now: Millis) -> Result<Millis, &'static str> {
    let now = now as f64 / 1000.0;
    let skew = f64::from(issuer.clock_skew_seconds);
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_f64().filter(|time| time.is_finite()).map(Some).ok_or("a time of the token is no number")
        }
    };
    let until = match time("exp")? {
        None => return Err("the token does not say when it ends"),
        Some(end) if now >= end + skew => return Err("the token is expired"),
        Some(end) => ((end + skew) * 1000.0) as Millis,
    };
    if time("nbf")?.is_some_and(|start| start > now + skew) {
        return Err("the token is not valid yet");
    }
    if time("iat")?.is_some_and(|made| made > now + skew) {
        return Err("the token was issued in the future");
    }
    Ok(until)
}

fn check_audience(claims: &Map<String, Value>, issuer: &Issuer) -> Result<(), &'static str> {
    let ours = |value: &Value| value.as_str().is_some_and(|text| issuer.audiences.iter().any(|own| own == text));
    let fits = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    };
    if fits { Ok(()) } else { Err("the token is for another audience") }
}

/// The keys of all issuers, as far as they were fetched.
#[derive(Default)]
pub struct KeyRing {
    fetched: Mutex<BTreeMap<String, Fetched>>,
}

#[derive(Clone, Default)]
struct Fetched {
    keys: Option<(Arc<Vec<Key>>, Millis)>,
    /// When the last attempt ended, and whether it failed.
    tried: Option<(Millis, bool)>,
}

impl KeyRing {
    /// The subject of a token that one of `issuers` made, that issuer, and when the token ends.
    ///
    /// # Errors
    /// 401 where the token is not to be believed, 503 where that cannot be told for want of keys.
    pub async fn subject<'i, O: Crypto + KeySource>(
        &self,
        token: &str,
        issuers: &'i [Issuer],
        outside: &O,
        now: Millis,
    ) -> Result<(&'i Issuer, String, Millis), Refusal> {
        let refused = |why: &'static str| Refusal::unauthenticated(why);
        let token = Unverified::read(token).map_err(refused)?;
        // Read before it is believed, and only to choose whose keys it is held against.
        let claims = object(&token.payload).ok_or_else(|| refused("the token's claims are no JSON object"))?;
        let said = claims.get("iss").and_then(Value::as_str);
        let issuer = issuers
            .iter()
            .find(|issuer| said == Some(issuer.issuer.as_str()))
            .ok_or_else(|| refused("the token's issuer is not known"))?;
        if !issuer.algorithms.contains(&token.algorithm) {
            return Err(refused("the token's algorithm is not one of its issuer's"));
        }
        let keys = self.keys(issuer, &token, outside, now).await?;
        token.verify(&keys, outside).await.map_err(|Unbelieved(why, cause)| match cause {
            Some(cause) => refused(why).because(format!("{why}: {cause}")),
            None => refused(why),
        })?;
        check_audience(&claims, issuer).map_err(refused)?;
        let until = check_times(&claims, issuer, now).map_err(refused)?;
        let subject = match claims.get(&issuer.principal_claim) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return Err(refused("the token does not say whose it is")),
        };
        Ok((issuer, subject, until))
    }

    async fn keys<O: KeySource>(
        &self,
        issuer: &Issuer,
        token: &Unverified<'_>,
        outside: &O,
        now: Millis,
    ) -> Result<Arc<Vec<Key>>, Refusal> {
        let url = match &issuer.keys {
            KeySet::Inline(keys) => return Ok(keys.clone()),
            KeySet::Url(url) => url,
        };
        let known = self.lock().get(url).cloned().unwrap_or_default();
        let has_key = known.keys.as_ref().is_some_and(|(keys, _)| token.key(keys).is_some());
        let is_fresh = known.keys.as_ref().is_some_and(|(_, at)| now - at < JWKS_FRESH_MILLIS);
        let wait = match known.tried {
            Some((_, true)) => JWKS_RETRY_MILLIS,
            _ => JWKS_REFETCH_MILLIS,
        };
        let may_fetch = known.tried.is_none_or(|(at, _)| now - at >= wait);
        if (!has_key || !is_fresh) && may_fetch {
            // Said before the answer is here, so that a burst of made-up tokens waits for one fetch. Without any keys yet,
            // everybody may fetch: the first callers of a new isolate must not be turned away.
            if known.keys.is_some() {
                self.lock().entry(url.clone()).or_default().tried = Some((now, false));
            }
            let fetched = outside.key_set(url).await.and_then(|bytes| Key::set(&bytes));
            let mut all = self.lock();
            let entry = all.entry(url.clone()).or_default();
            match fetched {
                Ok(keys) => {
                    entry.tried = Some((now, false));
                    entry.keys = Some((Arc::new(keys), now));
                }
                Err(cause) => {
                    entry.tried = Some((now, true));
                    if entry.keys.is_none() {
                        return Err(Refusal::unavailable(format!("the keys of `{}`: {cause}", issuer.issuer)));
                    }
                }
            }
        }
        match self.lock().get(url).and_then(|entry| entry.keys.clone()) {
            Some((keys, at)) if now - at < JWKS_STALE_MILLIS => Ok(keys),
            _ => Err(Refusal::unavailable(format!("the keys of `{}` cannot be fetched", issuer.issuer))),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Fetched>> {
        // Whoever panicked with the lock held left a whole map behind: it is written in single steps.
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
