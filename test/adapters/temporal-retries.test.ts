import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectClient, temporalSettings } from '../../src/adapters/temporal-connection.js';
import { freePort } from '../../src/dev/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server.js';

let folder: string;
let server: TemporalServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-retries-'));
  server = await startTemporalServer({
    database: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
    port: await freePort(),
    uiPort: await freePort(),
  });
}, 120_000);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

// The exception of the SDK's timer would end this process, as it would end a command that had already said how its run ended.
test('a call that waits for its next try when the connection is closed fails, and nothing else does', async () => {
  const client = await connectClient(temporalSettings({ address: server.address }));
  const handle = await client.workflow.start('nobody carries it out', {
    taskQueue: 'none',
    workflowId: 'waits',
  });
  const waiting = client.workflow.getHandle(handle.workflowId).result();
  const failed = expect(waiting).rejects.toMatchObject({ cause: { code: 1 } });
  await server.stop();
  // The server is gone, so this one has been tried in vain, and the other with it.
  await expect(client.withDeadline(Date.now() + 1_000, () => handle.describe())).rejects.toThrow();
  await client.connection.close();
  await failed;
}, 60_000);
