//! `watch`: what changes, as it changes, until Ctrl-C. Whatever could not be seen is said in its place.

use std::time::Duration;

use agent_memory_client::{Client, ClientError, ConnectOptions, Events, render};
use agent_memory_proto::Event;
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    invocation::Invocation,
    output::{self, events},
};

/// Between two attempts to connect again.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    tokio::select! {
        done = watch(invocation) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Goes on until stdout is closed.
async fn watch(invocation: &Invocation) -> Result<(), Failure> {
    let mut events = subscribe(invocation.connect_options().clone()).await?;
    if !say(invocation, "watching", "changes are shown from now on") {
        return Ok(());
    }
    loop {
        while let Some(event) = events.next().await {
            if !show(invocation, &event) {
                return Ok(());
            }
        }
        if !say(invocation, "disconnected", "the connection to the daemon was lost") {
            return Ok(());
        }
        events = reconnect(invocation).await?;
        if !say(invocation, "reconnected", "connected again; changes made meanwhile were missed") {
            return Ok(());
        }
    }
}

async fn subscribe(options: ConnectOptions) -> Result<Events, ClientError> {
    Client::connect(options).await?.subscribe().await
}

/// Tries until the daemon is there again, or another in its place. It starts none: somebody may have stopped it.
async fn reconnect(invocation: &Invocation) -> Result<Events, Failure> {
    let options = invocation.connect_options().clone().without_start();
    loop {
        match subscribe(options.clone()).await {
            Ok(events) => return Ok(events),
            Err(error @ ClientError::VersionMismatch { .. }) => return Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "not connected yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Shows an event; false when nobody reads any more.
fn show(invocation: &Invocation, event: &Event) -> bool {
    if invocation.output.is_json() {
        return line(&render::event(event));
    }
    output::try_line(&events::line(invocation.output.style(), event))
}

/// Says something about the watch itself: among the events for programs, beside them for people.
fn say(invocation: &Invocation, event: &str, text: &str) -> bool {
    if invocation.output.is_json() {
        return line(&json!({ "event": event }));
    }
    invocation.output.remark(text);
    true
}

fn line(value: &Value) -> bool {
    output::try_line(&value.to_string())
}
