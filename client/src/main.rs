//! The command line `agent-memory`: parses, runs one command, returns an exit code.

mod benchmark;
mod commands;
mod content;
mod failure;
mod invocation;
mod node_argument;
mod output;
mod scope_argument;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

fn main() -> ExitCode {
    let cli = commands::Cli::of_bridge(std::env::args_os().skip(1)).unwrap_or_else(commands::Cli::parse);
    start_logging();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let as_json = cli.globals.json;
    let result = runtime.block_on(commands::run(cli));
    // A read of stdin may still block a thread; nothing waits for it.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(as_json);
            ExitCode::from(failure.exit)
        }
    }
}

/// What is logged by default. The MCP library warns of every refusal, which the agent is told anyway.
const LOG_FILTER: &str = "warn,rmcp=error";

/// Logs go to stderr: stdout belongs to answers. `AGENT_MEMORY_CLIENT_LOG` takes a filter, as `debug`
/// or `warn,agent_memory_client=trace`.
fn start_logging() {
    let filter = std::env::var("AGENT_MEMORY_CLIENT_LOG").unwrap_or_else(|_| LOG_FILTER.to_owned());
    let filter = filter.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::WARN));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .without_time();
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
