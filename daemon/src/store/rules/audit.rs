//! What the audit says of a write: a line for everything that it changed, made from what it answers, and stored in the
//! same transaction. A write that is undone has none, and one that is answered from its key has no other.

use agent_memory_proto::{
    Event, Response,
    event::ChangeAction,
    model::{
        Agent, AuditAction, AuditEntry, AuditKind, Conflict, FileLock, Id, Permission, PermissionLevel,
        ScopeLevel, ScopeRef, Session,
    },
    response::{ImportReport, Quickstarted, SessionPromoted, TaskAction, TaskWritten, WriteAction, Written},
};

use crate::store::{Caller, Change, Write, WriteRequest};

/// What was done to what.
struct Line {
    action: AuditAction,
    kind: AuditKind,
    id: Option<Id>,
    scope: Option<ScopeRef>,
    versions: (Option<u32>, Option<u32>),
    times: u32,
    detail: Option<String>,
}

/// The lines of a write.
#[allow(clippy::too_many_lines, reason = "a line for each variant")]
pub(in crate::store) fn lines(
    request: &WriteRequest,
    reply: &Response,
    changes: &[Change],
) -> Vec<AuditEntry> {
    let write = &*request.write;
    if let Write::Note(lines) = write {
        return lines.clone();
    }
    let lines = match reply {
        Response::Written(written) => vec![of_entry(written, !changes.is_empty())],
        Response::BulkWritten(all) => all.iter().map(|written| of_entry(written, true)).collect(),
        Response::Remembered(remembered) => vec![of_entry(&remembered.written, !remembered.existed)],
        Response::EntryAdded(added) => of_succession(&added.written, true, &added.superseded),
        Response::RememberedInstead(told) => {
            of_succession(&told.remembered.written, !told.remembered.existed, &told.superseded)
        }
        Response::EntryTagged(tagged) => {
            let action = if tagged.is_attached { AuditAction::Attach } else { AuditAction::Detach };
            vec![Line { action, ..of_entry(&tagged.written, tagged.changed) }.saying(&tagged.name)]
        }
        Response::ConflictResolved(resolved) => {
            let entry = resolved.written.as_ref().map(|written| of_entry(written, true));
            std::iter::once(of_conflict(&resolved.conflict)).chain(entry).collect()
        }
        Response::TaskWritten(task) => vec![of_task(task)],
        Response::SessionPromoted(promoted) => of_promotion(promoted, write, changes),
        Response::Imported(report) => of_import(report, 0, write, changes),
        Response::ImportOutcome(outcome) => {
            let extras = outcome.extras.iter().map(|count| count.created + count.updated + count.replaced);
            of_import(&outcome.report, extras.sum(), write, changes)
        }
        Response::Org(org) => vec![Line::of_scope(AuditAction::Add, ScopeRef::org(org.id))],
        Response::Project(project) => {
            let is_new = matches!(write, Write::CreateProject(_));
            let action = if is_new { AuditAction::Add } else { AuditAction::Update };
            vec![Line::of_scope(action, ScopeRef::project(project.id))]
        }
        Response::Session(session) => vec![of_session(session, write)],
        Response::SessionReport(report) => vec![of_session(&report.session, write)],
        Response::SessionReports(page) => {
            page.sessions.iter().map(|report| of_session(&report.session, write)).collect()
        }
        Response::Quickstarted(bound) => of_binding(bound),
        Response::CheckedOut(checked_out) => vec![of_lock(AuditAction::Lock, &checked_out.lock)],
        Response::CheckedIn(checked_in) => {
            let action = if checked_in.forced { AuditAction::ForceUnlock } else { AuditAction::Unlock };
            vec![of_lock(action, &checked_in.lock)]
        }
        Response::RelationCreated(created) => {
            let action = if created.existed { AuditAction::Update } else { AuditAction::Add };
            vec![Line::of(action, AuditKind::Relation, Some(created.relation.id))]
        }
        Response::RelationDeleted(relation) => {
            vec![Line::of(AuditAction::Delete, AuditKind::Relation, Some(relation.id))]
        }
        Response::TagCreated(created) => {
            let action = if created.existed { AuditAction::Update } else { AuditAction::Add };
            vec![Line::of(action, AuditKind::Tag, Some(created.tag.id)).saying(&created.tag.name)]
        }
        Response::AgentRegistered(registered) if registered.replaced => {
            vec![of_agent(AuditAction::Update, &registered.agent)]
        }
        Response::AgentRegistered(registered) => vec![of_agent(AuditAction::Add, &registered.agent)],
        Response::AgentRevoked(agent) => vec![of_agent(AuditAction::Revoke, agent)],
        Response::Permission(change) => vec![of_permission(&change.permission, change.removed)],
        _ => match write {
            Write::Tidy(_) => of_steps(changes),
            Write::DeleteProject(id) => vec![Line::of_scope(AuditAction::Delete, ScopeRef::project(*id))],
            _ => vec![Line::of(AuditAction::Update, AuditKind::Other, None)],
        },
    };
    lines.into_iter().map(|line| line.by(&request.caller, request.at_ms)).collect()
}

