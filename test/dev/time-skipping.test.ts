import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { temporalTestServer } from '../../setup/temporal-test-server.js';
import { bundleWorkflows } from '../../src/adapters/workflow-bundle.js';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  const path = await temporalTestServer();
  environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
}, 300_000);

afterAll(() => environment.teardown());

test('a workflow that sleeps for 30 days ends in seconds', async () => {
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: 'skip',
    workflowBundle: await bundleWorkflows(join(import.meta.dirname, 'workflows', 'trivial.ts')),
  });
  const began = Date.now();
  const result: unknown = await worker.runUntil<unknown>(
    environment.client.workflow.execute('sleepLong', { taskQueue: 'skip', workflowId: 'sleep' }),
  );
  expect(result).toBe('done');
  expect(Date.now() - began).toBeLessThan(20_000);
}, 60_000);
