// SPDX-License-Identifier: Apache-2.0
//! What a gate is told by whoever deploys it, checked before the first request.

use super::assertion::Assertions;
use super::cors::{Cors, check_origin};
use super::headers;
use super::jwt::{Algorithm, Key, MIN_SECRET_BYTES, Secret};
use super::log::{LogSettings, share, switch};
use super::public_url::{PublicUrl, is_host, normal_host};
use super::strict;
use crate::rows::Millis;
use http::header::HeaderName;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The most that clocks may differ, in seconds.
pub const MAX_CLOCK_SKEW_SECONDS: u32 = 60;

/// The most that `MAX_STALENESS` and `MAX_STALE_IF_ERROR` may be, in milliseconds.
pub const MAX_STALENESS_MILLIS: Millis = 10 * 60 * 1000;

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
    /// How long ago a state of the database may have ended by which something is decided; 0 asks it each time.
    pub max_staleness: Millis,
    /// The same while the database does not answer.
    pub max_stale_if_error: Millis,
    /// Whether copies of the database may answer, which are as fresh as the last news of it.
    pub replicas: bool,
    /// Where callers find the gate. Requests to elsewhere are refused.
    pub public_url: Option<PublicUrl>,
    /// Further hosts that are the gate's.
    pub allowed_hosts: Vec<String>,
    /// Pages of which origins may ask the gate itself.
    pub cors: Option<Cors>,
    pub log: LogSettings,
    /// Whether answers say what took how long.
    pub server_timing: bool,
    /// Headers that the origin believes and that are therefore stripped, beside those that always are.
    identity_headers: Vec<String>,
    /// How the origin is told, signed, who asks; nothing is signed where it is left out.
    pub assertions: Option<Assertions>,
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
    /// The claim that names the principal: its name, or an RFC 6901 pointer (`/realm/user/id`).
    pub principal_claim: String,
    /// The principal's entity type; the model's only one where it is left out.
    pub principal_type: Option<String>,
    /// The principal's entity type, where a claim chooses it.
    pub principal_types: Option<PrincipalTypes>,
    /// Claims, written as `principal_claim` is, each with the values of which it must have one.
    pub require: Vec<(String, Vec<Value>)>,
    pub clock_skew_seconds: u32,
    /// How old a token may be, by its `iat`, however long it says that it is good.
    pub max_age_seconds: Option<u32>,
    /// The one header that this issuer's tokens come in, in place of `Authorization` and the cookie. It is stripped.
    pub header: Option<HeaderName>,
}

