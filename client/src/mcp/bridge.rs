//! One tool call from its arguments to its answer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use agent_memory_proto::{ErrorBody, ErrorCode, Request, Response, model::ScopeRef};
use rmcp::model::{CallToolResult, JsonObject};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    admin::AdminKey,
    answer::{self, Answer},
    arguments::{Arguments, Refusal},
    bound::Bound,
    names::Names,
    own_locks::{self, OwnLocks},
    tools::{self, Tool},
    transfer::{self, Extras, Reporter},
};
use crate::{CallOptions, ReconnectingClient};

/// Calls that are worked on at once; further ones wait.
const CALLS_MAX: usize = 64;
/// Calls that wait; further ones are refused.
const WAITING_MAX: usize = 1_024;
const BUSY_RETRY_MS: u64 = 200;
/// Longest agent id that is taken over from a client's name, in characters.
const AGENT_CHARS_MAX: usize = 80;

/// Everything that a call needs. Shared by the tasks that work on calls.
#[derive(Debug)]
pub(super) struct Bridge {
    pub(super) client: ReconnectingClient,
    pub(super) bound: Bound,
    admin_key: Option<AdminKey>,
    own_locks: OwnLocks,
    slots: Semaphore,
    waiting: AtomicUsize,
}

impl Bridge {
    pub(super) fn new(client: ReconnectingClient, bound: Bound, admin_key: Option<AdminKey>) -> Self {
        let (slots, waiting) = (Semaphore::new(CALLS_MAX), AtomicUsize::new(0));
        Self { client, bound, admin_key, own_locks: OwnLocks::default(), slots, waiting }
    }

    /// Leaves nothing behind that nobody else could end.
    pub(super) async fn end(&self) {
        self.own_locks.check_in_all(self.client.connected()).await;
    }

    /// Answers one call; a failure is an answer too, since the model has to see it. The work is a
    /// task of its own: it ends with `cancelled`, and a panic in it fails this call only.
    pub(super) async fn answer(
        self: &Arc<Self>,
        tool: String,
        arguments: JsonObject,
        client_name: String,
        reporter: Reporter,
        cancelled: &CancellationToken,
    ) -> CallToolResult {
        let with_object = answer::wants_object(&client_name);
        let bridge = Arc::clone(self);
        let work = async move { bridge.queued_call(&tool, arguments, &client_name, reporter).await };
        let task = AbortOnDropHandle::new(tokio::spawn(work));
        let answer = tokio::select! {
            biased;
            () = cancelled.cancelled() => Answer::error(&ErrorBody::new(ErrorCode::Cancelled, "cancelled")),
            done = task => match done {
                Ok(Ok(answer)) => answer,
                Ok(Err(refusal)) => Answer::error(&refusal),
                Err(_) => Answer::error(&crashed()),
            },
        };
        answer.into_result(with_object)
    }

