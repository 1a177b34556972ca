//! An empty store, and short ways to say what a scenario writes.

use std::{
    any::Any,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use agent_memory_proto::{
    ErrorBody, Response,
    model::{BodyPatch, Entry, EntryBody, EntryKind, Id, Org, Project, ScopeRef, Session, SessionStatus},
    request::{EntryDraft, EntryPatch},
    response::Written,
};

use crate::{
    clock::Clock,
    store::{
        Caller, Change, EntryUpdate, Gated, IdempotencyKey, NewEntry, Store, StoreError, Write, WriteOutcome,
        WriteRequest,
    },
};

/// When every scenario starts.
pub(crate) const START_MS: i64 = 1_750_000_000_000;
/// As in the settings.
pub(crate) const CONFLICT_WINDOW_MS: i64 = 5_000;

/// What a scenario is.
pub(crate) type Scenario = fn(World) -> Pin<Box<dyn Future<Output = ()>>>;

/// An empty store, its clock, and what it told of its changes.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) changes: Arc<Mutex<Vec<Change>>>,
    /// What must live as long as the store: its directory or server.
    pub(crate) _keep: Box<dyn Any>,
}

impl World {
    pub(crate) async fn write(&self, write: Write) -> Result<Response, StoreError> {
        Ok(self.write_keyed(write, None).await?.reply)
    }

    pub(crate) async fn write_keyed(
        &self,
        write: Write,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<WriteOutcome, StoreError> {
        let at_ms = self.clock.now_ms();
        let (write, caller) = (Gated::of_daemon(write), Caller::benchmark());
        self.store.writes.write(WriteRequest { write, caller, at_ms, idempotency }).await
    }

    /// The refusal of a write that must not succeed.
    pub(crate) async fn refusal(&self, write: Write) -> ErrorBody {
        match self.write(write).await {
            Err(StoreError::Refused(body)) => *body,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) fn new_entry(&self, draft: EntryDraft) -> NewEntry {
        NewEntry { id: self.clock.new_id(), version_id: self.clock.new_id(), draft }
    }

    pub(crate) fn adding(&self, draft: EntryDraft) -> Write {
        Write::AddEntries { entries: vec![self.new_entry(draft)], bulk: false }
    }

    pub(crate) async fn add(&self, draft: EntryDraft) -> Written {
        written(self.write(self.adding(draft)).await)
    }

    pub(crate) fn updating(&self, id: Id, patch: EntryPatch) -> Write {
        self.updating_from(id, None, patch)
    }

    pub(crate) fn updating_from(&self, id: Id, expected_version: Option<u32>, patch: EntryPatch) -> Write {
        let update = EntryUpdate { id, version_id: self.clock.new_id(), expected_version, patch };
        Write::UpdateEntries { updates: vec![update], bulk: false, conflict_window_ms: CONFLICT_WINDOW_MS }
    }

    pub(crate) async fn update(&self, id: Id, patch: EntryPatch) -> Written {
        written(self.write(self.updating(id, patch)).await)
    }

    pub(crate) fn deactivating(&self, kind: EntryKind, id: Id) -> Write {
        Write::DeactivateEntry {
            kind,
            id,
            version_id: self.clock.new_id(),
            updated_by: Some("ada".to_owned()),
            change_reason: Some("outdated".to_owned()),
        }
    }

    pub(crate) async fn get(&self, kind: EntryKind, id: Id) -> Option<Entry> {
        self.store.entries.get(kind, id).await.expect("a readable store")
    }

    pub(crate) async fn find(&self, name: &str, scopes: &[ScopeRef]) -> Option<Entry> {
        let found = self.store.entries.find(EntryKind::Guideline, name.to_owned(), scopes.to_vec(), false);
        found.await.expect("a readable store")
    }

    pub(crate) fn org_named(&self, name: &str) -> Org {
        Org {
            id: self.clock.new_id(),
            name: name.to_owned(),
            metadata: None,
            created_at_ms: self.clock.now_ms(),
        }
    }

    pub(crate) async fn org(&self, name: &str) -> Org {
        match self.write(Write::CreateOrg(self.org_named(name))).await {
            Ok(Response::Org(org)) => org,
            other => panic!("no organisation: {other:?}"),
        }
    }

    pub(crate) fn project_named(&self, name: &str) -> Project {
        Project {
            id: self.clock.new_id(),
            org_id: None,
            name: name.to_owned(),
            description: None,
            root_path: None,
            metadata: None,
            created_at_ms: self.clock.now_ms(),
            updated_at_ms: self.clock.now_ms(),
        }
    }

    pub(crate) async fn create_project(&self, project: Project) -> Project {
        match self.write(Write::CreateProject(project)).await {
            Ok(Response::Project(project)) => project,
            other => panic!("no project: {other:?}"),
        }
    }

    pub(crate) async fn project(&self, name: &str) -> Project {
        self.create_project(self.project_named(name)).await
    }

    pub(crate) fn session_of(&self, project_id: Option<Id>) -> Session {
        Session {
            id: self.clock.new_id(),
            project_id,
            name: Some("morning".to_owned()),
            purpose: None,
            agent_id: Some("ada".to_owned()),
            status: SessionStatus::Active,
            metadata: None,
            started_at_ms: self.clock.now_ms(),
            ended_at_ms: None,
        }
    }

    pub(crate) async fn session(&self, project_id: Option<Id>) -> Session {
        match self.write(Write::StartSession(self.session_of(project_id))).await {
            Ok(Response::Session(session)) => session,
            other => panic!("no session: {other:?}"),
        }
    }
}

/// The answer to a write of one entry.
pub(crate) fn written(reply: Result<Response, StoreError>) -> Written {
    match reply {
        Ok(Response::Written(written)) => written,
        other => panic!("not written: {other:?}"),
    }
}

pub(crate) fn guideline(scope: ScopeRef, name: &str, priority: u8) -> EntryDraft {
    draft(
        scope,
        name,
        EntryBody::Guideline {
            content: format!("What {name} says"),
            priority,
            rationale: None,
            examples: None,
            verification_rules: None,
        },
    )
}

pub(crate) fn knowledge(scope: ScopeRef, title: &str) -> EntryDraft {
    draft(
        scope,
        title,
        EntryBody::Knowledge {
            content: format!("What is known of {title}"),
            confidence: 1.0,
            source: None,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
    )
}

pub(crate) fn draft(scope: ScopeRef, name: &str, body: EntryBody) -> EntryDraft {
    EntryDraft {
        scope,
        name: name.to_owned(),
        category: None,
        tags: Vec::new(),
        metadata: None,
        body,
        created_by: Some("ada".to_owned()),
        change_reason: None,
    }
}

/// A patch that changes a guideline's content only.
pub(crate) fn new_content(content: &str, updated_by: &str) -> EntryPatch {
    EntryPatch {
        name: None,
        category: None,
        tags: None,
        metadata: None,
        body: BodyPatch::Guideline {
            content: Some(content.to_owned()),
            priority: None,
            rationale: None,
            examples: None,
            verification_rules: None,
        },
        updated_by: Some(updated_by.to_owned()),
        change_reason: None,
    }
}
