//! The loops: each runs the very functions that answer requests, on the copy.

use agent_memory_proto::{
    ErrorBody,
    model::{EntryKind, Id, ScopeRef},
    request::{FloorOperation, MeasureFloor},
    response::Floor,
};
use rusqlite::Connection;

use super::copy::ScratchCopy;
use crate::{
    clock::Clock,
    store::{
        StoreError, WriteRequest,
        floor::{self, IDS_MAX, Load, far, measure, nothing_to_read},
        rules::{no_scope, texts_of},
        sqlite::{columns::kind_from, context, reads, scope_keys, search, writes},
    },
};

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
    let bare = Bare { load: Load { request, clock, now_ms } };
    let mut reader = copy.reader()?;
    match request.operation {
        FloorOperation::SimpleRead => reader.read_until(far(), |connection| bare.simple_read(connection)),
        FloorOperation::ScopedRead => reader.read_until(far(), |connection| bare.scoped_read(connection)),
        FloorOperation::Search => reader.read_until(far(), |connection| bare.search(connection)),
        FloorOperation::Context => reader.read_until(far(), |connection| bare.context(connection)),
        FloorOperation::Write => bare.write(&copy.writer()?, 1),
        FloorOperation::GroupWrite => bare.write(&copy.writer()?, request.batch.clamp(1, 10_000)),
        FloorOperation::Lock => bare.lock(&copy.writer()?, request.batch.clamp(1, 10_000)),
    }
}

struct Bare<'a> {
    load: Load<'a>,
}

impl Bare<'_> {
    fn simple_read(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let ids = self.ids(connection)?;
        let mut next = ids.iter().cycle();
        measure(self.load.request.rounds, 1, || {
            let (kind, id) = next.next().expect("there is an entry");
            reads::entries::by_id(connection, *kind, *id).map(drop)
        })
    }

    fn scoped_read(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let queries = self.of_each_chain(connection, |scopes| self.load.list(scopes))?;
        let mut next = queries.iter().cycle();
        measure(self.load.request.rounds, 1, || {
            reads::list::page(connection, next.next().expect("there is a chain")).map(drop)
        })
    }

    fn search(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let mut queries = Vec::with_capacity(self.load.request.searches.len());
        for search in &self.load.request.searches {
            let scopes = match search.scope {
                Some(scope) if search.inherit => Some(Self::chain(connection, scope)?),
                Some(scope) => Some(vec![scope]),
                None => None,
            };
            queries.push(self.load.search(search, scopes));
        }
        if queries.is_empty() {
            return Err(StoreError::refused(ErrorBody::missing("searches")));
        }
        let mut next = queries.iter().cycle();
        measure(self.load.request.rounds, 1, || {
            search::page(connection, next.next().expect("there is a search")).map(drop)
        })
    }

    fn context(&self, connection: &Connection) -> Result<Floor, StoreError> {
        let queries = self.of_each_chain(connection, |scopes| self.load.context(scopes))?;
        let mut next = queries.iter().cycle();
        measure(self.load.request.rounds, 1, || {
            context::gather(connection, next.next().expect("there is a chain")).map(drop)
        })
    }

    /// Adds entries, `batch` to a transaction.
    fn write(&self, connection: &Connection, batch: u32) -> Result<Floor, StoreError> {
        self.scopes(connection)?;
        measure(self.load.request.rounds, batch, || {
            let writes = (0..batch).map(|_| self.load.new_write(self.load.project()));
            in_one_transaction(connection, writes)
        })
    }

    /// Locks files and unlocks them, `batch` to a transaction.
    fn lock(&self, connection: &Connection, batch: u32) -> Result<Floor, StoreError> {
        measure(self.load.request.rounds, batch, || {
            let pairs = (0..batch).map(|_| self.load.lock_and_unlock());
            let (checkouts, checkins): (Vec<_>, Vec<_>) =
                pairs.map(|[checkout, checkin]| (checkout, checkin)).unzip();
            in_one_transaction(connection, checkouts)?;
            in_one_transaction(connection, checkins)
        })
    }

    fn ids(&self, connection: &Connection) -> Result<Vec<(EntryKind, Id)>, StoreError> {
        let project = self.load.project();
        let scope = scope_keys::find(connection, &project)?.ok_or_else(|| no_scope(&project, "projectId"))?;
        let mut statement = connection.prepare("SELECT kind, id FROM entries WHERE scope = ?1 LIMIT ?2")?;
        let rows = statement.query_map((scope, IDS_MAX), |row| Ok((kind_from(row, 0)?, Id(row.get(1)?))))?;
        let ids: Vec<_> = rows.collect::<Result<_, _>>()?;
        if ids.is_empty() { Err(nothing_to_read(&self.load)) } else { Ok(ids) }
    }

    /// What is asked of each of the chains.
    fn of_each_chain<Q>(
        &self,
        connection: &Connection,
        query: impl Fn(Vec<ScopeRef>) -> Q,
    ) -> Result<Vec<Q>, StoreError> {
        let mut statement = connection.prepare(
            "SELECT s.id FROM sessions n JOIN scopes s ON s.key = n.scope WHERE n.project = ?1 LIMIT ?2",
        )?;
        let project = scope_keys::find(connection, &self.load.project())?;
        let rows = statement.query_map((project, IDS_MAX), |row| Ok(Id(row.get(0)?)))?;
        let chains = floor::chains(rows.collect::<Result<_, _>>()?, self.scopes(connection)?);
        Ok(chains.into_iter().map(query).collect())
    }

    fn scopes(&self, connection: &Connection) -> Result<Vec<ScopeRef>, StoreError> {
        Self::chain(connection, self.load.project())
    }

    fn chain(connection: &Connection, scope: ScopeRef) -> Result<Vec<ScopeRef>, StoreError> {
        scope_keys::chain(connection, &scope)?.ok_or_else(|| no_scope(&scope, "projectId"))
    }
}

fn in_one_transaction(
    connection: &Connection,
    requests: impl IntoIterator<Item = WriteRequest>,
) -> Result<(), StoreError> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for request in requests {
        connection.prepare_cached("SAVEPOINT one_write")?.execute([])?;
        writes::apply_once(connection, &request, &texts_of(&request.write))?;
        connection.prepare_cached("RELEASE one_write")?.execute([])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}
