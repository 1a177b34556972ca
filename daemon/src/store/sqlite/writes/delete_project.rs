//! Removes a project with its sessions and all their entries for good.

use agent_memory_proto::{
    Response,
    model::{Id, ScopeRef},
};
use rusqlite::Connection;

use super::{Applied, scope_changed};
use crate::store::{
    StoreError,
    sqlite::{columns::scope_from, scope_keys},
};

/// The keys of the project `?1` and of its sessions.
macro_rules! in_project {
    ($statement:literal) => {
        concat!($statement, " IN (SELECT key FROM scopes WHERE key = ?1 OR parent = ?1)")
    };
}

/// One statement for each table: row by row, the full-text index would be written out once for
/// every entry.
const REMOVE_ENTRIES: [&str; 3] = [
    concat!(
        "DELETE FROM entry_tags WHERE entry IN (",
        in_project!("SELECT rowid FROM entries WHERE scope"),
        ")"
    ),
    concat!(
        "DELETE FROM entry_index WHERE rowid IN (",
        in_project!("SELECT rowid FROM entries WHERE scope"),
        ")"
    ),
    in_project!("DELETE FROM entries WHERE scope"),
];

pub(super) fn apply(connection: &Connection, id: Id) -> Applied {
    let project = ScopeRef::project(id);
    let key = scope_keys::require_as(connection, &project, "id")?;
    let mut changes = vec![scope_changed(project)];
    for statement in REMOVE_ENTRIES {
        connection.prepare_cached(statement)?.execute([key])?;
    }
    for (session_key, session) in sessions(connection, key)? {
        connection.prepare_cached("DELETE FROM sessions WHERE scope = ?1")?.execute([session_key])?;
        remove_scope(connection, session_key)?;
        changes.push(scope_changed(session));
    }
    connection.prepare_cached("DELETE FROM projects WHERE scope = ?1")?.execute([key])?;
    remove_scope(connection, key)?;
    Ok((Response::Done, changes))
}

fn sessions(connection: &Connection, project_key: i64) -> Result<Vec<(i64, ScopeRef)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT key, level, id FROM scopes WHERE parent = ?1")?;
    let rows = statement.query_map([project_key], |row| Ok((row.get(0)?, scope_from(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove_scope(connection: &Connection, key: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM scopes WHERE key = ?1")?.execute([key])?;
    Ok(())
}
