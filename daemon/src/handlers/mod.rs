//! Handlers: one file per request. They check and normalise everything that came from outside,
//! resolve scopes, and ask the store. No SQL and no sockets live here.

mod asking;
pub(crate) mod checks;
mod scopes;

mod add_entry;
mod add_entry_instead;
mod add_task;
mod add_task_blocker;
mod admin;
mod authenticate;
mod begin_import;
mod bulk_add_entries;
mod bulk_delete_entries;
mod bulk_update_entries;
mod check_permission;
mod checkin_file;
mod checkout_file;
mod claim_task;
mod cleanup_backups;
mod cluster_status;
mod config;
mod consolidate;
mod create_backup;
mod create_org;
mod create_project;
mod create_relation;
mod create_tag;
mod deactivate_entry;
mod deactivate_task;
mod delete_entry;
mod delete_project;
mod delete_relation;
mod delete_task;
mod drafts;
mod echo;
mod echo_stored;
mod end_import;
mod end_session;
mod entry_history;
mod export_extras;
mod export_page;
mod finish_import;
mod finish_session;
mod force_unlock_file;
mod forget;
mod get_conflict;
mod get_context;
mod get_entry;
mod get_file_lock;
mod get_project;
mod get_task;
mod grant_permission;
mod hand_over;
mod health;
mod list_agents;
mod list_backups;
mod list_conflicts;
mod list_entries;
mod list_file_locks;
mod list_orgs;
mod list_permissions;
mod list_projects;
mod list_relations;
mod list_sessions;
mod list_tags;
mod list_tasks;
pub(crate) mod lock_path;
mod measure_floor;
mod patches;
mod portable;
mod portable_extras;
mod promote_session;
mod quickstart;
mod read_audit;
mod register_agent;
mod remember;
mod remove_task_blocker;
mod resolve_conflict;
mod restore_backup;
mod revoke_agent;
mod revoke_permission;
mod scan;
mod search;
mod search_related;
mod similar;
mod stage_extras;
mod stage_import;
mod start_session;
mod stop;
mod tag_entry;
mod tags_of_entry;
mod task_details;
mod task_history;
mod update_entry;
mod update_project;
mod update_task;
mod verify_backup;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    frame::FLAG_REPLAYED,
    model::{AuditVia, Id},
    response::ImportRefusal,
};
use bytes::Bytes;

pub(crate) use asking::{Asked, handle_once};
pub(crate) use echo::echo;

use crate::{
    cache::{Dependencies, Place},
    imports::{Importer, Line},
    permissions::{self, Asker, Credentials, Proof, Rights},
    secrets::{scrubbed, scrubbed_error},
    services::Services,
    store::{
        Gated, IdempotencyKey, SecretsMode, Write, WriteOutcome, WriteRequest,
        gate::{self, Masked, Texts},
    },
};

/// One request on its way through a handler.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) services: Arc<Services>,
    /// Which agent asks.
    pub(crate) agent: Option<String>,
    /// The protocol version that the peer speaks.
    pub(crate) protocol: u16,
    /// What the agent's name rests on, where names are proved.
    pub(crate) proof: Option<Proof>,
    /// What its connection has shown of who it is.
    pub(crate) credentials: Arc<Credentials>,
    /// Whoever owns the socket asks, not an agent over MCP; where names are proved, not an agent at all.
    pub(crate) by_hand: bool,
    /// The connection that it came over.
    pub(crate) line: Line,
    /// Through what it is asked.
    pub(crate) via: AuditVia,
    /// In which session, if the caller says so.
    pub(crate) session: Option<Id>,
    /// What whoever asks may do.
    pub(crate) rights: Arc<Rights>,
    /// When nobody waits any more.
    pub(crate) deadline: Instant,
    /// For writes.
    pub(crate) idempotency: Option<IdempotencyKey>,
    /// When the request came.
    pub(crate) now_ms: i64,
    /// What the gate masked of it.
    pub(crate) masked: Arc<Masked>,
}

