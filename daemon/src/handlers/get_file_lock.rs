//! Who holds a file.

use agent_memory_proto::{Response, request::GetFileLock, response::FileLockStatus};

use super::{Call, Handled, lock_path};

pub(super) async fn handle(call: Call, request: GetFileLock) -> Handled {
    let path = lock_path::normal(&request.path)?;
    let held = call.services.store.locks.file_lock(path.clone(), call.now_ms).await?;
    let waiting = call.services.lock_lines.waiting(&path);
    let status = FileLockStatus { path, lock: held.map(|held| held.lock), waiting };
    Ok(Response::FileLockStatus(Box::new(status)).into())
}
