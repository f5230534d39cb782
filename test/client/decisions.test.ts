import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { verifySignature } from '../../src/adapters/ssh-signature.js';
import { approvalStatement, SIGNATURE_NAMESPACE } from '../../src/domain/approval.js';
import { Signers } from '../adapters/signers.js';
import { CliServer } from './cli-server.js';

const PLAN = 'abcdef0123456789'.repeat(4);

let cli: CliServer;
let signers: Signers;
const run = (...words: string[]) => cli.run(...words);

// The SDK tells of every failed run; here failures are what is tested.
Runtime.install({ logger: new DefaultLogger('ERROR') });

beforeAll(async () => {
  cli = await CliServer.start();
  signers = await Signers.make(['bob'], ['eve']);
}, 300_000);
afterAll(async () => {
  await cli.stop();
  await signers.remove();
}, 60_000);

function statement(deploymentId: string, by: string): string {
  const subject = { application: 'shop', environment: 'dev', deploymentId, planHash: PLAN, round: 3 };
  return approvalStatement(subject, by);
}

/** Starts a run of the shop that waits for approval. */
async function waiting(id: string): Promise<void> {
  expect(await run('deploy', 'dev', '--version', '2.0.0', '--by', 'alice', '--id', id)).toMatchObject({
    status: 0,
  });
}

/** The fingerprint of the key whose signature the run was given. */
async function proven(json: string, id: string, by: string): Promise<string> {
  const { signature } = JSON.parse(json) as { signature: string };
  const { allowedSigners } = signers;
  const namespace = SIGNATURE_NAMESPACE;
  return verifySignature({ allowedSigners, by, namespace, statement: statement(id, by), signature });
}

test('--sign signs the statement of the plan that waits, and shows it', async () => {
  await waiting('run-1001');
  const words = ['approve', 'dev', '--id', 'run-1001', '--comment', 'seen', '--by', ' bob '];
  const end = await run(...words, '--plan', 'abcdef01', '--sign', signers.keyFile('bob'), '--json');
  expect(end).toMatchObject({ status: 0 });
  expect(end.stderr).toContain(
    `  deployment: run-1001\n  plan: ${PLAN}\n  round: 3\n  verdict: approved\n  by: bob`,
  );
  expect(await proven(end.stdout, 'run-1001', 'bob')).toBe(await signers.fingerprint('bob'));
}, 60_000);

test('what was printed and signed elsewhere is as good', async () => {
  await waiting('run-1002');
  const words = ['approve', 'dev', '--id', 'run-1002', '--by', 'bob'];
  const { status, stdout } = await run(...words, '--print-statement');
  expect([status, `${stdout}\n`]).toEqual([0, statement('run-1002', 'bob')]);
  const file = `${signers.directory}/elsewhere.sig`;
  await writeFile(file, await signers.sign('bob', `${stdout}\n`));
  const end = await run(...words, '--comment', 'seen', '--signature', file, '--json');
  expect(end).toMatchObject({ status: 0 });
  expect(await proven(end.stdout, 'run-1002', 'bob')).toBe(await signers.fingerprint('bob'));
}, 60_000);

test('what makes no sense is exit 2, and nothing is signed', async () => {
  await waiting('run-1003');
  const words = ['approve', 'dev', '--id', 'run-1003', '--by', 'bob'];
  const key = signers.keyFile('bob');
  expect(await run(...words, '--sign', key)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--comment'),
  });
  const commented = [...words, '--comment', 'seen'];
  expect(await run(...commented, '--sign', key, '--signature', 'x')).toMatchObject({ status: 2 });
  expect(await run(...commented, '--sign', key, '--plan', '00000000')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Plan 00000000 does not wait for approval; abcdef012345 does.'),
  });
  expect(await run(...commented, '--sign', '/nowhere/key')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('/nowhere/key could not sign: '),
  });
  expect(await run(...commented, '--signature', '/nowhere/file')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("/nowhere/file can't be read"),
  });
  expect(await run(...commented, '--sign', key, '--by', 'bob\u202E')).toMatchObject({ status: 2 });
  const claimed = await run(...commented);
  expect(claimed).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('approved by bob (claimed): seen'),
  });
}, 60_000);

test('a rejection is given as before', async () => {
  await waiting('run-1004');
  expect(await run('reject', 'dev', '--id', 'run-1004', '--by', 'bob')).toMatchObject({ status: 2 });
  expect(await run('reject', 'dev', '--id', 'run-1004', '--by', 'bob', '--comment', 'no')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('run-1004 was rejected by bob (claimed): no'),
  });
}, 60_000);
