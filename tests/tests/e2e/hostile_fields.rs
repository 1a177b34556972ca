//! Hostile input in every field of every request: it is refused with the field's name or stored as it
//! is. Never a crash, never a database error, never an answer that takes long.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Request, Response, limits,
    model::{BodyPatch, EntryBody, EntryKind, Id, Json, ScopeRef},
    request::*,
};
use agent_memory_tests::{Backend, Daemon, Instance, Wire, on_every_backend, requests};

/// A store with one of everything.
pub(crate) struct Store {
    pub(crate) wire: Wire,
    pub(crate) project: Id,
    pub(crate) org: Id,
    pub(crate) session: Id,
    pub(crate) entry: Id,
    _daemon: Daemon,
    _instance: Instance,
}

impl Store {
    pub(crate) fn on(backend: Backend) -> Self {
        let instance = backend.instance().without_rate_limits();
        let daemon = instance.start_daemon();
        let mut wire = instance.connect();
        let (org, project, session, entry) =
            (requests::new_id(), requests::new_id(), requests::new_id(), requests::new_id());
        wire.call(&Request::CreateOrg(CreateOrg { id: Some(org), name: "o".to_owned(), metadata: None }));
        wire.call(&requests::create_project(project, "p"));
        let start = StartSession {
            id: Some(session),
            project_id: Some(project),
            name: None,
            purpose: None,
            agent_id: None,
            metadata: None,
        };
        wire.call(&Request::StartSession(start));
        let Request::AddEntry(add) = requests::add_knowledge(ScopeRef::project(project), "first", "text")
        else {
            unreachable!("it adds an entry")
        };
        let added = wire.call(&Request::AddEntry(AddEntry { id: Some(entry), ..add }));
        assert!(matches!(added, Response::Written(_)), "{added:?}");
        Self { wire, project, org, session, entry, _daemon: daemon, _instance: instance }
    }

    pub(crate) fn scope(&self) -> ScopeRef {
        ScopeRef::project(self.project)
    }

    /// Sends what may be anything, and checks that the daemon took it well.
    pub(crate) fn survives(&mut self, what: &str, request: &Request) -> Response {
        let started = Instant::now();
        let answer = self.wire.call(request);
        assert!(started.elapsed() < Duration::from_secs(5), "{what}: {:?}", started.elapsed());
        if let Response::Error(error) = &answer {
            let of_the_caller = matches!(
                error.code,
                ErrorCode::MissingField
                    | ErrorCode::InvalidScopeType
                    | ErrorCode::InvalidParameter
                    | ErrorCode::NotFound
                    | ErrorCode::AlreadyExists
                    | ErrorCode::Conflict
                    | ErrorCode::FileLocked
                    | ErrorCode::LimitExceeded
                    | ErrorCode::PermissionDenied
            );
            assert!(of_the_caller, "{what}: {error}");
            assert!(error.field.is_some(), "{what}: the error names no field: {error:?}");
        }
        answer
    }

    /// Sends what must be refused for its parameter.
    pub(crate) fn refuses(&mut self, what: &str, request: &Request) {
        match self.survives(what, request) {
            Response::Error(error) => {
                let right = matches!(
                    error.code,
                    ErrorCode::InvalidParameter
                        | ErrorCode::MissingField
                        | ErrorCode::LimitExceeded
                        | ErrorCode::InvalidScopeType
                );
                assert!(right, "{what}: {error}");
                assert!(
                    error.allowed.is_some()
                        || error.suggestion.is_some()
                        || error.code == ErrorCode::MissingField,
                    "{what}: the error does not say what is allowed: {error:?}"
                );
            }
            other => panic!("{what} was not refused: {other:?}"),
        }
    }
}

/// Texts that have broken other programs.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\n\t\r",
        "\0",
        "a\0b",
        "\u{1b}[2J\u{7}",
        "'; DROP TABLE entries; --",
        "\" OR 1=1 --",
        "\"unclosed",
        "a AND NOT OR NEAR(",
        "*",
        "^\"",
        "col:umn {x y}: z",
        "%_\\",
        "../../../etc/passwd",
        "$(reboot) `reboot`",
        "\u{202e}gnirts\u{202c}",
        "\u{feff}\u{200b}\u{200d}\u{2060}",
        "\u{e000}\u{10ffff}\u{fffd}",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "日本語のテキスト 中文 한국어 العربية עברית",
        "İıſK",
        "<script>alert(1)</script>",
        "{{7*7}} ${7*7} %s %n",
        "null",
        "NaN",
        "-0",
        "9e999",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push(format!("a{}", "\u{301}".repeat(400)));
    texts.push("x".repeat(10_000));
    texts.push("word ".repeat(2_000));
    texts.push("\"".repeat(10_000));
    texts
}

