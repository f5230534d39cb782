import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { SshConnections } from '../../../src/adapters/ssh/connections.js';
import type { Staying } from '../../../src/adapters/ssh/staying-command.js';
import type { SshTarget } from '../../../src/adapters/ssh/target.js';
import { startFaultyNetwork, type FaultyNetwork } from './faulty-network.js';
import { freePort, startSshd, type Sshd } from './sshd.js';

let sshd: Sshd;
let network: FaultyNetwork;
let target: SshTarget;
let ssh: SshConnections;
beforeAll(async () => {
  sshd = await startSshd();
}, 120_000);
afterAll(() => sshd.stop());
beforeEach(async () => {
  network = await startFaultyNetwork(sshd.port);
  const keys = Object.values(sshd.hostKeys).map((key) => `[127.0.0.1]:${String(network.port)} ${key}\n`);
  target = { ...(await sshd.trusting(keys.join(''))), port: network.port };
  ssh = new SshConnections();
});
afterEach(async () => {
  await ssh.close();
  await network.stop();
});

/** Starts a command that waits for ever and resolves once it runs. */
async function running(): Promise<{ readonly ended: Promise<unknown> }> {
  let started = (): void => undefined;
  const runs = new Promise<void>((resolve) => (started = resolve));
  const ended = ssh.exec(target, ['sh', '-c', 'echo up; exec sleep 600'], { onStdoutLine: started });
  ended.catch(() => undefined);
  await runs;
  return { ended };
}

test('status, output and input', async () => {
  const script = 'cat; echo problem >&2; exit 3';
  expect(await ssh.exec(target, ['sh', '-c', script], { stdin: 'to be read' })).toEqual({
    code: 3,
    signal: null,
    stdout: 'to be read',
    stderr: 'problem\n',
  });
  expect(await ssh.exec(target, ['sh', '-c', 'kill -9 $$'])).toMatchObject({ code: null, signal: 'SIGKILL' });
});

// node-ssh's own strings came back broken: each packet is decoded for itself there.
test('characters that packets cut in two', async () => {
  const text = 'xü✓'.repeat(100_000);
  const { stdout } = await ssh.exec(target, ['cat'], { stdin: text });
  expect(stdout === text).toBe(true);
});

test('twelve commands at once share one connection, although sshd allows ten', async () => {
  const all = await Promise.all(
    Array.from({ length: 12 }, (_, n) => ssh.exec(target, ['sh', '-c', `sleep 0.2; echo ${String(n)}`])),
  );
  expect(all.map(({ stdout }) => stdout.trim())).toEqual(Array.from({ length: 12 }, (_, n) => String(n)));
  expect(network.accepted()).toBe(1);
});

test('commands that hang hold their sessions: what can be started no more is told as such, until they end', async () => {
  const mark = join(sshd.directory, 'go-on');
  for (let count = 0; count < 10; count += 1) {
    const given = new AbortController();
    const script = 'echo up; until [ -e "$0" ]; do sleep 0.05; done';
    const hangs = ssh.exec(target, ['sh', '-c', script, mark], {
      signal: given.signal,
      onStdoutLine: () => given.abort(new Error('given up')),
    });
    await expect(hangs).rejects.toThrow('given up');
  }
  const refused = {
    code: 'HOST_UNREACHABLE',
    message: expect.stringMatching(/^\w+ on .* could not be started: /),
  };
  await expect(ssh.exec(target, ['true'])).rejects.toMatchObject(refused);
  const stay: Staying = {
    invitation: 'stay\n',
    accepts: () => true,
    endIn: () => undefined,
    takesBody: () => false,
    isSound: () => true,
  };
  await expect(ssh.exec(target, ['cat'], { stay, stdin: 'x\n' })).rejects.toMatchObject(refused);

  await writeFile(mark, '');
  const again = (): Promise<unknown> => ssh.exec(target, ['true']).catch(() => again());
  expect(await again()).toMatchObject({ code: 0 });
  expect(network.accepted()).toBe(1);
});

// Without the listeners in `SshConnection` a reset ended the process, and after a hang-up node-ssh resolved with `code: null`.
test.each(['reset', 'hangUp'] as const)(
  'a connection that is lost (%s) rejects and is replaced',
  async (fault) => {
    const { ended } = await running();
    network[fault]();
    await expect(ended).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(ssh.size).toBe(0);
    expect((await ssh.exec(target, ['echo', 'again'])).stdout).toBe('again\n');
    expect(network.accepted()).toBe(2);
  },
);

test('an idle connection that is reset does not end the process', async () => {
  await ssh.exec(target, ['true']);
  network.reset();
  while (ssh.size > 0) await new Promise(setImmediate);
  expect((await ssh.exec(target, ['echo', 'again'])).stdout).toBe('again\n');
});

// Without `#watchSilence` this ran into Jest's time-out.
test('silence is noticed', async () => {
  ssh = new SshConnections({ keepaliveIntervalMs: 200, silenceMs: 500 });
  const { ended } = await running();
  network.silence();
  const since = performance.now();
  await expect(ended).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
    message: expect.stringContaining('no sign of life') as unknown,
  });
  expect(performance.now() - since).toBeLessThan(1_500);
});

test('silence is noticed within six seconds and a bit by default', async () => {
  const { ended } = await running();
  network.silence();
  const since = performance.now();
  await expect(ended).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  expect(performance.now() - since).toBeLessThan(7_000);
}, 15_000);

