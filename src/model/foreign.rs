// SPDX-License-Identifier: Apache-2.0
//! Where a foreign key leads, and by which rule that was seen.

use super::words::{core, singular_words, stem, words};
use crate::er::{Column, Diagram, Table};
use std::collections::BTreeMap;

/// What was found at the far end of a foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    To {
        table: String,
        rule: Rule,
    },
    /// The same rule leads to each of these: somebody must say which is meant.
    Several {
        tables: Vec<String>,
        rule: Rule,
    },
    Nowhere,
}

/// Why a foreign key is taken to lead where it does, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Model,
    Diagram,
    SameKey,
    SameName,
    ShortName,
    Parent,
    NameEnd,
    Actor,
    LastRelation,
}

impl Rule {
    /// The rule as the end of a sentence: `user_id` leads to `USERS`, …
    pub(super) fn because(self) -> &'static str {
        match self {
            Rule::Model => "as the model says",
            Rule::Diagram => "as the schema says",
            Rule::SameKey => "whose primary key has the same name",
            Rule::SameName => "whose name it carries",
            Rule::ShortName => "whose name it carries, without a prefix or in short",
            Rule::Parent => "its own table, as the parent of a row",
            Rule::NameEnd => "whose name ends as it does",
            Rule::Actor => "the only table of principals, as it names somebody who acts",
            Rule::LastRelation => "the only table that a relation leads to and no other key does",
        }
    }
}

/// Columns that name somebody who acts, by their words.
const ACTORS: [&str; 17] = [
    "owner",
    "author",
    "creator",
    "user",
    "account",
    "member",
    "assignee",
    "sender",
    "uploader",
    "actor",
    "principal",
    "subject_user",
    "grantor",
    "approver",
    "reviewer",
    "person",
    "employee",
];

/// Usual short forms of tables' names.
const SHORT: [(&str, &str); 5] = [
    ("org", "organization"),
    ("org", "organisation"),
    ("dept", "department"),
    ("perm", "permission"),
    ("doc", "document"),
];

/// Names that say only that a column is a key, not of what.
const BARE_KEYS: [&str; 7] = ["id", "uuid", "guid", "pk", "oid", "key", "rowid"];

