import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunRecord } from '../../src/domain/run.js';
import { environmentWorkflowId, status } from '../../src/workflows/messages.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { photograph, processes } from './photograph.js';
import { runCli, type CliEnd } from './run-cli.js';

const RELEASES = '/opt/campus-production/releases';

let campus: CampusLab;

function safeguard(...words: string[]): Promise<CliEnd> {
  return runCli(campus, ...words);
}

function rollback(...words: string[]): Promise<CliEnd> {
  return safeguard('rollback', 'production', '--by', 'on-call', '--reason', 'errors since 02:10', ...words);
}

async function newest(): Promise<RunRecord> {
  const records = await campus.records();
  const [record] = records.sort((a, b) => Date.parse(b.endedAt) - Date.parse(a.endedAt));
  if (!record) throw new Error('there is no record');
  return record;
}

async function counts(): Promise<{ records: number; incidents: number }> {
  return { records: (await campus.records()).length, incidents: (await campus.incidents()).length };
}

async function digestOf(version: string): Promise<string> {
  const environment = campus.client.workflow.getHandle(environmentWorkflowId('campus', 'production'));
  const { releases } = await environment.query(status);
  return releases.find((release) => release.version === version)?.digest ?? '';
}

async function onEveryHost(argv: readonly string[]): Promise<string[]> {
  return Promise.all(campus.webHosts.map(async (host) => (await campus.lab.run(host, argv)).stdout.trim()));
}

async function stateFiles(): Promise<unknown[]> {
  const texts = await onEveryHost(['cat', '/var/lib/campus-production-state.json']);
  return texts.map((text) => JSON.parse(text) as unknown);
}

/** While `work` goes on, the runner does not have the release. */
async function withoutOnRunner<T>(version: string, work: () => Promise<T>): Promise<T> {
  const directory = join(campus.directory, 'releases', version);
  await rename(directory, `${directory}.away`);
  try {
    return await work();
  } finally {
    await rename(`${directory}.away`, directory);
  }
}

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
  for (const version of ['1.0.0', '2.0.0']) {
    await campus.release(version);
    await campus.deploy(version);
  }
}, 120_000);
afterAll(() => campus.close(), 60_000);

test('--dry-run says host by host what would change, and changes nothing', async () => {
  const before = await photograph(campus);
  const end = await rollback('--dry-run');

  expect(end.lines.join('\n')).toMatch(
    /^production serves 2\.0\.0 \([0-9a-f]{8}\); back to 1\.0\.0 \([0-9a-f]{8}\), all components$/m,
  );
  for (const host of campus.webHosts)
    for (const component of ['backend', 'frontend'])
      expect(end.lines).toContain(`  ${host}: ${component} serves 2.0.0`);
  expect(end).toMatchObject({ exitCode: 0, last: 'Nothing was changed.' });
  expect(await photograph(campus)).toEqual(before);
}, 60_000);

test('a version that nobody remembers is refused, and nothing is changed', async () => {
  const [before, written] = [await photograph(campus), await counts()];
  const end = await rollback('--to', '0.9.0', '--follow');

  expect(end.exitCode).toBe(2);
  expect(end.stderr).toContain('ROLLBACK_TARGET_UNKNOWN');
  expect(end.stderr).toMatch(
    /production does not remember "0\.9\.0"; known: 2\.0\.0 \([0-9a-f]{8}\), 1\.0\.0 \([0-9a-f]{8}\)\./,
  );
  expect(await photograph(campus)).toEqual(before);
  expect(await counts()).toEqual(written);
}, 60_000);

test('back to the release before: without the deployment that is undone, and without its files on the runner', async () => {
  const { workflowId } = await newest();
  const { connection, options } = campus.client;
  await connection.workflowService.deleteWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId },
  });
  await until('the deployment is forgotten', () =>
    campus.client.workflow
      .getHandle(workflowId)
      .describe()
      .then(
        () => false,
        () => true,
      ),
  );
  const written = await counts();
  const end = await withoutOnRunner('1.0.0', () => rollback('--follow'));

  expect(end.last).toMatch(/^ROLLED_BACK: Every host serves 1\.0\.0 \([0-9a-f]{8}\), and it is healthy\.$/);
  expect(end.exitCode).toBe(0);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await counts()).toEqual({ records: written.records + 1, incidents: written.incidents + 1 });
}, 120_000);

test('its record, its incident and the state files say so', async () => {
  const record = await newest();
  expect(record).toMatchObject({
    kind: 'rollback',
    version: '1.0.0',
    previousVersion: '2.0.0',
    outcome: 'ROLLED_BACK',
    requestedBy: 'on-call',
    failure: null,
  });
  expect((await campus.incidents()).at(-1)).toMatchObject({
    deploymentId: record.deploymentId,
    title: '[Production Rollback] 2.0.0 → 1.0.0',
    failedVersion: '2.0.0',
    restoredVersion: '1.0.0',
    outcome: 'ROLLED_BACK',
  });
  for (const state of await stateFiles())
    expect(state).toMatchObject({
      current_version: '1.0.0',
      previous_version: '2.0.0',
      deployment_id: record.deploymentId,
      deployed_by: 'on-call',
    });
}, 30_000);

