// SPDX-License-Identifier: Apache-2.0
//! What the playground's page asks for: packs read and compiled at every keystroke, rows checked and decided on, tests run,
//! with full Cedar, and nothing sent anywhere.
//!
//! All of it is plain Rust that is tested natively; `exports.rs` hands it to a page. Nothing that is wrong with a text or a
//! row ends anything: it is a finding, and what was good before still decides.

mod check;
#[cfg(feature = "workbench")]
mod exports;
mod keep;
mod rows;
pub mod shapes;
mod sql;
mod told;

use crate::bundle::{Bundle, HANDWRITTEN};
use crate::cedar;
use crate::compile;
use crate::decide::{self, Context, Decision, Engine, Prepared, Query, Side, Undecidable, Wanted};
use crate::engine::{Fixed, Whose};
use crate::er;
use crate::explain::{self, Explainer, Explanation, Repair};
use crate::facts::{self, External, Facts};
use crate::mapping::Mapping;
use crate::model;
use crate::name::{GATE, GATE_TABLE, Uid};
use crate::pack::{self, Case, Cases, Pack, Reader, Texts};
use crate::report::{Finding, Place};
use crate::rows::{Millis, Reading, Rows, TableRows, Value, format_time, parse_time, read_id};
use crate::store::{MemoryStore, SlicePlan, Store};
use cedar_policy::{Effect, PolicySet};
use check::Checks;
use serde_json::{Map, Value as Json};
use shapes::{
    Answer, Changes, Compiled, Coverage, Diagram, DrawnTable, Flip, Given, Inferred, Known, Matrix, MatrixQuestion,
    Model, NewTest, PageQuestion, Policy, PolicyCoverage, Question, Reason, RowCoverage, RowPlace, RowsRead, Shown,
    SqlRead, Table, TestResult, TestsRun,
};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// The most flips that are listed; all are counted.
const MOST_FLIPS: usize = 200;

/// A pack and rows, as they are being edited.
#[derive(Default)]
pub struct Workbench {
    reader: Reader,
    /// The model of the last texts whose schema and model have no error.
    mapping: Option<Rc<Mapping>>,
    /// What is told about that model.
    told: Option<Told>,
    /// The tests that can be read of the last texts.
    cases: Rc<Cases>,
    /// Hand-written policies as they were last parsed.
    written: (String, Vec<Policy>),
    /// The last pack without an error.
    good: Option<Good>,
    /// All rows. A table of the model is always there, with all its columns.
    store: MemoryStore,
    /// Which rows a table has: another number for others.
    versions: HashMap<String, u64>,
    checks: RefCell<Checks>,
    /// What was wrong with rows as they were given, by table.
    odd: BTreeMap<String, Vec<Shown>>,
    at: Millis,
    /// What all rows come to, made when first asked for.
    world: World,
}

/// A pack without an error, ready to be asked.
struct Good {
    pack: Pack,
    engine: Engine,
    plan: SlicePlan,
    /// Made at the first question why.
    explainer: OnceCell<Result<Explainer, String>>,
}

/// What is told about a model, and what it was made of.
struct Told {
    mapping: Rc<Mapping>,
    model: String,
    name: String,
    tables: Vec<shapes::ModelTable>,
    types: Vec<shapes::EntityType>,
    schema_sql: String,
    types_ts: String,
    generated: Vec<Policy>,
}

/// What follows from the rows, the instant and the good pack.
#[derive(Default)]
struct World {
    facts: OnceCell<Facts>,
    /// The same in the engine's numbers: only what asks about everything at once needs it.
    prepared: OnceCell<Result<Prepared, String>>,
    /// The number of a row by its key, by table.
    places: RefCell<HashMap<String, Rc<HashMap<String, usize>>>>,
}

impl Workbench {
    pub fn new() -> Workbench {
        Workbench::default()
    }

    // --- Texts ---

    /// Reads and compiles a pack. Where it has an error, decisions still go by the last one without.
    ///
    /// # Errors
    /// The texts are no JSON of texts.
    pub fn pack(&mut self, texts: &str) -> Result<Compiled, String> {
        let given: Given = serde_json::from_str(texts).map_err(|error| format!("the texts of the pack: {error}"))?;
        let Given { name, schema, mut schema_file, model, policies, routes, tests } = given;
        if schema_file.is_empty() {
            schema_file.push_str("schema.mmd");
        }
        let texts = Texts { name, schema_file, schema, model, policies, routes, tests, sample: String::new() };
        Ok(self.read(&texts))
    }

