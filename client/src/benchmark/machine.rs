//! The machine, the versions and the settings that the figures belong to.

use agent_memory_client::{CallOptions, ReconnectingClient, render, times};
use agent_memory_proto::{BUILD, Request, Response, response::Health};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// What the figures belong to.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) health: Box<Health>,
    /// Whether agents may do only what was granted.
    pub(crate) is_strict: bool,
    /// The daemon's settings that are not at their default.
    settings: Map<String, Value>,
}

impl Surroundings {
    /// Asks the daemon about itself.
    pub(crate) async fn look(client: &ReconnectingClient) -> Result<Self, Failure> {
        let options = CallOptions::default;
        let response = client.call(Request::Health, options()).await?.response;
        let is_strict = match &response {
            Response::FullHealthReport(full) => {
                full.figure("permissions", "mode").is_some_and(|mode| mode.to_string() == "strict")
            }
            _ => false,
        };
        let Some(health) = response.into_health() else { return Err(Failure::unexpected("health")) };
        let Response::Config(report) = client.call(Request::Config, options()).await?.response else {
            return Err(Failure::unexpected("config"));
        };
        let changed = report.settings.into_iter().filter(|setting| setting.source != "default");
        let settings = changed.map(|setting| (setting.name, json!(setting.value))).collect();
        Ok(Self { health, is_strict, settings })
    }

    /// Whether the store is a server outside of the daemon.
    pub(crate) fn is_remote(&self) -> bool {
        self.health.database.backend != "sqlite"
    }

    /// The versions of everything that took part.
    pub(crate) fn versions(&self) -> Value {
        json!({
            "client": BUILD,
            "daemon": self.health.daemon.build,
            "protocol": { "min": self.health.daemon.protocol.0, "max": self.health.daemon.protocol.1 },
            "database": format!("{} {}", self.health.database.backend, self.health.database.engine_version),
        })
    }

    /// The daemon's settings that are not at their default, and its state before.
    pub(crate) fn daemon(&self) -> Value {
        let health = render::health(&self.health);
        json!({
            "changed_settings": self.settings,
            "database": health["database"],
            "resident_mb": health["daemon"]["residentMB"],
        })
    }
}

/// The machine.
pub(crate) fn machine() -> Value {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = value_after(&file("/proc/cpuinfo"), "model name");
    let memory = value_after(&file("/proc/meminfo"), "MemTotal");
    let load = file("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    json!({
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "kernel": kernel(),
        "cpu": cpu,
        "cores": cores,
        "memory": memory,
        "load_average": load,
        "optimised_build": !cfg!(debug_assertions),
    })
}

/// The time of day, for the report.
pub(crate) fn now() -> String {
    times::format(jiff::Timestamp::now().as_millisecond())
}

fn value_after(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

#[cfg(unix)]
fn kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn kernel() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::value_after;

    #[test]
    fn a_value_is_found_behind_its_name() {
        let text = "processor\t: 0\nmodel name\t: A CPU\n";
        assert_eq!(value_after(text, "model name").as_deref(), Some("A CPU"));
        assert_eq!(value_after(text, "flags"), None);
    }
}
