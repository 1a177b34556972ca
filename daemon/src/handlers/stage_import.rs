//! Take over a part of an import: every entry is checked now, and stored when the last part is there.

use std::time::Instant;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response, limits,
    model::{Id, PortableScope, ScopeRef},
    request::{ImportItem, StageImport},
    response::ImportRefusal,
};

use super::{Call, Handled, checks, portable};
use crate::{
    imports::{Staging, of_file_system, unknown},
    supervisor::lock,
};

/// What one part has at most.
const PART_MAX: usize = 2_000;

pub(super) async fn handle(call: Call, request: StageImport) -> Handled {
    let (import_id, size) = (request.import_id, request.items.len() + request.scopes.len());
    let part = Part { import_id, size, field: "items", of: "entries and scopes" };
    part.hand_over(call, move |call, staging| take(call, staging, request)).await
}

/// A part of an import, whatever it has.
pub(super) struct Part {
    pub(super) import_id: Id,
    pub(super) size: usize,
    pub(super) field: &'static str,
    pub(super) of: &'static str,
}

impl Part {
    /// Has it taken over, and answers how much was so far. An error that a repetition does not mend ends the import.
    pub(super) async fn hand_over(
        self,
        call: Call,
        take: impl FnOnce(&Call, &mut Staging) -> Result<u64, ErrorBody> + Send + 'static,
    ) -> Handled {
        let import_id = self.import_id;
        let handled = self.staged(call.clone(), take).await;
        if let Err(error) = &handled {
            call.end_import_after(import_id, error);
        }
        handled
    }

    async fn staged(
        self,
        call: Call,
        take: impl FnOnce(&Call, &mut Staging) -> Result<u64, ErrorBody> + Send + 'static,
    ) -> Handled {
        if self.size > PART_MAX {
            let message = format!("a part has at most {PART_MAX} {}", self.of);
            return Err(ErrorBody::new(ErrorCode::LimitExceeded, message).with_field(self.field));
        }
        let imports = &call.services.imports;
        let import = imports.find(self.import_id, &call.importer(), &call.line, Instant::now());
        let import = import.ok_or_else(|| unknown(self.import_id))?;
        // Checking and writing a part takes long enough to hold up others on the same thread.
        let staged = tokio::task::spawn_blocking(move || take(&call, &mut lock(&import))).await;
        let crashed = |_| ErrorBody::new(ErrorCode::Internal, "taking over a part of the import crashed");
        Ok(Response::ImportStaged(staged.map_err(crashed)??).into())
    }
}

fn take(call: &Call, staging: &mut Staging, request: StageImport) -> Result<u64, ErrorBody> {
    if !staging.expect(request.part, request.items.len(), 0)? {
        return Ok(staging.handed_over());
    }
    let of_spool = |error| ErrorBody::from(of_file_system(&error));
    for scope in request.scopes {
        let scope = checked_scope(staging, scope)?;
        staging.push_scope(&call.pass(scope)?).map_err(of_spool)?;
    }
    for item in request.items {
        let at: String = item.at.chars().take(AT_CHARS_MAX).collect();
        let name: String = item.entry.name.chars().take(limits::TITLE_CHARS_MAX).collect();
        let checked = portable::checked(call, staging, item.entry);
        match checked.and_then(|entry| call.pass(ImportItem { at: at.clone(), entry })) {
            Ok(item) => staging.push_entry(&item).map_err(of_spool)?,
            Err(error) => staging.refuse(call.shown(ImportRefusal { at, name, error })),
        }
    }
    Ok(staging.handed_over())
}

/// Largest position in words.
pub(super) const AT_CHARS_MAX: usize = 200;

/// Checks a scope as the requests that create one do. What it belongs to may become another scope.
fn checked_scope(staging: &Staging, scope: PortableScope) -> Result<PortableScope, ErrorBody> {
    let object = checks::JsonShape::Object;
    let parent = |scope: ScopeRef, mapped: ScopeRef| -> Option<Id> {
        if scope.level == mapped.level { mapped.id } else { None }
    };
    Ok(match scope {
        PortableScope::Org(mut org) => {
            checks::name("scopes.name", &org.name, limits::NAME_CHARS_MAX)?;
            org.metadata = checks::json("scopes.metadata", org.metadata, object)?;
            PortableScope::Org(org)
        }
        PortableScope::Project(mut project) => {
            checks::name("scopes.name", &project.name, limits::NAME_CHARS_MAX)?;
            let description = project.description.as_ref();
            checks::optional("scopes.description", description, limits::DESCRIPTION_CHARS_MAX)?;
            checks::root_path(project.root_path.as_ref())?;
            project.root_path = project.root_path.map(checks::normal_root_path);
            project.metadata = checks::json("scopes.metadata", project.metadata, object)?;
            project.org_id =
                project.org_id.and_then(|id| parent(ScopeRef::org(id), staging.mapped(ScopeRef::org(id))));
            PortableScope::Project(project)
        }
        PortableScope::Session(mut session) => {
            checks::optional("scopes.name", session.name.as_ref(), limits::NAME_CHARS_MAX)?;
            checks::optional("scopes.purpose", session.purpose.as_ref(), limits::DESCRIPTION_CHARS_MAX)?;
            checks::optional("scopes.agentId", session.agent_id.as_ref(), limits::TAG_CHARS_MAX)?;
            session.metadata = checks::json("scopes.metadata", session.metadata, object)?;
            session.project_id = session
                .project_id
                .and_then(|id| parent(ScopeRef::project(id), staging.mapped(ScopeRef::project(id))));
            PortableScope::Session(session)
        }
    })
}
