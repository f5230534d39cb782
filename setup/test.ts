import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
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
const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--no-warnings',
  join(root, 'node_modules/jest/bin/jest.js'),
];
const WEB_HOSTS = 3;
/** Most of a deployment is waiting, so labs side by side take little more time than one. */
const LABS = 3;
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
  const [program, ...rest] = [...prefix, ...JEST, ...args, '--json', `--outputFile=${report}`];
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

/** Deployments to real hosts, each from inside a lab's network, which has no way out; on one lab one after the other. */
async function onLabs(walks: readonly Walk[]): Promise<Counts[]> {
  const shards = Array.from({ length: LABS }, (_, index) => index + 1);
  return (await Promise.all(shards.map((shard) => onOneLab(shard, walks)))).flat();
}

async function onOneLab(shard: number, walks: readonly Walk[]): Promise<Counts[]> {
  const name = `test-${process.pid}-${shard}`;
  say(`lab ${name}: ${WEB_HOSTS} web hosts and a database`);
  const lab = await Lab.up({ name, web: WEB_HOSTS, additions: ['containers'] });
  try {
    await lab.assertContained();
    const counts: Counts[] = [];
    for (const { transport, patterns, names } of walks) {
      const args = [
        '--runInBand',
        '--testPathIgnorePatterns',
        '/node_modules/',
        '--passWithNoTests',
        `--shard=${shard}/${LABS}`,
        ...(names === undefined ? [] : ['--testNamePattern', names]),
        '--testPathPatterns',
        ...patterns,
      ];
      const env = { SAFEGUARD_LAB: name, SAFEGUARD_TRANSPORT: transport };
      counts.push(await jest(lab.enter(), args, env));
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
