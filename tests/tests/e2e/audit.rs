//! The audit: what was done, by whom and from where; through every daemon of a store.

use agent_memory_proto::{
    ErrorCode, Request, Response,
    handshake::Purpose,
    model::{AuditAction, AuditEntry, AuditKind, AuditVia, EntryKind, Id, ScopeRef},
    request::{CheckoutFile, EntrySelector, GetEntry, ReadAudit},
};
use agent_memory_tests::{Backend, Hello, Instance, Wire, on_every_backend, requests, until};

fn open(instance: &Instance, purpose: Purpose, agent: &str) -> Wire {
    Wire::open(&instance.socket(), &Hello::new(purpose).of_agent(agent)).expect("opens")
}

fn audit(wire: &mut Wire, request: ReadAudit) -> Vec<AuditEntry> {
    match wire.call(&Request::ReadAudit(request)) {
        Response::Audit(page) => page.entries,
        other => panic!("no audit: {other:?}"),
    }
}

fn what_was_done_is_told_by_whom_and_from_where(backend: Backend) {
    let instance = backend.instance().with("PERMISSIONS_MODE", "permissive");
    let _daemon = instance.start_daemon();
    let add = ["guideline", "add", "rule one", "wash hands", "--scope", "global"];
    let added = instance.json(["--agent", "ada"].into_iter().chain(add));
    let id = added["guideline"]["id"].as_str().expect("an id").to_owned();
    let mut bridge = open(&instance, Purpose::Bridge, "bob");
    bridge.call(&requests::add_knowledge(ScopeRef::GLOBAL, "a fact", "water is wet"));
    let lock = CheckoutFile { path: "/repo/a".to_owned(), ..checkout() };
    bridge.call(&Request::CheckoutFile(lock));
    let _ = instance.run(["lock", "force-unlock", "/repo/a", "--reason", "bob is away"]).ok();
    let _ = instance.run(["guideline", "delete", &id]).ok();

    let told = instance.json(["audit"]);
    let told = |place: usize, field: &str| told["audit"][place][field].as_str().unwrap_or("").to_owned();
    let lines: Vec<_> = (0..5)
        .map(|place| ["action", "kind", "who", "via"].map(|field| told(place, field)).join(" "))
        .collect();
    assert_eq!(
        lines,
        [
            "delete guideline the socket's owner command_line",
            "force_unlock file_lock the socket's owner command_line",
            "lock file_lock bob mcp",
            "add knowledge bob mcp",
            "add guideline ada command_line",
        ]
    );
    assert_eq!(told(1, "detail"), "/repo/a (of bob)");
    let of_id = instance.json(["audit", "--id", &id]);
    let versions =
        |place: usize| [&of_id["audit"][place]["beforeVersion"], &of_id["audit"][place]["afterVersion"]];
    assert_eq!(versions(0), [&1.into(), &serde_json::Value::Null]);
    assert_eq!(versions(1), [&serde_json::Value::Null, &1.into()]);
    assert_eq!(instance.json(["audit", "--by", "bob", "--action", "lock"])["meta"]["returnedCount"], 1);

    let file = instance.root().join("audit.jsonl");
    let _ = instance.run(["audit", "--export", file.to_str().expect("a plain path")]).ok();
    let exported = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(exported.lines().count(), 5);
    assert!(!exported.contains("wash hands") && !exported.contains("water"), "no contents: {exported}");
    let mut library = open(&instance, Purpose::Library, "");
    let first = audit(&mut library, ReadAudit::all(1, None)).remove(0);
    assert_eq!((first.via, first.host.is_empty(), first.times), (AuditVia::CommandLine, false, 1));
}

fn checkout() -> CheckoutFile {
    CheckoutFile {
        path: String::new(),
        agent_id: None,
        session_id: None,
        project_id: None,
        reason: None,
        metadata: None,
        ttl_ms: None,
        wait_ms: 0,
    }
}

fn refusals_are_told_together_and_only_to_administrators(backend: Backend) {
    let instance = backend
        .instance()
        .with("PERMISSIONS_MODE", "strict")
        .with("ADMIN_KEY", "sesame")
        .without_rate_limits();
    let mut daemon = instance.start_daemon();
    let mut eve = open(&instance, Purpose::Bridge, "eve");
    let (kind, selector) = (EntryKind::Knowledge, EntrySelector::Id(Id([7; 16])));
    let get = Request::GetEntry(GetEntry { kind, selector, include_inactive: false });
    const TRIES: u32 = 40;
    for _ in 0..TRIES {
        assert_eq!(eve.refused(&get).code, ErrorCode::PermissionDenied);
    }
    let mut owner = open(&instance, Purpose::Library, "");
    let with_key = |key: &str| ReadAudit {
        action: Some(AuditAction::Refuse),
        ..ReadAudit::all(100, Some(key.to_owned()))
    };
    assert_eq!(owner.refused(&Request::ReadAudit(with_key("open"))).code, ErrorCode::PermissionDenied);
    until("the first refusal is written", || {
        audit(&mut owner, with_key("sesame"))
            .iter()
            .any(|line| line.agent.as_deref() == Some("eve"))
            .then_some(())
    });
    daemon.stop();
    let _daemon = instance.start_daemon();
    let mut owner = open(&instance, Purpose::Library, "");
    let lines = audit(&mut owner, with_key("sesame"));
    let of_eve: Vec<_> = lines.iter().filter(|line| line.agent.as_deref() == Some("eve")).collect();
    assert!(of_eve.len() <= 3, "{of_eve:?}");
    assert_eq!(of_eve.iter().map(|line| line.times).sum::<u32>(), TRIES);
    assert!(of_eve.iter().all(|line| line.detail.as_deref() == Some("get_entry")
        && line.id == Some(Id([7; 16]))
        && line.kind == AuditKind::Request
        && line.via == AuditVia::Mcp));
    assert!(lines.iter().any(|line| line.detail.as_deref() == Some("read_audit")), "{lines:?}");
    assert!(!format!("{lines:?}").contains("open"), "no key is told");
}

/// How many lines there are, and the number of the oldest.
fn extent(wire: &mut Wire) -> (usize, u64) {
    let (mut request, mut lines, mut oldest) = (ReadAudit::all(100, None), 0, 0);
    loop {
        let Response::Audit(page) = wire.call(&Request::ReadAudit(request.clone())) else {
            panic!("no audit")
        };
        lines += page.entries.len();
        oldest = page.entries.last().map_or(oldest, |line| line.number);
        match page.next {
            Some(next) => request.before = Some(next),
            None => return (lines, oldest),
        }
    }
}

fn the_oldest_lines_go_when_there_are_too_many(backend: Backend) {
    const LINES_MAX: u64 = 1_000;
    let instance = backend.instance().with("AUDIT_MAX_LINES", LINES_MAX).without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let add = |round: usize| {
        requests::bulk_add_knowledge(ScopeRef::GLOBAL, (0..100).map(|n| format!("r{round} n{n}")))
    };
    // Side by side, so that nothing is tended to before all are there.
    let sent: Vec<u64> =
        (0..15).map(|round| wire.send(&add(round), &Default::default()).expect("sends")).collect();
    for id in sent {
        assert!(matches!(wire.answer(id).expect("answered").1, Response::BulkWritten(_)));
    }
    until("the oldest are gone", || {
        let (lines, oldest) = extent(&mut wire);
        (lines as u64 <= LINES_MAX && oldest > 100).then_some(())
    });
}

on_every_backend!(
    what_was_done_is_told_by_whom_and_from_where,
    refusals_are_told_together_and_only_to_administrators,
    the_oldest_lines_go_when_there_are_too_many,
);
