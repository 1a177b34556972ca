//! Real clients: the official SDKs and the inspector, each against the real bridge and daemon. What
//! crosses the wire is checked against the JSON schema of the protocol's revision.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use agent_memory_tests::{Backend, CLIENT, DAEMON, Instance, executable, on_every_backend};
use serde_json::{Value, json};

const INSTALL: &str =
    "run scripts/install-test-deps (scripts/test does), or point AGENT_MEMORY_TEST_DEPS at what it made";

/// Where `scripts/install-test-deps` put things.
fn dependency(path: &str) -> PathBuf {
    let folder = std::env::var_os("AGENT_MEMORY_TEST_DEPS").map_or_else(
        || executable(DAEMON).ancestors().nth(2).expect("target").join("test-deps"),
        PathBuf::from,
    );
    let found = folder.join(path);
    assert!(found.exists(), "{} is not there: {INSTALL}", found.display());
    found
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(path)
}

/// An SDK's client, by its interpreter and its script.
#[derive(Clone, Copy)]
struct Sdk {
    interpreter: &'static str,
    script: &'static str,
    mode: &'static str,
    /// The revision that it settles on with us.
    revision: &'static str,
}

const PYTHON_1: Sdk = Sdk {
    interpreter: "py1/bin/python",
    script: "python/client_1.py",
    mode: "legacy",
    revision: "2025-11-25",
};
const PYTHON_2: Sdk =
    Sdk { interpreter: "py2/bin/python", script: "python/client_2.py", mode: "auto", revision: "2026-07-28" };
const NODE_1: Sdk =
    Sdk { interpreter: "node", script: "node/client_1.mjs", mode: "legacy", revision: "2025-11-25" };
const NODE_2: Sdk =
    Sdk { interpreter: "node", script: "node/client_2.mjs", mode: "auto", revision: "2026-07-28" };

impl Sdk {
    const fn legacy(self) -> Self {
        Self { mode: "legacy", revision: "2025-11-25", ..self }
    }

    /// Runs steps; the first line is what the handshake settled. Also checks the wire.
    fn run(self, instance: &Instance, steps: &Value) -> Vec<Value> {
        let root = instance.root();
        let (steps_file, log) = (root.join("steps.json"), root.join("wire.log"));
        fs::write(&steps_file, steps.to_string()).expect("the steps are written");
        // The wiretap appends, since some clients start a server twice.
        fs::write(&log, "").expect("the log is emptied");
        let mut command = self.command(instance);
        command.arg(steps_file).arg("--").env("MCP_MODE", self.mode);
        command.arg(dependency("py2/bin/python")).arg(script("python/wiretap.py")).arg(&log);
        command.arg(executable(CLIENT)).arg("mcp");
        let lines = json_lines(command);
        assert_eq!(lines[0]["protocolVersion"], self.revision, "{}", lines[0]);
        assert_eq!(lines[0]["serverName"], "agent-memory");
        self.check_wire(instance, &log);
        lines[1..].iter().map(|line| line["result"].clone()).collect()
    }

    fn command(self, instance: &Instance) -> Command {
        if self.interpreter != "node" {
            let mut command = instance.command(dependency(self.interpreter));
            command.arg(script(self.script));
            return command;
        }
        // Node looks for packages upwards of the script.
        let here = instance.root().join("client.mjs");
        fs::copy(script(self.script), &here).expect("the script is copied");
        let packages = instance.root().join("node_modules");
        if !packages.exists() {
            std::os::unix::fs::symlink(dependency("node/node_modules"), packages).expect("a link");
        }
        let mut command = instance.command("node");
        command.arg(here);
        command
    }

    fn check_wire(self, instance: &Instance, log: &Path) {
        let mut command = instance.command(dependency("py2/bin/python"));
        command.arg(script("python/validate_wire.py"));
        command.arg(dependency(&format!("schema/{}.json", self.revision))).arg(log);
        let report = &json_lines(command)[0];
        assert_eq!(report["wrong"], json!([]), "{report}");
    }
}

fn json_lines(mut command: Command) -> Vec<Value> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\nout: {out}\nerr: {err}");
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    out.lines().map(parse).collect()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

const FACT: &str = "The nightly job needs the read replica";

fn writing() -> Value {
    json!([
        { "list": "tools" },
        { "call": "memory_quickstart", "arguments": { "projectName": "shop", "sessionName": "s" } },
        { "call": "memory_remember", "arguments": { "text": FACT } },
        { "call": "memory_query", "arguments": { "action": "search", "search": "nightly replica" } },
        { "call": "memory_query", "arguments": { "action": "serch" } },
        { "call": "memory_health", "arguments": {} },
    ])
}

