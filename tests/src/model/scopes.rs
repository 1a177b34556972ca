//! Organisations, projects and sessions.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{Id, Org, Project, ScopeRef, Session, SessionReport, SessionStatus},
    request::{
        CreateOrg, CreateProject, DeleteProject, EndSession, FinishSession, GetProject, ListOrgs,
        ListProjects, ListSessions, StartSession, UpdateProject,
    },
    response::{OrgPage, ProjectPage, SessionReportPage},
};

use super::{Model, NOT_SEEN, Predicted, Refusal, check_page, page, refuse, seen::Seen};

impl Model {
    pub(super) fn org(&self, id: Id) -> Option<&Org> {
        self.orgs.iter().find(|org| org.id == id)
    }

    pub(super) fn project(&self, id: Id) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    pub(super) fn session(&self, id: Id) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    pub(super) fn create_org(&mut self, request: &CreateOrg, seen: &Seen) -> Predicted {
        require_name(&request.name)?;
        if self.orgs.iter().any(|org| org.name == request.name) {
            return refuse(ErrorCode::AlreadyExists, "name");
        }
        let id = request.id.or(seen.id).unwrap_or(NOT_SEEN);
        if self.org(id).is_some() {
            return refuse(ErrorCode::AlreadyExists, "id");
        }
        let (name, metadata) = (request.name.clone(), request.metadata.clone());
        let org = Org { id, name, metadata, created_at_ms: seen.at_ms };
        self.orgs.push(org.clone());
        Ok(Response::Org(org))
    }

    pub(super) fn list_orgs(&self, request: &ListOrgs) -> Predicted {
        let mut orgs = self.orgs.clone();
        orgs.sort_by(|one, other| one.name.cmp(&other.name));
        let (orgs, has_more) = page(orgs, request.limit, request.offset)?;
        Ok(Response::Orgs(OrgPage { orgs, has_more }))
    }

    pub(super) fn create_project(&mut self, request: &CreateProject, seen: &Seen) -> Predicted {
        require_name(&request.name)?;
        self.require_org(request.org_id)?;
        let project = Project {
            id: request.id.or(seen.id).unwrap_or(NOT_SEEN),
            org_id: request.org_id,
            name: request.name.clone(),
            description: request.description.clone(),
            root_path: request.root_path.clone(),
            metadata: request.metadata.clone(),
            created_at_ms: seen.at_ms,
            updated_at_ms: seen.at_ms,
        };
        self.require_free(&project)?;
        if self.project(project.id).is_some() {
            return refuse(ErrorCode::AlreadyExists, "id");
        }
        self.projects.push(project.clone());
        Ok(Response::Project(project))
    }

    pub(super) fn update_project(&mut self, request: &UpdateProject, seen: &Seen) -> Predicted {
        if let Some(name) = &request.name {
            require_name(name)?;
        }
        let Some(at) = self.projects.iter().position(|project| project.id == request.id) else {
            return refuse(ErrorCode::NotFound, "id");
        };
        self.require_org(request.org_id.flatten())?;
        let mut project = self.projects[at].clone();
        project.name = request.name.clone().unwrap_or(project.name);
        project.org_id = request.org_id.unwrap_or(project.org_id);
        project.description = request.description.clone().unwrap_or(project.description);
        project.root_path = request.root_path.clone().unwrap_or(project.root_path);
        project.metadata = request.metadata.clone().unwrap_or(project.metadata);
        project.updated_at_ms = seen.at_ms;
        self.require_free(&project)?;
        self.projects[at] = project.clone();
        Ok(Response::Project(project))
    }

    /// No other project has the name in its organisation, or the directory anywhere.
    fn require_free(&self, project: &Project) -> Result<(), Refusal> {
        let others = || self.projects.iter().filter(|other| other.id != project.id);
        if others().any(|other| other.org_id == project.org_id && other.name == project.name) {
            return refuse(ErrorCode::AlreadyExists, "name");
        }
        if project.root_path.is_some() && others().any(|other| other.root_path == project.root_path) {
            return refuse(ErrorCode::AlreadyExists, "rootPath");
        }
        Ok(())
    }

    fn require_org(&self, org: Option<Id>) -> Result<(), Refusal> {
        match org {
            Some(id) if self.org(id).is_none() => refuse(ErrorCode::NotFound, "orgId"),
            _ => Ok(()),
        }
    }

    pub(super) fn require_project(&self, project: Option<Id>) -> Result<(), Refusal> {
        match project {
            Some(id) if self.project(id).is_none() => refuse(ErrorCode::NotFound, "projectId"),
            _ => Ok(()),
        }
    }

    pub(super) fn get_project(&self, request: &GetProject) -> Predicted {
        let found = if let Some(id) = request.id {
            self.project(id).ok_or("id")
        } else if let Some(root_path) = &request.root_path {
            let above = std::path::Path::new(root_path).ancestors().filter_map(|path| path.to_str());
            above
                .into_iter()
                .find_map(|path| self.projects.iter().find(|one| one.root_path.as_deref() == Some(path)))
                .ok_or("rootPath")
        } else if let Some(name) = &request.name {
            let named = self.projects.iter().filter(|project| {
                project.name == *name && (request.org_id.is_none() || project.org_id == request.org_id)
            });
            let named: Vec<&Project> = named.collect();
            if named.len() > 1 {
                return refuse(ErrorCode::Conflict, "name");
            }
            named.first().copied().ok_or("name")
        } else {
            return refuse(ErrorCode::MissingField, "id");
        };
        found
            .map(|project| Response::Project(project.clone()))
            .or_else(|field| refuse(ErrorCode::NotFound, field))
    }

