import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCli } from '../../src/client/main.js';
import type { SmokeResult } from '../../src/domain/smoke.js';
import { CapturedTerminal } from '../client/captured-terminal.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { runCli as runOnCampus } from './run-cli.js';

const SMOKE = join(import.meta.dirname, '..', '..', 'examples', 'campus', 'smoke.yaml');

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
}, 60_000);
afterAll(() => campus.close(), 60_000);

test('T022: a first release is brought to every host, with its migration', async () => {
  await campus.release('1.0.0');
  const run = await campus.deploy('1.0.0');

  expect(run.message).toMatch(/^1\.0\.0 \([0-9a-f]{8}\) serves on all \d hosts\.$/);
  expect(run).toMatchObject({ status: 'COMPLETED', result: { outcome: 'SUCCEEDED', serving: '1.0.0' } });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  expect(await campus.sql('select version from flyway_schema_history where success')).toBe('1');
}, 120_000);

test('the next release replaces it', async () => {
  await campus.release('2.0.0');
  const run = await campus.deploy('2.0.0');

  expect(run).toMatchObject({ status: 'COMPLETED', result: { outcome: 'SUCCEEDED', serving: '2.0.0' } });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
}, 120_000);

/** `safeguard smoke` of a web host, with the tests of the example. */
async function smoke(host: string) {
  const terminal = new CapturedTerminal();
  const url = `http://${campus.lab.host(host).address}`;
  const words = ['smoke', url, '--file', SMOKE, '--level', 'full', '--retries', '2', '--json'];
  const status = await runCli(words, '1.2.3', terminal);
  const { results } = JSON.parse(terminal.stdout) as { readonly results: readonly SmokeResult[] };
  return {
    status,
    verdicts: new Map(results.map(({ name, verdict, evidence }) => [name, `${verdict}: ${evidence}`])),
  };
}

test('the fourteen smoke tests pass on every host, and name what is broken on one', async () => {
  for (const host of campus.lab.hosts.filter(({ role }) => role === 'web')) {
    const { status, verdicts } = await smoke(host.name);
    expect([...verdicts].filter(([, said]) => !said.startsWith('pass: '))).toEqual([]);
    expect([status, verdicts.size]).toEqual([0, 14]);
  }
  const unit = 'campus-production-backend.service';
  await campus.lab.run('web-1', ['systemctl', 'stop', unit]);
  const { status, verdicts } = await smoke('web-1');
  await campus.lab.run('web-1', ['systemctl', 'start', unit]);
  expect(status).toBe(9);
  expect(verdicts.get('home page')).toMatch(/^pass: /);
  expect(verdicts.get('API is healthy')).toBe('fail: answered 502, expected 200');
  expect(verdicts.get('backend and frontend are of one version')).toMatch(/^fail: .*says nothing/);
}, 60_000);

test('health asks every check of what is committed, and tells what says no from what cannot be asked', async () => {
  const well = await runOnCampus(campus, 'health', 'production');
  // A full machine is a warning (load), and no more.
  expect(well.lines.at(-1)).toMatch(
    /^production is healthy with 2\.0\.0 \([0-9a-f]{8}\): \d+ of \d+ passed, in \d/,
  );
  expect(well.lines.filter((line) => line.includes(': critical: '))).toEqual([]);
  expect(well.exitCode).toBe(0);
  const unit = 'campus-production-backend.service';
  await campus.lab.run('web-2', ['systemctl', 'stop', unit]);
  const ill = await runOnCampus(campus, 'health', 'production');
  await campus.lab.run('web-2', ['systemctl', 'start', unit]);
  expect(ill.exitCode).toBe(9);
  expect(ill.lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^web-2: critical: backend is UP: could not be carried out: .*does not accept/),
      expect.stringMatching(/^web-2: critical: nginx passes .*answered 502/),
      expect.stringMatching(/^web-2: critical: .* runs steadily: inactive/),
    ]),
  );
  expect(ill.lines.filter((line) => /^web-[13]: critical: /.test(line))).toEqual([]);
}, 60_000);

test('a loop of crashes is told from one crash, and a command of the user says no', async () => {
  const unit = 'campus-production-backend.service';
  const restarts = async () => {
    const shown = await campus.lab.run('web-3', ['systemctl', 'show', '-P', 'NRestarts', unit]);
    return Number(shown.stdout);
  };
  const crash = async () => {
    const before = await restarts();
    await campus.lab.run('web-3', ['systemctl', 'kill', '--signal=KILL', unit]);
    await until('systemd has started it again', async () => {
      const { stdout } = await campus.lab.run('web-3', ['systemctl', 'show', '-P', 'ActiveState', unit]);
      return (await restarts()) > before && stdout.trim() === 'active' ? true : null;
    });
  };
  const steadiness = async () => {
    const { lines } = await runOnCampus(campus, 'health', 'production');
    return lines.filter((line) => line.startsWith('web-3: ') && line.includes('runs steadily'));
  };
  await crash();
  expect(await steadiness()).toEqual([]);
  await crash();
  await crash();
  expect(await steadiness()).toEqual([
    expect.stringMatching(/critical: .* runs steadily: active, 3 restarts, up for \d+ s/),
  ]);
  await campus.lab.run('web-3', ['systemctl', 'restart', unit]);
  expect(await steadiness()).toEqual([]);

  await campus.lab.run('web-3', ['systemctl', 'disable', 'nginx.service']);
  const { lines } = await runOnCampus(campus, 'health', 'production');
  await campus.lab.run('web-3', ['systemctl', 'enable', 'nginx.service']);
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^web-3: warning: nginx comes back after a reboot: ended with status 1, .*disabled/,
    ),
  );
}, 120_000);

test('hosts and records say the same as what runs', async () => {
  const { stdout } = await campus.lab.run('web-1', ['cat', '/var/lib/campus-production-state.json']);
  const [first, second] = await campus.records();
  expect(JSON.parse(stdout)).toMatchObject({
    current_version: '2.0.0',
    previous_version: '1.0.0',
    deployed_by: 'test',
    deployment_id: second?.deploymentId,
    git_sha: second?.gitSha,
  });
  expect(first).toMatchObject({ outcome: 'SUCCEEDED', previousVersion: null, failure: null });
  expect(second).toMatchObject({
    outcome: 'SUCCEEDED',
    previousVersion: '1.0.0',
    migrationsApplied: [expect.stringMatching(/^2 /)],
  });
  expect(await campus.incidents()).toEqual([]);
}, 30_000);

test('the Web UI can list the run by its search attributes', async () => {
  await campus.release('2.0.1');
  const run = await campus.start('2.0.1');
  await ended(run);
  const listed = await until('the run is listed', async () => {
    const query = `SafeguardOutcome = "SUCCEEDED" AND WorkflowId = "${run.workflowId}"`;
    for await (const found of campus.client.workflow.list({ query })) return found.workflowId;
    return null;
  });
  expect(listed).toBe(run.workflowId);
}, 120_000);
