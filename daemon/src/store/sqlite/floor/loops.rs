//! The loops: each runs the very functions that answer requests, on the copy.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorBody,
    model::{EntryBody, EntryKind, Id, ScopeRef},
    request::{EntryDraft, FloorOperation, GetContext, MeasureFloor},
    response::Floor,
};
use rusqlite::Connection;

use super::{copy::ScratchCopy, rounds};
use crate::{
    clock::Clock,
    store::{
        ContextQuery, IdempotencyKey, ListQuery, NewEntry, SearchQuery, StoreError, Write, WriteRequest,
        rules::{no_scope, texts_of},
        sqlite::{columns::kind_from, context, reads, scope_keys, search, writes},
    },
};

/// Entries that are read in turn.
const IDS_MAX: u32 = 10_000;
/// As a context without settings.
const BUDGET_TOKENS: u32 = 2_000;

/// Runs the loop that the request asks for.
///
/// # Errors
/// `Refused` when the project is not there or has nothing to read, else what SQLite says.
pub(super) fn run(
    copy: &ScratchCopy,
    request: &MeasureFloor,
    clock: &Clock,
    now_ms: i64,
) -> Result<Floor, StoreError> {
    let bare = Bare { request, clock, now_ms };
    let mut reader = copy.reader()?;
    match request.operation {
        FloorOperation::SimpleRead => reader.read_until(far(), |connection| bare.simple_read(connection)),
        FloorOperation::ScopedRead => reader.read_until(far(), |connection| bare.scoped_read(connection)),
        FloorOperation::Search => reader.read_until(far(), |connection| bare.search(connection)),
        FloorOperation::Context => reader.read_until(far(), |connection| bare.context(connection)),
        FloorOperation::Write => bare.write(&copy.writer()?, 1),
        FloorOperation::GroupWrite => bare.write(&copy.writer()?, request.batch.clamp(1, 10_000)),
    }
}

struct Bare<'a> {
    request: &'a MeasureFloor,
    clock: &'a Clock,
    now_ms: i64,
}

impl Bare<'_> {
    fn simple_read(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let ids = self.ids(connection)?;
        let mut next = ids.iter().cycle();
        rounds::measure(self.request.rounds, 1, || {
            let (kind, id) = next.next().expect("there is an entry");
            reads::entries::by_id(connection, *kind, *id).map(drop)
        })
    }

    fn scoped_read(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let query = ListQuery {
            kind: EntryKind::Guideline,
            scopes: Some(self.scopes(connection)?),
            include_inactive: false,
            category: None,
            limit: agent_memory_proto::limits::PAGE_ROWS_DEFAULT,
            offset: 0,
        };
        rounds::measure(self.request.rounds, 1, || reads::list::page(connection, &query).map(drop))
    }

    fn search(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let mut queries = Vec::with_capacity(self.request.searches.len());
        for search in &self.request.searches {
            let scopes = match search.scope {
                Some(scope) if search.inherit => Some(Self::chain(connection, scope)?),
                Some(scope) => Some(vec![scope]),
                None => None,
            };
            queries.push(SearchQuery {
                request: search.clone(),
                scopes,
                now_ms: self.now_ms,
                deadline: far(),
            });
        }
        if queries.is_empty() {
            return Err(StoreError::refused(ErrorBody::missing("searches")));
        }
        let mut next = queries.iter().cycle();
        rounds::measure(self.request.rounds, 1, || {
            search::page(connection, next.next().expect("there is a search")).map(drop)
        })
    }

    fn context(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let request = GetContext {
            scope: ScopeRef::project(self.request.project_id),
            inherit: true,
            query: None,
            kinds: Vec::new(),
            budget_tokens: None,
            limit_per_kind: None,
        };
        let query = ContextQuery {
            request,
            scopes: self.scopes(connection)?,
            budget_tokens: BUDGET_TOKENS,
            now_ms: self.now_ms,
            deadline: far(),
        };
        rounds::measure(self.request.rounds, 1, || context::gather(connection, &query).map(drop))
    }

    /// Adds entries, `batch` to a transaction.
    fn write(&self, connection: &Connection, batch: u32) -> Result<Floor, StoreError> {
        self.scopes(connection)?;
        rounds::measure(self.request.rounds, batch, || {
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            for _ in 0..batch {
                let request = self.new_write();
                connection.prepare_cached("SAVEPOINT one_write")?.execute([])?;
                writes::apply_once(connection, &request, &texts_of(&request.write))?;
                connection.prepare_cached("RELEASE one_write")?.execute([])?;
            }
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        })
    }

    /// A write like those of the benchmark: a knowledge entry of some 500 bytes.
    fn new_write(&self) -> WriteRequest {
        let id = self.clock.new_id();
        let seed = u64::from_be_bytes(*id.0.last_chunk().expect("an id has 16 bytes"));
        let draft = EntryDraft {
            scope: ScopeRef::project(self.request.project_id),
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
        WriteRequest {
            write: Write::AddEntries {
                entries: vec![NewEntry { id, version_id: self.clock.new_id(), draft }],
                bulk: false,
            },
            at_ms: self.now_ms,
            idempotency: Some(IdempotencyKey { key: self.clock.new_id(), fingerprint: seed }),
        }
    }

    fn ids(&self, connection: &Connection) -> Result<Vec<(EntryKind, Id)>, StoreError> {
        let project = ScopeRef::project(self.request.project_id);
        let scope = scope_keys::find(connection, &project)?.ok_or_else(|| no_scope(&project, "projectId"))?;
        let mut statement = connection.prepare("SELECT kind, id FROM entries WHERE scope = ?1 LIMIT ?2")?;
        let rows = statement.query_map((scope, IDS_MAX), |row| Ok((kind_from(row, 0)?, Id(row.get(1)?))))?;
        let ids: Vec<_> = rows.collect::<Result<_, _>>()?;
        if ids.is_empty() {
            let body = ErrorBody::not_found("entry of the project", self.request.project_id)
                .with_suggestion("Add entries to the project first");
            return Err(StoreError::refused(body));
        }
        Ok(ids)
    }

    fn scopes(&self, connection: &Connection) -> Result<Vec<ScopeRef>, StoreError> {
        Self::chain(connection, ScopeRef::project(self.request.project_id))
    }

    fn chain(connection: &Connection, scope: ScopeRef) -> Result<Vec<ScopeRef>, StoreError> {
        scope_keys::chain(connection, &scope)?.ok_or_else(|| no_scope(&scope, "projectId"))
    }
}

/// Loops are bounded by their own clock.
fn far() -> Instant {
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