/// What a handler answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// `FLAG_*` bits of the frame.
    pub(crate) flags: u8,
    /// Whether and how long it may be answered again from the cache.
    pub(crate) cacheable: Option<Cacheable>,
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// To be encoded.
    Made(Response),
    /// As another daemon has encoded it.
    PassedOn(Bytes),
}

/// How long an answer is good.
#[derive(Debug)]
pub(crate) struct Cacheable {
    pub(crate) dependencies: Dependencies,
    pub(crate) ttl: Duration,
    /// Where it is left for other daemons.
    pub(crate) place: Option<Place>,
}

pub(crate) type Handled = Result<Answer, ErrorBody>;

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::made(response, 0, None)
    }
}

impl From<WriteOutcome> for Answer {
    fn from(outcome: WriteOutcome) -> Self {
        let flags = if outcome.replayed { FLAG_REPLAYED } else { 0 };
        Self::made(outcome.reply, flags, None)
    }
}

impl Answer {
    fn made(response: Response, flags: u8, cacheable: Option<Cacheable>) -> Self {
        Self { reply: Reply::Made(response), flags, cacheable }
    }

    /// The response, unless another daemon made it.
    fn response(&self) -> Option<&Response> {
        match &self.reply {
            Reply::Made(response) => Some(response),
            Reply::PassedOn(_) => None,
        }
    }

    fn cached_under(response: Response, dependencies: Option<Dependencies>) -> Self {
        let cacheable = dependencies.map(Cacheable::while_they_hold);
        Self::made(response, 0, cacheable)
    }
}

impl Cacheable {
    /// Good until something changes.
    fn while_they_hold(dependencies: Dependencies) -> Self {
        Self { dependencies, ttl: Duration::MAX, place: None }
    }
}

impl Call {
    /// Makes a write durable, once it has passed the gate.
    pub(crate) async fn write(&self, write: Write) -> Handled {
        let write = self.pass(write)?;
        let (caller, at_ms) = (self.caller(), self.now_ms);
        let request = WriteRequest { write, caller, at_ms, idempotency: self.idempotency };
        let outcome = self.services.store.writes.write(request).await?;
        Ok(outcome.into())
    }

    /// Lets a write, or a part of one, through the gate.
    pub(crate) fn pass<T: Texts>(&self, value: T) -> Result<Gated<T>, ErrorBody> {
        gate::pass(self.services.config.secrets, value, &self.masked)
    }

    /// A refusal that is kept for the report of an import, without the secrets that it may repeat.
    fn shown(&self, refusal: ImportRefusal) -> ImportRefusal {
        if self.services.config.secrets == SecretsMode::Allow {
            return refusal;
        }
        let ImportRefusal { at, name, error } = refusal;
        ImportRefusal { at: scrubbed(at), name: scrubbed(name), error: scrubbed_error(error) }
    }

    /// The agent that a field names, else the one that asks.
    pub(crate) fn agent_or(&self, field: &str, given: Option<String>) -> Result<Option<String>, ErrorBody> {
        match given {
            Some(agent) => {
                checks::agent(field, &agent)?;
                Ok(Some(agent))
            }
            None => Ok(self.agent.clone()),
        }
    }

    /// Who asks: without a name, and not over MCP, it is whoever owns the socket.
    pub(crate) fn asker(&self) -> Asker<'_> {
        match (&self.agent, &self.proof) {
            (None, _) if self.by_hand => Asker::Owner,
            (Some(agent), Some(proof)) => Asker::Holder(agent, &proof.token),
            (agent, _) => Asker::Agent(agent.as_deref()),
        }
    }

    /// Who has to do with an import that this began.
    pub(crate) fn importer(&self) -> Importer {
        Importer { agent: self.agent.clone(), by_hand: self.by_hand }
    }

    /// Ends an import after an error that a repetition does not mend.
    fn end_import_after(&self, import: Id, error: &ErrorBody) {
        if error.retry_after_ms.is_none() {
            self.services.imports.end(import, &self.importer());
        }
    }

    pub(crate) fn new_id(&self) -> Id {
        self.services.clock.new_id()
    }
}

