//! memory_backup: backups of everything that is stored.

use agent_memory_proto::{
    Request, limits,
    request::{CleanupBackups, CreateBackup, RestoreBackup, VerifyBackup},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, unplanned,
};

/// How many a clean-up keeps that names no number, as the original does.
const KEPT_DEFAULT: u32 = 5;

pub(super) const TOOL: Tool = Tool {
    name: "memory_backup",
    actions: &["create", "list", "verify", "cleanup", "restore"],
    parameters: &["action", "admin_key", "name", "keepCount", "filename", "agentId"],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, _: &Scopes) -> Result<Request, Refusal> {
    let admin_key = call.text("admin_key")?;
    Ok(match action {
        "create" => Request::CreateBackup(CreateBackup { name: call.text("name")?, admin_key }),
        "list" => Request::ListBackups,
        "verify" => Request::VerifyBackup(VerifyBackup { filename: filename(call)?, admin_key }),
        "cleanup" => {
            let keep = call.integer("keepCount", 1..=limits::BACKUPS_KEPT_MAX)?.unwrap_or(KEPT_DEFAULT);
            Request::CleanupBackups(CleanupBackups { keep, admin_key })
        }
        "restore" => Request::RestoreBackup(RestoreBackup { filename: filename(call)?, admin_key }),
        other => return Err(unplanned(other)),
    })
}

fn filename(call: &mut Arguments) -> Result<String, Refusal> {
    call.required("filename", Arguments::text)
}
