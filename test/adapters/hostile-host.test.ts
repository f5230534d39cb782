import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import { startSshd, type Sshd } from './ssh/sshd.js';
import { stageRequest } from './stage-request.js';

/** The limit of a host that says nothing is shorter here than the product's. */
const SILENT_MS = 2_000;
/** What one call to a host may cost at most, whatever it answers: 4 MiB of output in several forms, and what lies about. */
const MOST_BYTES = 400 * 1024 * 1024;
const MOST_MS = 60_000;

const of = { application: 'campus', environment: 'test' };
const token = { incarnation: 'i', epoch: 1, run: 'r', step: 1, try: 1, attempt: 1 };
const activate = {
  ...of,
  operation: 'activate' as const,
  token,
  digest: 'd',
  component: 'frontend',
  lease: 60,
};

let sshd: Sshd;
const ssh = new SshConnections();
beforeAll(async () => {
  sshd = await startSshd();
}, 120_000);
// Whatever a program did, the connection serves others.
afterEach(async () => {
  expect((await ssh.exec(sshd.target, ['echo', 'alive'])).stdout).toBe('alive\n');
});
afterAll(async () => {
  await ssh.close();
  await sshd.stop();
});

let programs = 0;

/** A host whose program is this Python text; `write` writes bytes at once. */
async function host(text: string, limitMs = MOST_MS): Promise<HostProgram> {
  programs += 1;
  const file = join(sshd.directory, `hostile-${programs}.py`);
  const head = ['import json, os, signal, sys, time', 'def write(data): os.write(1, data)'];
  await writeFile(file, [...head, text].join('\n'));
  return new HostProgram(ssh, ['python3', '-B', file], { lookMs: limitMs, changeMs: limitMs });
}

