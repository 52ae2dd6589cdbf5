// SPDX-License-Identifier: Apache-2.0
//! One evaluation, or several at once: rows for all of them by one statement, each decided by itself.

use super::read::{Asked, Fields, Parts, Posed};
use super::{Entry, MAX_QUESTION_BYTES, Problem, Request, unanswered};
use crate::decide::Prepared;
use crate::facts::{self, Ask, Given};
use crate::gateway::Gateway;
use crate::gateway::active::Active;
use crate::gateway::answer::Refusal;
use crate::gateway::judge::{Decided, Said, Stop, in_force};
use crate::gateway::log::Line;
use crate::gateway::origin::Host;
use crate::rows::Millis;
use crate::store::{Slice, Store};
use serde_json::{Value, json};

/// The most questions of a batch.
pub const MAX_BATCH: usize = 100;

/// When a batch ends before its last question (section 7.1.2 of the standard).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Semantic {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    fn read(fields: &Fields) -> Result<Semantic, Problem> {
        let options = match fields.get("options") {
            None => return Ok(Semantic::ExecuteAll),
            Some(Value::Object(options)) => options,
            Some(_) => return Err(Problem::bad("`options` is no object")),
        };
        match options.get("evaluations_semantic").map(Value::as_str) {
            None | Some(Some("execute_all")) => Ok(Semantic::ExecuteAll),
            Some(Some("deny_on_first_deny")) => Ok(Semantic::DenyOnFirstDeny),
            Some(Some("permit_on_first_permit")) => Ok(Semantic::PermitOnFirstPermit),
            Some(_) => Err(Problem::bad(
                "`options.evaluations_semantic` is one of `execute_all`, `deny_on_first_deny`, `permit_on_first_permit`",
            )),
        }
    }

    /// Whether nothing is answered after this. What was not understood counts as a deny.
    fn ends(self, allow: bool) -> bool {
        match self {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !allow,
            Semantic::PermitOnFirstPermit => allow,
        }
    }
}

/// What came of one question.
type Outcome = Result<Answer, Problem>;

struct Answer {
    allow: bool,
    id: String,
    revision: Option<u64>,
}

impl Answer {
    fn json(&self) -> Value {
        let mut context = json!({ "id": self.id });
        if let Some(revision) = self.revision {
            context["revision"] = revision.into();
        }
        json!({ "decision": self.allow, "context": context })
    }
}

/// The rows that several questions need.
pub(super) struct Rows {
    slice: Slice,
    ask: Ask,
    /// After they were here: what expired while they were fetched conveys nothing.
    now: Millis,
    /// The facts that were made of them last, and what a question had said of its entities.
    last: Option<(Vec<Given>, Prepared)>,
}

impl Rows {
    pub fn revision(&self) -> u64 {
        self.slice.revision
    }

    /// These rows as facts, with what a question says of its entities; made anew only where that is something else.
    pub fn prepared(&mut self, active: &Active, given: &[Given]) -> Result<&Prepared, Refusal> {
        let last = match self.last.take().filter(|(last, _)| last == given) {
            Some(last) => last,
            None => {
                let facts = facts::build_given(&active.bundle, &self.slice.rows, &self.ask.externals, given, self.now);
                let prepared = active.engine.prepare(facts).map_err(|error| Refusal::unavailable(error.to_string()))?;
                (given.to_vec(), prepared)
            }
        };
        Ok(&self.last.insert(last).1)
    }
}

impl<S: Store, H: Host> Gateway<S, H> {
    pub(super) async fn evaluation(
        &self,
        fields: &Fields,
        request: Request<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<Value, Problem> {
        let mut outcomes = self.evaluate(&[Parts::of(fields)], Semantic::ExecuteAll, request, entries).await?;
        let only = outcomes.pop().ok_or_else(|| Problem::bad("nothing is asked"))?;
        only.map(|answer| answer.json())
    }

    pub(super) async fn evaluations(
        &self,
        fields: &Fields,
        request: Request<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<Value, Problem> {
        let semantic = Semantic::read(fields)?;
        let items = match fields.get("evaluations") {
            None => return self.evaluation(fields, request, entries).await,
            Some(Value::Array(items)) if items.is_empty() => return self.evaluation(fields, request, entries).await,
            Some(Value::Array(items)) => items,
            Some(_) => return Err(Problem::bad("`evaluations` is no list")),
        };
        if items.len() > MAX_BATCH {
            let message = format!("`evaluations` has {} items, and {MAX_BATCH} is the most", items.len());
            return Err(Problem::bad(message));
        }
        let shared = Parts::of(fields);
        let mut bytes = 0;
        for (part, name) in [
            (shared.subject, "subject"),
            (shared.action, "action"),
            (shared.resource, "resource"),
            (shared.context, "context"),
        ] {
            let Some(part) = part else { continue };
            if !part.is_object() {
                return Err(Problem::bad(format!("`{name}` is no object")));
            }
            bytes += part.to_string().len();
        }
        if bytes > MAX_QUESTION_BYTES {
            // Each item would be as large.
            return Err(Problem::bad(format!("what all items share is larger than {MAX_QUESTION_BYTES} bytes")));
        }
        // An item that is no object has nothing of its own, and must not pass for what all share.
        let nothing = Parts { subject: None, action: None, resource: None, context: None };
        let parts: Vec<Parts> =
            items.iter().map(|item| item.as_object().map_or(nothing, |item| Parts::of(item).or(shared))).collect();
        let outcomes = self.evaluate(&parts, semantic, request, entries).await?;
        let all: Vec<Value> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Ok(answer) => answer.json(),
                Err(problem) => {
                    let error = json!({ "status": problem.status.as_u16(), "message": problem.message });
                    json!({ "decision": false, "context": { "error": error } })
                }
            })
            .collect();
        Ok(json!({ "evaluations": all }))
    }

