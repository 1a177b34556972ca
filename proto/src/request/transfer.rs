//! Export, page by page, entries and then what is carried beside them; and import, in three steps: begin, hand over in parts, store all or nothing.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, PortableEntry, PortableExtra, PortableScope, ScopeRef, words},
};

/// Reads a page of an export: first the scopes, then the entries by kind and id, each with its versions.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ExportPage {
    /// Only these kinds; all when empty.
    pub kinds: Vec<EntryKind>,
    /// Only entries of this scope, without those above and below it.
    pub scope: Option<ScopeRef>,
    /// Only entries that have one of these tags, if any are given.
    pub tags: Vec<String>,
    /// Whether deactivated entries are exported too.
    pub include_inactive: bool,
    /// Whether earlier versions are exported too; else only the current one of each entry.
    pub include_versions: bool,
    /// Where the last page ended; `None` for the first.
    pub cursor: Option<String>,
}

words! {
    /// What to do with an entry that is there already: of the same id, or of the same name in its scope.
    ConflictStrategy {
        /// Leave the one that is there.
        Skip = "skip",
        /// Write a new version of the one that is there, unless it says the same.
        Update = "update",
        /// Remove the one that is there with its versions, and store the imported one.
        Replace = "replace",
        /// Refuse it, and with it the whole import.
        Error = "error",
    }
}

/// Entries of one scope go into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ScopeMapping {
    /// The scope in what is imported.
    pub from: ScopeRef,
    /// The scope of this store; it must exist.
    pub to: ScopeRef,
}

/// How to import.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ImportOptions {
    /// What to do with entries that are there already.
    pub strategy: ConflictStrategy,
    /// Which scopes become others; at most 1,000.
    pub scope_mapping: Vec<ScopeMapping>,
    /// Whether every entry and version gets a new id. References among the imported follow.
    pub generate_new_ids: bool,
    /// Which agent added what names no other.
    pub imported_by: Option<String>,
}

/// Begins an import. Answered with its id.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct BeginImport {
    /// How to import.
    pub options: ImportOptions,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

impl std::fmt::Debug for BeginImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BeginImport")
            .field("options", &self.options)
            .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
            .finish()
    }
}

/// An entry and where it stands in what is imported.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ImportItem {
    /// Its position in words, for refusals, as `entries.tools[3]`; at most 200 characters.
    pub at: String,
    /// The entry.
    pub entry: PortableEntry,
}

/// Hands over a part of what is to be imported. Nothing is stored yet.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct StageImport {
    /// Which import.
    pub import_id: Id,
    /// The number of the part, from 0; a part that came already is not taken twice.
    pub part: u32,
    /// Scopes; those that exist here already stay as they are.
    pub scopes: Vec<PortableScope>,
    /// Entries.
    pub items: Vec<ImportItem>,
}

/// Stores everything that was handed over, or nothing when one entry is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FinishImport {
    /// Which import.
    pub import_id: Id,
    /// Tells what would be done, and does nothing.
    pub dry_run: bool,
}

/// Ends an import that is not to be stored, so that it makes room for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EndImport {
    /// Which import.
    pub import_id: Id,
}

/// Reads a page of what is exported beside scopes and entries: tags, then tasks, then relations, each by id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ExportExtras {
    /// Which entries are exported: only what belongs to these is read. The cursor is one of these pages.
    pub page: ExportPage,
    /// Whether tasks are wanted, too: those of the scope that have one of the tags.
    pub with_tasks: bool,
}

/// Something beside the entries, and where it stands in what is imported.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ImportExtra {
    /// Its position in words, for refusals, as `relations[3]`; at most 200 characters.
    pub at: String,
    /// What it is.
    pub extra: PortableExtra,
}

/// Hands over a part of what is to be imported beside the entries, as [`StageImport`] does.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct StageExtras {
    /// Which import.
    pub import_id: Id,
    /// The number of the part, counted together with those of [`StageImport`].
    pub part: u32,
    /// What is handed over.
    pub extras: Vec<ImportExtra>,
}
