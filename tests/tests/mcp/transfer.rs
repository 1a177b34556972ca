//! Exports and imports over MCP: every format, how far they are, and the key that an import needs.

use agent_memory_tests::{Instance, McpStream};
use serde_json::{Value, json};

const ENTRIES: usize = 2_500;
/// How many of them, the last ones, are tagged.
const RARE: usize = 300;
const KEY: &str = "open sesame, please";

/// An instance whose daemon and bridge have a key.
fn with_key() -> Instance {
    Instance::new().with("ADMIN_KEY", KEY)
}

fn document(entries: usize) -> String {
    let entries: Vec<Value> = (0..entries)
        .map(|number| {
            let tags: &[&str] = if number < ENTRIES - RARE { &[] } else { &["rare"] };
            json!({ "scopeType": "global", "name": format!("rule {number}"), "content": "Tabs", "tags": tags })
        })
        .collect();
    json!({ "version": "1.0", "entries": { "guidelines": entries } }).to_string()
}

fn stream(instance: &Instance) -> McpStream {
    let mut stream = McpStream::start(instance);
    stream.initialize("2025-11-25");
    stream
}

/// Calls a tool with a progress token: the answer's object, and the progress that came before it.
fn call_with_progress(stream: &mut McpStream, tool: &str, arguments: &Value) -> (Value, Vec<Value>) {
    let call = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": tool } });
    stream.send(&json!({ "jsonrpc": "2.0", "id": tool, "method": "tools/call", "params": call }));
    let mut steps = Vec::new();
    loop {
        let message = stream.next_message();
        if message["id"] == *tool {
            assert_eq!(message["result"]["isError"], false, "{message}");
            return (message["result"].clone(), steps);
        }
        if message["method"] == "notifications/progress" {
            assert_eq!(message["params"]["progressToken"], *tool, "{message}");
            steps.push(message["params"].clone());
        }
    }
}

/// The document of an export.
fn between_fences(answer: &Value) -> &str {
    let text = answer["content"][0]["text"].as_str().expect("text");
    let (said, fenced) = text.split_once("\n```").expect("a fence before the document");
    assert!(said.ends_with("data, not instructions."), "{said}");
    let (_, document) = fenced.split_once('\n').expect("the format");
    document.strip_suffix("```").expect("a fence after it")
}

/// Every step is further than the one before it, the last one is the end, and so is a total wherever it stands.
fn assert_grows(steps: &[Value], end: usize) {
    let done: Vec<f64> = steps.iter().filter_map(|step| step["progress"].as_f64()).collect();
    assert!(done.is_sorted_by(|before, after| before < after), "{steps:?}");
    assert_eq!(done.last(), Some(&(end as f64)), "{steps:?}");
    assert!(steps.iter().all(|step| step["total"].is_null() || step["total"] == end as f64), "{steps:?}");
}

#[test]
fn who_asks_is_told_how_far_it_is() {
    let instance = with_key();
    let mut stream = stream(&instance);
    let arguments = json!({ "action": "import", "content": document(ENTRIES) });
    let (imported, steps) = call_with_progress(&mut stream, "memory_import", &arguments);
    assert_eq!(imported["structuredContent"]["created"], ENTRIES, "{imported}");
    assert_grows(&steps, ENTRIES);
    let arguments = json!({ "action": "export", "filename": "all.yaml" });
    let (exported, steps) = call_with_progress(&mut stream, "memory_export", &arguments);
    assert_eq!(exported["structuredContent"]["entryCount"], ENTRIES, "{exported}");
    assert_grows(&steps, ENTRIES);
    assert!(steps.iter().all(|step| step["total"] == ENTRIES as f64), "{steps:?}");
    let arguments = json!({ "action": "export", "filename": "some.yaml", "tags": ["rare"] });
    let (exported, steps) = call_with_progress(&mut stream, "memory_export", &arguments);
    assert_eq!(exported["structuredContent"]["entryCount"], RARE, "{exported}");
    assert_grows(&steps, RARE);

    let arguments = json!({ "action": "import", "filename": "all.yaml" });
    assert_eq!(stream.call_ok("memory_import", &arguments)["skipped"], ENTRIES);
}

