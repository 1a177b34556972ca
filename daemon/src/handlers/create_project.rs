//! Create a project.

use agent_memory_proto::{ErrorBody, limits, model::Project, request::CreateProject};

use super::{
    Call, Handled,
    checks::{self, JsonShape},
};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: CreateProject) -> Handled {
    let project = new_project(&call, request)?;
    call.write(Write::CreateProject(project)).await
}

/// Checks the fields of a project; quickstart creates projects too.
pub(super) fn new_project(call: &Call, request: CreateProject) -> Result<Project, ErrorBody> {
    checks::name("name", &request.name, limits::NAME_CHARS_MAX)?;
    checks::optional("description", request.description.as_ref(), limits::DESCRIPTION_CHARS_MAX)?;
    checks::root_path(request.root_path.as_ref())?;
    Ok(Project {
        id: request.id.unwrap_or_else(|| call.new_id()),
        org_id: request.org_id,
        name: request.name,
        description: request.description,
        root_path: request.root_path.map(checks::normal_root_path),
        metadata: checks::json("metadata", request.metadata, JsonShape::Object)?,
        created_at_ms: call.now_ms,
        updated_at_ms: call.now_ms,
    })
}
