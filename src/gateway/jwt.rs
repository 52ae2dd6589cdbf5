// SPDX-License-Identifier: Apache-2.0
//! JSON Web Tokens: whose they are, whether they are signed by that issuer's key, and whether now is their time.
//!
//! What a token says of itself is never the reason to believe it (RFC 8725): the issuer's configuration says which
//! algorithms count, the key says which of them is its own, and keys come from that issuer's set alone. A shared secret
//! (`HS256`) comes from the gate's own settings and from nowhere else, and an issuer that has one has nothing else, so that
//! no public key can pass for a secret.
//!
//! A token whose signature was checked is remembered by its SHA-256 until it ends or its issuer's keys change. What was not
//! believed is never remembered.

use super::answer::Refusal;
use super::assertion::PrivateKey;
use super::config::{Issuer, KeySet};
use super::origin::Host;
use super::strict;
use crate::rows::Millis;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::HeaderName;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long fetched keys serve before they are asked for again.
pub const JWKS_FRESH_MILLIS: Millis = 10 * 60 * 1000;

/// How long fetched keys serve while they cannot be fetched again. Then nobody is believed.
pub const JWKS_STALE_MILLIS: Millis = 60 * 60 * 1000;

/// An unknown `kid` has the keys fetched again at most this often: made-up ones must not become a flood at the issuer's.
pub const JWKS_REFETCH_MILLIS: Millis = 60 * 1000;

/// After a failure, and with no keys at all, the next attempt is made this much later.
pub const JWKS_RETRY_MILLIS: Millis = 5 * 1000;

/// How long a request waits for keys that another one is fetching. A fetch that takes longer counts as dead, and the next
/// request starts one of its own.
pub const JWKS_PATIENCE_MILLIS: Millis = 6 * 1000;

/// The most tokens that are remembered as believed.
pub const MAX_REMEMBERED_TOKENS: usize = 1_000;

/// The fewest bytes of a shared secret: as many as the hash has (RFC 7518 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// The largest key set.
pub const MAX_JWKS_BYTES: usize = 256 * 1024;

/// The most keys of a set that are looked at.
pub const MAX_JWKS_KEYS: usize = 100;

/// How long each of its pauses is.
const PAUSE_MILLIS: Millis = 20;

/// How often a request that waits for keys looks again whether they are there. Each time is a [`KeySource::pause`], so that
/// it ends even where the clock stands still.
const MOST_PAUSES: usize = 400;

/// A way to sign (RFC 7518 3.1, RFC 8037 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    /// Ed25519 only. RFC 9864 also calls it `Ed25519`.
    EdDsa,
    /// By a secret that the issuer and the gate share.
    Hs256,
}

impl Algorithm {
    /// `None` for every algorithm that is not believed, `none` among them.
    pub fn named(name: &str) -> Option<Algorithm> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            "ES256" => Some(Algorithm::Es256),
            "EdDSA" | "Ed25519" => Some(Algorithm::EdDsa),
            "HS256" => Some(Algorithm::Hs256),
            _ => None,
        }
    }

    /// As `alg` names it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Hs256 => "HS256",
        }
    }
}

/// A key that can check a signature, itself checked.
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
    /// Never from a key set: only the gate's own settings hold one.
    Secret(Secret),
}

/// A shared secret. It has no text form, so that no line of a log can show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// From base64url.
    ///
    /// # Errors
    /// It is not base64url, or shorter than [`MIN_SECRET_BYTES`]. The sentence holds nothing of it.
    pub fn read(text: &str) -> Result<Secret, String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "is not base64url without `=`".to_string())?;
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(format!("has fewer than {MIN_SECRET_BYTES} bytes, which can be guessed"));
        }
        Ok(Secret(bytes))
    }

    /// For whoever computes with it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Checks signatures and makes them. The faces implement it: the Worker by WebCrypto.
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

    /// The signature of `key` on `input`, as JSON Web Signatures have it: 64 bytes. The algorithm is ES256 or EdDSA, and the
    /// key fits it.
    ///
    /// # Errors
    /// It could not be made. The sentence is for the log and holds nothing of the key.
    async fn sign(&self, algorithm: Algorithm, key: &PrivateKey, input: &[u8]) -> Result<Vec<u8>, String>;
}

/// Fetches key sets.
#[allow(async_fn_in_trait, reason = "as for Crypto")]
pub trait KeySource {
    /// The body of a 200 at `url`, at most [`MAX_JWKS_BYTES`] of it; redirects are not followed.
    ///
    /// # Errors
    /// Anything else. Keys that were fetched before serve a while longer.
    async fn key_set(&self, url: &str) -> Result<Vec<u8>, String>;

