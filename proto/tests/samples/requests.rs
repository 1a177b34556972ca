//! Every request, with every field set; and the envelope.

use agent_memory_proto::{
    Request,
    model::{BodyPatch, EntryBody, EntryKind, Id, ScopeRef},
    request::*,
};

use super::{AT_MS, id, json, named_variants, tags, text};

/// The envelope: with nothing, and with everything.
pub(crate) fn envelopes() -> Vec<(String, Envelope)> {
    let full = Envelope {
        deadline_ms: 5_000,
        idempotency_key: Some(id(9)),
        agent_id: text("claude"),
        session_id: Some(id(8)),
    };
    vec![("least".to_owned(), Envelope::default()), ("full".to_owned(), full)]
}

/// Every request, by name.
#[allow(clippy::too_many_lines, reason = "a line for each variant")]
pub(crate) fn requests() -> Vec<(String, Request)> {
    let all: Vec<Request> = [
        plain(),
        entries(),
        bulk(),
        scopes(),
        super::sessions::requests(),
        reads(),
        super::transfer::requests(),
        super::file_locks::requests(),
        vec![Request::ClusterStatus, Request::EchoStored(EchoStored { name: "list-7".to_owned() })],
        super::tasks::requests(),
        super::conflicts::requests(),
        super::backups::requests(),
        super::relations::requests(),
        super::tags::requests(),
        super::permissions::requests(),
        super::audit::requests(),
        super::agents::requests(),
        super::hygiene::requests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    named_variants!(all, {
        Request::Echo(_) => "echo",
        Request::Health => "health",
        Request::Config => "config",
        Request::Subscribe => "subscribe",
        Request::HandOver(_) => "hand_over",
        Request::Stop => "stop",
        Request::AddEntry(_) => "add_entry",
        Request::UpdateEntry(_) => "update_entry",
        Request::GetEntry(_) => "get_entry",
        Request::ListEntries(_) => "list_entries",
        Request::EntryHistory(_) => "entry_history",
        Request::DeactivateEntry(_) => "deactivate_entry",
        Request::DeleteEntry(_) => "delete_entry",
        Request::BulkAddEntries(_) => "bulk_add_entries",
        Request::BulkUpdateEntries(_) => "bulk_update_entries",
        Request::BulkDeleteEntries(_) => "bulk_delete_entries",
        Request::CreateOrg(_) => "create_org",
        Request::ListOrgs(_) => "list_orgs",
        Request::CreateProject(_) => "create_project",
        Request::UpdateProject(_) => "update_project",
        Request::GetProject(_) => "get_project",
        Request::ListProjects(_) => "list_projects",
        Request::DeleteProject(_) => "delete_project",
        Request::StartSession(_) => "start_session",
        Request::EndSession(_) => "end_session",
        Request::ListSessions(_) => "list_sessions",
        Request::Search(_) => "search",
        Request::GetContext(_) => "get_context",
        Request::Remember(_) => "remember",
        Request::Quickstart(_) => "quickstart",
        Request::MeasureFloor(_) => "measure_floor",
        Request::ExportPage(_) => "export_page",
        Request::BeginImport(_) => "begin_import",
        Request::StageImport(_) => "stage_import",
        Request::FinishImport(_) => "finish_import",
        Request::CheckoutFile(_) => "checkout_file",
        Request::CheckinFile(_) => "checkin_file",
        Request::GetFileLock(_) => "get_file_lock",
        Request::ListFileLocks(_) => "list_file_locks",
        Request::ForceUnlockFile(_) => "force_unlock_file",
        Request::ClusterStatus => "cluster_status",
        Request::EchoStored(_) => "echo_stored",
        Request::AddTask(_) => "add_task",
        Request::UpdateTask(_) => "update_task",
        Request::GetTask(_) => "get_task",
        Request::ListTasks(_) => "list_tasks",
        Request::TaskHistory(_) => "task_history",
        Request::DeactivateTask(_) => "deactivate_task",
        Request::DeleteTask(_) => "delete_task",
        Request::AddTaskBlocker(_) => "add_task_blocker",
        Request::RemoveTaskBlocker(_) => "remove_task_blocker",
        Request::ClaimTask(_) => "claim_task",
        Request::ListConflicts(_) => "list_conflicts",
        Request::GetConflict(_) => "get_conflict",
        Request::ResolveConflict(_) => "resolve_conflict",
        Request::FinishSession(_) => "finish_session",
        Request::CreateBackup(_) => "create_backup",
        Request::ListBackups => "list_backups",
        Request::VerifyBackup(_) => "verify_backup",
        Request::RestoreBackup(_) => "restore_backup",
        Request::CleanupBackups(_) => "cleanup_backups",
        Request::CreateRelation(_) => "create_relation",
        Request::ListRelations(_) => "list_relations",
        Request::DeleteRelation(_) => "delete_relation",
        Request::SearchRelated(_) => "search_related",
        Request::CreateTag(_) => "create_tag",
        Request::ListTags(_) => "list_tags",
        Request::AttachTag(_) => "attach_tag",
        Request::DetachTag(_) => "detach_tag",
        Request::TagsOfEntry(_) => "tags_of_entry",
        Request::GrantPermission(_) => "grant_permission",
        Request::RevokePermission(_) => "revoke_permission",
        Request::CheckPermission(_) => "check_permission",
        Request::ListPermissions(_) => "list_permissions",
        Request::PromoteSession(_) => "promote_session",
        Request::AddEntryInstead(_) => "add_entry_instead",
        Request::RememberInstead(_) => "remember_instead",
        Request::Consolidate(_) => "consolidate",
        Request::Forget(_) => "forget",
        Request::EndImport(_) => "end_import",
        Request::ReadAudit(_) => "read_audit",
        Request::Authenticate(_) => "authenticate",
        Request::RegisterAgent(_) => "register_agent",
        Request::RevokeAgent(_) => "revoke_agent",
        Request::ListAgents(_) => "list_agents",
        Request::ExportExtras(_) => "export_extras",
        Request::StageExtras(_) => "stage_extras",
    })
}

fn plain() -> Vec<Request> {
    vec![
        Request::Echo(Echo { payload: vec![1, 2, 3], reply_bytes: 64 }),
        Request::Health,
        Request::Config,
        Request::Subscribe,
        Request::HandOver(HandOver { build: "0.2.0".to_owned() }),
        Request::Stop,
    ]
}

fn draft(name: &str, body: EntryBody) -> AddEntry {
    let draft = EntryDraft {
        scope: ScopeRef::project(id(2)),
        name: name.to_owned(),
        category: text("fact"),
        tags: tags(),
        metadata: json(r#"{"a":1}"#),
        body,
        created_by: text("claude"),
        change_reason: text("first"),
    };
    AddEntry { id: Some(id(1)), draft }
}

/// One body of each kind.
pub(crate) fn bodies() -> [EntryBody; 3] {
    [
        EntryBody::Guideline {
            content: "Run the checks".to_owned(),
            priority: 80,
            rationale: text("CI does"),
            examples: json(r#"{"good":["scripts/check"],"bad":[]}"#),
            verification_rules: json(r#"{"filePatterns":["*.rs"]}"#),
        },
        EntryBody::Knowledge {
            content: "The socket is 0600".to_owned(),
            confidence: 0.75,
            source: text("docs"),
            valid_from_ms: Some(AT_MS),
            valid_until_ms: Some(AT_MS + 1),
            invalidated_by: Some(id(3)),
        },
        EntryBody::Tool {
            description: "Lists files".to_owned(),
            parameters: json(r#"{"path":"string"}"#),
            examples: json(r#"["ls -l"]"#),
            constraints: text("Unix only"),
        },
    ]
}

fn patches() -> [BodyPatch; 3] {
    [
        BodyPatch::Guideline {
            content: text("Run all checks"),
            priority: Some(90),
            rationale: Some(None),
            examples: Some(json("{}")),
            verification_rules: None,
        },
        BodyPatch::Knowledge {
            content: text("The socket is private"),
            confidence: Some(1.0),
            source: Some(text("code")),
            valid_from_ms: Some(Some(AT_MS)),
            valid_until_ms: Some(None),
            invalidated_by: Some(Some(id(4))),
        },
        BodyPatch::Tool {
            description: text("Lists the files of a directory"),
            parameters: Some(json("{}")),
            examples: Some(None),
            constraints: None,
        },
    ]
}

fn update(body: BodyPatch) -> UpdateEntry {
    let patch = EntryPatch {
        name: text("checks"),
        category: Some(text("context")),
        tags: Some(tags()),
        metadata: Some(None),
        body,
        updated_by: text("codex"),
        change_reason: text("wording"),
    };
    UpdateEntry { id: id(1), expected_version: Some(1), patch }
}

fn entries() -> Vec<Request> {
    let kind = EntryKind::Tool;
    let by_name =
        EntrySelector::Name { name: "ls".to_owned(), scope: ScopeRef::session(id(5)), inherit: true };
    let mut all: Vec<Request> =
        bodies().into_iter().map(|body| Request::AddEntry(draft("checks", body))).collect();
    all.extend(patches().into_iter().map(|body| Request::UpdateEntry(update(body))));
    all.extend([
        Request::GetEntry(GetEntry { kind, selector: EntrySelector::Id(id(1)), include_inactive: false }),
        Request::GetEntry(GetEntry { kind, selector: by_name, include_inactive: true }),
        Request::ListEntries(ListEntries {
            kind: EntryKind::Knowledge,
            scope: Some(ScopeRef::org(id(6))),
            inherit: true,
            include_inactive: false,
            category: text("decision"),
            limit: 20,
            offset: 40,
        }),
        Request::EntryHistory(EntryHistory { kind, id: id(1), limit: 10, offset: 0 }),
        Request::DeactivateEntry(DeactivateEntry {
            kind,
            id: id(1),
            updated_by: text("claude"),
            change_reason: text("obsolete"),
        }),
        Request::DeleteEntry(DeleteEntry { kind, id: id(1) }),
    ]);
    all
}

fn bulk() -> Vec<Request> {
    let [guideline, knowledge, tool] = bodies();
    let entries = vec![draft("a", guideline), draft("b", knowledge), draft("c", tool)];
    vec![
        Request::BulkAddEntries(BulkAddEntries { entries }),
        Request::BulkUpdateEntries(BulkUpdateEntries {
            updates: patches().into_iter().map(update).collect(),
        }),
        Request::BulkDeleteEntries(BulkDeleteEntries { kind: EntryKind::Guideline, ids: vec![id(1), id(2)] }),
    ]
}

fn scopes() -> Vec<Request> {
    vec![
        Request::CreateOrg(CreateOrg { id: Some(id(6)), name: "acme".to_owned(), metadata: json("{}") }),
        Request::ListOrgs(ListOrgs { limit: 20, offset: 0 }),
        Request::CreateProject(CreateProject {
            id: Some(id(2)),
            org_id: Some(id(6)),
            name: "rocket".to_owned(),
            description: text("Goes up"),
            root_path: text("/src/rocket"),
            metadata: json("{}"),
        }),
        Request::UpdateProject(UpdateProject {
            id: id(2),
            name: text("rocket-2"),
            org_id: Some(None),
            description: Some(text("Comes down")),
            root_path: Some(None),
            metadata: None,
        }),
        Request::GetProject(GetProject {
            id: Some(id(2)),
            root_path: text("/src/rocket/engine"),
            name: text("rocket"),
            org_id: Some(id(6)),
        }),
        Request::ListProjects(ListProjects { org_id: Some(id(6)), limit: 20, offset: 0 }),
        Request::DeleteProject(DeleteProject { id: id(2), confirm: true, admin_key: text("key") }),
    ]
}

/// A search with every filter.
pub(crate) fn search(project: Id) -> Search {
    Search {
        query: "socket \"private directory\" perm*".to_owned(),
        kinds: vec![EntryKind::Guideline, EntryKind::Knowledge],
        scope: Some(ScopeRef::project(project)),
        inherit: true,
        tags: TagFilter {
            include: tags(),
            require: vec!["build".to_owned()],
            exclude: vec!["old".to_owned()],
        },
        category: text("fact"),
        priority_min: Some(10),
        priority_max: Some(90),
        created_after_ms: Some(AT_MS),
        created_before_ms: Some(AT_MS + 1),
        updated_after_ms: Some(AT_MS + 2),
        updated_before_ms: Some(AT_MS + 3),
        at_time_ms: Some(AT_MS + 4),
        valid_during_ms: Some((AT_MS, AT_MS + 5)),
        include_inactive: true,
        created_by: text("claude"),
        limit: 20,
        offset: 0,
        cursor: text("c1"),
    }
}

fn reads() -> Vec<Request> {
    vec![
        Request::Search(search(id(2))),
        Request::GetContext(GetContext {
            scope: ScopeRef::GLOBAL,
            inherit: true,
            query: text("release"),
            kinds: vec![EntryKind::Tool],
            budget_tokens: Some(2_000),
            limit_per_kind: Some(10),
        }),
        Request::Remember(Remember {
            text: "We always run the checks before landing".to_owned(),
            scope: ScopeRef::project(id(2)),
            force_kind: Some(EntryKind::Guideline),
            priority: Some(60),
            tags: tags(),
        }),
        Request::Quickstart(Quickstart {
            project_id: Some(id(2)),
            root_path: text("/src/rocket"),
            project_name: text("rocket"),
            project_description: text("Goes up"),
            create_project: true,
            session_name: text("morning"),
            session_purpose: text("fix the build"),
            agent_id: text("claude"),
            inherit: true,
            limit_per_kind: Some(10),
            budget_tokens: Some(1_000),
        }),
        Request::MeasureFloor(MeasureFloor {
            operation: FloorOperation::Search,
            project_id: id(2),
            rounds: 1_000,
            batch: 64,
            searches: vec![search(id(2))],
        }),
    ]
}
