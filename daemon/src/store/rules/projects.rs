//! Creates and changes projects.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Id, Project, ScopeLevel, ScopeRef},
    request::UpdateProject,
};

use super::{
    Applied,
    reports::scope_changed,
    scopes,
    transaction::{GLOBAL_KEY, NO_KEY, Step, WriteTransaction},
};
use crate::store::{Change, StoreError};

pub(super) async fn create(rows: &impl WriteTransaction, project: &Project) -> Applied {
    rows.lock_scopes().await?;
    insert(rows, project).await?;
    Ok((Response::Project(project.clone()), vec![scope_changed(ScopeRef::project(project.id))]))
}

/// Stores a new project.
pub(super) async fn insert(rows: &impl WriteTransaction, project: &Project) -> Step<()> {
    let org = org_key(rows, project.org_id).await?;
    check_free(rows, project, org).await?;
    let key = scopes::create(rows, ScopeLevel::Project, project.id, parent_of(org)).await?;
    rows.insert_project(key, org, project).await
}

pub(super) async fn update(rows: &impl WriteTransaction, update: &UpdateProject, at_ms: i64) -> Applied {
    rows.lock_scopes().await?;
    let scope = ScopeRef::project(update.id);
    let key = scopes::require(rows, &scope, "id").await?;
    let Some(old) = rows.project(update.id).await? else {
        return Err(StoreError::Corrupt(format!("the scope {scope} has no project")));
    };
    let (old_name, old_root_path) = (old.name.clone(), old.root_path.clone());
    let project = Project {
        id: old.id,
        org_id: update.org_id.unwrap_or(old.org_id),
        name: update.name.clone().unwrap_or(old.name),
        description: update.description.clone().unwrap_or(old.description),
        root_path: update.root_path.clone().unwrap_or(old.root_path),
        metadata: update.metadata.clone().unwrap_or(old.metadata),
        created_at_ms: old.created_at_ms,
        updated_at_ms: at_ms,
    };
    let org = org_key(rows, project.org_id).await?;
    check_free(rows, &project, org).await?;
    let has_moved = project.org_id != old.org_id;
    // Whoever looked it up, or another one, by a name or a directory has to look again.
    let is_found_elsewhere = project.name != old_name || project.root_path != old_root_path;
    if has_moved {
        rows.move_scope(key, parent_of(org)).await?;
    }
    rows.update_project(key, org, &project).await?;
    let change =
        Change { scope, scope_tree: has_moved || is_found_elsewhere, permissions: false, event: None };
    Ok((Response::Project(project), vec![change]))
}

/// The key of an organisation, if one is named.
pub(super) async fn org_key(rows: &impl WriteTransaction, org: Option<Id>) -> Step<i64> {
    scopes::require_if_any(rows, org.map(ScopeRef::org), "orgId").await
}

const fn parent_of(org: i64) -> i64 {
    if org == NO_KEY { GLOBAL_KEY } else { org }
}

/// Refuses a name or directory that another project has.
async fn check_free(rows: &impl WriteTransaction, project: &Project, org: i64) -> Step<()> {
    let is_other = |other: &Project| other.id != project.id;
    if let Some(other) = rows.project_named(&project.name, org).await?.filter(is_other) {
        return Err(taken("name", &project.name, other.id));
    }
    let Some(root_path) = &project.root_path else { return Ok(()) };
    match rows.project_at(root_path).await?.filter(is_other) {
        Some(other) => Err(taken("rootPath", root_path, other.id)),
        None => Ok(()),
    }
}

fn taken(field: &str, value: &str, id: Id) -> StoreError {
    StoreError::refused(
        ErrorBody::new(
            ErrorCode::AlreadyExists,
            format!("there is a project with this {field} already: {id}"),
        )
        .with_field(field)
        .with_value(value)
        .with_suggestion(format!("Use {id}, or choose another {field}")),
    )
}
