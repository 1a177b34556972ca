//! Every response, with every field set.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Entry, EntryKind, Org, Project, ScopeRef, Version},
    response::*,
};

use super::{AT_MS, id, json, named_variants, requests::bodies, sessions::session, tags, text};

/// Every response, by name.
#[allow(clippy::too_many_lines, reason = "a line for each variant")]
pub(crate) fn responses() -> Vec<(String, Response)> {
    let mut all = vec![
        Response::Error(error()),
        Response::Echo(vec![0; 4]),
        Response::Health(Box::new(super::daemons::health())),
        Response::Config(config()),
        Response::Done,
        Response::Written(written()),
        Response::BulkWritten(vec![written(), written()]),
        Response::History(history()),
        Response::Org(org()),
        Response::Orgs(OrgPage { orgs: vec![org()], has_more: false }),
        Response::Project(project()),
        Response::Projects(ProjectPage { projects: vec![project()], has_more: true }),
        Response::Session(session()),
        Response::Sessions(SessionPage { sessions: vec![session()], has_more: false }),
        Response::SearchPage(search_page()),
        Response::Context(context()),
        Response::Remembered(remembered()),
        Response::Quickstarted(Box::new(quickstarted())),
        Response::Floor(Floor { rounds: 1_000, elapsed_us: 12_345, p50_ns: 9_000, p99_ns: 40_000 }),
        Response::Entries(EntryPage { entries: entries(), has_more: true }),
    ];
    all.extend(super::file_locks::responses());
    all.extend(super::transfer::responses());
    all.extend(super::daemons::responses());
    all.extend(super::tasks::responses());
    all.extend(super::conflicts::responses());
    all.extend(super::sessions::responses());
    all.extend(super::backups::responses());
    all.extend(super::relations::responses());
    all.extend(super::tags::responses(written()));
    all.extend(super::permissions::responses());
    all.extend(super::audit::responses());
    all.extend(super::agents::responses());
    all.extend(super::hygiene::responses(&written(), remembered()));
    all.extend(entries().into_iter().map(|entry| Response::Entry(Box::new(entry))));
    named_variants!(all, {
        Response::Error(_) => "error",
        Response::Echo(_) => "echo",
        Response::Health(_) => "health",
        Response::Config(_) => "config",
        Response::Done => "done",
        Response::Written(_) => "written",
        Response::BulkWritten(_) => "bulk_written",
        Response::Entry(_) => "entry",
        Response::Entries(_) => "entries",
        Response::History(_) => "history",
        Response::Org(_) => "org",
        Response::Orgs(_) => "orgs",
        Response::Project(_) => "project",
        Response::Projects(_) => "projects",
        Response::Session(_) => "session",
        Response::Sessions(_) => "sessions",
        Response::SearchPage(_) => "search_page",
        Response::Context(_) => "context",
        Response::Remembered(_) => "remembered",
        Response::Quickstarted(_) => "quickstarted",
        Response::Floor(_) => "floor",
        Response::HealthWithRedis(_) => "health_with_redis",
        Response::Exported(_) => "exported",
        Response::ImportBegun(_) => "import_begun",
        Response::ImportStaged(_) => "import_staged",
        Response::Imported(_) => "imported",
        Response::CheckedOut(_) => "checked_out",
        Response::CheckedIn(_) => "checked_in",
        Response::FileLockStatus(_) => "file_lock_status",
        Response::FileLocks(_) => "file_locks",
        Response::ClusterStatus(_) => "cluster_status",
        Response::HealthReport(_) => "health_report",
        Response::Task(_) => "task",
        Response::Tasks(_) => "tasks",
        Response::TaskHistory(_) => "task_history",
        Response::TaskWritten(_) => "task_written",
        Response::Conflicts(_) => "conflicts",
        Response::Conflict(_) => "conflict",
        Response::ConflictResolved(_) => "conflict_resolved",
        Response::SessionReport(_) => "session_report",
        Response::SessionReports(_) => "session_reports",
        Response::BackupCreated(_) => "backup_created",
        Response::Backups(_) => "backups",
        Response::BackupVerified(_) => "backup_verified",
        Response::BackupRestored(_) => "backup_restored",
        Response::BackupsCleaned(_) => "backups_cleaned",
        Response::RelationCreated(_) => "relation_created",
        Response::Relations(_) => "relations",
        Response::RelationDeleted(_) => "relation_deleted",
        Response::RelatedSearchPage(_) => "related_search_page",
        Response::TagCreated(_) => "tag_created",
        Response::Tags(_) => "tags",
        Response::EntryTagged(_) => "entry_tagged",
        Response::Permission(_) => "permission",
        Response::PermissionCheck(_) => "permission_check",
        Response::Permissions(_) => "permissions",
        Response::SessionPromoted(_) => "session_promoted",
        Response::EntryAdded(_) => "entry_added",
        Response::RememberedInstead(_) => "remembered_instead",
        Response::Consolidated(_) => "consolidated",
        Response::Forgotten(_) => "forgotten",
        Response::FullHealthReport(_) => "full_health_report",
        Response::Audit(_) => "audit",
        Response::Authenticated(_) => "authenticated",
        Response::AgentRegistered(_) => "agent_registered",
        Response::AgentRevoked(_) => "agent_revoked",
        Response::Agents(_) => "agents",
        Response::ExportedExtras(_) => "exported_extras",
        Response::ImportOutcome(_) => "import_outcome",
    })
}

