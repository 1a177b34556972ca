//! What a write answers, and what it tells others.

use agent_memory_proto::{
    Event, Response,
    event::ChangeAction,
    model::{Entry, ScopeRef},
    response::{WriteAction, Written},
};

use crate::store::Change;

/// The answer to one or many writes of entries.
pub(in crate::store) fn entries_reply(mut written: Vec<Written>, bulk: bool) -> Response {
    match written.pop() {
        Some(only) if !bulk => Response::Written(only),
        last => {
            written.extend(last);
            Response::BulkWritten(written)
        }
    }
}

/// What one write did to an entry: the answer, and what others are told.
pub(in crate::store) fn report(
    entry: &Entry,
    action: WriteAction,
    at_ms: i64,
    by: Option<&str>,
) -> (Written, Change) {
    let written = Written {
        action,
        id: entry.id,
        kind: entry.kind(),
        scope: entry.scope,
        name: entry.name.clone(),
        version: entry.version.number,
        at_ms,
        conflict: entry.version.conflict,
    };
    let event = Event::EntryChanged {
        entry_id: entry.id,
        kind: entry.kind(),
        scope: entry.scope,
        action: match action {
            WriteAction::Added => ChangeAction::Added,
            WriteAction::Updated => ChangeAction::Updated,
            WriteAction::Deactivated => ChangeAction::Deactivated,
            WriteAction::Deleted => ChangeAction::Deleted,
        },
        version: entry.version.number,
        changed_by: by.map(str::to_owned),
    };
    (written, Change::of_content(entry.scope, Some(event)))
}

/// A scope came, went or moved.
pub(super) const fn scope_changed(scope: ScopeRef) -> Change {
    Change { scope, scope_tree: true, permissions: false, event: None }
}

/// A scope went, and with it what agents may do there.
pub(super) const fn scope_removed(scope: ScopeRef) -> Change {
    Change { scope, scope_tree: true, permissions: true, event: None }
}
