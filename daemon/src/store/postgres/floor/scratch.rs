//! The project that a measurement writes to.

use agent_memory_proto::model::{Id, Project, ScopeRef};

use crate::store::{Caller, Gated, StoreError, Write, WriteRequest, WriteStore, postgres::PostgresStore};

/// A project that nobody else knows of, until it is removed.
pub(super) struct Scratch(Id);

impl Scratch {
    /// # Errors
    /// What the server says.
    pub(super) async fn create(store: &PostgresStore, at_ms: i64) -> Result<Self, StoreError> {
        let id = store.clock.new_id();
        let project = Project {
            id,
            org_id: None,
            name: format!("floor {id}"),
            description: Some("Scratch project of a benchmark; removed at its end".to_owned()),
            root_path: None,
            metadata: None,
            created_at_ms: at_ms,
            updated_at_ms: at_ms,
        };
        apply(store, Write::CreateProject(project), at_ms).await?;
        Ok(Self(id))
    }

    pub(super) const fn scope(&self) -> ScopeRef {
        ScopeRef::project(self.0)
    }

    /// Removes it with everything in it.
    pub(super) async fn remove(self, store: &PostgresStore, at_ms: i64) {
        if let Err(error) = apply(store, Write::DeleteProject(self.0), at_ms).await {
            tracing::warn!(project = %self.0, %error, "the scratch project of a measurement stays behind");
        }
    }
}

async fn apply(store: &PostgresStore, write: Write, at_ms: i64) -> Result<(), StoreError> {
    let (write, caller) = (Gated::of_daemon(write), Caller::benchmark());
    store.write(WriteRequest { write, caller, at_ms, idempotency: None }).await.map(drop)
}
