//! A bridge as a stream of lines: whatever a test wants to say to it, also what no agent should.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{daemon::Exit, instance::Instance, wait::until};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running `agent-memory mcp` that nothing was said to yet. Killed when dropped.
#[derive(Debug)]
pub struct McpStream {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Answers that came before they were asked for.
    kept: VecDeque<Value>,
    next_id: u64,
}

impl McpStream {
    /// Starts a bridge.
    #[must_use]
    pub fn start(instance: &Instance) -> Self {
        Self::spawn(instance.client_command(["mcp"]))
    }

    /// Starts a bridge, or what leads to one, from a command.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
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
        Self { child, stdin, lines, kept: VecDeque::new(), next_id: 1_000 }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    /// When the input was closed by [`Self::close_input`].
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the input is open");
        // One that ended meanwhile is found when its answer misses.
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    /// Writes a message as a line.
    pub fn send(&mut self, message: &Value) {
        self.send_raw(format!("{message}\n").as_bytes());
    }

    /// The next line, which has to be a JSON object: nothing else belongs on stdout.
    ///
    /// # Panics
    /// When none comes, or it is something else.
    pub fn next_message(&mut self) -> Value {
        if let Some(message) = self.kept.pop_front() {
            return message;
        }
        let line = self.lines.recv_timeout(PATIENCE);
        parse(&line.unwrap_or_else(|error| panic!("no line came: {error}")))
    }

    /// Waits for the answer with this id; others are kept.
    ///
    /// # Panics
    /// When none comes.
    pub fn answer(&mut self, id: &Value) -> Value {
        if let Some(at) = self.kept.iter().position(|message| message["id"] == *id) {
            return self.kept.remove(at).expect("it is there");
        }
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let message = parse(&line.unwrap_or_else(|error| panic!("no answer to {id}: {error}")));
            if message["id"] == *id {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    /// Sends a request of the era with a handshake and waits for its answer.
    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.fresh_id();
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(&id)
    }

    /// Sends a request of 2026-07-28, which carries its own version and client, and waits.
    pub fn modern(&mut self, method: &str, params: &Value) -> Value {
        let id = self.fresh_id();
        let mut params = params.clone();
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "modern", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(&id)
    }

    /// Goes through the handshake of a revision and returns its result.
    pub fn initialize(&mut self, revision: &str) -> Value {
        let hello = json!({
            "protocolVersion": revision, "capabilities": {},
            "clientInfo": { "name": "stream", "version": "1" },
        });
        let answer = self.request("initialize", &hello);
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        answer["result"].clone()
    }

    /// Calls a tool and returns the result.
    ///
    /// # Panics
    /// When the answer is an error of the protocol.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.request("tools/call", &json!({ "name": tool, "arguments": arguments }));
        assert!(answer["result"].is_object(), "{tool} {arguments}: {answer}");
        answer["result"].clone()
    }

    /// Calls a tool that must succeed and returns its object.
    ///
    /// # Panics
    /// When it fails.
    pub fn call_ok(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{tool} {arguments}: {result}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that must fail and returns its error.
    ///
    /// # Panics
    /// When it succeeds.
    pub fn call_refused(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        result["structuredContent"]["error"].clone()
    }

    /// Ends the input, as a client that goes away.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Exit {
        until("the bridge ends", || self.child.try_wait().expect("a child can be waited for").map(Exit::from))
    }

    /// Asserts that it says nothing more: to be called when it has ended.
    ///
    /// # Panics
    /// When a line is left.
    pub fn assert_silent(&self) {
        let left = self.lines.recv_timeout(PATIENCE);
        assert_eq!(left, Err(RecvTimeoutError::Disconnected), "a line that nobody asked for");
    }

    /// Kills the process that was started.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn fresh_id(&mut self) -> Value {
        self.next_id += 1;
        json!(self.next_id)
    }
}

impl Drop for McpStream {
    fn drop(&mut self) {
        self.kill();
    }
}

fn parse(line: &str) -> Value {
    let message: Value = serde_json::from_str(line)
        .unwrap_or_else(|error| panic!("stdout has what is no JSON: {error}: {line}"));
    assert_eq!(message["jsonrpc"], "2.0", "stdout has what is no message: {line}");
    message
}
