//! Change a project.

use agent_memory_proto::{limits, request::UpdateProject};

use super::{
    Call, Handled,
    checks::{self, JsonShape},
};
use crate::store::Write;

pub(super) async fn handle(call: Call, mut request: UpdateProject) -> Handled {
    if let Some(name) = &request.name {
        checks::name("name", name, limits::NAME_CHARS_MAX)?;
    }
    checks::optional(
        "description",
        request.description.iter().flatten().next(),
        limits::DESCRIPTION_CHARS_MAX,
    )?;
    checks::root_path(request.root_path.iter().flatten().next())?;
    request.root_path = request.root_path.map(|path| path.map(checks::normal_root_path));
    request.metadata =
        request.metadata.map(|json| checks::json("metadata", json, JsonShape::Object)).transpose()?;
    call.write(Write::UpdateProject(request)).await
}
