//! The document that entries are carried in, whatever it is written in: the names and the order of its
//! fields, which are those of the original system's export and some more.

mod read;
mod read_extras;
mod write;

pub(super) use read::{entry, scope};
pub(super) use read_extras::extra;
pub(super) use write::{
    Fields, Lists, entry_head, entry_versions, extra_value, extras, head, items, scope_value,
};

use agent_memory_proto::model::{EntryKind, ExtraKind, ScopeLevel};

/// The version of the document: a superset of the original's 1.0.
pub(super) const VERSION: &str = "1.2";

/// What the list of a level's scopes is called.
pub(super) const fn level_list(level: ScopeLevel) -> &'static str {
    match level {
        ScopeLevel::Global | ScopeLevel::Org => "organizations",
        ScopeLevel::Project => "projects",
        ScopeLevel::Session => "sessions",
    }
}

/// The level whose scopes a list has.
pub(super) fn list_level(name: &str) -> Option<ScopeLevel> {
    [ScopeLevel::Org, ScopeLevel::Project, ScopeLevel::Session]
        .into_iter()
        .find(|level| level_list(*level) == name)
}

/// The kind whose entries a list has, as `guidelines`.
pub(super) fn list_kind(name: &str) -> Option<EntryKind> {
    EntryKind::ALL.into_iter().find(|kind| kind.plural() == name)
}

/// What a list beside the entries has, as `relations`.
pub(super) fn list_extra(name: &str) -> Option<ExtraKind> {
    ExtraKind::ALL.into_iter().find(|kind| kind.name() == name)
}
