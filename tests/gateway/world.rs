// SPDX-License-Identifier: Apache-2.0
//! A gate with everything around it made of paper: rows in memory, an origin that writes down what reaches it, a clock
//! that stands, and signatures by `ring`. The one place that touches the gateway's interface.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use palisade::bundle::Bundle;
use palisade::cedar::Judge;
use palisade::gateway::{
    Algorithm, Body, Config, Crypto, Gateway, Host, Incoming, KeySource, Material, Origin, PrivateKey, Stream,
    sha256_hex,
};
use palisade::report::Finding;
use palisade::rows::{Millis, Rows, TableRows, Value};
use palisade::store::{
    ApiKey, DriverError, Failure, Got, Ids, Ledger, LogChain, LogEntry, LogHead, LogStore, MemoryStore, Slice,
    SlicePlan, Store, StoreError, Want,
};
use palisade::{compile, er, model};
use ring::rand::SystemRandom;
use ring::{hmac, signature};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

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
    /// The questions that were asked, in their order; what was asked as one stands in one text, with `+` between.
    pub asked: RefCell<Vec<String>>,
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
    /// How many times others go on before the issuer answers.
    pub key_set_takes: Cell<u32>,
    /// How many signatures were checked.
    pub checks: Cell<u32>,
    pub signing_fails: Cell<bool>,
    /// Cedar, which judges a share of the decisions again.
    cedar: RefCell<Judge>,
    /// What the second judge answers in place of Cedar.
    pub second: RefCell<Option<Result<String, String>>>,
    /// The questions that the second judge was asked.
    pub questions: RefCell<Vec<String>>,
    /// How many calls are within the limit, of whoever makes them; none is counted where it is left out.
    pub limit: RefCell<Option<Result<usize, String>>>,
    /// Who was counted.
    pub counted: RefCell<Vec<String>>,
    /// What the clock for durations moves by each time that it is read.
    pub tick: Cell<u64>,
    micros: Cell<u64>,
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
    async fn fetch(&self, plan: &SlicePlan, want: &Want<'_>) -> Result<Got, StoreError> {
        let parts = [("news", want.news.is_some()), ("login", want.login.is_some()), ("slice", want.slice.is_some())];
        let asked: Vec<&str> = parts.iter().filter(|(_, is_wanted)| *is_wanted).map(|(name, _)| *name).collect();
        self.asked.borrow_mut().push(asked.join("+"));
        self.up()?;
        if want.slice.is_some()
            && let Some(change) = self.before_slice.borrow_mut().take()
        {
            change(&mut self.store.borrow_mut());
        }
        pollster::block_on(self.store.borrow().fetch(plan, want))
    }

    async fn ids(&self, plan: &SlicePlan, type_name: &str, most: usize) -> Result<Ids, StoreError> {
        self.asked.borrow_mut().push("ids".to_string());
        self.up()?;
        pollster::block_on(self.store.borrow().ids(plan, type_name, most))
    }

    async fn api_key(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        self.asked.borrow_mut().push("key".to_string());
        self.up()?;
        pollster::block_on(self.store.borrow().api_key(key_hash))
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
        self.asked.borrow_mut().push("bundle".to_string());
        self.up()?;
        pollster::block_on(self.store.borrow().active_bundle())
    }
}

impl LogStore for Paper {
    async fn append_log(&self, begun: Option<&LogChain>, entries: &[LogEntry]) -> Result<(), StoreError> {
        self.up()?;
        pollster::block_on(self.store.borrow().append_log(begun, entries))
    }

    async fn log_heads(&self) -> Result<Vec<LogHead>, StoreError> {
        self.up()?;
        pollster::block_on(self.store.borrow().log_heads())
    }

    async fn log(&self, after: u64, most: usize) -> Result<Vec<(u64, LogEntry)>, StoreError> {
        pollster::block_on(self.store.borrow().log(after, most))
    }

    async fn log_chains(&self, after: &str, most: usize) -> Result<Vec<LogChain>, StoreError> {
        pollster::block_on(self.store.borrow().log_chains(after, most))
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
        self.checks.set(self.checks.get() + 1);
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
            (Algorithm::Hs256, Material::Secret(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()), input, signature)
            }
            _ => return Err("a key that does not fit its algorithm".to_string()),
        };
        Ok(checked.is_ok())
    }

    async fn sign(&self, algorithm: Algorithm, key: &PrivateKey, input: &[u8]) -> Result<Vec<u8>, String> {
        if self.signing_fails.get() {
            return Err("no ink".to_string());
        }
        let failed = |error: ring::error::KeyRejected| error.to_string();
        let random = SystemRandom::new();
        match (algorithm, &key.public) {
            (Algorithm::Es256, Material::P256 { x, y }) => {
                let point = [&[4], x.as_slice(), y].concat();
                let kind = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair =
                    signature::EcdsaKeyPair::from_private_key_and_public_key(kind, key.private(), &point, &random);
                let signed = pair.map_err(failed)?.sign(&random, input).map_err(|error| error.to_string())?;
                Ok(signed.as_ref().to_vec())
            }
            (Algorithm::EdDsa, Material::Ed25519 { x }) => {
                let pair = signature::Ed25519KeyPair::from_seed_and_public_key(key.private(), x);
                Ok(pair.map_err(failed)?.sign(input).as_ref().to_vec())
            }
            _ => Err("a key that does not fit its algorithm".to_string()),
        }
    }
}

