//! End a lock, whoever holds it. It is written to the log for those who look after the daemon.

use agent_memory_proto::{Response, limits, request::ForceUnlockFile};

use super::{Call, Handled, checkin_file, checks, lock_path};

/// Who does it without naming an agent.
const OWNER: &str = "the socket's owner";

pub(super) async fn handle(call: Call, request: ForceUnlockFile) -> Handled {
    let path = lock_path::normal(&request.path)?;
    checks::optional("reason", request.reason.as_ref(), limits::LOCK_REASON_CHARS_MAX)?;
    let by = call.agent_or("agentId", request.agent_id)?;
    call.check_admin("unlocking a file by force", request.admin_key.as_deref()).await?;
    // Whoever is said to do it does it.
    let call = Call { agent: by.clone(), ..call };
    let answer = checkin_file::unlock(&call, path, None, None).await?;
    if let Some(Response::CheckedIn(checked_in)) = answer.response() {
        let lock = &checked_in.lock;
        tracing::warn!(
            target: "agent_memory::audit",
            action = "force_unlock",
            path = lock.path,
            by = by.as_deref().unwrap_or(OWNER),
            reason = request.reason,
            owner = lock.agent_id,
            session = lock.session_id.map(tracing::field::display),
            token = lock.token,
            "a file was unlocked by force"
        );
    }
    Ok(answer)
}
