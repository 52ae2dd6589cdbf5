// SPDX-License-Identifier: Apache-2.0
//! Rows by where they stand: from `TABLE/KEY` to a row and back, and their cells by column.

use super::shapes::RowPlace;
use crate::facts::key_text;
use crate::mapping::{ColumnKind, Mapping, Table};
use crate::name::Uid;
use crate::rows::{Reading, Rows, Value, read_id};
use std::cell::RefCell;
use std::collections::HashMap;

/// A row: its table in the model, and its number.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    pub table: &'a Table,
    pub row: usize,
}

impl PartialEq for At<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.table.name == other.table.name && self.row == other.row
    }
}

impl At<'_> {
    pub fn place(&self) -> RowPlace {
        RowPlace { table: self.table.name.clone(), row: Some(self.row), column: None }
    }

    pub fn column(&self, column: &str) -> RowPlace {
        RowPlace { column: Some(column.to_string()), ..self.place() }
    }
}

/// All rows, with indexes that are made when first asked for.
pub struct Places<'a> {
    pub mapping: &'a Mapping,
    pub rows: &'a Rows,
    positions: HashMap<&'a str, HashMap<&'a str, usize>>,
    by_key: RefCell<HashMap<String, HashMap<String, usize>>>,
    by_id: RefCell<HashMap<String, HashMap<String, usize>>>,
}

impl<'a> Places<'a> {
    pub fn new(mapping: &'a Mapping, rows: &'a Rows) -> Places<'a> {
        let positions = rows.iter().map(|(name, table)| {
            let columns = table.columns.iter().enumerate().map(|(at, column)| (column.as_str(), at));
            (name.as_str(), columns.collect())
        });
        Places { mapping, rows, positions: positions.collect(), by_key: RefCell::default(), by_id: RefCell::default() }
    }

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> usize {
        self.rows.get(table).map_or(0, |table| table.rows.len())
    }

    /// All rows of a table.
    pub fn each(&self, table: &'a Table) -> impl Iterator<Item = At<'a>> + use<'a> {
        (0..self.count(&table.name)).map(move |row| At { table, row })
    }

    /// The value of a column; NULL where the rows have no such column.
    pub fn value(&self, at: At<'a>, column: &str) -> &'a Value {
        let position = self.positions.get(at.table.name.as_str()).and_then(|columns| columns.get(column));
        position
            .and_then(|position| self.rows.get(&at.table.name)?.rows.get(at.row)?.get(*position))
            .unwrap_or(&Value::Null)
    }

    pub fn id(&self, at: At<'a>, column: &str) -> Option<String> {
        read_id(self.value(at, column), kind(at.table, column)).known()
    }

    /// `TABLE/KEY`.
    pub fn source(&self, at: At<'a>) -> String {
        format!("{}/{}", at.table.name, key_text(at.table, |column| self.value(at, column)))
    }

    /// The row that `TABLE/KEY` names; the first one where several do.
    pub fn find(&self, source: &str) -> Option<At<'a>> {
        let (table, key) = source.split_once('/')?;
        let table = self.mapping.table(table)?;
        let mut indexes = self.by_key.borrow_mut();
        let index = indexes.entry(table.name.clone()).or_insert_with(|| {
            let mut index = HashMap::new();
            for at in self.each(table) {
                index.entry(key_text(at.table, |column| self.value(at, column))).or_insert(at.row);
            }
            index
        });
        index.get(key).map(|row| At { table, row: *row })
    }

    /// The row of an entity.
    pub fn of(&self, uid: &Uid) -> Option<At<'a>> {
        let (table, entity) = self.mapping.entity(&uid.kind)?;
        let mut indexes = self.by_id.borrow_mut();
        let index = indexes.entry(table.name.clone()).or_insert_with(|| {
            let mut index = HashMap::new();
            for at in self.each(table) {
                if let Reading::Is(id) = read_id(self.value(at, &entity.id), kind(table, &entity.id)) {
                    index.entry(id).or_insert(at.row);
                }
            }
            index
        });
        index.get(&uid.id).map(|row| At { table, row: *row })
    }

    /// The entity that a foreign key of a row leads to, there or not.
    pub fn target(&self, at: At<'a>, column: &str) -> Option<Uid> {
        let kind = self.leads_to(at.table, column)?;
        Some(Uid::new(kind, self.id(at, column)?))
    }

    /// The entity type that a foreign key leads to.
    pub fn leads_to(&self, table: &Table, column: &str) -> Option<&'a str> {
        let references = table.column(column)?.references.as_deref()?;
        self.mapping.type_of(references)
    }

    /// The entity of a row, if its table has entities.
    pub fn entity(&self, at: At<'a>) -> Option<Uid> {
        let entity = at.table.entity()?;
        Some(Uid::new(&entity.type_name, self.id(at, &entity.id)?))
    }
}

pub fn kind(table: &Table, column: &str) -> ColumnKind {
    table.column(column).map_or(ColumnKind::Text, |column| column.kind)
}