/// Entity types by the value of a claim. Another value is of nobody.
#[derive(Clone, Debug)]
pub struct PrincipalTypes {
    pub claim: String,
    pub values: BTreeMap<String, String>,
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
    /// | `MAX_STALENESS` | milliseconds; 2000 where it is left out |
    /// | `MAX_STALE_IF_ERROR` | milliseconds; 30000 where it is left out |
    /// | `REPLICAS` | `on` where D1 has read replication; `off` where it is left out |
    /// | `PUBLIC_URL`, `ALLOWED_HOSTS` | where callers find the gate, and further hosts, with commas between them |
    /// | `CORS_ORIGINS` | origins whose pages may ask the gate itself, with commas between them |
    /// | `LOG_MASK`, `LOG_MASK_KEY`, `LOG_CONTEXT`, `LOG_SAMPLE`, `LOG_D1`, `LOG_CHAIN_KEY` | see [`LogSettings`] |
    /// | `SERVER_TIMING` | `on`, or `off` (where it is left out) |
    /// | `PALISADE_API_KEY_SHA256` | SHA-256 in hexadecimal, one or more with commas between them |
    /// | `PALISADE_ADMIN_KEY_SHA256` | the same, of the key that may do everything below `/.palisade/api/` |
    /// | `ASSERTION_KEYS` | a JSON Web Key Set of private keys, see [`Assertions`]; a secret |
    /// | `ORIGIN_AUDIENCE` | whom assertions are for; `ORIGIN` where it is left out |
    ///
    /// Further ones are named by `ISSUERS`: the secrets that are shared with issuers.
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
            Some(text) => Issuer::list(&text, given)?,
        };
        let verify = share(&given, "VERIFY", 0.0)?;
        let public_url = given("PUBLIC_URL").map(|text| PublicUrl::read(&text)).transpose()?;
        let mut allowed_hosts = list("ALLOWED_HOSTS");
        if let Some(host) = allowed_hosts.iter().find(|host| !is_host(host)) {
            return Err(ConfigError(format!(
                "ALLOWED_HOSTS has `{host}`; write hosts alone, such as `gate.example.com`"
            )));
        }
        match &public_url {
            Some(url) => allowed_hosts.iter_mut().for_each(|host| *host = normal_host(&url.scheme, host)),
            None if allowed_hosts.is_empty() => {}
            None => {
                return Err(ConfigError("ALLOWED_HOSTS names further hosts beside PUBLIC_URL; set that".to_string()));
            }
        }
        let cors = own_cors(list("CORS_ORIGINS"))?;
        let log = LogSettings::read(&given)?;
        let server_timing = switch(&given, "SERVER_TIMING")?;
        let millis = |name: &str, otherwise: Millis| match given(name) {
            None => Ok(otherwise),
            Some(text) => {
                let millis = text.parse().ok().filter(|millis| (0..=MAX_STALENESS_MILLIS).contains(millis));
                millis.ok_or_else(|| {
                    ConfigError(format!("{name} is `{text}`; write milliseconds, from 0 to {MAX_STALENESS_MILLIS}"))
                })
            }
        };
        let replicas = switch(&given, "REPLICAS")?;
        let max_staleness = millis("MAX_STALENESS", 2_000)?;
        let max_stale_if_error = millis("MAX_STALE_IF_ERROR", 30_000)?;
        let mut identity_headers: Vec<String> =
            identity_headers.iter().map(|name| headers::folded(name).into_owned()).collect();
        for header in issuers.iter().filter_map(|issuer| issuer.header.as_ref()) {
            identity_headers.push(headers::folded(header.as_str()).into_owned());
            if *header == ACCESS_HEADER {
                identity_headers.push(ACCESS_EMAIL_HEADER.to_string());
            }
        }
        let assertions = match given("ASSERTION_KEYS") {
            None => None,
            Some(keys) => {
                let url = |name: &str| given(name).map(|text| text.trim_end_matches('/').to_string());
                let audience = given("ORIGIN_AUDIENCE").or_else(|| url("ORIGIN")).ok_or_else(|| {
                    ConfigError("ASSERTION_KEYS needs ORIGIN_AUDIENCE or ORIGIN: whom assertions are for".to_string())
                })?;
                Some(Assertions::read(&keys, url("PUBLIC_URL").as_deref(), audience)?)
            }
        };
        Ok(Config {
            mode,
            issuers,
            token_cookie,
            api_keys,
            admin_keys,
            verify,
            max_staleness,
            max_stale_if_error,
            replicas,
            public_url,
            allowed_hosts,
            cors,
            log,
            server_timing,
            identity_headers,
            assertions,
        })
    }

    /// Further headers that are stripped, by their folded names.
    pub fn identity_headers(&self) -> &[String] {
        &self.identity_headers
    }
}

/// Which pages may ask the gate itself.
fn own_cors(origins: Vec<String>) -> Result<Option<Cors>, ConfigError> {
    if origins.is_empty() {
        return Ok(None);
    }
    for origin in origins.iter().filter(|origin| *origin != "*") {
        check_origin(origin).map_err(|why| ConfigError(format!("CORS_ORIGINS has `{origin}`: {why}")))?;
    }
    let open = origins.iter().any(|origin| origin == "*");
    if open && origins.len() > 1 {
        return Err(ConfigError("CORS_ORIGINS has `*` and others; `*` is every origin".to_string()));
    }
    let texts = |all: &[&str]| all.iter().map(|text| text.to_string()).collect();
    Ok(Some(Cors {
        origins,
        headers: texts(&["authorization", "content-type", "if-none-match", "x-request-id"]),
        expose: texts(&["etag", "palisade-fresh-for", "palisade-revision", "retry-after", "x-request-id"]),
        // What everybody may read must not come by anybody's cookie.
        credentials: !open,
        max_age: 600,
    }))
}

