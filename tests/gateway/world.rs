// SPDX-License-Identifier: Apache-2.0
//! A gate with everything around it made of paper: rows in memory, an origin that writes down what reaches it, a clock
//! that stands, and signatures by `ring`. The one place that touches the gateway's interface.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use palisade::bundle::Bundle;
use palisade::cedar::Judge;
use palisade::gateway::{
    Algorithm, Body, Config, Crypto, Gateway, Host, Incoming, KeySource, Material, Origin, Stream, sha256_hex,
};
use palisade::report::Finding;
use palisade::rows::{Millis, Rows, TableRows, Value};
use palisade::store::{Ask, DriverError, Failure, Ids, Ledger, MemoryStore, Slice, SlicePlan, Store, StoreError};
use palisade::{compile, er, model};
use ring::signature;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// 2026-01-01T12:00:00Z.
pub const NOON: Millis = 1_767_268_800_000;

/// The gate of the tests, and everything around it.
pub struct World {
    pub gate: Gateway<Paper, Desk>,
}

/// Something that somebody else does to the rows.
pub type Change = Box<dyn FnOnce(&mut MemoryStore)>;

/// A store in memory that can be made to fail.
pub struct Paper {
    pub store: RefCell<MemoryStore>,
    pub fail: Cell<bool>,
    /// The questions that were asked, in their order.
    pub asked: RefCell<Vec<&'static str>>,
    /// Done once, when the next slice is asked for: another bundle is published meanwhile, say.
    pub before_slice: RefCell<Option<Change>>,
}

/// The machine of the tests.
#[derive(Default)]
pub struct Desk {
    pub now: Cell<Millis>,
    ids: Cell<u32>,
    pub log: RefCell<Vec<String>>,
    pub reached: RefCell<Vec<Reached>>,
    pub origin_fails: Cell<bool>,
    /// What the origin answers, in place of 200 and nothing.
    pub origin_answer: RefCell<Option<Response<Vec<u8>>>>,
    /// What the issuer's key set is; `None` while it cannot be fetched.
    pub key_set: RefCell<Option<String>>,
    pub key_fetches: Cell<u32>,
    /// Cedar, which judges a share of the decisions again.
    cedar: RefCell<Judge>,
    /// What the second judge answers in place of Cedar.
    pub second: RefCell<Option<Result<String, String>>>,
    /// The questions that the second judge was asked.
    pub questions: RefCell<Vec<String>>,
}

/// A request that reached the origin.
#[derive(Clone, Debug)]
pub struct Reached {
    pub method: Method,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A body in pieces; `None` among them breaks off.
#[derive(Debug)]
pub struct Pieces(pub VecDeque<Option<Vec<u8>>>);

impl Stream for Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self.0.pop_front() {
            Some(Some(piece)) => Ok(Some(piece)),
            Some(None) => Err("broke off".to_string()),
            None => Ok(None),
        }
    }
}

impl Store for Paper {
    async fn slice(&self, plan: &SlicePlan, ask: &Ask) -> Result<Slice, StoreError> {
        self.asked.borrow_mut().push("slice");
        self.up()?;
        if let Some(change) = self.before_slice.borrow_mut().take() {
            change(&mut self.store.borrow_mut());
        }
        pollster::block_on(self.store.borrow().slice(plan, ask))
    }

    async fn ids(&self, plan: &SlicePlan, type_name: &str, most: usize) -> Result<Ids, StoreError> {
        self.asked.borrow_mut().push("ids");
        self.up()?;
        pollster::block_on(self.store.borrow().ids(plan, type_name, most))
    }

    async fn login(&self, plan: &SlicePlan, token_hash: &str) -> Result<Rows, StoreError> {
        self.asked.borrow_mut().push("login");
        self.up()?;
        pollster::block_on(self.store.borrow().login(plan, token_hash))
    }

    async fn everything(&self, plan: &SlicePlan) -> Result<Slice, StoreError> {
        self.up()?;
        pollster::block_on(self.store.borrow().everything(plan))
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        self.up()?;
        pollster::block_on(self.store.borrow().revision())
    }

    async fn active_bundle(&self) -> Result<Option<(u64, String)>, StoreError> {
        self.asked.borrow_mut().push("bundle");
        self.up()?;
        pollster::block_on(self.store.borrow().active_bundle())
    }
}

/// Nothing is written on this paper.
impl Ledger for Paper {}

impl Paper {
    fn up(&self) -> Result<(), StoreError> {
        match self.fail.get() {
            true => Err(DriverError { failure: Failure::Unreachable, cause: "out of paper".into() }.into()),
            false => Ok(()),
        }
    }
}

