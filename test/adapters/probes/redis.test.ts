import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fromHere, throughHost } from '../../../src/adapters/probes/dial.js';
import type { Observation } from '../../../src/domain/check.js';
import { judgeCache } from '../../../src/domain/judging.js';
import { redisProbe } from '../../../src/adapters/probes/redis.js';
import { SshConnections } from '../../../src/adapters/ssh/connections.js';
import { startSshd } from '../ssh/sshd.js';
import { startRedis, type RedisServer } from './redis-server.js';

let server: RedisServer;
let port: number;
beforeAll(async () => {
  server = await startRedis('a b$"c');
  ({ port } = server);
}, 120_000);
afterAll(() => server.stop());

test('from here', async () => {
  const { info } = await redisProbe(fromHere('127.0.0.1', port), { password: 'a b$"c' });
  expect(info).toMatchObject({ role: 'master', loading: '0', tcp_port: String(port) });
});

test('through the host', async () => {
  const sshd = await startSshd();
  const ssh = new SshConnections();
  const { info } = await redisProbe(throughHost(ssh, sshd.target, port), { password: 'a b$"c' });
  expect(info['tcp_port']).toBe(String(port));
  await ssh.close();
  await sshd.stop();
}, 30_000);

test('one that runs out of memory', async () => {
  const dial = fromHere('127.0.0.1', port);
  const look = async (): Promise<Observation> => {
    const answer = await redisProbe(dial, { password: 'a b$"c' });
    return judgeCache({ aspect: 'memory' }, answer);
  };
  expect((await look()).evidence).toMatch(/MiB in use, no limit$/);
  await server.tell('config', 'set', 'maxmemory', '64mb');
  expect(await look()).toMatchObject({ verdict: 'pass' });
  await server.tell('config', 'set', 'maxmemory', '1mb');
  expect(await look()).toMatchObject({ verdict: 'fail', evidence: expect.stringMatching(/limit 90 %/) });
  await server.tell('config', 'set', 'maxmemory', '0');
});

test('without or with a wrong password', async () => {
  const dial = fromHere('127.0.0.1', port);
  const message = (words: string): unknown => expect.stringContaining(words);
  await expect(redisProbe(dial)).rejects.toMatchObject({ code: 'NOT_REACHED', message: message('NOAUTH') });
  await expect(redisProbe(dial, { password: 'x' })).rejects.toMatchObject({
    code: 'NOT_REACHED',
    message: message('WRONGPASS'),
  });
});

test.each([
  ['something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'not from a Redis server'],
  ['half an answer', '+PONG\r\n$100\r\nabc', 'cut short'],
])('a server that is %s', async (_what, answer, message) => {
  const odd = createServer((socket) => socket.end(answer)).listen(0, '127.0.0.1');
  await once(odd, 'listening');
  const asked = redisProbe(fromHere('127.0.0.1', (odd.address() as AddressInfo).port));
  await expect(asked).rejects.toMatchObject({
    code: 'PROBE_FAILED',
    message: expect.stringContaining(message) as unknown,
  });
  odd.close();
});
