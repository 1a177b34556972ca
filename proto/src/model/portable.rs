//! What is carried from one store into another: entries with all of their versions, the scopes that they
//! belong to, and tags, tasks and relations. What a source does not know is left out, and the store that takes
//! it fills it in.

use super::{
    EntryBody, EntryKind, Id, Json, Org, Project, Relation, ScopeRef, Session, Tag, Task, TaskVersion, words,
};
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

words! {
    /// What is carried beside scopes and entries. Append only.
    ExtraKind {
        /// What is known of tags.
        Tag = "tags",
        /// Tasks.
        Task = "tasks",
        /// Relations.
        Relation = "relations",
    }
}

/// A task with its versions.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct PortableTask {
    /// The task; which of its blockers are open is for the store to find out.
    pub task: Task,
    /// The versions before its current one, oldest first.
    pub earlier: Vec<TaskVersion>,
}

/// Something that is carried beside scopes and entries. Append only.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum PortableExtra {
    /// What is known of a tag.
    Tag(Tag),
    /// A task.
    Task(Box<PortableTask>),
    /// A relation.
    Relation(Relation),
}

impl PortableExtra {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> ExtraKind {
        match self {
            Self::Tag(_) => ExtraKind::Tag,
            Self::Task(_) => ExtraKind::Task,
            Self::Relation(_) => ExtraKind::Relation,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Id {
        match self {
            Self::Tag(tag) => tag.id,
            Self::Task(task) => task.task.id,
            Self::Relation(relation) => relation.id,
        }
    }

    /// What it is called, for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Tag(tag) => tag.name.clone(),
            Self::Task(task) => task.task.details.title.clone(),
            Self::Relation(relation) => {
                format!("{} {} {}", relation.source, relation.kind, relation.target)
            }
        }
    }
}
