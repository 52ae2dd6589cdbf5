// SPDX-License-Identifier: Apache-2.0
//! Lines of the decision log in chains, so that a missing, altered or moved one shows.
//!
//! Several isolates write at once and know nothing of each other, so that each writes a chain of its own: the hash of an
//! entry is of the hash before it and its line. A chain's end could be cut off without a trace; therefore the beginning of
//! each chain, and a checkpoint now and then, names the last entries of the others as they stood.
//!
//! Hashes alone can be made anew by whoever may write to the database. With a key they cannot.

use super::seal::{Secret, digest};
use crate::rows::{Millis, format_time};
use crate::store::{LogChain, LogEntry, LogHead, LogStore};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

/// How many lines wait at most before they are written.
pub const FLUSH_ENTRIES: usize = 20;

/// How long a line waits at most before it is written, where the platform lets the gate live so long.
pub const FLUSH_MILLIS: Millis = 1_000;

/// How many lines are held while the database takes none. What comes on top is lost, and a line says how many were.
pub const MAX_WAITING: usize = 500;

/// How many entries of a chain come between two checkpoints.
pub const CHECKPOINT_ENTRIES: u64 = 100;

/// The most that one attempt writes: D1 takes texts up to 2 MB.
const BATCH_ENTRIES: usize = 100;
const BATCH_BYTES: usize = 512 * 1024;

/// How long an attempt may take. A platform that ends a request's work leaves it hanging for ever.
const PATIENCE_MILLIS: Millis = 30_000;

/// The chain of one isolate, and the lines that it has not written yet.
#[derive(Default)]
pub struct Ledger {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    chain: Option<Chain>,
    /// Lines that have no place in the chain yet.
    waiting: VecDeque<String>,
    /// When the first of them came.
    since: Millis,
    /// Entries of the chain that the database has not taken yet.
    unwritten: VecDeque<LogEntry>,
    /// What the next entry says, where it is to be a checkpoint.
    checkpoint: Option<String>,
    /// Lines that were lost since the last one that was not.
    lost: u64,
    /// Until when somebody else writes, or waits to.
    busy: Millis,
    asleep: Millis,
}

struct Chain {
    begun: LogChain,
    /// Whether the database has its beginning.
    written: bool,
    seq: u64,
    hash: String,
}

/// What to do about the lines that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing waits, or somebody is at it.
    Nothing,
    /// In so many milliseconds.
    Later(Millis),
    Now,
}

impl Ledger {
    /// Keeps a line. Gives back whether there was room for it.
    pub fn push(&self, line: String, now: Millis) -> bool {
        let mut state = self.state.borrow_mut();
        if state.waiting.len() + state.unwritten.len() >= MAX_WAITING {
            state.lost += 1;
            return false;
        }
        if state.waiting.is_empty() {
            state.since = now;
        }
        if state.lost > 0 {
            let lost = std::mem::take(&mut state.lost);
            state.waiting.push_back(json!({ "log": "lost", "lines": lost, "time": format_time(now) }).to_string());
        }
        state.waiting.push_back(line);
        true
    }

    /// Whether anything waits.
    pub fn waits(&self) -> bool {
        let state = self.state.borrow();
        !state.waiting.is_empty() || !state.unwritten.is_empty()
    }

    /// Whether anything is to be written, and when. Whoever is told to do it `Later` has the task: nobody else is.
    pub fn due(&self, now: Millis) -> Due {
        let mut state = self.state.borrow_mut();
        // A clock that went back must not keep everybody waiting.
        let held = |until: Millis| (now..now + PATIENCE_MILLIS).contains(&until);
        if held(state.busy) || (state.waiting.is_empty() && state.unwritten.is_empty()) {
            return Due::Nothing;
        }
        let waited = now - state.since;
        if state.waiting.len() >= FLUSH_ENTRIES || !(0..FLUSH_MILLIS).contains(&waited) {
            return Due::Now;
        }
        if held(state.asleep) {
            return Due::Nothing;
        }
        state.asleep = now + 2 * FLUSH_MILLIS;
        Due::Later(FLUSH_MILLIS - waited)
    }

