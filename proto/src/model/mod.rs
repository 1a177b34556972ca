//! What the store holds, as it crosses the wire: scopes, entries and their versions,
//! organisations, projects, sessions, tasks, conflicts, relations, tags, locks of files, permissions, agents, the
//! audit. Times are milliseconds since the Unix epoch, UTC.

mod agent;
mod audit;
mod conflict;
mod entry;
mod file_lock;
mod id;
mod json;
mod org;
mod permission;
mod portable;
mod project;
mod relation;
mod scope;
mod session;
mod tag;
mod task;
mod words;

pub use agent::Agent;
pub use audit::{AuditAction, AuditEntry, AuditKind, AuditVia};
pub use conflict::{Conflict, ConflictSide};
pub use entry::{BodyPatch, Entry, EntryBody, EntryKind, Version};
pub use file_lock::FileLock;
pub use id::Id;
pub use json::Json;
pub use org::Org;
pub use permission::{Permission, PermissionLevel};
pub use portable::{ExtraKind, PortableEntry, PortableExtra, PortableScope, PortableTask, PortableVersion};
pub use project::Project;
pub use relation::{Node, NodeKind, Relation, RelationKind};
pub use scope::{ScopeLevel, ScopeRef};
pub use session::{Session, SessionReport, SessionStatus};
pub use tag::{Tag, TagCategory};
pub use task::{Task, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType, TaskUrgency, TaskVersion};
pub use words::UnknownWord;
pub(crate) use words::words;
