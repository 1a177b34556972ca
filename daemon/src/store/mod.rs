//! The seam between the handlers and a store: one trait per aggregate, the write values, and the
//! store's errors. A backend lives in its own folder and is named nowhere else.

mod answers;
mod audit_rows;
mod caller;
mod cells;
pub(crate) mod change_line;
mod columns;
#[cfg(test)]
mod contract;
pub mod copy;
mod error;
mod floor;
mod follower;
pub(crate) mod gate;
mod guarded;
mod known_agent;
mod rules;
mod snapshot;
mod task_rows;
mod task_write;
mod tidy_write;
mod traits;
mod write;

pub mod postgres;
pub mod sqlite;

pub(crate) use answers::likeness::of_entries as likeness;
pub use audit_rows::AuditLimits;
pub use caller::{Caller, DaemonName};
pub use error::StoreError;
pub use follower::Follower;
pub use gate::{Gated, SecretsMode};
pub use guarded::{Ready, guarded};
pub use known_agent::{KnownAgent, SecretHash};
pub(crate) use rules::{check_validity, file_taken, goes_to_others};
pub use snapshot::Snapshot;
pub use task_write::{NewTask, TaskChange, TaskWrite};
pub use tidy_write::{Succession, Tidy, TidyChange, TidyStep};
pub use traits::{
    AGENTS_MAX, AuditStore, BackupStore, ConflictStore, ContextQuery, EntryStore, ExportQuery,
    ExportedEntries, ExportedRelation, ExtrasQuery, FloorStore, HealthStore, HeldLock, KeptAside, ListQuery,
    LockStore, MemberStore, PERMISSIONS_MAX, PermissionStore, RelatedQuery, RelationStore, ScheduledBackup,
    ScopeStore, SearchQuery, SearchStore, SimilarQuery, Store, StoreFuture, TagStore, TaskQuery, TaskStore,
    TransferStore, WriteStore,
};
pub use write::{
    Change, EntryUpdate, IdempotencyKey, Import, LockClaim, LockOwner, NewEntry, OnChange, Resolution,
    TagChange, Write, WriteOutcome, WriteRequest,
};
