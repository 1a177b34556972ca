//! Exports and imports.

use agent_memory_proto::{
    ErrorBody, Request, Response,
    model::{
        EntryBody, EntryKind, ExtraKind, Org, PortableEntry, PortableExtra, PortableScope, PortableTask,
        PortableVersion, Project, ScopeRef, Session, SessionStatus,
    },
    request::{
        BeginImport, ConflictStrategy, EndImport, ExportExtras, ExportPage, FinishImport, ImportExtra,
        ImportItem, ImportOptions, ScopeMapping, StageExtras, StageImport,
    },
    response::{
        ExportedExtras, ExportedPage, ExtraCount, ImportCount, ImportOutcome, ImportRefusal, ImportReport,
        NotCarried,
    },
};

use super::{AT_MS, id, json, relations, tags, tasks, text};

pub(super) fn requests() -> Vec<Request> {
    let begin = |strategy| {
        let mapping = ScopeMapping { from: ScopeRef::project(id(2)), to: ScopeRef::GLOBAL };
        let options = ImportOptions {
            strategy,
            scope_mapping: vec![mapping],
            generate_new_ids: true,
            imported_by: text("claude"),
        };
        Request::BeginImport(BeginImport { options, admin_key: text("sesame") })
    };
    let mut all = vec![
        Request::ExportPage(ExportPage {
            kinds: vec![EntryKind::Tool],
            scope: Some(ScopeRef::org(id(6))),
            tags: tags(),
            include_inactive: true,
            include_versions: true,
            cursor: text("3"),
        }),
        Request::StageImport(StageImport {
            import_id: id(5),
            part: 7,
            scopes: scopes(),
            items: vec![item()],
        }),
        Request::FinishImport(FinishImport { import_id: id(5), dry_run: true }),
    ];
    all.extend(ConflictStrategy::ALL.map(begin));
    all.push(Request::EndImport(EndImport { import_id: id(5) }));
    let page = ExportPage {
        kinds: vec![EntryKind::Guideline],
        scope: None,
        tags: tags(),
        include_inactive: false,
        include_versions: false,
        cursor: text("1"),
    };
    all.push(Request::ExportExtras(ExportExtras { page, with_tasks: true }));
    let extras =
        extras().into_iter().map(|extra| ImportExtra { at: format!("{}[0]", extra.kind()), extra }).collect();
    all.push(Request::StageExtras(StageExtras { import_id: id(5), part: 8, extras }));
    all
}

pub(super) fn responses() -> Vec<Response> {
    let page = ExportedPage {
        scopes: scopes(),
        entries: vec![entry()],
        next_cursor: text("4"),
        entries_in_store: Some(9),
        changed_at_ms: Some(AT_MS),
    };
    let count = ImportCount { kind: EntryKind::Tool, created: 1, updated: 2, replaced: 3, skipped: 4 };
    let refusal = ImportRefusal {
        at: "entries.tools[3]".to_owned(),
        name: "n".to_owned(),
        error: ErrorBody::missing("name"),
    };
    let report = ImportReport {
        applied: true,
        counts: vec![count],
        created_scopes: vec![ScopeRef::session(id(4))],
        created_scopes_total: 5,
        refusals: vec![refusal],
        refused_total: 6,
    };
    let extras_page = ExportedExtras {
        extras: extras(),
        next_cursor: text("2"),
        relations_left_out: 3,
        not_carried: Some(NotCarried { permissions: 4, conflicts: 5 }),
    };
    let extra = |kind| ExtraCount { kind, created: 1, updated: 2, replaced: 3, skipped: 4, left_out: 5 };
    let outcome = ImportOutcome {
        report: report.clone(),
        extras: ExtraKind::ALL.map(extra).to_vec(),
        task_links_left_out: 6,
        relations_removed: 7,
    };
    vec![
        Response::ExportedExtras(Box::new(extras_page)),
        Response::ImportOutcome(Box::new(outcome)),
        Response::Exported(Box::new(page)),
        Response::ImportBegun(id(5)),
        Response::ImportStaged(1_000),
        Response::Imported(report),
    ]
}

fn extras() -> Vec<PortableExtra> {
    let task = PortableTask { task: tasks::task(), earlier: vec![tasks::version()] };
    vec![
        PortableExtra::Tag(super::tags::tag()),
        PortableExtra::Task(Box::new(task)),
        PortableExtra::Relation(relations::relation()),
    ]
}

fn item() -> ImportItem {
    ImportItem { at: "entries.tools[0]".to_owned(), entry: entry() }
}

fn entry() -> PortableEntry {
    PortableEntry {
        id: Some(id(1)),
        scope: ScopeRef::project(id(2)),
        name: "checks".to_owned(),
        category: text("workflow"),
        tags: tags(),
        metadata: json("{}"),
        is_active: true,
        created_at_ms: Some(AT_MS),
        created_by: text("claude"),
        updated_at_ms: Some(AT_MS + 1),
        updated_by: text("codex"),
        versions: vec![PortableVersion {
            id: Some(id(3)),
            number: 2,
            body: EntryBody::Guideline {
                content: "Run the checks".to_owned(),
                priority: 80,
                rationale: text("why"),
                examples: json("{}"),
                verification_rules: json("{}"),
            },
            created_at_ms: Some(AT_MS),
            created_by: text("claude"),
            change_reason: text("because"),
            conflict: true,
        }],
    }
}

fn scopes() -> Vec<PortableScope> {
    let org = Org { id: id(6), name: "acme".to_owned(), metadata: json("{}"), created_at_ms: AT_MS };
    let project = Project {
        id: id(2),
        org_id: Some(id(6)),
        name: "rocket".to_owned(),
        description: text("Goes up"),
        root_path: text("/src/rocket"),
        metadata: json("{}"),
        created_at_ms: AT_MS,
        updated_at_ms: AT_MS + 1,
    };
    let session = Session {
        id: id(4),
        project_id: Some(id(2)),
        name: text("morning"),
        purpose: text("fix the build"),
        agent_id: text("claude"),
        status: SessionStatus::Paused,
        metadata: json("{}"),
        started_at_ms: AT_MS,
        ended_at_ms: Some(AT_MS + 1),
    };
    vec![PortableScope::Org(org), PortableScope::Project(project), PortableScope::Session(session)]
}