impl Line {
    const fn of(action: AuditAction, kind: AuditKind, id: Option<Id>) -> Self {
        Self { action, kind, id, scope: None, versions: (None, None), times: 1, detail: None }
    }

    fn of_scope(action: AuditAction, scope: ScopeRef) -> Self {
        let kind = match scope.level {
            ScopeLevel::Global => AuditKind::Other,
            ScopeLevel::Org => AuditKind::Org,
            ScopeLevel::Project => AuditKind::Project,
            ScopeLevel::Session => AuditKind::Session,
        };
        Self::of(action, kind, scope.id).within(Some(scope))
    }

    fn within(self, scope: Option<ScopeRef>) -> Self {
        Self { scope, ..self }
    }

    fn saying(self, detail: &str) -> Self {
        Self { detail: Some(detail.to_owned()), ..self }
    }

    fn by(self, caller: &Caller, at_ms: i64) -> AuditEntry {
        let (before_version, after_version) = self.versions;
        AuditEntry {
            id: self.id,
            scope: self.scope,
            before_version,
            after_version,
            times: self.times,
            detail: self.detail,
            ..caller.entry(self.action, self.kind, at_ms)
        }
    }
}

fn of_agent(action: AuditAction, agent: &Agent) -> Line {
    Line::of(action, AuditKind::Agent, None).saying(&agent.name)
}

/// Which versions a write lies between; the same twice when it found nothing to change.
fn between(action: WriteAction, version: u32, changed: bool) -> (Option<u32>, Option<u32>) {
    match action {
        WriteAction::Added => (None, Some(version)),
        WriteAction::Deleted => (Some(version), None),
        WriteAction::Updated | WriteAction::Deactivated => {
            (Some(version - u32::from(changed)), Some(version))
        }
    }
}

fn of_entry(written: &Written, changed: bool) -> Line {
    let action = match written.action {
        WriteAction::Added => AuditAction::Add,
        WriteAction::Updated => AuditAction::Update,
        WriteAction::Deactivated => AuditAction::Deactivate,
        WriteAction::Deleted => AuditAction::Delete,
    };
    Line {
        versions: between(written.action, written.version, changed),
        ..Line::of(action, written.kind.into(), Some(written.id)).within(Some(written.scope))
    }
}

/// A line for the new entry, and one for each that made room.
fn of_succession(new: &Written, is_new: bool, superseded: &[Written]) -> Vec<Line> {
    std::iter::once(of_entry(new, is_new)).chain(superseded.iter().map(|one| of_entry(one, true))).collect()
}

fn of_conflict(conflict: &Conflict) -> Line {
    Line::of(AuditAction::Resolve, AuditKind::Conflict, Some(conflict.id)).within(Some(conflict.scope))
}

fn of_task(written: &TaskWritten) -> Line {
    let task = &written.task;
    let (action, write) = match written.action {
        TaskAction::Added => (AuditAction::Add, WriteAction::Added),
        TaskAction::Deactivated => (AuditAction::Deactivate, WriteAction::Deactivated),
        TaskAction::Deleted => (AuditAction::Delete, WriteAction::Deleted),
        TaskAction::Claimed | TaskAction::Kept => (AuditAction::Claim, WriteAction::Updated),
        TaskAction::Updated | TaskAction::BlockerAdded | TaskAction::BlockerRemoved => {
            (AuditAction::Update, WriteAction::Updated)
        }
    };
    Line {
        versions: between(write, task.version, written.action != TaskAction::Kept),
        ..Line::of(action, AuditKind::Task, Some(task.id)).within(Some(task.scope))
    }
}