    /// Writes what waits. Gives back lines for the console: where the chain stands, said where whoever may write to the
    /// database cannot unsay it.
    ///
    /// # Errors
    /// The database took nothing. The lines are held for the next attempt.
    pub async fn flush<S: LogStore>(
        &self,
        store: &S,
        key: Option<&Secret>,
        new_id: impl Fn() -> String,
        now: Millis,
    ) -> Result<Vec<String>, String> {
        {
            let mut state = self.state.borrow_mut();
            state.asleep = 0;
            state.busy = now + PATIENCE_MILLIS - 1;
        }
        let told = self.write(store, key, new_id, now).await;
        let mut state = self.state.borrow_mut();
        // A database that takes nothing is not asked by every request.
        state.busy = if told.is_ok() { 0 } else { now + FLUSH_MILLIS };
        state.since = now;
        told
    }

    async fn write<S: LogStore>(
        &self,
        store: &S,
        key: Option<&Secret>,
        new_id: impl Fn() -> String,
        now: Millis,
    ) -> Result<Vec<String>, String> {
        let (begins, checks) = {
            let state = self.state.borrow();
            let chain = state.chain.as_ref();
            (chain.is_none(), chain.is_some_and(Chain::wants_checkpoint))
        };
        let mut told = Vec::new();
        if begins || checks {
            let heads = store.log_heads().await.map_err(|error| error.to_string())?;
            let mut state = self.state.borrow_mut();
            match &state.chain {
                None => {
                    let chain = Chain::begin(new_id(), &heads, key, now);
                    told.push(chain.told());
                    state.chain = Some(chain);
                }
                Some(chain) => {
                    told.push(chain.told());
                    let heads = named(&heads, &chain.begun.chain);
                    let line = json!({ "log": "checkpoint", "time": format_time(now), "heads": heads });
                    state.checkpoint = Some(line.to_string());
                }
            }
        }
        let (begun, entries) = self.batch(key);
        store.append_log(begun.as_ref(), &entries).await.map_err(|error| error.to_string())?;
        let mut state = self.state.borrow_mut();
        if let Some(chain) = &mut state.chain {
            chain.written = true;
        }
        let done = entries.last().map_or(0, |last| last.seq);
        state.unwritten.retain(|entry| entry.seq > done);
        Ok(told)
    }

    /// What the next attempt writes: lines get their place in the chain here.
    fn batch(&self, key: Option<&Secret>) -> (Option<LogChain>, Vec<LogEntry>) {
        let mut state = self.state.borrow_mut();
        let State { chain: Some(chain), waiting, unwritten, checkpoint, .. } = &mut *state else {
            return (None, Vec::new());
        };
        while unwritten.len() < BATCH_ENTRIES {
            let next = if chain.wants_checkpoint() { checkpoint.take() } else { waiting.pop_front() };
            let Some(line) = next else { break };
            let previous = std::mem::take(&mut chain.hash);
            let hash = link(key, &previous, &line);
            chain.seq += 1;
            chain.hash = hash.clone();
            unwritten.push_back(LogEntry { chain: chain.begun.chain.clone(), seq: chain.seq, line, previous, hash });
        }
        let mut room = BATCH_BYTES;
        let fits = |entry: &&LogEntry| {
            let fitted = room > 0;
            room = room.saturating_sub(entry.line.len());
            fitted
        };
        let entries = unwritten.iter().take(BATCH_ENTRIES).take_while(fits).cloned().collect();
        ((!chain.written).then(|| chain.begun.clone()), entries)
    }
}

