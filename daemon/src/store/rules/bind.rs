//! Finds or creates a project, and takes up or starts a session of it, in one step: agents that
//! start at the same time end up in the same project.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Id, Project, ScopeRef, Session},
    response::{Context, Quickstarted},
};

use super::{
    Applied, projects,
    reports::scope_changed,
    sessions,
    transaction::{Step, WriteTransaction},
};
use crate::store::StoreError;

/// Directories of the same name get a number; nobody has as many.
const SAME_NAMES_MAX: u32 = 1_000;

/// Which project is meant.
pub(super) struct ProjectWish<'a> {
    pub(super) id: Option<Id>,
    pub(super) draft: Option<&'a Project>,
    pub(super) may_create: bool,
}

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    wish: &ProjectWish<'_>,
    session: &Session,
    at_ms: i64,
) -> Applied {
    rows.lock_scopes().await?;
    let mut changes = Vec::new();
    let (project, project_created) = match find(rows, wish).await? {
        Some(project) => (project, false),
        None => {
            let project = create(rows, wish).await?;
            changes.push(scope_changed(ScopeRef::project(project.id)));
            (project, true)
        }
    };
    let mut session = Session { project_id: Some(project.id), ..session.clone() };
    let session_resumed = match sessions::find_active(rows, &session).await? {
        Some(active) => {
            session = active;
            sessions::touch(rows, &session, at_ms).await?;
            true
        }
        None => {
            sessions::insert(rows, &session).await?;
            changes.push(scope_changed(ScopeRef::session(session.id)));
            false
        }
    };
    let context = Context {
        scope: ScopeRef::session(session.id),
        entries: Vec::new(),
        used_tokens: 0,
        budget_tokens: 0,
        omitted: Vec::new(),
    };
    let bound = Quickstarted { project, project_created, session, session_resumed, context };
    Ok((Response::Quickstarted(Box::new(bound)), changes))
}

async fn find(rows: &impl WriteTransaction, wish: &ProjectWish<'_>) -> Step<Option<Project>> {
    if let Some(id) = wish.id {
        return match rows.project(id).await? {
            Some(project) => Ok(Some(project)),
            None => Err(StoreError::refused(
                ErrorBody::not_found("project", id)
                    .with_field("projectId")
                    .with_suggestion("List the projects, or give the directory instead of the id"),
            )),
        };
    }
    let Some(draft) = wish.draft else {
        return Err(StoreError::refused(
            ErrorBody::missing("projectId").with_suggestion("Give the project's id, directory or name"),
        ));
    };
    match &draft.root_path {
        Some(root_path) => rows.project_at(root_path).await,
        None => {
            let org = projects::org_key(rows, draft.org_id).await?;
            rows.project_named(&draft.name, org).await
        }
    }
}

async fn create(rows: &impl WriteTransaction, wish: &ProjectWish<'_>) -> Step<Project> {
    let Some(draft) = wish.draft.filter(|_| wish.may_create) else {
        let (field, value) = match wish.draft {
            Some(Project { root_path: Some(root_path), .. }) => ("rootPath", root_path.as_str()),
            Some(project) => ("projectName", project.name.as_str()),
            None => ("projectId", ""),
        };
        return Err(StoreError::refused(
            ErrorBody::not_found("project", value)
                .with_field(field)
                .with_suggestion("Allow it to be created, or create it first"),
        ));
    };
    let mut project = draft.clone();
    project.name = free_name(rows, draft).await?;
    projects::insert(rows, &project).await?;
    Ok(project)
}

/// Two directories may have the same last part, and a project's name must be its own.
async fn free_name(rows: &impl WriteTransaction, draft: &Project) -> Step<String> {
    let org = projects::org_key(rows, draft.org_id).await?;
    let numbered = (2..SAME_NAMES_MAX).map(|number| format!("{} ({number})", draft.name));
    for name in std::iter::once(draft.name.clone()).chain(numbered) {
        if rows.project_named(&name, org).await?.is_none() {
            return Ok(name);
        }
    }
    Err(StoreError::refused(
        ErrorBody::new(ErrorCode::AlreadyExists, "too many projects have this name")
            .with_field("projectName")
            .with_value(&draft.name)
            .with_suggestion("Give the project a name of its own"),
    ))
}
