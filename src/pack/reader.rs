// SPDX-License-Identifier: Apache-2.0
//! Reads the texts of a pack, stage by stage, and reads again only what changed: an editor asks at every keystroke.

use super::{Cases, Pack, Texts};
use crate::bundle::Bundle;
use crate::compile::{self, Ground, Rules};
use crate::er::{self, Diagram};
use crate::gateway;
use crate::mapping::Mapping;
use crate::model;
use crate::report::Finding;
use std::rc::Rc;

/// Reads all texts of a pack. A pack comes back only where no finding is an error; every reader that can go on does, so
/// that one reading shows all that is wrong.
pub fn read(texts: &Texts) -> (Option<Pack>, Vec<Finding>) {
    let Reading { pack, findings, .. } = Reader::default().read(texts);
    (pack, findings)
}

/// The stages of reading a pack, each with what it was made of and what came of it.
#[derive(Default)]
pub struct Reader {
    schema: Stage<(String, String), Drawn>,
    cases: Stage<String, Cases>,
    model: Stage<(String, Rc<Drawn>), Option<Rc<Mapping>>>,
    /// The last mapping: an equal one is the same one, so that a comment in model.toml costs nothing below.
    mapping: Option<Rc<Mapping>>,
    ground: Stage<(String, Rc<Mapping>), Option<Ground>>,
    routes: Stage<(String, Option<Rc<Mapping>>), String>,
    rules: Stage<(String, Option<Proven>), Option<Rules>>,
}

/// A diagram, and whether its text has an error.
type Drawn = (Diagram, bool);

/// What Cedar took of a model, if it did.
type Proven = Rc<Option<Ground>>;

/// What became of the texts.
pub struct Reading {
    /// As far as the schema can be read; empty where nothing of it can.
    pub diagram: Diagram,
    /// There where neither the schema nor the model has an error.
    pub mapping: Option<Rc<Mapping>>,
    /// Those that can be read.
    pub cases: Rc<Cases>,
    /// The policies that the model means, where Cedar takes them.
    pub generated: Option<String>,
    /// There where no finding is an error.
    pub pack: Option<Pack>,
    pub findings: Vec<Finding>,
}

/// The last output of a stage, which stays the same one as long as the input does.
struct Stage<I, O> {
    last: Option<(I, Rc<O>, Vec<Finding>)>,
}

impl<I, O> Default for Stage<I, O> {
    fn default() -> Stage<I, O> {
        Stage { last: None }
    }
}

impl<I, O> Stage<I, O> {
    /// `same` compares the input with the last one; `make` is called where they differ. Findings that name no file get `file`.
    fn run(
        &mut self,
        file: &str,
        input: I,
        same: impl Fn(&I, &I) -> bool,
        make: impl FnOnce(&I) -> (O, Vec<Finding>),
        findings: &mut Vec<Finding>,
    ) -> Rc<O> {
        if !self.last.as_ref().is_some_and(|(last, ..)| same(last, &input)) {
            let (output, found) = make(&input);
            let found = found.into_iter().map(|finding| finding.in_file(file)).collect();
            self.last = Some((input, Rc::new(output), found));
        }
        let (_, output, found) = self.last.as_ref().expect("a stage that has run");
        findings.extend(found.iter().cloned());
        output.clone()
    }
}

impl Reader {
    /// Reads the texts; those that are as they were at the last reading are not read again.
    pub fn read(&mut self, texts: &Texts) -> Reading {
        let mut findings = Vec::new();
        let drawn = self.schema.run(
            &texts.schema_file,
            (texts.schema.clone(), texts.schema_file.clone()),
            |a, b| a == b,
            |(schema, _)| {
                let (diagram, found) = er::read(schema);
                let broken = found.iter().any(Finding::is_error);
                ((diagram, broken), found)
            },
            &mut findings,
        );
        let cases =
            self.cases.run("tests.toml", texts.tests.clone(), |a, b| a == b, |tests| Cases::read(tests), &mut findings);
        let (diagram, broken) = &*drawn;
        let mapping = if *broken { None } else { self.mapping(texts, &drawn, &mut findings) };
        let routes = self.routes.run(
            "routes.toml",
            (texts.routes.clone(), mapping.clone()),
            |(a, x), (b, y)| a == b && is_same(x.as_ref(), y.as_ref()),
            |(routes, mapping)| match mapping {
                Some(mapping) => {
                    let (routes, found) = gateway::read(routes, mapping);
                    (routes.to_text(), found)
                }
                None => (String::new(), gateway::syntax(routes)),
            },
            &mut findings,
        );
        let ground = mapping.as_ref().map(|mapping| {
            self.ground.run(
                "model.toml",
                (texts.name.clone(), mapping.clone()),
                |(a, x), (b, y)| a == b && Rc::ptr_eq(x, y),
                |(name, mapping)| Ground::new(name, mapping),
                &mut findings,
            )
        });
        let rules = self.rules.run(
            crate::bundle::HANDWRITTEN,
            (texts.policies.clone(), ground.clone()),
            |(a, x), (b, y)| a == b && is_same(x.as_ref(), y.as_ref()),
            |(policies, ground)| match ground.as_deref() {
                Some(Some(ground)) => ground.rules(policies),
                _ => (None, compile::syntax(policies)),
            },
            &mut findings,
        );
        let ground = ground.as_deref().and_then(Option::as_ref);
        let pack = match (&mapping, ground, &*rules) {
            (Some(mapping), Some(ground), Some(rules)) if !findings.iter().any(Finding::is_error) => {
                let bundle = ground.bundle(mapping, rules, &texts.routes);
                Some(Pack {
                    diagram: diagram.clone(),
                    bundle: Bundle { routing: String::clone(&routes), ..bundle },
                    cases: Cases::clone(&cases),
                    sample: texts.sample.clone(),
                })
            }
            _ => None,
        };
        Reading {
            diagram: diagram.clone(),
            mapping,
            cases,
            generated: ground.map(|ground| ground.generated.clone()),
            pack,
            findings,
        }
    }

    fn mapping(&mut self, texts: &Texts, drawn: &Rc<Drawn>, findings: &mut Vec<Finding>) -> Option<Rc<Mapping>> {
        let before = self.mapping.take();
        let read = self.model.run(
            "model.toml",
            (texts.model.clone(), drawn.clone()),
            |(a, x), (b, y)| a == b && Rc::ptr_eq(x, y),
            |(model, drawn)| {
                let (mapping, found) = model::read(model, &drawn.0);
                let mapping = mapping.map(|mapping| match &before {
                    Some(before) if **before == mapping => before.clone(),
                    _ => Rc::new(mapping),
                });
                (mapping, found)
            },
            findings,
        );
        self.mapping = Option::clone(&read).or(before);
        Option::clone(&read)
    }
}

fn is_same<T>(a: Option<&Rc<T>>, b: Option<&Rc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Rc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
