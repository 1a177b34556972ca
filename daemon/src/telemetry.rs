//! Logs: to stderr, as text or JSON, at a level that SIGHUP may change.

use std::io::IsTerminal;

use agent_memory_proto::settings::Settings;
use tracing_subscriber::{
    EnvFilter, Registry,
    layer::{Layer, SubscriberExt},
    reload,
    util::SubscriberInitExt,
};

/// Changes the level of a running log.
#[derive(Clone, Debug)]
pub struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogLevel {
    /// Logs from now on at the level of the settings.
    pub fn set(&self, settings: &Settings) {
        if let Err(error) = self.0.reload(filter(settings)) {
            tracing::error!(%error, "the log level cannot be changed");
        }
    }
}

/// Starts logging. Called once, by whoever starts the process.
#[must_use]
pub fn start_logging(settings: &Settings) -> LogLevel {
    let (filter, handle) = reload::Layer::new(filter(settings));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<_> + Send + Sync> = if settings.text("LOG_FORMAT") == Some("json") {
        Box::new(lines.json().flatten_event(true))
    } else {
        Box::new(lines.with_ansi(std::io::stderr().is_terminal()))
    };
    // A second call, as in tests within one process, keeps the first log.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    LogLevel(handle)
}

fn filter(settings: &Settings) -> EnvFilter {
    let level = settings.text("LOG_LEVEL").unwrap_or("info");
    // The libraries' own words below warnings say nothing that an operator needs.
    EnvFilter::new(format!("warn,agent_memory_daemon={level},agent_memoryd={level}"))
}
