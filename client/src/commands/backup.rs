//! `backup create|list|verify|restore|cleanup`.

use agent_memory_proto::{
    Request,
    request::{CleanupBackups, CreateBackup, RestoreBackup, VerifyBackup},
};
use clap::Subcommand;

use crate::{failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup and verify it; agents go on reading and writing
    Create {
        /// What its file name begins with
        name: Option<String>,
    },
    /// List the backups, and how the schedule goes
    List,
    /// Check a backup from end to end
    Verify {
        /// The name of its file, as the list gives it
        filename: String,
    },
    /// Put a backup in the place of everything that is stored; what is replaced is kept as a backup
    Restore {
        /// The name of its file, as the list gives it
        filename: String,
    },
    /// Remove all but the newest backups
    Cleanup {
        /// How many are kept
        #[arg(long, value_name = "NUMBER")]
        keep: u32,
    },
}

pub(crate) async fn run(invocation: &Invocation, command: BackupCommand) -> Result<(), Failure> {
    let admin_key = invocation.admin_key();
    let request = match command {
        BackupCommand::Create { name } => Request::CreateBackup(CreateBackup { name, admin_key }),
        BackupCommand::List => Request::ListBackups,
        BackupCommand::Verify { filename } => Request::VerifyBackup(VerifyBackup { filename, admin_key }),
        BackupCommand::Restore { filename } => Request::RestoreBackup(RestoreBackup { filename, admin_key }),
        BackupCommand::Cleanup { keep } => Request::CleanupBackups(CleanupBackups { keep, admin_key }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, None);
    Ok(())
}
