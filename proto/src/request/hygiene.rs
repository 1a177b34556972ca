//! Keeping a memory tidy: adding what takes the place of other entries, joining entries that say the same, and
//! forgetting what is old or unimportant.

use super::{AddEntry, Remember};
use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef, words},
};

/// Adds one entry, and tells what says the same already. What it supersedes is hidden in the same transaction, whatever
/// kind it is of: knowledge is invalid from then on, and names its successor. Refused when one of them is not there or
/// is hidden already.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AddEntryInstead {
    /// The entry.
    pub add: AddEntry,
    /// At most [`SUPERSEDES_MAX`](crate::limits::SUPERSEDES_MAX) entries.
    pub supersedes: Vec<Id>,
    /// Whether to look for entries that may say the same.
    pub find_similar: bool,
}

impl AddEntryInstead {
    /// The first protocol version that knows it.
    pub const PROTOCOL: u16 = 5;
}

/// Stores plain text as [`Remember`] does. What it supersedes is hidden in the same transaction, as that of
/// [`AddEntryInstead`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RememberInstead {
    /// The text.
    pub remember: Remember,
    /// At most [`SUPERSEDES_MAX`](crate::limits::SUPERSEDES_MAX) entries.
    pub supersedes: Vec<Id>,
}

words! {
    /// What is done about entries that say the same, or that nobody changed for long. Append only.
    ConsolidateAction {
        /// They are told.
        FindSimilar = "find_similar",
        /// The best of each group stays, and supersedes the others.
        Dedupe = "dedupe",
        /// The best of each group gets a version with what only the others said, and supersedes them.
        Merge = "merge",
        /// What nobody changed for long is hidden.
        ArchiveStale = "archive_stale",
    }
}

/// Consolidates the entries of one scope, page by page. What one call does is done together or not at all; a dry run
/// answers what the same call would do.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Consolidate {
    /// What to do.
    pub action: ConsolidateAction,
    /// Where.
    pub scope: ScopeRef,
    /// With entries of these kinds; of all when empty. Only entries of one kind are said to be similar.
    pub kinds: Vec<EntryKind>,
    /// From which similarity on entries say the same, 0.3 to 1.
    pub threshold: f64,
    /// After so many days without a change an entry is stale.
    pub stale_days: u32,
    /// At most so many groups, or stale entries; 1 to 100.
    pub limit: u32,
    /// Where an earlier answer ended.
    pub cursor: Option<String>,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// By which agent; the envelope's when not given.
    pub consolidated_by: Option<String>,
}

impl Consolidate {
    /// Whether it changes anything.
    #[must_use]
    pub const fn changes_entries(&self) -> bool {
        !self.dry_run && !matches!(self.action, ConsolidateAction::FindSimilar)
    }
}

words! {
    /// By which rule entries are forgotten. Append only.
    ForgetStrategy {
        /// Nobody changed them for long.
        Recency = "recency",
        /// They are seldom read: refused, since reads are not counted.
        Frequency = "frequency",
        /// Their priority or confidence is low.
        Importance = "importance",
        /// Nobody changed them for long, and their priority or confidence is low.
        Combined = "combined",
    }
}

/// Hides entries of one scope by a rule, page by page, but never a guideline that its priority protects. What one
/// call does is done together or not at all; a dry run answers what the same call would do.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Forget {
    /// Where.
    pub scope: ScopeRef,
    /// Entries of these kinds; of all when empty.
    pub kinds: Vec<EntryKind>,
    /// By which rule.
    pub strategy: ForgetStrategy,
    /// After so many days without a change an entry is old.
    pub stale_days: u32,
    /// What is below it is unimportant: a hundredth of a guideline's priority, the confidence of knowledge.
    pub importance_threshold: f64,
    /// At most so many entries; 1 to 100.
    pub limit: u32,
    /// Where an earlier answer ended.
    pub cursor: Option<String>,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// By which agent; the envelope's when not given.
    pub forgotten_by: Option<String>,
}
