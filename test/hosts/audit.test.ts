import { chmod, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ServiceError, type WorkflowHandle } from '@temporalio/client';
import { lineFrom } from '../../src/domain/audit-check.js';
import type { AuditLine } from '../../src/domain/audit.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { environmentStatus, evictHost, untilAtPeace } from './lost-hosts.js';
import { runCli } from './run-cli.js';
import { WorkerProcess } from './worker-process.js';

let campus: CampusLab;
const workers: WorkerProcess[] = [];

async function worker(): Promise<WorkerProcess> {
  const started = await WorkerProcess.start(campus);
  workers.push(started);
  return started;
}

beforeAll(async () => {
  campus = await CampusLab.open();
  await worker();
}, 120_000);
afterAll(async () => {
  for (const one of workers) await one.signal('SIGKILL');
  await campus.close();
}, 60_000);

/** The folder of the environment's present life. */
async function folder(): Promise<string> {
  const { incarnation } = await environmentStatus(campus);
  return join(campus.directory, 'records', 'audit', 'campus', 'production', incarnation);
}

async function names(): Promise<string[]> {
  return (await readdir(await folder())).filter((name) => !name.startsWith('.')).sort();
}

/** Waits until nothing waits for the store, and answers what lies there. */
async function lines(): Promise<AuditLine[]> {
  await until('everything is kept', async () => {
    const { audit } = await environmentStatus(campus);
    return audit.outbox.length === 0;
  });
  const where = await folder();
  const texts = await Promise.all((await names()).map((name) => readFile(join(where, name), 'utf8')));
  return texts.flatMap((text) => lineFrom(text) ?? []);
}

/** Action, who, and outcome of the lines of one run. */
async function told(deploymentId: string): Promise<string[]> {
  return (await lines())
    .filter((line) => line.deploymentId === deploymentId)
    .map(({ action, by, outcome }) => [action, by, outcome].filter((part) => part !== null).join(' '));
}

function idOf({ workflowId }: { readonly workflowId: string }): string {
  return workflowId.split('/').at(-1) ?? '';
}

async function verified(): Promise<string> {
  const { exitCode, lines: said } = await runCli(campus, 'audit', 'verify', 'production');
  return `${exitCode} ${said.join('\n')}`;
}

test('a deployment that goes through, and one that is rolled back, leave a line for each decision', async () => {
  await campus.release('1.0.0');
  const first = await campus.start('1.0.0');
  expect((await ended(first)).outcome).toBe('SUCCEEDED');
  await campus.release('2.0.0', { misbehave: 'wrong-version' });
  const second = await campus.start('2.0.0');
  expect((await ended(second)).outcome).toBe('ROLLED_BACK');

  expect(await told(idOf(first))).toEqual([
    'requested test',
    'granted safeguard',
    'ended safeguard SUCCEEDED',
  ]);
  expect(await told(idOf(second))).toEqual([
    'requested test',
    'granted safeguard',
    'ended safeguard ROLLED_BACK',
  ]);
  expect((await lines()).at(-1)).toMatchObject({
    reason: expect.stringContaining('every host serves 1.0.0 (') as unknown,
    planHash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
  });
  expect(await verified()).toMatch(/^0 life .*6 lines.*whole/);
}, 180_000);

test('an abort says who and why, and a refusal before the queue is told too', async () => {
  await campus.release('2.1.0', { misbehave: 'slow-start', seconds: 60 });
  const run = await campus.start('2.1.0');
  await campus.untilStep(run, 'backend');
  await campus.abort(run, 'pages all over');
  await ended(run);
  expect(await told(idOf(run))).toEqual([
    'requested test',
    'granted safeguard',
    'aborted on-call',
    'ended safeguard ROLLED_BACK',
  ]);
  expect((await lines()).find(({ action }) => action === 'aborted')?.reason).toBe('pages all over');

  const refused = await campus.start('9.9.9');
  expect((await ended(refused)).outcome).toBe('REFUSED');
  await until('it is told', async () => (await told(idOf(refused))).length === 2);
  expect(await told(idOf(refused))).toEqual(['requested test', 'ended safeguard REFUSED']);
}, 180_000);

test('a host that is evicted, and what the environment does about it by itself', async () => {
  await evictHost(campus, 'web-3');
  await until(
    'it is out of traffic',
    async () => (await environmentStatus(campus)).evicted['web-3']?.withdrawn,
  );
  await untilAtPeace(campus);
  const all = await lines();
  expect(all.filter(({ action }) => action === 'evicted')).toMatchObject([
    { by: 'on-call', reason: 'web-3: its board is burnt' },
  ]);
  const [withdraw] = all.filter(({ action, version }) => action === 'requested' && version === 'withdraw');
  expect(await told(withdraw?.deploymentId ?? '')).toEqual([
    'requested safeguard',
    'granted safeguard',
    'ended safeguard SUCCEEDED',
  ]);
}, 120_000);

/** Whether the run is past the queue; while its worker is being replaced nobody can say. */
async function answers(run: WorkflowHandle): Promise<boolean> {
  try {
    return (await campus.progress(run)).phase !== 'queued';
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

test('workers killed all the time: still a line for each decision, once', async () => {
  await campus.release('3.0.0', { misbehave: 'slow-start', seconds: 5 });
  const run = await campus.start('3.0.0');
  const end = ended(run);
  for (let kill = 0; kill < 4; kill += 1) {
    const next = await worker();
    for (const one of workers.splice(0, workers.length - 1)) await one.signal('SIGKILL');
    workers.splice(0, workers.length, next);
    await until('a worker works', () => answers(run));
  }
  const { outcome } = await end;
  for (const one of workers.splice(0)) await one.signal('SIGKILL');
  await worker();
  expect(await told(idOf(run))).toEqual([
    'requested test',
    'granted safeguard',
    `ended safeguard ${outcome}`,
  ]);
  const all = await lines();
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
  expect(await verified()).toMatch(/^0 /);
}, 240_000);

test('show prints every line', async () => {
  const { lines: shown } = await runCli(campus, 'audit', 'show', 'production', '--json');
  expect(shown.map((line) => lineFrom(`${line}\n`))).toEqual(await lines());
}, 60_000);

test('a line that is changed, removed or swapped is named', async () => {
  const where = await folder();
  const at = (sequence: number): string => join(where, `${String(sequence).padStart(12, '0')}.json`);
  const original = await readFile(at(3), 'utf8');
  await chmod(at(3), 0o640);
  await writeFile(at(3), original.replace('SUCCEEDED', 'ROLLED_BACK'));
  expect(await verified()).toContain('9 ');
  expect(await verified()).toContain('changed: line 3 is not what line 4 says it was.');

  await rm(at(3));
  expect(await verified()).toContain('removed: line 3 is missing.');
  await writeFile(at(3), original);
  expect(await verified()).toMatch(/^0 /);

  await rename(at(4), join(where, '.aside'));
  await rename(at(5), at(4));
  await rename(join(where, '.aside'), at(5));
  const swapped = await verified();
  expect(swapped).toContain('moved: in place of line 4 there is line 5.');
  expect(swapped).toContain('moved: in place of line 5 there is line 4.');
}, 120_000);
