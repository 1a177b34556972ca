//! memory_session: stretches of work.

use agent_memory_proto::{
    ErrorBody, Request, limits,
    model::SessionStatus,
    request::{EndSession, FinishSession, ListSessions, PromoteSession, PromoteStrategy, StartSession},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_session",
    actions: &["start", "end", "list", "promote"],
    parameters: &[
        "action",
        "projectId",
        "name",
        "purpose",
        "agentId",
        "metadata",
        "id",
        "status",
        "summary",
        "ids",
        "conflictStrategy",
        "limit",
        "offset",
        "project",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let bound = scopes.project.as_ref().map(|project| project.id);
    Ok(match action {
        "start" => Request::StartSession(StartSession {
            id: None,
            project_id: call.id("projectId")?.or(bound),
            name: call.text("name")?,
            purpose: call.text("purpose")?,
            agent_id: None,
            metadata: call.object("metadata")?,
        }),
        "end" => {
            let id = call.id("id")?.or(scopes.session);
            let id = call.need("id", id)?;
            let status = call.word("status")?.unwrap_or(SessionStatus::Completed);
            // An older daemon knows of no summaries: it is asked for none without need.
            match call.text("summary")? {
                None => Request::EndSession(EndSession { id, status }),
                summary => Request::FinishSession(FinishSession { id, status, summary }),
            }
        }
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListSessions(ListSessions {
                project_id: call.id("projectId")?.or(bound),
                status: call.word("status")?,
                limit,
                offset,
            })
        }
        "promote" => {
            let id = call.id("id")?.or(scopes.session);
            let strategy = match call.text("conflictStrategy")?.as_deref() {
                None | Some("error") => PromoteStrategy::Refuse,
                Some("skip") => PromoteStrategy::Skip,
                Some(other) => {
                    return Err(Box::new(ErrorBody::invalid("conflictStrategy", other, "error, skip")));
                }
            };
            let ids = call.has("ids").then(|| call.ids("ids", limits::PROMOTE_ENTRIES_MAX)).transpose()?;
            Request::PromoteSession(PromoteSession {
                id: call.need("id", id)?,
                entry_ids: ids.unwrap_or_default(),
                strategy,
                promoted_by: None,
            })
        }
        other => return Err(unplanned(other)),
    })
}