/// Says at which item of a bulk request an error was found.
pub(crate) fn at_position(list: &str, index: usize, mut error: ErrorBody) -> ErrorBody {
    let field = error.field.take();
    error.message = format!("{list}[{index}]: {}", error.message);
    error.with_field(
        field.map_or_else(|| format!("{list}[{index}]"), |field| format!("{list}[{index}].{field}")),
    )
}

/// Whether the answer may come from the cache.
pub(crate) fn is_cacheable(request: &Request) -> bool {
    matches!(
        request,
        Request::GetEntry(_)
            | Request::ListEntries(_)
            | Request::EntryHistory(_)
            | Request::Search(_)
            | Request::SearchRelated(_)
            | Request::GetContext(_)
            | Request::GetProject(_)
    )
}

/// Answers one request, if whoever asks may make it. The audit says of every one that is refused.
async fn handle(call: Call, mut request: Request) -> Handled {
    if let Err(error) = permissions::authorise(&call, &mut request).await {
        let (id, scope) = permissions::asked_for(&request);
        call.note_refusal(request.name(), id, scope, &error);
        return Err(permissions::explain(&call, error));
    }
    let (asked, name) = (call.clone(), request.name());
    let handled = answer(call, request).await;
    if let Err(error) = &handled {
        asked.note_refusal(name, None, None, error);
    }
    handled
}

