// SPDX-License-Identifier: Apache-2.0
//! The decision log: what a line says and never says, which lines are written where, and that a missing, altered or moved
//! one shows.

use crate::world::{NOON, World, bearer};
use palisade::gateway::{Audit, Audited, CHECKPOINT_ENTRIES, Config, FLUSH_ENTRIES, Host, MAX_WAITING, Secret};
use palisade::store::{LogChain, LogEntry, LogStore, MemoryLog, MemoryStore, OWN_TABLES, SqlStore, Sqlite};
use serde_json::{Value, json};
use std::process::Command;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn ask(world: &World, who: &str, request: &str) {
    let (name, token) = bearer(who);
    world.ask(request, &[(name, &token)]);
}

/// A gate of another isolate. Paper gives every gate the same ids; the platform gives random ones.
fn another() -> World {
    let world = keeping(&[], 0);
    (0..1000).for_each(|_| drop(world.desk().new_id()));
    world
}

fn settle(world: &World) {
    pollster::block_on(world.gate.settle());
}

/// What the database has of the log.
fn kept(world: &World) -> MemoryLog {
    let store = world.paper().store.borrow();
    let log = store.decision_log().borrow();
    MemoryLog { chains: log.chains.clone(), entries: log.entries.clone() }
}

/// Puts a log under another gate: another isolate, or an attacker's work.
fn put(world: &World, log: MemoryLog) {
    *world.paper().store.borrow().decision_log().borrow_mut() = log;
}

fn audited(log: &MemoryLog, key: Option<&str>) -> Vec<Audited> {
    let mut audit = Audit::new(key.map(Secret::new));
    log.entries.iter().for_each(|entry| audit.entry(entry));
    log.chains.iter().for_each(|chain| audit.chain(chain));
    audit.finish()
}

fn problems(log: &MemoryLog, key: Option<&str>) -> String {
    audited(log, key).iter().map(|found| found.problems.join("\n")).collect::<Vec<_>>().join("\n")
}

/// A gate that keeps everything, after `count` requests.
fn keeping(settings: &[(&str, &str)], count: usize) -> World {
    let settings: Vec<(&str, &str)> = [("LOG_D1", "1")].iter().chain(settings).copied().collect();
    let world = World::with(&settings);
    for at in 0..count {
        ask(&world, if at % 2 == 0 { "ann" } else { "eve" }, "GET /documents/d1");
        settle(&world);
    }
    world
}

// What a line says.

#[test]
fn no_line_has_a_token_wherever_it_stands() {
    let world = World::with(&[("TOKEN_COOKIE", "sid"), ("LOG_D1", "1"), ("LOG_CONTEXT", "on")]);
    let (name, bearer) = bearer("ann");
    let token = "token-ann";
    let both = [(name, bearer.as_str()), ("cookie", "sid=token-ann")];
    for request in [
        "GET /documents/d1?note=token-ann",
        "PUT /documents/d1?note=token-ann",
        "PUT /documents/d1?note=my%20token-ann.",
        "GET /documents/token-ann",
        "GET /nowhere/token-ann",
        "GET /public/token-ann",
        "GET /search?document=token-ann",
        "GET /.palisade/bundle?resource=Document:token-ann",
        "GET /.palisade/token-ann",
        "DELETE /healthz?token-ann",
        "GET /documents/../token-ann",
    ] {
        world.ask(request, &both);
        world.ask(request, &both[..1]);
        world.ask(request, &both[1..]);
    }
    // What is not believed is not written, either.
    for wrong in ["Bearer wrong-token", "Basic wrong-token", "wrong-token", "Bearer wrong-token.x.y"] {
        world.ask("GET /documents/wrong-token", &[("authorization", wrong)]);
        world.ask("POST /.palisade/access/v1/evaluation", &[("authorization", wrong)]);
        world.ask("GET /.palisade/metrics", &[("authorization", wrong)]);
    }
    world.ask("GET /documents/d1", &[(name, &bearer), ("cookie", "sid=wrong-token")]);
    world.desk().origin_fails.set(true);
    world.ask("GET /documents/d1?note=token-ann", &both);
    settle(&world);
    let console = world.desk().log.borrow().join("\n");
    let kept: Vec<String> = kept(&world).entries.into_iter().map(|entry| entry.line).collect();
    assert!(kept.len() >= FLUSH_ENTRIES);
    for text in [console, kept.join("\n")] {
        assert!(!text.contains(token), "{text}");
        assert!(!text.contains("wrong-token"), "{text}");
        assert!(text.contains("(token)"));
    }
}