    /// As [`Workbench::pack`], of texts at hand.
    pub fn read(&mut self, texts: &Texts) -> Compiled {
        let reading = self.reader.read(texts);
        let mut findings = reading.findings;
        self.cases = reading.cases;
        self.mapping = reading.mapping.clone().or(self.mapping.take());
        let mut ok = false;
        if let Some(pack) = reading.pack {
            match Good::new(pack) {
                Ok(good) => {
                    ok = true;
                    let same = self.good.as_ref().is_some_and(|old| old.pack.bundle == good.pack.bundle);
                    if same {
                        // The numbers of what was prepared are those of the engine that prepared it.
                        self.good.iter_mut().for_each(|old| old.pack = good.pack.clone());
                    } else {
                        self.good = Some(good);
                        self.world = World::default();
                    }
                }
                Err(error) => findings.push(Finding::error("pack/engine", error).in_file(HANDWRITTEN)),
            }
        }
        self.complete();
        let model = reading.mapping.map(|mapping| {
            let generated = reading.generated.as_deref().unwrap_or_default();
            self.model(mapping, texts, generated)
        });
        let files = self.good.as_ref().filter(|_| ok).zip(self.told.as_ref()).map(|(good, told)| {
            BTreeMap::from([
                ("schema.sql", told.schema_sql.clone()),
                ("schema.cedarschema", good.pack.bundle.schema.clone()),
                ("policies.cedar", good.pack.policies_text()),
                ("types.d.ts", told.types_ts.clone()),
            ])
        });
        Compiled {
            ok,
            findings: findings.into_iter().map(Shown::from).collect(),
            files,
            diagram: diagram(reading.diagram),
            model,
        }
    }

    fn model(&mut self, mapping: Rc<Mapping>, texts: &Texts, generated: &str) -> Model {
        let same =
            |told: &&Told| Rc::ptr_eq(&told.mapping, &mapping) && told.model == texts.model && told.name == texts.name;
        if self.told.as_ref().filter(same).is_none() {
            self.told = Some(Told {
                tables: told::tables(&mapping, &texts.model),
                types: told::types(&mapping),
                schema_sql: compile::schema_sql(&mapping, &texts.name),
                types_ts: compile::typescript(&texts.name, &mapping),
                generated: policies(generated, "generated", "generated").unwrap_or_default(),
                mapping: mapping.clone(),
                model: texts.model.clone(),
                name: texts.name.clone(),
            });
        }
        if self.written.0 != texts.policies
            && let Some(policies) = policies(&texts.policies, HANDWRITTEN, HANDWRITTEN)
        {
            self.written = (texts.policies.clone(), policies);
        }
        let told = self.told.as_ref().expect("made above");
        let mut all = told.generated.clone();
        all.extend(self.written.1.iter().cloned());
        let of_rows = self.granted();
        Model {
            tables: told.tables.clone(),
            types: told.types.clone(),
            actions: told::actions(&mapping, &of_rows),
            policies: all,
        }
    }

    /// Actions that rows bring, as far as anybody asked about the rows.
    fn granted(&self) -> BTreeSet<String> {
        let Some(facts) = self.world.facts.get() else { return BTreeSet::new() };
        let all: BTreeSet<&String> = facts.grants.iter().flat_map(|grant| grant.actions.iter().flatten()).collect();
        all.into_iter().cloned().collect()
    }

    // --- Rows ---

    /// Takes rows in. Tables that are left out stay as they were, and null empties one. Rows may come before there is a pack,
    /// or for tables that it does not have yet.
    ///
    /// # Errors
    /// The text is no JSON of rows, or the instant is none.
    pub fn put(&mut self, tables: &str, at: &str) -> Result<(), String> {
        let given: rows::Given = serde_json::from_str(tables).map_err(|error| format!("the rows: {error}"))?;
        let at = parse_time(at).ok_or_else(|| format!("`{at}` is no time: write it as `2026-01-31T09:00:00Z`"))?;
        if at != self.at || !given.is_empty() {
            self.world = World::default();
        }
        self.at = at;
        for (name, table) in given {
            match table {
                Some(table) => {
                    let (rows, odd) = table.read(&name);
                    self.odd.insert(name.clone(), odd);
                    self.keep(name, rows);
                }
                None => {
                    self.odd.remove(&name);
                    self.store.take(&name);
                    *self.versions.entry(name).or_default() += 1;
                }
            }
        }
        self.complete();
        Ok(())
    }

