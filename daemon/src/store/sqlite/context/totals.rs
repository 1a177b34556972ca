//! How many entries there are in all, without reading them: the counts that the store keeps, less
//! what is not valid now, less what is overridden.

use agent_memory_proto::model::EntryKind;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::store::{
    StoreError,
    sqlite::{columns::kind_code, search::Sql},
};

/// Active, valid entries of the scopes (narrowest first) whose names no narrower scope takes.
///
/// # Errors
/// What SQLite says.
pub(super) fn visible(
    connection: &Connection,
    keys: &[i64],
    kind: EntryKind,
    now_ms: i64,
) -> Result<u64, StoreError> {
    let mut total = 0;
    let mut active_before = 0;
    for (index, key) in keys.iter().enumerate() {
        let active = active(connection, *key, kind)?;
        let invalid = if kind == EntryKind::Knowledge { invalid(connection, *key, now_ms)? } else { 0 };
        let hidden = if active == 0 || active_before == 0 {
            0
        } else {
            overridden(connection, *key, &keys[..index], kind, now_ms, active_before < active)?
        };
        active_before += active;
        total += active - invalid - hidden;
    }
    Ok(u64::try_from(total).unwrap_or_default())
}

/// Active entries of a scope, valid or not.
pub(in crate::store::sqlite) fn active(
    connection: &Connection,
    key: i64,
    kind: EntryKind,
) -> Result<i64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT active FROM entry_counts WHERE scope = ?1 AND kind = ?2")?;
    let active = statement.query_row((key, kind_code(kind)), |row| row.get(0)).optional()?;
    Ok(active.unwrap_or_default())
}

const IS_VALID: &str = "e.invalidated_by IS NULL AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= ?) \
    AND (e.valid_until_ms IS NULL OR e.valid_until_ms > ?)";

fn invalid(connection: &Connection, key: i64, now_ms: i64) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT count(*) FROM entries e INDEXED BY entries_bounded WHERE e.scope = ? AND e.is_active = 1 \
         AND (e.valid_from_ms IS NOT NULL OR e.valid_until_ms IS NOT NULL OR e.invalidated_by IS NOT NULL) \
         AND NOT ({IS_VALID})"
    ))?;
    Ok(statement.query_row((key, now_ms, now_ms), |row| row.get(0))?)
}

/// Valid entries of a scope whose names are taken in the narrower ones. Starts from the side that
/// has fewer entries.
fn overridden(
    connection: &Connection,
    key: i64,
    narrower: &[i64],
    kind: EntryKind,
    now_ms: i64,
    from_narrower: bool,
) -> Result<i64, StoreError> {
    let mut sql = Sql::default();
    sql.push("SELECT count(DISTINCT e.rowid) FROM ").push(if from_narrower {
        "entries n CROSS JOIN entries e"
    } else {
        "entries e CROSS JOIN entries n"
    });
    sql.push(" ON n.kind = e.kind AND n.name = e.name WHERE n.scope IN ")
        .list(narrower.iter().copied())
        .with(" AND e.scope = ?", key)
        .with(" AND e.kind = ?", kind_code(kind))
        .with(" AND n.kind = ?", kind_code(kind))
        .push(" AND n.is_active = 1 AND e.is_active = 1 AND ")
        .with(IS_VALID, now_ms);
    sql.values.push(now_ms.into());
    let mut statement = connection.prepare_cached(&sql.text)?;
    Ok(statement.query_row(params_from_iter(sql.values), |row| row.get(0))?)
}
