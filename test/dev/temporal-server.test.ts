import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { registerSearchAttributes } from '../../src/adapters/search-attributes.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { connect, connectClient, temporalSettings } from '../../src/adapters/temporal-connection.js';
import { connectWorker } from '../../src/adapters/temporal-worker-connection.js';
import { bundleWorkflows } from '../../src/adapters/workflow-bundle.js';
import { useOrStartServer, type FoundServer } from '../../src/dev/find-server.js';
import { freePort } from '../../src/dev/ports.js';
import type { ServerChange } from '../../src/dev/server-supervisor.js';
import { startTemporalServer } from '../../src/dev/temporal-server.js';

type Started = Extract<FoundServer, { kind: 'started' }>;

let home: string;
let settings: ReturnType<typeof temporalSettings>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'safeguard-'));
  settings = temporalSettings({ environment: { HOME: home } });
});

afterEach(() => rm(home, { recursive: true }));

async function started(onChange: (change: ServerChange) => void): Promise<Started> {
  const [port, uiPort] = [await freePort(), await freePort()];
  const found = await useOrStartServer({ settings, stateDirectory: home, port, uiPort, onChange });
  if (found.kind !== 'started') throw new Error(`expected a new server, got ${found.kind}`);
  return found;
}

Runtime.install({ logger: new DefaultLogger('ERROR') });

test('a workflow goes on after its server was killed and came back by itself', async () => {
  const changes: ServerChange[] = [];
  const server = await started((change) => changes.push(change));
  const client = await connectClient(server.settings);
  const connection = await connectWorker(server.settings);
  try {
    let calls = 0;
    const noop = () => {
      calls += 1;
      if (calls === 5) process.kill(server.pid(), 'SIGKILL');
      return Promise.resolve();
    };
    const worker = await Worker.create({
      connection,
      taskQueue: 'queue',
      workflowBundle: await bundleWorkflows(join(import.meta.dirname, 'workflows', 'trivial.ts')),
      activities: { noop },
    });
    const run = { taskQueue: 'queue', workflowId: 'survivor', args: [10] };
    const result: unknown = await worker.runUntil<unknown>(async () => {
      const handle = await client.workflow.start('repeat', run);
      return handle.result();
    });
    expect(result).toBe('done');
    expect(changes.map(({ type }) => type)).toEqual(['died', 'back']);
  } finally {
    await connection.close();
    await client.connection.close();
    await server.stop();
  }
}, 120_000);

test('the second start on the same state directory says who runs the first', async () => {
  const first = await started(() => undefined);
  try {
    const second = await useOrStartServer({ settings, stateDirectory: home });
    expect(second).toMatchObject({ kind: 'running', pid: process.pid, uiUrl: first.uiUrl });
    expect(second.settings.address).toBe(first.settings.address);
  } finally {
    await first.stop();
  }
}, 60_000);

test('a configured server is used as it is, and its search attributes are registered once', async () => {
  const [port, uiPort] = [await freePort(), await freePort()];
  const place = { database: join(home, 'temporal.db'), logFile: join(home, 'log'), port, uiPort };
  const server = await startTemporalServer(place);
  const theirs = temporalSettings({ address: server.address, environment: { HOME: home } });
  const connection = await connect(theirs);
  try {
    const found = await useOrStartServer({ settings: theirs, stateDirectory: home });
    expect(found).toMatchObject({ kind: 'configured', settings: theirs });
    await registerSearchAttributes(connection, 'default');
    const known = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(known.customAttributes)).toEqual(
      expect.arrayContaining(Object.values(SEARCH_ATTRIBUTES)),
    );
    await expect(startTemporalServer(place)).rejects.toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      message: expect.stringContaining(`Port ${port} is in use`),
    });
  } finally {
    await connection.close();
    await server.stop();
  }
}, 60_000);
