//! Permissions, as rows.

use std::sync::LazyLock;

use agent_memory_proto::model::Permission;

use super::{
    PostgresStore,
    columns::{PERMISSION, permission_from_row},
    values::value,
};
use crate::store::{PERMISSIONS_MAX, PermissionStore, StoreFuture};

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
}
