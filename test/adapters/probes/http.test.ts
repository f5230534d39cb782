import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromHere, throughHost, type Dial } from '../../../src/adapters/probes/dial.js';
import { httpProbe } from '../../../src/adapters/probes/http.js';
import { SshConnections } from '../../../src/adapters/ssh/connections.js';
import { freePort, startSshd, type Sshd } from '../ssh/sshd.js';

let sshd: Sshd;
let server: Server;
let port: number;
const ssh = new SshConnections();

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/silent') return;
  if (request.url === '/half') {
    response.write('half', () => response.destroy());
    return;
  }
  if (request.url === '/large') {
    response.end(Buffer.alloc(1024 * 1024 + 1, 'x'));
    return;
  }
  response.writeHead(503, {
    'x-seen': `${request.headers.host ?? ''} ${request.headers.connection ?? ''} ${String(request.headers['x-a'])}`,
  });
  response.end(`down ${request.url ?? ''} ü`);
}

beforeAll(async () => {
  sshd = await startSshd();
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}, 120_000);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await ssh.close();
  await sshd.stop();
});

testBothWays('an answer of any status', async (dial) => {
  const found = await httpProbe(dial, {
    path: '/health?x=1',
    hostName: 'campus.test',
    headers: { 'x-a': 'b' },
  });
  expect(found).toMatchObject({
    status: 503,
    body: 'down /health?x=1 ü',
    headers: { 'x-seen': 'campus.test close b' },
  });
  expect(found.ms).toBeGreaterThanOrEqual(0);
});

testBothWays('no answer in time', async (dial) => {
  const asked = httpProbe(dial, { path: '/silent', timeoutMs: 200 });
  await expect(asked).rejects.toMatchObject({
    code: 'PROBE_FAILED',
    message: expect.stringContaining('within 200 ms') as unknown,
  });
});

testBothWays('half an answer is none', async (dial) => {
  await expect(httpProbe(dial, { path: '/half' })).rejects.toMatchObject({ code: 'PROBE_FAILED' });
});

testBothWays('too long an answer', async (dial) => {
  const asked = httpProbe(dial, { path: '/large' });
  await expect(asked).rejects.toMatchObject({
    code: 'PROBE_FAILED',
    message: expect.stringContaining('larger') as unknown,
  });
});

testBothWays('an abort', async (dial) => {
  const abort = new AbortController();
  const asked = httpProbe(dial, { path: '/silent', signal: abort.signal });
  server.once('request', () => abort.abort(new Error('stop')));
  await expect(asked).rejects.toThrow('stop');
});

test('nothing listens', async () => {
  const nobody = await freePort();
  await expect(httpProbe(fromHere('127.0.0.1', nobody), { path: '/' })).rejects.toMatchObject({
    code: 'NOT_REACHED',
  });
  await expect(httpProbe(throughHost(ssh, sshd.target, nobody), { path: '/' })).rejects.toMatchObject({
    code: 'NOT_REACHED',
  });
});

test('an unreachable host keeps its own code', async () => {
  const gone = { ...sshd.target, port: await freePort() };
  await expect(httpProbe(throughHost(ssh, gone, port), { path: '/' })).rejects.toMatchObject({
    code: 'HOST_UNREACHABLE',
  });
});

/** The same from here and through the host. */
function testBothWays(name: string, check: (dial: Dial) => Promise<void>): void {
  test(`${name}, from here`, () => check(fromHere('127.0.0.1', port)));
  test(`${name}, through the host`, () => check(throughHost(ssh, sshd.target, port)));
}
