//! memory_quickstart: bind or create the project, start a session, return what is known.

use agent_memory_proto::{ErrorBody, ErrorCode, Request, limits, request::Quickstart};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_quickstart",
    actions: &[],
    parameters: &[
        "sessionName",
        "sessionPurpose",
        "projectId",
        "agentId",
        "inherit",
        "limitPerType",
        "createProject",
        "projectName",
        "projectDescription",
        "rootPath",
        "grantPermissions",
        "permissionLevel",
        "verbose",
        "displayMode",
        "autoEpisode",
        "mintoStyle",
        "budgetTokens",
        "project",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: true,
    plan,
};

fn plan(call: &mut Arguments, _: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let mut project_name = call.text("projectName")?;
    let mut project_id = call.id("projectId")?;
    let mut root_path = call.text("rootPath")?;
    if project_id.is_none() && root_path.is_none() && project_name.is_none() {
        project_id = scopes.project.as_ref().map(|project| project.id);
    }
    if project_id.is_none() && root_path.is_none() {
        root_path.clone_from(&scopes.directory);
        project_name = project_name.or_else(|| scopes.project_name.clone());
    }
    if project_id.is_none() && root_path.is_none() && project_name.is_none() {
        return Err(nowhere(scopes));
    }
    Ok(Request::Quickstart(Quickstart {
        project_id,
        root_path,
        project_name,
        project_description: call.text("projectDescription")?,
        create_project: call.flag("createProject")?.unwrap_or(true),
        session_name: call.text("sessionName")?,
        session_purpose: call.text("sessionPurpose")?,
        agent_id: None,
        inherit: call.flag("inherit")?.unwrap_or(true),
        limit_per_kind: call.integer("limitPerType", 1..=limits::PAGE_ROWS_MAX)?,
        budget_tokens: call.integer("budgetTokens", 1..=limits::CONTEXT_TOKENS_MAX)?,
    }))
}

fn nowhere(scopes: &Scopes) -> Refusal {
    let error = ErrorBody::new(
        ErrorCode::MissingField,
        "rootPath or projectName is required: the working directory is in no git repository, so the project is not known",
    );
    let suggestion = match &scopes.working_directory {
        Some(directory) => {
            format!("Give rootPath (this bridge runs in {directory}), projectName or projectId")
        }
        None => "Give rootPath, projectName or projectId".to_owned(),
    };
    Box::new(error.with_field("rootPath").with_suggestion(suggestion))
}
