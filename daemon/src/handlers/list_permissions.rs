//! List what agents may do.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{Permission, PermissionLevel},
    request::ListPermissions,
    response::PermissionPage,
};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListPermissions) -> Handled {
    checks::page(request.limit, request.offset)?;
    if let Some(scope) = request.scope {
        checks::scope("scope_id", scope)?;
    }
    let snapshot = call.services.permissions.current(&call.services).await?;
    let mut found = Vec::new();
    for row in snapshot.rows() {
        let is_wanted = request.agent_id.as_ref().is_none_or(|agent| row.agent_id == *agent)
            && request.scope.is_none_or(|scope| row.scope == scope)
            && request.kind.is_none_or(|kind| row.kind == Some(kind));
        if is_wanted && is_shown(&call, row).await? {
            found.push(row);
        }
    }
    let (offset, limit) = (request.offset as usize, request.limit as usize);
    let permissions = found.iter().skip(offset).take(limit).map(|row| (*row).clone()).collect();
    let total = found.len() as u64;
    let has_more = found.len() > offset + limit;
    Ok(Response::Permissions(PermissionPage { permissions, total, has_more }).into())
}

/// Of oneself, and, of others and of everyone, where one decides it; of everyone, also where one may read.
async fn is_shown(call: &Call, row: &Permission) -> Result<bool, ErrorBody> {
    if call.rights.does_everything() || call.agent.as_ref().is_some_and(|agent| row.agent_id == *agent) {
        return Ok(true);
    }
    let of_everyone = row.agent_id == Permission::EVERYONE;
    let level = if of_everyone { PermissionLevel::Read } else { PermissionLevel::Admin };
    call.may(row.scope, None, level).await
}
