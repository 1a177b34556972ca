//! An entry of an import, arranged as it will stand in the store, and what is said when one is in its place.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Entry, PortableEntry, Version},
};

use crate::store::StoreError;

/// An entry as it will stand, the versions before the current one, and the key of its scope.
pub(super) struct Arranged {
    pub(super) scope_key: i64,
    pub(super) entry: Entry,
    pub(super) earlier: Vec<Version>,
}

impl Arranged {
    /// `None` when it has no version, or something has no id yet.
    pub(super) fn of(scope_key: i64, portable: &PortableEntry, at_ms: i64) -> Option<Self> {
        let mut versions: Vec<Version> = portable
            .versions
            .iter()
            .map(|version| {
                Some(Version {
                    id: version.id?,
                    number: version.number,
                    body: version.body.clone(),
                    created_at_ms: version.created_at_ms.unwrap_or(at_ms),
                    created_by: version.created_by.clone(),
                    change_reason: version.change_reason.clone(),
                    conflict: version.conflict,
                })
            })
            .collect::<Option<_>>()?;
        let current = versions.pop()?;
        let entry = Entry {
            id: portable.id?,
            scope: portable.scope,
            name: portable.name.clone(),
            category: portable.category.clone(),
            tags: portable.tags.clone(),
            metadata: portable.metadata.clone(),
            is_active: portable.is_active,
            created_at_ms: portable.created_at_ms.unwrap_or(at_ms),
            created_by: portable.created_by.clone(),
            updated_at_ms: portable.updated_at_ms.unwrap_or(at_ms),
            updated_by: portable.updated_by.clone(),
            version: current,
        };
        Some(Self { scope_key, entry, earlier: versions })
    }
}

/// Whether an import changes nothing of an entry.
pub(super) fn says_the_same(old: &Entry, new: &Entry) -> bool {
    old.name == new.name
        && old.category == new.category
        && old.tags == new.tags
        && old.metadata == new.metadata
        && old.is_active == new.is_active
        && old.version.body == new.version.body
}

/// The import is to be refused when an entry is there.
pub(super) fn there_already(old: &Entry, new: &Entry) -> StoreError {
    let (kind, field) = (new.kind(), if old.id == new.id { "id" } else { new.kind().name_field() });
    StoreError::refused(
        ErrorBody::new(
            ErrorCode::AlreadyExists,
            format!("{} has a {kind} with this {field} already: {}", old.scope, old.id),
        )
        .with_field(field)
        .with_value(if old.id == new.id { new.id.to_string() } else { new.name.clone() })
        .with_suggestion("Import with conflictStrategy skip, update or replace, or with generateNewIds"),
    )
}

/// The id is that of an entry in another scope.
pub(super) fn elsewhere(old: &Entry, new: &Entry) -> StoreError {
    StoreError::refused(
        ErrorBody::new(
            ErrorCode::AlreadyExists,
            format!("the id {} belongs to an entry of {}, not of {}", new.id, old.scope, new.scope),
        )
        .with_field("id")
        .with_value(new.id)
        .with_suggestion("Import with generateNewIds, or with conflictStrategy skip or replace"),
    )
}
