// SPDX-License-Identifier: Apache-2.0
//! Changes of single rows: how a new row is filled, how a cell is spelt as its neighbours are, and rows with a change.

use super::near::{conditions, cured};
use super::place::{At, Places};
use super::shapes::RowChange;
use crate::bundle::digest;
use crate::facts::key_text;
use crate::mapping::{Column, ColumnKind, Pattern, Piece, Table, Target};
use crate::name::Uid;
use crate::rows::{Millis, Reading, Rows, TableRows, Value, format_time, read_bool, read_time};
use std::collections::{BTreeMap, HashMap};

/// How long what ended is let go on, in milliseconds: some 90 days.
const LONGER: Millis = 90 * 24 * 3_600_000;

/// How many rows are looked at for how a column is spelt.
const MOST_LOOKED_AT: usize = 200;

pub struct Changes<'s, 'a> {
    pub places: &'s Places<'a>,
    pub at: Millis,
}

impl<'a> Changes<'_, 'a> {
    fn cells(&self, table: &'a Table, column: &str) -> Vec<&'a Value> {
        self.places.each(table).take(MOST_LOOKED_AT).map(|at| self.places.value(at, column)).collect()
    }

    /// The value most often found in a column; the first of several.
    fn usual(&self, table: &'a Table, column: &str) -> Option<Value> {
        let mut counts: Vec<(&Value, usize)> = Vec::new();
        for value in self.cells(table, column).into_iter().filter(|value| **value != Value::Null) {
            match counts.iter_mut().find(|(other, _)| *other == value) {
                Some((_, count)) => *count += 1,
                None => counts.push((value, 1)),
            }
        }
        let most = counts.iter().map(|(_, count)| *count).max()?;
        counts.into_iter().find(|(_, count)| *count == most).map(|(value, _)| value.clone())
    }

    /// A boolean as the column has them.
    pub fn truth(&self, table: &'a Table, column: &str, value: bool) -> Value {
        let known = self.cells(table, column).into_iter().find(|cell| matches!(read_bool(cell), Reading::Is(_)));
        match known {
            Some(Value::Text(text)) if text.parse::<i64>().is_err() => Value::Text(value.to_string()),
            _ => Value::Integer(value.into()),
        }
    }

    /// The smallest and the largest whole number of a column.
    pub fn range(&self, table: &'a Table, column: &str) -> (i64, i64) {
        let numbers = self.cells(table, column).into_iter().filter_map(|value| match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        });
        numbers.fold((0, 0), |(least, most), number| (least.min(number), most.max(number)))
    }

    /// An instant as the column has them.
    pub fn time(&self, table: &'a Table, column: &str, time: Millis) -> Value {
        match self.cells(table, column).into_iter().find(|cell| matches!(read_time(cell), Reading::Is(_))) {
            Some(Value::Integer(_)) => Value::Integer(time.div_euclid(1000)),
            _ => Value::Text(format_time(time).replace(".000Z", "Z")),
        }
    }

    /// When what ended would end instead.
    pub fn later(&self) -> Millis {
        const DAY: Millis = 24 * 3_600_000;
        (self.at + LONGER).div_euclid(DAY) * DAY
    }

    /// The id of an entity as its own row has it, for a column that leads to it.
    pub fn reference(&self, uid: &Uid) -> Value {
        let key = self.places.of(uid).and_then(|at| Some(self.places.value(at, &at.table.entity()?.id).clone()));
        key.unwrap_or_else(|| Value::Text(uid.id.clone()))
    }

    /// The cells by which a row refers to an entity; `None` where it cannot.
    pub fn target(&self, table: &'a Table, target: &Target, uid: &Uid) -> Option<Vec<(String, Value)>> {
        match target {
            Target::Fixed { column, type_name } => {
                (*type_name == uid.kind).then(|| vec![(column.clone(), self.reference(uid))])
            }
            Target::Typed { type_column, id_column, types } => {
                let key = types.iter().find(|(_, kind)| **kind == uid.kind).map(|(key, _)| key)?;
                let means = |text: &str| types.get(&text.to_ascii_lowercase()) == Some(&uid.kind);
                let texts: Vec<&str> = self
                    .cells(table, type_column)
                    .into_iter()
                    .filter_map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
                    .collect();
                let large = texts.iter().any(|text| text.chars().any(char::is_uppercase));
                let spelt = match texts.iter().find(|text| means(text)) {
                    Some(text) => (*text).to_string(),
                    None if large => key.to_uppercase(),
                    None => key.clone(),
                };
                Some(vec![(type_column.clone(), Value::Text(spelt)), (id_column.clone(), self.reference(uid))])
            }
        }
    }

    /// The cells that make a pattern say a text.
    pub fn pattern(&self, pattern: &Pattern, text: &str) -> Option<Vec<(String, Value)>> {
        let mut rest = text;
        let mut cells = Vec::new();
        let mut pieces = pattern.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match (piece, pieces.peek()) {
                (Piece::Literal(literal), _) => rest = rest.strip_prefix(literal.as_str())?,
                (Piece::Column(column), Some(Piece::Literal(literal))) => {
                    let at = rest.find(literal.as_str())?;
                    cells.push((column.clone(), Value::Text(rest[..at].to_string())));
                    rest = &rest[at..];
                }
                (Piece::Column(column), None) => {
                    cells.push((column.clone(), Value::Text(std::mem::take(&mut rest).to_string())));
                }
                (Piece::Column(_), Some(Piece::Column(_))) => return None,
            }
        }
        rest.is_empty().then_some(cells)
    }

    /// A new row with these cells, and what else it needs; or, where a row with its key is there, that row with these cells.
    /// `None` where it needs what cannot be made up: a secret.
    pub fn row(&self, table: &'a Table, given: Vec<(String, Value)>, word: &str) -> Option<RowChange> {
        let mut values: BTreeMap<String, Value> = given.into_iter().collect();
        if table.key.iter().all(|column| values.contains_key(column)) && !table.key.is_empty() {
            let key = key_text(table, |column| values.get(column).unwrap_or(&Value::Null));
            if let Some(at) = self.places.find(&format!("{}/{key}", table.name)) {
                return self.set(at, values);
            }
        }
        let (live, _) = conditions(&table.meaning);
        for live in live {
            let usual = self.usual(table, &live.column).unwrap_or(Value::Null);
            values.entry(live.column.clone()).or_insert_with(|| cured(&live.test, &usual, self.at));
        }
        for column in &table.columns {
            if values.contains_key(&column.name) {
                continue;
            }
            if table.keyed && table.key.contains(&column.name) || column.unique && !column.nullable {
                if column.secret {
                    return None;
                }
                values.insert(column.name.clone(), self.fresh(table, column, word));
            } else if !column.nullable {
                values.insert(column.name.clone(), self.neutral(table, column)?);
            }
        }
        Some(RowChange { table: table.name.clone(), row: None, values })
    }

    /// A row with other cells, as far as they are others. `None` where there are none, or where its key would change.
    pub fn set(&self, at: At<'a>, values: impl IntoIterator<Item = (String, Value)>) -> Option<RowChange> {
        let values: BTreeMap<String, Value> =
            values.into_iter().filter(|(column, value)| self.places.value(at, column) != value).collect();
        let allowed = |column: &String| {
            !at.table.key.contains(column) && at.table.column(column).is_some_and(|column| !column.secret)
        };
        let change = RowChange { table: at.table.name.clone(), row: Some(at.row), values };
        (!change.values.is_empty() && change.values.keys().all(allowed)).then_some(change)
    }

    /// A key that no row has: the next number, a UUID, or a word.
    fn fresh(&self, table: &'a Table, column: &Column, word: &str) -> Value {
        let cells: Vec<&Value> = self.places.each(table).map(|at| self.places.value(at, &column.name)).collect();
        let numbers: Vec<i64> = cells
            .iter()
            .filter_map(|value| if let Value::Integer(number) = value { Some(*number) } else { None })
            .collect();
        if column.kind == ColumnKind::Long || !numbers.is_empty() && numbers.len() == cells.len() {
            return Value::Integer(numbers.iter().max().copied().unwrap_or(0).saturating_add(1));
        }
        let is_uuid = |value: &&Value| matches!(value, Value::Text(text) if uuid::Uuid::try_parse(text).is_ok());
        if column.kind == ColumnKind::Uuid && cells.iter().all(is_uuid)
            || !cells.is_empty() && cells.iter().all(is_uuid)
        {
            let hex = digest(&format!("{}/{word}/{}", table.name, cells.len()));
            let parts =
                [&hex[..8], &hex[8..12], &format!("4{}", &hex[13..16]), &format!("8{}", &hex[17..20]), &hex[20..32]];
            return Value::Text(parts.join("-"));
        }
        let taken = |text: &str| cells.iter().any(|value| matches!(value, Value::Text(other) if other == text));
        let numbered = |number: usize| if number == 1 { word.to_string() } else { format!("{word}-{number}") };
        let free = (1..).map(numbered).find(|text| !taken(text));
        Value::Text(free.unwrap_or_default())
    }

    /// What a column may hold that must hold something.
    fn neutral(&self, table: &'a Table, column: &Column) -> Option<Value> {
        if column.secret {
            return None;
        }
        if let Some(default) = column.default.as_deref().map(str::trim) {
            let text = default.trim_matches(['\'', '"']);
            match column.kind {
                ColumnKind::Bool if text.eq_ignore_ascii_case("true") || text == "1" => {
                    return Some(self.truth(table, &column.name, true));
                }
                ColumnKind::Bool => return Some(self.truth(table, &column.name, false)),
                ColumnKind::Time => return Some(self.time(table, &column.name, self.at)),
                ColumnKind::Long => {
                    if let Ok(number) = text.parse() {
                        return Some(Value::Integer(number));
                    }
                }
                ColumnKind::Text if !text.contains('(') => return Some(Value::Text(text.to_string())),
                _ => {}
            }
        }
        let first = || {
            let target = self.places.mapping.table(column.references.as_deref()?)?;
            let key = target.entity().map(|entity| entity.id.as_str()).or(target.key.first().map(String::as_str))?;
            self.places.each(target).next().map(|at| self.places.value(at, key).clone())
        };
        Some(match column.kind {
            // Who made the others.
            _ if column.references.is_some() => self.usual(table, &column.name).or_else(first)?,
            ColumnKind::Bool => self.truth(table, &column.name, false),
            ColumnKind::Time => self.time(table, &column.name, self.at),
            ColumnKind::Long | ColumnKind::Decimal => Value::Integer(0),
            ColumnKind::Text | ColumnKind::Uuid => {
                self.usual(table, &column.name).unwrap_or_else(|| Value::Text("-".to_string()))
            }
            ColumnKind::Blob => return None,
        })
    }
}

