//! Make a backup and verify it.

use agent_memory_proto::{Response, request::CreateBackup};

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call, request: CreateBackup) -> Handled {
    let label = request.name.unwrap_or_else(|| backups::LABEL_DEFAULT.to_owned());
    backups::check_label(&label)?;
    call.check_admin("making a backup", request.admin_key.as_deref())?;
    let report = backups::create(call.services, label).await?;
    Ok(Response::BackupCreated(Box::new(report)).into())
}
