//! Random sequences of what agents do. A step names what came before by its place, never by id, so that a
//! sequence stays one that makes sense when proptest takes steps out of it.

mod draw;
mod resolve;

use agent_memory_proto::model::{EntryKind, SessionStatus};

pub use draw::steps;
pub use resolve::Known;

/// Agents that take turns.
pub const AGENTS: u8 = 3;

/// The name of an agent.
#[must_use]
pub fn agent_name(number: u8) -> String {
    format!("agent-{number}")
}

/// One of those that were made before, counted round; 0 is one that was never there.
pub type Pick = u8;

/// Which scope.
#[derive(Clone, Copy, Debug)]
pub enum Where {
    Global,
    Org(Pick),
    Project(Pick),
    Session(Pick),
}

/// A new entry. Names are few, so that they meet.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub kind: EntryKind,
    pub scope: Where,
    pub name: u8,
    pub words: Vec<u8>,
    pub tags: Vec<u8>,
    pub detail: u8,
    /// Whether the daemon makes the id, or it is one that is taken.
    pub id: NewId,
}

/// Where a new id comes from.
#[derive(Clone, Copy, Debug)]
pub enum NewId {
    Given,
    Made,
    Taken(Pick),
}

/// A change of an entry.
#[derive(Clone, Debug)]
pub struct Change {
    pub entry: Pick,
    pub expected: Expected,
    pub name: Option<u8>,
    pub words: Option<Vec<u8>>,
    pub tags: Option<Vec<u8>>,
    pub detail: u8,
}

/// Which version an update expects.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    Any,
    Current,
    Other(u8),
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub limit: u32,
    pub offset: u32,
}

/// What somebody wants. One for each request, and what befalls connections and daemons.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of the requests")]
pub enum Wish {
    CreateOrg {
        name: u8,
    },
    ListOrgs(Page),
    CreateProject {
        org: Option<Pick>,
        name: u8,
        path: Option<u8>,
    },
    UpdateProject {
        project: Pick,
        name: Option<u8>,
        org: Option<Option<Pick>>,
        path: Option<Option<u8>>,
    },
    GetProjectById(Pick),
    GetProjectAt(u8),
    GetProjectNamed {
        name: u8,
        org: Option<Pick>,
    },
    ListProjects {
        org: Option<Pick>,
        page: Page,
    },
    DeleteProject {
        project: Pick,
        confirm: bool,
    },
    StartSession {
        project: Option<Pick>,
        names_agent: bool,
    },
    EndSession {
        session: Pick,
        status: SessionStatus,
    },
    FinishSession {
        session: Pick,
        status: SessionStatus,
        says: bool,
    },
    ListSessions {
        project: Option<Pick>,
        status: Option<SessionStatus>,
        page: Page,
    },
    Add(NewEntry),
    BulkAdd(Vec<NewEntry>),
    Update(Change),
    BulkUpdate(Vec<Change>),
    Get {
        entry: Pick,
        wrong_kind: bool,
    },
    GetNamed {
        kind: EntryKind,
        name: u8,
        scope: Where,
        inherit: bool,
        include_inactive: bool,
    },
    List {
        kind: EntryKind,
        scope: Option<Where>,
        inherit: bool,
        include_inactive: bool,
        detail: u8,
        page: Page,
    },
    History {
        entry: Pick,
        page: Page,
    },
    Deactivate {
        entry: Pick,
    },
    Delete {
        entry: Pick,
    },
    BulkDelete {
        kind: EntryKind,
        entries: Vec<Pick>,
    },
    Remember {
        form: u8,
        scope: Where,
        words: Vec<u8>,
    },
    Search {
        words: Vec<u8>,
        scope: Option<Where>,
        inherit: bool,
        include_inactive: bool,
        detail: u8,
        limit: u32,
    },
    Checkout {
        path: u8,
        session: Option<Pick>,
        project: Option<Pick>,
        ttl: u8,
        waits: bool,
    },
    Checkin {
        path: u8,
        session: Option<Pick>,
        token: Expected,
    },
    LockStatus {
        path: u8,
    },
    ListLocks {
        agent: Option<u8>,
        session: Option<Pick>,
        project: Option<Pick>,
        page: Page,
    },
    ForceUnlock {
        path: u8,
    },
    /// The very request of an earlier step again, under its key.
    Repeat(Pick),
    /// Another request under the key of an earlier one.
    KeyAgain {
        step: Pick,
        name: u8,
    },
    /// The agent's connection ends, and it connects again.
    Reconnect,
    /// The daemon ends, and another one starts.
    Restart {
        killed: bool,
    },
}

/// What one agent wants.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which agent.
    pub agent: u8,
    /// What.
    pub wish: Wish,
}