#[allow(clippy::too_many_lines, reason = "a line for each variant")]
async fn answer(call: Call, request: Request) -> Handled {
    match request {
        Request::Echo(request) => Ok(echo(&request)?.into()),
        Request::Health => health::handle(call).await,
        Request::Config => Ok(config::handle(&call)),
        Request::Subscribe => Err(ErrorBody::new(
            ErrorCode::Internal,
            "a subscription belongs to the connection, not to a handler",
        )),
        Request::HandOver(request) => hand_over::handle(&call, &request),
        Request::Stop => Ok(stop::handle(&call)),
        Request::AddEntry(request) => add_entry::handle(call, request).await,
        Request::UpdateEntry(request) => update_entry::handle(call, request).await,
        Request::GetEntry(request) => get_entry::handle(call, request).await,
        Request::ListEntries(request) => list_entries::handle(call, request).await,
        Request::EntryHistory(request) => entry_history::handle(call, request).await,
        Request::DeactivateEntry(request) => deactivate_entry::handle(call, request).await,
        Request::DeleteEntry(request) => delete_entry::handle(call, request).await,
        Request::BulkAddEntries(request) => bulk_add_entries::handle(call, request).await,
        Request::BulkUpdateEntries(request) => bulk_update_entries::handle(call, request).await,
        Request::BulkDeleteEntries(request) => bulk_delete_entries::handle(call, request).await,
        Request::CreateOrg(request) => create_org::handle(call, request).await,
        Request::ListOrgs(request) => list_orgs::handle(call, request).await,
        Request::CreateProject(request) => create_project::handle(call, request).await,
        Request::UpdateProject(request) => update_project::handle(call, request).await,
        Request::GetProject(request) => get_project::handle(call, request).await,
        Request::ListProjects(request) => list_projects::handle(call, request).await,
        Request::DeleteProject(request) => delete_project::handle(call, request).await,
        Request::StartSession(request) => start_session::handle(call, request).await,
        Request::EndSession(request) => end_session::handle(call, request).await,
        Request::ListSessions(request) => list_sessions::handle(call, request).await,
        Request::Search(request) => search::handle(call, request).await,
        Request::GetContext(request) => get_context::handle(call, request).await,
        Request::Remember(request) => remember::handle(call, request).await,
        Request::Quickstart(request) => quickstart::handle(call, request).await,
        Request::MeasureFloor(request) => measure_floor::handle(call, request).await,
        Request::ExportPage(request) => export_page::handle(call, request).await,
        Request::BeginImport(request) => begin_import::handle(&call, request).await,
        Request::StageImport(request) => stage_import::handle(call, request).await,
        Request::FinishImport(request) => finish_import::handle(call, request).await,
        Request::ExportExtras(request) => export_extras::handle(call, request).await,
        Request::StageExtras(request) => stage_extras::handle(call, request).await,
        Request::EndImport(request) => end_import::handle(&call, request),
        Request::CheckoutFile(request) => checkout_file::handle(call, request).await,
        Request::CheckinFile(request) => checkin_file::handle(call, request).await,
        Request::GetFileLock(request) => get_file_lock::handle(call, request).await,
        Request::ListFileLocks(request) => list_file_locks::handle(call, request).await,
        Request::ForceUnlockFile(request) => force_unlock_file::handle(call, request).await,
        Request::ClusterStatus => cluster_status::handle(call).await,
        Request::EchoStored(request) => echo_stored::handle(&call, &request).await,
        Request::AddTask(request) => add_task::handle(call, *request).await,
        Request::UpdateTask(request) => update_task::handle(call, *request).await,
        Request::GetTask(request) => get_task::handle(call, request).await,
        Request::ListTasks(request) => list_tasks::handle(call, request).await,
        Request::TaskHistory(request) => task_history::handle(call, request).await,
        Request::DeactivateTask(request) => deactivate_task::handle(call, request).await,
        Request::DeleteTask(request) => delete_task::handle(call, request).await,
        Request::AddTaskBlocker(request) => add_task_blocker::handle(call, request).await,
        Request::RemoveTaskBlocker(request) => remove_task_blocker::handle(call, request).await,
        Request::ClaimTask(request) => claim_task::handle(call, request).await,
        Request::ListConflicts(request) => list_conflicts::handle(call, request).await,
        Request::GetConflict(request) => get_conflict::handle(call, request).await,
        Request::PromoteSession(request) => promote_session::handle(call, request).await,
        Request::FinishSession(request) => finish_session::handle(call, request).await,
        Request::ResolveConflict(request) => resolve_conflict::handle(call, request).await,
        Request::CreateBackup(request) => create_backup::handle(call, request).await,
        Request::ListBackups => list_backups::handle(call).await,
        Request::VerifyBackup(request) => verify_backup::handle(call, request).await,
        Request::RestoreBackup(request) => restore_backup::handle(call, request).await,
        Request::CleanupBackups(request) => cleanup_backups::handle(call, request).await,
        Request::CreateRelation(request) => create_relation::handle(call, request).await,
        Request::ListRelations(request) => list_relations::handle(call, request).await,
        Request::DeleteRelation(request) => delete_relation::handle(call, request).await,
        Request::SearchRelated(request) => search_related::handle(call, request).await,
        Request::CreateTag(request) => create_tag::handle(call, request).await,
        Request::ListTags(request) => list_tags::handle(call, request).await,
        Request::AttachTag(request) => tag_entry::handle(call, request, true).await,
        Request::DetachTag(request) => tag_entry::handle(call, request, false).await,
        Request::TagsOfEntry(request) => tags_of_entry::handle(call, request).await,
        Request::GrantPermission(request) => grant_permission::handle(call, request).await,
        Request::RevokePermission(request) => revoke_permission::handle(call, request).await,
        Request::CheckPermission(request) => check_permission::handle(call, request).await,
        Request::ListPermissions(request) => list_permissions::handle(call, request).await,
        Request::ReadAudit(request) => read_audit::handle(call, request).await,
        Request::Authenticate(request) => authenticate::handle(&call, &request).await,
        Request::RegisterAgent(request) => register_agent::handle(call, request).await,
        Request::RevokeAgent(request) => revoke_agent::handle(call, request).await,
        Request::ListAgents(request) => list_agents::handle(&call, &request).await,
        Request::AddEntryInstead(request) => add_entry_instead::handle(call, *request).await,
        Request::RememberInstead(request) => remember::handle_instead(call, *request).await,
        Request::Consolidate(request) => consolidate::handle(call, *request).await,
        Request::Forget(request) => forget::handle(call, *request).await,
    }
}
