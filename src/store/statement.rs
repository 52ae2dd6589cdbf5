// SPDX-License-Identifier: Apache-2.0
//! The statement of a slice: one row, each column of it a JSON text with the rows of one table.
//!
//! It finds the entities first (`palisade_reach`): from the principal, the resource and what else policies look at, along
//! the rows that say what lies in what. Their ids become one JSON text, by type and side, and all other tables are asked by
//! what it holds. Every table of the user is entered through an index; only sets that the statement made itself are read
//! from end to end.
//!
//! Its text depends on the bundle and on the types that a request names, never on ids: workerd and rusqlite keep the
//! prepared statement by its text, and preparing it costs several times what running it does.
//!
//! Names of the sets that the statement makes begin with `palisade_`, as no table of the user does: a set called `role` would
//! stand for a table called `ROLE`.
//!
//! Written for D1: at most five SELECTs in a compound, 100 result columns, expressions 100 deep, 127 arguments, 100 kB.

use super::StoreError;
use super::fragment::{
    cell, column, concatenated, exact, exact_set, folded, id, key, key_in, kind, literal, may_forbid, normal_uuid,
    number, pattern, plain_id, union_all, unreadable_id, unreadable_scope, unreadable_target, unscoped,
};
use super::plan::{Edge, Shape, Side, SlicePlan, login_columns, table_sql};
use super::touch::MOST_CHANGES;
use crate::mapping::{
    Acl, ColumnKind, DirectPermission, LoginSession, Meaning, RoleAssignment, RolePermission, Table, Target,
};
use std::collections::{BTreeMap, BTreeSet};

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

/// The state that a statement reads in: the number of the last change, and of the active bundle.
const REVISION: &str = "(SELECT CAST(coalesce(max(revision),0) AS TEXT) FROM palisade_change)";
const BUNDLE: &str = "(SELECT CAST(number AS TEXT) FROM palisade_active)";

/// What happened since the revision `?1`; `?2` lists the triggers that there must be. One row: revision, active bundle, how
/// many of the triggers there are, the oldest change of which the log still knows, and the changes.
pub(super) fn changes() -> String {
    format!(
        "SELECT {REVISION} AS revision,\n{BUNDLE} AS bundle,\n\
         (SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE type='trigger' AND name IN \
         (SELECT value FROM json_each(?2))) AS triggers,\n\
         (SELECT CAST(coalesce(min(revision),0) AS TEXT) FROM palisade_change) AS oldest,\n{} AS changes",
        unambiguous(&format!(
            "(SELECT json_group_array(json_array(revision,table_name,about)) FROM (SELECT revision,table_name,about \
             FROM palisade_change WHERE revision>CAST(?1 AS INTEGER) ORDER BY revision LIMIT {}))",
            MOST_CHANGES + 1
        ))
    )
}

/// Stands for the parameter of a token's hash until it is known which one that is.
const TOKEN_HASH: &str = "?palisade_hash";

/// The result columns before those with rows: revision, active bundle, entities reached.
pub(super) const HEAD: usize = 3;

/// The statement for requests of one shape.
pub(super) fn slice(plan: &SlicePlan, shape: &Shape) -> Result<Statement, StoreError> {
    let who = plan.reachable(shape.who.iter().map(String::as_str), true);
    let what = plan.reachable(shape.what.iter().map(String::as_str), true);
    let seeds = shape.who.iter().chain(&shape.what).chain(&shape.also);
    let load = plan.reachable(seeds.map(String::as_str), false);
    let mut work = Work {
        plan,
        who,
        what,
        load,
        actions: shape.actions,
        login: shape.login,
        held: BTreeMap::new(),
        parts: Vec::new(),
    };
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
    login: bool,
    /// By role type: SELECTs of the roles that are held within a scope.
    held: BTreeMap<&'a str, Vec<String>>,
    parts: Vec<Rows<'a>>,
}

/// Rows of one table, which statements call `x`.
struct Rows<'a> {
    table: &'a Table,
    /// Sets of ids; each row is joined to one of each.
    sets: Vec<String>,
    conditions: Vec<String>,
}

impl<'a> Rows<'a> {
    fn of(table: &'a Table) -> Rows<'a> {
        Rows { table, sets: Vec::new(), conditions: Vec::new() }
    }

    /// Only rows whose id in `column` is among those of `sources`.
    fn with(mut self, column: &str, sources: &[String]) -> Rows<'a> {
        let name = format!("a{}", self.sets.len());
        self.conditions.push(format!("{}={name}.i", exact("x", self.table, column)));
        self.sets.push(format!("{} {name}", exact_set(self.table, column, sources)));
        self
    }

