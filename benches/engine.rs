// SPDX-License-Identifier: Apache-2.0
//! The engine beside Cedar's own authorizer on the worlds of `tests/bench/peers`, and what it costs to hold and to load a
//! million grants. `make bench` runs it; the table is printed by `tests/bench/peers/table.mjs`.
//!
//! Writes `native.json` into the folder of the worlds, and beside each world `world.bin`, which the engine's wasm module
//! loads. Every decision is checked against what the world says is right before anything is timed.

use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request};
use palisade::cedar;
use palisade::cli::folder;
use palisade::decide::{Engine, Query};
use palisade::engine::{Data, DataBuilder, Effect, Plain, Program, Scope, World};
use palisade::export;
use palisade::facts;
use palisade::name::Uid;
use palisade::pack::Pack;
use palisade::store::{SlicePlan, SqlStore, Sqlite, Store};
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Counts what is allocated, so that "lean" is a number.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's own; the counters are beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let only: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(part.as_str()));
    let time = Duration::from_millis(if quick { 300 } else { 2_000 });
    let root = PathBuf::from("target/bench");
    let mut cells = Vec::new();
    for world in worlds(&root) {
        let name = world.strip_prefix(&root).expect("below the root").display().to_string();
        if wanted(&name) && !(quick && name.ends_with("100000")) {
            one_world(&world, &name, time, &mut cells);
        }
    }
    if only.is_empty() {
        let text = serde_json::to_string_pretty(&cells).expect("plain values");
        fs::write(root.join("native.json"), text).expect("the results are written");
    }
    if wanted("guards") {
        guards(time);
    }
    if wanted("growth") {
        growth(time, if quick { 100_000 } else { 1_000_000 });
    }
}

/// `WORKLOAD/SIZE` for every world that was written, smaller ones first.
fn worlds(root: &Path) -> Vec<PathBuf> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    let mut all: Vec<PathBuf> = folders(root).iter().flat_map(|folder| folders(folder)).collect();
    all.retain(|path| path.join("requests.json").exists());
    all.sort_by_key(|path| {
        let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u64>().ok());
        (path.parent().map(Path::to_path_buf), number(path))
    });
    if all.is_empty() {
        println!("no worlds in {}: run `node tests/bench/peers/workloads.mjs`", root.display());
    }
    all
}

/// Principal, action, resource, context, and whether it is allowed.
type Asked = (Uid, Uid, Uid, Vec<(String, Plain)>, bool);

fn one_world(path: &Path, name: &str, time: Duration, cells: &mut Vec<Value>) {
    let text = |file: &str| fs::read_to_string(path.join(file)).expect("a file of the world");
    let (workload, rules) = name.split_once('/').expect("a workload and a size");
    let rules: u64 = rules.parse().expect("a size");
    let start = Instant::now();
    let policies: PolicySet = cedar::named_policies(&text("policies.cedar"), "world").expect("policies");
    let entities = Entities::from_json_str(&text("entities.json"), None).expect("entities");
    let cedar_load = start.elapsed();
    let program = cedar::program(&policies, |_| None).expect("a program");
    let data = cedar::data(&program, &entities).expect("data");
    let bytes = data.to_bytes(&program);
    fs::write(path.join("world.bin"), &bytes).expect("world.bin is written");
    drop((program, data));
    let start = Instant::now();
    let (program, data) = Data::from_bytes(&bytes).expect("the binary form");
    let load = start.elapsed();

    let asked: Vec<Value> = serde_json::from_str(&text("requests.json")).expect("requests");
    let uid = |value: &Value| Uid::new(value["type"].as_str().expect("a type"), value["id"].as_str().expect("an id"));
    let requests: Vec<Asked> = asked
        .iter()
        .map(|one| {
            let Plain::Record(context) = cedar::plain(&one["context"]).expect("a context") else {
                panic!("a context is a record")
            };
            let expect = one["expect"] == "allow";
            (uid(&one["principal"]), uid(&one["action"]), uid(&one["resource"]), context, expect)
        })
        .collect();
    let world = World { program: &program, data: &data };
    let ours = |(principal, action, resource, context, _): &Asked| {
        let mut request = world.request(principal, (&action.kind, &action.id), resource, context).expect("a request");
        world.allows(&mut request)
    };
    for (at, request) in requests.iter().enumerate() {
        assert_eq!(ours(request), request.4, "{name}, request {at}: {} {} {}", request.0, request.1, request.2);
    }
    let (median, p90) = measure(time, requests.len(), |at| ours(black_box(&requests[at])));
    let cell = |peer: &str, version: &str, median: f64, p90: f64, load: Duration| {
        println!("{name:>20} {peer:<18} {median:>14.0} ns");
        json!({
            "workload": workload, "rules": rules, "peer": peer, "version": version,
            "median_ns": median, "p90_ns": p90, "load_ms": load.as_secs_f64() * 1e3,
        })
    };
    cells.push(cell("palisade (native)", env!("CARGO_PKG_VERSION"), median, p90, load));

    let authorizer = Authorizer::new();
    let cedar: Vec<Request> = asked
        .iter()
        .map(|one| {
            let uid = |key: &str| EntityUid::from_json(one[key].clone()).expect("an entity");
            let context = Context::from_json_value(one["context"].clone(), None).expect("a context");
            Request::new(uid("principal"), uid("action"), uid("resource"), context, None).expect("a request")
        })
        .collect();
    let ask = |request: &Request| {
        authorizer.is_authorized(request, &policies, &entities).decision() == cedar_policy::Decision::Allow
    };
    // At a hundred thousand policies each decision takes a tenth of a second.
    let checked = if rules > 10_000 { 8 } else { cedar.len() };
    for (at, request) in cedar.iter().take(checked).enumerate() {
        assert_eq!(ask(request), requests[at].4, "{name}, request {at}, Cedar");
    }
    let (median, p90) = measure(time, cedar.len(), |at| ask(black_box(&cedar[at])));
    cells.push(cell("cedar (native)", &cedar_policy::get_sdk_version().to_string(), median, p90, cedar_load));
}

