//! Reads projects: by id, by directory or one above it, by name, and in pages.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Id, Project, ScopeRef},
    request::{GetProject, ListProjects},
    response::ProjectPage,
};
use rusqlite::{Connection, OptionalExtension, Params};

use crate::store::{
    StoreError,
    sqlite::{
        columns::{PROJECT, level_code, project_from_row},
        scope_keys,
    },
};

/// Projects named in an error when a name fits several.
const CANDIDATES_MAX: i64 = 10;

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

/// A directory and those above it. Both separators are taken as such, whatever the platform.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let first = (!path.is_empty()).then_some(path);
    std::iter::successors(first, |path| {
        let cut = path.trim_end_matches(['/', '\\']).rfind(['/', '\\'])?;
        // The root itself keeps its separator.
        let end = if cut == 0 { 1 } else { cut };
        (end < path.len()).then(|| &path[..end])
    })
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
    let mut found = many(connection, "p.name = ?1 LIMIT ?2", (name, CANDIDATES_MAX))?;
    if found.len() <= 1 {
        return Ok(found.pop());
    }
    let ids: Vec<String> = found.iter().map(|project| project.id.to_string()).collect();
    Err(StoreError::refused(
        ErrorBody::new(ErrorCode::Conflict, format!("{} projects have this name", found.len()))
            .with_field("name")
            .with_value(name)
            .with_allowed(ids.join(", "))
            .with_suggestion("Name the project by its id or directory, or give its organisation"),
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_those_above_it() {
        let of = |path| ancestors(path).collect::<Vec<_>>();
        assert_eq!(
            of("/home/ada/app/src"),
            ["/home/ada/app/src", "/home/ada/app", "/home/ada", "/home", "/"]
        );
        assert_eq!(of("C:\\work\\app"), ["C:\\work\\app", "C:\\work", "C:"]);
        assert_eq!(of("/"), ["/"]);
        assert_eq!(of(""), [""; 0]);
        assert_eq!(of("app"), ["app"]);
    }
}
