//! Permissions.

use std::fmt::Write as _;

use agent_memory_proto::{
    model::{EntryKind, Permission},
    response::{PermissionChange, PermissionCheck, PermissionPage},
};

use super::{list, one_line, provenance};
use crate::mcp::names::Names;

pub(super) fn changed(change: &PermissionChange, names: &Names) -> String {
    let mut out = if change.removed { "Removed: " } else { "Now: " }.to_owned();
    line(&mut out, &change.permission, names);
    out
}

pub(super) fn check(check: &PermissionCheck, names: &Names) -> String {
    let verdict = if check.level >= check.asked { "Yes" } else { "No" };
    let (who, kind) = (who(check.agent_id.as_deref()), of_kind(check.kind));
    let (scope, level) = (names.label(check.scope), check.level);
    let mut out =
        format!("{verdict}: {who} has the level {level}{kind} in {scope}, asked was {}", check.asked);
    match &check.decided_by {
        Some(permission) => {
            out.push_str("\n- decided by ");
            line(&mut out, permission, names);
        }
        None => out.push_str("\n- nothing was said of it: the mode of the daemon decides"),
    }
    out
}

pub(super) fn page(page: &PermissionPage, names: &Names) -> String {
    let heading = format!("{} of {} permissions:", page.permissions.len(), page.total);
    list("No permissions.", &heading, &page.permissions, page.has_more, |out, row| line(out, row, names))
}

fn line(out: &mut String, permission: &Permission, names: &Names) {
    let who = match permission.agent_id.as_str() {
        Permission::EVERYONE => "everyone".to_owned(),
        agent => who(Some(agent)),
    };
    let (kind, scope) = (of_kind(permission.kind), names.label(permission.scope));
    let _ = write!(out, "{who} · {}{kind} in {scope} (id {})", permission.level, permission.id);
    provenance(out, permission.created_by.as_deref(), permission.created_at_ms);
}

fn who(agent: Option<&str>) -> String {
    agent.map_or_else(|| "whoever names no agent".to_owned(), |agent| format!("agent {:?}", one_line(agent)))
}

fn of_kind(kind: Option<EntryKind>) -> String {
    kind.map_or_else(String::new, |kind| format!(" for {}", kind.plural()))
}
