//! The time, and parameters of statements, each with its type: statements say what they are given, so that they
//! can be sent without being prepared.

use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// The time by the clock of the server, as part of a statement.
pub(super) const NOW: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// A parameter.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// A value whose type in the database is known.
pub(super) trait Typed: ToSql + Sync {
    const TYPE: Type;
}

/// A parameter with its type.
pub(super) fn value<T: Typed>(value: &T) -> Value<'_> {
    (value, T::TYPE)
}

macro_rules! typed {
    ($($rust:ty => $sql:ident, $array:ident;)+) => {
        $(
            impl Typed for $rust { const TYPE: Type = Type::$sql; }
            impl Typed for Option<$rust> { const TYPE: Type = Type::$sql; }
            impl Typed for Vec<$rust> { const TYPE: Type = Type::$array; }
            impl Typed for Option<Vec<$rust>> { const TYPE: Type = Type::$array; }
            impl Typed for &[$rust] { const TYPE: Type = Type::$array; }
            impl Typed for Vec<Option<$rust>> { const TYPE: Type = Type::$array; }
        )+
    };
}

typed! {
    bool => BOOL, BOOL_ARRAY;
    i16 => INT2, INT2_ARRAY;
    i32 => INT4, INT4_ARRAY;
    i64 => INT8, INT8_ARRAY;
    f64 => FLOAT8, FLOAT8_ARRAY;
    String => TEXT, TEXT_ARRAY;
    &str => TEXT, TEXT_ARRAY;
    Uuid => UUID, UUID_ARRAY;
}

impl Typed for Vec<u8> {
    const TYPE: Type = Type::BYTEA;
}

impl Typed for &[u8] {
    const TYPE: Type = Type::BYTEA;
}

impl Typed for Vec<&[u8]> {
    const TYPE: Type = Type::BYTEA_ARRAY;
}

impl Typed for Vec<Vec<u8>> {
    const TYPE: Type = Type::BYTEA_ARRAY;
}