impl Chain {
    fn begin(id: String, heads: &[LogHead], key: Option<&Secret>, now: Millis) -> Chain {
        let started_at = format_time(now);
        let mut genesis = json!({ "chain": id, "started": started_at, "heads": named(heads, &id) });
        if let Some(key) = key {
            genesis["key"] = key_id(key).into();
        }
        let genesis = genesis.to_string();
        let hash = link(key, "", &genesis);
        let begun = LogChain { chain: id, started_at, genesis, hash: hash.clone() };
        Chain { begun, written: false, seq: 0, hash }
    }

    fn wants_checkpoint(&self) -> bool {
        self.seq > 0 && self.seq.is_multiple_of(CHECKPOINT_ENTRIES)
    }

    /// Where the chain stands.
    fn told(&self) -> String {
        json!({ "log": "chain", "chain": self.begun.chain, "seq": self.seq, "hash": self.hash }).to_string()
    }
}

/// Heads of other chains than `own`, as a line names them.
fn named(heads: &[LogHead], own: &str) -> Value {
    heads.iter().filter(|head| head.chain != own).map(|head| json!([head.chain, head.seq, head.hash])).collect()
}

/// What vouches for a line and all before it.
fn link(key: Option<&Secret>, previous: &str, line: &str) -> String {
    match key {
        Some(key) => key.seal(&[previous, line]),
        None => digest(&[previous, line]),
    }
}

/// Which key it was, without saying which one.
fn key_id(key: &Secret) -> String {
    key.seal(&["palisade log key"])[..16].to_string()
}

/// Checks chains, whose beginnings and entries may come in any order.
#[derive(Default)]
pub struct Audit {
    key: Option<Secret>,
    chains: BTreeMap<String, Examined>,
    /// Entries that others say were there: chain and number, the hash, and who says so.
    witnessed: Vec<((String, u64), String, String)>,
}

#[derive(Default)]
struct Examined {
    begun: Option<String>,
    /// Whether it was made with a key.
    keyed: bool,
    entries: BTreeMap<u64, Link>,
    problems: Vec<String>,
}

struct Link {
    previous: String,
    hash: String,
    /// By SHA-256, and by the key where there is one.
    plain: bool,
    sealed: bool,
}

/// What an [`Audit`] found of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    pub chain: String,
    pub entries: usize,
    /// Whether the key vouches for it.
    pub keyed: bool,
    /// Whether others name it and nothing of it is left.
    pub gone: bool,
    /// What is wrong; nothing where the chain is whole.
    pub problems: Vec<String>,
}

/// The most problems that are told of one chain.
const MOST_PROBLEMS: usize = 20;

impl Audit {
    /// With the key of the gate's `LOG_CHAIN_KEY`, where it has one. Then a chain that was made without it is a problem.
    pub fn new(key: Option<Secret>) -> Audit {
        Audit { key, ..Audit::default() }
    }

    pub fn chain(&mut self, begun: &LogChain) {
        let genesis: Value = serde_json::from_str(&begun.genesis).unwrap_or_default();
        let keyed = genesis.get("key").and_then(Value::as_str);
        let mut problems = Vec::new();
        if genesis.get("chain").and_then(Value::as_str) != Some(begun.chain.as_str()) {
            problems.push("its beginning is another chain's".to_string());
        }
        let sealed = match (&self.key, keyed) {
            (Some(key), Some(id)) if id == key_id(key) => Some(Some(key)),
            (Some(_), Some(_)) => {
                problems.push("it was made with another key".to_string());
                None
            }
            (Some(_), None) => {
                problems.push("it was made without the key, as anybody could".to_string());
                Some(None)
            }
            (None, Some(_)) => None,
            (None, None) => Some(None),
        };
        if sealed.is_some_and(|key| link(key, "", &begun.genesis) != begun.hash) {
            problems.push("its beginning was altered".to_string());
        }
        self.hear(&genesis, &format!("the beginning of {}", begun.chain));
        let chain = self.chains.entry(begun.chain.clone()).or_default();
        if chain.begun.replace(begun.hash.clone()).is_some() {
            problems.push("it begins twice".to_string());
        }
        chain.keyed = keyed.is_some();
        chain.problems.extend(problems);
    }

