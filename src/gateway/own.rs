// SPDX-License-Identifier: Apache-2.0
//! The gate's own addresses. Nothing below `/.palisade/` is ever forwarded.

use super::admin::API_PREFIX;
use super::answer::{Refusal, json_like};
use super::assertion::KEYS_PATH;
use super::authzen::{EVALUATION_PATH, Endpoint, metadata};
use super::cors;
use super::log::Line;
use super::metrics::{METRICS_PATH, METRICS_TYPE};
use super::origin::{Body, Host, Incoming};
use super::page::PAGE_PATH;
use super::path::Target;
use super::{Gateway, other_origin, respond};
use crate::store::{Ledger, Store};
use http::{Method, Response, StatusCode};
use serde_json::json;

/// Where the gate says whether it works.
pub const HEALTH_PATH: &str = "/.palisade/health";

impl<S: Store + Ledger, H: Host> Gateway<S, H> {
    /// What lies below `/.palisade/`. Nothing there is ever forwarded.
    pub(super) async fn own(
        &self,
        target: &Target,
        incoming: Incoming<H::Stream>,
        id: &str,
    ) -> Response<Body<H::Stream>> {
        let cors = self.config.cors.as_ref().filter(|_| matches!(target.path(), PAGE_PATH | EVALUATION_PATH));
        if let (Some(asked), Some(cors)) = (cors::preflight(&incoming.method, &incoming.headers), cors) {
            let methods = match target.path() {
                PAGE_PATH => &[Method::GET, Method::POST][..],
                _ => &[Method::POST][..],
            };
            if cors::origin(&incoming.headers).is_some_and(|origin| cors.admits(origin)) && methods.contains(&asked) {
                self.metrics.outcome("preflight");
                return respond(cors.preflight(&incoming.headers, methods));
            }
            return self.refuse(&other_origin(), id, &incoming.method, &incoming.headers, Line::default());
        }
        let shared = cors.map(|cors| cors.shared(&incoming.headers));
        let counted = target.path() != HEALTH_PATH;
        let mut response = match self.within_limit_if(counted, &incoming).await {
            Ok(()) => self.answer_own(target, incoming, id).await,
            Err(refusal) => self.refuse(&refusal, id, &incoming.method, &incoming.headers, Line::default()),
        };
        if let Some(shared) = shared {
            shared.put(response.headers_mut());
        }
        response
    }

    async fn within_limit_if(&self, counted: bool, incoming: &Incoming<H::Stream>) -> Result<(), Refusal> {
        match counted {
            true => self.within_limit(&incoming.headers, incoming.client.as_deref()).await,
            false => Ok(()),
        }
    }

    async fn answer_own(
        &self,
        target: &Target,
        mut incoming: Incoming<H::Stream>,
        id: &str,
    ) -> Response<Body<H::Stream>> {
        if let Some(endpoint) = Endpoint::at(target.path()).filter(|_| incoming.method == Method::POST) {
            return respond(self.access(endpoint, &mut incoming, id).await);
        }
        let described = self.config.public_url.as_ref().and_then(|public| metadata(public, target.path()));
        let is_described = described.is_some();
        if let Some(response) = described.filter(|_| incoming.method == Method::GET) {
            return respond(response);
        }
        let allow = match target.path() {
            HEALTH_PATH if matches!(incoming.method, Method::GET | Method::HEAD) => {
                return respond(self.health(&incoming.method).await);
            }
            HEALTH_PATH => vec![Method::GET, Method::HEAD],
            METRICS_PATH if incoming.method == Method::GET => {
                if let Err(refusal) = self.service(&incoming.headers, "metrics").await {
                    return self.refuse(&refusal, id, &incoming.method, &incoming.headers, Line::default());
                }
                let isolate = self.isolate.get_or_init(|| self.host.new_id());
                let text = self.metrics.text(isolate, env!("CARGO_PKG_VERSION"), self.known.staleness(self.host.now()));
                return respond(json_like(StatusCode::OK, METRICS_TYPE, text.into_bytes()));
            }
            METRICS_PATH => vec![Method::GET],
            KEYS_PATH if self.config.assertions.is_some() => {
                if let Method::GET | Method::HEAD = incoming.method
                    && let Some(keys) = self.assertion_keys(&incoming.method)
                {
                    return respond(keys);
                }
                vec![Method::GET, Method::HEAD]
            }
            path if Endpoint::at(path).is_some() => vec![Method::POST],
            _ if is_described => vec![Method::GET],
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
        // How old what the gate goes by had become, before it is asked for here.
        let staleness = self.known.staleness(self.host.now());
        let state = async {
            let unavailable = |refusal: Refusal| refusal.cause.unwrap_or(refusal.detail);
            let active = self.current().await.map_err(unavailable)?;
            // Whoever asks wants to know of the database, not of what is remembered of it.
            let bundle = self.listen(&active).await.map_err(|error| error.to_string())?;
            Ok::<_, String>((bundle, self.known.heard().map_or(0, |(revision, _)| revision)))
        };
        let (status, body) = match state.await {
            Ok((bundle, revision)) => {
                let body = json!({ "status": "ok", "revision": revision, "bundle": bundle, "staleness": staleness,
                                   "version": version });
                (StatusCode::OK, body)
            }
            Err(cause) => {
                self.host.log(&json!({ "health": "unavailable", "cause": cause }).to_string());
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    json!({ "status": "unavailable", "staleness": staleness, "version": version }),
                )
            }
        };
        let body = if method == Method::HEAD { Vec::new() } else { body.to_string().into_bytes() };
        json_like(status, "application/json", body)
    }
}
