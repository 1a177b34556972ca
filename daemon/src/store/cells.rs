//! Rows whose columns are known by a table's description, read cell by cell, for every backend.

use std::fmt::Write as _;

use agent_memory_proto::model::Id;

use super::{
    StoreError,
    copy::{Cell, Column, Row},
};

/// The number that a word of a list is stored as.
pub(in crate::store) fn place<T: PartialEq>(all: &[T], value: &T) -> i64 {
    all.iter().position(|known| known == value).and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
}

/// An id as a cell.
pub(in crate::store) fn id_cell(id: Id) -> Cell {
    Cell::Bytes(id.0.to_vec())
}

/// Narrows a condition to rows with these values, where there are any: they are its parameters, named by `mark` and
/// their numbers from `first` on; `prefix` stands before each column.
pub(in crate::store) fn narrow<const COLUMNS: usize>(
    sql: &mut String,
    prefix: &str,
    (mark, first): (char, usize),
    wanted: [(Column, Option<Cell>); COLUMNS],
) -> Vec<(Cell, Column)> {
    let mut values = Vec::new();
    for (column, value) in wanted {
        if let Some(value) = value {
            let _ = write!(sql, " AND {prefix}{} = {mark}{}", column.name, first + values.len());
            values.push((value, column));
        }
    }
    values
}

/// The cells of a row, taken one after the other.
pub(in crate::store) struct Cells(std::vec::IntoIter<Cell>);

impl Cells {
    /// The cells of a row.
    pub(in crate::store) fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub(in crate::store) fn wrong(found: Option<Cell>) -> StoreError {
        StoreError::Corrupt(format!("a row has the unexpected value {found:?}"))
    }

    pub(in crate::store) fn number(&mut self) -> Result<Option<i64>, StoreError> {
        match self.0.next() {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Int(number)) => Ok(Some(number)),
            other => Err(Self::wrong(other)),
        }
    }

    pub(in crate::store) fn needed(&mut self) -> Result<i64, StoreError> {
        self.number()?.ok_or_else(|| Self::wrong(None))
    }

    pub(in crate::store) fn small(&mut self) -> Result<Option<u32>, StoreError> {
        Ok(self.number()?.and_then(|number| u32::try_from(number).ok()))
    }

    pub(in crate::store) fn text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Text(text)) => Ok(Some(text)),
            other => Err(Self::wrong(other)),
        }
    }

    pub(in crate::store) fn id(&mut self) -> Result<Option<Id>, StoreError> {
        match self.0.next() {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Bytes(bytes)) => match bytes.try_into() {
                Ok(bytes) => Ok(Some(Id(bytes))),
                Err(bytes) => Err(Self::wrong(Some(Cell::Bytes(bytes)))),
            },
            other => Err(Self::wrong(other)),
        }
    }

    pub(in crate::store) fn needed_id(&mut self) -> Result<Id, StoreError> {
        self.id()?.ok_or_else(|| Self::wrong(None))
    }

    pub(in crate::store) fn word<T: Copy>(&mut self, all: &[T]) -> Result<T, StoreError> {
        let code = self.needed()?;
        let word = usize::try_from(code).ok().and_then(|place| all.get(place)).copied();
        word.ok_or_else(|| Self::wrong(Some(Cell::Int(code))))
    }

    pub(in crate::store) fn tags(&mut self) -> Result<Vec<String>, StoreError> {
        match self.0.next() {
            Some(Cell::Tags(tags)) => Ok(tags),
            other => Err(Self::wrong(other)),
        }
    }
}