test('--to names any release that is remembered, a newer one too', async () => {
  const end = await rollback('--to', '2.0.0', '--follow');

  expect(end.last).toMatch(/^ROLLED_BACK: Every host serves 2\.0\.0 /);
  expect(end.exitCode).toBe(0);
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 120_000);

test('a damaged release that nobody can supply is refused, and nothing is changed', async () => {
  const file = `${RELEASES}/${await digestOf('1.0.0')}/backend/campus.py`;
  await campus.lab.run('web-2', ['sh', '-c', `echo '# altered' >> ${file}`]);
  const before = await photograph(campus);
  const end = await withoutOnRunner('1.0.0', () => rollback('--to', '1.0.0', '--follow'));

  expect(end.last).toMatch(/^REFUSED: .*web-2 does not hold 1\.0\.0 \([0-9a-f]{8}\) whole/);
  expect(end.exitCode).toBe(2);
  expect((await newest()).failure).toMatchObject({ code: 'ROLLBACK_TARGET_MISSING' });
  expect(await photograph(campus)).toEqual(before);
}, 60_000);

test('it is supplied again from the runner before anything is changed', async () => {
  const end = await rollback('--to', '1.0.0', '--follow');

  expect(end.exitCode).toBe(0);
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  const { steps } = await newest();
  const titles = steps.map(({ title }) => title);
  const at = titles.indexOf('supply');
  expect(at).toBeGreaterThanOrEqual(0);
  expect(at).toBeLessThan(titles.findIndex((title) => title.startsWith('restore')));
  expect(Object.keys(steps[at]?.hosts ?? {})).toEqual(['web-2']);
  const file = `${RELEASES}/${await digestOf('1.0.0')}/backend/campus.py`;
  expect(new Set(await onEveryHost(['sha256sum', file])).size).toBe(1);
}, 120_000);

test('a component that lies altered on one host can not go back anywhere', async () => {
  await rollback('--to', '2.0.0', '--follow');
  const file = `${RELEASES}/${await digestOf('1.0.0')}/backend/campus.py`;
  const alter = `cp -p ${file} /root/campus.py && echo '# altered' >> ${file}`;
  await campus.lab.run('web-2', ['sh', '-c', alter]);
  const before = await processes(campus);
  const end = await rollback('backend', '--to', '1.0.0', '--follow');

  expect(end.last).toMatch(/^REFUSED: .*campus\.py was altered/);
  expect(end.exitCode).toBe(2);
  expect(await processes(campus)).toEqual(before);
  await campus.lab.run('web-2', ['mv', '/root/campus.py', file]);
}, 120_000);

test('one component goes back, the other stays', async () => {
  const end = await rollback('backend', '--to', '1.0.0', '--follow');

  expect(end.last).toMatch(
    /^ROLLED_BACK: Every host serves 2\.0\.0\+backend\.1\.0\.0 \([0-9a-f]{8}\), and it is healthy\.$/,
  );
  expect(end.exitCode).toBe(0);
  for (const host of campus.webHosts)
    expect(await campus.serving(host)).toEqual({ backend: '1.0.0', frontend: '2.0.0', unit: 'active' });
  expect(await safeguard('verify', 'production')).toMatchObject({
    exitCode: 0,
    last: 'Every host that counts serves it.',
  });
}, 120_000);

test('a reboot brings the composite release back', async () => {
  await campus.lab.fault('web-3', 'reboot');
  await campus.lab.fault('web-3', 'wait');
  const now = await until('web-3 serves again', async () => {
    const seen = await campus.serving('web-3');
    return seen.unit === 'active' && seen.backend !== 'nothing' && seen.frontend !== 'nothing' && seen;
  });
  expect(now).toEqual({ backend: '1.0.0', frontend: '2.0.0', unit: 'active' });
  expect((await safeguard('verify', 'production')).exitCode).toBe(0);
}, 120_000);

test('a deployment on top of it is like any other', async () => {
  await campus.release('2.1.0');
  expect(await campus.deploy('2.1.0')).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.1.0');
  expect((await newest()).previousVersion).toBe('2.0.0+backend.1.0.0');
}, 120_000);

test('two rollbacks and a deployment at once: one after the other, the rollbacks first', async () => {
  await campus.release('2.2.0', { misbehave: 'slow-start', seconds: 4 });
  const holder = await campus.start('2.2.0');
  await campus.untilStep(holder, 'backend');
  await campus.release('2.3.0', { schema: 1 });
  const deployment = await campus.start('2.3.0');
  const environment = campus.client.workflow.getHandle(environmentWorkflowId('campus', 'production'));
  const queue = async (): Promise<number> => (await environment.query(status)).queue.length;
  await until('the deployment waits', async () => (await queue()) === 1);
  const rollbacks = [rollback('--to', '2.1.0', '--follow'), rollback('--to', '2.0.0', '--follow')];

  const ends = await Promise.all(rollbacks);
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  for (const { lines } of ends)
    expect(lines).toContainEqual(
      expect.stringMatching(/^\S+ \(2\.2\.0\) holds production: the rollback waits for it\.$/),
    );
  expect(await ended(holder)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await ended(deployment)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.3.0');
  const last = (await campus.records())
    .sort((a, b) => Date.parse(a.endedAt) - Date.parse(b.endedAt))
    .slice(-4);
  expect(last.map(({ kind }) => kind)).toEqual(['deployment', 'rollback', 'rollback', 'deployment']);
  // Each begins from what the one before it left.
  expect(last.slice(1).map(({ previousVersion }) => previousVersion)).toEqual(
    last.slice(0, -1).map(({ version }) => version),
  );
}, 180_000);

test('a release that can not work with the schema is refused, and nothing is changed', async () => {
  // 3.0.0 would not be let in right after 2.3.0: there would be no way back.
  await rollback('--to', '2.2.0', '--follow');
  await campus.release('3.0.0');
  expect(await campus.deploy('3.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
  const before = await photograph(campus);
  const end = await rollback('--to', '2.3.0', '--follow');

  expect(end.last).toBe('REFUSED: 2.3.0 works with schema 1 to 2, but the database is at 3.');
  expect(end.exitCode).toBe(2);
  expect((await newest()).failure).toMatchObject({ code: 'SCHEMA_NOT_TOLERATED' });
  expect(await photograph(campus)).toEqual(before);
}, 120_000);
