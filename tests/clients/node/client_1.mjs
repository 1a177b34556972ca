// The official TypeScript SDK, release line 1. See ../README.md.
import { readFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [stepsFile, , command, ...args] = process.argv.slice(2);
const say = (fields) => console.log(JSON.stringify(fields));
const timer = setTimeout(() => { console.error('timed out'); process.exit(3); }, 120_000);

const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
let protocolVersion;
transport.setProtocolVersion = (version) => { protocolVersion = version; };
const client = new Client({ name: 'node-1', version: '0' });
await client.connect(transport);
say({ protocolVersion, serverName: client.getServerVersion().name });

const lists = {
  tools: () => client.listTools(),
  prompts: () => client.listPrompts(),
  resources: () => client.listResources(),
  resourceTemplates: () => client.listResourceTemplates(),
};
for (const step of JSON.parse(readFileSync(stepsFile, 'utf8'))) {
  if (step.list) say({ result: await lists[step.list]() });
  else if (step.call) say({ result: await client.callTool({ name: step.call, arguments: step.arguments }) });
  else if (step.prompt) say({ result: await client.getPrompt({ name: step.prompt, arguments: step.arguments }) });
  else say({ result: await client.readResource({ uri: step.resource }) });
}
await client.close();
clearTimeout(timer);