    /// Decides, in their order, as far as the semantic goes; all by one bundle.
    async fn evaluate(
        &self,
        parts: &[Parts<'_>],
        semantic: Semantic,
        request: Request<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<Outcome>, Problem> {
        let outcomes = self.attempt(async |active| {
            entries.clear();
            let read: Vec<Result<Asked, Problem>> = parts.iter().map(|parts| parts.read(active.mapping())).collect();
            let posed: Vec<&Posed> = read
                .iter()
                .filter_map(|asked| match asked {
                    Ok(Asked::Posed(posed)) => Some(posed.as_ref()),
                    _ => None,
                })
                .collect();
            let mut rows = None;
            let mut outcomes = Vec::new();
            let mut confirmed = false;
            for (number, asked) in read.iter().enumerate() {
                // A decision has an id of its own; the only one has that of the request.
                let id = if number == 0 && read.len() == 1 { request.id.to_string() } else { self.host.new_id() };
                let mut line = Line::by(active.number);
                let outcome = match asked {
                    Err(problem) => Err(problem.clone()),
                    Ok(Asked::Nothing) => Ok(Answer { allow: false, id: id.clone(), revision: None }),
                    Ok(Asked::Posed(one)) => {
                        let query = &one.query;
                        line.principal = Some(query.principal.to_string());
                        line.action = Some(query.action.clone());
                        line.resource = Some(query.resource.to_string());
                        line.context = self.config.log.context().then(|| one.context.clone());
                        let decided = if read.len() == 1 && one.given.is_empty() {
                            let question = one.question();
                            self.decide(active, &query.principal, &question, &id, request.at_least).await?
                        } else {
                            let began = self.host.micros();
                            let rows = match &mut rows {
                                Some(rows) => rows,
                                none => none.insert(self.rows_of(active, &posed, false, request).await?),
                            };
                            let decision = self.judged(active, rows.prepared(active, &one.given)?, &one.query, &id);
                            let micros = self.host.micros().saturating_sub(began);
                            Decided {
                                decision,
                                revision: rows.revision(),
                                micros,
                                db_micros: 0,
                                roles: Default::default(),
                            }
                        };
                        confirmed = true;
                        line.decided(&decided);
                        Ok(Answer { allow: decided.decision.allow, id: id.clone(), revision: Some(decided.revision) })
                    }
                };
                let word = match &outcome {
                    Ok(Answer { allow: true, .. }) => "allow",
                    Ok(_) => "deny",
                    Err(problem) => {
                        line.problem(problem.status, &problem.message, problem.cause.as_deref());
                        "refuse"
                    }
                };
                let allow = outcome.as_ref().is_ok_and(|answer| answer.allow);
                entries.push(Entry { id, line, word });
                outcomes.push(outcome);
                if semantic.ends(allow) {
                    break;
                }
            }
            Ok(if confirmed { Said::confirmed(outcomes) } else { Said::unconfirmed(outcomes) })
        });
        outcomes.await.map_err(Problem::from)
    }

    /// The rows that all these questions need, of every action where `any_action`. One statement.
    pub(super) async fn rows_of(
        &self,
        active: &Active,
        questions: &[&Posed],
        any_action: bool,
        request: Request<'_>,
    ) -> Result<Rows, Stop> {
        let [first, rest @ ..] = questions else { return Err(Refusal::unavailable("no question was asked").into()) };
        let mut ask = active.engine.ask(&active.bundle, &first.query);
        if any_action {
            ask.actions = None;
        }
        for Posed { query, .. } in rest {
            ask.others.push(query.principal.clone());
            ask.further.push(query.resource.clone());
            ask.externals.extend(query.externals.iter().cloned());
            ask.context.extend(query.context.entities.iter().cloned());
            // What implies an action that is there is there too.
            if let Some(actions) = ask.actions.as_mut().filter(|actions| !actions.contains(&query.action)) {
                actions.extend(active.mapping().implying(&query.action));
            }
        }
        // Not remembered: no two batches are alike, and each would push out many slices of single requests.
        let mut got = self.fetch(active, true, None, Some(&ask)).await.map_err(unanswered)?;
        in_force(active, &got, request.at_least)?;
        let slice = got.slice.take().unwrap_or_default();
        if slice.bundle != active.number {
            return Err(Stop::Changed);
        }
        let now = self.host.now();
        Ok(Rows { slice, ask, now, last: None })
    }
}
