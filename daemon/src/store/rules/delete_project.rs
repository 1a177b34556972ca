//! Removes a project with its sessions, all their entries, the locks of the sessions and what agents may do there, for good.

use agent_memory_proto::{
    Response,
    model::{Id, ScopeRef},
};

use super::{Applied, reports::scope_removed, scopes, transaction::WriteTransaction};

pub(super) async fn apply(rows: &impl WriteTransaction, id: Id) -> Applied {
    rows.lock_scopes().await?;
    let project = ScopeRef::project(id);
    let key = scopes::require(rows, &project, "id").await?;
    let sessions = rows.remove_project(key).await?;
    let ids: Vec<Id> = sessions.iter().filter_map(|session| session.id).collect();
    rows.remove_locks_of_sessions(&ids).await?;
    let changes = std::iter::once(project).chain(sessions).map(scope_removed).collect();
    Ok((Response::Done, changes))
}
