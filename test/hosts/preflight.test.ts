import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { PreflightReport } from '../../src/domain/preflight.js';
import { CampusLab } from './campus-lab.js';
import { photograph } from './photograph.js';
import { runCli } from './run-cli.js';

// What production gets by its preset; carried by Ansible, so that its dry run has a part.
let campus: CampusLab;
const policy = { approval: { required: false }, preflight: { level: 'strict' } };

beforeAll(async () => {
  campus = await CampusLab.open({ carriedOut: { transport: 'ansible' }, policy });
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.deploy('1.0.0');
  await campus.release('2.0.0');
}, 240_000);
afterEach(async () => {
  await campus.lab.fault('web-1', 'disk-free');
  await campus.lab.fault('web-2', 'heal');
}, 30_000);
afterAll(() => campus.close(), 60_000);

async function look(...more: string[]): Promise<{ readonly exit: number; readonly report: PreflightReport }> {
  const words = ['preflight', 'production', '--version', '2.0.0', '--json', ...more];
  const { exitCode, last } = await runCli(campus, ...words);
  return { exit: exitCode, report: JSON.parse(last) as PreflightReport };
}

/** All that was looked at before a run. */
async function preflightOf(deploymentId: string): Promise<PreflightReport> {
  const runs = join(campus.directory, 'records/campus/production/runs');
  return JSON.parse(await readFile(join(runs, deploymentId, 'preflight.json'), 'utf8')) as PreflightReport;
}

/** What did not pass: `disk web-1: fail …`. */
function objections({ results }: PreflightReport): string[] {
  return results
    .filter(({ verdict, severity }) => verdict !== 'pass' && severity === 'critical')
    .map(({ name, target, verdict, code }) => `${name} ${target}: ${verdict} ${code ?? ''}`.trim());
}

test('everything that a deployment needs is looked at, Ansible says what it would do, and nothing is changed', async () => {
  const before = await photograph(campus);
  const { exit, report } = await look();
  const after = await photograph(campus);

  expect(objections(report)).toEqual([]);
  expect([exit, report.level, report.passed]).toEqual([0, 'strict', true]);
  const names = new Set(report.results.map(({ name }) => name));
  expect([...names]).toEqual([
    ...['release', 'origin', 'secret', 'login key', 'programs', 'disk of the runner', 'environment'],
    ...['switches', 'queue', 'inventory', 'health of the runner', 'login', 'disk', 'room', 'clock'],
    ...['database', 'cache', 'dry run'],
  ]);
  expect(report.results.find(({ name }) => name === 'database')?.found).toBe(
    'is at 1; pending: V2__waiting_lists.sql',
  );
  const rehearsed = report.results.filter(({ name }) => name === 'dry run');
  expect(rehearsed.map(({ target }) => target)).toEqual(campus.webHosts);
  expect(rehearsed[0]?.details.join('\n')).toMatch(/backend: .*2\.0\.0|backend: .*restart/);
  expect(after).toEqual(before);
  console.log(`${report.looks} looks took ${report.durationMs} ms`);
}, 120_000);

test('a dry run has Ansible go through the plan once, not in the preflight too', async () => {
  const words = ['deploy', 'production', '--version', '2.0.0', '--dry-run', '--json'];
  const { exitCode, last } = await runCli(campus, ...words);
  const { rehearsal } = JSON.parse(last) as { readonly rehearsal: readonly { readonly host: string }[] };
  expect([exitCode, rehearsal.map(({ host }) => host)]).toEqual([0, campus.webHosts]);
  const looked = await preflightOf((await campus.records()).at(-1)?.deploymentId ?? '');
  expect(looked.level).toBe('strict');
  expect(looked.results.map(({ name }) => name)).not.toContain('dry run');
}, 120_000);

test('whatever is wrong is found at once: each with its own line, and all the others are looked at too', async () => {
  const { CAMPUS_DB_PASSWORD: password } = process.env;
  const archive = join(campus.directory, 'releases', '2.0.0', 'frontend.tar.gz');
  const bytes = await readFile(archive);
  await appendFile(archive, 'x');
  await campus.lab.fault('web-1', 'disk-full');
  await campus.lab.fault('web-2', 'cut');
  await campus.lab.run('web-3', ['mv', '/etc/sudoers.d/safeguard', '/root/sudoers']);
  process.env['CAMPUS_DB_PASSWORD'] = 'guessed-by-somebody';
  try {
    const { exit, report } = await look('--level', 'standard');
    expect([exit, report.passed]).toEqual([9, false]);
    expect(objections(report)).toEqual([
      'release 2.0.0: fail RELEASE_INVALID',
      expect.stringMatching(/^login web-2: unknown (HOST_UNREACHABLE|CONNECTION_LOST)/),
      expect.stringMatching(/^login web-3: fail HOST_ANSWER_INVALID/),
      'disk web-1: fail',
      expect.stringMatching(/^database .*: (fail|unknown) DATABASE_/),
    ]);
    expect(JSON.stringify(report)).not.toContain('guessed-by-somebody');
    const wrong = report.results.filter(({ verdict }) => verdict !== 'pass');
    expect(wrong.every(({ advice, runbook }) => advice !== null && runbook !== null)).toBe(true);
  } finally {
    process.env['CAMPUS_DB_PASSWORD'] = password;
    await campus.lab.run('web-3', ['mv', '/root/sudoers', '/etc/sudoers.d/safeguard']);
    await writeFile(archive, bytes);
  }
}, 120_000);

test('a deployment that its preflight objects to ends at once, with the table, and nothing was changed', async () => {
  await campus.lab.fault('web-1', 'disk-full');
  const before = await photograph(campus);
  const { exitCode, lines } = await runCli(campus, 'deploy', 'production', '--version', '2.0.0', '--follow');
  const after = await photograph(campus);

  expect(exitCode).toBe(2);
  expect(lines.join('\n')).toMatch(/✗ +disk +web-1 +\S+ is \S+ % full/);
  expect(lines.at(-1)).toMatch(/^REFUSED: .*disk \(web-1\)/);
  expect(after).toEqual(before);
  const [record] = (await campus.records()).slice(-1);
  expect(record).toMatchObject({ outcome: 'REFUSED', preflight: { level: 'strict', passed: false } });
  const kept = await preflightOf(record?.deploymentId ?? '');
  expect(kept.results).toHaveLength(kept.looks);
}, 120_000);

test('once that is mended the same release is let in', async () => {
  const run = await campus.deploy('2.0.0');
  expect(run).toMatchObject({ status: 'COMPLETED', outcome: 'SUCCEEDED' });
  const validated = (await campus.records()).at(-1)?.steps.find(({ title }) => title === 'validate');
  expect(validated?.detail).toMatch(/Preflight \(strict\): \d+ of \d+ passed/);
}, 240_000);