impl Origin for Desk {
    type Stream = Pieces;

    async fn forward(&self, request: Request<Body<Pieces>>) -> Result<Response<Body<Pieces>>, String> {
        if self.origin_fails.get() {
            return Err("nobody there".to_string());
        }
        let (parts, mut body) = request.into_parts();
        let body = body.fill(usize::MAX).await.map_err(|error| format!("{error:?}"))?.to_vec();
        let target = parts.uri.path_and_query().unwrap().to_string();
        self.reached.borrow_mut().push(Reached { method: parts.method, target, headers: parts.headers, body });
        Ok(self.origin_answer.borrow_mut().take().unwrap_or_default().map(Body::Bytes))
    }
}

impl Crypto for Desk {
    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &Material,
        input: &[u8],
        signature: &[u8],
    ) -> Result<bool, String> {
        let checked = match (algorithm, key) {
            (Algorithm::Rs256, Material::Rsa { n, e }) => signature::RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                input,
                signature,
            ),
            (Algorithm::Ps256, Material::Rsa { n, e }) => signature::RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PSS_2048_8192_SHA256,
                input,
                signature,
            ),
            (Algorithm::Es256, Material::P256 { x, y }) => {
                let point = [&[4], x.as_slice(), y].concat();
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(input, signature)
            }
            (Algorithm::EdDsa, Material::Ed25519 { x }) => {
                signature::UnparsedPublicKey::new(&signature::ED25519, x).verify(input, signature)
            }
            _ => return Err("a key that does not fit its algorithm".to_string()),
        };
        Ok(checked.is_ok())
    }
}

impl KeySource for Desk {
    async fn key_set(&self, _url: &str) -> Result<Vec<u8>, String> {
        self.key_fetches.set(self.key_fetches.get() + 1);
        self.key_set.borrow().clone().map(String::into_bytes).ok_or_else(|| "no answer".to_string())
    }
}

impl Host for Desk {
    fn now(&self) -> Millis {
        self.now.get()
    }

    fn micros(&self) -> u64 {
        0
    }

    fn new_id(&self) -> String {
        self.ids.set(self.ids.get() + 1);
        format!("id-{}", self.ids.get())
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.to_string());
    }

    fn judge(&self, question: &str) -> Result<String, String> {
        self.questions.borrow_mut().push(question.to_string());
        let second = self.second.borrow().clone();
        second.unwrap_or_else(|| Ok(self.cedar.borrow_mut().answer(question)))
    }
}

impl World {
    pub fn new() -> World {
        World::with(&[])
    }

    /// A world whose gate has these settings.
    pub fn with(settings: &[(&str, &str)]) -> World {
        let find = |name: &str| settings.iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_string());
        let mut store = MemoryStore::new(rows());
        store.activate(1, bundle().to_json());
        let paper = Paper {
            store: RefCell::new(store),
            fail: Cell::new(false),
            asked: RefCell::default(),
            before_slice: RefCell::default(),
        };
        let desk = Desk { now: Cell::new(NOON), ..Desk::default() };
        World { gate: Gateway::new(paper, desk, Config::read(find).expect("settings")) }
    }

    pub fn desk(&self) -> &Desk {
        self.gate.host()
    }

    pub fn paper(&self) -> &Paper {
        self.gate.store()
    }

    pub fn send(&self, incoming: Incoming<Pieces>) -> Response<Vec<u8>> {
        let response = pollster::block_on(self.gate.handle(incoming));
        response.map(|body| match body {
            Body::Bytes(bytes) => bytes,
            Body::Empty => Vec::new(),
            Body::Stream { .. } => panic!("the tests' origin does not stream"),
        })
    }

    /// `GET /path`, with headers as `(name, value)`.
    pub fn ask(&self, request: &str, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
        self.ask_with(request, headers, b"")
    }

    pub fn ask_with(&self, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Vec<u8>> {
        self.send(incoming(request, headers, body))
    }

    /// How many requests have reached the origin.
    pub fn reached(&self) -> usize {
        self.desk().reached.borrow().len()
    }

    pub fn last_reached(&self) -> Reached {
        self.desk().reached.borrow().last().expect("something reached the origin").clone()
    }

    pub fn last_log(&self) -> serde_json::Value {
        serde_json::from_str(self.desk().log.borrow().last().expect("a line")).expect("JSON")
    }

    /// Publishes another bundle.
    pub fn publish(&self, number: u64, text: &str) {
        self.paper().store.borrow_mut().activate(number, text);
    }

    /// Sets one value of the one row of `table` whose first column is `key`.
    pub fn set(&self, table: &str, key: &str, column: &str, value: Value) {
        let mut store = self.paper().store.borrow_mut();
        let mut rows = store.rows()[table].clone();
        let at = rows.columns.iter().position(|own| own == column).expect("a column");
        let key = Value::Text(key.to_string());
        rows.rows.iter_mut().find(|row| row[0] == key).expect("a row")[at] = value;
        store.replace(table, rows);
    }
}

