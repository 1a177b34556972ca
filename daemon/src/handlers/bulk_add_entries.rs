//! Add several entries, all or none.

use agent_memory_proto::request::BulkAddEntries;

use super::{Call, Handled, at_position, checks, drafts};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: BulkAddEntries) -> Handled {
    checks::bulk("entries", request.entries.len())?;
    let mut entries = Vec::with_capacity(request.entries.len());
    for (index, entry) in request.entries.into_iter().enumerate() {
        let entry = drafts::new_entry(&call, entry);
        entries.push(entry.map_err(|error| at_position("entries", index, error))?);
    }
    call.write(Write::AddEntries { entries, bulk: true }).await
}
