import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { approve, approveSignal } from '../../src/workflows/messages.js';
import { Signers } from '../adapters/signers.js';
import { CampusLab, ended, until } from './campus-lab.js';
import { runCli, type CliEnd } from './run-cli.js';
import { SOON } from './policy.js';

let campus: CampusLab;
let signers: Signers;

beforeAll(async () => {
  signers = await Signers.make(['ada', 'ben', 'cleo'], ['mallory']);
  // The preset of production asks for signatures.
  const approval = { count: 2, allowed_signers: signers.allowedSigners };
  campus = await CampusLab.open({ policy: { ...SOON, approval } });
  await campus.startWorker();
  for (const version of ['1.0.0', '1.1.0', '2.0.0']) await campus.release(version);
}, 120_000);
afterAll(async () => {
  await campus.close();
  await signers.remove();
}, 60_000);

/** Starts a deployment by ada, which waits for approval. */
async function waiting(version: string): Promise<WorkflowHandle> {
  const run = await campus.start(version, { requestedBy: 'ada' });
  await asked(run, 1);
  return run;
}

/** Waits until people are asked about a plan for the n-th time; answers its hash. */
async function asked(run: WorkflowHandle, round: number): Promise<string> {
  return until(`round ${round} of the approval`, async () => {
    const { phase, approval, planHash } = await campus.progress(run);
    return phase === 'awaiting-approval' && approval?.round === round && planHash;
  });
}

/** What a person types. */
async function approves(run: WorkflowHandle, by: string, key = by, ...more: string[]): Promise<CliEnd> {
  const id = run.workflowId.split('/').at(-1) ?? '';
  const words = ['--id', id, '--by', by, '--comment', 'seen', '--sign', signers.keyFile(key), ...more];
  return runCli(campus, 'approve', 'production', ...words);
}

/** What an approval with a signature made before is refused with. */
async function replayed(run: WorkflowHandle, by: string, signature: string): Promise<string> {
  const error: unknown = await run
    .executeUpdate(approve, { args: [{ by, comment: '', signature }] })
    .catch((reason: unknown) => reason);
  return error instanceof WorkflowUpdateFailedError
    ? (error.cause?.message ?? '')
    : `accepted: ${String(error)}`;
}

test('production deploys only what two others have signed', async () => {
  const run = await waiting('1.0.0');
  const own = await approves(run, 'ada');
  expect([own.exitCode, own.stderr]).toEqual([
    2,
    expect.stringContaining("ada asked for this run and can't approve it too"),
  ]);
  const forged = await approves(run, 'ben', 'mallory');
  expect([forged.exitCode, forged.stderr]).toEqual([2, expect.stringContaining('lists no such key for ben')]);
  expect((await campus.progress(run)).message).toContain(
    'A decision was refused: The signature for ben was refused',
  );
  await run.signal(approveSignal, { by: 'ben', comment: 'trust me' });
  expect((await campus.progress(run)).message).toContain(
    'Approvals have to be signed here, and this one by ben is not',
  );
  const outdated = await approves(run, 'ben', 'ben', '--plan', '0123456789ab');
  expect([outdated.exitCode, outdated.stderr]).toEqual([
    2,
    expect.stringContaining('does not wait for approval'),
  ]);
  expect(await campus.servedEverywhere()).toBe('nothing');

  const first = await approves(run, 'ben');
  expect([first.exitCode, first.last]).toEqual([
    0,
    expect.stringContaining('1 of 2 approvals (ben, signed); missing: 1 more'),
  ]);
  expect((await approves(run, 'ben')).stderr).toContain('ben has approved this plan already');
  expect((await approves(run, 'cleo')).exitCode).toBe(0);
  expect(await ended(run)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('1.0.0');
  const [record] = await campus.records();
  const of = async (by: string) => ({
    by,
    verdict: 'approved',
    identity: 'signed',
    key: await signers.fingerprint(by),
  });
  expect(record?.decisions).toMatchObject([await of('ben'), await of('cleo')]);
}, 120_000);

test('what was signed for another run, or for a plan that has changed, is no use', async () => {
  const [earlier] = await campus.records();
  const overtaken = await waiting('2.0.0');
  const [taken] = earlier?.decisions ?? [];
  expect(await replayed(overtaken, 'ben', taken?.signature ?? '')).toContain('such as another plan or run');

  const plan = await asked(overtaken, 1);
  const quick = await waiting('1.1.0');
  for (const by of ['ben', 'cleo']) expect((await approves(quick, by)).exitCode).toBe(0);
  expect(await ended(quick)).toMatchObject({ outcome: 'SUCCEEDED' });

  // Approved for what would have led away from 1.0.0, which serves no more.
  for (const by of ['ben', 'cleo']) expect((await approves(overtaken, by)).exitCode).toBe(0);
  expect(await asked(overtaken, 2)).not.toBe(plan);
  expect(await campus.servedEverywhere()).toBe('1.1.0');
  const error: unknown = await overtaken
    .executeUpdate(approve, { args: [{ by: 'ben', comment: '', planHash: plan, signature: 'x' }] })
    .catch((reason: unknown) => reason);
  expect((error as Error).cause).toMatchObject({
    message: expect.stringContaining(`This is about plan ${plan.slice(0, 12)}`),
  });

  for (const by of ['ben', 'cleo']) expect((await approves(overtaken, by)).exitCode).toBe(0);
  expect(await ended(overtaken)).toMatchObject({ outcome: 'SUCCEEDED' });
  expect(await campus.servedEverywhere()).toBe('2.0.0');
  const records = await campus.records();
  const hashes = records
    .find(({ version }) => version === '2.0.0')
    ?.decisions.map(({ planHash }) => planHash);
  expect([hashes?.length, new Set(hashes).size]).toEqual([4, 2]);
}, 180_000);
