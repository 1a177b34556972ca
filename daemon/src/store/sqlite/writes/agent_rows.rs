//! Agents whose names are proved, as rows.

use agent_memory_proto::model::Agent;
use rusqlite::{OptionalExtension, Row, params};

use super::transaction::SqliteTransaction;
use crate::store::{
    KnownAgent,
    rules::{AgentRows, Step},
};

/// Reads an agent from name, `created_by` and `created_at_ms`.
pub(in crate::store::sqlite) fn agent_from_row(row: &Row<'_>) -> rusqlite::Result<Agent> {
    Ok(Agent { name: row.get(0)?, created_by: row.get(1)?, created_at_ms: row.get(2)? })
}

impl AgentRows for SqliteTransaction<'_> {
    async fn agent(&self, name: &str) -> Step<Option<Agent>> {
        let sql = "SELECT name, created_by, created_at_ms FROM agents WHERE name = ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([name], agent_from_row).optional()?)
    }

    async fn count_agents(&self) -> Step<u64> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM agents")?;
        let count: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn put_agent(&self, known: &KnownAgent) -> Step<()> {
        let KnownAgent { agent, token } = known;
        let sql = "INSERT OR REPLACE INTO agents (name, token_hash, created_by, created_at_ms) \
                   VALUES (?1, ?2, ?3, ?4)";
        let values = params![agent.name, token.0, agent.created_by, agent.created_at_ms];
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    async fn remove_agent(&self, name: &str) -> Step<()> {
        self.connection.prepare_cached("DELETE FROM agents WHERE name = ?1")?.execute([name])?;
        Ok(())
    }
}
