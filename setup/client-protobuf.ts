import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';
import { only, pruned, type Nodes } from './protobuf-closure.js';

const MODULE = /@temporalio\/proto\/protos\/json-module\.js$/;
const SDK = dirname(createRequire(import.meta.url).resolve('@temporalio/client'));

/** The two parts of the SDK's client that the command line uses; its own calls of a service are given beside them. */
const CALLERS = ['connection.js', 'workflow-client.js'].map((file) => join(SDK, file));

const WORKFLOW_SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

/** What a connection creates by name, and the details that a refusal of the server may carry. */
const ROOTS = [
  WORKFLOW_SERVICE,
  'temporal.api.operatorservice.v1.OperatorService',
  'temporal.api.testservice.v1.TestService',
  'temporal.api.errordetails.v1',
  'temporal.api.failure.v1',
  'temporal.api.sdk.v1',
  'grpc.health.v1.Health',
  'google.rpc',
];

/** Methods of the workflow service, as protobuf has their names, that a source calls. */
export function calledIn(source: string): string[] {
  return [...source.matchAll(/\bworkflowService\.([a-z])(\w*)/g)].map(
    ([, first = '', rest = '']) => first.toUpperCase() + rest,
  );
}

/**
 * What of the protobuf of Temporal a client needs that calls these methods of the workflow service, and those that the SDK's
 * connection and workflow client call.
 * @throws Error when the protobuf lacks one of them, or what a connection creates
 */
export async function neededOf(whole: Nodes, called: readonly string[]): Promise<Nodes> {
  const sources = await Promise.all(CALLERS.map((file) => readFile(file, 'utf8')));
  const methods = new Set([...sources.flatMap(calledIn), ...called]);
  return pruned(only(whole, WORKFLOW_SERVICE, methods), ROOTS);
}

/** The text of the SDK's protobuf module, cut at its JSON. */
export function cut(text: string): {
  readonly before: string;
  readonly whole: Nodes;
  readonly after: string;
} {
  const call = '.addJSON(';
  const start = text.indexOf(call) + call.length;
  const end = text.lastIndexOf('});') + 1;
  return {
    before: text.slice(0, start),
    whole: JSON.parse(text.slice(start, end)) as Nodes,
    after: text.slice(end),
  };
}

/** Leaves out of the SDK's protobuf what no command can come to: each command would read it at its start, and make objects of it. */
export function protobufOfClient(called: readonly string[]): Plugin {
  return {
    name: 'protobuf-of-client',
    setup(build) {
      build.onLoad({ filter: MODULE }, async ({ path }) => {
        const { before, whole, after } = cut(await readFile(path, 'utf8'));
        return { contents: before + JSON.stringify(await neededOf(whole, called)) + after, loader: 'js' };
      });
    },
  };
}
