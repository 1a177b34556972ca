//! `watch`: what changes is printed as it changes, also after the daemon was started anew.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Stdio},
};

use agent_memory_proto::model::ScopeRef;
use agent_memory_tests::{Backend, Instance, on_every_backend, requests};
use serde_json::Value;

/// A running watch; it ends with this value.
struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    fn start(instance: &Instance) -> Self {
        let mut command = instance.client_command(["watch", "--json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, lines }
    }

    /// The next line. Whoever waits for one that does not come is ended by the limit of all tests.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn changes_are_shown_and_a_new_daemon_is_said(backend: Backend) {
    let instance = backend.instance();
    let mut daemon = instance.start_daemon();
    let mut watch = Watch::start(&instance);
    assert_eq!(watch.next()["event"], "watching");
    let add = |name: &str| {
        instance.connect().call(&requests::add_knowledge(ScopeRef::GLOBAL, name, "the content"));
    };
    add("one");
    let told = watch.next();
    let fields = ["event", "action", "entryType", "scopeType", "changedBy"].map(|field| told[field].clone());
    assert_eq!(fields, ["entry_changed", "added", "knowledge", "global", "tester"].map(Value::from));
    assert_eq!((&told["version"], told.to_string().contains("content")), (&1.into(), false));

    daemon.stop();
    assert_eq!(watch.next()["event"], "shutting_down");
    assert_eq!(watch.next()["event"], "disconnected");
    let _daemon = instance.start_daemon();
    assert_eq!(watch.next()["event"], "reconnected");
    add("two");
    assert_eq!(watch.next()["event"], "entry_changed");
}

on_every_backend!(changes_are_shown_and_a_new_daemon_is_said);
