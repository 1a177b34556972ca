//! Secrets do not get into a memory: they are masked or refused on every way in, that is told, and nothing
//! that is told, logged or stored has them.

use std::path::Path;

use agent_memory_proto::{
    ErrorCode, Request, Response,
    frame::{FLAG_MASKED, FLAG_REPLAYED},
    handshake::Purpose,
    model::{EntryBody, EntryKind, ScopeRef},
};
use agent_memory_tests::{Backend, Bridge, Hello, Instance, Wire, on_every_backend, requests};
use serde_json::{Value, json};

on_every_backend!(
    what_is_masked_is_told_and_nowhere_stored,
    an_import_is_masked_and_told_by_position,
    what_is_refused_is_not_repeated_and_not_stored,
    a_write_that_is_sent_twice_is_masked_and_told_the_same_twice,
);

/// Looks like a token of GitHub, and is made here.
fn token(seed: usize) -> String {
    let drawn: String =
        (0..36).map(|at| char::from(b"k3Jx9QpL0vRt2mZs7WbN4"[(at * 8 + seed) % 21])).collect();
    ["gh", "p_", &drawn].concat()
}

fn text(answer: &Value) -> &str {
    answer["content"][0]["text"].as_str().expect("text")
}

/// No file below has one of these.
fn assert_nowhere(directory: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(directory).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            assert_nowhere(&path, secrets);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let content = String::from_utf8_lossy(&bytes);
            assert!(!secrets.iter().any(|secret| content.contains(secret)), "{}", path.display());
        }
    }
}

fn what_is_masked_is_told_and_nowhere_stored(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let secrets: Vec<String> = (0..5).map(token).collect();
    let content = format!("staging is deployed with {}, by hand", secrets[0]);
    let add = ["knowledge", "add", "deploy", &content, "--scope", "global"];
    let added = instance.json(add);
    let expected =
        json!({ "fields": [{ "field": "content", "kind": "github-token", "count": 1 }], "total": 1 });
    assert_eq!(added["masked"], expected, "{added}");
    let shown = instance.json(["knowledge", "get", "deploy", "--scope", "global"]);
    let stored = "staging is deployed with [masked: github-token], by hand";
    assert_eq!(shown["knowledge"]["currentVersion"]["content"], stored);
    let ran = instance.run(["org", "create", "acme"]).ok();
    assert!(!ran.err.contains("masked"), "{}", ran.err);
    let rule = format!("twice {0} and {0}", secrets[1]);
    let ran = instance.run(["guideline", "add", "rule", &rule, "--scope", "global"]).ok();
    assert!(ran.err.contains("Secrets were masked: 2 × github-token in content"), "{}", ran.err);

    let mut bridge = Bridge::start(&instance, "claude");
    let remember = json!({ "text": format!("{} opens the registry", secrets[2]), "scopeType": "global" });
    let remembered = bridge.call_ok("memory_remember", &remember);
    assert!(text(&remembered).contains("Secrets were masked: github-token in text"), "{remembered}");
    assert!(text(&remembered).contains("[masked: github-token] opens the registry"), "{remembered}");
    assert_eq!(remembered["structuredContent"]["masked"]["total"], 1, "{remembered}");
    let url = format!("postgres://app:{}@db:5432/x", &secrets[3][4..20]);
    let bulk = json!({
        "action": "bulk_add",
        "entries": [
            { "scopeType": "global", "name": "a", "description": "plain" },
            { "scopeType": "global", "name": "b", "description": "reads", "parameters": { "url": url } },
        ],
    });
    let added = bridge.call_ok("memory_tool", &bulk);
    assert!(text(&added).contains("url-password in entries[1].parameters.url"), "{added}");
    let path = instance.root().join("src.rs");
    let locked = json!({ "action": "checkout", "file_path": path, "reason": format!("with {}", secrets[4]) });
    let locked = bridge.call_ok("memory_file_lock", &locked);
    assert!(text(&locked).contains("github-token in reason"), "{locked}");

    let exported = instance.root().join("all.json");
    let _ = instance.run(["export", exported.to_str().expect("ASCII")]).ok();
    assert!(
        std::fs::read_to_string(&exported).expect("written").contains("app:[masked: url-password]@db:5432/x")
    );
    assert_nowhere(instance.root(), &secrets);
    assert_nowhere(instance.data_dir(), &secrets);
}

fn an_import_is_masked_and_told_by_position(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let entry =
        |name: &str, content: String| json!({ "scopeType": "global", "name": name, "content": content });
    let entries = [entry("a", "plain".to_owned()), entry("b", format!("not plain: {}", token(1)))];
    let path = instance.root().join("in.json");
    let document =
        |entries: &[Value]| json!({ "version": "1.0", "entries": { "guidelines": entries } }).to_string();
    std::fs::write(&path, document(&entries)).expect("written");
    let file = path.to_str().expect("ASCII");
    let report = instance.json(["import", file]);
    assert_eq!((&report["created"], &report["masked"]["total"]), (&json!(2), &json!(1)), "{report}");
    let told = &report["masked"]["fields"][0];
    assert_eq!((&told["field"], &told["kind"]), (&json!("content"), &json!("github-token")), "{report}");
    assert!(told["at"].as_str().is_some_and(|at| at.contains("[1]")), "{report}");
    let shown = instance.run(["guideline", "get", "b", "--scope", "global"]).ok();
    assert!(shown.out.contains("not plain: [masked: github-token]"), "{}", shown.out);

    // A name cannot be masked: that entry is refused, and with it the import.
    let named = [entry("c", "plain".to_owned()), entry(&token(2), "plain".to_owned())];
    std::fs::write(&path, document(&named)).expect("written");
    let ran = instance.run(["import", file]);
    assert!(ran.out.contains("name holds a secret (github-token)"), "{}{}", ran.out, ran.err);
    assert!(!format!("{}{}", ran.out, ran.err).contains(&token(2)[4..]), "{}{}", ran.out, ran.err);
    assert_eq!(instance.json(["guideline", "list", "--scope", "global"])["meta"]["returnedCount"], 2);
}

