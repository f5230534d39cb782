import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
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
