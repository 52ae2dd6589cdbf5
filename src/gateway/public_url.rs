// SPDX-License-Identifier: Apache-2.0
//! Where callers find the gate, as whoever deploys it says: never as a request says of itself.

use super::config::ConfigError;

/// Scheme, host and path under which the gate is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https`, or `http` for trying things out.
    pub scheme: String,
    /// In lower case, with the port where it is not the scheme's own.
    pub host: String,
    /// `/` where there is no other.
    pub path: String,
}

impl PublicUrl {
    /// Reads `https://gate.example.com`.
    ///
    /// # Errors
    /// It is no such address. What is wrong with it, for whoever deploys.
    pub fn read(text: &str) -> Result<PublicUrl, ConfigError> {
        let wrong = || ConfigError(format!("PUBLIC_URL is `{text}`; write `https://` and the gate's host"));
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let scheme = scheme.to_ascii_lowercase();
        let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if !matches!(scheme.as_str(), "https" | "http") || !is_host(host) || !plain {
            return Err(wrong());
        }
        let host = normal_host(&scheme, host);
        Ok(PublicUrl { scheme, host, path: if path.is_empty() { "/".to_string() } else { path.to_string() } })
    }

    /// Scheme and host, as a browser names the origin of its pages.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Whether a request was sent here, to one of `also`, or elsewhere.
    pub fn is_meant(&self, also: &[String], scheme: Option<&str>, host: Option<&str>) -> bool {
        let (Some(scheme), Some(host)) = (scheme, host) else { return false };
        let host = normal_host(scheme, host);
        scheme == self.scheme && (host == self.host || also.contains(&host))
    }
}

/// A host in lower case, without the port that its scheme implies.
pub fn normal_host(scheme: &str, host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let implied = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(implied).map(str::to_string).unwrap_or(host)
}

/// Whether this can be a host, with a port or without.
pub fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}
