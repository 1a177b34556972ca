//! A model of the daemon: what every request is answered, worked out from lists in memory in the plainest
//! way there is. It knows nothing of stores, caches or transactions; whoever differs from it is wrong, or
//! it is. What nobody can predict (times, ids that the daemon makes, fencing tokens) is taken over from
//! the answer once, and has to stay the same from then on.

mod entries;
mod judge;
mod lists;
mod locks;
mod remember;
mod scopes;
mod search;
mod seen;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    limits::{OFFSET_MAX, PAGE_ROWS_MAX},
    model::{Entry, FileLock, Id, Org, Project, ScopeLevel, ScopeRef, Session, Version},
};

pub use judge::Verdict;
use seen::Seen;
pub use steps::{AGENTS, Known, Pick, Step, Wish, agent_name, steps};

/// An id that is not known before an answer shows it.
const NOT_SEEN: Id = Id([0; 16]);

/// Why something is refused: as much of the error as programs act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The field at fault.
    pub field: String,
}

impl From<&ErrorBody> for Refusal {
    fn from(error: &ErrorBody) -> Self {
        Self { code: error.code, field: error.field.clone().unwrap_or_default() }
    }
}

fn refuse<T>(code: ErrorCode, field: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, field: field.into() })
}

/// What a request is answered.
pub type Predicted = Result<Response, Refusal>;

/// One request as an agent sends it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which agent.
    pub agent: String,
    /// Under which idempotency key; for writes.
    pub key: Option<Id>,
    /// What.
    pub request: Request,
}

/// An entry with its earlier versions, oldest first.
#[derive(Clone, Debug)]
struct Kept {
    entry: Entry,
    earlier: Vec<Version>,
}

impl Kept {
    fn version(&mut self, number: u32) -> Option<&mut Version> {
        let mut versions = std::iter::once(&mut self.entry.version).chain(&mut self.earlier);
        versions.find(|version| version.number == number)
    }
}

/// Everything that a store holds.
#[derive(Debug, Default)]
pub struct Model {
    orgs: Vec<Org>,
    projects: Vec<Project>,
    sessions: Vec<Session>,
    /// What sessions came to.
    summaries: BTreeMap<Id, String>,
    entries: BTreeMap<Id, Kept>,
    locks: BTreeMap<String, FileLock>,
    last_token: u64,
    /// The answers to keyed writes, with the request.
    replies: BTreeMap<Id, (Request, Response)>,
    version_ids: BTreeSet<Id>,
}

impl Model {
    /// What a request is answered, and what is different from then on.
    fn answer(&mut self, asked: &Asked, seen: &Seen) -> Predicted {
        if let Some((request, reply)) = asked.key.and_then(|key| self.replies.get(&key)) {
            return if *request == asked.request {
                Ok(reply.clone())
            } else {
                refuse(ErrorCode::Conflict, "idempotencyKey")
            };
        }
        let reply = self.answer_anew(asked, seen)?;
        if let Some(key) = asked.key.filter(|_| asked.request.is_write()) {
            self.replies.insert(key, (asked.request.clone(), reply.clone()));
        }
        Ok(reply)
    }

    fn answer_anew(&mut self, asked: &Asked, seen: &Seen) -> Predicted {
        let agent = asked.agent.as_str();
        match &asked.request {
            Request::AddEntry(request) => self.add_entry(request, agent, seen),
            Request::UpdateEntry(request) => self.update_entry(request, agent, seen),
            Request::GetEntry(request) => self.get_entry(request),
            Request::ListEntries(request) => self.list_entries(request),
            Request::EntryHistory(request) => self.entry_history(request),
            Request::DeactivateEntry(request) => self.deactivate_entry(request, agent, seen),
            Request::DeleteEntry(request) => self.delete_entry(request, seen),
            Request::BulkAddEntries(request) => self.bulk_add(request, agent, seen),
            Request::BulkUpdateEntries(request) => self.bulk_update(request, agent, seen),
            Request::BulkDeleteEntries(request) => self.bulk_delete(request, seen),
            Request::CreateOrg(request) => self.create_org(request, seen),
            Request::ListOrgs(request) => self.list_orgs(request),
            Request::CreateProject(request) => self.create_project(request, seen),
            Request::UpdateProject(request) => self.update_project(request, seen),
            Request::GetProject(request) => self.get_project(request),
            Request::ListProjects(request) => self.list_projects(request),
            Request::DeleteProject(request) => self.delete_project(request),
            Request::StartSession(request) => self.start_session(request, agent, seen),
            Request::EndSession(request) => self.end_session(request, seen),
            Request::FinishSession(request) => self.finish_session(request, seen),
            Request::ListSessions(request) => self.list_sessions(request),
            Request::Search(request) => self.search(request),
            Request::Remember(request) => self.remember(request, agent, seen),
            Request::CheckoutFile(request) => self.checkout(request, agent, seen),
            Request::CheckinFile(request) => self.checkin(request, agent),
            Request::GetFileLock(request) => self.lock_status(request),
            Request::ListFileLocks(request) => self.list_locks(request),
            Request::ForceUnlockFile(request) => self.force_unlock(request),
            other => panic!("the model knows no {}", other.name()),
        }
    }

    /// Whether the answer under an idempotency key is kept.
    fn keeps(&self, key: Id) -> bool {
        self.replies.contains_key(&key)
    }

    /// The scope and those above it, narrowest first.
    fn chain(&self, scope: ScopeRef) -> Result<Vec<ScopeRef>, Refusal> {
        let wider = match (scope.level, scope.id) {
            (ScopeLevel::Global, None) => return Ok(vec![ScopeRef::GLOBAL]),
            (ScopeLevel::Org, Some(id)) => self.org(id).map(|_| ScopeRef::GLOBAL),
            (ScopeLevel::Project, Some(id)) => {
                self.project(id).map(|project| project.org_id.map_or(ScopeRef::GLOBAL, ScopeRef::org))
            }
            (ScopeLevel::Session, Some(id)) => {
                self.session(id).map(|one| one.project_id.map_or(ScopeRef::GLOBAL, ScopeRef::project))
            }
            _ => return refuse(ErrorCode::InvalidScopeType, "scope"),
        };
        let Some(wider) = wider else { return refuse(ErrorCode::NotFound, "scopeId") };
        let mut chain = vec![scope];
        chain.extend(self.chain(wider)?);
        Ok(chain)
    }

    /// The scopes that a question looks at; `None` for all.
    fn looked_at(&self, scope: Option<ScopeRef>, inherit: bool) -> Result<Option<Vec<ScopeRef>>, Refusal> {
        let Some(scope) = scope else { return Ok(None) };
        let mut chain = self.chain(scope)?;
        chain.truncate(if inherit { chain.len() } else { 1 });
        Ok(Some(chain))
    }
}

fn check_page(limit: u32, offset: u32) -> Result<(), Refusal> {
    if limit == 0 || limit > PAGE_ROWS_MAX {
        return refuse(ErrorCode::InvalidParameter, "limit");
    }
    if offset > OFFSET_MAX {
        return refuse(ErrorCode::InvalidParameter, "offset");
    }
    Ok(())
}

/// A page of a list, and whether more follow.
fn page<T>(all: Vec<T>, limit: u32, offset: u32) -> Result<(Vec<T>, bool), Refusal> {
    check_page(limit, offset)?;
    let (limit, offset) = (limit as usize, offset as usize);
    let has_more = all.len() > offset + limit;
    Ok((all.into_iter().skip(offset).take(limit).collect(), has_more))
}