#[test]
fn a_masked_value_is_not_there_and_stays_equal_to_itself() {
    let all = [("LOG_MASK", "principal, resource, context, sources"), ("LOG_CONTEXT", "on"), ("LOG_MASK_KEY", KEY)];
    let world = World::with(&all);
    let line = |who: &str, request: &str| {
        ask(&world, who, request);
        world.last_log()
    };
    let first = line("bob", "GET /documents/d1");
    let again = line("bob", "GET /documents/d1");
    let other = line("ann", "PUT /documents/d1?note=secret-note");
    for name in ["principal", "resource"] {
        assert_eq!(first[name], again[name]);
        assert!(first[name].as_str().unwrap().starts_with("hmac:"), "{first}");
        assert_eq!(first[name].as_str().unwrap().len(), "hmac:".len() + 16);
    }
    assert_ne!(first["principal"], other["principal"]);
    assert_eq!(first["resource"], other["resource"]);
    assert!(first["sources"][0].as_str().unwrap().starts_with("hmac:"), "{first}");
    assert!(other["context"]["note"].as_str().unwrap().starts_with("hmac:"), "{other}");
    assert_eq!((first["decision"].as_str(), first["action"].as_str()), (Some("allow"), Some("READ")));
    let said = world.desk().log.borrow().join("\n");
    for hidden in ["ann", "bob", "d1", "a1", "secret-note"] {
        assert!(!said.contains(&format!("\"{hidden}")) && !said.contains(&format!("/{hidden}")), "{hidden}: {said}");
    }
    // Another key, other values; none, one word for all.
    let other_key = [("LOG_MASK", "principal"), ("LOG_MASK_KEY", "another key, another key, another key")];
    let (other, none) = (World::with(&other_key), World::with(&[("LOG_MASK", "principal")]));
    ask(&other, "bob", "GET /documents/d1");
    ask(&none, "bob", "GET /documents/d1");
    assert_ne!(other.last_log()["principal"], first["principal"]);
    assert_eq!(none.last_log()["principal"], "masked");
    assert_eq!(none.last_log()["resource"], "Document::\"d1\"", "what is not named is not masked");
}

#[test]
fn an_alarm_is_masked_as_a_line_is() {
    let world = World::with(&[("VERIFY", "1"), ("LOG_MASK", "principal,resource,sources"), ("LOG_SAMPLE", "0")]);
    *world.desk().second.borrow_mut() = Some(Ok(json!({ "allow": false, "reasons": [], "failed": [] }).to_string()));
    ask(&world, "bob", "GET /documents/d1");
    let said = world.desk().log.borrow().join("\n");
    assert!(said.contains("engine-differs-from-cedar"), "an alarm is written whatever the share: {said}");
    assert!(!said.contains("bob") && !said.contains("ACL") && !said.contains("d1"), "{said}");
}

#[test]
fn the_context_is_in_a_line_where_that_is_asked_for() {
    for (settings, note) in [(&[][..], Value::Null), (&[("LOG_CONTEXT", "on")][..], "hello".into())] {
        let world = World::with(settings);
        ask(&world, "ann", "PUT /documents/d1?note=hello");
        assert_eq!(world.last_log()["context"]["note"], note);
    }
}

// Which lines are written.

