//! The executable `agent-memoryd`: parses, builds, waits, returns an exit code.

use std::process::ExitCode;

use agent_memory_daemon::{
    config::Config,
    db::{self, DbCommand},
    places,
    server::{self, Ending},
    supervisor, telemetry,
};
use clap::{Parser, Subcommand};

/// The agent-memory daemon: owns a memory store and serves it over a local socket. Runs in the
/// foreground and logs to stderr. Settings come from AGENT_MEMORY_* and the settings file.
#[derive(Debug, Parser)]
#[command(name = "agent-memoryd", version)]
struct Arguments {
    /// Exit when no client has been connected for AGENT_MEMORY_IDLE_EXIT_MS.
    #[arg(long)]
    started_by_client: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What it can do instead of serving.
#[derive(Debug, Subcommand)]
enum Command {
    /// Work on the database of the settings, and return
    #[command(subcommand)]
    Db(DbCommand),
}

/// Another daemon has the store, so this one is not needed (`EX_TEMPFAIL` of sysexits).
const ALREADY_RUNNING: u8 = 75;
/// A setting is wrong (`EX_CONFIG`).
const BAD_SETTING: u8 = 78;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (settings, places) = match places::from_environment() {
        Ok(found) => found,
        Err(error) => {
            eprintln!("agent-memoryd: {error:#}");
            return ExitCode::from(BAD_SETTING);
        }
    };
    let log_level = telemetry::start_logging(&settings);
    supervisor::install_panic_hook();
    for unknown in settings.unknown() {
        let hint = unknown.nearest.as_ref().map(|name| format!("; did you mean AGENT_MEMORY_{name}?"));
        tracing::warn!("{} is no setting and does nothing{}", unknown.name, hint.unwrap_or_default());
    }
    let config = match Config::new(settings, places, arguments.started_by_client) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::from(BAD_SETTING);
        }
    };
    if let Some(Command::Db(command)) = arguments.command {
        return ExitCode::from(db::run(&config, &command));
    }
    match server::run(config, log_level) {
        Ok(Ending::Clean | Ending::Hard) => ExitCode::SUCCESS,
        Err(error) if error.is_already_running() => {
            tracing::error!("{error}");
            ExitCode::from(ALREADY_RUNNING)
        }
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
