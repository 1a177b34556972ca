//! Bind or create the project of a directory, start a session, and return its context.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Project, ScopeRef},
    request::{CreateProject, GetContext, Quickstart, StartSession},
};

use super::{Answer, Call, Handled, Reply, create_project, get_context, start_session};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: Quickstart) -> Handled {
    let project = wanted_project(&call, &request)?;
    let session = StartSession {
        id: None,
        project_id: request.project_id,
        name: request.session_name,
        purpose: request.session_purpose.clone(),
        agent_id: request.agent_id,
        metadata: None,
    };
    let session = start_session::new_session(&call, session)?;
    let create_project = request.create_project;
    let bound =
        call.write(Write::Bind { project_id: request.project_id, project, create_project, session }).await?;
    let Answer { reply: Reply::Made(Response::Quickstarted(mut started)), flags, .. } = bound else {
        return Err(ErrorBody::new(
            ErrorCode::Internal,
            "the store answered a quickstart with something else",
        ));
    };
    let context = GetContext {
        scope: ScopeRef::session(started.session.id),
        inherit: request.inherit,
        query: request.session_purpose,
        kinds: Vec::new(),
        budget_tokens: request.budget_tokens,
        limit_per_kind: request.limit_per_kind,
    };
    // Without inheritance the project's own memory is meant, not that of a session just begun.
    let scope = if request.inherit { context.scope } else { ScopeRef::project(started.project.id) };
    started.context = get_context::gather(&call, GetContext { scope, ..context }).await?;
    Ok(Answer::made(Response::Quickstarted(started), flags, None))
}

/// The project that is looked for, and created if it may be; `None` when its id is given.
fn wanted_project(call: &Call, request: &Quickstart) -> Result<Option<Project>, ErrorBody> {
    if request.project_id.is_some() {
        return Ok(None);
    }
    let last_part =
        request.root_path.as_deref().and_then(|path| path.trim_end_matches('/').rsplit(['/', '\\']).next());
    let name =
        request.project_name.clone().or_else(|| last_part.filter(|part| !part.is_empty()).map(str::to_owned));
    let name = name.ok_or_else(|| {
        ErrorBody::missing("rootPath").with_allowed("projectId, rootPath or projectName").with_suggestion(
            "Give the project's directory, or run in a git work tree; the project is never guessed beyond that",
        )
    })?;
    let project = CreateProject {
        id: None,
        org_id: None,
        name,
        description: request.project_description.clone(),
        root_path: request.root_path.clone(),
        metadata: None,
    };
    create_project::new_project(call, project).map(Some)
}
