//! The loops: each runs the very functions that answer requests.

use std::sync::Arc;

use agent_memory_proto::{
    ErrorBody,
    model::{EntryKind, Id, ScopeRef},
    request::{FloorOperation, MeasureFloor},
    response::Floor,
};

use super::{scratch::Scratch, tasks::measure};
use crate::store::{
    EntryStore, SearchQuery, SearchStore, StoreError, WriteStore,
    floor::{self, IDS_MAX, Load, nothing_to_read},
    postgres::{
        PostgresStore,
        columns::{id_from, kind_from, uuid},
        reads, scope_keys,
        values::value,
    },
    rules::no_scope,
};

/// Runs the loop that the request asks for.
///
/// # Errors
/// `Refused` when the project is not there or has nothing to read, else what the server says.
pub(super) async fn run(
    store: PostgresStore,
    request: MeasureFloor,
    now_ms: i64,
) -> Result<Floor, StoreError> {
    let (rounds, tasks, operation) = (request.rounds, request.batch, request.operation);
    let load = Load { request: &request, clock: &store.clock, now_ms };
    match operation {
        FloorOperation::SimpleRead => {
            let ids = Arc::new(ids(&store, &load).await?);
            let store = store.clone();
            measure(rounds, tasks, move |number| {
                let (store, (kind, id)) = (store.clone(), *in_turn(&ids, number));
                async move { reads::by_id(&*store.lease().await?, kind, id).await.map(drop) }
            })
            .await
        }
        FloorOperation::ScopedRead => {
            let queries = of_each_chain(&store, &load, |scopes| load.list(scopes)).await?;
            let store = store.clone();
            measure(rounds, tasks, move |number| {
                let (store, query) = (store.clone(), in_turn(&queries, number).clone());
                async move { store.list(query).await.map(drop) }
            })
            .await
        }
        FloorOperation::Search => {
            let queries = Arc::new(searches(&store, &load).await?);
            let store = store.clone();
            measure(rounds, tasks, move |number| {
                let (store, query) = (store.clone(), in_turn(&queries, number).clone());
                async move { store.search(query).await.map(drop) }
            })
            .await
        }
        FloorOperation::Context => {
            let queries = of_each_chain(&store, &load, |scopes| load.context(scopes)).await?;
            let store = store.clone();
            measure(rounds, tasks, move |number| {
                let (store, query) = (store.clone(), in_turn(&queries, number).clone());
                async move { store.context(query).await.map(drop) }
            })
            .await
        }
        FloorOperation::Write | FloorOperation::GroupWrite => {
            chain(&store, load.project()).await?;
            let scratch = Scratch::create(&store, now_ms).await?;
            let measured = writes(&store, &request, scratch.scope(), now_ms).await;
            scratch.remove(&store, now_ms).await;
            measured
        }
        FloorOperation::Lock => locks(&store, &request, now_ms).await,
    }
}

/// Locks files and unlocks them.
async fn locks(store: &PostgresStore, request: &MeasureFloor, now_ms: i64) -> Result<Floor, StoreError> {
    let (store, all) = (store.clone(), Arc::new(request.clone()));
    measure(request.rounds, request.batch, move |_| {
        let (store, request) = (store.clone(), Arc::clone(&all));
        async move {
            let load = Load { request: &request, clock: &store.clock, now_ms };
            for write in load.lock_and_unlock() {
                store.write(write).await?;
            }
            Ok(())
        }
    })
    .await
}

/// Adds entries to a scope: each in a transaction of its own or, in a group, as callers do whose
/// entries are stored together.
async fn writes(
    store: &PostgresStore,
    request: &MeasureFloor,
    scope: ScopeRef,
    now_ms: i64,
) -> Result<Floor, StoreError> {
    let (store, all) = (store.clone(), Arc::new(request.clone()));
    measure(request.rounds, request.batch, move |_| {
        let (store, request) = (store.clone(), Arc::clone(&all));
        async move {
            let write = Load { request: &request, clock: &store.clock, now_ms }.new_write(scope);
            match request.operation {
                FloorOperation::GroupWrite => store.write(write).await.map(drop),
                _ => store.add_by_itself(write).await,
            }
        }
    })
    .await
}

fn in_turn<T>(all: &[T], number: u32) -> &T {
    &all[number as usize % all.len()]
}

async fn ids(store: &PostgresStore, load: &Load<'_>) -> Result<Vec<(EntryKind, Id)>, StoreError> {
    const SQL: &str = "SELECT e.kind, e.id FROM entries e JOIN scopes s ON s.key = e.scope \
        WHERE s.level = 2 AND s.id = $1 LIMIT $2";
    let project = uuid(load.request.project_id);
    let rows = store.lease().await?.rows(SQL, &[value(&project), value(&i64::from(IDS_MAX))]).await?;
    let ids: Vec<_> = rows
        .iter()
        .map(|row| Ok((kind_from(row, 0)?, id_from(row, 1)?)))
        .collect::<Result<_, StoreError>>()?;
    if ids.is_empty() { Err(nothing_to_read(load)) } else { Ok(ids) }
}

/// What is asked of each of the chains.
async fn of_each_chain<Q>(
    store: &PostgresStore,
    load: &Load<'_>,
    query: impl Fn(Vec<ScopeRef>) -> Q,
) -> Result<Arc<Vec<Q>>, StoreError> {
    const SESSIONS: &str = "SELECT s.id FROM sessions n JOIN scopes s ON s.key = n.scope \
        WHERE n.project = (SELECT key FROM scopes WHERE level = 2 AND id = $1) LIMIT $2";
    let of_project = chain(store, load.project()).await?;
    let project = uuid(load.request.project_id);
    let rows = store.lease().await?.rows(SESSIONS, &[value(&project), value(&i64::from(IDS_MAX))]).await?;
    let sessions = rows.iter().map(|row| id_from(row, 0)).collect::<Result<_, _>>()?;
    Ok(Arc::new(floor::chains(sessions, of_project).into_iter().map(query).collect()))
}

async fn searches(store: &PostgresStore, load: &Load<'_>) -> Result<Vec<SearchQuery>, StoreError> {
    let mut queries = Vec::with_capacity(load.request.searches.len());
    for search in &load.request.searches {
        let scopes = match search.scope {
            Some(scope) if search.inherit => Some(chain(store, scope).await?),
            Some(scope) => Some(vec![scope]),
            None => None,
        };
        queries.push(load.search(search, scopes));
    }
    if queries.is_empty() {
        return Err(StoreError::refused(ErrorBody::missing("searches")));
    }
    Ok(queries)
}

async fn chain(store: &PostgresStore, scope: ScopeRef) -> Result<Vec<ScopeRef>, StoreError> {
    let chain = scope_keys::chain(&*store.lease().await?, &scope).await?;
    chain.ok_or_else(|| no_scope(&scope, "projectId"))
}
