//! Every kind of write, full of secrets: none of them passes.

use std::sync::Arc;

use agent_memory_proto::{
    model::{
        BodyPatch, EntryBody, EntryKind, Id, Json, Node, NodeKind, Org, Permission, PermissionLevel,
        PortableEntry, PortableScope, Project, Relation, RelationKind, ScopeRef, Session, SessionStatus, Tag,
        TagCategory, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType, TaskUrgency,
    },
    request::{
        ConflictPick, EntryDraft, EntryPatch, ImportItem, PromoteSession, PromoteStrategy, TagSelector,
        TaskPatch, UpdateProject,
    },
};

use super::*;
use crate::{
    clock::Clock,
    store::{
        EntryUpdate, Import, LockClaim, LockOwner, NewEntry, NewTask, Resolution, TagChange, TaskChange,
        TaskWrite, Write,
    },
};

const ID: Id = Id([1; 16]);

/// Looks like a token of GitHub, and is made here.
fn secret() -> String {
    let drawn: String =
        (0..36_u32).map(|at| char::from(b"k3Jx9QpL0vRt2mZs7WbN"[(at * 7 % 20) as usize])).collect();
    ["gh", "p_", &drawn].concat()
}

fn text(with: bool) -> String {
    if with { format!("the token is {}, keep it", secret()) } else { "nothing to hide".to_owned() }
}

fn json(with: bool) -> Option<Json> {
    Some(Json(serde_json::json!({ "deep": [{ "token": text(with) }], "n": 1 }).to_string()))
}

fn name(with: bool) -> String {
    if with { secret() } else { "name".to_owned() }
}

