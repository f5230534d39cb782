import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lookAtRunner } from '../../src/activities/preflight/runner-health.js';
import type { EnvironmentConfig, PrometheusConfig } from '../../src/config/load.js';
import { freePort } from '../../src/dev/ports.js';
import type { PreflightSeen } from '../../src/domain/preflight.js';
import { LOGIN, startPrometheus, type PrometheusServer } from '../adapters/probes/prometheus-server.js';
import { Authority } from '../checks/certificates.js';
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
  return lookBy({ url, runner, secretHeaders: {}, ca: undefined });
}

function lookBy(by: PrometheusConfig): Promise<PreflightSeen> {
  const environment = { prometheus: by } as EnvironmentConfig;
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

test('a Prometheus that asks for a login, by TLS of an authority of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'safeguard-runner-'));
  const authority = await Authority.found(folder);
  const guarded = await startPrometheus(
    [...instances.values()],
    await authority.issue('prometheus', 20, 'IP:127.0.0.1'),
  );
  try {
    const login = join(folder, 'login');
    const secretHeaders = { authorization: { file: login } };
    const by = { url: guarded.url, runner: selector('well'), secretHeaders, ca: join(folder, 'ca.pem') };
    await expect(lookBy(by)).rejects.toMatchObject({ code: 'SECRET_MISSING' });
    await writeFile(login, LOGIN);
    await until('it is scraped', async () => (await lookBy(by)).verdict === 'pass');
    await expect(lookBy({ ...by, ca: undefined })).rejects.toMatchObject({ code: 'PROBE_FAILED' });
    await expect(lookBy({ ...by, secretHeaders: {} })).rejects.toMatchObject({
      code: 'NOT_REACHED',
      message: expect.stringContaining('answered 401: it lets nobody in') as unknown,
    });
  } finally {
    await guarded.stop();
    await rm(folder, { recursive: true });
  }
}, 60_000);

test('without Prometheus its own numbers, which only warn', async () => {
  const seen = await lookAtRunner({ prometheus: null } as EnvironmentConfig, new AbortController().signal);
  expect(seen.found).toMatch(/^processor \d+ %, memory \d+ %, says the runner itself$/);
  expect(seen.warns).toBe(true);
});
