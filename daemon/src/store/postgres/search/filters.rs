//! The filters of a search as conditions on `entries e`: one text for all searches, so that the
//! server plans it once, with a parameter for each filter that is null when it is not wanted.

use super::Ranking;
use crate::store::{
    columns::kind_code,
    postgres::{
        columns::code,
        values::{Value, value},
    },
};

/// The conditions, over the parameters `$1` to [`PARAMETERS`]. An entry is left out when its name is
/// taken by an active one in a narrower scope of the list, which is looked up last.
pub(super) const CONDITIONS: &str = "($1::int8[] IS NULL OR e.scope = ANY($1)) \
    AND ($2::int2[] IS NULL OR e.kind = ANY($2)) \
    AND ($3::text IS NULL OR e.category = $3) \
    AND ($4::int2 IS NULL OR e.priority IS NULL OR e.priority >= $4) \
    AND ($5::int2 IS NULL OR e.priority IS NULL OR e.priority <= $5) \
    AND ($6::int8 IS NULL OR e.created_at_ms >= $6) \
    AND ($7::int8 IS NULL OR e.created_at_ms < $7) \
    AND ($8::int8 IS NULL OR e.updated_at_ms >= $8) \
    AND ($9::int8 IS NULL OR e.updated_at_ms < $9) \
    AND ($10::text IS NULL OR e.created_by = $10) \
    AND ($11::text[] IS NULL OR e.tags && $11) \
    AND ($12::text[] IS NULL OR e.tags @> $12) \
    AND ($13::text[] IS NULL OR NOT e.tags && $13) \
    AND ($14::int8 IS NULL OR e.valid_from_ms IS NULL OR e.valid_from_ms <= $14) \
    AND ($15::int8 IS NULL OR e.valid_until_ms IS NULL OR e.valid_until_ms > $15) \
    AND ($16 OR e.is_active OR $17 AND $15 > '-9223372036854775808'::int8 AND e.invalidated_by IS NOT NULL) \
    AND ($16 OR e.invalidated_by IS NULL OR $17 AND e.valid_until_ms IS NOT NULL) \
    AND ($16 OR $1 IS NULL OR cardinality($1) < 2 OR e.scope = $1[1] OR NOT EXISTS (\
        SELECT FROM entries n WHERE n.scope = ANY($1[:array_position($1, e.scope) - 1]) \
        AND n.kind = e.kind AND n.name_key = e.name_key AND n.is_active))";

/// How many parameters the conditions have; those of a statement of its own follow.
pub(super) const PARAMETERS: usize = 17;

/// The values of the parameters.
#[derive(Debug)]
pub(super) struct Filters {
    keys: Option<Vec<i64>>,
    kinds: Option<Vec<i16>>,
    category: Option<String>,
    priority: [Option<i16>; 2],
    created_ms: [Option<i64>; 2],
    updated_ms: [Option<i64>; 2],
    created_by: Option<String>,
    tags: [Option<Vec<String>>; 3],
    /// Knowledge has a time in which it is true: it begins by the first, and ends after the second.
    valid_ms: [Option<i64>; 2],
    include_inactive: bool,
    is_past: bool,
}

impl Filters {
    pub(super) fn of(ranking: &Ranking<'_>) -> Self {
        let search = ranking.request;
        // A time that the caller names is a filter of its own; the present is one only unless
        // everything is asked for.
        let asked = search.at_time_ms.map(|at| (at, at)).into_iter().chain(search.valid_during_ms);
        let mut windows: Vec<(i64, i64)> = asked.collect();
        let is_past = !windows.is_empty();
        if !is_past && !search.include_inactive {
            windows.push((ranking.now_ms, ranking.now_ms));
        }
        let some = |tags: &Vec<String>| (!tags.is_empty()).then(|| tags.clone());
        let kinds: Vec<i16> = search.kinds.iter().map(|kind| code(kind_code(*kind))).collect();
        Self {
            keys: ranking.keys.map(<[_]>::to_vec),
            kinds: (!kinds.is_empty()).then_some(kinds),
            category: search.category.clone(),
            priority: [search.priority_min, search.priority_max].map(|priority| priority.map(i16::from)),
            created_ms: [search.created_after_ms, search.created_before_ms],
            updated_ms: [search.updated_after_ms, search.updated_before_ms],
            created_by: search.created_by.clone(),
            tags: [&search.tags.include, &search.tags.require, &search.tags.exclude].map(some),
            valid_ms: [
                windows.iter().map(|(_, until)| *until).min(),
                windows.iter().map(|(from, _)| *from).max(),
            ],
            include_inactive: search.include_inactive,
            is_past,
        }
    }

    /// Whether only some scopes are looked at.
    pub(super) const fn has_scopes(&self) -> bool {
        self.keys.is_some()
    }

    /// The values, in the order of the parameters.
    pub(super) fn values(&self) -> Vec<Value<'_>> {
        vec![
            value(&self.keys),
            value(&self.kinds),
            value(&self.category),
            value(&self.priority[0]),
            value(&self.priority[1]),
            value(&self.created_ms[0]),
            value(&self.created_ms[1]),
            value(&self.updated_ms[0]),
            value(&self.updated_ms[1]),
            value(&self.created_by),
            value(&self.tags[0]),
            value(&self.tags[1]),
            value(&self.tags[2]),
            value(&self.valid_ms[0]),
            value(&self.valid_ms[1]),
            value(&self.include_inactive),
            value(&self.is_past),
        ]
    }
}
