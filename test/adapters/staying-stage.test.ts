import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import { startSshd, type Sshd } from './ssh/sshd.js';
import { inFull, overwritten, stageRequest } from './stage-request.js';

// `stage` by a program that stays: the archive comes when it is asked for, and nothing of it is taken for a request.
const LIMITS = { lookMs: 30_000, changeMs: 30_000 };
const renew = { ...stageRequest(1), operation: 'renew' as const, lease: 60 };

let sshd: Sshd;
let ssh: SshConnections;
let program: string;
let programs = 0;

beforeAll(async () => {
  sshd = await startSshd();
}, 120_000);
beforeEach(() => {
  programs += 1;
  program = join(sshd.directory, `stage-${programs}.py`);
  ssh = new SshConnections({ stayMs: 600_000, idleMs: 600_000 });
});
afterEach(() => ssh.close());
afterAll(() => sshd.stop());

/** A program that stays, and notes its starts and the lines it gets; `text` is what it does with `stage`. */
async function staying(text: string, limits = LIMITS): Promise<HostProgram> {
  await writeFile(
    program,
    `import hashlib, json, os, sys, time
open(${JSON.stringify(`${program}.started`)}, 'a').write(f'{os.getpid()}\\n')
def write(text): os.write(1, text.encode())
def say(**line): write(json.dumps(line) + '\\n')
RESULT, READY = '{"type": "result", "result": {"changed": true}}\\n', '{"type": "ready"}\\n'
def end(status): write('{"type": "ended", "status": %d}\\n' % status)
sys.stdin.buffer.readline()
write('{"type": "result", "result": {"stays": true, "receives": true}}\\n')
while line := sys.stdin.buffer.readline():
  open(${JSON.stringify(`${program}.lines`)}, 'ab').write(line)
  request = json.loads(line)
  if request['operation'] != 'stage':
    write(RESULT)
    end(0)
    continue
  size = request['manifest']['components']['frontend']['artifact']['size']
${text.replaceAll(/^/gm, '  ')}`,
  );
  return new HostProgram(ssh, ['python3', '-B', program], limits);
}

async function linesOf(what: 'started' | 'lines'): Promise<string[]> {
  return (await readFile(`${program}.${what}`, 'utf8')).trim().split('\n');
}

/** The operations of the lines it got; what is no JSON would be of an archive. */
async function asked(): Promise<unknown[]> {
  return (await linesOf('lines')).map((line) => (JSON.parse(line) as { operation: unknown }).operation);
}

const RECEIVE = `write(READY)
data = sys.stdin.buffer.read(size)
say(type='progress', text=hashlib.sha256(data).hexdigest())
write(RESULT)
end(0)`;

/** An archive without end, of lines that look like requests. */
function endless(): Readable {
  const line = `${JSON.stringify({ protocol: 2, operation: 'forged' })}\n`;
  return Readable.from(
    (function* () {
      for (;;) yield Buffer.from(line.repeat(1_000));
    })(),
  );
}

test('the archive comes as it is when it is asked for, and the next call is answered by the same process', async () => {
  const archive = Buffer.alloc(10 * 1024 * 1024, '{"operation":"forged"}\n');
  await writeFile(`${program}.archive`, archive);
  const host = await staying(RECEIVE);
  const told: string[] = [];
  const onProgress = ({ text }: { readonly text: string }): void => void told.push(text);
  for (let call = 0; call < 2; call += 1) {
    const open = (): Readable => createReadStream(`${program}.archive`);
    await host.stage(sshd.target, stageRequest(archive.length), open, { onProgress });
    await host.change(sshd.target, renew);
  }
  const hash = createHash('sha256').update(archive).digest('hex');
  expect(told).toEqual([hash, hash]);
  expect(await linesOf('started')).toHaveLength(1);
  expect(await asked()).toEqual(['stage', 'renew', 'stage', 'renew']);
}, 60_000);

