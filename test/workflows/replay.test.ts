import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { ownWorkflows } from '../../src/adapters/workflow-bundle.js';

const ROOT = join(import.meta.dirname, '..', '..');
const HISTORIES = join(ROOT, 'test', 'replay', 'histories');
const FILES = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

interface Recorded {
  readonly workflowId: string;
  readonly history: unknown;
}

async function* recorded(): AsyncGenerator<Recorded> {
  for (const file of FILES) {
    yield { workflowId: file, history: JSON.parse(await readFile(join(HISTORIES, file), 'utf8')) as unknown };
  }
}

test('runs that were recorded replay with the workflows of today', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const workflowBundle = await ownWorkflows();
  const replayed = new Map<string, string>();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, recorded()))
    replayed.set(workflowId, error?.message ?? 'replayed');
  expect(replayed).toEqual(new Map(FILES.map((file) => [file, 'replayed'])));
  expect(FILES.length).toBeGreaterThan(0);
}, 150_000);
