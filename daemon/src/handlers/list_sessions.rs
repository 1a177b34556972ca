//! List sessions.

use agent_memory_proto::{Response, model::ScopeRef, request::ListSessions, response::SessionReportPage};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ListSessions) -> Handled {
    checks::page(request.limit, request.offset)?;
    if let Some(project_id) = request.project_id {
        call.scopes(ScopeRef::project(project_id), false).await?;
    }
    let page = call.services.store.scopes.sessions(request).await?;
    Ok(if call.protocol >= SessionReportPage::PROTOCOL {
        Response::SessionReports(page)
    } else {
        Response::Sessions(page.into())
    }
    .into())
}
