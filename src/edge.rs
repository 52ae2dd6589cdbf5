// SPDX-License-Identifier: Apache-2.0
//! The Worker: bindings, real origin, clock, one fetch event.
//!
//! It is a host and nothing more: what could run natively lives in the rooms below.

use serde_json::{Value, json};
use worker::{Context, Env, Request, Response, ResponseBuilder, Result, event};

/// The name of the D1 binding in `wrangler.toml`.
const DATABASE: &str = "DB";

/// Answers one request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    match request.path().as_str() {
        "/.palisade/health" => health(&env).await,
        _ => answer(404, "application/problem+json", &json!({ "title": "Not Found", "status": 404 })),
    }
}

/// Says whether this Worker runs and reaches its database. Strangers learn nothing more: the reason of a failure goes
/// to the log.
async fn health(env: &Env) -> Result<Response> {
    let version = env!("CARGO_PKG_VERSION");
    let (status, words, database) = match ping(env).await {
        Ok(()) => (200, "ok", "ok"),
        Err(cause) => {
            worker::console_error!("health: the database does not answer: {cause}");
            (503, "unavailable", "unreachable")
        }
    };
    answer(status, "application/json", &json!({ "status": words, "version": version, "database": database }))
}

/// Asks the database the shortest question there is.
async fn ping(env: &Env) -> Result<()> {
    env.d1(DATABASE)?.prepare("SELECT 1 AS one").first::<i32>(Some("one")).await.map(|_| ())
}

/// A JSON answer that no cache keeps.
fn answer(status: u16, content_type: &str, body: &Value) -> Result<Response> {
    Ok(ResponseBuilder::new()
        .with_status(status)
        .with_header("content-type", content_type)?
        .with_header("cache-control", "no-store")?
        .fixed(body.to_string().into_bytes()))
}
