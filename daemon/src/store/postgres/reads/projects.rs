//! Reads projects: by id, by directory or one above it, by name, and in pages.

use agent_memory_proto::{
    model::{Id, Project, ScopeLevel},
    request::{GetProject, ListProjects},
    response::ProjectPage,
};
use uuid::Uuid;

use crate::store::{
    StoreError,
    answers::projects::{CANDIDATES_MAX, ancestors, the_only},
    columns::level_code,
    postgres::{
        columns::{PROJECT, code, project_from_row, text_key, uuid},
        connection::Connection,
        values::{Value, value},
    },
};

/// The project that the request names.
///
/// # Errors
/// `Conflict` when a name fits several.
pub(super) async fn find(
    connection: &Connection,
    request: &GetProject,
) -> Result<Option<Project>, StoreError> {
    if let Some(id) = request.id {
        return by_id(connection, id).await;
    }
    if let Some(root_path) = &request.root_path {
        return at_or_above(connection, root_path).await;
    }
    let Some(name) = &request.name else { return Ok(None) };
    let Some(org) = request.org_id else {
        let values = [value(name), value(&CANDIDATES_MAX)];
        return the_only(name, many(connection, "p.name = $1 ORDER BY p.org LIMIT $2", &values).await?);
    };
    let level = code(level_code(ScopeLevel::Org));
    let condition = "p.name = $1 AND p.org = (SELECT key FROM scopes WHERE level = $2 AND id = $3)";
    one(connection, condition, &[value(name), value(&level), value(&uuid(org))]).await
}

pub(in crate::store::postgres) async fn by_id(
    connection: &Connection,
    id: Id,
) -> Result<Option<Project>, StoreError> {
    let level = code(level_code(ScopeLevel::Project));
    one(connection, "s.level = $1 AND s.id = $2", &[value(&level), value(&uuid(id))]).await
}

/// The project of a directory, or of the nearest one above it that has a project.
async fn at_or_above(connection: &Connection, root_path: &str) -> Result<Option<Project>, StoreError> {
    let directories: Vec<&str> = ancestors(root_path).collect();
    let keys: Vec<Uuid> = directories.iter().map(|directory| text_key(directory)).collect();
    let condition = "p.root_path_key = ANY ($1) AND p.root_path = ANY ($2) \
                     ORDER BY octet_length(p.root_path) DESC LIMIT 1";
    one(connection, condition, &[value(&keys), value(&directories)]).await
}

fn select(condition: &str) -> String {
    format!(
        "SELECT {PROJECT} FROM projects p JOIN scopes s ON s.key = p.scope \
         LEFT JOIN scopes o ON o.key = p.org WHERE {condition}"
    )
}

async fn one(
    connection: &Connection,
    condition: &str,
    values: &[Value<'_>],
) -> Result<Option<Project>, StoreError> {
    let row = connection.row(&select(condition), values).await?;
    row.as_ref().map(project_from_row).transpose()
}

async fn many(
    connection: &Connection,
    condition: &str,
    values: &[Value<'_>],
) -> Result<Vec<Project>, StoreError> {
    connection.rows(&select(condition), values).await?.iter().map(project_from_row).collect()
}

pub(super) async fn page(connection: &Connection, request: &ListProjects) -> Result<ProjectPage, StoreError> {
    let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
    let page = [value(&wanted), value(&offset)];
    let rows = match request.org_id {
        None => many(connection, "TRUE ORDER BY p.name, p.org LIMIT $1 OFFSET $2", &page).await?,
        Some(org) => {
            let (level, org) = (code(level_code(ScopeLevel::Org)), uuid(org));
            let condition = "p.org = (SELECT key FROM scopes WHERE level = $3 AND id = $4) \
                             ORDER BY p.name LIMIT $1 OFFSET $2";
            let [wanted, offset] = page;
            many(connection, condition, &[wanted, offset, value(&level), value(&org)]).await?
        }
    };
    let (projects, has_more) = super::cut(rows, request.limit);
    Ok(ProjectPage { projects, has_more })
}
