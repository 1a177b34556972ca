//! Pages of an export, and what became of an import.

use crate::{
    codec::{Decode, Encode},
    error::ErrorBody,
    model::{EntryKind, ExtraKind, PortableEntry, PortableExtra, PortableScope, ScopeRef},
};

/// A page of an export. It may be empty though more follows.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ExportedPage {
    /// Scopes.
    pub scopes: Vec<PortableScope>,
    /// Entries with their versions.
    pub entries: Vec<PortableEntry>,
    /// Where to go on; `None` at the end.
    pub next_cursor: Option<String>,
    /// On the first page: how many entries are stored, filters aside.
    pub entries_in_store: Option<u64>,
    /// On the first page: when the latest change was made of what is exported.
    pub changed_at_ms: Option<i64>,
}

/// How many entries of a kind became what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ImportCount {
    /// The kind.
    pub kind: EntryKind,
    /// New ones.
    pub created: u64,
    /// Those that got a new version.
    pub updated: u64,
    /// Those that took the place of another.
    pub replaced: u64,
    /// Those that were left as they are.
    pub skipped: u64,
}

/// An entry that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ImportRefusal {
    /// Its position in what was imported.
    pub at: String,
    /// Its name.
    pub name: String,
    /// Why.
    pub error: ErrorBody,
}

/// What became of an import, or, of a dry run, what would have.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ImportReport {
    /// Whether it was stored: not in a dry run, and not when an entry was refused.
    pub applied: bool,
    /// By kind, those that occur.
    pub counts: Vec<ImportCount>,
    /// Scopes that were created, at most 100 of them.
    pub created_scopes: Vec<ScopeRef>,
    /// How many scopes were created.
    pub created_scopes_total: u64,
    /// Entries that were refused, at most 100 of them.
    pub refusals: Vec<ImportRefusal>,
    /// How many entries were refused.
    pub refused_total: u64,
}

/// What an export does not carry, and how much of it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NotCarried {
    /// Permissions.
    pub permissions: u64,
    /// Conflicts, resolved ones among them. Versions keep their mark.
    pub conflicts: u64,
}

/// A page of what is exported beside the entries. It may be empty though more follows.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ExportedExtras {
    /// Tags, tasks or relations.
    pub extras: Vec<PortableExtra>,
    /// Where to go on; `None` at the end.
    pub next_cursor: Option<String>,
    /// Relations that would be on this page, had the export both of their ends: they are left out.
    pub relations_left_out: u64,
    /// On the last page of an export of everything, to whoever may read everything.
    pub not_carried: Option<NotCarried>,
}

/// How many tags, tasks or relations became what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ExtraCount {
    /// What they are.
    pub kind: ExtraKind,
    /// New ones.
    pub created: u64,
    /// Those that say something else now; of a task, with a new version.
    pub updated: u64,
    /// Those that took the place of another.
    pub replaced: u64,
    /// Those that were left as they are.
    pub skipped: u64,
    /// Relations of which an end is neither in the store nor in the import.
    pub left_out: u64,
}

/// What became of an import and of what it has beside entries. To a peer that speaks version 5.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ImportOutcome {
    /// What became of its entries.
    pub report: ImportReport,
    /// By kind, those that occur.
    pub extras: Vec<ExtraCount>,
    /// Parents and blockers of tasks that are neither in the store nor in the import.
    pub task_links_left_out: u64,
    /// Relations that went with entries which were replaced.
    pub relations_removed: u64,
}