    /// Takes rows in, and says what can be said about all of them: which takes longer than a decision.
    ///
    /// # Errors
    /// As for [`Workbench::put`].
    pub fn rows(&mut self, tables: &str, at: &str) -> Result<RowsRead, String> {
        self.put(tables, at)?;
        Ok(self.rows_read())
    }

    /// Every table of the models is there, with every column.
    fn complete(&mut self) {
        let mappings = [self.mapping.as_deref(), self.good.as_ref().map(|good| &good.pack.bundle.mapping)];
        let mut completed = Vec::new();
        for table in mappings.into_iter().flatten().flat_map(|mapping| &mapping.tables) {
            let there = self.store.rows().get(&table.name);
            let lacks = |there: &TableRows| table.columns.iter().any(|column| !there.columns.contains(&column.name));
            if there.is_some_and(|there| !lacks(there)) {
                continue;
            }
            let mut rows = there.cloned().unwrap_or_default();
            for column in &table.columns {
                if !rows.columns.contains(&column.name) {
                    rows.columns.push(column.name.clone());
                    rows.rows.iter_mut().for_each(|row| row.push(Value::Null));
                }
            }
            completed.push((table.name.clone(), rows));
        }
        for (name, rows) in completed {
            self.keep(name, rows);
        }
    }

    fn keep(&mut self, name: String, rows: TableRows) {
        *self.versions.entry(name.clone()).or_default() += 1;
        self.store.put(name, rows);
    }

    fn rows_read(&self) -> RowsRead {
        let mut findings: Vec<Shown> = self.odd.values().flatten().cloned().collect();
        let odd: BTreeSet<_> = findings.iter().filter_map(|shown| cell(shown.row.as_ref()?)).collect();
        let mut until = None;
        let mut actions = BTreeSet::new();
        let mut told: BTreeSet<(String, usize, String)> = odd;
        if let Some(facts) = self.facts() {
            for finding in &facts.findings {
                let row = self.row_of_finding(&finding.message);
                if let Some(cell) = row.as_ref().and_then(cell)
                    && !told.insert(cell)
                {
                    continue;
                }
                let shown = Shown::from(finding.clone());
                findings.push(Shown { row, ..shown });
            }
            until = facts.until.map(format_time);
            actions.extend(self.granted());
        }
        let mut entities = BTreeMap::new();
        if let Some(mapping) = &self.mapping {
            let mut checks = self.checks.borrow_mut();
            let checked = checks.all(mapping, self.store.rows(), &self.versions);
            findings.extend(checked.filter(|shown| {
                let cell = shown.row.as_ref().and_then(cell);
                shown.finding.code == "row/twice" || cell.is_none_or(|cell| !told.contains(&cell))
            }));
            entities = self.entities(mapping);
            actions.extend(mapping.declared_actions().into_keys());
        }
        RowsRead { findings, until, entities, actions: actions.into_iter().collect() }
    }

    /// Entities of rows by type, in the order of the rows; and, of types from outside, those that texts name.
    fn entities(&self, mapping: &Mapping) -> BTreeMap<String, Vec<Known>> {
        let mut all: BTreeMap<String, Vec<Known>> = BTreeMap::new();
        for (table, entity) in mapping.entities() {
            let of_type = all.entry(entity.type_name.clone()).or_default();
            let Some(given) = self.store.rows().get(&table.name) else { continue };
            let place = |column: &str| given.columns.iter().position(|name| name == column);
            let Some(at) = place(&entity.id) else { continue };
            let label = check::label_column(table, entity).and_then(place);
            let kind = table.column(&entity.id).map_or(crate::mapping::ColumnKind::Text, |column| column.kind);
            let mut seen = BTreeSet::new();
            for (number, row) in given.rows.iter().enumerate() {
                let Some(Reading::Is(id)) = row.get(at).map(|value| read_id(value, kind)) else { continue };
                if !seen.insert(id.clone()) {
                    continue;
                }
                let label = match label.and_then(|label| row.get(label)) {
                    Some(Value::Text(text)) if !text.trim().is_empty() && *text != id => Some(text.clone()),
                    _ => None,
                };
                of_type.push(Known { id, label, row: Some(RowPlace::of(&table.name, number)) });
            }
        }
        for uid in self.named(mapping) {
            let known = all.entry(uid.kind).or_default();
            if !known.iter().any(|known| known.id == uid.id) {
                known.push(Known { id: uid.id, label: None, row: None });
            }
        }
        all
    }