fn what_is_refused_is_not_repeated_and_not_stored(backend: Backend) {
    let instance = backend.instance().with("SECRETS", "refuse");
    let _daemon = instance.start_daemon();
    let content = format!("the token is {}", token(3));
    let ran = instance.run(["--json", "knowledge", "add", "deploy", &content, "--scope", "global"]);
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("E1004") && said.contains("content holds a secret (github-token)"), "{said}");
    assert!(said.contains("AGENT_MEMORY_SECRETS") && !said.contains(&token(3)[4..]), "{said}");

    let mut bridge = Bridge::start(&instance, "claude");
    let entry =
        |name: &str, content: &str| json!({ "scopeType": "global", "name": name, "content": content });
    let bulk = json!({ "action": "bulk_add", "entries": [entry("a", "plain"), entry("b", &content)] });
    let refused = bridge.call("memory_guideline", &bulk);
    let error = &refused["structuredContent"]["error"];
    assert_eq!(error["field"], "entries[1].content", "{refused}");
    assert!(!refused.to_string().contains(&token(3)[4..]), "{refused}");
    // Another reason for a refusal does not repeat it either.
    let refused = bridge.call("memory_guideline", &json!({ "action": "get", "id": token(3) }));
    assert!(refused["isError"] == true, "{refused}");
    for kind in ["knowledge", "guideline"] {
        assert_eq!(instance.json([kind, "list", "--scope", "global"])["meta"]["returnedCount"], 0);
    }
}

/// What is stored under a title.
fn stored(wire: &mut Wire, title: &str) -> String {
    match wire.call(&requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, title)) {
        Response::Entry(entry) => match entry.version.body {
            EntryBody::Knowledge { content, .. } => content,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn a_write_that_is_sent_twice_is_masked_and_told_the_same_twice(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let key = requests::new_id();
    let add = requests::add_knowledge(ScopeRef::GLOBAL, "t", &token(5));
    let first = wire.write(&add, key).expect("answered");
    let told = wire.masking().cloned().expect("told");
    let again = wire.write(&add, key).expect("answered");
    assert_eq!((first.0, again.0), (FLAG_MASKED, FLAG_MASKED | FLAG_REPLAYED));
    assert_eq!((first.1, Some(&told)), (again.1, wire.masking()));
    assert_eq!(stored(&mut wire, "t"), "[masked: github-token]");
    // The same key with another secret is another request, though the same would be stored.
    let other = requests::add_knowledge(ScopeRef::GLOBAL, "t", &token(6));
    let (_, refused) = wire.write(&other, key).expect("answered");
    assert!(matches!(refused, Response::Error(error) if error.code == ErrorCode::Conflict));
}

#[test]
fn a_peer_that_cannot_be_told_is_answered_as_before() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut old =
        Wire::open(&instance.socket(), &Hello::new(Purpose::Library).speaking(1, 3)).expect("accepted");
    let add = requests::add_knowledge(ScopeRef::GLOBAL, "t", &token(5));
    let (flags, answer) = old.exchange(&add, &Default::default()).expect("answered");
    assert!(matches!((flags, &answer), (0, Response::Written(_))), "{flags} {answer:?}");
    assert_eq!(stored(&mut old, "t"), "[masked: github-token]");
}

#[test]
fn who_allows_secrets_gets_what_was_given() {
    let instance = Instance::new().with("SECRETS", "allow");
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let added = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "t", &token(5)));
    assert!(matches!(added, Response::Written(_)) && wire.masking().is_none(), "{added:?}");
    assert_eq!(stored(&mut wire, "t"), token(5));
    let named = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, &token(6), "x"));
    assert!(matches!(named, Response::Written(_)), "{named:?}");
}

/// A large text without secrets costs next to nothing, and one that is all anchors not much more.
#[test]
fn text_that_looks_like_secrets_everywhere_is_taken() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    for (title, unit) in
        [("urls", "https://a:b/c "), ("prefixes", "ghp_ sk- eyJ AKIA "), ("keys", "-----BEGIN ")]
    {
        let content = unit.repeat(4_000);
        let added = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, title, &content));
        assert!(matches!(added, Response::Written(_)), "{added:?}");
        assert_eq!(stored(&mut wire, title), content);
    }
}

#[test]
fn a_request_that_only_reads_is_not_looked_through() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let search = Request::Search(requests::search(&token(1), Some(ScopeRef::GLOBAL)));
    assert!(matches!(wire.call(&search), Response::SearchPage(_)));
}
