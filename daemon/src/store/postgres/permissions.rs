//! Permissions, and agents whose names are proved, as rows.

use std::sync::LazyLock;

use agent_memory_proto::model::{Agent, Permission};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    columns::{PERMISSION, get, permission_from_row},
    values::value,
};
use crate::store::{
    AGENTS_MAX, KnownAgent, PERMISSIONS_MAX, PermissionStore, SecretHash, StoreError, StoreFuture,
};

/// Where permissions are read from.
pub(super) const FROM: &str = "FROM permissions p JOIN scopes s ON s.key = p.scope";

impl PermissionStore for PostgresStore {
    fn permissions(&self) -> StoreFuture<'_, Vec<Permission>> {
        static ALL: LazyLock<String> =
            LazyLock::new(|| format!("SELECT {PERMISSION} {FROM} ORDER BY p.id LIMIT $1"));
        Box::pin(async move {
            let rows = self.lease().await?.rows(&ALL, &[value(&i64::from(PERMISSIONS_MAX))]).await?;
            rows.iter().map(permission_from_row).collect()
        })
    }

    fn agents(&self) -> StoreFuture<'_, Vec<KnownAgent>> {
        const ALL: &str =
            "SELECT name, created_by, created_at_ms, token_hash FROM agents ORDER BY name LIMIT $1";
        Box::pin(async move {
            let rows = self.lease().await?.rows(ALL, &[value(&i64::from(AGENTS_MAX))]).await?;
            rows.iter().map(known_agent_from_row).collect()
        })
    }
}

pub(super) fn agent_from_row(row: &Row) -> Result<Agent, StoreError> {
    Ok(Agent { name: get(row, 0)?, created_by: get(row, 1)?, created_at_ms: get(row, 2)? })
}

fn known_agent_from_row(row: &Row) -> Result<KnownAgent, StoreError> {
    let hash: Vec<u8> = get(row, 3)?;
    let hash =
        hash.try_into().map_err(|_| StoreError::Corrupt("the hash of a token is damaged".to_owned()))?;
    Ok(KnownAgent { agent: agent_from_row(row)?, token: SecretHash(hash) })
}
