import { chmod, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { auditStore } from '../../src/adapters/audit-store.js';
import { lineName } from '../../src/domain/audit-check.js';
import { auditText } from '../../src/domain/audit-trail.js';
import type { AuditLine } from '../../src/domain/audit.js';
import { newEnvironment } from '../../src/domain/environment-state.js';
import { chain, lineIn } from '../domain/audit-fixtures.js';
import { CliServer } from './cli-server.js';
import { CapturedTerminal } from './captured-terminal.js';
import { runCli } from '../../src/client/main.js';
import { SHOP } from './shop.js';

const PLACE = { application: 'shop', environment: 'prod', incarnation: 'life-2' };

Runtime.install({ logger: new DefaultLogger('ERROR') });

let cli: CliServer;
let folder: string;
let trail: string;

beforeAll(async () => {
  cli = await CliServer.start();
}, 300_000);
afterAll(() => cli.stop(), 60_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safeguard-audit-'));
  trail = join(folder, 'trail', 'shop', 'prod', 'life-2');
  await writeFile(join(folder, 'safeguard.yaml'), `${SHOP}audit: trail\n`);
  const store = auditStore({ kind: 'directory', directory: join(folder, 'trail') });
  const { lines, head } = chain(5, PLACE);
  for (const line of lines) await store.keep(line);
  for (const line of chain(2, { ...PLACE, incarnation: 'life-1' }).lines) await store.keep(line);
  await cli.environment('prod', { ...newEnvironment('life-2'), audit: head });
  return () => rm(folder, { recursive: true });
});

async function run(...words: string[]) {
  const terminal = new CapturedTerminal();
  const config = ['--config', join(folder, 'safeguard.yaml'), '--address', cli.address];
  const status = await runCli(['audit', ...words, ...config], '1', terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

/** Writes over a line, as whoever owns the store can. */
async function forge(sequence: number, over: Partial<AuditLine>): Promise<void> {
  const file = join(trail, lineName(sequence));
  await chmod(file, 0o640);
  await writeFile(file, auditText({ ...lineIn(chain(5, PLACE).lines, sequence), ...over }));
}

test('a trail that nobody touched is whole, in every life', async () => {
  const { status, stdout } = await run('verify', 'prod');
  expect(stdout).toMatch(/life life-1: 2 lines.*whole/);
  expect(stdout).toMatch(/life life-2 \(the present one\): 5 lines.*whole/);
  expect(status).toBe(0);
}, 60_000);

test('a line that was changed is named, with exit 9', async () => {
  await forge(3, { by: 'mallory' });
  const { status, stdout } = await run('verify', 'prod');
  expect(status).toBe(9);
  expect(stdout).toContain('changed: line 3 is not what line 4 says it was.');
  const { stdout: json } = await run('verify', 'prod', '--json');
  expect(JSON.parse(json)).toMatchObject({
    whole: false,
    asked: true,
    trails: [{ findings: [] }, { present: true, findings: [{ problem: 'changed', sequence: 3 }] }],
  });
}, 60_000);

test('the last line that was removed is missed by the environment itself', async () => {
  await unlink(join(trail, lineName(5)));
  expect(await run('verify', 'prod')).toMatchObject({
    status: 9,
    stdout: expect.stringContaining('removed: line 5 is missing.') as unknown,
  });
}, 60_000);

test('show prints a table, or the very lines; from a time on where that is asked', async () => {
  expect((await run('show', 'prod')).stdout).toMatch(
    /1 .*2026-11-21 11:45:12Z .*requested .*ada \(claimed\)/,
  );
  const { stdout } = await run('show', 'prod', '--json');
  expect(`${stdout.split('\n').at(-1) ?? ''}\n`).toBe(auditText(lineIn(chain(5, PLACE).lines, 5)));
  expect((await run('show', 'prod', '--since', '2026-11-22', '--json')).stdout).toBe('');
  expect((await run('show', 'dev')).stdout).toContain('no lines');
  expect((await run('show', 'prod', '--since', 'yesterday')).status).toBe(2);
}, 60_000);

test('show says when what it shows is not as it was written', async () => {
  await forge(2, { reason: 'forged' });
  const { status, stderr } = await run('show', 'prod');
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringContaining('safeguard audit verify prod') as unknown,
  });
}, 60_000);

test('a store that can’t be read is an error, not an empty trail', async () => {
  await writeFile(join(folder, 'a-file'), '');
  await writeFile(join(folder, 'safeguard.yaml'), `${SHOP}audit: a-file/below\n`);
  expect(await run('verify', 'prod')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('AUDIT_NOT_WRITTEN') as unknown,
  });
}, 60_000);

test('without Temporal the chain is checked all the same, and what can’t be missed is said', async () => {
  await unlink(join(trail, lineName(5)));
  const config = ['--config', join(folder, 'safeguard.yaml'), '--address', '127.0.0.1:1'];
  const terminal = new CapturedTerminal();
  expect(await runCli(['audit', 'verify', 'prod', ...config], '1', terminal)).toBe(0);
  expect(terminal.stdout).toContain('do not answer');
  await forge(2, { by: 'mallory' });
  expect(await runCli(['audit', 'verify', 'prod', ...config], '1', terminal)).toBe(9);
  expect(terminal.stdout).toContain('changed: line 2');
}, 120_000);
