//! Write a new version of one entry.

use agent_memory_proto::request::UpdateEntry;

use super::{Call, Handled, patches};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: UpdateEntry) -> Handled {
    let updates = vec![patches::entry_update(&call, request)?];
    let conflict_window_ms = call.services.config.conflict_window_ms;
    call.write(Write::UpdateEntries { updates, bulk: false, conflict_window_ms }).await
}