/// The median and the 90th percentile of one call, in nanoseconds, over batches of at least a fifth of a millisecond.
fn measure(time: Duration, requests: usize, mut call: impl FnMut(usize) -> bool) -> (f64, f64) {
    let mut at = 0;
    let mut run = |count: usize| {
        let start = Instant::now();
        for _ in 0..count {
            black_box(call(at));
            at = (at + 1) % requests;
        }
        start.elapsed()
    };
    let mut batch = 1;
    while run(batch) < Duration::from_micros(200) && batch < 1 << 16 {
        batch *= 2;
    }
    let (begun, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < 15 || begun.elapsed() < time {
        samples.push(run(batch).as_nanos() as f64 / batch as f64);
        if begun.elapsed() > time * 5 {
            break;
        }
    }
    samples.sort_by(f64::total_cmp);
    (samples[samples.len() / 2], samples[samples.len() * 9 / 10])
}

/// The reference packs with their sample rows: every guard is asked, as in front of an origin.
fn guards(time: Duration) {
    println!("\nreference packs, sample rows: one allowed decision with every guard");
    for pack in ["chat", "rag", "rag-roles", "members", "workspace"] {
        let folder = Path::new("policies").join(pack);
        let Pack { bundle, sample, .. } = folder::read(&folder, true).unwrap_or_else(|_| panic!("{pack} has errors"));
        let engine = Engine::new(&bundle).expect("an engine");
        let connection = rusqlite::Connection::open_in_memory().expect("a database");
        connection.execute_batch(&palisade::compile::schema_sql(&bundle.mapping, pack)).expect("the schema");
        connection.execute_batch(&sample).expect("the rows");
        let store = SqlStore::new(Sqlite::new(connection));
        let plan = SlicePlan::new(&bundle);
        let all = pollster::block_on(store.everything(&plan)).expect("all rows");
        let facts = facts::build(&bundle, &all.rows, &[], 1_767_225_600_000);
        let entities = cedar::entities(&facts).expect("entities");
        let text = format!("{}\n{}\n{}", bundle.generated, bundle.handwritten, export::policies_text(&facts));
        let policies = cedar::named_policies(&text, "all").expect("policies");
        let prepared = engine.prepare(facts).expect("the facts");
        let actions: Vec<String> = {
            let mut all: Vec<String> = bundle.mapping.declared_actions().into_keys().collect();
            all.extend(prepared.facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten().cloned()));
            all.sort();
            all.dedup();
            all
        };
        let (mut allowed, mut conditions) = (Vec::new(), 0);
        for principal in prepared.facts.entities.keys() {
            for resource in prepared.facts.entities.keys() {
                for action in &actions {
                    let query = Query::new(principal.clone(), action.clone(), resource.clone());
                    if engine.allows(&prepared, &query) {
                        let request = Request::new(
                            cedar::entity_uid(principal).expect("an entity"),
                            cedar::action_uid(action),
                            cedar::entity_uid(resource).expect("an entity"),
                            Context::empty(),
                            None,
                        );
                        allowed.push((query, request.expect("a request")));
                    }
                }
            }
        }
        for policy in 0..engine.program().len() as u32 {
            conditions += usize::from(engine.program().has_condition(policy));
        }
        let (median, p90) = measure(time / 2, allowed.len(), |at| engine.allows(&prepared, black_box(&allowed[at].0)));
        let authorizer = Authorizer::new();
        let (cedar, _) = measure(time / 2, allowed.len(), |at| {
            let response = authorizer.is_authorized(black_box(&allowed[at].1), &policies, &entities);
            response.decision() == cedar_policy::Decision::Allow
        });
        println!(
            "{pack:>12}: {median:>6.0} ns (p90 {p90:.0}), Cedar {cedar:>8.0} ns, ×{:.0}; {conditions} conditions, {} allowed",
            cedar / median,
            allowed.len()
        );
    }
}

