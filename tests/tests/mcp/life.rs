//! How long a bridge lives, and what it survives.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use agent_memory_tests::{CLIENT, Exit, Instance, McpStream, executable, until};
use serde_json::{Value, json};

#[test]
fn a_bridge_ends_with_its_input_and_answers_first() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    let call = json!({ "name": "memory_org", "arguments": { "action": "create", "name": "acme" } });
    stream.send(&json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": call }));
    stream.close_input();
    assert_eq!(stream.answer(&json!(5))["result"]["isError"], false);
    assert_eq!(stream.wait(), Exit::Code(0));
    stream.assert_silent();
}

#[test]
fn a_bridge_to_which_nothing_was_said_ends_with_its_input() {
    let mut stream = McpStream::start(&Instance::new().with("DAEMON", "/nonexistent/agent-memoryd"));
    stream.close_input();
    assert_eq!(stream.wait(), Exit::Code(0));
    stream.assert_silent();
}

#[test]
fn a_bridge_ends_when_nobody_reads_its_output() {
    let instance = Instance::new().with("DAEMON", "/nonexistent/agent-memoryd");
    let mut child = instance
        .client_command(["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the bridge starts");
    let mut stdin = child.stdin.take().expect("it was piped");
    drop(child.stdout.take());
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    std::io::Write::write_all(&mut stdin, format!("{ping}\n").as_bytes()).expect("it reads");
    until("the bridge ends", || child.try_wait().expect("a child can be waited for"));
    drop(stdin);
}

/// The shell holds the bridge's parentage only: the pipes are the test's, and stay open.
#[cfg(target_os = "linux")]
#[test]
fn a_bridge_ends_when_its_parent_dies() {
    let instance = Instance::new().with("DAEMON", "/nonexistent/agent-memoryd");
    let mut shell: Command = instance.command("sh");
    shell.args(["-c", r#"exec 3<&0; "$0" mcp <&3 & echo $! > bridge.pid; wait"#]);
    shell.arg(executable(CLIENT));
    let mut stream = McpStream::spawn(shell);
    stream.initialize("2025-11-25");
    let bridge = fs::read_to_string(instance.root().join("bridge.pid")).expect("the shell wrote it");
    let status = format!("/proc/{}/status", bridge.trim());
    assert!(is_running(&status));
    stream.kill();
    until("the bridge ends", || (!is_running(&status)).then_some(()));
}

/// Whether the process is there and no zombie: who reaps orphans is not ours to test.
#[cfg(target_os = "linux")]
fn is_running(status: &str) -> bool {
    fs::read_to_string(status).is_ok_and(|text| !text.contains("State:\tZ"))
}

#[test]
fn a_bridge_starts_the_daemon_behind_its_handshake() {
    let instance = Instance::new();
    assert!(instance.probe().is_none());
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    assert_eq!(stream.call_ok("memory_health", &json!({}))["status"], "healthy");
    assert!(instance.probe().is_some());
}

/// Every call is answered although the daemon is killed again and again, and none is applied twice:
/// a second application would be refused, since names are unique.
#[test]
fn calls_in_flight_survive_the_death_of_the_daemon() {
    const CALLS: u64 = 120;
    let instance = Instance::new().without_rate_limits();
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    stream.call_ok("memory_health", &json!({}));
    for number in 0..CALLS {
        let arguments = json!({ "action": "add", "title": format!("fact {number}"), "content": "c", "scopeType": "global" });
        let params = json!({ "name": "memory_knowledge", "arguments": arguments });
        stream.send(&json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params }));
        if number % 40 == 20 {
            instance.kill_daemon();
        }
    }
    let ids: BTreeSet<String> = (0..CALLS)
        .map(|number| {
            let answer = stream.answer(&json!(number));
            assert_eq!(answer["result"]["isError"], false, "{answer}");
            answer["result"]["structuredContent"]["knowledge"]["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    assert_eq!(ids.len() as u64, CALLS);
    assert_eq!(stored(&mut stream), ids);
}

fn stored(stream: &mut McpStream) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let page = json!({ "action": "list", "scopeType": "global", "limit": 100, "offset": ids.len() });
        let page = stream.call_ok("memory_knowledge", &page);
        let entries = page["knowledge"].as_array().expect("a list");
        ids.extend(entries.iter().map(|entry| entry["id"].as_str().expect("an id").to_owned()));
        if page["meta"]["hasMore"] != Value::Bool(true) {
            return ids;
        }
    }
}

/// The bound holds for release builds; a debug build is larger on disk, and so in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_bridge_stays_small() {
    const RESIDENT_KB_MAX: u64 = if cfg!(debug_assertions) { 16_000 } else { 6_000 };
    const PRIVATE_KB_MAX: u64 = 2_000;
    let instance = Instance::new().without_rate_limits();
    let mut stream = McpStream::start(&instance);
    stream.initialize("2025-11-25");
    stream.request("tools/list", &json!({}));
    for number in 0..50 {
        let title = format!("fact {number}");
        let add =
            json!({ "action": "add", "title": title, "content": "c ".repeat(200), "scopeType": "global" });
        stream.call_ok("memory_knowledge", &add);
        let get = json!({ "action": "get", "title": title, "scopeType": "global" });
        stream.call_ok("memory_knowledge", &get);
    }
    let status = fs::read_to_string(format!("/proc/{}/status", stream.id())).expect("it runs");
    let kilobytes = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line of the status");
        line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
    };
    assert!(kilobytes("VmRSS:") <= RESIDENT_KB_MAX, "{status}");
    assert!(kilobytes("RssAnon:") <= PRIVATE_KB_MAX, "{status}");
}

#[test]
fn many_bridges_share_one_daemon() {
    const BRIDGES: usize = 32;
    let instance = Instance::new().without_rate_limits();
    let mut streams: Vec<McpStream> = (0..BRIDGES).map(|_| McpStream::start(&instance)).collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.initialize("2025-11-25");
        let add = json!({ "action": "add", "title": format!("of {number}"), "content": "c", "scopeType": "global" });
        stream.call_ok("memory_knowledge", &add);
    }
    assert_eq!(stored(&mut streams[0]).len(), BRIDGES);
    let mut pids: BTreeSet<u32> = BTreeSet::new();
    for stream in &mut streams {
        let health = stream.call_ok("memory_health", &json!({}));
        pids.insert(
            u32::try_from(health["daemon"]["processId"].as_u64().expect("a number")).expect("a process id"),
        );
    }
    assert_eq!(pids.len(), 1, "all bridges met one daemon");
}