/// The story that every client goes through.
fn tells_its_story(sdk: Sdk) {
    let instance = Instance::new();
    let results = sdk.run(&instance, &writing());
    let tools = results[0]["tools"].as_array().expect("tools");
    assert_eq!(tools.len(), 10);
    assert!(tools.iter().all(|tool| tool["annotations"]["openWorldHint"] == false));
    assert_eq!(results[1]["structuredContent"]["project"]["name"], "shop");
    assert!(text(&results[2]).contains("project \"shop\""));
    assert!(text(&results[3]).contains(&format!("> {FACT}")), "{}", results[3]);
    assert_eq!(results[4]["isError"], true);
    assert_eq!(results[4]["structuredContent"]["error"]["suggestion"], "Did you mean search?");
    assert_eq!(results[5]["structuredContent"]["status"], "healthy");

    let id = results[2]["structuredContent"]["knowledge"]["id"].as_str().expect("an id");
    let results = sdk.run(
        &instance.with("PROJECT", "shop"),
        &json!([
            { "list": "prompts" },
            { "prompt": "recall", "arguments": { "query": "nightly" } },
            { "list": "resources" },
            { "list": "resourceTemplates" },
            { "resource": "memory://context" },
            { "resource": format!("memory://entry/{id}") },
        ]),
    );
    assert_eq!(results[0]["prompts"].as_array().map(Vec::len), Some(2));
    assert!(results[1]["messages"][0]["content"]["text"].as_str().expect("a text").contains(FACT));
    assert_eq!(results[2]["resources"][0]["uri"], "memory://context");
    assert_eq!(results[3]["resourceTemplates"][0]["uriTemplate"], "memory://entry/{id}");
    for read in &results[4..] {
        assert!(read["contents"][0]["text"].as_str().expect("a text").contains(FACT), "{read}");
    }
}

#[test]
fn the_python_sdk_1() {
    tells_its_story(PYTHON_1);
}

#[test]
fn the_python_sdk_2() {
    tells_its_story(PYTHON_2);
}

#[test]
fn the_python_sdk_2_with_a_handshake() {
    tells_its_story(PYTHON_2.legacy());
}

#[test]
fn the_typescript_sdk_1() {
    tells_its_story(NODE_1);
}

#[test]
fn the_typescript_sdk_2() {
    tells_its_story(NODE_2);
}

#[test]
fn the_typescript_sdk_2_with_a_handshake() {
    tells_its_story(NODE_2.legacy());
}

fn clients_of_every_kind_share_one_memory(backend: Backend) {
    let instance = backend.instance();
    for (number, sdk) in [PYTHON_1, PYTHON_2, NODE_1, NODE_2].into_iter().enumerate() {
        let title = format!("fact {number}");
        let add = json!({ "action": "add", "title": title, "content": "shared", "scopeType": "global" });
        let list = json!({ "action": "list", "scopeType": "global" });
        let steps = json!([
            { "call": "memory_knowledge", "arguments": add },
            { "call": "memory_knowledge", "arguments": list },
        ]);
        let results = sdk.run(&instance, &steps);
        let listed = results[1]["structuredContent"]["knowledge"].as_array().map(Vec::len);
        assert_eq!(listed, Some(number + 1), "{}", results[1]);
    }
}

/// The inspector lists and calls, in either era, and finds no fault with the schemas.
#[test]
fn the_inspector() {
    let instance = Instance::new();
    for era in ["auto", "legacy"] {
        let inspect = |arguments: &[&str]| {
            let mut command = instance.command(dependency("inspector/node_modules/.bin/mcp-inspector"));
            command.env("MCP_CATALOG_PATH", instance.root().join("mcp.json"));
            command.env("MCP_CLIENT_CONFIG_PATH", instance.root().join("client.json"));
            command
                .args(["--cli", "--format", "json", "-q", "--protocol-era", era, "--method"])
                .args(arguments);
            command.arg("--").arg(executable(CLIENT)).arg("mcp");
            json_lines(command).remove(0)
        };
        let list = inspect(&["tools/list", "--strict"]);
        assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(10), "{list}");
        let call = inspect(&["tools/call", "--tool-name", "memory_health", "--tool-args-json", "{}"]);
        assert!(call.to_string().contains("healthy"), "{call}");
    }
}

on_every_backend!(clients_of_every_kind_share_one_memory,);
