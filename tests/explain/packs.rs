// SPDX-License-Identifier: Apache-2.0
//! The packs with their rows, and the questions of their tests.

use palisade::compile;
use palisade::decide::{Context, Engine, Query};
use palisade::explain::{Case, Explainer};
use palisade::facts::External;
use palisade::name::Uid;
use palisade::pack::{self, Pack, Texts};
use palisade::rows::{Millis, Rows};
use palisade::store::{SlicePlan, SqlStore, Sqlite, Store};
use rusqlite::Connection;
use std::path::Path;
use std::{env, fs};

pub const PACKS: [&str; 6] = ["chat", "handbook", "members", "rag", "rag-roles", "workspace"];

/// A pack, ready to be asked.
pub struct World {
    pub pack: Pack,
    pub engine: Engine,
    pub explainer: Explainer,
    pub plan: SlicePlan,
    pub rows: Rows,
    pub at: Millis,
}

impl World {
    pub fn new(name: &'static str) -> World {
        let folder = Path::new("policies").join(name);
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let (pack, findings) = pack::read(&Texts {
            name: name.to_string(),
            schema_file: "schema.mmd".to_string(),
            schema: text("schema.mmd"),
            model: text("model.toml"),
            policies: text("policies.cedar"),
            routes: text("routes.toml"),
            tests: text("tests.toml"),
            sample: text("sample.sql"),
        });
        let pack = pack.unwrap_or_else(|| panic!("{name}: {findings:?}"));
        let engine = Engine::new(&pack.bundle).expect("an engine");
        let explainer = Explainer::new(&pack.bundle).expect("an explainer");
        let plan = SlicePlan::new(&pack.bundle);
        let at = pack.cases.cases.iter().find_map(|case| case.at).expect("a test that says when");
        let rows = read(&pack, &plan, &pack.sample);
        World { pack, engine, explainer, plan, rows, at }
    }

    /// The rows with those of a script beside them.
    pub fn with(&self, script: &str) -> Rows {
        read(&self.pack, &self.plan, &format!("{}\n{script}", self.pack.sample))
    }

    pub fn case<'a>(&'a self, rows: &'a Rows, at: Millis) -> Case<'a> {
        Case { bundle: &self.pack.bundle, engine: &self.engine, rows, at }
    }

    pub fn query(&self, principal: &Uid, action: &str, resource: &Uid, context: &str) -> Query {
        let mapping = &self.pack.bundle.mapping;
        Query {
            externals: External::among(mapping, [principal, resource]),
            principal: principal.clone(),
            action: action.to_string(),
            resource: resource.clone(),
            context: Context::from_json(&mapping.context_of(action), context).expect("a context"),
        }
    }
}

/// Every column of every row, as the page has them.
fn read(pack: &Pack, plan: &SlicePlan, script: &str) -> Rows {
    let connection = Connection::open_in_memory().expect("a database");
    connection.execute_batch("PRAGMA foreign_keys = OFF").expect("a setting");
    connection.execute_batch(&compile::schema_sql(&pack.bundle.mapping, &pack.bundle.name)).expect("the schema");
    connection.execute_batch(script).expect("the rows");
    let store = SqlStore::new(Sqlite::new(connection));
    // A store leaves out columns that decide nothing; here all of them are read, in the order of the table.
    let known = pollster::block_on(store.everything(plan)).expect("rows").rows;
    let mut rows = Rows::new();
    for name in known.keys() {
        let table = pack.bundle.mapping.table(name).expect("a table of the model");
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let list: Vec<String> = columns.iter().map(|column| palisade::store::identifier(column)).collect();
        let sql = format!("SELECT {} FROM {}", list.join(", "), palisade::store::identifier(name));
        let mut statement = store.driver.connection.prepare(&sql).expect("a statement");
        let found = statement
            .query_map([], |row| (0..columns.len()).map(|at| row.get_ref(at).map(value)).collect::<Result<Vec<_>, _>>())
            .expect("rows")
            .collect::<Result<Vec<_>, _>>()
            .expect("rows");
        rows.insert(name.clone(), palisade::rows::TableRows { columns, rows: found });
    }
    rows
}

fn value(value: rusqlite::types::ValueRef) -> palisade::rows::Value {
    use palisade::rows::Value;
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// Compares with a golden file, or rewrites it.
pub fn golden(file: &str, text: &str) {
    let path = Path::new("tests/explain/golden").join(file);
    if fs::read_to_string(&path).ok().as_deref() == Some(text) {
        return;
    }
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(&path, text).expect("the file");
        return;
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let line = known.lines().zip(text.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let (was, is) = (known.lines().nth(line), text.lines().nth(line));
    panic!("{} is stale at line {}: {was:?} is now {is:?}; UPDATE_EXPECT=1 rewrites it", path.display(), line + 1);
}
