import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CliServer, until } from './cli-server.js';

let cli: CliServer;
const begin = (...words: string[]) => cli.begin(...words);
const run = (...words: string[]) => cli.run(...words);

// The SDK tells of every failed run; here failures are what is tested.
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);

afterAll(() => cli.stop(), 60_000);

test('a namespace that the server does not have is a mistake of whoever named it', async () => {
  expect(await cli.run('status', '--namespace', 'nope')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('has no namespace nope.') as unknown,
  });
}, 30_000);

describe('one environment', () => {
  test('a deployment is followed, approved by another person, and ends as exit 0', async () => {
    const { terminal, ended } = begin(
      'deploy',
      'dev',
      '--version',
      '2.0.0',
      '--follow',
      '--by',
      'alice',
      '--id',
      'run-0001',
    );
    await until(() => terminal.stdout.includes('▶ activate backend'));
    expect(await run('deploy', 'dev', '--version', '2.0.0', '--id', 'run-0001')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Found'),
    });
    expect(await run('deploy', 'dev', '--version', '2.0.1', '--id', 'run-0001')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('belongs to the deployment of 2.0.0'),
    });
    expect(await run('approve', 'dev', '--comment', 'mine', '--by', 'alice')).toMatchObject({
      status: 2,
      stderr: "refused: alice can't approve it too (four eyes).",
    });
    expect(
      await run('approve', 'dev', '--comment', 'old', '--by', 'bob', '--plan', '00000000'),
    ).toMatchObject({ status: 2 });
    expect(
      await run('approve', 'dev', '--comment', 'seen', '--by', 'bob', '--plan', 'abcdef01'),
    ).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('run-0001 was approved by bob'),
    });
    expect(await ended).toBe(0);
    expect(terminal.stdout).toContain('SUCCEEDED: 2.0.0 serves.');
  }, 60_000);

  test('an abort finds the only open run, and whoever follows it exits as rolled back', async () => {
    const { terminal, ended } = begin(
      'deploy',
      'dev',
      '--version',
      '2.1.0',
      '--follow',
      '--json',
      '--id',
      'run-0002',
    );
    await until(() => terminal.stderr.includes('▶'));
    const aborted = await run('abort', 'dev', '--reason', 'enough', '--by', 'carol');
    expect(aborted).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Told run-0002 (2.1.0) to stop'),
    });
    expect(await ended).toBe(3);
    expect(await run('abort', 'dev')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('RUN_NOT_FOUND'),
    });
    expect(await run('abort', 'dev', '--id', 'run-0002')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('ended already'),
    });
    expect(await run('watch', 'dev', '--id', 'run-0002')).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('ROLLED_BACK: Aborted by carol: enough'),
    });
  }, 60_000);

  test('a terminated run says where to look', async () => {
    const { terminal, ended } = begin('deploy', 'dev', '--version', '2.2.0', '--follow', '--id', 'run-0003');
    await until(() => terminal.stdout.includes('▶'));
    await cli.client.workflow.getHandle('deployment/dev/2.2.0/run-0003').terminate();
    expect(await ended).toBe(1);
    expect(terminal.stdout).toContain('safeguard watch dev');
  }, 60_000);

  test('status and resolve ask the environment itself', async () => {
    expect(await run('status', 'prod')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('nothing was ever deployed'),
    });
    expect(await run('resolve', 'prod', '--reason', 'mended')).toMatchObject({ status: 2 });
    const quarantine = {
      reason: 'web2 differs',
      since: '2026-11-21T12:00:00Z',
      deploymentId: 'zero',
      lost: [],
    };
    await cli.environment('prod', { quarantine });
    expect(await run('status', 'prod')).toMatchObject({
      stdout: expect.stringContaining('quarantined: web2 differs'),
    });
    expect(await run('resolve', 'prod', '--reason', 'mended')).toMatchObject({ status: 0 });
    const { stdout } = await run('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject([{ status: null }, { status: { quarantine: null } }]);
  }, 60_000);
});

test('whoever follows outlives the server', async () => {
  const { terminal, ended } = begin('deploy', 'dev', '--version', '3.0.0', '--follow', '--id', 'run-0004');
  await until(() => terminal.stdout.includes('▶'));
  await cli.stopServer();
  await until(() => terminal.stdout.includes('trying again'));
  await cli.startServerAgain();
  await until(() => terminal.stdout.includes('It answers again.'));
  expect(await run('approve', 'dev', '--comment', 'seen', '--by', 'bob')).toMatchObject({ status: 0 });
  expect(await ended).toBe(0);
}, 120_000);
