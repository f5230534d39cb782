import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CliServer } from './cli-server.js';
import { serving } from './environments.js';

let cli: CliServer;
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);
afterAll(() => cli.stop(), 60_000);

const line = (text: string, begin: string): string | undefined =>
  text.split('\n').find((one) => one.trimStart().startsWith(begin));

describe('plan', () => {
  test('says what would change on each host, and how each step would be undone', async () => {
    const { status, stdout } = await cli.run('plan', 'dev', '--version', '2.0.0');
    expect(status).toBe(0);
    expect(stdout).toContain('dev: 1.0.0 (100abcde) → 2.0.0 (200abcde)');
    expect(stdout).toContain('web1 127.0.0.1, web2 127.0.0.2, each:');
    expect(line(stdout, 'backend')).toMatch(/1\.0\.0 → 2\.0\.0: stopped and started +restore 1\.0\.0/);
    expect(line(stdout, 'stage')).toMatch(/2\.0\.0 \(200abcde\) are put beside .* – *$/);
    expect(line(stdout, 'migrate')).toMatch(/V2__orders\.sql +keep: it is tolerated *$/);
    expect(stdout).toContain('If anything fails, every host is brought back to 1.0.0 (100abcde)');
    expect(stdout).toContain('DRY_RUN: Nothing was changed.');
  }, 60_000);

  test('has the same for programs, and is what deploy --dry-run shows', async () => {
    const plan = await cli.run('plan', 'dev', '--version', '2.0.0', '--json');
    const shown = JSON.parse(plan.stdout) as { readonly hosts: readonly { readonly steps: unknown[] }[] };
    expect(shown).toMatchObject({ outcome: 'DRY_RUN', exitStatus: 0, plan: { kind: 'deploy' } });
    expect(shown.hosts.map((host) => host.steps.length)).toEqual([4, 4]);
    expect(shown).toMatchObject({ once: [{ title: 'migrate', undo: 'keep: it is tolerated' }] });
    const dry = await cli.run('deploy', 'dev', '--version', '2.0.0', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ hosts: shown.hosts });
  }, 60_000);
});

describe('history', () => {
  const at = '2026-11-20T12:00:00.000Z';
  const old = {
    deploymentId: 'old-run-1',
    version: '0.9.0',
    outcome: 'SUCCEEDED',
    message: 'Done.',
    at,
  } as const;

  test('of an environment without any is no failure', async () => {
    expect(await cli.run('history', 'prod')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('nothing was ever deployed'),
    });
  }, 60_000);

  test('shows what the server knows and what only the environment remembers, newest first', async () => {
    const ended = { ...old, deploymentId: 'history-1', version: '3.0.0', outcome: 'ROLLED_BACK' } as const;
    await cli.environment('prod', { ...serving, history: [ended, old] });
    await cli.run('deploy', 'prod', '--version', '3.0.0', '--id', 'history-1');
    await cli.client.workflow.getHandle('deployment/prod/3.0.0/history-1').terminate();
    await cli.run('converge', 'prod', '--reason', 'hold', '--id', 'history-2');
    const shown = await listed(3);
    expect(shown.map(({ deploymentId, outcome, isRunning }) => [deploymentId, outcome, isRunning])).toEqual([
      ['history-2', null, true],
      // Terminated, it did not say; the environment knows.
      ['history-1', 'ROLLED_BACK', false],
      ['old-run-1', 'SUCCEEDED', false],
    ]);
    const { stdout } = await cli.run('history', 'prod');
    expect(line(stdout, 'ended 2026-11-20 12:00:00Z')).toMatch(/0\.9\.0 +SUCCEEDED +old-run-1/);
    expect(stdout).toMatch(/converge +▶ .* history-2/);
    expect(await listed(1, '--limit', '1')).toMatchObject([{ deploymentId: 'history-2' }]);
  }, 60_000);

  test('works without a worker', async () => {
    await cli.stopWorker();
    expect(await listed(2)).toMatchObject([
      { deploymentId: 'history-2', isRunning: true },
      { deploymentId: 'history-1', outcome: null, message: null },
    ]);
    expect((await cli.run('history', 'prod')).stdout).toMatch(/ended from outside .* history-1/);
  }, 60_000);

  interface Shown {
    readonly deploymentId: string;
    readonly outcome: string | null;
    readonly isRunning: boolean;
  }

  /** What is shown once the server's list, which may lag, has so many runs. */
  async function listed(count: number, ...options: string[]): Promise<readonly Shown[]> {
    for (;;) {
      const { stdout } = await cli.run('history', 'prod', '--json', ...options);
      const { runs } = JSON.parse(stdout) as { readonly runs: readonly Shown[] };
      if (runs.length === count && runs.filter(({ isRunning }) => isRunning).length === 1) return runs;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});

test.each([
  ['no version', ['plan', 'dev']],
  ['a number that is none', ['history', 'dev', '--limit', 'many']],
  ['a number that is too large', ['history', 'dev', '--limit', '100000']],
])('%s is exit 2', async (_, words) => {
  expect(await cli.run(...words)).toMatchObject({ status: 2, stdout: '' });
});
