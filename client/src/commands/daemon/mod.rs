//! `daemon start|stop|restart|status|logs|run`.

mod logs;
mod run;
mod stop;

use agent_memory_client::Client;
use clap::{Args, Subcommand};
pub(crate) use run::run as become_daemon;

use super::status;
use crate::{failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum DaemonCommand {
    /// Start the daemon, unless one runs
    Start,
    /// Stop the daemon; it finishes what it has accepted
    Stop,
    /// Stop the daemon and start it again
    Restart,
    /// Whether a daemon runs, and where
    Status,
    /// Show the log of a daemon that a client started
    Logs(logs::LogsArgs),
    /// Run the daemon in the foreground, in place of this process
    Run(RunArgs),
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Arguments for agent-memoryd
    #[arg(last = true)]
    arguments: Vec<std::ffi::OsString>,
}

pub(crate) async fn run(invocation: &Invocation, command: DaemonCommand) -> Result<(), Failure> {
    match command {
        DaemonCommand::Start => start(invocation).await,
        DaemonCommand::Stop => {
            let stopped = stop::stop(invocation).await?;
            say(invocation, if stopped { "stopped" } else { "no daemon was running" });
            Ok(())
        }
        DaemonCommand::Restart => {
            stop::stop(invocation).await?;
            start(invocation).await
        }
        DaemonCommand::Status => status::run(invocation).await,
        DaemonCommand::Logs(args) => logs::run(invocation, &args).await,
        DaemonCommand::Run(args) => become_daemon(invocation, &args.arguments),
    }
}

async fn start(invocation: &Invocation) -> Result<(), Failure> {
    let client = Client::connect(invocation.connect_options().clone()).await?;
    drop(client);
    status::run(invocation).await
}

fn say(invocation: &Invocation, state: &str) {
    match invocation.output.is_json() {
        true => invocation.output.json(&serde_json::json!({ "success": true, "state": state })),
        false => invocation.output.line(state),
    }
}
