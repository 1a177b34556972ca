//! Hostile values that are no text: JSON, numbers, lists, ids, scopes, envelopes.

use agent_memory_proto::{
    ErrorCode, Request, Response, limits,
    model::{EntryBody, EntryKind, Json, ScopeLevel, ScopeRef, SessionStatus},
    request::*,
};
use agent_memory_tests::{Backend, on_every_backend, requests};

use crate::hostile_fields::{
    Store, draft_with, patch_with, project_with, quickstart_with, search_with, session_with,
};

fn json_that_is_none_or_too_large_or_too_deep_is_refused(backend: Backend) {
    let mut store = Store::on(backend);
    let deep = |depth: usize| format!("{}{}", r#"{"a":"#.repeat(depth), "1".to_owned() + &"}".repeat(depth));
    let bad = [
        "nonsense".to_owned(),
        "[1]".to_owned(),
        "\"text\"".to_owned(),
        "{".to_owned(),
        "{\"a\":1}garbage".to_owned(),
        deep(limits::JSON_DEPTH_MAX + 1),
        deep(100_000),
        "[".repeat(1_000_000),
        format!("{{\"a\":\"{}\"}}", "x".repeat(limits::METADATA_BYTES_MAX)),
    ];
    for text in bad {
        let what = format!("metadata {:?}", text.chars().take(30).collect::<String>());
        let add = draft_with(&store, |draft| draft.metadata = Some(Json(text.clone())));
        store.refuses(&what, &add);
        let update = patch_with(&store, |patch| patch.metadata = Some(Some(Json(text))));
        store.refuses(&what, &update);
    }
    let good =
        draft_with(&store, |draft| draft.metadata = Some(Json(" { \"a\" : [1, 2.50, null] } ".to_owned())));
    assert!(matches!(store.wire.call(&good), Response::Written(_)));
}

fn numbers_out_of_range_are_refused(backend: Backend) {
    let mut store = Store::on(backend);
    let knowledge = |confidence, valid_from_ms, valid_until_ms| EntryBody::Knowledge {
        content: "x".to_owned(),
        confidence,
        source: None,
        valid_from_ms,
        valid_until_ms,
        invalidated_by: None,
    };
    for confidence in [-0.1, 1.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        let add = draft_with(&store, |draft| draft.body = knowledge(confidence, None, None));
        store.refuses(&format!("confidence {confidence}"), &add);
    }
    let backwards = draft_with(&store, |draft| draft.body = knowledge(1.0, Some(10), Some(5)));
    store.refuses("a validity that ends before it begins", &backwards);
    for at in [i64::MIN, i64::MAX] {
        let add = draft_with(&store, |draft| draft.body = knowledge(1.0, Some(at), None));
        store.survives("valid from the end of time", &add);
        let search = search_with(&store, |search| search.at_time_ms = Some(at));
        store.survives("a search at the end of time", &search);
    }
    let priority = draft_with(&store, |draft| {
        draft.body = EntryBody::Guideline {
            content: "x".to_owned(),
            priority: 101,
            rationale: None,
            examples: None,
            verification_rules: None,
        };
    });
    store.refuses("priority 101", &priority);
    for (limit, offset) in [(0, 0), (101, 0), (u32::MAX, 0), (10, 10_001), (10, u32::MAX)] {
        let what = format!("limit {limit} offset {offset}");
        let list = requests::list(EntryKind::Tool, store.scope(), limit, offset);
        store.refuses(&what, &list);
        let search = search_with(&store, |search| (search.limit, search.offset) = (limit, offset));
        store.refuses(&what, &search);
        store.refuses(&what, &Request::ListOrgs(ListOrgs { limit, offset }));
        store.refuses(&what, &Request::ListProjects(ListProjects { org_id: None, limit, offset }));
        let sessions = ListSessions { project_id: None, status: None, limit, offset };
        store.refuses(&what, &Request::ListSessions(sessions));
    }
    let ranges = search_with(&store, |search| search.valid_during_ms = Some((5, 1)));
    store.refuses("a range that ends before it begins", &ranges);
    let echo = Request::Echo(Echo { payload: Vec::new(), reply_bytes: u32::MAX });
    store.refuses("an echo of 4 GiB", &echo);
}

fn lists_that_are_too_long_or_empty_are_refused(backend: Backend) {
    let mut store = Store::on(backend);
    let tags = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>();
    let add = draft_with(&store, |draft| draft.tags = tags(limits::TAGS_MAX));
    assert!(matches!(store.wire.call(&add), Response::Written(_)));
    let add = draft_with(&store, |draft| draft.tags = tags(limits::TAGS_MAX + 1));
    store.refuses("51 tags", &add);
    let entries = |store: &Store, count: usize| {
        let entries = (0..count).map(|_| match draft_with(store, |_| {}) {
            Request::AddEntry(add) => add,
            _ => unreachable!("it adds an entry"),
        });
        Request::BulkAddEntries(BulkAddEntries { entries: entries.collect() })
    };
    for count in [0, limits::BULK_ITEMS_MAX + 1, 2_000] {
        let bulk = entries(&store, count);
        store.refuses(&format!("a bulk of {count}"), &bulk);
    }
    let full = entries(&store, limits::BULK_ITEMS_MAX);
    assert!(matches!(store.wire.call(&full), Response::BulkWritten(_)));
    let ids = vec![store.entry; limits::BULK_ITEMS_MAX + 1];
    let delete = Request::BulkDeleteEntries(BulkDeleteEntries { kind: EntryKind::Knowledge, ids });
    store.refuses("a bulk delete of 101", &delete);
    let search = search_with(&store, |search| search.tags.include = tags(100_000));
    store.survives("100,000 tags to search for", &search);
}

fn ids_that_name_nothing_are_not_found_by_their_name(backend: Backend) {
    let mut store = Store::on(backend);
    let nothing = requests::new_id();
    let kind = EntryKind::Knowledge;
    let missing: Vec<Request> = vec![
        Request::GetEntry(GetEntry { kind, selector: EntrySelector::Id(nothing), include_inactive: true }),
        // The entry is there, but it is no tool.
        Request::GetEntry(GetEntry {
            kind: EntryKind::Tool,
            selector: EntrySelector::Id(store.entry),
            include_inactive: true,
        }),
        Request::EntryHistory(EntryHistory { kind, id: nothing, limit: 10, offset: 0 }),
        Request::DeactivateEntry(DeactivateEntry {
            kind,
            id: nothing,
            updated_by: None,
            change_reason: None,
        }),
        Request::DeleteEntry(DeleteEntry { kind, id: nothing }),
        Request::BulkDeleteEntries(BulkDeleteEntries { kind, ids: vec![store.entry, nothing] }),
        Request::EndSession(EndSession { id: nothing, status: SessionStatus::Completed }),
        Request::DeleteProject(DeleteProject { id: nothing, confirm: true, admin_key: None }),
        requests::add_knowledge(ScopeRef::project(nothing), "a", "b"),
        requests::add_knowledge(ScopeRef::org(store.project), "a", "b"),
        requests::add_knowledge(ScopeRef::session(store.org), "a", "b"),
        requests::list(kind, ScopeRef::project(store.session), 10, 0),
        Request::Search(requests::search("text", Some(ScopeRef::session(nothing)))),
        project_with(|create| create.org_id = Some(nothing)),
        session_with(&store, |start| start.project_id = Some(nothing)),
        quickstart_with(&store, |quickstart| quickstart.project_id = Some(nothing)),
    ];
    for request in missing {
        let what = format!("{request:?}");
        match store.survives(&what, &request) {
            Response::Error(error) => assert_eq!(error.code, ErrorCode::NotFound, "{what}: {error}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    let read = store.wire.call(&requests::get_by_name(kind, store.scope(), "first"));
    assert!(matches!(read, Response::Entry(_)), "a bulk delete is all or nothing: {read:?}");
}

fn a_scope_whose_type_and_id_do_not_go_together_is_refused(backend: Backend) {
    let mut store = Store::on(backend);
    let wrong = [
        ScopeRef { level: ScopeLevel::Global, id: Some(store.project) },
        ScopeRef { level: ScopeLevel::Project, id: None },
        ScopeRef { level: ScopeLevel::Org, id: None },
        ScopeRef { level: ScopeLevel::Session, id: None },
    ];
    for scope in wrong {
        let what = format!("{scope:?}");
        store.refuses(&what, &requests::add_knowledge(scope, "a", "b"));
        store.refuses(&what, &requests::list(EntryKind::Tool, scope, 10, 0));
        store.refuses(&what, &Request::Search(requests::search("text", Some(scope))));
        store.refuses(&what, &requests::get_by_name(EntryKind::Tool, scope, "a"));
    }
}

fn a_project_is_not_removed_without_confirmation_or_with_a_wrong_key(backend: Backend) {
    let instance = backend.instance().with("ADMIN_KEY", "sesame").without_rate_limits();
    let daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let id = requests::new_id();
    wire.call(&requests::create_project(id, "p"));
    let delete = |confirm, key: Option<&str>| {
        Request::DeleteProject(DeleteProject { id, confirm, admin_key: key.map(str::to_owned) })
    };
    let unconfirmed = wire.refused(&delete(false, Some("sesame")));
    assert_eq!(unconfirmed.field.as_deref(), Some("confirm"), "{unconfirmed}");
    for wrong in [None, Some(""), Some("sesam"), Some("sesame2")] {
        let error = wire.refused(&delete(true, wrong));
        assert!(matches!(error.code, ErrorCode::PermissionDenied | ErrorCode::MissingField), "{error}");
        assert!(!format!("{error:?}").contains("sesame"), "{error:?}");
    }
    assert_eq!(wire.call(&delete(true, Some("sesame"))), Response::Done);
    assert!(!daemon.log().contains("sesame"), "the key is in the log");
    let Response::Config(report) = wire.call(&Request::Config) else { panic!("no report") };
    assert!(!format!("{report:?}").contains("sesame"), "the key is in the report");
}

fn hostile_envelopes_are_refused(backend: Backend) {
    let mut store = Store::on(backend);
    for agent in ["", "\0", "\u{1b}[2J", &"a".repeat(101), &"a".repeat(1_000_000)] {
        let envelope = Envelope { agent_id: Some(agent.to_owned()), ..Envelope::default() };
        let (_, answer) = store.wire.exchange(&Request::Config, &envelope).expect("answered");
        if let Response::Error(error) = answer {
            assert_eq!(error.code, ErrorCode::InvalidParameter, "{error}");
            assert_eq!(error.field.as_deref(), Some("agentId"));
        } else {
            assert!(agent.is_empty(), "{agent:?} was taken");
        }
    }
    let envelope =
        Envelope { deadline_ms: u32::MAX, session_id: Some(requests::new_id()), ..Envelope::default() };
    let (_, answer) = store.wire.exchange(&Request::Config, &envelope).expect("answered");
    assert!(!matches!(&answer, Response::Error(error) if error.code == ErrorCode::Internal), "{answer:?}");
}

on_every_backend!(
    json_that_is_none_or_too_large_or_too_deep_is_refused,
    numbers_out_of_range_are_refused,
    lists_that_are_too_long_or_empty_are_refused,
    ids_that_name_nothing_are_not_found_by_their_name,
    a_scope_whose_type_and_id_do_not_go_together_is_refused,
    a_project_is_not_removed_without_confirmation_or_with_a_wrong_key,
    hostile_envelopes_are_refused,
);
