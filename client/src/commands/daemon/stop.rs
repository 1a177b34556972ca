//! `daemon stop`: asks the daemon to stop and waits until its process has ended.

use std::time::Duration;

use agent_memory_client::{CallOptions, Client, ClientError};
use agent_memory_proto::Request;
use tokio::time::{Instant, sleep};

use crate::{failure::Failure, invocation::Invocation};

/// How long after its own limit a daemon may take to end.
const MARGIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// Stops the daemon. False when none was running.
pub(super) async fn stop(invocation: &Invocation) -> Result<bool, Failure> {
    let options = invocation.connect_options().clone().without_start();
    let client = match Client::connect(options).await {
        Ok(client) => client,
        Err(ClientError::NotRunning { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let welcome = client.welcome().clone();
    if welcome.is_managed() {
        invocation.output.note("a service manager started this daemon and may start it again");
    }
    match client.call(Request::Stop, CallOptions::default()).await {
        Ok(_) | Err(ClientError::ConnectionLost { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    drop(client);
    let limit_ms = invocation.locations.settings.number("SHUTDOWN_TIMEOUT_MS");
    let limit = Duration::from_millis(limit_ms) + MARGIN;
    let until = Instant::now() + limit;
    while is_alive(welcome.process_id) {
        if Instant::now() >= until {
            let process_id = welcome.process_id;
            let limit_ms = limit.as_millis();
            return Err(Failure::local(format!(
                "the daemon (process {process_id}) agreed to stop and still runs after {limit_ms} ms"
            )));
        }
        sleep(POLL).await;
    }
    Ok(true)
}

#[cfg(unix)]
fn is_alive(process_id: u32) -> bool {
    let process = i32::try_from(process_id).ok().and_then(rustix::process::Pid::from_raw);
    process.is_some_and(|process| rustix::process::test_kill_process(process).is_ok())
}

/// Elsewhere the end of the connection has to do.
#[cfg(not(unix))]
fn is_alive(_process_id: u32) -> bool {
    false
}