/// A request from `METHOD /path`. The body comes in two pieces, as bodies do.
pub fn incoming(request: &str, headers: &[(&str, &str)], body: &[u8]) -> Incoming<Pieces> {
    let (method, url) = request.split_once(' ').expect("METHOD /path");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let (head, tail) = body.split_at(body.len() / 2);
    let body = match body.is_empty() {
        true => Body::Empty,
        false => Body::stream(Pieces([Some(head.to_vec()), Some(tail.to_vec())].into())),
    };
    Incoming {
        method: method.parse().unwrap(),
        url: url.to_string(),
        headers: map,
        body,
        client: Some("203.0.113.7".to_string()),
    }
}

/// The pack of the tests, compiled.
pub fn bundle() -> Bundle {
    bundle_with(include_str!("pack/routes.toml"))
}

/// The same with other routes.
pub fn bundle_with(routes: &str) -> Bundle {
    let (diagram, findings) = er::read(include_str!("pack/schema.mmd"));
    assert!(!findings.iter().any(Finding::is_error), "{findings:?}");
    let (mapping, findings) = model::read(include_str!("pack/model.toml"), &diagram);
    let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    let mapping = mapping.unwrap_or_else(|| panic!("{said}"));
    let (bundle, findings) = compile::compile("gate", &mapping, include_str!("pack/policies.cedar"), routes);
    let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    bundle.unwrap_or_else(|| panic!("{said}"))
}

/// Ann owns `d1`, Bob may read it, Eve may nothing; each has a session whose token is `token-NAME`.
/// Yong is 用戶.
fn rows() -> Rows {
    let text = |text: &str| Value::Text(text.to_string());
    let table = |columns: &[&str], rows: Vec<Vec<Value>>| TableRows {
        columns: columns.iter().map(|column| column.to_string()).collect(),
        rows,
    };
    let yes = Value::Integer(1);
    let session = |who: &str, mfa: i64| {
        vec![
            text(&format!("s-{who}")),
            text(if who == "yong" { "用戶" } else { who }),
            text(&sha256_hex(format!("token-{who}").as_bytes())),
            yes.clone(),
            text("2026-01-01T13:00:00Z"),
            Value::Null,
            Value::Integer(mfa),
        ]
    };
    let session_columns =
        ["id", "user_id", "session_token_hash", "is_active", "expires_at", "revoked_at", "mfa_verified"];
    Rows::from([
        (
            "USERS".to_string(),
            table(
                &["id", "is_active"],
                vec![
                    vec![text("ann"), yes.clone()],
                    vec![text("bob"), yes.clone()],
                    vec![text("eve"), yes.clone()],
                    vec![text("old"), Value::Integer(0)],
                    vec![text("用戶"), yes.clone()],
                ],
            ),
        ),
        (
            "SESSIONS".to_string(),
            table(
                &session_columns,
                vec![session("ann", 1), session("bob", 0), session("eve", 1), session("old", 1), session("yong", 0)],
            ),
        ),
        (
            "DOCUMENTS".to_string(),
            table(
                &["id", "owner_id", "is_active", "title"],
                vec![
                    vec![text("d1"), text("ann"), yes.clone(), text("one")],
                    vec![text("d2"), text("bob"), yes.clone(), text("two")],
                    vec![text("a b"), text("ann"), yes.clone(), text("space")],
                    vec![text("文"), text("用戶"), yes.clone(), text("wide")],
                ],
            ),
        ),
        (
            "TICKETS".to_string(),
            table(&["id", "owner_id"], vec![vec![text("0b9ce2f4-6ed5-4a7a-9d0e-5e2a3f1c0d11"), text("ann")]]),
        ),
        (
            "ACL".to_string(),
            table(
                &["id", "user_id", "document_id", "permission"],
                vec![vec![text("a1"), text("bob"), text("d1"), text("READ")]],
            ),
        ),
    ])
}

/// The header that shows `who`'s session.
pub fn bearer(who: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer token-{who}"))
}