#[test]
fn of_allows_the_console_gets_a_share_and_of_refusals_all() {
    for (share, lines) in [("1", 4), ("0", 3)] {
        let world = World::with(&[("LOG_SAMPLE", share)]);
        ask(&world, "ann", "GET /documents/d1");
        ask(&world, "eve", "GET /documents/d1");
        ask(&world, "ann", "GET /nowhere");
        world.ask("GET /documents/d1", &[]);
        assert_eq!(world.desk().log.borrow().len(), lines, "{share}");
    }
}

#[test]
fn without_the_setting_nothing_is_kept() {
    let world = World::new();
    ask(&world, "ann", "GET /documents/d1");
    assert!(!world.gate.is_unsettled());
    settle(&world);
    assert!(kept(&world).chains.is_empty() && kept(&world).entries.is_empty());
}

#[test]
fn lines_are_written_after_the_answer_many_at_a_time() {
    let world = World::with(&[("LOG_D1", "1")]);
    ask(&world, "ann", "GET /documents/d1");
    assert!(kept(&world).entries.is_empty(), "no request waits for the log");
    assert!(world.gate.is_unsettled());
    settle(&world);
    assert_eq!(kept(&world).entries.len(), 1, "a line by itself is written a second later");
    assert!(world.desk().now.get() > NOON);
    let later = world.desk().now.get();
    for _ in 0..FLUSH_ENTRIES {
        ask(&world, "ann", "GET /documents/d1");
    }
    settle(&world);
    assert_eq!(kept(&world).entries.len(), 1 + FLUSH_ENTRIES);
    assert_eq!(world.desk().now.get(), later, "many are written at once");
}

#[test]
fn a_database_that_takes_no_lines_stops_no_request_and_loses_none_of_the_first_ones() {
    // What is decided on is at hand, for as long as this takes.
    let world = keeping(&[("MAX_STALE_IF_ERROR", "600000")], 3);
    let (name, token) = bearer("ann");
    world.paper().fail.set(true);
    for _ in 0..MAX_WAITING + 10 {
        world.ask("GET /public/x", &[]);
        world.ask("GET /nowhere", &[(name, &token)]);
        settle(&world);
        world.desk().now.set(world.desk().now.get() + 1);
    }
    assert_eq!(kept(&world).entries.len(), 3);
    let lost = world.gate.metrics().log_lost.get();
    assert_eq!(lost, 10);
    assert!(world.gate.metrics().log_failures.get() >= 1);
    let said = world.desk().log.borrow().join("\n");
    assert!(said.contains("\"log\":\"not-kept\"") && said.contains("out of paper"));
    world.paper().fail.set(false);
    for _ in 0..12 {
        world.desk().now.set(world.desk().now.get() + 60_000);
        settle(&world);
    }
    ask(&world, "ann", "GET /documents/d1");
    settle(&world);
    let log = kept(&world);
    let lines: Vec<Value> = log.entries.iter().map(|entry| serde_json::from_str(&entry.line).unwrap()).collect();
    let of_requests = lines.iter().filter(|line| line.get("id").is_some()).count();
    assert_eq!(of_requests, 3 + MAX_WAITING + 1);
    let told: Vec<&Value> = lines.iter().filter(|line| line["log"] == "lost").collect();
    assert_eq!(told.len(), 1, "a line says how many are lost");
    assert_eq!(told[0]["lines"], 10);
    assert_eq!(problems(&log, None).trim(), "", "the chain is whole even so");
}

// The chains.

#[test]
fn each_isolate_writes_a_chain_of_its_own_and_names_the_others() {
    let (one, other) = (keeping(&[], 3), another());
    put(&other, kept(&one));
    ask(&other, "ann", "GET /documents/d1");
    settle(&other);
    // The first one goes on, at the same time.
    put(&one, kept(&other));
    ask(&one, "ann", "GET /documents/d1");
    settle(&one);
    let log = kept(&one);
    assert_eq!(log.chains.len(), 2, "{:?}", log.chains);
    let genesis: Value = serde_json::from_str(&log.chains[1].genesis).unwrap();
    let first = &log.entries[2];
    assert_eq!(genesis["heads"], json!([[first.chain, 3, first.hash]]));
    assert_eq!(log.entries.iter().filter(|entry| entry.chain == first.chain).count(), 4);
    let found = audited(&log, None);
    assert!(found.iter().all(|chain| chain.problems.is_empty()), "{found:?}");
    assert_eq!(found.iter().map(|chain| chain.entries).sum::<usize>(), 5);
}

