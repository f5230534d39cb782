import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliServer, until } from './cli-server.js';

const JOB = { GITHUB_RUN_ID: '17284938475', GITHUB_RUN_ATTEMPT: '1', GITHUB_JOB: 'deploy' };

/** What `deploy --json` prints. */
interface Printed {
  readonly deploymentId: string;
  readonly workflowId: string;
  readonly isNew: boolean;
  readonly source: unknown;
}

let cli: CliServer;

Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);
afterAll(() => cli.stop(), 60_000);

async function deliver(version: string, job: Readonly<Record<string, string>> = JOB): Promise<Printed> {
  const { status, stdout, stderr } = await cli.process(job, 'deploy', 'dev', '--version', version, '--json');
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Printed;
}

async function runsOf(version: string): Promise<string[]> {
  const runs: string[] = [];
  const query = `WorkflowId STARTS_WITH 'deployment/dev/${version}/'`;
  for await (const { workflowId } of cli.client.workflow.list({ query })) runs.push(workflowId);
  return runs;
}

test('one job delivered twice at once is one run', async () => {
  const [one, two] = await Promise.all([deliver('5.0.0'), deliver('5.0.0')]);
  expect(one.deploymentId).toMatch(/^ci-17284938475-1-[0-9a-f]{6}$/);
  expect(two.workflowId).toBe(one.workflowId);
  expect([one.isNew, two.isNew].sort()).toEqual([false, true]);
  // The list may lag behind by a moment.
  while ((await runsOf('5.0.0')).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await runsOf('5.0.0')).toEqual([one.workflowId]);
}, 120_000);

test('one that ended is found by a later delivery, which exits as it ended', async () => {
  const { workflowId, deploymentId } = await deliver('5.1.0');
  const { terminal, ended } = cli.begin('watch', 'dev', '--id', deploymentId);
  await until(() => terminal.stdout.includes('▶'));
  await cli.client.workflow.getHandle(workflowId).signal('abort', { by: 'carol', reason: 'enough' });
  expect(await ended).toBe(3);
  expect(await cli.process(JOB, 'deploy', 'dev', '--version', '5.1.0', '--follow')).toMatchObject({
    status: 3,
    stdout: expect.stringContaining(`Found the running or ended deployment ${deploymentId}`),
  });
}, 120_000);

test('a re-run of the job is another run', async () => {
  const first = await deliver('5.2.0');
  const again = await deliver('5.2.0', { ...JOB, GITHUB_RUN_ATTEMPT: '2' });
  expect(again).toMatchObject({ isNew: true, deploymentId: expect.stringMatching(/^ci-17284938475-2-/) });
  expect(again.workflowId).not.toBe(first.workflowId);
}, 120_000);

test('outside of CI each start is a run', async () => {
  const [one, two] = await Promise.all([deliver('5.3.0', {}), deliver('5.3.0', {})]);
  expect([one.isNew, two.isNew]).toEqual([true, true]);
  expect(one.source).toBeNull();
}, 120_000);

describe('a job that is told to end', () => {
  /** Starts a run that waits for somebody, and returns when its job shows it. */
  async function shown(version: string, ...words: string[]) {
    const job = cli.spawn(JOB, 'deploy', 'dev', '--version', version, '--follow', ...words);
    let said = '';
    job.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('▶'));
    const [workflowId = ''] = await runsOf(version);
    const status = async () => (await cli.client.workflow.getHandle(workflowId).describe()).status.name;
    return { job, status };
  }

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves the run alone (%s)',
    async (signal) => {
      const { job, status } = await shown(`6.0.${signal.length}`);
      job.kill(signal);
      const { exitCode, stderr } = await job;
      expect(exitCode).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(stderr).toContain('the run goes on');
      expect(await status()).toBe('RUNNING');
    },
    120_000,
  );

  test('cancels the run if so told, and exits by its outcome', async () => {
    const { job, status } = await shown('6.1.0', '--on-cancel', 'cancel');
    job.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await job;
    expect(stderr).toContain('cancelling the run');
    expect(stdout).toContain('WITHDRAWN: Cancelled by someone.');
    expect(exitCode).toBe(7);
    expect(await status()).toBe('CANCELLED');
  }, 120_000);
});

describe('the action', () => {
  const INPUTS = { ENVIRONMENT: 'dev', VERSION: '7.0.0', ON_CANCEL: 'leave', ARGUMENTS: '' };
  const ACTIONS = { ...JOB, GITHUB_ACTIONS: 'true' };

  test('deploys, marks the job, and tells the steps after it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'safeguard-action-'));
    const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') };
    const job = cli.action({ ...INPUTS, ARGUMENTS: '--if-busy\n\n  fail \n' }, { ...ACTIONS, ...files });
    let runs: string[] = [];
    while ((runs = await runsOf('7.0.0')).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const [workflowId = ''] = runs;
    await cli.client.workflow.getHandle(workflowId).signal('abort', { by: 'carol', reason: 'enough' });
    expect(await job).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('::error title=dev 7.0.0%3A ROLLED_BACK::Aborted by carol: enough'),
    });
    expect(await readFile(files.GITHUB_OUTPUT, 'utf8')).toContain(
      `workflow-id=${workflowId}\noutcome=ROLLED_BACK`,
    );
    expect(await readFile(files.GITHUB_STEP_SUMMARY, 'utf8')).toContain('### dev 7.0.0: ROLLED_BACK');
    await rm(folder, { recursive: true });
  }, 120_000);

  test.each([
    ['VERSION', '$(touch /tmp/pwned)', 'VERSION_INVALID'],
    ['VERSION', '--json', 'VERSION_INVALID'],
    ['ENVIRONMENT', '--dry-run', 'ENVIRONMENT_UNKNOWN'],
    ['ON_CANCEL', 'perhaps', 'USAGE'],
  ])(
    'takes %s for what it is: %s',
    async (name, value, code) => {
      const { exitCode, stderr } = await cli.action({ ...INPUTS, [name]: value }, ACTIONS);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`::error title=safeguard%3A ${code}::`);
    },
    60_000,
  );
});

test('it says whose word the origin is', async () => {
  const commit = 'a'.repeat(40);
  const job = { ...JOB, GITHUB_EVENT_NAME: 'push', GITHUB_SHA: commit, GITHUB_REF: 'refs/tags/v5.4.0' };
  expect((await deliver('5.4.0', job)).source).toEqual({
    source: { commit, ref: 'refs/tags/v5.4.0' },
    from: { commit: 'GITHUB_SHA', ref: 'GITHUB_REF' },
  });
  expect(await cli.process(job, 'deploy', 'dev', '--version', '5.4.0', '--verbose')).toMatchObject({
    stdout: expect.stringContaining(`origin   commit ${commit} (GITHUB_SHA), refs/tags/v5.4.0 (GITHUB_REF)`),
  });
}, 120_000);

test('a job that is told to end twice does not wait for a run that takes its time', async () => {
  await cli.stopWorker();
  const words = ['--version', '6.2.0', '--follow', '--on-cancel', 'cancel'];
  const job = cli.spawn(JOB, 'deploy', 'dev', ...words);
  let told = '';
  job.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  let said = '';
  job.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('workflow '));
  await until(() => said.includes('! '));
  job.kill('SIGTERM');
  await until(() => told.includes('cancelling the run'));
  job.kill('SIGTERM');
  expect((await job).exitCode).toBe(143);
}, 120_000);
