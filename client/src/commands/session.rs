//! `session start|end|list`.

use agent_memory_proto::{
    Request,
    model::{Id, SessionStatus},
    request::{EndSession, FinishSession, ListSessions, PromoteSession, PromoteStrategy, StartSession},
};
use clap::{Args, Subcommand};

use super::entry::Page;
use crate::{content, failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Start a session of the project
    Start(StartArgs),
    /// End or pause a session
    End {
        /// Which session
        id: Id,
        /// completed, discarded, paused, or active to take up a paused one again
        #[arg(long, default_value = "completed")]
        status: SessionStatus,
        /// What it came to
        #[arg(long)]
        summary: Option<String>,
    },
    /// Move entries of a session to its project
    Promote {
        /// Which session
        id: Id,
        /// Which of its entries; all when none is named
        #[arg(value_name = "ENTRY")]
        entries: Vec<Id>,
        /// Leave those whose names are taken in the project where they are, and move the others
        #[arg(long)]
        skip: bool,
    },
    /// List sessions, latest first
    List(ListArgs),
}

#[derive(Args, Debug)]
pub(crate) struct StartArgs {
    /// Its name
    name: Option<String>,
    /// What for
    #[arg(long)]
    purpose: Option<String>,
    /// Anything else, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only with this status
    #[arg(long)]
    status: Option<SessionStatus>,
    /// Of all projects
    #[arg(long)]
    all_projects: bool,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(invocation: &Invocation, command: SessionCommand) -> Result<(), Failure> {
    let request = match command {
        SessionCommand::Start(args) => start(invocation, args).await?,
        SessionCommand::End { id, status, summary: None } => Request::EndSession(EndSession { id, status }),
        SessionCommand::End { id, status, summary } => {
            Request::FinishSession(FinishSession { id, status, summary })
        }
        SessionCommand::Promote { id, entries, skip } => Request::PromoteSession(PromoteSession {
            id,
            entry_ids: entries,
            strategy: if skip { PromoteStrategy::Skip } else { PromoteStrategy::Refuse },
            promoted_by: None,
        }),
        SessionCommand::List(args) => {
            let project = if args.all_projects { None } else { invocation.project().await? };
            Request::ListSessions(ListSessions {
                project_id: project.map(|project| project.id),
                status: args.status,
                limit: args.page.limit,
                offset: args.page.offset,
            })
        }
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

async fn start(invocation: &Invocation, args: StartArgs) -> Result<Request, Failure> {
    let metadata = content::json("metadata", args.metadata.as_deref(), "a JSON object")?;
    let project_id = invocation.project().await?.map(|project| project.id);
    let agent_id = Some(invocation.connect_options().agent_id.clone()).filter(|agent| !agent.is_empty());
    Ok(Request::StartSession(StartSession {
        id: None,
        project_id,
        name: args.name,
        purpose: args.purpose,
        agent_id,
        metadata,
    }))
}
