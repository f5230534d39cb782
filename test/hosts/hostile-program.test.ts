import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { HOST_COMMAND, HostProgram } from '../../src/adapters/host-program.js';
import { SshConnections } from '../../src/adapters/ssh/connections.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import { CampusLab } from './campus-lab.js';
import { plantProgram } from './hostile-program.js';
import { photograph } from './photograph.js';
import { runCli } from './run-cli.js';

const HOSTILE_HOST = 'web-2';

let campus: CampusLab;
const ssh = new SshConnections();
let restore: (() => Promise<void>) | null = null;
let versions = 0;

beforeAll(async () => {
  campus = await CampusLab.open();
  // The product waits a minute for a look; here nobody wants to.
  const program = new HostProgram(ssh, HOST_COMMAND, { lookMs: 15_000, changeMs: 600_000 });
  await campus.startWorker({ program });
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
}, 300_000);
afterEach(async () => {
  await restore?.();
  restore = null;
}, 30_000);
afterAll(async () => {
  await campus.close();
  await ssh.close();
}, 60_000);

/** Files and services of the hosts that are in order; what a run may touch before it changes anything are staged releases, and the journal. */
async function others(): Promise<string[]> {
  const staging = / \/opt\/campus-production\/releases[ /]| \/var\/lib\/safeguard\//;
  const all = await photograph(campus);
  return all.filter((line) => !line.startsWith(`${HOSTILE_HOST} `) && !staging.test(line));
}

interface Story {
  readonly operation: 'inspect' | 'stage';
  readonly what: string;
  readonly program: string;
  readonly code: ErrorCode;
  readonly says: RegExp;
}

const STORIES: readonly Story[] = [
  {
    operation: 'inspect',
    what: 'answers garbage',
    program: `write(b'Welcome to web-2\\n')`,
    code: 'HOST_ANSWER_INVALID',
    says: /safeguard-host on web-2 .* is not of the protocol: it wrote "Welcome to web-2"/,
  },
  {
    operation: 'inspect',
    what: 'never answers',
    program: 'time.sleep(600)',
    code: 'HOST_TIMEOUT',
    says: /sudo on web-2 .* did not end within 15000 ms/,
  },
  {
    operation: 'inspect',
    what: 'floods its output',
    program: `while True: write(os.urandom(1 << 16))`,
    code: 'HOST_OUTPUT_TOO_LARGE',
    says: /sudo on web-2 .* wrote more than it may; it was cut off/,
  },
  {
    operation: 'inspect',
    what: 'is of the highest epoch there is',
    program: `real = subprocess.run([REAL], input=line, capture_output=True)
write(real.stdout.replace(b'"epoch": 1', b'"epoch": 9007199254740991'))`,
    code: 'HOST_ANSWER_INVALID',
    says: /web-2 .* token\.epoch: /,
  },
  {
    operation: 'stage',
    what: 'reports progress without end',
    program: `while True: write(b'{"type":"progress","text":"on it"}\\n' * 1000)`,
    code: 'HOST_OUTPUT_TOO_LARGE',
    says: /stage on web-2: .* wrote more than it may/,
  },
  {
    operation: 'stage',
    what: 'says that all is well, and then something else',
    program: `write(b'{"type":"result","result":{"changed":true}}\\n{"jsonrpc":"2.0"}\\n')`,
    code: 'HOST_ANSWER_INVALID',
    says: /stage on web-2: .* it wrote "\{/,
  },
];

test.each(STORIES)(
  'a host that $what when it is to $operation: refused, before anything is changed on any other',
  async ({ operation, program, code, says }) => {
    versions += 1;
    const version = `1.1.${versions}`;
    await campus.release(version);
    const before = await others();
    restore = await plantProgram(campus, HOSTILE_HOST, operation, program);
    const words = ['deploy', 'production', '--version', version, '--by', 'ada', '--follow'];
    const end = await runCli(campus, ...words);

    expect(end.last).toMatch(/^REFUSED: /);
    expect(end.last).toMatch(says);
    expect(end.last.length).toBeLessThan(2_000);
    expect(end.exitCode).toBe(2);
    const record = (await campus.records()).find((one) => one.version === version);
    expect(record).toMatchObject({ outcome: 'REFUSED', failure: { code } });
    expect(await others()).toEqual(before);
  },
  240_000,
);
