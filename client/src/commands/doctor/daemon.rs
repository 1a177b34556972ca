//! The daemon: whether one answers, whether one can be started, and what it says about itself.

use agent_memory_client::{CallOptions, Client, ClientError, daemon_holder, probe};
use agent_memory_proto::{
    BUILD, Request, Response,
    handshake::{Status, Welcome},
    response::{Health, HealthStatus, RedisReport, SharedCacheHealth},
};

use super::Finding;
use crate::invocation::Invocation;

const ABOUT: &str = "daemon";

pub(super) async fn check(invocation: &Invocation) -> Vec<Finding> {
    let mut findings = Vec::new();
    match probe(invocation.connect_options()).await {
        Ok(welcome) => findings.extend([living(&welcome), names(&welcome)]),
        Err(ClientError::NotRunning { .. }) => findings.extend(absent(invocation)),
        Err(error) => {
            findings.push(failed(invocation, &error));
            return findings;
        }
    }
    let client = match Client::connect(invocation.connect_options().clone()).await {
        Ok(client) => client,
        Err(error) => {
            findings.push(failed(invocation, &error));
            return findings;
        }
    };
    match client.call(Request::Health, CallOptions::default()).await.map(|reply| reply.response) {
        Ok(response) => {
            let more: Vec<_> = [permissions(&response), redis(&response)].into_iter().flatten().collect();
            match response.into_health() {
                Some(health) => findings.extend(told(&health).into_iter().chain(more)),
                None => findings.push(Finding::bad(ABOUT, "it answered health with something else", UPGRADE)),
            }
        }
        Err(error) => findings.push(failed(invocation, &error)),
    }
    findings
}

const DAMAGED: &str = "The database file is damaged: move memory.db, memory.db-wal and memory.db-shm out of the data directory, start \
    again, and restore a backup (agent-memory backup list)";
const UPGRADE: &str = "Install agent-memory and agent-memoryd of the same release";

fn living(welcome: &Welcome) -> Finding {
    let what = format!("agent-memoryd {} answers (process {})", welcome.build, welcome.process_id);
    match welcome.status {
        Status::Accepted | Status::TooManyConnections if welcome.build == BUILD => Finding::good(ABOUT, what),
        Status::Accepted | Status::TooManyConnections => {
            let what = format!("{what}; this client is {BUILD}");
            Finding::doubtful(ABOUT, what, "agent-memory daemon restart runs the installed release")
        }
        Status::Stopping => Finding::doubtful(ABOUT, format!("{what}, and is stopping"), "Wait a moment"),
        Status::VersionMismatch => Finding::bad(ABOUT, format!("{what}, with another protocol"), UPGRADE),
    }
}

/// Whether an agent's name is more than a claim.
fn names(welcome: &Welcome) -> Finding {
    let how = if welcome.proves_names() { "proved by tokens" } else { "taken as they are said" };
    Finding::good("agents' names", how)
}

/// Nobody answers: that is no problem by itself. A socket left behind is told, since people look
/// for it.
fn absent(invocation: &Invocation) -> Vec<Finding> {
    let socket = &invocation.locations.socket;
    let mut findings = vec![Finding::good(ABOUT, "none was running; this check starts one")];
    if std::fs::symlink_metadata(socket).is_ok() {
        let what = format!("{} was left behind by a daemon that is gone", socket.display());
        findings.push(Finding::doubtful("socket", what, "Nothing to do: the next daemon replaces it"));
    }
    findings
}

fn failed(invocation: &Invocation, error: &ClientError) -> Finding {
    let holder = daemon_holder(&invocation.locations.data_dir);
    let holder = holder.map(|words| format!(" ({words})")).unwrap_or_default();
    let mend = match error {
        ClientError::StartFailed { tail, .. } => start_mend(tail),
        ClientError::PermissionDenied { cause, .. } => cause.to_string(),
        ClientError::Unresponsive { .. } => format!(
            "The process that holds the data directory hangs{holder}: look at its log, then end that process"
        ),
        ClientError::VersionMismatch { .. } => UPGRADE.to_owned(),
        ClientError::TooManyConnections => {
            "Close agents that are not used, or raise AGENT_MEMORY_MAX_CONNECTIONS".to_owned()
        }
        _ => "Look at its log: agent-memory daemon logs".to_owned(),
    };
    Finding::bad(ABOUT, error.to_string(), mend)
}

/// The mend for what a daemon logged before it ended.
fn start_mend(tail: &[String]) -> String {
    let log = tail.join("\n").to_lowercase();
    let known = [
        (
            "another lineage",
            "Another build made this store: run that build, or choose another data directory",
        ),
        ("newer", "This store was written by a newer release: upgrade agent-memory and agent-memoryd"),
        ("full", "The disk is full: make room, then try again"),
        ("read-only", "The data directory cannot be written: mount it for writing, or choose another one"),
        (
            "permission denied",
            "Give this user access to the path that the log names; a sandbox may forbid it",
        ),
        ("not permitted", "A sandbox forbids it: allow the path that the log names in its settings"),
        ("malformed", DAMAGED),
        ("corrupt", DAMAGED),
        ("is not allowed", "Correct the setting that the log names"),
        (
            "in use by another",
            "That process holds the data directory and does not answer on its socket, which may have been removed \
             from under it: end the process, and the next command starts a new one",
        ),
    ];
    let mend = known.iter().find(|(words, _)| log.contains(words)).map(|(_, mend)| *mend);
    mend.unwrap_or("The last lines of its log say why; agent-memory daemon logs shows more").to_owned()
}

fn told(health: &Health) -> Vec<Finding> {
    let what = format!("store {} ({})", health.status.name(), health.database.location);
    let mend = "agent-memory health shows the details";
    let verdict = match health.status {
        HealthStatus::Healthy => Finding::good("store", what),
        HealthStatus::Degraded => Finding::doubtful("store", what, mend),
        HealthStatus::Unhealthy => Finding::bad("store", what, mend),
    };
    let problems = health.problems.iter().map(|problem| match health.status {
        HealthStatus::Unhealthy => Finding::bad("store", problem, "See the line above"),
        _ => Finding::doubtful("store", problem, "See the line above"),
    });
    std::iter::once(verdict).chain(problems).collect()
}

/// Redis, where it is used. Why it cannot be is among the problems of the store.
fn redis(response: &Response) -> Option<Finding> {
    let report = match response {
        Response::FullHealthReport(full) => &full.report,
        Response::HealthReport(report) => report,
        _ => return None,
    };
    let RedisReport { health, kind, shared_cache: SharedCacheHealth { hits, misses } } =
        report.redis.as_ref()?;
    let what = format!(
        "{} at {}:{}; answers shared there: {hits} hits, {misses} misses",
        kind.name(),
        health.host,
        health.port
    );
    Some(match health.connected {
        true => Finding::good("redis", what),
        false => Finding::doubtful("redis", format!("not connected: {what}"), "See the lines above"),
    })
}

/// What agents may do that nothing was granted to.
fn permissions(response: &Response) -> Option<Finding> {
    let Response::FullHealthReport(full) = response else { return None };
    let told = |name| full.figure("permissions", name);
    let (mode, because) = (told("mode")?, told("because")?);
    Some(Finding::good("permissions", format!("{mode}: {because}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_cause_has_its_mend() {
        let mend = |line: &str| start_mend(&[line.to_owned()]);
        assert!(mend("ERROR schema 9 is newer than 1").contains("upgrade"));
        assert!(mend("Error: database or disk is full").contains("make room"));
        assert!(mend("what").contains("last lines"));
    }
}
