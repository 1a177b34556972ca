//! Relations: that one thing has to do with another, and how. They have a direction; cycles are fine.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{EntryKind, Id, Json, words};
use crate::codec::{Decode, Encode};

/// What a relation can begin or end at. Append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A guideline.
    Guideline,
    /// A knowledge entry.
    Knowledge,
    /// A tool.
    Tool,
    /// A project.
    Project,
}

impl NodeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Guideline, Self::Knowledge, Self::Tool, Self::Project];

    /// The public name, as `guideline`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.entry() {
            Some(kind) => kind.name(),
            None => "project",
        }
    }

    /// The kind of entry; `None` for a project.
    #[must_use]
    pub const fn entry(self) -> Option<EntryKind> {
        match self {
            Self::Guideline => Some(EntryKind::Guideline),
            Self::Knowledge => Some(EntryKind::Knowledge),
            Self::Tool => Some(EntryKind::Tool),
            Self::Project => None,
        }
    }
}

impl From<EntryKind> for NodeKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Guideline => Self::Guideline,
            EntryKind::Knowledge => Self::Knowledge,
            EntryKind::Tool => Self::Tool,
        }
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NodeKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}

/// One end of a relation: an entry or a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its id.
    pub id: Id,
}

impl Node {
    /// An entry.
    #[must_use]
    pub fn entry(kind: EntryKind, id: Id) -> Self {
        Self { kind: kind.into(), id }
    }

    /// A project.
    #[must_use]
    pub const fn project(id: Id) -> Self {
        Self { kind: NodeKind::Project, id }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

words! {
    /// How the source of a relation stands to its target. Append only.
    RelationKind {
        /// It is to be followed there.
        AppliesTo = "applies_to",
        /// It does not work or hold without it.
        DependsOn = "depends_on",
        /// Both cannot hold.
        ConflictsWith = "conflicts_with",
        /// It has to do with it.
        RelatedTo = "related_to",
        /// It is the larger task of it.
        ParentTask = "parent_task",
        /// It is a part of that task.
        SubtaskOf = "subtask_of",
        /// It was raised to it.
        PromotedTo = "promoted_to",
    }
}

/// A relation. There is one of a kind from a source to a target.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Relation {
    /// Its id.
    pub id: Id,
    /// Where it begins.
    pub source: Node,
    /// Where it ends.
    pub target: Node,
    /// How the source stands to the target.
    pub kind: RelationKind,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// When it was created.
    pub created_at_ms: i64,
    /// By which agent.
    pub created_by: Option<String>,
}
