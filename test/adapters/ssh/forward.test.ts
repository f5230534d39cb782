import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { SshConnections } from '../../../src/adapters/ssh/connections.js';
import type { SshTarget } from '../../../src/adapters/ssh/target.js';
import { startFaultyNetwork, type FaultyNetwork } from './faulty-network.js';
import { freePort, startSshd, type Sshd } from './sshd.js';

let sshd: Sshd;
let network: FaultyNetwork;
let target: SshTarget;
let ssh: SshConnections;
let server: Server;
let port: number;
let behave: (socket: Socket) => unknown;
const sockets = new Set<Socket>();
beforeAll(async () => {
  sshd = await startSshd();
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    behave(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}, 120_000);
afterAll(async () => {
  server.close();
  await sshd.stop();
});
beforeEach(async () => {
  network = await startFaultyNetwork(sshd.port);
  const key = `[127.0.0.1]:${String(network.port)} ${sshd.hostKeys['ed25519'] ?? ''}`;
  target = { ...(await sshd.trusting(key)), port: network.port };
  ssh = new SshConnections();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await ssh.close();
  await network.stop();
});

test('bytes both ways, a megabyte of them, and a regular end', async () => {
  behave = (socket) => socket.pipe(socket);
  const socket = await ssh.forward(target, port);
  const sent = Buffer.alloc(1024 * 1024, 'abcdefg');
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

test('a port where nothing listens', async () => {
  await expect(ssh.forward(target, await freePort())).rejects.toMatchObject({ code: 'NOT_REACHED' });
  expect(ssh.size).toBe(1);
});

// ssh2's own channel ends like a regular one when the connection is lost: half a page would look like a whole one.
test('a lost connection is an error and not an end', async () => {
  behave = (socket) => socket.write('half');
  const socket = await ssh.forward(target, port);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('half');
  const failed = once(socket, 'error');
  network.reset();
  expect((await failed)[0]).toMatchObject({ code: 'CONNECTION_LOST' });
});

// ssh2's own channel never calls back for what is written after the other side has closed.
test('writing to what has been closed fails', async () => {
  behave = (socket) => socket.destroy();
  const socket = await ssh.forward(target, port);
  const failed = once(socket, 'error');
  const flood = setInterval(() => socket.write(Buffer.alloc(1024 * 1024)), 5);
  await failed;
  clearInterval(flood);
  expect(socket.destroyed).toBe(true);
});

test('destroying it closes the connection on the host', async () => {
  let closed = (): void => undefined;
  const seen = new Promise<void>((resolve) => (closed = resolve));
  behave = (socket) => {
    socket.on('end', closed).resume();
    socket.write('hello');
  };
  const socket = await ssh.forward(target, port);
  await once(socket, 'data');
  socket.destroy();
  await seen;
});

test('the connection is not idle while something is forwarded', async () => {
  behave = (socket) => socket.pipe(socket);
  ssh = new SshConnections({ idleMs: 20 });
  const socket = await ssh.forward(target, port);
  await ssh.exec(target, ['sleep', '0.1']);
  socket.write('still');
  expect(String((await once(socket, 'data'))[0])).toBe('still');
  socket.destroy();
  while (ssh.size > 0) await new Promise(setImmediate);
});
