// SPDX-License-Identifier: Apache-2.0
//! The statement of a slice: one row, each column of it a JSON text with the rows of one table.
//!
//! It finds the entities first (`reach`): from the principal, the resource and what else policies look at, along the rows
//! that say what lies in what. All other tables are then asked by the ids found. Every user table is entered through an
//! index; only sets that this statement made itself are read through.
//!
//! Names of the sets that the statement makes begin with `palisade_`, as no table of the user does: a set called `role` would
//! stand for a table called `ROLE`.
//!
//! Written for D1: at most five SELECTs in a compound, 100 result columns, expressions 100 deep, 127 arguments, 100 kB.

use super::StoreError;
use super::fragment::{
    cell, column, concatenated, folded, id, key, key_in, kind, list, literal, may_forbid, normal_uuid, number, pattern,
    plain_id, union_all, unreadable_id, unreadable_scope, unreadable_target, unscoped,
};
use super::plan::{Edge, Shape, SlicePlan, login_columns, table_sql};
use crate::mapping::{Acl, ColumnKind, DirectPermission, LoginSession, Meaning, RoleAssignment, RolePermission, Table};
use std::collections::BTreeSet;

/// The most entities that one request may reach. A request that reaches more is refused: a slice cut short could lack a
/// forbid.
pub(super) const MOST_ENTITIES: usize = 20_000;

/// D1 takes no longer statement.
const MOST_SQL_BYTES: usize = 100_000;

/// The columns of a result that hold rows, at most. D1 allows 100, and the head takes some.
const MOST_RESULT_COLUMNS: usize = 90;

/// The cells of one `json_array`, at most.
pub(super) const MOST_CELLS: usize = 100;

/// A statement and what comes back from it.
pub(super) struct Statement {
    pub sql: String,
    /// Whether it takes the actions as `?2`.
    pub takes_actions: bool,
    /// For each result column behind the head, whose rows it holds: of one part, or of several in one more array.
    pub columns: Vec<Vec<Part>>,
}

/// Rows of one table, chosen in one way. Several parts may be of one table, never of one row.
#[derive(Clone)]
pub(super) struct Part {
    pub table: String,
    pub columns: Vec<String>,
}

/// The result columns before those with rows: revision, active bundle, entities reached.
pub(super) const HEAD: usize = 3;

/// The statement for requests of one shape.
pub(super) fn slice(plan: &SlicePlan, shape: &Shape) -> Result<Statement, StoreError> {
    let who = plan.reachable(shape.who.iter().map(String::as_str), true);
    let what = plan.reachable(shape.what.iter().map(String::as_str), true);
    let seeds = shape.who.iter().chain(&shape.what).chain(&shape.also);
    let load = plan.reachable(seeds.map(String::as_str), false);
    let mut work = Work { plan, who, what, load, actions: shape.actions, held: Vec::new(), parts: Vec::new() };
    work.choose();
    work.write()
}

