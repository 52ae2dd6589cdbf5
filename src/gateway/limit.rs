// SPDX-License-Identifier: Apache-2.0
//! Not too often: what the gate answers itself, and tokens that are not believed.

use super::identity::{bearer, sha256_hex};
use super::metrics::bump;
use super::origin::Host;
use super::{Gateway, Refusal};
use crate::store::Store;
use http::header::HeaderMap;
use serde_json::json;
use std::net::IpAddr;

impl<S: Store, H: Host> Gateway<S, H> {
    /// Counts a call, and refuses it where there were too many. The key is the caller's API key, if it is one, or else its
    /// address: whoever makes up a new key each time stays the same caller.
    ///
    /// Where whoever counts does not answer, nobody is refused. What may be done is decided elsewhere; a counter that fails
    /// must not become a way to shut the gate.
    pub(super) async fn within_limit(&self, headers: &HeaderMap, client: Option<&str>) -> Result<(), Refusal> {
        let key = match bearer(headers) {
            Ok(Some(token)) if self.is_of_setting(&token) => {
                format!("key:{}", &sha256_hex(token.as_bytes())[..16])
            }
            _ => format!("address:{}", client.map_or_else(|| "unknown".to_string(), address)),
        };
        match self.host.within_limit(&key).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                bump(&self.metrics.limited);
                Err(Refusal::too_many_requests())
            }
            Err(cause) => {
                self.host.log(&json!({ "limit": "not-asked", "cause": cause }).to_string());
                Ok(())
            }
        }
    }
}

/// A caller's address. Of IPv6, the half that its network gave it: the rest is the caller's own to choose.
fn address(text: &str) -> String {
    match text.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        assert_eq!(address("2001:db8:0:1::7"), address("2001:db8:0:1:ffff::8"));
        assert_ne!(address("2001:db8:0:1::7"), address("2001:db8:0:2::7"));
        assert_eq!(address("203.0.113.7"), "203.0.113.7");
    }
}
