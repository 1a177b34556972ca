//! One write of each kind.

use std::sync::Arc;

use agent_memory_proto::{
    Response,
    model::{
        Agent, AuditAction, AuditEntry, AuditKind, EntryKind, Node, NodeKind, Permission, PermissionLevel,
        Relation, RelationKind, ScopeRef, SessionStatus, Tag, TagCategory, TaskDetails, TaskDomain,
        TaskSeverity, TaskStatus, TaskType, TaskUrgency,
    },
    request::{ConflictPick, PromoteSession, PromoteStrategy, TagSelector, TaskPatch, UpdateProject},
};

use super::values::{ID, With, body, claim, json, name, new_entry, org, project, session, text, update};
use crate::{
    clock::Clock,
    store::{
        Caller, Import, KnownAgent, NewTask, Resolution, SecretHash, Succession, TagChange, TaskChange,
        TaskWrite, Tidy, TidyChange, TidyStep, Write,
    },
};

/// One write of each kind; how many texts with a secret it has is told beside it, names not counted.
#[allow(clippy::too_many_lines, reason = "one of each")]
pub(super) fn writes(with: With) -> Vec<(Write, u64)> {
    let mut writes = Vec::new();
    for kind in EntryKind::ALL {
        let texts = if kind == EntryKind::Knowledge { 4 } else { 6 };
        writes.push((Write::AddEntries { entries: vec![new_entry(kind, with)], bulk: true }, texts));
        writes
            .push((Write::Remember { entry: new_entry(kind, with), inferred_by: "rule".to_owned() }, texts));
        let updates = vec![update(kind, with)];
        writes.push((Write::UpdateEntries { updates, bulk: true, conflict_window_ms: 0 }, texts));
    }
    let (kind, updated_by) = (EntryKind::Tool, Some(name(with.names)));
    let change_reason = Some(text(with.texts));
    writes.push((Write::DeactivateEntry { kind, id: ID, version_id: ID, updated_by, change_reason }, 1));
    let deleted_by = Some(name(with.names));
    writes.push((Write::DeleteEntries { kind, ids: vec![ID], bulk: false, deleted_by }, 0));
    writes.push((Write::CreateOrg(org(with)), 1));
    writes.push((Write::CreateProject(project(with)), 2));
    let changes = UpdateProject {
        id: ID,
        name: Some(name(with.names)),
        org_id: None,
        description: Some(Some(text(with.texts))),
        root_path: Some(Some(format!("/{}", name(with.names)))),
        metadata: Some(json(with.texts)),
    };
    writes.push((Write::UpdateProject(changes), 2));
    writes.push((Write::StartSession(session(with)), 2));
    let (project, session) = (Some(project(with)), session(with));
    writes.push((Write::Bind { project_id: None, project, create_project: true, session }, 4));
    writes.push((Write::CheckoutFile(claim(with)), 2));
    writes.push((Write::DeleteProject(ID), 0));
    writes.push((
        Write::EndSession { id: ID, status: SessionStatus::Completed, summary: Some(Some(text(with.texts))) },
        1,
    ));
    writes.push((Write::CheckinFile { path: "/x".to_owned(), owner: None, token: None }, 0));
    writes.extend(task_writes(with).into_iter().map(|(write, texts)| (Write::Task(write), texts)));
    let resolution = Resolution {
        id: ID,
        version_id: ID,
        resolution: text(with.texts),
        pick: ConflictPick::Merged(text(with.texts)),
        expected_version: None,
        resolved_by: Some(name(with.names)),
    };
    writes.push((Write::ResolveConflict(Box::new(resolution)), 2));
    let node = Node { kind: NodeKind::Project, id: ID };
    let relation = Relation {
        id: ID,
        source: node,
        target: node,
        kind: RelationKind::DependsOn,
        metadata: json(with.texts),
        created_at_ms: 0,
        created_by: Some(name(with.names)),
    };
    writes.push((Write::CreateRelation(relation), 1));
    writes.push((Write::DeleteRelation(ID), 0));
    let permission = Permission {
        id: ID,
        agent_id: name(with.names),
        scope: ScopeRef::GLOBAL,
        kind: None,
        level: PermissionLevel::Read,
        created_by: None,
        created_at_ms: 0,
    };
    writes.push((Write::SetPermission(permission), 0));
    writes.push((Write::RemovePermission(ID), 0));
    let line = Caller::benchmark().entry(AuditAction::Refuse, AuditKind::Request, 0);
    let line = AuditEntry { agent: Some(text(with.texts)), detail: Some(text(with.texts)), ..line };
    writes.push((Write::Note(vec![line]), 2));
    let agent = Agent { name: name(with.names), created_by: None, created_at_ms: 0 };
    writes.push((Write::RegisterAgent(KnownAgent { agent, token: SecretHash([0; 32]) }), 0));
    writes.push((Write::RevokeAgent(String::new()), 0));
    let promotion = PromoteSession {
        id: ID,
        entry_ids: Vec::new(),
        strategy: PromoteStrategy::Refuse,
        promoted_by: Some(name(with.names)),
    };
    writes.push((Write::PromoteSession(promotion), 0));
    let tag = Tag {
        id: ID,
        name: name(with.names),
        category: TagCategory::Custom,
        description: Some(text(with.texts)),
        is_predefined: false,
        created_at_ms: 0,
    };
    writes.push((Write::CreateTag(tag), 1));
    let change = TagChange {
        kind,
        id: ID,
        tag: TagSelector::Name(name(with.names)),
        attach: true,
        version_id: ID,
        new_tag_id: ID,
        updated_by: None,
    };
    writes.push((Write::ChangeTag(change), 0));
    writes.push((Write::EndAbandonedSessions { before_ms: 0, limit: 1 }, 0));
    for kind in EntryKind::ALL {
        let texts = if kind == EntryKind::Knowledge { 4 } else { 6 };
        let entry = new_entry(kind, with);
        let succession =
            Succession { entry, inferred_by: Some("rule".to_owned()), supersedes: vec![(ID, ID)] };
        writes.push((Write::Succeed(Box::new(succession)), texts));
    }
    writes.push((Write::Tidy(Box::new(tidy(with))), 6));
    let import = Import { id: ID, dry_run: false, staged: None, is_plain: false, clock: Clock::system() };
    writes.push((Write::Import(Arc::new(import)), 0));
    writes
}

