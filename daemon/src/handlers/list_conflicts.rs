//! List conflicts.

use agent_memory_proto::{
    Response,
    model::{EntryKind, PermissionLevel},
    request::ListConflicts,
    response::ConflictPage,
};

use super::{Call, Handled, checks};
use crate::permissions::page_of_readable_kinds;

pub(super) async fn handle(call: Call, request: ListConflicts) -> Handled {
    checks::page(request.limit, request.offset)?;
    let fetch = async |limit, offset| {
        let wanted = ListConflicts { limit, offset, ..request.clone() };
        let page = call.services.store.conflicts.conflicts(wanted).await?;
        Ok((page.conflicts, page.has_more))
    };
    let wanted = (request.limit, request.offset);
    let kinds = EntryKind::ALL.map(Some);
    let is_all = kinds.iter().all(|kind| call.rights.always(*kind, PermissionLevel::Read));
    let is_none = kinds.iter().all(|kind| call.rights.never(*kind, PermissionLevel::Read));
    let (conflicts, has_more) = match (is_all, is_none) {
        (true, _) => fetch(request.limit, request.offset).await?,
        (_, true) => (Vec::new(), false),
        _ => page_of_readable_kinds(&call, wanted, fetch, |one| (one.scope, Some(one.kind))).await?,
    };
    Ok(Response::Conflicts(ConflictPage { conflicts, has_more }).into())
}