// With ssh2's own judgement (keepaliveCountMax 6) the connection was cut: the answer waits behind the upload.
test('a slow line is not mistaken for a dead one', async () => {
  ssh = new SshConnections({ keepaliveIntervalMs: 100, silenceMs: 700 });
  await ssh.exec(target, ['true']);
  network.slow(20_000);
  const { stdout } = await ssh.exec(target, ['wc', '-c'], { stdin: 'x'.repeat(3_000_000) });
  expect(stdout.trim()).toBe('3000000');
}, 20_000);

test('a quiet command on a living host goes on', async () => {
  ssh = new SshConnections({ keepaliveIntervalMs: 100, silenceMs: 300 });
  expect((await ssh.exec(target, ['sleep', '1.2'])).code).toBe(0);
});

test('an abort rejects with its reason, ends the input of the command and leaves the connection to others', async () => {
  const neighbour = ssh.exec(target, ['sh', '-c', 'sleep 0.5; echo well']);
  const abort = new AbortController();
  const file = join(sshd.directory, 'ended');
  const script = 'echo up; cat >/dev/null; echo yes >"$1"';
  const onStdoutLine = (): void => abort.abort(new Error('enough'));
  const { signal } = abort;
  const stdin = new (await import('node:stream')).PassThrough();
  await expect(
    ssh.exec(target, ['sh', '-c', script, 'sh', file], { stdin, signal, onStdoutLine }),
  ).rejects.toThrow('enough');
  expect(stdin.destroyed).toBe(true);
  expect((await neighbour).stdout).toBe('well\n');
  // `cat` saw the end of its input: the channel was closed and not just forgotten.
  const waited = await ssh.exec(target, ['sh', '-c', 'until [ -s "$1" ]; do sleep 0.05; done', 'sh', file], {
    timeoutMs: 3_000,
  });
  expect(waited.code).toBe(0);
  expect(network.accepted()).toBe(1);
});

test('an aborted signal keeps a command from being started', async () => {
  await expect(ssh.exec(target, ['true'], { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
    'no',
  );
});

test('a command that takes too long', async () => {
  await expect(ssh.exec(target, ['sleep', '60'], { timeoutMs: 200 })).rejects.toMatchObject({
    code: 'HOST_TIMEOUT',
  });
});

test.each(['exec yes', 'exec yes >&2'])('a flood is cut off (%s)', async (script) => {
  const flood = ssh.exec(target, ['sh', '-c', script], { maxOutputBytes: 100_000 });
  await expect(flood).rejects.toMatchObject({ code: 'HOST_OUTPUT_TOO_LARGE' });
  expect((await ssh.exec(target, ['echo', 'alive'])).stdout).toBe('alive\n');
});

// Unguarded, ssh2 took the exception for a broken packet and ended the connection that others use.
test('an exception of the listener belongs to its command alone', async () => {
  const neighbour = ssh.exec(target, ['sh', '-c', 'sleep 0.5; echo well']);
  const onStdoutLine = (): void => {
    throw new Error('mine');
  };
  await expect(ssh.exec(target, ['echo', 'line'], { onStdoutLine })).rejects.toThrow('mine');
  expect((await neighbour).stdout).toBe('well\n');
});

// Without `finished` the command waited for its input until Jest gave up.
test('an input that fails ends the command', async () => {
  const { Readable } = await import('node:stream');
  const stdin = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      await Promise.resolve();
      throw new Error('disk gone');
    })(),
  );
  await expect(ssh.exec(target, ['cat'], { stdin })).rejects.toThrow('disk gone');
});

test('lines come whole, the last one too', async () => {
  const lines: string[] = [];
  await ssh.exec(target, ['printf', 'one\\ntwo\\n\\nlast'], { onStdoutLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two', '', 'last']);
});

test('an unused connection is closed', async () => {
  ssh = new SshConnections({ idleMs: 20 });
  await ssh.exec(target, ['true']);
  while (ssh.size > 0) await new Promise(setImmediate);
  await ssh.exec(target, ['true']);
  expect(network.accepted()).toBe(2);
});

test('a connection that is anticipated is there when it is needed, and one that fails is tried again', async () => {
  ssh.anticipate(target);
  expect(ssh.size).toBe(1);
  await ssh.exec(target, ['true']);
  expect(network.accepted()).toBe(1);

  const gone = { ...target, port: await freePort() };
  ssh.anticipate(gone);
  while (ssh.size > 1) await new Promise(setImmediate);
  await expect(ssh.exec(gone, ['true'])).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
});

test('closing ends what runs', async () => {
  const { ended } = await running();
  await ssh.close();
  await expect(ended).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await expect(ssh.exec(target, ['true'])).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a login that is refused', async () => {
  const stranger = { ...target, user: 'nobody' };
  await expect(ssh.exec(stranger, ['true'])).rejects.toMatchObject({ code: 'LOGIN_REFUSED' });
  const garbage = { ...target, privateKeyFile: target.knownHostsFile };
  await expect(ssh.exec(garbage, ['true'])).rejects.toMatchObject({ code: 'LOGIN_REFUSED' });
  expect(ssh.size).toBe(0);
});

test('a host that refuses the connection', async () => {
  const gone = { ...target, port: await freePort() };
  await expect(ssh.exec(gone, ['true'])).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
});

test.each([
  ['says nothing', (): void => undefined],
  [
    'speaks another protocol',
    (socket: Socket): unknown => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(500)),
  ],
  ['hangs up', (socket: Socket): unknown => socket.end()],
  ['resets', (socket: Socket): unknown => socket.resetAndDestroy()],
])('a host that accepts and then %s', async (_what, behave) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    behave(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ssh = new SshConnections({ connectTimeoutMs: 500 });
  const odd = { ...target, port: (server.address() as AddressInfo).port };
  await expect(ssh.exec(odd, ['true'])).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  for (const socket of sockets) socket.destroy();
  server.close();
});