/// Access-control rows: each for one of `count / 10` users, on one of `count / 5` documents in folders.
fn grants(count: u32) -> (Program, Data) {
    let program = cedar::program(&PolicySet::new(), |_| None).expect("no policies");
    let mut builder = DataBuilder::new(&program);
    let (users, documents) = ((count / 10).max(1), (count / 5).max(1));
    let user = |n: u32| Uid::new("User", format!("u{n}"));
    let document = |n: u32| Uid::new("Document", format!("d{n}"));
    for n in 0..users {
        builder.entity(&user(n), [], [], [&Uid::new("Role", format!("r{}", n % 20))]).expect("a user");
    }
    for n in 0..documents {
        builder.entity(&document(n), [], [], [&Uid::new("Folder", format!("f{}", n / 20))]).expect("a document");
    }
    let mut random = 88_172_645_463_325_252_u64;
    for n in 0..count {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (who, what) = (random as u32 % users, (random >> 32) as u32 % documents);
        let action = ["read", "write", "share", "delete"][(random >> 20) as usize % 4];
        let (who, what) = (Scope::Eq(user(who)), Scope::Eq(document(what)));
        builder.grant(Effect::Permit, &who, Some([("Action", action)].into_iter()), &what);
        builder.provenance(&format!("ACCESS/{n}"), &format!("ACCESS/{n}"));
    }
    let data = builder.finish().expect("data");
    (program, data)
}

fn growth(time: Duration, most: u32) {
    println!("\ngrants as access-control rows: a tenth as many users, a fifth as many documents");
    let mut first = None;
    for count in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|count| *count <= most) {
        let (program, data) = grants(count);
        let bytes = data.to_bytes(&program);
        let (size, index) = (data.size(), data.grants_size());
        drop((program, data));
        let (before, allocations) = (LIVE.load(Ordering::Relaxed), COUNT.load(Ordering::Relaxed));
        PEAK.store(before, Ordering::Relaxed);
        let mut loads = Vec::new();
        let (program, data) = Data::from_bytes(&bytes).expect("the binary form");
        let held = LIVE.load(Ordering::Relaxed) - before;
        let peak = PEAK.load(Ordering::Relaxed) - before;
        let allocations = COUNT.load(Ordering::Relaxed) - allocations;
        for _ in 0..9 {
            let start = Instant::now();
            black_box(Data::from_bytes(&bytes).expect("the binary form"));
            loads.push(start.elapsed());
        }
        loads.sort();
        let world = World { program: &program, data: &data };
        // As many pairs as stay warm: most are refused, as most pairs are.
        let pairs: Vec<(Uid, Uid)> = (0..512_u32)
            .map(|n| {
                let n = n.wrapping_mul(2_654_435_761);
                let (user, document) = (n % (count / 10), n % (count / 5));
                (Uid::new("User", format!("u{user}")), Uid::new("Document", format!("d{document}")))
            })
            .collect();
        let (median, p90) = measure(time, pairs.len(), |at| {
            let (user, document) = black_box(&pairs[at]);
            world.allows(&mut world.request(user, ("Action", "read"), document, &[]).expect("a request"))
        });
        let numbers: Vec<(u32, u32)> = pairs
            .iter()
            .map(|(user, document)| {
                let number = |uid: &Uid| world.entity(&uid.kind, &uid.id).expect("an entity of the world");
                (number(user), number(document))
            })
            .collect();
        let read = world.entity("Action", "read").expect("an action of the world");
        let (numbered, _) = measure(time, numbers.len(), |at| {
            let (user, document) = black_box(numbers[at]);
            world.allows(&mut world.numbered(user, read, document).expect("a request"))
        });
        let (of_text, of_numbers) = *first.get_or_insert((median, numbered));
        println!(
            "{count:>9}: decision by number {numbered:>4.0} ns (×{:.2}), from text {median:>4.0} ns (p90 {p90:.0}, ×{:.2}), loaded in {:>8.3} ms with {allocations} \
             allocations; held {:.1} MiB, while loading {:.1} MiB; a grant {:.1} bytes, with entities and provenance {:.1}; \
             file {:.1} MiB",
            numbered / of_numbers,
            median / of_text,
            loads[4].as_secs_f64() * 1e3,
            held as f64 / 1_048_576.0,
            peak as f64 / 1_048_576.0,
            index as f64 / f64::from(count),
            size as f64 / f64::from(count),
            bytes.len() as f64 / 1_048_576.0,
        );
    }
}