    /// Entities from outside the database that policies, tests or rows name.
    fn named(&self, mapping: &Mapping) -> BTreeSet<Uid> {
        let mut all: BTreeSet<Uid> = BTreeSet::new();
        if let Some(good) = &self.good {
            all.extend(good.pack.bundle.named.iter().cloned());
            let own = decide::outside(&good.pack.bundle).into_iter().map(|external| external.uid);
            all.extend(own.filter(|uid| uid.kind == GATE || uid.kind == GATE_TABLE));
        }
        all.extend(self.cases.cases.iter().flat_map(|case| [case.principal.clone(), case.resource.clone()]));
        if let Some(facts) = self.world.facts.get() {
            let scopes = facts.grants.iter().flat_map(|grant| [&grant.principal, &grant.resource]);
            let named = scopes.filter_map(|scope| match scope {
                facts::Scope::Eq(uid) | facts::Scope::In(uid) | facts::Scope::IsIn(_, uid) => Some(uid),
                facts::Scope::Any | facts::Scope::Is(_) => None,
            });
            all.extend(named.filter(|uid| mapping.externals.contains_key(&uid.kind)).cloned());
        }
        all.retain(|uid| mapping.externals.contains_key(&uid.kind));
        all
    }

    /// The rows of `INSERT`s, by the tables of the pack. Nothing of it is taken in.
    pub fn read_sql(&self, text: &str) -> SqlRead {
        let (rows, findings) = self.sql(text);
        SqlRead {
            rows: rows.into_iter().map(|(name, rows)| (name, Table(rows))).collect(),
            findings: findings.into_iter().map(Shown::from).collect(),
        }
    }

    fn sql(&self, text: &str) -> (Rows, Vec<Finding>) {
        sql::read(&sql::Tables { mapping: self.mapping.as_deref(), rows: self.store.rows(), at: self.at }, text)
    }

    /// The rows as `sample.sql`.
    pub fn sample(&self) -> String {
        sql::write(self.mapping.as_deref(), self.store.rows())
    }

    /// Where a row stands, by how decisions name it: `TABLE/KEY`.
    fn place(&self, source: &str) -> Option<RowPlace> {
        let mapping = self.good.as_ref().map(|good| &good.pack.bundle.mapping).or(self.mapping.as_deref())?;
        let of_table = |table: &crate::mapping::Table| {
            let key = source.strip_prefix(table.name.as_str())?.strip_prefix('/')?;
            let number = *self.numbers(table)?.get(key)?;
            Some(RowPlace::of(&table.name, number))
        };
        mapping.tables.iter().find_map(of_table)
    }

    fn numbers(&self, table: &crate::mapping::Table) -> Option<Rc<HashMap<String, usize>>> {
        if let Some(numbers) = self.world.places.borrow().get(&table.name) {
            return Some(numbers.clone());
        }
        let given = self.store.rows().get(&table.name)?;
        let places: HashMap<&str, usize> =
            given.columns.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut numbers = HashMap::new();
        for (number, row) in given.rows.iter().enumerate() {
            let value = |column: &str| places.get(column).and_then(|at| row.get(*at)).unwrap_or(&Value::Null);
            numbers.entry(facts::key_text(table, value)).or_insert(number);
        }
        let numbers = Rc::new(numbers);
        self.world.places.borrow_mut().insert(table.name.clone(), numbers.clone());
        Some(numbers)
    }

    /// The cell that one of the facts' findings is about: "`TABLE/KEY`: `column` holds …". A key may hold anything.
    fn row_of_finding(&self, message: &str) -> Option<RowPlace> {
        let rest = message.strip_prefix('`')?;
        rest.match_indices("`: `").find_map(|(at, sign)| {
            let place = self.place(&rest[..at])?;
            let column = rest[at + sign.len()..].split('`').next()?;
            Some(RowPlace { column: Some(column.to_string()), ..place })
        })
    }

    // --- Questions ---

    fn good(&self) -> Result<&Good, String> {
        self.good
            .as_ref()
            .ok_or_else(|| "there is no pack without errors yet: mend what is wrong with the texts".to_string())
    }

    /// What all rows come to; none where there is no pack yet.
    fn facts(&self) -> Option<&Facts> {
        let bundle = &self.good.as_ref()?.pack.bundle;
        let build = || facts::build(bundle, self.store.rows(), &decide::outside(bundle), self.at);
        Some(self.world.facts.get_or_init(build))
    }

