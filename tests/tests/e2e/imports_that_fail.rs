//! Imports that do not succeed, however they end, leave room for the next one; and nobody has to do with the
//! import of another.

use std::{
    fs,
    process::{Child, Stdio},
};

use agent_memory_proto::{
    ErrorCode, Request, Response,
    frame::FLAG_REPLAYED,
    handshake::Purpose,
    model::{EntryBody, Id, PortableEntry, ScopeRef},
    request::*,
};
use agent_memory_tests::{Backend, Hello, McpStream, Wire, on_every_backend, requests, until};
use serde_json::json;

on_every_backend!(
    imports_that_fail_leave_room_for_the_next,
    killed_clients_leave_room_for_the_next,
    what_was_not_stored_is_answered_again,
    the_admin_key_opens_an_import_to_its_agent_alone,
);

/// More than may be under way at once.
const TIMES: usize = 6;
const KEY: &str = "open sesame, please";

fn guideline(name: &str) -> serde_json::Value {
    json!({ "scopeType": "global", "name": name, "content": "Tabs" })
}

fn document(names: &[&str]) -> String {
    let entries: Vec<_> = names.iter().map(|name| guideline(name)).collect();
    json!({ "version": "1.0", "entries": { "guidelines": entries } }).to_string()
}

fn imports_that_fail_leave_room_for_the_next(backend: Backend) {
    let instance = backend.instance().with("ADMIN_KEY", KEY).without_rate_limits();
    let _daemon = instance.start_daemon();
    let good = document(&["a", "b"]);
    let cut = &good[..good.len() - 6];
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    let import = |content: &str| json!({ "action": "import", "content": content });
    assert_eq!(stream.call_ok("memory_import", &import(&good))["created"], 2);
    let project = |number: u8| format!("018f0000-0000-7000-8000-{number:012}");
    let nowhere = json!({ format!("project:{}", project(1)): { "type": "project", "id": project(2) } });
    let dry = json!({ "action": "import", "content": good, "dryRun": true });
    let strict = json!({ "action": "import", "content": good, "conflictStrategy": "error" });
    let mapped = json!({ "action": "import", "content": good, "scopeMapping": nowhere });
    let failing = [("cut", import(cut)), ("refused", import(&document(&[""]))), ("strict", strict)];
    for (kind, arguments) in failing.into_iter().chain([("mapped", mapped)]) {
        for _ in 0..TIMES {
            let answer = stream.call("memory_import", &arguments);
            assert_eq!(answer["isError"], true, "{kind}: {answer}");
            assert!(!answer.to_string().contains("under way"), "{kind}: {answer}");
        }
        assert_eq!(stream.call_ok("memory_import", &import(&good))["skipped"], 2, "{kind}");
    }
    for _ in 0..TIMES {
        assert_eq!(stream.call_ok("memory_import", &dry)["skipped"], 2);
    }
    assert_eq!(stream.call_ok("memory_import", &import(&good))["skipped"], 2);

    let path = |name: &str, content: &str| {
        let path = instance.root().join(name);
        fs::write(&path, content).expect("written");
        path.to_str().expect("ASCII").to_owned()
    };
    let (good, cut, bad) =
        (path("good.json", &good), path("cut.json", cut), path("bad.json", &document(&[""])));
    let failing: [(&[&str], i32); 4] = [
        (&["import", &cut], 5),
        (&["import", &bad], 5),
        (&["import", &good, "--on-conflict", "error"], 5),
        (&["import", &good, "--dry-run"], 0),
    ];
    for (arguments, code) in failing {
        for _ in 0..TIMES {
            let _ = instance.run(arguments.iter().copied()).code_is(code);
        }
        assert_eq!(instance.json(["import", &good])["skipped"], 2, "after {arguments:?}");
    }
}

