// SPDX-License-Identifier: Apache-2.0
//! Signatures, checked by the platform's WebCrypto.

use super::javascript::{call, get, object};
use crate::gateway::{Algorithm, Material};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;

/// Whether `signature` is `key`'s on `input`.
pub async fn verify(algorithm: Algorithm, key: &Material, input: &[u8], signature: &[u8]) -> Result<bool, String> {
    let subtle = get(&get(&js_sys::global(), "crypto"), "subtle");
    let text = JsValue::from_str;
    let sha256 = ("hash", text("SHA-256"));
    // How the key is read, and how the signature is checked: WebCrypto asks for both.
    let (import, check) = match algorithm {
        Algorithm::Rs256 => {
            (vec![("name", text("RSASSA-PKCS1-v1_5")), sha256], vec![("name", text("RSASSA-PKCS1-v1_5"))])
        }
        Algorithm::Ps256 => {
            // RFC 7518 3.5: the salt is as long as the hash.
            (
                vec![("name", text("RSA-PSS")), sha256],
                vec![("name", text("RSA-PSS")), ("saltLength", JsValue::from(32))],
            )
        }
        Algorithm::Es256 => {
            (vec![("name", text("ECDSA")), ("namedCurve", text("P-256"))], vec![("name", text("ECDSA")), sha256])
        }
        Algorithm::EdDsa => (vec![("name", text("Ed25519"))], vec![("name", text("Ed25519"))]),
    };
    let number = |bytes: &[u8]| text(&URL_SAFE_NO_PAD.encode(bytes));
    let jwk = match key {
        Material::Rsa { n, e } => vec![("kty", text("RSA")), ("n", number(n)), ("e", number(e))],
        Material::P256 { x, y } => {
            vec![("kty", text("EC")), ("crv", text("P-256")), ("x", number(x)), ("y", number(y))]
        }
        Material::Ed25519 { x } => vec![("kty", text("OKP")), ("crv", text("Ed25519")), ("x", number(x))],
    };
    let uses: JsValue = Array::of1(&text("verify")).into();
    let arguments = [text("jwk"), object(&jwk)?, object(&import)?, JsValue::FALSE, uses];
    let key = call(&subtle, "importKey", &arguments).await?;
    let bytes = |bytes: &[u8]| JsValue::from(Uint8Array::from(bytes));
    let answer = call(&subtle, "verify", &[object(&check)?, key, bytes(signature), bytes(input)]).await?;
    // Anything but a plain `true` is a no.
    Ok(answer.as_bool() == Some(true))
}