    /// Lets some milliseconds pass, in which other requests go on: one of them may be fetching keys. (A request of a Worker
    /// cannot wait for what another one has begun, only look again.)
    async fn pause(&self, millis: Millis);
}

impl Key {
    /// The only key of an issuer with whom the gate shares a secret.
    pub fn shared(secret: Secret) -> Key {
        Key { kid: None, material: Material::Secret(secret), algorithm: Some(Algorithm::Hs256) }
    }

    /// Reads a key set (RFC 7517 5), leaving out keys that cannot check a signature here. A shared secret (`oct`) is left
    /// out, too: whoever can read the set could sign.
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

    pub(super) fn read(value: &Value) -> Option<Key> {
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
                | (Material::Secret(_), Algorithm::Hs256)
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
            Material::Secret(_) => serde_json::json!({ "kty": "oct" }),
        }
    }

    /// The length that every signature of this key has.
    fn signature_bytes(&self) -> usize {
        match self {
            Material::Rsa { n, .. } => n.len() - n.iter().take_while(|byte| **byte == 0).count(),
            Material::P256 { .. } | Material::Ed25519 { .. } => 64,
            Material::Secret(_) => 32,
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
        // A shared secret is alone and has no name; whatever a token calls it chooses nothing.
        let named =
            |key: &&Key| self.kid.is_none() || key.kid == self.kid || matches!(key.material, Material::Secret(_));
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

/// A claim by its name, or, where that begins with `/`, by an RFC 6901 pointer into nested claims.
fn claim<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) }
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
fn check_times(claims: &Value, issuer: &Issuer, now: Millis) -> Result<Millis, &'static str> {
    let now = now as f64 / 1000.0;
    let skew = f64::from(issuer.clock_skew_seconds);
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_f64().filter(|time| time.is_finite()).map(Some).ok_or("a time of the token is no number")
        }
    };
    let mut end = time("exp")?.ok_or("the token does not say when it ends")? + skew;
    if now >= end {
        return Err("the token is expired");
    }
    if time("nbf")?.is_some_and(|start| start > now + skew) {
        return Err("the token is not valid yet");
    }
    let made = time("iat")?;
    if made.is_some_and(|made| made > now + skew) {
        return Err("the token was issued in the future");
    }
    if let Some(most) = issuer.max_age_seconds {
        let oldest = made.ok_or("the token does not say when it was issued")? + f64::from(most) + skew;
        if now >= oldest {
            return Err("the token was issued too long ago");
        }
        end = end.min(oldest);
    }
    Ok((end * 1000.0) as Millis)
}

fn check_audience(claims: &Value, issuer: &Issuer) -> Result<(), &'static str> {
    let ours = |value: &Value| value.as_str().is_some_and(|text| issuer.audiences.iter().any(|own| own == text));
    let fits = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    };
    if fits { Ok(()) } else { Err("the token is for another audience") }
}

/// Whose the token is: the text of the claim, and the entity type that the issuer's configuration says.
fn read_principal(claims: &Value, issuer: &Issuer) -> Result<(String, Option<String>), &'static str> {
    for (name, values) in &issuer.require {
        if !claim(claims, name).is_some_and(|value| values.contains(value)) {
            return Err("the token lacks a claim that its issuer's configuration requires, or has another value there");
        }
    }
    let subject = match claim(claims, &issuer.principal_claim) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err("the token does not say whose it is"),
    };
    let kind = match &issuer.principal_types {
        None => issuer.principal_type.clone(),
        Some(types) => {
            let said = claim(claims, &types.claim).and_then(Value::as_str);
            let kind = said.and_then(|said| types.values.get(said));
            Some(kind.ok_or("the token does not say what kind of principal it is for")?.clone())
        }
    };
    Ok((subject, kind))
}

/// What a token that is believed says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Believed {
    /// The issuer's name for the principal.
    pub subject: String,
    /// The principal's entity type; the model's only one where `None`.
    pub kind: Option<String>,
    /// When the token ends.
    pub until: Millis,
}

/// The keys of all issuers, as far as they were fetched, and the tokens that they showed to be good.
#[derive(Default)]
pub struct KeyRing {
    fetched: Mutex<BTreeMap<String, Fetched>>,
    remembered: Mutex<Generations>,
}

/// What is known of the keys at one address.
#[derive(Default)]
struct Fetched {
    keys: Option<(Arc<Vec<Key>>, Millis)>,
    /// Grows whenever other keys came than those before.
    version: u64,
    /// When the last attempt was begun, and whether it failed.
    tried: Option<(Millis, bool)>,
    /// Since when somebody fetches them.
    under_way: Option<Millis>,
}

