"""The official Python SDK, release line 2, which speaks both eras. See ../README.md."""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters


def say(**fields):
    print(json.dumps(fields), flush=True)


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def do(client, step):
    if "list" in step:
        listing = {
            "tools": client.list_tools,
            "prompts": client.list_prompts,
            "resources": client.list_resources,
            "resourceTemplates": client.list_resource_templates,
        }
        return await listing[step["list"]]()
    if "call" in step:
        return await client.call_tool(step["call"], step["arguments"])
    if "prompt" in step:
        return await client.get_prompt(step["prompt"], step["arguments"])
    return await client.read_resource(step["resource"])


async def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        steps = json.load(file)
    command = sys.argv[3:]
    mode = os.environ.get("MCP_MODE", "auto")
    server = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    async with Client(server, mode=mode) as client:
        name = client.server_info.name if client.server_info else None
        say(protocolVersion=client.protocol_version, serverName=name)
        for step in steps:
            say(result=plain(await do(client, step)))


asyncio.run(asyncio.wait_for(main(), 120))
