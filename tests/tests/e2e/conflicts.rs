//! Conflicts: two agents change an entry at the same time, through two daemons where they share the store, and
//! somebody says which of them was right.

use agent_memory_proto::{
    Request, Response,
    handshake::Purpose,
    model::{EntryBody, EntryKind, Id, ScopeRef},
    request::{EntryPatch, UpdateEntry},
};
use agent_memory_tests::{Backend, Daemon, Hello, Instance, Wire, on_every_backend, requests::*};
use serde_json::Value;

fn updating(id: Id, content: &str, agent: &str) -> Request {
    let patch = EntryPatch { updated_by: Some(agent.to_owned()), ..knowledge_patch(content) };
    Request::UpdateEntry(UpdateEntry { id, expected_version: None, patch })
}

fn a_conflict_is_shown_with_both_versions_and_resolved_once(backend: Backend) {
    // However slow the machine is, both are within the window.
    let first = backend.instance().with("CONFLICT_WINDOW_MS", 600_000);
    let instances = if backend.is_shared() { vec![first.another(), first] } else { vec![first] };
    let _daemons: Vec<Daemon> = instances.iter().map(Instance::start_daemon).collect();
    let (ada, bob) = (&instances[0], instances.last().expect("one"));
    let connect = |instance: &Instance| {
        Wire::open(&instance.socket(), &Hello::new(Purpose::Library)).expect("accepted")
    };
    let (mut of_ada, mut of_bob) = (connect(ada), connect(bob));
    let added = of_ada.call(&add_knowledge(ScopeRef::GLOBAL, "nozzle", "unknown"));
    let Response::Written(added) = added else { panic!("not added: {added:?}") };
    assert!(matches!(of_ada.call(&updating(added.id, "it leaks", "ada")), Response::Written(_)));
    let clashed = of_bob.call(&updating(added.id, "it holds", "bob"));
    assert!(matches!(&clashed, Response::Written(written) if written.conflict), "{clashed:?}");

    let listed = bob.json(["conflict", "list", "--kind", "knowledge"]);
    let conflict = listed["conflicts"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(listed["conflicts"][0]["versionA"]["createdBy"], "ada");
    assert_eq!(listed["conflicts"][0]["resolved"], false);
    let shown = ada.json(["conflict", "show", &conflict]);
    let content = |side: &str| shown["conflict"][side]["content"].clone();
    assert_eq!(
        (content("versionA"), content("versionB")),
        (Value::from("it leaks"), Value::from("it holds"))
    );

    let resolve = ["conflict", "resolve", &conflict, "ada looked twice", "--keep", "a"];
    let resolved = ada.json(["--agent", "carol"].into_iter().chain(resolve));
    assert_eq!(
        (&resolved["conflict"]["resolved"], &resolved["currentVersion"]["versionNum"]),
        (&true.into(), &4.into())
    );
    let again = bob.run(["--agent", "dave"].into_iter().chain(resolve));
    assert!(again.code != 0 && again.err.contains("\"carol\""), "{again:?}");
    let Response::Entry(entry) = of_bob.call(&get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "nozzle"))
    else {
        panic!("no entry")
    };
    assert!(matches!(&entry.version.body, EntryBody::Knowledge { content, .. } if content == "it leaks"));
    assert_eq!(entry.version.change_reason.as_deref(), Some("ada looked twice"));
    assert_eq!(bob.json(["conflict", "list"])["conflicts"], Value::Array(Vec::new()));
    assert_eq!(bob.json(["conflict", "list", "--all"])["meta"]["returnedCount"], 1);
}

on_every_backend!(a_conflict_is_shown_with_both_versions_and_resolved_once);