impl Fetched {
    /// Whether somebody is fetching them and can still be waited for.
    fn is_under_way(&self, now: Millis) -> bool {
        self.under_way.is_some_and(|since| (0..JWKS_PATIENCE_MILLIS).contains(&(now - since)))
    }

    /// Whether it is long enough since the last attempt for another one.
    fn may_fetch(&self, now: Millis) -> bool {
        let wait = match self.tried {
            Some((_, true)) => JWKS_RETRY_MILLIS,
            _ => JWKS_REFETCH_MILLIS,
        };
        // A clock that went back makes the time since then negative: ask.
        !self.is_under_way(now) && self.tried.is_none_or(|(at, _)| !(0..wait).contains(&(now - at)))
    }

    /// The keys, with how long ago they came, while they may serve at all.
    fn serving(&self, now: Millis) -> Option<(&Arc<Vec<Key>>, Millis)> {
        let (keys, at) = self.keys.as_ref()?;
        (now - at < JWKS_STALE_MILLIS).then_some((keys, now - at))
    }
}

/// What to do about an issuer's keys next.
enum Step {
    Use(Arc<Vec<Key>>, u64),
    Fetch,
    Wait,
    GiveUp,
}

/// Tokens that were believed, by their SHA-256. What was not asked for while a whole new generation came is forgotten.
#[derive(Default)]
struct Generations {
    young: BTreeMap<[u8; 32], Arc<Remembered>>,
    old: BTreeMap<[u8; 32], Arc<Remembered>>,
}

struct Remembered {
    /// The issuer's place in the configuration.
    issuer: usize,
    /// Of the keys that showed it.
    version: u64,
    /// When it was checked. A clock that went back behind this knows nothing of it.
    since: Millis,
    believed: Believed,
}

impl Generations {
    fn get(&mut self, digest: &[u8; 32]) -> Option<Arc<Remembered>> {
        if let Some(found) = self.young.get(digest) {
            return Some(found.clone());
        }
        let found = self.old.remove(digest)?;
        self.insert(*digest, found.clone());
        Some(found)
    }

    fn insert(&mut self, digest: [u8; 32], remembered: Arc<Remembered>) {
        if self.young.len() >= MAX_REMEMBERED_TOKENS / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, remembered);
    }
}