#[test]
fn a_chain_has_checkpoints() {
    let world = keeping(&[], CHECKPOINT_ENTRIES as usize + 5);
    let log = kept(&world);
    let at = log.entries.iter().position(|entry| entry.line.contains("\"checkpoint\"")).expect("a checkpoint");
    assert_eq!(log.entries[at].seq, CHECKPOINT_ENTRIES + 1);
    let said = world.desk().log.borrow();
    let told: Vec<&String> = said.iter().filter(|line| line.contains("\"log\":\"chain\"")).collect();
    assert_eq!(told.len(), 2, "the console hears where the chain stands when it begins and at each checkpoint");
    assert_eq!(problems(&log, None), "");
}

#[test]
fn what_is_done_to_a_chain_shows() {
    type Crime = (&'static str, fn(&mut MemoryLog), &'static str);
    let crimes: [Crime; 10] = [
        ("altered", |log| log.entries[1].line = log.entries[1].line.replace("deny", "allow"), "entry 2 was altered"),
        ("taken out", |log| drop(log.entries.remove(1)), "entry 2: missing"),
        ("several taken out", |log| drop(log.entries.drain(1..4)), "entries 2 to 4: missing"),
        ("the first taken out", |log| drop(log.entries.remove(0)), "entry 1: missing"),
        (
            "exchanged",
            |log| {
                let (a, b) = (log.entries[1].seq, log.entries[2].seq);
                (log.entries[1].seq, log.entries[2].seq) = (b, a);
            },
            "does not follow",
        ),
        (
            "taken out, and the others moved up",
            |log| {
                log.entries.remove(1);
                (1u64..).zip(log.entries.iter_mut()).for_each(|(seq, entry)| entry.seq = seq);
            },
            "entry 2 does not follow",
        ),
        (
            "replaced by one of another chain",
            |log| {
                let copy = log.entries[3].clone();
                log.entries[1] = LogEntry { seq: 2, ..copy };
            },
            "entry 2 does not follow",
        ),
        ("twice", |log| log.entries.push(log.entries[1].clone()), "entry 2 is there twice"),
        ("without a beginning", |log| log.chains.clear(), "its beginning is missing"),
        (
            "with another beginning",
            |log| log.chains[0].genesis = log.chains[0].genesis.replace("2026", "2025"),
            "its beginning was altered",
        ),
    ];
    for key in [None, Some(KEY)] {
        let settings: Vec<(&str, &str)> = key.iter().map(|key| ("LOG_CHAIN_KEY", *key)).collect();
        for (name, crime, said) in &crimes {
            let mut log = kept(&keeping(&settings, 5));
            assert_eq!(problems(&log, key), "", "{name}: whole before");
            crime(&mut log);
            assert!(problems(&log, key).contains(said), "{name}: {}", problems(&log, key));
        }
    }
}

#[test]
fn an_end_that_was_cut_off_is_told_by_the_others() {
    let (one, other) = (keeping(&[], 3), another());
    put(&other, kept(&one));
    ask(&other, "ann", "GET /documents/d1");
    settle(&other);
    let whole = kept(&other);
    let first = whole.chains[0].chain.clone();
    let cut = |keep: fn(&LogEntry) -> bool, chains: bool| MemoryLog {
        chains: whole.chains.iter().filter(|chain| chains || chain.chain != first).cloned().collect(),
        entries: whole.entries.iter().filter(|entry| entry.chain != first || keep(entry)).cloned().collect(),
    };
    assert!(problems(&cut(|entry| entry.seq < 3, true), None).contains("entry 3 is missing: the beginning of"));
    let gone = audited(&cut(|_| false, false), None);
    assert!(gone.iter().any(|chain| chain.chain == first && chain.gone && !chain.problems.is_empty()), "{gone:?}");
}

