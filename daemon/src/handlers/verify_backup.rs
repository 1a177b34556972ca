//! Check a backup.

use agent_memory_proto::{
    Response,
    model::{AuditAction, AuditKind},
    request::VerifyBackup,
};

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call, request: VerifyBackup) -> Handled {
    call.check_admin("checking a backup", request.admin_key.as_deref()).await?;
    let report = backups::verify(&call.services, request.filename).await?;
    call.note(AuditAction::Verify, AuditKind::Backup, Some(&report.backup.filename));
    Ok(Response::BackupVerified(Box::new(report)).into())
}
