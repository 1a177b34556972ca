//! Permissions, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{EntryKind, Permission},
    response::{PermissionChange, PermissionCheck, PermissionPage},
};

use super::{
    style::{Style, more},
    tables::fields,
};

pub(crate) fn changed(style: Style, change: &PermissionChange) -> String {
    let permission = &change.permission;
    let what = if change.removed { "removed: " } else { "" };
    let heading = format!("{what}{} {}", style.bold(&permission.agent_id), permission.level);
    fields(
        style,
        &heading,
        &[
            ("id", Some(permission.id.to_string())),
            ("scope", Some(permission.scope.to_string())),
            ("type", Some(kind(permission.kind))),
            ("said by", permission.created_by.clone()),
            ("at", Some(times::format(permission.created_at_ms))),
        ],
    )
}

pub(crate) fn check(style: Style, check: &PermissionCheck) -> String {
    let may = check.level >= check.asked;
    let verdict = if may { style.good("yes") } else { style.bad("no") };
    let decided_by = check.decided_by.as_ref().map_or_else(
        || "nothing that was said: the mode of the daemon".to_owned(),
        |row| format!("{} {} in {} ({})", row.agent_id, row.level, row.scope, row.id),
    );
    fields(
        style,
        &verdict,
        &[
            ("agent", check.agent_id.clone()),
            ("scope", Some(check.scope.to_string())),
            ("type", Some(kind(check.kind))),
            ("asked", Some(check.asked.to_string())),
            ("level", Some(check.level.to_string())),
            ("decided by", Some(decided_by)),
        ],
    )
}

pub(crate) fn page(style: Style, page: &PermissionPage) -> String {
    let rows = page.permissions.iter().map(|row: &Permission| {
        vec![
            row.id.to_string(),
            row.agent_id.clone(),
            row.scope.to_string(),
            kind(row.kind),
            row.level.to_string(),
            row.created_by.clone().unwrap_or_default(),
        ]
    });
    style.table(&["id", "agent", "scope", "type", "level", "said by"], rows) + more(page.has_more)
}

fn kind(kind: Option<EntryKind>) -> String {
    kind.map_or("any", EntryKind::name).to_owned()
}
