//! Registers agents whose names are proved, and forgets them.

use agent_memory_proto::{ErrorBody, ErrorCode, Response, model::ScopeRef, response::AgentRegistered};

use super::{Applied, transaction::WriteTransaction};
use crate::store::{AGENTS_MAX, Change, KnownAgent, StoreError};

/// Who is who is read together with what each may do.
const CHANGED: Change = Change { scope: ScopeRef::GLOBAL, scope_tree: false, permissions: true, event: None };

/// The answer has no token: it may be kept.
pub(super) async fn register(rows: &impl WriteTransaction, known: &KnownAgent) -> Applied {
    rows.lock_scopes().await?;
    let is_new = rows.agent(&known.agent.name).await?.is_none();
    if is_new && rows.count_agents().await? >= u64::from(AGENTS_MAX) {
        return Err(StoreError::refused(
            ErrorBody::new(ErrorCode::LimitExceeded, format!("there are {AGENTS_MAX} agents, the most"))
                .with_suggestion("Revoke those that are not used any more: agent-memory agent list"),
        ));
    }
    rows.put_agent(known).await?;
    let registered = AgentRegistered { agent: known.agent.clone(), token: String::new(), replaced: !is_new };
    Ok((Response::AgentRegistered(Box::new(registered)), vec![CHANGED]))
}

pub(super) async fn revoke(rows: &impl WriteTransaction, name: &str) -> Applied {
    rows.lock_scopes().await?;
    let Some(agent) = rows.agent(name).await? else {
        return Err(StoreError::refused(
            ErrorBody::not_found("agent", name)
                .with_field("name")
                .with_suggestion("List the agents to find the name: agent-memory agent list"),
        ));
    };
    rows.remove_agent(name).await?;
    Ok((Response::AgentRevoked(agent), vec![CHANGED]))
}
