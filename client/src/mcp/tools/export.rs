//! memory_export: the document of what is stored. Its plan is the first page; the bridge reads the others.

use agent_memory_proto::{Request, model::EntryKind, request::ExportPage};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_export",
    actions: &["export"],
    parameters: &[
        "action",
        "format",
        "types",
        "scopeType",
        "scopeId",
        "tags",
        "includeVersions",
        "includeInactive",
        "filename",
        "admin_key",
        "agentId",
    ],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, _: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let types = call.texts("types")?.unwrap_or_default();
    let kinds: Option<Vec<EntryKind>> = types.iter().map(|kind| kind.parse().ok()).collect();
    let kinds = kinds.ok_or_else(|| {
        let allowed = "guidelines, knowledge, tools";
        Box::new(agent_memory_proto::ErrorBody::invalid("types", types.join(", "), allowed))
    })?;
    // Exporting changes nothing and needs no key; callers of the original give one.
    call.text("admin_key")?;
    Ok(Request::ExportPage(ExportPage {
        kinds,
        scope: scopes.given(call, "scopeType", "scopeId")?,
        tags: call.texts("tags")?.unwrap_or_default(),
        include_inactive: call.flag("includeInactive")?.unwrap_or(true),
        include_versions: call.flag("includeVersions")?.unwrap_or(true),
        cursor: None,
    }))
}
