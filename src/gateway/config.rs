// SPDX-License-Identifier: Apache-2.0
//! What a gate is told by whoever deploys it, checked before the first request.

use super::headers;
use super::jwt::{Algorithm, Key};
use super::strict;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// The most that clocks may differ, in seconds.
pub const MAX_CLOCK_SKEW_SECONDS: u32 = 60;

/// Whether refusals are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is not allowed is refused.
    #[default]
    Enforce,
    /// Everything is decided and logged, and nothing refused but what could be read in two ways. For a first week in front
    /// of an origin that still decides by itself.
    Shadow,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
        }
    }
}

/// What a gate is told. Everything is off until it is named.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub mode: Mode,
    /// Whose JSON Web Tokens are believed.
    pub issuers: Vec<Issuer>,
    /// The cookie that may hold the token, beside `Authorization: Bearer`.
    pub token_cookie: Option<String>,
    /// SHA-256 of the keys with which other services ask for decisions, in lower-case hexadecimal.
    pub api_keys: Vec<String>,
    /// SHA-256 of the keys with which the first administrator is made, in lower-case hexadecimal.
    pub admin_keys: Vec<String>,
    /// The share of decisions that Cedar's own authorizer makes too, from 0 to 1.
    pub verify: f64,
    /// Headers that the origin believes and that are therefore stripped, beside those that always are.
    identity_headers: Vec<String>,
}

/// Somebody who signs tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Exactly what `iss` says.
    pub issuer: String,
    /// One of these stands in `aud`.
    pub audiences: Vec<String>,
    pub algorithms: Vec<Algorithm>,
    pub keys: KeySet,
    /// The claim that names the principal.
    pub principal_claim: String,
    /// The principal's entity type; the model's only one where it is left out.
    pub principal_type: Option<String>,
    pub clock_skew_seconds: u32,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug)]
pub enum KeySet {
    Inline(Arc<Vec<Key>>),
    Url(String),
}

/// What is wrong with a configuration, and where. Nothing is served with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the settings by their names; empty text is as good as none.
    ///
    /// | name | |
    /// |---|---|
    /// | `MODE` | `enforce` (where it is left out) or `shadow` |
    /// | `ISSUERS` | a JSON list, see [`Issuer`] |
    /// | `TOKEN_COOKIE` | a cookie's name |
    /// | `IDENTITY_HEADERS` | names of headers, with commas between them |
    /// | `VERIFY` | the share of decisions that are made twice, such as `0.01`; none where it is left out |
    /// | `PALISADE_API_KEY_SHA256` | SHA-256 in hexadecimal, one or more with commas between them |
    /// | `PALISADE_ADMIN_KEY_SHA256` | the same, of the key that may do everything below `/.palisade/api/` |
    ///
    /// # Errors
    /// Says which setting is wrong and what it should be.
    pub fn read(setting: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let given = |name: &str| setting(name).map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
        let list = |name: &str| -> Vec<String> {
            let text = given(name).unwrap_or_default();
            text.split(',').map(|item| item.trim().to_string()).filter(|item| !item.is_empty()).collect()
        };
        let mode = match given("MODE").as_deref() {
            None | Some("enforce") => Mode::Enforce,
            Some("shadow") => Mode::Shadow,
            Some(other) => return Err(ConfigError(format!("MODE is `{other}`; write `enforce` or `shadow`"))),
        };
        let token_cookie = given("TOKEN_COOKIE");
        if let Some(name) = &token_cookie
            && !is_token(name)
        {
            return Err(ConfigError(format!("TOKEN_COOKIE is `{name}`, which is no name of a cookie")));
        }
        let identity_headers = list("IDENTITY_HEADERS");
        if let Some(name) = identity_headers.iter().find(|name| !is_token(name)) {
            return Err(ConfigError(format!("IDENTITY_HEADERS has `{name}`, which is no name of a header")));
        }
        let hashes = |name: &str| -> Result<Vec<String>, ConfigError> {
            let keys: Vec<String> = list(name).iter().map(|key| key.to_ascii_lowercase()).collect();
            match keys.iter().all(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())) {
                true => Ok(keys),
                false => Err(ConfigError(format!(
                    "{name} is no SHA-256: give the 64 hexadecimal digits, not the key itself"
                ))),
            }
        };
        let api_keys = hashes("PALISADE_API_KEY_SHA256")?;
        let admin_keys = hashes("PALISADE_ADMIN_KEY_SHA256")?;
        let issuers = match given("ISSUERS") {
            None => Vec::new(),
            Some(text) => Issuer::list(&text)?,
        };
        let verify = match given("VERIFY") {
            None => 0.0,
            Some(text) => {
                let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
                share.ok_or_else(|| {
                    ConfigError(format!("VERIFY is `{text}`; write a share from 0 to 1, such as `0.01`"))
                })?
            }
        };
        let identity_headers = identity_headers.iter().map(|name| headers::folded(name)).collect();
        Ok(Config { mode, issuers, token_cookie, api_keys, admin_keys, verify, identity_headers })
    }

    /// Further headers that are stripped, by their folded names.
    pub fn identity_headers(&self) -> &[String] {
        &self.identity_headers
    }
}

