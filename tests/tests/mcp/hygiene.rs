//! `supersedes`, `memory_consolidate` and `memory_forget`, as an agent calls them.

use agent_memory_tests::{Backend, McpStream, on_every_backend};
use serde_json::{Value, json};

fn an_agent_tidies_its_project(backend: Backend) {
    let instance = backend.instance().with("TOOLS", "full");
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    stream.call_ok("memory_quickstart", &json!({ "projectName": "shop" }));
    let mut add = |name: &str, content: &str, supersedes: Value| {
        let call = json!({ "action": "add", "name": name, "content": content, "supersedes": supersedes });
        stream.call_ok("memory_guideline", &call)
    };
    let first = add("deploy", "Run the migrations before each deploy", Value::Null);
    assert_eq!((&first["similar"], &first["scope"]["name"]), (&json!([]), &json!("shop")));
    let second = add("deploys", "Before each deploy run migrations", Value::Null);
    assert_eq!(second["similar"][0]["id"], first["guideline"]["id"]);
    assert_eq!(second["similar"][0]["similarity"], 1.0);
    let third = add("deploy by job", "A job runs the migrations", json!([second["guideline"]["id"]]));
    assert_eq!(third["superseded"][0]["id"], second["guideline"]["id"]);
    let told = json!({ "text": "Always run the migrations before each deploy", "forceType": "guideline",
        "supersedes": [third["guideline"]["id"]] });
    let remembered = stream.call_ok("memory_remember", &told);
    assert_eq!(remembered["superseded"][0]["id"], third["guideline"]["id"]);
    assert_eq!(remembered["scope"]["name"], "shop");

    let mut call = |tool: &str, arguments: Value| stream.call_ok(tool, &arguments);
    let found = call("memory_consolidate", json!({ "action": "find_similar", "threshold": 0.6 }));
    assert_eq!((&found["groupsFound"], &found["dryRun"]), (&json!(1), &json!(true)));
    let dedupe = json!({ "action": "dedupe", "threshold": 0.6, "entryTypes": ["guideline"] });
    assert_eq!(call("memory_consolidate", dedupe.clone())["entriesDeactivated"], 0);
    let mut apply = dedupe;
    apply["dryRun"] = json!(false);
    let done = call("memory_consolidate", apply);
    assert_eq!(done["entriesDeactivated"], 1);
    assert_eq!(done["groups"][0]["others"][0]["id"], first["guideline"]["id"]);
    let analysed = call(
        "memory_forget",
        json!({ "action": "analyze", "strategy": "importance",
        "importanceThreshold": 0.6 }),
    );
    assert_eq!((&analysed["stats"]["candidates"], &analysed["stats"]["forgotten"]), (&json!(1), &json!(0)));
    let forget =
        json!({ "action": "forget", "strategy": "importance", "importanceThreshold": 0.6, "dryRun": false });
    assert_eq!(call("memory_forget", forget)["stats"]["forgotten"], 1);
    assert_eq!(call("memory_guideline", json!({ "action": "list" }))["guidelines"], json!([]));
}

fn what_is_wrong_is_said_with_what_is_allowed(backend: Backend) {
    let instance = backend.instance().with("TOOLS", "full");
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    stream.call_ok("memory_quickstart", &json!({ "projectName": "shop" }));
    let unknown = json!([json!("01890a5d-ac96-774b-bcce-b302099a8057")]);
    for (tool, arguments, code, field) in [
        ("memory_consolidate", json!({ "action": "find" }), "E1002", "action"),
        ("memory_consolidate", json!({ "action": "dedupe", "treshold": 1 }), "E1004", "treshold"),
        ("memory_consolidate", json!({ "action": "dedupe", "threshold": 0.1 }), "E1004", "threshold"),
        ("memory_consolidate", json!({ "action": "dedupe", "entryTypes": ["x"] }), "E1004", "entryTypes"),
        ("memory_consolidate", json!({ "action": "dedupe", "cursor": "x" }), "E1004", "cursor"),
        (
            "memory_consolidate",
            json!({ "action": "archive_stale", "minRecencyScore": 0.5 }),
            "E1004",
            "minRecencyScore",
        ),
        ("memory_forget", json!({ "action": "analyze", "strategy": "frequency" }), "E1004", "strategy"),
        ("memory_forget", json!({ "action": "forget", "staleDays": 0 }), "E1004", "staleDays"),
        (
            "memory_guideline",
            json!({ "action": "add", "name": "n", "content": "c", "supersedes": unknown }),
            "E2000",
            "supersedes[0]",
        ),
    ] {
        let error = stream.call_refused(tool, &arguments);
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{arguments}: {error}");
    }
}

on_every_backend!(an_agent_tidies_its_project, what_is_wrong_is_said_with_what_is_allowed,);
