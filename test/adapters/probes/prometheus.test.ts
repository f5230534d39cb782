import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { queryPrometheus } from '../../../src/adapters/probes/prometheus.js';
import { freePort } from '../ssh/sshd.js';
import { startPrometheus, type PrometheusServer } from './prometheus-server.js';

const limits = { timeoutMs: 10_000 };

let prometheus: PrometheusServer;
beforeAll(async () => {
  prometheus = await startPrometheus();
}, 240_000);
afterAll(() => prometheus.stop());

function refused(code: string, words: string): object {
  return { code, message: expect.stringContaining(words) as unknown };
}

test('a vector, with its labels', async () => {
  const query =
    'label_replace(vector(1.5), "host", "web-1", "", "") or label_replace(vector(2), "host", "web-2", "", "")';
  expect(await queryPrometheus({ url: prometheus.url }, query, limits)).toEqual([
    { labels: { host: 'web-1' }, value: 1.5 },
    { labels: { host: 'web-2' }, value: 2 },
  ]);
});

test.each([
  ['1 / 0', Infinity],
  ['-1 / 0', -Infinity],
  ['0 / 0', NaN],
  ['3', 3],
])('the scalar %s', async (query, value) => {
  expect(await queryPrometheus({ url: `${prometheus.url}/` }, query, limits)).toEqual([
    { labels: {}, value },
  ]);
});

test('no sample', async () => {
  expect(await queryPrometheus({ url: prometheus.url }, 'absent_metric', limits)).toEqual([]);
});

test('what it says of a query that is none', async () => {
  await expect(queryPrometheus({ url: prometheus.url }, 'sum(', limits)).rejects.toMatchObject(
    refused('PROBE_FAILED', '400: bad_data: invalid parameter "query"'),
  );
});

test('a query over time is no vector', async () => {
  await expect(queryPrometheus({ url: prometheus.url }, 'vector(1)[1m:1m]', limits)).rejects.toMatchObject(
    refused('PROBE_FAILED', 'no vector'),
  );
});

test('nobody there', async () => {
  const url = `http://127.0.0.1:${String(await freePort())}`;
  await expect(queryPrometheus({ url }, '1', limits)).rejects.toMatchObject(
    refused('NOT_REACHED', 'ECONNREFUSED'),
  );
});

test.each<[string, RequestListener, string, string]>([
  ['another page', (_q, answer) => answer.end('<html>hello'), 'PROBE_FAILED', '<html>hello'],
  ['JSON of another shape', (_q, answer) => answer.end('{"status":"UP"}'), 'PROBE_FAILED', 'UP'],
  [
    'a proxy whose Prometheus is away',
    (_q, answer) => answer.writeHead(502).end('bad gateway'),
    'PROBE_FAILED',
    'answered 502',
  ],
  [
    'a proxy that lets nobody in',
    (_q, answer) => answer.writeHead(401).end('who are you'),
    'NOT_REACHED',
    'answered 401',
  ],
  [
    'endless',
    (_q, answer) => {
      const chunk = 'x'.repeat(64 * 1024);
      const more = (): unknown => answer.write(chunk, (error) => !error && more());
      more();
    },
    'PROBE_FAILED',
    'larger than',
  ],
  ['silent', () => undefined, 'PROBE_FAILED', 'no answer within 300 ms'],
])('a server that is %s', async (what, listener, code, words) => {
  const odd = createServer(listener).listen(0, '127.0.0.1');
  await once(odd, 'listening');
  const url = `http://127.0.0.1:${String((odd.address() as AddressInfo).port)}`;
  const asked = queryPrometheus({ url }, '1', { timeoutMs: what === 'silent' ? 300 : 10_000 });
  await expect(asked).rejects.toMatchObject(refused(code, words));
  odd.closeAllConnections();
  odd.close();
});
