//! Permissions, as rows.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, Id, Permission, PermissionLevel, ScopeRef},
    response::PermissionChange,
};

use super::fixtures::World;
use crate::store::Write;

impl World {
    fn permission(&self, agent: &str, scope: ScopeRef, kind: Option<EntryKind>) -> Permission {
        Permission {
            id: self.clock.new_id(),
            agent_id: agent.to_owned(),
            scope,
            kind,
            level: PermissionLevel::Read,
            created_by: Some("zoe".to_owned()),
            created_at_ms: self.clock.now_ms(),
        }
    }

    async fn set(&self, permission: &Permission) -> Permission {
        change(self.write(Write::SetPermission(permission.clone())).await.expect("written")).permission
    }

    async fn permissions(&self) -> Vec<Permission> {
        self.store.permissions.permissions().await.expect("a readable store")
    }

    pub(super) fn told_permissions(&self) -> bool {
        std::mem::take(&mut *self.changes.lock().unwrap()).iter().any(|change| change.permissions)
    }
}

fn change(response: Response) -> PermissionChange {
    match response {
        Response::Permission(change) => *change,
        other => panic!("no permission: {other:?}"),
    }
}

pub(crate) async fn what_was_said_last_stands(world: World) {
    let project = ScopeRef::project(world.project("app").await.id);
    let first = world.permission("ada", project, Some(EntryKind::Tool));
    assert_eq!(world.set(&first).await, first);
    assert!(world.told_permissions());
    let second = Permission {
        level: PermissionLevel::Admin,
        created_by: None,
        ..world.permission("ada", project, Some(EntryKind::Tool))
    };
    let stands = Permission { id: first.id, ..second.clone() };
    assert_eq!(world.set(&second).await, stands, "it keeps its id");
    assert!(world.told_permissions());
    assert_eq!(world.set(&second).await, stands, "nothing is new");
    assert!(!world.told_permissions());
    let mut all = vec![
        stands,
        world.set(&world.permission("ada", project, None)).await,
        world.set(&world.permission("*", project, Some(EntryKind::Tool))).await,
        world.set(&world.permission("ada", ScopeRef::GLOBAL, Some(EntryKind::Tool))).await,
    ];
    all.sort_by_key(|row| row.id);
    assert_eq!(world.permissions().await, all, "another agent, scope or kind is another one");
}

pub(crate) async fn what_is_removed_is_gone(world: World) {
    let row = world.set(&world.permission("ada", ScopeRef::GLOBAL, None)).await;
    let removed = change(world.write(Write::RemovePermission(row.id)).await.expect("removed"));
    assert_eq!(removed, PermissionChange { permission: row.clone(), removed: true });
    assert_eq!(world.permissions().await, []);
    let refused = world.refusal(Write::RemovePermission(row.id)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("permission_id")));
}

pub(crate) async fn permissions_go_with_their_scope(world: World) {
    let project = world.project("app").await;
    let session = ScopeRef::session(world.session(Some(project.id)).await.id);
    world.set(&world.permission("ada", ScopeRef::project(project.id), None)).await;
    world.set(&world.permission("ada", session, None)).await;
    let stays = world.set(&world.permission("ada", ScopeRef::GLOBAL, None)).await;
    world.told_permissions();
    world.write(Write::DeleteProject(project.id)).await.expect("deleted");
    assert!(world.told_permissions());
    assert_eq!(world.permissions().await, [stays]);
}

pub(crate) async fn a_permission_needs_its_scope(world: World) {
    let nowhere = ScopeRef::org(Id([7; 16]));
    let refused = world.refusal(Write::SetPermission(world.permission("ada", nowhere, None))).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("scope_id")));
}
