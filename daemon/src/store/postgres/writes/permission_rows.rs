//! The statements of permissions.

use std::sync::LazyLock;

use agent_memory_proto::model::{Id, Permission};

use super::transaction::PgTransaction;
use crate::store::{
    columns::{level_code, optional_kind_code, permission_code},
    postgres::{
        columns::{PERMISSION, code, get, permission_from_row, scope_uuid, uuid},
        permissions::FROM,
        values::value,
    },
    rules::Step,
};

pub(super) async fn find_like(rows: &PgTransaction<'_>, like: &Permission) -> Step<Option<Permission>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {PERMISSION} {FROM} WHERE p.agent = $1 AND s.level = $2 AND s.id = $3 AND p.kind = $4"
        )
    });
    let (level, id) = (code(level_code(like.scope.level)), scope_uuid(&like.scope));
    let kind = code(optional_kind_code(like.kind));
    let values = [value(&like.agent_id), value(&level), value(&id), value(&kind)];
    rows.row(&SQL, &values).await?.as_ref().map(permission_from_row).transpose()
}

pub(super) async fn by_id(rows: &PgTransaction<'_>, id: Id) -> Step<Option<Permission>> {
    static SQL: LazyLock<String> = LazyLock::new(|| format!("SELECT {PERMISSION} {FROM} WHERE p.id = $1"));
    rows.row(&SQL, &[value(&uuid(id))]).await?.as_ref().map(permission_from_row).transpose()
}

pub(super) async fn count(rows: &PgTransaction<'_>) -> Step<u64> {
    let row = rows.row("SELECT count(*) FROM permissions", &[]).await?;
    let count: Option<i64> = row.map(|row| get(&row, 0)).transpose()?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

pub(super) async fn put(rows: &PgTransaction<'_>, scope_key: i64, permission: &Permission) -> Step<()> {
    let sql = "INSERT INTO permissions (id, agent, scope, kind, level, created_by, created_at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
               level = excluded.level, created_by = excluded.created_by, created_at_ms = excluded.created_at_ms";
    let (id, kind) = (uuid(permission.id), code(optional_kind_code(permission.kind)));
    let level = code(permission_code(permission.level));
    let values = [
        value(&id),
        value(&permission.agent_id),
        value(&scope_key),
        value(&kind),
        value(&level),
        value(&permission.created_by),
        value(&permission.created_at_ms),
    ];
    rows.rows(sql, &values).await.map(drop)
}

pub(super) async fn remove(rows: &PgTransaction<'_>, id: Id) -> Step<()> {
    rows.rows("DELETE FROM permissions WHERE id = $1", &[value(&uuid(id))]).await.map(drop)
}
