//! Writes that make room: an entry in the place of others, and the steps of a consolidation or of forgetting.

use agent_memory_proto::{
    Response,
    model::{EntryBody, EntryKind, Id, ScopeRef},
};

use super::NewEntry;

/// A new entry that may take the place of others.
#[derive(Clone, Debug, PartialEq)]
pub struct Succession {
    /// The entry.
    pub entry: NewEntry,
    /// Which rule decided its kind, if it is a remembered text.
    pub inferred_by: Option<String>,
    /// What it supersedes, each with the id of the version that records it.
    pub supersedes: Vec<(Id, Id)>,
}

/// Steps that are taken together or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Tidy {
    /// Where the entries are. It must exist.
    pub scope: ScopeRef,
    /// The steps.
    pub steps: Vec<TidyStep>,
    /// Which agent.
    pub by: Option<String>,
    /// What is answered: what the steps were made from says what they do.
    pub answer: Response,
}

/// What becomes of one entry, as long as it is what it was when that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct TidyStep {
    /// Of which kind.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
    /// The version that was looked at. Another one refuses all steps.
    pub expected_version: u32,
    /// The id of the version that records the step, if one does.
    pub version_id: Id,
    /// What becomes of it.
    pub change: TidyChange,
}

/// What becomes of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum TidyChange {
    /// It stays as it is.
    Keep,
    /// It is hidden.
    Hide {
        /// Why.
        reason: String,
    },
    /// It makes room for another.
    Supersede {
        /// Which one.
        successor: Id,
    },
    /// It says this from now on.
    Merge {
        /// What it says.
        body: EntryBody,
        /// Its tags, sorted.
        tags: Vec<String>,
        /// What was taken, and from which entries.
        reason: String,
    },
}
