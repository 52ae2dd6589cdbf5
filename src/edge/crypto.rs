// SPDX-License-Identifier: Apache-2.0
//! Signatures, checked and made by the platform's WebCrypto.

use super::javascript::{call, get, object};
use crate::gateway::{Algorithm, Material, PrivateKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen::JsValue;

/// The most keys that are kept as the platform has them. An issuer has a few, and there are a few issuers.
const MOST_KEYS: usize = 64;

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Verify,
    Sign,
}

/// A key as the platform has it, and what it was made of: of a private key, the public half.
struct Imported {
    usage: Use,
    algorithm: Algorithm,
    material: Material,
    key: JsValue,
}

thread_local! {
    /// Reading a key takes the platform longer than checking a signature with it. The oldest comes first.
    static IMPORTED: RefCell<Vec<Imported>> = const { RefCell::new(Vec::new()) };
}

/// Whether `signature` is `key`'s on `input`.
pub async fn verify(algorithm: Algorithm, key: &Material, input: &[u8], signature: &[u8]) -> Result<bool, String> {
    let key = import(Use::Verify, algorithm, key, None).await?;
    // Of HMAC, too, the platform compares: in a time that tells nothing.
    let arguments = [operation(algorithm)?, key, bytes(signature), bytes(input)];
    let answer = call(&subtle(), "verify", &arguments).await?;
    // Anything but a plain `true` is a no.
    Ok(answer.as_bool() == Some(true))
}

/// `key`'s signature on `input`.
pub async fn sign(algorithm: Algorithm, key: &PrivateKey, input: &[u8]) -> Result<Vec<u8>, String> {
    let imported = import(Use::Sign, algorithm, &key.public, Some(key.private())).await;
    // What the platform has to say about a private key may quote it.
    let imported = imported.map_err(|_| "the private key cannot be read: are its halves of one key?".to_string())?;
    let answer = call(&subtle(), "sign", &[operation(algorithm)?, imported, bytes(input)]).await?;
    Ok(Uint8Array::new(&answer).to_vec())
}

/// A key as the platform has it.
async fn import(
    usage: Use,
    algorithm: Algorithm,
    material: &Material,
    private: Option<&[u8]>,
) -> Result<JsValue, String> {
    let is_same = |own: &Imported| own.usage == usage && own.algorithm == algorithm && own.material == *material;
    let known = IMPORTED.with_borrow(|all| all.iter().find(|own| is_same(own)).map(|own| own.key.clone()));
    if let Some(key) = known {
        return Ok(key);
    }
    let (format, data) = match material {
        Material::Secret(secret) => ("raw", bytes(secret.bytes())),
        material => ("jwk", jwk(material, private)?),
    };
    let word = match usage {
        Use::Verify => "verify",
        Use::Sign => "sign",
    };
    let uses: JsValue = Array::of1(&text(word)).into();
    let arguments = [text(format), data, importing(algorithm)?, JsValue::FALSE, uses];
    let key = call(&subtle(), "importKey", &arguments).await?;
    IMPORTED.with_borrow_mut(|all| {
        if all.iter().any(is_same) {
            return;
        }
        if all.len() >= MOST_KEYS {
            all.remove(0);
        }
        all.push(Imported { usage, algorithm, material: material.clone(), key: key.clone() });
    });
    Ok(key)
}

/// A key as a JWK.
fn jwk(material: &Material, private: Option<&[u8]>) -> Result<JsValue, String> {
    let jwk = material.to_jwk();
    let fields = jwk.as_object().into_iter().flatten();
    let mut fields: Vec<(&str, JsValue)> =
        fields.map(|(name, value)| (name.as_str(), text(value.as_str().unwrap_or_default()))).collect();
    if let Some(private) = private {
        fields.push(("d", text(&URL_SAFE_NO_PAD.encode(private))));
    }
    object(&fields)
}

/// How a key is read.
fn importing(algorithm: Algorithm) -> Result<JsValue, String> {
    let named = |name: &str, more: &[(&'static str, JsValue)]| object(&[&[("name", text(name))], more].concat());
    let sha256 = [("hash", text("SHA-256"))];
    match algorithm {
        Algorithm::Rs256 => named("RSASSA-PKCS1-v1_5", &sha256),
        Algorithm::Ps256 => named("RSA-PSS", &sha256),
        Algorithm::Es256 => named("ECDSA", &[("namedCurve", text("P-256"))]),
        Algorithm::EdDsa => named("Ed25519", &[]),
        Algorithm::Hs256 => named("HMAC", &sha256),
    }
}

/// How a signature is checked or made.
fn operation(algorithm: Algorithm) -> Result<JsValue, String> {
    match algorithm {
        Algorithm::Rs256 => Ok(text("RSASSA-PKCS1-v1_5")),
        // RFC 7518 3.5: the salt is as long as the hash.
        Algorithm::Ps256 => object(&[("name", text("RSA-PSS")), ("saltLength", JsValue::from(32))]),
        Algorithm::Es256 => object(&[("name", text("ECDSA")), ("hash", text("SHA-256"))]),
        Algorithm::EdDsa => Ok(text("Ed25519")),
        Algorithm::Hs256 => Ok(text("HMAC")),
    }
}

fn subtle() -> JsValue {
    get(&get(&js_sys::global(), "crypto"), "subtle")
}

fn text(text: &str) -> JsValue {
    JsValue::from_str(text)
}

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}
