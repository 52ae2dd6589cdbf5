// SPDX-License-Identifier: Apache-2.0
//! What the decision point says of itself (section 9 of the standard): who it is, and what it can be asked where.

use super::ENDPOINTS;
use crate::gateway::answer::json_like;
use crate::gateway::public_url::PublicUrl;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

/// Where it says so; a path of `PUBLIC_URL` follows. Nothing here is ever forwarded: an origin that answered would name
/// decision points of its own.
pub const METADATA_PATH: &str = "/.well-known/authzen-configuration";

/// The metadata of the decision point called `public`, asked for at `path`; `None` where that is another one's.
///
/// The name comes from the settings. From `Host`, a caller could be led to believe in a decision point of somebody else's.
/// It is one of https (section 9.1), save on the own machine.
pub(in crate::gateway) fn metadata(public: &PublicUrl, path: &str) -> Option<Response<Vec<u8>>> {
    let own = public.path.trim_end_matches('/');
    let host = public.host.split(':').next().unwrap_or_default();
    let is_safe = public.scheme == "https" || matches!(host, "localhost" | "127.0.0.1");
    if !is_safe || path.strip_prefix(METADATA_PATH) != Some(own) {
        return None;
    }
    let public = format!("{}{own}", public.origin());
    let mut fields = Map::new();
    fields.insert("policy_decision_point".to_string(), public.as_str().into());
    for (_, path, name) in ENDPOINTS {
        fields.insert(name.to_string(), format!("{public}{path}").into());
    }
    Some(json_like(StatusCode::OK, "application/json", Value::Object(fields).to_string().into_bytes()))
}
