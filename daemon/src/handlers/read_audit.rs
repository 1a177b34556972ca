//! Read the audit.

use agent_memory_proto::{Response, request::ReadAudit};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: Call, request: ReadAudit) -> Handled {
    checks::page(request.limit, 0)?;
    if let Some(agent) = &request.agent {
        checks::agent("agent", agent)?;
    }
    if let Some(scope) = request.scope {
        checks::scope("scope", scope)?;
    }
    call.check_admin("reading the audit", request.admin_key.as_deref()).await?;
    Ok(Response::Audit(call.services.store.audit.audit(request).await?).into())
}
