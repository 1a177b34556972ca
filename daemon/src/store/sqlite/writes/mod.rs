//! One file for each write. All of them run within the savepoint of the writer: an error leaves no
//! trace of the write.

mod add_entries;
mod bind;
mod deactivate_entry;
mod delete_entries;
mod delete_project;
mod entry_rows;
mod orgs;
mod projects;
mod remember;
mod sessions;
mod update_entries;

use agent_memory_proto::{
    ErrorBody, Event, Response,
    event::ChangeAction,
    model::{Entry, ScopeRef},
    response::{WriteAction, Written},
};
use rusqlite::Connection;

use super::prepare;
use crate::{
    store::{Change, StoreError, Write},
    text::entry::IndexedEntry,
};

/// What a write answers, and what it changed.
type Applied = Result<(Response, Vec<Change>), StoreError>;

/// Applies one write, with all the work that it takes.
///
/// # Errors
/// `Refused` with the cause, or what SQLite says.
pub(super) fn apply(connection: &Connection, write: &Write, at_ms: i64) -> Applied {
    apply_prepared(connection, write, &prepare::texts_of(write), at_ms)
}

/// Applies one write; `texts` are the words of its new entries.
///
/// # Errors
/// As [`apply`].
pub(super) fn apply_prepared(
    connection: &Connection,
    write: &Write,
    texts: &[IndexedEntry],
    at_ms: i64,
) -> Applied {
    match write {
        Write::AddEntries { entries, bulk } => add_entries::apply(connection, entries, texts, *bulk, at_ms),
        Write::UpdateEntries { updates, bulk, conflict_window_ms } => {
            update_entries::apply(connection, updates, *bulk, *conflict_window_ms, at_ms)
        }
        Write::DeactivateEntry { kind, id, version_id, updated_by, change_reason } => {
            let change = deactivate_entry::Deactivation {
                version_id: *version_id,
                updated_by: updated_by.clone(),
                change_reason: change_reason.clone(),
                at_ms,
            };
            deactivate_entry::apply(connection, *kind, *id, change)
        }
        Write::DeleteEntries { kind, ids, bulk, deleted_by } => {
            delete_entries::apply(connection, *kind, ids, *bulk, deleted_by.as_deref(), at_ms)
        }
        Write::CreateOrg(org) => orgs::create(connection, org),
        Write::CreateProject(project) => projects::create(connection, project),
        Write::UpdateProject(update) => projects::update(connection, update, at_ms),
        Write::DeleteProject(id) => delete_project::apply(connection, *id),
        Write::StartSession(session) => sessions::start(connection, session),
        Write::EndSession { id, status } => sessions::end(connection, *id, *status, at_ms),
        Write::Remember { entry, inferred_by } => remember::apply(connection, entry, inferred_by, at_ms),
        Write::Bind { project_id, project, create_project, session } => {
            let wish =
                bind::ProjectWish { id: *project_id, draft: project.as_ref(), may_create: *create_project };
            bind::apply(connection, &wish, session)
        }
    }
}

/// The answer to one or many writes of entries.
fn entries_reply(mut written: Vec<Written>, bulk: bool) -> Response {
    match written.pop() {
        Some(only) if !bulk => Response::Written(only),
        last => {
            written.extend(last);
            Response::BulkWritten(written)
        }
    }
}

/// Names the position of an item in a bulk request, as `entries[3].name`.
fn at_position(error: StoreError, bulk: bool, list: &str, position: usize) -> StoreError {
    match error {
        StoreError::Refused(mut body) if bulk => {
            let field = body.field.map_or_else(String::new, |field| format!(".{field}"));
            body.field = Some(format!("{list}[{position}]{field}"));
            StoreError::Refused(body)
        }
        other => other,
    }
}

/// What one write did to an entry: the answer, and what others are told.
fn report(entry: &Entry, action: WriteAction, at_ms: i64, by: Option<&str>) -> (Written, Change) {
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
    (written, Change { scope: entry.scope, scope_tree: false, event: Some(event) })
}

/// A scope came, went or moved.
const fn scope_changed(scope: ScopeRef) -> Change {
    Change { scope, scope_tree: true, event: None }
}

fn no_entry(kind: agent_memory_proto::model::EntryKind, id: agent_memory_proto::model::Id) -> StoreError {
    StoreError::refused(
        ErrorBody::not_found(kind.name(), id)
            .with_field("id")
            .with_suggestion("Search or list to find the id"),
    )
}