fn killed_clients_leave_room_for_the_next(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let start = || -> Child {
        let mut command = instance.client_command(["import", "-"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("it starts")
    };
    let mut clients: Vec<Child> = (0..4).map(|_| start()).collect();
    let mut wire = instance.connect_unlimited();
    until("the daemon has no room for another", || match wire.call(&begin(None)) {
        Response::ImportBegun(import_id) => {
            assert_eq!(wire.call(&Request::EndImport(EndImport { import_id })), Response::Done);
            None
        }
        Response::Error(error) => (error.code == ErrorCode::Busy).then_some(()),
        other => panic!("{other:?}"),
    });
    for client in &mut clients {
        client.kill().expect("it runs");
        let _ = client.wait().expect("it ended");
    }
    let path = instance.root().join("good.json");
    fs::write(&path, document(&["a"])).expect("written");
    assert_eq!(instance.json(["import", path.to_str().expect("ASCII")])["created"], 1);
}

fn begin(admin_key: Option<&str>) -> Request {
    let options = ImportOptions {
        strategy: ConflictStrategy::Update,
        scope_mapping: Vec::new(),
        generate_new_ids: false,
        imported_by: None,
    };
    Request::BeginImport(BeginImport { options, admin_key: admin_key.map(str::to_owned) })
}

fn begun(wire: &mut Wire, admin_key: Option<&str>) -> Id {
    match wire.call(&begin(admin_key)) {
        Response::ImportBegun(id) => id,
        other => panic!("{other:?}"),
    }
}

fn stage(import_id: Id, names: &[&str]) -> Request {
    let item = |name: &&str| {
        let body = EntryBody::Tool {
            description: "Builds".to_owned(),
            parameters: None,
            examples: None,
            constraints: None,
        };
        let entry = PortableEntry::new(ScopeRef::GLOBAL, *name, body);
        ImportItem { at: format!("entries.tools[{name}]"), entry }
    };
    let items = names.iter().map(item).collect();
    Request::StageImport(StageImport { import_id, part: 0, scopes: Vec::new(), items })
}

fn what_was_not_stored_is_answered_again(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect_unlimited();
    for (names, dry_run) in [(["good"], true), ([""], false)] {
        let import_id = begun(&mut wire, None);
        assert_eq!(wire.call(&stage(import_id, &names)), Response::ImportStaged(1));
        let finish = Request::FinishImport(FinishImport { import_id, dry_run });
        let key = requests::new_id();
        let (_, first) = wire.write(&finish, key).expect("answered");
        assert!(matches!(&first, Response::ImportOutcome(outcome) if !outcome.report.applied), "{first:?}");
        // As a client does whose connection was lost before the answer came.
        let (_, again) = instance.connect_unlimited().write(&finish, key).expect("answered");
        assert_eq!(again, first);
        let other = Request::FinishImport(FinishImport { import_id, dry_run: !dry_run });
        assert_eq!(wire.refused(&other).code, ErrorCode::NotFound, "it has ended");
        assert_eq!(wire.refused(&stage(import_id, &names)).code, ErrorCode::NotFound);
    }
}

fn the_admin_key_opens_an_import_to_its_agent_alone(backend: Backend) {
    let instance = backend.instance().with("PERMISSIONS_MODE", "strict").with("ADMIN_KEY", KEY);
    let daemon = instance.start_daemon();
    let open = |agent: &str| {
        Wire::open(&instance.socket(), &Hello::new(Purpose::Bridge).of_agent(agent).unlimited())
            .expect("opens")
    };
    let (mut mover, mut other) = (open("mover"), open("other"));
    for key in [None, Some("open sesame")] {
        assert_eq!(mover.refused(&begin(key)).code, ErrorCode::PermissionDenied);
    }
    let import_id = begun(&mut mover, Some(KEY));
    let finish = Request::FinishImport(FinishImport { import_id, dry_run: false });
    let key = requests::new_id();
    let foreign =
        [stage(import_id, &["theirs"]), finish.clone(), Request::EndImport(EndImport { import_id })];
    for request in &foreign {
        assert_eq!(other.refused(request).code, ErrorCode::PermissionDenied, "{}", request.name());
    }
    assert_eq!(mover.call(&stage(import_id, &["ours"])), Response::ImportStaged(1));
    for request in &foreign {
        assert_eq!(other.refused(request).code, ErrorCode::PermissionDenied, "{}", request.name());
    }
    let (flags, stored) = mover.write(&finish, key).expect("answered");
    assert!(matches!(&stored, Response::ImportOutcome(outcome) if outcome.report.applied), "{stored:?}");
    assert_eq!(flags & FLAG_REPLAYED, 0);
    for wire in [&mut mover, &mut open("mover")] {
        assert_eq!(wire.write(&finish, key).expect("answered"), (FLAG_REPLAYED, stored.clone()));
    }
    assert_eq!(
        mover.refused(&finish).code,
        ErrorCode::PermissionDenied,
        "it has ended, and no key tells of it"
    );
    drop(daemon);
    let _daemon = instance.start_daemon();
    assert_eq!(open("mover").write(&finish, key).expect("answered"), (FLAG_REPLAYED, stored));
}
