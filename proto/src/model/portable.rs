//! What is carried from one store into another: entries with all of their versions, and the scopes
//! that they belong to. What a source does not know is left out, and the store that takes it fills it in.

use super::{EntryBody, EntryKind, Id, Json, Org, Project, ScopeRef, Session};
use crate::codec::{Decode, Encode};

/// One version of a carried entry.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PortableVersion {
    /// Its own id; a new one when not given.
    pub id: Option<Id>,
    /// 1 or more; greater than that of the version before it.
    pub number: u32,
    /// What the entry said.
    pub body: EntryBody,
    /// When it was written; the time of the import when not given.
    pub created_at_ms: Option<i64>,
    /// By which agent.
    pub created_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
    /// Whether another agent had changed the entry within the conflict window.
    pub conflict: bool,
}

/// An entry with its versions. Its kind is that of its bodies.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PortableEntry {
    /// Its id; a new one when not given.
    pub id: Option<Id>,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// Its name, or the title of knowledge.
    pub name: String,
    /// As in [`Entry`](super::Entry).
    pub category: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// Whether it was not deactivated.
    pub is_active: bool,
    /// When it was added; that of the first version when not given.
    pub created_at_ms: Option<i64>,
    /// By which agent.
    pub created_by: Option<String>,
    /// When it last changed; that of the last version when not given.
    pub updated_at_ms: Option<i64>,
    /// By which agent.
    pub updated_by: Option<String>,
    /// At least one, oldest first: the last is the current one.
    pub versions: Vec<PortableVersion>,
}

impl PortableEntry {
    /// An entry of one version of which nothing is known but what it says.
    #[must_use]
    pub fn new(scope: ScopeRef, name: impl Into<String>, body: EntryBody) -> Self {
        let version = PortableVersion {
            id: None,
            number: 1,
            body,
            created_at_ms: None,
            created_by: None,
            change_reason: None,
            conflict: false,
        };
        Self {
            id: None,
            scope,
            name: name.into(),
            category: None,
            tags: Vec::new(),
            metadata: None,
            is_active: true,
            created_at_ms: None,
            created_by: None,
            updated_at_ms: None,
            updated_by: None,
            versions: vec![version],
        }
    }

    /// What it is; `None` without a version.
    #[must_use]
    pub fn kind(&self) -> Option<EntryKind> {
        self.versions.last().map(|version| version.body.kind())
    }
}

/// A scope, described so that it can be made anew elsewhere.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum PortableScope {
    /// An organisation.
    Org(Org),
    /// A project.
    Project(Project),
    /// A session.
    Session(Session),
}

impl PortableScope {
    /// Which scope it describes.
    #[must_use]
    pub const fn scope(&self) -> ScopeRef {
        match self {
            Self::Org(org) => ScopeRef::org(org.id),
            Self::Project(project) => ScopeRef::project(project.id),
            Self::Session(session) => ScopeRef::session(session.id),
        }
    }
}
