import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { pruned, type Node } from './protobuf-closure.js';

const MODULE = /@temporalio\/proto\/protos\/json-module\.js$/;

/** What a connection of the SDK creates by name, and the details that a refusal of the server may carry. */
export const CLIENT_ROOTS = [
  'temporal.api.workflowservice.v1.WorkflowService',
  'temporal.api.operatorservice.v1.OperatorService',
  'temporal.api.testservice.v1.TestService',
  'temporal.api.errordetails.v1',
  'temporal.api.failure.v1',
  'temporal.api.sdk.v1',
  'grpc.health.v1.Health',
  'google.rpc',
];

/** Leaves messages out of the protobuf module that nothing in the client can reach: a command would read them all at its start. */
export const protobufOfClient: Plugin = {
  name: 'protobuf-of-client',
  setup(build) {
    build.onLoad({ filter: MODULE }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const start = text.indexOf('.addJSON(') + '.addJSON('.length;
      const end = text.lastIndexOf('});') + 1;
      const whole = JSON.parse(text.slice(start, end)) as Record<string, Node>;
      const kept = JSON.stringify(pruned(whole, CLIENT_ROOTS));
      return { contents: text.slice(0, start) + kept + text.slice(end), loader: 'js' };
    });
  },
};