/// Lets whoever else waits go on, once.
async fn others_go_on() {
    let mut gone = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut gone, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl KeySource for Desk {
    async fn key_set(&self, _url: &str) -> Result<Vec<u8>, String> {
        self.key_fetches.set(self.key_fetches.get() + 1);
        for _ in 0..self.key_set_takes.get() {
            others_go_on().await;
        }
        self.key_set.borrow().clone().map(String::into_bytes).ok_or_else(|| "no answer".to_string())
    }

    async fn pause(&self, millis: Millis) {
        self.now.set(self.now.get() + millis);
        others_go_on().await;
    }
}

impl Host for Desk {
    type Stream = Pieces;

    fn now(&self) -> Millis {
        self.now.get()
    }

    fn micros(&self) -> u64 {
        self.micros.set(self.micros.get() + self.tick.get());
        self.micros.get()
    }

    async fn within_limit(&self, key: &str) -> Result<bool, String> {
        self.counted.borrow_mut().push(key.to_string());
        let calls = self.counted.borrow().iter().filter(|own| *own == key).count();
        self.limit.borrow().clone().unwrap_or(Ok(usize::MAX)).map(|most| calls <= most)
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
        World::of(rows(), &bundle(), settings)
    }

    /// A world of these rows, decided by this bundle.
    pub fn of(rows: Rows, bundle: &Bundle, settings: &[(&str, &str)]) -> World {
        // Nothing is remembered unless a test is about that: rows that change are seen at once.
        let otherwise = [("MAX_STALENESS", "0"), ("MAX_STALE_IF_ERROR", "0")];
        let find = |name: &str| {
            let all = settings.iter().chain(&otherwise);
            all.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_string())
        };
        let mut store = MemoryStore::new(rows);
        store.activate(1, bundle.to_json());
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
        pollster::block_on(self.gate.handle(incoming)).map(whole)
    }

    /// Requests that come at once: each goes on whenever the others wait.
    pub fn send_at_once(&self, all: Vec<Incoming<Pieces>>) -> Vec<Response<Vec<u8>>> {
        let mut waiting: Vec<_> = all.into_iter().map(|one| Box::pin(self.gate.handle(one))).collect();
        let mut answers: Vec<Option<Response<Vec<u8>>>> = waiting.iter().map(|_| None).collect();
        let mut all_done = pin!(poll_fn(|context| {
            for (one, answer) in waiting.iter_mut().zip(&mut answers) {
                if answer.is_none()
                    && let Poll::Ready(response) = one.as_mut().poll(context)
                {
                    *answer = Some(response.map(whole));
                }
            }
            if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
        }));
        pollster::block_on(all_done.as_mut());
        answers.into_iter().flatten().collect()
    }

    /// A request that begins, and is given up when it first has to wait.
    pub fn give_up(&self, incoming: Incoming<Pieces>) {
        let mut one = Box::pin(self.gate.handle(incoming));
        let begun = pollster::block_on(poll_fn(|context| Poll::Ready(one.as_mut().poll(context).is_pending())));
        assert!(begun, "it was answered at once");
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

fn whole(body: Body<Pieces>) -> Vec<u8> {
    match body {
        Body::Bytes(bytes) => bytes,
        Body::Empty => Vec::new(),
        Body::Stream { .. } => panic!("the tests' origin does not stream"),
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
    let pack = (include_str!("pack/schema.mmd"), include_str!("pack/model.toml"));
    bundle_of(pack.0, pack.1, include_str!("pack/policies.cedar"), routes)
}

/// A pack's texts, compiled.
pub fn bundle_of(schema: &str, model: &str, policies: &str, routes: &str) -> Bundle {
    let (diagram, findings) = er::read(schema);
    assert!(!findings.iter().any(Finding::is_error), "{findings:?}");
    let (mapping, findings) = model::read(model, &diagram);
    let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    let mapping = mapping.unwrap_or_else(|| panic!("{said}"));
    let (bundle, findings) = compile::compile("gate", &mapping, policies, routes);
    let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    let bundle = bundle.unwrap_or_else(|| panic!("{said}"));
    let (routes, findings) = palisade::gateway::read(routes, &mapping);
    assert!(!findings.iter().any(Finding::is_error), "{findings:?}");
    Bundle { routing: routes.to_text(), ..bundle }
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