impl KeyRing {
    /// What a token says that one of `issuers` made, and that issuer. `place` is the header of its own that the token came
    /// in; `None` for `Authorization` and the cookie.
    ///
    /// A token that was believed before, and still is, costs one hash and waits for nothing.
    ///
    /// # Errors
    /// 401 where the token is not to be believed, 503 where that cannot be told for want of keys.
    pub async fn believe<'i, H: Host>(
        &self,
        text: &str,
        place: Option<&HeaderName>,
        issuers: &'i [Issuer],
        host: &H,
    ) -> Result<(&'i Issuer, Believed), Refusal> {
        let refused = |why: &'static str| Refusal::unauthenticated(why);
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(known) = self.recall(&digest, place, issuers, host.now()) {
            return Ok(known);
        }
        let token = Unverified::read(text).map_err(refused)?;
        // Read before it is believed, and only to choose whose keys it is held against.
        let claims = object(&token.payload).ok_or_else(|| refused("the token's claims are no JSON object"))?;
        let claims = Value::Object(claims);
        let said = claims.get("iss").and_then(Value::as_str);
        let (at, issuer) = issuers
            .iter()
            .enumerate()
            .find(|(_, issuer)| said == Some(issuer.issuer.as_str()))
            .ok_or_else(|| refused("the token's issuer is not known"))?;
        if issuer.header.as_ref() != place {
            return Err(refused("the token came in another header than its issuer's configuration says"));
        }
        if !issuer.algorithms.contains(&token.algorithm) {
            return Err(refused("the token's algorithm is not one of its issuer's"));
        }
        let (keys, version) = self.keys(issuer, &token, host).await?;
        token.verify(&keys, host).await.map_err(|Unbelieved(why, cause)| match cause {
            Some(cause) => refused(why).because(format!("{why}: {cause}")),
            None => refused(why),
        })?;
        check_audience(&claims, issuer).map_err(refused)?;
        // After whatever was waited for: what ended meanwhile has ended.
        let since = host.now();
        let until = check_times(&claims, issuer, since).map_err(refused)?;
        let (subject, kind) = read_principal(&claims, issuer).map_err(refused)?;
        let believed = Believed { subject, kind, until };
        let remembered = Remembered { issuer: at, version, since, believed: believed.clone() };
        lock(&self.remembered).insert(digest, Arc::new(remembered));
        Ok((issuer, believed))
    }

    /// What a token was found to say, while that still holds: before its end, by the same keys, in the same place.
    fn recall<'i>(
        &self,
        digest: &[u8; 32],
        place: Option<&HeaderName>,
        issuers: &'i [Issuer],
        now: Millis,
    ) -> Option<(&'i Issuer, Believed)> {
        let known = lock(&self.remembered).get(digest)?;
        let issuer = issuers.get(known.issuer)?;
        if !(known.since..known.believed.until).contains(&now) || issuer.header.as_ref() != place {
            return None;
        }
        if let KeySet::Url(url) = &issuer.keys {
            let all = lock(&self.fetched);
            let entry = all.get(url)?;
            let (_, age) = entry.serving(now)?;
            // Whoever finds the keys due for a fetch goes the long way and fetches them.
            if entry.version != known.version || (age >= JWKS_FRESH_MILLIS && entry.may_fetch(now)) {
                return None;
            }
        }
        Some((issuer, known.believed.clone()))
    }

    /// The keys of an issuer, and their version. One request at a time fetches them; the others use what there is, and wait
    /// where that does not serve.
    async fn keys<H: Host>(
        &self,
        issuer: &Issuer,
        token: &Unverified<'_>,
        host: &H,
    ) -> Result<(Arc<Vec<Key>>, u64), Refusal> {
        let url = match &issuer.keys {
            KeySet::Inline(keys) => return Ok((keys.clone(), 0)),
            KeySet::Url(url) => url,
        };
        let mut failed = String::new();
        for _ in 0..MOST_PAUSES {
            let now = host.now();
            match self.step(url, token, now) {
                Step::Use(keys, version) => return Ok((keys, version)),
                Step::Wait => host.pause(PAUSE_MILLIS).await,
                Step::Fetch => {
                    let fetched = host.key_set(url).await.and_then(|bytes| Key::set(&bytes));
                    // Keys are as old as the question. A failure is as old as its end, or else one that took long would be followed
                    // by the next attempt at once, and so on, while a request waits.
                    let at = if fetched.is_ok() { now } else { host.now() };
                    if let Err(cause) = self.keep(url, fetched, at) {
                        failed = format!(": {cause}");
                    }
                }
                Step::GiveUp => break,
            }
        }
        Err(Refusal::unavailable(format!("the keys of `{}` cannot be fetched{failed}", issuer.issuer)))
    }

    fn step(&self, url: &str, token: &Unverified<'_>, now: Millis) -> Step {
        let mut all = lock(&self.fetched);
        let entry = all.entry(url.to_string()).or_default();
        let may_fetch = entry.may_fetch(now);
        let serving = entry.serving(now);
        let fits = serving.is_some_and(|(keys, _)| token.key(keys).is_some());
        let is_fresh = serving.is_some_and(|(_, age)| age < JWKS_FRESH_MILLIS);
        match serving {
            Some((keys, _)) if fits && (is_fresh || !may_fetch) => Step::Use(keys.clone(), entry.version),
            _ if may_fetch => {
                // Said before the answer is here, so that a burst of tokens waits for one fetch.
                entry.under_way = Some(now);
                Step::Fetch
            }
            _ if entry.is_under_way(now) => Step::Wait,
            // No key fits, and the keys were asked for a moment ago: a name that somebody made up. That it is unknown is
            // remembered by the time of that fetch alone, whatever names come, so that there is nothing to fill up.
            Some((keys, _)) => Step::Use(keys.clone(), entry.version),
            None => Step::GiveUp,
        }
    }

    /// Takes in what a fetch that was begun at `now` brought.
    fn keep(&self, url: &str, fetched: Result<Vec<Key>, String>, now: Millis) -> Result<(), String> {
        let mut all = lock(&self.fetched);
        let entry = all.entry(url.to_string()).or_default();
        if entry.under_way == Some(now) {
            entry.under_way = None;
        }
        // One that counted as dead came back, and what it brings is older than what is here.
        if entry.keys.as_ref().is_some_and(|(_, at)| *at > now) {
            return Ok(());
        }
        entry.tried = Some((now, fetched.is_err()));
        let keys = fetched?;
        if entry.keys.as_ref().is_none_or(|(known, _)| **known != keys) {
            entry.version += 1;
        }
        entry.keys = Some((Arc::new(keys), now));
        Ok(())
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked with the lock held left a whole map behind: it is written in single steps.
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
