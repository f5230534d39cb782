import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { calledIn, cut, neededOf } from '../../setup/client-protobuf.js';
import type { Nodes } from '../../setup/protobuf-closure.js';

// The protobuf that the command line is built with.
const FILE = createRequire(import.meta.url).resolve('@temporalio/proto/protos/json-module.js');

const whole = async (): Promise<Nodes> => cut(await readFile(FILE, 'utf8')).whole;

/** A node by its full name. */
function at(nodes: Nodes, name: string): Nodes[string] | undefined {
  const [first = '', ...rest] = name.split('.');
  const found = nodes[first];
  return rest.length === 0 ? found : at(found?.nested ?? {}, rest.join('.'));
}

describe('what the command line has of Temporal’s protobuf', () => {
  test('is less than half of it', async () => {
    const all = await whole();
    const needed = await neededOf(all, []);
    expect(JSON.stringify(needed).length).toBeLessThan(JSON.stringify(all).length / 2);
  });

  test('has what a connection creates, what its methods are asked with and answer, and how the server refuses', async () => {
    const needed = await neededOf(await whole(), ['DescribeTaskQueue']);
    const service = at(needed, 'temporal.api.workflowservice.v1.WorkflowService');
    expect(Object.keys(service?.methods ?? {})).toEqual(
      expect.arrayContaining([
        'GetSystemInfo',
        'StartWorkflowExecution',
        'QueryWorkflow',
        'DescribeTaskQueue',
      ]),
    );
    for (const name of [
      'temporal.api.workflowservice.v1.DescribeTaskQueueResponse',
      'temporal.api.taskqueue.v1.PollerInfo',
      'temporal.api.history.v1.HistoryEvent',
      'temporal.api.errordetails.v1.NamespaceNotFoundFailure',
      'temporal.api.enums.v1.WorkflowExecutionStatus',
      'google.protobuf.Timestamp',
      'google.rpc.Status',
      'grpc.health.v1.Health',
    ])
      expect([name, at(needed, name)]).toEqual([name, expect.anything()]);
  });

  test('has none of what nobody asks for', async () => {
    const needed = await neededOf(await whole(), []);
    expect(at(needed, 'temporal.api.workflowservice.v1.ListSchedulesRequest')).toBeUndefined();
    expect(at(needed, 'coresdk.workflow_activation.WorkflowActivation')).toBeUndefined();
  });

  test('a method that there is not fails the build', async () => {
    await expect(neededOf(await whole(), ['DescribeNothing'])).rejects.toThrow(
      /has no method DescribeNothing/,
    );
    expect(calledIn('connection.workflowService.describeTaskQueue({})')).toEqual(['DescribeTaskQueue']);
  });
});
