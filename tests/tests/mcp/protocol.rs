//! What the bridge says on its stream: both eras of MCP in any order, and an answer to everything
//! that can be answered. No daemon is needed for it.

use agent_memory_proto::model::Id;
use agent_memory_tests::{Exit, Instance, McpStream};
use serde_json::{Value, json};

/// An instance whose bridges find no daemon and cannot start one.
fn without_daemon() -> Instance {
    Instance::new().with("DAEMON", "/nonexistent/agent-memoryd")
}

fn names(list: &Value) -> Vec<&str> {
    let tools = list["result"]["tools"].as_array().expect("a list of tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect()
}

#[test]
fn handshake_and_lists_are_answered_without_a_daemon() {
    let instance = without_daemon();
    let mut stream = McpStream::start(&instance);
    let hello = stream.initialize("2025-11-25");
    assert_eq!(hello["serverInfo"]["name"], "agent-memory");
    assert!(hello["instructions"].as_str().expect("instructions").contains("memory_quickstart"));
    assert_eq!(names(&stream.request("tools/list", &json!({}))).len(), 10);
    let prompts = stream.request("prompts/list", &json!({}));
    assert_eq!(prompts["result"]["prompts"][0]["name"], "recall");
    let resources = stream.request("resources/list", &json!({}));
    assert_eq!(resources["result"]["resources"][0]["uri"], "memory://context");
    let error = stream.call_refused("memory_health", &json!({}));
    assert_eq!(error["code"], "E7003", "a missing daemon is told to the model: {error}");
}

#[test]
fn every_revision_with_a_handshake_is_spoken() {
    let instance = without_daemon();
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut stream = McpStream::start(&instance);
        assert_eq!(stream.initialize(revision)["protocolVersion"], revision);
        assert_eq!(stream.request("ping", &json!({}))["result"], json!({}));
    }
    let mut stream = McpStream::start(&instance);
    assert_eq!(stream.initialize("2031-01-01")["protocolVersion"], "2025-11-25");
}

#[test]
fn both_eras_share_a_stream_in_any_order() {
    let instance = without_daemon();
    let mut stream = McpStream::start(&instance);
    let found = stream.modern("server/discover", &json!({}));
    let versions = found["result"]["supportedVersions"].as_array().expect("versions");
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")), "{found}");
    let modern = stream.modern("tools/list", &json!({}));
    assert_eq!(modern["result"]["resultType"], "complete");
    assert!(modern["result"]["ttlMs"].is_u64(), "{modern}");

    assert_eq!(stream.initialize("2025-06-18")["protocolVersion"], "2025-06-18");
    let legacy = stream.request("tools/list", &json!({}));
    assert_eq!(names(&legacy), names(&modern));
    for field in ["resultType", "ttlMs", "cacheScope"] {
        assert!(legacy["result"].get(field).is_none(), "{field} is not of that era");
    }
    let call = json!({ "name": "memory_org", "arguments": { "action": "destroy" } });
    let modern = stream.modern("tools/call", &call);
    assert_eq!(modern["result"]["structuredContent"]["error"]["code"], "E1002");
    assert_eq!(modern["result"]["resultType"], "complete");
    assert!(stream.call("memory_org", &json!({})).get("resultType").is_none());
}

#[test]
fn a_notification_before_the_handshake_does_no_harm() {
    let mut stream = McpStream::start(&without_daemon());
    stream.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } }),
    );
    assert_eq!(stream.initialize("2025-11-25")["protocolVersion"], "2025-11-25");
}

#[test]
fn garbage_does_not_end_the_session() {
    let mut stream = McpStream::start(&without_daemon());
    stream.initialize("2025-11-25");
    for garbage in [&b"not json\n"[..], b"\xff\xfe\x00\n", b"\n", b"\r\n"] {
        stream.send_raw(garbage);
    }
    stream.send(&json!({ "jsonrpc": "2.0", "method": "$/unknown" }));
    assert_eq!(stream.request("ping", &json!({}))["result"], json!({}), "nothing else was answered before");
}

