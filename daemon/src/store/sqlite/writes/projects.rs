//! Creates and changes projects.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Id, Project, ScopeLevel, ScopeRef},
    request::UpdateProject,
};
use rusqlite::{Connection, OptionalExtension};

use super::{Applied, scope_changed};
use crate::store::{
    StoreError,
    sqlite::{
        columns::{GLOBAL_KEY, id_from},
        reads::projects::by_id,
        scope_keys,
    },
};

pub(super) fn create(connection: &Connection, project: &Project) -> Applied {
    insert(connection, project)?;
    Ok((Response::Project(project.clone()), vec![scope_changed(ScopeRef::project(project.id))]))
}

/// Stores a new project and returns its scope's key.
pub(super) fn insert(connection: &Connection, project: &Project) -> Result<i64, StoreError> {
    let org = org_key(connection, project.org_id)?;
    check_free(connection, project, org)?;
    let parent = if org == NO_ORG { GLOBAL_KEY } else { org };
    let key = scope_keys::create(connection, ScopeLevel::Project, project.id, parent)?;
    connection
        .prepare_cached(
            "INSERT INTO projects (scope, org, name, description, root_path, metadata, created_at_ms, \
             updated_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            key,
            org,
            &project.name,
            &project.description,
            &project.root_path,
            project.metadata.as_ref().map(|json| &json.0),
            project.created_at_ms,
            project.updated_at_ms,
        ))?;
    Ok(key)
}

pub(super) fn update(connection: &Connection, update: &UpdateProject, at_ms: i64) -> Applied {
    let scope = ScopeRef::project(update.id);
    let key = scope_keys::require_as(connection, &scope, "id")?;
    let Some(old) = by_id(connection, update.id)? else {
        return Err(StoreError::Corrupt(format!("the scope {scope} has no project")));
    };
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
    let org = org_key(connection, project.org_id)?;
    check_free(connection, &project, org)?;
    let has_moved = project.org_id != old.org_id;
    if has_moved {
        let parent = if org == NO_ORG { GLOBAL_KEY } else { org };
        connection.prepare_cached("UPDATE scopes SET parent = ?2 WHERE key = ?1")?.execute((key, parent))?;
    }
    connection
        .prepare_cached(
            "UPDATE projects SET org = ?2, name = ?3, description = ?4, root_path = ?5, metadata = ?6, \
             updated_at_ms = ?7 WHERE scope = ?1",
        )?
        .execute((
            key,
            org,
            &project.name,
            &project.description,
            &project.root_path,
            project.metadata.as_ref().map(|json| &json.0),
            at_ms,
        ))?;
    let change = crate::store::Change { scope, scope_tree: has_moved, event: None };
    Ok((Response::Project(project), vec![change]))
}

/// What stands in `projects.org` for none.
const NO_ORG: i64 = 0;

fn org_key(connection: &Connection, org: Option<Id>) -> Result<i64, StoreError> {
    org.map_or(Ok(NO_ORG), |id| scope_keys::require_as(connection, &ScopeRef::org(id), "orgId"))
}

/// Whether a project has the name.
pub(super) fn is_name_taken(
    connection: &Connection,
    org: Option<Id>,
    name: &str,
) -> Result<bool, StoreError> {
    let org = org_key(connection, org)?;
    let mut statement = connection.prepare_cached("SELECT 1 FROM projects WHERE name = ?1 AND org = ?2")?;
    Ok(statement.exists((name, org))?)
}

/// Refuses a name or directory that another project has.
fn check_free(connection: &Connection, project: &Project, org: i64) -> Result<(), StoreError> {
    let mut by_name = connection.prepare_cached(
        "SELECT s.id FROM projects p JOIN scopes s ON s.key = p.scope \
         WHERE p.name = ?1 AND p.org = ?2 AND s.id <> ?3",
    )?;
    let same = by_name.query_row((&project.name, org, project.id.0), |row| id_from(row, 0)).optional()?;
    if let Some(id) = same {
        return Err(taken("name", &project.name, id));
    }
    let Some(root_path) = &project.root_path else { return Ok(()) };
    let mut by_path = connection.prepare_cached(
        "SELECT s.id FROM projects p JOIN scopes s ON s.key = p.scope WHERE p.root_path = ?1 AND s.id <> ?2",
    )?;
    match by_path.query_row((root_path, project.id.0), |row| id_from(row, 0)).optional()? {
        Some(id) => Err(taken("rootPath", root_path, id)),
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
