//! Pages of lists that leave out what an agent may not read.

use std::time::Instant;

use agent_memory_proto::{
    ErrorBody, ErrorCode, limits,
    model::{EntryKind, PermissionLevel, ScopeRef},
};

use crate::handlers::Call;

/// Rows that are looked at for one page.
const LOOKED_AT_MAX: u32 = 20_000;

/// A page of what the agent may read, and whether more follows. `fetch` reads rows of the store: so many, after
/// so many others.
///
/// # Errors
/// What the store says; `LimitExceeded` when too much would have to be looked at.
pub(crate) async fn page_of_readable<T>(
    call: &Call,
    (limit, offset): (u32, u32),
    fetch: impl AsyncFn(u32, u32) -> Result<(Vec<T>, bool), ErrorBody>,
    scope_of: impl Fn(&T) -> ScopeRef,
) -> Result<(Vec<T>, bool), ErrorBody> {
    let read = PermissionLevel::Read;
    if call.rights.always(None, read) {
        return fetch(limit, offset).await;
    }
    if call.rights.never(None, read) {
        return Ok((Vec::new(), false));
    }
    page_of_readable_kinds(call, (limit, offset), fetch, |row| (scope_of(row), None)).await
}

/// As [`page_of_readable`], of what belongs to entries of a kind, or to none; each row is looked at.
///
/// # Errors
/// As [`page_of_readable`].
pub(crate) async fn page_of_readable_kinds<T>(
    call: &Call,
    (limit, offset): (u32, u32),
    fetch: impl AsyncFn(u32, u32) -> Result<(Vec<T>, bool), ErrorBody>,
    place_of: impl Fn(&T) -> (ScopeRef, Option<EntryKind>),
) -> Result<(Vec<T>, bool), ErrorBody> {
    let read = PermissionLevel::Read;
    let (mut page, mut skipped, mut looked_at) = (Vec::new(), 0, 0);
    loop {
        let (rows, has_more) = fetch(limits::PAGE_ROWS_MAX, looked_at).await?;
        looked_at += limits::PAGE_ROWS_MAX;
        for row in rows {
            let (scope, kind) = place_of(&row);
            if !call.may(scope, kind, read).await? {
                continue;
            }
            if skipped < offset {
                skipped += 1;
            } else if u32::try_from(page.len()).is_ok_and(|rows| rows < limit) {
                page.push(row);
            } else {
                return Ok((page, true));
            }
        }
        if !has_more {
            return Ok((page, false));
        }
        if looked_at >= LOOKED_AT_MAX || Instant::now() >= call.deadline {
            let message = format!("among {looked_at} rows there are too few that this agent may read");
            return Err(ErrorBody::new(ErrorCode::LimitExceeded, message)
                .with_suggestion("Name a project or an organisation, so that there is less to look at"));
        }
    }
}
