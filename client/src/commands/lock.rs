//! `lock checkout|checkin|status|list|force-unlock`.

use std::path::{Path, PathBuf};

use agent_memory_client::file_path;
use agent_memory_proto::{
    ErrorBody, Request, limits,
    model::Id,
    request::{CheckinFile, CheckoutFile, ForceUnlockFile, GetFileLock, ListFileLocks},
};
use clap::{Args, Subcommand};

use super::entry::Page;
use crate::{content, failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    /// Lock a file, or renew one's own lock
    Checkout(CheckoutArgs),
    /// End one's own lock
    Checkin {
        /// The file
        file: PathBuf,
        /// The session that it was checked out in
        #[arg(long, value_name = "ID")]
        session: Option<Id>,
        /// Only the lock of this token
        #[arg(long)]
        token: Option<u64>,
    },
    /// Who holds a file
    Status {
        /// The file
        file: PathBuf,
    },
    /// List the locks that are held
    List {
        /// Only of this session
        #[arg(long, value_name = "ID")]
        session: Option<Id>,
        /// Only of the agent that --agent names
        #[arg(long)]
        mine: bool,
        #[command(flatten)]
        page: Page,
    },
    /// End a lock, whoever holds it; needs the admin key where the daemon has one
    ForceUnlock {
        /// The file
        file: PathBuf,
        /// Why; it is logged
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct CheckoutArgs {
    /// The file; it need not exist
    file: PathBuf,
    /// The session that the lock ends with
    #[arg(long, value_name = "ID")]
    session: Option<Id>,
    /// What for
    #[arg(long)]
    reason: Option<String>,
    /// How long it lasts at most, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = limits::LOCK_TTL_MS_DEFAULT / 1_000)]
    ttl: u64,
    /// How long to wait when another has it, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Anything else, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

pub(crate) async fn run(invocation: &Invocation, command: LockCommand) -> Result<(), Failure> {
    let agent_id = Some(invocation.connect_options().agent_id.clone()).filter(|agent| !agent.is_empty());
    let request = match command {
        LockCommand::Checkout(args) => Request::CheckoutFile(CheckoutFile {
            path: path(invocation, &args.file)?,
            agent_id,
            session_id: args.session,
            project_id: invocation.project().await?.map(|project| project.id),
            reason: args.reason,
            metadata: content::json("metadata", args.metadata.as_deref(), "a JSON object")?,
            ttl_ms: Some(args.ttl.saturating_mul(1_000)),
            wait_ms: args.wait.saturating_mul(1_000),
        }),
        LockCommand::Checkin { file, session, token } => {
            let path = path(invocation, &file)?;
            Request::CheckinFile(CheckinFile { path, agent_id, session_id: session, token })
        }
        LockCommand::Status { file } => Request::GetFileLock(GetFileLock { path: path(invocation, &file)? }),
        LockCommand::List { session, mine, page } => Request::ListFileLocks(ListFileLocks {
            project_id: None,
            agent_id: agent_id.filter(|_| mine),
            session_id: session,
            limit: page.limit,
            offset: page.offset,
        }),
        LockCommand::ForceUnlock { file, reason } => {
            let admin_key = invocation.admin_key();
            let path = path(invocation, &file)?;
            Request::ForceUnlockFile(ForceUnlockFile { path, agent_id, reason, admin_key })
        }
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

/// The one name of a file.
fn path(invocation: &Invocation, file: &Path) -> Result<String, Failure> {
    let refused = |why: &str| Failure::usage(ErrorBody::invalid("file", file.display(), why));
    let path = file_path::canonical(file, invocation.working_dir())
        .map_err(|error| refused(&format!("a file whose links can be followed ({error})")))?;
    path.into_os_string().into_string().map_err(|_| refused("a path of Unicode characters"))
}
