"""The official Python SDK, release line 1. See ../README.md."""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import AnyUrl


def say(**fields):
    print(json.dumps(fields), flush=True)


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def do(session, step):
    if "list" in step:
        listing = {
            "tools": session.list_tools,
            "prompts": session.list_prompts,
            "resources": session.list_resources,
            "resourceTemplates": session.list_resource_templates,
        }
        return await listing[step["list"]]()
    if "call" in step:
        return await session.call_tool(step["call"], step["arguments"])
    if "prompt" in step:
        return await session.get_prompt(step["prompt"], step["arguments"])
    return await session.read_resource(AnyUrl(step["resource"]))


async def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        steps = json.load(file)
    command = sys.argv[3:]
    server = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        say(protocolVersion=hello.protocolVersion, serverName=hello.serverInfo.name)
        for step in steps:
            say(result=plain(await do(session, step)))


asyncio.run(asyncio.wait_for(main(), 120))