    /// The same, ready to be asked.
    fn world(&self) -> Result<&Prepared, String> {
        let good = self.good()?;
        let prepare = || {
            let facts = self.facts().cloned().unwrap_or_default();
            good.engine.prepare(facts).map_err(|error| error.to_string())
        };
        self.world.prepared.get_or_init(prepare).as_ref().map_err(String::clone)
    }

    /// Decides one question. A question that does not fit the action is undecided, and so is every one before there is a pack.
    ///
    /// # Errors
    /// The question is no JSON of one.
    pub fn decide(&self, question: &str) -> Result<Answer, String> {
        let asked: Question = serde_json::from_str(question).map_err(|error| format!("the question: {error}"))?;
        Ok(match self.query(asked).and_then(|query| self.decided(&query)) {
            Ok(answer) => answer,
            Err(why) => Answer { allow: false, undecided: true, reasons: Vec::new(), errors: vec![why] },
        })
    }

    /// Why a question comes out as it does.
    ///
    /// # Errors
    /// The question is none, or does not fit its action.
    pub fn explain(&self, question: &str) -> Result<Explanation, String> {
        self.why(question, |explainer, case, query| explainer.explain(case, query))
    }

    /// Single changes of rows that turn a deny into an allow.
    ///
    /// # Errors
    /// As for [`Workbench::explain`].
    pub fn repairs(&self, question: &str) -> Result<Vec<Repair>, String> {
        self.why(question, |explainer, case, query| explainer.repairs(case, query))
    }

    fn why<T>(
        &self,
        question: &str,
        ask: impl Fn(&Explainer, &explain::Case, &Query) -> Result<T, Undecidable>,
    ) -> Result<T, String> {
        let asked: Question = serde_json::from_str(question).map_err(|error| format!("the question: {error}"))?;
        let query = self.query(asked)?;
        let good = self.good()?;
        let bundle = &good.pack.bundle;
        let made = good.explainer.get_or_init(|| Explainer::new(bundle).map_err(|error| error.to_string()));
        let explainer = made.as_ref().map_err(String::clone)?;
        let case = explain::Case { bundle, engine: &good.engine, rows: self.store.rows(), at: self.at };
        ask(explainer, &case, &query).map_err(|error| error.to_string())
    }

    fn query(&self, asked: Question) -> Result<Query, String> {
        let mapping = &self.good()?.pack.bundle.mapping;
        let context =
            Context::read(&mapping.context_of(&asked.action), &asked.context).map_err(|error| error.to_string())?;
        Ok(Query {
            externals: External::among(mapping, [&asked.principal, &asked.resource]),
            principal: asked.principal,
            action: asked.action,
            resource: asked.resource,
            context,
        })
    }

    fn decided(&self, query: &Query) -> Result<Answer, String> {
        let good = self.good()?;
        let prepared = good.slice(&self.store, query, self.at)?;
        Ok(self.answer(&good.engine.decide(&prepared, query), &prepared.facts))
    }

    fn answer(&self, decision: &Decision, facts: &Facts) -> Answer {
        let effect = if decision.allow { "permit" } else { "forbid" };
        let reason = |reason: &decide::Reason| {
            let row = self.place(&reason.source);
            let grant = facts.grants.binary_search_by(|grant| grant.id.as_str().cmp(&reason.policy)).ok();
            let rests_on = grant.map_or(&[][..], |at| &facts.grants[at].rests_on);
            let verb = if decision.allow { "allows" } else { "forbids" };
            let says = match &row {
                Some(_) => format!("the row {} {verb} it", reason.source),
                None => format!("the rule {} {verb} it", reason.policy),
            };
            Reason {
                policy: reason.policy.clone(),
                source: reason.source.clone(),
                effect,
                row,
                says,
                rests_on: rests_on.iter().filter_map(|source| self.place(source)).collect(),
            }
        };
        Answer {
            allow: decision.allow,
            undecided: decision.undecided,
            reasons: decision.reasons.iter().map(reason).collect(),
            errors: decision.errors.clone(),
        }
    }