/// Everything that a foreign key's end is looked up in.
pub(super) struct Foreign<'a> {
    diagram: &'a Diagram,
    /// The only table of principals, if there is just one.
    principal: Option<&'a str>,
    /// What the model's `references` say, by table and column.
    given: BTreeMap<(&'a str, &'a str), String>,
    /// The tables with their names' words.
    names: Vec<(&'a Table, Vec<String>)>,
    /// The same names without what libraries put before and behind them.
    cores: Vec<(&'a Table, String)>,
    /// For each table with a single primary-key column that is more than a bare `id`: that column and the table.
    keys: BTreeMap<&'a str, Vec<&'a Table>>,
    /// For each table, the tables of which it has at most one by some relation.
    ones: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Foreign<'a> {
    pub(super) fn new(
        diagram: &'a Diagram,
        principals: &[&'a str],
        given: BTreeMap<(&'a str, &'a str), String>,
    ) -> Foreign<'a> {
        let mut keys: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
        for table in &diagram.tables {
            let mut primary = table.columns.iter().filter(|c| c.primary);
            if let (Some(column), None) = (primary.next(), primary.next())
                && !BARE_KEYS.contains(&column.name.to_lowercase().as_str())
            {
                keys.entry(&column.name).or_default().push(table);
            }
        }
        for tables in keys.values_mut() {
            // A key that is itself a foreign key (one row of a profile for each user) is not where the name comes from.
            let own: Vec<&Table> =
                tables.iter().copied().filter(|t| t.columns.iter().any(|c| c.primary && !c.foreign)).collect();
            if !own.is_empty() {
                *tables = own;
            }
        }
        let mut ones: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for relation in &diagram.relations {
            let mut add = |of: &'a str, one: &'a str| {
                let list = ones.entry(of).or_default();
                if !list.contains(&one) {
                    list.push(one);
                }
            };
            if !relation.from_many.is_many() {
                add(&relation.to, &relation.from);
            }
            if !relation.to_many.is_many() {
                add(&relation.from, &relation.to);
            }
        }
        Foreign {
            diagram,
            principal: if let [only] = principals { Some(only) } else { None },
            given,
            names: diagram.tables.iter().map(|t| (t, singular_words(&t.name))).collect(),
            cores: diagram.tables.iter().map(|t| (t, core(&t.name))).collect(),
            keys,
            ones,
        }
    }

    /// Where `column` of `table` leads.
    pub(super) fn lead(&self, table: &Table, column: &Column) -> Lead {
        match self.by_name(table, column) {
            Lead::Nowhere => self.by_last_relation(table, column),
            found => found,
        }
    }

    /// The rules that need no other column of the table.
    fn by_name(&self, table: &Table, column: &Column) -> Lead {
        if let Some(given) = self.given.get(&(table.name.as_str(), column.name.as_str())) {
            return Lead::To { table: given.clone(), rule: Rule::Model };
        }
        if let Some(reference) = &column.references
            && let Some(found) = self.named(&reference.table)
        {
            return Lead::To { table: found.name.clone(), rule: Rule::Diagram };
        }
        // A table's own primary key tells of itself unless it is drawn as a foreign key too.
        let own_key = table.primary_key() == [column.name.as_str()];
        if let Some(tables) = self.keys.get(column.name.as_str()) {
            let others: Vec<&str> = tables.iter().map(|t| t.name.as_str()).filter(|t| *t != table.name).collect();
            if !others.is_empty() && (!own_key || column.foreign) {
                return one_of(others, Rule::SameKey);
            }
        }
        let stem = stem(&column.name);
        self.by_stem(table, &stem).or_else(|| self.by_actor(&column.name, &stem)).unwrap_or(Lead::Nowhere)
    }

    fn by_stem(&self, table: &Table, stem: &[String]) -> Option<Lead> {
        let joined = stem.concat();
        if joined.is_empty() || BARE_KEYS.contains(&joined.as_str()) {
            return None;
        }
        let collect = |test: &dyn Fn(&Table, &[String]) -> bool| -> Vec<&str> {
            self.names.iter().filter(|(t, words)| test(t, words)).map(|(t, _)| t.name.as_str()).collect()
        };
        // Word for word before letter for letter: `PASSWORD_RESET_TOKEN` may stand beside `PASSWORDRESETTOKEN`.
        let mut same = collect(&|_, name| name == stem);
        if same.is_empty() {
            let glued = joined.strip_suffix("id").filter(|rest| !rest.is_empty() && stem.len() == 1);
            same = collect(&|_, name| {
                let name = name.concat();
                name == joined || glued.is_some_and(|glued| name == singular_words(glued).concat())
            });
        }
        if !same.is_empty() {
            return Some(one_of(same, Rule::SameName));
        }
        // `user_id` of Django leads to `auth_user`, `org_id` to `organizations`.
        let plain = stem.join("_");
        let cores = |test: &dyn Fn(&str) -> bool| -> Vec<&str> {
            self.cores.iter().filter(|(_, core)| test(core)).map(|(t, _)| t.name.as_str()).collect()
        };
        let short = cores(&|core| core == plain || SHORT.contains(&(plain.as_str(), core)));
        if !short.is_empty() {
            return Some(one_of(short, Rule::ShortName));
        }
        if let Some((first, rest)) = stem.split_first() {
            let own = singular_words(&table.name);
            if matches!(first.as_str(), "parent" | "父") && (rest.is_empty() || own.ends_with(rest)) {
                return Some(Lead::To { table: table.name.clone(), rule: Rule::Parent });
            }
        }
        let related = self.ones.get(table.name.as_str());
        let ends = collect(&|t, name| related.is_some_and(|r| r.contains(&t.name.as_str())) && name.ends_with(stem));
        if !ends.is_empty() {
            return Some(one_of(ends, Rule::NameEnd));
        }
        // `granted_by_user`, `child_role`: the longest name of a table that the stem ends with.
        let longest = self.names.iter().filter(|(_, n)| !n.is_empty() && stem.ends_with(n)).map(|(_, n)| n.len()).max();
        if let Some(longest) = longest {
            return Some(one_of(collect(&|_, name| name.len() == longest && stem.ends_with(name)), Rule::NameEnd));
        }
        let last = stem.last().filter(|_| stem.len() > 1)?;
        let ends = cores(&|core| core == last);
        (!ends.is_empty()).then(|| one_of(ends, Rule::NameEnd))
    }

    fn by_actor(&self, column: &str, stem: &[String]) -> Option<Lead> {
        let principal = self.principal?;
        let by = words(column).last().is_some_and(|last| last == "by");
        let by_id = stem.last().is_some_and(|last| last == "by");
        let actor = ACTORS.contains(&stem.join("_").as_str());
        let chinese =
            ["使用者", "用户", "擁有者", "拥有者", "作者", "建立者", "創建者"].contains(&stem.concat().as_str());
        (by || by_id || actor || chinese).then(|| Lead::To { table: principal.to_string(), rule: Rule::Actor })
    }

    /// The one related table that no other foreign key of the table reaches, for the one key that reaches none.
    fn by_last_relation(&self, table: &Table, column: &Column) -> Lead {
        if !column.foreign {
            return Lead::Nowhere;
        }
        let mut taken: Vec<String> = Vec::new();
        for other in table.columns.iter().filter(|c| c.foreign && c.name != column.name) {
            match self.by_name(table, other) {
                Lead::To { table, .. } => taken.push(table),
                _ => return Lead::Nowhere,
            }
        }
        let ones = self.ones.get(table.name.as_str()).map_or(&[][..], Vec::as_slice);
        let mut free = ones.iter().filter(|one| !taken.iter().any(|t| t == *one));
        match (free.next(), free.next()) {
            (Some(one), None) => Lead::To { table: (*one).to_string(), rule: Rule::LastRelation },
            _ => Lead::Nowhere,
        }
    }

    /// A table by the name that SQL gives it: whatever its case, and without its schema.
    fn named(&self, name: &str) -> Option<&'a Table> {
        let bare = name.rsplit('.').next().unwrap_or(name);
        self.diagram
            .table(name)
            .or_else(|| self.diagram.table(bare))
            .or_else(|| self.diagram.tables.iter().find(|t| t.name.eq_ignore_ascii_case(bare)))
    }
}

fn one_of(mut tables: Vec<&str>, rule: Rule) -> Lead {
    match tables.len() {
        1 => Lead::To { table: tables.remove(0).to_string(), rule },
        _ => Lead::Several { tables: tables.into_iter().map(str::to_string).collect(), rule },
    }
}
