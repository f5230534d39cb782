import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { temporalSettings } from '../../src/adapters/temporal-connection.js';
import { loadConfig } from '../../src/config/load.js';
import { freePort } from '../../src/dev/ports.js';
import { startTemporalServer, type TemporalServer } from '../../src/dev/temporal-server.js';
import { startWorker, type WorkerOptions } from '../../src/worker.js';
import { scraped } from './scrape.js';
import { shopFolder } from './shop.js';

let server: TemporalServer;
let state: string;
let options: WorkerOptions;

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'safeguard-metrics-'));
  server = await startTemporalServer({
    database: join(state, 'temporal.db'),
    logFile: join(state, 'temporal.log'),
    port: await freePort(),
    uiPort: await freePort(),
  });
  options = {
    config: loadConfig(join(await shopFolder(), 'safeguard.yaml')),
    settings: temporalSettings({ address: server.address, namespace: 'default' }),
    metrics: { address: '127.0.0.1', port: await freePort() },
  };
}, 120_000);
afterAll(async () => {
  await server.stop();
  await rm(state, { recursive: true });
}, 60_000);

test('a worker serves metrics; a port that is taken is an error with words; one that stops lets go of it', async () => {
  const worker = await startWorker(options);
  const port = worker.metrics?.port ?? 0;
  expect(port).toBe(options.metrics?.port);
  try {
    expect(await scraped({ port })).toMatchObject({
      'safeguard_environment_up dev': 1,
      'deployment_queue_length prod': 0,
    });
    await expect(startWorker(options)).rejects.toThrow(`Metrics can't be served at 127.0.0.1:${port}`);
  } finally {
    worker.stop();
    await worker.done;
  }
  const again = createServer();
  await new Promise<void>((resolve, reject) => {
    again.once('error', reject);
    again.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => again.close(resolve));
}, 120_000);