    /// Every action, of every principal on one resource or of one principal on every resource of a type.
    ///
    /// # Errors
    /// The question is none, or there is no pack yet.
    pub fn matrix(&self, question: &str) -> Result<Matrix, String> {
        let asked: MatrixQuestion = serde_json::from_str(question).map_err(|error| format!("the question: {error}"))?;
        let good = self.good()?;
        let bundle = &good.pack.bundle;
        let whole = self.world()?;
        let known = self.entities(&bundle.mapping);
        let of_type = |kind: &str| {
            known.get(kind).into_iter().flatten().map(|known| Uid::new(kind, &known.id)).collect::<Vec<Uid>>()
        };
        let (entities, pair, context): (Vec<Uid>, _, Map<String, Json>) = match asked {
            MatrixQuestion::Principals { resource, context } => {
                let kinds = bundle.mapping.principals().map(|(_, entity)| entity.type_name.as_str());
                (kinds.flat_map(of_type).collect(), (None, Some(resource)), context)
            }
            MatrixQuestion::Resources { principal, kind, context } => {
                (of_type(&kind), (Some(principal), None), context)
            }
        };
        let externals = External::among(&bundle.mapping, entities.iter().chain(pair.0.iter()).chain(pair.1.iter()));
        let own;
        let prepared = if externals.iter().all(|external| whole.facts.entities.contains_key(&external.uid)) {
            whole
        } else {
            let facts = facts::build(bundle, self.store.rows(), &externals, self.at);
            own = good.engine.prepare(facts).map_err(|error| error.to_string())?;
            &own
        };
        let actions: BTreeSet<String> = bundle.mapping.declared_actions().into_keys().chain(self.granted()).collect();
        let contexts: Vec<Option<Context>> = actions
            .iter()
            .map(|action| {
                let takes = bundle.mapping.context_of(action);
                let own = context.iter().filter(|(name, _)| takes.contains_key(name.as_str()));
                let own: Map<String, Json> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
                Context::read(&takes, &own).ok()
            })
            .collect();
        let mut cells = String::with_capacity(entities.len() * actions.len());
        for entity in &entities {
            for (action, context) in actions.iter().zip(&contexts) {
                let Some(context) = context else {
                    cells.push('e');
                    continue;
                };
                let query = Query {
                    principal: pair.0.as_ref().unwrap_or(entity).clone(),
                    action: action.clone(),
                    resource: pair.1.as_ref().unwrap_or(entity).clone(),
                    context: context.clone(),
                    externals: Vec::new(),
                };
                cells.push(letter(&good.engine, prepared, &query));
            }
        }
        Ok(Matrix { entities, actions: actions.into_iter().collect(), cells })
    }

    /// Runs the tests of tests.toml on the rows as they are, each with its own rows beside them.
    ///
    /// # Errors
    /// There is no pack without errors yet.
    pub fn tests(&self) -> Result<TestsRun, String> {
        let good = self.good()?;
        let mut coverage = pack::Coverage::default();
        let mut results = Vec::new();
        for case in &self.cases.cases {
            let decided = self.run(good, case);
            let wrong = match &decided {
                Ok(decision) => {
                    coverage.add(decision);
                    case.wrong(decision)
                }
                Err(why) => Some(why.clone()),
            };
            results.push(TestResult {
                name: case.name.clone(),
                line: case.place.line,
                principal: case.principal.clone(),
                action: case.action.clone(),
                resource: case.resource.clone(),
                expect: case.expect.word(),
                got: decided.as_ref().ok().map(Decision::word),
                passed: wrong.is_none(),
                why: wrong.unwrap_or_default(),
                own_rows: !case.rows.trim().is_empty(),
            });
        }
        // Grants of every row, whenever they expire: a test may stand before that.
        let facts = facts::build(&good.pack.bundle, self.store.rows(), &[], Millis::MIN);
        let policies = coverage.policies(&good.engine).into_iter().map(|(id, tests)| PolicyCoverage { id, tests });
        let rows = coverage.rows(&facts).into_iter().map(|(source, tests)| RowCoverage {
            row: self.place(&source),
            source,
            tests,
        });
        let coverage = Coverage { policies: policies.collect(), rows: rows.collect() };
        Ok(TestsRun { results, coverage })
    }

    fn run(&self, good: &Good, case: &Case) -> Result<Decision, String> {
        let query = case.query(&good.pack.bundle.mapping)?;
        let at = case.at.unwrap_or(self.at);
        let own;
        let store = if case.rows.trim().is_empty() {
            &self.store
        } else {
            own = MemoryStore::new(self.with(&good.pack.bundle.mapping, &case.rows)?);
            &own
        };
        let prepared = good.slice(store, &query, at)?;
        Ok(good.engine.decide(&prepared, &query))
    }