    fn and(mut self, condition: String) -> Rows<'a> {
        self.conditions.push(condition);
        self
    }

    /// Without the rows that are taken for their damage.
    fn apart(self, damaged: &Option<Damaged>) -> Rows<'a> {
        match damaged {
            Some(Damaged { forbids, bad }) => self.and(format!("NOT ({forbids} AND ({bad}))")),
            None => self,
        }
    }

    /// The rest of a SELECT behind FROM. The sets come first, whatever SQLite thinks of the sizes: CROSS JOIN keeps order.
    fn sql(&self) -> String {
        let mut from = self.sets.clone();
        from.push(format!("{} x", table_sql(self.table)));
        format!("{} WHERE {}", from.join(" CROSS JOIN "), self.conditions.join(" AND "))
    }
}

/// What rows that forbid and do not say readably whom or what have in common.
struct Damaged {
    forbids: String,
    bad: String,
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
                key_in("x", table, &table.key[0], &[PERMISSIONS.to_string()])
            };
            self.parts.push(Rows::of(table).and(condition));
        }
        for (table, entity) in plan.mapping.entities() {
            let name = entity.type_name.as_str();
            let mut sources = Vec::new();
            if self.load.contains(name) {
                sources.push(reached(name, None));
            }
            sources.extend(self.held_roles(name));
            if !sources.is_empty() {
                self.parts.push(Rows::of(table).and(key_in("x", table, &entity.id, &sources)));
            }
        }
    }

    /// Rows that say of an entity, `child`, what it lies in.
    fn choose_below(&mut self, table: &'a Table, child: &str) {
        if let Some(name) = self.plan.target_type(table, child)
            && self.load.contains(name)
        {
            self.parts.push(Rows::of(table).and(key_in("x", table, child, &[reached(name, None)])));
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
        let everywhere = unscoped("x", table, scope);
        if self.load.contains(principal) {
            self.parts
                .push(Rows::of(table).with(&meaning.principal, &[reached(principal, None)]).and(everywhere.clone()));
        }
        let bad_principal = unreadable_id("x", &meaning.principal);
        let bad_scope = unreadable_scope("x", scope);
        let mut scoped = Vec::new();
        if self.who.contains(principal) {
            let theirs = || Rows::of(table).with(&meaning.principal, &[reached(principal, Some(Side::Who))]);
            let types = self.asked_types(scope);
            if !types.is_empty() {
                let here = theirs().with(scope.id_column(), &asked(&types));
                scoped.push(if plan.roles_deny {
                    here.and(format!("NOT {bad_scope}")).and(format!("NOT {bad_principal}"))
                } else {
                    here
                });
            }
            if plan.roles_deny {
                scoped.push(theirs().and(bad_scope).and(format!("NOT {bad_principal}")));
            }
        }
        if plan.roles_deny {
            // Nobody knows whose it is: what the role forbids, everybody is forbidden.
            scoped.push(Rows::of(table).and(bad_principal).and(format!("NOT ({everywhere})")));
        }
        for rows in scoped {
            let roles = format!("SELECT {} AS i FROM {}", id("x", table, &meaning.role), rows.sql());
            self.held.entry(role).or_default().push(roles);
            self.parts.push(rows);
        }
    }

    fn choose_role_permissions(&mut self, table: &'a Table, meaning: &'a RolePermission) -> bool {
        let Some(role) = self.plan.target_type(table, &meaning.role) else { return false };
        let damaged = meaning.granted.as_deref().map(|granted| {
            let bad = [unreadable_id("x", &meaning.role), unreadable_id("x", &meaning.permission)].join(" OR ");
            Damaged { forbids: may_forbid("x", granted), bad }
        });
        let before = self.parts.len();
        let mut roles = Vec::new();
        if self.who.contains(role) {
            roles.push(reached(role, Some(Side::Who)));
        }
        roles.extend(self.held_roles(role));
        if self.conveys() && !roles.is_empty() {
            let mut rows = Rows::of(table).with(&meaning.role, &roles);
            if self.actions {
                rows = rows.with(&meaning.permission, &[PERMISSIONS.to_string()]);
            }
            self.parts.push(rows.apart(&damaged));
        }
        self.push_damaged(table, damaged);
        self.parts.len() > before
    }

    fn choose_direct(&mut self, table: &'a Table, meaning: &'a DirectPermission) -> bool {
        let Some(principal) = self.plan.target_type(table, &meaning.principal) else { return false };
        let damaged = meaning.granted.as_deref().map(|granted| {
            let mut bad = vec![unreadable_id("x", &meaning.principal), unreadable_id("x", &meaning.permission)];
            bad.extend(meaning.scope.as_ref().map(|scope| unreadable_scope("x", scope)));
            Damaged { forbids: may_forbid("x", granted), bad: bad.join(" OR ") }
        });
        let before = self.parts.len();
        if self.conveys() && self.who.contains(principal) {
            let theirs = || {
                let rows = Rows::of(table).with(&meaning.principal, &[reached(principal, Some(Side::Who))]);
                if self.actions { rows.with(&meaning.permission, &[PERMISSIONS.to_string()]) } else { rows }
            };
            let mut chosen = Vec::new();
            match &meaning.scope {
                None => chosen.push(theirs()),
                Some(scope) => {
                    chosen.push(theirs().and(unscoped("x", table, scope)));
                    let types = self.asked_types(scope);
                    if !types.is_empty() {
                        chosen.push(theirs().with(scope.id_column(), &asked(&types)));
                    }
                }
            }
            self.parts.extend(chosen.into_iter().map(|rows| rows.apart(&damaged)));
        }
        self.push_damaged(table, damaged);
        self.parts.len() > before
    }

    fn choose_acl(&mut self, table: &'a Table, meaning: &'a Acl) {
        let damaged = meaning.granted.as_deref().map(|granted| {
            let bad = [unreadable_target("x", &meaning.subject), unreadable_target("x", &meaning.object)];
            Damaged { forbids: may_forbid("x", granted), bad: bad.join(" OR ") }
        });
        let subjects: Vec<&str> = meaning.subject.type_names().into_iter().filter(|t| self.who.contains(t)).collect();
        let objects = self.asked_types(&meaning.object);
        if !subjects.is_empty() && !objects.is_empty() {
            let theirs: Vec<String> = subjects.into_iter().map(|name| reached(name, Some(Side::Who))).collect();
            let rows = Rows::of(table)
                .with(meaning.subject.id_column(), &theirs)
                .with(meaning.object.id_column(), &asked(&objects));
            self.parts.push(rows.apart(&damaged));
        }
        self.push_damaged(table, damaged);
    }

    /// Rows that forbid and do not say readably whom or what: they concern everybody.
    fn push_damaged(&mut self, table: &'a Table, damaged: Option<Damaged>) {
        if let Some(Damaged { forbids, bad }) = damaged {
            self.parts.push(Rows::of(table).and(forbids).and(format!("({bad})")));
        }
    }

    /// Whether there is a table of permissions that others can point to.
    fn conveys(&self) -> bool {
        self.plan.mapping.permission().is_some_and(|(table, _)| table.key.len() == 1)
    }

    /// Where the roles are that are held within a scope.
    fn held_roles(&self, role: &str) -> Option<String> {
        self.held.keys().position(|held| *held == role).map(|at| format!("json_tree(k.h{at})"))
    }

    /// The types that a reference can lead to on the side of the resource.
    fn asked_types<'t>(&self, target: &'t Target) -> Vec<&'t str> {
        target.type_names().into_iter().filter(|name| self.what.contains(name)).collect()
    }

    fn write(self) -> Result<Statement, StoreError> {
        // Three steps, each one row that the next one reads once: SQLite writes a set out again, with all that it is made
        // of, wherever its name stands, and that took longer than finding the rows.
        let with_number = format!("json_group_array(json_array(i,{}))", number("i"));
        let mut sql = format!(
            "WITH RECURSIVE palisade_reach(s,t,i,n) AS (\n{}\n),\n\
             palisade_ids(r,reached) AS MATERIALIZED (SELECT json_group_object(t,json(r)),coalesce(sum(c),0) FROM \
             (SELECT t,json_group_object(CAST(s AS TEXT),json(r)) AS r,sum(c) AS c FROM \
             (SELECT t,s,json_group_array(json_array(i,n)) AS r,count(*) AS c FROM palisade_reach GROUP BY t,s) GROUP BY t)),\n\
             palisade_held AS MATERIALIZED (SELECT k.*",
            self.reach()
        );
        for (at, selects) in self.held.values().enumerate() {
            sql.push_str(&format!(",\n(SELECT {with_number} FROM ({})) AS h{at}", union_all(selects.clone())));
        }
        sql.push_str(" FROM palisade_ids k),\npalisade_known AS MATERIALIZED (SELECT k.*");
        if let Some(permissions) = self.permissions() {
            sql.push_str(&format!(",\n(SELECT {with_number} FROM ({permissions})) AS p"));
        }
        sql.push_str(
            &format!(" FROM palisade_held k)\nSELECT {REVISION} AS revision,\n{BUNDLE} AS bundle,\nCAST(k.reached AS TEXT) AS reached"),
        );
        let together = self.parts.len().div_ceil(MOST_RESULT_COLUMNS).max(1);
        let mut columns = Vec::new();
        for (at, group) in self.parts.chunks(together).enumerate() {
            let mut arrays = Vec::new();
            let mut parts = Vec::new();
            for rows in group {
                let part = Part { table: rows.table.name.clone(), columns: self.plan.columns(rows.table) };
                let cells = row(rows.table, &part.columns);
                arrays.push(format!("(SELECT json_group_array({cells}) FROM {})", rows.sql()));
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
        sql.push_str("\nFROM palisade_known k");
        if sql.len() > MOST_SQL_BYTES {
            return Err(StoreError::too_much(format!(
                "the statement for one request would be {} bytes long, and D1 takes {MOST_SQL_BYTES}: give fewer tables a \
                 meaning, or let policies read fewer attributes",
                sql.len()
            )));
        }
        let takes_actions = sql.contains("?2");
        let sql = sql.replace(TOKEN_HASH, if takes_actions { "?3" } else { "?2" });
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
        let seeds = format!(
            "SELECT value->>0,value->>1,value->>2,{} FROM {} WHERE value->>2<>''",
            number("(value->>2)"),
            self.seeds()
        );
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

    /// Where the search begins: with what the request names, and with whoever the login is of.
    fn seeds(&self) -> String {
        let given = "json_each(?1)".to_string();
        if !self.login {
            return given;
        }
        let mut all = vec![format!("SELECT value FROM {given}")];
        for table in &self.plan.mapping.tables {
            let Some(session) = session(table) else { continue };
            let Some(principal) = self.plan.target_type(table, &session.principal) else { continue };
            all.push(format!(
                "SELECT json_array({},{},{}) AS value FROM {} x WHERE {}={TOKEN_HASH}",
                Side::Who as u8,
                literal(principal),
                id("x", table, &session.principal),
                table_sql(table),
                column("x", &session.token_hash)
            ));
        }
        format!("({})", union_all(all))
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
        let own = match (kind(table, &edge.key), &edge.unscoped) {
            (ColumnKind::Uuid, _) => format!("{}={}", key("x", table, &edge.key), folded("r.i")),
            (_, Some(_)) => format!("{}=r.i", exact("x", table, &edge.key)),
            (_, None) => format!("{} IN (r.i,r.n)", key("x", table, &edge.key)),
        };
        let everywhere = edge.unscoped.as_ref().map(|scope| format!(" AND {}", unscoped("x", table, scope)));
        format!(
            "(SELECT json_group_array({object}) FROM {} x WHERE {own}{})",
            table_sql(table),
            everywhere.unwrap_or_default()
        )
    }

    /// A SELECT of the ids of the permissions that matter; `None` where no part asks for them.
    fn permissions(&self) -> Option<String> {
        if !self.conveys() {
            return None;
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
            for rows in &self.parts {
                let permission = match &rows.table.meaning {
                    Meaning::RolePermission(meaning) => &meaning.permission,
                    Meaning::DirectPermission(meaning) => &meaning.permission,
                    _ => continue,
                };
                selects.push(format!("SELECT {} AS i FROM {}", id("x", rows.table, permission), rows.sql()));
            }
        }
        (!selects.is_empty()).then(|| union_all(selects))
    }
}

/// Where the ids of the permissions are.
const PERMISSIONS: &str = "json_tree(k.p)";

/// Where the ids of the entities of a type are, from one side or from all.
fn reached(type_name: &str, side: Option<Side>) -> String {
    let path = match side {
        Some(side) => format!("$.\"{type_name}\".\"{}\"", side as u8),
        None => format!("$.\"{type_name}\""),
    };
    format!("json_tree(k.r,{})", literal(&path))
}

/// The resource and what it lies in, of these types.
fn asked(types: &[&str]) -> Vec<String> {
    types.iter().map(|name| reached(name, Some(Side::What))).collect()
}

/// A row as a JSON array; in pieces where it has more cells than a function takes arguments.
pub(super) fn row(table: &Table, columns: &[String]) -> String {
    let cells: Vec<String> = columns.iter().map(|name| cell("x", table, name)).collect();
    let mut pieces: Vec<String> =
        cells.chunks(MOST_CELLS).map(|cells| format!("json_array({})", cells.join(","))).collect();
    if pieces.len() == 1 { pieces.remove(0) } else { format!("json_array({})", pieces.join(",")) }
}

/// JSON text in which U+FFFD is written as an escape, so that a bare one on the other side can only stand for bytes that
/// are not UTF-8. Whatever decodes the text puts it there; without this, two broken ids could pass for one.
pub(super) fn unambiguous(json: &str) -> String {
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

/// The statement of the ids of a table's entities, at most `most`: revision, active bundle, and rows of one cell each.
pub(super) fn ids(table: &Table, id: &str, most: usize) -> String {
    format!(
        "SELECT {REVISION} AS revision,\n{BUNDLE} AS bundle,\n{} AS c0",
        unambiguous(&format!(
            "(SELECT json_group_array({}) FROM (SELECT * FROM {} LIMIT {most}) x)",
            row(table, &[id.to_string()]),
            table_sql(table)
        ))
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
    let sql = format!("SELECT {REVISION} AS revision,\n{BUNDLE} AS bundle,\n{}", selects.join(",\n"));
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
