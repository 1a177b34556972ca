//! Hostile calls: every listed parameter of every tool is given what it is not made for, and every hostile text
//! goes in through an agent's tools. Each call is refused by the name of what was wrong, or keeps what it was given.

use agent_memory_proto::{
    Request, Response,
    model::EntryKind,
    request::{EntrySelector, GetEntry},
};
use agent_memory_tests::{Backend, Instance, McpStream, hostile, on_every_backend};
use serde_json::{Value, json};

/// What parameters are made for, so that a call with one hostile value fails at that one.
fn valid(parameter: &str) -> Option<Value> {
    Some(match parameter {
        "scopeType" | "scope_type" => json!("global"),
        "name" | "title" | "tagName" | "subject" => json!("plain"),
        "content" | "description" | "text" | "search" | "query" | "purpose" => json!("plain words"),
        "entryType" | "entry_type" | "sourceType" | "targetType" => json!("knowledge"),
        "relationType" => json!("related_to"),
        "agent_id" | "agentId" => json!("ada"),
        "file_path" => json!("/src/plain.rs"),
        "permission" => json!("read"),
        "format" => json!("json"),
        "status" => json!("open"),
        _ => return None,
    })
}

fn deep(depth: usize) -> Value {
    (0..depth).fold(
        json!("core"),
        |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) },
    )
}

/// Wrong types, numbers beyond every bound, nesting, and texts that break others.
fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([]),
        json!({}),
        json!([null, 1, "two", [3]]),
        json!({ "__proto__": { "admin": true }, "": "" }),
        deep(100),
        json!(vec!["x"; 5_000]),
    ];
    let texts =
        ["", "\0", "../../etc/passwd", "'; DROP TABLE entries; --", "\u{202e}txt\u{2028}\u{feff}", "9e999"];
    values.extend(texts.map(|text| json!(text)));
    values.push(json!("x".repeat(300_000)));
    values
}

/// What every answer keeps to, whatever was asked.
fn check(what: &str, result: &Value) {
    let texts = result["content"].as_array().map_or(0, Vec::len);
    assert!(texts > 0, "{what}: nothing for the model: {result}");
    if result["isError"] != json!(true) {
        return;
    }
    let error = &result["structuredContent"]["error"];
    let code = error["code"].as_str().unwrap_or_default();
    assert!(code.len() == 5 && code.starts_with('E') && code != "E5001", "{what}: {result}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}: {result}");
    // A value that is refused is named; what may not be done, or is not there, may have no name.
    if ["E1003", "E1004", "E1005"].contains(&code) {
        assert!(error["field"].is_string(), "{what}: which value? {result}");
    }
}

#[test]
fn no_value_of_a_parameter_breaks_a_tool() {
    let instance = Instance::new().with("TOOLS", "full").without_rate_limits();
    let daemon = instance.start_daemon();
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    let listed = stream.request("tools/list", &json!({}));
    let (values, mut calls) = (values(), 0);
    for tool in listed["result"]["tools"].as_array().expect("tools") {
        let name = tool["name"].as_str().expect("a name");
        let parameters = tool["inputSchema"]["properties"].as_object().expect("parameters");
        let actions = parameters.get("action").and_then(|action| action["enum"].as_array());
        let actions: Vec<Option<&Value>> =
            actions.map_or_else(|| vec![None], |all| all.iter().map(Some).collect());
        // A backup is as large as the store, and made in earnest.
        for action in actions.into_iter().filter(|_| name != "memory_backup") {
            for parameter in parameters.keys().filter(|parameter| *parameter != "action") {
                for value in &values {
                    let mut arguments: Value = parameters
                        .keys()
                        .filter_map(|parameter| Some((parameter.clone(), valid(parameter)?)))
                        .collect::<serde_json::Map<_, _>>()
                        .into();
                    if let Some(action) = action {
                        arguments["action"] = action.clone();
                    }
                    arguments[parameter] = value.clone();
                    let what = format!("{name} {:?} {parameter} {:.60}", action, value.to_string());
                    check(&what, &stream.call(name, &arguments));
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 1_000, "{calls}");
    stream.call_ok("memory_health", &json!({}));
    let log = daemon.log();
    assert!(!log.contains("panicked") && !log.contains("crashed"), "{log}");
}

/// Every hostile text, as the content and as the title of what an agent adds.
fn every_hostile_text_is_refused_or_kept(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let daemon = instance.start_daemon();
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    let mut wire = instance.connect();
    let (mut kept, mut refused) = (0, 0);
    for (number, text) in hostile::texts().into_iter().enumerate() {
        let shown = hostile::shown(&text);
        for (title, content) in
            [(format!("n{number}"), text.clone()), (format!("{text}{number}"), "plain".to_owned())]
        {
            let add = json!({ "action": "add", "scopeType": "global", "title": title, "content": content });
            let added = stream.call("memory_knowledge", &add);
            check(&shown, &added);
            if added["isError"] == json!(true) {
                let field = &added["structuredContent"]["error"]["field"];
                assert!(field == "content" || field == "title", "{shown}: {added}");
                refused += 1;
                continue;
            }
            let id = added["structuredContent"]["knowledge"]["id"].as_str().expect("an id");
            let selector = EntrySelector::Id(id.parse().expect("an id"));
            let get = GetEntry { kind: EntryKind::Knowledge, selector, include_inactive: false };
            let Response::Entry(entry) = wire.call(&Request::GetEntry(get)) else { panic!("{shown}") };
            assert_eq!((&entry.name, entry.version.body.text()), (&title, content.as_str()), "{shown}");
            kept += 1;
        }
    }
    assert!(kept > 1_000 && refused > 50, "{kept} {refused}");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

on_every_backend!(every_hostile_text_is_refused_or_kept,);