#[test]
fn the_console_tells_of_an_end_that_nobody_else_names() {
    let world = keeping(&[], CHECKPOINT_ENTRIES as usize + 5);
    let mut log = kept(&world);
    log.entries.truncate(CHECKPOINT_ENTRIES as usize - 1);
    assert_eq!(problems(&log, None), "", "nothing in the database says so");
    let mut audit = Audit::new(None);
    log.entries.iter().for_each(|entry| audit.entry(entry));
    log.chains.iter().for_each(|chain| audit.chain(chain));
    world.desk().log.borrow().iter().for_each(|line| audit.told(&serde_json::from_str(line).unwrap()));
    let found = audit.finish();
    assert!(found[0].problems.iter().any(|problem| problem.contains("the console saw it")), "{found:?}");
}

#[test]
fn who_has_no_key_cannot_make_a_chain_anew() {
    let sealed = kept(&keeping(&[("LOG_CHAIN_KEY", KEY)], 3));
    assert_eq!(problems(&sealed, Some(KEY)), "");
    assert!(audited(&sealed, Some(KEY))[0].keyed);
    assert!(!audited(&sealed, None)[0].keyed, "without the key nothing vouches");
    assert!(problems(&sealed, Some("another key, another key, another key")).contains("another key"));
    // Made anew with hashes alone, by whoever may write: without a key nobody can tell, with it everybody.
    let forged = kept(&keeping(&[], 2));
    assert_eq!(problems(&forged, None), "");
    assert!(problems(&forged, Some(KEY)).contains("without the key"));
    // A beginning that claims the key, with hashes that have none.
    let mut claimed = kept(&keeping(&[], 2));
    claimed.chains = sealed.chains.clone();
    let chain = claimed.chains[0].chain.clone();
    claimed.entries.iter_mut().for_each(|entry| entry.chain.clone_from(&chain));
    assert!(problems(&claimed, Some(KEY)).contains("entry 1 was altered"), "{}", problems(&claimed, Some(KEY)));
}

// The stores, and the command.

#[test]
fn every_store_keeps_the_same() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch(OWN_TABLES).unwrap();
    connection.execute_batch(OWN_TABLES).expect("run again at any time");
    let (memory, sql) = (MemoryStore::default(), SqlStore::new(Sqlite::new(connection)));
    let a = chain("a");
    let entries: Vec<LogEntry> =
        (1..=150u64).map(|seq| entry(if seq % 2 == 0 { "a" } else { "b" }, seq.div_ceil(2))).collect();
    fn fill(store: &impl LogStore, a: &LogChain, entries: &[LogEntry]) -> String {
        pollster::block_on(async {
            assert_eq!(store.log_heads().await.unwrap(), []);
            store.append_log(Some(a), &entries[..100]).await.unwrap();
            store.append_log(Some(&chain("b")), &entries[90..]).await.unwrap();
            let other = LogEntry { line: "other".to_string(), ..entries[0].clone() };
            store.append_log(Some(&LogChain { genesis: "other".to_string(), ..a.clone() }), &[other]).await.unwrap();
            let log = store.log(0, 1000).await.unwrap();
            let kept: Vec<&LogEntry> = log.iter().map(|(_, entry)| entry).collect();
            assert_eq!(kept, entries.iter().collect::<Vec<_>>(), "an attempt made again changes nothing");
            assert_eq!(store.log(log[148].0, 1000).await.unwrap(), log[149..]);
            assert_eq!(store.log(0, 7).await.unwrap(), log[..7]);
            assert_eq!(store.log_chains("", 10).await.unwrap(), [a.clone(), chain("b")]);
            assert_eq!(store.log_chains("a", 10).await.unwrap(), [chain("b")]);
            format!("{:?}", store.log_heads().await.unwrap())
        })
    }
    let heads = fill(&memory, &a, &entries);
    assert_eq!(heads, fill(&sql, &a, &entries));
    assert!(heads.contains("seq: 75"), "{heads}");
}

