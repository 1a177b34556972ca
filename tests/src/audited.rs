//! That the audit and the entries say the same: each entry was added once.

use agent_memory_proto::{
    Request, Response,
    limits::PAGE_ROWS_MAX,
    model::{AuditAction, Id, ScopeRef},
    request::ReadAudit,
};

use crate::{Wire, entries, until};

/// The audit has one line for each entry of the project, and one for no other. What is still on its way is waited for.
///
/// # Panics
/// When that does not come about.
pub fn check_audit(wire: &mut Wire, project: Id) {
    until("the audit tells of each entry once, and of no other", || {
        let mut stored: Vec<Id> = entries(wire, project).into_iter().map(|(id, _)| id).collect();
        let mut told = added(wire, project);
        stored.sort_unstable();
        told.sort_unstable();
        (told == stored).then_some(())
    });
}

/// The entries that were added to a project, one for each line of the audit.
fn added(wire: &mut Wire, project: Id) -> Vec<Id> {
    let scope = Some(ScopeRef::project(project));
    let mut request =
        ReadAudit { action: Some(AuditAction::Add), scope, ..ReadAudit::all(PAGE_ROWS_MAX, None) };
    let mut ids = Vec::new();
    loop {
        let Response::Audit(page) = wire.call(&Request::ReadAudit(request.clone())) else {
            panic!("no audit")
        };
        ids.extend(page.entries.iter().filter_map(|line| line.id));
        match page.next {
            Some(next) => request.before = Some(next),
            None => break,
        }
    }
    // The project itself is the first.
    ids.retain(|id| *id != project);
    ids
}