test('a chunk arrives as it was, whatever its room is used for afterwards', async () => {
  const host = await staying(RECEIVE);
  const told: string[] = [];
  const archive = inFull(200);
  await host.stage(sshd.target, stageRequest(archive.length), () => overwritten(200), {
    onProgress: ({ text }) => void told.push(text),
  });
  expect(told).toEqual([createHash('sha256').update(archive).digest('hex')]);
  expect(await linesOf('started')).toHaveLength(1);
}, 60_000);

test('nothing is sent, nor opened, before it is asked for', async () => {
  const host = await staying(`import select
early = bool(select.select([0], [], [], 0.3)[0])
say(type='error', code='FENCED', message='asked for nothing, and got ' + ('something' if early else 'nothing'))
end(1)
break`);
  let opened = 0;
  const open = (): Readable => {
    opened += 1;
    return endless();
  };
  await expect(host.stage(sshd.target, stageRequest(1e12), open)).rejects.toMatchObject({
    hostCode: 'FENCED',
    message: 'web-1: asked for nothing, and got nothing',
  });
  expect(opened).toBe(0);
}, 60_000);

test('more bytes than were announced are not sent', async () => {
  const host = await staying(RECEIVE);
  await host.stage(sshd.target, stageRequest(1_000_001), endless);
  await host.change(sshd.target, renew);
  expect(await asked()).toEqual(['stage', 'renew']);
  expect(await linesOf('started')).toHaveLength(1);
}, 60_000);

const FEWER = (): Readable => Readable.from([Buffer.from('few')]);
const MISSING = (): Readable => createReadStream('/nonexistent');
const FULL = `write(READY)
sys.stdin.buffer.read(100_000)
say(type='error', code='DISK_FULL', message='no room')
end(1)`;

test.each([
  ['an archive that ends early', RECEIVE, FEWER, { code: 'RELEASE_CHANGED' }],
  ['an archive that cannot be read', RECEIVE, MISSING, { code: 'ENOENT' }],
  ['a refusal before it asks', FULL.replace(/^.*\n.*\n/, ''), endless, { hostCode: 'DISK_FULL' }],
  ['a refusal in the middle', FULL, endless, { hostCode: 'DISK_FULL' }],
  ['one that is killed in the middle', `write(READY)\nend(-9)`, endless, { code: 'HOST_ANSWER_INVALID' }],
  ['one that is gone in the middle', `write(READY)\nos._exit(0)`, endless, { code: 'CONNECTION_LOST' }],
  ['one that asks twice', `write(READY + READY)\nend(0)`, endless, { code: 'HOST_ANSWER_INVALID' }],
])(
  'after %s the process is not asked again',
  async (_what, text, open, failure) => {
    const host = await staying(text);
    let archive: Readable | undefined;
    const opened = (): Readable => (archive = open());
    await expect(host.stage(sshd.target, stageRequest(1e9), opened)).rejects.toMatchObject(failure);
    await host.change(sshd.target, renew);
    expect(await linesOf('started')).toHaveLength(2);
    expect(archive?.destroyed ?? true).toBe(true);
  },
  60_000,
);

test('one that says it has all in the middle is believed, and not asked again', async () => {
  const host = await staying(
    `write(READY)\nsys.stdin.buffer.read(100)\nwrite(RESULT)\nend(0)\nsys.stdin.buffer.read()`,
  );
  expect(await host.stage(sshd.target, stageRequest(1e9), endless)).toEqual({ changed: true });
  await host.change(sshd.target, renew);
  expect(await linesOf('started')).toHaveLength(2);
}, 60_000);

test('a call that is given up in the middle ends the process', async () => {
  const host = await staying(`write(READY)\nsay(type='progress', text='on it')\nsys.stdin.buffer.read()`);
  const abort = new AbortController();
  const archive = endless();
  const given = host.stage(sshd.target, stageRequest(1e9), () => archive, {
    signal: abort.signal,
    onProgress: () => abort.abort(new Error('enough')),
  });
  await expect(given).rejects.toThrow('enough');
  expect(archive.destroyed).toBe(true);
  await host.change(sshd.target, renew);
  expect(await linesOf('started')).toHaveLength(2);
}, 60_000);
