import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { Lab } from '../lab/lab.js';
import { ensurePackages } from './apt.js';
import { checkoutRoot } from './checkout.js';
import { CHROMIUM } from './chromium.js';
import { ensureRequirements } from './requirements.js';
import { say } from './say.js';
import { temporalTestServer } from './temporal-test-server.js';

const root = checkoutRoot();
/** Arguments of Node. */
const JEST = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
const WEB_HOSTS = 3;
/** Some suites mostly wait for hosts that are away, others for a processor. */
const LABS = 3;
/** Minutes each, so that none of them is begun last. */
const LONG = [
  ...['ansible-own', 'cut-off-host', 'lost-host', 'scenarios', 'chaos-checker', 'evicted-host'],
  ...['chaos-1', 'chaos-2', 'chaos-3', 'recovery', 'fencing', 'power-loss'],
];
/** The same beside the labs; by itself, Jest would take one process on two cores. */
const PROCESSES = 2;

/** Which suites are walked, with components of which transport. */
interface Walk {
  readonly transport: string;
  readonly patterns: readonly string[];
  /** A pattern of the names of their tests; left out: all. */
  readonly names?: string;
}

/** Stories that Ansible is told too when everything is tested: a deployment and its ways back, and who is lost while a play goes on. */
const ALSO_BY_ANSIBLE: Walk = {
  transport: 'ansible',
  patterns: ['/test/hosts/scenarios', '/test/hosts/kill', '/test/hosts/re-attach'],
  names: 'T06[567]|middle of the backend step|during activate',
};

/** Servers that tests start privately on loopback; installed here because apt can't do two things at once, and tests run side by side. */
const TEST_PACKAGES = [
  'openssh-server',
  'postgresql',
  'redis-server',
  'prometheus',
  'python3-psycopg2',
  'python3-redis',
];

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Runs Jest and counts from its own report. A run that ends without a report has failed. */
async function jest(
  prefix: readonly string[],
  args: readonly string[],
  env: Record<string, string>,
): Promise<Counts> {
  const report = join(root, 'dist', `jest-${process.pid}-${randomUUID()}.json`);
  const node = [process.execPath, ...JEST, ...args, '--json', `--outputFile=${report}`];
  const [program = '', ...rest] = [...prefix, ...node];
  const { exitCode } = await execa(program, rest, {
    cwd: root,
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
    reject: false,
  });
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = await readReport(report);
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed: exitCode === 0 ? failed : Math.max(failed, 1) };
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

async function readReport(file: string): Promise<Report> {
  const { readFile, rm } = await import('node:fs/promises');
  try {
    const report = JSON.parse(await readFile(file, 'utf8')) as Report;
    await rm(file);
    return report;
  } catch (cause) {
    throw new Error('Jest ended without a report.', { cause });
  }
}

/** Everything but deployments to hosts: these bring up by themselves what they need. */
async function besideTheLab(patterns: readonly string[]): Promise<Counts> {
  return jest(
    [],
    [
      `--maxWorkers=${PROCESSES}`,
      '--testPathIgnorePatterns',
      '/test/hosts/',
      '/node_modules/',
      '--passWithNoTests',
      ...patterns,
    ],
    {},
  );
}

/** A suite, and how it is walked. */
type Turn = Pick<Walk, 'transport' | 'names'> & { readonly suite: string };

async function turnsOf({ patterns, ...how }: Walk): Promise<Turn[]> {
  const args = ['--listTests', '--json', '--testPathPatterns', ...patterns];
  const { stdout } = await execa(process.execPath, [...JEST, ...args], { cwd: root, stderr: 'inherit' });
  return (JSON.parse(stdout) as string[]).map((suite) => ({ ...how, suite }));
}

/** What takes long comes first. */
function inOrder(turns: readonly Turn[]): Turn[] {
  const rank = ({ suite }: Turn): number => {
    const index = LONG.indexOf(basename(suite, '.test.ts'));
    return index === -1 ? LONG.length : index;
  };
  return [...turns].sort((one, other) => rank(one) - rank(other));
}

/** Deployments to real hosts, each from inside a lab's network, which has no way out; on one lab one after the other. */
async function onLabs(walks: readonly Walk[]): Promise<Counts[]> {
  const all: Turn[] = [];
  for (const walk of walks) all.push(...(await turnsOf(walk)));
  const queue = inOrder(all);
  const labs = Array.from({ length: Math.min(LABS, queue.length) }, (_, index) => index + 1);
  return (await Promise.all(labs.map((number) => onOneLab(number, queue)))).flat();
}

async function onOneLab(number: number, queue: Turn[]): Promise<Counts[]> {
  const name = `test-${process.pid}-${number}`;
  say(`lab ${name}: ${WEB_HOSTS} web hosts and a database`);
  const lab = await Lab.up({ name, web: WEB_HOSTS, additions: ['containers'] });
  try {
    await lab.assertContained();
    const counts: Counts[] = [];
    for (let turn = queue.shift(); turn !== undefined; turn = queue.shift()) {
      const named = turn.names === undefined ? [] : ['--testNamePattern', turn.names];
      const env = { SAFEGUARD_LAB: name, SAFEGUARD_TRANSPORT: turn.transport };
      counts.push(await jest(lab.enter(), ['--runInBand', ...named, '--runTestsByPath', turn.suite], env));
    }
    return counts;
  } finally {
    await lab.down();
  }
}

function walksOf(all: readonly string[], transport: string | undefined): Walk[] {
  const patterns = all.length > 0 ? all.filter((pattern) => pattern.includes('hosts')) : ['/test/hosts/'];
  const asked = { transport: transport ?? 'ssh', patterns };
  const isEverything = all.length === 0 && transport === undefined;
  return isEverything ? [asked, ALSO_BY_ANSIBLE] : [asked];
}

const {
  positionals: patterns,
  values: { transport },
} = parseArgs({ options: { transport: { type: 'string' } }, allowPositionals: true });
if (transport !== undefined && !['ssh', 'ansible'].includes(transport))
  throw new Error(`--transport ${transport}: it is ssh or ansible`);
// What Ansible carries out is on hosts.
const hostsOnly =
  transport !== undefined || (patterns.length > 0 && patterns.every((pattern) => pattern.includes('hosts')));
const besideOnly = patterns.length > 0 && patterns.every((pattern) => !pattern.includes('hosts'));

await ensurePackages(besideOnly ? TEST_PACKAGES : [...TEST_PACKAGES, CHROMIUM.package]);
await ensureRequirements();
await temporalTestServer();
const counts = [
  ...(hostsOnly ? [] : [await besideTheLab(patterns)]),
  ...(besideOnly ? [] : await onLabs(walksOf(patterns, transport))),
];
const passed = counts.reduce((sum, one) => sum + one.passed, 0);
const failed = counts.reduce((sum, one) => sum + one.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
