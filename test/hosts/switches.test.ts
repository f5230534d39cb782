import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { environmentWorkflowId, taskQueue } from '../../src/workflows/messages.js';
import { CampusLab } from './campus-lab.js';
import { environmentStatus } from './direct.js';
import { photograph } from './photograph.js';
import { runCli, type CliEnd } from './run-cli.js';

const SAID = ['--by', 'ada', '--reason', 'we look at web-1 by hand'];

let campus: CampusLab;

beforeAll(async () => {
  campus = await CampusLab.open();
  await campus.startWorker();
  await campus.release('1.0.0');
  await campus.release('2.0.0');
  expect(await campus.deploy('1.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
}, 120_000);
afterAll(() => campus.close(), 60_000);

function cli(...words: string[]): Promise<CliEnd> {
  return runCli(campus, ...words);
}

describe('a disabled environment', () => {
  test('is left exactly as it is by a deployment, which says who, why, and what it would have done', async () => {
    expect(await cli('disable', 'production', ...SAID)).toMatchObject({ exitCode: 0 });
    const before = await photograph(campus);
    const held = await cli('deploy', 'production', '--version', '2.0.0', '--follow');
    expect(held.exitCode).toBe(10);
    expect(held.last).toMatch(
      /^HELD_BACK: Nothing was changed: production is disabled by ada since .* until somebody enables it: we look at web-1 by hand\. It would have gone from 1\.0\.0 \(\w+\) to 2\.0\.0 \(\w+\): \d+ steps on 3 hosts, \d+ migrations?\. To go on: safeguard enable production/,
    );
    expect(await photograph(campus)).toEqual(before);
    expect(await campus.servedEverywhere()).toBe('1.0.0');
    expect((await campus.records()).at(-1)).toMatchObject({ version: '2.0.0', outcome: 'HELD_BACK' });
    expect(await campus.incidents()).toEqual([]);
  }, 120_000);

  test('a dry run shows its plan, says that it would be held back, and is no failure', async () => {
    const before = await photograph(campus);
    const { exitCode, lines, last } = await cli('deploy', 'production', '--version', '2.0.0', '--dry-run');
    expect(exitCode).toBe(0);
    expect(lines).toContainEqual(expect.stringMatching(/^web-1 \S+, web-2 \S+, web-3 \S+, each:$/));
    expect(last).toMatch(/^DRY_RUN: .* At present it would be held back: production is disabled by ada/);
    expect(await photograph(campus)).toEqual(before);
  }, 60_000);

  test('is deployed to when it is enabled again', async () => {
    expect(await cli('enable', 'production', '--by', 'ada', '--reason', 'web-1 is fine')).toMatchObject({
      exitCode: 0,
      last: 'production takes deployments.',
    });
    expect(await campus.deploy('2.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
    expect(await campus.servedEverywhere()).toBe('2.0.0');
  }, 120_000);

  test('is rolled back all the same, though it is paused and frozen too', async () => {
    expect(await cli('disable', 'production', ...SAID)).toMatchObject({ exitCode: 0 });
    expect(await cli('pause-all', ...SAID)).toMatchObject({ exitCode: 0 });
    expect(await cli('freeze', 'production', '--until', '2h', '--id', 'sale', ...SAID)).toMatchObject({
      exitCode: 0,
    });
    const back = await cli('rollback', 'production', '--reason', 'customers complain', '--follow');
    expect(back).toMatchObject({ exitCode: 0, last: expect.stringContaining('ROLLED_BACK') });
    expect(await campus.servedEverywhere()).toBe('1.0.0');
    await cli('enable', 'production', ...SAID);
    await cli('unfreeze', 'production', 'sale', ...SAID);
    expect(await cli('resume-all', ...SAID)).toMatchObject({ exitCode: 0 });
    expect((await environmentStatus(campus)).switches).toEqual({ disabled: null, paused: null, freezes: [] });
  }, 120_000);
});

/**
 * Quarantines the environment as if a host that has left the configuration since were lost: the environment waits for it, and
 * repairs nothing by itself meanwhile.
 */
async function quarantine(): Promise<void> {
  const { application, environment, ...state } = await environmentStatus(campus);
  const gone = { name: 'web-9', address: '192.0.2.9', port: 22 };
  const since = new Date().toISOString();
  const reason = 'PARTIAL: web-9 is lost';
  const quarantined = {
    ...state,
    hosts: [...state.hosts, gone],
    quarantine: { reason, since, deploymentId: 'test', lost: [gone.name] },
  };
  await campus.client.workflow.start('environment', {
    workflowId: environmentWorkflowId(application, environment),
    taskQueue: taskQueue(application),
    args: [{ application, environment, state: quarantined }],
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
  });
}

test('a quarantine stands while a host differs, and is lifted when none does', async () => {
  await quarantine();
  expect(await campus.deploy('2.0.0')).toMatchObject({ outcome: 'REFUSED' });

  await campus.lab.run('web-2', ['systemctl', 'stop', 'campus-production-backend.service']);
  const stands = await cli('resolve', 'production', ...SAID);
  expect(stands.exitCode).toBe(9);
  expect(stands.stderr).toMatch(/QUARANTINE_STANDS: Not every host serves 1\.0\.0 \(\w+\): web-2: /);
  expect((await environmentStatus(campus)).quarantine?.stands).toContain('web-2');

  await campus.lab.run('web-2', ['systemctl', 'start', 'campus-production-backend.service']);
  const lifted = await cli('resolve', 'production', ...SAID);
  expect(lifted).toMatchObject({ exitCode: 0, last: expect.stringContaining('is lifted, as ada') });
  expect((await environmentStatus(campus)).quarantine).toBeNull();
  expect(await campus.deploy('2.0.0')).toMatchObject({ outcome: 'SUCCEEDED' });
}, 180_000);