fn of_session(session: &Session, write: &Write) -> Line {
    let action = match write {
        Write::StartSession(_) => AuditAction::Add,
        _ if session.ended_at_ms.is_some() => AuditAction::End,
        _ => AuditAction::Update,
    };
    Line::of_scope(action, ScopeRef::session(session.id))
}

fn of_binding(bound: &Quickstarted) -> Vec<Line> {
    let project = Line::of_scope(AuditAction::Add, ScopeRef::project(bound.project.id));
    let action = if bound.session_resumed { AuditAction::Claim } else { AuditAction::Add };
    let session = Line::of_scope(action, ScopeRef::session(bound.session.id));
    bound.project_created.then_some(project).into_iter().chain([session]).collect()
}

fn of_lock(action: AuditAction, lock: &FileLock) -> Line {
    let line = Line::of(action, AuditKind::FileLock, Some(lock.id)).within(lock.scope());
    match action {
        AuditAction::ForceUnlock => line.saying(&format!("{} (of {})", lock.path, lock.agent_id)),
        _ => line.saying(&lock.path),
    }
}

fn of_permission(permission: &Permission, removed: bool) -> Line {
    let is_less = removed || permission.level == PermissionLevel::None;
    let action = if is_less { AuditAction::Revoke } else { AuditAction::Grant };
    let kind = permission.kind.map_or_else(String::new, |kind| format!(" of {kind}"));
    Line::of(action, AuditKind::Permission, Some(permission.id))
        .within(Some(permission.scope))
        .saying(&format!("{}: {}{kind}", permission.agent_id, permission.level))
}

/// A line for the session, and one for each entry that it lost.
fn of_promotion(promoted: &SessionPromoted, write: &Write, changes: &[Change]) -> Vec<Line> {
    let session = if let Write::PromoteSession(wish) = write { Some(wish.id) } else { None };
    let entries = of_events(AuditAction::Promote, changes);
    let session = Line {
        times: u32::try_from(entries.len()).unwrap_or(u32::MAX),
        ..Line::of(AuditAction::Promote, AuditKind::Session, session).within(Some(promoted.scope))
    };
    std::iter::once(session).chain(entries).collect()
}

/// A line for the import, with how many entries and `extras` it stored, and one for each entry, task and scope that is
/// told one by one.
fn of_import(report: &ImportReport, extras: u64, write: &Write, changes: &[Change]) -> Vec<Line> {
    let id = if let Write::Import(import) = write { Some(import.id) } else { None };
    let stored =
        report.counts.iter().map(|count| count.created + count.updated + count.replaced).sum::<u64>();
    let import = Line {
        times: u32::try_from(stored + extras).unwrap_or(u32::MAX),
        ..Line::of(AuditAction::Import, AuditKind::Import, id)
    };
    let scopes = report.created_scopes.iter().map(|scope| Line::of_scope(AuditAction::Add, *scope));
    std::iter::once(import).chain(scopes).chain(of_events(AuditAction::Import, changes)).collect()
}

/// A line for each entry that got a version.
fn of_steps(changes: &[Change]) -> Vec<Line> {
    let entries = changes.iter().filter_map(|change| match &change.event {
        Some(Event::EntryChanged { entry_id, kind, scope, action, version, .. }) => {
            let action = match action {
                ChangeAction::Deactivated => AuditAction::Deactivate,
                _ => AuditAction::Update,
            };
            let line = Line::of(action, (*kind).into(), Some(*entry_id)).within(Some(*scope));
            Some(Line { versions: between(WriteAction::Updated, *version, true), ..line })
        }
        _ => None,
    });
    entries.collect()
}

/// A line for each entry and task that others are told of.
fn of_events(action: AuditAction, changes: &[Change]) -> Vec<Line> {
    let entries = changes.iter().filter_map(|change| match &change.event {
        Some(Event::EntryChanged { entry_id, kind, scope, action: what, version, .. }) => {
            let before = match (action, what) {
                (AuditAction::Promote, _) => Some(*version),
                // What it was before, if it was there, went with it.
                _ => None,
            };
            let after = Some(*version).filter(|_| *what != ChangeAction::Deleted);
            let line = Line::of(action, (*kind).into(), Some(*entry_id)).within(Some(*scope));
            Some(Line { versions: (before, after), ..line })
        }
        Some(Event::TaskChanged { task_id, scope, version, .. }) => {
            let line = Line::of(action, AuditKind::Task, Some(*task_id)).within(Some(*scope));
            Some(Line { versions: (None, Some(*version)), ..line })
        }
        _ => None,
    });
    entries.collect()
}