impl Issuer {
    /// Reads issuers from JSON:
    ///
    /// ```
    /// use palisade::gateway::Issuer;
    /// let text = r#"[{
    ///     "issuer": "https://id.example.com/",
    ///     "audiences": ["https://api.example.com"],
    ///     "algorithms": ["ES256"],
    ///     "jwks_url": "https://id.example.com/jwks.json",
    ///     "principal_claim": "sub",
    ///     "principal_type": "User",
    ///     "clock_skew_seconds": 30
    /// }]"#;
    /// let issuers = Issuer::list(text, |_| None).unwrap();
    /// assert_eq!(issuers[0].clock_skew_seconds, 30);
    /// ```
    ///
    /// `setting` finds the secret of an issuer by the name that the issuer gives.
    ///
    /// # Errors
    /// Says which issuer is wrong and what it should be.
    pub fn list(text: &str, setting: impl Fn(&str) -> Option<String>) -> Result<Vec<Issuer>, ConfigError> {
        let wrong = |why: String| ConfigError(format!("ISSUERS: {why}"));
        let value = strict::parse(text.as_bytes()).map_err(|error| wrong(format!("not JSON: {error}")))?;
        let list = value.as_array().ok_or_else(|| wrong("write a list, `[{ \"issuer\": … }]`".to_string()))?;
        let read = |issuer| Issuer::read(issuer, &setting);
        let issuers: Vec<Issuer> = list.iter().map(read).collect::<Result<_, _>>().map_err(wrong)?;
        for (at, issuer) in issuers.iter().enumerate() {
            if issuers[..at].iter().any(|other| other.issuer == issuer.issuer) {
                return Err(wrong(format!("`{}` stands twice", issuer.issuer)));
            }
        }
        Ok(issuers)
    }

