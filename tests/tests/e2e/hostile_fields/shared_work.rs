//! The texts of what agents share besides entries: tasks, conflicts, summaries, relations, tags, permissions.

use agent_memory_proto::{
    Request,
    model::{EntryKind, Json, Node, PermissionLevel, RelationKind, SessionStatus},
    request::*,
};
use agent_memory_tests::requests;

use super::{Field, Store};

pub(super) const TEXT_FIELDS: &[Field] = &[
    ("task title", |_, t| task_with(|task| task.patch.title = Some(t))),
    ("task description", |_, t| task_with(|task| task.patch.description = Some(Some(t)))),
    ("task category", |_, t| task_with(|task| task.patch.category = Some(Some(t)))),
    ("task resolution", |_, t| task_with(|task| task.patch.resolution = Some(Some(t)))),
    ("task file", |_, t| task_with(|task| task.patch.file = Some(Some(t)))),
    ("task assignee", |_, t| task_with(|task| task.patch.assignee = Some(Some(t)))),
    ("task reporter", |_, t| task_with(|task| task.patch.reporter = Some(Some(t)))),
    ("task tag", |_, t| task_with(|task| task.patch.tags = Some(vec![t]))),
    ("task metadata", |_, t| task_with(|task| task.patch.metadata = Some(Some(Json(t))))),
    ("task author", |_, t| task_with(|task| task.updated_by = Some(t))),
    ("task reason", |_, t| task_with(|task| task.change_reason = Some(t))),
    ("tasks of a category", |_, t| Request::ListTasks(ListTasks { category: Some(t), ..ListTasks::all() })),
    ("tasks of an assignee", |_, t| Request::ListTasks(ListTasks { assignee: Some(t), ..ListTasks::all() })),
    ("resolution", |_, t| resolve_with(|resolve| resolve.resolution = t)),
    ("merged text", |_, t| resolve_with(|resolve| resolve.pick = ConflictPick::Merged(t))),
    ("resolver", |_, t| resolve_with(|resolve| resolve.resolved_by = Some(t))),
    ("summary", |store, t| {
        let status = SessionStatus::Paused;
        Request::FinishSession(FinishSession { id: store.session, status, summary: Some(t) })
    }),
    ("relation metadata", |store, t| relate_with(store, |relate| relate.metadata = Some(Json(t)))),
    ("relation author", |store, t| relate_with(store, |relate| relate.created_by = Some(t))),
    ("tag name", |_, t| tag_with(|tag| tag.name = t)),
    ("tag description", |_, t| tag_with(|tag| tag.description = Some(t))),
    ("attached tag", |store, t| {
        let (kind, tag) = (EntryKind::Knowledge, TagSelector::Name(t));
        Request::AttachTag(EntryTag { kind, id: store.entry, tag, updated_by: None })
    }),
    ("detached tag", |store, t| {
        let (kind, tag) = (EntryKind::Knowledge, TagSelector::Name(t));
        Request::DetachTag(EntryTag { kind, id: store.entry, tag, updated_by: None })
    }),
    ("permitted agent", |store, t| grant_with(store, |grant| grant.agent_id = t)),
    ("permission's author", |store, t| grant_with(store, |grant| grant.created_by = Some(t))),
    ("asked agent", |store, t| {
        let (scope, level) = (store.scope(), PermissionLevel::Read);
        Request::CheckPermission(CheckPermission { agent_id: Some(t), scope, kind: None, level })
    }),
];

fn task_with(change: impl FnOnce(&mut UpdateTask)) -> Request {
    let mut task = UpdateTask {
        id: requests::new_id(),
        expected_version: None,
        patch: TaskPatch::default(),
        updated_by: None,
        change_reason: None,
    };
    change(&mut task);
    Request::UpdateTask(Box::new(task))
}

fn resolve_with(change: impl FnOnce(&mut ResolveConflict)) -> Request {
    let mut resolve = ResolveConflict {
        id: requests::new_id(),
        resolution: "so it is".to_owned(),
        pick: ConflictPick::Current,
        expected_version: None,
        resolved_by: None,
    };
    change(&mut resolve);
    Request::ResolveConflict(resolve)
}

fn relate_with(store: &Store, change: impl FnOnce(&mut CreateRelation)) -> Request {
    let mut relate = CreateRelation {
        source: Node::entry(EntryKind::Knowledge, store.entry),
        target: Node::project(store.project),
        kind: RelationKind::RelatedTo,
        metadata: None,
        created_by: None,
    };
    change(&mut relate);
    Request::CreateRelation(relate)
}

fn tag_with(change: impl FnOnce(&mut CreateTag)) -> Request {
    let mut tag = CreateTag {
        name: requests::new_id().to_string(),
        category: None,
        description: None,
        is_predefined: false,
    };
    change(&mut tag);
    Request::CreateTag(tag)
}

fn grant_with(store: &Store, change: impl FnOnce(&mut GrantPermission)) -> Request {
    let mut grant = GrantPermission {
        agent_id: "ada".to_owned(),
        scope: store.scope(),
        kind: None,
        level: PermissionLevel::Read,
        created_by: None,
        admin_key: None,
    };
    change(&mut grant);
    Request::GrantPermission(grant)
}
