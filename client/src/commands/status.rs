//! `status`: whether a daemon runs, and where. Starts nothing. Exit code 3 when none runs.

use agent_memory_client::{ClientError, probe};
use agent_memory_proto::handshake::{Status, Welcome};
use serde_json::{Value, json};

use crate::{
    failure::{EXIT_UNAVAILABLE, Failure},
    invocation::Invocation,
};

pub(crate) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    let found = probe(invocation.connect_options()).await;
    let running = match &found {
        Ok(welcome) => welcome.status != Status::Stopping,
        Err(ClientError::NotRunning { .. }) => false,
        Err(_) => return found.map(|_| ()).map_err(Failure::from),
    };
    let output = &invocation.output;
    let welcome = found.ok();
    if output.is_json() {
        output.json(&value(invocation, running, welcome.as_ref()));
    } else if output.is_quiet() {
        output.line(if running { "running" } else { "stopped" });
    } else {
        output.line(&lines(invocation, running, welcome.as_ref()));
    }
    if running { Ok(()) } else { Err(Failure::told(EXIT_UNAVAILABLE)) }
}

fn value(invocation: &Invocation, running: bool, welcome: Option<&Welcome>) -> Value {
    let locations = &invocation.locations;
    json!({
        "running": running,
        "stopping": welcome.is_some_and(|welcome| welcome.status == Status::Stopping),
        "dataDir": locations.data_dir,
        "socket": locations.socket,
        "logFile": locations.log_file,
        "processId": welcome.map(|welcome| welcome.process_id),
        "version": welcome.map(|welcome| &welcome.build),
        "protocol": welcome.map(|welcome| json!({ "min": welcome.protocol_min, "max": welcome.protocol_max })),
        "connections": welcome.map(|welcome| welcome.other_connections),
        "managed": welcome.map(Welcome::is_managed),
        "namesAreProved": welcome.map(Welcome::proves_names),
    })
}

fn lines(invocation: &Invocation, running: bool, welcome: Option<&Welcome>) -> String {
    let locations = &invocation.locations;
    let mut lines = vec![match welcome {
        Some(welcome) if running => format!(
            "running: agent-memoryd {} (process {}, {} connections{})",
            welcome.build,
            welcome.process_id,
            welcome.other_connections,
            if welcome.is_managed() { ", managed by a service manager" } else { "" },
        ),
        Some(welcome) => {
            format!("stopping: agent-memoryd {} (process {})", welcome.build, welcome.process_id)
        }
        None => "stopped: any command that needs the daemon starts it".to_owned(),
    }];
    if let Some(welcome) = welcome.filter(|_| running) {
        let how = if welcome.proves_names() { "proved by tokens" } else { "taken as they are said" };
        lines.push(format!("  agents' names   {how}"));
    }
    lines.push(format!("  data directory  {}", locations.data_dir.display()));
    lines.push(format!("  socket          {}", locations.socket.display()));
    lines.push(format!("  log             {}", locations.log_file.display()));
    lines.join("\n")
}