    /// The rows, and those of a test beside them.
    fn with(&self, mapping: &Mapping, text: &str) -> Result<Rows, String> {
        let into = sql::Tables { mapping: Some(mapping), rows: self.store.rows(), at: self.at };
        let (own, findings) = sql::read(&into, text);
        if let Some(error) = findings.iter().find(|finding| finding.is_error()) {
            let line = error.place.as_ref().map(|place| format!("line {}: ", place.line)).unwrap_or_default();
            let help = error.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            return Err(format!("its `rows`: {line}{}{help}", error.message));
        }
        let mut all = self.store.rows().clone();
        let mut added = BTreeMap::new();
        for (name, rows) in own {
            let Some(given) = all.get_mut(&name) else { continue };
            added.insert(name, given.rows.len());
            let places: Vec<Option<usize>> =
                given.columns.iter().map(|column| rows.columns.iter().position(|own| own == column)).collect();
            let cell =
                |row: &[Value], at: &Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null);
            given.rows.extend(rows.rows.iter().map(|row| places.iter().map(|at| cell(row, at)).collect()));
        }
        // What a database would have refused is no row to decide by.
        let refused = check::check(mapping, &all).into_iter().find(|shown| {
            let place = shown.row.as_ref();
            let is_own = place.and_then(|place| Some(place.row? >= *added.get(&place.table)?)).unwrap_or(false);
            is_own && matches!(shown.finding.code, "row/twice" | "row/null")
        });
        match refused {
            Some(shown) => Err(format!("its `rows`: {}", shown.finding.message)),
            None => Ok(all),
        }
    }

    /// Decisions that differ from those of `before`, of at most so many questions.
    ///
    /// # Errors
    /// One of them has no pack without errors.
    pub fn changes(&self, before: &Workbench, questions: usize) -> Result<Changes, String> {
        let sides = (Side::over, before.good()?, before.world()?, self.good()?, self.world()?);
        let (over, then, was, now, is) = sides;
        let found = decide::flips(
            &over(&then.engine, &then.pack.bundle, was),
            &over(&now.engine, &now.pack.bundle, is),
            questions,
            MOST_FLIPS,
        );
        let flip = |flip: decide::Flip| Flip {
            principal: flip.principal,
            action: flip.action,
            resource: flip.resource,
            before: flip.before,
            after: flip.after,
            because_before: flip.because_before,
            because_after: flip.because_after,
        };
        Ok(Changes {
            questions: found.questions,
            asked: found.asked,
            sampled: found.sampled,
            gained: found.gained,
            lost: found.lost,
            flips: found.flips.into_iter().map(flip).collect(),
            without_context: found.without_context,
        })
    }

    /// The text of `bundle.json`, as `palisade compile` writes it.
    ///
    /// # Errors
    /// There is no pack without errors yet.
    pub fn bundle(&self) -> Result<String, String> {
        Ok(self.good()?.pack.bundle.to_json())
    }

    /// What a gate would answer a page (`GET /.palisade/bundle`): bytes for the engine alone.
    ///
    /// # Errors
    /// The question is none, or there is no pack yet.
    pub fn page(&self, question: &str) -> Result<Vec<u8>, String> {
        let asked: PageQuestion = serde_json::from_str(question).map_err(|error| format!("the question: {error}"))?;
        let good = self.good()?;
        let bundle = &good.pack.bundle;
        let takes = bundle.mapping.context.iter().filter(|(name, _)| asked.fixed.contains_key(*name));
        let takes = takes.map(|(name, kind)| (name.as_str(), kind)).collect();
        let fixed = Context::read(&takes, &asked.fixed).map_err(|error| error.to_string())?;
        let fixed = fixed.values().iter().map(|(name, value)| Fixed {
            name: name.clone(),
            value: Some(value.clone()),
            actions: None,
        });
        let whose = Whose {
            principal: asked.principal,
            resources: asked.resources,
            also: asked.context,
            fixed: fixed.collect(),
        };
        let ask = good.engine.ask_for_page(bundle, &whose);
        let slice = pollster::block_on(self.store.slice(&good.plan, &ask)).map_err(|error| error.to_string())?;
        let facts = facts::build(bundle, &slice.rows, &ask.externals, self.at);
        let prepared = good.engine.prepare(facts).map_err(|error| error.to_string())?;
        let wanted = Wanted { whose, spellings: BTreeMap::new() };
        good.engine.page(bundle, &prepared, &wanted).map_err(|error| error.to_string())
    }
}