/// Rows that can be changed and changed back.
pub struct Draft {
    rows: Rows,
}

impl Draft {
    pub fn new(rows: &Rows) -> Draft {
        Draft { rows: rows.clone() }
    }

    /// Does something with the rows while a change is made.
    pub fn with<T>(&mut self, table: &Table, change: &RowChange, work: impl FnOnce(&Rows) -> T) -> T {
        let of_table = self.rows.entry(change.table.clone()).or_insert_with(|| TableRows {
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            rows: Vec::new(),
        });
        let positions: HashMap<&str, usize> =
            of_table.columns.iter().enumerate().map(|(at, column)| (column.as_str(), at)).collect();
        let set = change.values.iter().filter_map(|(column, value)| Some((*positions.get(column.as_str())?, value)));
        let before = match change.row {
            Some(row) => {
                let before = of_table.rows[row].clone();
                for (at, value) in set {
                    of_table.rows[row][at] = value.clone();
                }
                Some(before)
            }
            None => {
                let mut row = vec![Value::Null; of_table.columns.len()];
                for (at, value) in set {
                    row[at] = value.clone();
                }
                of_table.rows.push(row);
                None
            }
        };
        let done = work(&self.rows);
        if let Some(of_table) = self.rows.get_mut(&change.table) {
            match (change.row, before) {
                (Some(row), Some(before)) => of_table.rows[row] = before,
                _ => {
                    of_table.rows.pop();
                }
            }
        }
        done
    }
}