struct Work<'a> {
    plan: &'a SlicePlan,
    /// Entity types that can be reached, by the side they are reached from.
    who: BTreeSet<&'a str>,
    what: BTreeSet<&'a str>,
    load: BTreeSet<&'a str>,
    actions: bool,
    /// Role type, and a SELECT of the roles that are held within a scope.
    held: Vec<(&'a str, String)>,
    /// A table and which of its rows.
    parts: Vec<(&'a Table, String)>,
}

impl<'a> Work<'a> {
    fn choose(&mut self) {
        let plan = self.plan;
        for table in &plan.mapping.tables {
            match &table.meaning {
                Meaning::RoleAssignment(meaning) => self.choose_assignments(table, meaning),
                Meaning::GroupMembership(meaning) => self.choose_below(table, &meaning.principal),
                Meaning::Link(meaning) => self.choose_below(table, &meaning.child),
                _ => {}
            }
        }
        let mut conveys = false;
        for table in &plan.mapping.tables {
            conveys |= match &table.meaning {
                Meaning::RolePermission(meaning) => self.choose_role_permissions(table, meaning),
                Meaning::DirectPermission(meaning) => self.choose_direct(table, meaning),
                Meaning::Acl(meaning) => {
                    self.choose_acl(table, meaning);
                    false
                }
                _ => false,
            };
        }
        if conveys && let Some((table, meaning)) = plan.mapping.permission() {
            let condition = if self.actions {
                format!("{} IN (SELECT value FROM json_each(?2))", pattern("x", &meaning.action))
            } else {
                key_in("x", table, &table.key[0], &["palisade_permission_key"])
            };
            self.parts.push((table, condition));
        }
        for (table, entity) in plan.mapping.entities() {
            let name = entity.type_name.as_str();
            let held = self.held.iter().any(|(role, _)| *role == name);
            let mut ids = Vec::new();
            if self.load.contains(name) {
                ids.push(format!("palisade_key WHERE t={}", literal(name)));
            }
            if held {
                ids.push(format!("palisade_role_key WHERE t={}", literal(name)));
            }
            let sources: Vec<&str> = ids.iter().map(String::as_str).collect();
            if !sources.is_empty() {
                self.parts.push((table, key_in("x", table, &entity.id, &sources)));
            }
        }
    }

    /// Rows that say of an entity, `child`, what it lies in.
    fn choose_below(&mut self, table: &'a Table, child: &str) {
        if let Some(name) = self.plan.target_type(table, child)
            && self.load.contains(name)
        {
            self.parts.push((table, key_in("x", table, child, &[&self.loaded(name)])));
        }
    }

    fn choose_assignments(&mut self, table: &'a Table, meaning: &'a RoleAssignment) {
        let plan = self.plan;
        let (Some(principal), Some(role)) =
            (plan.target_type(table, &meaning.principal), plan.target_type(table, &meaning.role))
        else {
            return;
        };
        let Some(scope) = &meaning.scope else { return self.choose_below(table, &meaning.principal) };
        if self.load.contains(principal) {
            let theirs = key_in("x", table, &meaning.principal, &[&self.loaded(principal)]);
            self.parts.push((table, format!("{theirs} AND {}", unscoped("x", table, scope))));
        }
        let mut scoped = Vec::new();
        let bad_principal = unreadable_id("x", &meaning.principal);
        let bad_scope = unreadable_scope("x", scope);
        if self.who.contains(principal) {
            let theirs = key_in("x", table, &meaning.principal, &[&self.asking(principal)]);
            let types: Vec<&str> = scope.type_names().into_iter().filter(|name| self.what.contains(name)).collect();
            if !types.is_empty() {
                let here = key_in("x", table, scope.id_column(), &[&self.asked(&types)]);
                let apart = if plan.roles_deny {
                    format!(" AND NOT {bad_scope} AND NOT {bad_principal}")
                } else {
                    String::new()
                };
                scoped.push(format!("{theirs} AND {here}{apart}"));
            }
            if plan.roles_deny {
                scoped.push(format!("{theirs} AND {bad_scope} AND NOT {bad_principal}"));
            }
        }
        if plan.roles_deny {
            // Nobody knows whose it is: what the role forbids, everybody is forbidden.
            let everywhere = unscoped("x", table, scope);
            scoped.push(format!("{bad_principal} AND NOT ({everywhere})"));
        }
        for condition in scoped {
            let roles = format!(
                "SELECT {} AS t,{} AS i FROM {} x WHERE {condition}",
                literal(role),
                id("x", table, &meaning.role),
                table_sql(table)
            );
            self.held.push((role, roles));
            self.parts.push((table, condition));
        }
    }

    fn choose_role_permissions(&mut self, table: &'a Table, meaning: &'a RolePermission) -> bool {
        let Some(role) = self.plan.target_type(table, &meaning.role) else { return false };
        let damaged = meaning.granted.as_deref().map(|granted| {
            let bad = [unreadable_id("x", &meaning.role), unreadable_id("x", &meaning.permission)].join(" OR ");
            (may_forbid("x", granted), bad)
        });
        let before = self.parts.len();
        if self.conveys() && (self.who.contains(role) || self.held.iter().any(|(held, _)| *held == role)) {
            let roles = format!("palisade_role_key WHERE t={}", literal(role));
            let mut conditions = vec![key_in("x", table, &meaning.role, &[&roles])];
            if self.actions {
                conditions.push(key_in("x", table, &meaning.permission, &["palisade_permission_key"]));
            }
            self.push_apart(table, conditions, &damaged);
        }
        self.push_damaged(table, &damaged);
        self.parts.len() > before
    }

    fn choose_direct(&mut self, table: &'a Table, meaning: &'a DirectPermission) -> bool {
        let Some(principal) = self.plan.target_type(table, &meaning.principal) else { return false };
        let damaged = meaning.granted.as_deref().map(|granted| {
            let mut bad = vec![unreadable_id("x", &meaning.principal), unreadable_id("x", &meaning.permission)];
            bad.extend(meaning.scope.as_ref().map(|scope| unreadable_scope("x", scope)));
            (may_forbid("x", granted), bad.join(" OR "))
        });
        let before = self.parts.len();
        if self.conveys() && self.who.contains(principal) {
            let mut theirs = vec![key_in("x", table, &meaning.principal, &[&self.asking(principal)])];
            if self.actions {
                theirs.push(key_in("x", table, &meaning.permission, &["palisade_permission_key"]));
            }
            match &meaning.scope {
                None => self.push_apart(table, theirs, &damaged),
                Some(scope) => {
                    let types: Vec<&str> =
                        scope.type_names().into_iter().filter(|name| self.what.contains(name)).collect();
                    let here = key_in("x", table, scope.id_column(), &[&self.asked(&types)]);
                    let both = |more: String| theirs.iter().cloned().chain([more]).collect::<Vec<String>>();
                    self.push_apart(table, both(unscoped("x", table, scope)), &damaged);
                    if !types.is_empty() {
                        self.push_apart(table, both(here), &damaged);
                    }
                }
            }
        }
        self.push_damaged(table, &damaged);
        self.parts.len() > before
    }

    fn choose_acl(&mut self, table: &'a Table, meaning: &'a Acl) {
        let damaged = meaning.granted.as_deref().map(|granted| {
            let bad = [unreadable_target("x", &meaning.subject), unreadable_target("x", &meaning.object)];
            (may_forbid("x", granted), bad.join(" OR "))
        });
        let subjects: Vec<&str> = meaning.subject.type_names().into_iter().filter(|t| self.who.contains(t)).collect();
        let objects: Vec<&str> = meaning.object.type_names().into_iter().filter(|t| self.what.contains(t)).collect();
        if !subjects.is_empty() && !objects.is_empty() {
            let theirs = format!("palisade_key WHERE s=1 AND t IN {}", list(subjects));
            let conditions = vec![
                key_in("x", table, meaning.subject.id_column(), &[&theirs]),
                key_in("x", table, meaning.object.id_column(), &[&self.asked(&objects)]),
            ];
            self.push_apart(table, conditions, &damaged);
        }
        self.push_damaged(table, &damaged);
    }

    /// Rows that meet all conditions and are not among those that are taken for their damage.
    fn push_apart(&mut self, table: &'a Table, mut conditions: Vec<String>, damaged: &Option<(String, String)>) {
        if let Some((forbids, bad)) = damaged {
            conditions.push(format!("NOT ({forbids} AND ({bad}))"));
        }
        self.parts.push((table, conditions.join(" AND ")));
    }

    /// Rows that forbid and do not say readably whom or what: they concern everybody.
    fn push_damaged(&mut self, table: &'a Table, damaged: &Option<(String, String)>) {
        if let Some((forbids, bad)) = damaged {
            self.parts.push((table, format!("{forbids} AND ({bad})")));
        }
    }

    /// Whether there is a table of permissions that others can point to.
    fn conveys(&self) -> bool {
        self.plan.mapping.permission().is_some_and(|(table, _)| table.key.len() == 1)
    }

    fn loaded(&self, type_name: &str) -> String {
        format!("palisade_key WHERE t={}", literal(type_name))
    }

    fn asking(&self, type_name: &str) -> String {
        format!("palisade_key WHERE s=1 AND t={}", literal(type_name))
    }

    fn asked(&self, types: &[&str]) -> String {
        format!("palisade_key WHERE s=2 AND t IN {}", list(types.iter().copied()))
    }

    fn write(self) -> Result<Statement, StoreError> {
        let mut sql = format!(
            "WITH RECURSIVE palisade_reach(s,t,i,n) AS MATERIALIZED (\n{}\n),\npalisade_key(s,t,v) AS MATERIALIZED (\
             SELECT s,t,i FROM palisade_reach UNION ALL SELECT s,t,n FROM palisade_reach WHERE n IS NOT NULL)",
            self.reach()
        );
        let number = number("i");
        let held: Vec<String> = self.held.iter().map(|(_, select)| select.clone()).collect();
        if !held.is_empty() {
            sql.push_str(&format!(",\npalisade_held(t,i) AS MATERIALIZED (\n{})", union_all(held)));
        }
        sql.push_str(",\npalisade_role_key(t,v) AS MATERIALIZED (SELECT t,v FROM palisade_key WHERE s=1");
        if !self.held.is_empty() {
            sql.push_str(&format!(
                " UNION ALL SELECT t,i FROM palisade_held WHERE i<>'' UNION ALL SELECT t,{number} FROM palisade_held WHERE {number} IS NOT NULL"
            ));
        }
        sql.push(')');
        sql.push_str(&format!(
            ",\npalisade_permission(i) AS MATERIALIZED (\n{}),\npalisade_permission_key(v) AS MATERIALIZED (SELECT i FROM palisade_permission WHERE i<>'' \
             UNION ALL SELECT {number} FROM palisade_permission WHERE {number} IS NOT NULL)",
            self.permissions()
        ));
        sql.push_str(
            "\nSELECT (SELECT CAST(coalesce(max(revision),0) AS TEXT) FROM palisade_change) AS revision,\n\
             (SELECT CAST(number AS TEXT) FROM palisade_active) AS bundle,\n\
             (SELECT CAST(count(*) AS TEXT) FROM palisade_reach) AS reached",
        );
        let together = self.parts.len().div_ceil(MOST_RESULT_COLUMNS).max(1);
        let mut columns = Vec::new();
        for (at, group) in self.parts.chunks(together).enumerate() {
            let mut arrays = Vec::new();
            let mut parts = Vec::new();
            for (table, condition) in group {
                let part = Part { table: table.name.clone(), columns: self.plan.columns(table) };
                arrays.push(format!(
                    "(SELECT json_group_array({}) FROM {} x WHERE {condition})",
                    row(table, &part.columns),
                    table_sql(table)
                ));
                parts.push(part);
            }
            let array = if together == 1 {
                arrays.remove(0)
            } else {
                let mut pieces = vec!["'['".to_string()];
                for (at, array) in arrays.into_iter().enumerate() {
                    pieces.extend((at > 0).then(|| "','".to_string()));
                    pieces.push(array);
                }
                pieces.push("']'".to_string());
                concatenated(&pieces)
            };
            sql.push_str(&format!(",\n{} AS c{at}", unambiguous(&array)));
            columns.push(parts);
        }
        if sql.len() > MOST_SQL_BYTES {
            return Err(StoreError::too_much(format!(
                "the statement for one request would be {} bytes long, and D1 takes {MOST_SQL_BYTES}: give fewer tables a \
                 meaning, or let policies read fewer attributes",
                sql.len()
            )));
        }
        let takes_actions = sql.contains("?2");
        Ok(Statement { sql, takes_actions, columns })
    }

    /// Entities: from which side they are reached, type, id as text, and as a number where it is one.
    fn reach(&self) -> String {
        let mut arms = String::new();
        for from in &self.load {
            let sources: Vec<String> =
                self.plan.edges.iter().filter(|edge| edge.from == *from).map(|edge| self.steps(edge)).collect();
            if sources.is_empty() {
                continue;
            }
            let mut pieces = vec!["'['".to_string()];
            for (at, source) in sources.into_iter().enumerate() {
                pieces.extend((at > 0).then(|| "','".to_string()));
                pieces.push(source);
            }
            pieces.push("']'".to_string());
            arms.push_str(&format!("\n WHEN {} THEN {}", literal(from), concatenated(&pieces)));
        }
        let seeds = format!("SELECT value->>0,value->>1,value->>2,{} FROM json_each(?1)", number("(value->>2)"));
        if arms.is_empty() {
            return seeds;
        }
        // One recursive SELECT for all tables: D1 allows four. Its rows come as JSON, whose members are `Type: id`; `+` marks
        // what is only looked at, `#` an id that may be a UUID in any spelling. UNION ends cycles.
        format!(
            "{seeds}\nUNION\nSELECT CASE WHEN e.key LIKE '+%' THEN 3 ELSE r.s END,ltrim(e.key,'+#'),\
             CASE WHEN instr(e.key,'#') THEN {} ELSE e.atom END,{}\n\
             FROM palisade_reach r,json_tree(CASE r.t{arms} END) e WHERE e.type='text' AND e.atom<>'' LIMIT {}",
            normal_uuid("e.atom"),
            number("e.atom"),
            MOST_ENTITIES + 1
        )
    }

    /// The entities that the rows of one table lead to from `r`, as a JSON array of objects.
    fn steps(&self, edge: &Edge) -> String {
        /// `json_object` takes 63 pairs.
        const MOST_PAIRS: usize = 60;
        let table = &self.plan.mapping.tables[edge.table];
        let pairs: Vec<String> = edge
            .to
            .iter()
            .map(|step| {
                let looked_at = if step.parent { "" } else { "+" };
                let uuid = if kind(table, &step.column) == ColumnKind::Uuid { "#" } else { "" };
                let name = literal(&format!("{looked_at}{uuid}{}", step.to));
                format!("{name},{}", plain_id(&column("x", &step.column)))
            })
            .collect();
        let mut objects: Vec<String> =
            pairs.chunks(MOST_PAIRS).map(|pairs| format!("json_object({})", pairs.join(","))).collect();
        let object = if objects.len() == 1 { objects.remove(0) } else { format!("json_array({})", objects.join(",")) };
        let own = match kind(table, &edge.key) {
            ColumnKind::Uuid => format!("{}={}", key("x", table, &edge.key), folded("r.i")),
            _ => format!("{} IN (r.i,r.n)", key("x", table, &edge.key)),
        };
        let unscoped = edge.unscoped.as_ref().map(|scope| format!(" AND {}", unscoped("x", table, scope)));
        format!(
            "(SELECT json_group_array({object}) FROM {} x WHERE {own}{})",
            table_sql(table),
            unscoped.unwrap_or_default()
        )
    }

    /// A SELECT of the ids of the permissions that matter.
    fn permissions(&self) -> String {
        let nothing = "SELECT NULL AS i WHERE 0".to_string();
        if !self.conveys() {
            return nothing;
        }
        let mut selects = Vec::new();
        if self.actions {
            if let Some((table, meaning)) = self.plan.mapping.permission() {
                selects.push(format!(
                    "SELECT {} AS i FROM {} x WHERE {} IN (SELECT value FROM json_each(?2))",
                    id("x", table, &table.key[0]),
                    table_sql(table),
                    pattern("x", &meaning.action)
                ));
            }
        } else {
            for (table, condition) in &self.parts {
                let permission = match &table.meaning {
                    Meaning::RolePermission(meaning) => &meaning.permission,
                    Meaning::DirectPermission(meaning) => &meaning.permission,
                    _ => continue,
                };
                selects.push(format!(
                    "SELECT {} AS i FROM {} x WHERE {condition}",
                    id("x", table, permission),
                    table_sql(table)
                ));
            }
        }
        if selects.is_empty() { nothing } else { union_all(selects) }
    }
}

/// A row as a JSON array; in pieces where it has more cells than a function takes arguments.
fn row(table: &Table, columns: &[String]) -> String {
    let cells: Vec<String> = columns.iter().map(|name| cell("x", table, name)).collect();
    let mut pieces: Vec<String> =
        cells.chunks(MOST_CELLS).map(|cells| format!("json_array({})", cells.join(","))).collect();
    if pieces.len() == 1 { pieces.remove(0) } else { format!("json_array({})", pieces.join(",")) }
}

/// JSON text in which U+FFFD is written as an escape, so that a bare one on the other side can only stand for bytes that
/// are not UTF-8. Whatever decodes the text puts it there; without this, two broken ids could pass for one.
fn unambiguous(json: &str) -> String {
    format!("replace({json},char(65533),'\\ufffd')")
}

/// All rows of a table, one a result row.
pub(super) fn everything(table: &Table, columns: &[String]) -> String {
    let order: Vec<String> = table.key.iter().map(|name| column("x", name)).collect();
    format!(
        "SELECT {} AS c0 FROM {} x ORDER BY {}",
        unambiguous(&row(table, columns)),
        table_sql(table),
        order.join(",")
    )
}

/// The statement that finds logins by a token's hash, `?1`; `None` where no table holds them.
pub(super) fn login(plan: &SlicePlan) -> Option<Statement> {
    let mut parts = Vec::new();
    let mut selects = Vec::new();
    for table in &plan.mapping.tables {
        let Some(session) = session(table) else { continue };
        let part = Part { table: table.name.clone(), columns: login_columns(table, session) };
        selects.push(format!(
            "{} AS c{}",
            unambiguous(&format!(
                "(SELECT json_group_array({}) FROM {} x WHERE {}=?1)",
                row(table, &part.columns),
                table_sql(table),
                column("x", &session.token_hash)
            )),
            selects.len()
        ));
        parts.push(vec![part]);
    }
    let sql = format!("SELECT {}", selects.join(",\n"));
    (!parts.is_empty()).then_some(Statement { sql, takes_actions: false, columns: parts })
}

pub(super) fn session(table: &Table) -> Option<&LoginSession> {
    match &table.meaning {
        Meaning::LoginSession(session) => Some(session),
        _ => None,
    }
}

/// Whether an export holds the table's rows.
pub(super) fn is_meaningful(table: &Table) -> bool {
    match &table.meaning {
        Meaning::Ignored { .. } => false,
        Meaning::LoginSession(session) => session.entity.is_some(),
        _ => true,
    }
}
