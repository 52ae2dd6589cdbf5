// SPDX-License-Identifier: Apache-2.0
//! HMAC-SHA256 (RFC 2104), and secrets that no log shows.

use sha2::{Digest, Sha256};
use std::fmt;

/// A secret of the deployment. Its `Debug` says nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// HMAC-SHA256 of these pieces in a row, in lower-case hexadecimal.
    pub fn seal(&self, pieces: &[&str]) -> String {
        let mut key = [0u8; BLOCK];
        let secret = self.0.as_bytes();
        match secret.len() > BLOCK {
            true => key[..32].copy_from_slice(&Sha256::digest(secret)),
            false => key[..secret.len()].copy_from_slice(secret),
        }
        let inner = pieces.iter().fold(Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)), |hash, piece| {
            hash.chain_update(piece.as_bytes())
        });
        hex(&Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner.finalize()).finalize())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// SHA-256 of these pieces in a row, in lower-case hexadecimal.
pub fn digest(pieces: &[&str]) -> String {
    hex(&pieces.iter().fold(Sha256::new(), |hash, piece| hash.chain_update(piece.as_bytes())).finalize())
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seals_are_those_of_rfc_4231() {
        let seal = |key: &str, text: &str| Secret::new(key).seal(&[text]);
        let second = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(seal("Jefe", "what do ya want for nothing?"), second);
        // The key of the first case is 20 bytes of 0x0b, which are text as well.
        let first = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(seal(&"\u{b}".repeat(20), "Hi There"), first);
        // Longer than a block: by openssl.
        let long = Secret::new("k".repeat(65));
        let third = "ed378e5dfa30dc98814ba09b2e610d9b6af66054922ceef9480da094a3f11b2d";
        assert_eq!((long.seal(&["abc"]).as_str(), long.seal(&["a", "bc"]).as_str()), (third, third));
        assert_eq!(format!("{long:?}"), "(secret)");
    }
}
