// SPDX-License-Identifier: Apache-2.0
//! The indexes that slices enter the user's tables by.

use super::fragment::{
    column, exact, identifier, key, kind, may_forbid, pattern, unreadable_id, unreadable_scope, unreadable_target,
};
use crate::mapping::{ColumnKind, Mapping, Meaning, Table};
use sha2::{Digest, Sha256};

/// One index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub table: String,
    /// Columns or expressions, as SQL.
    pub terms: Vec<String>,
    /// The rows that it holds, as SQL; all where `None`.
    pub rows: Option<String>,
}

impl Index {
    /// The name changes with the definition, so that `IF NOT EXISTS` never keeps an index that no longer fits.
    pub fn name(&self) -> String {
        let digest = Sha256::digest(format!("{:?} {:?}", self.terms, self.rows));
        let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("palisade_ix_{}_{short}", self.table)
    }

    /// The statement that makes it, without a semicolon.
    pub fn sql(&self) -> String {
        let rows = self.rows.as_ref().map(|rows| format!(" WHERE {rows}")).unwrap_or_default();
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} ({}){rows}",
            identifier(&self.name()),
            identifier(&self.table),
            self.terms.join(",")
        )
    }
}

/// Every index that the slices of a model need, in the order of its tables. What a primary key already serves is left out.
pub fn indexes(mapping: &Mapping) -> Vec<Index> {
    let roles_deny = mapping
        .tables
        .iter()
        .any(|table| matches!(&table.meaning, Meaning::RolePermission(meaning) if meaning.granted.is_some()));
    let mut all = Vec::new();
    for table in &mapping.tables {
        let mut of_table: Vec<Index> = Vec::new();
        let mut add = |terms: Vec<String>, rows: Option<String>| {
            let index = Index { table: table.name.clone(), terms, rows };
            if !of_table.contains(&index) {
                of_table.push(index);
            }
        };
        let by = |name: &str| key("", table, name);
        let by_all = |names: &[&str]| names.iter().map(|name| exact("", table, name)).collect::<Vec<String>>();
        if let Some(entity) = table.entity() {
            add(vec![by(&entity.id)], None);
        }
        // The rows that forbid and do not say readably whom or what concern every request, so that they are read as a
        // whole: an index of only these keeps that as cheap as they are few.
        match &table.meaning {
            Meaning::Entity(_) | Meaning::Ignored { .. } => {}
            Meaning::Permission(m) => {
                if let [key] = table.key.as_slice() {
                    add(vec![by(key)], None);
                }
                add(vec![pattern("", &m.action)], None);
            }
            Meaning::RolePermission(m) => {
                add(by_all(&[&m.role, &m.permission]), None);
                if let Some(granted) = &m.granted {
                    let bad = [unreadable_id("", &m.role), unreadable_id("", &m.permission)].join(" OR ");
                    add(vec![column("", &m.role)], Some(format!("{} AND ({bad})", may_forbid("", granted))));
                }
            }
            Meaning::RoleAssignment(m) => match &m.scope {
                None => add(vec![by(&m.principal)], None),
                Some(scope) => {
                    add(by_all(&[&m.principal, scope.id_column()]), None);
                    if roles_deny {
                        add(by_all(&[&m.principal]), Some(unreadable_scope("", scope)));
                        add(vec![column("", &m.principal)], Some(unreadable_id("", &m.principal)));
                    }
                }
            },
            Meaning::DirectPermission(m) => {
                let mut names = vec![m.principal.as_str(), &m.permission];
                names.extend(m.scope.as_ref().map(|scope| scope.id_column()));
                add(by_all(&names), None);
                if let Some(granted) = &m.granted {
                    let mut bad = vec![unreadable_id("", &m.principal), unreadable_id("", &m.permission)];
                    bad.extend(m.scope.as_ref().map(|scope| unreadable_scope("", scope)));
                    let rows = format!("{} AND ({})", may_forbid("", granted), bad.join(" OR "));
                    add(vec![column("", &m.principal)], Some(rows));
                }
            }
            Meaning::GroupMembership(m) => add(vec![by(&m.principal)], None),
            Meaning::Acl(m) => {
                add(by_all(&[m.subject.id_column(), m.object.id_column()]), None);
                if let Some(granted) = &m.granted {
                    let bad = [unreadable_target("", &m.subject), unreadable_target("", &m.object)].join(" OR ");
                    let rows = format!("{} AND ({bad})", may_forbid("", granted));
                    add(vec![column("", m.subject.id_column())], Some(rows));
                }
            }
            Meaning::Link(m) => add(vec![by(&m.child)], None),
            Meaning::LoginSession(m) => add(vec![column("", &m.token_hash)], None),
        }
        let whole: Vec<Vec<String>> =
            of_table.iter().filter(|index| index.rows.is_none()).map(|index| index.terms.clone()).collect();
        of_table.retain(|index| index.rows.is_some() || !is_served(table, &index.terms, &whole));
        all.extend(of_table);
    }
    all
}

/// Whether the primary key, or a longer index of the same table, begins with these terms.
fn is_served(table: &Table, terms: &[String], others: &[Vec<String>]) -> bool {
    let plain = |name: &String| (kind(table, name) != ColumnKind::Uuid).then(|| column("", name));
    let primary: Vec<Option<String>> = table.key.iter().map(plain).collect();
    let by_primary = table.keyed
        && terms.len() <= primary.len()
        && terms.iter().zip(&primary).all(|(term, key)| key.as_ref() == Some(term));
    by_primary || others.iter().any(|other| other.len() > terms.len() && other.starts_with(terms))
}
