//! Remove all but the newest backups.

use agent_memory_proto::{
    ErrorBody, Response, limits,
    model::{AuditAction, AuditKind},
    request::CleanupBackups,
};

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call, request: CleanupBackups) -> Handled {
    if request.keep == 0 || request.keep > limits::BACKUPS_KEPT_MAX {
        let allowed = format!("1 to {}", limits::BACKUPS_KEPT_MAX);
        return Err(ErrorBody::invalid("keepCount", request.keep, allowed));
    }
    call.check_admin("removing backups", request.admin_key.as_deref()).await?;
    let cleaned = backups::clean_up(&call.services, request.keep).await?;
    let deleted = format!("{} deleted, {} kept", cleaned.deleted.len(), cleaned.kept.len());
    call.note(AuditAction::CleanUp, AuditKind::Backup, Some(&deleted));
    Ok(Response::BackupsCleaned(cleaned).into())
}
