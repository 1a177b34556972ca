//! What became of entries that say the same, and of those that are old or unimportant.

use super::{Remembered, SimilarEntry, Written};
use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
    request::{ConsolidateAction, ForgetStrategy},
};

/// An entry was added, and others made room for it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EntryAdded {
    /// The entry.
    pub written: Written,
    /// What it superseded, in the order of the request.
    pub superseded: Vec<Written>,
    /// Other entries that may say the same, best first, at most 3; none when nobody asked.
    pub similar: Vec<SimilarEntry>,
}

/// A text was stored, and entries made room for it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RememberedInstead {
    /// What became of the text.
    pub remembered: Remembered,
    /// What it superseded, in the order of the request.
    pub superseded: Vec<Written>,
}

/// An entry that was looked at.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TidiedEntry {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: EntryKind,
    /// Its name or title.
    pub name: String,
    /// Its version, as it was looked at.
    pub version: u32,
    /// When it last changed.
    pub updated_at_ms: i64,
    /// The priority of a guideline.
    pub priority: Option<u8>,
    /// The confidence of knowledge.
    pub confidence: Option<f64>,
    /// How similar it is to the best of its group, 0 to 1; 1 for that itself, 0 in no group.
    pub similarity: f64,
}

/// Entries that say the same.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SimilarGroup {
    /// The best: the highest priority or confidence, then the latest change.
    pub best: TidiedEntry,
    /// The others, most similar first.
    pub others: Vec<TidiedEntry>,
    /// What a merge takes from the others, in words.
    pub taken: Option<String>,
    /// Why nothing is done about this group, if so.
    pub left_alone: Option<String>,
}

/// What a consolidation found, and did unless it was a dry run.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Consolidated {
    /// What was asked for.
    pub action: ConsolidateAction,
    /// Where.
    pub scope: ScopeRef,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// From which similarity on.
    pub threshold: f64,
    /// After how many days.
    pub stale_days: u32,
    /// Entries that were looked at.
    pub examined: u64,
    /// Stale entries that their priority protects.
    pub protected: u64,
    /// Groups of entries that say the same.
    pub groups: Vec<SimilarGroup>,
    /// Stale entries.
    pub stale: Vec<TidiedEntry>,
    /// Where the next call goes on; `None` at the end of the scope.
    pub next_cursor: Option<String>,
}

impl Consolidated {
    /// How many entries were hidden, or would be if it were no dry run.
    #[must_use]
    pub fn hidden(&self) -> usize {
        let joined = self.groups.iter().filter(|group| group.left_alone.is_none());
        match self.action {
            ConsolidateAction::FindSimilar => 0,
            ConsolidateAction::ArchiveStale => self.stale.len(),
            ConsolidateAction::Dedupe | ConsolidateAction::Merge => {
                joined.map(|group| group.others.len()).sum()
            }
        }
    }
}

/// What the rule found, and hid unless it was a dry run.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Forgotten {
    /// By which rule.
    pub strategy: ForgetStrategy,
    /// Where.
    pub scope: ScopeRef,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// After how many days.
    pub stale_days: u32,
    /// Below which importance.
    pub importance_threshold: f64,
    /// Entries that were looked at.
    pub examined: u64,
    /// Entries that the rule is right for and that their priority protects.
    pub protected: u64,
    /// Entries that the rule is right for.
    pub entries: Vec<TidiedEntry>,
    /// Where the next call goes on; `None` at the end of the scope.
    pub next_cursor: Option<String>,
}
