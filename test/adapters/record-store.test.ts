import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RecordStore } from '../../src/adapters/record-store.js';
import type { RunRecord } from '../../src/domain/run.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'records-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function record(deploymentId: string, message: string): RunRecord {
  return { application: 'campus', environment: 'test', deploymentId, message } as RunRecord;
}

async function read(file: string): Promise<{ message: string }> {
  return JSON.parse(await readFile(file, 'utf8')) as { message: string };
}

test('a record is kept once: the first one stays', async () => {
  const store = new RecordStore(root);
  const file = await store.keepRecord(record('run-1', 'first'));
  expect(file).toBe(join(root, 'campus', 'test', 'records', 'run-1.json'));
  expect(await store.keepRecord(record('run-1', 'second'))).toBe(file);
  expect((await read(file)).message).toBe('first');
});

test('many at once leave one whole file and no scraps', async () => {
  const store = new RecordStore(root);
  await Promise.all(Array.from({ length: 20 }, (_, n) => store.keepRecord(record('run-2', `writer ${n}`))));
  const directory = join(root, 'campus', 'test', 'records');
  expect((await readdir(directory)).filter((name) => name.startsWith('run-2'))).toEqual(['run-2.json']);
  expect((await read(join(directory, 'run-2.json'))).message).toMatch(/^writer/);
});

test('of evidence the newest one stays', async () => {
  const store = new RecordStore(root);
  const where = { application: 'campus', environment: 'test', deploymentId: 'run-3' };
  await store.keepEvidence(where, 'checks', { message: 'first' });
  const file = await store.keepEvidence(where, 'checks', { message: 'second' });
  expect((await read(file)).message).toBe('second');
});

test('what can’t be written says so, with the file', async () => {
  const file = join(root, 'a-file');
  await writeFile(file, '');
  await chmod(file, 0o600);
  await expect(new RecordStore(file).keepRecord(record('run-4', ''))).rejects.toMatchObject({
    code: 'RECORD_NOT_WRITTEN',
    message: expect.stringContaining("run-4.json can't be written") as unknown,
  });
});
