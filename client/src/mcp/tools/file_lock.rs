//! memory_file_lock: files that agents have checked out.

use std::path::Path;

use agent_memory_proto::{
    ErrorBody, Request, limits,
    request::{CheckinFile, CheckoutFile, ForceUnlockFile, GetFileLock, ListFileLocks},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};
use crate::file_path;

pub(super) const TOOL: Tool = Tool {
    name: "memory_file_lock",
    actions: &["checkout", "checkin", "status", "list", "force_unlock"],
    parameters: &[
        "action",
        "file_path",
        "agent_id",
        "session_id",
        "project_id",
        "expires_in",
        "wait_ms",
        "token",
        "reason",
        "metadata",
        "admin_key",
        "limit",
        "offset",
        "agentId",
        "project",
        "idempotencyKey",
    ],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let agent_id = call.text("agent_id")?;
    let bound = scopes.project.as_ref().map(|project| project.id);
    Ok(match action {
        "checkout" => Request::CheckoutFile(CheckoutFile {
            path: file(call)?,
            agent_id,
            session_id: call.id("session_id")?.or(scopes.session),
            project_id: call.id("project_id")?.or(bound),
            reason: call.text("reason")?,
            metadata: call.object("metadata")?,
            ttl_ms: call
                .integer("expires_in", limits::LOCK_TTL_MS_MIN / 1_000..=limits::LOCK_TTL_MS_MAX / 1_000)?
                .map(|seconds| seconds * 1_000),
            wait_ms: call.integer("wait_ms", 0..=limits::LOCK_WAIT_MS_MAX)?.unwrap_or(0),
        }),
        "checkin" => Request::CheckinFile(CheckinFile {
            path: file(call)?,
            agent_id,
            session_id: call.id("session_id")?.or(scopes.session),
            token: call.integer("token", 0..=u64::MAX)?,
        }),
        "status" => Request::GetFileLock(GetFileLock { path: file(call)? }),
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListFileLocks(ListFileLocks {
                project_id: call.id("project_id")?,
                agent_id,
                session_id: call.id("session_id")?,
                limit,
                offset,
            })
        }
        "force_unlock" => Request::ForceUnlockFile(ForceUnlockFile {
            path: file(call)?,
            agent_id,
            reason: call.text("reason")?,
            admin_key: call.text("admin_key")?,
        }),
        other => return Err(unplanned(other)),
    })
}

/// The one name of the file. A relative path is refused: what it is relative to, only the agent knows.
fn file(call: &mut Arguments) -> Result<String, Refusal> {
    let given = call.required("file_path", Arguments::text)?;
    let refused = |allowed: &str| Box::new(ErrorBody::invalid("file_path", &given, allowed));
    if given.contains('\0') || given.len() > limits::LOCK_PATH_BYTES_MAX {
        return Err(refused(&format!("at most {} bytes without NUL", limits::LOCK_PATH_BYTES_MAX)));
    }
    let path = Path::new(&given);
    if !path.is_absolute() {
        // It may be absolute where the daemon is, in the form of another system: that one decides.
        return Ok(given);
    }
    let named = file_path::canonical(path, Path::new("/"));
    let named = named.map_err(|error| refused(&format!("a file whose links can be followed ({error})")))?;
    named.into_os_string().into_string().map_err(|_| refused("a path of Unicode characters"))
}
