import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostProgram, type HostLimits } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import { startSshd, type Sshd } from './ssh/sshd.js';

const LIBRARY = fileURLToPath(new URL('../../ansible/library', import.meta.url));
const PATIENT: HostLimits = { lookMs: 30_000, changeMs: 30_000 };

const of = { application: 'campus', environment: 'test' };
const token = { incarnation: 'i', epoch: 1, run: 'r', step: 1, try: 1, attempt: 1 };
const renew = { ...of, operation: 'renew' as const, token, lease: 60 };

let sshd: Sshd;
let ssh: SshConnections;
let program: string;
let programs = 0;

beforeAll(async () => {
  sshd = await startSshd();
}, 120_000);
beforeEach(() => {
  programs += 1;
  program = join(sshd.directory, `staying-${programs}.py`);
  // Longer than any test: what ends before was ended for another reason.
  ssh = new SshConnections({ stayMs: 600_000, idleMs: 600_000 });
});
afterEach(() => ssh.close());
afterAll(() => sshd.stop());

/** A host whose program notes each of its processes that is started. */
async function write(text: string, limits = PATIENT): Promise<HostProgram> {
  const head = `import os, sys, time\nopen(${JSON.stringify(`${program}.started`)}, 'a').write(f'{os.getpid()}\\n')`;
  await writeFile(program, `${head}\n${text}`);
  return new HostProgram(ssh, ['python3', '-B', program], limits);
}

/** The real program, on a machine that is not prepared: it says so each time. */
const real = (): Promise<HostProgram> =>
  write(
    `sys.path.insert(0, ${JSON.stringify(LIBRARY)})\nfrom safeguard_host import main\nsys.exit(main([]))`,
  );

/** A program that stays; `text` is what it does with a request, `line`, of which `count` is the number. */
const staying = (text: string, limits?: HostLimits): Promise<HostProgram> =>
  write(
    `def write(text): os.write(1, text.encode())
RESULT, ENDED = '{"type": "result", "result": {"changed": true}}\\n', '{"type": "ended", "status": 0}\\n'
sys.stdin.readline()
write('{"type": "result", "result": {"stays": true, "receives": true}}\\n')
for count, line in enumerate(sys.stdin, 1):
${text.replaceAll(/^/gm, '  ')}`,
    limits,
  );

