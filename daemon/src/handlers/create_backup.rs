//! Make a backup and verify it.

use std::sync::Arc;

use agent_memory_proto::{
    Response,
    model::{AuditAction, AuditKind},
    request::CreateBackup,
};

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call, request: CreateBackup) -> Handled {
    let label = request.name.unwrap_or_else(|| backups::LABEL_DEFAULT.to_owned());
    backups::check_label(&label)?;
    call.check_admin("making a backup", request.admin_key.as_deref()).await?;
    let report = backups::create(Arc::clone(&call.services), label).await?;
    call.note(AuditAction::Backup, AuditKind::Backup, Some(&report.backup.filename));
    Ok(Response::BackupCreated(Box::new(report)).into())
}
