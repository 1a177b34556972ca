//! Cells of rows whose columns are only known by a table's description, as values of the driver and back.

use std::error::Error as StdError;

use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use uuid::Uuid;

use super::{columns::get, values::Value};
use crate::store::{
    StoreError,
    copy::{Cell, Column, ColumnKind},
};

/// The type of a column.
pub(super) const fn type_of(kind: ColumnKind) -> Type {
    match kind {
        ColumnKind::Small => Type::INT2,
        ColumnKind::Integer => Type::INT4,
        ColumnKind::Big => Type::INT8,
        ColumnKind::Flag => Type::BOOL,
        ColumnKind::Real => Type::FLOAT8,
        ColumnKind::Text => Type::TEXT,
        ColumnKind::Id | ColumnKind::ScopeId => Type::UUID,
        ColumnKind::Bytes => Type::BYTEA,
        ColumnKind::Tags => Type::TEXT_ARRAY,
    }
}

/// A value that was read, as a cell.
///
/// # Errors
/// `Corrupt` when the column has another type.
pub(super) fn cell(row: &tokio_postgres::Row, place: usize, kind: ColumnKind) -> Result<Cell, StoreError> {
    let found = match kind {
        ColumnKind::Small => get::<Option<i16>>(row, place)?.map(|number| Cell::Int(number.into())),
        ColumnKind::Integer => get::<Option<i32>>(row, place)?.map(|number| Cell::Int(number.into())),
        ColumnKind::Big => get::<Option<i64>>(row, place)?.map(Cell::Int),
        ColumnKind::Flag => get::<Option<bool>>(row, place)?.map(|flag| Cell::Int(flag.into())),
        ColumnKind::Real => get::<Option<f64>>(row, place)?.map(Cell::Real),
        ColumnKind::Text => get::<Option<String>>(row, place)?.map(Cell::Text),
        ColumnKind::Id | ColumnKind::ScopeId => {
            get::<Option<Uuid>>(row, place)?.map(|id| Cell::Bytes(id.into_bytes().to_vec()))
        }
        ColumnKind::Bytes => get::<Option<Vec<u8>>>(row, place)?.map(Cell::Bytes),
        ColumnKind::Tags => get::<Option<Vec<String>>>(row, place)?.map(Cell::Tags),
    };
    Ok(found.unwrap_or(Cell::Null))
}

/// A value on its way to a column.
#[derive(Debug)]
pub(super) struct Sent<'a>(pub(super) &'a Cell, pub(super) Column);

/// Values as parameters of a statement.
pub(super) fn parameters<'a>(sent: &'a [Sent<'a>]) -> Vec<Value<'a>> {
    sent.iter().map(|one| (one as &(dyn ToSql + Sync), type_of(one.1.kind))).collect()
}

impl ToSql for Sent<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self.0, self.1.kind) {
            (Cell::Null, _) => Ok(IsNull::Yes),
            (Cell::Int(number), ColumnKind::Small) => i16::try_from(*number)?.to_sql(of, out),
            (Cell::Int(number), ColumnKind::Integer) => i32::try_from(*number)?.to_sql(of, out),
            (Cell::Int(number), ColumnKind::Big) => number.to_sql(of, out),
            (Cell::Int(number), ColumnKind::Flag) => (*number != 0).to_sql(of, out),
            (Cell::Real(number), ColumnKind::Real) => number.to_sql(of, out),
            (Cell::Text(text), ColumnKind::Text) => text.to_sql(of, out),
            (Cell::Bytes(id), ColumnKind::Id | ColumnKind::ScopeId) => Uuid::from_slice(id)?.to_sql(of, out),
            (Cell::Bytes(bytes), ColumnKind::Bytes) => bytes.to_sql(of, out),
            (Cell::Tags(tags), ColumnKind::Tags) => tags.to_sql(of, out),
            (cell, _) => Err(format!("{} cannot be {cell:?}", self.1.name).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