interface Cost {
  readonly error: unknown;
  readonly ms: number;
  /** The most that the process had of heap and buffers meanwhile, above what it had before. */
  readonly bytes: number;
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function costOf(call: () => Promise<unknown>): Promise<Cost> {
  const [before, began] = [held(), performance.now()];
  let most = before;
  const look = setInterval(() => (most = Math.max(most, held())), 20);
  const error: unknown = await call().then(
    () => 'it succeeded',
    (reason: unknown) => reason,
  );
  clearInterval(look);
  return { error, ms: performance.now() - began, bytes: Math.max(most, held()) - before };
}

interface Story {
  readonly what: string;
  readonly program: string;
  readonly codes: readonly ErrorCode[];
  readonly says?: RegExp;
  /** How long the host is given, in milliseconds. */
  readonly limitMs?: number;
}

const STORIES: readonly Story[] = [
  {
    what: 'never answers',
    program: 'time.sleep(600)',
    codes: ['HOST_TIMEOUT'],
    says: /did not end within 2000 ms/,
    limitMs: SILENT_MS,
  },
  {
    what: 'answers, and never ends',
    program: `write(b'{"type":"result","result":{"changed":true}}\\n'); time.sleep(600)`,
    codes: ['HOST_TIMEOUT'],
    limitMs: SILENT_MS,
  },
  {
    what: 'writes bytes without end',
    program: `while True: write(os.urandom(65536))`,
    codes: ['HOST_OUTPUT_TOO_LARGE'],
  },
  {
    what: 'writes a line without end',
    program: `while True: write(b'x' * 65536)`,
    codes: ['HOST_OUTPUT_TOO_LARGE'],
  },
  {
    what: 'writes a line without end, byte by byte',
    program: `while True: write(b'x')`,
    codes: ['HOST_TIMEOUT', 'HOST_OUTPUT_TOO_LARGE'],
    limitMs: 10_000,
  },
  {
    what: 'writes empty lines without end',
    program: `while True: write(b'\\n' * 65536)`,
    codes: ['HOST_OUTPUT_TOO_LARGE'],
  },
  {
    what: 'reports progress without end',
    program: `while True: write(b'{"type":"progress","text":""}\\n' * 2000)`,
    codes: ['HOST_OUTPUT_TOO_LARGE'],
  },
  {
    what: 'complains without end',
    program: `while True: os.write(2, b'x' * 65536)`,
    codes: ['HOST_OUTPUT_TOO_LARGE'],
  },
  {
    what: 'goes on writing when nobody listens any more',
    program: `signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.signal(signal.SIGPIPE, signal.SIG_IGN)
end = time.time() + 5
while time.time() < end:
  try: write(b'x' * 65536)
  except OSError: time.sleep(0.01)`,
    codes: ['HOST_OUTPUT_TOO_LARGE'],
  },
  {
    what: 'answers with a million lists within each other',
    program: `write(b'{"type":"result","result":' + b'[' * 10**6 + b']' * 10**6 + b'}\\n')`,
    codes: ['HOST_ANSWER_INVALID'],
  },
  {
    what: 'names a protocol of a thousand levels',
    program: `write(b'{"type":"result","result":{"protocol":' + b'[' * 10**5 + b']' * 10**5 + b'}}\\n')`,
    codes: ['HOST_ANSWER_INVALID'],
  },
  {
    what: 'answers with a million small objects',
    program: `write(b'{"type":"result","result":[' + b'{},' * 10**6 + b'{}]}\\n')`,
    codes: ['HOST_ANSWER_INVALID'],
  },
  {
    what: 'speaks another protocol',
    program: `write(b'{"jsonrpc":"2.0","id":1,"result":{"changed":true}}\\n')`,
    codes: ['HOST_ANSWER_INVALID'],
    says: /jsonrpc/,
  },
  {
    what: 'answers a page of a web server',
    program: `write(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n<html>')`,
    codes: ['HOST_ANSWER_INVALID'],
    says: /HTTP\/1\.1 400/,
  },
  {
    what: 'writes random bytes and ends',
    program: `write(os.urandom(1000))`,
    codes: ['HOST_ANSWER_INVALID'],
  },
  {
    what: 'answers, and then writes garbage',
    program: `write(b'{"type":"result","result":{"changed":true}}\\nmore\\n')`,
    codes: ['HOST_ANSWER_INVALID'],
    says: /wrote "more"/,
  },
  {
    what: 'refuses with a book',
    program: `write(b'{"type":"error","code":"BUSY","message":"' + b'no ' * 10**6 + b'"}\\n')`,
    codes: ['HOST_REFUSED'],
    says: /^web-1: no no /,
  },
  {
    what: 'names its protocol in a book',
    program: `write(b'{"type":"result","result":{"protocol":"' + b'no ' * 10**6 + b'"}}\\n')`,
    codes: ['HOST_ANSWER_INVALID'],
    says: /speaks protocol "no no /,
  },
];

test.each(STORIES)(
  'a host that $what is a short, clear error, in bounded time and memory',
  async ({ program, codes, says, limitMs }) => {
    const hostile = await host(program, limitMs);
    const { error, ms, bytes } = await costOf(() => hostile.inspect(sshd.target, of));

    expect(codes).toContain((error as { readonly code?: unknown }).code);
    const { message } = error as Error;
    expect(message).toMatch(says ?? /web-1/);
    expect(message.length).toBeLessThan(2_500);
    expect(ms).toBeLessThan(MOST_MS);
    expect(bytes).toBeLessThan(MOST_BYTES);
  },
  MOST_MS * 2,
);

test.each([
  [
    'for itself',
    `if 'stay' in sys.stdin.readline(): sys.exit(write(b'{"type":"error","code":"BAD_REQUEST","message":"unknown"}\\n'))`,
  ],
  [
    'when it stays',
    `sys.stdin.readline()
write(b'{"type": "result", "result": {"stays": true, "receives": true}}\\n')
sys.stdin.readline()
write(b'{"type": "ready"}\\n')`,
  ],
])(
  'a host that never reads what is sent to it %s',
  async (_how, begin) => {
    const hostile = await host(`${begin}\ntime.sleep(600)`, SILENT_MS);
    let given = 0;
    const archive = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65_536, (given += 1) % 256);
      })(),
    );
    const { error, bytes } = await costOf(() =>
      hostile.stage(sshd.target, stageRequest(1e12), () => archive),
    );
    expect(error).toMatchObject({ code: 'HOST_TIMEOUT' });
    expect(bytes).toBeLessThan(MOST_BYTES);
    expect(given).toBeGreaterThan(0);
    expect(archive.destroyed).toBe(true);
  },
  20_000,
);

test('progress that fills a book is shown as a line', async () => {
  const hostile = await host(`write(b'{"type":"progress","text":"' + b'so ' * 10**6 + b'"}\\n')
write(b'{"type":"result","result":{"changed":true}}\\n')`);
  const told: number[] = [];
  await hostile.change(sshd.target, activate, { onProgress: ({ text }) => told.push(text.length) });
  expect(told).toEqual([500]);
}, 20_000);