    async fn queued_call(
        &self,
        tool: &str,
        arguments: JsonObject,
        client_name: &str,
        reporter: Reporter,
    ) -> Result<Answer, Refusal> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let busy = ErrorBody::new(ErrorCode::Busy, format!("{WAITING_MAX} calls are waiting already"));
            return Err(Box::new(busy.with_retry_after_ms(BUSY_RETRY_MS)));
        }
        let waiting = Waiting(&self.waiting);
        let slot = self.slots.acquire().await;
        drop(waiting);
        let answer = self.call(tool, arguments, client_name, reporter).await;
        drop(slot);
        answer
    }

    async fn call(
        &self,
        tool: &str,
        values: JsonObject,
        client_name: &str,
        reporter: Reporter,
    ) -> Result<Answer, Refusal> {
        let tool = tools::find(tool)?;
        let mut call = Arguments::new(tool.name, values, tool.parameters)?;
        let action = tool.action(&mut call)?;
        let mut options = self.options(client_name);
        if let Some(named) = call.text("agentId")? {
            (options.agent_id, options.agent_is_guessed) = (Some(named), false);
        }
        options.idempotency_key = call.id("idempotencyKey")?;
        let extras = if Extras::has(tool.name) { Some(Extras::take(&mut call)?) } else { None };
        let mut request = self.request(tool, &action, &mut call, &options).await?;
        if let (true, Some(agent)) = (options.agent_is_guessed, &options.agent_id)
            && let Some(owner) = own_locks::unnamed_owner(&mut request)
            && !self.names_are_proved().await
        {
            *owner = Some(own_locks::own_name(agent));
        }
        let ignored = call.left();
        if let Some(extras) = extras {
            let answer = transfer::call(&self.client, request, extras, options, reporter).await?;
            return Ok(answer.ignoring(&ignored));
        }
        let reply = match self.client.call(&request, options).await {
            Ok(reply) => reply,
            Err(error) => {
                let body = error.to_body();
                self.bound.forget(&body);
                return Err(Box::new(body));
            }
        };
        self.bound.learn(&request, &reply.response);
        self.own_locks.learn(&reply.response);
        let names = self.names(&request, &reply.response).await;
        let answer = Answer::new(&request, &reply.response, &names);
        Ok(answer.degraded(reply.degraded.as_ref()).masked(reply.masked.as_ref()).ignoring(&ignored))
    }

    async fn request(
        &self,
        tool: &Tool,
        action: &str,
        call: &mut Arguments,
        options: &CallOptions,
    ) -> Result<Request, Refusal> {
        let named = call.text("project")?;
        let names_its_scope = call.has("scopeId") || call.has("scope") || call.is_text("scopeType", "global");
        let options = CallOptions { idempotency_key: None, ..options.clone() };
        let scopes = match named {
            Some(named) => self.bound.scopes_of(&self.client, options, &named).await?,
            None if tool.uses_project && !names_its_scope => {
                let may_miss = tool.may_create_project;
                self.bound.scopes(&self.client, options, may_miss).await?
            }
            None => self.bound.known(),
        };
        let mut request = (tool.plan)(call, action, &scopes)?;
        if let Some(key) = &self.admin_key {
            key.lend(&mut request);
        }
        Ok(request)
    }

    /// Whether the daemon takes no name that is only guessed.
    async fn names_are_proved(&self) -> bool {
        self.client.client().await.is_ok_and(|client| client.welcome().proves_names())
    }

    /// Calls for the agent of the user's setting, else for what the client calls itself.
    pub(super) fn options(&self, client_name: &str) -> CallOptions {
        let set = &self.client.options().agent_id;
        let name = if set.is_empty() { client_name } else { set };
        let name: String = name.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect();
        let agent_id = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        CallOptions { agent_id, agent_is_guessed: set.is_empty(), ..CallOptions::default() }
    }

    /// The names that an answer mentions.
    pub(super) async fn names(&self, request: &Request, response: &Response) -> Names {
        self.bound.names(&self.client, scopes_in(request, response).into_iter()).await
    }
}

/// The scopes whose names an answer shows; few, however long it is.
fn scopes_in(request: &Request, response: &Response) -> Vec<ScopeRef> {
    const SCOPES_MAX: usize = 8;
    let mut scopes: Vec<ScopeRef> = match response {
        Response::Written(one) => vec![one.scope],
        Response::BulkWritten(all) => all.iter().map(|one| one.scope).collect(),
        Response::Remembered(found) => vec![found.written.scope],
        Response::EntryAdded(added) => vec![added.written.scope],
        Response::RememberedInstead(told) => vec![told.remembered.written.scope],
        Response::Consolidated(report) => vec![report.scope],
        Response::Forgotten(report) => vec![report.scope],
        Response::Entry(entry) => vec![entry.scope],
        Response::Entries(page) => page.entries.iter().map(|entry| entry.scope).collect(),
        Response::SearchPage(page) => page.hits.iter().map(|hit| hit.scope).collect(),
        Response::Context(context) => {
            std::iter::once(context.scope).chain(context.entries.iter().map(|entry| entry.scope)).collect()
        }
        Response::Session(session) => session.project_id.map(ScopeRef::project).into_iter().collect(),
        _ => Vec::new(),
    };
    match request {
        Request::Search(search) => scopes.extend(search.scope),
        Request::ListEntries(list) => scopes.extend(list.scope),
        _ => {}
    }
    scopes.sort_unstable();
    scopes.dedup();
    scopes.truncate(SCOPES_MAX);
    scopes
}

fn crashed() -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal, "the bridge failed at this call; whether it was done is not known")
        .with_suggestion("Look whether it was done before you repeat it")
}

/// Counts a waiting call until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
