//! Removes a project with its sessions and all their entries for good.

use agent_memory_proto::{
    Response,
    model::{Id, ScopeRef},
};
use rusqlite::Connection;

use super::{Applied, delete_entries, scope_changed};
use crate::store::{
    StoreError,
    sqlite::{
        columns::{scope_from, tags_from},
        scope_keys,
    },
};

pub(super) fn apply(connection: &Connection, id: Id) -> Applied {
    let project = ScopeRef::project(id);
    let key = scope_keys::require_as(connection, &project, "id")?;
    let mut changes = vec![scope_changed(project)];
    for (session_key, session) in sessions(connection, key)? {
        remove_entries(connection, session_key)?;
        connection.prepare_cached("DELETE FROM sessions WHERE scope = ?1")?.execute([session_key])?;
        remove_scope(connection, session_key)?;
        changes.push(scope_changed(session));
    }
    remove_entries(connection, key)?;
    connection.prepare_cached("DELETE FROM projects WHERE scope = ?1")?.execute([key])?;
    remove_scope(connection, key)?;
    Ok((Response::Done, changes))
}

fn sessions(connection: &Connection, project_key: i64) -> Result<Vec<(i64, ScopeRef)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT key, level, id FROM scopes WHERE parent = ?1")?;
    let rows = statement.query_map([project_key], |row| Ok((row.get(0)?, scope_from(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove_entries(connection: &Connection, scope_key: i64) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT rowid, tags FROM entries WHERE scope = ?1")?;
    let rows = statement.query_map([scope_key], |row| Ok((row.get::<_, i64>(0)?, tags_from(row, 1)?)))?;
    // Collected first: rows must not be removed from under the query that finds them.
    for (rowid, tags) in rows.collect::<Result<Vec<_>, _>>()? {
        delete_entries::remove(connection, rowid, &tags)?;
    }
    Ok(())
}

fn remove_scope(connection: &Connection, key: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM scopes WHERE key = ?1")?.execute([key])?;
    Ok(())
}
