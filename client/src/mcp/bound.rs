//! What this bridge is bound to: the project and session of its agent, and the names that its
//! answers need. The one owner of that state; others ask it.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response, limits,
    model::{Id, ScopeLevel, ScopeRef},
    request::{GetProject, ListOrgs, ListSessions},
};

use super::{
    arguments::Refusal,
    names::Names,
    scopes::{BoundProject, Scopes},
};
use crate::{
    CallOptions, ReconnectingClient,
    binding::{self, Binding, ProjectName},
};

/// Binding, and what became of it.
#[derive(Debug)]
pub(super) struct Bound {
    binding: Option<Binding>,
    working_dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    project: Option<BoundProject>,
    session: Option<Id>,
    names: Names,
}

impl Bound {
    pub(super) fn new(binding: Option<Binding>, working_dir: PathBuf) -> Self {
        Self { binding, working_dir, state: Mutex::default() }
    }

    /// What a call falls back on. Asks the daemon for the bound project until there is one. A
    /// project that the user named has to exist, unless the call may create it (`may_miss`).
    pub(super) async fn scopes(
        &self,
        client: &ReconnectingClient,
        options: CallOptions,
        may_miss: bool,
    ) -> Result<Scopes, Refusal> {
        let mut scopes = self.known();
        if scopes.project.is_some() {
            return Ok(scopes);
        }
        let binding = self.binding.clone().unwrap_or_else(|| Binding::of_working_dir(&self.working_dir));
        match self.look_up(client, options, &binding.name).await {
            Ok(project) => {
                self.state().project.get_or_insert(project.clone());
                scopes.project = Some(project);
                Ok(scopes)
            }
            Err(error) if !matches!(error.code, ErrorCode::NotFound | ErrorCode::PermissionDenied) => {
                Err(error)
            }
            Err(_) if may_miss || !binding.source.is_explicit() => Ok(scopes),
            Err(mut error) => {
                error.message = format!("{} (named by {})", error.message, binding.source.name());
                if error.code == ErrorCode::PermissionDenied {
                    return Err(error);
                }
                Err(Box::new(
                    error.with_suggestion("memory_quickstart creates it, or give scopeType and scopeId"),
                ))
            }
        }
    }

    /// What a call falls back on that names a project, by id, name or directory.
    pub(super) async fn scopes_of(
        &self,
        client: &ReconnectingClient,
        options: CallOptions,
        named: &str,
    ) -> Result<Scopes, Refusal> {
        let name = binding::project_name(named, &self.working_dir, Path::exists);
        let project = self.look_up(client, options, &name).await?;
        Ok(Scopes { project: Some(project), ..self.known() })
    }

    /// The same without asking the daemon.
    pub(super) fn known(&self) -> Scopes {
        let state = self.state();
        let (directory, project_name) = match self.binding.as_ref().map(|binding| &binding.name) {
            Some(ProjectName::Directory(path)) => (Some(path.to_string_lossy().into_owned()), None),
            Some(ProjectName::Name(name)) => (None, Some(name.clone())),
            _ => (None, None),
        };
        Scopes {
            project: state.project.clone(),
            session: state.session,
            directory,
            project_name,
            working_directory: Some(self.working_dir.to_string_lossy().into_owned()),
        }
    }

    /// Takes up what an answer says about the binding and about names.
    pub(super) fn learn(&self, request: &Request, response: &Response) {
        let mut state = self.state();
        state.names.learn(response);
        match (request, response) {
            (_, Response::Quickstarted(found)) => {
                state.project = Some(BoundProject::from(&found.project));
                state.session = Some(found.session.id);
            }
            (Request::StartSession(_), Response::Session(session)) => state.session = Some(session.id),
            (Request::FinishSession(end), _) if state.session == Some(end.id) => state.session = None,
            (Request::EndSession(end), _) if state.session == Some(end.id) => state.session = None,
            (Request::UpdateProject(_), Response::Project(project))
                if state.project.as_ref().is_some_and(|bound| bound.id == project.id) =>
            {
                state.project = Some(BoundProject::from(project));
            }
            (Request::DeleteProject(delete), Response::Done)
                if state.project.as_ref().is_some_and(|bound| bound.id == delete.id) =>
            {
                state.project = None;
                state.session = None;
            }
            _ => {}
        }
    }

    /// Forgets the bound project: the daemon does not know it any more.
    pub(super) fn forget(&self, missing: &ErrorBody) {
        let mut state = self.state();
        let is_bound = |id: &str| state.project.as_ref().is_some_and(|project| project.id.to_string() == id);
        if missing.code == ErrorCode::NotFound && missing.value.as_deref().is_some_and(is_bound) {
            state.project = None;
            state.session = None;
        }
    }

    /// The names of these scopes, asking the daemon for those that are not known yet. A name that
    /// cannot be had is no reason to fail an answer.
    pub(super) async fn names(
        &self,
        client: &ReconnectingClient,
        scopes: impl Iterator<Item = ScopeRef>,
    ) -> Names {
        for scope in scopes {
            if !self.state().names.lacks(scope) {
                continue;
            }
            let (limit, offset) = (limits::PAGE_ROWS_MAX, 0);
            let request = match scope.level {
                ScopeLevel::Global => continue,
                ScopeLevel::Org => Request::ListOrgs(ListOrgs { limit, offset }),
                ScopeLevel::Project => Request::GetProject(GetProject {
                    id: scope.id,
                    root_path: None,
                    name: None,
                    org_id: None,
                }),
                ScopeLevel::Session => {
                    Request::ListSessions(ListSessions { project_id: None, status: None, limit, offset })
                }
            };
            if let Ok(reply) = client.call(&request, CallOptions::default()).await {
                self.state().names.learn(&reply.response);
            }
        }
        self.state().names.clone()
    }

    async fn look_up(
        &self,
        client: &ReconnectingClient,
        options: CallOptions,
        name: &ProjectName,
    ) -> Result<BoundProject, Refusal> {
        let request = name.request(|path| std::fs::canonicalize(path).ok());
        let reply = client.call(&request, options).await.map_err(|error| Box::new(error.to_body()))?;
        self.state().names.learn(&reply.response);
        match &reply.response {
            Response::Project(project) => Ok(project.into()),
            other => Err(Box::new(ErrorBody::new(
                ErrorCode::Internal,
                format!("expected a project, got {other:?}"),
            ))),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