impl Good {
    fn new(pack: Pack) -> Result<Good, String> {
        let engine = Engine::new(&pack.bundle).map_err(|error| error.to_string())?;
        Ok(Good { plan: SlicePlan::new(&pack.bundle), engine, pack, explainer: OnceCell::new() })
    }

    /// The rows that a question needs, as a gate would fetch them.
    fn slice(&self, store: &MemoryStore, query: &Query, at: Millis) -> Result<Prepared, String> {
        let bundle: &Bundle = &self.pack.bundle;
        let slice = pollster::block_on(store.slice(&self.plan, &self.engine.ask(bundle, query)));
        let slice = slice.map_err(|error| error.to_string())?;
        let facts = facts::build(bundle, &slice.rows, &query.externals, at);
        self.engine.prepare(facts).map_err(|error| error.to_string())
    }
}

/// How a decision came out: allowed, denied, forbidden, or not to be decided.
fn letter(engine: &Engine, prepared: &Prepared, query: &Query) -> char {
    if engine.allows(prepared, query) {
        return 'a';
    }
    let decision = engine.decide(prepared, query);
    match decision {
        Decision { undecided: true, .. } => 'e',
        Decision { ref reasons, .. } if !reasons.is_empty() => 'f',
        Decision { ref failed, .. } if failed.iter().any(|id| forbids(engine, id)) => 'e',
        _ => 'd',
    }
}

fn forbids(engine: &Engine, id: &str) -> bool {
    let program = engine.program();
    (0..program.len() as u32)
        .any(|policy| program.id(policy) == id && program.effect(policy) == crate::engine::Effect::Forbid)
}

/// A cell that a finding is about.
fn cell(place: &RowPlace) -> Option<(String, usize, String)> {
    Some((place.table.clone(), place.row?, place.column.clone()?))
}

fn diagram(diagram: er::Diagram) -> Option<Diagram> {
    let er::Diagram { tables, relations } = diagram;
    let tables: Vec<DrawnTable> =
        tables.into_iter().map(|table| DrawnTable { line: table.place.line, table }).collect();
    (!tables.is_empty()).then_some(Diagram { tables, relations })
}

/// The policies of a text, in its order; none where it is no Cedar.
fn policies(text: &str, file: &str, source: &'static str) -> Option<Vec<Policy>> {
    let parsed: PolicySet = text.parse().ok()?;
    let (named, order) = cedar::named(&parsed, file).ok()?;
    let places = cedar::statements(text);
    let policy = |(id, place): (String, std::ops::Range<usize>)| {
        let effect = match named.policy(&cedar_policy::PolicyId::new(&id))?.effect() {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        };
        Some(Policy {
            effect,
            source,
            line: Place::of(text, place.start, place.start).line,
            end: Place::of(text, place.end.saturating_sub(1), place.end).line,
            text: text[place].to_string(),
            id,
        })
    };
    Some(order.into_iter().zip(places).filter_map(policy).collect())
}

/// A first model of a schema, with reasons, and what of the schema it keeps.
pub fn infer(schema: &str) -> Inferred {
    let (diagram, mut findings) = er::read(schema);
    let (mut text, mut fidelity) = (String::new(), None);
    if !findings.iter().any(Finding::is_error) {
        let inferred = model::infer(&diagram);
        (text, fidelity) = (inferred.model_toml, Some(inferred.report));
        findings.extend(inferred.findings);
    }
    Inferred { model: text, fidelity, findings: findings.into_iter().map(Shown::from).collect() }
}

/// Policies as Cedar's formatter writes them; comments stay.
///
/// # Errors
/// The text is no Cedar: where, and why.
pub fn format(policies: &str) -> Result<String, String> {
    if let Some(finding) = compile::syntax(policies).into_iter().find(|finding| finding.code == "cedar/syntax") {
        return Err(finding.to_string());
    }
    if cedar::statements(policies).is_empty() {
        return Ok(policies.to_string());
    }
    let config = cedar_policy_formatter::Config { line_width: 100, indent_width: 4 };
    cedar_policy_formatter::policies_str_to_pretty(policies, &config).map_err(|error| error.to_string())
}

/// tests.toml with one more test at its end.
///
/// # Errors
/// The test is none, or the text cannot take it.
pub fn add_test(tests: &str, test: &str) -> Result<String, String> {
    let test: NewTest = serde_json::from_str(test).map_err(|error| format!("the test: {error}"))?;
    keep::add(tests, &test)
}
