//! The table of daemons: each says in it that it is there, and reads who else is. How long ago that was is
//! judged by the clock of the server, which is one for all.

use std::{sync::LazyLock, time::Duration};

use agent_memory_proto::{
    model::Id,
    response::{BreakerHealth, ClusterDaemon, DaemonLoad},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    PostgresHandle, PostgresStore,
    columns::{get, id_from, uuid},
    connection::Connection,
    values::{NOW, value},
};
use crate::store::{MemberStore, StoreError, StoreFuture, answers::pages::cut};

/// A daemon that has not said for so long that it is there is not counted: it cannot reach the database, so
/// that it changes nothing, or was killed.
const LIVE_MS: i64 = 15_000;
/// How long the row of such a daemon is kept, for people.
const KEPT_MS: i64 = 60 * 60 * 1_000;
/// Daemons that are listed at most.
const LISTED_MAX: u32 = 1_000;
/// Daemons that others are told of at most: more are not followed.
const TOLD_MAX: i64 = 10_000;
/// How long the end of the daemon waits until its row is gone.
const LEAVE_PATIENCE: Duration = Duration::from_secs(2);

/// Says that a daemon is there, and removes those that fell silent long ago. The first word of a run waits
/// for the disk, and removes what an earlier run at the same place left; the others are not worth that.
static SAY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH server AS MATERIALIZED (SELECT {NOW} AS now_ms, \
            CASE WHEN NOT $10 THEN set_config('synchronous_commit', 'off', true) END AS how), \
        gone AS (DELETE FROM daemons WHERE id = ANY (ARRAY(\
            SELECT d.id FROM daemons d, server s WHERE d.id <> $1 AND \
            (d.seen_at_ms < s.now_ms - $11 OR $10 AND d.host = $2 AND d.data_dir = $3) \
            FOR UPDATE OF d SKIP LOCKED))) \
        INSERT INTO daemons (id, host, data_dir, process_id, build, protocol_min, protocol_max, \
            started_at_ms, seen_at_ms, load) \
        SELECT $1, $2, $3, $4, $5, $6, $7, s.now_ms - $8, s.now_ms, $9 FROM server s \
        ON CONFLICT (id) DO UPDATE SET seen_at_ms = EXCLUDED.seen_at_ms, load = EXCLUDED.load"
    )
});

static LIVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT id, host || ':' || data_dir FROM daemons WHERE seen_at_ms >= (SELECT {NOW}) - $1 LIMIT $2"
    )
});

static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT id, host, data_dir, process_id, build, protocol_min, protocol_max, started_at_ms, \
            greatest(0, seen_at_ms - started_at_ms), greatest(0, (SELECT {NOW}) - seen_at_ms), load \
        FROM daemons ORDER BY host, data_dir, started_at_ms, id LIMIT $1"
    )
});

/// The place of this daemon in the table.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// The id that it has there, once it said that it is there.
    id: tokio::sync::Mutex<Option<Id>>,
}

/// What stands in the column `load`. A later build may say more, and an earlier one less.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct StoredLoad {
    connections: u32,
    requests: u64,
    requests_per_s: f64,
    event_lag_us: Option<u64>,
    deaf: Option<String>,
    generation: u64,
    breakers: Vec<StoredBreaker>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct StoredBreaker {
    service: String,
    state: String,
    failures: u32,
    retry_after_ms: Option<u64>,
}

impl PostgresHandle {
    /// Says that this daemon is there.
    ///
    /// # Errors
    /// When the database cannot be used, or the store was closed.
    pub async fn say_present(&self, own: &ClusterDaemon) -> Result<(), StoreError> {
        let mut known = self.store.membership.id.lock().await;
        let connection = self.store.lease().await?;
        let is_first = *known != Some(own.id);
        let (id, process_id, load) = (uuid(own.id), i64::from(own.process_id), written(&own.load));
        let (protocol_min, protocol_max) = (i32::from(own.protocol.0), i32::from(own.protocol.1));
        let uptime_ms = i64::try_from(own.uptime_ms).unwrap_or(i64::MAX);
        let values = [
            value(&id),
            value(&own.host),
            value(&own.data_dir),
            value(&process_id),
            value(&own.build),
            value(&protocol_min),
            value(&protocol_max),
            value(&uptime_ms),
            value(&load),
            value(&is_first),
            value(&KEPT_MS),
        ];
        connection.write(&SAY, &values).await?;
        *known = Some(own.id);
        Ok(())
    }

    /// The daemons that said not long ago that they are there, this one among them, each with where it runs.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn present(&self) -> Result<Vec<(Id, String)>, StoreError> {
        let rows = self.store.lease().await?.rows(&LIVE, &[value(&LIVE_MS), value(&TOLD_MAX)]).await?;
        rows.iter().map(|row| Ok((id_from(row, 0)?, get(row, 1)?))).collect()
    }
}

