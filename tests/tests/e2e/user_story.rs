//! The story of a user: from nothing to a memory that a person, two agents and a script share. No
//! setting is made but those that keep the test private.

use agent_memory_tests::{Backend, Bridge, Instance, on_every_backend};
use serde_json::{Value, json};

/// A command line in the directory of a project.
fn in_project<'a>(instance: &'a Instance, directory: &'a str) -> impl Fn(&[&str]) -> Value + 'a {
    move |arguments| instance.json(["--project", directory].iter().chain(arguments))
}

fn text(result: &Value) -> String {
    let content = result["content"].as_array().expect("content");
    content.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
}

fn a_person_writes_an_agent_finds_and_the_other_way_round(backend: Backend) {
    let instance = backend.instance();
    let directory = instance.root().join("shop");
    std::fs::create_dir(&directory).expect("makes");
    let directory = directory.to_str().expect("text");
    assert!(instance.probe().is_none(), "nothing runs yet");

    let project = instance.json(["project", "create", "shop", "--root", directory]);
    let project = project["project"]["id"].as_str().expect("an id").to_owned();
    let daemon = instance.probe().expect("the first command started the daemon").process_id;
    let shop = in_project(&instance, directory);
    let added =
        shop(&["guideline", "add", "run-checks", "Run scripts/check before you land", "--priority", "80"]);
    assert_eq!(added["guideline"]["scopeId"], json!(project));

    let mut agent = Bridge::start(&instance, "claude-code");
    let scope = json!({ "scopeType": "project", "scopeId": project });
    let with = |action: &str, more: Value| {
        let mut all = scope.clone();
        all["action"] = json!(action);
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    let found =
        agent.call_ok("memory_query", &with("search", json!({ "search": "what must run before landing" })));
    assert!(text(&found).contains("run-checks"), "{found}");
    let fact = json!({ "title": "Prices are integers", "content": "All prices are stored in cents", "category": "decision" });
    agent.call_ok("memory_knowledge", &with("add", fact));

    let mut other = Bridge::start(&instance, "cursor");
    let context = other.call_ok("memory_query", &with("context", json!({})));
    for known in ["run-checks", "Prices are integers"] {
        assert!(text(&context).contains(known), "{known:?} is not in {context}");
    }
    let change =
        json!({ "content": "All prices are stored in cents, never as floats", "changeReason": "clarity" });
    let hits = shop(&["query", "search", "cents"]);
    let entry = hits["results"][0]["id"].as_str().expect("a hit").to_owned();
    let mut update = change;
    (update["action"], update["id"]) = (json!("update"), json!(entry));
    other.call_ok("memory_knowledge", &update);

    let history = shop(&["knowledge", "history", "Prices are integers"]);
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(2), "{history}");
    assert_eq!(history["versions"][0]["createdBy"], json!("cursor"));
    assert_eq!(history["versions"][1]["createdBy"], json!("claude-code"));
    shop(&["guideline", "deactivate", "run-checks"]);
    let context = agent.call_ok("memory_query", &with("context", json!({})));
    assert!(!text(&context).contains("run-checks"), "{context}");

    assert_eq!(agent.close(), 0);
    assert_eq!(other.close(), 0);
    assert_eq!(instance.probe().expect("it stays").process_id, daemon, "one daemon served all of it");
    assert_eq!(instance.json(["health"])["status"], json!("healthy"));
    let _ = instance.run(["daemon", "stop"]).ok();
    assert!(instance.probe().is_none());
    let again = shop(&["knowledge", "get", "Prices are integers"]);
    assert_eq!(again["knowledge"]["currentVersion"]["versionNum"], json!(2), "it outlives the daemon");
}

fn exit_codes_tell_what_happened(backend: Backend) {
    let instance = backend.instance();
    let global = ["--scope", "global"];
    let run = |arguments: &[&str]| instance.run(arguments);
    let _ = run(&["guideline", "add", "one", "text", global[0], global[1]]).ok();
    let _ = run(&["guideline", "add", "one", "text", global[0], global[1]]).code_is(5);
    let _ = run(&["guideline", "get", "two", global[0], global[1]]).code_is(4);
    let _ = run(&["guideline", "add"]).code_is(2);
    let _ = run(&["no-such-command"]).code_is(2);
    let _ = run(&["guideline", "add", "three", global[0], "galaxy"]).code_is(2);
    let _ = run(&["daemon", "stop"]).ok();
    let broken = backend.instance().with("DAEMON", "/nowhere/agent-memoryd");
    let failed = broken.run(["health"]).code_is(3);
    assert!(failed.err.contains("AGENT_MEMORY_DAEMON"), "{}", failed.err);
}

fn content_comes_from_stdin_and_programs_get_json_errors(backend: Backend) {
    let instance = backend.instance();
    let long = "line\n".repeat(1_000);
    let arguments = ["--json", "knowledge", "add", "long", "-", "--scope", "global"];
    let added = instance.run_with_input(arguments, long.as_bytes()).ok().json();
    let content = added["knowledge"]["currentVersion"]["content"].as_str().expect("content");
    assert_eq!(content.trim_end(), long.trim_end());
    let failed = instance.run(["--json", "knowledge", "get", "short", "--scope", "global"]).code_is(4);
    let error: Value = serde_json::from_str(&failed.err).expect("the error is JSON");
    assert_eq!(error["error"]["code"], json!("E2000"), "{error}");
}

on_every_backend!(
    a_person_writes_an_agent_finds_and_the_other_way_round,
    exit_codes_tell_what_happened,
    content_comes_from_stdin_and_programs_get_json_errors,
);

/// What was created for a directory is meant in it, and below it, with no repository around.
#[test]
fn a_directory_in_no_repository_is_bound_once_it_is_a_project() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let (notes, elsewhere) = (instance.root().join("notes/2026"), instance.root().join("elsewhere"));
    for directory in [&notes, &elsewhere] {
        std::fs::create_dir_all(directory).expect("makes");
    }
    let run = |directory: &std::path::Path, arguments: &[&str]| {
        instance.client_command(arguments).current_dir(directory).output().expect("it runs")
    };
    let (above, add) = (notes.parent().expect("one"), ["knowledge", "add", "fact", "content"]);
    let refused = run(above, &add);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("project create NAME --here"), "{told}");
    assert!(run(above, &["project", "create", "notes", "--here"]).status.success());
    for directory in [above, &notes] {
        let title = format!("of {}", directory.display());
        let added = run(directory, &["knowledge", "add", &title, "content"]);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    assert!(!run(&elsewhere, &add).status.success());
    let listed = run(above, &["--json", "knowledge", "list"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(listed["knowledge"].as_array().map(Vec::len), Some(2), "{listed}");
}
