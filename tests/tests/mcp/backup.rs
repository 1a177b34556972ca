//! Backups over MCP: the tool of the full profile, the key that it needs, and what it refuses.

use agent_memory_tests::{Backend, Instance, McpStream, on_every_backend};
use serde_json::{Value, json};

const KEY: &str = "open sesame, please";

fn stream(instance: &Instance) -> McpStream {
    let mut stream = McpStream::start(instance);
    stream.initialize("2025-11-25");
    stream
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("a text")
}

fn fact(title: &str) -> Value {
    json!({ "action": "add", "title": title, "content": "It is stored", "scopeType": "global" })
}

fn an_agent_backs_up_and_restores(backend: Backend) {
    let instance = backend.instance().with("ADMIN_KEY", KEY);
    let mut stream = stream(&instance);
    stream.call_ok("memory_knowledge", &fact("before"));
    let made =
        stream.call_ok("memory_backup", &json!({ "action": "create", "name": "agent", "admin_key": KEY }));
    let filename = made["filename"].as_str().expect("a name").to_owned();
    assert!(made["success"] == true && filename.starts_with("agent-"), "{made}");
    for field in ["message", "backupPath", "timestamp", "backupDirectory"] {
        assert!(made[field].is_string(), "{field}: {made}");
    }
    stream.call_ok("memory_knowledge", &fact("after"));
    let listed = stream.call_ok("memory_backup", &json!({ "action": "list" }));
    assert_eq!((&listed["count"], &listed["backups"][0]["filename"]), (&json!(1), &json!(filename)));
    for field in ["path", "sizeHuman", "createdAt"] {
        assert!(listed["backups"][0][field].is_string(), "{field}: {listed}");
    }
    let checked = stream.call("memory_backup", &json!({ "action": "verify", "filename": filename }));
    assert!(text(&checked).contains("checksums right"), "{checked}");
    let restored = stream.call("memory_backup", &json!({ "action": "restore", "filename": filename }));
    assert!(text(&restored).contains("What it replaced is kept as before-restore-"), "{restored}");
    let get = |title: &str| json!({ "action": "get", "title": title, "scopeType": "global" });
    stream.call_ok("memory_knowledge", &get("before"));
    assert_eq!(stream.call_refused("memory_knowledge", &get("after"))["code"], "E2000");
    let cleaned = stream.call_ok("memory_backup", &json!({ "action": "cleanup", "keepCount": 1 }));
    assert_eq!((&cleaned["deletedCount"], &cleaned["keptCount"]), (&json!(1), &json!(1)), "{cleaned}");
    assert_eq!(cleaned["deleted"], json!([filename]));
}

on_every_backend!(an_agent_backs_up_and_restores);

#[test]
fn without_the_key_an_agent_may_only_list() {
    let instance = Instance::new();
    let mut stream = stream(&instance);
    stream.call_ok("memory_backup", &json!({ "action": "list" }));
    for (action, more) in [
        ("create", json!({})),
        ("verify", json!({ "filename": "x-20260101T000000000Z.db" })),
        ("restore", json!({ "filename": "x-20260101T000000000Z.db" })),
        ("cleanup", json!({ "keepCount": 1 })),
    ] {
        let mut arguments = more;
        arguments["action"] = json!(action);
        let refused = stream.call_refused("memory_backup", &arguments);
        assert_eq!((&refused["code"], &refused["field"]), (&json!("E6000"), &json!("admin_key")), "{action}");
        assert!(
            refused["suggestion"].as_str().expect("a mend").contains("AGENT_MEMORY_ADMIN_KEY"),
            "{refused}"
        );
    }
    assert!(!instance.data_dir().join("backups").exists(), "nothing was done");
}

#[test]
fn mistakes_are_told_with_the_nearest_name() {
    let instance = Instance::new().with("ADMIN_KEY", KEY);
    let mut stream = stream(&instance);
    let near = |refused: &Value| refused["suggestion"].as_str().unwrap_or_default().to_owned();
    let refused = stream.call_refused("memory_backup", &json!({ "action": "restor" }));
    assert_eq!(near(&refused), "Did you mean restore?");
    let refused = stream.call_refused("memory_backup", &json!({ "action": "cleanup", "keepcount": 1 }));
    assert_eq!(near(&refused), "Did you mean keepCount?");
    let refused = stream.call_refused("memory_backup", &json!({ "action": "cleanup", "keepCount": 0 }));
    assert_eq!(refused["field"], "keepCount");
    let refused = stream.call_refused("memory_backup", &json!({ "action": "restore" }));
    assert_eq!(refused["field"], "filename");
    for bad in ["../memory.db", "/etc/passwd", "memory.db/..", ".", ""] {
        let refused = stream.call_refused("memory_backup", &json!({ "action": "restore", "filename": bad }));
        assert_eq!(refused["field"], "filename", "{bad:?}: {refused}");
    }
}
