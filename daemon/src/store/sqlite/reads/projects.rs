//! Reads projects: by id, by directory or one above it, by name, and in pages.

use agent_memory_proto::{
    model::{Id, Project, ScopeRef},
    request::{GetProject, ListProjects},
    response::ProjectPage,
};
use rusqlite::{Connection, OptionalExtension, Params};

use crate::store::{
    StoreError,
    answers::projects::{CANDIDATES_MAX, ancestors, the_only},
    sqlite::{
        columns::{PROJECT, level_code, project_from_row},
        scope_keys,
    },
};

/// The project that the request names.
///
/// # Errors
/// `Conflict` when a name fits several.
pub(in crate::store::sqlite) fn find(
    connection: &Connection,
    request: &GetProject,
) -> Result<Option<Project>, StoreError> {
    if let Some(id) = request.id {
        return by_id(connection, id);
    }
    if let Some(root_path) = &request.root_path {
        for directory in ancestors(root_path) {
            if let Some(project) = by_root_path(connection, directory)? {
                return Ok(Some(project));
            }
        }
        return Ok(None);
    }
    let Some(name) = &request.name else { return Ok(None) };
    match request.org_id {
        Some(org) => by_name(connection, name, org),
        None => by_name_anywhere(connection, name),
    }
}

pub(in crate::store::sqlite) fn by_id(
    connection: &Connection,
    id: Id,
) -> Result<Option<Project>, StoreError> {
    let level = level_code(agent_memory_proto::model::ScopeLevel::Project);
    one(connection, "s.level = ?1 AND s.id = ?2", (level, id.0))
}

/// The project whose directory this is.
pub(in crate::store::sqlite) fn by_root_path(
    connection: &Connection,
    root_path: &str,
) -> Result<Option<Project>, StoreError> {
    one(connection, "p.root_path = ?1", [root_path])
}

/// The project of that name in the organisation of that key.
pub(in crate::store::sqlite) fn by_name_in(
    connection: &Connection,
    name: &str,
    org: i64,
) -> Result<Option<Project>, StoreError> {
    one(connection, "p.name = ?1 AND p.org = ?2", (name, org))
}

fn by_name(connection: &Connection, name: &str, org: Id) -> Result<Option<Project>, StoreError> {
    match scope_keys::find(connection, &ScopeRef::org(org))? {
        Some(org) => by_name_in(connection, name, org),
        None => Ok(None),
    }
}

fn by_name_anywhere(connection: &Connection, name: &str) -> Result<Option<Project>, StoreError> {
    the_only(name, many(connection, "p.name = ?1 ORDER BY p.org LIMIT ?2", (name, CANDIDATES_MAX))?)
}

fn select(condition: &str) -> String {
    format!(
        "SELECT {PROJECT} FROM projects p JOIN scopes s ON s.key = p.scope \
         LEFT JOIN scopes o ON o.key = p.org WHERE {condition}"
    )
}

fn one(
    connection: &Connection,
    condition: &str,
    parameters: impl Params,
) -> Result<Option<Project>, StoreError> {
    let mut statement = connection.prepare_cached(&select(condition))?;
    Ok(statement.query_row(parameters, project_from_row).optional()?)
}

fn many(
    connection: &Connection,
    condition: &str,
    parameters: impl Params,
) -> Result<Vec<Project>, StoreError> {
    let mut statement = connection.prepare_cached(&select(condition))?;
    Ok(statement.query_map(parameters, project_from_row)?.collect::<Result<_, _>>()?)
}

pub(in crate::store::sqlite) fn page(
    connection: &Connection,
    request: &ListProjects,
) -> Result<ProjectPage, StoreError> {
    let limit = i64::from(request.limit) + 1;
    let rows = match request.org_id {
        None => many(connection, "TRUE ORDER BY p.name, p.org LIMIT ?1 OFFSET ?2", (limit, request.offset))?,
        Some(id) => match scope_keys::find(connection, &ScopeRef::org(id))? {
            None => Vec::new(),
            Some(org) => many(
                connection,
                "p.org = ?3 ORDER BY p.name LIMIT ?1 OFFSET ?2",
                (limit, request.offset, org),
            )?,
        },
    };
    let (projects, has_more) = super::cut(rows, request.limit);
    Ok(ProjectPage { projects, has_more })
}
