import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lookAtRunner } from '../../src/activities/preflight/runner-health.js';
import type { EnvironmentConfig } from '../../src/config/load.js';
import { freePort } from '../../src/dev/ports.js';
import type { PreflightSeen } from '../../src/domain/preflight.js';
import { startPrometheus, type PrometheusServer } from '../adapters/probes/prometheus-server.js';
import { until } from '../hosts/campus-lab.js';

/** What a runner's exporter says; one line a metric. */
const exporters = [
  { name: 'well', lines: 'runner_status 1\nrunner_cpu_usage_percent 12.4\nrunner_memory_usage_percent 40\n' },
  { name: 'busy', lines: 'runner_status 1\nrunner_cpu_usage_percent 97\nrunner_memory_usage_percent 40\n' },
  { name: 'down', lines: 'runner_status 0\nrunner_cpu_usage_percent 1\nrunner_memory_usage_percent 1\n' },
];

let prometheus: PrometheusServer;
let servers: Server[];
const instances = new Map<string, string>();

beforeAll(async () => {
  servers = await Promise.all(
    exporters.map(async ({ name, lines }) => {
      const server = createServer((_request, response) => response.end(lines));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      instances.set(name, `127.0.0.1:${(server.address() as AddressInfo).port}`);
      return server;
    }),
  );
  prometheus = await startPrometheus([...instances.values()]);
  for (const name of instances.keys())
    await until(`${name} is scraped`, async () => (await look(selector(name))).verdict !== 'unknown');
}, 120_000);
afterAll(async () => {
  await prometheus.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

function selector(name: string): string {
  return `{instance="${instances.get(name) ?? ''}"}`;
}

function look(runner: string, url = prometheus.url): Promise<PreflightSeen> {
  const environment = { prometheus: { url, runner } } as EnvironmentConfig;
  return lookAtRunner(environment, new AbortController().signal);
}

test.each([
  ['well', 'pass', 'status 1, processor 12 %, memory 40 %, says Prometheus'],
  ['busy', 'fail', 'status 1, processor 97 %, memory 40 %, says Prometheus'],
  ['down', 'fail', 'status 0, processor 1 %, memory 1 %, says Prometheus'],
])('a runner that is %s', async (name, verdict, found) => {
  expect(await look(selector(name))).toMatchObject({ verdict, found });
});

test('of several the worst counts', async () => {
  const found = 'status 0, processor 97 %, memory 40 %, says Prometheus';
  expect(await look('{}')).toMatchObject({ verdict: 'fail', found });
});

test('a runner that Prometheus knows nothing of', async () => {
  expect(await look('{instance="nobody"}')).toMatchObject({ verdict: 'unknown' });
});

test('a Prometheus that does not answer, and a selector that is none', async () => {
  const away = `http://127.0.0.1:${String(await freePort())}`;
  await expect(look('{}', away)).rejects.toMatchObject({ code: 'NOT_REACHED' });
  await expect(look('{instance=}')).rejects.toMatchObject({ code: 'PROBE_FAILED' });
});

test('without Prometheus its own numbers, which only warn', async () => {
  const seen = await lookAtRunner({ prometheus: null } as EnvironmentConfig, new AbortController().signal);
  expect(seen.found).toMatch(/^processor \d+ %, memory \d+ %, says the runner itself$/);
  expect(seen.warns).toBe(true);
});