fn body(kind: EntryKind, with: bool) -> EntryBody {
    match kind {
        EntryKind::Guideline => EntryBody::Guideline {
            content: text(with),
            priority: 1,
            rationale: Some(text(with)),
            examples: json(with),
            verification_rules: json(with),
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content: text(with),
            confidence: 1.0,
            source: Some(text(with)),
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => EntryBody::Tool {
            description: text(with),
            parameters: json(with),
            examples: json(with),
            constraints: Some(text(with)),
        },
    }
}

fn patch_body(kind: EntryKind, with: bool) -> BodyPatch {
    match kind {
        EntryKind::Guideline => BodyPatch::Guideline {
            content: Some(text(with)),
            priority: None,
            rationale: Some(Some(text(with))),
            examples: Some(json(with)),
            verification_rules: Some(json(with)),
        },
        EntryKind::Knowledge => BodyPatch::Knowledge {
            content: Some(text(with)),
            confidence: None,
            source: Some(Some(text(with))),
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => BodyPatch::Tool {
            description: Some(text(with)),
            parameters: Some(json(with)),
            examples: Some(json(with)),
            constraints: Some(Some(text(with))),
        },
    }
}

/// Which texts hold a secret.
#[derive(Clone, Copy)]
struct With {
    texts: bool,
    names: bool,
}

fn draft(kind: EntryKind, with: With) -> EntryDraft {
    EntryDraft {
        scope: ScopeRef::GLOBAL,
        name: name(with.names),
        category: Some(name(with.names)),
        tags: vec![name(with.names)],
        metadata: json(with.texts),
        body: body(kind, with.texts),
        created_by: Some(name(with.names)),
        change_reason: Some(text(with.texts)),
    }
}

fn new_entry(kind: EntryKind, with: With) -> NewEntry {
    NewEntry { id: ID, version_id: ID, draft: draft(kind, with) }
}

fn update(kind: EntryKind, with: With) -> EntryUpdate {
    let patch = EntryPatch {
        name: Some(name(with.names)),
        category: Some(Some(name(with.names))),
        tags: Some(vec![name(with.names)]),
        metadata: Some(json(with.texts)),
        body: patch_body(kind, with.texts),
        updated_by: Some(name(with.names)),
        change_reason: Some(text(with.texts)),
    };
    EntryUpdate { id: ID, version_id: ID, expected_version: None, patch }
}

fn org(with: With) -> Org {
    Org { id: ID, name: name(with.names), metadata: json(with.texts), created_at_ms: 0 }
}

fn project(with: With) -> Project {
    Project {
        id: ID,
        org_id: None,
        name: name(with.names),
        description: Some(text(with.texts)),
        root_path: Some(format!("/{}", name(with.names))),
        metadata: json(with.texts),
        created_at_ms: 0,
        updated_at_ms: 0,
    }
}

fn session(with: With) -> Session {
    Session {
        id: ID,
        project_id: None,
        name: Some(name(with.names)),
        purpose: Some(text(with.texts)),
        agent_id: Some(name(with.names)),
        status: SessionStatus::Active,
        metadata: json(with.texts),
        started_at_ms: 0,
        ended_at_ms: None,
    }
}

fn claim(with: With) -> LockClaim {
    LockClaim {
        id: ID,
        path: format!("/{}", name(with.names)),
        owner: LockOwner { agent_id: name(with.names), session_id: None },
        project_id: None,
        reason: Some(text(with.texts)),
        metadata: json(with.texts),
        ttl_ms: 1,
        ticket: None,
    }
}

/// One write of each kind; how many texts with a secret it has is told beside it, names not counted.
#[allow(clippy::too_many_lines, reason = "one of each")]
fn writes(with: With) -> Vec<(Write, u64)> {
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
    let import = Import { id: ID, dry_run: false, staged: None, clock: Clock::system() };
    writes.push((Write::Import(Arc::new(import)), 0));
    writes
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
fn kind_of(write: &Write) -> usize {
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
    }
}
const KINDS: usize = 31;

#[test]
fn no_kind_of_write_carries_a_secret_through() {
    let mut seen = [false; KINDS];
    for (write, texts) in writes(With { texts: true, names: false }) {
        seen[kind_of(&write)] = true;
        let masked = Masked::default();
        let passed = pass(SecretsMode::Mask, write.clone(), &masked).expect("masked");
        let shown = format!("{passed:?}");
        assert!(!shown.contains(&secret()), "{shown}");
        let report = masked.taken();
        assert_eq!(report.as_ref().map_or(0, |report| report.total), texts, "{report:?} of {write:?}");
        assert!(!format!("{report:?}").contains(&secret()));
        let refused = pass(SecretsMode::Refuse, write.clone(), &masked);
        assert_eq!(refused.is_err(), texts > 0, "{write:?}");
        assert_eq!(*pass(SecretsMode::Allow, write.clone(), &masked).expect("allowed"), write);
        // What was masked has no secret: a write that is sent again comes to the same.
        let again = pass(SecretsMode::Refuse, (*passed).clone(), &masked).expect("nothing left");
        assert_eq!(again, passed);
    }
    assert_eq!(seen, [true; KINDS], "a kind of write is not tried");
}

#[test]
fn a_secret_in_a_name_is_refused_and_not_repeated() {
    for (write, _) in writes(With { texts: false, names: true }) {
        let has_names = !matches!(kind_of(&write), 4 | 8 | 10 | 14 | 23 | 25 | 29);
        let masked = Masked::default();
        match pass(SecretsMode::Mask, write.clone(), &masked) {
            Err(error) => {
                let shown = format!("{error:?} {error}");
                assert!(has_names && shown.contains("github-token"), "{shown}");
                assert!(!shown.contains(&secret()), "{shown}");
            }
            Ok(_) => assert!(!has_names, "{write:?}"),
        }
        assert_eq!(masked.taken(), None);
    }
}

#[test]
fn an_import_says_where() {
    let masked = Masked::default();
    let mut entry = PortableEntry::new(ScopeRef::GLOBAL, "port", body(EntryKind::Knowledge, true));
    entry.metadata =
        Some(Json(format!("{{\"db\":{{\"url\":\"postgres://app:{}@db/x\"}}}}", &secret()[4..18])));
    let item = ImportItem { at: "entries[7]".to_owned(), entry: entry.clone() };
    pass(SecretsMode::Mask, item, &masked).expect("masked");
    let report = masked.taken().expect("three");
    let told: Vec<_> =
        report.fields.iter().map(|one| (one.at.as_deref(), &*one.field, &*one.kind, one.count)).collect();
    let at = Some("entries[7]");
    assert_eq!(
        told,
        [
            (at, "metadata.db.url", "url-password", 1),
            (at, "content", "github-token", 1),
            (at, "source", "github-token", 1),
        ]
    );
    entry.versions.push(entry.versions[0].clone());
    let refused =
        pass(SecretsMode::Refuse, ImportItem { at: "x".to_owned(), entry }, &masked).expect_err("refused");
    assert_eq!(refused.field.as_deref(), Some("metadata.db.url"));
    let scope = PortableScope::Project(project(With { texts: true, names: false }));
    pass(SecretsMode::Mask, scope, &masked).expect("masked");
    assert_eq!(masked.taken().expect("two").fields[0].field, "scopes.description");
}

#[test]
fn a_value_is_told_by_its_key_and_a_key_with_a_secret_is_refused() {
    let drawn: String = secret()[4..].chars().cycle().take(40).collect();
    let json = serde_json::json!({ "aws": { "secretAccessKey": drawn.clone(), "region": "eu" } }).to_string();
    let mut draft = draft(EntryKind::Tool, With { texts: false, names: false });
    draft.metadata = Some(Json(json));
    let write = |draft: &EntryDraft| Write::AddEntries {
        entries: vec![NewEntry { id: ID, version_id: ID, draft: draft.clone() }],
        bulk: false,
    };
    let masked = Masked::default();
    let passed = pass(SecretsMode::Mask, write(&draft), &masked).expect("masked");
    assert!(!format!("{passed:?}").contains(&drawn));
    assert_eq!(masked.taken().expect("one").fields[0].field, "metadata.aws.secretAccessKey");
    draft.metadata = Some(Json(serde_json::json!({ secret(): 1 }).to_string()));
    let error = pass(SecretsMode::Mask, write(&draft), &masked).expect_err("a key");
    assert_eq!(error.field.as_deref(), Some("metadata (a key)"));
}