/// How many daemons said not long ago that they are there; one where that cannot be known, as before the schema.
pub(super) async fn number_present(connection: &Connection) -> u32 {
    let rows = connection.rows(&LIVE, &[value(&LIVE_MS), value(&TOLD_MAX)]).await.unwrap_or_default();
    u32::try_from(rows.len()).unwrap_or(u32::MAX).max(1)
}

/// Takes this daemon out of the table. A store that is closed says nothing more after that.
pub(super) async fn leave(store: &PostgresStore) {
    let left = tokio::time::timeout(LEAVE_PATIENCE, async {
        let Some(id) = store.membership.id.lock().await.take() else { return Ok(()) };
        let connection = store.pool.get().await?;
        connection.write("DELETE FROM daemons WHERE id = $1", &[value(&uuid(id))]).await.map(drop)
    });
    if !matches!(left.await, Ok(Ok(()))) {
        tracing::info!(
            "the others could not be told of the end of this daemon; they count it for {LIVE_MS} ms more"
        );
    }
}

impl MemberStore for PostgresStore {
    fn members(&self) -> StoreFuture<'_, (Vec<ClusterDaemon>, bool)> {
        Box::pin(async move {
            let rows = self.lease().await?.rows(&PAGE, &[value(&(i64::from(LISTED_MAX) + 1))]).await?;
            Ok(cut(rows.iter().map(from_row).collect::<Result<_, _>>()?, LISTED_MAX))
        })
    }
}

fn from_row(row: &Row) -> Result<ClusterDaemon, StoreError> {
    let positive = |column| Ok::<_, StoreError>(u64::try_from(get::<i64>(row, column)?).unwrap_or(0));
    let version = |column| Ok::<_, StoreError>(u16::try_from(get::<i32>(row, column)?).unwrap_or(0));
    let seen_ms_ago = positive(9)?;
    Ok(ClusterDaemon {
        id: id_from(row, 0)?,
        host: get(row, 1)?,
        data_dir: get(row, 2)?,
        process_id: u32::try_from(get::<i64>(row, 3)?).unwrap_or(0),
        build: get(row, 4)?,
        protocol: (version(5)?, version(6)?),
        started_at_ms: get(row, 7)?,
        uptime_ms: positive(8)?,
        seen_ms_ago,
        is_stale: seen_ms_ago > LIVE_MS.unsigned_abs(),
        load: read(get(row, 10)?),
    })
}

fn written(load: &DaemonLoad) -> String {
    let breaker = |breaker: &BreakerHealth| StoredBreaker {
        service: breaker.service.clone(),
        state: breaker.state.clone(),
        failures: breaker.failures,
        retry_after_ms: breaker.retry_after_ms,
    };
    let stored = StoredLoad {
        connections: load.connections,
        requests: load.requests,
        requests_per_s: load.requests_per_s,
        event_lag_us: load.event_lag_us,
        deaf: load.deaf.clone(),
        generation: load.generation,
        breakers: load.breakers.iter().map(breaker).collect(),
    };
    serde_json::to_string(&stored).expect("numbers and texts are JSON")
}

/// What cannot be understood is nothing: that a daemon is there matters more.
fn read(text: &str) -> DaemonLoad {
    let stored: StoredLoad = serde_json::from_str(text).unwrap_or_default();
    let breaker = |breaker: StoredBreaker| BreakerHealth {
        service: breaker.service,
        state: breaker.state,
        failures: breaker.failures,
        retry_after_ms: breaker.retry_after_ms,
    };
    DaemonLoad {
        connections: stored.connections,
        requests: stored.requests,
        requests_per_s: stored.requests_per_s,
        event_lag_us: stored.event_lag_us,
        deaf: stored.deaf,
        generation: stored.generation,
        breakers: stored.breakers.into_iter().map(breaker).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_read_as_it_was_written_and_what_others_say_more_or_less_is_no_harm() {
        let breaker = BreakerHealth {
            service: "redis".to_owned(),
            state: "open".to_owned(),
            failures: 5,
            retry_after_ms: Some(7),
        };
        let load = DaemonLoad {
            connections: 1,
            requests: 2,
            requests_per_s: 3.5,
            event_lag_us: Some(4),
            deaf: Some("cut".to_owned()),
            generation: 6,
            breakers: vec![breaker],
        };
        assert_eq!(read(&written(&load)), load);
        let more = read(r#"{"connections": 8, "colour": "blue"}"#);
        assert_eq!(more, DaemonLoad { connections: 8, ..DaemonLoad::default() });
        for damaged in ["", "nonsense", "[]", r#"{"connections": -1}"#] {
            assert_eq!(read(damaged), DaemonLoad::default(), "{damaged}");
        }
    }
}
