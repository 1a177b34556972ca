//! Update several entries, all or none.

use agent_memory_proto::request::BulkUpdateEntries;

use super::{Call, Handled, at_position, checks, patches};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: BulkUpdateEntries) -> Handled {
    checks::bulk("updates", request.updates.len())?;
    let updates = request.updates.into_iter().enumerate().map(|(index, update)| {
        patches::entry_update(&call, update).map_err(|error| at_position("updates", index, error))
    });
    let updates = updates.collect::<Result<_, _>>()?;
    let conflict_window_ms = call.services.config.conflict_window_ms;
    call.write(Write::UpdateEntries { updates, bulk: true, conflict_window_ms }).await
}
