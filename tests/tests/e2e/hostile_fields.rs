//! Hostile input in every field of every request: it is refused with the field's name or stored as it
//! is. Never a crash, never a database error, never an answer that takes long.

mod shared_work;

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Request, Response, limits,
    model::{BodyPatch, Entry, EntryBody, EntryKind, Id, Json, ScopeRef},
    request::*,
};
use agent_memory_tests::{Backend, Daemon, Instance, Wire, hostile, on_every_backend, requests};

use crate::file_locks::checkout;

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
        let start = StartSession { id: Some(session), ..requests::start_session(Some(project)) };
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

/// All hostile texts; a part of them where every one costs more.
fn hostile_texts(backend: Backend) -> Vec<String> {
    let step = if backend.is_shared() { 16 } else { 1 };
    hostile::texts().into_iter().step_by(step).collect()
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
    let mut start = requests::start_session(Some(store.project));
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
    let mut lock = checkout("/src/a.rs", "hostile", 0);
    change(&mut lock);
    Request::CheckoutFile(lock)
}

fn hostile_text_in_every_field_is_refused_or_kept(backend: Backend) {
    let mut store = Store::on(backend);
    let classic = hostile::classic_texts();
    let fields = || TEXT_FIELDS.iter().chain(shared_work::TEXT_FIELDS);
    let everywhere = fields().flat_map(|field| classic.iter().map(move |text| (field, text.clone())));
    // The many others go into one field each.
    let others = fields().cycle().zip(hostile_texts(backend));
    for ((field, request), text) in everywhere.chain(others) {
        let what = format!("{field} = {}", hostile::shown(&text));
        let request = request(&store, text);
        // The hand-over answers `Busy` to a build it does not understand; that is its word for no.
        if matches!(request, Request::HandOver(_)) {
            assert!(matches!(store.wire.call(&request), Response::Error(_)), "{what}");
        } else {
            store.survives(&what, &request);
        }
    }
}

/// Adds a piece of knowledge and reads it back; or says which field was at fault.
fn kept(store: &mut Store, what: &str, draft: EntryDraft) -> Result<Entry, String> {
    let name = draft.name.clone();
    match store.survives(what, &Request::AddEntry(AddEntry { id: None, draft })) {
        Response::Written(_) => {}
        Response::Error(error) => return Err(error.field.unwrap_or_default()),
        other => panic!("{what}: {other:?}"),
    }
    match store.wire.call(&requests::get_by_name(EntryKind::Knowledge, store.scope(), &name)) {
        Response::Entry(entry) => Ok(*entry),
        other => panic!("{what}: {other:?}"),
    }
}

fn what_is_stored_comes_back_as_it_was(backend: Backend) {
    let mut store = Store::on(backend);
    for text in hostile_texts(backend) {
        let what = hostile::shown(&text);
        let body = EntryBody::Knowledge {
            content: text.clone(),
            confidence: 1.0,
            source: Some(text.clone()).filter(|text| text.chars().count() <= limits::RATIONALE_CHARS_MAX),
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        };
        let metadata = serde_json::json!({ "value": text, text.as_str(): "name" });
        let name = requests::new_id().to_string();
        let mut draft = requests::draft(store.scope(), &name, body.clone());
        draft.metadata = Some(Json::from(&metadata));
        draft.change_reason =
            Some(text.clone()).filter(|text| text.chars().count() <= limits::RATIONALE_CHARS_MAX);
        let reason = draft.change_reason.clone();
        let is_text = !text.trim().is_empty() && !text.contains('\0');
        match kept(&mut store, &what, draft) {
            Ok(entry) => {
                assert!(is_text, "{what} was stored");
                assert_eq!(entry.version.body, body, "{what}");
                assert_eq!(entry.metadata.map(|json| json.value()), Some(metadata), "{what}");
                assert_eq!(entry.version.change_reason, reason, "{what}");
            }
            Err(field) => {
                assert!(!is_text, "{what} was refused");
                assert!(["content", "metadata", "changeReason"].contains(&field.as_str()), "{what}: {field}");
            }
        }
        let body = EntryBody::Knowledge {
            content: "x".to_owned(),
            confidence: 1.0,
            source: None,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        };
        let mut draft = requests::draft(store.scope(), &text, body);
        draft.tags = vec![text.clone()];
        let is_name = is_text && !text.chars().any(char::is_control);
        let is_short = text.chars().count() <= limits::TAG_CHARS_MAX;
        match kept(&mut store, &what, draft) {
            Ok(entry) => {
                assert!(is_name && is_short, "{what} is a name");
                assert_eq!((entry.name, entry.tags), (text.clone(), vec![text]));
            }
            Err(field) => {
                assert!(!is_name || !is_short, "{what} is no name: {field}");
                assert!(["title", "tags[0]"].contains(&field.as_str()), "{what}: {field}");
            }
        }
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