fn chain(id: &str) -> LogChain {
    let text = |text: &str| format!("{text} of {id} with \" and 文");
    LogChain { chain: id.to_string(), started_at: "now".to_string(), genesis: text("genesis"), hash: text("hash") }
}

fn entry(chain: &str, seq: u64) -> LogEntry {
    let text = |text: &str| format!("{text} {seq} of {chain} with \" and 文");
    LogEntry { chain: chain.to_string(), seq, line: text("line"), previous: text("previous"), hash: text("hash") }
}

/// Runs `palisade verify-log`: status, output, complaints.
fn verify(arguments: &[&str], key: Option<&str>) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_palisade"));
    command.arg("verify-log").args(arguments).env_remove("LOG_CHAIN_KEY");
    if let Some(key) = key {
        command.env("LOG_CHAIN_KEY", key);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

#[test]
fn the_command_reads_a_database_and_exported_rows() {
    let folder = std::env::temp_dir().join(format!("palisade-verify-log-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let log = kept(&keeping(&[("LOG_CHAIN_KEY", KEY)], 4));
    let mut rows: Vec<String> = Vec::new();
    for one in &log.chains {
        let row = json!({ "chain": one.chain, "started_at": one.started_at, "genesis": one.genesis, "hash": one.hash });
        rows.push(row.to_string());
    }
    for (at, one) in log.entries.iter().enumerate() {
        rows.push(
            json!({ "entry": at, "chain": one.chain, "seq": one.seq, "line": one.line, "previous": one.previous,
                    "hash": one.hash })
            .to_string(),
        );
    }
    std::fs::write(file("all"), rows.join("\n")).unwrap();
    std::fs::write(file("some"), [&rows[..2], &rows[3..]].concat().join("\n")).unwrap();
    std::fs::write(file("none"), "").unwrap();
    std::fs::write(file("wrong"), "{}").unwrap();
    let connection = rusqlite::Connection::open(file("db")).unwrap();
    connection.execute_batch(OWN_TABLES).unwrap();
    let store = SqlStore::new(Sqlite::new(connection));
    pollster::block_on(store.append_log(log.chains.first(), &log.entries)).unwrap();

    for (arguments, key, status, says) in [
        (["--db", &file("db")], Some(KEY), 0, "4 entries, whole, by the key"),
        (["--db", &file("db")], None, 0, "without a key"),
        (["--jsonl", &file("all")], Some(KEY), 0, "whole, by the key"),
        (["--jsonl", &file("some")], Some(KEY), 1, "entry 2: missing"),
        (["--jsonl", &file("some")], None, 1, "entry 2: missing"),
        (["--jsonl", &file("all")], Some("another key, another key, another key"), 1, "another key"),
        (["--jsonl", &file("none")], None, 0, "LOG_D1"),
        (["--jsonl", &file("wrong")], None, 2, "line 1: this is a row of neither table"),
        (["--db", &file("nowhere")], None, 2, "does not exist"),
    ] {
        let (got, said) = verify(&arguments, key);
        assert!(got == status && said.contains(says), "{arguments:?}: {got} {said}");
    }
    let (status, said) = verify(&["--json", "--jsonl", &file("some")], None);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &said["chains"][0]["whole"]), (1, &Value::Bool(false)));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_wrong_setting_of_the_log_is_named() {
    for (name, value, said) in [
        ("LOG_MASK", "principal,subject", "`subject`"),
        ("LOG_MASK_KEY", "short", "openssl rand"),
        ("LOG_CHAIN_KEY", "short", "openssl rand"),
        ("LOG_CONTEXT", "yes", "`on` or `off`"),
        ("LOG_SAMPLE", "2", "from 0 to 1"),
        ("LOG_D1", "all", "from 0 to 1"),
    ] {
        let error = Config::read(|own| (own == name).then(|| value.to_string())).unwrap_err();
        assert!(error.0.contains(said) && error.0.contains(name), "{name}={value}: {error}");
        assert!(!name.ends_with("KEY") || !error.0.contains("`short`"), "a secret is not repeated");
    }
}
