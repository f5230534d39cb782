import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { HostRefused } from '../../src/domain/errors.js';
import { HOST_PROTOCOL, type HostInspection } from '../../src/domain/host-protocol.js';
import { HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import { startSshd, type Sshd } from './ssh/sshd.js';
import { inFull, overwritten, stageRequest } from './stage-request.js';

let sshd: Sshd;
const ssh = new SshConnections();
beforeAll(async () => {
  sshd = await startSshd();
}, 120_000);
afterAll(async () => {
  await ssh.close();
  await sshd.stop();
});

/** A host whose program is this Python text; `request` holds the parsed line, `say` writes one. */
async function host(name: string, text: string): Promise<HostProgram> {
  const file = join(sshd.directory, `${name}.py`);
  const head = [
    'import hashlib, json, sys',
    'request = json.loads(sys.stdin.buffer.readline())',
    'def say(**line): print(json.dumps(line), flush=True)',
    // A program of before, which does not stay.
    `if request['operation'] == 'stay': sys.exit(say(type='error', code='BAD_REQUEST', message='unknown'))`,
  ];
  await writeFile(file, [...head, text].join('\n'));
  return new HostProgram(ssh, ['python3', '-B', file]);
}

const of = { application: 'campus', environment: 'test' };
const token = { incarnation: 'i', epoch: 1, run: 'r', step: 1, try: 1, attempt: 1 };
const inspection: HostInspection = {
  protocol: HOST_PROTOCOL,
  hostname: 'web-1',
  time: '2026-01-01T00:00:00Z',
  token,
  committed: null,
  committedVersion: null,
  intent: { run: 'r', digest: null, prepared: true },
  withheld: 'evicted: its disk fails',
  lapsed: { run: 'r', time: '2026-01-01T00:00:00Z' },
  releases: [],
  components: {
    frontend: {
      kind: 'static',
      digest: null,
      version: null,
      state: 'inactive',
      restarts: 0,
      differences: ['ü'],
    },
  },
  state: null,
  system: { uptime: 1.5, load: [0, 0, 0], cores: 2, memory: 10, disk: { '/': 5 } },
};
const activate = {
  ...of,
  operation: 'activate' as const,
  token,
  digest: 'd',
  component: 'frontend',
  lease: 60,
};

test('an inspection', async () => {
  const program = await host(
    'inspect',
    `say(type='result', result=json.loads(${JSON.stringify(JSON.stringify(inspection))}))`,
  );
  expect(await program.inspect(sshd.target, of)).toEqual(inspection);
});

test('the request reaches the host with its protocol number', async () => {
  const text = `say(type='progress', text=json.dumps(request))\nsay(type='result', result={'changed': True, 'downtimeMs': 12})`;
  const lines: string[] = [];
  const result = await (
    await host('change', text)
  ).change(sshd.target, activate, { onProgress: (line) => lines.push(line.text) });
  expect(result).toEqual({ changed: true, downtimeMs: 12 });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { ...activate, protocol: HOST_PROTOCOL },
  ]);
});

test('30 MB arrive as they are, and are read no faster than the host takes them', async () => {
  const archive = Buffer.alloc(30 * 1024 * 1024, 'safeguard');
  const file = join(sshd.directory, 'archive');
  await writeFile(file, archive);
  const program = await host(
    'stage',
    `import time
time.sleep(0.3)
say(type='progress', text='begin')
hash = hashlib.sha256()
while block := sys.stdin.buffer.read(65536): hash.update(block)
say(type='progress', text=hash.hexdigest(), bytes=1)
say(type='result', result={'changed': True})`,
  );
  const stream = createReadStream(file);
  const seen: { readonly text: string; readonly read: number }[] = [];
  const onProgress = ({ text }: { readonly text: string }): void =>
    void seen.push({ text, read: stream.bytesRead });
  expect(
    await program.stage(sshd.target, stageRequest(archive.length), () => stream, { onProgress }),
  ).toEqual({
    changed: true,
  });
  expect(seen[0]?.read).toBeLessThan(8 * 1024 * 1024);
  expect(seen[1]).toEqual({ text: createHash('sha256').update(archive).digest('hex'), read: archive.length });
}, 20_000);

test('a chunk arrives as it was, whatever its room is used for afterwards', async () => {
  const program = await host(
    'overwritten',
    `data = sys.stdin.buffer.read()
say(type='progress', text=hashlib.sha256(data).hexdigest())
say(type='result', result={'changed': True})`,
  );
  const told: string[] = [];
  const archive = inFull(200);
  await program.stage(sshd.target, stageRequest(archive.length), () => overwritten(200), {
    onProgress: ({ text }) => void told.push(text),
  });
  expect(told).toEqual([createHash('sha256').update(archive).digest('hex')]);
}, 20_000);

test.each([
  ['ends', ''],
  ['goes on reading', 'while sys.stdin.buffer.read(65536): pass'],
])('a refusal during the upload is what is reported when the host %s', async (what, then) => {
  const text = `say(type='error', code='DISK_FULL', message='no room')\n${then}\nsys.exit(1)`;
  const program = await host(`refuse-${what.replaceAll(' ', '-')}`, text);
  let given = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(65_536, (given += 1) % 256);
    })(),
  );
  const refused: unknown = await program
    .stage(sshd.target, stageRequest(1e12), () => endless)
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(HostRefused);
  expect(refused).toMatchObject({ code: 'HOST_REFUSED', hostCode: 'DISK_FULL', message: 'web-1: no room' });
  expect(endless.destroyed).toBe(true);
});

test('an archive that cannot be read is the error, and the host sees the end of its input', async () => {
  const program = await host('missing', 'sys.stdin.buffer.read()');
  const failed = program.stage(sshd.target, stageRequest(1), () => createReadStream('/nonexistent'));
  await expect(failed).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['nothing at all', '', 'no result; exit status 0'],
  ['words', `print('Last login: today')`, 'Last login'],
  ['no JSON object', `print('[1')`, 'wrote "[1"'],
  ['a result of another shape', `say(type='result', result={'changed': 'yes'})`, 'changed'],
  ['a result and then failure', `say(type='result', result={'changed': True})\nsys.exit(4)`, 'exit status 4'],
  ['two results', `say(type='result', result={'changed': True})\n`.repeat(2), 'it wrote'],
  ['an unknown code', `say(type='error', code='WHATEVER', message='x')\nsys.exit(1)`, 'WHATEVER'],
  [
    'an exception',
    `raise SystemExit('sudo: a password is required')`,
    'exit status 1: sudo: a password is required',
  ],
  ['another protocol', `say(type='result', result={'protocol': 1})`, 'speaks protocol 1'],
])('an answer that is none: %s', async (name, text, message) => {
  const program = await host(`invalid-${name.replaceAll(' ', '-')}`, text);
  const failed: unknown = await program.change(sshd.target, activate).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 'HOST_ANSWER_INVALID',
    message: expect.stringContaining(message) as unknown,
  });
});

test('an abort during a change', async () => {
  const program = await host('slow', `say(type='progress', text='on it')\nimport time\ntime.sleep(600)`);
  const abort = new AbortController();
  const changing = program.change(sshd.target, activate, {
    signal: abort.signal,
    onProgress: () => abort.abort(new Error('stop')),
  });
  await expect(changing).rejects.toThrow('stop');
});
