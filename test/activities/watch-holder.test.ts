import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { waitUntil } from '../../lab/waiting.js';
import type { Dependencies } from '../../src/activities/dependencies.js';
import { watchHolder } from '../../src/activities/environment.js';
import { freePort } from '../../src/dev/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server.js';

let directory: string;
let server: TemporalServer;
let connection: Connection;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safeguard-watch-'));
  server = await startTemporalServer({
    port: await freePort(),
    uiPort: await freePort(),
    database: join(directory, 'temporal.db'),
    logFile: join(directory, 'temporal.log'),
  });
  connection = await Connection.connect({ address: server.address });
}, 300_000);
afterAll(async () => {
  await connection.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

/** How many long polls for a run's end are at the server. */
function countPolls(): { open: number } {
  const polls = { open: 0 };
  const { workflowService } = connection;
  const poll = workflowService.getWorkflowExecutionHistory.bind(workflowService);
  workflowService.getWorkflowExecutionHistory = (async (request: Parameters<typeof poll>[0]) => {
    polls.open += 1;
    return poll(request).finally(() => (polls.open -= 1));
  }) as typeof workflowService.getWorkflowExecutionHistory;
  return polls;
}

test('a watch that is told to end leaves no call behind, which would be repeated on a closed connection', async () => {
  const client = new Client({ connection });
  const polls = countPolls();
  const holder = await client.workflow.start('deployment', { workflowId: 'holder', taskQueue: 'nobody' });
  const activity = new MockActivityEnvironment();
  const watch = { workflowId: 'holder', runId: holder.firstExecutionRunId };
  const watching = activity.run(() => watchHolder({ temporal: client } as Dependencies, watch));
  await waitUntil('a long poll is at the server', () => polls.open === 1);
  activity.cancel();
  await expect(watching).rejects.toBeInstanceOf(CancelledFailure);
  await waitUntil('no long poll is at the server', () => polls.open === 0);
}, 60_000);
