"""Checks every message of a wiretap's log against the JSON schema of a protocol revision. Exit 1
when one does not fit. Usage: validate_wire.py SCHEMA.json LOG"""

import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
definitions = schema["$defs"]
by_method = {}
for name, definition in definitions.items():
    method = definition.get("properties", {}).get("method", {}).get("const")
    if method:
        by_method[method] = name

checked = 0
wrong = []


def check(name, value):
    global checked
    checked += 1
    whole = {"$schema": schema["$schema"], "$defs": definitions, "$ref": f"#/$defs/{name}"}
    for error in Draft202012Validator(whole).iter_errors(value):
        wrong.append(f"{name}: {error.json_path}: {error.message[:300]}")


def check_answer(message, kind):
    if "error" in message:
        check("JSONRPCErrorResponse", message)
        return
    check("JSONRPCResultResponse", message)
    result = kind.removesuffix("Request") + "Result"
    check(result if result in definitions else "Result", message["result"])


pending = {}
with open(sys.argv[2], encoding="utf-8") as log:
    for line in log:
        if line.startswith("#"):
            pending = {}
            continue
        direction, message = line[:3], json.loads(line[4:])
        if "method" in message:
            kind = by_method.get(message["method"])
            if kind is None:
                wrong.append(f"no method {message['method']} in this revision")
                continue
            if direction == "s>c":
                check(kind, message)
            if "id" in message:
                pending[direction, json.dumps(message["id"])] = kind
        elif direction == "s>c":
            kind = pending.pop(("c>s", json.dumps(message.get("id"))), None)
            if kind is None:
                wrong.append(f"an answer to nothing: {line[:200]}")
            else:
                check_answer(message, kind)

print(json.dumps({"checked": checked, "wrong": wrong}))
sys.exit(1 if wrong or not checked else 0)
