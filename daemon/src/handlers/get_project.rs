//! Read a project by id, directory or name.

use agent_memory_proto::{ErrorBody, Response, limits, model::ScopeRef, request::GetProject};

use super::{Answer, Call, Handled, checks};

pub(super) async fn handle(call: Call, mut request: GetProject) -> Handled {
    checks::root_path(request.root_path.as_ref())?;
    checks::optional("name", request.name.as_ref(), limits::NAME_CHARS_MAX)?;
    request.root_path = request.root_path.map(checks::normal_root_path);
    let (field, wanted) = match (&request.id, &request.root_path, &request.name) {
        (Some(id), ..) => ("id", id.to_string()),
        (None, Some(path), _) => ("rootPath", path.clone()),
        (None, None, Some(name)) => ("name", name.clone()),
        (None, None, None) => {
            return Err(ErrorBody::missing("id").with_allowed("an id, a rootPath or a name"));
        }
    };
    let generations = &call.services.changes.generations;
    let before = generations.any_change();
    let project = call.services.store.scopes.project(request).await?;
    let project = project.ok_or_else(|| {
        ErrorBody::not_found("project", wanted)
            .with_field(field)
            .with_suggestion("List the projects, or create this one (quickstart does)")
    })?;
    let dependencies = generations.narrow(before, ScopeRef::project(project.id));
    Ok(Answer::cached_under(Response::Project(project), dependencies))
}