    pub(super) fn list_projects(&self, request: &ListProjects) -> Predicted {
        check_page(request.limit, request.offset)?;
        self.require_org(request.org_id)?;
        let is_wanted = |project: &&Project| request.org_id.is_none() || project.org_id == request.org_id;
        let mut projects: Vec<Project> = self.projects.iter().filter(is_wanted).cloned().collect();
        // Those of no organisation first, then by the age of the organisation.
        let age =
            |project: &Project| project.org_id.and_then(|id| self.orgs.iter().position(|org| org.id == id));
        projects.sort_by_key(|project| (project.name.clone(), age(project)));
        let (projects, has_more) = page(projects, request.limit, request.offset)?;
        Ok(Response::Projects(ProjectPage { projects, has_more }))
    }

    pub(super) fn delete_project(&mut self, request: &DeleteProject) -> Predicted {
        if !request.confirm {
            return refuse(ErrorCode::MissingField, "confirm");
        }
        if self.project(request.id).is_none() {
            return refuse(ErrorCode::NotFound, "id");
        }
        let of_project = |session: &Session| session.project_id == Some(request.id);
        let mut scopes: Vec<ScopeRef> =
            self.sessions.iter().filter(|one| of_project(one)).map(|one| ScopeRef::session(one.id)).collect();
        scopes.push(ScopeRef::project(request.id));
        self.entries.retain(|_, kept| !scopes.contains(&kept.entry.scope));
        self.locks.retain(|_, lock| {
            !lock.session_id.is_some_and(|session| scopes.contains(&ScopeRef::session(session)))
        });
        self.sessions.retain(|session| !of_project(session));
        self.projects.retain(|project| project.id != request.id);
        Ok(Response::Done)
    }

    pub(super) fn start_session(&mut self, request: &StartSession, agent: &str, seen: &Seen) -> Predicted {
        self.require_project(request.project_id)?;
        let session = Session {
            id: request.id.or(seen.id).unwrap_or(NOT_SEEN),
            project_id: request.project_id,
            name: request.name.clone(),
            purpose: request.purpose.clone(),
            agent_id: Some(request.agent_id.clone().unwrap_or_else(|| agent.to_owned())),
            status: SessionStatus::Active,
            metadata: request.metadata.clone(),
            started_at_ms: seen.at_ms,
            ended_at_ms: None,
        };
        if self.session(session.id).is_some() {
            return refuse(ErrorCode::AlreadyExists, "id");
        }
        self.sessions.push(session.clone());
        Ok(Response::Session(session))
    }

    pub(super) fn end_session(&mut self, request: &EndSession, seen: &Seen) -> Predicted {
        Ok(Response::Session(self.end(request.id, request.status, seen)?))
    }

    pub(super) fn finish_session(&mut self, request: &FinishSession, seen: &Seen) -> Predicted {
        let session = self.end(request.id, request.status, seen)?;
        if let Some(summary) = &request.summary {
            self.summaries.insert(session.id, summary.clone());
        }
        Ok(Response::SessionReport(Box::new(self.report(session))))
    }

    fn end(&mut self, id: Id, status: SessionStatus, seen: &Seen) -> Result<Session, Refusal> {
        let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) else {
            return refuse(ErrorCode::NotFound, "id");
        };
        if session.status != status {
            let ends = matches!(status, SessionStatus::Completed | SessionStatus::Discarded);
            session.status = status;
            session.ended_at_ms = ends.then_some(seen.at_ms);
            if ends {
                self.locks.retain(|_, lock| lock.session_id != Some(id));
            }
        }
        Ok(session.clone())
    }

    fn report(&self, session: Session) -> SessionReport {
        SessionReport { summary: self.summaries.get(&session.id).cloned(), session }
    }

    pub(super) fn list_sessions(&self, request: &ListSessions) -> Predicted {
        check_page(request.limit, request.offset)?;
        self.require_project(request.project_id)?;
        let is_wanted = |session: &&Session| {
            (request.project_id.is_none() || session.project_id == request.project_id)
                && request.status.is_none_or(|status| session.status == status)
        };
        // The latest first; of those that started in the same millisecond, the one that was stored last.
        let mut sessions: Vec<Session> = self.sessions.iter().rev().filter(is_wanted).cloned().collect();
        sessions.sort_by_key(|session| std::cmp::Reverse(session.started_at_ms));
        let (sessions, has_more) = page(sessions, request.limit, request.offset)?;
        let sessions = sessions.into_iter().map(|session| self.report(session)).collect();
        Ok(Response::SessionReports(SessionReportPage { sessions, has_more }))
    }
}

fn require_name(name: &str) -> Result<(), Refusal> {
    match name {
        "" => refuse(ErrorCode::MissingField, "name"),
        blank if blank.trim().is_empty() => refuse(ErrorCode::InvalidParameter, "name"),
        _ => Ok(()),
    }
}
