import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { environmentMetrics, serveMetrics, type MetricsServer } from '../../src/adapters/metrics.js';
import type { QueuedRun } from '../../src/domain/environment-state.js';
import { queueFigures } from '../../src/queue-figures.js';
import { environmentWorkflowId } from '../../src/workflows/messages.js';
import { CliServer } from './cli-server.js';
import { holder, serving } from './environments.js';
import { scraped } from './scrape.js';

let cli: CliServer;
let metrics: MetricsServer;
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
  metrics = await served((environment) => queueFigures(cli.client, 'shop', environment));
}, 300_000);
afterAll(async () => {
  await metrics.close();
  await cli.stop();
}, 60_000);

function served(ask: Parameters<typeof environmentMetrics>[0]['ask']): Promise<MetricsServer> {
  const registry = environmentMetrics({ application: 'shop', environments: ['dev', 'prod'], ask });
  return serveMetrics(registry, { address: '127.0.0.1', port: 0 });
}

function waiting(deploymentId: string, over: Partial<QueuedRun> = {}): QueuedRun {
  return {
    kind: 'deployment',
    deploymentId,
    workflowId: `deployment/prod/2.2.0/${deploymentId}`,
    runId: 'r',
    version: '2.2.0',
    requestedBy: 'ben',
    enqueuedAt: '2026-11-21T12:01:00Z',
    ...over,
  };
}

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

const busy = {
  ...serving,
  epoch: 3,
  holder: { ...holder('deployment', 'deployment/prod/2.1.0/holder-01'), grantedAt: minutesAgo(20) },
  queue: [waiting('repair-01', { kind: 'converge', version: 'converge' }), waiting('second-01')],
};
const stalled = { ...busy, holder: { ...busy.holder, stalledSince: minutesAgo(16) } };

test('queue names who waits, in order, and what takes each out', async () => {
  await cli.environment('prod', busy);
  const { status, stdout } = await cli.run('queue', 'prod');
  expect(status).toBe(0);
  expect(stdout).toContain('shop/prod: 2 waiting, held by 2.1.0 — holder-01, asked by alice');
  expect(stdout).toMatch(/1 +converge +repair-01 +ben +2026-11-21 12:01:00Z .*abort prod --id repair-01/);
  expect(stdout).toMatch(/2 +2\.2\.0 +second-01 .*safeguard abort prod --id second-01/);
  const json = JSON.parse((await cli.run('queue', 'prod', '--json')).stdout) as unknown;
  expect(json).toMatchObject({
    application: 'shop',
    environment: 'prod',
    holder: { deploymentId: 'holder-01' },
    queue: [{ position: 1 }, { position: 2, cancel: 'safeguard abort prod --id second-01' }],
  });
  expect((await cli.run('queue', 'dev')).stdout).toBe('shop/dev: 0 waiting, held by nobody');
}, 60_000);

test('lock show says who holds it, how far that run is, and what to do when it makes no progress', async () => {
  await cli.run('deploy', 'prod', '--version', '2.1.0', '--id', 'holder-01');
  await cli.environment('prod', busy);
  const { stdout } = await cli.run('lock', 'show', 'prod');
  expect(stdout).toContain('held by 2.1.0 — holder-01, asked by alice; 2 waiting');
  expect(stdout).toContain('epoch     3, incarnation incarnation');
  expect(stdout).toContain('step      awaiting-approval: activate backend');
  expect(stdout).toContain('progress  moving');
  expect(stdout).not.toContain('terminate');

  await cli.environment('prod', stalled);
  const now = await cli.run('lock', 'show', 'prod');
  expect(now.stdout).toMatch(/progress {2}none since .* \(16 min/);
  expect(now.stdout).toContain('abort     safeguard abort prod --id holder-01');
  expect(now.stdout).toContain('terminate --workflow-id deployment/prod/2.1.0/holder-01');
  const json = JSON.parse((await cli.run('lock', 'show', 'prod', '--json')).stdout) as unknown;
  expect(json).toMatchObject({ epoch: 3, waiting: 2, holder: { stalled: true, step: 'activate backend' } });
  expect((await cli.run('lock', 'show', 'dev')).stdout).toContain('free: nothing was ever deployed');
}, 60_000);

test('status shows at a glance what is stalled, disabled, paused or frozen', async () => {
  const said = { by: 'cleo', reason: 'stocktaking', at: minutesAgo(5) };
  await cli.environment('prod', {
    ...stalled,
    switches: {
      disabled: { ...said, until: null },
      paused: { ...said, until: minutesAgo(1) },
      freezes: [{ ...said, id: 'stock', from: minutesAgo(5), until: minutesAgo(-5) }],
    },
  });
  const all = (await cli.run('status')).stdout;
  expect(all).toMatch(/prod .*2\.1\.0.* 2 .*disabled, frozen, stalled/);
  const one = (await cli.run('status', 'prod')).stdout;
  expect(one).toMatch(/no deployments: disabled by cleo since .*stocktaking/);
  expect(one).toMatch(/no deployments: frozen by cleo from .*stocktaking/);
  expect(one).not.toContain('paused');
  expect(one).toMatch(/held by .*no progress for 16 min/);
}, 60_000);

test('a scrape asks the environments themselves: who waits, how long it is held, whether that is too long', async () => {
  await cli.environment('prod', busy);
  const figures = await scraped(metrics);
  expect(figures).toMatchObject({
    'safeguard_environment_up prod': 1,
    'deployment_queue_length prod': 2,
    'deployment_lock_stale prod': 0,
    // Nothing was ever deployed there.
    'safeguard_environment_up dev': 1,
    'deployment_queue_length dev': 0,
    'deployment_lock_held_seconds dev': 0,
    'deployment_lock_stale dev': 0,
  });
  expect(figures['deployment_lock_held_seconds prod']).toBeGreaterThan(1199);
  await cli.environment('prod', stalled);
  expect(await scraped(metrics)).toMatchObject({ 'deployment_lock_stale prod': 1 });
  await cli.environment('prod', serving);
  expect(await scraped(metrics)).toMatchObject({
    'deployment_queue_length prod': 0,
    'deployment_lock_held_seconds prod': 0,
    'deployment_lock_stale prod': 0,
  });
}, 60_000);

test('an environment that was terminated has no figures, and says that it is not there', async () => {
  await cli.environment('prod', busy);
  expect(await scraped(metrics)).toMatchObject({ 'safeguard_environment_up prod': 1 });
  await cli.client.workflow.getHandle(environmentWorkflowId('shop', 'prod')).terminate('test');
  const figures = await scraped(metrics);
  expect(Object.keys(figures).filter((key) => key.endsWith(' prod'))).toEqual([
    'safeguard_environment_up prod',
  ]);
  expect(figures['safeguard_environment_up prod']).toBe(0);
  expect((await fetch(`http://127.0.0.1:${metrics.port}/`)).status).toBe(404);
}, 60_000);

test('one look does for all gauges, and the next scrape looks again', async () => {
  let looks = 0;
  const other = await served((environment) => {
    looks += environment === 'dev' ? 1 : 0;
    return Promise.resolve({ queueLength: looks, lockHeldSeconds: 0, isLockStale: false });
  });
  try {
    expect(await scraped(other)).toMatchObject({ 'deployment_queue_length dev': 1 });
    expect(await scraped(other)).toMatchObject({ 'deployment_queue_length dev': 2 });
  } finally {
    await other.close();
  }
});