type WithText = fn(&Store, String) -> Request;
type Field = (&'static str, WithText);

pub(crate) fn draft_with(store: &Store, change: impl FnOnce(&mut EntryDraft)) -> Request {
    let Request::AddEntry(mut add) =
        requests::add_guideline(store.scope(), &requests::new_id().to_string(), "text")
    else {
        unreachable!("it adds an entry")
    };
    change(&mut add.draft);
    Request::AddEntry(add)
}

pub(crate) fn patch_with(store: &Store, change: impl FnOnce(&mut EntryPatch)) -> Request {
    let mut patch = EntryPatch {
        name: None,
        category: None,
        tags: None,
        metadata: None,
        body: BodyPatch::Knowledge {
            content: None,
            confidence: None,
            source: None,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        updated_by: None,
        change_reason: None,
    };
    change(&mut patch);
    Request::UpdateEntry(UpdateEntry { id: store.entry, expected_version: None, patch })
}

pub(crate) fn search_with(store: &Store, change: impl FnOnce(&mut Search)) -> Request {
    let mut search = requests::search("text", Some(store.scope()));
    change(&mut search);
    Request::Search(search)
}

pub(crate) fn project_with(change: impl FnOnce(&mut CreateProject)) -> Request {
    let Request::CreateProject(mut create) =
        requests::create_project(requests::new_id(), &requests::new_id().to_string())
    else {
        unreachable!("it creates a project")
    };
    change(&mut create);
    Request::CreateProject(create)
}

pub(crate) fn session_with(store: &Store, change: impl FnOnce(&mut StartSession)) -> Request {
    let mut start = StartSession {
        id: None,
        project_id: Some(store.project),
        name: None,
        purpose: None,
        agent_id: None,
        metadata: None,
    };
    change(&mut start);
    Request::StartSession(start)
}

pub(crate) fn quickstart_with(store: &Store, change: impl FnOnce(&mut Quickstart)) -> Request {
    let mut quickstart = Quickstart {
        project_id: Some(store.project),
        root_path: None,
        project_name: None,
        project_description: None,
        create_project: true,
        session_name: None,
        session_purpose: None,
        agent_id: None,
        inherit: true,
        limit_per_kind: None,
        budget_tokens: None,
    };
    change(&mut quickstart);
    Request::Quickstart(quickstart)
}

fn tool_body(description: String, constraints: Option<String>) -> EntryBody {
    EntryBody::Tool { description, parameters: None, examples: None, constraints }
}

/// Every field that holds text.
const TEXT_FIELDS: &[Field] = &[
    ("add name", |s, t| draft_with(s, |d| d.name = t)),
    ("add category", |s, t| draft_with(s, |d| d.category = Some(t))),
    ("add tag", |s, t| draft_with(s, |d| d.tags = vec![t])),
    ("add metadata", |s, t| draft_with(s, |d| d.metadata = Some(Json(t)))),
    ("add created by", |s, t| draft_with(s, |d| d.created_by = Some(t))),
    ("add change reason", |s, t| draft_with(s, |d| d.change_reason = Some(t))),
    ("add content", |s, t| requests::add_knowledge(s.scope(), &requests::new_id().to_string(), &t)),
    ("add tool description", |s, t| draft_with(s, |d| d.body = tool_body(t, None))),
    ("add tool constraints", |s, t| draft_with(s, |d| d.body = tool_body("x".to_owned(), Some(t)))),
    ("update name", |s, t| patch_with(s, |p| p.name = Some(t))),
    ("update category", |s, t| patch_with(s, |p| p.category = Some(Some(t)))),
    ("update tag", |s, t| patch_with(s, |p| p.tags = Some(vec![t]))),
    ("update metadata", |s, t| patch_with(s, |p| p.metadata = Some(Some(Json(t))))),
    ("update by", |s, t| patch_with(s, |p| p.updated_by = Some(t))),
    ("update reason", |s, t| patch_with(s, |p| p.change_reason = Some(t))),
    ("get by name", |s, t| requests::get_by_name(EntryKind::Knowledge, s.scope(), &t)),
    ("list category", |s, t| {
        let Request::ListEntries(mut list) = requests::list(EntryKind::Tool, s.scope(), 10, 0) else {
            unreachable!("it lists")
        };
        list.category = Some(t);
        Request::ListEntries(list)
    }),
    ("deactivate by", |s, t| {
        let (kind, id) = (EntryKind::Knowledge, s.entry);
        Request::DeactivateEntry(DeactivateEntry { kind, id, updated_by: Some(t), change_reason: None })
    }),
    ("org name", |_, t| Request::CreateOrg(CreateOrg { id: None, name: t, metadata: None })),
    ("org metadata", |_, t| {
        let name = requests::new_id().to_string();
        Request::CreateOrg(CreateOrg { id: None, name, metadata: Some(Json(t)) })
    }),
    ("project name", |_, t| project_with(|p| p.name = t)),
    ("project description", |_, t| project_with(|p| p.description = Some(t))),
    ("project root path", |_, t| project_with(|p| p.root_path = Some(t))),
    ("project metadata", |_, t| project_with(|p| p.metadata = Some(Json(t)))),
    ("project by path", |_, t| {
        Request::GetProject(GetProject { id: None, root_path: Some(t), name: None, org_id: None })
    }),
    ("project by name", |_, t| {
        Request::GetProject(GetProject { id: None, root_path: None, name: Some(t), org_id: None })
    }),
    ("session name", |s, t| session_with(s, |q| q.name = Some(t))),
    ("session purpose", |s, t| session_with(s, |q| q.purpose = Some(t))),
    ("session agent", |s, t| session_with(s, |q| q.agent_id = Some(t))),
    ("session metadata", |s, t| session_with(s, |q| q.metadata = Some(Json(t)))),
    ("search query", |s, t| search_with(s, |q| q.query = t)),
    ("search tag", |s, t| search_with(s, |q| q.tags.include = vec![t])),
    ("search category", |s, t| search_with(s, |q| q.category = Some(t))),
    ("search created by", |s, t| search_with(s, |q| q.created_by = Some(t))),
    ("search cursor", |s, t| search_with(s, |q| q.cursor = Some(t))),
    ("context query", |s, t| {
        Request::GetContext(GetContext {
            scope: s.scope(),
            inherit: true,
            query: Some(t),
            kinds: Vec::new(),
            budget_tokens: None,
            limit_per_kind: None,
        })
    }),
    ("remember text", |s, t| {
        Request::Remember(Remember {
            text: t,
            scope: s.scope(),
            force_kind: None,
            priority: None,
            tags: Vec::new(),
        })
    }),
    ("remember tag", |s, t| {
        let text = format!("remember {}", requests::new_id());
        Request::Remember(Remember {
            text,
            scope: s.scope(),
            force_kind: None,
            priority: None,
            tags: vec![t],
        })
    }),
    ("quickstart path", |s, t| quickstart_with(s, |q| (q.project_id, q.root_path) = (None, Some(t)))),
    ("quickstart project", |s, t| quickstart_with(s, |q| (q.project_id, q.project_name) = (None, Some(t)))),
    ("quickstart session", |s, t| quickstart_with(s, |q| q.session_name = Some(t))),
    ("quickstart purpose", |s, t| quickstart_with(s, |q| q.session_purpose = Some(t))),
    ("quickstart agent", |s, t| quickstart_with(s, |q| q.agent_id = Some(t))),
    ("hand-over build", |_, t| Request::HandOver(HandOver { build: t })),
    ("lock path", |_, t| checkout_with(|lock| lock.path = t)),
    ("lock path below a directory", |_, t| checkout_with(|lock| lock.path = format!("/{t}"))),
    ("lock agent", |_, t| checkout_with(|lock| lock.agent_id = Some(t))),
    ("lock reason", |_, t| checkout_with(|lock| lock.reason = Some(t))),
    ("unlock key", |_, t| {
        let path = "/src/a.rs".to_owned();
        Request::ForceUnlockFile(ForceUnlockFile { path, agent_id: None, reason: None, admin_key: Some(t) })
    }),
    ("backup file", |_, t| Request::VerifyBackup(VerifyBackup { filename: t, admin_key: None })),
    ("restored file", |_, t| Request::RestoreBackup(RestoreBackup { filename: t, admin_key: None })),
    ("delete project key", |_, t| {
        Request::DeleteProject(DeleteProject { id: requests::new_id(), confirm: true, admin_key: Some(t) })
    }),
];

fn checkout_with(change: impl FnOnce(&mut CheckoutFile)) -> Request {
    let mut lock = CheckoutFile {
        path: "/src/a.rs".to_owned(),
        agent_id: Some("hostile".to_owned()),
        session_id: None,
        project_id: None,
        reason: None,
        metadata: None,
        ttl_ms: None,
        wait_ms: 0,
    };
    change(&mut lock);
    Request::CheckoutFile(lock)
}

fn hostile_text_in_every_field_is_refused_or_kept(backend: Backend) {
    let mut store = Store::on(backend);
    for (field, request) in TEXT_FIELDS {
        for text in hostile_texts() {
            let what = format!("{field} = {:?}", text.chars().take(40).collect::<String>());
            let request = request(&store, text);
            // The hand-over answers `Busy` to a build it does not understand; that is its word for no.
            if matches!(request, Request::HandOver(_)) {
                assert!(matches!(store.wire.call(&request), Response::Error(_)), "{what}");
            } else {
                store.survives(&what, &request);
            }
        }
    }
}

fn what_is_stored_comes_back_as_it_was(backend: Backend) {
    let mut store = Store::on(backend);
    for text in hostile_texts().into_iter().filter(|text| !text.trim().is_empty()) {
        let name = requests::new_id().to_string();
        let added = store.survives(&text, &requests::add_knowledge(store.scope(), &name, &text));
        let Response::Written(_) = added else { continue };
        let read = store.wire.call(&requests::get_by_name(EntryKind::Knowledge, store.scope(), &name));
        let Response::Entry(entry) = read else { panic!("{text:?}: {read:?}") };
        assert_eq!(entry.version.body.text(), text);
    }
}

fn text_beyond_its_limit_is_refused_and_at_its_limit_taken(backend: Backend) {
    let mut store = Store::on(backend);
    let knowledge_title = |s: &Store, t: String| requests::add_knowledge(s.scope(), &t, "x");
    let limits: &[(&str, usize, WithText)] = &[
        ("guideline name", limits::NAME_CHARS_MAX, |s, t| draft_with(s, |d| d.name = t)),
        ("knowledge title", limits::TITLE_CHARS_MAX, knowledge_title),
        ("content", limits::CONTENT_CHARS_MAX, |s, t| {
            requests::add_knowledge(s.scope(), &requests::new_id().to_string(), &t)
        }),
        ("tool description", limits::CONTENT_CHARS_MAX, |s, t| {
            draft_with(s, |d| d.body = tool_body(t, None))
        }),
        ("constraints", limits::RATIONALE_CHARS_MAX, |s, t| {
            draft_with(s, |d| d.body = tool_body("x".to_owned(), Some(t)))
        }),
        ("change reason", limits::RATIONALE_CHARS_MAX, |s, t| draft_with(s, |d| d.change_reason = Some(t))),
        ("tag", limits::TAG_CHARS_MAX, |s, t| draft_with(s, |d| d.tags = vec![t])),
        ("guideline category", limits::TAG_CHARS_MAX, |s, t| draft_with(s, |d| d.category = Some(t))),
        ("agent", limits::TAG_CHARS_MAX, |s, t| draft_with(s, |d| d.created_by = Some(t))),
        ("project name", limits::NAME_CHARS_MAX, |_, t| project_with(|p| p.name = t)),
        ("project description", limits::DESCRIPTION_CHARS_MAX, |_, t| {
            project_with(|p| p.description = Some(t))
        }),
        ("session purpose", limits::DESCRIPTION_CHARS_MAX, |s, t| session_with(s, |q| q.purpose = Some(t))),
        ("remembered text", limits::REMEMBER_CHARS_MAX, |s, t| {
            Request::Remember(Remember {
                text: t,
                scope: s.scope(),
                force_kind: None,
                priority: None,
                tags: Vec::new(),
            })
        }),
    ];
    for (field, chars, request) in limits {
        // Characters count, not bytes.
        let at_limit = request(&store, "é".repeat(*chars));
        let answer = store.survives(field, &at_limit);
        assert!(!matches!(answer, Response::Error(_)), "{field} at its limit: {answer:?}");
        let beyond = request(&store, "é".repeat(chars + 1));
        store.refuses(&format!("{field} beyond its limit"), &beyond);
    }
}

on_every_backend!(
    hostile_text_in_every_field_is_refused_or_kept,
    what_is_stored_comes_back_as_it_was,
    text_beyond_its_limit_is_refused_and_at_its_limit_taken,
);
