//! The statements of agents whose names are proved.

use agent_memory_proto::model::Agent;

use super::transaction::PgTransaction;
use crate::store::{
    KnownAgent,
    postgres::{columns::get, permissions::agent_from_row, values::value},
    rules::{AgentRows, Step},
};

impl AgentRows for PgTransaction<'_> {
    async fn agent(&self, name: &str) -> Step<Option<Agent>> {
        let sql = "SELECT name, created_by, created_at_ms FROM agents WHERE name = $1";
        self.row(sql, &[value(&name)]).await?.as_ref().map(agent_from_row).transpose()
    }

    async fn count_agents(&self) -> Step<u64> {
        let row = self.row("SELECT count(*) FROM agents", &[]).await?;
        let count: Option<i64> = row.map(|row| get(&row, 0)).transpose()?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    async fn put_agent(&self, known: &KnownAgent) -> Step<()> {
        let sql = "INSERT INTO agents (name, token_hash, created_by, created_at_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (name) DO UPDATE SET token_hash = excluded.token_hash, \
                   created_by = excluded.created_by, created_at_ms = excluded.created_at_ms";
        let (agent, hash) = (&known.agent, known.token.0.as_slice());
        let values =
            [value(&agent.name), value(&hash), value(&agent.created_by), value(&agent.created_at_ms)];
        self.rows(sql, &values).await.map(drop)
    }

    async fn remove_agent(&self, name: &str) -> Step<()> {
        self.rows("DELETE FROM agents WHERE name = $1", &[value(&name)]).await.map(drop)
    }
}
