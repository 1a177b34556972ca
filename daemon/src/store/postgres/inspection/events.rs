//! Whether what one daemon tells reaches another.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;

use super::Finding;
use crate::store::{
    StoreError,
    postgres::{connection::Connection, connector::Connector, options::PostgresOptions, values::value},
};

const ABOUT: &str = "events";
const CHANNEL: &str = "agent_memory_check";
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn look(
    connection: &Connection,
    options: &PostgresOptions,
) -> Result<Vec<Finding>, StoreError> {
    let server = options.events_server.as_ref().unwrap_or(&options.server);
    let connector = Connector::new(options, server)?;
    let (sender, mut heard) = mpsc::channel::<()>(1);
    let on_message = move |message: AsyncMessage| {
        if matches!(message, AsyncMessage::Notification(ref it) if it.channel() == CHANNEL) {
            // One is enough.
            let _ = sender.try_send(());
        }
    };
    let (client, is_own) = connector.open(on_message).await?;
    client
        .batch_execute(&format!("LISTEN {CHANNEL}"))
        .await
        .map_err(|error| StoreError::Unavailable(format!("LISTEN is refused: {error}")))?;
    connection.rows("SELECT pg_notify($1, '')", &[value(&CHANNEL)]).await?;
    let is_heard = tokio::time::timeout(PATIENCE, heard.recv()).await.is_ok_and(|heard| heard.is_some());
    // A daemon does not rely on a pooler, in whatever mode.
    let is_heard = is_heard && is_own;
    Ok(vec![match is_heard {
        true => Finding::good(ABOUT, format!("what is told is heard, over {}", server.location())),
        false => Finding::bad(
            ABOUT,
            format!(
                "nothing is heard over {}: a pooler carries no events, and a daemon that does not hear \
                 the others uses no cache",
                server.location()
            ),
            "Name the server itself with AGENT_MEMORY_PG_EVENTS_URL",
        ),
    }])
}