    pub fn entry(&mut self, entry: &LogEntry) {
        let made = |key: Option<&Secret>| link(key, &entry.previous, &entry.line) == entry.hash;
        let (plain, sealed) = (made(None), self.key.as_ref().is_some_and(|key| made(Some(key))));
        if let Ok(line) = serde_json::from_str::<Value>(&entry.line)
            && line.get("log").is_some()
        {
            self.hear(&line, &format!("entry {} of {}", entry.seq, entry.chain));
        }
        let chain = self.chains.entry(entry.chain.clone()).or_default();
        let link = Link { previous: entry.previous.clone(), hash: entry.hash.clone(), plain, sealed };
        if chain.entries.insert(entry.seq, link).is_some() {
            chain.problems.push(format!("entry {} is there twice", entry.seq));
        }
    }

    /// Somebody says what the last entries of other chains were.
    fn hear(&mut self, line: &Value, who: &str) {
        for head in line.get("heads").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(chain), Some(seq), Some(hash)) = (head[0].as_str(), head[1].as_u64(), head[2].as_str()) {
                self.witnessed.push(((chain.to_string(), seq), hash.to_string(), who.to_string()));
            }
        }
    }

    /// A line of the console: where a chain stood (`{"log":"chain",…}`). Other lines say nothing of it.
    pub fn told(&mut self, line: &Value) {
        if line.get("log").and_then(Value::as_str) == Some("chain")
            && let (Some(chain), Some(seq), Some(hash)) =
                (line["chain"].as_str(), line["seq"].as_u64(), line["hash"].as_str())
        {
            self.witnessed.push(((chain.to_string(), seq), hash.to_string(), "the console".to_string()));
        }
    }

    /// What is to be said of each chain.
    pub fn finish(mut self) -> Vec<Audited> {
        for ((name, seq), hash, who) in std::mem::take(&mut self.witnessed) {
            let chain = self.chains.entry(name).or_default();
            let there = match seq {
                0 => chain.begun.as_ref(),
                seq => chain.entries.get(&seq).map(|link| &link.hash),
            };
            match there {
                Some(there) if *there == hash => {}
                Some(_) => chain.problems.push(format!("entry {seq} is not the one that {who} saw")),
                None => chain.problems.push(format!("entry {seq} is missing: {who} saw it")),
            }
        }
        let key = self.key.is_some();
        self.chains.into_iter().map(|(name, chain)| chain.finish(name, key)).collect()
    }
}

impl Examined {
    fn finish(mut self, chain: String, key: bool) -> Audited {
        let gone = self.begun.is_none() && self.entries.is_empty();
        if self.begun.is_none() {
            self.problems.push("its beginning is missing".to_string());
        }
        let mut expected = 1;
        let mut before = self.begun.take();
        for (seq, link) in &self.entries {
            if *seq > expected {
                let last = seq - 1;
                let which =
                    if last == expected { format!("entry {last}") } else { format!("entries {expected} to {last}") };
                self.problems.push(format!("{which}: missing"));
                before = None;
            }
            // Without the key, a sealed entry cannot be checked; that each follows the other can.
            let fits = if self.keyed { link.sealed || !key } else { link.plain };
            if !fits {
                self.problems.push(format!("entry {seq} was altered"));
            } else if before.as_ref().is_some_and(|before| *before != link.previous) {
                self.problems.push(format!(
                    "entry {seq} does not follow the one before it: one of the two was moved or replaced"
                ));
            }
            before = Some(link.hash.clone());
            expected = seq.saturating_add(1);
        }
        let more = self.problems.len().saturating_sub(MOST_PROBLEMS);
        self.problems.truncate(MOST_PROBLEMS);
        if more > 0 {
            self.problems.push(format!("and {more} more"));
        }
        Audited { chain, entries: self.entries.len(), keyed: self.keyed && key, gone, problems: self.problems }
    }
}
