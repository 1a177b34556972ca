//! Add one entry in the place of others, and tell what says the same.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::Id,
    request::AddEntryInstead,
    response::{EntryAdded, Written},
};

use super::{Answer, Call, Handled, Reply, drafts, similar};
use crate::store::{Succession, Write};

pub(super) async fn handle(call: Call, request: AddEntryInstead) -> Handled {
    let AddEntryInstead { add, supersedes, find_similar } = request;
    let entry = drafts::new_entry(&call, add)?;
    let supersedes = similar::superseded(&call, &supersedes)?;
    let draft = &entry.draft;
    let found = match find_similar {
        true => similar::find(&call, &draft.name, draft.body.text(), draft.scope).await?,
        false => Vec::new(),
    };
    // What takes the place of nothing is stored as any other entry is, together with those of other callers.
    let write = match supersedes.is_empty() {
        true => Write::AddEntries { entries: vec![entry], bulk: false },
        false => Write::Succeed(Box::new(Succession { entry, inferred_by: None, supersedes })),
    };
    let Answer { reply, flags, .. } = call.write(write).await?;
    let mut added = added(reply)?;
    let without: Vec<Id> =
        added.superseded.iter().chain([&added.written]).map(|written: &Written| written.id).collect();
    added.similar = similar::tellable(&call, found, &without).await?;
    Ok(Answer::made(Response::EntryAdded(Box::new(added)), flags, None))
}

fn added(reply: Reply) -> Result<EntryAdded, ErrorBody> {
    match reply {
        Reply::Made(Response::Written(written)) => {
            Ok(EntryAdded { written, superseded: Vec::new(), similar: Vec::new() })
        }
        Reply::Made(Response::EntryAdded(added)) => Ok(*added),
        _ => Err(ErrorBody::new(ErrorCode::Internal, "the store answered a new entry with something else")),
    }
}
