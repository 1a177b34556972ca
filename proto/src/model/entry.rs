//! Entries: guidelines, knowledge and tools, with their versions.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{Id, Json, ScopeRef};
use crate::codec::{Decode, Encode};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A rule to follow.
    Guideline,
    /// A fact, decision, context or reference.
    Knowledge,
    /// A command, function or service and how to use it.
    Tool,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Guideline, Self::Knowledge, Self::Tool];

    /// The public name, as `guideline`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guideline => "guideline",
            Self::Knowledge => "knowledge",
            Self::Tool => "tool",
        }
    }

    /// The name of many of them, as `guidelines`, which the original's `types` parameters use.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Guideline => "guidelines",
            Self::Knowledge => "knowledge",
            Self::Tool => "tools",
        }
    }

    /// What its name is called in public: `title` for knowledge, else `name`.
    #[must_use]
    pub const fn name_field(self) -> &'static str {
        match self {
            Self::Knowledge => "title",
            Self::Guideline | Self::Tool => "name",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EntryKind {
    type Err = ();

    /// Takes the singular and the plural name.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text || kind.plural() == text).ok_or(())
    }
}

/// What an entry says, by kind.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum EntryBody {
    /// A rule.
    Guideline {
        /// The rule itself.
        content: String,
        /// 0 to 100; higher comes first.
        priority: u8,
        /// Why the rule is there.
        rationale: Option<String>,
        /// `{"good": [...], "bad": [...]}`.
        examples: Option<Json>,
        /// Patterns that a checker may use: `filePatterns`, `contentPatterns`, `forbiddenActions`,
        /// `requiredPatterns`, each a list of texts.
        verification_rules: Option<Json>,
    },
    /// Something known.
    Knowledge {
        /// What is known.
        content: String,
        /// How sure, 0 to 1.
        confidence: f64,
        /// Where it comes from.
        source: Option<String>,
        /// True from then on.
        valid_from_ms: Option<i64>,
        /// True until then.
        valid_until_ms: Option<i64>,
        /// The entry that replaced it.
        invalidated_by: Option<Id>,
    },
    /// Something to use.
    Tool {
        /// What it does and when to use it.
        description: String,
        /// Its parameters, as a JSON object.
        parameters: Option<Json>,
        /// Examples of use, as a JSON array.
        examples: Option<Json>,
        /// Where it does not work.
        constraints: Option<String>,
    },
}

impl EntryBody {
    /// The kind of entry that the body belongs to.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Guideline { .. } => EntryKind::Guideline,
            Self::Knowledge { .. } => EntryKind::Knowledge,
            Self::Tool { .. } => EntryKind::Tool,
        }
    }

    /// The main text: the content, or a tool's description.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Guideline { content, .. } | Self::Knowledge { content, .. } => content,
            Self::Tool { description, .. } => description,
        }
    }
}

/// A change to a body: `None` keeps a field, `Some(None)` clears it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
pub enum BodyPatch {
    /// Changes a guideline.
    Guideline {
        /// New rule.
        content: Option<String>,
        /// New priority.
        priority: Option<u8>,
        /// New rationale.
        rationale: Option<Option<String>>,
        /// New examples.
        examples: Option<Option<Json>>,
        /// New verification rules.
        verification_rules: Option<Option<Json>>,
    },
    /// Changes a knowledge entry.
    Knowledge {
        /// New content.
        content: Option<String>,
        /// New confidence.
        confidence: Option<f64>,
        /// New source.
        source: Option<Option<String>>,
        /// New start of validity.
        valid_from_ms: Option<Option<i64>>,
        /// New end of validity.
        valid_until_ms: Option<Option<i64>>,
        /// New successor.
        invalidated_by: Option<Option<Id>>,
    },
    /// Changes a tool.
    Tool {
        /// New description.
        description: Option<String>,
        /// New parameters.
        parameters: Option<Option<Json>>,
        /// New examples.
        examples: Option<Option<Json>>,
        /// New constraints.
        constraints: Option<Option<String>>,
    },
}

impl BodyPatch {
    /// The kind of entry that the patch changes.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Guideline { .. } => EntryKind::Guideline,
            Self::Knowledge { .. } => EntryKind::Knowledge,
            Self::Tool { .. } => EntryKind::Tool,
        }
    }
}

/// One version of an entry. Versions are never changed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Version {
    /// The version's own id.
    pub id: Id,
    /// 1 for the first, growing by one.
    pub number: u32,
    /// What the entry said.
    pub body: EntryBody,
    /// When it was written.
    pub created_at_ms: i64,
    /// By which agent.
    pub created_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
    /// Whether another agent had changed the entry within the conflict window.
    pub conflict: bool,
}

/// An entry with its current version.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Entry {
    /// The entry's id.
    pub id: Id,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// Its name (the title of knowledge): unique among the entries of its kind in its scope.
    pub name: String,
    /// Free text for guidelines; one of the original's sets for knowledge and tools.
    pub category: Option<String>,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// Whether it was not deactivated.
    pub is_active: bool,
    /// When it was added.
    pub created_at_ms: i64,
    /// By which agent.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at_ms: i64,
    /// By which agent.
    pub updated_by: Option<String>,
    /// What it says now.
    pub version: Version,
}

impl Entry {
    /// What the entry is.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        self.version.body.kind()
    }
}