    fn read(value: &Value, setting: &impl Fn(&str) -> Option<String>) -> Result<Issuer, String> {
        const KEYS: [&str; 13] = [
            "issuer",
            "audiences",
            "algorithms",
            "jwks",
            "jwks_url",
            "principal_claim",
            "principal_type",
            "principal_types",
            "require",
            "clock_skew_seconds",
            "max_age_seconds",
            "header",
            "secret",
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
            let help = "write RS256, PS256, ES256 or EdDSA, or HS256 alone and a `secret`";
            algorithms.push(Algorithm::named(&name).ok_or_else(|| format!("`{name}` is not believed; {help}"))?);
        }
        let keys = match (fields.get("jwks"), text("jwks_url")?, text("secret")?) {
            // Whoever knows a key of a set could sign by HS256 with it: an issuer with a secret has nothing but the secret.
            (None, None, Some(name)) if algorithms == [Algorithm::Hs256] => {
                let kept = setting(&name).ok_or_else(|| {
                    format!("`secret` of `{issuer}` names the setting {name}, which is not there: `wrangler secret put {name}`")
                })?;
                let secret = Secret::read(kept.trim()).map_err(|why| {
                    format!("the setting {name} {why}; it holds {MIN_SECRET_BYTES} random bytes or more, as base64url")
                })?;
                KeySet::Inline(Arc::new(vec![Key::shared(secret)]))
            }
            (.., Some(_)) => {
                return Err(format!(
                    "`{issuer}` has a `secret`: its `algorithms` are `[\"HS256\"]` alone, and it has no `jwks` and no `jwks_url`"
                ));
            }
            _ if algorithms.contains(&Algorithm::Hs256) => {
                return Err(format!(
                    "`{issuer}` has HS256, which takes a `secret` that names a setting: no `jwks`, no `jwks_url` and no other algorithm"
                ));
            }
            (Some(set), None, None) => {
                let keys = Key::set_of(set)?;
                if keys.is_empty() {
                    return Err(format!("`jwks` of `{issuer}` has no key that can check a signature"));
                }
                KeySet::Inline(Arc::new(keys))
            }
            (None, Some(url), None) if is_safe_url(&url) => KeySet::Url(url),
            (None, Some(url), None) => return Err(format!("`jwks_url` is `{url}`; keys come by https alone")),
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
        let max_age = match fields.get("max_age_seconds") {
            None => None,
            Some(value) => {
                let seconds = value.as_u64().and_then(|seconds| u32::try_from(seconds).ok()).filter(|age| *age > 0);
                Some(seconds.ok_or("`max_age_seconds` is no whole number above 0")?)
            }
        };
        let principal_types = fields.get("principal_types").map(PrincipalTypes::read).transpose()?;
        let principal_type = text("principal_type")?;
        if principal_types.is_some() && principal_type.is_some() {
            return Err(format!("`{issuer}` has both `principal_type` and `principal_types`"));
        }
        let header = match text("header")? {
            None => None,
            Some(name) => Some(own_header(&name)?),
        };
        let principal_claim = text("principal_claim")?.unwrap_or_else(|| "sub".to_string());
        Ok(Issuer {
            audiences: texts("audiences")?,
            algorithms,
            keys,
            principal_claim: checked_claim(principal_claim)?,
            principal_type,
            principal_types,
            require: fields.get("require").map_or(Ok(Vec::new()), required)?,
            clock_skew_seconds: skew,
            max_age_seconds: max_age,
            header,
            issuer,
        })
    }
}

impl PrincipalTypes {
    fn read(value: &Value) -> Result<PrincipalTypes, String> {
        let wrong = || {
            "`principal_types` is no object such as \
             `{ \"claim\": \"kind\", \"values\": { \"svc\": \"Service\", \"user\": \"User\" } }`"
                .to_string()
        };
        let fields = value.as_object().filter(|fields| fields.len() == 2).ok_or_else(wrong)?;
        let claim = fields.get("claim").and_then(Value::as_str).filter(|claim| !claim.is_empty()).ok_or_else(wrong)?;
        let values = fields.get("values").and_then(Value::as_object).filter(|all| !all.is_empty()).ok_or_else(wrong)?;
        let read = |(said, kind): (&String, &Value)| match kind {
            Value::String(kind) if !kind.is_empty() => Ok((said.clone(), kind.clone())),
            _ => Err(wrong()),
        };
        let values = values.iter().map(read).collect::<Result<_, _>>()?;
        Ok(PrincipalTypes { claim: checked_claim(claim.to_string())?, values })
    }
}

/// The header that Cloudflare Access puts its token into, and the one in which it says the same in the clear.
const ACCESS_HEADER: &str = "cf-access-jwt-assertion";
const ACCESS_EMAIL_HEADER: &str = "cf-access-authenticated-user-email";

/// Headers that mean something else, by folded name: they are passed on, or read by somebody on the way.
const NO_TOKEN_HEADERS: [&str; 8] =
    ["authorization", "proxy-authorization", "cookie", "host", "connection", "upgrade", "te", "transfer-encoding"];

/// A header that an issuer may have for its tokens.
fn own_header(name: &str) -> Result<HeaderName, String> {
    let folded = headers::folded(name);
    let taken = NO_TOKEN_HEADERS.contains(&&*folded)
        || ["palisade-", "content-", "accept", "if-"].iter().any(|prefix| folded.starts_with(prefix));
    if taken {
        return Err(format!(
            "`header` is `{name}`, which means something else; leave it out for `Authorization: Bearer`"
        ));
    }
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`header` is `{name}`, which is no name of a header"))
}

/// The name of a claim, or a pointer: after `~` comes 0 or 1 (RFC 6901 3), or it would point to nothing, ever.
fn checked_claim(name: String) -> Result<String, String> {
    let broken = |at: usize| !matches!(name.as_bytes().get(at + 1), Some(b'0' | b'1'));
    if name.starts_with('/') && name.match_indices('~').any(|(at, _)| broken(at)) {
        return Err(format!("`{name}` is no RFC 6901 pointer: write `~0` for `~` and `~1` for `/`"));
    }
    Ok(name)
}

/// Claims with the values of which each must have one.
fn required(value: &Value) -> Result<Vec<(String, Vec<Value>)>, String> {
    let wrong =
        || "`require` is no object of claims, each with one value or a list: texts, numbers, booleans".to_string();
    let is_plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_i64() || value.is_u64();
    let read = |(name, value): (&String, &Value)| {
        let values = match value {
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        };
        if name.is_empty() || values.is_empty() || !values.iter().all(is_plain) {
            return Err(wrong());
        }
        Ok((checked_claim(name.clone())?, values))
    };
    value.as_object().map(Map::iter).ok_or_else(wrong)?.map(read).collect()
}

/// Keys that come in the clear could be anybody's; the own machine is an exception for trying things out.
fn is_safe_url(url: &str) -> bool {
    let local = ["http://localhost/", "http://localhost:", "http://127.0.0.1/", "http://127.0.0.1:"];
    let plain = url.bytes().all(|byte| matches!(byte, b'!'..=b'~')) && !url.contains(['#', '@', '\\']);
    plain && (url.starts_with("https://") || local.iter().any(|prefix| url.starts_with(prefix)))
}

/// RFC 9110 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Scheme, host and port of the application behind the gate, as the setting `ORIGIN` names it.
///
/// # Errors
/// It names none, or more than that.
pub fn origin_of(setting: &str) -> Result<String, ConfigError> {
    let origin = setting.trim().trim_end_matches('/');
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match host.is_some_and(is_host) {
        true => Ok(origin.to_string()),
        false => Err(ConfigError(format!(
            "ORIGIN is `{origin}`; write the application's scheme, host and port, and no path"
        ))),
    }
}
