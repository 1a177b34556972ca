//! Names of scopes, so that answers say "project demo" and not only an id. Learnt from answers.

use std::collections::HashMap;

use agent_memory_proto::{
    Response,
    model::{Org, Project, ScopeRef, Session},
};

/// When it knows this many names it forgets all: a bridge sees few scopes.
const NAMES_MAX: usize = 512;

/// What is known of scopes' names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(HashMap<ScopeRef, String>);

impl Names {
    /// Takes up the names in an answer.
    pub(super) fn learn(&mut self, response: &Response) {
        match response {
            Response::Org(org) => self.org(org),
            Response::Orgs(page) => page.orgs.iter().for_each(|org| self.org(org)),
            Response::Project(project) => self.project(project),
            Response::Projects(page) => page.projects.iter().for_each(|project| self.project(project)),
            Response::Session(session) => self.session(session),
            Response::SessionReports(page) => {
                page.sessions.iter().for_each(|report| self.session(&report.session));
            }
            Response::Sessions(page) => page.sessions.iter().for_each(|session| self.session(session)),
            Response::Quickstarted(found) => {
                self.project(&found.project);
                self.session(&found.session);
            }
            _ => {}
        }
    }

    /// The scope for people: `global`, `project "demo"`, or with its id when the name is not known.
    pub(super) fn label(&self, scope: ScopeRef) -> String {
        match (self.0.get(&scope), scope.id) {
            (_, None) => scope.level.name().to_owned(),
            (Some(name), Some(_)) => format!("{} {name:?}", scope.level),
            (None, Some(id)) => format!("{} {id}", scope.level),
        }
    }

    /// The name alone.
    pub(super) fn get(&self, scope: ScopeRef) -> Option<&str> {
        self.0.get(&scope).map(String::as_str)
    }

    /// Whether the scope has a name that is not known yet.
    pub(super) fn lacks(&self, scope: ScopeRef) -> bool {
        scope.id.is_some() && !self.0.contains_key(&scope)
    }

    fn org(&mut self, org: &Org) {
        self.put(ScopeRef::org(org.id), &org.name);
    }

    fn project(&mut self, project: &Project) {
        self.put(ScopeRef::project(project.id), &project.name);
    }

    fn session(&mut self, session: &Session) {
        if let Some(name) = &session.name {
            self.put(ScopeRef::session(session.id), name);
        }
    }

    fn put(&mut self, scope: ScopeRef, name: &str) {
        if self.0.len() >= NAMES_MAX {
            self.0.clear();
        }
        self.0.insert(scope, name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::Id;

    use super::*;

    #[test]
    fn a_scope_is_called_by_its_name_once_that_is_known() {
        let mut names = Names::default();
        let scope = ScopeRef::org(Id([1; 16]));
        assert_eq!(names.label(ScopeRef::GLOBAL), "global");
        assert_eq!(names.label(scope), format!("org {}", Id([1; 16])));
        let org = Org { id: Id([1; 16]), name: "acme".to_owned(), metadata: None, created_at_ms: 0 };
        names.learn(&Response::Org(org));
        assert_eq!(names.label(scope), "org \"acme\"");
    }
}
