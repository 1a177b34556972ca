//! Permissions, and agents whose names are proved, as rows.

use agent_memory_proto::model::{Id, Permission};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SqliteStore,
    columns::{PERMISSION, level_code, optional_kind_code, permission_code, permission_from_row, scope_id},
    writes::agent_from_row,
};
use crate::store::{
    AGENTS_MAX, KnownAgent, PERMISSIONS_MAX, PermissionStore, SecretHash, StoreError, StoreFuture,
};

const FROM: &str = "FROM permissions p JOIN scopes s ON s.key = p.scope";

impl PermissionStore for SqliteStore {
    fn permissions(&self) -> StoreFuture<'_, Vec<Permission>> {
        Box::pin(self.readers.run_short(|reader| reader.read(all)))
    }

    fn agents(&self) -> StoreFuture<'_, Vec<KnownAgent>> {
        Box::pin(self.readers.run_short(|reader| reader.read(agents)))
    }
}

fn all(connection: &Connection) -> Result<Vec<Permission>, StoreError> {
    let sql = format!("SELECT {PERMISSION} {FROM} ORDER BY p.id LIMIT {PERMISSIONS_MAX}");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map([], permission_from_row)?.collect::<Result<_, _>>()?)
}

fn agents(connection: &Connection) -> Result<Vec<KnownAgent>, StoreError> {
    let sql = format!(
        "SELECT name, created_by, created_at_ms, token_hash FROM agents ORDER BY name LIMIT {AGENTS_MAX}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| {
        Ok(KnownAgent { agent: agent_from_row(row)?, token: SecretHash(row.get(3)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn find_like(
    connection: &Connection,
    like: &Permission,
) -> Result<Option<Permission>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {PERMISSION} {FROM} WHERE p.agent = ?1 AND s.level = ?2 AND s.id = ?3 AND p.kind = ?4"
    ))?;
    let (level, kind) = (level_code(like.scope.level), optional_kind_code(like.kind));
    let found =
        statement.query_row(params![like.agent_id, level, scope_id(&like.scope), kind], permission_from_row);
    Ok(found.optional()?)
}

pub(super) fn by_id(connection: &Connection, id: Id) -> Result<Option<Permission>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {PERMISSION} {FROM} WHERE p.id = ?1"))?;
    Ok(statement.query_row([id.0], permission_from_row).optional()?)
}

pub(super) fn count(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM permissions")?;
    let count: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(super) fn put(
    connection: &Connection,
    scope_key: i64,
    permission: &Permission,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO permissions (id, agent, scope, kind, level, created_by, created_at_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            permission.id.0,
            permission.agent_id,
            scope_key,
            optional_kind_code(permission.kind),
            permission_code(permission.level),
            permission.created_by,
            permission.created_at_ms
        ])?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, id: Id) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM permissions WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}
