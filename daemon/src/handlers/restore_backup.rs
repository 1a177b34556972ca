//! Put a backup in the place of everything that is stored.

use agent_memory_proto::{Response, request::RestoreBackup};

use super::{Call, Handled};
use crate::backups;

pub(super) async fn handle(call: Call, request: RestoreBackup) -> Handled {
    call.check_admin("restoring a backup", request.admin_key.as_deref())?;
    let restored = backups::restore(call.services, request.filename).await?;
    Ok(Response::BackupRestored(Box::new(restored)).into())
}
