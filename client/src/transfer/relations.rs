//! The relations of a document: how many there are is all that is kept of them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// What stands where relations are expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relations {
    /// A list of so many; 0 where there is none.
    Number(u64),
    /// No list; in words, what it is.
    Other(&'static str),
}

impl<'de> Deserialize<'de> for Relations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counting)
    }
}

struct Counting;

macro_rules! others {
    ($($visit:ident($of:ty) = $kind:literal;)+) => {
        $(fn $visit<E>(self, _: $of) -> Result<Relations, E> { Ok(Relations::Other($kind)) })+
    };
}

impl<'de> Visitor<'de> for Counting {
    type Value = Relations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of relations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Relations, A::Error> {
        let mut number = 0;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            number += 1;
        }
        Ok(Relations::Number(number))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Relations, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Relations::Other("an object"))
    }

    fn visit_unit<E>(self) -> Result<Relations, E> {
        Ok(Relations::Number(0))
    }

    others! {
        visit_bool(bool) = "true or false";
        visit_i64(i64) = "a number";
        visit_u64(u64) = "a number";
        visit_f64(f64) = "a number";
        visit_str(&str) = "a text";
    }
}
