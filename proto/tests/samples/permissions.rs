//! Requests and responses about permissions.

use agent_memory_proto::{
    Request, Response,
    model::{EntryKind, Permission, PermissionLevel, ScopeRef},
    request::{CheckPermission, GrantPermission, ListPermissions, PermissionTarget, RevokePermission},
    response::{PermissionChange, PermissionCheck, PermissionPage},
};

use super::{AT_MS, id, text};

fn agent() -> String {
    "claude".to_owned()
}

pub(super) fn requests() -> Vec<Request> {
    let (scope, kind, level) = (ScopeRef::project(id(2)), Some(EntryKind::Knowledge), PermissionLevel::Write);
    let revoke = |target| {
        let (created_by, admin_key) = (text("zoe"), text("sesame"));
        Request::RevokePermission(RevokePermission { target, created_by, admin_key })
    };
    vec![
        Request::GrantPermission(GrantPermission {
            agent_id: agent(),
            scope,
            kind,
            level,
            created_by: text("zoe"),
            admin_key: text("sesame"),
        }),
        revoke(PermissionTarget::Id(id(7))),
        revoke(PermissionTarget::Level { agent_id: agent(), scope, kind, level }),
        Request::CheckPermission(CheckPermission { agent_id: text("claude"), scope, kind, level }),
        Request::ListPermissions(ListPermissions {
            agent_id: text("claude"),
            scope: Some(scope),
            kind,
            limit: 20,
            offset: 40,
        }),
    ]
}

fn permission() -> Permission {
    Permission {
        id: id(7),
        agent_id: agent(),
        scope: ScopeRef::project(id(2)),
        kind: Some(EntryKind::Knowledge),
        level: PermissionLevel::Write,
        created_by: text("zoe"),
        created_at_ms: AT_MS,
    }
}

pub(super) fn responses() -> Vec<Response> {
    let everyone = Permission { agent_id: Permission::EVERYONE.to_owned(), kind: None, ..permission() };
    vec![
        Response::Permission(Box::new(PermissionChange { permission: permission(), removed: true })),
        Response::PermissionCheck(Box::new(PermissionCheck {
            agent_id: text("claude"),
            scope: ScopeRef::project(id(2)),
            kind: Some(EntryKind::Knowledge),
            asked: PermissionLevel::Admin,
            level: PermissionLevel::Write,
            decided_by: Some(permission()),
        })),
        Response::Permissions(PermissionPage {
            permissions: vec![permission(), everyone],
            total: 3,
            has_more: true,
        }),
    ]
}
