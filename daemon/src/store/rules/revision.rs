//! A new version of an entry that says what the one before says, because something else about it changes.

use agent_memory_proto::model::{Entry, Id, Version};

/// Who makes it, when and why.
pub(super) struct Revision {
    pub(super) version_id: Id,
    pub(super) updated_by: Option<String>,
    pub(super) change_reason: Option<String>,
    pub(super) at_ms: i64,
}

impl Revision {
    /// The entry with that version. It is no conflict: nothing of what others wrote is lost.
    pub(super) fn of(self, old: &Entry) -> Entry {
        Entry {
            updated_at_ms: self.at_ms,
            updated_by: self.updated_by.clone(),
            version: Version {
                id: self.version_id,
                number: old.version.number + 1,
                created_at_ms: self.at_ms,
                created_by: self.updated_by,
                change_reason: self.change_reason,
                conflict: false,
                ..old.version.clone()
            },
            ..old.clone()
        }
    }
}
