//! Add one entry.

use agent_memory_proto::request::AddEntry;

use super::{Call, Handled, drafts};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: AddEntry) -> Handled {
    let entries = vec![drafts::new_entry(&call, request)?];
    call.write(Write::AddEntries { entries, bulk: false }).await
}
