//! List sessions.

use agent_memory_proto::{
    Response,
    model::{ScopeRef, SessionReport},
    request::ListSessions,
    response::SessionReportPage,
};

use super::{Call, Handled, checks};
use crate::permissions::page_of_readable;

pub(super) async fn handle(call: Call, request: ListSessions) -> Handled {
    checks::page(request.limit, request.offset)?;
    call.require("projectId", request.project_id.map(ScopeRef::project)).await?;
    let fetch = async |limit, offset| {
        let wanted = ListSessions { limit, offset, ..request.clone() };
        let page = call.services.store.scopes.sessions(wanted).await?;
        Ok((page.sessions, page.has_more))
    };
    let wanted = (request.limit, request.offset);
    let scope_of = |report: &SessionReport| ScopeRef::session(report.session.id);
    let (sessions, has_more) = page_of_readable(&call, wanted, fetch, scope_of).await?;
    let page = SessionReportPage { sessions, has_more };
    Ok(if call.protocol >= SessionReportPage::PROTOCOL {
        Response::SessionReports(page)
    } else {
        Response::Sessions(page.into())
    }
    .into())
}