/// What stands before responses that may be stale.
pub(crate) fn degradations() -> Vec<(String, Degradation)> {
    let reason = "the database cannot be reached".to_owned();
    let explained = Degradation { age_ms: Some(12_345), reason };
    vec![("explained".to_owned(), explained), ("unexplained".to_owned(), Degradation::unexplained())]
}

/// What stands before the responses to writes of which something was masked.
pub(crate) fn maskings() -> Vec<(String, Masking)> {
    let field = |at: Option<&str>, field: &str, kind: &str, count| MaskedField {
        at: at.map(str::to_owned),
        field: field.to_owned(),
        kind: kind.to_owned(),
        count,
    };
    let entry = Masking { fields: vec![field(None, "entries[2].content", "github-token", 2)], total: 2 };
    let import = Masking {
        fields: vec![field(Some("entries.tools[3]"), "metadata.db.url", "url-password", 1)],
        total: 400,
    };
    vec![("entry".to_owned(), entry), ("import".to_owned(), import)]
}

fn error() -> ErrorBody {
    ErrorBody::new(ErrorCode::RateLimited, "too many requests of agent claude")
        .with_field("agentId")
        .with_value("claude")
        .with_allowed("500 in 60000 ms")
        .with_suggestion("Send the same request again")
        .with_retry_after_ms(120)
}

fn config() -> ConfigReport {
    let setting = SettingValue {
        name: "AGENT_MEMORY_LOG_LEVEL".to_owned(),
        value: "info".to_owned(),
        source: "default".to_owned(),
        reloadable: true,
    };
    ConfigReport { settings: vec![setting], file: text("/etc/agent-memory.toml") }
}

fn written() -> Written {
    Written {
        action: WriteAction::Updated,
        id: id(1),
        kind: EntryKind::Guideline,
        scope: ScopeRef::project(id(2)),
        name: "checks".to_owned(),
        version: 2,
        at_ms: AT_MS,
        conflict: true,
    }
}

fn versions() -> Vec<Version> {
    bodies()
        .into_iter()
        .map(|body| Version {
            id: id(7),
            number: 2,
            body,
            created_at_ms: AT_MS,
            created_by: text("claude"),
            change_reason: text("wording"),
            conflict: true,
        })
        .collect()
}

fn entries() -> Vec<Entry> {
    versions()
        .into_iter()
        .map(|version| Entry {
            id: id(1),
            scope: ScopeRef::session(id(5)),
            name: "checks".to_owned(),
            category: text("context"),
            tags: tags(),
            metadata: json(r#"{"a":1}"#),
            is_active: true,
            created_at_ms: AT_MS,
            created_by: text("claude"),
            updated_at_ms: AT_MS + 1,
            updated_by: text("codex"),
            version,
        })
        .collect()
}

fn history() -> History {
    History { entry_id: id(1), kind: EntryKind::Knowledge, versions: versions(), has_more: true }
}

fn org() -> Org {
    Org { id: id(6), name: "acme".to_owned(), metadata: json("{}"), created_at_ms: AT_MS }
}

fn project() -> Project {
    Project {
        id: id(2),
        org_id: Some(id(6)),
        name: "rocket".to_owned(),
        description: text("Goes up"),
        root_path: text("/src/rocket"),
        metadata: json("{}"),
        created_at_ms: AT_MS,
        updated_at_ms: AT_MS + 1,
    }
}

pub(crate) fn search_page() -> SearchPage {
    let hit = Hit {
        id: id(1),
        kind: EntryKind::Guideline,
        name: "checks".to_owned(),
        snippet: "Run the checks".to_owned(),
        score: 4.25,
        scope: ScopeRef::GLOBAL,
        category: text("workflow"),
        tags: tags(),
        updated_at_ms: AT_MS,
        created_by: text("claude"),
        version: 2,
        is_active: true,
        priority: Some(80),
    };
    SearchPage { hits: vec![hit], next_cursor: text("c2"), terms: tags(), ignored_terms: 3 }
}

fn context() -> Context {
    let entry = ContextEntry {
        id: id(1),
        kind: EntryKind::Guideline,
        name: "checks".to_owned(),
        text: "Run the checks".to_owned(),
        is_cut: true,
        scope: ScopeRef::org(id(6)),
        priority: Some(80),
        category: text("workflow"),
        tags: tags(),
        updated_at_ms: AT_MS,
        created_by: text("claude"),
    };
    Context {
        scope: ScopeRef::project(id(2)),
        entries: vec![entry],
        used_tokens: 120,
        budget_tokens: 2_000,
        omitted: vec![OmittedEntries { kind: EntryKind::Tool, count: 5 }],
    }
}

fn remembered() -> Remembered {
    let similar = SimilarEntry {
        id: id(3),
        kind: EntryKind::Knowledge,
        name: "checks before landing".to_owned(),
        scope: ScopeRef::GLOBAL,
        similarity: 0.5,
    };
    Remembered {
        written: written(),
        existed: true,
        category: text("workflow"),
        inferred_by: "\"always\" makes it a guideline".to_owned(),
        similar: vec![similar],
    }
}

fn quickstarted() -> Quickstarted {
    Quickstarted {
        project: project(),
        project_created: true,
        session: session(),
        session_resumed: false,
        context: context(),
    }
}
