// SPDX-License-Identifier: Apache-2.0
//! The gate's own addresses. Nothing below `/.palisade/` is ever forwarded.

use super::admin::API_PREFIX;
use super::answer::{Refusal, json_like};
use super::authzen::EVALUATION_PATH;
use super::log::Line;
use super::origin::{Body, Host, Incoming};
use super::page::PAGE_PATH;
use super::path::Target;
use super::{Gateway, respond};
use crate::store::{Ledger, Store};
use http::{Method, Response, StatusCode};
use serde_json::json;

/// Where the gate says whether it works.
pub const HEALTH_PATH: &str = "/.palisade/health";

impl<S: Store, H: Host> Gateway<S, H> {
    /// What lies below `/.palisade/`. Nothing there is ever forwarded.
    pub(super) async fn own(
        &self,
        target: &Target,
        mut incoming: Incoming<H::Stream>,
        id: &str,
    ) -> Response<Body<H::Stream>>
    where
        S: Ledger,
    {
        let allow = match target.path() {
            HEALTH_PATH if matches!(incoming.method, Method::GET | Method::HEAD) => {
                return respond(self.health(&incoming.method).await);
            }
            HEALTH_PATH => vec![Method::GET, Method::HEAD],
            EVALUATION_PATH if incoming.method == Method::POST => {
                return respond(self.evaluation(&mut incoming, id).await);
            }
            EVALUATION_PATH => vec![Method::POST],
            PAGE_PATH if matches!(incoming.method, Method::GET | Method::POST) => {
                return self.page(target, incoming, id).await;
            }
            PAGE_PATH => vec![Method::GET, Method::POST],
            path if path.starts_with(API_PREFIX) => return self.administration(target, incoming, id).await,
            _ => {
                let refusal = Refusal::new(StatusCode::NOT_FOUND, "no-route", "there is nothing here");
                return self.refuse(&refusal, id, &incoming.method, &incoming.headers, Line::default());
            }
        };
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "this path is not for that method");
        self.refuse(&refusal.allowing(allow), id, &incoming.method, &incoming.headers, Line::default())
    }

    /// Whether the gate could decide now. Strangers learn nothing more: the reason of a failure goes to the log.
    async fn health(&self, method: &Method) -> Response<Vec<u8>> {
        let version = env!("CARGO_PKG_VERSION");
        let state = async {
            let active = self.current.fresh(&self.store, self.host.now()).await?;
            let revision = self.store.revision().await.map_err(|error| error.to_string())?;
            Ok::<_, String>((active.number, revision))
        };
        let (status, body) = match state.await {
            Ok((bundle, revision)) => {
                let body = json!({ "status": "ok", "revision": revision, "bundle": bundle, "version": version });
                (StatusCode::OK, body)
            }
            Err(cause) => {
                self.host.log(&json!({ "health": "unavailable", "cause": cause }).to_string());
                (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "unavailable", "version": version }))
            }
        };
        let body = if method == Method::HEAD { Vec::new() } else { body.to_string().into_bytes() };
        json_like(status, "application/json", body)
    }
}