impl Issuer {
    /// Reads issuers from JSON:
    ///
    /// ```
    /// use palisade::gateway::Issuer;
    /// let issuers = Issuer::list(r#"[{
    ///     "issuer": "https://id.example.com/",
    ///     "audiences": ["https://api.example.com"],
    ///     "algorithms": ["ES256"],
    ///     "jwks_url": "https://id.example.com/jwks.json",
    ///     "principal_claim": "sub",
    ///     "principal_type": "User",
    ///     "clock_skew_seconds": 30
    /// }]"#).unwrap();
    /// assert_eq!(issuers[0].clock_skew_seconds, 30);
    /// ```
    ///
    /// # Errors
    /// Says which issuer is wrong and what it should be.
    pub fn list(text: &str) -> Result<Vec<Issuer>, ConfigError> {
        let wrong = |why: String| ConfigError(format!("ISSUERS: {why}"));
        let value = strict::parse(text.as_bytes()).map_err(|error| wrong(format!("not JSON: {error}")))?;
        let list = value.as_array().ok_or_else(|| wrong("write a list, `[{ \"issuer\": … }]`".to_string()))?;
        let issuers: Vec<Issuer> = list.iter().map(Issuer::read).collect::<Result<_, _>>().map_err(wrong)?;
        for (at, issuer) in issuers.iter().enumerate() {
            if issuers[..at].iter().any(|other| other.issuer == issuer.issuer) {
                return Err(wrong(format!("`{}` stands twice", issuer.issuer)));
            }
        }
        Ok(issuers)
    }

    fn read(value: &Value) -> Result<Issuer, String> {
        const KEYS: [&str; 8] = [
            "issuer",
            "audiences",
            "algorithms",
            "jwks",
            "jwks_url",
            "principal_claim",
            "principal_type",
            "clock_skew_seconds",
        ];
        let fields = value.as_object().ok_or("an issuer is no object")?;
        if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("an issuer has no `{key}`; it has {}", KEYS.join(", ")));
        }
        let text = |name: &str| match fields.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{name}` is no text")),
        };
        let texts = |name: &str| -> Result<Vec<String>, String> {
            let wrong = || format!("`{name}` is no list of one text or more");
            let list = fields.get(name).and_then(Value::as_array).ok_or_else(wrong)?;
            let all: Option<Vec<String>> = list.iter().map(|item| item.as_str().map(str::to_string)).collect();
            all.filter(|all| !all.is_empty() && all.iter().all(|text| !text.is_empty())).ok_or_else(wrong)
        };
        let issuer = text("issuer")?.ok_or("an issuer has no `issuer`")?;
        let mut algorithms = Vec::new();
        for name in texts("algorithms")? {
            let help = "write RS256, PS256, ES256 or EdDSA";
            algorithms.push(Algorithm::named(&name).ok_or_else(|| format!("`{name}` is not believed; {help}"))?);
        }
        let keys = match (fields.get("jwks"), text("jwks_url")?) {
            (Some(set), None) => {
                let keys = Key::set_of(set)?;
                if keys.is_empty() {
                    return Err(format!("`jwks` of `{issuer}` has no key that can check a signature"));
                }
                KeySet::Inline(Arc::new(keys))
            }
            (None, Some(url)) if is_safe_url(&url) => KeySet::Url(url),
            (None, Some(url)) => return Err(format!("`jwks_url` is `{url}`; keys come by https alone")),
            _ => return Err(format!("`{issuer}` needs either `jwks` or `jwks_url`")),
        };
        let skew = match fields.get("clock_skew_seconds") {
            None => 0,
            Some(value) => value
                .as_u64()
                .and_then(|seconds| u32::try_from(seconds).ok())
                .filter(|seconds| *seconds <= MAX_CLOCK_SKEW_SECONDS)
                .ok_or_else(|| format!("`clock_skew_seconds` is no whole number from 0 to {MAX_CLOCK_SKEW_SECONDS}"))?,
        };
        Ok(Issuer {
            audiences: texts("audiences")?,
            algorithms,
            keys,
            principal_claim: text("principal_claim")?.unwrap_or_else(|| "sub".to_string()),
            principal_type: text("principal_type")?,
            clock_skew_seconds: skew,
            issuer,
        })
    }
}

/// Keys that come in the clear could be anybody's; the own machine is an exception for trying things out.
fn is_safe_url(url: &str) -> bool {
    let local = ["http://localhost/", "http://localhost:", "http://127.0.0.1/", "http://127.0.0.1:"];
    let plain = url.bytes().all(|byte| matches!(byte, b'!'..=b'~')) && !url.contains(['#', '@', '\\']);
    plain && (url.starts_with("https://") || local.iter().any(|prefix| url.starts_with(prefix)))
}

/// RFC 9110 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