#[test]
fn what_is_no_request_is_refused_under_its_id() {
    let mut stream = McpStream::start(&without_daemon());
    stream.initialize("2025-11-25");
    stream.send(&json!({ "jsonrpc": "1.0", "id": 71, "method": "ping" }));
    assert_eq!(stream.answer(&json!(71))["error"]["code"], -32600);
    stream.send(&json!({ "jsonrpc": "2.0", "id": "s" }));
    assert_eq!(stream.answer(&json!("s"))["error"]["code"], -32600);
    assert_eq!(stream.request("no/such", &json!({}))["error"]["code"], -32601);
    assert_eq!(stream.request("tools/call", &json!({ "arguments": {} }))["error"]["code"], -32602);
    assert_eq!(stream.request("prompts/get", &json!({ "name": "x" }))["error"]["code"], -32602);
    assert_eq!(stream.request("prompts/get", &json!({ "name": "recall" }))["error"]["code"], -32602);
    let missing = stream.request("resources/read", &json!({ "uri": "memory://nowhere" }));
    assert_eq!(missing["error"]["code"], -32002);
}

#[test]
fn batches_are_answered_one_by_one() {
    let mut stream = McpStream::start(&without_daemon());
    stream.initialize("2025-03-26");
    stream.send(&json!([
        { "jsonrpc": "2.0", "id": 1, "method": "ping" },
        { "jsonrpc": "2.0", "id": 2, "method": "tools/list" },
    ]));
    assert_eq!(stream.answer(&json!(1))["result"], json!({}));
    assert_eq!(names(&stream.answer(&json!(2))).len(), 10);
    stream.send(&json!([]));
    assert_eq!(stream.next_message()["error"]["code"], -32600);
}

#[test]
fn an_oversized_message_is_refused_under_its_id_and_the_next_is_served() {
    let mut stream = McpStream::start(&without_daemon());
    stream.initialize("2025-11-25");
    let text = "x".repeat(3_000_000);
    let params = json!({ "name": "memory_remember", "arguments": { "text": text } });
    stream.send_raw(
        format!("{{\"jsonrpc\":\"2.0\",\"id\":81,\"method\":\"tools/call\",\"params\":{params}}}\n")
            .as_bytes(),
    );
    assert_eq!(stream.answer(&json!(81))["error"]["code"], -32600);
    stream.send_raw(
        format!("{{\"method\":\"tools/call\",\"params\":{params},\"jsonrpc\":\"2.0\",\"id\":82}}\n")
            .as_bytes(),
    );
    assert_eq!(stream.answer(&json!(82))["error"]["code"], -32600);
    assert_eq!(stream.request("ping", &json!({}))["result"], json!({}));
}

#[test]
fn malformed_arguments_are_told_to_the_model() {
    let mut stream = McpStream::start(&without_daemon());
    stream.initialize("2025-11-25");
    for wrong in [json!([1]), json!(7), json!("no object")] {
        let error = stream.call_refused("memory_org", &wrong);
        assert_eq!(error["field"], "arguments", "{error}");
    }
    let as_text = json!({ "action": "lst" }).to_string();
    let error = stream.call_refused("memory_org", &json!(as_text));
    assert_eq!((&error["code"], &error["suggestion"]), (&json!("E1002"), &json!("Did you mean list?")));
}

#[test]
fn callers_mistakes_are_named_before_the_daemon_is_asked() {
    let mut stream = McpStream::start(&without_daemon());
    stream.initialize("2025-11-25");
    let id = Id([7; 16]).to_string();
    for (tool, arguments, code, field) in [
        ("memory_query", json!({ "action": "search", "scope_type": "org" }), "E1004", "scope_type"),
        ("memory_query", json!({}), "E1000", "action"),
        ("memory_org", json!({ "action": "create" }), "E1000", "name"),
        ("memory_org", json!({ "action": "list", "limit": 1_000 }), "E1004", "limit"),
        ("memory_org", json!({ "action": "list", "limit": "ten" }), "E1004", "limit"),
        ("memory_guideline", json!({ "action": "get", "id": "seven", "scopeType": "global" }), "E1004", "id"),
        (
            "memory_guideline",
            json!({ "action": "add", "name": "n", "content": "c", "scopeType": "galaxy", "scopeId": id }),
            "E1001",
            "scopeType",
        ),
    ] {
        let error = stream.call_refused(tool, &arguments);
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(field)), "{tool} {arguments}");
    }
    let error = stream.call_refused("memory_quik_start", &json!({}));
    assert_eq!(error["suggestion"], "Did you mean memory_quickstart?");
}

#[test]
fn the_listing_obeys_its_setting() {
    let instance = without_daemon().with("TOOLS", "full");
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    let all = stream.request("tools/list", &json!({}));
    assert!(names(&all).len() >= 10);
    let instance = without_daemon().with("TOOLS", "some");
    assert_eq!(McpStream::start(&instance).wait(), Exit::Code(2));
}
