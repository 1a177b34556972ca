"""The agents of scripts/demo: each is a process that speaks MCP to a bridge of its own."""

import json
import subprocess
import sys
import threading
import time

AGENTS, WRITES = 8, 50


class Agent:
    """An agent's side of one bridge."""

    def __init__(self, name, directory):
        self.name, self.next_id = name, 0
        self.bridge = subprocess.Popen(
            ["agent-memory", "mcp", "--agent", name, "--project", directory],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=directory,
        )
        self.request("initialize", protocolVersion="2025-11-25", capabilities={},
                     clientInfo={"name": name, "version": "1"})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        self.bridge.stdin.write(json.dumps(message) + "\n")
        self.bridge.stdin.flush()

    def request(self, method, **params):
        self.next_id += 1
        self.send({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})
        while True:
            answer = json.loads(self.bridge.stdout.readline())
            if answer.get("id") == self.next_id:
                return answer["result"]

    def call(self, tool, **arguments):
        """Calls a tool; waits and repeats when the daemon asks for that."""
        while True:
            result = self.request("tools/call", name=tool, arguments=arguments)
            text = "\n".join(part["text"] for part in result["content"] if part["type"] == "text")
            if not result.get("isError"):
                return text
            if "E7001" not in text:
                sys.exit(f"{self.name}: {tool} failed: {text}")
            time.sleep(0.1)

    def close(self):
        self.bridge.stdin.close()
        self.bridge.wait()


def say(agent, call, text):
    print(f"\n[{agent.name}] {call}")
    for line in text.splitlines():
        print(f"    {line}")


def shell(line):
    print(f"\n$ {line}")
    print(subprocess.run(line.split(), capture_output=True, text=True, check=True).stdout.rstrip())


def main(directory):
    claude, cursor = Agent("claude-code", directory), Agent("cursor", directory)
    say(claude, "memory_quickstart", claude.call("memory_quickstart", projectName="shop", createProject=True))
    text = "We decided to store all prices in cents, as integers"
    say(claude, f"memory_remember {text!r}", claude.call("memory_remember", text=text))
    query = "how do we store a price?"
    say(cursor, f"memory_query search {query!r}", cursor.call("memory_query", action="search", search=query))

    print(f"\n{AGENTS} agents write {WRITES} entries each, at once:")
    def write(number):
        agent = Agent(f"agent-{number}", directory)
        for n in range(WRITES):
            agent.call("memory_knowledge", action="add", title=f"note {n} of agent {number}", content="kept")
        agent.close()

    started = time.monotonic()
    threads = [threading.Thread(target=write, args=(number,)) for number in range(AGENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"    {AGENTS * WRITES} acknowledged in {time.monotonic() - started:.1f} s")
    report = json.loads(subprocess.run(["agent-memory", "--json", "health"], capture_output=True, check=True).stdout)
    stored = report["database"]["entries"]["knowledge"]
    print(f"    {stored - 1} stored, {AGENTS * WRITES - (stored - 1)} lost")
    shell("agent-memory health")
    claude.close()
    cursor.close()


main(sys.argv[1])
