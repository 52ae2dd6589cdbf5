// SPDX-License-Identifier: Apache-2.0
//! What lies outside the gate: the application behind it, bodies that flow through it, and the machine that it runs on.

use super::jwt::{Crypto, KeySource};
use crate::rows::Millis;
use http::{HeaderMap, Method, Request, Response};

/// A machine from which the application behind the gate can be asked. The Worker asks by itself
/// ([`Gateway::judge`](super::Gateway::judge)); here is what it does, for every other face.
#[allow(async_fn_in_trait, reason = "no gate crosses threads: a Worker has one, and natively the future is blocked on")]
pub trait Origin: Host {
    /// Sends a request on, to exactly the path and query of its URI, and gives back whatever comes: redirects are answers
    /// and are not followed, since nobody has decided on where they lead.
    ///
    /// # Errors
    /// The origin does not answer. The sentence is for the log.
    async fn forward(&self, request: Request<Body<Self::Stream>>) -> Result<Response<Body<Self::Stream>>, String>;
}

/// The machine that a gate runs on: everything that it does not do by itself.
#[allow(async_fn_in_trait, reason = "as for Origin")]
pub trait Host: Crypto + KeySource {
    /// A body that flows, in either direction.
    type Stream: Stream;

    /// Now.
    fn now(&self) -> Millis;

    /// A clock for durations only, in microseconds.
    fn micros(&self) -> u64;

    /// An id that nobody can guess and nobody had before.
    fn new_id(&self) -> String;

    /// Counts one more call of whoever `key` is, and says whether that is within what a caller may do in a while. Where
    /// nobody counts, everything is.
    ///
    /// # Errors
    /// Whoever counts does not answer. The sentence is for the log.
    async fn within_limit(&self, key: &str) -> Result<bool, String>;

    /// Takes one line of the log, a JSON object. Whatever becomes of it, the request goes on.
    fn log(&self, line: &str);

    /// What Cedar's own authorizer answers to a question that [`export::question`](crate::export::question) wrote, as
    /// [`Opinion::read`](crate::export::Opinion::read) reads it: `cedar::Judge` gives such answers. Asked for a share of
    /// the decisions alone, which may be none.
    ///
    /// # Errors
    /// Nobody can be asked, or whoever was did not live to answer. The sentence is for the log, and the engine's decision
    /// stands.
    fn judge(&self, question: &str) -> Result<String, String>;
}

/// A body that comes piece by piece.
#[allow(async_fn_in_trait, reason = "as for Origin")]
pub trait Stream {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The other side broke off.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String>;
}

/// The body of a request or an answer.
#[derive(Debug)]
pub enum Body<S> {
    Empty,
    Bytes(Vec<u8>),
    /// A body that flows, and in front of it what the gate has read of it already.
    Stream {
        head: Vec<u8>,
        rest: S,
    },
}

/// Why a body could not be read as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    Broken(String),
}

impl<S: Stream> Body<S> {
    pub fn stream(rest: S) -> Body<S> {
        Body::Stream { head: Vec::new(), rest }
    }

    /// Reads all of it, if that is at most `limit` bytes. What was read stays in the body, to be forwarded: the origin gets
    /// the very bytes that the gate decided on.
    ///
    /// # Errors
    /// It is larger, or breaks off. Even so the body still is all that came and comes.
    pub async fn fill(&mut self, limit: usize) -> Result<&[u8], BodyError> {
        if let Body::Stream { head, rest } = self {
            loop {
                if head.len() > limit {
                    return Err(BodyError::TooLarge);
                }
                match rest.next().await.map_err(BodyError::Broken)? {
                    Some(piece) => head.extend_from_slice(&piece),
                    None => break,
                }
            }
            *self = Body::Bytes(std::mem::take(head));
        }
        match self {
            Body::Bytes(bytes) if bytes.len() > limit => Err(BodyError::TooLarge),
            Body::Bytes(bytes) => Ok(bytes),
            Body::Empty | Body::Stream { .. } => Ok(&[]),
        }
    }
}

/// A request as it reached the face.
#[derive(Debug)]
pub struct Incoming<S> {
    pub method: Method,
    /// `/path?query` or a whole URL, as it stood on the wire: `http::Uri` would drop a fragment before it can be refused.
    pub url: String,
    pub headers: HeaderMap,
    pub body: Body<S>,
    /// The client's address, where the platform vouches for it.
    pub client: Option<String>,
}

impl<S> Incoming<S> {
    /// Scheme, host, and path with query. The first two are `None` for a URL that begins with its path.
    pub(super) fn parts(&self) -> (Option<&str>, Option<&str>, &str) {
        match self.url.split_once("://") {
            Some((scheme, rest)) if matches!(scheme, "http" | "https") => {
                let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
                (Some(scheme), Some(&rest[..end]), &rest[end..])
            }
            _ => (None, None, &self.url),
        }
    }
}
