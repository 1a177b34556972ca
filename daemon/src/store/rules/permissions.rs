//! Says what agents may do, and takes it back.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Id, Permission, ScopeRef},
    response::PermissionChange,
};

use super::{
    Applied, scopes,
    transaction::{Step, WriteTransaction},
};
use crate::store::{Change, PERMISSIONS_MAX, StoreError};

pub(super) async fn set(rows: &impl WriteTransaction, wanted: &Permission) -> Applied {
    rows.lock_scopes().await?;
    let key = scopes::require(rows, &wanted.scope, "scope_id").await?;
    let permission = match rows.permission_like(wanted).await? {
        Some(old) if old.level == wanted.level => return Ok((changed(old, false), Vec::new())),
        Some(old) => Permission { id: old.id, ..wanted.clone() },
        None => {
            check_room(rows).await?;
            wanted.clone()
        }
    };
    rows.put_permission(key, &permission).await?;
    Ok((changed(permission, false), vec![told(wanted.scope)]))
}

pub(super) async fn remove(rows: &impl WriteTransaction, id: Id) -> Applied {
    rows.lock_scopes().await?;
    let Some(permission) = rows.permission(id).await? else {
        return Err(StoreError::refused(
            ErrorBody::not_found("permission", id)
                .with_field("permission_id")
                .with_suggestion("List the permissions to find the id"),
        ));
    };
    rows.remove_permission(id).await?;
    let scope = permission.scope;
    Ok((changed(permission, true), vec![told(scope)]))
}

/// Every daemon holds all of them in memory.
async fn check_room(rows: &impl WriteTransaction) -> Step<()> {
    if rows.count_permissions().await? < u64::from(PERMISSIONS_MAX) {
        return Ok(());
    }
    Err(StoreError::refused(
        ErrorBody::new(
            ErrorCode::LimitExceeded,
            format!("there are {PERMISSIONS_MAX} permissions, the most"),
        )
        .with_suggestion("Remove some, or grant wider scopes, or everyone as *, instead of one by one"),
    ))
}

fn changed(permission: Permission, removed: bool) -> Response {
    Response::Permission(Box::new(PermissionChange { permission, removed }))
}

const fn told(scope: ScopeRef) -> Change {
    Change { scope, scope_tree: false, permissions: true, event: None }
}
