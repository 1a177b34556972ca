//! The commands: one file each, with its arguments and a `run`. This file lists them.

mod agent;
mod audit;
mod backup;
mod client;
mod cluster;
mod completions;
mod config;
mod conflict;
mod consolidate;
mod daemon;
mod db;
mod doctor;
mod entry;
mod export;
mod forget;
mod globals;
mod health;
mod import;
mod lock;
mod mcp;
mod org;
mod permission;
mod project;
mod query;
mod relation;
mod remember;
mod session;
mod status;
mod tag;
mod task;
mod transfer_progress;
mod watch;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub(crate) use globals::Globals;

use crate::{failure::Failure, invocation::Invocation};

/// Shared, lasting memory for coding agents.
#[derive(Debug, Parser)]
#[command(name = "agent-memory", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The command line of a bridge in its plain form, read without the parser: one bridge runs for
    /// each agent all day long, and the parser with all its commands would stay in its memory.
    /// Anything but the plain form is `None`, and the parser's to judge.
    pub(crate) fn of_bridge(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut globals = Globals::default();
        let mut is_bridge = false;
        let mut arguments = arguments.map(|argument| argument.into_string().ok());
        while let Some(argument) = arguments.next() {
            match argument?.as_str() {
                "mcp" if !is_bridge => is_bridge = true,
                name @ ("--project" | "--agent" | "--data-dir" | "--socket") => {
                    let value = arguments.next()??;
                    let is_plain = !value.is_empty() && !value.starts_with('-');
                    let is_new = match name {
                        "--project" => globals.project.replace(value).is_none(),
                        "--agent" => globals.agent.replace(value).is_none(),
                        "--data-dir" => globals.data_dir.replace(value.into()).is_none(),
                        _ => globals.socket.replace(value.into()).is_none(),
                    };
                    if !is_plain || !is_new {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        is_bridge.then_some(Self { globals, command: Command::Mcp })
    }
}

/// Everything the command line can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Rules to follow
    #[command(subcommand)]
    Guideline(entry::EntryCommand<entry::GuidelineFields>),
    /// Facts, decisions, context and references
    #[command(subcommand)]
    Knowledge(entry::EntryCommand<entry::KnowledgeFields>),
    /// Commands, functions and services, and how to use them
    #[command(subcommand)]
    Tool(entry::EntryCommand<entry::ToolFields>),
    /// Organisations: the scope above projects
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// Projects: usually one directory each
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Sessions: one stretch of an agent's work
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Tasks: what is to be done, and who does it
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Entries that two agents changed at the same time
    #[command(subcommand)]
    Conflict(conflict::ConflictCommand),
    /// Locks of files, so that agents do not change one at the same time
    #[command(subcommand)]
    Lock(lock::LockCommand),
    /// Relations: that one entry or project has to do with another
    #[command(subcommand)]
    Relation(relation::RelationCommand),
    /// Tags: words that entries are filed under
    #[command(subcommand)]
    Tag(tag::TagCommand),
    /// Who agents are: tokens that prove their names
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// What agents may do, and where
    #[command(subcommand)]
    Permission(permission::PermissionCommand),
    /// Search, and the context of a scope
    #[command(subcommand)]
    Query(query::QueryCommand),
    /// Store plain text as the kind of entry it looks like
    Remember(remember::RememberArgs),
    /// Find entries that say the same or that are stale, and join or hide them
    #[command(subcommand)]
    Consolidate(consolidate::ConsolidateCommand),
    /// Hide what is old or unimportant, by a rule
    Forget(forget::ForgetArgs),
    /// Write what is stored into a file
    Export(export::ExportArgs),
    /// Read entries out of a file into the store, all or nothing
    Import(import::ImportArgs),
    /// Backups: make, check and restore them
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// What was done, by whom and from where
    Audit(audit::AuditArgs),
    /// What changes, as it changes, until Ctrl-C
    Watch,
    /// How the daemon and its store are, after a real write and read
    Health,
    /// Whether a daemon runs, and where
    Status,
    /// The daemons that serve one store together
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Find what is wrong, and how to mend it
    Doctor,
    /// Serve an agent over MCP on stdin and stdout
    Mcp,
    /// Every setting, its value and where it came from
    Config(config::ConfigArgs),
    /// Start, stop and watch the daemon
    #[command(subcommand)]
    Daemon(daemon::DaemonCommand),
    /// Check, migrate and copy the database of the settings
    Db(db::DbArgs),
    /// Tools of the client itself
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Completions for a shell
    Completions(completions::CompletionsArgs),
}

/// Runs one command.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Completions(args) = &cli.command {
        completions::run(args);
        return Ok(());
    }
    if let Command::Doctor = cli.command {
        return doctor::run(cli.globals).await;
    }
    let invocation = Invocation::new(cli.globals)?;
    match cli.command {
        Command::Guideline(command) => entry::run(&invocation, command).await,
        Command::Knowledge(command) => entry::run(&invocation, command).await,
        Command::Tool(command) => entry::run(&invocation, command).await,
        Command::Org(command) => org::run(&invocation, command).await,
        Command::Project(command) => project::run(&invocation, command).await,
        Command::Session(command) => session::run(&invocation, command).await,
        Command::Conflict(command) => conflict::run(&invocation, command).await,
        Command::Task(command) => task::run(&invocation, command).await,
        Command::Lock(command) => lock::run(&invocation, command).await,
        Command::Relation(command) => relation::run(&invocation, command).await,
        Command::Tag(command) => tag::run(&invocation, command).await,
        Command::Agent(command) => agent::run(&invocation, command).await,
        Command::Permission(command) => permission::run(&invocation, command).await,
        Command::Query(command) => query::run(&invocation, command).await,
        Command::Remember(args) => remember::run(&invocation, args).await,
        Command::Consolidate(command) => consolidate::run(&invocation, command).await,
        Command::Forget(args) => forget::run(&invocation, args).await,
        Command::Export(args) => export::run(&invocation, args).await,
        Command::Import(args) => import::run(&invocation, args).await,
        Command::Backup(command) => backup::run(&invocation, command).await,
        Command::Audit(args) => audit::run(&invocation, args).await,
        Command::Watch => watch::run(&invocation).await,
        Command::Health => health::run(&invocation).await,
        Command::Status => status::run(&invocation).await,
        Command::Cluster(command) => cluster::run(&invocation, command).await,
        Command::Mcp => mcp::run(&invocation).await,
        Command::Config(args) => config::run(&invocation, &args).await,
        Command::Daemon(command) => daemon::run(&invocation, command).await,
        Command::Db(args) => db::run(&invocation, args),
        Command::Client(command) => client::run(&invocation, command).await,
        Command::Completions(_) | Command::Doctor => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_go_before_and_after_the_command() {
        let cli = Cli::parse_from(["agent-memory", "--json", "health"]);
        assert!(cli.globals.json);
        let cli = Cli::parse_from(["agent-memory", "guideline", "list", "--json", "--project", "shop"]);
        assert_eq!(cli.globals.project.as_deref(), Some("shop"));
    }

    /// Only what the parser would read the same may be read without it.
    #[test]
    fn the_plain_form_of_a_bridge_is_read_as_the_parser_reads_it() {
        let plain = |line: &str| Cli::of_bridge(line.split_whitespace().map(OsString::from));
        for line in ["mcp", "--project shop mcp", "mcp --agent a --data-dir /d --socket /s --project p"] {
            let parsed = Cli::parse_from(std::iter::once("agent-memory").chain(line.split_whitespace()));
            assert_eq!(format!("{:?}", plain(line).expect(line)), format!("{parsed:?}"));
        }
        for line in
            ["", "health", "mcp --help", "mcp --project", "mcp mcp", "mcp --project -x", "mcp --project=p"]
        {
            assert!(plain(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_wrong_scope_is_a_usage_error() {
        let error = Cli::try_parse_from(["agent-memory", "guideline", "list", "--scope", "galaxy"]);
        assert_eq!(error.expect_err("refused").exit_code(), 2);
    }
}