/** The processes that were started, by id. */
async function started(): Promise<number[]> {
  return (await readFile(`${program}.started`, 'utf8')).trim().split('\n').map(Number);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: it is gone.
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const UNPREPARED = { code: 'HOST_REFUSED', hostCode: 'NOT_ALLOWED' };

test('one process answers call after call, and ends with the connection', async () => {
  const host = await real();
  for (let call = 0; call < 3; call += 1)
    await expect(host.inspect(sshd.target, of)).rejects.toMatchObject(UNPREPARED);
  const [pid = 0, ...others] = await started();
  expect(others).toEqual([]);
  await ssh.close();
  await untilGone(pid);
}, 60_000);

test('one that waits for too long is let go, and the next call starts another', async () => {
  ssh = new SshConnections({ stayMs: 20 });
  const host = await real();
  await expect(host.inspect(sshd.target, of)).rejects.toMatchObject(UNPREPARED);
  const [pid = 0] = await started();
  await untilGone(pid);
  await expect(host.inspect(sshd.target, of)).rejects.toMatchObject(UNPREPARED);
  expect(await started()).toHaveLength(2);
}, 60_000);

test('one that is gone between two calls is replaced', async () => {
  const host = await real();
  await expect(host.inspect(sshd.target, of)).rejects.toMatchObject(UNPREPARED);
  const [pid = 0] = await started();
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
  // Another command of the same connection: what sshd had to tell of the one before has come, too.
  await ssh.exec(sshd.target, ['true']);
  await expect(host.inspect(sshd.target, of)).rejects.toMatchObject(UNPREPARED);
  expect(await started()).toHaveLength(2);
}, 60_000);

test('calls at once do not wait for each other', async () => {
  const both = join(sshd.directory, 'both');
  const host = await staying(
    `open(f'${both}.{os.getpid()}', 'w')
import glob
while len(glob.glob('${both}.*')) < 2: time.sleep(0.01)
write(RESULT + ENDED)`,
  );
  const [one, other] = await Promise.all([host.change(sshd.target, renew), host.change(sshd.target, renew)]);
  expect([one, other]).toEqual([{ changed: true }, { changed: true }]);
  expect(await started()).toHaveLength(2);
  await host.change(sshd.target, renew);
  expect(await started()).toHaveLength(2);
}, 60_000);

test.each([
  ['dies in the middle', `write('{"type": "progress", "text": "on it"}\\n')\nos._exit(0)`, 'CONNECTION_LOST'],
  ['dies after its result', `write(RESULT)\nos._exit(0)`, 'CONNECTION_LOST'],
  ['says something after its end', `write(RESULT + ENDED + 'more\\n')`, 'HOST_ANSWER_INVALID'],
  ['ends without a result', `write(ENDED)`, 'HOST_ANSWER_INVALID'],
  ['writes garbage', `write('garbage\\n' + ENDED)`, 'HOST_ANSWER_INVALID'],
  ['is killed', `write(ENDED.replace('0', '-9'))`, 'HOST_ANSWER_INVALID'],
  ['floods', `while True: write('x' * 65536)`, 'HOST_OUTPUT_TOO_LARGE'],
])(
  'an answer that %s fails its call, and not the next one',
  async (_what, text, code) => {
    const host = await staying(
      `if os.path.exists('${program}.next'): write(RESULT + ENDED)\nelse:\n${text.replaceAll(/^/gm, '  ')}`,
    );
    await expect(host.change(sshd.target, renew)).rejects.toMatchObject({ code });
    await writeFile(`${program}.next`, '');
    expect(await host.change(sshd.target, renew)).toEqual({ changed: true });
    expect(await started()).toHaveLength(2);
  },
  60_000,
);

test('a child that fails after its result fails its call', async () => {
  const host = await staying(`write(RESULT + ENDED.replace('0', ['0', '4', '-9'][count % 3]))`);
  const failed = {
    code: 'HOST_ANSWER_INVALID',
    message: expect.stringMatching(/a result, but exit status 4$/) as unknown,
  };
  await expect(host.change(sshd.target, renew)).rejects.toMatchObject(failed);
  const killed = {
    code: 'HOST_ANSWER_INVALID',
    message: expect.stringMatching(/a result, but ended by signal 9$/) as unknown,
  };
  await expect(host.change(sshd.target, renew)).rejects.toMatchObject(killed);
}, 60_000);

test('one that is late is not asked again: what it may still say is nobody’s answer', async () => {
  const limits = { lookMs: 2_000, changeMs: 2_000 };
  const host = await staying(
    `if '"lease":61' in line: sys.exit(sys.stdin.readline())\nwrite(RESULT + ENDED)`,
    limits,
  );
  await expect(host.change(sshd.target, { ...renew, lease: 61 })).rejects.toMatchObject({
    code: 'HOST_TIMEOUT',
  });
  const [pid = 0] = await started();
  await untilGone(pid);
  expect(await host.change(sshd.target, renew)).toEqual({ changed: true });
  expect(await started()).toHaveLength(2);
}, 60_000);

test('one that is asked by somebody who gives up is not asked again', async () => {
  const host = await staying(
    `if '"lease":61' in line:
  write('{"type": "progress", "text": "on it"}\\n')
  sys.exit(sys.stdin.readline())
write(RESULT + ENDED)`,
  );
  const abort = new AbortController();
  const given = host.change(
    sshd.target,
    { ...renew, lease: 61 },
    { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) },
  );
  await expect(given).rejects.toThrow('enough');
  const [pid = 0] = await started();
  await untilGone(pid);
  expect(await host.change(sshd.target, renew)).toEqual({ changed: true });
  expect(await started()).toHaveLength(2);
}, 60_000);

test('one that speaks when nobody asked is let go', async () => {
  const host = await staying(`write(RESULT + ENDED)\ntime.sleep(0.2)\nwrite(RESULT)`);
  expect(await host.change(sshd.target, renew)).toEqual({ changed: true });
  const [pid = 0] = await started();
  await untilGone(pid);
  expect(await host.change(sshd.target, renew)).toEqual({ changed: true });
  expect(await started()).toHaveLength(2);
}, 60_000);

test('nothing is begun for a call that was given up before the program has said whether it stays', async () => {
  const host = await write('sys.stdin.read()', { lookMs: 1_000, changeMs: 1_000 });
  await expect(host.change(sshd.target, renew)).rejects.toMatchObject({ code: 'HOST_TIMEOUT' });
  const [pid = 0] = await started();
  await untilGone(pid);
  await ssh.exec(sshd.target, ['true']);
  expect(await started()).toEqual([pid]);
}, 60_000);

test('a program of before is asked once whether it stays, and started once a call', async () => {
  const host = await write(
    `if 'stay' in sys.stdin.readline():
  print('{"type": "error", "code": "BAD_REQUEST", "message": "unknown operation"}')
  sys.exit(1)
print('{"type": "result", "result": {"changed": true}}')`,
  );
  for (let call = 0; call < 2; call += 1)
    expect(await host.change(sshd.target, renew)).toEqual({ changed: true });
  expect(await started()).toHaveLength(3);
}, 60_000);
