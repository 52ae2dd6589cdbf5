// SPDX-License-Identifier: Apache-2.0
//! Other services: who holds an API key, whom the key stands for, and what its holder may ask of the gate itself.
//!
//! A key is a row of `palisade_api_key`, which holds the SHA-256 of the key and never the key. One that is expired, revoked,
//! or cannot be read is worth nothing.

use super::Gateway;
use super::answer::Refusal;
use super::identity::{API_KEY_PREFIX, Caller, bearer, is_hashed_in, same, sha256_hex};
use super::origin::Host;
use super::routes;
use super::strict;
use crate::mapping::Mapping;
use crate::name::{Uid, unquote};
use crate::rows::{Millis, Reading, read_time};
use crate::store::{ApiKey, Store};
use http::StatusCode;
use http::header::HeaderMap;
use serde_json::Value;

/// What the holders of keys may do that `PALISADE_API_KEY_SHA256` lists: ask for decisions, and read the counters.
const MAY_BY_SETTING: [&str; 2] = ["evaluate", "metrics"];

/// A service that has shown its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The key's id, for the log; `None` for a key of the setting.
    pub id: Option<String>,
    /// What people call the service.
    pub name: String,
}

impl<S: Store, H: Host> Gateway<S, H> {
    /// The service that sends a request, which `may` do something: `evaluate`, `metrics` or `log`.
    ///
    /// # Errors
    /// 401 without a good key in `Authorization: Bearer`, 403 where the key may not do this, 503 where the database does not
    /// answer.
    pub async fn service(&self, headers: &HeaderMap, may: &str) -> Result<Service, Refusal> {
        let Ok(Some(token)) = bearer(headers) else { return Err(unknown("there is no API key")) };
        let service = if self.is_of_setting(&token) {
            MAY_BY_SETTING.contains(&may).then(|| Service { id: None, name: "PALISADE_API_KEY_SHA256".to_string() })
        } else {
            let (key, _) = self.api_key(&token).await?;
            may_do(&key, may).then_some(Service { id: Some(key.id), name: key.name })
        };
        let detail = "this API key is for something else";
        service.ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, "denied", detail))
    }

    /// Whether a token is one of the keys that the setting lists.
    pub(super) fn is_of_setting(&self, token: &str) -> bool {
        is_hashed_in(token, &self.config.api_keys)
    }

    /// Whom an API key stands for.
    ///
    /// # Errors
    /// 401 for a key that is worth nothing or stands for nobody, 503 where the database does not answer.
    pub(super) async fn key_caller(&self, mapping: &Mapping, token: &str) -> Result<Caller, Refusal> {
        let (key, until) = self.api_key(token).await?;
        let principal = key.principal.as_deref().ok_or_else(|| unknown("the API key stands for nobody"))?;
        let principal = read_principal(mapping, principal).ok_or_else(|| {
            unknown("the API key's `principal` is no principal of the model, such as `User::\"ann\"`")
        })?;
        Ok(Caller::of(principal, until))
    }

    /// The row of a key that counts now, and when it ends.
    async fn api_key(&self, token: &str) -> Result<(ApiKey, Option<Millis>), Refusal> {
        // Nothing else can be a key of a row, so that the database is not asked about it.
        if !token.starts_with(API_KEY_PREFIX) {
            return Err(unknown("this is no API key"));
        }
        let hash = sha256_hex(token.as_bytes());
        let found = self.store.api_key(&hash).await.map_err(|error| Refusal::unavailable(error.to_string()))?;
        // Compared again, and in constant time: the database compared as it likes.
        let key = found.filter(|key| same(key.key_hash.as_bytes(), hash.as_bytes()));
        let key = key.ok_or_else(|| unknown("no row has this API key"))?;
        // Whatever time it names: a key that somebody marked is over.
        if key.revoked {
            return Err(unknown("the API key is revoked"));
        }
        let until = match read_time(&key.expires) {
            Reading::Null => None,
            Reading::Is(expires) if expires > self.host.now() => Some(expires),
            Reading::Is(_) => return Err(unknown("the API key is expired")),
            Reading::Unreadable => return Err(unknown("the API key has an `expires_at` that is no time")),
        };
        Ok((key, until))
    }
}

/// 401, and why for the log.
fn unknown(cause: &str) -> Refusal {
    let detail = "this needs a valid API key".to_string();
    Refusal { detail, ..Refusal::unauthenticated(cause) }
}

/// Whether a key's list has `may`. One that cannot be read has nothing.
fn may_do(key: &ApiKey, may: &str) -> bool {
    match strict::parse(key.may.as_bytes()) {
        Ok(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(|one| one == may),
        _ => false,
    }
}

/// A principal of the model, from an entity literal.
fn read_principal(mapping: &Mapping, literal: &str) -> Option<Uid> {
    let (kind, _) = literal.split_once("::\"")?;
    let id = unquote(&literal[kind.len() + 2..])?;
    let kind = mapping.principals().map(|(_, entity)| entity.type_name.as_str()).find(|own| *own == kind)?;
    Some(Uid::new(kind, routes::entity_id(mapping, kind, &id).ok()?))
}
