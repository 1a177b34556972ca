//! The scratch project: its entries and sessions are made before anything is measured, and
//! removed after, also when the benchmark is interrupted.

use std::time::Duration;

use agent_memory_client::{CallOptions, ReconnectingClient, new_key};
use agent_memory_proto::{
    Request, Response,
    model::{Id, ScopeRef},
    request::{BulkAddEntries, CreateProject, DeleteProject, StartSession},
};
use indicatif::ProgressBar;

use super::corpus;
use crate::failure::Failure;

/// Entries in one request of the preparation.
const BULK: u64 = 100;
/// Sessions whose scopes are read: more than the default query cache holds, so that reads in turn
/// find none of their answers there.
const SESSIONS_MAX: u64 = 1_500;
/// Sessions that are started at once.
const SESSIONS_AT_ONCE: u64 = 32;

/// A large project on a busy machine takes its time.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(300);

/// A project with entries.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    /// The project.
    pub(crate) project_id: Id,
    /// Its entries, in random order.
    pub(crate) entries: Vec<(agent_memory_proto::model::EntryKind, Id)>,
    /// Its sessions.
    pub(crate) sessions: Vec<Id>,
}

impl Scratch {
    /// Creates the project, empty. Its name is unique, so that many benchmarks can run at once.
    pub(crate) async fn create(client: &ReconnectingClient, seed: u64) -> Result<Self, Failure> {
        let request = CreateProject {
            id: None,
            org_id: None,
            name: format!("benchmark {}", new_key()),
            description: Some(format!("Scratch project of a benchmark (seed {seed}); removed at its end")),
            root_path: None,
            metadata: None,
        };
        match client.call(Request::CreateProject(request), CallOptions::default()).await?.response {
            Response::Project(project) => {
                Ok(Self { project_id: project.id, entries: Vec::new(), sessions: Vec::new() })
            }
            _ => Err(Failure::unexpected("create_project")),
        }
    }

    /// Its scope.
    pub(crate) const fn scope(&self) -> ScopeRef {
        ScopeRef::project(self.project_id)
    }

    /// Adds the entries.
    pub(crate) async fn fill(
        &mut self,
        client: &ReconnectingClient,
        seed: u64,
        entries: u64,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        let mut number = 0;
        while number < entries {
            let end = (number + BULK).min(entries);
            let entries = (number..end).map(|number| corpus::entry(seed, number, self.scope())).collect();
            let request = Request::BulkAddEntries(BulkAddEntries { entries });
            match client.call(request, CallOptions::default()).await?.response {
                Response::BulkWritten(all) => self.entries.extend(all.iter().map(|one| (one.kind, one.id))),
                _ => return Err(Failure::unexpected("bulk_add_entries")),
            }
            progress.inc(end - number);
            number = end;
        }
        let mut random = corpus::Random::new(seed);
        for last in (1..self.entries.len()).rev() {
            let other = usize::try_from(random.below(last as u64 + 1)).unwrap_or_default();
            self.entries.swap(last, other);
        }
        Ok(())
    }

    /// How many sessions so many reads need.
    pub(crate) fn sessions_for(ops: u64) -> u64 {
        ops.clamp(1, SESSIONS_MAX)
    }

    /// Starts the sessions.
    pub(crate) async fn start_sessions(
        &mut self,
        client: &ReconnectingClient,
        wanted: u64,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        while (self.sessions.len() as u64) < wanted {
            let count = SESSIONS_AT_ONCE.min(wanted - self.sessions.len() as u64);
            let mut under_way = tokio::task::JoinSet::new();
            for _ in 0..count {
                let (client, project_id) = (client.clone(), self.project_id);
                under_way.spawn(async move { start_session(&client, project_id).await });
            }
            for started in under_way.join_all().await {
                self.sessions.push(started?);
            }
            progress.inc(count);
        }
        Ok(())
    }

    /// Removes the project with everything in it.
    pub(crate) async fn remove(
        &self,
        client: &ReconnectingClient,
        admin_key: Option<&str>,
    ) -> Result<(), Failure> {
        let request =
            DeleteProject { id: self.project_id, confirm: true, admin_key: admin_key.map(str::to_owned) };
        let options = CallOptions::default().with_deadline(REMOVAL_DEADLINE);
        client.call(Request::DeleteProject(request), options).await?;
        Ok(())
    }
}

async fn start_session(client: &ReconnectingClient, project_id: Id) -> Result<Id, Failure> {
    let request = StartSession {
        id: None,
        project_id: Some(project_id),
        name: None,
        purpose: None,
        agent_id: None,
        metadata: None,
    };
    match client.call(Request::StartSession(request), CallOptions::default()).await?.response {
        Response::Session(session) => Ok(session.id),
        _ => Err(Failure::unexpected("start_session")),
    }
}
