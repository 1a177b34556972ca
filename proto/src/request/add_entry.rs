//! Add an entry.

use crate::{
    codec::{Decode, Encode},
    model::{EntryBody, Id, Json, ScopeRef},
};

/// A new entry, before it has an id.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EntryDraft {
    /// Where it goes. The scope must exist.
    pub scope: ScopeRef,
    /// Its name (title for knowledge): 1 to 500 (1000) characters, unique in its scope and kind.
    pub name: String,
    /// Free text for guidelines; `decision|fact|context|reference` for knowledge (default
    /// `fact`); `mcp|cli|function|api` for tools (default `cli`).
    pub category: Option<String>,
    /// At most 50 tags.
    pub tags: Vec<String>,
    /// A JSON object of at most 50,000 bytes.
    pub metadata: Option<Json>,
    /// What it says; decides the kind.
    pub body: EntryBody,
    /// Which agent; the envelope's agent when not given.
    pub created_by: Option<String>,
    /// Why; kept in the first version.
    pub change_reason: Option<String>,
}

/// Adds one entry. Refused with `AlreadyExists` when the name is taken (the existing id is told).
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AddEntry {
    /// The id to give it; the daemon makes one when not given.
    pub id: Option<Id>,
    /// The entry.
    pub draft: EntryDraft,
}
