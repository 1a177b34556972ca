//! What the loops of a floor ask and write: the same on every backend.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorBody,
    model::{EntryBody, EntryKind, Id, ScopeRef},
    request::{EntryDraft, GetContext, MeasureFloor, Search},
};

use crate::{
    clock::Clock,
    store::{
        Caller, ContextQuery, Gated, IdempotencyKey, ListQuery, LockClaim, LockOwner, NewEntry, SearchQuery,
        StoreError, Write, WriteRequest,
    },
};

/// Entries that are read in turn, and sessions.
pub(in crate::store) const IDS_MAX: u32 = 10_000;
/// A lock of a loop that was given up ends soon.
const LOCK_TTL_MS: u64 = 60_000;
/// As a context without settings.
const BUDGET_TOKENS: u32 = 2_000;

/// The load of one measurement.
#[derive(Debug)]
pub(in crate::store) struct Load<'a> {
    pub(in crate::store) request: &'a MeasureFloor,
    pub(in crate::store) clock: &'a Clock,
    pub(in crate::store) now_ms: i64,
}

impl Load<'_> {
    /// The project whose entries are read.
    pub(in crate::store) const fn project(&self) -> ScopeRef {
        ScopeRef::project(self.request.project_id)
    }

    /// A list of what the scopes hold.
    pub(in crate::store) fn list(&self, scopes: Vec<ScopeRef>) -> ListQuery {
        ListQuery {
            kind: EntryKind::Guideline,
            scopes: Some(scopes),
            include_inactive: false,
            category: None,
            limit: agent_memory_proto::limits::PAGE_ROWS_DEFAULT,
            offset: 0,
        }
    }

    /// A search in scopes.
    pub(in crate::store) fn search(&self, search: &Search, scopes: Option<Vec<ScopeRef>>) -> SearchQuery {
        SearchQuery { request: search.clone(), scopes, now_ms: self.now_ms, deadline: far() }
    }

    /// A context of scopes.
    pub(in crate::store) fn context(&self, scopes: Vec<ScopeRef>) -> ContextQuery {
        let request = GetContext {
            scope: self.project(),
            inherit: true,
            query: None,
            kinds: Vec::new(),
            budget_tokens: None,
            limit_per_kind: None,
        };
        ContextQuery { request, scopes, budget_tokens: BUDGET_TOKENS, now_ms: self.now_ms, deadline: far() }
    }

    /// A write like those of the benchmark: a knowledge entry of some 500 bytes.
    pub(in crate::store) fn new_write(&self, scope: ScopeRef) -> WriteRequest {
        let id = self.clock.new_id();
        let seed = u64::from_be_bytes(*id.0.last_chunk().expect("an id has 16 bytes"));
        let draft = EntryDraft {
            scope,
            name: format!("floor {id}"),
            category: Some("fact".to_owned()),
            tags: vec!["benchmark".to_owned()],
            metadata: None,
            body: EntryBody::Knowledge {
                content: words(seed),
                confidence: 1.0,
                source: None,
                valid_from_ms: None,
                valid_until_ms: None,
                invalidated_by: None,
            },
            created_by: Some("benchmark".to_owned()),
            change_reason: None,
        };
        let entries = vec![NewEntry { id, version_id: self.clock.new_id(), draft }];
        self.request_of(Write::AddEntries { entries, bulk: false }, seed)
    }

    /// Locks a file that nobody else asks for, and unlocks it.
    pub(in crate::store) fn lock_and_unlock(&self) -> [WriteRequest; 2] {
        let id = self.clock.new_id();
        let owner = LockOwner { agent_id: "benchmark".to_owned(), session_id: None };
        let path = format!("/floor/{}/{id}", self.request.project_id);
        let claim = LockClaim {
            id,
            path: path.clone(),
            owner: owner.clone(),
            project_id: None,
            reason: None,
            metadata: None,
            ttl_ms: LOCK_TTL_MS,
            ticket: None,
        };
        let writes =
            [Write::CheckoutFile(claim), Write::CheckinFile { path, owner: Some(owner), token: None }];
        writes.map(|write| self.request_of(write, 0))
    }

    fn request_of(&self, write: Write, fingerprint: u64) -> WriteRequest {
        let idempotency = Some(IdempotencyKey { key: self.clock.new_id(), fingerprint });
        let (write, caller) = (Gated::of_daemon(write), Caller::benchmark());
        WriteRequest { write, caller, at_ms: self.now_ms, idempotency }
    }
}

/// The chains of scopes that are read in turn: of each of the project's sessions, as the requests
/// have them, or of the project alone when it has none.
pub(in crate::store) fn chains(sessions: Vec<Id>, of_project: Vec<ScopeRef>) -> Vec<Vec<ScopeRef>> {
    if sessions.is_empty() {
        return vec![of_project];
    }
    let chain = |session| [&[ScopeRef::session(session)], of_project.as_slice()].concat();
    sessions.into_iter().map(chain).collect()
}

/// What a loop needs of which there is none: a project without entries, a request without searches.
pub(in crate::store) fn nothing_to_read(load: &Load<'_>) -> StoreError {
    let body = ErrorBody::not_found("entry of the project", load.request.project_id)
        .with_suggestion("Add entries to the project first");
    StoreError::refused(body)
}

/// Loops are bounded by their own clock.
pub(in crate::store) fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// Some 500 bytes of words, most of them common and some rare.
fn words(seed: u64) -> String {
    const COMMON: [&str; 24] = [
        "service",
        "request",
        "timeout",
        "retry",
        "cache",
        "index",
        "schema",
        "migration",
        "deploy",
        "worker",
        "queue",
        "token",
        "session",
        "project",
        "module",
        "config",
        "parser",
        "client",
        "server",
        "release",
        "branch",
        "metric",
        "handler",
        "socket",
    ];
    let mut state = seed | 1;
    let mut text = String::with_capacity(512);
    while text.len() < 480 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let index = usize::try_from(state >> 40).unwrap_or_default();
        text.push_str(COMMON[index % COMMON.len()]);
        if index % 5 == 0 {
            text.push_str(&format!("{:x}", index % 4_096));
        }
        text.push(' ');
    }
    text
}
