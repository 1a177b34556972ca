//! An MCP bridge, driven line by line as an agent does.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::instance::Instance;

const PATIENCE: Duration = Duration::from_secs(120);

/// A running `agent-memory mcp`, initialised. Killed when dropped.
#[derive(Debug)]
pub struct Bridge {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    next_id: u64,
    kept: BTreeMap<u64, Value>,
}

impl Bridge {
    /// Starts a bridge for an agent and goes through the handshake.
    ///
    /// # Panics
    /// When it does not answer as the protocol says.
    #[must_use]
    pub fn start(instance: &Instance, agent: &str) -> Self {
        Self::start_with(instance, &[("AGENT_MEMORY_AGENT", agent)])
    }

    /// As [`Bridge::start`], with these variables of the environment beside those of the instance.
    ///
    /// # Panics
    /// As [`Bridge::start`].
    #[must_use]
    pub fn start_with(instance: &Instance, variables: &[(&str, &str)]) -> Self {
        let mut command = instance.client_command(["mcp"]);
        command.envs(variables.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the bridge starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it was piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut bridge = Self { child, stdin, lines, next_id: 1, kept: BTreeMap::new() };
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "0" },
        });
        let id = bridge.send("initialize", &hello);
        let answer = bridge.answer(id);
        assert!(answer.get("result").is_some(), "{answer}");
        bridge.send_line(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        bridge
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request and returns its id.
    pub fn send(&mut self, method: &str, params: &Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send_line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    fn send_line(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        // A bridge that was killed cannot be written to; its answer then misses.
        let _ = writeln!(stdin, "{message}").and_then(|()| stdin.flush());
    }

    /// Waits for the answer to one request.
    ///
    /// # Panics
    /// When none comes, or a line is no JSON.
    pub fn answer(&mut self, id: u64) -> Value {
        loop {
            if let Some(answer) = self.kept.remove(&id) {
                return answer;
            }
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("no answer to request {id}: {error}"));
            let message: Value =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if let Some(answered) = message.get("id").and_then(Value::as_u64) {
                self.kept.insert(answered, message);
            }
        }
    }

    /// Sends a call of a tool and returns its id.
    pub fn send_call(&mut self, tool: &str, arguments: &Value) -> u64 {
        self.send("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// Calls a tool and returns the result.
    ///
    /// # Panics
    /// When the answer has none.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let id = self.send_call(tool, arguments);
        let mut answer = self.answer(id);
        let result = answer["result"].take();
        assert!(!result.is_null(), "{tool} {arguments}: {answer}");
        result
    }

    /// Calls a tool that must succeed.
    ///
    /// # Panics
    /// When it fails.
    pub fn call_ok(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], json!(true), "{tool} {arguments}: {result}");
        result
    }

    /// Ends the input, as an agent that goes away, and waits for the bridge's end.
    ///
    /// # Panics
    /// When the bridge does not end.
    pub fn close(mut self) -> i32 {
        self.stdin = None;
        let status = crate::wait::until("the bridge ends", || self.child.try_wait().expect("a child"));
        status.code().unwrap_or(-1)
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.kill();
    }
}
