//! The rules of writing: what each write checks, changes, answers and tells, over rows that a
//! backend reads and changes within one transaction. An error leaves no trace of the write, since
//! the backend undoes it.

mod add_entries;
mod agents;
mod audit;
mod bind;
mod conflicts;
mod deactivate_entry;
mod delete_entries;
mod delete_project;
mod file_locks;
mod import;
mod once;
mod orgs;
mod permissions;
mod projects;
mod promote;
mod refusals;
mod relations;
mod remember;
mod reports;
mod revision;
mod scopes;
mod sessions;
mod supersede;
mod tags;
mod tasks;
mod tidy;
mod transaction;
mod update_entries;
mod words;

use agent_memory_proto::Response;

pub(crate) use self::file_locks::{goes_to_others, taken as file_taken};
pub(crate) use self::refusals::check_validity;
pub(in crate::store) use self::{
    add_entries::Addition,
    audit::lines as audit_lines,
    file_locks::end as lock_end,
    once::KEPT_MS,
    refusals::no_scope,
    relations::{NodeKey, StoredNode, no_node},
    transaction::{
        AgentRows, GLOBAL_KEY, KeptReply, PathLock, SessionState, Step, StoredEntry, WriteTransaction,
    },
    words::{PreparedWrite, is_quick, reads_the_same, text_of, texts_of},
};
use super::{Change, Write, WriteOutcome, WriteRequest};
use crate::text::entry::IndexedEntry;

/// What a write answers, and what it changed.
type Applied = Step<(Response, Vec<Change>)>;

/// Applies one write, once if it has a key, and says so in the audit; `texts` are the words of its new entries.
///
/// # Errors
/// `Refused` with the cause, or what the backend says.
pub(in crate::store) async fn apply(
    rows: &impl WriteTransaction,
    request: &WriteRequest,
    texts: &[IndexedEntry],
) -> Step<WriteOutcome> {
    let applied = async {
        let (reply, changes) = apply_each_time(rows, &request.write, texts, request.at_ms).await?;
        rows.record(audit::lines(request, &reply, &changes)).await?;
        Ok((reply, changes))
    };
    once::apply_once(rows, request.idempotency.as_ref(), request.at_ms, applied).await
}

async fn apply_each_time(
    rows: &impl WriteTransaction,
    write: &Write,
    texts: &[IndexedEntry],
    at_ms: i64,
) -> Applied {
    match write {
        Write::AddEntries { entries, bulk } => add_entries::apply(rows, entries, texts, *bulk, at_ms).await,
        Write::UpdateEntries { updates, bulk, conflict_window_ms } => {
            update_entries::apply(rows, updates, *bulk, *conflict_window_ms, at_ms).await
        }
        Write::DeactivateEntry { kind, id, version_id, updated_by, change_reason } => {
            let revision = revision::Revision {
                version_id: *version_id,
                updated_by: updated_by.clone(),
                change_reason: change_reason.clone(),
                at_ms,
            };
            deactivate_entry::apply(rows, *kind, *id, revision).await
        }
        Write::DeleteEntries { kind, ids, bulk, deleted_by } => {
            delete_entries::apply(rows, *kind, ids, *bulk, deleted_by.as_deref(), at_ms).await
        }
        Write::Import(import) => import::apply(rows, import, at_ms).await,
        Write::CreateOrg(org) => orgs::create(rows, org).await,
        Write::CreateProject(project) => projects::create(rows, project).await,
        Write::UpdateProject(update) => projects::update(rows, update, at_ms).await,
        Write::DeleteProject(id) => delete_project::apply(rows, *id).await,
        Write::StartSession(session) => sessions::start(rows, session).await,
        Write::EndSession { id, status, summary } => {
            sessions::end(rows, *id, *status, summary.as_ref(), at_ms).await
        }
        Write::PromoteSession(wish) => promote::apply(rows, wish).await,
        Write::EndAbandonedSessions { before_ms, limit } => {
            sessions::end_abandoned(rows, *before_ms, *limit, at_ms).await
        }
        Write::Remember { entry, inferred_by } => remember::apply(rows, entry, inferred_by, at_ms).await,
        Write::Bind { project_id, project, create_project, session } => {
            let wish =
                bind::ProjectWish { id: *project_id, draft: project.as_ref(), may_create: *create_project };
            bind::apply(rows, &wish, session, at_ms).await
        }
        Write::CheckoutFile(claim) => file_locks::checkout(rows, claim, at_ms).await,
        Write::CheckinFile { path, owner, token } => {
            file_locks::checkin(rows, path, owner.as_ref(), *token, at_ms).await
        }
        Write::ResolveConflict(wish) => conflicts::resolve(rows, wish, at_ms).await,
        Write::Task(write) => tasks::apply(rows, write, at_ms).await,
        Write::CreateRelation(relation) => relations::create(rows, relation).await,
        Write::DeleteRelation(id) => relations::delete(rows, *id).await,
        Write::CreateTag(tag) => tags::create(rows, tag).await,
        Write::ChangeTag(change) => tags::change(rows, change, at_ms).await,
        Write::SetPermission(permission) => permissions::set(rows, permission).await,
        Write::RemovePermission(id) => permissions::remove(rows, *id).await,
        Write::Note(_) => Ok((Response::Done, Vec::new())),
        Write::RegisterAgent(known) => agents::register(rows, known).await,
        Write::RevokeAgent(name) => agents::revoke(rows, name).await,
        Write::Succeed(new) => supersede::apply(rows, new, at_ms).await,
        Write::Tidy(tidy) => tidy::apply(rows, tidy, at_ms).await,
    }
}
