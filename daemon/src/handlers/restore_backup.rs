//! Put a backup in the place of everything that is stored.

use std::sync::Arc;

use agent_memory_proto::{
    Response,
    model::{AuditAction, AuditKind},
    request::RestoreBackup,
};

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call, request: RestoreBackup) -> Handled {
    call.check_admin("restoring a backup", request.admin_key.as_deref()).await?;
    let restored = backups::restore(Arc::clone(&call.services), request.filename).await?;
    call.note(AuditAction::Restore, AuditKind::Backup, Some(&restored.restored.backup.filename));
    Ok(Response::BackupRestored(Box::new(restored)).into())
}
