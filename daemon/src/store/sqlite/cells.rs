//! Cells of rows whose columns are only known by a table's description, as values of the driver and back.

use rusqlite::types::{Value, ValueRef};

use crate::store::{
    StoreError,
    columns::tags_text,
    copy::{Cell, Column, ColumnKind},
};

/// The cell of a value that was read.
///
/// # Errors
/// `Corrupt` when the column cannot have it.
pub(super) fn cell(value: ValueRef<'_>, column: &Column) -> Result<Cell, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("{} has an unexpected value", column.name));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| corrupt());
    Ok(match (value, column.kind) {
        (ValueRef::Null, _) => Cell::Null,
        (ValueRef::Integer(number), _) => Cell::Int(number),
        (ValueRef::Real(number), _) => Cell::Real(number),
        (ValueRef::Text(tags), ColumnKind::Tags) => {
            Cell::Tags(serde_json::from_slice(tags).map_err(|_| corrupt())?)
        }
        (ValueRef::Text(bytes), _) => Cell::Text(text(bytes)?),
        (ValueRef::Blob([]), ColumnKind::ScopeId) => Cell::Bytes(vec![0; 16]),
        (ValueRef::Blob(bytes), _) => Cell::Bytes(bytes.to_vec()),
    })
}

/// What is stored for a cell.
pub(super) fn value(cell: &Cell, column: Column) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Integer(*number),
        Cell::Real(number) => Value::Real(*number),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Bytes(bytes) if column.kind == ColumnKind::ScopeId && bytes.iter().all(|byte| *byte == 0) => {
            Value::Blob(Vec::new())
        }
        Cell::Bytes(bytes) => Value::Blob(bytes.clone()),
        Cell::Tags(tags) => Value::Text(tags_text(tags)),
    }
}