/// Each kind of step.
fn tidy(with: With) -> Tidy {
    let step =
        |change| TidyStep { kind: EntryKind::Tool, id: ID, expected_version: 1, version_id: ID, change };
    let merge = TidyChange::Merge {
        body: body(EntryKind::Tool, with.texts),
        tags: vec![name(with.names)],
        reason: text(with.texts),
    };
    let steps = vec![
        step(TidyChange::Keep),
        step(TidyChange::Supersede { successor: ID }),
        step(TidyChange::Hide { reason: text(with.texts) }),
        step(merge),
    ];
    Tidy { scope: ScopeRef::GLOBAL, steps, by: Some(name(with.names)), answer: Response::Done }
}

fn task_details(with: With) -> TaskDetails {
    TaskDetails {
        title: text(with.texts),
        description: Some(text(with.texts)),
        task_type: TaskType::ALL[0],
        domain: TaskDomain::ALL[0],
        severity: TaskSeverity::ALL[0],
        urgency: TaskUrgency::ALL[0],
        category: Some(name(with.names)),
        status: TaskStatus::ALL[0],
        resolution: Some(text(with.texts)),
        file: Some(format!("/{}", name(with.names))),
        start_line: None,
        end_line: None,
        assignee: Some(name(with.names)),
        reporter: Some(name(with.names)),
        parent_id: None,
        due_at_ms: None,
        estimated_minutes: None,
        actual_minutes: None,
        tags: vec![name(with.names)],
        metadata: json(with.texts),
    }
}

fn task_writes(with: With) -> Vec<(TaskWrite, u64)> {
    let change = || TaskChange {
        id: ID,
        version_id: ID,
        updated_by: Some(name(with.names)),
        change_reason: Some(text(with.texts)),
    };
    let add = NewTask {
        id: ID,
        version_id: ID,
        scope: ScopeRef::GLOBAL,
        details: task_details(with),
        created_by: Some(name(with.names)),
        change_reason: Some(text(with.texts)),
    };
    let patch = TaskPatch {
        title: Some(text(with.texts)),
        description: Some(Some(text(with.texts))),
        category: Some(Some(name(with.names))),
        resolution: Some(Some(text(with.texts))),
        file: Some(Some(format!("/{}", name(with.names)))),
        assignee: Some(Some(name(with.names))),
        reporter: Some(Some(name(with.names))),
        tags: Some(vec![name(with.names)]),
        metadata: Some(json(with.texts)),
        ..TaskPatch::default()
    };
    vec![
        (TaskWrite::Add(Box::new(add)), 5),
        (TaskWrite::Update { change: change(), expected_version: None, patch: Box::new(patch) }, 5),
        (TaskWrite::Deactivate(change()), 1),
        (TaskWrite::Delete { id: ID, deleted_by: Some(name(with.names)) }, 0),
        (TaskWrite::AddBlocker { change: change(), blocker_id: ID }, 1),
        (TaskWrite::RemoveBlocker { change: change(), blocker_id: ID }, 1),
        (TaskWrite::Claim { id: ID, version_id: ID, agent_id: name(with.names) }, 0),
    ]
}

/// A number for each kind of write. A new kind does not compile before it is here, and has to be added to
/// [`writes`] then.
pub(super) fn kind_of(write: &Write) -> usize {
    match write {
        Write::AddEntries { .. } => 0,
        Write::UpdateEntries { .. } => 1,
        Write::DeactivateEntry { .. } => 2,
        Write::DeleteEntries { .. } => 3,
        Write::Import(_) => 4,
        Write::CreateOrg(_) => 5,
        Write::CreateProject(_) => 6,
        Write::UpdateProject(_) => 7,
        Write::DeleteProject(_) => 8,
        Write::StartSession(_) => 9,
        Write::EndSession { .. } => 10,
        Write::Remember { .. } => 11,
        Write::Bind { .. } => 12,
        Write::CheckoutFile(_) => 13,
        Write::CheckinFile { .. } => 14,
        Write::Task(write) => match write {
            TaskWrite::Add(_) => 15,
            TaskWrite::Update { .. } => 16,
            TaskWrite::Deactivate(_) => 17,
            TaskWrite::Delete { .. } => 18,
            TaskWrite::AddBlocker { .. } => 19,
            TaskWrite::RemoveBlocker { .. } => 20,
            TaskWrite::Claim { .. } => 21,
        },
        Write::ResolveConflict(_) => 22,
        Write::EndAbandonedSessions { .. } => 23,
        Write::CreateRelation(_) => 24,
        Write::DeleteRelation(_) => 25,
        Write::CreateTag(_) => 26,
        Write::ChangeTag(_) => 27,
        Write::SetPermission(_) => 28,
        Write::RemovePermission(_) => 29,
        Write::PromoteSession(_) => 30,
        Write::Note(_) => 31,
        Write::RegisterAgent(_) => 32,
        Write::RevokeAgent(_) => 33,
        Write::Succeed(_) => 34,
        Write::Tidy(_) => 35,
    }
}
pub(super) const KINDS: usize = 36;
