//! How many entries there are in all, without reading them: the counts that the store keeps, less
//! what is not valid now, less what is overridden.

use std::collections::HashMap;

use agent_memory_proto::model::EntryKind;

use crate::store::{
    ContextQuery, StoreError,
    columns::kind_code,
    postgres::{
        columns::{code, get, kind_from},
        connection::Connection,
        values::value,
    },
};

/// Active entries of a scope and kind, and those of them that are not valid now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    active: i64,
    invalid: i64,
}

/// By the key of the scope, and the kind.
pub(super) type Counts = HashMap<(i64, EntryKind), Counted>;

const COUNTS: &str = "SELECT scope, kind, sum(active)::int8, 0::int8 FROM entry_counts \
    WHERE scope = ANY ($1::int8[]) GROUP BY scope, kind \
    UNION ALL SELECT e.scope, e.kind, 0, count(*) FROM entries e WHERE e.scope = ANY ($1::int8[]) AND e.is_active \
    AND (e.valid_from_ms IS NOT NULL OR e.valid_until_ms IS NOT NULL OR e.invalidated_by IS NOT NULL) \
    AND NOT (e.invalidated_by IS NULL AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= $2::int8) \
        AND (e.valid_until_ms IS NULL OR e.valid_until_ms > $2::int8)) GROUP BY e.scope, e.kind";

/// Valid entries of a scope whose names are taken in the narrower ones before it. Starts from the side
/// that has fewer entries.
const OVERRIDDEN: &str = "SELECT sum(CASE WHEN t.from_narrower THEN (\
        SELECT count(DISTINCT e.rowid) FROM entries n CROSS JOIN LATERAL (\
            SELECT e.rowid FROM entries e WHERE e.scope = $1[t.place] AND e.kind = t.kind \
            AND e.name_key = n.name_key AND e.is_active AND e.invalidated_by IS NULL \
            AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= $2::int8) \
            AND (e.valid_until_ms IS NULL OR e.valid_until_ms > $2::int8) OFFSET 0) e \
        WHERE n.scope = ANY ($1[:t.place - 1]) AND n.kind = t.kind AND n.is_active) \
    ELSE (SELECT count(*) FROM entries e WHERE e.scope = $1[t.place] AND e.kind = t.kind AND e.is_active \
        AND e.invalidated_by IS NULL AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= $2::int8) \
        AND (e.valid_until_ms IS NULL OR e.valid_until_ms > $2::int8) \
        AND EXISTS (SELECT FROM entries n WHERE n.scope = ANY ($1[:t.place - 1]) AND n.kind = t.kind \
            AND n.name_key = e.name_key AND n.is_active OFFSET 0)) END)::int8, t.kind \
    FROM unnest($3::int2[], $4::int4[], $5::bool[]) AS t (kind, place, from_narrower) GROUP BY t.kind";

/// What the store keeps of the scopes.
pub(super) async fn counts(
    connection: &Connection,
    query: &ContextQuery,
    keys: &[i64],
) -> Result<Counts, StoreError> {
    let mut counts = Counts::new();
    for row in connection.rows(COUNTS, &[value(&keys), value(&query.now_ms)]).await? {
        let counted = counts.entry((get(&row, 0)?, kind_from(&row, 1)?)).or_default();
        counted.active += get::<i64>(&row, 2)?;
        counted.invalid += get::<i64>(&row, 3)?;
    }
    Ok(counts)
}

/// Active, valid entries of the scopes (narrowest first) whose names no narrower scope takes, of each
/// kind.
pub(super) async fn visible(
    connection: &Connection,
    query: &ContextQuery,
    keys: &[i64],
    kinds: &[EntryKind],
    counts: &Counts,
) -> Result<[u64; 3], StoreError> {
    let mut totals = [0_i64; EntryKind::ALL.len()];
    let (mut of_kinds, mut places, mut from_narrower) = (Vec::new(), Vec::new(), Vec::new());
    for kind in kinds {
        let mut active_before = 0;
        for (place, key) in (1_i32..).zip(keys) {
            let counted = counts.get(&(*key, *kind)).copied().unwrap_or_default();
            if counted.active > 0 && active_before > 0 {
                of_kinds.push(code(kind_code(*kind)));
                places.push(place);
                from_narrower.push(active_before < counted.active);
            }
            active_before += counted.active;
            totals[*kind as usize] += counted.active - counted.invalid;
        }
    }
    if !places.is_empty() {
        let values =
            [value(&keys), value(&query.now_ms), value(&of_kinds), value(&places), value(&from_narrower)];
        for row in connection.rows(OVERRIDDEN, &values).await? {
            totals[kind_from(&row, 1)? as usize] -= get::<i64>(&row, 0)?;
        }
    }
    Ok(totals.map(|total| u64::try_from(total).unwrap_or(0)))
}
