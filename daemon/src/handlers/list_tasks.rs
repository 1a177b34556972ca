//! List tasks.

use agent_memory_proto::{ErrorBody, Response, limits, model::TaskStatus, request::ListTasks};

use super::{Call, Handled, checks, get_task::no_task};
use crate::store::TaskQuery;

pub(super) async fn handle(call: Call, request: ListTasks) -> Handled {
    checks::page(request.limit, request.offset)?;
    checks::optional("category", request.category.as_ref(), limits::TAG_CHARS_MAX)?;
    if let Some(assignee) = &request.assignee {
        checks::agent("assignee", assignee)?;
    }
    if request.statuses.len() > TaskStatus::ALL.len() {
        let allowed = format!("at most {} statuses", TaskStatus::ALL.len());
        return Err(ErrorBody::invalid("status", format!("{} statuses", request.statuses.len()), allowed));
    }
    let scopes = match request.scope {
        Some(scope) => {
            let scopes = call.scopes(scope, request.inherit).await?;
            Some(call.readable_without_kind(&scopes).await?)
        }
        None => None,
    };
    if let Some(parent) = request.parent_id
        && call.services.store.tasks.task(parent).await?.is_none()
    {
        return Err(no_task("parentTaskId", parent));
    }
    let page = call.services.store.tasks.tasks(TaskQuery { request, scopes }).await?;
    Ok(Response::Tasks(page).into())
}