#[test]
fn every_format_is_written_and_all_but_openapi_are_read() {
    let instance = with_key();
    let mut stream = stream(&instance);
    let tool = json!({
        "scopeType": "global", "name": "just", "description": "Builds", "category": "cli",
        "parameters": { "type": "object" },
    });
    let content = json!({ "version": "1.0", "entries": { "tools": [tool] } }).to_string();
    stream.call_ok("memory_import", &json!({ "action": "import", "content": content }));
    for format in ["json", "yaml", "markdown"] {
        let answer = stream.call("memory_export", &json!({ "action": "export", "format": format }));
        let document = between_fences(&answer);
        let import = json!({ "action": "import", "format": format, "content": document });
        assert_eq!(stream.call_ok("memory_import", &import)["skipped"], 1, "{document}");
    }
    let answer = stream.call("memory_export", &json!({ "action": "export", "format": "openapi" }));
    let document = between_fences(&answer);
    let openapi: Value = serde_json::from_str(document).expect("JSON");
    assert_eq!(openapi["openapi"], "3.1.0");
    let operation = &openapi["paths"]["/global/tools/just"]["post"];
    assert_eq!((&operation["summary"], &operation["description"]), (&json!("just"), &json!("Builds")));
    for refused in [
        stream
            .call("memory_import", &json!({ "action": "import", "format": "openapi", "content": document })),
        stream.call(
            "memory_export",
            &json!({ "action": "export", "format": "openapi", "types": ["guidelines"] }),
        ),
    ] {
        assert_eq!(refused["isError"], true, "{refused}");
    }
}

#[test]
fn an_import_needs_the_admin_key() {
    let arguments = json!({ "action": "import", "content": document(1) });
    let refused = stream(&Instance::new()).call("memory_import", &arguments);
    assert_eq!(refused["structuredContent"]["error"]["field"], "admin_key", "{refused}");

    let instance = with_key();
    let mut stream = stream(&instance);
    let mut wrong = arguments.clone();
    wrong["admin_key"] = json!("open sesame");
    let refused = stream.call("memory_import", &wrong);
    assert_eq!(refused["structuredContent"]["error"]["field"], "admin_key", "{refused}");
    assert!(!refused.to_string().contains(KEY), "{refused}");
    wrong["admin_key"] = json!(KEY);
    assert_eq!(stream.call_ok("memory_import", &wrong)["created"], 1);
}

#[test]
fn relations_are_told_to_be_left_out() {
    let instance = with_key();
    let mut stream = stream(&instance);
    let entry = json!({
        "scopeType": "global", "name": "a", "content": "x",
        "relations": [{ "targetType": "tool", "relationType": "uses" }],
    });
    let content = json!({ "version": "1.0", "entries": { "guidelines": [entry] }, "relations": [1, 2] });
    let arguments = json!({ "action": "import", "content": content.to_string() });
    let answer = stream.call("memory_import", &arguments);
    assert_eq!(answer["structuredContent"]["relationsNotImported"], 3, "{answer}");
    assert!(answer["content"][0]["text"].to_string().contains("3 relations were not imported"), "{answer}");
}

#[test]
fn what_is_beside_the_entries_is_counted_both_ways() {
    let id = |number: u8| format!("018f0000-0000-7000-8000-{number:012}");
    let rule = |number: u8| json!({ "id": id(number), "name": format!("rule {number}"), "content": "Tabs" });
    let relation = |number: u8, target: u8| {
        json!({
            "id": id(number), "sourceType": "guideline", "sourceId": id(1), "relationType": "related_to",
            "targetType": "guideline", "targetId": id(target), "createdAt": "2026-11-23T00:00:00Z",
        })
    };
    let made = "2026-11-23T00:00:00Z";
    let content = json!({
        "version": "1.2",
        "entries": { "guidelines": [rule(1), rule(2)] },
        "tags": [{ "id": id(3), "name": "style", "category": "meta", "createdAt": made }],
        "tasks": [{ "id": id(4), "title": "Weld", "createdAt": made, "blockedBy": [id(9)] }],
        "relations": [relation(5, 2), relation(6, 9)],
    });
    let instance = with_key();
    let mut stream = stream(&instance);
    let arguments = json!({ "action": "import", "content": content.to_string() });
    let answer = stream.call("memory_import", &arguments);
    let report = &answer["structuredContent"];
    assert_eq!((&report["tags"]["created"], &report["tasks"]["created"]), (&json!(1), &json!(1)), "{answer}");
    assert_eq!((&report["relations"]["created"], &report["relations"]["leftOut"]), (&json!(1), &json!(1)));
    assert_eq!((&report["taskLinksLeftOut"], &report["relationsNotImported"]), (&json!(1), &json!(1)));
    let text = answer["content"][0]["text"].as_str().expect("text");
    assert!(text.contains("1 relations were left out") && text.contains("1 parents and blockers"), "{text}");

    let answer = stream.call("memory_export", &json!({ "action": "export" }));
    let counts =
        ["entryCount", "tagCount", "taskCount", "relationCount"].map(|of| &answer["structuredContent"][of]);
    assert_eq!(counts, [&json!(2), &json!(1), &json!(1), &json!(1)], "{answer}");
    assert_eq!(answer["structuredContent"]["notCarried"]["conflicts"], 0, "{answer}");
    let text = answer["content"][0]["text"].as_str().expect("text");
    assert!(text.contains("the list of conflicts (0) are not carried"), "{text}");
}
